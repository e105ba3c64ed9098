/* What each live incarnation uses: sampled from its cgroup or from /proc, shown in
 * status, and booked as compute cost at the configured prices. Booking goes by cumulative
 * totals kept with the stream in the ledger, in the same transaction as the event: each
 * CPU second is paid for once, whatever dies in between. */
#ifndef ENG_RESOURCE_H
#define ENG_RESOURCE_H

#include "txn.h"
#include "watch.h"

/* The newest figures of a process tree. Sums are over the tree as it was sampled. */
struct eng_usage_sample {
	int64_t at_mono_ns; /* 0: never sampled */
	uint64_t cpu_us;    /* user and system, since the incarnation started */
	int64_t cpu_ppm;    /* of one core, between the last two samples */
	uint64_t rss_bytes;
	uint64_t pss_bytes;  /* proportional: shared pages divided; sampled less often */
	uint64_t read_bytes; /* storage I/O of the processes alive now */
	uint64_t write_bytes;
	uint32_t processes;
	uint32_t threads;
	uint32_t fds;
};

struct eng_instance { /* a live incarnation; in eng_worker.instances */
	struct eng_instance *next;
	struct eng_worker *worker; /* borrowed */
	uint64_t stream_id;
	uint32_t instance;
	uint32_t generation;
	int32_t pid;
	char cgroup[300]; /* "" without one */
	bool runner;
	int64_t seen_mono_ns;     /* last sign of life: an event, or when it came to us */
	int64_t progress_mono_ns; /* last event but a plain heartbeat, or when it came */
	nv_i128 progress_nano;    /* the largest number of a heartbeat */
	struct eng_vigil life;    /* watchdog.c: signs of life */
	struct eng_vigil progresses; /* watchdog.c: progress */
	int64_t heartbeat_ns;        /* wall clock of the last heartbeat, 0 = none */
	int64_t killed_mono_ns;      /* when the watchdog asked for its end, 0 = not */
	bool gone; /* its exit is in the journal: nothing left to sample */
	struct eng_usage_sample now;
	uint64_t mem_kib_s;       /* KiB-seconds so far: booked ones and the ones since */
	uint64_t mem_kib_ms_rest; /* below one KiB-second */
	int64_t booked_mono_ns;   /* last time compute cost was booked */
};

/* Samples every config->sample_ms while something is going on; a fleet in which nobody
 * uses a processor is left alone for longer and longer, up to ENG_SAMPLE_IDLE_MS. */
#define ENG_SAMPLE_IDLE_MS 60000
int eng_resource_open(struct eng *eng);
/* Somebody wants to see the figures of a worker (NULL: of all, in a fleet that is not
 * large): sample now those that are older than sample_ms. */
void eng_resource_fresh(struct eng *eng, const struct eng_worker *w);
/* A stream has come: sample soon. */
void eng_resource_wake(struct eng *eng);
/* KiB-seconds of an incarnation up to now: what it held at the last sample is what it has
 * held since. */
uint64_t eng_resource_mem_kib_s(const struct eng_instance *inst, int64_t mono_ns);
void eng_resource_close(struct eng *eng);
/* Before a new configuration takes over: what was used so far is booked at the old
 * prices. */
void eng_resource_settle(struct eng *eng);

/* Book what a stream's incarnation used beyond what is booked: one event at most, and the
 * new totals in *rec, which the caller puts into the same transaction. Totals that went
 * back book nothing. */
void eng_resource_book(struct eng *eng, struct eng_txn *txn, struct eng_worker *w,
	struct led_stream *rec, uint64_t cpu_us, uint64_t mem_kib_s);
/* What an amount of use costs at these prices; pure. */
int64_t eng_resource_cost(int64_t cpu_second_nano, int64_t gib_hour_nano, uint64_t cpu_us,
	uint64_t mem_kib_s);

#endif
