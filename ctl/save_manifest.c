/* manifest.json of a backup: when it was made and by which Nova, how far its ledger goes,
 * and each file with its size and SHA-256.
 *
 *   {"format":1,"nova":"..","created":"..","verified":true,
 *    "ledger":{"id","schema","events","quarantined","batches","head_hash","until"},
 *    "files":[{"path","bytes","sha256"},..],"left_out":[..]}
 */
#include "save.h"

#include "nv_fd.h"
#include "nv_json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MANIFEST_BYTES_MAX ((size_t)64 << 20)
#define HASH_TEXT          ((size_t)2 * LED_FILE_HASH_BYTES)

static void
hash_text(const uint8_t *hash, char ret[HASH_TEXT + 1])
{
	for (size_t i = 0; i < LED_FILE_HASH_BYTES; i++)
		(void)snprintf(ret + 2 * i, 3, "%02x", hash[i]);
}

static int
describe(const char *dir, const char *name, json_t **ret, struct nv_err *err)
{
	char path[PATH_MAX];
	char text[HASH_TEXT + 1];
	uint8_t hash[LED_FILE_HASH_BYTES] = {0};
	uint64_t bytes = 0;
	int rc = ctl_path_join(path, dir, name, err);

	if (rc == 0)
		rc = led_file_hash(path, hash, &bytes, err);
	if (rc < 0)
		return rc;
	hash_text(hash, text);
	*ret = ctl_need(json_pack("{s:o, s:I, s:s}", "path", ctl_json_str(name), "bytes",
		(json_int_t)bytes, "sha256", text));
	return 0;
}

int
ctl_manifest_write(const char *dir, json_t *about, struct nv_err *err)
{
	char path[PATH_MAX];
	json_t *names = NULL;
	json_t *name;
	json_t *files = ctl_need(json_array());
	size_t i;
	int rc = ctl_path_join(path, dir, CTL_BACKUP_MANIFEST, err);

	if (rc == 0)
		rc = ctl_list_files(dir, &names, err);
	json_array_foreach(names, i, name)
	{
		json_t *file = NULL;

		if (rc == 0)
			rc = describe(dir, json_string_value(name), &file, err);
		if (file)
			(void)json_array_append_new(files, file);
	}
	json_decref(names);
	(void)json_object_set_new(about, "files", files);
	if (rc < 0)
		return rc;
	char *text = json_dumps(about, JSON_INDENT(1));

	rc = text ? nv_write_file_atomic(path, text, strlen(text), 0600) : -ENOMEM;
	free(text);
	return rc < 0 ? nv_err_set(err, rc, "%s: %s", path, strerror(-rc)) : 0;
}

/* ---- reading ---- */

static bool
is_hash(const json_t *value)
{
	const char *text = json_string_value(value);

	return text && strlen(text) == HASH_TEXT &&
	       strspn(text, "0123456789abcdef") == HASH_TEXT;
}

/* Below the backup, and nowhere else. */
static bool
is_inside(const json_t *value)
{
	const char *path = json_string_value(value);

	if (!path || !path[0] || path[0] == '/' ||
		strlen(path) != json_string_length(value) || strlen(path) > 1000)
		return false;
	for (const char *part = path; part; part = strchr(part, '/')) {
		part += *part == '/';
		if (strncmp(part, "../", 3) == 0 || strcmp(part, "..") == 0 ||
			*part == '/' || *part == '\0')
			return false;
	}
	return true;
}

/* Of what is below state/ only that is put back which a backup has: a name of its own
 * making would stand beside, or inside of, what was verified. */
static bool
is_known(const char *path)
{
	static const char prefix[] = CTL_BACKUP_STATE "/";

	if (strncmp(path, prefix, strlen(prefix)) != 0)
		return true;
	path += strlen(prefix);
	for (size_t i = 0; i < ctl_n_backup_items; i++) {
		const struct ctl_backup_item *item = &ctl_backup_items[i];
		size_t n = strlen(item->name);

		if (strncmp(path, item->name, n) != 0)
			continue;
		if (item->kind == CTL_BACKUP_DIR || item->kind == CTL_BACKUP_STORES)
			return path[n] == '/';
		return path[n] == '\0' && item->kind != CTL_BACKUP_CACHE;
	}
	return false;
}

static int
check_files(const json_t *files, struct nv_err *err)
{
	size_t i;
	json_t *file;

	if (!json_is_array(files) || json_array_size(files) > CTL_BACKUP_FILES)
		return nv_err_set(err, -EBADMSG, "it has no list of files");
	json_array_foreach(files, i, file)
	{
		const json_t *bytes = json_object_get(file, "bytes");

		if (!is_inside(json_object_get(file, "path")) ||
			!is_hash(json_object_get(file, "sha256")) ||
			!json_is_integer(bytes) || json_integer_value(bytes) < 0)
			return nv_err_set(err, -EBADMSG,
				"file %zu of its list: expected {\"path\",\"bytes\","
				"\"sha256\"}",
				i + 1);
		const char *path = json_string_value(json_object_get(file, "path"));

		if (!is_known(path))
			return nv_err_set(err, -EBADMSG,
				"file %zu of its list: no backup has a %.200s", i + 1,
				path);
	}
	return 0;
}

static int
check_ledger(const json_t *ledger, struct nv_err *err)
{
	static const char *const numbers[] = {"schema", "events", "batches"};
	static const char *const texts[] = {"id", "head_hash"};

	for (size_t i = 0; i < NV_LEN(numbers); i++) {
		const json_t *n = json_object_get(ledger, numbers[i]);

		if (!json_is_integer(n) || json_integer_value(n) < 0)
			return nv_err_set(err, -EBADMSG,
				"ledger.%s: expected a number not below 0", numbers[i]);
	}
	for (size_t i = 0; i < NV_LEN(texts); i++) {
		if (!json_is_string(json_object_get(ledger, texts[i])))
			return nv_err_set(
				err, -EBADMSG, "ledger.%s: expected a text", texts[i]);
	}
	return 0;
}

int
ctl_manifest_parse(const char *text, size_t bytes, json_t **ret, struct nv_err *err)
{
	json_error_t where;
	json_t *root = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &where);
	const json_t *format = json_object_get(root, "format");
	int rc = 0;

	if (!root)
		return nv_err_set(err, -EBADMSG, "line %d: %s", where.line, where.text);
	if (!json_is_integer(format))
		rc = nv_err_set(err, -EBADMSG, "it is no manifest of a backup");
	else if (json_integer_value(format) != CTL_BACKUP_FORMAT)
		rc = nv_err_set(err, -EPROTONOSUPPORT,
			"it has format %lld, this program knows %d: use the Nova that "
			"made it",
			(long long)json_integer_value(format), CTL_BACKUP_FORMAT);
	else if (!json_is_string(json_object_get(root, "created")))
		rc = nv_err_set(err, -EBADMSG, "created: expected a time");
	if (rc == 0)
		rc = check_ledger(json_object_get(root, "ledger"), err);
	if (rc == 0)
		rc = check_files(json_object_get(root, "files"), err);
	if (rc < 0)
		json_decref(root);
	else
		*ret = root;
	return rc;
}

int
ctl_manifest_read(const char *dir, json_t **ret, struct nv_err *err)
{
	char path[PATH_MAX];
	NV_CLEANUP_FREE char *text = NULL;
	struct nv_err why = {0};
	size_t bytes = 0;
	int rc = ctl_path_join(path, dir, CTL_BACKUP_MANIFEST, err);

	if (rc < 0)
		return rc;
	rc = nv_read_file_at(-1, path, MANIFEST_BYTES_MAX, &text, &bytes);
	if (rc < 0)
		return nv_err_set(err, rc, "%s: %s", path, strerror(-rc));
	rc = ctl_manifest_parse(text, bytes, ret, &why);
	return rc < 0 ? nv_err_set(err, rc, "%s: %s", path, why.text) : 0;
}

/* ---- what is there against what it says ---- */

struct finding {
	led_problem_fn *fn;
	void *arg;
	int n;
};

static void
find(struct finding *f, const char *name, const char *what)
{
	char text[PATH_MAX + 256];

	(void)snprintf(text, sizeof(text), "%s: %s", name, what);
	f->fn(f->arg, text);
	f->n++;
}

static void
check_one(struct finding *f, const char *dir, const json_t *file)
{
	const char *name = json_string_value(json_object_get(file, "path"));
	json_int_t bytes = json_integer_value(json_object_get(file, "bytes"));
	struct nv_err err = {0};
	char text[128];
	json_t *found = NULL;
	int rc = describe(dir, name, &found, &err);

	if (rc < 0) {
		find(f, name, rc == -ENOENT ? "it is missing" : err.text);
		return;
	}
	json_int_t there = json_integer_value(json_object_get(found, "bytes"));

	if (there != bytes) {
		(void)snprintf(text, sizeof(text),
			"it has %lld bytes, the manifest says %lld", (long long)there,
			(long long)bytes);
		find(f, name, text);
	} else if (!json_equal(json_object_get(found, "sha256"),
			   json_object_get(file, "sha256"))) {
		find(f, name, "its content is not what was saved (SHA-256)");
	}
	json_decref(found);
}

int
ctl_manifest_check(const char *dir, const json_t *manifest, led_problem_fn *fn, void *arg)
{
	struct finding f = {.fn = fn, .arg = arg};
	struct nv_err err = {0};
	json_t *files = json_object_get(manifest, "files");
	json_t *known = ctl_need(json_object());
	json_t *names = NULL;
	json_t *value;
	size_t i;
	int rc = ctl_list_files(dir, &names, &err);

	json_array_foreach(files, i, value)
	{
		check_one(&f, dir, value);
		(void)json_object_set_new(known,
			json_string_value(json_object_get(value, "path")), json_true());
	}
	(void)json_object_set_new(known, CTL_BACKUP_MANIFEST, json_true());
	json_array_foreach(names, i, value)
	{
		if (!json_object_get(known, json_string_value(value)))
			find(&f, json_string_value(value), "it is not in the manifest");
	}
	if (rc < 0)
		find(&f, dir, err.text);
	json_decref(names);
	json_decref(known);
	return f.n;
}
