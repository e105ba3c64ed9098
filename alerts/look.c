/* A look at the fleet: one source after the other is asked, then the rules see all of it.
 * See alerts.h. */
#include "alerts.h"

#include "nv_clock.h"
#include "nv_log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DOCTOR_EACH 10 /* looks: what it asks changes slowly */
#define SOON_S      0.2

struct alert_looking {
	struct alerts *alerts;
	ev_timer timer;
	struct alert_ask *ask; /* under way */
	enum alert_source source;
	json_t *facts[ALERT_SOURCE_COUNT]; /* owned */
	char trouble[200];
	unsigned failures; /* looks in a row that found nobody */
	unsigned looks;
	bool soon; /* another one was asked for meanwhile */
};

static void next_source(struct alert_looking *l);

static void
forget(struct alert_looking *l)
{
	for (size_t i = 0; i < ALERT_SOURCE_COUNT; i++) {
		json_decref(l->facts[i]);
		l->facts[i] = NULL;
	}
}

static void
look_in(struct alert_looking *l, double s)
{
	ev_timer_stop(l->alerts->loop, &l->timer);
	ev_timer_set(&l->timer, s, 0.);
	ev_timer_start(l->alerts->loop, &l->timer);
}

/* ---- what it means ---- */

struct news {
	struct alerts *alerts;
	unsigned n;
};

static void
on_notice(void *arg, const struct alert_notice *notice)
{
	static const char *const words[] = {"raised", "still", "over"};
	struct news *news = arg;

	nv_info("%s %s: %s", alert_severity_name(notice->alert.severity),
		words[notice->event], notice->alert.text);
	alert_channels_put(news->alerts, notice);
	news->n++;
}

static void
judge(struct alert_looking *l)
{
	struct alerts *a = l->alerts;
	int64_t now_ms = nv_wall_ns() / NV_NS_PER_MS;
	/* A novasupd that is replaced is away for a moment. */
	struct alert_facts facts = {
		.trouble = l->failures > 1 ? l->trouble : "", .now_ms = now_ms};
	struct news news = {a, 0};

	memcpy(facts.of, l->facts, sizeof(facts.of));
	alert_book_begin(a->book);
	unsigned sources = alert_rules(&facts, a->config, a->memory, a->book);

	alert_book_end(
		a->book, sources, now_ms, a->config->alerts.repeat_ms, on_notice, &news);
	if (news.n > 0 || a->store_broken || alert_memory_changed(a->memory))
		alert_store_save(a);
	a->looked_ms = now_ms;
	alert_channels_go(a);
}

/* ---- asking ---- */

/* Of the fleet as it is, and not of our own start: a reload may have brought one. */
static bool
has_platforms(const json_t *status)
{
	const json_t *list = json_object_get(status, "processes");
	const json_t *process;
	enum nv_platform platform;
	size_t i;

	json_array_foreach(list, i, process)
	{
		const char *name = json_string_value(json_object_get(process, "name"));

		if (name && strncmp(name, "nova.", 5) == 0 &&
			nv_platform_from(name + 5, &platform))
			return true;
	}
	return false;
}

static bool
is_asked(const struct alert_looking *l, enum alert_source source)
{
	if (source == ALERT_FROM_DOCTOR)
		return l->looks % DOCTOR_EACH == 0;
	if (source == ALERT_FROM_PLATFORMS)
		return has_platforms(l->facts[ALERT_FROM_STATUS]);
	return true;
}

static void
end_look(struct alert_looking *l)
{
	judge(l);
	forget(l);
	l->looks++;
	look_in(l, l->soon ? SOON_S : (double)l->alerts->config->alerts.every_ms / 1000.);
	l->soon = false;
}

static void
on_facts(void *arg, int code, const json_t *answer, const char *why)
{
	struct alert_looking *l = arg;

	l->ask = NULL;
	/* Doctor says 1 when something is wrong: that is its answer. */
	if (code == NV_EXIT_OK ||
		(code == NV_EXIT_NO && !json_object_get(answer, "error")))
		l->facts[l->source] = json_incref((json_t *)(uintptr_t)answer);
	if (l->source == ALERT_FROM_STATUS && !l->facts[l->source]) {
		(void)snprintf(l->trouble, sizeof(l->trouble), "%s", why);
		l->failures++;
		end_look(l);
		return;
	}
	l->failures = 0;
	l->source++;
	next_source(l);
}

static void
next_source(struct alert_looking *l)
{
	while (l->source < ALERT_FROM_OWN && !is_asked(l, l->source))
		l->source++;
	if (l->source == ALERT_FROM_OWN) {
		end_look(l);
		return;
	}
	/* "workers status" is two words. */
	char words[40];
	const char *list[4] = {words, NULL};

	(void)snprintf(words, sizeof(words), "%s", alert_source_verb(l->source));
	char *space = strchr(words, ' ');

	if (space) {
		*space = '\0';
		list[1] = space + 1;
	}
	int rc = alert_ask(l->alerts, list, on_facts, l, &l->ask);

	if (rc == 0)
		return;
	nv_error("novactl cannot be started: %s", strerror(-rc));
	(void)snprintf(l->trouble, sizeof(l->trouble), "novactl cannot be started: %s",
		strerror(-rc));
	l->failures++;
	end_look(l);
}

static void
on_timer(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct alert_looking *l = timer->data;

	(void)loop;
	(void)revents;
	l->source = 0;
	next_source(l);
}

void
alert_look_soon(struct alerts *a)
{
	struct alert_looking *l = a->looking;

	if (ev_is_active(&l->timer))
		look_in(l, SOON_S);
	else
		l->soon = true;
}

int
alert_look_open(struct alerts *a)
{
	struct alert_looking *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	l->alerts = a;
	ev_timer_init(&l->timer, on_timer, 0., 0.);
	l->timer.data = l;
	a->looking = l;
	look_in(l, SOON_S);
	return 0;
}

void
alert_look_close(struct alerts *a)
{
	if (!a->looking)
		return;
	ev_timer_stop(a->loop, &a->looking->timer);
	alert_ask_cancel(a->looking->ask);
	forget(a->looking);
	free(a->looking);
	a->looking = NULL;
}
