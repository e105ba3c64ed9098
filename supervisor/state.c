/* Writing novasupd's state into the image: see state.h. */
#include "state.h"
#include "journal.h"
#include "nv_log.h"
#include "stored.h"
#include "sup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ZEROS_MIN 8 /* a shorter run is not worth its own head */

static struct {
	struct sup *sup;
	struct sup_image *image;
	uint32_t tree_pieces;
	bool put;  /* something is in the open batch */
	int error; /* of the last commit */
	uint8_t bytes[SUP_IMAGE_RECORD_BYTES_MAX];
} state;

void
sup_state_init(struct sup *sup, struct sup_image *image)
{
	state.sup = sup;
	state.image = image;
	state.put = false;
	state.error = 0;
}

/* ---- packing: u16 zeros, u16 literal bytes, the bytes; again until all is said ---- */

size_t
sup_state_packed_max(size_t bytes)
{
	return bytes + 4 * (bytes / ZEROS_MIN + bytes / UINT16_MAX + 2);
}

/* Eight bytes at a time: an instance is packed several times in each restart. */
static uint64_t
word_at(const uint8_t *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	return word;
}

static bool
has_zero_byte(uint64_t word)
{
	return ((word - UINT64_C(0x0101010101010101)) & ~word &
		       UINT64_C(0x8080808080808080)) != 0;
}

static size_t
zeros_at(const uint8_t *at, const uint8_t *end)
{
	const uint8_t *from = at;

	while (end - at >= 8 && at - from + 8 <= UINT16_MAX && word_at(at) == 0)
		at += 8;
	while (at < end && *at == 0 && at - from < UINT16_MAX)
		at++;
	return (size_t)(at - from);
}

static size_t
literals_at(const uint8_t *at, const uint8_t *end)
{
	const uint8_t *from = at;

	while (at < end && at - from < UINT16_MAX) {
		if (end - at >= 8 && !has_zero_byte(word_at(at))) {
			at += 8;
			continue;
		}
		size_t zeros = zeros_at(at, NV_MIN(end, at + ZEROS_MIN));

		if (zeros >= ZEROS_MIN)
			break;
		at += zeros ? zeros : 1;
	}
	return (size_t)NV_MIN(at - from, UINT16_MAX);
}

size_t
sup_state_pack(uint8_t *to, const void *data, size_t bytes)
{
	const uint8_t *at = data;
	const uint8_t *end = at + bytes;
	uint8_t *out = to;

	while (at < end) {
		uint16_t zeros = (uint16_t)zeros_at(at, end);
		uint16_t literals = (uint16_t)literals_at(at + zeros, end);

		memcpy(out, &zeros, 2);
		memcpy(out + 2, &literals, 2);
		memcpy(out + 4, at + zeros, literals);
		out += 4 + literals;
		at += zeros + literals;
	}
	return (size_t)(out - to);
}

int
sup_state_unpack(void *data, size_t bytes, const uint8_t *from, size_t from_bytes,
	const uint8_t **ret_rest)
{
	uint8_t *to = data;
	uint8_t *end = to + bytes;
	const uint8_t *from_end = from + from_bytes;

	while (to < end) {
		uint16_t zeros;
		uint16_t literals;

		if (from_end - from < 4)
			return -EBADMSG;
		memcpy(&zeros, from, 2);
		memcpy(&literals, from + 2, 2);
		from += 4;
		if (end - to < zeros + literals || from_end - from < literals ||
			zeros + literals == 0)
			return -EBADMSG;
		memset(to, 0, zeros);
		memcpy(to + zeros, from, literals);
		to += zeros + literals;
		from += literals;
	}
	*ret_rest = from;
	return 0;
}

/* ---- records ---- */

static size_t
add(size_t at, const void *data, size_t bytes)
{
	NV_ASSERT(at + sup_state_packed_max(bytes) <= sizeof(state.bytes));
	return at + sup_state_pack(state.bytes + at, data, bytes);
}

static void
put(enum sup_record type, uint64_t key, size_t bytes)
{
	sup_image_put(
		state.image, (uint16_t)type, SUP_STATE_VERSION, key, state.bytes, bytes);
	state.put = true;
}

void
sup_state_gone(enum sup_record type, uint64_t key)
{
	if (!state.image)
		return;
	sup_image_delete(state.image, (uint16_t)type, key);
	state.put = true;
}

void
sup_state_fleet(struct sup *sup)
{
	sup->log_counter = sup->streams.log_counter;
	if (state.image)
		put(SUP_REC_FLEET, 0, add(0, SUP_FLAT(sup), SUP_FLAT_BYTES(sup)));
}

void
sup_state_conf(const struct sup_conf *conf)
{
	if (state.image)
		put(SUP_REC_CONF, conf->gen,
			add(0, &conf->snapshot_fd, sizeof(conf->snapshot_fd)));
}

void
sup_state_worker(const struct sup_worker *w)
{
	if (state.image)
		put(SUP_REC_WORKER, w->id, add(0, SUP_FLAT(w), SUP_FLAT_BYTES(w)));
}

uint64_t
sup_state_instance_key(const struct sup_instance *inst)
{
	return (uint64_t)inst->worker->id << 32 | inst->number;
}

/* The stamps of crashes follow, as they are an array of their own. */
void
sup_state_instance(struct sup_instance *inst)
{
	struct sup_incarnation *inc = inst->now;
	struct sup_inst *m = &inst->machine;
	int64_t *stamps = m->crash_ms;

	if (!state.image)
		return;
	inst->has_now = inc != NULL;
	m->crash_ms = NULL;
	size_t at = add(0, SUP_FLAT(inst), SUP_FLAT_BYTES(inst));

	m->crash_ms = stamps;
	if (inc) {
		inc->main.pid = inc->child.pid;
		inc->main.pidfd = inc->child.pidfd;
		inc->main.since = inc->child.since;
		inc->stream_id = inc->stream->id;
		inc->log_id = inc->log->id;
		inc->ready_fd = inc->ready.ours;
		at = add(at, SUP_FLAT(inc), SUP_FLAT_BYTES(inc));
	}
	if (m->n_crashes > 0)
		at = add(at, stamps, m->n_crashes * sizeof(*stamps));
	put(SUP_REC_INSTANCE, sup_state_instance_key(inst), at);
}

void
sup_state_stream(const struct sup_stream *s)
{
	if (state.image)
		put(SUP_REC_STREAM, s->id, add(0, SUP_FLAT(s), SUP_FLAT_BYTES(s)));
}

void
sup_state_log(const struct sup_log *log)
{
	if (state.image)
		put(SUP_REC_LOG, log->id, add(0, SUP_FLAT(log), SUP_FLAT_BYTES(log)));
}

void
sup_state_link(struct sup_link *link)
{
	if (!state.image)
		return;
	link->main.pid = link->child.pid;
	link->main.pidfd = link->child.pidfd;
	link->main.since = link->child.since;
	link->chan_fd =
		nv_chan_is_open(&link->chan) && !link->cut_off ? link->chan.fd : -1;
	put(SUP_REC_LINK, (uint64_t)link->peer,
		add(0, SUP_FLAT(link), SUP_FLAT_BYTES(link)));
}

void
sup_state_exits(uint64_t taken)
{
	if (state.image)
		put(SUP_REC_EXITS, 0, add(0, &taken, sizeof(taken)));
}

void
sup_state_storm(struct sup *sup)
{
	if (state.image && sup->storm_changed)
		put(SUP_REC_STORM, 0, add(0, &sup->storm, sizeof(sup->storm)));
	sup->storm_changed = false;
}

void
sup_state_brake(struct sup *sup)
{
	if (state.image)
		put(SUP_REC_BRAKE, 0, add(0, &sup->brake, sizeof(sup->brake)));
}

void
sup_state_forget(uint64_t key, const char *name)
{
	char text[SUP_STORED_NAME_BYTES] = {0};

	if (!state.image)
		return;
	(void)snprintf(text, sizeof(text), "%s", name);
	put(SUP_REC_FORGET, key, add(0, text, sizeof(text)));
}

void
sup_state_group(struct sup_group *g)
{
	g->conf_gen = g->conf_ref->gen;
	if (state.image)
		put(SUP_REC_GROUP, sup_group_id(g->name),
			add(0, SUP_FLAT(g), SUP_FLAT_BYTES(g)));
}

void
sup_state_tree(const void *data, size_t bytes)
{
	uint32_t n = 0;

	if (!state.image)
		return;
	for (size_t at = 0; at < bytes; n++) {
		size_t piece = NV_MIN(bytes - at, sizeof(state.bytes));

		sup_image_put(state.image, SUP_REC_TREE, SUP_STATE_VERSION, n,
			(const char *)data + at, piece);
		at += piece;
	}
	while (state.tree_pieces > n)
		sup_image_delete(state.image, SUP_REC_TREE, --state.tree_pieces);
	state.tree_pieces = n;
	state.put = true;
}

static void
put_journal(struct sup_journal *j)
{
	struct sup_journal_state s;
	const char *text = sup_journal_save(j, &s);
	size_t head = add(0, &s, sizeof(s));

	/* More than a record holds waits only when the journal cannot grow for want of
	 * memory; what was there first is written first. */
	s.waiting = NV_MIN(s.waiting, sizeof(state.bytes) - head);
	head = add(0, &s, sizeof(s));
	if (s.waiting > 0)
		memcpy(state.bytes + head, text, s.waiting);
	put(SUP_REC_JOURNAL, 0, head + s.waiting);
}

void
sup_state_commit(void)
{
	struct sup *sup = state.sup;

	if (!sup)
		return;
	if (state.image &&
		(state.put || state.error || sup_journal_waits(sup->journal))) {
		put_journal(sup->journal);
		int rc = sup_image_commit(state.image);

		state.put = false;
		/* What was lost may not be said again: nothing later makes that good. */
		if (rc < 0 && state.error == 0)
			nv_error("the state cannot be kept: %s; if novasupd dies from "
				 "now on, "
				 "the fleet ends",
				strerror(-rc));
		state.error = state.error ? state.error : rc;
		atomic_store(&sup->shared->resumable, state.error == 0 ? 1 : -1);
	}
	sup_journal_flush(sup->journal);
}

bool
sup_state_is_whole(void)
{
	return state.error == 0;
}
