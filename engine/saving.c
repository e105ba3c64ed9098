/* See saving.h. */
#include "saving.h"

#include "handout.h"
#include "nv_clock.h"
#include "nv_json.h"
#include "nv_log.h"
#include "nv_paths.h"
#include "setting.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME       "backup"
#define TIMEOUT_S  (6 * 3600.)
#define LOOK_S_MAX 3600. /* the clock may have been set meanwhile */
#define LOOK_S_MIN 0.5

struct eng_saving {
	struct eng *eng; /* borrowed */
	ev_timer timer;
	struct eng_handout work;
	int64_t last_ns;       /* the last good one began; 0: none */
	int64_t begun_ns;      /* the one that runs */
	int64_t not_before_ns; /* after a failure */
	unsigned failures;     /* since the last good one */
	char problem[600];
};

/* ---- when ---- */

/* "03:00", which the configuration has checked. */
static int
minutes_of(const char *at)
{
	return at ? (int)(strtol(at, NULL, 10) * 60 + strtol(at + 3, NULL, 10)) : -1;
}

static void
schedule(struct eng_saving *s)
{
	const struct nv_config *config = s->eng->config;
	int64_t now = nv_wall_ns();

	ev_timer_stop(s->eng->loop, &s->timer);
	if (!config->backup_to) {
		s->problem[0] = '\0';
		return;
	}
	if (s->work.pid != 0)
		return; /* its end schedules the next */
	int64_t due = eng_saving_due(
		s->last_ns, config->backup_every_ms, minutes_of(config->backup_at), now);
	double left_s = (double)(NV_MAX(due, s->not_before_ns) - now) / 1e9;

	ev_timer_set(&s->timer, NV_MAX(LOOK_S_MIN, NV_MIN(left_s, LOOK_S_MAX)), 0.);
	ev_timer_start(s->eng->loop, &s->timer);
}

/* ---- one of them ---- */

static void
failed(struct eng_saving *s, const char *why)
{
	char last[NV_RFC3339_BYTES] = "there is none";
	int64_t again_ms =
		eng_saving_again_ms(++s->failures, s->eng->config->backup_every_ms);

	if (s->last_ns > 0)
		(void)nv_rfc3339(s->last_ns, last);
	(void)snprintf(s->problem, sizeof(s->problem),
		"no backup could be made in %.300s: %s; the newest: %s",
		s->eng->config->backup_to ? s->eng->config->backup_to : "backup.to", why,
		last);
	nv_error("%s; trying again", s->problem);
	s->not_before_ns = nv_wall_ns() + again_ms * NV_NS_PER_MS;
}

static void
done(struct eng_saving *s)
{
	struct nv_err err = {0};
	json_t *line = json_pack("{s:s, s:o, s:I, s:o}", "setting", NAME, "began",
		nv_json_time(s->begun_ns), "began_ns", (json_int_t)s->begun_ns, "to",
		nv_json_str(s->eng->config->backup_to ? s->eng->config->backup_to : ""));

	s->last_ns = s->begun_ns;
	s->not_before_ns = 0;
	s->failures = 0;
	s->problem[0] = '\0';
	/* Without room for it the next start makes one more backup. */
	if (eng_setting_put(s->eng, NAME, line, false, &err) < 0)
		nv_error("that a backup was made is not recorded: %s", err.text);
}

static void
on_done(struct eng_handout *h, const char *problem)
{
	struct eng_saving *s = h->owner;

	if (problem)
		failed(s, problem);
	else
		done(s);
	schedule(s);
}

static void
begin(struct eng_saving *s)
{
	const struct nv_config *config = s->eng->config;
	char bin[NV_PATH_MAX];
	char path[NV_PATH_MAX + 16];
	char keep[32];
	struct nv_err err = {0};
	int rc = nv_paths_bin_dir(bin, &err);
	char words[][12] = {"novactl", "--run-dir", "--state-dir", "backup", "create",
		"--keep", "--gzip"};
	char *argv[] = {words[0], words[1], s->eng->run_dir, words[2], s->eng->state_dir,
		words[3], words[4], config->backup_to, words[5], keep,
		config->backup_gzip ? words[6] : NULL, NULL};

	(void)snprintf(path, sizeof(path), "%s/novactl", bin);
	(void)snprintf(keep, sizeof(keep), "%u", (unsigned)config->backup_keep);
	s->begun_ns = nv_wall_ns();
	if (rc == 0)
		rc = eng_handout_start(&s->work, path, argv, "", 0, TIMEOUT_S);
	if (rc < 0) {
		failed(s, strerror(-rc));
		schedule(s);
	}
}

static void
on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct eng_saving *s = w->data;
	const struct nv_config *config = s->eng->config;
	int64_t now = nv_wall_ns();

	(void)loop;
	(void)revents;
	if (config->backup_to && now >= s->not_before_ns &&
		now >= eng_saving_due(s->last_ns, config->backup_every_ms,
			       minutes_of(config->backup_at), now))
		begin(s);
	else
		schedule(s);
}

/* ---- start and end ---- */

int
eng_saving_open(struct eng *eng)
{
	struct eng_saving *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	json_t *line = eng_setting_get(eng, NAME);

	s->eng = eng;
	/* From before the clock was set back, or before a restore: not in the future. */
	s->last_ns = NV_MIN(json_integer_value(json_object_get(line, "began_ns")),
		(json_int_t)nv_wall_ns());
	json_decref(line);
	ev_init(&s->timer, on_timer);
	s->timer.data = s;
	eng_handout_init(&s->work, eng->loop, on_done, s);
	eng->saving = s;
	schedule(s);
	return 0;
}

void
eng_saving_config(struct eng *eng)
{
	if (!eng->saving)
		return;
	eng->saving->not_before_ns = 0;
	eng->saving->failures = 0;
	schedule(eng->saving);
}

const char *
eng_saving_problem(const struct eng *eng)
{
	return eng->saving ? eng->saving->problem : "";
}

void
eng_saving_close(struct eng *eng)
{
	struct eng_saving *s = eng->saving;

	if (!s)
		return;
	ev_timer_stop(eng->loop, &s->timer);
	eng_handout_fini(&s->work);
	eng->saving = NULL;
	free(s);
}
