/* Invents histories. Each one has its own character (how often things fail, whether time
 * passes, whether somebody calls), so that long quiet ones occur beside wild ones. */
#include "sim_random.h"

#include <string.h>

struct maker {
	struct sim s;
	struct history *h;
	uint64_t random;
	unsigned n_tag;
	unsigned calls;
	unsigned ids; /* of children, in one group */
	/* Out of 100. */
	unsigned answer, exits, fail, ignore, bad, delay, pass, call, live, untaken,
		reload;
	unsigned events;
};

static uint64_t
rnd(struct maker *k, uint64_t below)
{
	k->random ^= k->random << 13;
	k->random ^= k->random >> 7;
	k->random ^= k->random << 17;
	return (k->random >> 11) % below;
}

static bool
chance(struct maker *k, unsigned percent)
{
	return rnd(k, 100) < percent;
}

static bool
live(struct maker *k, const struct event *e)
{
	if (k->h->n < HISTORY_MAX)
		k->h->event[k->h->n++] = *e;
	return sim_apply(&k->s, e);
}

/* ---- settings ---- */

static int64_t
random_shutdown(struct maker *k)
{
	switch (rnd(k, 4)) {
	case 0:
		return SUP_SHUTDOWN_BRUTAL;
	case 1:
		return SUP_SHUTDOWN_INFINITY;
	default:
		return (int64_t)rnd(k, 10000);
	}
}

static void
random_child(struct maker *k, struct event *e)
{
	e->f[F_RESTART] = (int64_t)(chance(k, 45) ? SUP_PERMANENT : rnd(k, 3));
	e->f[F_SHUTDOWN] = random_shutdown(k);
	e->f[F_SIGNIFICANT] = e->f[F_RESTART] != SUP_PERMANENT && chance(k, 35);
	if (chance(k, 1)) { /* out of range */
		if (chance(k, 50))
			e->f[F_RESTART] = 3;
		else
			e->f[F_SHUTDOWN] = -2;
	}
}

static void
random_group(struct maker *k, struct event *e)
{
	random_child(k, e);
	e->f[F_SHUTDOWN] = SUP_SHUTDOWN_INFINITY;
	e->f[F_STRATEGY] =
		(int64_t)(chance(k, 10) ? SUP_SIMPLE_ONE_FOR_ONE : (int)rnd(k, 3));
	e->f[F_INTENSITY] = (int64_t)rnd(k, 5);
	if (chance(k, 15))
		e->f[F_INTENSITY] = chance(k, 20) ? SUP_INTENSITY_MAX : 12;
	e->f[F_PERIOD] = 1 + (int64_t)rnd(k, 5);
	e->f[F_AUTO] = (int64_t)(chance(k, 40) ? SUP_AUTO_NEVER : rnd(k, 3));
	if (chance(k, 1)) {
		if (chance(k, 50))
			e->f[F_PERIOD] = 0;
		else
			e->f[F_INTENSITY] = SUP_INTENSITY_MAX + 1;
	}
}

/* ---- the tree ---- */

static unsigned
depth_of(struct maker *k, unsigned tag)
{
	sup_node n = k->s.group[tag][0];
	unsigned depth = 0;

	for (; n != 0; n = k->s.ops[0]->parent(k->s.side[0], n))
		depth++;
	return depth;
}

static unsigned
random_tag(struct maker *k)
{
	return k->n_tag == 0 ? 0 : 1 + (unsigned)rnd(k, k->n_tag);
}

static bool
make_group(struct maker *k, bool top)
{
	struct event e = {.kind = EV_GROUP};
	unsigned parent = top ? 0 : random_tag(k);

	if (k->n_tag + 1 >= SIM_GROUPS || (parent != 0 && depth_of(k, parent) >= 4))
		return true;
	random_group(k, &e);
	if (top) {
		e.f[F_RESTART] = SUP_PERMANENT;
		e.f[F_SIGNIFICANT] = 0;
	}
	e.f[F_TAG] = k->n_tag + 1;
	e.f[F_GROUP] = parent;
	e.f[F_ID] = 1 + (int64_t)rnd(k, k->ids);
	if (!live(k, &e))
		return false;
	if (k->s.group[k->n_tag + 1][0] != 0)
		k->n_tag++;
	return true;
}

static bool
make_leaf(struct maker *k)
{
	struct event e = {.kind = EV_LEAF};

	random_child(k, &e);
	e.f[F_GROUP] = random_tag(k);
	e.f[F_ID] = 1 + (int64_t)rnd(k, k->ids);
	return live(k, &e);
}

static bool
make_tree(struct maker *k)
{
	unsigned nodes = 2 + (unsigned)rnd(k, 12);
	bool wide = chance(k, 3);
	unsigned groups = (unsigned)rnd(k, 60);
	bool same;

	k->ids = wide ? 60 : 14;
	if (wide)
		nodes = 20 + (unsigned)rnd(k, 60);
	same = make_group(k, true);
	if (chance(k, 10))
		same = same && make_group(k, true);
	while (same && nodes-- > 0)
		same = chance(k, groups) ? make_group(k, false) : make_leaf(k);
	for (unsigned i = 0; same && i < k->s.n_top; i++) {
		struct event e = {.kind = EV_START};
		e.f[F_TAG] = k->s.top[i];
		same = live(k, &e);
	}
	return same;
}

/* ---- what happens ---- */

/* A moment: now, soon, exactly when something is due, or about a whole second. */
static int64_t
random_wait(struct maker *k)
{
	int64_t due = k->s.ops[0]->deadline(k->s.side[0]);
	int64_t now = k->s.now_ms;

	if (!chance(k, k->pass))
		return 0;
	if (due != INT64_MAX && due > now && chance(k, 50)) {
		int64_t wait = due - now + (int64_t)rnd(k, 3) - 1;
		return NV_MAX(wait, 0);
	}
	switch (rnd(k, 6)) {
	case 0:
		return (int64_t)rnd(k, 40);
	case 1:
		return 1000 - now % 1000; /* the border of a second */
	case 2:
		return 1000 * (1 + (int64_t)rnd(k, 6));
	case 3:
		return 1000 * (1 + (int64_t)rnd(k, 6)) - now % 1000 - 1;
	case 4:
		return (int64_t)rnd(k, 1500);
	default:
		return (int64_t)rnd(k, 8000);
	}
}

static int64_t
random_delay(struct maker *k)
{
	if (!chance(k, k->delay))
		return chance(k, 80) ? 0 : -(int64_t)rnd(k, 100);
	switch (rnd(k, 4)) {
	case 0:
		return 1;
	case 1:
		return 1000;
	default:
		return 1 + (int64_t)rnd(k, 4000);
	}
}

/* A leaf in this state, at random; 0: none. */
static sup_node
random_leaf(struct maker *k, enum sim_proc proc)
{
	sup_node found = 0;
	unsigned n = 0;

	for (sup_node i = 1; i <= k->s.node_max; i++)
		if (k->s.proc[i] == proc && sim_may(&k->s, i, EV_EXITED) &&
			rnd(k, ++n) == 0)
			found = i;
	return found;
}

/* Name a node of side 0 in an event. */
static bool
name_leaf(struct maker *k, sup_node leaf, struct event *e)
{
	sup_node group = k->s.ops[0]->parent(k->s.side[0], leaf);
	struct sup_child_view v;

	for (unsigned tag = 1; tag <= k->n_tag; tag++) {
		if (k->s.group[tag][0] != group)
			continue;
		e->f[F_GROUP] = tag;
		for (uint32_t i = 0; k->s.ops[0]->child(k->s.side[0], group, i, &v); i++)
			if (v.node == leaf) {
				e->f[F_ID] = (int64_t)v.id;
				return true;
			}
	}
	return false;
}

static bool
answer_start(struct maker *k, sup_node leaf)
{
	struct event e = {.kind = EV_STARTED};

	e.f[F_AFTER] = random_wait(k);
	e.f[F_TAKE] = chance(k, k->untaken) ? 1 + (int64_t)rnd(k, 3) : 0;
	if (!name_leaf(k, leaf, &e))
		return true;
	if (chance(k, k->fail)) {
		e.kind = chance(k, 60) ? EV_FAILED : EV_EXITED;
		e.f[F_DELAY] = random_delay(k);
		if (e.kind == EV_EXITED)
			e.f[F_HOW] = (int64_t)rnd(k, 3);
		if (chance(k, 8)) {
			e.kind = EV_GIVES_UP;
			e.f[F_ESCALATE] = (int64_t)rnd(k, 2);
		}
	} else if (chance(k, k->ignore)) {
		e.kind = EV_IGNORED;
	}
	return live(k, &e);
}

static bool
let_exit(struct maker *k, sup_node leaf)
{
	struct event e = {.kind = EV_EXITED};

	e.f[F_AFTER] = random_wait(k);
	e.f[F_TAKE] = chance(k, k->untaken) ? 1 + (int64_t)rnd(k, 3) : 0;
	e.f[F_LATE] = chance(k, 3);
	if (!name_leaf(k, leaf, &e))
		return true;
	e.f[F_HOW] = (int64_t)(chance(k, k->bad) ? SUP_EXIT_ABNORMAL : (int)rnd(k, 3));
	e.f[F_DELAY] = random_delay(k);
	if (k->s.proc[leaf] == SIM_RUNNING && chance(k, 6)) {
		e.kind = EV_GIVES_UP;
		e.f[F_ESCALATE] = chance(k, 30);
	} else if (sim_may(&k->s, leaf, EV_FAILED) && chance(k, 30)) {
		e.kind = (enum event_kind)(EV_STARTED + rnd(k, 5));
	}
	return live(k, &e);
}

static bool
make_call(struct maker *k)
{
	struct event e = {.kind = EV_CALL};
	unsigned burst = chance(k, 1) ? 80 : 1;
	struct sup_child_view v;
	bool same = true;

	e.f[F_AFTER] = random_wait(k);
	e.f[F_GROUP] = chance(k, 2) ? 0 : random_tag(k);
	while (same && burst-- > 0 && k->calls + 1 < SIM_CALLS) {
		e.f[F_TAG] = ++k->calls;
		e.f[F_WHAT] = (int64_t)rnd(k, 4);
		e.f[F_ID] = 1 + (int64_t)rnd(k, k->ids);
		if (chance(k, 60) &&
			k->s.ops[0]->child(k->s.side[0], k->s.group[e.f[F_GROUP]][0],
				(uint32_t)rnd(k, k->ids / 2), &v))
			e.f[F_ID] = (int64_t)v.id; /* one that is there */
		random_child(k, &e);
		e.f[F_TAKE] = chance(k, k->untaken) ? 1 + (int64_t)rnd(k, 3) : 0;
		same = live(k, &e);
		e.f[F_AFTER] = 0;
	}
	return same;
}

/* Rules H, and the writing down. */
static bool
change_live(struct maker *k)
{
	struct event e = {.kind = EV_RELOAD};
	struct sup_child_view v;

	switch (rnd(k, 6)) {
	case 0:
		return live(k, &e);
	case 1:
		return make_leaf(k);
	case 2:
		return !chance(k, 30) || make_group(k, false);
	case 3:
		e.kind = EV_CHANGE_GROUP;
		random_group(k, &e);
		e.f[F_TAG] = random_tag(k);
		break;
	case 4:
		e.kind = EV_CHANGE_LEAF;
		random_child(k, &e);
		break;
	default:
		e.kind = EV_REMOVE;
		if (chance(k, 3)) {
			e.f[F_TAG] = random_tag(k);
			return live(k, &e);
		}
	}
	e.f[F_GROUP] = random_tag(k);
	if (!k->s.ops[0]->child(k->s.side[0], k->s.group[e.f[F_GROUP]][0],
		    (uint32_t)rnd(k, k->ids / 2), &v) &&
		e.kind != EV_CHANGE_GROUP)
		return true;
	if (e.kind != EV_CHANGE_GROUP)
		e.f[F_ID] = (int64_t)v.id;
	return live(k, &e);
}

static bool
something_else(struct maker *k)
{
	struct event e = {.kind = EV_TIMER};

	e.f[F_AFTER] = random_wait(k);
	if (k->s.n_top > 0 && chance(k, 8)) {
		e.kind = chance(k, 70) ? EV_START : EV_STOP;
		e.f[F_TAG] = k->s.top[rnd(k, k->s.n_top)];
	} else if (chance(k, 10)) {
		struct sup_child_view v;
		e.kind = EV_GHOST;
		e.f[F_GROUP] = random_tag(k);
		e.f[F_WHAT] = (int64_t)rnd(k, 5);
		e.f[F_HOW] = (int64_t)rnd(k, 3);
		if (k->s.ops[0]->child(k->s.side[0], k->s.group[e.f[F_GROUP]][0],
			    (uint32_t)rnd(k, k->ids / 2), &v))
			e.f[F_ID] = (int64_t)v.id;
	}
	return live(k, &e);
}

static bool
next_event(struct maker *k)
{
	struct event reload = {.kind = EV_RELOAD};
	sup_node leaf;

	if (chance(k, k->reload) && !live(k, &reload))
		return false;
	if (chance(k, k->call))
		return make_call(k);
	if (chance(k, k->live))
		return change_live(k);
	if (chance(k, k->answer)) {
		leaf = random_leaf(k, chance(k, 50) ? SIM_STARTING : SIM_STOPPING);
		if (leaf != 0)
			return k->s.proc[leaf] == SIM_STARTING ? answer_start(k, leaf)
							       : let_exit(k, leaf);
	}
	if (chance(k, k->exits)) {
		leaf = random_leaf(k, SIM_RUNNING);
		if (leaf != 0)
			return let_exit(k, leaf);
	}
	return something_else(k);
}

static void
character(struct maker *k, uint64_t seed)
{
	k->random = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15);
	for (int i = 0; i < 4; i++)
		(void)rnd(k, 2);
	k->answer = 60 + (unsigned)rnd(k, 38);
	k->exits = 20 + (unsigned)rnd(k, 70);
	k->fail = chance(k, 50) ? (unsigned)rnd(k, 10) : (unsigned)rnd(k, 60);
	k->ignore = (unsigned)rnd(k, 15);
	k->bad = (unsigned)rnd(k, 100);
	k->delay = chance(k, 40) ? 0 : (unsigned)rnd(k, 80);
	k->pass = chance(k, 30) ? 0 : (unsigned)rnd(k, 60);
	k->call = chance(k, 30) ? 0 : (unsigned)rnd(k, 30);
	k->live = chance(k, 50) ? 0 : (unsigned)rnd(k, 10);
	k->reload = chance(k, 80) ? 0 : (unsigned)rnd(k, 40);
	k->untaken = chance(k, 80) ? 0 : (unsigned)rnd(k, 30);
	k->events = 10 + (unsigned)rnd(k, 130);
}

int
sim_random(struct history *h, uint64_t seed, const struct side_ops *judge,
	enum otp_break judge_broken, const struct side_ops *judged,
	enum otp_break judged_broken)
{
	static struct maker k;
	bool same;
	int at = -1;

	memset(&k, 0, sizeof(k));
	if (sim_init(&k.s, judge, judge_broken, judged, judged_broken) < 0)
		return 0;
	k.h = h;
	h->n = 0;
	character(&k, seed);
	h->begin_ms = k.s.now_ms = (int64_t)rnd(&k, 10000000);
	same = make_tree(&k);
	k.events += h->n;
	while (same && h->n < k.events && h->n < HISTORY_MAX - 100)
		same = next_event(&k);
	if (!same)
		at = (int)h->n - 1;
	else if (!sim_finish(&k.s))
		at = (int)h->n;
	sim_fini(&k.s);
	return at;
}

/* ---- smaller ---- */

void
sim_shrink(struct history *h, const struct side_ops *judge, enum otp_break judge_broken,
	const struct side_ops *judged, enum otp_break judged_broken)
{
	static struct history less;
	bool smaller = true;

	while (smaller) {
		smaller = false;
		for (unsigned size = NV_MAX(h->n / 2, 1); size > 0; size /= 2)
			for (unsigned at = 0; at + size <= h->n;) {
				less = *h;
				less.n -= size;
				memmove(&less.event[at], &less.event[at + size],
					(less.n - at) * sizeof(less.event[0]));
				if (sim_replay(&less, judge, judge_broken, judged,
					    judged_broken, NULL, NULL, 0) < 0) {
					at += size;
					continue;
				}
				*h = less;
				smaller = true;
			}
	}
	for (unsigned at = 0; at < h->n; at++)
		for (int f = 0; f < F_COUNT; f++) {
			if (h->event[at].f[f] == 0)
				continue;
			less = *h;
			less.event[at].f[f] = 0;
			if (sim_replay(&less, judge, judge_broken, judged, judged_broken,
				    NULL, NULL, 0) >= 0)
				*h = less;
		}
}
