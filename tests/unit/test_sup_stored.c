/* Names of descriptors that a service manager keeps: what is written is read again,
 * anything else is refused. */
#include "run_suite.h"
#include "stored.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static void
same(const struct sup_stored *a)
{
	char name[SUP_STORED_NAME_BYTES];
	struct sup_stored b;

	sup_stored_name(a, name);
	ck_assert_msg(sup_stored_parse(name, &b) == 0, "%s", name);
	ck_assert_int_eq(a->kind, b.kind);
	ck_assert_uint_eq(a->id, b.id);
	ck_assert_uint_eq(a->instance, b.instance);
	ck_assert_uint_eq(a->generation, b.generation);
	ck_assert_int_eq(a->runner, b.runner);
	ck_assert_str_eq(a->worker, b.worker);
	ck_assert_str_eq(a->variant, b.variant);
	ck_assert_int_eq(b.pipe_fd, -1);
	ck_assert_int_eq(b.mem_fd, -1);
	/* What systemd takes as a name, and LISTEN_FDNAMES can carry. */
	for (const char *at = name; *at; at++)
		ck_assert(*at > ' ' && *at < 127 && *at != ':');
}

START_TEST(what_is_written_is_read)
{
	struct sup_stored s = {.kind = SUP_STORED_EVENTS,
		.id = UINT64_MAX,
		.instance = UINT32_MAX,
		.generation = UINT32_MAX,
		.runner = true};

	memset(s.worker, 'w', NV_NAME_MAX - 1);
	memset(s.variant, 'v', NV_NAME_MAX - 1);
	same(&s);
	same(&(struct sup_stored){.kind = SUP_STORED_EVENTS,
		.id = 1,
		.instance = 1,
		.generation = 2,
		.worker = "nova.stripe-1_x"});
	same(&(struct sup_stored){.kind = SUP_STORED_LOG,
		.id = 7,
		.instance = 3,
		.generation = 17,
		.worker = "email_agent"});
	same(&(struct sup_stored){.kind = SUP_STORED_JOURNAL, .id = UINT64_C(1) << 63});
	same(&(struct sup_stored){.kind = SUP_STORED_TABLE});
}
END_TEST

static const char *const refused[] = {"", "x", "stored", "connection", "e", "e,", "t,",
	"t,1", "j", "j,", "j,0", "j,-1", "j,+1", "j, 1", "j,1,", "j,1x",
	"j,18446744073709551616", "e,1,1,1,0,w", "e,1,1,1,0,w,v,", "e,1,1,1,2,w,v",
	"e,0,1,1,0,w,", "e,1,4294967296,1,0,w,", "e,1,1,4294967296,0,w,", "e,1,1,1,0,,",
	"e,1,1,1,0,W,", "e,1,1,1,0,../x,", "e,1,1,1,0,w,V", "e,1,1,1,,w,", "l,1,1,1",
	"l,1,1,1,", "l,1,1,1,w,", "l,1,1,1,w w", "l,,1,1,w", "ee,1,1,1,0,w,", ",,,,,,",
	",,,,,,,,,,"};

START_TEST(anything_else_is_refused)
{
	struct sup_stored s = {.id = 99};

	ck_assert_int_eq(sup_stored_parse(refused[_i], &s), -EINVAL);
	ck_assert_uint_eq(s.id, 99);
}
END_TEST

START_TEST(a_long_name_is_refused)
{
	char name[400];
	struct sup_stored s;

	for (size_t bytes = 1; bytes < sizeof(name); bytes++) {
		memset(name, 'e', bytes);
		name[bytes] = '\0';
		ck_assert_int_eq(sup_stored_parse(name, &s), -EINVAL);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("stored");
	TCase *tc = tcase_create("names");

	tcase_add_test(tc, what_is_written_is_read);
	tcase_add_loop_test(tc, anything_else_is_refused, 0, NV_LEN(refused));
	tcase_add_test(tc, a_long_name_is_refused);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
