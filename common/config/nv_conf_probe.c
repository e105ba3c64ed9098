/* What `ready` and `health` ask of a worker from outside: which of the checks is meant,
 * and whether it can be made. */
#include "nv_conf_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOST_BYTES_MAX 253

void
nv_conf_probe_fini(struct nv_conf_probe *probe)
{
	for (char **a = probe->exec; a && *a; a++)
		free(*a);
	free(probe->exec);
	free(probe->tcp);
	free(probe->http);
}

static bool
good_port(const char *text)
{
	size_t n = strlen(text);

	return n >= 1 && n <= 5 && strspn(text, "0123456789") == n &&
	       strtol(text, NULL, 10) >= 1 && strtol(text, NULL, 10) <= 65535;
}

/* A name or an address of `bytes` bytes, an IPv6 address in brackets. */
static bool
good_host(const char *host, size_t bytes)
{
	static const char name[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789._-";
	char copy[HOST_BYTES_MAX + 1];

	if (bytes == 0 || bytes > HOST_BYTES_MAX)
		return false;
	memcpy(copy, host, bytes);
	copy[bytes] = '\0';
	if (copy[0] != '[')
		return strspn(copy, name) == bytes && copy[0] != '-';
	return bytes >= 4 && copy[bytes - 1] == ']' &&
	       strspn(copy + 1, "0123456789abcdefABCDEF:.%") == bytes - 2;
}

static bool
good_tcp(const char *text)
{
	const char *colon = strrchr(text, ':');

	return colon && good_host(text, (size_t)(colon - text)) && good_port(colon + 1);
}

/* NULL when it is one, else what is wrong with it. */
static const char *
bad_url(const char *url)
{
	const char *host = strncmp(url, "http://", 7) == 0    ? url + 7
			   : strncmp(url, "https://", 8) == 0 ? url + 8
							      : NULL;

	if (!host)
		return "does not begin with http:// or https://";
	size_t bytes = strcspn(host, "/?#");

	/* It would stand in logs and in status. */
	if (memchr(host, '@', bytes))
		return "has a user name in it";
	for (const char *at = url; *at; at++) {
		if (*at <= ' ' || *at >= 0x7f)
			return "has a character that must be written as %XX";
	}
	const char *port = memrchr(host, ':', bytes);
	const char *bracket = memrchr(host, ']', bytes);
	char digits[8] = "";

	if (port && bracket && port < bracket)
		port = NULL; /* a colon of the address */
	if (port)
		(void)snprintf(digits, sizeof(digits), "%.*s",
			(int)(host + bytes - port - 1), port + 1);
	if (port && !good_port(digits))
		return "has no port number from 1 to 65535 behind its colon";
	if (!good_host(host, port ? (size_t)(port - host) : bytes))
		return "has no host";
	return NULL;
}

static void
finish_probe(struct nv_conf_reading *r, struct nv_conf_probe *p, const char *section,
	const struct nv_conf_origin origins[])
{
	static const char *const keys[] = {"tcp", "http", "exec"};
	const bool set[] = {p->tcp, p->http, p->exec};
	char quoted[NV_QUOTE_BYTES];
	char key[32];
	unsigned n = 0;

	for (size_t i = 0; i < NV_LEN(keys); i++) {
		if (!set[i])
			continue;
		n++;
		(void)snprintf(key, sizeof(key), "%s.%s", section, keys[i]);
		p->kind = NV_PROBE_TCP + (enum nv_probe_kind)i;
	}
	if (n > 1) {
		nv_conf_error_at(r->errs, nv_conf_place(origins, key),
			"%s: expected one of tcp, http and exec, found %u", section, n);
		return;
	}
	if (p->tcp && !good_tcp(p->tcp))
		nv_conf_error_at(r->errs, nv_conf_place(origins, key),
			"%s: expected HOST:PORT such as 127.0.0.1:8080 or [::1]:8080, "
			"found \"%s\"",
			key, nv_value_quote(p->tcp, quoted));
	if (p->http && bad_url(p->http))
		nv_conf_error_at(r->errs, nv_conf_place(origins, key),
			"%s: expected a URL such as http://127.0.0.1:8080/healthz; "
			"\"%s\" "
			"%s",
			key, nv_value_quote(p->http, quoted), bad_url(p->http));
}

/* A setting of a check that is never made. */
static void
check_alone(struct nv_conf_reading *r, const struct nv_conf_probe *p, const char *section,
	const char *const keys[], size_t n, const struct nv_conf_origin origins[])
{
	for (size_t i = 0; i < n && p->kind == NV_PROBE_NONE; i++) {
		char key[32];

		(void)snprintf(key, sizeof(key), "%s.%s", section, keys[i]);
		if (!nv_conf_given(origins, key))
			continue;
		nv_conf_error_at(r->errs, nv_conf_place(origins, key),
			"%s: nothing is checked; expected tcp, http or exec beside it",
			key);
		return;
	}
}

void
nv_conf_probes_finish(struct nv_conf_reading *r, struct nv_conf_worker *w,
	const struct nv_conf_origin origins[])
{
	static const char *const keys[] = {
		"every", "timeout", "after", "failures", "on_failure"};

	finish_probe(r, &w->ready_probe, "ready", origins);
	finish_probe(r, &w->health, "health", origins);
	check_alone(r, &w->ready_probe, "ready", keys, 3, origins);
	check_alone(r, &w->health, "health", keys, NV_LEN(keys), origins);
	if (w->ready_probe.kind != NV_PROBE_NONE)
		w->ready = NV_READY_PROBE;
	else if (w->ready == NV_READY_PROBE)
		nv_conf_error_at(r->errs, nv_conf_place(origins, "ready"),
			"ready: a probe is written as {tcp: HOST:PORT}, {http: URL} or "
			"{exec: [COMMAND]}");
	if (w->ready == NV_READY_PROBE && w->ready_timeout_ms > 0 &&
		w->ready_probe.after_ms >= w->ready_timeout_ms)
		nv_conf_error_at(r->errs, nv_conf_place(origins, "ready.after"),
			"ready.after: must be shorter than ready_timeout");
	if ((w->ready == NV_READY_FD || w->ready == NV_READY_NOTIFY) &&
		w->kind == NV_KIND_TASK)
		nv_conf_error_at(r->errs, nv_conf_place(origins, "ready"),
			"ready: a task is ready when its runner is; fd and notify are "
			"for kind: service");
}
