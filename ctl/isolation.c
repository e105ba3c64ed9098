/* What this kernel offers for the isolation of workers: see isolation.h. */
#include "isolation.h"
#include "nv_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NR_LANDLOCK_CREATE_RULESET 444
#define LANDLOCK_VERSION           1u

static void
look_landlock(struct ctl_finding *f)
{
	long abi = syscall(NR_LANDLOCK_CREATE_RULESET, (void *)0, 0UL, LANDLOCK_VERSION);

	f->check = "landlock";
	f->good = abi > 0;
	if (abi > 0)
		(void)snprintf(f->detail, sizeof(f->detail),
			"ABI %ld: `read_only: system` works for an ordinary user", abi);
	else
		(void)snprintf(f->detail, sizeof(f->detail),
			"%s: `read_only: system` needs namespaces",
			errno == EOPNOTSUPP ? "disabled at boot" : "not in this kernel");
}

static void
look_seccomp(struct ctl_finding *f)
{
	f->check = "seccomp";
#if defined(__x86_64__) || defined(__aarch64__)
	f->good = prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0;
#endif
	(void)snprintf(f->detail, sizeof(f->detail), "%s",
		f->good ? "system calls can be refused (`syscalls`)"
			: "not available: `syscalls` is not possible");
}

/* 0 or the errno of unshare in a child of ours. */
static int
try_unshare(int flags)
{
	int status = 0;
	pid_t pid = fork();

	if (pid < 0)
		return errno;
	if (pid == 0)
		_exit(unshare(flags) < 0 ? errno & 0xff : 0);
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return errno;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

static void
look_namespaces(struct ctl_finding *f)
{
	bool root = geteuid() == 0;
	int error = root ? try_unshare(CLONE_NEWNS | CLONE_NEWNET) : EPERM;
	bool by_user = error != 0;

	if (by_user)
		error = try_unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET);
	f->check = "namespaces";
	f->good = error == 0;
	if (error)
		(void)snprintf(f->detail, sizeof(f->detail),
			"%s: private_tmp, private_dev, home and paths are not possible, "
			"`network: none` is a filter of sockets",
			strerror(error));
	else
		(void)snprintf(f->detail, sizeof(f->detail), "mount and network%s",
			by_user ? ", in a user namespace" : "");
}

/* "memory" of cgroup.controllers, or from a directory of v1. */
static bool
has_word(const char *text, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = text; (at = strstr(at, word)); at += n) {
		if ((at == text || at[-1] == ' ') &&
			(at[n] == ' ' || at[n] == '\n' || at[n] == '\0'))
			return true;
	}
	return false;
}

static void
look_controllers(struct ctl_finding *f)
{
	static const char *const files[] = {"/sys/fs/cgroup/cgroup.controllers",
		"/sys/fs/cgroup/unified/cgroup.controllers"};
	static const char *const names[] = {"memory", "pids", "cpu", "io"};
	NV_CLEANUP_FREE char *text = NULL;
	size_t used = 0;

	for (size_t i = 0; i < NV_LEN(files) && !text; i++)
		(void)nv_read_file_at(AT_FDCWD, files[i], 4096, &text, NULL);
	f->check = "controllers";
	f->good = true;
	for (size_t i = 0; i < NV_LEN(names); i++) {
		char v1[64];
		bool io = strcmp(names[i], "io") == 0;
		bool v2 = text && has_word(text, names[i]);

		(void)snprintf(
			v1, sizeof(v1), "/sys/fs/cgroup/%s", io ? "blkio" : names[i]);
		bool old = !v2 && access(v1, F_OK) == 0;

		f->good = f->good && (v2 || old || io);
		used += (size_t)snprintf(f->detail + used, sizeof(f->detail) - used,
			"%s%s: %s", i ? ", " : "", names[i],
			v2    ? "v2"
			: old ? "v1"
			      : "none");
	}
}

size_t
ctl_isolation_look(struct ctl_finding ret[CTL_FINDINGS_MAX])
{
	memset(ret, 0, CTL_FINDINGS_MAX * sizeof(*ret));
	look_landlock(&ret[0]);
	look_seccomp(&ret[1]);
	look_namespaces(&ret[2]);
	look_controllers(&ret[3]);
	return CTL_FINDINGS_MAX;
}
