/* Query parameters: see query.h. */
#include "query.h"

#include "conn.h"

#include <errno.h>
#include <string.h>

static int
unknown(const char *name, const struct gw_param *params, size_t n, struct nv_err *err)
{
	const char *names[GW_QUERY_NAMES_MAX];
	const char *near;

	if (n == 0)
		return nv_err_set(err, -EINVAL,
			"\"%.60s\" is not known here: no parameters are", name);
	for (size_t i = 0; i < n; i++)
		names[i] = params[i].name;
	near = nv_name_nearest(name, names, n);
	if (near)
		return nv_err_set(err, -EINVAL,
			"parameter \"%.60s\" is not known; did you mean \"%s\"?", name,
			near);
	return nv_err_set(err, -EINVAL,
		"parameter \"%.60s\" is not known; expected one such as \"%s\"", name,
		names[0]);
}

/* No control characters, and UTF-8: nothing behind this has to think of them. */
bool
gw_is_text(const char *value)
{
	size_t bytes = strlen(value);

	for (size_t at = 0; at < bytes;) {
		size_t n = nv_utf8_len(value + at, bytes - at);

		if (n == 0 || nv_is_control(value + at, n))
			return false;
		at += n;
	}
	return true;
}

static int
take(char *name, char *value, struct gw_param *params, size_t n, struct nv_err *err)
{
	struct gw_param *p = NULL;

	if (gw_unescape(name, true) < 0 || gw_unescape(value, true) < 0)
		return nv_err_set(err, -EINVAL, "a percent escape that is broken");
	if (!gw_is_text(name) || !gw_is_text(value))
		return nv_err_set(err, -EINVAL,
			"a parameter with a control character, or not UTF-8");
	for (size_t i = 0; i < n && !p; i++)
		if (strcmp(params[i].name, name) == 0)
			p = &params[i];
	if (!p)
		return unknown(name, params, n, err);
	if (p->value)
		return nv_err_set(err, -EINVAL, "parameter \"%s\" is there twice", name);
	if (strlen(value) > p->bytes_max)
		return nv_err_set(err, -EINVAL,
			"parameter \"%s\" is too long: expected at most %zu bytes", name,
			p->bytes_max);
	p->value = value;
	return 0;
}

int
gw_query_read(const char *query, struct gw_param *params, size_t n, struct nv_buf *copy,
	struct nv_err *err)
{
	NV_ASSERT(n <= GW_QUERY_NAMES_MAX);
	for (size_t i = 0; i < n; i++)
		params[i].value = NULL;
	nv_buf_clear(copy);
	nv_buf_puts(copy, query);
	if (copy->error)
		return nv_err_set(err, copy->error, "no memory for the parameters");
	for (char *at = copy->data; at && *at;) {
		char *end = at + strcspn(at, "&");
		char *next = *end ? end + 1 : end;

		*end = '\0';
		if (end > at) {
			char *value = strchr(at, '=');

			if (value)
				*value++ = '\0';
			int rc = take(at, value ? value : end, params, n, err);

			if (rc < 0)
				return rc;
		}
		at = next;
	}
	return 0;
}

int
gw_query_parse(struct gw_call *call, struct gw_param *params, size_t n)
{
	struct gw_conn *c = gw_conn_of(call);
	struct nv_err err = {0};
	int rc = gw_query_read(call->request->query, params, n, &c->query, &err);

	if (rc < 0)
		gw_answer_error(call, rc == -EINVAL ? 400 : 503, err.text);
	return rc;
}

int
gw_query_none(struct gw_call *call)
{
	return gw_query_parse(call, NULL, 0);
}
