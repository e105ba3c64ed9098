/* Dependencies applied to workers: see gate.h. */
#include "gate.h"
#include "deps.h"
#include "nv_log.h"
#include "sup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- who depends on whom ---- */

static int
compare_names(const void *key, const void *element)
{
	return strcmp(key, (*(struct sup_worker *const *)element)->name);
}

static int
resolve_one(struct sup_worker *w, struct sup_worker **by_name, size_t n)
{
	struct sup_gate *g = &w->gate;
	size_t n_depends = w->conf->n_depends;
	struct sup_worker **on =
		n_depends ? calloc(n_depends, sizeof(struct sup_worker *)) : NULL;

	if (n_depends && !on)
		return -ENOMEM;
	free(g->on);
	g->on = on;
	g->n_on = (uint32_t)n_depends;
	for (uint32_t i = 0; i < g->n_on; i++) {
		struct sup_worker **at = bsearch(w->conf->depends[i].worker, by_name, n,
			sizeof(struct sup_worker *), compare_names);

		g->on[i] = at ? *at : NULL;
		if (at)
			(*at)->gate.n_dependents++;
	}
	return 0;
}

static int
list_dependents(struct sup *sup)
{
	for (struct sup_worker *w = sup->workers; w; w = w->next) {
		struct sup_gate *g = &w->gate;

		free(g->dependents);
		g->dependents = g->n_dependents ? calloc(g->n_dependents,
							  sizeof(struct sup_worker *))
						: NULL;
		if (g->n_dependents && !g->dependents) {
			g->n_dependents = 0;
			return -ENOMEM;
		}
		g->n_dependents = 0;
	}
	for (struct sup_worker *w = sup->workers; w; w = w->next) {
		for (uint32_t i = 0; i < w->gate.n_on; i++) {
			struct sup_worker *on = w->gate.on[i];

			if (on)
				on->gate.dependents[on->gate.n_dependents++] = w;
		}
	}
	return 0;
}

int
sup_gate_resolve(struct sup *sup)
{
	size_t n = 0;
	int rc = 0;

	for (struct sup_worker *w = sup->workers; w; w = w->next) {
		w->gate.n_dependents = 0;
		n++;
	}
	if (n == 0)
		return 0;
	struct sup_worker **by_name = calloc(n, sizeof(struct sup_worker *));

	if (!by_name)
		return -ENOMEM;
	n = 0;
	for (struct sup_worker *w = sup->workers; w; w = w->next)
		by_name[n++] = w; /* the list is in this order */
	for (struct sup_worker *w = sup->workers; w && rc == 0; w = w->next)
		rc = resolve_one(w, by_name, n);
	free(by_name);
	if (rc == 0)
		rc = list_dependents(sup);
	return rc;
}

void
sup_gate_fini(struct sup_worker *w)
{
	struct sup_gate *g = &w->gate;

	for (uint32_t i = 0; i < g->n_on; i++) {
		struct sup_gate *on = g->on[i] ? &g->on[i]->gate : NULL;
		uint32_t kept = 0;

		for (uint32_t k = 0; on && k < on->n_dependents; k++) {
			if (on->dependents[k] != w)
				on->dependents[kept++] = on->dependents[k];
		}
		if (on)
			on->n_dependents = kept;
	}
	for (uint32_t i = 0; i < g->n_dependents; i++) {
		struct sup_gate *d = &g->dependents[i]->gate;

		for (uint32_t k = 0; k < d->n_on; k++) {
			if (d->on[k] == w)
				d->on[k] = NULL;
		}
	}
	for (struct sup_worker **at = &w->sup->dirty; *at; at = &(*at)->gate.dirty_next) {
		if (*at != w)
			continue;
		*at = g->dirty_next;
		break;
	}
	free(g->on);
	free(g->dependents);
	*g = (struct sup_gate){0};
}

/* ---- questions ---- */

static struct sup_deps_view
view_of(const struct sup_worker *w)
{
	struct sup_deps_view v = {.wanted = sup_worker_wanted(w)};
	uint32_t slots = sup_roll_slots(w); /* an additional one stands in for another */

	for (uint32_t i = 0; i < w->n_instances; i++) {
		enum sup_inst_state state = w->instances[i]->machine.state;

		v.processes += sup_inst_live(&w->instances[i]->machine);
		v.up += i < slots && state == SUP_INST_UP;
		v.finished += sup_worker_in(w, i) && state == SUP_INST_FINISHED;
	}
	return v;
}

/* Index of the first edge that does not hold; n_on when all do. */
static uint32_t
first_unmet(const struct sup_worker *w)
{
	for (uint32_t i = 0; i < w->gate.n_on; i++) {
		if (!w->gate.on[i])
			return i;
		struct sup_deps_view v = view_of(w->gate.on[i]);

		if (!sup_deps_holds(w->conf->depends[i].condition, &v))
			return i;
	}
	return w->gate.n_on;
}

bool
sup_gate_open(const struct sup_worker *w)
{
	return first_unmet(w) == w->gate.n_on;
}

/* What keeps it from being what others wait for, when it is not just on its way there. */
static const char *
in_the_way(const struct sup_worker *on)
{
	if (sup_worker_wanted(on) == 0)
		return sup_worker_live(on) > 0 ? "stopping" : "stopped";
	if (sup_worker_paused(on))
		return "paused";
	for (uint32_t i = 0; i < on->n_instances; i++) {
		enum sup_inst_state state = on->instances[i]->machine.state;

		if (state == SUP_INST_HALTED || state == SUP_INST_FAILED ||
			state == SUP_INST_COOLDOWN || state == SUP_INST_BACKOFF)
			return sup_inst_state_name(state);
	}
	return "";
}

void
sup_gate_start_text(const struct sup_worker *w, char *buf, size_t buf_bytes)
{
	uint32_t i = first_unmet(w);

	buf[0] = '\0';
	if (i == w->gate.n_on)
		return;
	const struct sup_worker *on = w->gate.on[i];
	const struct nv_conf_depend *d = &w->conf->depends[i];
	struct sup_deps_view v = {0};

	if (on)
		v = view_of(on);
	sup_deps_text(buf, buf_bytes, d->worker, d->condition, &v,
		on ? in_the_way(on) : "no longer configured");
}

static const struct sup_worker *
still_stopping(const struct sup_worker *w)
{
	/* Asked a second time, or in an emergency: everything at once. */
	if (w->sup->stop_requests > 1 || w->sup->brake.on || sup_worker_wanted(w) > 0)
		return NULL;
	for (uint32_t i = 0; i < w->gate.n_dependents; i++) {
		const struct sup_worker *d = w->gate.dependents[i];

		if (sup_worker_wanted(d) == 0 && sup_worker_live(d) > 0)
			return d;
	}
	return NULL;
}

bool
sup_gate_must_outlive(const struct sup_worker *w)
{
	return still_stopping(w) != NULL;
}

void
sup_gate_stop_text(const struct sup_worker *w, char *buf, size_t buf_bytes)
{
	const struct sup_worker *d = sup_worker_live(w) > 0 ? still_stopping(w) : NULL;

	(void)snprintf(buf, buf_bytes, "%s%s", d ? "stops after " : "", d ? d->name : "");
}

/* ---- changes ---- */

static void
mark(struct sup_worker *w)
{
	if (w->gate.dirty)
		return;
	w->gate.dirty = true;
	w->gate.dirty_next = w->sup->dirty;
	w->sup->dirty = w;
}

static void
shut(struct sup_worker *w)
{
	for (uint32_t i = 0; i < w->n_instances; i++) {
		if (w->instances[i]->machine.gate)
			sup_instance_event(w->instances[i], SUP_EV_GATE_SHUT);
	}
}

void
sup_gate_later(struct sup_worker *w)
{
	mark(w);
	/* What waited for its end waits no more when it goes on. */
	for (uint32_t i = 0; i < w->gate.n_on; i++) {
		if (w->gate.on[i] && sup_worker_wanted(w->gate.on[i]) == 0)
			mark(w->gate.on[i]);
	}
	/* Another number of instances may be wanted, so that it is not ready now. */
	for (uint32_t i = 0; i < w->gate.n_dependents; i++) {
		if (!sup_gate_open(w->gate.dependents[i]))
			shut(w->gate.dependents[i]);
		mark(w->gate.dependents[i]);
	}
}

void
sup_gate_run(struct sup *sup)
{
	while (sup->dirty) {
		struct sup_worker *w = sup->dirty;

		sup->dirty = w->gate.dirty_next;
		w->gate.dirty = false;
		w->gate.dirty_next = NULL;
		sup_worker_apply(w);
	}
}

/* It ran on what is gone now: end it; it comes back when the gate opens. Not a crash. */
static void
pull_down(struct sup_worker *w, const struct sup_worker *on)
{
	for (uint32_t i = 0; i < w->n_instances; i++) {
		struct sup_instance *inst = w->instances[i];
		struct sup_inst *m = &inst->machine;

		if (m->state != SUP_INST_STARTING && m->state != SUP_INST_UP)
			continue;
		nv_info("%s#%u is stopped: %s, on which it depends, went down", w->name,
			inst->number, on->name);
		(void)snprintf(m->asked_cause, sizeof(m->asked_cause), "dependency");
		(void)snprintf(
			m->asked_by, sizeof(m->asked_by), "dependency %s", on->name);
		sup_instance_event(inst, SUP_EV_RESTART);
	}
}

static void
tell_dependent(struct sup_worker *d, const struct sup_worker *on,
	const struct sup_deps_view *now, enum sup_inst_state from, enum sup_inst_state to)
{
	for (uint32_t i = 0; i < d->gate.n_on; i++) {
		const struct nv_conf_depend *edge = &d->conf->depends[i];

		if (d->gate.on[i] != on)
			continue;
		/* At once: it may be about to start in this very pass. */
		if (!sup_deps_holds(edge->condition, now))
			shut(d);
		if (edge->restart && d->sup->phase == SUP_RUNNING &&
			sup_deps_breaks(edge->condition, from, to, now))
			pull_down(d, on);
	}
	mark(d);
}

void
sup_gate_changed(struct sup_instance *inst, enum sup_inst_state from)
{
	struct sup_worker *w = inst->worker;
	enum sup_inst_state to = inst->machine.state;

	if (from == to)
		return;
	if (w->gate.n_dependents > 0) {
		struct sup_deps_view now = view_of(w);

		for (uint32_t i = 0; i < w->gate.n_dependents; i++)
			tell_dependent(w->gate.dependents[i], w, &now, from, to);
	}
	if (sup_inst_live(&inst->machine))
		return;
	for (uint32_t i = 0; i < w->gate.n_on; i++) {
		struct sup_worker *on = w->gate.on[i];

		if (on && sup_worker_wanted(on) == 0)
			mark(on); /* it may be waiting for this end */
	}
}
