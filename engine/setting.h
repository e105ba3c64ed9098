/* Durable settings: what a person or the engine has said once and that stays in force.
 * Each is an event of its own and the state "setting/NAME" in the ledger. */
#ifndef ENG_SETTING_H
#define ENG_SETTING_H

#include "eng.h"

#include <jansson.h>

/* Commit {"event":"setting", ...line, "at_ns": now} as "setting/NAME"; takes line. On
 * disk when it returns 0; -EBUSY or -ENOMEM with err: nothing was written. Anything else
 * the ledger refuses is its trouble, not the caller's. */
int eng_setting_put(struct eng *eng, const char *name, json_t *line, bool by_person,
	struct nv_err *err);
/* The newest line, a new reference; NULL when there is none. */
json_t *eng_setting_get(const struct eng *eng, const char *name);

#endif
