/* What /proc says of processes, as metrics. */
#ifndef GW_METRICS_PROC_H
#define GW_METRICS_PROC_H

#include "metrics_text.h"
#include "nv_fleet.h"

/* The standard set (process_...) of the gateway itself. */
void gw_metrics_put_process(struct gw_text *t);
/* Processor time and memory of Nova's own processes; those that cannot be read are left
 * out. */
void gw_metrics_put_procs(struct gw_text *t, const struct nv_fleet *fleet);

#endif
