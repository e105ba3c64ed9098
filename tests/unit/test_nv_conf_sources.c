/* Where the configuration comes from: real files, variables, and the snapshot that
 * other processes get. */
#include "conf_fixture.h"
#include "nv_fd.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[100];

static void
setup(void)
{
	(void)snprintf(dir, sizeof(dir), "/tmp/nova-conf-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

/* rm -r of a directory that holds one level of directories at most. */
static void
teardown(void)
{
	char command[200];
	pid_t pid = fork();

	(void)snprintf(command, sizeof(command), "%s", dir);
	if (pid == 0) {
		(void)execlp("rm", "rm", "-rf", command, (char *)NULL);
		_exit(127);
	}
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

static const char *
path_of(const char *name)
{
	static char path[4][300];
	static unsigned turn;
	char *p = path[turn++ % 4];

	(void)snprintf(p, sizeof(path[0]), "%s/%s", dir, name);
	return p;
}

static void
put(const char *name, const char *text)
{
	ck_assert_int_eq(
		nv_write_file_atomic(path_of(name), text, strlen(text), 0644), 0);
}

static void
read_all(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	f->rc = nv_conf_sources_read(&f->sources, path_of("nova.yaml"), &f->errs);
}

static void
fini(struct fixture *f)
{
	nv_config_free(f->config);
	nv_conf_errors_fini(&f->errs);
	nv_conf_sources_fini(&f->sources);
}

static bool
contains(const struct nv_conf_sources *s, const char *text)
{
	for (size_t i = 0; i < s->n; i++) {
		if (memmem(s->list[i].text, s->list[i].bytes, text, strlen(text)))
			return true;
	}
	return false;
}

START_TEST(test_files)
{
	struct fixture f;

	put("nova.yaml", "min_roi: 120%\n");
	ck_assert_int_eq(mkdir(path_of("workers.d"), 0755), 0);
	put("workers.d/b.yml", "worker: b\ncommand: [x]\n");
	put("workers.d/a.json", "{\"worker\": \"a\", \"command\": [\"x\"]}");
	put("workers.d/c.yaml", "worker: c\ncommand: [x]\n");
	put("workers.d/.hidden.yaml", "nonsense");
	put("workers.d/c.yaml~", "nonsense");
	put("workers.d/README", "nonsense");
	put(".env",
		"SCALE_ROI=500\nSTRIPE_API_KEY=sk_live_1\nPEM=\"-----BEGIN\nabc=1\n\"\n"
		"RUN_INTERVAL=5\n");
	ck_assert_int_eq(setenv("KILL_ROI", "-20", 1), 0);
	ck_assert_int_eq(setenv("SECRET_OF_OTHERS", "hush", 1), 0);
	read_all(&f);
	ck_assert_msg(f.rc == 0, "%s", fixture_errors(&f));
	ck_assert_uint_eq(f.sources.n, 6);
	ck_assert_str_eq(f.sources.list[0].name, path_of("nova.yaml"));
	ck_assert_str_eq(f.sources.list[1].name, path_of("workers.d/a.json"));
	ck_assert_str_eq(f.sources.list[2].name, path_of("workers.d/b.yml"));
	ck_assert_str_eq(f.sources.list[3].name, path_of("workers.d/c.yaml"));
	ck_assert_str_eq(f.sources.list[4].name, path_of(".env"));
	ck_assert_str_eq(f.sources.list[5].name, "environment");
	ck_assert(!contains(&f.sources, "sk_live"));
	ck_assert(!contains(&f.sources, "STRIPE"));
	ck_assert(!contains(&f.sources, "abc"));
	ck_assert(!contains(&f.sources, "hush"));
	ck_assert_msg(fixture_parse(&f) == 0, "%s", fixture_errors(&f));
	ck_assert_str_eq(f.config->dir, dir);
	ck_assert_uint_eq(f.config->n_workers, 3);
	ck_assert_int_eq(f.config->scale_roi_ppm, 5000000);
	ck_assert_int_eq(f.config->kill_roi_ppm, -200000);
	ck_assert_int_eq(f.config->run_interval_ms, 5000);
	struct fixture_shown s = fixture_show(&f, "scale_roi");
	char wanted[300];

	(void)snprintf(wanted, sizeof(wanted), "%s/.env:1 SCALE_ROI", dir);
	ck_assert_str_eq(s.origin, wanted);
	(void)snprintf(wanted, sizeof(wanted), "%s/.env:6 RUN_INTERVAL", dir);
	ck_assert_str_eq(fixture_show(&f, "run_interval").origin, wanted);
	ck_assert_str_eq(fixture_show(&f, "kill_roi").origin, "environment KILL_ROI");
	fini(&f);
}
END_TEST

START_TEST(test_missing)
{
	struct fixture f;

	read_all(&f);
	ck_assert_int_eq(f.rc, -EINVAL);
	ck_assert_uint_eq(f.errs.n, 1);
	ck_assert_str_eq(f.errs.list[0].file, path_of("nova.yaml"));
	ck_assert_str_eq(
		f.errs.list[0].text, "cannot be read: No such file or directory");
	ck_assert_int_eq(fixture_parse(&f), -EINVAL);
	fini(&f);
	memset(&f, 0, sizeof(f));
	ck_assert_int_eq(
		nv_conf_sources_read(&f.sources, "/nowhere/at/all/nova.yaml", &f.errs),
		-EINVAL);
	ck_assert_uint_eq(f.errs.n, 1);
	fini(&f);
}
END_TEST

START_TEST(test_all_troubles_at_once)
{
	struct fixture f;
	static char big[11 << 20];

	put("nova.yaml", "min_roi: 5\n");
	ck_assert_int_eq(mkdir(path_of("workers.d"), 0755), 0);
	ck_assert_int_eq(mkdir(path_of("workers.d/dir.yaml"), 0755), 0);
	ck_assert_int_eq(mkfifo(path_of("workers.d/fifo.yaml"), 0644), 0);
	ck_assert_int_eq(symlink("nothing", path_of("workers.d/link.yaml")), 0);
	put("workers.d/open.yaml", "worker: o\ncommand: [x]\n");
	ck_assert_int_eq(chmod(path_of("workers.d/open.yaml"), 0666), 0);
	memset(big, 'a', sizeof(big) - 1);
	put("workers.d/big.yaml", big);
	put("workers.d/nul.yaml", "worker: n\ncommand: [x]\nkind: \x01\n");
	put(".env", "MIN_RIO=5\nNOVA_STATE_DIR=/x\nNOVA_CRASHES_MAXX=1\nno equals sign\n"
		    "=x\nA='b'c\nTOKEN='never closed\n");
	read_all(&f);
	ck_assert_int_eq(f.rc, -EINVAL);
	ck_assert_int_eq(fixture_parse(&f), -EINVAL);
	static const char *const says[] = {
		".env:1:1: MIN_RIO: unknown variable; did you mean \"MIN_ROI\"?",
		".env:2:1: NOVA_STATE_DIR: works only in the environment of the process",
		".env:3:1: NOVA_CRASHES_MAXX: unknown variable; did you mean "
		"\"NOVA_CRASHES_MAX\"?",
		".env:4:1: expected NAME=VALUE or a comment",
		".env:5:1: expected NAME=VALUE or a comment",
		".env:6:1: text after the closing quote",
		".env:7:1: the quote is never closed",
		"nova.yaml:1:10: min_roi: expected a percentage such as 150%, found "
		"\"5\"",
		"workers.d/big.yaml: larger than 4194304 bytes",
		"workers.d/dir.yaml: is not a regular file",
		"workers.d/fifo.yaml: is not a regular file",
		"workers.d/link.yaml: cannot be read: No such file or directory",
		"workers.d/nul.yaml:3:7: control characters are not allowed (0x01)",
	};

	for (size_t i = 0; i < NV_LEN(says); i++)
		ck_assert_msg(strstr(fixture_errors(&f), says[i]), "no \"%s\" in\n%s",
			says[i], fixture_errors(&f));
	bool root = geteuid() == 0;

	ck_assert_int_eq(
		root, strstr(fixture_errors(&f), "open.yaml: anybody may write to "
						 "it, and Nova runs as root") != NULL);
	ck_assert_uint_eq(f.errs.n, NV_LEN(says) + (root ? 1 : 0));
	fini(&f);
}
END_TEST

START_TEST(test_relative)
{
	struct fixture f;
	char cwd[1000];

	put("nova.yaml", "");
	ck_assert_ptr_nonnull(getcwd(cwd, sizeof(cwd)));
	ck_assert_int_eq(chdir(dir), 0);
	memset(&f, 0, sizeof(f));
	ck_assert_int_eq(nv_conf_sources_read(&f.sources, "nova.yaml", &f.errs), 0);
	ck_assert_str_eq(f.sources.dir, dir);
	fini(&f);
	ck_assert_int_eq(chdir(cwd), 0);
}
END_TEST

/* ---- variables ---- */

static void
add_env(struct fixture *f, const char *dotenv, const char *environment, size_t bytes)
{
	if (dotenv)
		fixture_add(f, NV_SOURCE_DOTENV, ".env", dotenv, strlen(dotenv));
	if (environment)
		fixture_add(f, NV_SOURCE_ENVIRONMENT, "environment", environment, bytes);
}

static const struct {
	const char *dotenv;
	const char *key;
	const char *value;
	const char *origin;
} variables[] = {
	{"MAX_DAILY_BUDGET=12.5\n", "max_daily_budget", "$12.50",
		".env:1 MAX_DAILY_BUDGET"},
	{"MAX_DAILY_BUDGET=$7\n", "max_daily_budget", "$7.00", ".env:1 MAX_DAILY_BUDGET"},
	{"MAX_DAILY_BUDGET=10 EUR/day\n", "max_daily_budget", "$10.80",
		".env:1 MAX_DAILY_BUDGET"},
	{"\n# c\nMIN_ROI = 99 # c\n", "min_roi", "99%", ".env:3 MIN_ROI"},
	{"MIN_ROI=\"99%\"  # c", "min_roi", "99%", ".env:1 MIN_ROI"},
	{"MIN_ROI='99'\r\n", "min_roi", "99%", ".env:1 MIN_ROI"},
	{"MIN_ROI=99\r\n", "min_roi", "99%", ".env:1 MIN_ROI"},
	{"export MIN_ROI=99\n", "min_roi", "99%", ".env:1 MIN_ROI"},
	{"\xef\xbb\xbfMIN_ROI=99", "min_roi", "99%", ".env:1 MIN_ROI"},
	{"MIN_ROI=\n", "min_roi", "150%", "default"},
	{"MIN_ROI= # c\n", "min_roi", "150%", "default"},
	{"SCALE_ROI_THRESHOLD=400\n", "scale_roi", "400%", ".env:1 SCALE_ROI_THRESHOLD"},
	{"AUTONOMOUS_ENABLED=True\n", "autonomous.enabled", "true",
		".env:1 AUTONOMOUS_ENABLED"},
	{"AUTONOMOUS_MODE=1\n", "autonomous.enabled", "true", ".env:1 AUTONOMOUS_MODE"},
	{"RUN_INTERVAL=90\n", "run_interval", "1m30s", ".env:1 RUN_INTERVAL"},
	{"RUN_INTERVAL=2h\n", "run_interval", "2h", ".env:1 RUN_INTERVAL"},
	{"NOVA_CRASHES_MAX=7\n", "crashes.max", "7", ".env:1 NOVA_CRASHES_MAX"},
	{"NOVA_CRASHES_BACKOFF=2s..3s\n", "crashes.backoff", "2s..3s",
		".env:1 NOVA_CRASHES_BACKOFF"},
	{"NOVA_LOGS_SIZE=1048576\n", "logs.size", "1MiB", ".env:1 NOVA_LOGS_SIZE"},
	{"MIN_ROI=99\nNOVA_MIN_ROI=99\n", "min_roi", "99%", ".env:2 NOVA_MIN_ROI"},
	{"MIN_RUNS_XYZ=1\nMINI=2\nROI=3\nMAX_ROUNDS=1\nPATH=/x\n", "min_roi", "150%",
		"default"},
};

START_TEST(test_variables)
{
	struct fixture f;

	fixture_init(&f, "currencies: {EUR: 1.08 USD}\n");
	add_env(&f, variables[_i].dotenv, NULL, 0);
	ck_assert_msg(fixture_parse(&f) == 0, "%s", fixture_errors(&f));
	struct fixture_shown s = fixture_show(&f, variables[_i].key);

	ck_assert_str_eq(s.value, variables[_i].value);
	ck_assert_str_eq(s.origin, variables[_i].origin);
	fixture_fini(&f);
}
END_TEST

static const struct {
	const char *dotenv;
	const char *says;
} bad_variables[] = {
	{"MIN_ROI=abc\n",
		".env:1:1: MIN_ROI: expected a percentage such as 150%, found \"abc\""},
	{"  MIN_ROI=nan\n",
		".env:1:3: MIN_ROI: expected a percentage such as 150%, found \"nan\""},
	{"MAX_DAILY_BUDGET=-1\n",
		".env:1:1: MAX_DAILY_BUDGET: -1 USD is below the minimum $0.00"},
	{"MAX_DAILY_BUDGET=1e400\n",
		".env:1:1: MAX_DAILY_BUDGET: \"1e400 USD\" is not below 9200000000"},
	{"MAX_DAILY_BUGDET=1\n",
		".env:1:1: MAX_DAILY_BUGDET: unknown variable; did you mean "
		"\"MAX_DAILY_BUDGET\"?"},
	{"NOVA_WHATEVER_IT_IS=1\n", ".env:1:1: NOVA_WHATEVER_IT_IS: unknown variable; "
				    "settings are NOVA_ and their "
				    "key in capitals, such as NOVA_CRASHES_MAX"},
	{"MIN_ROI=1\nMIN_ROI=1\n", ".env:2:1: MIN_ROI: given twice; first on line 1"},
	{"AUTONOMOUS_ENABLED=true\nAUTONOMOUS_MODE=false\n",
		".env:2:1: AUTONOMOUS_MODE: differs from AUTONOMOUS_ENABLED, which sets "
		"the "
		"same; keep one of them"},
	{"AUTONOMOUS_MODE=full\n",
		".env:1:1: AUTONOMOUS_MODE: expected true or false, found \"full\""},
	{"RUN_INTERVAL=0\n", ".env:1:1: RUN_INTERVAL: 0s is below the minimum 100ms"},
};

START_TEST(test_bad_variables)
{
	struct fixture f;

	fixture_init(&f, "");
	add_env(&f, bad_variables[_i].dotenv, NULL, 0);
	ck_assert_int_eq(fixture_parse(&f), -EINVAL);
	ck_assert_str_eq(fixture_errors(&f), bad_variables[_i].says);
	fixture_fini(&f);
}
END_TEST

START_TEST(test_precedence)
{
	static const char environment[] = "MIN_ROI=3\0SCALE_ROI=\0JUNK\0OTHER=1";
	struct fixture f;

	fixture_init(&f, "min_roi: 1%\nscale_roi: 200%\n");
	add_env(&f, "MIN_ROI=2\nSCALE_ROI=300\n", environment, sizeof(environment));
	ck_assert_msg(fixture_parse(&f) == 0, "%s", fixture_errors(&f));
	ck_assert_str_eq(fixture_show(&f, "min_roi").value, "3%");
	ck_assert_str_eq(fixture_show(&f, "min_roi").origin, "environment MIN_ROI");
	ck_assert_str_eq(fixture_show(&f, "scale_roi").value, "300%");
	fixture_fini(&f);

	/* A bad value in the file is not hidden by a good variable. */
	fixture_init(&f, "min_roi: 1\n");
	add_env(&f, NULL, environment, sizeof(environment));
	ck_assert_int_eq(fixture_parse(&f), -EINVAL);
	fixture_fini(&f);

	fixture_init(&f, "");
	add_env(&f, NULL, "MIN_ROI=x", 9);
	ck_assert_int_eq(fixture_parse(&f), -EINVAL);
	ck_assert_str_eq(fixture_errors(&f),
		"environment: MIN_ROI: expected a percentage such as 150%, found \"x\"");
	fixture_fini(&f);
}
END_TEST

/* ---- what depends on the machine ---- */

START_TEST(test_user)
{
	struct fixture f;

	for (int snapshot = 0; snapshot < 2; snapshot++) {
		fixture_init(&f, "");
		f.sources.from_snapshot = snapshot;
		f.sources.uid = 0;
		fixture_worker(&f, "w.yaml",
			"worker: w\ncommand: [x]\nuser: no-such-account-here\n");
		ck_assert_int_eq(fixture_parse(&f), snapshot ? 0 : -EINVAL);
		if (!snapshot)
			ck_assert_str_eq(fixture_errors(&f),
				"w.yaml:3:7: user: there is no account "
				"\"no-such-account-here\" on this machine");
		fixture_fini(&f);
	}
	fixture_init(&f, "");
	f.sources.from_snapshot = false;
	f.sources.uid = 4242;
	fixture_worker(&f, "w.yaml", "worker: w\ncommand: [x]\nuser: root\n");
	ck_assert_int_eq(fixture_parse(&f), -EINVAL);
	ck_assert_str_eq(fixture_errors(&f), "w.yaml:3:7: user: only root can start "
					     "workers as another account; Nova runs "
					     "as uid 4242, \"root\" is uid 0");
	fixture_fini(&f);
	fixture_init(&f, "");
	f.sources.from_snapshot = false;
	f.sources.uid = 0;
	fixture_worker(&f, "w.yaml", "worker: w\ncommand: [x]\nuser: root\n");
	ck_assert_int_eq(fixture_parse(&f), 0);
	fixture_fini(&f);
}
END_TEST

START_TEST(test_machine)
{
	struct fixture f;

	fixture_init(
		&f, "timezone: Nowhere/Atall\nprices: {table: /nonexistent/x.json}\n");
	f.sources.from_snapshot = false;
	ck_assert_int_eq(fixture_parse(&f), -EINVAL);
	ck_assert_uint_eq(f.errs.n, 2);
	ck_assert_ptr_nonnull(strstr(fixture_errors(&f), "nova.yaml:1:11: timezone: "));
	ck_assert_ptr_nonnull(strstr(fixture_errors(&f),
		"nova.yaml:2:17: prices.table: /nonexistent/x.json is not a file that "
		"can be "
		"read"));
	fixture_fini(&f);
}
END_TEST

/* ---- snapshot ---- */

static int
snapshot_of(const void *data, size_t bytes, int seals)
{
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(nv_write_full(fd, data, bytes), 0);
	ck_assert_int_eq(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

START_TEST(test_snapshot)
{
	const int seals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW;
	struct fixture f;
	struct nv_conf_sources again;
	NV_CLEANUP_FD fd = -1;
	static uint8_t data[10000];

	fixture_init(&f, "min_roi: 120%\n");
	fixture_add(&f, NV_SOURCE_WORKER, "w.yaml", "a\0b", 3);
	add_env(&f, "MIN_ROI=2\n", "A=1\0B=2", 8);
	f.sources.uid = 77;
	ck_assert_int_eq(nv_conf_snapshot_create(&f.sources, &fd), 0);
	ck_assert_int_lt(write(fd, "x", 1), 0);
	ck_assert_int_lt(ftruncate(fd, 0), 0);
	ck_assert_int_eq(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	/* Twice: reading does not move the shared offset. */
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(nv_conf_snapshot_read(fd, &again), 0);
		ck_assert(again.from_snapshot);
		ck_assert_uint_eq(again.uid, 77);
		ck_assert_str_eq(again.dir, "/etc/nova");
		ck_assert_uint_eq(again.n, f.sources.n);
		for (size_t k = 0; k < again.n; k++) {
			ck_assert_int_eq(again.list[k].kind, f.list[k].kind);
			ck_assert_str_eq(again.list[k].name, f.list[k].name);
			ck_assert_mem_eq(
				again.list[k].text, f.list[k].text, f.list[k].bytes + 1);
		}
		nv_conf_sources_fini(&again);
	}
	ssize_t bytes = pread(fd, data, sizeof(data), 0);

	ck_assert_int_gt(bytes, 0);
	/* Cut anywhere, longer, or with a byte changed: an answer, never a crash. */
	for (ssize_t n = 0; n < bytes; n++) {
		NV_CLEANUP_FD cut = snapshot_of(data, (size_t)n, seals);

		ck_assert_int_eq(nv_conf_snapshot_read(cut, &again), -EBADMSG);
	}
	for (ssize_t n = 0; n < bytes; n++) {
		uint8_t old = data[n];

		data[n] ^= 0xff;
		NV_CLEANUP_FD changed = snapshot_of(data, (size_t)bytes, seals);

		if (nv_conf_snapshot_read(changed, &again) == 0)
			nv_conf_sources_fini(&again);
		data[n] = old;
	}
	NV_CLEANUP_FD longer = snapshot_of(data, (size_t)bytes + 1, seals);

	ck_assert_int_eq(nv_conf_snapshot_read(longer, &again), -EBADMSG);
	NV_CLEANUP_FD open_to_change = snapshot_of(data, (size_t)bytes, F_SEAL_WRITE);

	ck_assert_int_eq(nv_conf_snapshot_read(open_to_change, &again), -EPERM);
	ck_assert_int_eq(nv_conf_snapshot_read(-1, &again), -EBADF);
	NV_CLEANUP_FD null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	ck_assert_int_lt(nv_conf_snapshot_read(null, &again), 0);
	fixture_fini(&f);
}
END_TEST

START_TEST(test_snapshot_same)
{
	/* A reader of the snapshot comes to the same configuration. */
	struct fixture f;
	struct fixture g = {0};
	NV_CLEANUP_FD fd = -1;

	fixture_init(&f, "min_roi: 120%\n");
	fixture_worker(&f, "w.yaml", "worker: w\ncommand: [x]\nenv: {A: b}\n");
	ck_assert_int_eq(fixture_parse(&f), 0);
	ck_assert_int_eq(nv_conf_snapshot_create(&f.sources, &fd), 0);
	ck_assert_int_eq(nv_conf_snapshot_read(fd, &g.sources), 0);
	ck_assert_int_eq(fixture_parse(&g), 0);
	ck_assert_uint_eq(
		f.config->workers[0].restart_hash, g.config->workers[0].restart_hash);
	ck_assert_int_eq(g.config->min_roi_ppm, 1200000);
	fini(&g);
	fixture_fini(&f);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("nv_conf_sources");
	TCase *files = tcase_create("files");
	TCase *tc = tcase_create("rest");

	tcase_add_checked_fixture(files, setup, teardown);
	tcase_set_timeout(files, 60);
	tcase_add_test(files, test_files);
	tcase_add_test(files, test_missing);
	tcase_add_test(files, test_all_troubles_at_once);
	tcase_add_test(files, test_relative);
	suite_add_tcase(suite, files);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, test_variables, 0, (int)NV_LEN(variables));
	tcase_add_loop_test(tc, test_bad_variables, 0, (int)NV_LEN(bad_variables));
	tcase_add_test(tc, test_precedence);
	tcase_add_test(tc, test_user);
	tcase_add_test(tc, test_machine);
	tcase_add_test(tc, test_snapshot);
	tcase_add_test(tc, test_snapshot_same);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
