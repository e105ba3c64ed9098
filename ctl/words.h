/* A command line as people write it in one string, taken apart without a shell. */
#ifndef CTL_WORDS_H
#define CTL_WORDS_H

#include "nv_err.h"
#include "nv_name.h"

#define CTL_WORDS_MAX 256

/* Words are separated by blanks; '...' is literal, "..." allows \" and \\, \x outside is
 * x. What only a shell does ($, `, |, &, ;, <, >, *, ?) outside quotes is an error rather
 * than a surprise. Appends to words (owned strings) up to CTL_WORDS_MAX. 0 or -EINVAL. */
int ctl_words_split(const char *text, char *words[CTL_WORDS_MAX], size_t *n_words,
	struct nv_err *err);

/* Cut "k=v,k=v" at commas outside [], {} and quotes; calls fn for each pair. The
 * first non-zero return of fn ends it and is returned. 0 or -EINVAL. */
typedef int
ctl_pair_fn(void *arg, const char *key, const char *value, struct nv_err *err);
int ctl_pairs_each(const char *text, ctl_pair_fn *fn, void *arg, struct nv_err *err);

/* "w#2" is instance 2 of worker w, "w" is all of them (0). -EINVAL: neither. */
int ctl_instance_split(
	const char *word, char ret_worker[NV_NAME_MAX], uint32_t *ret_instance);

#endif
