/* Going on where a novasupd that was killed has stopped. */
#ifndef SUP_RESUME_H
#define SUP_RESUME_H

#include "nv_err.h"

struct sup;
struct sup_image;
struct sup_shared;

/* Read the image back: everything but processes, timers and channels, which need the
 * loop. 0, or -errno with what is wrong, and then nothing of it may be used. */
int sup_resume_load(struct sup *sup, struct nv_err *err);
/* A fleet that begins: close what a novasupd that died before its first commit had open.
 */
void sup_resume_close_fresh(struct sup_shared *shared, int ready_fd);
/* Close what nobody owns. */
void sup_resume_close(struct sup *sup);
/* With a loop: remove what nobody knows, go on with every process, and finish or do again
 * what was being done. */
void sup_resume_run(struct sup *sup);
/* Can this program, which knows this version, read the state? 0, or -EPROTO with the
 * reason. */
int sup_resume_check(struct sup_image *image, uint16_t version, struct nv_err *err);

#endif
