/* One call: its tries, the waits between them, its hops, its end.
 *
 *   start --timer 0--> try --libcurl--> ended --decide--> wait --timer--> try
 *                       |                 |
 *                       |                 +-- a redirect to follow: try (same deadline)
 *                       |                 +-- done / refused / unknown: finish
 *                       +-- `before` said no, or libcurl took it not: finish
 */
#include "nv_http_private.h"

#include "nv_clock.h"
#include "nv_version.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define CONNECT_MS   10000
#define TRY_MS       80000
#define DEADLINE_MS  180000
#define LOW_SPEED_MS 80000
#define BODY_BYTES   ((size_t)8 << 20)
#define HEADER_BYTES ((size_t)64 << 10)

static void begin_try(struct nv_http_call *call);

static void
on_wait(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)loop;
	(void)revents;
	begin_try(w->data);
}

static void
begin_later(struct nv_http_call *call, int64_t ms)
{
	ev_now_update(call->http->loop);
	ev_timer_set(&call->wait, (double)ms / 1000, 0.);
	ev_timer_start(call->http->loop, &call->wait);
}

void
nv_http_call_free(struct nv_http_call *call)
{
	struct nv_http *h = call->http;

	ev_timer_stop(h->loop, &call->wait);
	nv_http_easy_drop(call);
	if (call->prev)
		call->prev->next = call->next;
	else
		h->calls = call->next;
	if (call->next)
		call->next->prev = call->prev;
	h->calls_n--;
	nv_http_head_fini(&call->head);
	nv_http_headers_fini(&call->headers);
	nv_buf_fini(&call->answer);
	nv_uri_fini(&call->uri);
	nv_uri_fini(&call->home);
	if (call->body)
		explicit_bzero(call->body, call->body_bytes);
	free(call->body);
	free(call->method);
	if (call->url)
		explicit_bzero(call->url, strlen(call->url));
	free(call->url);
	free(call->user_agent);
	free(call);
}

/* ---- the end ---- */

static const char *
phase_text(enum nv_http_phase phase)
{
	static const char *const texts[] = {
		[NV_HTTP_PH_RESOLVE] = "its address was not found",
		[NV_HTTP_PH_CONNECT] = "no connection",
		[NV_HTTP_PH_TLS] = "no secure connection",
		[NV_HTTP_PH_SEND] = "the connection broke while the request was sent",
		[NV_HTTP_PH_WAIT] = "no answer",
		[NV_HTTP_PH_BODY] = "the answer is not usable",
		[NV_HTTP_PH_ANSWER] = "answered"};

	return texts[phase];
}

/* Only the host is named: paths hold tokens, queries hold keys. What libcurl says may
 * hold what the other side said. */
static void
describe(struct nv_http_call *call, struct nv_http_answer *a, const char *more)
{
	struct nv_buf text;

	nv_buf_init(&text, 1024);
	nv_uri_origin(&call->uri, &text);
	if (a->phase == NV_HTTP_PH_ANSWER)
		nv_buf_printf(&text, ": status %d", a->status);
	else
		nv_buf_printf(&text, ": %s", phase_text(a->phase));
	if (a->phase == NV_HTTP_PH_BODY)
		nv_buf_printf(&text, " (status %d)", a->status);
	if (more && more[0])
		nv_buf_printf(&text, ": %s", more);
	if (a->throttled && a->retry_after_ms >= 0)
		nv_buf_printf(&text, ", to be asked again in %lld s",
			(long long)((a->retry_after_ms + 999) / 1000));
	if (a->maybe && a->outcome == NV_HTTP_UNKNOWN)
		nv_buf_puts(&text, "; it may have acted");
	if (a->tries > 1)
		nv_buf_printf(&text, " (%u tries)", a->tries);
	(void)snprintf(a->err, sizeof(a->err), "%s", text.data ? text.data : "");
	nv_buf_fini(&text);
	for (char *at = a->err; *at; at++) {
		if ((unsigned char)*at < 0x20 || (unsigned char)*at >= 0x7f)
			*at = '?';
	}
}

static void
finish(struct nv_http_call *call, const struct nv_http_answer *ended, const char *more)
{
	nv_http_done_fn *done = call->done;
	void *arg = call->arg;
	struct nv_http_headers headers = call->headers;
	NV_CLEANUP_FREE char *url = call->url;
	struct nv_buf body = call->answer;
	struct nv_http_answer a = *ended;

	a.tries = call->tries;
	a.body = body.data ? body.data : "";
	a.body_bytes = body.bytes;
	a.headers = &headers;
	a.url = url;
	if (a.outcome != NV_HTTP_DONE)
		describe(call, &a, more);
	/* What the answer borrows outlives the call. */
	call->headers = (struct nv_http_headers){0};
	call->answer = (struct nv_buf){0};
	call->url = NULL;
	nv_http_call_free(call);
	done(arg, &a);
	json_decref(a.json);
	nv_http_headers_fini(&headers);
	nv_buf_fini(&body);
}

/* Nothing of this try has left; earlier ones may have acted. */
static void
finish_unsent(struct nv_http_call *call, const char *why)
{
	struct nv_http_answer a = {
		.outcome = call->maybe ? NV_HTTP_UNKNOWN : NV_HTTP_REFUSED,
		.phase = NV_HTTP_PH_RESOLVE,
		.retry_after_ms = -1,
		.maybe = call->maybe};

	nv_http_headers_clear(&call->headers);
	nv_buf_clear(&call->answer);
	finish(call, &a, why);
}

/* ---- a try ---- */

static void
begin_try(struct nv_http_call *call)
{
	struct nv_http_head extra = {0};
	int rc = 0;

	if (call->before) {
		call->in_hook = true;
		rc = call->before(call->before_arg, call->url, &extra);
		call->in_hook = false;
	}
	if (call->cancelled) {
		nv_http_head_fini(&extra);
		nv_http_call_free(call);
		return;
	}
	if (rc) {
		nv_http_head_fini(&extra);
		finish_unsent(call, "it could not be made ready to be sent");
		return;
	}
	rc = nv_http_easy_make(call, &extra);
	nv_http_head_fini(&extra);
	if (rc) {
		finish_unsent(call, rc == -ENOMEM ? "no memory" : "libcurl refused it");
		return;
	}
	call->tries++;
}

/* A complete 2xx that should be JSON and is not: part of an answer, or not the API's. */
static void
check_json(struct nv_http_call *call, struct nv_http_answer *a)
{
	bool may_be_empty = a->status == 204 || a->status == 205 || a->status == 304 ||
			    (a->status == 202 && call->answer.bytes == 0);

	if (!call->expect_json || a->phase != NV_HTTP_PH_ANSWER)
		return;
	/* A NUL in a text of others must not make an answer unreadable. */
	a->json = json_loadb(call->answer.data ? call->answer.data : "",
		call->answer.bytes, JSON_ALLOW_NUL, NULL);
	if (!a->json && a->status < 300 && !may_be_empty &&
		strcmp(call->method, "HEAD") != 0) {
		call->broken = "its body is not complete JSON";
		a->phase = NV_HTTP_PH_BODY;
	}
}

static struct nv_http_decision
decide(struct nv_http_call *call, const struct nv_http_answer *a)
{
	struct nv_http_try t = {.class = call->class,
		.phase = a->phase,
		.status = a->status,
		.headers = &call->headers,
		.body = call->answer.data,
		.body_bytes = call->answer.bytes,
		.fatal = call->fatal || call->denied,
		.tries = call->tries,
		.maybe = call->maybe,
		.left_ms = call->deadline_ms - nv_mono_ms(),
		.now_wall_ms = nv_wall_ns() / NV_NS_PER_MS};

	if (getrandom(&t.random, sizeof(t.random), GRND_NONBLOCK) != sizeof(t.random))
		t.random = (uint32_t)nv_mono_ns();
	return nv_http_decide(call->policy, &t);
}

/* Another hop? Only reads get here. */
static bool
redirected(struct nv_http_call *call, const struct nv_http_answer *a)
{
	const char *location = nv_http_headers_get(&call->headers, "location", 0);
	struct nv_uri target = {0};
	struct nv_buf url;
	bool ok;

	if (call->redirects_left == 0 || a->phase != NV_HTTP_PH_ANSWER || !location ||
		(a->status != 301 && a->status != 302 && a->status != 303 &&
			a->status != 307 && a->status != 308))
		return false;
	nv_buf_init(&url, 4 * (size_t)NV_URI_BYTES_MAX);
	ok = nv_uri_resolve(call->url, location, &url) == 0 &&
	     nv_uri_parse(url.data, &target) == 0;
	/* From https to http would show what was secret. */
	if (ok && (target.credentials || (strcmp(call->uri.scheme, "https") == 0 &&
						 strcmp(target.scheme, "http") == 0)))
		ok = false;
	char *taken = ok ? nv_buf_take(&url) : NULL;

	nv_buf_fini(&url);
	if (!taken) {
		nv_uri_fini(&target);
		return false;
	}
	free(call->url);
	call->url = taken;
	nv_uri_fini(&call->uri);
	call->uri = target;
	call->redirects_left--;
	call->tries = 0;
	return true;
}

static const char *
what_failed(struct nv_http_call *call, CURLcode code, char *buf, size_t bytes)
{
	if (call->denied) {
		(void)snprintf(
			buf, bytes, "its address is not a public one (%s)", call->denied);
		return buf;
	}
	if (call->broken)
		return call->broken;
	if (code == CURLE_OK)
		return "";
	return call->curl_error[0] ? call->curl_error : curl_easy_strerror(code);
}

void
nv_http_call_ended(struct nv_http_call *call, CURLcode code)
{
	struct nv_http_answer a = {.phase = nv_http_easy_phase(call, code)};
	struct nv_http_decision d;
	char why[CURL_ERROR_SIZE];
	long status = 0;

	(void)curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
	if (a.phase >= NV_HTTP_PH_BODY)
		a.status = (int)status;
	/* Another certificate tomorrow is not a reason to ask again now. */
	call->fatal = call->fatal || code == CURLE_PEER_FAILED_VERIFICATION ||
		      code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL;
	nv_http_easy_drop(call);
	if (redirected(call, &a)) {
		begin_later(call, 0);
		return;
	}
	check_json(call, &a);
	d = decide(call, &a);
	call->maybe = d.maybe;
	if (d.verdict == NV_HTTP_V_AGAIN) {
		json_decref(a.json);
		begin_later(call, d.wait_ms);
		return;
	}
	a.outcome = d.verdict == NV_HTTP_V_DONE      ? NV_HTTP_DONE
		    : d.verdict == NV_HTTP_V_REFUSED ? NV_HTTP_REFUSED
						     : NV_HTTP_UNKNOWN;
	a.retry_after_ms = d.server_wait_ms;
	a.throttled = d.throttled;
	a.maybe = d.maybe && a.outcome != NV_HTTP_DONE;
	finish(call, &a, what_failed(call, code, why, sizeof(why)));
}

/* ---- the start ---- */

static int64_t
or_default(int64_t value, int64_t otherwise)
{
	return value > 0 ? value : otherwise;
}

static void
take_limits(struct nv_http_call *call, const struct nv_http_limits *l)
{
	call->limits = (struct nv_http_limits){
		.connect_ms = or_default(l->connect_ms, CONNECT_MS),
		.try_ms = or_default(l->try_ms, TRY_MS),
		.deadline_ms = or_default(l->deadline_ms, DEADLINE_MS),
		.low_speed_ms = or_default(l->low_speed_ms, LOW_SPEED_MS),
		.body_bytes_max = l->body_bytes_max ? l->body_bytes_max : BODY_BYTES,
		.header_bytes_max =
			l->header_bytes_max ? l->header_bytes_max : HEADER_BYTES};
	call->deadline_ms = nv_mono_ms() + call->limits.deadline_ms;
	nv_http_headers_init(&call->headers, call->limits.header_bytes_max);
	nv_buf_init(&call->answer, call->limits.body_bytes_max);
}

static bool
safe_method(const char *method)
{
	return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 ||
	       strcmp(method, "OPTIONS") == 0;
}

static bool
method_ok(const char *method)
{
	return method[0] &&
	       strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == strlen(method) &&
	       strcmp(method, "CONNECT") != 0 && strcmp(method, "TRACE") != 0;
}

static int
take_head(struct nv_http_call *call, const struct nv_http_request *r, struct nv_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < r->headers_n && rc == 0; i++)
		rc = nv_http_head_set(
			&call->head, r->headers[i].name, r->headers[i].value);
	if (rc == 0 && r->content_type)
		rc = nv_http_head_set(&call->head, "Content-Type", r->content_type);
	if (rc == -EINVAL || rc == -E2BIG)
		return nv_err_set(err, rc, "a header is malformed, or one too many");
	return rc;
}

static int
take_url(struct nv_http_call *call, const struct nv_http_request *r, struct nv_err *err)
{
	int rc = nv_uri_parse(r->url, &call->uri);

	rc = rc ? rc : nv_uri_parse(r->url, &call->home);
	if (rc == -ENOMEM)
		return rc;
	if (rc || call->uri.credentials)
		return nv_err_set(err, -EINVAL,
			"not a URL that can be asked (expected http:// or https://, a "
			"host, and no password in it)");
	call->url = strdup(r->url);
	return call->url ? 0 : -ENOMEM;
}

static int
take_request(
	struct nv_http_call *call, const struct nv_http_request *r, struct nv_err *err)
{
	const char *method = r->method ? r->method : "GET";
	bool safe = safe_method(method);
	int rc;

	if (!method_ok(method))
		return nv_err_set(err, -EINVAL, "not a method that can be used");
	if (r->redirects_max && strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		return nv_err_set(err, -EINVAL, "only GET and HEAD can follow redirects");
	if (!nv_http_head_value_ok(r->user_agent ? r->user_agent : ""))
		return nv_err_set(err, -EINVAL, "the user agent is malformed");
	rc = take_url(call, r, err);
	rc = rc ? rc : take_head(call, r, err);
	if (rc)
		return rc;
	take_limits(call, &r->limits);
	call->method = strdup(method);
	call->user_agent = strdup(r->user_agent ? r->user_agent : nv_user_agent());
	if (!call->method || !call->user_agent)
		return -ENOMEM;
	if (r->body_bytes) {
		call->body = malloc(r->body_bytes);
		if (!call->body)
			return -ENOMEM;
		memcpy(call->body, r->body, r->body_bytes);
		call->body_bytes = r->body_bytes;
	}
	call->class = safe ? NV_HTTP_SAFE : r->idempotent ? NV_HTTP_KEYED : NV_HTTP_ONCE;
	call->guard = r->guard;
	call->expect_json = r->expect_json;
	call->redirects_left = r->redirects_max;
	call->policy = r->policy;
	call->before = r->before;
	call->before_arg = r->before_arg;
	return 0;
}

int
nv_http_start(struct nv_http *h, const struct nv_http_request *request,
	nv_http_done_fn *done, void *arg, struct nv_http_call **ret_call,
	struct nv_err *err)
{
	struct nv_http_call *call;
	int rc;

	if (h->calls_n >= h->calls_max)
		return nv_err_set(err, -EBUSY, "%u requests are under way", h->calls_n);
	call = calloc(1, sizeof(*call));
	if (!call)
		return nv_err_set(err, -ENOMEM, "no memory");
	call->http = h;
	call->done = done;
	call->arg = arg;
	ev_timer_init(&call->wait, on_wait, 0., 0.);
	call->wait.data = call;
	call->next = h->calls;
	if (h->calls)
		h->calls->prev = call;
	h->calls = call;
	h->calls_n++;
	rc = take_request(call, request, err);
	if (rc) {
		nv_http_call_free(call);
		return rc == -ENOMEM ? nv_err_set(err, rc, "no memory") : rc;
	}
	begin_later(call, 0);
	if (ret_call)
		*ret_call = call;
	return 0;
}

void
nv_http_cancel(struct nv_http_call *call)
{
	if (!call)
		return;
	if (call->in_hook) /* freed when the hook is back */
		call->cancelled = true;
	else
		nv_http_call_free(call);
}
