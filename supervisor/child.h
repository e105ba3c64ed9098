/* Every process we started, by pid. They are children of the keeper, which alone reaps
 * and writes each death into the ring of the shared memory; here a death is handed to the
 * owner of that pid, and what nobody owns (orphans of workers) is passed over: nothing
 * can take another's status.
 *
 * When the keeper is gone nobody can know a status any more; then each process is asked
 * by its pidfd whether it lives, and its end counts as SIGKILL, which it mostly was. */
#ifndef SUP_CHILD_H
#define SUP_CHILD_H

#include "shared.h"

struct sup_child;
typedef void sup_child_exit_fn(struct sup_child *child, const struct sup_exit *exit);

struct sup_child {
	pid_t pid;      /* 0: not running, or its death was handed on */
	int pidfd;      /* owned; -1 without */
	uint64_t since; /* deaths before this number are of others with the same pid */
	sup_child_exit_fn *on_exit;
	void *owner;            /* borrowed */
	struct sup_child *next; /* in its bucket, oldest first */
};

/* A main process as the image keeps it. */
struct sup_main {
	int32_t pid;    /* 0: none, or dead and dealt with */
	int32_t pidfd;  /* as in struct sup_child, who owns it */
	uint64_t since; /* the same */
	bool spawning;  /* it was about to be made; the slot says what became of it */
	uint8_t slot;
};

/* Before anything else here; shared is borrowed for life. */
void sup_children_init(struct sup_shared *shared);
/* The `since` of a process that is about to be made. */
uint64_t sup_children_mark(void);
void sup_child_add(struct sup_child *child, pid_t pid, int pidfd, uint64_t since,
	sup_child_exit_fn *on_exit, void *owner);
/* Signal the main process; a process that is gone is fine. */
void sup_child_signal(const struct sup_child *child, int sig);
/* Hand on all deaths the keeper has written down; on_exit is called for each of ours.
 * Returns how many strangers there were. */
unsigned sup_children_collect(void);
/* Without a keeper: find out who is dead. */
void sup_children_poll(void);
bool sup_child_known(pid_t pid);

#endif
