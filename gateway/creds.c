/* Credentials of a request: see creds.h. */
#include "creds.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool
is_base64url(const char *text, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		char c = text[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
			    (c >= 'A' && c <= 'Z') || c == '-' || c == '_'))
			return false;
	}
	return true;
}

const char *
gw_creds_bearer(const char *authorization)
{
	if (strncasecmp(authorization, "Bearer ", 7) != 0)
		return NULL;
	const char *token = authorization + 7 + strspn(authorization + 7, " ");

	return *token && !strpbrk(token, " \t,") ? token : NULL;
}

bool
gw_creds_cookie(
	const char *cookies, const char *name, size_t nth, char ret[GW_COOKIE_BYTES_MAX])
{
	size_t name_bytes = strlen(name);

	while (*cookies) {
		cookies += strspn(cookies, "; \t");
		size_t bytes = strcspn(cookies, ";");
		const char *value = cookies + name_bytes + 1;
		const char *end = cookies + bytes;

		if (bytes > name_bytes && strncmp(cookies, name, name_bytes) == 0 &&
			cookies[name_bytes] == '=' && nth-- == 0) {
			while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
				end--;
			size_t n = (size_t)(end - value);

			if (n >= GW_COOKIE_BYTES_MAX || !is_base64url(value, n))
				n = 0;
			memcpy(ret, value, n);
			ret[n] = '\0';
			return true;
		}
		cookies += bytes;
	}
	return false;
}

/* The host of "HOST", "HOST:PORT" or "[ADDRESS]:PORT", without brackets. */
static bool
host_only(const char *host, char *ret, size_t max)
{
	bool bracket = host[0] == '[';
	size_t bytes = bracket ? strcspn(host + 1, "]") : strcspn(host, ":");
	const char *rest = host + bytes + (bracket ? 2 : 0);

	if (bytes == 0 || bytes >= max || (bracket && host[bytes + 1] != ']'))
		return false;
	if (*rest && (*rest != ':' || rest[1 + strspn(rest + 1, "0123456789")]))
		return false;
	memcpy(ret, host + bracket, bytes);
	ret[bytes] = '\0';
	return true;
}

/* "localhost" and names below it never leave the machine (RFC 6761, section 6.3). */
static bool
is_localhost(const char *name)
{
	static const char local[] = "localhost";
	size_t bytes = strlen(name);
	size_t at = bytes >= sizeof(local) - 1 ? bytes - (sizeof(local) - 1) : 0;

	return strcasecmp(name + at, local) == 0 && (at == 0 || name[at - 1] == '.');
}

bool
gw_creds_host_is_ours(const char *host, const char *const *names, size_t n_names)
{
	char name[256];
	struct in_addr in;
	struct in6_addr in6;

	if (!host || !host_only(host, name, sizeof(name)))
		return false;
	if (is_localhost(name))
		return true;
	if (inet_pton(AF_INET, name, &in) == 1)
		return (ntohl(in.s_addr) >> 24) == IN_LOOPBACKNET;
	if (inet_pton(AF_INET6, name, &in6) == 1)
		return IN6_IS_ADDR_LOOPBACK(&in6);
	for (size_t i = 0; i < n_names; i++)
		if (strcasecmp(name, names[i]) == 0)
			return true;
	return false;
}

bool
gw_creds_origin_is_ours(const char *origin, const char *host)
{
	const char *authority = strstr(origin, "://");

	if (!authority || !host || !*host)
		return false;
	size_t scheme = (size_t)(authority - origin);

	if (!(scheme == 4 && strncasecmp(origin, "http", 4) == 0) &&
		!(scheme == 5 && strncasecmp(origin, "https", 5) == 0))
		return false;
	return strcasecmp(authority + 3, host) == 0;
}
