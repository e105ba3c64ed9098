/* Reading sales, reservations and what has been corrected. */
#include "claim.h"
#include "view.h"

#include <errno.h>
#include <string.h>

static int
get_seq(struct led_view *v, enum led_db db, const uint8_t *key, size_t key_bytes,
	uint64_t *ret)
{
	MDB_val value;
	int rc = led_view_get(v, db, key, key_bytes, &value);

	return rc < 0 ? rc : led_seq_decode(value.mv_data, value.mv_size, ret);
}

static int
get_event(struct led_view *v, uint64_t seq, struct led_event *ret)
{
	MDB_val value;
	int rc = led_record(v->led, v->txn, seq, &value);

	return rc < 0 ? rc : led_event_decode(seq, value.mv_data, value.mv_size, ret);
}

int
led_view_sale(struct led_view *v, uint64_t seq, struct led_sale *ret)
{
	uint8_t key[8];
	struct led_event ev;
	MDB_val value;
	int rc = led_view_get(v, LED_DB_SALE, key, led_key_u64(seq, key), &value);

	if (rc == 0)
		return led_sale_decode(seq, value.mv_data, value.mv_size, ret);
	if (rc == -ENOENT)
		rc = get_event(v, seq, &ev);
	return rc < 0 ? rc : led_sale_of_event(&ev, seq, ret);
}

/* The sale that an id of one table leads to. -ENOENT: none. */
static int
sale_by(struct led_view *v, enum led_db db, uint32_t scope, const char *id, size_t bytes,
	struct led_sale *ret)
{
	uint8_t key[LED_KEY_BYTES_MAX];
	uint64_t seq;
	int rc = get_seq(v, db, key, led_key_idem(scope, id, bytes, key), &seq);

	if (rc == 0)
		rc = led_view_sale(v, seq, ret);
	while (rc == 0 && ret->corrected &&
		get_seq(v, LED_DB_LINK, key,
			led_key_link(LED_LINK_REPLACED, ret->seq, key), &seq) == 0)
		rc = led_view_sale(v, seq, ret);
	return rc;
}

int
led_view_sale_find(struct led_view *v, uint32_t scope, uint32_t worker, const char *of,
	size_t of_bytes, struct led_sale *ret)
{
	if (of_bytes == 0 || of_bytes > LED_ID_MAX)
		return -ENOENT;
	int rc = sale_by(v, LED_DB_IDEM, scope, of, of_bytes, ret);

	if (rc == -ENOENT)
		rc = sale_by(v, LED_DB_EXTID, scope, of, of_bytes, ret);
	if (rc == -ENOENT && worker != scope)
		rc = sale_by(v, LED_DB_IDEM, worker, of, of_bytes, ret);
	if (rc == -ENOENT)
		rc = sale_by(v, LED_DB_EXTID, 0, of, of_bytes, ret);
	return rc;
}

int
led_view_sale_of(struct led_view *v, uint64_t seq, uint64_t *ret_sale)
{
	uint8_t key[16];
	struct led_event ev;
	int rc = get_event(v, seq, &ev);

	if (rc < 0)
		return rc;
	if ((ev.kind != LED_REFUND && ev.kind != LED_DISPUTE) || !ev.of)
		return -ENOENT;
	if (ev.ref == 0)
		return get_seq(v, LED_DB_LINK, key,
			led_key_link(LED_LINK_MATCHED, seq, key), ret_sale);
	*ret_sale = ev.ref;
	return 0;
}

int
led_view_corrected(struct led_view *v, uint64_t seq, uint64_t *ret_correction)
{
	uint8_t key[16];

	return get_seq(v, LED_DB_LINK, key, led_key_link(LED_LINK_CORRECTED, seq, key),
		ret_correction);
}

/* ---- walks ---- */

struct seq_walk {
	led_seq_fn *fn;
	void *arg;
};

static int
one_orphan(struct led_view *v, const MDB_val *key, const MDB_val *value, void *arg)
{
	struct seq_walk *w = arg;

	(void)v;     /* the shape of a led_walk_fn */
	(void)value; /* the key says it all */
	if (key->mv_size < 10)
		return -EBADMSG;
	return w->fn(w->arg,
		led_key_get_u64((const uint8_t *)key->mv_data + key->mv_size - 8));
}

int
led_view_unmatched(struct led_view *v, led_seq_fn *fn, void *arg)
{
	struct seq_walk w = {fn, arg};

	return led_view_walk(v, LED_DB_ORPHAN, NULL, 0, one_orphan, &w);
}

struct sale_walk {
	led_sale_fn *fn;
	void *arg;
};

static int
one_sale(struct led_view *v, const MDB_val *key, const MDB_val *value, void *arg)
{
	struct sale_walk *w = arg;
	struct led_sale sale;

	(void)v; /* the shape of a led_walk_fn */
	if (key->mv_size != 8 || led_sale_decode(led_key_get_u64(key->mv_data),
					 value->mv_data, value->mv_size, &sale) < 0)
		return -EBADMSG;
	return w->fn(w->arg, &sale);
}

int
led_view_sales(struct led_view *v, uint64_t from_seq, led_sale_fn *fn, void *arg)
{
	struct sale_walk w = {fn, arg};
	uint8_t key[8];

	return led_view_walk(
		v, LED_DB_SALE, key, led_key_u64(from_seq, key), one_sale, &w);
}

struct pend_walk {
	uint32_t worker;
	led_pend_fn *fn;
	void *arg;
};

static int
one_pend(struct led_view *v, const MDB_val *key, const MDB_val *value, void *arg)
{
	struct pend_walk *w = arg;
	struct led_pend pend;

	(void)v; /* the shape of a led_walk_fn */
	if (key->mv_size != 8 || led_pend_decode(led_key_get_u64(key->mv_data),
					 value->mv_data, value->mv_size, &pend) < 0)
		return -EBADMSG;
	return w->worker == 0 || w->worker == pend.worker ? w->fn(w->arg, &pend) : 0;
}

int
led_view_pends(struct led_view *v, uint32_t worker, led_pend_fn *fn, void *arg)
{
	struct pend_walk w = {worker, fn, arg};

	return led_view_walk(v, LED_DB_PEND, NULL, 0, one_pend, &w);
}
