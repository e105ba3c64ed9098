/* The whole ledger as text, written while it is read: JSON (one document) or CSV (RFC
 * 4180, one line a leg). Amounts are exact decimals, times RFC 3339 with all nine digits.
 */
#include "chain.h"
#include "nv_buf.h"
#include "nv_clock.h"
#include "nv_fd.h"
#include "view.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FLUSH_BYTES = 65536, BUF_BYTES_MAX = 1 << 20, TIME_BYTES = NV_RFC3339_BYTES + 8 };

struct out {
	struct led_view *v;
	int fd;
	int error; /* of a write */
	struct nv_buf buf;
	bool first; /* nothing in the array yet */
};

static int
flush(struct out *o, size_t at_least)
{
	if (o->buf.error)
		return o->error = o->buf.error;
	if (o->buf.bytes < at_least || o->buf.bytes == 0)
		return 0;
	int rc = nv_write_full(o->fd, o->buf.data, o->buf.bytes);

	nv_buf_clear(&o->buf);
	return o->error = rc < 0 ? rc : 0;
}

/* "2026-11-22T14:05:09.123456789Z" */
static const char *
time_text(int64_t ns, char buf[TIME_BYTES])
{
	char coarse[NV_RFC3339_BYTES];
	int64_t second = ns / NV_NS_PER_SEC - (ns % NV_NS_PER_SEC < 0);
	const char *text = nv_rfc3339(second * NV_NS_PER_SEC, coarse);

	(void)snprintf(buf, TIME_BYTES, "%.*s.%09dZ", (int)strcspn(text, "."), text,
		(int)(ns - second * NV_NS_PER_SEC)); /* fits: 30 bytes */
	return buf;
}

static const char *
name_of(struct out *o, enum led_dict_kind dict, uint32_t id, char *buf, size_t buf_bytes)
{
	if (id == 0)
		buf[0] = '\0';
	else if (led_view_name(o->v, dict, id, buf, buf_bytes) < 0)
		(void)snprintf(
			buf, buf_bytes, "#%" PRIu32, id); /* damaged: still told apart */
	return buf;
}

static const char *
code_name(uint16_t code)
{
	static const char *const names[LED_CODE_MAX + 1] = {
		[LED_CODE_COST] = "cost",
		[LED_CODE_REVENUE] = "revenue",
		[LED_CODE_REFUND] = "refund",
		[LED_CODE_FEE] = "fee",
		[LED_CODE_DISPUTE] = "dispute",
		[LED_CODE_PAYOUT] = "payout",
		[LED_CODE_DISPUTE_WON] = "dispute_won",
		[LED_CODE_DISPUTE_LOST] = "dispute_lost",
	};

	return code <= LED_CODE_MAX && names[code] ? names[code] : "";
}

/* ---- JSON ---- */

static void
json_text(struct out *o, const char *name, const char *text, size_t bytes)
{
	nv_buf_printf(&o->buf, ",\"%s\":", name);
	nv_buf_put_json(&o->buf, text, bytes);
}

static void
json_name(struct out *o, const char *name, enum led_dict_kind dict, uint32_t id)
{
	char buf[LED_ACCOUNT_MAX + 1] = "";

	if (id == 0)
		return;
	(void)name_of(o, dict, id, buf, sizeof(buf));
	json_text(o, name, buf, strlen(buf));
}

static void
json_number(struct out *o, const char *name, uint64_t v)
{
	if (v != 0)
		nv_buf_printf(&o->buf, ",\"%s\":%" PRIu64, name, v);
}

static void
json_legs(struct out *o, const struct led_event *ev)
{
	char debit[LED_ACCOUNT_MAX + 1];
	char credit[LED_ACCOUNT_MAX + 1];
	char currency[NV_CURRENCY_BYTES];
	char amount[NV_MONEY_BYTES];

	nv_buf_puts(&o->buf, ",\"legs\":[");
	for (unsigned i = 0; i < ev->n_legs; i++) {
		const struct led_leg *leg = &ev->legs[i];

		(void)name_of(o, LED_DICT_ACCOUNT, leg->debit, debit, sizeof(debit));
		(void)name_of(o, LED_DICT_ACCOUNT, leg->credit, credit, sizeof(credit));
		(void)name_of(
			o, LED_DICT_CURRENCY, leg->currency, currency, sizeof(currency));
		nv_buf_printf(&o->buf, "%s{\"code\":\"%s\"", i ? "," : "",
			code_name(leg->code));
		json_text(o, "debit", debit, strlen(debit));
		json_text(o, "credit", credit, strlen(credit));
		nv_buf_printf(&o->buf, ",\"amount\":\"%s\",\"currency\":\"%s\"}",
			nv_money_text(leg->nano, amount), currency);
	}
	nv_buf_puts(&o->buf, "]");
}

static void
json_flags(struct out *o, const struct led_event *ev)
{
	if (ev->kind == LED_RUN)
		nv_buf_printf(&o->buf, ",\"ok\":%s,\"duration_ms\":%" PRId64,
			ev->flags & LED_F_OK ? "true" : "false", ev->duration_ms);
	if (ev->kind == LED_EXIT)
		nv_buf_printf(&o->buf, ",\"crash\":%s",
			ev->flags & LED_F_CRASH ? "true" : "false");
	if (ev->flags & LED_F_ROUNDED)
		nv_buf_puts(&o->buf, ",\"rounded\":true");
	if (ev->flags & LED_F_UNPRICED)
		nv_buf_puts(&o->buf, ",\"unpriced\":true");
	if (ev->flags & LED_F_MANUAL)
		nv_buf_puts(&o->buf, ",\"manual\":true");
}

static int
json_event(void *arg, const struct led_event *ev)
{
	struct out *o = arg;
	char at[TIME_BYTES];
	char received[TIME_BYTES];

	nv_buf_printf(&o->buf,
		"%s\n{\"seq\":%" PRIu64
		",\"kind\":\"%s\",\"at\":\"%s\",\"received\":\"%s\"",
		o->first ? "" : ",", ev->seq, led_kind_name(ev->kind),
		time_text(ev->claimed_ns, at), time_text(ev->received_ns, received));
	o->first = false;
	json_name(o, "worker", LED_DICT_WORKER, ev->worker);
	json_name(o, "said_by", LED_DICT_WORKER, ev->said_by);
	json_number(o, "instance", ev->instance);
	json_number(o, "generation", ev->generation);
	/* A string: a stream id does not fit a double. */
	if (ev->stream)
		nv_buf_printf(&o->buf, ",\"stream\":\"%" PRIu64 "\",\"offset\":%" PRIu64,
			ev->stream, ev->stream_offset);
	json_number(o, "ref", ev->ref);
	if (ev->id)
		json_text(o, "id", ev->id, ev->id_bytes);
	if (ev->category_bytes)
		json_text(o, "category", ev->category, ev->category_bytes);
	json_flags(o, ev);
	json_legs(o, ev);
	json_text(o, "line", ev->line ? ev->line : "", ev->line_bytes);
	nv_buf_puts(&o->buf, "}");
	return flush(o, FLUSH_BYTES);
}

static int
json_bad(void *arg, const struct led_bad *bad)
{
	struct out *o = arg;
	char received[TIME_BYTES];

	nv_buf_printf(&o->buf, "%s\n{\"seq\":%" PRIu64 ",\"received\":\"%s\"",
		o->first ? "" : ",", bad->seq, time_text(bad->received_ns, received));
	o->first = false;
	json_name(o, "worker", LED_DICT_WORKER, bad->worker);
	if (bad->stream)
		nv_buf_printf(&o->buf, ",\"stream\":\"%" PRIu64 "\",\"offset\":%" PRIu64,
			bad->stream, bad->stream_offset);
	json_text(o, "reason", bad->reason, strlen(bad->reason));
	nv_buf_printf(&o->buf, ",\"bytes\":%zu", bad->n_bytes_whole);
	json_text(o, "line", bad->bytes ? bad->bytes : "", bad->n_bytes);
	nv_buf_puts(&o->buf, "}");
	return flush(o, FLUSH_BYTES);
}

static int
json_balance(void *arg, uint32_t id, const char *name, uint32_t currency, nv_i128 debits,
	nv_i128 credits)
{
	struct out *o = arg;
	char code[NV_CURRENCY_BYTES];
	char d[NV_MONEY_BYTES];
	char c[NV_MONEY_BYTES];

	(void)id; /* the name says it */
	nv_buf_printf(&o->buf, "%s\n{\"account\":", o->first ? "" : ",");
	o->first = false;
	nv_buf_put_json(&o->buf, name, strlen(name));
	nv_buf_printf(&o->buf,
		",\"currency\":\"%s\",\"debits\":\"%s\",\"credits\":\"%s\"}",
		name_of(o, LED_DICT_CURRENCY, currency, code, sizeof(code)),
		nv_money_text(debits, d), nv_money_text(credits, c));
	return flush(o, FLUSH_BYTES);
}

static void
put_hex(struct nv_buf *buf, const uint8_t *data, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		nv_buf_printf(buf, "%02x", data[i]);
}

static int
export_json(struct out *o)
{
	const struct led_meta *meta = &o->v->led->meta;
	char created[TIME_BYTES];
	struct led_stats stats = {0};
	int rc = led_view_stats(o->v, &stats);

	if (rc < 0)
		return rc;
	nv_buf_puts(&o->buf, "{\"ledger\":{\"id\":\"");
	put_hex(&o->buf, meta->id, sizeof(meta->id));
	nv_buf_printf(&o->buf, "\",\"schema\":%" PRIu32 ",\"created\":\"%s\"",
		meta->schema, time_text(meta->created_ns, created));
	nv_buf_printf(
		&o->buf, ",\"batches\":%" PRIu64 ",\"head_hash\":\"", stats.batches);
	put_hex(&o->buf, stats.head_hash, sizeof(stats.head_hash));
	nv_buf_puts(&o->buf, "\"},\n\"events\":[");
	o->first = true;
	rc = led_view_events(o->v, 1, false, json_event, o);
	if (rc == 0) {
		nv_buf_puts(&o->buf, "],\n\"quarantine\":[");
		o->first = true;
		rc = led_view_quarantine(o->v, 1, false, json_bad, o);
	}
	if (rc == 0) {
		nv_buf_puts(&o->buf, "],\n\"balances\":[");
		o->first = true;
		rc = led_view_balances(o->v, json_balance, o);
	}
	nv_buf_puts(&o->buf, "]}\n");
	return rc < 0 ? rc : flush(o, 1);
}

/* ---- CSV ---- */

/* A field, quoted when it has to be (RFC 4180, section 2); NULL is empty. */
static void
csv_text(struct out *o, const char *text, size_t bytes)
{
	bool quote = false;

	if (!text)
		return;
	for (size_t i = 0; i < bytes && !quote; i++)
		quote = strchr(",\"\r\n", text[i]) != NULL;
	if (!quote) {
		nv_buf_add(&o->buf, text, bytes);
		return;
	}
	nv_buf_puts(&o->buf, "\"");
	for (size_t from = 0; from < bytes;) {
		const char *mark = memchr(text + from, '"', bytes - from);
		size_t n = mark ? (size_t)(mark - text) + 1 - from : bytes - from;

		nv_buf_add(&o->buf, text + from, n);
		if (mark)
			nv_buf_puts(&o->buf, "\"");
		from += n;
	}
	nv_buf_puts(&o->buf, "\"");
}

static void
csv_name(struct out *o, enum led_dict_kind dict, uint32_t id)
{
	char buf[LED_ACCOUNT_MAX + 1] = "";

	nv_buf_puts(&o->buf, ",");
	(void)name_of(o, dict, id, buf, sizeof(buf));
	csv_text(o, buf, strlen(buf));
}

static void
csv_number(struct out *o, uint64_t v)
{
	if (v != 0)
		nv_buf_printf(&o->buf, ",%" PRIu64, v);
	else
		nv_buf_puts(&o->buf, ",");
}

static void
csv_flags(struct out *o, const struct led_event *ev)
{
	if (ev->kind == LED_RUN)
		nv_buf_printf(&o->buf, ",%s,%" PRId64,
			ev->flags & LED_F_OK ? "true" : "false", ev->duration_ms);
	else
		nv_buf_puts(&o->buf, ",,");
	nv_buf_printf(&o->buf, ",%s", ev->flags & LED_F_ROUNDED ? "true" : "");
}

static void
csv_row(struct out *o, const struct led_event *ev, const struct led_leg *leg, unsigned n)
{
	char at[TIME_BYTES];
	char received[TIME_BYTES];
	char amount[NV_MONEY_BYTES];

	nv_buf_printf(&o->buf, "%" PRIu64 ",%u,%s,%s,%s", ev->seq, n,
		time_text(ev->claimed_ns, at), time_text(ev->received_ns, received),
		led_kind_name(ev->kind));
	csv_name(o, LED_DICT_WORKER, ev->worker);
	csv_number(o, ev->instance);
	csv_number(o, ev->generation);
	nv_buf_puts(&o->buf, ",");
	csv_text(o, ev->id, ev->id_bytes);
	nv_buf_puts(&o->buf, ",");
	csv_text(o, ev->category, ev->category_bytes);
	nv_buf_printf(&o->buf, ",%s", leg ? code_name(leg->code) : "");
	csv_name(o, LED_DICT_ACCOUNT, leg ? leg->debit : 0);
	csv_name(o, LED_DICT_ACCOUNT, leg ? leg->credit : 0);
	nv_buf_printf(&o->buf, ",%s", leg ? nv_money_text(leg->nano, amount) : "");
	csv_name(o, LED_DICT_CURRENCY, leg ? leg->currency : 0);
	csv_flags(o, ev);
	csv_number(o, ev->ref);
	nv_buf_puts(&o->buf, ",");
	csv_text(o, ev->line, ev->line_bytes);
	nv_buf_puts(&o->buf, "\r\n");
}

static int
csv_event(void *arg, const struct led_event *ev)
{
	struct out *o = arg;

	if (ev->n_legs == 0)
		csv_row(o, ev, NULL, 0);
	for (unsigned i = 0; i < ev->n_legs; i++)
		csv_row(o, ev, &ev->legs[i], i + 1);
	return flush(o, FLUSH_BYTES);
}

static int
export_csv(struct out *o)
{
	nv_buf_puts(&o->buf,
		"seq,leg,at,received,kind,worker,instance,generation,id,category,posting,"
		"debit,credit,amount,currency,ok,duration_ms,rounded,ref,line\r\n");
	int rc = led_view_events(o->v, 1, false, csv_event, o);

	return rc < 0 ? rc : flush(o, 1);
}

int
led_export(struct led_view *v, enum led_format format, int fd, struct nv_err *err)
{
	struct out o = {.v = v, .fd = fd};

	nv_buf_init(&o.buf, BUF_BYTES_MAX);
	int rc = format == LED_FORMAT_CSV ? export_csv(&o) : export_json(&o);

	nv_buf_fini(&o.buf);
	if (rc == 0)
		return 0;
	return nv_err_set(err, rc,
		o.error ? "cannot write the export: %s" : "cannot read the ledger: %s",
		strerror(-rc));
}
