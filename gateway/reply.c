/* JSON in and out of a call: see reply.h. */
#include "reply.h"

#include "nv_base.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define JSON "application/json"

void
gw_answer_json(struct gw_call *call, int status, json_t *body)
{
	NV_CLEANUP_FREE char *line = body ? nv_json_line(body) : NULL;

	json_decref(body);
	if (!line) {
		gw_answer_error(call, 500, "no memory for the answer");
		return;
	}
	gw_answer(call, status, JSON, line, strlen(line));
}

void
gw_answer_code(struct gw_call *call, int code, bool missing, const char *text)
{
	int status = code == 1   ? (missing ? 404 : 409)
		     : code == 2 ? 400
		     : code == 3 ? 503
				 : 500;

	if (status == 503)
		gw_answer_header(call, "Retry-After", "5");
	gw_answer_error(call, status, text);
}

static int
check_keys(const json_t *body, const char *const *keys, struct nv_err *err)
{
	const char *name;
	json_t *value;
	size_t n = 0;

	while (keys[n])
		n++;
	json_object_foreach((json_t *)(uintptr_t)body, name, value)
	{
		size_t i = 0;

		while (i < n && strcmp(keys[i], name) != 0)
			i++;
		if (i < n)
			continue;
		const char *near = n ? nv_name_nearest(name, keys, n) : NULL;

		return nv_err_set(err, -EINVAL, "\"%.60s\" is not known here%s%s%s", name,
			near ? "; did you mean \"" : "", near ? near : "",
			near ? "\"?" : "");
	}
	return 0;
}

int
gw_body_json(struct gw_call *call, const char *const *keys, json_t **ret)
{
	struct nv_err err = {0};
	json_error_t where = {0};
	const struct gw_request *r = call->request;
	json_t *body = r->body_bytes ? json_loadb(r->body, r->body_bytes,
					       JSON_REJECT_DUPLICATES, &where)
				     : json_object();
	int rc = 0;

	if (!body)
		rc = nv_err_set(&err, -EINVAL, "the body is no JSON: %s, at byte %d",
			where.text, where.position);
	else if (!json_is_object(body))
		rc = nv_err_set(&err, -EINVAL, "expected a JSON object in the body");
	else
		rc = check_keys(body, keys, &err);
	if (rc < 0) {
		json_decref(body);
		gw_answer_error(call, 400, err.text);
		return rc;
	}
	*ret = body;
	return 0;
}
