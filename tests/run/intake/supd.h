/* A stand-in for novasupd, for tests of the real nova-engine: it holds the pipes, memfds
 * and the journal, starts engines, hands everything over, and believes a "closed" only
 * when the memfd has that size. Any failure of the test's own doing ends the program. */
#ifndef TEST_SUPD_H
#define TEST_SUPD_H

#include "nv_msg_body.h"

#include <signal.h>
#include <sys/types.h>

#define SUPD_STREAMS_MAX 4096
/* What comes is waited for, also on a slow machine; who waits in vain pays this once. */
#define SUPD_PATIENCE_MS 180000
/* For an engine to store what is left; it ends as soon as it has. */
#define SUPD_DRAIN_MS 60000u

struct supd_stream {
	uint64_t id;
	char worker[NV_NAME_MAX];
	uint32_t instance;
	uint32_t generation;
	pid_t pid;
	int pipe_read;
	int pipe_write; /* -1: the incarnation is over */
	int mem;
	int ctl_read;
	int ctl_write;
	bool dropped; /* the engine closed it and the sizes agreed */
	uint64_t closed_bytes;
	unsigned ready;
	unsigned killed;
};

struct supd {
	char state_dir[200];
	char run_dir[100];
	char engine[400];
	const char *preload; /* LD_PRELOAD of the engine, or NULL */
	uint64_t boot_id;
	uint32_t n_ids;
	int config; /* snapshot */
	uint32_t config_gen;
	int journal;
	uint64_t journal_lines;
	int chan; /* -1: no engine */
	pid_t engine_pid;
	pid_t sender_pid; /* of a hand-over to a traced engine */
	bool traced;      /* start it stopped under ptrace */
	bool unsynced;    /* ENG_SYNCED is left to the test */
	unsigned readies; /* SUP_ENGINE_STATE ready, over all engines */
	unsigned troubles;
	char trouble[512];
	unsigned desires;
	struct nv_sup_desire desire; /* the newest */
	unsigned desire_ends;
	unsigned bad_closes; /* closed at another size than the memfd's */
	struct supd_stream streams[SUPD_STREAMS_MAX];
	size_t n_streams;
};

NV_NORETURN void die(const char *fmt, ...) NV_PRINTF(1, 2);

void supd_write_file(const char *path, const char *text);
/* dir is an existing empty directory; a configuration with these workers is written into
 * it. yaml is added to nova.yaml. */
void supd_init(struct supd *s, const char *dir, const char *engine, const char *yaml,
	const char *const *workers, size_t n_workers);
/* A new life of novasupd over the same state: other boot id, nothing held. */
void supd_reboot(struct supd *s);
void supd_fini(struct supd *s);

/* A new incarnation; returns its index. Capacity 0: as the kernel gives. */
size_t supd_stream_add(struct supd *s, const char *worker, uint32_t instance,
	uint32_t generation, size_t pipe_bytes);
/* In a forked writer: keep only this stream's write end; returns it. */
int supd_become_writer(struct supd *s, size_t index);
/* The incarnation is over: close our write end. */
void supd_stream_end(struct supd *s, size_t index);

void supd_journal_start(struct supd *s, size_t index);
void
supd_journal_exit(struct supd *s, size_t index, int status, bool crash, uint64_t cpu_us);
void supd_journal_line(struct supd *s, const char *line);

/* Start an engine and hand over everything. */
void supd_engine_start(struct supd *s);
/* Serve what the engine says until it says nothing for timeout_ms. */
void supd_pump(struct supd *s, int timeout_ms);
/* Serve until the condition holds or the time is over; returns whether it holds. */
typedef bool supd_until_fn(const struct supd *s, const void *arg);
bool supd_pump_until(struct supd *s, supd_until_fn *fn, const void *arg, int timeout_ms);
bool
supd_is_ready(const struct supd *s, const void *arg); /* arg: unsigned, readies before */
bool supd_all_dropped(const struct supd *s, const void *arg);
void
supd_engine_send(struct supd *s, enum nv_msg_type type, const void *body, size_t bytes);
/* ENG_CONFIG with the same configuration as the next generation. */
void supd_reload(struct supd *s);
/* It has been reaped: take what it said before. */
void supd_engine_gone(struct supd *s);
/* SIGKILL, reap, and take what it said before. */
void supd_engine_kill(struct supd *s);
/* Wait for it to end by itself; the wait status, or -1 after the time. */
int supd_engine_wait(struct supd *s, int timeout_ms);
/* ENG_STOP; the exit status (or -1). */
int supd_engine_stop(struct supd *s, uint32_t drain_ms, int timeout_ms);

#endif
