/* Lines on a platform's socket, and on its control pipe: whatever comes, each line gets
 * one answer of JSON, and the frame lives. The first byte says which of the two it is. */
#include "nv_fd.h"
#include "outbox.h"
#include "pipe.h"
#include "sock.h"
#include "store.h"
#include "turn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void
run_echo(struct plat_call *call)
{
	int64_t nano;
	char currency[NV_CURRENCY_BYTES];

	NV_ASSERT(
		!plat_arg_str(call, "text") || strlen(plat_arg_str(call, "text")) <= 20);
	NV_ASSERT(plat_arg_int(call, "number", 0) >= -5 &&
		  plat_arg_int(call, "number", 0) <= 5);
	NV_ASSERT(plat_arg_money(call, "amount", &nano, currency) < 0 || nano >= 0);
	NV_ASSERT(json_array_size(plat_arg_list(call, "list")) <= 3);
	plat_done(call, json_object());
}

static const struct plat_arg echo_args[] = {
	{"text", PLAT_TEXT, PLAT_REQUIRED, "any text", NULL, 1, 20},
	{"number", PLAT_INT, 0, "a number", NULL, -5, 5},
	{"amount", PLAT_MONEY, 0, "money", NULL, 0, 0},
	{"flag", PLAT_BOOL, 0, "yes or no", NULL, 0, 0},
	{"list", PLAT_LIST, 0, "some texts", NULL, 1, 3},
	{"any", PLAT_JSON, 0, "JSON", NULL, 0, 0},
	{"colour", PLAT_TEXT, 0, "one of two", "red|blue", 0, 0}, {0}};

static const struct plat_verb verbs[] = {
	{"echo", "says nothing", PLAT_AGENT, NULL, echo_args, run_echo, NULL, NULL}, {0}};

static const struct plat_kind kind = {
	.name = "acme", .summary = "a vendor of the fuzzer", .verbs = verbs};

const struct plat_kind *const plat_kinds[] = {&kind, NULL};

static struct plat p;
static int to_control;
static unsigned n_asked;

static void
on_asked(struct plat *plat, void *arg, int refused, const char *why, int64_t retry_s)
{
	(void)plat;
	(void)arg;
	(void)retry_s;
	NV_ASSERT(refused != 1 || why);
	n_asked++;
}

static char dir[] = "/tmp/nova-fuzz-XXXXXX";

static void
clean(void)
{
	static const char *const names[] = {"/platforms/acme/store.mdb",
		"/platforms/acme/store.mdb-lock", "/platforms/acme/lock",
		"/platforms/acme", "/platforms", ""};
	char path[100];

	for (size_t i = 0; i < NV_LEN(names); i++) {
		(void)snprintf(path, sizeof path, "%s%s", dir, names[i]);
		(void)remove(path);
	}
}

static void
on_title(struct ev_loop *loop, ev_timer *t, int revents)
{
	(void)loop;
	(void)t;
	(void)revents;
}

/* New ones: the frame does not close what it was given. */
static void
open_pipe(void)
{
	static int fds[4] = {-1, -1, -1, -1};
	char text[16];
	struct nv_err err = {0};

	for (size_t i = 0; i < NV_LEN(fds); i++)
		nv_fd_close(&fds[i]);
	NV_ASSERT(pipe(fds) == 0 && pipe(fds + 2) == 0);
	(void)snprintf(text, sizeof text, "%d", fds[1]);
	NV_ASSERT(setenv("NOVA_EVENT_FD", text, 1) == 0);
	(void)snprintf(text, sizeof text, "%d", fds[2]);
	NV_ASSERT(setenv("NOVA_CONTROL_FD", text, 1) == 0);
	to_control = fds[3];
	/* Nobody reads the events: the pipe fills, and what is said waits. */
	NV_ASSERT(plat_pipe_open(&p, &err) == 0);
}

static void
start(void)
{
	struct nv_err err = {0};

	p.kind = &kind;
	p.by_hand = true; /* no configuration to look agents up in */
	p.loop = ev_default_loop(EVFLAG_AUTO);
	ev_timer_init(&p.title, on_title, 1., 0.);
	NV_ASSERT(p.loop);
	open_pipe();
	NV_ASSERT(mkdtemp(dir) && atexit(clean) == 0);
	NV_ASSERT(plat_store_open(&p.store, dir, "acme", &err) == 0);
	NV_ASSERT(plat_turns_open(&p) == 0 && plat_outbox_open(&p, &err) == 0);
}

static void
one_line(const char *line, size_t bytes)
{
	struct plat_client c = {.plat = &p, .busy = true};

	nv_buf_init(&c.answer, (size_t)1 << 20);
	ev_io_init(&c.out, NULL, 0, EV_WRITE);
	ev_timer_init(&c.idle, NULL, 0., PLAT_IDLE_S);
	plat_call_line(&p, &c, line, bytes, "", true, 0);
	NV_ASSERT(!c.busy && c.answer.bytes > 2);
	json_t *answer = json_loadb(c.answer.data, c.answer.bytes, 0, NULL);

	NV_ASSERT(json_is_object(answer) && json_object_get(answer, "ok"));
	json_decref(answer);
	ev_io_stop(p.loop, &c.out);
	ev_timer_stop(p.loop, &c.idle);
	nv_buf_fini(&c.answer);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	if (!p.loop)
		start();
	if (bytes < 1 || bytes > 60000)
		return 0;
	if (data[0] & 1) {
		one_line((const char *)data + 1, bytes - 1);
		return 0;
	}
	if (plat_booking(&p) > 20) /* which nobody ever answers */
		plat_pipe_close(&p);
	if (!p.pipe)
		open_pipe();
	(void)plat_ask(&p, "r:1", 1, "USD", "w", "o", 60, on_asked, NULL);
	(void)plat_book(
		&p, json_pack("{s:s,s:s}", "event", "cost", "id", "c:1"), NULL, NULL);
	NV_ASSERT(nv_write_full(to_control, data + 1, bytes - 1) == 0 &&
		  nv_write_full(to_control, "\n", 1) == 0);
	for (int i = 0; i < 8; i++)
		(void)ev_run(p.loop, EVRUN_NOWAIT);
	return 0;
}
