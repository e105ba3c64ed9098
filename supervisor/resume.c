/* The state comes back: see resume.h. What is done here may be interrupted by another
 * SIGKILL at any point, so it only closes, removes or repeats what does not matter when
 * it is done twice. */
#include "resume.h"
#include "fdstore.h"
#include "fdtable.h"
#include "incident.h"
#include "journal.h"
#include "nv_fd.h"
#include "nv_log.h"
#include "reload.h"
#include "secret.h"
#include "stored.h"
#include "sup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- reading ---- */

struct load {
	struct sup *sup;
	struct sup_conf **conf; /* owned array of owned references */
	size_t n_confs;
	struct nv_err *err;
};

/* What was read, until the image may be written to again. */
static struct load loaded;

typedef int load_fn(struct load *l, const struct sup_image_record *r);

static int
flat(const struct sup_image_record *r, void *to, size_t bytes, const uint8_t **ret_rest)
{
	return sup_state_unpack(to, bytes, r->data, r->bytes, ret_rest);
}

static size_t
left(const struct sup_image_record *r, const uint8_t *at)
{
	return (size_t)((const uint8_t *)r->data + r->bytes - at);
}

/* The same, and it is all there is. */
static int
whole(const struct sup_image_record *r, void *to, size_t bytes)
{
	const uint8_t *rest;
	int rc = flat(r, to, bytes, &rest);

	return rc == 0 && left(r, rest) > 0 ? -EBADMSG : rc;
}

static int
load_fleet(struct load *l, const struct sup_image_record *r)
{
	struct sup *sup = l->sup;
	int rc = whole(r, SUP_FLAT(sup), SUP_FLAT_BYTES(sup));

	sup->streams.log_counter = sup->log_counter;
	return rc;
}

static int
load_conf(struct load *l, const struct sup_image_record *r)
{
	struct sup_conf **grown =
		realloc(l->conf, (l->n_confs + 1) * sizeof(struct sup_conf *));
	int fd = -1;
	int rc = whole(r, &fd, sizeof(fd));

	if (!grown)
		return -ENOMEM;
	l->conf = grown;
	if (rc == 0)
		rc = sup_conf_from_snapshot(fd, (uint32_t)r->key, &l->conf[l->n_confs]);
	if (rc == 0)
		l->n_confs++;
	return rc;
}

static struct sup_conf *
conf_of(const struct load *l, uint32_t gen)
{
	for (size_t i = 0; i < l->n_confs; i++) {
		if (l->conf[i]->gen == gen)
			return l->conf[i];
	}
	return NULL;
}

static int
load_worker(struct load *l, const struct sup_image_record *r)
{
	struct sup_worker *read = calloc(1, sizeof(*read));
	int rc = read ? whole(r, SUP_FLAT(read), SUP_FLAT_BYTES(read)) : -ENOMEM;
	struct sup_conf *conf = rc == 0 ? conf_of(l, read->conf_gen) : NULL;
	const struct nv_conf_worker *c =
		conf ? nv_config_worker(conf->config, read->name) : NULL;
	struct sup_worker *w = NULL;

	if (rc == 0 &&
		(!c || read->id != r->key || read->n_instances > SUP_INSTANCES_MAX))
		rc = -EBADMSG;
	if (rc == 0) {
		w = sup_worker_add(l->sup, read->name);
		rc = w ? 0 : -ENOMEM;
	}
	if (rc == 0) {
		bool removed = read->removed;
		uint32_t n = read->n_instances;

		memcpy(SUP_FLAT(w), SUP_FLAT(read), SUP_FLAT_BYTES(w));
		w->n_instances = 0; /* they come by themselves */
		w->instances = calloc(NV_MAX(n, 1U), sizeof(struct sup_instance *));
		rc = w->instances ? 0 : -ENOMEM;
		sup_worker_take_conf(w, conf, c);
		w->removed = removed;
		while (rc == 0 && w->n_instances < n) {
			struct sup_instance *inst =
				sup_instance_new(w, w->n_instances + 1);

			if (!inst)
				rc = -ENOMEM;
			else
				w->instances[w->n_instances++] = inst;
		}
	}
	free(read);
	return rc;
}

static int
load_stream(struct load *l, const struct sup_image_record *r)
{
	struct sup_stream *s = sup_stream_add(&l->sup->streams);
	struct stat st;

	if (!s)
		return -ENOMEM;
	int rc = whole(r, SUP_FLAT(s), SUP_FLAT_BYTES(s));

	/* Its descriptors are what they were, or nothing here can be believed. */
	if (rc == 0 && (s->id != r->key || fstat(s->event_r, &st) < 0 ||
			       st.st_ino != s->event_inode))
		rc = -EBADF;
	return rc;
}

static int
load_log(struct load *l, const struct sup_image_record *r)
{
	struct sup_log *log = sup_log_add(&l->sup->streams);
	struct stat st;

	if (!log)
		return -ENOMEM;
	int rc = whole(r, SUP_FLAT(log), SUP_FLAT_BYTES(log));

	if (rc == 0 && (log->id != r->key || fstat(log->read_fd, &st) < 0 ||
			       st.st_ino != log->inode))
		rc = -EBADF;
	return rc;
}

static int
load_incarnation(
	struct sup_instance *inst, const struct sup_image_record *r, const uint8_t **at)
{
	struct sup_incarnation *inc = sup_incarnation_new(inst);

	if (!inc)
		return -ENOMEM;
	int rc = sup_state_unpack(
		SUP_FLAT(inc), SUP_FLAT_BYTES(inc), *at, left(r, *at), at);

	inst->now = inc;
	inc->cgroup.dir_fd = -1; /* of a start under way: swept */
	inc->cgroup.n_joins = 0;
	inc->ready.ours = fcntl(inc->ready_fd, F_GETFD) < 0 ? -1 : inc->ready_fd;
	inc->stream = sup_stream_find(&inst->sup->streams, inc->stream_id);
	inc->log = sup_log_find(&inst->sup->streams, inc->log_id);
	return rc < 0 ? rc : inc->stream && inc->log ? 0 : -EBADMSG;
}

static int
load_instance(struct load *l, const struct sup_image_record *r)
{
	struct sup_worker *w = l->sup->workers;
	uint32_t number = (uint32_t)r->key;
	const uint8_t *at;

	while (w && w->id != r->key >> 32)
		w = w->next;
	if (!w || number == 0 || number > w->n_instances)
		return -EBADMSG;
	struct sup_instance *inst = w->instances[number - 1];
	struct sup_inst *m = &inst->machine;
	int64_t *stamps = m->crash_ms;
	uint32_t cap = m->crashes_cap;
	int rc = flat(r, SUP_FLAT(inst), SUP_FLAT_BYTES(inst), &at);

	m->crash_ms = stamps;
	m->crashes_cap = cap;
	if (rc == 0 && (inst->number != number || m->state >= SUP_INST_STATE_COUNT ||
			       inst->untold > SUP_INST_STATE_COUNT))
		rc = -EBADMSG;
	if (rc == 0 && inst->has_now)
		rc = load_incarnation(inst, r, &at);
	if (rc < 0)
		return rc;
	/* Fewer are remembered when a reload has made the limit smaller meanwhile. */
	int64_t all[SUP_CRASHES_MAX];

	if (m->n_crashes > SUP_CRASHES_MAX)
		return -EBADMSG;
	rc = sup_state_unpack(all, m->n_crashes * sizeof(all[0]), at, left(r, at), &at);
	uint32_t n = NV_MIN(m->n_crashes, cap);

	if (rc == 0)
		memcpy(stamps, all + (m->n_crashes - n), n * sizeof(all[0]));
	m->n_crashes = n;
	return rc == 0 && left(r, at) > 0 ? -EBADMSG : rc;
}

static int
load_link(struct load *l, const struct sup_image_record *r)
{
	struct sup_link *link = r->key == 'E'   ? &l->sup->engine
				: r->key == 'L' ? &l->sup->logger
				: r->key == 'P' ? &l->sup->probe
						: NULL;

	if (!link)
		return -EBADMSG;
	int rc = whole(r, SUP_FLAT(link), SUP_FLAT_BYTES(link));
	struct stat st;

	/* Closed already, when its end was all that was still to be noted. */
	if (rc == 0 && link->chan_fd >= 0 &&
		(fstat(link->chan_fd, &st) < 0 || !S_ISSOCK(st.st_mode)))
		link->chan_fd = -1;
	return rc;
}

static int
load_journal(struct load *l, const struct sup_image_record *r)
{
	struct sup_journal_state s;
	const uint8_t *text;
	int rc = flat(r, &s, sizeof(s), &text);

	if (rc == 0 && s.waiting != left(r, text))
		rc = -EBADMSG;
	return rc < 0 ? rc : sup_journal_load(&s, (const char *)text, &l->sup->journal);
}

static int
load_exits(struct load *l, const struct sup_image_record *r)
{
	uint64_t taken;
	int rc = whole(r, &taken, sizeof(taken));

	if (rc == 0)
		atomic_store(&l->sup->shared->taken, taken);
	return rc;
}

static int
load_storm(struct load *l, const struct sup_image_record *r)
{
	return whole(r, &l->sup->storm, sizeof(l->sup->storm));
}

static int
load_brake(struct load *l, const struct sup_image_record *r)
{
	return whole(r, &l->sup->brake, sizeof(l->sup->brake));
}

static int
load_forget(struct load *l, const struct sup_image_record *r)
{
	char name[SUP_STORED_NAME_BYTES];
	int rc = whole(r, name, sizeof(name));

	(void)l;
	if (rc == 0 && name[sizeof(name) - 1])
		rc = -EBADMSG;
	if (rc == 0)
		sup_fdstore_forgotten(r->key, name);
	return rc;
}

static int
load_group(struct load *l, const struct sup_image_record *r)
{
	static struct sup_group read;
	int rc = whole(r, SUP_FLAT(&read), SUP_FLAT_BYTES(&read));
	struct sup_conf *conf = rc == 0 ? conf_of(l, read.conf_gen) : NULL;
	const struct nv_conf_group *c = NULL;

	if (rc == 0 && (!memchr(read.name, '\0', sizeof(read.name)) ||
			       sup_group_id(read.name) != r->key))
		rc = -EBADMSG;
	if (rc == 0 && conf)
		c = nv_config_group(conf->config, read.name);
	if (rc == 0 && !c)
		rc = -EBADMSG;
	return rc < 0 ? rc : sup_group_restore(l->sup, &read, conf, c);
}

static int
load_tree(struct load *l, const struct sup_image_record *r)
{
	return sup_groups_piece(l->sup, r->data, r->bytes);
}

static const struct {
	const char *name;
	load_fn *load;
} known[SUP_REC_COUNT] = {
	[SUP_REC_FLEET] = {"fleet", load_fleet},
	[SUP_REC_CONF] = {"configuration", load_conf},
	[SUP_REC_WORKER] = {"worker", load_worker},
	[SUP_REC_STREAM] = {"stream", load_stream},
	[SUP_REC_LOG] = {"log", load_log},
	[SUP_REC_INSTANCE] = {"instance", load_instance},
	[SUP_REC_LINK] = {"link", load_link},
	[SUP_REC_JOURNAL] = {"journal", load_journal},
	[SUP_REC_EXITS] = {"deaths", load_exits},
	[SUP_REC_STORM] = {"storm", load_storm},
	[SUP_REC_GROUP] = {"group", load_group},
	[SUP_REC_TREE] = {"supervision tree", load_tree},
	[SUP_REC_BRAKE] = {"emergency stop", load_brake},
	[SUP_REC_FORGET] = {"descriptor to forget", load_forget},
};

static int
load_record(void *arg, const struct sup_image_record *r)
{
	struct load *l = arg;

	if (r->type >= SUP_REC_COUNT || !known[r->type].load)
		return nv_err_set(l->err, -EPROTO,
			"the state has a record of type %u, which is not known here",
			r->type);
	if (r->version != SUP_STATE_VERSION)
		return nv_err_set(l->err, -EPROTO,
			"the record %s of the state has version %u, and %u was expected",
			known[r->type].name, r->version, (unsigned)SUP_STATE_VERSION);
	int rc = known[r->type].load(l, r);

	if (rc < 0)
		nv_err_set(l->err, rc, "the record %s %llu of the state: %s",
			known[r->type].name, (unsigned long long)r->key, strerror(-rc));
	return rc;
}

int
sup_resume_load(struct sup *sup, struct nv_err *err)
{
	loaded = (struct load){.sup = sup, .err = err};
	int rc = sup_image_each(sup->image, load_record, &loaded);

	sup->conf = rc == 0 ? conf_of(&loaded, sup->config_gen) : NULL;
	if (rc == 0 && (!sup->conf || !sup->journal))
		rc = nv_err_set(err, -EBADMSG, "the state is not complete");
	if (rc == 0)
		sup_conf_hold(sup->conf);
	if (rc == 0 && (rc = sup_groups_restore(sup)) < 0)
		nv_err_set(
			err, rc, "the supervision tree of the state: %s", strerror(-rc));
	return rc;
}

/* The references of the load itself; what nobody has any more goes here. */
static void
drop_loaded(void)
{
	for (size_t i = 0; i < loaded.n_confs; i++)
		sup_conf_drop(loaded.conf[i]);
	free(loaded.conf);
	loaded = (struct load){0};
}

/* ---- what belongs to whom ---- */

struct owned {
	int *fds;
	size_t n;
	size_t cap;
};

static void
own(struct owned *o, int fd)
{
	if (fd < 0)
		return;
	if (o->n == o->cap) {
		size_t cap = o->cap ? o->cap * 2 : 256;
		int *grown = realloc(o->fds, cap * sizeof(*grown));

		NV_ASSERT(grown); /* the next novasupd has the same memory to try with */
		o->fds = grown;
		o->cap = cap;
	}
	o->fds[o->n++] = fd;
}

static void
own_main(struct owned *o, const struct sup_main *m)
{
	own(o, m->pid != 0 ? m->pidfd : -1);
	if (m->spawning)
		own(o, sup_spawn_slot_pidfd(m->slot));
}

static void
own_instance(struct owned *o, const struct sup_instance *inst)
{
	if (!inst->now)
		return;
	own_main(o, &inst->now->main);
	own(o, inst->now->ready.ours);
}

static void
own_streams(struct owned *o, const struct sup_streams *all)
{
	for (const struct sup_stream *s = all->head; s; s = s->next) {
		const int fds[] = {
			s->event_r, s->event_w, s->memfd, s->control_r, s->control_w};

		for (size_t i = 0; i < NV_LEN(fds); i++)
			own(o, fds[i]);
	}
	for (const struct sup_log *log = all->logs; log; log = log->next) {
		own(o, log->read_fd);
		own(o, log->mem_fd);
		own(o, log->write_fd);
	}
}

/* Everything that novasupd has; the rest was opened by one that died before it could
 * note it, or would have been closed by one that had noted it. */
void
sup_resume_close(struct sup *sup)
{
	struct owned o = {0};

	own(&o, sup_image_fd(sup->image));
	own(&o, sup_journal_fd(sup->journal));
	own(&o, sup->control_fd);
	own(&o, sup->ready_fd);
	own(&o, sup->conf->snapshot_fd);
	own_main(&o, &sup->engine.main);
	own_main(&o, &sup->logger.main);
	own_main(&o, &sup->probe.main);
	own(&o, sup->probe.chan_fd);
	own(&o, sup->log_table_fd);
	own(&o, sup->engine.chan_fd);
	own(&o, sup->logger.chan_fd);
	own_streams(&o, &sup->streams);
	for (const struct sup_worker *w = sup->workers; w; w = w->next) {
		own(&o, w->conf_ref->snapshot_fd);
		for (uint32_t i = 0; i < w->n_instances; i++)
			own_instance(&o, w->instances[i]);
	}
	for (size_t i = 0; i < loaded.n_confs; i++)
		own(&o, loaded.conf[i]->snapshot_fd);
	for (unsigned i = 0; i < sup->shared->n_keeper_fds; i++)
		own(&o, sup->shared->keeper_fds[i]);
	sup_fdtable_sweep(o.fds, o.n);
	free(o.fds);
}

void
sup_resume_close_fresh(struct sup_shared *shared, int ready_fd)
{
	struct owned o = {0};
	int *taken;
	size_t n = sup_fdstore_taken(&taken);

	for (unsigned i = 0; i < shared->n_keeper_fds; i++)
		own(&o, shared->keeper_fds[i]);
	for (size_t i = 0; i < n; i++)
		own(&o, taken[i]);
	own(&o, ready_fd);
	sup_fdtable_sweep(o.fds, o.n);
	free(taken);
	free(o.fds);
}

static bool
is_known_cgroup(void *arg, const char *path)
{
	const struct sup *sup = arg;
	const char *name = strrchr(path, '/');

	if (strcmp(path, sup->cgroups.path) == 0 || strcmp(name, "/supervisor") == 0 ||
		(sup->engine.main.pid && strcmp(path, sup->engine.cgroup.path) == 0) ||
		(sup->logger.main.pid && strcmp(path, sup->logger.cgroup.path) == 0) ||
		(sup->probe.main.pid && strcmp(path, sup->probe.cgroup.path) == 0) ||
		sup->engine.main.spawning || sup->logger.main.spawning ||
		sup->probe.main.spawning)
		return true;
	for (const struct sup_worker *w = sup->workers; w; w = w->next) {
		for (uint32_t i = 0; i < w->n_instances; i++) {
			const struct sup_incarnation *inc = w->instances[i]->now;

			if (inc && strcmp(path, inc->cgroup.path) == 0)
				return true;
		}
	}
	return false;
}

static bool
is_known_secret(void *arg, const char *path)
{
	const struct sup *sup = arg;

	for (const struct sup_worker *w = sup->workers; w; w = w->next) {
		for (uint32_t i = 0; i < w->n_instances; i++) {
			const struct sup_incarnation *inc = w->instances[i]->now;

			if (inc && strcmp(path, sup_incarnation_credentials(inc)) == 0)
				return true;
			char kept[NV_PATH_MAX];

			if (!inc && w->instances[i]->has_credentials &&
				sup_secret_path(kept, sizeof(kept), sup->paths.run_dir,
					w->name, i + 1) == 0 &&
				strcmp(path, kept) == 0)
				return true;
		}
	}
	return false;
}

/* ---- processes ---- */

/* A start that was committed, and nobody was left to note what became of it. */
static void
settle_start(struct sup_instance *inst)
{
	struct sup_incarnation *inc = inst->now;
	int32_t pid;
	int32_t pidfd;

	if (sup_spawn_settle(inc->main.slot, &pid, &pidfd, &inst->spawn_error)) {
		sup_incarnation_spawned(inc, pid, pidfd, inc->main.since);
		sup_instance_event(inst, SUP_EV_SPAWNED);
		return;
	}
	bool begun = inst->spawn_error.stage != SUP_STAGE_NONE;

	if (!begun)
		inst->generation--; /* sup_instance_resume does it again */
	sup_incarnation_undo(inc);
	sup_incarnation_release(inc);
	if (!begun)
		return;
	inst->machine.end.machine = sup_spawn_error_is_machine(&inst->spawn_error);
	sup_instance_event(inst, SUP_EV_SPAWN_FAIL);
}

static void
each_instance(struct sup *sup, void (*fn)(struct sup_instance *inst))
{
	for (struct sup_worker *w = sup->workers; w; w = w->next) {
		for (uint32_t i = 0; i < w->n_instances; i++)
			fn(w->instances[i]);
	}
}

static void
watch_again(struct sup_instance *inst)
{
	if (inst->now && inst->now->main.pid != 0)
		sup_incarnation_watch_child(inst->now);
	if (inst->now)
		sup_probelink_listen(inst->now);
}

static void
settle(struct sup_instance *inst)
{
	if (inst->now && inst->now->main.spawning)
		settle_start(inst);
}

static void
ready_if_said(struct sup_instance *inst)
{
	if (inst->now && inst->now->ready_seen &&
		inst->machine.state == SUP_INST_STARTING)
		sup_instance_event(inst, SUP_EV_READY);
}

void
sup_resume_run(struct sup *sup)
{
	struct nv_err err = {0};

	drop_loaded();
	sup_cgroup_sweep(&sup->cgroups, is_known_cgroup, sup);
	sup_secret_sweep(sup->paths.run_dir, is_known_secret, sup);
	sup_link_watch(&sup->logger);
	sup_link_watch(&sup->engine);
	sup_link_watch(&sup->probe);
	each_instance(sup, watch_again);
	each_instance(sup, settle);
	/* A reload may have come half way. */
	if (sup_workers_load(sup, sup->conf, &err) < 0)
		nv_error("resume: %s", err.text);
	sup_incident_resume(sup);
	each_instance(sup, sup_instance_resume);
	each_instance(sup, ready_if_said);
	for (struct sup_worker *w = sup->workers; w; w = w->next) {
		if (w->resetting)
			sup_worker_reset(w);
	}
	sup_groups_resume(sup);
	if (sup->phase == SUP_STOPPING_AGENTS)
		sup_groups_stop(sup); /* that may have been still to come */
	sup_link_resume(&sup->logger);
	sup_link_resume(&sup->probe);
	sup_probelink_config(sup);
	sup_enginelink_resume(sup);
	(void)sup_children_collect();
	sup_state_commit();
}

/* ---- can it be read? ---- */

struct checking {
	uint16_t version;
	struct nv_err *err;
};

static int
check_record(void *arg, const struct sup_image_record *r)
{
	const struct checking *c = arg;
	struct nv_err *err = c->err;
	static uint8_t flat_bytes[SUP_IMAGE_RECORD_BYTES_MAX];
	const struct sup *sup = NULL;
	const struct sup_worker *w = NULL;
	const struct sup_stream *s = NULL;
	const struct sup_log *log = NULL;
	const struct sup_instance *inst = NULL;
	const struct sup_link *link = NULL;
	const struct sup_group *group = NULL;
	const size_t bytes[SUP_REC_COUNT] = {[SUP_REC_FLEET] = SUP_FLAT_BYTES(sup),
		[SUP_REC_CONF] = sizeof(int),
		[SUP_REC_WORKER] = SUP_FLAT_BYTES(w),
		[SUP_REC_STREAM] = SUP_FLAT_BYTES(s),
		[SUP_REC_LOG] = SUP_FLAT_BYTES(log),
		[SUP_REC_INSTANCE] = SUP_FLAT_BYTES(inst),
		[SUP_REC_LINK] = SUP_FLAT_BYTES(link),
		[SUP_REC_JOURNAL] = sizeof(struct sup_journal_state),
		[SUP_REC_EXITS] = sizeof(uint64_t),
		[SUP_REC_STORM] = sizeof(sup->storm),
		[SUP_REC_GROUP] = SUP_FLAT_BYTES(group),
		[SUP_REC_BRAKE] = sizeof(sup->brake),
		[SUP_REC_FORGET] = SUP_STORED_NAME_BYTES};
	const uint8_t *rest;

	if (r->type >= SUP_REC_COUNT || !known[r->type].load)
		return nv_err_set(err, -EPROTO,
			"the state has a record of type %u, which is not known here",
			r->type);
	if (r->type == SUP_REC_TREE && r->version == c->version)
		return 0; /* it has a version of its own */
	bool more = r->type == SUP_REC_INSTANCE || r->type == SUP_REC_JOURNAL;

	if (r->version != c->version || flat(r, flat_bytes, bytes[r->type], &rest) < 0 ||
		(!more && left(r, rest) > 0))
		return nv_err_set(err, -EPROTO,
			"the record %s of the state (version %u) cannot be read by "
			"version %u",
			known[r->type].name, r->version, c->version);
	return 0;
}

int
sup_resume_check(struct sup_image *image, uint16_t version, struct nv_err *err)
{
	struct checking c = {version, err};

	return sup_image_each(image, check_record, &c);
}
