/* Values with units as people write them in the configuration and on the command
 * line: durations "90s" "5m" "1h30m" "7d" "250ms", sizes "256MiB" "4KiB" "10MB",
 * money "$10" "10.00 USD", rates "$10/day", percentages "300%". A bare number is
 * an error: the unit is part of the value. */
#ifndef NV_UNITS_H
#define NV_UNITS_H

#include "nv_err.h"
#include "nv_money.h"

/* Each: 0, or -EINVAL with a sentence that says what was expected, or -ERANGE. */
int nv_duration_parse(const char *text, int64_t *ret_ms, struct nv_err *err);
int nv_size_parse(const char *text, uint64_t *ret_bytes, struct nv_err *err);
/* In parts per million of one: "150%" is 1,500,000; at most 4 decimals. */
int nv_percent_parse(const char *text, int64_t *ret_ppm, struct nv_err *err);
/* "$10", "$0.50", "10.00 USD", "12 EUR"; currency is set to the named one. */
int nv_amount_parse(const char *text, int64_t *ret_nano, char currency[NV_CURRENCY_BYTES],
	struct nv_err *err);

#define NV_UNITS_BYTES 48
/* "3d2h", "1h30m", "90s", "250ms"; the two largest units. */
const char *nv_duration_show(int64_t ms, char buf[NV_UNITS_BYTES]);
/* "256.0 MiB". */
const char *nv_size_show(uint64_t bytes, char buf[NV_UNITS_BYTES]);
/* "212%", "12.5%" (one decimal when it is not whole); the form of ROI titles. */
const char *nv_percent_show(int64_t ppm, char buf[NV_UNITS_BYTES]);

#endif
