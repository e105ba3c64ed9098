/* What counters need and the ledger's own sums do not have: money that was booked and
 * money that was taken back, apart (a correction, a dispute that was won), so that
 * neither ever falls; exits by cause; decisions by what became of them; tokens by model.
 * Made from the events of the ledger alone, in their order, so that the same ledger gives
 * the same counts whoever reads it: they go on over any restart.
 *
 * It reads the ledger on in small steps a moment after each commit, never in the way of
 * one. What it knows is kept in a file beside the ledger (count_cache.c), which is only
 * ever a cache. Until it has caught up with what the ledger held when the engine started
 * it says nothing: a counter that goes back would count as having begun anew. */
#ifndef ENG_COUNT_H
#define ENG_COUNT_H

#include "eng.h"
#include "map.h"

enum eng_count_kind {        /* what is counted; the numbers stand in the cache */
	ENG_COUNT_MONEY = 1, /* by worker, field, direction and currency: 10^-9 */
	ENG_COUNT_CATEGORY,  /* costs by category */
	ENG_COUNT_SOURCE,    /* revenue by source */
	ENG_COUNT_STARTS,    /* of processes, by worker */
	ENG_COUNT_EXITS,     /* by worker and cause */
	ENG_COUNT_CPU_US,    /* of incarnations that have ended, by worker */
	ENG_COUNT_DECISIONS, /* by action and what became of it */
	ENG_COUNT_TOKENS,    /* by provider, model and enum eng_token */
	ENG_COUNT_USAGE,     /* events with tokens, by provider and model */
	ENG_COUNT_UNPRICED,  /* of them, without a price */
	ENG_COUNT_LLM,       /* what they cost, by provider, model and currency */
	ENG_COUNT_KINDS
};

enum eng_token {
	ENG_TOKEN_INPUT, /* all of them, those of the cache too */
	ENG_TOKEN_OUTPUT,
	ENG_TOKEN_CACHE_READ,
	ENG_TOKEN_CACHE_WRITE,
	ENG_TOKENS
};

/* Names of one kind that are kept apart; those that come later are "_other". */
#define ENG_COUNT_NAMES_MAX 100
#define ENG_COUNT_OTHER     "_other"

struct eng_count_row {
	nv_i128 n;    /* never falls */
	uint64_t seq; /* DECISIONS: the newest one */
};

struct eng_counted {
	struct led_map keys;
	struct eng_count_row *rows; /* owned: by index of keys */
	uint32_t cap;
	struct led_texts words; /* a byte for the kind, then the name */
	uint32_t names[ENG_COUNT_KINDS];
	uint64_t seq; /* every event up to it is in */
	int bad;      /* no memory: nothing of it is to be used */
};

/* One key taken apart. */
struct eng_count_key {
	enum eng_count_kind kind;
	uint32_t worker;   /* in the ledger; 0 = of all, or of none */
	uint32_t currency; /* of MONEY, CATEGORY, SOURCE and LLM */
	unsigned field;    /* MONEY: enum led_field; TOKENS: enum eng_token */
	bool back;         /* taken back */
	const char *name;  /* borrowed; not NUL-terminated; parts with a NUL between */
	size_t name_bytes;
};
void eng_counted_fini(struct eng_counted *c);
void
eng_counted_key(const struct eng_counted *c, uint32_t index, struct eng_count_key *ret);
/* How many processes of a worker have ended, whatever the cause, up to c->seq. */
uint64_t eng_counted_exits(const struct eng_counted *c, uint32_t worker);
/* Reads at most `max` events on. 1: there may be more; 0: all are in; negative. */
int eng_counted_read(struct eng_counted *c, struct led *led, uint64_t max);

/* count_cache.c. Save: 0 or negative. Load, into an empty one: 0; -ENOENT none; -EBADMSG
 * it is damaged, or about another ledger. */
int eng_counted_save(const struct eng_counted *c, struct led *led, const char *path);
int eng_counted_load(struct eng_counted *c, struct led *led, const char *path);

/* ---- in the engine ---- */

#define ENG_COMMIT_BOUNDS 9
extern const int64_t eng_commit_bounds_us[ENG_COMMIT_BOUNDS];
struct eng_commits {                          /* since the engine started */
	uint64_t upto[ENG_COMMIT_BOUNDS + 1]; /* not cumulative; the last: beyond all */
	uint64_t n;
	int64_t sum_ns;
};

struct eng_count {
	struct eng_counted all;
	struct eng_commits commits;
	uint64_t target_seq; /* of the ledger when the engine started */
	uint64_t saved_seq;
	int64_t saved_mono_ns;
	ev_timer timer;
	char path[256];
};

/* When the ledger has everything that had waited for the engine. -ENOMEM, or the ledger's
 * error. */
int eng_count_open(struct eng *eng);
void eng_count_close(struct eng *eng);
/* A commit took so long. */
void eng_count_committed(struct eng *eng, int64_t took_ns);
/* For an answer: reads on, not for long. Has it caught up with the start? */
bool eng_count_fresh(struct eng *eng);

#endif
