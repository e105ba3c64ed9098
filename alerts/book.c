/* Which alerts are open, and what is new: see alert.h. */
#include "alert.h"

#include "nv_buf.h"
#include "nv_clock.h"
#include "nv_json.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct open_alert {
	struct alert alert;
	int64_t since_ms;
	int64_t said_ms;
	unsigned away; /* looks in a row that did not see it */
	bool fresh;    /* nobody was told of it yet, or of how grave it is now */
	bool seen;
	char acked_by[128]; /* "": nobody */
};

struct alert_book {
	struct open_alert *list; /* owned */
	size_t n;
	size_t capacity;
};

static const char *const severities[] = {
#define X(name, text) text,
	ALERT_SEVERITIES(X)
#undef X
};

static const char *const verbs[] = {
#define X(name, verb) verb,
	ALERT_SOURCES(X)
#undef X
		"nova-alerts"};

const char *
alert_severity_name(enum alert_severity severity)
{
	return severities[severity];
}

const char *
alert_source_verb(enum alert_source source)
{
	return verbs[source];
}

void
alert_say(struct alert *alert, const char *fmt, ...)
{
	char text[ALERT_TEXT_BYTES];
	size_t at = 0;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (const char *p = text; *p;) {
		size_t n = nv_utf8_len(p, strlen(p));
		bool plain = n > 0 && (unsigned char)*p >= 0x20 && *p != 0x7f;

		/* A sentence that was cut ends with a whole character. */
		if (n == 0 && strlen(p) < 4 && strlen(text) == sizeof(text) - 1)
			break;
		if (plain) {
			memcpy(alert->text + at, p, n);
			at += n;
			p += n;
		} else {
			alert->text[at++] = '?';
			p++;
		}
	}
	alert->text[at] = '\0';
}

/* ---- the book ---- */

struct alert_book *
alert_book_new(void)
{
	return calloc(1, sizeof(struct alert_book));
}

void
alert_book_free(struct alert_book *book)
{
	if (!book)
		return;
	free(book->list);
	free(book);
}

size_t
alert_book_open(const struct alert_book *book)
{
	return book->n;
}

static struct open_alert *
find(struct alert_book *book, const char *key)
{
	for (size_t i = 0; i < book->n; i++)
		if (strcmp(book->list[i].alert.key, key) == 0)
			return &book->list[i];
	return NULL;
}

static struct open_alert *
add(struct alert_book *book)
{
	if (book->n == book->capacity) {
		size_t capacity = book->capacity ? 2 * book->capacity : 16;
		void *list = realloc(book->list, capacity * sizeof(*book->list));

		if (!list)
			return NULL;
		book->list = list;
		book->capacity = capacity;
	}
	book->list[book->n] = (struct open_alert){.fresh = true};
	return &book->list[book->n++];
}

void
alert_book_begin(struct alert_book *book)
{
	for (size_t i = 0; i < book->n; i++)
		book->list[i].seen = false;
}

int
alert_book_see(struct alert_book *book, const struct alert *alert)
{
	struct open_alert *o = find(book, alert->key);

	if (!o) {
		if (book->n >= ALERT_OPEN_MAX)
			return -ENOSPC;
		o = add(book);
		if (!o)
			return -ENOMEM;
		o->alert = *alert;
	} else if (!o->seen || alert->severity > o->alert.severity) {
		if (alert->severity > o->alert.severity) {
			o->fresh = true;
			o->acked_by[0] = '\0';
		}
		o->alert = *alert;
	}
	o->seen = true;
	o->away = 0;
	return 0;
}

static void
tell(struct open_alert *o, enum alert_event event, int64_t now_ms, alert_notice_fn *fn,
	void *arg)
{
	const struct alert_notice notice = {event, o->alert, o->since_ms};

	o->said_ms = now_ms;
	o->fresh = false;
	fn(arg, &notice);
}

void
alert_book_end(struct alert_book *book, unsigned sources, int64_t now_ms,
	int64_t repeat_ms, alert_notice_fn *fn, void *arg)
{
	size_t kept = 0;

	for (size_t i = 0; i < book->n; i++) {
		struct open_alert *o = &book->list[i];
		bool asked = sources >> o->alert.source & 1;
		bool over = !o->seen && asked && ++o->away >= ALERT_LOOKS_AWAY;

		if (o->since_ms == 0)
			o->since_ms = now_ms;
		/* A clock that was set back. */
		if (o->said_ms > now_ms)
			o->said_ms = now_ms;
		if (over)
			tell(o, ALERT_RESOLVED, now_ms, fn, arg);
		else if (o->fresh)
			tell(o, ALERT_RAISED, now_ms, fn, arg);
		else if (o->seen && !o->acked_by[0] && repeat_ms > 0 &&
			 now_ms - o->said_ms >= repeat_ms)
			tell(o, ALERT_AGAIN, now_ms, fn, arg);
		if (!over)
			book->list[kept++] = *o;
	}
	book->n = kept;
}

int
alert_book_ack(struct alert_book *book, const char *key, const char *who)
{
	struct open_alert *o = find(book, key);

	if (!o)
		return -ENOENT;
	(void)snprintf(o->acked_by, sizeof(o->acked_by), "%s", who);
	return 0;
}

void
alert_book_renew(struct alert_book *book, const char *key)
{
	struct open_alert *o = find(book, key);

	if (o && !o->acked_by[0])
		o->fresh = true;
}

/* ---- the disk ---- */

static json_t *
save_alert(const struct alert *alert, int64_t since_ms)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:I}", "key", alert->key, "severity",
		alert_severity_name(alert->severity), "source",
		alert_source_verb(alert->source), "text", alert->text, "since",
		nv_json_time(since_ms * NV_NS_PER_MS), "approval",
		(json_int_t)alert->approval);
}

static int
index_of(const char *text, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (text && strcmp(text, words[i]) == 0)
			return (int)i;
	return -1;
}

static int
load_alert(struct alert *alert, int64_t *ret_since_ms, const json_t *saved)
{
	const char *key = json_string_value(json_object_get(saved, "key"));
	const char *text = json_string_value(json_object_get(saved, "text"));
	const char *since = json_string_value(json_object_get(saved, "since"));
	int severity = index_of(json_string_value(json_object_get(saved, "severity")),
		severities, NV_LEN(severities));
	int source = index_of(json_string_value(json_object_get(saved, "source")), verbs,
		NV_LEN(verbs));
	int64_t since_ns;

	if (!key || !*key || strlen(key) >= sizeof(alert->key) || !text || severity < 0 ||
		source < 0 || !since ||
		nv_rfc3339_parse(since, strlen(since), &since_ns) < 0)
		return -EINVAL;
	*alert = (struct alert){.source = (enum alert_source)source,
		.severity = (enum alert_severity)severity,
		.approval = json_integer_value(json_object_get(saved, "approval"))};
	memcpy(alert->key, key, strlen(key) + 1);
	alert_say(alert, "%s", text);
	*ret_since_ms = since_ns / NV_NS_PER_MS;
	return 0;
}

static int
graver_first(const void *a, const void *b)
{
	const struct open_alert *x = *(const struct open_alert *const *)a;
	const struct open_alert *y = *(const struct open_alert *const *)b;

	if (x->alert.severity != y->alert.severity)
		return x->alert.severity > y->alert.severity ? -1 : 1;
	return strcmp(x->alert.key, y->alert.key);
}

json_t *
alert_book_save(const struct alert_book *book)
{
	const struct open_alert **order = calloc(book->n + 1, sizeof(void *));
	json_t *list = json_array();
	bool bad = !order || !list;

	for (size_t i = 0; !bad && i < book->n; i++)
		order[i] = &book->list[i];
	if (!bad)
		qsort(order, book->n, sizeof(void *), graver_first);
	for (size_t i = 0; !bad && i < book->n; i++) {
		json_t *one = save_alert(&order[i]->alert, order[i]->since_ms);

		bad = !one || json_array_append_new(list, one) != 0 ||
		      json_object_set_new(one, "said",
			      nv_json_time(order[i]->said_ms * NV_NS_PER_MS)) != 0 ||
		      json_object_set_new(
			      one, "acked_by", nv_json_str(order[i]->acked_by)) != 0;
	}
	free(order);
	if (!bad)
		return list;
	json_decref(list);
	return NULL;
}

int
alert_book_load(struct alert_book *book, const json_t *saved)
{
	const json_t *one;
	size_t i;

	json_array_foreach(saved, i, one)
	{
		const char *who = json_string_value(json_object_get(one, "acked_by"));
		const char *said = json_string_value(json_object_get(one, "said"));
		int64_t said_ns = 0;
		int64_t since_ms;
		struct alert alert;

		if (book->n >= ALERT_OPEN_MAX || load_alert(&alert, &since_ms, one) < 0 ||
			find(book, alert.key))
			continue;
		struct open_alert *o = add(book);

		if (!o)
			return -ENOMEM;
		o->alert = alert;
		o->since_ms = since_ms;
		if (said && nv_rfc3339_parse(said, strlen(said), &said_ns) == 0)
			o->said_ms = said_ns / NV_NS_PER_MS;
		o->fresh = false; /* what there is to say of it lies in the queues */
		(void)snprintf(o->acked_by, sizeof(o->acked_by), "%s", who ? who : "");
	}
	return 0;
}

static const char *const events[] = {"raised", "again", "resolved"};

json_t *
alert_notice_save(const struct alert_notice *notice)
{
	json_t *saved = save_alert(&notice->alert, notice->since_ms);

	if (saved && json_object_set_new(
			     saved, "event", json_string(events[notice->event])) != 0) {
		json_decref(saved);
		saved = NULL;
	}
	return saved;
}

int
alert_notice_load(struct alert_notice *notice, const json_t *saved)
{
	int event = index_of(json_string_value(json_object_get(saved, "event")), events,
		NV_LEN(events));

	if (event < 0)
		return -EINVAL;
	notice->event = (enum alert_event)event;
	return load_alert(&notice->alert, &notice->since_ms, saved);
}
