/* Selectors against elements, from right to left. A part that fails says how far up it is
 * worth going on (as browsers do), which keeps `a b c d` from trying all ways. */
#include "scr_match.h"

#include "scr_ascii.h"

#include <errno.h>
#include <string.h>

enum verdict { MATCHES, FAILS_HERE, FAILS_SIBLINGS, FAILS };

static enum verdict match_left(struct scr_match *m, const struct scr_compound *c,
	const xmlNode *e, const xmlNode *anchor);

static bool
is_element(const xmlNode *n)
{
	return n && n->type == XML_ELEMENT_NODE;
}

static bool
step(struct scr_match *m)
{
	if (m->steps_left == 0)
		return false;
	m->steps_left--;
	return true;
}

static void
steps(struct scr_match *m, size_t n)
{
	m->steps_left -= NV_MIN(m->steps_left, (uint64_t)n);
}

static const xmlNode *
parent_of(const xmlNode *e)
{
	return is_element(e->parent) ? e->parent : NULL;
}

static const xmlNode *
sibling(struct scr_match *m, const xmlNode *e, bool back)
{
	do
		e = back ? e->prev : e->next;
	while (e && e->type != XML_ELEMENT_NODE && step(m));
	return e && e->type == XML_ELEMENT_NODE ? e : NULL;
}

const char *
scr_attr(const xmlNode *element, const char *name)
{
	for (const xmlAttr *a = element->properties; a; a = a->next) {
		if (a->ns || strcmp((const char *)a->name, name) != 0)
			continue;
		return a->children && a->children->content
			       ? (const char *)a->children->content
			       : "";
	}
	return NULL;
}

static bool
same_bytes(const char *a, const char *b, size_t n, bool fold)
{
	return fold ? scr_same(a, n, b) : strncmp(a, b, n) == 0;
}

static bool
has_word(const char *text, const char *word, size_t n, bool fold)
{
	if (n == 0)
		return false;
	while (*text) {
		while (scr_is_space(*text))
			text++;
		const char *end = text;

		while (*end && !scr_is_space(*end))
			end++;
		if ((size_t)(end - text) == n && same_bytes(text, word, n, fold))
			return true;
		text = end;
	}
	return false;
}

static bool
has_part(const char *text, const char *part, size_t n, bool fold)
{
	size_t bytes = strlen(text);

	for (size_t i = 0; n > 0 && i + n <= bytes; i++) {
		if (same_bytes(text + i, part, n, fold))
			return true;
	}
	return false;
}

static bool
attr_matches(struct scr_match *m, const struct scr_simple *s, const xmlNode *e)
{
	const char *have = scr_attr(e, s->name);

	if (!have)
		return s->op == SCR_ATTR_DIFFERENT;
	if (s->op == SCR_ATTR_EXISTS)
		return true;
	size_t bytes = strlen(have), n = strlen(s->value);
	bool fold = s->fold_case;
	bool equal = bytes == n && same_bytes(have, s->value, n, fold);

	steps(m, bytes / 64);
	switch (s->op) {
	case SCR_ATTR_EQUAL:
		return equal;
	case SCR_ATTR_DIFFERENT:
		return !equal;
	case SCR_ATTR_WORD:
		return has_word(have, s->value, n, fold);
	case SCR_ATTR_DASH:
		return equal || (bytes > n && have[n] == '-' &&
					same_bytes(have, s->value, n, fold));
	case SCR_ATTR_PREFIX:
		return n > 0 && bytes >= n && same_bytes(have, s->value, n, fold);
	case SCR_ATTR_SUFFIX:
		return n > 0 && bytes >= n &&
		       same_bytes(have + bytes - n, s->value, n, fold);
	case SCR_ATTR_SUBSTRING:
		steps(m, bytes);
		return has_part(have, s->value, n, fold);
	case SCR_ATTR_EXISTS:
		break;
	}
	return false;
}

static bool
counts(struct scr_match *m, const struct scr_simple *s, const xmlNode *e,
	const xmlNode *of)
{
	if (s->of_type && strcmp((const char *)e->name, (const char *)of->name) != 0)
		return false;
	return !s->list || scr_match_is(m, s->list, e);
}

/* 1-based among the siblings that count. In document order the nearest one before this is
 * the one counted last, and nothing else has to be looked at. */
static unsigned
position(struct scr_match *m, struct scr_simple *s, const xmlNode *e)
{
	unsigned at = 1;
	const xmlNode *n;

	for (n = sibling(m, e, true); n && step(m); n = sibling(m, n, true)) {
		if (!counts(m, s, n, e))
			continue;
		if (n == s->memo || s->from_end)
			break;
		at++;
	}
	if (n && n == s->memo)
		at = s->from_end ? s->memo_at - 1 : s->memo_at + at;
	else if (s->from_end) {
		for (n = sibling(m, e, false); n && step(m); n = sibling(m, n, false))
			at += counts(m, s, n, e);
	}
	s->memo = e;
	s->memo_at = at;
	return at;
}

static bool
nth_matches(struct scr_match *m, struct scr_simple *s, const xmlNode *e)
{
	if (s->list && !scr_match_is(m, s->list, e))
		return false;
	int64_t left = (int64_t)position(m, s, e) - s->b;

	if (s->a == 0)
		return left == 0;
	return left % s->a == 0 && left / s->a >= 0;
}

static bool
is_empty(struct scr_match *m, const xmlNode *e)
{
	for (const xmlNode *n = e->children; n && step(m); n = n->next) {
		if (n->type == XML_ELEMENT_NODE)
			return false;
		if (n->type != XML_TEXT_NODE && n->type != XML_CDATA_SECTION_NODE)
			continue;
		for (const char *t = (const char *)n->content; t && *t; t++) {
			if (!scr_is_space(*t))
				return false;
		}
	}
	return true;
}

static bool
contains(struct scr_match *m, const xmlNode *e, const char *part)
{
	struct nv_buf text;

	nv_buf_init(&text, (size_t)64 << 20);
	nv_buf_puts(&text, "");
	for (const xmlNode *n = scr_next(e, e); n && step(m); n = scr_next(e, n)) {
		if ((n->type == XML_TEXT_NODE || n->type == XML_CDATA_SECTION_NODE) &&
			n->content)
			nv_buf_puts(&text, (const char *)n->content);
	}
	steps(m, text.bytes / 8);
	bool found = *part == '\0' || (text.data && strstr(text.data, part));

	nv_buf_fini(&text);
	return found;
}

/* Whether something hangs on `e` as the relative selector says. */
static bool
has_one(struct scr_match *m, const struct scr_complex *x, const xmlNode *e)
{
	bool below = x->lead == SCR_COMB_DESCENDANT || x->lead == SCR_COMB_CHILD;
	const xmlNode *top = below ? e : sibling(m, e, false);

	for (; top && step(m); top = below ? NULL : sibling(m, top, false)) {
		if (!below && match_left(m, x->subject, top, e) == MATCHES)
			return true;
		for (const xmlNode *n = scr_next(top, top); n && step(m);
			n = scr_next(top, n)) {
			if (is_element(n) && match_left(m, x->subject, n, e) == MATCHES)
				return true;
		}
	}
	return false;
}

static bool
has_any(struct scr_match *m, const struct scr_list *list, const xmlNode *e)
{
	for (const struct scr_complex *x = list->first; x; x = x->next) {
		if (has_one(m, x, e))
			return true;
	}
	return false;
}

static bool
is_link(const xmlNode *e)
{
	const char *name = (const char *)e->name;

	return (strcmp(name, "a") == 0 || strcmp(name, "area") == 0) &&
	       scr_attr(e, "href");
}

static bool
simple_matches(struct scr_match *m, struct scr_simple *s, const xmlNode *e,
	const xmlNode *anchor)
{
	const char *have;

	switch (s->kind) {
	case SCR_SIMPLE_TYPE:
		return !s->name || strcmp((const char *)e->name, s->name) == 0;
	case SCR_SIMPLE_ID:
		have = scr_attr(e, "id");
		return have && strcmp(have, s->name) == 0;
	case SCR_SIMPLE_CLASS:
		have = scr_attr(e, "class");
		return have && has_word(have, s->name, strlen(s->name), false);
	case SCR_SIMPLE_ATTR:
		return attr_matches(m, s, e);
	case SCR_SIMPLE_IS:
		return scr_match_is(m, s->list, e);
	case SCR_SIMPLE_NOT:
		return !scr_match_is(m, s->list, e);
	case SCR_SIMPLE_HAS:
		return has_any(m, s->list, e);
	case SCR_SIMPLE_NTH:
		return nth_matches(m, s, e);
	case SCR_SIMPLE_EMPTY:
		return is_empty(m, e);
	case SCR_SIMPLE_ROOT:
		return !parent_of(e);
	case SCR_SIMPLE_SCOPE:
		return m->scope ? e == m->scope : !parent_of(e);
	case SCR_SIMPLE_LINK:
		return is_link(e);
	case SCR_SIMPLE_CONTAINS:
		return contains(m, e, s->value);
	case SCR_SIMPLE_ANCHOR:
		return e == anchor;
	}
	return false;
}

static enum verdict
match_up(struct scr_match *m, const struct scr_compound *c, const xmlNode *e,
	const xmlNode *anchor)
{
	enum verdict v = FAILS;

	if (c->comb == SCR_COMB_CHILD) {
		const xmlNode *parent = parent_of(e);

		v = parent ? match_left(m, c->left, parent, anchor) : FAILS;
		return v == FAILS_HERE ? FAILS_SIBLINGS : v;
	}
	for (e = parent_of(e); e; e = parent_of(e)) {
		v = match_left(m, c->left, e, anchor);
		if (v == MATCHES || v == FAILS)
			return v;
	}
	return FAILS;
}

static enum verdict
match_left(struct scr_match *m, const struct scr_compound *c, const xmlNode *e,
	const xmlNode *anchor)
{
	enum verdict v;

	if (!step(m))
		return FAILS;
	for (struct scr_simple *s = c->tests; s; s = s->next) {
		if (!simple_matches(m, s, e, anchor))
			return FAILS_HERE;
	}
	switch (c->comb) {
	case SCR_COMB_NONE:
		return MATCHES;
	case SCR_COMB_DESCENDANT:
	case SCR_COMB_CHILD:
		return match_up(m, c, e, anchor);
	case SCR_COMB_NEXT:
		e = sibling(m, e, true);
		return e ? match_left(m, c->left, e, anchor) : FAILS_SIBLINGS;
	case SCR_COMB_LATER:
		for (e = sibling(m, e, true); e; e = sibling(m, e, true)) {
			v = match_left(m, c->left, e, anchor);
			if (v != FAILS_HERE)
				return v;
		}
		return FAILS_SIBLINGS;
	}
	return FAILS;
}

bool
scr_match_is(struct scr_match *m, struct scr_list *list, const xmlNode *element)
{
	for (const struct scr_complex *x = list->first; x; x = x->next) {
		if (match_left(m, x->subject, element, NULL) == MATCHES)
			return true;
	}
	return false;
}

void
scr_match_begin(struct scr_list *list)
{
	for (struct scr_complex *x = list->first; x; x = x->next) {
		for (struct scr_compound *c = x->subject; c; c = c->left) {
			for (struct scr_simple *s = c->tests; s; s = s->next) {
				s->memo = NULL;
				if (s->list)
					scr_match_begin(s->list);
			}
		}
	}
}

xmlNode *
scr_next_over(const xmlNode *top, const xmlNode *node)
{
	while (node != top) {
		if (node->next)
			return node->next;
		node = node->parent;
	}
	return NULL;
}

xmlNode *
scr_next(const xmlNode *top, const xmlNode *node)
{
	/* What hangs on an entity reference or a DTD is not the page's. */
	if (node->children && (node == top || node->type == XML_ELEMENT_NODE))
		return node->children;
	return scr_next_over(top, node);
}

int
scr_match_each(xmlNode *top, struct scr_list *list, uint64_t *steps_left,
	scr_match_fn *on_match, void *arg)
{
	struct scr_match m = {.scope = top->type == XML_ELEMENT_NODE ? top : NULL,
		.steps_left = *steps_left};
	int rc = 0;

	scr_match_begin(list);
	for (xmlNode *n = scr_next(top, top); n && rc == 0; n = scr_next(top, n)) {
		if (n->type == XML_ELEMENT_NODE && scr_match_is(&m, list, n) &&
			m.steps_left > 0)
			rc = on_match(arg, n);
		if (m.steps_left == 0)
			rc = -ETIME;
	}
	*steps_left = m.steps_left;
	return rc;
}
