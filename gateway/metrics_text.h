/* The two text formats of metrics: Prometheus' classic one (version 0.0.4) and
 * OpenMetrics 1.0. Pure. Families are written one after the other, each with all of its
 * samples: both formats want that.
 *
 * Numbers come as text or as integers, never through a double: what is money here is
 * money in the ledger to the last digit. */
#ifndef GW_METRICS_TEXT_H
#define GW_METRICS_TEXT_H

#include "nv_buf.h"

enum gw_metric {
	GW_COUNTER, /* samples end with _total */
	GW_GAUGE,
	GW_INFO, /* samples end with _info and are 1 */
	GW_HISTOGRAM
};

struct gw_label {
	const char *name;  /* ours */
	const char *value; /* anybody's: escaped, and made UTF-8 where it is not */
};
/* Labels of a sample: GW_WITH({"worker", w}, {"group", g}). */
#define GW_WITH(...) \
	((const struct gw_label[]){__VA_ARGS__}), \
		NV_LEN(((const struct gw_label[]){__VA_ARGS__}))

#define GW_LABEL_BYTES_MAX 200 /* of a value; longer is cut */

struct gw_text {
	struct nv_buf buf;
	bool open;        /* OpenMetrics */
	const char *name; /* borrowed: of the family */
	enum gw_metric type;
};

void gw_text_init(struct gw_text *t, bool open_metrics, size_t bytes_max);
void gw_text_fini(struct gw_text *t);
/* A family: its name without _total or _info, and what it is in a sentence. */
void gw_text_family(
	struct gw_text *t, const char *name, enum gw_metric type, const char *help);
/* A sample. value: a decimal number. */
void gw_text_sample(
	struct gw_text *t, const struct gw_label *labels, size_t n, const char *value);
void
gw_text_count(struct gw_text *t, const struct gw_label *labels, size_t n, uint64_t value);
/* value / scale, exactly; scale a power of ten, up to 10^9. */
void gw_text_scaled(struct gw_text *t, const struct gw_label *labels, size_t n,
	int64_t value, int64_t scale);
/* A counter with an exemplar; the classic format has none. */
void gw_text_exemplar(struct gw_text *t, const struct gw_label *labels, size_t n,
	uint64_t value, const struct gw_label *exemplar);
/* A histogram: counts[i] is how many were at most le[i] (both of 10^-6), `total` in all.
 */
void gw_text_histogram(struct gw_text *t, const int64_t *le_us, const uint64_t *counts,
	size_t n, uint64_t total, int64_t sum_us);
/* The end of the page. 0, or -ENOMEM, -ENOBUFS: it is not whole. */
int gw_text_end(struct gw_text *t);

/* Does an Accept header prefer OpenMetrics 1.0 to the classic format? NULL: no. */
bool gw_text_wants_open(const char *accept);

#endif
