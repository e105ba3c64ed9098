/* Signatures of webhooks: genuine, forged, late, early, and headers made to confuse. The
 * MACs here were made with `openssl dgst -hmac`; X's and Slack's are their own examples
 * where they publish one. */
#include "nv_base64.h"
#include "run_suite.h"
#include "sign.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define NOW  INT64_C(1700000000)
#define BODY "{\"id\":\"evt_1\"}"

static struct gw_secrets
secrets_of(const char *text)
{
	struct gw_secrets s = {0};

	gw_secrets_set(&s, text ? strdup(text) : NULL);
	return s;
}

static void
mac_hex(const char *secret, const char *text, char ret[65])
{
	uint8_t mac[32];
	const struct nv_piece piece = {text, strlen(text)};

	nv_hmac_sha256(secret, strlen(secret), &piece, 1, mac);
	nv_hex_encode(mac, sizeof(mac), ret);
}

/* "T", the MAC with whsec_a or whsec_b over "T.BODY": replaced in a header below. */
static const struct {
	const char *header; /* %a %b: MACs of the time 1700000000 */
	const char *secrets;
	int64_t now;
	enum gw_verdict verdict;
} stripe[] = {
	{"t=1700000000,v1=%a", "whsec_a", NOW, GW_GENUINE},
	{"t=1700000000,v1=%a", "whsec_a", NOW + 300, GW_GENUINE},
	{"t=1700000000,v1=%a", "whsec_a", NOW + 301, GW_STALE},
	{"t=1700000000,v1=%a", "whsec_a", NOW - 300, GW_GENUINE},
	{"t=1700000000,v1=%a", "whsec_a", NOW - 301, GW_FUTURE},
	{"t=1700000000,v1=%b,v1=%a", "whsec_a", NOW, GW_GENUINE},
	{"t=1700000000,v1=%a", "whsec_b\nwhsec_a\n", NOW, GW_GENUINE},
	{"t=1700000000,v1=%b", " whsec_a \r\n\r\nwhsec_b", NOW, GW_GENUINE},
	{"t=1700000000,v1=%b", "whsec_a\nother\nwhsec_b", NOW, GW_FORGED},
	{"t=1700000000,v0=%a", "whsec_a", NOW, GW_FORGED},
	{"t=1700000000,v0=00,v1=%a,v2=zz", "whsec_a", NOW, GW_GENUINE},
	{"v1=%a,t=1700000000", "whsec_a", NOW, GW_GENUINE},
	{"t=1700000000,v1=zz,v1=%a", "whsec_a", NOW, GW_GENUINE},
	{"t=1700000001,v1=%a", "whsec_a", NOW, GW_FORGED},
	{"t=01700000000,v1=%a", "whsec_a", NOW, GW_FORGED},
	{"t=1700000000,t=1700000000,v1=%a", "whsec_a", NOW, GW_MALFORMED},
	{"t=1700000000", "whsec_a", NOW, GW_FORGED},
	{"v1=%a", "whsec_a", NOW, GW_MALFORMED},
	{"t=,v1=%a", "whsec_a", NOW, GW_MALFORMED},
	{"t=-1,v1=%a", "whsec_a", NOW, GW_MALFORMED},
	{"t=9999999999999,v1=%a", "whsec_a", NOW, GW_MALFORMED},
	{"t=1700000000 ,v1=%a", "whsec_a", NOW, GW_MALFORMED},
	{"", "whsec_a", NOW, GW_MALFORMED},
	{"t=1700000000,v1=%a", "", NOW, GW_NO_SECRET},
	{"t=1700000000,v1=%a", "\n \n", NOW, GW_NO_SECRET},
	{NULL, "whsec_a", NOW, GW_MISSING},
};

static void
fill_in(const char *header, char *ret, size_t ret_bytes)
{
	char a[65];
	char b[65];
	size_t at = 0;

	mac_hex("whsec_a", "1700000000." BODY, a);
	mac_hex("whsec_b", "1700000000." BODY, b);
	for (ret[0] = '\0'; *header; header++) {
		const char *mac = header[0] == '%' ? (header[1] == 'a' ? a : b) : NULL;

		at += (size_t)snprintf(ret + at, ret_bytes - at, "%.*s", mac ? 64 : 1,
			mac ? mac : header);
		header += mac != NULL;
	}
}

START_TEST(stripe_signatures)
{
	struct gw_secrets s = secrets_of(stripe[_i].secrets);
	char header[512] = "";

	if (stripe[_i].header)
		fill_in(stripe[_i].header, header, sizeof(header));
	struct gw_signed m = {.signature = stripe[_i].header ? header : NULL,
		.body = BODY,
		.body_bytes = strlen(BODY),
		.now_s = stripe[_i].now};

	ck_assert_str_eq(gw_verdict_name(gw_sign_stripe(&m, &s)),
		gw_verdict_name(stripe[_i].verdict));
	/* The same header over any other body. */
	m.body_bytes--;
	ck_assert_int_ne(gw_sign_stripe(&m, &s), GW_GENUINE);
	m.body_bytes = 0;
	ck_assert_int_ne(gw_sign_stripe(&m, &s), GW_GENUINE);
	gw_secrets_fini(&s);
}
END_TEST

/* Slack's own example: api.slack.com/authentication/verifying-requests-from-slack. */
#define SLACK_SECRET "8f742231b10e8888abcd99yyyzzz85a5"
#define SLACK_BODY \
	"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow" \
	"&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA" \
	"&user_name=roadrunner&command=%2Fwebhook-collect&text=" \
	"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J" \
	"%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN" \
	"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
#define SLACK_MAC "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"

START_TEST(slack_signatures)
{
	struct gw_secrets s = secrets_of(SLACK_SECRET);
	struct gw_signed m = {.signature = SLACK_MAC,
		.timestamp = "1531420618",
		.body = SLACK_BODY,
		.body_bytes = strlen(SLACK_BODY),
		.now_s = 1531420618 + 300};

	ck_assert_int_eq(gw_sign_slack(&m, &s), GW_GENUINE);
	m.now_s++;
	ck_assert_int_eq(gw_sign_slack(&m, &s), GW_STALE);
	m.now_s = 1531420618 - 301;
	ck_assert_int_eq(gw_sign_slack(&m, &s), GW_FUTURE);
	m.timestamp = "1531420617";
	ck_assert_int_eq(gw_sign_slack(&m, &s), GW_FORGED);
	m.timestamp = "soon";
	ck_assert_int_eq(gw_sign_slack(&m, &s), GW_MALFORMED);
	m.timestamp = NULL;
	ck_assert_int_eq(gw_sign_slack(&m, &s), GW_MISSING);
	m.timestamp = "1531420618";
	m.signature = SLACK_MAC "0";
	ck_assert_int_eq(gw_sign_slack(&m, &s), GW_MALFORMED);
	gw_secrets_fini(&s);
	ck_assert_int_eq(gw_sign_slack(&m, &s), GW_NO_SECRET);
}
END_TEST

START_TEST(x_signatures_and_challenges)
{
	struct gw_secrets s = secrets_of("consumer");
	uint8_t mac[32];
	char header[64] = "sha256=";
	char crc[GW_CRC_BYTES];
	char token[GW_CRC_TOKEN_BYTES + 2];
	const struct nv_piece piece = {BODY, strlen(BODY)};

	nv_hmac_sha256("consumer", 8, &piece, 1, mac);
	(void)nv_base64_encode(NV_BASE64_STD, mac, sizeof(mac), header + 7);
	struct gw_signed m = {
		.signature = header, .body = BODY, .body_bytes = strlen(BODY)};

	ck_assert_int_eq(gw_sign_x(&m, &s), GW_GENUINE);
	/* A challenge is answered with what a body would be signed with. */
	ck_assert_int_eq(gw_sign_x_crc(BODY, &s, crc), 0);
	ck_assert_str_eq(crc, header);
	m.body_bytes--;
	ck_assert_int_eq(gw_sign_x(&m, &s), GW_FORGED);
	m.signature = header + 7;
	ck_assert_int_eq(gw_sign_x(&m, &s), GW_MALFORMED);
	m.signature = "sha256=AAAA";
	ck_assert_int_eq(gw_sign_x(&m, &s), GW_MALFORMED);
	m.signature = NULL;
	ck_assert_int_eq(gw_sign_x(&m, &s), GW_MISSING);
	memset(token, 'a', sizeof(token));
	token[GW_CRC_TOKEN_BYTES] = '\0';
	ck_assert_int_eq(gw_sign_x_crc(token, &s, crc), 0);
	token[GW_CRC_TOKEN_BYTES] = 'a';
	token[GW_CRC_TOKEN_BYTES + 1] = '\0';
	ck_assert_int_eq(gw_sign_x_crc(token, &s, crc), -EINVAL);
	ck_assert_int_eq(gw_sign_x_crc("", &s, crc), -EINVAL);
	gw_secrets_fini(&s);
	ck_assert_int_eq(gw_sign_x_crc("a", &s, crc), -ENOKEY);
}
END_TEST

START_TEST(custom_signatures)
{
	struct gw_secrets s = secrets_of("k");
	char hex[65];
	char timed[65];
	char header[80];
	char b64[80];
	uint8_t mac[32];

	mac_hex("k", BODY, hex);
	mac_hex("k", "1700000000." BODY, timed);
	(void)nv_hex_decode(hex, 64, mac, sizeof(mac));
	(void)nv_base64_encode(NV_BASE64_STD, mac, sizeof(mac), b64);
	(void)snprintf(header, sizeof(header), "sha256=%s", hex);
	struct gw_signed m = {.signature = header,
		.timestamp = "1700000000",
		.body = BODY,
		.body_bytes = strlen(BODY),
		.now_s = NOW};

	ck_assert_int_eq(gw_sign_custom(&m, "sha256=", false, &s), GW_GENUINE);
	ck_assert_int_eq(gw_sign_custom(&m, "v1=", false, &s), GW_MALFORMED);
	ck_assert_int_eq(gw_sign_custom(&m, "", false, &s), GW_MALFORMED);
	ck_assert_int_eq(gw_sign_custom(&m, "sha256=", true, &s), GW_FORGED);
	m.signature = b64;
	ck_assert_int_eq(gw_sign_custom(&m, "", false, &s), GW_GENUINE);
	m.signature = timed;
	ck_assert_int_eq(gw_sign_custom(&m, "", false, &s), GW_FORGED);
	ck_assert_int_eq(gw_sign_custom(&m, "", true, &s), GW_GENUINE);
	m.now_s = NOW + 301;
	ck_assert_int_eq(gw_sign_custom(&m, "", true, &s), GW_STALE);
	m.timestamp = NULL;
	ck_assert_int_eq(gw_sign_custom(&m, "", true, &s), GW_MISSING);
	m.signature = "";
	ck_assert_int_eq(gw_sign_custom(&m, "", false, &s), GW_MALFORMED);
	gw_secrets_fini(&s);
	ck_assert_int_eq(gw_sign_custom(&m, "", false, &s), GW_NO_SECRET);
}
END_TEST

/* Made by: openssl ecparam -name prime256v1 -genkey; openssl dgst -sha256 -sign over
 * "1700000000" and the body below. */
#define SG_BODY "[{\"event\":\"processed\",\"sg_event_id\":\"a\"}]\r\n"
#define SG_KEY \
	"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEW2PliLOHAP6KUPZYjut0zn0uQC6mIH8zjmIy4xsU5z" \
	"oEQn1kThBary/vX5YhkUz7lIiXDt0Vw020KgGmn/xuuQ=="
#define SG_SIG \
	"MEUCIGJpD+Rk6pVqIQpif0zfag6xrccBP/" \
	"hGSXz+qG5ZMtDvAiEApAGJnPHGlQzOs9eda0vXn4n65rbbzXFELJIeBj7vXPE="

START_TEST(sendgrid_signatures)
{
	struct nv_ec_key *key = NULL;
	struct nv_err err;
	struct gw_signed m = {.signature = SG_SIG,
		.timestamp = "1700000000",
		.body = SG_BODY,
		.body_bytes = strlen(SG_BODY)};

	ck_assert_int_eq(gw_sign_sendgrid(&m, NULL), GW_NO_SECRET);
	ck_assert_int_eq(nv_ec_key_parse(SG_KEY, strlen(SG_KEY), &key, &err), 0);
	ck_assert_int_eq(gw_sign_sendgrid(&m, key), GW_GENUINE);
	m.body_bytes -= 2; /* the line's end is signed as well */
	ck_assert_int_eq(gw_sign_sendgrid(&m, key), GW_FORGED);
	m.body_bytes += 2;
	m.timestamp = "1700000001";
	ck_assert_int_eq(gw_sign_sendgrid(&m, key), GW_FORGED);
	m.timestamp = "17000000000000";
	ck_assert_int_eq(gw_sign_sendgrid(&m, key), GW_MALFORMED);
	m.timestamp = NULL;
	ck_assert_int_eq(gw_sign_sendgrid(&m, key), GW_MISSING);
	m.timestamp = "1700000000";
	m.signature = "not base64";
	ck_assert_int_eq(gw_sign_sendgrid(&m, key), GW_MALFORMED);
	m.signature = "MAYCAQACAQA="; /* r = s = 0 */
	ck_assert_int_eq(gw_sign_sendgrid(&m, key), GW_FORGED);
	nv_ec_key_free(key);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("gw_sign");
	TCase *c = tcase_create("signatures");

	tcase_add_loop_test(c, stripe_signatures, 0, NV_LEN(stripe));
	tcase_add_test(c, slack_signatures);
	tcase_add_test(c, x_signatures_and_challenges);
	tcase_add_test(c, custom_signatures);
	tcase_add_test(c, sendgrid_signatures);
	suite_add_tcase(suite, c);
	return run_suite(suite);
}
