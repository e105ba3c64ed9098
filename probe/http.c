#include "http.h"

#include "nv_log.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define URL_BYTES        2200
#define ANSWER_BYTES_MAX ((curl_off_t)1 << 20) /* the status has come long before */
#define CONNECTIONS_MAX  200L

struct probe_net {
	struct ev_loop *loop;
	CURLM *multi;
	ev_timer timer;
};

struct probe_http {
	struct probe_net *net;
	CURL *easy;
	probe_done_fn *done;
	void *arg;
	curl_off_t bytes;
	bool connect_only;
	char error[CURL_ERROR_SIZE];
};

/* One descriptor of libcurl's. */
struct socket_watch {
	ev_io io;
	struct probe_net *net;
};

/* ---- the end of a check ---- */

static void
http_free(struct probe_http *h)
{
	(void)curl_multi_remove_handle(h->net->multi, h->easy);
	curl_easy_cleanup(h->easy);
	free(h);
}

static void
finish(struct probe_http *h, CURLcode code)
{
	probe_done_fn *done = h->done;
	void *arg = h->arg;
	char why[200] = "";
	long status = 0;

	/* Enough was read: the status is what counts. */
	if (code == CURLE_WRITE_ERROR && h->bytes > ANSWER_BYTES_MAX)
		code = CURLE_OK;
	(void)curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &status);
	if (code != CURLE_OK)
		(void)snprintf(why, sizeof(why), "%s",
			h->error[0] ? h->error : curl_easy_strerror(code));
	else if (!h->connect_only && (status < 200 || status >= 400))
		(void)snprintf(why, sizeof(why), "status %ld", status);
	/* It may hold what the other side said. */
	for (char *at = why; *at; at++) {
		if ((unsigned char)*at < 0x20 || (unsigned char)*at >= 0x7f)
			*at = '?';
	}
	http_free(h);
	done(arg, why[0] == '\0', why);
}

static void
collect(struct probe_net *net)
{
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(net->multi, &left)) != NULL) {
		char *private = NULL;

		if (msg->msg != CURLMSG_DONE)
			continue;
		CURLcode code = msg->data.result;

		(void)curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &private);
		finish((struct probe_http *)(void *)private, code);
	}
}

/* ---- libcurl on libev ---- */

static void
on_io(struct ev_loop *loop, ev_io *w, int revents)
{
	struct socket_watch *s = w->data;
	struct probe_net *net = s->net; /* s may go meanwhile */
	int events = (revents & EV_READ ? CURL_CSELECT_IN : 0) |
		     (revents & EV_WRITE ? CURL_CSELECT_OUT : 0);
	int running;

	(void)loop;
	(void)curl_multi_socket_action(net->multi, w->fd, events, &running);
	collect(net);
}

static void
on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct probe_net *net = w->data;
	int running;

	(void)loop;
	(void)revents;
	(void)curl_multi_socket_action(net->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	collect(net);
}

static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
	struct probe_net *net = arg;
	struct socket_watch *s = socket_arg;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (s) {
			ev_io_stop(net->loop, &s->io);
			free(s);
		}
		return 0;
	}
	if (!s) {
		s = calloc(1, sizeof(*s));
		if (!s)
			return -1; /* the transfer fails */
		s->net = net;
		ev_io_init(&s->io, on_io, fd, 0);
		s->io.data = s;
		(void)curl_multi_assign(net->multi, fd, s);
	}
	ev_io_stop(net->loop, &s->io);
	ev_io_set(&s->io, fd,
		(what & CURL_POLL_IN ? EV_READ : 0) |
			(what & CURL_POLL_OUT ? EV_WRITE : 0));
	ev_io_start(net->loop, &s->io);
	return 0;
}

/* libcurl must not be called from here: 0 ms is the loop's next pass. */
static int
on_timeout_wanted(CURLM *multi, long ms, void *arg)
{
	struct probe_net *net = arg;

	(void)multi;
	ev_timer_stop(net->loop, &net->timer);
	if (ms < 0)
		return 0;
	ev_now_update(net->loop);
	ev_timer_set(&net->timer, (double)ms / 1000, 0.);
	ev_timer_start(net->loop, &net->timer);
	return 0;
}

int
probe_net_new(struct ev_loop *loop, struct probe_net **ret)
{
	struct probe_net *net = calloc(1, sizeof(*net));

	if (!net || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		free(net);
		return -ENOMEM;
	}
	net->loop = loop;
	net->multi = curl_multi_init();
	if (!net->multi) {
		free(net);
		return -ENOMEM;
	}
	ev_timer_init(&net->timer, on_timer, 0., 0.);
	net->timer.data = net;
	(void)curl_multi_setopt(net->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	(void)curl_multi_setopt(net->multi, CURLMOPT_SOCKETDATA, net);
	(void)curl_multi_setopt(net->multi, CURLMOPT_TIMERFUNCTION, on_timeout_wanted);
	(void)curl_multi_setopt(net->multi, CURLMOPT_TIMERDATA, net);
	(void)curl_multi_setopt(
		net->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, CONNECTIONS_MAX);
	*ret = net;
	return 0;
}

void
probe_net_free(struct probe_net *net)
{
	if (!net)
		return;
	ev_timer_stop(net->loop, &net->timer);
	(void)curl_multi_cleanup(net->multi);
	curl_global_cleanup();
	free(net);
}

/* ---- one check ---- */

static size_t
on_data(char *data, size_t size, size_t n, void *arg)
{
	struct probe_http *h = arg;

	(void)data;
	h->bytes += (curl_off_t)(size * n);
	return h->bytes > ANSWER_BYTES_MAX ? 0 : size * n;
}

static CURLcode
set_up(struct probe_http *h, const char *url, long timeout_ms)
{
	CURL *e = h->easy;
	CURLcode rc = curl_easy_setopt(e, CURLOPT_URL, url);

#define SET(option, value) rc = rc ? rc : curl_easy_setopt(e, CURLOPT_##option, value)
	SET(PRIVATE, h);
	SET(ERRORBUFFER, h->error);
	SET(NOSIGNAL, 1L);
	SET(PROTOCOLS_STR, "http,https");
	SET(FOLLOWLOCATION, 0L);
	SET(TIMEOUT_MS, timeout_ms);
	SET(CONNECTTIMEOUT_MS, timeout_ms);
	/* Each asks anew: a connection kept open says nothing about the next one. */
	SET(FRESH_CONNECT, 1L);
	SET(FORBID_REUSE, 1L);
	SET(PROXY, "");
	SET(USERAGENT, "nova-probe/" NOVA_VERSION);
	SET(WRITEFUNCTION, on_data);
	SET(WRITEDATA, h);
	SET(CONNECT_ONLY, h->connect_only ? 1L : 0L);
#undef SET
	return rc;
}

int
probe_http_start(struct probe_net *net, const char *target, bool connect_only,
	int64_t timeout_ms, probe_done_fn *done, void *arg, struct probe_http **ret)
{
	struct probe_http *h = calloc(1, sizeof(*h));
	char url[URL_BYTES];

	if (!h)
		return -ENOMEM;
	*h = (struct probe_http){.net = net,
		.easy = curl_easy_init(),
		.done = done,
		.arg = arg,
		.connect_only = connect_only};
	(void)snprintf(url, sizeof(url), "%s%s", connect_only ? "http://" : "", target);
	if (!h->easy) {
		free(h);
		return -ENOMEM;
	}
	if (set_up(h, url, (long)timeout_ms) != CURLE_OK ||
		curl_multi_add_handle(net->multi, h->easy) != CURLM_OK) {
		curl_easy_cleanup(h->easy);
		free(h);
		return -ENOMEM;
	}
	*ret = h;
	return 0;
}

void
probe_http_cancel(struct probe_http *h)
{
	if (h)
		http_free(h);
}
