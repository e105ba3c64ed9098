/* novactl top: the fleet on the whole screen, live. One libev loop for the terminal, the
 * daemons' sockets, the log of the selected worker and the novactl that does what a key
 * has asked for; nothing waits for anything else. */
#include "ctl.h"
#include "logread.h"
#include "top_term.h"
#include "top_ui.h"
#include "verbs.h"

#include "nv_clock.h"
#include "nv_program.h"
#include "nv_units.h"

#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SELF            "/proc/self/exe"
#define ORDER_BYTES_MAX ((size_t)1 << 20)
#define ORDER_MS        120000 /* a stop may take as long as the worker's grace */
#define WHY_MS          30000
#define VIA_BYTES       48
#define WORDS_MAX       1100
#define INTERVAL_MS     1000
#define INTERVAL_MS_MIN 100
#define INTERVAL_MS_MAX 3600000
#define ONCE_MS         10000
#define ONCE_COLS       100
#define LOG_TAIL        500

enum { SIG_END, SIG_HUP, SIG_QUIT, SIG_INT, SIG_WINCH, SIG_TSTP, SIG_CONT, SIG_COUNT };

struct top {
	struct ctl *ctl;
	struct ev_loop *loop;
	struct top_data data;
	struct top_ui ui;
	struct top_frame frame;
	int64_t interval_ms;
	bool once;
	bool dirty;       /* the screen is not what it should be */
	uint64_t version; /* of the data that is in ui */
	bool leaving;     /* asked to, while an order was under way */
	ev_timer tick;
	ev_io keys;
	ev_prepare draw;
	ev_signal signals[SIG_COUNT];
	struct nv_program *order; /* owned, as the next; NULL: none under way */
	struct nv_program *why;
	char what[120]; /* the order under way */
	struct ctl_log log;
	bool log_open;
};

/* ---- novactl as a child ---- */

/* The words of a command of this fleet. Borrowed strings, NULL at the end. */
static size_t
command(const struct top *t, const json_t *words, const char **argv)
{
	const struct ctl_args *args = &t->ctl->args;
	const struct {
		const char *name;
		const char *value;
	} places[] = {{"--run-dir", t->ctl->paths.run_dir}, {"--config", args->config},
		{"--state-dir", args->state_dir}, {"--log-dir", args->log_dir}};
	size_t n = 0;
	size_t i;
	json_t *word;

	argv[n++] = "novactl";
	for (i = 0; i < NV_LEN(places); i++) {
		if (!places[i].value)
			continue;
		argv[n++] = places[i].name;
		argv[n++] = places[i].value;
	}
	json_array_foreach(words, i, word)
	{
		if (n < WORDS_MAX)
			argv[n++] = json_string_value(word);
	}
	argv[n] = NULL;
	return n;
}

/* The last line that says something, without the name of the program. */
static void
last_line(const char *text, char *ret, size_t ret_bytes)
{
	const char *end = text + strlen(text);

	while (end > text && end[-1] == '\n')
		end--;
	const char *begin = end;

	while (begin > text && begin[-1] != '\n')
		begin--;
	if (end - begin > 9 && strncmp(begin, "novactl: ", 9) == 0)
		begin += 9;
	(void)snprintf(
		ret, ret_bytes, "%.*s", (int)NV_MIN(end - begin, (ptrdiff_t)300), begin);
}

static void
on_ordered(void *arg, const struct nv_program_end *end)
{
	struct top *t = arg;
	char text[TOP_ANSWER_BYTES];

	t->order = NULL;
	last_line(end->errors[0] ? end->errors : end->out, text, sizeof(text));
	if (end->code == NV_EXIT_OK)
		top_ui_say(&t->ui, false, "%s: done", t->what);
	else
		top_ui_say(&t->ui, true, "%s: %s", t->what,
			end->why[0] ? end->why
			: text[0]   ? text
				    : "it failed");
	t->dirty = true;
	top_data_hurry(&t->data);
	top_data_ask(&t->data, top_model_wants_instances(&t->ui.model));
	if (t->leaving)
		ev_break(t->loop, EVBREAK_ALL);
}

/* Who presses the keys: kept with what they change. Behind sudo that is not root. */
static const char *
whoever(char via[VIA_BYTES])
{
	const char *name = geteuid() == 0 ? getenv("SUDO_USER") : NULL;
	const struct passwd *self = name && name[0] ? NULL : getpwuid(getuid());

	(void)snprintf(via, VIA_BYTES, "top:%s",
		self              ? self->pw_name
		: name && name[0] ? name
				  : "somebody");
	return via;
}

static void
start_order(struct top *t)
{
	const char *argv[WORDS_MAX + 1];
	struct top_order order = t->ui.order;
	char via[VIA_BYTES];

	t->ui.order = (struct top_order){0};
	if (t->order) {
		top_ui_say(&t->ui, true, "%s is still under way", t->what);
		top_order_clear(&order);
		return;
	}
	(void)snprintf(t->what, sizeof(t->what), "%s", order.what);
	(void)json_array_append_new(order.argv, ctl_json_str("--via"));
	(void)json_array_append_new(order.argv, ctl_json_str(whoever(via)));
	command(t, order.argv, argv);
	int rc = nv_program_start(t->loop,
		&(struct nv_program_spec){.path = SELF,
			.argv = argv,
			.bytes_max = ORDER_BYTES_MAX,
			.deadline_ms = ORDER_MS,
			.done = on_ordered,
			.arg = t},
		&t->order);

	if (rc < 0)
		top_ui_say(&t->ui, true, "%s: novactl cannot be started: %s", t->what,
			strerror(-rc));
	else
		top_ui_say(&t->ui, false, "%s ...", t->what);
	top_order_clear(&order);
}

static void
on_why(void *arg, const struct nv_program_end *end)
{
	struct top *t = arg;

	t->why = NULL;
	t->dirty = true;
	json_decref(t->ui.why);
	t->ui.why = end->code == NV_EXIT_OK
			    ? json_loadb(end->out, end->out_bytes, 0, NULL)
			    : NULL;
	last_line(end->errors, t->ui.why_note, sizeof(t->ui.why_note));
	if (end->why[0])
		(void)snprintf(t->ui.why_note, sizeof(t->ui.why_note), "%s", end->why);
}

/* ---- what the pane needs ---- */

static void
ask_why(struct top *t)
{
	const char *subject = top_ui_subject(&t->ui);
	const char *argv[WORDS_MAX + 1];

	if (!subject[0] || t->why)
		return;
	json_t *words = ctl_need(json_pack("[s, s, s]", "why", subject, "--json"));

	(void)snprintf(t->ui.why_of, sizeof(t->ui.why_of), "%s", subject);
	json_decref(t->ui.why);
	t->ui.why = NULL;
	(void)snprintf(t->ui.why_note, sizeof(t->ui.why_note), "asking the engine ...");
	command(t, words, argv);
	int rc = nv_program_start(t->loop,
		&(struct nv_program_spec){.path = SELF,
			.argv = argv,
			.bytes_max = ORDER_BYTES_MAX * 4,
			.deadline_ms = WHY_MS,
			.done = on_why,
			.arg = t},
		&t->why);

	if (rc < 0)
		(void)snprintf(t->ui.why_note, sizeof(t->ui.why_note),
			"novactl cannot be started: %s", strerror(-rc));
	json_decref(words);
}

static int
take_line(void *arg, const char *line, size_t bytes)
{
	struct top *t = arg;

	top_ui_log_add(&t->ui, line, bytes);
	return 0;
}

static void
close_log(struct top *t)
{
	if (t->log_open)
		ctl_log_fini(&t->log);
	t->log_open = false;
}

static const char *
log_dir(const struct top *t)
{
	const char *theirs = t->data.fleet.nova.log_dir;

	return t->ctl->log_dir_given || !theirs[0] ? t->ctl->paths.log_dir : theirs;
}

static void
open_log(struct top *t, const char *subject)
{
	static const struct ctl_log_filter all = {0};

	close_log(t);
	top_ui_log_clear(&t->ui, subject);
	if (!subject[0])
		return;
	int rc = ctl_log_open(&t->log, log_dir(t), subject);

	t->log_open = rc == 0;
	if (rc == 0)
		rc = ctl_log_tail(&t->log, LOG_TAIL, &all, false, take_line, t);
	if (rc == -ENOENT)
		(void)snprintf(t->ui.log_note, sizeof(t->ui.log_note),
			"it has not printed anything yet");
	else if (rc < 0)
		(void)snprintf(t->ui.log_note, sizeof(t->ui.log_note), "%s: %s",
			log_dir(t), strerror(-rc));
	t->ui.log_back = 0;
}

/* Once a tick, and after each key. */
static void
feed_pane(struct top *t, bool tick)
{
	const char *subject = top_ui_subject(&t->ui);

	if (t->ui.pane == TOP_PANE_LOG) {
		if (strcmp(t->ui.log_of, subject) != 0 || (tick && !t->log_open))
			open_log(t, subject);
		else if (tick && t->log_open)
			(void)ctl_log_more(
				&t->log, take_line, t); /* else the next time */
	}
	if (t->ui.pane == TOP_PANE_WHY && strcmp(t->ui.why_of, subject) != 0)
		ask_why(t);
}

/* ---- the loop ---- */

static void
redraw(struct top *t)
{
	unsigned rows;
	unsigned cols;

	t->ui.now_ms = nv_mono_ms();
	t->ui.wall_ns = nv_wall_ns();
	if (t->version != t->data.version)
		top_ui_refresh(&t->ui);
	t->version = t->data.version;
	top_term_size(&rows, &cols);
	top_draw(&t->ui, &t->frame, rows, cols);
	top_term_show(&t->frame);
}

static void
on_draw(struct ev_loop *loop, ev_prepare *w, int revents)
{
	struct top *t = w->data;

	(void)loop;
	(void)revents;
	if (t->dirty)
		redraw(t);
	t->dirty = false;
}

static void
on_changed(void *arg)
{
	struct top *t = arg;

	t->dirty = true;
	if (t->once && top_data_settled(&t->data))
		ev_break(t->loop, EVBREAK_ALL);
}

static void
on_tick(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct top *t = w->data;

	(void)loop;
	(void)revents;
	top_data_ask(&t->data, top_model_wants_instances(&t->ui.model));
	feed_pane(t, true);
	t->dirty = true; /* at least something has grown older */
}

/* An order that is under way is not cut off halfway. */
static void
leave(struct top *t)
{
	if (t->order && !t->leaving) {
		t->leaving = true;
		top_ui_say(&t->ui, false, "%s is still under way; q again leaves at once",
			t->what);
		return;
	}
	ev_break(t->loop, EVBREAK_ALL);
}

static void
on_keys(struct ev_loop *loop, ev_io *w, int revents)
{
	struct top *t = w->data;
	bool wanted = top_model_wants_instances(&t->ui.model);
	unsigned key = top_term_key();

	(void)revents;
	if (key == TOP_KEY_NONE && top_term_is_gone()) {
		ev_break(loop, EVBREAK_ALL);
		return;
	}
	for (; key != TOP_KEY_NONE; key = top_term_key()) {
		if (!top_ui_key(&t->ui, key))
			leave(t);
		if (t->ui.order.argv)
			start_order(t);
	}
	feed_pane(t, false);
	t->dirty = true;
	if (!wanted && top_model_wants_instances(&t->ui.model))
		top_data_ask(&t->data, true);
}

static void
on_signal(struct ev_loop *loop, ev_signal *w, int revents)
{
	struct top *t = w->data;

	(void)revents;
	t->dirty = true;
	if (w->signum == SIGTSTP) {
		top_term_leave();
		ev_signal_stop(loop, w);
		(void)raise(SIGTSTP); /* here it stands still */
		ev_signal_start(loop, w);
		top_term_again();
	} else if (w->signum == SIGWINCH || w->signum == SIGCONT) {
		top_term_again();
	} else {
		ev_break(t->loop, EVBREAK_ALL);
	}
}

/* Before ncurses starts: it leaves signals alone that somebody handles. */
static void
take_signals(struct top *t)
{
	static const int numbers[SIG_COUNT] = {[SIG_END] = SIGTERM,
		[SIG_HUP] = SIGHUP,
		[SIG_QUIT] = SIGQUIT,
		[SIG_INT] = SIGINT,
		[SIG_WINCH] = SIGWINCH,
		[SIG_TSTP] = SIGTSTP,
		[SIG_CONT] = SIGCONT};

	for (size_t i = 0; i < SIG_COUNT; i++) {
		ev_signal_init(&t->signals[i], on_signal, numbers[i]);
		t->signals[i].data = t;
		ev_signal_start(t->loop, &t->signals[i]);
	}
	(void)signal(SIGPIPE, SIG_IGN);
}

static void
start_timer(struct top *t, double after_s)
{
	ev_timer_init(&t->tick, on_tick, after_s, (double)t->interval_ms / 1000);
	t->tick.data = t;
	ev_timer_start(t->loop, &t->tick);
}

static int
run_screen(struct top *t)
{
	struct nv_err err = {0};

	take_signals(t);
	if (top_term_open(&err) < 0)
		return ctl_fail_err(&t->ctl->out, NV_EXIT_USAGE, &err);
	ev_io_init(&t->keys, on_keys, STDIN_FILENO, EV_READ);
	t->keys.data = t;
	ev_io_start(t->loop, &t->keys);
	ev_prepare_init(&t->draw, on_draw);
	t->draw.data = t;
	ev_prepare_start(t->loop, &t->draw);
	start_timer(t, 0);
	(void)ev_run(t->loop, 0);
	top_term_close();
	nv_program_cancel(t->order);
	nv_program_cancel(t->why);
	return NV_EXIT_OK;
}

/* ---- one frame as text ---- */

static void
on_late(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)w;
	(void)revents;
	ev_break(loop, EVBREAK_ALL);
}

static unsigned
once_columns(const struct ctl *ctl)
{
	const char *text = getenv("COLUMNS");
	char *end;
	unsigned long n = text && text[0] ? strtoul(text, &end, 10) : 0;

	if (n >= 20 && n <= TOP_COLS_MAX && *end == '\0')
		return (unsigned)n;
	return ctl->out.columns >= 20 ? ctl->out.columns : ONCE_COLS;
}

static int
report_half(struct top *t, const struct top_half *half, const char *name)
{
	char trouble[300];

	top_half_trouble(half, name, t->ui.now_ms, trouble, sizeof(trouble));
	return trouble[0] ? ctl_fail(&t->ctl->out, NV_EXIT_UNREACHABLE, "%s", trouble)
			  : NV_EXIT_OK;
}

static int
run_once(struct top *t)
{
	ev_timer late;
	struct nv_buf text;

	ev_timer_init(&late, on_late, ONCE_MS / 1000., 0);
	ev_timer_start(t->loop, &late);
	start_timer(t, 0);
	(void)ev_run(t->loop, 0);
	t->ui.now_ms = nv_mono_ms();
	t->ui.wall_ns = nv_wall_ns();
	top_ui_refresh(&t->ui);
	top_draw_once(&t->ui, &t->frame, once_columns(t->ctl));
	nv_buf_init(&text, (size_t)16 << 20);
	top_frame_text(&t->frame, &text);
	(void)fputs(text.data ? text.data : "", stdout);
	nv_buf_fini(&text);
	int code = report_half(t, &t->data.sup, "novasupd");

	return code == NV_EXIT_OK ? report_half(t, &t->data.engine, "nova-engine") : code;
}

/* ---- the verb ---- */

static int
take_options(struct top *t)
{
	const struct ctl_args *args = &t->ctl->args;
	const char *interval = ctl_opt(args, "interval");
	const char *sort = ctl_opt(args, "sort");
	const char *filter = ctl_opt(args, "filter");
	struct nv_err err = {0};

	t->interval_ms = INTERVAL_MS;
	t->ui.model.sort = TOP_BY_NAME;
	if (interval && nv_duration_parse(interval, &t->interval_ms, &err) < 0)
		return ctl_fail(&t->ctl->out, NV_EXIT_USAGE, "--interval: %s", err.text);
	if (t->interval_ms < INTERVAL_MS_MIN || t->interval_ms > INTERVAL_MS_MAX)
		return ctl_fail(&t->ctl->out, NV_EXIT_USAGE,
			"--interval: expected 100ms to 1h, found %s", interval);
	if (sort && top_column_parse(sort, &t->ui.model.sort, &err) < 0)
		return ctl_fail(&t->ctl->out, NV_EXIT_USAGE, "--sort: %s", err.text);
	if (filter && strlen(filter) >= sizeof(t->ui.model.filter))
		return ctl_fail(&t->ctl->out, NV_EXIT_USAGE,
			"--filter: at most %zu bytes", sizeof(t->ui.model.filter) - 1);
	(void)snprintf(t->ui.model.filter, sizeof(t->ui.model.filter), "%s",
		filter ? filter : "");
	t->ui.model.flat = ctl_opt(args, "flat") != NULL;
	return NV_EXIT_OK;
}

static int
check_place(struct ctl *ctl, bool once)
{
	if (ctl->out.json)
		return ctl_fail(&ctl->out, NV_EXIT_USAGE,
			"top is a screen: `novactl status --json` and `novactl workers "
			"status --json` have the same as JSON");
	if (!once && (!ctl->out.tty || isatty(STDIN_FILENO) != 1))
		return ctl_fail(&ctl->out, NV_EXIT_USAGE,
			"top needs a terminal: use `novactl top --once` or `novactl "
			"status`");
	return NV_EXIT_OK;
}

int
ctl_verb_top(struct ctl *ctl)
{
	struct top *t = ctl_alloc(1, sizeof(*t));

	t->ctl = ctl;
	t->once = ctl_opt(&ctl->args, "once") != NULL;
	t->loop = ev_default_loop(EVFLAG_AUTO);
	top_data_init(&t->data, t->loop, ctl->paths.run_dir, on_changed, t);
	top_ui_init(&t->ui, &t->data);
	top_frame_init(&t->frame, top_term_utf8());
	int code = check_place(ctl, t->once);

	if (code == NV_EXIT_OK)
		code = take_options(t);
	if (code == NV_EXIT_OK)
		code = t->once ? run_once(t) : run_screen(t);
	close_log(t);
	top_frame_fini(&t->frame);
	top_ui_fini(&t->ui);
	top_data_fini(&t->data);
	free(t);
	return code;
}
