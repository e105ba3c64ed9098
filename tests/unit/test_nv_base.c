/* The small parts: buffers, names, errors, UTF-8, message fields. */
#include "nv_accept.h"
#include "nv_buf.h"
#include "nv_err.h"
#include "nv_fd.h"
#include "nv_name.h"
#include "nv_wire.h"
#include "run_suite.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

START_TEST(test_buf_grows)
{
	struct nv_buf buf;

	nv_buf_init(&buf, 1 << 20);
	for (int i = 0; i < 10000; i++)
		nv_buf_printf(&buf, "%d,", i % 10);
	ck_assert_int_eq(buf.error, 0);
	ck_assert_uint_eq(buf.bytes, 20000);
	ck_assert_uint_eq(strlen(buf.data), 20000);
	nv_buf_consume(&buf, 19998);
	ck_assert_str_eq(buf.data, "9,");
	nv_buf_consume(&buf, 0);
	nv_buf_consume(&buf, 2);
	ck_assert_str_eq(buf.data, "");
	nv_buf_add(&buf, "a\0b", 3);
	ck_assert_mem_eq(buf.data, "a\0b", 4);
	nv_buf_clear(&buf);
	nv_buf_puts(&buf, "x");
	char *taken = nv_buf_take(&buf);

	ck_assert_str_eq(taken, "x");
	free(taken);
	/* An empty one is a string too. */
	taken = nv_buf_take(&buf);
	ck_assert_str_eq(taken, "");
	free(taken);
	nv_buf_fini(&buf);
	nv_buf_fini(&buf);
	nv_buf_fini(NULL);
}
END_TEST

START_TEST(test_buf_ceiling)
{
	struct nv_buf buf;

	nv_buf_init(&buf, 10);
	nv_buf_puts(&buf, "0123456789");
	ck_assert_int_eq(buf.error, 0);
	nv_buf_puts(&buf, "");
	ck_assert_int_eq(buf.error, 0);
	nv_buf_puts(&buf, "x");
	ck_assert_int_eq(buf.error, -ENOBUFS);
	ck_assert_str_eq(buf.data, "0123456789");
	/* Remembered: nothing is added after the first failure, even if it would fit. */
	nv_buf_consume(&buf, 5);
	nv_buf_printf(&buf, "%d", 1);
	ck_assert_str_eq(buf.data, "56789");
	ck_assert_ptr_null(nv_buf_take(&buf));
	nv_buf_clear(&buf);
	nv_buf_printf(&buf, "%010d", 7);
	ck_assert_str_eq(buf.data, "0000000007");
	nv_buf_fini(&buf);
}
END_TEST

START_TEST(test_json_text)
{
	static const struct {
		const char *text;
		size_t bytes;
		const char *json;
	} rows[] = {
		{"", 0, "\"\""},
		{"abc", 3, "\"abc\""},
		{"a\"b\\c/", 6, "\"a\\\"b\\\\c/\""},
		{"\n\t\r\x01\x7f", 5, "\"\\n\\u0009\\u000d\\u0001\\u007f\""},
		{"a\0b", 3, "\"a\\u0000b\""},
		{"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 9,
			"\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\""},
		{"\xff\xc3", 2, "\"\\ufffd\\ufffd\""},
		{"\xed\xa0\x80", 3, "\"\\ufffd\\ufffd\\ufffd\""}, /* a surrogate */
		{"\xc0\xaf", 2, "\"\\ufffd\\ufffd\""},            /* overlong */
		{"\xf4\x90\x80\x80", 4, "\"\\ufffd\\ufffd\\ufffd\\ufffd\""},
	};
	struct nv_buf buf;

	nv_buf_init(&buf, 1000);
	for (size_t i = 0; i < NV_LEN(rows); i++) {
		nv_buf_clear(&buf);
		nv_buf_put_json(&buf, rows[i].text, rows[i].bytes);
		ck_assert_str_eq(buf.data, rows[i].json);
	}
	nv_buf_fini(&buf);
}
END_TEST

/* RFC 3629 by decoding: the length nv_utf8_len should give for these bytes. */
static size_t
by_decoding(const unsigned char *s, size_t bytes)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = s[0] < 0x80             ? 1
		   : (s[0] & 0xe0) == 0xc0 ? 2
		   : (s[0] & 0xf0) == 0xe0 ? 3
		   : (s[0] & 0xf8) == 0xf0 ? 4
					   : 0;
	uint32_t code = n < 2 ? s[0] : s[0] & (0x7fu >> n);

	if (n == 0 || n > bytes)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (s[i] & 0x3f);
	}
	if (code < least[n] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	return n;
}

START_TEST(test_utf8)
{
	ck_assert_uint_eq(nv_utf8_len("", 0), 0);
	/* All leads and second bytes, some thirds; the fourth follows from them. */
	for (uint32_t v = 0; v < 1u << 24; v += 1 + (v >> 8) % 97) {
		const unsigned char s[4] = {(unsigned char)(v >> 16),
			(unsigned char)(v >> 8), (unsigned char)v,
			(unsigned char)(v * 7)};

		/* Every ck_assert writes to a pipe: only when it matters. */
		for (size_t n = 1; n <= 4; n++) {
			if (nv_utf8_len((const char *)s, n) != by_decoding(s, n))
				ck_abort_msg("%02x %02x %02x %02x of %zu", s[0], s[1],
					s[2], s[3], n);
		}
	}
}
END_TEST

START_TEST(test_names)
{
	static const char *const yes[] = {"a", "0", "email_agent", "a.b-c_d",
		"a12345678901234567890123456789012345678901234567890123456789012"};
	static const char *const no[] = {"", "_a", ".a", "-a", "A", "a b", "a/b", "..",
		"ä", "a\n",
		"a1234567890123456789012345678901234567890123456789012345678901234"};

	for (size_t i = 0; i < NV_LEN(yes); i++)
		ck_assert_msg(nv_name_valid(yes[i]), "%s", yes[i]);
	for (size_t i = 0; i < NV_LEN(no); i++)
		ck_assert_msg(!nv_name_valid(no[i]), "%s", no[i]);
}
END_TEST

START_TEST(test_nearest)
{
	static const char *const known[] = {
		"max", "within", "cooldown", "backoff", "on_limit", "max_daily_budget"};
	static const struct {
		const char *word;
		const char *nearest;
	} rows[] = {
		{"max", "max"},
		{"mx", "max"},
		{"mxa", "max"},
		{"maxx", "max"},
		{"whitin", "within"},
		{"cool_down", "cooldown"},
		{"backof", "backoff"},
		{"max_dayly_bugdet", "max_daily_budget"},
		{"completely_else", NULL},
		{"zz", NULL},
		{"", NULL},
	};
	char longest[NV_NAME_MAX + 2];

	for (size_t i = 0; i < NV_LEN(rows); i++) {
		const char *near = nv_name_nearest(rows[i].word, known, NV_LEN(known));

		if (rows[i].nearest)
			ck_assert_pstr_eq(near, rows[i].nearest);
		else
			ck_assert_ptr_null(near);
	}
	ck_assert_ptr_null(nv_name_nearest("max", known, 0));
	memset(longest, 'a', sizeof(longest));
	longest[NV_NAME_MAX + 1] = '\0';
	ck_assert_ptr_null(nv_name_nearest(longest, known, NV_LEN(known)));
	ck_assert_uint_eq(nv_name_distance(longest, "a"), UINT_MAX);
	longest[NV_NAME_MAX] = '\0';
	ck_assert_uint_eq(nv_name_distance(longest, ""), NV_NAME_MAX);
	ck_assert_uint_eq(nv_name_distance("ab", "ba"), 1);
	ck_assert_uint_eq(nv_name_distance("kitten", "sitting"), 3);
	ck_assert_uint_eq(nv_name_distance("", ""), 0);
}
END_TEST

START_TEST(test_errors)
{
	struct nv_err err = {.file = "f", .line = 3, .column = 9};
	char buf[100];
	char tiny[8];

	ck_assert_int_eq(nv_err_set(&err, -EINVAL, "found %d", 5), -EINVAL);
	ck_assert_str_eq(nv_err_string(&err, buf, sizeof(buf)), "f:3:9: found 5");
	ck_assert_str_eq(nv_err_string(&err, tiny, sizeof(tiny)), "f:3:9: ");
	err.line = 0;
	ck_assert_str_eq(nv_err_string(&err, buf, sizeof(buf)), "f: found 5");
	err.file[0] = '\0';
	ck_assert_str_eq(nv_err_string(&err, buf, sizeof(buf)), "found 5");
	ck_assert_int_eq(nv_err_set(NULL, -EIO, "nobody"), -EIO);
	char text[2000];

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	(void)nv_err_set(&err, 0, "%s", text);
	ck_assert_uint_eq(strlen(err.text), sizeof(err.text) - 1);
}
END_TEST

START_TEST(test_assert)
{
	NV_ASSERT(_i < 0);
}
END_TEST

/* Private from its first moment whatever the umask says, over what a dead owner left. */
START_TEST(test_listen_unix)
{
	static const mode_t modes[] = {0600, 0666};
	char dir[] = "/tmp/nova-base.XXXXXX";
	char path[64];
	char too_long[200];
	struct stat st;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/s", dir);
	for (size_t i = 0; i < NV_LEN(modes); i++) {
		mode_t before = umask(0027);
		NV_CLEANUP_FD fd = nv_listen_unix(
			path, i == 0 ? SOCK_STREAM : SOCK_SEQPACKET, modes[i], 4);

		ck_assert_int_ge(fd, 0);
		ck_assert_uint_eq(umask(before), 0027);
		ck_assert_int_eq(stat(path, &st), 0);
		ck_assert_uint_eq(st.st_mode, S_IFSOCK | modes[i]);
	}
	(void)memset(too_long, 'a', sizeof(too_long) - 1);
	too_long[sizeof(too_long) - 1] = '\0';
	ck_assert_int_eq(nv_listen_unix(too_long, SOCK_STREAM, 0600, 4), -ENAMETOOLONG);
	ck_assert_int_eq(nv_listen_unix("/nowhere/s", SOCK_STREAM, 0600, 4), -ENOENT);
	ck_assert_int_eq(nv_connect_unix(dir, "s", SOCK_SEQPACKET), -ECONNREFUSED);
	ck_assert_int_eq(nv_connect_unix(NULL, too_long, SOCK_STREAM), -ENAMETOOLONG);
	ck_assert_int_eq(nv_connect_unix(dir, too_long, SOCK_STREAM), -ENAMETOOLONG);
	ck_assert_int_eq(nv_connect_unix("/nowhere", "s", SOCK_STREAM), -ENOENT);
	NV_CLEANUP_FD listening = nv_listen_unix(path, SOCK_STREAM, 0600, 0);
	NV_CLEANUP_FD first = nv_connect_unix(dir, "s", SOCK_STREAM);

	ck_assert_int_ge(first, 0);
	ck_assert_int_eq(fcntl(first, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	ck_assert_int_eq(fcntl(first, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(nv_connect_unix(NULL, path, SOCK_SEQPACKET), -EPROTOTYPE);
	/* A queue that is full answers at once. */
	ck_assert_int_eq(nv_connect_unix(NULL, path, SOCK_STREAM), -EAGAIN);
	(void)unlink(path);
	(void)rmdir(dir);
}
END_TEST

static void
on_accepted(void *arg, int fd)
{
	int *taken = arg;

	nv_fd_close(taken);
	*taken = fd;
}

/* With no descriptor left a connection waits, and the loop does not spin meanwhile. */
START_TEST(test_accept)
{
	char dir[] = "/tmp/nova-base.XXXXXX";
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
	struct nv_accept a;
	struct rlimit before;
	int taken = -1;
	uid_t uid = 12345;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s/s", dir);
	NV_CLEANUP_FD fd = nv_listen_unix(at.sun_path, SOCK_STREAM, 0600, 4);
	NV_CLEANUP_FD client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	nv_accept_start(&a, loop, fd, on_accepted, &taken);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	struct rlimit none = {.rlim_cur = 3, .rlim_max = before.rlim_max};

	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	ck_assert_int_eq(connect(client, (struct sockaddr *)&at, sizeof(at)), 0);
	(void)ev_run(loop, EVRUN_ONCE);
	ck_assert_int_eq(taken, -1);
	ck_assert(!ev_is_active(&a.io));
	ck_assert(ev_is_active(&a.again));
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
	while (taken < 0)
		(void)ev_run(loop, EVRUN_ONCE);
	ck_assert(nv_peer_is_ours(taken, &uid));
	ck_assert_uint_eq(uid, geteuid());
	ck_assert(!nv_peer_is_ours(STDIN_FILENO, &uid));
	nv_accept_stop(&a);
	ck_assert(!ev_is_active(&a.io));
	nv_fd_close(&taken);
	ev_loop_destroy(loop);
	(void)unlink(at.sun_path);
	(void)rmdir(dir);
}
END_TEST

START_TEST(test_wire)
{
	uint8_t data[100];
	struct nv_wr w;
	struct nv_rd r;
	char text[4];

	nv_wr_init(&w, data, sizeof(data));
	nv_wr_u8(&w, 0xfe);
	nv_wr_u32(&w, 0x01020304);
	nv_wr_u64(&w, UINT64_C(0x1112131415161718));
	nv_wr_i64(&w, INT64_MIN);
	nv_wr_str(&w, "abc");
	ck_assert_int_eq(w.error, 0);
	ck_assert_uint_eq(w.bytes, 1 + 4 + 8 + 8 + 2 + 3);
	ck_assert_uint_eq(data[1], 4);
	nv_rd_init(&r, data, w.bytes);
	ck_assert_uint_eq(nv_rd_u8(&r), 0xfe);
	ck_assert_uint_eq(nv_rd_u32(&r), 0x01020304);
	ck_assert_uint_eq(nv_rd_u64(&r), UINT64_C(0x1112131415161718));
	ck_assert_int_eq(nv_rd_i64(&r), INT64_MIN);
	ck_assert_int_eq(nv_rd_end(&r), -EBADMSG);
	nv_rd_str(&r, text, sizeof(text));
	ck_assert_str_eq(text, "abc");
	ck_assert_int_eq(nv_rd_end(&r), 0);
	/* Past the end: zeroes, and the error stays. */
	ck_assert_uint_eq(nv_rd_u32(&r), 0);
	ck_assert_int_eq(nv_rd_end(&r), -EBADMSG);
	nv_rd_str(&r, text, sizeof(text));
	ck_assert_str_eq(text, "");
	/* The field is too small by the NUL. */
	nv_rd_init(&r, data + 21, 5);
	nv_rd_str(&r, text, 3);
	ck_assert_int_eq(r.error, -EBADMSG);
	/* A writer remembers, and never writes past its room. */
	data[3] = 0xaa;
	nv_wr_init(&w, data, 3);
	nv_wr_u32(&w, UINT32_MAX);
	nv_wr_u8(&w, 1);
	ck_assert_int_eq(w.error, -ENOBUFS);
	ck_assert_uint_eq(w.bytes, 0);
	ck_assert_uint_eq(data[3], 0xaa);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("nv_base");
	TCase *tc = tcase_create("nv_base");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_buf_grows);
	tcase_add_test(tc, test_buf_ceiling);
	tcase_add_test(tc, test_json_text);
	tcase_add_test(tc, test_utf8);
	tcase_add_test(tc, test_names);
	tcase_add_test(tc, test_nearest);
	tcase_add_test(tc, test_errors);
	tcase_add_test_raise_signal(tc, test_assert, SIGABRT);
	tcase_add_test(tc, test_listen_unix);
	tcase_add_test(tc, test_accept);
	tcase_add_test(tc, test_wire);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
