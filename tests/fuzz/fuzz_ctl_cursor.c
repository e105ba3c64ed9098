/* The cursor of a log line comes from outside (Last-Event-ID): refused, or a place that
 * is written again as the same word but for leading zeros. */
#include "logread.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ctl_log_place place;
	struct ctl_log_place again;
	char word[CTL_LOG_CURSOR_BYTES];
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (ctl_log_cursor_parse(text, &place) == 0) {
		NV_ASSERT(place.start >= 0 && place.end >= place.start);
		NV_ASSERT(
			ctl_log_cursor_parse(ctl_log_cursor(&place, word), &again) == 0);
		NV_ASSERT(place.after_ns == again.after_ns &&
			  place.start == again.start && place.end == again.end &&
			  place.check == again.check);
	}
	free(text);
	return 0;
}
