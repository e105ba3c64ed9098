/* Another binary in place of this one, while everything runs on (novactl daemon-reexec).
 *
 *   1. the new binary is asked whether it can read the state: `novasupd --check-image`
 *      with a copy of the image on descriptor 3, the memory shared with the keeper on 4
 *   2. novasupd commits and ends with a mark
 *   3. the keeper executes the new binary, with every descriptor left open; its pid, its
 *      children and what they share stay
 *   4. that is a keeper again, which makes a novasupd that goes on from the image
 *   5. engine, logger and probe that are other programs now are replaced one by one
 *
 * What fails before 3 changes nothing; a 3 that fails is answered by a novasupd of the
 * old binary that goes on. */
#ifndef SUP_REEXEC_H
#define SUP_REEXEC_H

#include "nv_base.h"

struct sup;
struct sup_shared;

/* Exactly one call; text is for people. After a good answer novasupd ends. */
typedef void sup_reexec_done_fn(void *arg, bool good, const char *text);

/* binary "": the one that stands where ours was. The answer may come at once. */
void sup_reexec_begin(
	struct sup *sup, const char *binary, sup_reexec_done_fn *done, void *arg);
/* Who asked is gone: nobody is answered. */
void sup_reexec_forget(const void *arg);
/* Once a pass: the next of our own programs that is not the one of this binary's
 * directory is ended, and the new one is started. */
void sup_reexec_renew(struct sup *sup);

/* The other side: can the state on these descriptors be read here? Prints why not. An
 * exit code. */
int sup_reexec_check(int image_fd, int shared_fd);

#endif
