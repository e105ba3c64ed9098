/* Request lines of engine.sock against a real engine without novasupd: whatever comes,
 * one line of JSON goes back and the engine lives. */
#include "nv_base.h"
#include "run_suite.h"

/* The fixture is written for Check, which asserts only inside of its own tests. */
#undef ck_assert
#undef ck_assert_msg
#undef ck_assert_int_eq
#undef ck_assert_uint_le
#undef ck_assert_ptr_nonnull
#define ck_assert(cond)            NV_ASSERT(cond)
#define ck_assert_msg(cond, ...)   NV_ASSERT(cond)
#define ck_assert_int_eq(a, b)     NV_ASSERT((a) == (b))
#define ck_assert_uint_le(a, b)    NV_ASSERT((a) <= (b))
#define ck_assert_ptr_nonnull(ptr) NV_ASSERT((ptr) != NULL)

#include "eng_fixture.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static struct eng_fixture f;

static void
remove_ledger(void)
{
	eng_fixture_close(&f);
	eng_fixture_remove_in(f.dir);
}

static void
start(void)
{
	static const char *const workers[] = {
		"worker: a\ncommand: [a]\ngroup: g\ninstances: {start: 1, min: 0, max: "
		"8}\n",
		"worker: b\ncommand: [a]\nbudget: {daily: $1}\n", NULL};

	eng_fixture_make_dir(&f);
	eng_fixture_open(&f,
		"max_daily_budget: $100\npolicy: classic\nautonomous: {enabled: true, "
		"interval: 1h}\n",
		workers);
	eng_fixture_runs(&f, "a", 20, true, "0.05", "0.25");
	(void)eng_decide_analyse(&f.eng, false, NULL, NULL);
	(void)atexit(remove_ledger);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static bool started;

	if (!started) {
		started = true;
		start();
	}
	if (bytes > ENG_API_LINE_BYTES_MAX || memchr(data, '\n', bytes))
		return 0;
	char *line = eng_api_answer(&f.eng, NULL, 0, (const char *)data, bytes);

	NV_ASSERT(line != NULL && !strchr(line, '\n'));
	json_t *o = json_loads(line, JSON_REJECT_DUPLICATES, NULL);

	NV_ASSERT(json_is_object(o) && json_is_boolean(json_object_get(o, "ok")));
	json_decref(o);
	free(line);
	return 0;
}
