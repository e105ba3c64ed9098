/* What X's refusals are called: bodies as X sends them. */
#include "run_suite.h"
#include "twitter_words.h"

#include <string.h>

static const struct {
	int status;
	const char *act;
	const char *body;
	enum tw_no why;
	const char *part; /* of the sentence */
} cases[] = {
	{403, "post",
		"{\"detail\":\"You are not allowed to create a Tweet with duplicate "
		"content.\",\"type\":\"about:blank\",\"title\":\"Forbidden\",\"status\":"
		"403}",
		TW_NO_DUPLICATE, "this very text already"},
	{403, "post",
		"{\"title\":\"Forbidden\",\"status\":403,\"detail\":\"Your client app is "
		"not "
		"configured with the appropriate oauth1 app permissions for this "
		"endpoint.\",\"type\":\"https://api.twitter.com/2/problems/"
		"oauth1-permissions\"}",
		TW_NO_POLICY, "read and write permission"},
	{403, "post",
		"{\"title\":\"Forbidden\",\"status\":403,\"detail\":\"Reply to this "
		"conversation is not allowed because you have not been mentioned or "
		"otherwise "
		"engaged by the author of the post you are replying to.\",\"type\":"
		"\"about:blank\"}",
		TW_NO_POLICY, "may reply only where"},
	{403, "like", "{\"title\":\"Forbidden\",\"status\":403,\"type\":\"about:blank\"}",
		TW_NO_POLICY, "enterprise"},
	{403, "repost",
		"{\"title\":\"Forbidden\",\"status\":403,\"type\":\"about:blank\"}",
		TW_NO_POLICY, "X's rules"},
	{402, "search",
		"{\"title\":\"CreditsDepleted\",\"detail\":\"Your enrolled account does "
		"not "
		"have any credits to fulfill this request.\",\"type\":\"https://"
		"api.twitter.com/2/problems/credits\"}",
		TW_NO_CREDITS, "out of credits"},
	{429, "search",
		"{\"title\":\"UsageCapExceeded\",\"detail\":\"Usage cap exceeded: "
		"Monthly "
		"product "
		"cap\",\"type\":\"https://api.twitter.com/2/problems/usage-capped\"}",
		TW_NO_CREDITS, "this month"},
	{429, "search",
		"{\"title\":\"Too Many Requests\",\"detail\":\"Too Many "
		"Requests\",\"type\":\"about:blank\",\"status\":429}",
		TW_NO_THROTTLED, "limit"},
	{401, "me",
		"{\"title\":\"Unauthorized\",\"type\":\"about:blank\",\"status\":401,"
		"\"detail\":"
		"\"Unauthorized\"}",
		TW_NO_KEYS, "secrets/twitter_api_key"},
	{400, "post",
		"{\"errors\":[{\"parameters\":{\"text\":[\"x\"]},\"message\":\"Your "
		"Tweet text "
		"is too long\"}],\"title\":\"Invalid Request\",\"detail\":\"One or more "
		"parameters to your request was invalid.\",\"type\":\"https://"
		"api.twitter.com/2/problems/invalid-request\"}",
		TW_NO_INPUT, "Your Tweet text is too long"},
	{0, "user",
		"{\"errors\":[{\"value\":\"nobody\",\"detail\":\"Could not find user "
		"with "
		"username: [nobody].\",\"title\":\"Not Found Error\",\"type\":\"https://"
		"api.twitter.com/2/problems/resource-not-found\"}]}",
		TW_NO_MISSING, "Could not find user"},
	{404, "delete", NULL, TW_NO_MISSING, "nothing of that name or id"},
	{503, "post", "{\"title\":\"Service Unavailable\"}", TW_NO_SERVER, "in trouble"},
	{500, "post", NULL, TW_NO_SERVER, "in trouble"},
	{418, "post", "[1]", TW_NO_OTHER, "refused"},
	{403, "post", "{\"errors\":\"text\",\"detail\":7}", TW_NO_POLICY, "rules"},
	{400, "post", "{\"detail\":\"a\\nb\\u001b[31mc\"}", TW_NO_INPUT, "a b [31mc"},
};

START_TEST(test_cases)
{
	json_t *body = cases[_i].body ? json_loads(cases[_i].body, 0, NULL) : NULL;
	struct tw_problem problem;

	ck_assert(!cases[_i].body || body || strcmp(cases[_i].body, "[1]") == 0);
	tw_problem_read(cases[_i].status, body, cases[_i].act, &problem);
	ck_assert_int_eq(problem.why, cases[_i].why);
	ck_assert_msg(strstr(problem.text, cases[_i].part) != NULL, "%s", problem.text);
	ck_assert_msg(strncmp(problem.text, cases[_i].act, strlen(cases[_i].act)) == 0,
		"%s", problem.text);
	json_decref(body);
}
END_TEST

/* However long X talks, the sentence ends, at a character. */
START_TEST(test_long)
{
	struct tw_problem problem;
	char prose[3001];

	for (size_t i = 0; i < 3000; i += 3)
		memcpy(prose + i, "\xE3\x81\x82", 3);
	prose[3000] = '\0';
	json_t *body = json_pack("{s:s}", "detail", prose);

	tw_problem_read(400, body, "post", &problem);
	ck_assert_uint_lt(strlen(problem.text), sizeof problem.text);
	ck_assert(strstr(problem.text, "\x82)") != NULL);
	json_decref(body);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("twitter_words");
	TCase *tc = tcase_create("refusals");

	tcase_add_loop_test(tc, test_cases, 0, (int)NV_LEN(cases));
	tcase_add_test(tc, test_long);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
