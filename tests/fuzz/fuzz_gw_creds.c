/* Fuzz target: headers that say who calls and from where. The bytes are one header's
 * value and a second one, cut at the first newline. */
#include "creds.h"
#include "pages.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static char *
copy(const uint8_t *data, size_t bytes)
{
	char *text = malloc(bytes + 1); /* its end is the end of its memory */

	NV_ASSERT(text);
	if (bytes)
		memcpy(text, data, bytes);
	text[bytes] = '\0';
	return text;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static const char *const names[] = {"nova.example.com"};
	const uint8_t *cut = bytes ? memchr(data, '\n', bytes) : NULL;
	size_t first = cut ? (size_t)(cut - data) : bytes;
	char *a = copy(data, first);
	char *b = copy(data + first, bytes - first);
	char value[GW_COOKIE_BYTES_MAX];
	const char *token = gw_creds_bearer(a);

	NV_ASSERT(!token || (*token && !strchr(token, ' ')));
	for (size_t i = 0; i < 4 && gw_creds_cookie(a, "nova_session", i, value); i++)
		NV_ASSERT(strlen(value) < sizeof(value) && !strpbrk(value, " ;=\"\r\n"));
	if (gw_creds_host_is_ours(a, names, NV_LEN(names)))
		NV_ASSERT(*a && !strpbrk(a, "/@ "));
	if (gw_creds_origin_is_ours(a, b))
		NV_ASSERT(strncasecmp(a, "http", 4) == 0 && strlen(a) > strlen(b));
	(void)gw_takes_gzip(a);
	(void)gw_tag_matches(a, "\"0123\"");
	free(a);
	free(b);
	return 0;
}
