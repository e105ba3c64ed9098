/* What verify proves about seals (seal.h) and anchors (anchor.h), batch by batch. */
#ifndef LED_VERIFY_SEAL_H
#define LED_VERIFY_SEAL_H

#include "anchor.h"
#include "seal.h"

struct led_verify;
struct led_audit;

struct led_vseals {
	struct led_verify_options opt; /* borrowed */
	struct led_merkle tree;        /* of the day at hand */
	uint32_t day;
	int64_t day_began_ns;   /* its first batch */
	uint64_t first;         /* batch */
	struct led_seal *ended; /* owned: days that are over, as their seal must be */
	size_t n_ended;
	size_t cap;
	size_t n_sealed; /* of them */
	struct led_seal_key key;
	size_t next_anchor;
};
void led_vseals_init(struct led_verify *v, const struct led_verify_options *opt);
/* Before the records of a batch, whose hash is not proven yet, and after them. */
void led_vseals_batch(struct led_verify *v, const struct led_audit *a);
void led_vseals_hash(struct led_verify *v, const struct led_audit *a);
void led_vseals_event(struct led_verify *v, const struct led_event *ev);
void led_vseals_end(struct led_verify *v);
void led_vseals_fini(struct led_verify *v);

#endif
