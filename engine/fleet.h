/* The workers of the fleet: configuration, desired state and live figures in one list,
 * with an index. What other parts need is in eng.h; this is for policy's own files. */
#ifndef ENG_FLEET_H
#define ENG_FLEET_H

#include "eng.h"

#include <jansson.h>

/* "running", "paused", "stopped", "killed", "undeployed". */
const char *eng_want_name(enum eng_want want);
bool eng_want_from(const char *name, enum eng_want *ret);

/* What the desire comes to under the configuration in force: 0 unless running or
 * paused; within instances.min and max. */
uint32_t eng_desire_instances(const struct eng_worker *w);
/* Paused by the desire or by a budget. */
bool eng_worker_is_paused(const struct eng_worker *w);
/* In the configuration, wanted running and not paused by a budget. */
bool eng_worker_is_running(const struct eng_worker *w);
int64_t eng_worker_interval_ms(const struct eng_worker *w);
/* "running", "paused", "stopped", "killed", "undeployed", "removed". */
const char *eng_worker_state(const struct eng_worker *w);
const char *eng_worker_reason(const struct eng_worker *w);
const char *eng_worker_group(const struct eng_worker *w);

/* The desire of a worker nobody has said anything about. */
void eng_desire_default(const struct nv_conf_worker *conf, struct eng_desire *ret);

/* The ledger's form, one JSON object, and back. The decoder takes what the encoder
 * wrote; anything else is -EINVAL. */
char *
eng_desire_encode(const struct eng_worker *w, const struct eng_desire *d, uint64_t ref);
int eng_desire_decode(
	const char *line, size_t bytes, struct eng_desire *ret, struct nv_err *err);

#endif
