/* Lines of one fixed shape that the ledger writes itself and reads back (seals, segments,
 * anchors, keys): what is read is exactly what was written, or nothing. */
#ifndef LED_SHAPE_H
#define LED_SHAPE_H

#include "nv_base.h"

#include <stddef.h>
#include <stdint.h>

/* Lower-case, NUL-terminated: out holds 2 * n + 1 bytes. Returns out. */
char *led_hex(const uint8_t *bytes, size_t n, char *out);

/* "2026-11-22" of a day since 1970 (UTC), NUL-terminated. Returns out. */
#define LED_DATE_BYTES 11
const char *led_date(uint32_t day, char out[LED_DATE_BYTES]);

struct led_shape {
	const char *at;
	const char *end;
	bool bad; /* remembered: calls after the first that failed do nothing */
};
void led_shape_literal(struct led_shape *t, const char *literal);
/* Decimal, without leading zeros. */
uint64_t led_shape_number(struct led_shape *t);
void led_shape_hex(struct led_shape *t, uint8_t *out, size_t n);
uint32_t led_shape_date(struct led_shape *t);
/* Whether a literal comes next; taken when it does. */
bool led_shape_is(struct led_shape *t, const char *literal);
/* True: nothing was wrong and nothing is left. */
bool led_shape_end(const struct led_shape *t);

#endif
