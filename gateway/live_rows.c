/* Joining rows: see live_rows.h. What the engine says of a worker is read as JSON only
 * when its text is another one than last time: most of a fleet says nothing new within a
 * second. */
#include "live_rows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_BEGIN "{\"ok\":true,\"data\":{\"workers\":["
#define ROW_BEGIN    "{\"worker\":\""
#define EMPTY_MAX    256 /* places without a worker, before all begin anew */

struct gw_rows_aux {
	char *said;        /* owned: the engine's row as text */
	json_t *engine;    /* owned: the same */
	bool said_now;     /* in this build */
	bool seen;         /* in this build: the next two are its row */
	bool changed;      /* but for the passing of time */
	json_t *next_json; /* owned; not seen: of an earlier build, to be dropped */
	char *next_text;   /* owned */
};

enum { READ, JOIN, STRAYS, COUNT, END };

int
gw_rows_init(struct gw_rows *t)
{
	*t = (struct gw_rows){.order = 1, .index = json_object()};
	return t->index ? 0 : -ENOMEM;
}

static void
drop_next(struct gw_rows_aux *aux)
{
	json_decref(aux->next_json);
	free(aux->next_text);
	aux->next_json = NULL;
	aux->next_text = NULL;
}

void
gw_rows_fini(struct gw_rows *t)
{
	for (size_t i = 0; i < t->n; i++) {
		json_decref(t->rows[i].json);
		free(t->rows[i].text);
		json_decref(t->aux[i].engine);
		free(t->aux[i].said);
		drop_next(&t->aux[i]);
	}
	free(t->rows);
	free(t->aux);
	json_decref(t->index);
	json_decref(t->counts);
	json_decref(t->next_counts);
	*t = (struct gw_rows){0};
}

/* ---- pure parts ---- */

const char *
gw_rows_object_end(const char *text)
{
	unsigned depth = 0;
	bool quoted = false;

	for (const char *at = text; *at; at++) {
		if (quoted) {
			at += strcspn(at, "\"\\");
			if (*at == '\\' && at[1])
				at++;
			else if (*at == '"')
				quoted = false;
			else
				return NULL;
			continue;
		}
		at += strcspn(at, "\"{}[]");
		if (!*at)
			return NULL;
		if (*at == '"')
			quoted = true;
		else if (*at == '{' || *at == '[')
			depth++;
		else if (depth == 0)
			return NULL;
		else if (--depth == 0)
			return at + 1;
	}
	return NULL;
}

static bool
is_age(const char *key)
{
	static const char *const keys[] = {
		"uptime_s", "for_s", "retry_in_s", "since_s", "next_s", "as_of"};

	for (size_t i = 0; i < NV_LEN(keys); i++)
		if (strcmp(keys[i], key) == 0)
			return true;
	return false;
}

bool
gw_rows_same(const json_t *a, const json_t *b)
{
	const char *key;
	json_t *value;

	if (a == b)
		return true;
	if (!a || !b || json_typeof(a) != json_typeof(b))
		return false;
	if (json_is_array(a)) {
		size_t i;

		if (json_array_size(a) != json_array_size(b))
			return false;
		json_array_foreach((json_t *)(uintptr_t)a, i, value)
		{
			if (!gw_rows_same(value, json_array_get(b, i)))
				return false;
		}
		return true;
	}
	if (!json_is_object(a))
		return json_equal((json_t *)(uintptr_t)a, (json_t *)(uintptr_t)b);
	if (json_object_size(a) != json_object_size(b))
		return false;
	json_object_foreach((json_t *)(uintptr_t)a, key, value)
	{
		const json_t *other = json_object_get(b, key);

		/* That it has begun to run, or ended, is more than time passing. */
		if (is_age(key) ? !other || json_is_null(value) != json_is_null(other)
				: !gw_rows_same(value, other))
			return false;
	}
	return true;
}

/* ---- places ---- */

static int
place_of(struct gw_rows *t, const char *name, size_t *ret)
{
	const json_t *known = json_object_get(t->index, name);

	if (known) {
		*ret = (size_t)json_integer_value(known);
		return 0;
	}
	if (strlen(name) >= NV_NAME_MAX)
		return -EBADMSG;
	if (t->n % 64 == 0) {
		struct gw_row *rows = reallocarray(t->rows, t->n + 64, sizeof(*rows));

		if (!rows)
			return -ENOMEM;
		t->rows = rows;
		struct gw_rows_aux *aux = reallocarray(t->aux, t->n + 64, sizeof(*aux));

		if (!aux)
			return -ENOMEM;
		t->aux = aux;
	}
	if (json_object_set_new(t->index, name, json_integer((json_int_t)t->n)) < 0)
		return -ENOMEM;
	t->rows[t->n] = (struct gw_row){0};
	t->aux[t->n] = (struct gw_rows_aux){0};
	(void)snprintf(t->rows[t->n].worker, NV_NAME_MAX, "%s", name);
	*ret = t->n++;
	return 0;
}

/* Forget the places of workers that are gone, when there are many: everybody begins anew.
 */
static int
tidy(struct gw_rows *t)
{
	json_t *index;
	size_t empty = 0;
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++)
		empty += !t->rows[i].text;
	if (empty <= EMPTY_MAX)
		return 0;
	index = json_object();
	for (size_t i = 0, at = 0; i < t->n; i++) {
		if (t->rows[i].text && json_object_set_new(index, t->rows[i].worker,
					       json_integer((json_int_t)at++)) < 0) {
			json_decref(index);
			return -ENOMEM;
		}
	}
	for (size_t i = 0; i < t->n; i++) {
		if (t->rows[i].text) {
			t->rows[n] = t->rows[i];
			t->aux[n++] = t->aux[i];
			continue;
		}
		json_decref(t->aux[i].engine);
		free(t->aux[i].said);
		drop_next(&t->aux[i]);
	}
	json_decref(t->index);
	t->index = index;
	t->n = n;
	t->order++;
	return 0;
}

/* ---- the engine's half ---- */

/* The name a row begins with, when it is one without escapes. */
static bool
name_of(const char *row, char name[NV_NAME_MAX])
{
	size_t bytes;

	if (strncmp(row, ROW_BEGIN, sizeof(ROW_BEGIN) - 1) != 0)
		return false;
	row += sizeof(ROW_BEGIN) - 1;
	bytes = strcspn(row, "\"\\");
	if (row[bytes] != '"' || bytes == 0 || bytes >= NV_NAME_MAX)
		return false;
	memcpy(name, row, bytes);
	name[bytes] = '\0';
	return true;
}

static int
take_said(struct gw_rows *t, const char *row, size_t bytes)
{
	char name[NV_NAME_MAX];
	size_t at;

	if (!name_of(row, name))
		return -EBADMSG;
	int rc = place_of(t, name, &at);

	if (rc < 0)
		return rc;
	struct gw_rows_aux *aux = &t->aux[at];

	aux->said_now = true;
	if (aux->said && strlen(aux->said) == bytes && memcmp(aux->said, row, bytes) == 0)
		return 0;
	char *said = strndup(row, bytes);
	json_t *engine = said ? json_loadb(row, bytes, 0, NULL) : NULL;

	if (!engine) {
		free(said);
		return said ? -EBADMSG : -ENOMEM;
	}
	free(aux->said);
	json_decref(aux->engine);
	aux->said = said;
	aux->engine = engine;
	return 0;
}

static int
read_some(struct gw_rows *t)
{
	for (unsigned i = 0; i < GW_ROWS_SLICE && t->metrics; i++) {
		const char *row = t->metrics;
		const char *end;

		if (*row == ']') {
			t->metrics = NULL;
			break;
		}
		end = gw_rows_object_end(row);
		int rc = end ? take_said(t, row, (size_t)(end - row)) : -EBADMSG;

		if (rc < 0)
			return rc;
		if (*end != ',' && *end != ']')
			return -EBADMSG;
		t->metrics = *end == ',' ? end + 1 : end;
	}
	return t->metrics ? 0 : 1;
}

/* ---- both ---- */

static json_t *
copy_of(const json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	return value ? json_incref(value) : json_null();
}

/* row is stolen; NULL: no memory. */
static int
put_row(struct gw_rows *t, size_t place, json_t *row)
{
	struct gw_rows_aux *aux = &t->aux[place];
	const json_t *resources = json_object_get(row, "resources");
	int bad = row ? 0 : -1;

	bad |= json_object_set_new(
		row, "spark", copy_of(t->sparks, t->rows[place].worker));
	bad |= json_object_set_new(row, "cpu_percent", copy_of(resources, "cpu_percent"));
	bad |= json_object_set_new(row, "memory_bytes", copy_of(resources, "rss_bytes"));
	drop_next(aux);
	aux->next_json = row;
	aux->next_text = bad ? NULL : nv_json_line(row);
	aux->seen = aux->next_text;
	aux->changed = !gw_rows_same(t->rows[place].json, row);
	return aux->seen ? 0 : -ENOMEM;
}

static const json_t *
engine_of(const struct gw_rows *t, size_t place)
{
	return t->has_metrics && t->aux[place].said_now ? t->aux[place].engine : NULL;
}

static int
join_some(struct gw_rows *t)
{
	size_t n = t->fleet ? t->fleet->n_workers : 0;

	for (unsigned i = 0; i < GW_ROWS_SLICE && t->next_worker < n; i++) {
		const char *name = t->fleet->workers[t->next_worker].worker;
		size_t place = 0;
		bool is_system = nv_name_is_system(name); /* processes, not workers */
		int rc = is_system ? 0 : place_of(t, name, &place);

		if (rc < 0)
			return rc;
		json_t *row = nv_fleet_row_json(t->fleet, t->next_worker++,
			&t->next_instance, is_system ? NULL : engine_of(t, place));

		if (is_system)
			json_decref(row);
		else if ((rc = put_row(t, place, row)) < 0)
			return rc;
	}
	return t->next_worker == n;
}

static int
strays_some(struct gw_rows *t)
{
	for (unsigned i = 0; i < GW_ROWS_SLICE && t->next_place < t->n; t->next_place++) {
		const json_t *engine = engine_of(t, t->next_place);

		if (!engine || t->aux[t->next_place].seen)
			continue;
		i++;
		int rc = put_row(
			t, t->next_place, nv_fleet_stray_json(engine, t->fleet != NULL));

		if (rc < 0)
			return rc;
	}
	return t->next_place == t->n;
}

/* ---- the end of a build ---- */

/* Old and new change places: what is old is dropped by the next build, a slice at a time.
 */
static bool
turn_row(struct gw_row *row, struct gw_rows_aux *aux, uint64_t generation)
{
	bool changed = aux->seen ? aux->changed : row->text != NULL;
	json_t *old = row->json;
	char *old_text = row->text;
	const char *group;
	const char *state;

	if (!aux->seen && !row->text)
		return false;
	row->json = aux->seen ? aux->next_json : NULL;
	row->text = aux->seen ? aux->next_text : NULL;
	if (!aux->seen)
		drop_next(aux);
	aux->next_json = old;
	aux->next_text = old_text;
	group = json_string_value(json_object_get(row->json, "group"));
	state = json_string_value(json_object_get(row->json, "state"));
	row->bytes = row->text ? strlen(row->text) : 0;
	row->state = state ? state : "";
	(void)snprintf(row->group, sizeof(row->group), "%s", group ? group : "");
	if (changed)
		row->changed = generation;
	return changed;
}

static int
count(struct gw_rows *t)
{
	json_t *list = json_array();
	int bad = list ? 0 : -1;

	for (size_t i = 0; i < t->n; i++)
		if (t->aux[i].seen)
			bad |= json_array_append(list, t->aux[i].next_json);
	json_t *counts = bad ? NULL : nv_fleet_counts_json(list);

	json_decref(list);
	if (!counts)
		return -ENOMEM;
	json_decref(t->next_counts);
	t->next_counts = counts;
	return 1;
}

static int
finish(struct gw_rows *t, bool *ret_changed)
{
	bool changed = t->generation == 0;

	json_decref(t->counts);
	t->counts = t->next_counts;
	t->next_counts = NULL;
	for (size_t i = 0; i < t->n; i++)
		changed = turn_row(&t->rows[i], &t->aux[i], t->generation + 1) || changed;
	if (changed)
		t->generation++;
	*ret_changed = changed;
	/* Without memory for it, it is done another time. */
	(void)tidy(t);
	return 1;
}

void
gw_rows_begin(struct gw_rows *t, const struct nv_fleet *fleet, const char *metrics,
	const json_t *sparks)
{
	t->fleet = fleet;
	t->sparks = sparks;
	t->has_metrics = metrics;
	t->metrics = metrics;
	t->error = 0;
	if (metrics && strncmp(metrics, ANSWER_BEGIN, sizeof(ANSWER_BEGIN) - 1) == 0)
		t->metrics += sizeof(ANSWER_BEGIN) - 1;
	else if (metrics)
		t->error = -EBADMSG;
	t->next_worker = t->next_instance = t->next_place = 0;
	t->step = READ;
	for (size_t i = 0; i < t->n; i++)
		t->aux[i].said_now = t->aux[i].seen = false;
}

int
gw_rows_step(struct gw_rows *t, bool *ret_changed)
{
	int rc = t->error;

	*ret_changed = false;
	if (rc == 0)
		rc = t->step == READ     ? read_some(t)
		     : t->step == JOIN   ? join_some(t)
		     : t->step == STRAYS ? strays_some(t)
		     : t->step == COUNT  ? count(t)
					 : finish(t, ret_changed);
	if (rc == 1 && t->step != END) {
		t->step++;
		rc = 0;
	}
	if (rc < 0)
		for (size_t i = 0; i < t->n; i++)
			drop_next(&t->aux[i]);
	return rc;
}
