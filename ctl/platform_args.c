/* Arguments of a platform's verb, by its description: see platform.h. */
#include "nv_fd.h"
#include "nv_name.h"
#include "platform.h"
#include "value.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_BYTES_MAX ((size_t)8 << 20)
#define NAMES_MAX      512
#define NAME_BYTES     128

/* ---- the verb ---- */

static const json_t *
named(const json_t *list, const char *name)
{
	size_t i;
	json_t *each;

	json_array_foreach(list, i, each)
	{
		if (strcmp(ctl_str(each, "name"), name) == 0)
			return each;
	}
	return NULL;
}

static const char *
nearest(const json_t *list, const char *word)
{
	const char *names[NAMES_MAX];
	size_t n = 0;
	size_t i;
	json_t *each;

	json_array_foreach(list, i, each)
	{
		if (n < NAMES_MAX)
			names[n++] = ctl_str(each, "name");
	}
	return nv_name_nearest(word, names, n);
}

const json_t *
ctl_platform_verb(const json_t *description, char *const *words, int n_words,
	int *ret_taken, struct nv_err *err)
{
	const json_t *verbs = json_object_get(description, "verbs");
	const json_t *verb = named(verbs, words[0]);
	char both[NAME_BYTES];

	*ret_taken = 1;
	if (verb)
		return verb;
	if (n_words > 1 && snprintf(both, sizeof(both), "%s.%s", words[0], words[1]) <
				   (int)sizeof(both)) {
		*ret_taken = 2;
		verb = named(verbs, both);
		if (verb)
			return verb;
	}
	const char *near = nearest(verbs, words[0]);
	const char *platform = ctl_str(description, "platform");

	(void)nv_err_set(err, -EINVAL,
		"%s has no verb \"%s\"%s%s: see `novactl platform %s --help`", platform,
		words[0], near ? "; did you mean " : "", near ? near : "", platform);
	return NULL;
}

/* ---- values ---- */

static char *
read_file(const char *path, struct nv_err *err)
{
	char *data = NULL;
	size_t bytes = 0;
	int rc;

	if (strcmp(path, "-") == 0)
		path = "/dev/stdin";
	rc = nv_read_file_at(AT_FDCWD, path, FILE_BYTES_MAX, &data, &bytes);
	if (rc < 0) {
		(void)nv_err_set(
			err, -EINVAL, "%s cannot be read: %s", path, strerror(-rc));
		return NULL;
	}
	if (strlen(data) != bytes || !ctl_is_utf8(data)) {
		(void)nv_err_set(err, -EINVAL, "%s: expected text in UTF-8", path);
		free(data);
		return NULL;
	}
	return data;
}

static json_t *
parse(const char *name, const char *text, struct nv_err *err)
{
	json_error_t why;
	json_t *value = json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &why);

	if (!value)
		(void)nv_err_set(err, -EINVAL, "%s: expected JSON: %s in line %d", name,
			why.text, why.line);
	return value;
}

static int
put(json_t *args, const json_t *arg, const char *text, struct nv_err *err)
{
	const char *name = ctl_str(arg, "name");
	const char *type = ctl_str(arg, "type");
	json_t *value;

	if (strcmp(type, "json") == 0) {
		value = parse(name, text, err);
		if (!value)
			return -EINVAL;
	} else if (!ctl_is_utf8(text)) {
		return nv_err_set(err, -EINVAL, "%s: expected text in UTF-8", name);
	} else {
		value = ctl_need(json_string(text));
	}
	json_t *there = json_object_get(args, name);

	if (strcmp(type, "list") == 0) {
		if (!there) {
			there = ctl_need(json_array());
			(void)json_object_set_new(args, name, there);
		}
		(void)json_array_append_new(there, value);
		return 0;
	}
	if (there) {
		json_decref(value);
		return nv_err_set(err, -EINVAL, "%s is given twice", name);
	}
	(void)json_object_set_new(args, name, value);
	return 0;
}

static int
put_file(json_t *args, const json_t *arg, const char *path, struct nv_err *err)
{
	NV_CLEANUP_FREE char *text = read_file(path, err);

	return text ? put(args, arg, text, err) : -EINVAL;
}

/* ---- words ---- */

struct reading {
	const json_t *verb;
	const json_t *list; /* of its arguments */
	json_t *args;
	size_t next; /* of those that need no name */
	struct nv_err *err;
};

static int
no_such(struct reading *r, const char *name)
{
	const char *near = nearest(r->list, name);

	return nv_err_set(r->err, -EINVAL, "%s has no argument \"%s\"%s%s",
		ctl_str(r->verb, "name"), name, near ? "; did you mean " : "",
		near ? near : "");
}

/* The argument whose name the word begins with, up to '=' or '@'; NULL. */
static const json_t *
prefix(const struct reading *r, const char *word, const char **ret_rest)
{
	size_t bytes = strcspn(word, "=@");
	char name[NAME_BYTES];

	if (!word[bytes] || bytes == 0 || bytes >= sizeof(name))
		return NULL;
	memcpy(name, word, bytes);
	name[bytes] = '\0';
	*ret_rest = word + bytes;
	return named(r->list, name);
}

/* "colr=red" is meant as colour=red; "1+1=2" is a text. */
static bool
is_slip(struct reading *r, const char *word)
{
	size_t bytes = strcspn(word, "=");
	char name[NAME_BYTES];

	if (!word[bytes] || bytes == 0 || bytes >= sizeof(name))
		return false;
	(void)snprintf(name, sizeof(name), "%.*s", (int)bytes, word);
	return nearest(r->list, name) && no_such(r, name) < 0;
}

static int
take_positional(struct reading *r, const char *word)
{
	for (; r->next < json_array_size(r->list); r->next++) {
		const json_t *arg = json_array_get(r->list, r->next);
		const char *name = ctl_str(arg, "name");
		bool is_list = strcmp(ctl_str(arg, "type"), "list") == 0;

		if (!ctl_true(arg, "word") ||
			(json_object_get(r->args, name) && !is_list))
			continue;
		r->next += !is_list;
		return put(r->args, arg, word, r->err);
	}
	return nv_err_set(r->err, -EINVAL, "\"%s\" is one argument too many", word);
}

/* "--name value", "--name=value", "--flag"; *at is left on its last word. */
static int
take_option(struct reading *r, char *const *words, int n_words, int *at)
{
	const char *name = words[*at] + 2;
	const char *equals = strchr(name, '=');
	char plain[NAME_BYTES];

	(void)snprintf(plain, sizeof(plain), "%.*s", (int)strcspn(name, "="), name);
	const json_t *arg = named(r->list, plain);

	/* --list-name for list_name: dashes are what people expect of options. */
	for (char *c = plain; !arg && *c; c++) {
		if (*c == '-')
			*c = '_';
	}
	if (!arg)
		arg = named(r->list, plain);
	if (!arg)
		return no_such(r, plain);
	if (equals)
		return put(r->args, arg, equals + 1, r->err);
	if (strcmp(ctl_str(arg, "type"), "flag") == 0)
		return put(r->args, arg, "true", r->err);
	if (*at + 1 >= n_words)
		return nv_err_set(r->err, -EINVAL, "--%s needs a value", plain);
	return put(r->args, arg, words[++*at], r->err);
}

static int
take_object(struct reading *r, const char *path)
{
	NV_CLEANUP_FREE char *text = read_file(path, r->err);
	json_t *object = text ? parse(path, text, r->err) : NULL;

	if (!object)
		return -EINVAL;
	if (!json_is_object(object)) {
		json_decref(object);
		return nv_err_set(r->err, -EINVAL, "%s: expected a JSON object", path);
	}
	int rc = json_object_update(r->args, object);

	json_decref(object);
	return rc < 0 ? -ENOMEM : 0;
}

static int
take(struct reading *r, char *const *words, int n_words, int *at)
{
	const char *word = words[*at];
	const char *rest = NULL;

	if (word[0] == '-' && word[1] == '-' && word[2])
		return take_option(r, words, n_words, at);
	const json_t *arg = prefix(r, word, &rest);

	if (!arg && is_slip(r, word))
		return -EINVAL;
	if (arg)
		return *rest == '=' ? put(r->args, arg, rest + 1, r->err)
				    : put_file(r->args, arg, rest + 1, r->err);
	if (word[0] == '@' && word[1] &&
		(strchr(word, '/') || strchr(word, '.') || strcmp(word, "@-") == 0))
		return take_object(r, word + 1);
	return take_positional(r, word);
}

json_t *
ctl_platform_args(const json_t *verb, char *const *words, int n_words, struct nv_err *err)
{
	struct reading r = {.verb = verb,
		.list = json_object_get(verb, "args"),
		.args = ctl_need(json_object()),
		.err = err};

	for (int i = 0; i < n_words; i++) {
		if (take(&r, words, n_words, &i) == 0)
			continue;
		json_decref(r.args);
		return NULL;
	}
	return r.args;
}
