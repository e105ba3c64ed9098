/* What the counts (count.h) and the totals have of each worker, for the verb `figures`.
 * Workers beyond a limit are one row, "_other": which ones are kept goes by their numbers
 * in the ledger, so that none ever moves from one row to the other. */
#include "api_counts.h"

#include "derive.h"
#include "fleet.h"
#include "put.h"
#include "resource.h"

#include "nv_json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PART_BYTES_MAX ((size_t)1 << 20)

struct eng_cell { /* money of a worker in one currency */
	struct eng_cell *next;
	uint32_t currency;
	nv_i128 nano[LED_MONEY_FIELDS][2]; /* booked, taken back */
};

struct eng_cause {
	struct eng_cause *next;
	const char *name; /* borrowed from the counts */
	size_t bytes;
	uint64_t n;
};

/* One row. */
struct eng_slot {
	unsigned n;                      /* workers */
	const struct eng_worker *worker; /* of one */
	uint32_t desired;
	uint32_t budget_paused;
	struct led_totals totals;
	nv_i128 memory;
	nv_i128 cpu_us;
	bool cpu_unknown; /* a live process was never looked at: what it has used is
			     missing */
	uint64_t starts;
	struct eng_cell *cells;   /* owned */
	struct eng_cause *causes; /* owned */
};

static json_t *
count(uint64_t n)
{
	return json_integer(n > INT64_MAX ? INT64_MAX : (json_int_t)n);
}

/* ---- taking ---- */

/* The row of a worker of the ledger; 0 is nobody's. */
static struct eng_slot *
slot_of(struct eng_counts *c, uint32_t worker)
{
	return &c->slots[NV_MIN((size_t)worker, c->n_kept + 1)];
}

static void
take_worker(struct eng_counts *c, const struct eng_worker *w)
{
	/* One that has no number yet has no figures either; it will have the next one. */
	size_t number = w->id ? w->id : (size_t)led_view_n_workers(c->view) + 1;
	struct eng_slot *s = &c->slots[NV_MIN(number, c->n_kept + 1)];

	if (!w->id && number <= c->n_kept) {
		if (c->n_fresh == c->cap_fresh)
			return;
		s = &c->fresh[c->n_fresh++];
	}
	s->n++;
	s->worker = w;
	s->desired += eng_desire_instances(w);
	s->budget_paused += w->conf && w->budget_paused;
	eng_totals_add(&s->totals, &w->totals);
	for (const struct eng_instance *i = w->instances; i; i = i->next) {
		if (i->gone)
			continue;
		s->memory += i->now.rss_bytes;
		s->cpu_us += i->now.cpu_us;
		s->cpu_unknown |= i->now.at_mono_ns == 0;
	}
}

static void
take_money(struct eng_counts *c, const struct eng_count_key *key, nv_i128 nano)
{
	struct eng_slot *s = slot_of(c, key->worker);
	struct eng_cell *cell = s->cells;

	while (cell && cell->currency != key->currency)
		cell = cell->next;
	if (!cell) {
		cell = calloc(1, sizeof *cell);
		if (!cell) {
			c->bad = -ENOMEM;
			return;
		}
		*cell = (struct eng_cell){.next = s->cells, .currency = key->currency};
		s->cells = cell;
	}
	cell->nano[key->field % LED_MONEY_FIELDS][key->back] += nano;
}

static void
take_exits(struct eng_counts *c, const struct eng_count_key *key, nv_i128 n)
{
	struct eng_slot *s = slot_of(c, key->worker);
	struct eng_cause *cause = s->causes;

	while (cause && (cause->bytes != key->name_bytes ||
				memcmp(cause->name, key->name, key->name_bytes) != 0))
		cause = cause->next;
	if (!cause) {
		cause = calloc(1, sizeof *cause);
		if (!cause) {
			c->bad = -ENOMEM;
			return;
		}
		*cause = (struct eng_cause){
			.next = s->causes, .name = key->name, .bytes = key->name_bytes};
		s->causes = cause;
	}
	cause->n += (uint64_t)n;
}

static const char *const token_names[ENG_TOKENS] = {
	[ENG_TOKEN_INPUT] = "input",
	[ENG_TOKEN_OUTPUT] = "output",
	[ENG_TOKEN_CACHE_READ] = "cache_read",
	[ENG_TOKEN_CACHE_WRITE] = "cache_write",
};

/* The parts of its name, what else it has, and the count. */
static void
take_named(struct eng_counts *c, const struct eng_count_key *key,
	const struct eng_count_row *n)
{
	const char *nul = memchr(key->name, '\0', key->name_bytes);
	size_t first = nul ? (size_t)(nul - key->name) : key->name_bytes;
	bool pair = key->kind != ENG_COUNT_CATEGORY && key->kind != ENG_COUNT_SOURCE;
	bool money = !pair || key->kind == ENG_COUNT_LLM;
	char code[NV_CURRENCY_BYTES] = "";
	json_t *row = json_array();
	int bad = json_array_append_new(row, nv_json_text(key->name, first));

	/* "_other" is all of those that came too late, in both parts. */
	if (pair)
		bad |= json_array_append_new(
			row, nul ? nv_json_text(nul + 1, key->name_bytes - first - 1)
				 : nv_json_text(key->name, first));
	if (money) {
		if (led_view_currency_code(c->view, key->currency, code) < 0)
			c->bad = -EBADMSG;
		bad |= json_array_append_new(row, json_string(code));
		bad |= json_array_append_new(row, json_boolean(key->back));
		bad |= json_array_append_new(row, nv_json_money(n->n));
	} else {
		if (key->kind == ENG_COUNT_TOKENS)
			bad |= json_array_append_new(
				row, json_string(token_names[key->field % ENG_TOKENS]));
		bad |= json_array_append_new(row, count((uint64_t)n->n));
		if (key->kind == ENG_COUNT_DECISIONS)
			bad |= json_array_append_new(row, count(n->seq));
	}
	bad |= json_array_append_new(c->lists[key->kind], row);
	if (bad && !c->bad)
		c->bad = -ENOMEM;
}

static void
take_row(struct eng_counts *c, uint32_t i)
{
	const struct eng_count_row *row = &c->counted->rows[i];
	struct eng_count_key key;

	eng_counted_key(c->counted, i, &key);
	switch (key.kind) {
	case ENG_COUNT_MONEY:
		take_money(c, &key, row->n);
		break;
	case ENG_COUNT_STARTS:
		slot_of(c, key.worker)->starts += (uint64_t)row->n;
		break;
	case ENG_COUNT_CPU_US:
		slot_of(c, key.worker)->cpu_us += row->n;
		break;
	case ENG_COUNT_EXITS:
		take_exits(c, &key, row->n);
		break;
	case ENG_COUNT_CATEGORY:
	case ENG_COUNT_SOURCE:
	case ENG_COUNT_DECISIONS:
	case ENG_COUNT_TOKENS:
	case ENG_COUNT_USAGE:
	case ENG_COUNT_UNPRICED:
	case ENG_COUNT_LLM:
		take_named(c, &key, row);
		break;
	case ENG_COUNT_KINDS:
	default:
		c->bad = -EBADMSG;
	}
}

int
eng_counts_take(struct eng_counts *c, struct eng *eng, struct led_view *view,
	const struct eng_counted *counted, size_t n_kept)
{
	size_t n = 0;

	for (const struct eng_worker *w = eng->workers; w; w = w->next)
		n += w->id == 0;
	*c = (struct eng_counts){.view = view,
		.counted = counted,
		.n_kept = NV_MIN(n_kept, (size_t)led_view_n_workers(view) + n),
		.cap_fresh = n};
	c->slots = calloc(c->n_kept + 2, sizeof *c->slots);
	c->fresh = calloc(n + 1, sizeof *c->fresh);
	if (!c->slots || !c->fresh)
		return -ENOMEM;
	for (const struct eng_worker *w = eng->workers; w; w = w->next)
		take_worker(c, w);
	for (size_t i = 0; i < ENG_COUNT_KINDS; i++)
		c->lists[i] = json_array();
	for (uint32_t i = 0; counted && i < counted->keys.n && !c->bad; i++)
		take_row(c, i);
	return c->bad;
}

static void
slot_free(struct eng_slot *s)
{
	struct eng_cell *cell;
	struct eng_cause *cause;

	while ((cell = s->cells)) {
		s->cells = cell->next;
		free(cell);
	}
	while ((cause = s->causes)) {
		s->causes = cause->next;
		free(cause);
	}
}

void
eng_counts_fini(struct eng_counts *c)
{
	for (size_t i = 0; c->slots && i < c->n_kept + 2; i++)
		slot_free(&c->slots[i]);
	for (size_t i = 0; i < ENG_COUNT_KINDS; i++)
		json_decref(c->lists[i]);
	free(c->slots);
	free(c->fresh);
	*c = (struct eng_counts){0};
}

/* ---- showing ---- */

static void
put_amounts(struct nv_buf *buf, const struct led_totals *t)
{
	int64_t ppm = 0;

	eng_put_money(buf, "\"cost\":", t->cost);
	eng_put_money(buf, "\"revenue\":", t->revenue);
	eng_put_money(buf, "\"net_revenue\":", eng_earned(t));
	eng_put_money(buf, "\"profit\":", eng_profit(t));
	if (nv_roi_ppm(eng_earned(t), t->cost, &ppm))
		eng_put_int(buf, "\"roi_ppm\":", ppm);
	else
		eng_put_null(buf, "\"roi_ppm\":");
}

/* {currency: {field: [booked, taken back]}}, fields without any left out. */
static void
put_money(struct nv_buf *buf, const struct eng_counts *c, const struct eng_slot *s)
{
	static const char *const fields[LED_MONEY_FIELDS] = {
		[LED_SUM_COST] = "\"cost\":[",
		[LED_SUM_REVENUE] = "\"revenue\":[",
		[LED_SUM_REFUNDS] = "\"refunds\":[",
		[LED_SUM_FEES] = "\"fees\":[",
		[LED_SUM_DISPUTES] = "\"disputes\":[",
		[LED_SUM_PAYOUTS] = "\"payouts\":[",
		[LED_SUM_GRANTS] = "\"grants\":[",
	};

	nv_buf_puts(buf, "{");
	for (const struct eng_cell *cell = s->cells; cell; cell = cell->next) {
		char code[NV_CURRENCY_BYTES];

		if (led_view_currency_code(c->view, cell->currency, code) < 0) {
			buf->error = -EBADMSG;
			return;
		}
		eng_put_name(buf, code, strlen(code));
		nv_buf_puts(buf, "{");
		for (size_t i = 0; i < LED_MONEY_FIELDS; i++) {
			if (cell->nano[i][0] == 0 && cell->nano[i][1] == 0)
				continue;
			eng_put_key(buf, fields[i]);
			eng_put_money(buf, "", cell->nano[i][0]);
			eng_put_money(buf, "", cell->nano[i][1]);
			nv_buf_puts(buf, "]");
		}
		nv_buf_puts(buf, "}");
	}
	nv_buf_puts(buf, "}");
}

static void
put_exits(struct nv_buf *buf, const struct eng_slot *s)
{
	nv_buf_puts(buf, "{");
	for (const struct eng_cause *cause = s->causes; cause; cause = cause->next) {
		eng_put_name(buf, cause->name, cause->bytes);
		eng_put_count(buf, "", cause->n);
	}
	nv_buf_puts(buf, "}");
}

static void
put_counts(struct nv_buf *buf, const struct eng_counts *c, const struct eng_slot *s)
{
	/* The use of one that has just ended may be in neither. */
	if (s->cpu_unknown || c->behind)
		eng_put_null(buf, "\"cpu_us\":");
	else
		eng_put_int(buf,
			"\"cpu_us\":", (int64_t)NV_MIN(s->cpu_us, (nv_i128)INT64_MAX));
	eng_put_count(buf, "\"starts\":", s->starts);
	eng_put_key(buf, "\"exits\":");
	put_exits(buf, s);
	eng_put_key(buf, "\"money\":");
	put_money(buf, c, s);
}

static void
put_slot(struct nv_buf *buf, const struct eng_counts *c, const struct eng_slot *s,
	bool other)
{
	const struct led_totals *t = &s->totals;
	const struct eng_worker *w = other ? NULL : s->worker;

	eng_put_key(buf, "{");
	eng_put_text(buf, "\"worker\":", w ? w->name : ENG_COUNT_OTHER);
	eng_put_text(buf, "\"group\":", w ? eng_worker_group(w) : ENG_COUNT_OTHER);
	eng_put_bool(buf, "\"system\":", w && w->system);
	eng_put_bool(buf, "\"known\":", !w || w->conf);
	eng_put_count(buf, "\"workers\":", s->n);
	eng_put_count(buf, "\"desired\":", s->desired);
	eng_put_count(buf, "\"budget_paused\":", s->budget_paused);
	put_amounts(buf, t);
	eng_put_count(buf, "\"runs_ok\":", t->runs_ok);
	eng_put_count(buf, "\"runs_failed\":", t->runs_failed);
	eng_put_count(buf, "\"run_ms\":", t->run_ms);
	eng_put_count(buf, "\"crashes\":", t->crashes);
	eng_put_count(buf, "\"rejected\":", t->rejected);
	eng_put_count(buf, "\"events\":", t->events);
	eng_put_count(buf, "\"heartbeats\":", t->heartbeats);
	eng_put_int(buf, "\"heartbeat_ns\":", w ? w->heartbeat_ns : 0);
	eng_put_count(buf, "\"memory_bytes\":", (uint64_t)s->memory);
	if (c->counted)
		put_counts(buf, c, s);
	nv_buf_puts(buf, "}");
}

void
eng_counts_put_workers(struct nv_buf *buf, const struct eng_counts *c)
{
	nv_buf_puts(buf, "[");
	for (size_t i = 1; i < c->n_kept + 2; i++) {
		if (c->slots[i].n > 0)
			put_slot(buf, c, &c->slots[i], i == c->n_kept + 1);
	}
	for (size_t i = 0; i < c->n_fresh; i++)
		put_slot(buf, c, &c->fresh[i], false);
	nv_buf_puts(buf, "]");
}

/* What has just been written; takes the buffer. */
static json_t *
parsed(struct nv_buf *buf)
{
	json_t *o = buf->error == 0 ? json_loadb(buf->data, buf->bytes, 0, NULL) : NULL;

	nv_buf_fini(buf);
	return o;
}

json_t *
eng_counts_amounts_json(const struct led_totals *t)
{
	struct nv_buf buf;

	nv_buf_init(&buf, PART_BYTES_MAX);
	nv_buf_puts(&buf, "{");
	put_amounts(&buf, t);
	nv_buf_puts(&buf, "}");
	return parsed(&buf);
}

static json_t *
money_json(const struct eng_counts *c, const struct eng_slot *s)
{
	struct nv_buf buf;

	nv_buf_init(&buf, PART_BYTES_MAX);
	put_money(&buf, c, s);
	return parsed(&buf);
}

json_t *
eng_counts_json(const struct eng_counts *c, uint64_t last_seq)
{
	if (!c->counted)
		return json_null();
	return json_pack("{s:o, s:o, s:O, s:O, s:O, s:O, s:O, s:O, s:O, s:o}", "seq",
		count(c->counted->seq), "behind",
		count(last_seq - NV_MIN(c->counted->seq, last_seq)), "categories",
		c->lists[ENG_COUNT_CATEGORY], "sources", c->lists[ENG_COUNT_SOURCE],
		"decisions", c->lists[ENG_COUNT_DECISIONS], "tokens",
		c->lists[ENG_COUNT_TOKENS], "usage", c->lists[ENG_COUNT_USAGE],
		"unpriced", c->lists[ENG_COUNT_UNPRICED], "llm", c->lists[ENG_COUNT_LLM],
		"unassigned", money_json(c, &c->slots[0]));
}
