/* novactl as a child of the gateway: what a person does in a browser is what novactl
 * does. Of each kind only so many run at a time; who comes beyond that is told to come
 * again. Children that only look are started at most GW_LOOKS_A_SECOND times a second, as
 * they ask the engine past the gateway's pacing (ask.h). */
#ifndef GW_CHILD_H
#define GW_CHILD_H

#include "nv_program.h"

#define GW_CHILD_WORDS_MAX 1040 /* every worker of a large group */
/* An export holds a view of the ledger, whose pages nobody can use again meanwhile: who
 * takes it a byte at a time does not get it whole. */
#define GW_EXPORT_MS      600000
#define GW_LOOKS_A_SECOND 5
#define GW_LOOKS_AHEAD    20 /* at once, after a quiet time */

/* name, how many at a time */
#define GW_CHILDREN(X) \
	X(ACT, 4)    /* somebody does something */ \
	X(STOP, 2)   /* the emergency stop: never behind anything else */ \
	X(LOOK, 4)   /* a question that only novactl answers */ \
	X(EXPORT, 2) /* streams of any length */ \
	X(FOLLOW, 8) /* logs as they are written */ \
	X(SIMULATE, 1) \
	X(VERIFY, 1)

enum gw_child_kind {
#define X(name, n) GW_CHILD_##name,
	GW_CHILDREN(X)
#undef X
		GW_CHILD_COUNT
};

struct gw;
struct gw_child;
struct gw_children;

struct gw_child_spec {
	enum gw_child_kind kind;
	const char *const *words; /* after the name, NULL-terminated; copied */
	size_t bytes_max;         /* as in nv_program_spec, as what follows */
	int64_t deadline_ms;
	size_t (*output)(void *arg, const char *data, size_t bytes);
	void (*done)(void *arg, const struct nv_program_end *end);
	void *arg;
};

/* 0; -EBUSY: as many as may run do; or -errno. The directories of the fleet are given to
 * it before the words. */
int
gw_child_start(struct gw *gw, const struct gw_child_spec *spec, struct gw_child **ret);
void gw_child_resume(struct gw_child *child);
void gw_child_cancel(struct gw_child *child); /* NULL is fine */

int gw_children_open(struct gw *gw);
/* Kill what runs; its `done` is told so. */
void gw_children_close(struct gw *gw);

#endif
