/* Names: see nv_name.h. */
#include "nv_name.h"

#include <limits.h>
#include <string.h>

bool
nv_name_valid(const char *name)
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	static const char rest[] = "abcdefghijklmnopqrstuvwxyz0123456789_.-";
	size_t bytes = strlen(name);

	return bytes > 0 && bytes < NV_NAME_MAX && strchr(first, name[0]) &&
	       strspn(name, rest) == bytes;
}

bool
nv_name_is_system(const char *worker)
{
	return strncmp(worker, NV_SYSTEM_PREFIX, sizeof(NV_SYSTEM_PREFIX) - 1) == 0;
}

/* Damerau-Levenshtein with adjacent swaps (optimal string alignment). */
static unsigned
edit_distance(const char *a, size_t an, const char *b, size_t bn)
{
	unsigned row[3][NV_NAME_MAX + 1];

	for (size_t j = 0; j <= bn; j++)
		row[0][j] = (unsigned)j;
	for (size_t i = 1; i <= an; i++) {
		unsigned *now = row[i % 3];
		const unsigned *up = row[(i - 1) % 3];
		const unsigned *up2 = row[(i + 1) % 3];

		now[0] = (unsigned)i;
		for (size_t j = 1; j <= bn; j++) {
			unsigned best = up[j - 1] + (a[i - 1] != b[j - 1]);

			best = NV_MIN(best, up[j] + 1);
			best = NV_MIN(best, now[j - 1] + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
				a[i - 2] == b[j - 1])
				best = NV_MIN(best, up2[j - 2] + 1);
			now[j] = best;
		}
	}
	return row[an % 3][bn];
}

unsigned
nv_name_distance(const char *a, const char *b)
{
	size_t an = strlen(a);
	size_t bn = strlen(b);

	if (an > NV_NAME_MAX || bn > NV_NAME_MAX)
		return UINT_MAX;
	return edit_distance(a, an, b, bn);
}

const char *
nv_name_nearest(const char *word, const char *const *known, size_t n_known)
{
	const char *nearest = NULL;
	size_t bytes = strlen(word);
	unsigned limit = (unsigned)(bytes / 3 + 1);
	unsigned best = limit + 1;

	if (bytes > NV_NAME_MAX)
		return NULL;
	for (size_t i = 0; i < n_known; i++) {
		size_t known_bytes = strlen(known[i]);

		if (known_bytes > NV_NAME_MAX)
			continue;
		unsigned d = edit_distance(word, bytes, known[i], known_bytes);

		if (d < best) {
			best = d;
			nearest = known[i];
		}
	}
	return nearest;
}
