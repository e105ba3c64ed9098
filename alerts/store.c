/* STATE_DIR/alerts/state.json: what is open and what is still to be said, replaced as one
 * before anything is sent. See alerts.h. */
#include "alerts.h"

#include "nv_fd.h"
#include "nv_log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATE_BYTES_MAX ((size_t)16 << 20)

static int
path_of(const struct alerts *a, char ret[NV_PATH_MAX], const char *name)
{
	int n = snprintf(ret, NV_PATH_MAX, "%s/alerts%s", a->paths.state_dir, name);

	return n < NV_PATH_MAX ? 0 : -ENAMETOOLONG;
}

static int
load(struct alerts *a, const json_t *state)
{
	const json_t *queues = json_object_get(state, "queues");
	int rc = alert_book_load(a->book, json_object_get(state, "open"));

	for (size_t i = 0; i < ALERT_CHANNEL_COUNT && rc == 0; i++)
		rc = alert_queue_load(&a->channels[i].queue,
			json_object_get(queues, alert_channel_name(a->channels[i].kind)));
	a->telegram_next = json_integer_value(json_object_get(state, "telegram_next"));
	if (rc == 0)
		rc = alert_slack_load(a, json_object_get(state, "slack_presses"));
	return rc == 0 ? alert_memory_load(a->memory, json_object_get(state, "counts"))
		       : rc;
}

int
alert_store_load(struct alerts *a, struct nv_err *err)
{
	char path[NV_PATH_MAX];
	char *text = NULL;
	size_t bytes = 0;
	int rc = path_of(a, path, "");

	if (rc == 0)
		rc = nv_mkdir_p(path, 0700);
	if (rc == 0)
		rc = path_of(a, path, "/state.json");
	if (rc == 0)
		rc = nv_read_file_at(-1, path, STATE_BYTES_MAX, &text, &bytes);
	if (rc == -ENOENT)
		return 0;
	if (rc < 0)
		return nv_err_set(err, rc, "%s: %s", path, strerror(-rc));
	json_t *state = json_loadb(text, bytes, 0, NULL);

	/* It is written whole or not at all: this is somebody else's doing. */
	if (!state)
		nv_warn("%s is no JSON: it is begun anew", path);
	else
		rc = load(a, state);
	json_decref(state);
	free(text);
	return rc < 0 ? nv_err_set(err, rc, "no memory") : 0;
}

static json_t *
state_of(const struct alerts *a)
{
	json_t *queues = json_object();
	int bad = queues ? 0 : -1;

	for (size_t i = 0; i < ALERT_CHANNEL_COUNT && !bad; i++)
		bad = json_object_set_new(queues,
			alert_channel_name((enum alert_channel_kind)i),
			alert_queue_save(&a->channels[i].queue));
	if (bad) {
		json_decref(queues);
		return NULL;
	}
	return json_pack("{s:o, s:o, s:I, s:o, s:o}", "open", alert_book_save(a->book),
		"queues", queues, "telegram_next", (json_int_t)a->telegram_next,
		"slack_presses", alert_slack_save(a), "counts",
		alert_memory_save(a->memory));
}

void
alert_store_save(struct alerts *a)
{
	json_t *state = state_of(a);
	char *text = state ? json_dumps(state, JSON_COMPACT) : NULL;
	char path[NV_PATH_MAX];
	int rc = text ? path_of(a, path, "/state.json") : -ENOMEM;

	if (rc == 0)
		rc = nv_write_file_atomic(path, text, strlen(text), 0600);
	if (rc < 0 && !a->store_broken)
		nv_error("what is to be said cannot be kept: %s", strerror(-rc));
	else if (rc == 0 && a->store_broken)
		nv_info("what is to be said can be kept again");
	a->store_broken = rc < 0;
	free(text);
	json_decref(state);
}
