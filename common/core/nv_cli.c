/* How the programs of Nova are called: see nv_cli.h. */
#include "nv_cli.h"
#include "nv_name.h"
#include "nv_version.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define KNOWN_MAX 32

static int
unknown(const char *word, const char *const *known, size_t n, struct nv_err *err)
{
	char name[NV_NAME_MAX];
	const char *nearest;

	(void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, "="), word);
	nearest = nv_name_nearest(name, known, n);
	if (nearest)
		return nv_err_set(err, -EINVAL,
			"unknown option \"%s\": did you mean \"%s\"?", name, nearest);
	return nv_err_set(err, -EINVAL, "unknown option \"%s\": see --help", name);
}

/* The option whose name is `word` up to a "=". */
static const struct option *
find(const struct option *known, const char *word)
{
	size_t bytes = strcspn(word, "=");

	for (; known->name; known++) {
		if (strncmp(known->name, word, bytes) == 0 && known->name[bytes] == '\0')
			return known;
	}
	return NULL;
}

int
nv_cli_wrong(char *const argv[], const struct option *known, int opt, struct nv_err *err)
{
	const char *word = argv[optind - 1];
	char names[KNOWN_MAX][NV_NAME_MAX];
	const char *list[KNOWN_MAX];
	size_t n = 0;

	if (strncmp(word, "--", 2) != 0)
		return nv_err_set(err, -EINVAL, "unknown option \"-%c\": see --help",
			optopt > ' ' && optopt < 0x7f ? optopt : '?');
	const struct option *meant = find(known, word + 2);

	if (opt == ':')
		return nv_err_set(err, -EINVAL, "the option %s needs a value", word);
	if (meant)
		return nv_err_set(
			err, -EINVAL, "the option --%s takes no value", meant->name);
	for (; known->name && n < KNOWN_MAX; known++) {
		(void)snprintf(names[n], sizeof(names[n]), "--%s", known->name);
		list[n] = names[n];
		n++;
	}
	return unknown(word, list, n, err);
}

int
nv_cli_fail(const char *program, const struct nv_err *err)
{
	(void)fprintf(stderr, "%s: %s\n", program, err->text);
	return NV_EXIT_USAGE;
}

int
nv_cli_surplus(const char *program, const char *word)
{
	(void)fprintf(stderr, "%s: unexpected argument \"%.200s\": see --help\n", program,
		word);
	return NV_EXIT_USAGE;
}

static int
said(int printed)
{
	return printed < 0 || fflush(stdout) != 0 ? NV_EXIT_FAILED : NV_EXIT_OK;
}

int
nv_cli_say(const char *text)
{
	return said(fputs(text, stdout));
}

int
nv_cli_say_version(const char *program)
{
	return said(printf("%s %s\n", program, nv_version()));
}

int
nv_cli_started(const char *program, const char *help, const char *const *own, int argc,
	char *const argv[])
{
	const char *known[KNOWN_MAX] = {"--help", "--version"};
	struct nv_err err = {0};
	size_t n = 2;

	if (argc < 2)
		return -1;
	for (; own && *own && n < KNOWN_MAX; own++) {
		if (strcmp(argv[1], *own) == 0)
			return -1;
		known[n++] = *own;
	}
	if (argv[1][0] != '-')
		return nv_cli_surplus(program, argv[1]);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return argc > 2 ? nv_cli_surplus(program, argv[2]) : nv_cli_say(help);
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)
		return argc > 2 ? nv_cli_surplus(program, argv[2])
				: nv_cli_say_version(program);
	(void)unknown(argv[1], known, n, &err);
	return nv_cli_fail(program, &err);
}
