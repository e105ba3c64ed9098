#include "http.h"

#include "nv_multi.h"
#include "nv_version.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define URL_BYTES        2200
#define ANSWER_BYTES_MAX ((curl_off_t)1 << 20) /* the status has come long before */
#define CONNECTIONS_MAX  200L

struct probe_net {
	struct nv_multi *multi; /* owned */
};

struct probe_http {
	struct probe_net *net;
	CURL *easy;
	probe_done_fn *done;
	void *arg;
	curl_off_t bytes;
	bool connect_only;
	char error[CURL_ERROR_SIZE];
};

/* ---- the end of a check ---- */

static void
http_free(struct probe_http *h)
{
	(void)curl_multi_remove_handle(h->net->multi->curl, h->easy);
	curl_easy_cleanup(h->easy);
	free(h);
}

static void
finish(struct probe_http *h, CURLcode code)
{
	probe_done_fn *done = h->done;
	void *arg = h->arg;
	char why[200] = "";
	long status = 0;

	/* Enough was read: the status is what counts. */
	if (code == CURLE_WRITE_ERROR && h->bytes > ANSWER_BYTES_MAX)
		code = CURLE_OK;
	(void)curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &status);
	if (code != CURLE_OK)
		(void)snprintf(why, sizeof(why), "%s",
			h->error[0] ? h->error : curl_easy_strerror(code));
	else if (!h->connect_only && (status < 200 || status >= 400))
		(void)snprintf(why, sizeof(why), "status %ld", status);
	/* It may hold what the other side said. */
	for (char *at = why; *at; at++) {
		if ((unsigned char)*at < 0x20 || (unsigned char)*at >= 0x7f)
			*at = '?';
	}
	http_free(h);
	done(arg, why[0] == '\0', why);
}

static void
on_ended(void *private, CURLcode code)
{
	finish(private, code);
}

int
probe_net_new(struct ev_loop *loop, struct probe_net **ret)
{
	struct probe_net *net = calloc(1, sizeof(*net));

	if (!net || nv_multi_new(loop, on_ended, &net->multi) < 0) {
		free(net);
		return -ENOMEM;
	}
	(void)curl_multi_setopt(
		net->multi->curl, CURLMOPT_MAX_TOTAL_CONNECTIONS, CONNECTIONS_MAX);
	*ret = net;
	return 0;
}

void
probe_net_free(struct probe_net *net)
{
	if (!net)
		return;
	nv_multi_free(net->multi);
	free(net);
}

/* ---- one check ---- */

static size_t
on_data(char *data, size_t size, size_t n, void *arg)
{
	struct probe_http *h = arg;

	(void)data;
	h->bytes += (curl_off_t)(size * n);
	return h->bytes > ANSWER_BYTES_MAX ? 0 : size * n;
}

static CURLcode
set_up(struct probe_http *h, const char *url, long timeout_ms)
{
	char agent[NV_VERSION_MAX + 16];
	CURL *e = h->easy;
	CURLcode rc = curl_easy_setopt(e, CURLOPT_URL, url);

	(void)snprintf(agent, sizeof(agent), "nova-probe/%s", nv_version());
#define SET(option, value) rc = rc ? rc : curl_easy_setopt(e, CURLOPT_##option, value)
	SET(PRIVATE, h);
	SET(ERRORBUFFER, h->error);
	SET(NOSIGNAL, 1L);
	SET(PROTOCOLS_STR, "http,https");
	SET(FOLLOWLOCATION, 0L);
	SET(TIMEOUT_MS, timeout_ms);
	SET(CONNECTTIMEOUT_MS, timeout_ms);
	/* Each asks anew: a connection kept open says nothing about the next one. */
	SET(FRESH_CONNECT, 1L);
	SET(FORBID_REUSE, 1L);
	SET(PROXY, "");
	SET(USERAGENT, agent);
	SET(WRITEFUNCTION, on_data);
	SET(WRITEDATA, h);
	SET(CONNECT_ONLY, h->connect_only ? 1L : 0L);
#undef SET
	return rc;
}

int
probe_http_start(struct probe_net *net, const char *target, bool connect_only,
	int64_t timeout_ms, probe_done_fn *done, void *arg, struct probe_http **ret)
{
	struct probe_http *h = calloc(1, sizeof(*h));
	char url[URL_BYTES];

	if (!h)
		return -ENOMEM;
	*h = (struct probe_http){.net = net,
		.easy = curl_easy_init(),
		.done = done,
		.arg = arg,
		.connect_only = connect_only};
	(void)snprintf(url, sizeof(url), "%s%s", connect_only ? "http://" : "", target);
	if (!h->easy) {
		free(h);
		return -ENOMEM;
	}
	if (set_up(h, url, (long)timeout_ms) != CURLE_OK ||
		curl_multi_add_handle(net->multi->curl, h->easy) != CURLM_OK) {
		curl_easy_cleanup(h->easy);
		free(h);
		return -ENOMEM;
	}
	*ret = h;
	return 0;
}

void
probe_http_cancel(struct probe_http *h)
{
	if (h)
		http_free(h);
}
