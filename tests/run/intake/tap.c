#include "tap.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static unsigned n_tests;
static unsigned n_failed;

void
tap_ok(bool good, const char *fmt, ...)
{
	va_list ap;

	n_failed += !good;
	(void)printf("%s %u - ", good ? "ok" : "not ok", ++n_tests);
	va_start(ap, fmt);
	(void)vprintf(fmt, ap);
	va_end(ap);
	(void)printf("\n");
	(void)fflush(stdout);
}

void
tap_note(const char *fmt, ...)
{
	va_list ap;

	(void)printf("# ");
	va_start(ap, fmt);
	(void)vprintf(fmt, ap);
	va_end(ap);
	(void)printf("\n");
	(void)fflush(stdout);
}

int
tap_end(void)
{
	(void)printf("1..%u\n", n_tests);
	return n_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
