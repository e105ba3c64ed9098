/* token: who may call nova-gateway. Works on the file in the state directory, so it needs
 * no running fleet; a gateway that runs sees the change at once. */
#include "nv_clock.h"
#include "nv_token.h"
#include "nv_units.h"
#include "paths.h"
#include "table.h"
#include "value.h"
#include "verbs.h"

#include <errno.h>
#include <string.h>

#define EXPIRES_MS_MIN INT64_C(1000)
#define EXPIRES_MS_MAX (INT64_C(3650) * 24 * 3600 * 1000)

static int
fail(struct ctl *ctl, int rc, const struct nv_err *err)
{
	int code = rc == -EINVAL ? NV_EXIT_USAGE
		   : rc == -EEXIST || rc == -ENOENT || rc == -EALREADY || rc == -ENOSPC
			   ? NV_EXIT_NO
			   : NV_EXIT_FAILED;

	return ctl_fail_err(&ctl->out, code, err);
}

/* When a token of now ends; 0: never. */
static int
read_expires(const struct ctl *ctl, int64_t now_ns, int64_t *ret_ns, struct nv_err *err)
{
	const char *text = ctl_opt(&ctl->args, "expires");
	int64_t ms;

	*ret_ns = 0;
	if (!text || strcmp(text, "never") == 0)
		return 0;
	int rc = nv_duration_parse(text, &ms, err);

	if (rc < 0)
		return rc;
	if (ms < EXPIRES_MS_MIN || ms > EXPIRES_MS_MAX)
		return nv_err_set(err, -EINVAL,
			"--expires %s: expected 1s to 3650d, or never", text);
	*ret_ns = now_ns + ms * NV_NS_PER_MS;
	return 0;
}

int
ctl_verb_token_create(struct ctl *ctl)
{
	const char *role = ctl_opt(&ctl->args, "role");
	char text[NV_TOKEN_CHARS + 1];
	char when[CTL_VALUE_BYTES];
	int64_t now_ns = nv_wall_ns();
	int64_t expires_ns;
	struct nv_token token;
	struct nv_err err = {0};

	if (!role || nv_role_find(role) == NV_ROLE_NONE)
		return ctl_fail(&ctl->out, NV_EXIT_USAGE,
			"token create: expected --role admin, operator or readonly");
	if (read_expires(ctl, now_ns, &expires_ns, &err) < 0)
		return ctl_fail_err(&ctl->out, NV_EXIT_USAGE, &err);
	int code = ctl_paths_need(ctl, CTL_PLACE_STATE_DIR);

	if (code != NV_EXIT_OK)
		return code;
	int rc = nv_tokens_create(ctl->paths.state_dir, ctl->args.words[0],
		nv_role_find(role), expires_ns, now_ns, text, &token, &err);

	if (rc < 0)
		return fail(ctl, rc, &err);
	json_t *object = ctl_need(nv_token_json(&token, now_ns));

	if (ctl->out.json) {
		ctl_put_text(object, "token", text);
		ctl_json(&ctl->out, object);
	} else {
		ctl_print(&ctl->out, CTL_BOLD, "%s\n", text);
		ctl_print(&ctl->out, CTL_DIM,
			"Shown this once: %s (%s), %s, expires %s. Give it to the login "
			"of the "
			"dashboard, or send it as \"Authorization: Bearer TOKEN\".\n",
			token.name, token.id, nv_role_name(token.role),
			expires_ns ? ctl_when(object, "expires", when) : "never");
		json_decref(object);
	}
	explicit_bzero(text, sizeof(text));
	return NV_EXIT_OK;
}

static void
print_tokens(const struct ctl *ctl, const json_t *list)
{
	static const struct ctl_column columns[] = {{"ID", false}, {"NAME", false},
		{"ROLE", false}, {"STATE", false}, {"CREATED", false},
		{"EXPIRES", false}};
	struct ctl_table *t = ctl_table_new(columns, NV_LEN(columns));
	const json_t *row;
	size_t i;

	json_array_foreach(list, i, row)
	{
		const char *state = ctl_str(row, "state");
		bool active = strcmp(state, "active") == 0;
		char buf[CTL_VALUE_BYTES];

		ctl_cell(t, CTL_PLAIN, ctl_str(row, "id"));
		ctl_cell(t, CTL_BOLD, ctl_str(row, "name"));
		ctl_cell(t, CTL_PLAIN, ctl_str(row, "role"));
		ctl_cell(t, active ? CTL_GREEN : CTL_DIM, state);
		ctl_cell(t, CTL_PLAIN, ctl_when(row, "created", buf));
		ctl_cell(t, CTL_PLAIN,
			json_is_null(json_object_get(row, "expires"))
				? "never"
				: ctl_when(row, "expires", buf));
	}
	ctl_table_print(t, &ctl->out, "no tokens: novactl token create NAME --role ROLE");
}

int
ctl_verb_token_list(struct ctl *ctl)
{
	struct nv_tokens tokens = {0};
	struct nv_err err = {0};
	json_t *list = ctl_need(json_array());
	int64_t now_ns = nv_wall_ns();
	int code = ctl_paths_need(ctl, CTL_PLACE_STATE_DIR);
	int rc = code == NV_EXIT_OK ? nv_tokens_read(ctl->paths.state_dir, &tokens, &err)
				    : 0;

	for (size_t i = 0; i < tokens.n; i++)
		if (json_array_append_new(
			    list, ctl_need(nv_token_json(&tokens.list[i], now_ns))) < 0)
			rc = nv_err_set(&err, -ENOMEM, "no memory");
	nv_tokens_fini(&tokens);
	if (code != NV_EXIT_OK || rc < 0) {
		json_decref(list);
		return rc < 0 ? ctl_fail_err(&ctl->out, NV_EXIT_FAILED, &err) : code;
	}
	if (ctl->out.json) {
		ctl_json(&ctl->out, ctl_need(json_pack("{s:o}", "tokens", list)));
		return NV_EXIT_OK;
	}
	print_tokens(ctl, list);
	json_decref(list);
	return NV_EXIT_OK;
}

int
ctl_verb_token_revoke(struct ctl *ctl)
{
	struct nv_token token;
	struct nv_err err = {0};
	int64_t now_ns = nv_wall_ns();
	int code = ctl_paths_need(ctl, CTL_PLACE_STATE_DIR);

	if (code != NV_EXIT_OK)
		return code;
	int rc = nv_tokens_revoke(
		ctl->paths.state_dir, ctl->args.words[0], now_ns, &token, &err);

	if (rc < 0)
		return fail(ctl, rc, &err);
	if (ctl->out.json)
		ctl_json(&ctl->out, ctl_need(nv_token_json(&token, now_ns)));
	else
		ctl_print(&ctl->out, CTL_PLAIN,
			"%s (%s) is revoked: its sessions and streams end at once\n",
			token.name, token.id);
	return NV_EXIT_OK;
}
