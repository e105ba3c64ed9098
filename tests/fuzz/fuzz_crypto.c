/* Signatures and keys as others send them: base64, DER. What is taken is what an encoder
 * writes. */
#include "nv_base64.h"
#include "nv_crypto.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static const char key_text[] =
	"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAErYmsLN6DziuzU5sEAp8gF74peYF1y8V4bWmvBthuDE+k"
	"dXswZ/4wO+0h7qJaA9SmMwV4GmeMFrvWd4X/CzR/bg==";

static void
base64(const char *text, size_t bytes)
{
	uint8_t *out = malloc(bytes + 1);
	char *again = malloc(NV_BASE64_CHARS(bytes) + 5);
	size_t n = 0;

	NV_ASSERT(out && again);
	for (int kind = NV_BASE64_STD; kind <= NV_BASE64_URL; kind++) {
		int rc = nv_base64_decode(
			(enum nv_base64)kind, text, bytes, out, bytes, &n);

		NV_ASSERT(rc == 0 || rc == -EINVAL);
		if (rc == 0) {
			NV_ASSERT(nv_base64_encode((enum nv_base64)kind, out, n, again) ==
				  bytes);
			NV_ASSERT(memcmp(again, text, bytes) == 0);
		}
	}
	if (bytes % 2 == 0 && nv_hex_decode(text, bytes, out, bytes / 2) == 0)
		nv_hex_encode(out, bytes / 2, again);
	free(out);
	free(again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct nv_ec_key *key = NULL;
	struct nv_err err = {.text = ""};
	const char *text = (const char *)data + 1;

	if (bytes == 0)
		return 0;
	switch (data[0] % 3) {
	case 0:
		base64(text, bytes - 1);
		break;
	case 1:
		if (nv_ec_key_parse(text, bytes - 1, &key, &err) == 0)
			nv_ec_key_free(key);
		else
			NV_ASSERT(err.text[0]);
		break;
	default:
		NV_ASSERT(nv_ec_key_parse(key_text, strlen(key_text), &key, &err) == 0);
		(void)nv_ec_verify(
			key, &(struct nv_piece){"x", 1}, 1, data + 1, bytes - 1);
		nv_ec_key_free(key);
	}
	return 0;
}
