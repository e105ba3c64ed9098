/* libnova: what a worker says to Nova, and what it hears from it.
 *
 * A worker is any program; the protocol is lines of JSON on two descriptors
 * (nova-protocol(7)) and needs no library. This one writes the lines for C and C++
 * programs: correctly escaped, at most 4096 bytes long, each in one write, so that
 * several threads and processes may report through the same pipe.
 *
 * Every function returns 0 (or a count) or a negative errno:
 *   -EINVAL     an argument is missing or not what it must be
 *   -EDOM       an amount has more than 9 decimals
 *   -ERANGE     an amount is not below 9,200,000,000
 *   -EMSGSIZE   the line would be longer than 4096 bytes: nothing was written
 *   -EILSEQ     an identifier is not UTF-8
 *   -EPIPE      Nova is gone
 *   -ETIMEDOUT  nothing came in time
 * An event function that returns 0 has handed the line to the kernel whole; it will be
 * in the ledger once, even if Nova is killed at that moment. When the pipe is full they
 * wait, as write(2) does.
 *
 * Threads: the event functions may be called from any number of threads. The functions
 * that read (nova_worker_control, nova_worker_wait_ack, nova_worker_reserve) may be
 * called from one thread at a time. libnova starts no thread, catches no signal and
 * prints nothing. */
#ifndef NOVA_H
#define NOVA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NOVA_LINE_BYTES_MAX 4096
#define NOVA_ID_BYTES_MAX   128
#define NOVA_AMOUNT_BYTES   32

struct nova_worker; /* opaque */

/* ---- connection ---- */

/* Find the descriptors by NOVA_EVENT_FD and NOVA_CONTROL_FD. -EBADF when there is no
 * open event descriptor: the program was not started by Nova. A missing control
 * descriptor is no error. -ENOMEM. */
int nova_worker_open(struct nova_worker **ret);
/* The same with descriptors of your own; control_fd -1 = none. */
int nova_worker_open_fds(int event_fd, int control_fd, struct nova_worker **ret);
/* Free the handle. The descriptors stay open: they were not ours. NULL is fine. */
void nova_worker_close(struct nova_worker *w);

/* What Nova told this process at its start; valid until nova_worker_close. Never NULL:
 * "" when not given. params is a JSON object. */
const char *nova_worker_name(const struct nova_worker *w);
const char *nova_worker_params(const struct nova_worker *w);
const char *nova_worker_variant(const struct nova_worker *w);
const char *nova_worker_run_id(const struct nova_worker *w); /* under nova-runner */
int nova_worker_instance(const struct nova_worker *w);       /* 0 when not given */
int nova_worker_generation(const struct nova_worker *w);
int64_t nova_worker_run_interval_ms(const struct nova_worker *w);

/* ---- events ---- */

/* What any event may carry. All NULL/false: struct nova_event_options o = {0}; NULL for
 * the whole is fine too. */
struct nova_event_options {
	const char *id;   /* idempotency key: the same again changes nothing */
	const char *at;   /* RFC 3339 or unix seconds; default: when it arrives */
	const char *note; /* free text */
	bool ack;         /* ask for an answer after the commit; needs an id */
	/* Money only. */
	const char *currency;    /* default: the fleet's base currency */
	const char *category;    /* cost: "llm", "hosting", ... */
	const char *vendor;      /* cost: who was paid */
	const char *source;      /* revenue and the like: "stripe", ... */
	const char *external_id; /* the platform's id of it */
	const char *agent;       /* credit another worker */
	const char *variant;     /* of an experiment */
	const char *operation;   /* cost, usage: kind of call, such as "llm" */
	const char *reservation; /* cost, usage: spent from this one */
	const char *of;          /* refund, dispute: id or external id of the sale */
	const char *fee;         /* revenue, dispute: what the platform keeps; decimal */
	const char *status;      /* dispute: "opened", "won", "lost" */
	const char *run;         /* id of the run that caused it */
};

/* Tokens used at a language model; priced into a cost by Nova. A count of -1 is not
 * reported. */
struct nova_usage {
	const char *provider; /* "anthropic", may be NULL */
	const char *model;    /* as in the request */
	int64_t input_tokens;
	int64_t output_tokens;
	int64_t cache_read_tokens;  /* part of the input that was read from a cache */
	int64_t cache_write_tokens; /* part of the input that was written into one */
};

/* Able to work (awaited only with `ready: event` and `ready: fd`). */
int nova_worker_ready(struct nova_worker *w);
/* Alive. status shows up in `novactl workers status`; may be NULL. */
int nova_worker_heartbeat(struct nova_worker *w, const char *status);
/* The same, with how much is done: a number that grows, for `heartbeat.progress`. */
int nova_worker_progress(struct nova_worker *w, int64_t done, const char *status);
/* One unit of work is finished. duration_ms -1 and error NULL: not said. */
int nova_worker_run(struct nova_worker *w, bool ok, int64_t duration_ms,
	const char *error, const struct nova_event_options *options);
int nova_worker_usage(struct nova_worker *w, const struct nova_usage *usage,
	const struct nova_event_options *options);
/* A number to show, never money. -EINVAL for NaN and infinity. */
int nova_worker_metric(struct nova_worker *w, const char *name, double value,
	const struct nova_event_options *options);

/* Money. amount is decimal text, exact: "0.05", "12.345678901". */
int nova_worker_cost(struct nova_worker *w, const char *amount,
	const struct nova_event_options *options);
int nova_worker_revenue(struct nova_worker *w, const char *amount,
	const struct nova_event_options *options);
int nova_worker_refund(struct nova_worker *w, const char *amount,
	const struct nova_event_options *options);
int nova_worker_dispute(struct nova_worker *w, const char *amount,
	const struct nova_event_options *options);
int nova_worker_fee(struct nova_worker *w, const char *amount,
	const struct nova_event_options *options);
int nova_worker_payout(struct nova_worker *w, const char *amount,
	const struct nova_event_options *options);

/* Ask for money before it is spent: `amount` for one call, under an id of your own that
 * was never used. Waits for the answer; other control lines that come meanwhile are kept
 * for nova_worker_control. 1: it is set aside, name it as `reservation` of the cost; 0:
 * there is no budget for it now, *ret (may be NULL) says why; -ETIMEDOUT: no answer (it
 * may still be set aside: ask again with the same id, or release it); -ENOTCONN, -EPIPE.
 * Of the options currency and operation count. */
struct nova_refusal {
	char reason[320];
	int64_t retry_ms; /* ask again then */
};
int nova_worker_reserve(struct nova_worker *w, const char *id, const char *amount,
	const struct nova_event_options *options, int timeout_ms,
	struct nova_refusal *ret);
/* What is left of it is not needed. One that has ended is no error. */
int nova_worker_release(struct nova_worker *w, const char *id);

/* Amounts as integers: billionths of the currency (nano). Text to nano: -EINVAL, -EDOM,
 * -ERANGE as above. Nano to text, for 0 <= nano: "12.5"; -ERANGE otherwise. */
int nova_amount_parse(const char *amount, int64_t *ret_nano);
int nova_amount_text(int64_t nano, char buf[NOVA_AMOUNT_BYTES]);

/* A line of your own, a whole JSON object without its newline. Nothing is checked but
 * the length, and that it is one line. */
int nova_worker_send(struct nova_worker *w, const char *json);

/* ---- control ---- */

enum nova_control_kind {
	NOVA_CONTROL_OTHER, /* of a later version; see line */
	NOVA_CONTROL_ACK,
	NOVA_CONTROL_PAUSE,
	NOVA_CONTROL_RESUME,
	NOVA_CONTROL_PARAMS,
	NOVA_CONTROL_BUDGET,
	NOVA_CONTROL_STOP,
	NOVA_CONTROL_RESERVED, /* see nova_worker_reserve */
	NOVA_CONTROL_REFUSED
};

struct nova_control {
	enum nova_control_kind kind;
	const char *line;   /* the whole line; valid until the next reading call */
	const char *params; /* PARAMS: the JSON object; "" otherwise; valid as line */
	char id[NOVA_ID_BYTES_MAX + 1];         /* ACK, RESERVED, REFUSED */
	char remaining[NOVA_AMOUNT_BYTES + 32]; /* BUDGET: decimal text; "" = no cap */
	char currency[16];                      /* BUDGET */
	bool spent;                             /* BUDGET: nothing remains */
	int64_t grace_ms;                       /* STOP: -1 when not given */
};

/* The next control line. timeout_ms 0 does not wait, -1 waits for ever. 1: *ret is set;
 * 0: nothing came in time; -EPIPE: none will come any more; -ENOTCONN: there is no
 * control descriptor. Lines that are not valid are left out. */
int nova_worker_control(struct nova_worker *w, struct nova_control *ret, int timeout_ms);
/* To put into your own poll loop (POLLIN); -1 when there is none. Call
 * nova_worker_control with timeout 0 until it says 0, before the first poll too. */
int nova_worker_control_fd(const struct nova_worker *w);

/* Wait until the event with this id, sent with ack, is safe in the ledger. Other control
 * lines that come meanwhile are kept for nova_worker_control (the last 64). 0,
 * -ETIMEDOUT (it may still be recorded later: send it again with the same id if in
 * doubt), -EPIPE, -ENOTCONN. */
int nova_worker_wait_ack(struct nova_worker *w, const char *id, int timeout_ms);

/* ---- platforms ---- */

#define NOVA_PLATFORM_BYTES_MAX ((size_t)8 << 20) /* a request */
#define NOVA_PLATFORM_START_MS  5000 /* one that does not listen yet has so long */

struct nova_answer {
	char *line; /* the whole answer; nova_platform_answer_clear frees it */
	const char
		*data; /* inside it: the JSON object of a call that was done; else NULL */
	size_t data_bytes;
	int code;     /* 0 done, 1 the answer is no, 2 wrong use, 4 it failed */
	bool unknown; /* it may have been done, or will be: see nova-platform(8) */
	char error[512];
	int64_t retry_after_s; /* when to ask again; 0 = not said */
};

/* Let a platform ("sendgrid", "stripe", ...) do something: the worker's file grants
 * which, and what it costs comes out of the worker's budget. args is a JSON object, NULL:
 * none. id (NULL: none; at most 128 printable ASCII characters but quote and backslash)
 * names the request: the same again is not done again, and is answered alike, so that a
 * worker that was interrupted may repeat it.
 *
 * 1: done, *ret holds the data. 0: it was not done, or nobody knows (ret->unknown): *ret
 * says why. Both are the caller's to clear. -ENOENT: no platform was granted, or it
 * does not run, not even after NOVA_PLATFORM_START_MS; -EINVAL, -EMSGSIZE, -ENOMEM,
 * -EPROTO; -ETIMEDOUT, -EPIPE: no answer; it may have been done: with an id, ask again.
 * Any thread may call. */
int nova_platform_call(const char *platform, const char *verb, const char *args,
	const char *id, int timeout_ms, struct nova_answer *ret);
void nova_platform_answer_clear(struct nova_answer *answer);

#ifdef __cplusplus
}
#endif

#endif
