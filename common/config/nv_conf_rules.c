/* Rules between settings, defaults that depend on others, and what is derived: the
 * initial parameters and the hash over what needs a restart. */
#include "nv_conf_private.h"
#include "nv_units.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define INSTANCES_MAX_DEFAULT 8
#define BACKUP_DAY_MS         INT64_C(86400000)
#define HEARTBEAT_EVERY_MS    30000
#define HEARTBEAT_TIMEOUT_MS  120000
#define PARAMS_JSON_BYTES_MAX 4000 /* must fit into SUP_DESIRE and an environment */

_Static_assert(offsetof(struct nv_conf_crashes, backoff_max_ms) ==
		       offsetof(struct nv_conf_crashes, backoff_min_ms) + sizeof(int64_t),
	"NV_OPT_SPAN writes two int64_t");

static size_t
index_of(const char *key)
{
	size_t i = nv_option_find(nv_options_worker, nv_options_worker_n, key);

	NV_ASSERT(i < nv_options_worker_n);
	return i;
}

const struct nv_conf_origin *
nv_conf_place(const struct nv_conf_origin origins[], const char *key)
{
	const struct nv_conf_origin *o = &origins[index_of(key)];
	const struct nv_conf_origin *name = &origins[index_of("worker")];

	return o->source && o->source == name->source ? o : name;
}

bool
nv_conf_given(const struct nv_conf_origin origins[], const char *key)
{
	return origins[index_of(key)].source != NULL;
}

static void
finish_instances(struct nv_conf_reading *r, struct nv_conf_worker *w,
	const struct nv_conf_origin origins[])
{
	if (!origins[index_of("instances.max")].source)
		w->instances_max = NV_MAX(INSTANCES_MAX_DEFAULT,
			NV_MAX(w->instances_start, w->instances_min));
	if (!origins[index_of("instances.start")].source)
		w->instances_start = NV_MIN(
			NV_MAX(w->instances_start, w->instances_min), w->instances_max);
	if (w->instances_min > w->instances_max)
		nv_conf_error_at(r->errs, nv_conf_place(origins, "instances.min"),
			"instances.min: %u is above instances.max, %u", w->instances_min,
			w->instances_max);
	else if (w->instances_start < w->instances_min ||
		 w->instances_start > w->instances_max)
		nv_conf_error_at(r->errs, nv_conf_place(origins, "instances.start"),
			"instances.start: %u is not within instances.min and max, %u..%u",
			w->instances_start, w->instances_min, w->instances_max);
}

/* In a group with a strategy only what its own file says paces it. */
static void
finish_crashes(struct nv_conf_reading *r, struct nv_conf_worker *w,
	const struct nv_conf_origin origins[])
{
	static const char *const keys[] = {"crashes.max", "crashes.within",
		"crashes.cooldown", "crashes.backoff", "crashes.on_limit"};

	for (size_t i = 0; i < NV_LEN(keys); i++) {
		const struct nv_conf_source *source = origins[index_of(keys[i])].source;

		w->crashes_own |= source && source->kind == NV_SOURCE_WORKER;
	}
	if (!origins[index_of("success_codes")].source)
		w->success[0] = 1; /* code 0 */
	else if (w->kind == NV_KIND_TASK)
		nv_conf_error_at(r->errs, &origins[index_of("success_codes")],
			"success_codes: needs kind: service");
}

static void
finish_heartbeat(struct nv_conf_reading *r, struct nv_conf_worker *w,
	const struct nv_conf_origin origins[])
{
	bool every = origins[index_of("heartbeat.every")].source;
	bool timeout = origins[index_of("heartbeat.timeout")].source;

	if (!every && !timeout && w->kind == NV_KIND_TASK) {
		w->heartbeat_every_ms = HEARTBEAT_EVERY_MS;
		w->heartbeat_timeout_ms = HEARTBEAT_TIMEOUT_MS;
	} else if (every && !timeout) {
		w->heartbeat_timeout_ms = w->heartbeat_every_ms * 2;
	} else if (!every && timeout) {
		w->heartbeat_every_ms = w->heartbeat_timeout_ms / 2;
	}
	if ((w->heartbeat_every_ms == 0) != (w->heartbeat_timeout_ms == 0))
		nv_conf_error_at(r->errs, nv_conf_place(origins, "heartbeat.timeout"),
			"heartbeat.timeout: every and timeout are both none, or neither "
			"is");
	else if (w->heartbeat_every_ms > 0 &&
		 w->heartbeat_timeout_ms <= w->heartbeat_every_ms)
		nv_conf_error_at(r->errs, nv_conf_place(origins, "heartbeat.timeout"),
			"heartbeat.timeout: must be longer than heartbeat.every");
	if (w->heartbeat_progress_ms == 0)
		return;
	if (w->heartbeat_every_ms == 0)
		nv_conf_error_at(r->errs, nv_conf_place(origins, "heartbeat.progress"),
			"heartbeat.progress: needs heartbeat.every and "
			"heartbeat.timeout");
	else if (w->heartbeat_progress_ms < w->heartbeat_timeout_ms)
		nv_conf_error_at(r->errs, nv_conf_place(origins, "heartbeat.progress"),
			"heartbeat.progress: must not be shorter than "
			"heartbeat.timeout");
	else if (w->kind == NV_KIND_TASK &&
		 w->heartbeat_progress_ms < w->run_interval_ms * 2)
		nv_conf_error_at(r->errs, nv_conf_place(origins, "heartbeat.progress"),
			"heartbeat.progress: must be at least twice run_interval, as a "
			"task makes progress once a run");
}

static void
check_roi(struct nv_conf_reading *r, const struct nv_conf_origin *where,
	const char *const keys[3], int64_t kill_ppm, int64_t min_ppm, int64_t scale_ppm)
{
	char kill[NV_UNITS_BYTES];
	char min[NV_UNITS_BYTES];
	char scale[NV_UNITS_BYTES];

	if (kill_ppm > min_ppm || min_ppm > scale_ppm)
		nv_conf_error_at(r->errs, where,
			"%s: expected %s <= %s <= %s, found %s, %s and %s", keys[1],
			keys[0], keys[1], keys[2], nv_percent_show(kill_ppm, kill),
			nv_percent_show(min_ppm, min), nv_percent_show(scale_ppm, scale));
}

void
nv_conf_worker_finish(struct nv_conf_reading *r, struct nv_conf_worker *w,
	const struct nv_conf_origin origins[])
{
	static const char *const roi[3] = {"roi.kill", "roi.min", "roi.scale"};

	finish_instances(r, w, origins);
	if (w->rolling_surge + w->rolling_unavailable == 0)
		nv_conf_error_at(r->errs, nv_conf_place(origins, "rolling.surge"),
			"rolling.surge: 0, and so is rolling.max_unavailable: nothing "
			"could ever be replaced");
	finish_crashes(r, w, origins);
	finish_heartbeat(r, w, origins);
	nv_conf_worker_isolation_finish(r, w, origins);
	nv_conf_probes_finish(r, w, origins);
	nv_conf_budget_worker_check(r, w, origins);
	check_roi(r, nv_conf_place(origins, "roi.min"), roi, w->roi_kill_ppm,
		w->roi_min_ppm, w->roi_scale_ppm);
	for (size_t i = 0; i < w->n_params; i++) {
		const struct nv_conf_param *p = &w->params[i];
		int64_t low;
		int64_t high;

		if (strcmp(p->name, "run_interval") != 0)
			continue;
		if (nv_duration_parse(p->range_min, &low, NULL) < 0 ||
			nv_duration_parse(p->range_max, &high, NULL) < 0 ||
			w->run_interval_ms < low || w->run_interval_ms > high)
			nv_conf_error_at(r->errs, nv_conf_place(origins, "params"),
				"params.run_interval: the worker's run_interval is not "
				"within the range %s..%s",
				p->range_min, p->range_max);
	}
}

void
nv_conf_param_json(struct nv_buf *buf, const char *text)
{
	if (nv_value_is_number(text) || strcmp(text, "true") == 0 ||
		strcmp(text, "false") == 0)
		nv_buf_puts(buf, text);
	else
		nv_buf_put_json(buf, text, strlen(text));
}

/* The first of everything; run_interval is what it is configured to be. */
static void
put_params(struct nv_buf *buf, const struct nv_conf_worker *w)
{
	nv_buf_puts(buf, "{");
	for (size_t i = 0; i < w->n_params; i++) {
		const struct nv_conf_param *p = &w->params[i];

		if (i > 0)
			nv_buf_puts(buf, ",");
		nv_buf_put_json(buf, p->name, strlen(p->name));
		nv_buf_puts(buf, ":");
		if (strcmp(p->name, "run_interval") == 0) {
			nv_buf_puts(buf, "\"");
			nv_value_show_duration(buf, w->run_interval_ms);
			nv_buf_puts(buf, "\"");
		} else {
			nv_conf_param_json(
				buf, p->choices ? p->choices[0] : p->range_min);
		}
	}
	nv_buf_puts(buf, "}");
}

/* FNV-1a: the hash only has to notice a change. */
static void
mix(uint64_t *hash, const void *data, size_t bytes)
{
	const unsigned char *at = data;

	for (size_t i = 0; i < bytes; i++)
		*hash = (*hash ^ at[i]) * UINT64_C(0x100000001b3);
}

static void
mix_text(uint64_t *hash, const char *text)
{
	mix(hash, text ? text : "\x01", text ? strlen(text) + 1 : 2);
}

static void
mix_number(uint64_t *hash, uint64_t v)
{
	mix(hash, &v, sizeof(v));
}

uint64_t
nv_conf_restart_hash(const struct nv_conf_worker *w)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (char **a = w->argv; a && *a; a++)
		mix_text(&hash, *a);
	mix_number(&hash, 0);
	mix_text(&hash, w->directory);
	mix_text(&hash, w->user);
	mix_number(&hash, w->kind);
	mix_number(&hash, w->ready);
	mix_number(&hash, (uint64_t)w->run_interval_ms);
	mix_number(&hash, (uint64_t)w->run_timeout_ms);
	mix_number(&hash, (uint64_t)w->heartbeat_every_ms);
	mix_number(&hash, w->limit_open_files);
	nv_conf_isolation_mix(&hash, w);
	for (size_t i = 0; i < w->n_secrets; i++)
		mix_text(&hash, w->secrets[i]);
	mix_number(&hash, 0);
	for (size_t i = 0; i < w->n_env; i++) {
		mix_text(&hash, w->env[i].key);
		mix_text(&hash, w->env[i].value);
	}
	if (w->platforms != 0)
		mix_number(&hash, w->platforms);
	return hash;
}

int
nv_conf_worker_derive(struct nv_conf_reading *r, struct nv_conf_worker *w,
	const struct nv_conf_origin origins[])
{
	struct nv_buf buf;

	w->restart_hash = nv_conf_restart_hash(w);
	nv_buf_init(&buf, PARAMS_JSON_BYTES_MAX);
	put_params(&buf, w);
	int rc = buf.error;

	if (rc == -ENOBUFS) {
		nv_conf_error_at(r->errs, nv_conf_place(origins, "params"),
			"params: the first choice of each is more than %d bytes in all",
			PARAMS_JSON_BYTES_MAX);
		rc = 0;
	} else if (rc == 0) {
		w->params_json = nv_buf_take(&buf);
	}
	nv_buf_fini(&buf);
	return rc;
}

/* A price table of the user's, or the one that comes with the programs: installed, or
 * in the source tree that build/PRESET/bin lies in. */
static int
find_price_table(struct nv_config *config)
{
	static const char *const shipped[] = {"../share/nova", "../../../etc"};
	char exe[PATH_MAX];
	char path[PATH_MAX + 64];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	(void)snprintf(path, sizeof(path), "%s/prices.json", config->dir);
	bool found = access(path, R_OK) == 0;

	exe[n > 0 ? n : 0] = '\0';
	char *slash = strrchr(exe, '/');

	if (slash)
		*slash = '\0';
	for (size_t i = 0; i < NV_LEN(shipped) && !found && slash; i++) {
		(void)snprintf(
			path, sizeof(path), "%s/%s/prices/data.json", exe, shipped[i]);
		found = access(path, R_OK) == 0;
	}
	if (!found)
		return 0;
	config->price_table = strdup(path);
	return config->price_table ? 0 : -ENOMEM;
}

static bool
is_time_of_day(const char *text)
{
	return strlen(text) == 5 && text[2] == ':' && strspn(text, "0123456789") == 2 &&
	       strspn(text + 3, "0123456789") == 2 && strncmp(text, "24", 2) < 0 &&
	       text[3] < '6';
}

static void
check_backup(struct nv_conf_reading *r)
{
	const struct nv_config *config = r->config;
	size_t at = nv_option_find(nv_options_global, nv_options_global_n, "backup.at");

	if (!config->backup_at)
		return;
	if (!is_time_of_day(config->backup_at))
		nv_conf_error_at(r->errs, &r->origins[at],
			"backup.at: expected a time of day such as 03:00, found \"%s\"",
			config->backup_at);
	else if (config->backup_every_ms < BACKUP_DAY_MS)
		nv_conf_error_at(r->errs, &r->origins[at],
			"backup.at: needs backup.every of a day or more");
}

int
nv_conf_global_finish(struct nv_conf_reading *r)
{
	static const char *const roi[3] = {"kill_roi", "min_roi", "scale_roi"};
	struct nv_config *config = r->config;
	size_t min = nv_option_find(nv_options_global, nv_options_global_n, "min_roi");
	size_t table =
		nv_option_find(nv_options_global, nv_options_global_n, "prices.table");
	struct stat st;

	nv_conf_budget_global_check(r);
	nv_conf_platforms_finish(r);
	check_backup(r);
	/* With an error in one of them the others are not to blame. */
	if (r->errs->n == 0)
		check_roi(r, &r->origins[min], roi, config->kill_roi_ppm,
			config->min_roi_ppm, config->scale_roi_ppm);
	if (!config->price_table)
		return find_price_table(config);
	if (!r->sources->from_snapshot &&
		(stat(config->price_table, &st) < 0 || !S_ISREG(st.st_mode) ||
			access(config->price_table, R_OK) < 0))
		nv_conf_error_at(r->errs, &r->origins[table],
			"prices.table: %s is not a file that can be read",
			config->price_table);
	return 0;
}
