/* See nv_http.h: the client itself. */
#include "nv_http_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CONNECTIONS_DEFAULT 64
#define PER_HOST_DEFAULT    8
#define CALLS_DEFAULT       4096

static void
on_ended(void *private, CURLcode code)
{
	nv_http_call_ended(private, code);
}

int
nv_http_new(
	struct ev_loop *loop, const struct nv_http_options *options, struct nv_http **ret)
{
	struct nv_http_options o = options ? *options : (struct nv_http_options){0};
	struct nv_http *h = calloc(1, sizeof(*h));

	if (!h)
		return -ENOMEM;
	h->loop = loop;
	h->calls_max = o.calls_max ? o.calls_max : CALLS_DEFAULT;
	h->ca_file = o.ca_file ? strdup(o.ca_file) : NULL;
	if ((o.ca_file && !h->ca_file) || nv_multi_new(loop, on_ended, &h->multi) < 0) {
		nv_http_free(h);
		return -ENOMEM;
	}
	(void)curl_multi_setopt(h->multi->curl, CURLMOPT_MAX_TOTAL_CONNECTIONS,
		(long)(o.connections_max ? o.connections_max : CONNECTIONS_DEFAULT));
	(void)curl_multi_setopt(h->multi->curl, CURLMOPT_MAX_HOST_CONNECTIONS,
		(long)(o.per_host_max ? o.per_host_max : PER_HOST_DEFAULT));
	*ret = h;
	return 0;
}

void
nv_http_free(struct nv_http *h)
{
	if (!h)
		return;
	while (h->calls)
		nv_http_call_free(h->calls);
	nv_multi_free(h->multi);
	free(h->ca_file);
	free(h);
}

unsigned
nv_http_calls(const struct nv_http *h)
{
	return h->calls_n;
}

const char *
nv_http_header(const struct nv_http_answer *answer, const char *name)
{
	return nv_http_headers_get(answer->headers, name, 0);
}

const char *
nv_http_header_nth(const struct nv_http_answer *answer, const char *name, unsigned n)
{
	return nv_http_headers_get(answer->headers, name, n);
}

const char *
nv_http_outcome_name(enum nv_http_outcome outcome)
{
	static const char *const names[] = {[NV_HTTP_DONE] = "done",
		[NV_HTTP_REFUSED] = "refused",
		[NV_HTTP_UNKNOWN] = "unknown"};

	return names[outcome];
}
