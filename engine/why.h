/* The end of an incarnation in plain words: what happened, what Nova did next, what a
 * person can do. Pure; the figures come from the ledger (api_why.c). */
#ifndef ENG_WHY_H
#define ENG_WHY_H

#include "nv_buf.h"

/* What is known of one end. Texts are borrowed, "" when unknown. */
struct eng_why {
	const char *worker;
	uint32_t instance;
	uint32_t generation;
	const char *cause; /* of the journal: "crash", "oom", "stop", ... */
	const char *by;
	const char *detail;
	const char *stage;    /* cause exec */
	const char *err_name; /* "ENOENT" */
	int status;           /* wait status */
	bool crash;
	uint64_t uptime_ms;
	uint64_t mem_peak_bytes;
	uint64_t mem_limit_bytes; /* 0 = none */
	/* The last word about what the worker shall do, before the end. */
	const char *wish;    /* "running", "stopped", "killed", ...; "" = none found */
	const char *wish_by; /* "uid 0", "decision 41", "budget" */
	const char *wish_reason;
	uint64_t decision; /* 0 = the wish was none's */
};

/* What came after. */
struct eng_why_next {
	bool started;
	uint32_t generation; /* the next incarnation's */
	int64_t after_ms;    /* how long until it was started */
	const char *state;   /* "" or what novasupd said: "halted", "cooldown", ... */
	const char *reason;  /* of that state */
};

/* "w#2 ended with exit code 3 after 5.1 s": one sentence without a full stop. */
void eng_why_what(struct nv_buf *out, const struct eng_why *why);
/* "it was started again after 1.3 s, as generation 5". */
void eng_why_did(
	struct nv_buf *out, const struct eng_why *why, const struct eng_why_next *next);
/* What a person can look at or change; nothing where nothing is wrong. */
void eng_why_advice(
	struct nv_buf *out, const struct eng_why *why, const struct eng_why_next *next);

#endif
