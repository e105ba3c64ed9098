/* group list, show, start, stop, restart, child: supervision groups, asked of novasupd
 * itself, so that they work without the engine. */
#include "nv_clock.h"
#include "nv_msg_group.h"
#include "nv_units.h"
#include "sup_client.h"
#include "table.h"
#include "verbs.h"
#include "workers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS INT64_C(60000)
#define ROWS_MAX   200000

struct rows {
	struct nv_ctl_group *groups; /* owned */
	size_t n_groups;
	struct nv_ctl_group_child *children; /* owned */
	size_t n_children;
};

static void
rows_clear(struct rows *rows)
{
	free(rows->groups);
	free(rows->children);
	*rows = (struct rows){0};
}

/* ---- asking ---- */

/* 1 at the end, 0 for more, -EBADMSG. */
static int
take(struct rows *rows, const struct nv_msg *msg)
{
	if (msg->type == NV_MSG_CTL_END)
		return 1;
	if (msg->type == NV_MSG_CTL_GROUP && rows->n_groups < ROWS_MAX) {
		rows->groups =
			ctl_grow(rows->groups, rows->n_groups + 1, sizeof(*rows->groups));
		return nv_ctl_group_decode(&rows->groups[rows->n_groups++], msg);
	}
	if (msg->type == NV_MSG_CTL_GROUP_CHILD && rows->n_children < ROWS_MAX) {
		/* Doubled: the room is always the next power of two. */
		if ((rows->n_children & (rows->n_children - 1)) == 0)
			rows->children = ctl_grow(rows->children,
				NV_MAX(2 * rows->n_children, 1), sizeof(*rows->children));
		return nv_ctl_group_child_decode(
			&rows->children[rows->n_children++], msg);
	}
	return -EBADMSG;
}

static int
answer(struct ctl_sup *sup, const struct nv_msg *msg, char **ret_text, struct nv_err *err)
{
	struct nv_ctl_reply *reply = ctl_alloc(1, sizeof(*reply));
	int code = NV_EXIT_UNREACHABLE;

	if (msg->type != NV_MSG_CTL_REPLY || nv_ctl_reply_decode(reply, msg) < 0) {
		nv_err_set(
			err, code, "novasupd on %s sent a malformed answer", sup->path);
	} else {
		code = reply->code <= NV_EXIT_FAILED ? reply->code : NV_EXIT_FAILED;
		nv_err_set(err, code, "%s", reply->text);
		if (ret_text)
			*ret_text = ctl_copy(reply->text);
	}
	free(reply);
	return code;
}

static int
get(struct ctl_sup *sup, const char *group, struct rows *ret, struct nv_err *err)
{
	struct nv_sup_group_get request = {.request_id = ++sup->last_id};
	struct nv_msg *msg = ctl_alloc(1, sizeof(*msg));
	int64_t deadline_ms = nv_mono_ms() + CTL_DEADLINE_MS;
	uint8_t body[256];
	struct nv_wr w;
	int rc = 0;

	(void)snprintf(request.group, sizeof(request.group), "%s", group);
	nv_wr_init(&w, body, sizeof(body));
	(void)nv_sup_group_get_encode(&w, &request); /* the error stays in w */
	int code = ctl_sup_send(sup, NV_MSG_SUP_GROUP_GET, &w, group, err);

	while (code == NV_EXIT_OK && rc == 0) {
		code = ctl_sup_receive(sup, request.request_id, deadline_ms, msg, err);
		if (code != NV_EXIT_OK)
			break;
		if (msg->type == NV_MSG_CTL_REPLY) {
			code = answer(sup, msg, NULL, err);
			break;
		}
		rc = take(ret, msg);
		if (rc < 0)
			code = nv_err_set(err, NV_EXIT_UNREACHABLE,
				"novasupd on %s sent a malformed answer", sup->path);
	}
	free(msg);
	return code;
}

/* ---- showing ---- */

static void
shutdown_text(int64_t ms, char buf[NV_UNITS_BYTES])
{
	if (ms < 0)
		(void)snprintf(buf, NV_UNITS_BYTES, "infinity");
	else if (ms == 0)
		(void)snprintf(buf, NV_UNITS_BYTES, "brutal_kill");
	else
		nv_duration_show(ms, buf);
}

static json_t *
group_json(const struct nv_ctl_group *g)
{
	char shutdown[NV_UNITS_BYTES];

	shutdown_text(g->shutdown_ms, shutdown);
	return ctl_need(json_pack("{s:s,s:s?,s:s,s:s,s:s?,s:I,s:I,s:I,s:I,s:s,s:s,s:b,s:"
				  "s,s:{s:I,s:I,s:I,s:I}"
				  "}",
		"group", g->name, "parent", g->parent[0] ? g->parent : NULL, "strategy",
		g->strategy, "state", g->state, "reason", g->reason[0] ? g->reason : NULL,
		"restarts", (json_int_t)g->restarts, "intensity",
		(json_int_t)g->intensity, "period_s", (json_int_t)g->period_s, "given_up",
		(json_int_t)g->given_up, "auto_shutdown", g->auto_shutdown, "restart",
		g->restart, "significant", g->significant, "shutdown", shutdown,
		"children", "specs", (json_int_t)g->specs, "active",
		(json_int_t)g->active, "supervisors", (json_int_t)g->supervisors,
		"workers", (json_int_t)g->workers));
}

static json_t *
child_json(const struct nv_ctl_group_child *c)
{
	char shutdown[NV_UNITS_BYTES];
	json_t *row;

	shutdown_text(c->shutdown_ms, shutdown);
	row = ctl_need(json_pack("{s:s,s:s,s:s,s:s,s:b,s:b,s:s}",
		c->instance ? "worker" : "group", c->name, "kind",
		c->instance ? "worker" : "supervisor", "state", c->state, "restart",
		c->restart, "significant", c->significant, "dynamic", c->dynamic,
		"shutdown", shutdown));
	if (c->instance)
		json_object_set_new(row, "instance", ctl_need(json_integer(c->instance)));
	json_object_set_new(
		row, "pid", ctl_need(c->pid ? json_integer(c->pid) : json_null()));
	if (c->retry_in_ms >= 0)
		json_object_set_new(
			row, "retry_in_ms", ctl_need(json_integer(c->retry_in_ms)));
	return row;
}

static enum ctl_style
state_style(const char *state)
{
	return strcmp(state, "running") == 0                                 ? CTL_GREEN
	       : strcmp(state, "halted") == 0                                ? CTL_RED
	       : strcmp(state, "down") == 0 || strcmp(state, "stopped") == 0 ? CTL_DIM
									     : CTL_YELLOW;
}

static void
restarts_text(const struct nv_ctl_group *g, char *buf, size_t buf_bytes)
{
	char period[NV_UNITS_BYTES];

	(void)snprintf(buf, buf_bytes, "%u of %u in %s", g->restarts, g->intensity,
		nv_duration_show((int64_t)g->period_s * 1000, period));
}

static void
print_groups(const struct ctl *ctl, const struct rows *rows)
{
	static const struct ctl_column columns[] = {{"GROUP", false}, {"PARENT", false},
		{"STRATEGY", false}, {"STATE", false}, {"ACTIVE", true},
		{"RESTARTS", false}, {"WHY", false}};
	struct ctl_table *t = ctl_table_new(columns, NV_LEN(columns));

	for (size_t i = 0; i < rows->n_groups; i++) {
		const struct nv_ctl_group *g = &rows->groups[i];
		char restarts[80];

		restarts_text(g, restarts, sizeof(restarts));
		ctl_cell(t, CTL_BOLD, g->name);
		ctl_cell(t, CTL_PLAIN, g->parent);
		ctl_cell(t, CTL_PLAIN, g->strategy);
		ctl_cell(t, state_style(g->state), g->state);
		ctl_cellf(t, CTL_PLAIN, "%u/%u", g->active, g->specs);
		ctl_cell(t, CTL_PLAIN, restarts);
		ctl_cell(t, CTL_PLAIN, g->reason);
	}
	ctl_table_print(t, &ctl->out, "no group has a strategy");
}

static void
print_children(const struct ctl *ctl, const struct rows *rows)
{
	static const struct ctl_column columns[] = {{"CHILD", false}, {"STATE", false},
		{"PID", true}, {"RESTART", false}, {"SHUTDOWN", false}, {"NOTE", false}};
	struct ctl_table *t = ctl_table_new(columns, NV_LEN(columns));

	for (size_t i = 0; i < rows->n_children; i++) {
		const struct nv_ctl_group_child *c = &rows->children[i];
		char shutdown[NV_UNITS_BYTES];

		shutdown_text(c->shutdown_ms, shutdown);
		if (c->instance)
			ctl_cellf(t, CTL_BOLD, "%s#%u", c->name, c->instance);
		else
			ctl_cellf(t, CTL_BOLD, "%s (group)", c->name);
		ctl_cell(t, state_style(c->state), c->state);
		ctl_cellf(t, CTL_PLAIN, c->pid ? "%d" : "-", c->pid);
		ctl_cell(t, CTL_PLAIN, c->restart);
		ctl_cell(t, CTL_PLAIN, shutdown);
		ctl_cellf(t, CTL_PLAIN, "%s%s%s", c->significant ? "significant" : "",
			c->significant && c->dynamic ? ", " : "",
			c->dynamic ? "dynamic" : "");
	}
	ctl_table_print(t, &ctl->out, "no children");
}

static void
print_group(const struct ctl *ctl, const struct nv_ctl_group *g)
{
	char text[NV_UNITS_BYTES + 80];

	ctl_field(&ctl->out, "Group", g->name);
	ctl_field(&ctl->out, "Parent", g->parent);
	ctl_field(&ctl->out, "State", g->state);
	ctl_field(&ctl->out, "Why", g->reason);
	ctl_field(&ctl->out, "Strategy", g->strategy);
	restarts_text(g, text, sizeof(text));
	ctl_field(&ctl->out, "Restarts", text);
	ctl_field(&ctl->out, "Auto shutdown", g->auto_shutdown);
	if (g->parent[0]) {
		ctl_field(&ctl->out, "Restart", g->restart);
		shutdown_text(g->shutdown_ms, text);
		ctl_field(&ctl->out, "Shutdown", text);
	}
	(void)snprintf(text, sizeof(text), "%u specs, %u active, %u groups, %u workers",
		g->specs, g->active, g->supervisors, g->workers);
	ctl_field(&ctl->out, "Children", text);
}

/* All groups, or one with its children. */
static int
show(struct ctl *ctl, const char *group)
{
	struct ctl_sup sup;
	struct rows rows = {0};
	struct nv_err err = {0};
	int code = ctl_sup_open(&sup, &ctl->paths, &err);

	if (code == NV_EXIT_OK)
		code = get(&sup, group, &rows, &err);
	ctl_sup_close(&sup);
	if (code != NV_EXIT_OK) {
		ctl_fail_err(&ctl->out, code, &err);
	} else if (ctl->out.json) {
		json_t *list = ctl_need(json_array());
		json_t *children = ctl_need(json_array());

		for (size_t i = 0; i < rows.n_groups; i++)
			json_array_append_new(list, group_json(&rows.groups[i]));
		for (size_t i = 0; i < rows.n_children; i++)
			json_array_append_new(children, child_json(&rows.children[i]));
		ctl_json(&ctl->out,
			group[0] ? ctl_need(json_pack("{s:O,s:O}", "group",
					   json_array_get(list, 0), "children", children))
				 : ctl_need(json_pack("{s:O}", "groups", list)));
		json_decref(list);
		json_decref(children);
	} else if (group[0] && rows.n_groups == 1) {
		print_group(ctl, &rows.groups[0]);
		print_children(ctl, &rows);
	} else {
		print_groups(ctl, &rows);
	}
	rows_clear(&rows);
	return code;
}

int
ctl_verb_group_list(struct ctl *ctl)
{
	return show(ctl, "");
}

int
ctl_verb_group_show(struct ctl *ctl)
{
	return show(ctl, ctl->args.words[0]);
}

/* ---- doing ---- */

/* The answer is one word; everything but ok is exit 1. */
static int
carry_out(struct ctl *ctl, struct nv_sup_group_do *request)
{
	struct ctl_sup sup;
	struct nv_err err = {0};
	struct nv_msg *msg;
	uint8_t body[512];
	struct nv_wr w;
	char *text = NULL;
	int64_t timeout_ms;

	if (ctl_timeout(ctl, TIMEOUT_MS, &timeout_ms) < 0)
		return NV_EXIT_USAGE;
	int code = ctl_sup_open(&sup, &ctl->paths, &err);

	if (code != NV_EXIT_OK)
		return ctl_fail_err(&ctl->out, code, &err);
	msg = ctl_alloc(1, sizeof(*msg));
	request->request_id = ++sup.last_id;
	nv_wr_init(&w, body, sizeof(body));
	(void)nv_sup_group_do_encode(&w, request); /* the error stays in w */
	code = ctl_sup_send(&sup, NV_MSG_SUP_GROUP_DO, &w, request->group, &err);
	int64_t deadline_ms = nv_mono_ms() + timeout_ms;

	if (code == NV_EXIT_OK) {
		code = ctl_sup_receive(&sup, request->request_id, deadline_ms, msg, &err);
		/* The answer comes when it is done; a child may take its time. */
		if (code != NV_EXIT_OK && !sup.gone && nv_mono_ms() >= deadline_ms)
			code = nv_err_set(&err, NV_EXIT_FAILED,
				"not done after %.1f s, and still under way: see "
				"`novactl group show %s`",
				(double)timeout_ms / 1000, request->group);
		else if (code == NV_EXIT_OK)
			code = answer(&sup, msg, &text, &err);
	}
	if (text && ctl->out.json)
		ctl_json(&ctl->out, ctl_need(json_pack("{s:s}", "result", text)));
	else if (text && code == NV_EXIT_OK)
		ctl_print(&ctl->out, CTL_PLAIN, "%s\n", text);
	else
		ctl_fail_err(&ctl->out, code, &err);
	free(text);
	free(msg);
	ctl_sup_close(&sup);
	return code;
}

static int
take_name(struct ctl *ctl, const char *word, char to[NV_NAME_MAX])
{
	if (!nv_name_valid(word))
		return ctl_fail(
			&ctl->out, NV_EXIT_USAGE, "\"%.80s\" is not a name", word);
	memcpy(to, word, strlen(word) + 1);
	return NV_EXIT_OK;
}

static int
whole_group(struct ctl *ctl, enum nv_group_do what)
{
	struct nv_sup_group_do request = {.what = (uint8_t)what};
	int code = take_name(ctl, ctl->args.words[0], request.group);

	return code == NV_EXIT_OK ? carry_out(ctl, &request) : code;
}

int
ctl_verb_group_start(struct ctl *ctl)
{
	return whole_group(ctl, NV_GROUP_START);
}

int
ctl_verb_group_stop(struct ctl *ctl)
{
	return whole_group(ctl, NV_GROUP_STOP);
}

int
ctl_verb_group_restart(struct ctl *ctl)
{
	return whole_group(ctl, NV_GROUP_RESTART);
}

int
ctl_verb_group_child(struct ctl *ctl)
{
	static const char *const words[] = {[NV_GROUP_CHILD_START] = "start",
		[NV_GROUP_CHILD_RESTART] = "restart",
		[NV_GROUP_CHILD_TERMINATE] = "terminate",
		[NV_GROUP_CHILD_DELETE] = "delete"};
	struct nv_sup_group_do request = {0};
	char name[NV_NAME_MAX + 16];
	unsigned long number = 0;
	char *rest = name;

	for (unsigned i = NV_GROUP_CHILD_START; i <= NV_GROUP_CHILD_DELETE; i++)
		if (strcmp(ctl->args.words[1], words[i]) == 0)
			request.what = (uint8_t)i;
	if (!request.what)
		return ctl_fail(&ctl->out, NV_EXIT_USAGE,
			"expected start, restart, terminate or delete, found \"%.80s\"",
			ctl->args.words[1]);
	(void)snprintf(name, sizeof(name), "%s", ctl->args.words[2]);
	char *hash = strchr(name, '#');

	if (hash)
		number = strtoul(hash + 1, &rest, 10);
	if (hash && (hash[1] < '0' || hash[1] > '9' || *rest || number == 0 ||
			    number > 10000))
		return ctl_fail(&ctl->out, NV_EXIT_USAGE,
			"\"%.80s\": expected WORKER, WORKER#NUMBER or a group",
			ctl->args.words[2]);
	if (hash)
		*hash = '\0';
	request.instance = (uint32_t)number;
	int code = take_name(ctl, ctl->args.words[0], request.group);

	if (code == NV_EXIT_OK)
		code = take_name(ctl, name, request.child);
	return code == NV_EXIT_OK ? carry_out(ctl, &request) : code;
}
