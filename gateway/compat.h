/* How the routes of the system that Nova replaces say what the engine knows: amounts are
 * JSON numbers there, rounded half to even to cents from exact decimals, and printed
 * without a double. What Nova does not know is null. */
#ifndef GW_COMPAT_H
#define GW_COMPAT_H

#include "api.h"
#include "nv_money.h"

/* The amount of a key, as the engine says it; 0 when it is not there. */
nv_i128 gw_compat_nano(const json_t *o, const char *key);
/* revenue - refunds - disputes - fees: what is called revenue there. */
nv_i128 gw_compat_earned(const json_t *metrics);

/* The amount of an event in the base currency, at today's rate as pnl says it. false: the
 * event's currency has none, and nothing is written. */
bool gw_compat_base(const json_t *pnl, const json_t *event, nv_i128 *ret_nano);

#define GW_CENTS_BYTES 48
/* "12.34" */
const char *gw_compat_cents(nv_i128 nano, char buf[GW_CENTS_BYTES]);
/* 100 * a / b with two decimals; "null" when b is not above 0. */
const char *gw_compat_percent(nv_i128 a, nv_i128 b, char buf[GW_CENTS_BYTES]);

/* compat_show.c */
void gw_compat_overview(struct nv_buf *b, const struct gw_compat_facts *facts);
void gw_compat_agents(struct nv_buf *b, const struct gw_compat_facts *facts);
void gw_compat_agent(struct nv_buf *b, const struct gw_compat_facts *facts);
void gw_compat_alerts(struct nv_buf *b, const struct gw_compat_facts *facts);
void gw_compat_opportunities(struct nv_buf *b, const struct gw_compat_facts *facts);
void gw_compat_opportunity(struct nv_buf *b, const struct gw_compat_facts *facts);
/* compat_money.c */
void gw_compat_summary(struct nv_buf *b, const struct gw_compat_facts *facts);
void gw_compat_trends(struct nv_buf *b, const struct gw_compat_facts *facts);
void gw_compat_departments(struct nv_buf *b, const struct gw_compat_facts *facts);
void gw_compat_top(struct nv_buf *b, const struct gw_compat_facts *facts);
/* compat_csv.c */
void gw_compat_agents_csv(struct nv_buf *b, const struct gw_compat_facts *facts);
void gw_compat_opportunities_csv(struct nv_buf *b, const struct gw_compat_facts *facts);

/* compat_sales.c: GET /api/export/financial; of agents and pnl. */
void gw_compat_sales(struct gw_call *call, const struct gw_compat_facts *facts);

/* A text of an object as JSON; null when it is none. */
void gw_compat_put(struct nv_buf *b, const char *name, const json_t *o, const char *key);
/* The same for {name, key} after {name, key} up to {NULL}, with commas between them. */
void gw_compat_put_all(struct nv_buf *b, const json_t *o, const char *const (*fields)[2]);
/* {"a":{...}}: the row of an agent, without braces around. */
void gw_compat_put_agent(struct nv_buf *b, const json_t *agent);
bool gw_compat_is_opportunity(const json_t *decision);

#endif
