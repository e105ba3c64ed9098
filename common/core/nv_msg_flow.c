/* Encode/decode twins: see nv_msg_flow.h. */
#include "nv_msg_flow.h"

#include <errno.h>

int
nv_ctl_incident_encode(struct nv_wr *w, const struct nv_ctl_incident *m)
{
	nv_wr_u32(w, m->request_id);
	nv_wr_u32(w, m->id);
	nv_wr_str(w, m->state);
	nv_wr_u32(w, m->workers);
	nv_wr_u32(w, m->held);
	nv_wr_u32(w, m->failed);
	nv_wr_u64(w, m->since_ms);
	nv_wr_i64(w, m->next_ms);
	nv_wr_str(w, m->canary);
	nv_wr_str(w, m->text);
	return w->error;
}

int
nv_ctl_incident_decode(struct nv_ctl_incident *m, const struct nv_msg *msg)
{
	struct nv_rd r = nv_msg_reader(msg);

	m->request_id = nv_rd_u32(&r);
	m->id = nv_rd_u32(&r);
	nv_rd_str(&r, m->state, sizeof(m->state));
	m->workers = nv_rd_u32(&r);
	m->held = nv_rd_u32(&r);
	m->failed = nv_rd_u32(&r);
	m->since_ms = nv_rd_u64(&r);
	m->next_ms = nv_rd_i64(&r);
	nv_rd_str(&r, m->canary, sizeof(m->canary));
	nv_rd_str(&r, m->text, sizeof(m->text));
	return nv_rd_end(&r);
}

int
nv_sup_plan_encode(struct nv_wr *w, const struct nv_sup_plan *m)
{
	nv_wr_u32(w, m->request_id);
	nv_wr_u8(w, m->apply);
	return w->error;
}

int
nv_sup_plan_decode(struct nv_sup_plan *m, const struct nv_msg *msg)
{
	struct nv_rd r = nv_msg_reader(msg);

	m->request_id = nv_rd_u32(&r);
	m->apply = nv_rd_u8(&r) != 0;
	return nv_rd_end(&r);
}

int
nv_ctl_plan_encode(struct nv_wr *w, const struct nv_ctl_plan *m)
{
	nv_wr_u32(w, m->request_id);
	nv_wr_u8(w, m->kind);
	nv_wr_u8(w, m->effect);
	nv_wr_u32(w, m->running);
	nv_wr_str(w, m->worker);
	nv_wr_str(w, m->key);
	nv_wr_str(w, m->from);
	nv_wr_str(w, m->to);
	return w->error;
}

int
nv_ctl_plan_decode(struct nv_ctl_plan *m, const struct nv_msg *msg)
{
	struct nv_rd r = nv_msg_reader(msg);

	m->request_id = nv_rd_u32(&r);
	m->kind = nv_rd_u8(&r);
	m->effect = nv_rd_u8(&r);
	m->running = nv_rd_u32(&r);
	nv_rd_str(&r, m->worker, sizeof(m->worker));
	nv_rd_str(&r, m->key, sizeof(m->key));
	nv_rd_str(&r, m->from, sizeof(m->from));
	nv_rd_str(&r, m->to, sizeof(m->to));
	return nv_rd_end(&r);
}

int
nv_sup_roll_encode(struct nv_wr *w, const struct nv_sup_roll *m)
{
	nv_wr_u32(w, m->request_id);
	nv_wr_str(w, m->worker);
	nv_wr_u8(w, m->action);
	nv_wr_i64(w, m->surge);
	nv_wr_i64(w, m->max_unavailable);
	nv_wr_i64(w, m->abort_after);
	nv_wr_i64(w, m->pause_ms);
	return w->error;
}

int
nv_sup_roll_decode(struct nv_sup_roll *m, const struct nv_msg *msg)
{
	struct nv_rd r = nv_msg_reader(msg);

	m->request_id = nv_rd_u32(&r);
	nv_rd_str(&r, m->worker, sizeof(m->worker));
	m->action = nv_rd_u8(&r);
	m->surge = nv_rd_i64(&r);
	m->max_unavailable = nv_rd_i64(&r);
	m->abort_after = nv_rd_i64(&r);
	m->pause_ms = nv_rd_i64(&r);
	return nv_rd_end(&r);
}

int
nv_ctl_roll_encode(struct nv_wr *w, const struct nv_ctl_roll *m)
{
	nv_wr_u32(w, m->request_id);
	nv_wr_u32(w, m->id);
	nv_wr_u32(w, m->done);
	nv_wr_u32(w, m->total);
	nv_wr_u32(w, m->failures);
	nv_wr_str(w, m->worker);
	nv_wr_str(w, m->phase);
	nv_wr_str(w, m->text);
	return w->error;
}

int
nv_ctl_roll_decode(struct nv_ctl_roll *m, const struct nv_msg *msg)
{
	struct nv_rd r = nv_msg_reader(msg);

	m->request_id = nv_rd_u32(&r);
	m->id = nv_rd_u32(&r);
	m->done = nv_rd_u32(&r);
	m->total = nv_rd_u32(&r);
	m->failures = nv_rd_u32(&r);
	nv_rd_str(&r, m->worker, sizeof(m->worker));
	nv_rd_str(&r, m->phase, sizeof(m->phase));
	nv_rd_str(&r, m->text, sizeof(m->text));
	return nv_rd_end(&r);
}

int
nv_sup_idle_encode(struct nv_wr *w, const struct nv_sup_idle *m)
{
	nv_wr_str(w, m->worker);
	nv_wr_u32(w, m->n);
	for (uint32_t i = 0; i < NV_MIN(m->n, NV_IDLE_MAX); i++)
		nv_wr_u32(w, m->numbers[i]);
	return w->error;
}

int
nv_sup_idle_decode(struct nv_sup_idle *m, const struct nv_msg *msg)
{
	struct nv_rd r = nv_msg_reader(msg);

	nv_rd_str(&r, m->worker, sizeof(m->worker));
	m->n = nv_rd_u32(&r);
	if (r.error || m->n > NV_IDLE_MAX)
		return -EBADMSG;
	for (uint32_t i = 0; i < m->n; i++)
		m->numbers[i] = nv_rd_u32(&r);
	return nv_rd_end(&r);
}
