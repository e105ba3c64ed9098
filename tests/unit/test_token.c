/* The file of tokens: made, found, revoked, forgotten; and files that are not ours. */
#include "nv_buf.h"
#include "nv_clock.h"
#include "nv_fd.h"
#include "nv_token.h"
#include "run_suite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOW    (INT64_C(1700000000) * NV_NS_PER_SEC)
#define DAY_NS (INT64_C(86400) * NV_NS_PER_SEC)

static char dir[] = "/tmp/nova-token-XXXXXX";
static struct nv_tokens tokens;
static struct nv_token token;
static struct nv_err err;
static char text[NV_TOKEN_CHARS + 1];

static void
begin(void)
{
	memcpy(dir + sizeof(dir) - 7, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static const char *
path(const char *name)
{
	static char buf[64];

	(void)snprintf(buf, sizeof(buf), "%s/gateway%s", dir, name);
	return buf;
}

static void
end(void)
{
	nv_tokens_fini(&tokens);
	(void)unlink(path("/tokens"));
	(void)unlink(path("/tokens.lock"));
	(void)rmdir(path(""));
	ck_assert_int_eq(rmdir(dir), 0);
}

static int
make(const char *name, enum nv_role role, int64_t expires_ns, int64_t now_ns)
{
	return nv_tokens_create(dir, name, role, expires_ns, now_ns, text, &token, &err);
}

static void
read_again(void)
{
	nv_tokens_fini(&tokens);
	ck_assert_msg(nv_tokens_read(dir, &tokens, &err) == 0, "%s", err.text);
}

START_TEST(makes_finds_and_revokes)
{
	struct stat st;

	begin();
	read_again();
	ck_assert_uint_eq(tokens.n, 0);
	ck_assert_int_eq(make("anna", NV_ROLE_ADMIN, 0, NOW), 0);
	ck_assert_uint_eq(strlen(text), NV_TOKEN_CHARS);
	ck_assert_int_eq(strncmp(text, NV_TOKEN_PREFIX, strlen(NV_TOKEN_PREFIX)), 0);
	ck_assert_int_eq(stat(path("/tokens"), &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777u, 0600);
	ck_assert_int_eq(stat(path(""), &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777u, 0700);

	NV_CLEANUP_FREE char *file = NULL;
	size_t bytes;

	ck_assert_int_eq(
		nv_read_file_at(AT_FDCWD, path("/tokens"), 10000, &file, &bytes), 0);
	ck_assert_ptr_null(strstr(file, text + strlen(NV_TOKEN_PREFIX)));
	read_again();
	ck_assert_uint_eq(tokens.n, 1);
	const struct nv_token *t = nv_tokens_by_text(&tokens, text);

	ck_assert_ptr_nonnull(t);
	ck_assert_str_eq(t->name, "anna");
	ck_assert_str_eq(t->id, token.id);
	ck_assert_int_eq(t->role, NV_ROLE_ADMIN);
	ck_assert_ptr_eq(nv_tokens_by_id(&tokens, token.id), t);
	ck_assert_ptr_null(nv_tokens_by_text(&tokens, ""));
	ck_assert_ptr_null(nv_tokens_by_text(&tokens, "nova_"));
	text[NV_TOKEN_CHARS - 2] ^= 1;
	ck_assert_ptr_null(nv_tokens_by_text(&tokens, text));

	ck_assert_int_eq(nv_tokens_revoke(dir, "ann", NOW + 1, &token, &err), -ENOENT);
	ck_assert_int_eq(nv_tokens_revoke(dir, "anna", NOW + 1, &token, &err), 0);
	ck_assert_int_eq(nv_tokens_revoke(dir, "anna", NOW + 2, &token, &err), -ENOENT);
	ck_assert_int_eq(
		nv_tokens_revoke(dir, token.id, NOW + 2, &token, &err), -EALREADY);
	read_again();
	ck_assert(!nv_token_holds(&tokens.list[0], NOW + 2));
	end();
}
END_TEST

START_TEST(names_are_free_again)
{
	begin();
	ck_assert_int_eq(make("a", NV_ROLE_READONLY, NOW + DAY_NS, NOW), 0);
	ck_assert_int_eq(make("a", NV_ROLE_READONLY, 0, NOW), -EEXIST);
	ck_assert_int_eq(make("a", NV_ROLE_READONLY, 0, NOW + DAY_NS - 1), -EEXIST);
	ck_assert_int_eq(make("a", NV_ROLE_OPERATOR, 0, NOW + DAY_NS), 0);
	read_again();
	ck_assert_uint_eq(tokens.n, 2);
	/* By name the one that holds is meant. */
	ck_assert_int_eq(nv_tokens_revoke(dir, "a", NOW + DAY_NS, &token, &err), 0);
	ck_assert_int_eq(token.role, NV_ROLE_OPERATOR);
	end();
}
END_TEST

START_TEST(forgets_those_that_ended_long_ago)
{
	int64_t kept_ns = NV_TOKEN_KEPT_MS * NV_NS_PER_MS;

	begin();
	ck_assert_int_eq(make("ended", NV_ROLE_READONLY, NOW + DAY_NS, NOW), 0);
	ck_assert_int_eq(make("holds", NV_ROLE_READONLY, 0, NOW), 0);
	ck_assert_int_eq(make("x", NV_ROLE_READONLY, 0, NOW + DAY_NS + kept_ns - 1), 0);
	read_again();
	ck_assert_uint_eq(tokens.n, 3);
	ck_assert_int_eq(make("y", NV_ROLE_READONLY, 0, NOW + DAY_NS + kept_ns), 0);
	read_again();
	ck_assert_uint_eq(tokens.n, 3);
	ck_assert_str_eq(tokens.list[0].name, "holds");
	end();
}
END_TEST

static const struct {
	const char *name;
	int rc;
} names[] = {
	{"a", 0},
	{"0_.-z", 0},
	{"123456789012345678901234567890123456789012345678", 0},
	{"1234567890123456789012345678901234567890123456789", -EINVAL},
	{"", -EINVAL},
	{"Anna", -EINVAL},
	{"-a", -EINVAL},
	{"a b", -EINVAL},
	{"a/b", -EINVAL},
	{"\xc3\xa4", -EINVAL},
};

START_TEST(checks_names)
{
	begin();
	ck_assert_int_eq(make(names[_i].name, NV_ROLE_READONLY, 0, NOW), names[_i].rc);
	end();
}
END_TEST

#define HEX "0000000000000000000000000000000000000000000000000000000000000000"
#define ROW(id, name, role, hash, created, more) \
	"{\"version\":1,\"tokens\":[{\"id\":\"" id "\",\"name\":\"" name \
	"\",\"role\":\"" role "\",\"sha256\":\"" hash "\",\"created\":" created more \
	"}]}"
#define ID   "0123456789ab"
#define TIME "\"2026-11-22T14:05:09.123Z\""

static const struct {
	const char *file;
	int rc;
} files[] = {
	{"{\"version\":1,\"tokens\":[]}", 0},
	{ROW(ID, "a", "admin", HEX, TIME, ""), 0},
	{ROW(ID, "a", "admin", HEX, TIME, ",\"expires\":null,\"revoked\":" TIME), 0},
	{"", -EINVAL},
	{"{", -EINVAL},
	{"[]", -EINVAL},
	{"{\"version\":2,\"tokens\":[]}", -EINVAL},
	{"{\"tokens\":[]}", -EINVAL},
	{"{\"version\":1,\"tokens\":[],\"tokens\":[]}", -EINVAL},
	{"{\"version\":1,\"tokens\":[1]}", -EINVAL},
	{ROW("0123456789a", "a", "admin", HEX, TIME, ""), -EINVAL},
	{ROW("0123456789ax", "a", "admin", HEX, TIME, ""), -EINVAL},
	{ROW(ID, "A", "admin", HEX, TIME, ""), -EINVAL},
	{ROW(ID, "a", "none", HEX, TIME, ""), -EINVAL},
	{ROW(ID, "a", "root", HEX, TIME, ""), -EINVAL},
	{ROW(ID, "a", "admin", "00", TIME, ""), -EINVAL},
	{ROW(ID, "a", "admin", HEX, "null", ""), -EINVAL},
	{ROW(ID, "a", "admin", HEX, "1700000000", ""), -EINVAL},
	{ROW(ID, "a", "admin", HEX, TIME, ",\"expires\":\"never\""), -EINVAL},
	{ROW(ID, "a", "admin", HEX, TIME, ",\"revoked\":false"), -EINVAL},
};

START_TEST(reads_files)
{
	nv_tokens_fini(&tokens);
	ck_assert_int_eq(
		nv_tokens_parse(files[_i].file, strlen(files[_i].file), &tokens, &err),
		files[_i].rc);
	ck_assert(files[_i].rc == 0 || err.text[0]);
	nv_tokens_fini(&tokens);
}
END_TEST

START_TEST(does_not_trust_a_file_of_others)
{
	begin();
	ck_assert_int_eq(make("a", NV_ROLE_ADMIN, 0, NOW), 0);
	ck_assert_int_eq(chmod(path("/tokens"), 0606), 0);
	ck_assert_int_eq(nv_tokens_read(dir, &tokens, &err), -EPERM);
	ck_assert_ptr_nonnull(strstr(err.text, "0606"));
	ck_assert_int_eq(make("b", NV_ROLE_ADMIN, 0, NOW), -EPERM);
	ck_assert_int_eq(chmod(path("/tokens"), 0600), 0);
	/* A file that is damaged is not written over. */
	ck_assert_int_eq(truncate(path("/tokens"), 20), 0);
	ck_assert_int_eq(make("b", NV_ROLE_ADMIN, 0, NOW), -EINVAL);
	struct stat st;

	ck_assert_int_eq(stat(path("/tokens"), &st), 0);
	ck_assert_int_eq(st.st_size, 20);
	end();
}
END_TEST

START_TEST(has_a_limit)
{
	struct nv_buf file;

	begin();
	ck_assert_int_eq(make("a", NV_ROLE_ADMIN, 0, NOW), 0);
	nv_buf_init(&file, 1 << 20);
	nv_buf_puts(&file, "{\"version\":1,\"tokens\":[");
	for (int i = 0; i < NV_TOKENS_MAX; i++)
		nv_buf_printf(&file,
			"%s{\"id\":\"%012x\",\"name\":\"t%d\",\"role\":\"admin\","
			"\"sha256\":\"%064x\",\"created\":" TIME "}",
			i ? "," : "", (unsigned)i, i, (unsigned)i);
	nv_buf_puts(&file, "]}");
	ck_assert_int_eq(
		nv_write_file_atomic(path("/tokens"), file.data, file.bytes, 0600), 0);
	read_again();
	ck_assert_uint_eq(tokens.n, NV_TOKENS_MAX);
	ck_assert_int_eq(make("one_more", NV_ROLE_ADMIN, 0, NOW), -ENOSPC);
	ck_assert_int_eq(nv_tokens_revoke(dir, "t7", NOW, &token, &err), 0);
	nv_buf_fini(&file);
	end();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("token");
	TCase *c = tcase_create("tokens");

	tcase_add_test(c, makes_finds_and_revokes);
	tcase_add_test(c, names_are_free_again);
	tcase_add_test(c, forgets_those_that_ended_long_ago);
	tcase_add_loop_test(c, checks_names, 0, NV_LEN(names));
	tcase_add_loop_test(c, reads_files, 0, NV_LEN(files));
	tcase_add_test(c, does_not_trust_a_file_of_others);
	tcase_add_test(c, has_a_limit);
	suite_add_tcase(suite, c);
	return run_suite(suite);
}
