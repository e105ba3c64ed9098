/* Typed messages over a real socket: every body of the catalogue at its smallest and
 * its largest, and everything a corrupt peer might send. */
#include "nv_fd.h"
#include "nv_msg_body.h"
#include "nv_msg_brake.h"
#include "nv_msg_flow.h"
#include "nv_msg_group.h"
#include "nv_msg_whose.h"
#include "run_suite.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int ends[2];

static void
setup(void)
{
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
}

static void
teardown(void)
{
	nv_fd_close(&ends[0]);
	nv_fd_close(&ends[1]);
}

static const struct rule {
	const char *name;
	enum nv_msg_type type;
	char from;
	char to;
	size_t min;
	size_t max;
	unsigned fds;
} rules[] = {
#define S 'S'
#define E 'E'
#define L 'L'
#define P 'P'
#define C 'C'
#define NV_MSG(name, number, from, to, min, max, fds) \
	{#name, NV_MSG_##name, from, to, min, max, fds},
#include "nv_msg.def"
#undef NV_MSG
#undef S
#undef E
#undef L
#undef P
#undef C
};

static const struct rule *
rule_of(enum nv_msg_type type)
{
	for (size_t i = 0; i < NV_LEN(rules); i++) {
		if (rules[i].type == type)
			return &rules[i];
	}
	ck_abort_msg("no rule for %d", (int)type);
	return NULL;
}

static unsigned
count_fds(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 200; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* Send with the right number of descriptors and receive at the other end. */
static void
pass(enum nv_msg_type type, const void *body, size_t bytes, struct nv_msg *got)
{
	const struct rule *rule = rule_of(type);
	const int fds[NV_MSG_FDS_MAX] = {ends[0], ends[0], ends[0], ends[0]};
	char why[256] = "";

	ck_assert_msg(nv_msg_send(ends[0], type, body, bytes, fds, rule->fds) == 0,
		"%s of %zu bytes is not sent", rule->name, bytes);
	int rc = nv_msg_recv(ends[1], rule->from, rule->to, got, why, sizeof(why));

	ck_assert_msg(rc == 1, "%s: %d %s", rule->name, rc, why);
	ck_assert_int_eq(got->type, type);
	ck_assert_uint_eq(got->bytes, bytes);
	ck_assert_uint_eq(got->n_fds, rule->fds);
	if (bytes > 0)
		ck_assert_mem_eq(got->body, body, bytes);
	for (unsigned i = 0; i < got->n_fds; i++)
		ck_assert_int_eq(fcntl(got->fds[i], F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

START_TEST(test_catalogue)
{
	static uint8_t body[NV_MSG_BODY_MAX];
	static struct nv_msg got;
	unsigned before = count_fds();

	for (size_t i = 0; i < NV_LEN(rules); i++) {
		const int fds[NV_MSG_FDS_MAX] = {ends[0], ends[0], ends[0], ends[0]};
		const struct rule *r = &rules[i];

		ck_assert_str_eq(nv_msg_name(r->type), r->name);
		pass(r->type, body, r->min, &got);
		nv_msg_fini(&got);
		pass(r->type, body, r->max, &got);
		nv_msg_fini(&got);
		if (r->min > 0)
			ck_assert_int_eq(nv_msg_send(ends[0], r->type, body, r->min - 1,
						 fds, r->fds),
				-EMSGSIZE);
		if (r->max < NV_MSG_BODY_MAX)
			ck_assert_int_eq(nv_msg_send(ends[0], r->type, body, r->max + 1,
						 fds, r->fds),
				-EMSGSIZE);
		ck_assert_int_eq(nv_msg_send(ends[0], r->type, body, r->min, fds,
					 (r->fds + 1) % (NV_MSG_FDS_MAX + 1)),
			-EINVAL);
	}
	ck_assert_str_eq(nv_msg_name(0), "unknown");
	ck_assert_str_eq(nv_msg_name(NV_MSG_TYPE_MAX), "unknown");
	ck_assert_str_eq(nv_msg_name(UINT32_MAX), "unknown");
	ck_assert_int_eq(
		nv_msg_send(ends[0], (enum nv_msg_type)0, NULL, 0, NULL, 0), -EINVAL);
	ck_assert_int_eq(
		nv_msg_send(ends[0], (enum nv_msg_type)9999, NULL, 0, NULL, 0), -EINVAL);
	ck_assert_uint_eq(count_fds(), before);
}
END_TEST

/* ---- bodies ---- */

#define FILL(field) memset(m.field, 'x', sizeof(m.field) - 1)

/* Encode, send, decode, encode again: the same bytes. Every shorter body and one byte
 * more must be refused. */
#define CHECK_BODY(msg_type, suffix) \
	do { \
		static uint8_t out[NV_MSG_BODY_MAX]; \
		static uint8_t again[NV_MSG_BODY_MAX]; \
		static struct nv_msg got; \
		struct nv_##suffix back; \
		struct nv_wr w; \
\
		nv_wr_init(&w, out, sizeof(out)); \
		ck_assert_int_eq(nv_##suffix##_encode(&w, &m), 0); \
		pass(msg_type, out, w.bytes, &got); \
		nv_msg_fini(&got); \
		memset(&back, 0x5a, sizeof(back)); \
		ck_assert_int_eq(nv_##suffix##_decode(&back, &got), 0); \
		struct nv_wr v; \
\
		nv_wr_init(&v, again, sizeof(again)); \
		ck_assert_int_eq(nv_##suffix##_encode(&v, &back), 0); \
		ck_assert_uint_eq(v.bytes, w.bytes); \
		ck_assert_mem_eq(again, out, w.bytes); \
		for (size_t n = 0; n < w.bytes; n++) { \
			got.bytes = n; \
			ck_assert_int_eq(nv_##suffix##_decode(&back, &got), -EBADMSG); \
		} \
		got.bytes = w.bytes + 1; \
		ck_assert_int_eq(nv_##suffix##_decode(&back, &got), -EBADMSG); \
		nv_wr_init(&v, again, w.bytes - 1); \
		ck_assert_int_eq(nv_##suffix##_encode(&v, &m), -ENOBUFS); \
	} while (0)

#define TEST_BODY(name, msg_type, suffix, ...) \
	START_TEST(name) \
	{ \
		struct nv_##suffix m = {0}; \
\
		CHECK_BODY(msg_type, suffix); \
		memset(&m, 0, sizeof(m)); \
		__VA_ARGS__; \
		CHECK_BODY(msg_type, suffix); \
	} \
	END_TEST

TEST_BODY(test_eng_hello, NV_MSG_ENG_HELLO, eng_hello, m.boot_id = UINT64_MAX,
	m.config_gen = UINT32_MAX, FILL(state_dir), FILL(run_dir))
TEST_BODY(test_eng_stream, NV_MSG_ENG_STREAM, eng_stream, m.stream_id = UINT64_MAX,
	m.instance = UINT32_MAX, m.generation = UINT32_MAX, m.pid = INT32_MIN,
	m.runner = true, FILL(worker), FILL(cgroup), FILL(variant))
TEST_BODY(test_eng_held, NV_MSG_ENG_HELD, eng_held, m.uid = UINT32_MAX,
	m.wall_ns = INT64_MIN, FILL(worker))
TEST_BODY(test_sup_engine_state, NV_MSG_SUP_ENGINE_STATE, sup_engine_state,
	m.state = UINT8_MAX, FILL(reason))
TEST_BODY(test_sup_desire, NV_MSG_SUP_DESIRE, sup_desire, m.instances = UINT32_MAX,
	m.paused = true, m.reset = true, m.epoch = UINT64_MAX,
	m.run_interval_ms = INT64_MIN, FILL(worker), FILL(reason), FILL(params),
	FILL(variant), FILL(split))
TEST_BODY(test_sup_stream_closed, NV_MSG_SUP_STREAM_CLOSED, sup_stream_closed,
	m.stream_id = UINT64_MAX, m.bytes = UINT64_MAX)
TEST_BODY(test_sup_kill, NV_MSG_SUP_KILL, sup_kill, m.stream_id = UINT64_MAX,
	m.hard = true, FILL(cause), FILL(detail))
TEST_BODY(test_log_hello, NV_MSG_LOG_HELLO, log_hello, FILL(log_dir))
TEST_BODY(test_log_stream, NV_MSG_LOG_STREAM, log_stream, m.log_id = UINT64_MAX,
	m.instance = UINT32_MAX, m.generation = UINT32_MAX,
	m.policy.file_bytes_max = UINT64_MAX, m.policy.age_ms = INT64_MAX,
	m.policy.files_kept = UINT32_MAX, m.policy.kept_bytes_max = UINT64_MAX,
	m.policy.kept_ms_max = INT64_MIN, m.policy.compress = NV_LOG_COMPRESS_GZIP,
	m.policy.stamps = NV_LOG_STAMP_NONE, m.policy.when_full = NV_LOG_FULL_WAIT,
	FILL(name))
TEST_BODY(test_sup_log_lost, NV_MSG_SUP_LOG_LOST, sup_log_lost, m.log_id = UINT64_MAX,
	m.dropped_bytes = UINT64_MAX, m.waiting_bytes = UINT64_MAX, FILL(error))
TEST_BODY(test_ctl_log, NV_MSG_CTL_LOG, ctl_log, m.request_id = UINT32_MAX,
	m.dropped_bytes = UINT64_MAX, FILL(worker), FILL(error))
TEST_BODY(test_ctl_nova, NV_MSG_CTL_NOVA, ctl_nova, m.request_id = UINT32_MAX,
	m.pid = INT32_MAX, m.uptime_ms = UINT64_MAX, m.ready = true, m.stopping = true,
	m.config_gen = UINT32_MAX, FILL(version), FILL(engine_state), FILL(engine_reason),
	FILL(isolation), FILL(state_dir), FILL(log_dir), FILL(config), FILL(brake))
TEST_BODY(test_ctl_proc, NV_MSG_CTL_PROC, ctl_proc, m.request_id = UINT32_MAX,
	m.pid = INT32_MAX, m.uptime_ms = UINT64_MAX, m.restarts = UINT32_MAX, FILL(name),
	FILL(state), FILL(last_exit))
TEST_BODY(test_ctl_worker, NV_MSG_CTL_WORKER, ctl_worker, m.request_id = UINT32_MAX,
	m.desired = UINT32_MAX, m.up = UINT32_MAX, m.paused = true, m.epoch = UINT64_MAX,
	m.restarts = UINT32_MAX, m.crashes_in_window = UINT32_MAX,
	m.crashes_max = UINT32_MAX, m.window_ms = UINT64_MAX, m.retry_in_ms = -1,
	FILL(worker), FILL(group), FILL(state), FILL(reason))
TEST_BODY(test_ctl_instance, NV_MSG_CTL_INSTANCE, ctl_instance, m.request_id = UINT32_MAX,
	m.instance = UINT32_MAX, m.pid = INT32_MAX, m.generation = UINT32_MAX,
	m.uptime_ms = UINT64_MAX, m.restarts = UINT32_MAX, FILL(worker), FILL(state),
	m.health_ms = UINT64_MAX, FILL(last_exit), FILL(cgroup), FILL(health),
	FILL(health_reason))
TEST_BODY(test_sup_idle, NV_MSG_SUP_IDLE, sup_idle, m.n = 900, m.numbers[0] = UINT32_MAX,
	m.numbers[899] = 7, FILL(worker))
TEST_BODY(test_sup_roll, NV_MSG_SUP_ROLL, sup_roll, m.request_id = UINT32_MAX,
	m.action = UINT8_MAX, m.surge = INT64_MIN, m.max_unavailable = -1,
	m.abort_after = INT64_MAX, m.pause_ms = -1, FILL(worker))
TEST_BODY(test_ctl_roll, NV_MSG_CTL_ROLL, ctl_roll, m.request_id = UINT32_MAX,
	m.id = UINT32_MAX, m.done = UINT32_MAX, m.total = UINT32_MAX,
	m.failures = UINT32_MAX, FILL(worker), FILL(phase), FILL(text))
TEST_BODY(test_eng_brake, NV_MSG_ENG_BRAKE, brake, m.on = true, m.uid = UINT32_MAX,
	m.wall_ns = INT64_MIN, m.lifted_uid = UINT32_MAX, m.lifted_ns = INT64_MAX,
	FILL(reason), FILL(lifted_reason))
TEST_BODY(test_sup_brake, NV_MSG_SUP_BRAKE, sup_brake, m.request_id = UINT32_MAX,
	m.action = UINT8_MAX, FILL(reason))
TEST_BODY(test_sup_brake_pull, NV_MSG_SUP_BRAKE_PULL, sup_brake_pull, m.uid = UINT32_MAX,
	FILL(reason))
TEST_BODY(test_sup_whose, NV_MSG_SUP_WHOSE, sup_whose, m.request_id = UINT32_MAX,
	m.pid = INT32_MAX)
TEST_BODY(test_ctl_whose, NV_MSG_CTL_WHOSE, ctl_whose, m.request_id = UINT32_MAX,
	m.instance = UINT32_MAX, m.generation = UINT32_MAX, m.platforms = UINT32_MAX,
	FILL(worker))
TEST_BODY(test_sup_plan, NV_MSG_SUP_PLAN, sup_plan, m.request_id = UINT32_MAX,
	m.apply = true)
TEST_BODY(test_ctl_plan, NV_MSG_CTL_PLAN, ctl_plan, m.request_id = UINT32_MAX,
	m.kind = UINT8_MAX, m.effect = UINT8_MAX, m.running = UINT32_MAX, FILL(worker),
	FILL(key), FILL(from), FILL(to))
TEST_BODY(test_ctl_incident, NV_MSG_CTL_INCIDENT, ctl_incident, m.request_id = UINT32_MAX,
	m.id = UINT32_MAX, m.workers = UINT32_MAX, m.held = UINT32_MAX,
	m.failed = UINT32_MAX, m.since_ms = UINT64_MAX, m.next_ms = -1, FILL(state),
	FILL(canary), FILL(text))
TEST_BODY(test_probe_watch, NV_MSG_PROBE_WATCH, probe_watch, m.stream_id = UINT64_MAX,
	m.instance = UINT32_MAX, m.pid = INT32_MIN, m.what = UINT8_MAX, FILL(worker),
	FILL(cgroup))
TEST_BODY(test_sup_probe_state, NV_MSG_SUP_PROBE_STATE, sup_probe_state,
	m.stream_id = UINT64_MAX, m.what = UINT8_MAX, m.good = true, FILL(reason))
TEST_BODY(test_sup_group_get, NV_MSG_SUP_GROUP_GET, sup_group_get,
	m.request_id = UINT32_MAX, FILL(group))
TEST_BODY(test_sup_group_do, NV_MSG_SUP_GROUP_DO, sup_group_do, m.request_id = UINT32_MAX,
	m.what = NV_GROUP_CHILD_DELETE, m.instance = UINT32_MAX, FILL(group), FILL(child))
TEST_BODY(test_ctl_group, NV_MSG_CTL_GROUP, ctl_group, m.request_id = UINT32_MAX,
	m.intensity = UINT32_MAX, m.period_s = UINT32_MAX, m.restarts = UINT32_MAX,
	m.given_up = UINT32_MAX, m.significant = true, m.shutdown_ms = -1,
	m.specs = UINT32_MAX, m.active = UINT32_MAX, m.supervisors = UINT32_MAX,
	m.workers = UINT32_MAX, FILL(name), FILL(parent), FILL(strategy), FILL(state),
	FILL(reason), FILL(auto_shutdown), FILL(restart))
TEST_BODY(test_ctl_group_child, NV_MSG_CTL_GROUP_CHILD, ctl_group_child,
	m.request_id = UINT32_MAX, m.instance = UINT32_MAX, m.significant = true,
	m.dynamic = true, m.shutdown_ms = -1, m.retry_in_ms = INT64_MAX,
	m.pid = INT32_MAX, FILL(group), FILL(name), FILL(state), FILL(restart))
TEST_BODY(test_ctl_reply, NV_MSG_CTL_REPLY, ctl_reply, m.request_id = UINT32_MAX,
	m.code = UINT8_MAX, FILL(text))

START_TEST(test_rows)
{
	static uint8_t out[NV_MSG_BODY_MAX];
	static uint8_t row[1000];
	static struct nv_msg got;
	struct nv_wr w;
	struct nv_rd r;
	size_t n = 0;

	nv_wr_init(&w, out, sizeof(out));
	nv_wr_u32(&w, 7);
	for (size_t i = 0; i < sizeof(row); i++)
		row[i] = (uint8_t)i;
	ck_assert_int_eq(nv_ctl_rows_add(&w, NV_MSG_CTL_END, row, 0), 0);
	while (nv_ctl_rows_add(&w, NV_MSG_CTL_PROC, row, sizeof(row)) == 0)
		n++;
	ck_assert_uint_eq(n, (sizeof(out) - 4 - 8) / (8 + sizeof(row)));
	ck_assert_int_eq(w.error, 0);
	nv_rd_init(&r, out, w.bytes);
	ck_assert_uint_eq(nv_rd_u32(&r), 7);
	ck_assert_int_eq(nv_ctl_rows_next(&r, &got), 1);
	ck_assert_uint_eq(got.type, NV_MSG_CTL_END);
	ck_assert_uint_eq(got.bytes, 0);
	for (size_t i = 0; i < n; i++) {
		ck_assert_int_eq(nv_ctl_rows_next(&r, &got), 1);
		ck_assert_uint_eq(got.type, NV_MSG_CTL_PROC);
		ck_assert_uint_eq(got.bytes, sizeof(row));
		ck_assert_mem_eq(got.body, row, sizeof(row));
	}
	ck_assert_int_eq(nv_ctl_rows_next(&r, &got), 0);
	/* Every place at which it may be cut but those between two rows. */
	for (size_t bytes = 5; bytes < 4 + 8 + 8 + sizeof(row); bytes++) {
		int rc;

		nv_rd_init(&r, out, bytes);
		(void)nv_rd_u32(&r);
		while ((rc = nv_ctl_rows_next(&r, &got)) > 0)
			;
		ck_assert_int_eq(rc, bytes == 12 ? 0 : -EBADMSG);
		ck_assert_int_eq(nv_ctl_rows_next(&r, &got), rc);
	}
}
END_TEST

START_TEST(test_rows_hostile)
{
	static const struct {
		uint32_t type;
		uint32_t bytes;
	} heads[] = {{NV_MSG_TYPE_MAX, 0}, {UINT32_MAX, 0}, {NV_MSG_CTL_PROC, 1},
		{NV_MSG_CTL_PROC, UINT32_MAX}};
	static struct nv_msg got;

	for (size_t i = 0; i < NV_LEN(heads); i++) {
		uint8_t out[8];
		struct nv_wr w;
		struct nv_rd r;

		nv_wr_init(&w, out, sizeof(out));
		nv_wr_u32(&w, heads[i].type);
		nv_wr_u32(&w, heads[i].bytes);
		nv_rd_init(&r, out, sizeof(out));
		ck_assert_int_eq(nv_ctl_rows_next(&r, &got), -EBADMSG);
	}
}
END_TEST

START_TEST(test_requests)
{
	static const enum nv_msg_type types[] = {NV_MSG_SUP_STATUS, NV_MSG_SUP_STOP,
		NV_MSG_SUP_RESTART, NV_MSG_SUP_RELOAD, NV_MSG_SUP_SHUTDOWN,
		NV_MSG_SUP_WAIT};
	static struct nv_msg got;
	uint8_t out[256];

	for (size_t i = 0; i < NV_LEN(types) * 2; i++) {
		enum nv_msg_type type = types[i / 2];
		struct nv_sup_request m = {0};
		struct nv_sup_request back;
		struct nv_wr w;

		if (i % 2) {
			m.request_id = UINT32_MAX;
			m.instance = UINT32_MAX;
			m.wait_for = UINT8_MAX;
			m.brief = true;
			m.timeout_ms = UINT32_MAX;
			memset(m.worker, 'x', sizeof(m.worker) - 1);
		}
		nv_wr_init(&w, out, sizeof(out));
		ck_assert_int_eq(nv_sup_request_encode(&w, type, &m), 0);
		pass(type, out, w.bytes, &got);
		ck_assert_int_eq(nv_sup_request_decode(&back, &got), 0);
		ck_assert_uint_eq(back.request_id, m.request_id);
		ck_assert_str_eq(back.worker,
			type == NV_MSG_SUP_RELOAD || type == NV_MSG_SUP_SHUTDOWN
				? ""
				: m.worker);
		ck_assert_uint_eq(
			back.instance, type == NV_MSG_SUP_RESTART ? m.instance : 0);
		ck_assert_uint_eq(
			back.timeout_ms, type == NV_MSG_SUP_WAIT ? m.timeout_ms : 0);
		ck_assert(back.brief == (type == NV_MSG_SUP_STATUS && m.brief));
		for (got.bytes = 0; got.bytes < w.bytes; got.bytes++)
			ck_assert_int_eq(nv_sup_request_decode(&back, &got), -EBADMSG);
		got.bytes = w.bytes + 1;
		ck_assert_int_eq(nv_sup_request_decode(&back, &got), -EBADMSG);
	}
}
END_TEST

START_TEST(test_values)
{
	/* Values arrive, not only bytes. */
	struct nv_sup_desire m = {.instances = 3,
		.paused = true,
		.epoch = 9,
		.worker = "w",
		.params = "{\"a\":1}",
		.run_interval_ms = -2};
	struct nv_sup_desire back;
	static struct nv_msg got;
	uint8_t out[1000];
	struct nv_wr w;

	nv_wr_init(&w, out, sizeof(out));
	ck_assert_int_eq(nv_sup_desire_encode(&w, &m), 0);
	pass(NV_MSG_SUP_DESIRE, out, w.bytes, &got);
	ck_assert_int_eq(nv_sup_desire_decode(&back, &got), 0);
	ck_assert_uint_eq(back.instances, 3);
	ck_assert(back.paused && !back.reset);
	ck_assert_uint_eq(back.epoch, 9);
	ck_assert_str_eq(back.worker, "w");
	ck_assert_str_eq(back.params, "{\"a\":1}");
	ck_assert_int_eq(back.run_interval_ms, -2);
}
END_TEST

START_TEST(test_strings)
{
	/* A string with a NUL inside, and one too long for its field. */
	static struct nv_msg msg = {.type = NV_MSG_SUP_KILL};
	struct nv_sup_kill m;
	struct nv_wr w;

	nv_wr_init(&w, msg.body, sizeof(msg.body));
	nv_wr_u64(&w, 1);
	nv_wr_u8(&w, 0);
	nv_wr_str(&w, "abc");
	nv_wr_str(&w, "defg");
	msg.bytes = w.bytes;
	ck_assert_int_eq(nv_sup_kill_decode(&m, &msg), 0);
	ck_assert_str_eq(m.cause, "abc");
	ck_assert_str_eq(m.detail, "defg");
	msg.body[w.bytes - 2] = '\0';
	ck_assert_int_eq(nv_sup_kill_decode(&m, &msg), -EBADMSG);
	nv_wr_init(&w, msg.body, sizeof(msg.body));
	nv_wr_u64(&w, 1);
	nv_wr_u8(&w, 0);
	nv_wr_str(&w, "1234567890123456789012345678901234567890123456789012345678901234");
	nv_wr_str(&w, "");
	msg.bytes = w.bytes;
	ck_assert_int_eq(nv_sup_kill_decode(&m, &msg), -EBADMSG);
	ck_assert_uint_lt(strnlen(m.cause, sizeof(m.cause)), sizeof(m.cause));
	/* Too long for the length field itself. */
	static char huge[70000];

	memset(huge, 'a', sizeof(huge) - 1);
	nv_wr_init(&w, msg.body, sizeof(msg.body));
	nv_wr_str(&w, huge);
	nv_wr_str(&w, "after");
	ck_assert_int_eq(w.error, -ENOBUFS);
	ck_assert_uint_eq(w.bytes, 0);
	nv_wr_init(&w, msg.body, sizeof(msg.body));
	nv_wr_str(&w, NULL);
	ck_assert_uint_eq(w.bytes, 2);
}
END_TEST

START_TEST(test_integers)
{
	static struct nv_msg msg = {.bytes = 8, .body = {1, 2, 3, 4, 5, 6, 7, 8}};
	uint64_t wide = 0;
	uint32_t narrow = 0;

	ck_assert_int_eq(nv_body_u64_decode(&wide, &msg), 0);
	ck_assert_uint_eq(wide, UINT64_C(0x0807060504030201));
	ck_assert_int_eq(nv_body_u32_decode(&narrow, &msg), -EBADMSG);
	msg.bytes = 4;
	ck_assert_int_eq(nv_body_u32_decode(&narrow, &msg), 0);
	ck_assert_uint_eq(narrow, 0x04030201);
	ck_assert_int_eq(nv_body_u64_decode(&wide, &msg), -EBADMSG);
}
END_TEST

/* ---- a corrupt peer ---- */

static void
send_raw(const void *data, size_t bytes, unsigned n_fds)
{
	struct iovec iov = {.iov_len = bytes};
	union {
		char space[CMSG_SPACE(sizeof(int) * 16)];
		struct cmsghdr align;
	} control = {.space = {0}};
	struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1};

	memcpy(&iov.iov_base, &data, sizeof(data));
	if (n_fds > 0) {
		mh.msg_control = control.space;
		mh.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
		struct cmsghdr *cm = CMSG_FIRSTHDR(&mh);

		cm->cmsg_level = SOL_SOCKET;
		cm->cmsg_type = SCM_RIGHTS;
		cm->cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
		for (unsigned i = 0; i < n_fds; i++)
			memcpy(CMSG_DATA(cm) + i * sizeof(int), &ends[0], sizeof(int));
	}
	ck_assert_int_eq(sendmsg(ends[0], &mh, 0), (ssize_t)bytes);
}

START_TEST(test_hostile)
{
	static struct nv_msg got;
	static uint8_t big[NV_MSG_BODY_MAX + 100];
	static const struct {
		uint8_t data[16];
		size_t bytes;
		unsigned fds;
		const char *says;
	} rows[] = {
		{{5, 0, 0}, 3, 0, "unknown number"}, /* shorter than a header */
		{{5}, 1, 0, "unknown number"},
		{{0, 0, 0, 0}, 4, 0, "unknown number"},
		{{127, 0, 0, 0}, 4, 0, "unknown number"},
		{{255, 255, 0, 0}, 4, 0, "unknown number"},
		{{5, 1, 0, 0}, 4, 0, "unknown number"},
		{{25, 0, 0, 0}, 4, 0,
			"not allowed from this peer"}, /* the engine's own */
		{{62, 0, 0, 0, 1, 2, 3, 4}, 8, 0, "not allowed from this peer"},
		{{5, 0, 0, 0, 1}, 5, 0, "wrong size"},
		{{8, 0, 0, 0, 1, 2, 3}, 7, 0, "wrong size"},
		{{5, 0, 0, 0}, 4, 1, "wrong number of descriptors"},
		{{6, 0, 0, 0, 1, 0, 0, 0}, 8, 0, "wrong number of descriptors"},
		{{6, 0, 0, 0, 1, 0, 0, 0}, 8, 2, "wrong number of descriptors"},
		{{6, 0, 0, 0, 1, 0, 0, 0}, 8, 16, "larger than any message"},
		{{5, 0, 1, 0}, 4, 0, "header"},
		{{5, 0, 0, 9}, 4, 0, "header"},
	};
	unsigned before = count_fds();
	char why[256];

	for (size_t i = 0; i < NV_LEN(rows); i++) {
		send_raw(rows[i].data, rows[i].bytes, rows[i].fds);
		int rc = nv_msg_recv(ends[1], 'S', 'E', &got, why, sizeof(why));

		ck_assert_msg(rc == -EPROTO, "row %zu: %d", i, rc);
		ck_assert_msg(strstr(why, rows[i].says), "row %zu: %s", i, why);
		ck_assert_uint_eq(got.n_fds, 0);
	}
	big[0] = NV_MSG_SUP_DESIRE_END;
	send_raw(big, sizeof(big), 0);
	ck_assert_int_eq(nv_msg_recv(ends[1], 'E', 'S', &got, NULL, 0), -EPROTO);
	/* No descriptor of a refused message stays open here. */
	ck_assert_uint_eq(count_fds(), before);
}
END_TEST

START_TEST(test_ends)
{
	static struct nv_msg got;
	const uint8_t gen[4] = {0};

	ck_assert_int_eq(nv_msg_recv(ends[1], 'S', 'E', &got, NULL, 0), -EAGAIN);
	/* Full: EAGAIN, and what was sent arrives. */
	int rc = 0;
	unsigned sent = 0;

	while (rc == 0 && sent < 1000000) {
		rc = nv_msg_send(ends[0], NV_MSG_ENG_STOP, gen, 4, NULL, 0);
		sent += rc == 0;
	}
	ck_assert_int_eq(rc, -EAGAIN);
	for (unsigned i = 0; i < sent; i++)
		ck_assert_int_eq(nv_msg_recv(ends[1], 'S', 'E', &got, NULL, 0), 1);
	ck_assert_int_eq(nv_msg_recv(ends[1], 'S', 'E', &got, NULL, 0), -EAGAIN);
	nv_fd_close(&ends[0]);
	ck_assert_int_eq(nv_msg_recv(ends[1], 'S', 'E', &got, NULL, 0), 0);
	ck_assert_int_eq(
		nv_msg_send(ends[1], NV_MSG_SUP_DESIRE_END, NULL, 0, NULL, 0), -EPIPE);
}
END_TEST

int
main(void)
{
	const TTest *const bodies[] = {test_eng_hello, test_eng_stream, test_eng_held,
		test_sup_engine_state, test_sup_desire, test_sup_stream_closed,
		test_sup_kill, test_log_hello, test_log_stream, test_sup_log_lost,
		test_ctl_log, test_ctl_nova, test_ctl_proc, test_ctl_worker,
		test_ctl_instance, test_ctl_incident, test_ctl_reply, test_probe_watch,
		test_sup_probe_state, test_sup_idle, test_sup_roll, test_ctl_roll,
		test_sup_whose, test_ctl_whose, test_sup_plan, test_ctl_plan,
		test_sup_brake, test_sup_brake_pull, test_eng_brake, test_sup_group_get,
		test_sup_group_do, test_ctl_group, test_ctl_group_child};
	Suite *suite = suite_create("nv_msg");
	TCase *tc = tcase_create("nv_msg");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_catalogue);
	for (size_t i = 0; i < NV_LEN(bodies); i++)
		tcase_add_test(tc, bodies[i]);
	tcase_add_test(tc, test_requests);
	tcase_add_test(tc, test_rows);
	tcase_add_test(tc, test_rows_hostile);
	tcase_add_test(tc, test_values);
	tcase_add_test(tc, test_strings);
	tcase_add_test(tc, test_integers);
	tcase_add_test(tc, test_hostile);
	tcase_add_test(tc, test_ends);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
