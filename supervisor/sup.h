/* novasupd's one state, and the seams between its parts.
 *
 *   main.c        arguments, --check, lock; then the keeper
 *   keeper.c      the process the user started: outlives novasupd proper, sweeps after it
 *   root.c        novasupd proper: set up, loop, order of start and stop
 *   shared.c      memory of keeper and novasupd proper: deaths, starts under way
 *   fdtable.c     the descriptor table of both
 *   image.c       records that outlive us; state.c: which; resume.c: read back
 *   child.c       every process we started, by pid; hands on what the keeper reaped
 *   spawn.c       clone and exec, with stage and errno of what failed
 *   cgroup.c      one directory per process tree; proctree.c: without cgroups
 *   instance.c    when an instance starts, stops, restarts, is given up (pure)
 *   worker_conf.c workers of a new configuration; slots.c: which slots are wanted
 *   park.c        which instances go when fewer are wanted (pure)
 *   gate.c        dependencies: who may start, who ends first; deps.c: the rules (pure)
 *   group.c       supervision groups: tree.c (pure) with real instances; group_shape.c:
 *                 their configuration; group_control.c: requests about them
 *   incident.c    automatic restarts by the rules of storm.c (pure)
 *   roll.c        restarts a few at a time, by the rules of rolling.c (pure)
 *   worker.c      desired state -> instances; performs what instance.c says; wanted.c
 *   brake.c       the emergency stop
 *   whose.c       which worker a process belongs to
 *   outsider.c    what has left the cgroup of its worker
 *   incarnation.c one exec of an instance: descriptors, tree, stop, end
 *   ready.c       descriptors a service says on that it is ready
 *   setting.c     a worker's environment, identity, candidates for exec
 *   secret.c      credentials directories
 *   stream.c      event streams and log pipes: both ends, until the other side is done
 *   journal.c     lifecycle journal
 *   link.c        nova-engine and nova-logger as processes: start, channel, restart
 *   enginelink.c  messages of the engine; loggerlink.c of the logger; probelink.c of
 * nova-probe control.c     novasupd.sock; status.c: what it answers reload.c      a new
 * configuration notify.c      service manager: READY, STOPPING, RELOADING, WATCHDOG oom.c
 * who goes first when memory is out leftover.c    what an earlier fleet left, outside of
 * its cgroups conf.c        configurations by reference
 */
#ifndef SUP_H
#define SUP_H

#include "brake.h"
#include "cgroup.h"
#include "child.h"
#include "gate.h"
#include "group.h"
#include "incident.h"
#include "instance.h"
#include "keeper.h"
#include "link.h"
#include "nv_chan.h"
#include "nv_config.h"
#include "nv_msg_body.h"
#include "nv_paths.h"
#include "ready.h"
#include "roll.h"
#include "spawn.h"
#include "state.h"
#include "stream.h"

#include <ev.h>

struct sup_journal;
struct sup_control;
struct sup_notify;

#define SUP_INSTANCES_MAX   10000
#define SUP_STARTS_PER_PASS 32 /* so that a large fleet's start keeps nobody waiting */
#define SUP_CLIENTS_MAX     64
#define SUP_TICK_MS         2000
#define SUP_SLOW_TICKS      30 /* of them to the next one while nothing happens */
#define SUP_WAITERS_MAX     64

enum sup_phase {
	SUP_RUNNING,
	SUP_STOPPING_AGENTS, /* ladders run; nothing is started */
	SUP_DRAINING,        /* the engine stores what the pipes still hold */
	SUP_STOPPING_LOGGER,
	SUP_DONE
};

/* A parsed configuration, kept while a worker's settings are borrowed from it. */
struct sup_conf {
	struct nv_config *config; /* owned */
	int snapshot_fd;          /* owned: what it was parsed from; -1 */
	uint32_t gen;             /* counts reloads, from 1 */
	unsigned refs;
};
struct sup_conf *sup_conf_new(struct nv_config *config); /* takes it; NULL: no memory */
struct sup_conf *sup_conf_hold(struct sup_conf *conf);
void sup_conf_drop(struct sup_conf *conf);

struct sup_worker;
struct sup_client;

/* One exec of an instance, from its start until nothing of its tree is left. */
struct sup_incarnation {
	struct sup_incarnation *next;  /* buried: nothing is left but directories */
	struct sup_instance *instance; /* borrowed: outlives it; NULL when buried */
	struct sup_stream *stream;     /* borrowed from the list of streams */
	struct sup_log *log;           /* the same */
	struct sup_child child;        /* the main process */
	struct sup_ready ready;        /* how it says that it is ready */
	uint8_t probed;                /* what nova-probe asks of it */
	int watch; /* inotify watch on cgroup.events while a remainder is awaited; -1 */
	unsigned clean_pass;    /* of the loop, of the last of: */
	unsigned clean_walks;   /* walks over /proc in a row that found nothing of it */
	unsigned orphans_ended; /* of the fleet, at the first of them */
	int to_close[3];        /* owned: when its end is committed */

	char flat[0]; /* from here on: state.h */
	struct sup_main main;
	uint64_t stream_id;
	uint64_t log_id;
	uint64_t restart_hash; /* of the settings it was started with */
	struct sup_cgroup cgroup;
	bool has_credentials;  /* its directory is there */
	uint64_t usage_cpu_us; /* of the main process and what it waited for */
	uint64_t usage_rss_kib;
	struct sup_cgroup_usage usage; /* of its cgroup, once it is gone */
	uint32_t oom_told;             /* of usage.oom_kills while it goes on */
	int ready_fd;                  /* ready.ours */
	bool ready_seen;               /* something has come there: to be read */
	bool asked;                    /* its main process has had its stop signal */
	bool asked_rest;               /* and what outlived that, its TERM */
	bool ask_rest; /* what outlived the main process is still to be asked to end */
	bool frozen;
};

/* What nova-probe found. */
enum sup_health {
	SUP_HEALTH_UNKNOWN,
	SUP_HEALTH_NOT_READY,
	SUP_HEALTH_GOOD,
	SUP_HEALTH_UNHEALTHY
};
struct sup_health_state {
	enum sup_health is;
	int64_t since_ms;
	char reason[200];
};

struct sup_instance {
	struct sup *sup;
	struct sup_worker *worker;
	struct sup_incarnation *now;    /* owned; NULL without a process */
	ev_timer timer;                 /* the machine's deadline */
	ev_timer look;                  /* is the rest of the tree gone? */
	int64_t look_ms;                /* how long until the next look */
	struct sup_instance *look_next; /* lost its main process in this pass */
	bool look_listed;
	const char *failed_thing; /* what spawn_error is about, where its stage does not
				     say; borrowed from the configuration */

	struct sup_leaf leaf; /* in a supervision tree */

	char flat[0]; /* from here on: state.h */
	uint32_t number;
	uint32_t generation; /* of the last incarnation */
	struct sup_inst machine;
	bool leaf_going;       /* its tree was told that it shall not run */
	bool leaf_busy;        /* its group took no more calls: once more */
	bool leaf_again;       /* lives, and its tree was told to start it anew */
	bool has_credentials;  /* the directory stays for the next one, as it is empty */
	uid_t credentials_uid; /* whose it is */
	gid_t credentials_gid;
	struct sup_spawn_error spawn_error;
	int32_t last_pid;
	struct sup_health_state health; /* of the incarnation that lives */
	bool granted;          /* its restart has its token; the next TIMER starts it */
	uint8_t untold;        /* 1 + the state it came from, of which its dependents
				  are still to be told; 0: none */
	uint32_t tried_in;     /* incident in which it was ... */
	uint32_t tried;        /* ... a canary so often */
	uint32_t told_crashes; /* in the window when it was last given a rest */
	bool parked;           /* park.h: others of its worker run instead */
	bool escalating;       /* its group is still to be told that it gave up */
	bool has_now;
	char detail[300]; /* why it is ended; of the incarnation that lives */
	char last_exit[200];
};

struct sup_worker {
	struct sup *sup;
	struct sup_worker *next;           /* by name */
	struct sup_conf *conf_ref;         /* held */
	const struct nv_conf_worker *conf; /* borrowed from conf_ref */
	struct sup_inst_policy policy;     /* from conf */
	struct sup_instance **instances;   /* owned, [n-1] is instance n; never shrinks */
	struct sup_gate gate;              /* what it depends on, and who on it */
	ev_timer roll_timer;
	uint32_t *idle; /* owned: of the last sup_worker_idle, until a desire uses them */
	uint32_t n_idle;

	struct sup_group *group; /* the supervisor it is in; NULL: none */
	bool moving;             /* it is in another one from when it has stopped */

	char flat[0]; /* from here on: state.h */
	uint32_t id;  /* never used again while we live */
	char name[NV_NAME_MAX];
	uint32_t conf_gen;
	uint32_t n_instances;
	bool desired;   /* the engine has spoken; then the fields of `desire` count */
	bool resetting; /* its instances are still to be told that they start anew */
	bool renew;     /* its settings are new, and what runs is still to be told */
	bool held;      /* a person stopped it here; until the engine knows */
	bool held_told;
	uint32_t held_uid;
	int64_t held_wall_ns;
	bool removed;                 /* no longer configured: goes away when stopped */
	char group_name[NV_NAME_MAX]; /* of `group`, "" without */
	bool pause_applied;
	uint32_t n_parked;      /* slots below the last wanted one that stay empty */
	uint64_t reset_epoch;   /* of the desire that last started it anew */
	char not_enforced[160]; /* limits and isolation that this machine cannot hold */
	struct sup_roll roll;   /* a rolling restart, and how the last one went */
	/* Output that the disk did not take: of pipes that are gone, and why now. */
	uint64_t log_dropped_bytes;
	char log_error[100];
	struct nv_sup_desire desire;
};

struct sup {
	struct ev_loop *loop;
	struct nv_paths paths;
	struct sup_shared *shared; /* with the keeper */
	struct sup_image *image;   /* owned: what outlives us */
	struct sup_cgroup_root cgroups;
	struct sup_conf *conf; /* held */
	pid_t pid;             /* of novasupd proper */
	bool keeper_gone;      /* nobody reaps any more: everything is being ended */
	bool resyncing; /* resumed, and the engine has not yet said everything again */
	int null_fd;
	int inotify_fd;
	int signal_fd;
	ev_io inotify_io;
	ev_io signal_io;
	ev_io exits_io;        /* the keeper has reaped somebody */
	ev_timer orphan_timer; /* without a keeper: who is dead? */
	ev_timer steady_timer; /* resumed and alive for a while */
	ev_timer tick_timer;   /* title, and whether the engine and the logger answer */
	bool tick_slow;        /* nothing happens: the timer is set to SUP_SLOW_TICKS */
	ev_timer drain_timer;
	ev_timer more_timer;        /* the next pass comes at once: starts are waiting */
	unsigned starts_left;       /* that this pass may still make */
	unsigned memory_turn;       /* of sup_memory_tick */
	bool more_starts;           /* some were put off to the next pass */
	struct sup_instance *looks; /* of those that lost their main process, in order */
	struct sup_instance **looks_end;
	unsigned orphans_ended;         /* reaped by the keeper and nobody's child */
	unsigned look_batch;            /* what is found out once for all of them */
	struct sup_incarnation *buried; /* owned; pipes and directories are still to go */
	unsigned n_buried;
	int64_t outsiders_ms; /* since when one may have left its cgroup unseen; 0: none
			       */
	ev_timer bury_timer;  /* the next pass comes at once: more are */
	ev_timer away_timer;
	ev_prepare prepare; /* once a pass: journal news, waiters, phase */

	struct sup_worker *workers; /* owned list, by name */
	struct sup_groups groups;
	struct sup_worker *dirty; /* to be applied at the end of this pass: gate.h */
	struct nv_brake brake;    /* brake.c */
	int brake_watch;          /* inotify watch on the state directory; -1 */
	struct sup_storm storm;   /* incident.c */
	bool storm_changed;       /* in this pass */
	ev_timer storm_timer;
	struct sup_streams streams;
	struct sup_journal *journal; /* owned */
	struct sup_link engine;
	struct sup_link logger;
	struct sup_link probe;       /* only while there is something to ask */
	struct sup_control *control; /* owned */
	struct sup_notify *notify;   /* owned */
	bool all_stored;             /* at the end: nothing is left for a later fleet */

	char flat[0]; /* from here on: state.h */
	uint32_t config_gen;
	uint64_t boot_id;
	uint64_t stream_base;
	uint32_t stream_counter;
	uint64_t log_counter;
	uint32_t worker_counter;
	enum sup_phase phase;
	int exit_code;
	unsigned stop_requests;
	int64_t last_stop_ms;
	uint64_t asked[SUP_ASKED_COUNT]; /* of shared->asked: obeyed */
	int64_t started_ms;
	int64_t away_until_ms;  /* deadline of away_timer; 0: it does not run */
	int64_t drain_until_ms; /* of drain_timer */
	uint32_t reexecs;       /* of shared->reexecs: noticed */
	bool renewing;          /* our own programs may be those of another binary */
	int control_fd;         /* novasupd.sock; owned by the control part */
	int log_table_fd;       /* owned: the logger's progress, see loggerlink.c */
	int ready_fd;           /* -1: none or done */
	bool engine_ready;      /* READY and all desires received */
	bool engine_spoke;      /* READY received, desires are coming */
	bool was_ready;         /* once: READY=1 was sent */
	bool engine_trouble;
	bool engine_pause; /* agents are paused: no ledger for too long, or trouble */
	char engine_reason[512];
	unsigned drain_attempts;
};

/* ---- root.c ---- */
/* novasupd proper, from configuration, or from where the last one has stopped, to the
 * end; returns the exit code. */
int sup_run(struct sup_shared *shared, int ready_fd);
/* A person or a signal wants the fleet down; a second call hastens it. */
void sup_shutdown(struct sup *sup, const char *by);
/* Something has happened: the next tick does not wait for the minute. */
void sup_tick_soon(struct sup *sup);
/* Something that decides about start or end of the fleet may have changed. */
void sup_advance(struct sup *sup);

/* ---- worker.c ---- */
int sup_workers_load(struct sup *sup, struct sup_conf *conf, struct nv_err *err);
void sup_workers_free(struct sup *sup);
struct sup_worker *sup_worker_find(struct sup *sup, const char *name);
void sup_worker_desire(struct sup_worker *w, const struct nv_sup_desire *desire);
/* Bring the instances in line with what is wanted now. */
void sup_worker_apply(struct sup_worker *w);
void sup_workers_apply(struct sup *sup);
void sup_worker_hold(struct sup_worker *w, uint32_t uid);
/* instance 0: all; by: who wants it, "uid 0", "reload". Returns how many were told. */
unsigned sup_worker_restart(struct sup_worker *w, uint32_t instance, const char *by);
bool sup_worker_paused(const struct sup_worker *w);
unsigned sup_worker_live(const struct sup_worker *w); /* instances with a process tree */
unsigned sup_worker_up(const struct sup_worker *w);
unsigned sup_worker_wanted(const struct sup_worker *w);
/* Is slot i (instance i + 1) among those that are wanted? */
bool sup_worker_in(const struct sup_worker *w, uint32_t i);
/* Slots up to the last wanted one; some of them may be parked. */
uint32_t sup_worker_slots(const struct sup_worker *w);
/* Another number of instances: which slots are parked. */
void sup_worker_choose_slots(struct sup_worker *w, uint32_t before, uint32_t now);
/* The next time it is scaled down these go first: instance numbers. */
void sup_worker_idle(struct sup_worker *w, const uint32_t *numbers, uint32_t n);
unsigned sup_workers_live(const struct sup *sup);
unsigned sup_agents_live(const struct sup *sup); /* without Nova's own */
/* Nothing but what is wanted stands in the way of a start. */
bool sup_worker_may_start(const struct sup_worker *w);
/* At least n instances: 0 or -ENOMEM. */
int sup_worker_grow(struct sup_worker *w, uint32_t n);
void sup_workers_haste(struct sup *sup);
void sup_instance_event(struct sup_instance *inst, enum sup_inst_event event);
/* The main process is gone: is the rest? If not, look again soon. */
void sup_instance_look(struct sup_instance *inst);
void sup_instance_look_soon(struct sup_instance *inst);  /* in the next pass */
void sup_instance_look_later(struct sup_instance *inst); /* at the end of this one */
/* Look at all that lost their main process since the last call. */
void sup_instances_look(struct sup *sup);
/* Why it is in its state, for people: "6 crashes in 1h". */
void sup_instance_reason(const struct sup_instance *inst, char *buf, size_t buf_bytes);
struct sup_instance *sup_instance_by_stream(struct sup *sup, uint64_t stream_id);
/* Parts of a load, for resume.c: an empty worker at its place in the list; an instance;
 * its settings; what it had decided to do and may not have done. */
struct sup_worker *sup_worker_add(struct sup *sup, const char *name);
struct sup_instance *sup_instance_new(struct sup_worker *w, uint32_t number);
void sup_worker_take_conf(
	struct sup_worker *w, struct sup_conf *conf, const struct nv_conf_worker *c);
void sup_instance_resume(struct sup_instance *inst);
/* Its instances forget their crashes and start anew. */
void sup_worker_reset(struct sup_worker *w);
/* Free workers that are removed and have stopped. */
void sup_workers_collect(struct sup *sup);

/* ---- incarnation.c ---- */
/* Start a new incarnation: 0, or -errno with inst->spawn_error. */
int sup_incarnation_start(struct sup_instance *inst);
void sup_incarnation_ask(struct sup_incarnation *inc);
void sup_incarnation_ask_rest(struct sup_incarnation *inc);
void sup_incarnation_kill(struct sup_incarnation *inc);
void sup_incarnation_pause(struct sup_incarnation *inc, bool on);
/* After the main process is gone: true when nothing is left. */
bool sup_incarnation_gone(struct sup_incarnation *inc);
/* The directory that is kept between two incarnations is not needed any more. */
void sup_incarnation_drop_credentials(struct sup_instance *inst);
/* "CREDENTIALS_DIRECTORY=...", and the path in it ("" without); in one place for all,
 * until the next call. */
const char *sup_incarnation_credentials_env(const struct sup_incarnation *inc);
const char *sup_incarnation_credentials(const struct sup_incarnation *inc);
/* Close the pipes and remove the directories of what has ended. */
void sup_incarnations_bury(struct sup *sup, unsigned max);
/* Bring a tree to the state that it has been given: frozen or not. */
void sup_incarnation_freeze(struct sup_incarnation *inc, bool on);
/* Its end, to be committed: the line of the journal (machine.end is complete), its place
 * in the instance. What it still holds is the caller's to release, after the commit. */
struct sup_incarnation *sup_incarnation_end(struct sup_incarnation *inc);
void sup_incarnation_release(struct sup_incarnation *inc);
/* Parts of a start, for resume.c: an empty one; a process was made of it; none was, and
 * its stream and its log pipe are dropped; its process is watched. */
struct sup_incarnation *sup_incarnation_new(struct sup_instance *inst);
void sup_incarnation_spawned(
	struct sup_incarnation *inc, pid_t pid, int pidfd, uint64_t since);
void sup_incarnation_undo(struct sup_incarnation *inc);
void sup_incarnation_watch_child(struct sup_incarnation *inc);
/* cgroup.events changed somewhere. */
void sup_incarnation_watch_event(struct sup *sup, int watch);

/* ---- enginelink.c, loggerlink.c ---- */
void sup_enginelink_init(struct sup *sup);
void sup_enginelink_start(struct sup *sup);
void sup_enginelink_resume(struct sup *sup);
void sup_enginelink_stream(struct sup *sup, const struct sup_stream *stream);
void sup_enginelink_held(struct sup *sup, struct sup_worker *w);
void sup_enginelink_config(struct sup *sup);
void sup_enginelink_brake(struct sup *sup);
void sup_enginelink_stop(struct sup *sup, uint32_t drain_ms);
/* Once a pass of the loop: the journal has grown. */
void sup_enginelink_news(struct sup *sup);
void sup_loggerlink_init(struct sup *sup);
void sup_loggerlink_start(struct sup *sup);
void sup_loggerlink_log(struct sup *sup, const struct sup_log *log);
/* After a reload: what is kept of each log may have changed. */
void sup_loggerlink_config(struct sup *sup);
/* Bytes of a worker's output that were dropped, since novasupd started. */
uint64_t sup_loggerlink_dropped(const struct sup *sup, const struct sup_worker *w);
void sup_loggerlink_stop(struct sup *sup);

/* ---- probelink.c ---- */
void sup_probelink_init(struct sup *sup);
void sup_probelink_start(struct sup *sup);
/* After a reload. */
void sup_probelink_config(struct sup *sup);
void sup_probelink_stop(struct sup *sup);
/* After every change of an instance: is something else to be asked of it? */
void sup_probelink_update(struct sup_instance *inst);
/* It was started: wait for its word on descriptor 5. */
void sup_probelink_listen(struct sup_incarnation *inc);

/* ---- reload.c ---- */
/* 0 with a summary, or -EINVAL with every error, in text. */
int sup_reload(struct sup *sup, char *text, size_t text_bytes);

/* ---- control.c ---- */
struct sup *sup_client_sup(const struct sup_client *client);
struct nv_chan *sup_client_chan(struct sup_client *client);
void sup_client_reply(struct sup_client *client, uint32_t request_id, enum nv_exit code,
	const char *fmt, ...) NV_PRINTF(4, 5);
int sup_control_open(struct sup *sup, struct nv_err *err);
void sup_control_close(struct sup *sup);
/* Something changed: answer those who wait for it. */
void sup_control_check_waiters(struct sup *sup);

/* ---- status.c ---- */
void sup_status_send(
	struct sup *sup, struct nv_chan *chan, const struct nv_sup_request *request);
/* The one word for a worker, and why. */
const char *
sup_status_worker_state(const struct sup_worker *w, char *reason, size_t reason_bytes);

#endif
