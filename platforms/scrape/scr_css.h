/* CSS selectors (Selectors Level 4, the part that makes sense on a page at rest): type,
 * *, #id, .class, [attribute] with = ~= |= ^= $= *= != and the flags i and s, the
 * combinators descendant > + ~, :not :is :where :has, :nth-child(an+b of S) and its kin,
 * :first- :last- :only-child and -of-type, :empty, :root, :scope, :any-link,
 * :contains("text"), lists.
 *
 * Pure: text in, a tree of tests out. scr_match.h says which elements it means. */
#ifndef SCR_CSS_H
#define SCR_CSS_H

#include "nv_err.h"

#define SCR_CSS_BYTES_MAX 4096
/* Simple selectors in one list, and how deep :not(), :is() and :has() may stand in each
 * other: what a person writes has a tenth of it. */
#define SCR_CSS_SIMPLES_MAX 512
#define SCR_CSS_DEPTH_MAX   8

enum scr_combinator {
	SCR_COMB_NONE, /* the leftmost compound */
	SCR_COMB_DESCENDANT,
	SCR_COMB_CHILD,
	SCR_COMB_NEXT, /* + */
	SCR_COMB_LATER /* ~ */
};

enum scr_simple_kind {
	SCR_SIMPLE_TYPE,
	SCR_SIMPLE_ID,
	SCR_SIMPLE_CLASS,
	SCR_SIMPLE_ATTR,
	SCR_SIMPLE_IS,
	SCR_SIMPLE_NOT,
	SCR_SIMPLE_HAS,
	SCR_SIMPLE_NTH,
	SCR_SIMPLE_EMPTY,
	SCR_SIMPLE_ROOT,
	SCR_SIMPLE_SCOPE,
	SCR_SIMPLE_LINK,
	SCR_SIMPLE_CONTAINS,
	SCR_SIMPLE_ANCHOR /* the element :has() is asked about; written by nobody */
};

enum scr_attr_op {
	SCR_ATTR_EXISTS,
	SCR_ATTR_EQUAL,
	SCR_ATTR_WORD,
	SCR_ATTR_DASH,
	SCR_ATTR_PREFIX,
	SCR_ATTR_SUFFIX,
	SCR_ATTR_SUBSTRING,
	SCR_ATTR_DIFFERENT
};

struct scr_list;

struct scr_simple {
	enum scr_simple_kind kind;
	enum scr_attr_op op;
	bool fold_case;        /* ATTR: letters of ASCII in any case */
	bool of_type;          /* NTH */
	bool from_end;         /* NTH */
	int a, b;              /* NTH: positions a*n+b, n from 0 */
	char *name;            /* owned: type, id, class or attribute; NULL for others */
	char *value;           /* owned: ATTR, CONTAINS */
	struct scr_list *list; /* owned: IS, NOT, HAS, NTH (of S) */
	/* NTH: the element counted last and its position, so that a walk in document
	 * order counts each element once. Borrowed from the page, set to NULL before a
	 * walk. */
	const void *memo;
	unsigned memo_at;
	struct scr_simple *next;
};

struct scr_compound {
	struct scr_simple *tests;  /* owned */
	enum scr_combinator comb;  /* how it stands to `left` */
	struct scr_compound *left; /* owned */
};

struct scr_complex {
	struct scr_compound *subject; /* owned: the rightmost one */
	enum scr_combinator lead;     /* in :has(): how it begins */
	struct scr_complex *next;     /* owned */
};

struct scr_list {
	struct scr_complex *first; /* owned */
};

/* 0 and a list that scr_css_free() frees; or -EINVAL with what was wrong where; or
 * -ENOMEM. */
int scr_css_parse(const char *text, struct scr_list **ret, struct nv_err *err);
void scr_css_free(struct scr_list *list);

#endif
