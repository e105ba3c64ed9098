/* Verify in a process of its own: a damaged file can make LMDB crash or read a page that
 * is not there, which then is a finding and not the end of the caller. */
#include "led.h"

#include "nv_fd.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* From the child: u32 length and a problem; length 0 ends them, then u64 checked. */
struct child {
	int fd;
	bool broken; /* the parent is gone */
};

static void
child_problem(void *arg, const char *problem)
{
	struct child *c = arg;
	uint32_t n = (uint32_t)strlen(problem);

	if (n == 0)
		return;
	if (nv_write_full(c->fd, &n, sizeof(n)) < 0 ||
		nv_write_full(c->fd, problem, n) < 0)
		c->broken = true;
}

NV_NORETURN static void
run_child(const char *dir, const struct led_verify_options *opt, int fd)
{
	static const struct rlimit no_core = {0, 0};
	struct child c = {.fd = fd};
	uint64_t checked = 0;
	uint32_t end = 0;

	/* All three only tidy up what follows. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)setrlimit(RLIMIT_CORE, &no_core);
	(void)signal(SIGPIPE, SIG_IGN);
	for (int sig = SIGHUP; sig <= SIGTERM; sig++) {
		if (sig != SIGKILL && sig != SIGPIPE)
			(void)signal(sig, SIG_DFL); /* also the crashes of a sanitizer */
	}
	int rc = led_verify(dir, opt, child_problem, &c, &checked);

	if (nv_write_full(fd, &end, sizeof(end)) < 0 ||
		nv_write_full(fd, &checked, sizeof(checked)) < 0 || c.broken)
		_exit(255);
	_exit(rc < 0 ? NV_MIN(-rc, 200) + 1 : rc);
}

/* Reads what the child has to say. False: it stopped in the middle. */
static bool
read_child(int fd, led_problem_fn *fn, void *arg, uint64_t *ret_checked)
{
	char text[1024];
	uint32_t n;

	while (nv_read_full(fd, &n, sizeof(n)) == (ssize_t)sizeof(n)) {
		if (n == 0)
			return nv_read_full(fd, ret_checked, sizeof(*ret_checked)) ==
			       (ssize_t)sizeof(*ret_checked);
		if (n >= sizeof(text) || nv_read_full(fd, text, n) != (ssize_t)n)
			return false;
		text[n] = '\0';
		fn(arg, text);
	}
	return false;
}

int
led_verify_contained(
	const char *dir, led_problem_fn *fn, void *arg, uint64_t *ret_checked)
{
	return led_verify_contained_with(dir, NULL, fn, arg, ret_checked);
}

int
led_verify_contained_with(const char *dir, const struct led_verify_options *opt,
	led_problem_fn *fn, void *arg, uint64_t *ret_checked)
{
	NV_CLEANUP_FD from = -1;
	NV_CLEANUP_FD to = -1;
	uint64_t checked = 0;
	int status;
	int rc = nv_pipe(&from, &to, 0);

	if (rc < 0)
		return rc;
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		nv_fd_close(&from);
		run_child(dir, opt, to);
	}
	nv_fd_close(&to);
	bool whole = read_child(from, fn, arg, &checked);

	nv_fd_close(&from);
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	if (ret_checked)
		*ret_checked = checked;
	if (whole && WIFEXITED(status) && WEXITSTATUS(status) != 255) {
		int code = WEXITSTATUS(status);

		return code > 1 ? 1 - code : code;
	}
	char text[200];

	(void)snprintf(text, sizeof(text),
		"the check itself crashed (%s): the file is damaged",
		WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "no answer");
	fn(arg, text);
	return 1;
}
