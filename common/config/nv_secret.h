/* Which file may hold a secret: one rule for novasupd, which hands them out, and for
 * `novactl doctor`, which looks at them. */
#ifndef NV_SECRET_H
#define NV_SECRET_H

#include "nv_base.h"

#include <sys/stat.h>
#include <sys/types.h>

/* A regular file of root or of uid that nobody may write to but its owner, and that
 * nobody else can read, because
 * - its mode says so; or
 * - it is root's and readable by the group of an account that is not root (what
 * Kubernetes makes for such a program); or
 * - the directory it is in lets nobody else pass (what compose mounts into it is open).
 */
bool
nv_secret_private(const struct stat *dir, const struct stat *file, uid_t uid, gid_t gid);

#endif
