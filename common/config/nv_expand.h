/* ${NAME} in a worker's environment values and words of its command: what Nova knows of
 * the instance that is being started. `$${` stands for `${`; every other `$` is left to
 * the program (or to the shell that the command may be). */
#ifndef NV_EXPAND_H
#define NV_EXPAND_H

#include "nv_base.h"

#define NV_EXPANSIONS(X) \
	X(WORKER, "NOVA_WORKER") \
	X(INSTANCE, "NOVA_INSTANCE") \
	X(GENERATION, "NOVA_GENERATION") \
	X(VARIANT, "NOVA_VARIANT") \
	X(CREDENTIALS, "CREDENTIALS_DIRECTORY")

enum nv_expansion {
#define X(name, text) NV_EXPAND_##name,
	NV_EXPANSIONS(X)
#undef X
		NV_EXPAND_COUNT
};

const char *nv_expansion_name(enum nv_expansion e);

/* The first ${NAME} that cannot be: its begin in *ret_at, its bytes in *ret_bytes, and
 * -EINVAL; 0 when all can. With `own_only` a name that is not Nova's (NOVA_...) is not
 * looked at: it is the shell's. */
int
nv_expand_check(const char *text, bool own_only, const char **ret_at, size_t *ret_bytes);
/* Does it have anything to replace? */
bool nv_expand_needed(const char *text);
/* The text with every known ${NAME} replaced, the caller's to free; NULL: no memory.
 * values[e] must not be NULL. */
char *nv_expand(const char *text, const char *const values[NV_EXPAND_COUNT]);

#endif
