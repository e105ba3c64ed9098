/* Encode/decode twins: see nv_msg_group.h. */
#include "nv_msg_group.h"

#include <errno.h>

static bool
get_bool(struct nv_rd *r)
{
	uint8_t v = nv_rd_u8(r);

	if (v > 1)
		r->error = -EBADMSG;
	return v == 1;
}

int
nv_sup_group_get_encode(struct nv_wr *w, const struct nv_sup_group_get *m)
{
	nv_wr_u32(w, m->request_id);
	nv_wr_str(w, m->group);
	return w->error;
}

int
nv_sup_group_get_decode(struct nv_sup_group_get *m, const struct nv_msg *msg)
{
	struct nv_rd r = nv_msg_reader(msg);

	m->request_id = nv_rd_u32(&r);
	nv_rd_str(&r, m->group, sizeof(m->group));
	return nv_rd_end(&r);
}

int
nv_sup_group_do_encode(struct nv_wr *w, const struct nv_sup_group_do *m)
{
	nv_wr_u32(w, m->request_id);
	nv_wr_u8(w, m->what);
	nv_wr_str(w, m->group);
	nv_wr_str(w, m->child);
	nv_wr_u32(w, m->instance);
	return w->error;
}

int
nv_sup_group_do_decode(struct nv_sup_group_do *m, const struct nv_msg *msg)
{
	struct nv_rd r = nv_msg_reader(msg);

	m->request_id = nv_rd_u32(&r);
	m->what = nv_rd_u8(&r);
	nv_rd_str(&r, m->group, sizeof(m->group));
	nv_rd_str(&r, m->child, sizeof(m->child));
	m->instance = nv_rd_u32(&r);
	return nv_rd_end(&r);
}

int
nv_ctl_group_encode(struct nv_wr *w, const struct nv_ctl_group *m)
{
	nv_wr_u32(w, m->request_id);
	nv_wr_str(w, m->name);
	nv_wr_str(w, m->parent);
	nv_wr_str(w, m->strategy);
	nv_wr_str(w, m->state);
	nv_wr_str(w, m->reason);
	nv_wr_u32(w, m->intensity);
	nv_wr_u32(w, m->period_s);
	nv_wr_u32(w, m->restarts);
	nv_wr_u32(w, m->given_up);
	nv_wr_str(w, m->auto_shutdown);
	nv_wr_str(w, m->restart);
	nv_wr_u8(w, m->significant);
	nv_wr_i64(w, m->shutdown_ms);
	nv_wr_u32(w, m->specs);
	nv_wr_u32(w, m->active);
	nv_wr_u32(w, m->supervisors);
	nv_wr_u32(w, m->workers);
	return w->error;
}

int
nv_ctl_group_decode(struct nv_ctl_group *m, const struct nv_msg *msg)
{
	struct nv_rd r = nv_msg_reader(msg);

	m->request_id = nv_rd_u32(&r);
	nv_rd_str(&r, m->name, sizeof(m->name));
	nv_rd_str(&r, m->parent, sizeof(m->parent));
	nv_rd_str(&r, m->strategy, sizeof(m->strategy));
	nv_rd_str(&r, m->state, sizeof(m->state));
	nv_rd_str(&r, m->reason, sizeof(m->reason));
	m->intensity = nv_rd_u32(&r);
	m->period_s = nv_rd_u32(&r);
	m->restarts = nv_rd_u32(&r);
	m->given_up = nv_rd_u32(&r);
	nv_rd_str(&r, m->auto_shutdown, sizeof(m->auto_shutdown));
	nv_rd_str(&r, m->restart, sizeof(m->restart));
	m->significant = get_bool(&r);
	m->shutdown_ms = nv_rd_i64(&r);
	m->specs = nv_rd_u32(&r);
	m->active = nv_rd_u32(&r);
	m->supervisors = nv_rd_u32(&r);
	m->workers = nv_rd_u32(&r);
	return nv_rd_end(&r);
}

int
nv_ctl_group_child_encode(struct nv_wr *w, const struct nv_ctl_group_child *m)
{
	nv_wr_u32(w, m->request_id);
	nv_wr_str(w, m->group);
	nv_wr_str(w, m->name);
	nv_wr_u32(w, m->instance);
	nv_wr_str(w, m->state);
	nv_wr_str(w, m->restart);
	nv_wr_u8(w, m->significant);
	nv_wr_u8(w, m->dynamic);
	nv_wr_i64(w, m->shutdown_ms);
	nv_wr_i64(w, m->retry_in_ms);
	nv_wr_u32(w, (uint32_t)m->pid);
	return w->error;
}

int
nv_ctl_group_child_decode(struct nv_ctl_group_child *m, const struct nv_msg *msg)
{
	struct nv_rd r = nv_msg_reader(msg);

	m->request_id = nv_rd_u32(&r);
	nv_rd_str(&r, m->group, sizeof(m->group));
	nv_rd_str(&r, m->name, sizeof(m->name));
	m->instance = nv_rd_u32(&r);
	nv_rd_str(&r, m->state, sizeof(m->state));
	nv_rd_str(&r, m->restart, sizeof(m->restart));
	m->significant = get_bool(&r);
	m->dynamic = get_bool(&r);
	m->shutdown_ms = nv_rd_i64(&r);
	m->retry_in_ms = nv_rd_i64(&r);
	m->pid = (int32_t)nv_rd_u32(&r);
	return nv_rd_end(&r);
}
