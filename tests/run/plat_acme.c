/* nova-platform with a vendor of the tests: its API is a server that the test plays, at
 * ACME_URL; or in a fleet, under the name and with the section of a real one, at its
 * base_url. One verb for each promise of the frame. */
#include "api.h"
#include "frame.h"
#include "nv_url.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PRICE      INT64_C(100000000) /* $0.10 */
#define READ_PRICE INT64_C(10000000)  /* $0.01 */

static struct plat_kind kind;

static struct {
	struct plat_api api;
	const char *url; /* borrowed */
	unsigned booking;
} acme;

/* ---- reads ---- */

static void
run_echo(struct plat_call *call)
{
	plat_done(
		call, json_pack("{s:O, s:s, s:s*}", "args", call->args, "agent",
			      plat_call_agent(call), "secret",
			      plat_secret(plat_call_platform(call), "acme_key") ? "given"
										: NULL));
}

static void
on_read(void *arg, const struct nv_http_answer *a)
{
	struct plat_call *call = arg;

	if (a->outcome == NV_HTTP_DONE)
		plat_done(call, json_incref(a->json));
	else
		plat_fail(call, NV_EXIT_FAILED, "acme: %s", a->err);
}

static void
read_on(struct plat_call *call)
{
	struct nv_err err = {0};

	if (plat_spend(call, READ_PRICE, "USD", "a page") < 0 ||
		plat_api_get(&acme.api, "/read", on_read, call, &err) < 0)
		plat_fail(call, NV_EXIT_FAILED, "acme: %s", err.text);
}

static void
run_read(struct plat_call *call)
{
	plat_reserve(call, 2 * READ_PRICE, "USD", read_on);
}

/* ---- effects ---- */

static void
run_pay(struct plat_call *call)
{
	plat_out_begin(call, json_pack("{s:s}", "text", plat_arg_str(call, "text")),
		PRICE, "USD");
}

static void
run_free(struct plat_call *call)
{
	plat_out_begin(
		call, json_pack("{s:s}", "text", plat_arg_str(call, "text")), 0, "USD");
}

static void
on_sent(void *arg, const struct nv_http_answer *a)
{
	struct plat_out *out = arg;

	if (a->outcome == NV_HTTP_DONE)
		plat_out_done(out, json_deep_copy(a->json), out->cost_nano);
	else if (a->outcome == NV_HTTP_UNKNOWN)
		plat_out_unknown(out, "acme: %s", a->err);
	else if (a->status == 429)
		plat_out_later(out, NV_MAX(a->retry_after_ms, 50), "acme: %s", a->err);
	else
		plat_out_refused(out, NV_EXIT_NO, "acme: %s", a->err);
}

static void
post(struct plat_out *out)
{
	char path[200];
	struct nv_err err = {0};

	(void)snprintf(path, sizeof path, "/%s/%s", out->verb->name, out->id);
	if (plat_api_send(&acme.api, "POST", path, json_incref(out->request),
		    PLAT_ASK_TURNED, on_sent, out, &err) < 0)
		plat_out_later(out, 100, "acme: %s", err.text);
}

static void
on_looked_up(void *arg, const struct nv_http_answer *a)
{
	struct plat_out *out = arg;

	if (a->outcome == NV_HTTP_DONE)
		plat_out_done(out, json_deep_copy(a->json), out->cost_nano);
	else if (a->status == 404)
		plat_out_later(out, 0, "acme: it has not come");
	else
		plat_out_unknown(out, "acme: %s", a->err);
}

static void
look_up(struct plat_out *out)
{
	char path[200];
	struct nv_err err = {0};

	(void)snprintf(path, sizeof path, "/%s/%s", out->verb->name, out->id);
	if (plat_api_get(&acme.api, path, on_looked_up, out, &err) < 0)
		plat_out_unknown(out, "acme: %s", err.text);
}

/* ---- polls ---- */

static void
on_booked(struct plat *p, void *arg, int rc, const char *reason)
{
	(void)arg;
	acme.booking--;
	if (acme.booking == 0)
		plat_poll_done(p, rc, reason);
}

static void
on_sales(void *arg, const struct nv_http_answer *a)
{
	struct plat *p = arg;
	json_t *sale;
	size_t i;
	int rc = 0;

	if (a->outcome != NV_HTTP_DONE) {
		plat_poll_done(p, -EIO, a->err);
		return;
	}
	acme.booking = 1;
	json_array_foreach(json_object_get(a->json, "sales"), i, sale)
	{
		rc = plat_book(p, json_deep_copy(sale), on_booked, NULL);
		acme.booking += rc == 0;
	}
	on_booked(p, NULL, rc, "a sale cannot be said");
}

static void
poll(struct plat *p)
{
	struct nv_err err = {0};

	if (plat_api_get(&acme.api, "/sales", on_sales, p, &err) < 0)
		plat_poll_done(p, -EIO, err.text);
}

/* ---- the table ---- */

static int64_t
number(const char *variable)
{
	const char *text = getenv(variable);

	return text ? strtoll(text, NULL, 10) : 0;
}

static int
settings(const struct nv_config *config, struct plat_settings *ret, struct nv_err *err)
{
	enum nv_platform which;

	(void)err;
	if (nv_platform_from(kind.name, &which)) {
		acme.url = config->platforms[which].base_url;
		return 0;
	}
	acme.url = getenv("ACME_URL");
	ret->poll_ms = number("ACME_POLL_MS");
	ret->rate = (struct plat_limit){number("ACME_RATE"), 1000};
	ret->agent_rate = (struct plat_limit){number("ACME_AGENT_RATE"), 3600000};
	return 0;
}

static int
start(struct plat *p, struct nv_err *err)
{
	return plat_api_init(&acme.api, p, acme.url, "https://acme.example", err);
}

static void
stop(struct plat *p)
{
	(void)p;
	plat_api_fini(&acme.api);
}

static const struct plat_arg echo_args[] = {
	{"text", PLAT_TEXT, PLAT_WORD, "any text", NULL, 1, 20},
	{"number", PLAT_INT, 0, "a number", NULL, -5, 5},
	{"amount", PLAT_MONEY, 0, "money", NULL, 0, 0},
	{"flag", PLAT_BOOL, 0, "yes or no", NULL, 0, 0},
	{"list", PLAT_LIST, 0, "some texts", NULL, 1, 3},
	{"any", PLAT_JSON, 0, "JSON", NULL, 0, 0},
	{"colour", PLAT_TEXT, 0, "one of two", "red|blue", 0, 0}, {0}};

static const struct plat_arg text_args[] = {
	{"text", PLAT_TEXT, PLAT_REQUIRED, "what is sent", NULL, 1, 200}, {0}};

static const struct plat_verb verbs[] = {
	{"echo", "says what it heard", PLAT_AGENT, NULL, echo_args, run_echo, NULL, NULL},
	{"read", "a read that is paid", PLAT_AGENT, "reading", NULL, run_read, NULL,
		NULL},
	{"pay", "an effect that is paid, and can be repeated", PLAT_AGENT | PLAT_EFFECT,
		NULL, text_args, run_pay, post, post},
	{"mail", "an effect that can only be looked up", PLAT_AGENT | PLAT_EFFECT, NULL,
		text_args, run_pay, post, look_up},
	{"blind", "an effect that nobody can look up", PLAT_AGENT | PLAT_EFFECT, NULL,
		text_args, run_free, post, NULL},
	{"private", "for people", PLAT_NO_KEY, NULL, echo_args, run_echo, NULL, NULL},
	{0}};

static const char *const secrets[] = {"acme_key", NULL};

static struct plat_kind kind = {.name = "acme",
	.alias = "a",
	.summary = "a vendor of the tests",
	.secrets = secrets,
	.n_required = 1,
	.verbs = verbs,
	.settings = settings,
	.start = start,
	.stop = stop,
	.poll = poll};

const struct plat_kind *const plat_kinds[] = {&kind, NULL};

int
main(int argc, char **argv)
{
	enum nv_platform which;

	if (argc > 1 && nv_platform_from(argv[1], &which)) {
		kind.name = nv_platform_name(which);
		kind.n_required = 0;
	}
	return plat_main(argc, argv);
}
