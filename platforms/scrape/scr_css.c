/* Reads a selector. A recursive descent over the bytes (CSS Syntax Level 3 for names,
 * strings and escapes); the depth is bounded, so the stack is. */
#include "scr_css.h"

#include "nv_buf.h"
#include "scr_ascii.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct css {
	const char *text;
	size_t at;
	unsigned simples;
	unsigned depth;
	struct nv_err *err;
};

static int parse_list(struct css *c, bool relative, struct scr_list **ret);

static int
fail(struct css *c, const char *what)
{
	return nv_err_set(
		c->err, -EINVAL, "selector, at character %zu: %s", c->at + 1, what);
}

static char
peek(const struct css *c)
{
	return c->text[c->at];
}

static bool
skip_space(struct css *c)
{
	size_t from = c->at;

	while (scr_is_space(peek(c)))
		c->at++;
	return c->at > from;
}

static bool
take(struct css *c, char ch)
{
	if (peek(c) != ch)
		return false;
	c->at++;
	return true;
}

static bool
is_name(char ch)
{
	return scr_is_alnum(ch) || ch == '-' || ch == '_' || (unsigned char)ch >= 0x80;
}

static bool
name_starts(const struct css *c)
{
	const char *s = c->text + c->at;

	if (*s == '-')
		s++;
	if (*s == '\\')
		return s[1] && s[1] != '\n';
	return is_name(*s) && !scr_is_digit(*s);
}

/* After a backslash: up to six hexadecimal digits and one white space, or the character
 * itself. */
static void
take_escape(struct css *c, struct nv_buf *out)
{
	uint32_t code = 0;
	unsigned digits = 0;

	while (digits < 6 && scr_hex(peek(c)) >= 0) {
		code = code * 16 + (uint32_t)scr_hex(peek(c));
		c->at++;
		digits++;
	}
	if (digits == 0) {
		if (peek(c))
			nv_buf_add(out, c->text + c->at++, 1);
		return;
	}
	if (scr_is_space(peek(c)))
		c->at++;
	scr_put_utf8(out, code);
}

static int
take_name(struct css *c, char **ret)
{
	struct nv_buf out;

	if (!name_starts(c))
		return fail(c, "a name was expected");
	nv_buf_init(&out, SCR_CSS_BYTES_MAX);
	for (;;) {
		if (is_name(peek(c)))
			nv_buf_add(&out, c->text + c->at++, 1);
		else if (peek(c) == '\\' && c->text[c->at + 1] &&
			 c->text[c->at + 1] != '\n') {
			c->at++;
			take_escape(c, &out);
		} else
			break;
	}
	*ret = nv_buf_take(&out);
	nv_buf_fini(&out);
	return *ret ? 0 : -ENOMEM;
}

static int
take_string(struct css *c, char **ret)
{
	struct nv_buf out;
	char quote = peek(c);

	c->at++;
	nv_buf_init(&out, SCR_CSS_BYTES_MAX);
	nv_buf_puts(&out, "");
	while (peek(c) != quote) {
		if (peek(c) == '\0' || peek(c) == '\n') {
			nv_buf_fini(&out);
			return fail(c, "the text has no closing quote");
		}
		if (!take(c, '\\'))
			nv_buf_add(&out, c->text + c->at++, 1);
		else if (!take(c, '\n'))
			take_escape(c, &out);
	}
	c->at++;
	if (!out.data) {
		nv_buf_fini(&out);
		*ret = strdup("");
		return *ret ? 0 : -ENOMEM;
	}
	*ret = nv_buf_take(&out);
	nv_buf_fini(&out);
	return *ret ? 0 : -ENOMEM;
}

static int
take_value(struct css *c, char **ret)
{
	return peek(c) == '"' || peek(c) == '\'' ? take_string(c, ret)
						 : take_name(c, ret);
}

static int
expect(struct css *c, char ch)
{
	char what[] = "'?' was expected";

	if (take(c, ch))
		return 0;
	what[1] = ch;
	return fail(c, what);
}

static int
take_attr_op(struct css *c, enum scr_attr_op *ret)
{
	static const struct {
		char ch;
		enum scr_attr_op op;
	} ops[] = {{'~', SCR_ATTR_WORD}, {'|', SCR_ATTR_DASH}, {'^', SCR_ATTR_PREFIX},
		{'$', SCR_ATTR_SUFFIX}, {'*', SCR_ATTR_SUBSTRING},
		{'!', SCR_ATTR_DIFFERENT}};

	*ret = SCR_ATTR_EQUAL;
	for (size_t i = 0; i < NV_LEN(ops); i++) {
		if (take(c, ops[i].ch)) {
			*ret = ops[i].op;
			break;
		}
	}
	return take(c, '=')
		       ? 0
		       : fail(c, "'=', '~=', '|=', '^=', '$=', '*=', '!=' or ']' was "
				 "expected");
}

/* After "[". */
static int
parse_attr(struct css *c, struct scr_simple *s)
{
	s->kind = SCR_SIMPLE_ATTR;
	skip_space(c);
	int rc = take_name(c, &s->name);

	if (rc < 0)
		return rc;
	scr_lower(s->name);
	skip_space(c);
	if (take(c, ']')) {
		s->op = SCR_ATTR_EXISTS;
		return 0;
	}
	rc = take_attr_op(c, &s->op);
	if (rc < 0)
		return rc;
	skip_space(c);
	rc = take_value(c, &s->value);
	if (rc < 0)
		return rc;
	skip_space(c);
	/* HTML compares the values of this attribute without regard to case. */
	s->fold_case = strcmp(s->name, "type") == 0;
	if (peek(c) == 'i' || peek(c) == 'I' || peek(c) == 's' || peek(c) == 'S') {
		s->fold_case = peek(c) == 'i' || peek(c) == 'I';
		c->at++;
		skip_space(c);
	}
	return expect(c, ']');
}

static bool
take_word(struct css *c, const char *word)
{
	size_t n = strlen(word);

	if (!scr_same(c->text + c->at, n, word) || is_name(c->text[c->at + n]))
		return false;
	c->at += n;
	return true;
}

/* Digits, at most 9 of them; -1 when there is none. */
static int
take_digits(struct css *c)
{
	int n = 0;
	unsigned digits = 0;

	while (scr_is_digit(peek(c)) && digits < 9) {
		n = n * 10 + (peek(c) - '0');
		c->at++;
		digits++;
	}
	return digits ? n : -1;
}

/* "odd", "even", "3", "-n+3", "2n", "2n - 1". */
static int
parse_nth(struct css *c, struct scr_simple *s)
{
	skip_space(c);
	if (take_word(c, "odd")) {
		s->a = 2;
		s->b = 1;
		return 0;
	}
	if (take_word(c, "even")) {
		s->a = 2;
		return 0;
	}
	int sign = take(c, '-') ? -1 : (take(c, '+'), 1);
	int n = take_digits(c);

	if (!take(c, 'n') && !take(c, 'N')) {
		s->b = sign * n;
		return n < 0 ? fail(c, "a position like 3, odd or 2n+1 was expected") : 0;
	}
	s->a = sign * (n < 0 ? 1 : n);
	size_t before = c->at;

	skip_space(c);
	if (peek(c) != '+' && peek(c) != '-') {
		c->at = before;
		return 0;
	}
	sign = peek(c) == '-' ? -1 : 1;
	c->at++;
	skip_space(c);
	n = take_digits(c);
	s->b = sign * n;
	return n < 0 ? fail(c, "a number was expected") : 0;
}

static int
parse_nth_of(struct css *c, struct scr_simple *s)
{
	int rc = parse_nth(c, s);

	if (rc < 0 || s->of_type)
		return rc;
	if (!skip_space(c) || !take_word(c, "of"))
		return 0;
	return parse_list(c, false, &s->list);
}

static int
parse_contains(struct css *c, struct scr_simple *s)
{
	skip_space(c);
	return take_value(c, &s->value);
}

static int
parse_any(struct css *c, struct scr_simple *s)
{
	return parse_list(c, s->kind == SCR_SIMPLE_HAS, &s->list);
}

/* What a pseudo-class is; `args` reads what stands between its parentheses. */
static const struct pseudo {
	const char *name;
	enum scr_simple_kind kind;
	int (*args)(struct css *c, struct scr_simple *s);
	bool of_type, from_end;
	bool both; /* :only-…: the first and the last */
} pseudos[] = {
	{.name = "not", .kind = SCR_SIMPLE_NOT, .args = parse_any},
	{.name = "is", .kind = SCR_SIMPLE_IS, .args = parse_any},
	{.name = "where", .kind = SCR_SIMPLE_IS, .args = parse_any},
	{.name = "matches", .kind = SCR_SIMPLE_IS, .args = parse_any},
	{.name = "has", .kind = SCR_SIMPLE_HAS, .args = parse_any},
	{.name = "nth-child", .kind = SCR_SIMPLE_NTH, .args = parse_nth_of},
	{.name = "nth-last-child",
		.kind = SCR_SIMPLE_NTH,
		.args = parse_nth_of,
		.from_end = true},
	{.name = "nth-of-type",
		.kind = SCR_SIMPLE_NTH,
		.args = parse_nth_of,
		.of_type = true},
	{.name = "nth-last-of-type",
		.kind = SCR_SIMPLE_NTH,
		.args = parse_nth_of,
		.of_type = true,
		.from_end = true},
	{.name = "first-child", .kind = SCR_SIMPLE_NTH},
	{.name = "last-child", .kind = SCR_SIMPLE_NTH, .from_end = true},
	{.name = "only-child", .kind = SCR_SIMPLE_NTH, .both = true},
	{.name = "first-of-type", .kind = SCR_SIMPLE_NTH, .of_type = true},
	{.name = "last-of-type",
		.kind = SCR_SIMPLE_NTH,
		.of_type = true,
		.from_end = true},
	{.name = "only-of-type", .kind = SCR_SIMPLE_NTH, .of_type = true, .both = true},
	{.name = "empty", .kind = SCR_SIMPLE_EMPTY},
	{.name = "root", .kind = SCR_SIMPLE_ROOT},
	{.name = "scope", .kind = SCR_SIMPLE_SCOPE},
	{.name = "any-link", .kind = SCR_SIMPLE_LINK},
	{.name = "link", .kind = SCR_SIMPLE_LINK},
	{.name = "contains", .kind = SCR_SIMPLE_CONTAINS, .args = parse_contains},
	{.name = "-soup-contains", .kind = SCR_SIMPLE_CONTAINS, .args = parse_contains},
};

static struct scr_simple *
simple_new(struct css *c, int *rc)
{
	if (++c->simples > SCR_CSS_SIMPLES_MAX) {
		*rc = fail(c, "there are too many parts");
		return NULL;
	}
	struct scr_simple *s = calloc(1, sizeof(*s));

	*rc = s ? 0 : -ENOMEM;
	return s;
}

static int
pseudo_args(struct css *c, const struct pseudo *p, struct scr_simple *s)
{
	if (!p->args)
		return peek(c) == '(' ? fail(c, "this pseudo-class takes no argument")
				      : 0;
	int rc = expect(c, '(');

	if (rc < 0)
		return rc;
	if (++c->depth > SCR_CSS_DEPTH_MAX)
		return fail(c, "too deep in parentheses");
	rc = p->args(c, s);
	if (rc < 0)
		return rc;
	c->depth--;
	skip_space(c);
	return expect(c, ')');
}

/* After ":". Appends to *tail; moves it. */
static int
parse_pseudo(struct css *c, struct scr_simple ***tail)
{
	char *name = NULL;
	const struct pseudo *p = NULL;

	if (peek(c) == ':')
		return fail(c, "pseudo-elements (::) select no element");
	int rc = take_name(c, &name);

	if (rc < 0)
		return rc;
	scr_lower(name);
	for (size_t i = 0; i < NV_LEN(pseudos) && !p; i++) {
		if (strcmp(pseudos[i].name, name) == 0)
			p = &pseudos[i];
	}
	if (!p)
		rc = nv_err_set(c->err, -EINVAL,
			"selector, at character %zu: the pseudo-class :%.40s is not "
			"known",
			c->at, name);
	free(name);
	for (unsigned i = 0; rc == 0 && i < (p->both ? 2u : 1u); i++) {
		struct scr_simple *s = simple_new(c, &rc);

		if (!s)
			return rc;
		**tail = s;
		*tail = &s->next;
		s->kind = p->kind;
		s->of_type = p->of_type;
		s->from_end = p->from_end || i == 1;
		s->b = p->kind == SCR_SIMPLE_NTH && !p->args ? 1 : 0;
		rc = pseudo_args(c, p, s);
	}
	return rc;
}

static int
parse_type(struct css *c, struct scr_simple *s)
{
	s->kind = SCR_SIMPLE_TYPE;
	if (take(c, '*'))
		return 0;
	int rc = take_name(c, &s->name);

	if (rc == 0)
		scr_lower(s->name);
	return rc;
}

static bool
compound_starts(const struct css *c)
{
	return peek(c) != '\0' && (strchr("*#.[:", peek(c)) || name_starts(c));
}

/* One simple selector, appended to *tail. */
static int
parse_simple(struct css *c, bool first, struct scr_simple ***tail)
{
	int rc;

	if (take(c, ':'))
		return parse_pseudo(c, tail);
	struct scr_simple *s = simple_new(c, &rc);

	if (!s)
		return rc;
	**tail = s;
	*tail = &s->next;
	if (take(c, '#')) {
		s->kind = SCR_SIMPLE_ID;
		return take_name(c, &s->name);
	}
	if (take(c, '.')) {
		s->kind = SCR_SIMPLE_CLASS;
		return take_name(c, &s->name);
	}
	if (take(c, '['))
		return parse_attr(c, s);
	if (!first)
		return fail(c, "a type must stand first");
	rc = parse_type(c, s);
	if (rc == 0 && peek(c) == '|')
		return fail(c, "pages of HTML have no namespaces: leave '|' out");
	return rc;
}

static int
parse_compound(struct css *c, struct scr_compound *ret)
{
	struct scr_simple **tail = &ret->tests;

	if (!compound_starts(c))
		return fail(c, peek(c) ? "a selector was expected"
				       : "it ends where a selector was expected");
	for (bool first = true; compound_starts(c); first = false) {
		int rc = parse_simple(c, first, &tail);

		if (rc < 0)
			return rc;
	}
	return 0;
}

static enum scr_combinator
take_combinator(struct css *c)
{
	bool space = skip_space(c);
	enum scr_combinator comb = SCR_COMB_NONE;

	if (take(c, '>'))
		comb = SCR_COMB_CHILD;
	else if (take(c, '+'))
		comb = SCR_COMB_NEXT;
	else if (take(c, '~'))
		comb = SCR_COMB_LATER;
	else if (space && compound_starts(c))
		comb = SCR_COMB_DESCENDANT;
	if (comb != SCR_COMB_NONE)
		skip_space(c);
	return comb;
}

/* In :has(): everything hangs on the element that is asked about. */
static int
parse_lead(struct css *c, struct scr_complex *x)
{
	int rc;

	x->lead = take_combinator(c);
	if (x->lead == SCR_COMB_NONE)
		x->lead = SCR_COMB_DESCENDANT;
	x->subject = calloc(1, sizeof(*x->subject));
	if (!x->subject)
		return -ENOMEM;
	x->subject->tests = simple_new(c, &rc);
	if (x->subject->tests)
		x->subject->tests->kind = SCR_SIMPLE_ANCHOR;
	return rc;
}

static int
parse_complex(struct css *c, bool relative, struct scr_complex *x)
{
	int rc = relative ? parse_lead(c, x) : 0;
	enum scr_combinator comb = x->lead;

	while (rc == 0) {
		struct scr_compound *compound = calloc(1, sizeof(*compound));

		if (!compound)
			return -ENOMEM;
		compound->comb = comb;
		compound->left = x->subject;
		x->subject = compound;
		rc = parse_compound(c, compound);
		if (rc < 0)
			break;
		comb = take_combinator(c);
		if (comb == SCR_COMB_NONE)
			break;
	}
	return rc;
}

static int
parse_list(struct css *c, bool relative, struct scr_list **ret)
{
	struct scr_list *list = calloc(1, sizeof(*list));
	struct scr_complex **tail;
	int rc = list ? 0 : -ENOMEM;

	*ret = list;
	if (rc < 0)
		return rc;
	tail = &list->first;
	do {
		struct scr_complex *x = calloc(1, sizeof(*x));

		if (!x)
			return -ENOMEM;
		*tail = x;
		tail = &x->next;
		skip_space(c);
		rc = parse_complex(c, relative, x);
		skip_space(c);
	} while (rc == 0 && take(c, ','));
	return rc;
}

int
scr_css_parse(const char *text, struct scr_list **ret, struct nv_err *err)
{
	struct css c = {.text = text, .err = err};
	struct scr_list *list = NULL;

	if (strlen(text) > SCR_CSS_BYTES_MAX)
		return nv_err_set(err, -EINVAL, "a selector has at most %d bytes",
			SCR_CSS_BYTES_MAX);
	int rc = parse_list(&c, false, &list);

	if (rc == 0 && peek(&c))
		rc = fail(&c, "nothing more was expected");
	if (rc < 0) {
		if (rc == -ENOMEM)
			(void)nv_err_set(err, rc, "no memory for the selector");
		scr_css_free(list);
		return rc;
	}
	*ret = list;
	return 0;
}

static void
free_simples(struct scr_simple *s)
{
	while (s) {
		struct scr_simple *next = s->next;

		free(s->name);
		free(s->value);
		scr_css_free(s->list);
		free(s);
		s = next;
	}
}

void
scr_css_free(struct scr_list *list)
{
	if (!list)
		return;
	while (list->first) {
		struct scr_complex *x = list->first;

		list->first = x->next;
		while (x->subject) {
			struct scr_compound *compound = x->subject;

			x->subject = compound->left;
			free_simples(compound->tests);
			free(compound);
		}
		free(x);
	}
	free(list);
}
