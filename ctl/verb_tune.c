/* workers tune: parameters, run interval and split of a worker. */
#include "engine_client.h"
#include "nv_units.h"
#include "value.h"
#include "verbs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* "a=70%,b=30%" -> {"a": 0.7, "b": 0.3}. */
static int
read_shares(const char *text, json_t *ret, struct nv_err *err)
{
	NV_CLEANUP_FREE char *copy = strdup(text);
	char *rest = copy;
	char *item;

	if (!copy)
		return nv_err_set(err, -ENOMEM, "no memory");
	while ((item = strsep(&rest, ","))) {
		char *equals = strchr(item, '=');
		int64_t ppm;

		if (!equals || equals == item ||
			nv_percent_parse(equals + 1, &ppm, err) < 0 || ppm < 0)
			return nv_err_set(err, -EINVAL,
				"--split: expected shares such as a=70%%,b=30%%, found "
				"\"%s\"",
				text);
		*equals = '\0';
		if (json_object_set_new(ret, item, json_real((double)ppm / 1e6)) < 0)
			return nv_err_set(err, -EINVAL, "--split: the name is not UTF-8");
	}
	return 0;
}

/* Each --set NAME=VALUE. */
static int
read_params(const struct ctl_args *args, json_t *ret, struct nv_err *err)
{
	const char *text;

	for (size_t i = 0; (text = ctl_opt_nth(args, "set", i)); i++) {
		const char *equals = strchr(text, '=');
		NV_CLEANUP_FREE char *name =
			equals ? strndup(text, (size_t)(equals - text)) : NULL;

		if (!equals || equals == text ||
			json_object_set_new(
				ret, name ? name : "", json_string(equals + 1)) < 0)
			return nv_err_set(err, -EINVAL,
				"--set: expected NAME=VALUE, found \"%s\"", text);
	}
	return 0;
}

/* "style=plain,question" -> experiment and values; "style" leaves the values to the
 * engine. */
static int
read_experiment(const char *text, json_t *args, struct nv_err *err)
{
	NV_CLEANUP_FREE char *copy = strdup(text);
	char *rest = copy ? strchr(copy, '=') : NULL;
	json_t *values = rest ? json_array() : NULL;
	int bad = copy ? 0 : -1;
	char *item;

	if (rest)
		*rest++ = '\0';
	while (rest && (item = strsep(&rest, ",")))
		bad |= json_array_append_new(values, json_string(item));
	bad |= json_object_set_new(args, "experiment", json_string(copy ? copy : ""));
	if (values)
		bad |= json_object_set_new(args, "values", values);
	return bad ? nv_err_set(err, -EINVAL, "--try: the value is not UTF-8") : 0;
}

static int
read_wish(const struct ctl_args *given, json_t *args, struct nv_err *err)
{
	const char *split = ctl_opt(given, "split");
	const char *interval = ctl_opt(given, "interval");
	const char *trial = ctl_opt(given, "try");
	json_t *shares = json_object();
	json_t *params = json_object();
	int64_t ms = 0;
	int rc = shares && params ? 0 : -ENOMEM;

	if (rc == 0 && split)
		rc = read_shares(split, shares, err);
	if (rc == 0)
		rc = read_params(given, params, err);
	if (rc == 0 && interval)
		rc = nv_duration_parse(interval, &ms, err);
	if (rc == 0 && interval)
		rc = json_object_set_new(args, "run_interval_ms", json_integer(ms));
	if (rc == 0 && split)
		rc = json_object_set(args, "shares", shares);
	if (rc == 0 && json_object_size(params) > 0)
		rc = json_object_set(args, "params", params);
	if (rc == 0 && ctl_opt(given, "reset"))
		rc = json_object_set_new(args, "reset", json_true());
	if (rc == 0 && trial)
		rc = read_experiment(trial, args, err);
	json_decref(shares);
	json_decref(params);
	return rc;
}

static void
show(struct ctl *ctl, const json_t *data)
{
	const json_t *split = json_object_get(data, "split");
	NV_CLEANUP_FREE char *params =
		json_dumps(json_object_get(data, "params"), JSON_COMPACT);
	char text[NV_UNITS_BYTES];
	size_t i;
	json_t *arm;

	ctl_print(&ctl->out, CTL_PLAIN, "%s: a run every %s, params %s\n",
		ctl_str(data, "worker"),
		nv_duration_show((int64_t)(json_number_value(json_object_get(
						   data, "run_interval_s")) *
					   1000),
			text),
		params ? params : "{}");
	json_array_foreach(split, i, arm)
	{
		const json_t *value = json_object_get(arm, "value");
		NV_CLEANUP_FREE char *shown =
			json_is_null(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY);

		ctl_print(&ctl->out, CTL_PLAIN, "  %s of the runs: %s%s%s\n",
			nv_percent_show((int64_t)(json_number_value(
							  json_object_get(arm, "share")) *
							  1e6 +
						  0.5),
				text),
			ctl_str(arm, "variant"), shown ? " = " : "", shown ? shown : "");
	}
}

int
ctl_verb_workers_tune(struct ctl *ctl)
{
	json_t *args = json_pack("{s:s}", "worker", ctl->args.words[0]);
	struct nv_err err = {0};
	json_t *data = NULL;

	if (!args)
		return ctl_fail(&ctl->out, NV_EXIT_USAGE, "the name is not UTF-8");
	if (read_wish(&ctl->args, args, &err) < 0) {
		json_decref(args);
		return ctl_fail_err(&ctl->out, NV_EXIT_USAGE, &err);
	}
	ctl_put_option(ctl, args, "via");
	int code = ctl_ask(ctl, "workers.tune", args, &data);

	if (code != NV_EXIT_OK)
		return code;
	if (ctl->args.json) {
		ctl_json(&ctl->out, data);
		return NV_EXIT_OK;
	}
	show(ctl, data);
	json_decref(data);
	return NV_EXIT_OK;
}
