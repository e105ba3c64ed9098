/* Sending: one mail, or a bulk in chunks. SendGrid knows no idempotency, so each chunk is
 * noted before it is sent, and one whose answer is lost is never sent again blindly: the
 * events of the mail itself (its custom argument nova_id) tell, through the gateway and
 * the ledger, that it was taken. Meanwhile the other chunks go on.
 *
 * What is kept with the outbox entry:
 *
 *	{"todo": [k..],             not sent
 *	 "at": k, "at_ns": t,       being sent; -1: none
 *	 "unsure": [[k, t]..],      no answer, sent at t
 *	 "unsent": [k..],           refused, or known not to have been taken
 *	 "accepted": n, "ids": [..] mails taken, SendGrid's message ids
 *	 "error": "..",
 *	 "failed": true}            it was the key or SendGrid itself, not the mail
 */
#include "sendgrid.h"

#include "nv_clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOVA_ID_BYTES  64
#define IDS_MAX        100
#define BACK_OFF_MS    5000
#define PARTIAL_MS_MAX INT64_C(82800000) /* the outbox gives up after a day */

static int64_t
int_of(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static bool
is_bulk(const struct plat_out *out)
{
	return map_text(out->request, "bulk") != NULL;
}

static void
nova_id(const struct plat_out *out, int64_t k, char id[NOVA_ID_BYTES])
{
	if (is_bulk(out))
		(void)snprintf(id, NOVA_ID_BYTES, "%s.%lld", out->id, (long long)k);
	else
		(void)snprintf(id, NOVA_ID_BYTES, "%s", out->id);
}

/* ---- progress ---- */

/* A copy to change; NULL without memory. */
static json_t *
progress_of(const struct plat_out *out)
{
	if (out->progress)
		return json_deep_copy(out->progress);
	int64_t chunks = int_of(out->request, "chunks");
	json_t *todo = json_array();

	for (int64_t k = 0; k < chunks; k++)
		(void)json_array_append_new(todo, json_integer(k));
	return json_pack("{s:o, s:i, s:I, s:[], s:[], s:I, s:[]}", "todo", todo, "at", -1,
		"at_ns", (json_int_t)0, "unsure", "unsent", "accepted", (json_int_t)0,
		"ids");
}

static int
keep(struct plat_out *out, json_t *p)
{
	int rc = p ? plat_out_progress(out, p) : -ENOMEM;

	json_decref(p);
	return rc;
}

/* What is being sent stands in none of the lists any more. */
static void
clear_at(json_t *p)
{
	(void)json_object_set_new(p, "at", json_integer(-1));
}

static void
put_back(json_t *p)
{
	int64_t at = int_of(p, "at");

	if (at >= 0)
		(void)json_array_insert_new(
			json_object_get(p, "todo"), 0, json_integer(at));
	clear_at(p);
}

static void
mark_unsure(json_t *p)
{
	int64_t at = int_of(p, "at");

	if (at >= 0)
		(void)json_array_append_new(json_object_get(p, "unsure"),
			json_pack("[I, I]", (json_int_t)at,
				(json_int_t)int_of(p, "at_ns")));
	clear_at(p);
}

/* ---- a chunk ---- */

void
sg_bulk_key(const char *bulk, int64_t n, char key[SG_BULK_KEY_BYTES])
{
	(void)snprintf(key, SG_BULK_KEY_BYTES, "%s/%06lld", bulk, (long long)n);
}

/* Its personalizations: a new reference, NULL when they are not there. */
static json_t *
chunk_of(const struct plat_out *out, int64_t k)
{
	const char *bulk = map_text(out->request, "bulk");
	char key[SG_BULK_KEY_BYTES];
	json_t *list = NULL;

	if (!bulk)
		return json_incref(json_object_get(out->request, "personalizations"));
	sg_bulk_key(bulk, k, key);
	return plat_get(out->plat, "bulk", key, &list) == 0 ? list : NULL;
}

/* How many mails it is. */
static int64_t
chunk_size(const struct plat_out *out, int64_t k)
{
	if (!is_bulk(out))
		return int_of(out->request, "n");
	json_t *list = chunk_of(out, k);
	int64_t n = (int64_t)json_array_size(list);

	json_decref(list);
	return n;
}

/* The body, with what tells its events apart in each personalization. */
static json_t *
body_of(const struct plat_out *out, int64_t k)
{
	json_t *chunk = chunk_of(out, k);
	json_t *list = chunk ? json_deep_copy(chunk) : NULL;
	json_t *mail = json_copy(json_object_get(out->request, "mail"));
	char id[NOVA_ID_BYTES];
	int bad = mail && list ? 0 : -ENOMEM;
	size_t i;
	json_t *one;

	json_decref(chunk);
	nova_id(out, k, id);
	json_array_foreach(list, i, one)
	{
		json_t *args = json_object_get(one, "custom_args");

		if (!args) {
			args = json_object();
			bad |= json_object_set_new(one, "custom_args", args);
		}
		bad |= json_object_set_new(args, "nova_id", json_string(id));
		if (out->agent[0])
			bad |= json_object_set_new(
				args, "agent_id", json_string(out->agent));
	}
	if (!bad)
		bad |= json_object_set(mail, "personalizations", list);
	json_decref(list);
	if (!bad)
		return mail;
	json_decref(mail);
	return NULL;
}

/* ---- the end ---- */

static void
drop_chunks(struct plat_out *out)
{
	const char *bulk = map_text(out->request, "bulk");
	int64_t chunks = int_of(out->request, "chunks");
	char key[SG_BULK_KEY_BYTES];

	if (!bulk || plat_batch_begin(out->plat) != 0)
		return; /* the sweep finds them */
	for (int64_t k = 0; k < chunks; k++) {
		sg_bulk_key(bulk, k, key);
		(void)plat_del(out->plat, "bulk", key);
	}
	(void)plat_batch_end(out->plat, true);
}

static json_t *
result_of(const struct plat_out *out, const json_t *p)
{
	const json_t *ids = json_object_get(p, "ids");
	const json_t *unsent = json_object_get(p, "unsent");
	int64_t lost = 0;
	size_t i;
	json_t *k;

	json_array_foreach((json_t *)(uintptr_t)unsent, i, k) lost +=
		chunk_size(out, json_integer_value(k));
	json_t *o = json_pack("{s:s, s:I, s:I, s:b, s:O?, s:O?}", "nova_id", out->id,
		"accepted", (json_int_t)int_of(p, "accepted"), "unsent", (json_int_t)lost,
		"sandbox", sg_mail_is_sandbox(json_object_get(out->request, "mail")),
		"skipped", json_object_get(out->request, "skipped"), "error",
		json_object_get(p, "error"));

	if (o && !json_object_get(out->request, "skipped"))
		(void)json_object_del(o, "skipped");
	if (o && is_bulk(out))
		(void)json_object_set(o, "message_ids", (json_t *)(uintptr_t)ids);
	else if (o)
		(void)json_object_set_new(o, "message_id",
			json_array_size(ids) ? json_incref(json_array_get(ids, 0))
					     : json_null());
	return o;
}

int64_t
sg_spent(const struct plat_out *out)
{
	int64_t cost = 0;

	if (!sg_mail_is_sandbox(json_object_get(out->request, "mail")) &&
		__builtin_mul_overflow(int_of(out->progress, "accepted"),
			sg_of_out(out)->price_nano, &cost))
		cost = NV_MONEY_MAX;
	return cost;
}

static void
finish(struct plat_out *out)
{
	json_t *p = json_incref(out->progress);
	int64_t accepted = int_of(p, "accepted");
	size_t unsure = json_array_size(json_object_get(p, "unsure"));
	const char *error = map_text(p, "error");

	if (unsure > 0) {
		plat_out_unknown(out,
			"%zu of %lld requests got no answer: waiting for events of the "
			"mails themselves",
			unsure, (long long)int_of(out->request, "chunks"));
	} else if (accepted == 0) {
		drop_chunks(out);
		plat_out_refused(out,
			json_is_true(json_object_get(p, "failed")) ? NV_EXIT_FAILED
								   : NV_EXIT_NO,
			"%s", error ? error : "nothing of it was sent");
	} else {
		json_t *result = result_of(out, p);

		drop_chunks(out);
		plat_out_done(out, result, sg_spent(out));
	}
	json_decref(p);
}

/* ---- sending ---- */

static void next(struct plat_out *out, bool turned);

static void
taken(struct plat_out *out, json_t *p, const struct nv_http_answer *answer)
{
	int64_t at = int_of(p, "at"), n = chunk_size(out, at);
	const char *message = nv_http_header(answer, "x-message-id");
	json_t *ids = json_object_get(p, "ids");
	char id[NOVA_ID_BYTES];

	(void)json_object_set_new(p, "accepted", json_integer(int_of(p, "accepted") + n));
	if (message && json_array_size(ids) < IDS_MAX)
		(void)json_array_append_new(ids, nv_json_str(message));
	clear_at(p);
	nova_id(out, at, id);
	/* Only for `status`: what it cannot keep it does not show. */
	(void)sg_mail_taken(sg_of_out(out), id, out->agent, message, n);
}

/* Refused: it would be again, and so would what comes behind it. */
static void
give_up(json_t *p, const char *text)
{
	json_t *unsent = json_object_get(p, "unsent");

	put_back(p);
	(void)json_array_extend(unsent, json_object_get(p, "todo"));
	(void)json_array_clear(json_object_get(p, "todo"));
	(void)json_object_set_new(p, "error", nv_json_str(text));
}

static void
wait_and_go_on(struct plat_out *out, const char *text, int64_t wait_ms)
{
	/* The outbox ends what could not be sent for a day; what was sent of it counts.
	 */
	if (plat_out_age_ms(out) > PARTIAL_MS_MAX &&
		int_of(out->progress, "accepted") > 0) {
		json_t *p = progress_of(out);

		give_up(p, text);
		(void)keep(out, p);
		finish(out);
	} else {
		plat_out_later(out, NV_MAX(wait_ms, BACK_OFF_MS), "%s", text);
	}
}

static void
sent(void *arg, const struct nv_http_answer *answer)
{
	struct plat_out *out = arg;
	char text[SG_TEXT_BYTES];
	enum sg_meaning meaning = sg_meaning(answer, text);
	json_t *p = progress_of(out);

	/* A 5xx, or a time-out behind which it may have been taken. */
	if (meaning != SG_OK && (answer->outcome == NV_HTTP_UNKNOWN || answer->maybe))
		meaning = SG_UNKNOWN;
	switch (meaning) {
	case SG_OK:
		taken(out, p, answer);
		break;
	case SG_LATER:
		put_back(p);
		break;
	case SG_UNKNOWN:
		mark_unsure(p);
		break;
	default:
		give_up(p, text);
		if (meaning == SG_FAILED)
			(void)json_object_set_new(p, "failed", json_true());
	}
	int rc = keep(out, p);

	if (meaning == SG_LATER)
		wait_and_go_on(out, text, answer->retry_after_ms);
	else if (rc != 0)
		/* In memory it is right; on the disk the chunk is unsure, which is safe.
		 */
		plat_out_unknown(out, "what was sent cannot be noted: %s", strerror(-rc));
	else
		next(out, false);
}

static int
ask(struct plat_out *out, json_t *body, bool turned, struct nv_err *err)
{
	return plat_api_send(&sg_of_out(out)->api, "POST", "/v3/mail/send", body,
		PLAT_ASK_NO_JSON | (turned ? PLAT_ASK_TURNED : 0), sent, out, err);
}

static void
next(struct plat_out *out, bool turned)
{
	struct nv_err err = {.text = "out of memory"};
	json_t *p = progress_of(out);
	json_t *todo = json_object_get(p, "todo");

	if (p && json_array_size(todo) == 0) {
		int rc = keep(out, p);

		if (rc == 0)
			finish(out);
		else
			plat_out_later(out, BACK_OFF_MS, "it cannot be noted: %s",
				strerror(-rc));
		return;
	}
	int64_t k = json_integer_value(json_array_get(todo, 0));
	json_t *body = p ? body_of(out, k) : NULL;

	if (p) {
		(void)json_array_remove(todo, 0);
		(void)json_object_set_new(p, "at", json_integer(k));
		(void)json_object_set_new(p, "at_ns", json_integer(nv_wall_ns()));
	}
	if (!body) {
		give_up(p, "the stored recipients are gone");
		(void)keep(out, p);
		finish(out);
		return;
	}
	/* Noted before it is sent. */
	int rc = keep(out, p);

	if (rc != 0) {
		json_decref(body);
		plat_out_later(out, BACK_OFF_MS, "it cannot be noted: %s", strerror(-rc));
	} else if (ask(out, body, turned, &err) != 0) {
		p = progress_of(out);
		put_back(p);
		(void)keep(out, p);
		plat_out_later(out, BACK_OFF_MS, "not sent: %s", err.text);
	}
}

void
sg_send(struct plat_out *out)
{
	json_t *p = progress_of(out);
	json_t *todo = json_object_get(p, "todo");
	json_t *unsure = json_object_get(p, "unsure");
	size_t i;
	json_t *one;

	put_back(p);
	/* Nobody but a person sends what is unsure once more: `resolve ID retry`. */
	if (json_array_size(todo) == 0) {
		json_array_foreach(unsure, i, one)(void)
			json_array_append(todo, json_array_get(one, 0));
		(void)json_array_clear(unsure);
	}
	int rc = keep(out, p);

	if (rc != 0)
		plat_out_later(out, BACK_OFF_MS, "it cannot be noted: %s", strerror(-rc));
	else
		next(out, true);
}

/* ---- nobody knows ---- */

/* What is known of the unsure ones by now. */
static void
heard(void *arg, const char *why)
{
	struct plat_out *out = arg;
	json_t *p = progress_of(out), *left = json_array(), *one;
	size_t i;
	char id[NOVA_ID_BYTES];

	(void)why; /* what was read of the events holds */
	json_array_foreach(json_object_get(p, "unsure"), i, one)
	{
		int64_t k = json_integer_value(json_array_get(one, 0));

		nova_id(out, k, id);
		switch (sg_fate(
			sg_of_out(out), id, json_integer_value(json_array_get(one, 1)))) {
		case SG_FATE_SENT:
			(void)json_object_set_new(p, "accepted",
				json_integer(int_of(p, "accepted") + chunk_size(out, k)));
			break;
		case SG_FATE_NOT:
			(void)json_array_append_new(
				json_object_get(p, "unsent"), json_integer(k));
			(void)json_object_set_new(p, "error",
				json_string(
					"no answer, and no event of it within a day: it "
					"was not sent"));
			break;
		default:
			(void)json_array_append(left, one);
		}
	}
	(void)json_object_set_new(p, "unsure", left);
	int rc = keep(out, p);

	if (rc == 0)
		finish(out);
	else
		plat_out_unknown(out, "it cannot be noted: %s", strerror(-rc));
}

void
sg_resolve(struct plat_out *out)
{
	if (!out->progress) {
		sg_send(out); /* marked as sent, but nothing had begun */
		return;
	}
	json_t *p = progress_of(out);
	bool more = json_array_size(json_object_get(p, "todo")) > 0;

	mark_unsure(p);
	int rc = keep(out, p);

	if (rc != 0)
		plat_out_unknown(out, "it cannot be noted: %s", strerror(-rc));
	else if (more)
		next(out, true);
	else
		sg_hear(sg_of_out(out), heard, out);
}

/* ---- one mail ---- */

void
sg_send_run(struct plat_call *call)
{
	struct sg *sg = sg_of(call);
	json_t *mail = sg_mail_of(call);
	int64_t n, cost = 0;
	json_t *to = mail ? sg_mail_recipients(call, &n) : NULL;

	if (!to) {
		json_decref(mail);
		return;
	}
	if (!sg_mail_is_sandbox(mail) && __builtin_mul_overflow(n, sg->price_nano, &cost))
		cost = NV_MONEY_MAX;
	plat_out_begin(call,
		json_pack("{s:o, s:[o], s:I, s:i}", "mail", mail, "personalizations", to,
			"n", (json_int_t)n, "chunks", 1),
		cost, sg->currency);
}
