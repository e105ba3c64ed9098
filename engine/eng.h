/* The engine's one state, and the seams between its parts. Each part has its own
 * header for what only it offers; this one holds what they share.
 *
 *   main.c      arguments, channel to novasupd, loop, order of start and stop
 *   scan.c      strict field scanner for event lines (pure)
 *   intake.c    streams: splice, scan, batch, commit, close
 *   book.c      one scanned line -> one ledger event with its legs and the
 *               worker's live figures
 *   journal.c   lines of novasupd's lifecycle journal -> events
 *   resource.c  CPU, memory, threads, descriptors, I/O of each instance; compute cost
 *   watchdog.c  heartbeats: who is late
 *   fleet.c     workers: configuration + desired state + live figures
 *   price.c     token usage -> cost, from the price table (exact decimals)
 *   policy.c    the decision rules (pure)
 *   budget.c    what may still be spent (pure)
 *   decide.c    runs the policy, keeps decisions and approvals durable, executes them
 *   api.c       engine.sock: connections, JSON lines, verb table
 *   api_*.c     verbs by subject
 */
#ifndef ENG_H
#define ENG_H

#include "led.h"
#include "nv_chan.h"
#include "nv_config.h"
#include "nv_msg_body.h"

#include <ev.h>

struct eng_instance; /* a live incarnation: resource.h */

enum eng_want { /* desired state of a worker; the names are what the ledger keeps */
	ENG_WANT_RUNNING,
	ENG_WANT_PAUSED,
	ENG_WANT_STOPPED,
	ENG_WANT_KILLED,     /* by decision or `kill`: only `deploy` brings it back */
	ENG_WANT_UNDEPLOYED, /* in the catalogue, not running */
	ENG_WANT_COUNT
};

/* Desired state of one worker as the ledger keeps it under "desire/NAME". */
struct eng_desire {
	enum eng_want want;
	uint32_t instances; /* wanted when running; kept while paused or stopped */
	char reason[200];   /* "scale_up by decision 41: roi 412%" */
	char by[64];	    /* "uid 0", "decision 41", "budget", "config" */
	int64_t since_ns;
	uint64_t epoch; /* seq of the event that set it; 0 = from the configuration */
	char variant[NV_NAME_MAX];
	char params[4096]; /* JSON object */
	int64_t run_interval_ms;
};

/* What is known of a worker now. One for each worker type in the configuration, and for
 * each one that is no longer in it but has money in the ledger (conf == NULL). */
struct eng_worker {
	char name[NV_NAME_MAX];
	uint32_t id; /* in the ledger; 0 until the first event */
	const struct nv_conf_worker *conf; /* borrowed from eng.config */
	struct eng_desire desire;
	bool budget_paused; /* paused on top of the desire, see budget.c */
	char budget_reason[200];
	struct led_totals totals; /* in the base currency, since ever: as of the last commit */
	uint64_t rejected;	  /* quarantined lines, since ever */
	uint64_t runs_at_change;  /* runs when the last decision took effect */
	int64_t changed_ns;	  /* when it did */
	int64_t heartbeat_ns;	  /* last, wall clock; 0 = never */
	char status[200];	  /* of the last heartbeat */
	char last_error[300];	  /* of the last failed run, bad exit or rejected line */
	struct eng_instance *instances; /* live ones, a list */
	struct eng_worker *next;
};

struct eng_intake;
struct eng_api;
struct eng_decide;
struct eng_price;

struct eng {
	struct ev_loop *loop;
	struct nv_chan sup; /* to novasupd */
	struct led *led;
	struct nv_config *config; /* owned */
	uint32_t config_gen;
	uint64_t boot_id;
	char state_dir[200];
	char run_dir[100];
	bool autonomous; /* durable setting "autonomous"; starts as configured */
	int64_t started_mono_ns;
	struct eng_worker *workers; /* by name */
	struct eng_intake *intake;
	struct eng_api *api;
	struct eng_decide *decide;
	struct eng_price *price;
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
/* The same inside an open batch; send after the commit with eng_desire_send. */
int eng_desire_put(struct eng *eng, struct led_batch *b, struct eng_worker *w,
	const struct eng_desire *d, uint64_t ref);
/* SUP_DESIRE as things are (desire and budget pause together). */
void eng_desire_send(struct eng *eng, struct eng_worker *w, bool reset);
void eng_desire_send_all(struct eng *eng); /* and SUP_DESIRE_END */

/* ---- intake.c ---- */
/* Commit what is waiting now and open the ledger for another writer of a batch: the
 * intake never holds a batch open across a loop pass, so others may begin one any time. */
int eng_intake_flush(struct eng *eng);
/* Called after each commit that touched these workers (live figures are current). */
void eng_decide_after_commit(struct eng *eng); /* decide.c: budgets */
void eng_api_after_commit(struct eng *eng, uint64_t first_seq, uint64_t last_seq); /* followers */

/* The ledger cannot be written: tell novasupd (agents are paused), log, exit. */
NV_NORETURN void eng_ledger_trouble(struct eng *eng, const char *what);

#endif
