/* RUN_DIR/alerts.sock: one JSON object a line and one line back, as on engine.sock; for
 * root and the owner of the fleet only. See alerts.h. */
#include "alerts.h"

#include "nv_accept.h"
#include "nv_buf.h"
#include "nv_clock.h"
#include "nv_fd.h"
#include "nv_json.h"
#include "nv_log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLIENTS_MAX      16
#define LINE_BYTES_MAX   ((size_t)1 << 20)
#define ANSWER_BYTES_MAX ((size_t)16 << 20)
#define IDLE_S           60.
#define VIA_BYTES_MAX    80

struct client;
static void take_lines(struct client *c);

struct client {
	struct client *next;
	struct alerts *alerts;
	int fd; /* owned */
	uid_t uid;
	ev_io in;
	ev_io out;
	ev_timer idle;
	struct nv_buf request;
	struct nv_buf answer;
	/* A test under way. */
	unsigned tests;
	json_t *tested; /* owned */
	bool all_taken;
};

struct alert_sock {
	int fd; /* owned */
	char path[NV_PATH_MAX];
	struct nv_accept accept;
	struct client *list;
	unsigned n;
};

static void
drop(struct client *c)
{
	struct alerts *a = c->alerts;
	struct client **at = &a->sock->list;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	a->sock->n--;
	alert_channels_forget_tests(a, c);
	ev_io_stop(a->loop, &c->in);
	ev_io_stop(a->loop, &c->out);
	ev_timer_stop(a->loop, &c->idle);
	nv_fd_close(&c->fd);
	nv_buf_fini(&c->request);
	nv_buf_fini(&c->answer);
	json_decref(c->tested);
	free(c);
}

/* ---- answers ---- */

static void
answer(struct client *c, json_t *object)
{
	char *line = object ? nv_json_line(object) : NULL;

	json_decref(object);
	nv_buf_puts(&c->answer,
		line ? line : "{\"ok\":false,\"code\":4,\"error\":\"no memory\"}");
	nv_buf_puts(&c->answer, "\n");
	free(line);
	ev_io_start(c->alerts->loop, &c->out);
}

static void
answer_data(struct client *c, json_t *data)
{
	answer(c, data ? json_pack("{s:b, s:o}", "ok", 1, "data", data) : NULL);
}

static void
answer_no(struct client *c, enum nv_exit code, const char *why)
{
	answer(c, json_pack("{s:b, s:i, s:o}", "ok", 0, "code", (int)code, "error",
			  nv_json_str(why)));
}

/* ---- verbs ---- */

static void
verb_list(struct client *c, const json_t *args)
{
	struct alerts *a = c->alerts;

	(void)args;
	answer_data(
		c, json_pack("{s:o, s:o}", "alerts", alert_book_save(a->book), "looked",
			   a->looked_ms ? nv_json_time(a->looked_ms * NV_NS_PER_MS)
					: json_null()));
}

static void
verb_channels(struct client *c, const json_t *args)
{
	(void)args;
	answer_data(c, json_pack("{s:o}", "channels", alert_channels_show(c->alerts)));
}

/* Whom the caller asked: one word, as nova-engine takes it. */
static bool
is_via(const char *via)
{
	size_t bytes = strspn(via, "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789:._@-");

	return bytes > 0 && bytes <= VIA_BYTES_MAX && !via[bytes];
}

static void
verb_ack(struct client *c, const json_t *args)
{
	const char *key = json_string_value(json_object_get(args, "key"));
	const char *via = json_string_value(json_object_get(args, "via"));
	char who[VIA_BYTES_MAX + 40];
	char why[ALERT_KEY_BYTES + 60];

	if (via && !is_via(via)) {
		answer_no(
			c, NV_EXIT_USAGE, "via: expected a word such as dashboard:anna");
		return;
	}
	(void)snprintf(who, sizeof(who), "uid %u%s%s", (unsigned)c->uid,
		via ? " for " : "", via ? via : "");
	if (key && alert_book_ack(c->alerts->book, key, who) == 0) {
		alert_store_save(c->alerts);
		answer_data(c, json_pack("{s:s, s:s}", "key", key, "acked_by", who));
		return;
	}
	(void)snprintf(why, sizeof(why), "no alert \"%.*s\" is open", ALERT_KEY_BYTES,
		key ? key : "");
	answer_no(c, key ? NV_EXIT_NO : NV_EXIT_USAGE, key ? why : "key is missing");
}

static void
end_tests(struct client *c)
{
	json_t *rows = c->tested;

	if (c->tests > 0)
		return;
	c->tested = NULL;
	answer_data(c, json_pack("{s:b, s:o}", "ok", c->all_taken, "tests", rows));
}

static void
add_test(struct client *c, const struct alert_channel *channel, bool taken,
	const char *what)
{
	c->all_taken &= taken;
	(void)json_array_append_new(c->tested,
		json_pack("{s:s, s:b, s:o}", "channel", alert_channel_name(channel->kind),
			"taken", taken, "what", nv_json_str(what)));
}

static void
on_tested(void *arg, const struct alert_channel *channel, bool taken, const char *what)
{
	struct client *c = arg;

	c->tests--;
	add_test(c, channel, taken, what);
	end_tests(c);
	take_lines(c);
}

static void
verb_test(struct client *c, const json_t *args)
{
	const char *name = json_string_value(json_object_get(args, "channel"));
	bool known = !name;

	c->tested = json_array();
	c->all_taken = true;
	for (size_t i = 0; i < ALERT_CHANNEL_COUNT; i++) {
		struct alert_channel *channel = &c->alerts->channels[i];

		if (name && strcmp(name, alert_channel_name(channel->kind)) != 0)
			continue;
		known = true;
		if (!name && !channel->used)
			continue;
		int rc = alert_channel_test(channel, on_tested, c);

		if (rc == 0)
			c->tests++;
		else
			add_test(c, channel, false,
				rc == -ENOTCONN       ? channel->why_not
				: rc == -EBUSY        ? "another message is under way"
				: channel->trouble[0] ? channel->trouble
						      : strerror(-rc));
	}
	if (!known) {
		json_decref(c->tested);
		c->tested = NULL;
		answer_no(c, NV_EXIT_USAGE,
			"no such channel; there are slack, pagerduty, discord, telegram, "
			"email and webhook");
		return;
	}
	end_tests(c);
}

static void
verb_slack(struct client *c, const json_t *args)
{
	if (alert_slack_payload(c->alerts, json_object_get(args, "payload")) < 0)
		answer_no(c, NV_EXIT_NO, "this is no button of ours");
	else
		answer_data(c, json_object());
}

static const struct {
	const char *name;
	void (*run)(struct client *c, const json_t *args);
} verbs[] = {
	{"ack", verb_ack},
	{"channels", verb_channels},
	{"list", verb_list},
	{"slack", verb_slack},
	{"test", verb_test},
};

static void
run(struct client *c, const char *line, size_t bytes)
{
	json_t *request = json_loadb(line, bytes, JSON_REJECT_DUPLICATES, NULL);
	const char *verb = json_string_value(json_object_get(request, "verb"));
	size_t i = 0;

	while (verb && i < NV_LEN(verbs) && strcmp(verbs[i].name, verb) != 0)
		i++;
	if (!verb)
		answer_no(c, NV_EXIT_USAGE,
			"expected one JSON object with \"verb\" and \"args\"");
	else if (i == NV_LEN(verbs))
		answer_no(c, NV_EXIT_USAGE, "there is no such verb");
	else
		verbs[i].run(c, json_object_get(request, "args"));
	json_decref(request);
}

/* What waits behind a test is taken when the test has its answer. */
static void
take_lines(struct client *c)
{
	const char *end;

	while (c->tests == 0 && c->request.bytes > 0 &&
		(end = memchr(c->request.data, '\n', c->request.bytes)) != NULL) {
		size_t bytes = (size_t)(end - c->request.data);

		run(c, c->request.data, bytes);
		nv_buf_consume(&c->request, bytes + 1);
	}
}

/* ---- connections ---- */

static void
on_readable(struct ev_loop *loop, ev_io *io, int revents)
{
	struct client *c = io->data;
	char chunk[16384];
	ssize_t n = read(c->fd, chunk, sizeof(chunk));

	(void)revents;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	nv_buf_add(&c->request, chunk, n > 0 ? (size_t)n : 0);
	if (n <= 0 || c->request.error) {
		drop(c);
		return;
	}
	ev_timer_again(loop, &c->idle);
	take_lines(c);
}

static void
on_writable(struct ev_loop *loop, ev_io *io, int revents)
{
	struct client *c = io->data;
	ssize_t n = send(c->fd, c->answer.data, c->answer.bytes, MSG_NOSIGNAL);

	(void)revents;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0 || c->answer.error) {
		drop(c);
		return;
	}
	nv_buf_consume(&c->answer, (size_t)n);
	if (c->answer.bytes == 0)
		ev_io_stop(loop, io);
}

static void
on_idle(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct client *c = timer->data;

	(void)loop;
	(void)revents;
	if (c->tests == 0)
		drop(c);
}

static void
on_connection(void *arg, int accepted)
{
	struct alerts *a = arg;
	NV_CLEANUP_FD fd = accepted;
	uid_t uid;
	struct client *c = nv_peer_is_ours(fd, &uid) && a->sock->n < CLIENTS_MAX
				   ? calloc(1, sizeof(*c))
				   : NULL;

	if (!c)
		return;
	c->alerts = a;
	c->fd = nv_fd_steal(&fd);
	c->uid = uid;
	c->next = a->sock->list;
	a->sock->list = c;
	a->sock->n++;
	nv_buf_init(&c->request, LINE_BYTES_MAX);
	nv_buf_init(&c->answer, ANSWER_BYTES_MAX);
	ev_io_init(&c->in, on_readable, c->fd, EV_READ);
	ev_io_init(&c->out, on_writable, c->fd, EV_WRITE);
	ev_init(&c->idle, on_idle);
	c->idle.repeat = IDLE_S;
	c->in.data = c->out.data = c->idle.data = c;
	ev_io_start(a->loop, &c->in);
	ev_timer_again(a->loop, &c->idle);
}

int
alert_sock_open(struct alerts *a, struct nv_err *err)
{
	struct alert_sock *sock = calloc(1, sizeof(*sock));

	if (!sock)
		return nv_err_set(err, -ENOMEM, "no memory");
	if (snprintf(sock->path, sizeof(sock->path), "%s/alerts.sock",
		    a->paths.run_dir) >= (int)sizeof(sock->path))
		sock->fd = -ENAMETOOLONG;
	else
		/* Whose it was is dead: novasupd runs one of us at a time. */
		sock->fd = nv_listen_unix(sock->path, SOCK_STREAM, 0600, CLIENTS_MAX);
	if (sock->fd < 0) {
		int rc = sock->fd;

		nv_err_set(err, rc, "%s: %s", sock->path, strerror(-rc));
		free(sock);
		return rc;
	}
	a->sock = sock;
	nv_accept_start(&sock->accept, a->loop, sock->fd, on_connection, a);
	return 0;
}

void
alert_sock_close(struct alerts *a)
{
	if (!a->sock)
		return;
	while (a->sock->list)
		drop(a->sock->list);
	nv_accept_stop(&a->sock->accept);
	(void)unlink(a->sock->path);
	nv_fd_close(&a->sock->fd);
	free(a->sock);
	a->sock = NULL;
}
