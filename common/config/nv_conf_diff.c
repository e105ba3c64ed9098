/* What differs between two configurations, setting by setting. Compared is what is in
 * force, shown is what `config show` would: values that may be secrets are masked. */
#include "nv_conf_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN_BYTES 300

struct diff {
	const struct nv_config *old;
	const struct nv_config *new;
	nv_conf_diff_fn *fn;
	void *arg;
	struct nv_buf a; /* whole values, and then what is shown of them */
	struct nv_buf b;
	int rc;
};

size_t
nv_conf_field_bytes(enum nv_opt_kind kind)
{
	static const size_t bytes[NV_OPT_KINDS] = {
		[NV_OPT_NAME] = NV_NAME_MAX,
		[NV_OPT_TEXT] = sizeof(char *),
		[NV_OPT_PATH] = sizeof(char *),
		[NV_OPT_BOOL] = sizeof(bool),
		[NV_OPT_COUNT] = sizeof(uint32_t),
		[NV_OPT_DURATION] = sizeof(int64_t),
		[NV_OPT_SPAN] = 2 * sizeof(int64_t),
		[NV_OPT_SIZE] = sizeof(uint64_t),
		[NV_OPT_PERCENT] = sizeof(int64_t),
		[NV_OPT_MONEY] = sizeof(int64_t),
		[NV_OPT_WORD] = sizeof(int),
		[NV_OPT_SIGNAL] = sizeof(int),
		[NV_OPT_USER] = sizeof(char *),
		[NV_OPT_GROUP] = sizeof(char *),
	};

	return bytes[kind];
}

bool
nv_conf_field_is_text(enum nv_opt_kind kind)
{
	return kind == NV_OPT_TEXT || kind == NV_OPT_PATH || kind == NV_OPT_USER ||
	       kind == NV_OPT_GROUP;
}

bool
nv_conf_list_restarts(const struct nv_option *o)
{
	if (o->kind == NV_OPT_COMMAND) /* and not the command of a check */
		return o->offset == offsetof(struct nv_conf_worker, argv);
	return o->kind != NV_OPT_PARAMS && o->kind != NV_OPT_VARIANTS &&
	       o->kind != NV_OPT_DEPENDS && o->kind != NV_OPT_CODES &&
	       o->kind != NV_OPT_OPERATIONS;
}

/* Does a change of this one setting restart what runs? Asked of the hash itself, so that
 * the two cannot disagree. */
static bool
restarts(const struct nv_option *o, const struct nv_conf_worker *old,
	const struct nv_conf_worker *new)
{
	struct nv_conf_worker mixed = *old; /* borrows everything */

	if (!nv_option_is_scalar(o))
		return nv_conf_list_restarts(o);
	size_t bytes = nv_conf_field_bytes(o->kind);

	if (bytes == 0)
		return old->restart_hash != new->restart_hash; /* perhaps for it */
	memcpy((char *)&mixed + o->offset, (const char *)new + o->offset, bytes);
	return nv_conf_restart_hash(&mixed) != old->restart_hash;
}

static void
shorten(struct nv_buf *buf)
{
	if (buf->bytes <= SHOWN_BYTES)
		return;
	size_t keep = SHOWN_BYTES - 3;

	while (keep > 0 && ((unsigned char)buf->data[keep] & 0xc0) == 0x80)
		keep--; /* not in the middle of a character */
	buf->bytes = keep;
	nv_buf_puts(buf, "...");
}

static void
compare(struct diff *d, const struct nv_option *o, const void *old, const void *new,
	const struct nv_conf_worker *old_worker, const struct nv_conf_worker *new_worker)
{
	struct nv_conf_change change = {.kind = NV_CONF_CHANGED,
		.worker = new_worker ? new_worker->name : "",
		.key = o->key};

	nv_buf_clear(&d->a);
	nv_buf_clear(&d->b);
	nv_conf_put_value(&d->a, d->old, o, old, false);
	nv_conf_put_value(&d->b, d->new, o, new, false);
	if (d->a.error || d->b.error) {
		d->rc = -ENOMEM;
		return;
	}
	if (d->a.bytes == d->b.bytes &&
		(d->a.bytes == 0 || memcmp(d->a.data, d->b.data, d->a.bytes) == 0))
		return;
	change.restart = new_worker && restarts(o, old_worker, new_worker);
	nv_buf_clear(&d->a);
	nv_buf_clear(&d->b);
	nv_conf_put_value(&d->a, d->old, o, old, true);
	nv_conf_put_value(&d->b, d->new, o, new, true);
	shorten(&d->a);
	shorten(&d->b);
	change.from = d->a.data ? d->a.data : "";
	change.to = d->b.data ? d->b.data : "";
	d->fn(d->arg, &change);
}

static void
one_sided(struct diff *d, enum nv_conf_change_kind kind, const struct nv_conf_worker *w)
{
	const struct nv_conf_change change = {
		.kind = kind, .worker = w->name, .key = "", .from = "", .to = ""};

	d->fn(d->arg, &change);
}

/* Both lists are sorted by name. */
static void
compare_workers(struct diff *d)
{
	size_t i = 0;
	size_t k = 0;

	while (i < d->old->n_workers || k < d->new->n_workers) {
		const struct nv_conf_worker *old =
			i < d->old->n_workers ? &d->old->workers[i] : NULL;
		const struct nv_conf_worker *new =
			k < d->new->n_workers ? &d->new->workers[k] : NULL;
		int order = !old ? 1 : !new ? -1 : strcmp(old->name, new->name);

		if (order < 0)
			one_sided(d, NV_CONF_REMOVED, old);
		else if (order > 0)
			one_sided(d, NV_CONF_ADDED, new);
		for (size_t o = 0; order == 0 && o < nv_options_worker_n; o++)
			compare(d, &nv_options_worker[o], old, new, old, new);
		i += order <= 0;
		k += order >= 0;
	}
}

int
nv_config_diff(const struct nv_config *old, const struct nv_config *new,
	nv_conf_diff_fn *fn, void *arg)
{
	struct diff d = {.old = old, .new = new, .fn = fn, .arg = arg};

	nv_buf_init(&d.a, (size_t)8 << 20);
	nv_buf_init(&d.b, (size_t)8 << 20);
	for (size_t o = 0; o < nv_options_global_n; o++)
		compare(&d, &nv_options_global[o], old, new, NULL, NULL);
	compare_workers(&d);
	nv_buf_fini(&d.a);
	nv_buf_fini(&d.b);
	return d.rc;
}
