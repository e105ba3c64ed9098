/* Start the command of a run: own session, standard input from /dev/null, standard output
 * into a pipe, standard error as ours, the event pipe on its descriptor, no other. */
#ifndef RN_SPAWN_H
#define RN_SPAWN_H

#include "nv_err.h"

#include <sys/types.h>

/* argv[0] is looked up in PATH of envp's owner, as execvp does. *ret_pid is the leader of
 * its own session and dies when this process dies; *ret_out is the read end of its
 * standard output (CLOEXEC, non-blocking). event_fd is passed on under the same number.
 * 0, or a negative errno with "exec python3: No such file or directory" in err; then
 * nothing is left behind. */
int rn_spawn(char *const argv[], char *const envp[], int event_fd, pid_t *ret_pid,
	int *ret_out, struct nv_err *err);

#endif
