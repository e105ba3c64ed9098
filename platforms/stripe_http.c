/* One request to Stripe, and what its answer means. Errors are {"error":{type, code,
 * decline_code, param, message}}; those of OAuth have a text there. Every answer has a
 * request id, which is what their support asks for. */
#include "stripe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct req {
	struct stripe *stripe;
	bool safe;
	char *key; /* owned; NULL: none */
	stripe_done_fn *done;
	void *arg;
};

/* A conflict may be the same key in flight: again. Everything else as everywhere;
 * Stripe-Should-Retry is heard first. */
static const struct nv_http_rule rules[] = {
	{409, 409, 1u << NV_HTTP_SAFE | 1u << NV_HTTP_KEYED, NV_HTTP_V_AGAIN,
		NV_HTTP_V_REFUSED},
};

const struct nv_http_policy stripe_policy = {.tries_max = 3,
	.wait_ms_min = 500,
	.wait_ms_max = 5000,
	.rules = rules,
	.rules_n = NV_LEN(rules),
	.should_retry = "stripe-should-retry"};

static void
add_word(struct nv_buf *buf, const char *before, const char *word)
{
	if (word)
		nv_buf_printf(buf, "%s%.100s", before, word);
}

/* "card_error, card_declined, insufficient_funds: Your card ... (HTTP 402, parameter x,
 * request req_1)" */
static void
describe(struct stripe_answer *ret, const struct nv_http_answer *a)
{
	const json_t *e = json_object_get(ret->json, "error");
	const char *message = map_text(e, "message");
	const char *request = a->headers ? nv_http_header(a, "request-id") : NULL;
	struct nv_buf buf;

	if (a->outcome == NV_HTTP_DONE)
		return;
	nv_buf_init(&buf, sizeof(ret->why) - 1);
	if (map_text(e, "type"))
		ret->type = map_text(e, "type");
	if (map_text(e, "code"))
		ret->code = map_text(e, "code");
	if (json_is_object(e)) {
		nv_buf_printf(&buf, "%.60s", *ret->type ? ret->type : "error");
		add_word(&buf, ", ", map_text(e, "code"));
		add_word(&buf, ", ", map_text(e, "decline_code"));
		nv_buf_printf(&buf, ": %.180s", message ? message : "no message");
	} else if (json_is_string(e)) {
		nv_buf_printf(&buf, "%.100s", json_string_value(e));
		add_word(&buf, ": ", map_text(ret->json, "error_description"));
	} else {
		nv_buf_puts(&buf, a->err);
	}
	if (a->status) {
		nv_buf_printf(&buf, " (HTTP %d", a->status);
		add_word(&buf, ", parameter ", map_text(e, "param"));
		add_word(&buf, ", request ", request);
		nv_buf_puts(&buf, ")");
	}
	(void)snprintf(ret->why, sizeof(ret->why), "%s", buf.data ? buf.data : a->err);
	nv_buf_fini(&buf);
}

static void
on_answer(void *arg, const struct nv_http_answer *a)
{
	struct req r = *(struct req *)arg;
	const char *replayed =
		a->headers ? nv_http_header(a, "idempotent-replayed") : NULL;
	struct stripe_answer answer = {.outcome = a->outcome,
		.status = a->status,
		.json = json_is_object(a->json) ? a->json : NULL,
		.type = "",
		.code = "",
		.replayed = replayed && strcmp(replayed, "true") == 0,
		.maybe = a->maybe,
		.throttled = a->throttled,
		.retry_after_ms = a->retry_after_ms};

	free(r.key);
	free(arg);
	describe(&answer, a);
	if (a->outcome == NV_HTTP_DONE && !answer.json) {
		/* Complete, but no object: nobody knows what it says. */
		answer.outcome = r.safe ? NV_HTTP_REFUSED : NV_HTTP_UNKNOWN;
		(void)snprintf(answer.why, sizeof(answer.why),
			"an answer that is no JSON object (HTTP %d)", a->status);
	}
	r.done(r.arg, &answer);
}

static int
put_key(void *arg, const char *url, struct nv_http_head *head)
{
	const struct req *r = arg;

	(void)url;
	return nv_http_head_set(head, "Idempotency-Key", r->key);
}

int
stripe_ask(struct stripe *s, const struct stripe_ask *ask, stripe_done_fn *done,
	void *arg, struct nv_err *err)
{
	struct req *r = malloc(sizeof(*r));
	unsigned flags = ask->has_turn ? PLAT_ASK_TURNED : 0;

	if (!r)
		return nv_err_set(err, -ENOMEM, "out of memory");
	*r = (struct req){.stripe = s,
		.safe = strcmp(ask->method, "GET") == 0,
		.key = ask->key ? strdup(ask->key) : NULL,
		.done = done,
		.arg = arg};
	/* A DELETE is none: over a connection of the pool libcurl may send it twice, and
	 * the 404 to the second would pass for a refusal of the first. */
	if (r->key)
		flags |= PLAT_ASK_REPEATABLE;
	int rc = ask->key && !r->key ? nv_err_set(err, -ENOMEM, "out of memory") : 0;

	if (rc == 0)
		rc = plat_api_ask(&s->api,
			&(struct plat_request){.method = ask->method,
				.path = ask->path,
				.body = ask->form,
				.body_bytes = ask->form ? strlen(ask->form) : 0,
				.content_type =
					ask->form ? "application/x-www-form-urlencoded"
						  : NULL,
				.flags = flags,
				.before = r->key ? put_key : NULL,
				.before_arg = r},
			on_answer, r, err);
	if (rc) {
		free(r->key);
		free(r);
	}
	return rc;
}
