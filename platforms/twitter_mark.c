/* Deleting, liking, reposting, and taking that back: each does the same when it is done
 * twice, so that an answer that was lost is answered by asking again. */
#include "twitter.h"

#include "nv_buf.h"
#include "nv_json.h"
#include "nv_url.h"

#include <stdlib.h>
#include <string.h>

#define PATH_BYTES_MAX 512
#define DOWN_MS        30000

static const struct mark {
	const char *verb;
	enum tw_endpoint endpoint;
	const char *method;
	const char *under; /* of the user that we are: "/likes"; NULL: the post itself */
	enum nv_twitter_price price;
	const char *done; /* what X says of it */
	bool value;
} marks[] = {
	{"delete", TW_EP_DELETE, "DELETE", NULL, NV_TWITTER_DELETE, "deleted", true},
	{"like", TW_EP_LIKE, "POST", "/likes", NV_TWITTER_INTERACTION, "liked", true},
	{"unlike", TW_EP_UNLIKE, "DELETE", "/likes", NV_TWITTER_DELETE, "liked", false},
	{"repost", TW_EP_REPOST, "POST", "/retweets", NV_TWITTER_INTERACTION, "retweeted",
		true},
	{"unrepost", TW_EP_UNREPOST, "DELETE", "/retweets", NV_TWITTER_DELETE,
		"retweeted", false},
};

static const struct mark *
mark_of(const struct plat_verb *verb)
{
	size_t i = 0;

	while (strcmp(marks[i].verb, verb->name) != 0) {
		i++;
		NV_ASSERT(i < NV_LEN(marks));
	}
	return &marks[i];
}

void
tw_mark_run(struct plat_call *call)
{
	const struct tw *tw = plat_own(plat_call_platform(call));
	const struct mark *m = mark_of(plat_call_verb(call));
	const char *id = plat_arg_str(call, "post");
	const char *missing = tw_keys_missing(tw, true);

	if (missing)
		plat_fail(
			call, NV_EXIT_FAILED, "no key: put it into secrets/%s", missing);
	else if (!tw_id_valid(id))
		plat_fail(call, NV_EXIT_USAGE,
			"post: expected the id of a post (digits), found %.40s", id);
	else
		plat_out_begin(call,
			json_pack("{s:s,s:I}", "id", id, "nano",
				(json_int_t)tw->price_nano[m->price]),
			tw->price_nano[m->price], tw->currency);
}

static void
mark_answer(struct tw *tw, void *arg, const struct tw_answer *a)
{
	struct plat_out *out = arg;
	const struct mark *m = mark_of(out->verb);
	const json_t *id = json_object_get(out->request, "id");
	const json_t *data = json_object_get(a->json, "data");
	int64_t nano = json_integer_value(json_object_get(out->request, "nano"));
	/* Gone when it was asked for the second time: the first one did it. */
	bool gone = !m->value && a->problem.why == TW_NO_MISSING;
	bool again = a->maybe || out->tries > 1;

	(void)tw;
	gone = gone || (m->endpoint == TW_EP_DELETE && a->problem.why == TW_NO_MISSING);
	bool done = a->outcome == NV_HTTP_DONE && json_object_size(data) > 0 &&
		    json_boolean_value(json_object_get(data, m->done)) == m->value;

	if (done || (a->outcome == NV_HTTP_REFUSED && gone && again))
		plat_out_done(
			out, json_pack("{s:O,s:b}", "id", id, m->done, m->value), nano);
	else if (a->outcome == NV_HTTP_DONE)
		plat_out_refused(out, NV_EXIT_NO, "%s: X did not do it", m->verb);
	else if (a->outcome == NV_HTTP_UNKNOWN)
		plat_out_unknown(out, "%s", a->problem.text);
	else if (a->problem.why == TW_NO_THROTTLED ||
		 (a->unsent && a->problem.why != TW_NO_KEYS))
		plat_out_later(out, a->wait_ms >= 0 ? a->wait_ms : DOWN_MS, "%s",
			a->problem.text);
	else
		plat_out_refused(out, tw_exit(&a->problem), "%s", a->problem.text);
}

static void
mark_me(struct tw *tw, void *arg, const struct tw_answer *failed)
{
	struct plat_out *out = arg;
	const struct mark *m = mark_of(out->verb);
	const char *id = json_string_value(json_object_get(out->request, "id"));
	bool post = strcmp(m->method, "POST") == 0;
	json_t *body = post ? json_pack("{s:s}", "tweet_id", id) : NULL;
	struct nv_buf path;

	nv_buf_init(&path, PATH_BYTES_MAX);
	if (m->under && !failed) {
		nv_buf_puts(&path, "/2/users");
		nv_url_segment(&path, tw->me_id);
		nv_buf_puts(&path, m->under);
	} else {
		nv_buf_puts(&path, "/2/tweets");
	}
	if (!post)
		nv_url_segment(&path, id);
	const struct tw_request request = {.endpoint = m->endpoint,
		.act = m->verb,
		.method = m->method,
		.path = path.data,
		.body = body,
		.user = true,
		.has_turn = true};

	if (failed)
		mark_answer(tw, out, failed);
	else if (path.error || (post && !body))
		plat_out_later(out, 1000, "no memory");
	else
		tw_send(tw, &request, mark_answer, out);
	nv_buf_fini(&path);
	json_decref(body);
}

void
tw_mark_send(struct plat_out *out)
{
	struct tw *tw = plat_own(out->plat);

	if (mark_of(out->verb)->under)
		tw_with_me(tw, mark_me, out);
	else
		mark_me(tw, out, NULL);
}
