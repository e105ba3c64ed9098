/* What the exports share: a buffer that is flushed to the descriptor as it fills, and the
 * words for what the ledger keeps as numbers. One file a format. */
#ifndef LED_EXPORT_H
#define LED_EXPORT_H

#include "nv_buf.h"
#include "view.h"

enum {
	LED_FLUSH_BYTES = 65536,
	LED_TIME_BYTES = 48 /* "2026-11-22T14:05:09.123456789Z" */
};

struct led_out {
	struct led_view *v; /* borrowed */
	int fd;
	int error; /* of a write */
	struct nv_buf buf;
	bool first; /* nothing in the array yet */
};

/* Write what waits, if it is at_least this much: 0 or -errno. */
int led_out_flush(struct led_out *o, size_t at_least);
/* RFC 3339 with all nine digits. */
const char *led_out_time(int64_t ns, char buf[LED_TIME_BYTES]);
/* "" for 0; "#N" for a number without a name (a damaged ledger): still told apart. */
const char *led_out_name(struct led_out *o, enum led_dict_kind dict, uint32_t id,
	char *buf, size_t buf_bytes);
const char *led_out_code(uint16_t code); /* "cost", ...; "" unknown */

int led_export_json(struct led_out *o);
int led_export_csv(struct led_out *o);
int led_export_hledger(struct led_out *o);
int led_export_beancount(struct led_out *o);

#endif
