/* One event of the ledger for people: see value.h. */
#include "value.h"

#include <stdio.h>
#include <string.h>

/* What an event says beyond its amount: the words people look for, from the line as it
 * was written. */
static void
put_note(struct nv_buf *buf, const json_t *ev)
{
	static const char *const words[] = {"state", "cause", "stage", "errno", "status",
		"reason", "error", "by", "note", "name", "value"};
	const char *category = ctl_str(ev, "category");
	json_t *line = json_loads(ctl_str(ev, "line"), JSON_REJECT_DUPLICATES, NULL);

	ctl_safe(buf, category, strlen(category), false);
	for (size_t i = 0; i < NV_LEN(words); i++) {
		json_t *value = json_object_get(line, words[i]);
		const char *text = json_string_value(value);

		if (!text && !json_is_integer(value))
			continue;
		nv_buf_printf(buf, "%s%s ", buf->bytes ? ", " : "", words[i]);
		if (text)
			ctl_safe(buf, text, strlen(text), false);
		else
			nv_buf_printf(buf, "%lld", (long long)json_integer_value(value));
	}
	json_decref(line);
}

static const char *
outcome(const json_t *ev)
{
	if (ctl_true(ev, "crash"))
		return "crash ";
	if (!json_is_boolean(json_object_get(ev, "ok")))
		return "";
	return ctl_true(ev, "ok") ? "ok " : "failed ";
}

/* One event on one line; columns of fixed width so that following lines align. */
void
ctl_print_event(const struct ctl_out *out, const json_t *ev)
{
	char when[CTL_VALUE_BYTES];
	char money[CTL_VALUE_BYTES];
	const char *who = ctl_str(ev, "worker");
	char label[200];
	struct nv_buf note;

	if (ctl_int(ev, "instance") > 0)
		(void)snprintf(label, sizeof(label), "%s#%lld", who,
			(long long)ctl_int(ev, "instance"));
	else
		(void)snprintf(label, sizeof(label), "%s", who[0] ? who : "-");
	(void)ctl_money(ev, "amount", ctl_str(ev, "currency"), money);
	ctl_print(out, CTL_DIM, "%8lld  %s  ", (long long)ctl_int(ev, "seq"),
		ctl_when(ev, "at", when));
	ctl_print(
		out, CTL_PLAIN, "%-10s %-24s %14s  ", ctl_str(ev, "kind"), label, money);
	nv_buf_init(&note, 65536);
	put_note(&note, ev);
	(void)printf("%s%s\n", outcome(ev), note.data ? note.data : "");
	nv_buf_fini(&note);
}
