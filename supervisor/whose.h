/* Whose process is this? For platforms that are asked by a program over a socket: the
 * kernel says its pid, novasupd which worker's tree that is in. */
#ifndef SUP_WHOSE_H
#define SUP_WHOSE_H

#include <stdbool.h>
#include <sys/types.h>

struct sup;
struct sup_instance;

/* The instance whose incarnation the process belongs to, NULL: none that runs. By its
 * cgroup; else by its ancestors: their sessions and groups, or the event pipe they hold.
 * *ret_lost: it has left all of these, but was started by a worker all the same. It is
 * nobody's, and no person's either: it gets less than a stranger. */
struct sup_instance *sup_whose(const struct sup *sup, pid_t pid, bool *ret_lost);

#endif
