/* See nv_restored.h. */
#include "nv_restored.h"

#include "nv_clock.h"
#include "nv_fd.h"
#include "nv_json.h"
#include "nv_paths.h"
#include "nv_restore.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define BYTES_MAX ((size_t)16384)

json_t *
nv_restored_json(const struct nv_restored *r)
{
	return json_pack("{s:s, s:o, s:o, s:s, s:s, s:I, s:I, s:o, s:I, s:b}", "id",
		r->id, "at", nv_json_time(r->at_ns), "from", nv_json_str(r->from),
		"ledger", r->ledger, "head_hash", r->head, "events",
		(json_int_t)r->events, "batches", (json_int_t)r->batches, "until",
		nv_json_time(r->until_ns), "until_ns", (json_int_t)r->until_ns, "stores",
		r->stores);
}

static int
take_text(const json_t *o, const char *key, char *to, size_t bytes)
{
	const char *text = NULL;
	int rc = nv_json_get_str(o, key, bytes - 1, &text, NULL);

	if (rc < 0)
		return -EINVAL;
	(void)snprintf(to, bytes, "%s", text);
	return 0;
}

static int
take(const json_t *o, struct nv_restored *r)
{
	char at[NV_RFC3339_BYTES];
	uint64_t until = 0;
	int rc = take_text(o, "id", r->id, sizeof(r->id));

	if (rc == 0)
		rc = take_text(o, "at", at, sizeof(at));
	if (rc == 0)
		rc = nv_rfc3339_parse(at, strlen(at), &r->at_ns);
	if (rc == 0)
		rc = take_text(o, "from", r->from, sizeof(r->from));
	if (rc == 0)
		rc = take_text(o, "ledger", r->ledger, sizeof(r->ledger));
	if (rc == 0)
		rc = take_text(o, "head_hash", r->head, sizeof(r->head));
	if (rc == 0)
		rc = nv_json_get_u64(o, "events", 0, INT64_MAX, &r->events, NULL);
	if (rc == 0)
		rc = nv_json_get_u64(o, "batches", 0, INT64_MAX, &r->batches, NULL);
	if (rc == 0)
		rc = nv_json_get_u64(o, "until_ns", 0, INT64_MAX, &until, NULL);
	r->until_ns = (int64_t)until;
	if (rc == 0)
		rc = nv_json_get_bool(o, "stores", &r->stores, NULL);
	return rc < 0 ? -EINVAL : 0;
}

int
nv_restored_parse(const char *text, size_t bytes, struct nv_restored *ret)
{
	json_t *o = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, NULL);
	struct nv_restored r = {0};
	int rc = json_is_object(o) ? take(o, &r) : -EINVAL;

	json_decref(o);
	if (rc == 0)
		*ret = r;
	return rc;
}

int
nv_restored_read(const char *state_dir, struct nv_restored *ret)
{
	char path[NV_PATH_MAX + sizeof(NV_RESTORED_FILE) + 1];
	NV_CLEANUP_FREE char *text = NULL;
	size_t bytes = 0;

	if (snprintf(path, sizeof(path), "%s/" NV_RESTORED_FILE, state_dir) >=
		(int)sizeof(path))
		return -EINVAL;
	int rc = nv_read_file_at(-1, path, BYTES_MAX, &text, &bytes);

	return rc < 0 ? rc : nv_restored_parse(text, bytes, ret);
}

int
nv_restored_write(const char *path, struct nv_restored *r)
{
	uint8_t random[NV_RESTORED_ID_CHARS / 2];

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return -EIO;
	for (size_t i = 0; i < sizeof(random); i++)
		(void)snprintf(r->id + 2 * i, 3, "%02x", random[i]);
	json_t *o = nv_restored_json(r);
	char *text = o ? json_dumps(o, JSON_INDENT(1)) : NULL;
	int rc = text ? nv_write_file_atomic(path, text, strlen(text), 0600) : -ENOMEM;

	free(text);
	json_decref(o);
	return rc;
}
