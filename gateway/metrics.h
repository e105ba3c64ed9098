/* GET /metrics. A scrape asks the engine (verb `figures`), novasupd, nova-alerts and each
 * platform once; what has not answered within GW_METRICS_MS is left out and said
 * (nova_up). A page is kept for a second: more scrapers are no more work.
 *
 *   metrics.c         asking, joining, answering
 *   metrics_text.c    the two text formats (pure)
 *   metrics_engine.c  what the engine knows: workers, budgets, decisions, ledger
 *   metrics_money.c   of it: money, tokens
 *   metrics_fleet.c   what novasupd knows: processes, instances
 *   metrics_self.c    the gateway itself, platforms, alerts, the last verify */
#ifndef GW_METRICS_H
#define GW_METRICS_H

#include "http.h"
#include "metrics_text.h"
#include "nv_config.h"
#include "nv_fleet.h"

#include <jansson.h>

#define GW_METRICS_MS        4000 /* below the usual timeout of a scrape, 10 s */
#define GW_METRICS_KEPT_MS   1000
#define GW_METRICS_CALLS_MAX 32 /* that wait for a page */
#define GW_METRICS_BYTES_MAX ((size_t)15 << 20)

struct gw;

/* What was asked, as far as it has come. */
struct gw_scrape {
	const struct gw *gw;
	const json_t *engine;         /* data of `figures`; NULL: away */
	const struct nv_fleet *fleet; /* NULL: away */
	int64_t fleet_ns;             /* wall clock: when it was asked for */
	const json_t *alerts;         /* data of `list`; NULL: away, or not configured */
	const json_t *platforms[NV_PLATFORMS]; /* data of `state` */
	bool has_alerts;                  /* it is one of this fleet's, and was asked */
	bool has_platforms[NV_PLATFORMS]; /* likewise */
	size_t workers_max;
};

/* Each writes whole families. Pure but for metrics_self.c and what metrics_fleet.c reads
 * of /proc. */
void gw_metrics_put_engine(struct gw_text *t, const struct gw_scrape *s);
void gw_metrics_put_money(struct gw_text *t, const struct gw_scrape *s);
void gw_metrics_put_fleet(struct gw_text *t, const struct gw_scrape *s);
void gw_metrics_put_self(struct gw_text *t, const struct gw_scrape *s);

gw_handler_fn gw_metrics_get;
int gw_metrics_open(struct gw *gw); /* 0 or -ENOMEM */
void gw_metrics_close(struct gw *gw);

#endif
