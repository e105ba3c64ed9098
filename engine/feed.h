/* From the ledger into the decision core (policy/pol.h): every committed event that
 * matters, once, in the order of the ledger, in the base currency at the declared rates.
 * nova-engine feeds the core it decides with, and `novactl simulate` another one, by the
 * same code: the same ledger makes the same core, whoever reads it and whenever.
 *
 * What runs is a fact like others: desired states, budget pauses and the steps of
 * decisions are in the ledger with their times. What only a running engine sees (live
 * instances, crash limits) the driver tells the core itself, before it asks. */
#ifndef ENG_FEED_H
#define ENG_FEED_H

#include "fleet.h"

#include "pol.h"

/* While the past is read again it is judged at each time it was then, or should have
 * been, so that the core becomes what it was; what is older than this has left no trace
 * (POL_DAYS). */
#define ENG_FEED_JUDGE_S (INT64_C(190) * 86400)

struct eng_fed; /* one worker of the ledger */

struct eng_feed {
	struct pol *pol;                /* owned */
	const struct nv_config *config; /* borrowed: in force */
	uint64_t seq;                   /* every event up to it is in */
	int64_t time_ns;                /* when that one was committed; 0 = none */
	int64_t judged_s; /* the multiple of the cadence it was last judged at */
	int64_t evaluate_s;
	struct eng_fed *workers; /* owned array, by ledger id; [0] unused */
	size_t n_workers;
	int64_t *rates; /* owned, by currency id; -1 = none, 0 = not looked up */
	size_t n_rates;
	uint64_t rates_hash; /* of the configuration they are from */
	/* Another course of things (simulate): asked of each fact, and with NULL of each
	 * change of what a worker runs: false = it would not have been. What was decided
	 * then is not fed at all. NULL = things as they were. */
	bool (*keep)(void *arg, const char *worker, const struct pol_fact *fact);
	void *keep_arg;
	uint64_t n_facts;
};

/* An empty core under this configuration, which stays the caller's. */
int eng_feed_init(struct eng_feed *f, const struct nv_config *config, bool advise_only,
	struct nv_err *err);
void eng_feed_fini(struct eng_feed *f);
/* Another configuration is in force: what is known stays. -ESTALE: rates or the base
 * currency are others, so that all of it has to be read again: fini and init. */
int eng_feed_config(struct eng_feed *f, const struct nv_config *config, bool advise_only);

/* At most `max` events of those committed before stop_ns, and of an empty feed the first
 * alone. 1: there may be more of them; 0: all are in; negative: the ledger or memory. */
int eng_feed_run(struct eng_feed *f, struct led *led, uint64_t max, int64_t stop_ns,
	struct nv_err *err);
/* The next time it is to be judged at, in seconds: everything committed before has to be
 * in. 0 = there is nothing yet. */
int64_t eng_feed_next_judgement(const struct eng_feed *f);

/* What the desire (and a budget) come to, for the core. conf may be NULL. */
void eng_feed_standing(const struct nv_conf_worker *conf, const struct eng_desire *d,
	bool budget_paused, struct pol_standing *ret);
/* feed_conf.c: settings -> the core's. day_ns: any time of the budget day in force. */
void eng_feed_pol_conf(const struct nv_config *config, bool advise_only, int64_t day_ns,
	struct pol_conf *ret);
void eng_feed_worker_conf(const struct nv_conf_worker *conf, struct pol_worker_conf *ret);
/* Everything that decides what an event is worth, as one number. */
uint64_t eng_feed_rates_hash(const struct nv_config *config);

/* Of the cache: a row for each number of a worker, how many there are; and back, with the
 * core that was saved, which becomes the feed's when it returns 0. */
#define ENG_FEED_ROW_BYTES (2 * sizeof(uint64_t))
size_t eng_feed_rows(const struct eng_feed *f, struct nv_buf *buf);
int eng_feed_rows_take(struct eng_feed *f, struct led_view *v, struct pol *pol,
	const char *rows, size_t n);

/* ---- feed_cache.c: what is known, kept beside the ledger ----
 * A cache: damaged, missing, of another build or of another ledger it is not used, and
 * everything is read again. */
int eng_feed_save(const struct eng_feed *f, struct led *led, const char *path);
/* Into an empty feed. 0: used; -ENOENT none; -EBADMSG not to be used (err says why). */
int
eng_feed_load(struct eng_feed *f, struct led *led, const char *path, struct nv_err *err);

#endif
