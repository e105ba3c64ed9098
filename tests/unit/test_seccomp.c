/* The system call filter: every program of it is run by an interpreter of the few
 * instructions it uses, over all call numbers, architectures and the arguments that
 * matter; and by the kernel, which checks that it is one. */
#include "run_suite.h"
#include "sandbox.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#else
#define NATIVE AUDIT_ARCH_AARCH64
#endif
#define ALLOW 0

static struct sock_filter program[SUP_SECCOMP_MAX];

/* The errno the filter answers with; ALLOW. */
static int
run(unsigned short n, const struct seccomp_data *data)
{
	uint32_t a = 0;

	for (unsigned pc = 0; pc < n; pc++) {
		const struct sock_filter *f = &program[pc];
		bool jump = false;

		switch (f->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			ck_assert_uint_le(f->k + 4, sizeof(*data));
			memcpy(&a, (const char *)data + f->k, 4);
			continue;
		case BPF_RET | BPF_K:
			if (f->k == SECCOMP_RET_ALLOW)
				return ALLOW;
			ck_assert_uint_eq(
				f->k & SECCOMP_RET_ACTION_FULL, SECCOMP_RET_ERRNO);
			return (int)(f->k & SECCOMP_RET_DATA);
		case BPF_JMP | BPF_JEQ | BPF_K:
			jump = a == f->k;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			jump = a > f->k;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			jump = a >= f->k;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			jump = a & f->k;
			break;
		default:
			ck_abort_msg("instruction %#x", f->code);
		}
		pc += jump ? f->jt : f->jf;
	}
	ck_abort_msg("the program has no end");
}

static int
answer(unsigned short n, long number, uint64_t first, uint64_t second)
{
	struct seccomp_data data = {
		.nr = (int)number, .arch = NATIVE, .args = {first, second}};

	return run(n, &data);
}

START_TEST(test_default)
{
	unsigned short n = sup_seccomp_build(program, NV_SYSCALLS_DEFAULT, false);
	static const long refused[] = {SYS_mount, SYS_umount2, SYS_pivot_root, SYS_bpf,
		SYS_ptrace, SYS_keyctl, SYS_add_key, SYS_init_module, SYS_finit_module,
		SYS_delete_module, SYS_kexec_load, SYS_reboot, SYS_swapon, SYS_setns,
		SYS_perf_event_open, SYS_userfaultfd, SYS_process_vm_readv,
		SYS_open_by_handle_at, SYS_settimeofday, SYS_sethostname, SYS_chroot, 428,
		429, 442};
	static const long allowed[] = {SYS_read, SYS_write, SYS_openat, SYS_close,
		SYS_mmap, SYS_mprotect, SYS_futex, SYS_execve, SYS_exit_group, SYS_dup3,
		SYS_fcntl, SYS_rt_sigprocmask, SYS_getrandom, SYS_prctl, SYS_setsid,
		SYS_wait4, SYS_kill, SYS_setuid, SYS_sched_setaffinity, SYS_connect,
		SYS_bind, 436 /* close_range */, 441 /* epoll_pwait2 */};

	ck_assert_uint_gt(n, 0);
	for (size_t i = 0; i < NV_LEN(refused); i++)
		ck_assert_int_eq(answer(n, refused[i], 0, 0), EPERM);
	for (size_t i = 0; i < NV_LEN(allowed); i++)
		ck_assert_msg(
			answer(n, allowed[i], 0, 0) == ALLOW, "call %ld", allowed[i]);
	ck_assert_int_eq(answer(n, 435, 0, 0), ENOSYS); /* clone3 */
	ck_assert_int_eq(answer(n, 425, 0, 0), ENOSYS); /* io_uring_setup */
	for (long nr = 467; nr < 1000; nr++)
		ck_assert_int_eq(answer(n, nr, 0, 0), ENOSYS);
	ck_assert_int_eq(answer(n, 0x40000000 | SYS_write, 0, 0), ENOSYS);
	ck_assert_int_eq(answer(n, -1, 0, 0), ENOSYS);
}
END_TEST

START_TEST(test_arguments)
{
	unsigned short n = sup_seccomp_build(program, NV_SYSCALLS_DEFAULT, false);

	ck_assert_int_eq(answer(n, SYS_clone, SIGCHLD, 0), ALLOW);
	ck_assert_int_eq(answer(n, SYS_clone, CLONE_VM | CLONE_THREAD, 0), ALLOW);
	ck_assert_int_eq(answer(n, SYS_clone, CLONE_NEWUSER | SIGCHLD, 0), EPERM);
	ck_assert_int_eq(answer(n, SYS_clone, CLONE_NEWNET, 0), EPERM);
	ck_assert_int_eq(answer(n, SYS_unshare, CLONE_FILES, 0), ALLOW);
	ck_assert_int_eq(answer(n, SYS_unshare, CLONE_NEWNS, 0), EPERM);
	ck_assert_int_eq(answer(n, SYS_unshare, 0x80, 0), EPERM);
	ck_assert_int_eq(answer(n, SYS_ioctl, 1, TCGETS), ALLOW);
	ck_assert_int_eq(answer(n, SYS_ioctl, 1, TIOCSTI), EPERM);
	ck_assert_int_eq(answer(n, SYS_ioctl, 1, TIOCSTI | UINT64_C(1) << 32), EPERM);
	ck_assert_int_eq(answer(n, SYS_ioctl, 1, TIOCLINUX), EPERM);
	ck_assert_int_eq(answer(n, SYS_personality, 0, 0), ALLOW);
	ck_assert_int_eq(answer(n, SYS_personality, 0xffffffff, 0), ALLOW);
	ck_assert_int_eq(answer(n, SYS_personality, 0x0040000, 0), EPERM);
	for (int family = 0; family < 50; family++) {
		bool fine = family == AF_UNIX || family == AF_INET ||
			    family == AF_INET6 || family == AF_NETLINK;

		ck_assert_int_eq(answer(n, SYS_socket, (uint64_t)family, SOCK_RAW),
			fine ? ALLOW : EAFNOSUPPORT);
	}
}
END_TEST

START_TEST(test_strict)
{
	unsigned short usual = sup_seccomp_build(program, NV_SYSCALLS_DEFAULT, false);
	int answers[500];

	for (int nr = 0; nr < 500; nr++)
		answers[nr] = answer(usual, nr, 0, 0);
	unsigned short n = sup_seccomp_build(program, NV_SYSCALLS_STRICT, false);

	/* Stricter everywhere, never looser. */
	for (int nr = 0; nr < 500; nr++)
		ck_assert(answers[nr] == ALLOW || answer(n, nr, 0, 0) == answers[nr]);
	ck_assert_int_eq(answer(n, SYS_setuid, 0, 0), EPERM);
	ck_assert_int_eq(answer(n, SYS_sched_setaffinity, 0, 0), EPERM);
	ck_assert_int_eq(answer(n, SYS_socket, AF_NETLINK, 0), EAFNOSUPPORT);
	ck_assert_int_eq(answer(n, SYS_socket, AF_INET6, 0), ALLOW);
	ck_assert_int_eq(answer(n, SYS_execve, 0, 0), ALLOW);
}
END_TEST

START_TEST(test_no_network)
{
	for (int level = NV_SYSCALLS_OFF; level <= NV_SYSCALLS_STRICT; level++) {
		unsigned short n =
			sup_seccomp_build(program, (enum nv_syscalls)level, true);

		for (int family = 0; family < 50; family++)
			ck_assert_int_eq(answer(n, SYS_socket, (uint64_t)family, 0),
				family == AF_UNIX ? ALLOW : EAFNOSUPPORT);
		ck_assert_int_eq(answer(n, SYS_socketpair, AF_UNIX, 0), ALLOW);
		ck_assert_int_eq(answer(n, SYS_socketpair, AF_INET, 0), EAFNOSUPPORT);
		ck_assert_int_eq(answer(n, 425, 0, 0), ENOSYS);
		ck_assert_int_eq(answer(n, SYS_mount, 0, 0),
			level == NV_SYSCALLS_OFF ? ALLOW : EPERM);
		ck_assert_int_eq(answer(n, SYS_execve, 0, 0), ALLOW);
	}
}
END_TEST

START_TEST(test_foreign)
{
	for (int level = NV_SYSCALLS_OFF; level <= NV_SYSCALLS_STRICT; level++) {
		unsigned short n =
			sup_seccomp_build(program, (enum nv_syscalls)level, true);

		for (int nr = 0; nr < 500; nr++) {
			struct seccomp_data data = {.nr = nr, .arch = AUDIT_ARCH_I386};

			ck_assert_int_eq(run(n, &data), ENOSYS);
		}
	}
}
END_TEST

/* The kernel takes it, and refuses by it. */
START_TEST(test_kernel)
{
	struct sock_fprog fprog = {.filter = program};

	fprog.len = sup_seccomp_build(program, NV_SYSCALLS_STRICT, true);
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
			prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &fprog) < 0)
			_exit(1);
		if (socket(AF_INET, SOCK_STREAM, 0) >= 0 || errno != EAFNOSUPPORT)
			_exit(2);
		if (syscall(SYS_bpf, 0, 0, 0) >= 0 || errno != EPERM)
			_exit(3);
		_exit(socket(AF_UNIX, SOCK_STREAM, 0) >= 0 ? 0 : 4);
	}
	int status = 0;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("seccomp");
	TCase *tc = tcase_create("seccomp");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_default);
	tcase_add_test(tc, test_arguments);
	tcase_add_test(tc, test_strict);
	tcase_add_test(tc, test_no_network);
	tcase_add_test(tc, test_foreign);
	tcase_add_test(tc, test_kernel);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
