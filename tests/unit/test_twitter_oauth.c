/* Signatures of OAuth 1.0a: X's published example (docs.x.com, "Creating a signature"),
 * RFC 5849's own, and what must not be signed wrongly. npm oauth-1.0a checks every
 * request of the process tests as well. */
#include "run_suite.h"
#include "twitter_oauth.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct tw_oauth published = {.consumer_key = "xvz1evFS4wEEPTGEFPHBog",
	.consumer_secret = "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
	.token = "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
	.token_secret = "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE"};

#define NONCE "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg"
#define FORM \
	"status=Hello%20Ladies%20%2B%20Gentlemen%2C%20a%20signed%20OAuth%20request%21"

static const struct {
	const char *url;
	const char *form;
	const char *signature; /* percent-encoded, as it stands in the header */
} cases[] = {
	{"https://api.x.com/1.1/statuses/update.json?include_entities=true", FORM,
		"Ls93hJiZbQ3akF3HF3x1Bz8%2FzU4%3D"},
	{"https://api.twitter.com/1.1/statuses/update.json?include_entities=true", FORM,
		"hCtSmYh%2BiHYCEqBWrE7C7hYmtUk%3D"},
	/* upper case, and the port of the scheme, are no part of it */
	{"HTTPS://API.X.com:443/1.1/statuses/update.json?include_entities=true", FORM,
		"Ls93hJiZbQ3akF3HF3x1Bz8%2FzU4%3D"},
	/* a space of a form may be a plus */
	{"https://api.x.com/1.1/statuses/update.json?include_entities=true",
		"status=Hello+Ladies+%2b+Gentlemen,+a+signed+OAuth+request!",
		"Ls93hJiZbQ3akF3HF3x1Bz8%2FzU4%3D"},
};

START_TEST(test_published)
{
	struct nv_buf buf;
	char want[800];

	nv_buf_init(&buf, TW_OAUTH_HEADER_MAX);
	ck_assert_int_eq(tw_oauth_header(&published, "POST", cases[_i].url,
				 cases[_i].form, 1318622958, NONCE, &buf),
		0);
	(void)snprintf(want, sizeof want,
		"OAuth oauth_consumer_key=\"%s\", oauth_nonce=\"" NONCE
		"\", oauth_signature_method=\"HMAC-SHA1\", "
		"oauth_timestamp=\"1318622958\", oauth_token=\"%s\", "
		"oauth_version=\"1.0\", oauth_signature=\"%s\"",
		published.consumer_key, published.token, cases[_i].signature);
	ck_assert_str_eq(buf.data, want);
	nv_buf_fini(&buf);
}
END_TEST

static void
header(const char *method, const char *url, char out[1024])
{
	struct nv_buf buf;

	nv_buf_init(&buf, TW_OAUTH_HEADER_MAX);
	ck_assert_int_eq(tw_oauth_header(&published, method, url, NULL, 1, "n", &buf), 0);
	(void)snprintf(out, 1024, "%s", buf.data);
	nv_buf_fini(&buf);
}

/* Everything that is sent changes the signature; the order of the query does not. */
START_TEST(test_covers)
{
	char a[1024];
	char b[1024];

	header("GET", "https://api.x.com/2/tweets?ids=1,2&a=b", a);
	header("GET", "https://api.x.com/2/tweets?a=b&ids=1%2C2", b);
	ck_assert_str_eq(a, b);
	header("DELETE", "https://api.x.com/2/tweets?ids=1,2&a=b", b);
	ck_assert_str_ne(a, b);
	header("GET", "https://api.x.com/2/tweets?ids=1,2&a=c", b);
	ck_assert_str_ne(a, b);
	header("GET", "https://api.x.com/2/tweet?ids=1,2&a=b", b);
	ck_assert_str_ne(a, b);
	header("GET", "http://api.x.com/2/tweets?ids=1,2&a=b", b);
	ck_assert_str_ne(a, b);
	header("GET", "https://api.x.com:444/2/tweets?ids=1,2&a=b", b);
	ck_assert_str_ne(a, b);
	/* the same key twice: by value */
	header("GET", "https://api.x.com/?a=2&a=1", a);
	header("GET", "https://api.x.com/?a=1&a=2", b);
	ck_assert_str_eq(a, b);
}
END_TEST

START_TEST(test_refused)
{
	struct nv_buf buf;
	char url[2048] = "https://api.x.com/?";

	nv_buf_init(&buf, TW_OAUTH_HEADER_MAX);
	ck_assert_int_eq(
		tw_oauth_header(&published, "GET", "/2/tweets", NULL, 1, "n", &buf),
		-EINVAL);
	ck_assert_int_eq(
		tw_oauth_header(&published, "GET", "ftp://x.com/", NULL, 1, "n", &buf),
		-EINVAL);
	for (int i = 0; i <= TW_OAUTH_QUERY_MAX; i++)
		(void)snprintf(url + strlen(url), sizeof url - strlen(url), "a=%d&", i);
	ck_assert_int_eq(
		tw_oauth_header(&published, "GET", url, NULL, 1, "n", &buf), -E2BIG);
	ck_assert_uint_eq(buf.bytes, 0);
	nv_buf_fini(&buf);
	nv_buf_init(&buf, 10);
	ck_assert_int_eq(
		tw_oauth_header(&published, "GET", "https://x.com/", NULL, 1, "n", &buf),
		-ENOBUFS);
	nv_buf_fini(&buf);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("twitter_oauth");
	TCase *tc = tcase_create("signature");

	tcase_add_loop_test(tc, test_published, 0, (int)NV_LEN(cases));
	tcase_add_test(tc, test_covers);
	tcase_add_test(tc, test_refused);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
