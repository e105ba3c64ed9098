/* Encodings: what goes in comes out, only one spelling is accepted, and no prefix, no
 * extension and no flipped bit of a value is ever read as something else. */
#include "chain.h"
#include "led_fixture.h"
#include "run_suite.h"
#include "schema.h"

static struct led_event
full_event(void)
{
	static const char line[] = "{\"event\":\"revenue\",\"amount\":\"12.5\"}";
	struct led_event ev = {
		.kind = LED_REVENUE,
		.flags = LED_F_ROUNDED | LED_F_MANUAL,
		.worker = 300,
		.said_by = 7,
		.stream = UINT64_C(0xfedcba9876543210),
		.stream_offset = 1234567,
		.claimed_ns = T0 - 5 * DAY,
		.received_ns = T0,
		.ref = 99,
		.instance = 3,
		.generation = 70000,
		.id = "ch_1NirD82eZvKYlo2CIvbtLWuY",
		.id_bytes = 27,
		.category = "stripe",
		.category_bytes = 6,
		.line = line,
		.line_bytes = sizeof(line) - 1,
		.legs = {{1, 2, 12500000000, 1, LED_CODE_REVENUE},
			{3, 1, 675000000, 1, LED_CODE_FEE}},
		.n_legs = 2,
		.duration_ms = -1,
		.run = "3-1-17",
		.run_bytes = 6,
		.external = "ch_1",
		.external_bytes = 4,
		.variant = 9,
		.caused_ns = T0 - 6 * DAY,
	};

	return ev;
}

static void
check_same_event(const struct led_event *a, const struct led_event *b)
{
	ck_assert_int_eq(a->kind, b->kind);
	ck_assert_uint_eq(a->flags, b->flags);
	ck_assert_uint_eq(a->worker, b->worker);
	ck_assert_uint_eq(a->said_by, b->said_by);
	ck_assert_uint_eq(a->stream, b->stream);
	ck_assert_uint_eq(a->stream_offset, b->stream_offset);
	ck_assert_int_eq(a->claimed_ns, b->claimed_ns);
	ck_assert_int_eq(a->received_ns, b->received_ns);
	ck_assert_uint_eq(a->ref, b->ref);
	ck_assert_uint_eq(a->instance, b->instance);
	ck_assert_uint_eq(a->generation, b->generation);
	ck_assert_int_eq(a->duration_ms, b->duration_ms);
	ck_assert_uint_eq(a->id_bytes, b->id_bytes);
	ck_assert_mem_eq(a->id, b->id, a->id_bytes);
	ck_assert_uint_eq(a->category_bytes, b->category_bytes);
	ck_assert_mem_eq(a->category, b->category, a->category_bytes);
	ck_assert_uint_eq(a->line_bytes, b->line_bytes);
	ck_assert_mem_eq(a->line, b->line, a->line_bytes);
	ck_assert_uint_eq(a->run_bytes, b->run_bytes);
	ck_assert_mem_eq(a->run, b->run, a->run_bytes);
	ck_assert_uint_eq(a->of_bytes, b->of_bytes);
	ck_assert_uint_eq(a->external_bytes, b->external_bytes);
	ck_assert_mem_eq(a->external, b->external, a->external_bytes);
	ck_assert_uint_eq(a->operation_bytes, b->operation_bytes);
	ck_assert_uint_eq(a->variant, b->variant);
	ck_assert_int_eq(a->caused_ns, b->caused_ns);
	ck_assert_int_eq(a->expires_ns, b->expires_ns);
	ck_assert_uint_eq(a->n_legs, b->n_legs);
	for (unsigned i = 0; i < a->n_legs; i++) {
		ck_assert_uint_eq(a->legs[i].debit, b->legs[i].debit);
		ck_assert_uint_eq(a->legs[i].credit, b->legs[i].credit);
		ck_assert_int_eq(a->legs[i].nano, b->legs[i].nano);
		ck_assert_uint_eq(a->legs[i].currency, b->legs[i].currency);
		ck_assert_uint_eq(a->legs[i].code, b->legs[i].code);
	}
}

START_TEST(event_round_trip)
{
	struct led_event ev = full_event();
	struct led_event back;
	uint8_t value[LED_EVENT_BYTES_MAX];
	size_t bytes = led_event_encode(&ev, value);

	ck_assert_int_eq(led_event_check(&ev), 0);
	ck_assert_int_eq(led_event_decode(5, value, bytes, &back), 0);
	ck_assert_uint_eq(back.seq, 5);
	check_same_event(&ev, &back);
}
END_TEST

START_TEST(event_extremes)
{
	static char line[LED_LINE_MAX];
	static char id[LED_ID_MAX];
	static uint8_t value[LED_EVENT_BYTES_MAX];
	struct led_event back;
	struct led_event ev = {
		.kind = LED_CORRECTION,
		.flags = UINT32_MAX,
		.worker = UINT32_MAX,
		.said_by = UINT32_MAX,
		.stream = UINT64_MAX,
		.stream_offset = UINT64_MAX,
		.claimed_ns = INT64_MIN,
		.received_ns = INT64_MAX,
		.ref = UINT64_MAX,
		.instance = UINT32_MAX,
		.generation = UINT32_MAX,
		.duration_ms = INT64_MIN,
		.id = id,
		.id_bytes = sizeof(id),
		.category = line,
		.category_bytes = LED_CATEGORY_MAX,
		.line = line,
		.line_bytes = sizeof(line),
		.n_legs = LED_LEGS_MAX,
		.run = line,
		.run_bytes = LED_RUN_MAX,
		.of = id,
		.of_bytes = LED_ID_MAX,
		.external = id,
		.external_bytes = LED_ID_MAX,
		.operation = line,
		.operation_bytes = LED_OPERATION_MAX,
		.variant = UINT32_MAX,
		.caused_ns = INT64_MIN,
		.expires_ns = INT64_MAX,
	};

	memset(line, 'x', sizeof(line));
	memset(id, 'i', sizeof(id));
	for (unsigned i = 0; i < ev.n_legs; i++)
		ev.legs[i] = (struct led_leg){UINT32_MAX, UINT32_MAX - 1, NV_MONEY_MAX,
			UINT32_MAX, LED_CODE_CONVERT | LED_CODE_REVERSAL};
	size_t bytes = led_event_encode(&ev, value);

	ck_assert_uint_le(bytes, sizeof(value));
	ck_assert_int_eq(led_event_decode(1, value, bytes, &back), 0);
	check_same_event(&ev, &back);
}
END_TEST

/* Every prefix and one byte more: refused. Every flipped bit: refused, or an event that
 * encodes to exactly the flipped bytes (so nothing is read loosely). */
START_TEST(event_damage)
{
	struct led_event ev = full_event();
	struct led_event back;
	uint8_t value[LED_EVENT_BYTES_MAX];
	uint8_t again[LED_EVENT_BYTES_MAX];
	size_t bytes = led_event_encode(&ev, value);

	for (size_t n = 0; n < bytes; n++) {
		uint8_t *copy = malloc(n ? n : 1); /* exact, so that a sanitizer sees */

		ck_assert_ptr_nonnull(copy);
		memcpy(copy, value, n);
		ck_assert_int_eq(led_event_decode(1, copy, n, &back), -EBADMSG);
		free(copy);
	}
	value[bytes] = 0;
	ck_assert_int_eq(led_event_decode(1, value, bytes + 1, &back), -EBADMSG);
	for (size_t bit = 0; bit < bytes * 8; bit++) {
		value[bit / 8] ^= (uint8_t)(1u << bit % 8);
		/* Version 1 is read, and never written again. */
		if (led_event_decode(1, value, bytes, &back) == 0 && value[0] == 2) {
			ck_assert_uint_eq(led_event_encode(&back, again), bytes);
			ck_assert_mem_eq(again, value, bytes);
		}
		value[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}
END_TEST

START_TEST(event_refused)
{
	struct led_event good = full_event();
	struct led_event ev;

	ev = good;
	ev.kind = LED_HEARTBEAT;
	ck_assert_int_eq(led_event_check(&ev), -EINVAL);
	ev = good;
	ev.kind = 0;
	ck_assert_int_eq(led_event_check(&ev), -EINVAL);
	ev = good;
	ev.legs[1].nano = 0;
	ck_assert_int_eq(led_event_check(&ev), -EINVAL);
	ev.legs[1].nano = -1;
	ck_assert_int_eq(led_event_check(&ev), -EINVAL);
	ev.legs[1].nano = NV_MONEY_MAX + 1;
	ck_assert_int_eq(led_event_check(&ev), -EINVAL);
	ev = good;
	ev.legs[0].debit = ev.legs[0].credit;
	ck_assert_int_eq(led_event_check(&ev), -EINVAL);
	ev = good;
	ev.legs[0].code = LED_CODE_MAX + 1;
	ck_assert_int_eq(led_event_check(&ev), -EINVAL);
	ev = good;
	ev.legs[0].currency = 0;
	ck_assert_int_eq(led_event_check(&ev), -EINVAL);
	ev = good;
	ev.n_legs = LED_LEGS_MAX + 1;
	ck_assert_int_eq(led_event_check(&ev), -EINVAL);
	ev = good;
	ev.line_bytes = LED_LINE_MAX + 1;
	ck_assert_int_eq(led_event_check(&ev), -EINVAL);
	ev = good;
	ev.id_bytes = LED_ID_MAX + 1;
	ck_assert_int_eq(led_event_check(&ev), -EINVAL);
	ev = good;
	ev.id_bytes = 0;
	ck_assert_int_eq(led_event_check(&ev), -EINVAL);
}
END_TEST

START_TEST(sum_round_trip)
{
	const nv_i128 big = ((nv_i128)1 << 126) - 1;
	struct led_sum sum = {
		.v = {0, -1, big, -big - 1, 1, 127, 128}, .seq_last = UINT64_MAX};
	struct led_sum back;
	uint8_t value[LED_SUM_BYTES_MAX];
	size_t bytes = led_sum_encode(&sum, LED_FIELDS_MAX, value);

	ck_assert_uint_le(bytes, sizeof(value));
	ck_assert_int_eq(led_sum_decode(value, bytes, LED_FIELDS_MAX, &back), 0);
	for (unsigned i = 0; i < LED_FIELDS_MAX; i++)
		ck_assert(back.v[i] == sum.v[i]);
	ck_assert_uint_eq(back.seq_last, sum.seq_last);
	ck_assert_int_eq(led_sum_decode(value, bytes, LED_BAL_FIELDS, &back), -EBADMSG);
	ck_assert_int_eq(
		led_sum_decode(value, bytes - 1, LED_FIELDS_MAX, &back), -EBADMSG);
	/* The smallest and greatest 128-bit numbers. */
	sum.v[0] = (nv_i128)((unsigned __int128)1 << 127);
	sum.v[1] = ~sum.v[0];
	bytes = led_sum_encode(&sum, 2, value);
	ck_assert_int_eq(led_sum_decode(value, bytes, 2, &back), 0);
	ck_assert(back.v[0] == sum.v[0] && back.v[1] == sum.v[1]);
}
END_TEST

START_TEST(varints_have_one_spelling)
{
	static const struct {
		uint8_t bytes[12];
		size_t n;
		bool ok;
		uint64_t v;
	} cases[] = {
		{{0x00}, 1, true, 0},
		{{0x7f}, 1, true, 127},
		{{0x80, 0x01}, 2, true, 128},
		{{0x80, 0x00}, 2, false, 0}, /* a needless zero */
		{{0xff, 0x00}, 2, false, 0},
		{{0x80}, 1, false, 0}, /* cut off */
		{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}, 10, true,
			UINT64_MAX},
		{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02}, 10, false,
			0},
		{{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01}, 11,
			false, 0},
	};

	for (size_t i = 0; i < NV_LEN(cases); i++) {
		struct led_rd r = {
			.at = cases[i].bytes, .end = cases[i].bytes + cases[i].n};
		uint64_t v = led_get_var(&r);

		ck_assert_msg(r.bad != cases[i].ok, "case %zu", i);
		if (cases[i].ok)
			ck_assert_uint_eq(v, cases[i].v);
	}
}
END_TEST

START_TEST(stream_round_trip)
{
	struct led_stream s = {
		.stream_id = UINT64_MAX,
		.worker = 1,
		.instance = 2,
		.generation = 3,
		.state = LED_STREAM_CLOSED,
		.offset = UINT64_MAX,
		.lines = UINT64_MAX,
		.rejected = UINT64_MAX,
		.opened_ns = -1,
		.closed_ns = INT64_MAX,
		.cpu_us_booked = UINT64_MAX,
		.mem_kib_s_booked = UINT64_MAX,
	};
	struct led_stream back;
	uint8_t value[LED_STREAM_BYTES_MAX];
	size_t bytes = led_stream_encode(&s, value);

	ck_assert_int_eq(led_stream_decode(value, bytes, &back), 0);
	ck_assert_mem_eq(&s, &back, sizeof(s));
	for (size_t n = 0; n < bytes; n++)
		ck_assert_int_eq(led_stream_decode(value, n, &back), -EBADMSG);

	/* In the middle of a run: the row goes on where the plain one ends. */
	size_t plain = bytes;

	s.variant = UINT32_MAX;
	s.run_bytes = LED_RUN_MAX;
	memset(s.run, 'r', LED_RUN_MAX);
	bytes = led_stream_encode(&s, value);
	ck_assert_uint_le(bytes, LED_STREAM_BYTES_MAX);
	ck_assert_int_eq(led_stream_decode(value, bytes, &back), 0);
	ck_assert_mem_eq(&s, &back, sizeof(s));
	for (size_t n = 0; n < bytes; n++)
		ck_assert_int_eq(
			led_stream_decode(value, n, &back), n == plain ? 0 : -EBADMSG);
	/* Nothing going on is not written down, in one way only. */
	value[plain] = 0;
	value[plain + 1] = 0;
	ck_assert_int_eq(led_stream_decode(value, plain + 2, &back), -EBADMSG);
	value[plain] = 1;
	value[plain + 1] = 129;
	ck_assert_int_eq(led_stream_decode(value, bytes, &back), -EBADMSG);
}
END_TEST

START_TEST(bad_round_trip)
{
	struct led_bad bad = {
		.stream = 5,
		.stream_offset = 6,
		.worker = 7,
		.received_ns = T0,
		.reason = "not JSON",
		.bytes = "\0\xff garbage",
		.n_bytes = 10,
		.n_bytes_whole = 1000000,
	};
	struct led_bad back;
	char reason[LED_REASON_MAX + 1];
	uint8_t value[LED_BAD_BYTES_MAX];
	size_t bytes = led_bad_encode(&bad, strlen(bad.reason), value);

	ck_assert_int_eq(led_bad_decode(9, value, bytes, &back, reason), 0);
	ck_assert_uint_eq(back.seq, 9);
	ck_assert_str_eq(back.reason, "not JSON");
	ck_assert_mem_eq(back.bytes, bad.bytes, 10);
	ck_assert_uint_eq(back.n_bytes_whole, 1000000);
	for (size_t n = 0; n < bytes; n++)
		ck_assert_int_eq(led_bad_decode(9, value, n, &back, reason), -EBADMSG);
}
END_TEST

START_TEST(meta_newer_is_told)
{
	struct led_meta meta = {.schema = LED_SCHEMA + 1, .scale = 9};
	struct led_meta back = {0};
	uint8_t value[LED_META_BYTES];

	led_genesis(&meta, meta.genesis);
	size_t bytes = led_meta_encode(&meta, value);

	ck_assert_int_eq(led_meta_decode(value, bytes, &back), -EPROTONOSUPPORT);
	ck_assert_uint_eq(back.schema, LED_SCHEMA + 1);
	meta.schema = LED_SCHEMA;
	bytes = led_meta_encode(&meta, value);
	ck_assert_int_eq(led_meta_decode(value, bytes, &back), 0);
	ck_assert_int_eq(led_meta_decode(value, bytes - 1, &back), -EBADMSG);
	meta.scale = 8;
	bytes = led_meta_encode(&meta, value);
	ck_assert_int_eq(led_meta_decode(value, bytes, &back), -EBADMSG);
}
END_TEST

/* Byte order of keys is number order. */
START_TEST(keys_sort)
{
	static const uint32_t numbers[] = {0, 1, 255, 256, 65535, 65536, UINT32_MAX};
	uint8_t a[LED_KEY_BYTES_MAX];
	uint8_t b[LED_KEY_BYTES_MAX];

	for (size_t i = 0; i + 1 < NV_LEN(numbers); i++) {
		size_t n = led_key_roll(numbers[i], numbers[i + 1], 5, a);

		ck_assert_uint_eq(led_key_roll(numbers[i + 1], 0, 0, b), n);
		ck_assert_int_lt(memcmp(a, b, n), 0);
		ck_assert_uint_eq(led_key_u64(numbers[i], a), 8);
		ck_assert_uint_eq(led_key_u64(numbers[i + 1], b), 8);
		ck_assert_int_lt(memcmp(a, b, 8), 0);
		ck_assert_uint_eq(led_key_get_u64(b), numbers[i + 1]);
	}
	ck_assert_uint_eq(led_key_rollc(1, 2, 3, 4, 5, a), LED_KEY_ROLLC_BYTES);
	ck_assert_uint_eq(led_key_roll(1, 2, 3, a), LED_KEY_ROLL_BYTES);
}
END_TEST

START_TEST(cut_keeps_utf8)
{
	ck_assert_uint_eq(led_cut("abc", 3, 64), 3);
	ck_assert_uint_eq(led_cut("abcdef", 6, 4), 4);
	ck_assert_uint_eq(led_cut("ab\xc3\xa9", 4, 3), 2); /* not half an e acute */
	ck_assert_uint_eq(
		led_cut("a\xe2\x82\xac", 4, 3), 1); /* nor two thirds of a euro */
	ck_assert_uint_eq(
		led_cut("\x80\x80\x80\x80\x80\x80", 6, 5), 1); /* not UTF-8 anyway */
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("led_schema");
	TCase *tc = tcase_create("schema");

	tcase_add_test(tc, event_round_trip);
	tcase_add_test(tc, event_extremes);
	tcase_add_test(tc, event_damage);
	tcase_add_test(tc, event_refused);
	tcase_add_test(tc, sum_round_trip);
	tcase_add_test(tc, varints_have_one_spelling);
	tcase_add_test(tc, stream_round_trip);
	tcase_add_test(tc, bad_round_trip);
	tcase_add_test(tc, meta_newer_is_told);
	tcase_add_test(tc, keys_sort);
	tcase_add_test(tc, cut_keeps_utf8);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
