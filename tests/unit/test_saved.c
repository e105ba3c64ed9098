/* Pure parts of backups: manifests and notes of a restore as outside bytes, and when the
 * next backup is due. */
#include "nv_restored.h"
#include "period.h"
#include "run_suite.h"
#include "save.h"
#include "saving.h"

#include <check.h>
#include <errno.h>
#include <string.h>

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define LEDGER \
	"\"ledger\":{\"id\":\"x\",\"schema\":3,\"events\":1,\"batches\":1,\"head_" \
	"hash\":\"x\"}"
#define MANIFEST(path, bytes, hash) \
	"{\"format\":1,\"created\":\"x\"," LEDGER ",\"files\":[{\"path\":\"" path \
	"\",\"bytes\":" bytes ",\"sha256\":\"" hash "\"}]}"

static const struct {
	const char *text;
	int rc;
	const char *why;
} manifests[] = {
	{MANIFEST("ledger.mdb", "1", HASH), 0, NULL},
	{MANIFEST("state/platforms/stripe/store.mdb", "0", HASH), 0, NULL},
	{MANIFEST("a..b", "0", HASH), 0, NULL},
	{MANIFEST("state/emergency-stop", "0", HASH), 0, NULL},
	{MANIFEST("state/gateway/tokens", "0", HASH), 0, NULL},
	{MANIFEST("state/emergency-stop/x", "0", HASH), -EBADMSG, "no backup has"},
	{MANIFEST("state/gateway", "0", HASH), -EBADMSG, "no backup has"},
	{MANIFEST("state/ledger/segments/x", "0", HASH), -EBADMSG, "no backup has"},
	{MANIFEST("state/restore.ready/x", "0", HASH), -EBADMSG, "no backup has"},
	{MANIFEST("state/absent.ledger", "0", HASH), -EBADMSG, "no backup has"},
	{MANIFEST("state/decide.cache", "0", HASH), -EBADMSG, "no backup has"},
	{"", -EBADMSG, "line 1"},
	{"[]", -EBADMSG, "no manifest"},
	{"{}", -EBADMSG, "no manifest"},
	{"{\"format\":\"1\"}", -EBADMSG, "no manifest"},
	{"{\"format\":1,\"format\":1}", -EBADMSG, "line 1"},
	{"{\"format\":2}", -EPROTONOSUPPORT, "format 2"},
	{"{\"format\":1}", -EBADMSG, "created"},
	{"{\"format\":1,\"created\":\"x\"}", -EBADMSG, "ledger.schema"},
	{"{\"format\":1,\"created\":\"x\"," LEDGER "}", -EBADMSG, "no list of files"},
	{"{\"format\":1,\"created\":\"x\"," LEDGER ",\"files\":[1]}", -EBADMSG, "file 1"},
	{MANIFEST("", "1", HASH), -EBADMSG, "file 1"},
	{MANIFEST("/etc/passwd", "1", HASH), -EBADMSG, "file 1"},
	{MANIFEST("..", "1", HASH), -EBADMSG, "file 1"},
	{MANIFEST("../x", "1", HASH), -EBADMSG, "file 1"},
	{MANIFEST("state/../../x", "1", HASH), -EBADMSG, "file 1"},
	{MANIFEST("state/..", "1", HASH), -EBADMSG, "file 1"},
	{MANIFEST("state//x", "1", HASH), -EBADMSG, "file 1"},
	{MANIFEST("state/", "1", HASH), -EBADMSG, "file 1"},
	{MANIFEST("x", "-1", HASH), -EBADMSG, "file 1"},
	{MANIFEST("x", "1.5", HASH), -EBADMSG, "file 1"},
	{MANIFEST("x", "1", "0123"), -EBADMSG, "file 1"},
	{MANIFEST("x", "1", "X" HASH), -EBADMSG, "file 1"},
};

START_TEST(manifest)
{
	struct nv_err err = {0};
	json_t *root = NULL;
	int rc = ctl_manifest_parse(
		manifests[_i].text, strlen(manifests[_i].text), &root, &err);

	ck_assert_msg(
		rc == manifests[_i].rc, "%s: %d %s", manifests[_i].text, rc, err.text);
	if (rc == 0)
		json_decref(root);
	else
		ck_assert_msg(strstr(err.text, manifests[_i].why) != NULL, "%s: %s",
			manifests[_i].text, err.text);
}
END_TEST

START_TEST(note)
{
	struct nv_restored r = {.id = "0123456789abcdef0123456789abcdef",
		.at_ns = INT64_C(1763769600000000000),
		.from = "/srv/saved/nova-1",
		.ledger = "00112233445566778899aabbccddeeff",
		.head = HASH,
		.events = 12,
		.batches = 3,
		.until_ns = INT64_C(1763769500000000000),
		.stores = true};
	struct nv_restored back;
	json_t *o = nv_restored_json(&r);
	char *text = json_dumps(o, 0);

	ck_assert_int_eq(nv_restored_parse(text, strlen(text), &back), 0);
	ck_assert_mem_eq(&back, &r, sizeof(r));
	for (size_t n = 0; n < strlen(text); n++)
		ck_assert_int_eq(nv_restored_parse(text, n, &back), -EINVAL);
	static const char *const keys[] = {"id", "at", "from", "ledger", "head_hash",
		"events", "batches", "until_ns", "stores"};

	for (size_t i = 0; i < NV_LEN(keys); i++) {
		json_t *less = json_copy(o);

		(void)json_object_del(less, keys[i]);
		char *bad = json_dumps(less, 0);

		ck_assert_msg(nv_restored_parse(bad, strlen(bad), &back) == -EINVAL, "%s",
			keys[i]);
		free(bad);
		json_decref(less);
	}
	free(text);
	json_decref(o);
}
END_TEST

#define H (INT64_C(3600) * 1000000000)
#define T INT64_C(1763769600000000000) /* 2025-11-22T00:00:00Z */

static const struct {
	int64_t last;
	int64_t every_h;
	int at_min;
	int64_t now;
	int64_t due;
} dues[] = {
	{0, 24, -1, T + 5 * H, T + 5 * H}, /* the first at once */
	{0, 24, 180, T + 2 * H, T + 3 * H},
	{0, 24, 180, T + 3 * H, T + 3 * H},
	{0, 24, 180, T + 4 * H, T + 27 * H},
	{T, 24, -1, T + 5 * H, T + 24 * H},
	{T, 1, -1, T + 5 * H, T + 1 * H}, /* missed: it is due */
	{T + 3 * H, 24, 180, T + 5 * H, T + 27 * H},
	/* One that began late does not move the following ones. */
	{T + 9 * H, 24, 180, T + 10 * H, T + 27 * H},
	{T + 3 * H, 48, 180, T + 5 * H, T + 51 * H},
	{T + 3 * H, 168, 180, T + 5 * H, T + 171 * H},
	/* Nova was away for a week. */
	{T + 3 * H, 24, 180, T + 200 * H, T + 27 * H},
};

START_TEST(due)
{
	struct nv_err err = {0};

	ck_assert_int_eq(eng_zone_set("UTC", &err), 0);
	int64_t got = eng_saving_due(
		dues[_i].last, dues[_i].every_h * 3600000, dues[_i].at_min, dues[_i].now);

	ck_assert_msg(
		got == dues[_i].due, "row %d: %g h", _i, (double)(got - T) / (double)H);
}
END_TEST

START_TEST(again)
{
	static const int64_t min = 60000;
	static const struct {
		unsigned failures;
		int64_t every_min;
		int64_t again_min;
	} rows[] = {{1, 1440, 10}, {2, 1440, 20}, {7, 1440, 640}, {8, 1440, 1280},
		{9, 1440, 1440}, {4000000000, 1440, 1440}, {1, 3, 3}, {2, 3, 3}};

	for (size_t i = 0; i < NV_LEN(rows); i++)
		ck_assert_int_eq(
			eng_saving_again_ms(rows[i].failures, rows[i].every_min * min),
			rows[i].again_min * min);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("saved");
	TCase *tc = tcase_create("saved");

	tcase_add_loop_test(tc, manifest, 0, (int)NV_LEN(manifests));
	tcase_add_test(tc, note);
	tcase_add_loop_test(tc, due, 0, (int)NV_LEN(dues));
	tcase_add_test(tc, again);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
