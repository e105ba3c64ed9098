/* The text of a worker's file: see worker_file.h. */
#include "worker_file.h"
#include "nv_name.h"
#include "out.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES_MAX ((size_t)1 << 20)

static bool
part_valid(const char *part, size_t bytes)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789_-";

	return bytes > 0 && bytes < NV_NAME_MAX && strspn(part, good) >= bytes;
}

int
ctl_worker_file_set(
	json_t *settings, const char *key, const char *value, struct nv_err *err)
{
	static const char *const ours[] = {"worker", "group", "command"};
	const char *at = key;
	json_t *level = settings;

	for (size_t i = 0; i < NV_LEN(ours); i++) {
		if (strcmp(key, ours[i]) == 0)
			return nv_err_set(err, -EINVAL,
				"\"%s\" is given by the arguments, not by --config", key);
	}
	if (!ctl_is_utf8(value))
		return nv_err_set(err, -EINVAL, "\"%s\": the value is not UTF-8", key);
	for (;;) {
		size_t bytes = strcspn(at, ".");
		char part[NV_NAME_MAX];

		if (!part_valid(at, bytes))
			return nv_err_set(err, -EINVAL,
				"\"%s\" is no name of a setting: expected words joined "
				"by "
				"dots",
				key);
		memcpy(part, at, bytes);
		part[bytes] = '\0';
		json_t *known = json_object_get(level, part);

		if (at[bytes] == '\0') {
			if (known)
				return nv_err_set(
					err, -EINVAL, "\"%s\" is given twice", key);
			(void)json_object_set_new(level, part, ctl_json_str(value));
			return 0;
		}
		if (known && !json_is_object(known))
			return nv_err_set(err, -EINVAL,
				"\"%s\": \"%.*s\" already has a value of its own", key,
				(int)(at + bytes - key), key);
		if (!known) {
			known = ctl_need(json_object());
			(void)json_object_set_new(level, part, known);
		}
		level = known;
		at += bytes + 1;
	}
}

/* A plain YAML scalar when it cannot be taken for anything else, a flow list or map as
 * it was typed, else a quoted one (JSON's quoting is valid YAML). */
static void
put_scalar(struct nv_buf *buf, const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_-./$%+";
	size_t bytes = strlen(text);
	bool flow = (text[0] == '[' && text[bytes - 1] == ']') ||
		    (text[0] == '{' && text[bytes - 1] == '}');

	if ((bytes > 0 && text[0] != '-' && strspn(text, plain) == bytes) ||
		(flow && !strpbrk(text, "\n\r")))
		nv_buf_add(buf, text, bytes);
	else
		nv_buf_put_json(buf, text, bytes);
}

static void
put_level(struct nv_buf *buf, const json_t *level, unsigned indent)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)level, key, value)
	{
		nv_buf_printf(buf, "%*s%s:", (int)indent, "", key);
		if (json_is_object(value)) {
			nv_buf_puts(buf, "\n");
			put_level(buf, value, indent + 2);
		} else {
			nv_buf_puts(buf, " ");
			put_scalar(buf, json_string_value(value));
			nv_buf_puts(buf, "\n");
		}
	}
}

char *
ctl_worker_file_text(const char *group, const char *worker, char *const *command,
	size_t n_command, const json_t *settings)
{
	struct nv_buf buf;

	nv_buf_init(&buf, FILE_BYTES_MAX);
	nv_buf_printf(&buf,
		"# Written by novactl deploy.\nworker: %s\ngroup: %s\ncommand: [", worker,
		group);
	for (size_t i = 0; i < n_command; i++) {
		nv_buf_puts(&buf, i ? ", " : "");
		nv_buf_put_json(&buf, command[i], strlen(command[i]));
	}
	nv_buf_puts(&buf, "]\n");
	put_level(&buf, settings, 0);
	char *text = nv_buf_take(&buf);

	nv_buf_fini(&buf);
	return text;
}
