/* YAML read into located nodes: what was written, and where. JSON is read too,
 * since it is YAML; the text of a scalar is kept exactly (a number is never turned into
 * a double). Refused, each with its place: anchors and aliases (so no document can
 * blow up in memory), tags, a second document, a NUL in a scalar, nesting deeper
 * than NV_YAML_DEPTH_MAX and more nodes than the caller allows. */
#ifndef NV_YAML_H
#define NV_YAML_H

#include "nv_err.h"

#define NV_YAML_DEPTH_MAX 32

enum nv_yaml_kind { NV_YAML_SCALAR, NV_YAML_SEQ, NV_YAML_MAP };

/* All pointers are owned by the tree. Children are a list: of items for a
 * sequence, of values (each with its key) for a map, in the order of the text. */
struct nv_yaml_node {
	enum nv_yaml_kind kind;
	bool plain;       /* a scalar without quotes */
	unsigned line;    /* 1-based */
	unsigned column;  /* 1-based, in characters */
	const char *text; /* of a scalar, NUL-terminated; NULL for the others */
	const char *key;  /* of a map's value; NULL elsewhere */
	unsigned key_line;
	unsigned key_column;
	const struct nv_yaml_node
		*repeats; /* an earlier value of this map with the same key */
	const struct nv_yaml_node *first;
	const struct nv_yaml_node *next;
	size_t n_children;
};

struct nv_yaml;

/* Parse one document. `name` is only for err->file. 0, -ENOMEM, or -EINVAL with the
 * place in err. An empty document is an empty map. */
int nv_yaml_parse(const char *text, size_t bytes, const char *name, size_t nodes_max,
	struct nv_yaml **ret, struct nv_err *err);
void nv_yaml_free(struct nv_yaml *yaml);
const struct nv_yaml_node *nv_yaml_root(const struct nv_yaml *yaml);

/* The value of a key; NULL when there is none, or when map is NULL or not a map. */
const struct nv_yaml_node *nv_yaml_get(const struct nv_yaml_node *map, const char *key);
/* The text of a scalar; NULL for NULL and for anything else. */
const char *nv_yaml_text(const struct nv_yaml_node *node);
/* Nothing was written: an empty plain scalar, `~` or `null`. */
bool nv_yaml_is_null(const struct nv_yaml_node *node);
/* "nothing", "a list", "a map" or "a single value": what an error says was found. */
const char *nv_yaml_found(const struct nv_yaml_node *node);

#define nv_yaml_each(item, parent) \
	for (const struct nv_yaml_node *item = (parent) ? (parent)->first : NULL; item; \
		item = item->next)

#endif
