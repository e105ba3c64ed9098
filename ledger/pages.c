/* See pages.h. The layout is that of lmdb 0.9's mdb.c: MDB_page, MDB_node, MDB_db,
 * MDB_meta. */
#include "pages.h"

#include "nv_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

typedef unsigned long long ull;

#define LMDB_MAGIC UINT32_C(0xBEEFC0DE)
enum {
	PAGE_HEAD = 16, /* number u64, pad u16, flags u16, lower u16, upper u16 */
	PAGE_FLAGS = 10,
	PAGE_LOWER = 12, /* or, of an overflow page, u32: how many pages */
	PAGE_UPPER = 14,
	P_BRANCH = 1,
	P_LEAF = 2,
	P_OVERFLOW = 4,
	P_META = 8,
	NODE_HEAD = 8, /* lo u16, hi u16, flags u16, key bytes u16 */
	F_BIGDATA = 1,
	F_SUBDATA = 2,
	TREE_BYTES = 48,
	META_MAGIC = PAGE_HEAD,
	META_VERSION = PAGE_HEAD + 4,
	META_FREE = PAGE_HEAD + 24,
	META_MAIN = META_FREE + TREE_BYTES,
	META_LAST_PAGE = META_MAIN + TREE_BYTES,
	META_TXN = META_LAST_PAGE + 8,
	META_BYTES = META_TXN + 8,
	DEPTH_MAX = 32,
	/* MDB_INTEGERKEY, and what the environment was made with: MDB_NOSUBDIR. */
	FLAGS_FREE = 0x4008
};
_Static_assert(sizeof(size_t) == 8, "the page format checked here is the 64-bit one");

static uint16_t
get16(const uint8_t *at)
{
	uint16_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

static uint32_t
get32(const uint8_t *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

static uint64_t
get64(const uint8_t *at)
{
	uint64_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

static void
get_tree(const uint8_t *at, struct led_tree *ret)
{
	ret->flags = get16(at + 4);
	ret->depth = get16(at + 6);
	ret->n_branch = get64(at + 8);
	ret->n_leaf = get64(at + 16);
	ret->n_overflow = get64(at + 24);
	ret->n_entries = get64(at + 32);
	ret->root = get64(at + 40);
}

/* ---- the meta pages ---- */

static bool
read_meta(int fd, uint64_t offset, struct led_meta_page *ret)
{
	uint8_t page[META_BYTES];

	if (pread(fd, page, sizeof(page), (off_t)offset) != (ssize_t)sizeof(page))
		return false;
	if (get32(page + META_MAGIC) != LMDB_MAGIC || get32(page + META_VERSION) != 1 ||
		get16(page + PAGE_FLAGS) != P_META)
		return false;
	ret->page_bytes = get32(page + META_FREE); /* kept in the free list's pad */
	get_tree(page + META_FREE, &ret->free);
	get_tree(page + META_MAIN, &ret->main);
	ret->last_page = get64(page + META_LAST_PAGE);
	ret->txn = get64(page + META_TXN);
	return true;
}

static int
try_meta(int fd, const char *path, struct led_meta_page m[2], struct nv_err *err)
{
	struct stat st;

	if (!read_meta(fd, 0, &m[0]) || m[0].page_bytes < 512 ||
		m[0].page_bytes > 65536 ||
		(m[0].page_bytes & (m[0].page_bytes - 1)) != 0 ||
		!read_meta(fd, m[0].page_bytes, &m[1]) ||
		m[1].page_bytes != m[0].page_bytes)
		return nv_err_set(err, -EBADMSG,
			"%s is damaged: its first two pages are not those of a ledger",
			path);
	const struct led_meta_page *newer = m[0].txn > m[1].txn ? &m[0] : &m[1];
	const struct led_meta_page *older = newer == &m[0] ? &m[1] : &m[0];

	/* Else an old state would pass for the newest one. */
	if (newer->txn != older->txn + 1 || (m[0].txn & 1) != 0)
		return nv_err_set(err, -EBADMSG,
			"%s is damaged: its first two pages are of commits %llu and %llu",
			path, (ull)m[0].txn, (ull)m[1].txn);
	if (fstat(fd, &st) < 0)
		return nv_err_set(
			err, -errno, "cannot read %s: %s", path, strerror(errno));
	if (newer->last_page >= (uint64_t)INT64_MAX / newer->page_bytes - 1 ||
		(uint64_t)st.st_size < (newer->last_page + 1) * newer->page_bytes)
		return nv_err_set(err, -EBADMSG,
			"%s is cut off: %llu bytes, its last page is number %llu of %u "
			"bytes",
			path, (ull)st.st_size, (ull)newer->last_page, newer->page_bytes);
	return 0;
}

int
led_pages_meta(const char *path, struct led_meta_page ret[2], struct nv_err *err)
{
	NV_CLEANUP_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc = 0;

	if (fd < 0)
		return nv_err_set(
			err, -errno, "cannot open %s: %s", path, strerror(errno));
	/* Two pages are not read in one go, and a writer may commit in between. */
	for (int tries = 0; tries < 20; tries++) {
		rc = try_meta(fd, path, ret, err);
		if (rc != -EBADMSG)
			break;
	}
	return rc;
}

/* ---- the walk ---- */

struct walk {
	const uint8_t *map;
	uint32_t page_bytes;
	uint64_t n_pages;
	uint8_t *used;        /* owned; a bit a page */
	struct led_tree seen; /* counts of the tree at hand */
	struct nv_err *err;
};

enum kind { FREE_LIST, MAIN, TABLE };

/* Where a page stands in its tree. */
struct place {
	enum kind kind;
	unsigned height;      /* 1 = leaf */
	const uint8_t *least; /* every key of it is at least this node's; NULL: any */
	const uint8_t *below; /* and less than this node's */
};

static int walk_tree(struct walk *w, const struct led_tree *tree, enum kind kind);

static int
bad(struct walk *w, uint64_t page, const char *what)
{
	return nv_err_set(w->err, -EBADMSG, "page %llu: %s", (ull)page, what);
}

static int
mark(struct walk *w, uint64_t page)
{
	if (page < 2 || page >= w->n_pages)
		return bad(w, page, "is used, but not in the file");
	if (w->used[page / 8] & (1u << page % 8))
		return bad(w, page, "is used twice");
	w->used[page / 8] = (uint8_t)(w->used[page / 8] | (1u << page % 8));
	return 0;
}

static int
walk_overflow(struct walk *w, uint64_t page, uint32_t data_bytes)
{
	int rc = mark(w, page);

	if (rc < 0)
		return rc;
	const uint8_t *at = w->map + page * w->page_bytes;
	uint32_t n = get32(at + PAGE_LOWER);
	uint64_t needed =
		((uint64_t)PAGE_HEAD + data_bytes + w->page_bytes - 1) / w->page_bytes;

	if (get64(at) != page || get16(at + PAGE_FLAGS) != P_OVERFLOW || n != needed)
		return bad(w, page, "is not the overflow page it should be");
	for (uint32_t i = 1; i < n; i++) {
		rc = mark(w, page + i);
		if (rc < 0)
			return rc;
	}
	w->seen.n_overflow += n;
	return 0;
}

/* Page numbers in a record of the free list: a count, then that many, greatest first. */
static int
walk_free(struct walk *w, uint64_t page, const uint8_t *data, uint32_t bytes)
{
	uint64_t n = bytes >= 8 ? get64(data) : UINT64_MAX;
	uint64_t before = UINT64_MAX;

	if (bytes % 8 != 0 || n > bytes / 8 - 1)
		return bad(w, page, "a record of the free list has a wrong length");
	for (uint64_t i = 1; i <= n; i++) {
		uint64_t free_page = get64(data + 8 * i);
		int rc = mark(w, free_page);

		if (rc < 0)
			return rc;
		if (free_page >= before)
			return bad(w, page, "the free list is out of order");
		before = free_page;
	}
	return 0;
}

static int
walk_data(struct walk *w, uint64_t page, const uint8_t *node, enum kind kind)
{
	uint32_t bytes = get16(node) | (uint32_t)get16(node + 2) << 16;
	uint16_t flags = get16(node + 4);
	const uint8_t *data = node + NODE_HEAD + get16(node + 6);
	struct led_tree tree;

	if (kind == MAIN) {
		struct led_tree outer = w->seen;

		if (flags != F_SUBDATA || bytes != TREE_BYTES)
			return bad(w, page, "holds a record that is not a table");
		get_tree(data, &tree);
		int rc = walk_tree(w, &tree, TABLE);

		w->seen = outer;
		return rc;
	}
	if (flags & ~F_BIGDATA)
		return bad(w, page, "holds a record of a kind that is not used here");
	if (flags & F_BIGDATA) {
		uint64_t overflow = get64(data);
		int rc = walk_overflow(w, overflow, bytes);

		if (rc < 0)
			return rc;
		data = w->map + overflow * w->page_bytes + PAGE_HEAD;
	}
	return kind == FREE_LIST ? walk_free(w, page, data, bytes) : 0;
}

/* The node at an index lies within its page; *ret is it. */
static int
node_at(struct walk *w, uint64_t page, unsigned i, bool leaf, const uint8_t **ret)
{
	const uint8_t *at = w->map + page * w->page_bytes;
	uint32_t offset = get16(at + PAGE_HEAD + (size_t)2 * i);
	uint32_t upper = get16(at + PAGE_UPPER);

	if (offset % 2 != 0 || offset < upper || offset + NODE_HEAD > w->page_bytes)
		return bad(w, page, "has a record outside of it");
	const uint8_t *node = at + offset;
	uint64_t bytes = NODE_HEAD + (uint64_t)get16(node + 6);

	if (leaf)
		bytes += get16(node + 4) & F_BIGDATA
				 ? 8
				 : get16(node) | (uint32_t)get16(node + 2) << 16;
	if (offset + bytes > w->page_bytes)
		return bad(w, page, "has a record that reaches out of it");
	*ret = node;
	return 0;
}

/* Whether key a is less than key b. */
static bool
less(const uint8_t *a, const uint8_t *b, enum kind kind)
{
	size_t a_bytes = get16(a + 6);
	size_t b_bytes = get16(b + 6);

	if (kind == FREE_LIST)
		return a_bytes == 8 && b_bytes == 8 &&
		       get64(a + NODE_HEAD) < get64(b + NODE_HEAD);
	int c = memcmp(a + NODE_HEAD, b + NODE_HEAD, NV_MIN(a_bytes, b_bytes));

	return c < 0 || (c == 0 && a_bytes < b_bytes);
}

static int walk_page(struct walk *w, uint64_t page, const struct place *p);

static int
walk_child(struct walk *w, uint64_t page, unsigned i, unsigned n, const uint8_t *node,
	const struct place *p)
{
	uint64_t child = get16(node) | (uint64_t)get16(node + 2) << 16 |
			 (uint64_t)get16(node + 4) << 32;
	struct place inner = *p;

	inner.height--;
	if (i > 0)
		inner.least = node;
	if (i + 1 < n) {
		int rc = node_at(w, page, i + 1, false, &inner.below);

		if (rc < 0)
			return rc;
	}
	return walk_page(w, child, &inner);
}

static int
walk_nodes(struct walk *w, uint64_t page, unsigned n, const struct place *p)
{
	const uint8_t *before = NULL;
	bool leaf = p->height == 1;

	for (unsigned i = 0; i < n; i++) {
		const uint8_t *node = NULL;
		int rc = node_at(w, page, i, leaf, &node);

		if (rc < 0)
			return rc;
		/* The first key of a branch page means nothing: LMDB does not look at it.
		 */
		if (leaf || i > 0) {
			if ((before && !less(before, node, p->kind)) ||
				(p->least && less(node, p->least, p->kind)) ||
				(p->below && !less(node, p->below, p->kind)))
				return bad(w, page, "has keys out of order");
			before = node;
		}
		if (leaf) {
			w->seen.n_entries++;
			rc = walk_data(w, page, node, p->kind);
		} else {
			rc = walk_child(w, page, i, n, node, p);
		}
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int
walk_page(struct walk *w, uint64_t page, const struct place *p)
{
	int rc = mark(w, page);

	if (rc < 0)
		return rc;
	const uint8_t *at = w->map + page * w->page_bytes;
	unsigned lower = get16(at + PAGE_LOWER);
	unsigned upper = get16(at + PAGE_UPPER);

	if (get64(at) != page)
		return bad(w, page, "says it is another page");
	if (get16(at + PAGE_FLAGS) != (p->height == 1 ? P_LEAF : P_BRANCH))
		return bad(w, page, "is not of the kind it should be");
	if (lower < PAGE_HEAD + 2 || lower % 2 != 0 || lower > upper ||
		upper > w->page_bytes)
		return bad(w, page, "has impossible bounds");
	unsigned n = (lower - PAGE_HEAD) / 2;

	if (p->height > 1 && n < 2)
		return bad(w, page, "is a branch with fewer than two children");
	if (p->height > 1)
		w->seen.n_branch++;
	else
		w->seen.n_leaf++;
	return walk_nodes(w, page, n, p);
}

static int
walk_tree(struct walk *w, const struct led_tree *tree, enum kind kind)
{
	struct place top = {.kind = kind, .height = tree->depth};

	w->seen = (struct led_tree){0};
	if (tree->flags != (kind == FREE_LIST ? FLAGS_FREE : 0) ||
		tree->depth > DEPTH_MAX ||
		(tree->root == UINT64_MAX) != (tree->depth == 0))
		return nv_err_set(
			w->err, -EBADMSG, "the description of a table is damaged");
	if (tree->depth > 0) {
		int rc = walk_page(w, tree->root, &top);

		if (rc < 0)
			return rc;
	}
	if (w->seen.n_branch != tree->n_branch || w->seen.n_leaf != tree->n_leaf ||
		w->seen.n_overflow != tree->n_overflow ||
		w->seen.n_entries != tree->n_entries)
		return nv_err_set(w->err, -EBADMSG,
			"a table does not have the pages and records it says it has");
	return 0;
}

int
led_pages_check(const char *path, const struct led_meta_page *meta, struct nv_err *err)
{
	NV_CLEANUP_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	struct walk w = {.page_bytes = meta->page_bytes,
		.n_pages = meta->last_page + 1,
		.err = err};
	size_t bytes = w.n_pages * w.page_bytes;

	if (fd < 0)
		return nv_err_set(
			err, -errno, "cannot open %s: %s", path, strerror(errno));
	void *map = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);

	if (map == MAP_FAILED)
		return nv_err_set(
			err, -errno, "cannot map %s: %s", path, strerror(errno));
	w.map = map;
	w.used = calloc(w.n_pages / 8 + 1, 1);
	int rc = w.used ? 0 : nv_err_set(err, -ENOMEM, "no memory to check the pages");

	if (rc == 0)
		rc = walk_tree(&w, &meta->main, MAIN);
	/* Last: pages in use are marked, so a free one among them is found. */
	if (rc == 0)
		rc = walk_tree(&w, &meta->free, FREE_LIST);
	free(w.used);
	(void)munmap(map, bytes); /* nothing was written to it */
	return rc;
}
