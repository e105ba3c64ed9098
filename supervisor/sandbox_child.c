/* Entering the plan, in the child: between clone and exec, in memory that belongs to the
 * parent. System calls only; everything was prepared. Descriptors are close-on-exec, and
 * closed when done with. */
#include "sandbox.h"
#include "sandbox_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define CAP_BITS 64

/* ---- capabilities ---- */

ON_CHILD_STACK static bool
drop_bounding(const struct sup_sandbox *s)
{
	for (unsigned i = 0; i < CAP_BITS; i++) {
		if (s->caps >> i & 1)
			continue;
		if (prctl(PR_CAPBSET_DROP, i, 0, 0, 0) == 0)
			continue;
		if (errno == EINVAL)
			return true; /* the kernel has no more of them */
		/* Without the right to: no_new_privs keeps it from getting any. */
		return errno == EPERM;
	}
	return true;
}

/* Being root means nothing any more, and cannot be made to. Best effort: the sets
 * themselves are what counts. */
ON_CHILD_STACK static void
lock_securebits(const struct sup_sandbox *s)
{
	unsigned long bits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED |
			     SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED;

	if (s->caps)
		bits |= SECBIT_KEEP_CAPS; /* over the change of account */
	else
		bits |= SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;
	if (prctl(PR_SET_SECUREBITS, bits, 0, 0, 0) < 0 && s->caps)
		(void)prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
}

ON_CHILD_STACK static bool
set_caps(const struct sup_sandbox *s, uid_t uid)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data) < 0)
		return false;
	uint64_t have = data[0].permitted | (uint64_t)data[1].permitted << 32;
	uint64_t want = s->caps & have;

	if (s->caps_required && want != s->caps && !s->own_user) {
		errno = EPERM;
		return false;
	}
	/* For an account other than root they go through exec as ambient ones only. */
	uint64_t inheritable = uid != 0 ? want : 0;

	for (unsigned i = 0; i < 2; i++) {
		data[i].permitted = data[i].effective = (uint32_t)(want >> 32 * i);
		data[i].inheritable = (uint32_t)(inheritable >> 32 * i);
	}
	if (syscall(SYS_capset, &header, data) < 0)
		return false;
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	for (unsigned i = 0; i < CAP_BITS && inheritable; i++) {
		if ((inheritable >> i & 1) &&
			prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0) < 0)
			return false;
	}
	return true;
}

/* ---- namespaces ---- */

ON_CHILD_STACK static bool
write_proc(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	ssize_t n = write(fd, text, strlen(text));
	int error = errno;

	(void)close(fd);
	errno = error;
	return n >= 0;
}

/* Everyone is who he was; nobody else has a name in there. */
ON_CHILD_STACK static bool
map_account(const struct sup_sandbox *s)
{
	return write_proc("/proc/self/setgroups", "deny") &&
	       write_proc("/proc/self/uid_map", s->uid_map) &&
	       write_proc("/proc/self/gid_map", s->gid_map);
}

ON_CHILD_STACK static bool
raise_loopback(void)
{
	struct ifreq ifr;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return false;
	memset(&ifr, 0, sizeof(ifr));
	memcpy(ifr.ifr_name, "lo", 3);
	ifr.ifr_flags = IFF_UP;
	int rc = ioctl(fd, SIOCSIFFLAGS, &ifr);
	int error = errno;

	(void)close(fd);
	errno = error;
	return rc == 0;
}

ON_CHILD_STACK static enum sup_stage
enter_namespaces(struct sup_sandbox *s)
{
	if (unshare((int)s->unshare) < 0)
		return SUP_STAGE_NAMESPACE;
	if (s->own_user && !map_account(s))
		return SUP_STAGE_NAMESPACE;
	if (s->loopback && !raise_loopback())
		return SUP_STAGE_NETWORK;
	return s->view ? sup_view_enter(s) : SUP_STAGE_NONE;
}

ON_CHILD_STACK enum sup_stage
sup_sandbox_before(struct sup_sandbox *s, bool set_ids, uid_t uid)
{
	enum sup_stage stage = SUP_STAGE_NONE;

	if (s->unshare && !s->own_user)
		stage = enter_namespaces(s);
	if (stage != SUP_STAGE_NONE)
		return stage;
	if (s->set_caps && !s->own_user) {
		if (!drop_bounding(s))
			return SUP_STAGE_CAPABILITIES;
		if (set_ids && uid != 0)
			lock_securebits(s);
	}
	return SUP_STAGE_NONE;
}

ON_CHILD_STACK enum sup_stage
sup_sandbox_after(struct sup_sandbox *s, uid_t uid)
{
	enum sup_stage stage = SUP_STAGE_NONE;

	if (s->unshare && s->own_user) {
		stage = enter_namespaces(s);
		if (stage != SUP_STAGE_NONE)
			return stage;
		if (!drop_bounding(s))
			return SUP_STAGE_CAPABILITIES;
		lock_securebits(s);
	}
	if (s->set_caps && !set_caps(s, uid))
		return SUP_STAGE_CAPABILITIES;
	return SUP_STAGE_NONE;
}

/* ---- Landlock and the filter ---- */

/* Writing, in the order of the ABI that brought it. */
ON_CHILD_STACK static uint64_t
landlock_writes(int abi)
{
	uint64_t writes = LANDLOCK_WRITE_FILE | LANDLOCK_REMOVE_AND_MAKE;

	if (abi >= 2)
		writes |= LANDLOCK_REFER;
	if (abi >= 3)
		writes |= LANDLOCK_TRUNCATE;
	return writes;
}

ON_CHILD_STACK static bool
landlock_allow(int ruleset, const char *path, uint64_t writes, bool optional)
{
	int fd = open(path, O_PATH | O_CLOEXEC);

	if (fd < 0)
		return optional;
	struct landlock_beneath rule = {.allowed_access = writes, .parent_fd = fd};
	long rc = syscall(NR_LANDLOCK_ADD_RULE, ruleset, LANDLOCK_RULE_BENEATH, &rule, 0);

	if (rc < 0 && errno == EINVAL) {
		/* A file has only what is about files. */
		rule.allowed_access &= LANDLOCK_WRITE_FILE | LANDLOCK_TRUNCATE;
		rc = syscall(
			NR_LANDLOCK_ADD_RULE, ruleset, LANDLOCK_RULE_BENEATH, &rule, 0);
	}
	int error = errno;

	(void)close(fd);
	errno = error;
	return rc == 0;
}

ON_CHILD_STACK static bool
enter_landlock(struct sup_sandbox *s)
{
	struct landlock_ruleset attr = {0};
	uint64_t writes = s->landlock_abi ? landlock_writes(s->landlock_abi) : 0;

	attr.handled_access_fs = writes;
	if (s->landlock_scope)
		attr.scoped = LANDLOCK_SCOPE_ABSTRACT_UNIX;
	size_t bytes = s->landlock_scope ? sizeof(attr) : sizeof(attr.handled_access_fs);
	int ruleset = (int)syscall(NR_LANDLOCK_CREATE, &attr, bytes, 0);

	if (ruleset < 0)
		return false;
	bool ok = true;

	if (writes) {
		ok = landlock_allow(ruleset, "/dev", writes, true) &&
		     landlock_allow(ruleset, "/proc", writes, true);
		for (size_t i = 0; ok && i < s->n_landlock_rw; i++) {
			s->failed = s->landlock_rw[i];
			ok = landlock_allow(ruleset, s->landlock_rw[i], writes, false);
		}
	}
	if (ok) {
		s->failed = NULL;
		ok = syscall(NR_LANDLOCK_RESTRICT_SELF, ruleset, 0) == 0;
	}
	int error = errno;

	(void)close(ruleset);
	errno = error;
	return ok;
}

ON_CHILD_STACK enum sup_stage
sup_sandbox_last(struct sup_sandbox *s)
{
	struct sock_fprog program = {.len = s->n_filter, .filter = s->filter};

	if ((s->landlock_abi || s->landlock_scope) && !enter_landlock(s))
		return SUP_STAGE_LANDLOCK;
	if (s->n_filter && syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
		return SUP_STAGE_SECCOMP;
	return SUP_STAGE_NONE;
}
