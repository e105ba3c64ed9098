/* Storms: see storm.h. */
#include "storm.h"
#include "nv_buf.h"
#include "nv_wire.h"

#include <errno.h>
#include <string.h>

#define TOKEN        INT64_C(1000000000)
#define VERSION      1
#define HEAD_BYTES   100
#define RECENT_BYTES 16

static const char *const state_names[SUP_STORM_STATES] = {
	[SUP_STORM_QUIET] = "closed",
	[SUP_STORM_OPEN] = "open",
	[SUP_STORM_CANARY] = "canary",
	[SUP_STORM_RAMP] = "ramp",
};

const char *
sup_storm_state_name(enum sup_storm_state state)
{
	NV_ASSERT((unsigned)state < SUP_STORM_STATES);
	return state_names[state];
}

static void
enter(struct sup_storm *s, enum sup_storm_state state, int64_t now_ms,
	int64_t deadline_ms)
{
	s->state = state;
	s->since_ms = now_ms;
	s->deadline_ms = deadline_ms;
}

void
sup_storm_init(struct sup_storm *s, const struct sup_storm_policy *policy, int64_t now_ms)
{
	memset(s, 0, sizeof(*s));
	s->tokens_ns = policy->burst * TOKEN;
	s->refilled_ms = now_ms;
	enter(s, SUP_STORM_QUIET, now_ms, INT64_MAX);
}

bool
sup_storm_adopt(
	struct sup_storm *s, const struct sup_storm_policy *policy, int64_t now_ms)
{
	s->tokens_ns = NV_MIN(s->tokens_ns, policy->burst * TOKEN);
	if (policy->workers > 0 || s->state == SUP_STORM_QUIET)
		return false;
	s->n_recent = 0;
	s->canary = 0;
	enter(s, SUP_STORM_QUIET, now_ms, INT64_MAX);
	return true;
}

/* ---- the bucket ---- */

static int64_t
take_token(struct sup_storm *s, const struct sup_storm_policy *policy, int64_t now_ms)
{
	int64_t full = policy->burst * TOKEN;
	int64_t each_ms = policy->rate * (TOKEN / 1000);
	int64_t elapsed_ms = NV_MAX(now_ms - s->refilled_ms, 0);

	if (elapsed_ms > (full - s->tokens_ns) / each_ms)
		s->tokens_ns = full;
	else
		s->tokens_ns += elapsed_ms * each_ms;
	s->refilled_ms = now_ms;
	s->tokens_ns -= TOKEN;
	return s->tokens_ns >= 0 ? 0 : (-s->tokens_ns + each_ms - 1) / each_ms;
}

enum sup_storm_answer
sup_storm_ask(struct sup_storm *s, const struct sup_storm_policy *policy,
	uint64_t instance, bool crashed, int64_t now_ms, int64_t *ret_wait_ms)
{
	*ret_wait_ms = 0;
	if (s->state == SUP_STORM_CANARY && s->canary == instance)
		return SUP_STORM_GO; /* one at a time needs no bucket */
	if (crashed && s->state != SUP_STORM_QUIET) {
		if (s->state != SUP_STORM_RAMP || s->left == 0)
			return SUP_STORM_HOLD;
		s->left--;
	}
	*ret_wait_ms = take_token(s, policy, now_ms);
	return *ret_wait_ms > 0 ? SUP_STORM_LATER : SUP_STORM_GO;
}

/* ---- incidents ---- */

static int64_t
wait_ms(const struct sup_storm *s, const struct sup_storm_policy *policy)
{
	int64_t longest = policy->canary_ms * SUP_STORM_WAIT_TIMES;
	int64_t wait = NV_MAX(policy->canary_ms / 5, 1);

	for (uint32_t i = 0; i < s->failed && wait < longest; i++)
		wait *= 2;
	return NV_MIN(wait, longest);
}

static void
reopen(struct sup_storm *s, const struct sup_storm_policy *policy, int64_t now_ms)
{
	s->failed++;
	s->canary = 0;
	enter(s, SUP_STORM_OPEN, now_ms, now_ms + wait_ms(s, policy));
}

/* True when this worker is new among them. */
static bool
note(struct sup_storm *s, uint64_t worker, int64_t now_ms)
{
	for (uint32_t i = 0; i < s->n_recent; i++) {
		if (s->recent[i].worker == worker) {
			s->recent[i].at_ms = now_ms;
			return false;
		}
	}
	if (s->n_recent < SUP_STORM_WORKERS_MAX) {
		s->recent[s->n_recent].worker = worker;
		s->recent[s->n_recent++].at_ms = now_ms;
	}
	return true;
}

static void
forget_old(struct sup_storm *s, int64_t before_ms)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < s->n_recent; i++) {
		if (s->recent[i].at_ms >= before_ms)
			s->recent[kept++] = s->recent[i];
	}
	s->n_recent = kept;
}

static uint32_t
crashed_since(const struct sup_storm *s, int64_t since_ms)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < s->n_recent; i++)
		n += s->recent[i].at_ms >= since_ms;
	return n;
}

enum sup_storm_news
sup_storm_crash(struct sup_storm *s, const struct sup_storm_policy *policy,
	uint64_t worker, uint64_t instance, int64_t now_ms)
{
	if (policy->workers == 0)
		return SUP_STORM_NOTHING;
	if (s->state == SUP_STORM_QUIET) {
		forget_old(s, now_ms - policy->within_ms);
		(void)note(s, worker, now_ms);
		if (s->n_recent < policy->workers)
			return SUP_STORM_NOTHING;
		s->id++;
		s->n_workers = s->n_recent;
		s->failed = 0;
		s->canary = 0;
		s->opened_ms = now_ms;
		enter(s, SUP_STORM_OPEN, now_ms, now_ms + wait_ms(s, policy));
		return SUP_STORM_OPENED;
	}
	s->n_workers += note(s, worker, now_ms);
	if (s->state == SUP_STORM_CANARY && instance == s->canary) {
		reopen(s, policy, now_ms);
		return SUP_STORM_CANARY_DIED;
	}
	if (s->state == SUP_STORM_RAMP &&
		crashed_since(s, NV_MAX(s->since_ms, now_ms - policy->within_ms)) >=
			policy->workers) {
		reopen(s, policy, now_ms);
		return SUP_STORM_BACK;
	}
	return SUP_STORM_NOTHING;
}

bool
sup_storm_left(struct sup_storm *s, uint64_t instance, int64_t now_ms)
{
	if (s->state != SUP_STORM_CANARY || s->canary != instance)
		return false;
	s->canary = 0;
	enter(s, SUP_STORM_OPEN, now_ms, now_ms);
	return true;
}

void
sup_storm_try(struct sup_storm *s, const struct sup_storm_policy *policy,
	uint64_t instance, int64_t now_ms)
{
	NV_ASSERT(s->state == SUP_STORM_OPEN);
	s->canary = instance;
	enter(s, SUP_STORM_CANARY, now_ms, now_ms + policy->canary_ms);
}

static enum sup_storm_what
close_it(struct sup_storm *s, int64_t now_ms)
{
	s->n_recent = 0;
	s->canary = 0;
	enter(s, SUP_STORM_QUIET, now_ms, INT64_MAX);
	return SUP_STORM_CLOSED;
}

static enum sup_storm_what
ramp(struct sup_storm *s, int64_t now_ms, uint32_t *ret_n)
{
	s->left = UINT32_C(1) << NV_MIN(s->ramp, SUP_STORM_RAMP_MAX);
	s->deadline_ms = now_ms + SUP_STORM_TICK_MS;
	*ret_n = s->left;
	return SUP_STORM_RELEASE;
}

enum sup_storm_what
sup_storm_timer(struct sup_storm *s, const struct sup_storm_policy *policy, uint32_t held,
	uint32_t coming, int64_t now_ms, uint32_t *ret_n)
{
	(void)policy;
	*ret_n = 0;
	if (s->state == SUP_STORM_QUIET || now_ms < s->deadline_ms)
		return SUP_STORM_WAIT;
	switch (s->state) {
	case SUP_STORM_OPEN:
		if (held > 0)
			return SUP_STORM_PICK;
		if (coming == 0)
			return close_it(s, now_ms);
		s->deadline_ms = now_ms + SUP_STORM_TICK_MS;
		return SUP_STORM_WAIT;
	case SUP_STORM_CANARY:
		s->canary = 0;
		s->ramp = 0;
		enter(s, SUP_STORM_RAMP, now_ms, now_ms);
		(void)ramp(s, now_ms, ret_n);
		return SUP_STORM_ALIVE;
	case SUP_STORM_RAMP:
		if (held == 0 && coming == 0)
			return close_it(s, now_ms);
		s->ramp++;
		return ramp(s, now_ms, ret_n);
	default:
		return SUP_STORM_WAIT;
	}
}

uint64_t
sup_storm_key(const char *worker, uint32_t instance)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (; *worker; worker++)
		hash = (hash ^ (uint8_t)*worker) * UINT64_C(0x100000001b3);
	hash = (hash ^ instance) * UINT64_C(0x100000001b3);
	return hash ? hash : 1;
}

/* ---- to survive the process ---- */

void
sup_storm_save(const struct sup_storm *s, struct nv_buf *buf)
{
	uint8_t data[HEAD_BYTES];
	struct nv_wr w;

	nv_wr_init(&w, data, sizeof(data));
	nv_wr_u32(&w, VERSION);
	nv_wr_u32(&w, (uint32_t)s->state);
	nv_wr_u32(&w, s->id);
	nv_wr_u32(&w, s->n_workers);
	nv_wr_u32(&w, s->failed);
	nv_wr_u32(&w, s->ramp);
	nv_wr_u32(&w, s->left);
	nv_wr_u64(&w, s->canary);
	nv_wr_i64(&w, s->opened_ms);
	nv_wr_i64(&w, s->since_ms);
	nv_wr_i64(&w, s->deadline_ms);
	nv_wr_i64(&w, s->tokens_ns);
	nv_wr_i64(&w, s->refilled_ms);
	nv_wr_u32(&w, s->n_recent);
	NV_ASSERT(w.error == 0);
	nv_buf_add(buf, data, w.bytes);
	for (uint32_t i = 0; i < s->n_recent; i++) {
		nv_wr_init(&w, data, sizeof(data));
		nv_wr_u64(&w, s->recent[i].worker);
		nv_wr_i64(&w, s->recent[i].at_ms);
		nv_buf_add(buf, data, w.bytes);
	}
}

int
sup_storm_load(struct sup_storm *s, const void *data, size_t bytes)
{
	struct sup_storm t = {.deadline_ms = INT64_MAX};
	struct nv_rd r;

	nv_rd_init(&r, data, bytes);
	uint32_t version = nv_rd_u32(&r);
	uint32_t state = nv_rd_u32(&r);

	t.state =
		state < SUP_STORM_STATES ? (enum sup_storm_state)state : SUP_STORM_QUIET;
	t.id = nv_rd_u32(&r);
	t.n_workers = nv_rd_u32(&r);
	t.failed = nv_rd_u32(&r);
	t.ramp = nv_rd_u32(&r);
	t.left = nv_rd_u32(&r);
	t.canary = nv_rd_u64(&r);
	t.opened_ms = nv_rd_i64(&r);
	t.since_ms = nv_rd_i64(&r);
	t.deadline_ms = nv_rd_i64(&r);
	t.tokens_ns = nv_rd_i64(&r);
	t.refilled_ms = nv_rd_i64(&r);
	t.n_recent = nv_rd_u32(&r);
	if (r.error || version != VERSION || state >= SUP_STORM_STATES ||
		t.n_recent > SUP_STORM_WORKERS_MAX)
		return -EBADMSG;
	for (uint32_t i = 0; i < t.n_recent; i++) {
		t.recent[i].worker = nv_rd_u64(&r);
		t.recent[i].at_ms = nv_rd_i64(&r);
	}
	if (nv_rd_end(&r) < 0)
		return -EBADMSG;
	*s = t;
	return 0;
}
