/* The replay's loop: see replay.h. */
#include "replay.h"

#include "nv_json.h"
#include "nv_log.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define OUT_MAX      (256u << 20)
#define REFUSALS_MAX 50 /* that are told; the rest is counted */

void
replay_init(struct replay *r)
{
	*r = (struct replay){.tick_s = 3600};
	nv_buf_init(&r->out, OUT_MAX);
}

void
replay_fini(struct replay *r)
{
	pol_free(r->pol);
	free(r->workers);
	free(r->events);
	replay_ids_fini(&r->ids);
	nv_buf_fini(&r->out);
}

struct replay_worker *
replay_find(const struct replay *r, const char *name)
{
	size_t lo = 0;
	size_t hi = r->n_workers;

	while (lo < hi) {
		size_t at = (lo + hi) / 2;
		int order = strcmp(r->workers[at].conf.name, name);

		if (order == 0)
			return &r->workers[at];
		if (order < 0)
			lo = at + 1;
		else
			hi = at;
	}
	return NULL;
}

/* ---- fields ---- */

int
replay_ts(const json_t *o, const char *key, int64_t *ret, struct nv_err *err)
{
	const json_t *v = json_object_get(o, key);

	if (!json_is_integer(v) || json_integer_value(v) < 0 ||
		json_integer_value(v) > INT64_C(100000000000))
		return nv_err_set(
			err, -EINVAL, "%s: expected Unix seconds, an integer", key);
	*ret = json_integer_value(v);
	return 0;
}

int
replay_amount(const json_t *o, const char *key, int64_t *ret, struct nv_err *err)
{
	const json_t *v = json_object_get(o, key);
	bool rounded;
	int64_t nano;

	if (!json_is_string(v))
		return nv_err_set(err, -EINVAL, "%s: expected a decimal string", key);
	int rc = nv_money_parse(json_string_value(v), json_string_length(v),
		NV_DECIMAL_EXACT, &nano, &rounded);

	if (rc == 0 && nano < 0)
		rc = -ERANGE;
	if (rc < 0)
		return nv_err_set(err, -EINVAL,
			"%s: expected a decimal string of 0 to 9200000000 with at most 9 "
			"decimals",
			key);
	*ret = nano;
	return 0;
}

int
replay_worker_of(
	struct replay *r, const json_t *o, struct replay_worker **ret, struct nv_err *err)
{
	const char *name;

	if (nv_json_need_str(o, "worker", ENG_REPLAY_TEXT_MAX, &name, err) < 0)
		return -EINVAL;
	*ret = replay_find(r, name);
	return *ret ? 0 : nv_err_set(err, -EINVAL, "worker: not in hello");
}

/* ---- ticks ---- */

static void
on_decision(const struct pol_decision *d, void *arg)
{
	struct replay *r = arg;
	struct replay_worker *w = replay_find(r, d->worker);

	/* Advice is for a person; the fleet of a replay has no word for retiring. */
	if (d->advice)
		return;
	if (d->action == POL_RETIRE) {
		(void)pol_answer(r->pol, d->worker, POL_DENIED, r->ts);
		return;
	}
	replay_show(r, d, w ? w->open : 0);
	if (!w || d->action == POL_LIMIT)
		return;
	w->open = d->action == POL_CANCEL ? 0 : r->decisions;
	w->granted = false;
}

/* What a person agreed to since the last tick is done after this one, if it holds. */
static void
check_granted(struct replay *r)
{
	for (size_t i = 0; i < r->n_workers; i++) {
		struct replay_worker *w = &r->workers[i];
		struct pol_decision d;
		int64_t ts;

		if (!w->granted || pol_open_get(r->pol, w->conf.name, &d, &ts) < 0)
			continue;
		w->granted = false;
		if (pol_recheck(r->pol, &d, r->ts, &d.why))
			continue;
		d.action = POL_CANCEL;
		(void)snprintf(d.text, sizeof d.text, "it does not hold any more: %s",
			d.why.rule);
		replay_show(r, &d, w->open);
		(void)pol_answer(r->pol, w->conf.name, POL_VOID, r->ts);
		w->open = 0;
	}
}

static int
on_tick(struct replay *r, const json_t *o, struct nv_err *err)
{
	int64_t ts = 0;

	if (replay_ts(o, "ts", &ts, err) < 0)
		return -EINVAL;
	/* A clock that goes back gets its answer, and changes nothing until it has passed
	 * what it was. */
	if (ts >= r->ts) {
		r->ts = ts;
		int rc = replay_flush(r, ts);

		if (rc == 0) {
			check_granted(r);
			rc = pol_evaluate(r->pol, ts, on_decision, r);
		}
		if (rc < 0)
			return rc;
	}
	nv_buf_printf(&r->out, "{\"type\":\"done\",\"ts\":%" PRId64 "}\n", ts);
	return r->out.error;
}

static int
take(struct replay *r, const json_t *o, struct nv_err *err)
{
	const char *type;

	if (!json_is_object(o))
		return nv_err_set(err, -EINVAL, "expected a JSON object");
	if (nv_json_need_str(o, "type", ENG_REPLAY_TEXT_MAX, &type, err) < 0)
		return -EINVAL;
	if (strcmp(type, "end") == 0) {
		r->ended = true;
		return 0;
	}
	if (strcmp(type, "hello") == 0)
		return replay_hello(r, o, err);
	if (!r->pol)
		return nv_err_set(err, -EINVAL, "before hello");
	if (strcmp(type, "tick") == 0)
		return on_tick(r, o, err);
	if (strcmp(type, "ack") == 0)
		return replay_ack(r, o, err);
	if (strcmp(type, "approval") == 0)
		return replay_approval(r, o, err);
	return replay_event(r, type, o, err);
}

int
replay_line(struct replay *r, const char *line, size_t bytes, struct nv_err *err)
{
	json_error_t why;
	json_t *o = json_loadb(line, bytes, JSON_REJECT_DUPLICATES, &why);

	if (!o)
		return nv_err_set(err, -EINVAL, "not a line of JSON: %s", why.text);
	int rc = take(r, o, err);

	json_decref(o);
	return rc;
}

/* ---- the program ---- */

static void
refuse(struct replay *r, unsigned long long line, const struct nv_err *err)
{
	if (r->refused++ < REFUSALS_MAX)
		(void)fprintf(
			stderr, "nova-engine: line %llu refused: %s\n", line, err->text);
	else if (r->refused == REFUSALS_MAX + 1)
		(void)fprintf(
			stderr, "nova-engine: more lines refused; they are counted\n");
}

static enum nv_exit
lost(const char *what, int error)
{
	(void)fprintf(stderr, "nova-engine: %s: %s\n", what, strerror(error));
	return NV_EXIT_FAILED;
}

/* The next line into buf, without its newline; of one that is too long the rest is
 * skipped and buf remembers that. False at the end. */
static bool
next_line(FILE *in, struct nv_buf *buf)
{
	char part[4096];
	size_t n = 0;
	int c;

	nv_buf_clear(buf);
	while ((c = getc_unlocked(in)) != EOF && c != '\n') {
		part[n++] = (char)c;
		if (n == sizeof part) {
			nv_buf_add(buf, part, n);
			n = 0;
		}
	}
	nv_buf_add(buf, part, n);
	return c != EOF || buf->bytes > 0 || buf->error;
}

/* One line of the input. NV_EXIT_OK to go on. */
static enum nv_exit
work_line(struct replay *r, unsigned long long at, const struct nv_buf *line)
{
	struct nv_err err = {0};
	int rc = line->error ? nv_err_set(&err, -EINVAL, "longer than 64 MiB")
			     : replay_line(r, line->data, line->bytes, &err);

	if (rc == -EINVAL) {
		refuse(r, at, &err);
		return NV_EXIT_OK;
	}
	if (rc == -EPROTO) {
		(void)fprintf(stderr, "nova-engine: line %llu: %s\n", at, err.text);
		return NV_EXIT_USAGE;
	}
	return rc < 0 ? lost("replay", -rc) : NV_EXIT_OK;
}

static enum nv_exit
work(struct replay *r, FILE *in, FILE *out, struct nv_buf *line)
{
	for (unsigned long long at = 1; !r->ended && next_line(in, line); at++) {
		if (line->bytes == 0 && !line->error)
			continue;
		enum nv_exit code = work_line(r, at, line);

		if (code != NV_EXIT_OK)
			return code;
		if (r->out.bytes == 0)
			continue;
		if (fwrite(r->out.data, 1, r->out.bytes, out) != r->out.bytes ||
			fflush(out) != 0)
			return lost("standard output", errno);
		nv_buf_clear(&r->out);
	}
	if (ferror(in))
		return lost("standard input", errno);
	if (r->refused)
		(void)fprintf(
			stderr, "nova-engine: %" PRIu64 " lines refused\n", r->refused);
	return NV_EXIT_OK;
}

enum nv_exit
eng_replay(FILE *in, FILE *out)
{
	struct nv_buf line;
	struct replay r;

	(void)signal(SIGPIPE, SIG_IGN); /* a reader that goes away is a failing write */
	replay_init(&r);
	nv_buf_init(&line, ENG_REPLAY_LINE_MAX);
	enum nv_exit code = work(&r, in, out, &line);

	nv_buf_fini(&line);
	replay_fini(&r);
	return code;
}
