/* What the reference says about each setting is there, and is what the parser does. */
#include "nv_options.h"
#include "run_suite.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const struct nv_option *table;
	const size_t *n;
} tables[] = {{nv_options_global, &nv_options_global_n},
	{nv_options_worker, &nv_options_worker_n},
	{nv_options_group, &nv_options_group_n}};

static const struct nv_option *
option(const struct nv_option *table, size_t n, const char *key)
{
	size_t i = nv_option_find(table, n, key);

	ck_assert_msg(i < n, "%s", key);
	return &table[i];
}

#define FLEET(key)  option(nv_options_global, nv_options_global_n, key)
#define WORKER(key) option(nv_options_worker, nv_options_worker_n, key)
#define GROUP(key)  option(nv_options_group, nv_options_group_n, key)

START_TEST(test_each_is_described)
{
	for (size_t t = 0; t < NV_LEN(tables); t++) {
		for (size_t i = 0; i < *tables[t].n; i++) {
			const struct nv_option *o = &tables[t].table[i];
			size_t bytes = o->help ? strlen(o->help) : 0;
			size_t ticks = 0;

			ck_assert_msg(bytes > 0 && o->help[bytes - 1] == '.',
				"%s: help is no sentence", o->key);
			ck_assert_msg(!islower((unsigned char)o->help[0]), "%s", o->key);
			ck_assert_msg(!strstr(o->help, "Default:"),
				"%s: the default has a place of its own", o->key);
			for (const char *at = o->help; *at; at++)
				ticks += *at == '`';
			ck_assert_msg(ticks % 2 == 0, "%s: an open `", o->key);
			ck_assert_ptr_nonnull(nv_option_type(o));
			ck_assert_msg(!(o->fallback && o->otherwise), "%s: two defaults",
				o->key);
			ck_assert_msg(!(o->inherit && (o->fallback || o->otherwise)),
				"%s: two defaults", o->key);
			/* A list has a limit, and it is said. */
			ck_assert_msg(nv_option_is_scalar(o) ||
					      o->kind == NV_OPT_SECTION || o->max > 0,
				"%s: no limit", o->key);
		}
	}
}
END_TEST

static const char *
shown(void (*put)(struct nv_buf *, const struct nv_option *), const struct nv_option *o)
{
	static char text[200];
	struct nv_buf buf;

	nv_buf_init(&buf, sizeof(text) - 1);
	put(&buf, o);
	(void)snprintf(text, sizeof(text), "%s", buf.data ? buf.data : "");
	nv_buf_fini(&buf);
	return text;
}

START_TEST(test_limits)
{
	ck_assert_str_eq(shown(nv_option_put_default, FLEET("max_daily_budget")), "$100");
	ck_assert_str_eq(shown(nv_option_put_max, FLEET("max_daily_budget")), "");
	ck_assert_str_eq(shown(nv_option_put_min, FLEET("crashes.within")), "1s");
	ck_assert_str_eq(shown(nv_option_put_max, FLEET("crashes.within")), "366d");
	ck_assert_str_eq(shown(nv_option_put_min, FLEET("min_roi")), "-100%");
	ck_assert_str_eq(shown(nv_option_put_min, WORKER("limits.memory")), "1MiB");
	ck_assert_str_eq(shown(nv_option_put_min, WORKER("expected.sale")), "");
	ck_assert_str_eq(shown(nv_option_put_max, WORKER("description")), "1000 bytes");
	ck_assert_str_eq(shown(nv_option_put_max, WORKER("secrets")), "64 entries");
	ck_assert_str_eq(shown(nv_option_put_default, WORKER("user")), "");
	ck_assert_str_eq(nv_option_type(WORKER("crashes.backoff")), "range of durations");
}
END_TEST

START_TEST(test_reload)
{
	static const char *const restart[] = {"command", "directory", "kind",
		"run_interval", "run_timeout", "ready", "heartbeat.every", "env",
		"env_file", "secrets", "platforms", "user", "user_group", "capabilities",
		"isolation.network", "isolation.read_only", "limits.open_files",
		"limits.core"};
	static const char *const live[] = {"description", "budget.daily", "roi.min",
		"crashes.max", "stop.grace", "health.exec", "ready.exec", "params",
		"variants", "depends_on", "success_codes", "logs.size", "autonomous",
		"limits.memory"};

	for (size_t i = 0; i < NV_LEN(restart); i++)
		ck_assert_msg(nv_option_reload(WORKER(restart[i])) == NV_RELOAD_WORKER,
			"%s", restart[i]);
	for (size_t i = 0; i < NV_LEN(live); i++)
		ck_assert_msg(nv_option_reload(WORKER(live[i])) == NV_RELOAD_LIVE, "%s",
			live[i]);
	/* Of the fleet: what workers take over, and sections that are processes. */
	ck_assert_int_eq(nv_option_reload(FLEET("run_interval")), NV_RELOAD_WORKER);
	ck_assert_int_eq(nv_option_reload(FLEET("isolation.home")), NV_RELOAD_WORKER);
	ck_assert_int_eq(nv_option_reload(FLEET("crashes.max")), NV_RELOAD_LIVE);
	ck_assert_int_eq(nv_option_reload(FLEET("gateway.listen")), NV_RELOAD_SERVICE);
	ck_assert_int_eq(
		nv_option_reload(FLEET("platforms.stripe.poll")), NV_RELOAD_SERVICE);
	ck_assert_int_eq(nv_option_reload(FLEET("alerts")), NV_RELOAD_SERVICE);
	ck_assert_int_eq(nv_option_reload(GROUP("intensity")), NV_RELOAD_LIVE);
	ck_assert_str_eq(nv_option_reload_name(NV_RELOAD_LIVE), "live");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("nv_option_facts");
	TCase *tc = tcase_create("nv_option_facts");

	tcase_add_test(tc, test_each_is_described);
	tcase_add_test(tc, test_limits);
	tcase_add_test(tc, test_reload);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
