/* Stripe's JSON, whatever it holds: refused with a sentence, or event lines that the
 * engine's own scanner accepts, a fact last for an event, and none of a sentence without
 * reason. The first byte chooses: e, t (an event, of live or of any mode), b (a balance
 * transaction), f (parameters as a form). */
#include "map.h"
#include "nv_buf.h"
#include "scan.h"
#include "stripe_form.h"

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
		char scratch[ENG_LINE_BYTES_MAX];
		struct eng_refusal why;
		struct eng_line read;
		char *text = nv_json_line(line);

		NV_ASSERT(text && strlen(text) < 3000);
		NV_ASSERT(eng_scan(text, strlen(text), scratch, &read, &why) == 0);
		NV_ASSERT(strncmp(map_text(line, "id"), "stripe:", 7) == 0);
		NV_ASSERT(!eng_line_has(&read, ENG_F_AMOUNT) || read.amount_nano > 0);
		NV_ASSERT(!read.rounded);
		free(text);
	}
}

static void
event(const json_t *value, bool test)
{
	const struct map_stripe how = {
		test ? MAP_STRIPE_BOTH : MAP_STRIPE_LIVE, test ? NULL : "acct_1"};
	struct nv_err err = {0};
	json_t *lines = NULL;

	if (map_stripe_event(value, &how, &lines, &err) != 0) {
		NV_ASSERT(err.text[0] && !lines);
		return;
	}
	const json_t *fact = json_array_get(lines, json_array_size(lines) - 1);

	NV_ASSERT(fact && strcmp(map_text(fact, "event"), "webhook") == 0);
	check_lines(lines);
	json_decref(lines);
}

static void
transaction(const json_t *value)
{
	const struct map_stripe how = {0};
	struct nv_err err = {0};
	const char *note = NULL;
	json_t *lines = NULL;

	if (map_stripe_txn(value, &how, &lines, &note, &err) != 0) {
		NV_ASSERT(err.text[0] && !lines);
		return;
	}
	check_lines(lines);
	json_decref(lines);
}

static void
form(json_t *value)
{
	struct nv_err err = {0};
	struct nv_buf buf;

	nv_buf_init(&buf, STRIPE_FORM_BYTES_MAX);
	if (stripe_form(&buf, value, &err) == 0)
		for (size_t i = 0; i < buf.bytes; i++)
			NV_ASSERT(buf.data[i] > ' ' && (unsigned char)buf.data[i] < 0x7f);
	nv_buf_fini(&buf);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	json_t *value = json_loadb((const char *)data + 1, size - 1, 0, NULL);

	if (!value)
		return 0;
	if (data[0] == 'b')
		transaction(value);
	else if (data[0] == 'f')
		form(value);
	else
		event(value, data[0] == 't');
	json_decref(value);
	return 0;
}
