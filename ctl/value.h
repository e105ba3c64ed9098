/* Fields of the daemons' JSON answers as people read them. Every getter accepts a
 * missing or null field. */
#ifndef CTL_VALUE_H
#define CTL_VALUE_H

#include "nv_money.h"
#include "nv_units.h"
#include "table.h"

#include <jansson.h>

#define CTL_VALUE_BYTES 96

/* "" when it is missing or no string. */
const char *ctl_str(const json_t *object, const char *key);
int64_t ctl_int(const json_t *object, const char *key);
bool ctl_true(const json_t *object, const char *key);
/* The object or array at key, or NULL. */
json_t *ctl_sub(const json_t *object, const char *key);

/* "$1,234.56" from a decimal string (or a JSON number); "-" when missing. */
const char *ctl_money(const json_t *object, const char *key, const char *currency,
	char buf[CTL_VALUE_BYTES]);
/* Red for a loss, green for a gain. */
enum ctl_style ctl_money_style(const json_t *object, const char *key);
/* "12.3%"; "-" when missing or null. */
const char *ctl_percent(const json_t *object, const char *key, char buf[CTL_VALUE_BYTES]);
/* "1,234"; "-" when missing. */
const char *ctl_count(const json_t *object, const char *key, char buf[CTL_VALUE_BYTES]);
/* An RFC 3339 time as "2026-11-22 14:05:09Z"; "-" when missing. */
const char *ctl_when(const json_t *object, const char *key, char buf[CTL_VALUE_BYTES]);
/* How long ago: "12s ago"; "-" when missing. */
const char *ctl_ago(const json_t *object, const char *key, char buf[CTL_VALUE_BYTES]);

/* One line for figures that leave money out for want of a rate: "LABEL: not counted,
 * ..."; nothing when they are whole. */
void ctl_print_unconverted(
	const struct ctl_out *out, const char *label, const json_t *figures);

/* A JSON copy of the value at key, or null. */
json_t *ctl_json_copy(const json_t *object, const char *key);
/* One event of the ledger on one line (event.c). */
void ctl_print_event(const struct ctl_out *out, const json_t *event);
/* A table of decisions (verb_autonomous.c). */
void
ctl_print_decisions(const struct ctl_out *out, const json_t *list, const char *empty);

#endif
