/* logs: what workers printed, from the files nova-logger keeps. No daemon is needed. */
#include "nv_name.h"
#include "paths.h"
#include "sup_client.h"
#include "tail.h"
#include "verbs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct sink {
	struct ctl *ctl;
	json_t *lines; /* NULL unless one object is collected */
	bool follow;
};

static int
take_line(void *arg, const char *line, size_t bytes)
{
	struct sink *sink = arg;
	const struct ctl_out *out = &sink->ctl->out;

	if (sink->lines) {
		(void)json_array_append_new(sink->lines, ctl_json_text(line, bytes));
	} else if (out->json) {
		ctl_json_line(
			ctl_need(json_pack("{s:o}", "line", ctl_json_text(line, bytes))));
		sink->ctl->out.json_done = true; /* an error is no object any more */
	} else if (out->tty) {
		struct nv_buf buf;

		nv_buf_init(&buf, bytes * 8 + 64);
		ctl_safe(&buf, line, bytes, false);
		(void)printf("%s\n", buf.data ? buf.data : "");
		nv_buf_fini(&buf);
	} else {
		(void)fwrite(line, 1, bytes, stdout);
		(void)fputc('\n', stdout);
	}
	if (sink->follow)
		(void)fflush(stdout);
	return ferror(stdout) ? -EIO : 0;
}

/* Why there is no file: a worker without output, or no such worker? */
static int
no_file(struct ctl *ctl, const char *name, const char *path)
{
	struct ctl_sup sup;
	struct ctl_fleet fleet;
	struct nv_err err = {0};
	bool known = false;
	bool asked = false;

	if (ctl_sup_open(&sup, &ctl->paths, &err) == NV_EXIT_OK &&
		ctl_sup_status(&sup, "", &fleet, &err) == NV_EXIT_OK) {
		asked = true;
		known = ctl_fleet_worker(&fleet, name) != NULL;
		ctl_fleet_clear(&fleet);
	}
	ctl_sup_close(&sup);
	if (known)
		return ctl_fail(
			&ctl->out, NV_EXIT_NO, "%s has not printed anything yet", name);
	return ctl_fail(&ctl->out, NV_EXIT_NO, "%s%s: there is no such file",
		asked ? "there is no such worker: " : "", path);
}

int
ctl_verb_logs(struct ctl *ctl)
{
	const char *name = ctl->args.words[0];
	struct sink sink = {.ctl = ctl, .follow = ctl_opt(&ctl->args, "follow") != NULL};
	struct ctl_tail tail;
	struct nv_err err = {0};
	char path[NV_PATH_MAX + NV_NAME_MAX + 8];
	int64_t n;

	if (ctl_opt_number(&ctl->args, "lines", 0, CTL_TAIL_LINES_MAX, 50, &n, &err) < 0)
		return ctl_fail_err(&ctl->out, NV_EXIT_USAGE, &err);
	if (!nv_name_valid(name))
		return ctl_fail(
			&ctl->out, NV_EXIT_USAGE, "\"%s\" is no name of a worker", name);
	int code = ctl_paths_need(ctl, CTL_PLACE_LOG_DIR);

	if (code != NV_EXIT_OK)
		return code;
	(void)snprintf(path, sizeof(path), "%s/%s.log", ctl->paths.log_dir, name);
	if (ctl->out.json && !sink.follow)
		sink.lines = ctl_need(json_array());
	int rc = ctl_tail_open(&tail, path, (size_t)n, sink.follow, take_line, &sink);

	if (rc == 0 && sink.follow) {
		(void)fflush(stdout);
		rc = ctl_tail_follow(&tail, take_line, &sink);
	}
	if (rc == -ENOENT)
		code = no_file(ctl, name, path);
	else if (rc < 0)
		code = ctl_fail(&ctl->out, NV_EXIT_FAILED, "%s: %s", path, strerror(-rc));
	else if (sink.lines)
		ctl_json(&ctl->out, ctl_need(json_pack("{s:s, s:s, s:O}", "worker", name,
					    "file", path, "lines", sink.lines)));
	ctl_tail_fini(&tail);
	json_decref(sink.lines);
	return code;
}
