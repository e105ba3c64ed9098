/* The head of an HTTP/1.1 request (RFC 9110, RFC 9112), strictly: what one server could
 * read in two ways (request smuggling) is refused, never repaired. Pure: bytes in, a
 * request or the status of the refusal out.
 *
 * Refused with 400: bare CR or LF, NUL and other controls, a blank before the colon, a
 * folded line, a name that is no token, no Host or two, a length that is not digits, two
 * lengths, a length beside Transfer-Encoding, Transfer-Encoding in HTTP/1.0, a target
 * that is no path, a bad percent escape. */
#ifndef GW_HEAD_H
#define GW_HEAD_H

#include "nv_base.h"

#define GW_HEAD_BYTES_MAX   16384 /* request line and headers, with the empty line */
#define GW_LINE_BYTES_MAX   8192  /* the request line: longer is 414 */
#define GW_HEADERS_MAX      100
#define GW_LENGTH_BYTES_MAX INT64_C(1000000000000) /* more is not a length */

#define GW_METHODS(X) X(GET) X(HEAD) X(POST) X(PUT) X(PATCH) X(DELETE) X(OPTIONS)
enum gw_method {
#define X(name) GW_##name,
	GW_METHODS(X)
#undef X
		GW_METHOD_COUNT
};
const char *gw_method_name(enum gw_method method);

struct gw_header {
	const char *name;  /* lower case */
	const char *value; /* without the blanks around it */
};

struct gw_request {
	enum gw_method method;
	const char *path;  /* decoded, begins with '/'; no NUL, no encoded '/' */
	const char *query; /* as it came, without '?'; "" without one */
	bool http10;
	bool keep;     /* the connection may stay open after the answer */
	bool chunked;  /* else the body has `length` bytes */
	bool has_body; /* a length or chunks were announced */
	bool expects;  /* Expect: 100-continue */
	int64_t length;
	struct gw_header headers[GW_HEADERS_MAX];
	size_t n_headers;
	/* The whole body; set when the request is handed on. */
	const char *body;
	size_t body_bytes;
};

/* How far a head goes. *at is where the last call stopped looking; 0 at first. Returns
 * the bytes of the head with its empty line, 0 when it has not come whole, or the
 * negative status of the refusal, as soon as that is certain. */
int gw_head_find(const char *data, size_t bytes, size_t *at);
/* Read a whole head, in place: every text in *ret points into it. 0, or the status of the
 * refusal with a sentence in *ret_why. */
int gw_head_parse(char *head, size_t bytes, struct gw_request *ret, const char **ret_why);

/* NULL when it is not there. The first one; name in lower case. */
const char *gw_header(const struct gw_request *request, const char *name);
/* How often it is there. */
size_t gw_header_count(const struct gw_request *request, const char *name);

/* Decode %XX in place, '+' is a blank where `form` is set. Returns the bytes left, -1
 * when an escape is broken or gives NUL. */
int gw_unescape(char *text, bool form);

#endif
