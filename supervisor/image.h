/* The image: novasupd's long-lived state as records in a memfd that outlives it. A record
 * is (type, version, key, bytes); the newest of a (type, key) is the one that counts.
 *
 * put and delete go into an open batch, of which nobody sees anything until commit
 * publishes all of it by one store: whoever maps the memfd after a SIGKILL at whatever
 * instruction finds the state before or after a batch, never a part of one.
 *
 * Two areas of equal size: records are appended to one; when it is full, those that count
 * are copied to the other, which the next commit makes the current one. When they do not
 * fit, or a batch fills the other one too, the file grows and both areas double. Nothing
 * is allocated by put unless the number of records grows.
 *
 * What is in the memfd is checked when it is opened, as it may come from another binary:
 * nothing in it is believed but what can be read safely. */
#ifndef SUP_IMAGE_H
#define SUP_IMAGE_H

#include "nv_base.h"

#define SUP_IMAGE_FORMAT           1
#define SUP_IMAGE_RECORD_BYTES_MAX ((size_t)64 << 10)
#define SUP_IMAGE_BYTES_MAX        ((size_t)1 << 30)

struct sup_image;

/* A new, empty one: 0 or -errno. */
int sup_image_new(struct sup_image **ret);
/* What another process has left in fd, which is taken in any case: 0; -EPROTO when it is
 * of another format or damaged, with the reason in why; -errno. */
int sup_image_open(int fd, struct sup_image **ret, char *why, size_t why_bytes);
/* Unmap and close; the memfd lives on in whoever else has it. NULL is fine. */
void sup_image_free(struct sup_image *image);
int sup_image_fd(const struct sup_image *image);

/* Errors (no memory for a larger file) are remembered: commit returns them. */
void sup_image_put(struct sup_image *image, uint16_t type, uint16_t version, uint64_t key,
	const void *data, size_t bytes);
/* One that is not there is fine. */
void sup_image_delete(struct sup_image *image, uint16_t type, uint64_t key);
/* Publish the open batch: 0, or -errno, and then nothing of it is there. */
int sup_image_commit(struct sup_image *image);

struct sup_image_record {
	uint16_t type;
	uint16_t version;
	uint64_t key;
	const void *data; /* borrowed: until the next put */
	size_t bytes;
};
/* Every record that counts, by type, then by key; a negative result ends it. */
typedef int sup_image_fn(void *arg, const struct sup_image_record *record);
int sup_image_each(struct sup_image *image, sup_image_fn *fn, void *arg);
/* Is there one? Then *ret, else -ENOENT. */
int sup_image_find(const struct sup_image *image, uint16_t type, uint64_t key,
	struct sup_image_record *ret);
bool sup_image_is_empty(const struct sup_image *image);
/* All that is published, in a new memfd, the caller's. 0 or -errno. */
int sup_image_copy(const struct sup_image *image, int *ret_fd);
/* What is used of the file, for figures. */
size_t sup_image_bytes(const struct sup_image *image);

#endif
