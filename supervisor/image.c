/* The image: see image.h.
 *
 *   page 0: magic, format, `current`       then area A, area B (cap bytes each)
 *
 * `current` says where the records that count begin (in pages) and how many bytes of them
 * are published: one word, so that both change at once. */
#include "image.h"
#include "nv_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC       UINT64_C(0x6e6f76612d696d67) /* nova-img */
#define PAGE_BYTES  ((size_t)4096)
#define AREA_BYTES  ((size_t)64 << 10) /* at first */
#define DELETED     UINT32_MAX
#define LENGTH_BITS 40
#define SLOTS_MIN   64
#define NO_OFFSET   UINT32_MAX

struct head {
	uint64_t magic;
	uint32_t format;
	uint32_t unused;
	_Atomic uint64_t current;
};

struct entry { /* what precedes a record's bytes; the next one begins at 8 bytes */
	uint16_t type;
	uint16_t version;
	uint32_t bytes; /* DELETED: the record is gone */
	uint64_t key;
};

/* Where the newest record of a (type, key) is: open addressing, a power of two of slots,
 * at most half of them used. */
struct slot {
	uint64_t key;
	uint32_t offset; /* in the area, in units of 8 bytes; NO_OFFSET: no such record */
	uint16_t type;
	bool used;
};

struct sup_image {
	uint8_t *map; /* owned */
	size_t map_bytes;
	int fd;             /* owned */
	size_t area;        /* where the area begins that is written to */
	size_t cap;         /* of an area */
	size_t length;      /* of it in use, the open batch included */
	size_t live;        /* bytes of the records that count */
	bool moved;         /* in the open batch: what is published is in another area */
	int error;          /* of the open batch */
	struct slot *slots; /* owned */
	size_t n_slots;
	size_t n_used; /* slots that have a key, with or without a record */
};

static struct head *
head_of(const struct sup_image *im)
{
	return (struct head *)(void *)im->map;
}

static size_t
padded(size_t bytes)
{
	return (bytes + 7) & ~(size_t)7;
}

static struct entry *
entry_at(const struct sup_image *im, size_t offset)
{
	return (struct entry *)(void *)(im->map + im->area + offset);
}

static size_t
entry_bytes(const struct entry *e)
{
	return sizeof(*e) + (e->bytes == DELETED ? 0 : padded(e->bytes));
}

/* ---- the index ---- */

static struct slot *
slot_of(const struct sup_image *im, uint16_t type, uint64_t key)
{
	uint64_t hash = (key ^ ((uint64_t)type << 48)) * UINT64_C(0x9e3779b97f4a7c15);
	size_t mask = im->n_slots - 1;
	size_t at = (size_t)(hash >> 32) & mask;

	while (im->slots[at].used &&
		(im->slots[at].key != key || im->slots[at].type != type))
		at = (at + 1) & mask;
	return &im->slots[at];
}

/* Room for one more key; what is deleted makes place when it must grow anyway. */
static int
make_slot(struct sup_image *im)
{
	struct slot *old = im->slots;
	size_t n_old = im->n_slots;
	size_t n_live = 0;

	if ((im->n_used + 1) * 2 <= im->n_slots)
		return 0;
	for (size_t i = 0; i < n_old; i++)
		n_live += old[i].used && old[i].offset != NO_OFFSET;
	size_t n = NV_MAX(n_old, (size_t)SLOTS_MIN);

	while ((n_live + 1) * 4 > n)
		n *= 2;
	struct slot *grown = calloc(n, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	im->slots = grown;
	im->n_slots = n;
	im->n_used = n_live;
	for (size_t i = 0; i < n_old; i++) {
		if (old[i].used && old[i].offset != NO_OFFSET)
			*slot_of(im, old[i].type, old[i].key) = old[i];
	}
	free(old);
	return 0;
}

static int
index_entry(struct sup_image *im, size_t offset)
{
	const struct entry *e = entry_at(im, offset);
	int rc = make_slot(im);

	if (rc < 0)
		return rc;
	struct slot *s = slot_of(im, e->type, e->key);

	if (!s->used) {
		*s = (struct slot){.key = e->key,
			.type = e->type,
			.used = true,
			.offset = NO_OFFSET};
		im->n_used++;
	}
	if (s->offset != NO_OFFSET)
		im->live -= entry_bytes(entry_at(im, (size_t)s->offset * 8));
	s->offset = e->bytes == DELETED ? NO_OFFSET : (uint32_t)(offset / 8);
	if (e->bytes != DELETED)
		im->live += entry_bytes(e);
	return 0;
}

/* ---- areas ---- */

/* Less only for the test of what is done when it cannot grow. */
static size_t
bytes_max(void)
{
	const char *text = getenv("NOVA_TEST_IMAGE_BYTES");

	return text ? NV_MIN(strtoul(text, NULL, 10), SUP_IMAGE_BYTES_MAX)
		    : SUP_IMAGE_BYTES_MAX;
}

static int
resize(struct sup_image *im, size_t cap)
{
	size_t bytes = PAGE_BYTES + 2 * cap;

	if (bytes > bytes_max())
		return -ENOSPC;
	if (ftruncate(im->fd, (off_t)bytes) < 0)
		return -errno;
	void *map = im->map ? mremap(im->map, im->map_bytes, bytes, MREMAP_MAYMOVE)
			    : mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
				      im->fd, 0);

	if (map == MAP_FAILED)
		return -errno;
	im->map = map;
	im->map_bytes = bytes;
	im->cap = cap;
	return 0;
}

/* The areas begin at the first page and in the middle of the rest. After a growth that
 * was cut short the current one begins where the middle was before: it ends at the
 * middle, too. */
static size_t
middle(const struct sup_image *im)
{
	return PAGE_BYTES + im->cap;
}

static size_t
room(const struct sup_image *im)
{
	return (im->area < middle(im) ? middle(im) : middle(im) + im->cap) - im->area;
}

/* The other area gets what counts, the open batch included. Nobody looks there before the
 * next commit. When the areas double, the new second one begins where the old two end, so
 * the current one is never written over. In a batch that has moved before, the other area
 * is the one that is published: the areas double then in any case. */
static int
move(struct sup_image *im, size_t more)
{
	size_t from = im->area;
	size_t cap = im->cap;

	/* Half of the area stays free, so that this is not needed again soon. */
	if (im->moved)
		cap *= 2;
	while (cap < SUP_IMAGE_BYTES_MAX && (im->live + more) * 2 > cap)
		cap *= 2;
	if (cap > im->cap) {
		int rc = resize(im, cap);

		if (rc < 0)
			return rc;
	}
	size_t to = from < middle(im) ? middle(im) : PAGE_BYTES;
	size_t length = 0;

	for (size_t i = 0; i < im->n_slots; i++) {
		struct slot *s = &im->slots[i];

		if (!s->used || s->offset == NO_OFFSET)
			continue;
		const uint8_t *e = im->map + from + (size_t)s->offset * 8;
		size_t bytes = entry_bytes((const struct entry *)(const void *)e);

		memcpy(im->map + to + length, e, bytes);
		s->offset = (uint32_t)(length / 8);
		length += bytes;
	}
	im->area = to;
	im->length = length;
	im->moved = true;
	return 0;
}

static void
append(struct sup_image *im, const struct entry *head, const void *data)
{
	size_t bytes = entry_bytes(head);

	if (im->error)
		return;
	if (im->length + bytes > room(im)) {
		im->error = move(im, bytes);
		if (im->error)
			return;
	}
	struct entry *e = entry_at(im, im->length);

	*e = *head;
	if (head->bytes != DELETED && head->bytes > 0)
		memcpy(e + 1, data, head->bytes);
	im->error = index_entry(im, im->length);
	im->length += bytes;
}

void
sup_image_put(struct sup_image *im, uint16_t type, uint16_t version, uint64_t key,
	const void *data, size_t bytes)
{
	const struct entry e = {type, version, (uint32_t)bytes, key};
	struct sup_image_record old;

	NV_ASSERT(bytes <= SUP_IMAGE_RECORD_BYTES_MAX);
	if (!im->error && sup_image_find(im, type, key, &old) == 0 &&
		old.version == version && old.bytes == bytes &&
		memcmp(old.data, data, bytes) == 0)
		return; /* it says that already */
	append(im, &e, data);
}

void
sup_image_delete(struct sup_image *im, uint16_t type, uint64_t key)
{
	const struct entry e = {type, 0, DELETED, key};

	if (im->n_slots > 0 && slot_of(im, type, key)->used &&
		slot_of(im, type, key)->offset != NO_OFFSET)
		append(im, &e, NULL);
}

/* ---- open, commit ---- */

/* Everything that is published, anew: what an unfinished batch said is forgotten. */
static int
read_current(struct sup_image *im)
{
	uint64_t current = atomic_load(&head_of(im)->current);

	im->area = (size_t)(current >> LENGTH_BITS) * PAGE_BYTES;
	im->length = (size_t)(current & ((UINT64_C(1) << LENGTH_BITS) - 1));
	im->live = im->n_used = 0;
	if (im->n_slots > 0)
		memset(im->slots, 0, im->n_slots * sizeof(*im->slots));
	im->moved = false;
	if (im->area < PAGE_BYTES || im->area > middle(im) || im->length > room(im) ||
		im->length % 8 != 0)
		return -EPROTO;
	for (size_t at = 0; at < im->length;) {
		const struct entry *e = entry_at(im, at);

		if (im->length - at < sizeof(*e) ||
			(e->bytes != DELETED && e->bytes > SUP_IMAGE_RECORD_BYTES_MAX) ||
			im->length - at < entry_bytes(e))
			return -EPROTO;
		int rc = index_entry(im, at);

		if (rc < 0)
			return rc;
		at += entry_bytes(e);
	}
	return 0;
}

/* The memory of the area that does not count any more. */
static void
give_back(const struct sup_image *im)
{
	bool first = im->area < middle(im);
	size_t from = first ? middle(im) : PAGE_BYTES;

	(void)fallocate(im->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)from,
		(off_t)im->cap); /* or it stays in use */
}

int
sup_image_commit(struct sup_image *im)
{
	int rc = im->error;

	if (rc == 0) {
		atomic_store(&head_of(im)->current,
			(uint64_t)(im->area / PAGE_BYTES) << LENGTH_BITS | im->length);
		if (im->moved)
			give_back(im);
		im->moved = false;
		return 0;
	}
	im->error = 0;
	int again = read_current(im);

	NV_ASSERT(again == 0); /* nothing there has changed since it was read */
	return rc;
}

static struct sup_image *
image_alloc(int fd)
{
	struct sup_image *im = calloc(1, sizeof(*im));

	if (im)
		im->fd = fd;
	return im;
}

int
sup_image_new(struct sup_image **ret)
{
	NV_CLEANUP_FD fd = memfd_create("nova-image", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -errno;
	struct sup_image *im = image_alloc(nv_fd_steal(&fd));

	if (!im)
		return -ENOMEM;
	int rc = resize(im, AREA_BYTES);

	/* A file that shrinks under a mapping is a SIGBUS. */
	if (rc == 0 && fcntl(im->fd, F_ADD_SEALS, F_SEAL_SHRINK) < 0)
		rc = -errno;
	if (rc == 0)
		rc = make_slot(im);
	if (rc < 0) {
		sup_image_free(im);
		return rc;
	}
	im->area = PAGE_BYTES;
	*head_of(im) = (struct head){.magic = MAGIC, .format = SUP_IMAGE_FORMAT};
	(void)sup_image_commit(im); /* nothing can be wrong with nothing */
	*ret = im;
	return 0;
}

static int
map_whole(struct sup_image *im, char *why, size_t why_bytes)
{
	struct stat st;

	if (fstat(im->fd, &st) < 0)
		return -errno;
	size_t bytes = (size_t)NV_MAX(st.st_size, 0);

	if (bytes < PAGE_BYTES + 2 * AREA_BYTES || bytes > SUP_IMAGE_BYTES_MAX ||
		(bytes - PAGE_BYTES) % (2 * PAGE_BYTES) != 0) {
		(void)snprintf(why, why_bytes, "an image has another size than %zu bytes",
			bytes);
		return -EPROTO;
	}
	void *map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, im->fd, 0);

	if (map == MAP_FAILED)
		return -errno;
	im->map = map;
	im->map_bytes = bytes;
	im->cap = (bytes - PAGE_BYTES) / 2;
	const struct head *head = head_of(im);

	if (head->magic != MAGIC || head->format != SUP_IMAGE_FORMAT) {
		(void)snprintf(why, why_bytes,
			"it is an image of format %u, and format %u was expected",
			head->magic == MAGIC ? head->format : 0U,
			(unsigned)SUP_IMAGE_FORMAT);
		return -EPROTO;
	}
	return 0;
}

int
sup_image_open(int fd, struct sup_image **ret, char *why, size_t why_bytes)
{
	struct sup_image *im = image_alloc(fd);

	if (!im) {
		nv_fd_close(&fd);
		return -ENOMEM;
	}
	int rc = map_whole(im, why, why_bytes);

	if (rc == 0)
		rc = make_slot(im);
	if (rc == 0) {
		rc = read_current(im);
		if (rc == -EPROTO)
			(void)snprintf(why, why_bytes, "its records are damaged");
	}
	if (rc < 0) {
		sup_image_free(im);
		return rc;
	}
	*ret = im;
	return 0;
}

void
sup_image_free(struct sup_image *im)
{
	if (!im)
		return;
	if (im->map)
		(void)munmap(im->map, im->map_bytes);
	nv_fd_close(&im->fd);
	free(im->slots);
	free(im);
}

int
sup_image_fd(const struct sup_image *im)
{
	return im->fd;
}

/* ---- reading ---- */

static int
by_type_and_key(const void *a, const void *b)
{
	const struct slot *x = a;
	const struct slot *y = b;

	if (x->type != y->type)
		return (x->type > y->type) - (x->type < y->type);
	return (x->key > y->key) - (x->key < y->key);
}

static void
fill_record(
	const struct sup_image *im, const struct slot *s, struct sup_image_record *ret)
{
	const struct entry *e = entry_at(im, (size_t)s->offset * 8);

	*ret = (struct sup_image_record){.type = e->type,
		.version = e->version,
		.key = e->key,
		.data = e + 1,
		.bytes = e->bytes};
}

int
sup_image_each(struct sup_image *im, sup_image_fn *fn, void *arg)
{
	struct slot *sorted = calloc(NV_MAX(im->n_used, (size_t)1), sizeof(*sorted));
	size_t n = 0;
	int rc = 0;

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < im->n_slots; i++) {
		if (im->slots[i].used && im->slots[i].offset != NO_OFFSET)
			sorted[n++] = im->slots[i];
	}
	qsort(sorted, n, sizeof(*sorted), by_type_and_key);
	for (size_t i = 0; i < n && rc >= 0; i++) {
		struct sup_image_record record;

		fill_record(im, &sorted[i], &record);
		rc = fn(arg, &record);
	}
	free(sorted);
	return NV_MIN(rc, 0);
}

int
sup_image_find(const struct sup_image *im, uint16_t type, uint64_t key,
	struct sup_image_record *ret)
{
	const struct slot *s = slot_of(im, type, key);

	if (!s->used || s->offset == NO_OFFSET)
		return -ENOENT;
	fill_record(im, s, ret);
	return 0;
}

bool
sup_image_is_empty(const struct sup_image *im)
{
	return im->live == 0;
}

int
sup_image_copy(const struct sup_image *im, int *ret_fd)
{
	NV_CLEANUP_FD fd = memfd_create("nova-image-copy", MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	int rc = nv_write_full(fd, im->map, im->map_bytes);

	if (rc == 0)
		*ret_fd = nv_fd_steal(&fd);
	return rc;
}

size_t
sup_image_bytes(const struct sup_image *im)
{
	return im->length;
}
