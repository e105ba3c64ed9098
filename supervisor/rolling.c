/* Rolling restart: see rolling.h. */
#include "rolling.h"
#include "nv_buf.h"
#include "nv_wire.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define VERSION     1
#define SAVED_BYTES 300

static const char *const phase_names[SUP_ROLL_PHASES] = {
	[SUP_ROLL_NONE] = "none",
	[SUP_ROLL_SURGE] = "surge",
	[SUP_ROLL_BATCH] = "batch",
	[SUP_ROLL_DONE] = "done",
	[SUP_ROLL_ABORTED] = "aborted",
};

const char *
sup_roll_phase_name(enum sup_roll_phase phase)
{
	NV_ASSERT((unsigned)phase < SUP_ROLL_PHASES);
	return phase_names[phase];
}

bool
sup_roll_active(const struct sup_roll *r)
{
	return r->phase == SUP_ROLL_SURGE || r->phase == SUP_ROLL_BATCH;
}

void
sup_roll_start(struct sup_roll *r, const struct sup_roll_policy *policy, uint32_t wanted)
{
	uint32_t id = r->id;

	NV_ASSERT(policy->surge + policy->max_unavailable > 0);
	*r = (struct sup_roll){.phase = SUP_ROLL_SURGE,
		.id = id + 1,
		.policy = *policy,
		.last = wanted,
		.first = 1,
		.surge = NV_MIN(policy->surge, wanted),
		.deadline_ms = INT64_MAX};
}

void
sup_roll_abort(struct sup_roll *r, const char *why)
{
	if (!sup_roll_active(r))
		return;
	r->phase = SUP_ROLL_ABORTED;
	r->deadline_ms = INT64_MAX;
	(void)snprintf(r->why, sizeof(r->why), "%s", why);
}

void
sup_roll_failed(struct sup_roll *r, uint32_t number, uint32_t wanted, const char *how)
{
	bool is_new = number > wanted || number < r->first + r->count;
	char why[sizeof(r->why)];

	if (!sup_roll_active(r) || !is_new)
		return;
	r->failures++;
	if (r->failures < NV_MAX(r->policy.abort_after, 1))
		return;
	(void)snprintf(why, sizeof(why), "new instance %u failed: %s", number, how);
	sup_roll_abort(r, why);
}

/* Have instances from..to been up for the pause? Those that are not wanted any more have
 * nothing to prove. Sets the deadline for when the last one will have been. */
static bool
lived(struct sup_roll *r, const struct sup_roll_view *view, uint32_t from, uint32_t to,
	int64_t now_ms)
{
	int64_t ready_ms = now_ms;

	r->deadline_ms = INT64_MAX;
	for (uint32_t k = from; k <= to; k++) {
		if (k > view->wanted + r->surge)
			break;
		if (k > view->n || !view->one[k - 1].up)
			return false;
		ready_ms = NV_MAX(ready_ms, view->one[k - 1].up_ms + r->policy.pause_ms);
	}
	if (ready_ms > now_ms)
		r->deadline_ms = ready_ms;
	return ready_ms <= now_ms;
}

static bool
all_up(const struct sup_roll_view *view)
{
	for (uint32_t k = 0; k < view->wanted; k++) {
		if (k >= view->n || !view->one[k].up)
			return false;
	}
	return true;
}

bool
sup_roll_step(struct sup_roll *r, const struct sup_roll_view *view, int64_t now_ms,
	uint32_t *ret_from, uint32_t *ret_to)
{
	*ret_from = *ret_to = 0;
	if (sup_roll_active(r) && view->wanted == 0)
		sup_roll_abort(r, "the worker was stopped");
	if (r->phase == SUP_ROLL_ABORTED && r->surge > 0 && all_up(view))
		r->surge = 0;
	if (!sup_roll_active(r))
		return false;
	if (r->phase == SUP_ROLL_SURGE) {
		if (!lived(r, view, view->wanted + 1, view->wanted + r->surge, now_ms))
			return false;
		r->phase = SUP_ROLL_BATCH;
	} else {
		if (!lived(r, view, r->first, r->first + r->count - 1, now_ms))
			return false;
		r->first += r->count;
	}
	r->count = 0;
	uint32_t last = NV_MIN(r->last, view->wanted);

	if (r->first > last) {
		r->phase = SUP_ROLL_DONE;
		r->surge = 0;
		r->deadline_ms = INT64_MAX;
		return false;
	}
	r->count = NV_MIN(r->surge + r->policy.max_unavailable, last - r->first + 1);
	*ret_from = r->first;
	*ret_to = r->first + r->count - 1;
	return true;
}

void
sup_roll_text(const struct sup_roll *r, char *buf, size_t buf_bytes)
{
	uint32_t done = NV_MIN(r->first > 0 ? r->first - 1 : 0, r->last);
	char now[60] = "";

	buf[0] = '\0';
	if (r->phase == SUP_ROLL_NONE)
		return;
	if (r->phase == SUP_ROLL_SURGE && r->surge > 0)
		(void)snprintf(now, sizeof(now), "; %u more %s tried first", r->surge,
			r->surge == 1 ? "is" : "are");
	else if (r->phase == SUP_ROLL_BATCH && r->count == 1)
		(void)snprintf(now, sizeof(now), "; instance %u is replaced", r->first);
	else if (r->phase == SUP_ROLL_BATCH)
		(void)snprintf(now, sizeof(now), "; instances %u to %u are replaced",
			r->first, r->first + r->count - 1);
	(void)snprintf(buf, buf_bytes, "%u of %u replaced%s%s%s", done, r->last, now,
		r->why[0] ? "; aborted: " : "", r->why);
}

/* ---- to survive the process ---- */

void
sup_roll_save(const struct sup_roll *r, struct nv_buf *buf)
{
	uint8_t data[SAVED_BYTES];
	struct nv_wr w;

	nv_wr_init(&w, data, sizeof(data));
	nv_wr_u32(&w, VERSION);
	nv_wr_u32(&w, (uint32_t)r->phase);
	nv_wr_u32(&w, r->id);
	nv_wr_u32(&w, r->policy.surge);
	nv_wr_u32(&w, r->policy.max_unavailable);
	nv_wr_u32(&w, r->policy.abort_after);
	nv_wr_i64(&w, r->policy.pause_ms);
	nv_wr_u32(&w, r->last);
	nv_wr_u32(&w, r->first);
	nv_wr_u32(&w, r->count);
	nv_wr_u32(&w, r->surge);
	nv_wr_u32(&w, r->failures);
	nv_wr_i64(&w, r->deadline_ms);
	nv_wr_str(&w, r->why);
	NV_ASSERT(w.error == 0);
	nv_buf_add(buf, data, w.bytes);
}

int
sup_roll_load(struct sup_roll *r, const void *data, size_t bytes)
{
	struct sup_roll t = {0};
	struct nv_rd rd;

	nv_rd_init(&rd, data, bytes);
	uint32_t version = nv_rd_u32(&rd);
	uint32_t phase = nv_rd_u32(&rd);

	t.phase = phase < SUP_ROLL_PHASES ? (enum sup_roll_phase)phase : SUP_ROLL_NONE;
	t.id = nv_rd_u32(&rd);
	t.policy.surge = nv_rd_u32(&rd);
	t.policy.max_unavailable = nv_rd_u32(&rd);
	t.policy.abort_after = nv_rd_u32(&rd);
	t.policy.pause_ms = nv_rd_i64(&rd);
	t.last = nv_rd_u32(&rd);
	t.first = nv_rd_u32(&rd);
	t.count = nv_rd_u32(&rd);
	t.surge = nv_rd_u32(&rd);
	t.failures = nv_rd_u32(&rd);
	t.deadline_ms = nv_rd_i64(&rd);
	nv_rd_str(&rd, t.why, sizeof(t.why));
	if (nv_rd_end(&rd) < 0 || version != VERSION || phase >= SUP_ROLL_PHASES ||
		t.surge > SUP_ROLL_SURGE_MAX ||
		(sup_roll_active(&t) && t.policy.surge + t.policy.max_unavailable == 0))
		return -EBADMSG;
	*r = t;
	return 0;
}
