/* See restored.h. */
#include "restored.h"

#include "nv_clock.h"
#include "nv_json.h"
#include "nv_log.h"
#include "nv_restored.h"
#include "setting.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define NAME "restored"

/* Is what the note speaks of the end of this ledger? Once something was committed it is
 * not any more, and has been told. */
static bool
is_head(const struct eng *eng, const struct nv_restored *note)
{
	struct led_view *v = NULL;
	struct led_stats stats = {0};
	char head[sizeof(note->head)] = "";

	if (led_view_begin(eng->led, &v, NULL) < 0)
		return false;
	int rc = led_view_stats(v, &stats);

	led_view_end(v);
	for (size_t i = 0; i < sizeof(stats.head_hash); i++)
		(void)snprintf(head + 2 * i, 3, "%02x", stats.head_hash[i]);
	return rc == 0 && stats.batches == note->batches && strcmp(head, note->head) == 0;
}

void
eng_restored_take(struct eng *eng)
{
	struct nv_restored note;
	struct nv_err err = {0};
	char until[NV_RFC3339_BYTES] = "its beginning";
	int rc = nv_restored_read(eng->state_dir, &note);

	if (rc < 0 && rc != -ENOENT)
		nv_error("%s/restored.json: %s", eng->state_dir, strerror(-rc));
	if (rc < 0 || !is_head(eng, &note))
		return;
	json_t *line = json_pack("{s:s, s:s, s:o, s:o, s:o, s:I, s:b}", "setting", NAME,
		"id", note.id, "restored_at", nv_json_time(note.at_ns), "from",
		nv_json_str(note.from), "until", nv_json_time(note.until_ns), "events",
		(json_int_t)note.events, "stores", note.stores);

	if (note.until_ns > 0)
		(void)nv_rfc3339(note.until_ns, until);
	nv_warn("the ledger was restored from %s and ends at %s: what happened since is "
		"not known",
		note.from, until);
	if (eng_setting_put(eng, NAME, line, true, &err) < 0)
		eng_ledger_trouble(eng, "the restore cannot be recorded");
}

json_t *
eng_restored_json(const struct eng *eng)
{
	json_t *line = eng_setting_get(eng, NAME);
	json_t *o = line ? json_pack("{s:O?, s:O?, s:O?, s:O?}", "at",
				   json_object_get(line, "restored_at"), "from",
				   json_object_get(line, "from"), "until",
				   json_object_get(line, "until"), "events",
				   json_object_get(line, "events"))
			 : json_null();

	json_decref(line);
	return o;
}
