/* Adding to a batch: see batch.h and led.h. Writing it: commit.c. */
#include "batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

uint8_t *
led_bytes_room(struct led_bytes *b, size_t bytes)
{
	if (b->cap - b->n >= bytes)
		return b->data + b->n;
	size_t cap = b->cap ? b->cap : 65536;

	while (cap - b->n < bytes)
		cap *= 2;
	if (cap > LED_BATCH_BYTES_MAX)
		return NULL;
	uint8_t *data = realloc(b->data, cap);

	if (!data)
		return NULL;
	b->data = data;
	b->cap = cap;
	return data + b->n;
}

/* ---- begin, abort ---- */

void
led_batch_clear(struct led_batch *b)
{
	b->error = 0;
	b->n_events = 0;
	b->n_bad = 0;
	b->duplicates = 0;
	b->n_states = 0;
	b->line_at = 0;
	b->line_bytes = 0;
	b->events.n = 0;
	b->bads.n = 0;
	b->names.n = 0;
	b->audit.n = 0;
	b->state_keys.n = 0;
	led_tables_clear(&b->sums);
	led_tables_clear(&b->next);
	led_map_clear(&b->stream_keys);
	led_map_clear(&b->beat_keys);
	led_texts_clear(&b->ids);
	b->ext_bytes.n = 0;
	b->n_exts = 0;
	b->n_ext_indexed = 0;
	led_texts_clear(&b->exts);
	led_claims_clear(&b->claims);
}

void
led_batch_free(struct led_batch *b)
{
	if (!b)
		return;
	free(b->events.data);
	free(b->bads.data);
	free(b->names.data);
	free(b->audit.data);
	free(b->state_keys.data);
	free(b->posts.accounts);
	led_texts_fini(&b->posts.keys);
	free(b->streams);
	free(b->beats);
	free(b->states);
	free(b->id_seqs);
	free(b->id_events);
	led_tables_fini(&b->sums);
	led_tables_fini(&b->next);
	led_map_fini(&b->stream_keys);
	led_map_fini(&b->beat_keys);
	led_texts_fini(&b->ids);
	led_texts_fini(&b->exts);
	free(b->ext_seqs);
	free(b->ext_bytes.data);
	free(b->ext_list);
	free(b->events_at);
	led_claims_fini(&b->claims);
	free(b);
}

int
led_batch_begin(
	struct led *led, int64_t now_ns, struct led_batch **ret, struct nv_err *err)
{
	if (led->read_only)
		return nv_err_set(err, -EROFS, "the ledger is open for reading only");
	if (led->broken)
		return nv_err_set(err, -EIO,
			"an earlier commit failed: the ledger must be opened anew");
	if (led->in_batch)
		return nv_err_set(err, -EBUSY, "a batch is open already");
	if (now_ns < 0)
		return nv_err_set(err, -EINVAL, "a time before 1970");
	if (!led->batch) {
		led->batch = calloc(1, sizeof(*led->batch));
		if (!led->batch)
			return nv_err_set(err, -ENOMEM, "no memory for a batch");
		led->batch->led = led;
		led->batch->claims.source = led_batch_source(led->batch);
	}
	led->batch->claims.any_orphans = led->n_orphans > 0;
	led->batch->next_expiry = INT64_MIN;
	/* Buckets of the past never change, whatever the clock does. */
	led->batch->now_ns = NV_MAX(now_ns, led->last_time_ns);
	led->in_batch = true;
	*ret = led->batch;
	return 0;
}

static void
end_read(struct led_batch *b)
{
	if (b->read)
		mdb_txn_abort(b->read);
	b->read = NULL;
}

void
led_batch_abort(struct led_batch *b)
{
	if (!b)
		return;
	struct led *led = b->led;

	end_read(b);
	for (int i = 0; i < LED_DICT_COUNT; i++)
		led_texts_truncate(&led->dicts[i].names, led->dicts[i].n_committed);
	/* Accounts of names that were taken back are forgotten with them. */
	led_texts_truncate(&b->posts.keys, b->posts_committed);
	led_batch_clear(b);
	led->in_batch = false;
}

/* ---- names ---- */

static uint32_t
name_id(struct led_batch *b, enum led_dict_kind dict, const char *name, size_t bytes)
{
	uint32_t id = led_dict_id(&b->led->dicts[dict], name, bytes);

	if (id == 0)
		b->error = -ENOMEM;
	return id;
}

uint32_t
led_batch_worker_id(struct led_batch *b, const char *name)
{
	return nv_name_valid(name) ? name_id(b, LED_DICT_WORKER, name, strlen(name)) : 0;
}

uint32_t
led_batch_currency_id(struct led_batch *b, const char *code)
{
	return nv_currency_valid(code) ? name_id(b, LED_DICT_CURRENCY, code, strlen(code))
				       : 0;
}

uint32_t
led_batch_account_id(struct led_batch *b, const char *name)
{
	size_t bytes = strlen(name);

	if (!led_account_valid(name, bytes))
		return 0;
	return name_id(b, LED_DICT_ACCOUNT, name, bytes);
}

/* Text from outside: past a bound new names share one. */
static uint32_t
open_name(struct led_batch *b, enum led_dict_kind kind, const char *text, size_t bytes)
{
	struct led_dict *dict = &b->led->dicts[kind];

	if (dict->names.n >= LED_OPEN_NAMES_MAX &&
		led_texts_find(&dict->names, text, bytes) == LED_MAP_NONE)
		return led_dict_id(dict, LED_CATEGORY_OTHER, strlen(LED_CATEGORY_OTHER));
	return led_dict_id(dict, text, bytes);
}

int
led_batch_words(struct led_batch *b, const struct led_event *ev, struct led_words *ret)
{
	*ret = (struct led_words){0};
	if (led_has_category(ev)) {
		ret->category = open_name(b, LED_DICT_CATEGORY, ev->category,
			led_cut(ev->category, ev->category_bytes, LED_CATEGORY_MAX));
		if (ret->category == 0)
			return -ENOMEM;
	}
	if (led_has_operation(ev)) {
		ret->operation = open_name(
			b, LED_DICT_CATEGORY, ev->operation, ev->operation_bytes);
		if (ret->operation == 0)
			return -ENOMEM;
	}
	return 0;
}

uint32_t
led_batch_variant_id(struct led_batch *b, const char *name, size_t bytes)
{
	if (bytes == 0)
		return 0;
	uint32_t id = open_name(
		b, LED_DICT_VARIANT, name, led_cut(name, bytes, LED_CATEGORY_MAX));

	if (id == 0)
		b->error = -ENOMEM;
	return id;
}

/* ---- streams ---- */

static struct led_batch_stream *
batch_stream(struct led_batch *b, uint64_t id)
{
	bool is_new;

	if (b->stream_keys.n == b->streams_cap) {
		uint32_t cap = b->streams_cap ? b->streams_cap * 2 : 16;
		struct led_batch_stream *p = reallocarray(b->streams, cap, sizeof(*p));

		if (!p)
			return NULL;
		b->streams = p;
		b->streams_cap = cap;
	}
	uint32_t i = led_map_add(&b->stream_keys, id, 0, &is_new);

	if (i == LED_MAP_NONE)
		return NULL;
	if (is_new)
		b->streams[i] = (struct led_batch_stream){.offset_min = UINT64_MAX};
	return &b->streams[i];
}

static int
note_offset(struct led_batch *b, uint64_t stream, uint64_t offset, uint64_t bytes)
{
	uint64_t end;

	if (stream == 0)
		return 0;
	struct led_batch_stream *s = batch_stream(b, stream);

	if (!s)
		return -ENOMEM;
	if (__builtin_add_overflow(offset, bytes, &end))
		return -EINVAL;
	s->has_events = true;
	s->offset_min = NV_MIN(s->offset_min, offset);
	s->offset_end = NV_MAX(s->offset_end, end);
	return 0;
}

int
led_batch_stream(struct led_batch *b, const struct led_stream *stream)
{
	if (b->error)
		return b->error;
	if (stream->stream_id == 0 ||
		(stream->state != LED_STREAM_OPEN && stream->state != LED_STREAM_CLOSED))
		return -EINVAL;
	struct led_batch_stream *s = batch_stream(b, stream->stream_id);

	if (!s)
		return b->error = -ENOMEM;
	s->row = *stream;
	s->has_row = true;
	return 0;
}

/* ---- events ---- */

static bool
ids_known(const struct led *led, const struct led_event *ev)
{
	uint32_t workers = led->dicts[LED_DICT_WORKER].names.n;
	uint32_t accounts = led->dicts[LED_DICT_ACCOUNT].names.n;
	uint32_t currencies = led->dicts[LED_DICT_CURRENCY].names.n;

	if (ev->worker > workers || ev->said_by > workers ||
		ev->variant > led->dicts[LED_DICT_VARIANT].names.n)
		return false;
	for (unsigned i = 0; i < ev->n_legs; i++) {
		const struct led_leg *leg = &ev->legs[i];

		if (leg->debit > accounts || leg->credit > accounts ||
			leg->currency > currencies)
			return false;
	}
	return true;
}

/* Room for one more in the list of where events are. */
static int
note_place(struct led_batch *b)
{
	if (b->n_events == b->events_at_cap) {
		uint32_t cap = b->events_at_cap ? b->events_at_cap * 2 : 1024;
		size_t *p = reallocarray(b->events_at, cap, sizeof(*p));

		if (!p)
			return -ENOMEM;
		b->events_at = p;
		b->events_at_cap = cap;
	}
	b->events_at[b->n_events] = b->events.n;
	return 0;
}

static int
append_event(struct led_batch *b, const struct led_event *ev, size_t *ret_at)
{
	uint8_t *out = led_bytes_room(&b->events, 4 + LED_EVENT_BYTES_MAX);

	if (!out)
		return -ENOBUFS;
	int rc = note_place(b);

	if (rc < 0)
		return rc;
	uint32_t bytes = (uint32_t)led_event_encode(ev, out + 4);

	NV_ASSERT(bytes <= LED_EVENT_BYTES_MAX);
	memcpy(out, &bytes, 4);
	*ret_at = b->events.n;
	b->events.n += 4 + (size_t)bytes;
	b->line_bytes = ev->line_bytes;
	b->line_at = b->events.n - led_event_tail_bytes(ev) - ev->line_bytes;
	b->n_events++;
	return 0;
}

int
led_batch_append_record(
	struct led_batch *b, const void *record, size_t bytes, size_t *ret_at)
{
	uint8_t *out = led_bytes_room(&b->events, 4 + bytes);
	uint32_t n = (uint32_t)bytes;

	if (!out)
		return -ENOBUFS;
	int rc = note_place(b);

	if (rc < 0)
		return rc;
	memcpy(out, &n, 4);
	memcpy(out + 4, record, bytes);
	*ret_at = b->events.n;
	b->events.n += 4 + bytes;
	b->n_events++;
	return 0;
}

static int
note_event(struct led_batch *b, const struct led_event *ev)
{
	if (!led_from_line(ev->kind))
		return 0;
	return note_offset(b, ev->stream, ev->stream_offset, ev->line_bytes);
}

static int
store_event(struct led_batch *b, const struct led_event *ev, uint64_t seq)
{
	struct led_words words;
	size_t at;
	int rc = led_batch_words(b, ev, &words);

	if (rc == 0)
		rc = note_event(b, ev);
	if (rc == 0)
		rc = append_event(b, ev, &at);
	if (rc == 0 && ev->id)
		rc = led_idem_add(b, ev, seq, at);
	if (rc == 0 && ev->external && ev->kind == LED_REVENUE)
		rc = led_batch_ext_add(b, ev, seq);
	if (rc == 0)
		rc = led_derive_event(&b->sums, ev, seq, words);
	return rc;
}

bool
led_is_refusal(int rc)
{
	return rc == -EINVAL || rc == -EEXIST || rc == -ENOENT || rc == -EDOM ||
	       rc == -ERANGE || rc == -ETIME || rc == -EALREADY || rc == -EBUSY;
}

int
led_batch_seen(struct led_batch *b, const struct led_event *ev, uint64_t *ret_seq)
{
	if (b->error || !ev->id)
		return b->error;
	if (led_event_check(ev) < 0)
		return -EINVAL;
	int rc = led_idem_check(b, ev, ret_seq);

	return rc >= 0 || rc == -EEXIST ? rc : (b->error = rc);
}

int
led_batch_event(struct led_batch *b, const struct led_event *ev, uint64_t *ret_seq)
{
	uint64_t first;

	if (b->error)
		return b->error;
	if (led_event_check(ev) < 0 || !ids_known(b->led, ev))
		return -EINVAL;
	if (!ret_seq)
		ret_seq = &first;
	if (ev->id) {
		int seen = led_idem_check(b, ev, ret_seq);

		if (seen == 1) {
			b->duplicates++;
			/* Its bytes are accounted for all the same. */
			int rc = note_event(b, ev);

			return rc < 0 ? (b->error = rc) : 1;
		}
		if (seen != 0)
			return seen == -EEXIST ? seen : (b->error = seen);
	}
	uint64_t seq = b->led->last_seq + b->n_events + 1;
	int rc = led_claims_event(&b->claims, ev, seq, b->now_ns);

	if (rc < 0)
		return led_is_refusal(rc) ? rc : (b->error = rc);
	rc = store_event(b, ev, seq);
	if (rc < 0)
		return b->error = rc;
	/* The next event may borrow texts of those before it, which must not move while
	 * it is appended. Without room now it fails then. */
	(void)led_bytes_room(&b->events, 4 + LED_EVENT_BYTES_MAX);
	*ret_seq = seq;
	return 0;
}

int
led_batch_again(struct led_batch *b, const struct led_event *ev)
{
	if (b->error)
		return b->error;
	b->duplicates++;
	int rc = note_event(b, ev);

	return rc < 0 ? (b->error = rc) : 0;
}

int
led_batch_heartbeats(struct led_batch *b, uint32_t worker, uint32_t count)
{
	bool is_new;

	if (b->error)
		return b->error;
	if (worker == 0 || worker > b->led->dicts[LED_DICT_WORKER].names.n)
		return -EINVAL;
	if (b->beat_keys.n == b->beats_cap) {
		uint32_t cap = b->beats_cap ? b->beats_cap * 2 : 16;
		uint64_t *p = reallocarray(b->beats, cap, sizeof(*p));

		if (!p)
			return b->error = -ENOMEM;
		b->beats = p;
		b->beats_cap = cap;
	}
	uint32_t i = led_map_add(&b->beat_keys, worker, 0, &is_new);

	if (i == LED_MAP_NONE || led_derive_heartbeats(&b->sums, worker, count) < 0)
		return b->error = -ENOMEM;
	b->beats[i] = (is_new ? 0 : b->beats[i]) + count;
	return 0;
}

int
led_batch_quarantine(struct led_batch *b, uint64_t stream, uint64_t stream_offset,
	uint32_t worker, const char *reason, const char *bytes, size_t n_bytes)
{
	if (b->error)
		return b->error;
	if (worker > b->led->dicts[LED_DICT_WORKER].names.n || (!bytes && n_bytes > 0))
		return -EINVAL;
	struct led_bad bad = {.stream = stream,
		.stream_offset = stream_offset,
		.worker = worker,
		.received_ns = b->now_ns,
		.reason = reason,
		.bytes = bytes,
		.n_bytes = NV_MIN(n_bytes, (size_t)LED_BAD_KEPT_MAX),
		.n_bytes_whole = n_bytes};
	uint8_t *out = led_bytes_room(&b->bads, 4 + LED_BAD_BYTES_MAX);

	if (!out)
		return b->error = -ENOBUFS;
	size_t reason_bytes = led_cut(reason, strlen(reason), LED_REASON_MAX);
	uint32_t size = (uint32_t)led_bad_encode(&bad, reason_bytes, out + 4);

	NV_ASSERT(size <= LED_BAD_BYTES_MAX);
	memcpy(out, &size, 4);
	b->bads.n += 4 + (size_t)size;
	b->n_bad++;
	if (note_offset(b, stream, stream_offset, 0) < 0 ||
		led_derive_rejected(&b->sums, worker) < 0)
		return b->error = -ENOMEM;
	return 0;
}

int
led_batch_state_add(struct led_batch *b, const char *key, size_t key_bytes,
	size_t line_at, size_t line_bytes, uint64_t seq)
{
	if (b->n_states == b->states_cap) {
		uint32_t cap = b->states_cap ? b->states_cap * 2 : 16;
		struct led_batch_state *p = reallocarray(b->states, cap, sizeof(*p));

		if (!p)
			return b->error = -ENOMEM;
		b->states = p;
		b->states_cap = cap;
	}
	uint8_t *out = led_bytes_room(&b->state_keys, key_bytes);

	if (!out)
		return b->error = -ENOBUFS;
	memcpy(out, key, key_bytes);
	b->states[b->n_states++] = (struct led_batch_state){.key_at = b->state_keys.n,
		.key_bytes = key_bytes,
		.line_at = line_at,
		.line_bytes = line_bytes,
		.seq = seq};
	b->state_keys.n += key_bytes;
	return 0;
}

int
led_batch_state_put(struct led_batch *b, const char *key, const void *value, size_t bytes)
{
	size_t key_bytes = strlen(key);

	if (b->error)
		return b->error;
	if (key_bytes == 0 || key_bytes > LED_KEY_MAX || b->n_events == 0 ||
		bytes != b->line_bytes ||
		(bytes > 0 && memcmp(b->events.data + b->line_at, value, bytes) != 0))
		return -EINVAL;
	return led_batch_state_add(b, key, key_bytes, b->line_at, b->line_bytes,
		b->led->last_seq + b->n_events);
}

/* ---- commit ---- */

static bool
is_empty(const struct led_batch *b)
{
	if (b->n_events || b->n_bad || b->duplicates || b->stream_keys.n ||
		b->beat_keys.n)
		return false;
	for (int i = 0; i < LED_DICT_COUNT; i++) {
		if (b->led->dicts[i].names.n != b->led->dicts[i].n_committed)
			return false;
	}
	return true;
}

int
led_batch_commit(struct led_batch *b, struct nv_err *err)
{
	struct led *led = b->led;
	int rc = b->error;

	end_read(b);
	if (rc < 0) {
		led_batch_abort(b);
		return nv_err_set(
			err, rc, "the batch had failed before: %s", strerror(-rc));
	}
	if (!is_empty(b)) {
		rc = led_batch_write(b, err);
		/* -EINVAL is found before anything is written. After any other failure
		 * what LMDB holds in memory may not be what is on the disk. */
		if (rc < 0 && rc != -EINVAL)
			led->broken = true;
	}
	if (rc == 0)
		b->posts_committed = b->posts.keys.n;
	led_batch_abort(b); /* only clears: what was written is committed in memory too */
	return rc;
}
