/* A proof that one event is in the ledger, for somebody who has nothing of it but a hash:
 * the record, the leaf of its batch's tree that it is in, and the way from there to the
 * root of the batch, the hash of the batch, the root of the day with its seal, or along
 * the chain to an anchor or to the newest hash. docs/LEDGER.md says how it is checked,
 * docs/verify_proof.py does it. */
#ifndef LED_PROVE_H
#define LED_PROVE_H

#include "anchor.h"
#include "nv_buf.h"

/* Batches a proof follows the chain for; each is 64 bytes of it. */
#define LED_PROOF_LINKS_MAX 100000u
#define LED_PROOF_BYTES_MAX ((size_t)512 << 20)

/* JSON into out, one line without its end. anchors: the way goes to the first of them
 * that comes after the event, NULL: to the seal of its day when there is one, else to the
 * newest hash. -ENOENT: no such event, or no anchor after it; -E2BIG: more batches than
 * LED_PROOF_LINKS_MAX lie between; -EBADMSG: the ledger is damaged; all with a sentence.
 */
int led_prove(struct led_view *v, uint64_t seq, const struct led_anchors *anchors,
	struct nv_buf *out, struct nv_err *err);

/* The event a worker (scope: its id in the ledger) said under an id. -ENOENT. */
int led_view_id(struct led_view *v, uint32_t scope, const char *id, size_t bytes,
	uint64_t *ret_seq);

#endif
