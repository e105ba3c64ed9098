#include "stripe_form.h"

#include "nv_url.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define KEY_BYTES_MAX 400

static int
put(struct nv_buf *buf, const char *key, json_t *v, int depth, struct nv_err *err);

static int
put_object(struct nv_buf *buf, const char *key, json_t *object, int depth,
	struct nv_err *err)
{
	const char *name;
	json_t *v;

	json_object_foreach(object, name, v)
	{
		char inner[KEY_BYTES_MAX];
		int n = snprintf(
			inner, sizeof(inner), *key ? "%s[%s]" : "%s%s", key, name);

		if (!*name || strpbrk(name, "[]"))
			return nv_err_set(err, -EINVAL,
				"a parameter's name is empty or has a bracket in it: "
				"%.80s",
				name);
		if (n < 0 || (size_t)n >= sizeof(inner))
			return nv_err_set(err, -EINVAL,
				"a parameter's name is longer than %d bytes",
				KEY_BYTES_MAX - 1);
		int rc = put(buf, inner, v, depth, err);

		if (rc)
			return rc;
	}
	return 0;
}

static int
put_array(
	struct nv_buf *buf, const char *key, json_t *array, int depth, struct nv_err *err)
{
	json_t *v;
	size_t i;

	/* An empty list unsets, as an empty text does. */
	if (json_array_size(array) == 0)
		nv_form_add(buf, key, "");
	json_array_foreach(array, i, v)
	{
		char inner[KEY_BYTES_MAX];
		int n = snprintf(inner, sizeof(inner), "%s[%zu]", key, i);

		if (n < 0 || (size_t)n >= sizeof(inner))
			return nv_err_set(err, -EINVAL,
				"a parameter's name is longer than %d bytes",
				KEY_BYTES_MAX - 1);
		int rc = put(buf, inner, v, depth, err);

		if (rc)
			return rc;
	}
	return 0;
}

static int
put(struct nv_buf *buf, const char *key, json_t *v, int depth, struct nv_err *err)
{
	if (depth > STRIPE_FORM_DEPTH_MAX)
		return nv_err_set(err, -EINVAL, "%.80s: nested deeper than %d", key,
			STRIPE_FORM_DEPTH_MAX);
	switch (json_typeof(v)) {
	case JSON_OBJECT:
		return put_object(buf, key, v, depth + 1, err);
	case JSON_ARRAY:
		return put_array(buf, key, v, depth + 1, err);
	case JSON_STRING:
		if (strlen(json_string_value(v)) != json_string_length(v))
			return nv_err_set(
				err, -EINVAL, "%.80s: a NUL byte in a text", key);
		nv_form_add(buf, key, json_string_value(v));
		return 0;
	case JSON_INTEGER:
		nv_form_add_int(buf, key, json_integer_value(v));
		return 0;
	case JSON_TRUE:
	case JSON_FALSE:
		nv_form_add_bool(buf, key, json_is_true(v));
		return 0;
	case JSON_NULL:
		nv_form_add(buf, key, "");
		return 0;
	default:
		return nv_err_set(err, -EINVAL,
			"%.80s: a number with a fraction: write it as a text", key);
	}
}

int
stripe_form(struct nv_buf *buf, json_t *params, struct nv_err *err)
{
	if (!json_is_object(params))
		return nv_err_set(err, -EINVAL, "parameters are an object");
	int rc = put_object(buf, "", params, 0, err);

	if (rc == 0 && buf->error == -ENOBUFS)
		return nv_err_set(
			err, -E2BIG, "more than %zu bytes of parameters", buf->bytes_max);
	return rc ? rc : buf->error;
}
