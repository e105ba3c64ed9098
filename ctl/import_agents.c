/* Whose a row is: everybody that the file names, and the worker of each. See import.h. */
#include "import.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define COMMON   '\1' /* before the key of those that no file can name */
#define BOARD_ID "board_"

/* ---- finding ---- */

static struct ctl_import_agent *
find(struct ctl_import *im, const char *key)
{
	for (size_t i = 0; i < im->n_agents; i++) {
		if (strcmp(im->agents[i].key, key) == 0)
			return &im->agents[i];
	}
	return NULL;
}

static bool
name_taken(const struct ctl_import *im, const char *worker)
{
	for (size_t i = 0; i < im->n_agents; i++) {
		if (strcmp(im->agents[i].worker, worker) == 0)
			return true;
	}
	return false;
}

/* The last place is for all that come after. */
static struct ctl_import_agent *
add(struct ctl_import *im, const char *key)
{
	static const char others[] = "\1other-agents";
	struct ctl_import_agent *a = find(im, key);
	const char *name = key[0] == COMMON ? key + 1 : key;

	if (a)
		return a;
	if (im->n_agents + 1 >= CTL_IMPORT_AGENTS_MAX) {
		a = find(im, others);
		if (a)
			return a;
		key = others;
		name = others + 1;
	}
	a = &im->agents[im->n_agents];
	*a = (struct ctl_import_agent){.summed = true};
	(void)snprintf(a->key, sizeof a->key, "%s", key);
	ctl_import_name(
		key[0] ? name : "unassigned", key[0] ? strlen(name) : 10, a->worker);
	for (unsigned n = 2; name_taken(im, a->worker); n++)
		ctl_import_name_again(a->worker, n);
	im->n_agents++;
	return a;
}

static bool
key_of(const struct ctl_cell *cell, char ret[CTL_IMPORT_KEY_BYTES + 1])
{
	struct nv_buf buf;
	ctl_import_notes ignored = 0;

	nv_buf_init(&buf, (size_t)CTL_IMPORT_KEY_BYTES + 1);
	ctl_import_text(&buf, cell, CTL_IMPORT_KEY_BYTES, &ignored);
	(void)snprintf(ret, CTL_IMPORT_KEY_BYTES + 1, "%s", buf.data ? buf.data : "");
	nv_buf_fini(&buf);
	return ret[0] != '\0';
}

struct ctl_import_agent *
ctl_import_agent_of(struct ctl_import *im, const struct ctl_cell *id,
	const struct ctl_cell *name, ctl_import_notes *notes)
{
	char key[CTL_IMPORT_KEY_BYTES + 1];

	if (!key_of(id, key) && !key_of(name, key))
		*notes |= UINT32_C(1) << CTL_MENDED_NO_AGENT;
	struct ctl_import_agent *a = add(im, key);

	if (key[0] && !a->registered)
		*notes |= UINT32_C(1) << CTL_MENDED_NOT_REGISTERED;
	return a;
}

struct ctl_import_agent *
ctl_import_board(struct ctl_import *im, const struct ctl_cell *name)
{
	char key[CTL_IMPORT_KEY_BYTES + 1];
	char id[sizeof BOARD_ID + CTL_IMPORT_KEY_BYTES];

	(void)key_of(name, key); /* nobody's when it is empty */
	int n = snprintf(id, sizeof id, BOARD_ID "%s", key);

	for (int i = 0; i < n; i++) {
		if (id[i] >= 'A' && id[i] <= 'Z')
			id[i] = (char)(id[i] - 'A' + 'a');
	}
	struct ctl_import_agent *a = find(im, id);

	return a ? a : add(im, key);
}

struct ctl_import_agent *
ctl_import_common(struct ctl_import *im, const char *name)
{
	char key[CTL_IMPORT_KEY_BYTES + 1];

	(void)snprintf(key, sizeof key, "%c%s", COMMON, name);
	return add(im, key);
}

/* ---- reading ---- */

static void
put_group(struct ctl_import_agent *a, const struct ctl_cell *department)
{
	if (a->group[0] == '\0' && department->type == CTL_CELL_TEXT &&
		!ctl_import_group(department->text, department->bytes, a->group))
		a->group[0] = '\0';
}

static int
see_agent(void *arg, const struct ctl_cell *cells, struct nv_err *err)
{
	struct ctl_import *im = arg;
	char key[CTL_IMPORT_KEY_BYTES + 1];
	ctl_import_notes ignored = 0;
	int64_t cost = 0;
	int64_t revenue = 0;

	(void)err;
	if (!key_of(&cells[0], key))
		return 0; /* left out with its reason when the rows are read */
	struct ctl_import_agent *a = add(im, key);

	a->registered = true;
	(void)key_of(&cells[1], a->name);
	put_group(a, &cells[2]);
	a->said = ctl_import_amount(&cells[3], &cost, &ignored) == 0 &&
		  ctl_import_amount(&cells[4], &revenue, &ignored) == 0;
	a->said_cost = cost;
	a->said_revenue = revenue;
	return 0;
}

struct sums {
	struct ctl_import *im;
	bool revenue;
};

static int
see_sum(void *arg, const struct ctl_cell *cells, struct nv_err *err)
{
	const struct sums *s = arg;
	ctl_import_notes ignored = 0;
	struct ctl_import_agent *a =
		ctl_import_agent_of(s->im, &cells[0], &cells[1], &ignored);
	int64_t nano = 0;

	(void)err;
	put_group(a, &cells[2]);
	if (ctl_import_amount(&cells[3], &nano, &ignored) < 0)
		a->summed = false;
	*(s->revenue ? &a->file_revenue : &a->file_cost) += nano;
	return 0;
}

/* A column that the table does not have is NULL. total() is sum() that does not fail. */
static int
read_sums(struct ctl_import *im, bool revenue, struct nv_err *err)
{
	static const char *const columns[2][5] = {
		{"agent_id", "agent_name", "department", "cost", NULL},
		{"agent_id", "agent_name", "department", "amount", NULL}};
	const char *table = revenue ? "revenue" : "costs";
	const char *const *of = columns[revenue];
	char sql[300];
	uint32_t has = 0;
	int rc = ctl_import_db_has(im->db, table, of, &has, err);

	if (rc == -ENOENT || (rc == 0 && !(has >> 3 & 1)))
		return 0;
	if (rc < 0)
		return rc;
	(void)snprintf(sql, sizeof sql,
		"SELECT %s, %s, %s, total(%s) FROM %s GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
		has & 1 ? of[0] : "NULL", has & 2 ? of[1] : "NULL",
		has & 4 ? of[2] : "NULL", of[3], table);
	return ctl_import_db_ask(im->db, sql, see_sum, &(struct sums){im, revenue}, err);
}

/* ---- --map ---- */

static struct ctl_import_agent *
find_named(struct ctl_import *im, const char *word)
{
	struct ctl_import_agent *a = find(im, word);

	for (size_t i = 0; i < im->n_agents && !a; i++) {
		if (strcmp(im->agents[i].name, word) == 0)
			a = &im->agents[i];
	}
	return a;
}

static int
map_one(struct ctl_import *im, const char *key, const char *worker, struct nv_err *err)
{
	struct ctl_import_agent *a = key[0] ? find_named(im, key) : NULL;

	if (!a)
		return nv_err_set(err, -EINVAL,
			"--map: there is no agent \"%s\" in %s; --dry-run lists them",
			key, im->file);
	if (!nv_name_valid(worker) || nv_name_is_system(worker))
		return nv_err_set(err, -EINVAL,
			"--map: expected the name of a worker for %s, found \"%s\"", key,
			worker);
	memcpy(a->worker, worker, strlen(worker) + 1);
	return 0;
}

/* An agent's id may have commas, a worker's name has none. */
static int
map_all(struct ctl_import *im, const char *map, struct nv_err *err)
{
	int rc = 0;

	while (*map && rc == 0) {
		const char *equals = strchr(map, '=');
		size_t n = equals ? strcspn(equals + 1, ",") : 0;
		char key[CTL_IMPORT_KEY_BYTES + 1];
		char worker[2 * NV_NAME_MAX];

		if (!equals || equals - map >= (ptrdiff_t)sizeof key ||
			n >= sizeof worker)
			return nv_err_set(err, -EINVAL,
				"--map: expected AGENT=WORKER, found \"%.80s\"", map);
		(void)snprintf(key, sizeof key, "%.*s", (int)(equals - map), map);
		(void)snprintf(worker, sizeof worker, "%.*s", (int)n, equals + 1);
		rc = map_one(im, key, worker, err);
		map = equals + 1 + n;
		map += *map == ',';
	}
	return rc;
}

int
ctl_import_agents_read(struct ctl_import *im, const char *map, struct nv_err *err)
{
	static const char *const columns[] = {
		"id", "name", "department", "total_cost", "revenue_generated", NULL};
	int rc = ctl_import_db_rows(im->db, "agents", columns, see_agent, im, err);

	if (rc == -ENOENT)
		rc = 0;
	if (rc == 0)
		rc = read_sums(im, false, err);
	if (rc == 0)
		rc = read_sums(im, true, err);
	if (rc == 0 && map)
		rc = map_all(im, map, err);
	return rc;
}
