/* Putting a backup back: everything is checked and made ready beside, then it counts in
 * one moment (common/core/nv_restore.h). See save.h. */
#include "save.h"

#include "backup.h"
#include "ledger_open.h"
#include "nv_clock.h"
#include "nv_fd.h"
#include "nv_restore.h"
#include "nv_restored.h"
#include "seal.h"
#include "sup_client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct restoring {
	struct ctl *ctl;
	const struct ctl_restore_options *opt;
	const char *state_dir;
	char from[PATH_MAX]; /* absolute */
	char part[PATH_MAX];
	json_t *manifest; /* owned; NULL: only a ledger */
	uint64_t events;
	struct nv_err *err;
};

static int
failed(struct restoring *r, const char *path)
{
	return nv_err_set(r->err, -errno, "%s: %s", path, strerror(errno));
}

/* ---- what is there now ---- */

/* A fleet whose engine is just being started again has no lock on the ledger. */
static int
refuse_running(struct restoring *r)
{
	struct ctl_sup sup;
	struct nv_fleet fleet;
	struct nv_err why = {0};
	bool running = false;

	if (ctl_sup_open(&sup, &r->ctl->paths, &why) == NV_EXIT_OK &&
		ctl_sup_status(&sup, "", &fleet, &why) == NV_EXIT_OK) {
		running = strcmp(fleet.nova.state_dir, r->state_dir) == 0;
		nv_fleet_clear(&fleet);
	}
	ctl_sup_close(&sup);
	return running ? nv_err_set(r->err, -EBUSY,
				 "the fleet in %s is running: stop Nova first",
				 r->state_dir)
		       : 0;
}

static int
lock_ledger(struct restoring *r, int *ret_lock)
{
	char path[PATH_MAX];
	int rc = ctl_path_join(path, r->state_dir, "ledger/writer.lock", r->err);

	if (rc < 0)
		return rc;
	*ret_lock = open(path, O_RDWR | O_CLOEXEC);
	if (*ret_lock < 0)
		return errno == ENOENT ? 0 : failed(r, path);
	if (flock(*ret_lock, LOCK_EX | LOCK_NB) < 0)
		return nv_err_set(r->err, errno == EWOULDBLOCK ? -EBUSY : -errno,
			"the ledger in %s is in use: stop Nova first", r->state_dir);
	return 0;
}

static int
refuse_used(struct restoring *r)
{
	char path[PATH_MAX];
	struct stat st;
	int rc = ctl_path_join(path, r->state_dir, "ledger", r->err);

	if (rc == 0 && !r->opt->replace && lstat(path, &st) == 0)
		rc = nv_err_set(r->err, -EEXIST, "there is a ledger in %s", r->state_dir);
	for (size_t i = 0; i < ctl_n_backup_items && rc == 0 && !r->opt->replace &&
			   !r->opt->ledger_only;
		i++) {
		const struct ctl_backup_item *item = &ctl_backup_items[i];

		rc = ctl_path_join(path, r->state_dir, item->name, r->err);
		if (rc == 0 && item->replaced && lstat(path, &st) == 0)
			rc = nv_err_set(r->err, -EEXIST, "there is %s", path);
	}
	return rc;
}

/* ---- made ready ---- */

/* `path` below the backup, at the same place below `to`, with its directories. */
static int
copy_one(struct restoring *r, const char *from, const char *to)
{
	char dir[PATH_MAX];

	(void)snprintf(dir, sizeof(dir), "%.*s", (int)(strrchr(to, '/') - to), to);
	int rc = nv_mkdir_p(dir, 0700);

	if (rc < 0)
		return nv_err_set(r->err, rc, "%s: %s", dir, strerror(-rc));
	return ctl_copy_file(from, to, 0600, r->err);
}

static int
copy_state(struct restoring *r)
{
	static const char prefix[] = CTL_BACKUP_STATE "/";
	size_t i;
	json_t *file;

	json_array_foreach(json_object_get(r->manifest, "files"), i, file)
	{
		const char *path = json_string_value(json_object_get(file, "path"));
		char from[PATH_MAX];
		char to[PATH_MAX];

		if (strncmp(path, prefix, strlen(prefix)) != 0)
			continue;
		int rc = ctl_path_join(from, r->from, path, r->err);

		if (rc == 0)
			rc = ctl_path_join(to, r->part, path + strlen(prefix), r->err);
		if (rc == 0)
			rc = copy_one(r, from, to);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int
touch(struct restoring *r, const char *path, const char *text)
{
	int rc = nv_write_file_atomic(path, text, strlen(text), 0600);

	return rc < 0 ? nv_err_set(r->err, rc, "%s: %s", path, strerror(-rc)) : 0;
}

/* What the fleet of then did not have is not there afterwards either. */
static int
mark_absent(struct restoring *r)
{
	char path[PATH_MAX];
	char name[128];
	int rc = 0;

	for (size_t i = 0; i < ctl_n_backup_items && rc == 0; i++) {
		const struct ctl_backup_item *item = &ctl_backup_items[i];

		rc = ctl_path_join(path, r->part, item->name, r->err);
		if (rc < 0 || !item->replaced || access(path, F_OK) == 0)
			continue;
		/* Of what stays as it is only what was made from the ledger goes. */
		if (r->opt->ledger_only && item->kind != CTL_BACKUP_CACHE)
			continue;
		(void)snprintf(name, sizeof(name), NV_RESTORE_ABSENT "%s", item->name);
		rc = ctl_path_join(path, r->part, name, r->err);
		if (rc == 0)
			rc = touch(r, path, "");
	}
	return rc;
}

/* The ledger's file and, beside it, its segments: the backup's own, or what of them is
 * packed, unpacked. */
static int
unpack(struct restoring *r, char file[PATH_MAX], char segments[PATH_MAX])
{
	char packed[PATH_MAX];
	char real[PATH_MAX];

	segments[0] = '\0';
	if (r->opt->ledger_only) {
		(void)snprintf(file, PATH_MAX, "%s", r->from);
		return 0;
	}
	int rc = ctl_path_join(packed, r->from, CTL_BACKUP_LEDGER_Z, r->err);

	if (rc == 0 && access(packed, F_OK) < 0)
		return ctl_path_join(file, r->from, CTL_BACKUP_LEDGER, r->err);
	if (rc == 0)
		rc = ctl_path_join(file, r->part, "unpacked.mdb", r->err);
	if (rc == 0)
		rc = ctl_gunzip(packed, file, r->err);
	if (rc == 0)
		rc = ctl_path_join(
			segments, r->part, "unpacked.mdb" LED_BACKUP_SEGMENTS, r->err);
	if (rc == 0)
		rc = ctl_path_join(
			real, r->from, CTL_BACKUP_LEDGER LED_BACKUP_SEGMENTS, r->err);
	if (rc == 0 && symlink(real, segments) < 0)
		rc = failed(r, segments);
	return rc;
}

static int
ready_ledger(struct restoring *r)
{
	char file[PATH_MAX];
	char segments[PATH_MAX];
	char dir[PATH_MAX];
	char old[PATH_MAX];
	int rc = unpack(r, file, segments);

	if (rc == 0)
		rc = ctl_path_join(dir, r->part, "ledger", r->err);
	if (rc == 0)
		rc = ctl_path_join(old, r->state_dir, "ledger", r->err);
	if (rc == 0)
		rc = led_restore(
			file, dir, old, ctl_ledger_problem, r->ctl, &r->events, r->err);
	if (segments[0]) {
		(void)unlink(file);
		(void)unlink(segments);
	}
	return rc;
}

int
ctl_restored_note(const char *path, const char *dir, const char *from, bool stores,
	struct nv_err *err)
{
	static const struct led_options options = {.read_only = true};
	struct nv_restored note = {.at_ns = nv_wall_ns(), .stores = stores};
	struct led *led = NULL;
	struct led_view *view = NULL;
	struct led_stats stats = {0};
	int rc = led_open(dir, &options, &led, err);

	if (rc < 0)
		return rc;
	rc = led_view_begin(led, &view, err);
	if (rc == 0) {
		rc = led_view_stats(view, &stats);
		led_view_end(view);
	}
	for (size_t i = 0; i < 16; i++)
		(void)snprintf(note.ledger + 2 * i, 3, "%02x", led_id(led)[i]);
	for (size_t i = 0; i < sizeof(stats.head_hash); i++)
		(void)snprintf(note.head + 2 * i, 3, "%02x", stats.head_hash[i]);
	led_close(led);
	(void)snprintf(note.from, sizeof(note.from), "%.1000s", from);
	note.events = stats.events;
	note.batches = stats.batches;
	note.until_ns = stats.last_ns;
	if (rc == 0)
		rc = nv_restored_write(path, &note);
	return rc < 0 && !err->text[0]
		       ? nv_err_set(err, rc, "%s: %s", path, strerror(-rc))
		       : rc;
}

static int
note_it(struct restoring *r)
{
	char path[PATH_MAX];
	char dir[PATH_MAX];
	int rc = ctl_path_join(path, r->part, NV_RESTORED_FILE, r->err);

	if (rc == 0)
		rc = ctl_path_join(dir, r->part, "ledger", r->err);
	if (rc == 0)
		rc = ctl_restored_note(path, dir, r->from, !r->opt->ledger_only, r->err);
	if (rc == 0)
		rc = ctl_path_join(path, dir, "ledger.mdb-lock", r->err);
	if (rc == 0)
		(void)unlink(path); /* ours: nobody else has it open */
	if (rc < 0 || !r->opt->hold)
		return rc;
	char text[PATH_MAX + 256];

	(void)snprintf(text, sizeof(text),
		"uid %u\nat_ns %lld\nreason restored from %s\n\n"
		"Nova starts no agent while this file is here. To go on:\n"
		"novactl resume-everything --reason TEXT\n",
		(unsigned)getuid(), (long long)nv_wall_ns(), r->from);
	rc = ctl_path_join(path, r->part, "emergency-stop", r->err);
	return rc == 0 ? touch(r, path, text) : rc;
}

/* The name of what keeps the state of before. */
static int
name_before(struct restoring *r)
{
	char path[PATH_MAX];
	char at[NV_RFC3339_BYTES];
	char name[NV_RESTORE_NAME];

	(void)snprintf(name, sizeof(name), "before-%.40s", nv_rfc3339(nv_wall_ns(), at));
	int rc = ctl_path_join(path, r->part, NV_RESTORE_BEFORE, r->err);

	return rc == 0 ? touch(r, path, name) : rc;
}

static int
make_ready(struct restoring *r)
{
	struct stat st;
	char ready[PATH_MAX];
	int rc = ctl_path_join(r->part, r->state_dir, NV_RESTORE_PART, r->err);

	if (rc == 0)
		rc = ctl_path_join(ready, r->state_dir, NV_RESTORE_READY, r->err);
	if (rc < 0)
		return rc;
	/* Of one that was interrupted. */
	if ((rc = ctl_remove_tree(r->part)) < 0 || mkdir(r->part, 0700) < 0)
		return nv_err_set(r->err, rc < 0 ? rc : -errno, "%s: %s", r->part,
			strerror(rc < 0 ? -rc : errno));
	rc = ready_ledger(r);
	if (rc == 0)
		rc = copy_state(r);
	if (rc == 0)
		rc = mark_absent(r);
	if (rc == 0)
		rc = note_it(r);
	if (rc == 0)
		rc = name_before(r);
	/* As root for a Nova that runs as somebody else: theirs, as the directory is. */
	if (rc == 0 && stat(r->state_dir, &st) < 0)
		rc = failed(r, r->state_dir);
	if (rc == 0)
		rc = ctl_give_tree(r->part, st.st_uid, st.st_gid, r->err);
	if (rc == 0)
		rc = ctl_sync_tree(r->part, r->err);
	/* All that took its time: somebody may have started it meanwhile. */
	if (rc == 0)
		rc = refuse_running(r);
	if (rc == 0 && rename(r->part, ready) < 0)
		rc = failed(r, ready);
	if (rc < 0)
		(void)ctl_remove_tree(r->part); /* else the next one does */
	return rc == 0 ? ctl_sync_dir(r->state_dir, r->err) : rc;
}

/* ---- the whole ---- */

static int
check_backup(struct restoring *r)
{
	int rc = ctl_manifest_read(r->from, &r->manifest, r->err);

	if (rc < 0)
		return rc;
	ctl_progress(&r->ctl->out, "checking %s", r->from);
	int found = ctl_manifest_check(r->from, r->manifest, ctl_ledger_problem, r->ctl);

	ctl_progress_end(&r->ctl->out);
	return found == 0 ? 0
			  : nv_err_set(r->err, -EBADMSG,
				    "%s: %d of its files %s not what was saved", r->from,
				    found, found == 1 ? "is" : "are");
}

static int
restore(struct restoring *r, char ret_before[NV_RESTORE_NAME])
{
	NV_CLEANUP_FD lock = -1;
	NV_CLEANUP_FD place = -1;
	int rc = refuse_running(r);

	if (rc == 0)
		rc = nv_restore_finish(r->state_dir, ret_before, r->err);
	if (rc < 0)
		return rc;
	if (rc == 1 && !r->ctl->out.json)
		ctl_print(&r->ctl->out, CTL_PLAIN,
			"a restore that was interrupted is finished first%s%s\n",
			ret_before[0] ? "; what was there before is in " : "",
			ret_before);
	if (!realpath(r->opt->from, r->from))
		return failed(r, r->opt->from);
	rc = nv_mkdir_p(r->state_dir, 0750);
	if (rc < 0)
		return nv_err_set(r->err, rc, "%s: %s", r->state_dir, strerror(-rc));
	place = open(r->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (place < 0 || flock(place, LOCK_EX | LOCK_NB) < 0)
		return nv_err_set(r->err, errno == EWOULDBLOCK ? -EBUSY : -errno,
			"%s: another restore is under way", r->state_dir);
	rc = lock_ledger(r, &lock);
	if (rc == 0)
		rc = refuse_used(r);
	if (rc == 0 && !r->opt->ledger_only)
		rc = check_backup(r);
	ctl_progress(&r->ctl->out, "copying and verifying %s", r->from);
	if (rc == 0)
		rc = make_ready(r);
	ctl_progress_end(&r->ctl->out);
	nv_fd_close(&place);
	if (rc == 0)
		rc = nv_restore_finish(r->state_dir, ret_before, r->err);
	return NV_MIN(rc, 0);
}

int
ctl_backup_restore(struct ctl *ctl, const struct ctl_restore_options *opt,
	char ret_before[NV_RESTORE_NAME], json_t **ret_about, uint64_t *ret_events,
	struct nv_err *err)
{
	struct restoring *r = ctl_alloc(1, sizeof(*r));

	*r = (struct restoring){
		.ctl = ctl, .opt = opt, .state_dir = ctl->paths.state_dir, .err = err};
	ret_before[0] = '\0';
	int rc = restore(r, ret_before);

	*ret_about = r->manifest;
	*ret_events = r->events;
	free(r);
	return rc;
}
