/* Why an instance ended, in words: one case for each cause. */
#include "run_suite.h"
#include "why.h"

#include <signal.h>
#include <string.h>

#define EXIT(code) ((code) << 8)
#define MIB        ((uint64_t)1 << 20)

/* Nothing is NULL, so that a case names only what it is about. */
static struct eng_why
whole(struct eng_why w)
{
	const char **texts[] = {&w.cause, &w.by, &w.detail, &w.stage, &w.err_name,
		&w.wish, &w.wish_by, &w.wish_reason};

	for (size_t i = 0; i < NV_LEN(texts); i++) {
		if (!*texts[i])
			*texts[i] = "";
	}
	w.worker = "w";
	w.instance = 2;
	return w;
}

static const struct {
	struct eng_why why;
	const char *what;
	const char *advice; /* a part of it; "" = there is none */
} cases[] = {
	{{.cause = "exit", .uptime_ms = 5120}, "w#2 ended with exit code 0 after 5.1 s",
		""},
	{{.cause = "crash", .status = EXIT(3), .crash = true, .uptime_ms = 999},
		"w#2 ended with exit code 3 after 0.9 s", "last lines"},
	{{.cause = "crash", .status = EXIT(127), .crash = true},
		"w#2 ended with exit code 127 after 0.0 s", "does not find a command"},
	{{.cause = "crash", .status = EXIT(126), .crash = true},
		"w#2 ended with exit code 126 after 0.0 s", "may not be executed"},
	{{.cause = "crash", .status = SIGSEGV, .crash = true, .uptime_ms = 120000},
		"w#2 was ended by signal 11 (SEGV) after 2 min: it used memory that is "
		"not its own",
		"debugger"},
	{{.cause = "crash", .status = SIGKILL, .crash = true, .uptime_ms = 7260000},
		"w#2 was ended by signal 9 (KILL) after 2 h 1 min: somebody killed it, "
		"and it was not Nova",
		"who else"},
	{{.cause = "crash", .status = SIGSYS, .crash = true},
		"w#2 was ended by signal 31 (SYS) after 0.0 s: it made a system call "
		"that is not allowed to it",
		"isolation"},
	{{.cause = "oom",
		 .crash = true,
		 .status = SIGKILL,
		 .mem_peak_bytes = 64 * MIB,
		 .mem_limit_bytes = 64 * MIB,
		 .uptime_ms = 1000},
		"w#2 was killed by the kernel after 1.0 s, as it wanted more memory than "
		"there was: its peak was 64.0 MiB, its limit is 64.0 MiB",
		"limits.memory"},
	{{.cause = "oom", .crash = true, .status = SIGKILL, .mem_peak_bytes = MIB / 2},
		"w#2 was killed by the kernel after 0.0 s, as it wanted more memory than "
		"there was: its peak was 0.5 MiB, and it has no limit of its own",
		"give workers a limits.memory"},
	{{.cause = "watchdog",
		 .crash = true,
		 .status = SIGKILL,
		 .uptime_ms = 2000,
		 .detail = "no sign of life for 2m"},
		"w#2 was killed by Nova after 2.0 s, as it gave no sign of life: no sign "
		"of life for 2m",
		"heartbeat.timeout"},
	{{.cause = "livelock", .crash = true, .status = SIGKILL},
		"w#2 was killed by Nova after 0.0 s, as it gave signs of life and made "
		"no "
		"progress",
		"waits for"},
	{{.cause = "unhealthy", .crash = true, .detail = "http: 503"},
		"w#2 was killed by Nova after 0.0 s, as it did not pass its probe: http: "
		"503",
		"probe"},
	{{.cause = "not_ready", .crash = true},
		"w#2 was ended by Nova after 0.0 s, as it did not become ready in time",
		"more time"},
	{{.cause = "crash", .crash = true, .status = SIGXFSZ},
		"w#2 was ended by signal 25 (XFSZ) after 0.0 s: it wrote a larger file "
		"than limits.file_size allows",
		"limits.file_size"},
	{{.cause = "crash", .crash = true, .status = SIGXCPU},
		"w#2 was ended by signal 24 (XCPU) after 0.0 s: it used more CPU time "
		"than limits.cpu_time allows",
		"limits.cpu_time"},
	{{.cause = "something", .crash = true, .status = EXIT(1)},
		"w#2 was ended by Nova (something) after 0.0 s", "last lines"},
	{{.cause = "exec", .crash = true, .stage = "exec", .err_name = "ENOENT"},
		"w#2 could not be started: exec: ENOENT", "program is not there"},
	{{.cause = "exec", .crash = true, .stage = "exec", .err_name = "EACCES"},
		"w#2 could not be started: exec: EACCES", "may not be executed"},
	{{.cause = "exec", .stage = "descriptors", .err_name = "EMFILE"},
		"w#2 could not be started: descriptors: EMFILE", "tries again by itself"},
	{{.cause = "exec", .crash = true, .stage = "user", .err_name = "EPERM"},
		"w#2 could not be started: user: EPERM", "config show"},
	{{.cause = "stop",
		 .by = "engine",
		 .wish = "stopped",
		 .wish_by = "uid 0",
		 .wish_reason = "tired of it"},
		"w#2 was stopped by uid 0 after 0.0 s: tired of it", "workers start w"},
	{{.cause = "stop",
		 .by = "engine",
		 .wish = "killed",
		 .wish_by = "decision 41",
		 .wish_reason = "roi -20%",
		 .decision = 41},
		"w#2 was killed for good by decision 41 after 0.0 s: roi -20%",
		"explain 41"},
	{{.cause = "stop",
		 .by = "engine",
		 .wish = "running",
		 .wish_by = "decision 7",
		 .decision = 7},
		"w#2 was stopped after 0.0 s, as fewer instances are wanted (decision 7)",
		"explain 7"},
	{{.cause = "stop", .by = "engine"}, "w#2 was stopped by the engine after 0.0 s",
		""},
	{{.cause = "stop", .by = "uid 1000"}, "w#2 was stopped by uid 1000 after 0.0 s",
		""},
	{{.cause = "stop", .by = "shutdown"},
		"w#2 was stopped after 0.0 s, as Nova ended", ""},
	{{.cause = "stop", .by = "reload"},
		"w#2 was stopped after 0.0 s, for a new start, as its configuration "
		"changed",
		""},
	{{.cause = "stop", .by = "removed"},
		"w#2 was stopped after 0.0 s, as it is no longer in the configuration",
		""},
	{{.cause = "dependency", .by = "dependency db"},
		"w#2 was stopped after 0.0 s, as db, on which it depends, went down", ""},
	{{.cause = "group", .by = "group sales: mail#1 died"},
		"w#2 was stopped with its group (sales: mail#1 died) after 0.0 s", ""},
};

START_TEST(test_each_cause)
{
	struct eng_why w = whole(cases[_i].why);
	const struct eng_why_next next = {.state = "", .reason = ""};
	struct nv_buf buf;

	nv_buf_init(&buf, 4096);
	eng_why_what(&buf, &w);
	ck_assert_str_eq(buf.data, cases[_i].what);
	nv_buf_clear(&buf);
	eng_why_advice(&buf, &w, &next);
	const char *advice = buf.data ? buf.data : "";

	ck_assert_msg(cases[_i].advice[0] ? strstr(advice, cases[_i].advice) != NULL
					  : advice[0] == '\0',
		"%s: %s", cases[_i].what, advice);
	nv_buf_fini(&buf);
}
END_TEST

START_TEST(test_what_followed)
{
	static const struct {
		struct eng_why_next next;
		const char *did;
	} follows[] = {
		{{.state = "", .reason = ""}, "it has not been started again"},
		{{.started = true,
			 .generation = 5,
			 .after_ms = 1300,
			 .state = "",
			 .reason = ""},
			"it was started again after 1.3 s, as generation 5"},
		{{.state = "failed", .reason = "exit 3"}, "it stays down (exit 3)"},
		{{.state = "halted", .reason = "6 crashes in 1h"},
			"it was halted (6 crashes in 1h)"},
		{{.started = true,
			 .generation = 9,
			 .after_ms = -5,
			 .state = "cooldown",
			 .reason = ""},
			"it was given a rest; it was started again after 0.0 s, as "
			"generation 9"},
	};
	struct eng_why w = whole((struct eng_why){.cause = "crash", .crash = true});

	for (size_t i = 0; i < NV_LEN(follows); i++) {
		struct nv_buf buf;

		nv_buf_init(&buf, 4096);
		eng_why_did(&buf, &w, &follows[i].next);
		ck_assert_str_eq(buf.data, follows[i].did);
		nv_buf_fini(&buf);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("why");
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(tc, test_each_cause, 0, (int)NV_LEN(cases));
	tcase_add_test(tc, test_what_followed);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
