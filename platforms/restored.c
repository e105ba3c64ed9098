/* After a restore (common/ext/nv_restored.h) ledger and store may be of different times.
 *
 *   always: what vendors tell is read again from some days before its end (kind's
 *   `restored`); what the ledger does know it refuses as told before.
 *
 *   the ledger alone was restored: the store believes things to be booked that the
 *   ledger does not know. Costs of requests are booked again.
 *
 *   both were restored: what was queued then may have been sent since: nobody knows, and
 *   nothing is sent twice.
 *
 * All in one transaction with the note that it was done. */
#include "restored.h"

#include "nv_clock.h"
#include "nv_log.h"
#include "nv_restored.h"

#include <errno.h>
#include <string.h>

#define TABLE "nova"
#define KEY   "restored"

struct taking {
	struct plat *p;
	const struct nv_restored *note;
	char until[NV_RFC3339_BYTES];
	unsigned unknown; /* requests that may have been sent since */
	unsigned again;   /* costs to be booked again */
};

static int
doubt(struct taking *t, const char *key, json_t *value)
{
	json_t *sent = json_object_get(value, "sent");
	int bad = json_object_set_new(value, "state", json_string("unknown"));

	bad |= json_object_set_new(value, "why",
		json_sprintf("restored as of %s: it may have been sent since", t->until));
	/* As of then at the earliest: idempotency keys of vendors do not live for ever.
	 */
	if (json_integer_value(sent) == 0)
		bad |= json_object_set(value, "sent", json_object_get(value, "created"));
	t->unknown++;
	return bad ? -ENOMEM : plat_put(t->p, "outbox", key, value);
}

static int
book_again(struct taking *t, const char *key, json_t *value)
{
	t->again++;
	return json_object_set_new(value, "booked", json_false()) < 0
		       ? -ENOMEM
		       : plat_put(t->p, "outbox", key, value);
}

static int
take_request(void *arg, const char *key, json_t *value)
{
	struct taking *t = arg;
	const char *state = json_string_value(json_object_get(value, "state"));

	if (t->note->stores)
		return state && strcmp(state, "queued") == 0 ? doubt(t, key, value) : 0;
	bool over =
		state && (strcmp(state, "done") == 0 || strcmp(state, "refused") == 0);

	if (over && json_is_true(json_object_get(value, "booked")) &&
		json_integer_value(json_object_get(value, "cost")) > 0 &&
		json_integer_value(json_object_get(value, "changed")) > t->note->until_ns)
		return book_again(t, key, value);
	return 0;
}

static int
take(struct taking *t)
{
	struct plat *p = t->p;
	const struct nv_restored *note = t->note;
	json_t *id = json_string(note->id);
	int rc = id ? plat_batch_begin(p) : -ENOMEM;

	if (rc < 0) {
		json_decref(id);
		return rc;
	}
	rc = plat_each(p, "outbox", "", NULL, take_request, t);
	if (rc == 0 && p->kind->restored)
		rc = p->kind->restored(p, note->until_ns, note->events);
	if (rc == 0)
		rc = plat_put(p, TABLE, KEY, id);
	int ended = plat_batch_end(p, rc == 0);

	json_decref(id);
	return rc < 0 ? rc : ended;
}

static bool
is_taken(struct plat *p, const char *id)
{
	json_t *known = NULL;
	bool same = plat_get(p, TABLE, KEY, &known) == 0 && json_is_string(known) &&
		    strcmp(json_string_value(known), id) == 0;

	json_decref(known);
	return same;
}

int
plat_restored(struct plat *p, struct nv_err *err)
{
	struct nv_restored note;
	struct taking t = {.p = p, .note = &note};
	int rc = nv_restored_read(p->paths.state_dir, &note);

	if (rc == -ENOENT)
		return 0;
	if (rc == 0 && is_taken(p, note.id))
		return 0;
	if (rc == 0) {
		(void)nv_rfc3339(note.until_ns, t.until);
		rc = take(&t);
	}
	if (rc < 0)
		return nv_err_set(err, rc,
			"the ledger was restored, and what is kept here cannot follow: "
			"%s",
			strerror(-rc));
	nv_info("the ledger was restored as of %s: what was told since is read again; %u "
		"requests may have been sent since, %u costs are booked again",
		t.until, t.unknown, t.again);
	return 0;
}
