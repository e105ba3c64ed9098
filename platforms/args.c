/* The arguments of a call: see args.h. */
#include "args.h"
#include "frame.h"
#include "nv_json.h"
#include "nv_units.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_BYTES_DEFAULT 65536
#define LIST_DEFAULT       1000
#define INT_DEFAULT        INT64_MAX

static int
refuse(struct nv_err *err, const struct plat_arg *a, const char *expected)
{
	return nv_err_set(err, -EINVAL, "%s: expected %s", a->name, expected);
}

static bool
is_choice(const char *choices, const char *text)
{
	size_t bytes = strlen(text);

	for (const char *at = choices; bytes > 0 && *at;) {
		size_t n = strcspn(at, "|");

		if (n == bytes && memcmp(at, text, n) == 0)
			return true;
		at += n + (at[n] == '|');
	}
	return false;
}

static json_t *
bad(int rc, int *ret_rc)
{
	*ret_rc = rc;
	return NULL;
}

static json_t *
take_text(const struct plat_arg *a, const json_t *v, int *rc, struct nv_err *err)
{
	size_t bytes = json_string_length(v);
	int64_t max = a->max > 0 ? a->max : TEXT_BYTES_DEFAULT;

	if (!json_is_string(v))
		return bad(refuse(err, a, "a text"), rc);
	/* C strings are what a platform gets. */
	if (strlen(json_string_value(v)) != bytes)
		return bad(refuse(err, a, "a text without U+0000"), rc);
	if (a->choices && !is_choice(a->choices, json_string_value(v)))
		return bad(nv_err_set(err, -EINVAL, "%s: expected one of %s", a->name,
				   a->choices),
			rc);
	if ((int64_t)bytes < a->min || (int64_t)bytes > max)
		return bad(nv_err_set(err, -EINVAL,
				   "%s: %zu bytes long; expected %lld to %lld", a->name,
				   bytes, (long long)a->min, (long long)max),
			rc);
	return json_copy((json_t *)(uintptr_t)v);
}

static json_t *
take_int(const struct plat_arg *a, const json_t *v, int *rc, struct nv_err *err)
{
	int64_t max = a->min == 0 && a->max == 0 ? INT_DEFAULT : a->max;
	int64_t value = 0;

	if (json_is_integer(v)) {
		value = json_integer_value(v);
	} else {
		const char *text = json_string_value(v);
		char *end = NULL;

		errno = 0;
		if (text && (*text == '-' || (*text >= '0' && *text <= '9')))
			value = strtoll(text, &end, 10);
		if (!end || *end || errno || strlen(text) != json_string_length(v))
			return bad(refuse(err, a, "a whole number"), rc);
	}
	if (value < a->min || value > max)
		return bad(nv_err_set(err, -EINVAL, "%s: %lld; expected %lld to %lld",
				   a->name, (long long)value, (long long)a->min,
				   (long long)max),
			rc);
	return json_integer(value);
}

static json_t *
take_money(const struct plat_arg *a, const json_t *v, int *rc, struct nv_err *err)
{
	char currency[NV_CURRENCY_BYTES];
	int64_t nano;
	struct nv_err why = {0};

	if (!json_is_string(v) || strlen(json_string_value(v)) != json_string_length(v) ||
		nv_amount_parse(json_string_value(v), &nano, currency, &why) < 0 ||
		nano < 0)
		return bad(refuse(err, a,
				   "an amount with its currency, such as 5.00 EUR or $5"),
			rc);
	return json_pack("{s:I, s:s}", "nano", (json_int_t)nano, "currency", currency);
}

static json_t *
take_bool(const struct plat_arg *a, const json_t *v, int *rc, struct nv_err *err)
{
	const char *text = json_string_value(v);

	if (json_is_boolean(v))
		return json_boolean(json_is_true(v));
	if (text && (strcmp(text, "true") == 0 || strcmp(text, "yes") == 0 || !*text))
		return json_true(); /* --flag has no value */
	if (text && (strcmp(text, "false") == 0 || strcmp(text, "no") == 0))
		return json_false();
	return bad(refuse(err, a, "true or false"), rc);
}

static json_t *
take_list(const struct plat_arg *a, const json_t *v, int *rc, struct nv_err *err)
{
	json_t *list;
	json_t *each;
	size_t i;

	if (json_is_string(v))
		list = json_pack("[O]", v);
	else if (json_is_array(v))
		list = json_copy((json_t *)(uintptr_t)v);
	else
		return bad(refuse(err, a, "a list of texts"), rc);
	if (!list)
		return NULL;
	int64_t n = (int64_t)json_array_size(list);

	if (n < a->min || n > (a->max > 0 ? a->max : LIST_DEFAULT)) {
		json_decref(list);
		return bad(nv_err_set(err, -EINVAL,
				   "%s: %lld of them; expected %lld to "
				   "%lld",
				   a->name, (long long)n, (long long)a->min,
				   (long long)(a->max > 0 ? a->max : LIST_DEFAULT)),
			rc);
	}
	json_array_foreach(list, i, each)
	{
		if (json_is_string(each) &&
			strlen(json_string_value(each)) == json_string_length(each))
			continue;
		json_decref(list);
		return bad(refuse(err, a, "a list of texts"), rc);
	}
	return list;
}

static json_t *
take_json(const struct plat_arg *a, const json_t *v, int *rc, struct nv_err *err)
{
	if (!json_is_string(v))
		return json_incref((json_t *)(uintptr_t)v);
	json_error_t why;
	json_t *value = json_loadb(json_string_value(v), json_string_length(v),
		JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &why);

	if (!value)
		return bad(nv_err_set(err, -EINVAL, "%s: expected JSON: %s at byte %d",
				   a->name, why.text, why.position),
			rc);
	return value;
}

static json_t *
take(const struct plat_arg *a, const json_t *v, int *rc, struct nv_err *err)
{
	*rc = -ENOMEM;
	switch (a->type) {
	case PLAT_TEXT:
		return take_text(a, v, rc, err);
	case PLAT_INT:
		return take_int(a, v, rc, err);
	case PLAT_MONEY:
		return take_money(a, v, rc, err);
	case PLAT_BOOL:
		return take_bool(a, v, rc, err);
	case PLAT_LIST:
		return take_list(a, v, rc, err);
	case PLAT_JSON:
		return take_json(a, v, rc, err);
	}
	return NULL;
}

static const struct plat_arg *
find(const struct plat_verb *verb, const char *key, struct nv_err *err)
{
	const char *names[PLAT_ARGS_MAX];
	size_t n = 0;

	for (const struct plat_arg *a = verb->args; a && a->name; a++) {
		if (strcmp(a->name, key) == 0)
			return a;
		NV_ASSERT(n < NV_LEN(names));
		names[n++] = a->name;
	}
	const char *near = nv_name_nearest(key, names, n);

	(void)nv_err_set(err, -EINVAL, "%s has no argument \"%.40s\"%s%s", verb->name,
		key, near ? "; did you mean " : "", near ? near : "");
	return NULL;
}

int
plat_args_check(const struct plat_verb *verb, const json_t *args, json_t **ret,
	struct nv_err *err)
{
	json_t *checked = json_object();
	const char *key;
	json_t *value;
	int rc = checked ? 0 : -ENOMEM;

	json_object_foreach((json_t *)(uintptr_t)args, key, value)
	{
		const struct plat_arg *a = find(verb, key, err);

		if (!a)
			rc = -EINVAL;
		if (rc < 0)
			break;
		if (json_is_null(value))
			continue;
		json_t *taken = take(a, value, &rc, err);

		rc = taken ? json_object_set_new(checked, a->name, taken) : rc;
		if (rc < 0)
			break;
	}
	for (const struct plat_arg *a = verb->args; rc == 0 && a && a->name; a++) {
		if ((a->flags & PLAT_REQUIRED) && !json_object_get(checked, a->name))
			rc = nv_err_set(err, -EINVAL, "%s needs %s: %s", verb->name,
				a->name, a->help);
	}
	if (rc < 0)
		json_decref(checked);
	else
		*ret = checked;
	return rc < 0 && rc != -EINVAL ? -ENOMEM : rc;
}

/* ---- for platforms ---- */

static json_t *
given(const struct plat_call *call, const char *name)
{
	return json_object_get(call->args, name);
}

const char *
plat_arg_str(const struct plat_call *call, const char *name)
{
	return json_string_value(given(call, name));
}

int64_t
plat_arg_int(const struct plat_call *call, const char *name, int64_t fallback)
{
	const json_t *v = given(call, name);

	return v ? json_integer_value(v) : fallback;
}

bool
plat_arg_bool(const struct plat_call *call, const char *name)
{
	return json_is_true(given(call, name));
}

json_t *
plat_arg_list(const struct plat_call *call, const char *name)
{
	return given(call, name);
}

json_t *
plat_arg_json(const struct plat_call *call, const char *name)
{
	return given(call, name);
}

bool
plat_arg_given(const struct plat_call *call, const char *name)
{
	return given(call, name) != NULL;
}

int
plat_arg_money(const struct plat_call *call, const char *name, int64_t *ret_nano,
	char currency[NV_CURRENCY_BYTES])
{
	const json_t *v = given(call, name);

	if (!v)
		return -ENOENT;
	*ret_nano = json_integer_value(json_object_get(v, "nano"));
	(void)snprintf(currency, NV_CURRENCY_BYTES, "%s",
		json_string_value(json_object_get(v, "currency")));
	return 0;
}
