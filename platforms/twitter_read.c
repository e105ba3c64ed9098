/* What is asked of X: search, mentions, users, metrics. The price of the largest answer
 * is set aside first, what came is booked, each resource once a UTC day. */
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

#define PATH_BYTES_MAX 4096
#define CURSORS        "mentions"
#define POST_FIELDS \
	"author_id,conversation_id,created_at,in_reply_to_user_id,lang,note_tweet," \
	"public_" \
	"metrics,referenced_tweets"
#define POST_FIELDS_NEW \
	"author_id,conversation_id,created_at,in_reply_to_user_id,lang,note_post," \
	"public_" \
	"metrics,referenced_posts"
#define METRIC_FIELDS    "author_id,created_at,public_metrics"
#define SEARCH_DEFAULT   10 /* as many as X hands out unasked */
#define MENTIONS_DEFAULT 100
#define USER_FIELDS      "created_at,description,protected,public_metrics,verified"

struct read {
	struct plat_call *call;
	enum tw_endpoint endpoint;
	enum nv_twitter_price price;
	char kind; /* 'p' or 'u' */
	bool user; /* in the user's name */
	/* Makes the answer's data of X's. */
	json_t *(*show)(struct read *r, const json_t *json);
	char cursor[PLAT_KEY_BYTES_MAX]; /* of mentions: whose; "" = none moves */
};

/* ---- what is shown ---- */

/* A post as both versions of the description write it, with one set of names. */
static json_t *
show_post(const json_t *item)
{
	static const char *const kept[] = {"id", "text", "author_id", "created_at",
		"conversation_id", "in_reply_to_user_id", "lang", "public_metrics",
		"non_public_metrics", "organic_metrics"};
	static const char *const renamed[][3] = {
		{"edit_history", "edit_history_tweet_ids", "edit_history_post_ids"},
		{"references", "referenced_tweets", "referenced_posts"}};
	json_t *post = json_object();
	const json_t *note = json_object_get(item, "note_tweet");

	for (size_t i = 0; i < NV_LEN(kept); i++) {
		json_t *value = json_object_get(item, kept[i]);

		if (value)
			(void)json_object_set(post, kept[i], value);
	}
	for (size_t i = 0; i < NV_LEN(renamed); i++) {
		json_t *value = json_object_get(item, renamed[i][1]);

		if (!value)
			value = json_object_get(item, renamed[i][2]);
		if (value)
			(void)json_object_set(post, renamed[i][0], value);
	}
	/* Of a long post `text` is the beginning only. */
	if (!note)
		note = json_object_get(item, "note_post");
	if (json_is_string(json_object_get(note, "text")))
		(void)json_object_set(post, "text", json_object_get(note, "text"));
	return post;
}

/* Things X could not give, beside those it gave. */
static json_t *
show_problems(const json_t *json)
{
	json_t *list = json_array();
	size_t i;
	json_t *error;

	json_array_foreach(json_object_get(json, "errors"), i, error)
	{
		json_t *one = json_object();
		json_t *about = json_object_get(error, "value");
		json_t *detail = json_object_get(error, "detail");

		if (!about)
			about = json_object_get(error, "resource_id");
		if (!detail)
			detail = json_object_get(error, "title");
		if (about)
			(void)json_object_set(one, "about", about);
		if (detail)
			(void)json_object_set(one, "problem", detail);
		(void)json_array_append_new(list, one);
	}
	return list;
}

static json_t *
show_posts(struct read *r, const json_t *json)
{
	const json_t *meta = json_object_get(json, "meta");
	json_t *next = json_object_get(meta, "next_token");
	json_t *posts = json_array();
	size_t i;
	json_t *item;

	(void)r;
	json_array_foreach(json_object_get(json, "data"), i, item)
	{
		(void)json_array_append_new(posts, show_post(item));
	}
	return json_pack("{s:o,s:O?,s:o}", "posts", posts, "next",
		next ? next : json_null(), "problems", show_problems(json));
}

static json_t *
show_user(struct read *r, const json_t *json)
{
	json_t *user = json_object_get(json, "data");

	(void)r;
	return json_is_object(user) ? json_pack("{s:O}", "user", user) : NULL;
}

/* ---- the way of every read ---- */

static void
read_answer(struct tw *tw, void *arg, const struct tw_answer *a)
{
	struct read *r = arg;
	struct plat_call *call = r->call;
	const json_t *data = json_object_get(a->json, "data");
	bool nothing = !data && json_array_size(json_object_get(a->json, "errors")) > 0;
	struct tw_answer failed = *a;

	if (a->outcome != NV_HTTP_DONE || nothing) {
		if (nothing && a->outcome == NV_HTTP_DONE) {
			tw_problem_read(
				0, a->json, plat_call_verb(call)->name, &failed.problem);
			if (failed.problem.why == TW_NO_OTHER)
				failed.problem.why = TW_NO_MISSING;
		}
		free(r);
		tw_call_failed(call, &failed);
		return;
	}
	int64_t nano = tw_reads_nano(tw, r->kind, data, r->price);
	int rc = nano > 0 ? plat_spend(
				    call, nano, tw->currency, plat_call_verb(call)->name)
			  : 0;

	if (rc < 0)
		nv_error("the cost of a call to X is not in the ledger: %s",
			strerror(-rc));
	json_t *shown = r->show(r, a->json);

	free(r);
	if (shown)
		plat_done(call, shown);
	else
		plat_fail(call, NV_EXIT_FAILED, "%s: X's answer holds nothing",
			plat_call_verb(call)->name);
}

static struct tw *
of_call(const struct plat_call *call)
{
	return plat_own(plat_call_platform(call));
}

/* Sets aside what at most n things cost; next(call) makes the request. Nothing of the
 * call's is allocated before: a budget that says no ends it. */
static void
read_begin(struct plat_call *call, int64_t n, enum nv_twitter_price price, bool user,
	plat_next_fn *next)
{
	const struct tw *tw = of_call(call);
	const char *missing = tw_keys_missing(tw, user);
	int64_t nano;

	if (missing)
		plat_fail(
			call, NV_EXIT_FAILED, "no key: put it into secrets/%s", missing);
	else if (__builtin_mul_overflow(n, tw->price_nano[price], &nano) ||
		 nano > NV_MONEY_MAX)
		plat_fail(call, NV_EXIT_USAGE, "the price of this is beyond any amount");
	else if (nano > 0 && !plat_pipe_is_there(tw->plat))
		plat_fail(call, NV_EXIT_FAILED,
			"started by hand, without pipes to the engine: what costs money "
			"cannot be booked");
	else
		plat_reserve(call, nano, tw->currency, next);
}

/* NULL: the call has been answered. */
static struct read *
read_new(struct plat_call *call, enum tw_endpoint endpoint, bool user)
{
	struct read *r = calloc(1, sizeof *r);

	if (r)
		*r = (struct read){.call = call,
			.endpoint = endpoint,
			.user = user,
			.price = NV_TWITTER_READ,
			.kind = 'p',
			.show = show_posts};
	else
		plat_fail(call, NV_EXIT_FAILED, "no memory");
	return r;
}

/* path is taken. */
static void
read_send(struct read *r, struct nv_buf *path)
{
	struct plat_call *call = r->call;
	const struct tw_request request = {.endpoint = r->endpoint,
		.act = plat_call_verb(call)->name,
		.path = path->data,
		.user = r->user};

	if (path->error) {
		free(r);
		plat_fail(call, NV_EXIT_USAGE, "the request is too long");
	} else {
		tw_send(of_call(call), &request, read_answer, r);
	}
	nv_buf_fini(path);
}

static void
add_query(struct nv_buf *path, const struct plat_call *call, const char *arg,
	const char *key)
{
	const char *value = plat_arg_str(call, arg);

	if (value)
		nv_url_query(path, key, value);
}

static void
add_int(struct nv_buf *path, const char *key, int64_t value)
{
	char text[24];

	(void)snprintf(text, sizeof text, "%" PRId64, value);
	nv_url_query(path, key, text);
}

static void
add_post_fields(const struct tw *tw, struct nv_buf *path)
{
	nv_url_query(
		path, tw_fields_name(tw), tw->post_names ? POST_FIELDS_NEW : POST_FIELDS);
}

/* ---- the verbs ---- */

static void
search_go(struct plat_call *call)
{
	struct read *r = read_new(call, TW_EP_SEARCH, false);
	struct nv_buf path;

	if (!r)
		return;
	nv_buf_init(&path, PATH_BYTES_MAX);
	nv_buf_puts(&path, "/2/tweets/search/recent");
	add_query(&path, call, "query", "query");
	add_int(&path, "max_results", plat_arg_int(call, "max", SEARCH_DEFAULT));
	add_query(&path, call, "since", "since_id");
	add_query(&path, call, "next", "next_token");
	add_post_fields(of_call(call), &path);
	read_send(r, &path);
}

void
tw_search_run(struct plat_call *call)
{
	read_begin(call, plat_arg_int(call, "max", SEARCH_DEFAULT), NV_TWITTER_READ,
		false, search_go);
}

/* Where an agent has got to: {"since": id, "newest": id of the first page of a walk}. */
static json_t *
cursor_of(struct tw *tw, const char *key)
{
	json_t *cursor = NULL;

	return plat_get(tw->plat, CURSORS, key, &cursor) == 0 ? cursor : json_object();
}

/* A walk over several pages moves the cursor at its end, so that an interrupted one
 * leaves nothing out. What nobody hears moves nothing either: whoever asks next gets it.
 */
static json_t *
show_mentions(struct read *r, const json_t *json)
{
	struct tw *tw = of_call(r->call);
	const json_t *meta = json_object_get(json, "meta");
	json_t *newest = json_object_get(meta, "newest_id");
	bool more = json_is_string(json_object_get(meta, "next_token"));
	bool moves = r->cursor[0] && plat_call_is_heard(r->call);
	json_t *cursor = moves ? cursor_of(tw, r->cursor) : NULL;

	if (cursor) {
		if (!plat_arg_given(r->call, "next") && json_is_string(newest))
			(void)json_object_set(cursor, "newest", newest);
		newest = json_object_get(cursor, "newest");
		if (!more && json_is_string(newest))
			(void)json_object_set(cursor, "since", newest);
		if (plat_put(tw->plat, CURSORS, r->cursor, cursor) < 0)
			nv_warn("mentions: the cursor could not be kept; they will come "
				"again");
		json_decref(cursor);
	}
	return show_posts(r, json);
}

static void
mentions_me(struct tw *tw, void *arg, const struct tw_answer *failed)
{
	struct read *r = arg;
	struct plat_call *call = r->call;
	const char *since = plat_arg_str(call, "since");
	json_t *cursor = NULL;
	struct nv_buf path;

	if (failed) {
		free(r);
		tw_call_failed(call, failed);
		return;
	}
	/* Who says since or all walks by himself: the cursor stays where it is. */
	if (!since && !plat_arg_bool(call, "all")) {
		(void)snprintf(
			r->cursor, sizeof r->cursor, "agent:%s", plat_call_agent(call));
		cursor = cursor_of(tw, r->cursor);
		since = json_string_value(json_object_get(cursor, "since"));
	}
	nv_buf_init(&path, PATH_BYTES_MAX);
	nv_buf_puts(&path, "/2/users");
	nv_url_segment(&path, tw->me_id);
	nv_buf_puts(&path, "/mentions");
	add_int(&path, "max_results", plat_arg_int(call, "max", MENTIONS_DEFAULT));
	if (since)
		nv_url_query(&path, "since_id", since);
	add_query(&path, call, "next", "pagination_token");
	add_post_fields(tw, &path);
	json_decref(cursor);
	read_send(r, &path);
}

static void
mentions_go(struct plat_call *call)
{
	struct read *r = read_new(call, TW_EP_MENTIONS, true);

	if (!r)
		return;
	r->show = show_mentions;
	tw_with_me(of_call(call), mentions_me, r);
}

void
tw_mentions_run(struct plat_call *call)
{
	read_begin(call, plat_arg_int(call, "max", MENTIONS_DEFAULT), NV_TWITTER_READ,
		true, mentions_go);
}

static void
user_go(struct plat_call *call)
{
	const char *who = plat_arg_str(call, "user");
	struct read *r = read_new(call, TW_EP_USER, false);
	struct nv_buf path;

	if (!r)
		return;
	r->kind = 'u';
	r->price = NV_TWITTER_USER;
	r->show = show_user;
	nv_buf_init(&path, PATH_BYTES_MAX);
	/* Names may be digits only: an id is asked for by its own word. */
	nv_buf_puts(&path,
		plat_arg_bool(call, "by_id") ? "/2/users" : "/2/users/by/username");
	nv_url_segment(&path, who + (who[0] == '@'));
	nv_url_query(&path, "user.fields", USER_FIELDS);
	read_send(r, &path);
}

void
tw_user_run(struct plat_call *call)
{
	const char *who = plat_arg_str(call, "user");
	size_t word = strspn(who + (who[0] == '@'),
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

	if (word == 0 || who[(who[0] == '@') + word])
		plat_fail(call, NV_EXIT_USAGE,
			"user: expected a name (letters, digits, _) or an id");
	else
		read_begin(call, 1, NV_TWITTER_USER, false, user_go);
}

static void
me_go(struct plat_call *call)
{
	struct read *r = read_new(call, TW_EP_ME, true);
	struct nv_buf path;

	if (!r)
		return;
	r->kind = 'u';
	r->price = NV_TWITTER_OWN;
	r->show = show_user;
	nv_buf_init(&path, PATH_BYTES_MAX);
	nv_buf_puts(&path, "/2/users/me");
	nv_url_query(&path, "user.fields", USER_FIELDS);
	read_send(r, &path);
}

void
tw_me_run(struct plat_call *call)
{
	read_begin(call, 1, NV_TWITTER_OWN, true, me_go);
}

/* With private ones (own posts of the last 30 days only) in the user's name. */
static void
metrics_go(struct plat_call *call)
{
	bool private = plat_arg_bool(call, "private");
	const json_t *ids = plat_arg_list(call, "ids");
	struct read *r = read_new(call, TW_EP_POSTS, private);
	struct nv_buf list;
	struct nv_buf path;

	if (!r)
		return;
	nv_buf_init(&list, PATH_BYTES_MAX);
	for (size_t i = 0; i < json_array_size(ids); i++)
		nv_buf_printf(&list, "%s%s", i ? "," : "",
			json_string_value(json_array_get(ids, i)));
	nv_buf_init(&path, PATH_BYTES_MAX);
	nv_buf_puts(&path, "/2/tweets");
	nv_url_query(&path, "ids", list.data ? list.data : "");
	nv_url_query(&path, tw_fields_name(of_call(call)),
		private ? METRIC_FIELDS ",non_public_metrics,organic_metrics"
			: METRIC_FIELDS);
	nv_buf_fini(&list);
	read_send(r, &path);
}

void
tw_metrics_run(struct plat_call *call)
{
	const json_t *ids = plat_arg_list(call, "ids");

	for (size_t i = 0; i < json_array_size(ids); i++) {
		const char *id = json_string_value(json_array_get(ids, i));

		if (!tw_id_valid(id)) {
			plat_fail(call, NV_EXIT_USAGE,
				"ids: expected ids of posts (digits), found %.40s", id);
			return;
		}
	}
	read_begin(call, (int64_t)json_array_size(ids), NV_TWITTER_READ,
		plat_arg_bool(call, "private"), metrics_go);
}

void
tw_length_run(struct plat_call *call)
{
	const struct tw *tw = plat_own(plat_call_platform(call));
	const char *text = plat_arg_str(call, "text");
	struct tw_length l;
	int rc = tw_text_measure(text, strlen(text), &l);

	if (rc < 0) {
		plat_fail(call, rc == -ENOMEM ? NV_EXIT_FAILED : NV_EXIT_USAGE,
			"text: it cannot be measured: %s", strerror(-rc));
		return;
	}
	bool fits = !l.empty && !l.invalid && l.weighted <= tw->length_max;

	plat_done(call, json_pack("{s:I,s:I,s:I,s:b,s:o,s:s}", "length",
				(json_int_t)l.weighted, "max", (json_int_t)tw->length_max,
				"urls", (json_int_t)l.urls, "fits", fits, "price",
				nv_json_money(tw->price_nano[l.urls ? NV_TWITTER_POST_URL
								    : NV_TWITTER_POST]),
				"currency", tw->currency));
}
