/* The verbs of novactl as text: see reference.h. */
#include "ctl.h"
#include "reference.h"

#include <string.h>

static void
put_option(const struct ref_text *t, const struct ctl_option *o)
{
	if (t->markdown) {
		nv_buf_puts(t->out, "- `");
		if (o->letter)
			nv_buf_printf(t->out, "-%c`, `", o->letter);
		nv_buf_printf(t->out, "--%s%s%s`: %s\n", o->name, o->value ? " " : "",
			o->value ? o->value : "", o->help);
		return;
	}
	nv_buf_puts(t->out, ".It ");
	if (o->letter)
		nv_buf_printf(t->out, "Fl %c , ", o->letter);
	nv_buf_printf(t->out, "Fl Fl %s", o->name);
	if (o->value) {
		nv_buf_puts(t->out, " Ar ");
		ref_word(t, o->value, strlen(o->value));
	}
	nv_buf_puts(t->out, "\n");
	ref_sentence(t, o->help);
}

static void
put_options(const struct ref_text *t, const struct ctl_option *list)
{
	if (!list[0].name)
		return;
	nv_buf_puts(t->out, t->markdown ? "\n" : ".Bl -tag -width Ds -compact\n");
	for (size_t i = 0; list[i].name; i++)
		put_option(t, &list[i]);
	if (!t->markdown)
		nv_buf_puts(t->out, ".El\n");
}

static void
put_verb(const struct ref_text *t, const struct ctl_verb *verb)
{
	if (t->markdown)
		nv_buf_printf(
			t->out, "**`novactl %s%s", verb->name, verb->usage[0] ? " " : "");
	else
		nv_buf_printf(t->out, ".It Cm %s", verb->name);
	ref_usage(t, verb->usage);
	nv_buf_puts(t->out, t->markdown ? "`**  \n" : "\n");
	ref_sentence(t, verb->summary);
	if (verb->detail)
		ref_prose(t, verb->detail);
	put_options(t, verb->options);
	if (t->markdown)
		nv_buf_puts(t->out, "\n");
}

bool
ref_verbs(const struct ref_text *t, const char *name)
{
	size_t bytes = strlen(name);
	bool any = false;

	for (size_t i = 0; i < ctl_n_verbs; i++) {
		const char *at = ctl_verbs[i].name;

		if (strncmp(at, name, bytes) == 0 &&
			(at[bytes] == '\0' || at[bytes] == ' ')) {
			put_verb(t, &ctl_verbs[i]);
			any = true;
		}
	}
	return any;
}

void
ref_globals(const struct ref_text *t)
{
	if (!t->markdown)
		nv_buf_puts(t->out, ".Bl -tag -width Ds\n");
	for (size_t i = 0; ctl_globals[i].name; i++)
		put_option(t, &ctl_globals[i]);
	if (!t->markdown)
		nv_buf_puts(t->out, ".El\n");
}
