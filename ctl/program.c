/* Another program of Nova: see program.h. */
#include "program.h"
#include "nv_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int
spawn(const char *program, char *const argv[], bool quiet, int out, pid_t *ret)
{
	posix_spawn_file_actions_t files;
	int rc = posix_spawn_file_actions_init(&files);

	if (rc != 0)
		return rc;
	rc = posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	if (rc == 0 && quiet)
		rc = posix_spawn_file_actions_addopen(
			&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	if (rc == 0)
		rc = posix_spawn(ret, program, &files, NULL, argv, environ);
	(void)posix_spawn_file_actions_destroy(&files);
	return rc;
}

static int
read_all(int fd, struct nv_buf *buf)
{
	char piece[65536];

	for (;;) {
		ssize_t n = read(fd, piece, sizeof(piece));

		if (n > 0)
			nv_buf_add(buf, piece, (size_t)n);
		else if (n == 0 || errno != EINTR)
			return n == 0 ? buf->error : -errno;
	}
}

int
ctl_program_run(const char *program, char *const argv[], bool quiet,
	struct nv_buf *answer, struct nv_err *err)
{
	NV_CLEANUP_FD from = -1;
	int to = -1;
	pid_t pid = 0;
	int status = 0;
	int rc = nv_pipe(&from, &to, 0);

	if (rc < 0)
		return nv_err_set(err, rc, "%s", strerror(-rc));
	rc = spawn(program, argv, quiet, to, &pid);
	nv_fd_close(&to);
	if (rc != 0)
		return nv_err_set(err, -rc, "%s: %s", program, strerror(rc));
	rc = read_all(from, answer);
	/* With nobody to read its answer it would wait for ever. */
	nv_fd_close(&from);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (rc < 0)
		return nv_err_set(err, rc, "%s", strerror(-rc));
	if (!WIFEXITED(status))
		return nv_err_set(err, -EIO, "%s was ended by signal %d", program,
			WTERMSIG(status));
	return WEXITSTATUS(status);
}
