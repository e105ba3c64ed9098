/* Helpers on jansson: see nv_json.h. */
#include "nv_json.h"

#include "nv_buf.h"
#include "nv_clock.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

json_t *
nv_json_money(nv_i128 nano)
{
	char text[NV_MONEY_BYTES];

	return json_string(nv_money_text(nano, text));
}

json_t *
nv_json_percent(bool known, int64_t ppm)
{
	if (!known)
		return json_null();
	/* ppm / 1000 is tenths of a percent; a percentage is shown, never computed
	 * with, so a double may hold it. */
	int64_t tenths = nv_mul_div(ppm, 1, 1000);

	return json_real((double)tenths / 10.0);
}

json_t *
nv_json_real(double v)
{
	char text[32];

	if (!isfinite(v))
		return json_null();
	(void)snprintf(text, sizeof(text), "%.6g", v);
	return json_real(strtod(text, NULL));
}

json_t *
nv_json_time(int64_t wall_ns)
{
	char text[NV_RFC3339_BYTES];

	return wall_ns == 0 ? json_null() : json_string(nv_rfc3339(wall_ns, text));
}

json_t *
nv_json_text(const char *text, size_t bytes)
{
	struct nv_buf clean;
	size_t at = 0;

	while (at < bytes) {
		size_t n = nv_utf8_len(text + at, bytes - at);

		if (n == 0)
			break;
		at += n;
	}
	if (at == bytes)
		return json_stringn(bytes > 0 ? text : "", bytes); /* NULL is no string */
	nv_buf_init(&clean, 3 * bytes + 1);
	for (at = 0; at < bytes;) {
		size_t n = nv_utf8_len(text + at, bytes - at);

		if (n == 0)
			nv_buf_add(&clean, "\xEF\xBF\xBD", 3);
		else
			nv_buf_add(&clean, text + at, n);
		at += n == 0 ? 1 : n;
	}
	json_t *value =
		clean.error == 0 ? json_stringn_nocheck(clean.data, clean.bytes) : NULL;

	nv_buf_fini(&clean);
	return value;
}

json_t *
nv_json_str(const char *text)
{
	return nv_json_text(text, strlen(text));
}

char *
nv_json_line(const json_t *value)
{
	/* Reals are percentages and seconds only: 12 digits are more than they have. */
	return json_dumps(
		value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(12));
}

static int
wrong_type(const json_t *value, const char *key, const char *expected, struct nv_err *err)
{
	static const char *const names[] = {
		[JSON_OBJECT] = "an object",
		[JSON_ARRAY] = "a list",
		[JSON_STRING] = "a string",
		[JSON_INTEGER] = "a number",
		[JSON_REAL] = "a number with a fraction",
		[JSON_TRUE] = "true",
		[JSON_FALSE] = "false",
		[JSON_NULL] = "null",
	};

	return nv_err_set(err, -EINVAL, "%s is %s, expected %s", key,
		names[json_typeof(value)], expected);
}

int
nv_json_get_str(const json_t *object, const char *key, size_t bytes_max, const char **ret,
	struct nv_err *err)
{
	const json_t *value = json_object_get(object, key);

	if (!value || json_is_null(value))
		return -ENOENT;
	if (!json_is_string(value))
		return wrong_type(value, key, "a string", err);
	size_t bytes = json_string_length(value);

	if (bytes > bytes_max)
		return nv_err_set(err, -EINVAL,
			"%s has %zu bytes, at most %zu are allowed", key, bytes,
			bytes_max);
	if (strlen(json_string_value(value)) != bytes)
		return nv_err_set(err, -EINVAL, "%s contains a zero byte", key);
	*ret = json_string_value(value);
	return 0;
}

int
nv_json_need_str(const json_t *object, const char *key, size_t bytes_max,
	const char **ret, struct nv_err *err)
{
	int rc = nv_json_get_str(object, key, bytes_max, ret, err);

	if (rc == -ENOENT)
		return nv_err_set(err, -EINVAL, "%s is missing", key);
	return rc;
}

int
nv_json_get_u64(const json_t *object, const char *key, uint64_t min, uint64_t max,
	uint64_t *ret, struct nv_err *err)
{
	const json_t *value = json_object_get(object, key);

	if (!value || json_is_null(value))
		return -ENOENT;
	if (!json_is_integer(value))
		return wrong_type(value, key, "a whole number", err);
	json_int_t got = json_integer_value(value);

	if (got < 0 || (uint64_t)got < min || (uint64_t)got > max)
		return nv_err_set(err, -EINVAL, "%s is %lld, expected %llu to %llu", key,
			(long long)got, (unsigned long long)min, (unsigned long long)max);
	*ret = (uint64_t)got;
	return 0;
}

int
nv_json_take_count(
	const json_t *object, const char *key, int64_t *ret, struct nv_err *err)
{
	uint64_t v = 0;
	int rc = nv_json_get_u64(object, key, 0, INT64_MAX, &v, err);

	if (rc < 0 && rc != -ENOENT)
		return rc;
	*ret = (int64_t)v;
	return 0;
}

int
nv_json_get_bool(const json_t *object, const char *key, bool *ret, struct nv_err *err)
{
	const json_t *value = json_object_get(object, key);

	if (!value || json_is_null(value))
		return -ENOENT;
	if (!json_is_boolean(value))
		return wrong_type(value, key, "true or false", err);
	*ret = json_is_true(value);
	return 0;
}

int
nv_json_get_money(
	const json_t *object, const char *key, int64_t *ret_nano, struct nv_err *err)
{
	const char *text = NULL;
	int rc = nv_json_get_str(object, key, NV_MONEY_BYTES, &text, err);

	if (rc < 0)
		return rc;
	if (nv_money_parse(text, strlen(text), NV_DECIMAL_EXACT, ret_nano, NULL) < 0)
		return nv_err_set(err, -EINVAL, "%s is \"%s\", expected a decimal amount",
			key, text);
	return 0;
}
