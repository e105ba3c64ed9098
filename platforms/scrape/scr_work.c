#include "scr_work.h"

#include "nv_json.h"
#include "scr_css.h"
#include "scr_encoding.h"
#include "scr_page.h"
#include "scr_want.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct work {
	xmlNode *top;
	const json_t *want;
	json_t *out; /* owned by the caller */
	uint64_t steps;
	bool truncated;
	struct nv_err *err;
};

static int
why_nothing(struct work *w)
{
	return w->steps == 0 ? nv_err_set(w->err, -ETIME,
				       "the selector takes too long on this page")
			     : nv_err_set(w->err, -ENOMEM, "no memory");
}

static int
put(struct work *w, const char *key, json_t *value)
{
	return json_object_set_new(w->out, key, value) < 0 ? why_nothing(w) : 0;
}

static int
put_text(struct work *w)
{
	struct nv_buf text;
	int rc;

	nv_buf_init(&text, SCR_TEXT_BYTES_MAX);
	scr_text(w->top, &text);
	w->truncated |= text.error == -ENOBUFS;
	rc = put(w, "text", nv_json_text(text.data ? text.data : "", text.bytes));
	nv_buf_fini(&text);
	return rc;
}

typedef json_t *
many_fn(xmlNode *top, struct scr_list *list, uint64_t *steps, bool *truncated);

/* Under key: true, or a selector. */
static int
put_many(struct work *w, const char *key, many_fn *make)
{
	const json_t *asked = json_object_get(w->want, key);
	struct scr_list *list = NULL;
	int rc = 0;

	if (!asked || json_is_false(asked))
		return 0;
	if (json_is_string(asked))
		rc = scr_css_parse(json_string_value(asked), &list, w->err);
	if (rc == 0)
		rc = put(w, key, make(w->top, list, &w->steps, &w->truncated));
	scr_css_free(list);
	return rc;
}

static int
put_select(struct work *w)
{
	const json_t *asked = json_object_get(w->want, "select");
	struct scr_list *list = NULL;
	int rc = scr_css_parse(
		json_string_value(json_object_get(asked, "css")), &list, w->err);

	if (rc < 0)
		return rc;
	rc = put(w, "select",
		scr_select(w->top, list,
			json_string_value(json_object_get(asked, "attr")), &w->steps,
			&w->truncated));
	scr_css_free(list);
	return rc;
}

struct field {
	const char *name;      /* borrowed */
	char *attr;            /* owned; NULL: the text */
	struct scr_list *list; /* owned; NULL: the searched element itself */
};

struct fields {
	struct field f[SCR_FIELDS_MAX];
	size_t n;
	struct work *work;
	json_t *records; /* borrowed */
};

static int
fields_read(struct fields *fs, const json_t *asked, struct nv_err *err)
{
	const char *name;
	json_t *value;
	int rc = 0;

	json_object_foreach((json_t *)(uintptr_t)asked, name, value)
	{
		struct field *f = &fs->f[fs->n];
		char *css;

		rc = scr_field_split(json_string_value(value), &css, &f->attr, err);
		if (rc < 0)
			return rc;
		fs->n++;
		f->name = name;
		rc = strcmp(css, ":scope") == 0 ? 0 : scr_css_parse(css, &f->list, err);
		free(css);
		if (rc < 0)
			return rc;
	}
	return rc;
}

static void
fields_fini(struct fields *fs)
{
	for (size_t i = 0; i < fs->n; i++) {
		free(fs->f[i].attr);
		scr_css_free(fs->f[i].list);
	}
}

struct first {
	const char *attr;
	json_t *value; /* owned */
};

static int
on_first(void *arg, xmlNode *e)
{
	struct first *f = arg;
	const char *attr =
		f->attr && e->type == XML_ELEMENT_NODE ? scr_attr(e, f->attr) : NULL;

	if (f->attr && !attr)
		return 0;
	f->value = attr ? nv_json_text(attr, NV_MIN(strlen(attr), SCR_ITEM_BYTES_MAX))
			: scr_text_json(e, false);
	return f->value ? 1 : -ENOMEM;
}

/* NULL without memory or time. */
static json_t *
record(struct fields *fs, xmlNode *top)
{
	json_t *out = json_object();

	for (size_t i = 0; out && i < fs->n; i++) {
		struct first first = {.attr = fs->f[i].attr};
		int rc = fs->f[i].list ? scr_match_each(top, fs->f[i].list,
						 &fs->work->steps, on_first, &first)
				       : on_first(&first, top);

		if (rc < 0 || json_object_set_new(out, fs->f[i].name,
				      first.value ? first.value : json_null()) < 0) {
			json_decref(out);
			return NULL;
		}
	}
	return out;
}

static int
on_row(void *arg, xmlNode *row)
{
	struct fields *fs = arg;

	if (json_array_size(fs->records) == SCR_ITEMS_MAX) {
		fs->work->truncated = true;
		return 1;
	}
	return json_array_append_new(fs->records, record(fs, row)) < 0 ? -ENOMEM : 0;
}

static int
put_fields(struct work *w)
{
	const char *rows = json_string_value(json_object_get(w->want, "rows"));
	struct fields fs = {.n = 0, .work = w};
	struct scr_list *list = NULL;
	int rc = fields_read(&fs, json_object_get(w->want, "fields"), w->err);

	if (rc == 0 && !rows)
		rc = put(w, "fields", record(&fs, w->top));
	if (rc == 0 && rows)
		rc = scr_css_parse(rows, &list, w->err);
	if (rc == 0 && rows) {
		fs.records = json_array();
		rc = put(w, "records", fs.records);
	}
	if (rc == 0 && rows && scr_match_each(w->top, list, &w->steps, on_row, &fs) < 0)
		rc = why_nothing(w);
	scr_css_free(list);
	fields_fini(&fs);
	return rc;
}

/* The page as it came, in UTF-8. */
static int
put_body(struct work *w, const struct nv_buf *body)
{
	size_t bytes = NV_MIN(body->bytes, SCR_TEXT_BYTES_MAX);

	w->truncated |= bytes < body->bytes;
	return put(w, "body", nv_json_text(body->data ? body->data : "", bytes));
}

static int
put_all(struct work *w, const struct nv_buf *body)
{
	int rc = 0;

	if (json_is_true(json_object_get(w->want, "body")))
		rc = put_body(w, body);
	if (rc == 0 && json_is_true(json_object_get(w->want, "title")))
		rc = put(w, "title", scr_title(w->top));
	if (rc == 0 && json_is_true(json_object_get(w->want, "text")))
		rc = put_text(w);
	if (rc == 0 && json_is_true(json_object_get(w->want, "links")))
		rc = put(w, "links", scr_links(w->top));
	if (rc == 0)
		rc = put_many(w, "lists", scr_lists);
	if (rc == 0)
		rc = put_many(w, "tables", scr_tables);
	if (rc == 0 && json_object_get(w->want, "select"))
		rc = put_select(w);
	if (rc == 0 && json_object_get(w->want, "fields"))
		rc = put_fields(w);
	return rc;
}

int
scr_work(const char *body, size_t bytes, const json_t *want, json_t **ret,
	struct nv_err *err)
{
	size_t bom;
	struct nv_buf text;
	int rc = scr_want_check(want, err);

	if (rc < 0)
		return rc;
	if (bytes > SCR_BODY_BYTES_MAX)
		return nv_err_set(err, -EFBIG, "the page is too big");
	const char *encoding = scr_encoding_sniff(
		body, bytes, json_string_value(json_object_get(want, "type")), &bom);

	nv_buf_init(&text, SCR_BODY_BYTES_MAX * 3 + 1);
	rc = scr_decode(encoding, body + bom, bytes - bom, &text);
	if (rc < 0) {
		nv_buf_fini(&text);
		return nv_err_set(
			err, rc, "the page's encoding %s cannot be read here", encoding);
	}
	xmlDoc *page = scr_page_parse(text.data ? text.data : "", text.bytes);
	struct work w = {.top = page ? scr_page_top(page) : NULL,
		.want = want,
		.out = json_pack("{s:s}", "encoding", encoding),
		.steps = SCR_MATCH_STEPS,
		.err = err};

	rc = page && w.out ? put_all(&w, &text)
			   : nv_err_set(err, -ENOMEM, "no memory for the page");
	nv_buf_fini(&text);
	if (rc == 0)
		rc = put(&w, "truncated", json_boolean(w.truncated));
	scr_page_free(page);
	if (rc < 0) {
		json_decref(w.out);
		return rc;
	}
	*ret = w.out;
	return 0;
}
