/* Whose process is this? For platforms that are asked by a program over a socket: the
 * kernel says its pid, novasupd which worker's tree that is in. */
#ifndef SUP_WHOSE_H
#define SUP_WHOSE_H

#include <sys/types.h>

struct sup;
struct sup_instance;

/* The instance whose incarnation the process belongs to, NULL: none that runs. By its
 * cgroup; else by its ancestors, their sessions and groups, or the event pipe it holds. A
 * process that has left all of these is nobody's: it gets no more than a stranger. */
struct sup_instance *sup_whose(const struct sup *sup, pid_t pid);

#endif
