/* A list, page by page. What the server says about where it goes on is not trusted to
 * come to an end. */
#include "stripe.h"

#include "nv_buf.h"
#include "nv_url.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct pages {
	struct stripe *stripe;
	char *path; /* owned */
	char after[STRIPE_ID_BYTES];
	unsigned left;
	stripe_page_fn *page;
	stripe_end_fn *end;
	void *arg;
};

static int ask_page(struct pages *l, struct nv_err *err);

static void
pages_free(struct pages *l)
{
	free(l->path);
	free(l);
}

static void
finish(struct pages *l, int rc, const char *why)
{
	stripe_end_fn *end = l->end;
	void *arg = l->arg;

	pages_free(l);
	end(arg, rc, why);
}

/* Where the next page begins; false: there is none that makes sense. */
static bool
move_on(struct pages *l, const json_t *data)
{
	size_t n = json_array_size(data);
	const char *last = n ? map_text(json_array_get(data, n - 1), "id") : NULL;

	if (!last || strlen(last) >= sizeof(l->after) || strcmp(last, l->after) == 0)
		return false;
	(void)snprintf(l->after, sizeof(l->after), "%s", last);
	return true;
}

static void
on_page(void *arg, const struct stripe_answer *a)
{
	struct pages *l = arg;
	const json_t *data = json_object_get(a->json, "data");
	bool more = json_is_true(json_object_get(a->json, "has_more"));
	struct nv_err err = {0};

	if (a->outcome != NV_HTTP_DONE) {
		finish(l, a->throttled ? -EAGAIN : -EIO, a->why);
		return;
	}
	if (!json_is_array(data)) {
		finish(l, -EPROTO, "a list without data");
		return;
	}
	if (l->page(l->arg, data, more) != 0 || !more) {
		finish(l, 0, "");
		return;
	}
	if (!move_on(l, data)) {
		finish(l, -EPROTO, "a list whose cursor does not move");
		return;
	}
	if (--l->left == 0) {
		finish(l, -E2BIG, "a list of more pages than are read at once");
		return;
	}
	int rc = ask_page(l, &err);

	if (rc)
		finish(l, rc, err.text);
}

static int
ask_page(struct pages *l, struct nv_err *err)
{
	struct nv_buf url;
	int rc;

	nv_buf_init(&url, 4096);
	nv_buf_puts(&url, l->path);
	if (l->after[0])
		nv_url_query(&url, "starting_after", l->after);
	if (url.error)
		rc = nv_err_set(err, url.error, "a query that is too long");
	else
		rc = stripe_ask(l->stripe,
			&(struct stripe_ask){.method = "GET", .path = url.data}, on_page,
			l, err);
	nv_buf_fini(&url);
	return rc;
}

int
stripe_list(struct stripe *s, const char *path, const char *after, unsigned pages_max,
	stripe_page_fn *page, stripe_end_fn *end, void *arg, struct nv_err *err)
{
	struct pages *l = calloc(1, sizeof(*l));
	int rc = -ENOMEM;

	if (!l)
		return nv_err_set(err, -ENOMEM, "out of memory");
	*l = (struct pages){.stripe = s,
		.path = strdup(path),
		.left = pages_max,
		.page = page,
		.end = end,
		.arg = arg};
	if (after)
		(void)snprintf(l->after, sizeof(l->after), "%s", after);
	if (l->path)
		rc = ask_page(l, err);
	if (rc)
		pages_free(l);
	return rc;
}
