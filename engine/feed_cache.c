/* What the decision core knows, kept in a file so that a start need not read the whole
 * ledger again. It is only ever a cache: it names the event it goes up to and is used
 * when the ledger has exactly that one, and when nothing else has changed that it was
 * made with (program, rates). Layout: struct head, then the workers' rows (feed.c), then
 * what pol_save made. */
#include "cache.h"
#include "feed.h"

#include "nv_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAGIC           UINT64_C(0x31306c6f7061766e) /* "nvapol01" */
#define CACHE_BYTES_MAX ((size_t)1 << 30)

struct head { /* of this machine, this build: never sent, never kept for long */
	uint64_t magic;
	uint64_t build; /* which program has written it */
	uint64_t rates;
	uint64_t seq;
	uint64_t event; /* hash of that event */
	int64_t time_ns;
	int64_t judged_s;
	uint64_t workers;
	struct eng_cache_seal seal;
};

/* The core's memory image has the layout of the program that has written it. */
static uint64_t
build_of_self(void)
{
	struct stat st;
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	if (stat("/proc/self/exe", &st) < 0)
		return 0;
	hash = eng_cache_mix(hash, &st.st_size, sizeof st.st_size);
	return eng_cache_mix(hash, &st.st_mtim, sizeof st.st_mtim);
}

int
eng_feed_save(const struct eng_feed *f, struct led *led, const char *path)
{
	struct head head = {.magic = MAGIC,
		.build = build_of_self(),
		.rates = f->rates_hash,
		.seq = f->seq,
		.time_ns = f->time_ns,
		.judged_s = f->judged_s};
	struct led_view *v = NULL;
	struct nv_buf buf;
	int rc = f->seq == 0 ? -ENOENT : led_view_begin(led, &v, NULL);

	if (rc == 0) {
		rc = eng_cache_event(v, f->seq, &head.event);
		led_view_end(v);
	}
	if (rc < 0)
		return rc;
	nv_buf_init(&buf, CACHE_BYTES_MAX);
	nv_buf_add(&buf, &head, sizeof head);
	head.workers = eng_feed_rows(f, &buf);
	rc = pol_save(f->pol, &buf);
	if (rc == 0)
		rc = buf.error;
	if (rc == 0) {
		memcpy(buf.data, &head, sizeof head);
		rc = eng_cache_write(
			path, buf.data, buf.bytes, offsetof(struct head, seal));
	}
	nv_buf_fini(&buf);
	return rc;
}

/* Is it whole, and about this ledger? */
static const char *
what_is_wrong(const struct eng_feed *f, struct led_view *v, char *data, size_t bytes,
	struct head *ret)
{
	struct head head;
	uint64_t event = 0;

	if (bytes < sizeof head)
		return "it is cut off";
	memcpy(&head, data, sizeof head);
	if (head.magic != MAGIC ||
		head.workers > (bytes - sizeof head) / ENG_FEED_ROW_BYTES ||
		!eng_cache_is_whole(data, bytes, offsetof(struct head, seal)))
		return "it is damaged";
	if (head.build != build_of_self())
		return "another program has written it";
	if (head.rates != f->rates_hash)
		return "the rates of currencies have changed";
	if (eng_cache_event(v, head.seq, &event) < 0 || event != head.event)
		return "it is about another ledger";
	*ret = head;
	return NULL;
}

static int
take(struct eng_feed *f, struct led_view *v, char *data, size_t bytes, struct nv_err *err)
{
	struct head head;
	struct pol *pol = NULL;
	const char *wrong = what_is_wrong(f, v, data, bytes, &head);

	if (wrong)
		return nv_err_set(err, -EBADMSG, "%s", wrong);
	const char *rows = data + sizeof head;
	size_t rows_bytes = (size_t)head.workers * ENG_FEED_ROW_BYTES;
	int rc = pol_load(rows + rows_bytes, bytes - sizeof head - rows_bytes, &pol);

	if (rc < 0)
		return nv_err_set(
			err, rc, "the decision core does not take it: %s", strerror(-rc));
	rc = eng_feed_rows_take(f, v, pol, rows, (size_t)head.workers);
	if (rc < 0) {
		pol_free(pol);
		return nv_err_set(err, -EBADMSG, "it does not fit the ledger");
	}
	f->seq = head.seq;
	f->time_ns = head.time_ns;
	f->judged_s = head.judged_s;
	return 0;
}

int
eng_feed_load(struct eng_feed *f, struct led *led, const char *path, struct nv_err *err)
{
	struct led_view *v = NULL;
	char *data = NULL;
	size_t bytes = 0;
	int rc = nv_read_file_at(AT_FDCWD, path, CACHE_BYTES_MAX, &data, &bytes);

	if (rc < 0)
		return nv_err_set(err, rc, "%s", strerror(-rc));
	rc = led_view_begin(led, &v, err);
	if (rc == 0) {
		rc = take(f, v, data, bytes, err);
		led_view_end(v);
	}
	free(data);
	return rc;
}
