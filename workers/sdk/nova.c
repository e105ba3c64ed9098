/* libnova: see nova.h. */
#include "line.h"
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- connection ---- */

static int
env_int(const char *name, int64_t max, int64_t missing, int64_t *ret)
{
	const char *text = getenv(name);
	char *end;

	if (!text || !*text) {
		*ret = missing;
		return 0;
	}
	errno = 0;
	long long v = strtoll(text, &end, 10);

	if (errno || *end || v < 0 || v > max)
		return -EINVAL;
	*ret = v;
	return 0;
}

static char *
env_copy(const char *name)
{
	const char *text = getenv(name);

	return strdup(text ? text : "");
}

int
nova_worker_open_fds(int event_fd, int control_fd, struct nova_worker **ret)
{
	int64_t number;

	if (event_fd < 0 || fcntl(event_fd, F_GETFD) < 0)
		return -EBADF;
	struct nova_worker *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	w->event_fd = event_fd;
	w->control_fd =
		control_fd >= 0 && fcntl(control_fd, F_GETFD) >= 0 ? control_fd : -1;
	w->ready_fd = -1;
	w->name = env_copy("NOVA_WORKER");
	w->params = env_copy("NOVA_PARAMS");
	w->variant = env_copy("NOVA_VARIANT");
	w->run_id = env_copy("NOVA_RUN_ID");
	w->buf = malloc(CONTROL_BYTES_MAX + 1);
	if (!w->name || !w->params || !w->variant || !w->run_id || !w->buf) {
		nova_worker_close(w);
		return -ENOMEM;
	}
	if (env_int("NOVA_INSTANCE", INT32_MAX, 0, &number) == 0)
		w->instance = (int)number;
	if (env_int("NOVA_GENERATION", INT32_MAX, 0, &number) == 0)
		w->generation = (int)number;
	if (env_int("NOVA_RUN_INTERVAL_MS", INT64_MAX, 0, &number) == 0)
		w->run_interval_ms = number;
	*ret = w;
	return 0;
}

int
nova_worker_open(struct nova_worker **ret)
{
	int64_t event_fd;
	int64_t control_fd;
	int64_t ready_fd;

	if (env_int("NOVA_EVENT_FD", INT32_MAX, -1, &event_fd) < 0 ||
		env_int("NOVA_CONTROL_FD", INT32_MAX, -1, &control_fd) < 0)
		return -EBADF;
	int rc = nova_worker_open_fds((int)event_fd, (int)control_fd, ret);

	/* One that is not open any more was closed by whoever has said it. */
	if (rc == 0 && env_int("NOVA_READY_FD", INT32_MAX, -1, &ready_fd) == 0 &&
		ready_fd > STDERR_FILENO && fcntl((int)ready_fd, F_GETFD) >= 0)
		(*ret)->ready_fd = (int)ready_fd;
	return rc;
}

void
nova_worker_close(struct nova_worker *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->n_kept; i++)
		free(w->kept[i]);
	free(w->current);
	free(w->params_text);
	free(w->buf);
	free(w->name);
	free(w->params);
	free(w->variant);
	free(w->run_id);
	free(w);
}

const char *
nova_worker_name(const struct nova_worker *w)
{
	return w->name;
}

const char *
nova_worker_params(const struct nova_worker *w)
{
	return w->params;
}

const char *
nova_worker_variant(const struct nova_worker *w)
{
	return w->variant;
}

const char *
nova_worker_run_id(const struct nova_worker *w)
{
	return w->run_id;
}

int
nova_worker_instance(const struct nova_worker *w)
{
	return w->instance;
}

int
nova_worker_generation(const struct nova_worker *w)
{
	return w->generation;
}

int64_t
nova_worker_run_interval_ms(const struct nova_worker *w)
{
	return w->run_interval_ms;
}

/* ---- events ---- */

/* The program may not ignore SIGPIPE, and must not die of a report: the signal that our
 * own write raises in this thread is taken back, and no other. */
static int
write_line(int fd, const char *text, size_t bytes)
{
	static const struct timespec at_once;
	sigset_t pipe_set;
	sigset_t before;
	sigset_t waiting;
	int rc = 0;

	(void)sigemptyset(&pipe_set);
	(void)sigaddset(&pipe_set, SIGPIPE);
	(void)sigpending(&waiting);
	if (pthread_sigmask(SIG_BLOCK, &pipe_set, &before) != 0)
		return -EINVAL;
	for (;;) {
		ssize_t n = write(fd, text, bytes);

		if (n == (ssize_t)bytes)
			break;
		if (n >= 0) {
			/* No pipe: a file on a full disk, a socket. Try the rest. */
			text += n;
			bytes -= (size_t)n;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN) {
			rc = -errno;
			break;
		}
		struct pollfd p = {.fd = fd, .events = POLLOUT};

		(void)poll(&p, 1, -1); /* the write says what is wrong */
	}
	if (rc == -EPIPE && sigismember(&waiting, SIGPIPE) == 0)
		(void)sigtimedwait(&pipe_set, NULL, &at_once);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

static int
line_send(struct nova_worker *w, struct nova_line *l)
{
	int rc = nova_line_end(l);

	return rc < 0 ? rc : write_line(w->event_fd, l->text, l->bytes);
}

int
nova_worker_send(struct nova_worker *w, const char *json)
{
	struct nova_line l;
	size_t bytes = strlen(json);

	if (bytes == 0 || strchr(json, '\n'))
		return -EINVAL;
	if (bytes >= sizeof(l.text))
		return -EMSGSIZE;
	memcpy(l.text, json, bytes);
	l.text[bytes] = '\n';
	return write_line(w->event_fd, l.text, bytes + 1);
}

int
nova_worker_ready(struct nova_worker *w)
{
	struct nova_line l;

	nova_line_begin(&l, "ready");
	int rc = line_send(w, &l);

	if (rc < 0 || w->ready_fd < 0)
		return rc;
	ssize_t n;

	do
		n = write(w->ready_fd, "\n", 1);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	(void)close(w->ready_fd);
	w->ready_fd = -1;
	return 0;
}

int
nova_worker_heartbeat(struct nova_worker *w, const char *status)
{
	struct nova_line l;

	nova_line_begin(&l, "heartbeat");
	nova_line_note(&l, "status", status);
	return line_send(w, &l);
}

int
nova_worker_progress(struct nova_worker *w, int64_t done, const char *status)
{
	struct nova_line l;

	nova_line_begin(&l, "heartbeat");
	nova_line_int(&l, "progress", done);
	nova_line_note(&l, "status", status);
	return line_send(w, &l);
}

int
nova_worker_run(struct nova_worker *w, bool ok, int64_t duration_ms, const char *error,
	const struct nova_event_options *options)
{
	struct nova_line l;

	nova_line_begin(&l, "run");
	nova_line_raw(&l, "ok", ok ? "true" : "false");
	if (duration_ms >= 0)
		nova_line_int(&l, "duration_ms", duration_ms);
	nova_line_note(&l, "error", error);
	nova_line_options(&l, options);
	return line_send(w, &l);
}

int
nova_worker_usage(struct nova_worker *w, const struct nova_usage *usage,
	const struct nova_event_options *options)
{
	struct nova_line l;

	if (!usage || !usage->model)
		return -EINVAL;
	const struct {
		const char *key;
		int64_t count;
	} counts[] = {
		{"gen_ai.usage.input_tokens", usage->input_tokens},
		{"gen_ai.usage.output_tokens", usage->output_tokens},
		{"gen_ai.usage.cache_read.input_tokens", usage->cache_read_tokens},
		{"gen_ai.usage.cache_creation.input_tokens", usage->cache_write_tokens},
	};

	nova_line_begin(&l, "usage");
	nova_line_name(&l, "gen_ai.provider.name", usage->provider);
	nova_line_name(&l, "gen_ai.request.model", usage->model);
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		if (counts[i].count < -1)
			return -EINVAL;
		if (counts[i].count >= 0)
			nova_line_int(&l, counts[i].key, counts[i].count);
	}
	nova_line_options(&l, options);
	return line_send(w, &l);
}

int
nova_worker_metric(struct nova_worker *w, const char *name, double value,
	const struct nova_event_options *options)
{
	struct nova_line l;
	char text[64];

	if (!name || !isfinite(value))
		return -EINVAL;
	(void)snprintf(text, sizeof(text), "%.17g", value);
	/* The program's locale may have its own decimal point, of any length. */
	size_t before = strspn(text, "-0123456789");
	size_t point = strcspn(text + before, "0123456789eE");

	if (point > 0) {
		const char *rest = text + before + point;

		text[before] = '.';
		memmove(text + before + 1, rest, strlen(rest) + 1);
	}
	nova_line_begin(&l, "metric");
	nova_line_name(&l, "name", name);
	nova_line_raw(&l, "value", text);
	nova_line_options(&l, options);
	return line_send(w, &l);
}

static int
send_money(struct nova_worker *w, const char *event, const char *amount,
	const struct nova_event_options *options)
{
	struct nova_line l;
	int64_t nano;
	int rc = nova_amount_parse(amount, &nano);

	if (rc < 0)
		return rc;
	nova_line_begin(&l, event);
	nova_line_name(&l, "amount", amount);
	nova_line_options(&l, options);
	return line_send(w, &l);
}

int
nova_worker_cost(struct nova_worker *w, const char *amount,
	const struct nova_event_options *options)
{
	return send_money(w, "cost", amount, options);
}

int
nova_worker_revenue(struct nova_worker *w, const char *amount,
	const struct nova_event_options *options)
{
	return send_money(w, "revenue", amount, options);
}

int
nova_worker_refund(struct nova_worker *w, const char *amount,
	const struct nova_event_options *options)
{
	return send_money(w, "refund", amount, options);
}

int
nova_worker_dispute(struct nova_worker *w, const char *amount,
	const struct nova_event_options *options)
{
	return send_money(w, "dispute", amount, options);
}

int
nova_worker_fee(struct nova_worker *w, const char *amount,
	const struct nova_event_options *options)
{
	return send_money(w, "fee", amount, options);
}

int
nova_worker_payout(struct nova_worker *w, const char *amount,
	const struct nova_event_options *options)
{
	return send_money(w, "payout", amount, options);
}

int
nova_ask(struct nova_worker *w, const char *id, const char *amount,
	const struct nova_event_options *options)
{
	struct nova_event_options o = {.id = id};

	if (options) {
		o.currency = options->currency;
		o.operation = options->operation;
	}
	return send_money(w, "reserve", amount, &o);
}

int
nova_worker_release(struct nova_worker *w, const char *id)
{
	struct nova_line l;

	if (!id || !*id)
		return -EINVAL;
	nova_line_begin(&l, "release");
	nova_line_name(&l, "of", id);
	return line_send(w, &l);
}
