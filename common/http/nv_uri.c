/* See nv_uri.h. */
#include "nv_uri.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* -EINVAL, or -ENOMEM when it is that. */
static int
failed(CURLUcode code)
{
	return code == CURLUE_OUT_OF_MEMORY ? -ENOMEM : -EINVAL;
}

/* A path or query as it may stand in a request line: what is no visible ASCII, and what
 * browsers encode there, becomes %XX; a % stays what it is. */
static char *
encoded(const char *text)
{
	struct nv_buf buf;

	nv_buf_init(&buf, 4 * (size_t)NV_URI_BYTES_MAX);
	nv_buf_puts(&buf, "");
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (*c <= 0x20 || *c >= 0x7f || strchr("\"<>`", *c))
			nv_buf_printf(&buf, "%%%02X", *c);
		else
			nv_buf_add(&buf, c, 1);
	}
	char *taken = nv_buf_take(&buf);

	nv_buf_fini(&buf);
	return taken;
}

static void
lower(char *text)
{
	for (; *text; text++) {
		if (*text >= 'A' && *text <= 'Z')
			*text = (char)(*text - 'A' + 'a');
	}
}

static bool
ascii(const char *text)
{
	while (*text && (unsigned char)*text < 0x80)
		text++;
	return *text == '\0';
}

static int
get(CURLU *handle, CURLUPart part, unsigned flags, char **ret)
{
	char *text = NULL;
	CURLUcode code = curl_url_get(handle, part, &text, flags);

	if (code != CURLUE_OK)
		return failed(code);
	*ret = strdup(text);
	curl_free(text);
	return *ret ? 0 : -ENOMEM;
}

/* Whatever part it has; absent is no error. */
static int
get_encoded(CURLU *handle, CURLUPart part, char **ret)
{
	char *text = NULL;
	CURLUcode code = curl_url_get(handle, part, &text, 0);

	if (code == CURLUE_NO_QUERY)
		return 0;
	if (code != CURLUE_OK)
		return failed(code);
	*ret = encoded(text);
	curl_free(text);
	return *ret ? 0 : -ENOMEM;
}

static bool
has_credentials(CURLU *handle)
{
	char *text = NULL;
	bool has = curl_url_get(handle, CURLUPART_USER, &text, 0) == CURLUE_OK;

	curl_free(text);
	text = NULL;
	has = curl_url_get(handle, CURLUPART_PASSWORD, &text, 0) == CURLUE_OK || has;
	curl_free(text);
	return has;
}

static int
take_parts(CURLU *handle, struct nv_uri *uri)
{
	NV_CLEANUP_FREE char *port = NULL;
	int rc = get(handle, CURLUPART_SCHEME, 0, &uri->scheme);

	if (rc)
		return rc;
	lower(uri->scheme);
	if (strcmp(uri->scheme, "http") != 0 && strcmp(uri->scheme, "https") != 0)
		return -EINVAL;
	rc = get(handle, CURLUPART_HOST, 0, &uri->host);
	if (rc == 0 && (!uri->host[0] || !ascii(uri->host)))
		rc = -EINVAL;
	if (rc)
		return rc;
	lower(uri->host);
	rc = get(handle, CURLUPART_PORT, CURLU_DEFAULT_PORT, &port);
	if (rc)
		return rc;
	/* libcurl has checked that it is a number up to 65535. */
	uri->port = (unsigned)strtoul(port, NULL, 10);
	uri->port_default = uri->port == (uri->scheme[4] ? 443u : 80u);
	uri->credentials = has_credentials(handle);
	rc = get_encoded(handle, CURLUPART_PATH, &uri->path);
	return rc ? rc : get_encoded(handle, CURLUPART_QUERY, &uri->query);
}

static int
parse(const char *base, const char *text, struct nv_uri *ret)
{
	struct nv_uri uri = {0};
	CURLU *handle;
	CURLUcode code = CURLUE_OK;
	int rc;

	if (strlen(text) > NV_URI_BYTES_MAX || (base && strlen(base) > NV_URI_BYTES_MAX))
		return -E2BIG;
	handle = curl_url();
	if (!handle)
		return -ENOMEM;
	if (base)
		code = curl_url_set(handle, CURLUPART_URL, base, CURLU_ALLOW_SPACE);
	if (code == CURLUE_OK)
		code = curl_url_set(handle, CURLUPART_URL, text, CURLU_ALLOW_SPACE);
	rc = code == CURLUE_OK ? take_parts(handle, &uri) : failed(code);
	curl_url_cleanup(handle);
	if (rc) {
		nv_uri_fini(&uri);
		return rc;
	}
	*ret = uri;
	return 0;
}

int
nv_uri_parse(const char *text, struct nv_uri *ret)
{
	return parse(NULL, text, ret);
}

void
nv_uri_fini(struct nv_uri *uri)
{
	if (!uri)
		return;
	free(uri->scheme);
	free(uri->host);
	free(uri->path);
	free(uri->query);
	*uri = (struct nv_uri){0};
}

int
nv_uri_resolve(const char *base, const char *reference, struct nv_buf *buf)
{
	struct nv_uri uri;
	int rc = parse(base, reference, &uri);

	if (rc)
		return rc;
	nv_uri_text(&uri, buf);
	nv_uri_fini(&uri);
	return buf->error == -ENOMEM ? -ENOMEM : buf->error ? -E2BIG : 0;
}

void
nv_uri_text(const struct nv_uri *uri, struct nv_buf *buf)
{
	nv_uri_origin(uri, buf);
	nv_buf_puts(buf, uri->path);
	if (uri->query) {
		nv_buf_puts(buf, "?");
		nv_buf_puts(buf, uri->query);
	}
}

void
nv_uri_origin(const struct nv_uri *uri, struct nv_buf *buf)
{
	nv_buf_printf(buf, "%s://%s", uri->scheme, uri->host);
	if (!uri->port_default)
		nv_buf_printf(buf, ":%u", uri->port);
}

bool
nv_uri_same_origin(const struct nv_uri *a, const struct nv_uri *b)
{
	return a->port == b->port && strcmp(a->scheme, b->scheme) == 0 &&
	       strcmp(a->host, b->host) == 0;
}
