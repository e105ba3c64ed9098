/* Plays a supervision tree from lines, for its unit tests. After each line the tree is
 * written down and read back, and goes on as what was read. A line is
 *
 *     group NAME PARENT|- STRATEGY I/P [auto=any|all] [SPEC]    SPEC: transient,
 * temporary, leaf NAME GROUP [SPEC]                                     significant,
 * stop=MS
 *     @MS                          the clock from here on
 *     start G, stop G, started L, ignored L, failed L [RETRY], exit L how [RETRY],
 *     gives_up L, escalates L, timer, remove N, change N ...
 *     call N start|restart|terminate|delete G NAME [SPEC]
 *     = ACTION; ACTION ...         all that the lines before have led to; `=` alone: none
 *     ? G: NAME STATE, ...         the children of a group
 *     # G SPECS ACTIVE GROUPS LEAVES RESTARTS
 *     deadline MS|- */
#ifndef TREE_FIXTURE_H
#define TREE_FIXTURE_H

#include "nv_buf.h"
#include "run_suite.h"
#include "tree.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define TREE_NAMES_MAX 64

struct player {
	struct sup_tree *t;
	char names[TREE_NAMES_MAX][16]; /* id - 1 is the place */
	uint32_t n_names;
	uint64_t ids[512]; /* by node */
	int64_t now_ms;
	const char *line;
	char *words[16];
	int n_words;
	int rc; /* of the last shape line */
};

static uint64_t
id_of(struct player *p, const char *name)
{
	for (uint32_t i = 0; i < p->n_names; i++)
		if (strcmp(p->names[i], name) == 0)
			return i + 1;
	ck_assert_uint_lt(p->n_names, TREE_NAMES_MAX);
	(void)snprintf(p->names[p->n_names], sizeof(p->names[0]), "%s", name);
	return ++p->n_names;
}

/* The newest node of that name. */
static sup_node
node_of(struct player *p, const char *name)
{
	uint64_t id = id_of(p, name);

	for (size_t i = NV_LEN(p->ids); i-- > 0;)
		if (p->ids[i] == id)
			return (sup_node)i;
	return 0;
}

static const char *
name_of(struct player *p, sup_node node)
{
	struct sup_child_view view;

	if (!node)
		return "-";
	ck_assert_uint_lt(node, NV_LEN(p->ids));
	if (!p->ids[node] && sup_tree_view(p->t, node, &view))
		p->ids[node] = view.id;
	return p->ids[node] ? p->names[p->ids[node] - 1] : "?";
}

static const char *
word(const struct player *p, int i)
{
	return i < p->n_words ? p->words[i] : "";
}

/* Which of these words is there from place `from` on; `none` if none. */
static int
choice(const struct player *p, int from, const char *const *words, int n, int none)
{
	for (int i = from; i < p->n_words; i++)
		for (int k = 0; k < n; k++)
			if (strcmp(p->words[i], words[k]) == 0)
				return k;
	return none;
}

static struct sup_child_spec
spec_from(const struct player *p, int from)
{
	static const char *const kinds[] = {"permanent", "transient", "temporary"};
	static const char *const yes[] = {"significant"};
	struct sup_child_spec spec = {.restart = (enum sup_child_restart)choice(
					      p, from, kinds, 3, SUP_PERMANENT),
		.significant = choice(p, from, yes, 1, -1) == 0,
		.shutdown_ms = 5000};

	for (int i = from; i < p->n_words; i++)
		if (strncmp(p->words[i], "stop=", 5) == 0)
			spec.shutdown_ms = strtol(p->words[i] + 5, NULL, 10);
	return spec;
}

static struct sup_group_spec
group_from(const struct player *p, int from)
{
	static const char *const strategies[] = {"one", "all", "rest", "simple"};
	static const char *const autos[] = {"auto=never", "auto=any", "auto=all"};
	struct sup_group_spec spec = {.child = spec_from(p, from),
		.strategy = (enum sup_strategy)choice(p, from, strategies, 4, 0),
		.auto_shutdown = (enum sup_auto_shutdown)choice(p, from, autos, 3, 0),
		.intensity = 1,
		.period_s = 5};

	for (int i = from; i < p->n_words; i++) {
		const char *slash = strchr(p->words[i], '/');

		if (slash) {
			spec.intensity = (uint32_t)strtoul(p->words[i], NULL, 10);
			spec.period_s = (uint32_t)strtoul(slash + 1, NULL, 10);
		}
	}
	return spec;
}

static const char *const fixture_results[] = {"ok", "already_started", "already_present",
	"running", "restarting", "not_found", "simple", "failed", "ignored", "invalid",
	"busy", "stopping"};
static const char *const fixture_whys[] = {
	"stopped", "start_failed", "gave_up", "auto_shutdown"};
static const char *const fixture_states[] = {
	"down", "starting", "running", "stopping", "restarting"};

static void
action_text(struct player *p, const struct sup_tree_action *a, char *to, size_t bytes)
{
	switch (a->what) {
	case SUP_TREE_START:
		(void)snprintf(to, bytes, "START %s", name_of(p, a->node));
		break;
	case SUP_TREE_STOP:
		(void)snprintf(to, bytes, "STOP %s %ld", name_of(p, a->node),
			(long)a->shutdown_ms);
		break;
	case SUP_TREE_REPLY:
		(void)snprintf(to, bytes, "REPLY %lu %s %s", (unsigned long)a->call,
			fixture_results[a->result], name_of(p, a->node));
		break;
	case SUP_TREE_UP:
		(void)snprintf(to, bytes, "UP %s", name_of(p, a->node));
		break;
	case SUP_TREE_ENDED:
		(void)snprintf(to, bytes, "ENDED %s %s %s", name_of(p, a->node),
			fixture_whys[a->why], name_of(p, a->cause));
		break;
	case SUP_TREE_GAVE_UP:
		(void)snprintf(to, bytes, "GAVE_UP %s %s", name_of(p, a->node),
			name_of(p, a->cause));
		break;
	case SUP_TREE_FORGOT:
		(void)snprintf(to, bytes, "FORGOT %s", name_of(p, a->node));
		break;
	}
}

static void
expect_actions(struct player *p, const char *want)
{
	char got[2048] = "", one[128];
	struct sup_tree_action a;
	size_t at = 0;

	while (sup_tree_next_action(p->t, &a)) {
		action_text(p, &a, one, sizeof(one));
		at += (size_t)snprintf(
			got + at, sizeof(got) - at, "%s%s", at ? "; " : "", one);
		ck_assert_uint_lt(at, sizeof(got));
	}
	while (*want == ' ')
		want++;
	ck_assert_msg(strcmp(got, want) == 0, "expected \"%s\", got \"%s\"", want, got);
}

static void
expect_children(struct player *p, const char *want)
{
	char got[1024] = "", name[16] = "";
	struct sup_child_view v;
	size_t at = 0;

	ck_assert_int_eq(sscanf(want, " %15[^:]", name), 1);
	for (uint32_t i = 0; sup_tree_child(p->t, node_of(p, name), i, &v); i++)
		at += (size_t)snprintf(got + at, sizeof(got) - at, "%s%s %s",
			at ? ", " : "", p->names[v.id - 1], fixture_states[v.state]);
	want = strchr(want, ':') + 1;
	while (*want == ' ')
		want++;
	ck_assert_msg(strcmp(got, want) == 0, "expected \"%s\", got \"%s\"", want, got);
}

static void
expect_counts(struct player *p)
{
	struct sup_counts c;
	sup_node group = node_of(p, word(p, 1));
	char got[64], want[64];

	sup_tree_count(p->t, group, &c);
	(void)snprintf(got, sizeof(got), "%u %u %u %u %u", c.specs, c.active,
		c.supervisors, c.workers, sup_tree_restarts(p->t, group, p->now_ms));
	(void)snprintf(want, sizeof(want), "%s %s %s %s %s", word(p, 2), word(p, 3),
		word(p, 4), word(p, 5), word(p, 6));
	ck_assert_str_eq(got, want);
}

/* Written down and read back, twice: the same bytes, and the tree goes on. */
static void
save_and_load(struct player *p)
{
	struct nv_buf one, two;
	struct sup_tree *t = NULL;

	nv_buf_init(&one, 1 << 20);
	nv_buf_init(&two, 1 << 20);
	ck_assert_int_eq(sup_tree_save(p->t, &one), 0);
	ck_assert_int_eq(sup_tree_load(one.data, one.bytes, &t), 0);
	ck_assert_int_eq(sup_tree_save(t, &two), 0);
	ck_assert_uint_eq(one.bytes, two.bytes);
	ck_assert_mem_eq(one.data, two.data, one.bytes);
	sup_tree_free(p->t);
	p->t = t;
	nv_buf_fini(&one);
	nv_buf_fini(&two);
}

static void
play_shape(struct player *p)
{
	sup_node node = 0;
	const char *name = word(p, 1);

	if (strcmp(word(p, 0), "group") == 0) {
		struct sup_group_spec spec = group_from(p, 3);

		p->rc = sup_tree_add_group(
			p->t, node_of(p, word(p, 2)), id_of(p, name), &spec, &node);
	} else if (strcmp(word(p, 0), "leaf") == 0) {
		struct sup_child_spec spec = spec_from(p, 3);

		p->rc = sup_tree_add_leaf(
			p->t, node_of(p, word(p, 2)), id_of(p, name), &spec, &node);
	} else if (strcmp(word(p, 0), "remove") == 0) {
		p->rc = sup_tree_remove(p->t, node_of(p, name));
	} else if (strcmp(word(p, 0), "change_group") == 0) {
		struct sup_group_spec spec = group_from(p, 2);

		p->rc = sup_tree_change_group(p->t, node_of(p, name), &spec);
	} else {
		struct sup_child_spec spec = spec_from(p, 2);

		ck_assert_str_eq(word(p, 0), "change_leaf");
		p->rc = sup_tree_change_leaf(p->t, node_of(p, name), &spec);
	}
	if (node)
		p->ids[node] = id_of(p, name);
}

static void
play_call(struct player *p)
{
	static const char *const whats[] = {"start", "restart", "terminate", "delete"};
	struct sup_call_args args = {.call = strtoul(word(p, 1), NULL, 10),
		.group = node_of(p, word(p, 3)),
		.id = id_of(p, word(p, 4)),
		.spec = spec_from(p, 5)};

	for (unsigned i = 0; i < NV_LEN(whats); i++)
		if (strcmp(word(p, 2), whats[i]) == 0)
			args.what = i;
	sup_tree_call(p->t, &args, p->now_ms);
}

static bool
play_event(struct player *p)
{
	static const char *const hows[] = {"normal", "shutdown", "abnormal"};
	sup_node node = node_of(p, word(p, 1));
	const char *what = word(p, 0);

	if (strcmp(what, "start") == 0)
		sup_tree_start(p->t, node, p->now_ms);
	else if (strcmp(what, "stop") == 0)
		sup_tree_stop(p->t, node, p->now_ms);
	else if (strcmp(what, "started") == 0)
		sup_tree_started(p->t, node, p->now_ms);
	else if (strcmp(what, "ignored") == 0)
		sup_tree_ignored(p->t, node, p->now_ms);
	else if (strcmp(what, "failed") == 0)
		sup_tree_failed(p->t, node, strtol(word(p, 2), NULL, 10), p->now_ms);
	else if (strcmp(what, "exit") == 0)
		sup_tree_exited(p->t, node,
			(enum sup_exit_class)choice(p, 2, hows, 3, SUP_EXIT_ABNORMAL),
			strtol(word(p, 3), NULL, 10), p->now_ms);
	else if (strcmp(what, "gives_up") == 0)
		sup_tree_leaf_gives_up(p->t, node, false, p->now_ms);
	else if (strcmp(what, "escalates") == 0)
		sup_tree_leaf_gives_up(p->t, node, true, p->now_ms);
	else if (strcmp(what, "timer") == 0)
		sup_tree_timer(p->t, p->now_ms);
	else if (strcmp(what, "call") == 0)
		play_call(p);
	else
		return false;
	return true;
}

static void
play_line(struct player *p, const char *line)
{
	char copy[256];
	char *rest = copy;

	p->line = line;
	(void)snprintf(copy, sizeof(copy), "%s", line);
	p->n_words = 0;
	for (char *w; (w = strsep(&rest, " ")) && p->n_words < 16;)
		if (*w)
			p->words[p->n_words++] = w;
	if (line[0] == '@')
		p->now_ms = strtol(line + 1, NULL, 10);
	else if (line[0] == '=')
		expect_actions(p, line + 1);
	else if (line[0] == '?')
		expect_children(p, line + 1);
	else if (line[0] == '#')
		expect_counts(p);
	else if (strcmp(word(p, 0), "deadline") == 0)
		ck_assert_int_eq(sup_tree_deadline(p->t),
			*word(p, 1) == '-' ? INT64_MAX : strtol(word(p, 1), NULL, 10));
	else if (strcmp(word(p, 0), "refused") == 0)
		ck_assert_int_eq(p->rc, strcmp(word(p, 1), "busy") == 0     ? -EBUSY
					: strcmp(word(p, 1), "exists") == 0 ? -EEXIST
					: strcmp(word(p, 1), "no") == 0     ? 0
									    : -EINVAL);
	else if (!play_event(p))
		play_shape(p);
	save_and_load(p);
}

static void
play(const char *const *lines)
{
	struct player p = {.t = sup_tree_new()};

	ck_assert_ptr_nonnull(p.t);
	for (; *lines; lines++)
		play_line(&p, *lines);
	expect_actions(&p, "");
	sup_tree_free(p.t);
}

#define PLAY(...) play((const char *const[]){__VA_ARGS__, NULL})

#endif
