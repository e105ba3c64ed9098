/* One webhook from its verified body to its answer:
 *
 *	body kept -> money and facts said -> all answered -> 200
 *	                                  \-> some refused: a note said -> answered -> 200
 *
 * The facts come last, and the engine takes lines in their order: a fact in the ledger
 *means that everything of its webhook has been dealt with. All go at once, as each wait
 *for a commit costs the time of one; what the engine refused of them is told by a fact of
 *its own ("ID:note"). At any point: 503 when the time is up; whatever was said by then
 *stays said, and saying it again changes nothing. */
#include "gateway.h"
#include "nv_base64.h"
#include "nv_clock.h"
#include "nv_log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOTE_BYTES_MAX 600
#define LINE_BYTES_SEEN \
	512 /* what a line is expected to need, for the room it is asked */
#define RETRY_AFTER "5"

enum phase { SAYING, NOTING };

struct gw_hook {
	struct gw_hook *prev;
	struct gw_hook *next;
	struct gw *gw;
	struct gw_call *call;
	enum gw_source source;
	ev_timer timeout;
	json_t *lines;             /* owned */
	json_t *refused;           /* owned: [{"id","reason"}] */
	struct gw_ticket *tickets; /* owned: one for each line, one for the note */
	size_t n;
	size_t waiting;
	size_t facts;
	enum phase phase;
	char sha256[65];
	bool kept;
};

const char *
gw_source_name(enum gw_source source)
{
	static const char *const names[] = {
#define X(name, text) [GW_FROM_##name] = text,
		GW_SOURCES(X)
#undef X
	};

	return names[source];
}

void
gw_body_sha256(const struct gw_call *call, char ret[65])
{
	uint8_t hash[NV_SHA256_BYTES];
	const struct nv_piece piece = {call->request->body, call->request->body_bytes};

	nv_sha256(&piece, 1, hash);
	nv_hex_encode(hash, sizeof(hash), ret);
}

/* ---- lines ---- */

/* Text that may be cut when a line is too long: what people read, never what says how
 * much, whose, or which. */
static const char *const cuttable[] = {
	"note", "error", "object", "source", "vendor", "category", "type"};

/* Halve the longest of them. False: there is nothing to cut any more. */
static bool
cut_longest(json_t *line)
{
	const char *key = NULL;
	size_t bytes = 16;

	for (size_t i = 0; i < NV_LEN(cuttable); i++) {
		json_t *value = json_object_get(line, cuttable[i]);

		if (json_is_string(value) && json_string_length(value) > bytes) {
			key = cuttable[i];
			bytes = json_string_length(value);
		}
	}
	if (!key)
		return false;
	const char *text = json_string_value(json_object_get(line, key));
	size_t at = 0;

	for (size_t n; at < bytes / 2 && (n = nv_utf8_len(text + at, bytes - at)) > 0;)
		at += n;
	return json_object_set_new(line, key, json_stringn(text, at)) == 0;
}

/* The line as text, short enough; NULL without memory or when it cannot be. */
static char *
line_text(json_t *line, size_t *ret_bytes)
{
	for (;;) {
		char *text = nv_json_line(line);

		*ret_bytes = text ? strlen(text) : 0;
		if (!text || *ret_bytes < GW_LINE_MAX)
			return text;
		free(text);
		if (!cut_longest(line))
			return NULL;
	}
}

static bool
is_fact(const json_t *line)
{
	const char *event = json_string_value(json_object_get(line, "event"));

	return event && strcmp(event, "webhook") == 0;
}

json_t *
gw_fact(const struct gw_call *call, const char *provider, const char *type)
{
	char sha[65];
	char id[GW_ID_BYTES];

	gw_body_sha256(call, sha);
	(void)snprintf(id, sizeof(id), "%s:body:%s", provider, sha);
	return json_pack("{s:s, s:s, s:s, s:s}", "event", "webhook", "id", id, "provider",
		provider, "type", type);
}

/* ---- the end ---- */

static void
hook_free(struct gw_hook *h)
{
	struct gw *gw = h->gw;

	ev_timer_stop(gw->loop, &h->timeout);
	for (size_t i = 0; h->tickets && i <= h->n; i++)
		gw_emit_forget(&gw->emit, &h->tickets[i]);
	free(h->tickets);
	json_decref(h->lines);
	json_decref(h->refused);
	if (h->prev)
		h->prev->next = h->next;
	else
		gw->hooks = h->next;
	if (h->next)
		h->next->prev = h->prev;
	gw->n_hooks--;
	free(h);
}

void
gw_hook_later(struct gw *gw, struct gw_call *call, enum gw_source source, const char *why)
{
	gw->figures[source].unavailable++;
	gw_answer_header(call, "Retry-After", RETRY_AFTER);
	gw_answer_error(call, 503, why);
}

static void
later(struct gw_hook *h, const char *why)
{
	struct gw *gw = h->gw;
	struct gw_call *call = h->call;
	enum gw_source source = h->source;

	hook_free(h);
	gw_hook_later(gw, call, source, why);
}

static void
done(struct gw_hook *h)
{
	struct gw_call *call = h->call;
	struct gw_figures *f = &h->gw->figures[h->source];
	json_t *o =
		json_pack("{s:b, s:I}", "received", 1, "events", (json_int_t)h->facts);

	f->accepted++;
	f->events += h->facts;
	f->last_ns = nv_wall_ns();
	/* Whoever wrote an integration of their own wants to know. */
	if (o && json_array_size(h->refused) > 0)
		(void)json_object_set(o, "refused", h->refused); /* 200 says enough */
	char *text = o ? nv_json_line(o) : NULL;

	json_decref(o);
	hook_free(h);
	gw_answer(call, 200, "application/json", text ? text : "{}",
		text ? strlen(text) : 2);
	free(text);
}

/* ---- phases ---- */

static void
refused(struct gw_hook *h, const json_t *line, const char *reason)
{
	const char *id = json_string_value(json_object_get(line, "id"));
	json_t *row = json_pack(
		"{s:s, s:o}", "id", id ? id : "", "reason", nv_json_str(reason));

	h->gw->figures[h->source].lines_refused++;
	nv_warn("%s: the engine refuses %s of %s: %s", gw_source_name(h->source),
		json_string_value(json_object_get(line, "event")), id ? id : "-", reason);
	(void)json_array_append_new(h->refused, row); /* it is in the log already */
}

/* What a fact has to say besides what its vendor said. */
static int
complete_fact(struct gw_hook *h, json_t *line)
{
	char note[NOTE_BYTES_MAX];
	const char *given = json_string_value(json_object_get(line, "note"));
	int bad = json_object_set_new(
		line, "bytes", json_integer((json_int_t)h->call->request->body_bytes));

	bad |= json_object_set_new(line, "sha256", json_string(h->sha256));
	if (h->kept)
		return bad;
	(void)snprintf(note, sizeof(note), "%.200s%sthe body could not be kept",
		given ? given : "", given ? "; " : "");
	return bad | json_object_set_new(line, "note", json_string(note));
}

/* One more fact: what became of the others' lines. 0 or -ENOMEM. */
static int
add_note(struct gw_hook *h)
{
	const json_t *first = json_array_get(h->refused, 0);
	json_t *fact = json_deep_copy(json_array_get(h->lines, h->n - 1));
	const char *id = json_string_value(json_object_get(fact, "id"));
	char text[NOTE_BYTES_MAX];
	char noted[GW_ID_BYTES];

	(void)snprintf(text, sizeof(text),
		"%zu of its lines quarantined, the first (%s): %.160s",
		json_array_size(h->refused),
		json_string_value(json_object_get(first, "id")),
		json_string_value(json_object_get(first, "reason")));
	(void)snprintf(noted, sizeof(noted), "%.*s:note", GW_ID_BYTES - 6, id ? id : "");
	if (!fact || json_object_set_new(fact, "id", json_string(noted)) < 0 ||
		json_object_set_new(fact, "note", nv_json_str(text)) < 0) {
		json_decref(fact);
		return -ENOMEM;
	}
	return json_array_append_new(h->lines, fact) < 0 ? -ENOMEM : 0;
}

static int
say(struct gw_hook *h, size_t i)
{
	json_t *line = json_array_get(h->lines, i);
	struct gw_ticket *t = &h->tickets[i];
	const char *id = json_string_value(json_object_get(line, "id"));
	size_t bytes;

	if (!id || !*id || strlen(id) >= sizeof(t->id)) {
		refused(h, line, "an event of a webhook has an id of 1 to 128 bytes");
		return 0;
	}
	if (json_object_set_new(line, "ack", json_true()) < 0 ||
		(is_fact(line) && complete_fact(h, line) < 0))
		return -ENOMEM;
	NV_CLEANUP_FREE char *text = line_text(line, &bytes);

	if (!text) {
		refused(h, line, "too long for a line of 4096 bytes");
		return 0;
	}
	(void)snprintf(t->id, sizeof(t->id), "%s", id);
	int rc = gw_emit_say(&h->gw->emit, t, text, bytes);

	if (rc == 0)
		h->waiting++;
	return rc;
}

static void
later_for(struct gw_hook *h, int rc)
{
	later(h, rc == -EPIPE    ? "the engine is not there"
		 : rc == -ENOMEM ? "no memory"
				 : "too much is waiting for the engine");
}

/* Everything of a phase has been answered, or refused before it was said. */
static void
phase_over(struct gw_hook *h)
{
	bool note = h->phase == SAYING && json_array_size(h->refused) > 0 && h->facts > 0;

	if (!note) {
		done(h);
		return;
	}
	h->phase = NOTING;
	int rc = add_note(h);

	if (rc == 0)
		rc = say(h, h->n);
	if (rc < 0)
		later_for(h, rc);
	else if (h->waiting == 0)
		done(h);
}

static void
say_all(struct gw_hook *h)
{
	int rc = 0;

	for (size_t i = 0; i < h->n && rc == 0; i++)
		rc = say(h, i);
	if (rc < 0)
		later_for(h, rc);
	else if (h->waiting == 0)
		phase_over(h);
}

static void
on_answered(struct gw_ticket *t)
{
	struct gw_hook *h = t->arg;

	h->gw->silent = false;
	if (t->refused)
		refused(h, json_array_get(h->lines, (size_t)(t - h->tickets)), t->reason);
	if (--h->waiting == 0)
		phase_over(h);
}

static void
on_timeout(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct gw_hook *h = timer->data;

	(void)loop;
	(void)revents;
	if (!h->gw->silent)
		nv_warn("the engine has not answered for %d ms; webhooks are told to "
			"come "
			"again",
			GW_HOOK_MS);
	h->gw->silent = true;
	later(h, "the engine does not answer");
}

static void
on_gone(struct gw_call *call)
{
	hook_free(call->own);
}

/* ---- begin ---- */

static struct gw_hook *
hook_new(struct gw *gw, struct gw_call *call, enum gw_source source, json_t *lines)
{
	struct gw_hook *h = calloc(1, sizeof(*h));
	size_t n = json_array_size(lines);
	struct gw_ticket *tickets = calloc(n + 1, sizeof(*tickets));
	json_t *rows = json_array();

	if (!h || !tickets || !rows) {
		free(h);
		free(tickets);
		json_decref(rows);
		return NULL;
	}
	*h = (struct gw_hook){.gw = gw,
		.call = call,
		.source = source,
		.lines = lines,
		.refused = rows,
		.tickets = tickets,
		.n = n};
	for (size_t i = 0; i <= n; i++) {
		tickets[i].answered = on_answered;
		tickets[i].arg = h;
		h->facts += i < n && is_fact(json_array_get(lines, i));
	}
	h->next = gw->hooks;
	if (h->next)
		h->next->prev = h;
	gw->hooks = h;
	gw->n_hooks++;
	ev_timer_init(&h->timeout, on_timeout, GW_HOOK_MS / 1000., 0);
	h->timeout.data = h;
	ev_timer_start(gw->loop, &h->timeout);
	return h;
}

void
gw_hook_begin(struct gw *gw, struct gw_call *call, enum gw_source source, json_t *lines)
{
	size_t n = json_array_size(lines);

	if (!lines || gw->n_hooks >= GW_HOOKS_MAX ||
		!gw_emit_has_room(&gw->emit, n, n * LINE_BYTES_SEEN)) {
		json_decref(lines);
		gw_hook_later(gw, call, source,
			gw->emit.broken ? "the engine is not there"
					: "too much is waiting for the engine");
		return;
	}
	struct gw_hook *h = hook_new(gw, call, source, lines);

	if (!h) {
		json_decref(lines);
		gw_hook_later(gw, call, source, "no memory");
		return;
	}
	call->own = h;
	call->gone = on_gone;
	gw_body_sha256(call, h->sha256);
	h->kept = gw_spool_add(&gw->spool, nv_wall_ns(), gw_source_name(source),
			  h->sha256, call->request->body, call->request->body_bytes) == 0;
	say_all(h);
}

void
gw_hook_unread(
	struct gw *gw, struct gw_call *call, enum gw_source source, const char *why)
{
	char note[240];
	json_t *fact = gw_fact(call, gw_source_name(source), "unread");

	(void)snprintf(note, sizeof(note), "not understood: %.200s", why);
	gw->figures[source].unread++;
	nv_warn("%s: a genuine webhook is not understood: %s", gw_source_name(source),
		why);
	if (fact && json_object_set_new(fact, "note", nv_json_str(note)) < 0) {
		json_decref(fact);
		fact = NULL;
	}
	gw_hook_begin(gw, call, source, fact ? json_pack("[o]", fact) : NULL);
}

void
gw_hooks_drop(struct gw *gw)
{
	while (gw->hooks)
		later(gw->hooks, "ending");
}
