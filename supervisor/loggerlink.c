/* The logger as novasupd sees it: it gets the read end of every log pipe, again after a
 * restart, until it says that a pipe is at its end and in the file. */
#include "fdstore.h"
#include "nv_log.h"
#include "state.h"
#include "sup.h"

#include <errno.h>
#include <string.h>

#define DEAD_LOGS_MAX \
	4096 /* pipes of ended incarnations kept for a logger that is away */

static void
drop(struct sup *sup, struct sup_log *log)
{
	sup_state_gone(SUP_REC_LOG, log->id);
	sup_fdstore_forget_log(sup, log);
	sup_state_commit(); /* before its number means another descriptor */
	sup_log_drop(&sup->streams, log);
}

static void
bound_dead_logs(struct sup *sup)
{
	if (sup->streams.n_logs <= DEAD_LOGS_MAX + SUP_INSTANCES_MAX)
		return;
	for (struct sup_log *log = sup->streams.logs; log; log = log->next) {
		if (log->write_fd >= 0)
			continue;
		nv_error("the logger is away for too long: the last output of %s#%u is "
			 "dropped",
			log->name, log->instance);
		drop(sup, log);
		return;
	}
}

void
sup_loggerlink_log(struct sup *sup, const struct sup_log *log)
{
	struct nv_log_stream m = {.log_id = log->id,
		.instance = log->instance,
		.generation = log->generation,
		.policy = log->policy};
	const int fds[] = {log->read_fd, log->mem_fd};
	uint8_t body[256];
	struct nv_wr w;

	bound_dead_logs(sup);
	if (!nv_chan_is_open(&sup->logger.chan))
		return;
	memcpy(m.name, log->name, sizeof(m.name));
	nv_wr_init(&w, body, sizeof(body));
	int rc = nv_log_stream_encode(&w, &m);

	if (rc == 0)
		rc = nv_chan_send(&sup->logger.chan, NV_MSG_LOG_STREAM, body, w.bytes,
			fds, NV_LEN(fds));
	sup_link_must_send(&sup->logger, rc, "LOG_STREAM");
}

/* By member: there are bytes between them that nobody sets. */
static bool
same_policy(const struct nv_log_policy *a, const struct nv_log_policy *b)
{
	return a->file_bytes_max == b->file_bytes_max && a->age_ms == b->age_ms &&
	       a->files_kept == b->files_kept && a->kept_bytes_max == b->kept_bytes_max &&
	       a->kept_ms_max == b->kept_ms_max && a->compress == b->compress &&
	       a->stamps == b->stamps && a->when_full == b->when_full;
}

void
sup_loggerlink_config(struct sup *sup)
{
	for (struct sup_log *log = sup->streams.logs; log; log = log->next) {
		const struct sup_worker *w = sup_worker_find(sup, log->name);

		if (!w || same_policy(&log->policy, &w->conf->logs))
			continue;
		log->policy = w->conf->logs;
		sup_state_log(log);
		sup_loggerlink_log(sup, log);
	}
}

static void
on_start(struct sup *sup)
{
	struct nv_log_hello m = {.log_dir = ""};
	uint8_t body[4352];
	struct nv_wr w;

	memcpy(m.log_dir, sup->paths.log_dir, sizeof(m.log_dir));
	nv_wr_init(&w, body, sizeof(body));
	int rc = nv_log_hello_encode(&w, &m);

	if (rc == 0)
		rc = nv_chan_send(&sup->logger.chan, NV_MSG_LOG_HELLO, body, w.bytes,
			&sup->log_table_fd, 1);
	sup_link_must_send(&sup->logger, rc, "LOG_HELLO");
	for (const struct sup_log *log = sup->streams.logs; log; log = log->next)
		sup_loggerlink_log(sup, log);
	sup_link_must_send(&sup->logger,
		nv_chan_send(&sup->logger.chan, NV_MSG_LOG_SYNCED, NULL, 0, NULL, 0),
		"LOG_SYNCED");
}

static void
on_resume(struct sup *sup)
{
	sup_link_must_send(&sup->logger,
		nv_chan_send(&sup->logger.chan, NV_MSG_LOG_RESUMED, NULL, 0, NULL, 0),
		"LOG_RESUMED");
	on_start(sup);
}

static int
on_closed(struct nv_chan *chan, struct nv_msg *msg)
{
	struct sup *sup = sup_link_sup(chan);
	uint64_t id;

	if (nv_body_u64_decode(&id, msg) < 0)
		return -EBADMSG;
	struct sup_log *log = sup_log_find(&sup->streams, id);

	if (log && log->write_fd < 0) {
		struct sup_worker *w = sup_worker_find(sup, log->name);

		if (w) {
			w->log_dropped_bytes += log->dropped_bytes;
			sup_state_worker(w);
		}
		drop(sup, log);
	} else if (log)
		nv_error(
			"nova-logger says that the output of %s#%u has ended; it has not",
			log->name, log->instance);
	return 0;
}

static int
on_lost(struct nv_chan *chan, struct nv_msg *msg)
{
	struct sup *sup = sup_link_sup(chan);
	struct nv_sup_log_lost m;

	if (nv_sup_log_lost_decode(&m, msg) < 0)
		return -EBADMSG;
	struct sup_log *log = sup_log_find(&sup->streams, m.log_id);
	struct sup_worker *w = log ? sup_worker_find(sup, log->name) : NULL;

	if (log) {
		log->dropped_bytes = m.dropped_bytes;
		sup_state_log(log);
	}
	if (w) {
		memcpy(w->log_error, m.error, sizeof(w->log_error));
		sup_state_worker(w);
	}
	return 0;
}

uint64_t
sup_loggerlink_dropped(const struct sup *sup, const struct sup_worker *w)
{
	uint64_t bytes = w->log_dropped_bytes;

	for (const struct sup_log *log = sup->streams.logs; log; log = log->next) {
		if (log->dropped_bytes > 0 && strcmp(log->name, w->name) == 0)
			bytes += log->dropped_bytes;
	}
	return bytes;
}

static nv_chan_handler_fn *const handlers[NV_MSG_TYPE_MAX] = {
	[NV_MSG_SUP_LOGGER_READY] = sup_link_on_up,
	[NV_MSG_SUP_LOG_CLOSED] = on_closed,
	[NV_MSG_SUP_LOG_LOST] = on_lost,
	[NV_MSG_SUP_LOGGER_PONG] = sup_link_on_pong,
};

void
sup_loggerlink_init(struct sup *sup)
{
	sup_link_init(&sup->logger, sup, "nova-logger", 'L', NV_MSG_LOG_PING, handlers,
		on_start, on_resume, sup_advance);
}

void
sup_loggerlink_start(struct sup *sup)
{
	sup_link_want(&sup->logger);
}

void
sup_loggerlink_stop(struct sup *sup)
{
	sup_link_must_send(&sup->logger,
		nv_chan_send(&sup->logger.chan, NV_MSG_LOG_STOP, NULL, 0, NULL, 0),
		"LOG_STOP");
}
