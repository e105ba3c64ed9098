/* What a run says of itself in the last line of its standard output
 * ({"revenue": "1.00", "cost": "0.05"}), and the event lines nova-runner writes. */
#ifndef RN_RESULT_H
#define RN_RESULT_H

#include "json.h"
#include "nv_buf.h"

#define RN_EVENT_BYTES_MAX  4096 /* with the newline: one atomic write */
#define RN_RUN_ID_BYTES     112
#define RN_RESULT_BYTES_MAX ((size_t)64 << 10) /* a longer line is no result */

/* Members of the result line; text is NULL for those that are absent or null. All
 * borrowed from the line. */
struct rn_result {
	struct rn_json_value revenue;
	struct rn_json_value cost;
	struct rn_json_value currency;
	struct rn_json_value source;
	struct rn_json_value category;
	struct rn_json_value vendor;
	struct rn_json_value external_id;
};

/* 1: the line is a result. 0: it is ordinary output. -EINVAL: it means to be a
 * result (an object that speaks of revenue or cost) but is not valid; err says why. */
int rn_result_parse(
	const char *line, size_t bytes, struct rn_result *ret, struct nv_err *err);

struct rn_run_report {
	const char *run_id;
	const char *variant; /* "" when it has none */
	int64_t at_wall_ns;  /* when the run ended */
	bool ok;
	int64_t duration_ms;
	const char *error; /* NULL when ok */
};

/* A run begins: what the stream says until its `run` event belongs to it, and to its
 * variant, where a line names none of its own. */
void rn_event_begin(struct nv_buf *out, const char *run_id, const char *variant);
/* Each adds whole lines of at most RN_EVENT_BYTES_MAX bytes. The ids of a run's events
 * come from the run's id, so the same report twice changes nothing. */
void rn_event_result(struct nv_buf *out, const struct rn_result *result,
	const struct rn_run_report *run);
/* A result line that is not valid, as an event no engine knows: it ends in the
 * quarantine with its text, where a person sees that money may be missing. */
void rn_event_bad_result(struct nv_buf *out, const char *line, size_t bytes,
	const char *why, const struct rn_run_report *run);
void rn_event_run(struct nv_buf *out, const struct rn_run_report *run);
/* Money for a whole run: without an amount, as the engine knows what they mostly cost. */
void rn_event_reserve(struct nv_buf *out, const char *id, const char *run_id);
void rn_event_release(struct nv_buf *out, const char *id);
void rn_event_heartbeat(struct nv_buf *out, const char *status);

#endif
