#include "notify.h"

#include <string.h>

bool
probe_notify_is_ready(const char *text, size_t bytes)
{
	static const char word[] = "READY=1";

	for (const char *end = text + bytes; text < end;) {
		const char *nl = memchr(text, '\n', (size_t)(end - text));
		size_t n = (size_t)((nl ? nl : end) - text);

		if (n == sizeof(word) - 1 && memcmp(text, word, n) == 0)
			return true;
		if (!nl)
			return false;
		text = nl + 1;
	}
	return false;
}
