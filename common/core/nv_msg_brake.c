/* Bodies of the messages about the emergency stop. */
#include "nv_msg_brake.h"

#include <stdio.h>

int
nv_brake_encode(struct nv_wr *w, const struct nv_brake *m)
{
	nv_wr_u8(w, m->on);
	nv_wr_u32(w, m->uid);
	nv_wr_i64(w, m->wall_ns);
	nv_wr_str(w, m->reason);
	nv_wr_u32(w, m->lifted_uid);
	nv_wr_i64(w, m->lifted_ns);
	nv_wr_str(w, m->lifted_reason);
	return w->error;
}

int
nv_brake_decode(struct nv_brake *m, const struct nv_msg *msg)
{
	struct nv_rd r = nv_msg_reader(msg);

	m->on = nv_rd_u8(&r) != 0;
	m->uid = nv_rd_u32(&r);
	m->wall_ns = nv_rd_i64(&r);
	nv_rd_str(&r, m->reason, sizeof(m->reason));
	m->lifted_uid = nv_rd_u32(&r);
	m->lifted_ns = nv_rd_i64(&r);
	nv_rd_str(&r, m->lifted_reason, sizeof(m->lifted_reason));
	return nv_rd_end(&r);
}

const char *
nv_brake_by(uint32_t uid, char *buf, size_t buf_bytes)
{
	if (uid == NV_BRAKE_BY_ENGINE)
		(void)snprintf(buf, buf_bytes, "engine");
	else
		(void)snprintf(buf, buf_bytes, "uid %u", uid);
	return buf;
}

const char *
nv_brake_text(const struct nv_brake *m, char *buf, size_t buf_bytes)
{
	char by[24];

	buf[0] = '\0';
	if (m->on)
		(void)snprintf(buf, buf_bytes, "emergency stop by %s: %s",
			nv_brake_by(m->uid, by, sizeof(by)), m->reason);
	return buf;
}

int
nv_sup_brake_encode(struct nv_wr *w, const struct nv_sup_brake *m)
{
	nv_wr_u32(w, m->request_id);
	nv_wr_u8(w, m->action);
	nv_wr_str(w, m->reason);
	return w->error;
}

int
nv_sup_brake_decode(struct nv_sup_brake *m, const struct nv_msg *msg)
{
	struct nv_rd r = nv_msg_reader(msg);

	m->request_id = nv_rd_u32(&r);
	m->action = nv_rd_u8(&r);
	nv_rd_str(&r, m->reason, sizeof(m->reason));
	return nv_rd_end(&r);
}

int
nv_sup_brake_pull_encode(struct nv_wr *w, const struct nv_sup_brake_pull *m)
{
	nv_wr_u32(w, m->uid);
	nv_wr_str(w, m->reason);
	return w->error;
}

int
nv_sup_brake_pull_decode(struct nv_sup_brake_pull *m, const struct nv_msg *msg)
{
	struct nv_rd r = nv_msg_reader(msg);

	m->uid = nv_rd_u32(&r);
	nv_rd_str(&r, m->reason, sizeof(m->reason));
	return nv_rd_end(&r);
}
