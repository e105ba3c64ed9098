/* Durable settings: see setting.h. */
#include "setting.h"
#include "intake.h"
#include "nv_clock.h"
#include "nv_json.h"
#include "txn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_BYTES 100

static const char *
key_of(const char *name, char key[KEY_BYTES])
{
	(void)snprintf(key, KEY_BYTES, "setting/%s", name);
	return key;
}

/* The text that is kept; takes line. NULL: no memory. */
static char *
stamped(json_t *line)
{
	char *text = NULL;

	if (line && json_object_set_new(line, "at_ns", json_integer(nv_wall_ns())) == 0)
		text = nv_json_line(line);
	json_decref(line);
	return text;
}

static void
put(struct eng *eng, struct eng_txn *txn, const struct eng_keyed *to, const char *line)
{
	struct led_event ev = {
		.kind = to->kind,
		.worker = to->worker ? eng_txn_worker(eng, txn, to->worker) : 0,
		.flags = to->by_person ? LED_F_MANUAL : 0,
		.claimed_ns = txn->now_ns,
		.received_ns = txn->now_ns,
		.line = line,
		.line_bytes = strlen(line),
	};

	if (eng_txn_event(eng, txn, to->worker, &ev, NULL) != 0 ||
		led_batch_state_put(txn->batch, to->key, line, strlen(line)) < 0)
		eng_ledger_trouble(eng, "a line that is kept by key cannot be written");
}

int
eng_keyed_put_in(
	struct eng *eng, struct eng_txn *txn, const struct eng_keyed *to, json_t *line)
{
	NV_CLEANUP_FREE char *text = stamped(line);

	if (!text)
		return -ENOMEM;
	put(eng, txn, to, text);
	return 0;
}

int
eng_keyed_put(
	struct eng *eng, const struct eng_keyed *to, json_t *line, struct nv_err *err)
{
	int rc = eng_intake_flush(eng);
	struct eng_txn txn;

	if (rc < 0) {
		json_decref(line);
		return nv_err_set(err, rc, "the ledger is busy: %s", strerror(-rc));
	}
	NV_CLEANUP_FREE char *text = stamped(line);

	if (!text)
		return nv_err_set(err, -ENOMEM, "no memory");
	eng_txn_begin(eng, &txn);
	put(eng, &txn, to, text);
	eng_txn_commit(eng, &txn);
	return 0;
}

int
eng_setting_put(struct eng *eng, const char *name, json_t *line, bool by_person,
	struct nv_err *err)
{
	char key[KEY_BYTES];
	struct eng_keyed to = {
		.kind = LED_SETTING, .key = key_of(name, key), .by_person = by_person};

	if (line && json_object_set_new(line, "event", json_string("setting")) < 0) {
		json_decref(line);
		line = NULL;
	}
	return eng_keyed_put(eng, &to, line, err);
}

json_t *
eng_setting_get(const struct eng *eng, const char *name)
{
	char key[KEY_BYTES];
	struct nv_err err = {0};
	struct led_view *v;
	const void *value;
	size_t bytes;
	json_t *line = NULL;

	if (led_view_begin(eng->led, &v, &err) < 0)
		return NULL;
	if (led_view_state(v, key_of(name, key), &value, &bytes) == 0)
		line = json_loadb(value, bytes, 0, NULL);
	led_view_end(v);
	return line;
}
