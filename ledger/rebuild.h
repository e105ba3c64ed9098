/* A ledger made anew from its primary records: events, quarantine, names and the audit
 * chain are copied as they are, byte for byte, and everything else is computed from them,
 * batch by batch, with the code that wrote it the first time. This is how a ledger of an
 * older schema becomes one of this, and how derived tables that were damaged are mended.
 *
 * The new file is made in DIR/rebuild, verified whole, synced, and only then put in the
 * old one's place; the old one keeps another name. A crash at any point leaves the old or
 * the new one, and the next open for writing clears up after it. */
#ifndef LED_REBUILD_H
#define LED_REBUILD_H

#include "led.h"

/* Nobody may have the ledger open for writing (-EBUSY: stop Nova first). *ret_checked:
 * events in it. What verify finds wrong with the new one is told to fn, and nothing has
 * changed then (-EBADMSG). kept: the old file's name. */
#define LED_REBUILD_KEPT_BYTES 4200
int led_rebuild(const char *dir, led_problem_fn *fn, void *arg, uint64_t *ret_checked,
	char kept[LED_REBUILD_KEPT_BYTES], struct nv_err *err);

/* The same ledger in the form of an older schema, from LED_SCHEMA_LOWEST on, for an older
 * program; kept as above. -EEXIST: it has that schema, or an older one. -EINVAL: this
 * program does not know how. -ENOTSUP: it holds what that schema has no form for; err
 * says what, and what to do. */
int led_downgrade(const char *dir, uint32_t to, led_problem_fn *fn, void *arg,
	uint64_t *ret_checked, char kept[LED_REBUILD_KEPT_BYTES], struct nv_err *err);

/* For store.c, with the writer's lock held: clear up after a rebuild that was cut short;
 * and rebuild a ledger of an older schema. */
void led_rebuild_tidy(const char *dir);
int led_migrate(const char *dir, struct nv_err *err);
/* The schema of the file, whatever it is. */
int led_schema_of(const char *path, uint32_t *ret, struct nv_err *err);

#endif
