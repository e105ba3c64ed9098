/* What every verb of novactl gets, and the table of verbs. novactl is a client: it
 * owns no state, changes nothing by itself but a file in workers.d/, and every answer
 * it prints is either the daemons' word or says which daemon did not give it. */
#ifndef CTL_H
#define CTL_H

#include "args.h"
#include "nv_paths.h"
#include "out.h"

#define CTL_DEADLINE_MS 10000 /* a request that has no longer one of its own */
#define CTL_ROWS_MAX    10000 /* --limit; what the engine gives at once */

struct ctl {
	struct nv_paths paths;
	/* Given by option or environment; else novasupd is asked where they are. */
	bool config_given;
	bool state_dir_given;
	bool log_dir_given;
	bool run_dir_given;
	struct ctl_out out;
	struct ctl_args args;
};

/* args_max of a verb that knows better: any number, and options that are not its own (nor
 * novactl's) are words. Once there is a word, --help is its own affair too. */
#define CTL_ARGS_OPEN (-2)

/* Returns an enum nv_exit. */
typedef int ctl_verb_fn(struct ctl *ctl);

struct ctl_verb {
	const char *name; /* one word, or two: "workers start" */
	ctl_verb_fn *run;
	const char *usage;   /* arguments, after the name */
	const char *summary; /* one line */
	const char *detail;  /* more lines for --help, may be NULL */
	int args_min;
	int args_max; /* -1: any number; CTL_ARGS_OPEN */
	struct ctl_option options[CTL_OPTIONS_MAX];
};

extern const struct ctl_verb ctl_verbs[];
extern const size_t ctl_n_verbs;
/* The options of every verb, in args.c; ended by one without a name. */
extern const struct ctl_option ctl_globals[];

#endif
