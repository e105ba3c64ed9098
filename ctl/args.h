/* The command line of novactl: global options anywhere, a verb of one or two
 * words, the verb's own options, arguments. An option of the verb wins over a global one
 * of the same name once the verb was seen (`deploy --config k=v`). */
#ifndef CTL_ARGS_H
#define CTL_ARGS_H

#include "nv_err.h"

#define CTL_OPTIONS_MAX 14  /* per verb */
#define CTL_GIVEN_MAX   128 /* options on one command line */

struct ctl_option {
	const char *name;  /* without the dashes; NULL ends a list */
	char letter;       /* 0: none */
	const char *value; /* its name in help, NULL for a flag */
	const char *help;
};

struct ctl_given {
	const struct ctl_option *option; /* borrowed */
	const char *value;               /* borrowed from argv; "" for a flag */
};

struct ctl_verb;

struct ctl_args {
	const struct ctl_verb *verb; /* NULL when there is none, or only a family */
	const char *family;          /* "workers" when no second word followed */
	bool help;
	bool json;
	bool version;
	const char *config; /* NULL when not given, as the next three */
	const char *state_dir;
	const char *run_dir;
	const char *log_dir;
	struct ctl_given given[CTL_GIVEN_MAX];
	size_t n_given;
	char **words; /* owned array of borrowed arguments, NULL-terminated */
	int n_words;
	bool has_rest; /* "--" was seen: words from n_before_rest on came after it */
	int n_before_rest;
};

/* 0, or -EINVAL with a sentence that names the nearest known word, or -ENOMEM. */
int ctl_args_parse(struct ctl_args *ret, int argc, char **argv, struct nv_err *err);
void ctl_args_fini(struct ctl_args *args);

/* The last value given for an option of the verb, NULL when it was not given. The name
 * must be one of the verb's. */
const char *ctl_opt(const struct ctl_args *args, const char *name);
/* Values in order, for options that may be repeated; NULL after the last. */
const char *ctl_opt_nth(const struct ctl_args *args, const char *name, size_t nth);
/* A whole number from min to max, or `fallback` when not given. -EINVAL. */
int ctl_opt_number(const struct ctl_args *args, const char *name, int64_t min,
	int64_t max, int64_t fallback, int64_t *ret, struct nv_err *err);

/* Words in lines of at most 78 columns, each behind `indent` blanks. */
void ctl_print_wrapped(unsigned indent, const char *text);
/* Help on standard output. */
void ctl_help_all(void);
void ctl_help_family(const char *family);
void ctl_help_verb(const struct ctl_verb *verb);
/* NULL when there is no such verb. `second` may be NULL. */
const struct ctl_verb *ctl_verb_find(const char *first, const char *second);
bool ctl_verb_is_family(const char *first);

#endif
