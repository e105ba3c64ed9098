/* ledger verify and export: straight from the files, whether or not anything runs. */
#include "anchor.h"
#include "ledger_open.h"
#include "nv_fd.h"
#include "seal.h"
#include "verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PROBLEMS_MAX 1000

struct problems {
	json_t *list; /* owned */
	size_t n;
};

static void
add_problem(void *arg, const char *problem)
{
	struct problems *p = arg;

	if (p->n++ < PROBLEMS_MAX)
		(void)json_array_append_new(p->list, ctl_json_str(problem));
}

/* What was kept elsewhere, read before anything is verified. */
struct evidence {
	struct led_seal_key key;
	struct led_anchors anchors;
	struct led_verify_options opt;
};

static int
load_evidence(struct ctl *ctl, struct evidence *e)
{
	const char *key = ctl_opt(&ctl->args, "seal-key");
	const char *anchors = ctl_opt(&ctl->args, "anchors");
	struct nv_err err = {0};
	int rc = key ? led_seal_key_load(key, &e->key) : 0;

	if (rc < 0)
		return ctl_fail(&ctl->out, NV_EXIT_USAGE, "%s: %s", key,
			rc == -EBADMSG
				? "expected the line nova-seal-1:LEDGER:DATE:KEY that "
				  "`novactl ledger seal --init` has shown"
				: strerror(-rc));
	if (key)
		e->opt.seal_key = &e->key;
	rc = anchors ? led_anchors_load(anchors, &e->anchors, &err) : 0;
	if (rc < 0)
		return ctl_fail(&ctl->out, NV_EXIT_USAGE, "%s", err.text);
	if (anchors)
		e->opt.anchors = &e->anchors;
	return NV_EXIT_OK;
}

/* Not a finding: who cannot read a ledger knows nothing of it. Opening it again says why.
 */
static int
unanswered(struct ctl *ctl, int rc)
{
	struct led *led;
	struct led_view *view;
	int code = ctl_ledger_open(ctl, &led, &view);

	if (code != NV_EXIT_OK)
		return code;
	led_view_end(view);
	led_close(led);
	return ctl_fail(&ctl->out, NV_EXIT_FAILED, "the ledger cannot be read: %s",
		strerror(-rc));
}

static int
verify(struct ctl *ctl, const struct led_verify_options *opt)
{
	char dir[CTL_LEDGER_DIR_BYTES];
	uint64_t checked = 0;
	int code = ctl_ledger_dir(ctl, dir);

	if (code != NV_EXIT_OK)
		return code;
	struct problems p = {.list = ctl_need(json_array())};

	if (access(dir, F_OK) < 0) {
		code = ctl_ledger_missing(ctl, dir, errno);
		json_decref(p.list);
		return code;
	}
	ctl_progress(&ctl->out, "verifying %s", dir);
	int rc = led_verify_contained_with(dir, opt, add_problem, &p, &checked);

	ctl_progress_end(&ctl->out);
	if (p.n == 0 && (rc == -EPROTONOSUPPORT || rc == -EACCES || rc == -EPERM)) {
		json_decref(p.list);
		return unanswered(ctl, rc);
	}
	if (rc < 0 && p.n == 0)
		add_problem(&p, strerror(-rc));
	bool ok = p.n == 0 && rc == 0;

	if (ctl->out.json) {
		ctl_json(&ctl->out,
			ctl_need(json_pack("{s:b, s:I, s:O, s:I}", "ok", ok,
				"checked_events", (json_int_t)checked, "problems", p.list,
				"n_problems", (json_int_t)p.n)));
	} else {
		size_t i;
		json_t *text;

		json_array_foreach(p.list, i, text)
			ctl_print(&ctl->out, CTL_RED, "%s\n", json_string_value(text));
		ctl_print(&ctl->out, ok ? CTL_GREEN : CTL_RED,
			"%s: %llu events checked, %zu "
			"problem%s\n",
			ok ? "good" : "BAD", (unsigned long long)checked, p.n,
			p.n == 1 ? "" : "s");
	}
	json_decref(p.list);
	return ok ? NV_EXIT_OK : NV_EXIT_NO;
}

int
ctl_verb_ledger_verify(struct ctl *ctl)
{
	struct evidence e = {0};
	int code = load_evidence(ctl, &e);

	if (code == NV_EXIT_OK)
		code = verify(ctl, &e.opt);
	led_anchors_fini(&e.anchors);
	explicit_bzero(&e.key, sizeof(e.key));
	return code;
}

/* Into a new file, or not at all. */
static int
export_file(struct led_view *view, enum led_format format, const char *output,
	struct nv_err *err)
{
	int fd = open(output, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return nv_err_set(err, -errno, "%s: %s", output, strerror(errno));
	int rc = led_export(view, format, fd, err);

	if (rc == 0 && fsync(fd) < 0)
		rc = nv_err_set(err, -errno, "%s: %s", output, strerror(errno));
	if (rc < 0)
		(void)unlink(output); /* half an export is none */
	nv_fd_close(&fd);
	return rc;
}

static int
export_to(struct ctl *ctl, struct led_view *view, enum led_format format,
	const char *output)
{
	struct nv_err err = {0};
	int rc;

	if (output) {
		rc = export_file(view, format, output, &err);
	} else {
		(void)fflush(stdout);
		rc = led_export(view, format, STDOUT_FILENO, &err);
		ctl->out.json_done = true; /* it cannot be taken back */
	}
	if (rc < 0)
		return ctl_fail(&ctl->out, NV_EXIT_FAILED, "the export is not whole: %s",
			err.text[0] ? err.text : strerror(-rc));
	if (output && ctl->out.json)
		ctl_json(&ctl->out, ctl_need(json_pack("{s:b, s:o}", "ok", 1, "output",
					    ctl_json_str(output))));
	return NV_EXIT_OK;
}

static int
export_format(struct ctl *ctl, enum led_format *ret)
{
	static const char *const names[] = {
		[LED_FORMAT_JSON] = "json",
		[LED_FORMAT_CSV] = "csv",
		[LED_FORMAT_HLEDGER] = "hledger",
		[LED_FORMAT_BEANCOUNT] = "beancount",
	};
	const char *text = ctl_opt(&ctl->args, "format");

	for (size_t i = 0; i < NV_LEN(names) && text; i++) {
		if (strcmp(text, names[i]) != 0)
			continue;
		*ret = (enum led_format)i;
		if (ctl->out.json && *ret != LED_FORMAT_JSON)
			break;
		return NV_EXIT_OK;
	}
	if (!text)
		return NV_EXIT_OK;
	return ctl_fail(&ctl->out, NV_EXIT_USAGE,
		"--format: expected json, csv, hledger or beancount%s, found \"%s\"",
		ctl->out.json ? " (json with --json)" : "", text);
}

int
ctl_verb_ledger_export(struct ctl *ctl)
{
	const char *output = ctl_opt(&ctl->args, "output");
	enum led_format format = LED_FORMAT_JSON;
	struct led *led = NULL;
	struct led_view *view = NULL;

	int code = export_format(ctl, &format);

	if (code == NV_EXIT_OK)
		code = ctl_ledger_open(ctl, &led, &view);

	if (code != NV_EXIT_OK)
		return code;
	code = export_to(ctl, view, format, output);
	led_view_end(view);
	led_close(led);
	return code;
}
