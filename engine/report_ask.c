/* What a report is about: see reports.h. */
#include "fleet.h"
#include "reports.h"

#include "nv_clock.h"
#include "nv_json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE_NS (INT64_C(60) * NV_NS_PER_SEC)

static int
take_period(struct eng_call *call, const char *fallback, struct eng_period *ret)
{
	const char *period = fallback;
	const char *from = NULL;
	const char *to = NULL;
	int rc = nv_json_get_str(call->args, "period", 60, &period, &call->err);

	if (rc < 0 && rc != -ENOENT)
		return rc;
	bool named = rc == 0;

	rc = nv_json_get_str(call->args, "from", 60, &from, &call->err);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	rc = nv_json_get_str(call->args, "to", 60, &to, &call->err);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	if (!from && !to)
		return eng_period_parse(period, call->now_ns, ret, &call->err);
	if (named)
		return nv_err_set(&call->err, -EINVAL,
			"expected a period, or from and to, not both");
	if (!from)
		return nv_err_set(&call->err, -EINVAL, "to needs a from");
	return eng_period_range(from, to, call->now_ns, ret, &call->err);
}

void
eng_period_widen(struct eng_period *p, int64_t edge_ns, int64_t now_ns, int64_t last_ns)
{
	int64_t rest = p->to_ns % edge_ns;

	p->from_ns -= p->from_ns % edge_ns;
	if (p->to_ns >= now_ns)
		p->to_ns = NV_MAX(p->to_ns, last_ns + 1);
	else if (rest > 0)
		p->to_ns = NV_MIN(p->to_ns - rest + edge_ns, NV_MAX(now_ns, last_ns + 1));
}

/* ---- whose ---- */

int
eng_target_take(struct eng_call *call, const char *name, struct eng_target *ret)
{
	struct eng_worker *only = eng_worker_find(call->eng, name);
	bool found = only != NULL;
	size_t n = 0;

	for (const struct eng_worker *w = call->eng->workers; w; w = w->next)
		n++;
	*ret = (struct eng_target){
		.only = only, .name = name, .kind = only ? "worker" : "group"};
	ret->ids = calloc(n + 1, sizeof *ret->ids);
	if (!ret->ids)
		return -ENOMEM;
	for (const struct eng_worker *w = call->eng->workers; w; w = w->next) {
		if (only ? w != only : strcmp(eng_worker_group(w), name) != 0)
			continue;
		found = true;
		if (w->id != 0)
			ret->ids[ret->n++] = w->id;
	}
	if (found)
		return 0;
	int rc = eng_api_worker(call, name, &only);
	char text[sizeof call->err.text];

	memcpy(text, call->err.text, sizeof text);
	return nv_err_set(&call->err, rc, "%.300s (and no such group)", text);
}

/* ---- by what ---- */

static int
take_by(struct eng_report *r, const struct eng_report_ask *ask)
{
	static const struct {
		const char *name;
		enum eng_per per;
	} keys[] = {{"", ENG_PER_NONE}, {"worker", ENG_PER_WORKER},
		{"group", ENG_PER_GROUP}, {"category", ENG_PER_CATEGORY},
		{"source", ENG_PER_CATEGORY}, {"variant", ENG_PER_VARIANT}};
	struct eng_call *call = r->call;
	int rc = 0;

	r->by = ask->by;
	if (json_object_get(call->args, "by")) {
		rc = nv_json_get_str(call->args, "by", 40, &r->by, &call->err);
		if (rc < 0 && rc != -ENOENT)
			return rc;
	}
	for (size_t i = 0; i < NV_LEN(keys); i++) {
		/* "" is nothing one can ask for. */
		if (strcmp(r->by, keys[i].name) == 0 && (i > 0 || r->by == ask->by)) {
			r->per = keys[i].per;
			return 0;
		}
	}
	if (ask->units && eng_unit_from(r->by, &r->unit)) {
		r->per = ENG_PER_UNIT;
		return 0;
	}
	return nv_err_set(&call->err, -EINVAL,
		"by is \"%.40s\", expected worker, group, source, category%s", r->by,
		ask->units ? ", variant, hour, day, week, month or year" : " or variant");
}

int
eng_report_begin(
	struct eng_report *r, struct eng_call *call, const struct eng_report_ask *ask)
{
	const char *target = NULL;
	uint64_t limit = ENG_API_ROWS_MAX;

	*r = (struct eng_report){.call = call};
	int rc = take_by(r, ask);

	if (rc == 0)
		rc = take_period(call, ask->period, &r->period);
	if (rc < 0)
		return rc;
	rc = nv_json_get_u64(
		call->args, "limit", 1, ENG_API_ROWS_MAX, &limit, &call->err);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	r->limit = limit;
	rc = nv_json_get_str(call->args, "target", 200, &target, &call->err);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	if (target && (rc = eng_target_take(call, target, &r->target)) < 0)
		return rc;
	rc = led_view_begin(call->eng->led, &r->view, &call->err);
	if (rc < 0)
		return rc;
	eng_period_widen(&r->period,
		ask->categories || r->per == ENG_PER_CATEGORY || r->per == ENG_PER_VARIANT
			? LED_CATEGORY_EDGE_NS
			: MINUTE_NS,
		call->now_ns, led_last_time(call->eng->led));
	return eng_tally_init(
		&r->tally, call->eng, r->view, r->period.from_ns, r->period.to_ns);
}

void
eng_report_end(struct eng_report *r)
{
	eng_tally_fini(&r->tally);
	led_view_end(r->view);
	free(r->target.ids);
}
