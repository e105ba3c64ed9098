/* One exec of an instance and everything that descends from it: made, asked to stop,
 * frozen, killed, and found to be gone. In its cgroup the kernel says what belongs to it;
 * without one a walk over /proc does (see is_member). */
#include "fdstore.h"
#include "journal.h"
#include "nv_clock.h"
#include "nv_fd.h"
#include "nv_log.h"
#include "oom.h"
#include "outsider.h"
#include "proctree.h"
#include "rlimits.h"
#include "runnerargs.h"
#include "sandbox.h"
#include "secret.h"
#include "setting.h"
#include "sup.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <unistd.h>

#define CREDENTIALS_ENV "CREDENTIALS_DIRECTORY="
#define WALKS_AT_ONCE   50 /* a fork bomb is outrun by walking again at once */

/* ---- start ---- */

static uint64_t
next_stream_id(struct sup *sup)
{
	if (++sup->stream_counter >= UINT32_C(1) << 24) {
		/* 16 million starts: another random range, never the same id again. */
		sup->stream_base = sup_random_base();
		sup->stream_counter = 1;
	}
	return sup->stream_base | sup->stream_counter;
}

static int
make_streams(struct sup_incarnation *inc, struct sup_spawn_error *ret_error)
{
	struct sup_instance *inst = inc->instance;
	struct sup *sup = inst->sup;
	int rc = sup_stream_new(&sup->streams, next_stream_id(sup), &inc->stream);

	if (rc == 0) {
		rc = sup_log_new(&sup->streams, &inc->log);
		if (rc < 0) {
			sup_stream_drop(&sup->streams, inc->stream);
			inc->stream = NULL;
		}
	}
	if (rc < 0) {
		*ret_error = (struct sup_spawn_error){SUP_STAGE_DESCRIPTORS, -rc};
		return rc;
	}
	memcpy(inc->stream->worker, inst->worker->name, NV_NAME_MAX);
	memcpy(inc->log->name, inst->worker->name, NV_NAME_MAX);
	inc->stream->instance = inc->log->instance = inst->number;
	inc->stream->generation = inc->log->generation = inst->generation;
	inc->log->policy = inst->worker->conf->logs;
	inc->stream->runner = inst->worker->conf->kind == NV_KIND_TASK;
	sup_setting_variant(inst, inc->stream->variant);
	return 0;
}

/* A pipe belongs to whom made it: without this a worker with another account cannot open
 * /dev/stdout or /proc/self/fd/3, as shells and the runner do. Where it is refused, the
 * descriptors themselves work all the same. */
static void
give_streams(const struct sup_incarnation *inc, const struct sup_setting *setting)
{
	const int fds[] = {
		inc->log->write_fd, inc->stream->event_w, inc->stream->control_r};

	for (size_t i = 0; i < NV_LEN(fds); i++) {
		if (fchown(fds[i], setting->uid, setting->gid) < 0)
			nv_debug("a pipe of %s#%u stays ours: %s",
				inc->instance->worker->name, inc->instance->number,
				strerror(errno));
	}
}

static int
make_cgroup(struct sup_incarnation *inc, struct sup_spawn_error *ret_error)
{
	struct sup_instance *inst = inc->instance;
	struct sup *sup = inst->sup;
	const struct sup_cgroup_limits limits = sup_limits_of_tree(inst->worker->conf);
	char name[NV_NAME_MAX + 32];

	(void)snprintf(name, sizeof(name), "%s.%u.%u", inst->worker->name, inst->number,
		sup->stream_counter);
	int rc = sup_cgroup_create(
		&inc->cgroup, &sup->cgroups, sup->cgroups.path, name, &limits);

	if (rc < 0) {
		*ret_error = (struct sup_spawn_error){SUP_STAGE_CGROUP, -rc};
		return rc;
	}
	memcpy(inc->stream->cgroup, inc->cgroup.path, sizeof(inc->stream->cgroup));
	return 0;
}

/* Made when it is asked for: 2 KiB for each of 10,000 workers would be kept for nothing.
 */
const char *
sup_incarnation_credentials_env(const struct sup_incarnation *inc)
{
	static char env[sizeof(CREDENTIALS_ENV) + NV_PATH_MAX];
	const struct sup_instance *inst = inc->instance;
	size_t len = strlen(CREDENTIALS_ENV);

	memcpy(env, CREDENTIALS_ENV, len + 1);
	if (inc->has_credentials &&
		sup_secret_path(env + len, NV_PATH_MAX, inst->sup->paths.run_dir,
			inst->worker->name, inst->number) < 0)
		env[len] = '\0';
	return env;
}

const char *
sup_incarnation_credentials(const struct sup_incarnation *inc)
{
	return sup_incarnation_credentials_env(inc) + strlen(CREDENTIALS_ENV);
}

/* Without a secret the directory is empty, and stays from one incarnation to the next. */
static int
make_credentials(struct sup_incarnation *inc, const struct sup_setting *setting,
	struct sup_spawn_error *ret_error)
{
	struct sup_instance *inst = inc->instance;
	const struct nv_conf_worker *conf = inst->worker->conf;
	const struct sup_secret_places places = {
		.conf_dir = inst->worker->conf_ref->config->dir,
		.run_dir = inst->sup->paths.run_dir};
	bool there = inst->has_credentials && conf->n_secrets == 0 &&
		     inst->credentials_uid == setting->uid &&
		     inst->credentials_gid == setting->gid;
	char dir[NV_PATH_MAX];
	int rc = sup_secret_path(
		dir, sizeof(dir), places.run_dir, inst->worker->name, inst->number);

	inst->has_credentials = false;
	inst->credentials_uid = setting->uid;
	inst->credentials_gid = setting->gid;
	if (rc == 0 && !there)
		rc = sup_secret_grant(dir, &places, conf->secrets, conf->n_secrets,
			conf->system, setting->uid, setting->gid, &inst->failed_thing);
	if (rc < 0) {
		*ret_error = (struct sup_spawn_error){SUP_STAGE_SECRET, -rc};
		return rc;
	}
	inc->has_credentials = true;
	return 0;
}

static int
make_ready(struct sup_incarnation *inc, const struct sup_setting *setting,
	struct sup_spawn_error *ret_error)
{
	int rc = sup_ready_make(&inc->ready, inc->instance->worker->conf->ready,
		sup_incarnation_credentials(inc), setting->uid, setting->gid);

	if (rc < 0)
		*ret_error = (struct sup_spawn_error){SUP_STAGE_DESCRIPTORS, -rc};
	return rc;
}

static void on_main_exit(struct sup_child *child, const struct sup_exit *exit);

/* What this machine cannot do for it, from its cgroup and its plan; kept with the start.
 */
static void
note_not_enforced(struct sup_incarnation *inc, const struct sup_sandbox *plan)
{
	struct sup_worker *w = inc->instance->worker;
	const char *limits = inc->cgroup.not_enforced;
	const char *isolation = plan ? plan->not_enforced : "";
	char text[sizeof(w->not_enforced)] = "";

	(void)snprintf(text, sizeof(text), "%s%s%s", limits,
		limits[0] && isolation[0] ? ", " : "", isolation);
	if (strcmp(text, w->not_enforced) == 0)
		return;
	memcpy(w->not_enforced, text, sizeof(text));
	sup_state_worker(w);
}

/* From here on the next novasupd would find what we start. */
static uint64_t
commit_spawning(struct sup_incarnation *inc)
{
	struct sup *sup = inc->instance->sup;

	inc->main = (struct sup_main){
		.spawning = true, .slot = (uint8_t)sup_spawn_take_slot()};
	inc->child.since = sup_children_mark();
	inc->instance->now = inc;
	sup_state_fleet(sup); /* the counters */
	sup_state_stream(inc->stream);
	sup_state_log(inc->log);
	sup_state_instance(inc->instance);
	sup_state_commit();
	sup_fdstore_keep(sup, inc->stream, inc->log);
	return inc->child.since;
}

static int
spawn_noted(
	struct sup_incarnation *inc, const struct sup_spawn *spec, struct sup_main *ret)
{
	note_not_enforced(inc, spec->sandbox);
	ret->since = commit_spawning(inc);
	return sup_spawn(spec, &ret->pid, &ret->pidfd, &inc->instance->spawn_error);
}

/* The start itself. A kernel that refuses one way of isolation may do another. */
static int
spawn_isolated(struct sup_incarnation *inc, const struct sup_setting *setting,
	struct sup_spawn *spec, struct sup_main *ret)
{
	struct sup_instance *inst = inc->instance;
	const struct nv_conf_worker *conf = inst->worker->conf;
	const char *credentials = sup_incarnation_credentials(inc);
	const struct sup_sandbox_for who = {.conf = conf,
		.credentials = credentials,
		.bin_dir = conf->kind == NV_KIND_TASK ? inst->sup->paths.bin_dir : NULL,
		.uid = setting->uid,
		.gid = setting->gid,
		.set_ids = setting->set_ids};
	NV_CLEANUP_FREE struct sup_sandbox *plan = NULL;
	int rc;

	if (!sup_sandbox_needed(&who))
		return spawn_noted(inc, spec, ret);
	plan = malloc(sizeof(*plan));
	if (!plan) {
		inst->spawn_error = (struct sup_spawn_error){SUP_STAGE_CLONE, ENOMEM};
		return -ENOMEM;
	}
	spec->sandbox = plan;
	do {
		rc = sup_sandbox_plan(plan, &who, &inst->spawn_error);
		if (rc == 0)
			rc = spawn_noted(inc, spec, ret);
	} while (rc < 0 && sup_sandbox_refused(plan, &inst->spawn_error));
	inst->failed_thing = plan->failed != credentials ? plan->failed : NULL;
	return rc;
}

static int
spawn_it(struct sup_incarnation *inc, struct sup_setting *setting)
{
	struct sup_instance *inst = inc->instance;
	const struct nv_conf_worker *conf = inst->worker->conf;
	struct sup_runner_args runner = {.argv = NULL};
	struct sup_main made;

	if (conf->kind == NV_KIND_TASK &&
		sup_runner_argv(&runner, inst, setting->argv) < 0) {
		inst->spawn_error = (struct sup_spawn_error){SUP_STAGE_EXEC, ENOMEM};
		return -ENOMEM;
	}
	struct sup_spawn spec = {.argv = runner.argv ? runner.argv : setting->argv,
		.envp = setting->env,
		.candidates = setting->candidates,
		.directory = conf->directory,
		.fds = {inst->sup->null_fd, inc->log->write_fd, inc->log->write_fd,
			inc->stream->event_w, inc->stream->control_r, inc->ready.theirs},
		.n_fds = inc->ready.theirs >= 0 ? 6 : 5,
		.cgroup_fd = inc->cgroup.dir_fd,
		.n_joins = inc->cgroup.n_joins,
		.set_ids = setting->set_ids,
		.uid = setting->uid,
		.gid = setting->gid,
		.groups = setting->groups,
		.n_groups = (size_t)NV_MAX(setting->n_groups, 0),
		.die_with_parent = true,
		.oom_score_adj = sup_oom_agents()};

	if (conf->system) { /* it says `ready` on its pipe: there is no descriptor for
			       that */
		_Static_assert(SUP_SNAPSHOT_FD == 5, "the first one free");
		spec.fds[SUP_SNAPSHOT_FD] = inst->worker->conf_ref->snapshot_fd;
		spec.n_fds = SUP_SNAPSHOT_FD + 1;
	}
	for (unsigned i = 0; i < inc->cgroup.n_joins; i++)
		spec.join_fds[i] = inc->cgroup.join_fds[i];
	sup_limits_fill(&spec, conf, &inst->sup->shared->nofile);
	int rc = spawn_isolated(inc, setting, &spec, &made);

	free(runner.argv);
	if (rc == 0)
		sup_incarnation_spawned(inc, made.pid, made.pidfd, made.since);
	return rc;
}

void
sup_incarnation_drop_credentials(struct sup_instance *inst)
{
	char dir[NV_PATH_MAX];

	inst->has_credentials = false;
	if (sup_secret_path(dir, sizeof(dir), inst->sup->paths.run_dir,
		    inst->worker->name, inst->number) == 0)
		sup_secret_remove(dir);
}

void
sup_incarnation_spawned(struct sup_incarnation *inc, pid_t pid, int pidfd, uint64_t since)
{
	inc->main.spawning = false;
	sup_child_add(&inc->child, pid, pidfd, since, on_main_exit, inc);
	inc->stream->pid = pid;
	inc->instance->last_pid = pid;
	sup_journal_start(inc->instance->sup->journal, inc->stream);
	/* Committed with the state that follows. */
	sup_state_stream(inc->stream);
}

void
sup_incarnation_watch_child(struct sup_incarnation *inc)
{
	const struct sup_main m = inc->main;

	sup_child_add(&inc->child, m.pid, m.pidfd, m.since, on_main_exit, inc);
}

/* Nothing of it runs. What a successor does not need to be gone is left until no start
 * waits: our ends of its pipes, at whose end the engine and the logger have work to do,
 * and its cgroup, which takes the kernel as long as half of a start. */
void
sup_incarnation_release(struct sup_incarnation *inc)
{
	struct sup_instance *inst = inc->instance;
	enum sup_inst_state next = inst->machine.state;

	if (inc->watch >= 0)
		(void)inotify_rm_watch(inst->sup->inotify_fd, inc->watch);
	sup_ready_fini(&inc->ready, inst->sup->loop);
	inst->has_credentials = inc->has_credentials &&
				inst->worker->conf->n_secrets == 0 &&
				(next == SUP_INST_BACKOFF || next == SUP_INST_STARTING);
	if (inc->has_credentials && !inst->has_credentials)
		sup_secret_remove(sup_incarnation_credentials(inc));
	inc->instance = NULL;
	inc->next = inst->sup->buried;
	inst->sup->buried = inc;
	inst->sup->n_buried++;
}

void
sup_incarnations_bury(struct sup *sup, unsigned max)
{
	while (sup->buried && max-- > 0) {
		struct sup_incarnation *inc = sup->buried;

		sup->buried = inc->next;
		sup->n_buried--;
		sup_fdstore_ended(inc->stream);
		for (size_t i = 0; i < NV_LEN(inc->to_close); i++)
			nv_fd_close(&inc->to_close[i]);
		sup_cgroup_remove(&inc->cgroup);
		free(inc);
	}
}

struct sup_incarnation *
sup_incarnation_new(struct sup_instance *inst)
{
	struct sup_incarnation *inc = calloc(1, sizeof(*inc));

	if (!inc)
		return NULL;
	inc->instance = inst;
	inc->watch = -1;
	inc->cgroup.dir_fd = -1;
	inc->child.pidfd = -1;
	inc->ready.ours = inc->ready.theirs = -1;
	for (size_t i = 0; i < NV_LEN(inc->to_close); i++)
		inc->to_close[i] = -1;
	return inc;
}

void
sup_incarnation_undo(struct sup_incarnation *inc)
{
	struct sup_instance *inst = inc->instance;
	struct sup_streams *all = &inst->sup->streams;

	inst->now = NULL;
	sup_state_gone(SUP_REC_STREAM, inc->stream->id);
	sup_state_gone(SUP_REC_LOG, inc->log->id);
	sup_state_instance(inst);
	sup_fdstore_forget_stream(inst->sup, inc->stream);
	sup_fdstore_forget_log(inst->sup, inc->log);
	sup_state_commit();
	sup_stream_drop(all, inc->stream);
	sup_log_drop(all, inc->log);
}

int
sup_incarnation_start(struct sup_instance *inst)
{
	struct sup_incarnation *inc = sup_incarnation_new(inst);
	struct sup_setting setting;
	struct sup_spawn_error *error = &inst->spawn_error;

	*error = (struct sup_spawn_error){SUP_STAGE_DESCRIPTORS, ENOMEM};
	if (!inc)
		return -ENOMEM;
	NV_ASSERT(!inst->now);
	inst->generation++;
	inst->detail[0] = '\0';
	inst->health = (struct sup_health_state){0};
	inc->restart_hash = inst->worker->conf->restart_hash;
	int rc = sup_setting_identity(&setting, inst, error);

	if (rc == 0)
		rc = make_credentials(inc, &setting, error);
	if (rc == 0)
		rc = make_ready(inc, &setting, error);
	if (rc == 0)
		rc = sup_setting_build(&setting, inst,
			sup_incarnation_credentials_env(inc), inc->ready.env, error);
	if (rc == 0)
		rc = make_streams(inc, error);
	if (rc == 0 && setting.set_ids)
		give_streams(inc, &setting);
	if (rc == 0) {
		rc = make_cgroup(inc, error);
		if (rc == 0)
			rc = spawn_it(inc, &setting);
		if (rc < 0)
			sup_incarnation_undo(inc);
	}
	sup_setting_fini(&setting);
	if (rc < 0) {
		sup_incarnation_release(inc);
		return rc;
	}
	sup_cgroup_started(&inc->cgroup);
	sup_probelink_listen(inc);
	return 0;
}

/* ---- who belongs to it, without a cgroup ---- */

/* Its session or its group (kept by every fork), its environment or its pipes (kept by a
 * daemon that makes its own session). An orphan that shows none of all that and is nobody
 * else's either may be its own: it goes too. What never had "no new privileges" set, as
 * every agent and all that descends from it has, cannot be: as process 1 of a container
 * the keeper also gets the orphans of others. */
static int
is_member(void *arg, const struct sup_proc *proc)
{
	const struct sup_incarnation *inc = arg;
	const struct sup *sup = inc->instance->sup;
	pid_t main_pid = inc->instance->last_pid;

	if (proc->pid == sup->pid || sup_outsider_is_stranger(sup, proc->pid))
		return -1;
	if (proc->pid == main_pid && inc->child.pid == main_pid)
		return 1;
	if (sup_child_known(proc->pid))
		return -1;
	bool own_number = inc->child.pid != 0 || !sup_child_known(main_pid);

	if (own_number && (proc->sid == main_pid || proc->pgid == main_pid))
		return 1;
	/* Without a keeper an orphan may have gone anywhere. */
	bool orphan = proc->ppid == sup->shared->keeper_pid;

	if (!orphan && !sup->keeper_gone)
		return 0;
	if (sup_proctree_has_env(proc->pid, sup_incarnation_credentials_env(inc)) ||
		sup_proctree_has_pipe(proc->pid, inc->stream->event_inode) ||
		sup_proctree_has_pipe(proc->pid, inc->log->inode))
		return 1;
	return orphan && inc->child.pid == 0 && sup_proctree_no_new_privs(proc->pid) &&
	       !sup_outsider_is_housed(sup, proc->pid) &&
	       !sup_outsider_is_anothers(sup, inc, proc->pid);
}

/* The last scan of /proc. Looks of one pass of the loop share it, so that the end of a
 * thousand trees costs one scan: each of them lost its main process in an earlier pass.
 */
static struct {
	struct sup_proc *list;
	size_t n;
	unsigned pass;
} scan;

static bool
take_scan(struct sup *sup, bool fresh)
{
	unsigned pass = ev_iteration(sup->loop);

	if (fresh || !scan.list || scan.pass != pass) {
		scan.list = sup_proctree_scan(&scan.n);
		scan.pass = pass;
	}
	return scan.list != NULL;
}

/* One walk: each member gets the signal. Returns how many there are that it is news for.
 */
static size_t
walk(struct sup_incarnation *inc, int sig)
{
	size_t news = 0;

	if (!take_scan(inc->instance->sup, true))
		return 1; /* not seen is not gone */
	size_t members = sup_proctree_mark(scan.list, scan.n, is_member, inc);

	for (size_t i = 0; members > 0 && i < scan.n; i++) {
		if (!scan.list[i].member)
			continue;
		news += sig != SIGSTOP || scan.list[i].state != 'T';
		(void)kill(scan.list[i].pid, sig);
	}
	return news;
}

enum { WALKS_QUIET = 2, WALKS_MAX = 6 };

/* Without a cgroup: nothing was found in two walks of two passes, since a process that is
 * born while the first one runs can be missed by it. One that forks and ends all the time
 * is missed more often, but its dead come to the keeper: orphans that end between the
 * walks are a reason for more of them. What is found for the first time is asked. */
static bool
walks_are_clean(struct sup_incarnation *inc)
{
	if (take_scan(inc->instance->sup, false) &&
		sup_proctree_mark(scan.list, scan.n, is_member, inc) == 0) {
		if (inc->clean_walks == 0 || inc->clean_pass != scan.pass)
			inc->clean_walks++;
		inc->clean_pass = scan.pass;
		if (inc->clean_walks == 1)
			inc->orphans_ended = inc->instance->sup->orphans_ended;
		return inc->clean_walks >=
		       (inc->orphans_ended == inc->instance->sup->orphans_ended
				       ? WALKS_QUIET
				       : WALKS_MAX);
	}
	inc->clean_walks = 0;
	if (inc->ask_rest) {
		inc->ask_rest = false;
		if (walk(inc, SIGTERM) > 0)
			(void)walk(inc, SIGCONT);
	}
	return false;
}

/* ---- stop, pause, kill ---- */

static void
signal_asked(struct sup_incarnation *inc, int sig)
{
	pid_t main_pid = inc->child.pid;

	if (main_pid == 0)
		return;
	/* A service gets it as from a terminal: its whole process group. The runner
	 * hands it on to its command itself. */
	if (inc->instance->worker->conf->kind != NV_KIND_SERVICE ||
		kill(-main_pid, sig) < 0 || getpgid(main_pid) != main_pid)
		sup_child_signal(&inc->child, sig);
}

void
sup_incarnation_ask(struct sup_incarnation *inc)
{
	const struct nv_conf_worker *conf = inc->instance->worker->conf;
	char line[96];

	(void)snprintf(line, sizeof(line), "{\"control\":\"stop\",\"grace_ms\":%lld%s}\n",
		(long long)sup_runner_grace_ms(conf),
		inc->instance->sup->brake.on ? ",\"now\":true" : "");
	sup_stream_control(inc->stream, line);
	signal_asked(inc, conf->stop_signal);
	if (inc->frozen && conf->kind == NV_KIND_SERVICE)
		sup_incarnation_pause(inc, false);
	signal_asked(inc, SIGCONT); /* a stopped process cannot obey */
}

void
sup_incarnation_ask_rest(struct sup_incarnation *inc)
{
	if (inc->frozen && inc->instance->worker->conf->kind == NV_KIND_SERVICE)
		sup_incarnation_pause(inc, false);
	if (inc->cgroup.path[0]) {
		if (sup_cgroup_populated(inc->cgroup.path) == 0)
			return;
		sup_cgroup_signal(&inc->cgroup, SIGTERM);
		sup_cgroup_signal(&inc->cgroup, SIGCONT);
	} else {
		inc->ask_rest =
			true; /* by the first look, which knows whether there is any */
	}
}

void
sup_incarnation_kill(struct sup_incarnation *inc)
{
	sup_child_signal(&inc->child, SIGKILL);
	if (inc->cgroup.path[0]) {
		int rc = sup_cgroup_kill(&inc->cgroup);

		if (rc < 0 && rc != -ENOENT)
			nv_error("%s: cgroup.kill: %s", inc->cgroup.path, strerror(-rc));
		return;
	}
	for (int i = 0; i < WALKS_AT_ONCE; i++) {
		if (walk(inc, SIGKILL) == 0)
			return;
	}
}

void
sup_incarnation_pause(struct sup_incarnation *inc, bool on)
{
	/* The next novasupd freezes again what may be frozen, and lets it go then. */
	if (!on)
		sup_incarnation_freeze(inc, false);
	inc->frozen = on;
	sup_state_instance(inc->instance);
	sup_state_commit();
	if (on)
		sup_incarnation_freeze(inc, true);
}

void
sup_incarnation_freeze(struct sup_incarnation *inc, bool on)
{
	if (inc->instance->worker->conf->kind == NV_KIND_TASK) {
		/* Its run goes on to the end; no other is begun. */
		sup_stream_control(inc->stream,
			on ? "{\"control\":\"pause\"}\n" : "{\"control\":\"resume\"}\n");
		return;
	}
	if (inc->cgroup.path[0]) {
		int rc = sup_cgroup_freeze(&inc->cgroup, on);

		if (rc == 0)
			return;
		nv_warn("%s: cgroup.freeze: %s; using signals", inc->cgroup.path,
			strerror(-rc));
		sup_cgroup_signal(&inc->cgroup, on ? SIGSTOP : SIGCONT);
		return;
	}
	for (int i = 0; i < WALKS_AT_ONCE; i++) {
		if (walk(inc, on ? SIGSTOP : SIGCONT) == 0 || !on)
			return;
	}
}

/* ---- the end ---- */

static void
watch_rest(struct sup_incarnation *inc)
{
	char path[SUP_CGROUP_PATH_MAX + 32];

	if (inc->watch >= 0)
		return;
	(void)snprintf(path, sizeof(path), "%s/cgroup.events", inc->cgroup.path);
	/* Without a watch the timer of the instance looks again. */
	inc->watch = inotify_add_watch(inc->instance->sup->inotify_fd, path, IN_MODIFY);
}

bool
sup_incarnation_gone(struct sup_incarnation *inc)
{
	if (inc->child.pid != 0)
		return false;
	if (!inc->cgroup.path[0])
		return walks_are_clean(inc);
	int rc = sup_cgroup_populated(inc->cgroup.path);

	if (rc > 0) {
		watch_rest(inc);
		rc = sup_cgroup_populated(inc->cgroup.path); /* between look and watch */
	}
	if (rc < 0)
		nv_error("%s: %s", inc->cgroup.path, strerror(-rc));
	if (rc != 0)
		return false;
	/* A stop says that nothing is left only when that is so; a restart does not wait
	 * for a look at what has left its cgroup. */
	if (!inc->instance->machine.asked && inc->instance->machine.want)
		sup_outsider_suspect(inc->instance->sup);
	else if (sup_outsider_any(inc->instance->sup) && walk(inc, SIGKILL) != 0)
		return false;
	sup_cgroup_usage(&inc->cgroup, &inc->usage);
	return true;
}

void
sup_incarnation_watch_event(struct sup *sup, int watch)
{
	for (struct sup_worker *w = sup->workers; w; w = w->next) {
		for (uint32_t i = 0; i < w->n_instances; i++) {
			struct sup_instance *inst = w->instances[i];

			if (!inst->now || inst->now->watch != watch)
				continue;
			sup_instance_look(inst);
			return;
		}
	}
}

static void
on_main_exit(struct sup_child *child, const struct sup_exit *exit)
{
	struct sup_incarnation *inc = child->owner;
	struct sup_instance *inst = inc->instance;

	inst->machine.end.status = exit->status;
	inc->usage_cpu_us = exit->cpu_us;
	inc->usage_rss_kib = exit->rss_kib;
	inst->look_ms = 1; /* doubled with each look */
	sup_instance_event(inst, SUP_EV_MAIN_EXIT);
	if (inc->cgroup.path[0])
		sup_instance_look_later(inst);
	else
		sup_instance_look_soon(inst); /* with all others that died just now */
}

struct sup_incarnation *
sup_incarnation_end(struct sup_incarnation *inc)
{
	struct sup_instance *inst = inc->instance;
	const struct sup_inst *m = &inst->machine;
	const struct sup_cgroup_usage *usage = &inc->usage;
	struct sup_journal_exit entry = {.stream = inc->stream,
		.worker = inst->worker->name,
		.instance = inst->number,
		.generation = inst->generation,
		.pid = inst->last_pid,
		.status = m->end.status,
		.cause = m->end.cause,
		.by = m->end.by,
		.detail = inst->detail,
		.crash = m->end.crash,
		.uptime_ms = nv_mono_ms() - m->started_ms,
		.cpu_us = NV_MAX(usage->cpu_us, inc->usage_cpu_us),
		.mem_peak_kib =
			usage->mem_peak_kib ? usage->mem_peak_kib : inc->usage_rss_kib};

	sup_journal_exit(inst->sup->journal, &entry);
	sup_stream_end(inc->stream, inc->to_close);
	inc->to_close[2] = sup_log_end(inc->log);
	inst->now = NULL;
	sup_state_stream(inc->stream);
	sup_state_log(inc->log);
	return inc;
}
