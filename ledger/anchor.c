/* See anchor.h. */
#include "anchor.h"

#include "chain.h"
#include "nv_clock.h"
#include "shape.h"
#include "view.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char begins[] = "{\"ledger\":\"";

size_t
led_anchor_line(const struct led_anchor *a, char out[LED_ANCHOR_LINE_BYTES])
{
	char id[2 * sizeof(a->ledger) + 1];
	char hash[2 * LED_HASH_BYTES + 1];
	char at[NV_RFC3339_BYTES];
	int n = snprintf(out, LED_ANCHOR_LINE_BYTES,
		"%s%s\",\"batch\":%" PRIu64 ",\"hash\":\"%s\",\"at\":\"%s\"}", begins,
		led_hex(a->ledger, sizeof(a->ledger), id), a->batch,
		led_hex(a->hash, LED_HASH_BYTES, hash), nv_rfc3339(a->at_ns, at));

	NV_ASSERT(n > 0 && n < LED_ANCHOR_LINE_BYTES);
	return (size_t)n;
}

int
led_anchor_of(struct led_view *v, int64_t now_ns, struct led_anchor *ret)
{
	struct led_stats stats;
	int rc = led_view_stats(v, &stats);

	if (rc < 0)
		return rc;
	if (stats.batches == 0)
		return -ENOENT;
	*ret = (struct led_anchor){.batch = stats.batches, .at_ns = now_ns};
	memcpy(ret->ledger, v->led->meta.id, sizeof(ret->ledger));
	memcpy(ret->hash, stats.head_hash, LED_HASH_BYTES);
	return 0;
}

/* ---- reading them ---- */

static bool
parse(const char *line, size_t bytes, struct led_anchor *ret)
{
	const char *from = memmem(line, bytes, begins, sizeof(begins) - 1);

	if (!from)
		return false;
	struct led_shape t = {.at = from, .end = line + bytes};
	struct led_anchor a = {0};

	led_shape_literal(&t, begins);
	led_shape_hex(&t, a.ledger, sizeof(a.ledger));
	led_shape_literal(&t, "\",\"batch\":");
	a.batch = led_shape_number(&t);
	led_shape_literal(&t, ",\"hash\":\"");
	led_shape_hex(&t, a.hash, LED_HASH_BYTES);
	led_shape_literal(&t, "\",\"at\":\"");
	const char *end = t.bad ? NULL : memchr(t.at, '"', (size_t)(t.end - t.at));

	if (!end || nv_rfc3339_parse(t.at, (size_t)(end - t.at), &a.at_ns) < 0)
		return false;
	t.at = end;
	led_shape_literal(&t, "\"}");
	if (t.bad || a.batch == 0)
		return false;
	*ret = a;
	return true;
}

static int
add(struct led_anchors *a, size_t *cap, const struct led_anchor *anchor)
{
	if (a->n == LED_ANCHORS_MAX)
		return -E2BIG;
	if (a->n == *cap) {
		size_t more = *cap ? *cap * 2 : 64;
		struct led_anchor *p = reallocarray(a->list, more, sizeof(*p));

		if (!p)
			return -ENOMEM;
		a->list = p;
		*cap = more;
	}
	a->list[a->n++] = *anchor;
	return 0;
}

static int
by_batch(const void *a, const void *b)
{
	const struct led_anchor *x = a;
	const struct led_anchor *y = b;

	return (x->batch > y->batch) - (x->batch < y->batch);
}

static int
read_lines(FILE *file, struct led_anchors *ret)
{
	struct led_anchor anchor;
	size_t cap = 0;
	char *line = NULL;
	size_t room = 0;
	ssize_t n;
	int rc = 0;

	while (rc == 0 && (n = getline(&line, &room, file)) > 0) {
		if (parse(line, (size_t)n, &anchor))
			rc = add(ret, &cap, &anchor);
		else
			ret->skipped += n > 1;
	}
	if (rc == 0 && ferror(file))
		rc = -EIO;
	free(line);
	return rc;
}

int
led_anchors_load(const char *path, struct led_anchors *ret, struct nv_err *err)
{
	struct led_anchors a = {0};
	FILE *file = fopen(path, "re");

	if (!file)
		return nv_err_set(err, -errno, "%s: %s", path, strerror(errno));
	int rc = read_lines(file, &a);

	(void)fclose(file); /* it was only read */
	if (rc == -E2BIG)
		(void)nv_err_set(
			err, rc, "%s: more than %d anchors", path, LED_ANCHORS_MAX);
	else if (rc < 0)
		(void)nv_err_set(err, rc, "%s: %s", path, strerror(-rc));
	else if (a.n == 0)
		rc = nv_err_set(err, -EBADMSG,
			"%s: there is no anchor in it: expected lines like "
			"{\"ledger\":..,\"batch\":..,\"hash\":..,\"at\":..}",
			path);
	if (rc < 0) {
		led_anchors_fini(&a);
		return rc;
	}
	qsort(a.list, a.n, sizeof(*a.list), by_batch);
	*ret = a;
	return 0;
}

void
led_anchors_fini(struct led_anchors *a)
{
	free(a->list);
	*a = (struct led_anchors){0};
}
