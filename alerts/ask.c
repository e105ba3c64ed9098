/* Asking the fleet: novactl as a child, its JSON on a pipe. See alerts.h. */
#include "alerts.h"

#include "nv_program.h"

#include <errno.h>
#include <stdlib.h>

#define ANSWER_BYTES_MAX ((size_t)64 << 20)
#define ASK_MS           120000 /* novactl gives up before */

struct alert_ask {
	struct nv_program *program;
	alert_answer_fn *fn;
	void *arg;
};

static void
on_done(void *arg, const struct nv_program_end *end)
{
	struct alert_ask *ask = arg;
	json_t *answer = json_loadb(end->out, end->out_bytes, 0, NULL);
	const char *why = json_string_value(json_object_get(answer, "error"));

	/* Half an answer says which half is missing. */
	if (!why && end->code != 0)
		why = json_string_value(
			json_array_get(json_object_get(answer, "warnings"), 0));
	if (!why)
		why = end->why[0]                ? end->why
		      : end->code == 0 && answer ? ""
						 : "novactl could not be understood";
	ask->fn(ask->arg, end->code, answer, why);
	json_decref(answer);
	free(ask);
}

int
alert_ask(struct alerts *a, const char *const *words, alert_answer_fn *fn, void *arg,
	struct alert_ask **ret)
{
	const char *argv[ALERT_ASK_WORDS_MAX + 3];
	struct alert_ask *ask = calloc(1, sizeof(*ask));
	size_t n = 0;

	if (!ask)
		return -ENOMEM;
	argv[n++] = "novactl";
	for (size_t i = 0; words[i] && n <= ALERT_ASK_WORDS_MAX; i++)
		argv[n++] = words[i];
	argv[n++] = "--json";
	argv[n] = NULL;
	*ask = (struct alert_ask){.fn = fn, .arg = arg};
	const struct nv_program_spec spec = {.path = a->novactl,
		.argv = argv,
		.bytes_max = ANSWER_BYTES_MAX,
		.deadline_ms = ASK_MS,
		.done = on_done,
		.arg = ask};
	int rc = nv_program_start(a->loop, &spec, &ask->program);

	if (rc < 0) {
		free(ask);
		return rc;
	}
	*ret = ask;
	return 0;
}

void
alert_ask_cancel(struct alert_ask *ask)
{
	if (!ask)
		return;
	nv_program_cancel(ask->program);
	free(ask);
}
