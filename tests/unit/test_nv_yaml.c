/* YAML as located nodes: places, exact text, and everything that is refused. */
#include "nv_yaml.h"
#include "run_suite.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define NODES 10000

static struct nv_yaml *
parse(const char *text)
{
	struct nv_yaml *yaml = NULL;
	struct nv_err err;
	int rc = nv_yaml_parse(text, strlen(text), "f", NODES, &yaml, &err);

	ck_assert_msg(rc == 0, "%u:%u: %s", err.line, err.column, err.text);
	return yaml;
}

START_TEST(test_places)
{
	struct nv_yaml *yaml =
		parse("a: 1\nb:\n  - x\n  - {k: 'v w', \"ä\": z}\nä:  no\n");
	const struct nv_yaml_node *root = nv_yaml_root(yaml);
	const struct nv_yaml_node *b = nv_yaml_get(root, "b");
	const struct nv_yaml_node *map = b->first->next;
	const struct nv_yaml_node *k = nv_yaml_get(map, "k");
	const struct nv_yaml_node *umlaut = nv_yaml_get(root, "ä");

	ck_assert_int_eq(root->kind, NV_YAML_MAP);
	ck_assert_uint_eq(root->n_children, 3);
	ck_assert_int_eq(b->kind, NV_YAML_SEQ);
	ck_assert_uint_eq(b->n_children, 2);
	ck_assert_uint_eq(b->key_line, 2);
	ck_assert_uint_eq(b->key_column, 1);
	ck_assert_str_eq(nv_yaml_text(b->first), "x");
	ck_assert_uint_eq(b->first->line, 3);
	ck_assert_uint_eq(b->first->column, 5);
	ck_assert_str_eq(k->text, "v w");
	ck_assert(!k->plain);
	ck_assert_uint_eq(k->line, 4);
	ck_assert_uint_eq(k->column, 9);
	ck_assert_uint_eq(umlaut->line, 5);
	ck_assert_uint_eq(umlaut->column, 5); /* characters, not bytes */
	ck_assert_ptr_null(nv_yaml_get(root, "c"));
	ck_assert_ptr_null(nv_yaml_get(NULL, "c"));
	ck_assert_ptr_null(nv_yaml_get(b, "c"));
	ck_assert_ptr_null(nv_yaml_text(b));
	ck_assert_ptr_null(nv_yaml_text(NULL));
	nv_yaml_free(yaml);
}
END_TEST

START_TEST(test_json)
{
	struct nv_yaml *yaml =
		parse("[{\"a\":3e-05,\"b\":1.10,\"c\":0.30000000000000004,\n"
		      "\t\"d\":\"x\\u00e9\\/\\n\",\"e\":null,\"f\":[],\"g\":{}}]");
	const struct nv_yaml_node *map = nv_yaml_root(yaml)->first;

	ck_assert_str_eq(nv_yaml_text(nv_yaml_get(map, "a")), "3e-05");
	ck_assert_str_eq(nv_yaml_text(nv_yaml_get(map, "b")), "1.10");
	ck_assert_str_eq(nv_yaml_text(nv_yaml_get(map, "c")), "0.30000000000000004");
	ck_assert_str_eq(nv_yaml_text(nv_yaml_get(map, "d")), "xé/\n");
	ck_assert(nv_yaml_is_null(nv_yaml_get(map, "e")));
	ck_assert_int_eq(nv_yaml_get(map, "f")->kind, NV_YAML_SEQ);
	ck_assert_uint_eq(nv_yaml_get(map, "f")->n_children, 0);
	ck_assert_int_eq(nv_yaml_get(map, "g")->kind, NV_YAML_MAP);
	nv_yaml_free(yaml);
}
END_TEST

START_TEST(test_nothing)
{
	static const char *const texts[] = {"", "\n\n", "# only a comment\n", "---\n",
		"---\n...\n", "~\n", "null", "\xef\xbb\xbf", "%YAML 1.1\n---\n"};

	for (size_t i = 0; i < NV_LEN(texts); i++) {
		struct nv_yaml *yaml = parse(texts[i]);

		ck_assert_int_eq(nv_yaml_root(yaml)->kind, NV_YAML_MAP);
		ck_assert_uint_eq(nv_yaml_root(yaml)->n_children, 0);
		nv_yaml_free(yaml);
	}
	nv_yaml_free(NULL);
}
END_TEST

START_TEST(test_repeats)
{
	struct nv_yaml *yaml = parse("a: 1\nb: 2\na: 3\n'a': 4\nB: 5\n");
	const struct nv_yaml_node *first = nv_yaml_get(nv_yaml_root(yaml), "a");

	ck_assert_ptr_null(first->repeats);
	ck_assert_ptr_null(first->next->repeats);
	ck_assert_ptr_eq(first->next->next->repeats, first);
	ck_assert_ptr_eq(first->next->next->next->repeats, first);
	ck_assert_ptr_null(first->next->next->next->next->repeats);
	nv_yaml_free(yaml);
}
END_TEST

static const struct {
	const char *text;
	unsigned line;
	unsigned column;
	const char *says;
} bad[] = {
	{"a: &x 1\nb: *x\n", 1, 4, "anchors"},
	{"a: *x\n", 1, 4, "alias"},
	{"- &a [1]\n", 1, 3, "anchors"},
	{"- &a {k: v}\n", 1, 3, "anchors"},
	{"a: !!str 1\n", 1, 4, "tags"},
	{"!foo {}\n", 1, 1, "tags"},
	{"a: 1\n---\nb: 2\n", 2, 1, "second document"},
	{"a: 1\n\tb: 2\n", 2, 1, "tab"},
	{"a:\n\t- 2\n", 2, 1, "tab"},
	{"a: @b\n", 1, 4, "quote text"},
	{"a: [1, 2\nb: 3\n", 2, 2, "not YAML"},
	{"a: {b: 1\n", 2, 1, "not YAML"},
	{"a: 'never closed\n", 2, 1, "not YAML"},
	{"a: b: c\n", 1, 5, "not YAML"},
	{"a\nb: c\n", 2, 2, "not YAML"},
	{"{[a]: 1}\n", 1, 2, "a key must be"},
	{"? {a: 1}\n: 2\n", 1, 3, "a key must be"},
	{"a: \"x\\0y\"\n", 1, 4, "NUL"},
	{"\"x\\0y\": 1\n", 1, 1, "NUL"},
	{"a: \"\\q\"\n", 1, 5, "not YAML"},
	{"a: \xff\n", 1, 4, "UTF-8"},
	{"ä: 1\nb: \xc3(\n", 2, 5, "UTF-8"},
	{"a: \x01\n", 1, 4, "UTF-8"},
	{"a: \xed\xa0\x80\n", 1, 4, "UTF-8"},
	{"\xff\xfe"
	 "a",
		1, 1, "UTF-8"},
};

START_TEST(test_bad)
{
	struct nv_yaml *yaml = NULL;
	struct nv_err err;
	int rc = nv_yaml_parse(
		bad[_i].text, strlen(bad[_i].text), "some/file", NODES, &yaml, &err);

	ck_assert_int_eq(rc, -EINVAL);
	ck_assert_ptr_null(yaml);
	ck_assert_str_eq(err.file, "some/file");
	ck_assert_msg(strstr(err.text, bad[_i].says), "%s: %s", bad[_i].text, err.text);
	ck_assert_msg(err.line == bad[_i].line && err.column == bad[_i].column,
		"%s: %u:%u: %s", bad[_i].text, err.line, err.column, err.text);
	/* Nobody has to want the error. */
	ck_assert_int_eq(nv_yaml_parse(bad[_i].text, strlen(bad[_i].text), "f", NODES,
				 &yaml, NULL),
		-EINVAL);
}
END_TEST

START_TEST(test_nul_byte)
{
	struct nv_yaml *yaml = NULL;
	struct nv_err err;

	ck_assert_int_eq(
		nv_yaml_parse("a: 1\nb\0: 2\n", 11, "f", NODES, &yaml, &err), -EINVAL);
	ck_assert_uint_eq(err.line, 2);
	ck_assert_uint_eq(err.column, 2);
}
END_TEST

START_TEST(test_laughs)
{
	char text[4000] = "l0: &l0 [lol, lol, lol, lol, lol, lol, lol, lol]\n";
	struct nv_yaml *yaml = NULL;
	struct nv_err err;

	for (int i = 1; i < 10; i++) {
		char *at = text + strlen(text);

		at += snprintf(at, 40, "l%d: &l%d [", i, i);
		for (int k = 0; k < 8; k++)
			at += snprintf(at, 40, "%s*l%d", k ? ", " : "", i - 1);
		(void)snprintf(at, 40, "]\n");
	}
	ck_assert_int_eq(
		nv_yaml_parse(text, strlen(text), "f", NODES, &yaml, &err), -EINVAL);
	ck_assert_uint_eq(err.line, 1);
}
END_TEST

/* n times `unit`, parsed with at most `nodes` nodes. */
static int
parse_many(const char *unit, size_t n, size_t nodes, struct nv_err *err)
{
	size_t bytes = strlen(unit);
	char *text = malloc(n * bytes + 1);
	struct nv_yaml *yaml = NULL;

	ck_assert_ptr_nonnull(text);
	for (size_t i = 0; i < n; i++)
		memcpy(text + i * bytes, unit, bytes);
	int rc = nv_yaml_parse(text, n * bytes, "f", nodes, &yaml, err);

	if (rc == 0)
		nv_yaml_free(yaml);
	free(text);
	return rc;
}

START_TEST(test_limits)
{
	struct nv_err err;

	ck_assert_int_eq(parse_many("[", 2000000, NODES, &err), -EINVAL);
	ck_assert_int_eq(parse_many("{", 2000000, NODES, &err), -EINVAL);
	ck_assert_int_eq(parse_many("- ", 2000000, NODES, &err), -EINVAL);
	ck_assert_msg(strstr(err.text, "nested too deeply"), "%s", err.text);
	ck_assert_int_eq(parse_many("? ", 200000, NODES, &err), -EINVAL);
	ck_assert_int_eq(parse_many("- a\n", 999, 1000, &err), 0);
	ck_assert_int_eq(parse_many("- a\n", 1000, 1000, &err), -EINVAL);
	ck_assert_uint_eq(err.line, 1000);
	ck_assert_int_eq(parse_many("- abcdefghijkl\n", 700000, 1000, &err), -EINVAL);
	ck_assert_int_eq(parse_many("a", 4000000, 10, &err), 0);
	ck_assert_int_eq(parse_many("#", 4000000, 10, &err), 0);
	ck_assert_int_eq(parse_many("\n", 4000000, 10, &err), 0);
}
END_TEST

START_TEST(test_depth)
{
	char text[200] = "";

	memset(text, '[', NV_YAML_DEPTH_MAX);
	memset(text + NV_YAML_DEPTH_MAX, ']', NV_YAML_DEPTH_MAX);
	struct nv_yaml *yaml = parse(text);

	nv_yaml_free(yaml);
	memset(text, '[', NV_YAML_DEPTH_MAX + 1);
	memset(text + NV_YAML_DEPTH_MAX + 1, ']', NV_YAML_DEPTH_MAX + 1);
	ck_assert_int_eq(
		nv_yaml_parse(text, strlen(text), "f", NODES, &yaml, NULL), -EINVAL);
}
END_TEST

START_TEST(test_prefixes)
{
	static const char text[] = "a: {b: [1, 'two', \"thr\\u0065e\"], c: ~}\n"
				   "d: |\n  lines\n  of text\ne: >-\n  folded\n  text\n"
				   "f: ä€😀 # comment\n? g\n: - 1\n  -\n";

	/* Every prefix ends with an answer, read from memory of its exact size. */
	for (size_t n = 0; n < sizeof(text); n++) {
		char *copy = malloc(n ? n : 1);
		struct nv_yaml *yaml = NULL;

		ck_assert_ptr_nonnull(copy);
		memcpy(copy, text, n);
		if (nv_yaml_parse(copy, n, "f", NODES, &yaml, NULL) == 0)
			nv_yaml_free(yaml);
		free(copy);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("nv_yaml");
	TCase *tc = tcase_create("nv_yaml");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_places);
	tcase_add_test(tc, test_json);
	tcase_add_test(tc, test_nothing);
	tcase_add_test(tc, test_repeats);
	tcase_add_loop_test(tc, test_bad, 0, (int)NV_LEN(bad));
	tcase_add_test(tc, test_nul_byte);
	tcase_add_test(tc, test_laughs);
	tcase_add_test(tc, test_limits);
	tcase_add_test(tc, test_depth);
	tcase_add_test(tc, test_prefixes);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
