/* Drives two implementations of tree.h through one history and compares them after every
 * event: actions in order, views, counts, deadline, restarts. Beside that it holds the
 * second one to what needs no model: never two processes for a leaf, STOP only for a live
 * one, every call answered once, reverse order, and an end after a stop. */
#ifndef SIM_H
#define SIM_H

#include "history.h"
#include "tree_side.h"

#include <stdio.h>

#define SIM_GROUPS 24  /* group tags 1.. */
#define SIM_NODES  512 /* node numbers of either side */
#define SIM_CALLS  768

enum sim_proc { SIM_NONE, SIM_STARTING, SIM_RUNNING, SIM_STOPPING };

struct sim {
	const struct side_ops
		*ops[2]; /* 0: the judge, the model; 1: the one that is judged */
	void *side[2];
	FILE *trace; /* NULL: quiet */
	int64_t now_ms;
	sup_node group[SIM_GROUPS][2]; /* by tag; 0: none */
	sup_node top[SIM_GROUPS];      /* tags of groups without parent */
	unsigned n_top;
	sup_node other[SIM_NODES]; /* node of side 1, by node of side 0 */
	sup_node judge[SIM_NODES]; /* and back */
	enum sim_proc proc[SIM_NODES];
	sup_node node_max;
	sup_node forgotten;           /* the last one, of side 0 */
	uint8_t call[SIM_CALLS];      /* answers still to come, by number of the call */
	bool was_starting[SIM_NODES]; /* STOPPING, and its START was not answered before
				       */
	bool in_order[SIM_NODES]; /* was told to stop by a STOP_ALL, and has not exited */
	bool going[SIM_NODES];    /* groups that were in STOP_ALL before this event */
	bool deferred;            /* some actions were left untaken */
	bool ended[SIM_GROUPS];   /* since the last stop of everything */
	char problem[256];        /* "" : none */
};

int sim_init(struct sim *s, const struct side_ops *judge, enum otp_break judge_broken,
	const struct side_ops *judged, enum otp_break judged_broken);
void sim_fini(struct sim *s);

/* One event; false: a difference, `problem` says which. An event that makes no sense
 * where it stands (an answer nobody waits for) does nothing. */
bool sim_apply(struct sim *s, const struct event *e);
/* Stop everything, answer everything, and see that nothing is left. */
bool sim_finish(struct sim *s);
/* May this leaf (a node of side 0) be said to have done this? */
bool sim_may(const struct sim *s, sup_node leaf, enum event_kind kind);

/* The whole history on fresh sides: the number of the event at which they differ, h->n
 * for the end, -1: they agree. */
int sim_replay(const struct history *h, const struct side_ops *judge,
	enum otp_break judge_broken, const struct side_ops *judged,
	enum otp_break judged_broken, FILE *trace, char *problem, size_t problem_bytes);

#endif
