/* The end of a Check program: run one suite, say whether it passed. */
#ifndef RUN_SUITE_H
#define RUN_SUITE_H

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static inline int
run_suite(Suite *suite)
{
	SRunner *runner = srunner_create(suite);

	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* For a forked child that is killed at any moment: it shares the file that Check's
 * messages go through, and half a message there fails the parent. Every descriptor but
 * the first three and keep_fd (or -1) leads nowhere afterwards. */
static inline void
leave_check(int keep_fd)
{
	int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 3; fd < 256 && nowhere >= 0; fd++)
		if (fd != keep_fd && fd != nowhere && fcntl(fd, F_GETFD) >= 0)
			(void)dup2(nowhere, fd);
}

#endif
