/* The plan of a worker's isolation: see sandbox.h. */
#include "sandbox.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NR_LANDLOCK_CREATE_RULESET 444
#define LANDLOCK_VERSION           1u

/* Capabilities that take a view of the machine apart from inside: a worker that runs as
 * root and says nothing about capabilities keeps the others. */
static const unsigned undoing[] = {2 /* dac_read_search */, 16 /* sys_module */,
	17 /* sys_rawio */, 19 /* sys_ptrace */, 21 /* sys_admin */, 22 /* sys_boot */,
	27 /* mknod */, 38 /* perfmon */, 39 /* bpf */, 40 /* checkpoint_restore */};
#define CAP_NET_ADMIN 12

static unsigned without; /* ways that the kernel refused */

void
sup_sandbox_without(unsigned ways)
{
	without = ways;
}

static bool
wants_view(const struct nv_conf_isolation *iso)
{
	return iso->private_tmp || iso->private_dev || iso->home != NV_HOME_HOST ||
	       iso->read_only.n > 0 || iso->inaccessible.n > 0;
}

static bool
wants_isolation(const struct nv_conf_isolation *iso)
{
	return wants_view(iso) || iso->read_only.system ||
	       iso->network != NV_NETWORK_HOST || iso->syscalls != NV_SYSCALLS_OFF;
}

bool
sup_sandbox_needed(const struct sup_sandbox_for *who)
{
	return wants_isolation(&who->conf->isolation) || who->conf->has_capabilities ||
	       who->set_ids;
}

/* ---- what can be done here ---- */

static int
landlock_abi(void)
{
	if (without & SUP_SANDBOX_NO_LANDLOCK)
		return 0;
	long abi = syscall(NR_LANDLOCK_CREATE_RULESET, (void *)0, 0UL, LANDLOCK_VERSION);

	return abi > 0 ? (int)abi : 0;
}

static bool
has_seccomp(void)
{
	static int known = -1;

	if (known < 0)
		known = prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0;
	return known && !(without & SUP_SANDBOX_NO_SECCOMP);
}

static bool
by_right(void)
{
	return geteuid() == 0 && !(without & SUP_SANDBOX_NO_REAL);
}

static bool
has_namespaces(void)
{
	return by_right() || !(without & SUP_SANDBOX_NO_USER);
}

bool
sup_sandbox_refused(const struct sup_sandbox *s, const struct sup_spawn_error *e)
{
	static const int errors[] = {EPERM, EINVAL, ENOSYS, ENOSPC, EUSERS};
	bool refused = false;

	if (!s->unshare || e->stage != SUP_STAGE_NAMESPACE)
		return false;
	for (size_t i = 0; i < NV_LEN(errors); i++)
		refused |= e->error == errors[i];
	if (refused)
		without |= s->own_user ? SUP_SANDBOX_NO_USER : SUP_SANDBOX_NO_REAL;
	return refused;
}

/* ---- paths ---- */

static bool
is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return strncmp(path, dir, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

/* Is it inside of what an empty directory will stand in for? */
static bool
is_covered(const struct sup_sandbox *s, const char *path)
{
	if (s->private_tmp && (is_below(path, "/tmp") || is_below(path, "/var/tmp")))
		return true;
	if (s->no_home && (is_below(path, "/home") || is_below(path, "/root") ||
				  is_below(path, "/run/user")))
		return true;
	return s->private_dev && is_below(path, "/dev");
}

/* Parents come before what is in them: by length. The later of two wins. */
static void
keep(struct sup_sandbox *s, const char *path, bool read_only, bool optional)
{
	unsigned i = s->n_keeps;

	for (unsigned k = 0; k < s->n_keeps; k++) {
		if (strcmp(s->keeps[k].path, path) == 0) {
			s->keeps[k].read_only = read_only;
			s->keeps[k].optional &= optional;
			return;
		}
	}
	NV_ASSERT(s->n_keeps < SUP_SANDBOX_KEEPS_MAX);
	while (i > 0 && strlen(s->keeps[i - 1].path) > strlen(path)) {
		s->keeps[i] = s->keeps[i - 1];
		i--;
	}
	s->keeps[i] = (struct sup_keep){
		.path = path, .read_only = read_only, .optional = optional, .fd = -1};
	s->n_keeps++;
}

/* What it needs in any case, where that would be covered. */
static void
keep_needed(struct sup_sandbox *s, const char *path)
{
	bool whole = !path || strcmp(path, "/tmp") == 0 || strcmp(path, "/var/tmp") == 0;

	if (!whole && is_covered(s, path))
		keep(s, path, s->read_only, false);
}

static void
plan_view(struct sup_sandbox *s, const struct sup_sandbox_for *who)
{
	const struct nv_conf_isolation *iso = &who->conf->isolation;
	unsigned long long memory = who->conf->limit_memory_bytes;

	s->view = true;
	s->read_only = iso->read_only.system && !s->landlock_abi;
	s->private_tmp = iso->private_tmp;
	s->private_dev = iso->private_dev;
	s->no_home = iso->home == NV_HOME_NONE;
	if (memory)
		(void)snprintf(s->tmp_options, sizeof(s->tmp_options),
			"mode=1777,size=%llu", memory);
	else
		(void)snprintf(s->tmp_options, sizeof(s->tmp_options), "mode=1777");
	keep_needed(s, who->conf->directory);
	keep_needed(s, who->credentials);
	keep_needed(s, who->bin_dir);
	if (s->read_only) {
		/* Devices and what the kernel shows of processes are no files. */
		if (!s->private_dev)
			keep(s, "/dev", false, true);
		keep(s, "/proc", false, true);
	}
	if (iso->home == NV_HOME_READ_ONLY) {
		keep(s, "/home", true, true);
		keep(s, "/root", true, true);
		keep(s, "/run/user", true, true);
	}
	for (size_t i = 0; i < iso->read_only.n; i++)
		keep(s, iso->read_only.list[i], true, false);
	for (size_t i = 0; i < iso->read_write.n; i++)
		keep(s, iso->read_write.list[i], false, false);
	for (size_t i = 0; i < iso->inaccessible.n; i++)
		s->hides[s->n_hides++] =
			(struct sup_hide){.path = iso->inaccessible.list[i], .fd = -1};
}

/* ---- the plan ---- */

static void
note(struct sup_sandbox *s, const char *what)
{
	size_t used = strlen(s->not_enforced);

	(void)snprintf(s->not_enforced + used, sizeof(s->not_enforced) - used, "%s%s",
		used ? ", " : "", what);
	if (!s->failed)
		s->failed = what;
}

static void
use_namespaces(struct sup_sandbox *s, unsigned flags, const struct sup_sandbox_for *who)
{
	s->unshare |= flags;
	if (by_right())
		return;
	s->own_user = true;
	s->unshare |= CLONE_NEWUSER;
	(void)snprintf(s->uid_map, sizeof(s->uid_map), "%u %u 1", who->uid, who->uid);
	(void)snprintf(s->gid_map, sizeof(s->gid_map), "%u %u 1", who->gid, who->gid);
}

static void
plan_files(struct sup_sandbox *s, const struct sup_sandbox_for *who)
{
	const struct nv_conf_isolation *iso = &who->conf->isolation;
	int abi = landlock_abi();
	bool view = wants_view(iso);

	if (!view && !iso->read_only.system)
		return;
	/* An ordinary user's way to a read-only machine is Landlock: without a user
	 * namespace the groups stay what they are. */
	if (iso->read_only.system && abi > 0 && !by_right()) {
		s->landlock_abi = abi;
		s->landlock_rw = iso->read_write.list;
		s->n_landlock_rw = iso->read_write.n;
		if (!view)
			return;
	}
	if (has_namespaces()) {
		s->landlock_abi = 0; /* a new mount could not be made under Landlock */
		use_namespaces(s, CLONE_NEWNS, who);
		plan_view(s, who);
		return;
	}
	if (iso->read_only.system && !s->landlock_abi)
		note(s, "read_only");
	if (view)
		note(s, iso->private_tmp            ? "private_tmp"
			: iso->private_dev          ? "private_dev"
			: iso->home != NV_HOME_HOST ? "home"
			: iso->read_only.n > 0      ? "read_only paths"
						    : "inaccessible");
}

static void
plan_calls(struct sup_sandbox *s, const struct sup_sandbox_for *who)
{
	const struct nv_conf_isolation *iso = &who->conf->isolation;
	bool network = iso->network == NV_NETWORK_HOST;
	bool filter = iso->syscalls != NV_SYSCALLS_OFF;

	if (!network && has_namespaces()) {
		use_namespaces(s, CLONE_NEWNET, who);
		s->loopback = iso->network == NV_NETWORK_LOOPBACK;
		network = true;
	}
	if (!network && iso->network == NV_NETWORK_NONE && has_seccomp()) {
		s->n_filter = sup_seccomp_build(s->filter, iso->syscalls, true);
		s->landlock_scope = landlock_abi() >= 6;
		network = s->n_filter > 0;
	} else if (filter && has_seccomp()) {
		s->n_filter = sup_seccomp_build(s->filter, iso->syscalls, false);
	}
	if (!network)
		note(s, "network");
	if (filter && s->n_filter == 0)
		note(s, "syscalls");
}

static void
plan_caps(struct sup_sandbox *s, const struct sup_sandbox_for *who)
{
	const struct nv_conf_worker *conf = who->conf;

	if (conf->has_capabilities) {
		s->set_caps = s->caps_required = true;
		s->caps = s->own_user ? 0 : conf->capabilities;
	} else if (who->uid != 0 || s->own_user) {
		s->set_caps = who->set_ids || s->own_user;
	} else if (s->unshare) {
		s->set_caps = true;
		s->caps = ~UINT64_C(0);
		for (size_t i = 0; i < NV_LEN(undoing); i++)
			s->caps &= ~(UINT64_C(1) << undoing[i]);
		if (s->unshare & CLONE_NEWNET)
			s->caps &= ~(UINT64_C(1) << CAP_NET_ADMIN);
	}
}

int
sup_sandbox_plan(struct sup_sandbox *ret, const struct sup_sandbox_for *who,
	struct sup_spawn_error *ret_error)
{
	*ret = (struct sup_sandbox){0};
	plan_files(ret, who);
	plan_calls(ret, who);
	plan_caps(ret, who);
	if (ret->not_enforced[0] &&
		who->conf->isolation.when_impossible == NV_IMPOSSIBLE_REFUSE) {
		*ret_error = (struct sup_spawn_error){SUP_STAGE_ISOLATION, EOPNOTSUPP};
		return -EOPNOTSUPP;
	}
	ret->failed = NULL;
	return 0;
}
