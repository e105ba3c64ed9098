/* engine.sock: requests of novactl and other local programs, one JSON object a line, and
 * one line back. A client that sends garbage, sends slowly, reads slowly or dies costs
 * nobody else anything: sockets never block, buffers have ceilings.
 *
 * A verb is a function that sets call->data or fails: negative errno with call->err set.
 * How errno becomes the code (the exit code of novactl): -EINVAL wrong use 2; -ENOENT,
 * -EALREADY, -ESTALE, -EPERM the answer is no 1; anything else it failed 4. */
#ifndef ENG_API_H
#define ENG_API_H

#include "eng.h"
#include "report.h"

#include <jansson.h>

#define ENG_API_LINE_BYTES_MAX ((size_t)64 << 10)
#define ENG_API_OUT_BYTES_MAX  ((size_t)16 << 20)
/* Unsent answers of all clients together: beyond it who has not read for longest is cut
 * off. */
#define ENG_API_HELD_BYTES_MAX ((size_t)64 << 20)
#define ENG_API_CLIENTS_MAX    64
#define ENG_API_OF_ONE_MAX     32 /* of one process: it cannot take every place */
#define ENG_API_IDLE_S         60.
#define ENG_API_KEPT_S         1. /* idle for less: not given up for another one */
#define ENG_API_ROWS_MAX       10000
#define ENG_API_ARGS_MAX       18

struct eng_client;

struct eng_call {
	struct eng *eng;
	struct eng_client *client; /* NULL in tests */
	const json_t *args;        /* an object */
	unsigned uid;              /* of the peer */
	char by[ENG_BY_BYTES];     /* the same for people, with the argument via */
	int64_t now_ns;
	json_t *data; /* the answer: a new reference */
	char *text;   /* or this instead: one value of JSON on one line, owned */
	struct nv_err err;
};

typedef int eng_verb_fn(struct eng_call *call);

struct eng_verb {
	const char *name;
	eng_verb_fn *fn;
	/* Known ones; others are refused. "via": whom the caller asked, one word; it is
	 * read before the verb runs and becomes part of call->by. */
	const char *args[ENG_API_ARGS_MAX];
};

/* One request line -> one answer line (owned by the caller; NULL without memory). Used by
 * the socket, the tests and the fuzzer alike. */
char *eng_api_answer(struct eng *eng, struct eng_client *client, unsigned uid,
	const char *line, size_t bytes);

/* Turn this connection into a follower of events from after_seq on. worker: "" = all. */
void eng_api_follow(struct eng_client *client, const char *worker, uint64_t after_seq);

/* Fills err and gives -ENOENT with the nearest name, or the worker. */
int eng_api_worker(struct eng_call *call, const char *name, struct eng_worker **ret);

/* api_show.c: parts of answers, new references. */
json_t *eng_json_metrics(const struct eng *eng, const struct led_totals *t);
/* What the figures in `o` leave out for want of a rate, currency by currency, becomes its
 * "unconverted"; nothing is added when there is none. `what`: only where that amount
 * ("cost", "revenue") is not zero; NULL = any. 0, or negative. */
int eng_json_put_unconverted(json_t *o, struct eng *eng, struct led_view *v,
	const struct eng_scope *scope, const char *what);
json_t *eng_json_desired(const struct eng_worker *w);
/* Parameters, interval and split in force: api_tune.c */
json_t *eng_json_tuned(const struct eng_worker *w);
json_t *eng_json_budget(const struct eng *eng);
const char *eng_policy_name(const struct eng *eng); /* "strict", "marginal", "classic" */
/* A limit; null when it is negative: there is none. */
json_t *eng_json_cap(nv_i128 nano);
json_t *eng_json_counts(struct eng *eng); /* decisions: total, today, pending */
json_t *eng_json_event(struct eng *eng, struct led_view *v, const struct led_event *ev);
/* Waiting decisions, and all (filter may be NULL), as arrays. */
json_t *eng_json_approvals(struct eng *eng);
json_t *eng_json_decisions(struct eng *eng, struct led_view *v, const char *worker,
	int64_t since_ns, size_t limit);
/* {PROVIDER: how many webhooks the ledger has of it}, a new reference. 0 or -errno. */
int eng_webhook_counts(struct led_view *v, json_t **ret);
/* The last events, oldest first. */
json_t *eng_json_events(struct eng *eng, struct led_view *v, const struct eng_worker *w,
	uint64_t since_seq, size_t limit);

/* A page of events after *after_seq, which moves on; worker "" = all. */
#define ENG_API_PAGE 500
int eng_feed(struct eng *eng, struct led_view *v, const char *worker, uint64_t *after_seq,
	json_t *events);

/* Verbs by subject. */
eng_verb_fn eng_verb_ping;
eng_verb_fn eng_verb_summary;
eng_verb_fn eng_verb_figures;    /* api_figures.c */
eng_verb_fn eng_verb_overview;   /* api_overview.c */
eng_verb_fn eng_verb_sparklines; /* api_spark.c */
eng_verb_fn eng_verb_metrics;
eng_verb_fn eng_verb_agents;
eng_verb_fn eng_verb_agent;
eng_verb_fn eng_verb_set;
eng_verb_fn eng_verb_scale;
eng_verb_fn eng_verb_tune;     /* api_tune.c */
eng_verb_fn eng_verb_forecast; /* api_forecast.c */
eng_verb_fn eng_verb_kill;
eng_verb_fn eng_verb_deploy;
eng_verb_fn eng_verb_undeploy;
eng_verb_fn eng_verb_autonomous_set;
eng_verb_fn eng_verb_autonomous_status;
eng_verb_fn eng_verb_autonomous_run;
eng_verb_fn eng_verb_approvals;
eng_verb_fn eng_verb_approve;
eng_verb_fn eng_verb_deny;
eng_verb_fn eng_verb_decisions;
eng_verb_fn eng_verb_explain;
eng_verb_fn eng_verb_budget;
eng_verb_fn eng_verb_calibration;
eng_verb_fn eng_verb_costs;
eng_verb_fn eng_verb_revenue;
eng_verb_fn eng_verb_pnl; /* api_pnl.c */
eng_verb_fn eng_verb_roi;
eng_verb_fn eng_verb_timeline;
eng_verb_fn eng_verb_performers;
eng_verb_fn eng_verb_cashflow; /* api_cash.c */
eng_verb_fn eng_verb_quality;
eng_verb_fn eng_verb_cohorts; /* api_cohort.c */
eng_verb_fn eng_verb_reinvest;
eng_verb_fn eng_verb_track;
eng_verb_fn eng_verb_correct;
eng_verb_fn eng_verb_import; /* import.c */
eng_verb_fn eng_verb_import_begin;
eng_verb_fn eng_verb_import_totals;
eng_verb_fn eng_verb_events;
eng_verb_fn eng_verb_follow;
eng_verb_fn eng_verb_quarantine;
eng_verb_fn eng_verb_webhooks;
eng_verb_fn eng_verb_stats;
eng_verb_fn eng_verb_incidents; /* incident.c */
eng_verb_fn eng_verb_anomalies; /* anomalies.c */
eng_verb_fn eng_verb_prices;    /* api_prices.c */
eng_verb_fn eng_verb_why;

#endif
