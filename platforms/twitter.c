/* The platform `twitter`, also called `x`: its verbs, its settings. See twitter.h. */
#include "twitter.h"
#include "twitter_text.h"

#include "nv_clock.h"
#include "nv_json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define VENDORS_URL "https://api.x.com"

static const char *const secrets[] = {"twitter_api_key", "twitter_api_secret",
	"twitter_access_token", "twitter_access_secret", "twitter_bearer_token", NULL};

/* ---- small things ---- */

/* Ids are 64-bit numbers; as text they survive every reader. */
bool
tw_id_valid(const char *text)
{
	size_t n = text ? strspn(text, "0123456789") : 0;

	return n > 0 && n < 20 && text[n] == '\0';
}

enum nv_exit
tw_exit(const struct tw_problem *problem)
{
	switch (problem->why) {
	case TW_NO_INPUT:
		return NV_EXIT_USAGE;
	case TW_NO_DUPLICATE:
	case TW_NO_POLICY:
	case TW_NO_MISSING:
		return NV_EXIT_NO;
	case TW_NO_OTHER:
	case TW_NO_KEYS:
	case TW_NO_CREDITS:
	case TW_NO_THROTTLED:
	case TW_NO_SERVER:
		break;
	}
	return NV_EXIT_FAILED;
}

void
tw_call_failed(struct plat_call *call, const struct tw_answer *a)
{
	if (a->problem.why == TW_NO_THROTTLED && a->wait_ms >= 0)
		plat_fail_later(call, (a->wait_ms + 999) / 1000, "%s", a->problem.text);
	else
		plat_fail(call, tw_exit(&a->problem), "%s", a->problem.text);
}

/* ---- the table ---- */

#define POST_ARGS \
	{"reply_to", PLAT_TEXT, 0, "id of the post that it replies to: one's own", NULL, \
		1, 20}, \
		{"made_with_ai", PLAT_BOOL, 0, "say that pictures in it are made by AI", \
			NULL, 0, 0}, \
	{ \
		"paid_partnership", PLAT_BOOL, 0, "say that somebody pays for it", NULL, \
			0, 0 \
	}

static const struct plat_arg post_args[] = {
	{"text", PLAT_TEXT, PLAT_REQUIRED, "what it says", NULL, 1, TW_TEXT_BYTES_MAX},
	POST_ARGS, {0}};
static const struct plat_arg thread_args[] = {
	{"texts", PLAT_LIST, PLAT_REQUIRED, "its posts, in order", NULL, 1,
		TW_THREAD_MAX},
	POST_ARGS, {0}};
static const struct plat_arg post_id_args[] = {
	{"post", PLAT_TEXT, PLAT_REQUIRED, "id of the post", NULL, 1, 20}, {0}};
static const struct plat_arg search_args[] = {
	{"query", PLAT_TEXT, PLAT_REQUIRED, "in X's search language", NULL, 1, 512},
	{"max", PLAT_INT, 0, "how many at most (10 unless told)", NULL, 10, 100},
	{"since", PLAT_TEXT, 0, "only posts newer than this id", NULL, 1, 20},
	{"next", PLAT_TEXT, 0, "go on where the last answer ended (its `next`)", NULL, 1,
		128},
	{0}};
static const struct plat_arg mentions_args[] = {
	{"max", PLAT_INT, 0, "how many at most (100 unless told)", NULL, 5, 100},
	{"since", PLAT_TEXT, 0, "only posts newer than this id; moves no cursor", NULL, 1,
		20},
	{"all", PLAT_BOOL, 0, "those that were handed out before, too", NULL, 0, 0},
	{"next", PLAT_TEXT, 0, "go on where the last answer ended (its `next`)", NULL, 1,
		128},
	{0}};
static const struct plat_arg user_args[] = {
	{"user", PLAT_TEXT, PLAT_REQUIRED, "name of the user, with or without @", NULL, 1,
		32},
	{"by_id", PLAT_BOOL, 0, "it is an id, not a name", NULL, 0, 0}, {0}};
static const struct plat_arg metrics_args[] = {
	{"ids", PLAT_LIST, PLAT_REQUIRED, "ids of posts", NULL, 1, 100},
	{"private", PLAT_BOOL, 0,
		"also what only the author may see (own posts of 30 days)", NULL, 0, 0},
	{0}};
static const struct plat_arg length_args[] = {
	{"text", PLAT_TEXT, PLAT_REQUIRED, "what is measured", NULL, 0,
		TW_TEXT_BYTES_MAX},
	{0}};

#define EFFECT (PLAT_AGENT | PLAT_EFFECT)

static const struct plat_verb verbs[] = {
	{"post", "say something", EFFECT, NULL, post_args, tw_post_run, tw_thread_send,
		tw_thread_resolve},
	{"thread", "say something in several posts, each a reply to the one before",
		EFFECT, NULL, thread_args, tw_thread_run, tw_thread_send,
		tw_thread_resolve},
	{"delete", "delete an own post", EFFECT, NULL, post_id_args, tw_mark_run,
		tw_mark_send, tw_mark_send},
	{"like", "like a post", EFFECT, NULL, post_id_args, tw_mark_run, tw_mark_send,
		tw_mark_send},
	{"unlike", "take a like back", EFFECT, NULL, post_id_args, tw_mark_run,
		tw_mark_send, tw_mark_send},
	{"repost", "repost a post", EFFECT, NULL, post_id_args, tw_mark_run, tw_mark_send,
		tw_mark_send},
	{"unrepost", "take a repost back", EFFECT, NULL, post_id_args, tw_mark_run,
		tw_mark_send, tw_mark_send},
	{"search", "posts of the last seven days", PLAT_AGENT, NULL, search_args,
		tw_search_run, NULL, NULL},
	{"mentions", "posts that mention us, each once", PLAT_AGENT, NULL, mentions_args,
		tw_mentions_run, NULL, NULL},
	{"user", "a user, by name", PLAT_AGENT, NULL, user_args, tw_user_run, NULL, NULL},
	{"me", "the user that the keys belong to", PLAT_AGENT, NULL, NULL, tw_me_run,
		NULL, NULL},
	{"metrics", "how often posts were seen, liked, answered", PLAT_AGENT, NULL,
		metrics_args, tw_metrics_run, NULL, NULL},
	{"length", "how long a text is as X counts, and what it would cost",
		PLAT_AGENT | PLAT_NO_KEY, NULL, length_args, tw_length_run, NULL, NULL},
	{0}};

/* ---- life ---- */

static int
settings(const struct nv_config *config, struct plat_settings *ret, struct nv_err *err)
{
	const struct nv_conf_platform *c = &config->platforms[NV_PLATFORM_TWITTER];
	const struct nv_conf_price *prices = config->twitter.prices;

	ret->rate = (struct plat_limit){c->rate.n, c->rate.window_ms};
	ret->agent_rate = (struct plat_limit){c->agent_rate.n, c->agent_rate.window_ms};
	for (size_t i = 1; i < NV_LEN(config->twitter.prices); i++) {
		if (strcmp(prices[i].currency, prices[0].currency) != 0)
			return nv_err_set(err, -EINVAL,
				"platforms.twitter.prices: expected one currency, found "
				"%s and %s",
				prices[0].currency, prices[i].currency);
	}
	return 0;
}

static int
start(struct plat *p, struct nv_err *err)
{
	const struct nv_config *config = plat_config(p);
	const struct nv_conf_twitter *c = &config->twitter;
	struct tw *tw = calloc(1, sizeof *tw);

	if (!tw)
		return nv_err_set(err, -ENOMEM, "no memory");
	tw->plat = p;
	tw->length_max = c->length;
	for (int i = 0; i < NV_TWITTER_PRICES; i++)
		tw->price_nano[i] = c->prices[i].nano;
	memcpy(tw->currency, c->prices[0].currency, sizeof tw->currency);
	int rc = plat_api_init(&tw->api, p,
		config->platforms[NV_PLATFORM_TWITTER].base_url, VENDORS_URL, err);

	if (rc < 0) {
		free(tw);
		return rc;
	}
	tw->api.policy = &tw_policy;
	tw->api.limits_apart = true;
	plat_set_own(p, tw);
	return 0;
}

static void
stop(struct plat *p)
{
	struct tw *tw = plat_own(p);

	plat_api_fini(&tw->api);
	free(tw);
	plat_set_own(p, NULL);
}

/* Which of X's limits are used up, and till when; how far our clock is off. */
static void
show(struct plat *p, json_t *state)
{
	static const char *const names[TW_EP_COUNT] = {[TW_EP_POST] = "post",
		[TW_EP_DELETE] = "delete",
		[TW_EP_SEARCH] = "search",
		[TW_EP_MENTIONS] = "mentions",
		[TW_EP_USER] = "user",
		[TW_EP_ME] = "me",
		[TW_EP_POSTS] = "metrics",
		[TW_EP_TIMELINE] = "own posts",
		[TW_EP_LIKE] = "like",
		[TW_EP_UNLIKE] = "unlike",
		[TW_EP_REPOST] = "repost",
		[TW_EP_UNREPOST] = "unrepost"};
	const struct tw *tw = plat_own(p);
	json_t *closed = json_object();

	for (int i = 0; i < TW_EP_COUNT; i++) {
		if (tw->closed_until_ms[i] > nv_wall_ns() / NV_NS_PER_MS)
			(void)json_object_set_new(closed, names[i],
				nv_json_time(tw->closed_until_ms[i] * NV_NS_PER_MS));
	}
	(void)json_object_set_new(state, "used_up_until", closed);
	if (tw->clock_off_ms != 0)
		(void)json_object_set_new(
			state, "clock_off_s", json_integer(tw->clock_off_ms / 1000));
	if (tw->me_id[0])
		(void)json_object_set_new(state, "user", json_string(tw->me_id));
}

const struct plat_kind plat_twitter = {.name = "twitter",
	.alias = "x",
	.summary = "X: posts, threads, search, mentions",
	.secrets = secrets,
	.verbs = verbs,
	.settings = settings,
	.start = start,
	.stop = stop,
	.show = show,
	.spent = tw_thread_spent};
