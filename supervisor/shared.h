/* The memory that the keeper and novasupd proper share: what each must know of the other
 * although either may be killed at any instruction. Flat, without pointers, in a memfd
 * that only grows with a new SUP_SHARED_VERSION, since it also passes from one binary to
 * the next (daemon-reexec).
 *
 * Both also share one descriptor table (CLONE_FILES): a number means the same in both. */
#ifndef SUP_SHARED_H
#define SUP_SHARED_H

#include "cgroup.h"
#include "nv_paths.h"

#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/types.h>

#define SUP_SHARED_VERSION  3
#define SUP_EXITS_MAX       2048 /* deaths that wait for novasupd; more stay zombies */
#define SUP_STRANGERS_MAX   64
#define SUP_SPAWN_SLOTS     16
#define SUP_KEEPER_FDS_MAX  16
#define SUP_REEXEC_PATH_MAX 4096

/* Signals by which the fleet is asked for something. */
enum sup_asked { SUP_ASKED_TERM, SUP_ASKED_INT, SUP_ASKED_HUP, SUP_ASKED_COUNT };

/* A child of the keeper that has died. */
struct sup_exit {
	int32_t pid;
	int32_t status;  /* as of wait */
	uint64_t cpu_us; /* of it and what it waited for */
	uint64_t rss_kib;
};

/* One start under way: what is known of it must outlive whoever made it. */
struct sup_spawn_slot {
	_Atomic int32_t
		pid;   /* written by the kernel before the child runs; 0: no child */
	int32_t pidfd; /* the same; -1: the kernel has none */
	_Atomic int32_t stage; /* of what failed, by the child; 0: nothing (yet) */
	_Atomic int32_t error;
	_Atomic int32_t left; /* the child has a descriptor table of its own */
};

struct sup_shared {
	uint32_t version;
	pid_t keeper_pid;
	pid_t novasupd_pid; /* 0: none is there now */
	int notify_fd;      /* novasupd's end of the relay; -1 without a manager */
	int shared_fd;      /* this memory */
	int signal_fd;      /* the keeper's own, as the next two */
	int relay_fd;
	int manager_fd;
	int exits_fd; /* eventfd: the ring has grown, or a signal was forwarded */
	bool pid1;
	atomic_int engine_pid; /* 0: none */
	atomic_int logger_pid;
	atomic_int finished;  /* the fleet was stopped in order; nothing is left to do */
	struct rlimit nofile; /* as the user gave it; children get it back */

	int image_fd;         /* novasupd's state; -1: none yet */
	atomic_int resumable; /* 1: the image is enough to go on from; 0: nothing is
			       * there yet; -1: it is not, and there is a fleet */
	atomic_int resumed;   /* novasupd has gone on, or has started */
	atomic_int steady;    /* and has lived for a while since */
	int exit_code;        /* when it has finished */
	uint32_t restarts;    /* of novasupd, ever */
	uint32_t reexecs;     /* another binary goes on, ever */
	char reexec_path[SUP_REEXEC_PATH_MAX];   /* to be executed by the keeper; "" */
	char oom_score_adj[16];                  /* for agents: see oom.h */
	_Atomic uint64_t asked[SUP_ASKED_COUNT]; /* signals the keeper has had */

	/* Messages with descriptors: given to the keeper, and by it to the manager. */
	_Atomic uint32_t said;
	_Atomic uint32_t relayed; /* a futex */

	/* Where everything is; novasupd does not look for it again. */
	struct nv_paths paths;
	struct sup_cgroup_root cgroups;

	/* Descriptors that are the keeper's own; nobody else closes them. */
	int keeper_fds[SUP_KEEPER_FDS_MAX];
	unsigned n_keeper_fds;

	/* Children the keeper already had: `sh -c 'helper & exec novasupd'`. */
	pid_t strangers[SUP_STRANGERS_MAX];
	unsigned n_strangers;

	/* Deaths, oldest first: [taken, reaped) are waiting, each at its number modulo
	 * the ring's length. The keeper alone writes `reaped`, novasupd `taken`. */
	_Atomic uint64_t reaped;
	_Atomic uint64_t taken;
	struct sup_exit exits[SUP_EXITS_MAX];

	struct sup_spawn_slot slots[SUP_SPAWN_SLOTS];
};

/* Keeper: is there room for one more? Then put it there. */
bool sup_exits_full(const struct sup_shared *shared);
void sup_exits_push(
	struct sup_shared *shared, pid_t pid, int status, const struct rusage *usage);

#endif
