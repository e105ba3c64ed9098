/* What novasupd gives to a system worker: see nv_service.h. */
#include "nv_service.h"

#include "nv_fd.h"
#include "nv_log.h"
#include "nv_paths.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECRET_BYTES_MAX ((size_t)64 << 10)

int
nv_service_config(const char *path, struct nv_config **ret, bool *ret_by_hand)
{
	const char *snapshot = getenv("NOVA_SNAPSHOT_FD");
	struct nv_conf_sources sources = {0};
	struct nv_conf_errors errs = {0};
	int rc;

	*ret_by_hand = !snapshot || !*snapshot;
	if (*ret_by_hand) {
		rc = nv_conf_sources_read(&sources, path, &errs);
	} else {
		int fd = (int)strtol(snapshot, NULL, 10);

		rc = fd > 2 ? nv_conf_snapshot_read(fd, &sources) : -EBADF;
		nv_fd_close(&fd);
	}
	if (rc == 0 || rc == -EINVAL)
		rc = nv_config_parse(&sources, ret, &errs);
	if (rc < 0 && errs.n)
		nv_conf_errors_print(&errs, STDERR_FILENO);
	else if (rc < 0)
		nv_error("the configuration cannot be read: %s", strerror(-rc));
	nv_conf_errors_fini(&errs);
	nv_conf_sources_fini(&sources);
	return rc;
}

int
nv_service_secret(const char *name, char **ret)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	char path[NV_PATH_MAX];
	char *data = NULL;
	size_t bytes = 0;

	*ret = NULL;
	if (!dir || !*dir)
		return -ENOENT;
	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	int rc = nv_read_file_at(-1, path, SECRET_BYTES_MAX, &data, &bytes);

	if (rc < 0)
		return rc;
	while (bytes > 0 && strchr("\n\r\t ", data[bytes - 1]))
		data[--bytes] = '\0';
	if (bytes == 0) {
		free(data);
		return -ENOENT;
	}
	*ret = data;
	return 0;
}

void
nv_service_forget(char **secret)
{
	if (*secret)
		explicit_bzero(*secret, strlen(*secret));
	free(*secret);
	*secret = NULL;
}
