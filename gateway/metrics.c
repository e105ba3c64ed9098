/* GET /metrics: see metrics.h. */
#include "metrics.h"

#include "api.h"
#include "ask.h"
#include "gateway.h"
#include "nv_clock.h"
#include "nv_log.h"
#include "query.h"
#include "supwatch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TYPE_PLAIN "text/plain; version=0.0.4; charset=utf-8"
#define TYPE_OPEN  "application/openmetrics-text; version=1.0.0; charset=utf-8"

/* The sockets that are asked, and what has come of it. */
enum { ENGINE, ALERTS, PLATFORM, SOCKETS = PLATFORM + NV_PLATFORMS };

struct socket {
	struct gw_metrics *metrics;
	struct gw_ask *ask; /* under way */
	json_t *data;       /* a reference */
};

struct waiter {
	struct waiter *next;
	struct gw_call *call;
	struct gw_metrics *metrics;
	bool open;
};

struct gw_metrics {
	struct gw *gw;
	struct gw_supwatch *sup; /* owned */
	bool sup_under_way;
	ev_timer patience;
	bool collecting;
	bool starting; /* what is told at once must not end it */
	struct socket sockets[SOCKETS];
	bool asked[SOCKETS]; /* is one of this fleet's */
	struct nv_fleet fleet;
	bool fleet_here;
	int64_t fleet_ns;
	struct waiter *waiters; /* owned list */
	unsigned n_waiters;
	struct gw_text pages[2]; /* by format; empty: not made of this scrape */
	int64_t pages_ms;        /* when it was begun; 0: none */
};

static void
forget(struct gw_metrics *m)
{
	for (int i = 0; i < SOCKETS; i++) {
		gw_ask_cancel(m->sockets[i].ask);
		json_decref(m->sockets[i].data);
		m->sockets[i].ask = NULL;
		m->sockets[i].data = NULL;
	}
	nv_fleet_clear(&m->fleet);
	m->fleet_here = false;
}

/* ---- the answer ---- */

static bool
make_page(struct gw_metrics *m, bool open)
{
	struct gw_text *t = &m->pages[open];
	struct gw_scrape s = {.gw = m->gw,
		.engine = m->sockets[ENGINE].data,
		.fleet = m->fleet_here ? &m->fleet : NULL,
		.fleet_ns = m->fleet_ns,
		.alerts = m->sockets[ALERTS].data,
		.has_alerts = m->asked[ALERTS],
		.workers_max = m->gw->config->gateway.metrics_workers};

	for (int i = 0; i < NV_PLATFORMS; i++) {
		s.has_platforms[i] = m->asked[PLATFORM + i];
		s.platforms[i] = m->sockets[PLATFORM + i].data;
	}
	gw_text_fini(t);
	gw_text_init(t, open, GW_METRICS_BYTES_MAX);
	gw_metrics_put_self(t, &s);
	gw_metrics_put_fleet(t, &s);
	gw_metrics_put_engine(t, &s);
	gw_metrics_put_money(t, &s);
	int rc = gw_text_end(t);

	if (rc == 0)
		return true;
	nv_error("metrics cannot be shown: %s", rc == -ENOBUFS
							? "the page is too large; "
							  "gateway.metrics_workers "
							  "makes it smaller"
							: strerror(-rc));
	gw_text_fini(t);
	return false;
}

static void
answer(struct gw_call *call, const struct gw_text *t, bool open)
{
	if (t->buf.bytes == 0) {
		gw_answer_error(call, 500, "metrics cannot be shown: see the log");
		return;
	}
	gw_answer_header(call, "Vary", "Accept");
	gw_answer(call, 200, open ? TYPE_OPEN : TYPE_PLAIN, t->buf.data, t->buf.bytes);
}

static bool
is_complete(const struct gw_metrics *m)
{
	for (int i = 0; i < SOCKETS; i++)
		if (m->sockets[i].ask)
			return false;
	return !m->sup_under_way;
}

/* Who has its answer may ask again at once, and so begin the next scrape: those that wait
 * get the pages of this one all the same. */
static void
tell_all(struct gw_metrics *m)
{
	struct waiter *list = m->waiters;
	struct waiter *w;
	struct gw_text pages[2];

	for (w = list; w; w = w->next)
		if (m->pages[w->open].buf.bytes == 0)
			(void)make_page(m, w->open);
	memcpy(pages, m->pages, sizeof(pages));
	for (int i = 0; i < 2; i++)
		gw_text_init(&m->pages[i], i, GW_METRICS_BYTES_MAX);
	m->waiters = NULL;
	m->n_waiters = 0;
	while ((w = list)) {
		struct gw_call *call = w->call;
		bool open = w->open;

		list = w->next;
		free(w);
		call->gone = NULL;
		answer(call, &pages[open], open);
	}
	for (int i = 0; i < 2; i++) {
		if (m->collecting || m->pages[i].buf.bytes)
			gw_text_fini(&pages[i]);
		else
			m->pages[i] = pages[i];
	}
}

static void
finish(struct gw_metrics *m)
{

	if (!m->collecting || m->starting)
		return;
	m->collecting = false;
	ev_timer_stop(m->gw->loop, &m->patience);
	for (int i = 0; i < SOCKETS; i++) {
		gw_ask_cancel(m->sockets[i].ask);
		m->sockets[i].ask = NULL;
	}
	gw_supwatch_rest(m->sup);
	m->sup_under_way = false;
	tell_all(m);
}

/* ---- asking ---- */

static void
on_told(void *arg, const struct gw_told *told)
{
	struct socket *s = arg;

	s->ask = NULL;
	s->data = told->data ? json_incref(told->data) : NULL;
	if (is_complete(s->metrics))
		finish(s->metrics);
}

static void
on_fleet(void *arg, struct nv_fleet *fleet, int64_t as_of_ns, const char *why)
{
	struct gw_metrics *m = arg;

	(void)why; /* nova_up says that it is away */
	if (!m->sup_under_way)
		return;
	m->sup_under_way = false;
	if (fleet) {
		nv_fleet_clear(&m->fleet);
		m->fleet = *fleet;
		*fleet = (struct nv_fleet){0};
		m->fleet_here = true;
		m->fleet_ns = as_of_ns;
	}
	if (is_complete(m))
		finish(m);
}

static void
on_patience(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)loop;
	(void)revents;
	finish(timer->data);
}

static void
ask(struct gw_metrics *m, int which, const char *socket, json_t *question)
{
	struct socket *s = &m->sockets[which];

	s->metrics = m;
	/* Without memory it counts as away. */
	if (gw_ask(m->gw, socket, question, GW_METRICS_KEPT_MS, on_told, s, &s->ask) < 0)
		s->ask = NULL;
}

static bool
has_process(const struct nv_fleet *fleet, const char *name)
{
	static const char system[] = "nova.";

	for (size_t i = 0; i < fleet->n_procs; i++)
		if (strncmp(fleet->procs[i].name, system, sizeof(system) - 1) == 0 &&
			strcmp(fleet->procs[i].name + sizeof(system) - 1, name) == 0)
			return true;
	return false;
}

/* A reload adds and removes processes while this one goes on: what counts is who was
 * there at the last scrape; before the first one, what is configured. */
static void
choose(struct gw_metrics *m)
{
	const struct nv_config *config = m->gw->config;
	bool first = m->pages_ms == 0;

	if (!first && !m->fleet_here)
		return;
	m->asked[ENGINE] = true;
	m->asked[ALERTS] = first ? config->alerts.on : has_process(&m->fleet, "alerts");
	for (int i = 0; i < NV_PLATFORMS; i++)
		m->asked[PLATFORM + i] =
			first ? config->platforms[i].on
			      : has_process(
					&m->fleet, nv_platform_name((enum nv_platform)i));
}

static void
collect(struct gw_metrics *m)
{
	const struct nv_config *config = m->gw->config;

	choose(m);
	forget(m);
	for (int i = 0; i < 2; i++) {
		gw_text_fini(&m->pages[i]);
		gw_text_init(&m->pages[i], i, GW_METRICS_BYTES_MAX);
	}
	m->pages_ms = nv_mono_ms();
	m->collecting = true;
	m->starting = true;
	ev_timer_set(&m->patience, GW_METRICS_MS / 1000., 0.);
	ev_timer_start(m->gw->loop, &m->patience);
	ask(m, ENGINE, GW_ASK_ENGINE,
		json_pack("{s:s, s:{s:I}}", "verb", "figures", "args", "workers",
			(json_int_t)config->gateway.metrics_workers));
	if (m->asked[ALERTS])
		ask(m, ALERTS, GW_ASK_ALERTS, json_pack("{s:s}", "verb", "list"));
	for (int i = 0; i < NV_PLATFORMS; i++) {
		char socket[64];

		if (!m->asked[PLATFORM + i])
			continue;
		(void)snprintf(socket, sizeof(socket), "platform/%s.sock",
			nv_platform_name((enum nv_platform)i));
		ask(m, PLATFORM + i, socket, json_pack("{s:s}", "verb", "state"));
	}
	m->sup_under_way = true;
	gw_supwatch_ask(m->sup, GW_METRICS_MS);
	m->starting = false;
}

/* ---- the route ---- */

static void
on_gone(struct gw_call *call)
{
	struct waiter *w = call->own;
	struct waiter **link = &w->metrics->waiters;

	while (*link != w)
		link = &(*link)->next;
	*link = w->next;
	w->metrics->n_waiters--;
	free(w);
}

void
gw_metrics_get(struct gw_call *call)
{
	struct gw *gw = call->arg;
	struct gw_metrics *m = gw->metrics;
	bool open = gw_text_wants_open(gw_header(call->request, "accept"));

	if (gw_query_none(call) < 0)
		return;
	if (!m->collecting && m->pages_ms != 0 &&
		nv_mono_ms() - m->pages_ms < GW_METRICS_KEPT_MS) {
		if (m->pages[open].buf.bytes == 0)
			(void)make_page(m, open);
		answer(call, &m->pages[open], open);
		return;
	}
	struct waiter *w =
		m->n_waiters < GW_METRICS_CALLS_MAX ? calloc(1, sizeof(*w)) : NULL;

	if (!w) {
		gw_answer_header(call, "Retry-After", "1");
		gw_answer_error(call, 503, "too many ask for metrics");
		return;
	}
	*w = (struct waiter){
		.next = m->waiters, .call = call, .metrics = m, .open = open};
	m->waiters = w;
	m->n_waiters++;
	call->own = w;
	call->gone = on_gone;
	if (!m->collecting)
		collect(m);
}

int
gw_metrics_open(struct gw *gw)
{
	struct gw_metrics *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->gw = gw;
	m->sup = gw_supwatch_new(gw->loop, gw->run_dir, on_fleet, m);
	if (!m->sup) {
		free(m);
		return -ENOMEM;
	}
	ev_timer_init(&m->patience, on_patience, GW_METRICS_MS / 1000., 0.);
	m->patience.data = m;
	gw->metrics = m;
	return 0;
}

void
gw_metrics_close(struct gw *gw)
{
	struct gw_metrics *m = gw->metrics;
	struct waiter *w;

	if (!m)
		return;
	gw->metrics = NULL;
	ev_timer_stop(gw->loop, &m->patience);
	forget(m);
	gw_supwatch_free(m->sup);
	while ((w = m->waiters)) {
		m->waiters = w->next;
		free(w);
	}
	gw_text_fini(&m->pages[0]);
	gw_text_fini(&m->pages[1]);
	free(m);
}
