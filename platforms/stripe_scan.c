/* What is new at Stripe: the repair of every webhook that did not come. Balance
 * transactions are the account's journal; events tell what has no transaction (whose a
 * sale is, what became of a dispute). Stripe lists newest first, but a refund should find
 * its sale: so a window of time is read whole, narrowed until it fits, and booked from
 * its oldest on. The cursor of a list moves to the end of a window when the ledger has
 * answered every line of it; a kill at any moment reads the window again. */
#include "stripe.h"

#include "nv_clock.h"
#include "nv_log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TABLE     "cursor"
#define OVERLAP_S INT64_C(3600) /* what is seen late, and two clocks */
#define ITEMS_MAX 1000          /* of a window that can be narrowed */
#define NARROW_S  2             /* no narrower: then all of it is read */

typedef int map_fn(const json_t *item, const struct map_stripe *how, json_t **ret_lines,
	const char **ret_note, struct nv_err *err);

/* It names an agent, and not which payment is his. */
static const char lacks_payment[] = "an invoice that does not say how it was paid";

static int
map_event(const json_t *item, const struct map_stripe *how, json_t **ret_lines,
	const char **ret_note, struct nv_err *err)
{
	int rc = map_stripe_event(item, how, ret_lines, err);
	size_t n = rc == 0 ? json_array_size(*ret_lines) : 0;
	const json_t *fact = n ? json_array_get(*ret_lines, n - 1) : NULL;

	*ret_note = NULL;
	if (n == 1 && map_text(fact, "agent") && map_text(fact, "note") &&
		stripe_invoice_of(item))
		*ret_note = lacks_payment;
	/* The fact is for what came to the gateway. */
	if (n)
		(void)json_array_remove(*ret_lines, n - 1);
	return rc;
}

enum { TRANSACTIONS, EVENTS };

static const struct source {
	const char *name; /* of its cursor */
	const char *path;
	map_fn *map;
} sources[] = {
	[TRANSACTIONS] = {"balance_transactions",
		"/v1/balance_transactions?limit=100&expand[0]=data.source",
		map_stripe_txn},
	[EVENTS] = {"events",
		"/v1/events?limit=100&types[0]=application_fee.refunded"
		"&types[1]=charge.captured&types[2]=charge.dispute.closed"
		"&types[3]=charge.dispute.created&types[4]=charge.dispute.funds_"
		"reinstated"
		"&types[5]=charge.dispute.funds_withdrawn&types[6]=charge.refund.updated"
		"&types[7]=charge.refunded&types[8]=charge.succeeded"
		"&types[9]=checkout.session.async_payment_succeeded"
		"&types[10]=checkout.session.completed&types[11]=invoice.paid"
		"&types[12]=payment_intent.succeeded&types[13]=payout.canceled"
		"&types[14]=payout.failed&types[15]=payout.paid&types[16]=refund.created"
		"&types[17]=refund.failed&types[18]=refund.updated",
		map_event},
};

struct stripe_scan {
	struct stripe *stripe;
	size_t source;
	bool second;                 /* the other list is read already */
	int64_t from_s, to_s, end_s; /* the window; where the last one ends */
	json_t *items;               /* owned: of the window, newest first */
	size_t left;                 /* of them, not booked */
	json_t *lines;               /* owned: of the item that is booked; NULL */
	size_t line;
	size_t pending; /* said, not answered */
	bool too_many;
	bool asking;    /* for the payments of an invoice */
	bool asked;     /* they stand in the item */
	bool forget;    /* somebody put the cursors back meanwhile */
	bool cancelled; /* the process ends */
	int rc;         /* it failed, and waits for answers that are under way */
	struct nv_err err;
};

static int begin_source(struct stripe_scan *scan, struct nv_err *err);
static void go_on(struct stripe_scan *scan);

static void
scan_free(struct stripe_scan *scan)
{
	if (!scan)
		return;
	json_decref(scan->items);
	json_decref(scan->lines);
	free(scan);
}

static void
finish(struct stripe_scan *scan, int rc, const char *why)
{
	struct stripe *s = scan->stripe;

	s->scan = NULL;
	scan_free(scan);
	plat_poll_done(s->plat, rc, why);
}

static void
finish_err(struct stripe_scan *scan, int rc, const struct nv_err *err)
{
	struct nv_err kept = *err; /* it may be the scan's own */

	finish(scan, rc, kept.text[0] ? kept.text : strerror(-rc));
}

/* ---- the cursor ---- */

/* Where to read from; at the first time what is kept is read. */
static int
read_cursor(struct stripe *s, const char *name, int64_t *ret)
{
	int64_t now_s = nv_wall_ns() / INT64_C(1000000000);
	json_t *value = NULL;
	int64_t at;
	int rc = plat_get(s->plat, TABLE, name, &value);

	if (rc != 0 && rc != -ENOENT)
		return rc;
	*ret = now_s - s->catch_up_s;
	if (rc == 0 && map_int(value, "at", &at))
		*ret = at - OVERLAP_S;
	json_decref(value);
	return 0;
}

static int
write_cursor(struct stripe *s, const char *name, int64_t at)
{
	json_t *value = json_pack("{s:I}", "at", (json_int_t)at);
	int rc = value ? plat_put(s->plat, TABLE, name, value) : -ENOMEM;

	json_decref(value);
	return rc;
}

void
stripe_run_rewind(struct plat_call *call)
{
	struct stripe *s = plat_own(plat_call_platform(call));
	int64_t from_s = 0;
	int rc = 0;

	if (stripe_arg_time(call, "from", &from_s) != 0)
		return;
	for (size_t i = 0; rc == 0 && i < NV_LEN(sources); i++)
		rc = write_cursor(s, sources[i].name, from_s + OVERLAP_S);
	if (rc) {
		plat_fail(call, NV_EXIT_FAILED, "the cursor cannot be written: %s",
			strerror(-rc));
		return;
	}
	stripe_seen_clear(s->seen);
	if (s->scan)
		s->scan->forget = true;
	plat_done(call,
		json_pack("{s:o}", "from", nv_json_time(from_s * INT64_C(1000000000))));
}

int
stripe_scan_restored(struct plat *p, int64_t until_ns, uint64_t events)
{
	int64_t back_s = (until_ns - PLAT_RESTORED_BACK_NS) / INT64_C(1000000000);
	int rc = 0;

	(void)events;
	for (size_t i = 0; i < NV_LEN(sources) && rc == 0; i++) {
		json_t *value = NULL;
		int64_t at;

		rc = plat_get(p, TABLE, sources[i].name, &value);
		if (rc == 0 && map_int(value, "at", &at) && at > back_s) {
			json_decref(value);
			value = json_pack("{s:I}", "at", (json_int_t)NV_MAX(back_s, 0));
			rc = value ? plat_put(p, TABLE, sources[i].name, value) : -ENOMEM;
		}
		json_decref(value);
		rc = rc == -ENOENT ? 0 : rc; /* never read: all that is kept will be */
	}
	return rc;
}

/* ---- reading a window ---- */

static int
on_page(void *arg, const json_t *data, bool more)
{
	struct stripe_scan *scan = arg;

	if (json_array_extend(scan->items, (json_t *)(uintptr_t)data) != 0)
		return 1;
	scan->too_many = more && json_array_size(scan->items) >= ITEMS_MAX &&
			 scan->to_s - scan->from_s > NARROW_S;
	return scan->too_many;
}

static int read_window(struct stripe_scan *scan, struct nv_err *err);

static void
on_pages_end(void *arg, int rc, const char *why)
{
	struct stripe_scan *scan = arg;
	struct nv_err err = {0};

	if (rc || scan->cancelled) {
		finish(scan, rc ? (rc == -EAGAIN ? -EBUSY : rc) : -ECANCELED, why);
		return;
	}
	if (scan->too_many) {
		scan->to_s = scan->from_s + (scan->to_s - scan->from_s) / 2;
		rc = read_window(scan, &err);
		if (rc)
			finish_err(scan, rc, &err);
		return;
	}
	scan->left = json_array_size(scan->items);
	go_on(scan);
}

static int
read_window(struct stripe_scan *scan, struct nv_err *err)
{
	char path[1200];

	json_array_clear(scan->items);
	scan->too_many = false;
	(void)snprintf(path, sizeof(path), "%s&created[gte]=%lld&created[lte]=%lld",
		sources[scan->source].path, (long long)scan->from_s,
		(long long)scan->to_s);
	return stripe_list(scan->stripe, path, NULL, STRIPE_PAGES_MAX, on_page,
		on_pages_end, scan, err);
}

/* ---- booking it ---- */

static void
on_booked(struct plat *plat, void *arg, int rc, const char *reason)
{
	struct stripe_scan *scan = arg;
	struct stripe *s = scan->stripe;

	(void)plat;
	scan->pending--;
	if (rc == 0) {
		s->n_booked++;
	} else if (rc == -ECANCELED) {
		scan->cancelled = true;
	} else {
		s->n_refused++;
		nv_warn("the ledger refused what Stripe says: %s", reason ? reason : "");
	}
	if (!scan->cancelled)
		go_on(scan);
}

static void
count_note(struct stripe *s, const char *note)
{
	json_int_t n = json_integer_value(json_object_get(s->not_booked, note));

	if (n == 0)
		nv_warn("a balance transaction of Stripe is not booked: %s", note);
	(void)json_object_set_new(s->not_booked, note, json_integer(n + 1));
}

/* Since "basil" an invoice says whose subscription it is for, and only its payments which
 * payment it was: without them the agent of a renewal is not known. */
static void
on_invoice(void *arg, const struct stripe_answer *a)
{
	struct stripe_scan *scan = arg;
	json_t *item = json_array_get(scan->items, scan->left - 1);

	scan->asking = false;
	scan->asked = true;
	if (a->outcome == NV_HTTP_DONE) {
		stripe_invoice_put(item, a->json);
	} else if (a->status != 404) {
		scan->rc = a->throttled ? -EBUSY : -EIO;
		(void)nv_err_set(&scan->err, scan->rc, "%s", a->why);
	}
	if (!scan->cancelled)
		go_on(scan);
}

static int
ask_invoice(struct stripe_scan *scan, const char *id, struct nv_err *err)
{
	char *path = stripe_op_path("/v1/invoices/{id}?expand[0]=payments", id);
	int rc = 0;

	if (path)
		rc = stripe_ask(scan->stripe,
			&(struct stripe_ask){.method = "GET", .path = path}, on_invoice,
			scan, err);
	else
		scan->asked = true; /* no id that can be asked for */
	scan->asking = path && rc == 0;
	free(path);
	return rc;
}

/* The lines of the oldest item that is left. 0, or negative errno. */
static int
take_item(struct stripe_scan *scan, struct nv_err *err)
{
	struct stripe *s = scan->stripe;
	const struct map_stripe how = {
		s->test ? MAP_STRIPE_TEST : MAP_STRIPE_LIVE, s->account};
	const json_t *item = json_array_get(scan->items, scan->left - 1);
	const char *note = NULL;
	int rc = sources[scan->source].map(item, &how, &scan->lines, &note, err);

	if (rc == -ENOMEM)
		return rc;
	if (rc == 0 && note == lacks_payment && !scan->asked) {
		json_decref(scan->lines);
		scan->lines = NULL;
		return ask_invoice(scan, stripe_invoice_of(item), err);
	}
	scan->asked = false;
	scan->left--;
	if (rc) { /* no such object: said, and not in the way of what follows */
		count_note(s, "an item of the list is not what it should be");
		scan->lines = NULL;
		return 0;
	}
	if (note && note != lacks_payment)
		count_note(s, note);
	scan->line = 0;
	return 0;
}

/* One line. -ENOBUFS: go on when some have been answered. */
static int
say_line(struct stripe_scan *scan, struct nv_err *err)
{
	struct stripe *s = scan->stripe;
	json_t *line = json_array_get(scan->lines, scan->line);
	char *text = nv_json_line(line);
	int rc = 0;

	if (!text)
		return -ENOMEM;
	if (!stripe_seen_has(s->seen, text)) {
		rc = plat_book(s->plat, json_incref(line), on_booked, scan);
		if (rc == 0) {
			scan->pending++;
			stripe_seen_add(s->seen, text);
		} else if (rc == -ENOTCONN) {
			(void)nv_err_set(err, rc,
				"there is no engine to book it: started by hand");
		} else if (rc == -EMSGSIZE || rc == -EINVAL) {
			count_note(s, "a line that cannot be an event");
			rc = 0;
		}
	}
	free(text);
	return rc;
}

static void
end_window(struct stripe_scan *scan)
{
	struct stripe *s = scan->stripe;
	struct nv_err err = {0};
	int rc = 0;

	if (!scan->forget)
		rc = write_cursor(s, sources[scan->source].name, scan->to_s);
	if (rc == 0 && scan->to_s < scan->end_s) {
		scan->from_s = scan->to_s;
		scan->to_s = scan->end_s;
		rc = read_window(scan, &err);
	} else if (rc == 0 && !scan->second) {
		scan->second = true;
		scan->source = scan->source == EVENTS ? TRANSACTIONS : EVENTS;
		rc = begin_source(scan, &err);
	} else if (rc == 0) {
		finish(scan, 0, NULL);
		return;
	}
	if (rc)
		finish_err(scan, rc, &err);
}

static void
go_on(struct stripe_scan *scan)
{
	struct nv_err err = {0};
	int rc = scan->rc;

	while (rc == 0 && !scan->asking) {
		if (!scan->lines && scan->left == 0)
			break;
		if (!scan->lines) {
			rc = take_item(scan, &err);
		} else if (scan->line < json_array_size(scan->lines)) {
			rc = say_line(scan, &err);
			scan->line += rc == 0;
		} else {
			json_decref(scan->lines);
			scan->lines = NULL;
		}
	}
	if (scan->asking || (rc == -ENOBUFS && scan->pending > 0))
		return; /* on_invoice or on_booked goes on */
	if (rc && scan->rc == 0) {
		scan->rc = rc;
		scan->err = err;
	}
	if (scan->pending > 0)
		return; /* their answers come to this scan */
	if (scan->rc)
		finish_err(scan, scan->rc, &scan->err);
	else
		end_window(scan);
}

static int
begin_source(struct stripe_scan *scan, struct nv_err *err)
{
	int rc = read_cursor(scan->stripe, sources[scan->source].name, &scan->from_s);

	if (rc)
		return nv_err_set(
			err, rc, "the cursor cannot be read: %s", strerror(-rc));
	if (!scan->second) /* both lists end at the same time */
		scan->end_s = nv_wall_ns() / INT64_C(1000000000);
	scan->to_s = scan->end_s;
	return read_window(scan, err);
}

/* A fee goes where its sale is, and events tell whose that is: they are read first. But
 * transactions may be older than the oldest event, so that at the first time what came
 * back finds its sale only behind them. */
static size_t
first_source(struct stripe *s)
{
	json_t *value = NULL;
	int rc = plat_get(s->plat, TABLE, sources[TRANSACTIONS].name, &value);

	json_decref(value);
	return rc == 0 ? EVENTS : TRANSACTIONS;
}

void
stripe_poll(struct plat *plat)
{
	struct stripe *s = plat_own(plat);
	struct stripe_scan *scan = s->problem ? NULL : calloc(1, sizeof(*scan));
	struct nv_err err = {0};
	int rc = -ENOMEM;

	if (!scan) {
		plat_poll_done(plat, -EINVAL, s->problem ? s->problem : "out of memory");
		return;
	}
	s->scan = scan;
	scan->stripe = s;
	scan->source = first_source(s);
	scan->items = json_array();
	if (scan->items)
		rc = begin_source(scan, &err);
	if (rc)
		finish_err(scan, rc, &err);
}

void
stripe_scan_stop(struct stripe *s)
{
	scan_free(s->scan);
	s->scan = NULL;
}

void
stripe_scan_show(struct stripe *s, json_t *state)
{
	json_t *cursors = json_object();

	for (size_t i = 0; i < NV_LEN(sources); i++) {
		json_t *value = NULL;
		int64_t at;

		if (plat_get(s->plat, TABLE, sources[i].name, &value) == 0 &&
			map_int(value, "at", &at))
			(void)json_object_set_new(cursors, sources[i].name,
				nv_json_time(at * INT64_C(1000000000)));
		json_decref(value);
	}
	(void)json_object_set_new(state, "read_until", cursors);
	(void)json_object_set(state, "not_booked", s->not_booked);
}
