/* Inside libnova: building one event line, and reading one control line. */
#ifndef NOVA_LINE_H
#define NOVA_LINE_H

#include "nova.h"

struct nova_line {
	char text[NOVA_LINE_BYTES_MAX];
	size_t bytes;
	int error; /* remembered, so that call sites stay flat */
};

void nova_line_begin(struct nova_line *l, const char *event);
/* Text that stands for something: -EILSEQ when it is not UTF-8. NULL adds nothing. */
void nova_line_name(struct nova_line *l, const char *key, const char *value);
/* Text for people: bytes that are not UTF-8 become U+FFFD. NULL adds nothing. */
void nova_line_note(struct nova_line *l, const char *key, const char *value);
/* Anything that is JSON already. */
void nova_line_raw(struct nova_line *l, const char *key, const char *value);
void nova_line_int(struct nova_line *l, const char *key, int64_t value);
void nova_line_options(struct nova_line *l, const struct nova_event_options *o);
/* Close the object, add the newline. 0 or the first error. */
int nova_line_end(struct nova_line *l);

/* A member of the object in line: its raw text, and its length. NULL when it is not
 * there or the line is no object. Only the outermost object is looked at. */
const char *nova_json_member(const char *line, const char *key, size_t *ret_bytes);
/* Decode a string member. -EINVAL when it is no string, -EMSGSIZE when it does not fit.
 */
int nova_json_string(const char *raw, size_t raw_bytes, char *buf, size_t buf_bytes);

#endif
