/* Amounts of money as text and as whole billionths. No double. */
#include "nova.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NANO         INT64_C(1000000000)
#define UNITS_MAX    INT64_C(9200000000)
#define DECIMALS_MAX 9

int
nova_amount_parse(const char *amount, int64_t *ret_nano)
{
	if (!amount)
		return -EINVAL;
	size_t whole = strspn(amount, "0123456789");
	size_t decimals = 0;
	int64_t units = 0;
	int64_t nano = 0;

	if (whole == 0 || (amount[0] == '0' && whole > 1))
		return -EINVAL;
	if (amount[whole] == '.') {
		decimals = strspn(amount + whole + 1, "0123456789");
		if (decimals == 0 || amount[whole + 1 + decimals])
			return -EINVAL;
	} else if (amount[whole]) {
		return -EINVAL;
	}
	for (size_t i = 0; i < whole; i++) {
		units = units * 10 + (amount[i] - '0');
		if (units >= UNITS_MAX)
			return -ERANGE;
	}
	const char *fraction = amount + whole + (decimals > 0 ? 1 : 0);

	for (size_t i = 0; i < DECIMALS_MAX; i++)
		nano = nano * 10 + (i < decimals ? fraction[i] - '0' : 0);
	if (decimals > DECIMALS_MAX &&
		strspn(fraction + DECIMALS_MAX, "0") != decimals - DECIMALS_MAX)
		return -EDOM;
	*ret_nano = units * NANO + nano;
	return 0;
}

int
nova_amount_text(int64_t nano, char buf[NOVA_AMOUNT_BYTES])
{
	if (nano < 0)
		return -ERANGE;
	int n = snprintf(buf, NOVA_AMOUNT_BYTES, "%" PRId64 ".%09" PRId64, nano / NANO,
		nano % NANO);

	/* "12.500000000" -> "12.5", "3.000000000" -> "3" */
	while (buf[n - 1] == '0')
		buf[--n] = '\0';
	if (buf[n - 1] == '.')
		buf[n - 1] = '\0';
	return 0;
}
