/* A history: what the world did to a supervision tree, in an order. Each event names its
 * target by group tag and child id, never by what happened before, so that a history from
 * which events were taken away is still one. */
#ifndef HISTORY_H
#define HISTORY_H

#include "nv_base.h"

#include <stdio.h>

#define HISTORY_MAX 512

/* Kinds of events. */
#define HISTORY_KINDS(X) \
	X(GROUP, "group") /* add: tag, its parent group, id in it, settings */ \
	X(LEAF, "leaf") \
	X(CHANGE_GROUP, "change_group") \
	X(CHANGE_LEAF, "change_leaf") \
	X(REMOVE, "remove") \
	X(START, "start") \
	X(STOP, "stop") \
	X(STARTED, "started") \
	X(IGNORED, "ignored") \
	X(FAILED, "failed") \
	X(EXITED, "exited") \
	X(GIVES_UP, "gives_up") \
	X(TIMER, "timer") \
	X(CALL, "call") \
	X(RELOAD, "reload") /* write the tree down, go on with what was read back */ \
	X(GHOST, "ghost")   /* said of a group, or of what has no process: void */

/* Fields; 0 when not given. */
#define HISTORY_FIELDS(X) \
	X(AFTER, "after") /* ms since the event before */ \
	X(TAKE, "take")   /* how many actions are taken after it, plus 1; 0: all */ \
	X(LATE, "late")   /* the timer was due and has not been told */ \
	X(TAG, "tag")     /* of a new group; the number of a call */ \
	X(GROUP, "group") \
	X(ID, "id") \
	X(DELAY, "delay") /* ms until the leaf may be started again */ \
	X(HOW, "how")     /* class of exit */ \
	X(ESCALATE, "escalate") \
	X(WHAT, "what") /* kind of call */ \
	X(RESTART, "restart") \
	X(SHUTDOWN, "shutdown") \
	X(SIGNIFICANT, "significant") \
	X(STRATEGY, "strategy") \
	X(INTENSITY, "intensity") \
	X(PERIOD, "period") \
	X(AUTO, "auto")

enum event_kind {
#define HISTORY_X(name, text) EV_##name,
	HISTORY_KINDS(HISTORY_X) EV_COUNT
#undef HISTORY_X
};
enum event_field {
#define HISTORY_X(name, text) F_##name,
	HISTORY_FIELDS(HISTORY_X) F_COUNT
#undef HISTORY_X
};

struct event {
	enum event_kind kind;
	int64_t f[F_COUNT];
};

struct history {
	int64_t begin_ms;
	struct event event[HISTORY_MAX];
	unsigned n;
};

/* One event a line: "exited group=2 id=3 how=2"; the first line is "begin MS". */
void history_print(FILE *out, const struct history *h);
void event_print(FILE *out, const struct event *e);
/* One line of the above into the history. -EINVAL: it is none. */
int history_parse_line(struct history *h, const char *line);

#endif
