/* A tool of the build: the description of the API (YAML, for people) as JSON in a C file.
 *
 *	openapi_make FROM.yaml TO.c */
#include "nv_fd.h"
#include "nv_json.h"
#include "nv_yaml.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES_MAX ((size_t)4 << 20)
#define NODES_MAX      200000

/* YAML 1.2, core schema, as far as such a file needs it. */
static json_t *
scalar(const struct nv_yaml_node *node)
{
	const char *text = node->text;
	char *end;

	if (!node->plain)
		return json_string(text);
	if (nv_yaml_is_null(node))
		return json_null();
	if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
		return json_boolean(text[0] == 't');
	errno = 0;
	long long n = strtoll(text, &end, 10);

	if (end != text && !*end && errno == 0 && strchr("-0123456789", text[0]))
		return json_integer(n);
	return json_string(text);
}

static json_t *
convert(const struct nv_yaml_node *node)
{
	json_t *o;
	int bad = 0;

	if (node->kind == NV_YAML_SCALAR)
		return scalar(node);
	o = node->kind == NV_YAML_SEQ ? json_array() : json_object();
	nv_yaml_each(item, node)
	{
		if (item->repeats) {
			(void)fprintf(stderr, "line %u: \"%s\" is there twice\n",
				item->line, item->key);
			bad = -1;
		} else if (node->kind == NV_YAML_SEQ) {
			bad |= json_array_append_new(o, convert(item));
		} else {
			bad |= json_object_set_new(o, item->key, convert(item));
		}
	}
	if (!bad)
		return o;
	json_decref(o);
	return NULL;
}

static int
write_c(const char *path, const char *text)
{
	size_t bytes = strlen(text);
	FILE *f = fopen(path, "we");

	if (!f)
		return -errno;
	(void)fprintf(f, "#include \"openapi.h\"\n\nconst char gw_openapi[] = {");
	for (size_t i = 0; i < bytes; i++)
		(void)fprintf(f, "%s%d,", i % 24 ? "" : "\n", text[i]);
	(void)fprintf(f, "\n};\nconst size_t gw_openapi_bytes = sizeof(gw_openapi);\n");
	return fclose(f) ? -errno : 0;
}

int
main(int argc, char **argv)
{
	NV_CLEANUP_FREE char *text = NULL;
	NV_CLEANUP_FREE char *line = NULL;
	struct nv_yaml *yaml = NULL;
	struct nv_err err = {0};
	size_t bytes = 0;
	char where[1024];

	if (argc != 3) {
		(void)fputs("usage: openapi_make FROM.yaml TO.c\n", stderr);
		return NV_EXIT_USAGE;
	}
	int rc = nv_read_file_at(AT_FDCWD, argv[1], FILE_BYTES_MAX, &text, &bytes);

	if (rc == 0)
		rc = nv_yaml_parse(text, bytes, argv[1], NODES_MAX, &yaml, &err);
	if (rc == 0) {
		json_t *root = convert(nv_yaml_root(yaml));

		line = root ? nv_json_line(root) : NULL;
		json_decref(root);
		rc = line ? write_c(argv[2], line) : -EINVAL;
	}
	nv_yaml_free(yaml);
	if (rc == 0)
		return NV_EXIT_OK;
	(void)fprintf(stderr, "%s: %s\n", argv[1],
		err.text[0] ? nv_err_string(&err, where, sizeof(where)) : strerror(-rc));
	return NV_EXIT_FAILED;
}
