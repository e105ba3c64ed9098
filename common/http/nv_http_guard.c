/* See nv_http_guard.h. */
#include "nv_http_guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

struct range4 {
	uint32_t prefix;
	unsigned bits;
	const char *what;
};

#define IP4(a, b, c, d) ((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))

/* IANA IPv4 Special-Purpose Address Registry; all that is not globally reachable. */
static const struct range4 ranges4[] = {
	{IP4(0, 0, 0, 0), 8, "this network"},
	{IP4(10, 0, 0, 0), 8, "private"},
	{IP4(100, 64, 0, 0), 10, "shared (carrier NAT)"},
	{IP4(127, 0, 0, 0), 8, "loopback"},
	{IP4(169, 254, 0, 0), 16, "link-local"},
	{IP4(172, 16, 0, 0), 12, "private"},
	{IP4(192, 0, 0, 0), 24, "reserved"},
	{IP4(192, 0, 2, 0), 24, "documentation"},
	{IP4(192, 31, 196, 0), 24, "reserved"},
	{IP4(192, 52, 193, 0), 24, "reserved"},
	{IP4(192, 88, 99, 0), 24, "reserved"},
	{IP4(192, 168, 0, 0), 16, "private"},
	{IP4(192, 175, 48, 0), 24, "reserved"},
	{IP4(198, 18, 0, 0), 15, "benchmarking"},
	{IP4(198, 51, 100, 0), 24, "documentation"},
	{IP4(203, 0, 113, 0), 24, "documentation"},
	{IP4(224, 0, 0, 0), 4, "multicast"},
	{IP4(240, 0, 0, 0), 4, "reserved"},
};

struct range6 {
	uint8_t prefix[16];
	unsigned bits;
	const char *what;
};

/* Inside 2000::/3, which is all that is given out for global unicast. */
static const struct range6 ranges6[] = {
	{{0x20, 0x01, 0x0d, 0xb8}, 32, "documentation"},
	{{0x20, 0x01}, 23, "reserved"}, /* Teredo, benchmarking, ORCHID and others */
	{{0x3f, 0xff}, 20, "documentation"},
	{{0x26, 0x20, 0x00, 0x4f, 0x80}, 48, "reserved"},
};

static const char *
denied4(uint32_t address)
{
	for (size_t i = 0; i < NV_LEN(ranges4); i++) {
		uint32_t mask = ~UINT32_C(0) << (32 - ranges4[i].bits);

		if ((address & mask) == ranges4[i].prefix)
			return ranges4[i].what;
	}
	return NULL;
}

static bool
begins(const uint8_t *address, const uint8_t *prefix, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (memcmp(address, prefix, whole) != 0)
		return false;
	return rest == 0 || (address[whole] ^ prefix[whole]) >> (8 - rest) == 0;
}

static uint32_t
ip4_at(const uint8_t *a)
{
	return IP4((uint32_t)a[0], (uint32_t)a[1], (uint32_t)a[2], (uint32_t)a[3]);
}

/* An IPv4 address that the network takes out of this one again. */
static bool
inner4(const uint8_t a[16], uint32_t *ret)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	static const uint8_t translated[12] = {[8] = 0xff, [9] = 0xff};
	static const uint8_t compatible[12] = {0};
	static const uint8_t nat64[12] = {0x00, 0x64, 0xff, 0x9b};
	static const uint8_t isatap[3] = {0x00, 0x5e, 0xfe};

	if (memcmp(a, mapped, 12) == 0 || memcmp(a, translated, 12) == 0 ||
		memcmp(a, compatible, 12) == 0 || memcmp(a, nat64, 12) == 0 ||
		((a[8] & 0xfc) == 0 && memcmp(a + 9, isatap, 3) == 0)) {
		*ret = ip4_at(a + 12);
		return true;
	}
	if (a[0] == 0x20 && a[1] == 0x02) { /* 6to4 */
		*ret = ip4_at(a + 2);
		return true;
	}
	return false;
}

static const char *
denied6(const uint8_t a[16])
{
	static const uint8_t zero[15];
	static const uint8_t nat64[12] = {0x00, 0x64, 0xff, 0x9b};
	const char *what;
	uint32_t ip4;

	if (memcmp(a, zero, 15) == 0 && a[15] <= 1)
		return a[15] ? "loopback" : "unspecified";
	if (inner4(a, &ip4)) {
		what = denied4(ip4);
		if (what)
			return what;
		/* An IPv4 address in such clothes: none of a server's but NAT64's and
		 * 6to4's. */
		if (memcmp(a, nat64, 12) == 0)
			return NULL;
	}
	if (a[0] == 0xff)
		return "multicast";
	if (a[0] == 0xfe && (a[1] & 0xc0) == 0x80)
		return "link-local";
	if ((a[0] & 0xfe) == 0xfc)
		return "private";
	if ((a[0] & 0xe0) != 0x20)
		return "reserved";
	for (size_t i = 0; i < NV_LEN(ranges6); i++) {
		if (begins(a, ranges6[i].prefix, ranges6[i].bits))
			return ranges6[i].what;
	}
	return NULL;
}

const char *
nv_http_addr_denied(const struct sockaddr *addr, size_t bytes)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	if (addr->sa_family == AF_INET && bytes >= sizeof(in)) {
		memcpy(&in, addr, sizeof(in));
		return denied4(ntohl(in.sin_addr.s_addr));
	}
	if (addr->sa_family == AF_INET6 && bytes >= sizeof(in6)) {
		memcpy(&in6, addr, sizeof(in6));
		return denied6(in6.sin6_addr.s6_addr);
	}
	return "not an internet address";
}
