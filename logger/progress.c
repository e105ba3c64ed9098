/* The progress table: see progress.h. */
#include "progress.h"
#include "nv_fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define TABLE_MAGIC   UINT64_C(0x676f6c2d61766f6e) /* "nova-log" */
#define TABLE_VERSION UINT64_C(1)

/* Whoever reads after our death sees what was stored before it, in program order; the
 * fence keeps the compiler from changing that order. */
static void
store(uint64_t *word, uint64_t value)
{
	atomic_thread_fence(memory_order_seq_cst);
	*(volatile uint64_t *)word = value;
	atomic_thread_fence(memory_order_seq_cst);
}

int
log_table_map(int fd, struct log_table **ret)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size < (off_t)sizeof(struct log_table) &&
		ftruncate(fd, sizeof(struct log_table)) < 0)
		return -errno;
	struct log_table *t =
		mmap(NULL, sizeof(*t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (t == MAP_FAILED)
		return -errno;
	if (t->magic == 0) {
		store(&t->version, TABLE_VERSION);
		store(&t->magic, TABLE_MAGIC);
	}
	if (t->magic != TABLE_MAGIC || t->version != TABLE_VERSION) {
		log_table_unmap(t);
		return -EBADMSG;
	}
	*ret = t;
	return 0;
}

void
log_table_unmap(struct log_table *t)
{
	if (t)
		(void)munmap(t, sizeof(*t));
}

bool
log_table_is_over(const struct log_table *t, uint64_t id)
{
	if (id > t->id_max)
		return false;
	for (size_t i = 0; i < LOG_PROGRESS_SLOTS; i++) {
		if (t->slots[i].id == id)
			return false;
	}
	return true;
}

struct log_slot *
log_table_take(struct log_table *t, uint64_t id)
{
	struct log_slot *empty = NULL;
	bool fresh = id > t->id_max;

	NV_ASSERT(id != 0);
	for (size_t i = 0; i < LOG_PROGRESS_SLOTS; i++) {
		struct log_slot *slot = &t->slots[(id + i) % LOG_PROGRESS_SLOTS];

		if (slot->id == id)
			return slot;
		if (slot->id == 0 && !empty)
			empty = slot;
		if (empty && fresh)
			break;
	}
	if (empty) {
		empty->copy[0] = (struct log_progress){0};
		store(&empty->which, 0);
		store(&empty->id, id);
		if (fresh)
			store(&t->id_max, id);
	}
	return empty;
}

void
log_slot_free(struct log_slot *slot)
{
	store(&slot->id, 0);
}

const struct log_progress *
log_slot_get(const struct log_slot *slot)
{
	return &slot->copy[slot->which & 1];
}

void
log_slot_commit(struct log_slot *slot, const struct log_progress *p)
{
	uint64_t next = (slot->which & 1) ^ 1;

	slot->copy[next] = *p;
	store(&slot->which, next);
}

/* The file of that inode in the directory, whatever its name is now: -ENOENT when it is
 * gone. */
static int
open_inode(const char *dir, uint64_t dev, uint64_t ino, int *ret_fd)
{
	DIR *d = opendir(dir);
	int rc = -ENOENT;

	if (!d)
		return -errno;
	for (const struct dirent *e; rc == -ENOENT && (e = readdir(d));) {
		struct stat st;

		if (e->d_ino != ino)
			continue;
		NV_CLEANUP_FD fd = openat(dirfd(d), e->d_name,
			O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

		if (fd < 0)
			rc = errno == ENOENT ? -ENOENT : -errno;
		else if (fstat(fd, &st) < 0)
			rc = -errno;
		else if (S_ISREG(st.st_mode) && st.st_dev == dev && st.st_ino == ino) {
			*ret_fd = nv_fd_steal(&fd);
			rc = 0;
		}
	}
	(void)closedir(d);
	return rc;
}

static int
recover(struct log_slot *slot, const char *dir)
{
	struct log_progress p = *log_slot_get(slot);
	NV_CLEANUP_FD fd = -1;
	struct stat st;
	int rc = open_inode(dir, p.dev, p.ino, &fd);

	if (rc < 0 && rc != -ENOENT)
		return rc;
	if (rc == 0 && fstat(fd, &st) < 0)
		return -errno;
	if (rc == 0 && (uint64_t)st.st_size >= p.size_before + p.bytes) {
		p.done = p.done_after;
		p.noted = p.noted_after;
	} else if (rc == 0 && (uint64_t)st.st_size > p.size_before &&
		   ftruncate(fd, (off_t)p.size_before) < 0) {
		return -errno;
	}
	p.writing = 0;
	log_slot_commit(slot, &p);
	return 0;
}

int
log_table_recover(struct log_table *t, const char *dir)
{
	int rc = 0;

	for (size_t i = 0; i < LOG_PROGRESS_SLOTS; i++) {
		struct log_slot *slot = &t->slots[i];
		int one = 0;

		if (slot->id != 0 && log_slot_get(slot)->writing)
			one = recover(slot, dir);
		if (one < 0)
			rc = one;
	}
	return rc;
}
