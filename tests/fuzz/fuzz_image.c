/* Fuzz target: an image that another binary has left. The input is page 0 and the first
 * area; what opens can be read, written to, and opened again. */
#include "image.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define FILE_BYTES (4096 + 2 * 65536)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static int
look(void *arg, const struct sup_image_record *record)
{
	uint64_t *sum = arg;

	for (size_t i = 0; i < record->bytes; i++)
		*sum += ((const uint8_t *)record->data)[i];
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct sup_image *image = NULL;
	char why[200];
	uint64_t sum = 0;

	if (fd < 0 || bytes > FILE_BYTES || ftruncate(fd, FILE_BYTES) < 0 ||
		pwrite(fd, data, bytes, 0) != (ssize_t)bytes)
		return fd < 0 ? 0 : close(fd);
	int again = dup(fd);

	if (sup_image_open(fd, &image, why, sizeof(why)) == 0) {
		NV_ASSERT(sup_image_each(image, look, &sum) == 0);
		for (uint64_t key = 0; key < 2000; key++)
			sup_image_put(image, 1, 1, key, why, sizeof(why));
		NV_ASSERT(sup_image_commit(image) == 0);
		sup_image_free(image);
		NV_ASSERT(sup_image_open(again, &image, why, sizeof(why)) == 0);
		sup_image_free(image);
	} else {
		(void)close(again);
	}
	return 0;
}
