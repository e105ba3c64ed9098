/* Selectors: any text is a list of tests or an error with its place; and fields. */
#include "scr_css.h"
#include "scr_want.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct nv_err err = {.text = ""};
	struct scr_list *list = NULL;
	char *css = NULL, *attr = NULL;
	char *text = malloc(bytes + 1);

	if (!text)
		return 0;
	memcpy(text, data, bytes);
	text[bytes] = '\0';
	int rc = scr_css_parse(text, &list, &err);

	NV_ASSERT(rc == 0 ? list && list->first && list->first->subject
			  : rc == -EINVAL && err.text[0] && !list);
	scr_css_free(list);
	NV_ASSERT(scr_field_split(text, &css, &attr, &err) == 0);
	NV_ASSERT(css[0] && (!attr || attr[0]));
	free(css);
	free(attr);
	free(text);
	return 0;
}
