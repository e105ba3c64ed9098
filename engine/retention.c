/* See retention.h. */
#include "retention.h"

#include "nv_clock.h"
#include "nv_log.h"
#include "retain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_S  5.0 /* after the start: others have more to do then */
#define LOOK_S   3600.0
#define STEP_S   0.02 /* between steps of some milliseconds */
#define BUSY_S   0.5  /* while much is waiting to be stored */
#define BUSY_MIN UINT64_C(262144)

struct eng_retention {
	struct eng *eng; /* borrowed */
	struct led_retain retain;
	ev_timer timer;
	char problem[300];
};

static void
again(struct eng_retention *r, double after_s)
{
	ev_timer_stop(r->eng->loop, &r->timer);
	ev_timer_set(&r->timer, after_s, 0.);
	ev_timer_start(r->eng->loop, &r->timer);
}

static void
on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct eng_retention *r = w->data;
	struct eng_intake_figures figures;
	struct nv_err err = {0};
	int64_t now = NV_MAX(nv_wall_ns(), led_last_time(r->eng->led));
	int64_t before = now - r->eng->config->retention_ms * NV_NS_PER_MS;

	(void)loop;
	(void)revents;
	eng_intake_figures(r->eng, &figures);
	if (figures.waiting_bytes > BUSY_MIN) {
		again(r, BUSY_S);
		return;
	}
	int rc = led_retain_step(&r->retain, before, now, &err);

	if (rc < 0 && led_is_broken(r->eng->led))
		eng_ledger_trouble(r->eng, err.text);
	if (rc >= 0) {
		r->problem[0] = '\0';
	} else {
		(void)snprintf(
			r->problem, sizeof(r->problem), "ledger.retention: %s", err.text);
		nv_error("%s; trying again in an hour", r->problem);
	}
	again(r, rc == 1 ? STEP_S : LOOK_S);
}

int
eng_retention_open(struct eng *eng)
{
	struct eng_retention *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->eng = eng;
	ev_init(&r->timer, on_timer);
	r->timer.data = r;
	int rc = led_retain_open(&r->retain, eng->led);

	if (rc < 0) {
		free(r);
		return rc;
	}
	eng->retention = r;
	eng_retention_config(eng);
	return 0;
}

void
eng_retention_config(struct eng *eng)
{
	struct eng_retention *r = eng->retention;

	if (!r)
		return;
	if (eng->config->retention_ms > 0)
		again(r, FIRST_S);
	else
		ev_timer_stop(eng->loop, &r->timer);
}

const char *
eng_retention_problem(const struct eng *eng)
{
	return eng->retention ? eng->retention->problem : "";
}

void
eng_retention_close(struct eng *eng)
{
	struct eng_retention *r = eng->retention;

	if (!r)
		return;
	ev_timer_stop(eng->loop, &r->timer);
	led_retain_close(&r->retain);
	eng->retention = NULL;
	free(r);
}
