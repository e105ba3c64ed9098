/* Counts from the ledger's events: see count.h. */
#include "count.h"

#include "derive.h"
#include "scan.h"

#include "nv_clock.h"
#include "nv_log.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A key: kind, direction and field, worker | currency, word + 1 (0: none). */
#define KIND_SHIFT  48
#define BACK_SHIFT  47
#define FIELD_SHIFT 40
#define FIELD_MASK  0x7fu

void
eng_counted_fini(struct eng_counted *c)
{
	led_map_fini(&c->keys);
	led_texts_fini(&c->words);
	free(c->rows);
	*c = (struct eng_counted){0};
}

void
eng_counted_key(const struct eng_counted *c, uint32_t index, struct eng_count_key *ret)
{
	struct led_pair key = c->keys.keys[index];
	uint32_t word = (uint32_t)key.b;

	*ret = (struct eng_count_key){.kind = (enum eng_count_kind)(key.a >> KIND_SHIFT),
		.worker = (uint32_t)key.a,
		.currency = (uint32_t)(key.b >> 32),
		.field = (unsigned)(key.a >> FIELD_SHIFT) & FIELD_MASK,
		.back = (key.a >> BACK_SHIFT & 1) != 0,
		.name = ""};
	if (word) {
		ret->name = led_texts_get(&c->words, word - 1, &ret->name_bytes);
		ret->name++; /* behind the kind */
		ret->name_bytes--;
	}
}

uint64_t
eng_counted_exits(const struct eng_counted *c, uint32_t worker)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < c->keys.n; i++) {
		uint64_t a = c->keys.keys[i].a;

		if (a >> KIND_SHIFT == ENG_COUNT_EXITS && (uint32_t)a == worker)
			n += (uint64_t)c->rows[i].n;
	}
	return n;
}

/* The number of a name + 1; 0: no memory. */
static uint32_t
word_of(struct eng_counted *c, enum eng_count_kind kind, const char *name, size_t bytes)
{
	char text[1 + 2 * LED_CATEGORY_MAX + 2 + 256];
	bool is_new;

	bytes = NV_MIN(bytes, sizeof(text) - 1);
	text[0] = (char)('@' + kind);
	memcpy(text + 1, name, bytes);
	uint32_t at = led_texts_find(&c->words, text, bytes + 1);

	if (at != LED_MAP_NONE)
		return at + 1;
	if (c->names[kind] >= ENG_COUNT_NAMES_MAX) {
		bytes = sizeof(ENG_COUNT_OTHER) - 1;
		memcpy(text + 1, ENG_COUNT_OTHER, bytes);
	}
	at = led_texts_add(&c->words, text, bytes + 1, &is_new);
	if (at == LED_MAP_NONE)
		return 0;
	c->names[kind] += is_new;
	return at + 1;
}

/* The row of a key; NULL without memory, which is remembered. */
static struct eng_count_row *
row_of(struct eng_counted *c, const struct eng_count_key *key)
{
	uint32_t word = key->name ? word_of(c, key->kind, key->name, key->name_bytes) : 0;
	uint64_t a = (uint64_t)key->kind << KIND_SHIFT |
		     (uint64_t)key->back << BACK_SHIFT |
		     (uint64_t)key->field << FIELD_SHIFT | key->worker;
	bool is_new = false;

	if (c->bad || (key->name && word == 0))
		goto out_of_memory;
	if (c->keys.n == c->cap) {
		uint32_t cap = c->cap ? 2 * c->cap : 256;
		struct eng_count_row *rows = reallocarray(c->rows, cap, sizeof *rows);

		if (!rows)
			goto out_of_memory;
		c->rows = rows;
		c->cap = cap;
	}
	uint32_t i =
		led_map_add(&c->keys, a, (uint64_t)key->currency << 32 | word, &is_new);

	if (i == LED_MAP_NONE)
		goto out_of_memory;
	if (is_new)
		c->rows[i] = (struct eng_count_row){0};
	return &c->rows[i];
out_of_memory:
	c->bad = -ENOMEM;
	return NULL;
}

static void
add(struct eng_counted *c, const struct eng_count_key *key, nv_i128 n)
{
	struct eng_count_row *row = row_of(c, key);

	if (row)
		row->n += n;
}

/* ---- money ---- */

static void
count_leg(struct eng_counted *c, const struct led_event *ev, const struct led_leg *leg)
{
	nv_i128 sign;
	int field = led_code_field(leg->code, &sign);

	if (field < 0)
		return;
	struct eng_count_key key = {.kind = ENG_COUNT_MONEY,
		.worker = ev->worker,
		.currency = leg->currency,
		.field = (unsigned)field,
		.back = sign < 0};

	add(c, &key, leg->nano);
	if (field != LED_SUM_COST && field != LED_SUM_REVENUE)
		return;
	key.kind = field == LED_SUM_COST ? ENG_COUNT_CATEGORY : ENG_COUNT_SOURCE;
	key.worker = 0;
	key.field = 0;
	key.name = ev->category ? ev->category : "";
	key.name_bytes =
		ev->category ? led_cut(ev->category, ev->category_bytes, LED_CATEGORY_MAX)
			     : 0;
	add(c, &key, leg->nano);
}

/* ---- what its line says ---- */

static const char *
text_of(const json_t *line, const char *key)
{
	const char *text = json_string_value(json_object_get(line, key));

	return text ? text : "";
}

static void
count_exit(struct eng_counted *c, const struct led_event *ev)
{
	json_t *line = json_loadb(ev->line, ev->line_bytes, 0, NULL);
	const char *cause = text_of(line, "cause");
	json_int_t cpu_us = json_integer_value(json_object_get(line, "cpu_us"));
	struct eng_count_key key = {.kind = ENG_COUNT_EXITS,
		.worker = ev->worker,
		.name = cause[0] ? cause : "unknown"};

	key.name_bytes = strlen(key.name);
	add(c, &key, 1);
	if (cpu_us > 0)
		add(c,
			&(struct eng_count_key){
				.kind = ENG_COUNT_CPU_US, .worker = ev->worker},
			cpu_us);
	json_decref(line);
}

/* Two names as one, with a NUL between: neither can have one. */
static size_t
join(char *buf, size_t buf_bytes, const char *a, size_t a_bytes, const char *b,
	size_t b_bytes)
{
	a_bytes =
		led_cut(a, a_bytes, NV_MIN(buf_bytes / 2 - 1, (size_t)LED_CATEGORY_MAX));
	b_bytes = led_cut(b, b_bytes, buf_bytes / 2);
	memcpy(buf, a, a_bytes);
	buf[a_bytes] = '\0';
	memcpy(buf + a_bytes + 1, b, b_bytes);
	return a_bytes + 1 + b_bytes;
}

/* A decision counts once, when it is known what becomes of it; what it has brought is
 * another step of the same. */
static void
count_decision(struct eng_counted *c, const struct led_event *ev)
{
	json_t *line = json_loadb(ev->line, ev->line_bytes, 0, NULL);
	const char *step = text_of(line, "step");
	const char *state = text_of(line, "state");
	const char *type = text_of(line, "type");
	bool said = strcmp(step, "proposed") == 0 && strcmp(state, "advised") == 0;
	bool over = strcmp(step, "proposed") != 0 && strcmp(step, "approved") != 0 &&
		    strcmp(step, "outcome") != 0 && strcmp(state, "pending") != 0;
	char name[2 * LED_CATEGORY_MAX];

	if (said || over) {
		struct eng_count_key key = {.kind = ENG_COUNT_DECISIONS,
			.name = name,
			.name_bytes = join(name, sizeof name, type, strlen(type), state,
				strlen(state))};
		struct eng_count_row *row = row_of(c, &key);

		if (row) {
			row->n++;
			row->seq = ev->ref ? ev->ref : ev->seq;
		}
	}
	json_decref(line);
}

static void
count_usage(struct eng_counted *c, const struct led_event *ev)
{
	char scratch[ENG_LINE_BYTES_MAX];
	struct eng_line line;
	struct eng_refusal why;
	char name[2 * LED_CATEGORY_MAX + 128];

	/* It was taken once, and this is how. */
	if (ev->line_bytes >= ENG_LINE_BYTES_MAX ||
		eng_scan(ev->line, ev->line_bytes, scratch, &line, &why) < 0)
		return;
	const uint64_t tokens[ENG_TOKENS] = {
		[ENG_TOKEN_INPUT] = line.tokens_in,
		[ENG_TOKEN_OUTPUT] = line.tokens_out,
		[ENG_TOKEN_CACHE_READ] = line.tokens_read,
		[ENG_TOKEN_CACHE_WRITE] = line.tokens_write + line.tokens_write_1h,
	};
	struct eng_count_key key = {.kind = ENG_COUNT_USAGE,
		.name = name,
		.name_bytes =
			join(name, sizeof name, line.vendor.at ? line.vendor.at : "",
				line.vendor.at ? line.vendor.bytes : 0, line.model.at,
				line.model.bytes)};

	add(c, &key, 1);
	if (ev->flags & LED_F_UNPRICED) {
		key.kind = ENG_COUNT_UNPRICED;
		add(c, &key, 1);
	}
	key.kind = ENG_COUNT_LLM;
	for (unsigned i = 0; i < ev->n_legs; i++) {
		nv_i128 sign;

		if (led_code_field(ev->legs[i].code, &sign) != LED_SUM_COST || sign < 0)
			continue;
		key.currency = ev->legs[i].currency;
		add(c, &key, ev->legs[i].nano);
	}
	key.currency = 0;
	key.kind = ENG_COUNT_TOKENS;
	for (unsigned i = 0; i < ENG_TOKENS; i++) {
		key.field = i;
		if (tokens[i])
			add(c, &key, tokens[i]);
	}
}

/* ---- the walk ---- */

struct walk {
	struct eng_counted *c;
	uint64_t left;
};

static int
count_event(void *arg, const struct led_event *ev)
{
	struct walk *w = arg;
	struct eng_counted *c = w->c;

	for (unsigned i = 0; i < ev->n_legs; i++)
		count_leg(c, ev, &ev->legs[i]);
	if (ev->kind == LED_START)
		add(c,
			&(struct eng_count_key){
				.kind = ENG_COUNT_STARTS, .worker = ev->worker},
			1);
	else if (ev->kind == LED_EXIT)
		count_exit(c, ev);
	else if (ev->kind == LED_DECISION)
		count_decision(c, ev);
	else if (ev->kind == LED_USAGE)
		count_usage(c, ev);
	c->seq = ev->seq;
	return c->bad ? c->bad : --w->left == 0;
}

int
eng_counted_read(struct eng_counted *c, struct led *led, uint64_t max)
{
	struct walk w = {c, NV_MAX(max, UINT64_C(1))};
	struct led_view *v = NULL;
	int rc = c->bad ? c->bad : led_view_begin(led, &v, NULL);

	if (rc < 0)
		return rc;
	rc = led_view_events(v, c->seq + 1, false, count_event, &w);
	led_view_end(v);
	return rc;
}

/* ---- in the engine ---- */

/* A step takes some milliseconds; behind by much, an eighth of the time goes into it. */
#define STEP_EVENTS 2000
#define STEP_S      0.02
#define AFTER_S     0.5 /* a commit */
#define FRESH_STEPS 4
#define SAVE_NS     (300 * NV_NS_PER_SEC)
#define SAVE_EVENTS 200000

const int64_t eng_commit_bounds_us[ENG_COMMIT_BOUNDS] = {
	500, 1000, 2500, 5000, 10000, 25000, 100000, 500000, 2500000};

static void
save(struct eng_count *c, struct eng *eng)
{
	int rc = eng_counted_save(&c->all, eng->led, c->path);

	if (rc < 0)
		nv_warn("counts are not kept in %s: %s; the next start reads the ledger "
			"instead",
			c->path, strerror(-rc));
	c->saved_seq = c->all.seq;
	c->saved_mono_ns = nv_mono_ns();
}

static void
save_if_due(struct eng_count *c, struct eng *eng)
{
	uint64_t new_ones = c->all.seq - c->saved_seq;

	if (new_ones >= SAVE_EVENTS ||
		(new_ones > 0 && nv_mono_ns() - c->saved_mono_ns > SAVE_NS))
		save(c, eng);
}

static int
step(struct eng *eng)
{
	struct eng_count *c = eng->count;
	int before = c->all.bad;
	int rc = eng_counted_read(&c->all, eng->led, STEP_EVENTS);

	if (rc < 0 && before == 0) {
		nv_error("the events of the ledger cannot be counted: %s; metrics go "
			 "without",
			strerror(-rc));
		c->all.bad = rc;
	}
	return rc;
}

static void
on_timer(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct eng *eng = timer->data;
	int rc = step(eng);

	(void)revents;
	if (rc == 1) {
		timer->repeat = STEP_S;
		ev_timer_again(loop, timer);
		return;
	}
	ev_timer_stop(loop, timer);
	if (rc == 0)
		save_if_due(eng->count, eng);
}

static int
ledger_seq(struct eng *eng, uint64_t *ret)
{
	struct led_view *v;
	struct led_stats stats;
	int rc = led_view_begin(eng->led, &v, NULL);

	if (rc < 0)
		return rc;
	rc = led_view_stats(v, &stats);
	led_view_end(v);
	if (rc == 0)
		*ret = stats.events;
	return rc;
}

int
eng_count_open(struct eng *eng)
{
	struct eng_count *c = calloc(1, sizeof *c);

	if (!c)
		return -ENOMEM;
	(void)snprintf(c->path, sizeof c->path, "%s/counts.cache", eng->state_dir);
	int rc = ledger_seq(eng, &c->target_seq);

	if (rc < 0) {
		free(c);
		return rc;
	}
	rc = eng_counted_load(&c->all, eng->led, c->path);
	if (rc < 0 && rc != -ENOENT)
		nv_info("%s is not used: %s; the ledger is read instead", c->path,
			rc == -EBADMSG ? "damaged, or of another ledger" : strerror(-rc));
	c->saved_seq = c->all.seq;
	c->saved_mono_ns = nv_mono_ns();
	ev_timer_init(&c->timer, on_timer, STEP_S, STEP_S);
	c->timer.data = eng;
	ev_timer_start(eng->loop, &c->timer);
	eng->count = c;
	return 0;
}

void
eng_count_close(struct eng *eng)
{
	struct eng_count *c = eng->count;

	if (!c)
		return;
	eng->count = NULL;
	ev_timer_stop(eng->loop, &c->timer);
	if (c->all.seq > c->saved_seq && !c->all.bad)
		save(c, eng);
	eng_counted_fini(&c->all);
	free(c);
}

void
eng_count_committed(struct eng *eng, int64_t took_ns)
{
	struct eng_count *c = eng->count;
	unsigned i = 0;

	if (!c)
		return;
	while (i < ENG_COMMIT_BOUNDS &&
		took_ns > eng_commit_bounds_us[i] * (NV_NS_PER_SEC / 1000000))
		i++;
	c->commits.upto[i]++;
	c->commits.n++;
	c->commits.sum_ns += took_ns;
	if (!ev_is_active(&c->timer) && !c->all.bad) {
		c->timer.repeat = AFTER_S;
		ev_timer_again(eng->loop, &c->timer);
	}
}

bool
eng_count_fresh(struct eng *eng)
{
	struct eng_count *c = eng->count;

	if (!c || c->all.bad)
		return false;
	/* Not before it has caught up by itself: that may take long. */
	for (int i = 0; i < FRESH_STEPS && c->all.seq >= c->target_seq; i++) {
		if (step(eng) != 1)
			break;
	}
	return !c->all.bad && c->all.seq >= c->target_seq;
}
