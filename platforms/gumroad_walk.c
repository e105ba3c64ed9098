/* Gumroad's lists: pages of 10 or 100, newest first, from page_key to page_key. */
#include "gumroad.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_KEY_BYTES 200

struct gum_walk {
	struct gum *g;
	char *path; /* owned */
	const char *list;
	char key[PAGE_KEY_BYTES]; /* of the page to come; empty: the first */
	unsigned pages_left;
	gum_page_fn *page;
	gum_end_fn *end;
	void *arg;
};

static void walk_answer(void *arg, const struct nv_http_answer *answer);

static int
walk_ask(struct gum_walk *w, struct nv_err *err)
{
	struct nv_buf path;
	int rc;

	nv_buf_init(&path, (size_t)16 << 10);
	nv_buf_puts(&path, w->path);
	if (w->key[0])
		nv_url_query(&path, "page_key", w->key);
	rc = path.error ? nv_err_set(err, path.error, "the request is too long")
			: plat_api_get(&w->g->api, path.data, walk_answer, w, err);
	nv_buf_fini(&path);
	return rc;
}

static void
walk_free(struct gum_walk *w)
{
	free(w->path);
	free(w);
}

void
gum_walk_stop(struct gum_walk *w, enum gum_meaning meaning, const char *text)
{
	gum_end_fn *end = w->end;
	void *arg = w->arg;

	walk_free(w);
	end(arg, meaning, text);
}

void
gum_walk_next(struct gum_walk *w)
{
	struct nv_err err = {0};

	if (!w->key[0])
		gum_walk_stop(w, GUM_OK, "");
	else if (w->pages_left-- == 0)
		gum_walk_stop(w, GUM_FAILED,
			"Gumroad's list has more pages than Nova reads at once: ask for "
			"less");
	else if (walk_ask(w, &err) != 0)
		gum_walk_stop(w, GUM_FAILED, err.text);
}

/* The key of the page to come goes into the walk. */
static bool
take_key(struct gum_walk *w, const json_t *answer)
{
	const char *key = map_text(answer, "next_page_key");

	if (!key) {
		w->key[0] = '\0';
		return true;
	}
	if (strlen(key) >= sizeof(w->key) || strcmp(key, w->key) == 0)
		return false;
	memcpy(w->key, key, strlen(key) + 1);
	return true;
}

static void
walk_answer(void *arg, const struct nv_http_answer *answer)
{
	struct gum_walk *w = arg;
	char text[GUM_TEXT_BYTES];
	enum gum_meaning meaning = gum_meaning(answer, text);
	const json_t *items = json_object_get(answer->json, w->list);

	if (meaning != GUM_OK) {
		gum_walk_stop(w, meaning, text);
		return;
	}
	if (!json_is_array(items)) {
		(void)snprintf(
			text, sizeof(text), "Gumroad's answer has no list `%s`", w->list);
		gum_walk_stop(w, GUM_FAILED, text);
		return;
	}
	if (!take_key(w, answer->json)) {
		gum_walk_stop(w, GUM_FAILED,
			"Gumroad's list does not go on: its next_page_key is the same "
			"again, or no key");
		return;
	}
	w->g->pages++;
	switch (w->page(w->arg, w, items, w->key[0] ? w->key : NULL)) {
	case 0:
		gum_walk_next(w);
		break;
	case 1:
		gum_walk_stop(w, GUM_OK, "");
		break;
	default:
		break;
	}
}

int
gum_walk(struct gum *g, const char *path, const char *list, const char *page_key,
	unsigned pages_max, gum_page_fn *page, gum_end_fn *end, void *arg,
	struct nv_err *err)
{
	struct gum_walk *w = calloc(1, sizeof(*w));
	int rc;

	if (!w)
		return nv_err_set(err, -ENOMEM, "out of memory");
	*w = (struct gum_walk){.g = g,
		.path = strdup(path),
		.list = list,
		.pages_left = pages_max - 1,
		.page = page,
		.end = end,
		.arg = arg};
	if (!w->path)
		rc = nv_err_set(err, -ENOMEM, "out of memory");
	else if (page_key && strlen(page_key) >= sizeof(w->key))
		rc = nv_err_set(err, -EINVAL, "page_key: longer than any of Gumroad's");
	else {
		if (page_key)
			memcpy(w->key, page_key, strlen(page_key) + 1);
		rc = walk_ask(w, err);
	}
	if (rc != 0)
		walk_free(w);
	return rc;
}
