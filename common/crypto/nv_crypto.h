/* The little cryptography that signatures of others need; the algorithms are mbedTLS's.
 * Signed messages often are several pieces after each other ("1700000000" "." body):
 * every function takes a list of them. */
#ifndef NV_CRYPTO_H
#define NV_CRYPTO_H

#include "nv_err.h"

#define NV_SHA256_BYTES 32
#define NV_SHA1_BYTES   20

struct nv_piece {
	const void *data;
	size_t bytes;
};

void nv_sha256(const struct nv_piece *pieces, size_t n, uint8_t ret[NV_SHA256_BYTES]);
/* RFC 2104. Any key, an empty one too: whoever verifies must refuse an empty secret. */
void nv_hmac_sha256(const void *key, size_t key_bytes, const struct nv_piece *pieces,
	size_t n, uint8_t ret[NV_SHA256_BYTES]);
/* Only for protocols that ask for it (OAuth 1.0a). */
void nv_hmac_sha1(const void *key, size_t key_bytes, const struct nv_piece *pieces,
	size_t n, uint8_t ret[NV_SHA1_BYTES]);

/* Same bytes? Takes the same time wherever they differ. */
bool nv_same(const void *a, const void *b, size_t bytes);
/* The same for texts of any two lengths: tells nothing about the secret one but by
 * chance. Two empty ones are not the same: no secret is set. */
bool nv_same_secret(const char *a, size_t a_bytes, const char *b, size_t b_bytes);

/* n bytes from the kernel; it never fails once the machine is up (getrandom(2)). */
void nv_random(void *ret, size_t bytes);
/* 2 * bytes hex digits and NUL. */
void nv_random_hex(char *ret, size_t bytes);

/* ECDSA over P-256 with SHA-256, the key as base64 of a DER SubjectPublicKeyInfo. */
struct nv_ec_key;
/* White space around and PEM lines are taken. -EINVAL: not base64, not such a key,
 * another curve, bytes after it (err says which); -ENOMEM. */
int nv_ec_key_parse(
	const char *text, size_t bytes, struct nv_ec_key **ret, struct nv_err *err);
void nv_ec_key_free(struct nv_ec_key *key);
/* signature: DER, strictly (X.690: shortest forms, nothing behind it, r and s in 1..n-1).
 * A signature can be turned into another valid one (n - s): never tell messages apart by
 * it. */
bool nv_ec_verify(const struct nv_ec_key *key, const struct nv_piece *pieces, size_t n,
	const uint8_t *signature, size_t signature_bytes);

#endif
