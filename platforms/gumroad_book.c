/* A sale of Gumroad, brought into the ledger: as lines whose ids make a repeat harmless.
 * What Gumroad's answer does not say is kept in the store, in the table "sale": whom the
 * sale is due to (only a ping knows), what could be refunded before anything was, that
 * its dispute was booked, and a hash of what was said last, so that it is said again only
 * when it has changed. */
#include "gumroad.h"

#include "nv_base64.h"
#include "nv_crypto.h"
#include "nv_log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH_CHARS 32

struct booking {
	struct gum *g;
	char id[GUM_ID_BYTES];
	json_t *record; /* owned: what will be kept */
	unsigned pending;
	int rc;
	char why[GUM_TEXT_BYTES];
	gum_booked_fn *fn;
	void *arg;
};

json_t *
gum_record(struct gum *g, const char *sale_id)
{
	json_t *record = NULL;

	if (plat_get(g->p, "sale", sale_id, &record) == 0 && json_is_object(record))
		return record;
	json_decref(record);
	return json_object();
}

static const char *
look(void *arg, const char *key)
{
	const struct gum *g = arg;
	const struct nv_conf_gumroad *conf = &plat_config(g->p)->gumroad;

	for (size_t i = 0; i < conf->n_agents; i++)
		if (strcmp(conf->agents[i].of, key) == 0)
			return conf->agents[i].agent;
	return NULL;
}

const char *
gum_agent(struct gum *g, const json_t *record, const char *hint, const json_t *sale)
{
	const char *agent = map_agent(map_text(record, "agent"));

	if (!agent)
		agent = map_agent(hint);
	return agent ? agent : map_gumroad_agent(sale, look, g);
}

/* What is not booked although money moved is remembered, shown and logged once. */
static void
keep_unclear(struct gum *g, const char *id, const char *note)
{
	json_t *old = NULL;
	bool known =
		plat_get(g->p, "unclear", id, &old) == 0 &&
		strcmp(json_string_value(old) ? json_string_value(old) : "", note) == 0;
	json_t *value = json_string(note);

	json_decref(old);
	if (!known && value && plat_put(g->p, "unclear", id, value) == 0)
		nv_warn("gumroad: sale %s: %s", id, note);
	json_decref(value);
}

static void
hash_lines(const json_t *lines, char hash[HASH_CHARS + 1])
{
	uint8_t sum[NV_SHA256_BYTES];
	char *text = nv_json_line(lines);
	struct nv_piece piece = {text ? text : "", text ? strlen(text) : 0};

	nv_sha256(&piece, 1, sum);
	nv_hex_encode(sum, HASH_CHARS / 2, hash);
	free(text);
}

static void
booking_end(struct booking *b)
{
	if (b->rc == 0) {
		int rc = plat_put(b->g->p, "sale", b->id, b->record);

		if (rc != 0) {
			b->rc = rc;
			(void)snprintf(b->why, sizeof(b->why),
				"what was booked could not be noted: %s", strerror(-rc));
		}
	}
	b->fn(b->arg, b->rc, b->why);
	json_decref(b->record);
	free(b);
}

static void
booked(struct plat *p, void *arg, int rc, const char *reason)
{
	struct booking *b = arg;

	(void)p;
	if (rc == -EINVAL) {
		/* Saying it again would only be refused again. */
		char note[GUM_TEXT_BYTES];

		(void)snprintf(note, sizeof(note), "refused by the ledger: %s",
			reason ? reason : "");
		keep_unclear(b->g, b->id, note);
	} else if (rc != 0 && b->rc == 0) {
		b->rc = rc;
		(void)snprintf(
			b->why, sizeof(b->why), "%s", reason ? reason : strerror(-rc));
	}
	if (--b->pending == 0)
		booking_end(b);
}

static void
say(struct booking *b, const json_t *lines)
{
	size_t i;
	json_t *line;

	b->pending = 1; /* so that the end comes once, behind the last */
	json_array_foreach(lines, i, line)
	{
		int rc = plat_book(b->g->p, json_deep_copy(line), booked, b);

		if (rc == 0) {
			b->pending++;
			continue;
		}
		b->rc = rc;
		(void)snprintf(b->why, sizeof(b->why), "%s",
			rc == -ENOTCONN ? "started without pipes to the engine: nothing "
					  "can be booked"
					: strerror(-rc));
		break;
	}
	if (--b->pending == 0)
		booking_end(b);
}

static bool
has_dispute(const json_t *lines)
{
	size_t i;
	json_t *line;

	json_array_foreach(lines, i,
		line) if (strcmp(map_text(line, "event"), "dispute") == 0) return true;
	return false;
}

/* The record as it will be once all is booked. */
static int
update(struct booking *b, const json_t *sale, const struct map_gumroad *m,
	const char *agent, const char *hash)
{
	const char *left = map_text(sale, "amount_refundable_in_currency");
	int bad = json_object_set_new(b->record, "hash", json_string(hash));

	bad |= map_put_text(b->record, "agent", agent, NV_NAME_MAX);
	if (m->full_now)
		bad |= map_put_text(b->record, "full", left, 40);
	if (has_dispute(m->lines))
		bad |= json_object_set_new(b->record, "disputed", json_true());
	return bad ? -ENOMEM : 0;
}

static int
begin(struct gum *g, const json_t *sale, const char *hint, bool again, struct booking *b,
	struct map_gumroad *m, bool *ret_same)
{
	char hash[HASH_CHARS + 1];
	struct nv_err err = {0};
	const char *id = map_text(sale, "id");

	if (!id || strlen(id) >= sizeof(b->id)) {
		(void)snprintf(b->why, sizeof(b->why), "a sale without an id");
		return -EINVAL;
	}
	memcpy(b->id, id, strlen(id) + 1);
	b->record = gum_record(g, id);
	if (!b->record)
		return -ENOMEM;
	struct map_gumroad_known known = {.agent = gum_agent(g, b->record, hint, sale),
		.full = map_text(b->record, "full"),
		.disputed = json_is_true(json_object_get(b->record, "disputed"))};
	int rc = map_gumroad_sale(sale, &known, m, &err);

	if (rc != 0) {
		(void)snprintf(b->why, sizeof(b->why), "%s", err.text);
		keep_unclear(g, b->id, b->why);
		return rc;
	}
	if (m->note && json_array_size(m->lines) > 0)
		keep_unclear(g, b->id, m->note);
	hash_lines(m->lines, hash);
	const char *before = map_text(b->record, "hash");

	*ret_same = !again && before && strcmp(before, hash) == 0;
	if (!m->note && !*ret_same)
		(void)plat_del(g->p, "unclear", b->id); /* only shown */
	return update(b, sale, m, known.agent, hash);
}

void
gum_book(struct gum *g, const json_t *sale, const char *hint, bool again,
	gum_booked_fn *fn, void *arg)
{
	struct booking *b = calloc(1, sizeof(*b));
	struct map_gumroad m = {0};
	bool same = false;

	if (!b) {
		fn(arg, -ENOMEM, "out of memory");
		return;
	}
	*b = (struct booking){.g = g, .fn = fn, .arg = arg};
	g->sales_seen++;
	int rc = begin(g, sale, hint, again, b, &m, &same);

	if (rc != 0 || same) {
		fn(arg, rc, rc == -ENOMEM ? "out of memory" : b->why);
		json_decref(b->record);
		free(b);
	} else {
		say(b, m.lines);
	}
	map_gumroad_fini(&m);
}

struct shown {
	json_t *list;
	int64_t n;
};

static int
show_one(void *arg, const char *key, json_t *value)
{
	struct shown *s = arg;

	if (s->n++ < 20)
		(void)json_array_append_new(
			s->list, json_pack("{s:s, s:O}", "sale", key, "why", value));
	return 0;
}

void
gum_book_show(struct gum *g, json_t *state)
{
	struct shown s = {.list = json_array()};

	(void)plat_each(g->p, "unclear", "", NULL, show_one, &s);
	(void)json_object_set_new(state, "unclear", json_integer(s.n));
	(void)json_object_set_new(state, "unclear_sales", s.list);
}
