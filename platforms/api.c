/* Requests of a platform to its vendor: see api.h. A request waits for its turn as a copy
 * of itself. */
#include "api.h"

#include "nv_json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HOLD_MS_DEFAULT 1000 /* told to slow down, but not for how long */

struct plat_ask {
	struct plat_api *api;
	struct plat_ask *next, *prev;
	char *method, *url, *content_type; /* owned */
	void *body;                        /* owned */
	size_t body_bytes;
	unsigned flags;
	int64_t deadline_ms;
	int (*before)(void *arg, const char *url, struct nv_http_head *head);
	void *before_arg;
	nv_http_done_fn *fn;
	void *arg;
	struct nv_http_call *call; /* NULL: waits for its turn, or has just been ended */
	bool starting;             /* inside plat_api_ask: an error is its return value */
	int rc;
	struct nv_err err;
};

static void
ask_unlink(struct plat_ask *ask)
{
	if (ask->prev)
		ask->prev->next = ask->next;
	else
		ask->api->first = ask->next;
	if (ask->next)
		ask->next->prev = ask->prev;
}

static void
ask_free(struct plat_ask *ask)
{
	free(ask->method);
	free(ask->url);
	free(ask->content_type);
	free(ask->body);
	free(ask);
}

/* What the answer says of the vendor's limits. */
static void
hear(struct plat_api *api, const struct nv_http_answer *answer)
{
	struct nv_buf name;
	const char *remaining, *reset;

	if (api->limits_apart)
		return;
	if (answer->status == 429 || answer->status == 503)
		plat_rate_hold(api->p, answer->retry_after_ms > 0 ? answer->retry_after_ms
								  : HOLD_MS_DEFAULT);
	if (!api->window || !answer->headers)
		return;
	nv_buf_init(&name, 128);
	nv_buf_printf(&name, "%sremaining", api->window);
	remaining = name.data ? nv_http_header(answer, name.data) : NULL;
	nv_buf_clear(&name);
	nv_buf_printf(&name, "%sreset", api->window);
	reset = name.data ? nv_http_header(answer, name.data) : NULL;
	nv_buf_fini(&name);
	if (remaining && reset)
		plat_rate_heard(
			api->p, strtoll(remaining, NULL, 10), strtoll(reset, NULL, 10));
}

static void
ask_done(void *arg, const struct nv_http_answer *answer)
{
	struct plat_ask *ask = arg;
	nv_http_done_fn *fn = ask->fn;
	void *fn_arg = ask->arg;

	hear(ask->api, answer);
	ask_unlink(ask);
	ask_free(ask);
	fn(fn_arg, answer);
}

static void
ask_end(struct plat_ask *ask, enum nv_http_outcome outcome, const char *why)
{
	struct nv_http_answer answer = {
		.outcome = outcome, .body = "", .retry_after_ms = -1};
	nv_http_done_fn *fn = ask->fn;
	void *arg = ask->arg;
	struct nv_buf text;

	nv_buf_init(&text, sizeof(answer.err) - 1);
	nv_buf_puts(&text, why);
	if (text.data)
		memcpy(answer.err, text.data, text.bytes + 1);
	nv_buf_fini(&text);
	ask_unlink(ask);
	ask_free(ask);
	fn(arg, &answer);
}

static void
ask_go(void *arg)
{
	struct plat_ask *ask = arg;
	struct plat_api *api = ask->api;
	struct nv_http_request request = {.method = ask->method,
		.url = ask->url,
		.headers = api->headers,
		.headers_n = api->headers_n,
		.body = ask->body,
		.body_bytes = ask->body_bytes,
		.content_type = ask->content_type,
		.guard = api->guard,
		.idempotent = (ask->flags & PLAT_ASK_REPEATABLE) != 0,
		.expect_json = (ask->flags & PLAT_ASK_NO_JSON) == 0,
		.policy = api->policy,
		.before = ask->before,
		.before_arg = ask->before_arg,
		.limits = {.deadline_ms = ask->deadline_ms,
			.body_bytes_max = api->body_bytes_max}};

	ask->rc =
		nv_http_start(api->http, &request, ask_done, ask, &ask->call, &ask->err);
	if (ask->rc != 0 && !ask->starting)
		ask_end(ask, NV_HTTP_REFUSED,
			ask->err.text[0] ? ask->err.text : strerror(-ask->rc));
}

static int
fill(struct plat_ask *ask, const struct plat_request *r)
{
	struct nv_buf url;

	nv_buf_init(&url, (size_t)64 << 10);
	nv_buf_puts(&url, ask->api->base_url);
	nv_buf_puts(&url, r->path);
	ask->url = nv_buf_take(&url);
	nv_buf_fini(&url);
	ask->method = strdup(r->method ? r->method : "GET");
	if (r->content_type)
		ask->content_type = strdup(r->content_type);
	if (r->body_bytes > 0) {
		ask->body = malloc(r->body_bytes);
		if (ask->body)
			memcpy(ask->body, r->body, r->body_bytes);
	}
	ask->body_bytes = r->body_bytes;
	ask->flags = r->flags;
	ask->deadline_ms = r->deadline_ms;
	ask->before = r->before;
	ask->before_arg = r->before_arg;
	return ask->url && ask->method && (!r->content_type || ask->content_type) &&
			       (r->body_bytes == 0 || ask->body)
		       ? 0
		       : -ENOMEM;
}

int
plat_api_ask(struct plat_api *api, const struct plat_request *request,
	nv_http_done_fn *fn, void *arg, struct nv_err *err)
{
	struct plat_ask *ask = calloc(1, sizeof(*ask));
	int rc;

	if (!ask)
		return nv_err_set(err, -ENOMEM, "out of memory");
	*ask = (struct plat_ask){.api = api, .next = api->first, .fn = fn, .arg = arg};
	if (fill(ask, request) != 0) {
		ask_free(ask);
		return nv_err_set(err, -ENOMEM, "out of memory");
	}
	if (api->first)
		api->first->prev = ask;
	api->first = ask;
	ask->starting = true;
	if (request->flags & PLAT_ASK_TURNED) {
		ask_go(ask);
		rc = ask->rc;
	} else {
		rc = plat_turn(api->p, ask_go, ask);
		if (rc == 0)
			rc = ask->rc; /* it may have had its turn at once */
		else
			(void)nv_err_set(&ask->err, rc,
				"too many requests wait for their turn already");
	}
	ask->starting = false;
	if (rc != 0) {
		(void)nv_err_set(
			err, rc, "%s", ask->err.text[0] ? ask->err.text : strerror(-rc));
		ask_unlink(ask);
		ask_free(ask);
	}
	return rc;
}

int
plat_api_get(struct plat_api *api, const char *path, nv_http_done_fn *fn, void *arg,
	struct nv_err *err)
{
	return plat_api_ask(
		api, &(struct plat_request){.method = "GET", .path = path}, fn, arg, err);
}

int
plat_api_send(struct plat_api *api, const char *method, const char *path, json_t *value,
	unsigned flags, nv_http_done_fn *fn, void *arg, struct nv_err *err)
{
	char *text = value ? nv_json_line(value) : NULL;
	int rc = -ENOMEM;

	if (text)
		rc = plat_api_ask(api,
			&(struct plat_request){.method = method,
				.path = path,
				.body = text,
				.body_bytes = strlen(text),
				.content_type = "application/json",
				.flags = flags},
			fn, arg, err);
	else
		(void)nv_err_set(err, rc, "out of memory");
	json_decref(value);
	free(text);
	return rc;
}

int
plat_api_init(struct plat_api *api, struct plat *p, const char *base_url,
	const char *vendors_own, struct nv_err *err)
{
	const char *url = base_url ? base_url : vendors_own;

	*api = (struct plat_api){.p = p,
		.guard = strcmp(url, vendors_own) == 0 ? NV_HTTP_PUBLIC_ONLY
						       : NV_HTTP_ANY_ADDRESS};
	api->base_url = strdup(url);
	int rc = api->base_url ? nv_http_new(plat_loop(p), NULL, &api->http) : -ENOMEM;

	if (rc != 0) {
		free(api->base_url);
		api->base_url = NULL;
		return nv_err_set(err, rc, "no HTTP client: %s", strerror(-rc));
	}
	size_t n = strlen(api->base_url);

	while (n > 0 && api->base_url[n - 1] == '/')
		api->base_url[--n] = '\0';
	return 0;
}

void
plat_api_fini(struct plat_api *api)
{
	if (!api->http)
		return;
	while (api->first) {
		struct plat_ask *ask = api->first;

		plat_turn_cancel(api->p, ask);
		nv_http_cancel(ask->call);
		/* One that has begun may have left this machine. */
		ask_end(ask, ask->call ? NV_HTTP_UNKNOWN : NV_HTTP_REFUSED,
			"the process ends");
	}
	nv_http_free(api->http);
	free(api->base_url);
	*api = (struct plat_api){0};
}
