/* Counts, kept in a file so that a start need not read the whole ledger again. It names
 * the event it goes up to and is used when the ledger has exactly that one. Layout:
 * struct head, words (length and bytes), rows (struct row). */
#include "cache.h"
#include "count.h"

#include "nv_buf.h"
#include "nv_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC           UINT64_C(0x3130746e63766e02) /* another layout, another number */
#define CACHE_BYTES_MAX ((size_t)256 << 20)

struct head { /* of this machine: never sent */
	uint64_t magic;
	uint64_t seq;
	uint64_t event; /* hash of that event */
	uint64_t words;
	uint64_t rows;
	struct eng_cache_seal seal;
};

struct row {
	uint64_t a;
	uint64_t b;
	uint64_t low;
	uint64_t high;
	uint64_t seq;
};

static void
put_body(const struct eng_counted *c, struct nv_buf *buf)
{
	for (uint32_t i = 0; i < c->words.n; i++) {
		size_t bytes = 0;
		const char *text = led_texts_get(&c->words, i, &bytes);
		uint64_t length = bytes;

		nv_buf_add(buf, &length, sizeof length);
		nv_buf_add(buf, text, bytes);
	}
	for (uint32_t i = 0; i < c->keys.n; i++) {
		struct row row = {.a = c->keys.keys[i].a,
			.b = c->keys.keys[i].b,
			.low = (uint64_t)c->rows[i].n,
			.high = (uint64_t)(c->rows[i].n >> 64),
			.seq = c->rows[i].seq};

		nv_buf_add(buf, &row, sizeof row);
	}
}

int
eng_counted_save(const struct eng_counted *c, struct led *led, const char *path)
{
	struct head head = {
		.magic = MAGIC, .seq = c->seq, .words = c->words.n, .rows = c->keys.n};
	struct led_view *v = NULL;
	struct nv_buf buf;
	int rc = c->bad ? c->bad : led_view_begin(led, &v, NULL);

	if (rc == 0) {
		rc = eng_cache_event(v, c->seq, &head.event);
		led_view_end(v);
	}
	if (rc < 0)
		return rc;
	nv_buf_init(&buf, CACHE_BYTES_MAX);
	nv_buf_add(&buf, &head, sizeof head);
	put_body(c, &buf);
	rc = buf.error;
	if (rc == 0) {
		rc = eng_cache_write(
			path, buf.data, buf.bytes, offsetof(struct head, seal));
	}
	nv_buf_fini(&buf);
	return rc;
}

static int
take_words(
	struct eng_counted *c, const struct head *head, const char **at, const char *end)
{
	for (uint64_t i = 0; i < head->words; i++) {
		uint64_t bytes;
		bool is_new = false;

		if ((size_t)(end - *at) < sizeof bytes)
			return -EBADMSG;
		memcpy(&bytes, *at, sizeof bytes);
		*at += sizeof bytes;
		if (bytes == 0 || bytes > (size_t)(end - *at) || **at <= '@' ||
			**at >= '@' + ENG_COUNT_KINDS)
			return -EBADMSG;
		if (led_texts_add(&c->words, *at, bytes, &is_new) == LED_MAP_NONE)
			return -ENOMEM;
		if (!is_new)
			return -EBADMSG;
		c->names[**at - '@']++;
		*at += bytes;
	}
	return 0;
}

static int
take_rows(struct eng_counted *c, const struct head *head, const char *at, const char *end)
{
	if ((size_t)(end - at) / sizeof(struct row) != head->rows ||
		(size_t)(end - at) % sizeof(struct row) != 0)
		return -EBADMSG;
	c->cap = (uint32_t)NV_MAX(head->rows, UINT64_C(1));
	c->rows = calloc(c->cap, sizeof *c->rows);
	if (!c->rows)
		return -ENOMEM;
	for (uint64_t i = 0; i < head->rows; i++, at += sizeof(struct row)) {
		struct row row;
		bool is_new = false;

		memcpy(&row, at, sizeof row);
		uint32_t k = led_map_add(&c->keys, row.a, row.b, &is_new);

		if (k == LED_MAP_NONE)
			return -ENOMEM;
		if (!is_new || (uint32_t)row.b > c->words.n)
			return -EBADMSG;
		c->rows[k] = (struct eng_count_row){
			(nv_i128)row.high << 64 | row.low, row.seq};
	}
	c->seq = head->seq;
	return 0;
}

static int
take(struct eng_counted *c, struct led *led, char *data, size_t bytes)
{
	const char *at = data + sizeof(struct head);
	struct led_view *v = NULL;
	struct head head;
	uint64_t event = 0;

	if (!eng_cache_is_whole(data, bytes, offsetof(struct head, seal)))
		return -EBADMSG;
	memcpy(&head, data, sizeof head);
	if (head.magic != MAGIC)
		return -EBADMSG;
	int rc = led_view_begin(led, &v, NULL);

	if (rc < 0)
		return rc;
	rc = eng_cache_event(v, head.seq, &event);
	led_view_end(v);
	if (rc < 0 || event != head.event)
		return -EBADMSG;
	rc = take_words(c, &head, &at, data + bytes);
	return rc == 0 ? take_rows(c, &head, at, data + bytes) : rc;
}

int
eng_counted_load(struct eng_counted *c, struct led *led, const char *path)
{
	char *data = NULL;
	size_t bytes = 0;
	int rc = nv_read_file_at(AT_FDCWD, path, CACHE_BYTES_MAX, &data, &bytes);

	if (rc == 0)
		rc = take(c, led, data, bytes);
	if (rc < 0)
		eng_counted_fini(c);
	free(data);
	return rc;
}
