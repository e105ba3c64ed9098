/* The client of nova-engine: see engine_client.h. */
#include "engine_client.h"
#include "nv_clock.h"
#include "nv_fd.h"
#include "sup_client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_BYTES_MAX ((size_t)256 << 20)
#define READ_BYTES       65536

/* Why there is no engine, in the words of novasupd. */
static void
explain_absence(const struct ctl *ctl, struct nv_err *err)
{
	struct ctl_sup sup;
	struct nv_fleet fleet;
	struct nv_err ignored = {0};

	if (ctl_sup_open(&sup, &ctl->paths, &ignored) != NV_EXIT_OK) {
		nv_err_set(err, 0, "%s", ignored.text);
		return;
	}
	if (ctl_sup_status(&sup, "", &fleet, &ignored) == NV_EXIT_OK) {
		nv_err_set(err, 0, "nova-engine is not reachable: it is %s%s%s%s",
			fleet.nova.engine_state[0] ? fleet.nova.engine_state
						   : "not running",
			fleet.nova.engine_reason[0] ? " (" : "", fleet.nova.engine_reason,
			fleet.nova.engine_reason[0] ? ")" : "");
		nv_fleet_clear(&fleet);
	}
	ctl_sup_close(&sup);
}

int
ctl_engine_open_within(struct ctl_engine *engine, const struct ctl *ctl,
	const char *socket, const char *daemon, int64_t patience_ms, struct nv_err *err)
{
	*engine = (struct ctl_engine){.fd = -1, .daemon = daemon};
	nv_buf_init(&engine->in, ANSWER_BYTES_MAX);
	return ctl_connect(ctl->paths.run_dir, socket, SOCK_STREAM, daemon, patience_ms,
		engine->path, &engine->fd, err);
}

int
ctl_engine_open_at(struct ctl_engine *engine, const struct ctl *ctl, const char *socket,
	const char *daemon, struct nv_err *err)
{
	return ctl_engine_open_within(engine, ctl, socket, daemon, CTL_DEADLINE_MS, err);
}

int
ctl_engine_open(struct ctl_engine *engine, const struct ctl *ctl, struct nv_err *err)
{
	int code = ctl_engine_open_at(engine, ctl, "engine.sock", "nova-engine", err);

	if (code == NV_EXIT_UNREACHABLE)
		explain_absence(ctl, err);
	return code;
}

void
ctl_engine_close(struct ctl_engine *engine)
{
	nv_fd_close(&engine->fd);
	nv_buf_fini(&engine->in);
}

static int
send_all(struct ctl_engine *engine, const char *data, size_t bytes, struct nv_err *err)
{
	int64_t deadline_ms = nv_mono_ms() + CTL_DEADLINE_MS;

	while (bytes > 0) {
		ssize_t n = send(engine->fd, data, bytes, MSG_NOSIGNAL);
		int rc = n < 0 ? -errno : 0;

		if (n > 0) {
			data += n;
			bytes -= (size_t)n;
			continue;
		}
		if (rc == -EAGAIN)
			rc = ctl_poll(engine->fd, POLLOUT, deadline_ms);
		if (rc == 0 || rc == -EINTR)
			continue;
		return nv_err_set(err, NV_EXIT_UNREACHABLE,
			"%s on %s did not take the request: %s", engine->daemon,
			engine->path, strerror(-rc));
	}
	return NV_EXIT_OK;
}

int
ctl_engine_send(
	struct ctl_engine *engine, const char *verb, json_t *args, struct nv_err *err)
{
	return ctl_engine_send_object(engine,
		ctl_need(json_pack("{s:s, s:o}", "verb", verb, "args",
			args ? args : ctl_need(json_object()))),
		err);
}

int
ctl_engine_send_object(struct ctl_engine *engine, json_t *request, struct nv_err *err)
{
	char *line = json_dumps(request, JSON_COMPACT);

	json_decref(request);
	if (!line)
		return nv_err_set(err, NV_EXIT_FAILED, "out of memory");
	int code = send_all(engine, line, strlen(line), err);

	if (code == NV_EXIT_OK)
		code = send_all(engine, "\n", 1, err);
	free(line);
	return code;
}

/* Bytes up to a newline at the front of engine->in; searched is where to go on. */
static int
fill_line(struct ctl_engine *engine, int64_t deadline_ms, size_t *ret_bytes,
	struct nv_err *err)
{
	size_t searched = 0;

	for (;;) {
		char *nl = engine->in.bytes > searched
				   ? memchr(engine->in.data + searched, '\n',
					     engine->in.bytes - searched)
				   : NULL;

		if (nl) {
			*ret_bytes = (size_t)(nl - engine->in.data);
			return NV_EXIT_OK;
		}
		searched = engine->in.bytes;
		char chunk[READ_BYTES];
		ssize_t n = read(engine->fd, chunk, sizeof(chunk));
		int rc = n < 0 ? -errno : 0;

		if (n > 0) {
			nv_buf_add(&engine->in, chunk, (size_t)n);
			if (engine->in.error)
				return nv_err_set(err, NV_EXIT_FAILED,
					"the answer of %s is larger than %zu MiB",
					engine->daemon, ANSWER_BYTES_MAX >> 20);
			continue;
		}
		if (n == 0)
			return nv_err_set(err, NV_EXIT_UNREACHABLE,
				"%s closed the connection before it answered",
				engine->daemon);
		if (rc == -EAGAIN)
			rc = ctl_poll(engine->fd, POLLIN,
				deadline_ms < 0 ? INT64_MAX : deadline_ms);
		if (rc == -ETIMEDOUT)
			return nv_err_set(err, NV_EXIT_UNREACHABLE,
				"%s on %s has not answered in time (it hangs, or is "
				"very busy)",
				engine->daemon, engine->path);
		if (rc < 0 && rc != -EINTR)
			return nv_err_set(err, NV_EXIT_UNREACHABLE, "%s on %s: %s",
				engine->daemon, engine->path, strerror(-rc));
	}
}

static int
judge(const struct ctl_engine *engine, json_t *answer, json_t **ret_data,
	struct nv_err *err)
{
	json_t *ok = json_object_get(answer, "ok");
	json_t *data = json_object_get(answer, "data");
	json_t *code = json_object_get(answer, "code");
	const char *text = json_string_value(json_object_get(answer, "error"));

	if (json_is_true(ok) && json_is_object(data)) {
		*ret_data = json_incref(data);
		return NV_EXIT_OK;
	}
	if (!json_is_false(ok) || !text)
		return nv_err_set(err, NV_EXIT_FAILED,
			"%s sent an answer that is none: no \"ok\" with \"data\" or "
			"\"error\"",
			engine->daemon);
	json_int_t v = json_integer_value(code);
	int exit_code = v >= NV_EXIT_NO && v <= NV_EXIT_FAILED ? (int)v : NV_EXIT_FAILED;

	return nv_err_set(err, exit_code, "%s", text);
}

int
ctl_engine_recv(struct ctl_engine *engine, int64_t deadline_ms, json_t **ret_data,
	struct nv_err *err)
{
	json_t *answer = NULL;
	int code = ctl_engine_recv_object(engine, deadline_ms, ret_data, &answer, err);

	json_decref(answer);
	return code;
}

int
ctl_engine_recv_object(struct ctl_engine *engine, int64_t deadline_ms, json_t **ret_data,
	json_t **ret_answer, struct nv_err *err)
{
	size_t bytes;
	int code = fill_line(engine, deadline_ms, &bytes, err);
	json_error_t where;

	if (code != NV_EXIT_OK)
		return code;
	json_t *answer = json_loadb(
		engine->in.data, bytes, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &where);

	nv_buf_consume(&engine->in, bytes + 1);
	if (!answer)
		return nv_err_set(err, NV_EXIT_FAILED,
			"%s sent an answer that is no JSON: %s at byte %d",
			engine->daemon, where.text, where.position);
	*ret_answer = answer;
	return judge(engine, answer, ret_data, err);
}

int
ctl_engine_call(const struct ctl *ctl, const char *verb, json_t *args, json_t **ret_data,
	struct nv_err *err)
{
	struct ctl_engine engine;
	int code = ctl_engine_open(&engine, ctl, err);

	if (code == NV_EXIT_OK)
		code = ctl_engine_send(&engine, verb, args, err);
	else
		json_decref(args);
	if (code == NV_EXIT_OK)
		code = ctl_engine_recv(
			&engine, nv_mono_ms() + CTL_DEADLINE_MS, ret_data, err);
	ctl_engine_close(&engine);
	return code;
}

int
ctl_ask(struct ctl *ctl, const char *verb, json_t *args, json_t **ret_data)
{
	struct nv_err err = {0};
	int code = ctl_engine_call(ctl, verb, args, ret_data, &err);

	return code == NV_EXIT_OK ? code : ctl_fail_err(&ctl->out, code, &err);
}

void
ctl_put_option(const struct ctl *ctl, json_t *args, const char *option)
{
	const char *value = ctl_opt(&ctl->args, option);

	if (value)
		ctl_put_text(args, option, value);
}
