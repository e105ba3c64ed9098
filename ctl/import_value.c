/* See import_value.h. */
#include "import_value.h"

#include "nv_clock.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_NS  NV_NS_PER_SEC
#define QUARTER_NS (900 * SECOND_NS)
/* Zones are at most 14 hours from UTC; a row is written within two minutes. */
#define ZONE_NS_MAX (INT64_C(14) * 3600 * SECOND_NS)
#define LATE_NS_MAX (120 * SECOND_NS)

const char *
ctl_import_note_text(enum ctl_import_note note)
{
	static const char *const texts[CTL_IMPORT_NOTES] = {
#define X(name, text) [CTL_MENDED_##name] = (text),
		CTL_IMPORT_MENDED(X)
#undef X
#define X(name, text) [CTL_LEFT_##name] = (text),
			CTL_IMPORT_LEFT(X)
#undef X
	};

	NV_ASSERT(note < CTL_IMPORT_NOTES);
	return texts[note];
}

static void
add_note(ctl_import_notes *notes, enum ctl_import_note note)
{
	*notes |= UINT32_C(1) << note;
}

/* ---- amounts ---- */

static int
leave(ctl_import_notes *notes, enum ctl_import_note note)
{
	add_note(notes, note);
	return -EINVAL;
}

/* The fewest digits that are this double and no other. */
static size_t
shortest(double v, char buf[40])
{
	for (int digits = 15; digits <= 17; digits++) {
		int n = snprintf(buf, 40, "%.*g", digits, v);

		if (strtod(buf, NULL) == v || digits == 17)
			return (size_t)n;
	}
	return 0;
}

static int
read_decimal(const char *text, size_t bytes, int64_t *ret_nano, ctl_import_notes *notes)
{
	bool rounded = false;
	int rc = nv_money_parse(text, bytes, NV_DECIMAL_ROUND, ret_nano, &rounded);

	if (rc < 0)
		return leave(
			notes, rc == -ERANGE ? CTL_LEFT_TOO_LARGE : CTL_LEFT_NO_NUMBER);
	if (rounded)
		add_note(notes, CTL_MENDED_ROUNDED);
	return 0;
}

int
ctl_import_amount(const struct ctl_cell *cell, int64_t *ret_nano, ctl_import_notes *notes)
{
	char text[40];
	int64_t nano = 0;
	int rc = 0;
	int n;

	switch (cell->type) {
	case CTL_CELL_NULL:
		return leave(notes, CTL_LEFT_NO_AMOUNT);
	case CTL_CELL_WHOLE:
		n = snprintf(text, sizeof text, "%lld", (long long)cell->whole);
		rc = read_decimal(text, (size_t)n, &nano, notes);
		break;
	case CTL_CELL_REAL:
		if (!isfinite(cell->real))
			return leave(notes, CTL_LEFT_NOT_FINITE);
		rc = read_decimal(text, shortest(cell->real, text), &nano, notes);
		break;
	case CTL_CELL_TEXT:
		rc = read_decimal(cell->text, cell->bytes, &nano, notes);
		if (rc == 0)
			add_note(notes, CTL_MENDED_TEXT_AMOUNT);
		break;
	case CTL_CELL_BLOB:
	default:
		return leave(notes, CTL_LEFT_NO_NUMBER);
	}
	if (rc < 0)
		return rc;
	if (nano < 0)
		add_note(notes, CTL_MENDED_NEGATIVE);
	*ret_nano = nano;
	return 0;
}

/* ---- times ---- */

/* What Python's isoformat and SQLite's CURRENT_TIMESTAMP write, as if it were UTC; zoned:
 * it says its zone itself. */
static int
read_time(const struct ctl_cell *cell, int64_t *ret_ns, bool *ret_zoned)
{
	char text[40];
	size_t n = cell->bytes;

	if (cell->type != CTL_CELL_TEXT || n < 19 || n > 32)
		return -EINVAL;
	memcpy(text, cell->text, n);
	if (text[10] == ' ')
		text[10] = 'T';
	*ret_zoned = nv_rfc3339_parse(text, n, ret_ns) == 0;
	if (*ret_zoned)
		return 0;
	text[n] = 'Z';
	return nv_rfc3339_parse(text, n + 1, ret_ns) < 0 ? -EINVAL : 0;
}

/* Both are the same moment: how far local time is ahead. */
static bool
zone_of(int64_t local_ns, int64_t created_ns, int64_t *ret_offset_ns)
{
	int64_t ahead = local_ns - created_ns;
	int64_t half = ahead < 0 ? -QUARTER_NS / 2 : QUARTER_NS / 2;
	int64_t offset = (ahead + half) / QUARTER_NS * QUARTER_NS;

	*ret_offset_ns = offset;
	return llabs(offset) <= ZONE_NS_MAX && llabs(ahead - offset) <= LATE_NS_MAX;
}

/* What datetime(2025, 1, 1) is written as: the original's answer to a clock that fails.
 */
static bool
is_fallback(const struct ctl_cell *stamp)
{
	static const char text[] = "2025-01-01T00:00:00";

	return stamp->type == CTL_CELL_TEXT && stamp->bytes == sizeof text - 1 &&
	       memcmp(stamp->text, text, sizeof text - 1) == 0;
}

void
ctl_import_zone_learn(struct ctl_import_clock *clock, const struct ctl_cell *stamp,
	const struct ctl_cell *created)
{
	int64_t local_ns = 0;
	int64_t created_ns = 0;
	bool zoned = false;

	if (read_time(stamp, &local_ns, &zoned) == 0 && !zoned &&
		read_time(created, &created_ns, &zoned) == 0)
		clock->known = zone_of(local_ns, created_ns, &clock->ahead_ns);
}

int
ctl_import_time(struct ctl_import_clock *clock, const struct ctl_cell *stamp,
	const struct ctl_cell *created, int64_t *ret_ns, ctl_import_notes *notes)
{
	int64_t at = 0;
	int64_t created_ns = 0;
	int64_t offset = 0;
	bool zoned = false;
	bool utc = false;
	bool has_stamp = read_time(stamp, &at, &zoned) == 0;
	bool has_created =
		read_time(created, &created_ns, &utc) == 0 && created_ns <= clock->now_ns;

	if (has_stamp && !zoned && has_created && zone_of(at, created_ns, &offset)) {
		at -= offset;
	} else if (has_created && (!has_stamp || is_fallback(stamp))) {
		add_note(notes,
			has_stamp ? CTL_MENDED_FALLBACK_CLOCK : CTL_MENDED_CREATED);
		at = created_ns;
		has_stamp = true;
	} else if (has_stamp && !zoned) {
		add_note(notes, CTL_MENDED_NO_ZONE);
		at += clock->known ? -clock->ahead_ns : clock->zone(clock->arg, at);
	}
	if (!has_stamp || at < 0 || at > clock->now_ns) {
		if (clock->before_ns == 0)
			return leave(notes, CTL_LEFT_NO_TIME);
		add_note(notes, CTL_MENDED_BEFORE);
		at = clock->before_ns;
	}
	clock->before_ns = at;
	*ret_ns = at;
	return 0;
}

const char *
ctl_import_time_text(int64_t ns, char buf[CTL_IMPORT_TIME_BYTES])
{
	char whole[NV_RFC3339_BYTES];

	(void)nv_rfc3339(ns, whole);
	(void)snprintf(buf, CTL_IMPORT_TIME_BYTES, "%.19s.%06dZ", whole,
		(int)(ns % SECOND_NS / 1000));
	return buf;
}

/* ---- texts ---- */

static void
add_cleaned(struct nv_buf *buf, const char *text, size_t bytes, size_t max,
	ctl_import_notes *notes)
{
	static const char replacement[] = "\xef\xbf\xbd";
	size_t added = 0;

	for (size_t i = 0; i < bytes;) {
		size_t n = nv_utf8_len(text + i, bytes - i);
		bool blank = n == 1 && (text[i] == '\n' || text[i] == '\t');
		bool bad = n == 0 || (nv_is_control(text + i, n) && !blank);
		size_t wide = bad ? sizeof replacement - 1 : n;

		if (added + wide > max) {
			add_note(notes, CTL_MENDED_CUT);
			return;
		}
		if (bad)
			add_note(notes, CTL_MENDED_REPAIRED);
		nv_buf_add(buf, bad ? replacement : text + i, wide);
		added += wide;
		i += n ? n : 1;
	}
}

void
ctl_import_text(struct nv_buf *buf, const struct ctl_cell *cell, size_t max,
	ctl_import_notes *notes)
{
	char number[40];

	switch (cell->type) {
	case CTL_CELL_WHOLE:
		nv_buf_printf(buf, "%lld", (long long)cell->whole);
		break;
	case CTL_CELL_REAL:
		if (isfinite(cell->real))
			nv_buf_add(buf, number, shortest(cell->real, number));
		else
			nv_buf_puts(buf, "not finite");
		break;
	case CTL_CELL_TEXT:
	case CTL_CELL_BLOB:
		add_cleaned(buf, cell->text, cell->bytes, max, notes);
		break;
	case CTL_CELL_NULL:
	default:
		break;
	}
}

/* ---- names ---- */

/* Letters and digits in small; anything else, a whole character each, is one '_'. */
static size_t
clean_name(const char *text, size_t bytes, char *out, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < bytes && n < max;) {
		size_t len = nv_utf8_len(text + i, bytes - i);
		char c = text[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
			     (n > 0 && (c == '_' || c == '.' || c == '-'));

		out[n++] = plain ? c : '_';
		i += len ? len : 1;
	}
	out[n] = '\0';
	return n;
}

void
ctl_import_name(const char *agent, size_t bytes, char ret[NV_NAME_MAX])
{
	const size_t prefix = sizeof CTL_IMPORT_PREFIX - 1;

	memcpy(ret, CTL_IMPORT_PREFIX, prefix);
	if (clean_name(agent, bytes, ret + prefix, NV_NAME_MAX - 1 - prefix) == 0)
		memcpy(ret + prefix, "_", 2);
}

void
ctl_import_name_again(char name[NV_NAME_MAX], unsigned n)
{
	char tail[16];
	int bytes = snprintf(tail, sizeof tail, "-%u", n);
	size_t at = NV_MIN(strlen(name), (size_t)NV_NAME_MAX - 1 - (size_t)bytes);

	memcpy(name + at, tail, (size_t)bytes + 1);
}

bool
ctl_import_group(const char *department, size_t bytes, char ret[NV_NAME_MAX])
{
	(void)clean_name(department, bytes, ret, NV_NAME_MAX - 1);
	return nv_name_valid(ret);
}

/* ---- hashes ---- */

static uint64_t
mix(uint64_t hash, const void *data, size_t bytes)
{
	const uint8_t *at = data;

	for (size_t i = 0; i < bytes; i++)
		hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
	return hash;
}

uint64_t
ctl_import_hash(uint64_t hash, const struct ctl_cell *cell)
{
	uint8_t type = (uint8_t)cell->type;

	hash = mix(hash, &type, 1);
	if (cell->type == CTL_CELL_WHOLE)
		return mix(hash, &cell->whole, sizeof cell->whole);
	if (cell->type == CTL_CELL_REAL)
		return mix(hash, &cell->real, sizeof cell->real);
	if (cell->type == CTL_CELL_NULL)
		return hash;
	return mix(mix(hash, cell->text, cell->bytes), &cell->bytes, sizeof cell->bytes);
}
