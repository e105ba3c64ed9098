#include "scr_url.h"

#include "nv_uri.h"
#include "scr_ascii.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Bytes of "scheme:" at the beginning, 0 when there is none. */
static size_t
scheme_bytes(const char *text)
{
	size_t n = 0;

	if (!scr_is_alpha(text[0]))
		return 0;
	while (scr_is_alnum(text[n]) || text[n] == '+' || text[n] == '-' ||
		text[n] == '.')
		n++;
	return text[n] == ':' ? n + 1 : 0;
}

static bool
is_web(const char *text, size_t scheme)
{
	return (scheme == 5 && strncasecmp(text, "http:", 5) == 0) ||
	       (scheme == 6 && strncasecmp(text, "https:", 6) == 0);
}

/* What a browser does to a URL before it reads it. */
static int
clean(const char *text, struct nv_buf *out)
{
	size_t bytes = strlen(text);
	bool before_query = true;

	/* C0 controls and spaces at both ends. */
	while (bytes > 0 && (unsigned char)*text <= 0x20) {
		text++;
		bytes--;
	}
	while (bytes > 0 && (unsigned char)text[bytes - 1] <= 0x20)
		bytes--;
	for (size_t i = 0; i < bytes && text[i] != '#'; i++) {
		unsigned char c = (unsigned char)text[i];

		before_query &= c != '?';
		if (c == '\t' || c == '\n' || c == '\r')
			continue;
		if (c == '\\' && before_query)
			nv_buf_puts(out, "/");
		else if (c <= 0x20 || c == 0x7f || c == '"' || c == '<' || c == '>')
			nv_buf_printf(out, "%%%02X", c);
		else
			nv_buf_add(out, &c, 1);
	}
	return out->error == -ENOBUFS ? -E2BIG : out->error;
}

/* Octets that are not ASCII, in the path and the query; a host keeps them for IDN. */
static int
encode_high(const char *url, struct nv_buf *out)
{
	const char *host = strstr(url, "://");
	const char *path = host ? strpbrk(host + 3, "/?") : NULL;

	if (!path)
		path = url + strlen(url);
	/* A host that has to be decoded first is read in as many ways as there are
	 * readers. */
	if (memchr(url, '%', (size_t)(path - url)))
		return -EINVAL;
	nv_buf_add(out, url, (size_t)(path - url));
	for (; *path; path++) {
		if ((unsigned char)*path >= 0x80)
			nv_buf_printf(out, "%%%02X", (unsigned char)*path);
		else
			nv_buf_add(out, path, 1);
	}
	return out->error == -ENOBUFS ? -E2BIG : out->error;
}

/* RFC 3986, 6.2.2.1 and 6.2.2.2. */
static void
put_normal(struct nv_buf *out, const char *text)
{
	for (; *text; text++) {
		if (text[0] != '%' || scr_hex(text[1]) < 0 || scr_hex(text[2]) < 0) {
			nv_buf_add(out, text, 1);
			continue;
		}
		char c = (char)(scr_hex(text[1]) * 16 + scr_hex(text[2]));

		if (scr_is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~')
			nv_buf_add(out, &c, 1);
		else
			nv_buf_printf(out, "%%%02X", (unsigned char)c);
		text += 2;
	}
}

/* In a path an escaped dot is a dot, which has to be known before dot segments go; what
 * stands in front of the path is left alone. */
static void
put_normal_url(struct nv_buf *out, const char *url)
{
	const char *host = strstr(url, "://");
	const char *path = host ? strpbrk(host + 3, "/?") : NULL;

	if (!path)
		path = url + strlen(url);
	nv_buf_add(out, url, (size_t)(path - url));
	put_normal(out, path);
}

/* Only hosts that every reader takes for the same one: no "a b", and what ends in a
 * number is a whole IPv4 address ("1.2.3.4.", "192.168.257." and "09" are one for some).
 */
static bool
is_plain_host(const char *host)
{
	const char *dot = strrchr(host, '.');
	const char *last = dot ? dot + 1 : host;
	struct in_addr address;

	if (dot && !*last && dot > host && scr_is_digit(dot[-1]))
		return false;
	if (scr_is_digit(*last) &&
		(!last[strspn(last, "0123456789")] || scr_low(last[1]) == 'x'))
		return inet_pton(AF_INET, host, &address) == 1;
	for (; *host; host++) {
		if (!scr_is_alnum(*host) && !strchr("-._[]:", *host))
			return false;
	}
	return true;
}

static int
finish(struct nv_buf *url, char **ret)
{
	struct nv_buf out;
	struct nv_uri uri;

	nv_buf_init(&out, NV_URI_BYTES_MAX);
	int rc = url->data ? encode_high(url->data, &out) : -EINVAL;

	if (rc == 0)
		rc = nv_uri_parse(out.data, &uri);
	if (rc == 0) {
		/* A link to name:password@host makes a page ask for what nobody meant. */
		rc = uri.credentials || !is_plain_host(uri.host) ? -EINVAL : 0;
		nv_uri_fini(&uri);
	}
	if (rc == 0) {
		for (char *c = out.data; *c != ':'; c++)
			*c = scr_low(*c);
		*ret = nv_buf_take(&out);
	}
	nv_buf_fini(&out);
	return rc;
}

int
scr_url_resolve(const char *base, const char *reference, char **ret)
{
	struct nv_buf text, url;

	nv_buf_init(&text, NV_URI_BYTES_MAX);
	nv_buf_init(&url, NV_URI_BYTES_MAX);
	int rc = clean(reference, &text);
	const char *cleaned = text.data ? text.data : "";
	size_t scheme = scheme_bytes(cleaned);

	if (rc == 0 && scheme > 0 && !is_web(cleaned, scheme))
		rc = -EINVAL;
	/* "https:page" and "https:///host" are read by browsers in ways of their own, and
	 * by nobody else: such a link leads nowhere. */
	if (rc == 0 && scheme > 0 &&
		(strncmp(cleaned + scheme, "//", 2) != 0 || cleaned[scheme + 2] == '/'))
		rc = -EINVAL;
	if (rc == 0 && scheme == 0 && (!base || strncmp(cleaned, "///", 3) == 0))
		rc = -EINVAL;
	if (rc == 0 && scheme > 0)
		nv_buf_puts(&url, cleaned);
	else if (rc == 0)
		rc = nv_uri_resolve(base, cleaned, &url);
	if (rc == 0)
		rc = url.error;
	if (rc == 0)
		rc = finish(&url, ret);
	nv_buf_fini(&text);
	nv_buf_fini(&url);
	return rc;
}

int
scr_url_split(const char *url, char **ret_origin, char **ret_path)
{
	struct nv_uri uri = {0};
	struct nv_buf origin, path;

	nv_buf_init(&path, NV_URI_BYTES_MAX);
	put_normal_url(&path, url);
	int rc = path.error == -ENOBUFS ? -E2BIG : path.error;

	if (rc == 0)
		rc = nv_uri_parse(path.data, &uri);
	nv_buf_fini(&path);
	if (rc < 0)
		return rc;
	nv_buf_init(&origin, NV_URI_BYTES_MAX);
	nv_buf_init(&path, (size_t)NV_URI_BYTES_MAX * 3);
	nv_uri_origin(&uri, &origin);
	put_normal(&path, uri.path ? uri.path : "/");
	if (uri.query) {
		nv_buf_puts(&path, "?");
		put_normal(&path, uri.query);
	}
	rc = origin.error ? origin.error : path.error;
	if (rc == 0) {
		*ret_origin = nv_buf_take(&origin);
		*ret_path = nv_buf_take(&path);
	}
	nv_buf_fini(&origin);
	nv_buf_fini(&path);
	nv_uri_fini(&uri);
	return rc;
}

int
scr_url_key(const char *url, char **ret)
{
	char *origin = NULL, *path = NULL;
	struct nv_buf key;
	int rc = scr_url_split(url, &origin, &path);

	if (rc < 0)
		return rc;
	nv_buf_init(&key, (size_t)NV_URI_BYTES_MAX * 4);
	nv_buf_puts(&key, origin);
	nv_buf_puts(&key, path);
	free(origin);
	free(path);
	rc = key.error;
	if (rc == 0)
		*ret = nv_buf_take(&key);
	nv_buf_fini(&key);
	return rc;
}

static const char *
bare(const char *host)
{
	return strncmp(host, "www.", 4) == 0 ? host + 4 : host;
}

static bool
is_below(const char *host, const char *domain)
{
	size_t n = strlen(host), d = strlen(domain);

	return n >= d && strcmp(host + n - d, domain) == 0 &&
	       (n == d || host[n - d - 1] == '.');
}

bool
scr_url_in_scope(const char *url, const char *of, enum scr_scope scope)
{
	struct nv_uri a = {0}, b = {0};
	bool in = false;

	if (nv_uri_parse(url, &a) == 0 && nv_uri_parse(of, &b) == 0) {
		in = scope == SCR_SCOPE_ANY ||
		     (scope == SCR_SCOPE_HOST && strcmp(a.host, b.host) == 0) ||
		     (scope == SCR_SCOPE_DOMAIN && is_below(a.host, bare(b.host)));
	}
	nv_uri_fini(&a);
	nv_uri_fini(&b);
	return in;
}
