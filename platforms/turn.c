/* Who may send to the vendor next: see turn.h. */
#include "turn.h"
#include "nv_clock.h"

#include <errno.h>
#include <stdlib.h>

#define HOLD_MS_MAX INT64_C(3600000)
#define AHEAD_S_MAX INT64_C(86400)

struct turn {
	struct turn *next;
	plat_turn_fn *fn;
	void *arg;
};

struct plat_turns {
	struct plat_rate rate;
	int64_t hold_until_ms; /* monotonic; 0 = none */
	struct turn *first;
	struct turn **last;
	size_t n;
	ev_timer timer;
};

/* 0: one was taken. */
static int64_t
due_in_ms(struct plat_turns *t, int64_t now_ms)
{
	if (now_ms < t->hold_until_ms)
		return t->hold_until_ms - now_ms;
	return plat_rate_take(&t->rate, now_ms);
}

static void
set_timer(struct plat *p, int64_t ms)
{
	struct plat_turns *t = p->turns;

	ev_timer_stop(p->loop, &t->timer);
	ev_timer_set(&t->timer, (double)ms / 1000. + 0.001, 0.);
	ev_timer_start(p->loop, &t->timer);
}

static void
on_timer(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct plat *p = timer->data;
	struct plat_turns *t = p->turns;

	(void)loop;
	(void)revents;
	while (t->first) {
		int64_t ms = due_in_ms(t, nv_mono_ms());

		if (ms > 0) {
			set_timer(p, ms);
			return;
		}
		struct turn *turn = t->first;

		t->first = turn->next;
		if (!t->first)
			t->last = &t->first;
		t->n--;
		turn->fn(turn->arg);
		free(turn);
	}
}

int
plat_turn(struct plat *p, plat_turn_fn *fn, void *arg)
{
	struct plat_turns *t = p->turns;
	int64_t ms = t->first ? 1 : due_in_ms(t, nv_mono_ms());

	if (ms == 0) {
		fn(arg);
		return 0;
	}
	if (t->n >= PLAT_TURNS_MAX)
		return -ENOBUFS;
	struct turn *turn = calloc(1, sizeof *turn);

	if (!turn)
		return -ENOMEM;
	turn->fn = fn;
	turn->arg = arg;
	if (!t->first)
		set_timer(p, ms);
	*t->last = turn;
	t->last = &turn->next;
	t->n++;
	return 0;
}

void
plat_turn_cancel(struct plat *p, const void *arg)
{
	struct plat_turns *t = p->turns;

	for (struct turn **link = &t->first; *link;) {
		struct turn *turn = *link;

		if (turn->arg != arg) {
			link = &turn->next;
			continue;
		}
		*link = turn->next;
		if (t->last == &turn->next)
			t->last = link;
		t->n--;
		free(turn);
	}
}

void
plat_rate_hold(struct plat *p, int64_t wait_ms)
{
	struct plat_turns *t = p->turns;
	int64_t until_ms = nv_mono_ms() + NV_MIN(NV_MAX(wait_ms, 0), HOLD_MS_MAX);

	t->hold_until_ms = NV_MAX(t->hold_until_ms, until_ms);
}

void
plat_rate_heard(struct plat *p, int64_t remaining, int64_t reset_s)
{
	int64_t wait_s = reset_s - nv_wall_ns() / INT64_C(1000000000);

	if (remaining <= 0 && wait_s > 0 && wait_s <= AHEAD_S_MAX)
		plat_rate_hold(p, (wait_s + 1) * 1000);
}

int
plat_turns_open(struct plat *p)
{
	struct plat_turns *t = calloc(1, sizeof *t);

	if (!t)
		return -ENOMEM;
	p->turns = t;
	t->last = &t->first;
	plat_rate_init(&t->rate, p->settings.rate.count, p->settings.rate.per_ms, 0,
		nv_mono_ms());
	ev_timer_init(&t->timer, on_timer, 0., 0.);
	t->timer.data = p;
	return 0;
}

void
plat_turns_close(struct plat *p)
{
	struct plat_turns *t = p->turns;

	if (!t)
		return;
	ev_timer_stop(p->loop, &t->timer);
	while (t->first) {
		struct turn *turn = t->first;

		t->first = turn->next;
		free(turn);
	}
	free(t);
	p->turns = NULL;
}

size_t
plat_turns_waiting(const struct plat *p)
{
	return p->turns->n;
}

int64_t
plat_turns_hold_ms(const struct plat *p)
{
	return NV_MAX(p->turns->hold_until_ms - nv_mono_ms(), 0);
}
