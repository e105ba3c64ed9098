/* Requests to nova-engine over RUN_DIR/engine.sock: one JSON line there, one back. */
#ifndef CTL_ENGINE_CLIENT_H
#define CTL_ENGINE_CLIENT_H

#include "ctl.h"

#include <jansson.h>

struct ctl_engine {
	int fd;             /* owned; -1 when closed */
	const char *daemon; /* its name for people; borrowed */
	struct nv_buf in;
	char path[NV_PATH_MAX];
};

/* NV_EXIT_UNREACHABLE at once when nobody listens; the sentence says what novasupd
 * knows about the engine when novasupd answers. */
int ctl_engine_open(struct ctl_engine *engine, const struct ctl *ctl, struct nv_err *err);
/* The same over another socket of the run directory, of a daemon that speaks alike. */
int ctl_engine_open_at(struct ctl_engine *engine, const struct ctl *ctl,
	const char *socket, const char *daemon, struct nv_err *err);
/* The same for who has less time than CTL_DEADLINE_MS to connect. */
int ctl_engine_open_within(struct ctl_engine *engine, const struct ctl *ctl,
	const char *socket, const char *daemon, int64_t patience_ms, struct nv_err *err);
void ctl_engine_close(struct ctl_engine *engine);

/* args is stolen, may be NULL. */
int ctl_engine_send(
	struct ctl_engine *engine, const char *verb, json_t *args, struct nv_err *err);
/* A request with more in it; stolen. */
int
ctl_engine_send_object(struct ctl_engine *engine, json_t *request, struct nv_err *err);
/* One answer: its `data` (the caller's) and OK, or the engine's code with its sentence in
 * err. deadline_ms is on the monotonic clock; -1 waits for ever (following). The
 * answer after the peer closed is NV_EXIT_UNREACHABLE. */
int ctl_engine_recv(struct ctl_engine *engine, int64_t deadline_ms, json_t **ret_data,
	struct nv_err *err);

/* The same, and the whole answer (the caller's), whenever one came. */
int ctl_engine_recv_object(struct ctl_engine *engine, int64_t deadline_ms,
	json_t **ret_data, json_t **ret_answer, struct nv_err *err);

/* Connect, ask, read the answer, close. */
int ctl_engine_call(const struct ctl *ctl, const char *verb, json_t *args,
	json_t **ret_data, struct nv_err *err);
/* The same, and an error is printed: the usual way of a verb. */
int ctl_ask(struct ctl *ctl, const char *verb, json_t *args, json_t **ret_data);

/* An option of the verb as the argument of the same name, when it was given. */
void ctl_put_option(const struct ctl *ctl, json_t *args, const char *option);

#endif
