/* Starting a program. The child borrows the parent's memory (CLONE_VM) while the parent
 * sleeps (CLONE_VFORK), so a start costs the same however large the parent is, and
 * the child tells what failed by writing to the parent's memory: no exit code is guessed.
 *
 * Between clone and exec the child makes system calls only: no allocation, no locks, no
 * libc wrapper that would act on "all threads" of the process it shares memory with. */
#include "spawn.h"
#include "nv_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif

/* The child runs on a stack that AddressSanitizer does not know; without this it
 * complains about each function there that does not return. */
#define ON_CHILD_STACK __attribute__((no_sanitize("address")))

#define STACK_BYTES ((size_t)256 << 10)
#define FD_FLOOR    16 /* sources are moved above the numbers they become */

static const char *const stage_names[SUP_STAGE_COUNT] = {
#define X(name, text) [SUP_STAGE_##name] = text,
	SUP_STAGES(X)
#undef X
};

const char *
sup_stage_name(enum sup_stage stage)
{
	NV_ASSERT(stage < SUP_STAGE_COUNT);
	return stage_names[stage];
}

bool
sup_spawn_error_is_machine(const struct sup_spawn_error *e)
{
	switch (e->error) {
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case ENOSPC:
	case EAGAIN:
		return e->stage == SUP_STAGE_DESCRIPTORS ||
		       e->stage == SUP_STAGE_CGROUP || e->stage == SUP_STAGE_CLONE ||
		       e->stage == SUP_STAGE_SECRET || e->stage == SUP_STAGE_EXEC;
	default:
		return false;
	}
}

/* What the child reads and writes, on the parent's stack. */
struct job {
	const struct sup_spawn *spawn;
	pid_t parent;
	bool join_by_file; /* not born in its cgroup: it joins by cgroup.procs */
	volatile int stage;
	volatile int error;
};

static struct {
	char *stack; /* one: the parent sleeps until the child has left it */
	enum sup_spawn_way way;
} state;

void
sup_spawn_start_from(enum sup_spawn_way way)
{
	state.way = way;
}

ON_CHILD_STACK NV_NORETURN static void
give_up(struct job *job, enum sup_stage stage, int error)
{
	job->error = error;
	job->stage = (int)stage;
	for (;;)
		(void)syscall(SYS_exit_group, 127);
}

ON_CHILD_STACK static void
check(struct job *job, enum sup_stage stage, long rc)
{
	if (rc < 0)
		give_up(job, stage, errno);
}

/* Handlers would run in the parent's memory: they are gone before the mask is. */
ON_CHILD_STACK static void
child_reset_signals(struct job *job)
{
	struct sigaction dfl;

	memset(&dfl, 0, sizeof(dfl));
	dfl.sa_handler = SIG_DFL;
	for (int sig = 1; sig < NSIG; sig++) {
		if (sig == SIGKILL || sig == SIGSTOP || sig == 32 || sig == 33)
			continue; /* not ours to set: the kernel's, and libc's two */
		if (sigaction(sig, &dfl, NULL) < 0)
			give_up(job, SUP_STAGE_SIGNALS, errno);
	}
}

ON_CHILD_STACK static void
child_join_cgroups(struct job *job)
{
	const struct sup_spawn *s = job->spawn;

	for (unsigned i = 0; i < s->n_joins; i++)
		check(job, SUP_STAGE_CGROUP, write(s->join_fds[i], "0", 1));
	if (!job->join_by_file)
		return;
	int fd = openat(s->cgroup_fd, "cgroup.procs", O_WRONLY | O_CLOEXEC);

	check(job, SUP_STAGE_CGROUP, fd);
	check(job, SUP_STAGE_CGROUP, write(fd, "0", 1));
}

/* The memory is shared with the parent, but a vforked child's value is its own. */
ON_CHILD_STACK static void
child_set_oom(const struct sup_spawn *s)
{
	if (!s->oom_score_adj)
		return;
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)!write(fd, s->oom_score_adj, strlen(s->oom_score_adj)); /* or it stays */
	(void)close(fd);
}

ON_CHILD_STACK static void
child_set_identity(struct job *job)
{
	const struct sup_spawn *s = job->spawn;

	if (s->set_ids) {
		/* Raw calls: libc's would change the ids of every thread it knows of, and
		 * those are the parent's. */
		check(job, SUP_STAGE_IDENTITY,
			syscall(SYS_setgroups, s->n_groups, s->groups));
		check(job, SUP_STAGE_IDENTITY,
			syscall(SYS_setresgid, s->gid, s->gid, s->gid));
		check(job, SUP_STAGE_IDENTITY,
			syscall(SYS_setresuid, s->uid, s->uid, s->uid));
	}
	if (s->die_with_parent) {
		/* After the change of uid, which clears it. */
		check(job, SUP_STAGE_PARENT, prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0));
		if (syscall(SYS_getppid) != job->parent)
			give_up(job, SUP_STAGE_PARENT, ESRCH);
	}
	check(job, SUP_STAGE_IDENTITY, prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

ON_CHILD_STACK static void
child_set_fds(struct job *job)
{
	const struct sup_spawn *s = job->spawn;
	int from[SUP_SPAWN_FDS_MAX];

	for (unsigned i = 0; i < s->n_fds; i++) {
		from[i] = s->fds[i];
		if (from[i] < FD_FLOOR)
			from[i] = fcntl(from[i], F_DUPFD_CLOEXEC, FD_FLOOR);
		check(job, SUP_STAGE_DESCRIPTORS, from[i]);
	}
	for (unsigned i = 0; i < s->n_fds; i++)
		check(job, SUP_STAGE_DESCRIPTORS, dup2(from[i], (int)i));
	/* Everything of ours is close-on-exec; this is for what a library opened
	 * without it. A kernel without the call (before 5.9) has only the flags. */
	if (syscall(SYS_close_range, s->n_fds, ~0U, 0) < 0 && errno != ENOSYS)
		give_up(job, SUP_STAGE_DESCRIPTORS, errno);
}

ON_CHILD_STACK NV_NORETURN static void
child_exec(struct job *job)
{
	const struct sup_spawn *s = job->spawn;
	int error = ENOENT;

	for (char *const *path = s->candidates; *path; path++) {
		(void)execve(*path, s->argv, s->envp);
		if (errno == ENOENT || errno == ENOTDIR)
			continue;
		error = errno;
		if (error != EACCES)
			break; /* found, and it cannot be run */
	}
	give_up(job, SUP_STAGE_EXEC, error);
}

ON_CHILD_STACK static int
child_main(void *arg)
{
	struct job *job = arg;
	const struct sup_spawn *s = job->spawn;
	sigset_t none;

	child_reset_signals(job);
	child_join_cgroups(job);
	check(job, SUP_STAGE_SESSION, setsid());
	for (unsigned i = 0; i < s->n_limits; i++)
		check(job, SUP_STAGE_LIMITS,
			setrlimit((__rlimit_resource_t)s->limits[i].resource,
				&s->limits[i].limit));
	child_set_oom(s); /* while it has the rights for it */
	child_set_identity(job);
	if (s->directory)
		check(job, SUP_STAGE_DIRECTORY, chdir(s->directory));
	child_set_fds(job);
	(void)umask(022);
	(void)sigemptyset(&none);
	check(job, SUP_STAGE_SIGNALS, sigprocmask(SIG_SETMASK, &none, NULL));
	child_exec(job);
}

/* clone3 returns in the child on a new, empty stack, so no C function may return
 * there: the child calls fn straight from the instruction after the system call. */
static long
clone3_call(struct clone_args *args, int (*fn)(void *), void *arg)
{
#if defined(__x86_64__)
	long ret;
	register int (*r12)(void *) __asm__("r12") = fn;
	register void *r13 __asm__("r13") = arg;

	__asm__ volatile(
		"syscall\n\t"
		"testq %%rax, %%rax\n\t"
		"jnz 1f\n\t"
		"xorl %%ebp, %%ebp\n\t"
		"movq %%r13, %%rdi\n\t"
		"callq *%%r12\n\t"
		"ud2\n"
		"1:"
		: "=a"(ret)
		: "0"((long)SYS_clone3), "D"(args), "S"(sizeof(*args)), "r"(r12), "r"(r13)
		: "rcx", "r11", "memory", "cc");
	if (ret < 0) {
		errno = (int)-ret;
		return -1;
	}
	return ret;
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = SYS_clone3;
	register long x0 __asm__("x0") = (long)args;
	register long x1 __asm__("x1") = sizeof(*args);
	register int (*x20)(void *) __asm__("x20") = fn;
	register void *x21 __asm__("x21") = arg;

	__asm__ volatile("svc #0\n\t"
			 "cbnz x0, 1f\n\t"
			 "mov x29, xzr\n\t"
			 "mov x0, x21\n\t"
			 "blr x20\n\t"
			 "brk #1\n"
			 "1:"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x20), "r"(x21)
			 : "x30", "memory", "cc");
	if (x0 < 0) {
		errno = (int)-x0;
		return -1;
	}
	return x0;
#else
	(void)args;
	(void)fn;
	(void)arg;
	errno = ENOSYS;
	return -1;
#endif
}

static pid_t
make_clone3(struct job *job, bool into_cgroup, int *ret_pidfd)
{
	int pidfd = -1;
	struct clone_args args;

	memset(&args, 0, sizeof(args));
	args.flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD;
	args.pidfd = (uint64_t)(uintptr_t)&pidfd;
	args.exit_signal = SIGCHLD;
	args.stack = (uint64_t)(uintptr_t)state.stack;
	args.stack_size = STACK_BYTES;
	if (into_cgroup) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)job->spawn->cgroup_fd;
	}
	job->join_by_file = job->spawn->cgroup_fd >= 0 && !into_cgroup;
	pid_t pid = (pid_t)clone3_call(&args, child_main, job);

	if (pid > 0)
		*ret_pidfd = pidfd;
	return pid;
}

static pid_t
make_clone(struct job *job, int *ret_pidfd)
{
	int pidfd = -1;

	job->join_by_file = job->spawn->cgroup_fd >= 0;
	pid_t pid = clone(child_main, state.stack + STACK_BYTES,
		CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, job, &pidfd);

	if (pid > 0)
		*ret_pidfd = pidfd;
	return pid;
}

/* Errors that speak of the way, not of this start: the next way may do. */
static bool
way_refused(int error)
{
	return error == ENOSYS || error == E2BIG || error == EINVAL ||
	       error == EOPNOTSUPP || error == EPERM || error == EACCES || error == EBUSY;
}

static pid_t
make_process(struct job *job, int *ret_pidfd)
{
	pid_t pid = -1;

	if (job->spawn->cgroup_fd >= 0 && state.way == SUP_SPAWN_CLONE3_CGROUP) {
		pid = make_clone3(job, true, ret_pidfd);
		if (pid > 0 || !way_refused(errno))
			return pid;
		state.way = SUP_SPAWN_CLONE3;
	}
	if (state.way <= SUP_SPAWN_CLONE3) {
		pid = make_clone3(job, false, ret_pidfd);
		if (pid > 0 || !way_refused(errno))
			return pid;
		state.way = SUP_SPAWN_CLONE;
	}
	return make_clone(job, ret_pidfd);
}

static int
prepare_stack(void)
{
	if (!state.stack) {
		void *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);

		if (stack == MAP_FAILED)
			return -errno;
		state.stack = stack;
	}
#if defined(__SANITIZE_ADDRESS__)
	/* The last child left it by exec, with its frames still marked as in use. */
	__asan_unpoison_memory_region(state.stack, STACK_BYTES);
#endif
	return 0;
}

static void
reap(pid_t pid)
{
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

int
sup_spawn(const struct sup_spawn *spawn, pid_t *ret_pid, int *ret_pidfd,
	struct sup_spawn_error *ret_error)
{
	struct job job = {.spawn = spawn, .parent = getpid()};
	NV_CLEANUP_FD pidfd = -1;
	sigset_t all;
	sigset_t before;

	NV_ASSERT(spawn->n_fds <= SUP_SPAWN_FDS_MAX);
	*ret_error = (struct sup_spawn_error){.stage = SUP_STAGE_CLONE};
	int rc = prepare_stack();

	if (rc < 0) {
		ret_error->error = -rc;
		return rc;
	}
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &before);
	pid_t pid = make_process(&job, &pidfd);
	int error = errno;

	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	if (pid < 0) {
		ret_error->error = error;
		return -error;
	}
	if (job.stage != SUP_STAGE_NONE) {
		reap(pid);
		ret_error->stage = (enum sup_stage)job.stage;
		ret_error->error = job.error;
		return -job.error;
	}
	ret_error->stage = SUP_STAGE_NONE;
	*ret_pid = pid;
	*ret_pidfd = nv_fd_steal(&pidfd);
	return 0;
}
