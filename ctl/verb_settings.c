/* config settings, config schema: what can be configured. */
#include "reference.h"
#include "schema.h"
#include "verbs.h"

#include <stdio.h>
#include <string.h>

static json_t *
shown(void (*put)(struct nv_buf *, const struct nv_option *), const struct nv_option *o)
{
	struct nv_buf buf;
	json_t *value;

	nv_buf_init(&buf, 4096);
	put(&buf, o);
	value = buf.bytes ? ctl_json_str(buf.data) : json_null();
	nv_buf_fini(&buf);
	return value;
}

static json_t *
split(const char *names)
{
	json_t *list = ctl_need(json_array());

	while (names && *names) {
		size_t n = strcspn(names, " ");

		(void)json_array_append_new(list, ctl_json_text(names, n));
		names += n + (names[n] == ' ');
	}
	return list;
}

static json_t *
variables_of(const struct nv_option *o)
{
	json_t *list = split(o->variables);
	char own[NV_VARIABLE_BYTES];

	if (nv_option_by_variable(nv_option_variable(o, own), strlen(own)) == o)
		(void)json_array_insert_new(list, 0, ctl_json_str(own));
	return list;
}

static json_t *
as_json(const struct ref_table *table, const struct nv_option *o)
{
	json_t *words = ctl_need(json_array());
	json_t *row = ctl_need(json_pack("{s:s, s:s, s:s, s:b, s:s, s:s, s:s}", "of",
		table->of, "key", o->key, "type", nv_option_type(o), "required",
		(o->flags & NV_OPT_REQUIRED) != 0, "reload",
		nv_option_reload_name(nv_option_reload(o)), "since",
		o->since ? o->since : "0.1.0", "help", o->help));

	for (size_t i = 0; o->words && o->words[i]; i++)
		(void)json_array_append_new(words, ctl_json_str(o->words[i]));
	(void)json_object_set_new(row, "words", words);
	(void)json_object_set_new(row, "variables", variables_of(o));
	(void)json_object_set_new(row, "default", shown(nv_option_put_default, o));
	(void)json_object_set_new(row, "min", shown(nv_option_put_min, o));
	(void)json_object_set_new(row, "max", shown(nv_option_put_max, o));
	(void)json_object_set_new(
		row, "inherits", o->inherit ? ctl_json_str(o->inherit) : json_null());
	(void)json_object_set_new(row, "otherwise",
		o->otherwise ? ctl_json_str(o->otherwise) : json_null());
	return row;
}

/* For people: the key, its help, and what else is known. */
static void
print_one(const struct ctl *ctl, const struct ref_table *table, const struct nv_option *o)
{
	struct nv_buf facts;

	nv_buf_init(&facts, 4096);
	ref_facts(&facts, o);
	ctl_print(&ctl->out, CTL_BOLD, "%s", o->key);
	ctl_print(&ctl->out, CTL_DIM, "  (%s)\n", table->of);
	ctl_print_wrapped(4, o->help);
	ctl_print_wrapped(4, facts.bytes ? facts.data : "");
	nv_buf_fini(&facts);
}

int
ctl_verb_config_settings(struct ctl *ctl)
{
	const char *prefix = ctl->args.words[0] ? ctl->args.words[0] : "";
	const char *of = ctl_opt(&ctl->args, "of");
	json_t *list = ctl_need(json_array());
	size_t n = 0;
	bool known = !of;

	for (size_t t = 0; t < REF_TABLES; t++) {
		const struct ref_table *table = &ref_tables[t];

		if (of && strcmp(of, table->of) != 0)
			continue;
		known = true;
		for (size_t i = 0; i < *table->n; i++) {
			const struct nv_option *o = &table->options[i];

			if (strncmp(o->key, prefix, strlen(prefix)) != 0)
				continue;
			n++;
			if (ctl->out.json)
				(void)json_array_append_new(list, as_json(table, o));
			else
				print_one(ctl, table, o);
		}
	}
	if (ctl->out.json && n > 0)
		ctl_json(&ctl->out, ctl_need(json_pack("{s:O}", "settings", list)));
	json_decref(list);
	if (!known)
		return ctl_fail(&ctl->out, NV_EXIT_USAGE,
			"--of: expected fleet, group or worker, found \"%s\"", of);
	if (n == 0)
		return ctl_fail(
			&ctl->out, NV_EXIT_NO, "no setting begins with \"%s\"", prefix);
	return NV_EXIT_OK;
}

int
ctl_verb_config_schema(struct ctl *ctl)
{
	const char *of = ctl->args.words[0] ? ctl->args.words[0] : "fleet";
	json_t *schema = ctl_schema(of);

	if (!schema)
		return ctl_fail(&ctl->out, NV_EXIT_USAGE,
			"expected fleet or worker, found \"%s\"", of);
	ctl_json(&ctl->out, schema);
	return NV_EXIT_OK;
}
