/* Reservations of runs and calls: see gate.h. What is kept here mirrors the ledger's open
 * reservations; gate_ask.c answers questions, gate_wait.c keeps those who wait. */
#include "gate.h"

#include "decide.h"
#include "gate_private.h"
#include "intake.h"
#include "report.h"
#include "setting.h"

#include "nv_clock.h"
#include "nv_json.h"
#include "nv_log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPIRE_MAX   1000 /* in one transaction */
#define EXPIRY_S_MAX 3600.

/* ---- what one run costs ---- */

static void
remember_cost(struct eng_purse *p, nv_i128 cost)
{
	p->run_costs[p->n_run_costs % ENG_GATE_COSTS] = cost;
	p->n_run_costs++;
	/* Full stays full, and the place of the oldest is kept. */
	if (p->n_run_costs == 2 * ENG_GATE_COSTS)
		p->n_run_costs = ENG_GATE_COSTS;
}

/* With nothing but a mean or somebody's word for it, nothing is usual: such a guess keeps
 * no run from beginning under a cap of which nothing is spent. */
static nv_i128
guess(const struct eng_worker *w)
{
	uint64_t runs = eng_runs(&w->totals);

	if (runs > 0)
		return w->totals.cost / (nv_i128)runs;
	if (!w->conf)
		return 0;
	if (w->conf->expected_cost_nano >= 0)
		return w->conf->expected_cost_nano;
	return NV_MAX(w->conf->budget_per_run_nano, 0);
}

void
eng_gate_estimate(const struct eng_worker *w, nv_i128 *ret_amount, nv_i128 *ret_usual)
{
	nv_i128 costs[ENG_GATE_COSTS];
	const struct eng_purse *p = w->purse;
	unsigned n = p ? NV_MIN(p->n_run_costs, (unsigned)ENG_GATE_COSTS) : 0;

	*ret_usual = 0;
	*ret_amount = guess(w);
	if (n == 0)
		return;
	memcpy(costs, p->run_costs, n * sizeof costs[0]);
	*ret_amount = eng_cost_percentile(costs, n, ENG_GATE_PERCENTILE);
	*ret_usual = costs[n / 2];
}

bool
eng_gate_asks(const struct eng_worker *w)
{
	return w->conf && w->conf->kind == NV_KIND_TASK && eng_caps_any(w);
}

void
eng_gate_weigh(const struct eng *eng, const struct eng_worker *w, const char *operation,
	bool run, nv_i128 amount, nv_i128 usual, int64_t now_ns,
	struct eng_gate_verdict *ret)
{
	const struct eng_cap *caps[ENG_CAPS_OVER_MAX];
	const char *currency = eng->config->base_currency;

	ret->fits = true;
	if (run)
		eng_gate_check(caps, eng_caps_of_operations(w, caps), 0, 0, now_ns,
			currency, ret);
	if (ret->fits)
		eng_gate_check(caps, eng_caps_of(w, operation, caps), amount,
			run ? usual : amount, now_ns, currency, ret);
}

/* ---- the list ---- */

nv_i128
eng_gate_in_base(const struct eng *eng, const char *currency, nv_i128 nano)
{
	int64_t rate;

	return eng_rate(eng->config, currency, &rate) ? eng_convert(nano, rate) : 0;
}

/* What of it counts in the caps. */
static void
hold(const struct eng *eng, struct eng_reservation *r)
{
	nv_i128 now = r->over ? 0 : eng_gate_in_base(eng, r->currency, r->left);

	if (now != r->held)
		eng_caps_reserve(r->worker, r->operation, now - r->held);
	r->held = now;
}

struct eng_reservation *
eng_gate_add(struct eng *eng, struct eng_worker *w, const struct eng_reservation *what)
{
	struct eng_reservation *r = malloc(sizeof *r);

	NV_ASSERT(r != NULL);
	*r = *what;
	r->worker = w;
	r->held = 0;
	r->next = w->purse->open;
	w->purse->open = r;
	w->purse->n_open++;
	eng->gate->n_open++;
	hold(eng, r);
	return r;
}

/* Not while somebody may still hold r: only between transactions. */
static void
sweep(struct eng *eng, struct eng_worker *w)
{
	struct eng_reservation **at = w->purse ? &w->purse->open : NULL;

	while (at && *at) {
		struct eng_reservation *r = *at;

		hold(eng, r);
		if (!r->over) {
			at = &r->next;
			continue;
		}
		*at = r->next;
		w->purse->n_open--;
		eng->gate->n_open--;
		free(r);
	}
}

void
eng_gate_touch(struct eng *eng, struct eng_worker *w)
{
	w->purse->gate_touched = true;
	eng->gate->changed = true;
}

void
eng_gate_committed(struct eng *eng)
{
	if (!eng->gate || !eng->gate->changed)
		return;
	for (struct eng_worker *w = eng->workers; w; w = w->next) {
		if (!w->purse || !w->purse->gate_touched)
			continue;
		w->purse->gate_touched = false;
		sweep(eng, w);
	}
}

static bool
has_id(const struct eng_reservation *r, const char *id, size_t id_bytes)
{
	return strlen(r->id) == id_bytes && memcmp(r->id, id, id_bytes) == 0;
}

struct eng_reservation *
eng_gate_of(struct eng_worker *w, uint64_t stream, const char *id, size_t id_bytes)
{
	struct eng_reservation *r = w->purse ? w->purse->open : NULL;

	while (r && (r->over || (id ? !has_id(r, id, id_bytes)
				    : !r->run || r->stream != stream)))
		r = r->next;
	return r;
}

nv_i128
eng_gate_reserved(const struct eng *eng, const struct eng_worker *w)
{
	nv_i128 sum = 0;

	if (w)
		return w->purse ? w->purse->reserved : 0;
	for (const struct eng_worker *each = eng->workers; each; each = each->next)
		sum += each->purse ? each->purse->reserved : 0;
	return sum;
}

/* ---- how one ends ---- */

/* What is left of it is free; the ledger says so with an event of its own. */
void
eng_gate_end(struct eng *eng, struct eng_txn *txn, struct eng_reservation *r,
	const struct led_event *ev, uint32_t flags)
{
	r->over = true;
	eng_gate_touch(eng, r->worker);
	if (r->seq == 0)
		return;
	(void)eng_txn_worker(eng, txn, r->worker);
	uint64_t seq;
	int rc = led_batch_void(txn->batch, ev, r->seq, flags, &seq);

	/* Settled to the last of it: there is nothing to free. */
	if (rc < 0 && rc != -ENOENT)
		eng_ledger_trouble(eng, "the ledger does not free a reservation");
	if (rc == 0)
		eng_txn_added(txn, seq);
}

int64_t
eng_gate_settle(struct eng *eng, struct eng_txn *txn, const struct eng_reservation *r,
	struct led_event *ev, int64_t nano, uint32_t currency)
{
	int64_t settled = 0;

	if (r->seq == 0 || r->left == 0 || r->currency_id != currency)
		return 0;
	int rc = led_batch_settle(txn->batch, ev, r->seq, nano, currency, &settled);

	if (rc < 0 && !led_is_refusal(rc))
		eng_ledger_trouble(eng, "the ledger does not settle a reservation");
	return rc < 0 ? 0 : settled; /* it has expired: a plain cost then */
}

void
eng_gate_cost(struct eng *eng, struct eng_reservation *r, int64_t settled, int64_t cost,
	const char *currency)
{
	r->left -= settled;
	r->spent += eng_gate_in_base(eng, currency, cost);
	eng_gate_touch(eng, r->worker);
}

void
eng_gate_called(struct eng *eng, struct eng_worker *w, const struct eng_reservation *r,
	const struct led_event *ev, int64_t settled, int64_t cost, const char *currency)
{
	if (r && strlen(r->operation) == ev->operation_bytes &&
		memcmp(r->operation, ev->operation, ev->operation_bytes) == 0)
		cost -= settled;
	eng_caps_called(w, ev->operation, ev->operation_bytes,
		eng_gate_in_base(eng, currency, cost));
}

void
eng_gate_run_over(struct eng *eng, struct eng_txn *txn, struct eng_stream *s)
{
	struct eng_reservation *r = eng_gate_of(s->worker, s->rec.stream_id, NULL, 0);

	if (!r)
		return;
	remember_cost(s->worker->purse, r->spent);
	eng_gate_end(eng, txn, r, NULL, 0);
}

void
eng_gate_stream_over(
	struct eng *eng, struct eng_txn *txn, struct eng_worker *w, uint64_t stream_id)
{
	struct eng_reservation *r = w && w->purse ? w->purse->open : NULL;

	/* What a platform holds for an agent may be for a call that nobody knows the
	 * outcome of: the next one settles it. */
	if (w && nv_name_is_system(w->name))
		return;
	if (!eng->gate) { /* while the engine starts: the ledger alone knows */
		if (led_batch_void_stream(txn->batch, stream_id, NULL, NULL) < 0)
			eng_ledger_trouble(eng,
				"the ledger does not free what a stream has reserved");
		return;
	}
	/* By their numbers: when a fleet stops, thousands end in one go, and the ledger
	 * would look at all that is open for each. */
	for (; r; r = r->next) {
		if (r->stream == stream_id && !r->over)
			eng_gate_end(eng, txn, r, NULL, LED_F_ENDED);
	}
	eng_gate_forget_waiter(eng, stream_id);
}

static int
on_expired(void *arg, const struct led_pend *pend)
{
	struct eng *eng = arg;
	struct eng_worker *w = eng_worker_by_id(eng, pend->worker);
	struct eng_reservation *r = w && w->purse ? w->purse->open : NULL;

	while (r && r->seq != pend->seq)
		r = r->next;
	if (r) {
		r->over = true;
		eng_gate_touch(eng, w);
		nv_info("what %s has reserved as %s has expired", w->name, r->id);
	}
	return 0;
}

void
eng_gate_expire(struct eng *eng, struct eng_txn *txn)
{
	if (!eng->gate || led_next_expiry(eng->led) > txn->now_ns)
		return;
	if (led_batch_expire(txn->batch, EXPIRE_MAX, on_expired, eng) < 0)
		eng_ledger_trouble(eng, "the ledger does not end what has expired");
}

static void
arm_expiry(struct eng *eng)
{
	double wait_s = (double)(led_next_expiry(eng->led) - nv_wall_ns()) / 1e9;

	ev_timer_stop(eng->loop, &eng->gate->expiry);
	ev_timer_set(&eng->gate->expiry, NV_MIN(NV_MAX(wait_s, 0.05), EXPIRY_S_MAX), 0.);
	ev_timer_start(eng->loop, &eng->gate->expiry);
}

static void
on_expiry(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct eng *eng = timer->data;
	struct eng_txn txn;

	(void)loop;
	(void)revents;
	if (led_next_expiry(eng->led) <= nv_wall_ns()) {
		eng_txn_begin(eng, &txn);
		eng_gate_expire(eng, &txn);
		eng_txn_commit(eng, &txn);
	}
	arm_expiry(eng);
}

/* ---- limits by decision ---- */

static const char *
limit_name(const struct eng_worker *w, char buf[NV_NAME_MAX + 20])
{
	(void)snprintf(buf, NV_NAME_MAX + 20, "limit/%s", w ? w->name : "*");
	return buf;
}

static void
limit_apply(struct eng *eng, struct eng_worker *w, int64_t nano)
{
	if (w) {
		w->limited = nano >= 0;
		w->limit_nano = nano;
		if (w->purse)
			w->purse->limit->limit = nano;
		return;
	}
	eng->fleet_limited = nano >= 0;
	eng->fleet_limit_nano = nano;
	eng->caps->fleet_limit->limit = nano;
}

int
eng_gate_limit_set(
	struct eng *eng, struct eng_worker *w, int64_t nano, struct nv_err *err)
{
	char name[NV_NAME_MAX + 20];
	const struct eng_cap *cap = w ? w->purse->limit : eng->caps->fleet_limit;

	nano = NV_MAX(nano, -1);
	if (cap->limit == nano)
		return 0;
	int rc = eng_setting_put(eng, limit_name(w, name),
		json_pack("{s:s, s:s, s:o}", "setting", "limit", "worker",
			w ? w->name : "*", "usd_per_day",
			nano < 0 ? json_null() : nv_json_money(nano)),
		false, err);

	if (rc < 0)
		return rc;
	limit_apply(eng, w, nano);
	eng_gate_say(eng, w);
	eng->gate->changed = true;
	eng_enforce(eng);
	return 0;
}

static void
limit_load(struct eng *eng, struct eng_worker *w)
{
	char name[NV_NAME_MAX + 20];
	json_t *line = eng_setting_get(eng, limit_name(w, name));
	const char *text = json_string_value(json_object_get(line, "usd_per_day"));
	int64_t nano = -1;

	if (text && nv_money_parse(text, strlen(text), NV_DECIMAL_EXACT, &nano, NULL) < 0)
		nano = 0; /* never seen; what cannot be read lets nothing through */
	if (line)
		limit_apply(eng, w, nano);
	json_decref(line);
}

/* ---- begin and end ---- */

static int
load_line(void *arg, const struct led_event *ev)
{
	struct eng_reservation *r = arg;
	char scratch[ENG_LINE_BYTES_MAX];
	struct eng_line line;
	struct eng_refusal why;
	size_t n = NV_MIN(ev->id_bytes, sizeof r->id - 1);

	if (ev->id)
		memcpy(r->id, ev->id, n);
	r->id[ev->id ? n : 0] = '\0';
	/* Of a whole run it was when it named no amount (gate_ask.c). */
	r->run = eng_scan(ev->line, ev->line_bytes, scratch, &line, &why) == 0 &&
		 !eng_line_has(&line, ENG_F_AMOUNT);
	return 0;
}

struct load {
	struct eng *eng;
	struct led_view *view;
};

static int
load_one(void *arg, const struct led_pend *pend)
{
	struct load *l = arg;
	struct eng_worker *w = eng_worker_by_id(l->eng, pend->worker);
	struct eng_reservation r = {.seq = pend->seq,
		.stream = pend->stream,
		.currency_id = pend->currency,
		.amount = pend->amount,
		.left = pend->left,
		.opened_ns = pend->opened_ns,
		.expires_ns = pend->expires_ns};
	int rc = led_view_event(l->view, pend->seq, load_line, &r);

	if (rc == 0)
		rc = led_view_currency_code(l->view, pend->currency, r.currency);
	if (rc < 0 || !w || !w->purse)
		return rc < 0 ? rc : -ENOENT;
	(void)snprintf(r.operation, sizeof r.operation, "%s", pend->operation);
	/* What was spent of it before; what it cost above is not known any more. */
	r.spent = eng_gate_in_base(l->eng, r.currency, pend->amount - pend->left);
	(void)eng_gate_add(l->eng, w, &r);
	return 0;
}

int
eng_gate_open(struct eng *eng, struct nv_err *err)
{
	struct load l = {.eng = eng};

	eng->gate = calloc(1, sizeof *eng->gate);
	if (!eng->gate)
		return nv_err_set(err, -ENOMEM, "no memory for the gate of runs");
	eng->gate->last = &eng->gate->first;
	ev_timer_init(&eng->gate->expiry, on_expiry, 1., 0.);
	eng->gate->expiry.data = eng;
	int rc = led_view_begin(eng->led, &l.view, err);

	if (rc < 0)
		return rc;
	rc = led_view_pends(l.view, 0, load_one, &l);
	led_view_end(l.view);
	if (rc < 0)
		return nv_err_set(err, rc, "the reservations cannot be read");
	limit_load(eng, NULL);
	for (struct eng_worker *w = eng->workers; w; w = w->next)
		limit_load(eng, w);
	arm_expiry(eng);
	return 0;
}

void
eng_gate_close(struct eng *eng)
{
	if (!eng->gate)
		return;
	for (struct eng_worker *w = eng->workers; w; w = w->next) {
		while (w->purse && w->purse->open) {
			struct eng_reservation *r = w->purse->open;

			w->purse->open = r->next;
			free(r);
		}
	}
	eng_gate_forget_waiters(eng);
	ev_timer_stop(eng->loop, &eng->gate->expiry);
	free(eng->gate);
	eng->gate = NULL;
}

void
eng_gate_recount(struct eng *eng)
{
	for (struct eng_worker *w = eng->workers; eng->gate && w; w = w->next) {
		struct eng_reservation *r = w->purse ? w->purse->open : NULL;

		for (; r; r = r->next) {
			r->held = 0;
			hold(eng, r);
		}
	}
}
