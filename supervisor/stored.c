/* Names of stored descriptors: see stored.h. Fields are separated by commas, which no
 * name of a worker has; a colon would separate names in LISTEN_FDNAMES. */
#include "stored.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS_MAX 7

static const char letters[] = {[SUP_STORED_EVENTS] = 'e',
	[SUP_STORED_LOG] = 'l',
	[SUP_STORED_JOURNAL] = 'j',
	[SUP_STORED_TABLE] = 't'};
static const unsigned fields_of[] = {[SUP_STORED_EVENTS] = 7,
	[SUP_STORED_LOG] = 5,
	[SUP_STORED_JOURNAL] = 2,
	[SUP_STORED_TABLE] = 1};

void
sup_stored_name(const struct sup_stored *s, char ret[SUP_STORED_NAME_BYTES])
{
	char letter = letters[s->kind];
	unsigned long long id = s->id;
	int n;

	if (s->kind == SUP_STORED_EVENTS)
		n = snprintf(ret, SUP_STORED_NAME_BYTES, "%c,%llu,%u,%u,%d,%s,%s", letter,
			id, s->instance, s->generation, s->runner, s->worker, s->variant);
	else if (s->kind == SUP_STORED_LOG)
		n = snprintf(ret, SUP_STORED_NAME_BYTES, "%c,%llu,%u,%u,%s", letter, id,
			s->instance, s->generation, s->worker);
	else if (s->kind == SUP_STORED_JOURNAL)
		n = snprintf(ret, SUP_STORED_NAME_BYTES, "%c,%llu", letter, id);
	else
		n = snprintf(ret, SUP_STORED_NAME_BYTES, "%c", letter);
	NV_ASSERT(n > 0 && n < SUP_STORED_NAME_BYTES);
}

static bool
read_number(const char *text, uint64_t max, uint64_t *ret)
{
	char *end;

	errno = 0;
	*ret = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && *end == '\0' && errno == 0 && *ret <= max;
}

static bool
read_name(const char *text, char ret[NV_NAME_MAX])
{
	if (!nv_name_valid(text))
		return false;
	(void)snprintf(ret, NV_NAME_MAX, "%s", text);
	return true;
}

static bool
read_fields(char *const field[FIELDS_MAX], struct sup_stored *s)
{
	uint64_t instance;
	uint64_t generation;
	uint64_t runner = 0;
	bool events = s->kind == SUP_STORED_EVENTS;

	if (s->kind == SUP_STORED_TABLE)
		return true;
	if (!read_number(field[1], UINT64_MAX, &s->id) || s->id == 0)
		return false;
	if (s->kind == SUP_STORED_JOURNAL)
		return true;
	if (!read_number(field[2], UINT32_MAX, &instance) ||
		!read_number(field[3], UINT32_MAX, &generation) ||
		(events && !read_number(field[4], 1, &runner)) ||
		!read_name(field[events ? 5 : 4], s->worker) ||
		(events && field[6][0] && !read_name(field[6], s->variant)))
		return false;
	s->instance = (uint32_t)instance;
	s->generation = (uint32_t)generation;
	s->runner = runner == 1;
	return true;
}

int
sup_stored_parse(const char *name, struct sup_stored *ret)
{
	char copy[SUP_STORED_NAME_BYTES];
	char *field[FIELDS_MAX] = {copy};
	unsigned n = 1;
	struct sup_stored s = {.pipe_fd = -1, .mem_fd = -1};
	size_t kind = 0;

	if (strlen(name) >= sizeof(copy))
		return -EINVAL;
	(void)snprintf(copy, sizeof(copy), "%s", name);
	for (char *at = copy; (at = strchr(at, ','));) {
		*at++ = '\0';
		if (n == FIELDS_MAX)
			return -EINVAL;
		field[n++] = at;
	}
	while (kind < NV_LEN(letters) && letters[kind] != copy[0])
		kind++;
	if (kind == NV_LEN(letters) || copy[1] != '\0' || n != fields_of[kind])
		return -EINVAL;
	s.kind = (enum sup_stored_kind)kind;
	if (!read_fields(field, &s))
		return -EINVAL;
	*ret = s;
	return 0;
}
