/* What a seal says, and its key: see seal.h. */
#include "seal.h"

#include "nv_fd.h"
#include "shape.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <nettle/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

size_t
led_seal_line(const struct led_seal *seal, char out[LED_SEAL_LINE_BYTES])
{
	char date[LED_DATE_BYTES];
	char root[2 * LED_HASH_BYTES + 1];
	char head[2 * LED_HASH_BYTES + 1];
	char mac[2 * LED_HASH_BYTES + 3] = "null";

	if (seal->has_mac) {
		mac[0] = '"';
		(void)led_hex(seal->mac, LED_HASH_BYTES, mac + 1);
		mac[2 * LED_HASH_BYTES + 1] = '"';
		mac[2 * LED_HASH_BYTES + 2] = '\0';
	}
	int n = snprintf(out, LED_SEAL_LINE_BYTES,
		"{\"event\":\"seal\",\"day\":\"%s\",\"first_batch\":%" PRIu64
		",\"batches\":%" PRIu64 ",\"root\":\"%s\",\"head\":\"%s\",\"mac\":%s}",
		led_date(seal->day, date), seal->first_batch, seal->batches,
		led_hex(seal->root, LED_HASH_BYTES, root),
		led_hex(seal->head, LED_HASH_BYTES, head), mac);

	NV_ASSERT(n > 0 && n < LED_SEAL_LINE_BYTES);
	return (size_t)n;
}

int
led_seal_parse(const char *line, size_t bytes, struct led_seal *ret)
{
	struct led_shape t = {.at = line, .end = line + bytes};
	struct led_seal seal = {0};

	led_shape_literal(&t, "{\"event\":\"seal\",\"day\":\"");
	seal.day = led_shape_date(&t);
	led_shape_literal(&t, "\",\"first_batch\":");
	seal.first_batch = led_shape_number(&t);
	led_shape_literal(&t, ",\"batches\":");
	seal.batches = led_shape_number(&t);
	led_shape_literal(&t, ",\"root\":\"");
	led_shape_hex(&t, seal.root, LED_HASH_BYTES);
	led_shape_literal(&t, "\",\"head\":\"");
	led_shape_hex(&t, seal.head, LED_HASH_BYTES);
	led_shape_literal(&t, "\",\"mac\":");
	seal.has_mac = !led_shape_is(&t, "null");
	if (seal.has_mac) {
		led_shape_literal(&t, "\"");
		led_shape_hex(&t, seal.mac, LED_HASH_BYTES);
		led_shape_literal(&t, "\"");
	}
	led_shape_literal(&t, "}");
	if (!led_shape_end(&t) || seal.batches == 0 || seal.first_batch == 0 ||
		seal.first_batch > UINT64_MAX - seal.batches)
		return -EBADMSG;
	*ret = seal;
	return 0;
}

void
led_seal_state_key(uint32_t day, char out[LED_SEAL_STATE_BYTES])
{
	char date[LED_DATE_BYTES];

	(void)snprintf(out, LED_SEAL_STATE_BYTES, "seal/%s", led_date(day, date));
}

/* ---- the key ---- */

void
led_seal_key_evolve(struct led_seal_key *key, uint32_t day)
{
	static const char domain[] = "nova seal key 1";
	struct sha256_ctx sha;

	NV_ASSERT(day >= key->day);
	for (; key->day < day; key->day++) {
		sha256_init(&sha);
		sha256_update(&sha, sizeof(domain), (const uint8_t *)domain);
		sha256_update(&sha, sizeof(key->key), key->key);
		sha256_digest(&sha, sizeof(key->key), key->key);
	}
	explicit_bzero(&sha, sizeof(sha));
}

void
led_seal_mac(const struct led_seal_key *key, const struct led_seal *seal,
	uint8_t mac[LED_HASH_BYTES])
{
	static const char domain[] = "nova seal 1";
	struct hmac_sha256_ctx hmac;
	uint8_t numbers[4 + 8 + 8];
	uint8_t *at = numbers;

	NV_ASSERT(key->day == seal->day);
	for (int i = 0; i < 4; i++)
		*at++ = (uint8_t)(seal->day >> (8 * i));
	at = led_put_u64(at, seal->first_batch);
	(void)led_put_u64(at, seal->batches);
	hmac_sha256_set_key(&hmac, sizeof(key->key), key->key);
	hmac_sha256_update(&hmac, sizeof(domain), (const uint8_t *)domain);
	hmac_sha256_update(&hmac, sizeof(key->ledger), key->ledger);
	hmac_sha256_update(&hmac, sizeof(numbers), numbers);
	hmac_sha256_update(&hmac, sizeof(seal->root), seal->root);
	hmac_sha256_update(&hmac, sizeof(seal->head), seal->head);
	hmac_sha256_digest(&hmac, LED_HASH_BYTES, mac);
	explicit_bzero(&hmac, sizeof(hmac));
}

void
led_seal_key_text(const struct led_seal_key *key, char out[LED_SEAL_KEY_BYTES])
{
	char id[2 * sizeof(key->ledger) + 1];
	char hex[2 * LED_HASH_BYTES + 1];
	char date[LED_DATE_BYTES];
	int n = snprintf(out, LED_SEAL_KEY_BYTES, "nova-seal-1:%s:%s:%s",
		led_hex(key->ledger, sizeof(key->ledger), id), led_date(key->day, date),
		led_hex(key->key, sizeof(key->key), hex));

	NV_ASSERT(n > 0 && n < LED_SEAL_KEY_BYTES);
	explicit_bzero(hex, sizeof(hex));
}

int
led_seal_key_parse(const char *text, size_t bytes, struct led_seal_key *ret)
{
	struct led_shape t = {.at = text, .end = text + bytes};
	struct led_seal_key key = {0};

	while (t.end > t.at && (t.end[-1] == '\n' || t.end[-1] == ' '))
		t.end--;
	led_shape_literal(&t, "nova-seal-1:");
	led_shape_hex(&t, key.ledger, sizeof(key.ledger));
	led_shape_literal(&t, ":");
	key.day = led_shape_date(&t);
	led_shape_literal(&t, ":");
	led_shape_hex(&t, key.key, sizeof(key.key));
	if (!led_shape_end(&t))
		return -EBADMSG;
	*ret = key;
	return 0;
}

int
led_seal_key_load(const char *path, struct led_seal_key *ret)
{
	char *text;
	size_t bytes;
	int rc = nv_read_file_at(AT_FDCWD, path, 4096, &text, &bytes);

	if (rc < 0)
		return rc;
	rc = led_seal_key_parse(text, bytes, ret);
	explicit_bzero(text, bytes);
	free(text);
	return rc;
}

static int
overwrite(int fd)
{
	static const char zeros[LED_SEAL_KEY_BYTES];

	if (pwrite(fd, zeros, sizeof(zeros), 0) != (ssize_t)sizeof(zeros))
		return -EIO;
	return fdatasync(fd) < 0 ? -errno : 0;
}

static int
sync_parent(const char *path)
{
	char dir[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int n = snprintf(dir, sizeof(dir), "%.*s",
		slash ? (int)NV_MAX(slash - path, 1) : 1, slash ? path : ".");

	if (n < 0 || (size_t)n >= sizeof(dir))
		return -ENAMETOOLONG;
	NV_CLEANUP_FD fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

/* Always the same temporary name: what a crash leaves there is overwritten the next time,
 * and no older key stays behind under a name nobody looks at. */
static int
replace(const char *path, const char *text, size_t bytes)
{
	char temp[PATH_MAX];
	int n = snprintf(temp, sizeof(temp), "%s.new", path);

	if (n < 0 || (size_t)n >= sizeof(temp))
		return -ENAMETOOLONG;
	NV_CLEANUP_FD fd =
		open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return -errno;
	int rc = nv_write_full(fd, text, bytes);

	if (rc == 0 && (fsync(fd) < 0 || rename(temp, path) < 0))
		rc = -errno;
	return rc == 0 ? sync_parent(path) : rc;
}

int
led_seal_key_store(const char *path, const struct led_seal_key *key)
{
	char text[LED_SEAL_KEY_BYTES + 1];
	NV_CLEANUP_FD old = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	led_seal_key_text(key, text);
	size_t bytes = strlen(text);

	text[bytes++] = '\n';
	int rc = replace(path, text, bytes);

	explicit_bzero(text, sizeof(text));
	/* The older key would forge what it sealed: not even its disk block keeps it. */
	if (rc == 0 && old >= 0)
		rc = overwrite(old);
	return rc;
}

int
led_seal_key_make(const uint8_t ledger[16], uint32_t day, struct led_seal_key *ret)
{
	struct led_seal_key key = {.day = day};

	memcpy(key.ledger, ledger, sizeof(key.ledger));
	if (getrandom(key.key, sizeof(key.key), 0) != (ssize_t)sizeof(key.key))
		return -EIO;
	*ret = key;
	return 0;
}
