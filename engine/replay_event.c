/* Events of a replay: read, kept until the tick, and told to the core in order. */
#include "replay.h"

#include "nv_json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define EVENTS_MAX (1u << 22) /* that wait for one tick */

static const char *const type_names[] = {
	[REPLAY_RUN] = "run",
	[REPLAY_COST] = "cost",
	[REPLAY_REVENUE] = "revenue",
	[REPLAY_REFUND] = "refund",
};

static int8_t
variant_at(const struct pol_worker_conf *c, const json_t *name)
{
	for (unsigned i = 0; json_is_string(name) && i < c->n_variants; i++) {
		if (strcmp(c->variants[i], json_string_value(name)) == 0)
			return (int8_t)i;
	}
	return -1;
}

/* A name, a list of one, or an object whose only key or value is one. */
static int8_t
variant_of(const struct pol_worker_conf *c, const json_t *o)
{
	json_t *v = json_object_get(o, "variants");
	const char *key;
	json_t *value;

	if (!v)
		v = json_object_get(o, "variant");
	if (json_is_array(v) && json_array_size(v) == 1)
		return variant_at(c, json_array_get(v, 0));
	if (json_is_object(v) && json_object_size(v) == 1) {
		json_object_foreach(v, key, value)
		{
			for (unsigned i = 0; i < c->n_variants; i++) {
				if (strcmp(c->variants[i], key) == 0)
					return (int8_t)i;
			}
			return variant_at(c, value);
		}
	}
	return variant_at(c, v);
}

static int
event_id(const json_t *o, const char *key, enum replay_type type, const char *worker,
	bool needed, struct replay_id *ret, struct nv_err *err)
{
	const char *text = NULL;
	int rc = needed ? nv_json_need_str(o, key, ENG_REPLAY_TEXT_MAX, &text, err)
			: nv_json_get_str(o, key, ENG_REPLAY_TEXT_MAX, &text, err);

	if (rc == -ENOENT)
		return 0;
	if (rc < 0)
		return rc;
	if (!text[0])
		return nv_err_set(err, -EINVAL, "%s: expected 1 to %d bytes", key,
			ENG_REPLAY_TEXT_MAX);
	*ret = replay_id_make(type, worker, text);
	return 0;
}

static int
read_run(const json_t *o, struct replay_event *e, struct nv_err *err)
{
	const json_t *ok = json_object_get(o, "ok");

	if (!json_is_boolean(ok))
		return nv_err_set(err, -EINVAL, "ok: expected true or false");
	e->ok = json_is_true(ok);
	return 0;
}

static int
read_money(const struct replay_worker *w, const json_t *o, struct replay_event *e,
	struct nv_err *err)
{
	const json_t *run_ts = json_object_get(o, "run_ts");

	if (replay_amount(o, "amount", &e->nano, err) < 0)
		return -EINVAL;
	if (e->type == REPLAY_REFUND)
		return event_id(
			o, "of", REPLAY_REVENUE, w->conf.name, false, &e->of, err);
	if (e->type != REPLAY_REVENUE)
		return 0;
	if (run_ts && !json_is_null(run_ts) &&
		replay_ts(o, "run_ts", &e->run_ts, err) < 0)
		return -EINVAL;
	return event_id(o, "run", REPLAY_RUN, w->conf.name, false, &e->of, err);
}

static int
keep(struct replay *r, const struct replay_event *e, struct nv_err *err)
{
	if (r->n_events == EVENTS_MAX)
		return nv_err_set(
			err, -EINVAL, "more than %u events in a tick", EVENTS_MAX);
	if (r->n_events == r->cap_events) {
		size_t cap = r->cap_events ? r->cap_events * 2 : 1024;
		struct replay_event *more = realloc(r->events, cap * sizeof *more);

		if (!more)
			return -ENOMEM;
		r->events = more;
		r->cap_events = cap;
	}
	r->events[r->n_events++] = *e;
	return 0;
}

int
replay_event(struct replay *r, const char *type, const json_t *o, struct nv_err *err)
{
	struct replay_event e = {.variant = -1};
	struct replay_worker *w;
	unsigned kind = 0;

	while (kind < NV_LEN(type_names) && strcmp(type, type_names[kind]) != 0)
		kind++;
	if (kind == NV_LEN(type_names)) {
		/* A heartbeat says nothing about money. */
		if (strcmp(type, "heartbeat") == 0)
			return replay_worker_of(r, o, &w, err);
		return nv_err_set(err, -EINVAL, "type: not known");
	}
	e.type = (enum replay_type)kind;
	if (replay_worker_of(r, o, &w, err) < 0 || replay_ts(o, "ts", &e.ts, err) < 0 ||
		event_id(o, "id", e.type, w->conf.name, true, &e.id, err) < 0)
		return -EINVAL;
	e.worker = (uint32_t)(w - r->workers);
	e.variant = variant_of(&w->conf, o);
	if ((e.type == REPLAY_RUN ? read_run(o, &e, err) : read_money(w, o, &e, err)) < 0)
		return -EINVAL;
	return keep(r, &e, err);
}

/* ---- at the tick ---- */

#define COMPARE(a, b) \
	if ((a) != (b)) \
	return (a) < (b) ? -1 : 1

/* By time; what is the same for all that counts compares equal. */
static int
by_time(const void *va, const void *vb)
{
	const struct replay_event *a = va;
	const struct replay_event *b = vb;

	COMPARE(a->ts, b->ts);
	COMPARE(a->type, b->type);
	COMPARE(a->worker, b->worker);
	COMPARE(a->id.a, b->id.a);
	COMPARE(a->id.b, b->id.b);
	COMPARE(a->nano, b->nano);
	COMPARE(a->ok, b->ok);
	COMPARE(a->run_ts, b->run_ts);
	COMPARE(a->of.a, b->of.a);
	COMPARE(a->variant, b->variant);
	return 0;
}

static void
tell(struct replay *r, const struct replay_event *e, int64_t now)
{
	static const enum pol_fact_kind kinds[] = {
		[REPLAY_RUN] = POL_RUN,
		[REPLAY_COST] = POL_COST,
		[REPLAY_REVENUE] = POL_REVENUE,
		[REPLAY_REFUND] = POL_REFUND,
	};
	const struct pol_worker_conf *c = &r->workers[e->worker].conf;
	const struct replay_seen *of = replay_ids_get(&r->ids, e->of);
	int8_t variant = e->variant < 0 && of ? of->variant : e->variant;
	struct pol_fact f = {.kind = kinds[e->type],
		.worker = c->name,
		.ts = e->ts,
		.booked = now,
		.nano = e->nano,
		.ok = e->ok,
		.variant = variant >= 0 ? c->variants[variant] : NULL};

	if (e->type == REPLAY_REVENUE)
		f.caused_ts = e->run_ts ? e->run_ts : of ? of->ts : 0;
	if (e->type == REPLAY_REFUND && of) {
		f.sale_ts = of->ts;
		f.sale_nano = of->nano;
	}
	(void)pol_fact(r->pol, &f); /* its fields were checked when it was read */
}

int
replay_flush(struct replay *r, int64_t now)
{
	if (r->n_events)
		qsort(r->events, r->n_events, sizeof *r->events, by_time);
	/* Ids first: a sale may come before its run, a refund with its sale. */
	for (size_t i = 0; i < r->n_events; i++) {
		struct replay_event *e = &r->events[i];
		struct replay_seen seen = {
			.id = e->id, .ts = e->ts, .nano = e->nano, .variant = e->variant};
		int rc = replay_ids_put(&r->ids, &seen);

		if (rc == -ENOMEM)
			return rc;
		if (rc == -EEXIST)
			e->id = (struct replay_id){0}; /* a repetition */
	}
	for (size_t i = 0; i < r->n_events; i++) {
		if (r->events[i].id.b)
			tell(r, &r->events[i], now);
	}
	r->n_events = 0;
	return 0;
}
