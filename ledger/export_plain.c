/* The ledger as a plain-text journal, for hledger (https://hledger.org/hledger.html,
 * "Journal format") and beancount (its language syntax, v2). Every event that moves money
 * is a transaction dated by its arrival in UTC; the journal ends with an assertion of
 * each balance as the ledger holds it, so that both programs check our sums by their own.
 */
#include "export.h"
#include "nv_clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DATE_BYTES      11
#define BEAN_NAME_BYTES (2 * LED_ACCOUNT_MAX + 16)

/* One journal being written. */
struct plain {
	struct led_out *o;
	bool bean;
	int64_t date_ns;  /* of the last transaction: dates never go back */
	uint32_t account; /* last one declared */
};

static const char *
date_text(int64_t ns, char date[DATE_BYTES])
{
	char coarse[NV_RFC3339_BYTES];

	(void)snprintf(date, DATE_BYTES, "%.10s", nv_rfc3339(NV_MAX(ns, 0), coarse));
	return date;
}

/* ---- names ---- */

static bool
is_bean_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* A component of a beancount account begins with a capital or a digit and goes on with
 * letters, digits and dashes. Other bytes (a dash too) are written "-xHH", and what does
 * not begin as it must, or with an X, gets an "X" in front: two names never look alike.
 */
static void
bean_account_text(const char *name, char text[BEAN_NAME_BYTES])
{
	size_t n = 0;
	bool first = true;

	for (; *name && n + 6 < BEAN_NAME_BYTES; name++) {
		if (*name == ':') {
			text[n++] = ':';
			first = true;
			continue;
		}
		if (first && !((*name >= 'A' && *name < 'X') || *name == 'Y' ||
				     *name == 'Z' || (*name >= '0' && *name <= '9')))
			text[n++] = 'X';
		first = false;
		if (is_bean_byte(*name))
			text[n++] = *name;
		else
			n += (size_t)snprintf(text + n, BEAN_NAME_BYTES - n, "-x%02X",
				(unsigned char)*name);
	}
	text[n] = '\0';
}

static void
put_account(struct plain *p, uint32_t id)
{
	char name[LED_ACCOUNT_MAX + 1];
	char text[BEAN_NAME_BYTES];

	(void)led_out_name(p->o, LED_DICT_ACCOUNT, id, name, sizeof(name));
	if (p->bean)
		bean_account_text(name, text);
	nv_buf_puts(&p->o->buf, p->bean ? text : name);
}

/* hledger: quoted, as a code may hold digits. beancount: begins with a letter, and takes
 * a balance for right that is off by a little, unless a tolerance says otherwise. */
static void
put_amount(struct plain *p, nv_i128 nano, const char *tolerance, uint32_t currency)
{
	char code[NV_CURRENCY_BYTES];
	char amount[NV_MONEY_BYTES];

	(void)led_out_name(p->o, LED_DICT_CURRENCY, currency, code, sizeof(code));
	(void)nv_money_text(nano, amount);
	if (p->bean)
		nv_buf_printf(&p->o->buf, "%s%s %s", amount, tolerance, code);
	else
		nv_buf_printf(&p->o->buf, "\"%s\" %s", code, amount);
}

/* Free text inside a line: nothing that would end it, or mean something there. */
static void
put_text(struct plain *p, const char *text, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		bool plain =
			(unsigned char)text[i] >= ' ' && !strchr("\"\\;|,:", text[i]);

		nv_buf_add(&p->o->buf, plain ? text + i : "_", 1);
	}
}

/* ---- what is declared before ---- */

static int
declare_account(void *arg, uint32_t id, const char *name, uint32_t currency,
	nv_i128 debits, nv_i128 credits)
{
	struct plain *p = arg;

	(void)currency;
	(void)debits;
	(void)credits;
	if (id == p->account)
		return 0;
	p->account = id;
	nv_buf_puts(&p->o->buf, p->bean ? "1970-01-01 open " : "account ");
	put_account(p, id);
	nv_buf_puts(&p->o->buf, "\n");
	if (p->bean) {
		nv_buf_puts(&p->o->buf, "  name: \"");
		nv_buf_puts(&p->o->buf, name); /* holds no quote: see led_party_clean */
		nv_buf_puts(&p->o->buf, "\"\n");
	}
	return led_out_flush(p->o, LED_FLUSH_BYTES);
}

static int
declare_currencies(struct plain *p)
{
	uint32_t n = led_view_n_currencies(p->o->v);

	for (uint32_t id = 1; id <= n && !p->bean; id++) {
		char code[NV_CURRENCY_BYTES];

		nv_buf_printf(&p->o->buf, "commodity \"%s\" 1000.000000000\n",
			led_out_name(p->o, LED_DICT_CURRENCY, id, code, sizeof(code)));
	}
	return led_out_flush(p->o, LED_FLUSH_BYTES);
}

/* ---- transactions ---- */

static void
hledger_head(
	struct plain *p, const struct led_event *ev, const char *date, const char *worker)
{
	struct nv_buf *buf = &p->o->buf;
	char at[LED_TIME_BYTES];

	nv_buf_printf(buf, "\n%s * (%" PRIu64 ") %s %s", date, ev->seq, worker,
		led_kind_name(ev->kind));
	if (ev->category_bytes) {
		nv_buf_puts(buf, " ");
		put_text(p, ev->category, ev->category_bytes);
	}
	nv_buf_printf(buf, "\n    ; at:%s\n", led_out_time(ev->claimed_ns, at));
	if (ev->ref)
		nv_buf_printf(buf, "    ; ref:%" PRIu64 "\n", ev->ref);
}

static void
bean_head(
	struct plain *p, const struct led_event *ev, const char *date, const char *worker)
{
	struct nv_buf *buf = &p->o->buf;
	char at[LED_TIME_BYTES];

	nv_buf_printf(buf, "\n%s * \"%s\" \"%s", date, worker, led_kind_name(ev->kind));
	if (ev->category_bytes) {
		nv_buf_puts(buf, " ");
		put_text(p, ev->category, ev->category_bytes);
	}
	nv_buf_printf(buf, "\"\n  seq: %" PRIu64 "\n  at: \"%s\"\n", ev->seq,
		led_out_time(ev->claimed_ns, at));
	if (ev->ref)
		nv_buf_printf(buf, "  ref: %" PRIu64 "\n", ev->ref);
}

static void
put_posting(struct plain *p, uint32_t account, nv_i128 nano, uint32_t currency)
{
	nv_buf_puts(&p->o->buf, p->bean ? "  " : "    ");
	put_account(p, account);
	nv_buf_puts(&p->o->buf, "  ");
	put_amount(p, nano, "", currency);
	nv_buf_puts(&p->o->buf, "\n");
}

/* What is only reserved, or free again, has not moved: no journal knows of it. */
static bool
is_posted(const struct led_leg *leg)
{
	return leg->code != LED_CODE_RESERVE && leg->code != LED_CODE_VOID;
}

static int
put_event(void *arg, const struct led_event *ev)
{
	struct plain *p = arg;
	char date[DATE_BYTES];
	char worker[NV_NAME_MAX];

	bool posts = false;

	for (unsigned i = 0; i < ev->n_legs; i++)
		posts |= is_posted(&ev->legs[i]);
	if (!posts)
		return 0;
	p->date_ns = NV_MAX(p->date_ns, ev->received_ns);
	(void)date_text(p->date_ns, date);
	(void)led_out_name(p->o, LED_DICT_WORKER, ev->worker, worker, sizeof(worker));
	(p->bean ? bean_head : hledger_head)(p, ev, date, worker);
	for (unsigned i = 0; i < ev->n_legs; i++) {
		const struct led_leg *leg = &ev->legs[i];

		if (!is_posted(leg))
			continue;
		put_posting(p, leg->debit, leg->nano, leg->currency);
		put_posting(p, leg->credit, -(nv_i128)leg->nano, leg->currency);
	}
	return led_out_flush(p->o, LED_FLUSH_BYTES);
}

/* ---- what the sums must be ---- */

/* hledger: a transaction of nothing that asserts. beancount: an assertion holds at the
 * beginning of its day, so it is the day after the last one. */
static int
assert_balance(void *arg, uint32_t id, const char *name, uint32_t currency,
	nv_i128 debits, nv_i128 credits)
{
	struct plain *p = arg;
	char date[DATE_BYTES];

	(void)name; /* put_account writes it as the format wants it */
	if (p->bean) {
		nv_buf_printf(&p->o->buf, "%s balance ",
			date_text(p->date_ns + 86400 * NV_NS_PER_SEC, date));
		put_account(p, id);
		nv_buf_puts(&p->o->buf, "  ");
	} else {
		nv_buf_puts(&p->o->buf, "    ");
		put_account(p, id);
		nv_buf_puts(&p->o->buf, "  ");
		put_amount(p, 0, "", currency);
		nv_buf_puts(&p->o->buf, " = ");
	}
	put_amount(p, debits - credits, " ~ 0", currency);
	nv_buf_puts(&p->o->buf, "\n");
	return led_out_flush(p->o, LED_FLUSH_BYTES);
}

static int
export_plain(struct plain *p)
{
	struct nv_buf *buf = &p->o->buf;
	char date[DATE_BYTES];
	struct led_stats stats = {0};
	int rc = led_view_stats(p->o->v, &stats);

	if (rc < 0)
		return rc;
	nv_buf_printf(buf, "; Nova's ledger: %" PRIu64 " events, %" PRIu64 " batches\n",
		stats.events, stats.batches);
	nv_buf_puts(buf, p->bean ? "option \"title\" \"Nova\"\n" : "decimal-mark .\n");
	rc = declare_currencies(p);
	if (rc == 0)
		rc = led_view_balances(p->o->v, declare_account, p);
	if (rc == 0)
		rc = led_view_events(p->o->v, 1, false, put_event, p);
	if (rc < 0 || p->account == 0)
		return rc < 0 ? rc : led_out_flush(p->o, 1);
	if (p->bean)
		nv_buf_puts(buf, "\n");
	else
		nv_buf_printf(buf, "\n%s * balances as the ledger holds them\n",
			date_text(p->date_ns, date));
	rc = led_view_balances(p->o->v, assert_balance, p);
	return rc < 0 ? rc : led_out_flush(p->o, 1);
}

int
led_export_hledger(struct led_out *o)
{
	struct plain p = {.o = o};

	return export_plain(&p);
}

int
led_export_beancount(struct led_out *o)
{
	struct plain p = {.o = o, .bean = true};

	return export_plain(&p);
}
