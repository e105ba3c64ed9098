/* One try as libcurl sees it: its options, what comes in, how far it got. */
#include "nv_http_private.h"

#include "nv_clock.h"
#include "nv_http_guard.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define LOW_SPEED_BYTES 10L

/* ---- what libcurl asks and tells ---- */

/* The one place where an address is known for certain: the name has been looked up, and
 * what is connected to is this. */
static curl_socket_t
on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct nv_http_call *call = arg;

	(void)purpose;
	if (call->guard == NV_HTTP_PUBLIC_ONLY) {
		const char *what = nv_http_addr_denied(&a->addr, a->addrlen);

		if (what) {
			call->denied = what;
			return CURL_SOCKET_BAD;
		}
	}
	return socket(a->family, a->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->protocol);
}

static bool
text_denied(struct nv_http_call *call, const char *ip)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};

	if (inet_pton(AF_INET, ip, &in.sin_addr) == 1)
		call->denied = nv_http_addr_denied((struct sockaddr *)&in, sizeof(in));
	else if (inet_pton(AF_INET6, ip, &in6.sin6_addr) == 1)
		call->denied = nv_http_addr_denied((struct sockaddr *)&in6, sizeof(in6));
	else
		call->denied = "not an internet address";
	return call->denied;
}

/* libcurl repeats by itself what fails on a connection of the pool: not what must not be
 * repeated, nor what has headers that are good for one try. */
static bool
repeats_are_ours(const struct nv_http_call *call)
{
	return call->class == NV_HTTP_ONCE || call->before;
}

/* A connection stands and the request is next. One of the pool may have been opened for a
 * call that may go anywhere. A second time within a try: libcurl is about to repeat. */
static int
on_connected(void *arg, char *ip, char *local_ip, int port, int local_port)
{
	struct nv_http_call *call = arg;

	(void)local_ip;
	(void)port;
	(void)local_port;
	if (call->guard == NV_HTTP_PUBLIC_ONLY && text_denied(call, ip))
		return CURL_PREREQFUNC_ABORT;
	if (call->sent && repeats_are_ours(call))
		return CURL_PREREQFUNC_ABORT;
	call->sent = true;
	return CURL_PREREQFUNC_OK;
}

static size_t
on_header(char *line, size_t size, size_t n, void *arg)
{
	struct nv_http_call *call = arg;
	size_t bytes = size * n;

	if (call->body_begun) /* a trailer: nothing here reads one */
		return bytes;
	/* A line that is no header is left out; what matters is looked for by name. */
	if (nv_http_headers_line(&call->headers, line, bytes) == -ENOBUFS) {
		call->broken = "its headers are longer than the limit";
		call->fatal = true;
		return 0;
	}
	return bytes;
}

/* The first bytes of a body: is it compressed? */
static bool
begin_body(struct nv_http_call *call)
{
	const char *coding = nv_http_headers_get(&call->headers, "content-encoding", 0);

	call->body_begun = true;
	if (!coding || !coding[0] || strcasecmp(coding, "identity") == 0)
		return true;
	if ((strcasecmp(coding, "gzip") == 0 || strcasecmp(coding, "x-gzip") == 0) &&
		!nv_http_headers_get(&call->headers, "content-encoding", 1)) {
		call->gunzip = nv_gunzip_new();
		return call->gunzip;
	}
	call->broken = "its body is compressed in a way that was not asked for";
	call->fatal = true;
	return false;
}

static size_t
on_data(char *data, size_t size, size_t n, void *arg)
{
	struct nv_http_call *call = arg;
	size_t bytes = size * n;
	int rc;

	if (!call->body_begun && !begin_body(call))
		return 0;
	if (call->gunzip) {
		rc = nv_gunzip_add(call->gunzip, data, bytes, &call->answer);
	} else {
		nv_buf_add(&call->answer, data, bytes);
		rc = call->answer.error;
	}
	if (rc == 0)
		return bytes;
	if (rc == -ENOBUFS) {
		call->broken = "its body is longer than the limit";
		call->fatal = true;
	} else if (rc == -EBADMSG) {
		call->broken = "its body is not the gzip it claims to be";
	}
	return 0;
}

/* ---- the handle ---- */

static int
add_line(struct nv_http_call *call, const char *name, const char *value)
{
	struct curl_slist *grown;
	struct nv_buf line;

	nv_buf_init(&line, (size_t)1 << 20);
	/* libcurl's way to say "empty": a semicolon instead of the colon. */
	NV_ASSERT(value);
	nv_buf_printf(&line, value[0] ? "%s: %s" : "%s;%s", name, value);
	grown = line.error ? NULL : curl_slist_append(call->head_sent, line.data);
	if (line.data)
		explicit_bzero(line.data, line.bytes);
	nv_buf_fini(&line);
	if (!grown)
		return -ENOMEM;
	call->head_sent = grown;
	return 0;
}

static const char *
find(const struct nv_http_head *head, const char *name)
{
	for (size_t i = 0; i < head->n; i++) {
		if (strcasecmp(head->pairs[i].name, name) == 0)
			return head->pairs[i].value;
	}
	return NULL;
}

static bool
goes_everywhere(const char *name)
{
	return strcasecmp(name, "accept") == 0 ||
	       strcasecmp(name, "accept-language") == 0;
}

static int
make_head(struct nv_http_call *call, const struct nv_http_head *extra)
{
	bool home = nv_uri_same_origin(&call->uri, &call->home);
	/* libcurl would add its own. */
	static const char *const off[] = {"Expect:", "Content-Type:"};
	int rc = add_line(call, "Accept-Encoding", "gzip");

	for (size_t i = 0; i < call->head.n && rc == 0; i++) {
		const struct nv_http_pair *pair = &call->head.pairs[i];

		if ((home || goes_everywhere(pair->name)) && !find(extra, pair->name))
			rc = add_line(call, pair->name, pair->value);
	}
	for (size_t i = 0; i < extra->n && rc == 0; i++)
		rc = add_line(call, extra->pairs[i].name, extra->pairs[i].value);
	for (size_t i = 0; i < NV_LEN(off) && rc == 0; i++) {
		if (i == 1 && (find(&call->head, "content-type") ||
				      find(extra, "content-type")))
			continue;
		struct curl_slist *grown = curl_slist_append(call->head_sent, off[i]);

		if (!grown)
			return -ENOMEM;
		call->head_sent = grown;
	}
	return rc;
}

#define SET(option, value) rc = rc ? rc : curl_easy_setopt(e, CURLOPT_##option, value)

static CURLcode
set_request(struct nv_http_call *call, CURL *e)
{
	const char *m = call->method;
	CURLcode rc = curl_easy_setopt(e, CURLOPT_URL, call->url);

	if (strcmp(m, "HEAD") == 0) {
		SET(NOBODY, 1L);
	} else if (call->body || strcmp(m, "POST") == 0 || strcmp(m, "PUT") == 0 ||
		   strcmp(m, "PATCH") == 0) {
		SET(POSTFIELDS, call->body ? call->body : "");
		SET(POSTFIELDSIZE_LARGE, (curl_off_t)call->body_bytes);
		SET(CUSTOMREQUEST, m);
	} else {
		SET(HTTPGET, 1L);
		SET(CUSTOMREQUEST, m);
	}
	SET(HTTPHEADER, call->head_sent);
	SET(USERAGENT, call->user_agent);
	return rc;
}

static CURLcode
set_limits(struct nv_http_call *call, CURL *e)
{
	int64_t left = NV_MAX(call->deadline_ms - nv_mono_ms(), 1);
	CURLcode rc = curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);

	SET(TIMEOUT_MS, (long)NV_MIN(call->limits.try_ms, left));
	SET(CONNECTTIMEOUT_MS, (long)NV_MIN(call->limits.connect_ms, left));
	SET(LOW_SPEED_LIMIT, LOW_SPEED_BYTES);
	SET(LOW_SPEED_TIME, (long)((call->limits.low_speed_ms + 999) / 1000));
	SET(PROTOCOLS_STR, "http,https");
	SET(FOLLOWLOCATION, 0L);
	SET(PROXY, "");
	SET(NETRC, (long)CURL_NETRC_IGNORED);
	SET(SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(SSL_VERIFYPEER, 1L);
	SET(SSL_VERIFYHOST, 2L);
	if (call->http->ca_file)
		SET(CAINFO, call->http->ca_file);
	SET(HTTP09_ALLOWED, 0L);
	SET(TCP_KEEPALIVE, 1L);
	SET(QUICK_EXIT, 1L); /* a look-up that hangs holds nobody up */
	if (repeats_are_ours(call))
		SET(FRESH_CONNECT, 1L);
	return rc;
}

static CURLcode
set_callbacks(struct nv_http_call *call, CURL *e)
{
	CURLcode rc = curl_easy_setopt(e, CURLOPT_PRIVATE, call);

	SET(ERRORBUFFER, call->curl_error);
	SET(OPENSOCKETFUNCTION, on_open);
	SET(OPENSOCKETDATA, call);
	SET(PREREQFUNCTION, on_connected);
	SET(PREREQDATA, call);
	SET(HEADERFUNCTION, on_header);
	SET(HEADERDATA, call);
	SET(WRITEFUNCTION, on_data);
	SET(WRITEDATA, call);
	return rc;
}

#undef SET

int
nv_http_easy_make(struct nv_http_call *call, const struct nv_http_head *extra)
{
	CURLcode rc;

	nv_http_headers_clear(&call->headers);
	nv_buf_clear(&call->answer);
	call->sent = call->body_begun = call->fatal = false;
	call->denied = call->broken = NULL;
	call->curl_error[0] = '\0';
	call->easy = curl_easy_init();
	if (!call->easy || make_head(call, extra)) {
		nv_http_easy_drop(call);
		return -ENOMEM;
	}
	rc = set_request(call, call->easy);
	rc = rc ? rc : set_limits(call, call->easy);
	rc = rc ? rc : set_callbacks(call, call->easy);
	if (rc != CURLE_OK ||
		curl_multi_add_handle(call->http->multi->curl, call->easy) != CURLM_OK) {
		nv_http_easy_drop(call);
		return rc == CURLE_OUT_OF_MEMORY ? -ENOMEM : -EINVAL;
	}
	return 0;
}

void
nv_http_easy_drop(struct nv_http_call *call)
{
	if (call->easy) {
		(void)curl_multi_remove_handle(call->http->multi->curl, call->easy);
		curl_easy_cleanup(call->easy);
		call->easy = NULL;
	}
	for (struct curl_slist *line = call->head_sent; line; line = line->next)
		explicit_bzero(line->data, strlen(line->data));
	curl_slist_free_all(call->head_sent);
	call->head_sent = NULL;
	nv_gunzip_free(call->gunzip);
	call->gunzip = NULL;
}

static curl_off_t
info(CURL *easy, CURLINFO what)
{
	curl_off_t value = 0;

	(void)curl_easy_getinfo(easy, what, &value);
	return value;
}

enum nv_http_phase
nv_http_easy_phase(struct nv_http_call *call, CURLcode code)
{
	long status = 0;

	if (!call->sent) {
		if (call->denied)
			return NV_HTTP_PH_CONNECT;
		if (code == CURLE_COULDNT_RESOLVE_HOST ||
			info(call->easy, CURLINFO_NAMELOOKUP_TIME_T) == 0)
			return NV_HTTP_PH_RESOLVE;
		if (code == CURLE_SSL_CONNECT_ERROR ||
			code == CURLE_PEER_FAILED_VERIFICATION)
			return NV_HTTP_PH_TLS;
		return info(call->easy, CURLINFO_CONNECT_TIME_T) == 0 ? NV_HTTP_PH_CONNECT
								      : NV_HTTP_PH_TLS;
	}
	(void)curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status < 200) /* an interim answer is none */
		return info(call->easy, CURLINFO_SIZE_UPLOAD_T) <
				       (curl_off_t)call->body_bytes
			       ? NV_HTTP_PH_SEND
			       : NV_HTTP_PH_WAIT;
	if (code != CURLE_OK)
		return NV_HTTP_PH_BODY;
	if (call->gunzip && !nv_gunzip_whole(call->gunzip)) {
		call->broken = "its compressed body is cut short";
		return NV_HTTP_PH_BODY;
	}
	return NV_HTTP_PH_ANSWER;
}
