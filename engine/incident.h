/* Incidents that novasupd's journal tells about: kept as events of the fleet, the newest
 * of each under "incident/BOOT/ID". */
#ifndef ENG_INCIDENT_H
#define ENG_INCIDENT_H

#include "eng.h"
#include "txn.h"

#include <jansson.h>

/* NULL, or what is wrong with the line (parsed: root). */
const char *eng_incident_book(struct eng *eng, struct eng_txn *txn, uint64_t boot_id,
	uint64_t offset, const json_t *root, const char *line, size_t bytes);

#endif
