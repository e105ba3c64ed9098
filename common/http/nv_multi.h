/* libcurl's multi interface on a libev loop: its descriptors and its one timer, and the
 * transfers that have ended. Of nobody's policy: what is asked, of whom and what an
 * answer means is the caller's.
 *
 * Sources: libcurl's curl_multi_socket_action(3), CURLMOPT_SOCKETFUNCTION(3),
 * CURLMOPT_TIMERFUNCTION(3). */
#ifndef NV_MULTI_H
#define NV_MULTI_H

#include <curl/curl.h>
#include <ev.h>

/* A transfer has ended: `private` is its CURLOPT_PRIVATE. Its handle still belongs to the
 * multi handle. It may add and remove transfers, but not free the nv_multi. */
typedef void nv_multi_ended_fn(void *private, CURLcode code);

struct nv_multi {
	struct ev_loop *loop;
	CURLM *curl; /* owned; for options, and to add and remove transfers */
	ev_timer timer;
	nv_multi_ended_fn *ended;
};

/* 0 or -ENOMEM. */
int nv_multi_new(struct ev_loop *loop, nv_multi_ended_fn *ended, struct nv_multi **ret);
/* No transfer may be left. NULL is fine. */
void nv_multi_free(struct nv_multi *m);

#endif
