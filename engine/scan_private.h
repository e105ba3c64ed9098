/* Between the two halves of the scanner: scan.c knows the grammar, scan_meaning.c what
 * the fields mean. */
#ifndef ENG_SCAN_PRIVATE_H
#define ENG_SCAN_PRIVATE_H

#include "scan.h"

enum value_kind { V_STRING, V_NUMBER, V_TRUE, V_FALSE, V_NULL, V_NESTED };

/* A line that is a JSON object: its known fields as text, and what kind of value each is.
 */
struct eng_found {
	struct eng_line *line;
	struct eng_refusal *why;
	const uint8_t
		*kind; /* enum value_kind, by field; valid where line->have says so */
};

/* Types, bounds and what the event needs; fills the rest of the line. 0 or -EINVAL. */
int eng_scan_meaning(const struct eng_found *s);
/* The same, of the tokens of a usage event. */
int eng_scan_usage(const struct eng_found *s);

#endif
