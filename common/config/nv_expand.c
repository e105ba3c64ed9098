/* ${NAME}: see nv_expand.h. */
#include "nv_expand.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[NV_EXPAND_COUNT] = {
#define X(name, text) [NV_EXPAND_##name] = text,
	NV_EXPANSIONS(X)
#undef X
};

/* One step through a text: what stands there. */
enum piece { PIECE_END, PIECE_TEXT, PIECE_ESCAPE, PIECE_NAME };
struct step {
	enum piece piece;
	const char *at;
	size_t bytes; /* of the piece as written */
	const char *name;
	size_t name_bytes;
};

const char *
nv_expansion_name(enum nv_expansion e)
{
	NV_ASSERT(e < NV_EXPAND_COUNT);
	return names[e];
}

static size_t
name_bytes(const char *text)
{
	return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "0123456789_");
}

/* ${ without a name and } right after it is no expansion: the shell has more of them. */
static struct step
next_step(const char *at)
{
	struct step s = {.at = at};

	if (!*at)
		return s;
	if (strncmp(at, "$${", 3) == 0) {
		s.piece = PIECE_ESCAPE;
		s.bytes = 3;
		return s;
	}
	if (at[0] == '$' && at[1] == '{') {
		size_t n = name_bytes(at + 2);

		if (n > 0 && at[2 + n] == '}') {
			s.piece = PIECE_NAME;
			s.bytes = n + 3;
			s.name = at + 2;
			s.name_bytes = n;
			return s;
		}
	}
	const char *next = strchr(at + 1, '$');

	s.piece = PIECE_TEXT;
	s.bytes = next ? (size_t)(next - at) : strlen(at);
	return s;
}

static int
find(const struct step *s)
{
	for (int i = 0; i < NV_EXPAND_COUNT; i++) {
		if (strlen(names[i]) == s->name_bytes &&
			memcmp(names[i], s->name, s->name_bytes) == 0)
			return i;
	}
	return -1;
}

int
nv_expand_check(const char *text, bool own_only, const char **ret_at, size_t *ret_bytes)
{
	for (struct step s = next_step(text); s.piece != PIECE_END;
		s = next_step(s.at + s.bytes)) {
		if (s.piece != PIECE_NAME || find(&s) >= 0)
			continue;
		/* NOVA_RUN is set by the runner for each run. */
		bool runs = s.name_bytes == 8 && memcmp(s.name, "NOVA_RUN", 8) == 0;

		if (own_only && (runs || strncmp(s.name, "NOVA_", 5) != 0))
			continue;
		*ret_at = s.at;
		*ret_bytes = s.bytes;
		return -EINVAL;
	}
	return 0;
}

bool
nv_expand_needed(const char *text)
{
	for (struct step s = next_step(text); s.piece != PIECE_END;
		s = next_step(s.at + s.bytes)) {
		if (s.piece == PIECE_ESCAPE || (s.piece == PIECE_NAME && find(&s) >= 0))
			return true;
	}
	return false;
}

/* Where a piece comes from in the result. */
static const char *
meaning(const struct step *s, const char *const values[], size_t *ret_bytes)
{
	int known = s->piece == PIECE_NAME ? find(s) : -1;

	if (known >= 0) {
		*ret_bytes = strlen(values[known]);
		return values[known];
	}
	if (s->piece == PIECE_ESCAPE) {
		*ret_bytes = 2;
		return "${";
	}
	*ret_bytes = s->bytes;
	return s->at;
}

char *
nv_expand(const char *text, const char *const values[NV_EXPAND_COUNT])
{
	size_t total = 0;
	size_t bytes;

	for (struct step s = next_step(text); s.piece != PIECE_END;
		s = next_step(s.at + s.bytes)) {
		(void)meaning(&s, values, &bytes);
		total += bytes;
	}
	char *result = malloc(total + 1);

	if (!result)
		return NULL;
	size_t used = 0;

	for (struct step s = next_step(text); s.piece != PIECE_END;
		s = next_step(s.at + s.bytes)) {
		const char *from = meaning(&s, values, &bytes);

		memcpy(result + used, from, bytes);
		used += bytes;
	}
	result[used] = '\0';
	return result;
}
