/* The trees of RFC 6962: the known answers of Certificate Transparency's own test data,
 * and every path of every small tree against the definition, taken literally. */
#include "merkle.h"

#include "nv_base.h"
#include "run_suite.h"

#include <nettle/sha2.h>
#include <stdio.h>
#include <string.h>

#define H LED_MERKLE_HASH_BYTES

static void
sha(const void *a, size_t a_bytes, const void *b, size_t b_bytes, uint8_t first,
	uint8_t ret[H])
{
	struct sha256_ctx ctx;

	sha256_init(&ctx);
	sha256_update(&ctx, 1, &first);
	sha256_update(&ctx, a_bytes, a);
	sha256_update(&ctx, b_bytes, b);
	sha256_digest(&ctx, H, ret);
}

/* MTH of the RFC, by its definition. */
static void
tree_hash(uint8_t (*leaves)[H], size_t n, uint8_t ret[H])
{
	uint8_t left[H];
	uint8_t right[H];
	size_t k = 1;

	if (n == 1) {
		memcpy(ret, leaves[0], H);
		return;
	}
	while (2 * k < n)
		k *= 2;
	tree_hash(leaves, k, left);
	tree_hash(leaves + k, n - k, right);
	sha(left, H, right, H, 1, ret);
}

/* PATH of the RFC, by its definition; returns its length. */
static unsigned
path_of(uint8_t (*leaves)[H], size_t n, size_t m, uint8_t (*path)[H])
{
	size_t k = 1;
	unsigned len;

	if (n == 1)
		return 0;
	while (2 * k < n)
		k *= 2;
	if (m < k) {
		len = path_of(leaves, k, m, path);
		tree_hash(leaves + k, n - k, path[len]);
	} else {
		len = path_of(leaves + k, n - k, m - k, path);
		tree_hash(leaves, k, path[len]);
	}
	return len + 1;
}

static void
hex(const uint8_t *bytes, char text[2 * H + 1])
{
	for (size_t i = 0; i < H; i++)
		(void)snprintf(text + 2 * i, 3, "%02x", bytes[i]);
}

START_TEST(known_answers)
{
	static const struct {
		const char *data;
		size_t bytes;
		const char *root; /* of the tree that ends with it */
	} cases[] = {
		{"", 0,
			"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01"
			"d"},
		{"\x00", 1,
			"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c12"
			"5"},
		{"\x10", 1,
			"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e7"
			"7"},
		{"\x20\x21", 2,
			"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b"
			"7"},
		{"\x30\x31", 2,
			"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d"
			"4"},
		{"\x40\x41\x42\x43", 4,
			"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087e"
			"f"},
		{"\x50\x51\x52\x53\x54\x55\x56\x57", 8,
			"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8"
			"c"},
		{"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f", 16,
			"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff460432"
			"8"},
	};
	struct led_merkle m;
	uint8_t hash[H];
	char text[2 * H + 1];

	led_merkle_init(&m, UINT64_MAX);
	led_merkle_root(&m, hash);
	hex(hash, text);
	ck_assert_str_eq(
		text, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	for (size_t i = 0; i < NV_LEN(cases); i++) {
		led_merkle_leaf(cases[i].data, cases[i].bytes, hash);
		led_merkle_add(&m, hash);
		led_merkle_root(&m, hash);
		hex(hash, text);
		ck_assert_str_eq(text, cases[i].root);
	}
}
END_TEST

START_TEST(every_path)
{
	static uint8_t leaves[70][H];
	uint8_t path[LED_MERKLE_LEVELS][H];
	uint8_t root[H];
	uint8_t expected[H];

	for (size_t i = 0; i < NV_LEN(leaves); i++)
		led_merkle_leaf(&i, sizeof(i), leaves[i]);
	for (size_t n = 1; n <= NV_LEN(leaves); n++) {
		tree_hash(leaves, n, expected);
		for (size_t wanted = 0; wanted < n; wanted++) {
			struct led_merkle m;

			led_merkle_init(&m, wanted);
			for (size_t i = 0; i < n; i++)
				led_merkle_add(&m, leaves[i]);
			led_merkle_root(&m, root);
			ck_assert_mem_eq(root, expected, H);
			unsigned len = path_of(leaves, n, wanted, path);

			ck_assert_uint_eq(m.path_len, len);
			ck_assert_mem_eq(m.path, path, (size_t)len * H);
		}
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("led_merkle");
	TCase *tc = tcase_create("merkle");

	tcase_add_test(tc, known_answers);
	tcase_add_test(tc, every_path);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
