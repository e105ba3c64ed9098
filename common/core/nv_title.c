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
	char **env; /* owned for life: setenv may leave environ pointing elsewhere */
} title;

static char **
copy_strings(char **from)
{
	size_t n = 0;

	while (from[n])
		n++;
	char **copy = calloc(n + 1, sizeof(*copy));

	for (size_t i = 0; copy && i < n; i++) {
		copy[i] = strdup(from[i]);
		if (!copy[i])
			return NULL; /* start of the process: the caller keeps argv as is
				      */
	}
	return copy;
}

void
nv_title_init(int argc, char **argv)
{
	if (argc < 1)
		return;
	char **env = copy_strings(environ);
	char **args = copy_strings(argv);

	if (!env || !args)
		return;
	char *end = argv[0];

	for (int i = 0; i < argc && argv[i] == end; i++)
		end += strlen(argv[i]) + 1;
	for (char **e = environ; *e && *e == end; e++)
		end += strlen(*e) + 1;
	title.start = argv[0];
	title.bytes = (size_t)(end - argv[0]);
	title.env = env;
	environ = env;
	for (int i = 0; i < argc; i++)
		argv[i] = args[i];
	free(args);
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
