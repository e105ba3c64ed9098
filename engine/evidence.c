/* See evidence.h. */
#include "evidence.h"

#include "handout.h"
#include "txn.h"

#include "anchor.h"
#include "nv_clock.h"
#include "nv_fd.h"
#include "nv_log.h"
#include "seal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SEAL_ROWS        4096u /* of the chain, in one pass of the loop: about 2 ms */
#define SEAL_AFTER_S     1.0   /* after a commit */
#define SEAL_MORE_S      0.005
#define SEAL_LOOK_S      3600.0 /* the clock may have been set meanwhile */
#define ANCHOR_TIMEOUT_S 60.0
#define ANCHOR_AGAIN_S \
	300.0 /* after a failure, or at the interval if that is shorter \
	       */

struct eng_evidence {
	struct eng *eng; /* borrowed */
	struct led_sealer sealer;
	ev_timer seal;
	char key_path[sizeof(((struct eng *)NULL)->state_dir) + 16];
	bool key_told; /* why there is no MAC was said */
	ev_timer anchor;
	int64_t anchor_every_ms; /* by which it was armed */
	struct eng_handout to_file;
	struct eng_handout to_command;
	struct led_anchor last; /* what is handed out, or was last */
	uint64_t done_batch;    /* handed out for good */
	bool failed;            /* one of those under way */
	struct eng_evidence_figures figures;
};

/* ---- seals ---- */

static void
seal_problem(struct eng_evidence *e, const char *text)
{
	(void)snprintf(
		e->figures.seal_problem, sizeof(e->figures.seal_problem), "%s", text);
	if (!e->key_told)
		nv_error("%s: %s; days are sealed without it", e->key_path, text);
	e->key_told = true;
}

/* Fills in the MAC when there is a key that can make it. */
static void
authenticate(struct eng_evidence *e, struct led_seal *seal)
{
	struct led_seal_key key;
	int rc = led_seal_key_load(e->key_path, &key);

	if (rc == -ENOENT)
		return; /* nobody asked for one */
	if (rc < 0) {
		seal_problem(e, rc == -EBADMSG ? "it is no seal key" : strerror(-rc));
	} else if (memcmp(key.ledger, led_id(e->eng->led), sizeof(key.ledger)) != 0) {
		seal_problem(e, "the seal key is that of another ledger");
	} else if (key.day > seal->day) {
		/* A day from before the key, or the ledger is an older one again. */
		nv_info("a day is sealed without a key: the key begins later");
	} else {
		led_seal_key_evolve(&key, seal->day);
		led_seal_mac(&key, seal, seal->mac);
		seal->has_mac = true;
		e->figures.seal_problem[0] = '\0';
		e->key_told = false;
	}
	explicit_bzero(&key, sizeof(key));
}

/* The key goes on to the day after `day`. Done again at every start: a kill between the
 * commit of a seal and this leaves a key that could make that seal a second time, and
 * nothing worse. */
static void
forget_key(struct eng_evidence *e, uint32_t day)
{
	struct led_seal_key key;
	int rc = led_seal_key_load(e->key_path, &key);

	if (rc == 0 && key.day <= day &&
		memcmp(key.ledger, led_id(e->eng->led), sizeof(key.ledger)) == 0) {
		led_seal_key_evolve(&key, day + 1);
		rc = led_seal_key_store(e->key_path, &key);
		if (rc < 0)
			seal_problem(e, strerror(-rc));
	}
	explicit_bzero(&key, sizeof(key));
}

static void
commit_seal(struct eng_evidence *e, struct led_seal *seal)
{
	struct eng *eng = e->eng;
	struct eng_txn txn;
	char line[LED_SEAL_LINE_BYTES];
	char state[LED_SEAL_STATE_BYTES];

	authenticate(e, seal);
	size_t n = led_seal_line(seal, line);

	led_seal_state_key(seal->day, state);
	eng_txn_begin(eng, &txn);
	struct led_event ev = {.kind = LED_SEAL,
		.claimed_ns = txn.now_ns,
		.received_ns = txn.now_ns,
		.line = line,
		.line_bytes = n};

	if (eng_txn_event(eng, &txn, NULL, &ev, NULL) != 0 ||
		led_batch_state_put(txn.batch, state, line, n) != 0)
		eng_ledger_trouble(eng, "the ledger does not take a seal");
	eng_txn_commit(eng, &txn);
	led_sealer_sealed(&e->sealer);
	if (seal->has_mac)
		forget_key(e, seal->day);
	nv_info("%s: %llu batches", state, (unsigned long long)seal->batches);
}

static void
again(struct eng_evidence *e, ev_timer *timer, double after_s)
{
	ev_timer_stop(e->eng->loop, timer);
	ev_timer_set(timer, after_s, 0.);
	ev_timer_start(e->eng->loop, timer);
}

static void
on_seal(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct eng_evidence *e = w->data;
	struct led_seal seal;
	/* A commit comes at least at this time: it ends the day at hand for good. */
	int64_t now = NV_MAX(nv_wall_ns(), led_last_time(e->eng->led));
	int rc = led_sealer_step(&e->sealer, SEAL_ROWS, now, &seal);

	(void)loop;
	(void)revents;
	if (rc == 1)
		commit_seal(e, &seal);
	if (rc < 0)
		nv_error("the chain of the ledger cannot be read for a seal: %s",
			strerror(-rc));
	if (rc > 0) {
		again(e, &e->seal, SEAL_MORE_S);
		return;
	}
	/* Nothing is left to read: look again when the day is over, unless a commit comes
	 * first. */
	int64_t day_ns = INT64_C(86400) * NV_NS_PER_SEC;
	double left_s = (double)(day_ns - now % day_ns) / 1e9 + SEAL_AFTER_S;

	again(e, &e->seal, NV_MIN(left_s, SEAL_LOOK_S));
}

void
eng_evidence_after_commit(struct eng *eng)
{
	struct eng_evidence *e = eng->evidence;

	if (e && ev_timer_remaining(eng->loop, &e->seal) > SEAL_AFTER_S)
		again(e, &e->seal, SEAL_AFTER_S);
}

static int
open_seals(struct eng_evidence *e)
{
	struct led_view *v = NULL;
	struct led_seal last = {0};
	int rc = led_sealer_open(&e->sealer, e->eng->led);

	if (rc == 0)
		rc = led_view_begin(e->eng->led, &v, NULL);
	if (rc < 0)
		return rc;
	rc = led_view_seal_last(v, &last);
	led_view_end(v);
	if (rc == 0)
		forget_key(e, last.day);
	return rc == -ENOENT ? 0 : rc;
}

/* ---- anchors ---- */

static void
schedule_anchor(struct eng_evidence *e, bool after_failure)
{
	const struct nv_config *config = e->eng->config;
	double every_s = (double)config->anchor_every_ms / 1000.;

	ev_timer_stop(e->eng->loop, &e->anchor);
	e->anchor_every_ms = config->anchor_every_ms;
	if (config->anchor_file || config->anchor_command)
		again(e, &e->anchor,
			after_failure ? NV_MIN(every_s, ANCHOR_AGAIN_S) : every_s);
}

static void
anchor_failed(struct eng_evidence *e, const char *where, const char *problem)
{
	struct eng_evidence_figures *f = &e->figures;

	e->failed = true;
	(void)snprintf(f->anchor_problem, sizeof(f->anchor_problem),
		"the ledger's head was not handed out: %s: %s", where, problem);
	nv_error("%s", f->anchor_problem);
}

/* Both are through. */
static void
anchor_settled(struct eng_evidence *e)
{
	struct eng_evidence_figures *f = &e->figures;

	if (e->to_file.pid != 0 || e->to_command.pid != 0)
		return;
	if (!e->failed) {
		if (f->anchor_problem[0])
			nv_info("the ledger's head is handed out again");
		f->anchor_problem[0] = '\0';
		e->done_batch = e->last.batch;
	}
	schedule_anchor(e, e->failed);
}

static void
on_handed_out(struct eng_handout *h, const char *problem)
{
	struct eng_evidence *e = h->owner;

	if (problem)
		anchor_failed(e,
			h == &e->to_file ? "ledger.anchor.file" : "ledger.anchor.command",
			problem);
	anchor_settled(e);
}

static void
hand_out(struct eng_evidence *e, const char *line, size_t bytes)
{
	const struct nv_config *config = e->eng->config;
	char append[] = "--append-anchor";
	char self[] = "nova-engine";
	char *argv[] = {self, append, config->anchor_file, NULL};
	int rc = 0;

	e->failed = false;
	if (config->anchor_file)
		rc = eng_handout_start(&e->to_file, "/proc/self/exe", argv, line, bytes,
			ANCHOR_TIMEOUT_S);
	if (rc < 0)
		anchor_failed(e, "ledger.anchor.file", strerror(-rc));
	rc = 0;
	if (config->anchor_command)
		rc = eng_handout_start(&e->to_command, config->anchor_command[0],
			config->anchor_command, line, bytes, ANCHOR_TIMEOUT_S);
	if (rc < 0)
		anchor_failed(e, "ledger.anchor.command", strerror(-rc));
	anchor_settled(e);
}

static void
on_anchor(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct eng_evidence *e = w->data;
	char line[LED_ANCHOR_LINE_BYTES + 1];
	struct led_view *v = NULL;
	int rc = led_view_begin(e->eng->led, &v, NULL);

	(void)loop;
	(void)revents;
	/* A process that hangs in a dead file system: it is not joined by others. */
	if (e->to_file.pid != 0 || e->to_command.pid != 0) {
		if (rc == 0)
			led_view_end(v);
		schedule_anchor(e, true);
		return;
	}
	if (rc == 0) {
		rc = led_anchor_of(v, nv_wall_ns(), &e->last);
		led_view_end(v);
	}
	if (rc < 0) {
		anchor_failed(e, "the ledger", strerror(-rc));
		schedule_anchor(e, true);
		return;
	}
	if (e->last.batch == e->done_batch) {
		schedule_anchor(e, false);
		return;
	}
	size_t n = led_anchor_line(&e->last, line);

	line[n++] = '\n';
	hand_out(e, line, n);
}

int
eng_evidence_append(const char *path)
{
	char line[PIPE_BUF];
	NV_CLEANUP_FD fd = -1;
	ssize_t n = nv_read_full(STDIN_FILENO, line, sizeof(line));
	int rc = n < 0 ? (int)n : 0;

	if (rc == 0) {
		fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
		rc = fd < 0 ? -errno : nv_write_full(fd, line, (size_t)n);
	}
	if (rc == 0 && fsync(fd) < 0 && errno != EINVAL) /* a FIFO cannot be synced */
		rc = -errno;
	if (rc < 0)
		nv_error("%s: %s", path, strerror(-rc));
	return rc < 0 ? NV_EXIT_FAILED : NV_EXIT_OK;
}

/* ---- start and end ---- */

int
eng_evidence_open(struct eng *eng)
{
	struct eng_evidence *e = calloc(1, sizeof(*e));

	if (!e)
		return -ENOMEM;
	e->eng = eng;
	(void)snprintf(e->key_path, sizeof(e->key_path), "%s/seal.key", eng->state_dir);
	ev_init(&e->seal, on_seal);
	ev_init(&e->anchor, on_anchor);
	e->seal.data = e;
	e->anchor.data = e;
	eng_handout_init(&e->to_file, eng->loop, on_handed_out, e);
	eng_handout_init(&e->to_command, eng->loop, on_handed_out, e);
	int rc = open_seals(e);

	if (rc < 0) {
		free(e);
		return rc;
	}
	eng->evidence = e;
	again(e, &e->seal, SEAL_MORE_S);
	e->anchor_every_ms = eng->config->anchor_every_ms;
	if (eng->config->anchor_file || eng->config->anchor_command)
		again(e, &e->anchor, SEAL_AFTER_S); /* the first at once */
	return 0;
}

void
eng_evidence_config(struct eng *eng)
{
	struct eng_evidence *e = eng->evidence;
	bool wanted = eng->config->anchor_file || eng->config->anchor_command;

	/* What is under way schedules the next by itself. A reload that changes nothing
	 * of it does not put it off: they may come more often. */
	if (!e || e->to_file.pid != 0 || e->to_command.pid != 0 ||
		(wanted && ev_is_active(&e->anchor) &&
			e->anchor_every_ms == eng->config->anchor_every_ms))
		return;
	schedule_anchor(e, false);
}

void
eng_evidence_figures(const struct eng *eng, struct eng_evidence_figures *ret)
{
	*ret = eng->evidence ? eng->evidence->figures : (struct eng_evidence_figures){0};
}

void
eng_evidence_close(struct eng *eng)
{
	struct eng_evidence *e = eng->evidence;

	if (!e)
		return;
	ev_timer_stop(eng->loop, &e->seal);
	ev_timer_stop(eng->loop, &e->anchor);
	eng_handout_fini(&e->to_file);
	eng_handout_fini(&e->to_command);
	eng->evidence = NULL;
	free(e);
}
