/* Drives the HTTP client from the command line, for http_hostile: each URL is asked with
 * the options that stand before it, one after the other on one client; one JSON line
 * each. */
#include "nv_clock.h"
#include "nv_http.h"
#include "nv_json.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADERS_MAX 8

static const char *const x_windows[] = {"x-rate-limit-", "x-app-limit-24hour-", NULL};

static int64_t
body_wait_ms(int status, const char *body, size_t bytes)
{
	json_t *json = status == 429 ? json_loadb(body, bytes, 0, NULL) : NULL;
	json_t *wait =
		json_object_get(json_object_get(json, "parameters"), "retry_after");
	int64_t ms = json_is_integer(wait) ? json_integer_value(wait) * 1000 : -1;

	json_decref(json);
	return ms;
}

static const struct nv_http_policy vendor = {.tries_max = 3,
	.wait_ms_min = 20,
	.wait_ms_max = 100,
	.should_retry = "stripe-should-retry",
	.windows = x_windows,
	.body_wait_ms = body_wait_ms};

struct asked {
	struct nv_http *http;
	struct nv_http_request request;
	struct nv_http_header headers[HEADERS_MAX];
	const char *cancel_url; /* started with the next one, cancelled in its callback */
	struct nv_http_call *other;
	bool in_start;
	unsigned signed_n; /* how often `before` ran */
	bool refuse;       /* `before` says no */
};

static void
show(void *arg, const struct nv_http_answer *a)
{
	struct asked *asked = arg;
	const char *name = nv_http_header(a, "x-test");
	json_t *out = json_pack("{s:s,s:i,s:i,s:I,s:b,s:b,s:i,s:s,s:I,s:s}", "outcome",
		nv_http_outcome_name(a->outcome), "status", a->status, "phase",
		(int)a->phase, "retry_after_ms", (json_int_t)a->retry_after_ms,
		"throttled", a->throttled, "maybe", a->maybe, "tries", (int)a->tries,
		"err", a->err, "bytes", (json_int_t)a->body_bytes, "url", a->url);

	NV_ASSERT(!asked->in_start);
	json_object_set_new(out, "body",
		nv_json_text(a->body, a->body_bytes < 200 ? a->body_bytes : 200));
	json_object_set_new(out, "test", nv_json_str(name ? name : ""));
	json_object_set_new(out, "signed", json_integer(asked->signed_n));
	json_object_set_new(out, "json", json_boolean(a->json != NULL));
	nv_http_cancel(asked->other);
	asked->other = NULL;
	char *line = nv_json_line(out);

	puts(line);
	(void)fflush(stdout);
	free(line);
	json_decref(out);
}

static void
never(void *arg, const struct nv_http_answer *a)
{
	(void)arg;
	(void)a;
	puts("{\"outcome\":\"a cancelled call was answered\"}");
}

static int
before(void *arg, const char *url, struct nv_http_head *head)
{
	struct asked *asked = arg;
	char text[32];

	(void)url;
	(void)snprintf(text, sizeof(text), "%u", ++asked->signed_n);
	return asked->refuse ? -1 : nv_http_head_set(head, "X-Nonce", text);
}

static void
ask(struct asked *asked, struct ev_loop *loop, const char *url)
{
	struct nv_http_call *call;
	struct nv_err err = {0};

	asked->request.url = url;
	asked->in_start = true;
	if (nv_http_start(asked->http, &asked->request, show, asked, &call, &err)) {
		printf("{\"outcome\":\"not started\",\"err\":\"%s\"}\n", err.text);
		return;
	}
	if (asked->cancel_url) {
		asked->request.url = asked->cancel_url;
		NV_ASSERT(nv_http_start(asked->http, &asked->request, never, asked,
				  &asked->other, &err) == 0);
		asked->cancel_url = NULL;
	}
	asked->in_start = false;
	while (nv_http_calls(asked->http) > 0)
		ev_run(loop, EVRUN_ONCE);
}

static int64_t
number(const char *text)
{
	return (int64_t)strtoll(text, NULL, 10);
}

enum {
	O_METHOD = 1000,
	O_DATA,
	O_FILL,
	O_HEADER,
	O_ANY,
	O_PUBLIC,
	O_IDEMPOTENT,
	O_JSON,
	O_PLAIN,
	O_REDIRECTS,
	O_VENDOR,
	O_ONCE,
	O_TRY,
	O_DEADLINE,
	O_SLOW,
	O_BODY,
	O_HEADERS,
	O_CANCEL,
	O_SIGN,
	O_REFUSE,
	O_CONNECT
};

static const struct option options[] = {{"method", 1, NULL, O_METHOD},
	{"data", 1, NULL, O_DATA},
	{"fill", 1, NULL, O_FILL}, /* a body of so many bytes */
	{"header", 1, NULL, O_HEADER}, {"any", 0, NULL, O_ANY},
	{"public", 0, NULL, O_PUBLIC}, {"idempotent", 0, NULL, O_IDEMPOTENT},
	{"json", 0, NULL, O_JSON}, {"plain", 0, NULL, O_PLAIN},
	{"redirects", 1, NULL, O_REDIRECTS}, {"vendor", 0, NULL, O_VENDOR},
	{"once", 0, NULL, O_ONCE}, {"try-ms", 1, NULL, O_TRY},
	{"deadline-ms", 1, NULL, O_DEADLINE}, {"slow-ms", 1, NULL, O_SLOW},
	{"connect-ms", 1, NULL, O_CONNECT}, {"body-max", 1, NULL, O_BODY},
	{"header-max", 1, NULL, O_HEADERS}, {"cancel", 1, NULL, O_CANCEL},
	{"sign", 0, NULL, O_SIGN}, {"refuse", 0, NULL, O_REFUSE}, {NULL, 0, NULL, 0}};

static void
take_limit(struct nv_http_limits *l, int option)
{
	int64_t value = number(optarg);

	if (option == O_TRY)
		l->try_ms = value;
	else if (option == O_DEADLINE)
		l->deadline_ms = value;
	else if (option == O_SLOW)
		l->low_speed_ms = value;
	else if (option == O_CONNECT)
		l->connect_ms = value;
	else if (option == O_BODY)
		l->body_bytes_max = (size_t)value;
	else
		l->header_bytes_max = (size_t)value;
}

static void
take_body(struct nv_http_request *r, const char *text, size_t fill)
{
	static char *body; /* goes with the process */

	free(body);
	body = fill ? malloc(fill) : NULL;
	if (body)
		memset(body, 'x', fill);
	r->body = body ? body : text;
	r->body_bytes = body ? fill : strlen(text);
	r->method = "POST";
}

static void
take_header(struct asked *asked, char *text)
{
	char *colon = strchr(text, ':');

	NV_ASSERT(colon && asked->request.headers_n < HEADERS_MAX);
	*colon = '\0';
	asked->headers[asked->request.headers_n++] =
		(struct nv_http_header){text, colon + 1};
	asked->request.headers = asked->headers;
}

static void
take_option(struct asked *asked, int option)
{
	struct nv_http_request *r = &asked->request;

	switch (option) {
	case O_METHOD:
		r->method = optarg;
		break;
	case O_DATA:
		take_body(r, optarg, 0);
		break;
	case O_FILL:
		take_body(r, "", (size_t)number(optarg));
		break;
	case O_HEADER:
		take_header(asked, optarg);
		break;
	case O_ANY:
		r->guard = NV_HTTP_ANY_ADDRESS;
		break;
	case O_PUBLIC:
		r->guard = NV_HTTP_PUBLIC_ONLY;
		break;
	case O_IDEMPOTENT:
		r->idempotent = true;
		break;
	case O_JSON:
		r->expect_json = true;
		break;
	case O_PLAIN:
		r->expect_json = false;
		break;
	case O_REDIRECTS:
		r->redirects_max = (unsigned)number(optarg);
		break;
	case O_VENDOR:
		r->policy = &vendor;
		break;
	case O_ONCE:
		r->policy = &nv_http_policy_once;
		break;
	case O_CANCEL:
		asked->cancel_url = optarg;
		break;
	case O_REFUSE:
		asked->refuse = true; /* fall through */
	case O_SIGN:
		r->before = before;
		r->before_arg = asked;
		break;
	default:
		take_limit(&r->limits, option);
		break;
	}
}

int
main(int argc, char **argv)
{
	struct ev_loop *loop = EV_DEFAULT;
	const char *ca = getenv("HTTP_CALL_CA");
	struct asked asked = {.request = {.policy = &vendor}};
	int option;

	if (nv_http_new(loop, &(struct nv_http_options){.ca_file = ca}, &asked.http))
		return 1;
	/* "-": URLs come as the value of option 1, in their order. */
	while ((option = getopt_long(argc, argv, "-", options, NULL)) != -1) {
		if (option == 1)
			ask(&asked, loop, optarg);
		else if (option == '?')
			return 2;
		else
			take_option(&asked, option);
	}
	nv_http_free(asked.http);
	return 0;
}
