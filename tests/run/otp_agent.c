/* A worker that does what a test of supervision tells it, by files beside it and signals.
 *
 * Files in its directory, NAME being WORKER.INSTANCE or WORKER:
 *   NAME.fail       exit 3 at once: its start has failed
 *   NAME.fail_once  the same, and the file is removed
 *   NAME.slow       not ready before a HUP
 *   NAME.deaf       a TERM is only written down
 *   NAME.sour       exit 5 on TERM
 * Signals: TERM exit 0, USR1 exit 0, USR2 exit 1, HUP ready.
 * What happens to it is a line in "diary": start, fail, ready, term, exit; then the name.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *worker = "?";
static const char *instance = "?";

static void
note(const char *what)
{
	char line[256];
	int n = snprintf(line, sizeof(line), "%s %s.%s %d\n", what, worker, instance,
		(int)getpid());
	int fd = open("diary", O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);

	/* One write of a short line to a file opened for appending is not torn. */
	if (fd < 0 || write(fd, line, (size_t)n) != n)
		_exit(99);
	(void)close(fd);
}

static bool
told(const char *what, bool once)
{
	char path[2][256];

	(void)snprintf(path[0], sizeof(path[0]), "%s.%s.%s", worker, instance, what);
	(void)snprintf(path[1], sizeof(path[1]), "%s.%s", worker, what);
	for (int i = 0; i < 2; i++)
		if (once ? unlink(path[i]) == 0 : access(path[i], F_OK) == 0)
			return true;
	return false;
}

static void
ready(void)
{
	static const char line[] = "{\"event\":\"ready\"}\n";

	note("ready");
	if (write(3, line, sizeof(line) - 1) < 0 && errno != EBADF)
		_exit(98);
}

/* It ends by _exit, which runs nothing more: no leak checker either, which works with
 * signals and would share them with the test. */
int
main(void)
{
	sigset_t all;
	bool is_ready;

	if (getenv("NOVA_WORKER") != NULL)
		worker = getenv("NOVA_WORKER");
	if (getenv("NOVA_INSTANCE") != NULL)
		instance = getenv("NOVA_INSTANCE");
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, NULL);
	note("start");
	if (told("fail", false) || told("fail_once", true)) {
		note("fail");
		_exit(3);
	}
	is_ready = !told("slow", false);
	if (is_ready)
		ready();
	for (;;) {
		int sig = sigwaitinfo(&all, NULL);
		if (sig == SIGHUP && !is_ready) {
			is_ready = true;
			ready();
		} else if (sig == SIGTERM) {
			note("term");
			if (!told("deaf", false))
				_exit(told("sour", false) ? 5 : 0);
		} else if (sig == SIGUSR1 || sig == SIGUSR2) {
			note("exit");
			_exit(sig == SIGUSR2);
		}
	}
}
