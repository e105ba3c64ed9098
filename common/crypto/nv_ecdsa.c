/* See nv_crypto.h: verifying ECDSA over P-256. */
#include "nv_base64.h"
#include "nv_crypto.h"

#include <errno.h>
#include <mbedtls/ecp.h>
#include <mbedtls/pk.h>
#include <stdlib.h>
#include <string.h>

/* A P-256 key is 91 bytes of DER; more is something else. */
#define DER_BYTES_MAX  512
#define TEXT_BYTES_MAX 1024

struct nv_ec_key {
	mbedtls_pk_context pk;
};

/* The base64 alone: what stands between PEM lines, without white space. 0 or -EINVAL. */
static int
take_base64(const char *text, size_t bytes, char *ret, size_t *ret_chars)
{
	static const char begin[] = "-----BEGIN PUBLIC KEY-----";
	static const char end[] = "-----END PUBLIC KEY-----";
	const char *found = memmem(text, bytes, begin, sizeof(begin) - 1);
	size_t n = 0;

	if (found) {
		bytes -= (size_t)(found - text) + sizeof(begin) - 1;
		text = found + sizeof(begin) - 1;
		found = memmem(text, bytes, end, sizeof(end) - 1);
		if (!found)
			return -EINVAL;
		bytes = (size_t)(found - text);
	}
	for (size_t i = 0; i < bytes; i++) {
		if (text[i] != ' ' && text[i] != '\t' && text[i] != '\r' &&
			text[i] != '\n')
			ret[n++] = text[i];
	}
	*ret_chars = n;
	return 0;
}

/* mbedTLS takes bytes behind the structure: its outer length must be all there is. A key
 * of this kind is shorter than 128 bytes, so the length has one byte. */
static bool
der_whole(const uint8_t *der, size_t bytes)
{
	return bytes >= 2 && bytes < 130 && der[0] == 0x30 && der[1] == bytes - 2;
}

int
nv_ec_key_parse(
	const char *text, size_t bytes, struct nv_ec_key **ret, struct nv_err *err)
{
	char base64[TEXT_BYTES_MAX];
	uint8_t der[DER_BYTES_MAX];
	size_t chars, der_bytes;
	const mbedtls_ecp_keypair *ec;

	if (bytes > sizeof(base64) || take_base64(text, bytes, base64, &chars) ||
		nv_base64_decode(
			NV_BASE64_STD, base64, chars, der, sizeof(der), &der_bytes))
		return nv_err_set(err, -EINVAL,
			"the public key is not base64 (expected that of a DER "
			"SubjectPublicKeyInfo)");
	struct nv_ec_key *key = calloc(1, sizeof(*key));

	if (!key)
		return -ENOMEM;
	mbedtls_pk_init(&key->pk);
	if (mbedtls_pk_parse_public_key(&key->pk, der, der_bytes) != 0) {
		nv_ec_key_free(key);
		return nv_err_set(
			err, -EINVAL, "the public key is no SubjectPublicKeyInfo");
	}
	ec = mbedtls_pk_get_type(&key->pk) == MBEDTLS_PK_ECKEY ? mbedtls_pk_ec(key->pk)
							       : NULL;
	if (!ec || ec->grp.id != MBEDTLS_ECP_DP_SECP256R1 ||
		mbedtls_ecp_check_pubkey(&ec->grp, &ec->Q) != 0) {
		nv_ec_key_free(key);
		return nv_err_set(err, -EINVAL,
			"the public key is not for ECDSA over P-256 (prime256v1)");
	}
	if (!der_whole(der, der_bytes)) {
		nv_ec_key_free(key);
		return nv_err_set(err, -EINVAL, "something follows the public key");
	}
	*ret = key;
	return 0;
}

void
nv_ec_key_free(struct nv_ec_key *key)
{
	if (!key)
		return;
	mbedtls_pk_free(&key->pk);
	free(key);
}

/* One INTEGER of at most 33 bytes in its only form: positive, no needless zero byte.
 * Returns the bytes it takes, 0 when it is not one. */
static size_t
der_integer(const uint8_t *at, size_t bytes)
{
	if (bytes < 3 || at[0] != 0x02 || at[1] == 0 || at[1] > 33 || bytes < 2u + at[1])
		return 0;
	if (at[2] & 0x80)
		return 0;
	if (at[2] == 0 && at[1] > 1 && !(at[3] & 0x80))
		return 0;
	return 2u + at[1];
}

/* mbedTLS checks lengths and ranges of r and s, but takes BER: padded integers and long
 * lengths. */
static bool
der_signature(const uint8_t *der, size_t bytes)
{
	size_t r, s;

	if (bytes < 8 || bytes > 72 || der[0] != 0x30 || der[1] != bytes - 2)
		return false;
	r = der_integer(der + 2, bytes - 2);
	if (!r)
		return false;
	s = der_integer(der + 2 + r, bytes - 2 - r);
	return s && 2 + r + s == bytes;
}

bool
nv_ec_verify(const struct nv_ec_key *key, const struct nv_piece *pieces, size_t n,
	const uint8_t *signature, size_t signature_bytes)
{
	uint8_t hash[NV_SHA256_BYTES];
	/* mbedtls_pk_verify takes no const context, and changes nothing in it. */
	mbedtls_pk_context pk = key->pk;

	if (!der_signature(signature, signature_bytes))
		return false;
	nv_sha256(pieces, n, hash);
	return mbedtls_pk_verify(&pk, MBEDTLS_MD_SHA256, hash, sizeof(hash), signature,
		       signature_bytes) == 0;
}
