/* What every mapping needs: lines, ids, amounts and reading fields that may be missing,
 * null, or of another type than the vendor's description says. */
#include "map.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MAP_ID_BYTES_MAX 128 /* of an event's id (docs/ARCHITECTURE.md) */

int
map_nano(int64_t minor, unsigned decimals, int64_t *ret_nano)
{
	int64_t factor = 1;
	int64_t nano;

	NV_ASSERT(decimals <= 9);
	for (unsigned i = decimals; i < 9; i++)
		factor *= 10;
	if (__builtin_mul_overflow(minor, factor, &nano) || nano > NV_MONEY_MAX ||
		nano < -NV_MONEY_MAX)
		return -ERANGE;
	*ret_nano = nano;
	return 0;
}

static bool
is_plain(const char *text)
{
	for (const char *p = text; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f)
			return false;
	return true;
}

json_t *
map_line(const char *kind, const char *prefix, const char *id, const char *suffix)
{
	char text[MAP_ID_BYTES_MAX + 1];
	int n = snprintf(text, sizeof(text), "%s:%s%s%s", prefix, id, suffix ? ":" : "",
		suffix ? suffix : "");

	if (n < 0 || (size_t)n >= sizeof(text) || !is_plain(text))
		return NULL;
	return json_pack("{s:s, s:s}", "event", kind, "id", text);
}

int
map_put_money(json_t *line, int64_t nano, const char *code)
{
	bool bad = json_object_set_new(line, "amount", nv_json_money(nano)) != 0;

	bad |= json_object_set_new(line, "currency", json_string(code)) != 0;
	return bad ? -ENOMEM : 0;
}

int
map_put_text(json_t *line, const char *key, const char *text, size_t bytes_max)
{
	if (!text || !*text)
		return 0;
	size_t bytes = strlen(text);

	if (bytes > bytes_max)
		bytes = bytes_max;
	while (bytes > 0 && ((unsigned char)text[bytes] & 0xc0) == 0x80)
		bytes--;
	return json_object_set_new(line, key, json_stringn(text, bytes)) ? -ENOMEM : 0;
}

const char *
map_agent(const char *name)
{
	if (!name || !nv_name_valid(name) || strncmp(name, "nova.", 5) == 0)
		return NULL;
	return name;
}

int
map_put_agent(json_t *line, const char *name)
{
	return map_put_text(line, "agent", map_agent(name), NV_NAME_MAX);
}

const char *
map_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text && *text ? text : NULL;
}

bool
map_int(const json_t *object, const char *key, int64_t *ret)
{
	const json_t *v = json_object_get(object, key);

	if (!json_is_integer(v) || json_integer_value(v) > MAP_INT_MAX ||
		json_integer_value(v) < -MAP_INT_MAX)
		return false;
	*ret = json_integer_value(v);
	return true;
}

const char *
map_ref(const json_t *object, const char *key)
{
	const json_t *v = json_object_get(object, key);

	return json_is_object(v) ? map_text(v, "id") : map_text(object, key);
}

const json_t *
map_object(const json_t *object, const char *key)
{
	const json_t *v = json_object_get(object, key);

	return json_is_object(v) ? v : NULL;
}
