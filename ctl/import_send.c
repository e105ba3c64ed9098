/* Batches to nova-engine, each one commit. An answer that is lost, or an engine that is
 * started anew, is no trouble: the batch is sent again, and what is booked already is
 * known. See import.h. */
#include "import.h"
#include "value.h"

#include "nv_clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* So long an engine that is away is waited for: novasupd starts the next one. */
#define AWAY_MS   60000
#define AGAIN_MS  250
#define ANSWER_MS 60000
/* Others have the engine for at least as long as a batch has had it. */
#define PAUSE_NS_MAX (INT64_C(200) * NV_NS_PER_MS)

static void
pause_ns(int64_t ns)
{
	struct timespec ts = {
		.tv_sec = ns / NV_NS_PER_SEC, .tv_nsec = ns % NV_NS_PER_SEC};

	(void)nanosleep(&ts, NULL); /* cut short by a signal: fine */
}

static int
ask_once(struct ctl_import *im, const char *verb, json_t *args, json_t **ret_data,
	struct nv_err *err)
{
	int code = NV_EXIT_OK;

	if (!im->connected) {
		code = ctl_engine_open(&im->engine, im->ctl, err);
		if (code != NV_EXIT_OK)
			ctl_engine_close(&im->engine);
		im->connected = code == NV_EXIT_OK;
	}
	if (code == NV_EXIT_OK)
		code = ctl_engine_send(&im->engine, verb, json_incref(args), err);
	if (code == NV_EXIT_OK)
		code = ctl_engine_recv(
			&im->engine, nv_mono_ms() + ANSWER_MS, ret_data, err);
	if (code == NV_EXIT_UNREACHABLE && im->connected) {
		ctl_engine_close(&im->engine);
		im->connected = false;
	}
	return code;
}

/* The first time nobody is waited for: there may be no fleet at all. */
static int
ask(struct ctl_import *im, const char *verb, json_t *args, json_t **ret_data,
	struct nv_err *err)
{
	static bool met; /* the engine has answered before */
	int64_t end_ms = nv_mono_ms() + AWAY_MS;
	int code;

	for (;;) {
		code = ask_once(im, verb, args, ret_data, err);
		if (code != NV_EXIT_UNREACHABLE || !met || nv_mono_ms() > end_ms)
			break;
		ctl_progress(&im->ctl->out, "waiting for nova-engine");
		pause_ns(AGAIN_MS * NV_NS_PER_MS);
	}
	met |= code == NV_EXIT_OK;
	if (code != NV_EXIT_OK)
		im->code = code;
	return code == NV_EXIT_OK ? 0 : -EIO;
}

/* ---- what became of a batch ---- */

static void
take(const struct ctl_import_sent *sent)
{
	if (sent->table == CTL_IMPORT_COSTS)
		sent->agent->cost += sent->nano;
	if (sent->table == CTL_IMPORT_REVENUE)
		sent->agent->revenue += sent->nano;
}

static void
leave(struct ctl_import *im, const struct ctl_import_sent *sent, const char *reason)
{
	struct ctl_import_table *t = &im->tables[sent->table];
	bool other = strncmp(reason, "is in the ledger", 16) == 0;

	t->left++;
	sent->agent->left +=
		sent->table == CTL_IMPORT_COSTS || sent->table == CTL_IMPORT_REVENUE;
	ctl_import_note(t, other ? CTL_LEFT_OTHER : CTL_LEFT_REFUSED, sent->example);
}

static void
take_answer(struct ctl_import *im, const json_t *data)
{
	struct ctl_import_table *t = &im->tables[im->sent[0].table];
	const json_t *refused = json_object_get(data, "refused");
	size_t next = 0;

	t->booked += (uint64_t)ctl_int(data, "booked");
	t->known += (uint64_t)ctl_int(data, "known");
	for (size_t i = 0; i < im->n_sent; i++) {
		const json_t *row = json_array_get(refused, next);

		if (row && (size_t)ctl_int(row, "row") == i) {
			leave(im, &im->sent[i], ctl_str(row, "reason"));
			next++;
		} else {
			take(&im->sent[i]);
		}
	}
}

static void
empty(struct ctl_import *im)
{
	json_decref(im->rows);
	im->rows = NULL;
	im->n_sent = 0;
	im->batch_bytes = 0;
}

int
ctl_import_flush(struct ctl_import *im, struct nv_err *err)
{
	json_t *data = NULL;
	int64_t began_ns = nv_mono_ns();
	int rc = 0;

	if (im->n_sent == 0)
		return 0;
	if (im->dry_run) {
		im->tables[im->sent[0].table].booked += im->n_sent;
		for (size_t i = 0; i < im->n_sent; i++)
			take(&im->sent[i]);
		empty(im);
		return 0;
	}
	json_t *args = ctl_need(json_pack("{s:O}", "rows", im->rows));

	rc = ask(im, "import", args, &data, err);
	json_decref(args);
	if (rc == 0) {
		take_answer(im, data);
		pause_ns(NV_MIN(nv_mono_ns() - began_ns, PAUSE_NS_MAX));
	}
	json_decref(data);
	empty(im);
	return rc;
}

int
ctl_import_push(struct ctl_import *im, json_t *row, const struct ctl_import_sent *about,
	struct nv_err *err)
{
	size_t bytes = json_dumpb(row, NULL, 0, 0);
	int rc = 0;

	if (im->n_sent == CTL_IMPORT_BATCH_ROWS ||
		im->batch_bytes + bytes > CTL_IMPORT_BATCH_BYTES)
		rc = ctl_import_flush(im, err);
	if (rc < 0) {
		json_decref(row);
		return rc;
	}
	if (!im->rows)
		im->rows = ctl_need(json_array());
	if (json_array_append_new(im->rows, row) < 0)
		(void)ctl_need(NULL);
	im->sent[im->n_sent++] = *about;
	im->batch_bytes += bytes;
	return 0;
}

int
ctl_import_begin(struct ctl_import *im, struct nv_err *err)
{
	json_t *args = ctl_need(json_object());
	json_t *data = NULL;

	ctl_put_text(args, "file", im->file);
	int rc = ask(im, "import.begin", args, &data, err);

	json_decref(args);
	json_decref(data);
	return rc;
}

int
ctl_import_look(struct ctl_import *im, struct nv_err *err)
{
	json_t *args = ctl_need(json_object());
	int rc = ask(im, "import.totals", args, &im->ledger, err);

	json_decref(args);
	return rc;
}
