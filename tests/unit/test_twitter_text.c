/* The length of posts: twitter-text's own vectors (tests/data/vendors/twitter-text), the
 * table of top level domains against its file, and texts that try to be slow. */
#include "nv_fd.h"
#include "nv_yaml.h"
#include "run_suite.h"
#include "twitter_text.h"
#include "twitter_tld.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#define VECTORS   NOVA_SOURCE "/tests/data/vendors/twitter-text/"
#define URLS_MAX  64
#define UNITS_MAX 16384

static struct nv_yaml *
vectors(const char *name)
{
	char path[400];
	char *text = NULL;
	size_t bytes = 0;
	struct nv_yaml *yaml = NULL;
	struct nv_err err = {0};

	(void)snprintf(path, sizeof path, "%s%s", VECTORS, name);
	ck_assert_int_eq(nv_read_file_at(AT_FDCWD, path, 1 << 20, &text, &bytes), 0);
	ck_assert_msg(nv_yaml_parse(text, bytes, name, 100000, &yaml, &err) == 0,
		"%s:%u: %s", name, err.line, err.text);
	free(text);
	return yaml;
}

static const struct nv_yaml_node *
section(const struct nv_yaml *yaml, const char *name)
{
	const struct nv_yaml_node *tests = nv_yaml_get(nv_yaml_root(yaml), "tests");
	const struct nv_yaml_node *node = nv_yaml_get(tests, name);

	ck_assert_msg(node && node->n_children > 0, "no section %s", name);
	return node;
}

static struct tw_length
measure(const char *text)
{
	struct tw_length length = {0};

	ck_assert_int_eq(tw_text_measure(text, strlen(text), &length), 0);
	return length;
}

static bool
valid(struct tw_length l)
{
	return !l.empty && !l.invalid && l.weighted > 0 &&
	       l.weighted <= TW_LENGTH_DEFAULT;
}

/* Of the two weighted sections the one with emoji counted whole is what X does today. */
START_TEST(test_weighted)
{
	struct nv_yaml *yaml = vectors("validate.yml");
	unsigned n = 0;

	nv_yaml_each(item, section(yaml, "WeightedTweetsWithDiscountedEmojiCounterTest"))
	{
		const char *text = nv_yaml_text(nv_yaml_get(item, "text"));
		const char *what = nv_yaml_text(nv_yaml_get(item, "description"));
		const struct nv_yaml_node *expected = nv_yaml_get(item, "expected");
		const char *weighted =
			nv_yaml_text(nv_yaml_get(expected, "weightedLength"));
		bool want =
			strcmp(nv_yaml_text(nv_yaml_get(expected, "valid")), "true") == 0;
		struct tw_length l = measure(text);
		char got[32];

		(void)snprintf(got, sizeof got, "%u", l.weighted);
		ck_assert_msg(strcmp(got, weighted) == 0, "%s: %s, expected %s", what,
			got, weighted);
		ck_assert_msg(valid(l) == want, "%s", what);
		n++;
	}
	ck_assert_uint_ge(n, 20);
	nv_yaml_free(yaml);
}
END_TEST

/* The older section counts in the old way (140 of 1 each): who fits there fits now. */
START_TEST(test_tweets)
{
	struct nv_yaml *yaml = vectors("validate.yml");

	nv_yaml_each(item, section(yaml, "tweets"))
	{
		const char *text = nv_yaml_text(nv_yaml_get(item, "text"));
		const char *want = nv_yaml_text(nv_yaml_get(item, "expected"));

		if (strcmp(want, "true") == 0 || text[0] == '\0')
			ck_assert_msg(valid(measure(text)) == (text[0] != '\0'), "%s",
				nv_yaml_text(nv_yaml_get(item, "description")));
	}
	nv_yaml_free(yaml);
}
END_TEST

/* The UTF-16 units of a text in NFC, as the offsets count. */
static int32_t
units_of(const char *text, UChar out[UNITS_MAX])
{
	UErrorCode status = U_ZERO_ERROR;
	UChar raw[UNITS_MAX];
	int32_t n = 0;

	u_strFromUTF8(raw, UNITS_MAX, &n, text, (int32_t)strlen(text), &status);
	n = unorm2_normalize(
		unorm2_getNFCInstance(&status), raw, n, out, UNITS_MAX, &status);
	ck_assert(U_SUCCESS(status));
	return n;
}

static void
check_urls(const struct nv_yaml_node *item)
{
	const char *text = nv_yaml_text(nv_yaml_get(item, "text"));
	const struct nv_yaml_node *expected = nv_yaml_get(item, "expected");
	const char *what = nv_yaml_text(nv_yaml_get(item, "description"));
	struct tw_url urls[URLS_MAX];
	static UChar nfc[UNITS_MAX];
	static UChar want[UNITS_MAX];
	size_t n = 0;
	size_t i = 0;

	ck_assert_int_eq(tw_text_urls(text, strlen(text), urls, URLS_MAX, &n), 0);
	(void)units_of(text, nfc);
	nv_yaml_each(one, expected)
	{
		const struct nv_yaml_node *named = nv_yaml_get(one, "url");
		const struct nv_yaml_node *place = nv_yaml_get(one, "indices");
		const char *url = nv_yaml_text(named ? named : one);

		ck_assert_msg(i < n, "%s: %s is not found", what, url);
		int32_t units = units_of(url, want);

		ck_assert_msg(urls[i].end - urls[i].start == (uint32_t)units &&
				      u_memcmp(nfc + urls[i].start, want, units) == 0,
			"%s: not %s, at %u to %u", what, url, urls[i].start, urls[i].end);
		if (place) { /* in characters, which are one unit each in these texts */
			char at[32];

			(void)snprintf(at, sizeof at, "%u", urls[i].start);
			ck_assert_str_eq(nv_yaml_text(place->first), at);
		}
		i++;
	}
	ck_assert_msg(i == n, "%s: %zu too many", what, n - i);
}

START_TEST(test_urls)
{
	static const char *const sections[] = {"urls", "urls_with_indices",
		"urls_with_directional_markers", "tco_urls_with_params"};
	struct nv_yaml *yaml = vectors("extract.yml");

	for (size_t i = 0; i < NV_LEN(sections); i++) {
		nv_yaml_each(item, section(yaml, sections[i]))
		{
			check_urls(item);
		}
	}
	nv_yaml_free(yaml);
}
END_TEST

/* Every domain of the file is in the pattern, and nothing else. */
START_TEST(test_domains)
{
	static const struct {
		const char *key;
		const char *pattern;
	} lists[] = {
		{"generic", "|" TW_TLD_GENERIC "|"}, {"country", "|" TW_TLD_COUNTRY "|"}};
	struct nv_yaml *yaml = vectors("tld_lib.yml");

	for (size_t i = 0; i < NV_LEN(lists); i++) {
		size_t bytes = 1;

		nv_yaml_each(item, nv_yaml_get(nv_yaml_root(yaml), lists[i].key))
		{
			char one[200];

			(void)snprintf(one, sizeof one, "|%s|", nv_yaml_text(item));
			ck_assert_msg(strstr(lists[i].pattern, one), "%s", one);
			bytes += strlen(one) - 1;
		}
		ck_assert_uint_eq(bytes, strlen(lists[i].pattern));
	}
	nv_yaml_free(yaml);
}
END_TEST

static const struct {
	const char *text;
	uint32_t weighted;
	uint32_t urls;
	bool valid;
} cases[] = {
	{"", 0, 0, false},
	{" \n\t", 3, 0, false},
	{"a", 1, 0, true},
	{"e\xCC\x81", 1, 0, true},                 /* NFC: one character */
	{"\xE1\x83\xBF", 1, 0, true},              /* U+10FF */
	{"\xE1\x84\x80", 2, 0, true},              /* U+1100 */
	{"\xE2\x80\x8D", 1, 0, true},              /* U+200D */
	{"\xE2\x80\x8E", 2, 0, true},              /* U+200E */
	{"\xE2\x80\xB2", 1, 0, true},              /* U+2032 */
	{"\xE2\x80\xB8", 2, 0, true},              /* U+2038 */
	{"\xF0\x9D\x92\x9C", 2, 0, true},          /* a letter beyond the first plane */
	{"a\xEF\xBB\xBF", 3, 0, false},            /* U+FEFF */
	{"\xEF\xBF\xBE", 2, 0, false},             /* U+FFFE */
	{"\xC2\xA9", 1, 0, true},                  /* a copyright sign, as text */
	{"\xC2\xA9\xEF\xB8\x8F", 2, 0, true},      /* and as emoji */
	{"1\xEF\xB8\x8F\xE2\x83\xA3", 2, 0, true}, /* keycap */
	{"\xF0\x9F\x87\xA9\xF0\x9F\x87\xAA", 2, 0, true}, /* a flag */
	{"\xF0\x9F\x87\xA9", 2, 0, true},                 /* half of one */
	/* eye in speech bubble, with and without its selectors */
	{"\xF0\x9F\x91\x81\xEF\xB8\x8F\xE2\x80\x8D\xF0\x9F\x97\xA8\xEF\xB8\x8F", 2, 0,
		true},
	{"\xF0\x9F\x91\x81\xE2\x80\x8D\xF0\x9F\x97\xA8", 2, 0, true},
	{"nova.example", 12, 0, true}, /* no such top level domain */
	{"nova.dev", 23, 1, true},
	{"see nova.dev, or https://nova.dev/a?b=c.", 4 + 23 + 5 + 23 + 1, 2, true},
};

START_TEST(test_cases)
{
	struct tw_length l = measure(cases[_i].text);

	ck_assert_uint_eq(l.weighted, cases[_i].weighted);
	ck_assert_uint_eq(l.urls, cases[_i].urls);
	ck_assert_int_eq(valid(l), cases[_i].valid);
}
END_TEST

/* No text keeps the process: it is measured, or refused as too intricate. */
START_TEST(test_slow)
{
	static const char *const units[] = {"a", "a.", "a-", "(", "/(", "http://a.co/(",
		"a.co/", "xn--", "\xE3\x81\x82", "a_", "http://", ",", "@"};
	static char text[TW_TEXT_BYTES_MAX + 1];

	for (size_t i = 0; i < NV_LEN(units); i++) {
		struct tw_length l;
		size_t bytes = (size_t)snprintf(text, sizeof text, "http://b.co/");

		while (bytes + strlen(units[i]) < TW_TEXT_BYTES_MAX)
			bytes += (size_t)snprintf(
				text + bytes, sizeof text - bytes, "%s", units[i]);
		int rc = tw_text_measure(text, bytes, &l);

		ck_assert_msg(
			rc == 0 || rc == -ETIME || rc == -ENOSPC, "%s: %d", units[i], rc);
	}
}
END_TEST

START_TEST(test_refused)
{
	static char text[TW_TEXT_BYTES_MAX + 1];
	struct tw_length l;

	ck_assert_int_eq(tw_text_measure("a\xC3", 2, &l), -EILSEQ);
	ck_assert_int_eq(tw_text_measure("\xED\xA0\x80", 3, &l), -EILSEQ);
	memset(text, ' ', sizeof text);
	ck_assert_int_eq(tw_text_measure(text, sizeof text, &l), -E2BIG);
	ck_assert_int_eq(tw_text_measure(text, sizeof text - 1, &l), 0);
	ck_assert_uint_eq(l.weighted, TW_TEXT_BYTES_MAX);
}
END_TEST

static const struct {
	const char *ours;
	const char *theirs;
	bool same;
} twins[] = {
	{"hello", "hello", true},
	{" hello\n", "hello", true},
	{"a < b & c > d", "a &lt; b &amp; c &gt; d", true},
	{"&amp;", "&amp;amp;", true},
	{"see https://nova.dev/x now", "see https://t.co/AbCdEf now", true},
	{"see nova.dev", "see https://t.co/AbCdEf", true},
	{"e\xCC\x81", "\xC3\xA9", true},
	{"hello", "hello!", false},
	{"hello", "", false},
	{"see nova.dev", "see", false},
	{"a  b", "a b", false},
	{"hello", "hell\xC3", false},
};

START_TEST(test_same)
{
	ck_assert_int_eq(tw_text_same(twins[_i].ours, twins[_i].theirs), twins[_i].same);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("twitter_text");
	TCase *tc = tcase_create("length");

	tcase_add_test(tc, test_weighted);
	tcase_add_test(tc, test_tweets);
	tcase_add_test(tc, test_urls);
	tcase_add_test(tc, test_domains);
	tcase_add_loop_test(tc, test_cases, 0, (int)NV_LEN(cases));
	tcase_add_loop_test(tc, test_same, 0, (int)NV_LEN(twins));
	tcase_add_test(tc, test_slow);
	tcase_add_test(tc, test_refused);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
