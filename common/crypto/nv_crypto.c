/* See nv_crypto.h. */
#include "nv_crypto.h"

#include "nv_base64.h"

#include <errno.h>
#include <mbedtls/constant_time.h>
#include <mbedtls/md.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/sha256.h>
#include <string.h>
#include <sys/random.h>

void
nv_sha256(const struct nv_piece *pieces, size_t n, uint8_t ret[NV_SHA256_BYTES])
{
	mbedtls_sha256_context sha;

	mbedtls_sha256_init(&sha);
	NV_ASSERT(mbedtls_sha256_starts_ret(&sha, 0) == 0);
	for (size_t i = 0; i < n; i++)
		NV_ASSERT(mbedtls_sha256_update_ret(
				  &sha, pieces[i].data, pieces[i].bytes) == 0);
	NV_ASSERT(mbedtls_sha256_finish_ret(&sha, ret) == 0);
	mbedtls_sha256_free(&sha);
}

/* Fails only without memory for its two blocks: the process dies and is restarted. */
static void
hmac(mbedtls_md_type_t type, const void *key, size_t key_bytes,
	const struct nv_piece *pieces, size_t n, uint8_t *ret)
{
	mbedtls_md_context_t md;

	mbedtls_md_init(&md);
	NV_ASSERT(mbedtls_md_setup(&md, mbedtls_md_info_from_type(type), 1) == 0);
	NV_ASSERT(mbedtls_md_hmac_starts(&md, key, key_bytes) == 0);
	for (size_t i = 0; i < n; i++)
		NV_ASSERT(mbedtls_md_hmac_update(&md, pieces[i].data, pieces[i].bytes) ==
			  0);
	NV_ASSERT(mbedtls_md_hmac_finish(&md, ret) == 0);
	mbedtls_md_free(&md);
}

void
nv_hmac_sha256(const void *key, size_t key_bytes, const struct nv_piece *pieces, size_t n,
	uint8_t ret[NV_SHA256_BYTES])
{
	hmac(MBEDTLS_MD_SHA256, key, key_bytes, pieces, n, ret);
}

void
nv_hmac_sha1(const void *key, size_t key_bytes, const struct nv_piece *pieces, size_t n,
	uint8_t ret[NV_SHA1_BYTES])
{
	hmac(MBEDTLS_MD_SHA1, key, key_bytes, pieces, n, ret);
}

bool
nv_same(const void *a, const void *b, size_t bytes)
{
	return mbedtls_ct_memcmp(a, b, bytes) == 0;
}

/* Hashes are compared, so that neither a length nor a prefix shows in the time. */
bool
nv_same_secret(const char *a, size_t a_bytes, const char *b, size_t b_bytes)
{
	uint8_t hash_a[NV_SHA256_BYTES], hash_b[NV_SHA256_BYTES];

	if (a_bytes == 0 || b_bytes == 0)
		return false;
	nv_sha256(&(struct nv_piece){a, a_bytes}, 1, hash_a);
	nv_sha256(&(struct nv_piece){b, b_bytes}, 1, hash_b);
	return nv_same(hash_a, hash_b, sizeof(hash_a));
}

void
nv_random(void *ret, size_t bytes)
{
	char *at = ret;

	while (bytes) {
		ssize_t got = getrandom(at, bytes, 0);

		NV_ASSERT(got > 0 || errno == EINTR);
		if (got > 0) {
			at += got;
			bytes -= (size_t)got;
		}
	}
}

void
nv_random_hex(char *ret, size_t bytes)
{
	uint8_t part[32];

	while (bytes) {
		size_t n = NV_MIN(bytes, sizeof(part));

		nv_random(part, n);
		nv_hex_encode(part, n, ret);
		ret += 2 * n;
		bytes -= n;
	}
	mbedtls_platform_zeroize(part, sizeof(part));
}
