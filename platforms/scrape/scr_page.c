#include "scr_page.h"

#include "nv_json.h"
#include "scr_ascii.h"

#include <libxml/HTMLparser.h>
#include <limits.h>
#include <string.h>

xmlDoc *
scr_page_parse(const char *utf8, size_t bytes)
{
	/* Nothing is loaded, nothing is printed. The encoding is settled: what a <meta>
	 * says is not asked again. */
	int options = HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING |
		      HTML_PARSE_NONET | HTML_PARSE_IGNORE_ENC | HTML_PARSE_COMPACT;

	NV_ASSERT(bytes <= INT_MAX);
	/* No bytes are no document for the library. */
	if (bytes == 0)
		return htmlReadMemory("<html></html>", 13, NULL, "UTF-8", options);
	xmlDoc *page = htmlReadMemory(utf8, (int)bytes, NULL, "UTF-8", options);

	return page ? page : htmlReadMemory("<html></html>", 13, NULL, "UTF-8", options);
}

void
scr_page_free(xmlDoc *page)
{
	xmlFreeDoc(page);
}

xmlNode *
scr_page_top(xmlDoc *page)
{
	return (xmlNode *)(void *)page; /* begins as every node does (libxml/tree.h) */
}

bool
scr_is(const xmlNode *node, const char *name)
{
	return node->type == XML_ELEMENT_NODE &&
	       strcmp((const char *)node->name, name) == 0;
}

bool
scr_is_hidden(const xmlNode *element)
{
	return scr_is(element, "script") || scr_is(element, "style") ||
	       scr_is(element, "template") || scr_is(element, "noscript") ||
	       scr_is(element, "head") || scr_is(element, "title");
}

/* What a browser sets on lines of its own. */
static bool
is_block(const xmlNode *e)
{
	static const char *const names[] = {"address", "article", "aside", "blockquote",
		"body", "br", "caption", "center", "dd", "details", "dialog", "dir",
		"div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form",
		"h1", "h2", "h3", "h4", "h5", "h6", "header", "hgroup", "hr", "html",
		"legend", "li", "main", "menu", "nav", "ol", "option", "p", "pre",
		"search", "section", "summary", "table", "tbody", "tfoot", "thead", "tr",
		"ul"};
	size_t low = 0, high = NV_LEN(names);

	while (low < high) {
		size_t mid = (low + high) / 2;
		int order = strcmp((const char *)e->name, names[mid]);

		if (order == 0)
			return true;
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return false;
}

/* Text being put together: what white space is due before the next letter. */
struct writer {
	struct nv_buf *out;
	size_t from;  /* where this text begins in out */
	char due;     /* 0, ' ' or '\n' */
	unsigned pre; /* how many <pre> are open */
	bool lines;   /* else all is one line */
};

static void
due(struct writer *w, char c)
{
	if (!w->lines)
		c = ' ';
	if (w->due != '\n')
		w->due = c;
}

static void
put_text(struct writer *w, const char *text)
{
	while (*text) {
		/* U+00A0 in UTF-8. */
		bool nbsp = text[0] == '\xc2' && text[1] == '\xa0';
		size_t n = 1;

		if (w->pre > 0 && w->lines && *text == '\n') {
			nv_buf_puts(w->out, "\n");
			w->due = 0;
			text++;
			continue;
		}
		if (w->pre > 0 && w->lines && (*text == ' ' || *text == '\t')) {
			if (w->due == '\n' && w->out->bytes > w->from)
				nv_buf_puts(w->out, "\n");
			w->due = 0;
			nv_buf_add(w->out, text++, 1);
			continue;
		}
		if (nbsp || scr_is_space(*text)) {
			due(w, ' ');
			text += nbsp ? 2 : 1;
			continue;
		}
		while (text[n] && !scr_is_space(text[n]) &&
			!(text[n] == '\xc2' && text[n + 1] == '\xa0'))
			n++;
		if (w->due && w->out->bytes > w->from)
			nv_buf_add(w->out, &w->due, 1);
		w->due = 0;
		nv_buf_add(w->out, text, n);
		text += n;
	}
}

/* Going into (or out of) an element: what it does to the text around it. */
static void
pass(struct writer *w, const xmlNode *e, bool in)
{
	if (is_block(e))
		due(w, '\n');
	else if (scr_is(e, "td") || scr_is(e, "th"))
		due(w, ' ');
	if (scr_is(e, "pre"))
		w->pre += in ? 1 : -1u;
}

static bool
is_list(const xmlNode *n)
{
	return scr_is(n, "ul") || scr_is(n, "ol") || scr_is(n, "dl");
}

static void
walk_text(const xmlNode *top, struct writer *w, bool skip_lists)
{
	const xmlNode *n = top;
	bool down = true;

	while (n) {
		if (down && n->type == XML_ELEMENT_NODE) {
			pass(w, n, true);
			bool skip = n != top &&
				    (scr_is_hidden(n) || (skip_lists && is_list(n)));

			if (n->children && !skip && !w->out->error) {
				n = n->children;
				continue;
			}
		} else if (down && n->children && n == top) {
			n = n->children; /* the document */
			continue;
		} else if (down && n->content &&
			   (n->type == XML_TEXT_NODE ||
				   n->type == XML_CDATA_SECTION_NODE)) {
			put_text(w, (const char *)n->content);
		}
		if (n->type == XML_ELEMENT_NODE)
			pass(w, n, false);
		if (n == top)
			break;
		down = n->next != NULL;
		n = down ? n->next : n->parent;
	}
}

void
scr_text(const xmlNode *node, struct nv_buf *out)
{
	struct writer w = {.out = out, .from = out->bytes, .lines = true};

	walk_text(node, &w, false);
}

void
scr_text_line(const xmlNode *node, struct nv_buf *out)
{
	struct writer w = {.out = out, .from = out->bytes};

	walk_text(node, &w, false);
}

json_t *
scr_text_json(const xmlNode *node, bool skip_lists)
{
	struct nv_buf out;
	struct writer w = {.out = &out};

	nv_buf_init(&out, SCR_ITEM_BYTES_MAX);
	walk_text(node, &w, skip_lists);
	json_t *text = nv_json_text(out.data ? out.data : "", out.bytes);

	nv_buf_fini(&out);
	return text;
}

json_t *
scr_title(xmlNode *top)
{
	for (xmlNode *n = scr_next(top, top); n; n = scr_next(top, n)) {
		if (scr_is(n, "title"))
			return scr_text_json(n, false);
	}
	return json_null();
}
