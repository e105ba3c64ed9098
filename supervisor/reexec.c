/* Another binary in place of this one: see reexec.h. */
#include "reexec.h"
#include "keeper.h"
#include "nv_fd.h"
#include "nv_log.h"
#include "nv_version.h"
#include "resume.h"
#include "setting.h"
#include "sup.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHECK_S 10.
#define SAYS    "novasupd "

/* One at a time. */
static struct {
	struct sup *sup; /* NULL: none is under way */
	struct sup_child child;
	ev_timer patience;
	int words; /* owned: what the new binary prints */
	char path[SUP_REEXEC_PATH_MAX];
	sup_reexec_done_fn *done;
	void *arg;
} check = {.words = -1};

static void
answer(bool good, const char *text)
{
	sup_reexec_done_fn *done = check.done;

	ev_timer_stop(check.sup->loop, &check.patience);
	nv_fd_close(&check.words);
	check.sup = NULL;
	check.done = NULL;
	if (done)
		done(check.arg, good, text);
}

/* Everything that is to outlive us is in the image and in the descriptor table. */
NV_NORETURN static void
end_with_a_mark(const struct sup *sup)
{
	(void)snprintf(sup->shared->reexec_path, sizeof(sup->shared->reexec_path), "%s",
		check.path);
	_exit(NV_EXIT_OK);
}

static void
on_checked(struct sup_child *child, const struct sup_exit *ended)
{
	struct sup *sup = check.sup;
	char words[1500] = "";
	char text[SUP_REEXEC_PATH_MAX + 1600];
	ssize_t n = read(check.words, words, sizeof(words) - 1);

	(void)child;
	words[NV_MAX(n, 0)] = '\0';
	words[strcspn(words, "\n")] = '\0';
	/* Any program may end well; this one also says what it is. */
	bool is_novasupd = strncmp(words, SAYS, sizeof(SAYS) - 1) == 0;

	sup_state_fleet(sup);
	sup_groups_keep(sup);
	sup_state_commit();
	if (!sup_state_is_whole()) {
		nv_error("daemon-reexec: the state could not be kept");
		answer(false, "the state could not be kept");
		return;
	}
	if (WIFEXITED(ended->status) && WEXITSTATUS(ended->status) == 0 && is_novasupd) {
		nv_info("going on as %s (%s)", check.path, words);
		answer(true, words);
		end_with_a_mark(sup);
	}
	(void)snprintf(text, sizeof(text), "%s is refused: %s", check.path,
		words[0]                   ? words
		: WIFEXITED(ended->status) ? "it cannot check a state"
					   : "it was killed or took too long");
	nv_error("daemon-reexec: %s", text);
	answer(false, text);
}

static void
on_patience(struct ev_loop *loop, ev_timer *t, int revents)
{
	(void)loop;
	(void)t;
	(void)revents;
	sup_child_signal(&check.child, SIGKILL);
}

/* The path behind a /proc/PID/exe; of one that was replaced the kernel says "(deleted)".
 */
static int
program_path(const char *exe, char *ret, size_t ret_bytes)
{
	static const char gone[] = " (deleted)";
	ssize_t n = readlink(exe, ret, ret_bytes - 1);

	if (n < 0)
		return -errno;
	ret[n] = '\0';
	size_t len = (size_t)n;

	if (len > sizeof(gone) - 1 && strcmp(ret + len - (sizeof(gone) - 1), gone) == 0)
		ret[len - (sizeof(gone) - 1)] = '\0';
	return 0;
}

static int
spawn_check(struct sup *sup, struct sup_spawn_error *error)
{
	char name[] = "novasupd";
	char option[] = "--check-image";
	char *argv[] = {name, option, NULL};
	char *candidates[] = {check.path, NULL};
	struct sup_own_env env;
	NV_CLEANUP_FD copy = -1;
	NV_CLEANUP_FD ours = -1;
	NV_CLEANUP_FD theirs = -1;
	pid_t pid;
	int pidfd;

	*error = (struct sup_spawn_error){.stage = SUP_STAGE_DESCRIPTORS};
	/* A copy: we go on writing. */
	int rc = sup_image_copy(sup->image, &copy);

	if (rc == 0)
		rc = nv_pipe(&ours, &theirs, 0);
	if (rc == 0)
		rc = nv_fd_set_nonblock(ours, true);
	if (rc < 0) {
		error->error = -rc;
		return rc;
	}
	sup_own_env_init(&env);
	struct sup_spawn spec = {.argv = argv,
		.envp = env.list,
		.candidates = candidates,
		.fds = {sup->null_fd, theirs, theirs, copy, sup->shared->shared_fd},
		.n_fds = 5,
		.cgroup_fd = -1};
	uint64_t since = sup_children_mark();

	rc = sup_spawn(&spec, &pid, &pidfd, error);
	if (rc < 0)
		return rc;
	check.words = nv_fd_steal(&ours);
	sup_child_add(&check.child, pid, pidfd, since, on_checked, NULL);
	return 0;
}

void
sup_reexec_begin(struct sup *sup, const char *binary, sup_reexec_done_fn *done, void *arg)
{
	struct sup_spawn_error error;
	char text[SUP_REEXEC_PATH_MAX + 200];

	if (check.sup || sup->phase != SUP_RUNNING) {
		done(arg, false,
			check.sup ? "another one is under way" : "nova is stopping");
		return;
	}
	int rc = 0;

	(void)snprintf(check.path, sizeof(check.path), "%s", binary);
	if (!binary[0])
		rc = program_path("/proc/self/exe", check.path, sizeof(check.path));
	if (rc < 0 || check.path[0] != '/') {
		done(arg, false,
			rc < 0 ? "/proc/self/exe cannot be read"
			       : "the path of a binary begins with /");
		return;
	}
	sup_state_commit();
	if (!sup_state_is_whole()) {
		done(arg, false,
			"the state could not be kept: nothing could go on from it");
		return;
	}
	rc = spawn_check(sup, &error);
	if (rc < 0) {
		(void)snprintf(text, sizeof(text), "%s is refused: %s: %s", check.path,
			sup_stage_name(error.stage), strerror(error.error));
		done(arg, false, text);
		return;
	}
	check.sup = sup;
	check.done = done;
	check.arg = arg;
	ev_timer_init(&check.patience, on_patience, CHECK_S, 0.);
	ev_timer_start(sup->loop, &check.patience);
}

void
sup_reexec_forget(const void *arg)
{
	if (check.arg == arg)
		check.done = NULL;
}

/* ---- after it ---- */

/* Is what runs another file than the one that would be started now? A script is run by
 * somebody else's program, so nobody knows. */
static bool
is_other(const struct sup *sup, pid_t pid, const char *program)
{
	char path[NV_PATH_MAX + 32];
	char runs_as[NV_PATH_MAX];
	char exe[64];
	struct stat runs;
	struct stat would;

	(void)snprintf(path, sizeof(path), "%s/%s", sup->paths.bin_dir, program);
	(void)snprintf(exe, sizeof(exe), "/proc/%d/exe", (int)pid);
	if (program_path(exe, runs_as, sizeof(runs_as)) < 0)
		return false;
	const char *name = strrchr(runs_as, '/');

	return name && strcmp(name + 1, program) == 0 && stat(exe, &runs) == 0 &&
	       stat(path, &would) == 0 &&
	       (runs.st_dev != would.st_dev || runs.st_ino != would.st_ino);
}

/* False: the next one has to wait. */
static bool
renew_link(struct sup *sup, struct sup_link *link)
{
	if (!link->wanted)
		return true;
	/* The next one only when this one is there again. */
	if (link->state != SUP_LINK_UP)
		return false;
	if (!is_other(sup, link->child.pid, link->program))
		return true;
	nv_info("%s is replaced by the one of the new binary", link->program);
	sup_link_kill(link);
	link->state = SUP_LINK_STOPPING;
	return false;
}

/* Gateway, alerts and platforms end as at a reload: what they have begun they finish, and
 * what they were not told yet they ask again. One that does not come up holds nobody up.
 */
static bool
renew_system(struct sup *sup, struct sup_worker *w)
{
	const struct sup_instance *inst = w->n_instances ? w->instances[0] : NULL;

	if (!w->conf->system || !inst || !inst->now)
		return true;
	if (inst->machine.state != SUP_INST_UP)
		return inst->machine.state == SUP_INST_BACKOFF;
	if (!is_other(sup, inst->now->child.pid, w->conf->argv[0]))
		return true;
	nv_info("%s is replaced by the one of the new binary", w->name);
	(void)sup_worker_restart(w, 0, "daemon-reexec");
	return false;
}

void
sup_reexec_renew(struct sup *sup)
{
	struct sup_link *const links[] = {&sup->logger, &sup->probe, &sup->engine};

	if (!sup->renewing || sup->phase != SUP_RUNNING)
		return;
	for (size_t i = 0; i < NV_LEN(links); i++) {
		if (!renew_link(sup, links[i]))
			return;
	}
	for (struct sup_worker *w = sup->workers; w; w = w->next) {
		if (!renew_system(sup, w))
			return;
	}
	sup->renewing = false;
	sup_state_fleet(sup);
}

/* ---- the other side ---- */

/* Another one for the test of what happens then. */
static uint16_t
state_version(void)
{
	const char *text = getenv("NOVA_TEST_STATE_VERSION");

	return text ? (uint16_t)strtol(text, NULL, 10) : SUP_STATE_VERSION;
}

int
sup_reexec_check(int image_fd, int shared_fd)
{
	struct sup_image *image = NULL;
	struct nv_err err = {0};
	struct stat st;
	char why[200] = "";
	struct sup_shared *shared = MAP_FAILED;

	if (fstat(shared_fd, &st) == 0 && st.st_size >= (off_t)sizeof(*shared))
		shared = mmap(NULL, sizeof(*shared), PROT_READ, MAP_SHARED, shared_fd, 0);
	if (shared == MAP_FAILED || shared->version != SUP_SHARED_VERSION ||
		st.st_size != (off_t)sizeof(*shared)) {
		(void)fprintf(stderr,
			"novasupd %s shares memory of version %u (%zu bytes) with its "
			"keeper, and "
			"found another one\n",
			nv_version(), (unsigned)SUP_SHARED_VERSION, sizeof(*shared));
		return NV_EXIT_NO;
	}
	int rc = sup_image_open(image_fd, &image, why, sizeof(why));

	if (rc == 0)
		rc = sup_resume_check(image, state_version(), &err);
	sup_image_free(image);
	if (rc < 0) {
		(void)fprintf(stderr, "novasupd %s cannot read the state: %s\n",
			nv_version(),
			err.text[0] ? err.text
			: why[0]    ? why
				    : strerror(-rc));
		return NV_EXIT_NO;
	}
	(void)printf(SAYS "%s\n", nv_version());
	return NV_EXIT_OK;
}
