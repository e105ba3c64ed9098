/* What the verbs about money print in the same way. */
#ifndef CTL_REPORT_H
#define CTL_REPORT_H

#include "ctl.h"
#include "value.h"

/* The first word as the target, and --period, --from, --to. A new reference. */
json_t *ctl_report_args(const struct ctl *ctl);
/* An option that says how many rows, as the argument "limit". An enum nv_exit. */
int ctl_report_limit(struct ctl *ctl, const char *option, json_t *args);

void ctl_print_period(const struct ctl *ctl, const json_t *data);
/* Which rates stand behind the base currency. */
void ctl_print_rates(const struct ctl *ctl, const json_t *data);
/* That the first row stands for many. */
void ctl_print_folded(const struct ctl *ctl, const json_t *data);
/* "worker" as the head of a column. */
const char *ctl_head(const char *by, char buf[CTL_VALUE_BYTES]);
/* Amounts with their shares: a list of data. what: "cost", "revenue". */
void ctl_print_shares(const struct ctl *ctl, const json_t *data, const char *list,
	const char *what, const char *head);
/* The rows of data with all their figures. */
void ctl_print_figures(const struct ctl *ctl, const json_t *data, const char *head);

#endif
