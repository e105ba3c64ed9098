/* The first line of a replay: the configuration and the workers. */
#include "replay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ROI_MAX_PPM   INT64_C(100000000000) /* 10,000,000 percent; claims may be wild */
#define INTERVAL_MAX  (INT64_C(366) * 86400)
#define CLAIM_MAX_PPM INT64_C(1000000000000)

/* An integer in bounds; missing leaves *ret. */
static int
take_int(const json_t *o, const char *key, int64_t min, int64_t max, int64_t *ret,
	struct nv_err *err)
{
	const json_t *v = json_object_get(o, key);

	if (!v || json_is_null(v))
		return 0;
	if (!json_is_integer(v) || json_integer_value(v) < min ||
		json_integer_value(v) > max)
		return nv_err_set(err, -EINVAL,
			"%s: expected an integer from %lld to %lld", key, (long long)min,
			(long long)max);
	*ret = json_integer_value(v);
	return 0;
}

static int
take_amount(const json_t *o, const char *key, int64_t *ret, struct nv_err *err)
{
	const json_t *v = json_object_get(o, key);

	return !v || json_is_null(v) ? 0 : replay_amount(o, key, ret, err);
}

/* "150" or 150: percent. *ret_has may be NULL. */
static int
take_percent(const json_t *o, const char *key, int64_t *ret_ppm, bool *ret_has,
	struct nv_err *err)
{
	const json_t *v = json_object_get(o, key);
	int64_t nano;

	if (!v || json_is_null(v))
		return 0;
	if (json_is_integer(v) && llabs(json_integer_value(v)) < 9000000000) {
		nano = json_integer_value(v) * NV_MONEY_SCALE;
	} else if (!json_is_string(v) ||
		   nv_money_parse(json_string_value(v), json_string_length(v),
			   NV_DECIMAL_ROUND, &nano, &(bool){false}) < 0) {
		return nv_err_set(err, -EINVAL,
			"%s: expected a percentage as a decimal string", key);
	}
	nano /= NV_MONEY_SCALE / 10000; /* percent at 10^-9 -> parts per million */
	*ret_ppm = NV_MAX(NV_MIN(nano, ROI_MAX_PPM), -1000000);
	if (ret_has)
		*ret_has = true;
	return 0;
}

static int
read_config(const json_t *o, struct pol_conf *c, struct nv_err *err)
{
	int64_t min_runs = c->min_runs;

	if (!json_is_object(o))
		return nv_err_set(err, -EINVAL, "config: expected an object");
	if (take_amount(o, "daily_budget", &c->daily_budget_nano, err) < 0 ||
		take_amount(o, "approval_above", &c->approval_above_nano, err) < 0 ||
		take_percent(o, "min_roi", &c->min_roi_ppm, NULL, err) < 0 ||
		take_percent(o, "scale_roi", &c->scale_roi_ppm, NULL, err) < 0 ||
		take_percent(o, "kill_roi", &c->kill_roi_ppm, NULL, err) < 0 ||
		take_int(o, "min_runs", 0, 1000000, &min_runs, err) < 0)
		return -EINVAL;
	c->min_runs = (uint32_t)min_runs;
	const json_t *mode = json_object_get(o, "policy");

	if (mode && (!json_is_string(mode) ||
			    !pol_mode_from(json_string_value(mode), &c->mode)))
		return nv_err_set(err, -EINVAL,
			"policy: expected \"strict\", \"marginal\" or \"classic\"");
	return 0;
}

static int
read_intervals(const json_t *list, struct pol_worker_conf *c, struct nv_err *err)
{
	size_t i;
	json_t *v;

	if (list && !json_is_null(list) && !json_is_array(list))
		return nv_err_set(err, -EINVAL, "intervals: expected a list");
	json_array_foreach(list, i, v)
	{
		if (!json_is_integer(v) || json_integer_value(v) < 1 ||
			json_integer_value(v) > INTERVAL_MAX)
			return nv_err_set(
				err, -EINVAL, "intervals: expected seconds above 0");
		if (json_integer_value(v) == c->run_interval_s)
			continue;
		if (c->n_intervals == POL_INTERVALS_MAX)
			return nv_err_set(err, -EINVAL,
				"intervals: more than %d besides run_interval",
				POL_INTERVALS_MAX);
		c->intervals_s[c->n_intervals++] = json_integer_value(v);
	}
	return 0;
}

static int
read_variants(const json_t *list, struct pol_worker_conf *c, struct nv_err *err)
{
	size_t i;
	json_t *v;

	if (list && !json_is_null(list) && !json_is_array(list))
		return nv_err_set(err, -EINVAL, "variants: expected a list");
	json_array_foreach(list, i, v)
	{
		if (!json_is_string(v) || json_string_length(v) == 0 ||
			json_string_length(v) >= NV_NAME_MAX ||
			strlen(json_string_value(v)) != json_string_length(v))
			return nv_err_set(err, -EINVAL,
				"variants: expected names of 1 to 63 bytes");
		if (c->n_variants == POL_VARIANTS_MAX)
			return nv_err_set(
				err, -EINVAL, "variants: more than %d", POL_VARIANTS_MAX);
		memcpy(c->variants[c->n_variants++], json_string_value(v),
			json_string_length(v) + 1);
	}
	return 0;
}

static int
read_worker(const json_t *o, struct pol_worker_conf *c, struct nv_err *err)
{
	const json_t *name = json_object_get(o, "worker");
	const json_t *catalog = json_object_get(o, "catalog");
	int64_t interval = 0;
	int64_t ramp = 0;
	int64_t max = 1;

	pol_worker_conf_init(c);
	if (!json_is_string(name) || json_string_length(name) == 0 ||
		json_string_length(name) >= NV_NAME_MAX ||
		strcmp(json_string_value(name), "*") == 0 ||
		strlen(json_string_value(name)) != json_string_length(name))
		return nv_err_set(err, -EINVAL,
			"worker: expected a name of 1 to 63 bytes, not \"*\"");
	memcpy(c->name, json_string_value(name), json_string_length(name) + 1);
	if (take_int(o, "run_interval", 1, INTERVAL_MAX, &interval, err) < 0 ||
		take_int(o, "ramp_days", 0, 3660, &ramp, err) < 0 ||
		take_int(o, "max_instances", 1, POL_INSTANCES_MAX, &max, err) < 0 ||
		take_amount(o, "est_cost_per_run", &c->expected_cost_nano, err) < 0 ||
		take_amount(o, "typical_sale", &c->expected_sale_nano, err) < 0 ||
		take_percent(o, "expected_roi", &c->expected_roi_ppm,
			&c->has_expected_roi, err) < 0)
		return -EINVAL;
	c->run_interval_s = interval;
	c->ramp_days = (uint32_t)ramp;
	c->instances_max = (uint32_t)max;
	if (catalog && !json_is_boolean(catalog) && !json_is_null(catalog))
		return nv_err_set(err, -EINVAL, "catalog: expected true or false");
	c->catalog = json_is_true(catalog);
	if (interval == 0)
		return nv_err_set(err, -EINVAL, "run_interval: expected seconds above 0");
	if (read_intervals(json_object_get(o, "intervals"), c, err) < 0)
		return -EINVAL;
	return read_variants(json_object_get(o, "variants"), c, err);
}

static int
by_name(const void *a, const void *b)
{
	const struct replay_worker *x = a;
	const struct replay_worker *y = b;

	return strcmp(x->conf.name, y->conf.name);
}

static int
put_workers(struct replay *r, struct nv_err *err)
{
	qsort(r->workers, r->n_workers, sizeof *r->workers, by_name);
	for (size_t i = 0; i < r->n_workers; i++) {
		const struct pol_worker_conf *c = &r->workers[i].conf;
		struct pol_standing st = {
			.state = c->catalog ? POL_ST_CATALOG : POL_ST_RUNNING,
			.instances = 1,
			.live = 1};

		if (i > 0 && strcmp(r->workers[i - 1].conf.name, c->name) == 0)
			return nv_err_set(
				err, -EINVAL, "workers: \"%s\" is there twice", c->name);
		int rc = pol_worker_put(r->pol, c);

		if (rc == 0)
			rc = pol_standing_put(r->pol, c->name, r->ts, &st);
		if (rc < 0)
			return nv_err_set(
				err, rc, "workers: \"%s\": %s", c->name, strerror(-rc));
	}
	return 0;
}

static int
read_workers(struct replay *r, const json_t *list, struct nv_err *err)
{
	size_t i;
	json_t *o;

	if (!json_is_array(list) || json_array_size(list) > POL_WORKERS_MAX)
		return nv_err_set(err, -EINVAL, "workers: expected a list of at most %d",
			POL_WORKERS_MAX);
	r->workers = calloc(json_array_size(list) + 1, sizeof *r->workers);
	if (!r->workers)
		return -ENOMEM;
	json_array_foreach(list, i, o)
	{
		struct nv_err why = {0};

		if (read_worker(o, &r->workers[i].conf, &why) < 0)
			return nv_err_set(err, -EINVAL, "workers[%zu]: %s", i, why.text);
		r->n_workers++;
	}
	return put_workers(r, err);
}

static int
read_all(struct replay *r, const json_t *o, struct nv_err *err)
{
	struct pol_conf conf;
	int64_t v = 0;

	pol_conf_init(&conf);
	conf.mode = POL_MARGINAL;
	r->tick_s = 3600;
	if (take_int(o, "v", 1, 1, &v, err) < 0 || replay_ts(o, "ts", &r->ts, err) < 0 ||
		take_int(o, "tick_s", 1, 86400, &r->tick_s, err) < 0)
		return -EINVAL;
	if (v != 1)
		return nv_err_set(err, -EINVAL, "v: expected 1");
	/* The days of its budget begin when it begins. */
	conf.day_offset_s = -(r->ts % 86400);
	if (read_config(json_object_get(o, "config"), &conf, err) < 0)
		return -EINVAL;
	int rc = pol_new(&conf, &r->pol);

	if (rc == -EINVAL)
		return nv_err_set(err, rc, "config: out of its bounds");
	if (rc < 0)
		return rc;
	return read_workers(r, json_object_get(o, "workers"), err);
}

int
replay_hello(struct replay *r, const json_t *o, struct nv_err *err)
{
	struct nv_err why = {0};

	if (r->pol)
		return nv_err_set(err, -EINVAL, "a second hello");
	int rc = read_all(r, o, &why);

	if (rc == -EINVAL || rc == -ENOSPC)
		return nv_err_set(err, -EPROTO, "hello: %s", why.text);
	return rc;
}
