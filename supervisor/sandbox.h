/* What a worker may see and do, beyond its account: capabilities, namespaces with a file
 * system view of its own, Landlock, a system call filter. Planned in the parent, entered
 * by the child between clone and exec (sandbox_child.c), where there are system calls
 * only. A worker that asks for nothing has no plan and pays nothing.
 *
 * Ways. With Nova as root the namespaces are made before the change of account. Without
 * the right to (an ordinary user, a container) a user namespace gives it, made after the
 * change. `read_only: system` of an ordinary user needs neither: Landlock does it. Where
 * no network namespace can be had, `network: none` is a filter that allows no sockets but
 * unix ones. What a kernel refused is not asked for again. */
#ifndef SUP_SANDBOX_H
#define SUP_SANDBOX_H

#include "nv_config.h"
#include "spawn.h"

#include <linux/filter.h>

#define SUP_SANDBOX_KEEPS_MAX (2 * 64 + 8)
#define SUP_SANDBOX_HIDES_MAX 64
#define SUP_SECCOMP_MAX       512

/* A path that gets a mount of its own: taken from the machine's view before anything is
 * covered, put back afterwards. */
struct sup_keep {
	const char *path;
	bool read_only;
	bool optional; /* absent is fine */
	int fd;        /* the child's */
};

struct sup_hide {
	const char *path;
	bool present; /* the child's: what there is of it */
	bool directory;
	int fd;
};

struct sup_sandbox {
	bool set_caps;      /* exactly those of `caps`, of which Nova must have... */
	bool caps_required; /* ... each, or only as many as it has */
	uint64_t caps;
	unsigned unshare; /* CLONE_NEW... */
	bool own_user;    /* by a user namespace, after the change of account */
	char uid_map[40];
	char gid_map[40];
	bool view;      /* a file system view of its own: what follows */
	bool read_only; /* all of it */
	bool private_tmp;
	char tmp_options[64];
	bool private_dev;
	bool no_home;
	struct sup_keep keeps[SUP_SANDBOX_KEEPS_MAX]; /* parents before children */
	unsigned n_keeps;
	struct sup_hide hides[SUP_SANDBOX_HIDES_MAX];
	unsigned n_hides;
	bool loopback;
	int landlock_abi;         /* > 0: everything is read-only but: */
	char *const *landlock_rw; /* borrowed */
	size_t n_landlock_rw;
	bool landlock_scope; /* no abstract unix sockets of others */
	struct sock_filter filter[SUP_SECCOMP_MAX];
	unsigned short n_filter;
	char not_enforced[64];       /* asked for, and this machine cannot */
	const char *volatile failed; /* the path (borrowed) that an error is about */
};

/* What the plan is made for; all borrowed. */
struct sup_sandbox_for {
	const struct nv_conf_worker *conf;
	const char *credentials; /* its directory */
	const char *bin_dir;     /* a task's: where nova-runner is; else NULL */
	uid_t uid;               /* it will run as */
	gid_t gid;
	bool set_ids;
};

/* Does this worker need a plan? */
bool sup_sandbox_needed(const struct sup_sandbox_for *who);
/* Fill in the plan. 0; or -errno with stage `isolation` in ret_error and ret->failed the
 * setting that this machine cannot do. */
int sup_sandbox_plan(struct sup_sandbox *ret, const struct sup_sandbox_for *who,
	struct sup_spawn_error *ret_error);
/* After a start that failed: true when the kernel refused the way and another plan may
 * do: plan again. */
bool sup_sandbox_refused(const struct sup_sandbox *s, const struct sup_spawn_error *e);

/* Take these ways as refused already (tests). */
#define SUP_SANDBOX_NO_REAL     1u /* namespaces by right */
#define SUP_SANDBOX_NO_USER     2u /* user namespaces */
#define SUP_SANDBOX_NO_LANDLOCK 4u
#define SUP_SANDBOX_NO_SECCOMP  8u
void sup_sandbox_without(unsigned ways);

/* ---- sandbox_child.c: in the child, in this order; 0, or a stage with errno set ---- */
/* While it still has the parent's account. */
enum sup_stage sup_sandbox_before(struct sup_sandbox *s, bool set_ids, uid_t uid);
/* With its own account; afterwards it has no rights that it is not to have. */
enum sup_stage sup_sandbox_after(struct sup_sandbox *s, uid_t uid);
/* The last before exec: Landlock and the filter. no_new_privs is set. */
enum sup_stage sup_sandbox_last(struct sup_sandbox *s);

/* ---- sandbox_view.c ---- */
/* Everything about the file system; in the namespace. */
enum sup_stage sup_view_enter(struct sup_sandbox *s);

/* ---- seccomp.c ---- */
/* The filter's length in `out`; 0 when this architecture has none. */
unsigned short sup_seccomp_build(
	struct sock_filter out[SUP_SECCOMP_MAX], enum nv_syscalls level, bool no_network);

#endif
