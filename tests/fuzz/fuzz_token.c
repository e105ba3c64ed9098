/* Fuzz target: the files of tokens and of sessions. What is read can be shown, and nobody
 * is in it without a role. */
#include "nv_token.h"
#include "session.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static struct gw_sessions sessions;
	struct nv_tokens tokens = {0};
	struct nv_err err = {0};
	const char *text = (const char *)data;

	if (nv_tokens_parse(text, bytes, &tokens, &err) == 0) {
		for (size_t i = 0; i < tokens.n; i++) {
			json_t *shown = nv_token_json(&tokens.list[i], 0);

			NV_ASSERT(shown && tokens.list[i].role != NV_ROLE_NONE);
			NV_ASSERT(nv_name_valid(tokens.list[i].name));
			json_decref(shown);
		}
		NV_ASSERT(!nv_tokens_by_text(&tokens, "nova_"));
	}
	nv_tokens_fini(&tokens);
	memset(&sessions, 0, sizeof(sessions));
	if (gw_sessions_parse(&sessions, text, bytes) == 0)
		NV_ASSERT(sessions.n <= GW_SESSIONS_MAX);
	else
		NV_ASSERT(sessions.n == 0);
	return 0;
}
