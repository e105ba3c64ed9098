/* The descriptors this program is given: see fds.h. */
#include "fds.h"
#include "nv_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int
rn_fds_check(struct nv_err *err)
{
	int null_fd = -1;

	for (int fd = STDIN_FILENO; fd <= RN_CONTROL_FD; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		if (fd == RN_EVENT_FD)
			return nv_err_set(err, -EBADF,
				"descriptor 3 is not open: event lines go there "
				"(try: nova-runner ... 3>events)");
		null_fd = open("/dev/null", O_RDWR); /* takes the lowest free number */
		if (null_fd != fd)
			return nv_err_set(err, -EBADF, "cannot open /dev/null");
	}
	int mode = fcntl(RN_EVENT_FD, F_GETFL) & O_ACCMODE;

	if (mode != O_WRONLY && mode != O_RDWR)
		return nv_err_set(err, -EBADF, "descriptor 3 is not open for writing");
	return nv_fd_set_cloexec(RN_CONTROL_FD, true);
}
