/* novactl as a child: see child.h. */
#include "child.h"

#include "gateway.h"
#include "nv_clock.h"
#include "nv_log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct gw_child {
	struct gw_child *prev;
	struct gw_child *next;
	struct gw_children *all;
	enum gw_child_kind kind;
	struct nv_program *program;
	size_t (*output)(void *arg, const char *data, size_t bytes);
	void (*done)(void *arg, const struct nv_program_end *end);
	void *arg;
};

struct gw_children {
	char novactl[NV_PATH_MAX + 16];
	struct gw_child *list; /* owned */
	unsigned running[GW_CHILD_COUNT];
	/* Looks that may be begun, in thousandths; what a second brings is added when
	 * the next one comes. */
	int64_t looks_m;
	int64_t looked_ms; /* monotonic */
};

static const unsigned most[GW_CHILD_COUNT] = {
#define X(name, n) [GW_CHILD_##name] = (n),
	GW_CHILDREN(X)
#undef X
};

int
gw_children_open(struct gw *gw)
{
	gw->children = calloc(1, sizeof(*gw->children));
	if (!gw->children)
		return -ENOMEM;
	gw->children->looks_m = INT64_C(1000) * GW_LOOKS_AHEAD;
	gw->children->looked_ms = nv_mono_ms();
	(void)snprintf(gw->children->novactl, sizeof(gw->children->novactl), "%s/novactl",
		gw->paths->bin_dir);
	return 0;
}

static void
forget(struct gw_child *c)
{
	if (c->prev)
		c->prev->next = c->next;
	else
		c->all->list = c->next;
	if (c->next)
		c->next->prev = c->prev;
	c->all->running[c->kind]--;
	free(c);
}

void
gw_child_cancel(struct gw_child *child)
{
	if (!child)
		return;
	nv_program_cancel(child->program);
	forget(child);
}

void
gw_child_resume(struct gw_child *child)
{
	nv_program_resume(child->program);
}

static size_t
on_output(void *arg, const char *data, size_t bytes)
{
	struct gw_child *c = arg;

	return c->output(c->arg, data, bytes);
}

static void
on_done(void *arg, const struct nv_program_end *end)
{
	struct gw_child *c = arg;
	void (*done)(void *arg, const struct nv_program_end *end) = c->done;
	void *its = c->arg;

	forget(c);
	done(its, end);
}

void
gw_children_close(struct gw *gw)
{
	if (!gw->children)
		return;
	while (gw->children->list) {
		struct gw_child *c = gw->children->list;
		const struct nv_program_end end = {
			.code = -1, .out = "", .errors = "", .why = "the gateway ends"};

		nv_program_cancel(c->program);
		on_done(c, &end);
	}
	free(gw->children);
	gw->children = NULL;
}

static bool
may_look(struct gw_children *all)
{
	int64_t now_ms = nv_mono_ms();

	all->looks_m =
		NV_MIN(all->looks_m + (now_ms - all->looked_ms) * GW_LOOKS_A_SECOND,
			INT64_C(1000) * GW_LOOKS_AHEAD);
	all->looked_ms = now_ms;
	if (all->looks_m < 1000)
		return false;
	all->looks_m -= 1000;
	return true;
}

static int
run(struct gw *gw, const struct gw_child_spec *spec, struct gw_child *c)
{
	const char *argv[GW_CHILD_WORDS_MAX + 6];
	size_t n = 0;

	argv[n++] = "novactl";
	argv[n++] = "--run-dir";
	argv[n++] = gw->paths->run_dir;
	argv[n++] = "--state-dir";
	argv[n++] = gw->paths->state_dir;
	for (size_t i = 0; spec->words[i]; i++) {
		NV_ASSERT(i < GW_CHILD_WORDS_MAX);
		argv[n++] = spec->words[i];
	}
	argv[n] = NULL;
	const struct nv_program_spec program = {.path = gw->children->novactl,
		.argv = argv,
		.bytes_max = spec->bytes_max,
		.deadline_ms = spec->deadline_ms,
		.output = spec->output ? on_output : NULL,
		.done = on_done,
		.arg = c};

	return nv_program_start(gw->loop, &program, &c->program);
}

int
gw_child_start(struct gw *gw, const struct gw_child_spec *spec, struct gw_child **ret)
{
	struct gw_children *all = gw->children;

	if (all->running[spec->kind] >= most[spec->kind] ||
		(spec->kind == GW_CHILD_LOOK && !may_look(all)))
		return -EBUSY;
	struct gw_child *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	*c = (struct gw_child){.all = all,
		.kind = spec->kind,
		.output = spec->output,
		.done = spec->done,
		.arg = spec->arg,
		.next = all->list};
	int rc = run(gw, spec, c);

	if (rc < 0) {
		nv_error("%s cannot be started: %s", all->novactl, strerror(-rc));
		free(c);
		return rc;
	}
	if (all->list)
		all->list->prev = c;
	all->list = c;
	all->running[spec->kind]++;
	*ret = c;
	return 0;
}
