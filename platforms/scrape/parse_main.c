/* nova-scrape-parse: reads pages for the scraper, in a process that holds nothing. It has
 * no secret, no socket but the one to its parent, an empty environment, and a limit on
 * memory and on the processor for each page; a page that breaks it ends it, and the next
 * page has a new one. Started by nova-platform, by nobody else.
 *
 * On descriptor 0, again and again: two 32-bit lengths in this machine's order, what is
 * wanted (scr_work.h), the page. On descriptor 1: one length, {"ok":true,"data":{...}} or
 * {"ok":false,"error":"..."}. */
#include "nv_cli.h"
#include "nv_fd.h"
#include "nv_json.h"
#include "scr_confine.h"
#include "scr_pool.h"
#include "scr_work.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* A page of 32 MiB in its encoding, in UTF-8, as a tree and as JSON. */
#define MEMORY_BYTES_MAX ((rlim_t)2 << 30)
/* Files are opened for the tables of iconv only. */
#define FILES_MAX 16

static int
limit(int what, rlim_t value)
{
	struct rlimit l = {.rlim_cur = value, .rlim_max = value};

	return setrlimit((__rlimit_resource_t)what, &l) < 0 ? -errno : 0;
}

/* Processor time for the next page, counted from what was used so far. */
static int
cpu_limit(void)
{
	struct rusage used;
	struct rlimit l;

	if (getrusage(RUSAGE_SELF, &used) < 0 || getrlimit(RLIMIT_CPU, &l) < 0)
		return -errno;
	l.rlim_cur =
		(rlim_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) + SCR_POOL_CPU_S;
	return setrlimit(RLIMIT_CPU, &l) < 0 ? -errno : 0;
}

static int
confine(void)
{
	int rc = 0;

	(void)close_range(3, ~0u, 0); /* there is none, if the parent did as it should */
#if !defined(__SANITIZE_ADDRESS__)    /* whose shadow is larger than any page */
	rc = limit(RLIMIT_AS, MEMORY_BYTES_MAX);
	if (rc == 0)
		rc = scr_confine(); /* its leak checker is a process of its own */
#endif
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); /* forgotten with an account */
	if (rc == 0)
		rc = limit(RLIMIT_CORE, 0);
	if (rc == 0)
		rc = limit(RLIMIT_FSIZE, 0);
	if (rc == 0)
		rc = limit(RLIMIT_NOFILE, FILES_MAX);
	return rc;
}

static int
reply(json_t *answer)
{
	NV_CLEANUP_FREE char *line = nv_json_line(answer);
	const char *text =
		line ? line : "{\"ok\":false,\"error\":\"no memory for the answer\"}";
	size_t bytes = strlen(text);

	json_decref(answer);
	if (bytes > SCR_POOL_REPLY_BYTES_MAX) {
		text = "{\"ok\":false,\"error\":\"the answer is too big\"}";
		bytes = strlen(text);
	}
	uint32_t head = (uint32_t)bytes;
	int rc = nv_write_full(1, &head, sizeof(head));

	return rc < 0 ? rc : nv_write_full(1, text, bytes);
}

static int
serve(char *want_text, size_t want_bytes, const char *body, size_t body_bytes)
{
	struct nv_err err = {.text = ""};
	json_t *data = NULL;
	json_t *want = json_loadb(want_text, want_bytes, 0, NULL);
	int rc = cpu_limit();

	if (rc == 0)
		rc = want ? scr_work(body, body_bytes, want, &data, &err)
			  : nv_err_set(&err, -EINVAL, "what is wanted is no JSON");
	json_decref(want);
	if (rc < 0)
		return reply(json_pack("{s:b, s:o}", "ok", 0, "error",
			nv_json_str(err.text[0] ? err.text : strerror(-rc))));
	return reply(json_pack("{s:b, s:o}", "ok", 1, "data", data));
}

/* 1: served; 0: no more requests; negative errno. */
static int
next(void)
{
	uint32_t head[2];
	ssize_t n = nv_read_full(0, head, sizeof(head));

	if (n <= 0)
		return (int)n;
	size_t want_bytes = head[0], body_bytes = head[1];

	if (n != (ssize_t)sizeof(head) || want_bytes > SCR_POOL_WANT_BYTES_MAX ||
		body_bytes > SCR_BODY_BYTES_MAX)
		return -EBADMSG;
	NV_CLEANUP_FREE char *data = malloc(want_bytes + body_bytes + 1);

	if (!data)
		return -ENOMEM;
	if (nv_read_full(0, data, want_bytes + body_bytes) !=
		(ssize_t)(want_bytes + body_bytes))
		return -EBADMSG;
	int rc = serve(data, want_bytes, data + want_bytes, body_bytes);

	return rc < 0 ? rc : 1;
}

static const char help[] =
	"usage: nova-scrape-parse\n"
	"\n"
	"Reads pages of strangers for nova-platform scrape, which starts it: without\n"
	"secrets, network and files.\n"
	"\n"
	"Options:\n"
	"  --help, --version\n"
	"\n"
	"Exit codes: 0 there is nothing more to read, 2 wrong use, 4 it failed.\n"
	"See also: nova-scrape-parse(8), nova-platform(8).\n";

int
main(int argc, char **argv)
{
	int rc = 1;
	int code = nv_cli_started("nova-scrape-parse", help, NULL, argc, argv);

	if (code >= 0)
		return code;
	if (isatty(0)) {
		(void)fputs("nova-scrape-parse: is started by nova-platform\n", stderr);
		return NV_EXIT_USAGE;
	}
	if (confine() < 0)
		return NV_EXIT_FAILED;
	while (rc > 0)
		rc = next();
	return rc == 0 ? NV_EXIT_OK : NV_EXIT_FAILED;
}
