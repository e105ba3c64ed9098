/* The book of alerts, the queues of channels, their words and what answers mean. */
#include "queue.h"
#include "wording.h"

#include "run_suite.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOUR_MS INT64_C(3600000)

static char said[4000];

static void
note(void *arg, const struct alert_notice *notice)
{
	static const char *const words[] = {"raised", "again", "over"};

	(void)arg;
	(void)snprintf(said + strlen(said), sizeof(said) - strlen(said), "%s %s;",
		words[notice->event], notice->alert.key);
}

static struct alert
alert(const char *key, enum alert_severity severity)
{
	struct alert a = {.source = ALERT_FROM_WORKERS, .severity = severity};

	(void)snprintf(a.key, sizeof(a.key), "%s", key);
	alert_say(&a, "about %s", key);
	return a;
}

/* One look that sees these keys ("" ends), and what is said of it. */
static const char *
look(struct alert_book *book, int64_t now_ms, unsigned sources,
	enum alert_severity severity, const char *const *keys)
{
	said[0] = '\0';
	alert_book_begin(book);
	for (; keys && **keys; keys++) {
		struct alert a = alert(*keys, severity);

		ck_assert_int_eq(alert_book_see(book, &a), 0);
	}
	alert_book_end(book, sources, now_ms, HOUR_MS, note, NULL);
	return said;
}

#define ALL       (~0u)
#define KEYS(...) ((const char *const[]){__VA_ARGS__, ""})

START_TEST(test_book_says_each_thing_once)
{
	struct alert_book *book = alert_book_new();
	int64_t t = 1000;

	ck_assert_str_eq(
		look(book, t, ALL, ALERT_ERROR, KEYS("a", "b")), "raised a;raised b;");
	ck_assert_str_eq(look(book, t + 1, ALL, ALERT_ERROR, KEYS("a", "b", "a")), "");
	/* One look without it is not the end of it. */
	ck_assert_str_eq(look(book, t + 2, ALL, ALERT_ERROR, KEYS("a")), "");
	ck_assert_str_eq(look(book, t + 3, ALL, ALERT_ERROR, KEYS("a", "b")), "");
	ck_assert_str_eq(look(book, t + 4, ALL, ALERT_ERROR, KEYS("a")), "");
	ck_assert_str_eq(look(book, t + 5, ALL, ALERT_ERROR, KEYS("a")), "over b;");
	ck_assert_uint_eq(alert_book_open(book), 1);
	/* A source that does not answer says nothing. */
	ck_assert_str_eq(
		look(book, t + 6, 1u << ALERT_FROM_BUDGET, ALERT_ERROR, NULL), "");
	ck_assert_str_eq(
		look(book, t + 7, 1u << ALERT_FROM_BUDGET, ALERT_ERROR, NULL), "");
	ck_assert_uint_eq(alert_book_open(book), 1);
	/* Graver: said anew. Less grave: not. */
	ck_assert_str_eq(look(book, t + 8, ALL, ALERT_CRITICAL, KEYS("a")), "raised a;");
	ck_assert_str_eq(look(book, t + 9, ALL, ALERT_WARNING, KEYS("a")), "");
	alert_book_free(book);
}
END_TEST

START_TEST(test_book_repeats_until_somebody_knows)
{
	struct alert_book *book = alert_book_new();

	(void)look(book, 5, ALL, ALERT_ERROR, KEYS("a"));
	ck_assert_str_eq(look(book, 5 + HOUR_MS - 1, ALL, ALERT_ERROR, KEYS("a")), "");
	ck_assert_str_eq(
		look(book, 5 + HOUR_MS, ALL, ALERT_ERROR, KEYS("a")), "again a;");
	ck_assert_str_eq(look(book, 6 + HOUR_MS, ALL, ALERT_ERROR, KEYS("a")), "");
	/* A clock that was set back a day. */
	ck_assert_str_eq(look(book, 6 - 24 * HOUR_MS, ALL, ALERT_ERROR, KEYS("a")), "");
	ck_assert_str_eq(
		look(book, 6 - 23 * HOUR_MS, ALL, ALERT_ERROR, KEYS("a")), "again a;");
	ck_assert_int_eq(alert_book_ack(book, "b", "ann"), -ENOENT);
	ck_assert_int_eq(alert_book_ack(book, "a", "ann"), 0);
	ck_assert_str_eq(look(book, 99 * HOUR_MS, ALL, ALERT_ERROR, KEYS("a")), "");
	ck_assert_str_eq(
		look(book, 99 * HOUR_MS, ALL, ALERT_CRITICAL, KEYS("a")), "raised a;");
	alert_book_free(book);
}
END_TEST

START_TEST(test_book_is_the_same_after_the_disk)
{
	struct alert_book *book = alert_book_new();
	struct alert_book *next = alert_book_new();

	(void)look(book, 5000, ALL, ALERT_ERROR, KEYS("a", "b"));
	ck_assert_int_eq(alert_book_ack(book, "b", "ann"), 0);
	json_t *saved = alert_book_save(book);

	ck_assert_ptr_nonnull(saved);
	/* Entries of nonsense are left out. */
	ck_assert_int_eq(json_array_append_new(saved, json_pack("{s:s}", "key", "c")), 0);
	ck_assert_int_eq(json_array_append_new(saved, json_integer(7)), 0);
	ck_assert_int_eq(json_array_append(saved, json_array_get(saved, 0)), 0);
	ck_assert_int_eq(alert_book_load(next, saved), 0);
	ck_assert_uint_eq(alert_book_open(next), 2);
	ck_assert_str_eq(look(next, 5001, ALL, ALERT_ERROR, KEYS("a", "b")), "");
	ck_assert_str_eq(
		look(next, 5000 + HOUR_MS, ALL, ALERT_ERROR, KEYS("a", "b")), "again a;");
	json_decref(saved);
	alert_book_free(book);
	alert_book_free(next);
}
END_TEST

START_TEST(test_book_is_bounded)
{
	struct alert_book *book = alert_book_new();

	alert_book_begin(book);
	for (int i = 0; i <= ALERT_OPEN_MAX; i++) {
		char key[32];

		(void)snprintf(key, sizeof(key), "k%d", i);
		struct alert a = alert(key, ALERT_INFO);

		ck_assert_int_eq(
			alert_book_see(book, &a), i < ALERT_OPEN_MAX ? 0 : -ENOSPC);
	}
	alert_book_free(book);
}
END_TEST

START_TEST(test_what_is_said_is_plain_text)
{
	struct alert a = {0};
	char longer[2 * ALERT_TEXT_BYTES];

	alert_say(&a, "%s", "a\nb\tc\x1b[31m \xff\xc3 \xc3\xa9");
	ck_assert_str_eq(a.text, "a?b?c?[31m ?? \xc3\xa9");
	memset(longer, 'x', sizeof(longer));
	memcpy(longer + ALERT_TEXT_BYTES - 2, "\xc3\xa9", 2);
	longer[sizeof(longer) - 1] = '\0';
	alert_say(&a, "%s", longer);
	ck_assert_uint_eq(strlen(a.text), ALERT_TEXT_BYTES - 2);
}
END_TEST

/* ---- queues ---- */

static void
put(struct alert_queue *queue, enum alert_event event, const char *key)
{
	const struct alert_notice notice = {event, alert(key, ALERT_ERROR), 1000};

	ck_assert_int_eq(alert_queue_add(queue, &notice), 0);
}

static const char *
listed(const struct alert_queue *queue)
{
	said[0] = '\0';
	for (size_t i = 0; i < queue->n; i++)
		note(NULL, &queue->list[i]);
	return said;
}

START_TEST(test_queue_coalesces)
{
	struct alert_queue queue = {0};

	put(&queue, ALERT_RAISED, "a");
	put(&queue, ALERT_RAISED, "b");
	put(&queue, ALERT_AGAIN, "a");
	ck_assert_str_eq(listed(&queue), "raised a;raised b;");
	put(&queue, ALERT_RESOLVED, "a");
	ck_assert_str_eq(listed(&queue), "raised b;");
	/* What is on its way stays. */
	alert_queue_lock(&queue, 1);
	put(&queue, ALERT_RESOLVED, "b");
	put(&queue, ALERT_RAISED, "b");
	put(&queue, ALERT_RESOLVED, "b");
	ck_assert_str_eq(listed(&queue), "raised b;over b;");
	alert_queue_back(&queue, false);
	ck_assert_str_eq(listed(&queue), "raised b;over b;");
	alert_queue_lock(&queue, 1);
	alert_queue_taken(&queue);
	ck_assert_str_eq(listed(&queue), "over b;");
	alert_queue_fini(&queue);
}
END_TEST

/* Who may have been told that something is wrong is told that it is over: nobody's pager
 * stays on for ever. */
START_TEST(test_queue_of_what_may_have_been_said)
{
	struct alert_queue queue = {0};
	struct alert_queue next = {0};
	json_t *saved;

	put(&queue, ALERT_RAISED, "a");
	put(&queue, ALERT_RAISED, "b");
	alert_queue_lock(&queue, 1);
	alert_queue_back(&queue, true);
	put(&queue, ALERT_RESOLVED, "b");
	put(&queue, ALERT_RESOLVED, "a");
	ck_assert_str_eq(listed(&queue), "raised a;over a;");
	alert_queue_lock(&queue, 2);
	alert_queue_taken(&queue);
	put(&queue, ALERT_RAISED, "c");
	put(&queue, ALERT_RESOLVED, "c");
	ck_assert_str_eq(listed(&queue), "");
	/* One under way when the process died, another over behind it. */
	put(&queue, ALERT_RAISED, "d");
	put(&queue, ALERT_RAISED, "e");
	alert_queue_lock(&queue, 2);
	put(&queue, ALERT_RESOLVED, "d");
	saved = alert_queue_save(&queue);
	ck_assert_int_eq(alert_queue_load(&next, saved), 0);
	json_decref(saved);
	put(&next, ALERT_RESOLVED, "e");
	ck_assert_str_eq(listed(&next), "raised d;raised e;over d;over e;");
	alert_queue_fini(&queue);
	alert_queue_fini(&next);
}
END_TEST

START_TEST(test_queue_is_bounded_and_counts)
{
	struct alert_queue queue = {0};
	struct alert_queue next = {0};
	char key[16];

	for (int i = 0; i < ALERT_QUEUE_MAX + 5; i++) {
		(void)snprintf(key, sizeof(key), "k%d", i);
		put(&queue, ALERT_RAISED, key);
		if (i == 2)
			alert_queue_lock(&queue, 2);
	}
	ck_assert_uint_eq(queue.n, ALERT_QUEUE_MAX);
	ck_assert_uint_eq(queue.dropped, 5);
	ck_assert_str_eq(queue.list[0].alert.key, "k0");
	ck_assert_str_eq(queue.list[2].alert.key, "k7");
	json_t *saved = alert_queue_save(&queue);

	ck_assert_int_eq(alert_queue_load(&next, saved), 0);
	ck_assert_uint_eq(next.n, ALERT_QUEUE_MAX);
	ck_assert_str_eq(next.list[ALERT_QUEUE_MAX - 1].alert.key, key);
	json_decref(saved);
	alert_queue_fini(&queue);
	alert_queue_fini(&next);
}
END_TEST

/* ---- words ---- */

static char *
dumped(enum alert_channel_kind kind, const struct alert_notice *list, size_t n,
	size_t *ret)
{
	const struct alert_batch batch = {list, n, 0, false, "box"};
	json_t *body = alert_words(kind, &batch, ret);

	ck_assert_ptr_nonnull(body);
	char *text = json_dumps(body, JSON_COMPACT);

	json_decref(body);
	return text;
}

START_TEST(test_words_of_workers_stay_text)
{
	struct alert_notice notice = {ALERT_RAISED, alert("k", ALERT_ERROR), 1000};
	static const struct {
		enum alert_channel_kind kind;
		const char *has;
		const char *has_not;
	} cases[] = {
		{ALERT_TO_SLACK, "&lt;!channel&gt; &amp;", "<!channel>"},
		{ALERT_TO_TELEGRAM, "&lt;!channel&gt; &amp;", "<!channel>"},
		{ALERT_TO_DISCORD, "\"allowed_mentions\":{\"parse\":[]}", "&lt;"},
		{ALERT_TO_PAGERDUTY, "\"severity\":\"error\"", "&lt;"},
		{ALERT_TO_EMAIL, "\"subject\":\"Nova on box: Error\"", "&lt;"},
		{ALERT_TO_WEBHOOK, "\"event\":\"raised\"", "&lt;"},
	};
	size_t n;

	alert_say(&notice.alert, "<!channel> & @everyone");
	for (size_t i = 0; i < NV_LEN(cases); i++) {
		char *text = dumped(cases[i].kind, &notice, 1, &n);

		ck_assert_uint_eq(n, 1);
		ck_assert_msg(strstr(text, cases[i].has), "%s", text);
		ck_assert_msg(!strstr(text, cases[i].has_not), "%s", text);
		free(text);
	}
}
END_TEST

START_TEST(test_words_of_workers_lead_nowhere)
{
	struct alert_notice notice = {ALERT_RAISED, alert("k", ALERT_ERROR), 1000};
	static const struct {
		enum alert_channel_kind kind;
		const char *said;
		const char *has_not[3];
	} cases[] = {
		{ALERT_TO_SLACK, "see https://evil.example/a",
			{"https://", "<http", "://e"}},
		{ALERT_TO_TELEGRAM, "see http://evil.example",
			{"http://", "l.e", "://e"}},
		{ALERT_TO_TELEGRAM, "ask @someone", {"@s", "@so", "@som"}},
		{ALERT_TO_DISCORD, "[Approve](https://evil.example)",
			{"Approve](", "https://", " [Approve"}},
		{ALERT_TO_DISCORD, "**bold** `code` ||x|| <#1>", {"**", "||", " `code"}},
	};
	size_t n;

	for (size_t i = 0; i < NV_LEN(cases); i++) {
		alert_say(&notice.alert, "%s", cases[i].said);
		char *text = dumped(cases[i].kind, &notice, 1, &n);

		for (size_t k = 0; k < NV_LEN(cases[i].has_not); k++)
			ck_assert_msg(!strstr(text, cases[i].has_not[k]), "%s", text);
		free(text);
	}
	alert_say(&notice.alert, "see https://evil.example/a");
	char *mail = dumped(ALERT_TO_EMAIL, &notice, 1, &n);

	ck_assert_ptr_nonnull(strstr(mail, "see https://evil.example/a"));
	free(mail);
}
END_TEST

START_TEST(test_words_keep_to_the_limits)
{
	struct alert_notice list[ALERT_BATCH_MAX + 3];
	char longest[ALERT_TEXT_BYTES];
	size_t n;

	memset(longest, '&', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	for (size_t i = 0; i < NV_LEN(list); i++) {
		list[i] = (struct alert_notice){
			ALERT_RAISED, alert("k", ALERT_ERROR), 1000};
		alert_say(&list[i].alert, "%s", longest);
	}
	for (size_t kind = 0; kind < ALERT_CHANNEL_COUNT; kind++) {
		char *text =
			dumped((enum alert_channel_kind)kind, list, NV_LEN(list), &n);
		size_t max = kind == ALERT_TO_DISCORD    ? 2000
			     : kind == ALERT_TO_TELEGRAM ? 4096
			     : kind == ALERT_TO_SLACK    ? 2 * 3000
							 : 65536;

		ck_assert_uint_ge(n, 1);
		ck_assert_uint_le(n, ALERT_BATCH_MAX);
		/* The rest of the body is small. */
		ck_assert_msg(strlen(text) < max + 400, "%s: %zu",
			alert_channel_name(kind), strlen(text));
		free(text);
	}
}
END_TEST

START_TEST(test_a_question_is_asked_alone)
{
	struct alert_notice list[] = {{ALERT_RAISED, alert("k", ALERT_ERROR), 1000},
		{ALERT_RAISED, alert("approval:284", ALERT_WARNING), 1000},
		{ALERT_RESOLVED, alert("approval:283", ALERT_WARNING), 1000}};
	size_t n;

	list[1].alert.approval = 284;
	list[2].alert.approval = 283;
	char *text = dumped(ALERT_TO_TELEGRAM, list, 3, &n);

	ck_assert_uint_eq(n, 1);
	ck_assert_ptr_null(strstr(text, "inline_keyboard"));
	free(text);
	text = dumped(ALERT_TO_TELEGRAM, list + 1, 2, &n);
	ck_assert_uint_eq(n, 1);
	ck_assert_ptr_nonnull(strstr(text, "\"callback_data\":\"approve:284\""));
	free(text);
	text = dumped(ALERT_TO_SLACK, list + 1, 2, &n);
	ck_assert_ptr_nonnull(strstr(text, "\"value\":\"deny:284\""));
	free(text);
	text = dumped(ALERT_TO_SLACK, list + 2, 1, &n);
	ck_assert_ptr_null(strstr(text, "button"));
	free(text);
}
END_TEST

START_TEST(test_answers)
{
	static const struct {
		enum alert_channel_kind kind;
		int status;
		const char *body;
		enum alert_reply is;
		int64_t wait_ms;
	} cases[] = {
		{ALERT_TO_SLACK, 200, "ok", ALERT_TAKEN, -1},
		{ALERT_TO_SLACK, 400, "invalid_payload", ALERT_NEVER, -1},
		{ALERT_TO_SLACK, 403, "action_prohibited", ALERT_DEAD, -1},
		{ALERT_TO_SLACK, 404, "no_service", ALERT_DEAD, -1},
		{ALERT_TO_SLACK, 410, "channel_is_archived", ALERT_DEAD, -1},
		{ALERT_TO_SLACK, 429, "", ALERT_LATER, -1},
		{ALERT_TO_SLACK, 500, "", ALERT_LATER, -1},
		{ALERT_TO_SLACK, 0, "", ALERT_LATER, -1},
		{ALERT_TO_PAGERDUTY, 202, "{}", ALERT_TAKEN, -1},
		{ALERT_TO_PAGERDUTY, 400, "{\"errors\":[\"'routing_key' is invalid\"]}",
			ALERT_DEAD, -1},
		{ALERT_TO_PAGERDUTY, 400, "{\"errors\":[\"summary\"]}", ALERT_NEVER, -1},
		{ALERT_TO_DISCORD, 204, "", ALERT_TAKEN, -1},
		{ALERT_TO_DISCORD, 404, "{}", ALERT_DEAD, -1},
		{ALERT_TO_DISCORD, 429, "{\"retry_after\":0.5}", ALERT_LATER, 501},
		{ALERT_TO_DISCORD, 429, "{\"retry_after\":-3}", ALERT_LATER, -1},
		{ALERT_TO_DISCORD, 429, "{\"retry_after\":1e300}", ALERT_LATER, -1},
		{ALERT_TO_DISCORD, 429, "not json", ALERT_LATER, -1},
		{ALERT_TO_TELEGRAM, 429, "{\"parameters\":{\"retry_after\":7}}",
			ALERT_LATER, 7001},
		{ALERT_TO_TELEGRAM, 400,
			"{\"description\":\"Bad Request: chat not found\"}", ALERT_DEAD,
			-1},
		{ALERT_TO_TELEGRAM, 400, "{\"description\":\"too long\"}", ALERT_NEVER,
			-1},
		{ALERT_TO_WEBHOOK, 302, "", ALERT_NEVER, -1},
		{ALERT_TO_WEBHOOK, 408, "", ALERT_LATER, -1},
	};

	for (size_t i = 0; i < NV_LEN(cases); i++) {
		int64_t wait = -1;

		ck_assert_msg(alert_reply(cases[i].kind, cases[i].status, cases[i].body,
				      &wait) == cases[i].is &&
				      wait == cases[i].wait_ms,
			"case %zu: wait %lld", i, (long long)wait);
	}
}
END_TEST

START_TEST(test_buttons)
{
	static const char *const bad[] = {"", "approve", "approve:", "approve:-1",
		"approve: 1", "approve:1 ", "deny:1x", "kill:1",
		"approve:1234567890123456789"};
	int64_t id = 0;
	bool yes = false;

	ck_assert_int_eq(alert_button_parse("approve:284", &yes, &id), 0);
	ck_assert(yes && id == 284);
	ck_assert_int_eq(alert_button_parse("deny:123456789012345678", &yes, &id), 0);
	ck_assert(!yes && id == 123456789012345678);
	for (size_t i = 0; i < NV_LEN(bad); i++)
		ck_assert_int_eq(alert_button_parse(bad[i], &yes, &id), -EINVAL);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("alerts");
	TCase *tc = tcase_create("alerts");

	tcase_add_test(tc, test_book_says_each_thing_once);
	tcase_add_test(tc, test_book_repeats_until_somebody_knows);
	tcase_add_test(tc, test_book_is_the_same_after_the_disk);
	tcase_add_test(tc, test_book_is_bounded);
	tcase_add_test(tc, test_what_is_said_is_plain_text);
	tcase_add_test(tc, test_queue_coalesces);
	tcase_add_test(tc, test_queue_of_what_may_have_been_said);
	tcase_add_test(tc, test_queue_is_bounded_and_counts);
	tcase_add_test(tc, test_words_of_workers_stay_text);
	tcase_add_test(tc, test_words_of_workers_lead_nowhere);
	tcase_add_test(tc, test_words_keep_to_the_limits);
	tcase_add_test(tc, test_a_question_is_asked_alone);
	tcase_add_test(tc, test_answers);
	tcase_add_test(tc, test_buttons);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
