/* Requests to novasupd over RUN_DIR/novasupd.sock: typed messages, one connection a
 * client, every wait with a deadline. Functions return an enum nv_exit; on anything but
 * OK err holds the sentence. */
#ifndef CTL_SUP_CLIENT_H
#define CTL_SUP_CLIENT_H

#include "nv_fleet.h"
#include "nv_paths.h"

struct ctl_sup {
	int fd; /* owned; -1 when closed */
	uint32_t last_id;
	int64_t patience_ms; /* to connect, and for an answer to SUP_STATUS */
	bool gone;           /* the connection ended before an answer: ctl_sup_again */
	char run_dir[NV_PATH_MAX];
	char asked[NV_NAME_MAX]; /* the last status that was asked for */
	bool asked_brief;
	char path[NV_PATH_MAX];
};

/* NV_EXIT_UNREACHABLE at once when nobody listens. */
int ctl_sup_open(struct ctl_sup *sup, const struct nv_paths *paths, struct nv_err *err);
/* The same for who has less time than CTL_DEADLINE_MS to connect, and for a status. */
int ctl_sup_open_within(struct ctl_sup *sup, const struct nv_paths *paths,
	int64_t patience_ms, struct nv_err *err);
void ctl_sup_close(struct ctl_sup *sup);
/* novasupd may have been replaced by another one, which listens on the same socket: true
 * with a new connection when that is why the last one ended, false when nobody listens.
 */
bool ctl_sup_again(struct ctl_sup *sup);

/* worker "" = all. The fleet is the caller's to clear. */
int ctl_sup_status(struct ctl_sup *sup, const char *worker, struct nv_fleet *ret,
	struct nv_err *err);
/* The same in two steps, so that the engine can be asked in between. Brief: of each
 * worker's instances only the oldest and the worst. */
int ctl_sup_status_ask(
	struct ctl_sup *sup, const char *worker, bool brief, struct nv_err *err);
int ctl_sup_status_take(struct ctl_sup *sup, struct nv_fleet *ret, struct nv_err *err);

/* SUP_STOP, SUP_RESTART, SUP_RELOAD, SUP_SHUTDOWN, SUP_WAIT. request_id is filled in. The
 * reply's code is returned, its text is in err when the code is not OK and, if ret_text
 * is not NULL, there in any case (the caller's to free). */
int ctl_sup_request(struct ctl_sup *sup, enum nv_msg_type type,
	struct nv_sup_request *request, int64_t deadline_ms, char **ret_text,
	struct nv_err *err);

/* SUP_PLAN: as ctl_sup_request; *ret_rows is the caller's to free. */
int ctl_sup_plan(struct ctl_sup *sup, bool apply, int64_t deadline_ms,
	struct nv_ctl_plan **ret_rows, size_t *ret_n, char **ret_text,
	struct nv_err *err);

/* SUP_ROLL; request_id is filled in. The reply's code; its text is in err, as it is. */
int ctl_sup_roll(struct ctl_sup *sup, struct nv_sup_roll *request, int64_t deadline_ms,
	struct nv_err *err);

/* One request whose body w holds, and the next message that answers `id`; for messages
 * that have files of their own. `about`: the name in it, for one that is too long. */
int ctl_sup_send(struct ctl_sup *sup, enum nv_msg_type type, const struct nv_wr *w,
	const char *about, struct nv_err *err);
int ctl_sup_receive(struct ctl_sup *sup, uint32_t id, int64_t deadline_ms,
	struct nv_msg *msg, struct nv_err *err);
/* Both, and the CTL_REPLY that ends it, as ctl_sup_request does it. */
int ctl_sup_ask(struct ctl_sup *sup, enum nv_msg_type type, uint32_t id,
	const struct nv_wr *w, const char *about, int64_t deadline_ms, char **ret_text,
	struct nv_err *err);
/* SUP_REEXEC: NV_EXIT_OK when it is about to happen, with what the binary says of itself
 * in ret_text (the caller's). */
int ctl_sup_reexec(struct ctl_sup *sup, const char *binary, int64_t deadline_ms,
	char **ret_text, struct nv_err *err);

/* Connect a unix socket of `type` at RUN_DIR/name; shared with the engine's client. A
 * listener that does not accept any more holds us for patience_ms. */
int ctl_connect(const char *run_dir, const char *name, int type, const char *daemon,
	int64_t patience_ms, char path[NV_PATH_MAX], int *ret_fd, struct nv_err *err);
/* Wait until fd is ready for `events`. 0, -ETIMEDOUT at the deadline. */
int ctl_poll(int fd, short events, int64_t deadline_ms);

#endif
