/* gateway: what nova-gateway has taken and refused since it started. */
#include "engine_client.h"
#include "nv_clock.h"
#include "nv_units.h"
#include "table.h"
#include "value.h"
#include "verbs.h"

#include <stdio.h>
#include <string.h>

#define ANSWER_MS INT64_C(10000)

/* "3 forged, 1 stale"; empty when nothing was. */
static const char *
causes(const json_t *row, char *buf, size_t bytes)
{
	const char *key;
	json_t *value;
	size_t at = 0;

	buf[0] = '\0';
	json_object_foreach(ctl_sub(row, "refused"), key, value)
	{
		json_int_t n = json_integer_value(value);

		if (n > 0 && at < bytes)
			at += (size_t)snprintf(buf + at, bytes - at,
				"%s%" JSON_INTEGER_FORMAT " %s", at ? ", " : "", n, key);
	}
	return buf;
}

static void
print_webhooks(const struct ctl *ctl, const json_t *list)
{
	static const struct ctl_column columns[] = {{"FROM", false}, {"TAKEN", true},
		{"EVENTS", true}, {"LAST", true}, {"QUARANTINED", true}, {"UNREAD", true},
		{"BAD", true}, {"COME AGAIN", true}, {"REFUSED", false}};
	static const char *const counts[] = {
		"lines_refused", "unread", "bad", "unavailable"};
	struct ctl_table *t = ctl_table_new(columns, NV_LEN(columns));
	const json_t *row;
	size_t i;

	json_array_foreach(list, i, row)
	{
		char buf[CTL_VALUE_BYTES];
		char text[300];

		ctl_cell(t, CTL_BOLD, ctl_str(row, "provider"));
		ctl_cell(t, CTL_PLAIN, ctl_count(row, "accepted", buf));
		ctl_cell(t, CTL_PLAIN, ctl_count(row, "events", buf));
		ctl_cell(t, CTL_PLAIN, ctl_ago(row, "last", buf));
		for (size_t k = 0; k < NV_LEN(counts); k++)
			ctl_cell(t, ctl_int(row, counts[k]) ? CTL_YELLOW : CTL_PLAIN,
				ctl_count(row, counts[k], buf));
		ctl_cell(t, CTL_YELLOW, causes(row, text, sizeof(text)));
	}
	ctl_table_print(t, &ctl->out, "no webhooks");
}

static void
print_gateway(const struct ctl *ctl, const json_t *data)
{
	char buf[NV_UNITS_BYTES];
	bool ready = ctl_true(data, "ready");

	ctl_print(&ctl->out, CTL_BOLD, "%s%s", ctl_str(data, "address"),
		ctl_true(data, "tls") ? " (TLS)" : "");
	ctl_print(&ctl->out, ready ? CTL_GREEN : CTL_RED, " %s",
		ready ? "ready" : "the engine does not answer");
	ctl_print(&ctl->out, CTL_PLAIN,
		", up %s, %lld connections (%lld so far, %lld turned away), %lld "
		"webhooks "
		"under way\n",
		nv_duration_show(ctl_int(data, "uptime_s") * 1000, buf),
		(long long)ctl_int(data, "connections"),
		(long long)ctl_int(data, "accepted"),
		(long long)ctl_int(data, "turned_away"),
		(long long)ctl_int(data, "under_way"));
	if (ctl_int(data, "bodies_lost"))
		ctl_print(&ctl->out, CTL_RED, "%lld bodies could not be kept\n",
			(long long)ctl_int(data, "bodies_lost"));
	print_webhooks(ctl, json_object_get(data, "webhooks"));
}

/* Exit 1 when it takes no webhooks now. */
int
ctl_verb_gateway(struct ctl *ctl)
{
	struct ctl_engine to;
	struct nv_err err = {0};
	json_t *data = NULL;
	int code = ctl_engine_open_at(&to, ctl, "gateway.sock", "nova-gateway", &err);

	/* It speaks first: there is only one thing to ask. */
	if (code == NV_EXIT_OK)
		code = ctl_engine_recv(&to, nv_mono_ms() + ANSWER_MS, &data, &err);
	ctl_engine_close(&to);
	if (code != NV_EXIT_OK)
		return ctl_fail_err(&ctl->out, code, &err);
	if (!ctl_true(data, "ready"))
		code = NV_EXIT_NO;
	if (ctl->out.json) {
		ctl_json(&ctl->out, data);
		return code;
	}
	print_gateway(ctl, data);
	json_decref(data);
	return code;
}
