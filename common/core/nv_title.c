/* The process title: the text is written over argv and the old environment, as
 * BSD's setproctitle users on Linux have always done; the environment is moved
 * to the heap first. */
#include "nv_title.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
	char *start;
	size_t bytes;
	/* Owned for life, each one block: setenv replaces single strings of environ. */
	char **env;
	char **args;
} title;

/* The list and its strings in one block; NULL without memory. */
static char **
copy_strings(char **from)
{
	size_t n = 0;
	size_t bytes = 0;

	for (; from[n]; n++)
		bytes += strlen(from[n]) + 1;
	char **copy = malloc((n + 1) * sizeof(*copy) + bytes);

	if (!copy)
		return NULL;
	char *at = (char *)(copy + n + 1);

	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(from[i]) + 1;

		copy[i] = memcpy(at, from[i], len);
		at += len;
	}
	copy[n] = NULL;
	return copy;
}

void
nv_title_init(int argc, char **argv)
{
	if (argc < 1)
		return;
	char **env = copy_strings(environ);
	char **args = copy_strings(argv);

	if (!env || !args) {
		free(env); /* the start of the process: the caller keeps argv as it is */
		free(args);
		return;
	}
	char *end = argv[0];

	for (int i = 0; i < argc && argv[i] == end; i++)
		end += strlen(argv[i]) + 1;
	for (char **e = environ; *e && *e == end; e++)
		end += strlen(*e) + 1;
	title.start = argv[0];
	title.bytes = (size_t)(end - argv[0]);
	title.env = env;
	title.args = args;
	environ = env;
	for (int i = 0; i < argc; i++)
		argv[i] = args[i];
}

void
nv_title_set(const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (title.bytes > 1) {
		size_t bytes = NV_MIN(strlen(text), title.bytes - 1);

		/* A NUL as the last byte tells the kernel that argv was not overrun. The
		 * text comes first: whoever looks in between sees a title, not nothing.
		 */
		memcpy(title.start, text, bytes);
		memset(title.start + bytes, 0, title.bytes - bytes);
	}
}
