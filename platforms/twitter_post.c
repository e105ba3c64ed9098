/* Posts and threads. A post is a thread of one. X has no idempotency key: which post is
 * about to be sent stands on the disk before it goes, and when its answer is lost the
 * user's own posts are looked through before it is sent again. */
#include "pipe.h"
#include "twitter.h"
#include "twitter_text.h"

#include "nv_buf.h"
#include "nv_clock.h"
#include "nv_json.h"
#include "nv_log.h"
#include "nv_url.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_BYTES_MAX  1024
#define LOOK_PAGES_MAX  32     /* of 100: as far back as X goes */
#define LOOK_EARLIER_MS 120000 /* X's clock is not ours */
#define SEEN_AFTER_MS   15000  /* till then a post may not stand in the list yet */
#define SHOWN_AFTER_MS  600000 /* and this is how long X may contradict itself */
#define DOWN_MS         30000

struct step { /* of an outbox entry that is under way; its `own` */
	struct plat_out *out;
	size_t next; /* the text that is being sent, or looked for */
	int pages;   /* of a search for it */
	bool looked; /* X says it is there, and it was looked for */
	char token[128];
};

/* ---- beginning ---- */

/* The price of a text in the request; -1 when the call has been answered. */
static int64_t
text_nano(struct plat_call *call, const char *text, size_t nth, size_t of)
{
	const struct tw *tw = plat_own(plat_call_platform(call));
	struct tw_length l = {0};
	char which[48] = "text";
	int rc = tw_text_measure(text, strlen(text), &l);

	if (of > 1)
		(void)snprintf(which, sizeof which, "text %zu of %zu", nth + 1, of);
	if (rc == -ENOMEM)
		plat_fail(call, NV_EXIT_FAILED, "no memory");
	else if (rc < 0)
		plat_fail(call, NV_EXIT_USAGE, "%s: it cannot be measured: %s", which,
			strerror(-rc));
	else if (l.empty)
		plat_fail(call, NV_EXIT_USAGE, "%s: it is empty", which);
	else if (l.invalid)
		plat_fail(call, NV_EXIT_USAGE,
			"%s: it has a character that X refuses (U+FEFF, U+FFFE or "
			"U+FFFF)",
			which);
	else if (l.weighted > tw->length_max)
		plat_fail(call, NV_EXIT_USAGE,
			"%s: its length is %" PRIu32 " as X counts, at most %" PRIu32
			" is allowed",
			which, l.weighted, tw->length_max);
	else
		return tw->price_nano[l.urls ? NV_TWITTER_POST_URL : NV_TWITTER_POST];
	return -1;
}

/* {"texts", "nano" of each, "flags": what stands in each post beside its text,
 * "reply_to"}. texts is stolen. */
static void
begin(struct plat_call *call, json_t *texts)
{
	static const char *const flags[] = {"made_with_ai", "paid_partnership"};
	const struct tw *tw = plat_own(plat_call_platform(call));
	const char *missing = tw_keys_missing(tw, true);
	const char *reply_to = plat_arg_str(call, "reply_to");
	json_t *prices = json_array();
	json_t *said = json_object();
	int64_t sum = 0;
	size_t n = json_array_size(texts);

	if (missing || (reply_to && !tw_id_valid(reply_to))) {
		json_decref(texts);
		json_decref(prices);
		json_decref(said);
		if (missing)
			plat_fail(call, NV_EXIT_FAILED, "no key: put it into secrets/%s",
				missing);
		else
			plat_fail(call, NV_EXIT_USAGE,
				"reply_to: expected the id of a post (digits)");
		return;
	}
	for (size_t i = 0; i < n; i++) {
		int64_t nano = text_nano(
			call, json_string_value(json_array_get(texts, i)), i, n);
		bool too_dear = nano >= 0 && (__builtin_add_overflow(sum, nano, &sum) ||
						     sum > NV_MONEY_MAX);

		if (too_dear)
			plat_fail(call, NV_EXIT_USAGE,
				"the price of this is beyond any amount");
		if (nano < 0 || too_dear) {
			json_decref(texts);
			json_decref(prices);
			json_decref(said);
			return;
		}
		(void)json_array_append_new(prices, json_integer(nano));
	}
	for (size_t i = 0; i < NV_LEN(flags); i++) {
		if (plat_arg_bool(call, flags[i]))
			(void)json_object_set_new(said, flags[i], json_true());
	}
	plat_out_begin(call,
		json_pack("{s:o,s:o,s:o,s:s?}", "texts", texts, "nano", prices, "flags",
			said, "reply_to", reply_to),
		sum, tw->currency);
}

void
tw_post_run(struct plat_call *call)
{
	begin(call, json_pack("[s]", plat_arg_str(call, "text")));
}

void
tw_thread_run(struct plat_call *call)
{
	begin(call, json_copy(plat_arg_list(call, "texts")));
}

/* ---- reading an entry ---- */

static const json_t *
ids_of(const struct plat_out *out)
{
	return json_object_get(out->progress, "ids");
}

static size_t
texts_n(const struct plat_out *out)
{
	return json_array_size(json_object_get(out->request, "texts"));
}

static const char *
text_at(const struct plat_out *out, size_t i)
{
	return json_string_value(
		json_array_get(json_object_get(out->request, "texts"), i));
}

static int64_t
nano_at(const struct plat_out *out, size_t i)
{
	return json_integer_value(
		json_array_get(json_object_get(out->request, "nano"), i));
}

/* When the text that is under way was sent first: the first one is, with the entry. */
static int64_t
sent_ns(const struct plat_out *out)
{
	int64_t at = json_integer_value(json_object_get(out->progress, "sent_ns"));

	return at > 0 ? at : out->sent_ns;
}

static int64_t
age_ms(const struct plat_out *out)
{
	return (nv_wall_ns() - sent_ns(out)) / NV_NS_PER_MS;
}

/* What the text is a reply to: the one before it. NULL: nothing. */
static const char *
parent_of(const struct plat_out *out, size_t i)
{
	return json_string_value(i > 0 ? json_array_get(ids_of(out), i - 1)
				       : json_object_get(out->request, "reply_to"));
}

int64_t
tw_thread_spent(const struct plat_out *out)
{
	int64_t nano = 0;

	for (size_t i = 0; i < json_array_size(ids_of(out)); i++)
		nano += nano_at(out, i);
	return nano;
}

/* ---- ends ---- */

static void
step_free(struct step *s)
{
	s->out->own = NULL;
	free(s);
}

static void
book(struct plat_out *out, const char *id, int64_t nano, const char *note)
{
	json_t *event = plat_cost_event(out->plat, id, nano, out->currency, out->agent,
		"", out->verb->name, note);
	int rc = event ? plat_book(out->plat, event, NULL, NULL) : -ENOMEM;

	if (rc < 0)
		nv_error("the cost of %s (%s) is not in the ledger: %s", note, id,
			strerror(-rc));
}

/* To look for a lost answer costs as well. */
static void
book_look(struct plat_out *out, int64_t nano)
{
	char id[128];

	if (nano == 0)
		return;
	(void)snprintf(id, sizeof id, "twitter:%s:look:%" PRId64, out->id,
		nv_wall_ns() / NV_NS_PER_MS);
	book(out, id, nano, "looking for a post whose answer was lost");
}

static void
end_refused(struct step *s, const struct tw_problem *why)
{
	struct plat_out *out = s->out;
	size_t done = json_array_size(ids_of(out));
	size_t n = texts_n(out);
	enum nv_exit code = tw_exit(why);

	step_free(s);
	if (done == 0) {
		plat_out_refused(out, code, "%s", why->text);
		return;
	}
	plat_out_refused(out, code,
		"%s; %zu of %zu are posted, the last one is %s: go on with reply_to=%s",
		why->text, done, n,
		json_string_value(json_array_get(ids_of(out), done - 1)),
		json_string_value(json_array_get(ids_of(out), done - 1)));
}

static void
end_unknown(struct step *s, const char *words)
{
	struct plat_out *out = s->out;

	step_free(s);
	plat_out_unknown(out, "%s", words);
}

static void
end_later(struct step *s, const struct tw_answer *a)
{
	struct plat_out *out = s->out;
	int64_t wait_ms = a->wait_ms >= 0 ? a->wait_ms : DOWN_MS;

	step_free(s);
	plat_out_later(out, wait_ms, "%s", a->problem.text);
}

static void
end_done(struct step *s)
{
	struct plat_out *out = s->out;
	const json_t *ids = ids_of(out);
	const char *first = json_string_value(json_array_get(ids, 0));
	char url[64];
	int64_t nano = tw_thread_spent(out);

	(void)snprintf(url, sizeof url, "https://x.com/i/status/%s", first);
	json_t *result = json_pack("{s:s,s:s,s:O,s:o,s:s}", "id", first, "url", url,
		"ids", ids, "cost", nv_json_money(nano), "currency", out->currency);

	step_free(s);
	plat_out_done(out, result, nano);
}

/* ---- sending ---- */

static void post_next(struct step *s, bool has_turn);
static void look(struct step *s);

/* It is there: on the disk first, then the next one. */
static void
posted(struct step *s, const char *id)
{
	json_t *progress =
		s->out->progress ? json_deep_copy(s->out->progress) : json_object();
	json_t *ids = json_object_get(progress, "ids");

	if (!ids) {
		ids = json_array();
		(void)json_object_set_new(progress, "ids", ids);
	}
	(void)json_array_append_new(ids, json_string(id));
	/* The next one is sent in a moment. */
	(void)json_object_set_new(progress, "sent_ns", json_integer(nv_wall_ns()));
	int rc = plat_out_progress(s->out, progress);

	json_decref(progress);
	if (rc < 0)
		end_unknown(s, "the id of a post could not be stored");
	else if (json_array_size(ids_of(s->out)) == texts_n(s->out))
		end_done(s);
	else
		post_next(s, false);
}

static void
post_answer(struct tw *tw, void *arg, const struct tw_answer *a)
{
	struct step *s = arg;
	const char *id = json_string_value(
		json_object_get(json_object_get(a->json, "data"), "id"));

	(void)tw;
	/* X says that it is there, and does not show it: for a while that may be. */
	bool hidden = a->problem.why == TW_NO_DUPLICATE && s->looked &&
		      age_ms(s->out) < SHOWN_AFTER_MS;

	if (a->outcome == NV_HTTP_DONE && id && tw_id_valid(id))
		posted(s, id);
	else if (a->outcome == NV_HTTP_DONE)
		end_unknown(s, "post: X's answer names no id");
	else if (a->outcome == NV_HTTP_UNKNOWN || hidden)
		end_unknown(s, a->problem.text);
	else if (a->problem.why == TW_NO_DUPLICATE && !s->looked &&
		 (a->maybe || s->out->tries > 1))
		look(s); /* the very post that this one tried before? */
	else if (a->problem.why == TW_NO_THROTTLED ||
		 (a->unsent && a->problem.why != TW_NO_KEYS))
		end_later(s, a);
	else
		end_refused(s, &a->problem);
}

static void
post_next(struct step *s, bool has_turn)
{
	struct plat_out *out = s->out;
	struct tw *tw = plat_own(out->plat);
	const char *parent;
	json_t *body = json_copy(json_object_get(out->request, "flags"));

	s->next = json_array_size(ids_of(out));
	parent = parent_of(out, s->next);
	(void)json_object_set_new(body, "text", json_string(text_at(out, s->next)));
	if (parent)
		(void)json_object_set_new(body, "reply",
			json_pack("{s:s}", "in_reply_to_tweet_id", parent));
	const struct tw_request request = {.endpoint = TW_EP_POST,
		.act = "post",
		.method = "POST",
		.path = "/2/tweets",
		.body = body,
		.user = true,
		.once = true,
		.has_turn = has_turn};

	tw_send(tw, &request, post_answer, s);
	json_decref(body);
}

static struct step *
step_new(struct plat_out *out)
{
	struct step *s = calloc(1, sizeof *s);

	if (!s) {
		plat_out_later(out, 1000, "no memory");
		return NULL;
	}
	s->out = out;
	out->own = s;
	return s;
}

void
tw_thread_send(struct plat_out *out)
{
	struct step *s = step_new(out);

	if (s)
		post_next(s, true);
}

/* ---- looking for it ---- */

/* Is it the text we sent, to what we sent it to? */
static bool
is_ours(const struct plat_out *out, size_t i, const json_t *item)
{
	const char *parent = parent_of(out, i);
	const json_t *note = json_object_get(item, "note_tweet");
	const json_t *list = json_object_get(item, "referenced_tweets");
	const char *text;
	const char *replied = NULL;
	size_t k;
	json_t *one;

	note = note ? note : json_object_get(item, "note_post");
	list = list ? list : json_object_get(item, "referenced_posts");
	text = json_string_value(json_object_get(note ? note : item, "text"));
	json_array_foreach((json_t *)(uintptr_t)list, k, one)
	{
		const char *type = json_string_value(json_object_get(one, "type"));

		if (type && strcmp(type, "replied_to") == 0)
			replied = json_string_value(json_object_get(one, "id"));
	}
	if ((parent == NULL) != (replied == NULL) ||
		(parent && strcmp(parent, replied) != 0))
		return false;
	return text && tw_text_same(text_at(out, i), text);
}

static void
look_answer(struct tw *tw, void *arg, const struct tw_answer *a)
{
	struct step *s = arg;
	const json_t *meta = json_object_get(a->json, "meta");
	const char *next = json_string_value(json_object_get(meta, "next_token"));
	const json_t *data = json_object_get(a->json, "data");
	size_t i;
	json_t *item;

	if (a->outcome != NV_HTTP_DONE) {
		end_unknown(s, a->problem.text);
		return;
	}
	book_look(s->out, tw_reads_nano(tw, 'p', data, NV_TWITTER_OWN));
	json_array_foreach((json_t *)(uintptr_t)data, i, item)
	{
		const char *id = json_string_value(json_object_get(item, "id"));

		if (id && tw_id_valid(id) && is_ours(s->out, s->next, item)) {
			posted(s, id);
			return;
		}
	}
	if (next && strlen(next) < sizeof s->token && ++s->pages < LOOK_PAGES_MAX) {
		(void)snprintf(s->token, sizeof s->token, "%s", next);
		look(s);
	} else if (next) {
		end_unknown(s, "there are more own posts than X shows: look yourself");
	} else if (age_ms(s->out) < SEEN_AFTER_MS) {
		end_unknown(s, "it is not among the account's posts, or not yet");
	} else {
		s->looked = true;
		post_next(s, false);
	}
}

static void
look_me(struct tw *tw, void *arg, const struct tw_answer *failed)
{
	struct step *s = arg;
	char since[NV_RFC3339_BYTES];
	struct nv_buf path;

	if (failed) {
		end_unknown(s, failed->problem.text);
		return;
	}
	int64_t from_ns =
		sent_ns(s->out) + (tw->clock_off_ms - LOOK_EARLIER_MS) * NV_NS_PER_MS;

	(void)nv_rfc3339(from_ns, since);
	nv_buf_init(&path, PATH_BYTES_MAX);
	nv_buf_puts(&path, "/2/users");
	nv_url_segment(&path, tw->me_id);
	nv_buf_puts(&path, "/tweets");
	nv_url_query(&path, "max_results", "100");
	nv_url_query(&path, "start_time", since);
	nv_url_query(&path, tw_fields_name(tw),
		tw->post_names ? "author_id,created_at,note_post,referenced_posts"
			       : "author_id,created_at,note_tweet,referenced_tweets");
	if (s->token[0])
		nv_url_query(&path, "pagination_token", s->token);
	const struct tw_request request = {.endpoint = TW_EP_TIMELINE,
		.act = s->out->verb->name,
		.path = path.data,
		.user = true};

	if (path.error)
		end_unknown(s, "no memory");
	else
		tw_send(tw, &request, look_answer, s);
	nv_buf_fini(&path);
}

static void
look(struct step *s)
{
	tw_with_me(plat_own(s->out->plat), look_me, s);
}

void
tw_thread_resolve(struct plat_out *out)
{
	struct step *s = step_new(out);

	if (!s)
		return;
	s->next = json_array_size(ids_of(out));
	look(s);
}
