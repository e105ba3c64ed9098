/* Making a backup: see save.h. */
#include "save.h"

#include "backup.h"
#include "ledger_open.h"
#include "nv_clock.h"
#include "nv_fd.h"
#include "nv_json.h"
#include "nv_version.h"
#include "paths.h"
#include "seal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_NAME ".nova-backup.lock"
#define PART      ".nova-backup-part-"

const struct ctl_backup_item ctl_backup_items[] = {
	/* First: what they say was booked must be in the ledger that is copied later. */
	{"platforms", CTL_BACKUP_STORES, NULL, true},
	{"alerts", CTL_BACKUP_DIR, "state.json", true},
	/* Bodies of webhooks; sessions of browsers are left out. */
	{"gateway", CTL_BACKUP_DIR, "tokens webhooks-", true},
	{"emergency-stop", CTL_BACKUP_FILE, NULL, false},
	{"seal.key", CTL_BACKUP_SECRET, NULL, false},
	{"counts.cache", CTL_BACKUP_CACHE, NULL, true},
	{"decide.cache", CTL_BACKUP_CACHE, NULL, true},
	{"feed.cache", CTL_BACKUP_CACHE, NULL, true},
};
const size_t ctl_n_backup_items = NV_LEN(ctl_backup_items);

struct making {
	struct ctl *ctl;
	const struct ctl_backup_options *opt;
	char to[PATH_MAX];   /* absolute */
	char part[PATH_MAX]; /* the temporary name */
	struct nv_err *err;
};

static int
failed(struct making *m, const char *path)
{
	return nv_err_set(m->err, -errno, "%s: %s", path, strerror(errno));
}

static int
make_dir(struct making *m, const char *path)
{
	int rc = nv_mkdir_p(path, 0700);

	return rc < 0 ? nv_err_set(m->err, rc, "%s: %s", path, strerror(-rc)) : 0;
}

/* ---- the state beside the ledger ---- */

static int
no_dots(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

/* Calls fn for each entry of a directory, in order. A directory that is not there has
 * none. */
typedef int
entry_fn(struct making *m, const char *from, const char *to, const char *name, void *arg);

static int
each_entry(struct making *m, const char *from, const char *to, entry_fn *fn, void *arg)
{
	struct dirent **entries = NULL;
	int n = scandir(from, &entries, no_dots, alphasort);
	int rc = n < 0 && errno != ENOENT ? failed(m, from) : 0;

	for (int i = 0; i < n; i++) {
		if (rc == 0)
			rc = fn(m, from, to, entries[i]->d_name, arg);
		free(entries[i]);
	}
	free(entries);
	return rc;
}

static int
copy_store(
	struct making *m, const char *from, const char *to, const char *name, void *arg)
{
	char in[PATH_MAX];
	char out[PATH_MAX];
	char file[PATH_MAX];
	int n = snprintf(in, sizeof(in), "%s/%s/store.mdb", from, name);
	int rc = ctl_path_join(out, to, name, m->err);

	(void)arg;
	if (rc < 0 || n < 0 || (size_t)n >= sizeof(in))
		return rc < 0 ? rc : nv_err_set(m->err, -ENAMETOOLONG, "%s", from);
	if (access(in, F_OK) < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0; /* a platform that has never started */
	rc = make_dir(m, out);
	if (rc == 0)
		rc = ctl_path_join(file, out, "store.mdb", m->err);
	return rc == 0 ? led_copy_store(in, file, m->err) : rc;
}

static bool
is_named(const char *name, const char *words)
{
	for (const char *end; *words; words = end + strspn(end, " ")) {
		end = words + strcspn(words, " ");
		size_t n = (size_t)(end - words);

		if (strncmp(name, words, n) == 0 && (words[n - 1] == '-' || !name[n]))
			return true;
	}
	return false;
}

/* arg: the names that are wanted. */
static int
copy_named(
	struct making *m, const char *from, const char *to, const char *name, void *arg)
{
	char in[PATH_MAX];
	char out[PATH_MAX];

	if (!is_named(name, arg))
		return 0;
	int rc = ctl_path_join(in, from, name, m->err);

	if (rc == 0)
		rc = ctl_path_join(out, to, name, m->err);
	if (rc == 0)
		rc = make_dir(m, to);
	if (rc == 0)
		rc = ctl_copy_file(in, out, 0600, m->err);
	/* The oldest of the bodies may be removed at any time. */
	return rc == -ENOENT ? 0 : rc;
}

static int
copy_state_item(struct making *m, const struct ctl_backup_item *item, const char *state)
{
	char from[PATH_MAX];
	char to[PATH_MAX];
	const char *state_dir = m->ctl->paths.state_dir;
	int rc = ctl_path_join(from, state_dir, item->name, m->err);

	if (rc == 0)
		rc = ctl_path_join(to, state, item->name, m->err);
	if (rc < 0)
		return rc;
	switch (item->kind) {
	case CTL_BACKUP_STORES:
		return each_entry(m, from, to, copy_store, NULL);
	case CTL_BACKUP_DIR:
		return each_entry(m, from, to, copy_named, (void *)(uintptr_t)item->only);
	case CTL_BACKUP_SECRET:
		if (!m->opt->secrets)
			return 0;
		break;
	case CTL_BACKUP_FILE:
		break;
	case CTL_BACKUP_CACHE:
	default:
		return 0;
	}
	rc = access(from, F_OK) < 0 && errno == ENOENT
		     ? 0
		     : ctl_copy_file(from, to, 0600, m->err);
	return rc == -ENOENT ? 0 : rc; /* gone meanwhile: as if it never was */
}

static int
copy_state(struct making *m)
{
	char state[PATH_MAX];
	int rc = ctl_path_join(state, m->part, CTL_BACKUP_STATE, m->err);

	if (rc == 0)
		rc = make_dir(m, state);
	for (size_t i = 0; i < ctl_n_backup_items && rc == 0; i++)
		rc = copy_state_item(m, &ctl_backup_items[i], state);
	return rc;
}

/* ---- configuration ---- */

/* arg: the ending. */
static int
copy_ending(
	struct making *m, const char *from, const char *to, const char *name, void *arg)
{
	const char *dot = strrchr(name, '.');
	struct stat st;
	char in[PATH_MAX];
	char out[PATH_MAX];
	int rc = ctl_path_join(in, from, name, m->err);

	if (rc == 0)
		rc = ctl_path_join(out, to, name, m->err);
	if (rc < 0)
		return rc;
	if (arg && (!dot || (strcmp(dot, ".yaml") != 0 && strcmp(dot, ".yml") != 0)))
		return 0;
	/* A link in a configuration is what it points to; anything else is not for us. */
	if (stat(in, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	char *real = realpath(in, NULL);

	if (!real)
		return failed(m, in);
	rc = make_dir(m, to);
	if (rc == 0)
		rc = ctl_copy_file(real, out, 0600, m->err);
	free(real);
	return rc;
}

static int
config_dir(struct making *m, char ret[PATH_MAX])
{
	const char *slash = strrchr(m->ctl->paths.config, '/');
	int n = snprintf(ret, PATH_MAX, "%.*s",
		slash ? (int)(slash - m->ctl->paths.config) : 1,
		slash ? m->ctl->paths.config : ".");

	return n < 0 || n >= PATH_MAX
		       ? nv_err_set(m->err, -ENAMETOOLONG, "the path is too long")
		       : 0;
}

static int
copy_config(struct making *m)
{
	static char yaml[] = "yaml";
	char dir[PATH_MAX];
	char from[PATH_MAX];
	char to[PATH_MAX];
	char sub[PATH_MAX];
	int rc = config_dir(m, dir);

	if (rc == 0)
		rc = ctl_path_join(to, m->part, CTL_BACKUP_CONFIG, m->err);
	if (rc == 0)
		rc = each_entry(m, dir, to, copy_ending, yaml);
	if (rc == 0)
		rc = ctl_path_join(from, dir, "workers.d", m->err);
	if (rc == 0)
		rc = ctl_path_join(sub, to, "workers.d", m->err);
	if (rc == 0)
		rc = each_entry(m, from, sub, copy_ending, yaml);
	if (rc < 0 || !m->opt->secrets)
		return rc;
	rc = ctl_path_join(from, dir, "secrets", m->err);
	if (rc == 0)
		rc = ctl_path_join(to, m->part, CTL_BACKUP_SECRETS, m->err);
	if (rc == 0)
		rc = each_entry(m, from, to, copy_ending, NULL);
	if (rc == 0)
		rc = ctl_path_join(from, dir, ".env", m->err);
	if (rc == 0 && access(from, F_OK) == 0)
		rc = copy_ending(m, dir, to, ".env", NULL);
	return rc;
}

/* ---- the ledger ---- */

static json_t *
hex(const uint8_t *data, size_t bytes)
{
	char text[2 * LED_FILE_HASH_BYTES + 1];

	for (size_t i = 0; i < bytes; i++)
		(void)snprintf(text + 2 * i, 3, "%02x", data[i]);
	return ctl_need(json_string(text));
}

/* What the copy itself says. */
static int
describe_ledger(struct making *m, json_t **ret)
{
	static const struct led_options options = {.read_only = true};
	char lock[PATH_MAX];
	struct led *led = NULL;
	struct led_view *view = NULL;
	struct led_stats stats = {0};
	int rc = led_open(m->part, &options, &led, m->err);

	if (rc < 0)
		return rc;
	rc = led_view_begin(led, &view, m->err);
	if (rc == 0) {
		rc = led_view_stats(view, &stats);
		led_view_end(view);
	}
	if (rc == 0)
		*ret = ctl_need(json_pack("{s:o, s:i, s:I, s:I, s:I, s:o, s:o}", "id",
			hex(led_id(led), 16), "schema", LED_SCHEMA, "events",
			(json_int_t)stats.events, "quarantined",
			(json_int_t)stats.quarantined, "batches",
			(json_int_t)stats.batches, "head_hash",
			hex(stats.head_hash, LED_FILE_HASH_BYTES), "until",
			ctl_need(nv_json_time(stats.last_ns))));
	led_close(led);
	(void)snprintf(lock, sizeof(lock), "%.4000s/ledger.mdb-lock", m->part);
	(void)unlink(lock); /* ours: nobody else has the copy open */
	return rc;
}

static int
copy_ledger(struct making *m, struct led *led, json_t **ret_ledger)
{
	char file[PATH_MAX];
	char packed[PATH_MAX];
	uint64_t checked;
	int rc = ctl_path_join(file, m->part, CTL_BACKUP_LEDGER, m->err);

	if (rc == 0)
		rc = ctl_path_join(packed, m->part, CTL_BACKUP_LEDGER_Z, m->err);
	if (rc == 0)
		rc = led_backup(led, file, m->opt->unverified, ctl_ledger_problem, m->ctl,
			&checked, m->err);
	if (rc == 0)
		rc = describe_ledger(m, ret_ledger);
	if (rc == 0 && m->opt->gzip)
		rc = ctl_gzip(file, packed, m->err);
	if (rc == 0 && m->opt->gzip && unlink(file) < 0)
		rc = failed(m, file);
	return rc;
}

/* ---- all of it ---- */

/* One backup at a time in a directory; so what has a temporary name is of one that was
 * interrupted, and goes. */
static int
lock_place(struct making *m, int *ret_lock)
{
	char path[PATH_MAX];
	struct dirent **entries = NULL;
	int rc = ctl_path_join(path, m->to, LOCK_NAME, m->err);

	if (rc < 0)
		return rc;
	*ret_lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*ret_lock < 0)
		return failed(m, path);
	if (flock(*ret_lock, LOCK_EX | LOCK_NB) < 0)
		return nv_err_set(m->err, errno == EWOULDBLOCK ? -EBUSY : -errno,
			"another backup is being made in %s", m->to);
	int n = scandir(m->to, &entries, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		if (strncmp(entries[i]->d_name, PART, strlen(PART)) == 0 &&
			ctl_path_join(path, m->to, entries[i]->d_name, m->err) == 0)
			(void)ctl_remove_tree(path); /* else the next one tries */
		free(entries[i]);
	}
	free(entries);
	return 0;
}

static int
prepare(struct making *m, int *ret_lock)
{
	int rc = make_dir(m, m->opt->to);

	if (rc < 0)
		return rc;
	if (!realpath(m->opt->to, m->to))
		return failed(m, m->opt->to);
	rc = lock_place(m, ret_lock);
	if (rc == 0)
		rc = ctl_path_join(m->part, m->to, PART "XXXXXX", m->err);
	if (rc == 0 && !mkdtemp(m->part))
		rc = failed(m, m->part);
	return rc;
}

static json_t *
about_of(const struct making *m, int64_t now_ns)
{
	char at[NV_RFC3339_BYTES];
	json_t *left_out = ctl_need(json_array());

	if (!m->opt->secrets)
		(void)json_array_append_new(left_out,
			ctl_need(json_string("secrets (secrets/, .env, seal.key)")));
	(void)json_array_append_new(
		left_out, ctl_need(json_string("sessions of the dashboard")));
	(void)json_array_append_new(left_out, ctl_need(json_string("logs")));
	return ctl_need(
		json_pack("{s:i, s:s, s:s, s:b, s:o}", "format", CTL_BACKUP_FORMAT,
			"nova", nv_version(), "created", nv_rfc3339(now_ns, at),
			"verified", !m->opt->unverified, "left_out", left_out));
}

/* nova-20261123T030000.123Z */
static int
final_name(struct making *m, int64_t now_ns, char ret[PATH_MAX])
{
	char at[NV_RFC3339_BYTES];
	char name[NV_RFC3339_BYTES + sizeof(CTL_BACKUP_PREFIX)];
	char *out = name + snprintf(name, sizeof(name), CTL_BACKUP_PREFIX);

	for (const char *c = nv_rfc3339(now_ns, at); *c; c++) {
		if (*c != '-' && *c != ':')
			*out++ = *c;
	}
	*out = '\0';
	return ctl_path_join(ret, m->to, name, m->err);
}

static int
make(struct making *m, struct led *led, char ret_path[PATH_MAX], json_t **ret_about)
{
	int64_t now_ns = nv_wall_ns();
	json_t *about = about_of(m, now_ns);
	json_t *ledger = NULL;

	ctl_progress(&m->ctl->out, "copying and verifying %s", m->ctl->paths.state_dir);
	int rc = copy_state(m);

	if (rc == 0)
		rc = copy_config(m);
	if (rc == 0)
		rc = copy_ledger(m, led, &ledger);
	if (ledger)
		(void)json_object_set_new(about, "ledger", ledger);
	if (rc == 0)
		rc = ctl_manifest_write(m->part, about, m->err);
	if (rc == 0)
		rc = ctl_sync_tree(m->part, m->err);
	if (rc == 0)
		rc = final_name(m, now_ns, ret_path);
	/* The place is locked, and none that has files in it is replaced. */
	if (rc == 0 && rename(m->part, ret_path) < 0)
		rc = failed(m, ret_path);
	ctl_progress_end(&m->ctl->out);
	if (rc < 0) {
		(void)ctl_remove_tree(m->part); /* else the next one does */
		json_decref(about);
		return rc;
	}
	*ret_about = about;
	return ctl_sync_dir(m->to, m->err);
}

int
ctl_backup_make(struct ctl *ctl, const struct ctl_backup_options *opt,
	char ret_path[PATH_MAX], json_t **ret_about, json_t **ret_removed,
	struct nv_err *err)
{
	static const struct led_options options = {.read_only = true};
	struct making *m = ctl_alloc(1, sizeof(*m));
	char dir[CTL_LEDGER_DIR_BYTES];
	struct led *led = NULL;
	NV_CLEANUP_FD lock = -1;
	json_t *removed = ctl_need(json_array());

	*m = (struct making){.ctl = ctl, .opt = opt, .err = err};
	(void)snprintf(dir, sizeof(dir), "%s/ledger", ctl->paths.state_dir);
	/* Where there is no ledger nothing is made, not even the place. */
	const char *begun = ctl_restore_begun(ctl);
	int rc = begun ? nv_err_set(err, -EBUSY, "%s: %s", ctl->paths.state_dir, begun)
		       : led_open(dir, &options, &led, err);

	if (rc == 0)
		rc = prepare(m, &lock);
	if (rc == 0)
		rc = make(m, led, ret_path, ret_about);
	if (rc == 0 && opt->keep > 0)
		rc = ctl_backup_prune(m->to,
			json_string_value(json_object_get(
				json_object_get(*ret_about, "ledger"), "id")),
			ret_path, opt->keep, removed, err);
	led_close(led);
	free(m);
	*ret_removed = removed;
	return rc;
}
