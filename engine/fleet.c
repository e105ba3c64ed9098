/* The fleet: which workers there are, what is wanted of each, and telling novasupd.
 *
 * A desire is a fact: it is written as an event before anybody acts on it, and the
 * newest one of each worker is found again under "desire/NAME". A worker nobody has said
 * anything about has the configuration's default, which is not written. */
#include "fleet.h"
#include "import.h"
#include "spark.h"

#include "decide.h"
#include "resource.h"
#include "tune.h"

#include "nv_buf.h"
#include "nv_clock.h"
#include "nv_json.h"
#include "nv_log.h"
#include "nv_msg_flow.h"
#include "txn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Index by name: open addressing, a power of two, at most half full. */
struct eng_fleet {
	struct eng_worker **slots; /* owned array */
	size_t n_slots;
	size_t n_workers;
	struct eng_worker *last; /* of the list: names mostly come in order */
};

static const char *const want_names[ENG_WANT_COUNT] = {
	[ENG_WANT_RUNNING] = "running",
	[ENG_WANT_PAUSED] = "paused",
	[ENG_WANT_STOPPED] = "stopped",
	[ENG_WANT_KILLED] = "killed",
	[ENG_WANT_UNDEPLOYED] = "undeployed",
};

const char *
eng_want_name(enum eng_want want)
{
	NV_ASSERT((unsigned)want < ENG_WANT_COUNT);
	return want_names[want];
}

bool
eng_want_from(const char *name, enum eng_want *ret)
{
	for (unsigned i = 0; i < ENG_WANT_COUNT; i++) {
		if (strcmp(name, want_names[i]) == 0) {
			*ret = (enum eng_want)i;
			return true;
		}
	}
	return false;
}

/* ---- the index ---- */

static uint32_t
name_hash(const char *name)
{
	uint32_t h = 2166136261U; /* FNV-1a */

	for (; *name; name++)
		h = (h ^ (uint8_t)*name) * 16777619U;
	return h;
}

static size_t
slot_of(const struct eng_fleet *fleet, const char *name)
{
	size_t mask = fleet->n_slots - 1;
	size_t at = name_hash(name) & mask;

	while (fleet->slots[at] && strcmp(fleet->slots[at]->name, name) != 0)
		at = (at + 1) & mask;
	return at;
}

static int
index_grow(struct eng_fleet *fleet, size_t n_slots)
{
	struct eng_worker **old = fleet->slots;
	size_t n_old = fleet->n_slots;
	struct eng_worker **slots = calloc(n_slots, sizeof(struct eng_worker *));

	if (!slots)
		return -ENOMEM;
	fleet->slots = slots;
	fleet->n_slots = n_slots;
	for (size_t i = 0; i < n_old; i++) {
		if (old[i])
			slots[slot_of(fleet, old[i]->name)] = old[i];
	}
	free(old);
	return 0;
}

struct eng_worker *
eng_worker_find(struct eng *eng, const char *name)
{
	if (!eng->fleet)
		return NULL;
	return eng->fleet->slots[slot_of(eng->fleet, name)];
}

struct eng_worker *
eng_worker_by_id(struct eng *eng, uint32_t id)
{
	if (id == 0)
		return NULL;
	for (struct eng_worker *w = eng->workers; w; w = w->next) {
		if (w->id == id)
			return w;
	}
	return NULL;
}

struct eng_worker *
eng_worker_add(struct eng *eng, const char *name)
{
	struct eng_fleet *fleet = eng->fleet;

	NV_ASSERT(name != NULL);
	if (!fleet) {
		fleet = calloc(1, sizeof *fleet);
		if (!fleet || index_grow(fleet, 64) < 0) {
			free(fleet);
			return NULL;
		}
		eng->fleet = fleet;
	}

	if (2 * (fleet->n_workers + 1) > fleet->n_slots &&
		index_grow(fleet, 2 * fleet->n_slots) < 0)
		return NULL;
	size_t at = slot_of(fleet, name);

	if (fleet->slots[at])
		return fleet->slots[at];
	struct eng_worker *w = calloc(1, sizeof *w);

	if (!w)
		return NULL;
	(void)snprintf(w->name, sizeof w->name, "%s", name);
	eng_desire_default(NULL, &w->desire);
	fleet->slots[at] = w;
	fleet->n_workers++;
	struct eng_worker **link = &eng->workers;

	if (fleet->last && strcmp(fleet->last->name, name) < 0)
		link = &fleet->last->next;
	while (*link && strcmp((*link)->name, name) < 0)
		link = &(*link)->next;
	w->next = *link;
	*link = w;
	if (!w->next)
		fleet->last = w;
	return w;
}

void
eng_fleet_free(struct eng *eng)
{
	while (eng->workers) {
		struct eng_worker *w = eng->workers;

		eng->workers = w->next;
		eng_spark_free(w);
		free(w);
	}
	if (eng->fleet)
		free(eng->fleet->slots);
	free(eng->fleet);
	eng->fleet = NULL;
}

/* ---- what a desire comes to ---- */

void
eng_desire_default(const struct nv_conf_worker *conf, struct eng_desire *ret)
{
	*ret = (struct eng_desire){.want = ENG_WANT_UNDEPLOYED, .instances = 1};
	(void)snprintf(ret->by, sizeof ret->by, "config");
	if (!conf)
		return;
	if (conf->instances_start > 0) {
		ret->want = ENG_WANT_RUNNING;
		ret->instances = conf->instances_start;
	} else if (conf->instances_min > 1) {
		ret->instances = conf->instances_min;
	}
}

uint32_t
eng_desire_instances(const struct eng_worker *w)
{
	if (!w->conf)
		return 0;
	if (w->desire.want != ENG_WANT_RUNNING && w->desire.want != ENG_WANT_PAUSED)
		return 0;
	uint32_t n = NV_MAX(w->desire.instances, w->conf->instances_min);

	return NV_MAX(NV_MIN(n, w->conf->instances_max), 1U);
}

bool
eng_worker_is_paused(const struct eng_worker *w)
{
	return w->desire.want == ENG_WANT_PAUSED ||
	       (w->desire.want == ENG_WANT_RUNNING && w->budget_paused);
}

bool
eng_worker_is_running(const struct eng_worker *w)
{
	return w->conf && w->desire.want == ENG_WANT_RUNNING && !w->budget_paused;
}

int64_t
eng_worker_interval_ms(const struct eng_worker *w)
{
	if (w->desire.run_interval_ms > 0)
		return w->desire.run_interval_ms;
	return w->conf ? w->conf->run_interval_ms : 0;
}

const char *
eng_worker_state(const struct eng_worker *w)
{
	if (w->system)
		return "running";
	if (!w->conf)
		return "removed";
	if (eng_worker_is_paused(w))
		return "paused";
	return eng_want_name(w->desire.want);
}

const char *
eng_worker_reason(const struct eng_worker *w)
{
	if (w->system)
		return "";
	if (!w->conf)
		return "not in the configuration";
	if (w->desire.want == ENG_WANT_RUNNING && w->budget_paused)
		return w->budget_reason;
	return w->desire.reason;
}

const char *
eng_worker_group(const struct eng_worker *w)
{
	return w->system ? NV_SYSTEM_GROUP : w->conf ? w->conf->group : w->past_group;
}

/* ---- the ledger's form ---- */

char *
eng_desire_encode(const struct eng_worker *w, const struct eng_desire *d, uint64_t ref)
{
	char split[NV_SPLIT_BYTES];
	json_t *o = json_object();
	int bad = o ? 0 : -1;

	bad |= json_object_set_new(o, "event", json_string("desire"));
	bad |= json_object_set_new(o, "worker", json_string(w->name));
	bad |= json_object_set_new(o, "want", json_string(eng_want_name(d->want)));
	bad |= json_object_set_new(o, "instances", json_integer(d->instances));
	bad |= json_object_set_new(o, "reason", nv_json_str(d->reason));
	bad |= json_object_set_new(o, "by", nv_json_str(d->by));
	bad |= json_object_set_new(o, "since_ns", json_integer(d->since_ns));
	if (d->fresh_ns)
		bad |= json_object_set_new(o, "fresh_ns", json_integer(d->fresh_ns));
	if (d->variant[0])
		bad |= json_object_set_new(o, "variant", nv_json_str(d->variant));
	if (d->params[0])
		bad |= json_object_set_new(o, "params", nv_json_str(d->params));
	if (d->run_interval_ms)
		bad |= json_object_set_new(
			o, "run_interval_ms", json_integer(d->run_interval_ms));
	if (d->split.n)
		bad |= json_object_set_new(
			o, "split", nv_json_str(nv_split_text(&d->split, split)));
	if (ref)
		bad |= json_object_set_new(o, "ref", json_integer((json_int_t)ref));
	char *line = bad ? NULL : nv_json_line(o);

	json_decref(o);
	return line;
}

/* A text field that may be missing. */
static int
take_text(const json_t *o, const char *key, char *out, size_t bytes, struct nv_err *err)
{
	const char *text = "";
	int rc = nv_json_get_str(o, key, bytes - 1, &text, err);

	if (rc < 0 && rc != -ENOENT)
		return rc;
	(void)snprintf(out, bytes, "%s", text);
	return 0;
}

static int
desire_take(const json_t *o, struct eng_desire *d, struct nv_err *err)
{
	char split[NV_SPLIT_BYTES];
	const char *want = NULL;
	uint64_t n = 0;
	int rc = nv_json_need_str(o, "want", 20, &want, err);

	if (rc < 0)
		return rc;
	if (!eng_want_from(want, &d->want))
		return nv_err_set(err, -EINVAL, "unknown desired state \"%s\"", want);
	rc = nv_json_get_u64(o, "instances", 0, UINT32_MAX, &n, err);
	if (rc < 0)
		return rc == -ENOENT ? nv_err_set(err, -EINVAL, "instances is missing")
				     : rc;
	d->instances = (uint32_t)n;
	if ((rc = take_text(o, "reason", d->reason, sizeof d->reason, err)) < 0 ||
		(rc = take_text(o, "by", d->by, sizeof d->by, err)) < 0 ||
		(rc = take_text(o, "variant", d->variant, sizeof d->variant, err)) < 0 ||
		(rc = take_text(o, "params", d->params, sizeof d->params, err)) < 0 ||
		(rc = take_text(o, "split", split, sizeof split, err)) < 0 ||
		(rc = nv_split_parse(split, &d->split, err)) < 0 ||
		(rc = nv_json_take_count(o, "since_ns", &d->since_ns, err)) < 0 ||
		(rc = nv_json_take_count(o, "fresh_ns", &d->fresh_ns, err)) < 0)
		return rc;
	return nv_json_take_count(o, "run_interval_ms", &d->run_interval_ms, err);
}

int
eng_desire_decode(
	const char *line, size_t bytes, struct eng_desire *ret, struct nv_err *err)
{
	json_error_t why;
	json_t *o = json_loadb(line, bytes, JSON_REJECT_DUPLICATES, &why);
	struct eng_desire d = {0};

	if (!o)
		return nv_err_set(err, -EINVAL, "not JSON: %s", why.text);
	int rc = desire_take(o, &d, err);

	json_decref(o);
	if (rc == 0)
		*ret = d;
	return rc;
}

/* ---- loading ---- */

static int
load_ledger_names(struct eng *eng, struct led_view *v)
{
	uint32_t n = led_view_n_workers(v);

	for (uint32_t id = 1; id <= n; id++) {
		char name[NV_NAME_MAX];

		if (led_view_worker_name(v, id, name) < 0)
			continue;
		struct eng_worker *w = eng_worker_add(eng, name);

		if (!w)
			return -ENOMEM;
		w->id = id;
	}
	return 0;
}

struct load {
	struct eng *eng;
	struct led_view *view;
	struct nv_err *err;
};

static int
load_desire(void *arg, const char *key, const void *value, size_t bytes)
{
	struct load *load = arg;
	const char *name = key + strlen("desire/");
	struct eng_desire d;
	struct nv_err why = {0};
	int rc = eng_desire_decode(value, bytes, &d, &why);

	if (rc < 0)
		return nv_err_set(load->err, rc, "the ledger's %s: %s", key, why.text);
	struct eng_worker *w =
		nv_name_valid(name) ? eng_worker_add(load->eng, name) : NULL;

	if (!w)
		return nv_err_set(load->err, -EINVAL, "the ledger's %s: bad name", key);
	rc = led_view_state_seq(load->view, key, &d.epoch);
	if (rc < 0)
		return nv_err_set(load->err, rc, "the ledger's %s: no event", key);
	w->desire = d;
	return 0;
}

int
eng_fleet_load(struct eng *eng, struct nv_err *err)
{
	struct led_view *v = NULL;
	struct load load = {.eng = eng, .err = err};

	for (struct eng_worker *w = eng->workers; w; w = w->next)
		w->conf = w->system = NULL;
	for (size_t i = 0; i < eng->config->n_workers; i++) {
		const struct nv_conf_worker *conf = &eng->config->workers[i];
		struct eng_worker *w = eng_worker_add(eng, conf->name);

		if (!w)
			return nv_err_set(err, -ENOMEM, "no memory for the workers");
		w->conf = conf;
		/* Whatever the ledger knows replaces this below. */
		if (w->desire.epoch == 0)
			eng_desire_default(conf, &w->desire);
	}
	for (size_t i = 0; i < eng->config->n_system; i++) {
		struct eng_worker *w = eng_worker_add(eng, eng->config->system[i].name);

		if (!w)
			return nv_err_set(err, -ENOMEM, "no memory for the workers");
		w->system = &eng->config->system[i];
	}
	int rc = led_view_begin(eng->led, &v, err);

	if (rc < 0)
		return rc;
	load.view = v;
	rc = load_ledger_names(eng, v);
	if (rc < 0)
		(void)nv_err_set(err, rc, "no memory for the workers");
	else
		rc = led_view_states(v, "desire/", load_desire, &load);
	if (rc == 0)
		rc = eng_import_load(eng, v);
	led_view_end(v);
	for (struct eng_worker *w = eng->workers; rc == 0 && w; w = w->next) {
		rc = eng_worker_refresh(eng, w);
		if (rc < 0)
			return nv_err_set(
				err, rc, "the totals of %s cannot be read", w->name);
	}
	return rc;
}

/* ---- changing ---- */

int
eng_desire_put(struct eng *eng, struct eng_txn *txn, struct eng_worker *w,
	const struct eng_desire *d, uint64_t ref, uint64_t *ret_seq)
{
	char key[sizeof "desire/" + NV_NAME_MAX];
	NV_CLEANUP_FREE char *line = eng_desire_encode(w, d, ref);

	if (!line)
		return -ENOMEM;
	struct led_event ev = {
		.kind = LED_DESIRE,
		.worker = eng_txn_worker(eng, txn, w),
		.claimed_ns = txn->now_ns,
		.received_ns = txn->now_ns,
		.ref = ref,
		.line = line,
		.line_bytes = strlen(line),
	};
	int rc = eng_txn_event(eng, txn, w, &ev, ret_seq);

	if (rc < 0)
		return rc;
	(void)snprintf(key, sizeof key, "desire/%s", w->name);
	return led_batch_state_put(txn->batch, key, line, ev.line_bytes);
}

void
eng_desire_apply(struct eng_worker *w, const struct eng_desire *d, uint64_t seq)
{
	w->desire = *d;
	w->desire.epoch = seq;
}

int
eng_desire_set(struct eng *eng, struct eng_worker *w, const struct eng_desire *d,
	bool reset, struct nv_err *err)
{
	struct eng_txn txn = {0};
	uint64_t seq = 0;
	int rc = eng_intake_flush(eng);

	if (rc < 0)
		return nv_err_set(err, rc, "the ledger is busy: %s", strerror(-rc));
	eng_txn_begin(eng, &txn);
	rc = eng_desire_put(eng, &txn, w, d, 0, &seq);
	if (rc < 0)
		eng_ledger_trouble(eng, "a desired state cannot be written");
	eng_txn_commit(eng, &txn);
	eng_desire_apply(w, d, seq);
	eng_desire_send(eng, w, reset);
	return 0;
}

/* ---- telling ---- */

/* nova-runner finishes its run and waits when it is told so; novasupd freezes the
 * workers that cannot be asked. */
static void
tell_pause(struct eng *eng, struct eng_worker *w)
{
	bool paused = eng_worker_is_paused(w);

	if (w->pause_known && paused == w->pause_told)
		return;
	w->pause_known = true;
	w->pause_told = paused;
	eng_control_line(
		eng, w, paused ? "{\"control\":\"pause\"}" : "{\"control\":\"resume\"}");
}

void
eng_fleet_stream_opened(struct eng *eng, struct eng_worker *w)
{
	if (w->history)
		w->history->was_told = false; /* enforce.c says it again */
	eng_tune_opened(eng, w, !eng->desires_sent);
	/* While the engine starts, the streams it is handed belong to workers that were
	 * told something, perhaps to pause, which may be over: they are told with the
	 * desires. Not before, as novasupd may hold them for want of an engine, and this
	 * one may not live until it is ready. Later ones are new and run unless told
	 * otherwise. */
	if (!eng->desires_sent) {
		w->pause_known = false;
	} else if (eng_worker_is_paused(w)) {
		w->pause_known = false;
		tell_pause(eng, w);
	}
}

static int
send_desire(struct eng *eng, const struct eng_worker *w, bool reset)
{
	uint8_t body[NV_MSG_BODY_MAX];
	struct nv_wr wr;
	struct nv_sup_desire m = {
		.instances = eng_desire_instances(w),
		.paused = eng_worker_is_paused(w),
		.reset = reset,
		.epoch = w->desire.epoch,
		.run_interval_ms = eng_worker_interval_ms(w),
	};

	(void)snprintf(m.worker, sizeof m.worker, "%s", w->name);
	(void)snprintf(m.reason, sizeof m.reason, "%s", eng_worker_reason(w));
	struct nv_split split;

	(void)snprintf(m.variant, sizeof m.variant, "%s", w->desire.variant);
	(void)eng_tune_params(w, m.params);
	eng_tune_split(w, &split);
	(void)nv_split_text(&split, m.split);
	nv_wr_init(&wr, body, sizeof body);
	int rc = nv_sup_desire_encode(&wr, &m);

	return rc < 0 ? rc : nv_chan_send_wr(&eng->sup, NV_MSG_SUP_DESIRE, &wr);
}

/* The longest without an event that says more than "alive" first; of those alike the
 * youngest. */
static int
idler_first(const void *a, const void *b)
{
	const struct eng_instance *x = *(struct eng_instance *const *)a;
	const struct eng_instance *y = *(struct eng_instance *const *)b;

	if (x->progress_mono_ns != y->progress_mono_ns)
		return x->progress_mono_ns < y->progress_mono_ns ? -1 : 1;
	return x->instance > y->instance ? -1 : x->instance < y->instance;
}

/* Fewer are wanted than live: say which have the least to do. novasupd takes the youngest
 * when it does not hear this, so an error is no harm. */
static void
send_idle(struct eng *eng, const struct eng_worker *w)
{
	static struct eng_instance *live[NV_IDLE_MAX];
	static struct nv_sup_idle m;
	uint8_t body[NV_MSG_BODY_MAX];
	struct nv_wr wr;
	uint32_t wanted = eng_desire_instances(w);
	size_t n = 0;

	for (struct eng_instance *i = w->instances; i && n < NV_LEN(live); i = i->next) {
		if (!i->gone)
			live[n++] = i;
	}
	if (wanted == 0 || n <= wanted)
		return;
	qsort(live, n, sizeof(struct eng_instance *), idler_first);
	m.n = (uint32_t)n;
	for (size_t k = 0; k < n; k++)
		m.numbers[k] = live[k]->instance;
	(void)snprintf(m.worker, sizeof m.worker, "%s", w->name);
	nv_wr_init(&wr, body, sizeof body);
	(void)nv_sup_idle_encode(&wr, &m); /* the error stays in wr */
	(void)nv_chan_send_wr(&eng->sup, NV_MSG_SUP_IDLE, &wr);
}

void
eng_desire_send(struct eng *eng, struct eng_worker *w, bool reset)
{
	/* Before the whole desired state was sent it will be part of it. Workers
	 * that are no longer configured are novasupd's to stop: it does not know them. */
	if (reset)
		w->reset_epoch = w->desire.epoch;
	if (!eng->desires_sent || !w->conf || !nv_chan_is_open(&eng->sup))
		return;
	send_idle(eng, w);
	int rc = send_desire(eng, w, reset);

	if (rc < 0)
		nv_error("desire of %s cannot be sent: %s; novasupd gets it at the "
			 "next start of the engine",
			w->name, strerror(-rc));
	eng_tune_tell(eng, w);
	tell_pause(eng, w);
}

static void
send_all(struct eng *eng, bool repeat)
{
	eng->desires_sent = true;
	for (struct eng_worker *w = eng->workers; w; w = w->next)
		eng_desire_send(eng, w,
			repeat && w->reset_epoch != 0 &&
				w->reset_epoch == w->desire.epoch);
	if (nv_chan_is_open(&eng->sup)) {
		int rc = nv_chan_send(&eng->sup, NV_MSG_SUP_DESIRE_END, NULL, 0, NULL, 0);

		if (rc < 0)
			nv_error("end of the desired state cannot be sent: %s",
				strerror(-rc));
	}
}

void
eng_desire_send_all(struct eng *eng)
{
	send_all(eng, false);
}

void
eng_desire_repeat_all(struct eng *eng)
{
	send_all(eng, true);
}

void
eng_fleet_held(struct eng *eng, const struct nv_eng_held *held)
{
	struct eng_worker *w = eng_worker_find(eng, held->worker);
	struct nv_err err = {0};

	if (!w || !w->conf) {
		nv_warn("novasupd holds %s down, which is not in the configuration",
			held->worker);
		return;
	}
	/* A newer wish of a person, or a state that is down anyway, stays. What a budget
	 * or a decision has made of it meanwhile does not: novasupd holds it down. */
	bool persons = strncmp(w->desire.by, "uid ", 4) == 0;

	if ((persons && w->desire.since_ns > held->wall_ns) ||
		(w->desire.want != ENG_WANT_RUNNING && w->desire.want != ENG_WANT_PAUSED))
		return;
	struct eng_desire d = w->desire;

	d.want = ENG_WANT_STOPPED;
	d.since_ns = held->wall_ns;
	(void)snprintf(d.by, sizeof d.by, "uid %u", held->uid);
	(void)snprintf(d.reason, sizeof d.reason,
		"stopped by uid %u while the engine was away", held->uid);
	if (eng_desire_set(eng, w, &d, false, &err) < 0)
		nv_error("%s", err.text);
}
