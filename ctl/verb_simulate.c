/* simulate: the ledger under other settings. nova-engine does it, in a process of its own
 * that reads the files; the engine that runs does not notice. */
#include "ledger_open.h"
#include "paths.h"
#include "program.h"
#include "table.h"
#include "value.h"
#include "verbs.h"

#include <stdio.h>
#include <string.h>

#define ANSWER_BYTES_MAX ((size_t)64 << 20)
#define WORDS_MAX        80

/* ---- the answer ---- */

static void
print_side(const struct ctl *ctl, const json_t *data, const char *key, const char *label)
{
	const json_t *side = json_object_get(data, key);
	const char *currency = ctl_str(data, "currency");
	char cost[CTL_VALUE_BYTES];
	char earned[CTL_VALUE_BYTES];
	char profit[CTL_VALUE_BYTES];

	ctl_print(&ctl->out, CTL_PLAIN,
		"%s %lld decisions; cost %s, earned %s, profit %s as far as it is "
		"known\n",
		label, (long long)ctl_int(side, "decisions"),
		ctl_money(side, "cost", currency, cost),
		ctl_money(side, "earned", currency, earned),
		ctl_money(side, "profit", currency, profit));
}

static void
side_cell(struct ctl_table *t, const json_t *side)
{
	char when[CTL_VALUE_BYTES];

	if (json_is_object(side))
		ctl_cellf(t, CTL_PLAIN, "%s p %.2f", ctl_when(side, "first", when),
			json_number_value(json_object_get(side, "probability")));
	else
		ctl_cell(t, CTL_DIM, "not at all");
}

static void
print_answer(const struct ctl *ctl, const json_t *data)
{
	static const struct ctl_column columns[] = {{"WORKER", false}, {"TYPE", false},
		{"AS IT IS", false}, {"OTHERWISE", false}, {"NOT SPENT", true},
		{"NOT EARNED", true}, {"AT STAKE", false}};
	const char *currency = ctl_str(data, "currency");
	struct ctl_table *t = ctl_table_new(columns, NV_LEN(columns));
	char from[CTL_VALUE_BYTES];
	char to[CTL_VALUE_BYTES];
	size_t i;
	json_t *row;

	json_array_foreach(json_object_get(data, "decisions"), i, row)
	{
		const json_t *stake = json_object_get(row, "at_stake");
		char buf[CTL_VALUE_BYTES];

		if (!ctl_true(row, "differs"))
			continue;

		ctl_cell(t, CTL_BOLD, ctl_str(row, "worker"));
		ctl_cell(t, CTL_PLAIN, ctl_str(row, "type"));
		side_cell(t, json_object_get(row, "now"));
		side_cell(t, json_object_get(row, "other"));
		ctl_cell(t, CTL_PLAIN, ctl_money(stake, "not_spent", currency, buf));
		ctl_cell(t, CTL_PLAIN, ctl_money(stake, "not_earned", currency, buf));
		ctl_cell(t, CTL_PLAIN, ctl_str(stake, "text"));
	}
	ctl_print(&ctl->out, CTL_PLAIN, "From %s to %s, %lld events%s.\n",
		ctl_when(data, "from", from), ctl_when(data, "to", to),
		(long long)ctl_int(data, "events"),
		ctl_true(data, "complete") ? "" : ": the time was up before the end");
	ctl_table_print(t, &ctl->out, "no decision would have been another one");
	print_side(ctl, data, "now", "As it is: ");
	print_side(ctl, data, "other", "Otherwise:");
	ctl_print(&ctl->out, CTL_DIM,
		"What a worker would have earned at another volume, or while it did not "
		"run, nobody knows: it is in none of these sums.\n");
}

static int
show(struct ctl *ctl, const struct nv_buf *answer)
{
	json_error_t why;
	json_t *data =
		json_loadb(answer->data ? answer->data : "", answer->bytes, 0, &why);

	if (!json_is_object(data)) {
		json_decref(data);
		return ctl_fail(&ctl->out, NV_EXIT_FAILED,
			"the answer cannot be read: %s", why.text);
	}
	if (ctl->out.json) {
		ctl_json(&ctl->out, data);
	} else {
		print_answer(ctl, data);
		json_decref(data);
	}
	return NV_EXIT_OK;
}

int
ctl_verb_simulate(struct ctl *ctl)
{
	char program[NV_PATH_MAX + 20];
	char dir[CTL_LEDGER_DIR_BYTES];
	const char *words[WORDS_MAX + 1] = {program, "--simulate"};
	size_t n = 2;
	struct nv_buf answer;
	struct nv_err err = {0};
	int code = ctl_ledger_dir(ctl, dir);

	if (code == NV_EXIT_OK)
		code = ctl_paths_need(ctl, CTL_PLACE_CONFIG);
	if (code != NV_EXIT_OK)
		return code;
	if (!ctl_opt_nth(&ctl->args, "set", 0))
		return ctl_fail(&ctl->out, NV_EXIT_USAGE,
			"--set is missing: what shall be another way, such as "
			"--set scale_roi=250%%");
	(void)snprintf(program, sizeof(program), "%s/nova-engine", ctl->paths.bin_dir);
	words[n++] = "--config";
	words[n++] = ctl->paths.config;
	words[n++] = "--ledger";
	words[n++] = dir;
	for (size_t i = 0; ctl_opt_nth(&ctl->args, "set", i); i++) {
		if (n + 4 > WORDS_MAX)
			return ctl_fail(&ctl->out, NV_EXIT_USAGE, "--set: too many");
		words[n++] = "--set";
		words[n++] = ctl_opt_nth(&ctl->args, "set", i);
	}
	if (ctl_opt(&ctl->args, "since")) {
		words[n++] = "--since";
		words[n++] = ctl_opt(&ctl->args, "since");
	}
	if (ctl_opt(&ctl->args, "timeout")) {
		words[n++] = "--time-limit";
		words[n++] = ctl_opt(&ctl->args, "timeout");
	}
	nv_buf_init(&answer, ANSWER_BYTES_MAX);
	ctl_progress(&ctl->out, "reading the ledger under both settings");
	code = ctl_program_run(
		program, (char *const *)(uintptr_t)words, false, &answer, &err);
	ctl_progress_end(&ctl->out);
	if (code < 0)
		code = ctl_fail_err(&ctl->out, NV_EXIT_FAILED, &err);
	else if (code == NV_EXIT_OK)
		code = show(ctl, &answer);
	nv_buf_fini(&answer);
	return code;
}
