/* See entry.h. */
#include "entry.h"

#include "nv_buf.h"

#include <stdio.h>
#include <string.h>

static const struct led_rule rules[LED_CODE_MAX + 1] = {
	[LED_CODE_COST] = {LED_ROLE_COMPUTE, LED_ROLE_VENDOR, true},
	[LED_CODE_REVENUE] = {LED_ROLE_PLATFORM, LED_ROLE_SALES, true},
	[LED_CODE_REFUND] = {LED_ROLE_REFUNDS, LED_ROLE_PLATFORM, true},
	[LED_CODE_FEE] = {LED_ROLE_FEES, LED_ROLE_PLATFORM, true},
	[LED_CODE_DISPUTE] = {LED_ROLE_DISPUTED, LED_ROLE_PLATFORM, true},
	[LED_CODE_DISPUTE_WON] = {LED_ROLE_PLATFORM, LED_ROLE_DISPUTED, true},
	[LED_CODE_DISPUTE_LOST] = {LED_ROLE_CHARGEBACKS, LED_ROLE_DISPUTED, true},
	[LED_CODE_PAYOUT] = {LED_ROLE_BANK, LED_ROLE_PLATFORM, false},
	[LED_CODE_GRANT] = {LED_ROLE_POOL, LED_ROLE_BUDGET, true},
	[LED_CODE_RESERVE] = {LED_ROLE_BUDGET, LED_ROLE_SPENT, true},
	[LED_CODE_SETTLE] = {LED_ROLE_BUDGET, LED_ROLE_SPENT, true},
	[LED_CODE_VOID] = {LED_ROLE_BUDGET, LED_ROLE_SPENT, true},
	[LED_CODE_PAST_COST] = {LED_ROLE_COMPUTE, LED_ROLE_OPENING, true},
	[LED_CODE_PAST_REVENUE] = {LED_ROLE_OPENING, LED_ROLE_SALES, true},
};

static const struct {
	const char *prefix;
	enum { ALONE, WORKER, PARTY } of;
	const char *suffix; /* NULL = none */
} roles[LED_ROLE_COUNT] = {
	[LED_ROLE_NONE] = {"", ALONE},
	[LED_ROLE_COMPUTE] = {"Expenses:Compute:", WORKER},
	[LED_ROLE_SALES] = {"Income:Sales:", WORKER},
	[LED_ROLE_REFUNDS] = {"Income:Refunds:", WORKER},
	[LED_ROLE_FEES] = {"Expenses:Fees:", WORKER},
	[LED_ROLE_CHARGEBACKS] = {"Expenses:Chargebacks:", WORKER},
	[LED_ROLE_VENDOR] = {"Liabilities:Vendors:", PARTY},
	[LED_ROLE_PLATFORM] = {"Assets:Platform:", PARTY},
	[LED_ROLE_DISPUTED] = {"Assets:Disputed:", PARTY},
	[LED_ROLE_BANK] = {"Assets:Bank", ALONE},
	[LED_ROLE_POOL] = {"Equity:Budget:Pool", ALONE},
	[LED_ROLE_BUDGET] = {"Equity:Budget:", WORKER},
	[LED_ROLE_SPENT] = {"Equity:Budget:", WORKER, ":Spent"},
	[LED_ROLE_TRADING] = {"Equity:Trading:", PARTY},
	[LED_ROLE_OPENING] = {"Equity:Opening", ALONE},
};

const struct led_rule *
led_rule(enum led_code code)
{
	if (code < LED_CODE_COST || code > LED_CODE_MAX || code == LED_CODE_CONVERT)
		return NULL;
	return &rules[code];
}

bool
led_role_of_party(enum led_role role)
{
	return roles[role].of == PARTY;
}

bool
led_role_of_worker(enum led_role role)
{
	return roles[role].of == WORKER;
}

static bool
plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || (c != '\0' && strchr("._+-&@/", c) != NULL);
}

size_t
led_party_clean(const char *party, size_t bytes, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < bytes && n < LED_PARTY_MAX;) {
		size_t len = nv_utf8_len(party + i, bytes - i);

		if (len > 1 && n + len <= LED_PARTY_MAX) {
			memcpy(out + n, party + i, len);
			n += len;
		} else if (len > 1) {
			break;
		} else {
			out[n++] = plain(party[i]) ? party[i] : '_';
		}
		i += len ? len : 1;
	}
	if (n == 0) {
		memcpy(out, "Unnamed", 7);
		n = 7;
	}
	out[n] = '\0';
	return n;
}

size_t
led_role_account(enum led_role role, const char *who, char *out)
{
	const char *name = roles[role].of == ALONE ? "" : who;
	int n = snprintf(out, LED_ACCOUNT_MAX + 1, "%s%s%s", roles[role].prefix, name,
		roles[role].suffix ? roles[role].suffix : "");

	/* Workers and parties are at most 64 bytes: it fits. */
	NV_ASSERT(n > 0 && n <= LED_ACCOUNT_MAX);
	return (size_t)n;
}

bool
led_account_valid(const char *name, size_t bytes)
{
	if (bytes == 0 || bytes > LED_ACCOUNT_MAX || name[0] == ':' ||
		name[bytes - 1] == ':')
		return false;
	for (size_t i = 0; i < bytes; i++) {
		if ((unsigned char)name[i] <= ' ' || name[i] == 0x7f)
			return false;
		if (name[i] == ':' && name[i + 1] == ':')
			return false;
	}
	return true;
}
