/* When a silent worker has had its chance: pure, no clock and no system of its own.
 *
 * What counts is the worker's own time: the time in which it could have run. It does not
 * pass while the worker is stopped, frozen, paused, throttled by a quota, kept waiting
 * for a processor or a disk, while the machine sleeps, and while nobody looked as planned
 * (the engine or the machine stood still). What it used of a processor is always its own.
 *
 * Nobody is looked at before a sign of life is overdue. What happened until then is not
 * known in full (a stop that came and went leaves no trace), so that a kill also needs
 * that the worker was watched, and able to run, for as long as it takes from one sign to
 * the next. With a timeout of at least twice `every` no stop can lead to a false kill. */
#ifndef ENG_WATCH_H
#define ENG_WATCH_H

#include "nv_base.h"

#define ENG_WATCH_GAP_NS   INT64_C(1000000000) /* later than planned: not judged */
#define ENG_WATCH_NEVER_NS INT64_MAX
#define ENG_WATCH_TEXT     256

struct eng_watch_rule {
	int64_t every_ns;   /* a sign is due */
	int64_t timeout_ns; /* of its own time, above every_ns */
};

/* What the system says at one moment. Counters only grow while the incarnation lives; a
 * counter that the system does not have stays 0. */
struct eng_watch_sample {
	int64_t mono_ns;
	int64_t asleep_ns;    /* how long the machine was suspended, ever */
	bool stopped;         /* by a signal, a debugger, a freezer, or paused */
	bool disk;            /* in uninterruptible sleep */
	bool runnable;        /* ready to run, or running */
	int64_t frozen_ns;    /* counter: in the freezer */
	int64_t waited_ns;    /* counter: for a processor */
	int64_t throttled_ns; /* counter: by a quota; of all processors together */
	int64_t cpu_ns;       /* counter: used */
};

enum eng_watch_verdict { ENG_WATCH_OK, ENG_WATCH_LATE, ENG_WATCH_KILL };

struct eng_watch {
	int64_t sign_ns; /* monotonic: the last sign of life */
	int64_t due_ns;  /* when to look next */
	int64_t own_ns;  /* its own time since the sign, as far as looked at */
	int64_t seen_ns; /* the part of it that was watched */
	bool looked;     /* last is valid */
	bool late;       /* said */
	struct eng_watch_sample last;
	/* Where the rest of the time went, for people. */
	int64_t stopped_ns;
	int64_t starved_ns; /* throttled, or no processor was free */
	int64_t disk_ns;
	int64_t held_ns; /* nobody looked in time */
	int64_t pace_ns; /* between two looks at one that is stopped */
};

/* One promise under watch. */
struct eng_vigil {
	struct eng_watch watch;
	struct eng_watch_rule rule; /* that watch goes by */
	int64_t sign_ns;            /* the sign it counts from; a pause counts as one */
};

/* A sign of life at mono_ns. */
void
eng_watch_sign(struct eng_watch *w, const struct eng_watch_rule *rule, int64_t mono_ns);
/* Look, at s->mono_ns; sets w->due_ns. LATE is said once, at three quarters. */
enum eng_watch_verdict eng_watch_look(struct eng_watch *w,
	const struct eng_watch_rule *rule, const struct eng_watch_sample *s);
/* "no sign of life for 2m of its own time (5m by the clock: 3m stopped)"; returns buf. */
const char *
eng_watch_text(const struct eng_watch *w, const char *what, char buf[ENG_WATCH_TEXT]);

#endif
