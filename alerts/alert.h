/* What nova-alerts knows of: alerts, which of them are open, and what there is to say of
 * them. Pure: no clock, no files, no network.
 *
 * A *rule* looks at facts and says which alerts there are now (rules.h). The *book*
 * compares that with what was open before and says what is new: a *notice*. Channels say
 * notices to people (channel.h). An alert has a key, such as "halted:email_agent": as
 * long as a rule says one with this key it is the same alert. */
#ifndef ALERT_H
#define ALERT_H

#include "nv_base.h"
#include "nv_name.h"

#include <jansson.h>

#define ALERT_KEY_BYTES  192 /* with the NUL */
#define ALERT_TEXT_BYTES 600
#define ALERT_OPEN_MAX   2000
/* So many looks in a row without it before an alert is over: what comes and goes at the
 * edge of a threshold is said once. */
#define ALERT_LOOKS_AWAY 2

/* PagerDuty's words. */
#define ALERT_SEVERITIES(X) \
	X(INFO, "info") \
	X(WARNING, "warning") \
	X(ERROR, "error") \
	X(CRITICAL, "critical")
enum alert_severity {
#define X(name, text) ALERT_##name,
	ALERT_SEVERITIES(X)
#undef X
		ALERT_SEVERITY_COUNT
};
const char *alert_severity_name(enum alert_severity severity);

/* Where facts come from. When a source does not answer, what it said last stands: its
 * alerts are neither raised nor over. */
#define ALERT_SOURCES(X) \
	X(STATUS, "status") \
	X(WORKERS, "workers status") \
	X(BUDGET, "budget show") \
	X(APPROVALS, "approvals") \
	X(ANOMALIES, "anomalies") \
	X(DOCTOR, "doctor") \
	X(PLATFORMS, "platform")
enum alert_source {
#define X(name, verb) ALERT_FROM_##name,
	ALERT_SOURCES(X)
#undef X
		ALERT_FROM_OWN, /* what nova-alerts knows by itself */
	ALERT_SOURCE_COUNT
};
const char *alert_source_verb(enum alert_source source);

struct alert {
	char key[ALERT_KEY_BYTES];
	enum alert_source source;
	enum alert_severity severity;
	char text[ALERT_TEXT_BYTES]; /* one sentence; valid UTF-8, no control characters,
					but words of workers: escape it */
	int64_t approval;            /* what waits for a person; 0: nothing does */
};

enum alert_event { ALERT_RAISED, ALERT_AGAIN, ALERT_RESOLVED };

/* What there is to say. */
struct alert_notice {
	enum alert_event event;
	struct alert alert;
	int64_t since_ms; /* wall: when it was raised */
};

struct alert_book;
struct alert_book *alert_book_new(void); /* NULL: no memory */
void alert_book_free(struct alert_book *book);

/* A look: begin, see what there is (a key twice: the graver one), end. sources: bit mask
 * of those that answered. fn is called for what is new; AGAIN comes every repeat_ms while
 * an alert is open and nobody has acknowledged it. The graver severity is raised anew. */
typedef void alert_notice_fn(void *arg, const struct alert_notice *notice);
void alert_book_begin(struct alert_book *book);
/* 0, -ENOMEM, -ENOSPC: too many are open (it will be seen when there is room). */
int alert_book_see(struct alert_book *book, const struct alert *alert);
void alert_book_end(struct alert_book *book, unsigned sources, int64_t now_ms,
	int64_t repeat_ms, alert_notice_fn *fn, void *arg);
/* Nobody needs to hear of it again until it is over. 0 or -ENOENT. */
int alert_book_ack(struct alert_book *book, const char *key, const char *who);
/* It is raised anew with the next look, unless somebody has acknowledged it. */
void alert_book_renew(struct alert_book *book, const char *key);
size_t alert_book_open(const struct alert_book *book);

/* For the disk and for `novactl alerts`: an array of open alerts, gravest first. NULL: no
 * memory. */
json_t *alert_book_save(const struct alert_book *book);
/* What save made, into an empty book; entries that make no sense are left out. 0 or
 * -ENOMEM. */
int alert_book_load(struct alert_book *book, const json_t *saved);

json_t *alert_notice_save(const struct alert_notice *notice);
/* 0 or -EINVAL. */
int alert_notice_load(struct alert_notice *notice, const json_t *saved);

/* printf into alert->text: control characters and what is no UTF-8 become '?'. */
void alert_say(struct alert *alert, const char *fmt, ...) NV_PRINTF(2, 3);

#endif
