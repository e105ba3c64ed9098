/* Names of workers, groups and settings. */
#ifndef NV_NAME_H
#define NV_NAME_H

#include "nv_base.h"

#define NV_NAME_MAX 64 /* with the NUL */

/* A worker or group name: [a-z0-9] first, then [a-z0-9_.-], at most 63 bytes,
 * so that it is safe in paths, titles, cgroups, account names and messages. */
bool nv_name_valid(const char *name);

/* Names and group of system workers, Nova's own processes that run as workers do; nobody
 * else may have them. */
#define NV_SYSTEM_PREFIX "nova."
#define NV_SYSTEM_GROUP  "nova"
bool nv_name_is_system(const char *worker);

/* How many slips of the hand (a letter wrong, missing, too many, or two swapped) lie
 * between two words of at most NV_NAME_MAX bytes; UINT_MAX when one is longer. */
unsigned nv_name_distance(const char *a, const char *b);

/* The known word nearest to `word` by edit distance, if it is near enough to be
 * a slip of the hand; else NULL. */
const char *nv_name_nearest(const char *word, const char *const *known, size_t n_known);

#endif
