/* Gumroad's and SendGrid's JSON, whatever it holds: refused with a sentence, or event
 * lines that fit into a line, have an id, and say the money that is returned beside them.
 * The first byte chooses the parser. */
#include "map.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_lines(const json_t *lines)
{
	size_t i;
	json_t *line;

	json_array_foreach(lines, i, line)
	{
		char *text = nv_json_line(line);

		NV_ASSERT(text && strlen(text) < 4000);
		NV_ASSERT(map_text(line, "event") && map_text(line, "id"));
		NV_ASSERT(strlen(map_text(line, "id")) <= 128);
		NV_ASSERT(!map_text(line, "agent") || map_agent(map_text(line, "agent")));
		free(text);
	}
}

static void
sale(const json_t *value, bool disputed)
{
	struct map_gumroad_known known = {.full = "1,234.50", .disputed = disputed};
	struct map_gumroad m = {0};
	struct nv_err err = {0};

	known.agent = map_gumroad_agent(value, NULL, NULL);
	int rc = map_gumroad_sale(value, &known, &m, &err);

	if (rc != 0) {
		NV_ASSERT(err.text[0] && !m.lines);
		return;
	}
	check_lines(m.lines);
	NV_ASSERT(m.gross >= 0 && m.fee >= 0 && m.refunded >= 0 && m.disputed >= 0);
	NV_ASSERT(m.refunded <= m.gross && m.disputed <= m.gross - m.refunded);
	map_gumroad_fini(&m);
}

static void
ping(const char *data, size_t size)
{
	struct map_gumroad_ping p = {0};
	json_t *line = NULL;

	while (size > 0) {
		const char *end = memchr(data, '\n', size);
		size_t bytes = end ? (size_t)(end - data) : size;
		const char *eq = memchr(data, '=', bytes);

		if (eq)
			map_gumroad_ping_field(&p, data, (size_t)(eq - data), eq + 1,
				bytes - (size_t)(eq - data) - 1);
		size -= bytes + (end != NULL);
		data += bytes + (end != NULL);
	}
	if (map_gumroad_ping_fact(&p, &line, NULL) == 0) {
		NV_ASSERT(map_text(line, "id") && strlen(map_text(line, "id")) <= 128);
		json_decref(line);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	const char *text = (const char *)data + 1;

	if (data[0] == 'p') {
		ping(text, size - 1);
		return 0;
	}
	json_t *value = json_loadb(text, size - 1, JSON_DECODE_ANY, NULL);
	json_t *lines = NULL;
	struct nv_err err = {0};

	if (!value)
		return 0;
	if (data[0] == 'e') {
		if (map_sendgrid_events(value, &lines, &err) == 0)
			check_lines(lines);
		else
			NV_ASSERT(err.text[0]);
	} else {
		sale(value, data[0] == 'd');
	}
	json_decref(lines);
	json_decref(value);
	return 0;
}
