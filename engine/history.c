/* What was decided about each worker, as far as the next decision has to know it: made
 * from the ledger at start, kept current by every step. */
#include "decide.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct eng_history *
eng_history_of(struct eng_worker *w)
{
	if (!w->history) {
		w->history = calloc(1, sizeof *w->history);
		NV_ASSERT(w->history != NULL);
	}
	return w->history;
}

void
eng_history_free(struct eng_worker *w)
{
	if (w->history) {
		eng_decision_free(w->history->open);
		eng_decision_free(w->history->last);
	}
	free(w->history);
	w->history = NULL;
}

static void
note_executed(struct eng_worker *w, const struct eng_decision *d)
{
	struct eng_history *h = eng_history_of(w);

	w->changed_ns = d->executed_ns;
	h->runs_at_change = (uint64_t)d->runs_total;
	h->advice = POL_NONE;
	if (d->action == POL_SCALE_UP) {
		if (h->n_rises == ENG_RISES_MAX)
			memmove(h->rises, h->rises + 1,
				--h->n_rises * sizeof h->rises[0]);
		h->rises[h->n_rises++] = (struct eng_rise){.at_ns = d->executed_ns,
			.impact_nano = d->impact_nano,
			.to_instances = d->to_instances,
			.asked = d->asked};
	}
	if (d->action == POL_PAUSE) {
		if (h->n_pauses == ENG_RISES_MAX)
			memmove(h->pauses_ns, h->pauses_ns + 1,
				--h->n_pauses * sizeof h->pauses_ns[0]);
		h->pauses_ns[h->n_pauses++] = d->executed_ns;
	}
}

void
eng_history_take(struct eng *eng, struct eng_worker *w, struct eng_decision *d)
{
	struct eng_history *h = eng_history_of(w);

	eng_outcome_expect(&eng->decide->outcomes, d);
	if (h->open && h->open != d && h->open->id == d->id) {
		eng_decision_free(h->open);
		h->open = NULL;
	}
	switch (d->state) {
	case ENG_DEC_PENDING:
		if (h->open != d)
			eng_decision_free(h->open);
		h->open = d;
		return;
	case ENG_DEC_EXECUTED:
		note_executed(w, d);
		if (eng_decision_is_judged(d))
			break;
		if (h->last != d)
			eng_decision_free(h->last);
		h->last = d;
		if (d->outcome_known) {
			h->last = NULL;
			eng_decision_free(d);
		}
		return;
	case ENG_DEC_DENIED:
		h->denied_until_ns[d->action] = d->decided_ns + ENG_DENIED_NS;
		break;
	case ENG_DEC_ADVISED:
		h->advice = d->action;
		h->advice_to = d->to_instances;
		break;
	default:
		break;
	}
	eng_decision_free(d);
}

void
eng_decision_count(struct eng *eng, int64_t proposed_ns)
{
	eng->decide->n_total++;
	eng->decide->n_today += proposed_ns >= eng->decide->day_from_ns;
}

struct load {
	struct eng *eng;
	struct nv_err *err;
};

static int
load_one(void *arg, const char *key, const void *value, size_t bytes)
{
	struct load *load = arg;
	struct eng_decision *d = eng_decision_load(key, value, bytes, load->err);

	if (!d)
		return -EBADMSG;
	struct eng_worker *w = eng_worker_add(load->eng, d->worker);

	NV_ASSERT(w != NULL);
	eng_decision_count(load->eng, d->proposed_ns);
	eng_history_take(load->eng, w, d);
	return 0;
}

int
eng_history_load(struct eng *eng, struct led_view *v, struct nv_err *err)
{
	struct load load = {.eng = eng, .err = err};

	return led_view_states(v, "decision/", load_one, &load);
}

int
eng_decision_find(
	struct eng *eng, uint64_t id, struct eng_decision **ret, struct nv_err *err)
{
	char key[ENG_DECISION_KEY_BYTES];
	struct led_view *v = NULL;
	const void *value = NULL;
	size_t bytes = 0;
	int rc = led_view_begin(eng->led, &v, err);

	if (rc < 0)
		return rc;
	rc = led_view_state(v, eng_decision_key(id, key), &value, &bytes);
	if (rc == 0) {
		*ret = eng_decision_load(key, value, bytes, err);
		rc = *ret ? 0 : -EIO;
	} else {
		(void)nv_err_set(err, rc, "there is no decision %" PRIu64, id);
	}
	led_view_end(v);
	return rc;
}
