/* Names of the tables, and their keys: big-endian, so that byte order is number order.
 * See schema.h. */
#include "schema.h"

#include <string.h>

const char *
led_db_name(enum led_db db)
{
	static const char *const names[LED_DB_COUNT] = {
		[LED_DB_META] = "meta",
		[LED_DB_EVENT] = "event",
		[LED_DB_BAD] = "bad",
		[LED_DB_AUDIT] = "audit",
		[LED_DB_NAME] = "name",
		[LED_DB_NAMEID] = "nameid",
		[LED_DB_BAL] = "bal",
		[LED_DB_ROLLM] = "rollm",
		[LED_DB_ROLLH] = "rollh",
		[LED_DB_ROLLD] = "rolld",
		[LED_DB_ROLLC] = "rollc",
		[LED_DB_IDEM] = "idem",
		[LED_DB_STREAM] = "stream",
		[LED_DB_STATE] = "state",
		[LED_DB_ROLLV] = "rollv",
		[LED_DB_SALE] = "sale",
		[LED_DB_EXTID] = "extid",
		[LED_DB_ORPHAN] = "orphan",
		[LED_DB_LINK] = "link",
		[LED_DB_PEND] = "pend",
		[LED_DB_PENDEXP] = "pendexp",
	};

	NV_ASSERT(db < LED_DB_COUNT);
	return names[db];
}

static size_t
put_be(uint8_t *out, uint64_t v, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		out[i] = (uint8_t)(v >> (8 * (bytes - 1 - i)));
	return bytes;
}

size_t
led_key_u64(uint64_t v, uint8_t *out)
{
	return put_be(out, v, 8);
}

uint64_t
led_key_get_u64(const void *key)
{
	return (uint64_t)led_key_get_u32(key) << 32 |
	       led_key_get_u32((const uint8_t *)key + 4);
}

uint32_t
led_key_get_u32(const void *key)
{
	const uint8_t *at = key;

	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 |
	       at[3];
}

size_t
led_key_name(enum led_dict_kind dict, uint32_t id, uint8_t *out)
{
	out[0] = (uint8_t)dict;
	return 1 + put_be(out + 1, id, 4);
}

size_t
led_key_nameid(enum led_dict_kind dict, const char *name, size_t bytes, uint8_t *out)
{
	NV_ASSERT(bytes < LED_KEY_BYTES_MAX);
	out[0] = (uint8_t)dict;
	memcpy(out + 1, name, bytes);
	return 1 + bytes;
}

size_t
led_key_bal(uint32_t account, uint32_t currency, uint8_t *out)
{
	return put_be(out, account, 4) + put_be(out + 4, currency, 4);
}

size_t
led_key_roll(uint32_t worker, uint32_t currency, uint32_t bucket, uint8_t *out)
{
	return put_be(out, worker, 4) + put_be(out + 4, currency, 4) +
	       put_be(out + 8, bucket, 4);
}

size_t
led_key_rollc(uint16_t code, uint32_t worker, uint32_t currency, uint32_t category,
	uint32_t quarter, uint8_t *out)
{
	return put_be(out, code, 2) + put_be(out + 2, worker, 4) +
	       put_be(out + 6, currency, 4) + put_be(out + 10, category, 4) +
	       put_be(out + 14, quarter, 4);
}

size_t
led_key_rollv(uint32_t worker, uint32_t currency, uint32_t variant, uint32_t quarter,
	uint8_t *out)
{
	return put_be(out, worker, 4) + put_be(out + 4, currency, 4) +
	       put_be(out + 8, variant, 4) + put_be(out + 12, quarter, 4);
}

size_t
led_key_orphan(const char *of, size_t bytes, uint64_t seq, uint8_t *out)
{
	NV_ASSERT(bytes > 0 && bytes <= LED_ID_MAX);
	memcpy(out, of, bytes);
	out[bytes] = '\0';
	return bytes + 1 + put_be(out + bytes + 1, seq, 8);
}

size_t
led_key_link(enum led_link what, uint64_t seq, uint8_t *out)
{
	out[0] = (uint8_t)what;
	return 1 + put_be(out + 1, seq, 8);
}

size_t
led_key_pendexp(int64_t expires_ns, uint64_t seq, uint8_t *out)
{
	return put_be(out, (uint64_t)expires_ns, 8) + put_be(out + 8, seq, 8);
}

size_t
led_key_idem(uint32_t scope, const char *id, size_t bytes, uint8_t *out)
{
	NV_ASSERT(bytes > 0 && bytes <= LED_ID_MAX);
	size_t n = put_be(out, scope, 4);

	memcpy(out + n, id, bytes);
	return n + bytes;
}
