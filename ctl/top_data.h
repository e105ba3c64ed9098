/* What `novactl top` knows: asked of novasupd and of the engine on one libev loop, each
 * on its own, so that one that is frozen, dead or being replaced holds up nothing but its
 * half. A half says how old it is and, when it is away, since when and why; what it said
 * before stays, under its own age. */
#ifndef CTL_TOP_DATA_H
#define CTL_TOP_DATA_H

#include "nv_ask.h"
#include "nv_chan.h"
#include "nv_fleet.h"
#include "nv_paths.h"

/* A question that has gone on for so long is said on the screen. */
#define TOP_PATIENCE_MS INT64_C(3000)

struct top_half {
	bool asking;
	bool away;           /* the last question was not answered */
	int64_t asked_ms;    /* monotonic, as the next: when it was asked */
	int64_t answered_ms; /* 0: never */
	char why[200];       /* of away */
};

/* What the engine is asked, in this order. */
#define TOP_SLOTS(X) X(METRICS) X(TODAY) X(OVERVIEW) X(HOURS)
enum top_slot {
#define X(id) TOP_SLOT_##id,
	TOP_SLOTS(X)
#undef X
		TOP_SLOT_COUNT
};

struct top_data {
	struct ev_loop *loop; /* borrowed */
	char run_dir[NV_PATH_MAX];
	/* Something new is there, or somebody went away. */
	void (*changed)(void *arg);
	void *arg;

	struct nv_chan chan;
	uint32_t last_id;
	struct nv_fleet coming; /* the answer so far */
	struct nv_fleet fleet;
	struct top_half sup;

	struct nv_ask *ask; /* owned; NULL: the engine is not being asked */
	enum top_slot slot;
	json_t *said[TOP_SLOT_COUNT]; /* owned; NULL: not known */
	int64_t said_ms[TOP_SLOT_COUNT];
	struct top_half engine;
	int64_t round_ms;      /* when this round of questions began */
	int64_t not_before_ms; /* of the next round */
	uint64_t version;      /* of the rows: changes with what they are made of */
	bool round_full;       /* it got an answer to each */
};

void top_data_init(struct top_data *data, struct ev_loop *loop, const char *run_dir,
	void (*changed)(void *arg), void *arg);
void top_data_fini(struct top_data *data);
/* Ask each that is not being asked. Full: all instances of each worker. The engine is
 * left alone for nine times as long as it took for the round before (5 s at most): who
 * watches does not cost it more than a tenth of its time. */
void top_data_ask(struct top_data *data, bool full);
/* Ask at once, whatever it costs: somebody has just changed something. */
void top_data_hurry(struct top_data *data);

/* When the oldest of the figures that are shown was true (monotonic), but for the profit
 * by hour; 0: there is none yet. */
int64_t top_data_oldest_ms(const struct top_data *data);
/* Both halves have been asked, and answered or were away. */
bool top_data_settled(const struct top_data *data);
/* "engine does not answer for 7 s", "novasupd is away: ..."; "" when all is well. */
void top_half_trouble(const struct top_half *half, const char *name, int64_t now_ms,
	char *text, size_t text_bytes);

#endif
