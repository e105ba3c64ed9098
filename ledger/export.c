/* The whole ledger as text, written while it is read: see export.h. Amounts are exact
 * decimals, times RFC 3339 with all nine digits. */
#include "export.h"
#include "nv_clock.h"
#include "nv_fd.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUF_BYTES_MAX = 1 << 20 };
_Static_assert(LED_TIME_BYTES >= NV_RFC3339_BYTES + 8, "a time does not fit");

int
led_out_flush(struct led_out *o, size_t at_least)
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
const char *
led_out_time(int64_t ns, char buf[LED_TIME_BYTES])
{
	char coarse[NV_RFC3339_BYTES];
	int64_t second = ns / NV_NS_PER_SEC - (ns % NV_NS_PER_SEC < 0);
	const char *text = nv_rfc3339(second * NV_NS_PER_SEC, coarse);

	(void)snprintf(buf, LED_TIME_BYTES, "%.*s.%09dZ", (int)strcspn(text, "."), text,
		(int)(ns - second * NV_NS_PER_SEC)); /* fits: 30 bytes */
	return buf;
}

const char *
led_out_name(struct led_out *o, enum led_dict_kind dict, uint32_t id, char *buf,
	size_t buf_bytes)
{
	if (id == 0)
		buf[0] = '\0';
	else if (led_view_name(o->v, dict, id, buf, buf_bytes) < 0)
		(void)snprintf(
			buf, buf_bytes, "#%" PRIu32, id); /* damaged: still told apart */
	return buf;
}

#define REVERSED "_reversal"

const char *
led_out_code(uint16_t code)
{
	static const char *const reversed[LED_CODE_MAX + 1] = {
		[LED_CODE_COST] = "cost" REVERSED,
		[LED_CODE_REVENUE] = "revenue" REVERSED,
		[LED_CODE_REFUND] = "refund" REVERSED,
		[LED_CODE_FEE] = "fee" REVERSED,
		[LED_CODE_DISPUTE] = "dispute" REVERSED,
		[LED_CODE_PAYOUT] = "payout" REVERSED,
		[LED_CODE_GRANT] = "grant" REVERSED,
		[LED_CODE_SETTLE] = "settle" REVERSED,
		[LED_CODE_CONVERT] = "convert" REVERSED,
		[LED_CODE_PAST_COST] = "past_cost" REVERSED,
		[LED_CODE_PAST_REVENUE] = "past_revenue" REVERSED,
	};
	static const char *const plain[LED_CODE_MAX + 1] = {
		[LED_CODE_COST] = "cost",
		[LED_CODE_REVENUE] = "revenue",
		[LED_CODE_REFUND] = "refund",
		[LED_CODE_FEE] = "fee",
		[LED_CODE_DISPUTE] = "dispute",
		[LED_CODE_PAYOUT] = "payout",
		[LED_CODE_DISPUTE_WON] = "dispute_won",
		[LED_CODE_DISPUTE_LOST] = "dispute_lost",
		[LED_CODE_GRANT] = "grant",
		[LED_CODE_RESERVE] = "reserve",
		[LED_CODE_SETTLE] = "settle",
		[LED_CODE_VOID] = "void",
		[LED_CODE_CONVERT] = "convert",
		[LED_CODE_PAST_COST] = "past_cost",
		[LED_CODE_PAST_REVENUE] = "past_revenue",
	};
	const char *const *list = code & LED_CODE_REVERSAL ? reversed : plain;

	code &= (uint16_t)~LED_CODE_REVERSAL;
	return code <= LED_CODE_MAX && list[code] ? list[code] : "";
}

int
led_export(struct led_view *v, enum led_format format, int fd, struct nv_err *err)
{
	static int (*const formats[])(struct led_out * o) = {
		[LED_FORMAT_JSON] = led_export_json,
		[LED_FORMAT_CSV] = led_export_csv,
		[LED_FORMAT_HLEDGER] = led_export_hledger,
		[LED_FORMAT_BEANCOUNT] = led_export_beancount,
	};
	struct led_out o = {.v = v, .fd = fd};

	NV_ASSERT((size_t)format < NV_LEN(formats));
	nv_buf_init(&o.buf, BUF_BYTES_MAX);
	int rc = formats[format](&o);

	nv_buf_fini(&o.buf);
	if (rc == 0)
		return 0;
	return nv_err_set(err, rc,
		o.error ? "cannot write the export: %s" : "cannot read the ledger: %s",
		strerror(-rc));
}
