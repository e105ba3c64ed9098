/* URLs taken apart and resolved, by the same parser that fetches them (libcurl's): two
 * parsers that disagree are a hole. http and https only. */
#ifndef NV_URI_H
#define NV_URI_H

#include "nv_buf.h"

#define NV_URI_BYTES_MAX 8192

struct nv_uri {
	char *scheme; /* all owned; "http" or "https" */
	char *host;   /* lower case, ASCII; IPv6 in brackets */
	char *path;   /* begins with "/"; dot segments are gone */
	char *query;  /* NULL: none */
	unsigned port;
	bool port_default; /* of its scheme */
	bool credentials;  /* user or password were in it; they are not kept */
};

/* 0; -EINVAL: no absolute http or https URL; -E2BIG; -ENOMEM. */
int nv_uri_parse(const char *text, struct nv_uri *ret);
void nv_uri_fini(struct nv_uri *uri);
/* The absolute URL of `reference` seen from `base`, without fragment; appended to buf.
 * Errors as above. */
int nv_uri_resolve(const char *base, const char *reference, struct nv_buf *buf);
/* The whole URL again, what must be is percent-encoded. */
void nv_uri_text(const struct nv_uri *uri, struct nv_buf *buf);
/* "https://host" or "https://host:port" when it is not the scheme's own. */
void nv_uri_origin(const struct nv_uri *uri, struct nv_buf *buf);
bool nv_uri_same_origin(const struct nv_uri *a, const struct nv_uri *b);

#endif
