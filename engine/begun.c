/* What the run that is going on has cost before this engine came: for budget.per_run. */
#include "decide.h"
#include "report.h"

#include <stdio.h>

#define EVENTS_MAX 2000   /* of one worker that are looked through, newest first; */
#define ALL_MAX    200000 /* and of all together, in the life of an engine */

struct begun {
	const struct eng *eng;
	struct led_view *view;
	nv_i128 cost;
};

/* Bills entered by hand and compute cost are no run's (enforce.c); no run outlives its
 * incarnation. */
static int
add_event(void *arg, const struct led_event *ev)
{
	struct begun *b = arg;
	char code[NV_CURRENCY_BYTES];
	int64_t rate;

	if (ev->kind == LED_RUN || ev->kind == LED_EXIT)
		return 1;
	if ((ev->kind != LED_COST && ev->kind != LED_USAGE) || (ev->flags & LED_F_MANUAL))
		return 0;
	for (unsigned i = 0; i < ev->n_legs; i++) {
		const struct led_leg *leg = &ev->legs[i];

		if (leg->code == LED_CODE_COST &&
			led_view_currency_code(b->view, leg->currency, code) == 0 &&
			eng_rate(b->eng->config, code, &rate))
			b->cost += eng_convert(leg->nano, rate);
	}
	return 0;
}

nv_i128
eng_begun_cost(struct eng *eng, const struct eng_worker *w)
{
	struct eng_decide *d = eng->decide;
	size_t max = NV_MIN((size_t)EVENTS_MAX, ALL_MAX - d->begun_looked);
	size_t left = max;
	struct begun b = {.eng = eng};

	if (w->id == 0 || !w->conf || w->conf->budget_per_run_nano < 0 || max == 0 ||
		led_view_begin(eng->led, &b.view, NULL) < 0)
		return 0;
	/* Of a walk that could not go on as well: so much it has cost at least. */
	(void)led_view_own_events(b.view, w->id, &left, add_event, &b);
	led_view_end(b.view);
	d->begun_looked += max - left;
	return b.cost;
}
