/* Bodies of the messages that ask whose a process is. */
#include "nv_msg_whose.h"

int
nv_sup_whose_encode(struct nv_wr *w, const struct nv_sup_whose *m)
{
	nv_wr_u32(w, m->request_id);
	nv_wr_u32(w, (uint32_t)m->pid);
	return w->error;
}

int
nv_sup_whose_decode(struct nv_sup_whose *m, const struct nv_msg *msg)
{
	struct nv_rd r = nv_msg_reader(msg);

	m->request_id = nv_rd_u32(&r);
	m->pid = (int32_t)nv_rd_u32(&r);
	return nv_rd_end(&r);
}

int
nv_ctl_whose_encode(struct nv_wr *w, const struct nv_ctl_whose *m)
{
	nv_wr_u32(w, m->request_id);
	nv_wr_str(w, m->worker);
	nv_wr_u32(w, m->instance);
	nv_wr_u32(w, m->generation);
	nv_wr_u32(w, m->platforms);
	return w->error;
}

int
nv_ctl_whose_decode(struct nv_ctl_whose *m, const struct nv_msg *msg)
{
	struct nv_rd r = nv_msg_reader(msg);

	m->request_id = nv_rd_u32(&r);
	nv_rd_str(&r, m->worker, sizeof(m->worker));
	m->instance = nv_rd_u32(&r);
	m->generation = nv_rd_u32(&r);
	m->platforms = nv_rd_u32(&r);
	return nv_rd_end(&r);
}
