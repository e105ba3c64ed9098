/* What libnova hears: control lines, one at a time, and acknowledgements. */
#include "line.h"
#include "worker.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int64_t
mono_ms(void)
{
	struct timespec ts = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &ts); /* cannot fail for this clock */
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void
decode(struct nova_control *c, const char *line)
{
	static const struct {
		const char *name;
		enum nova_control_kind kind;
	} kinds[] = {
		{"ack", NOVA_CONTROL_ACK},
		{"pause", NOVA_CONTROL_PAUSE},
		{"resume", NOVA_CONTROL_RESUME},
		{"params", NOVA_CONTROL_PARAMS},
		{"budget", NOVA_CONTROL_BUDGET},
		{"stop", NOVA_CONTROL_STOP},
		{"reserved", NOVA_CONTROL_RESERVED},
		{"refused", NOVA_CONTROL_REFUSED},
	};
	char name[32] = "";
	size_t bytes;
	const char *raw = nova_json_member(line, "control", &bytes);

	*c = (struct nova_control){.line = line, .params = "", .grace_ms = -1};
	if (raw)
		(void)nova_json_string(raw, bytes, name, sizeof(name)); /* OTHER then */
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(name, kinds[i].name) == 0)
			c->kind = kinds[i].kind;
	}
	raw = nova_json_member(line, "id", &bytes);
	if (raw && nova_json_string(raw, bytes, c->id, sizeof(c->id)) < 0)
		c->id[0] = '\0';
	raw = nova_json_member(line, "remaining", &bytes);
	if (raw && nova_json_string(raw, bytes, c->remaining, sizeof(c->remaining)) < 0)
		c->remaining[0] = '\0';
	/* Nothing remains when there is a minus sign or no digit but zero. */
	c->spent = c->remaining[0] &&
		   (c->remaining[0] == '-' || !strpbrk(c->remaining, "123456789"));
	raw = nova_json_member(line, "currency", &bytes);
	if (raw && nova_json_string(raw, bytes, c->currency, sizeof(c->currency)) < 0)
		c->currency[0] = '\0';
	raw = nova_json_member(line, "grace_ms", &bytes);
	if (raw && *raw >= '0' && *raw <= '9')
		c->grace_ms = strtoll(raw, NULL, 10);
}

/* Take the first whole line out of the buffer: a heap string, or NULL. */
static char *
take_line(struct nova_worker *w)
{
	for (;;) {
		char *newline = memchr(w->buf, '\n', w->buf_bytes);

		if (!newline) {
			if (w->buf_bytes == CONTROL_BYTES_MAX) {
				w->skip = true; /* too long for any line we know */
				w->buf_bytes = 0;
			}
			return NULL;
		}
		size_t bytes = (size_t)(newline - w->buf);
		char *line = NULL;

		if (w->skip)
			w->skip = false;
		else if (bytes > 0 && !memchr(w->buf, '\0', bytes))
			line = strndup(w->buf, bytes);
		w->buf_bytes -= bytes + 1;
		memmove(w->buf, newline + 1, w->buf_bytes);
		if (line)
			return line;
	}
}

/* The next line from the pipe. 1 with *ret_line (owned by the caller), 0 when the
 * deadline passes (-1: none), or negative errno. */
static int
next_line(struct nova_worker *w, int64_t deadline_ms, char **ret_line)
{
	if (w->control_fd < 0)
		return -ENOTCONN;
	for (;;) {
		char *line = take_line(w);
		struct pollfd p = {.fd = w->control_fd, .events = POLLIN};
		int wait_ms = -1;

		if (line) {
			*ret_line = line;
			return 1;
		}
		if (w->closed)
			return -EPIPE;
		if (deadline_ms >= 0) {
			int64_t left = deadline_ms - mono_ms();

			wait_ms = left > INT32_MAX ? INT32_MAX : left > 0 ? (int)left : 0;
		}
		int n = poll(&p, 1, wait_ms);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return 0;
		if (n < 0)
			continue;
		ssize_t got = read(w->control_fd, w->buf + w->buf_bytes,
			CONTROL_BYTES_MAX - w->buf_bytes);

		if (got < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		if (got == 0)
			w->closed = true;
		if (got > 0)
			w->buf_bytes += (size_t)got;
	}
}

static char *
take_kept(struct nova_worker *w, size_t i)
{
	char *line = w->kept[i];

	w->n_kept--;
	memmove(&w->kept[i], &w->kept[i + 1], (w->n_kept - i) * sizeof(w->kept[0]));
	return line;
}

/* An answer to one question, which only who asked it waits for. */
static bool
is_answer(const struct nova_control *c, bool ack)
{
	return ack ? c->kind == NOVA_CONTROL_ACK
		   : c->kind == NOVA_CONTROL_RESERVED || c->kind == NOVA_CONTROL_REFUSED;
}

static bool
is_any_answer(const char *line)
{
	struct nova_control c;

	decode(&c, line);
	return is_answer(&c, true) || is_answer(&c, false);
}

static void
keep(struct nova_worker *w, char *line)
{
	/* Full: an answer nobody waited for goes before a command does. */
	for (size_t i = 0; i < w->n_kept && w->n_kept == KEPT_MAX; i++) {
		if (is_any_answer(w->kept[i]))
			free(take_kept(w, i));
	}
	if (w->n_kept == KEPT_MAX)
		free(take_kept(w, 0));
	w->kept[w->n_kept++] = line;
}

static int64_t
deadline(int timeout_ms)
{
	return timeout_ms < 0 ? -1 : mono_ms() + timeout_ms;
}

int
nova_worker_control(struct nova_worker *w, struct nova_control *ret, int timeout_ms)
{
	int64_t until_ms = deadline(timeout_ms);
	char *line = NULL;
	size_t bytes;

	while (!line) {
		int rc = 1;

		if (w->n_kept > 0)
			line = take_kept(w, 0);
		else
			rc = next_line(w, until_ms, &line);
		if (rc <= 0)
			return rc;
		if (!nova_json_member(line, "control", &bytes)) {
			free(line); /* no control line at all */
			line = NULL;
		}
	}
	free(w->current);
	free(w->params_text);
	w->current = line;
	w->params_text = NULL;
	decode(ret, line);
	const char *raw = nova_json_member(line, "params", &bytes);

	if (raw && *raw == '{') {
		w->params_text = strndup(raw, bytes);
		if (!w->params_text)
			return -ENOMEM;
		ret->params = w->params_text;
	}
	return 1;
}

int
nova_worker_control_fd(const struct nova_worker *w)
{
	return w->control_fd;
}

static bool
is_answer_for(const char *line, const char *id, bool ack)
{
	struct nova_control c;

	decode(&c, line);
	return is_answer(&c, ack) && strcmp(c.id, id) == 0;
}

/* The line that answers, owned by the caller; negative errno. */
static int
wait_answer(struct nova_worker *w, const char *id, bool ack, int timeout_ms, char **ret)
{
	int64_t until_ms = deadline(timeout_ms);

	for (size_t i = 0; i < w->n_kept; i++) {
		if (is_answer_for(w->kept[i], id, ack)) {
			*ret = take_kept(w, i);
			return 0;
		}
	}
	for (;;) {
		char *line = NULL;
		int rc = next_line(w, until_ms, &line);

		if (rc == 0)
			return -ETIMEDOUT;
		if (rc < 0)
			return rc;
		if (is_answer_for(line, id, ack)) {
			*ret = line;
			return 0;
		}
		keep(w, line);
	}
}

int
nova_worker_wait_ack(struct nova_worker *w, const char *id, int timeout_ms)
{
	char *line;

	if (!id || !*id)
		return -EINVAL;
	int rc = wait_answer(w, id, true, timeout_ms, &line);

	if (rc == 0)
		free(line);
	return rc;
}

static void
read_refusal(const char *line, struct nova_refusal *ret)
{
	size_t bytes;
	const char *raw = nova_json_member(line, "reason", &bytes);

	*ret = (struct nova_refusal){.reason = ""};
	if (raw && nova_json_string(raw, bytes, ret->reason, sizeof(ret->reason)) < 0)
		ret->reason[0] = '\0';
	raw = nova_json_member(line, "retry_after_s", &bytes);
	if (raw && *raw >= '0' && *raw <= '9' && bytes < 10)
		ret->retry_ms = strtoll(raw, NULL, 10) * 1000;
}

int
nova_worker_reserve(struct nova_worker *w, const char *id, const char *amount,
	const struct nova_event_options *options, int timeout_ms,
	struct nova_refusal *ret)
{
	struct nova_control c;
	char *line = NULL;

	if (!id || !*id || strlen(id) > NOVA_ID_BYTES_MAX)
		return -EINVAL;
	if (w->control_fd < 0)
		return -ENOTCONN;
	int rc = nova_ask(w, id, amount, options);

	if (rc == 0)
		rc = wait_answer(w, id, false, timeout_ms, &line);
	if (rc < 0)
		return rc;
	decode(&c, line);
	if (c.kind == NOVA_CONTROL_REFUSED && ret)
		read_refusal(line, ret);
	free(line);
	return c.kind == NOVA_CONTROL_RESERVED;
}
