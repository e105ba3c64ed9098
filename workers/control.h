/* Lines on the control pipe (nova-protocol(7), "Control"). */
#ifndef RN_CONTROL_H
#define RN_CONTROL_H

#include "gate.h"
#include "nv_err.h"
#include "nv_split.h"

#define RN_CONTROL_BYTES_MAX ((size_t)16 << 10)
#define RN_PARAMS_BYTES      4096

enum rn_control_kind {
	RN_CONTROL_OTHER, /* one of a later version: not for us */
	RN_CONTROL_ACK,
	RN_CONTROL_PAUSE,
	RN_CONTROL_RESUME,
	RN_CONTROL_PARAMS,
	RN_CONTROL_SPLIT,
	RN_CONTROL_BUDGET,
	RN_CONTROL_STOP,
	RN_CONTROL_RESERVED,
	RN_CONTROL_REFUSED,
	RN_CONTROL_GATE
};

struct rn_control {
	enum rn_control_kind kind;
	char params[RN_PARAMS_BYTES]; /* the object as it came; "" when absent */
	int64_t run_interval_ms;   /* wanted by params; 0 when they say nothing of it */
	char variant[NV_NAME_MAX]; /* "" when absent */
	struct nv_split split;
	bool budget_known;         /* false: no cap */
	int64_t remaining_nano;    /* may be negative */
	char remaining[64];        /* as it came, for the environment */
	int64_t grace_ms;          /* -1 when absent */
	char id[RN_GATE_ID_BYTES]; /* reserved, refused: of what was asked; "" = absent */
	char amount[64];           /* reserved; "" when absent */
	char reason[RN_GATE_REASON_BYTES]; /* refused */
	int64_t retry_ms;                  /* refused; -1 when absent */
	bool ask;                          /* gate: runs need a reservation */
	bool now;                          /* stop: the run is not waited for */
};

/* 0, or -EINVAL with what was expected; *ret is untouched then. */
int rn_control_parse(
	const char *line, size_t bytes, struct rn_control *ret, struct nv_err *err);

/* run_interval inside a params object: a duration ("90s"), or a number of seconds.
 * *ret_ms is 0 when there is none. */
int
rn_params_interval(const char *params, size_t bytes, int64_t *ret_ms, struct nv_err *err);

#endif
