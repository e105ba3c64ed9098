/* nova-call: a platform asked by a script that Nova runs. libnova does it; here is what
 * the shell sees of it. */
#include "nova.h"

#include "nv_buf.h"
#include "nv_cli.h"
#include "nv_fd.h"
#include "nv_units.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS INT64_C(1200000)

static const char usage[] =
	"usage: nova-call [OPTION...] PLATFORM VERB [NAME=TEXT|NAME:=JSON|NAME@FILE]...\n"
	"\n"
	"Lets a platform do something in this worker's name and prints what it\n"
	"answers, a JSON object. A NAME that comes again makes a list; FILE - is\n"
	"standard input.\n"
	"\n"
	"Options:\n"
	"  --id ID             the same again does nothing again and prints the same\n"
	"  --timeout DURATION  how long to wait for the answer (20m)\n"
	"  --help, --version\n"
	"\n"
	"Exit codes: 0 done, 1 the answer is no, 2 wrong use, 3 it cannot be reached,\n"
	"4 it failed, 5 nobody knows whether it was done.\n"
	"See also: nova-call(1), nova-platform(8), libnova(3).\n";

static const struct option options[] = {
	{"id", required_argument, NULL, 'i'},
	{"timeout", required_argument, NULL, 't'},
	{"version", no_argument, NULL, 'V'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

/* "name=text": where the name ends, and what follows. */
struct word {
	const char *name;
	size_t name_bytes;
	char kind; /* '=', ':' for :=, '@' */
	const char *rest;
};

static int
split(const char *text, struct word *ret)
{
	size_t n = strcspn(text, "=@");

	if (!text[n] || n == 0)
		return -EINVAL;
	*ret = (struct word){text, n, text[n], text + n + 1};
	if (text[n] == '=' && text[n - 1] == ':') {
		ret->kind = ':';
		ret->name_bytes--;
	}
	return ret->name_bytes > 0 ? 0 : -EINVAL;
}

static bool
same_name(const struct word *a, const struct word *b)
{
	return a->name_bytes == b->name_bytes &&
	       memcmp(a->name, b->name, a->name_bytes) == 0;
}

static int
put_value(struct nv_buf *buf, const struct word *w)
{
	char *data = NULL;
	size_t bytes = 0;

	if (w->kind == ':') {
		nv_buf_puts(buf, w->rest);
		return 0;
	}
	if (w->kind == '=') {
		nv_buf_put_json(buf, w->rest, strlen(w->rest));
		return 0;
	}
	int rc = nv_read_file_at(AT_FDCWD,
		strcmp(w->rest, "-") == 0 ? "/dev/stdin" : w->rest,
		NOVA_PLATFORM_BYTES_MAX, &data, &bytes);

	if (rc < 0) {
		(void)fprintf(stderr, "nova-call: %s: %s\n", w->rest, strerror(-rc));
		return rc;
	}
	nv_buf_put_json(buf, data, bytes);
	free(data);
	return 0;
}

/* All words of the name of words[at]: one is a value, several a list. */
static int
put_named(struct nv_buf *buf, const struct word *words, int n, int at)
{
	bool several = false;

	for (int i = at + 1; i < n; i++)
		several |= same_name(&words[at], &words[i]);
	nv_buf_puts(buf, buf->bytes > 1 ? "," : "");
	nv_buf_put_json(buf, words[at].name, words[at].name_bytes);
	nv_buf_puts(buf, several ? ":[" : ":");
	for (int i = at; i < n; i++) {
		if (!same_name(&words[at], &words[i]))
			continue;
		if (i > at)
			nv_buf_puts(buf, ",");
		int rc = put_value(buf, &words[i]);

		if (rc < 0)
			return rc;
	}
	nv_buf_puts(buf, several ? "]" : "");
	return 0;
}

/* The object of arguments. */
static int
make_args(struct nv_buf *buf, char **argv, int n)
{
	struct word *words = calloc((size_t)n + 1, sizeof(*words));
	int rc = words ? 0 : -ENOMEM;

	nv_buf_puts(buf, "{");
	for (int i = 0; i < n && rc == 0; i++) {
		rc = split(argv[i], &words[i]);
		if (rc < 0)
			(void)fprintf(stderr,
				"nova-call: \"%s\": expected NAME=TEXT, NAME:=JSON or "
				"NAME@FILE\n",
				argv[i]);
	}
	for (int i = 0; i < n && rc == 0; i++) {
		bool before = false;

		for (int k = 0; k < i; k++)
			before |= same_name(&words[k], &words[i]);
		if (!before)
			rc = put_named(buf, words, n, i);
	}
	nv_buf_puts(buf, "}");
	free(words);
	return rc < 0 ? rc : buf->error;
}

static int
report(int rc, const char *platform, const struct nova_answer *a)
{
	if (rc == 1) {
		(void)fwrite(a->data, 1, a->data_bytes, stdout);
		return puts("") < 0 || fflush(stdout) != 0 ? NV_EXIT_FAILED : NV_EXIT_OK;
	}
	if (rc == 0) {
		(void)fprintf(stderr, "nova-call: %s\n", a->error);
		return a->unknown ? 5 : a->code;
	}
	if (rc == -ENOENT)
		(void)fprintf(stderr,
			"nova-call: %s cannot be reached: it does not run, or this "
			"worker's "
			"file does not grant it (platforms: [%s])\n",
			platform, platform);
	else if (rc == -ETIMEDOUT || rc == -EPIPE)
		(void)fprintf(stderr,
			"nova-call: %s has not answered; it may have been done\n",
			platform);
	else
		(void)fprintf(stderr, "nova-call: %s\n", strerror(-rc));
	return rc == -ENOENT                      ? NV_EXIT_UNREACHABLE
	       : rc == -ETIMEDOUT || rc == -EPIPE ? 5
	       : rc == -EINVAL || rc == -EMSGSIZE ? NV_EXIT_USAGE
						  : NV_EXIT_FAILED;
}

/* One that ends it here. */
static int
other_option(int c, char *const argv[], struct nv_err *err)
{
	if (c == 'V')
		return nv_cli_say_version("nova-call");
	if (c == 'h')
		return nv_cli_say(usage);
	if (c != 't') /* a timeout that is none has said so */
		(void)nv_cli_wrong(argv, options, c, err);
	return nv_cli_fail("nova-call", err);
}

int
main(int argc, char **argv)
{
	const char *id = NULL;
	int64_t timeout_ms = TIMEOUT_MS;
	struct nv_err err = {0};
	struct nova_answer answer = {0};
	struct nv_buf args;
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, "+:h", options, NULL)) != -1) {
		if (c == 'i')
			id = optarg;
		else if (c != 't' || nv_duration_parse(optarg, &timeout_ms, &err) < 0)
			return other_option(c, argv, &err);
	}
	if (argc - optind < 2) {
		(void)nv_err_set(
			&err, -EINVAL, "expected a platform and a verb: see --help");
		return nv_cli_fail("nova-call", &err);
	}
	nv_buf_init(&args, NOVA_PLATFORM_BYTES_MAX);
	if (make_args(&args, argv + optind + 2, argc - optind - 2) < 0) {
		nv_buf_fini(&args);
		return NV_EXIT_USAGE;
	}
	int rc = nova_platform_call(argv[optind], argv[optind + 1], args.data, id,
		(int)NV_MIN(timeout_ms, (int64_t)INT32_MAX), &answer);
	int code = report(rc, argv[optind], &answer);

	nova_platform_answer_clear(&answer);
	nv_buf_fini(&args);
	return code;
}
