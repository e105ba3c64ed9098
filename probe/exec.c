#include "exec.h"

#include "nv_expand.h"
#include "nv_units.h"
#include "sweep.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define GROUPS_MAX   128
#define ENV_MAX      600
#define PATH_DEFAULT "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define CHECKS_MAX   4096 /* at the same time */

struct probe_exec {
	struct probe_exec *next; /* of those that run */
	struct ev_loop *loop;
	ev_child child;
	ev_timer timer;
	pid_t pid;
	int64_t timeout_ms;
	bool late;
	probe_done_fn *done; /* NULL: cancelled */
	void *arg;
};

/* What the child needs, all made before the fork: libcurl's resolver has threads, and a
 * child of such a process may only make system calls. */
struct plan {
	char *argv[1030]; /* owned words */
	char *env[ENV_MAX + 1];
	size_t n_env;
	char path[4096];
	const char *directory;
	bool set_ids;
	uid_t uid;
	gid_t gid;
	gid_t groups[GROUPS_MAX];
	int n_groups;
	char home[256];
};

static struct probe_exec *running;

/* ---- plan ---- */

static void
plan_fini(struct plan *p)
{
	for (size_t i = 0; p->argv[i]; i++)
		free(p->argv[i]);
	for (size_t i = 0; i < p->n_env; i++)
		free(p->env[i]);
	free(p);
}

static int
plan_groups(struct plan *p, const struct nv_conf_worker *conf)
{
	if (conf->user_group) {
		const struct group *g = getgrnam(conf->user_group);

		if (!g)
			return -ENOENT;
		p->gid = g->gr_gid;
	}
	if (conf->has_user_groups) {
		p->n_groups = 0;
		for (size_t i = 0; i < conf->n_user_groups && i < GROUPS_MAX; i++) {
			const struct group *g = getgrnam(conf->user_groups[i]);

			if (!g)
				return -ENOENT;
			p->groups[p->n_groups++] = g->gr_gid;
		}
		return 0;
	}
	p->n_groups = GROUPS_MAX;
	if (!conf->user || !conf->user[0] ||
		getgrouplist(conf->user, p->gid, p->groups, &p->n_groups) < 0)
		p->n_groups = 0;
	return 0;
}

static int
plan_identity(struct plan *p, const struct nv_conf_worker *conf)
{
	bool groups = conf->user_group || conf->has_user_groups;

	p->uid = geteuid();
	p->gid = getegid();
	if (conf->user && conf->user[0]) {
		const struct passwd *pw = getpwnam(conf->user);

		if (!pw)
			return -ENOENT;
		p->uid = pw->pw_uid;
		p->gid = pw->pw_gid;
		(void)snprintf(p->home, sizeof(p->home), "%s", pw->pw_dir);
	}
	if (p->uid == geteuid() && !groups)
		return 0;
	if (geteuid() != 0)
		return -EPERM;
	p->set_ids = true;
	return plan_groups(p, conf);
}

static int
add_env(struct plan *p, const char *name, const char *value)
{
	if (p->n_env == ENV_MAX)
		return -E2BIG;
	if (asprintf(&p->env[p->n_env], "%s=%s", name, value) < 0) {
		p->env[p->n_env] = NULL;
		return -ENOMEM;
	}
	p->n_env++;
	return 0;
}

static int
plan_env(struct plan *p, const struct nv_conf_worker *conf, const char *instance,
	const char *const values[NV_EXPAND_COUNT])
{
	static const char *const inherited[] = {"LANG", "TZ", "HOME"};
	const char *path = getenv("PATH");
	int rc = add_env(p, "PATH", path ? path : PATH_DEFAULT);

	for (size_t i = 0; i < NV_LEN(inherited) && rc == 0; i++) {
		const char *value = getenv(inherited[i]);

		if (i == 2 && p->home[0])
			value = p->home;
		if (value)
			rc = add_env(p, inherited[i], value);
	}
	for (size_t i = 0; i < conf->n_env && rc == 0; i++) {
		NV_CLEANUP_FREE char *value = nv_expand(conf->env[i].value, values);

		rc = value ? add_env(p, conf->env[i].key, value) : -ENOMEM;
	}
	rc = rc ? rc : add_env(p, "NOVA_WORKER", conf->name);
	return rc ? rc : add_env(p, "NOVA_INSTANCE", instance);
}

/* The last PATH=: `env` may set another one. */
static const char *
path_of(const struct plan *p)
{
	for (size_t i = p->n_env; i > 0; i--) {
		if (strncmp(p->env[i - 1], "PATH=", 5) == 0)
			return p->env[i - 1] + 5;
	}
	return PATH_DEFAULT;
}

static int
plan_program(struct plan *p)
{
	const char *program = p->argv[0];

	if (strchr(program, '/')) {
		(void)snprintf(p->path, sizeof(p->path), "%s", program);
		return 0;
	}
	for (const char *at = path_of(p);; at++) {
		const char *end = strchrnul(at, ':');
		struct stat st;
		int n = snprintf(p->path, sizeof(p->path), "%.*s%s%s", (int)(end - at),
			at, end > at ? "/" : "", program);

		if (n > 0 && (size_t)n < sizeof(p->path) && stat(p->path, &st) == 0 &&
			S_ISREG(st.st_mode) && (st.st_mode & 0111) != 0)
			return 0;
		if (!*end)
			return -ENOENT;
		at = end;
	}
}

static int
plan_make(struct plan *p, const struct nv_conf_worker *conf,
	const struct nv_conf_probe *probe, uint32_t number, const char **ret_what)
{
	char instance[16];
	const char *const values[NV_EXPAND_COUNT] = {[NV_EXPAND_WORKER] = conf->name,
		[NV_EXPAND_INSTANCE] = instance,
		[NV_EXPAND_GENERATION] = "",
		[NV_EXPAND_VARIANT] = "",
		[NV_EXPAND_CREDENTIALS] = ""};

	(void)snprintf(instance, sizeof(instance), "%u", number);
	p->directory = conf->directory;
	*ret_what = conf->user ? conf->user : "account";
	int rc = plan_identity(p, conf);

	if (rc)
		return rc;
	*ret_what = probe->exec[0];
	rc = plan_env(p, conf, instance, values);
	for (size_t i = 0; rc == 0 && probe->exec[i]; i++) {
		if (i + 1 >= NV_LEN(p->argv))
			return -E2BIG;
		p->argv[i] = nv_expand(probe->exec[i], values);
		rc = p->argv[i] ? 0 : -ENOMEM;
	}
	return rc ? rc : plan_program(p);
}

/* ---- the child: system calls only ---- */

#define STATUS_SETUP 126 /* as shells say it: found, but not to be run */

static void
run_child(const struct plan *p, pid_t parent, int null_fd)
{
	struct sigaction dfl = {.sa_handler = SIG_DFL};
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		(void)sigaction(sig, &dfl, NULL); /* those that cannot be are fine */
	(void)sigemptyset(&none);
	if (sigprocmask(SIG_SETMASK, &none, NULL) < 0 || setsid() < 0 ||
		dup2(null_fd, 0) < 0 || dup2(null_fd, 1) < 0 || dup2(null_fd, 2) < 0 ||
		close_range(3, ~0U, 0) < 0)
		_exit(STATUS_SETUP);
	if (p->set_ids && (setgroups((size_t)p->n_groups, p->groups) < 0 ||
				  setresgid(p->gid, p->gid, p->gid) < 0 ||
				  setresuid(p->uid, p->uid, p->uid) < 0))
		_exit(STATUS_SETUP);
	/* Cleared by the change of the account; nova-probe may be gone already. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || getppid() != parent ||
		(p->directory && chdir(p->directory) < 0))
		_exit(STATUS_SETUP);
	(void)execve(p->path, p->argv, p->env);
	_exit(127);
}

/* ---- running ---- */

/* Whatever the check has started goes with it. */
static void
sweep(const struct probe_exec *over)
{
	static pid_t known[CHECKS_MAX];
	size_t n = 0;

	/* The loop reaps them, this one too. */
	for (const struct probe_exec *e = running; e && n < CHECKS_MAX; e = e->next)
		known[n++] = e->pid;
	probe_sweep(over->pid, known, n);
}

static void
forget(struct probe_exec *e)
{
	struct probe_exec **at = &running;

	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	ev_child_stop(e->loop, &e->child);
	ev_timer_stop(e->loop, &e->timer);
	free(e);
}

static void
on_exit_of_check(struct ev_loop *loop, ev_child *w, int revents)
{
	struct probe_exec *e = w->data;
	probe_done_fn *done = e->done;
	void *arg = e->arg;
	int status = w->rstatus;
	char took[NV_UNITS_BYTES];
	char why[120] = "";

	(void)loop;
	(void)revents;
	sweep(e);
	if (e->late)
		(void)snprintf(why, sizeof(why), "took longer than %s",
			nv_duration_show(e->timeout_ms, took));
	else if (WIFSIGNALED(status))
		(void)snprintf(why, sizeof(why), "signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status) == 127)
		(void)snprintf(why, sizeof(why), "exit 127 (the command was not found)");
	else if (WEXITSTATUS(status) != 0)
		(void)snprintf(why, sizeof(why), "exit %d", WEXITSTATUS(status));
	forget(e);
	if (done)
		done(arg, why[0] == '\0', why);
}

static void
on_late(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct probe_exec *e = w->data;

	(void)loop;
	(void)revents;
	e->late = true;
	(void)kill(e->pid, SIGKILL); /* it may have left its group */
	sweep(e);
}

static int
start(struct probe_exec *e, const struct plan *p)
{
	pid_t self = getpid();
	sigset_t all;
	sigset_t before;
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null_fd < 0)
		return -errno;
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &before); /* no handler of ours runs there */
	e->pid = fork();
	int error = errno;

	if (e->pid == 0)
		run_child(p, self, null_fd);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	(void)close(null_fd);
	return e->pid < 0 ? -error : 0;
}

int
probe_exec_start(struct ev_loop *loop, const struct nv_conf_worker *conf,
	const struct nv_conf_probe *probe, uint32_t instance, probe_done_fn *done,
	void *arg, struct probe_exec **ret, char *why, size_t why_bytes)
{
	struct probe_exec *e = calloc(1, sizeof(*e));
	struct plan *p = calloc(1, sizeof(*p));
	const char *what = "check";
	int rc = e && p ? plan_make(p, conf, probe, instance, &what) : -ENOMEM;

	if (rc == 0) {
		*e = (struct probe_exec){.loop = loop,
			.timeout_ms = probe->timeout_ms,
			.done = done,
			.arg = arg};
		rc = start(e, p);
	}
	if (rc < 0)
		(void)snprintf(why, why_bytes, "%s: %s", what, strerror(-rc));
	if (p)
		plan_fini(p);
	if (rc < 0) {
		free(e);
		return rc;
	}
	ev_child_init(&e->child, on_exit_of_check, e->pid, 0);
	e->child.data = e;
	ev_child_start(loop, &e->child);
	ev_now_update(loop);
	ev_timer_init(&e->timer, on_late, (double)e->timeout_ms / 1000, 0.);
	e->timer.data = e;
	ev_timer_start(loop, &e->timer);
	e->next = running;
	running = e;
	*ret = e;
	return 0;
}

void
probe_exec_cancel(struct probe_exec *e)
{
	if (!e)
		return;
	e->done = NULL;
	e->late = true;
	(void)kill(e->pid, SIGKILL);
	sweep(e);
}
