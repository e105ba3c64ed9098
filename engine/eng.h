/* The engine's one state, and the seams between its parts. Each part has its own
 * header for what only it offers; this one holds what they share.
 *
 *   main.c      arguments, channel to novasupd, loop, order of start and stop
 *   scan.c      strict field scanner for event lines (pure)
 *   intake.c    streams: splice, scan, batch, commit, close
 *   book*.c     one scanned line -> one ledger event with its legs and the
 *               worker's live figures
 *   journal.c   lines of novasupd's lifecycle journal -> events
 *   resource.c  CPU, memory, threads, descriptors, I/O of each instance; compute cost
 *   watchdog.c  heartbeats: who is late
 *   fleet.c     workers: configuration + desired state + live figures
 *   tune.c      parameters, run intervals, splits of variants, while they run
 *   price.c     token usage -> cost, from the price table (exact decimals)
 *   budget.c    what may still be spent (pure)
 *   begun.c     what a run that is going on has cost before this engine
 *   caps.c      every cap, what counts against it, and whom it holds
 *   gate*.c     reservations: runs and calls ask before they spend
 *   setting.c   durable settings; brake.c: the emergency stop
 *   decide.c    when decisions are taken, and the classic rules on the ledger's figures
 *   judge.c     the decision core (policy/pol.h) inside the engine
 *   feed*.c     the ledger -> facts of the core, and its cache
 *   decision.c  a decision as it is kept; record.c: one of the core's; explain.c
 *   act.c       executes, records and closes decisions; outcome.c: what came of them
 *   simulate*.c the ledger under other settings, in a process of its own
 *   evidence.c  seals the ledger's days, hands its head out
 *   saving.c    makes backups
 *   count.c     counters from the ledger's events, for metrics
 *   retention.c moves old months of events to segment files
 *   spend.c     what the day has cost hour by hour, and will have cost
 *   spark.c     each worker's profit by the hour, kept while it is asked for
 *   api.c       engine.sock: connections, JSON lines, verb table
 *   api_*.c     verbs by subject
 *   period.c    days, weeks, months of the configured time zone
 *   tally.c     a table of money that adds up, in every currency and in the base one
 *   report_*.c  what the verbs about money share: asking, filling, JSON
 *   put.c       members of JSON objects as text
 *   row.c       a worker as JSON text
 */
#ifndef ENG_H
#define ENG_H

#include "led.h"
#include "nv_chan.h"
#include "nv_config.h"
#include "nv_msg_body.h"
#include "nv_msg_brake.h"

#include <ev.h>

struct eng_instance; /* a live incarnation: resource.h */
struct eng_spark;    /* spark.h */

enum eng_want { /* desired state of a worker; the names are what the ledger keeps */
	ENG_WANT_RUNNING,
	ENG_WANT_PAUSED,
	ENG_WANT_STOPPED,
	ENG_WANT_KILLED,     /* by decision or `kill`: only `deploy` brings it back */
	ENG_WANT_UNDEPLOYED, /* in the catalogue, not running */
	ENG_WANT_COUNT
};

/* Who did something: "uid 0", or with whom a program of that account asked:
 * "uid 0 for dashboard:anna". */
#define ENG_BY_BYTES  112
#define ENG_VIA_BYTES 80

/* Desired state of one worker as the ledger keeps it under "desire/NAME". */
struct eng_desire {
	enum eng_want want;
	uint32_t instances;    /* wanted when running; kept while paused or stopped */
	char reason[320];      /* "scale_up by decision 41: roi 412%" */
	char by[ENG_BY_BYTES]; /* "uid 0", "decision 41", "budget", "config" */
	int64_t since_ns;
	uint64_t epoch; /* seq of the event that set it; 0 = from the configuration */
	char variant[NV_NAME_MAX];
	char params[4096];       /* JSON object; "" = as configured */
	int64_t run_interval_ms; /* 0 = as configured */
	struct nv_split split;   /* of an experiment; n == 0: nobody has set one */
	/* When a person last put it into service: older figures say nothing about it as
	 * it is now and do not count for decisions. 0 = all count. */
	int64_t fresh_ns;
};

/* Money in currencies without a rate: kept as it is, in no figure of the base currency.
 */
#define ENG_CODES_BYTES 64
struct eng_uncounted {
	char codes[ENG_CODES_BYTES]; /* which have any: "EUR, GBP"; "" = all is counted */
	char costs[ENG_CODES_BYTES]; /* which have costs */
};

/* What is known of a worker now. One for each worker type in the configuration, and for
 * each one that is no longer in it but has money in the ledger (conf == NULL). */
struct eng_worker {
	char name[NV_NAME_MAX];
	uint32_t id;                       /* in the ledger; 0 until the first event */
	const struct nv_conf_worker *conf; /* borrowed from eng.config */
	/* One of Nova's own processes: borrowed likewise, and conf is NULL, so that
	 * nothing is decided about it, no budget holds it and no desire is sent. */
	const struct nv_conf_worker *system;
	char past_group[NV_NAME_MAX]; /* not configured, but imported: where it was */
	bool past;                    /* import.c: there are imported events of it */
	struct eng_desire desire;
	/* Of what it has cost since the engine started, what no single run has caused;
	 * base currency. enforce.c looks at what was added. */
	nv_i128 manual_cost;  /* entered by a person */
	nv_i128 compute_cost; /* booked from resource accounting */
	bool budget_paused;   /* paused on top of the desire, see budget.c */
	char budget_reason[320];
	const char *budget_rule; /* enforce.c: which cap it is; NULL = not paused */
	struct led_totals
		totals; /* in the base currency, since ever: as of the last commit */
	struct eng_uncounted uncounted; /* what totals leave out */
	uint64_t rejected;              /* quarantined lines, since ever */
	/* Usage of models the price table does not know: since the engine started, and
	 * the last of them. A batch that fails is counted again. */
	uint64_t unpriced;
	char unpriced_model[64];
	/* An instance is halted (journal.c sets it at a `state` line "halted" and clears
	 * it at the next start or at any other state): such a worker is never scaled up.
	 */
	bool halted;
	bool recalled;         /* journal.c: halted is what the ledger last said */
	uint64_t reset_epoch;  /* fleet.c: of the last desire that was sent as a reset */
	bool pause_known;      /* fleet.c: what its live ones were told last, */
	bool pause_told;       /* and that it was "pause" */
	uint64_t tune_told;    /* tune.c: hash of the last it was told; 0 = nothing */
	int64_t tune_told_ns;  /* and when that became so, monotonic */
	int64_t changed_ns;    /* when the last decision took effect, 0 = never */
	nv_i128 day_base_cost; /* decide.c: totals.cost when the day began */
	struct eng_purse *purse; /* caps.c: owned: the caps over it */
	bool limited;            /* gate: a decision has set what it may spend a day */
	int64_t limit_nano;
	struct eng_history *history; /* decide.c: owned: what was decided about it */
	struct eng_spark *spark;     /* spark.c: owned: its profit by the hour */
	int64_t heartbeat_ns;        /* last, wall clock; 0 = never */
	char status[200];            /* of the last heartbeat */
	char last_error[300]; /* of the last failed run, bad exit or rejected line */
	struct eng_instance *instances; /* live ones, a list */
	uint64_t txn_round;             /* txn.c: the last transaction that touched it */
	uint32_t txn_beats;             /* txn.c: heartbeats in the open transaction */
	struct eng_worker *next;
};

struct eng_intake;
struct eng_resource;
struct eng_watchdog;
struct eng_api;
struct eng_decide;
struct eng_anomalies;
struct eng_caps;
struct eng_gate;
struct eng_purse;
struct eng_price;
struct eng_fleet;
struct eng_evidence;  /* evidence.h */
struct eng_saving;    /* saving.h */
struct eng_retention; /* retention.h */
struct eng_count;     /* count.h */
struct eng_txn;       /* txn.h */

struct eng {
	struct ev_loop *loop;
	struct nv_chan sup; /* to novasupd */
	ev_timer *news;     /* main.c's: started after a commit, shows what is new */
	struct led *led;
	struct nv_config *config; /* owned */
	uint32_t config_gen;
	uint64_t boot_id;
	char state_dir[200];
	char run_dir[100];
	bool autonomous; /* durable setting "autonomous"; starts as configured */
	int64_t started_mono_ns;
	struct eng_worker *workers; /* by name */
	struct eng_fleet *fleet;    /* owned: index of the workers */
	struct nv_brake brake;      /* brake.c: the emergency stop as novasupd has it */
	bool desires_sent;          /* novasupd has had the whole desired state */
	struct eng_intake *intake;
	struct eng_resource *resource;
	struct eng_watchdog *watchdog;
	struct eng_api *api;
	struct eng_decide *decide;
	struct eng_anomalies *anomalies;
	struct eng_caps *caps; /* owned: see caps.h */
	struct eng_gate *gate; /* owned: see gate.h */
	bool fleet_limited;    /* a decision has set what the fleet may spend a day */
	int64_t fleet_limit_nano;
	struct eng_price *price;
	struct eng_evidence *evidence;
	struct eng_saving *saving;
	struct eng_retention *retention;
	struct eng_count *count;
	/* Why the configured price table is not the one in use; "" = it is. */
	char price_problem[400];
};

/* ---- fleet.c ---- */
struct eng_worker *eng_worker_find(struct eng *eng, const char *name);
struct eng_worker *eng_worker_by_id(struct eng *eng, uint32_t id);
/* Make one that is not in the configuration (money for an unknown worker). */
struct eng_worker *eng_worker_add(struct eng *eng, const char *name);
/* After the configuration was read or read anew: workers, desires from the ledger,
 * defaults for new ones. Does not send anything. */
int eng_fleet_load(struct eng *eng, struct nv_err *err);
/* Write the desire and the event that explains it in one commit, then send it. */
int eng_desire_set(struct eng *eng, struct eng_worker *w, const struct eng_desire *d,
	bool reset, struct nv_err *err);
/* The same inside an open transaction; after the commit: eng_desire_apply with the seq,
 * then eng_desire_send. */
int eng_desire_put(struct eng *eng, struct eng_txn *txn, struct eng_worker *w,
	const struct eng_desire *d, uint64_t ref, uint64_t *ret_seq);
void eng_desire_apply(struct eng_worker *w, const struct eng_desire *d, uint64_t seq);
/* SUP_DESIRE as things are (desire and budget pause together). */
void eng_desire_send(struct eng *eng, struct eng_worker *w, bool reset);
void eng_desire_send_all(struct eng *eng); /* and SUP_DESIRE_END */
/* The same for a novasupd that may not have heard of the last ones: resets too. */
void eng_desire_repeat_all(struct eng *eng);

/* A person stopped the worker through novasupd while there was no engine (ENG_HELD). */
void eng_fleet_held(struct eng *eng, const struct nv_eng_held *held);
/* A live incarnation's control pipe has come: tell it what it has to know (paused, what
 * is left of the budget). The intake calls it once the stream is in w->instances. */
void eng_fleet_stream_opened(struct eng *eng, struct eng_worker *w);
void eng_fleet_free(struct eng *eng);

/* ---- price.c ---- */
struct eng_usage { /* one `usage` event; texts are borrowed and not NUL-terminated */
	const char *provider; /* gen_ai.provider.name, NULL when not given */
	size_t provider_bytes;
	const char *model; /* that answered, else that was asked for; never NULL */
	size_t model_bytes;
	const char *tier; /* service tier: "batch", ...; NULL or "standard": the usual */
	size_t tier_bytes;
	uint64_t
		input_tokens; /* includes cached and audio ones, as the convention says */
	uint64_t output_tokens; /* includes audio ones */
	uint64_t cache_read_tokens;
	uint64_t cache_write_tokens;    /* for minutes */
	uint64_t cache_write_1h_tokens; /* for an hour */
	uint64_t input_audio_tokens;
	uint64_t output_audio_tokens;
	uint64_t searches; /* of the web, by the vendor's own tool */
	int64_t at_ns;     /* which prices were in force */
};
/* The cost in the table's currency (written to ret_currency), exact and rounded once to
 * 10^-9 once; ret_vendor names whom it is owed to. 0; -ENOENT no price is known for that
 * model; -ERANGE the result does not fit an event. */
int eng_price_usage(const struct eng_price *price, const struct eng_usage *usage,
	int64_t *ret_nano, char ret_currency[NV_CURRENCY_BYTES],
	char ret_vendor[NV_NAME_MAX]);

/* ---- start and end of policy's parts ----
 * main.c calls open in this order: the ledger is open and the probe is committed, then
 * eng_price_open, eng_fleet_load, eng_decide_open, (streams, READY, eng_desire_send_all),
 * eng_api_open; and the ends in the opposite order. After a reload (ENG_CONFIG) it swaps
 * eng->config and calls eng_fleet_load, then eng_decide_config and eng_desire_send_all.
 */
int eng_price_open(struct eng *eng, struct nv_err *err);
void eng_price_close(struct eng *eng);
int eng_decide_open(struct eng *eng, struct nv_err *err);
void eng_decide_config(struct eng *eng);
void eng_decide_close(struct eng *eng);
/* Cost of the fleet since the day began, base currency, as of the last commit. */
nv_i128 eng_spent_today(const struct eng *eng);
int eng_api_open(struct eng *eng, struct nv_err *err); /* binds run_dir/engine.sock */
void eng_api_close(struct eng *eng);

/* ---- intake.c ---- */
/* Commit what is waiting now and open the ledger for another writer of a batch: the
 * intake never holds a batch open across a loop pass, so others may begin one any time.
 */
int eng_intake_flush(struct eng *eng);
/* Send one control line (a JSON object without the newline, at most 4095 bytes) to every
 * live instance of a worker. A full control pipe drops it and counts: never blocks. */
void eng_control_line(struct eng *eng, struct eng_worker *w, const char *json);
struct eng_intake_figures {
	uint64_t streams;       /* open ones, the journal not counted */
	uint64_t waiting_bytes; /* taken from pipes, not yet committed */
	uint64_t stalled;       /* streams that wait for room in memory */
	uint64_t lines;         /* read, since engine start: of the journal too */
	uint64_t bytes;
	uint64_t control_dropped; /* control lines lost to full pipes, since engine start
				   */
};
void eng_intake_figures(const struct eng *eng, struct eng_intake_figures *ret);

/* ---- txn.c ---- */
/* Read the totals of one worker anew from the ledger: for whoever committed events of
 * it in a batch of his own (the intake does it for its own batches). */
int eng_worker_refresh(struct eng *eng, struct eng_worker *w);

/* ---- decide.c, api.c: called by the intake ---- */
/* After each commit that touched workers; their live figures are current. */
void eng_decide_after_commit(struct eng *eng); /* budgets */
void eng_api_after_commit(
	struct eng *eng, uint64_t first_seq, uint64_t last_seq); /* followers */

/* The ledger cannot be written: tell novasupd (agents are paused), log, exit. */
NV_NORETURN void eng_ledger_trouble(struct eng *eng, const char *what);

#endif
