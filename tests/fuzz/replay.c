/* A main for fuzz targets built without libFuzzer: runs the target over every file of
 * the directories and files named, so that the corpus and old crash inputs are checked
 * by plain CTest. */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static unsigned n_files;

static int
replay_file(const char *path, size_t bytes)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = malloc(bytes ? bytes : 1);

	if (!f || !data || fread(data, 1, bytes, f) != bytes) {
		(void)fprintf(stderr, "%s: %s\n", path, strerror(errno));
		if (f)
			(void)fclose(f);
		free(data);
		return -1;
	}
	(void)fclose(f);
	/* Named before the call, so that a crash says which input it was. */
	(void)fprintf(stderr, "%s\n", path);
	(void)LLVMFuzzerTestOneInput(data, bytes);
	free(data);
	n_files++;
	return 0;
}

static int
replay(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0) {
		(void)fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return -1;
	}
	if (!S_ISDIR(st.st_mode))
		return replay_file(path, (size_t)st.st_size);

	DIR *dir = opendir(path);
	int rc = dir ? 0 : -1;

	for (struct dirent *e; dir && (e = readdir(dir));) {
		char child[4096];

		if (e->d_name[0] == '.')
			continue;
		(void)snprintf(child, sizeof(child), "%s/%s", path, e->d_name);
		if (replay(child) != 0)
			rc = -1;
	}
	if (dir)
		(void)closedir(dir);
	return rc;
}

int
main(int argc, char **argv)
{
	int rc = 0;

	for (int i = 1; i < argc; i++)
		if (replay(argv[i]) != 0)
			rc = -1;
	(void)printf("%u inputs\n", n_files);
	return rc == 0 && n_files > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
