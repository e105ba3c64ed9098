/* Parts of `novactl platform`: arguments by a platform's own description, and answers of
 * any shape for people. A description is what `help` of a platform answers, or
 * `nova-platform NAME --verbs` prints: {"platform","summary","verbs":[{"name","summary",
 * "agents","effect","args":[{"name","type","required","word","help","choices"?}]}]}. */
#ifndef CTL_PLATFORM_H
#define CTL_PLATFORM_H

#include "ctl.h"

/* The verb at words[0] (perhaps "customers create" for customers.create), and how many
 * words it took; NULL with a sentence. Borrowed from the description. */
const json_t *ctl_platform_verb(const json_t *description, char *const *words,
	int n_words, int *ret_taken, struct nv_err *err);
/* The words after the verb as the object of arguments (the caller's), or NULL with a
 * sentence. Types are the platform's to check; what is a flag, a list or JSON is told
 * apart. */
json_t *ctl_platform_args(
	const json_t *verb, char *const *words, int n_words, struct nv_err *err);

/* The description: of the process that runs, else of the program. NULL with a sentence.
 */
json_t *ctl_platform_describe(struct ctl *ctl, const char *name, struct nv_err *err);

/* Help for people. verb NULL: all of them. */
void ctl_platform_help(
	const struct ctl_out *out, const json_t *description, const json_t *verb);
/* Any answer: scalars as fields, lists of objects as tables. */
void ctl_platform_show(const struct ctl_out *out, const json_t *data);

#endif
