/* The arguments of a call, checked against a verb's table. Pure. */
#ifndef PLAT_ARGS_H
#define PLAT_ARGS_H

#include "plat.h"

/* args: the object a caller sent; texts are taken for numbers, money, truth and lists
 * (one element), so that a command line needs to know no types. *ret is a new object:
 * TEXT a string, INT an integer, MONEY {"nano","currency"}, BOOL, LIST an array of
 * strings, JSON as it came; what was not given is not in it. 0, -EINVAL with a sentence,
 * -ENOMEM. */
int plat_args_check(const struct plat_verb *verb, const json_t *args, json_t **ret,
	struct nv_err *err);

#endif
