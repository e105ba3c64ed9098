/* What became of mails. The gateway takes SendGrid's events into the ledger as facts;
 * they are read from the engine (verb `webhooks`) from a cursor on, and counted for each
 * mail in the table "mail": {"agent","taken_ns","message_id","n","events":{type:
 * n},"last"}. Counts and cursor are one batch, so a fact counts once. */
#include "sendgrid.h"

#include "nv_clock.h"
#include "nv_log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FACTS_MAX   500
#define ASK_MS      30000
#define DAY_NS      (INT64_C(86400) * NV_NS_PER_SEC)
#define KEPT_NS     (60 * DAY_NS)
#define SWEEP_EVERY DAY_NS
#define ENGINE_SOCK "/engine.sock"

struct sg_wait {
	struct sg_wait *next;
	sg_heard_fn *fn;
	void *arg;
};

/* ---- what is kept ---- */

static json_t *
mail_of(struct sg *sg, const char *id)
{
	json_t *mail = NULL;

	return plat_get(sg->p, "mail", id, &mail) == 0 && json_is_object(mail) ? mail
									       : NULL;
}

static int64_t
kept_int(struct sg *sg, const char *key)
{
	json_t *value = NULL;
	int64_t n = 0;

	if (plat_get(sg->p, "kept", key, &value) == 0)
		n = json_integer_value(value);
	json_decref(value);
	return n;
}

static int
keep_int(struct sg *sg, const char *key, int64_t n)
{
	json_t *value = json_integer(n);
	int rc = value ? plat_put(sg->p, "kept", key, value) : -ENOMEM;

	json_decref(value);
	return rc;
}

int
sg_mail_taken(struct sg *sg, const char *nova_id, const char *agent,
	const char *message_id, int64_t n)
{
	json_t *mail = mail_of(sg, nova_id); /* events may have been faster */
	json_t *made = json_pack("{s:s, s:I, s:s?, s:I}", "agent", agent, "taken_ns",
		(json_int_t)nv_wall_ns(), "message_id", message_id, "n", (json_int_t)n);
	int rc = made ? 0 : -ENOMEM;

	if (rc == 0 && mail)
		rc = json_object_update_missing(made, mail) ? -ENOMEM : 0;
	if (rc == 0)
		rc = plat_put(sg->p, "mail", nova_id, made);
	json_decref(made);
	json_decref(mail);
	return rc;
}

enum sg_fate
sg_fate(struct sg *sg, const char *nova_id, int64_t sent_ns)
{
	json_t *mail = mail_of(sg, nova_id);
	bool seen = json_object_size(json_object_get(mail, "events")) > 0;

	json_decref(mail);
	if (seen)
		return SG_FATE_SENT;
	/* SendGrid repeats its webhook for a day. Events of mails that were taken later
	 * prove that the webhook works. */
	if (nv_wall_ns() - sent_ns > DAY_NS && kept_int(sg, "proof") > sent_ns)
		return SG_FATE_NOT;
	return SG_FATE_UNKNOWN;
}

/* ---- facts ---- */

static int
take_fact(struct sg *sg, const json_t *fact)
{
	const char *line = map_text(fact, "line");
	json_t *said = line ? json_loads(line, 0, NULL) : NULL;
	const char *id = map_text(said, "nova_id"), *type = map_text(said, "type");
	int rc = 0;

	if (id && type && strlen(id) < 64) {
		json_t *mail = mail_of(sg, id);

		if (!mail)
			mail = json_object();
		json_t *events = json_object_get(mail, "events");
		json_int_t taken = json_integer_value(json_object_get(mail, "taken_ns"));

		if (!events) {
			events = json_object();
			rc |= json_object_set_new(mail, "events", events);
		}
		rc |= json_object_set_new(events, type,
			json_integer(
				json_integer_value(json_object_get(events, type)) + 1));
		rc |= json_object_set_new(mail, "last_ns", json_integer(nv_wall_ns()));
		if (map_text(said, "agent") && !map_text(mail, "agent"))
			rc |= json_object_set_new(
				mail, "agent", json_string(map_text(said, "agent")));
		rc = rc ? -ENOMEM : plat_put(sg->p, "mail", id, mail);
		if (rc == 0 && taken > kept_int(sg, "proof"))
			rc = keep_int(sg, "proof", taken);
		json_decref(mail);
	}
	json_decref(said);
	return rc;
}

static int
take_facts(struct sg *sg, const json_t *data)
{
	json_t *list = json_object_get(data, "webhooks"), *fact;
	int64_t next;
	size_t i;

	if (!json_is_array(list) || !map_int(data, "next_seq", &next))
		return -EBADMSG;
	int rc = plat_batch_begin(sg->p);

	if (rc != 0)
		return rc;
	json_array_foreach(list, i, fact) if (rc == 0) rc = take_fact(sg, fact);
	if (rc == 0)
		rc = keep_int(sg, "seq", next);
	int ended = plat_batch_end(sg->p, rc == 0);

	return rc != 0 ? rc : ended;
}

/* ---- reading on ---- */

static void
tell(struct sg *sg, const char *why)
{
	struct sg_wait *w = sg->waiting;

	sg->waiting = NULL;
	while (w) {
		struct sg_wait *next = w->next;

		w->fn(w->arg, why);
		free(w);
		w = next;
	}
}

static void ask_facts(struct sg *sg);

static void
facts_read(void *arg, json_t *data, bool gone, const char *why)
{
	struct sg *sg = arg;
	int64_t before = kept_int(sg, "seq"), next = 0;

	(void)gone;
	sg->ask = NULL;
	if (!data) {
		tell(sg, why);
		return;
	}
	int rc = take_facts(sg, data);

	if (rc != 0) {
		tell(sg, strerror(-rc));
		return;
	}
	if (json_is_true(json_object_get(data, "more")) &&
		map_int(data, "next_seq", &next) && next > before)
		ask_facts(sg);
	else
		tell(sg, "");
}

static json_t *
question_of(int64_t since, int64_t limit)
{
	return json_pack("{s:s, s:{s:s, s:I, s:I}}", "verb", "webhooks", "args",
		"provider", "sendgrid", "since_seq", (json_int_t)since, "limit",
		(json_int_t)limit);
}

static int
ask_engine(struct sg *sg, json_t *question, nv_ask_fn *fn, void *arg, struct nv_ask **ret)
{
	struct nv_buf path;

	nv_buf_init(&path, 1024);
	nv_buf_printf(&path, "%s" ENGINE_SOCK, plat_run_dir(sg->p));
	int rc = path.error;

	if (rc == 0)
		rc = nv_ask(plat_loop(sg->p), path.data, question, ASK_MS, fn, arg, ret);
	else
		json_decref(question);
	nv_buf_fini(&path);
	return rc;
}

static void
ask_facts(struct sg *sg)
{
	int rc = ask_engine(sg, question_of(kept_int(sg, "seq"), FACTS_MAX), facts_read,
		sg, &sg->ask);

	if (rc != 0)
		tell(sg, "the engine is not there");
}

void
sg_hear(struct sg *sg, sg_heard_fn *fn, void *arg)
{
	struct sg_wait *w = calloc(1, sizeof(*w));

	if (!w) {
		fn(arg, "out of memory");
		return;
	}
	*w = (struct sg_wait){.next = sg->waiting, .fn = fn, .arg = arg};
	sg->waiting = w;
	if (!sg->ask)
		ask_facts(sg);
}

void
sg_events_stop(struct sg *sg)
{
	nv_ask_cancel(sg->ask);
	sg->ask = NULL;
	tell(sg, "the process ends");
}

/* ---- polls ---- */

struct old {
	json_t *keys;
	int64_t before_ns;
};

static int
note_old(void *arg, const char *key, json_t *mail)
{
	struct old *o = arg;
	json_int_t taken = json_integer_value(json_object_get(mail, "taken_ns"));
	json_int_t last = json_integer_value(json_object_get(mail, "last_ns"));

	return NV_MAX(taken, last) < o->before_ns
		       ? json_array_append_new(o->keys, json_string(key))
		       : 0;
}

static void
sweep(struct sg *sg)
{
	int64_t now = nv_wall_ns();
	struct old o = {.keys = json_array(), .before_ns = now - KEPT_NS};
	size_t i;
	json_t *key;

	if (now - kept_int(sg, "swept") < SWEEP_EVERY) {
		json_decref(o.keys);
		return;
	}
	if (o.keys && plat_each(sg->p, "mail", "", NULL, note_old, &o) == 0)
		json_array_foreach(o.keys, i, key)(void)
			plat_del(sg->p, "mail", json_string_value(key));
	json_decref(o.keys);
	sg_bulk_sweep(sg);
	(void)keep_int(sg, "swept", now);
}

static void
polled(void *arg, const char *why)
{
	struct sg *sg = arg;

	plat_poll_done(sg->p, *why ? -EIO : 0, *why ? why : NULL);
}

void
sg_poll(struct plat *p)
{
	struct sg *sg = plat_own(p);

	sweep(sg);
	sg_hear(sg, polled, sg);
}

/* ---- verbs ---- */

struct shown {
	json_t *rows;
	const char *id, *agent;
};

static int
show_mail(void *arg, const char *key, json_t *mail)
{
	struct shown *s = arg;
	size_t n = strlen(s->id);
	const char *agent = map_text(mail, "agent");

	/* The mail itself, or a request of a bulk. */
	if (key[n] != '\0' && key[n] != '.')
		return 0;
	if (s->agent[0] && (!agent || strcmp(agent, s->agent) != 0))
		return 0;
	return json_array_append_new(s->rows,
		json_pack("{s:s, s:s?, s:s?, s:o, s:O?, s:O?}", "nova_id", key, "agent",
			agent, "message_id", map_text(mail, "message_id"), "taken",
			nv_json_time(
				json_integer_value(json_object_get(mail, "taken_ns"))),
			"recipients", json_object_get(mail, "n"), "events",
			json_object_get(mail, "events")));
}

static void
status_heard(void *arg, const char *why)
{
	struct plat_call *call = arg;
	struct sg *sg = sg_of(call);
	struct shown s = {.rows = json_array(),
		.id = plat_arg_str(call, "mail"),
		.agent = plat_call_agent(call)};

	int rc = s.rows ? plat_each(sg->p, "mail", s.id, NULL, show_mail, &s) : -ENOMEM;

	if (rc != 0) {
		json_decref(s.rows);
		plat_fail(call, NV_EXIT_FAILED, "sendgrid: %s",
			rc < 0 ? strerror(-rc) : "out of memory");
	} else if (json_array_size(s.rows) == 0) {
		json_decref(s.rows);
		plat_fail(call, NV_EXIT_NO, "no mail of that id is known");
	} else {
		plat_done(call, json_pack("{s:o, s:s*}", "mails", s.rows,
					"events_problem", *why ? why : NULL));
	}
}

void
sg_status_run(struct plat_call *call)
{
	sg_hear(sg_of(call), status_heard, call);
}

static void
events_read(void *arg, json_t *data, bool gone, const char *why)
{
	struct plat_call *call = arg;

	(void)gone;
	if (data)
		plat_done(call, json_pack("{s:O?, s:O?, s:O?}", "events",
					json_object_get(data, "webhooks"), "next_seq",
					json_object_get(data, "next_seq"), "more",
					json_object_get(data, "more")));
	else
		plat_fail(call, NV_EXIT_FAILED, "the engine: %s", why);
}

void
sg_events_run(struct plat_call *call)
{
	struct nv_ask *ask;
	int rc = ask_engine(sg_of(call),
		question_of(
			plat_arg_int(call, "since", 0), plat_arg_int(call, "limit", 50)),
		events_read, call, &ask);

	if (rc != 0)
		plat_fail(call, NV_EXIT_FAILED, "the engine is not there: %s",
			strerror(-rc));
}

/* Facts have the numbers of their events: those that come have the next one on. */
int
sg_restored(struct plat *p, int64_t until_ns, uint64_t events)
{
	json_t *seq = NULL;
	int rc = plat_get(p, "kept", "seq", &seq);

	(void)until_ns;
	if (rc == 0 && json_integer_value(seq) > (json_int_t)events + 1) {
		json_decref(seq);
		seq = json_integer((json_int_t)events + 1);
		rc = seq ? plat_put(p, "kept", "seq", seq) : -ENOMEM;
	}
	json_decref(seq);
	return rc == -ENOENT ? 0 : rc;
}
