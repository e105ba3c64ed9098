/* Money: integers at scale 10^-9 of a named currency. int64 holds one event
 * (below 9.2e9 units), a 128-bit integer a balance. No double ever holds an
 * amount; arithmetic on amounts is checked. */
#ifndef NV_MONEY_H
#define NV_MONEY_H

#include "nv_base.h"

typedef __int128 nv_i128; /* the one typedef: C has no other name for it */

#define NV_MONEY_SCALE INT64_C(1000000000)
/* Amounts must stay below 9.2e9 units (protocol, section 1). */
#define NV_MONEY_MAX (INT64_C(9200000000) * NV_MONEY_SCALE - 1)

/* Beyond every sum anybody means, 10^18 units: what is converted or projected ends here
 * instead of overflowing. Times a threshold, or the milliseconds of a day, it still fits
 * 128 bits. */
#define NV_SUM_MAX ((nv_i128)NV_MONEY_SCALE * NV_MONEY_SCALE * NV_MONEY_SCALE)

/* A currency code, upper case, 3..7 bytes of [A-Z0-9], NUL padded. */
#define NV_CURRENCY_BYTES 8
bool nv_currency_valid(const char *code);

enum nv_decimal_rule {
	NV_DECIMAL_EXACT, /* more than 9 decimals: -EDOM */
	NV_DECIMAL_ROUND  /* half-even to 10^-9, *ret_rounded says so */
};

/* Read a decimal number: JSON's number grammar (RFC 8259, section 6: optional
 * minus, digits without leading zeros, fraction, exponent), through no double.
 * -EINVAL not such a number; -ERANGE at or above 9.2e9; -EDOM too many decimals.
 * A negative number parses: whether it is allowed is the caller's rule. */
int nv_money_parse(const char *text, size_t bytes, enum nv_decimal_rule rule,
	int64_t *ret_nano, bool *ret_rounded);

/* Read what nv_money_text writes, of any size (no exponent). False: it is none, or does
 * not fit 128 bits. */
bool nv_sum_parse(const char *text, nv_i128 *ret_nano);

#define NV_MONEY_BYTES 64
/* Shortest exact form with at least 2 decimals: "12.34", "0.000000001", "-3.00". */
const char *nv_money_text(nv_i128 nano, char buf[NV_MONEY_BYTES]);
/* For people: "$1,234.56" for USD, else "1,234.56 EUR"; rounded half-even to 2
 * decimals; amounts under one cent keep up to 9 decimals so that they never show as 0.00.
 */
const char *nv_money_show(nv_i128 nano, const char *currency, char buf[NV_MONEY_BYTES]);

/* a * b / c with 128-bit arithmetic, rounded half away from zero; c > 0. The result is
 * asserted to fit: callers bound their inputs. */
int64_t nv_mul_div(int64_t a, int64_t b, int64_t c);

/* Return on investment in parts per million: (earned - cost) / cost * 10^6.
 * False when cost <= 0: there is no ROI then, not an ROI of 0. Saturates at int64. */
bool nv_roi_ppm(nv_i128 earned_nano, nv_i128 cost_nano, int64_t *ret_ppm);

#endif
