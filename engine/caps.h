/* Every cap of the fleet with what counts against it, and which of them hold which
 * worker. Built from the configuration and the limits that decisions have set; what is
 * spent is taken from the ledger and kept current by every commit. Amounts in the base
 * currency. */
#ifndef ENG_CAPS_H
#define ENG_CAPS_H

#include "budget.h"
#include "eng.h"

#define ENG_GATE_COSTS 50 /* runs whose costs are remembered */

#define ENG_CAPS_OVER_MAX 180 /* over one worker: see build_purse */

struct eng_reservation; /* gate.h */

struct eng_caps {
	struct eng_cap *list; /* owned */
	size_t n;
	struct eng_cap *fleet_hour; /* in list; always there, perhaps without a limit */
	struct eng_cap *fleet_day;
	struct eng_cap *fleet_limit;
	bool hourly; /* there is a cap of an hour: hours are looked at */
	int64_t hour_from_ns;
	int64_t hour_to_ns;
};

/* What one worker may spend, and has. */
struct eng_purse {
	struct eng_cap **caps; /* owned list, the caps are in eng_caps; those of longer
				  periods first */
	size_t n_caps;
	struct eng_cap *limit;  /* set by decision */
	nv_i128 hour_base_cost; /* totals.cost when the hour began */
	nv_i128 counted;        /* totals.cost as it is in the caps */
	nv_i128 reserved;       /* of its open reservations, as in the caps */
	/* gate.c's */
	struct eng_reservation *open; /* owned list */
	unsigned n_open;
	bool gate_touched; /* one of them has changed in the open transaction */
	nv_i128 run_costs[ENG_GATE_COSTS]; /* a ring: what its last runs cost */
	unsigned n_run_costs;
};

/* Anew after the configuration was read; reservations are counted in by gate.c. Dies
 * without memory. */
void eng_caps_build(struct eng *eng);
void eng_caps_free(struct eng *eng);
/* The day and the hour of now begin and end then; true when one of them is another. */
bool eng_caps_periods(struct eng *eng, int64_t now_ns);
/* What is spent, from every worker's figures. */
void eng_caps_recount(struct eng *eng);
/* Its totals have been read anew from v: what it has spent since counts at once. */
void eng_caps_spent(struct eng *eng, struct led_view *v, struct eng_worker *w);
/* What was spent today by operation, from the ledger. */
void eng_caps_operations(struct eng *eng, struct led_view *v);
/* ---- warn.c ---- */
/* Which warnings were given. */
void eng_warn_load(struct eng *eng);
/* Those that are due: recorded, and in the log. */
void eng_warn(struct eng *eng);

/* ---- caps.c ---- */
/* More (or less) is reserved by w for this operation ("" = none). */
void eng_caps_reserve(struct eng_worker *w, const char *operation, nv_i128 more);
/* Those that hold a call of this operation; ret has room for ENG_CAPS_OVER_MAX. Returns
 * how many. */
size_t eng_caps_of(
	const struct eng_worker *w, const char *operation, const struct eng_cap **ret);
/* Those of single operations; as eng_caps_of. */
size_t eng_caps_of_operations(const struct eng_worker *w, const struct eng_cap **ret);
/* A call of this operation was booked in the open transaction: counted at once, and again
 * from the ledger when the commit is done. Base currency. */
void eng_caps_called(struct eng_worker *w, const char *operation, size_t operation_bytes,
	nv_i128 cost);
/* Is there any limit at all over this worker? Without one its runs need not ask. */
bool eng_caps_any(const struct eng_worker *w);

#endif
