/* Rolling restarts applied to workers: see rolling.h for the rules. */
#ifndef SUP_ROLL_H
#define SUP_ROLL_H

#include "rolling.h"

struct nv_conf_worker;
struct sup_instance;
struct sup_worker;

struct sup_roll_policy sup_roll_policy_of(const struct nv_conf_worker *conf);
/* Begin; one that is under way begins anew. */
void sup_roll_begin(struct sup_worker *w, const struct sup_roll_policy *policy);
/* A person wants it to end: false when there is none. */
bool sup_roll_cancel(struct sup_worker *w, const char *by);
/* Instances that shall have a process: what is wanted and what a roll adds. */
uint32_t sup_roll_slots(const struct sup_worker *w);
/* As far as it gets now; sup_worker_apply calls it. */
void sup_roll_run(struct sup_worker *w);
/* An instance's state has changed. */
void sup_roll_changed(struct sup_instance *inst);
/* It ended, or did not start; machine.end says how. */
void sup_roll_ended(struct sup_instance *inst);
void sup_roll_fini(struct sup_worker *w);

#endif
