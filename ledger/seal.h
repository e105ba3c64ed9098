/* Seals: once a day is over, an event (LED_SEAL, kept under "seal/DATE") says what the
 * ledger's batches of that UTC day were: how many, the root of a Merkle tree (merkle.h)
 * over their hashes, the hash of the last one, and a MAC over it under a key that
 * evolves. The key of a day is SHA-256 of the day's before, and the older one is erased:
 * who takes over the machine can seal only the days that come, and cannot make a seal of
 * the past anew (as in systemd-journald's sealing; the idea is Bellare and Yee's
 * forward-secure MAC). The first key, kept elsewhere, is what verifies all of them.
 *
 *   key of day d+1 = SHA-256("nova seal key 1", 0, key of day d)
 *   MAC = HMAC-SHA-256(key, "nova seal 1", 0, ledger id, day u32, first batch u64,
 *                      batches u64, root, head), numbers little-endian */
#ifndef LED_SEAL_H
#define LED_SEAL_H

#include "led.h"
#include "merkle.h"
#include "schema.h"

struct led_seal {
	uint32_t day;         /* since 1970, UTC */
	uint64_t first_batch; /* the one after the last of the seal before */
	uint64_t batches;     /* > 0: a day without any has no seal */
	uint8_t root[LED_HASH_BYTES];
	uint8_t head[LED_HASH_BYTES]; /* hash of the last batch */
	bool has_mac;
	uint8_t mac[LED_HASH_BYTES];
};
#define LED_SEAL_LINE_BYTES 512
/* The event's line; returns its length. */
size_t led_seal_line(const struct led_seal *seal, char out[LED_SEAL_LINE_BYTES]);
int led_seal_parse(const char *line, size_t bytes, struct led_seal *ret); /* -EBADMSG */
#define LED_SEAL_STATE_BYTES 24
void led_seal_state_key(uint32_t day, char out[LED_SEAL_STATE_BYTES]);

/* ---- the key ---- */

struct led_seal_key {
	uint8_t ledger[16]; /* the ledger it seals */
	uint32_t day;       /* first day it can seal, or verify */
	uint8_t key[LED_HASH_BYTES];
};
/* Forwards to a later day; the older key is gone. */
void led_seal_key_evolve(struct led_seal_key *key, uint32_t day);
/* key->day must be seal->day. */
void led_seal_mac(const struct led_seal_key *key, const struct led_seal *seal,
	uint8_t mac[LED_HASH_BYTES]);
/* One line without a newline: "nova-seal-1:LEDGER:DATE:KEY". */
#define LED_SEAL_KEY_BYTES 160
void led_seal_key_text(const struct led_seal_key *key, char out[LED_SEAL_KEY_BYTES]);
int led_seal_key_parse(const char *text, size_t bytes, struct led_seal_key *ret);
/* -ENOENT: there is none. -EBADMSG: it is no key. */
int led_seal_key_load(const char *path, struct led_seal_key *ret);
/* Durable when it returns; what the file held before is overwritten on the disk, as far
 * as the file system writes in place. */
int led_seal_key_store(const char *path, const struct led_seal_key *key);
/* A new one; -EIO: no random numbers. */
int led_seal_key_make(const uint8_t ledger[16], uint32_t day, struct led_seal_key *ret);

/* ---- making seals ----
 * Reads the chain in bounded steps, all day long, so that the end of a day costs little.
 */
struct led_sealer {
	struct led *led; /* borrowed */
	uint64_t next;   /* first batch that is not read yet */
	uint64_t first;  /* first batch of the day at hand */
	uint32_t day;    /* the day at hand, when tree.n > 0 */
	uint8_t head[LED_HASH_BYTES];
	struct led_merkle tree;
};
/* Goes on after the newest seal of the ledger. */
int led_sealer_open(struct led_sealer *s, struct led *led);
/* Reads at most `rows` batches. 1: *ret (without a MAC) is due: commit its event with a
 * batch time of now_ns or later, then call led_sealer_sealed. 2: there is more to read.
 * 0: nothing to do now. Negative: an error. now_ns: the time of a batch that would begin
 * now, i.e. not before led_last_time. */
int led_sealer_step(
	struct led_sealer *s, unsigned rows, int64_t now_ns, struct led_seal *ret);
void led_sealer_sealed(struct led_sealer *s);

/* The newest seal. -ENOENT. */
int led_view_seal_last(struct led_view *v, struct led_seal *ret);
/* The seal of the day that holds a batch. -ENOENT: it has not been made yet. */
int led_view_seal_of(struct led_view *v, uint64_t batch, struct led_seal *ret);
/* The ledger's id (16 bytes). */
const uint8_t *led_id(const struct led *led);

#endif
