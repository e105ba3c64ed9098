/* What the files of the HTTP client share; for nobody else. */
#ifndef NV_HTTP_PRIVATE_H
#define NV_HTTP_PRIVATE_H

#include "nv_gunzip.h"
#include "nv_http.h"
#include "nv_http_headers.h"
#include "nv_multi.h"
#include "nv_uri.h"

struct nv_http {
	struct ev_loop *loop;
	struct nv_multi *multi; /* owned */
	char *ca_file;          /* owned; NULL: the system's */
	unsigned calls_max;
	unsigned calls_n;
	struct nv_http_call *calls; /* owned, a list */
};

struct nv_http_pair {
	char *name;  /* owned */
	char *value; /* owned */
};

struct nv_http_head {
	struct nv_http_pair *pairs; /* owned */
	size_t n;
};

/* One request, from nv_http_start to its end. */
struct nv_http_call {
	struct nv_http *http;
	struct nv_http_call *prev, *next;
	nv_http_done_fn *done;
	void *arg;
	ev_timer wait; /* until the next try; 0 at the start */
	bool in_hook;  /* `before` runs */
	bool cancelled;

	/* The request, copied. */
	char *method;       /* owned */
	char *url;          /* owned; of this hop */
	struct nv_uri uri;  /* url, taken apart */
	struct nv_uri home; /* of the request: whose credentials they are */
	struct nv_http_head head;
	char *body; /* owned; NULL: none */
	size_t body_bytes;
	char *user_agent; /* owned */
	bool expect_json;
	unsigned redirects_left;
	enum nv_http_guard guard;
	enum nv_http_class class;
	struct nv_http_limits limits;
	const struct nv_http_policy *policy;
	int (*before)(void *arg, const char *url, struct nv_http_head *head);
	void *before_arg;
	int64_t deadline_ms; /* monotonic */
	unsigned tries;
	bool maybe;

	/* The try under way. */
	CURL *easy;                   /* owned; NULL between tries */
	struct curl_slist *head_sent; /* owned */
	struct nv_gunzip *gunzip;     /* owned; NULL: the body comes as it is */
	struct nv_http_headers headers;
	struct nv_buf answer;
	bool sent; /* libcurl was about to send */
	bool body_begun;
	const char *denied; /* what kind of address was refused; static text */
	const char *broken; /* what of the answer is wrong; static text */
	bool fatal;         /* it would be the same again */
	char curl_error[CURL_ERROR_SIZE];
};

/* nv_http_call.c: the try ended with that code; called from the loop only. */
void nv_http_call_ended(struct nv_http_call *call, CURLcode code);
/* Unlinked, all memory given back; no `done`. */
void nv_http_call_free(struct nv_http_call *call);

/* nv_http_head.c */
bool nv_http_head_name_ok(const char *name);
bool nv_http_head_value_ok(const char *value);
void nv_http_head_fini(struct nv_http_head *head);

/* nv_http_easy.c: a CURL handle with everything that stands for this try in it. 0,
 * -ENOMEM or -EINVAL. `extra`: headers of `before`. */
int nv_http_easy_make(struct nv_http_call *call, const struct nv_http_head *extra);
/* Frees the handle and what only this try needed; the answer stays. */
void nv_http_easy_drop(struct nv_http_call *call);
/* How far a try came that ended so. */
enum nv_http_phase nv_http_easy_phase(struct nv_http_call *call, CURLcode code);

#endif
