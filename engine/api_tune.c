/* workers.tune: turn a worker's parameters, interval or split by hand. Durable before it
 * is answered, like every other wish; a decision about the same thing may follow later.
 */
#include "api.h"
#include "fleet.h"
#include "tune.h"

#include "nv_json.h"
#include "nv_units.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What one request asks for; more than one thing at once is allowed but for the two that
 * exclude each other. */
struct wish {
	struct eng_call *call;
	struct eng_worker *w;
	struct eng_desire d;
	char what[120]; /* for the reason: "split, run_interval" */
	bool any;
};

static void
asked(struct wish *wish, const char *what)
{
	size_t n = strlen(wish->what);

	(void)snprintf(wish->what + n, sizeof(wish->what) - n, "%s%.40s",
		wish->any ? ", " : "", what);
	wish->any = true;
}

static int
take_shares(struct wish *wish)
{
	const json_t *o = json_object_get(wish->call->args, "shares");
	const struct nv_conf_worker *conf = wish->w->conf;
	double shares[NV_SPLIT_ARMS] = {0};
	const char *name;
	json_t *value;

	if (!o || json_is_null(o))
		return 0;
	if (!json_is_object(o))
		return nv_err_set(&wish->call->err, -EINVAL,
			"shares: expected an object such as {\"a\": 0.7, \"b\": 0.3}");
	json_object_foreach((json_t *)(uintptr_t)o, name, value)
	{
		size_t i = 0;

		while (i < conf->n_variants && strcmp(conf->variants[i], name) != 0)
			i++;
		if (i == conf->n_variants || !json_is_number(value))
			return nv_err_set(&wish->call->err, -EINVAL,
				"shares: expected numbers for declared variants, found "
				"%.63s",
				name);
		shares[i] = json_number_value(value);
	}
	asked(wish, "split");
	return eng_tune_shares(
		wish->w, &wish->d, shares, (unsigned)conf->n_variants, &wish->call->err);
}

static int
take_interval(struct wish *wish)
{
	uint64_t ms = 0;
	int rc = nv_json_get_u64(
		wish->call->args, "run_interval_ms", 0, INT64_MAX, &ms, &wish->call->err);

	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	asked(wish, "run_interval");
	return eng_tune_interval(wish->w, &wish->d, (int64_t)ms, &wish->call->err);
}

static int
take_params(struct wish *wish)
{
	const json_t *o = json_object_get(wish->call->args, "params");
	const char *name;
	json_t *value;

	if (!o || json_is_null(o))
		return 0;
	if (!json_is_object(o))
		return nv_err_set(&wish->call->err, -EINVAL,
			"params: expected an object such as {\"style\": \"plain\"}");
	json_object_foreach((json_t *)(uintptr_t)o, name, value)
	{
		if (!json_is_string(value))
			return nv_err_set(&wish->call->err, -EINVAL,
				"params: expected the value of %.63s as text", name);
		asked(wish, name);
		int rc = eng_tune_param(wish->w, &wish->d, name, json_string_value(value),
			&wish->call->err);

		if (rc < 0)
			return rc;
	}
	return 0;
}

static int
take_experiment(struct wish *wish)
{
	const json_t *list = json_object_get(wish->call->args, "values");
	const char *values[NV_SPLIT_ARMS];
	const char *name = NULL;
	int rc = nv_json_get_str(
		wish->call->args, "experiment", NV_NAME_MAX - 1, &name, &wish->call->err);

	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	if (!list || json_is_null(list)) {
		asked(wish, "experiment");
		return eng_tune_try(wish->w, &wish->d, name, &wish->call->err);
	}
	if (!json_is_array(list) || json_array_size(list) > NV_SPLIT_ARMS)
		return nv_err_set(&wish->call->err, -EINVAL,
			"values: expected a list of at most %d texts", NV_SPLIT_ARMS);
	for (size_t i = 0; i < json_array_size(list); i++) {
		values[i] = json_string_value(json_array_get(list, i));
		if (!values[i])
			return nv_err_set(&wish->call->err, -EINVAL,
				"values: expected texts alone");
	}
	asked(wish, "experiment");
	return eng_tune_experiment(wish->w, &wish->d, name, values,
		(unsigned)json_array_size(list), &wish->call->err);
}

static int
take_reset(struct wish *wish)
{
	bool reset = false;
	int rc = nv_json_get_bool(wish->call->args, "reset", &reset, &wish->call->err);

	if (rc < 0 && rc != -ENOENT)
		return rc;
	if (!reset)
		return 0;
	asked(wish, "reset");
	wish->d.split = (struct nv_split){0};
	wish->d.params[0] = '\0';
	wish->d.run_interval_ms = 0;
	return 0;
}

static json_t *
split_json(const struct nv_split *split)
{
	json_t *list = json_array();
	int bad = list ? 0 : -1;

	for (unsigned i = 0; i < split->n; i++) {
		const struct nv_split_arm *arm = &split->arms[i];
		json_t *value = arm->value[0]
					? json_loads(arm->value, JSON_DECODE_ANY, NULL)
					: json_null();

		bad |= json_array_append_new(
			list, json_pack("{s:s, s:f, s:o}", "variant", arm->name, "share",
				      arm->share_ppm / (double)NV_SPLIT_WHOLE_PPM,
				      "value", value));
	}
	if (bad) {
		json_decref(list);
		return NULL;
	}
	return list;
}

json_t *
eng_json_tuned(const struct eng_worker *w)
{
	char params[ENG_PARAMS_BYTES];
	struct nv_split split;

	eng_tune_split(w, &split);
	return json_pack("{s:s, s:f, s:o, s:o?, s:o}", "worker", w->name,
		"run_interval_s", (double)eng_worker_interval_ms(w) / 1000.0, "params",
		json_loads(eng_tune_params(w, params), 0, NULL), "param",
		split.param[0] ? nv_json_str(split.param) : NULL, "split",
		split_json(&split));
}

int
eng_verb_tune(struct eng_call *call)
{
	int (*const takes[])(struct wish *) = {
		take_reset, take_shares, take_interval, take_params, take_experiment};
	struct wish wish = {.call = call};
	const char *name = NULL;
	int rc = nv_json_need_str(call->args, "worker", 200, &name, &call->err);

	if (rc == 0)
		rc = eng_api_worker(call, name, &wish.w);
	if (rc < 0)
		return rc;
	NV_ASSERT(wish.w != NULL);
	if (!wish.w->conf)
		return nv_err_set(&call->err, -EPERM,
			"%s is not in the configuration any more", wish.w->name);
	wish.d = wish.w->desire;
	for (size_t i = 0; i < NV_LEN(takes) && rc == 0; i++)
		rc = takes[i](&wish);
	if (rc < 0)
		return rc;
	if (wish.any) {
		wish.d.since_ns = call->now_ns;
		(void)snprintf(wish.d.by, sizeof wish.d.by, "%s", call->by);
		(void)snprintf(wish.d.reason, sizeof wish.d.reason, "tuned by %s: %s",
			call->by, wish.what);
		rc = eng_desire_set(call->eng, wish.w, &wish.d, false, &call->err);
	}
	if (rc == 0)
		call->data = eng_json_tuned(wish.w);
	return rc;
}
