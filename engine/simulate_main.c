/* nova-engine --simulate: reads the configuration and the ledger as they are on disk, and
 * prints the answer as one JSON object. A process of its own, so that the engine is not
 * disturbed; what it may use is bounded. novactl starts it. */
#include "simulate.h"

#include "report.h"

#include "nv_clock.h"
#include "nv_json.h"
#include "nv_options.h"
#include "nv_units.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define SETS_MAX     32
#define SINCE_DAYS   90
#define TIME_LIMIT_S 60
#define TIME_S_MAX   3600
#define MEMORY_BYTES ((rlim_t)4 << 30)
#define CPU_S_MAX    ((rlim_t)2 * TIME_S_MAX)

struct asked {
	const char *config;
	const char *ledger;
	const char *since;
	const char *sets[SETS_MAX];
	size_t n_sets;
	int64_t time_limit_s;
};

/* The settings that decisions depend on. */
static const char *const settings[] = {"policy", "min_roi", "scale_roi", "kill_roi",
	"min_runs", "max_daily_budget", "approval_above", "autonomous.approval_expiry",
	"autonomous.window", "autonomous.cooldown"};

static int
fail(int code, const char *text)
{
	(void)fprintf(stderr, "%s\n", text);
	return code;
}

static int
take_args(int argc, char **argv, struct asked *a, struct nv_err *err)
{
	int64_t ms = 0;

	for (int i = 2; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : NULL;

		if (!value)
			return nv_err_set(err, -EINVAL, "%.60s needs a value", argv[i]);
		if (strcmp(argv[i], "--config") == 0)
			a->config = value;
		else if (strcmp(argv[i], "--ledger") == 0)
			a->ledger = value;
		else if (strcmp(argv[i], "--since") == 0)
			a->since = value;
		else if (strcmp(argv[i], "--set") == 0 && a->n_sets < SETS_MAX)
			a->sets[a->n_sets++] = value;
		else if (strcmp(argv[i], "--time-limit") == 0 &&
			 nv_duration_parse(value, &ms, err) == 0 && ms >= 1000 &&
			 ms <= TIME_S_MAX * INT64_C(1000))
			a->time_limit_s = ms / 1000;
		else
			return nv_err_set(err, -EINVAL,
				err->text[0] ? "%.60s: %s"
					     : "%.60s %.60s: not understood",
				argv[i], err->text[0] ? err->text : value);
		i++;
	}
	if (!a->config || !a->ledger)
		return nv_err_set(err, -EINVAL, "--config and --ledger are needed");
	return 0;
}

/* "scale_roi=250%" as the variable that sets the same. */
static int
add_set(struct nv_buf *text, const char *set, struct nv_err *err)
{
	const char *eq = strchr(set, '=');
	size_t key_bytes = eq ? (size_t)(eq - set) : strlen(set);
	char key[64];
	char name[NV_VARIABLE_BYTES];
	size_t i = 0;

	if (!eq || !eq[1] || key_bytes >= sizeof key)
		return nv_err_set(err, -EINVAL,
			"--set %.60s: expected a setting and its value, such as "
			"scale_roi=250%%",
			set);
	memcpy(key, set, key_bytes);
	key[key_bytes] = '\0';
	while (i < NV_LEN(settings) && strcmp(key, settings[i]) != 0)
		i++;
	if (i == NV_LEN(settings)) {
		const char *near = nv_name_nearest(key, settings, NV_LEN(settings));

		return nv_err_set(err, -EINVAL,
			"--set %.60s: no decision depends on that setting%s%s%s", key,
			near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
	}
	i = nv_option_find(nv_options_global, nv_options_global_n, key);
	NV_ASSERT(i < nv_options_global_n);
	nv_buf_puts(text, nv_option_variable(&nv_options_global[i], name));
	nv_buf_add(text, eq, strlen(eq) + 1);
	return 0;
}

/* The sets as a source that wins over all others. */
static int
add_source(struct nv_conf_sources *sources, const struct asked *a, struct nv_err *err)
{
	struct nv_buf text;
	int rc = 0;
	struct nv_conf_source *list =
		reallocarray(sources->list, sources->n + 1, sizeof *list);

	if (!list)
		return nv_err_set(err, -ENOMEM, "no memory for the settings");
	sources->list = list;
	nv_buf_init(&text, 1 << 20);
	for (size_t i = 0; rc == 0 && i < a->n_sets; i++)
		rc = add_set(&text, a->sets[i], err);
	if (rc == 0) {
		struct nv_conf_source *s = &list[sources->n];
		size_t bytes = text.bytes;

		*s = (struct nv_conf_source){.kind = NV_SOURCE_ENVIRONMENT,
			.name = strdup("--set"),
			.bytes = bytes,
			.text = nv_buf_take(&text)};
		sources->n++;
		if (!s->name || !s->text)
			rc = nv_err_set(err, -ENOMEM, "no memory for the settings");
	}
	nv_buf_fini(&text);
	return rc;
}

static int
parse(const struct nv_conf_sources *sources, struct nv_conf_errors *errs,
	struct nv_config **ret)
{
	int rc = nv_config_parse(sources, ret, errs);

	if (rc < 0 && errs->n > 0)
		nv_conf_errors_print(errs, 2);
	return rc;
}

/* Both configurations; *ret_code is set when it fails. */
static int
read_configs(const struct asked *a, struct nv_config **ret_now,
	struct nv_config **ret_other, int *ret_code)
{
	struct nv_conf_sources sources = {0};
	struct nv_conf_errors errs = {0};
	struct nv_err err = {0};
	int rc = nv_conf_sources_read(&sources, a->config, &errs);

	*ret_code = NV_EXIT_FAILED;
	if (rc == 0)
		rc = parse(&sources, &errs, ret_now);
	else
		nv_conf_errors_print(&errs, 2);
	if (rc == 0) {
		*ret_code = NV_EXIT_USAGE;
		rc = add_source(&sources, a, &err);
		if (rc < 0)
			(void)fail(0, err.text);
	}
	if (rc == 0)
		rc = parse(&sources, &errs, ret_other);
	nv_conf_errors_fini(&errs);
	nv_conf_sources_fini(&sources);
	return rc;
}

static int
take_since(const struct asked *a, int64_t *ret, struct nv_err *err)
{
	struct eng_period period;

	*ret = nv_wall_ns() - SINCE_DAYS * INT64_C(86400) * NV_NS_PER_SEC;
	if (!a->since)
		return 0;
	if (eng_period_parse(a->since, nv_wall_ns(), &period, NULL) == 0) {
		*ret = period.from_ns;
		return 0;
	}
	return eng_time_parse(a->since, nv_wall_ns(), ret, err);
}

static void
bound(void)
{
	const struct rlimit cpu = {CPU_S_MAX, CPU_S_MAX};

	/* Where a lower one is in force already it stays. */
#if !defined(__SANITIZE_ADDRESS__) /* whose shadow counts as data, too */
	const struct rlimit memory = {MEMORY_BYTES, MEMORY_BYTES};

	(void)setrlimit(RLIMIT_DATA, &memory);
#endif
	(void)setrlimit(RLIMIT_CPU, &cpu);
}

static int
answer(const struct asked *a, const struct nv_config *now, const struct nv_config *other)
{
	const struct led_options opt = {.read_only = true};
	struct eng_simulate s = {.now = now,
		.other = other,
		.deadline_mono_ns = nv_mono_ns() + a->time_limit_s * NV_NS_PER_SEC};
	struct nv_err err = {0};
	json_t *o = NULL;
	int rc;

	(void)eng_zone_set(now->timezone, &err); /* UTC when the system has it not */
	err = (struct nv_err){0};
	rc = led_open(a->ledger, &opt, &s.led, &err);
	if (rc < 0)
		return fail(rc == -ENOENT ? NV_EXIT_NO : NV_EXIT_FAILED, err.text);
	rc = take_since(a, &s.since_ns, &err);
	if (rc < 0) {
		led_close(s.led);
		return fail(NV_EXIT_USAGE, err.text);
	}
	rc = eng_simulate(&s, &o, &err);
	led_close(s.led);
	NV_CLEANUP_FREE char *line = o ? nv_json_line(o) : NULL;

	json_decref(o);
	if (rc < 0 || !line)
		return fail(NV_EXIT_FAILED, err.text);
	if (printf("%s\n", line) < 0 || fflush(stdout) != 0)
		return fail(NV_EXIT_FAILED, strerror(errno));
	return NV_EXIT_OK;
}

int
eng_simulate_main(int argc, char **argv)
{
	struct asked a = {.time_limit_s = TIME_LIMIT_S};
	struct nv_config *now = NULL;
	struct nv_config *other = NULL;
	struct nv_err err = {0};
	int code = NV_EXIT_USAGE;

	if (take_args(argc, argv, &a, &err) < 0)
		return fail(NV_EXIT_USAGE, err.text);
	bound();
	if (read_configs(&a, &now, &other, &code) == 0)
		code = answer(&a, now, other);
	nv_config_free(now);
	nv_config_free(other);
	return code;
}
