/* What was imported from the books of another system (docs/LEDGER.md, "Imported"): facts
 * of the past. They count in reports at their own time, and for nothing else: no budget,
 * no decision and no figure of what runs here rests on them. */
#ifndef ENG_IMPORT_H
#define ENG_IMPORT_H

#include "eng.h"

#include <jansson.h>

/* Rows of one request, and so of one commit. */
#define ENG_IMPORT_ROWS_MAX 500

/* At start: which group a worker that is not configured was in. 0 or -errno. */
int eng_import_load(struct eng *eng, struct led_view *v);

/* A name that only imported events have, or none: nothing of it ever ran or moved money
 * here. */
bool eng_import_only(const struct eng_worker *w);

/* The newest imported decisions since then, oldest first; worker NULL = all. A new
 * reference, NULL without memory. */
json_t *eng_import_decisions(
	struct led_view *v, const char *worker, int64_t since_ns, size_t limit);

#endif
