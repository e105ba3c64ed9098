/* Addresses and CSV files, whatever they hold: refused with a sentence, or something that
 * can stand in a header, and rows within the bounds. The first byte chooses. */
#include "sendgrid_addr.h"
#include "sendgrid_csv.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
address(const char *text)
{
	struct sg_address a = {0};
	struct nv_err err = {0};

	if (sg_address_parse(text, &a, &err) != 0) {
		NV_ASSERT(err.text[0]);
		return;
	}
	NV_ASSERT(strchr(a.email, '@') && !strpbrk(a.email, " ,;<>\"\r\n\t"));
	NV_ASSERT(sg_is_line(a.email) && sg_is_line(a.name));
	NV_ASSERT(!strpbrk(a.name, "<>\"\\"));
}

static void
file(const char *text, size_t bytes)
{
	json_t *rows = NULL, *row;
	struct nv_err err = {0};
	size_t i;

	if (sg_csv_read(text, bytes, 100, &rows, &err) != 0) {
		NV_ASSERT(err.text[0] && !rows);
		return;
	}
	NV_ASSERT(json_array_size(rows) <= 100);
	json_array_foreach(rows, i, row)
		NV_ASSERT(json_object_size(row) <= SG_CSV_COLUMNS_MAX);
	json_decref(rows);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	if (data[0] == 'c') {
		file((const char *)data + 1, size - 1);
		return 0;
	}
	char *text = malloc(size);

	NV_ASSERT(text);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	address(text);
	free(text);
	return 0;
}
