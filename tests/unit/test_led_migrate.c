/* A real ledger of schema 1 (tests/data/ledger_schema1) opened by this code: it becomes
 * one of today, says what it said, and goes on; killed at every single step, on a full
 * disk, damaged: the old one or the new one is there, whole. The same for a rebuild. */
#include "led_faults.h"
#include "rebuild.h"
#include "run_suite.h"

/* ---- the data ---- */

static char *old_file;
static size_t old_bytes;
static char *old_export;
static size_t old_export_bytes;

static void
put_old(void)
{
	char path[256];

	make_dir();
	(void)snprintf(path, sizeof(path), "%s/ledger.mdb", test_dir);
	FILE *f = fopen(path, "wb");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(old_file, 1, old_bytes, f), old_bytes);
	ck_assert_int_eq(fclose(f), 0);
}

#define DATA NOVA_SOURCE "/tests/data/ledger_schema1/"

static void
load_old(void)
{
	old_file = read_all(DATA "ledger.mdb", &old_bytes);
	old_export = read_all(DATA "export.json", &old_export_bytes);
}

static void
free_old(void)
{
	free(old_file);
	free(old_export);
}

/* Without what schema 1 did not say: its number, and the external ids of old sales. */
static void
cut(char *text, const char *from, const char *to)
{
	char *at = text;

	while ((at = strstr(at, from)) != NULL) {
		char *end = strstr(at + strlen(from), to);

		ck_assert_ptr_nonnull(end);
		memmove(at, end + strlen(to), strlen(end + strlen(to)) + 1);
	}
}

static void
check_says_the_same(struct led *led)
{
	size_t bytes;
	char *text = export_json(led, &bytes);
	char *old = strdup(old_export);

	ck_assert_ptr_nonnull(old);
	cut(text, ",\"schema\":", ",");
	cut(old, ",\"schema\":", ",");
	cut(text, ",\"external_id\":\"", "\"");
	ck_assert_str_eq(text, old);
	free(text);
	free(old);
}

/* ---- it becomes schema 2 ---- */

START_TEST(migrates)
{
	size_t bytes;
	struct led_sale sale;

	put_old();
	struct led *led = open_with(0);

	check_says_the_same(led);
	char *kept = read_all(file_in("ledger.schema1.mdb"), &bytes);

	ck_assert_uint_eq(bytes, old_bytes);
	ck_assert_mem_eq(kept, old_file, bytes);
	free(kept);
	ck_assert_int_ne(access(file_in("rebuild"), F_OK), 0);
	/* Sales that schema 1 stored are found by what the platform calls them. */
	struct led_view *v = view(led);

	ck_assert_int_eq(led_view_sale_find(v, 99, 99, "ch_2", 4, &sale), 0);
	ck_assert_int_eq(led_sale_left(&sale), 9000 * SEC);
	uint32_t shop = led_view_worker_id(v, "shop");

	ck_assert_int_eq(led_view_sale_find(v, shop, shop, "sale-1", 6, &sale), 0);
	ck_assert_int_eq(led_sale_left(&sale), 49 * SEC);
	led_view_end(v);
	/* And it goes on. */
	struct led_batch *b = begin(led, T0 + 3 * DAY);
	struct led_event ev =
		plain_event(LED_REFUND, led_batch_worker_id(b, "shop"), "{}");

	ck_assert_int_eq(led_batch_sale(b, ev.worker, ev.worker, "ch_1", 4, &sale), 0);
	ev.of = "ch_1";
	ev.of_bytes = 4;
	ev.ref = sale.seq;
	ck_assert_int_eq(led_batch_post(b, &ev, LED_CODE_REFUND, "stripe", 6, 49 * SEC,
				 led_batch_currency_id(b, "USD")),
		0);
	(void)add(b, &ev);
	commit(b);
	led_close(led);
	ck_assert_uint_eq(verify_clean(), 27);
	led = open_with(0);
	led_close(led);
	remove_all();
}
END_TEST

START_TEST(readers_wait_for_it)
{
	struct led_options opt = {.read_only = true};
	struct nv_err err = {0};
	struct led *led = NULL;

	put_old();
	ck_assert_int_eq(led_open(test_dir, &opt, &led, &err), -EPROTONOSUPPORT);
	ck_assert_ptr_nonnull(strstr(err.text, "schema 1"));
	remove_all();
}
END_TEST

/* ---- killed at every step ---- */

static int
open_and_close(void)
{
	struct led_options opt = {.boot_id = 3};
	struct led *led = NULL;
	struct nv_err err = {0};
	int rc = led_open(test_dir, &opt, &led, &err);

	if (rc == 0)
		led_close(led);
	return rc < 0 ? -rc : 0;
}

static void
no_problem(void *arg, const char *problem)
{
	(void)arg;
	(void)problem;
}

static int
rebuild_it(void)
{
	struct nv_err err = {0};
	char kept[LED_REBUILD_KEPT_BYTES];
	uint64_t checked;

	return -led_rebuild(test_dir, no_problem, NULL, &checked, kept, &err);
}

/* Whatever happened: the next start has a whole ledger with everything in it. */
static void
check_whole(void)
{
	struct led *led = open_with(0);

	check_says_the_same(led);
	led_close(led);
	ck_assert_uint_eq(verify_clean(), 26);
	ck_assert_int_ne(access(file_in("rebuild"), F_OK), 0);
}

START_TEST(killed_anywhere)
{
	long n = 0;
	int status;

	do {
		put_old();
		status = run_work(open_and_close, WHAT_KILL, ++n);
		check_whole();
		remove_all();
	} while (status != 0);
	ck_assert_int_gt(n, 10);
	(void)printf("migration: killed at each of %ld steps\n", n - 1);
}
END_TEST

START_TEST(rebuild_killed_anywhere)
{
	long n = 0;
	int status;

	do {
		put_old();
		ck_assert_int_eq(run_work(open_and_close, WHAT_NOTHING, 0), 0);
		status = run_work(rebuild_it, WHAT_KILL, ++n);
		check_whole();
		remove_all();
	} while (status != 0);
	ck_assert_int_gt(n, 10);
	(void)printf("rebuild: killed at each of %ld steps\n", n - 1);
}
END_TEST

/* Each write in turn finds no room: the old one stays, and is said to. */
START_TEST(disk_full)
{
	long n = 0;
	int status;

	do {
		size_t bytes;

		put_old();
		status = run_work(open_and_close, WHAT_ENOSPC, ++n);
		if (status != 0) {
			ck_assert_int_ne(status, -1);
			char *now_there = read_all(file_in("ledger.mdb"), &bytes);

			ck_assert_uint_eq(bytes, old_bytes);
			ck_assert_mem_eq(now_there, old_file, bytes);
			free(now_there);
		}
		check_whole();
		remove_all();
	} while (status != 0);
	ck_assert_int_gt(n, 3);
}
END_TEST

/* ---- what derived tables can lose ---- */

START_TEST(rebuild_mends)
{
	struct nv_err err = {0};
	char kept[LED_REBUILD_KEPT_BYTES];
	uint64_t checked = 0;
	size_t bytes;
	uint64_t mended = 0;

	put_old();
	led_close(open_with(0));
	char *good = read_all(file_in("ledger.mdb"), &bytes);

	/* A byte somewhere: either what it says is primary, and rebuild says that it
	 * cannot, or the new one is sound and says the same. */
	for (size_t at = 8192 + 40; at < bytes; at += 997) {
		char path[256];

		(void)snprintf(path, sizeof(path), "%s", file_in("ledger.mdb"));
		FILE *f = fopen(path, "wb");

		ck_assert_ptr_nonnull(f);
		good[at] ^= 0x40;
		ck_assert_uint_eq(fwrite(good, 1, bytes, f), bytes);
		ck_assert_int_eq(fclose(f), 0);
		good[at] ^= 0x40;
		(void)unlink(file_in("ledger.mdb-lock"));
		/* A process of its own: LMDB may crash on what it reads. */
		int status = run_work(rebuild_it, WHAT_NOTHING, 0);

		if (status == 0) {
			check_whole();
			mended++;
		}
	}
	(void)printf("%llu damaged files rebuilt\n", (unsigned long long)mended);
	ck_assert_uint_gt(mended, 10);
	free(good);
	remove_all();
	/* While somebody writes it: not. */
	put_old();
	struct led *led = open_with(0);

	ck_assert_int_eq(
		led_rebuild(test_dir, no_problem, NULL, &checked, kept, &err), -EBUSY);
	led_close(led);
	ck_assert_int_eq(
		led_rebuild(test_dir, tell_problem, NULL, &checked, kept, &err), 0);
	ck_assert_uint_eq(checked, 26);
	ck_assert_int_eq(access(kept, F_OK), 0);
	check_whole();
	remove_all();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("led_migrate");
	TCase *tc = tcase_create("migrate");

	tcase_set_timeout(tc, 240);
	tcase_add_checked_fixture(tc, load_old, free_old);
	tcase_add_test(tc, migrates);
	tcase_add_test(tc, readers_wait_for_it);
	tcase_add_test(tc, killed_anywhere);
	tcase_add_test(tc, rebuild_killed_anywhere);
	tcase_add_test(tc, disk_full);
	tcase_add_test(tc, rebuild_mends);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
