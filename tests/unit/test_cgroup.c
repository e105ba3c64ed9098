/* cgroup v2 as the machine of most users has it: a subtree with every controller,
 * delegated to us with ourselves in it. A made-up hierarchy of plain files, in which a
 * new directory gets its files as the kernel would make them (mkdir is wrapped). */
#include "cgroup.h"
#include "cgroup_file.h"
#include "nv_fd.h"
#include "run_suite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

int __real_mkdir(const char *path, mode_t mode);
int __wrap_mkdir(const char *path, mode_t mode);

static char top[64];       /* where it is mounted */
static const char *absent; /* a file that new directories do not get */

static void
put(const char *dir, const char *file, const char *text)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, file);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (int)strlen(text));
	(void)close(fd);
}

static const char *
get(const char *dir, const char *file)
{
	static char text[4096];

	if (sup_cgroup_read(dir, file, text, sizeof(text)) < 0)
		return "absent";
	text[strcspn(text, "\n")] = '\0';
	return text;
}

int
__wrap_mkdir(const char *path, mode_t mode)
{
	static const char *const files[] = {"cgroup.procs", "cgroup.subtree_control",
		"cgroup.kill", "cgroup.freeze", "memory.max", "memory.high",
		"memory.swap.max", "memory.oom.group", "pids.max", "cpu.max",
		"cpu.weight", "io.weight"};
	int rc = __real_mkdir(path, mode);

	if (rc < 0 || strncmp(path, top, strlen(top)) != 0)
		return rc;
	put(path, "cgroup.events", "populated 0\nfrozen 0\n");
	put(path, "cgroup.controllers", "cpu io memory pids\n");
	for (size_t i = 0; i < NV_LEN(files); i++) {
		if (!absent || strcmp(absent, files[i]) != 0)
			put(path, files[i], "");
	}
	return 0;
}

static struct sup_cgroup_root root;

static void
make(const char *controllers, bool others)
{
	char own[200];
	char text[1000];
	char pids[64];

	(void)snprintf(top, sizeof(top), "/tmp/nova-cgroup.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(top));
	(void)snprintf(own, sizeof(own), "%s/nova.service", top);
	ck_assert_int_eq(mkdir(own, 0700), 0);
	put(own, "cgroup.controllers", controllers);
	put(own, "cgroup.events", "populated 1\n");
	(void)snprintf(pids, sizeof(pids), others ? "1\n%d\n" : "%d\n", (int)getpid());
	put(own, "cgroup.procs", pids);
	(void)snprintf(text, sizeof(text),
		"31 23 0:28 / %s rw,nosuid - cgroup2 cgroup2 rw\n", top);
	sup_cgroup_root_make(&root, text, "0::/nova.service\n", "nova-1");
}

static void
remove_all(const char *path)
{
	pid_t pid = fork();

	if (pid == 0) {
		(void)execlp("rm", "rm", "-rf", path, (char *)NULL);
		_exit(127);
	}
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

START_TEST(test_delegated)
{
	char own[200];
	char path[400];

	make("cpuset cpu io memory pids\n", false);
	(void)snprintf(own, sizeof(own), "%s/nova.service", top);
	ck_assert_msg(root.usable, "%s", root.why_not);
	ck_assert(root.v2_memory && root.v2_pids && root.v2_cpu && root.v2_io);
	/* No process may stay where controllers are handed down: we moved to a leaf. */
	(void)snprintf(path, sizeof(path), "%s/nova-1/supervisor", own);
	ck_assert_str_eq(get(path, "cgroup.procs"), "0");
	ck_assert_str_eq(root.fleet + strlen(own), "/nova-1");
	ck_assert_str_eq(root.path + strlen(own), "/nova-1/agents");
	/* Handed down at each level; the last word stands at the file's begin. */
	ck_assert_int_eq(strncmp(get(own, "cgroup.subtree_control"), "+io", 3), 0);
	ck_assert_int_eq(strncmp(get(root.fleet, "cgroup.subtree_control"), "+io", 3), 0);
	ck_assert_int_eq(strncmp(get(root.path, "cgroup.subtree_control"), "+io", 3), 0);
	remove_all(top);
}
END_TEST

/* With others beside us we cannot leave the cgroup empty: they are not ours to move. */
START_TEST(test_not_alone)
{
	char path[400];

	make("memory pids\n", true);
	ck_assert(root.usable && root.v2_memory && root.v2_pids);
	ck_assert(!root.v2_cpu && !root.v2_io);
	(void)snprintf(path, sizeof(path), "%s/supervisor", root.fleet);
	ck_assert_int_lt(access(path, F_OK), 0);
	remove_all(top);
}
END_TEST

static const struct sup_cgroup_limits everything = {.memory_bytes = 64 << 20,
	.memory_high_bytes = 48 << 20,
	.cpu_ppm = 500000,
	.tasks = 20,
	.cpu_weight = 50,
	.io_weight = 200};

START_TEST(test_limits)
{
	struct sup_cgroup cg;

	make("cpu io memory pids\n", false);
	ck_assert_int_eq(
		sup_cgroup_create(&cg, &root, root.path, "w.1.1", &everything), 0);
	ck_assert_str_eq(cg.not_enforced, "");
	ck_assert_uint_eq(cg.n_joins, 0);
	ck_assert_str_eq(get(cg.path, "memory.max"), "67108864");
	ck_assert_str_eq(get(cg.path, "memory.high"), "50331648");
	ck_assert_str_eq(get(cg.path, "memory.swap.max"), "0");
	ck_assert_str_eq(get(cg.path, "memory.oom.group"), "1");
	ck_assert_str_eq(get(cg.path, "pids.max"), "20");
	ck_assert_str_eq(get(cg.path, "cpu.max"), "50000 100000");
	ck_assert_str_eq(get(cg.path, "cpu.weight"), "50");
	ck_assert_str_eq(get(cg.path, "io.weight"), "200");
	sup_cgroup_started(&cg);
	remove_all(top);
}
END_TEST

START_TEST(test_nothing_asked)
{
	static const struct sup_cgroup_limits none;
	struct sup_cgroup cg;

	make("cpu io memory pids\n", false);
	ck_assert_int_eq(sup_cgroup_create(&cg, &root, root.path, "w.1.1", &none), 0);
	ck_assert_str_eq(cg.not_enforced, "");
	ck_assert_str_eq(get(cg.path, "memory.max"), "");
	ck_assert_str_eq(get(cg.path, "memory.oom.group"), "");
	ck_assert_str_eq(get(cg.path, "cpu.max"), "");
	sup_cgroup_started(&cg);
	remove_all(top);
}
END_TEST

/* A controller that is not there, and a file that an older kernel does not have. */
START_TEST(test_not_enforced)
{
	struct sup_cgroup cg;
	char names[80];

	make("pids\n", false);
	ck_assert_int_eq(
		sup_cgroup_create(&cg, &root, root.path, "w.1.1", &everything), 0);
	ck_assert_str_eq(
		cg.not_enforced, "memory, memory_high, cpu, cpu_weight, io_weight");
	ck_assert_str_eq(get(cg.path, "pids.max"), "20");
	sup_cgroup_started(&cg);
	remove_all(top);
	make("cpu io memory pids\n", false);
	absent = "cpu.weight";
	ck_assert_int_eq(
		sup_cgroup_create(&cg, &root, root.path, "w.1.2", &everything), 0);
	ck_assert_str_eq(cg.not_enforced, "cpu_weight");
	sup_cgroup_started(&cg);
	remove_all(top);
	sup_cgroup_limits_names(&everything, names, sizeof(names));
	ck_assert_str_eq(names, "memory, memory_high, tasks, cpu, cpu_weight, io_weight");
}
END_TEST

/* Other limits for what runs: raised, lowered, taken away. */
START_TEST(test_update)
{
	struct sup_cgroup_limits limits = {.memory_bytes = 64 << 20, .tasks = 20};
	struct sup_cgroup cg;

	make("cpu memory pids\n", false);
	ck_assert_int_eq(sup_cgroup_create(&cg, &root, root.path, "w.1.1", &limits), 0);
	sup_cgroup_started(&cg);
	limits.memory_bytes = 96 << 20;
	limits.tasks = 30;
	ck_assert_int_eq(sup_cgroup_update(&cg, &root, &limits), 0);
	ck_assert_str_eq(get(cg.path, "memory.max"), "100663296");
	ck_assert_str_eq(get(cg.path, "memory.oom.group"), "1");
	ck_assert_str_eq(get(cg.path, "pids.max"), "30");
	remove_all(top);
}
END_TEST

/* The same in v1: its limit with swap must not stand in the way. */
START_TEST(test_update_v1)
{
	static struct sup_cgroup_root v1;
	struct sup_cgroup cg = {.dir_fd = -1};
	char memory[100];

	make("", false);
	(void)snprintf(memory, sizeof(memory), "%s/v1", top);
	ck_assert_int_eq(__real_mkdir(memory, 0700), 0);
	put(memory, "memory.limit_in_bytes", "67108864");
	put(memory, "memory.memsw.limit_in_bytes", "67108864");
	(void)snprintf(cg.path, sizeof(cg.path), "%s", memory);
	(void)snprintf(
		v1.v1_path[SUP_V1_MEMORY], sizeof(v1.v1_path[SUP_V1_MEMORY]), "%s", top);
	cg.v1[SUP_V1_MEMORY] = true;
	sup_cgroup_root_use(&v1);
	const struct sup_cgroup_limits limits = {.memory_bytes = 96 << 20};

	ck_assert_int_eq(sup_cgroup_update(&cg, &v1, &limits), 0);
	ck_assert_str_eq(get(memory, "memory.limit_in_bytes"), "100663296");
	ck_assert_str_eq(get(memory, "memory.memsw.limit_in_bytes"), "100663296");
	remove_all(top);
}
END_TEST

START_TEST(test_usage)
{
	static const struct sup_cgroup_limits none;
	struct sup_cgroup_usage usage;
	struct sup_cgroup cg;

	make("memory pids\n", false);
	ck_assert_int_eq(sup_cgroup_create(&cg, &root, root.path, "w.1.1", &none), 0);
	put(cg.path, "cpu.stat", "usage_usec 1234\nuser_usec 1\n");
	put(cg.path, "memory.peak", "10485760\n");
	put(cg.path, "memory.events", "low 0\nhigh 3\nmax 7\noom 1\noom_kill 2\n");
	sup_cgroup_usage(&cg, &usage);
	ck_assert_uint_eq(usage.cpu_us, 1234);
	ck_assert_uint_eq(usage.mem_peak_kib, 10240);
	ck_assert(usage.oom_killed);
	ck_assert_uint_eq(usage.oom_kills, 2);
	/* The whole group was ended: the kernel counts that too. */
	put(cg.path, "memory.events", "oom 1\noom_kill 0\noom_group_kill 1\n");
	sup_cgroup_usage(&cg, &usage);
	ck_assert(usage.oom_killed);
	/* At the limit, and nobody had to end. */
	put(cg.path, "memory.events", "max 7\noom 0\noom_kill 0\noom_group_kill 0\n");
	sup_cgroup_usage(&cg, &usage);
	ck_assert(!usage.oom_killed);
	sup_cgroup_started(&cg);
	remove_all(top);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("cgroup");
	TCase *tc = tcase_create("cgroup");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_delegated);
	tcase_add_test(tc, test_not_alone);
	tcase_add_test(tc, test_limits);
	tcase_add_test(tc, test_nothing_asked);
	tcase_add_test(tc, test_not_enforced);
	tcase_add_test(tc, test_update);
	tcase_add_test(tc, test_update_v1);
	tcase_add_test(tc, test_usage);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
