#include "watch.h"

#include "nv_units.h"

#include <stdio.h>
#include <string.h>

#define MS               INT64_C(1000000)
#define LOOKS            8 /* between overdue and the end */
#define PACE_NS_MIN      (20 * MS)
#define PACE_NS_MAX      (15000 * MS)
#define PACE_STOPPED_MAX (60000 * MS)

static int64_t
pace(const struct eng_watch_rule *rule)
{
	int64_t ns = (rule->timeout_ns - rule->every_ns) / LOOKS;

	return NV_MIN(NV_MAX(ns, PACE_NS_MIN), PACE_NS_MAX);
}

/* How much of a kill's time must have been watched. */
static int64_t
watched_ns_min(const struct eng_watch_rule *rule)
{
	return NV_MIN(rule->every_ns, rule->timeout_ns / 2);
}

void
eng_watch_sign(struct eng_watch *w, const struct eng_watch_rule *rule, int64_t mono_ns)
{
	*w = (struct eng_watch){.sign_ns = mono_ns,
		.due_ns = mono_ns + rule->every_ns + pace(rule),
		.pace_ns = pace(rule)};
}

/* Between two looks: how much of it was the worker's own. */
static int64_t
own_between(struct eng_watch *w, const struct eng_watch_sample *s, int64_t elapsed_ns)
{
	const struct eng_watch_sample *last = &w->last;
	int64_t cpu_ns = NV_MAX(s->cpu_ns - last->cpu_ns, 0);
	int64_t frozen_ns = NV_MIN(NV_MAX(s->frozen_ns - last->frozen_ns, 0), elapsed_ns);
	int64_t starved_ns = NV_MAX(s->waited_ns - last->waited_ns,
		NV_MAX(s->throttled_ns - last->throttled_ns, 0));

	if (last->stopped || s->stopped) {
		w->stopped_ns += elapsed_ns;
		return 0;
	}
	if (last->disk && s->disk) {
		w->disk_ns += elapsed_ns;
		return 0;
	}
	/* What waits in the queue is counted when it gets its turn. */
	if (last->runnable && s->runnable && cpu_ns == 0)
		starved_ns = elapsed_ns;
	starved_ns = NV_MIN(NV_MAX(starved_ns, 0), elapsed_ns - frozen_ns);
	starved_ns = NV_MIN(starved_ns, elapsed_ns - NV_MIN(cpu_ns, elapsed_ns));
	w->stopped_ns += frozen_ns;
	w->starved_ns += starved_ns;
	return elapsed_ns - frozen_ns - starved_ns;
}

static void
account(struct eng_watch *w, const struct eng_watch_sample *s)
{
	int64_t from_ns = w->looked ? w->last.mono_ns : w->sign_ns;
	int64_t elapsed_ns = NV_MAX(s->mono_ns - from_ns, 0);
	bool slept = w->looked && s->asleep_ns - w->last.asleep_ns > MS;
	int64_t own_ns;

	if (s->mono_ns > w->due_ns + ENG_WATCH_GAP_NS || slept) {
		w->held_ns += elapsed_ns;
		return;
	}
	if (!w->looked) {
		/* A sign was not due yet for the most of it. */
		if (s->stopped)
			w->stopped_ns += elapsed_ns;
		else
			w->own_ns += elapsed_ns;
		return;
	}
	own_ns = own_between(w, s, elapsed_ns);
	w->own_ns += own_ns;
	w->seen_ns += own_ns;
}

enum eng_watch_verdict
eng_watch_look(struct eng_watch *w, const struct eng_watch_rule *rule,
	const struct eng_watch_sample *s)
{
	bool stands;
	int64_t left_ns;

	account(w, s);
	stands = s->stopped;
	w->last = *s;
	w->looked = true;
	if (w->own_ns >= rule->timeout_ns && w->seen_ns >= watched_ns_min(rule))
		return ENG_WATCH_KILL;
	/* One that stands still for days is looked at now and then. */
	w->pace_ns = stands ? NV_MIN(w->pace_ns * 2, PACE_STOPPED_MAX) : pace(rule);
	left_ns = NV_MAX(rule->timeout_ns - w->own_ns, watched_ns_min(rule) - w->seen_ns);
	w->due_ns = s->mono_ns +
		    (stands ? w->pace_ns : NV_MIN(w->pace_ns, NV_MAX(left_ns, MS)));
	if (w->late || w->own_ns < rule->timeout_ns / 4 * 3)
		return ENG_WATCH_OK;
	w->late = true;
	return ENG_WATCH_LATE;
}

static void
put_part(char *buf, const char *mark, int64_t ns, const char *what)
{
	char text[NV_UNITS_BYTES];
	size_t used = strlen(buf);

	if (ns >= MS && used < ENG_WATCH_TEXT)
		(void)snprintf(buf + used, ENG_WATCH_TEXT - used, "%s %s %s",
			strchr(buf, ':') ? "," : mark, nv_duration_show(ns / MS, text),
			what);
}

const char *
eng_watch_text(const struct eng_watch *w, const char *what, char buf[ENG_WATCH_TEXT])
{
	char own[NV_UNITS_BYTES];
	char wall[NV_UNITS_BYTES];
	int64_t wall_ns = w->last.mono_ns - w->sign_ns;

	(void)snprintf(buf, ENG_WATCH_TEXT, "%s for %s of its own time", what,
		nv_duration_show(w->own_ns / MS, own));
	if (wall_ns - w->own_ns < MS)
		return buf;
	size_t used = strlen(buf);

	(void)snprintf(buf + used, ENG_WATCH_TEXT - used, " (%s by the clock",
		nv_duration_show(wall_ns / MS, wall));
	put_part(buf, ":", w->stopped_ns, "stopped");
	put_part(buf, ":", w->starved_ns, "without a processor");
	put_part(buf, ":", w->disk_ns, "waiting for a disk");
	put_part(buf, ":", w->held_ns, "not looked at");
	used = strlen(buf);
	(void)snprintf(buf + used, ENG_WATCH_TEXT - used, ")");
	return buf;
}
