/* Stripe counts money in whole minor units, and has its own idea of what those are
 * (docs.stripe.com/currencies): most currencies have two decimals, some none, five have
 * three of which the last must be 0. ISK and UGX have no fractions any more but are still
 * sent times 100; MGA, whose unit has five parts, is sent whole. */
#include "map.h"

#include <errno.h>
#include <string.h>

static const struct {
	char code[4];
	uint8_t decimals; /* how the API counts */
	uint8_t charged;  /* how many of them a charge may use */
} special[] = {
	{"BHD", 3, 2},
	{"BIF", 0, 0},
	{"CLP", 0, 0},
	{"DJF", 0, 0},
	{"GNF", 0, 0},
	{"ISK", 2, 0},
	{"JOD", 3, 2},
	{"JPY", 0, 0},
	{"KMF", 0, 0},
	{"KRW", 0, 0},
	{"KWD", 3, 2},
	{"MGA", 0, 0},
	{"OMR", 3, 2},
	{"PYG", 0, 0},
	{"RWF", 0, 0},
	{"TND", 3, 2},
	{"UGX", 2, 0},
	{"VND", 0, 0},
	{"VUV", 0, 0},
	{"XAF", 0, 0},
	{"XOF", 0, 0},
	{"XPF", 0, 0},
};

/* Stripe's codes are three small letters; ours are capitals. */
static int
read_code(const char *currency, char ret[NV_CURRENCY_BYTES])
{
	char code[NV_CURRENCY_BYTES] = "";
	size_t n = 0;

	for (; currency && currency[n] && n < 4; n++) {
		char c = currency[n];

		code[n] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
		if (code[n] < 'A' || code[n] > 'Z')
			return -EINVAL;
	}
	if (n != 3)
		return -EINVAL;
	memcpy(ret, code, NV_CURRENCY_BYTES);
	return 0;
}

static void
find_decimals(const char *code, unsigned *ret_decimals, unsigned *ret_charged)
{
	*ret_decimals = *ret_charged = 2;
	for (size_t i = 0; i < NV_LEN(special); i++) {
		if (strcmp(special[i].code, code) == 0) {
			*ret_decimals = special[i].decimals;
			*ret_charged = special[i].charged;
		}
	}
}

int
map_stripe_nano(int64_t minor, const char *currency, int64_t *ret_nano,
	char ret_code[NV_CURRENCY_BYTES])
{
	char code[NV_CURRENCY_BYTES];
	unsigned decimals;
	unsigned charged;

	if (read_code(currency, code) != 0)
		return -EINVAL;
	find_decimals(code, &decimals, &charged);
	int rc = map_nano(minor, decimals, ret_nano);

	if (rc == 0)
		memcpy(ret_code, code, NV_CURRENCY_BYTES);
	return rc;
}

static int64_t
power_of_ten(unsigned n)
{
	int64_t v = 1;

	while (n-- > 0)
		v *= 10;
	return v;
}

int
map_stripe_minor(
	int64_t nano, const char *currency, int64_t *ret_minor, struct nv_err *err)
{
	char code[NV_CURRENCY_BYTES];
	char amount[NV_MONEY_BYTES];
	unsigned decimals;
	unsigned charged;

	if (read_code(currency, code) != 0)
		return nv_err_set(err, -EINVAL,
			"%.16s is not a currency code of three letters, such as usd",
			currency ? currency : "nothing");
	find_decimals(code, &decimals, &charged);
	if (nano % power_of_ten(9 - charged) != 0)
		return nv_err_set(err, -EDOM,
			"%s %s cannot be charged: Stripe takes at most %u decimals of it",
			nv_money_text(nano, amount), code, charged);
	*ret_minor = nano / power_of_ten(9 - decimals);
	return 0;
}
