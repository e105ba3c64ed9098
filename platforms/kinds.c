/* The platforms there are, one line each. */
#include "plat.h"

#include <string.h>

const struct plat_kind *const plat_kinds[] = {NULL};

const struct plat_kind *
plat_kind_find(const char *name)
{
	for (size_t i = 0; plat_kinds[i]; i++) {
		const struct plat_kind *k = plat_kinds[i];

		if (strcmp(k->name, name) == 0 ||
			(k->alias && strcmp(k->alias, name) == 0))
			return k;
	}
	return NULL;
}
