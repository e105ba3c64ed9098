/* Who may open a ledger, what is refused, and how its map grows. */
#include "led_open.h"
#include "run_suite.h"
#include "store.h"

#include <fcntl.h>
#include <lmdb.h>

/* ---- who may open it ---- */

START_TEST(one_writer)
{
	struct led_options opt = {0};
	struct led *other = NULL;
	struct nv_err err = {0};

	ck_assert_int_eq(led_open(test_dir, &opt, &other, &err), -EBUSY);
	ck_assert_ptr_nonnull(strstr(err.text, "open for writing"));
	struct led_batch *b = begin(led, T0);
	struct led_batch *second;

	ck_assert_int_eq(led_batch_begin(led, T0, &second, &err), -EBUSY);
	led_batch_abort(b);
}
END_TEST

START_TEST(no_ledger_yet)
{
	struct led_options opt = {.read_only = true};
	struct led *none = NULL;
	struct nv_err err = {0};

	ck_assert_int_eq(led_open("/tmp/nova-no-such-dir", &opt, &none, &err), -ENOENT);
	ck_assert_ptr_nonnull(strstr(err.text, "no ledger"));
	ck_assert_int_eq(
		led_verify_contained("/tmp/nova-no-such-dir", tell_problem, NULL, NULL),
		-ENOENT);
}
END_TEST

START_TEST(readers_only_read)
{
	struct led_options opt = {.read_only = true};
	struct led *reader = NULL;
	struct led_batch *b = begin(led, T0);
	struct nv_err err = {0};

	add_cost(b, "w1", 5, NULL);
	commit(b);
	led_close(led);
	ck_assert_int_eq(led_open(test_dir, &opt, &reader, &err), 0);
	ck_assert_money_eq(window(reader, "w1", 0, INT64_MAX).cost, 5);
	ck_assert_int_eq(led_batch_begin(reader, T0, &b, &err), -EROFS);
	led_close(reader);
	led = open_with(0);
}
END_TEST

/* A ledger of a later Nova is refused by writers, readers and verify alike. */
static void
make_newer(void)
{
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;
	char name[] = "ledger";
	MDB_val key = {6, name};
	MDB_val value;

	ck_assert_int_eq(mdb_env_create(&env), 0);
	ck_assert_int_eq(mdb_env_set_maxdbs(env, 32), 0);
	ck_assert_int_eq(mdb_env_open(env, file_in("ledger.mdb"), MDB_NOSUBDIR, 0600), 0);
	ck_assert_int_eq(mdb_txn_begin(env, NULL, 0, &txn), 0);
	ck_assert_int_eq(mdb_dbi_open(txn, "meta", 0, &dbi), 0);
	ck_assert_int_eq(mdb_get(txn, dbi, &key, &value), 0);
	uint8_t bytes[200];

	ck_assert_uint_le(value.mv_size, sizeof(bytes));
	memcpy(bytes, value.mv_data, value.mv_size);
	bytes[1]++; /* the schema */
	value.mv_data = bytes;
	ck_assert_int_eq(mdb_put(txn, dbi, &key, &value, 0), 0);
	ck_assert_int_eq(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
}

START_TEST(newer_schema)
{
	struct led *newer = NULL;
	struct nv_err err = {0};

	make_dir();
	led_close(open_with(0));
	make_newer();
	for (int read_only = 0; read_only < 2; read_only++) {
		struct led_options opt = {.read_only = read_only != 0};

		ck_assert_int_eq(
			led_open(test_dir, &opt, &newer, &err), -EPROTONOSUPPORT);
		ck_assert_ptr_nonnull(strstr(err.text, "newer"));
	}
	ck_assert_int_eq(led_verify_contained(test_dir, tell_problem, NULL, NULL),
		-EPROTONOSUPPORT);
	remove_dir();
}
END_TEST

/* What an interrupted creation left behind does not matter. */
START_TEST(half_made_ledger)
{
	make_dir();
	int fd = open(file_in("new.mdb"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "half", 4), 4);
	close(fd);
	led_close(open_with(0));
	ck_assert_int_ne(access(file_in("new.mdb"), F_OK), 0);
	verify_clean();
	remove_dir();
}
END_TEST

/* ---- sizes ---- */

/* A map of 1 MiB grows by doubling, in the middle of a batch too. */
START_TEST(small_map_grows)
{
	make_dir();
	struct led *small = open_with(1);

	for (int i = 0; i < 40; i++) {
		struct led_batch *b = begin(small, T0 + i * MIN);

		for (int k = 0; k < 2000; k++) {
			char id[32];

			(void)snprintf(id, sizeof(id), "%d-%d", i, k);
			add_cost(b, "w1", 1, id);
		}
		commit(b);
	}
	ck_assert_uint_eq(stats(small).events, 80000);
	ck_assert_uint_gt(stats(small).bytes, 4u << 20);
	led_close(small);
	ck_assert_uint_eq(verify_clean(), 80000);
	remove_dir();
}
END_TEST

/* A reader that opened the small map follows. */
START_TEST(reader_follows_growth)
{
	make_dir();
	struct led *small = open_with(1);
	struct led_batch *b = begin(small, T0);

	add_cost(b, "w1", 1, NULL);
	commit(b);
	led_close(small);
	struct led *reader = open_reader();
	int go[2];

	ck_assert_int_eq(pipe(go), 0);
	pid_t pid = fork(); /* the writer is another process: LMDB allows one open a
			       process */

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		small = open_with(1);
		for (int i = 0; i < 20; i++) {
			b = begin(small, T0);
			for (int k = 0; k < 2000; k++)
				add_cost(b, "w1", 1, NULL);
			commit(b);
		}
		_exit(0);
	}
	close(go[1]);
	char none;

	ck_assert_int_eq(read(go[0], &none, 1), 0); /* it is done */
	ck_assert_money_eq(window(reader, "w1", 0, INT64_MAX).cost, 40001);
	led_close(reader);
	verify_clean();
	remove_dir();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("led_store");
	TCase *tc = tcase_create("open");
	TCase *files = tcase_create("files");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_set_timeout(files, 60);
	tcase_add_test(tc, one_writer);
	tcase_add_test(tc, no_ledger_yet);
	tcase_add_test(tc, readers_only_read);
	suite_add_tcase(suite, tc);
	tcase_add_test(files, newer_schema);
	tcase_add_test(files, half_made_ledger);
	tcase_add_test(files, small_map_grows);
	tcase_add_test(files, reader_follows_growth);
	suite_add_tcase(suite, files);
	return run_suite(suite);
}
