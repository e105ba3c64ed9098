/* SendGrid's events as facts: one each, told apart by sg_event_id, whatever custom
 * arguments stand beside them. */
#include "map.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static json_t *
map(const char *text, int want)
{
	json_t *events = json_loads(text, JSON_DECODE_ANY, NULL);
	json_t *lines = NULL;
	struct nv_err err = {0};

	ck_assert_ptr_nonnull(events);
	ck_assert_int_eq(map_sendgrid_events(events, &lines, &err), want);
	if (want != 0)
		ck_assert_str_ne(err.text, "");
	json_decref(events);
	return lines;
}

static const struct {
	const char *event, *line;
} cases[] = {
	{"{\"email\":\"a@b.example\",\"timestamp\":1700000000,\"event\":\"processed\","
	 "\"category\":\"cat\",\"sg_event_id\":\"ZGVmYXVsdA==\",\"sg_message_id\":\"14c5."
	 "filter1\",\"nova_id\":\"sendgrid-1\",\"agent_id\":\"writer\"}",
		"{\"event\":\"webhook\",\"id\":\"sendgrid:ZGVmYXVsdA==\",\"provider\":"
		"\"sendgrid\",\"type\":\"processed\",\"at\":1700000000,\"object\":"
		"\"14c5.filter1\",\"agent\":\"writer\",\"nova_id\":\"sendgrid-1\","
		"\"categories\":[\"cat\"]}"},
	{"{\"event\":\"bounce\",\"sg_event_id\":\"e\",\"category\":[\"a\",7,\"\",\"b\"],"
	 "\"reason\":\"550 no\",\"type\":\"blocked\",\"agent_id\":\"Not A Name\"}",
		"{\"event\":\"webhook\",\"id\":\"sendgrid:e\",\"provider\":\"sendgrid\","
		"\"type\":\"bounce\",\"reason\":\"550 "
		"no\",\"categories\":[\"a\",\"b\"]}"},
	{"{\"event\":\"purchase\",\"sg_event_id\":\"e\",\"timestamp\":\"soon\"}",
		"{\"event\":\"webhook\",\"id\":\"sendgrid:e\",\"provider\":\"sendgrid\","
		"\"type\":\"shadowed\",\"note\":\"its `event` is none of SendGrid's: a "
		"custom argument of that name stands over it, or it is new\"}"},
};

START_TEST(an_event)
{
	char text[1024];

	(void)snprintf(text, sizeof(text), "[%s]", cases[_i].event);
	json_t *lines = map(text, 0);
	char *line = nv_json_line(json_array_get(lines, 0));

	ck_assert_int_eq(json_array_size(lines), 1);
	ck_assert_str_eq(line, cases[_i].line);
	free(line);
	json_decref(lines);
}
END_TEST

START_TEST(without_an_id_the_content_is_one)
{
	json_t *lines = map("[{\"event\":\"open\",\"timestamp\":1},"
			    "{\"timestamp\":1,\"event\":\"open\"},"
			    "{\"timestamp\":2,\"event\":\"open\"},"
			    "{\"sg_event_id\":\"has blank\",\"event\":\"open\"}]",
		0);
	const char *id[4];

	for (size_t i = 0; i < 4; i++)
		id[i] = map_text(json_array_get(lines, i), "id");
	ck_assert_str_eq(id[0], id[1]);
	ck_assert_str_ne(id[0], id[2]);
	ck_assert_str_ne(id[2], id[3]);
	ck_assert_int_eq(strncmp(id[3], "sendgrid:x-", 11), 0);
	json_decref(lines);
}
END_TEST

START_TEST(a_line_is_never_too_long)
{
	char *big = malloc(100001);
	json_t *event, *list = json_array(), *lines = NULL;
	struct nv_err err;

	memset(big, 'x', 100000);
	big[100000] = '\0';
	for (int i = 0; i < 50; i++)
		json_array_append_new(list, json_string(big));
	event = json_pack("[{s:s, s:s, s:s, s:s, s:s, s:o}]", "event", "bounce",
		"sg_event_id", big, "sg_message_id", big, "reason", big, "nova_id", big,
		"category", list);
	ck_assert_int_eq(map_sendgrid_events(event, &lines, &err), 0);
	char *line = nv_json_line(json_array_get(lines, 0));

	ck_assert_uint_lt(strlen(line), 2000);
	free(line);
	json_decref(lines);
	json_decref(event);
	free(big);
}
END_TEST

START_TEST(not_a_list_of_events)
{
	json_t *many = json_array();
	json_t *lines = NULL;
	struct nv_err err = {0};

	map("{}", -EINVAL);
	map("\"x\"", -EINVAL);
	map("[{\"event\":\"open\"},7]", -EINVAL);
	json_decref(map("[]", 0));
	for (int i = 0; i <= MAP_SENDGRID_MAX; i++)
		json_array_append_new(many, json_object());
	ck_assert_int_eq(map_sendgrid_events(many, &lines, &err), -EINVAL);
	json_decref(many);
	ck_assert(map_sendgrid_reserved("event") && map_sendgrid_reserved("nova_id") &&
		  !map_sendgrid_reserved("order"));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("map_sendgrid");
	TCase *tcase = tcase_create("all");
	SRunner *runner = srunner_create(suite);

	suite_add_tcase(suite, tcase);
	tcase_add_loop_test(tcase, an_event, 0, NV_LEN(cases));
	tcase_add_test(tcase, without_an_id_the_content_is_one);
	tcase_add_test(tcase, a_line_is_never_too_long);
	tcase_add_test(tcase, not_a_list_of_events);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
