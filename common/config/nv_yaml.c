/* YAML into located nodes: see nv_yaml.h. The event interface of libyaml is used, not
 * its documents: limits are then checked before anything is built. */
#include "nv_yaml.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define BLOCK_BYTES ((size_t)32 << 10)

struct block {
	struct block *next; /* owned */
	size_t used;
	size_t bytes;
	_Alignas(16) char data[];
};

struct nv_yaml {
	struct block *blocks; /* owned */
	struct nv_yaml_node *root;
};

/* One collection that is being read. */
struct level {
	struct nv_yaml_node *node;
	struct nv_yaml_node *last;
	bool has_key; /* a map: the key is read, its value is next */
	const char *key;
	unsigned key_line;
	unsigned key_column;
};

struct reader {
	struct nv_yaml *yaml;
	const char *text;
	size_t bytes;
	struct nv_err *err;
	size_t nodes_left;
	unsigned documents;
	unsigned depth;
	struct level levels[NV_YAML_DEPTH_MAX];
};

static void *
take_memory(struct nv_yaml *yaml, size_t bytes)
{
	struct block *b = yaml->blocks;
	size_t rounded = (bytes + 15) & ~(size_t)15;

	if (!b || b->bytes - b->used < rounded) {
		size_t room = NV_MAX(rounded, BLOCK_BYTES);

		b = malloc(sizeof(*b) + room);
		if (!b)
			return NULL;
		*b = (struct block){.next = yaml->blocks, .bytes = room};
		yaml->blocks = b;
	}
	void *p = b->data + b->used;

	b->used += rounded;
	return p;
}

static int
fail_at(struct reader *r, const yaml_mark_t *mark, const char *text)
{
	if (r->err) {
		r->err->line = (unsigned)mark->line + 1;
		r->err->column = (unsigned)mark->column + 1;
	}
	return nv_err_set(r->err, -EINVAL, "%s", text);
}

/* The input itself is broken (not UTF-8, control characters): libyaml gives only
 * the byte offset. */
static int
fail_bytes(struct reader *r, size_t offset, const char *problem, int value)
{
	unsigned line = 1;
	unsigned column = 1;

	for (size_t i = 0; i < offset && i < r->bytes; i++) {
		if (r->text[i] == '\n') {
			line++;
			column = 1;
		} else if ((r->text[i] & 0xc0) != 0x80) {
			column++;
		}
	}
	if (r->err) {
		r->err->line = line;
		r->err->column = column;
	}
	if (value >= 0)
		return nv_err_set(r->err, -EINVAL,
			"%s (0x%02x): the file must be UTF-8 text", problem,
			(unsigned)value);
	return nv_err_set(r->err, -EINVAL, "%s: the file must be UTF-8 text", problem);
}

static int
fail_syntax(struct reader *r, const yaml_parser_t *parser)
{
	const char *problem = parser->problem ? parser->problem : "this is not YAML";
	const yaml_mark_t *mark = &parser->problem_mark;

	if (parser->error == YAML_MEMORY_ERROR)
		return nv_err_set(r->err, -ENOMEM, "out of memory");
	if (parser->error == YAML_READER_ERROR)
		return fail_bytes(
			r, parser->problem_offset, problem, parser->problem_value);
	(void)fail_at(r, mark, problem);
	if (strstr(problem, "cannot start any token"))
		return nv_err_set(r->err, -EINVAL,
			"not YAML: %s (indent with spaces, never with tabs; quote text "
			"that begins with @, ` or %%)",
			problem);
	if (parser->context)
		return nv_err_set(r->err, -EINVAL, "not YAML: %s, %s (from line %zu)",
			problem, parser->context, parser->context_mark.line + 1);
	return nv_err_set(r->err, -EINVAL, "not YAML: %s", problem);
}

static char *
copy_text(struct reader *r, const yaml_char_t *text, size_t bytes)
{
	char *copy = take_memory(r->yaml, bytes + 1);

	if (copy) {
		memcpy(copy, text, bytes);
		copy[bytes] = '\0';
	}
	return copy;
}

static int
compare_keys(const void *a, const void *b)
{
	const struct nv_yaml_node *x = *(const struct nv_yaml_node *const *)a;
	const struct nv_yaml_node *y = *(const struct nv_yaml_node *const *)b;
	int order = strcmp(x->key, y->key);

	if (order != 0)
		return order;
	if (x->key_line != y->key_line)
		return x->key_line < y->key_line ? -1 : 1;
	return x->key_column < y->key_column ? -1 : x->key_column > y->key_column;
}

/* Point every repeated key of a finished map at the first one. */
static int
mark_repeats(struct reader *r, struct nv_yaml_node *map)
{
	size_t n = 0;

	if (map->n_children < 2)
		return 0;
	struct nv_yaml_node **sorted = calloc(map->n_children, sizeof(void *));

	if (!sorted)
		return nv_err_set(r->err, -ENOMEM, "out of memory");
	nv_yaml_each(item, map) memcpy(&sorted[n++], &item, sizeof(void *));
	qsort(sorted, n, sizeof(void *), compare_keys);
	for (size_t i = 1; i < n; i++) {
		if (strcmp(sorted[i]->key, sorted[i - 1]->key) == 0)
			sorted[i]->repeats = sorted[i - 1]->repeats
						     ? sorted[i - 1]->repeats
						     : sorted[i - 1];
	}
	free(sorted);
	return 0;
}

/* Hang a new node where the document is. */
static int
add_node(struct reader *r, const yaml_event_t *event, enum nv_yaml_kind kind,
	struct nv_yaml_node **ret)
{
	struct level *up = r->depth > 0 ? &r->levels[r->depth - 1] : NULL;

	if (r->nodes_left == 0)
		return fail_at(r, &event->start_mark,
			"too many values: the file is larger than anything expected "
			"here");
	r->nodes_left--;
	struct nv_yaml_node *node = take_memory(r->yaml, sizeof(*node));

	if (!node)
		return nv_err_set(r->err, -ENOMEM, "out of memory");
	*node = (struct nv_yaml_node){.kind = kind,
		.line = (unsigned)event->start_mark.line + 1,
		.column = (unsigned)event->start_mark.column + 1};
	if (!up) {
		r->yaml->root = node;
	} else {
		if (up->node->kind == NV_YAML_MAP) {
			node->key = up->key;
			node->key_line = up->key_line;
			node->key_column = up->key_column;
			up->has_key = false;
		}
		if (up->last)
			up->last->next = node;
		else
			up->node->first = node;
		up->last = node;
		up->node->n_children++;
	}
	*ret = node;
	return 0;
}

static int
on_scalar(struct reader *r, const yaml_event_t *event)
{
	struct level *up = r->depth > 0 ? &r->levels[r->depth - 1] : NULL;
	const yaml_char_t *value = event->data.scalar.value;
	size_t bytes = event->data.scalar.length;
	struct nv_yaml_node *node = NULL;

	if (memchr(value, '\0', bytes))
		return fail_at(r, &event->start_mark,
			"a NUL character cannot be part of a value");
	char *text = copy_text(r, value, bytes);

	if (!text)
		return nv_err_set(r->err, -ENOMEM, "out of memory");
	if (up && up->node->kind == NV_YAML_MAP && !up->has_key) {
		up->has_key = true;
		up->key = text;
		up->key_line = (unsigned)event->start_mark.line + 1;
		up->key_column = (unsigned)event->start_mark.column + 1;
		return 0;
	}
	int rc = add_node(r, event, NV_YAML_SCALAR, &node);

	if (rc < 0)
		return rc;
	NV_ASSERT(node);
	node->text = text;
	node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	return 0;
}

static int
on_open(struct reader *r, const yaml_event_t *event, enum nv_yaml_kind kind)
{
	struct level *up = r->depth > 0 ? &r->levels[r->depth - 1] : NULL;
	struct nv_yaml_node *node = NULL;

	if (up && up->node->kind == NV_YAML_MAP && !up->has_key)
		return fail_at(r, &event->start_mark,
			"a key must be a plain word, not a list or a map");
	if (r->depth == NV_YAML_DEPTH_MAX)
		return fail_at(r, &event->start_mark, "nested too deeply");
	int rc = add_node(r, event, kind, &node);

	if (rc < 0)
		return rc;
	NV_ASSERT(node);
	r->levels[r->depth++] = (struct level){.node = node};
	return 0;
}

static int
on_close(struct reader *r)
{
	NV_ASSERT(r->depth > 0);
	struct nv_yaml_node *node = r->levels[--r->depth].node;

	NV_ASSERT(node);
	return node->kind == NV_YAML_MAP ? mark_repeats(r, node) : 0;
}

/* An anchor or a tag on this event. */
static const char *
decoration(const yaml_event_t *event)
{
	const yaml_char_t *anchor = NULL;
	const yaml_char_t *tag = NULL;

	switch (event->type) {
	case YAML_SCALAR_EVENT:
		anchor = event->data.scalar.anchor;
		tag = event->data.scalar.tag;
		break;
	case YAML_SEQUENCE_START_EVENT:
		anchor = event->data.sequence_start.anchor;
		tag = event->data.sequence_start.tag;
		break;
	case YAML_MAPPING_START_EVENT:
		anchor = event->data.mapping_start.anchor;
		tag = event->data.mapping_start.tag;
		break;
	case YAML_ALIAS_EVENT:
		return "aliases (*name) are not supported: write the value out";
	default:
		break;
	}
	if (anchor)
		return "anchors (&name) are not supported: write the value out";
	return tag ? "tags (!name) are not supported: write the plain value" : NULL;
}

static int
on_event(struct reader *r, const yaml_event_t *event)
{
	const char *refused = decoration(event);

	if (refused)
		return fail_at(r, &event->start_mark, refused);
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (r->documents++ > 0)
			return fail_at(r, &event->start_mark,
				"a second document begins here: one file holds one");
		return 0;
	case YAML_SCALAR_EVENT:
		return on_scalar(r, event);
	case YAML_SEQUENCE_START_EVENT:
		return on_open(r, event, NV_YAML_SEQ);
	case YAML_MAPPING_START_EVENT:
		return on_open(r, event, NV_YAML_MAP);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return on_close(r);
	default:
		return 0;
	}
}

static int
read_events(struct reader *r)
{
	yaml_parser_t parser;
	bool end = false;
	int rc = 0;

	if (!yaml_parser_initialize(&parser))
		return nv_err_set(r->err, -ENOMEM, "out of memory");
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)r->text, r->bytes);
	while (rc == 0 && !end) {
		yaml_event_t event;

		if (!yaml_parser_parse(&parser, &event)) {
			rc = fail_syntax(r, &parser);
			break;
		}
		rc = on_event(r, &event);
		end = event.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	return rc;
}

/* The document of a file without one, or with nothing in it. */
static int
finish(struct reader *r)
{
	struct nv_yaml_node *root = r->yaml->root;

	if (root && !nv_yaml_is_null(root))
		return 0;
	if (!root)
		root = take_memory(r->yaml, sizeof(*root));
	if (!root)
		return nv_err_set(r->err, -ENOMEM, "out of memory");
	*root = (struct nv_yaml_node){.kind = NV_YAML_MAP, .line = 1, .column = 1};
	r->yaml->root = root;
	return 0;
}

int
nv_yaml_parse(const char *text, size_t bytes, const char *name, size_t nodes_max,
	struct nv_yaml **ret, struct nv_err *err)
{
	struct reader r = {
		.text = text, .bytes = bytes, .err = err, .nodes_left = nodes_max};

	if (err) {
		*err = (struct nv_err){0};
		(void)snprintf(
			err->file, sizeof(err->file), "%s", name); /* cut is fine */
	}
	r.yaml = calloc(1, sizeof(*r.yaml));
	if (!r.yaml)
		return nv_err_set(err, -ENOMEM, "out of memory");
	int rc = read_events(&r);

	if (rc == 0)
		rc = finish(&r);
	if (rc < 0) {
		nv_yaml_free(r.yaml);
		return rc;
	}
	*ret = r.yaml;
	return 0;
}

void
nv_yaml_free(struct nv_yaml *yaml)
{
	if (!yaml)
		return;
	while (yaml->blocks) {
		struct block *b = yaml->blocks;

		yaml->blocks = b->next;
		free(b);
	}
	free(yaml);
}

const struct nv_yaml_node *
nv_yaml_root(const struct nv_yaml *yaml)
{
	return yaml->root;
}

const struct nv_yaml_node *
nv_yaml_get(const struct nv_yaml_node *map, const char *key)
{
	if (!map || map->kind != NV_YAML_MAP)
		return NULL;
	nv_yaml_each(item, map)
	{
		if (strcmp(item->key, key) == 0)
			return item;
	}
	return NULL;
}

const char *
nv_yaml_text(const struct nv_yaml_node *node)
{
	return node && node->kind == NV_YAML_SCALAR ? node->text : NULL;
}

bool
nv_yaml_is_null(const struct nv_yaml_node *node)
{
	return node->kind == NV_YAML_SCALAR && node->plain &&
	       (node->text[0] == '\0' || strcmp(node->text, "~") == 0 ||
		       strcmp(node->text, "null") == 0);
}

const char *
nv_yaml_found(const struct nv_yaml_node *node)
{
	return nv_yaml_is_null(node)       ? "nothing"
	       : node->kind == NV_YAML_SEQ ? "a list"
	       : node->kind == NV_YAML_MAP ? "a map"
					   : "a single value";
}
