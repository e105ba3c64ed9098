/* The picture of the fleet: see live.h. A cycle of one second asks all halves at once;
 * what has come is joined in slices, so that a large fleet holds nobody up. */
#include "live.h"

#include "ask.h"
#include "gateway.h"
#include "live_rows.h"
#include "live_show.h"
#include "nv_clock.h"
#include "nv_log.h"
#include "supwatch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CYCLE_S   1.
#define FRESH_MS  2500  /* as new as a request wants it */
#define DATA_MS   10000 /* what is older than that is no data */
#define SPARKS_MS 10000 /* between two looks at them: they are by the hour */
#define ALERTS_MS 2000
#define SLICE_NS  (NV_NS_PER_MS / 2) /* of a build, before requests have their turn */

enum { FLEET, METRICS, OVERVIEW, SPARKS, ALERTS, HALVES };

/* What novasupd or workers.metrics said, whole: shared by what has come and what is
 * shown. */
struct piece {
	unsigned refs;
	struct nv_fleet fleet;
	char *text; /* owned */
};

/* One of those that are asked. */
struct half {
	struct gw_live *live;
	struct gw_ask *ask;  /* under way; of FLEET: the supwatch knows */
	bool tried;          /* an attempt has ended */
	bool here;           /* the last one that ended was good */
	bool fresh;          /* came since the last build began */
	int64_t sent_ms;     /* the last attempt */
	int64_t data_ms;     /* when what we have was asked for */
	int64_t as_of_ns;    /* the same, wall clock */
	struct piece *piece; /* a reference: of FLEET and METRICS */
	json_t *data;        /* owned: of the others */
	char why[300];
};

struct gw_live_wait {
	struct gw_live_wait *next;
	struct gw_live *live;
	ev_timer patience;
	void (*done)(void *arg, const char *why);
	void *arg;
};

struct gw_live {
	struct gw *gw;
	struct gw_supwatch *sup; /* owned */
	struct half halves[HALVES];
	ev_timer cycle;
	int64_t looked_ms; /* the last request */
	struct gw_live_watch *watches;
	struct gw_live_wait *waits; /* owned list */
	/* The build under way. */
	ev_timer slice;
	bool building;
	bool again;                /* something came meanwhile */
	struct piece *build_fleet; /* references; NULL: away */
	struct piece *build_metrics;
	json_t *build_data[HALVES]; /* owned; NULL: away */
	int64_t build_as_of_ns;
	int64_t build_sparks_ns;
	json_t *build_warnings; /* owned */
	int64_t build_ms; /* the oldest of what is shown, or when it was found away */
	/* What is shown. */
	struct gw_rows rows;
	struct piece *fleet; /* a reference; NULL: away */
	int64_t as_of_ns;
	int64_t sparks_as_of_ns;
	int64_t shown_ms;    /* 0: there is no picture */
	int64_t changed_ms;  /* the last command: what was read before is no answer */
	json_t *overview;    /* owned */
	char *overview_text; /* owned */
	size_t overview_bytes;
	uint64_t overview_changed;
	json_t *warnings; /* owned */
};

static void maybe_build(struct gw_live *l, bool more_may_come);

/* ---- halves ---- */

static bool
is_asking(const struct gw_live *l, int which)
{
	if (which == FLEET)
		return gw_supwatch_is_asking(l->sup);
	return l->halves[which].ask;
}

/* May what we have of it be shown? */
static bool
is_here(const struct gw_live *l, int which)
{
	const struct half *h = &l->halves[which];
	int64_t now_ms = nv_mono_ms();

	if (!h->here || now_ms - h->data_ms > DATA_MS + SPARKS_MS * (which == SPARKS))
		return false;
	return !is_asking(l, which) || now_ms - h->sent_ms <= GW_LIVE_HALF_MS;
}

/* Is it known whether it is here? Of one that was here when somebody looked last, but too
 * long ago to be shown, the answer is waited for. */
static bool
is_settled(const struct gw_live *l, int which)
{
	const struct half *h = &l->halves[which];

	if (is_asking(l, which) && nv_mono_ms() - h->sent_ms > GW_LIVE_HALF_MS)
		return true;
	return h->tried && (!h->here || !is_asking(l, which) || is_here(l, which));
}

/* Why it is away, in words. */
static const char *
why_away(const struct gw_live *l, int which, char *buf, size_t bytes)
{
	static const char *const names[HALVES] = {
		"novasupd", "nova-engine", "nova-engine", "nova-engine", "nova-alerts"};
	const struct half *h = &l->halves[which];

	if (is_asking(l, which) && nv_mono_ms() - h->sent_ms > GW_LIVE_HALF_MS)
		(void)snprintf(buf, bytes, "%s has not answered for %lld s", names[which],
			(long long)(nv_mono_ms() - h->sent_ms) / 1000);
	else
		(void)snprintf(
			buf, bytes, "%s", h->why[0] ? h->why : "it was not asked yet");
	return buf;
}

static void
arrived(struct half *h, bool here, int64_t as_of_ns, const char *why)
{
	h->tried = true;
	h->here = here;
	h->fresh = true;
	if (here) {
		h->data_ms = h->sent_ms;
		h->as_of_ns = as_of_ns;
	}
	(void)snprintf(h->why, sizeof(h->why), "%s", why);
	maybe_build(h->live, true);
}

static void
unref(struct piece **piece)
{
	if (*piece && --(*piece)->refs == 0) {
		nv_fleet_clear(&(*piece)->fleet);
		free((*piece)->text);
		free(*piece);
	}
	*piece = NULL;
}

static struct piece *
ref(struct piece *piece)
{
	if (piece)
		piece->refs++;
	return piece;
}

static void
on_fleet(void *arg, struct nv_fleet *fleet, int64_t as_of_ns, const char *why)
{
	struct gw_live *l = arg;
	struct half *h = &l->halves[FLEET];
	struct piece *piece = fleet ? calloc(1, sizeof(*piece)) : NULL;

	if (piece) {
		unref(&h->piece);
		*piece = (struct piece){.refs = 1, .fleet = *fleet};
		*fleet = (struct nv_fleet){0};
		h->piece = piece;
	}
	arrived(h, piece, as_of_ns, fleet && !piece ? "no memory" : why);
}

static void
on_metrics(void *arg, const struct gw_told *told)
{
	struct half *h = arg;
	bool ok = told->code == 0 && strncmp(told->text, "{\"ok\":true", 10) == 0;
	struct piece *piece = ok ? calloc(1, sizeof(*piece)) : NULL;
	char *text = piece ? strdup(told->text) : NULL;

	h->ask = NULL;
	if (text) {
		unref(&h->piece);
		*piece = (struct piece){.refs = 1, .text = text};
		h->piece = piece;
	} else {
		free(piece);
	}
	arrived(h, text, told->as_of_ns,
		text             ? ""
		: told->error[0] ? told->error
		: told->text[0]  ? "nova-engine does not tell about workers"
				 : "nova-engine does not answer");
}

static void
on_data(void *arg, const struct gw_told *told)
{
	struct half *h = arg;

	h->ask = NULL;
	if (told->code == 0) {
		json_decref(h->data);
		h->data = json_incref(told->data);
	}
	arrived(h, told->code == 0, told->as_of_ns, told->error);
}

/* ---- asking ---- */

static void
ask_half(struct gw_live *l, int which, const char *socket, const char *verb, json_t *args)
{
	struct half *h = &l->halves[which];
	json_t *question = json_pack("{s:s, s:o*}", "verb", verb, "args", args);
	int rc;

	h->sent_ms = nv_mono_ms();
	if (which == METRICS)
		rc = gw_ask_text(l->gw, socket, question, on_metrics, h, &h->ask);
	else
		rc = gw_ask(l->gw, socket, question, 0, on_data, h, &h->ask);
	if (rc < 0)
		(void)snprintf(h->why, sizeof(h->why), "no memory to ask");
	else
		gw_ask_first(h->ask);
}

static void
ask_all(struct gw_live *l)
{
	int64_t now_ms = nv_mono_ms();

	if (!is_asking(l, FLEET)) {
		l->halves[FLEET].sent_ms = now_ms;
		gw_supwatch_ask(l->sup, GW_LIVE_HALF_MS);
	}
	if (!is_asking(l, METRICS))
		ask_half(l, METRICS, GW_ASK_ENGINE, "workers.metrics", NULL);
	if (!is_asking(l, OVERVIEW))
		ask_half(l, OVERVIEW, GW_ASK_ENGINE, "overview", NULL);
	if (!is_asking(l, SPARKS) &&
		(!l->halves[SPARKS].here ||
			now_ms - l->halves[SPARKS].sent_ms > SPARKS_MS))
		ask_half(l, SPARKS, GW_ASK_ENGINE, "sparklines",
			json_pack("{s:i}", "hours", 24));
	if (!is_asking(l, ALERTS) && now_ms - l->halves[ALERTS].sent_ms > ALERTS_MS)
		ask_half(l, ALERTS, GW_ASK_ALERTS, "list", NULL);
}

static bool
is_wanted(const struct gw_live *l)
{
	return l->watches || l->waits ||
	       nv_mono_ms() - l->looked_ms < GW_LIVE_LOOK_S * INT64_C(1000);
}

static void
on_cycle(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct gw_live *l = timer->data;

	(void)revents;
	if (!is_wanted(l)) {
		ev_timer_stop(loop, timer);
		gw_supwatch_rest(l->sup);
		return;
	}
	/* Of what was asked a second ago, some may be away by now. */
	for (int i = FLEET; i <= OVERVIEW; i++)
		l->halves[i].fresh |= is_asking(l, i);
	maybe_build(l, false);
	ask_all(l);
}

static void
look(struct gw_live *l)
{
	l->looked_ms = nv_mono_ms();
	if (ev_is_active(&l->cycle))
		return;
	/* What was known is too old to be shown, and no reason to call a half away before
	 * it had its time to answer. */
	for (int i = FLEET; i <= OVERVIEW; i++)
		l->halves[i].tried = false;
	ev_timer_again(l->gw->loop, &l->cycle);
	ask_all(l);
}

/* ---- building ---- */

/* Does it belong to this fleet? */
static bool
has_alerts(const struct gw_live *l)
{
	const struct piece *piece = is_here(l, FLEET) ? l->halves[FLEET].piece : NULL;

	for (size_t i = 0; piece && i < piece->fleet.n_procs; i++)
		if (strcmp(piece->fleet.procs[i].name, "nova.alerts") == 0)
			return true;
	return false;
}

/* A sentence for each half that is away. A fleet without nova-alerts misses nothing: its
 * list is null. */
static json_t *
warnings_of(const struct gw_live *l)
{
	static const char *const missing[] = {
		[FLEET] = "processes and instances are missing",
		[METRICS] = "figures of workers are missing",
		[OVERVIEW] = "money, budget and decisions are missing",
		[SPARKS] = "sparklines are missing",
		[ALERTS] = "alerts are missing"};
	json_t *list = json_array();
	int bad = list ? 0 : -1;

	for (int i = FLEET; i < HALVES; i++) {
		char why[300];
		char text[400];

		if (is_here(l, i) || (i == ALERTS && !has_alerts(l)))
			continue;
		(void)snprintf(text, sizeof(text), "%s: %s",
			why_away(l, i, why, sizeof(why)), missing[i]);
		bad |= json_array_append_new(list, nv_json_str(text));
	}
	if (bad == 0)
		return list;
	json_decref(list);
	return NULL;
}

static void
drop_build(struct gw_live *l)
{
	unref(&l->build_fleet);
	unref(&l->build_metrics);
	for (int i = 0; i < HALVES; i++) {
		json_decref(l->build_data[i]);
		l->build_data[i] = NULL;
	}
	l->building = false;
}

/* What can be shown now is the build's until it is done, whatever comes meanwhile. */
static void
begin_build(struct gw_live *l)
{
	int64_t oldest_ns = 0;

	l->building = true;
	l->again = false;
	l->build_ms = nv_mono_ms();
	for (int i = 0; i < HALVES; i++) {
		struct half *h = &l->halves[i];

		h->fresh = false;
		if (!is_here(l, i))
			continue;
		l->build_data[i] = json_incref(h->data);
		if (i == FLEET)
			l->build_fleet = ref(h->piece);
		if (i == METRICS)
			l->build_metrics = ref(h->piece);
		if (i > OVERVIEW)
			continue;
		l->build_ms = NV_MIN(l->build_ms, h->data_ms);
		if (oldest_ns == 0 || h->as_of_ns < oldest_ns)
			oldest_ns = h->as_of_ns;
	}
	/* Nobody answers: that is how it is now. */
	l->build_as_of_ns = oldest_ns ? oldest_ns : nv_wall_ns();
	l->build_sparks_ns = l->build_data[SPARKS] ? l->halves[SPARKS].as_of_ns : 0;
	l->build_warnings = warnings_of(l);
	gw_rows_begin(&l->rows, l->build_fleet ? &l->build_fleet->fleet : NULL,
		l->build_metrics ? l->build_metrics->text : NULL,
		json_object_get(l->build_data[SPARKS], "workers"));
	ev_timer_set(&l->slice, 0, 0);
	ev_timer_start(l->gw->loop, &l->slice);
}

/* Build when there is something new, and nothing more is about to come, or has been for a
 * second. */
static void
maybe_build(struct gw_live *l, bool more_may_come)
{
	bool fresh = false;
	bool settled = true;

	for (int i = FLEET; more_may_come && i <= OVERVIEW; i++)
		if (is_asking(l, i) && nv_mono_ms() - l->halves[i].sent_ms < 1000)
			return;

	for (int i = 0; i < HALVES; i++) {
		fresh |= l->halves[i].fresh;
		settled = settled && is_settled(l, i);
	}
	if (!fresh || !settled)
		return;
	if (l->building)
		l->again = true;
	else
		begin_build(l);
}

static void
wait_free(struct gw_live_wait *w)
{
	struct gw_live_wait **link = &w->live->waits;

	while (*link != w)
		link = &(*link)->next;
	*link = w->next;
	ev_timer_stop(w->live->gw->loop, &w->patience);
	free(w);
}

static bool
is_fresh(const struct gw_live *l)
{
	return l->shown_ms && l->shown_ms >= l->changed_ms &&
	       nv_mono_ms() - l->shown_ms <= FRESH_MS;
}

void
gw_live_changed(struct gw *gw)
{
	gw->live->changed_ms = nv_mono_ms();
}

static void
tell_all(struct gw_live *l)
{
	struct gw_live_watch *next;

	/* Each may cancel others while it is told. */
	while (l->waits && is_fresh(l)) {
		void (*done)(void *arg, const char *why) = l->waits->done;
		void *arg = l->waits->arg;

		wait_free(l->waits);
		done(arg, NULL);
	}
	for (struct gw_live_watch *w = l->watches; w; w = next) {
		next = w->next;
		w->changed(w);
	}
}

static void
show_overview(struct gw_live *l)
{
	const struct gw_live_parts parts = {.as_of_ns = l->as_of_ns,
		.fleet = l->fleet ? &l->fleet->fleet : NULL,
		.counts = l->build_fleet ? l->rows.counts : NULL,
		.engine = l->build_data[OVERVIEW],
		.alerts = l->build_data[ALERTS],
		.warnings = l->warnings};
	json_t *o = gw_live_overview(&parts);
	char *text = o ? nv_json_line(o) : NULL;

	if (!text) {
		json_decref(o);
		return; /* no memory: the next one is tried in a second */
	}
	if (!gw_rows_same(l->overview, o))
		l->overview_changed++;
	json_decref(l->overview);
	free(l->overview_text);
	l->overview = o;
	l->overview_text = text;
	l->overview_bytes = strlen(text);
}

static void
show(struct gw_live *l)
{
	unref(&l->fleet);
	l->fleet = ref(l->build_fleet);
	l->as_of_ns = l->build_as_of_ns;
	l->sparks_as_of_ns = l->build_sparks_ns;
	json_decref(l->warnings);
	l->warnings = l->build_warnings;
	l->build_warnings = NULL;
	show_overview(l);
	if (l->overview_text)
		l->shown_ms = l->build_ms;
}

static void
on_slice(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct gw_live *l = timer->data;
	int64_t end_ns = nv_mono_ns() + SLICE_NS;
	bool changed;
	int rc;

	(void)revents;
	do
		rc = gw_rows_step(&l->rows, &changed);
	while (rc == 0 && nv_mono_ns() < end_ns);
	if (rc == 0) {
		ev_timer_start(loop, timer);
		return;
	}
	if (rc > 0)
		show(l);
	else
		nv_warn("the picture of the fleet is not renewed: %s; tried again in 1 s",
			strerror(-rc));
	json_decref(l->build_warnings);
	l->build_warnings = NULL;
	drop_build(l);
	if (rc > 0)
		tell_all(l);
	if (l->again)
		maybe_build(l, true);
}

/* ---- who looks ---- */

void
gw_live_picture(const struct gw *gw, struct gw_picture *ret)
{
	const struct gw_live *l = gw->live;

	*ret = (struct gw_picture){.rows = l->rows.rows,
		.n_rows = l->rows.n,
		.generation = l->shown_ms ? l->rows.generation : 0,
		.order = l->rows.order,
		.as_of_ns = l->as_of_ns,
		.fleet = l->fleet ? &l->fleet->fleet : NULL,
		.overview = l->overview_text,
		.overview_bytes = l->overview_bytes,
		.overview_changed = l->overview_changed,
		.counts = l->rows.counts,
		.warnings = l->warnings,
		.sparks_as_of_ns = l->sparks_as_of_ns};
}

const struct gw_row *
gw_live_row(const struct gw *gw, const char *worker)
{
	const struct gw_rows *t = &gw->live->rows;
	const json_t *place = json_object_get(t->index, worker);
	const struct gw_row *row = place ? &t->rows[json_integer_value(place)] : NULL;

	return row && row->text ? row : NULL;
}

static void
on_patience(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct gw_live_wait *w = timer->data;
	void (*done)(void *arg, const char *why) = w->done;
	void *arg = w->arg;
	char why[300] = "there is no picture of the fleet yet";

	(void)loop;
	(void)revents;
	/* On a machine that has too much to do an older one is better than none: it says
	 * how old it is. */
	bool usable = w->live->shown_ms && nv_mono_ms() - w->live->shown_ms <= DATA_MS;

	for (int i = HALVES - 1; i >= 0; i--)
		if (!is_settled(w->live, i))
			(void)why_away(w->live, i, why, sizeof(why));
	wait_free(w);
	done(arg, usable ? NULL : why);
}

int
gw_live_wait(struct gw *gw, void (*done)(void *arg, const char *why), void *arg,
	struct gw_live_wait **ret)
{
	struct gw_live *l = gw->live;

	look(l);
	*ret = NULL;
	if (is_fresh(l)) {
		done(arg, NULL);
		return 0;
	}
	struct gw_live_wait *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	*w = (struct gw_live_wait){.next = l->waits, .live = l, .done = done, .arg = arg};
	l->waits = w;
	ev_timer_init(&w->patience, on_patience, (double)GW_LIVE_FIRST_MS / 1000, 0);
	w->patience.data = w;
	ev_timer_start(gw->loop, &w->patience);
	*ret = w;
	return 0;
}

void
gw_live_wait_cancel(struct gw_live_wait *wait)
{
	if (wait)
		wait_free(wait);
}

void
gw_live_watch_begin(struct gw *gw, struct gw_live_watch *watch)
{
	struct gw_live *l = gw->live;

	watch->prev = NULL;
	watch->next = l->watches;
	if (watch->next)
		watch->next->prev = watch;
	l->watches = watch;
	look(l);
}

void
gw_live_watch_end(struct gw *gw, struct gw_live_watch *watch)
{
	struct gw_live *l = gw->live;

	if (watch->prev)
		watch->prev->next = watch->next;
	else
		l->watches = watch->next;
	if (watch->next)
		watch->next->prev = watch->prev;
}

/* ---- begin and end ---- */

int
gw_live_open(struct gw *gw)
{
	struct gw_live *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	gw->live = l;
	l->gw = gw;
	for (int i = 0; i < HALVES; i++)
		l->halves[i].live = l;
	ev_timer_init(&l->cycle, on_cycle, 0, CYCLE_S);
	ev_timer_init(&l->slice, on_slice, 0, 0);
	l->cycle.data = l->slice.data = l;
	l->sup = gw_supwatch_new(gw->loop, gw->run_dir, on_fleet, l);
	if (l->sup && gw_rows_init(&l->rows) == 0)
		return 0;
	gw_live_close(gw);
	return -ENOMEM;
}

void
gw_live_close(struct gw *gw)
{
	struct gw_live *l = gw->live;

	if (!l)
		return;
	ev_timer_stop(gw->loop, &l->cycle);
	ev_timer_stop(gw->loop, &l->slice);
	while (l->waits)
		wait_free(l->waits);
	for (int i = 0; i < HALVES; i++) {
		gw_ask_cancel(l->halves[i].ask);
		unref(&l->halves[i].piece);
		json_decref(l->halves[i].data);
	}
	drop_build(l);
	unref(&l->fleet);
	gw_supwatch_free(l->sup);
	gw_rows_fini(&l->rows);
	json_decref(l->overview);
	json_decref(l->warnings);
	json_decref(l->build_warnings);
	free(l->overview_text);
	free(l);
	gw->live = NULL;
}
