/* Mails, made of a call's arguments and checked before anything leaves: SendGrid's own
 * limits, addresses that are one, each once, and nothing in a header that would begin
 * another. */
#include "sendgrid.h"

#include "nv_base64.h"
#include "nv_clock.h"
#include "nv_fd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUBJECT_BYTES_MAX  998 /* RFC 5322, 2.1.1 */
#define CATEGORY_BYTES_MAX 255
#define ARGS_BYTES_MAX     10000
#define ATTACH_BYTES_MAX   ((size_t)20 << 20)
#define SEND_AHEAD_S       (INT64_C(72) * 3600)

static int
put(json_t *o, const char *key, json_t *value)
{
	return json_object_set_new(o, key, value) ? -ENOMEM : 0;
}

static int
put_arg(json_t *o, const char *key, const struct plat_call *call, const char *arg)
{
	const char *text = plat_arg_str(call, arg);

	return text ? put(o, key, json_string(text)) : 0;
}

/* ---- recipients ---- */

/* The addresses of a list; each must be new in `seen`. NULL with err. */
static json_t *
addresses(const json_t *list, const char *what, json_t *seen, struct nv_err *err)
{
	json_t *out = json_array();
	size_t i;
	json_t *text;

	json_array_foreach((json_t *)(uintptr_t)list, i, text)
	{
		struct sg_address a;
		struct nv_err why = {0};
		char key[SG_EMAIL_BYTES];

		if (sg_address_parse(json_string_value(text), &a, &why) != 0) {
			(void)nv_err_set(err, -EINVAL, "%s: %s", what, why.text);
			json_decref(out);
			return NULL;
		}
		sg_address_key(&a, key);
		if (json_object_get(seen, key)) {
			(void)nv_err_set(err, -EINVAL,
				"%s: %s stands in %s already: an address once, over to, "
				"cc "
				"and bcc",
				what, key, json_string_value(json_object_get(seen, key)));
			json_decref(out);
			return NULL;
		}
		if (json_object_set_new(seen, key, json_string(what)) != 0 ||
			json_array_append_new(out, sg_address_json(&a)) != 0)
			(void)nv_err_set(err, -ENOMEM, "out of memory");
	}
	return out;
}

/* Custom arguments come back beside SendGrid's own members of an event. */
static int
check_args(const json_t *args, struct nv_err *err)
{
	const char *key;
	json_t *value;
	char *text;

	json_object_foreach((json_t *)(uintptr_t)args, key, value)
	{
		if (!json_is_string(value))
			return nv_err_set(
				err, -EINVAL, "custom_args.%s: expected text", key);
		if (map_sendgrid_reserved(key))
			return nv_err_set(err, -EINVAL,
				"custom_args.%s: this name is SendGrid's or Nova's own "
				"in "
				"events",
				key);
	}
	text = args ? nv_json_line(args) : NULL;
	size_t n = text ? strlen(text) : 0;

	free(text);
	return n <= ARGS_BYTES_MAX
		       ? 0
		       : nv_err_set(err, -EINVAL, "custom_args: over %d bytes",
				 ARGS_BYTES_MAX);
}

json_t *
sg_mail_recipients(struct plat_call *call, int64_t *ret_n)
{
	static const char *const fields[] = {"to", "cc", "bcc"};
	const json_t *args = plat_arg_json(call, "custom_args");
	struct nv_err err = {.text = "out of memory"};
	json_t *one = json_object(), *seen = json_object();
	int bad = one && seen ? 0 : -ENOMEM;

	for (size_t i = 0; i < NV_LEN(fields) && !bad; i++) {
		json_t *list = plat_arg_list(call, fields[i]);

		if (list && json_array_size(list) > 0)
			bad |= put(
				one, fields[i], addresses(list, fields[i], seen, &err));
	}
	if (!bad && json_object_size(seen) > SG_RECIPIENTS_MAX)
		bad = nv_err_set(
			&err, -EINVAL, "over %d recipients: use bulk", SG_RECIPIENTS_MAX);
	if (!bad && args && (bad = check_args(args, &err)) == 0)
		bad |= put(one, "custom_args", json_deep_copy(args));
	if (!bad && plat_arg_json(call, "data"))
		bad |= put(one, "dynamic_template_data",
			json_incref(plat_arg_json(call, "data")));
	*ret_n = (int64_t)json_object_size(seen);
	json_decref(seen);
	if (!bad)
		return one;
	json_decref(one);
	plat_fail(call, NV_EXIT_USAGE, "%s", err.text);
	return NULL;
}

/* ---- attachments ---- */

static int
check_attachment(const json_t *a, struct nv_err *err)
{
	static const char *const known[] = {
		"content", "type", "filename", "disposition", "content_id"};
	const char *content = map_text(a, "content"), *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)a, key, value)
	{
		size_t i = 0;

		while (i < NV_LEN(known) && strcmp(known[i], key) != 0)
			i++;
		if (i == NV_LEN(known) || !json_is_string(value) ||
			(strcmp(key, "content") != 0 &&
				!sg_is_line(json_string_value(value))))
			return nv_err_set(err, -EINVAL,
				"attachments: expected content (base64), filename, type, "
				"disposition and content_id as text, not \"%.40s\"",
				key);
	}
	if (!content || !map_text(a, "filename"))
		return nv_err_set(
			err, -EINVAL, "attachments: each needs content and filename");
	size_t n = strlen(content), bytes;
	void *raw = malloc(n + 1);
	int rc = raw ? nv_base64_decode(NV_BASE64_STD, content, n, raw, n + 1, &bytes)
		     : -ENOMEM;

	free(raw);
	return rc == 0 ? 0 : nv_err_set(err, rc, "attachments: content is not base64");
}

/* A file of this machine, for people: who sends it runs Nova. */
static json_t *
attachment_of(const char *path, struct nv_err *err)
{
	const char *name = strrchr(path, '/');
	char *data = NULL;
	size_t bytes = 0;

	if (path[0] != '/' || !name[1] || !sg_is_line(path)) {
		(void)nv_err_set(
			err, -EINVAL, "attach: expected an absolute path of a file");
		return NULL;
	}
	int rc = nv_read_file_at(-1, path, ATTACH_BYTES_MAX, &data, &bytes);

	if (rc != 0) {
		(void)nv_err_set(err, rc, "attach: %s: %s", path, strerror(-rc));
		return NULL;
	}
	char *text = malloc(NV_BASE64_CHARS(bytes) + 1);
	json_t *o = NULL;

	if (text) {
		(void)nv_base64_encode(NV_BASE64_STD, data, bytes, text);
		o = json_pack("{s:s, s:s}", "content", text, "filename", name + 1);
	}
	free(text);
	free(data);
	if (!o)
		(void)nv_err_set(err, -EINVAL, "attach: %s: its name is not UTF-8", path);
	return o;
}

static int
put_attachments(struct plat_call *call, json_t *mail, struct nv_err *err)
{
	const json_t *given = plat_arg_json(call, "attachments");
	const json_t *files = plat_arg_list(call, "attach");
	json_t *list = json_array(), *one;
	size_t i;
	int rc = list ? 0 : -ENOMEM;

	if (given && !json_is_array(given))
		rc = nv_err_set(err, -EINVAL, "attachments: expected a list");
	if (files && plat_call_agent(call)[0])
		rc = nv_err_set(err, -EINVAL,
			"attach: files are for people: agents give attachments");
	json_array_foreach((json_t *)(uintptr_t)given, i,
		one) if (rc == 0 && (rc = check_attachment(one, err)) == 0) rc =
		json_array_append(list, one) ? -ENOMEM : 0;
	json_array_foreach((json_t *)(uintptr_t)files, i, one)
	{
		json_t *made =
			rc == 0 ? attachment_of(json_string_value(one), err) : NULL;

		if (rc == 0)
			rc = made ? (json_array_append_new(list, made) ? -ENOMEM : 0)
				  : -EINVAL;
	}
	if (rc == 0 && json_array_size(list) > 0)
		rc = put(mail, "attachments", json_incref(list));
	json_decref(list);
	return rc;
}

/* ---- the rest ---- */

static int
put_people(struct plat_call *call, json_t *mail, struct nv_err *err)
{
	struct sg *sg = sg_of(call);
	const char *from = plat_arg_str(call, "from");
	const char *name = plat_arg_str(call, "from_name");
	const char *reply = plat_arg_str(call, "reply_to");
	struct sg_address a = sg->from;
	int rc = 0;

	if (from && plat_call_agent(call)[0])
		return nv_err_set(err, -EINVAL,
			"from: an agent writes as platforms.sendgrid.from; from_name is "
			"free");
	if (from)
		rc = sg_address_parse(from, &a, err);
	if (rc == 0 && !a.email[0])
		rc = nv_err_set(err, -EINVAL,
			"from: who writes it? Set platforms.sendgrid.from, or give one");
	if (rc == 0 && name && (!sg_is_line(name) || strlen(name) >= sizeof(a.name)))
		rc = nv_err_set(err, -EINVAL, "from_name: expected one line of text");
	if (rc == 0 && name)
		memcpy(a.name, name, strlen(name) + 1);
	if (rc == 0)
		rc = put(mail, "from", sg_address_json(&a));
	if (rc == 0 && reply && (rc = sg_address_parse(reply, &a, err)) == 0)
		rc = put(mail, "reply_to", sg_address_json(&a));
	return rc;
}

static int
put_content(struct plat_call *call, json_t *mail, struct nv_err *err)
{
	const char *template = plat_arg_str(call, "template");
	const char *subject = plat_arg_str(call, "subject");
	const char *text = plat_arg_str(call, "text");
	const char *html = plat_arg_str(call, "html");
	json_t *content = json_array();
	int rc = content ? 0 : -ENOMEM;

	if (subject && (!sg_is_line(subject) || strlen(subject) > SUBJECT_BYTES_MAX))
		rc = nv_err_set(err, -EINVAL,
			"subject: expected one line of at most %d bytes",
			SUBJECT_BYTES_MAX);
	else if (!template && (!subject || (!text && !html)))
		rc = nv_err_set(err, -EINVAL,
			"a mail needs subject, and text or html; or a template");
	else if (template && (text || html))
		rc = nv_err_set(err, -EINVAL, "a template brings its own text and html");
	if (rc == 0 && text) /* text/plain first, SendGrid insists */
		rc = json_array_append_new(content,
			json_pack("{s:s, s:s}", "type", "text/plain", "value", text));
	if (rc == 0 && html)
		rc = json_array_append_new(content,
			json_pack("{s:s, s:s}", "type", "text/html", "value", html));
	if (rc == 0 && json_array_size(content) > 0)
		rc = put(mail, "content", json_incref(content));
	json_decref(content);
	if (rc == 0)
		rc = put_arg(mail, "subject", call, "subject");
	return rc == 0 ? put_arg(mail, "template_id", call, "template") : rc;
}

/* Sorts mails for figures: those of the call, and the agent's name. */
static int
put_categories(struct plat_call *call, json_t *mail, struct nv_err *err)
{
	const json_t *given = plat_arg_list(call, "categories");
	json_t *list = given ? json_copy((json_t *)(uintptr_t)given) : json_array();
	const char *agent = plat_call_agent(call);
	int rc = list ? 0 : -ENOMEM;
	size_t i, k;
	json_t *one, *other;

	if (rc == 0 && agent[0] && json_array_size(list) < 10)
		rc = json_array_append_new(list, json_string(agent)) ? -ENOMEM : 0;
	json_array_foreach(list, i, one)
	{
		const char *text = json_string_value(one);

		if (rc == 0 && (!*text || strlen(text) > CATEGORY_BYTES_MAX))
			rc = nv_err_set(err, -EINVAL,
				"categories: expected 1 to %d bytes", CATEGORY_BYTES_MAX);
		json_array_foreach(list, k,
			other) if (rc == 0 && k < i && json_equal(one, other)) rc =
			nv_err_set(err, -EINVAL,
				"categories: \"%.60s\" stands there twice", text);
	}
	if (rc == 0 && json_array_size(list) > 0)
		rc = put(mail, "categories", json_incref(list));
	json_decref(list);
	return rc;
}

static int
put_settings(struct plat_call *call, json_t *mail)
{
	int rc = 0;

	if (sg_of(call)->sandbox || plat_arg_bool(call, "sandbox"))
		rc |= put(mail, "mail_settings",
			json_pack("{s:{s:b}}", "sandbox_mode", "enable", 1));
	if (plat_arg_given(call, "send_at"))
		rc |= put(
			mail, "send_at", json_integer(plat_arg_int(call, "send_at", 0)));
	if (plat_arg_given(call, "group"))
		rc |= put(mail, "asm",
			json_pack("{s:I}", "group_id",
				(json_int_t)plat_arg_int(call, "group", 0)));
	return rc;
}

bool
sg_mail_is_sandbox(const json_t *mail)
{
	const json_t *settings = json_object_get(mail, "mail_settings");

	return json_is_true(
		json_object_get(json_object_get(settings, "sandbox_mode"), "enable"));
}

json_t *
sg_mail_of(struct plat_call *call)
{
	struct nv_err err = {.text = "out of memory"};
	json_t *mail = json_object();
	int64_t ahead = plat_arg_int(call, "send_at", 0) - nv_wall_ns() / NV_NS_PER_SEC;
	int rc = mail ? 0 : -ENOMEM;

	if (rc == 0 && ahead > SEND_AHEAD_S)
		rc = nv_err_set(&err, -EINVAL, "send_at: at most 72 hours ahead");
	if (rc == 0)
		rc = put_people(call, mail, &err);
	if (rc == 0)
		rc = put_content(call, mail, &err);
	if (rc == 0)
		rc = put_categories(call, mail, &err);
	if (rc == 0)
		rc = put_attachments(call, mail, &err);
	if (rc == 0)
		rc = put_settings(call, mail);
	if (rc == 0)
		return mail;
	json_decref(mail);
	plat_fail(call, rc == -ENOMEM ? NV_EXIT_FAILED : NV_EXIT_USAGE, "%s", err.text);
	return NULL;
}
