/* The questions: "reserve" and "release" lines, and their answers. */
#include "fleet.h"
#include "gate.h"
#include "gate_private.h"
#include "intake.h"
#include "report.h"

#include "nv_clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define RETRY_S_MAX    3600
#define RETRY_S_PAUSED 60

/* ---- answers ---- */

static void
put_answer(struct eng_stream *s, const char *head, const struct eng_line *line,
	const char *tail)
{
	struct nv_buf *acks = &s->acks;
	size_t before = acks->bytes;

	nv_buf_puts(acks, head);
	nv_buf_put_json(acks, line->field[ENG_F_ID].at, line->field[ENG_F_ID].bytes);
	nv_buf_puts(acks, tail);
	if (acks->error) { /* more than is kept: it asks again when it hears nothing */
		acks->bytes = before;
		acks->error = 0;
		s->eng->intake->control_dropped++;
	}
}

static void
answer_reserved(struct eng_stream *s, const struct eng_line *line,
	const struct eng_reservation *r)
{
	char tail[200];
	char amount[NV_MONEY_BYTES];

	(void)snprintf(tail, sizeof tail,
		",\"amount\":\"%s\",\"currency\":\"%s\",\"expires\":%lld}\n",
		nv_money_text(r->amount, amount), r->currency,
		(long long)(r->expires_ns / NV_NS_PER_SEC));
	put_answer(s, "{\"control\":\"reserved\",\"id\":", line, tail);
}

static void
answer_refused(struct eng_stream *s, const struct eng_line *line, const char *reason,
	int64_t retry_s)
{
	struct nv_buf tail;

	nv_buf_init(&tail, 2000);
	nv_buf_puts(&tail, ",\"reason\":");
	nv_buf_put_json(&tail, reason, strlen(reason));
	nv_buf_printf(&tail, ",\"retry_after_s\":%lld}\n", (long long)retry_s);
	s->eng->gate->refused++;
	if (tail.error)
		s->eng->intake->control_dropped++;
	else
		put_answer(s, "{\"control\":\"refused\",\"id\":", line, tail.data);
	nv_buf_fini(&tail);
}

/* ---- the question ---- */

struct question {
	struct eng *eng;
	struct eng_txn *txn;
	struct eng_stream *s;
	struct eng_worker *w;
	const struct eng_line *line;
	char operation[LED_OPERATION_MAX + 1];
	char currency[NV_CURRENCY_BYTES];
	bool run;       /* no amount: for a whole run, what those mostly cost */
	nv_i128 amount; /* base currency */
	nv_i128 usual;
};

static void
copy_field(const struct eng_line *line, enum eng_field f, char *buf, size_t buf_bytes)
{
	size_t n = 0;

	if (eng_line_has(line, f)) {
		n = NV_MIN((size_t)line->field[f].bytes, buf_bytes - 1);
		memcpy(buf, line->field[f].at, n);
	}
	buf[n] = '\0';
}

/* 0, or -EINVAL: the line is wrong. */
static int
read_question(struct question *q, char *reason, size_t reason_bytes)
{
	const char *base = q->eng->config->base_currency;
	int64_t rate;

	copy_field(q->line, ENG_F_OPERATION, q->operation, sizeof q->operation);
	(void)snprintf(q->currency, sizeof q->currency, "%s", base);
	q->run = !eng_line_has(q->line, ENG_F_AMOUNT);
	if (q->run) {
		eng_gate_estimate(q->w, &q->amount, &q->usual);
		return 0;
	}
	if (eng_line_has(q->line, ENG_F_CURRENCY))
		copy_field(q->line, ENG_F_CURRENCY, q->currency, sizeof q->currency);
	if (!eng_rate(q->eng->config, q->currency, &rate)) {
		(void)snprintf(reason, reason_bytes,
			"currency has no rate: declare it under currencies");
		return -EINVAL;
	}
	q->amount = eng_convert(q->line->amount_nano, rate);
	q->usual = 0;
	return 0;
}

/* What keeps it from running at all; NULL: nothing. */
static const char *
held_back(const struct question *q)
{
	const struct eng_worker *w = q->w;

	if (q->eng->brake.on)
		return "everything is stopped";
	if (w->budget_paused)
		return w->budget_reason;
	if (eng_worker_is_paused(w) || w->desire.want != ENG_WANT_RUNNING)
		return "it shall not run now";
	if (q->eng->gate->n_open >= ENG_GATE_OPEN_MAX ||
		(w->purse && w->purse->n_open >= ENG_GATE_OWN_MAX))
		return "too many reservations are open";
	return NULL;
}

/* 1: it fits, *v says how much of it; 0: it was answered. */
static int
decide(struct question *q, struct eng_gate_verdict *v)
{
	const char *why = held_back(q);

	if (why) {
		answer_refused(q->s, q->line, why, RETRY_S_PAUSED);
		eng_gate_wait(q->eng, q->s, q->operation, q->run, q->amount, q->usual);
		return 0;
	}
	eng_gate_weigh(q->eng, q->w, q->operation, q->run, q->amount, q->usual,
		q->txn->now_ns, v);
	if (v->fits)
		return 1;
	int64_t wait_s = v->retry_ns > 0
				 ? (v->retry_ns - q->txn->now_ns) / NV_NS_PER_SEC + 1
				 : ENG_GATE_RETRY_S;

	answer_refused(q->s, q->line, v->reason, NV_MIN(NV_MAX(wait_s, 1), RETRY_S_MAX));
	eng_gate_wait(q->eng, q->s, q->operation, q->run, q->amount, q->usual);
	return 0;
}

/* In its own currency what was asked for; of a run what fits. */
static int64_t
amount_of(const struct question *q, const struct eng_gate_verdict *v)
{
	return q->run ? (int64_t)NV_MIN(v->amount, (nv_i128)NV_MONEY_MAX)
		      : q->line->amount_nano;
}

static int64_t
expires_ns(const struct question *q)
{
	/* The ledger's time: it never goes back, whatever the clock does. */
	int64_t now_ns = NV_MAX(q->txn->now_ns, led_last_time(q->eng->led));

	if (eng_line_has(q->line, ENG_F_EXPIRES) || !q->run)
		return now_ns + q->line->expires_ns;
	return now_ns + ENG_GATE_RUN_NS;
}

/* 0 with r->seq; 1: the id was used before. */
static int
put_reservation(struct question *q, struct led_event *ev, struct eng_reservation *r)
{
	if (r->amount == 0)
		return 0;
	r->currency_id = eng_txn_currency(q->eng, q->txn, r->currency);
	ev->worker = eng_txn_worker(q->eng, q->txn, q->w);
	if (eng_line_has(q->line, ENG_F_RUN)) {
		ev->run = q->line->field[ENG_F_RUN].at;
		ev->run_bytes = q->line->field[ENG_F_RUN].bytes;
	}
	if (r->operation[0]) {
		ev->operation = r->operation;
		ev->operation_bytes = strlen(r->operation);
	}
	int rc = led_batch_reserve(
		q->txn->batch, ev, r->amount, r->currency_id, r->expires_ns, &r->seq);

	if (rc < 0 && !led_is_refusal(rc))
		eng_ledger_trouble(q->eng, "the ledger does not take a reservation");
	if (rc == 0)
		eng_txn_added(q->txn, r->seq);
	return rc == 0 ? 0 : 1;
}

int
eng_gate_reserve(struct eng *eng, struct eng_txn *txn, struct eng_stream *s,
	struct eng_worker *w, const struct eng_line *line, struct led_event *ev,
	char *reason, size_t reason_bytes)
{
	struct question q = {.eng = eng, .txn = txn, .s = s, .w = w, .line = line};
	struct eng_gate_verdict v;
	bool for_other = w != s->worker;

	if (eng->gate && !w->conf && nv_name_is_system(s->worker->name)) {
		answer_refused(s, line, "no agent of the configuration is named",
			RETRY_S_PAUSED);
		return 0;
	}
	if (!eng->gate || !q.w->purse) { /* while the engine starts */
		answer_refused(s, line, "not ready yet", 1);
		return 0;
	}
	const struct eng_reservation *known = eng_gate_of(q.w, s->rec.stream_id,
		line->field[ENG_F_ID].at, line->field[ENG_F_ID].bytes);

	/* Asked again, since an engine before this one took the answer with it. What
	 * another instance holds under the same id is not this one's to spend. */
	if (known && (for_other || known->stream == s->rec.stream_id))
		answer_reserved(s, line, known);
	else if (known)
		answer_refused(s, line, "this id was used before", ENG_GATE_RETRY_S);
	if (known)
		return 0;
	int rc = read_question(&q, reason, reason_bytes);

	if (rc < 0 || decide(&q, &v) == 0)
		return rc;
	struct eng_reservation r = {.stream = s->rec.stream_id,
		.run = q.run,
		.amount = amount_of(&q, &v),
		.opened_ns = txn->now_ns,
		.expires_ns = expires_ns(&q)};

	copy_field(line, ENG_F_ID, r.id, sizeof r.id);
	memcpy(r.operation, q.operation, sizeof r.operation);
	memcpy(r.currency, q.currency, sizeof r.currency);
	r.left = r.amount;
	if (put_reservation(&q, ev, &r) != 0) {
		answer_refused(s, line, "this id was used before", ENG_GATE_RETRY_S);
		return 0;
	}
	eng->gate->reserved++;
	answer_reserved(s, line, eng_gate_add(eng, q.w, &r));
	return 0;
}

void
eng_gate_release(struct eng *eng, struct eng_txn *txn, struct eng_stream *s,
	struct eng_worker *w, const struct eng_line *line, struct led_event *ev)
{
	struct eng_reservation *r = eng_gate_of(w, s->rec.stream_id,
		line->field[ENG_F_OF].at, line->field[ENG_F_OF].bytes);

	if (eng->gate)
		eng_gate_forget_waiter(eng, s->rec.stream_id);
	/* What it ends says whether it came before: an id of its own might be anything's.
	 */
	ev->id = NULL;
	ev->id_bytes = 0;
	if (r)
		eng_gate_end(eng, txn, r, ev, 0);
}
