/* The tree that `novactl top` shows: groups, their workers, their instances; sorted,
 * filtered, folded, with one line selected. Pure: it is filled from what the daemons said
 * and never asks anybody. The selection is of a thing, not of a line: it stays with its
 * worker when the order changes, and goes to a neighbour when that is gone. */
#ifndef CTL_TOP_MODEL_H
#define CTL_TOP_MODEL_H

#include "nv_err.h"
#include "nv_money.h"
#include "nv_name.h"

#include <jansson.h>

#define TOP_HOURS        24
#define TOP_FILTER_BYTES 64
#define TOP_UNKNOWN      (-1) /* of figures that are never negative */

/* Amounts of today in the base currency; nothing is known without the engine. */
struct top_money {
	bool known;
	nv_i128 cost;
	nv_i128 revenue; /* net of refunds, disputes and fees */
	nv_i128 profit;
};

struct top_figures {
	int64_t cpu_tenths; /* tenths of a percent of one core, as the next: TOP_UNKNOWN
			     */
	int64_t rss_bytes;
	int64_t uptime_ms; /* the longest below it */
	int64_t restarts;
	struct top_money today;
	bool has_hours;
	nv_i128 hours[TOP_HOURS]; /* profit, oldest first */
};

struct top_instance {
	uint32_t number;
	int32_t pid; /* 0: no process */
	char state[24];
	char note[200]; /* how it ended last, or why it is not well */
	struct top_figures own;
};

struct top_worker {
	char name[NV_NAME_MAX];
	char group[NV_NAME_MAX];
	char state[24];
	char note[300]; /* why, or what it says of itself */
	bool paused;
	int64_t up; /* instances, as the next; TOP_UNKNOWN without novasupd */
	int64_t desired;
	size_t instances; /* where its instances begin in top_fleet.instances */
	size_t n_instances;
	struct top_figures own; /* sums of its instances, and its money */
};

/* What the daemons said last. */
struct top_fleet {
	struct top_worker *workers; /* owned, in the order of novasupd */
	size_t n_workers;
	struct top_instance *instances; /* owned; those of a worker stand together */
	size_t n_instances;
};
void top_fleet_clear(struct top_fleet *fleet);

#define TOP_COLUMNS(X) \
	X(NAME, "name") \
	X(STATE, "state") \
	X(CPU, "cpu") \
	X(MEMORY, "memory") \
	X(UPTIME, "uptime") \
	X(RESTARTS, "restarts") \
	X(COST, "cost") \
	X(REVENUE, "revenue") \
	X(PROFIT, "profit") \
	X(ROI, "roi")
enum top_column {
#define X(id, name) TOP_BY_##id,
	TOP_COLUMNS(X)
#undef X
		TOP_BY_COUNT
};
const char *top_column_name(enum top_column column);
/* -EINVAL with the names that there are. */
int top_column_parse(const char *name, enum top_column *ret, struct nv_err *err);

enum top_kind { TOP_GROUP, TOP_WORKER, TOP_INSTANCE };

/* A line of the tree. */
struct top_item {
	enum top_kind kind;
	size_t group;    /* in model.groups */
	size_t worker;   /* in fleet.workers; not of a group */
	size_t instance; /* in fleet.instances; of an instance only */
};

struct top_group {
	char name[NV_NAME_MAX];
	size_t n_workers;
	size_t n_running;
	size_t n_trouble; /* halted, failed, in backoff or cooldown, or unknown */
	struct top_figures own;
	size_t first; /* in model.order */
	size_t n_shown;
};

/* What is selected, by name. */
struct top_key {
	enum top_kind kind;
	char group[NV_NAME_MAX];
	char worker[NV_NAME_MAX];
	uint32_t instance;
};

struct top_model {
	struct top_fleet fleet;   /* owned */
	struct top_group *groups; /* owned, as the next two */
	size_t n_groups;
	size_t *order; /* workers that pass the filter, those of a group together */
	size_t n_order;
	struct top_item *items;
	size_t n_items;
	/* What the person has chosen. */
	bool flat;
	bool reverse;
	enum top_column sort;
	char filter[TOP_FILTER_BYTES]; /* part of a name, a group or a state */
	json_t *folded;                /* owned: set of groups that are shut */
	json_t *unfolded;              /* owned: set of workers whose instances show */
	bool has_key;
	struct top_key key;
	size_t selected; /* in items */
	size_t first;    /* item on the first line of the page */
};

void top_model_init(struct top_model *model);
void top_model_fini(struct top_model *model);
/* Take the fleet over (the caller's is empty afterwards) and arrange everything anew. */
void top_model_take(struct top_model *model, struct top_fleet *fleet);
/* After a change of what is chosen. */
void top_model_arrange(struct top_model *model);

/* The selected line, NULL when there is none; and its worker, NULL for a group. */
const struct top_item *top_model_selected(const struct top_model *model);
const struct top_worker *top_model_worker(const struct top_model *model);
const struct top_worker *
top_model_find(const struct top_model *model, const char *worker);
/* Select `by` lines further, to the ends at most. */
void top_model_move(struct top_model *model, long by);
/* Open or shut the selected group or worker; an instance shuts its worker. */
void top_model_fold(struct top_model *model, bool open);
bool top_model_is_open(const struct top_model *model, const struct top_item *item);
/* Choose the page of `rows` lines that holds the selection. */
void top_model_page(struct top_model *model, size_t rows);
/* Some worker shows all its instances: the short answers of novasupd will not do. */
bool top_model_wants_instances(const struct top_model *model);

/* Whether a state is one that somebody should look at. */
bool top_is_trouble(const char *state);
/* False when there is no ROI: nothing was spent, or nothing is known. In ppm. */
bool top_roi(const struct top_money *money, int64_t *ret_ppm);

#endif
