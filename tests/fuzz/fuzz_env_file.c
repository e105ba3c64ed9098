/* A worker's env_file and the ${NAME}s of its values: whatever stands in them is read
 * without harm, names come out clean, and what is expanded has nothing left to expand. */
#include "nv_env_file.h"
#include "nv_expand.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static int
on_variable(void *arg, const char *name, const char *value)
{
	static const char *const values[NV_EXPAND_COUNT] = {"w", "1", "2", "", "/run/c"};
	unsigned *n = arg;
	const char *at = NULL;
	size_t at_bytes = 0;

	NV_ASSERT(!nv_env_bad_name(name) && !strchr(value, '\n'));
	char *result = nv_expand(value, values);

	NV_ASSERT(result);
	if (!nv_expand_needed(value))
		NV_ASSERT(strcmp(result, value) == 0);
	if (nv_expand_check(value, false, &at, &at_bytes) < 0)
		NV_ASSERT(at >= value && at_bytes >= 4 &&
			  at + at_bytes <= value + strlen(value));
	free(result);
	(*n)++;
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	unsigned n = 0;
	struct nv_err err = {.text = ""};
	char *text = malloc(bytes + 1);

	if (!text)
		return 0;
	memcpy(text, data, bytes);
	text[bytes] = '\0';
	int rc = nv_env_file_parse(text, bytes, on_variable, &n, &err);

	NV_ASSERT(rc == 0 || (rc == -EINVAL && err.line > 0 && err.text[0]));
	NV_ASSERT(n <= NV_ENV_FILE_LINES_MAX);
	free(text);
	return 0;
}
