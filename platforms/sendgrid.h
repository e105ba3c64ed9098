/* SendGrid, between its files: sendgrid.c has the table and what an answer means,
 * sendgrid_mail.c makes mails of arguments, sendgrid_send.c sends them (one or a bulk in
 * chunks), sendgrid_bulk.c prepares a bulk, sendgrid_events.c hears what became of them;
 * the others are verbs. */
#ifndef SENDGRID_H
#define SENDGRID_H

#include "api.h"
#include "map.h"
#include "nv_ask.h"
#include "nv_url.h"
#include "sendgrid_addr.h"

#define SG_RECIPIENTS_MAX 1000 /* of a request, over to, cc and bcc */
#define SG_BULK_MAX       100000
#define SG_CHUNK_BYTES    ((size_t)8 << 20)

struct sg {
	struct plat *p;
	struct plat_api api;
	struct nv_http_header headers[2]; /* the value of the first is owned */
	struct sg_address from;           /* email "" = each mail names its own */
	int64_t price_nano;
	char currency[NV_CURRENCY_BYTES];
	bool sandbox;
	struct nv_ask *ask;      /* the engine, for events; NULL: nothing is asked */
	struct sg_wait *waiting; /* owned: who waits for them */
};

struct sg *sg_of(const struct plat_call *call);
struct sg *sg_of_out(const struct plat_out *out);

/* ---- what an answer means (sendgrid.c) ---- */

enum sg_meaning {
	SG_OK,
	SG_NO,     /* it was understood, and the answer is no */
	SG_FAILED, /* the key is not taken, or the answer is nonsense: a person must look
		    */
	SG_LATER,  /* nothing was done: not connected, or told to wait */
	SG_UNKNOWN
};
#define SG_TEXT_BYTES 300
enum sg_meaning sg_meaning(const struct nv_http_answer *answer, char text[SG_TEXT_BYTES]);
void sg_call_fail(struct plat_call *call, enum sg_meaning meaning, const char *text,
	int64_t wait_ms);
/* A request for a call; path is ended, body stolen (NULL: none). When it cannot be made
 * the call is ended. */
void sg_call_ask(struct plat_call *call, const char *method, struct nv_buf *path,
	json_t *body, unsigned flags, nv_http_done_fn *fn);
/* Its answer is the call's, as {name: what came} unless what came is an object. */
void sg_call_show(
	struct plat_call *call, const struct nv_http_answer *answer, const char *name);

/* ---- mails (sendgrid_mail.c) ---- */

/* The mail of a call, without personalizations; NULL when the call has been ended. */
json_t *sg_mail_of(struct plat_call *call);
/* One personalization of the call's to, cc, bcc and data; NULL as above. */
json_t *sg_mail_recipients(struct plat_call *call, int64_t *ret_n);
bool sg_mail_is_sandbox(const json_t *mail);

/* ---- sending (sendgrid_send.c) ---- */

void sg_send_run(struct plat_call *call); /* send, template */
void sg_bulk_run(struct plat_call *call);
void sg_send(struct plat_out *out);
void sg_resolve(struct plat_out *out);
/* What the mails that were taken cost. */
int64_t sg_spent(const struct plat_out *out);
/* Chunk n of a stored bulk: its key in the table "bulk". */
#define SG_BULK_KEY_BYTES 64
void sg_bulk_key(const char *bulk, int64_t n, char key[SG_BULK_KEY_BYTES]);
/* Chunks that no request needs any more. */
void sg_bulk_sweep(struct sg *sg);

/* ---- suppressions (sendgrid_suppress.c) ---- */

/* set: an object with a key for each suppressed address in lower case and the list as
 * value (borrowed), NULL when they could not be read: why. */
typedef void sg_suppressed_fn(void *arg, const json_t *set, const char *why);
/* group: also those of this unsubscribe group; 0: none. 0, or negative with err. */
int sg_suppressed(struct sg *sg, int64_t group, sg_suppressed_fn *fn, void *arg,
	struct nv_err *err);
void sg_suppressions_run(struct plat_call *call);
void sg_suppress_run(struct plat_call *call);
void sg_unsuppress_run(struct plat_call *call);

/* ---- what became of them (sendgrid_events.c) ---- */

/* A mail was taken; kept for `status`. */
int sg_mail_taken(struct sg *sg, const char *nova_id, const char *agent,
	const char *message_id, int64_t n);
enum sg_fate {
	SG_FATE_SENT, /* an event of it has come */
	SG_FATE_NOT,  /* a day has passed, and events of later ones have come */
	SG_FATE_UNKNOWN
};
enum sg_fate sg_fate(struct sg *sg, const char *nova_id, int64_t sent_ns);
/* Read on in the ledger's facts, then fn. */
typedef void sg_heard_fn(void *arg, const char *why); /* why "": read to the end */
void sg_hear(struct sg *sg, sg_heard_fn *fn, void *arg);
void sg_events_stop(struct sg *sg);
void sg_poll(struct plat *p);
int sg_restored(struct plat *p, int64_t until_ns, uint64_t events);
void sg_status_run(struct plat_call *call);
void sg_events_run(struct plat_call *call);

/* ---- contacts, lists, fields, templates, figures (sendgrid_things.c) ---- */

void sg_contacts_add_run(struct plat_call *call);
void sg_contacts_search_run(struct plat_call *call);
void sg_contacts_delete_run(struct plat_call *call);
void sg_contacts_import_run(struct plat_call *call);
void sg_lists_run(struct plat_call *call);
void sg_list_run(struct plat_call *call);
void sg_fields_run(struct plat_call *call);
void sg_field_run(struct plat_call *call);
void sg_templates_run(struct plat_call *call);
void sg_stats_run(struct plat_call *call);

#endif
