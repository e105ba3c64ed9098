/* Reading a control line: see control.h. */
#include "control.h"
#include "json.h"
#include "nv_money.h"
#include "nv_units.h"

#include <errno.h>
#include <string.h>

static const char *const kind_names[] = {
	[RN_CONTROL_ACK] = "ack",
	[RN_CONTROL_PAUSE] = "pause",
	[RN_CONTROL_RESUME] = "resume",
	[RN_CONTROL_PARAMS] = "params",
	[RN_CONTROL_SPLIT] = "split",
	[RN_CONTROL_BUDGET] = "budget",
	[RN_CONTROL_STOP] = "stop",
	[RN_CONTROL_RESERVED] = "reserved",
	[RN_CONTROL_REFUSED] = "refused",
	[RN_CONTROL_GATE] = "gate",
};

struct fields {
	struct rn_json_value control;
	struct rn_json_value params;
	struct rn_json_value variant;
	struct rn_json_value split;
	struct rn_json_value remaining;
	struct rn_json_value grace_ms;
	struct rn_json_value now;
	struct rn_json_value run_interval_ms;
	struct rn_json_value id;
	struct rn_json_value amount;
	struct rn_json_value reason;
	struct rn_json_value retry_after_s;
	struct rn_json_value ask;
};

static int
on_member(
	void *arg, const char *key, const struct rn_json_value *value, struct nv_err *err)
{
	struct fields *f = arg;
	const struct {
		const char *key;
		struct rn_json_value *to;
	} known[] = {
		{"control", &f->control},
		{"params", &f->params},
		{"variant", &f->variant},
		{"split", &f->split},
		{"remaining", &f->remaining},
		{"grace_ms", &f->grace_ms},
		{"now", &f->now},
		{"run_interval_ms", &f->run_interval_ms},
		{"id", &f->id},
		{"amount", &f->amount},
		{"reason", &f->reason},
		{"retry_after_s", &f->retry_after_s},
		{"ask", &f->ask},
	};

	for (size_t i = 0; i < NV_LEN(known); i++) {
		if (strcmp(key, known[i].key) != 0)
			continue;
		if (known[i].to->text)
			return nv_err_set(err, -EINVAL, "\"%s\" is there twice", key);
		*known[i].to = *value;
	}
	return 0;
}

/* A number's text, or what is inside a string. */
static int
number_text(const struct rn_json_value *value, char *buf, size_t buf_bytes)
{
	if (value->type == RN_JSON_STRING)
		return rn_json_string(value, buf, buf_bytes);
	if (value->type != RN_JSON_NUMBER || value->bytes >= buf_bytes)
		return -EINVAL;
	memcpy(buf, value->text, value->bytes);
	buf[value->bytes] = '\0';
	return 0;
}

/* Milliseconds from a number with this many of them to the unit. */
static int
whole_ms(const struct rn_json_value *value, int64_t unit_ms, int64_t *ret_ms)
{
	char text[64];
	int64_t nano;

	if (value->type != RN_JSON_NUMBER || number_text(value, text, sizeof(text)) < 0 ||
		nv_money_parse(text, strlen(text), NV_DECIMAL_ROUND, &nano, NULL) < 0 ||
		nano < 0)
		return -EINVAL;
	*ret_ms = (int64_t)((nv_i128)nano * unit_ms / NV_MONEY_SCALE);
	return 0;
}

struct interval {
	struct rn_json_value value;
};

static int
on_param(
	void *arg, const char *key, const struct rn_json_value *value, struct nv_err *err)
{
	struct interval *found = arg;

	(void)err;
	if (strcmp(key, "run_interval") == 0)
		found->value = *value;
	return 0;
}

int
rn_params_interval(const char *params, size_t bytes, int64_t *ret_ms, struct nv_err *err)
{
	struct interval found = {0};
	char text[64];
	int64_t ms = 0;
	int rc = rn_json_object(params, bytes, on_param, &found, err);

	if (rc < 0)
		return rc;
	if (!found.value.text || found.value.type == RN_JSON_NULL) {
		*ret_ms = 0;
		return 0;
	}
	if (found.value.type == RN_JSON_STRING &&
		rn_json_string(&found.value, text, sizeof(text)) == 0)
		rc = nv_duration_parse(text, &ms, err);
	else
		rc = whole_ms(&found.value, 1000, &ms);
	if (rc < 0 || ms <= 0)
		return nv_err_set(err, -EINVAL,
			"expected run_interval to be a duration such as \"90s\" or a "
			"number of seconds, found %.*s",
			(int)NV_MIN(found.value.bytes, (size_t)60), found.value.text);
	*ret_ms = ms;
	return 0;
}

static int
read_params(const struct fields *f, struct rn_control *c, struct nv_err *err)
{
	if (f->params.type != RN_JSON_OBJECT || !f->params.text)
		return nv_err_set(err, -EINVAL, "expected \"params\" to be an object");
	if (f->params.bytes >= sizeof(c->params))
		return nv_err_set(err, -EINVAL, "\"params\" is longer than %zu bytes",
			sizeof(c->params) - 1);
	memcpy(c->params, f->params.text, f->params.bytes);
	c->params[f->params.bytes] = '\0';
	if (f->variant.text && f->variant.type != RN_JSON_NULL &&
		rn_json_string(&f->variant, c->variant, sizeof(c->variant)) < 0)
		return nv_err_set(err, -EINVAL, "expected \"variant\" to be a name");
	int rc = rn_params_interval(
		f->params.text, f->params.bytes, &c->run_interval_ms, err);

	if (rc == 0 && f->run_interval_ms.text &&
		(whole_ms(&f->run_interval_ms, 1, &c->run_interval_ms) < 0 ||
			c->run_interval_ms <= 0))
		rc = nv_err_set(err, -EINVAL,
			"expected \"run_interval_ms\" to be a positive number");
	return rc;
}

static int
read_split(const struct fields *f, struct rn_control *c, struct nv_err *err)
{
	char text[NV_SPLIT_BYTES];

	if (!f->split.text || rn_json_string(&f->split, text, sizeof(text)) < 0)
		return nv_err_set(err, -EINVAL, "expected \"split\" to be a string");
	return nv_split_parse(text, &c->split, err);
}

static int
read_budget(const struct fields *f, struct rn_control *c, struct nv_err *err)
{
	if (f->remaining.text && f->remaining.type == RN_JSON_NULL)
		return 0; /* no cap */
	if (!f->remaining.text ||
		number_text(&f->remaining, c->remaining, sizeof(c->remaining)) < 0)
		return nv_err_set(err, -EINVAL, "expected \"remaining\" to be an amount");
	int rc = nv_money_parse(c->remaining, strlen(c->remaining), NV_DECIMAL_ROUND,
		&c->remaining_nano, NULL);

	if (rc == -ERANGE) {
		c->remaining_nano = c->remaining[0] == '-' ? -1 : NV_MONEY_MAX;
		rc = 0;
	}
	if (rc < 0)
		return nv_err_set(err, -EINVAL,
			"expected \"remaining\" to be an amount, found \"%s\"",
			c->remaining);
	c->budget_known = true;
	return 0;
}

static int
read_stop(const struct fields *f, struct rn_control *c, struct nv_err *err)
{
	if (f->grace_ms.text && whole_ms(&f->grace_ms, 1, &c->grace_ms) < 0)
		return nv_err_set(err, -EINVAL, "expected \"grace_ms\" to be a number");
	if (f->now.text && f->now.type != RN_JSON_BOOL)
		return nv_err_set(err, -EINVAL, "expected \"now\" to be true or false");
	c->now = f->now.text && f->now.text[0] == 't';
	return 0;
}

/* Who does not name the question cannot be believed; the rest is for people, or has a
 * default. */
static int
read_answer(const struct fields *f, struct rn_control *c, struct nv_err *err)
{
	if (!f->id.text || f->id.type != RN_JSON_STRING ||
		rn_json_string(&f->id, c->id, sizeof(c->id)) < 0)
		return nv_err_set(err, -EINVAL, "expected \"id\" to be a string");
	if (f->amount.text && number_text(&f->amount, c->amount, sizeof(c->amount)) < 0)
		return nv_err_set(err, -EINVAL, "expected \"amount\" to be an amount");
	if (f->reason.text &&
		(f->reason.type != RN_JSON_STRING ||
			rn_json_string(&f->reason, c->reason, sizeof(c->reason)) < 0))
		return nv_err_set(err, -EINVAL, "expected \"reason\" to be a string");
	if (f->retry_after_s.text && whole_ms(&f->retry_after_s, 1000, &c->retry_ms) < 0)
		return nv_err_set(
			err, -EINVAL, "expected \"retry_after_s\" to be a number");
	return 0;
}

static int
read_gate(const struct fields *f, struct rn_control *c, struct nv_err *err)
{
	if (f->ask.type != RN_JSON_BOOL || !f->ask.text)
		return nv_err_set(err, -EINVAL, "expected \"ask\" to be true or false");
	c->ask = f->ask.bytes == 4;
	return 0;
}

int
rn_control_parse(
	const char *line, size_t bytes, struct rn_control *ret, struct nv_err *err)
{
	struct fields f = {0};
	struct rn_control c = {.grace_ms = -1, .retry_ms = -1};
	char name[32];
	int rc = rn_json_object(line, bytes, on_member, &f, err);

	if (rc < 0)
		return rc;
	if (!f.control.text || f.control.type != RN_JSON_STRING)
		return nv_err_set(err, -EINVAL, "expected a \"control\" member");
	if (rn_json_string(&f.control, name, sizeof(name)) < 0)
		name[0] = '\0'; /* longer than any we know */
	for (size_t i = RN_CONTROL_ACK; i < NV_LEN(kind_names); i++) {
		if (strcmp(name, kind_names[i]) == 0)
			c.kind = (enum rn_control_kind)i;
	}
	if (c.kind == RN_CONTROL_PARAMS)
		rc = read_params(&f, &c, err);
	else if (c.kind == RN_CONTROL_SPLIT)
		rc = read_split(&f, &c, err);
	else if (c.kind == RN_CONTROL_BUDGET)
		rc = read_budget(&f, &c, err);
	else if (c.kind == RN_CONTROL_RESERVED || c.kind == RN_CONTROL_REFUSED)
		rc = read_answer(&f, &c, err);
	else if (c.kind == RN_CONTROL_GATE)
		rc = read_gate(&f, &c, err);
	else if (c.kind == RN_CONTROL_STOP)
		rc = read_stop(&f, &c, err);
	if (rc == 0)
		*ret = c;
	return rc;
}
