/* Who was refused and waits for room; and whether runners are to ask at all. */
#include "fleet.h"
#include "gate.h"
#include "gate_private.h"
#include "intake.h"
#include "resource.h"

#include "nv_clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Told in one go: what they ask for is not reserved until they have asked. */
#define OFFERS_MAX 256

struct eng_waiter {
	struct eng_waiter *next;
	uint64_t stream;
	struct eng_worker *worker;
	bool run;
	nv_i128 amount;
	nv_i128 usual;
	char operation[LED_OPERATION_MAX + 1];
};

static void
say(struct eng *eng, struct eng_stream *s, bool ask)
{
	const char *line = ask ? "{\"control\":\"gate\",\"ask\":true}\n"
			       : "{\"control\":\"gate\",\"ask\":false}\n";

	eng->intake->control_dropped += eng_stream_control(s, line, strlen(line));
}

static bool
is_runner(const struct eng_stream *s)
{
	return s->inst && s->inst->runner && !s->inst->gone && s->worker->conf;
}

void
eng_gate_say(struct eng *eng, struct eng_worker *w)
{
	for (struct eng_stream *s = eng->intake->streams; s; s = s->next) {
		if (is_runner(s) && (!w || s->worker == w))
			say(eng, s, eng_gate_asks(s->worker));
	}
}

/* A question that an engine before this one left without an answer is asked again, too.
 */
void
eng_gate_stream_opened(struct eng *eng, struct eng_stream *s)
{
	if (is_runner(s) && s->worker->purse)
		say(eng, s, eng_gate_asks(s->worker));
}

void
eng_gate_wait(struct eng *eng, struct eng_stream *s, const char *operation, bool run,
	nv_i128 amount, nv_i128 usual)
{
	struct eng_waiter *w = eng->gate->first;

	while (w && w->stream != s->rec.stream_id)
		w = w->next;
	if (!w) { /* who asks again keeps his place */
		w = calloc(1, sizeof *w);
		NV_ASSERT(w != NULL);
		w->stream = s->rec.stream_id;
		w->worker = s->worker;
		*eng->gate->last = w;
		eng->gate->last = &w->next;
		eng->gate->n_waiting++;
	}
	w->run = run;
	w->amount = amount;
	w->usual = usual;
	(void)snprintf(w->operation, sizeof w->operation, "%s", operation);
}

static void
forget(struct eng_gate *g, struct eng_waiter **at)
{
	struct eng_waiter *w = *at;

	*at = w->next;
	if (g->last == &w->next)
		g->last = at;
	g->n_waiting--;
	free(w);
}

void
eng_gate_forget_waiter(struct eng *eng, uint64_t stream_id)
{
	struct eng_waiter **at = &eng->gate->first;

	while (*at && (*at)->stream != stream_id)
		at = &(*at)->next;
	if (*at)
		forget(eng->gate, at);
}

void
eng_gate_forget_waiters(struct eng *eng)
{
	while (eng->gate->first)
		forget(eng->gate, &eng->gate->first);
}

static bool
fits_now(const struct eng_waiter *w, const struct eng_cap **caps, int64_t now_ns)
{
	if (!w->worker->purse || w->worker->budget_paused ||
		eng_worker_is_paused(w->worker))
		return false;
	if (w->run && !eng_gate_fits(caps, eng_caps_of_operations(w->worker, caps), 0, 0,
			      now_ns))
		return false;
	return eng_gate_fits(caps, eng_caps_of(w->worker, w->operation, caps), w->amount,
		w->run ? w->usual : w->amount, now_ns);
}

void
eng_gate_offer(struct eng *eng)
{
	struct eng_gate *g = eng->gate;
	struct eng_waiter *told[OFFERS_MAX];
	const struct eng_cap *caps[ENG_CAPS_OVER_MAX];
	struct eng_waiter **at = g ? &g->first : NULL;
	unsigned n = 0;
	int64_t now_ns = nv_wall_ns();

	if (!g || !g->changed)
		return;
	g->changed = false;
	while (*at && n < OFFERS_MAX) {
		struct eng_waiter *w = *at;

		if (!fits_now(w, caps, now_ns)) {
			at = &w->next;
			continue;
		}
		/* Its place is taken while the others are looked at. */
		eng_caps_reserve(w->worker, w->operation, w->amount);
		*at = w->next;
		if (g->last == &w->next)
			g->last = at;
		g->n_waiting--;
		told[n++] = w;
	}
	for (unsigned i = 0; i < n; i++) {
		struct eng_stream *s = eng_intake_find(eng, told[i]->stream);

		eng_caps_reserve(told[i]->worker, told[i]->operation, -told[i]->amount);
		if (s && !s->inst->gone)
			say(eng, s, true);
		free(told[i]);
	}
}
