/* HMAC (RFC 4231, RFC 2202), SHA-256 (FIPS 180-4), comparing, ECDSA over P-256. */
#include "nv_base64.h"
#include "nv_crypto.h"
#include "run_suite.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* As many bytes as a vector asks for. */
struct fill {
	const char *text; /* or NULL: the byte, so often */
	uint8_t byte;
	size_t bytes;
};

static size_t
put(uint8_t *to, const struct fill *f)
{
	if (!f->text) {
		memset(to, f->byte, f->bytes);
		return f->bytes;
	}
	memcpy(to, f->text, strlen(f->text));
	return strlen(f->text);
}

/* RFC 4231, 4.2 - 4.8 (4.6 is about cutting the result). */
static const struct {
	struct fill key, data;
	const char *hex;
} rfc4231[] = {
	{{NULL, 0x0b, 20}, {.text = "Hi There"},
		"b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
	{{.text = "Jefe"}, {.text = "what do ya want for nothing?"},
		"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
	{{NULL, 0xaa, 20}, {NULL, 0xdd, 50},
		"773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
	{{.text = "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11"
		  "\x12\x13\x14\x15\x16\x17\x18\x19"},
		{NULL, 0xcd, 50},
		"82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
	{{NULL, 0xaa, 131},
		{.text = "Test Using Larger Than Block-Size Key - Hash Key First"},
		"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
	{{NULL, 0xaa, 131},
		{.text = "This is a test using a larger than block-size key and a larger "
			 "than block-size data. The key needs to be hashed before being "
			 "used by the HMAC algorithm."},
		"9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
};

START_TEST(test_hmac_sha256)
{
	uint8_t key[200], data[200], mac[NV_SHA256_BYTES];
	size_t key_bytes = put(key, &rfc4231[_i].key);
	size_t bytes = put(data, &rfc4231[_i].data);
	char hex[2 * NV_SHA256_BYTES + 1];

	/* However it is cut into pieces. */
	for (size_t cut = 0; cut <= bytes; cut++) {
		const struct nv_piece pieces[] = {
			{data, cut}, {"", 0}, {data + cut, bytes - cut}};

		nv_hmac_sha256(key, key_bytes, pieces, 3, mac);
		nv_hex_encode(mac, sizeof(mac), hex);
		ck_assert_str_eq(hex, rfc4231[_i].hex);
	}
}
END_TEST

START_TEST(test_hmac_sha1)
{
	uint8_t mac[NV_SHA1_BYTES];
	char text[64];

	/* RFC 2202, 3, case 2. */
	nv_hmac_sha1("Jefe", 4, &(struct nv_piece){"what do ya want for nothing?", 28}, 1,
		mac);
	nv_hex_encode(mac, sizeof(mac), text);
	ck_assert_str_eq(text, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
}
END_TEST

START_TEST(test_sha256)
{
	uint8_t hash[NV_SHA256_BYTES];
	char hex[2 * NV_SHA256_BYTES + 1];
	const struct nv_piece pieces[] = {{"a", 1}, {"bc", 2}};

	nv_sha256(pieces, 2, hash);
	nv_hex_encode(hash, sizeof(hash), hex);
	ck_assert_str_eq(
		hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	nv_sha256(NULL, 0, hash);
	nv_hex_encode(hash, sizeof(hash), hex);
	ck_assert_str_eq(
		hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}
END_TEST

START_TEST(test_same)
{
	ck_assert(nv_same("abc", "abc", 3));
	ck_assert(!nv_same("abc", "abd", 3));
	ck_assert(nv_same_secret("abc", 3, "abc", 3));
	ck_assert(!nv_same_secret("abc", 3, "abcd", 4));
	ck_assert(!nv_same_secret("abc", 3, "ab", 2));
	ck_assert(!nv_same_secret("abc", 3, "", 0));
	/* A secret that is not set lets nobody in. */
	ck_assert(!nv_same_secret("", 0, "", 0));
}
END_TEST

START_TEST(test_random)
{
	char a[129], b[129];

	nv_random_hex(a, 64);
	nv_random_hex(b, 64);
	ck_assert_uint_eq(strlen(a), 128);
	ck_assert_uint_eq(strspn(a, "0123456789abcdef"), 128);
	ck_assert_str_ne(a, b);
}
END_TEST

/* ---- ECDSA ---- */

#define KEY \
	"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAErYmsLN6DziuzU5sEAp8gF74peYF1y8V4bWmvBthuDE" \
	"+k" \
	"dXswZ/4wO+0h7qJaA9SmMwV4GmeMFrvWd4X/CzR/bg=="
#define R "02207967b793a9da7445517127a60046486e6004b0cea1dd1bae33d43a51973b54b3"
#define S "02205719651bbdd22efdf3f445b3641dee14d2c09e02ecc58678117193178f737ad2"
/* The order of the curve. */
#define N       "022100ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
#define OTHER_S "022100a8e69ae3422dd1030c0bba4c9be211eaea265caaba52180ce24837ab6cefaa7f"

/* Signed with openssl: "1700000000" and a body that ends in CR LF. */
static const char body[] = "[{\"event\":\"delivered\"}]\r\n";

static const struct {
	const char *what;
	const char *hex;
	bool good;
} signatures[] = {
	{"openssl's", "3044" R S, true},
	{"n - s, valid as well", "3045" R OTHER_S, true},
	{"something behind it", "3044" R S "00", false},
	{"something inside, behind s", "3046" R S "0500", false},
	{"cut",
		"3044" R
		"02205719651bbdd22efdf3f445b3641dee14d2c09e02ecc58678117193178f737a",
		false},
	{"outer length one less", "3043" R S, false},
	{"outer length one more", "3045" R S, false},
	{"long form of the outer length", "308144" R S, false},
	{"indefinite length", "3080" R S "0000", false},
	{"r padded with a zero byte",
		"30450221007967b793a9da7445517127a60046486e6004b0cea1dd1bae33d43a51973b54"
		"b3" S,
		false},
	{"s negative",
		"3044" R
		"0220d719651bbdd22efdf3f445b3641dee14d2c09e02ecc58678117193178f737ad2",
		false},
	{"r = s = 0", "3006020100020100", false},
	{"r = 0", "3025020100" S, false},
	{"s = 0", "3025" R "020100", false},
	{"r = n", "3045" N S, false},
	{"s = n", "3045" R N, false},
	{"r = s = n", "3046" N N, false},
	{"r = s = 1", "3006020101020101", false},
	{"r and s swapped", "3044" S R, false},
	{"no integer", "30440320" S R, false},
	{"a SET", "3144" R S, false},
	{"nothing", "", false},
	{"an empty SEQUENCE", "3000", false},
	{"empty integers", "300402000200", false},
};

static struct nv_ec_key *
key_of(const char *text)
{
	struct nv_ec_key *key = NULL;
	struct nv_err err = {0};
	int rc = nv_ec_key_parse(text, strlen(text), &key, &err);

	ck_assert_msg(rc == 0, "%s", err.text);
	return key;
}

static bool
verify(const struct nv_ec_key *key, const char *time, const char *text, const char *hex)
{
	uint8_t der[160];
	const struct nv_piece pieces[] = {{time, strlen(time)}, {text, strlen(text)}};
	size_t bytes = strlen(hex) / 2;

	ck_assert_int_eq(nv_hex_decode(hex, strlen(hex), der, bytes), 0);
	return nv_ec_verify(key, pieces, 2, der, bytes);
}

START_TEST(test_verify)
{
	struct nv_ec_key *key = key_of(KEY);

	ck_assert_msg(verify(key, "1700000000", body, signatures[_i].hex) ==
			      signatures[_i].good,
		"%s", signatures[_i].what);
	nv_ec_key_free(key);
}
END_TEST

START_TEST(test_verify_other_text)
{
	struct nv_ec_key *key = key_of("-----BEGIN PUBLIC KEY-----\n" KEY "\n"
				       "-----END PUBLIC KEY-----\n");

	ck_assert(verify(key, "1700000000", body, "3044" R S));
	ck_assert(!verify(key, "1700000001", body, "3044" R S));
	ck_assert(!verify(key, "1700000000", "[{\"event\":\"delivered\"}]", "3044" R S));
	nv_ec_key_free(key);
	nv_ec_key_free(NULL);
}
END_TEST

static const struct {
	const char *text;
	const char *says;
} keys[] = {
	{"", "SubjectPublicKeyInfo"},
	{"AAAA", "SubjectPublicKeyInfo"},
	{"not base64!", "not base64"},
	{"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAErYms", "SubjectPublicKeyInfo"},
	/* secp384r1, secp256k1, RSA */
	{"MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAE2ykb7p2ahy/kQK1t+i8qwLXtNEdFcn1BeBWoCcQABk31"
	 "UNzRW2jbeGrPm0gtSP4EFWi6xRjEhjnoPPLmq+ZluKj5Nzehnb4gx/enzM5TJDwEZKrnQYyrUSrJfm9"
	 "/Lu6g",
		"P-256"},
	{"MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAEniftooUgi9jHIR0/CCaP2mPiWrnRYM7KywRAfMLInWQ3R5"
	 "CrbO2tLAmN29g0IoHaor8Vg/uyBsyGd37eJfUo8A==",
		"P-256"},
	{"MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDvfM1lR8w1wO7U6//06EzTc7wD8JlL7EUv/X6OHM"
	 "dSHIjCH0HTfiKAGuz+AEi0vJnl7O6rgYxc2zqCAvX49BHDiI1MshWUT0R0k70eVuu0NKcram7K75f2"
	 "zviu+ZVY7qrrVMkRYCm6UgRjzZwM3FZ+cMCcXNB4Rfsp/WpoObICMwIDAQAB",
		"P-256"},
	/* The point is not on the curve. */
	{"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAErYmsLN6DziuzU5sEAp8gF74peYF1y8V4bWmvBthuDE+"
	 "k"
	 "dXswZ/4wO+0h7qJaA9SmMwV4GmeMFrvWd4X/CzR/bw==",
		"public key"},
	{"-----BEGIN PUBLIC KEY-----\n" KEY, "not base64"},
};

START_TEST(test_keys)
{
	struct nv_ec_key *key = NULL;
	struct nv_err err = {0};

	ck_assert_int_eq(
		nv_ec_key_parse(keys[_i].text, strlen(keys[_i].text), &key, &err),
		-EINVAL);
	ck_assert_ptr_null(key);
	ck_assert_msg(strstr(err.text, keys[_i].says), "%s", err.text);
}
END_TEST

START_TEST(test_key_with_a_tail)
{
	uint8_t der[128];
	char text[256];
	size_t bytes;
	struct nv_ec_key *key = NULL;
	struct nv_err err = {0};

	ck_assert_int_eq(nv_base64_decode(NV_BASE64_STD, KEY, strlen(KEY), der,
				 sizeof(der), &bytes),
		0);
	der[bytes] = 0;
	(void)nv_base64_encode(NV_BASE64_STD, der, bytes + 1, text);
	ck_assert_int_eq(nv_ec_key_parse(text, strlen(text), &key, &err), -EINVAL);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("nv_crypto");
	TCase *tc = tcase_create("nv_crypto");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, test_hmac_sha256, 0, (int)NV_LEN(rfc4231));
	tcase_add_test(tc, test_hmac_sha1);
	tcase_add_test(tc, test_sha256);
	tcase_add_test(tc, test_same);
	tcase_add_test(tc, test_random);
	tcase_add_loop_test(tc, test_verify, 0, (int)NV_LEN(signatures));
	tcase_add_test(tc, test_verify_other_text);
	tcase_add_loop_test(tc, test_keys, 0, (int)NV_LEN(keys));
	tcase_add_test(tc, test_key_with_a_tail);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
