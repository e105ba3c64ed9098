/* All the core knows as bytes, and back. A cache of one build on one machine: flat parts
 * are written as they are, behind a header that says how large they are and what their
 * sum is. What does not fit exactly is refused; everything can be rebuilt. */
#include "trial.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC UINT64_C(0x31306c6f7061766e) /* "nvapol01" */

struct header {
	uint64_t magic;
	uint32_t version;
	uint32_t bytes_pol;
	uint32_t bytes_worker;
	uint32_t bytes_open;
	uint64_t bytes;
	uint64_t sum; /* of what follows, FNV-1a by 8 bytes */
};

#define POL_FLAT    offsetof(struct pol, n_workers)
#define WORKER_FLAT offsetof(struct pol_worker, conf)

static uint64_t
sum_of(const void *data, size_t bytes)
{
	const uint8_t *at = data;
	uint64_t h = UINT64_C(14695981039346656037);
	uint64_t v = 0;

	for (; bytes >= sizeof v; at += sizeof v, bytes -= sizeof v) {
		memcpy(&v, at, sizeof v);
		h = (h ^ v) * UINT64_C(1099511628211);
		h ^= h >> 29;
	}
	for (; bytes > 0; at++, bytes--)
		h = (h ^ *at) * UINT64_C(1099511628211);
	return h;
}

static void
save_worker(const struct pol_worker *w, struct nv_buf *out)
{
	uint32_t has[3] = {w->delay != NULL, w->open != NULL, w->variants != NULL};

	nv_buf_add(out, (const char *)w + WORKER_FLAT, sizeof *w - WORKER_FLAT);
	nv_buf_add(out, has, sizeof has);
	if (w->n_days)
		nv_buf_add(out, w->days, w->n_days * sizeof *w->days);
	if (w->n_sale)
		nv_buf_add(out, w->sale, w->n_sale * sizeof *w->sale);
	if (w->delay)
		nv_buf_add(out, w->delay, sizeof *w->delay);
	if (w->open)
		nv_buf_add(out, w->open, sizeof *w->open);
	if (!w->variants)
		return;
	nv_buf_add(out, w->variants, sizeof *w->variants);
	if (w->variants->n_days)
		nv_buf_add(out, w->variants->days,
			w->variants->n_days * sizeof *w->variants->days);
}

int
pol_save(const struct pol *p, struct nv_buf *out)
{
	struct header h = {.magic = MAGIC,
		.version = POL_MODEL_VERSION,
		.bytes_pol = sizeof(struct pol),
		.bytes_worker = sizeof(struct pol_worker),
		.bytes_open = sizeof(struct pol_open)};
	size_t at = out->bytes;

	nv_buf_add(out, &h, sizeof h);
	nv_buf_add(out, (const char *)p + POL_FLAT, sizeof *p - POL_FLAT);
	for (uint32_t i = 0; i < p->n_workers; i++)
		save_worker(p->workers[i], out);
	if (out->error)
		return out->error;
	h.bytes = out->bytes - at - sizeof h;
	h.sum = sum_of(out->data + at + sizeof h, h.bytes);
	memcpy(out->data + at, &h, sizeof h);
	return 0;
}

struct reader {
	const uint8_t *at;
	size_t left;
	bool bad;
};

static void
take(struct reader *r, void *to, size_t bytes)
{
	if (bytes > r->left)
		r->bad = true;
	if (r->bad || bytes == 0)
		return;
	memcpy(to, r->at, bytes);
	r->at += bytes;
	r->left -= bytes;
}

/* A list on the heap; NULL when there is none or no memory. */
static void *
take_list(struct reader *r, size_t n, size_t each)
{
	if (n == 0 || r->bad || n * each > r->left)
		return NULL;
	void *list = malloc(n * each);

	if (list)
		take(r, list, n * each);
	return list;
}

static int
load_trial(struct reader *r, struct pol_worker *w)
{
	struct pol_variants *t = take_list(r, 1, sizeof *t);

	if (!t)
		return r->bad || r->left == 0 ? -EBADMSG : -ENOMEM;
	t->days = NULL;
	t->days_cap = t->n_days;
	w->variants = t;
	if (t->n_days > POL_TRIAL_DAYS)
		return -EBADMSG;
	t->days = take_list(r, t->n_days, sizeof *t->days);
	if (t->n_days && !t->days)
		return r->bad || r->left == 0 ? -EBADMSG : -ENOMEM;
	return 0;
}

static int
load_worker(struct reader *r, struct pol_worker *w)
{
	uint32_t has[3] = {0};

	take(r, (char *)w + WORKER_FLAT, sizeof *w - WORKER_FLAT);
	take(r, has, sizeof has);
	if (r->bad || w->n_days > POL_DAYS || w->n_sale > POL_SALES_KEPT ||
		!memchr(w->conf.name, 0, sizeof w->conf.name))
		return -EBADMSG;
	w->finding = "";
	w->rule = "";
	w->days = take_list(r, w->n_days, sizeof *w->days);
	w->sale = take_list(r, w->n_sale, sizeof *w->sale);
	w->delay = take_list(r, has[0] != 0, sizeof *w->delay);
	w->open = take_list(r, has[1] != 0, sizeof *w->open);
	w->days_cap = w->n_days;
	w->sale_cap = w->n_sale;
	if ((w->n_days && !w->days) || (w->n_sale && !w->sale) || (has[0] && !w->delay) ||
		(has[1] && !w->open))
		return r->bad || r->left == 0 ? -EBADMSG : -ENOMEM;
	if (w->open)
		pol_open_point(w->open);
	return has[2] ? load_trial(r, w) : 0;
}

static int
load_all(struct reader *r, struct pol *p)
{
	take(r, (char *)p + POL_FLAT, sizeof *p - POL_FLAT);
	uint32_t n = p->n_workers;

	p->n_workers = 0;
	p->cap_workers = 0;
	p->n_slots = 0;
	if (r->bad || n > POL_WORKERS_MAX)
		return -EBADMSG;
	int rc = pol_workers_reserve(p, n);

	for (uint32_t i = 0; rc == 0 && i < n; i++) {
		struct pol_worker *w = calloc(1, sizeof *w);

		if (!w)
			return -ENOMEM;
		p->workers[p->n_workers++] = w;
		rc = load_worker(r, w);
	}
	if (rc == 0 && r->left > 0)
		rc = -EBADMSG;
	if (rc == 0)
		pol_slots_fill(p);
	return rc;
}

int
pol_load(const void *data, size_t bytes, struct pol **ret)
{
	struct header h;

	if (bytes < sizeof h)
		return -EBADMSG;
	memcpy(&h, data, sizeof h);
	if (h.magic != MAGIC || h.version != POL_MODEL_VERSION ||
		h.bytes_pol != sizeof(struct pol) ||
		h.bytes_worker != sizeof(struct pol_worker) ||
		h.bytes_open != sizeof(struct pol_open) || h.bytes != bytes - sizeof h)
		return -EBADMSG;
	struct reader r = {.at = (const uint8_t *)data + sizeof h, .left = h.bytes};

	if (sum_of(r.at, r.left) != h.sum)
		return -EBADMSG;
	struct pol *p = calloc(1, sizeof *p);

	if (!p)
		return -ENOMEM;
	int rc = load_all(&r, p);

	if (rc < 0) {
		pol_free(p);
		return rc;
	}
	*ret = p;
	return 0;
}
