/* The whole ledger as one JSON document: {"ledger","events","quarantine","balances"}. */
#include "chain.h"
#include "export.h"

#include <inttypes.h>
#include <string.h>

static void
json_text(struct led_out *o, const char *name, const char *text, size_t bytes)
{
	nv_buf_printf(&o->buf, ",\"%s\":", name);
	nv_buf_put_json(&o->buf, text, bytes);
}

static void
json_name(struct led_out *o, const char *name, enum led_dict_kind dict, uint32_t id)
{
	char buf[LED_ACCOUNT_MAX + 1] = "";

	if (id == 0)
		return;
	(void)led_out_name(o, dict, id, buf, sizeof(buf));
	json_text(o, name, buf, strlen(buf));
}

static void
json_number(struct led_out *o, const char *name, uint64_t v)
{
	if (v != 0)
		nv_buf_printf(&o->buf, ",\"%s\":%" PRIu64, name, v);
}

static void
json_legs(struct led_out *o, const struct led_event *ev)
{
	char debit[LED_ACCOUNT_MAX + 1];
	char credit[LED_ACCOUNT_MAX + 1];
	char currency[NV_CURRENCY_BYTES];
	char amount[NV_MONEY_BYTES];

	nv_buf_puts(&o->buf, ",\"legs\":[");
	for (unsigned i = 0; i < ev->n_legs; i++) {
		const struct led_leg *leg = &ev->legs[i];

		(void)led_out_name(o, LED_DICT_ACCOUNT, leg->debit, debit, sizeof(debit));
		(void)led_out_name(
			o, LED_DICT_ACCOUNT, leg->credit, credit, sizeof(credit));
		(void)led_out_name(
			o, LED_DICT_CURRENCY, leg->currency, currency, sizeof(currency));
		nv_buf_printf(&o->buf, "%s{\"code\":\"%s\"", i ? "," : "",
			led_out_code(leg->code));
		json_text(o, "debit", debit, strlen(debit));
		json_text(o, "credit", credit, strlen(credit));
		nv_buf_printf(&o->buf, ",\"amount\":\"%s\",\"currency\":\"%s\"}",
			nv_money_text(leg->nano, amount), currency);
	}
	nv_buf_puts(&o->buf, "]");
}

static void
json_flags(struct led_out *o, const struct led_event *ev)
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
	if (ev->flags & LED_F_EXPIRED)
		nv_buf_puts(&o->buf, ",\"expired\":true");
	if (ev->flags & LED_F_ENDED)
		nv_buf_puts(&o->buf, ",\"ended\":true");
}

static void
json_time(struct led_out *o, const char *name, int64_t ns)
{
	char text[LED_TIME_BYTES];

	if (ns != 0)
		nv_buf_printf(&o->buf, ",\"%s\":\"%s\"", name, led_out_time(ns, text));
}

/* What it is due to, and what it names: only where it was said. */
static void
json_cause(struct led_out *o, const struct led_event *ev)
{
	json_name(o, "variant", LED_DICT_VARIANT, ev->variant);
	if (ev->run)
		json_text(o, "run", ev->run, ev->run_bytes);
	if (ev->operation)
		json_text(o, "operation", ev->operation, ev->operation_bytes);
	if (ev->of)
		json_text(o, "of", ev->of, ev->of_bytes);
	if (ev->external)
		json_text(o, "external_id", ev->external, ev->external_bytes);
	json_time(o, "caused", ev->caused_ns);
	json_time(o, "expires", ev->expires_ns);
}

static int
json_event(void *arg, const struct led_event *ev)
{
	struct led_out *o = arg;
	char at[LED_TIME_BYTES];
	char received[LED_TIME_BYTES];

	nv_buf_printf(&o->buf,
		"%s\n{\"seq\":%" PRIu64
		",\"kind\":\"%s\",\"at\":\"%s\",\"received\":\"%s\"",
		o->first ? "" : ",", ev->seq, led_kind_name(ev->kind),
		led_out_time(ev->claimed_ns, at),
		led_out_time(ev->received_ns, received));
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
	json_cause(o, ev);
	json_legs(o, ev);
	json_text(o, "line", ev->line ? ev->line : "", ev->line_bytes);
	nv_buf_puts(&o->buf, "}");
	return led_out_flush(o, LED_FLUSH_BYTES);
}

static int
json_bad(void *arg, const struct led_bad *bad)
{
	struct led_out *o = arg;
	char received[LED_TIME_BYTES];

	nv_buf_printf(&o->buf, "%s\n{\"seq\":%" PRIu64 ",\"received\":\"%s\"",
		o->first ? "" : ",", bad->seq, led_out_time(bad->received_ns, received));
	o->first = false;
	json_name(o, "worker", LED_DICT_WORKER, bad->worker);
	if (bad->stream)
		nv_buf_printf(&o->buf, ",\"stream\":\"%" PRIu64 "\",\"offset\":%" PRIu64,
			bad->stream, bad->stream_offset);
	json_text(o, "reason", bad->reason, strlen(bad->reason));
	nv_buf_printf(&o->buf, ",\"bytes\":%zu", bad->n_bytes_whole);
	json_text(o, "line", bad->bytes ? bad->bytes : "", bad->n_bytes);
	nv_buf_puts(&o->buf, "}");
	return led_out_flush(o, LED_FLUSH_BYTES);
}

static int
json_balance(void *arg, uint32_t id, const char *name, uint32_t currency, nv_i128 debits,
	nv_i128 credits)
{
	struct led_out *o = arg;
	char code[NV_CURRENCY_BYTES];
	char d[NV_MONEY_BYTES];
	char c[NV_MONEY_BYTES];

	(void)id; /* the name says it */
	nv_buf_printf(&o->buf, "%s\n{\"account\":", o->first ? "" : ",");
	o->first = false;
	nv_buf_put_json(&o->buf, name, strlen(name));
	nv_buf_printf(&o->buf,
		",\"currency\":\"%s\",\"debits\":\"%s\",\"credits\":\"%s\"}",
		led_out_name(o, LED_DICT_CURRENCY, currency, code, sizeof(code)),
		nv_money_text(debits, d), nv_money_text(credits, c));
	return led_out_flush(o, LED_FLUSH_BYTES);
}

static void
put_hex(struct nv_buf *buf, const uint8_t *data, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		nv_buf_printf(buf, "%02x", data[i]);
}

int
led_export_json(struct led_out *o)
{
	const struct led_meta *meta = &o->v->led->meta;
	char created[LED_TIME_BYTES];
	struct led_stats stats = {0};
	int rc = led_view_stats(o->v, &stats);

	if (rc < 0)
		return rc;
	nv_buf_puts(&o->buf, "{\"ledger\":{\"id\":\"");
	put_hex(&o->buf, meta->id, sizeof(meta->id));
	nv_buf_printf(&o->buf, "\",\"schema\":%" PRIu32 ",\"created\":\"%s\"",
		meta->schema, led_out_time(meta->created_ns, created));
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
	return rc < 0 ? rc : led_out_flush(o, 1);
}
