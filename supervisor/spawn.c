/* Starting a program. The child borrows the parent's memory (CLONE_VM) while the parent
 * sleeps (CLONE_VFORK), so a start costs the same however large the parent is, and
 * the child tells what failed by writing to the parent's memory: no exit code is guessed.
 *
 * Between clone and exec the child makes system calls only: no allocation, no locks, no
 * libc wrapper that would act on "all threads" of the process it shares memory with. */
#include "spawn.h"
#include "fdtable.h"
#include "nv_fd.h"
#include "sandbox.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
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
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#define CLOSE_RANGE_UNSHARE (1U << 1)
#define PF_FORKNOEXEC       0x40 /* of the kernel: forked, and no exec yet */
#define SETTLE_MS           2000
#ifndef CLONE_CLEAR_SIGHAND
#define CLONE_CLEAR_SIGHAND 0x100000000ULL
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

/* What the child reads, on the parent's stack (which lasts until exec, also when the
 * parent is killed), and the slot that it writes to. */
struct job {
	const struct sup_spawn *spawn;
	struct sup_spawn_slot *slot;
	pid_t parent;
	bool join_by_file; /* not born in its cgroup: it joins by cgroup.procs */
	bool no_handlers;  /* born without signal handlers */
	/* The descriptors of spawn by the numbers that they have in the child. */
	int fds[SUP_SPAWN_FDS_MAX];
	int join_fds[SUP_SPAWN_JOINS_MAX];
	int cgroup_fd;
};

static struct {
	char *stack; /* one: the parent sleeps until the child has left it */
	enum sup_spawn_way way;
	struct sup_shared *shared; /* NULL: programs are our own children */
	bool has_window;
	bool knows_ignored;
	sigset_t ignored; /* signals that we ignore, and a child would ignore, too */
	bool slot_taken;
	unsigned slot; /* the last one taken */
	struct sup_spawn_slot own_slots[SUP_SPAWN_SLOTS];
} state;

static_assert(
	SUP_SPAWN_FDS_MAX + SUP_SPAWN_JOINS_MAX + 1 < SUP_WINDOW_END - SUP_WINDOW_FIRST,
	"everything that a start needs has a place in the window");
static_assert(SUP_SPAWN_FDS_MAX <= SUP_WINDOW_FIRST,
	"what is put to its number must not hit what is still to be put");

void
sup_spawn_init(struct sup_shared *shared, bool has_window)
{
	state.shared = shared;
	state.has_window = has_window;
}

static struct sup_spawn_slot *
slots(void)
{
	return state.shared ? state.shared->slots : state.own_slots;
}

unsigned
sup_spawn_take_slot(void)
{
	/* In turn: a child of an earlier novasupd may still be on its way to exec. */
	state.slot = (state.slot + 1) % SUP_SPAWN_SLOTS;
	state.slot_taken = true;
	struct sup_spawn_slot *slot = &slots()[state.slot];

	atomic_store(&slot->pid, 0);
	slot->pidfd = -1;
	atomic_store(&slot->stage, SUP_STAGE_NONE);
	atomic_store(&slot->error, 0);
	atomic_store(&slot->left, 0);
	return state.slot;
}

void
sup_spawn_start_from(enum sup_spawn_way way)
{
	state.way = way;
}

ON_CHILD_STACK NV_NORETURN static void
give_up(struct job *job, enum sup_stage stage, int error)
{
	atomic_store(&job->slot->error, error);
	atomic_store(&job->slot->stage, (int)stage);
	for (;;)
		(void)syscall(SYS_exit_group, 127);
}

ON_CHILD_STACK static void
check(struct job *job, enum sup_stage stage, long rc)
{
	if (rc < 0)
		give_up(job, stage, errno);
}

/* Not to be set: the kernel's, and libc's two. */
ON_CHILD_STACK static bool
is_not_ours(int sig)
{
	return sig == SIGKILL || sig == SIGSTOP || sig == 32 || sig == 33;
}

/* Set at start and not changed any more. */
static void
remember_ignored(void)
{
	state.knows_ignored = true;
	(void)sigemptyset(&state.ignored);
	for (int sig = 1; sig < NSIG; sig++) {
		struct sigaction now;

		if (!is_not_ours(sig) && sigaction(sig, NULL, &now) == 0 &&
			now.sa_handler == SIG_IGN)
			(void)sigaddset(&state.ignored, sig);
	}
}

/* Handlers would run in the parent's memory: they are gone before the mask is. */
ON_CHILD_STACK static void
child_reset_signals(struct job *job)
{
	struct sigaction dfl;

	memset(&dfl, 0, sizeof(dfl));
	dfl.sa_handler = SIG_DFL;
	for (int sig = 1; sig < NSIG; sig++) {
		if (is_not_ours(sig) ||
			(job->no_handlers && !sigismember(&state.ignored, sig)))
			continue;
		if (sigaction(sig, &dfl, NULL) < 0)
			give_up(job, SUP_STAGE_SIGNALS, errno);
	}
}

ON_CHILD_STACK static void
child_join_cgroups(struct job *job)
{
	const struct sup_spawn *s = job->spawn;

	for (unsigned i = 0; i < s->n_joins; i++)
		check(job, SUP_STAGE_CGROUP, write(job->join_fds[i], "0", 1));
	if (!job->join_by_file)
		return;
	int fd = openat(job->cgroup_fd, "cgroup.procs", O_WRONLY | O_CLOEXEC);

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
enter(struct job *job, enum sup_stage stage)
{
	if (stage != SUP_STAGE_NONE)
		give_up(job, stage, errno);
}

ON_CHILD_STACK static void
child_set_limits(struct job *job)
{
	const struct sup_spawn *s = job->spawn;

	for (unsigned i = 0; i < s->n_limits; i++)
		check(job, SUP_STAGE_LIMITS,
			setrlimit((__rlimit_resource_t)s->limits[i].resource,
				&s->limits[i].limit));
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
	if (s->sandbox)
		enter(job, sup_sandbox_after(s->sandbox, s->uid));
	if (s->die_with_parent) {
		/* After the change of uid, which clears it. */
		check(job, SUP_STAGE_PARENT, prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0));
		if (syscall(SYS_getppid) != job->parent)
			give_up(job, SUP_STAGE_PARENT, ESRCH);
	}
	check(job, SUP_STAGE_IDENTITY, prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

/* Until here the table is that of keeper and novasupd: nothing may be changed in it. The
 * copy made now ends where the window ends. */
ON_CHILD_STACK static void
child_leave_table(struct job *job)
{
	if (state.has_window)
		check(job, SUP_STAGE_DESCRIPTORS,
			syscall(SYS_close_range, (unsigned)SUP_WINDOW_END, ~0U,
				CLOSE_RANGE_UNSHARE));
	atomic_store(&job->slot->left, 1);
}

ON_CHILD_STACK static void
child_set_fds(struct job *job)
{
	const struct sup_spawn *s = job->spawn;
	int from[SUP_SPAWN_FDS_MAX];

	for (unsigned i = 0; i < s->n_fds; i++) {
		from[i] = job->fds[i];
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

	child_leave_table(job);
	child_reset_signals(job);
	child_join_cgroups(job);
	check(job, SUP_STAGE_SESSION, setsid());
	/* In a user namespace there is no right to more than there is. */
	bool early = !s->sandbox || !s->sandbox->own_user;

	child_set_oom(s); /* while it has the rights for it, and sees /proc */
	if (s->sandbox)
		enter(job, sup_sandbox_before(s->sandbox, s->set_ids, s->uid));
	if (early)
		child_set_limits(job);
	child_set_identity(job);
	if (!early)
		child_set_limits(job);
	if (s->directory)
		check(job, SUP_STAGE_DIRECTORY, chdir(s->directory));
	child_set_fds(job);
	(void)umask(022);
	(void)sigemptyset(&none);
	check(job, SUP_STAGE_SIGNALS, sigprocmask(SIG_SETMASK, &none, NULL));
	if (s->sandbox)
		enter(job, sup_sandbox_last(s->sandbox));
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

/* With a parent tid: the kernel writes the pid before the child runs, so that a start is
 * never unknown to whoever comes after us. */
static uint64_t
clone_flags(void)
{
	return CLONE_VM | CLONE_VFORK | CLONE_PARENT_SETTID |
	       (state.has_window ? CLONE_FILES : 0) | (state.shared ? CLONE_PARENT : 0);
}

static pid_t
make_clone3(struct job *job, bool into_cgroup)
{
	struct clone_args args;

	memset(&args, 0, sizeof(args));
	args.flags = clone_flags() | CLONE_PIDFD | CLONE_CLEAR_SIGHAND;
	job->no_handlers = true;
	args.pidfd = (uint64_t)(uintptr_t)&job->slot->pidfd;
	args.parent_tid = (uint64_t)(uintptr_t)&job->slot->pid;
	/* A sibling of ours has the exit signal that we have. */
	args.exit_signal = state.shared ? 0 : SIGCHLD;
	args.stack = (uint64_t)(uintptr_t)state.stack;
	args.stack_size = STACK_BYTES;
	if (into_cgroup) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)job->spawn->cgroup_fd;
	}
	job->join_by_file = job->spawn->cgroup_fd >= 0 && !into_cgroup;
	return (pid_t)clone3_call(&args, child_main, job);
}

/* The old call has one field for two purposes; the pid is the one that counts. */
static pid_t
make_clone(struct job *job)
{
	job->join_by_file = job->spawn->cgroup_fd >= 0;
	job->no_handlers = false;
	pid_t pid = clone(child_main, state.stack + STACK_BYTES,
		(int)clone_flags() | SIGCHLD, job, &job->slot->pid);

	job->slot->pidfd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
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
make_process(struct job *job)
{
	pid_t pid = -1;

	if (job->spawn->cgroup_fd >= 0 && state.way == SUP_SPAWN_CLONE3_CGROUP) {
		pid = make_clone3(job, true);
		if (pid > 0 || !way_refused(errno))
			return pid;
		state.way = SUP_SPAWN_CLONE3;
	}
	if (state.way <= SUP_SPAWN_CLONE3) {
		pid = make_clone3(job, false);
		if (pid > 0 || !way_refused(errno))
			return pid;
		state.way = SUP_SPAWN_CLONE;
	}
	return make_clone(job);
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

/* The child has failed: its end is awaited, as until then it is in its cgroup. */
static void
await_end(pid_t pid, int pidfd)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};

	if (!state.shared) {
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
		return;
	}
	/* It is in exit_group already; the keeper reaps it. */
	while (pidfd >= 0 && poll(&p, 1, -1) < 0 && errno == EINTR)
		;
}

/* The numbers that the descriptors have in the child: in the window, or their own. */
static int
place(struct job *job, unsigned *ret_placed)
{
	const struct sup_spawn *s = job->spawn;
	unsigned n = 0;
	int rc = 0;

	for (unsigned i = 0; i < s->n_fds && rc >= 0; i++)
		rc = job->fds[i] =
			state.has_window ? sup_window_put(n++, s->fds[i]) : s->fds[i];
	for (unsigned i = 0; i < s->n_joins && rc >= 0; i++)
		rc = job->join_fds[i] = state.has_window
						? sup_window_put(n++, s->join_fds[i])
						: s->join_fds[i];
	job->cgroup_fd = s->cgroup_fd;
	if (rc >= 0 && state.has_window && s->cgroup_fd >= 0)
		rc = job->cgroup_fd = sup_window_put(n++, s->cgroup_fd);
	*ret_placed = n;
	return state.has_window ? NV_MIN(rc, 0) : 0;
}

int
sup_spawn(const struct sup_spawn *spawn, pid_t *ret_pid, int *ret_pidfd,
	struct sup_spawn_error *ret_error)
{
	struct job job = {.spawn = spawn,
		.parent = state.shared ? state.shared->keeper_pid : getpid()};
	unsigned placed = 0;
	sigset_t all;
	sigset_t before;

	NV_ASSERT(spawn->n_fds <= SUP_SPAWN_FDS_MAX);
	if (!state.slot_taken)
		(void)sup_spawn_take_slot();
	state.slot_taken = false;
	job.slot = &slots()[state.slot];
	*ret_error = (struct sup_spawn_error){.stage = SUP_STAGE_CLONE};
	if (!state.knows_ignored)
		remember_ignored();
	int rc = prepare_stack();

	if (rc == 0) {
		rc = place(&job, &placed);
		if (rc < 0)
			ret_error->stage = SUP_STAGE_DESCRIPTORS;
	}
	if (rc < 0) {
		sup_window_clear(placed);
		ret_error->error = -rc;
		return rc;
	}
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &before);
	pid_t pid = make_process(&job);
	int error = errno;

	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	sup_window_clear(placed);
	if (pid < 0) {
		ret_error->error = error;
		return -error;
	}
	int stage = atomic_load(&job.slot->stage);

	if (stage != SUP_STAGE_NONE) {
		await_end(pid, job.slot->pidfd);
		nv_fd_close(&job.slot->pidfd);
		ret_error->stage = (enum sup_stage)stage;
		ret_error->error = atomic_load(&job.slot->error);
		return -ret_error->error;
	}
	ret_error->stage = SUP_STAGE_NONE;
	*ret_pid = pid;
	*ret_pidfd = job.slot->pidfd;
	return 0;
}

int
sup_spawn_slot_pidfd(unsigned number)
{
	const struct sup_spawn_slot *slot = &slots()[number % SUP_SPAWN_SLOTS];

	return atomic_load(&slot->pid) != 0 ? slot->pidfd : -1;
}

/* Has it neither reached exec nor ended? The flags of /proc/PID/stat say so. */
static bool
is_on_its_way(pid_t pid)
{
	enum { STATE = 3, FLAGS = 9 }; /* numbers of the fields, as in man proc */
	char path[64];
	char text[512];

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	NV_CLEANUP_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : nv_read_full(fd, text, sizeof(text) - 1);

	if (n <= 0)
		return false;
	text[n] = '\0';
	const char *at = strrchr(text, ')'); /* the name may hold anything */

	if (!at || at[1] != ' ' || at[2] == 'Z' || at[2] == 'X')
		return false;
	at += 2;
	for (int field = STATE; field < FLAGS && at; field++) {
		at = strchr(at, ' ');
		at = at ? at + 1 : NULL;
	}
	return at && (strtoul(at, NULL, 10) & PF_FORKNOEXEC) != 0;
}

void
sup_spawn_await_left(const struct sup_shared *shared)
{
	for (unsigned n = 0; n < SUP_SPAWN_SLOTS; n++) {
		const struct sup_spawn_slot *slot = &shared->slots[n];
		pid_t pid = atomic_load(&slot->pid);

		for (int i = 0; pid != 0 && i < SETTLE_MS &&
				atomic_load(&slot->left) == 0 && is_on_its_way(pid);
			i++)
			(void)poll(NULL, 0, 1);
	}
}

bool
sup_spawn_settle(unsigned number, int32_t *ret_pid, int32_t *ret_pidfd,
	struct sup_spawn_error *ret_error)
{
	struct sup_spawn_slot *slot = &slots()[number % SUP_SPAWN_SLOTS];
	pid_t pid = atomic_load(&slot->pid);

	*ret_error = (struct sup_spawn_error){.stage = SUP_STAGE_NONE};
	if (pid == 0)
		return false;
	for (int i = 0; i < SETTLE_MS && atomic_load(&slot->stage) == SUP_STAGE_NONE &&
			is_on_its_way(pid);
		i++)
		(void)poll(NULL, 0, 1);
	int stage = atomic_load(&slot->stage);

	if (stage > SUP_STAGE_NONE && stage < SUP_STAGE_COUNT) {
		*ret_error = (struct sup_spawn_error){
			(enum sup_stage)stage, atomic_load(&slot->error)};
		nv_fd_close(&slot->pidfd);
		return false;
	}
	*ret_pid = pid;
	*ret_pidfd = slot->pidfd;
	return true;
}
