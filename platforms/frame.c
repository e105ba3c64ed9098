/* A platform's process from its start to its end: see frame.h. */
#include "frame.h"
#include "nv_clock.h"
#include "nv_fd.h"
#include "nv_log.h"
#include "nv_service.h"
#include "nv_title.h"
#include "outbox.h"
#include "pipe.h"
#include "restored.h"
#include "sock.h"
#include "store.h"
#include "turn.h"
#include "who.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define POLL_FIRST_S 0.5
#define POLL_S_AGAIN 10
#define POLL_S_MAX   900
#define TITLE_S      5.
#define GRACE_S      8. /* for calls under way: less than novasupd gives us */

static struct {
	struct plat plat;
	ev_signal term;
	ev_signal interrupt;
	ev_timer grace;
} self;

/* ---- small things that others use ---- */

const struct plat_kind *
plat_kind_find(const char *name)
{
	for (size_t i = 0; plat_kinds[i]; i++) {
		const struct plat_kind *k = plat_kinds[i];

		if (strcmp(k->name, name) == 0 ||
			(k->alias && strcmp(k->alias, name) == 0))
			return k;
	}
	return NULL;
}

struct ev_loop *
plat_loop(const struct plat *p)
{
	return p->loop;
}

const struct plat_kind *
plat_kind_of(const struct plat *p)
{
	return p->kind;
}

const struct nv_config *
plat_config(const struct plat *p)
{
	return p->config;
}

void
plat_set_own(struct plat *p, void *own)
{
	p->own = own;
}

void *
plat_own(const struct plat *p)
{
	return p->own;
}

const char *
plat_run_dir(const struct plat *p)
{
	return p->paths.run_dir;
}

const char *
plat_secret(const struct plat *p, const char *name)
{
	for (size_t i = 0; p->kind->secrets && p->kind->secrets[i]; i++) {
		if (strcmp(p->kind->secrets[i], name) == 0)
			return p->secrets[i];
	}
	return NULL;
}

void
plat_uid(struct plat *p, const char *what, char ret[PLAT_UID_BYTES])
{
	(void)snprintf(ret, PLAT_UID_BYTES, "%s:%s:%llx", what, p->nonce,
		(unsigned long long)++p->serial);
}

static void
set_title(struct plat *p)
{
	char when[40] = "never";
	time_t s = (time_t)(p->poll.last_ns / INT64_C(1000000000));
	struct tm tm;

	if (s > 0 && localtime_r(&s, &tm))
		(void)strftime(when, sizeof when, "%H:%M", &tm);
	if (p->problem[0])
		nv_title_set("nova: %s, no key", p->kind->name);
	else if (p->kind->poll)
		nv_title_set("nova: %s, %u call%s, last poll %s", p->kind->name,
			p->n_calls, p->n_calls == 1 ? "" : "s", when);
	else
		nv_title_set("nova: %s, %u call%s", p->kind->name, p->n_calls,
			p->n_calls == 1 ? "" : "s");
}

static void
on_title(struct ev_loop *loop, ev_timer *t, int revents)
{
	(void)loop;
	(void)revents;
	set_title(t->data);
}

void
plat_show_title(struct plat *p)
{
	if (ev_is_active(&p->title))
		return;
	/* One that has run off has no delay left. */
	ev_timer_set(&p->title, TITLE_S, 0.);
	ev_timer_start(p->loop, &p->title);
}

/* ---- polls ---- */

static void
poll_in(struct plat *p, double s)
{
	p->poll.next_ns = nv_wall_ns() + (int64_t)(s * 1e9);
	ev_timer_stop(p->loop, &p->poll.timer);
	ev_timer_set(&p->poll.timer, s, 0.);
	ev_timer_start(p->loop, &p->poll.timer);
}

void
plat_poll_now(struct plat *p)
{
	if (p->ending || p->problem[0])
		return;
	if (p->poll.under_way) {
		p->poll.again = true;
		return;
	}
	p->poll.under_way = true;
	p->poll.again = false;
	p->poll.next_ns = 0;
	ev_timer_stop(p->loop, &p->poll.timer);
	p->kind->poll(p);
}

static void
on_poll(struct ev_loop *loop, ev_timer *t, int revents)
{
	(void)loop;
	(void)revents;
	plat_poll_now(t->data);
}

void
plat_poll_done(struct plat *p, int rc, const char *why)
{
	struct plat_poll *poll = &p->poll;

	NV_ASSERT(poll->under_way);
	poll->under_way = false;
	poll->last_ns = nv_wall_ns();
	poll->done++;
	plat_show_title(p);
	if (rc == 0 || rc == -EAGAIN) {
		if (poll->failures)
			nv_info("%s is there again", p->kind->name);
		poll->failures = 0;
		poll->why[0] = '\0';
		poll->last_ok_ns = poll->last_ns;
	} else {
		(void)snprintf(
			poll->why, sizeof poll->why, "%s", why ? why : strerror(-rc));
		if (poll->failures++ == 0)
			nv_error("%s cannot be polled: %s; trying again", p->kind->name,
				poll->why);
	}
	if (p->ending) {
		plat_check_end(p);
		return;
	}
	int64_t back_off_s = (int64_t)POLL_S_AGAIN << NV_MIN(poll->failures, 8u);

	if (rc == -EAGAIN || poll->again)
		poll_in(p, 0.);
	else if (poll->failures)
		poll_in(p, (double)NV_MIN(back_off_s, POLL_S_MAX));
	else if (p->settings.poll_ms > 0)
		poll_in(p, (double)p->settings.poll_ms / 1000.);
}

/* ---- the end ---- */

void
plat_check_end(struct plat *p)
{
	if (p->ending && p->n_calls == 0 && !plat_outbox_is_busy(p) &&
		plat_pipe_is_flushed(p) && plat_sock_clients(p) == 0)
		ev_break(p->loop, EVBREAK_ALL);
}

static void
on_grace(struct ev_loop *loop, ev_timer *t, int revents)
{
	struct plat *p = t->data;

	(void)revents;
	nv_warn("ending with %u calls under way; what must happen is in the outbox",
		p->n_calls);
	ev_break(loop, EVBREAK_ALL);
}

static void
on_stop(struct ev_loop *loop, ev_signal *s, int revents)
{
	struct plat *p = s->data;

	(void)revents;
	if (p->ending)
		return;
	p->ending = true;
	ev_timer_stop(loop, &p->poll.timer);
	plat_outbox_end(p);
	plat_sock_end(p);
	ev_timer_init(&self.grace, on_grace, GRACE_S, 0.);
	self.grace.data = p;
	ev_timer_start(loop, &self.grace);
	plat_check_end(p);
}

/* ---- start ---- */

static void
read_secrets(struct plat *p)
{
	const char *const *names = p->kind->secrets;

	for (unsigned i = 0; names && names[i]; i++) {
		NV_ASSERT(i < PLAT_SECRETS_MAX);
		int rc = nv_service_secret(names[i], &p->secrets[i]);

		if (rc == 0 || i >= p->kind->n_required || p->problem[0])
			continue;
		(void)snprintf(p->problem, sizeof p->problem,
			rc == -ENOENT ? "no key: put it into secrets/%s%s%s"
				      : "secrets/%s cannot be read%s%s",
			names[i], rc == -ENOENT ? "" : ": ",
			rc == -ENOENT ? "" : strerror(-rc));
	}
	if (p->problem[0])
		nv_warn("%s", p->problem);
}

static void
forget_secrets(struct plat *p)
{
	for (unsigned i = 0; i < PLAT_SECRETS_MAX; i++)
		nv_service_forget(&p->secrets[i]);
}

static void
watch_signals(struct plat *p)
{
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	ev_signal_init(&self.term, on_stop, SIGTERM);
	ev_signal_init(&self.interrupt, on_stop, SIGINT);
	self.term.data = self.interrupt.data = p;
	ev_signal_start(p->loop, &self.term);
	ev_signal_start(p->loop, &self.interrupt);
}

static struct plat_limit
limit_of(const struct nv_conf_rate *rate)
{
	return (struct plat_limit){rate->n, rate->window_ms};
}

/* What all platforms have in common; then what this one makes of it. */
static int
read_settings(struct plat *p, struct nv_err *err)
{
	enum nv_platform which;

	if (nv_platform_from(p->kind->name, &which)) {
		const struct nv_conf_platform *conf = &p->config->platforms[which];

		if (!conf->on)
			return nv_err_set(err, -EINVAL,
				"%s/nova.yaml has no section `platforms: {%s: ...}`",
				p->config->dir, p->kind->name);
		p->settings.poll_ms = conf->poll_ms;
		p->settings.rate = limit_of(&conf->rate);
		p->settings.agent_rate = limit_of(&conf->agent_rate);
	}
	return p->kind->settings ? p->kind->settings(p->config, &p->settings, err) : 0;
}

static int
open_parts(struct plat *p, struct nv_err *err)
{
	int rc = read_settings(p, err);

	if (rc == 0)
		rc = plat_store_open(&p->store, p->paths.state_dir, p->kind->name, err);
	if (rc == 0)
		rc = plat_restored(p, err);
	if (rc == 0)
		rc = plat_pipe_open(p, err);
	if (rc == 0 && (plat_turns_open(p) < 0 || plat_who_open(p) < 0))
		rc = nv_err_set(err, -ENOMEM, "no memory");
	if (rc == 0 && p->kind->start)
		rc = p->kind->start(p, err);
	if (rc == 0)
		rc = plat_outbox_open(p, err);
	if (rc == 0)
		rc = plat_sock_open(p, err);
	return rc;
}

static void
close_parts(struct plat *p)
{
	if (p->outbox)
		p->ending = true;
	plat_pipe_close(p);
	if (p->outbox)
		plat_outbox_end(p);
	if (p->kind->stop)
		p->kind->stop(p);
	plat_sock_close(p);
	plat_who_close(p);
	plat_outbox_close(p);
	plat_turns_close(p);
	plat_store_close(p->store);
	while (p->agents) {
		struct plat_agent *a = p->agents;

		p->agents = a->next;
		free(a);
	}
	nv_config_free(p->config);
	forget_secrets(p);
}

static int
run(struct plat *p)
{
	struct nv_err err = {0};
	uint64_t random;

	if (nv_service_config(p->paths.config, &p->config, &p->by_hand) < 0)
		return NV_EXIT_USAGE;
	p->loop = ev_default_loop(EVFLAG_AUTO);
	if (!p->loop || getrandom(&random, sizeof random, 0) != sizeof random) {
		nv_error("cannot start: no event loop");
		return NV_EXIT_FAILED;
	}
	(void)snprintf(p->nonce, sizeof p->nonce, "%016llx", (unsigned long long)random);
	p->started_ms = nv_mono_ms();
	ev_timer_init(&p->title, on_title, 0., 0.);
	ev_timer_init(&p->poll.timer, on_poll, 0., 0.);
	p->title.data = p->poll.timer.data = p;
	watch_signals(p);
	read_secrets(p);
	int rc = open_parts(p, &err);

	if (rc < 0) {
		nv_error("%s cannot start: %s", p->kind->name, err.text);
		return rc == -EINVAL ? NV_EXIT_USAGE : NV_EXIT_FAILED;
	}
	set_title(p);
	plat_pipe_ready(p);
	if (p->kind->poll && !p->problem[0] && p->settings.poll_ms > 0)
		poll_in(p, POLL_FIRST_S);
	nv_info("%s is ready", p->kind->name);
	ev_run(p->loop, 0);
	close_parts(p);
	return NV_EXIT_OK;
}

/* ---- arguments ---- */

static const char usage[] =
	"usage: nova-platform NAME [OPTION...]\n"
	"       nova-platform --list\n"
	"\n"
	"Holds the key of one vendor: its money in, its messages out. novasupd starts\n"
	"it where nova.yaml has a section platforms.NAME.\n"
	"\n"
	"Options:\n"
	"  --config FILE      nova.yaml\n"
	"  --run-dir DIR      sockets of the fleet\n"
	"  --state-dir DIR    where it keeps what it must not forget\n"
	"  --verbs            its verbs, as JSON\n"
	"  --list             every NAME, as JSON\n"
	"  --help, --version\n"
	"\n"
	"The same as environment: NOVA_CONFIG, NOVA_RUN_DIR, NOVA_STATE_DIR.\n"
	"Exit codes: 0 it was asked to end, 2 wrong use, 4 it failed.\n"
	"See also: nova-platform(8), nova.yaml(5), novasupd(8).\n";

enum { FLAG_VERBS, FLAG_LIST };

static const char *const flags[] = {"verbs", "list", NULL};

static int
print_json(json_t *o)
{
	int rc = o ? json_dumpf(o, stdout, JSON_COMPACT) : -1;

	json_decref(o);
	return rc == 0 && puts("") >= 0 && fflush(stdout) == 0 ? NV_EXIT_OK
							       : NV_EXIT_FAILED;
}

static json_t *
list_json(void)
{
	json_t *list = json_array();
	int bad = list ? 0 : -1;

	for (size_t i = 0; plat_kinds[i]; i++)
		bad |= json_array_append_new(
			list, json_pack("{s:s, s:s*, s:s}", "name", plat_kinds[i]->name,
				      "alias", plat_kinds[i]->alias, "summary",
				      plat_kinds[i]->summary));
	return bad ? NULL : json_pack("{s:o}", "platforms", list);
}

static int
usage_error(void)
{
	(void)fputs("nova-platform: expected the name of a platform:", stderr);
	for (size_t i = 0; plat_kinds[i]; i++)
		(void)fprintf(stderr, " %s", plat_kinds[i]->name);
	(void)fputs(" (see --help)\n", stderr);
	return NV_EXIT_USAGE;
}

int
plat_main(int argc, char **argv)
{
	struct plat *p = &self.plat;
	struct nv_service_args args = {
		.usage = usage, .flags = flags, .takes_operands = true};
	int code = NV_EXIT_OK;

	nv_title_init(argc, argv);
	nv_log_init("nova-platform");
	if (nv_service_args(&args, "nova-platform", argc, argv, &p->paths, &code) < 0)
		return code;
	if (args.flag == FLAG_LIST)
		return print_json(list_json());
	p->kind = args.n_operands == 1 ? plat_kind_find(args.operands[0]) : NULL;
	if (!p->kind)
		return usage_error();
	if (args.flag == FLAG_VERBS)
		return print_json(plat_describe(p->kind));
	return run(p);
}
