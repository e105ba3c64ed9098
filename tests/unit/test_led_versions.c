/* A real ledger of schema 2 (tests/data/ledger_schema2) becomes one of this schema and is
 * brought back again: both ways the same export, the same hashes, sums that agree; killed
 * at every step, on a full disk: the old one or the new one is there, whole. And what
 * cannot be brought back, and what is newer than this program, is refused with words. */
#include "led_faults.h"
#include "rebuild.h"
#include "run_suite.h"

#include <lmdb.h>
#include <zlib.h>

#define DATA NOVA_SOURCE "/tests/data/ledger_schema2/"

enum { EVENTS = 1117, BYTES_MAX = 4 << 20 };

static char *old_file;
static size_t old_bytes;
static char *old_export;

static char *
unpack(const char *path, size_t *ret_bytes)
{
	char *data = malloc(BYTES_MAX);
	gzFile z = gzopen(path, "rb");

	ck_assert_ptr_nonnull(data);
	ck_assert_msg(z != NULL, "%s", path);
	int n = gzread(z, data, BYTES_MAX - 1);

	ck_assert_int_gt(n, 0);
	ck_assert_int_lt(n, BYTES_MAX - 1);
	ck_assert_int_eq(gzclose(z), Z_OK);
	data[n] = '\0';
	*ret_bytes = (size_t)n;
	return data;
}

static void
load_old(void)
{
	size_t bytes;

	old_file = unpack(DATA "ledger.mdb.gz", &old_bytes);
	old_export = unpack(DATA "export.json.gz", &bytes);
}

static void
free_old(void)
{
	free(old_file);
	free(old_export);
}

static void
put_old(void)
{
	make_dir();
	FILE *f = fopen(file_in("ledger.mdb"), "wb");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(old_file, 1, old_bytes, f), old_bytes);
	ck_assert_int_eq(fclose(f), 0);
}

static uint32_t
schema_now(void)
{
	struct nv_err err = {0};
	uint32_t schema = 0;

	ck_assert_msg(
		led_schema_of(file_in("ledger.mdb"), &schema, &err) == 0, "%s", err.text);
	return schema;
}

/* Everything but the number of the schema. */
static void
check_says_the_same(struct led *led)
{
	size_t bytes;
	char *text = export_json(led, &bytes);
	char *number = strstr(text, "\"schema\":");

	ck_assert_ptr_nonnull(number);
	number[strlen("\"schema\":")] = '2';
	ck_assert_str_eq(text, old_export);
	free(text);
}

static struct led *
open_older(void)
{
	struct led_options opt = {.read_only = true, .older = true};
	struct led *led = NULL;
	struct nv_err err = {0};

	ck_assert_msg(led_open(test_dir, &opt, &led, &err) == 0, "%s", err.text);
	return led;
}

/* ---- what each schema adds up to ---- */

enum { CATEGORIES = 64 };
struct sums {
	struct {
		char name[80];
		nv_i128 nano;
		uint64_t events;
	} row[CATEGORIES];
	size_t n;
};

static int
add_row(void *arg, uint32_t worker, uint32_t currency, const char *category, nv_i128 nano,
	uint64_t events)
{
	struct sums *s = arg;
	char name[80];
	size_t i = 0;

	(void)worker;
	(void)snprintf(name, sizeof(name), "%u %s", currency, category);
	while (i < s->n && strcmp(s->row[i].name, name) != 0)
		i++;
	ck_assert_uint_lt(i, CATEGORIES);
	if (i == s->n)
		memcpy(s->row[s->n++].name, name, sizeof(name));
	s->row[i].nano += nano;
	s->row[i].events += events;
	return 0;
}

static struct sums
sums_of(struct led_view *v, uint32_t worker, enum led_code code, int64_t from, int64_t to)
{
	struct sums s = {0};

	ck_assert_int_eq(led_view_categories(v, worker, code, from, to, add_row, &s), 0);
	return s;
}

static void
check_fleet_sums(struct led *led)
{
	static const enum led_code codes[] = {LED_CODE_COST, LED_CODE_REVENUE,
		LED_CODE_FEE, LED_CODE_REFUND, LED_CODE_DISPUTE};
	static const int64_t windows[][2] = {
		{0, INT64_MAX}, {T0, T0 + HOUR}, {T0 + HOUR, INT64_MAX}};
	struct led_view *v = view(led);
	size_t rows = 0;

	for (size_t i = 0; i < NV_LEN(codes); i++) {
		for (size_t k = 0; k < NV_LEN(windows); k++) {
			struct sums each =
				sums_of(v, 0, codes[i], windows[k][0], windows[k][1]);
			struct sums all = sums_of(v, LED_ALL_WORKERS, codes[i],
				windows[k][0], windows[k][1]);

			ck_assert_uint_eq(all.n, each.n);
			for (size_t r = 0; r < all.n; r++)
				(void)add_row(&each, 0,
					(uint32_t)strtoul(all.row[r].name, NULL, 10),
					strchr(all.row[r].name, ' ') + 1,
					-all.row[r].nano, -all.row[r].events);
			ck_assert_uint_eq(all.n, each.n);
			for (size_t r = 0; r < each.n; r++)
				ck_assert_msg(
					each.row[r].nano == 0 && each.row[r].events == 0,
					"code %d: %s", codes[i], each.row[r].name);
			rows += all.n;
		}
	}
	led_view_end(v);
	ck_assert_uint_gt(rows, 40);
}

/* ---- up, down, up ---- */

static int
up(void)
{
	struct led_options opt = {.boot_id = 3};
	struct led *led = NULL;
	struct nv_err err = {0};
	int rc = led_open(test_dir, &opt, &led, &err);

	if (rc == 0)
		led_close(led);
	return -rc;
}

static void
say_problem(void *arg, const char *problem)
{
	(void)arg;
	(void)fprintf(stderr, "%s\n", problem);
}

static int
down(void)
{
	struct nv_err err = {0};
	char kept[LED_REBUILD_KEPT_BYTES];
	uint64_t checked = 0;

	return -led_downgrade(test_dir, 2, say_problem, NULL, &checked, kept, &err);
}

static void
check_down(void)
{
	static const struct led_verify_options older = {.older = true};
	uint64_t checked = 0;

	ck_assert_uint_eq(schema_now(), 2);
	ck_assert_int_eq(
		led_verify_contained_with(test_dir, &older, say_problem, NULL, &checked),
		0);
	ck_assert_uint_eq(checked, EVENTS);
	struct led *led = open_older();

	check_says_the_same(led);
	led_close(led);
}

static void
check_up(void)
{
	struct led *led = open_with(0);

	check_says_the_same(led);
	check_fleet_sums(led);
	led_close(led);
	ck_assert_uint_eq(schema_now(), LED_SCHEMA);
	ck_assert_uint_eq(verify_clean(), EVENTS);
	ck_assert_int_ne(access(file_in("rebuild"), F_OK), 0);
}

START_TEST(there_and_back)
{
	size_t bytes;

	put_old();
	check_up();
	char *kept = read_all(file_in("ledger.schema2.mdb"), &bytes);

	ck_assert_uint_eq(bytes, old_bytes);
	ck_assert_mem_eq(kept, old_file, bytes);
	free(kept);
	ck_assert_int_eq(down(), 0);
	check_down();
	ck_assert_int_eq(access(file_in("ledger.schema3.mdb"), F_OK), 0);
	ck_assert_int_eq(down(), EEXIST);
	check_up();
	ck_assert_int_eq(down(), 0);
	check_down();
	remove_all();
}
END_TEST

/* What is kept is the ledger as it was the last time, not the first. */
START_TEST(kept_is_the_newest)
{
	size_t bytes;
	size_t before;

	put_old();
	ck_assert_int_eq(up(), 0);
	ck_assert_int_eq(down(), 0);
	char *now = read_all(file_in("ledger.mdb"), &before);

	ck_assert_int_eq(up(), 0);
	char *kept = read_all(file_in("ledger.schema2.mdb"), &bytes);

	ck_assert_uint_eq(bytes, before);
	ck_assert_mem_eq(kept, now, bytes);
	free(kept);
	free(now);
	remove_all();
}
END_TEST

/* ---- killed, and without room ---- */

static long
at_each_step(enum what what, work_fn *work, uint32_t from, const char *name)
{
	long n = 0;
	int status;

	do {
		put_old();
		if (from == LED_SCHEMA)
			ck_assert_int_eq(run_work(up, WHAT_NOTHING, 0), 0);
		status = run_work(work, what, ++n);
		uint32_t schema = schema_now();

		ck_assert_msg(what == WHAT_KILL ? status <= 0 : status >= 0,
			"%s, step %ld: exit %d", name, n, status);
		/* A failure that is told leaves the old one. */
		if (status > 0)
			ck_assert_uint_eq(schema, from);
		if (schema == 2)
			check_down();
		check_up();
		remove_all();
	} while (status != 0);
	(void)printf("%s: %ld steps\n", name, n - 1);
	return n - 1;
}

START_TEST(up_killed)
{
	ck_assert_int_gt(at_each_step(WHAT_KILL, up, 2, "upgrade, killed"), 10);
}
END_TEST

START_TEST(down_killed)
{
	ck_assert_int_gt(
		at_each_step(WHAT_KILL, down, LED_SCHEMA, "downgrade, killed"), 10);
}
END_TEST

START_TEST(up_full)
{
	ck_assert_int_gt(at_each_step(WHAT_ENOSPC, up, 2, "upgrade, no room"), 3);
}
END_TEST

START_TEST(down_full)
{
	ck_assert_int_gt(
		at_each_step(WHAT_ENOSPC, down, LED_SCHEMA, "downgrade, no room"), 1);
}
END_TEST

/* ---- refused ---- */

START_TEST(readers_wait_for_it)
{
	struct led_options opt = {.read_only = true};
	struct nv_err err = {0};
	struct led *led = NULL;

	put_old();
	ck_assert_int_eq(led_open(test_dir, &opt, &led, &err), -EPROTONOSUPPORT);
	ck_assert_ptr_nonnull(strstr(err.text, "schema 2"));
	remove_all();
}
END_TEST

START_TEST(imported_stays)
{
	struct nv_err err = {0};
	char kept[LED_REBUILD_KEPT_BYTES];
	uint64_t checked;

	put_old();
	struct led *led = open_with(0);
	struct led_batch *b = begin(led, led_last_time(led) + HOUR);
	struct led_event ev =
		plain_event(LED_IMPORTED, led_batch_worker_id(b, "w1"), "{}");

	set_id(&ev, "other:1");
	ck_assert_int_eq(led_batch_post(b, &ev, LED_CODE_PAST_COST, NULL, 0, SEC,
				 led_batch_currency_id(b, "USD")),
		0);
	(void)add(b, &ev);
	commit(b);
	ck_assert_int_eq(
		led_downgrade(test_dir, 2, say_problem, NULL, &checked, kept, &err),
		-EBUSY);
	led_close(led);
	ck_assert_int_eq(
		led_downgrade(test_dir, 2, say_problem, NULL, &checked, kept, &err),
		-ENOTSUP);
	ck_assert_ptr_nonnull(strstr(err.text, "event 1118 was imported"));
	ck_assert_int_eq(
		led_downgrade(test_dir, 1, say_problem, NULL, &checked, kept, &err),
		-EINVAL);
	ck_assert_uint_eq(schema_now(), LED_SCHEMA);
	ck_assert_uint_eq(verify_clean(), EVENTS + 1);
	remove_all();
}
END_TEST

/* One that no older program has ever seen is read by an older one as well. */
START_TEST(made_now_goes_back)
{
	struct nv_err err = {0};
	char kept[LED_REBUILD_KEPT_BYTES];
	uint64_t checked;

	make_dir();
	struct led *led = open_with(0);
	struct led_batch *b = begin(led, led_last_time(led) + HOUR);
	struct led_event ev = plain_event(LED_METRIC, led_batch_worker_id(b, "w1"), "{}");

	(void)add(b, &ev);
	commit(b);
	led_close(led);
	ck_assert_int_eq(led_downgrade(test_dir, LED_SCHEMA_LOWEST, say_problem, NULL,
				 &checked, kept, &err),
		0);
	ck_assert_uint_eq(schema_now(), LED_SCHEMA_LOWEST);
	ck_assert_int_eq(up(), 0);
	ck_assert_uint_eq(verify_clean(), 1);
	remove_all();
}
END_TEST

/* The number that the ledger says of itself, as a later program would write it. */
static void
claim_schema(uint32_t schema)
{
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;
	MDB_val key = {6, (void *)(uintptr_t) "ledger"};
	MDB_val value;
	uint8_t bytes[256];

	ck_assert_int_eq(mdb_env_create(&env), 0);
	ck_assert_int_eq(mdb_env_set_maxdbs(env, 32), 0);
	ck_assert_int_eq(mdb_env_open(env, file_in("ledger.mdb"), MDB_NOSUBDIR, 0600), 0);
	ck_assert_int_eq(mdb_txn_begin(env, NULL, 0, &txn), 0);
	ck_assert_int_eq(mdb_dbi_open(txn, "meta", 0, &dbi), 0);
	ck_assert_int_eq(mdb_get(txn, dbi, &key, &value), 0);
	ck_assert_uint_le(value.mv_size, sizeof(bytes));
	memcpy(bytes, value.mv_data, value.mv_size);
	for (int i = 0; i < 4; i++)
		bytes[1 + i] = (uint8_t)(schema >> (8 * i));
	value.mv_data = bytes;
	ck_assert_int_eq(mdb_put(txn, dbi, &key, &value, 0), 0);
	ck_assert_int_eq(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
}

START_TEST(newer_is_refused)
{
	struct led_options reader = {.read_only = true};
	const struct led_options *both[] = {NULL, &reader};
	struct nv_err err = {0};
	char kept[LED_REBUILD_KEPT_BYTES];
	uint64_t checked;
	size_t bytes;
	size_t after;
	struct led *led = NULL;

	put_old();
	ck_assert_int_eq(up(), 0);
	claim_schema(LED_SCHEMA + 1);
	char *before = read_all(file_in("ledger.mdb"), &bytes);

	for (size_t i = 0; i < NV_LEN(both); i++) {
		ck_assert_int_eq(
			led_open(test_dir, both[i], &led, &err), -EPROTONOSUPPORT);
		ck_assert_ptr_nonnull(strstr(err.text, "has schema 4"));
		ck_assert_ptr_nonnull(strstr(err.text, "downgrade --to 3"));
	}
	ck_assert_int_eq(
		led_downgrade(test_dir, 2, say_problem, NULL, &checked, kept, &err),
		-EINVAL);
	ck_assert_uint_eq(schema_now(), LED_SCHEMA + 1);
	char *now = read_all(file_in("ledger.mdb"), &after);

	ck_assert_uint_eq(after, bytes);
	ck_assert_mem_eq(now, before, bytes);
	free(now);
	free(before);
	remove_all();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("led_versions");
	TCase *tc = tcase_create("versions");

	tcase_set_timeout(tc, 240);
	tcase_add_checked_fixture(tc, load_old, free_old);
	tcase_add_test(tc, there_and_back);
	tcase_add_test(tc, kept_is_the_newest);
	tcase_add_test(tc, up_killed);
	tcase_add_test(tc, down_killed);
	tcase_add_test(tc, up_full);
	tcase_add_test(tc, down_full);
	tcase_add_test(tc, readers_wait_for_it);
	tcase_add_test(tc, imported_stays);
	tcase_add_test(tc, made_now_goes_back);
	tcase_add_test(tc, newer_is_refused);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
