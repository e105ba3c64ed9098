/* A backup of a whole fleet: a directory that stands for itself.
 *
 *   TO/nova-20261123T030000.123Z/
 *     manifest.json        what is in it: see save_manifest.c
 *     ledger.mdb[.gz]      one snapshot of the ledger; ledger.mdb.segments/ beside it
 *     state/               the rest of STATE_DIR that a fleet goes on from
 *     config/              nova.yaml and workers.d, to be read by people
 *     secrets/             only with --secrets
 *
 * It is made under a temporary name and gets its own when it is whole, verified and on
 * the disk. The stores of the platforms are copied before the ledger: what they believe
 * to be in the ledger is in it. */
#ifndef CTL_SAVE_H
#define CTL_SAVE_H

#include "copy.h"
#include "ctl.h"
#include "led.h"
#include "nv_restore.h"

#include <limits.h>

#define CTL_BACKUP_MANIFEST "manifest.json"
#define CTL_BACKUP_LEDGER   "ledger.mdb"
#define CTL_BACKUP_LEDGER_Z "ledger.mdb.gz"
#define CTL_BACKUP_STATE    "state"
#define CTL_BACKUP_CONFIG   "config"
#define CTL_BACKUP_SECRETS  "secrets"
#define CTL_BACKUP_PREFIX   "nova-"
#define CTL_BACKUP_FORMAT   1
#define CTL_BACKUP_FILES    100000 /* in one, at most */

/* What of STATE_DIR is in a backup. Everything else there is computed anew (the caches),
 * of one machine or one session, or a secret. */
enum ctl_backup_kind {
	CTL_BACKUP_STORES, /* a directory of directories with a store.mdb each */
	CTL_BACKUP_DIR,    /* files of one directory */
	CTL_BACKUP_FILE,
	CTL_BACKUP_SECRET, /* a file that is only in it with --secrets */
	CTL_BACKUP_CACHE   /* never in it */
};
struct ctl_backup_item {
	const char *name;
	enum ctl_backup_kind kind;
	const char *only; /* of a directory: names, or with a dash last how they begin */
	bool replaced;    /* what a restored fleet does not have must not be there */
};
extern const struct ctl_backup_item ctl_backup_items[];
extern const size_t ctl_n_backup_items;

/* ---- files: save_files.c ---- */

/* DIR/NAME. -ENAMETOOLONG with a sentence. */
int
ctl_path_join(char ret[PATH_MAX], const char *dir, const char *name, struct nv_err *err);
/* A whole regular file, durable, with this mode; one that grows meanwhile is copied to
 * where it ended when it was opened. */
int ctl_copy_file(const char *from, const char *to, mode_t mode, struct nv_err *err);
int ctl_gzip(const char *from, const char *to, struct nv_err *err);
int ctl_gunzip(const char *from, const char *to, struct nv_err *err);
/* fsync of each directory below, and of itself. */
int ctl_sync_tree(const char *path, struct nv_err *err);
int ctl_sync_dir(const char *path, struct nv_err *err);
/* Relative paths of all regular files below dir, sorted; anything else but directories
 * is -EBADMSG. A new array of strings. */
int ctl_list_files(const char *dir, json_t **ret, struct nv_err *err);

/* ---- trees that stand where others may write: save_tree.c ---- */

/* A directory and all below it. Not there: fine. Links are removed, never followed, also
 * when one takes a directory's place meanwhile. */
int ctl_remove_tree(const char *path);
/* Gives a directory of ours and all below it to a user, itself last: until then nobody
 * else can put anything into it. A file that has a name elsewhere, too, stays who it is
 * and a copy takes its place. -EPERM: something in it is not ours. */
int ctl_give_tree(const char *path, uid_t uid, gid_t gid, struct nv_err *err);

/* ---- the manifest: save_manifest.c ---- */

/* Writes DIR/manifest.json from `about` (borrowed) and the files that are there. */
int ctl_manifest_write(const char *dir, json_t *about, struct nv_err *err);
/* Reads it; what it does not understand is -EBADMSG, a newer format -EPROTONOSUPPORT. */
int ctl_manifest_read(const char *dir, json_t **ret, struct nv_err *err);
/* Pure: the text of a manifest, checked. */
int ctl_manifest_parse(const char *text, size_t bytes, json_t **ret, struct nv_err *err);
/* Every file of it is there as it says, and nothing else. Findings are told to fn, each
 * with the name of the file; the number of them, or negative errno. */
int ctl_manifest_check(
	const char *dir, const json_t *manifest, led_problem_fn *fn, void *arg);

/* ---- making and putting back ---- */

struct ctl_backup_options {
	const char *to;
	bool unverified;
	bool gzip;
	bool secrets;
	int64_t keep; /* of this ledger in `to`; 0: all */
};
/* *ret_about: the manifest, a new reference. *ret_path: where it is. */
int ctl_backup_make(struct ctl *ctl, const struct ctl_backup_options *opt,
	char ret_path[PATH_MAX], json_t **ret_about, json_t **ret_removed,
	struct nv_err *err);

/* Backups in a directory, oldest first: an array of {"path","manifest"}. */
int ctl_backup_find(const char *to, json_t **ret, struct nv_err *err);
/* Removes the oldest of this ledger beyond `keep`, but never `made`, whatever the clock
 * said when the others got their names; adds their paths to removed. */
int ctl_backup_prune(const char *to, const char *ledger, const char *made, int64_t keep,
	json_t *removed, struct nv_err *err);

/* A backup verified in itself: its files, then the ledger in it. 0 sound, 1 problems. */
int ctl_backup_verify(const char *dir, const json_t *manifest, led_problem_fn *fn,
	void *arg, uint64_t *ret_checked, struct nv_err *err);

struct ctl_restore_options {
	const char *from; /* a backup, or the file of a ledger */
	bool ledger_only; /* the second */
	bool replace;
	bool hold; /* with the emergency stop on */
};
/* *ret_about: the manifest, a new reference; NULL when there is none. *ret_events: in the
 * ledger now. -EBUSY: the fleet runs; -EEXIST: there is a state, and not `replace`. */
int ctl_backup_restore(struct ctl *ctl, const struct ctl_restore_options *opt,
	char ret_before[NV_RESTORE_NAME], json_t **ret_about, uint64_t *ret_events,
	struct nv_err *err);
/* The note for the engine and the platforms that the ledger in `dir` is not the newest
 * that there was: written to `path`. stores: those of the platforms are of then, too. */
int ctl_restored_note(const char *path, const char *dir, const char *from, bool stores,
	struct nv_err *err);

#endif
