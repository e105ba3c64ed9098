/* A bulk: recipients from JSON or CSV, each address once, none that SendGrid would drop,
 * cut into requests of 1,000. The requests are in the store (table "bulk") before the
 * outbox knows of them, so that a crash resumes between two of them (sendgrid_send.c). */
#include "sendgrid.h"

#include "nv_clock.h"
#include "nv_crypto.h"
#include "nv_log.h"
#include "sendgrid_csv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BULK_ID_BYTES 40
#define SHOWN_MAX     20
#define SWEEP_NS      (INT64_C(2) * 86400 * NV_NS_PER_SEC)

struct bulk {
	struct plat_call *call;
	json_t *mail;   /* owned */
	json_t *people; /* owned: personalizations, each with one address */
	json_t *bad;    /* owned: what was left out, the first ones */
	json_int_t invalid, duplicate, suppressed;
};

static void
bulk_free(struct bulk *b)
{
	json_decref(b->mail);
	json_decref(b->people);
	json_decref(b->bad);
	free(b);
}

static void
leave_out(struct bulk *b, const char *who, const char *why)
{
	if (json_array_size(b->bad) < SHOWN_MAX)
		(void)json_array_append_new(b->bad,
			json_pack("{s:s, s:s}", "recipient", who ? who : "", "why", why));
}

/* ---- recipients ---- */

/* {"email","name"?,"data"?}, a text, or a row of a CSV file: what is none of these
 * columns is data. */
static json_t *
data_of(const json_t *row, bool csv)
{
	json_t *data, *value;
	const char *key;

	if (!csv)
		return json_incref(json_object_get(row, "data"));
	data = json_object();
	json_object_foreach((json_t *)(uintptr_t)row, key,
		value) if (strcmp(key, "email") != 0 && strcmp(key, "name") != 0)(void)
		json_object_set(data, key, value);
	return data;
}

/* Of a template: everybody's data and his own. Else {{key}} in text and subject. */
static int
put_data(const struct bulk *b, json_t *one, json_t *data)
{
	bool template = map_text(b->mail, "template_id") != NULL;
	json_t *all = plat_arg_json(b->call, "data");
	json_t *into = template && json_is_object(all) ? json_copy(all) : json_object();
	const char *key;
	json_t *value;
	int bad = into ? 0 : -ENOMEM;

	json_object_foreach(data, key, value)
	{
		struct nv_buf tag;

		if (template) {
			bad |= json_object_set(into, key, value);
			continue;
		}
		nv_buf_init(&tag, 1024);
		nv_buf_printf(&tag, "{{%s}}", key);
		bad |= tag.error || !json_is_string(value) ||
		       json_object_set(into, tag.data, value);
		nv_buf_fini(&tag);
	}
	if (!bad && json_object_size(into) > 0)
		bad |= json_object_set(
			one, template ? "dynamic_template_data" : "substitutions", into);
	json_decref(into);
	return bad ? -EINVAL : 0;
}

static void
add_recipient(struct bulk *b, const json_t *row, bool csv, json_t *seen)
{
	const char *text =
		json_is_string(row) ? json_string_value(row) : map_text(row, "email");
	const char *name = json_is_string(row) ? NULL : map_text(row, "name");
	struct sg_address a;
	struct nv_err err = {0};
	char key[SG_EMAIL_BYTES];

	if (!text || sg_address_parse(text, &a, &err) != 0 ||
		(name && (!sg_is_line(name) || strlen(name) >= sizeof(a.name)))) {
		b->invalid++;
		leave_out(b, text, "no address");
		return;
	}
	if (name)
		memcpy(a.name, name, strlen(name) + 1);
	sg_address_key(&a, key);
	if (json_object_get(seen, key)) {
		b->duplicate++;
		leave_out(b, key, "stands there twice");
		return;
	}
	json_t *one = json_pack("{s:[o]}", "to", sg_address_json(&a));
	json_t *args = plat_arg_json(b->call, "custom_args");
	json_t *data = json_is_string(row) ? NULL : data_of(row, csv);
	int rc = one ? put_data(b, one, data) : -ENOMEM;

	if (rc == 0 && args)
		rc = json_object_set_new(one, "custom_args", json_deep_copy(args));
	json_decref(data);
	if (rc == 0 && json_object_set_new(seen, key, json_true()) == 0 &&
		json_array_append(b->people, one) == 0) {
		json_decref(one);
		return;
	}
	json_decref(one);
	b->invalid++;
	leave_out(b, key, "its data are not text");
}

/* False when the call has been ended. */
static bool
read_recipients(struct bulk *b)
{
	const char *csv = plat_arg_str(b->call, "csv");
	json_t *list = json_incref(plat_arg_json(b->call, "recipients"));
	json_t *seen = json_object(), *row;
	struct nv_err err = {.text = "out of memory"};
	int rc = 0;
	size_t i;

	if (!csv == !list)
		rc = nv_err_set(&err, -EINVAL, "a bulk needs either recipients or csv");
	else if (csv)
		rc = sg_csv_read(csv, strlen(csv), SG_BULK_MAX, &list, &err);
	else if (!json_is_array(list) || json_array_size(list) > SG_BULK_MAX)
		rc = nv_err_set(&err, -EINVAL,
			"recipients: expected a list of at most %d, each {\"email\": ..}",
			SG_BULK_MAX);
	if (rc == 0 && csv && json_array_size(list) > 0 &&
		!json_object_get(json_array_get(list, 0), "email"))
		rc = nv_err_set(&err, -EINVAL, "csv: line 1: no column called email");
	json_array_foreach(list, i, row) if (rc == 0)
		add_recipient(b, row, csv != NULL, seen);
	json_decref(seen);
	json_decref(list);
	if (rc != 0)
		plat_fail(b->call, NV_EXIT_USAGE, "%s", err.text);
	return rc == 0;
}

/* ---- chunks ---- */

/* Where the chunk that begins at `from` ends: 1,000 of them, and not over 8 MiB. */
static size_t
chunk_end(const json_t *people, size_t from)
{
	size_t bytes = 0, i = from;

	for (; i < json_array_size(people) && i - from < SG_RECIPIENTS_MAX; i++) {
		char *text = nv_json_line(json_array_get(people, i));
		size_t n = text ? strlen(text) : 0;

		free(text);
		if (i > from && bytes + n > SG_CHUNK_BYTES)
			break;
		bytes += n;
	}
	return i;
}

/* The number of chunks, or negative errno. */
static int
store_chunks(struct bulk *b, const char *id)
{
	struct plat *p = plat_call_platform(b->call);
	size_t n = json_array_size(b->people);
	char key[SG_BULK_KEY_BYTES];
	int chunks = 0, rc = plat_batch_begin(p);

	if (rc != 0)
		return rc;
	for (size_t i = 0; i < n && rc == 0; chunks++) {
		size_t end = chunk_end(b->people, i);
		json_t *chunk = json_array();

		for (; i < end; i++)
			(void)json_array_append(chunk, json_array_get(b->people, i));
		sg_bulk_key(id, chunks, key);
		rc = chunk ? plat_put(p, "bulk", key, chunk) : -ENOMEM;
		json_decref(chunk);
	}
	int ended = plat_batch_end(p, rc == 0);

	return rc != 0 ? rc : ended != 0 ? ended : chunks;
}

static json_t *
skipped_of(const struct bulk *b)
{
	return json_pack("{s:I, s:I, s:I, s:O}", "invalid", b->invalid, "duplicate",
		b->duplicate, "suppressed", b->suppressed, "first", b->bad);
}

static void
bulk_begin(struct bulk *b)
{
	struct sg *sg = sg_of(b->call);
	int64_t n = (int64_t)json_array_size(b->people), cost = 0;
	char id[BULK_ID_BYTES], random[9];

	if (n == 0) {
		plat_done(b->call,
			json_pack("{s:i, s:o}", "accepted", 0, "skipped", skipped_of(b)));
		return;
	}
	/* The time stands first: what is old and nobody's is swept by it. */
	nv_random_hex(random, 4);
	(void)snprintf(id, sizeof(id), "%020lld-%s", (long long)nv_wall_ns(), random);
	int chunks = store_chunks(b, id);

	if (chunks < 0) {
		plat_fail(b->call, NV_EXIT_FAILED, "the recipients cannot be stored: %s",
			strerror(-chunks));
		return;
	}
	if (!sg_mail_is_sandbox(b->mail) &&
		__builtin_mul_overflow(n, sg->price_nano, &cost))
		cost = NV_MONEY_MAX;
	plat_out_begin(b->call,
		json_pack("{s:O, s:s, s:i, s:I, s:o}", "mail", b->mail, "bulk", id,
			"chunks", chunks, "n", (json_int_t)n, "skipped", skipped_of(b)),
		cost, sg->currency);
}

static void
drop_suppressed(struct bulk *b, const json_t *set)
{
	json_t *left = json_array(), *one;
	size_t i;

	json_array_foreach(b->people, i, one)
	{
		struct sg_address a;
		char key[SG_EMAIL_BYTES];
		const json_t *to = json_array_get(json_object_get(one, "to"), 0);
		const json_t *list = NULL;

		if (sg_address_parse(map_text(to, "email"), &a, NULL) == 0) {
			sg_address_key(&a, key);
			list = json_object_get(set, key);
		}
		if (list) {
			b->suppressed++;
			leave_out(b, key, json_string_value(list));
		} else {
			(void)json_array_append(left, one);
		}
	}
	json_decref(b->people);
	b->people = left;
}

static void
suppressions_read(void *arg, const json_t *set, const char *why)
{
	struct bulk *b = arg;

	if (!set) {
		plat_fail(b->call, NV_EXIT_FAILED,
			"whom SendGrid would not deliver to cannot be read, and nothing "
			"was "
			"sent: %s",
			why);
	} else {
		drop_suppressed(b, set);
		bulk_begin(b);
	}
	bulk_free(b);
}

void
sg_bulk_run(struct plat_call *call)
{
	struct bulk *b = calloc(1, sizeof(*b));
	struct nv_err err = {0};

	if (!b) {
		plat_fail(call, NV_EXIT_FAILED, "out of memory");
		return;
	}
	*b = (struct bulk){.call = call,
		.mail = sg_mail_of(call),
		.people = json_array(),
		.bad = json_array()};
	if (!b->mail || !read_recipients(b)) {
		bulk_free(b);
	} else if (sg_suppressed(sg_of(call), plat_arg_int(call, "group", 0),
			   suppressions_read, b, &err) != 0) {
		plat_fail(call, NV_EXIT_FAILED, "sendgrid: %s", err.text);
		bulk_free(b);
	}
}

/* ---- what nobody needs any more ---- */

struct sweep {
	json_t *used; /* bulk ids of the outbox */
	json_t *gone; /* keys */
	int64_t before_ns;
};

static int
note_used(void *arg, const struct plat_out *out)
{
	struct sweep *s = arg;
	const char *bulk = map_text(out->request, "bulk");

	return bulk ? json_object_set_new(s->used, bulk, json_true()) : 0;
}

static int
note_gone(void *arg, const char *key, json_t *value)
{
	struct sweep *s = arg;
	char id[BULK_ID_BYTES];

	(void)value;
	(void)snprintf(id, sizeof(id), "%.*s", (int)strcspn(key, "/"), key);
	if (strtoll(id, NULL, 10) < s->before_ns && !json_object_get(s->used, id))
		return json_array_append_new(s->gone, json_string(key));
	return 0;
}

void
sg_bulk_sweep(struct sg *sg)
{
	struct sweep s = {.used = json_object(),
		.gone = json_array(),
		.before_ns = nv_wall_ns() - SWEEP_NS};
	size_t i;
	json_t *key;

	if (s.used && s.gone && plat_out_each(sg->p, false, note_used, &s) == 0 &&
		plat_each(sg->p, "bulk", "", NULL, note_gone, &s) == 0)
		json_array_foreach(s.gone, i, key)(void)
			plat_del(sg->p, "bulk", json_string_value(key));
	json_decref(s.used);
	json_decref(s.gone);
}
