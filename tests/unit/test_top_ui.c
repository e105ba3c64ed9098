/* `novactl top` without a terminal: figures in few columns, screens of every size, and
 * what keys order. */
#include "run_suite.h"
#include "top_fill.h"
#include "top_ui.h"
#include "value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- figures ---- */

START_TEST(amounts_lose_digits_never_meaning)
{
	static const struct {
		const char *nano;
		const char *currency;
		unsigned width;
		const char *expected;
	} cases[] = {
		{"0", "USD", 7, "$0.00"},
		{"12.5", "USD", 7, "$12.50"},
		{"1234.56", "USD", 11, "$1,234.56"},
		{"1234.56", "USD", 8, "$1,235"},
		{"-1234.56", "USD", 7, "-$1,235"},
		{"-1234.56", "USD", 6, "-$1.2k"},
		{"999999.99", "USD", 7, "$1.0M"},
		{"-12345678", "USD", 8, "-$12.3M"},
		{"8999999999", "USD", 6, "$9.0G"},
		{"0.000000067", "USD", 7, "<$0.01"},
		{"-0.000000067", "USD", 8, ">-$0.01"},
		{"-0.000000067", "USD", 13, "-$0.000000067"},
		{"1234.56", "EUR", 11, "1,234.56"},
		{"1234.56", "EUR", 6, "1,235"},
		{"-0.001", "EUR", 6, "-0.001"},
		{"1234.56", "USD", 2, "..."},
	};

	for (size_t i = 0; i < NV_LEN(cases); i++) {
		char buf[96];
		nv_i128 nano = 0;

		ck_assert(nv_sum_parse(cases[i].nano, &nano));
		ck_assert_str_eq(top_amount(nano, cases[i].currency, cases[i].width, buf),
			cases[i].expected);
	}
}
END_TEST

START_TEST(bytes_take_five_columns)
{
	static const struct {
		int64_t bytes;
		const char *expected;
	} cases[] = {{-1, "-"}, {0, "0B"}, {999, "999B"}, {1000, "1.0K"}, {1024, "1.0K"},
		{102400, "100K"}, {1048576, "1.0M"}, {6361088, "6.1M"},
		{INT64_C(1) << 40, "1.0T"}, {INT64_C(1) << 50, "1.0P"}};

	for (size_t i = 0; i < NV_LEN(cases); i++) {
		char buf[32];

		ck_assert_str_eq(top_bytes(cases[i].bytes, buf), cases[i].expected);
	}
	for (int64_t b = 1; b > 0 && b < INT64_MAX / 3; b = b * 3 + 1) {
		char buf[32];

		ck_assert_uint_le(strlen(top_bytes(b, buf)), 5);
	}
}
END_TEST

START_TEST(blocks_go_from_lowest_to_highest)
{
	nv_i128 hours[TOP_HOURS] = {0};
	char buf[96];

	ck_assert_str_eq(top_blocks(hours, 4, false, buf), "____");
	hours[TOP_HOURS - 1] = 7;
	hours[TOP_HOURS - 2] = -7;
	ck_assert_str_eq(top_blocks(hours, 4, false, buf), "==_#");
	ck_assert_str_eq(top_blocks(hours, 2, true, buf), "▁█");
	hours[0] = (nv_i128)NV_MONEY_MAX * 100000;
	ck_assert_uint_eq(strlen(top_blocks(hours, 100, false, buf)), TOP_HOURS);
}
END_TEST

/* ---- what the daemons said ---- */

struct world {
	struct top_data data;
	struct top_ui ui;
	struct top_frame frame;
};

static json_t *
parse(const char *text)
{
	json_t *value = json_loads(text, 0, NULL);

	ck_assert_ptr_nonnull(value);
	return value;
}

static void
add_worker(struct nv_fleet *f, const char *name, const char *group, const char *state,
	uint32_t desired, uint32_t up)
{
	struct nv_ctl_worker *w = &f->workers[f->n_workers++];

	(void)snprintf(w->worker, sizeof(w->worker), "%s", name);
	(void)snprintf(w->group, sizeof(w->group), "%s", group);
	(void)snprintf(w->state, sizeof(w->state), "%s", state);
	w->paused = strcmp(state, "paused") == 0;
	w->desired = desired;
	w->up = up;
	w->retry_in_ms = -1;
	for (uint32_t i = 1; i <= desired; i++) {
		struct nv_ctl_instance *in = &f->instances[f->n_instances++];

		(void)snprintf(in->worker, sizeof(in->worker), "%s", name);
		in->instance = i;
		in->pid = i <= up ? (int32_t)(1000 + i) : 0;
		in->uptime_ms = 3723000;
		(void)snprintf(
			in->state, sizeof(in->state), "%s", i <= up ? "up" : "halted");
	}
}

static void
world_init(struct world *w)
{
	struct nv_fleet *f;

	memset(w, 0, sizeof(*w));
	top_data_init(&w->data, NULL, "/nowhere", NULL, NULL);
	f = &w->data.fleet;
	f->workers = calloc(10, sizeof(*f->workers));
	f->instances = calloc(50, sizeof(*f->instances));
	(void)snprintf(f->nova.version, sizeof(f->nova.version), "1.2.3");
	f->nova.ready = true;
	add_worker(f, "email", "sales", "running", 2, 2);
	add_worker(f, "nova.stripe", "nova", "running", 1, 1);
	add_worker(f, "phone", "sales", "halted", 1, 0);
	add_worker(f, "quiet", "default", "paused", 1, 1);
	w->data.sup.answered_ms = 1000;
	w->data.engine.answered_ms = 1000;
	w->data.said[TOP_SLOT_METRICS] = parse(
		"{\"currency\":\"USD\",\"workers\":["
		"{\"worker\":\"email\",\"last_status\":\"\\u001b[2J\\u202eevil 日本\","
		"\"resources\":{\"cpu_percent\":12.34,\"rss_bytes\":1048576},"
		"\"metrics\":{\"cost\":\"1.00\",\"profit\":\"2.00\"},"
		"\"instances\":[{\"instance\":2,\"resources\":{\"cpu_percent\":9}},"
		"{\"instance\":1,\"resources\":{\"cpu_percent\":3.3}}]},"
		"{\"worker\":\"gone\",\"group\":\"old\",\"desired\":{\"state\":"
		"\"killed\","
		"\"reason\":\"loses money\"}}]}");
	w->data.said[TOP_SLOT_TODAY] = parse(
		"{\"rows\":[{\"key\":\"email\",\"cost\":\"3.90\",\"revenue\":\"16.00\","
		"\"net_revenue\":\"15.60\",\"profit\":\"11.70\"}]}");
	w->data.said[TOP_SLOT_HOURS] =
		parse("{\"workers\":{\"email\":[\"0.00\",\"1.00\",\"-1.00\"]}}");
	w->data.said[TOP_SLOT_OVERVIEW] = parse(
		"{\"currency\":\"USD\",\"money\":{\"today\":{\"profit\":\"11.70\"},"
		"\"week\":{\"profit\":\"-20.00\"},\"month\":{\"profit\":\"1234.56\"}},"
		"\"budget\":{\"daily\":\"100.00\",\"spent\":\"50.00\",\"reserved\":\"25."
		"00\","
		"\"forecast\":{\"exhausted_at\":\"1970-01-01T01:00:00Z\"}},"
		"\"autonomy\":{\"enabled\":true,\"policy\":\"strict\"},"
		"\"approvals\":[{\"id\":7,\"type\":\"scale_up\",\"target\":\"email\","
		"\"cost_impact\":\"12.00\",\"reason\":\"sells\\u001b[31m well\"},"
		"{\"id\":9,\"type\":\"deploy\",\"target\":\"trial\",\"cost_impact\":\"1."
		"00\"}],"
		"\"decisions\":[{\"id\":5,\"type\":\"kill\",\"target\":\"phone\","
		"\"state\":\"executed\",\"reason\":\"older\"},{\"id\":6,\"type\":"
		"\"pause\","
		"\"target\":\"quiet\",\"state\":\"executed\",\"reason\":\"newer\"}]}");
	top_ui_init(&w->ui, &w->data);
	top_frame_init(&w->frame, true);
	w->ui.now_ms = 2000;
	w->ui.wall_ns = 1;
	top_ui_refresh(&w->ui);
}

static void
world_fini(struct world *w)
{
	top_frame_fini(&w->frame);
	top_ui_fini(&w->ui);
	top_data_fini(&w->data);
}

static const char *
screen(struct world *w, unsigned rows, unsigned cols)
{
	static struct nv_buf text;

	nv_buf_fini(&text);
	nv_buf_init(&text, (size_t)4 << 20);
	top_draw(&w->ui, &w->frame, rows, cols);
	top_frame_text(&w->frame, &text);
	return text.data ? text.data : "";
}

static void
expect(const char *text, const char *part)
{
	ck_assert_msg(strstr(text, part) != NULL, "expected \"%s\" in:\n%s", part, text);
}

static void
expect_none(const char *text, const char *part)
{
	ck_assert_msg(
		strstr(text, part) == NULL, "expected no \"%s\" in:\n%s", part, text);
}

static const struct top_worker *
worker(const struct world *w, const char *name)
{
	const struct top_worker *found = top_model_find(&w->ui.model, name);

	ck_assert_ptr_nonnull(found);
	return found;
}

START_TEST(fills_the_tree)
{
	struct world w;

	world_init(&w);
	const struct top_worker *email = worker(&w, "email");

	ck_assert_int_eq(email->own.cpu_tenths, 123);
	ck_assert_int_eq(email->own.rss_bytes, 1048576);
	ck_assert_int_eq(email->own.uptime_ms, 3723000);
	ck_assert(email->own.today.known);
	ck_assert(email->own.today.revenue == (nv_i128)15600 * 1000000);
	ck_assert(email->own.has_hours);
	ck_assert(email->own.hours[TOP_HOURS - 1] == -NV_MONEY_SCALE);
	ck_assert(email->own.hours[TOP_HOURS - 3] == 0);
	ck_assert_uint_eq(email->n_instances, 2);
	/* In whatever order the engine lists them. */
	ck_assert_int_eq(w.ui.model.fleet.instances[email->instances].own.cpu_tenths, 33);
	ck_assert_int_eq(
		w.ui.model.fleet.instances[email->instances + 1].own.cpu_tenths, 90);
	/* No row today is no money; no figures are no zeros. */
	ck_assert(worker(&w, "quiet")->own.today.known);
	ck_assert_int_eq(worker(&w, "quiet")->own.cpu_tenths, TOP_UNKNOWN);
	ck_assert_str_eq(worker(&w, "gone")->state, "unconfigured");
	ck_assert_str_eq(worker(&w, "gone")->note, "loses money");
	ck_assert_ptr_null(top_model_find(&w.ui.model, "nova.stripe"));
	world_fini(&w);
}
END_TEST

START_TEST(unknown_is_never_zero)
{
	struct world w;

	world_init(&w);
	for (size_t i = 0; i < TOP_SLOT_COUNT; i++) {
		json_decref(w.data.said[i]);
		w.data.said[i] = NULL;
	}
	w.data.engine = (struct top_half){.away = true, .why = "nobody listens"};
	top_ui_refresh(&w.ui);
	ck_assert(!worker(&w, "email")->own.today.known);
	const char *text = screen(&w, 30, 120);

	expect(text, "engine is away: nobody listens");
	expect_none(text, "$0.00");
	expect_none(text, "0.0%");
	expect(text, "Profit  today -");
	/* Rows that stand for many: who is not among them is not known. */
	w.data.said[TOP_SLOT_TODAY] = parse("{\"rows\":[],\"omitted\":{\"rows\":3}}");
	top_ui_refresh(&w.ui);
	ck_assert(!worker(&w, "email")->own.today.known);
	world_fini(&w);
}
END_TEST

START_TEST(without_novasupd_states_are_unknown)
{
	struct world w;

	world_init(&w);
	w.data.sup = (struct top_half){.away = true, .why = "nobody listens"};
	top_ui_refresh(&w.ui);
	ck_assert_str_eq(worker(&w, "email")->state, "unknown");
	expect(screen(&w, 30, 120), "novasupd is away: nobody listens");
	w.data.sup = (struct top_half){.asking = true, .asked_ms = 2000};
	w.ui.now_ms = 2000 + TOP_PATIENCE_MS - 1;
	expect_none(screen(&w, 30, 120), "does not answer");
	w.ui.now_ms = 9500;
	expect(screen(&w, 30, 120), "novasupd does not answer for 7 s");
	world_fini(&w);
}
END_TEST

START_TEST(the_screen_has_what_matters)
{
	struct world w;

	world_init(&w);
	const char *text = screen(&w, 24, 80);

	expect(text,
		"Nova 1.2.3  ready  4 workers: 1 halted, 1 running, 1 paused, 1 stopped");
	expect(text, "Profit  today $11.70  7d -$20.00  30d $1,234.56  Autonomy on  2 to "
		     "approve");
	expect(text, "2 to approve (a)");
	expect(text,
		"[████████▒▒▒▒░░░░] $50.00 of $100.00, $25.00 reserved, runs out in 1h");
	expect(text, "▾ sales");
	expect(text, "  ▸ email");
	expect(text, "$3.90  $15.60  300.0%");
	/* Newest first. */
	ck_assert(strstr(text, "newer") < strstr(text, "older"));
	text = screen(&w, 24, 200);
	expect(text, "\\x1b[2J\\u{202e}evil 日本");
	expect(text, "$11.70");
	expect(text, "1h2m");
	world_fini(&w);
}
END_TEST

START_TEST(every_size_can_be_drawn)
{
	struct world w;

	world_init(&w);
	w.data.fleet.nova.brake[0] = 'S';
	(void)snprintf(w.data.fleet.incident.state, 5, "open");
	for (unsigned mode = TOP_NORMAL; mode <= TOP_HELPING; mode++) {
		for (unsigned pane = 0; pane < TOP_PANE_COUNT; pane++) {
			for (unsigned rows = 0; rows < 40; rows += 5) {
				for (unsigned cols = 0; cols < 260; cols += 29) {
					w.ui.mode = (enum top_mode)mode;
					w.ui.pane = (enum top_pane)pane;
					w.ui.in_pane = rows % 2 == 0;
					(void)screen(&w, rows, cols);
					for (unsigned r = 0; r < w.frame.rows; r++)
						ck_assert_uint_le(
							w.frame.lines[r].width, cols);
				}
			}
		}
	}
	world_fini(&w);
}
END_TEST

START_TEST(ascii_terminals_get_ascii)
{
	struct world w;

	world_init(&w);
	top_frame_fini(&w.frame);
	top_frame_init(&w.frame, false);
	const char *text = screen(&w, 24, 200);

	for (const char *c = text; *c; c++)
		ck_assert_msg((unsigned char)*c < 0x80, "%s", c);
	expect(text, "evil ????");
	expect(text, "- sales");
	expect(text, "[###############:::::::........]");
	world_fini(&w);
}
END_TEST

/* ---- keys ---- */

static void
press(struct world *w, const char *keys)
{
	for (; *keys; keys++)
		ck_assert(top_ui_key(&w->ui, (unsigned char)*keys));
}

static const char *
ordered(struct world *w)
{
	static char text[1000];
	size_t at = 0;
	size_t i;
	json_t *word;

	text[0] = '\0';
	json_array_foreach(w->ui.order.argv, i, word)
	{
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s", i ? " " : "",
			json_string_value(word));
	}
	top_order_clear(&w->ui.order);
	return text;
}

static void
choose(struct world *w, const char *name)
{
	top_model_move(&w->ui.model, -1000);
	while (strcmp(top_ui_subject(&w->ui), name) != 0) {
		size_t before = w->ui.model.selected;

		ck_assert(top_ui_key(&w->ui, TOP_KEY_DOWN));
		ck_assert_uint_ne(before, w->ui.model.selected);
	}
}

START_TEST(keys_order_and_ask_before)
{
	static const struct {
		const char *worker;
		const char *keys;
		const char *question; /* after them; NULL: none */
		const char *expected; /* after y */
	} cases[] = {
		{"email", "p", NULL, "workers pause email"},
		{"quiet", "p", NULL, "workers resume quiet"},
		{"email", "+",
			"scale email from 2 to 3 instances; today it cost $3.90, "
			"profit $11.70? y/n",
			"workers scale email --instances 3"},
		{"email", "-", "scale email from 2 to 1",
			"workers scale email --instances 1"},
		{"email", "k", "stop email with its 2 instances", "workers stop email"},
		{"email", "K", "KILL email for good",
			"kill email --reason killed in novactl top"},
	};
	struct world w;

	world_init(&w);
	for (size_t i = 0; i < NV_LEN(cases); i++) {
		choose(&w, cases[i].worker);
		if (cases[i].question) {
			/* Anything but y is a no. */
			press(&w, cases[i].keys);
			expect(screen(&w, 24, 120), cases[i].question);
			ck_assert_str_eq(ordered(&w), "");
			ck_assert(top_ui_key(&w.ui, TOP_KEY_ENTER));
			ck_assert_str_eq(ordered(&w), "");
			expect(screen(&w, 24, 120), "nothing was done");
		}
		press(&w, cases[i].keys);
		if (cases[i].question)
			press(&w, "y");
		ck_assert_str_eq(ordered(&w), cases[i].expected);
	}
	/* Nothing to do it to. */
	choose(&w, "gone");
	press(&w, "+");
	ck_assert_int_eq(w.ui.mode, TOP_NORMAL);
	world_fini(&w);
}
END_TEST

START_TEST(a_group_is_paused_when_asked_once_more)
{
	struct world w;

	world_init(&w);
	top_model_move(&w.ui.model, 1000); /* sales is the last group */
	while (top_model_worker(&w.ui.model))
		top_model_move(&w.ui.model, -1);
	press(&w, "p");
	expect(screen(&w, 24, 120), "pause all 2 workers of sales");
	press(&w, "y");
	ck_assert_str_eq(ordered(&w), "workers pause email phone");
	press(&w, "k+K");
	ck_assert_str_eq(ordered(&w), "");
	world_fini(&w);
}
END_TEST

START_TEST(approvals_are_answered)
{
	struct world w;

	world_init(&w);
	press(&w, "y");
	expect(screen(&w, 24, 120), "press a to choose one");
	press(&w, "a");
	expect(screen(&w, 24, 120), "sells\\x1b[31m well");
	press(&w, "y");
	expect(screen(&w, 24, 120),
		"approve 7: scale_up email, cost impact $12.00 a day, because ");
	/* On however few columns: to the yes or no. */
	expect(screen(&w, 12, 40), "approve 7: scale_up email, cost impact");
	expect(screen(&w, 12, 40), "? y/n");
	press(&w, "y");
	ck_assert_str_eq(ordered(&w), "approve 7");
	ck_assert(top_ui_key(&w.ui, TOP_KEY_DOWN));
	press(&w, "ntoo dearx");
	ck_assert(top_ui_key(&w.ui, TOP_KEY_ERASE));
	expect(screen(&w, 24, 120), "Why deny 9: too dear_");
	ck_assert(top_ui_key(&w.ui, TOP_KEY_ENTER));
	expect(screen(&w, 24, 120),
		"deny 9: deploy trial, cost impact $1.00 a day, because ");
	press(&w, "y");
	ck_assert_str_eq(ordered(&w), "deny 9 --reason too dear");
	/* Answered by somebody else while the reason was typed. */
	press(&w, "nbecause");
	(void)json_object_set_new(
		w.data.said[TOP_SLOT_OVERVIEW], "approvals", json_array());
	ck_assert(top_ui_key(&w.ui, TOP_KEY_ENTER));
	expect(screen(&w, 24, 120), "9 does not wait for an answer any more");
	press(&w, "y");
	ck_assert_str_eq(ordered(&w), "");
	expect(screen(&w, 24, 120), "nothing waits for an answer");
	world_fini(&w);
}
END_TEST

START_TEST(typing_takes_whole_characters)
{
	struct world w;

	world_init(&w);
	press(&w, "/em");
	ck_assert_str_eq(w.ui.model.filter, "em");
	ck_assert_uint_eq(w.ui.model.n_items, 2);
	ck_assert(top_ui_key(&w.ui, 0x65e5));
	ck_assert_str_eq(w.ui.model.filter, "em日");
	ck_assert(top_ui_key(&w.ui, TOP_KEY_ERASE));
	ck_assert_str_eq(w.ui.model.filter, "em");
	ck_assert(top_ui_key(&w.ui, TOP_KEY_ENTER));
	expect(screen(&w, 24, 80), "email");
	press(&w, "/zzz");
	expect(screen(&w, 24, 80), "no worker matches the filter");
	ck_assert(top_ui_key(&w.ui, TOP_KEY_ESCAPE));
	ck_assert_str_eq(w.ui.model.filter, "em");
	press(&w, "/");
	for (int i = 0; i < 1000; i++)
		press(&w, "x");
	ck_assert_uint_eq(strlen(w.ui.model.filter), TOP_FILTER_BYTES - 1);
	for (int i = 0; i < 1000; i++)
		ck_assert(top_ui_key(&w.ui, TOP_KEY_ERASE));
	ck_assert_str_eq(w.ui.model.filter, "");
	world_fini(&w);
}
END_TEST

START_TEST(sorting_and_leaving)
{
	struct world w;

	world_init(&w);
	press(&w, ">");
	ck_assert_int_eq(w.ui.model.sort, TOP_BY_STATE);
	press(&w, "<<");
	ck_assert_int_eq(w.ui.model.sort, TOP_BY_ROI);
	press(&w, "s");
	expect(screen(&w, 24, 80), "Sort by roi");
	ck_assert(top_ui_key(&w.ui, TOP_KEY_LEFT));
	ck_assert_int_eq(w.ui.model.sort, TOP_BY_PROFIT);
	ck_assert(top_ui_key(&w.ui, TOP_KEY_ENTER));
	press(&w, "r");
	ck_assert(w.ui.model.reverse);
	press(&w, "t");
	expect_none(screen(&w, 24, 80), "▾ sales");
	press(&w, "?");
	expect(screen(&w, 24, 80), "novactl top: keys");
	press(&w, "qZ");
	expect(screen(&w, 24, 80), "Z does nothing");
	ck_assert(!top_ui_key(&w.ui, 'q'));
	world_fini(&w);
}
END_TEST

START_TEST(the_log_scrolls_and_stays)
{
	struct world w;
	char line[64];

	world_init(&w);
	choose(&w, "email");
	press(&w, "l");
	(void)screen(&w, 24, 80);
	top_ui_log_clear(&w.ui, "email");
	for (int i = 0; i < 3000; i++) {
		int n = snprintf(line, sizeof(line), "line %d.", i);

		top_ui_log_add(&w.ui, line, (size_t)n);
	}
	expect(screen(&w, 24, 80), "line 2999.");
	ck_assert(top_ui_key(&w.ui, TOP_KEY_TAB));
	ck_assert(top_ui_key(&w.ui, TOP_KEY_PAGE_UP));
	expect_none(screen(&w, 24, 80), "line 2999.");
	top_ui_log_add(&w.ui, "new", 3);
	expect_none(screen(&w, 24, 80), "line 2999.");
	ck_assert(top_ui_key(&w.ui, TOP_KEY_HOME));
	expect(screen(&w, 24, 80), "line 2001.");
	ck_assert(top_ui_key(&w.ui, TOP_KEY_END));
	expect(screen(&w, 24, 80), "new");
	world_fini(&w);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("top_ui");
	TCase *tc = tcase_create("ui");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, amounts_lose_digits_never_meaning);
	tcase_add_test(tc, bytes_take_five_columns);
	tcase_add_test(tc, blocks_go_from_lowest_to_highest);
	tcase_add_test(tc, fills_the_tree);
	tcase_add_test(tc, unknown_is_never_zero);
	tcase_add_test(tc, without_novasupd_states_are_unknown);
	tcase_add_test(tc, the_screen_has_what_matters);
	tcase_add_test(tc, every_size_can_be_drawn);
	tcase_add_test(tc, ascii_terminals_get_ascii);
	tcase_add_test(tc, keys_order_and_ask_before);
	tcase_add_test(tc, a_group_is_paused_when_asked_once_more);
	tcase_add_test(tc, approvals_are_answered);
	tcase_add_test(tc, typing_takes_whole_characters);
	tcase_add_test(tc, sorting_and_leaving);
	tcase_add_test(tc, the_log_scrolls_and_stays);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
