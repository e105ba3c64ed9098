/* Which way is planned for what, on which machine: by right, by a user namespace, by
 * Landlock and the filter, or not at all. The ways themselves are tried by tests/run. */
#include "run_suite.h"
#include "sandbox.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NOTHING 0xfu /* of the ways that may be refused */

static struct sup_sandbox plan;
static struct sup_spawn_error error;

static int
make(const struct nv_conf_worker *conf, unsigned without, uid_t uid)
{
	const struct sup_sandbox_for who = {.conf = conf,
		.credentials = "/run/nova/credentials/w.1",
		.uid = uid,
		.gid = 7};

	sup_sandbox_without(without);
	return sup_sandbox_plan(&plan, &who, &error);
}

static bool
has_landlock(void)
{
	return syscall(444, (void *)0, 0UL, 1U) > 0;
}

static const struct sup_keep *
keep_of(const char *path)
{
	for (unsigned i = 0; i < plan.n_keeps; i++) {
		if (strcmp(plan.keeps[i].path, path) == 0)
			return &plan.keeps[i];
	}
	return NULL;
}

START_TEST(test_nothing)
{
	struct nv_conf_worker conf = {.kind = NV_KIND_SERVICE};
	struct sup_sandbox_for who = {.conf = &conf};

	ck_assert(!sup_sandbox_needed(&who));
	who.set_ids = true;
	ck_assert(sup_sandbox_needed(&who));
	who.set_ids = false;
	conf.has_capabilities = true;
	ck_assert(sup_sandbox_needed(&who));
}
END_TEST

START_TEST(test_user_namespace)
{
	struct nv_conf_worker conf = {
		.isolation = {.private_tmp = true, .network = NV_NETWORK_LOOPBACK}};

	ck_assert_int_eq(make(&conf, SUP_SANDBOX_NO_REAL, 1000), 0);
	ck_assert(plan.own_user && plan.view && plan.loopback && plan.set_caps);
	ck_assert_uint_eq(plan.unshare, CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET);
	ck_assert_str_eq(plan.uid_map, "1000 1000 1");
	ck_assert_str_eq(plan.gid_map, "7 7 1");
	ck_assert_uint_eq(plan.caps, 0);
	/* Root without the right to: nothing of the namespace's rights is left to it. */
	ck_assert_int_eq(make(&conf, SUP_SANDBOX_NO_REAL, 0), 0);
	ck_assert(plan.own_user && plan.set_caps && plan.caps == 0);
}
END_TEST

START_TEST(test_by_right)
{
	struct nv_conf_worker conf = {.isolation = {.private_tmp = true}};

	if (geteuid() != 0)
		return;
	ck_assert_int_eq(make(&conf, 0, 1000), 0);
	ck_assert(!plan.own_user && plan.view);
	ck_assert_uint_eq(plan.unshare, CLONE_NEWNS);
	/* Root keeps its rights, but none that could undo the view. */
	ck_assert_int_eq(make(&conf, 0, 0), 0);
	ck_assert(plan.set_caps && !plan.caps_required);
	ck_assert(!(plan.caps >> 21 & 1)); /* sys_admin */
	ck_assert(plan.caps >> 12 & 1); /* net_admin, as the network is the machine's */
	conf.isolation.network = NV_NETWORK_NONE;
	ck_assert_int_eq(make(&conf, 0, 0), 0);
	ck_assert(!(plan.caps >> 12 & 1));
	conf.has_capabilities = true;
	conf.capabilities = 1 << 10;
	ck_assert_int_eq(make(&conf, 0, 0), 0);
	ck_assert(plan.caps_required && plan.caps == 1 << 10);
}
END_TEST

START_TEST(test_landlock)
{
	char *paths[] = {(char[]){"/srv/data"}, NULL};
	struct nv_conf_worker conf = {.isolation = {.read_only = {.system = true},
					      .read_write = {paths, 1, false}}};

	if (!has_landlock())
		return;
	/* Alone it needs no namespace, also where there are some. */
	ck_assert_int_eq(make(&conf, SUP_SANDBOX_NO_REAL, 1000), 0);
	ck_assert_uint_eq(plan.unshare, 0);
	ck_assert_int_gt(plan.landlock_abi, 0);
	ck_assert_uint_eq(plan.n_landlock_rw, 1);
	/* With a view of its own the mounts do it. */
	conf.isolation.private_tmp = true;
	ck_assert_int_eq(make(&conf, SUP_SANDBOX_NO_REAL, 1000), 0);
	ck_assert_int_eq(plan.landlock_abi, 0);
	ck_assert(plan.read_only && plan.view);
}
END_TEST

START_TEST(test_filter_for_network)
{
	struct nv_conf_worker conf = {.isolation = {.network = NV_NETWORK_NONE}};

	ck_assert_int_eq(make(&conf, SUP_SANDBOX_NO_REAL | SUP_SANDBOX_NO_USER, 1000), 0);
	ck_assert_uint_eq(plan.unshare, 0);
	ck_assert_uint_gt(plan.n_filter, 0);
	ck_assert_str_eq(plan.not_enforced, "");
}
END_TEST

static const struct {
	struct nv_conf_isolation isolation;
	const char *what;
} impossible[] = {
	{{.private_tmp = true}, "private_tmp"},
	{{.private_dev = true}, "private_dev"},
	{{.home = NV_HOME_NONE}, "home"},
	{{.home = NV_HOME_READ_ONLY}, "home"},
	{{.read_only = {.system = true}}, "read_only"},
	{{.network = NV_NETWORK_NONE}, "network"},
	{{.network = NV_NETWORK_LOOPBACK}, "network"},
	{{.syscalls = NV_SYSCALLS_DEFAULT}, "syscalls"},
	{{.private_tmp = true,
		 .network = NV_NETWORK_NONE,
		 .syscalls = NV_SYSCALLS_STRICT},
		"private_tmp, network, syscalls"},
};

START_TEST(test_impossible)
{
	struct nv_conf_worker conf = {.isolation = impossible[_i].isolation};

	ck_assert_int_eq(make(&conf, NOTHING, 1000), -EOPNOTSUPP);
	ck_assert_int_eq(error.stage, SUP_STAGE_ISOLATION);
	ck_assert_int_eq(
		strncmp(impossible[_i].what, plan.failed, strlen(plan.failed)), 0);
	conf.isolation.when_impossible = NV_IMPOSSIBLE_RUN;
	ck_assert_int_eq(make(&conf, NOTHING, 1000), 0);
	ck_assert_str_eq(plan.not_enforced, impossible[_i].what);
	ck_assert(!plan.unshare && !plan.n_filter && !plan.landlock_abi && !plan.failed);
}
END_TEST

START_TEST(test_refused)
{
	struct nv_conf_worker conf = {.isolation = {.private_tmp = true}};
	struct sup_spawn_error e = {SUP_STAGE_NAMESPACE, EPERM};

	/* A refused way is not asked again: the next plan is another one. */
	ck_assert_int_eq(make(&conf, SUP_SANDBOX_NO_REAL, 1000), 0);
	ck_assert(sup_sandbox_refused(&plan, &e));
	const struct sup_sandbox_for who = {
		.conf = &conf, .credentials = "/c", .uid = 1000, .gid = 7};

	ck_assert_int_eq(sup_sandbox_plan(&plan, &who, &error), -EOPNOTSUPP);
	/* What is about this start only is no refusal. */
	ck_assert_int_eq(make(&conf, SUP_SANDBOX_NO_REAL, 1000), 0);
	e = (struct sup_spawn_error){SUP_STAGE_NAMESPACE, ENOMEM};
	ck_assert(!sup_sandbox_refused(&plan, &e));
	e = (struct sup_spawn_error){SUP_STAGE_MOUNT, EPERM};
	ck_assert(!sup_sandbox_refused(&plan, &e));
}
END_TEST

START_TEST(test_keeps)
{
	char *ro[] = {(char[]){"/data"}, (char[]){"/data/in/deep"}, NULL};
	char *rw[] = {(char[]){"/data/in"}, (char[]){"/tmp/mine"}, NULL};
	struct nv_conf_worker conf = {.isolation = {.private_tmp = true,
					      .read_only = {ro, 2, false},
					      .read_write = {rw, 2, false},
					      .home = NV_HOME_READ_ONLY}};

	conf.directory = (char[]){"/tmp/work"};
	conf.limit_memory_bytes = 1 << 20;
	ck_assert_int_eq(make(&conf, SUP_SANDBOX_NO_REAL, 1000), 0);
	for (unsigned i = 1; i < plan.n_keeps; i++)
		ck_assert_uint_le(
			strlen(plan.keeps[i - 1].path), strlen(plan.keeps[i].path));
	ck_assert(keep_of("/data")->read_only && keep_of("/data/in/deep")->read_only);
	ck_assert(!keep_of("/data/in")->read_only && !keep_of("/tmp/mine")->read_only);
	/* What it needs is kept in the empty /tmp; elsewhere it is there anyway. */
	ck_assert_ptr_nonnull(keep_of("/tmp/work"));
	ck_assert_ptr_null(keep_of("/run/nova/credentials/w.1"));
	ck_assert(keep_of("/home")->read_only && keep_of("/home")->optional);
	ck_assert_str_eq(plan.tmp_options, "mode=1777,size=1048576");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("sandbox");
	TCase *tc = tcase_create("sandbox");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_nothing);
	tcase_add_test(tc, test_user_namespace);
	tcase_add_test(tc, test_by_right);
	tcase_add_test(tc, test_landlock);
	tcase_add_test(tc, test_filter_for_network);
	tcase_add_loop_test(tc, test_impossible, 0, (int)NV_LEN(impossible));
	tcase_add_test(tc, test_refused);
	tcase_add_test(tc, test_keeps);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
