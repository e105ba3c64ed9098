/* The double-entry rules: which accounts a movement of money debits and credits. Pure:
 * a table of postings, and the names of accounts, as in plain-text accounting.
 *
 *   posting        debit                        credit
 *   cost           Expenses:Compute:W           Liabilities:Vendors:P
 *   revenue        Assets:Platform:P            Income:Sales:W
 *   fee            Expenses:Fees:W              Assets:Platform:P
 *   refund         Income:Refunds:W             Assets:Platform:P
 *   dispute        Assets:Disputed:P            Assets:Platform:P
 *   dispute won    Assets:Platform:P            Assets:Disputed:P
 *   dispute lost   Expenses:Chargebacks:W       Assets:Disputed:P
 *   payout         Assets:Bank                  Assets:Platform:P
 *   grant          Equity:Budget:Pool           Equity:Budget:W
 *   reserve, void  Equity:Budget:W              Equity:Budget:W:Spent   (pending)
 *   settle         Equity:Budget:W              Equity:Budget:W:Spent
 *   convert        Equity:Trading:FROM-TO       Assets:Platform:P or Assets:Bank, and
 * back
 *   past cost      Expenses:Compute:W           Equity:Opening
 *   past revenue   Equity:Opening               Income:Sales:W
 *
 * A correction has the legs of what it takes back, debit and credit exchanged.
 *
 * W is a worker, P the other party: a vendor or a platform. */
#ifndef LED_ENTRY_H
#define LED_ENTRY_H

#include "schema.h"

enum led_role {
	LED_ROLE_NONE,
	LED_ROLE_COMPUTE,     /* of the worker */
	LED_ROLE_SALES,       /* of the worker */
	LED_ROLE_REFUNDS,     /* of the worker */
	LED_ROLE_FEES,        /* of the worker */
	LED_ROLE_CHARGEBACKS, /* of the worker */
	LED_ROLE_VENDOR,      /* of the party */
	LED_ROLE_PLATFORM,    /* of the party */
	LED_ROLE_DISPUTED,    /* of the party */
	LED_ROLE_BANK,        /* one for all */
	LED_ROLE_POOL,        /* one for all */
	LED_ROLE_BUDGET,      /* of the worker */
	LED_ROLE_SPENT,       /* of the worker */
	LED_ROLE_TRADING,     /* of a pair of currencies, as the party */
	LED_ROLE_OPENING,     /* one for all */
	LED_ROLE_COUNT
};
bool led_role_of_party(enum led_role role);
bool led_role_of_worker(enum led_role role);

struct led_rule {
	enum led_role debit;
	enum led_role credit;
	bool needs_worker; /* a worker must be named */
};
/* NULL: no such posting, or (LED_CODE_CONVERT) one that takes more than this says. */
const struct led_rule *led_rule(enum led_code code);

#define LED_PARTY_MAX 64
/* The party as an account name may hold it: at most 64 bytes; letters, digits, "._+-&@/",
 * and UTF-8 stay, everything else becomes '_'; an empty one is "Unnamed". Returns the
 * length; out holds LED_PARTY_MAX + 1 bytes. */
size_t led_party_clean(const char *party, size_t bytes, char *out);

/* The account's name, NUL-terminated, into out (LED_ACCOUNT_MAX + 1). `who` is a worker's
 * name or a clean party, as the role asks for. Returns the length. */
size_t led_role_account(enum led_role role, const char *who, char *out);

/* 1..200 bytes, parts separated by ':' none of them empty, no spaces or control
 * characters. */
bool led_account_valid(const char *name, size_t bytes);

#endif
