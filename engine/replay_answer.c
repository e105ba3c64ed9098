/* What the fleet and people answer to decisions. */
#include "replay.h"

#include "nv_json.h"

#include <errno.h>
#include <string.h>

/* "d123" -> 123; 0 when it is none of ours. */
static uint64_t
number_of(const json_t *o)
{
	const json_t *id = json_object_get(o, "decision");
	const char *at = json_is_string(id) ? json_string_value(id) : "";
	uint64_t n = 0;

	if (*at++ != 'd' || strlen(at) > 18)
		return 0;
	for (; *at >= '0' && *at <= '9'; at++)
		n = n * 10 + (uint64_t)(*at - '0');
	return *at ? 0 : n;
}

static struct replay_worker *
asked_of(const struct replay *r, uint64_t n)
{
	for (size_t i = 0; n && i < r->n_workers; i++) {
		if (r->workers[i].open == n)
			return &r->workers[i];
	}
	return NULL;
}

/* When it was answered: before the next tick, whatever the line says. */
static int
answered_at(const struct replay *r, const json_t *o, int64_t *ret, struct nv_err *err)
{
	*ret = r->ts;
	if (!json_object_get(o, "ts"))
		return 0;
	if (replay_ts(o, "ts", ret, err) < 0)
		return -EINVAL;
	*ret = NV_MIN(*ret, r->ts + r->tick_s);
	return 0;
}

/* What the decision itself asks for. */
static void
standing_after(const struct pol_decision *d, struct pol_standing *st)
{
	switch (d->action) {
	case POL_SCALE_UP:
	case POL_SCALE_DOWN:
		st->instances = d->to_instances;
		break;
	case POL_OPTIMIZE_INTERVAL:
		st->run_interval_s = d->to_interval_s;
		break;
	case POL_OPTIMIZE_SPLIT:
		memcpy(st->split, d->split, sizeof st->split);
		break;
	case POL_PAUSE:
		st->state = POL_ST_PAUSED_BY_POLICY;
		break;
	case POL_KILL:
	case POL_RETIRE:
		st->state = POL_ST_KILLED;
		break;
	case POL_RESUME:
	case POL_DEPLOY:
		st->state = POL_ST_RUNNING;
		break;
	default:
		break;
	}
}

static void
read_state(const json_t *o, bool ours, struct pol_standing *st)
{
	const json_t *v = json_object_get(o, "state");
	const char *state = json_is_string(v) ? json_string_value(v) : "";

	if (strcmp(state, "running") == 0)
		st->state = POL_ST_RUNNING;
	else if (strcmp(state, "paused") == 0)
		st->state = ours || st->state == POL_ST_PAUSED_BY_POLICY
				    ? POL_ST_PAUSED_BY_POLICY
				    : POL_ST_PAUSED_BY_PERSON;
	else if (strcmp(state, "killed") == 0)
		st->state = POL_ST_KILLED;
	else if (strcmp(state, "stopped") == 0)
		st->state = POL_ST_STOPPED;
	else if (strcmp(state, "catalog") == 0)
		st->state = POL_ST_CATALOG;
}

/* What the answer says beyond that. */
static void
read_standing(const struct pol_worker_conf *c, const json_t *o, struct pol_standing *st)
{
	const json_t *v = json_object_get(o, "instances");
	const json_t *split = json_object_get(o, "variant_split");

	/* None are up while it is paused: what it is set to stays. */
	if (json_is_integer(v) &&
		json_integer_value(v) >= (st->state == POL_ST_RUNNING ? 0 : 1) &&
		json_integer_value(v) <= POL_INSTANCES_MAX)
		st->instances = (uint32_t)json_integer_value(v);
	v = json_object_get(o, "run_interval");
	if (json_is_integer(v) && json_integer_value(v) > 0 &&
		json_integer_value(v) <= INT64_C(366) * 86400)
		st->run_interval_s = json_integer_value(v);
	for (unsigned i = 0; json_is_object(split) && i < c->n_variants; i++) {
		v = json_object_get(split, c->variants[i]);
		st->split[i] = v && json_is_number(v) ? json_number_value(v) : 0;
	}
	st->live = st->instances;
}

int
replay_ack(struct replay *r, const json_t *o, struct nv_err *err)
{
	const json_t *applied = json_object_get(o, "applied");
	struct replay_worker *w = asked_of(r, number_of(o));
	int64_t ts = r->ts;
	struct pol_decision d = {.action = POL_NONE};
	struct pol_standing st;
	bool open = false;

	if (!json_is_boolean(applied))
		return nv_err_set(err, -EINVAL, "applied: expected true or false");
	if (answered_at(r, o, &ts, err) < 0)
		return -EINVAL;
	if (w)
		open = pol_open_get(r->pol, w->conf.name, &d, &(int64_t){0}) == 0;
	else if (json_object_get(o, "worker") && replay_worker_of(r, o, &w, err) < 0)
		return -EINVAL;
	if (!w)
		return 0; /* of a limit, a cancel, or something long answered */
	(void)pol_standing_get(r->pol, w->conf.name, &st);
	if (open && json_is_true(applied))
		standing_after(&d, &st);
	read_state(o, open && d.action == POL_PAUSE, &st);
	read_standing(&w->conf, o, &st);
	(void)pol_standing_put(r->pol, w->conf.name, ts, &st); /* fields are checked */
	if (open) {
		(void)pol_answer(r->pol, w->conf.name,
			json_is_true(applied) ? POL_APPLIED : POL_REFUSED, ts);
		w->open = 0;
		w->granted = false;
	}
	return 0;
}

int
replay_approval(struct replay *r, const json_t *o, struct nv_err *err)
{
	const json_t *granted = json_object_get(o, "granted");
	struct replay_worker *w = asked_of(r, number_of(o));
	int64_t ts = r->ts;

	if (!json_is_boolean(granted))
		return nv_err_set(err, -EINVAL, "granted: expected true or false");
	if (answered_at(r, o, &ts, err) < 0)
		return -EINVAL;
	if (!w)
		return 0; /* withdrawn, or never asked */
	w->granted = json_is_true(granted);
	(void)pol_answer(r->pol, w->conf.name, w->granted ? POL_GRANTED : POL_DENIED, ts);
	if (!w->granted)
		w->open = 0;
	return 0;
}
