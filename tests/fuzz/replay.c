/* The main of a fuzz target that is built without libFuzzer: every file named on the
 * command line, and every file in a directory named there, is given to the target once. A
 * crash is the failure; so is a corpus that is not there. */
#include "nv_base.h"
#include "nv_fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define INPUT_BYTES_MAX ((size_t)16 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static int
replay_file(const char *path)
{
	NV_CLEANUP_FREE char *data = NULL;
	size_t bytes;
	int rc = nv_read_file_at(AT_FDCWD, path, INPUT_BYTES_MAX, &data, &bytes);

	if (rc < 0) {
		(void)fprintf(stderr, "%s: %s\n", path, strerror(-rc));
		return rc;
	}
	/* A copy of the exact size, so that AddressSanitizer sees a read past the end. */
	NV_CLEANUP_FREE uint8_t *exact = malloc(bytes ? bytes : 1);

	if (!exact)
		return -ENOMEM;
	memcpy(exact, data, bytes);
	(void)LLVMFuzzerTestOneInput(exact, bytes);
	return 0;
}

static int
visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int
replay(const char *path, unsigned *count)
{
	char inside[4096];
	struct dirent **entries;
	struct stat st;
	int rc = 0;

	if (stat(path, &st) < 0) {
		(void)fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return -errno;
	}
	if (!S_ISDIR(st.st_mode)) {
		++*count;
		return replay_file(path);
	}
	int n = scandir(path, &entries, visible, alphasort);

	if (n < 0)
		return -errno;
	for (int i = 0; i < n; i++) {
		if (snprintf(inside, sizeof(inside), "%s/%s", path, entries[i]->d_name) >=
			(int)sizeof(inside))
			rc = -ENAMETOOLONG;
		else if (rc == 0)
			rc = replay(inside, count);
		free(entries[i]);
	}
	free(entries);
	return rc;
}

int
main(int argc, char **argv)
{
	unsigned count = 0;

	for (int i = 1; i < argc; i++) {
		if (replay(argv[i], &count) < 0)
			return 1;
	}
	(void)printf("%u inputs replayed\n", count);
	return count > 0 ? 0 : 1;
}
