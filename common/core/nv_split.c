/* Variants and their shares: see nv_split.h. */
#include "nv_split.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- text ---- */

static int
hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Letters, digits and what means nothing in the text form; all else is encoded. */
static bool
is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_' || c == '+';
}

static bool
decode_value(const char *text, size_t bytes, char out[NV_SPLIT_VALUE_BYTES])
{
	size_t n = 0;

	for (size_t i = 0; i < bytes; n++) {
		char c = text[i++];

		if (n == NV_SPLIT_VALUE_BYTES - 1)
			return false;
		if (c == '%') {
			int high = i + 2 <= bytes ? hex_digit(text[i]) : -1;
			int low = i + 2 <= bytes ? hex_digit(text[i + 1]) : -1;

			if (high < 0 || low < 0)
				return false;
			c = (char)(high * 16 + low);
			i += 2;
		} else if (!is_plain(c)) {
			return false;
		}
		if (c == '\0')
			return false;
		out[n] = c;
	}
	out[n] = '\0';
	return n > 0;
}

static bool
take_name(const char *text, size_t bytes, char out[NV_NAME_MAX])
{
	if (bytes == 0 || bytes >= NV_NAME_MAX)
		return false;
	memcpy(out, text, bytes);
	out[bytes] = '\0';
	return true;
}

/* Decimal digits alone, up to a million. */
static bool
take_share(const char *text, size_t bytes, uint32_t *ret)
{
	uint32_t v = 0;

	if (bytes == 0 || bytes > 7)
		return false;
	for (size_t i = 0; i < bytes; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		v = v * 10 + (uint32_t)(text[i] - '0');
	}
	*ret = v;
	return v <= NV_SPLIT_WHOLE_PPM;
}

static bool
take_arm(const char *text, size_t bytes, struct nv_split *s)
{
	struct nv_split_arm *arm = &s->arms[s->n];
	const char *end = text + bytes;
	const char *share = memchr(text, ':', bytes);
	const char *value =
		share ? memchr(share + 1, ':', (size_t)(end - share - 1)) : NULL;

	if (!share || !take_name(text, (size_t)(share - text), arm->name) ||
		!nv_name_valid(arm->name) || !value != !s->param[0])
		return false;
	share++;
	if (!take_share(share, (size_t)((value ? value : end) - share), &arm->share_ppm))
		return false;
	for (unsigned i = 0; i < s->n; i++) {
		if (strcmp(s->arms[i].name, arm->name) == 0)
			return false;
	}
	s->n++;
	return !value || decode_value(value + 1, (size_t)(end - value - 1), arm->value);
}

int
nv_split_parse(const char *text, struct nv_split *ret, struct nv_err *err)
{
	struct nv_split s = {0};
	const char *at = text;
	const char *semicolon = strchr(text, ';');
	uint64_t sum = 0;

	if (semicolon) {
		if (!take_name(text, (size_t)(semicolon - text), s.param))
			goto bad;
		at = semicolon + 1;
	}
	while (*at || s.n > 0 || semicolon) {
		size_t bytes = strcspn(at, ",");

		if (s.n == NV_SPLIT_ARMS || !take_arm(at, bytes, &s))
			goto bad;
		sum += s.arms[s.n - 1].share_ppm;
		at += bytes;
		if (!*at)
			break;
		at++;
	}
	if (s.n > 0 && sum != NV_SPLIT_WHOLE_PPM)
		return nv_err_set(err, -EINVAL,
			"expected shares that are %u together, found %llu",
			(unsigned)NV_SPLIT_WHOLE_PPM, (unsigned long long)sum);
	*ret = s;
	return 0;
bad:
	return nv_err_set(err, -EINVAL,
		"expected shares of at most %d variants such as \"a:700000,b:300000\", "
		"found \"%.100s\"",
		NV_SPLIT_ARMS, text);
}

const char *
nv_split_text(const struct nv_split *split, char buf[NV_SPLIT_BYTES])
{
	size_t n = 0;

	buf[0] = '\0';
	if (split->param[0])
		n += (size_t)snprintf(buf, NV_SPLIT_BYTES, "%s;", split->param);
	for (unsigned i = 0; i < split->n; i++) {
		const struct nv_split_arm *arm = &split->arms[i];

		n += (size_t)snprintf(buf + n, NV_SPLIT_BYTES - n, "%s%s:%u",
			i ? "," : "", arm->name, (unsigned)arm->share_ppm);
		if (split->param[0])
			n += (size_t)snprintf(buf + n, NV_SPLIT_BYTES - n, ":");
		for (const char *c = arm->value; split->param[0] && *c; c++)
			n += (size_t)snprintf(buf + n, NV_SPLIT_BYTES - n,
				is_plain(*c) ? "%c" : "%%%02X",
				is_plain(*c) ? *c : (unsigned char)*c);
	}
	NV_ASSERT(n < NV_SPLIT_BYTES);
	return buf;
}

void
nv_split_set_shares(struct nv_split *split, const double *shares)
{
	double rest[NV_SPLIT_ARMS];
	double sum = 0;
	uint32_t left = NV_SPLIT_WHOLE_PPM;

	NV_ASSERT(split->n >= 1 && split->n <= NV_SPLIT_ARMS);
	for (unsigned i = 0; i < split->n; i++)
		sum += shares[i] > 0 ? shares[i] : 0;
	for (unsigned i = 0; i < split->n; i++) {
		double part = !(sum > 0)      ? 1.0 / split->n
			      : shares[i] > 0 ? shares[i] / sum
					      : 0;
		double exact = part * NV_SPLIT_WHOLE_PPM;

		split->arms[i].share_ppm = NV_MIN((uint32_t)exact, left);
		left -= split->arms[i].share_ppm;
		rest[i] = exact - split->arms[i].share_ppm;
	}
	for (; left > 0; left--) {
		unsigned most = 0;

		for (unsigned i = 1; i < split->n; i++)
			most = rest[i] > rest[most] ? i : most;
		split->arms[most].share_ppm++;
		rest[most] -= 1;
	}
}

bool
nv_split_is_mixed(const struct nv_split *split)
{
	unsigned with = 0;

	for (unsigned i = 0; i < split->n; i++)
		with += split->arms[i].share_ppm > 0;
	return with > 1;
}

/* ---- choice ---- */

/* FNV-1a, and the finaliser of splitmix64: neighbouring ids must not have neighbouring
 * hashes. */
static uint64_t
hash(const char *text)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (; *text; text++)
		h = (h ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
	h = (h ^ h >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	h = (h ^ h >> 27) * UINT64_C(0x94d049bb133111eb);
	return h ^ h >> 31;
}

/* Where a number, as a fraction of 2^64, falls among the shares. */
static unsigned
arm_at(const struct nv_split *split, uint64_t fraction)
{
	uint32_t at = (uint32_t)(((fraction >> 32) * NV_SPLIT_WHOLE_PPM) >> 32);
	unsigned last = 0;

	NV_ASSERT(split->n > 0);
	for (unsigned i = 0; i < split->n; i++) {
		if (at < split->arms[i].share_ppm)
			return i;
		at -= split->arms[i].share_ppm;
		last = split->arms[i].share_ppm > 0 ? i : last;
	}
	return last;
}

unsigned
nv_split_of_run(const struct nv_split *split, const char *run_id)
{
	return arm_at(split, hash(run_id));
}

static uint64_t
bits_reversed(uint32_t v)
{
	uint64_t r = 0;

	for (int i = 0; i < 32; i++)
		r |= (uint64_t)(v >> i & 1) << (63 - i);
	return r;
}

/* Side by side: halves, quarters, eighths (van der Corput), so that two instances of an
 * even split are always one of each. One after the other: steps of the golden section,
 * which cover the circle evenly wherever they stop (Weyl). */
unsigned
nv_split_of_instance(const struct nv_split *split, const char *worker, uint32_t instance,
	uint32_t generation)
{
	return arm_at(split, hash(worker) + bits_reversed(instance - 1) +
				     generation * UINT64_C(0x9e3779b97f4a7c15));
}
