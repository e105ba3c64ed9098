/* engine.sock: connections and dispatch. See api.h. */
#include "api.h"

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
#include <sys/un.h>
#include <unistd.h>

static const struct eng_verb verbs[] = {
	{"ping", eng_verb_ping, {NULL}},
	{"summary", eng_verb_summary, {NULL}},
	{"figures", eng_verb_figures, {"workers"}},
	{"overview", eng_verb_overview, {NULL}},
	{"sparklines", eng_verb_sparklines, {"hours"}},
	{"workers.metrics", eng_verb_metrics, {"worker", "brief"}},
	{"workers.set", eng_verb_set, {"workers", "action", "via"}},
	{"workers.scale", eng_verb_scale, {"worker", "instances", "multiplier", "via"}},
	{"forecast", eng_verb_forecast, {"worker", "days"}},
	{"workers.tune", eng_verb_tune,
		{"worker", "shares", "run_interval_ms", "params", "experiment", "values",
			"reset", "via"}},
	{"agents", eng_verb_agents, {"status", "group"}},
	{"agent", eng_verb_agent, {"worker"}},
	{"kill", eng_verb_kill, {"worker", "reason", "via"}},
	{"deploy", eng_verb_deploy, {"worker", "via"}},
	{"undeploy", eng_verb_undeploy, {"worker", "via"}},
	{"autonomous.set", eng_verb_autonomous_set, {"enabled", "via"}},
	{"autonomous.status", eng_verb_autonomous_status, {NULL}},
	{"autonomous.run", eng_verb_autonomous_run, {"dry_run"}},
	{"approvals", eng_verb_approvals, {NULL}},
	{"approve", eng_verb_approve, {"id", "via"}},
	{"deny", eng_verb_deny, {"id", "reason", "via"}},
	{"decisions", eng_verb_decisions, {"worker", "since", "limit", "imported"}},
	{"decisions.calibration", eng_verb_calibration, {NULL}},
	{"explain", eng_verb_explain, {"id"}},
	{"costs", eng_verb_costs, {"target", "period", "from", "to", "by", "limit"}},
	{"revenue", eng_verb_revenue, {"target", "period", "from", "to", "by", "limit"}},
	{"pnl", eng_verb_pnl, {"target", "period", "from", "to", "by", "limit"}},
	{"roi", eng_verb_roi, {"target", "period", "from", "to", "by", "limit"}},
	{"timeline", eng_verb_timeline,
		{"target", "period", "from", "to", "by", "limit"}},
	{"cashflow", eng_verb_cashflow, {"period", "from", "to", "by", "limit", "older"}},
	{"cohorts", eng_verb_cohorts, {"target", "period", "from", "to", "by", "limit"}},
	{"reinvest", eng_verb_reinvest, {"target", "period", "from", "to", "after"}},
	{"quality", eng_verb_quality, {"older"}},
	{"performers", eng_verb_performers,
		{"period", "from", "to", "order", "bottom", "limit"}},
	{"budget", eng_verb_budget, {"worker"}},
	{"track", eng_verb_track,
		{"kind", "worker", "amount", "currency", "source", "id", "note", "of",
			"fee", "status", "run", "variant", "operation", "external_id",
			"to_amount", "to_currency", "via"}},
	{"import", eng_verb_import, {"rows", "via"}},
	{"import.begin", eng_verb_import_begin, {"file", "via"}},
	{"import.totals", eng_verb_import_totals, {NULL}},
	{"ledger.correct", eng_verb_correct, {"seq", "reason", "amount", "id", "via"}},
	{"events", eng_verb_events, {"worker", "since_seq", "limit"}},
	{"events.follow", eng_verb_follow, {"worker", "since_seq", "limit"}},
	{"quarantine", eng_verb_quarantine, {"worker", "limit"}},
	{"incidents", eng_verb_incidents, {"limit"}},
	{"anomalies", eng_verb_anomalies, {"all", "look"}},
	{"ledger.stats", eng_verb_stats, {NULL}},
	{"webhooks", eng_verb_webhooks, {"provider", "since_seq", "limit"}},
	{"prices", eng_verb_prices, {"model", "provider", "at"}},
	{"why", eng_verb_why, {"worker", "instance", "last"}},
};

struct eng_client {
	struct eng_client *next;
	struct eng *eng;
	int fd; /* owned */
	unsigned uid;
	pid_t pid; /* the process that connected */
	ev_io in;
	ev_io out;
	ev_timer idle;
	struct nv_buf request;
	struct nv_buf answer; /* what is not sent yet */
	bool closing;         /* when everything is sent */
	bool following;
	char follow_worker[NV_NAME_MAX]; /* "" = all */
	uint64_t follow_after;           /* the last seq it has had */
};

struct eng_api {
	int fd; /* owned: listening */
	struct nv_accept accept;
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	struct eng_client *clients; /* owned */
	unsigned n_clients;
};

/* ---- one request ---- */

static int
code_of(int rc)
{
	switch (rc) {
	case -EINVAL:
		return NV_EXIT_USAGE;
	case -ENOENT:
	case -EALREADY:
	case -ESTALE:
	case -EPERM:
		return NV_EXIT_NO;
	default:
		return NV_EXIT_FAILED;
	}
}

static char *
answer_error(int rc, const struct nv_err *err)
{
	json_t *o = json_object();
	int bad = o ? 0 : -1;

	bad |= json_object_set_new(o, "ok", json_false());
	bad |= json_object_set_new(o, "code", json_integer(code_of(rc)));
	bad |= json_object_set_new(
		o, "error", nv_json_str(err->text[0] ? err->text : strerror(-rc)));
	char *line = bad ? NULL : nv_json_line(o);

	json_decref(o);
	return line;
}

static char *
answer_data(json_t *data)
{
	json_t *o = json_object();
	int bad = o ? 0 : -1;

	bad |= json_object_set_new(o, "ok", json_true());
	bad |= json_object_set_new(o, "data", data);
	char *line = bad ? NULL : nv_json_line(o);

	json_decref(o);
	return line;
}

/* The same of a verb that has written its answer itself. Takes text. */
static char *
answer_text(char *text)
{
	struct nv_buf buf;

	nv_buf_init(&buf, ENG_API_OUT_BYTES_MAX);
	nv_buf_puts(&buf, "{\"ok\":true,\"data\":");
	nv_buf_puts(&buf, text);
	nv_buf_puts(&buf, "}");
	free(text);
	char *line = buf.error == 0 ? nv_buf_take(&buf) : NULL;

	nv_buf_fini(&buf);
	return line;
}

static int
check_args(const struct eng_verb *verb, const json_t *args, struct nv_err *err)
{
	size_t n = 0;
	const char *key;
	json_t *value;

	while (n < ENG_API_ARGS_MAX && verb->args[n])
		n++;
	json_object_foreach((json_t *)(uintptr_t)args, key, value)
	{
		size_t i = 0;

		while (i < n && strcmp(key, verb->args[i]) != 0)
			i++;
		if (i < n)
			continue;
		const char *near = nv_name_nearest(key, verb->args, n);

		return nv_err_set(err, -EINVAL, "%s has no argument \"%.40s\"%s%s",
			verb->name, key, near ? "; did you mean " : "", near ? near : "");
	}
	return 0;
}

/* Who asks, as it is kept with what comes of it. */
static int
take_by(struct eng_call *call)
{
	const char *via = NULL;
	int rc = nv_json_get_str(call->args, "via", ENG_VIA_BYTES, &via, &call->err);

	if (rc < 0 && rc != -ENOENT)
		return rc;
	if (via && (!*via || strspn(via, "abcdefghijklmnopqrstuvwxyz"
					 "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					 "0123456789:._@-") != strlen(via)))
		return nv_err_set(&call->err, -EINVAL,
			"via: expected a word such as telegram:4711");
	(void)snprintf(call->by, sizeof call->by, "uid %u%s%s", call->uid,
		via ? " for " : "", via ? via : "");
	return 0;
}

static const struct eng_verb *
find_verb(const char *name, struct nv_err *err)
{
	const char *names[NV_LEN(verbs)];

	for (size_t i = 0; i < NV_LEN(verbs); i++) {
		names[i] = verbs[i].name;
		if (strcmp(name, names[i]) == 0)
			return &verbs[i];
	}
	const char *near = nv_name_nearest(name, names, NV_LEN(verbs));

	(void)nv_err_set(err, -EINVAL, "there is no verb \"%.40s\"%s%s", name,
		near ? "; did you mean " : "", near ? near : "");
	return NULL;
}

static int
run(struct eng_call *call, const json_t *request)
{
	const char *name = NULL;
	const char *key;
	json_t *value;
	json_t *empty = NULL;
	int rc;

	if (!json_is_object(request))
		return nv_err_set(&call->err, -EINVAL, "expected an object");
	rc = nv_json_need_str(request, "verb", 100, &name, &call->err);
	if (rc < 0)
		return rc;
	json_object_foreach((json_t *)(uintptr_t)request, key, value)
	{
		if (strcmp(key, "verb") != 0 && strcmp(key, "args") != 0)
			return nv_err_set(&call->err, -EINVAL,
				"expected verb and args, not \"%.40s\"", key);
	}
	const struct eng_verb *verb = find_verb(name, &call->err);

	if (!verb)
		return -EINVAL;
	call->args = json_object_get(request, "args");
	if (!call->args)
		call->args = empty = json_object();
	if (!json_is_object(call->args))
		return nv_err_set(&call->err, -EINVAL, "args: expected an object");
	rc = check_args(verb, call->args, &call->err);
	if (rc == 0)
		rc = take_by(call);
	/* Whatever was written before the question counts in the answer. */
	if (rc == 0 && (rc = eng_intake_flush(call->eng)) < 0)
		(void)nv_err_set(&call->err, rc, "the ledger is busy");
	if (rc == 0)
		rc = verb->fn(call);
	json_decref(empty);
	return rc;
}

char *
eng_api_answer(struct eng *eng, struct eng_client *client, unsigned uid, const char *line,
	size_t bytes)
{
	json_error_t why;
	struct eng_call call = {
		.eng = eng, .client = client, .uid = uid, .now_ns = nv_wall_ns()};
	json_t *request = json_loadb(line, bytes, JSON_REJECT_DUPLICATES, &why);
	int rc;

	if (!request)
		rc = nv_err_set(&call.err, -EINVAL,
			"the request is not JSON: %s at byte %d", why.text, why.position);
	else
		rc = run(&call, request);
	json_decref(request);
	if (rc == 0 && call.text)
		return answer_text(call.text);
	if (rc == 0 && call.data)
		return answer_data(call.data);
	json_decref(call.data);
	free(call.text);
	return answer_error(rc == 0 ? -ENOMEM : rc, &call.err);
}

int
eng_api_worker(struct eng_call *call, const char *name, struct eng_worker **ret)
{
	struct eng_worker *w = eng_worker_find(call->eng, name);
	size_t n = call->eng->config->n_workers;
	const char **names;

	if (w) {
		*ret = w;
		return 0;
	}
	names = calloc(n + 1, sizeof *names);
	for (size_t i = 0; names && i < n; i++)
		names[i] = call->eng->config->workers[i].name;
	const char *near = names ? nv_name_nearest(name, names, n) : NULL;

	(void)nv_err_set(&call->err, -ENOENT, "there is no worker \"%.70s\"%s%s", name,
		near ? "; did you mean " : "", near ? near : "");
	free(names);
	return -ENOENT;
}

/* ---- connections ---- */

static void
client_free(struct eng_client *c)
{
	struct eng *eng = c->eng;
	struct eng_client **link = &eng->api->clients;

	while (*link != c)
		link = &(*link)->next;
	*link = c->next;
	eng->api->n_clients--;
	ev_io_stop(eng->loop, &c->in);
	ev_io_stop(eng->loop, &c->out);
	ev_timer_stop(eng->loop, &c->idle);
	nv_fd_close(&c->fd);
	nv_buf_fini(&c->request);
	nv_buf_fini(&c->answer);
	free(c);
}

/* Sends what the socket takes; the rest when it is writable. False: the client is gone.
 */
static bool
client_send(struct eng_client *c)
{
	if (c->answer.error != 0) {
		/* It asked for much and reads nothing: cut off rather than kept. */
		client_free(c);
		return false;
	}
	while (c->answer.bytes > 0) {
		ssize_t n = send(c->fd, c->answer.data, c->answer.bytes,
			MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0) {
			client_free(c);
			return false;
		}
		nv_buf_consume(&c->answer, (size_t)n);
	}
	if (c->answer.bytes > 0) {
		ev_io_start(c->eng->loop, &c->out);
	} else {
		ev_io_stop(c->eng->loop, &c->out);
		if (c->closing) {
			client_free(c);
			return false;
		}
	}
	return true;
}

/* What is new since the last event the follower has had, a page an answer. False: the
 * client is gone. */
static bool
client_feed(struct eng_client *c)
{
	struct led_view *v = NULL;

	/* It still reads what it has (on_writable goes on), or the next commit
	 * brings these events as well. */
	if (c->answer.bytes > 0 || led_view_begin(c->eng->led, &v, NULL) < 0)
		return true;
	json_t *events = json_array();
	int rc = eng_feed(c->eng, v, c->follow_worker, &c->follow_after, events);
	bool some = json_array_size(events) > 0;
	bool full = json_array_size(events) >= ENG_API_PAGE;

	led_view_end(v);
	json_t *data = json_pack("{s:o}", "events", events);
	NV_CLEANUP_FREE char *line = some && rc == 0 ? answer_data(data) : NULL;

	if (!some || rc != 0)
		json_decref(data);
	if (line) {
		nv_buf_puts(&c->answer, line);
		nv_buf_add(&c->answer, "\n", 1);
	}
	if (!client_send(c))
		return false;
	/* More is there: the next page when the loop comes round. */
	if (full)
		ev_io_start(c->eng->loop, &c->out);
	return true;
}

/* Answers that nobody reads add up: those of whoever has not read for longest are given
 * up for new ones. */
static void
make_room(const struct eng_client *asks, size_t bytes)
{
	struct eng *eng = asks->eng;

	for (;;) {
		struct eng_client *worst = NULL;
		double left_s = ENG_API_IDLE_S;
		size_t held = bytes;

		for (struct eng_client *c = eng->api->clients; c; c = c->next) {
			double s = ev_timer_remaining(eng->loop, &c->idle);

			held += c->answer.bytes;
			if (c != asks && c->answer.bytes > 0 && s <= left_s) {
				worst = c;
				left_s = s;
			}
		}
		if (held <= ENG_API_HELD_BYTES_MAX || !worst)
			return;
		client_free(worst);
	}
}

static void
client_line(struct eng_client *c, const char *line, size_t bytes)
{
	NV_CLEANUP_FREE char *answer = eng_api_answer(c->eng, c, c->uid, line, bytes);

	if (answer)
		make_room(c, strlen(answer));
	nv_buf_puts(&c->answer,
		answer ? answer
		       : "{\"ok\":false,\"code\":4,\"error\":\"out of memory\"}");
	nv_buf_add(&c->answer, "\n", 1);
}

/* Every whole line that is there, as long as its answers fit. False: gone. */
static bool
client_lines(struct eng_client *c)
{
	for (;;) {
		char *end = c->request.bytes > 0
				    ? memchr(c->request.data, '\n', c->request.bytes)
				    : NULL;

		/* One answer at a time: who sends without reading waits. */
		if (!end || c->answer.bytes > 0 || c->closing)
			return true;
		size_t bytes = (size_t)(end - c->request.data);

		if (c->following) { /* it has said all it may say */
			nv_buf_consume(&c->request, bytes + 1);
			continue;
		}
		client_line(c, c->request.data, bytes);
		nv_buf_consume(&c->request, bytes + 1);
		if (!client_send(c) || (c->following && !client_feed(c)))
			return false;
	}
}

static void
client_too_long(struct eng_client *c)
{
	nv_buf_printf(&c->answer,
		"{\"ok\":false,\"code\":2,\"error\":\"a request is at most %zu "
		"bytes\"}\n",
		ENG_API_LINE_BYTES_MAX);
	c->closing = true;
	ev_io_stop(c->eng->loop, &c->in);
	(void)client_send(c);
}

static void
on_readable(struct ev_loop *loop, ev_io *io, int revents)
{
	struct eng_client *c = io->data;
	char bytes[16384];
	size_t room = ENG_API_LINE_BYTES_MAX + 1 - c->request.bytes;

	(void)revents;
	ssize_t n = recv(c->fd, bytes, NV_MIN(sizeof bytes, room), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		client_free(c);
		return;
	}
	ev_timer_again(loop, &c->idle);
	nv_buf_add(&c->request, bytes, (size_t)n);
	if (c->request.error != 0) {
		client_free(c);
		return;
	}
	if (!client_lines(c))
		return;
	if (c->request.bytes <= ENG_API_LINE_BYTES_MAX)
		return;
	if (memchr(c->request.data, '\n', c->request.bytes))
		ev_io_stop(loop, io); /* more requests than it reads answers */
	else
		client_too_long(c);
}

static void
on_writable(struct ev_loop *loop, ev_io *io, int revents)
{
	struct eng_client *c = io->data;

	(void)revents;
	if (!client_send(c))
		return;
	ev_timer_again(loop, &c->idle);
	if (c->following && !client_feed(c))
		return;
	if (c->answer.bytes == 0 && client_lines(c) &&
		c->request.bytes <= ENG_API_LINE_BYTES_MAX && !c->closing)
		ev_io_start(loop, &c->in);
}

static void
on_idle(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct eng_client *c = timer->data;

	(void)revents;
	if (c->following && c->answer.bytes == 0) {
		ev_timer_again(loop, timer);
		return;
	}
	client_free(c);
}

static void
refuse(int fd, const char *why)
{
	char line[200];
	int n = snprintf(
		line, sizeof line, "{\"ok\":false,\"code\":4,\"error\":\"%s\"}\n", why);

	/* As a courtesy: nobody waits for it to arrive. */
	(void)!send(fd, line, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* 0 when it is not known. */
static pid_t
peer_pid(int fd)
{
	struct ucred peer = {0};
	socklen_t bytes = sizeof peer;

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) < 0 ? 0 : peer.pid;
}

/* Connected, nothing asked, nothing to come: the one that has been so for longest. */
static struct eng_client *
most_idle(const struct eng *eng)
{
	struct eng_client *found = NULL;
	double left_s = ENG_API_IDLE_S - ENG_API_KEPT_S;

	for (struct eng_client *c = eng->api->clients; c; c = c->next) {
		double s = ev_timer_remaining(eng->loop, &c->idle);

		if (!c->following && c->answer.bytes == 0 && c->request.bytes == 0 &&
			s < left_s) {
			found = c;
			left_s = s;
		}
	}
	return found;
}

/* Why there is no room for another connection of this process; NULL: there is. */
static const char *
no_room(struct eng *eng, pid_t pid)
{
	unsigned of_it = 0;

	for (const struct eng_client *c = eng->api->clients; c; c = c->next)
		of_it += c->pid == pid;
	if (of_it >= ENG_API_OF_ONE_MAX)
		return "too many connections of this process";
	if (eng->api->n_clients >= ENG_API_CLIENTS_MAX) {
		struct eng_client *idle = most_idle(eng);

		if (!idle)
			return "too many connections";
		client_free(idle);
	}
	return NULL;
}

static void
on_accept(void *arg, int accepted)
{
	struct eng *eng = arg;
	uid_t uid;
	NV_CLEANUP_FD fd = accepted;

	if (!nv_peer_is_ours(fd, &uid)) {
		refuse(fd, "only root and the user who runs Nova may ask");
		return;
	}
	pid_t pid = peer_pid(fd);
	const char *full = no_room(eng, pid);

	if (full) {
		refuse(fd, full);
		return;
	}
	struct eng_client *c = calloc(1, sizeof *c);

	if (!c)
		return;
	c->eng = eng;
	c->uid = uid;
	c->pid = pid;
	c->fd = nv_fd_steal(&fd);
	nv_buf_init(&c->request, ENG_API_LINE_BYTES_MAX + 2);
	nv_buf_init(&c->answer, ENG_API_OUT_BYTES_MAX);
	ev_io_init(&c->in, on_readable, c->fd, EV_READ);
	ev_io_init(&c->out, on_writable, c->fd, EV_WRITE);
	ev_timer_init(&c->idle, on_idle, 0., ENG_API_IDLE_S);
	c->in.data = c->out.data = c->idle.data = c;
	c->next = eng->api->clients;
	eng->api->clients = c;
	eng->api->n_clients++;
	ev_io_start(eng->loop, &c->in);
	ev_timer_again(eng->loop, &c->idle);
}

void
eng_api_follow(struct eng_client *c, const char *worker, uint64_t after_seq)
{
	if (!c)
		return;
	c->following = true;
	c->follow_after = after_seq;
	(void)snprintf(c->follow_worker, sizeof c->follow_worker, "%s", worker);
}

void
eng_api_after_commit(struct eng *eng, uint64_t first_seq, uint64_t last_seq)
{
	struct eng_client *next;

	(void)first_seq;
	for (struct eng_client *c = eng->api ? eng->api->clients : NULL; c; c = next) {
		next = c->next;
		if (c->following && c->follow_after < last_seq)
			(void)client_feed(c);
	}
}

/* ---- start and end ---- */

static int
listen_at(struct eng_api *api, struct nv_err *err)
{
	/* novasupd holds the lock of the run directory and has reaped the engine
	 * before this one: what lies there is dead. */
	api->fd = nv_listen_unix(api->path, SOCK_STREAM, 0600, 64);
	return api->fd < 0 ? nv_err_set(err, api->fd, "%s cannot be bound: %s", api->path,
				     strerror(-api->fd))
			   : 0;
}

int
eng_api_open(struct eng *eng, struct nv_err *err)
{
	struct eng_api *api = calloc(1, sizeof *api);
	int n;
	int rc;

	if (!api)
		return nv_err_set(err, -ENOMEM, "no memory for engine.sock");
	api->fd = -1;
	n = snprintf(api->path, sizeof api->path, "%s/engine.sock", eng->run_dir);
	rc = n < 0 || (size_t)n >= sizeof api->path
		     ? nv_err_set(err, -ENAMETOOLONG, "%s is too long for a socket",
			       eng->run_dir)
		     : listen_at(api, err);
	if (rc < 0) {
		free(api);
		return rc;
	}
	eng->api = api;
	nv_accept_start(&api->accept, eng->loop, api->fd, on_accept, eng);
	return 0;
}

void
eng_api_close(struct eng *eng)
{
	if (!eng->api)
		return;
	while (eng->api->clients)
		client_free(eng->api->clients);
	nv_accept_stop(&eng->api->accept);
	nv_fd_close(&eng->api->fd);
	(void)unlink(eng->api->path);
	free(eng->api);
	eng->api = NULL;
}
