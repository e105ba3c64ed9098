/* Whether what is wanted of a page can be read: without the page, and without libxml2. */
#include "scr_want.h"
#include "scr_ascii.h"
#include "scr_css.h"
#include "scr_work.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int
scr_field_split(const char *text, char **ret_css, char **ret_attr, struct nv_err *err)
{
	const char *at = strrchr(text, '@');
	size_t bytes = at ? (size_t)(at - text) : strlen(text);

	/* "a[href='x@y']" has its @ in the selector: an attribute is a bare name. */
	for (const char *c = at ? at + 1 : ""; *c; c++) {
		if (!scr_is_alnum(*c) && *c != '-' && *c != '_' && *c != ':')
			at = NULL;
		if (!at)
			break;
	}
	if (!at || !at[1])
		bytes = strlen(text);
	while (bytes > 0 && scr_is_space(text[bytes - 1]))
		bytes--;
	bool attr = at && at[1];

	*ret_css = bytes > 0 ? strndup(text, bytes) : strdup(":scope");
	*ret_attr = attr ? strdup(at + 1) : NULL;
	if (!*ret_css || (attr && !*ret_attr)) {
		free(*ret_css);
		free(*ret_attr);
		return nv_err_set(err, -ENOMEM, "no memory");
	}
	if (*ret_attr)
		scr_lower(*ret_attr);
	return 0;
}

static int
check_css(const char *where, const char *css, struct nv_err *err)
{
	struct nv_err inner = {.text = ""};
	struct scr_list *list = NULL;
	int rc = scr_css_parse(css, &list, &inner);

	scr_css_free(list);
	return rc < 0 ? nv_err_set(err, rc, "%s: %s", where, inner.text) : 0;
}

static int
check_fields(const json_t *fields, struct nv_err *err)
{
	const char *name;
	json_t *value;
	int rc = 0;

	if (!json_is_object(fields) || json_object_size(fields) == 0)
		return nv_err_set(
			err, -EINVAL, "fields: NAME=SELECTOR pairs were expected");
	if (json_object_size(fields) > SCR_FIELDS_MAX)
		return nv_err_set(err, -EINVAL, "fields: at most %d", SCR_FIELDS_MAX);
	json_object_foreach((json_t *)(uintptr_t)fields, name, value)
	{
		char *css, *attr;

		if (!json_is_string(value))
			return nv_err_set(err, -EINVAL,
				"field %.60s: a selector was expected", name);
		rc = scr_field_split(json_string_value(value), &css, &attr, err);
		if (rc < 0)
			return rc;
		rc = check_css(name, css, err);
		free(css);
		free(attr);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int
scr_want_check(const json_t *want, struct nv_err *err)
{
	static const char *const keys[] = {"lists", "tables", "rows"};
	const json_t *select = json_object_get(want, "select");
	const json_t *fields = json_object_get(want, "fields");
	int rc = 0;

	for (size_t i = 0; i < NV_LEN(keys) && rc == 0; i++) {
		const char *css = json_string_value(json_object_get(want, keys[i]));

		rc = css ? check_css(keys[i], css, err) : 0;
	}
	if (rc == 0 && select) {
		const char *css = json_string_value(json_object_get(select, "css"));

		rc = css ? check_css("css", css, err)
			 : nv_err_set(err, -EINVAL, "css: a selector was expected");
	}
	if (rc == 0 && fields)
		rc = check_fields(fields, err);
	if (rc == 0 && json_object_get(want, "rows") && !fields)
		rc = nv_err_set(err, -EINVAL, "rows: fields are needed too");
	return rc;
}
