/* import novaos: the books of the original system. */
#include "import.h"
#include "verbs.h"

#include "nv_clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* What a local time is ahead of UTC by the rules of the zone in force. */
static int64_t
by_zone(void *arg, int64_t local_ns)
{
	time_t local = (time_t)(local_ns / NV_NS_PER_SEC);
	struct tm tm;

	(void)arg;
	if (!gmtime_r(&local, &tm))
		return 0;
	tm.tm_isdst = -1;
	time_t utc = mktime(&tm);

	return utc == (time_t)-1 ? 0 : (int64_t)(utc - local) * NV_NS_PER_SEC;
}

static int
set_zone(struct ctl *ctl)
{
	const char *zone = ctl_opt(&ctl->args, "zone");
	char path[300];

	if (!zone)
		return NV_EXIT_OK;
	int n = snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", zone);

	if (zone[0] == '\0' || zone[0] == '/' || strstr(zone, "..") || n < 0 ||
		(size_t)n >= sizeof path ||
		(strcmp(zone, "UTC") != 0 && access(path, R_OK) < 0))
		return ctl_fail(&ctl->out, NV_EXIT_USAGE,
			"--zone: expected a zone such as America/Chicago, found \"%s\"",
			zone);
	if (setenv("TZ", zone, 1) < 0)
		return ctl_fail(&ctl->out, NV_EXIT_FAILED, "%s", strerror(errno));
	tzset();
	return NV_EXIT_OK;
}

static int
set_currency(struct ctl_import *im)
{
	const char *given = ctl_opt(&im->ctl->args, "currency");
	const char *code = given ? given : "USD";

	if (!nv_currency_valid(code))
		return ctl_fail(&im->ctl->out, NV_EXIT_USAGE,
			"--currency: expected a code such as USD, found \"%s\"", code);
	(void)snprintf(im->currency, sizeof im->currency, "%s", code);
	return NV_EXIT_OK;
}

static int
code_of(const struct ctl_import *im, int rc)
{
	if (im->code != NV_EXIT_OK)
		return im->code;
	return rc == -EINVAL ? NV_EXIT_USAGE : NV_EXIT_FAILED;
}

static int
run(struct ctl_import *im)
{
	struct nv_err err = {0};

	ctl_progress(&im->ctl->out, "copying and checking %s", im->file);
	int rc = ctl_import_db_open(im->file, &im->db, &err);

	ctl_progress_end(&im->ctl->out);
	if (rc == 0)
		rc = ctl_import_agents_read(im, ctl_opt(&im->ctl->args, "map"), &err);
	if (rc == 0)
		rc = ctl_import_rows(im, &err);
	if (rc == 0 && !im->dry_run)
		rc = ctl_import_look(im, &err);
	if (rc == 0)
		return ctl_import_report(im);
	if (!err.text[0])
		(void)nv_err_set(&err, rc, "%s: %s", im->file, strerror(-rc));
	if (im->code == NV_EXIT_UNREACHABLE)
		return ctl_fail(&im->ctl->out, im->code,
			"%s; the same command goes on where this one ended, and books "
			"nothing twice",
			err.text);
	return ctl_fail(&im->ctl->out, code_of(im, rc), "%s", err.text);
}

int
ctl_verb_import_novaos(struct ctl *ctl)
{
	struct ctl_import *im = ctl_alloc(1, sizeof *im);
	int code = set_zone(ctl);

	*im = (struct ctl_import){.ctl = ctl,
		.file = ctl->args.words[0],
		.dry_run = ctl_opt(&ctl->args, "dry-run") != NULL,
		.clock = {.zone = by_zone, .now_ns = nv_wall_ns()},
		.agents = ctl_alloc(CTL_IMPORT_AGENTS_MAX, sizeof *im->agents)};
	if (code == NV_EXIT_OK)
		code = set_currency(im);
	if (code == NV_EXIT_OK)
		code = run(im);
	if (im->connected)
		ctl_engine_close(&im->engine);
	ctl_import_db_close(im->db);
	json_decref(im->ledger);
	json_decref(im->rows);
	free(im->agents);
	free(im);
	return code;
}
