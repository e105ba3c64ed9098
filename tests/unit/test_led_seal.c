/* Seals of days, made and verified: every day once, after any restart; with the first key
 * a seal of the past cannot be made anew. And anchors: a cut-off end and a rewritten
 * ledger are found. */
#include "led_fixture.h"
#include "run_suite.h"

#include "anchor.h"
#include "nv_fd.h"
#include "seal.h"

#include <fcntl.h>

static struct led *led;
static struct led_sealer sealer;
static int64_t now;

static void
setup(void)
{
	make_dir();
	led = open_with(1);
	now = T0;
	ck_assert_int_eq(led_sealer_open(&sealer, led), 0);
}

static void
teardown(void)
{
	led_close(led);
	remove_file("seal.key");
	remove_file("seal.key.new");
	remove_dir();
}

static void
some_batches(int n, int64_t apart)
{
	for (int i = 0; i < n; i++) {
		struct led_batch *b = begin(led, now);

		add_cost(b, "w1", 100, NULL);
		commit(b);
		now += apart;
	}
}

static void
add_seal(struct led_seal *seal, struct led_seal_key *key)
{
	char line[LED_SEAL_LINE_BYTES];
	char state[LED_SEAL_STATE_BYTES];

	if (key && seal->day >= key->day) {
		led_seal_key_evolve(key, seal->day);
		led_seal_mac(key, seal, seal->mac);
		seal->has_mac = true;
	}
	struct led_batch *b = begin(led, now);
	struct led_event ev = plain_event(LED_SEAL, 0, line);

	ev.line_bytes = led_seal_line(seal, line);
	add(b, &ev);
	led_seal_state_key(seal->day, state);
	ck_assert_int_eq(led_batch_state_put(b, state, line, ev.line_bytes), 0);
	commit(b);
	if (key && seal->has_mac)
		led_seal_key_evolve(key, seal->day + 1);
}

/* Everything that is due, a few rows at a time. Returns how many seals. */
static int
seal_all(struct led_seal_key *key)
{
	struct led_seal seal;
	int n = 0;
	int rc;

	while ((rc = led_sealer_step(&sealer, 7, now, &seal)) > 0) {
		if (rc == 2)
			continue;
		add_seal(&seal, key);
		led_sealer_sealed(&sealer);
		n++;
	}
	ck_assert_int_eq(rc, 0);
	return n;
}

static char found[8192];

static void
note(void *arg, const char *problem)
{
	size_t n = strlen(found);

	(void)arg;
	(void)snprintf(found + n, sizeof(found) - n, "%s\n", problem);
}

/* How many problems; their text is in `found`. */
static int
verify(const struct led_seal_key *key, const struct led_anchors *anchors)
{
	struct led_verify_options opt = {.seal_key = key, .anchors = anchors};

	found[0] = '\0';
	return led_verify_contained_with(test_dir, &opt, note, NULL, NULL);
}

START_TEST(every_day_once)
{
	struct led_seal_key key;
	struct led_seal seal;
	struct led_view *v;

	ck_assert_int_eq(led_seal_key_make(led_id(led), (uint32_t)(T0 / DAY), &key), 0);
	struct led_seal_key first = key;

	ck_assert_int_eq(seal_all(&key), 0);
	some_batches(30, HOUR); /* a day and a quarter */
	ck_assert_int_eq(seal_all(&key), 1);
	ck_assert_int_eq(seal_all(&key), 0);
	some_batches(1, 3 * DAY); /* days without anything have no seal */
	ck_assert_int_eq(seal_all(&key), 1);
	ck_assert_int_eq(led_sealer_open(&sealer, led), 0); /* restarted */
	some_batches(50, HOUR);
	ck_assert_int_eq(seal_all(&key), 2);
	ck_assert_msg(verify(&first, NULL) == 0, "%s", found);
	v = view(led);
	ck_assert_int_eq(led_view_seal_last(v, &seal), 0);
	ck_assert_uint_eq(seal.day, T0 / DAY + 5);
	ck_assert(seal.has_mac);
	ck_assert_int_eq(led_view_seal_of(v, 1, &seal), 0);
	ck_assert_uint_eq(seal.first_batch, 1);
	ck_assert_uint_eq(seal.batches, 24);
	ck_assert_int_eq(led_view_seal_of(v, 24, &seal), 0);
	ck_assert_uint_eq(seal.first_batch, 1);
	ck_assert_int_eq(led_view_seal_of(v, 25, &seal), 0);
	ck_assert_uint_eq(seal.first_batch, 25);
	ck_assert_int_eq(led_view_seal_of(v, 1000, &seal), -ENOENT);
	led_view_end(v);
	/* The key as it is now verifies what comes, and says nothing of the past. */
	ck_assert_msg(verify(&key, NULL) == 0, "%s", found);
}
END_TEST

/* A clock that jumps: a seal is of the days of the ledger's own time, which never goes
 * back, so nothing is committed into a day that is sealed. */
START_TEST(clock_jumps)
{
	struct led_seal_key key;

	ck_assert_int_eq(led_seal_key_make(led_id(led), (uint32_t)(T0 / DAY), &key), 0);
	struct led_seal_key first = key;

	some_batches(3, HOUR);
	now += 2 * DAY;
	ck_assert_int_eq(seal_all(&key), 1);
	now -= 5 * DAY;
	some_batches(3, HOUR);
	now = led_last_time(led);
	ck_assert_int_eq(seal_all(&key), 0);
	now += DAY;
	ck_assert_int_eq(seal_all(&key), 1);
	ck_assert_msg(verify(&first, NULL) == 0, "%s", found);
}
END_TEST

START_TEST(lies_are_found)
{
	struct led_seal_key key;
	struct led_seal seal;

	ck_assert_int_eq(led_seal_key_make(led_id(led), (uint32_t)(T0 / DAY), &key), 0);
	struct led_seal_key first = key;
	struct led_seal_key later = key;

	led_seal_key_evolve(&later, later.day + 1);
	some_batches(3, HOUR);
	now += DAY;
	ck_assert_int_eq(led_sealer_step(&sealer, 1000, now, &seal), 1);
	switch (_i) {
	case 0: /* nobody seals */
		some_batches(1, 0);
		now += 2 * HOUR;
		some_batches(1, 0);
		ck_assert_int_eq(verify(NULL, NULL), 0);
		ck_assert_int_eq(verify(&first, NULL), 1);
		ck_assert_ptr_nonnull(strstr(found, "has no seal"));
		return;
	case 1: /* without the key */
		add_seal(&seal, NULL);
		ck_assert_int_eq(verify(NULL, NULL), 0);
		ck_assert_int_eq(verify(&first, NULL), 1);
		ck_assert_ptr_nonnull(strstr(found, "without the key"));
		return;
	case 2: /* with the key of a later day, as somebody has it who came later */
		seal.has_mac = true;
		later.day = seal.day;
		led_seal_mac(&later, &seal, seal.mac);
		add_seal(&seal, NULL);
		ck_assert_int_eq(verify(NULL, NULL), 0);
		ck_assert_int_eq(verify(&first, NULL), 1);
		ck_assert_ptr_nonnull(strstr(found, "was not made with the key"));
		return;
	case 3:
		seal.root[5] ^= 1;
		break;
	case 4:
		seal.head[5] ^= 1;
		break;
	case 5:
		seal.batches--;
		break;
	case 6:
		seal.first_batch++;
		break;
	case 7:
		seal.day--;
		break;
	case 8: /* twice */
		add_seal(&seal, &key);
		seal.has_mac = false;
		add_seal(&seal, NULL);
		ck_assert_int_eq(verify(NULL, NULL), 1);
		ck_assert_ptr_nonnull(strstr(found, "sealed before"));
		return;
	default:
		ck_abort();
	}
	add_seal(&seal, NULL);
	ck_assert_int_eq(verify(NULL, NULL), 1);
	ck_assert_ptr_nonnull(strstr(found, "is not what the batches of"));
}
END_TEST

START_TEST(the_line_has_one_spelling)
{
	struct led_seal seal = {.day = 20000, .first_batch = 7, .batches = 12};
	struct led_seal again;
	char line[LED_SEAL_LINE_BYTES];
	char other[LED_SEAL_LINE_BYTES];

	memset(seal.root, 0xa5, sizeof(seal.root));
	for (int mac = 0; mac < 2; mac++) {
		seal.has_mac = mac;
		size_t n = led_seal_line(&seal, line);

		ck_assert_int_eq(led_seal_parse(line, n, &again), 0);
		ck_assert_uint_eq(led_seal_line(&again, other), n);
		ck_assert_str_eq(line, other);
		for (size_t i = 0; i < n; i++)
			ck_assert_int_eq(led_seal_parse(line, i, &again), -EBADMSG);
		/* Each byte changed: refused, or another seal. */
		for (size_t i = 0; i < n; i++) {
			for (int c = ' '; c < 127; c++) {
				memcpy(other, line, n);
				other[i] = (char)c;
				if (c == line[i] || led_seal_parse(other, n, &again) < 0)
					continue;
				char third[LED_SEAL_LINE_BYTES];

				ck_assert_uint_eq(led_seal_line(&again, third), n);
				ck_assert_mem_eq(third, other, n);
			}
		}
	}
	ck_assert_int_eq(led_seal_parse("", 0, &again), -EBADMSG);
}
END_TEST

START_TEST(key_in_a_file)
{
	struct led_seal_key key;
	struct led_seal_key again;
	struct led_seal_key first;
	char text[LED_SEAL_KEY_BYTES];
	char path[256];

	(void)snprintf(path, sizeof(path), "%s", file_in("seal.key"));
	ck_assert_int_eq(led_seal_key_load(path, &again), -ENOENT);
	ck_assert_int_eq(led_seal_key_make(led_id(led), 20000, &key), 0);
	first = key;
	ck_assert_int_eq(led_seal_key_store(path, &key), 0);
	int old = open(path, O_RDONLY | O_CLOEXEC);

	ck_assert_int_ge(old, 0);
	ck_assert_int_eq(led_seal_key_load(path, &again), 0);
	ck_assert_mem_eq(&again, &key, sizeof(key));
	led_seal_key_evolve(&key, 20003);
	ck_assert_mem_ne(key.key, again.key, sizeof(key.key));
	led_seal_key_evolve(&again, 20001);
	led_seal_key_evolve(&again, 20003);
	ck_assert_mem_eq(&again, &key, sizeof(key));
	ck_assert_int_eq(led_seal_key_store(path, &key), 0);
	ck_assert_int_eq(led_seal_key_load(path, &again), 0);
	ck_assert_mem_eq(&again, &key, sizeof(key));
	/* Who still has the older file open reads nothing of it. */
	ck_assert_int_gt(read(old, text, sizeof(text)), 100);
	for (size_t i = 0; i < 100; i++)
		ck_assert_int_eq(text[i], 0);
	close(old);
	led_seal_key_text(&first, text);
	for (size_t i = 0; i < strlen(text); i++)
		ck_assert_int_eq(led_seal_key_parse(text, i, &again), -EBADMSG);
	ck_assert_int_eq(led_seal_key_parse(text, strlen(text), &again), 0);
	text[0] = 'N';
	ck_assert_int_eq(led_seal_key_parse(text, strlen(text), &again), -EBADMSG);
}
END_TEST

/* ---- anchors ---- */

static void
write_anchors(const char *text)
{
	ck_assert_int_eq(
		nv_write_file_atomic(file_in("copy"), text, strlen(text), 0600), 0);
}

static void
load_anchors(struct led_anchors *ret)
{
	struct nv_err err = {0};
	int rc = led_anchors_load(file_in("copy"), ret, &err);

	ck_assert_msg(rc == 0, "%s", err.text);
}

static void
anchor_now(char line[LED_ANCHOR_LINE_BYTES])
{
	struct led_view *v = view(led);
	struct led_anchor a;

	ck_assert_int_eq(led_anchor_of(v, now, &a), 0);
	led_view_end(v);
	(void)led_anchor_line(&a, line);
}

START_TEST(anchors)
{
	struct led_anchors a;
	struct nv_err err = {0};
	char lines[3][LED_ANCHOR_LINE_BYTES];
	char text[2000];

	some_batches(4, HOUR);
	anchor_now(lines[0]);
	/* What the ledger was when it had four batches. */
	char *before = NULL;
	size_t before_bytes;

	ck_assert_int_eq(nv_read_file_at(AT_FDCWD, file_in("ledger.mdb"), 64u << 20,
				 &before, &before_bytes),
		0);
	some_batches(3, HOUR);
	anchor_now(lines[1]);
	(void)snprintf(text, sizeof(text), "Nov 22 host logger: %s (kept)\n\nnoise\n%s\n",
		lines[1], lines[0]);
	write_anchors(text);
	load_anchors(&a);
	ck_assert_uint_eq(a.n, 2);
	ck_assert_uint_eq(a.skipped, 1);
	ck_assert_uint_eq(a.list[0].batch, 4);
	ck_assert_uint_eq(a.list[1].batch, 7);
	ck_assert_msg(verify(NULL, &a) == 0, "%s", found);
	/* Its end cut off. */
	led_close(led);
	ck_assert_int_eq(
		nv_write_file_atomic(file_in("ledger.mdb"), before, before_bytes, 0600),
		0);
	free(before);
	remove_file("ledger.mdb-lock");
	ck_assert_int_eq(verify(NULL, NULL), 0);
	ck_assert_int_eq(verify(NULL, &a), 1);
	ck_assert_ptr_nonnull(strstr(found, "ends at batch 4, but batch 7"));
	/* And gone on from there: another batch 7. */
	led = open_with(1);
	some_batches(5, 2 * HOUR);
	ck_assert_int_eq(verify(NULL, NULL), 0);
	ck_assert_int_eq(verify(NULL, &a), 1);
	ck_assert_ptr_nonnull(strstr(found, "batch 7 is not the one that was anchored"));
	ck_assert_ptr_null(strstr(found, "batch 4"));
	led_anchors_fini(&a);
	/* Of another ledger. */
	lines[0][12] = lines[0][12] == '0' ? '1' : '0';
	(void)snprintf(text, sizeof(text), "%s\n", lines[0]);
	write_anchors(text);
	load_anchors(&a);
	ck_assert_int_eq(verify(NULL, &a), 1);
	ck_assert_ptr_nonnull(strstr(found, "of another ledger"));
	led_anchors_fini(&a);
	write_anchors("nothing\n{\"ledger\":\"00\"}\n");
	ck_assert_int_eq(led_anchors_load(file_in("copy"), &a, &err), -EBADMSG);
	ck_assert_ptr_nonnull(strstr(err.text, "there is no anchor in it"));
	remove_file("copy");
	ck_assert_int_eq(led_anchors_load(file_in("copy"), &a, &err), -ENOENT);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("led_seal");
	TCase *tc = tcase_create("seal");

	tcase_set_timeout(tc, 100);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, every_day_once);
	tcase_add_test(tc, clock_jumps);
	tcase_add_loop_test(tc, lies_are_found, 0, 9);
	tcase_add_test(tc, the_line_has_one_spelling);
	tcase_add_test(tc, key_in_a_file);
	tcase_add_test(tc, anchors);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
