/* See nv_multi.h. */
#include "nv_multi.h"

#include <errno.h>
#include <stdlib.h>

/* One descriptor of libcurl's. */
struct socket_watch {
	ev_io io;
	struct nv_multi *multi;
};

/* The tries that have ended. A callback may cancel other calls and start new ones:
 * libcurl takes the messages of removed handles out of its list. */
static void
collect(struct nv_multi *m)
{
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(m->curl, &left)) != NULL) {
		char *private = NULL;

		if (msg->msg != CURLMSG_DONE)
			continue;
		CURLcode code = msg->data.result;

		(void)curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &private);
		m->ended(private, code);
	}
}

static void
on_io(struct ev_loop *loop, ev_io *w, int revents)
{
	struct socket_watch *s = w->data;
	struct nv_multi *m = s->multi; /* s may go meanwhile */
	int events = (revents & EV_READ ? CURL_CSELECT_IN : 0) |
		     (revents & EV_WRITE ? CURL_CSELECT_OUT : 0);
	int running;

	(void)loop;
	(void)curl_multi_socket_action(m->curl, w->fd, events, &running);
	collect(m);
}

static void
on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct nv_multi *m = w->data;
	int running;

	(void)loop;
	(void)revents;
	(void)curl_multi_socket_action(m->curl, CURL_SOCKET_TIMEOUT, 0, &running);
	collect(m);
}

static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
	struct nv_multi *m = arg;
	struct socket_watch *s = socket_arg;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (s) {
			ev_io_stop(m->loop, &s->io);
			free(s);
		}
		return 0;
	}
	if (!s) {
		s = calloc(1, sizeof(*s));
		if (!s)
			return -1; /* the transfer fails */
		s->multi = m;
		ev_io_init(&s->io, on_io, fd, 0);
		s->io.data = s;
		(void)curl_multi_assign(m->curl, fd, s);
	}
	ev_io_stop(m->loop, &s->io);
	ev_io_set(&s->io, fd,
		(what & CURL_POLL_IN ? EV_READ : 0) |
			(what & CURL_POLL_OUT ? EV_WRITE : 0));
	ev_io_start(m->loop, &s->io);
	return 0;
}

/* libcurl must not be called from here: 0 ms is the loop's next pass. */
static int
on_timeout_wanted(CURLM *curl, long ms, void *arg)
{
	struct nv_multi *m = arg;

	(void)curl;
	ev_timer_stop(m->loop, &m->timer);
	if (ms < 0)
		return 0;
	ev_now_update(m->loop);
	ev_timer_set(&m->timer, (double)ms / 1000, 0.);
	ev_timer_start(m->loop, &m->timer);
	return 0;
}

int
nv_multi_new(struct ev_loop *loop, nv_multi_ended_fn *ended, struct nv_multi **ret)
{
	struct nv_multi *m = calloc(1, sizeof(*m));

	if (!m || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		free(m);
		return -ENOMEM;
	}
	m->loop = loop;
	m->ended = ended;
	ev_timer_init(&m->timer, on_timer, 0., 0.);
	m->timer.data = m;
	m->curl = curl_multi_init();
	if (!m->curl) {
		nv_multi_free(m);
		return -ENOMEM;
	}
	(void)curl_multi_setopt(m->curl, CURLMOPT_SOCKETFUNCTION, on_socket);
	(void)curl_multi_setopt(m->curl, CURLMOPT_SOCKETDATA, m);
	(void)curl_multi_setopt(m->curl, CURLMOPT_TIMERFUNCTION, on_timeout_wanted);
	(void)curl_multi_setopt(m->curl, CURLMOPT_TIMERDATA, m);
	*ret = m;
	return 0;
}

void
nv_multi_free(struct nv_multi *m)
{
	if (!m)
		return;
	(void)curl_multi_cleanup(m->curl);
	ev_timer_stop(m->loop, &m->timer);
	curl_global_cleanup();
	free(m);
}
