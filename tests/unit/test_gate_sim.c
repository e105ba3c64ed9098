/* Dependencies in random fleets: any graph, any order of wishes, deaths and ends. The
 * real gate.c, deps.c and instance.c with workers whose processes are flags. The seed is
 * printed when it fails; a run of one seed is repeated with NOVA_TEST_SEED. */
#include "nv_log.h"
#include "run_suite.h"
#include "sup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORLDS      5000
#define EVENTS      150
#define WORKERS_MAX 7
#define SLOTS_MAX   3

static struct world {
	struct sup sup;
	struct sup_worker workers[WORKERS_MAX];
	struct nv_conf_worker confs[WORKERS_MAX];
	struct nv_conf_depend depends[WORKERS_MAX][WORKERS_MAX];
	struct sup_instance instances[WORKERS_MAX][SLOTS_MAX];
	struct sup_instance *slots[WORKERS_MAX][SLOTS_MAX];
	unsigned n;
	uint64_t seed;
	uint64_t random;
	int64_t now_ms;
	unsigned starts;
	unsigned pulled;
} * world;

static uint64_t
rnd(uint64_t below)
{
	world->random ^= world->random << 13;
	world->random ^= world->random >> 7;
	world->random ^= world->random << 17;
	return below > 1 ? world->random % below : 0;
}

#define HOLDS(cond) \
	do { \
		if (!(cond)) \
			ck_abort_msg("%s; NOVA_TEST_SEED=%llu", #cond, \
				(unsigned long long)world->seed); \
	} while (0)

/* ---- the workers, as far as gate.c asks for them ---- */

unsigned
sup_worker_wanted(const struct sup_worker *w)
{
	return w->sup->phase == SUP_RUNNING ? w->desire.instances : 0;
}

bool
sup_worker_in(const struct sup_worker *w, uint32_t i)
{
	return i < sup_worker_wanted(w);
}

uint32_t
sup_roll_slots(const struct sup_worker *w)
{
	return sup_worker_wanted(w);
}

unsigned
sup_worker_live(const struct sup_worker *w)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < w->n_instances; i++)
		n += sup_inst_live(&w->instances[i]->machine);
	return n;
}

bool
sup_worker_paused(const struct sup_worker *w)
{
	(void)w;
	return false;
}

void
sup_worker_apply(struct sup_worker *w)
{
	uint32_t wanted = sup_worker_wanted(w);
	bool gate = w->sup->phase == SUP_RUNNING && sup_gate_open(w);

	for (uint32_t i = 0; i < w->n_instances; i++) {
		if (gate != w->instances[i]->machine.gate)
			sup_instance_event(w->instances[i],
				gate ? SUP_EV_GATE_OPEN : SUP_EV_GATE_SHUT);
	}
	if (sup_gate_must_outlive(w))
		return;
	for (uint32_t i = 0; i < w->n_instances; i++) {
		if (w->instances[i]->machine.want != (i < wanted))
			sup_instance_event(w->instances[i],
				i < wanted ? SUP_EV_WANT : SUP_EV_UNWANT);
	}
}

/* What must be true of `on` when somebody that waits for it starts; written anew. */
static bool
is_true(const struct nv_conf_depend *d, const struct sup_worker *on)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < sup_worker_wanted(on); i++) {
		enum sup_inst_state s = on->instances[i]->machine.state;

		if (d->condition == NV_DEPEND_STARTED)
			n += s == SUP_INST_STARTING || s == SUP_INST_UP ||
			     s == SUP_INST_STOPPING;
		else
			n += s == (d->condition == NV_DEPEND_READY ? SUP_INST_UP
								   : SUP_INST_FINISHED);
	}
	if (d->condition == NV_DEPEND_STARTED)
		return sup_worker_wanted(on) > 0 && sup_worker_live(on) > 0;
	return n > 0 && n >= sup_worker_wanted(on);
}

void
sup_instance_event(struct sup_instance *inst, enum sup_inst_event event)
{
	struct sup_worker *w = inst->worker;
	enum sup_inst_state from = inst->machine.state;
	unsigned actions =
		sup_inst_step(&inst->machine, &w->policy, event, world->now_ms);

	if (actions & SUP_ACT_START) {
		world->starts++;
		for (uint32_t i = 0; i < w->conf->n_depends; i++)
			HOLDS(is_true(&w->conf->depends[i], w->gate.on[i]));
	}
	sup_gate_changed(inst, from);
	/* Whoever is asked at the end of the fleet has nobody who needs it any more. */
	if ((actions & SUP_ACT_ASK) && event == SUP_EV_UNWANT &&
		w->sup->phase != SUP_RUNNING) {
		for (uint32_t i = 0; i < w->gate.n_dependents; i++)
			HOLDS(sup_worker_live(w->gate.dependents[i]) == 0);
	}
	if (actions & SUP_ACT_RECORD) {
		bool dependency = strcmp(inst->machine.end.cause, "dependency") == 0;

		world->pulled += dependency;
		HOLDS(!dependency || !inst->machine.end.crash);
	}
	if (actions & SUP_ACT_START)
		sup_instance_event(inst, rnd(10) ? SUP_EV_SPAWNED : SUP_EV_SPAWN_FAIL);
}

/* ---- a random fleet ---- */

static void
make_worker(unsigned k)
{
	struct sup_worker *w = &world->workers[k];
	struct nv_conf_worker *c = &world->confs[k];

	(void)snprintf(w->name, sizeof(w->name), "w%u", k);
	memcpy(c->name, w->name, sizeof(c->name));
	c->depends = world->depends[k];
	/* Edges lead to lower numbers only: no cycle. */
	for (unsigned i = 0; i < k; i++) {
		struct nv_conf_depend *d = &c->depends[c->n_depends];

		if (rnd(3) > 0)
			continue;
		(void)snprintf(d->worker, sizeof(d->worker), "w%u", i);
		d->condition = (enum nv_depend_condition)rnd(3);
		d->restart = rnd(2);
		c->n_depends++;
	}
	w->sup = &world->sup;
	w->conf = c;
	w->policy = (struct sup_inst_policy){.success = {1},
		.restart = (enum nv_restart)rnd(3),
		.crashes = {.max = 3,
			.within_ms = 1000,
			.backoff_min_ms = 5,
			.backoff_max_ms = 10},
		.ready_event = rnd(2),
		.grace_ms = (int64_t)rnd(3) * 10};
	w->desire.instances = (uint32_t)rnd(SLOTS_MAX + 1);
	w->instances = world->slots[k];
	w->n_instances = SLOTS_MAX;
	w->next = k + 1 < world->n ? &world->workers[k + 1] : NULL;
	for (unsigned i = 0; i < SLOTS_MAX; i++) {
		struct sup_instance *inst = &world->instances[k][i];

		inst->sup = &world->sup;
		inst->worker = w;
		inst->number = i + 1;
		world->slots[k][i] = inst;
		ck_assert_int_eq(sup_inst_init(&inst->machine, &w->policy,
					 world->seed + k * 10 + i + 1),
			0);
	}
}

static void
world_init(uint64_t seed)
{
	memset(world, 0, sizeof(*world));
	world->seed = seed;
	world->random = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
	world->n = 1 + (unsigned)rnd(WORKERS_MAX);
	world->now_ms = 1000000;
	world->sup.workers = &world->workers[0];
	for (unsigned k = 0; k < world->n; k++)
		make_worker(k);
	ck_assert_int_eq(sup_gate_resolve(&world->sup), 0);
}

static void
world_fini(void)
{
	for (unsigned k = 0; k < world->n; k++) {
		sup_gate_fini(&world->workers[k]);
		for (unsigned i = 0; i < SLOTS_MAX; i++)
			sup_inst_fini(&world->instances[k][i].machine);
	}
}

/* One instance gets on: it becomes ready, dies, is gone. */
static void
live_on(struct sup_instance *inst, bool die)
{
	struct sup_inst *m = &inst->machine;

	if (m->deadline_ms <= world->now_ms)
		sup_instance_event(inst, SUP_EV_TIMER);
	if (m->state == SUP_INST_STARTING && m->main_alive && rnd(2))
		sup_instance_event(inst, SUP_EV_READY);
	bool stopping = m->state == SUP_INST_STOPPING;

	if (m->main_alive && sup_inst_live(m) && (die || (stopping && rnd(2)))) {
		m->end.status = rnd(2) ? 0 : 256;
		sup_instance_event(inst, SUP_EV_MAIN_EXIT);
	}
	if (m->state == SUP_INST_STOPPING && !m->main_alive && rnd(2))
		sup_instance_event(inst, SUP_EV_GONE);
}

static void
pass(bool die)
{
	world->now_ms += 5;
	for (unsigned k = 0; k < world->n; k++) {
		for (unsigned i = 0; i < SLOTS_MAX; i++)
			live_on(&world->instances[k][i], die && rnd(6) == 0);
	}
	sup_gate_run(&world->sup);
}

/* Left alone, everything is where it should be: running, at rest, or waiting for one
 * that does not come. */
static void
check_settled(void)
{
	for (unsigned k = 0; k < world->n; k++) {
		const struct sup_worker *w = &world->workers[k];
		bool open = true;

		for (uint32_t i = 0; i < w->conf->n_depends; i++)
			open &= is_true(&w->conf->depends[i], w->gate.on[i]);
		HOLDS(open == sup_gate_open(w));
		for (uint32_t i = 0; i < SLOTS_MAX; i++) {
			enum sup_inst_state s = w->instances[i]->machine.state;

			if (i >= sup_worker_wanted(w))
				HOLDS(s == SUP_INST_STOPPED);
			else if (s == SUP_INST_STOPPED)
				HOLDS(!open);
			else
				HOLDS(s == SUP_INST_UP || s == SUP_INST_HALTED ||
					s == SUP_INST_FAILED || s == SUP_INST_FINISHED);
		}
	}
}

static void
run_world(uint64_t seed)
{
	world_init(seed);
	for (unsigned k = 0; k < world->n; k++)
		sup_worker_apply(&world->workers[k]);
	for (unsigned e = 0; e < EVENTS; e++) {
		struct sup_worker *w = &world->workers[rnd(world->n)];

		if (rnd(5) == 0) {
			w->desire.instances = (uint32_t)rnd(SLOTS_MAX + 1);
			sup_gate_later(w);
		} else if (rnd(20) == 0) {
			sup_instance_event(w->instances[rnd(SLOTS_MAX)], SUP_EV_RESTART);
		}
		pass(true);
	}
	for (unsigned e = 0; e < 400; e++)
		pass(false);
	check_settled();
	world->sup.phase = SUP_STOPPING_AGENTS;
	for (unsigned k = 0; k < world->n; k++)
		sup_worker_apply(&world->workers[k]);
	for (unsigned e = 0; e < 400; e++)
		pass(false);
	for (unsigned k = 0; k < world->n; k++)
		HOLDS(sup_worker_live(&world->workers[k]) == 0);
	world_fini();
}

START_TEST(test_worlds)
{
	const char *one = getenv("NOVA_TEST_SEED");
	unsigned starts = 0;
	unsigned pulled = 0;

	(void)setenv("NOVA_LOG_LEVEL", "error", 1);
	nv_log_init("sim");
	world = calloc(1, sizeof(*world));
	ck_assert_ptr_nonnull(world);
	for (uint64_t seed = 1; seed <= (one ? 1 : WORLDS); seed++) {
		run_world(one ? strtoull(one, NULL, 10) : seed);
		starts += world->starts;
		pulled += world->pulled;
	}
	free(world);
	/* The worlds are no empty ones. */
	ck_assert(one || (starts > 10 * WORLDS && pulled > WORLDS));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("gate_sim");
	TCase *tc = tcase_create("all");

	tcase_set_timeout(tc, 180);
	tcase_add_test(tc, test_worlds);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
