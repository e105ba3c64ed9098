/* doctor: is this machine fit, and is this fleet well? Every check says what it found;
 * only what stands in the way of a fleet is a failure. */
#include "build.h"
#include "conf.h"
#include "engine_client.h"
#include "isolation.h"
#include "led.h"
#include "nv_clock.h"
#include "nv_fd.h"
#include "nv_secret.h"
#include "nv_units.h"
#include "nv_version.h"
#include "paths.h"
#include "sup_client.h"
#include "value.h"
#include "verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#define DISK_LOW_BYTES  ((uint64_t)64 << 20)
#define DISK_WARN_BYTES ((uint64_t)1 << 30)
#define FILES_WARN      4096
#define YEAR_2025_NS    (INT64_C(1735689600) * NV_NS_PER_SEC)

enum verdict { GOOD, WARN, FAIL };

struct doctor {
	struct ctl *ctl;
	json_t *checks; /* owned */
	bool failed;
};

static void note(struct doctor *d, const char *name, enum verdict verdict,
	const char *fmt, ...) NV_PRINTF(4, 5);

static void
note(struct doctor *d, const char *name, enum verdict verdict, const char *fmt, ...)
{
	static const char *const words[] = {"ok", "warn", "fail"};
	char text[1200];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap); /* cut is fine */
	va_end(ap);
	d->failed = d->failed || verdict == FAIL;
	(void)json_array_append_new(
		d->checks, ctl_need(json_pack("{s:s, s:s, s:o}", "check", name, "result",
				   words[verdict], "detail", ctl_json_str(text))));
}

static void
check_directory(struct doctor *d, const char *name, const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0) {
		note(d, name, errno == ENOENT ? WARN : FAIL, "%s: %s", path,
			errno == ENOENT ? "not there yet: novasupd makes it"
					: strerror(errno));
		return;
	}
	if (!S_ISDIR(st.st_mode))
		note(d, name, FAIL, "%s is no directory", path);
	else if (st.st_mode & S_IWOTH && !(st.st_mode & S_ISVTX))
		note(d, name, FAIL, "%s may be written by everyone (mode %04o)", path,
			st.st_mode & 07777);
	else if (access(path, R_OK | W_OK | X_OK) < 0)
		note(d, name, WARN, "%s belongs to uid %u and is not writable for you",
			path, st.st_uid);
	else
		note(d, name, GOOD, "%s", path);
}

static void
check_disk(struct doctor *d, const char *name, const char *path)
{
	struct statvfs vfs;
	char text[NV_UNITS_BYTES];

	if (statvfs(path, &vfs) < 0)
		return; /* the check of the directory has said why */
	uint64_t left = (uint64_t)vfs.f_bavail * vfs.f_frsize;

	note(d, name,
		left < DISK_LOW_BYTES    ? FAIL
		: left < DISK_WARN_BYTES ? WARN
					 : GOOD,
		"%s free at %s", nv_size_show(left, text), path);
}

/* As novasupd looks for it: beside nova.yaml, then where it has put what came in
 * NOVA_SECRETS. What a system worker lacks is its own to say. */
static bool
check_secret(struct doctor *d, const char *conf_dir, const struct nv_conf_worker *w,
	const char *name)
{
	const char *const bases[] = {conf_dir, d->ctl->paths.run_dir};
	char path[NV_PATH_MAX + 300];
	struct stat dir, st;
	int rc = -1;

	for (size_t i = 0; i < NV_LEN(bases) && rc < 0; i++) {
		(void)snprintf(path, sizeof(path), "%s/secrets", bases[i]);
		if (stat(path, &dir) < 0)
			continue;
		(void)snprintf(path, sizeof(path), "%s/secrets/%s", bases[i], name);
		rc = stat(path, &st);
	}
	if (rc < 0) {
		if (w->system)
			return true;
		note(d, "secrets", FAIL, "%s/secrets/%s of %s: %s", conf_dir, name,
			w->name, strerror(errno));
		return false;
	}
	/* Whoever asks may be root; what counts is the account that Nova runs as. */
	struct stat run;
	bool runs = stat(d->ctl->paths.run_dir, &run) == 0;

	if (nv_secret_private(&dir, &st, runs ? run.st_uid : geteuid(),
		    runs ? run.st_gid : getegid()))
		return true;
	note(d, "secrets", FAIL, "%s of %s may be read by others (mode %04o)", path,
		w->name, st.st_mode & 07777);
	return false;
}

static void
check_secrets(struct doctor *d, const struct nv_config *config)
{
	size_t n = 0;

	for (size_t i = 0; i < config->n_workers; i++) {
		const struct nv_conf_worker *w = &config->workers[i];

		for (size_t k = 0; k < w->n_secrets; k++, n++) {
			if (!check_secret(d, config->dir, w, w->secrets[k]))
				return;
		}
	}
	if (n > 0)
		note(d, "secrets", GOOD, "%zu granted, none readable by others", n);
}

static void
check_config(struct doctor *d)
{
	struct ctl *ctl = d->ctl;
	struct nv_conf_errors errs;
	struct nv_config *config = NULL;
	struct stat st;

	if (ctl_conf_load(ctl, NULL, NULL, &config, &errs) < 0) {
		char text[1024] = "";

		if (errs.n > 0)
			nv_err_string(&errs.list[0], text, sizeof(text));
		note(d, "configuration", FAIL, "%zu errors, the first: %s",
			errs.n + errs.n_more, text);
	} else if (stat(ctl->paths.config, &st) == 0 && st.st_mode & S_IWOTH) {
		note(d, "configuration", FAIL, "%s may be written by everyone",
			ctl->paths.config);
	} else {
		note(d, "configuration", GOOD, "%s, %zu workers", ctl->paths.config,
			config->n_workers);
		check_secrets(d, config);
	}
	nv_config_free(config);
	nv_conf_errors_fini(&errs);
}

/* cgroup.kill and cgroup.freeze came with 5.14 and 5.2; they do not show in a root
 * cgroup, so the version tells. */
static bool
kernel_at_least(unsigned major, unsigned minor)
{
	struct utsname u;
	char *end;

	if (uname(&u) < 0)
		return false;
	unsigned long found_major = strtoul(u.release, &end, 10);
	unsigned long found_minor = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;

	return found_major > major || (found_major == major && found_minor >= minor);
}

/* cgroup v2, alone or beside v1. */
static void
check_cgroup(struct doctor *d)
{
	static const char *const mounts[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};

	for (size_t i = 0; i < NV_LEN(mounts); i++) {
		struct statfs fs;

		if (statfs(mounts[i], &fs) < 0 || fs.f_type != CGROUP2_SUPER_MAGIC)
			continue;
		if (!kernel_at_least(5, 14))
			note(d, "cgroup v2", WARN,
				"%s, but the kernel has no cgroup.kill", mounts[i]);
		else if (access(mounts[i], W_OK) == 0)
			note(d, "cgroup v2", GOOD, "%s, with cgroup.kill", mounts[i]);
		else
			note(d, "cgroup v2", WARN,
				"%s is not writable for you: without a delegated subtree "
				"workers are kept by process groups and a subreaper",
				mounts[i]);
		return;
	}
	note(d, "cgroup v2", WARN,
		"not mounted: workers are kept by process groups and a subreaper, and "
		"limits are not enforced");
}

static void
check_kernel(struct doctor *d)
{
	NV_CLEANUP_FD fd = (int)syscall(SYS_pidfd_open, getpid(), 0);

	note(d, "pidfd", fd >= 0 ? GOOD : FAIL, "%s",
		fd >= 0 ? "available" : strerror(errno));
	/* Too small a size is refused by a kernel that has the call at all. */
	long rc = syscall(SYS_clone3, NULL, 0);

	note(d, "clone3", rc < 0 && errno == ENOSYS ? WARN : GOOD, "%s",
		rc < 0 && errno == ENOSYS ? "not available: vfork is used" : "available");
}

static void
check_isolation(struct doctor *d)
{
	struct ctl_finding found[CTL_FINDINGS_MAX];
	size_t n = ctl_isolation_look(found);

	for (size_t i = 0; i < n; i++)
		note(d, found[i].check, found[i].good ? GOOD : WARN, "%s",
			found[i].detail);
}

static void
check_limits(struct doctor *d)
{
	struct rlimit lim;
	NV_CLEANUP_FREE char *text = NULL;
	size_t bytes;

	if (getrlimit(RLIMIT_NOFILE, &lim) == 0)
		note(d, "open files", lim.rlim_max < FILES_WARN ? WARN : GOOD,
			"%llu, at most %llu; each instance takes about 6 in novasupd",
			(unsigned long long)lim.rlim_cur,
			(unsigned long long)lim.rlim_max);
	if (geteuid() != 0 &&
		nv_read_file_at(AT_FDCWD, "/proc/sys/fs/pipe-user-pages-soft", 64, &text,
			&bytes) == 0) {
		text[strcspn(text, "\n")] = '\0';
		note(d, "pipe memory", GOOD,
			"%s pages for an ordinary user; beyond, event pipes are small "
			"and "
			"writers wait sooner",
			text);
	}
}

static void
check_clock(struct doctor *d)
{
	struct timex tx = {0};
	char text[NV_RFC3339_BYTES];
	int64_t now_ns = nv_wall_ns();

	nv_rfc3339(now_ns, text);
	if (now_ns < YEAR_2025_NS)
		note(d, "clock", FAIL,
			"%s is in the past: days and budgets would be wrong", text);
	else if (adjtimex(&tx) == TIME_ERROR)
		note(d, "clock", WARN, "%s, not synchronised with a time server", text);
	else
		note(d, "clock", GOOD, "%s, synchronised", text);
}

static void
check_programs(struct doctor *d)
{
	static const char *const names[] = {
		"novasupd", "nova-engine", "nova-logger", "nova-probe", "nova-runner"};

	for (size_t i = 0; i < NV_LEN(names); i++) {
		char path[NV_PATH_MAX + 32];

		(void)snprintf(
			path, sizeof(path), "%s/%s", d->ctl->paths.bin_dir, names[i]);
		if (access(path, X_OK) < 0)
			note(d, names[i], FAIL, "%s: %s", path, strerror(errno));
	}
}

static void
check_engine(struct doctor *d)
{
	static const struct {
		const char *key;
		const char *name;
	} problems[] = {{"anchor_problem", "evidence"}, {"seal_problem", "evidence"},
		{"retention_problem", "evidence"}, {"backup_problem", "backup"}};
	struct nv_err err = {0};
	json_t *data = NULL;

	if (ctl_engine_call(d->ctl, "ping", NULL, &data, &err) != NV_EXIT_OK) {
		note(d, "nova-engine", FAIL, "%s", err.text);
		return;
	}
	const char *version = ctl_str(data, "version");
	bool same = strcmp(version, nv_version()) == 0;

	note(d, "nova-engine", same ? GOOD : WARN, "pid %lld, version %s%s%s",
		(long long)ctl_int(data, "pid"), version, same ? "" : ", novactl is ",
		same ? "" : nv_version());
	for (size_t i = 0; i < NV_LEN(problems); i++) {
		const char *text = ctl_str(data, problems[i].key);

		if (text[0])
			note(d, problems[i].name, FAIL, "%s", text);
	}
	json_decref(data);
}

static void
check_logs(struct doctor *d, const struct nv_fleet *fleet)
{
	for (size_t i = 0; i < fleet->n_logs; i++) {
		const struct nv_ctl_log *log = &fleet->logs[i];
		char text[NV_UNITS_BYTES];

		if (log->error[0])
			note(d, "logs", FAIL,
				"the log of %s cannot be written: %s; %s dropped",
				log->worker, log->error,
				nv_size_show(log->dropped_bytes, text));
		else
			note(d, "logs", WARN, "%s of what %s printed were dropped",
				nv_size_show(log->dropped_bytes, text), log->worker);
	}
}

/* novasupd and the engine speak for themselves. */
static void
check_processes(struct doctor *d, const struct nv_fleet *fleet)
{
	static const char *const others[] = {"keeper", "novasupd", "nova-engine"};

	for (size_t i = 0; i < fleet->n_procs; i++) {
		const struct nv_ctl_proc *p = &fleet->procs[i];
		bool other = false;

		for (size_t k = 0; k < NV_LEN(others); k++)
			other |= strcmp(p->name, others[k]) == 0;
		if (other)
			continue;
		bool up = strcmp(p->state, "up") == 0 || strcmp(p->state, "running") == 0;
		bool soon = strcmp(p->state, "starting") == 0 ||
			    strcmp(p->state, "stopping") == 0;

		struct ctl_build build;

		ctl_build_of(p->pid, fleet->nova.pid, &build);
		if (up)
			note(d, p->name, build.replaced ? WARN : GOOD,
				"pid %d, %u restarts%s%s%s", p->pid, p->restarts,
				build.version[0] ? ", version " : "", build.version,
				build.replaced ? ", and another one is in its place: "
						 "novactl daemon-reexec"
					       : "");
		else
			note(d, p->name, soon ? WARN : FAIL, "%s%s%s", p->state,
				p->last_exit[0] ? ", the last one ended with " : "",
				p->last_exit);
	}
}

static void
check_daemons(struct doctor *d)
{
	struct ctl_sup sup;
	struct nv_fleet fleet;
	struct nv_err err = {0};
	int code = ctl_sup_open(&sup, &d->ctl->paths, &err);

	if (code == NV_EXIT_OK)
		code = ctl_sup_status(&sup, "", &fleet, &err);
	ctl_sup_close(&sup);
	if (code != NV_EXIT_OK) {
		note(d, "novasupd", WARN, "%s", err.text);
		return;
	}
	bool same = strcmp(fleet.nova.version, nv_version()) == 0;

	note(d, "novasupd", same ? GOOD : WARN, "pid %d, version %s%s%s, %s",
		fleet.nova.pid, fleet.nova.version, same ? "" : ", novactl is ",
		same ? "" : nv_version(), fleet.nova.isolation);
	note(d, "ready", fleet.nova.ready ? GOOD : FAIL, "engine %s%s%s",
		fleet.nova.engine_state, fleet.nova.engine_reason[0] ? ": " : "",
		fleet.nova.engine_reason);
	check_processes(d, &fleet);
	check_logs(d, &fleet);
	nv_fleet_clear(&fleet);
	check_engine(d);
}

static void
check_ledger(struct doctor *d)
{
	static const struct led_options options = {.read_only = true};
	char dir[NV_PATH_MAX + 16];
	struct nv_err err = {0};
	struct led *led = NULL;
	struct led_view *view = NULL;
	struct led_stats stats = {0};

	(void)snprintf(dir, sizeof(dir), "%s/ledger", d->ctl->paths.state_dir);
	int rc = led_open(dir, &options, &led, &err);

	if (rc < 0) {
		note(d, "ledger", rc == -ENOENT ? WARN : FAIL, "%s: %s", dir,
			rc == -ENOENT ? "none yet: the engine makes it"
			: err.text[0] ? err.text
				      : strerror(-rc));
		return;
	}
	rc = led_view_begin(led, &view, &err);
	if (rc == 0) {
		rc = led_view_stats(view, &stats);
		led_view_end(view);
	}
	if (rc < 0)
		note(d, "ledger", FAIL, "%s: %s", dir,
			err.text[0] ? err.text : strerror(-rc));
	else
		note(d, "ledger", GOOD, "%s, %llu events, %llu in quarantine", dir,
			(unsigned long long)stats.events,
			(unsigned long long)stats.quarantined);
	led_close(led);
}

static void
print_checks(const struct ctl *ctl, const json_t *checks)
{
	static const struct ctl_column columns[] = {
		{"CHECK", false}, {"RESULT", false}, {"DETAIL", false}};
	struct ctl_table *t = ctl_table_new(columns, NV_LEN(columns));
	size_t i;
	json_t *row;

	json_array_foreach(checks, i, row)
	{
		const char *result = ctl_str(row, "result");

		ctl_cell(t, CTL_BOLD, ctl_str(row, "check"));
		ctl_cell(t,
			result[0] == 'o'   ? CTL_GREEN
			: result[0] == 'w' ? CTL_YELLOW
					   : CTL_RED,
			result);
		ctl_cell(t, CTL_PLAIN, ctl_str(row, "detail"));
	}
	ctl_table_print(t, &ctl->out, NULL);
}

int
ctl_verb_doctor(struct ctl *ctl)
{
	struct doctor d = {.ctl = ctl, .checks = ctl_need(json_array())};

	ctl_paths_adopt(ctl);
	check_config(&d);
	check_directory(&d, "run directory", ctl->paths.run_dir);
	check_directory(&d, "state directory", ctl->paths.state_dir);
	check_directory(&d, "log directory", ctl->paths.log_dir);
	check_disk(&d, "disk of the ledger", ctl->paths.state_dir);
	check_disk(&d, "disk of the logs", ctl->paths.log_dir);
	check_cgroup(&d);
	check_kernel(&d);
	check_isolation(&d);
	check_limits(&d);
	check_clock(&d);
	check_programs(&d);
	check_daemons(&d);
	check_ledger(&d);
	if (ctl->out.json)
		ctl_json(&ctl->out, ctl_need(json_pack("{s:b, s:O}", "ok", !d.failed,
					    "checks", d.checks)));
	else
		print_checks(ctl, d.checks);
	json_decref(d.checks);
	return d.failed ? NV_EXIT_NO : NV_EXIT_OK;
}
