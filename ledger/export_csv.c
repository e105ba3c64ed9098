/* The whole ledger as CSV (RFC 4180): one line a leg, or one for an event without. */
#include "export.h"

#include "nv_csv.h"

#include <inttypes.h>
#include <string.h>

/* What programs said, as a spreadsheet may have it; NULL is empty. */
static void
csv_text(struct led_out *o, const char *text, size_t bytes)
{
	if (text)
		nv_csv_put_bytes(&o->buf, text, bytes);
}

static void
csv_name(struct led_out *o, enum led_dict_kind dict, uint32_t id)
{
	char buf[LED_ACCOUNT_MAX + 1] = "";

	nv_buf_puts(&o->buf, ",");
	(void)led_out_name(o, dict, id, buf, sizeof(buf));
	csv_text(o, buf, strlen(buf));
}

static void
csv_number(struct led_out *o, uint64_t v)
{
	if (v != 0)
		nv_buf_printf(&o->buf, ",%" PRIu64, v);
	else
		nv_buf_puts(&o->buf, ",");
}

static void
csv_flags(struct led_out *o, const struct led_event *ev)
{
	if (ev->kind == LED_RUN)
		nv_buf_printf(&o->buf, ",%s,%" PRId64,
			ev->flags & LED_F_OK ? "true" : "false", ev->duration_ms);
	else
		nv_buf_puts(&o->buf, ",,");
	nv_buf_printf(&o->buf, ",%s", ev->flags & LED_F_ROUNDED ? "true" : "");
}

static void
csv_row(struct led_out *o, const struct led_event *ev, const struct led_leg *leg,
	unsigned n)
{
	char at[LED_TIME_BYTES];
	char received[LED_TIME_BYTES];
	char amount[NV_MONEY_BYTES];

	nv_buf_printf(&o->buf, "%" PRIu64 ",%u,%s,%s,%s", ev->seq, n,
		led_out_time(ev->claimed_ns, at), led_out_time(ev->received_ns, received),
		led_kind_name(ev->kind));
	csv_name(o, LED_DICT_WORKER, ev->worker);
	csv_number(o, ev->instance);
	csv_number(o, ev->generation);
	nv_buf_puts(&o->buf, ",");
	csv_text(o, ev->id, ev->id_bytes);
	nv_buf_puts(&o->buf, ",");
	csv_text(o, ev->category, ev->category_bytes);
	nv_buf_printf(&o->buf, ",%s", leg ? led_out_code(leg->code) : "");
	csv_name(o, LED_DICT_ACCOUNT, leg ? leg->debit : 0);
	csv_name(o, LED_DICT_ACCOUNT, leg ? leg->credit : 0);
	nv_buf_printf(&o->buf, ",%s", leg ? nv_money_text(leg->nano, amount) : "");
	csv_name(o, LED_DICT_CURRENCY, leg ? leg->currency : 0);
	csv_flags(o, ev);
	csv_number(o, ev->ref);
	nv_buf_puts(&o->buf, ",");
	csv_text(o, ev->run, ev->run_bytes);
	csv_name(o, LED_DICT_VARIANT, ev->variant);
	nv_buf_puts(&o->buf, ",");
	csv_text(o, ev->operation, ev->operation_bytes);
	nv_buf_puts(&o->buf, ",");
	csv_text(o, ev->of, ev->of_bytes);
	nv_buf_puts(&o->buf, ",");
	csv_text(o, ev->external, ev->external_bytes);
	nv_buf_puts(&o->buf, ",");
	csv_text(o, ev->line, ev->line_bytes);
	nv_buf_puts(&o->buf, "\r\n");
}

static int
csv_event(void *arg, const struct led_event *ev)
{
	struct led_out *o = arg;

	if (ev->n_legs == 0)
		csv_row(o, ev, NULL, 0);
	for (unsigned i = 0; i < ev->n_legs; i++)
		csv_row(o, ev, &ev->legs[i], i + 1);
	return led_out_flush(o, LED_FLUSH_BYTES);
}

int
led_export_csv(struct led_out *o)
{
	nv_buf_puts(&o->buf,
		"seq,leg,at,received,kind,worker,instance,generation,id,category,posting,"
		"debit,credit,amount,currency,ok,duration_ms,rounded,ref,run,variant,"
		"operation,of,external_id,line\r\n");
	int rc = led_view_events(o->v, 1, false, csv_event, o);

	return rc < 0 ? rc : led_out_flush(o, 1);
}
