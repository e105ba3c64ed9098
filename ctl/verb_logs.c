/* logs: what workers printed, from the files nova-logger keeps. No daemon is needed but
 * for --all and --previous, which ask novasupd for names and generations. */
#include "logread.h"
#include "nv_clock.h"
#include "nv_name.h"
#include "nv_units.h"
#include "paths.h"
#include "sup_client.h"
#include "value.h"
#include "verbs.h"
#include "words.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORKERS_MAX   1000
#define PRINT_ENTRIES 1000

/* One worker's log, and which of its lines are wanted. */
struct source {
	char name[NV_NAME_MAX];
	struct ctl_log log;
	struct ctl_log_filter filter;
	uint32_t *generations; /* owned; --previous */
	int64_t head_time;
	struct reader *reader;
	bool missing; /* no file yet */
};

struct entry {
	const struct source *source;
	int64_t time; /* of the line, or of the one before it */
	size_t order;
	struct ctl_log_place place;
	char *line; /* owned */
	size_t bytes;
};

struct reader {
	struct ctl *ctl;
	struct source *sources; /* owned */
	size_t n_sources;
	struct entry *entries; /* owned: lines that are not printed yet */
	size_t n_entries;
	bool follow;
	regex_t grep;
	bool has_grep;
	int64_t since_ns;
	int64_t instance;
	size_t lines;
	bool has_after;
	struct ctl_log_place after;
};

/* ---- lines ---- */

static void print_entries(struct reader *r, size_t most);

static int
collect(void *arg, const char *line, size_t bytes)
{
	struct source *s = arg;
	struct reader *r = s->reader;

	if (!ctl_log_wanted(&s->filter, line, bytes, &s->head_time))
		return 0;
	if ((r->n_entries & (r->n_entries - 1)) == 0)
		r->entries = ctl_grow(r->entries, r->n_entries ? r->n_entries * 2 : 1,
			sizeof(*r->entries));
	struct entry *e = &r->entries[r->n_entries];

	*e = (struct entry){.source = s,
		.time = s->head_time,
		.order = r->n_entries++,
		.place = s->log.place,
		.line = ctl_alloc(bytes + 1, 1),
		.bytes = bytes};
	memcpy(e->line, line, bytes);
	if (!r->has_after)
		return 0;
	/* However much that is: a page of it, or printed as it is read. */
	if (r->follow && r->n_entries >= PRINT_ENTRIES)
		print_entries(r, SIZE_MAX);
	return !r->follow && r->n_entries >= r->lines;
}

static int
by_time(const void *a, const void *b)
{
	const struct entry *x = a;
	const struct entry *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

static json_t *
entry_json(const struct entry *e)
{
	struct nv_log_head head = {.wall_ns = -1};
	bool ours = nv_log_head_parse(e->line, e->bytes, &head);
	char at[NV_RFC3339_BYTES];
	char cursor[CTL_LOG_CURSOR_BYTES];

	return ctl_need(json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:s}", "worker",
		e->source->name, "at",
		ours && head.wall_ns >= 0 ? ctl_json_str(nv_rfc3339(head.wall_ns, at))
					  : json_null(),
		"instance", ours ? json_integer(head.instance) : json_null(),
		"generation", ours ? json_integer(head.generation) : json_null(), "text",
		ctl_json_text(e->line + head.bytes, e->bytes - head.bytes), "line",
		ctl_json_text(e->line, e->bytes), "cursor",
		ctl_log_cursor(&e->place, cursor)));
}

static void
print_entry(struct reader *r, const struct entry *e)
{
	const struct ctl_out *out = &r->ctl->out;

	if (out->json) {
		ctl_json_line(entry_json(e));
		r->ctl->out.json_done = true; /* an error is no object any more */
		return;
	}
	if (r->n_sources > 1)
		ctl_print(out, CTL_BOLD, "%s | ", e->source->name);
	if (out->tty) {
		struct nv_buf buf;

		nv_buf_init(&buf, e->bytes * 8 + 64);
		ctl_safe(&buf, e->line, e->bytes, false);
		(void)printf("%s\n", buf.data ? buf.data : "");
		nv_buf_fini(&buf);
	} else {
		(void)fwrite(e->line, 1, e->bytes, stdout);
		(void)fputc('\n', stdout);
	}
}

static void
clear_entries(struct reader *r)
{
	for (size_t i = 0; i < r->n_entries; i++)
		free(r->entries[i].line);
	r->n_entries = 0;
}

/* The last `most` of what was collected, by time. */
static void
print_entries(struct reader *r, size_t most)
{
	size_t first = r->n_entries > most ? r->n_entries - most : 0;

	if (r->n_sources > 1 && r->n_entries > 1)
		qsort(r->entries, r->n_entries, sizeof(*r->entries), by_time);
	for (size_t i = first; i < r->n_entries; i++)
		print_entry(r, &r->entries[i]);
	clear_entries(r);
}

/* Everything in one object: what --json is without --follow. */
static void
print_object(struct reader *r)
{
	json_t *lines = ctl_need(json_array());
	json_t *entries = ctl_need(json_array());
	json_t *object =
		ctl_need(json_pack("{s:o, s:o}", "lines", lines, "entries", entries));
	size_t first = r->n_entries > r->lines ? r->n_entries - r->lines : 0;

	if (r->n_sources > 1 && r->n_entries > 1)
		qsort(r->entries, r->n_entries, sizeof(*r->entries), by_time);
	for (size_t i = first; i < r->n_entries; i++) {
		json_t *entry = entry_json(&r->entries[i]);

		(void)json_array_append(lines, json_object_get(entry, "line"));
		(void)json_object_set(object, "cursor", json_object_get(entry, "cursor"));
		(void)json_object_del(entry, "line");
		(void)json_array_append_new(entries, entry);
	}
	clear_entries(r);
	/* A place is one in one log. */
	if (r->n_sources != 1)
		(void)json_object_del(object, "cursor");
	if (r->n_sources == 1) {
		const struct source *s = &r->sources[0];
		char path[1300];

		(void)snprintf(path, sizeof(path), "%s/%s.log", s->log.dir, s->name);
		ctl_put_text(object, "worker", s->name);
		ctl_put_text(object, "file", path);
	}
	ctl_json(&r->ctl->out, object);
}

/* ---- what is asked for ---- */

/* Of each instance the generation before the one that runs, or the last that ran. */
static void
previous_of(struct source *s, const struct nv_fleet *fleet)
{
	uint32_t n = 0;

	for (size_t i = 0; i < fleet->n_instances; i++) {
		if (strcmp(fleet->instances[i].worker, s->name) == 0)
			n = NV_MAX(n, fleet->instances[i].instance);
	}
	s->generations = ctl_alloc(n + 1, sizeof(*s->generations));
	for (size_t i = 0; i < fleet->n_instances; i++) {
		const struct nv_ctl_instance *in = &fleet->instances[i];

		if (strcmp(in->worker, s->name) == 0 && in->instance > 0)
			s->generations[in->instance - 1] =
				in->pid > 0 ? in->generation - 1 : in->generation;
	}
	s->filter.generations = s->generations;
	s->filter.n_generations = n;
}

static int
add_source(struct reader *r, const char *word)
{
	struct source *s = &r->sources[r->n_sources];
	char name[NV_NAME_MAX];
	uint32_t instance;

	if (ctl_instance_split(word, name, &instance) < 0)
		return ctl_fail(&r->ctl->out, NV_EXIT_USAGE,
			"\"%s\" is no name of a worker, nor WORKER#INSTANCE", word);
	*s = (struct source){.reader = r, .head_time = -1};
	memcpy(s->name, name, sizeof(s->name));
	s->filter = (struct ctl_log_filter){
		.instance = instance ? instance : (uint32_t)r->instance,
		.since_ns = r->since_ns,
		.grep = r->has_grep ? &r->grep : NULL};
	r->n_sources++;
	return NV_EXIT_OK;
}

static int
add_sources(struct reader *r)
{
	struct ctl *ctl = r->ctl;
	bool all = ctl_opt(&ctl->args, "all") != NULL;
	bool previous = ctl_opt(&ctl->args, "previous") != NULL;
	struct nv_fleet fleet = {0};
	int code = NV_EXIT_OK;

	if (all == (ctl->args.n_words > 0))
		return ctl_fail(
			&ctl->out, NV_EXIT_USAGE, "expected names of workers, or --all");
	if (all || previous) {
		struct ctl_sup sup;
		struct nv_err err = {0};

		code = ctl_sup_open(&sup, &ctl->paths, &err);
		if (code == NV_EXIT_OK)
			code = ctl_sup_status(&sup, "", &fleet, &err);
		ctl_sup_close(&sup);
		if (code != NV_EXIT_OK)
			return ctl_fail_err(&ctl->out, code, &err);
	}
	size_t n = all ? fleet.n_workers : (size_t)ctl->args.n_words;

	r->sources = ctl_alloc(n + 1, sizeof(*r->sources));
	if (n > WORKERS_MAX)
		code = ctl_fail(&ctl->out, NV_EXIT_USAGE,
			"%zu workers at once; at most %d are read", n, WORKERS_MAX);
	for (size_t i = 0; code == NV_EXIT_OK && i < n; i++) {
		code = add_source(r, all ? fleet.workers[i].worker : ctl->args.words[i]);
		if (code == NV_EXIT_OK && previous)
			previous_of(&r->sources[i], &fleet);
	}
	nv_fleet_clear(&fleet);
	return code;
}

/* "2h", "2026-11-22" or RFC 3339. */
static int
take_since(struct reader *r)
{
	const char *text = ctl_opt(&r->ctl->args, "since");
	int64_t ms;

	if (!text)
		return NV_EXIT_OK;
	if (nv_duration_parse(text, &ms, NULL) == 0 && ms >= 0) {
		r->since_ns = NV_MAX(nv_wall_ns() - ms * NV_NS_PER_MS, INT64_C(1));
		return NV_EXIT_OK;
	}
	char full[NV_RFC3339_BYTES];

	(void)snprintf(full, sizeof(full), "%.10sT00:00:00Z", text);
	if ((strlen(text) == 10 &&
		    nv_rfc3339_parse(full, strlen(full), &r->since_ns) == 0) ||
		nv_rfc3339_parse(text, strlen(text), &r->since_ns) == 0)
		return NV_EXIT_OK;
	return ctl_fail(&r->ctl->out, NV_EXIT_USAGE,
		"--since: \"%.40s\" is not a time: expected how long ago, such as 2h, "
		"or 2026-11-22, or 2026-11-22T14:05:00Z",
		text);
}

static int
take_after(struct reader *r)
{
	const struct ctl_args *args = &r->ctl->args;
	const char *after = ctl_opt(args, "after");

	r->has_after = after != NULL;
	if (after && ctl_log_cursor_parse(after, &r->after) < 0)
		return ctl_fail(&r->ctl->out, NV_EXIT_USAGE,
			"--after: \"%.80s\" is not a cursor: expected one of a line of "
			"`novactl logs --json`",
			after);
	if (after && args->n_words != 1)
		return ctl_fail(&r->ctl->out, NV_EXIT_USAGE,
			"--after goes with one worker: the cursor is of its log");
	return NV_EXIT_OK;
}

static int
take_options(struct reader *r)
{
	const struct ctl_args *args = &r->ctl->args;
	const char *grep = ctl_opt(args, "grep");
	struct nv_err err = {0};
	int64_t lines;
	bool all = ctl_opt(args, "since") || ctl_opt(args, "previous") ||
		   ctl_opt(args, "after");

	r->follow = ctl_opt(args, "follow") != NULL;
	if (ctl_opt_number(args, "lines", 0, CTL_LOG_LINES_MAX,
		    all ? CTL_LOG_LINES_MAX : 50, &lines, &err) < 0 ||
		ctl_opt_number(args, "instance", 1, 10000, 0, &r->instance, &err) < 0)
		return ctl_fail_err(&r->ctl->out, NV_EXIT_USAGE, &err);
	r->lines = (size_t)lines;
	if (grep) {
		char why[200];
		int rc = regcomp(&r->grep, grep, REG_EXTENDED);

		if (rc != 0) {
			(void)regerror(rc, &r->grep, why, sizeof(why));
			return ctl_fail(
				&r->ctl->out, NV_EXIT_USAGE, "--grep: %s: %s", grep, why);
		}
		r->has_grep = true;
	}
	return take_since(r);
}

/* ---- reading ---- */

/* Why there is no file: a worker without output, which can be waited for, or no such
 * worker? */
static int
no_file(struct ctl *ctl, const char *name, bool follow)
{
	struct ctl_sup sup;
	struct nv_fleet fleet;
	struct nv_err err = {0};
	bool known = false;
	bool asked = false;

	if (ctl_sup_open(&sup, &ctl->paths, &err) == NV_EXIT_OK &&
		ctl_sup_status(&sup, "", &fleet, &err) == NV_EXIT_OK) {
		asked = true;
		known = nv_fleet_worker(&fleet, name) != NULL;
		nv_fleet_clear(&fleet);
	}
	ctl_sup_close(&sup);
	if (known && follow)
		return NV_EXIT_OK;
	if (known)
		return ctl_fail(
			&ctl->out, NV_EXIT_NO, "%s has not printed anything yet", name);
	return ctl_fail(&ctl->out, NV_EXIT_NO, "%s%s/%s.log: there is no such file",
		asked ? "there is no such worker: " : "", ctl->paths.log_dir, name);
}

static int
failed(struct reader *r, const struct source *s, int rc)
{
	return ctl_fail(&r->ctl->out, NV_EXIT_FAILED, "%s/%s.log: %s", s->log.dir,
		s->name, strerror(-rc));
}

/* What stood between the cursor and the oldest line may have been removed. */
static int
read_after(struct reader *r, struct source *s)
{
	bool gap = false;
	int rc = ctl_log_after(&s->log, &r->after, !r->follow, collect, s, &gap);

	rc = NV_MIN(rc, 0); /* a page may have ended it */
	if (rc == 0 && gap && r->ctl->out.json && r->follow) {
		ctl_json_line(
			ctl_need(json_pack("{s:s, s:b}", "worker", s->name, "gap", 1)));
		r->ctl->out.json_done = true;
	} else if (rc == 0 && gap) {
		ctl_warn(&r->ctl->out, "the line after which to go on is not there any "
				       "more: lines may be missing here");
	}
	return rc;
}

static int
read_tails(struct reader *r)
{
	for (size_t i = 0; i < r->n_sources; i++) {
		struct source *s = &r->sources[i];
		int rc = ctl_log_open(&s->log, r->ctl->paths.log_dir, s->name);

		s->missing = rc == -ENOENT;
		/* One of several may be silent. */
		if (s->missing && r->n_sources == 1) {
			int code = no_file(r->ctl, s->name, r->follow);

			if (code != NV_EXIT_OK)
				return code;
			continue;
		}
		if (rc == 0 && r->has_after)
			rc = read_after(r, s);
		else if (rc == 0)
			rc = ctl_log_tail(
				&s->log, r->lines, &s->filter, !r->follow, collect, s);
		if (rc < 0 && !s->missing)
			return failed(r, s, rc);
	}
	return NV_EXIT_OK;
}

static int
follow(struct reader *r)
{
	struct ctl_log_watch watch;
	int code = NV_EXIT_OK;

	ctl_log_watch_open(&watch, r->ctl->paths.log_dir);
	while (code == NV_EXIT_OK) {
		for (size_t i = 0; code == NV_EXIT_OK && i < r->n_sources; i++) {
			int rc =
				ctl_log_more(&r->sources[i].log, collect, &r->sources[i]);

			if (rc < 0)
				code = failed(r, &r->sources[i], rc);
		}
		print_entries(r, SIZE_MAX);
		(void)fflush(stdout);
		if (ferror(stdout))
			code = NV_EXIT_FAILED; /* said at the end of the program */
		if (code == NV_EXIT_OK && !ctl_log_watch_wait(&watch))
			break; /* who asked is gone: also with nothing to say */
	}
	ctl_log_watch_close(&watch);
	return code;
}

int
ctl_verb_logs(struct ctl *ctl)
{
	struct reader r = {.ctl = ctl};
	int code = take_options(&r);

	if (code == NV_EXIT_OK)
		code = take_after(&r);
	if (code == NV_EXIT_OK)
		code = add_sources(&r);
	if (code == NV_EXIT_OK)
		code = ctl_paths_need(ctl, CTL_PLACE_LOG_DIR);
	if (code == NV_EXIT_OK)
		code = read_tails(&r);
	if (code == NV_EXIT_OK && ctl->out.json && !r.follow) {
		print_object(&r);
	} else if (code == NV_EXIT_OK) {
		print_entries(&r, r.has_after ? SIZE_MAX : r.lines);
		(void)fflush(stdout);
		if (r.follow)
			code = follow(&r);
	}
	for (size_t i = 0; i < r.n_sources; i++) {
		ctl_log_fini(&r.sources[i].log);
		free(r.sources[i].generations);
	}
	clear_entries(&r);
	free(r.entries);
	free(r.sources);
	if (r.has_grep)
		regfree(&r.grep);
	return code;
}
