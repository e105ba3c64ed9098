/* Any cells of a row: amounts inside bounds, times between 1970 and now, texts in UTF-8
 * within their length, names that a worker may have. The first byte says the type, the
 * rest is the value. */
#include "import_value.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int64_t
no_zone(void *arg, int64_t local_ns)
{
	(void)arg;
	(void)local_ns;
	return INT64_C(6) * 3600 * 1000000000;
}

static void
try_time(const struct ctl_cell *stamp, const struct ctl_cell *created)
{
	struct ctl_import_clock clock = {
		.zone = no_zone, .now_ns = INT64_C(1767225600) * 1000000000};
	ctl_import_notes notes = 0;
	int64_t ns = -1;

	ctl_import_zone_learn(&clock, stamp, created);
	if (ctl_import_time(&clock, stamp, created, &ns, &notes) == 0)
		NV_ASSERT(ns >= 0 && ns <= clock.now_ns && clock.before_ns == ns);
	else
		NV_ASSERT(notes >> CTL_LEFT_NO_TIME & 1);
}

static void
try_text(const struct ctl_cell *cell)
{
	const size_t max = 40;
	struct nv_buf buf;
	ctl_import_notes notes = 0;

	nv_buf_init(&buf, 200);
	ctl_import_text(&buf, cell, max, &notes);
	NV_ASSERT(!buf.error && buf.bytes <= max);
	for (size_t i = 0; i < buf.bytes;) {
		size_t len = nv_utf8_len(buf.data + i, buf.bytes - i);

		NV_ASSERT(len > 0);
		i += len;
	}
	nv_buf_fini(&buf);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char name[NV_NAME_MAX];
	ctl_import_notes notes = 0;
	int64_t nano = 0;

	if (size < 1)
		return 0;
	const char *text = (const char *)data + 1;
	size_t bytes = size - 1;
	struct ctl_cell cell = {.type = (enum ctl_cell_type)(data[0] % 5)};
	struct ctl_cell created = {.type = CTL_CELL_TEXT,
		.text = text + bytes / 2,
		.bytes = bytes - bytes / 2};

	if (cell.type == CTL_CELL_WHOLE)
		memcpy(&cell.whole, text, NV_MIN(bytes, sizeof cell.whole));
	else if (cell.type == CTL_CELL_REAL)
		memcpy(&cell.real, text, NV_MIN(bytes, sizeof cell.real));
	else if (cell.type != CTL_CELL_NULL)
		cell.text = text, cell.bytes = bytes;
	if (ctl_import_amount(&cell, &nano, &notes) == 0)
		NV_ASSERT(nano >= -NV_MONEY_MAX && nano <= NV_MONEY_MAX);
	else
		NV_ASSERT(notes >> CTL_IMPORT_FIRST_LEFT != 0);
	try_time(&cell, &created);
	cell.bytes /= 2;
	try_time(&cell, &created);
	try_text(&cell);
	(void)ctl_import_hash(CTL_IMPORT_HASH_INIT, &cell);
	ctl_import_name(text, bytes, name);
	NV_ASSERT(nv_name_valid(name) && !nv_name_is_system(name));
	ctl_import_name_again(name, 4294967295u);
	NV_ASSERT(nv_name_valid(name));
	if (ctl_import_group(text, bytes, name))
		NV_ASSERT(nv_name_valid(name));
	return 0;
}
