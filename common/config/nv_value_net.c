/* Values about other machines, text -> field: addresses, rates, prices. See nv_value.h.
 */
#include "nv_units.h"
#include "nv_value.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define URL_BYTES_MAX  500
#define HOST_BYTES_MAX 253

static int
set(void *target, const char *text, size_t bytes, struct nv_err *err)
{
	char *copy = strndup(text, bytes);

	if (!copy)
		return nv_err_set(err, -ENOMEM, "out of memory");
	free(*(char **)target);
	*(char **)target = copy;
	return 0;
}

/* How many bytes of text are a host: a name, an IPv4 address, or one in []. */
static size_t
host_bytes(const char *text)
{
	static const char name[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789.-_";
	size_t n;

	if (text[0] == '[') {
		n = 1 + strspn(text + 1, "0123456789abcdefABCDEF:.");
		return n > 2 && text[n] == ']' ? n + 1 : 0;
	}
	n = strspn(text, name);
	return n > HOST_BYTES_MAX || text[0] == '.' || text[0] == '-' ? 0 : n;
}

/* A port at text: how many digits, 0 when it is none. */
static size_t
port_bytes(const char *text, bool zero)
{
	size_t n = strspn(text, "0123456789");
	unsigned port = 0;

	for (size_t i = 0; i < n && i < 6; i++)
		port = port * 10 + (unsigned)(text[i] - '0');
	return n > 5 || port > 65535 || (port == 0 && !zero) ? 0 : n;
}

int
nv_value_parse_url(const struct nv_value_context *ctx, const struct nv_option *o,
	const char *text, void *target, struct nv_err *err)
{
	size_t bytes = strlen(text);
	size_t at = strncmp(text, "https://", 8) == 0  ? 8
		    : strncmp(text, "http://", 7) == 0 ? 7
						       : 0;
	size_t host = at ? host_bytes(text + at) : 0;

	(void)ctx;
	if (host == 0 || bytes > URL_BYTES_MAX)
		return nv_value_wrong(o, text, err);
	at += host;
	if (text[at] == ':') {
		size_t port = port_bytes(text + at + 1, false);

		if (port == 0)
			return nv_value_wrong(o, text, err);
		at += 1 + port;
	}
	if (text[at] != '\0' && text[at] != '/')
		return nv_value_wrong(o, text, err);
	for (; at < bytes; at++) {
		if (!isalnum((unsigned char)text[at]) && !strchr("/-._~%", text[at]))
			return nv_value_wrong(o, text, err);
	}
	while (bytes > 0 && text[bytes - 1] == '/')
		bytes--;
	return set(target, text, bytes, err);
}

int
nv_value_parse_address(const struct nv_value_context *ctx, const struct nv_option *o,
	const char *text, void *target, struct nv_err *err)
{
	size_t host = host_bytes(text);

	(void)ctx;
	if (host == 0 || text[host] != ':')
		return nv_value_wrong(o, text, err);
	size_t port = port_bytes(text + host + 1, true);

	if (port == 0 || text[host + 1 + port] != '\0')
		return nv_value_wrong(o, text, err);
	return set(target, text, strlen(text), err);
}

bool
nv_address_is_loopback(const char *address)
{
	size_t host = host_bytes(address);
	size_t digits = strspn(address, "0123456789.");

	if (strncmp(address, "[::1]", host) == 0 && host == 5)
		return true;
	if (strncmp(address, "localhost", host) == 0 && host == 9)
		return true;
	return strncmp(address, "127.", 4) == 0 && digits == host;
}

static const struct {
	const char *name;
	uint32_t ms;
} windows[] = {{"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};

int
nv_value_parse_rate(const struct nv_value_context *ctx, const struct nv_option *o,
	const char *text, void *target, struct nv_err *err)
{
	size_t digits = strspn(text, "0123456789");
	uint32_t n = 0;

	(void)ctx;
	for (size_t i = 0; i < digits && digits <= 7; i++)
		n = n * 10 + (uint32_t)(text[i] - '0');
	if (n == 0 || text[digits] != '/')
		return nv_value_wrong(o, text, err);
	for (size_t i = 0; i < NV_LEN(windows); i++) {
		if (strcmp(text + digits + 1, windows[i].name) != 0)
			continue;
		*(struct nv_conf_rate *)target = (struct nv_conf_rate){n, windows[i].ms};
		return 0;
	}
	return nv_value_wrong(o, text, err);
}

void
nv_value_show_rate(struct nv_buf *buf, const struct nv_conf_rate *rate)
{
	const char *name = "s";

	for (size_t i = 0; i < NV_LEN(windows); i++) {
		if (windows[i].ms == rate->window_ms)
			name = windows[i].name;
	}
	nv_buf_printf(buf, "%u/%s", rate->n, name);
}

int
nv_value_parse_price(const struct nv_value_context *ctx, const struct nv_option *o,
	const char *text, void *target, struct nv_err *err)
{
	struct nv_conf_price price = {0};

	(void)ctx;
	if (nv_amount_parse(text, &price.nano, price.currency, NULL) < 0 ||
		price.nano < 0 || price.nano > o->max)
		return nv_value_wrong(o, text, err);
	*(struct nv_conf_price *)target = price;
	return 0;
}
