/* What only reads: one object, a list (as many pages as were asked for), and what came in
 * by currency, added up from balance transactions. */
#include "stripe.h"

#include "stripe_form.h"

#include "nv_clock.h"
#include "nv_url.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST_DEFAULT 10

bool
stripe_has_problem(struct plat_call *call)
{
	const struct stripe *s = plat_own(plat_call_platform(call));

	if (!s->problem)
		return false;
	plat_fail(call, NV_EXIT_FAILED, "%s", s->problem);
	return true;
}

void
stripe_fail_call(struct plat_call *call, const struct stripe_answer *a)
{
	bool no = a->status == 400 || a->status == 402 || a->status == 404;

	if (a->throttled && a->retry_after_ms > 0)
		plat_fail_later(call, (a->retry_after_ms + 999) / 1000, "%s", a->why);
	else
		plat_fail(call, no ? NV_EXIT_NO : NV_EXIT_FAILED, "%s", a->why);
}

const char *
stripe_agent_of(const json_t *object)
{
	return map_agent(map_text(map_object(object, "metadata"), "agent_id"));
}

int
stripe_arg_time(struct plat_call *call, const char *name, int64_t *ret_s)
{
	const char *text = plat_arg_str(call, name);
	char full[40];
	int64_t ns;
	char *end;

	if (!text)
		return 0;
	long long s = strtoll(text, &end, 10);

	if (*text && !*end && s >= 0 && s < 9000000000LL) {
		*ret_s = s;
		return 0;
	}
	(void)snprintf(
		full, sizeof(full), "%s%s", text, strlen(text) == 10 ? "T00:00:00Z" : "");
	if (nv_rfc3339_parse(full, strlen(full), &ns) == 0 && ns >= 0) {
		*ret_s = ns / INT64_C(1000000000);
		return 0;
	}
	plat_fail(call, NV_EXIT_USAGE,
		"%s: a date (2026-11-01), an RFC 3339 time or unix seconds, not %.60s",
		name, text);
	return -EINVAL;
}

/* ---- one object ---- */

static void
on_object(void *arg, const struct stripe_answer *a)
{
	struct plat_call *call = arg;
	const struct stripe_op *op = stripe_op_find(plat_call_verb(call)->name);
	const char *agent = plat_call_agent(call);
	const char *owner = stripe_agent_of(a->json);

	if (a->outcome != NV_HTTP_DONE)
		stripe_fail_call(call, a);
	else if (*agent && (op->flags & STRIPE_OWNED) && op->object &&
		 strstr(op->object, "{id}") && (!owner || strcmp(owner, agent) != 0))
		plat_fail(call, NV_EXIT_NO, "it is not %s's: its metadata names %s",
			agent, owner ? owner : "no agent");
	else
		plat_done(call, json_deep_copy(a->json));
}

void
stripe_run_get(struct plat_call *call)
{
	struct stripe *s = plat_own(plat_call_platform(call));
	const struct stripe_op *op = stripe_op_find(plat_call_verb(call)->name);
	struct nv_err err = {0};
	char *path;

	if (stripe_has_problem(call))
		return;
	path = stripe_op_path(op->path, plat_arg_str(call, "id"));
	if (!path)
		plat_fail(call, NV_EXIT_USAGE, "an id that cannot stand in a path");
	else if (stripe_ask(s, &(struct stripe_ask){.method = "GET", .path = path},
			 on_object, call, &err) != 0)
		plat_fail(call, NV_EXIT_FAILED, "%s", err.text);
	free(path);
}

/* ---- a list ---- */

struct listing {
	struct plat_call *call;
	json_t *data;
	size_t limit;
	bool more;
};

static int
on_list_page(void *arg, const json_t *data, bool has_more)
{
	struct listing *l = arg;
	json_t *object;
	size_t i;

	l->more = has_more;
	json_array_foreach(data, i, object)
	{
		if (json_array_size(l->data) == l->limit) {
			l->more = true;
			return 1;
		}
		(void)json_array_append(l->data, object);
	}
	return json_array_size(l->data) == l->limit;
}

static void
on_list_end(void *arg, int rc, const char *why)
{
	struct listing *l = arg;

	if (rc)
		plat_fail(l->call, NV_EXIT_FAILED, "%s", why);
	else
		plat_done(l->call,
			json_pack("{s:O, s:b}", "data", l->data, "has_more", l->more));
	json_decref(l->data);
	free(l);
}

/* from and to are created[gte] and created[lt]. */
static int
put_window(struct plat_call *call, json_t *params)
{
	static const char *const names[][2] = {{"from", "gte"}, {"to", "lt"}};

	for (size_t i = 0; i < NV_LEN(names); i++) {
		json_t *created = json_object_get(params, "created");
		int64_t at = 0;

		(void)json_object_del(params, names[i][0]);
		if (!plat_arg_given(call, names[i][0]))
			continue;
		if (stripe_arg_time(call, names[i][0], &at) != 0)
			return -EINVAL;
		if (!created) {
			created = json_object();
			(void)json_object_set_new(params, "created", created);
		}
		(void)json_object_set_new(created, names[i][1], json_integer(at));
	}
	return 0;
}

static int
list_path(const struct stripe_op *op, struct plat_call *call, json_t *params,
	size_t limit, struct nv_buf *path, struct nv_err *err)
{
	struct nv_buf form;
	int rc;

	(void)json_object_del(params, "after");
	(void)json_object_set_new(params, "limit",
		json_integer((json_int_t)NV_MIN(limit, (size_t)STRIPE_PAGE)));
	if ((op->flags & STRIPE_STATUS) && !plat_arg_given(call, "status"))
		(void)json_object_set_new(params, "status", json_string("all"));
	nv_buf_init(&form, 4096);
	rc = stripe_form(&form, params, err);
	if (rc == 0)
		nv_buf_printf(path, "%s?%s", op->path, form.data ? form.data : "");
	nv_buf_fini(&form);
	if (rc == 0 && path->error)
		rc = nv_err_set(err, path->error, "a query that is too long");
	return rc;
}

void
stripe_run_list(struct plat_call *call)
{
	struct stripe *s = plat_own(plat_call_platform(call));
	const struct stripe_op *op = stripe_op_find(plat_call_verb(call)->name);
	struct listing *l = calloc(1, sizeof(*l));
	struct nv_err err = {0};
	struct nv_buf path;
	json_t *params;
	int rc = -ENOMEM;

	if (stripe_has_problem(call)) {
		free(l);
		return;
	}
	nv_buf_init(&path, 6000);
	params = stripe_op_params(op, call, &err);
	if (params && put_window(call, params) != 0)
		goto answered;
	if (params && l) {
		*l = (struct listing){.call = call,
			.data = json_array(),
			.limit = (size_t)plat_arg_int(call, "limit", LIST_DEFAULT)};
		rc = list_path(op, call, params, l->limit, &path, &err);
	}
	if (rc == 0)
		rc = stripe_list(s, path.data, plat_arg_str(call, "after"),
			STRIPE_PAGES_MAX, on_list_page, on_list_end, l, &err);
	json_decref(params);
	nv_buf_fini(&path);
	if (rc == 0)
		return;
	if (l)
		json_decref(l->data);
	free(l);
	plat_fail(call, NV_EXIT_USAGE, "%s", err.text[0] ? err.text : strerror(-rc));
	return;
answered:
	json_decref(params);
	nv_buf_fini(&path);
	free(l);
}
