/* See nv_restore.h. Every step may be done again. */
#include "nv_restore.h"

#include "nv_fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define ITEMS_MAX 256

struct places {
	const char *state_dir;
	int state;
	int ready;
	int before;
};

static int
failed(const struct places *p, const char *name, struct nv_err *err)
{
	return nv_err_set(err, -errno,
		"%s: what was restored cannot be put in place: %s: %s", p->state_dir,
		name, strerror(errno));
}

static bool
is_there(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* As long as restore.ready has the item, what bears its name is the old one. */
static int
put_item(const struct places *p, const char *entry, struct nv_err *err)
{
	size_t absent = strlen(NV_RESTORE_ABSENT);
	bool none = strncmp(entry, NV_RESTORE_ABSENT, absent) == 0;
	const char *name = none ? entry + absent : entry;

	if (renameat(p->state, name, p->before, name) < 0 && errno != ENOENT)
		return failed(p, name, err);
	/* The old one is safe before the new one takes its name. */
	if (fsync(p->before) < 0 || fsync(p->state) < 0)
		return failed(p, name, err);
	if (none ? unlinkat(p->ready, entry, 0) < 0
		 : renameat(p->ready, entry, p->state, name) < 0)
		return failed(p, name, err);
	return 0;
}

static int
is_item(const struct dirent *e)
{
	return strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
	       strcmp(e->d_name, NV_RESTORE_BEFORE) != 0;
}

static int
put_all(const struct places *p, struct nv_err *err)
{
	struct dirent **entries = NULL;
	int n = scandirat(p->state, NV_RESTORE_READY, &entries, is_item, alphasort);
	int rc = n < 0 ? failed(p, NV_RESTORE_READY, err) : 0;

	if (n > ITEMS_MAX)
		rc = nv_err_set(err, -EBADMSG,
			"%s/" NV_RESTORE_READY " has more in it than a restore makes",
			p->state_dir);
	for (int i = 0; i < n; i++) {
		if (rc == 0)
			rc = put_item(p, entries[i]->d_name, err);
		free(entries[i]);
	}
	free(entries);
	return rc;
}

/* The name of the directory for what stood there; "" when nothing is left to do. */
static int
read_before(const struct places *p, char ret[NV_RESTORE_NAME], struct nv_err *err)
{
	NV_CLEANUP_FREE char *text = NULL;
	size_t bytes = 0;
	int rc = nv_read_file_at(
		p->ready, NV_RESTORE_BEFORE, NV_RESTORE_NAME - 1, &text, &bytes);

	ret[0] = '\0';
	if (rc == -ENOENT)
		return 0; /* removed last: a kill before the directory itself went */
	if (rc == 0 && (bytes == 0 || strncmp(text, "before-", 7) != 0 ||
			       strchr(text, '/') || strlen(text) != bytes))
		rc = -EBADMSG;
	if (rc < 0)
		return nv_err_set(err, rc,
			"%s/" NV_RESTORE_READY " is not what `novactl restore` makes: "
			"%s",
			p->state_dir, strerror(-rc));
	memcpy(ret, text, bytes + 1);
	return 0;
}

/* By root for a Nova that runs as somebody else: theirs, as the state is, so that they
 * can go on where root was interrupted. One that is still empty is made again: it may be
 * of a root that had no time to give it away. */
static int
open_before(struct places *p, const char *name, struct nv_err *err)
{
	struct stat st;

	(void)unlinkat(p->state, name, AT_REMOVEDIR); /* not there, or in use */
	if (mkdirat(p->state, name, 0700) < 0 && errno != EEXIST)
		return failed(p, name, err);
	p->before =
		openat(p->state, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (p->before < 0 || fstat(p->state, &st) < 0)
		return failed(p, name, err);
	if (geteuid() == 0 && fchown(p->before, st.st_uid, st.st_gid) < 0)
		return failed(p, name, err);
	return 0;
}

static int
finish(struct places *p, char ret_before[NV_RESTORE_NAME], struct nv_err *err)
{
	int rc = read_before(p, ret_before, err);

	if (rc == 0 && ret_before[0]) {
		rc = open_before(p, ret_before, err);
		if (rc == 0)
			rc = put_all(p, err);
		if (rc == 0 && (fsync(p->before) < 0 || fsync(p->state) < 0 ||
				       fsync(p->ready) < 0))
			rc = failed(p, ret_before, err);
	}
	if (rc == 0 && unlinkat(p->ready, NV_RESTORE_BEFORE, 0) < 0 && errno != ENOENT)
		rc = failed(p, NV_RESTORE_BEFORE, err);
	if (rc == 0 && unlinkat(p->state, NV_RESTORE_READY, AT_REMOVEDIR) < 0)
		rc = failed(p, NV_RESTORE_READY, err);
	/* With nothing in it it says nothing. */
	if (rc == 0 && ret_before[0] && unlinkat(p->state, ret_before, AT_REMOVEDIR) == 0)
		ret_before[0] = '\0';
	if (rc == 0 && fsync(p->state) < 0)
		rc = failed(p, NV_RESTORE_READY, err);
	return rc;
}

int
nv_restore_finish(
	const char *state_dir, char ret_before[NV_RESTORE_NAME], struct nv_err *err)
{
	struct places p = {.state_dir = state_dir,
		.state = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
		.ready = -1,
		.before = -1};
	int rc = 0;

	ret_before[0] = '\0';
	if (p.state < 0)
		return errno == ENOENT ? 0 : failed(&p, ".", err);
	/* Two who come at the same time do it one after the other. */
	if (is_there(p.state, NV_RESTORE_READY) && flock(p.state, LOCK_EX) < 0)
		rc = failed(&p, ".", err);
	p.ready = openat(p.state, NV_RESTORE_READY,
		O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (p.ready < 0 && errno != ENOENT && rc == 0)
		rc = failed(&p, NV_RESTORE_READY, err);
	if (p.ready >= 0 && rc == 0)
		rc = finish(&p, ret_before, err);
	bool done = p.ready >= 0 && rc == 0;

	nv_fd_close(&p.before);
	nv_fd_close(&p.ready);
	nv_fd_close(&p.state);
	return rc < 0 ? rc : done;
}
