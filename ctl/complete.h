/* `novactl complete PROGRAM WORD...`: what the last word of a command line could become,
 * for the shells. The command line of PROGRAM (novactl, novasupd or nova-call) stands
 * without the program's name, its last word as far as it was typed, perhaps "". Each
 * answer is a line "WORD<TAB>what it is"; ":files" and ":dirs" say that the shell shall
 * offer those.
 *
 * It is no verb of its own table: nobody types it. What only a running fleet knows is
 * asked for two seconds at most, since somebody waits at a prompt. */
#ifndef CTL_COMPLETE_H
#define CTL_COMPLETE_H

#include "ctl.h"

#include <stdio.h>

/* argv: PROGRAM WORD...; an enum nv_exit. */
int ctl_complete(struct ctl *ctl, int argc, char **argv);

/* One answer, when it begins with what was typed. */
struct ctl_completion {
	const char *typed;
	FILE *out;
};
void ctl_complete_word(const struct ctl_completion *to, const char *word, size_t bytes,
	const char *what);

/* complete_names.c: names of the fleet by the word that stands for them in usage: WORKER,
 * GROUP, ID (of `verb`), KEY, NAME. False: not a kind of name. */
bool ctl_complete_names(struct ctl *ctl, const struct ctl_completion *to,
	const struct ctl_verb *verb, const char *kind, size_t bytes);
/* The verbs of a platform. */
void ctl_complete_platform(
	struct ctl *ctl, const struct ctl_completion *to, const char *platform);

#endif
