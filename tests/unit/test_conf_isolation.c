/* Settings about what a worker may see and do: valid, one past valid, hostile; ${NAME};
 * env_file. */
#include "conf_fixture.h"
#include "nv_caps.h"
#include "nv_env_file.h"
#include "nv_expand.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
	const char *text;
	const char *key;
	const char *value;
} good[] = {
	{"", "isolation.private_tmp", "false"},
	{"", "isolation.read_only", "[]"},
	{"", "isolation.syscalls", "off"},
	{"", "isolation.when_impossible", "refuse"},
	{"", "capabilities", "default"},
	{"", "user_groups", "default"},
	{"", "limits.core", "0B"},
	{"", "limits.locked_memory", "none"},
	{"isolation: {private_tmp: true}\n", "isolation.private_tmp", "true"},
	{"isolation: {private_dev: yes}\n", "isolation.private_dev", "true"},
	{"isolation: {home: none}\n", "isolation.home", "none"},
	{"isolation: {home: read_only}\n", "isolation.home", "read_only"},
	{"isolation: {network: none}\n", "isolation.network", "none"},
	{"isolation: {network: loopback}\n", "isolation.network", "loopback"},
	{"isolation: {syscalls: strict}\n", "isolation.syscalls", "strict"},
	{"isolation: {when_impossible: run}\n", "isolation.when_impossible", "run"},
	{"isolation: {read_only: system}\n", "isolation.read_only", "system"},
	{"isolation: {read_only: []}\n", "isolation.read_only", "[]"},
	{"isolation: {read_only: [/srv, data/x]}\n", "isolation.read_only",
		"[\"/srv\", \"/etc/nova/data/x\"]"},
	{"isolation: {read_write: [/srv//a/./b/]}\n", "isolation.read_write",
		"[\"/srv/a/b\"]"},
	{"isolation: {read_write: [.]}\n", "isolation.read_write", "[\"/etc/nova\"]"},
	{"isolation: {inaccessible: [/etc/shadow]}\n", "isolation.inaccessible",
		"[\"/etc/shadow\"]"},
	{"capabilities: []\n", "capabilities", "[]"},
	{"capabilities: [CAP_NET_BIND_SERVICE, chown]\n", "capabilities",
		"[chown, net_bind_service]"},
	{"capabilities: [checkpoint_restore]\n", "capabilities", "[checkpoint_restore]"},
	{"user_group: audio\n", "user_group", "audio"},
	{"user_groups: []\n", "user_groups", "[]"},
	{"user_groups: [audio, video]\n", "user_groups", "[\"audio\", \"video\"]"},
	{"limits: {memory_high: 1MiB}\n", "limits.memory_high", "1MiB"},
	{"limits: {cpu_weight: 10000}\n", "limits.cpu_weight", "10000"},
	{"limits: {io_weight: 1}\n", "limits.io_weight", "1"},
	{"limits: {processes: 5}\n", "limits.processes", "5"},
	{"limits: {core: none}\n", "limits.core", "none"},
	{"limits: {core: 1GiB}\n", "limits.core", "1GiB"},
	{"limits: {file_size: 1B}\n", "limits.file_size", "1B"},
	{"limits: {stack: 64KiB}\n", "limits.stack", "64KiB"},
	{"limits: {cpu_time: 1m}\n", "limits.cpu_time", "1m"},
	{"limits: {locked_memory: 0B}\n", "limits.locked_memory", "0B"},
	{"limits: {address_space: 2GiB}\n", "limits.address_space", "2GiB"},
	{"env_file: secrets/w.env\n", "env_file", "/etc/nova/secrets/w.env"},
	{"env: {A: 'x${NOVA_INSTANCE}y'}\n", "env", "{A: \"x${NOVA_INSTANCE}y\"}"},
};

START_TEST(test_good)
{
	struct fixture f;
	char text[1000];
	char key[100];

	(void)snprintf(text, sizeof(text), "worker: w\ncommand: [x]\n%s", good[_i].text);
	(void)snprintf(key, sizeof(key), "workers.w.%s", good[_i].key);
	fixture_init(&f, "");
	f.sources.uid = 0;
	fixture_worker(&f, "w.yaml", text);
	ck_assert_msg(fixture_parse(&f) == 0, "%s", fixture_errors(&f));
	ck_assert_str_eq(fixture_show(&f, key).value, good[_i].value);
	fixture_fini(&f);
}
END_TEST

static const struct {
	const char *text;
	const char *says;
} bad[] = {
	{"isolation: true\n",
		"w.yaml:3:12: isolation: expected a map of settings, found a single "
		"value"},
	{"isolation: {privat_tmp: true}\n",
		"w.yaml:3:13: isolation.privat_tmp: unknown key; did you mean "
		"\"private_tmp\"?"},
	{"isolation: {home: mine}\n",
		"w.yaml:3:19: isolation.home: expected one of host, read_only, none, "
		"found \"mine\"; did you mean \"none\"?"},
	{"isolation: {network: no}\n",
		"w.yaml:3:22: isolation.network: expected one of host, loopback, none, "
		"found \"no\""},
	{"isolation: {syscalls: on}\n",
		"w.yaml:3:23: isolation.syscalls: expected one of off, default, strict, "
		"found \"on\""},
	{"isolation: {read_only: everything}\n",
		"w.yaml:3:24: isolation.read_only: expected `system` or a list of paths "
		"such as [/srv/data], found a single value"},
	{"isolation: {read_write: system}\n",
		"w.yaml:3:25: isolation.read_write: expected a list of paths such as "
		"[/srv/data], found a single value"},
	{"isolation: {read_only: [/]}\n",
		"w.yaml:3:25: isolation.read_only: expected a path, found \"/\": the "
		"root "
		"directory itself cannot be in the list; `read_only: system` is about "
		"everything"},
	{"isolation: {read_only: [/a/../etc]}\n",
		"w.yaml:3:25: isolation.read_only: expected a path, found \"/a/../etc\": "
		"`..` is not allowed in it"},
	{"isolation: {inaccessible: ['']}\n",
		"w.yaml:3:28: isolation.inaccessible: expected a path, found \"\": it is "
		"empty"},
	{"isolation: {inaccessible: [/a, /a/]}\n",
		"w.yaml:3:32: isolation.inaccessible: expected a path, found \"/a/\": it "
		"is listed twice"},
	{"capabilities: net_admin\n",
		"w.yaml:3:15: capabilities: expected a list such as [net_bind_service], "
		"or [], found a single value"},
	{"capabilities: [net_admim]\n", "w.yaml:3:16: capabilities: there is no "
					"capability \"net_admim\"; did you "
					"mean \"net_admin\"?"},
	{"capabilities: [chown, CAP_CHOWN]\n",
		"w.yaml:3:23: capabilities: chown is listed twice"},
	{"user_group: a b\n",
		"w.yaml:3:13: user_group: expected the name of a group of accounts, "
		"found \"a b\""},
	{"user_groups: ['-x']\n",
		"w.yaml:3:15: user_groups: expected the name of a group of accounts, "
		"found \"-x\""},
	{"limits: {cpu_weight: 10001}\n",
		"w.yaml:3:22: limits.cpu_weight: 10001 is above the maximum 10000"},
	{"limits: {cpu_weight: 0}\n",
		"w.yaml:3:22: limits.cpu_weight: 0 is below the minimum 1"},
	{"limits: {memory_high: 2MiB, memory: 1MiB}\n",
		"w.yaml:3:23: limits.memory_high: above limits.memory, so it can never "
		"count"},
	{"limits: {cpu_time: 500ms}\n",
		"w.yaml:3:20: limits.cpu_time: 500ms is below the minimum 1s"},
	{"limits: {stack: 1KiB}\n",
		"w.yaml:3:17: limits.stack: 1KiB is below the minimum 64KiB"},
	{"env: {A: '${HOST}'}\n",
		"w.yaml:3:6: env.A: ${HOST} is not known; known here: NOVA_WORKER, "
		"NOVA_INSTANCE, NOVA_GENERATION, NOVA_VARIANT, CREDENTIALS_DIRECTORY. "
		"For a literal one write $${HOST}"},
};

START_TEST(test_bad)
{
	struct fixture f;
	char text[1000];

	(void)snprintf(text, sizeof(text), "worker: w\ncommand: [x]\n%s", bad[_i].text);
	fixture_init(&f, "");
	f.sources.uid = 0;
	fixture_worker(&f, "w.yaml", text);
	ck_assert_int_eq(fixture_parse(&f), -EINVAL);
	ck_assert_str_eq(fixture_errors(&f), bad[_i].says);
	fixture_fini(&f);
}
END_TEST

START_TEST(test_command_expansion)
{
	struct fixture f;

	/* The shell's own is left to the shell; a name of Nova's must be one. */
	fixture_init(&f, "");
	fixture_worker(&f, "a.yaml",
		"worker: a\ncommand: [sh, -c, 'echo ${HOME} ${x:-1} ${NOVA_RUN} "
		"${NOVA_INSTANCE} $$']\n");
	fixture_worker(&f, "b.yaml", "worker: b\ncommand: [x, '--id=${NOVA_INSTANC}']\n");
	ck_assert_int_eq(fixture_parse(&f), -EINVAL);
	ck_assert_ptr_nonnull(strstr(fixture_errors(&f), "b.yaml:2:10: command: "
							 "${NOVA_INSTANC} is not known"));
	ck_assert_uint_eq(f.errs.n, 1);
	fixture_fini(&f);
}
END_TEST

START_TEST(test_inherited)
{
	struct fixture f;

	fixture_init(&f, "isolation: {private_tmp: true, network: none, syscalls: "
			 "default}\n");
	fixture_worker(&f, "a.yaml", "worker: a\ncommand: [x]\n");
	fixture_worker(
		&f, "b.yaml", "worker: b\ncommand: [x]\nisolation: {network: host}\n");
	ck_assert_msg(fixture_parse(&f) == 0, "%s", fixture_errors(&f));
	const struct nv_conf_isolation *a = &f.config->workers[0].isolation;
	const struct nv_conf_isolation *b = &f.config->workers[1].isolation;

	ck_assert(a->private_tmp && b->private_tmp);
	ck_assert_int_eq(a->network, NV_NETWORK_NONE);
	ck_assert_int_eq(b->network, NV_NETWORK_HOST);
	ck_assert_int_eq(b->syscalls, NV_SYSCALLS_DEFAULT);
	ck_assert_str_eq(
		fixture_show(&f, "workers.a.isolation.network").origin, "nova.yaml:1");
	fixture_fini(&f);
}
END_TEST

/* Everything here needs a restart of what runs. */
static const char *const changes[] = {"isolation: {private_tmp: true}",
	"isolation: {private_dev: true}", "isolation: {home: none}",
	"isolation: {network: none}", "isolation: {syscalls: strict}",
	"isolation: {when_impossible: run}", "isolation: {read_only: system}",
	"isolation: {read_only: [/a]}", "isolation: {read_write: [/a]}",
	"isolation: {inaccessible: [/a]}", "capabilities: []", "capabilities: [chown]",
	"user_group: audio", "user_groups: []", "user_groups: [audio]",
	"limits: {memory_high: 1MiB}", "limits: {cpu_weight: 1}",
	"limits: {io_weight: 1}", "limits: {processes: 1}", "limits: {core: none}",
	"limits: {file_size: 1B}", "limits: {stack: 1MiB}", "limits: {cpu_time: 1s}",
	"limits: {locked_memory: 0B}", "limits: {address_space: 1MiB}",
	"env_file: x.env"};

START_TEST(test_restart_hash)
{
	uint64_t seen[NV_LEN(changes) + 1];
	size_t n = 0;

	for (size_t i = 0; i <= NV_LEN(changes); i++) {
		struct fixture f;
		char text[200];

		(void)snprintf(text, sizeof(text), "worker: w\ncommand: [x]\n%s\n",
			i ? changes[i - 1] : "");
		fixture_init(&f, "");
		f.sources.uid = 0;
		fixture_worker(&f, "w.yaml", text);
		ck_assert_msg(fixture_parse(&f) == 0, "%s", fixture_errors(&f));
		for (size_t k = 0; k < n; k++)
			ck_assert_msg(seen[k] != f.config->workers[0].restart_hash,
				"%s changes nothing", i ? changes[i - 1] : "nothing");
		seen[n++] = f.config->workers[0].restart_hash;
		fixture_fini(&f);
	}
}
END_TEST

/* ---- ${NAME} ---- */

static const struct {
	const char *text;
	const char *result;
} expansions[] = {
	{"", ""},
	{"plain", "plain"},
	{"${NOVA_INSTANCE}", "7"},
	{"a${NOVA_WORKER}-${NOVA_INSTANCE}z", "aw-7z"},
	{"${NOVA_VARIANT}", ""},
	{"${CREDENTIALS_DIRECTORY}/key", "/run/c/key"},
	{"$${NOVA_INSTANCE}", "${NOVA_INSTANCE}"},
	{"$$${NOVA_INSTANCE}", "$${NOVA_INSTANCE}"},
	{"kill $$", "kill $$"},
	{"${x:-1} $x ${", "${x:-1} $x ${"},
	{"${}", "${}"},
	{"$", "$"},
	{"$$", "$$"},
	{"${NOVA_GENERATION", "${NOVA_GENERATION"},
	{"${OTHER}", "${OTHER}"},
};

START_TEST(test_expand)
{
	const char *const values[NV_EXPAND_COUNT] = {[NV_EXPAND_WORKER] = "w",
		[NV_EXPAND_INSTANCE] = "7",
		[NV_EXPAND_GENERATION] = "3",
		[NV_EXPAND_VARIANT] = "",
		[NV_EXPAND_CREDENTIALS] = "/run/c"};
	char *result = nv_expand(expansions[_i].text, values);

	ck_assert_str_eq(result, expansions[_i].result);
	free(result);
}
END_TEST

/* ---- env_file ---- */

struct heard {
	char text[1000];
};

static int
hear(void *arg, const char *name, const char *value)
{
	struct heard *h = arg;
	size_t used = strlen(h->text);

	(void)snprintf(h->text + used, sizeof(h->text) - used, "%s=%s|", name, value);
	return 0;
}

static const struct {
	const char *text;
	const char *heard; /* or NULL: */
	unsigned line;
	unsigned column;
	const char *says;
} env_files[] = {
	{"", "", 0, 0, NULL},
	{"A=1", "A=1|", 0, 0, NULL},
	{"A=1\nB=2\n", "A=1|B=2|", 0, 0, NULL},
	{"# note\n\n  export A = 1 \r\n", "A=1|", 0, 0, NULL},
	{"A='x y'\nB=\" z \"\nC=\n", "A=x y|B= z |C=|", 0, 0, NULL},
	{"A=a=b#c", "A=a=b#c|", 0, 0, NULL},
	{"A=${NOVA_INSTANCE}", "A=${NOVA_INSTANCE}|", 0, 0, NULL},
	{"A=1\nB", NULL, 2, 1, "expected NAME=VALUE or a comment"},
	{"1A=x", NULL, 1, 1,
		"a variable's name has letters, digits and _, and no digit first"},
	{" NOVA_X=x", NULL, 1, 2, "is set by Nova itself"},
	{"A='x", NULL, 1, 3, "the quote is not closed at the end of the line"},
	{"A=\"", NULL, 1, 3, "the quote is not closed at the end of the line"},
	{"=x", NULL, 1, 1,
		"a variable's name has letters, digits and _, and no digit first"},
};

START_TEST(test_env_file)
{
	struct heard h = {""};
	struct nv_err err = {.text = ""};
	char *text = strdup(env_files[_i].text);
	int rc = nv_env_file_parse(text, strlen(text), hear, &h, &err);

	if (env_files[_i].heard) {
		ck_assert_msg(rc == 0, "%s", err.text);
		ck_assert_str_eq(h.text, env_files[_i].heard);
	} else {
		ck_assert_int_eq(rc, -EINVAL);
		ck_assert_uint_eq(err.line, env_files[_i].line);
		ck_assert_uint_eq(err.column, env_files[_i].column);
		ck_assert_str_eq(err.text, env_files[_i].says);
	}
	free(text);
}
END_TEST

START_TEST(test_env_file_hostile)
{
	struct heard h = {""};
	struct nv_err err = {.text = ""};
	char nul[] = "A=1\nB=\0x\n";
	char *many = malloc(10 * (NV_ENV_FILE_LINES_MAX + 2));
	size_t n = 0;

	ck_assert_int_eq(
		nv_env_file_parse(nul, sizeof(nul) - 1, hear, &h, &err), -EINVAL);
	ck_assert_uint_eq(err.line, 2);
	for (int i = 0; i <= NV_ENV_FILE_LINES_MAX; i++)
		n += (size_t)snprintf(many + n, 10, "A%d=x\n", i);
	h.text[0] = '\0';
	ck_assert_int_eq(nv_env_file_parse(many, n, hear, &h, &err), -EINVAL);
	ck_assert_uint_eq(err.line, NV_ENV_FILE_LINES_MAX + 1);
	free(many);
}
END_TEST

START_TEST(test_env_file_read)
{
	char path[] = "/tmp/nova-envfile.XXXXXX";
	int fd = mkstemp(path);
	char *text = NULL;
	size_t bytes = 0;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "A=1\n", 4), 4);
	ck_assert_int_eq(nv_env_file_read(path, &text, &bytes), 0);
	ck_assert_uint_eq(bytes, 4);
	ck_assert_str_eq(text, "A=1\n");
	free(text);
	ck_assert_int_eq(fchmod(fd, 0622), 0);
	ck_assert_int_eq(nv_env_file_read(path, &text, &bytes), -EPERM);
	ck_assert_int_eq(fchmod(fd, 0600), 0);
	ck_assert_int_eq(ftruncate(fd, (off_t)NV_ENV_FILE_BYTES_MAX + 1), 0);
	ck_assert_int_eq(nv_env_file_read(path, &text, &bytes), -EFBIG);
	ck_assert_int_eq(nv_env_file_read("/tmp", &text, &bytes), -EINVAL);
	ck_assert_int_eq(nv_env_file_read("/nova/absent", &text, &bytes), -ENOENT);
	(void)close(fd);
	(void)unlink(path);
}
END_TEST

START_TEST(test_caps)
{
	for (unsigned i = 0; i < NV_CAPS; i++)
		ck_assert_int_eq(nv_cap_find(nv_cap_name(i)), (int)i);
	ck_assert_int_eq(nv_cap_find("CAP_Sys_Admin"), 21);
	ck_assert_int_eq(nv_cap_find("cap_"), -1);
	ck_assert_int_eq(nv_cap_find(""), -1);
	ck_assert_str_eq(nv_cap_nearest("CAP_NET_BIND_SERVIC"), "net_bind_service");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conf_isolation");
	TCase *tc = tcase_create("conf_isolation");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, test_good, 0, (int)NV_LEN(good));
	tcase_add_loop_test(tc, test_bad, 0, (int)NV_LEN(bad));
	tcase_add_test(tc, test_command_expansion);
	tcase_add_test(tc, test_inherited);
	tcase_add_test(tc, test_restart_hash);
	tcase_add_loop_test(tc, test_expand, 0, (int)NV_LEN(expansions));
	tcase_add_loop_test(tc, test_env_file, 0, (int)NV_LEN(env_files));
	tcase_add_test(tc, test_env_file_hostile);
	tcase_add_test(tc, test_env_file_read);
	tcase_add_test(tc, test_caps);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
