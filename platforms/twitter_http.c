/* Requests to X: keys, the clock that signatures need, limits of each endpoint, and what
 * an answer means. */
#include "twitter.h"
#include "twitter_oauth.h"

#include "nv_clock.h"
#include "nv_crypto.h"
#include "nv_json.h"
#include "nv_log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLOCK_OFF_MS_MIN 30000 /* X refuses what is over 5 min off */
#define DEADLINE_MS      60000
#define THROTTLED_MS     60000 /* when a 429 says nothing */
#define DAY_MS           86400000

static const char *const windows[] = {
	"x-rate-limit-", "x-app-limit-24hour-", "x-user-limit-24hour-", NULL};

/* X has no idempotency key: what may have acted is looked up, a 503 too. */
static const struct nv_http_rule rules[] = {
	{503, 503, 1u << NV_HTTP_ONCE, NV_HTTP_V_UNKNOWN, NV_HTTP_V_UNKNOWN}};

const struct nv_http_policy tw_policy = {.tries_max = 3,
	.wait_ms_min = 500,
	.wait_ms_max = 8000,
	.rules = rules,
	.rules_n = NV_LEN(rules),
	.windows = windows};

struct fetch {
	struct tw *tw;
	enum tw_endpoint endpoint;
	bool user;
	bool once;
	bool clock_set; /* once each */
	bool renamed;
	char act[24];
	char method[8];
	char *path; /* owned */
	char *body; /* owned; NULL = none */
	tw_done_fn *done;
	void *arg;
};

static void
fetch_free(struct fetch *f)
{
	free(f->path);
	free(f->body);
	free(f);
}

static void
finish(struct fetch *f, const struct tw_answer *answer)
{
	struct tw *tw = f->tw;
	tw_done_fn *done = f->done;
	void *arg = f->arg;

	fetch_free(f);
	done(tw, arg, answer);
}

/* It ends without having been sent. */
static void
fail(struct fetch *f, enum tw_no why, int64_t wait_ms, const char *words)
{
	struct tw_answer answer = {.outcome = NV_HTTP_REFUSED,
		.unsent = true,
		.wait_ms = wait_ms,
		.problem = {.why = why}};

	(void)snprintf(
		answer.problem.text, sizeof answer.problem.text, "%s: %s", f->act, words);
	finish(f, &answer);
}

/* ---- keys ---- */

const char *
tw_keys_missing(const struct tw *tw, bool user)
{
	static const char *const names[] = {"twitter_api_key", "twitter_api_secret",
		"twitter_access_token", "twitter_access_secret"};

	if (!user && plat_secret(tw->plat, "twitter_bearer_token"))
		return NULL;
	for (size_t i = 0; i < NV_LEN(names); i++) {
		if (!plat_secret(tw->plat, names[i]))
			return names[i];
	}
	return NULL;
}

/* What only the app does goes with the bearer token, when there is one: its limits are
 * its own. */
static int
authorize(void *arg, const char *url, struct nv_http_head *head)
{
	const struct fetch *f = arg;
	const struct plat *p = f->tw->plat;
	const char *bearer = f->user ? NULL : plat_secret(p, "twitter_bearer_token");
	struct nv_buf value;
	int rc;

	nv_buf_init(&value, TW_OAUTH_HEADER_MAX);
	if (bearer) {
		nv_buf_printf(&value, "Bearer %s", bearer);
		rc = value.error;
	} else {
		const struct tw_oauth keys = {plat_secret(p, "twitter_api_key"),
			plat_secret(p, "twitter_api_secret"),
			plat_secret(p, "twitter_access_token"),
			plat_secret(p, "twitter_access_secret")};
		char nonce[TW_OAUTH_NONCE_BYTES + 1];
		int64_t now_ms = nv_wall_ns() / NV_NS_PER_MS + f->tw->clock_off_ms;

		nv_random_hex(nonce, TW_OAUTH_NONCE_BYTES / 2);
		rc = tw_oauth_header(
			&keys, f->method, url, NULL, now_ms / 1000, nonce, &value);
	}
	if (rc == 0)
		rc = nv_http_head_set(head, "Authorization", value.data);
	if (value.data)
		explicit_bzero(value.data, value.bytes);
	nv_buf_fini(&value);
	return rc;
}

/* ---- limits ---- */

/* A window that is empty closes the endpoint until it is full again. */
static void
hear_windows(struct fetch *f, const struct nv_http_answer *a)
{
	int64_t now_ms = nv_wall_ns() / NV_NS_PER_MS;
	int64_t *closed = &f->tw->closed_until_ms[f->endpoint];

	for (size_t i = 0; windows[i]; i++) {
		char name[64];

		(void)snprintf(name, sizeof name, "%sremaining", windows[i]);
		const char *left = nv_http_header(a, name);

		(void)snprintf(name, sizeof name, "%sreset", windows[i]);
		const char *reset = nv_http_header(a, name);
		int64_t wait_ms = left && reset && strcmp(left, "0") == 0
					  ? nv_http_epoch_wait_ms(reset, now_ms)
					  : -1;

		if (wait_ms > 0 && wait_ms <= DAY_MS)
			*closed = NV_MAX(*closed, now_ms + wait_ms);
	}
	if (a->status != 429)
		return;
	/* A window that is not in the headers is empty. */
	int64_t wait_ms = a->retry_after_ms >= 0 ? a->retry_after_ms : THROTTLED_MS;

	*closed = NV_MAX(*closed, now_ms + NV_MIN(wait_ms, DAY_MS));
}

/* Until when X takes no more of these, with up to a second at random: not all at once. */
static int64_t
closed_ms(const struct fetch *f)
{
	int64_t left_ms =
		f->tw->closed_until_ms[f->endpoint] - nv_wall_ns() / NV_NS_PER_MS;
	uint16_t jitter;

	if (left_ms <= 0)
		return 0;
	nv_random(&jitter, sizeof jitter);
	return left_ms + jitter % 1000;
}

/* ---- sending ---- */

static void on_answer(void *arg, const struct nv_http_answer *a);

/* Has X said that it takes no more of these for now? */
static bool
is_closed(struct fetch *f)
{
	int64_t left_ms = closed_ms(f);
	char when[NV_RFC3339_BYTES];
	char words[128];

	if (left_ms <= 0)
		return false;
	(void)snprintf(words, sizeof words, "X's limit for this is used up until %s",
		nv_rfc3339(nv_wall_ns() + left_ms * NV_NS_PER_MS, when));
	fail(f, TW_NO_THROTTLED, left_ms, words);
	return true;
}

static void
start(struct fetch *f, unsigned flags)
{
	struct nv_err err = {0};
	const struct plat_request request = {.method = f->method,
		.path = f->path,
		.body = f->body,
		.body_bytes = f->body ? strlen(f->body) : 0,
		.content_type = f->body ? "application/json" : NULL,
		.flags = flags | (f->once ? 0 : PLAT_ASK_REPEATABLE),
		.deadline_ms = DEADLINE_MS,
		.before = authorize,
		.before_arg = f};
	int rc = plat_api_ask(&f->tw->api, &request, on_answer, f, &err);

	if (rc < 0)
		fail(f, TW_NO_OTHER, rc == -EINVAL ? -1 : 1000,
			err.text[0] ? err.text : strerror(-rc));
}

/* The server's clock, when ours is too far off for it. */
static bool
clock_corrected(struct fetch *f, const struct nv_http_answer *a)
{
	const char *date = nv_http_header(a, "date");
	int64_t now_ms = nv_wall_ns() / NV_NS_PER_MS;
	int64_t theirs_ms;

	if (a->status != 401 || !f->user || f->clock_set || !date ||
		nv_http_date_parse(date, now_ms, &theirs_ms) < 0)
		return false;
	int64_t off_ms = theirs_ms - now_ms;

	if (llabs(off_ms - f->tw->clock_off_ms) < CLOCK_OFF_MS_MIN)
		return false;
	nv_warn("this machine's clock is %" PRId64
		" s off X's: signatures go by X's from now on",
		-off_ms / 1000);
	f->tw->clock_off_ms = off_ms;
	f->clock_set = true;
	return true;
}

/* A server of the newer description knows tweet.fields as post.fields. */
static bool
fields_renamed(struct fetch *f, const struct nv_http_answer *a)
{
	static const char old[] = "tweet.fields=";
	char *at = strstr(f->path, old);

	if (a->status != 400 || f->renamed || !at || !strstr(a->body, "tweet.fields"))
		return false;
	/* One byte less: the rest moves. */
	memcpy(at, "post.fields=", strlen("post.fields="));
	at += strlen("post.fields=");
	memmove(at, at + 1, strlen(at + 1) + 1);
	f->tw->post_names = true;
	f->renamed = true;
	return true;
}

static void
on_answer(void *arg, const struct nv_http_answer *a)
{
	struct fetch *f = arg;

	hear_windows(f, a);
	if (clock_corrected(f, a) || fields_renamed(f, a)) {
		start(f, 0);
		return;
	}
	struct tw_answer answer = {.outcome = a->outcome,
		.status = a->status,
		.json = a->json,
		.unsent = a->phase < NV_HTTP_PH_SEND && !a->maybe,
		.maybe = a->maybe,
		.wait_ms = a->retry_after_ms};

	if (a->outcome == NV_HTTP_DONE && !json_is_object(a->json)) {
		answer.outcome = f->once ? NV_HTTP_UNKNOWN : NV_HTTP_REFUSED;
		(void)snprintf(answer.problem.text, sizeof answer.problem.text,
			"%s: X's answer is no object", f->act);
	} else if (a->outcome != NV_HTTP_DONE && a->status == 0) {
		(void)snprintf(answer.problem.text, sizeof answer.problem.text, "%s: %s",
			f->act, a->err);
	} else if (a->outcome != NV_HTTP_DONE) {
		tw_problem_read(a->status, a->json, f->act, &answer.problem);
	}
	if (a->throttled)
		answer.wait_ms = NV_MAX(answer.wait_ms, closed_ms(f));
	finish(f, &answer);
}

static struct fetch *
fetch_new(struct tw *tw, const struct tw_request *r, tw_done_fn *done, void *arg)
{
	struct fetch *f = calloc(1, sizeof *f);

	if (!f)
		return NULL;
	f->tw = tw;
	f->endpoint = r->endpoint;
	f->user = r->user;
	f->once = r->once;
	f->done = done;
	f->arg = arg;
	(void)snprintf(f->act, sizeof f->act, "%s", r->act);
	(void)snprintf(f->method, sizeof f->method, "%s", r->method ? r->method : "GET");
	f->path = strdup(r->path);
	f->body = r->body ? nv_json_line(r->body) : NULL;
	if (f->path && (!r->body || f->body))
		return f;
	fetch_free(f);
	return NULL;
}

void
tw_send(struct tw *tw, const struct tw_request *request, tw_done_fn *done, void *arg)
{
	const char *missing = tw_keys_missing(tw, request->user);
	struct fetch *f = fetch_new(tw, request, done, arg);

	if (!f) {
		struct tw_answer answer = {.outcome = NV_HTTP_REFUSED,
			.unsent = true,
			.wait_ms = 1000,
			.problem = {TW_NO_OTHER, "no memory"}};

		done(tw, arg, &answer);
	} else if (missing) {
		char words[128];

		(void)snprintf(
			words, sizeof words, "no key: put it into secrets/%s", missing);
		fail(f, TW_NO_KEYS, -1, words);
	} else if (!is_closed(f)) {
		start(f, request->has_turn ? PLAT_ASK_TURNED : 0);
	}
}

const char *
tw_fields_name(const struct tw *tw)
{
	return tw->post_names ? "post.fields" : "tweet.fields";
}

/* ---- who we are ---- */

struct me_wait {
	tw_me_fn *fn;
	void *arg;
};

static void
me_answer(struct tw *tw, void *arg, const struct tw_answer *a)
{
	struct me_wait wait = *(struct me_wait *)arg;
	const json_t *data = json_object_get(a->json, "data");
	const char *id = json_string_value(json_object_get(data, "id"));
	struct tw_answer failed = *a;

	free(arg);
	if (a->outcome == NV_HTTP_DONE && id && tw_id_valid(id)) {
		(void)snprintf(tw->me_id, sizeof tw->me_id, "%s", id);
		wait.fn(tw, wait.arg, NULL);
		return;
	}
	/* Whatever was wanted has not been asked for yet. */
	if (a->outcome == NV_HTTP_DONE)
		tw_problem_read(0, a->json, "me", &failed.problem);
	failed.outcome = NV_HTTP_REFUSED;
	failed.unsent = true;
	wait.fn(tw, wait.arg, &failed);
}

/* An access token begins with its user's id. */
static bool
me_from_token(struct tw *tw)
{
	const char *token = plat_secret(tw->plat, "twitter_access_token");
	size_t digits = token ? strspn(token, "0123456789") : 0;

	if (digits == 0 || digits >= sizeof tw->me_id || token[digits] != '-')
		return false;
	memcpy(tw->me_id, token, digits);
	tw->me_id[digits] = '\0';
	return true;
}

void
tw_with_me(struct tw *tw, tw_me_fn *fn, void *arg)
{
	struct me_wait *wait;

	if (tw->me_id[0] || me_from_token(tw)) {
		fn(tw, arg, NULL);
		return;
	}
	wait = malloc(sizeof *wait);
	if (!wait) {
		struct tw_answer failed = {.outcome = NV_HTTP_REFUSED,
			.unsent = true,
			.wait_ms = 1000,
			.problem = {TW_NO_OTHER, "no memory"}};

		fn(tw, arg, &failed);
		return;
	}
	*wait = (struct me_wait){fn, arg};
	const struct tw_request request = {
		.endpoint = TW_EP_ME, .act = "me", .path = "/2/users/me", .user = true};

	tw_send(tw, &request, me_answer, wait);
}
