/* The plan of a reload: see plan.h. */
#include "plan.h"
#include "nv_config.h"

#include <string.h>

static const char *
change_word(const struct nv_ctl_plan *row)
{
	return row->kind == NV_CONF_ADDED     ? "added"
	       : row->kind == NV_CONF_REMOVED ? "removed"
					      : "changed";
}

static const char *
effect_word(enum nv_plan_effect effect)
{
	switch (effect) {
	case NV_PLAN_LIVE:
		return "apply live";
	case NV_PLAN_RESTART:
		return "restart";
	case NV_PLAN_START:
		return "start";
	case NV_PLAN_STOP:
		return "stop";
	case NV_PLAN_LATER:
		return "at the next start";
	}
	return "unknown";
}

/* How many rows from here on are about the same worker. */
static size_t
same_worker(const struct nv_ctl_plan *rows, size_t n)
{
	size_t k = 1;

	while (k < n && strcmp(rows[k].worker, rows[0].worker) == 0)
		k++;
	return k;
}

/* What they come to together: one that restarts it is enough. */
static enum nv_plan_effect
effect_of(const struct nv_ctl_plan *rows, size_t n)
{
	enum nv_plan_effect effect = (enum nv_plan_effect)rows[0].effect;

	for (size_t i = 1; i < n; i++) {
		if (rows[i].effect == NV_PLAN_RESTART ||
			(rows[i].effect == NV_PLAN_LATER && effect == NV_PLAN_LIVE))
			effect = (enum nv_plan_effect)rows[i].effect;
	}
	return effect;
}

void
ctl_plan_print(const struct ctl_out *out, const struct nv_ctl_plan *rows, size_t n,
	bool applied, const char *text)
{
	for (size_t i = 0; i < n;) {
		size_t k = same_worker(rows + i, n - i);
		const struct nv_ctl_plan *row = &rows[i];
		bool added = row->kind == NV_CONF_ADDED;
		bool removed = row->kind == NV_CONF_REMOVED;
		char several[40] = "";

		if (row->running > 1)
			(void)snprintf(
				several, sizeof(several), ", %u instances", row->running);
		ctl_print(out,
			added     ? CTL_GREEN
			: removed ? CTL_RED
				  : CTL_YELLOW,
			"%s %s",
			added     ? "+"
			: removed ? "-"
				  : "~",
			row->worker[0] ? row->worker : "the fleet");
		ctl_print(out, CTL_PLAIN, ": %s%s\n", effect_word(effect_of(row, k)),
			several);
		for (size_t j = i; j < i + k; j++) {
			if (rows[j].key[0])
				ctl_print(out, CTL_PLAIN, "    %s: %s -> %s%s\n",
					rows[j].key, rows[j].from, rows[j].to,
					rows[j].effect == NV_PLAN_RESTART ? "  (restart)"
									  : "");
		}
		i += k;
	}
	ctl_print(out, CTL_PLAIN, "%s%s\n", applied ? "" : "not applied: ", text);
}

static json_t *
key_json(const struct nv_ctl_plan *row)
{
	return ctl_need(json_pack("{s:o, s:o, s:o, s:s}", "key", ctl_json_str(row->key),
		"from", ctl_json_str(row->from), "to", ctl_json_str(row->to), "effect",
		effect_word((enum nv_plan_effect)row->effect)));
}

json_t *
ctl_plan_json(const struct nv_ctl_plan *rows, size_t n, bool applied, const char *text)
{
	json_t *settings = ctl_need(json_array());
	json_t *workers = ctl_need(json_array());

	for (size_t i = 0; i < n;) {
		size_t k = same_worker(rows + i, n - i);
		json_t *keys = rows[i].worker[0] ? ctl_need(json_array()) : settings;

		for (size_t j = i; j < i + k; j++) {
			if (rows[j].key[0])
				(void)json_array_append_new(keys, key_json(&rows[j]));
		}
		if (rows[i].worker[0])
			(void)json_array_append_new(workers,
				ctl_need(json_pack("{s:o, s:s, s:s, s:I, s:o}", "worker",
					ctl_json_str(rows[i].worker), "change",
					change_word(&rows[i]), "effect",
					effect_word(effect_of(&rows[i], k)), "running",
					(json_int_t)rows[i].running, "keys", keys)));
		i += k;
	}
	return ctl_need(json_pack("{s:b, s:b, s:o, s:o, s:o}", "ok", 1, "applied",
		applied, "text", ctl_json_str(text), "settings", settings, "workers",
		workers));
}
