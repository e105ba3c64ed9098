/* What the service manager keeps open for us (FDSTORE of sd_notify, where the environment
 * says so): the read ends of what agents say and print, what the engine and the logger
 * have taken from there, the journal, the logger's progress. When the keeper is killed
 * the manager kills everything else; the next novasupd gets these descriptors, and what
 * nobody had read is in the ledger and in the logs, as of the worker and the instance
 * that said it.
 *
 * A start waits until the manager has its descriptors, so that there is no moment in
 * which an agent could say what nobody would keep. */
#ifndef SUP_FDSTORE_H
#define SUP_FDSTORE_H

#include "nv_base.h"

struct sup;
struct sup_log;
struct sup_stream;

/* First of all: the descriptors that the program was started with for this, out of the
 * way of others. They stay open until novasupd has adopted them. */
void sup_fdstore_take(void);
/* Their numbers into ret (the caller's to free, with room for one more; NULL: no memory).
 */
size_t sup_fdstore_taken(int **ret);

/* novasupd: begins to work; what there is already is said again. */
void sup_fdstore_start(struct sup *sup);
void sup_fdstore_stop(struct sup *sup);
/* A fleet that begins, before its first commit: what came becomes streams, logs and a
 * journal of incarnations that are gone. */
void sup_fdstore_adopt(struct sup *sup);
/* After that commit: their ends have been written down. */
void sup_fdstore_adopted(struct sup *sup);

/* Keep what this incarnation says; waits until it is kept, but not for ever. */
void sup_fdstore_keep(struct sup *sup, struct sup_stream *stream, struct sup_log *log);
/* Before the commit that drops them: nothing of them is to be kept any more. */
void sup_fdstore_forget_stream(struct sup *sup, const struct sup_stream *stream);
void sup_fdstore_forget_log(struct sup *sup, const struct sup_log *log);
/* That an earlier novasupd had no time to say. */
void sup_fdstore_forgotten(uint64_t key, const char *name);
/* Its exit is in the journal: a later novasupd does not write one. */
void sup_fdstore_ended(const struct sup_stream *stream);

#endif
