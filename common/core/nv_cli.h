/* How the programs of Nova are called, in one voice: what is wrong is said in a line,
 * which names the nearest option, on standard error, with the exit code of wrong use. */
#ifndef NV_CLI_H
#define NV_CLI_H

#include "nv_err.h"

struct option; /* getopt.h */

/* What is wrong with the option for which getopt_long has just returned `opt`: -EINVAL
 * with the sentence. The caller has set opterr to 0, and its short options begin with ":"
 * (or
 * "+:"). */
int
nv_cli_wrong(char *const argv[], const struct option *known, int opt, struct nv_err *err);

/* "PROGRAM: sentence" on standard error: NV_EXIT_USAGE. */
int nv_cli_fail(const char *program, const struct nv_err *err);

/* For a word that is one too many. NV_EXIT_USAGE. */
int nv_cli_surplus(const char *program, const char *word);

/* Text for --help or --version on standard output: an enum nv_exit. */
int nv_cli_say(const char *text);
int nv_cli_say_version(const char *program);

/* The arguments of a program that others start: --help and --version are for people, the
 * words of `own` (ended by NULL) are let through as the first one. -1 to go on, else the
 * exit code. */
int nv_cli_started(const char *program, const char *help, const char *const *own,
	int argc, char *const argv[]);

#endif
