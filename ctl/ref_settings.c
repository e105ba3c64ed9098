/* The settings of nova.yaml and of workers.d as text: see reference.h. */
#include "reference.h"

#include <string.h>

const struct ref_table ref_tables[REF_TABLES] = {
	{"fleet", nv_options_global, &nv_options_global_n},
	{"group", nv_options_group, &nv_options_group_n},
	{"worker", nv_options_worker, &nv_options_worker_n}};

static void
put_words(struct nv_buf *buf, const struct nv_option *option)
{
	for (size_t i = 0; option->words[i]; i++) {
		const char *before = i == 0                 ? "One of "
				     : option->words[i + 1] ? ", "
							    : " or ";

		nv_buf_printf(buf, "%s`%s`", before, option->words[i]);
	}
	nv_buf_puts(buf, ".");
}

/* "Duration, 1s to 366d." */
static void
put_type(struct nv_buf *buf, const struct nv_option *option)
{
	struct nv_buf min;
	struct nv_buf max;

	nv_buf_init(&min, 256);
	nv_buf_init(&max, 256);
	nv_option_put_min(&min, option);
	nv_option_put_max(&max, option);
	nv_buf_printf(buf, "%s", nv_option_type(option));
	if (min.bytes && max.bytes)
		nv_buf_printf(buf, ", `%s` to `%s`", min.data, max.data);
	else if (min.bytes)
		nv_buf_printf(buf, ", at least `%s`", min.data);
	else if (max.bytes && nv_option_is_scalar(option) && option->kind != NV_OPT_TEXT)
		nv_buf_printf(buf, ", at most `%s`", max.data);
	else if (max.bytes)
		nv_buf_printf(buf, " of at most %s", max.data);
	if (option->flags & NV_OPT_NONE)
		nv_buf_puts(buf, ", or `none`");
	if (option->flags & NV_OPT_INFINITY)
		nv_buf_puts(buf, ", or `infinity`");
	if (option->flags & NV_OPT_BRUTAL)
		nv_buf_puts(buf, ", or `brutal_kill`");
	nv_buf_puts(buf, ".");
	nv_buf_fini(&min);
	nv_buf_fini(&max);
}

static void
put_default(struct nv_buf *buf, const struct nv_option *option)
{
	struct nv_buf text;

	nv_buf_init(&text, 1024);
	nv_option_put_default(&text, option);
	if (option->flags & NV_OPT_REQUIRED)
		nv_buf_puts(buf, " Required.");
	else if (option->inherit)
		nv_buf_printf(buf, " Default: the fleet's `%s`.", option->inherit);
	else if (option->otherwise)
		nv_buf_printf(buf, " Default: %s.", option->otherwise);
	else if (text.bytes)
		nv_buf_printf(buf, " Default: `%s`.", text.data);
	nv_buf_fini(&text);
}

void
ref_facts(struct nv_buf *buf, const struct nv_option *option)
{
	bool fleet = option >= nv_options_global &&
		     option < nv_options_global + nv_options_global_n;

	if (option->kind == NV_OPT_SECTION) {
		nv_buf_puts(buf, "A change in this section restarts that process.");
		return;
	}
	if (option->kind == NV_OPT_WORD) {
		put_words(buf, option);
	} else {
		size_t at = buf->bytes;

		put_type(buf, option);
		if (!buf->error && buf->data[at] >= 'a' && buf->data[at] <= 'z')
			buf->data[at] = (char)(buf->data[at] - 'a' + 'A');
	}
	put_default(buf, option);
	if (option->variables) {
		nv_buf_puts(buf, " Also ");
		for (const char *at = option->variables; *at; at++) {
			if (*at == ' ')
				nv_buf_puts(buf, " or ");
			else
				nv_buf_add(buf, at, 1);
		}
		nv_buf_puts(buf, ".");
	}
	if (nv_option_reload(option) == NV_RELOAD_WORKER)
		nv_buf_puts(
			buf, fleet ? " A change restarts the workers that take it over."
				   : " A change restarts the worker.");
}

void
ref_settings(const struct ref_text *t, const struct ref_table *table)
{
	struct nv_buf facts;

	nv_buf_init(&facts, 4096);
	if (!t->markdown)
		nv_buf_puts(t->out, ".Bl -tag -width Ds\n");
	for (size_t i = 0; i < *table->n; i++) {
		const struct nv_option *o = &table->options[i];

		nv_buf_clear(&facts);
		ref_facts(&facts, o);
		if (facts.error) {
			t->out->error = facts.error;
			break;
		}
		if (t->markdown)
			nv_buf_printf(t->out, "**`%s`**  \n", o->key);
		else
			nv_buf_printf(t->out, ".It Cm %s\n", o->key);
		ref_prose(t, o->help);
		if (t->markdown) {
			nv_buf_printf(t->out, "*%s*\n\n", facts.data);
		} else {
			nv_buf_puts(t->out, ".br\n");
			ref_prose(t, facts.data);
		}
	}
	if (!t->markdown)
		nv_buf_puts(t->out, ".El\n");
	nv_buf_fini(&facts);
}
