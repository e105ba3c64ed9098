/* A decision of the core as a record of the ledger, and back: the numbers it was made
 * from (docs/DECISIONS.md lists them), what it claims and with which probability. What
 * all decisions have in common is decision.h's. */
#ifndef ENG_RECORD_H
#define ENG_RECORD_H

#include "nv_config.h"

#include "pol.h"

#include <jansson.h>

/* What decision.h does not know of it yet is added to doc. variants: of the worker, in
 * the order of the shares; conf may be NULL. 0 or -ENOMEM. */
int eng_record_write(json_t *doc, const struct pol_decision *d, enum pol_mode mode,
	const struct nv_conf_worker *conf, uint64_t seq);
/* As much of it as the core needs to go on with it (pol_restore, pol_recheck). -EINVAL:
 * it is none of the core's. Its words are borrowed from doc. */
int eng_record_read(const json_t *doc, struct pol_decision *ret);

#endif
