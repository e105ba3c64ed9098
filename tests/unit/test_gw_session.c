/* Sessions: kept over a restart, ended by idleness, by their token, by too many others.
 */
#include "nv_clock.h"
#include "nv_fd.h"
#include "run_suite.h"
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOW     (INT64_C(1700000000) * NV_NS_PER_SEC)
#define HOUR_NS (INT64_C(3600) * NV_NS_PER_SEC)
#define IDLE_MS (INT64_C(12) * 3600 * 1000)
#define ID      "0123456789ab"
#define OTHER   "ba9876543210"

static char dir[] = "/tmp/nova-session-XXXXXX";
static struct gw_sessions s;
static char cookie[GW_SESSION_CHARS + 1];

static void
make_dir(void)
{
	char path[64];

	memcpy(dir + sizeof(dir) - 7, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/gateway", dir);
	ck_assert_int_eq(mkdir(path, 0700), 0);
}

static void
remove_dir(void)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "%s/gateway/sessions", dir);
	(void)unlink(path);
	(void)snprintf(path, sizeof(path), "%s/gateway", dir);
	ck_assert_int_eq(rmdir(path), 0);
	ck_assert_int_eq(rmdir(dir), 0);
}

static int
open_again(int64_t now_ns)
{
	struct nv_err err = {0};

	memset(&s, 0, sizeof(s));
	return gw_sessions_open(&s, dir, IDLE_MS, now_ns, &err);
}

START_TEST(outlives_the_process)
{
	char csrf[GW_SESSION_CHARS + 1];
	char again[GW_SESSION_CHARS + 1];
	struct stat st;

	make_dir();
	ck_assert_int_eq(open_again(NOW), 0);
	ck_assert_uint_eq(s.n, 0);
	gw_sessions_new(&s, ID, NOW, cookie);
	ck_assert_uint_eq(strlen(cookie), GW_SESSION_CHARS);
	ck_assert_int_eq(gw_sessions_save(&s, NOW), 0);
	ck_assert_int_eq(stat(s.path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777u, 0600);
	gw_session_csrf(cookie, csrf);
	ck_assert_str_ne(csrf, cookie);

	NV_CLEANUP_FREE char *text = NULL;
	size_t bytes;

	/* Who reads the file cannot log in with it. */
	ck_assert_int_eq(nv_read_file_at(AT_FDCWD, s.path, 10000, &text, &bytes), 0);
	ck_assert_ptr_null(strstr(text, cookie));
	ck_assert_ptr_null(strstr(text, csrf));

	ck_assert_int_eq(open_again(NOW), 0);
	const struct gw_session *e = gw_sessions_find(&s, cookie, NOW);

	ck_assert_ptr_nonnull(e);
	ck_assert_str_eq(e->token, ID);
	gw_session_csrf(cookie, again);
	ck_assert_str_eq(csrf, again);
	cookie[0] ^= 1;
	ck_assert_ptr_null(gw_sessions_find(&s, cookie, NOW));
	remove_dir();
}
END_TEST

START_TEST(ends_when_it_is_not_used)
{
	memset(&s, 0, sizeof(s));
	s.idle_ns = 12 * HOUR_NS;
	gw_sessions_new(&s, ID, NOW, cookie);
	struct gw_session *e = gw_sessions_find(&s, cookie, NOW + 12 * HOUR_NS);

	ck_assert_ptr_nonnull(e);
	ck_assert_ptr_null(gw_sessions_find(&s, cookie, NOW + 12 * HOUR_NS + 1));
	gw_session_touch(&s, e, NOW + 12 * HOUR_NS);
	ck_assert_ptr_nonnull(gw_sessions_find(&s, cookie, NOW + 24 * HOUR_NS));
}
END_TEST

START_TEST(ends_with_its_token)
{
	struct nv_token list[] = {{.id = ID}, {.id = OTHER}};
	struct nv_tokens tokens = {.list = list, .n = 2};
	char other[GW_SESSION_CHARS + 1];

	memset(&s, 0, sizeof(s));
	s.idle_ns = 12 * HOUR_NS;
	gw_sessions_new(&s, ID, NOW, cookie);
	gw_sessions_new(&s, OTHER, NOW, other);
	gw_sessions_prune(&s, &tokens, NOW);
	ck_assert_uint_eq(s.n, 2);
	list[0].revoked_ns = NOW;
	gw_sessions_prune(&s, &tokens, NOW);
	ck_assert_ptr_null(gw_sessions_find(&s, cookie, NOW));
	ck_assert_ptr_nonnull(gw_sessions_find(&s, other, NOW));
	list[1].expires_ns = NOW + 5;
	gw_sessions_prune(&s, &tokens, NOW + 4);
	ck_assert_uint_eq(s.n, 1);
	gw_sessions_prune(&s, &tokens, NOW + 5);
	ck_assert_uint_eq(s.n, 0);
	gw_sessions_new(&s, "ffffffffffff", NOW, cookie);
	gw_sessions_prune(&s, &tokens, NOW);
	ck_assert_uint_eq(s.n, 0);
}
END_TEST

START_TEST(has_a_limit)
{
	char first[GW_SESSION_CHARS + 1];
	char token[NV_TOKEN_ID_CHARS + 1];

	memset(&s, 0, sizeof(s));
	s.idle_ns = 12 * HOUR_NS;
	/* Those of one token push out each other. */
	gw_sessions_new(&s, OTHER, NOW, first);
	for (int i = 0; i <= GW_SESSIONS_OF_TOKEN; i++)
		gw_sessions_new(&s, ID, NOW + 1 + i, cookie);
	ck_assert_uint_eq(s.n, GW_SESSIONS_OF_TOKEN + 1);
	ck_assert_ptr_nonnull(gw_sessions_find(&s, first, NOW + 100));
	ck_assert_ptr_nonnull(gw_sessions_find(&s, cookie, NOW + 100));
	/* Those of all the longest unused one. */
	for (unsigned i = 0; s.n < GW_SESSIONS_MAX; i++) {
		(void)snprintf(token, sizeof(token), "%012x", i);
		gw_sessions_new(&s, token, NOW + 200 + i, cookie);
	}
	gw_sessions_new(&s, "ffffffffffff", NOW + 5000, cookie);
	ck_assert_uint_eq(s.n, GW_SESSIONS_MAX);
	ck_assert_ptr_null(gw_sessions_find(&s, first, NOW + 5000));
	ck_assert_ptr_nonnull(gw_sessions_find(&s, cookie, NOW + 5000));
	for (size_t i = 0; i < s.n; i++)
		ck_assert_ptr_eq(gw_sessions_by_number(&s, s.list[i].number), &s.list[i]);
	ck_assert_ptr_null(gw_sessions_by_number(&s, 0));
}
END_TEST

#define HEX "0000000000000000000000000000000000000000000000000000000000000000"
#define ROW(hash, token, time) \
	"{\"sha256\":\"" hash "\",\"token\":\"" token "\",\"created\":\"" time \
	"\",\"seen\":\"" time "\"}"
#define TIME "2026-11-22T14:05:09.123Z"

static const struct {
	const char *text;
	int rc;
	size_t n;
} files[] = {
	{"{\"sessions\":[]}", 0, 0},
	{"{\"sessions\":[" ROW(HEX, ID, TIME) "]}", 0, 1},
	{"", -EINVAL, 0},
	{"[]", -EINVAL, 0},
	{"{}", -EINVAL, 0},
	{"{\"sessions\":{}}", -EINVAL, 0},
	{"{\"sessions\":[1]}", -EINVAL, 0},
	{"{\"sessions\":[" ROW(HEX, ID, TIME) ",{}]}", -EINVAL, 0},
	{"{\"sessions\":[" ROW("00", ID, TIME) "]}", -EINVAL, 0},
	{"{\"sessions\":[" ROW(HEX, ID "0", TIME) "]}", -EINVAL, 0},
	{"{\"sessions\":[" ROW(HEX, ID, "yesterday") "]}", -EINVAL, 0},
};

START_TEST(reads_its_file)
{
	memset(&s, 0, sizeof(s));
	ck_assert_int_eq(gw_sessions_parse(&s, files[_i].text, strlen(files[_i].text)),
		files[_i].rc);
	ck_assert_uint_eq(s.n, files[_i].n);
}
END_TEST

START_TEST(does_not_trust_a_file_of_others)
{
	make_dir();
	ck_assert_int_eq(open_again(NOW), 0);
	gw_sessions_new(&s, ID, NOW, cookie);
	ck_assert_int_eq(gw_sessions_save(&s, NOW), 0);
	ck_assert_int_eq(chmod(s.path, 0620), 0);
	ck_assert_int_eq(open_again(NOW), -EPERM);
	ck_assert_uint_eq(s.n, 0);
	ck_assert_int_eq(chmod(s.path, 0600), 0);
	ck_assert_int_eq(truncate(s.path, 10), 0);
	ck_assert_int_eq(open_again(NOW), -EINVAL);
	ck_assert_uint_eq(s.n, 0);
	/* It goes on with a new one. */
	gw_sessions_new(&s, ID, NOW, cookie);
	ck_assert_int_eq(gw_sessions_save(&s, NOW), 0);
	ck_assert_int_eq(open_again(NOW), 0);
	ck_assert_uint_eq(s.n, 1);
	remove_dir();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("gw_session");
	TCase *c = tcase_create("sessions");

	tcase_add_test(c, outlives_the_process);
	tcase_add_test(c, ends_when_it_is_not_used);
	tcase_add_test(c, ends_with_its_token);
	tcase_add_test(c, has_a_limit);
	tcase_add_loop_test(c, reads_its_file, 0, NV_LEN(files));
	tcase_add_test(c, does_not_trust_a_file_of_others);
	suite_add_tcase(suite, c);
	return run_suite(suite);
}
