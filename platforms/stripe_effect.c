/* What changes something at Stripe. The exact form and its idempotency key are on the
 * disk before the first try (the frame's outbox). A lost answer: the same form with the
 * same key again, as long as Stripe keeps keys; later, or when Stripe's stored answer is
 * its own failure, what there is is looked up by the call's id in the metadata. */
#include "stripe.h"

#include "stripe_form.h"

#include "nv_url.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_PAGES_MAX 200
/* Not found so soon after is no proof. */
#define LOOK_SURE_MS INT64_C(120000)
#define LOOK_SLACK_S 3600 /* between Stripe's clock and ours */
#define LATER_MS     5000
#define KEY_MS       600000

struct look {
	struct plat_out *out;
	struct stripe *stripe;
	const struct stripe_op *op;
	int64_t since_s;
	json_t *found; /* owned */
};

static struct stripe *
stripe_of_out(const struct plat_out *out)
{
	return plat_own(out->plat);
}

static const char *
request_text(const struct plat_out *out, const char *key)
{
	const char *text = json_string_value(json_object_get(out->request, key));

	return text ? text : "";
}

/* ---- run: store it ---- */

/* Money of a sale may go to other accounts by these: not for agents. */
static const char *
find_forbidden(json_t *params)
{
	static const char *const names[] = {"transfer_data", "on_behalf_of",
		"application_fee_amount", "application_fee_percent", "transfer_group"};
	const char *found = NULL;
	const char *key;
	json_t *v;

	json_object_foreach(params, key, v)
	{
		for (size_t i = 0; i < NV_LEN(names); i++)
			if (strcmp(names[i], key) == 0)
				found = names[i];
		if (!found && json_is_object(v))
			found = find_forbidden(v);
	}
	return found;
}

static void
begin(struct plat_call *call, const struct stripe_op *op, char *path, json_t *params)
{
	const char *id = plat_arg_str(call, "id");
	char *object = op && op->object ? stripe_op_path(op->object, id) : NULL;
	const char *method = op ? op->method : plat_arg_str(call, "method");
	struct nv_err err = {0};
	struct nv_buf form;
	int rc;

	nv_buf_init(&form, STRIPE_FORM_BYTES_MAX);
	rc = stripe_form(&form, params, &err);
	if (rc == 0)
		plat_out_begin(call,
			json_pack("{s:s, s:s, s:s, s:s?}", "method", method, "path", path,
				"form", form.data ? form.data : "", "object", object),
			0, "USD");
	else
		plat_fail(call, NV_EXIT_USAGE, "%s",
			err.text[0] ? err.text : "out of memory");
	nv_buf_fini(&form);
	json_decref(params);
	free(object);
	free(path);
}

/* An agent's own object, so far as its metadata says. */
static void
on_owner(void *arg, const struct stripe_answer *a)
{
	struct plat_call *call = arg;
	const struct stripe_op *op = stripe_op_find(plat_call_verb(call)->name);
	const char *agent = stripe_agent_of(a->json);
	struct nv_err err = {0};

	if (a->outcome != NV_HTTP_DONE) {
		stripe_fail_call(call, a);
		return;
	}
	if (!agent || strcmp(agent, plat_call_agent(call)) != 0) {
		plat_fail(call, NV_EXIT_NO, "it is not %s's: its metadata names %s",
			plat_call_agent(call), agent ? agent : "no agent");
		return;
	}
	json_t *params = stripe_op_params(op, call, &err);
	char *path = stripe_op_path(op->path, plat_arg_str(call, "id"));

	if (params && path) {
		begin(call, op, path, params);
		return;
	}
	json_decref(params);
	free(path);
	plat_fail(call, NV_EXIT_USAGE, "%s", err.text[0] ? err.text : "a bad id");
}

void
stripe_run_effect(struct plat_call *call)
{
	struct stripe *s = plat_own(plat_call_platform(call));
	const struct stripe_op *op = stripe_op_find(plat_call_verb(call)->name);
	const char *id = plat_arg_str(call, "id");
	const char *agent = plat_call_agent(call);
	struct nv_err err = {0};

	if (stripe_has_problem(call))
		return;
	json_t *params = stripe_op_params(op, call, &err);
	char *path = stripe_op_path(op->path, id);
	const char *forbidden = params && *agent ? find_forbidden(params) : NULL;

	if (!params || !path || forbidden) {
		if (forbidden)
			(void)nv_err_set(&err, -EPERM,
				"%s sends money to another account: not for agents",
				forbidden);
		json_decref(params);
		free(path);
		plat_fail(call, NV_EXIT_USAGE, "%s",
			err.text[0] ? err.text : "an id that cannot stand in a path");
		return;
	}
	if (!*agent || !(op->flags & STRIPE_OWNED) || !op->object) {
		begin(call, op, path, params);
		return;
	}
	json_decref(params);
	free(path);
	path = stripe_op_path(op->object, id);
	if (!path || stripe_ask(s, &(struct stripe_ask){.method = "GET", .path = path},
			     on_owner, call, &err) != 0)
		plat_fail(call, NV_EXIT_FAILED, "%s",
			err.text[0] ? err.text : "out of memory");
	free(path);
}

/* "/v1/..." and nothing that leads elsewhere: a path must not change the host, and an id
 * from outside not the path. */
static bool
is_path(const char *path)
{
	if (strncmp(path, "/v1/", 4) != 0 || strstr(path, "..") || strstr(path, "//"))
		return false;
	for (const char *p = path; *p; p++)
		if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7f ||
			strchr("\\#?\"<>{}|^`", *p))
			return false;
	return true;
}

static void
on_raw(void *arg, const struct stripe_answer *a)
{
	struct plat_call *call = arg;

	if (a->outcome == NV_HTTP_DONE)
		plat_done(call, json_deep_copy(a->json));
	else
		stripe_fail_call(call, a);
}

static void
raw_get(struct plat_call *call, const char *path, json_t *params)
{
	struct stripe *s = plat_own(plat_call_platform(call));
	struct nv_err err = {0};
	struct nv_buf form;
	struct nv_buf url;

	nv_buf_init(&form, 4096);
	nv_buf_init(&url, 6000);
	int rc = stripe_form(&form, params, &err);

	nv_buf_printf(
		&url, "%s%s%s", path, form.bytes ? "?" : "", form.data ? form.data : "");
	if (rc == 0 && url.error)
		rc = nv_err_set(&err, -E2BIG, "a query that is too long");
	if (rc == 0)
		rc = stripe_ask(s,
			&(struct stripe_ask){.method = "GET", .path = url.data}, on_raw,
			call, &err);
	if (rc)
		plat_fail(call, NV_EXIT_USAGE, "%s",
			err.text[0] ? err.text : strerror(-rc));
	nv_buf_fini(&form);
	nv_buf_fini(&url);
}

void
stripe_run_raw(struct plat_call *call)
{
	const char *path = plat_arg_str(call, "path");
	json_t *params = json_incref(plat_arg_json(call, "params"));
	char *copy;

	if (stripe_has_problem(call)) {
		json_decref(params);
		return;
	}
	if (!params)
		params = json_object();
	if (!is_path(path)) {
		json_decref(params);
		plat_fail(call, NV_EXIT_USAGE,
			"a path begins with /v1/ and has plain segments: %.200s", path);
		return;
	}
	if (strcmp(plat_arg_str(call, "method"), "GET") == 0) {
		raw_get(call, path, params);
		json_decref(params);
		return;
	}
	copy = strdup(path);
	if (copy) {
		begin(call, NULL, copy, params);
		return;
	}
	json_decref(params);
	plat_fail(call, NV_EXIT_FAILED, "out of memory");
}

/* ---- send ---- */

/* A link carries its agent in its address too, so that the session says it. */
static json_t *
make_result(const struct plat_out *out, const json_t *object)
{
	json_t *result = json_deep_copy(object);
	const char *url = map_text(object, "url");

	if (strcmp(out->verb->name, "links.create") == 0 && url && out->agent[0] &&
		!strchr(out->agent, '.'))
		(void)json_object_set_new(result, "agent_url",
			json_sprintf("%s%cclient_reference_id=%s", url,
				strchr(url, '?') ? '&' : '?', out->agent));
	return result;
}

/* Whether a refusal is about the request, and not about who asks, how often, or a key
 * that is in use: those say nothing of what an earlier try did. */
static bool
is_final(const struct stripe_answer *a)
{
	return a->status == 400 || a->status == 402 || a->status == 404 ||
	       a->status == 424;
}

static void
look_from_now_on(struct plat_out *out, const char *why)
{
	json_t *progress = json_pack("{s:b}", "look", 1);

	if (!progress || plat_out_progress(out, progress) != 0)
		plat_out_unknown(out, "%s; and the disk does not take a note", why);
	else
		plat_out_unknown(out, "%s", why);
	json_decref(progress);
}

static void
on_refused(struct plat_out *out, const struct stripe_answer *a)
{
	/* An earlier try may have acted, and this answer does not know of it. */
	bool maybe = a->maybe || out->tries > 1 || out->state == PLAT_OUT_UNKNOWN;

	if (strcmp(a->code, "idempotency_key_in_use") == 0) {
		plat_out_unknown(out, "%s", a->why);
		return;
	}
	if (strcmp(a->type, "idempotency_error") == 0) {
		/* The key was used with other words, so it was used. */
		look_from_now_on(out, a->why);
		return;
	}
	if (a->status == 429 || a->status == 503) {
		plat_out_later(out, a->retry_after_ms > 0 ? a->retry_after_ms : LATER_MS,
			"%s", a->why);
		return;
	}
	if (a->status == 404 && strcmp(request_text(out, "method"), "DELETE") == 0 &&
		maybe) {
		plat_out_done(out, json_pack("{s:b}", "deleted", 1), 0);
		return;
	}
	if (maybe && !is_final(a)) {
		plat_out_unknown(out, "%s", a->why);
		return;
	}
	plat_out_refused(out,
		a->status >= 400 && a->status < 500 && is_final(a) ? NV_EXIT_NO
								   : NV_EXIT_FAILED,
		"%s", a->why);
}

static void
on_sent(void *arg, const struct stripe_answer *a)
{
	struct plat_out *out = arg;
	struct stripe *s = stripe_of_out(out);

	if (s->ending) {
		plat_out_unknown(out, "the process ends");
		return;
	}
	switch (a->outcome) {
	case NV_HTTP_DONE:
		plat_out_done(out, make_result(out, a->json), 0);
		return;
	case NV_HTTP_REFUSED:
		on_refused(out, a);
		return;
	default:
		/* A failure of theirs that is stored under the key comes again for ever.
		 */
		if (a->replayed && a->status >= 500)
			look_from_now_on(out, a->why);
		else
			plat_out_unknown(out, "%s", a->why);
	}
}

/* The stored form, and the call's own id where the object takes it: the same bytes at
 * every try. */
static void
add_tag(struct nv_buf *form, const struct plat_out *out)
{
	const struct stripe_op *op = stripe_op_find(out->verb->name);

	nv_buf_puts(form, request_text(out, "form"));
	if (op && (op->flags & STRIPE_TAG))
		nv_form_add(form, "metadata[nova_call]", out->id);
}

static void
send_it(struct plat_out *out, bool has_turn)
{
	struct stripe *s = stripe_of_out(out);
	const char *method = request_text(out, "method");
	bool post = strcmp(method, "POST") == 0;
	struct nv_err err = {0};
	struct nv_buf form;

	nv_buf_init(&form, STRIPE_FORM_BYTES_MAX + 256);
	add_tag(&form, out);
	int rc = form.error ? form.error : 0;

	if (rc == 0)
		rc = stripe_ask(s,
			&(struct stripe_ask){.method = method,
				.path = request_text(out, "path"),
				.form = post || form.bytes ? (form.data ? form.data : "")
							   : NULL,
				.key = post ? out->id : NULL,
				.has_turn = has_turn},
			on_sent, out, &err);
	nv_buf_fini(&form);
	if (rc)
		plat_out_later(
			out, LATER_MS, "%s", err.text[0] ? err.text : strerror(-rc));
}

void
stripe_send(struct plat_out *out)
{
	struct stripe *s = stripe_of_out(out);

	if (s->problem)
		/* The process that comes with the right key sends it. */
		plat_out_later(out, KEY_MS, "%s", s->problem);
	else if (plat_out_age_ms(out) >= STRIPE_KEY_LIFE_MS)
		/* It was sent before, and waited too long for another try. */
		plat_out_unknown(
			out, "Stripe may have forgotten its key: it is looked up");
	else
		send_it(out, true);
}

/* ---- look it up ---- */

static void
look_free(struct look *l)
{
	json_decref(l->found);
	free(l);
}

static void
settle_look(struct look *l)
{
	struct plat_out *out = l->out;

	if (l->found)
		plat_out_done(out, make_result(out, l->found), 0);
	else if (plat_out_age_ms(out) < LOOK_SURE_MS)
		plat_out_unknown(out, "Stripe has nothing of it (yet)");
	else
		plat_out_refused(out, NV_EXIT_NO,
			"its answer was lost, and Stripe has nothing of it");
	look_free(l);
}

static bool
carries(const json_t *object, const char *call)
{
	const char *tag = map_text(map_object(object, "metadata"), "nova_call");

	return tag && strcmp(tag, call) == 0;
}

static int
on_look_page(void *arg, const json_t *data, bool more)
{
	struct look *l = arg;
	json_t *object;
	int64_t created;
	size_t i;

	(void)more;
	json_array_foreach(data, i, object)
	{
		if (carries(object, l->out->id)) {
			l->found = json_deep_copy(object);
			return 1;
		}
		if (map_int(object, "created", &created) && created < l->since_s)
			return 1; /* newest first: all that follow are older */
	}
	return 0;
}

static void
on_look_end(void *arg, int rc, const char *why)
{
	struct look *l = arg;

	if (rc == 0) {
		settle_look(l);
		return;
	}
	plat_out_unknown(l->out, "it could not be looked up: %s", why);
	look_free(l);
}

static bool
is_one_of(const char *states, const char *state)
{
	size_t n = state ? strlen(state) : 0;

	for (const char *p = states; n && (p = strstr(p, state)); p += n)
		if ((p == states || p[-1] == '|') && (p[n] == '|' || p[n] == '\0'))
			return true;
	return false;
}

static void
on_look_object(void *arg, const struct stripe_answer *a)
{
	struct look *l = arg;
	const struct stripe_op *op = l->op;
	bool gone = a->outcome == NV_HTTP_REFUSED && a->status == 404;

	if (a->outcome != NV_HTTP_DONE && !gone) {
		plat_out_unknown(l->out, "it could not be looked up: %s", a->why);
		look_free(l);
		return;
	}
	bool done = op->look == STRIPE_LOOK_GONE
			    ? gone || json_is_true(json_object_get(a->json, "deleted"))
		    : op->look == STRIPE_LOOK_TAG
			    ? !gone && carries(a->json, l->out->id)
			    : !gone && is_one_of(op->states, map_text(a->json, "status"));

	if (done)
		l->found = a->json ? json_deep_copy(a->json)
				   : json_pack("{s:b}", "deleted", 1);
	settle_look(l);
}

static int
look_up(struct look *l, struct nv_err *err)
{
	struct nv_buf path;
	int rc;

	if (l->op->look != STRIPE_LOOK_LIST)
		return stripe_ask(l->stripe,
			&(struct stripe_ask){
				.method = "GET", .path = request_text(l->out, "object")},
			on_look_object, l, err);
	nv_buf_init(&path, 512);
	nv_buf_printf(&path, "%s?limit=%d", l->op->path, STRIPE_PAGE);
	if (l->op->flags & STRIPE_CREATED)
		nv_buf_printf(&path, "&created[gte]=%lld", (long long)l->since_s);
	if (l->op->flags & STRIPE_STATUS)
		nv_buf_puts(&path, "&status=all");
	rc = path.error ? path.error
			: stripe_list(l->stripe, path.data, NULL, LOOK_PAGES_MAX,
				  on_look_page, on_look_end, l, err);
	nv_buf_fini(&path);
	return rc;
}

void
stripe_resolve(struct plat_out *out)
{
	struct stripe *s = stripe_of_out(out);
	const struct stripe_op *op = stripe_op_find(out->verb->name);
	bool look = json_is_true(json_object_get(out->progress, "look"));
	struct nv_err err = {0};

	if (s->problem) {
		plat_out_unknown(out, "%s", s->problem);
		return;
	}
	if (!look && plat_out_age_ms(out) < STRIPE_KEY_LIFE_MS) {
		send_it(out, false);
		return;
	}
	if (!op || op->look == STRIPE_LOOK_NONE) {
		plat_out_unknown(out,
			"its answer was lost, and nothing tells what became of it: see "
			"Stripe's log of requests");
		return;
	}
	struct look *l = calloc(1, sizeof(*l));

	if (l) {
		*l = (struct look){.out = out,
			.stripe = s,
			.op = op,
			.since_s = out->sent_ns / INT64_C(1000000000) - LOOK_SLACK_S};
		if (look_up(l, &err) == 0)
			return;
		look_free(l);
	}
	plat_out_unknown(out, "it could not be looked up: %s",
		err.text[0] ? err.text : "out of memory");
}
