/* See nv_base64.h. mbedTLS's own decoder skips white space and line breaks and takes bits
 * that are left over: too kind for signatures. */
#include "nv_base64.h"

#include <errno.h>
#include <string.h>

static const char std_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

size_t
nv_base64_encode(enum nv_base64 kind, const void *data, size_t bytes, char *ret)
{
	const char *digits = kind == NV_BASE64_STD ? std_digits : url_digits;
	const uint8_t *in = data;
	char *out = ret;

	for (; bytes >= 3; bytes -= 3, in += 3) {
		*out++ = digits[in[0] >> 2];
		*out++ = digits[(in[0] & 3) << 4 | in[1] >> 4];
		*out++ = digits[(in[1] & 15) << 2 | in[2] >> 6];
		*out++ = digits[in[2] & 63];
	}
	if (bytes) {
		unsigned second = bytes == 2 ? in[1] : 0;

		*out++ = digits[in[0] >> 2];
		*out++ = digits[(in[0] & 3) << 4 | second >> 4];
		if (bytes == 2)
			*out++ = digits[(second & 15) << 2];
		for (size_t pad = bytes; kind == NV_BASE64_STD && pad < 3; pad++)
			*out++ = '=';
	}
	*out = '\0';
	return (size_t)(out - ret);
}

/* 0..63, or -1. */
static int
digit(enum nv_base64 kind, char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == (kind == NV_BASE64_STD ? '+' : '-'))
		return 62;
	return c == (kind == NV_BASE64_STD ? '/' : '_') ? 63 : -1;
}

int
nv_base64_decode(enum nv_base64 kind, const char *text, size_t chars, void *ret,
	size_t max, size_t *ret_bytes)
{
	uint8_t *out = ret;
	size_t n = 0, pad = 0;
	uint32_t bits = 0;

	if (kind == NV_BASE64_STD) {
		if (chars % 4 != 0)
			return -EINVAL;
		while (pad < 2 && chars && text[chars - 1] == '=') {
			pad++;
			chars--;
		}
	}
	if (chars % 4 == 1)
		return -EINVAL;
	if (chars / 4 * 3 + (chars % 4 ? chars % 4 - 1 : 0) > max)
		return -ENOBUFS;
	for (size_t i = 0; i < chars; i++) {
		int value = digit(kind, text[i]);

		if (value < 0)
			return -EINVAL;
		bits = bits << 6 | (uint32_t)value;
		if (i % 4 == 0)
			continue;
		/* 2, 4 or 0 bits of this digit belong to the next byte. */
		unsigned rest = 6 - 2 * (unsigned)(i % 4);

		out[n++] = (uint8_t)(bits >> rest);
		bits &= (1u << rest) - 1;
	}
	if (bits)
		return -EINVAL;
	*ret_bytes = n;
	return 0;
}

void
nv_hex_encode(const void *data, size_t bytes, char *ret)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *in = data;

	for (size_t i = 0; i < bytes; i++) {
		*ret++ = digits[in[i] >> 4];
		*ret++ = digits[in[i] & 15];
	}
	*ret = '\0';
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int
nv_hex_decode(const char *text, size_t chars, void *ret, size_t bytes)
{
	uint8_t *out = ret;

	if (chars != 2 * bytes)
		return -EINVAL;
	for (size_t i = 0; i < bytes; i++) {
		int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}
