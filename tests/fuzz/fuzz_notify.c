/* Fuzz target: datagrams on a worker's NOTIFY_SOCKET. What is found must be a whole line.
 */
#include "notify.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	char *text = malloc(bytes + 2);

	if (!text)
		return 0;
	/* Between two newlines a line is easy to see. */
	text[0] = '\n';
	memcpy(text + 1, data, bytes);
	text[bytes + 1] = '\n';
	char *copy = malloc(bytes ? bytes : 1); /* its end is the end of its memory */

	if (copy) {
		memcpy(copy, data, bytes);
		NV_ASSERT(probe_notify_is_ready(copy, bytes) ==
			  (memmem(text, bytes + 2, "\nREADY=1\n", 9) != NULL));
	}
	free(copy);
	free(text);
	return 0;
}
