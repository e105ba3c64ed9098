/* The lifecycle journal: one JSON object a line, appended to a memfd that the engine
 * reads like a stream. */
#ifndef SUP_JOURNAL_H
#define SUP_JOURNAL_H

#include "spawn.h"
#include "stream.h"

struct sup_journal;

struct sup_journal_exit {
	const struct sup_stream *stream; /* NULL when it was never started */
	const char *worker;
	uint32_t instance;
	uint32_t generation;
	pid_t pid;
	int status;
	const char *cause;
	const char *by;     /* who asked for it; "" or NULL: not said */
	const char *detail; /* why it was ended, for people; "" or NULL: nothing to add */
	bool crash;
	int64_t uptime_ms;
	uint64_t cpu_us;
	uint64_t mem_peak_kib;
	struct sup_spawn_error error; /* cause exec */
};

/* As the image keeps it; the lines that wait follow. */
struct sup_journal_state {
	int32_t fd;
	uint64_t bytes; /* where the lines that wait belong */
	uint64_t waiting;
};

int sup_journal_new(struct sup_journal **ret);
/* From the image: writes what waited, though it may be there already. */
int sup_journal_load(
	const struct sup_journal_state *s, const char *waiting, struct sup_journal **ret);
/* Returns the lines that wait. */
const char *sup_journal_save(const struct sup_journal *j, struct sup_journal_state *ret);
void sup_journal_free(struct sup_journal *j);
int sup_journal_fd(const struct sup_journal *j);
uint64_t sup_journal_bytes(const struct sup_journal *j);
/* A line waits until it is flushed, which comes after the commit of what it tells (see
 * state.h); what cannot be written then waits for the next time. */
bool sup_journal_waits(const struct sup_journal *j);
void sup_journal_flush(struct sup_journal *j);
/* True once after each growth. */
bool sup_journal_grew(struct sup_journal *j);

void sup_journal_start(struct sup_journal *j, const struct sup_stream *stream);
void sup_journal_exit(struct sup_journal *j, const struct sup_journal_exit *exit);
void sup_journal_state(struct sup_journal *j, const char *worker, uint32_t instance,
	const char *state, const char *reason);
/* names: JSON strings with commas between, of workers that are down now. */
void sup_journal_incident(struct sup_journal *j, uint32_t id, const char *state,
	uint32_t n_workers, const char *names, uint32_t failed, int64_t age_ms,
	const char *reason);

#endif
