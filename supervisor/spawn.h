/* Start a program: vfork-speed clone3 into its cgroup, and a report of stage and
 * errno when something fails before or in exec. The parent's memory is not copied. */
#ifndef SUP_SPAWN_H
#define SUP_SPAWN_H

#include "shared.h"

#include <sys/resource.h>
#include <sys/types.h>

/* What was being done when a start failed; the names are shown to people and kept in
 * the journal. */
#define SUP_STAGES(X) \
	X(NONE, "none") \
	X(SECRET, "secret") \
	X(ENVIRONMENT, "environment") \
	X(ISOLATION, "isolation") \
	X(USER, "user") \
	X(DESCRIPTORS, "descriptors") \
	X(CGROUP, "cgroup") \
	X(CLONE, "clone") \
	X(SIGNALS, "signals") \
	X(SESSION, "session") \
	X(LIMITS, "limits") \
	X(IDENTITY, "identity") \
	X(NAMESPACE, "namespace") \
	X(NETWORK, "network") \
	X(MOUNT, "mount") \
	X(CAPABILITIES, "capabilities") \
	X(PARENT, "parent") \
	X(DIRECTORY, "directory") \
	X(LANDLOCK, "landlock") \
	X(SECCOMP, "seccomp") \
	X(EXEC, "exec")

enum sup_stage {
#define X(name, text) SUP_STAGE_##name,
	SUP_STAGES(X)
#undef X
		SUP_STAGE_COUNT
};

const char *sup_stage_name(enum sup_stage stage);

struct sup_spawn_error {
	enum sup_stage stage;
	int error; /* errno, positive */
};

/* The machine ran out of something; the same start may work later. */
bool sup_spawn_error_is_machine(const struct sup_spawn_error *error);

#define SUP_SPAWN_FDS_MAX    6
#define SUP_SPAWN_LIMITS_MAX 10
#define SUP_SPAWN_JOINS_MAX  3

struct sup_sandbox;

struct sup_spawn {
	char *const *argv;          /* all borrowed for the call */
	char *const *envp;          /* the whole environment of the program */
	char *const *candidates;    /* paths to try in order, NULL-terminated */
	const char *directory;      /* NULL: stay */
	int fds[SUP_SPAWN_FDS_MAX]; /* become 0, 1, 2...; nothing else is inherited */
	unsigned n_fds;
	int cgroup_fd;                     /* v2 directory to be born in; -1 = none */
	int join_fds[SUP_SPAWN_JOINS_MAX]; /* open cgroup.procs files to join */
	unsigned n_joins;
	bool set_ids;
	uid_t uid;
	gid_t gid;
	const gid_t *groups;
	size_t n_groups;
	struct {
		int resource;
		struct rlimit limit;
	} limits[SUP_SPAWN_LIMITS_MAX];
	unsigned n_limits;
	struct sup_sandbox *sandbox; /* NULL: none; the child notes in it what failed */
	bool die_with_parent;        /* SIGKILL when its parent dies */
	const char *oom_score_adj;   /* NULL: inherited; where refused, too */
};

/* From now on programs are started as children of the keeper, who reaps them, with their
 * descriptors in the window (fdtable.h): every descriptor that is used between clone and
 * exec has to be one of struct sup_spawn. What is known of a start is written into a slot
 * of shared memory. Without this call they are children of the caller. */
void sup_spawn_init(struct sup_shared *shared, bool has_window);
/* Take and clear the slot that the next sup_spawn uses: whoever wants to find the start
 * again after its own death writes the number down first. */
unsigned sup_spawn_take_slot(void);
/* Before the common table is touched by another novasupd: what its predecessor was about
 * to start has to have its own first. Waits a moment, if at all. */
void sup_spawn_await_left(const struct sup_shared *shared);
int sup_spawn_slot_pidfd(unsigned number); /* -1: no process was made */
/* What became of a start whose maker died: true and its process, which may have ended
 * since; false when there is none, with ret_error->stage set if it failed. Waits a moment
 * for one that has not come to exec yet. */
bool sup_spawn_settle(unsigned number, int32_t *ret_pid, int32_t *ret_pidfd,
	struct sup_spawn_error *ret_error);

/* 0 with *ret_pid and *ret_pidfd (the caller's; -1 on kernels without), or -errno
 * with *ret_error set; then no process is left. */
int sup_spawn(const struct sup_spawn *spawn, pid_t *ret_pid, int *ret_pidfd,
	struct sup_spawn_error *ret_error);

/* Ways to make a process, best first. A kernel that refuses one is not asked again;
 * tests start from a later one to run the fallbacks. */
enum sup_spawn_way {
	SUP_SPAWN_CLONE3_CGROUP,
	SUP_SPAWN_CLONE3,
	SUP_SPAWN_CLONE,
};
void sup_spawn_start_from(enum sup_spawn_way way);

#endif
