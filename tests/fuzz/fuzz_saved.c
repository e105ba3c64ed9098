/* A manifest of a backup and the note of a restore: the first byte says which. What is
 * accepted of a manifest names nothing outside it. */
#include "nv_restored.h"
#include "save.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct nv_restored note;
	struct nv_err err = {0};
	json_t *root = NULL;
	json_t *file;
	size_t i;

	if (bytes == 0)
		return 0;
	const char *text = (const char *)data + 1;

	if (*data & 1) {
		(void)nv_restored_parse(text, bytes - 1, &note);
		return 0;
	}
	if (ctl_manifest_parse(text, bytes - 1, &root, &err) < 0)
		return 0;
	json_array_foreach(json_object_get(root, "files"), i, file)
	{
		const char *path = json_string_value(json_object_get(file, "path"));

		if (!path || path[0] == '/' || strncmp(path, "../", 3) == 0 ||
			strstr(path, "/../"))
			abort();
	}
	json_decref(root);
	return 0;
}
