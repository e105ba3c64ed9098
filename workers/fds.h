/* The descriptors nova-runner is given. */
#ifndef RN_FDS_H
#define RN_FDS_H

#include "nv_err.h"

#define RN_EVENT_FD   3
#define RN_CONTROL_FD 4

/* Descriptors 0..4 must be somebody's before we open any of our own. 0, or -EBADF with
 * what is missing. */
int rn_fds_check(struct nv_err *err);

#endif
