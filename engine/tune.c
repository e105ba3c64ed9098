/* Parameters, intervals and splits in force: see tune.h. */
#include "tune.h"

#include "fleet.h"
#include "intake.h"

#include "nv_buf.h"
#include "nv_clock.h"
#include "nv_json.h"
#include "nv_log.h"
#include "nv_units.h"
#include "nv_value.h"
#include "params.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An incarnation that was started this soon after a change may have been started with
 * what was before: the two messages cross. */
#define CROSSING_NS (INT64_C(60) * 1000000000)

/* ---- what is declared ---- */

static const struct nv_conf_param *
find_param(const struct nv_conf_worker *conf, const char *name)
{
	for (size_t i = 0; conf && i < conf->n_params; i++) {
		if (strcmp(conf->params[i].name, name) == 0)
			return &conf->params[i];
	}
	return NULL;
}

/* Both ends of a range and the value, in the same unit: durations or numbers. */
static bool
in_range(const struct nv_conf_param *p, const char *value)
{
	int64_t low;
	int64_t high;
	int64_t at;

	if (nv_duration_parse(p->range_min, &low, NULL) == 0 &&
		nv_duration_parse(p->range_max, &high, NULL) == 0)
		return nv_duration_parse(value, &at, NULL) == 0 && at >= low &&
		       at <= high;
	if (nv_money_parse(p->range_min, strlen(p->range_min), NV_DECIMAL_ROUND, &low,
		    NULL) < 0 ||
		nv_money_parse(p->range_max, strlen(p->range_max), NV_DECIMAL_ROUND,
			&high, NULL) < 0)
		return false;
	return nv_money_parse(value, strlen(value), NV_DECIMAL_EXACT, &at, NULL) == 0 &&
	       at >= low && at <= high;
}

static int
check_value(const struct eng_worker *w, const char *name, const char *value,
	struct nv_err *err)
{
	const struct nv_conf_param *p = find_param(w->conf, name);

	if (!p)
		return nv_err_set(
			err, -EINVAL, "%s has no parameter %.63s", w->name, name);
	for (size_t i = 0; i < p->n_choices; i++) {
		if (strcmp(p->choices[i], value) == 0)
			return 0;
	}
	if (!p->choices && in_range(p, value))
		return 0;
	return nv_err_set(err, -EINVAL, "%s: %.63s is not %s: expected %s%s%s", name,
		value, p->choices ? "one of its choices" : "in its range",
		p->choices ? "what `params` declares" : p->range_min,
		p->choices ? "" : "..", p->choices ? "" : p->range_max);
}

/* A value as it stands in NOVA_PARAMS; -ENOBUFS when it is too long for an arm. */
static int
arm_value(const char *value, char out[NV_SPLIT_VALUE_BYTES])
{
	struct nv_buf buf;

	nv_buf_init(&buf, NV_SPLIT_VALUE_BYTES);
	nv_conf_param_json(&buf, value);
	int rc =
		buf.error ? buf.error : (buf.bytes < NV_SPLIT_VALUE_BYTES ? 0 : -ENOBUFS);

	if (rc == 0)
		memcpy(out, buf.data, buf.bytes + 1);
	nv_buf_fini(&buf);
	return rc;
}

/* ---- what is in force ---- */

static bool
fits(const struct nv_split *s, const struct nv_conf_worker *conf)
{
	if (s->n == 0 || !conf)
		return false;
	if (s->param[0])
		return conf->kind == NV_KIND_TASK && find_param(conf, s->param);
	if (s->n != conf->n_variants)
		return false;
	for (unsigned i = 0; i < s->n; i++) {
		if (strcmp(s->arms[i].name, conf->variants[i]) != 0)
			return false;
	}
	return true;
}

static void
declared_split(const struct nv_conf_worker *conf, struct nv_split *ret)
{
	static const double equal[NV_SPLIT_ARMS];

	*ret = (struct nv_split){0};
	if (!conf || conf->n_variants == 0)
		return;
	static_assert(NV_CONF_VARIANTS_MAX <= NV_SPLIT_ARMS, "each variant has an arm");
	ret->n = (unsigned)conf->n_variants;
	for (unsigned i = 0; i < ret->n; i++)
		(void)snprintf(ret->arms[i].name, NV_NAME_MAX, "%s", conf->variants[i]);
	nv_split_set_shares(ret, equal);
}

void
eng_tune_split(const struct eng_worker *w, struct nv_split *ret)
{
	if (fits(&w->desire.split, w->conf))
		*ret = w->desire.split;
	else
		declared_split(w->conf, ret);
}

/* params with one member set, into buf; unchanged where that is not possible. */
static void
set_member(char buf[ENG_PARAMS_BYTES], const char *name, const char *value_json)
{
	json_t *o = json_loads(buf, 0, NULL);
	json_t *value = json_loads(value_json, JSON_DECODE_ANY, NULL);
	char *line = o && value && json_object_set(o, name, value) == 0 ? nv_json_line(o)
									: NULL;

	if (line && strlen(line) < ENG_PARAMS_BYTES)
		(void)snprintf(buf, ENG_PARAMS_BYTES, "%s", line);
	free(line);
	json_decref(value);
	json_decref(o);
}

const char *
eng_tune_params(const struct eng_worker *w, char buf[ENG_PARAMS_BYTES])
{
	char text[NV_UNITS_BYTES];
	char json[NV_UNITS_BYTES + 2];
	const char *declared =
		w->conf && w->conf->params_json ? w->conf->params_json : "{}";

	(void)snprintf(buf, ENG_PARAMS_BYTES, "%s",
		w->desire.params[0] ? w->desire.params : declared);
	/* A program that reads its interval there finds the one in force. */
	if (find_param(w->conf, "run_interval")) {
		struct nv_buf shown;

		nv_buf_init(&shown, sizeof(text));
		nv_value_show_duration(&shown, eng_worker_interval_ms(w));
		(void)snprintf(
			json, sizeof(json), "\"%s\"", shown.data ? shown.data : "");
		set_member(buf, "run_interval", json);
		nv_buf_fini(&shown);
	}
	return buf;
}

/* ---- telling ---- */

static void
put_params(struct nv_buf *out, const struct eng_worker *w)
{
	char params[ENG_PARAMS_BYTES];

	nv_buf_printf(
		out, "{\"control\":\"params\",\"params\":%s", eng_tune_params(w, params));
	if (eng_worker_interval_ms(w) > 0)
		nv_buf_printf(out, ",\"run_interval_ms\":%lld",
			(long long)eng_worker_interval_ms(w));
	nv_buf_puts(out, "}");
}

static void
put_split(struct nv_buf *out, const struct eng_worker *w)
{
	char text[NV_SPLIT_BYTES];
	struct nv_split split;

	eng_tune_split(w, &split);
	nv_buf_printf(out, "{\"control\":\"split\",\"split\":\"%s\"}",
		nv_split_text(&split, text));
}

static uint64_t
mix(uint64_t hash, const struct nv_buf *line)
{
	for (size_t i = 0; i < line->bytes; i++)
		hash = (hash ^ (uint8_t)line->data[i]) * UINT64_C(0x100000001b3);
	return hash;
}

static void
send_line(struct eng *eng, struct eng_worker *w, const struct nv_buf *line)
{
	if (line->error || line->bytes >= ENG_CONTROL_LINE_BYTES)
		nv_warn("%s: its parameters are too long for a control line: it learns "
			"them at its next start",
			w->name);
	else
		eng_control_line(eng, w, line->data);
}

/* always: whether or not they have heard it. */
static void
tell(struct eng *eng, struct eng_worker *w, bool always)
{
	struct nv_buf params;
	struct nv_buf split;

	if (!w->conf)
		return;
	nv_buf_init(&params, 2 * ENG_PARAMS_BYTES);
	nv_buf_init(&split, NV_SPLIT_BYTES + 100);
	put_params(&params, w);
	put_split(&split, w);
	uint64_t hash = mix(mix(UINT64_C(0xcbf29ce484222325), &params), &split);

	if (hash != w->tune_told)
		w->tune_told_ns = nv_mono_ns();
	/* What nobody has turned yet is what they were started with. */
	if (always || (w->tune_told != 0 && hash != w->tune_told)) {
		send_line(eng, w, &params);
		if (w->conf->kind == NV_KIND_TASK)
			send_line(eng, w, &split);
	}
	w->tune_told = hash;
	nv_buf_fini(&params);
	nv_buf_fini(&split);
}

void
eng_tune_tell(struct eng *eng, struct eng_worker *w)
{
	tell(eng, w, false);
}

void
eng_tune_opened(struct eng *eng, struct eng_worker *w, bool anew)
{
	bool turned = w->desire.split.n > 0 || w->desire.params[0] ||
		      w->desire.run_interval_ms > 0;
	bool crossing = w->tune_told != 0 && nv_mono_ns() - w->tune_told_ns < CROSSING_NS;

	if (turned && (anew || crossing))
		tell(eng, w, true);
}

/* ---- changes ---- */

int
eng_tune_shares(const struct eng_worker *w, struct eng_desire *d, const double *shares,
	unsigned n, struct nv_err *err)
{
	struct nv_split split;
	double sum = 0;

	declared_split(w->conf, &split);
	if (split.n == 0)
		return nv_err_set(err, -EINVAL, "%s has no variants", w->name);
	if (n != split.n)
		return nv_err_set(err, -EINVAL, "%s has %u variants, found %u shares",
			w->name, split.n, n);
	for (unsigned i = 0; i < n; i++) {
		if (!(shares[i] >= 0 && shares[i] <= 1e9))
			return nv_err_set(err, -EINVAL,
				"a share is a number from 0 up, found %g", shares[i]);
		sum += shares[i];
	}
	if (!(sum > 0))
		return nv_err_set(err, -EINVAL, "every share is 0");
	nv_split_set_shares(&split, shares);
	d->split = split;
	return 0;
}

int
eng_tune_interval(
	const struct eng_worker *w, struct eng_desire *d, int64_t ms, struct nv_err *err)
{
	char text[NV_UNITS_BYTES];

	if (ms == 0 || (w->conf && ms == w->conf->run_interval_ms)) {
		d->run_interval_ms = 0;
		return 0;
	}
	const struct nv_conf_param *p = find_param(w->conf, "run_interval");
	int64_t low;
	int64_t high;

	if (!p)
		return nv_err_set(err, -EINVAL,
			"%s declares no range of run_interval under params", w->name);
	if (nv_duration_parse(p->range_min, &low, err) < 0 ||
		nv_duration_parse(p->range_max, &high, err) < 0)
		return -EINVAL;
	if (ms < low || ms > high)
		return nv_err_set(err, -EINVAL, "run_interval: expected %s..%s, found %s",
			p->range_min, p->range_max, nv_duration_show(ms, text));
	d->run_interval_ms = ms;
	return 0;
}

int
eng_tune_param(const struct eng_worker *w, struct eng_desire *d, const char *name,
	const char *value, struct nv_err *err)
{
	struct eng_worker after = {.conf = w->conf, .desire = *d};
	char params[ENG_PARAMS_BYTES];
	struct nv_buf json;
	int64_t ms;
	int rc = check_value(w, name, value, err);

	if (rc < 0)
		return rc;
	if (strcmp(name, "run_interval") == 0) {
		rc = nv_duration_parse(value, &ms, err);
		return rc < 0 ? rc : eng_tune_interval(w, d, ms, err);
	}
	(void)eng_tune_params(&after, params);
	nv_buf_init(&json, sizeof(params));
	nv_conf_param_json(&json, value);
	if (!json.error)
		set_member(params, name, json.data);
	rc = json.error;
	nv_buf_fini(&json);
	if (rc < 0)
		return nv_err_set(err, rc, "no memory for the parameters");
	memcpy(d->params, params, sizeof(d->params));
	if (strcmp(d->split.param, name) == 0)
		d->split = (struct nv_split){0};
	return 0;
}

/* A parameter's name may have capitals and begin with _; a variant's may not. */
static void
name_arm(char out[NV_NAME_MAX], const char *param, unsigned number)
{
	size_t n = 0;

	while (*param == '_')
		param++;
	for (; *param && n < NV_NAME_MAX - 4; param++)
		out[n++] = *param >= 'A' && *param <= 'Z' ? (char)(*param - 'A' + 'a')
							  : *param;
	(void)snprintf(out + n, NV_NAME_MAX - n, "%s%u", n ? "." : "", number);
}

int
eng_tune_experiment(const struct eng_worker *w, struct eng_desire *d, const char *name,
	const char *const *values, unsigned n, struct nv_err *err)
{
	static const double equal[NV_SPLIT_ARMS];
	struct nv_split split = {.n = n};

	if (!w->conf || w->conf->kind != NV_KIND_TASK)
		return nv_err_set(err, -EINVAL,
			"%s is no task: only the runs of a task can be given different "
			"values",
			w->name);
	if (n < 2 || n > NV_SPLIT_ARMS)
		return nv_err_set(err, -EINVAL, "expected 2 to %d values, found %u",
			NV_SPLIT_ARMS, n);
	if (strcmp(name, "run_interval") == 0)
		return nv_err_set(err, -EINVAL,
			"run_interval is one for all runs: it cannot differ between "
			"them");
	(void)snprintf(split.param, sizeof(split.param), "%s", name);
	for (unsigned i = 0; i < n; i++) {
		int rc = check_value(w, name, values[i], err);

		if (rc < 0)
			return rc;
		for (unsigned k = 0; k < i; k++) {
			if (strcmp(values[k], values[i]) == 0)
				return nv_err_set(
					err, -EINVAL, "%s is there twice", values[i]);
		}
		name_arm(split.arms[i].name, name, i + 1);
		if (arm_value(values[i], split.arms[i].value) < 0)
			return nv_err_set(err, -EINVAL,
				"%.63s is too long to be tried: %d bytes at most",
				values[i], NV_SPLIT_VALUE_BYTES - 1);
	}
	nv_split_set_shares(&split, equal);
	d->split = split;
	return 0;
}

/* ---- which values ---- */

/* The value in force as text, as it would be declared. */
static void
value_now(const struct eng_worker *w, const char *name, char *out, size_t bytes)
{
	char params[ENG_PARAMS_BYTES];
	json_t *o = json_loads(eng_tune_params(w, params), 0, NULL);
	json_t *value = json_object_get(o, name);
	NV_CLEANUP_FREE char *text = json_is_string(value)
					     ? strdup(json_string_value(value))
					     : json_dumps(value, JSON_ENCODE_ANY);

	(void)snprintf(out, bytes, "%s", text ? text : "");
	json_decref(o);
}

static int64_t
number_of(const char *text, bool duration)
{
	int64_t v = 0;

	if (duration)
		(void)nv_duration_parse(text, &v, NULL);
	else
		(void)nv_money_parse(text, strlen(text), NV_DECIMAL_ROUND, &v, NULL);
	return v;
}

/* "90s", "3", "0.25". */
static void
show_number(int64_t v, bool duration, char out[NV_MONEY_BYTES])
{
	struct nv_buf buf;

	if (duration) {
		nv_buf_init(&buf, NV_MONEY_BYTES);
		nv_value_show_duration(&buf, v);
		(void)snprintf(out, NV_MONEY_BYTES, "%s", buf.data ? buf.data : "");
		nv_buf_fini(&buf);
		return;
	}
	(void)nv_money_text(v, out);
	size_t n = strlen(out);

	while (n > 0 && strchr(out, '.') && (out[n - 1] == '0' || out[n - 1] == '.')) {
		bool point = out[n - 1] == '.';

		out[--n] = '\0';
		if (point)
			break;
	}
}

static unsigned
values_of_range(const struct nv_conf_param *p, const char *now,
	char text[NV_SPLIT_ARMS][NV_MONEY_BYTES])
{
	int64_t probe;
	bool duration = nv_duration_parse(p->range_min, &probe, NULL) == 0;
	int64_t low = number_of(p->range_min, duration);
	int64_t high = number_of(p->range_max, duration);
	int64_t second = duration ? 1000 : NV_MONEY_SCALE;
	/* A range between whole numbers or seconds has such values. */
	int64_t grain =
		low % second == 0 && high % second == 0 && high - low >= 4 * second
			? second
			: NV_MAX((high - low) / 1000, 1);
	int64_t values[3];
	unsigned n = pol_params_range(low, high, number_of(now, duration), grain, values);

	for (unsigned i = 0; i < n; i++)
		show_number(values[i], duration, text[i]);
	return n;
}

int
eng_tune_try(const struct eng_worker *w, struct eng_desire *d, const char *name,
	struct nv_err *err)
{
	const struct nv_conf_param *p = find_param(w->conf, name);
	char text[NV_SPLIT_ARMS][NV_MONEY_BYTES];
	const char *values[NV_SPLIT_ARMS];
	size_t which[POL_PARAMS_ARMS];
	char now[256];
	size_t at = 0;
	unsigned n;

	if (!p)
		return nv_err_set(
			err, -EINVAL, "%s has no parameter %.63s", w->name, name);
	value_now(w, name, now, sizeof(now));
	if (p->choices) {
		while (at < p->n_choices && strcmp(p->choices[at], now) != 0)
			at++;
		n = pol_params_choices(p->n_choices, at, which);
		for (unsigned i = 0; i < n; i++)
			values[i] = p->choices[which[i]];
	} else {
		n = values_of_range(p, now, text);
		for (unsigned i = 0; i < n; i++)
			values[i] = text[i];
	}
	return eng_tune_experiment(w, d, name, values, n, err);
}
