/* Texts of posts, X's answers and URLs to be signed: whatever they hold, they are
 * measured, put into words and signed, or refused. */
#include "twitter_oauth.h"
#include "twitter_text.h"
#include "twitter_words.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static const struct tw_oauth keys = {"a", "b", "c", "d"};
	char *text = malloc(bytes + 1);
	struct tw_length length;
	struct tw_problem problem;
	struct nv_buf buf;
	json_t *json;

	if (!text)
		return 0;
	memcpy(text, data, bytes);
	text[bytes] = '\0';
	if (tw_text_measure(text, bytes, &length) == 0)
		NV_ASSERT(length.weighted <= 2 * bytes + TW_URL_LENGTH * length.urls);
	(void)tw_text_same(text, "x");
	nv_buf_init(&buf, TW_OAUTH_HEADER_MAX);
	(void)tw_oauth_header(&keys, "GET", text, text, 1, "n", &buf);
	nv_buf_fini(&buf);
	json = json_loads(text, 0, NULL);
	tw_problem_read(bytes > 0 ? 400 + data[0] % 40 : 0, json, "post", &problem);
	NV_ASSERT(strlen(problem.text) < sizeof problem.text);
	json_decref(json);
	free(text);
	return 0;
}
