/* Events of the ledger -> facts of the decision core: see feed.h. */
#include "feed.h"

#include "record.h"
#include "report.h"

#include "nv_clock.h"
#include "nv_json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VARIANTS_SEEN 16

struct eng_fed {
	char name[NV_NAME_MAX];
	const struct nv_conf_worker *conf; /* NULL: not configured */
	bool known;                        /* the core has it */
	bool budget_paused;
	struct eng_desire desire;
	/* The ledger's numbers of its variants, and which of the configured ones each is:
	 * NULL = none. */
	struct {
		uint32_t id;
		const char *name; /* borrowed from conf */
	} variants[VARIANTS_SEEN];
	unsigned n_variants; /* seen, counted on: a ring */
};

/* ---- the core and its workers ---- */

static void
conf_of(const char *name, const struct nv_conf_worker *conf, struct pol_worker_conf *ret)
{
	if (conf) {
		eng_feed_worker_conf(conf, ret);
		return;
	}
	pol_worker_conf_init(ret);
	(void)snprintf(ret->name, sizeof ret->name, "%s", name);
}

static int
put_standing(struct eng_feed *f, const char *name, const struct nv_conf_worker *conf,
	const struct eng_desire *d, bool budget_paused, int64_t ts)
{
	struct pol_standing standing;

	eng_feed_standing(conf, d, budget_paused, &standing);
	return pol_standing_put(f->pol, name, ts, &standing);
}

/* Every worker of the configuration, as its file says it runs. */
static int
put_configured(struct eng_feed *f)
{
	for (size_t i = 0; i < f->config->n_workers; i++) {
		const struct nv_conf_worker *conf = &f->config->workers[i];
		struct pol_worker_conf c;
		struct pol_standing had;
		bool known = pol_standing_get(f->pol, conf->name, &had) == 0;
		struct eng_desire d;

		eng_feed_worker_conf(conf, &c);
		int rc = pol_worker_put(f->pol, &c);

		if (rc == 0 && !known) {
			eng_desire_default(conf, &d);
			rc = put_standing(f, conf->name, conf, &d, false, 0);
		}
		if (rc < 0)
			return rc;
	}
	return 0;
}

int
eng_feed_init(struct eng_feed *f, const struct nv_config *config, bool advise_only,
	struct nv_err *err)
{
	struct pol_conf conf;

	*f = (struct eng_feed){
		.config = config, .rates_hash = eng_feed_rates_hash(config)};
	eng_feed_pol_conf(config, advise_only, 0, &conf);
	f->evaluate_s = conf.evaluate_s;
	int rc = pol_new(&conf, &f->pol);

	if (rc == 0)
		rc = put_configured(f);
	if (rc < 0) {
		eng_feed_fini(f);
		return nv_err_set(
			err, rc, "the decision core does not start: %s", strerror(-rc));
	}
	return 0;
}

void
eng_feed_fini(struct eng_feed *f)
{
	pol_free(f->pol);
	free(f->workers);
	free(f->rates);
	*f = (struct eng_feed){0};
}

/* Nova's own processes are no matter of decisions. */
static const struct nv_conf_worker *
agent_conf(const struct nv_config *config, const char *name)
{
	return nv_name_is_system(name) ? NULL : nv_config_worker(config, name);
}

int
eng_feed_config(struct eng_feed *f, const struct nv_config *config, bool advise_only)
{
	struct pol_conf conf;

	/* The old one may be gone already. */
	if (eng_feed_rates_hash(config) != f->rates_hash)
		return -ESTALE;
	f->config = config;
	for (size_t i = 0; i < f->n_workers; i++) {
		struct eng_fed *w = &f->workers[i];

		w->conf = w->name[0] ? agent_conf(config, w->name) : NULL;
		w->n_variants = 0;
	}
	eng_feed_pol_conf(config, advise_only, f->time_ns, &conf);
	f->evaluate_s = conf.evaluate_s;
	int rc = pol_conf_set(f->pol, &conf);

	return rc < 0 ? rc : put_configured(f);
}

/* The ledger's worker; NULL when it has none of that number, or without memory. */
static struct eng_fed *
fed_of(struct eng_feed *f, struct led_view *v, uint32_t id)
{
	struct pol_worker_conf conf;
	struct pol_standing had;

	if (id == 0)
		return NULL;
	if (id >= f->n_workers) {
		size_t n = NV_MAX((size_t)id + 1, f->n_workers * 2);
		struct eng_fed *list = reallocarray(f->workers, n, sizeof *list);

		if (!list)
			return NULL;
		memset(list + f->n_workers, 0, (n - f->n_workers) * sizeof *list);
		f->workers = list;
		f->n_workers = n;
	}
	struct eng_fed *w = &f->workers[id];

	if (w->name[0])
		return w;
	if (led_view_worker_name(v, id, w->name) < 0)
		return NULL;
	w->conf = agent_conf(f->config, w->name);
	eng_desire_default(w->conf, &w->desire);
	w->known = pol_standing_get(f->pol, w->name, &had) == 0;
	if (!w->known) {
		/* Money of a worker that nobody has configured (any more): the fleet's
		 * figures are made of it, too. */
		conf_of(w->name, NULL, &conf);
		w->known = pol_worker_put(f->pol, &conf) == 0 &&
			   put_standing(f, w->name, NULL, &w->desire, false, 0) == 0;
	}
	return w;
}

/* ---- money ---- */

/* In the base currency; false when there is no rate. */
static bool
convert(struct eng_feed *f, struct led_view *v, uint32_t currency, int64_t nano,
	int64_t *ret)
{
	char code[NV_CURRENCY_BYTES];
	int64_t rate = 0;

	if (currency >= f->n_rates) {
		size_t n = (size_t)currency + 16;
		int64_t *rates = reallocarray(f->rates, n, sizeof *rates);

		if (!rates)
			return false;
		memset(rates + f->n_rates, 0, (n - f->n_rates) * sizeof *rates);
		f->rates = rates;
		f->n_rates = n;
	}
	if (f->rates[currency] == 0) {
		bool known = led_view_currency_code(v, currency, code) == 0 &&
			     eng_rate(f->config, code, &rate);

		f->rates[currency] = known ? rate : -1;
	}
	if (f->rates[currency] < 0)
		return false;
	nv_i128 sum = eng_convert(nano, f->rates[currency]);

	*ret = (int64_t)NV_MIN(sum, NV_MONEY_MAX);
	return true;
}

struct walk {
	struct eng_feed *feed;
	struct led_view *view;
	uint64_t left;
	int64_t stop_ns;
	bool more;
	int rc;
};

static int
see_time(void *arg, const struct led_event *ev)
{
	int64_t *ret = arg;

	*ret = ev->claimed_ns;
	return 0;
}

struct variant_search {
	const struct nv_conf_worker *conf;
	uint32_t id;
	const char *name;
};

static int
see_variant(void *arg, uint32_t variant, const char *name)
{
	struct variant_search *s = arg;

	if (variant != s->id)
		return 0;
	for (size_t i = 0; i < s->conf->n_variants; i++) {
		if (strcmp(s->conf->variants[i], name) == 0)
			s->name = s->conf->variants[i];
	}
	return 1;
}

/* NULL: none, or not one of those that are configured. */
static const char *
variant_of(struct walk *w, struct eng_fed *worker, const struct led_event *ev)
{
	struct variant_search s = {.conf = worker->conf, .id = ev->variant};

	if (ev->variant == 0 || !s.conf || s.conf->n_variants == 0)
		return NULL;
	for (unsigned i = 0; i < NV_MIN(worker->n_variants, VARIANTS_SEEN); i++) {
		if (worker->variants[i].id == ev->variant)
			return worker->variants[i].name;
	}
	if (led_view_variants(w->view, ev->worker, see_variant, &s) < 0)
		return NULL;
	unsigned at = worker->n_variants++ % VARIANTS_SEEN;

	worker->variants[at].id = s.id;
	worker->variants[at].name = s.name;
	return s.name;
}

static void
give(struct walk *w, const struct pol_fact *fact)
{
	struct eng_feed *f = w->feed;

	if (f->keep && !f->keep(f->keep_arg, fact->worker, fact))
		return;
	int rc = pol_fact(f->pol, fact);

	f->n_facts += rc == 0;
	if (rc == -ENOMEM)
		w->rc = rc;
}

/* What a correction takes back. A sale that never was is one that came back; what came
 * back and should not have is given back. */
static void
take_back(struct pol_fact *fact)
{
	switch (fact->kind) {
	case POL_COST:
		fact->nano = -fact->nano;
		break;
	case POL_REVENUE:
		fact->kind = POL_REFUND;
		fact->sale_ts = fact->ts;
		break;
	default:
		fact->kind = POL_DISPUTE;
		fact->nano = -fact->nano;
	}
}

/* The sale that something came back of: when it was, and how much. */
static void
name_sale(struct walk *w, const struct led_event *ev, const struct led_leg *leg,
	struct pol_fact *fact)
{
	struct led_sale sale;
	int64_t sold_ns = 0;

	if (led_view_event(w->view, ev->ref, see_time, &sold_ns) == 0)
		fact->sale_ts = sold_ns / NV_NS_PER_SEC;
	if (led_view_sale(w->view, ev->ref, &sale) == 0 && sale.currency == leg->currency)
		(void)convert(
			w->feed, w->view, sale.currency, sale.gross, &fact->sale_nano);
}

/* One posting. What a reservation settles stands beside its cost and is not counted
 * again. */
static void
feed_leg(struct walk *w, const struct led_event *ev, const struct led_leg *leg,
	const struct pol_fact *common)
{
	static const struct {
		bool counts;
		enum pol_fact_kind kind;
		int sign;
	} meaning[LED_CODE_MAX + 1] = {
		[LED_CODE_COST] = {true, POL_COST, 1},
		[LED_CODE_REVENUE] = {true, POL_REVENUE, 1},
		[LED_CODE_REFUND] = {true, POL_REFUND, 1},
		[LED_CODE_FEE] = {true, POL_FEE, 1},
		[LED_CODE_DISPUTE] = {true, POL_DISPUTE, 1},
		[LED_CODE_DISPUTE_WON] = {true, POL_DISPUTE, -1},
	};
	struct pol_fact fact = *common;
	int64_t about_ns = 0;
	int64_t nano = 0;
	bool back = (leg->code & LED_CODE_REVERSAL) != 0;
	uint32_t code = leg->code & ~(uint32_t)LED_CODE_REVERSAL;

	if (code > LED_CODE_MAX || !meaning[code].counts ||
		!convert(w->feed, w->view, leg->currency, leg->nano, &nano))
		return;
	fact.kind = meaning[code].kind;
	fact.nano = meaning[code].sign * nano;
	if (ev->ref != 0 && back &&
		led_view_event(w->view, ev->ref, see_time, &about_ns) == 0)
		fact.ts = about_ns / NV_NS_PER_SEC;
	else if (ev->ref != 0 && (fact.kind == POL_REFUND || fact.kind == POL_DISPUTE))
		name_sale(w, ev, leg, &fact);
	if (back)
		take_back(&fact);
	give(w, &fact);
}

static void
feed_money(struct walk *w, struct eng_fed *worker, const struct led_event *ev)
{
	struct pol_fact fact = {.worker = worker->name,
		.ts = ev->claimed_ns / NV_NS_PER_SEC,
		.booked = ev->received_ns / NV_NS_PER_SEC,
		.caused_ts = ev->caused_ns / NV_NS_PER_SEC,
		.variant = variant_of(w, worker, ev)};

	if (ev->kind == LED_RUN) {
		fact.kind = POL_RUN;
		fact.ok = (ev->flags & LED_F_OK) != 0;
		give(w, &fact);
		return;
	}
	/* What of a refund a total has told before came with that, and stays when the
	 * refund is taken back. */
	struct led_leg last = ev->n_legs ? ev->legs[ev->n_legs - 1] : (struct led_leg){0};
	bool told = ev->n_legs > 1 &&
		    ((ev->kind == LED_REFUND &&
			     last.code == (LED_CODE_REFUND | LED_CODE_REVERSAL)) ||
			    (ev->kind == LED_CORRECTION && last.code == LED_CODE_REFUND));

	for (unsigned i = 0; i + (told ? 1 : 0) < ev->n_legs; i++) {
		struct led_leg leg = ev->legs[i];

		if (told && leg.code == (last.code ^ LED_CODE_REVERSAL))
			leg.nano -= last.nano;
		if (leg.nano > 0)
			feed_leg(w, ev, &leg, &fact);
	}
}

/* ---- what runs ---- */

static void
tell_standing(struct walk *w, const struct eng_fed *worker, const struct led_event *ev)
{
	struct eng_feed *f = w->feed;

	if (!worker->known || (f->keep && !f->keep(f->keep_arg, worker->name, NULL)))
		return;
	w->rc = put_standing(f, worker->name, worker->conf, &worker->desire,
		worker->budget_paused, ev->received_ns / NV_NS_PER_SEC);
}

static void
feed_desire(struct walk *w, struct eng_fed *worker, const struct led_event *ev)
{
	struct eng_desire d;

	/* What cannot be read changes nothing: the engine refuses to start on it. */
	if (eng_desire_decode(ev->line, ev->line_bytes, &d, NULL) < 0)
		return;
	d.epoch = ev->seq;
	worker->desire = d;
	tell_standing(w, worker, ev);
}

/* A budget pauses and resumes beside the desired state: enforce.c writes both down. */
static void
feed_state(struct walk *w, struct eng_fed *worker, const struct led_event *ev)
{
	static const char paused[] = "\"state\":\"budget_paused\"";
	static const char resumed[] = "\"state\":\"budget_resumed\"";
	bool was = worker->budget_paused;

	if (memmem(ev->line, ev->line_bytes, paused, sizeof paused - 1))
		worker->budget_paused = true;
	else if (memmem(ev->line, ev->line_bytes, resumed, sizeof resumed - 1))
		worker->budget_paused = false;
	if (worker->budget_paused != was)
		tell_standing(w, worker, ev);
}

static int
step_answer(const char *step, enum pol_answer *ret)
{
	static const struct {
		const char *step;
		enum pol_answer answer;
	} known[] = {{"executed", POL_APPLIED}, {"denied", POL_DENIED},
		{"expired", POL_EXPIRED}, {"void", POL_VOID}};

	for (size_t i = 0; i < NV_LEN(known); i++) {
		if (strcmp(step, known[i].step) == 0) {
			*ret = known[i].answer;
			return 0;
		}
	}
	return -ENOENT;
}

/* The core that proposed it knows it already, one that is made anew is told. Decisions by
 * the classic rules are not the core's: their effects are desired states. */
static void
feed_decision(struct walk *w, const struct eng_fed *worker, const struct led_event *ev)
{
	struct pol_decision decision;
	enum pol_answer answer;
	int64_t ts = ev->received_ns / NV_NS_PER_SEC;
	json_t *doc = json_loadb(ev->line, ev->line_bytes, 0, NULL);
	const char *step = json_string_value(json_object_get(doc, "step"));
	const char *state = json_string_value(json_object_get(doc, "state"));

	if (step && state && strcmp(state, "advised") != 0 &&
		eng_record_read(doc, &decision) == 0) {
		if (strcmp(step, "proposed") == 0)
			(void)pol_restore(w->feed->pol, &decision, ts);
		else if (step_answer(step, &answer) == 0)
			(void)pol_answer(w->feed->pol, worker->name, answer, ts);
	}
	json_decref(doc);
}

static int
on_event(void *arg, const struct led_event *ev)
{
	struct walk *w = arg;
	struct eng_feed *f = w->feed;

	if (ev->received_ns >= w->stop_ns)
		return 1;
	if (w->left-- == 0) {
		w->more = true;
		return 1;
	}
	/* What was imported is evidence of nothing. */
	struct eng_fed *worker =
		ev->kind == LED_IMPORTED ? NULL : fed_of(f, w->view, ev->worker);

	if (worker && ev->kind == LED_DESIRE)
		feed_desire(w, worker, ev);
	else if (worker && ev->kind == LED_STATE)
		feed_state(w, worker, ev);
	else if (worker && ev->kind == LED_DECISION) {
		if (!f->keep)
			feed_decision(w, worker, ev);
	} else if (worker && (ev->n_legs > 0 || ev->kind == LED_RUN))
		feed_money(w, worker, ev);
	if (w->rc < 0)
		return 1;
	f->seq = ev->seq;
	f->time_ns = ev->received_ns;
	if (f->judged_s == 0) {
		/* From here on there are times at which it is judged. */
		f->judged_s =
			ev->received_ns / NV_NS_PER_SEC / f->evaluate_s * f->evaluate_s;
		w->more = true;
		return 1;
	}
	return 0;
}

int
eng_feed_run(struct eng_feed *f, struct led *led, uint64_t max, int64_t stop_ns,
	struct nv_err *err)
{
	struct led_view *v = NULL;
	int rc = led_view_begin(led, &v, err);

	if (rc < 0)
		return rc;
	struct walk w = {.feed = f, .view = v, .left = max, .stop_ns = stop_ns};

	rc = led_view_events(v, f->seq + 1, false, on_event, &w);
	led_view_end(v);
	if (w.rc < 0)
		return nv_err_set(err, w.rc, "the decision core takes no more: %s",
			strerror(-w.rc));
	if (rc < 0)
		return nv_err_set(
			err, rc, "the ledger cannot be read: %s", strerror(-rc));
	return w.more ? 1 : 0;
}

/* ---- the cache's rows ---- */

size_t
eng_feed_rows(const struct eng_feed *f, struct nv_buf *buf)
{
	for (size_t i = 0; i < f->n_workers; i++) {
		const struct eng_fed *w = &f->workers[i];
		uint64_t row[2] = {w->name[0] ? w->desire.epoch : 0, w->budget_paused};

		nv_buf_add(buf, row, sizeof row);
	}
	return f->n_workers;
}

static int
take_desire(void *arg, const struct led_event *ev)
{
	struct eng_fed *w = arg;

	if (ev->kind != LED_DESIRE ||
		eng_desire_decode(ev->line, ev->line_bytes, &w->desire, NULL) < 0)
		return -EBADMSG;
	w->desire.epoch = ev->seq;
	return 0;
}

int
eng_feed_rows_take(struct eng_feed *f, struct led_view *v, struct pol *pol,
	const char *rows, size_t n)
{
	struct pol *old = f->pol;
	struct pol_conf conf;
	int rc = 0;

	pol_conf_get(old, &conf);
	f->pol = pol;
	for (uint32_t id = 1; rc == 0 && id < n; id++) {
		uint64_t row[2];
		struct eng_fed *w = fed_of(f, v, id);

		memcpy(row, rows + id * sizeof row, sizeof row);
		if (!w)
			continue; /* a number that no worker has */
		w->budget_paused = row[1] != 0;
		if (row[0] != 0)
			rc = led_view_event(v, row[0], take_desire, w);
	}
	if (rc == 0)
		rc = pol_conf_set(pol, &conf);
	if (rc == 0)
		rc = put_configured(f);
	if (rc < 0)
		f->pol = old;
	else
		pol_free(old);
	return rc;
}

int64_t
eng_feed_next_judgement(const struct eng_feed *f)
{
	return f->judged_s == 0 ? 0 : f->judged_s + f->evaluate_s;
}
