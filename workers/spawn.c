/* fork, prepare, exec, and an honest word about what failed: see spawn.h. */
#include "spawn.h"
#include "nv_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the child writes into a close-on-exec pipe when it cannot go on; nothing comes
 * when exec worked. */
struct failure {
	int stage;
	int error;
};

enum { STAGE_SESSION, STAGE_STDIN, STAGE_STDOUT, STAGE_EVENTS, STAGE_EXEC };

static const char *const stage_names[] = {
	[STAGE_SESSION] = "setsid",
	[STAGE_STDIN] = "open /dev/null",
	[STAGE_STDOUT] = "standard output",
	[STAGE_EVENTS] = "event pipe",
	[STAGE_EXEC] = "exec",
};

static void
default_signals(void)
{
	struct sigaction dfl = {.sa_handler = SIG_DFL};
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		(void)sigaction(sig, &dfl, NULL); /* KILL and STOP cannot be set */
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

NV_NORETURN static void
child(char *const argv[], char *const envp[], int event_fd, int out, int report,
	pid_t parent)
{
	struct failure f = {.stage = STAGE_SESSION};
	int null_fd;

	default_signals();
	/* Die with nova-runner. Its parent may have died between fork and here. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(NV_EXIT_FAILED);
	if (setsid() < 0)
		goto fail;
	f.stage = STAGE_STDIN;
	null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (null_fd < 0 || dup2(null_fd, STDIN_FILENO) < 0)
		goto fail;
	f.stage = STAGE_STDOUT;
	if (dup2(out, STDOUT_FILENO) < 0)
		goto fail;
	f.stage = STAGE_EVENTS;
	if (fcntl(event_fd, F_SETFD, 0) < 0)
		goto fail;
	f.stage = STAGE_EXEC;
	(void)execvpe(argv[0], argv, envp);
fail:
	f.error = errno;
	(void)nv_write_full(report, &f, sizeof(f)); /* nobody else to tell */
	_exit(NV_EXIT_FAILED);
}

int
rn_spawn(char *const argv[], char *const envp[], int event_fd, pid_t *ret_pid,
	int *ret_out, struct nv_err *err)
{
	NV_CLEANUP_FD out_read = -1;
	NV_CLEANUP_FD out_write = -1;
	NV_CLEANUP_FD report_read = -1;
	NV_CLEANUP_FD report_write = -1;
	struct failure f;
	int rc = nv_pipe(&out_read, &out_write, 0);

	if (rc == 0)
		rc = nv_pipe(&report_read, &report_write, 0);
	if (rc == 0)
		rc = nv_fd_set_nonblock(out_read, true);
	if (rc < 0)
		return nv_err_set(err, rc, "pipe: %s", strerror(-rc));
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid < 0) {
		rc = -errno;
		return nv_err_set(err, rc, "fork: %s", strerror(-rc));
	}
	if (pid == 0)
		child(argv, envp, event_fd, out_write, report_write, parent);
	nv_fd_close(&report_write);
	if (nv_read_full(report_read, &f, sizeof(f)) == (ssize_t)sizeof(f)) {
		(void)waitpid(pid, NULL, 0); /* it has said why */
		return nv_err_set(err, -f.error, "%s %s: %s", stage_names[f.stage],
			f.stage == STAGE_EXEC ? argv[0] : "failed", strerror(f.error));
	}
	*ret_pid = pid;
	*ret_out = nv_fd_steal(&out_read);
	return 0;
}
