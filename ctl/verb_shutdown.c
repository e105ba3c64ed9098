/* shutdown, daemon-reexec: what ends novasupd, or lets it go on as another binary. */
#include "build.h"
#include "ctl.h"
#include "nv_clock.h"
#include "nv_fd.h"
#include "sup_client.h"
#include "verbs.h"
#include "workers.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SHUTDOWN_TIMEOUT_MS 120000
#define SETTLE_MS           60000 /* for processes that are replaced one by one */
#define SETTLE_NAP_MS       50

static pid_t
parent_of(pid_t pid)
{
	char path[32], stat[512];

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	NV_CLEANUP_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, stat, sizeof(stat) - 1);

	if (n <= 0)
		return 0;
	stat[n] = '\0';
	/* The name, in brackets, may itself have blanks and brackets. */
	const char *state = strrchr(stat, ')');

	return state && strlen(state) > 4 ? (pid_t)strtol(state + 4, NULL, 10) : 0;
}

/* A pidfd of the keeper: it holds the lock of the run directory until its own end, after
 * novasupd's. -1 when it cannot be seen from here, as from another pid namespace. */
static int
keeper_of(struct ctl_sup *sup)
{
	struct nv_fleet fleet;
	struct nv_err err = {0};
	pid_t keeper = 0;

	if (ctl_sup_status_ask(sup, "", true, &err) != NV_EXIT_OK ||
		ctl_sup_status_take(sup, &fleet, &err) != NV_EXIT_OK)
		return -1;
	for (size_t i = 0; i < fleet.n_procs; i++)
		if (strcmp(fleet.procs[i].name, "novasupd") == 0)
			keeper = parent_of(fleet.procs[i].pid);
	bool seen = keeper > 0 && keeper == fleet.nova.pid;

	nv_fleet_clear(&fleet);
	return seen ? (int)syscall(SYS_pidfd_open, keeper, 0) : -1;
}

/* novasupd closes the connection when it ends, and nobody listens any more; one that was
 * killed meanwhile is followed by another, which goes on with the end of the fleet. */
static int
wait_gone(struct ctl *ctl, struct ctl_sup *sup, int keeper, int64_t deadline_ms)
{
	for (;;) {
		struct nv_msg *msg = ctl_alloc(1, sizeof(*msg));
		int rc = nv_msg_recv(sup->fd, 'S', 'C', msg, NULL, 0);

		if (rc == 1)
			nv_msg_fini(msg);
		free(msg);
		sup->gone = rc == 0 || rc == -ECONNRESET || rc == -EPIPE;
		if (sup->gone && !ctl_sup_again(sup))
			break;
		if (rc == -EAGAIN && ctl_poll(sup->fd, POLLIN, deadline_ms) == -ETIMEDOUT)
			return ctl_fail(&ctl->out, NV_EXIT_FAILED,
				"novasupd is still stopping: see `novactl status`");
	}
	/* Until then the next start would find the run directory locked. */
	if (keeper >= 0 && ctl_poll(keeper, POLLIN, deadline_ms) == -ETIMEDOUT)
		return ctl_fail(&ctl->out, NV_EXIT_FAILED,
			"the fleet has stopped, but the keeper of novasupd is still "
			"there");
	if (ctl->out.json)
		ctl_json(&ctl->out, ctl_need(json_pack("{s:b}", "ok", 1)));
	else
		ctl_print(&ctl->out, CTL_PLAIN, "stopped\n");
	return NV_EXIT_OK;
}

int
ctl_verb_shutdown(struct ctl *ctl)
{
	struct ctl_sup sup;
	struct nv_sup_request request = {0};
	struct nv_err err = {0};
	int64_t timeout_ms;

	if (ctl_timeout(ctl, SHUTDOWN_TIMEOUT_MS, &timeout_ms) < 0)
		return NV_EXIT_USAGE;
	int code = ctl_sup_open(&sup, &ctl->paths, &err);
	NV_CLEANUP_FD keeper = code == NV_EXIT_OK ? keeper_of(&sup) : -1;

	if (code == NV_EXIT_OK)
		code = ctl_sup_request(&sup, NV_MSG_SUP_SHUTDOWN, &request,
			nv_mono_ms() + CTL_DEADLINE_MS, NULL, &err);
	if (code == NV_EXIT_OK) {
		ctl_progress(&ctl->out, "waiting for the fleet to stop");
		code = wait_gone(ctl, &sup, keeper, nv_mono_ms() + timeout_ms);
	} else {
		ctl_fail_err(&ctl->out, code, &err);
	}
	ctl_sup_close(&sup);
	return code;
}

/* Until each of Nova's own processes runs the program of the new directory, is up, and
 * the engine is ready; or until the deadline, as one that does not come up is no failure
 * of this. */
static int
settled(struct ctl_sup *sup, int64_t deadline_ms, struct nv_fleet *ret,
	struct nv_err *err)
{
	for (;;) {
		int code = ctl_sup_status(sup, "", ret, err);

		if (code != NV_EXIT_OK || nv_mono_ms() >= deadline_ms ||
			(ret->nova.ready && ctl_build_settled(ret)))
			return code;
		nv_fleet_clear(ret);
		(void)poll(NULL, 0, SETTLE_NAP_MS);
	}
}

/* The answer comes before the deed; what is told is what is there afterwards. */
static int
show_reexec(struct ctl *ctl, struct ctl_sup *sup, int64_t deadline_ms)
{
	struct nv_fleet fleet;
	struct nv_err err = {0};

	/* The connection ends with the process that has answered. */
	struct nv_msg *msg = ctl_alloc(1, sizeof(*msg));
	int rc = -EAGAIN;

	while (rc == -EAGAIN && ctl_poll(sup->fd, POLLIN, deadline_ms) == 0)
		rc = nv_msg_recv(sup->fd, 'S', 'C', msg, NULL, 0);
	free(msg);
	sup->gone = true;
	if (!ctl_sup_again(sup))
		return ctl_fail(
			&ctl->out, NV_EXIT_FAILED, "novasupd is gone: see its log");
	int code = settled(sup, nv_mono_ms() + SETTLE_MS, &fleet, &err);

	if (code != NV_EXIT_OK)
		return ctl_fail_err(&ctl->out, code, &err);
	const char *old = ctl_build_old(&fleet);

	if (ctl->out.json)
		ctl_json(&ctl->out, ctl_need(json_pack("{s:b,s:s,s:s?}", "ok", 1,
					    "version", fleet.nova.version, "old", old)));
	else
		ctl_print(&ctl->out, CTL_PLAIN, "going on as novasupd %s%s%s\n",
			fleet.nova.version, old ? "; still of the one before: " : "",
			old ? old : "");
	nv_fleet_clear(&fleet);
	return NV_EXIT_OK;
}

int
ctl_verb_reexec(struct ctl *ctl)
{
	const char *binary = ctl_opt(&ctl->args, "binary");
	int64_t deadline_ms = nv_mono_ms() + CTL_DEADLINE_MS;
	NV_CLEANUP_FREE char *path = NULL;
	NV_CLEANUP_FREE char *text = NULL;
	struct ctl_sup sup;
	struct nv_err err = {0};

	if (binary) {
		path = realpath(binary, NULL);
		if (!path)
			return ctl_fail(&ctl->out, NV_EXIT_USAGE, "%s: %s", binary,
				strerror(errno));
	}
	int code = ctl_sup_open(&sup, &ctl->paths, &err);

	if (code == NV_EXIT_OK)
		code = ctl_sup_reexec(&sup, path ? path : "", deadline_ms, &text, &err);
	if (code == NV_EXIT_OK)
		code = show_reexec(ctl, &sup, deadline_ms);
	else
		ctl_fail_err(&ctl->out, code, &err);
	ctl_sup_close(&sup);
	return code;
}
