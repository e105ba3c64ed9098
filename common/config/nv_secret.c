/* Which file may hold a secret: see nv_secret.h. */
#include "nv_secret.h"

static bool
is_ours(const struct stat *st, uid_t uid)
{
	return st->st_uid == 0 || st->st_uid == uid;
}

/* Nobody but root, the account and its own group gets into it. */
static bool
is_closed(const struct stat *dir, uid_t uid, gid_t gid)
{
	return S_ISDIR(dir->st_mode) && is_ours(dir, uid) && (dir->st_mode & 07) == 0 &&
	       ((dir->st_mode & 070) == 0 || dir->st_gid == 0 ||
		       (uid != 0 && dir->st_gid == gid));
}

bool
nv_secret_private(const struct stat *dir, const struct stat *file, uid_t uid, gid_t gid)
{
	if (!S_ISREG(file->st_mode) || !is_ours(file, uid) || (file->st_mode & 022) != 0)
		return false;
	if ((file->st_mode & 077) == 0)
		return true;
	if ((file->st_mode & 07) == 0 && file->st_uid == 0 && uid != 0 &&
		file->st_gid == gid)
		return true;
	return is_closed(dir, uid, gid);
}
