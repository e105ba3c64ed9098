/* novasupd: arguments, --check, the lock of the run directory, and the fork into keeper
 * and novasupd proper. */
#include "fdstore.h"
#include "fdtable.h"
#include "handover.h"
#include "keeper.h"
#include "leftover.h"
#include "notify.h"
#include "nv_cli.h"
#include "nv_clock.h"
#include "nv_fd.h"
#include "nv_log.h"
#include "nv_paths.h"
#include "nv_restore.h"
#include "nv_title.h"
#include "oom.h"
#include "reexec.h"
#include "reload.h"
#include "secret.h"
#include "sup.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define IMAGE_FD  3 /* of --check-image */
#define SHARED_FD 4

#define LOCK_WAIT_MS 60000
#define LOCK_LOOK_MS 20

struct options {
	const char *config;
	const char *state_dir;
	const char *run_dir;
	const char *log_dir;
	int ready_fd;
	int resume_fd; /* -1: a new fleet */
	bool check;
	bool check_image;
};

static const char usage[] =
	"usage: novasupd [OPTION...]\n"
	"\n"
	"Starts, watches and restarts the fleet of workers that nova.yaml describes.\n"
	"\n"
	"Options:\n"
	"  --config FILE    nova.yaml; worker types are in workers.d/ beside it\n"
	"  --state-dir DIR  the ledger\n"
	"  --run-dir DIR    sockets and the lock; one fleet each\n"
	"  --log-dir DIR    what workers print\n"
	"  --ready-fd N     write a newline to this descriptor when the fleet is ready\n"
	"  --check          check the configuration, list every error, exit\n"
	"  --help, --version\n"
	"\n"
	"The same as environment: NOVA_CONFIG, NOVA_STATE_DIR, NOVA_RUN_DIR,\n"
	"NOVA_LOG_DIR.\n"
	"Exit codes: 0 stopped as asked, or the configuration is valid; 2 wrong use,\n"
	"or the configuration has errors; 4 it failed, or another fleet holds the run\n"
	"directory.\n"
	"See also: novasupd(8), nova.yaml(5), novactl(1), nova(7).\n";

/* -1: go on; else the exit code. */
static int
parse_options(int argc, char **argv, struct options *ret)
{
	static const struct option known[] = {{"config", required_argument, NULL, 'c'},
		{"state-dir", required_argument, NULL, 's'},
		{"run-dir", required_argument, NULL, 'r'},
		{"log-dir", required_argument, NULL, 'l'},
		{"ready-fd", required_argument, NULL, 'f'},
		{"check", no_argument, NULL, 'k'},
		{"resume-fd", required_argument, NULL, 'R'},
		{"check-image", no_argument, NULL, 'I'}, {"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'v'}, {NULL, 0, NULL, 0}};
	struct nv_err err = {0};
	char *end;
	int opt;

	opterr = 0;
	*ret = (struct options){.ready_fd = -1, .resume_fd = -1};
	while ((opt = getopt_long(argc, argv, ":h", known, NULL)) != -1) {
		switch (opt) {
		case 'c':
			ret->config = optarg;
			break;
		case 's':
			ret->state_dir = optarg;
			break;
		case 'r':
			ret->run_dir = optarg;
			break;
		case 'l':
			ret->log_dir = optarg;
			break;
		case 'f':
			ret->ready_fd = (int)strtol(optarg, &end, 10);
			if (*end || end == optarg || ret->ready_fd < 1 ||
				fcntl(ret->ready_fd, F_GETFD) < 0) {
				(void)fprintf(stderr,
					"novasupd: --ready-fd %s: expected the number of "
					"an "
					"open descriptor\n",
					optarg);
				return NV_EXIT_USAGE;
			}
			break;
		case 'k':
			ret->check = true;
			break;
		case 'R': /* by our predecessor: handover.h */
			ret->resume_fd = (int)strtol(optarg, &end, 10);
			break;
		case 'I': /* the same: reexec.h */
			ret->check_image = true;
			break;
		case 'h':
			return nv_cli_say(usage);
		case 'v':
			return nv_cli_say_version("novasupd");
		default:
			(void)nv_cli_wrong(argv, known, opt, &err);
			return nv_cli_fail("novasupd", &err);
		}
	}
	return optind < argc ? nv_cli_surplus("novasupd", argv[optind]) : -1;
}

static int
check_config(const struct nv_paths *paths)
{
	struct nv_conf_errors errs = {0};
	struct sup_conf *conf = NULL;
	int rc = sup_conf_load(paths->config, false, 0, &conf, &errs);

	if (rc < 0 && errs.n > 0)
		nv_conf_errors_print(&errs, STDERR_FILENO);
	else if (rc < 0)
		(void)fprintf(stderr, "novasupd: %s: %s\n", paths->config, strerror(-rc));
	else
		(void)printf("%s: valid, %zu worker types\n", paths->config,
			conf->config->n_workers);
	nv_conf_errors_fini(&errs);
	sup_conf_drop(conf);
	if (rc == 0)
		return NV_EXIT_OK;
	return rc == -EINVAL ? NV_EXIT_USAGE : NV_EXIT_FAILED;
}

/* A service manager starts the next fleet while the last one, whose keeper was killed,
 * may still be writing down what its agents have said. */
static int
take_lock(int fd)
{
	int64_t until = nv_mono_ms() + (sup_notify_wanted() ? LOCK_WAIT_MS : 0);

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK || nv_mono_ms() >= until)
			return -errno;
		(void)poll(
			NULL, 0, LOCK_LOOK_MS); /* a lock tells nobody that it is free */
	}
	return 0;
}

/* Held by both processes until the last of them is gone, so that no second fleet begins
 * while the keeper still sweeps. */
static int
lock_run_dir(const char *run_dir, struct nv_err *err)
{
	char path[NV_PATH_MAX + 16];
	char text[32] = "";
	int rc = nv_mkdir_p(run_dir, 0755);

	if (rc < 0)
		return nv_err_set(err, rc, "%s: %s", run_dir, strerror(-rc));
	(void)snprintf(path, sizeof(path), "%s/novasupd.lock", run_dir);
	NV_CLEANUP_FD fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return nv_err_set(err, -errno, "%s: %s", path, strerror(errno));
	rc = take_lock(fd);
	if (rc < 0) {
		if (rc != -EWOULDBLOCK)
			return nv_err_set(err, rc, "%s: %s", path, strerror(-rc));
		ssize_t n = nv_read_full(fd, text, sizeof(text) - 1);

		return nv_err_set(err, rc,
			"%s is held by the fleet of novasupd %ld: two fleets need two "
			"run "
			"directories",
			path, n > 0 ? strtol(text, NULL, 10) : 0L);
	}
	int len = snprintf(text, sizeof(text), "%d\n", (int)getpid());

	if (ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t)len, 0) < 0)
		return nv_err_set(err, -errno, "%s: %s", path, strerror(errno));
	return nv_fd_steal(&fd);
}

/* Our log goes to standard error; whoever reads it (a pager, a stopped terminal) shall
 * not be able to hold the supervisor. Opened anew, as O_NONBLOCK on the one we got would
 * be shared with the shell. Lines that do not fit are lost; without the right to open it,
 * it stays as it is. */
static void
unblock_stderr(void)
{
	struct stat st;

	if (fstat(STDERR_FILENO, &st) < 0 ||
		(!S_ISFIFO(st.st_mode) &&
			!(S_ISCHR(st.st_mode) && isatty(STDERR_FILENO))))
		return;
	int fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd >= 0 && dup2(fd, STDERR_FILENO) < 0)
		nv_warn("standard error: %s", strerror(errno));
	nv_fd_close(&fd);
}

/* Descriptors that a shell or a build tool left open are nobody's business here; what the
 * service manager has kept for us is. */
static void
keep_standard_fds(int *ready_fd)
{
	int *own;
	size_t n = sup_fdstore_taken(&own); /* with room for another one */
	int fd;

	do {
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	nv_fd_close(&fd);
	NV_ASSERT(own);
	own[n++] = *ready_fd;
	sup_fdtable_sweep(own, n);
	for (fd = SUP_WINDOW_FIRST; fd < SUP_WINDOW_END; fd++) {
		if (fd != *ready_fd)
			(void)close(fd); /* if it is open */
	}
	free(own);
	if (*ready_fd <= STDERR_FILENO)
		return;
	/* Out of the window's numbers. */
	fd = fcntl(*ready_fd, F_DUPFD_CLOEXEC, SUP_WINDOW_END);
	if (fd >= 0) {
		nv_fd_close(ready_fd);
		*ready_fd = fd;
	}
	(void)nv_fd_set_cloexec(*ready_fd, true);
}

/* As another binary was, up to now. */
static int
go_on(const struct options *options, const struct nv_paths *paths)
{
	struct sup_shared *shared = NULL;
	int exit_code = NV_EXIT_FAILED;
	int rc = sup_keeper_continue(
		options->resume_fd, paths->bin_dir, &shared, &exit_code);

	if (rc < 0) {
		nv_error("what the last novasupd has left cannot be used: %s",
			strerror(-rc));
		return NV_EXIT_FAILED;
	}
	return rc == 0 ? sup_run(shared, -1) : exit_code;
}

/* Before anybody opens anything in the state directory. */
static int
finish_restore(const char *state_dir, struct nv_err *err)
{
	char before[NV_RESTORE_NAME];
	int rc = nv_restore_finish(state_dir, before, err);

	if (rc == 1)
		nv_info("a restore that was interrupted is finished%s%s",
			before[0] ? "; what was there before is in " : "", before);
	return NV_MIN(rc, 0);
}

static int
run(struct options *options, const struct nv_paths *paths)
{
	static struct sup_cgroup_root cgroups;
	struct sup_shared *shared = NULL;
	struct nv_err err = {0};
	int exit_code = NV_EXIT_FAILED;

	sup_fdstore_take();
	keep_standard_fds(&options->ready_fd);
	unblock_stderr();
	sup_oom_protect();
	if (strlen(paths->run_dir) >= sizeof(((struct nv_eng_hello *)0)->run_dir) - 20) {
		nv_error("%s: too long for a unix socket in it", paths->run_dir);
		return NV_EXIT_USAGE;
	}
	NV_CLEANUP_FD lock = lock_run_dir(paths->run_dir, &err);

	if (lock < 0 || finish_restore(paths->state_dir, &err) < 0) {
		nv_error("%s", err.text);
		return NV_EXIT_FAILED;
	}
	if (sup_secret_take(paths->run_dir, &err) < 0) {
		nv_error("%s", err.text);
		return NV_EXIT_USAGE;
	}
	sup_cgroup_root_init(&cgroups, paths->run_dir);
	(void)sup_leftover_kill(paths->run_dir);
	int rc = sup_keeper_start(paths, &cgroups, lock, &shared, &exit_code);

	if (rc < 0) {
		nv_error("the keeper cannot start novasupd: %s", strerror(-rc));
		return NV_EXIT_FAILED;
	}
	return rc == 0 ? sup_run(shared, options->ready_fd) : exit_code;
}

int
main(int argc, char **argv)
{
	struct options options;
	struct nv_paths paths;
	struct nv_err err = {0};

	nv_title_init(argc, argv);
	nv_log_init("novasupd");
	int rc = parse_options(argc, argv, &options);

	if (rc >= 0)
		return rc;
	rc = nv_paths_resolve(&paths, options.config, options.state_dir, options.run_dir,
		options.log_dir, &err);
	if (rc < 0) {
		(void)fprintf(stderr, "novasupd: %s\n", err.text);
		return NV_EXIT_USAGE;
	}
	if (options.check_image)
		return sup_reexec_check(IMAGE_FD, SHARED_FD);
	sup_handover_init(argc, argv);
	if (options.resume_fd >= 0)
		return go_on(&options, &paths);
	return options.check ? check_config(&paths) : run(&options, &paths);
}
