/* The pure parts of a platform's frame, and its store: rates, and what is kept. */
#include "frame.h"
#include "rate.h"
#include "run_suite.h"
#include "store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The frame asks for the table of the program it is in. */
const struct plat_kind *const plat_kinds[] = {NULL};

/* ---- rates ---- */

START_TEST(test_rate_burst_then_even)
{
	struct plat_rate r;

	plat_rate_init(&r, 10, 1000, 0, 0);
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(plat_rate_take(&r, 0), 0);
	ck_assert_int_eq(plat_rate_take(&r, 0), 100);
	ck_assert_int_eq(plat_rate_take(&r, 99), 1);
	ck_assert_int_eq(plat_rate_take(&r, 100), 0);
	ck_assert_int_eq(plat_rate_take(&r, 100), 100);
	/* A clock that does not move gives nothing, nor does one that goes back. */
	ck_assert_int_eq(plat_rate_take(&r, 50), 100);
}
END_TEST

START_TEST(test_rate_never_more_than_said)
{
	/* Over any time, no more than the burst and what has come in since. */
	static const struct {
		int64_t count;
		int64_t per_ms;
	} cases[] = {{1, 1000}, {3, 1000}, {25, 1000}, {100, 3600000}, {7, 86400000},
		{1000000000, 1}};

	for (size_t c = 0; c < NV_LEN(cases); c++) {
		struct plat_rate r;
		int64_t taken = 0;
		int64_t now = 12345;

		plat_rate_init(&r, cases[c].count, cases[c].per_ms, 5, now);
		for (int step = 0; step < 20000; step++) {
			now += step % 7;
			if (plat_rate_take(&r, now) == 0)
				taken++;
			__int128 fair = (__int128)(now - 12345) * cases[c].count /
					cases[c].per_ms;

			ck_assert_msg(taken <= fair + 5, "case %zu: %lld taken at %lld",
				c, (long long)taken, (long long)now);
		}
		ck_assert_int_gt(taken, 4);
	}
}
END_TEST

START_TEST(test_rate_waits_long_enough)
{
	struct plat_rate r;
	int64_t now = 0;

	plat_rate_init(&r, 7, 1000, 1, 0);
	for (int i = 0; i < 1000; i++) {
		int64_t wait = plat_rate_take(&r, now);

		if (wait == 0)
			continue;
		ck_assert_int_gt(plat_rate_take(&r, now + wait - 1), 0);
		now += wait;
		ck_assert_int_eq(plat_rate_take(&r, now), 0);
	}
	plat_rate_init(&r, 0, 0, 0, 0);
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(plat_rate_take(&r, 0), 0);
	plat_rate_init(&r, 1, 1000, 1, 0);
	ck_assert_int_eq(plat_rate_take(&r, 0), 0);
	plat_rate_give(&r);
	plat_rate_give(&r);
	ck_assert_int_eq(plat_rate_take(&r, 0), 0);
	ck_assert_int_gt(plat_rate_take(&r, 0), 0);
}
END_TEST

/* ---- the store ---- */

static struct {
	char dir[100];
	struct plat plat;
} fx;

static void
open_store(void)
{
	struct nv_err err = {0};

	ck_assert_msg(plat_store_open(&fx.plat.store, fx.dir, "acme", &err) == 0, "%s",
		err.text);
}

static void
setup(void)
{
	(void)snprintf(fx.dir, sizeof fx.dir, "/tmp/nova-plat-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(fx.dir));
	open_store();
}

static void
teardown(void)
{
	char path[200];
	static const char *const names[] = {"/platforms/acme/store.mdb",
		"/platforms/acme/store.mdb-lock", "/platforms/acme/lock",
		"/platforms/acme", "/platforms", ""};

	plat_store_close(fx.plat.store);
	for (size_t i = 0; i < NV_LEN(names); i++) {
		(void)snprintf(path, sizeof path, "%s%s", fx.dir, names[i]);
		ck_assert_int_eq(remove(path), 0);
	}
}

static void
put(const char *table, const char *key, int value)
{
	json_t *v = json_integer(value);

	ck_assert_int_eq(plat_put(&fx.plat, table, key, v), 0);
	json_decref(v);
}

static int
get(const char *table, const char *key)
{
	json_t *v = NULL;

	if (plat_get(&fx.plat, table, key, &v) < 0)
		return -1;
	int n = (int)json_integer_value(v);

	json_decref(v);
	return n;
}

static int
collect(void *arg, const char *key, json_t *value)
{
	char *text = arg;

	(void)snprintf(text + strlen(text), 200 - strlen(text), "%s=%d ", key,
		(int)json_integer_value(value));
	return 0;
}

static const char *
each(const char *table, const char *prefix, const char *after)
{
	static char text[200];

	text[0] = '\0';
	ck_assert_int_eq(plat_each(&fx.plat, table, prefix, after, collect, text), 0);
	return text;
}

START_TEST(test_store_keeps)
{
	put("a", "k", 1);
	put("a", "k", 2);
	put("ab", "k", 3);
	put("a", "", 4);
	plat_store_close(fx.plat.store);
	open_store();
	ck_assert_int_eq(get("a", "k"), 2);
	ck_assert_int_eq(get("ab", "k"), 3);
	ck_assert_int_eq(get("a", ""), 4);
	ck_assert_int_eq(get("b", "k"), -1);
	ck_assert_int_eq(plat_del(&fx.plat, "a", "k"), 0);
	ck_assert_int_eq(plat_del(&fx.plat, "a", "k"), 0);
	ck_assert_int_eq(get("a", "k"), -1);
}
END_TEST

START_TEST(test_store_order)
{
	put("t", "a", 1);
	put("t", "b1", 2);
	put("t", "b2", 3);
	put("t", "c", 4);
	put("u", "b1", 9);
	put("s", "z", 9);
	ck_assert_str_eq(each("t", "", NULL), "a=1 b1=2 b2=3 c=4 ");
	ck_assert_str_eq(each("t", "b", NULL), "b1=2 b2=3 ");
	ck_assert_str_eq(each("t", "b", "b1"), "b2=3 ");
	ck_assert_str_eq(each("t", "b", "a"), "b1=2 b2=3 ");
	ck_assert_str_eq(each("t", "", "b11"), "b2=3 c=4 ");
	ck_assert_str_eq(each("t", "x", NULL), "");
	ck_assert_str_eq(each("none", "", NULL), "");
}
END_TEST

static int
put_more(void *arg, const char *key, json_t *value)
{
	int *n = arg;

	(void)value;
	(*n)++;
	put("t", "zz", 1);
	ck_assert_int_eq(plat_del(&fx.plat, "t", key), 0);
	return 0;
}

START_TEST(test_store_change_while_reading)
{
	int n = 0;

	put("t", "a", 1);
	put("t", "b", 2);
	ck_assert_int_eq(plat_each(&fx.plat, "t", "", NULL, put_more, &n), 0);
	ck_assert_int_eq(n, 2);
	ck_assert_str_eq(each("t", "", NULL), "zz=1 ");
}
END_TEST

START_TEST(test_store_batch)
{
	ck_assert_int_eq(plat_batch_begin(&fx.plat), 0);
	put("t", "a", 1);
	put("t", "b", 2);
	ck_assert_int_eq(get("t", "a"), 1);
	ck_assert_int_eq(plat_batch_end(&fx.plat, false), 0);
	ck_assert_int_eq(get("t", "a"), -1);
	ck_assert_int_eq(plat_batch_begin(&fx.plat), 0);
	put("t", "a", 1);
	ck_assert_int_eq(plat_batch_end(&fx.plat, true), 0);
	ck_assert_int_eq(get("t", "a"), 1);
}
END_TEST

START_TEST(test_store_limits)
{
	char key[PLAT_KEY_BYTES_MAX + 2];
	json_t *v = json_true();
	struct plat_store *other = NULL;
	struct nv_err err = {0};

	memset(key, 'k', sizeof key);
	key[PLAT_KEY_BYTES_MAX] = '\0';
	ck_assert_int_eq(plat_put(&fx.plat, "t", key, v), 0);
	key[PLAT_KEY_BYTES_MAX] = 'k';
	key[PLAT_KEY_BYTES_MAX + 1] = '\0';
	ck_assert_int_eq(plat_put(&fx.plat, "t", key, v), -ENAMETOOLONG);
	ck_assert_int_eq(plat_put(&fx.plat, "", "k", v), -ENAMETOOLONG);
	ck_assert_int_eq(plat_store_open(&other, fx.dir, "acme", &err), -EBUSY);
	json_t *large = json_stringn_nocheck("", 0);
	char *text = malloc(PLAT_VALUE_BYTES_MAX + 1);

	ck_assert_ptr_nonnull(text);
	memset(text, 'x', PLAT_VALUE_BYTES_MAX + 1);
	ck_assert_int_eq(json_string_setn(large, text, PLAT_VALUE_BYTES_MAX + 1), 0);
	ck_assert_int_eq(plat_put(&fx.plat, "t", "k", large), -EFBIG);
	free(text);
	json_decref(large);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("plat");
	TCase *rates = tcase_create("rates");
	TCase *store = tcase_create("store");

	tcase_add_test(rates, test_rate_burst_then_even);
	tcase_add_test(rates, test_rate_never_more_than_said);
	tcase_add_test(rates, test_rate_waits_long_enough);
	suite_add_tcase(s, rates);
	tcase_add_checked_fixture(store, setup, teardown);
	tcase_add_test(store, test_store_keeps);
	tcase_add_test(store, test_store_order);
	tcase_add_test(store, test_store_change_while_reading);
	tcase_add_test(store, test_store_batch);
	tcase_add_test(store, test_store_limits);
	suite_add_tcase(s, store);
	return s;
}

int
main(void)
{
	return run_suite(suite());
}
