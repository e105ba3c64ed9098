/* What of novasupd's state outlives novasupd: which records the image holds, and writing
 * them. resume.c reads them back.
 *
 * Discipline: decide, commit, act. Whatever an act outside of this process needs to be
 * known by the next novasupd is put and committed before the act; what is done twice
 * because we died in between must not matter.
 *
 * A struct that is saved has a member `flat`: what stands below it goes into the image as
 * it is, so it must hold no pointer and mean the same in another process (descriptors,
 * pids and monotonic times do); what stands above is made anew. Runs of zero bytes cost
 * nothing. Other meaning under the same size: raise SUP_STATE_VERSION. */
#ifndef SUP_STATE_H
#define SUP_STATE_H

#include "image.h"

#define SUP_STATE_VERSION 2

enum sup_record {          /* types of records; a number is never used again */
	SUP_REC_FLEET = 1, /* key 0 */
	SUP_REC_CONF,      /* key: generation */
	SUP_REC_WORKER,    /* key: its number */
	SUP_REC_STREAM,    /* key: its id */
	SUP_REC_LOG,       /* key: its id */
	SUP_REC_INSTANCE,  /* key: number of the worker, number of the instance */
	SUP_REC_LINK,      /* key: the peer's letter */
	SUP_REC_JOURNAL,   /* key 0 */
	SUP_REC_EXITS,     /* key 0: how many deaths are dealt with */
	SUP_REC_STORM,     /* key 0 */
	SUP_REC_GROUP,     /* key: of its name */
	SUP_REC_TREE,      /* key: number of the piece */
	SUP_REC_BRAKE,     /* key 0 */
	SUP_REC_FORGET,    /* key: a counter */
	SUP_REC_COUNT
};

struct sup;
struct sup_conf;
struct sup_group;
struct sup_instance;
struct sup_link;
struct sup_log;
struct sup_stream;
struct sup_worker;

/* The image is borrowed. Without this call nothing is kept, and everything works. */
void sup_state_init(struct sup *sup, struct sup_image *image);

/* Into the open batch. */
void sup_state_fleet(struct sup *sup);
void sup_state_conf(const struct sup_conf *conf);
void sup_state_worker(const struct sup_worker *w);
void sup_state_instance(struct sup_instance *inst); /* and its incarnation */
void sup_state_stream(const struct sup_stream *stream);
void sup_state_log(const struct sup_log *log);
void sup_state_link(struct sup_link *link);
void sup_state_exits(uint64_t taken);
void sup_state_storm(struct sup *sup); /* if it has changed */
void sup_state_brake(struct sup *sup);
/* A name that the service manager need not keep any more: SUP_STORED_NAME_BYTES. */
void sup_state_forget(uint64_t key, const char *name);
void sup_state_group(struct sup_group *g);
/* The supervision tree as it was written down. */
void sup_state_tree(const void *data, size_t bytes);
void sup_state_gone(enum sup_record type, uint64_t key);
uint64_t sup_state_instance_key(const struct sup_instance *inst);

/* Publish what was put, and then write what waits for the journal. When that is not
 * possible, the image lacks something for good, and our death is the end of the fleet. */
void sup_state_commit(void);
/* Is everything in it that was committed? */
bool sup_state_is_whole(void);

/* Zero runs shortened: bytes written, at most sup_state_packed_max(bytes). */
size_t sup_state_pack(uint8_t *to, const void *data, size_t bytes);
size_t sup_state_packed_max(size_t bytes);
/* Exactly `bytes` come out: 0, and *ret_rest is what follows; -EBADMSG. */
int sup_state_unpack(void *data, size_t bytes, const uint8_t *from, size_t from_bytes,
	const uint8_t **ret_rest);

/* Where the flat part of a struct begins, and its length. */
#define SUP_FLAT(p)       ((void *)&(p)->flat)
#define SUP_FLAT_BYTES(p) (sizeof(*(p)) - offsetof(__typeof__(*(p)), flat))

#endif
