/* The line scanner against jansson: what the scanner accepts must be an object jansson
 * accepts too, and what only the JSON grammar decides must be decided alike. */
#include "scan.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* Reasons of ours that are no question of grammar. (jansson reads over a NUL between
 * two tokens.) */
static bool
is_rule(const struct eng_refusal *why)
{
	return why->field >= 0 || why->reject == ENG_R_TOO_LONG ||
	       why->reject == ENG_R_DEPTH || why->reject == ENG_R_NUL;
}

static void
check_texts(const json_t *root, const struct eng_line *line)
{
	const char *event = json_string_value(json_object_get(root, "event"));
	const json_t *id = json_object_get(root, "id");
	const json_t *note = json_object_get(root, "note");

	if (!event || strcmp(event, eng_event_name(line->event)) != 0)
		abort();
	if (json_is_string(id) != eng_line_has(line, ENG_F_ID) ||
		json_is_string(note) != eng_line_has(line, ENG_F_NOTE))
		abort();
	if (json_is_string(note) &&
		(json_string_length(note) != line->field[ENG_F_NOTE].bytes ||
			memcmp(json_string_value(note), line->field[ENG_F_NOTE].at,
				json_string_length(note)) != 0))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static char scratch[ENG_LINE_BYTES_MAX];
	struct eng_line line;
	struct eng_refusal why = {ENG_OK, 0, -1};
	char text[ENG_REFUSAL_BYTES];

	if (bytes > ENG_LINE_BYTES_MAX + 16)
		return 0;
	/* The exact size on the heap: the sanitizer sees a read past the end. */
	char *copy = malloc(bytes ? bytes : 1);

	if (!copy)
		return 0;
	memcpy(copy, data, bytes);
	bool ours = eng_scan(copy, bytes, scratch, &line, &why) == 0;

	if (!ours && (why.reject == ENG_OK || !*eng_refusal_text(&why, text)))
		abort();
	/* Our line may have JSON's white space around it, which jansson allows as well.
	 */
	json_t *root = json_loadb(
		copy, bytes, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, NULL);
	bool theirs = json_is_object(root);

	if (ours && !theirs)
		abort();
	if (!ours && theirs && !is_rule(&why))
		abort();
	if (ours)
		check_texts(root, &line);
	json_decref(root);
	free(copy);
	return 0;
}
