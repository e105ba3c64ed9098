/* The client of novasupd: see sup_client.h. */
#include "sup_client.h"
#include "ctl.h"
#include "nv_clock.h"
#include "nv_fd.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#define PLAN_ROWS_MAX 1000000
#define AGAIN_MAX     20 /* novasupds in a row that may die on us */

int
ctl_connect(const char *run_dir, const char *name, int type, const char *daemon,
	int64_t patience_ms, char path[NV_PATH_MAX], int *ret_fd, struct nv_err *err)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	struct timeval patience = {
		.tv_sec = patience_ms / 1000, .tv_usec = patience_ms % 1000 * 1000};

	(void)snprintf(path, NV_PATH_MAX, "%s/%s", run_dir, name);
	if (strlen(path) >= sizeof(sa.sun_path))
		return nv_err_set(err, NV_EXIT_USAGE,
			"%s: the path of a socket has at most %zu bytes", path,
			sizeof(sa.sun_path) - 1);
	memcpy(sa.sun_path, path, strlen(path) + 1);
	NV_CLEANUP_FD fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return nv_err_set(err, NV_EXIT_FAILED, "no socket: %s", strerror(errno));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (const struct sockaddr *)&sa, sizeof(sa)) < 0) {
		if (errno == EACCES || errno == EPERM)
			return nv_err_set(err, NV_EXIT_UNREACHABLE,
				"%s: permission denied: only root and the fleet's owner "
				"may "
				"talk to %s",
				path, daemon);
		if (errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR)
			return nv_err_set(err, NV_EXIT_UNREACHABLE,
				"%s is not running: nobody listens on %s", daemon, path);
		if (errno == EAGAIN)
			return nv_err_set(err, NV_EXIT_UNREACHABLE,
				"%s does not accept connections on %s", daemon, path);
		return nv_err_set(err, NV_EXIT_UNREACHABLE,
			"%s: %s cannot be reached: %s", path, daemon, strerror(errno));
	}
	int rc = nv_fd_set_nonblock(fd, true);

	if (rc < 0)
		return nv_err_set(err, NV_EXIT_FAILED, "%s: %s", path, strerror(-rc));
	*ret_fd = nv_fd_steal(&fd);
	return NV_EXIT_OK;
}

int
ctl_poll(int fd, short events, int64_t deadline_ms)
{
	struct pollfd p = {.fd = fd, .events = events};

	for (;;) {
		int64_t left = deadline_ms - nv_mono_ms();

		if (left < 0)
			left = 0;
		int n = poll(&p, 1, (int)NV_MIN(left, INT64_C(3600000)));

		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0 && nv_mono_ms() >= deadline_ms)
			return -ETIMEDOUT;
	}
}

int
ctl_sup_open_within(struct ctl_sup *sup, const struct nv_paths *paths,
	int64_t patience_ms, struct nv_err *err)
{
	*sup = (struct ctl_sup){.fd = -1, .patience_ms = patience_ms};
	(void)snprintf(sup->run_dir, sizeof(sup->run_dir), "%s", paths->run_dir);
	return ctl_connect(paths->run_dir, "novasupd.sock", SOCK_SEQPACKET, "novasupd",
		patience_ms, sup->path, &sup->fd, err);
}

int
ctl_sup_open(struct ctl_sup *sup, const struct nv_paths *paths, struct nv_err *err)
{
	return ctl_sup_open_within(sup, paths, CTL_DEADLINE_MS, err);
}

void
ctl_sup_close(struct ctl_sup *sup)
{
	nv_fd_close(&sup->fd);
}

bool
ctl_sup_again(struct ctl_sup *sup)
{
	struct nv_err ignored = {0};

	if (!sup->gone)
		return false;
	ctl_sup_close(sup);
	sup->gone = false;
	return ctl_connect(sup->run_dir, "novasupd.sock", SOCK_SEQPACKET, "novasupd",
		       sup->patience_ms, sup->path, &sup->fd, &ignored) == NV_EXIT_OK;
}

static int
lost(const struct ctl_sup *sup, const char *why, struct nv_err *err)
{
	return nv_err_set(err, NV_EXIT_UNREACHABLE, "novasupd on %s %s", sup->path, why);
}

/* The id is the first field of what is sent; `about`: for a name that is too long. */
static int
send_body(struct ctl_sup *sup, enum nv_msg_type type, const struct nv_wr *w,
	const char *about, struct nv_err *err)
{
	int rc = w->error;

	if (rc == 0)
		rc = nv_msg_send(sup->fd, type, w->data, w->bytes, NULL, 0);
	if (rc == -EPIPE || rc == -ECONNRESET || rc == -ENOTCONN) {
		sup->gone = true;
		return lost(sup, "has closed the connection", err);
	}
	if (rc == -EMSGSIZE)
		return nv_err_set(
			err, NV_EXIT_USAGE, "the name \"%.80s\" is too long", about);
	if (rc < 0)
		return nv_err_set(err, NV_EXIT_FAILED, "%s: the request was not sent: %s",
			sup->path, strerror(-rc));
	return NV_EXIT_OK;
}

static int
send_request(struct ctl_sup *sup, enum nv_msg_type type, struct nv_sup_request *request,
	struct nv_err *err)
{
	uint8_t body[NV_MSG_BODY_MAX];
	struct nv_wr w;

	if (sup->fd < 0)
		return lost(sup, "has closed the connection", err);
	request->request_id = ++sup->last_id;
	nv_wr_init(&w, body, sizeof(body));
	(void)nv_sup_request_encode(&w, type, request); /* the error stays in w */
	return send_body(sup, type, &w, request->worker, err);
}

/* The next message that answers `id`; older answers are dropped. */
static int
receive(struct ctl_sup *sup, uint32_t id, int64_t deadline_ms, struct nv_msg *msg,
	struct nv_err *err)
{
	for (;;) {
		char why[256];
		int rc = nv_msg_recv(sup->fd, 'S', 'C', msg, why, sizeof(why));

		if (rc == -EAGAIN) {
			rc = ctl_poll(sup->fd, POLLIN, deadline_ms);
			if (rc == -ETIMEDOUT)
				return lost(sup, "has not answered in time", err);
			if (rc < 0)
				return lost(sup, strerror(-rc), err);
			continue;
		}
		if (rc == 0 || rc == -ECONNRESET || rc == -EPIPE) {
			ctl_sup_close(sup);
			sup->gone = true;
			return lost(sup, "closed the connection before it answered", err);
		}
		if (rc == -EPROTO)
			return lost(sup, why, err);
		if (rc < 0)
			return lost(sup, strerror(-rc), err);
		struct nv_rd r = nv_msg_reader(msg);

		if (nv_rd_u32(&r) == id && r.error == 0)
			return NV_EXIT_OK;
		nv_msg_fini(msg);
	}
}

static void *
add_row(void *rows, size_t *n, size_t bytes)
{
	/* Grow by doubling: the room is always the next power of two, at least 16. */
	if (*n < 16 ? *n == 0 : (*n & (*n - 1)) == 0)
		rows = ctl_grow(rows, *n < 16 ? 16 : *n * 2, bytes);
	(*n)++;
	return rows;
}

/* A refusal of SUP_STATUS comes as a CTL_REPLY. */
static int
refused(const struct nv_msg *msg, struct nv_err *err)
{
	struct nv_ctl_reply *reply = ctl_alloc(1, sizeof(*reply));
	int code = NV_EXIT_FAILED;

	if (nv_ctl_reply_decode(reply, msg) == 0 && reply->code != NV_EXIT_OK) {
		code = reply->code <= NV_EXIT_FAILED ? reply->code : NV_EXIT_FAILED;
		nv_err_set(err, code, "%s", reply->text);
	} else {
		nv_err_set(err, code, "novasupd answered with an unexpected message");
	}
	free(reply);
	return code;
}

int
ctl_sup_status_ask(
	struct ctl_sup *sup, const char *worker, bool brief, struct nv_err *err)
{
	struct nv_sup_request request = {.brief = brief};

	(void)snprintf(request.worker, sizeof(request.worker), "%s", worker);
	memcpy(sup->asked, request.worker, sizeof(sup->asked));
	sup->asked_brief = brief;
	int code = send_request(sup, NV_MSG_SUP_STATUS, &request, err);

	for (int i = 0; code != NV_EXIT_OK && i < AGAIN_MAX && ctl_sup_again(sup); i++)
		code = send_request(sup, NV_MSG_SUP_STATUS, &request, err);
	return code;
}

static int
take_once(struct ctl_sup *sup, struct nv_fleet *ret, struct nv_err *err)
{
	struct nv_msg *msg = ctl_alloc(1, sizeof(*msg));
	int64_t deadline_ms = nv_mono_ms() + sup->patience_ms;
	int code = NV_EXIT_OK;
	bool end = false;

	*ret = (struct nv_fleet){0};
	while (code == NV_EXIT_OK && !end) {
		code = receive(sup, sup->last_id, deadline_ms, msg, err);
		if (code != NV_EXIT_OK)
			break;
		if (msg->type == NV_MSG_CTL_REPLY) {
			code = refused(msg, err);
			break;
		}
		int rc = nv_fleet_take(ret, msg);

		end = rc == 1;
		if (rc == -ENOMEM)
			code = nv_err_set(err, NV_EXIT_FAILED, "out of memory");
		else if (rc < 0)
			code = lost(sup, "sent a malformed status", err);
	}
	free(msg);
	if (code != NV_EXIT_OK)
		nv_fleet_clear(ret);
	return code;
}

int
ctl_sup_status_take(struct ctl_sup *sup, struct nv_fleet *ret, struct nv_err *err)
{
	int code = take_once(sup, ret, err);

	for (int i = 0; code != NV_EXIT_OK && i < AGAIN_MAX && ctl_sup_again(sup); i++) {
		char worker[NV_NAME_MAX];

		memcpy(worker, sup->asked, sizeof(worker));
		code = ctl_sup_status_ask(sup, worker, sup->asked_brief, err);
		if (code == NV_EXIT_OK)
			code = take_once(sup, ret, err);
	}
	return code;
}

int
ctl_sup_status(
	struct ctl_sup *sup, const char *worker, struct nv_fleet *ret, struct nv_err *err)
{
	int code = ctl_sup_status_ask(sup, worker, false, err);

	*ret = (struct nv_fleet){0};
	return code == NV_EXIT_OK ? ctl_sup_status_take(sup, ret, err) : code;
}

/* The code and text of a reply: in err, and as a copy where it is asked for. */
static int
take_reply(struct ctl_sup *sup, const struct nv_msg *msg, char **ret_text,
	struct nv_err *err)
{
	struct nv_ctl_reply *reply = ctl_alloc(1, sizeof(*reply));
	int code;

	if (msg->type != NV_MSG_CTL_REPLY || nv_ctl_reply_decode(reply, msg) < 0) {
		code = lost(sup, "sent a malformed answer", err);
	} else {
		code = reply->code <= NV_EXIT_FAILED ? reply->code : NV_EXIT_FAILED;
		nv_err_set(err, code, "%s", reply->text);
		if (ret_text)
			*ret_text = ctl_copy(reply->text);
	}
	free(reply);
	return code;
}

int
ctl_sup_request(struct ctl_sup *sup, enum nv_msg_type type,
	struct nv_sup_request *request, int64_t deadline_ms, char **ret_text,
	struct nv_err *err)
{
	struct nv_msg *msg = ctl_alloc(1, sizeof(*msg));
	int code = NV_EXIT_FAILED;
	bool more = true;

	/* What may be asked twice is asked again; of the rest only what did not get out,
	 * as nobody knows what has become of it. */
	for (int i = 0; more && i < AGAIN_MAX; i++) {
		code = send_request(sup, type, request, err);
		more = code != NV_EXIT_OK;
		if (code == NV_EXIT_OK) {
			code = receive(sup, request->request_id, deadline_ms, msg, err);
			more = code != NV_EXIT_OK && type == NV_MSG_SUP_WAIT;
		}
		more = more && ctl_sup_again(sup);
	}
	if (code == NV_EXIT_OK)
		code = take_reply(sup, msg, ret_text, err);
	free(msg);
	return code;
}

int
ctl_sup_reexec(struct ctl_sup *sup, const char *binary, int64_t deadline_ms,
	char **ret_text, struct nv_err *err)
{
	struct nv_sup_reexec *request = ctl_alloc(1, sizeof(*request));
	static uint8_t body[NV_MSG_BODY_MAX];
	struct nv_wr w;

	request->request_id = ++sup->last_id;
	(void)snprintf(request->binary, sizeof(request->binary), "%s", binary);
	nv_wr_init(&w, body, sizeof(body));
	(void)nv_sup_reexec_encode(&w, request); /* the error stays in w */
	int code = ctl_sup_ask(sup, NV_MSG_SUP_REEXEC, request->request_id, &w, "",
		deadline_ms, ret_text, err);

	free(request);
	return code;
}

int
ctl_sup_plan(struct ctl_sup *sup, bool apply, int64_t deadline_ms,
	struct nv_ctl_plan **ret_rows, size_t *ret_n, char **ret_text, struct nv_err *err)
{
	struct nv_sup_plan request = {.request_id = ++sup->last_id, .apply = apply};
	struct nv_msg *msg = ctl_alloc(1, sizeof(*msg));
	struct nv_ctl_reply *reply = ctl_alloc(1, sizeof(*reply));
	uint8_t body[16];
	struct nv_wr w;

	*ret_rows = NULL;
	*ret_n = 0;
	nv_wr_init(&w, body, sizeof(body));
	(void)nv_sup_plan_encode(&w, &request); /* the error stays in w */
	int code = sup->fd < 0 ? lost(sup, "has closed the connection", err)
			       : send_body(sup, NV_MSG_SUP_PLAN, &w, "", err);
	bool end = false;

	while (code == NV_EXIT_OK && !end) {
		code = receive(sup, request.request_id, deadline_ms, msg, err);
		if (code != NV_EXIT_OK)
			break;
		end = msg->type == NV_MSG_CTL_REPLY;
		if (msg->type == NV_MSG_CTL_PLAN && *ret_n < PLAN_ROWS_MAX) {
			*ret_rows = add_row(*ret_rows, ret_n, sizeof(**ret_rows));
			if (nv_ctl_plan_decode(&(*ret_rows)[*ret_n - 1], msg) < 0)
				code = lost(sup, "sent a malformed plan", err);
		} else if (!end || nv_ctl_reply_decode(reply, msg) < 0) {
			code = lost(sup, "sent a malformed plan", err);
		}
	}
	if (code == NV_EXIT_OK) {
		code = reply->code <= NV_EXIT_FAILED ? reply->code : NV_EXIT_FAILED;
		nv_err_set(err, code, "%s", reply->text);
		*ret_text = ctl_copy(reply->text);
	}
	free(reply);
	free(msg);
	return code;
}

int
ctl_sup_send(struct ctl_sup *sup, enum nv_msg_type type, const struct nv_wr *w,
	const char *about, struct nv_err *err)
{
	if (sup->fd < 0)
		return lost(sup, "has closed the connection", err);
	return send_body(sup, type, w, about, err);
}

int
ctl_sup_receive(struct ctl_sup *sup, uint32_t id, int64_t deadline_ms, struct nv_msg *msg,
	struct nv_err *err)
{
	return receive(sup, id, deadline_ms, msg, err);
}

int
ctl_sup_ask(struct ctl_sup *sup, enum nv_msg_type type, uint32_t id,
	const struct nv_wr *w, const char *about, int64_t deadline_ms, char **ret_text,
	struct nv_err *err)
{
	struct nv_msg *msg = ctl_alloc(1, sizeof(*msg));
	int code = ctl_sup_send(sup, type, w, about, err);

	if (code == NV_EXIT_OK)
		code = receive(sup, id, deadline_ms, msg, err);
	if (code == NV_EXIT_OK)
		code = take_reply(sup, msg, ret_text, err);
	free(msg);
	return code;
}

int
ctl_sup_roll(struct ctl_sup *sup, struct nv_sup_roll *request, int64_t deadline_ms,
	struct nv_err *err)
{
	uint8_t body[256];
	struct nv_wr w;

	request->request_id = ++sup->last_id;
	nv_wr_init(&w, body, sizeof(body));
	(void)nv_sup_roll_encode(&w, request); /* the error stays in w */
	return ctl_sup_ask(sup, NV_MSG_SUP_ROLL, request->request_id, &w, request->worker,
		deadline_ms, NULL, err);
}
