/* The system call filter, as a table of our own: the numbers are the kernel's and never
 * change, so a library that compiles names at run time would only make novasupd larger.
 *
 * A filter that lists what is refused, with everything that is newer than the table
 * refused as unknown (ENOSYS, as an older kernel would): programs go on to the call they
 * used before. Refused is an errno, not a death: libraries probe. */
#include "sandbox.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#endif

/* The last call that this file knows (setxattrat and its kin, Linux 6.13). */
#define NUMBER_MAX 466

/* Younger than the headers may be; the same numbers everywhere. */
#define NR_OPEN_TREE        428
#define NR_MOVE_MOUNT       429
#define NR_FSOPEN           430
#define NR_FSCONFIG         431
#define NR_FSMOUNT          432
#define NR_FSPICK           433
#define NR_PIDFD_GETFD      438
#define NR_PROCESS_MADVISE  440
#define NR_MOUNT_SETATTR    442
#define NR_QUOTACTL_FD      443
#define NR_PROCESS_MRELEASE 448
#define NR_STATMOUNT        457
#define NR_LISTMOUNT        458
#define NR_LSM_SET_SELF     460
#define NR_CLONE3           435
#define NR_IO_URING_SETUP   425
#define NR_IO_URING_ENTER   426
#define NR_IO_URING_REG     427

#ifdef NATIVE_ARCH
/* What takes a machine apart, spies on others, or has been the way out of too many
 * sandboxes. No worker's business. */
static const int refused[] = {
	SYS_mount,
	SYS_umount2,
	SYS_pivot_root,
	NR_OPEN_TREE,
	NR_MOVE_MOUNT,
	NR_FSOPEN,
	NR_FSCONFIG,
	NR_FSMOUNT,
	NR_FSPICK,
	NR_MOUNT_SETATTR,
	NR_STATMOUNT,
	NR_LISTMOUNT,
	SYS_swapon,
	SYS_swapoff,
	SYS_chroot,
	SYS_setns,
	SYS_open_by_handle_at,
	SYS_name_to_handle_at,
	SYS_fanotify_init,
	SYS_kexec_load,
	SYS_init_module,
	SYS_finit_module,
	SYS_delete_module,
	SYS_reboot,
	SYS_sethostname,
	SYS_setdomainname,
	SYS_acct,
	SYS_syslog,
	SYS_quotactl,
	NR_QUOTACTL_FD,
	SYS_vhangup,
	SYS_nfsservctl,
	SYS_bpf,
	SYS_perf_event_open,
	SYS_userfaultfd,
	SYS_ptrace,
	SYS_process_vm_readv,
	SYS_process_vm_writev,
	SYS_kcmp,
	NR_PIDFD_GETFD,
	NR_PROCESS_MADVISE,
	NR_PROCESS_MRELEASE,
	SYS_add_key,
	SYS_request_key,
	SYS_keyctl,
	NR_LSM_SET_SELF,
	SYS_settimeofday,
	SYS_clock_settime,
	SYS_clock_adjtime,
	SYS_adjtimex,
	SYS_lookup_dcookie,
	SYS_move_pages,
	SYS_migrate_pages,
#if defined(__x86_64__)
	SYS_kexec_file_load,
	SYS_iopl,
	SYS_ioperm,
	SYS_modify_ldt,
	SYS__sysctl,
	SYS_uselib,
	SYS_ustat,
	SYS_sysfs,
	SYS_create_module,
	SYS_get_kernel_syms,
	SYS_query_module,
	SYS_afs_syscall,
	SYS_tuxcall,
	SYS_security,
	SYS_getpmsg,
	SYS_putpmsg,
	SYS_vserver,
#endif
};

/* And what a business worker has no use for: other accounts, special files, priorities,
 * memory policies. */
static const int refused_strictly[] = {
	SYS_setuid,
	SYS_setgid,
	SYS_setreuid,
	SYS_setregid,
	SYS_setresuid,
	SYS_setresgid,
	SYS_setfsuid,
	SYS_setfsgid,
	SYS_setgroups,
	SYS_capset,
	SYS_mknodat,
	SYS_sched_setscheduler,
	SYS_sched_setattr,
	SYS_sched_setparam,
	SYS_sched_setaffinity,
	SYS_setpriority,
	SYS_ioprio_set,
	SYS_mbind,
	SYS_set_mempolicy,
	SYS_remap_file_pages,
	SYS_mlock,
	SYS_mlock2,
	SYS_mlockall,
	SYS_munlockall,
	SYS_fanotify_mark,
#if defined(__x86_64__)
	SYS_mknod,
#endif
};

/* Refused as unknown, so that callers take their older way. clone3 has its flags in
 * memory, where no filter sees them; io_uring does what the filter would refuse. */
static const int unknown[] = {
	NR_CLONE3, NR_IO_URING_SETUP, NR_IO_URING_ENTER, NR_IO_URING_REG};

static const uint32_t new_namespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS |
				       CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |
				       CLONE_NEWNET | 0x80u /* CLONE_NEWTIME */;

struct writer {
	struct sock_filter *out;
	unsigned short n;
};

static void
put(struct writer *w, uint16_t code, uint32_t k, uint8_t yes, uint8_t no)
{
	NV_ASSERT(w->n < SUP_SECCOMP_MAX);
	w->out[w->n++] = (struct sock_filter){.code = code, .jt = yes, .jf = no, .k = k};
}

static void
put_errno(struct writer *w, int error)
{
	put(w, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)error, 0, 0);
}

static void
put_load(struct writer *w, size_t offset)
{
	put(w, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

/* The number is loaded: this call is answered with an error. */
static void
put_refused(struct writer *w, int number, int error)
{
	put(w, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 1);
	put_errno(w, error);
}

static void
put_allow(struct writer *w)
{
	put(w, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
}

#define ARG_LOW(i) offsetof(struct seccomp_data, args[i])

/* clone, unshare: not with any of these flags. */
static void
put_flags(struct writer *w, int number)
{
	put(w, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 4);
	put_load(w, ARG_LOW(0));
	put(w, BPF_JMP | BPF_JSET | BPF_K, new_namespaces, 0, 1);
	put_errno(w, EPERM);
	put_allow(w);
}

/* socket, socketpair: of these families only. */
static void
put_families(struct writer *w, int number, const int *families, uint8_t n)
{
	put(w, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, (uint8_t)(n + 3));
	put_load(w, ARG_LOW(0));
	for (uint8_t i = 0; i < n; i++)
		put(w, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)families[i], (uint8_t)(n - i),
			0);
	put_errno(w, EAFNOSUPPORT);
	put_allow(w);
}

/* Typing into a terminal, or reading its memory. */
static void
put_terminal(struct writer *w)
{
	put(w, BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 5);
	put_load(w, ARG_LOW(1));
	put(w, BPF_JMP | BPF_JEQ | BPF_K, TIOCSTI, 1, 0);
	put(w, BPF_JMP | BPF_JEQ | BPF_K, TIOCLINUX, 0, 1);
	put_errno(w, EPERM);
	put_allow(w);
}

/* Only asking, and Linux as it is. */
static void
put_personality(struct writer *w)
{
	put(w, BPF_JMP | BPF_JEQ | BPF_K, SYS_personality, 0, 5);
	put_load(w, ARG_LOW(0));
	put(w, BPF_JMP | BPF_JEQ | BPF_K, 0xffffffffu, 2, 0);
	put(w, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0);
	put_errno(w, EPERM);
	put_allow(w);
}

/* A foreign way of calling (32-bit on a 64-bit kernel) has other numbers: none of it. */
static void
put_begin(struct writer *w)
{
	put_load(w, offsetof(struct seccomp_data, arch));
	put(w, BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCH, 1, 0);
	put_errno(w, ENOSYS);
	put_load(w, offsetof(struct seccomp_data, nr));
}

static void
put_sockets(struct writer *w, enum nv_syscalls level, bool no_network)
{
	static const int families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};
	uint8_t n = no_network ? 1 : level == NV_SYSCALLS_STRICT ? 3 : 4;

	put_families(w, SYS_socket, families, n);
	put_families(w, SYS_socketpair, families, 1);
}
#endif

unsigned short
sup_seccomp_build(
	struct sock_filter out[SUP_SECCOMP_MAX], enum nv_syscalls level, bool no_network)
{
#ifdef NATIVE_ARCH
	struct writer w = {.out = out};

	put_begin(&w);
	/* Also io_uring with only the sockets refused: it opens them too. */
	for (size_t i = 0; i < NV_LEN(unknown); i++)
		put_refused(&w, unknown[i], ENOSYS);
	if (level != NV_SYSCALLS_OFF) {
		put(&w, BPF_JMP | BPF_JGT | BPF_K, NUMBER_MAX, 0, 1);
		put_errno(&w, ENOSYS);
		for (size_t i = 0; i < NV_LEN(refused); i++)
			put_refused(&w, refused[i], EPERM);
		for (size_t i = 0;
			level == NV_SYSCALLS_STRICT && i < NV_LEN(refused_strictly); i++)
			put_refused(&w, refused_strictly[i], EPERM);
		put_flags(&w, SYS_clone);
		put_flags(&w, SYS_unshare);
		put_terminal(&w);
		put_personality(&w);
	} else {
#if defined(__x86_64__)
		put(&w, BPF_JMP | BPF_JGE | BPF_K, 0x40000000u, 0, 1); /* x32 */
		put_errno(&w, ENOSYS);
#endif
	}
	put_sockets(&w, level, no_network);
	put_allow(&w);
	return w.n;
#else
	(void)out;
	(void)level;
	(void)no_network;
	return 0;
#endif
}
