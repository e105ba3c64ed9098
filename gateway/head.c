/* Request heads: see head.h. */
#include "head.h"

#include <string.h>
#include <strings.h>

static const char *const methods[] = {
#define X(name) [GW_##name] = #name,
	GW_METHODS(X)
#undef X
};

const char *
gw_method_name(enum gw_method method)
{
	return methods[method];
}

/* ---- characters (RFC 9110, section 5.6.2; RFC 3986) ---- */

static bool
is_token(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') || (c && strchr("!#$%&'*+-.^_`|~", c));
}

/* Visible, and no byte that a target may not have. */
static bool
is_target(unsigned char c)
{
	return c > ' ' && c < 0x7f && !strchr("\"<>\\^`{|}#", c);
}

static bool
is_field(unsigned char c)
{
	return c == '\t' || (c >= ' ' && c != 0x7f);
}

static int
hex(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int
gw_unescape(char *text, bool form)
{
	char *to = text;

	for (const char *at = text; *at; at++) {
		char c = *at;

		if (c == '%') {
			int high = hex((unsigned char)at[1]);
			int low = high < 0 ? -1 : hex((unsigned char)at[2]);

			if (low < 0 || (high == 0 && low == 0))
				return -1;
			c = (char)(high << 4 | low);
			at += 2;
		} else if (c == '+' && form) {
			c = ' ';
		}
		*to++ = c;
	}
	*to = '\0';
	return (int)(to - text);
}

/* ---- where it ends ---- */

int
gw_head_find(const char *data, size_t bytes, size_t *at)
{
	/* Lines end with CR LF and nothing else; so an end is seen from its LF. */
	for (size_t i = *at; i < bytes; i++) {
		if (i >= GW_HEAD_BYTES_MAX)
			return -431;
		if (data[i] == '\0')
			return -400;
		if (data[i] == '\r') {
			if (i + 1 < bytes && data[i + 1] != '\n')
				return -400;
			continue;
		}
		if (data[i] != '\n') {
			if (i == GW_LINE_BYTES_MAX && !memchr(data, '\n', i))
				return -414;
			continue;
		}
		if (i == 0 || data[i - 1] != '\r')
			return -400;
		if (i >= 3 && data[i - 2] == '\n') {
			*at = i + 1;
			return (int)(i + 1);
		}
	}
	/* A CR at the very end is looked at again with what follows it. */
	*at = bytes && data[bytes - 1] == '\r' ? bytes - 1 : bytes;
	return 0;
}

/* ---- request line ---- */

struct reading {
	struct gw_request *r;
	const char *why;
	bool host;
	bool length;
	bool transfer;
};

static int
refuse(struct reading *in, int status, const char *why)
{
	in->why = why;
	return status;
}

static int
read_method(struct reading *in, const char *text)
{
	for (const char *at = text; *at; at++)
		if (!is_token((unsigned char)*at))
			return refuse(in, 400, "the method is no token");
	for (size_t i = 0; i < NV_LEN(methods); i++) {
		if (strcmp(text, methods[i]) == 0) {
			in->r->method = (enum gw_method)i;
			return 0;
		}
	}
	return *text ? refuse(in, 501, "a method that is not known here")
		     : refuse(in, 400, "no method");
}

/* origin-form, or the absolute-form that a server has to take as well. */
static int
read_target(struct reading *in, char *text)
{
	for (const char *at = text; *at; at++)
		if (!is_target((unsigned char)*at))
			return refuse(in, 400, "a byte that a target may not have");
	if (strcmp(text, "*") == 0 && in->r->method == GW_OPTIONS) {
		in->r->path = text;
		in->r->query = "";
		return 0;
	}
	if (strncasecmp(text, "http://", 7) == 0 ||
		strncasecmp(text, "https://", 8) == 0) {
		char *host = strchr(text, ':') + 3;
		size_t bytes = strcspn(host, "/?");

		if (bytes == 0 || memchr(host, '@', bytes) || host[bytes] != '/')
			return refuse(in, 400, "a target without host or path");
		text = host + bytes;
	}
	if (*text != '/')
		return refuse(in, 400, "the target is no path");
	char *query = strchr(text, '?');

	if (query)
		*query++ = '\0';
	if (strcasestr(text, "%2f") || gw_unescape(text, false) < 0)
		return refuse(in, 400, "a percent escape that a path may not have");
	in->r->path = text;
	in->r->query = query ? query : "";
	return 0;
}

static int
read_version(struct reading *in, const char *text)
{
	if (strcmp(text, "HTTP/1.1") == 0)
		return 0;
	in->r->http10 = strcmp(text, "HTTP/1.0") == 0;
	if (in->r->http10)
		return 0;
	if (strncmp(text, "HTTP/", 5) == 0 && text[5] >= '0' && text[5] <= '9' &&
		text[6] == '.' && text[7] >= '0' && text[7] <= '9' && !text[8])
		return refuse(in, 505, "expected HTTP/1.1");
	return refuse(in, 400, "the request line has no version");
}

static int
read_request_line(struct reading *in, char *line)
{
	char *target = strchr(line, ' ');
	char *version = target ? strchr(target + 1, ' ') : NULL;

	if (!version)
		return refuse(in, 400, "expected METHOD TARGET HTTP/1.1");
	*target++ = '\0';
	*version++ = '\0';
	int status = read_method(in, line);

	if (status == 0)
		status = read_version(in, version);
	if (status == 0)
		status = read_target(in, target);
	return status;
}

/* ---- headers ---- */

static int
read_length(struct reading *in, const char *value)
{
	int64_t n = 0;

	if (in->length)
		return refuse(in, 400, "two lengths");
	if (!*value)
		return refuse(in, 400, "a length that is not digits");
	for (; *value; value++) {
		if (*value < '0' || *value > '9')
			return refuse(in, 400, "a length that is not digits");
		n = n * 10 + (*value - '0');
		if (n > GW_LENGTH_BYTES_MAX)
			return refuse(in, 413, "a body that is too large");
	}
	in->length = true;
	in->r->length = n;
	return 0;
}

static int
read_transfer(struct reading *in, const char *value)
{
	if (in->transfer)
		return refuse(in, 400, "Transfer-Encoding twice");
	if (in->r->http10)
		return refuse(in, 400, "Transfer-Encoding in HTTP/1.0");
	if (strcasecmp(value, "chunked") != 0)
		return refuse(in, strcasestr(value, "chunked") ? 400 : 501,
			"expected Transfer-Encoding: chunked");
	in->transfer = true;
	in->r->chunked = true;
	return 0;
}

/* Host is compared with nothing here, but it has to be one that everybody reads alike. */
static int
read_host(struct reading *in, const char *value)
{
	if (in->host)
		return refuse(in, 400, "two Hosts");
	for (const char *at = value; *at; at++)
		if (!is_target((unsigned char)*at) || strchr("/?@,", *at))
			return refuse(in, 400, "a byte that a Host may not have");
	in->host = true;
	return 0;
}

/* Does the list have this word? */
static bool
has_word(const char *list, const char *word)
{
	size_t bytes = strlen(word);

	while (*list) {
		list += strspn(list, " \t,");
		size_t n = strcspn(list, ",");
		size_t trimmed = n;

		while (trimmed && (list[trimmed - 1] == ' ' || list[trimmed - 1] == '\t'))
			trimmed--;
		if (trimmed == bytes && strncasecmp(list, word, bytes) == 0)
			return true;
		list += n;
	}
	return false;
}

static int
read_meaning(struct reading *in, const char *name, const char *value)
{
	if (strcmp(name, "host") == 0)
		return read_host(in, value);
	if (strcmp(name, "content-length") == 0)
		return read_length(in, value);
	if (strcmp(name, "transfer-encoding") == 0)
		return read_transfer(in, value);
	if (strcmp(name, "connection") == 0 && has_word(value, "close"))
		in->r->keep = false;
	if (strcmp(name, "expect") == 0) {
		if (strcasecmp(value, "100-continue") != 0)
			return refuse(in, 417, "expected Expect: 100-continue");
		in->r->expects = !in->r->http10;
	}
	return 0;
}

static int
read_header(struct reading *in, char *line)
{
	struct gw_request *r = in->r;
	char *colon = strchr(line, ':');

	if (*line == ' ' || *line == '\t')
		return refuse(in, 400, "a folded header");
	if (!colon || colon == line)
		return refuse(in, 400, "a header without a name");
	if (r->n_headers == GW_HEADERS_MAX)
		return refuse(in, 431, "too many headers");
	for (char *at = line; at < colon; at++) {
		if (!is_token((unsigned char)*at))
			return refuse(
				in, 400, "a byte that a header's name may not have");
		if (*at >= 'A' && *at <= 'Z')
			*at |= 0x20;
	}
	*colon = '\0';
	char *value = colon + 1 + strspn(colon + 1, " \t");
	char *end = value + strlen(value);

	while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = '\0';
	for (const char *at = value; *at; at++)
		if (!is_field((unsigned char)*at))
			return refuse(in, 400, "a control character in a header");
	r->headers[r->n_headers++] = (struct gw_header){line, value};
	return read_meaning(in, line, value);
}

static int
check_whole(struct reading *in)
{
	struct gw_request *r = in->r;

	if (!in->host && !r->http10)
		return refuse(in, 400, "no Host");
	if (in->length && in->transfer)
		return refuse(in, 400, "a length beside Transfer-Encoding");
	r->has_body = in->length || in->transfer;
	if (r->http10)
		r->keep = false;
	if (!r->has_body || (in->length && r->length == 0))
		r->expects = false;
	return 0;
}

int
gw_head_parse(char *head, size_t bytes, struct gw_request *ret, const char **ret_why)
{
	struct reading in = {.r = ret, .why = ""};
	char *line = head;
	bool first = true;
	int status = 0;

	*ret = (struct gw_request){.keep = true, .query = ""};
	NV_ASSERT(bytes >= 4 && bytes <= GW_HEAD_BYTES_MAX);
	for (const char *end = head + bytes; status == 0 && line < end;) {
		char *stop = memchr(line, '\r', (size_t)(end - line));

		NV_ASSERT(stop && stop + 1 < end && stop[1] == '\n');
		*stop = '\0';
		if (first)
			status = read_request_line(&in, line);
		else if (stop > line)
			status = read_header(&in, line);
		first = false;
		line = stop + 2;
	}
	if (status == 0)
		status = check_whole(&in);
	*ret_why = in.why;
	return status;
}

const char *
gw_header(const struct gw_request *request, const char *name)
{
	for (size_t i = 0; i < request->n_headers; i++)
		if (strcmp(request->headers[i].name, name) == 0)
			return request->headers[i].value;
	return NULL;
}

size_t
gw_header_count(const struct gw_request *request, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < request->n_headers; i++)
		n += strcmp(request->headers[i].name, name) == 0;
	return n;
}
