/* Fuzz target: headers of signatures, and credentials files. Nobody who has not got the
 * secret is taken for genuine. The input: a line for the signature, one for the time, the
 * rest is the body. */
#include "sign.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static const char key_text[] =
	"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEW2PliLOHAP6KUPZYjut0zn0uQC6m"
	"IH8zjmIy4xsU5zoEQn1kThBary/vX5YhkUz7lIiXDt0Vw020KgGmn/xuuQ==";

static char *
line(const uint8_t *data, size_t bytes, size_t *at)
{
	const uint8_t *from = data + *at;
	const uint8_t *end = memchr(from, '\n', bytes - *at);
	size_t n = end ? (size_t)(end - from) : bytes - *at;

	*at += n + (end != NULL);
	return strndup((const char *)from, n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static struct nv_ec_key *key;
	struct gw_secrets none = {0};
	struct gw_secrets secrets = {0};
	struct gw_secrets theirs = {0};
	char crc[GW_CRC_BYTES];
	size_t at = 0;
	char *signature = line(data, bytes, &at);
	char *timestamp = line(data, bytes, &at);

	NV_ASSERT(signature && timestamp);
	if (!key)
		NV_ASSERT(
			nv_ec_key_parse(key_text, sizeof(key_text) - 1, &key, NULL) == 0);
	gw_secrets_set(
		&secrets, strdup("a secret that the fuzzer cannot guess\nanother"));
	NV_ASSERT(secrets.n == 2);
	gw_secrets_set(&theirs, strndup((const char *)data, bytes));
	for (size_t i = 0; i < theirs.n; i++)
		NV_ASSERT(theirs.list[i][0] && !strpbrk(theirs.list[i], "\r\n"));
	const struct gw_signed m = {.signature = signature,
		.timestamp = timestamp,
		.body = (const char *)data + at,
		.body_bytes = bytes - at,
		.now_s = 1700000000};

	NV_ASSERT(gw_sign_stripe(&m, &secrets) != GW_GENUINE);
	NV_ASSERT(gw_sign_x(&m, &secrets) != GW_GENUINE);
	NV_ASSERT(gw_sign_slack(&m, &secrets) != GW_GENUINE);
	NV_ASSERT(gw_sign_sendgrid(&m, key) != GW_GENUINE);
	NV_ASSERT(gw_sign_custom(&m, "sha256=", true, &secrets) != GW_GENUINE);
	NV_ASSERT(gw_sign_custom(&m, "", false, &secrets) != GW_GENUINE);
	NV_ASSERT(gw_sign_stripe(&m, &none) == GW_NO_SECRET);
	NV_ASSERT(gw_sign_custom(&m, "", false, &none) == GW_NO_SECRET);
	(void)gw_sign_x_crc(timestamp, &secrets, crc); /* any token is answered or not */
	gw_secrets_fini(&theirs);
	gw_secrets_fini(&secrets);
	free(signature);
	free(timestamp);
	return 0;
}
