/* ledger prove: one event, for somebody who has nothing of the ledger but a hash. */
#include "prove.h"

#include "ledger_open.h"
#include "verbs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The event's number: a number is one, unless --worker says that it is an id. */
static int
find_event(struct ctl *ctl, struct led_view *view, uint64_t *ret_seq)
{
	const char *word = ctl->args.words[0];
	const char *worker = ctl_opt(&ctl->args, "worker");
	char *end;

	if (!worker) {
		errno = 0;
		unsigned long long n = strtoull(word, &end, 10);

		if (word[0] < '0' || word[0] > '9' || *end || errno != 0 || n == 0)
			return ctl_fail(&ctl->out, NV_EXIT_USAGE,
				"expected the number of an event, found \"%s\"; its id "
				"needs --worker",
				word);
		*ret_seq = n;
		return NV_EXIT_OK;
	}
	uint32_t scope = led_view_worker_id(view, worker);

	if (scope == 0)
		return ctl_fail(&ctl->out, NV_EXIT_NO,
			"%s: the ledger knows no such worker", worker);
	int rc = led_view_id(view, scope, word, strlen(word), ret_seq);

	if (rc == -ENOENT)
		return ctl_fail(&ctl->out, NV_EXIT_NO, "%s has said no event with id %s",
			worker, word);
	return rc < 0 ? ctl_fail(&ctl->out, NV_EXIT_FAILED, "%s", strerror(-rc))
		      : NV_EXIT_OK;
}

static int
prove(struct ctl *ctl, struct led_view *view, const struct led_anchors *anchors)
{
	struct nv_buf out;
	struct nv_err err = {0};
	uint64_t seq = 0;
	int code = find_event(ctl, view, &seq);

	if (code != NV_EXIT_OK)
		return code;
	nv_buf_init(&out, LED_PROOF_BYTES_MAX);
	int rc = led_prove(view, seq, anchors, &out, &err);

	if (rc < 0) {
		code = ctl_fail(&ctl->out,
			rc == -ENOENT || rc == -E2BIG ? NV_EXIT_NO : NV_EXIT_FAILED, "%s",
			err.text[0] ? err.text : strerror(-rc));
	} else {
		(void)printf("%s\n", out.data);
		ctl->out.json_done = true; /* it is JSON whatever was asked for */
	}
	nv_buf_fini(&out);
	return code;
}

int
ctl_verb_ledger_prove(struct ctl *ctl)
{
	const char *file = ctl_opt(&ctl->args, "anchors");
	struct led_anchors anchors = {0};
	struct led *led = NULL;
	struct led_view *view = NULL;
	struct nv_err err = {0};

	if (file && led_anchors_load(file, &anchors, &err) < 0)
		return ctl_fail(&ctl->out, NV_EXIT_USAGE, "%s", err.text);
	int code = ctl_ledger_open(ctl, &led, &view);

	if (code == NV_EXIT_OK) {
		code = prove(ctl, view, file ? &anchors : NULL);
		led_view_end(view);
		led_close(led);
	}
	led_anchors_fini(&anchors);
	return code;
}
