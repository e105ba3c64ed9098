/* See nv_http.h: the client itself, and libcurl on libev. */
#include "nv_http_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CONNECTIONS_DEFAULT 64
#define PER_HOST_DEFAULT    8
#define CALLS_DEFAULT       4096

/* One descriptor of libcurl's. */
struct socket_watch {
	ev_io io;
	struct nv_http *http;
};

/* The tries that have ended. A callback may cancel other calls and start new ones:
 * libcurl takes the messages of removed handles out of its list. */
static void
collect(struct nv_http *h)
{
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(h->multi, &left)) != NULL) {
		char *private = NULL;

		if (msg->msg != CURLMSG_DONE)
			continue;
		CURLcode code = msg->data.result;

		(void)curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &private);
		nv_http_call_ended((struct nv_http_call *)(void *)private, code);
	}
}

static void
on_io(struct ev_loop *loop, ev_io *w, int revents)
{
	struct socket_watch *s = w->data;
	struct nv_http *h = s->http; /* s may go meanwhile */
	int events = (revents & EV_READ ? CURL_CSELECT_IN : 0) |
		     (revents & EV_WRITE ? CURL_CSELECT_OUT : 0);
	int running;

	(void)loop;
	(void)curl_multi_socket_action(h->multi, w->fd, events, &running);
	collect(h);
}

static void
on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct nv_http *h = w->data;
	int running;

	(void)loop;
	(void)revents;
	(void)curl_multi_socket_action(h->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	collect(h);
}

static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
	struct nv_http *h = arg;
	struct socket_watch *s = socket_arg;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (s) {
			ev_io_stop(h->loop, &s->io);
			free(s);
		}
		return 0;
	}
	if (!s) {
		s = calloc(1, sizeof(*s));
		if (!s)
			return -1; /* the transfer fails */
		s->http = h;
		ev_io_init(&s->io, on_io, fd, 0);
		s->io.data = s;
		(void)curl_multi_assign(h->multi, fd, s);
	}
	ev_io_stop(h->loop, &s->io);
	ev_io_set(&s->io, fd,
		(what & CURL_POLL_IN ? EV_READ : 0) |
			(what & CURL_POLL_OUT ? EV_WRITE : 0));
	ev_io_start(h->loop, &s->io);
	return 0;
}

/* libcurl must not be called from here: 0 ms is the loop's next pass. */
static int
on_timeout_wanted(CURLM *multi, long ms, void *arg)
{
	struct nv_http *h = arg;

	(void)multi;
	ev_timer_stop(h->loop, &h->timer);
	if (ms < 0)
		return 0;
	ev_now_update(h->loop);
	ev_timer_set(&h->timer, (double)ms / 1000, 0.);
	ev_timer_start(h->loop, &h->timer);
	return 0;
}

int
nv_http_new(
	struct ev_loop *loop, const struct nv_http_options *options, struct nv_http **ret)
{
	struct nv_http_options o = options ? *options : (struct nv_http_options){0};
	struct nv_http *h = calloc(1, sizeof(*h));

	if (!h || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		free(h);
		return -ENOMEM;
	}
	h->loop = loop;
	h->calls_max = o.calls_max ? o.calls_max : CALLS_DEFAULT;
	h->multi = curl_multi_init();
	h->ca_file = o.ca_file ? strdup(o.ca_file) : NULL;
	ev_timer_init(&h->timer, on_timer, 0., 0.);
	h->timer.data = h;
	if (!h->multi || (o.ca_file && !h->ca_file)) {
		nv_http_free(h);
		return -ENOMEM;
	}
	(void)curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	(void)curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
	(void)curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, on_timeout_wanted);
	(void)curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
	(void)curl_multi_setopt(h->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
		(long)(o.connections_max ? o.connections_max : CONNECTIONS_DEFAULT));
	(void)curl_multi_setopt(h->multi, CURLMOPT_MAX_HOST_CONNECTIONS,
		(long)(o.per_host_max ? o.per_host_max : PER_HOST_DEFAULT));
	*ret = h;
	return 0;
}

void
nv_http_free(struct nv_http *h)
{
	if (!h)
		return;
	while (h->calls)
		nv_http_call_free(h->calls);
	(void)curl_multi_cleanup(h->multi);
	ev_timer_stop(h->loop, &h->timer);
	curl_global_cleanup();
	free(h->ca_file);
	free(h);
}

unsigned
nv_http_calls(const struct nv_http *h)
{
	return h->calls_n;
}

const char *
nv_http_header(const struct nv_http_answer *answer, const char *name)
{
	return nv_http_headers_get(answer->headers, name, 0);
}

const char *
nv_http_header_nth(const struct nv_http_answer *answer, const char *name, unsigned n)
{
	return nv_http_headers_get(answer->headers, name, n);
}

const char *
nv_http_outcome_name(enum nv_http_outcome outcome)
{
	static const char *const names[] = {[NV_HTTP_DONE] = "done",
		[NV_HTTP_REFUSED] = "refused",
		[NV_HTTP_UNKNOWN] = "unknown"};

	return names[outcome];
}
