/* Durable settings: what a person or the engine has said once and that stays in force.
 * Each is an event of its own and the state "setting/NAME" in the ledger. */
#ifndef ENG_SETTING_H
#define ENG_SETTING_H

#include "eng.h"

#include <jansson.h>

/* One event whose line is kept as the newest under `key`: adds "at_ns" to line, which it
 * takes. On disk when it returns 0; -EBUSY or -ENOMEM with err: nothing was written. What
 * the ledger itself refuses is its trouble, not the caller's. w may be NULL. */
struct eng_keyed {
	enum led_kind kind;
	struct eng_worker *worker;
	const char *key;
	bool by_person;
};
int eng_keyed_put(
	struct eng *eng, const struct eng_keyed *to, json_t *line, struct nv_err *err);
/* The same inside an open transaction. 0 or -ENOMEM. */
int eng_keyed_put_in(
	struct eng *eng, struct eng_txn *txn, const struct eng_keyed *to, json_t *line);

/* eng_keyed_put for {"event":"setting", ...line} as "setting/NAME". */
int eng_setting_put(struct eng *eng, const char *name, json_t *line, bool by_person,
	struct nv_err *err);
/* The newest line, a new reference; NULL when there is none. */
json_t *eng_setting_get(const struct eng *eng, const char *name);

#endif
