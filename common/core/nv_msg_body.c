/* Encode/decode twins of the message bodies: see nv_msg_body.h. */
#include "nv_msg_body.h"

#include <errno.h>
#include <string.h>

int
nv_eng_hello_encode(struct nv_wr *w, const struct nv_eng_hello *m)
{
	nv_wr_u64(w, m->boot_id);
	nv_wr_u32(w, m->config_gen);
	nv_wr_str(w, m->state_dir);
	nv_wr_str(w, m->run_dir);
	return w->error;
}

int
nv_eng_hello_decode(struct nv_eng_hello *m, const struct nv_msg *msg)
{
	struct nv_rd r = nv_msg_reader(msg);

	m->boot_id = nv_rd_u64(&r);
	m->config_gen = nv_rd_u32(&r);
	nv_rd_str(&r, m->state_dir, sizeof(m->state_dir));
	nv_rd_str(&r, m->run_dir, sizeof(m->run_dir));
	return nv_rd_end(&r);
}

int
nv_eng_stream_encode(struct nv_wr *w, const struct nv_eng_stream *m)
{
	nv_wr_u64(w, m->stream_id);
	nv_wr_str(w, m->worker);
	nv_wr_u32(w, m->instance);
	nv_wr_u32(w, m->generation);
	nv_wr_u32(w, (uint32_t)m->pid);
	nv_wr_str(w, m->cgroup);
	nv_wr_u8(w, m->runner);
	nv_wr_str(w, m->variant);
	return w->error;
}

int
nv_eng_stream_decode(struct nv_eng_stream *m, const struct nv_msg *msg)
{
	struct nv_rd r = nv_msg_reader(msg);

	m->stream_id = nv_rd_u64(&r);
	nv_rd_str(&r, m->worker, sizeof(m->worker));
	m->instance = nv_rd_u32(&r);
	m->generation = nv_rd_u32(&r);
	m->pid = (int32_t)nv_rd_u32(&r);
	nv_rd_str(&r, m->cgroup, sizeof(m->cgroup));
	m->runner = nv_rd_u8(&r) != 0;
	nv_rd_str(&r, m->variant, sizeof(m->variant));
	return nv_rd_end(&r);
}

int
nv_eng_held_encode(struct nv_wr *w, const struct nv_eng_held *m)
{
	nv_wr_str(w, m->worker);
	nv_wr_u32(w, m->uid);
	nv_wr_i64(w, m->wall_ns);
	return w->error;
}

int
nv_eng_held_decode(struct nv_eng_held *m, const struct nv_msg *msg)
{
	struct nv_rd r = nv_msg_reader(msg);

	nv_rd_str(&r, m->worker, sizeof(m->worker));
	m->uid = nv_rd_u32(&r);
	m->wall_ns = nv_rd_i64(&r);
	return nv_rd_end(&r);
}

int
nv_sup_engine_state_encode(struct nv_wr *w, const struct nv_sup_engine_state *m)
{
	nv_wr_u8(w, m->state);
	nv_wr_str(w, m->reason);
	return w->error;
}

int
nv_sup_engine_state_decode(struct nv_sup_engine_state *m, const struct nv_msg *msg)
{
	struct nv_rd r = nv_msg_reader(msg);

	m->state = nv_rd_u8(&r);
	nv_rd_str(&r, m->reason, sizeof(m->reason));
	return nv_rd_end(&r);
}

int
nv_sup_desire_encode(struct nv_wr *w, const struct nv_sup_desire *m)
{
	nv_wr_str(w, m->worker);
	nv_wr_u32(w, m->instances);
	nv_wr_u8(w, m->paused);
	nv_wr_u8(w, m->reset);
	nv_wr_u64(w, m->epoch);
	nv_wr_str(w, m->reason);
	nv_wr_str(w, m->params);
	nv_wr_str(w, m->variant);
	nv_wr_str(w, m->split);
	nv_wr_i64(w, m->run_interval_ms);
	return w->error;
}

int
nv_sup_desire_decode(struct nv_sup_desire *m, const struct nv_msg *msg)
{
	struct nv_rd r = nv_msg_reader(msg);

	nv_rd_str(&r, m->worker, sizeof(m->worker));
	m->instances = nv_rd_u32(&r);
	m->paused = nv_rd_u8(&r) != 0;
	m->reset = nv_rd_u8(&r) != 0;
	m->epoch = nv_rd_u64(&r);
	nv_rd_str(&r, m->reason, sizeof(m->reason));
	nv_rd_str(&r, m->params, sizeof(m->params));
	nv_rd_str(&r, m->variant, sizeof(m->variant));
	nv_rd_str(&r, m->split, sizeof(m->split));
	m->run_interval_ms = nv_rd_i64(&r);
	return nv_rd_end(&r);
}

int
nv_sup_stream_closed_encode(struct nv_wr *w, const struct nv_sup_stream_closed *m)
{
	nv_wr_u64(w, m->stream_id);
	nv_wr_u64(w, m->bytes);
	return w->error;
}

int
nv_sup_stream_closed_decode(struct nv_sup_stream_closed *m, const struct nv_msg *msg)
{
	struct nv_rd r = nv_msg_reader(msg);

	m->stream_id = nv_rd_u64(&r);
	m->bytes = nv_rd_u64(&r);
	return nv_rd_end(&r);
}

int
nv_sup_kill_encode(struct nv_wr *w, const struct nv_sup_kill *m)
{
	nv_wr_u64(w, m->stream_id);
	nv_wr_u8(w, m->hard);
	nv_wr_str(w, m->cause);
	nv_wr_str(w, m->detail);
	return w->error;
}

int
nv_sup_kill_decode(struct nv_sup_kill *m, const struct nv_msg *msg)
{
	struct nv_rd r = nv_msg_reader(msg);

	m->stream_id = nv_rd_u64(&r);
	m->hard = nv_rd_u8(&r) != 0;
	nv_rd_str(&r, m->cause, sizeof(m->cause));
	nv_rd_str(&r, m->detail, sizeof(m->detail));
	return nv_rd_end(&r);
}

int
nv_log_hello_encode(struct nv_wr *w, const struct nv_log_hello *m)
{
	nv_wr_str(w, m->log_dir);
	return w->error;
}

int
nv_log_hello_decode(struct nv_log_hello *m, const struct nv_msg *msg)
{
	struct nv_rd r = nv_msg_reader(msg);

	nv_rd_str(&r, m->log_dir, sizeof(m->log_dir));
	return nv_rd_end(&r);
}

int
nv_log_stream_encode(struct nv_wr *w, const struct nv_log_stream *m)
{
	nv_wr_u64(w, m->log_id);
	nv_wr_str(w, m->name);
	nv_wr_u32(w, m->instance);
	nv_wr_u32(w, m->generation);
	nv_wr_u64(w, m->policy.file_bytes_max);
	nv_wr_i64(w, m->policy.age_ms);
	nv_wr_u32(w, m->policy.files_kept);
	nv_wr_u64(w, m->policy.kept_bytes_max);
	nv_wr_i64(w, m->policy.kept_ms_max);
	nv_wr_u8(w, (uint8_t)m->policy.compress);
	nv_wr_u8(w, (uint8_t)m->policy.stamps);
	nv_wr_u8(w, (uint8_t)m->policy.when_full);
	return w->error;
}

int
nv_log_stream_decode(struct nv_log_stream *m, const struct nv_msg *msg)
{
	struct nv_rd r = nv_msg_reader(msg);

	m->log_id = nv_rd_u64(&r);
	nv_rd_str(&r, m->name, sizeof(m->name));
	m->instance = nv_rd_u32(&r);
	m->generation = nv_rd_u32(&r);
	m->policy.file_bytes_max = nv_rd_u64(&r);
	m->policy.age_ms = nv_rd_i64(&r);
	m->policy.files_kept = nv_rd_u32(&r);
	m->policy.kept_bytes_max = nv_rd_u64(&r);
	m->policy.kept_ms_max = nv_rd_i64(&r);
	m->policy.compress = nv_rd_u8(&r);
	m->policy.stamps = nv_rd_u8(&r);
	m->policy.when_full = nv_rd_u8(&r);
	return nv_rd_end(&r);
}

int
nv_sup_log_lost_encode(struct nv_wr *w, const struct nv_sup_log_lost *m)
{
	nv_wr_u64(w, m->log_id);
	nv_wr_u64(w, m->dropped_bytes);
	nv_wr_u64(w, m->waiting_bytes);
	nv_wr_str(w, m->error);
	return w->error;
}

int
nv_sup_log_lost_decode(struct nv_sup_log_lost *m, const struct nv_msg *msg)
{
	struct nv_rd r = nv_msg_reader(msg);

	m->log_id = nv_rd_u64(&r);
	m->dropped_bytes = nv_rd_u64(&r);
	m->waiting_bytes = nv_rd_u64(&r);
	nv_rd_str(&r, m->error, sizeof(m->error));
	return nv_rd_end(&r);
}

int
nv_ctl_log_encode(struct nv_wr *w, const struct nv_ctl_log *m)
{
	nv_wr_u32(w, m->request_id);
	nv_wr_str(w, m->worker);
	nv_wr_u64(w, m->dropped_bytes);
	nv_wr_str(w, m->error);
	return w->error;
}

int
nv_ctl_log_decode(struct nv_ctl_log *m, const struct nv_msg *msg)
{
	struct nv_rd r = nv_msg_reader(msg);

	m->request_id = nv_rd_u32(&r);
	nv_rd_str(&r, m->worker, sizeof(m->worker));
	m->dropped_bytes = nv_rd_u64(&r);
	nv_rd_str(&r, m->error, sizeof(m->error));
	return nv_rd_end(&r);
}

int
nv_probe_watch_encode(struct nv_wr *w, const struct nv_probe_watch *m)
{
	nv_wr_u64(w, m->stream_id);
	nv_wr_str(w, m->worker);
	nv_wr_u32(w, m->instance);
	nv_wr_u32(w, (uint32_t)m->pid);
	nv_wr_str(w, m->cgroup);
	nv_wr_u8(w, m->what);
	return w->error;
}

int
nv_probe_watch_decode(struct nv_probe_watch *m, const struct nv_msg *msg)
{
	struct nv_rd r = nv_msg_reader(msg);

	m->stream_id = nv_rd_u64(&r);
	nv_rd_str(&r, m->worker, sizeof(m->worker));
	m->instance = nv_rd_u32(&r);
	m->pid = (int32_t)nv_rd_u32(&r);
	nv_rd_str(&r, m->cgroup, sizeof(m->cgroup));
	m->what = nv_rd_u8(&r);
	return nv_rd_end(&r);
}

int
nv_sup_probe_state_encode(struct nv_wr *w, const struct nv_sup_probe_state *m)
{
	nv_wr_u64(w, m->stream_id);
	nv_wr_u8(w, m->what);
	nv_wr_u8(w, m->good);
	nv_wr_str(w, m->reason);
	return w->error;
}

int
nv_sup_probe_state_decode(struct nv_sup_probe_state *m, const struct nv_msg *msg)
{
	struct nv_rd r = nv_msg_reader(msg);

	m->stream_id = nv_rd_u64(&r);
	m->what = nv_rd_u8(&r);
	m->good = nv_rd_u8(&r) != 0;
	nv_rd_str(&r, m->reason, sizeof(m->reason));
	return nv_rd_end(&r);
}

int
nv_sup_reexec_encode(struct nv_wr *w, const struct nv_sup_reexec *m)
{
	nv_wr_u32(w, m->request_id);
	nv_wr_str(w, m->binary);
	return w->error;
}

int
nv_sup_reexec_decode(struct nv_sup_reexec *m, const struct nv_msg *msg)
{
	struct nv_rd r = nv_msg_reader(msg);

	m->request_id = nv_rd_u32(&r);
	nv_rd_str(&r, m->binary, sizeof(m->binary));
	return nv_rd_end(&r);
}

int
nv_sup_request_encode(
	struct nv_wr *w, enum nv_msg_type type, const struct nv_sup_request *m)
{
	nv_wr_u32(w, m->request_id);
	if (type != NV_MSG_SUP_RELOAD && type != NV_MSG_SUP_SHUTDOWN)
		nv_wr_str(w, m->worker);
	if (type == NV_MSG_SUP_STATUS)
		nv_wr_u8(w, m->brief);
	if (type == NV_MSG_SUP_RESTART)
		nv_wr_u32(w, m->instance);
	if (type == NV_MSG_SUP_WAIT) {
		nv_wr_u8(w, m->wait_for);
		nv_wr_u32(w, m->timeout_ms);
	}
	return w->error;
}

int
nv_sup_request_decode(struct nv_sup_request *m, const struct nv_msg *msg)
{
	struct nv_rd r = nv_msg_reader(msg);

	uint8_t brief = 0;

	*m = (struct nv_sup_request){.request_id = nv_rd_u32(&r)};
	if (msg->type != NV_MSG_SUP_RELOAD && msg->type != NV_MSG_SUP_SHUTDOWN)
		nv_rd_str(&r, m->worker, sizeof(m->worker));
	if (msg->type == NV_MSG_SUP_STATUS)
		brief = nv_rd_u8(&r);
	if (msg->type == NV_MSG_SUP_RESTART)
		m->instance = nv_rd_u32(&r);
	if (msg->type == NV_MSG_SUP_WAIT) {
		m->wait_for = nv_rd_u8(&r);
		m->timeout_ms = nv_rd_u32(&r);
	}
	m->brief = brief == 1;
	return brief > 1 ? -EBADMSG : nv_rd_end(&r);
}

int
nv_ctl_nova_encode(struct nv_wr *w, const struct nv_ctl_nova *m)
{
	nv_wr_u32(w, m->request_id);
	nv_wr_u32(w, (uint32_t)m->pid);
	nv_wr_str(w, m->version);
	nv_wr_u64(w, m->uptime_ms);
	nv_wr_u8(w, m->ready);
	nv_wr_u8(w, m->stopping);
	nv_wr_u32(w, m->config_gen);
	nv_wr_str(w, m->engine_state);
	nv_wr_str(w, m->engine_reason);
	nv_wr_str(w, m->isolation);
	nv_wr_str(w, m->state_dir);
	nv_wr_str(w, m->log_dir);
	nv_wr_str(w, m->config);
	nv_wr_str(w, m->brake);
	return w->error;
}

int
nv_ctl_nova_decode(struct nv_ctl_nova *m, const struct nv_msg *msg)
{
	struct nv_rd r = nv_msg_reader(msg);

	m->request_id = nv_rd_u32(&r);
	m->pid = (int32_t)nv_rd_u32(&r);
	nv_rd_str(&r, m->version, sizeof(m->version));
	m->uptime_ms = nv_rd_u64(&r);
	m->ready = nv_rd_u8(&r) != 0;
	m->stopping = nv_rd_u8(&r) != 0;
	m->config_gen = nv_rd_u32(&r);
	nv_rd_str(&r, m->engine_state, sizeof(m->engine_state));
	nv_rd_str(&r, m->engine_reason, sizeof(m->engine_reason));
	nv_rd_str(&r, m->isolation, sizeof(m->isolation));
	nv_rd_str(&r, m->state_dir, sizeof(m->state_dir));
	nv_rd_str(&r, m->log_dir, sizeof(m->log_dir));
	nv_rd_str(&r, m->config, sizeof(m->config));
	nv_rd_str(&r, m->brake, sizeof(m->brake));
	return nv_rd_end(&r);
}

int
nv_ctl_proc_encode(struct nv_wr *w, const struct nv_ctl_proc *m)
{
	nv_wr_u32(w, m->request_id);
	nv_wr_str(w, m->name);
	nv_wr_u32(w, (uint32_t)m->pid);
	nv_wr_str(w, m->state);
	nv_wr_u64(w, m->uptime_ms);
	nv_wr_u32(w, m->restarts);
	nv_wr_str(w, m->last_exit);
	return w->error;
}

int
nv_ctl_proc_decode(struct nv_ctl_proc *m, const struct nv_msg *msg)
{
	struct nv_rd r = nv_msg_reader(msg);

	m->request_id = nv_rd_u32(&r);
	nv_rd_str(&r, m->name, sizeof(m->name));
	m->pid = (int32_t)nv_rd_u32(&r);
	nv_rd_str(&r, m->state, sizeof(m->state));
	m->uptime_ms = nv_rd_u64(&r);
	m->restarts = nv_rd_u32(&r);
	nv_rd_str(&r, m->last_exit, sizeof(m->last_exit));
	return nv_rd_end(&r);
}

int
nv_ctl_worker_encode(struct nv_wr *w, const struct nv_ctl_worker *m)
{
	nv_wr_u32(w, m->request_id);
	nv_wr_str(w, m->worker);
	nv_wr_str(w, m->group);
	nv_wr_str(w, m->state);
	nv_wr_u32(w, m->desired);
	nv_wr_u32(w, m->up);
	nv_wr_u8(w, m->paused);
	nv_wr_u64(w, m->epoch);
	nv_wr_u32(w, m->restarts);
	nv_wr_u32(w, m->crashes_in_window);
	nv_wr_u32(w, m->crashes_max);
	nv_wr_u64(w, m->window_ms);
	nv_wr_i64(w, m->retry_in_ms);
	nv_wr_str(w, m->reason);
	return w->error;
}

int
nv_ctl_worker_decode(struct nv_ctl_worker *m, const struct nv_msg *msg)
{
	struct nv_rd r = nv_msg_reader(msg);

	m->request_id = nv_rd_u32(&r);
	nv_rd_str(&r, m->worker, sizeof(m->worker));
	nv_rd_str(&r, m->group, sizeof(m->group));
	nv_rd_str(&r, m->state, sizeof(m->state));
	m->desired = nv_rd_u32(&r);
	m->up = nv_rd_u32(&r);
	m->paused = nv_rd_u8(&r) != 0;
	m->epoch = nv_rd_u64(&r);
	m->restarts = nv_rd_u32(&r);
	m->crashes_in_window = nv_rd_u32(&r);
	m->crashes_max = nv_rd_u32(&r);
	m->window_ms = nv_rd_u64(&r);
	m->retry_in_ms = nv_rd_i64(&r);
	nv_rd_str(&r, m->reason, sizeof(m->reason));
	return nv_rd_end(&r);
}

int
nv_ctl_instance_encode(struct nv_wr *w, const struct nv_ctl_instance *m)
{
	nv_wr_u32(w, m->request_id);
	nv_wr_str(w, m->worker);
	nv_wr_u32(w, m->instance);
	nv_wr_u32(w, (uint32_t)m->pid);
	nv_wr_u32(w, m->generation);
	nv_wr_str(w, m->state);
	nv_wr_u64(w, m->uptime_ms);
	nv_wr_u32(w, m->restarts);
	nv_wr_str(w, m->last_exit);
	nv_wr_str(w, m->cgroup);
	nv_wr_str(w, m->health);
	nv_wr_u64(w, m->health_ms);
	nv_wr_str(w, m->health_reason);
	return w->error;
}

int
nv_ctl_instance_decode(struct nv_ctl_instance *m, const struct nv_msg *msg)
{
	struct nv_rd r = nv_msg_reader(msg);

	m->request_id = nv_rd_u32(&r);
	nv_rd_str(&r, m->worker, sizeof(m->worker));
	m->instance = nv_rd_u32(&r);
	m->pid = (int32_t)nv_rd_u32(&r);
	m->generation = nv_rd_u32(&r);
	nv_rd_str(&r, m->state, sizeof(m->state));
	m->uptime_ms = nv_rd_u64(&r);
	m->restarts = nv_rd_u32(&r);
	nv_rd_str(&r, m->last_exit, sizeof(m->last_exit));
	nv_rd_str(&r, m->cgroup, sizeof(m->cgroup));
	nv_rd_str(&r, m->health, sizeof(m->health));
	m->health_ms = nv_rd_u64(&r);
	nv_rd_str(&r, m->health_reason, sizeof(m->health_reason));
	return nv_rd_end(&r);
}

int
nv_ctl_reply_encode(struct nv_wr *w, const struct nv_ctl_reply *m)
{
	nv_wr_u32(w, m->request_id);
	nv_wr_u8(w, m->code);
	nv_wr_str(w, m->text);
	return w->error;
}

int
nv_ctl_reply_decode(struct nv_ctl_reply *m, const struct nv_msg *msg)
{
	struct nv_rd r = nv_msg_reader(msg);

	m->request_id = nv_rd_u32(&r);
	m->code = nv_rd_u8(&r);
	nv_rd_str(&r, m->text, sizeof(m->text));
	return nv_rd_end(&r);
}

int
nv_body_u32_decode(uint32_t *ret, const struct nv_msg *msg)
{
	struct nv_rd r = nv_msg_reader(msg);

	*ret = nv_rd_u32(&r);
	return nv_rd_end(&r);
}

int
nv_body_u64_decode(uint64_t *ret, const struct nv_msg *msg)
{
	struct nv_rd r = nv_msg_reader(msg);

	*ret = nv_rd_u64(&r);
	return nv_rd_end(&r);
}

int
nv_ctl_rows_add(struct nv_wr *rows, enum nv_msg_type type, const void *body, size_t bytes)
{
	if (rows->cap_bytes - rows->bytes < 8 + bytes)
		return -EMSGSIZE;
	nv_wr_u32(rows, type);
	nv_wr_u32(rows, (uint32_t)bytes);
	memcpy(rows->data + rows->bytes, body, bytes);
	rows->bytes += bytes;
	return rows->error;
}

int
nv_ctl_rows_next(struct nv_rd *rows, struct nv_msg *ret)
{
	if (rows->error)
		return -EBADMSG;
	if (rows->at == rows->end)
		return 0;
	uint32_t type = nv_rd_u32(rows);
	uint32_t bytes = nv_rd_u32(rows);

	if (rows->error || type >= NV_MSG_TYPE_MAX ||
		bytes > (size_t)(rows->end - rows->at) || bytes > sizeof(ret->body)) {
		rows->error = -EBADMSG;
		return -EBADMSG;
	}
	ret->type = (uint16_t)type;
	ret->bytes = bytes;
	ret->n_fds = 0;
	memcpy(ret->body, rows->at, bytes);
	rows->at += bytes;
	return 1;
}
