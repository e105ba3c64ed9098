/* The backups in a directory: found, verified, the oldest removed. */
#include "save.h"

#include "nv_fd.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int
is_backup(const struct dirent *e)
{
	return strncmp(e->d_name, CTL_BACKUP_PREFIX, strlen(CTL_BACKUP_PREFIX)) == 0;
}

int
ctl_backup_find(const char *to, json_t **ret, struct nv_err *err)
{
	struct dirent **entries = NULL;
	/* Their names are their times. */
	int n = scandir(to, &entries, is_backup, alphasort);
	json_t *list;

	if (n < 0)
		return nv_err_set(err, -errno, "%s: %s", to, strerror(errno));
	list = ctl_need(json_array());
	for (int i = 0; i < n; i++) {
		char path[PATH_MAX];
		json_t *manifest = NULL;
		struct nv_err why = {0};
		int rc = ctl_path_join(path, to, entries[i]->d_name, &why);

		if (rc == 0)
			rc = ctl_manifest_read(path, &manifest, &why);
		free(entries[i]);
		/* What has no manifest is somebody else's; a bad one is shown. */
		if (rc == -ENOENT || rc == -ENOTDIR)
			continue;
		(void)json_array_append_new(list,
			ctl_need(json_pack("{s:o, s:o, s:o}", "path", ctl_json_str(path),
				"manifest", manifest ? manifest : json_null(), "problem",
				rc < 0 ? ctl_json_str(why.text) : json_null())));
	}
	free(entries);
	*ret = list;
	return 0;
}

/* Under another name first: what is half removed is no backup. */
static int
remove_backup(const char *path, struct nv_err *err)
{
	char gone[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int n = snprintf(gone, sizeof(gone), "%.*s/.nova-backup-part-%s",
		(int)(slash - path), path, slash + 1);

	if (n < 0 || (size_t)n >= sizeof(gone))
		return nv_err_set(err, -ENAMETOOLONG, "%s: the path is too long", path);
	int rc = rename(path, gone) < 0 ? -errno : ctl_remove_tree(gone);

	return rc < 0 ? nv_err_set(err, rc, "the old backup %s cannot be removed: %s",
				path, strerror(-rc))
		      : 0;
}

int
ctl_backup_prune(const char *to, const char *ledger, const char *made, int64_t keep,
	json_t *removed, struct nv_err *err)
{
	json_t *list = NULL;
	json_t *each;
	size_t i;
	int64_t n = 0;
	int rc = ctl_backup_find(to, &list, err);

	if (rc < 0)
		return rc;
	/* Only those of this ledger count, and only what can be read counts at all. */
	json_array_foreach(list, i, each)
	{
		const char *id = json_string_value(json_object_get(
			json_object_get(json_object_get(each, "manifest"), "ledger"),
			"id"));

		if (id && strcmp(id, ledger) == 0)
			n++;
		else
			(void)json_object_set_new(each, "other", json_true());
	}
	json_array_foreach(list, i, each)
	{
		json_t *path = json_object_get(each, "path");

		if (rc < 0 || n <= keep || json_object_get(each, "other") ||
			strcmp(json_string_value(path), made) == 0)
			continue;
		rc = remove_backup(json_string_value(path), err);
		if (rc == 0)
			(void)json_array_append(removed, path);
		n--;
	}
	json_decref(list);
	return rc < 0 ? rc : ctl_sync_dir(to, err);
}

/* ---- verify ---- */

/* Where verify can open it: a directory with a link to the file and to its segments, or
 * the file unpacked. */
static int
lay_out(const char *dir, const char *work, struct nv_err *err)
{
	char from[PATH_MAX];
	char to[PATH_MAX];
	int rc = ctl_path_join(to, work, CTL_BACKUP_LEDGER, err);

	if (rc == 0)
		rc = ctl_path_join(from, dir, CTL_BACKUP_LEDGER_Z, err);
	if (rc == 0 && access(from, F_OK) == 0) {
		rc = ctl_gunzip(from, to, err);
	} else if (rc == 0) {
		rc = ctl_path_join(from, dir, CTL_BACKUP_LEDGER, err);
		if (rc == 0 && symlink(from, to) < 0)
			rc = nv_err_set(err, -errno, "%s: %s", to, strerror(errno));
	}
	if (rc == 0)
		rc = ctl_path_join(from, dir, CTL_BACKUP_LEDGER ".segments", err);
	if (rc == 0)
		rc = ctl_path_join(to, work, "segments", err);
	if (rc == 0 && access(from, F_OK) == 0 && symlink(from, to) < 0)
		rc = nv_err_set(err, -errno, "%s: %s", to, strerror(errno));
	return rc;
}

int
ctl_backup_verify(const char *dir, const json_t *manifest, led_problem_fn *fn, void *arg,
	uint64_t *ret_checked, struct nv_err *err)
{
	const char *temp = getenv("TMPDIR");
	char work[PATH_MAX];
	char real[PATH_MAX];

	*ret_checked = 0;
	if (!realpath(dir, real))
		return nv_err_set(err, -errno, "%s: %s", dir, strerror(errno));
	int found = ctl_manifest_check(real, manifest, fn, arg);

	if (found != 0)
		return found < 0 ? found : 1;
	int rc = ctl_path_join(work, temp ? temp : "/tmp", "nova-verify-XXXXXX", err);

	if (rc < 0)
		return rc;
	if (!mkdtemp(work))
		return nv_err_set(err, -errno, "%s: %s", work, strerror(errno));
	rc = lay_out(real, work, err);
	if (rc == 0)
		rc = led_verify_contained(work, fn, arg, ret_checked);
	if (rc < 0 && !err->text[0])
		(void)nv_err_set(err, rc, "the ledger in it cannot be verified: %s",
			strerror(-rc));
	(void)ctl_remove_tree(work); /* links, and what was unpacked */
	return rc;
}
