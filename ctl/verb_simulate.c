/* simulate: the ledger under other settings. nova-engine does it, in a process of its own
 * that reads the files; the engine that runs does not notice. */
#include "ledger_open.h"
#include "nv_fd.h"
#include "paths.h"
#include "table.h"
#include "value.h"
#include "verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER_BYTES_MAX ((size_t)64 << 20)
#define WORDS_MAX        80

/* ---- the other program ---- */

static int
spawn(const char *program, char *const argv[], int out, pid_t *ret)
{
	posix_spawn_file_actions_t files;
	int rc = posix_spawn_file_actions_init(&files);

	if (rc != 0)
		return rc;
	rc = posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	if (rc == 0)
		rc = posix_spawn(ret, program, &files, NULL, argv, environ);
	(void)posix_spawn_file_actions_destroy(&files);
	return rc;
}

static int
read_all(int fd, struct nv_buf *buf)
{
	char piece[65536];

	for (;;) {
		ssize_t n = read(fd, piece, sizeof(piece));

		if (n > 0)
			nv_buf_add(buf, piece, (size_t)n);
		else if (n == 0 || errno != EINTR)
			return n == 0 ? buf->error : -errno;
	}
}

/* Its exit code; errors it has printed itself. */
static int
run(struct ctl *ctl, const char *program, char *const argv[], struct nv_buf *answer)
{
	NV_CLEANUP_FD from = -1;
	int to = -1;
	pid_t pid = 0;
	int status = 0;
	int rc = nv_pipe(&from, &to, 0);

	if (rc < 0)
		return ctl_fail(&ctl->out, NV_EXIT_FAILED, "%s", strerror(-rc));
	rc = spawn(program, argv, to, &pid);
	nv_fd_close(&to);
	if (rc != 0)
		return ctl_fail(
			&ctl->out, NV_EXIT_FAILED, "%s: %s", program, strerror(rc));
	rc = read_all(from, answer);
	/* With nobody to read its answer it would wait for ever. */
	nv_fd_close(&from);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (rc < 0)
		return ctl_fail(&ctl->out, NV_EXIT_FAILED, "%s", strerror(-rc));
	if (!WIFEXITED(status))
		return ctl_fail(&ctl->out, NV_EXIT_FAILED, "%s was ended by signal %d",
			program, WTERMSIG(status));
	return WEXITSTATUS(status);
}

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
	code = run(ctl, program, (char *const *)(uintptr_t)words, &answer);
	ctl_progress_end(&ctl->out);
	if (code == NV_EXIT_OK)
		code = show(ctl, &answer);
	nv_buf_fini(&answer);
	return code;
}
