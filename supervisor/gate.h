/* When a worker may start, and when it has to wait with its end: dependencies applied to
 * workers. The rules are in deps.c; this knows who depends on whom. */
#ifndef SUP_GATE_H
#define SUP_GATE_H

#include "instance.h"

struct sup;
struct sup_instance;
struct sup_worker;

/* A worker's place among the others; borrowed pointers, arrays owned. */
struct sup_gate {
	struct sup_worker **on; /* [i]: of conf->depends[i]; NULL: it is gone */
	uint32_t n_on;
	struct sup_worker **dependents; /* one for each edge that leads here */
	uint32_t n_dependents;
	struct sup_worker *dirty_next;
	bool dirty; /* to be applied at the end of this pass */
};

/* After the workers of a configuration were taken: who depends on whom. 0 or -ENOMEM. */
int sup_gate_resolve(struct sup *sup);
/* Nobody points at it any more, and it at nobody; its arrays are freed. */
void sup_gate_fini(struct sup_worker *w);

/* Does everything hold that it depends on? */
bool sup_gate_open(const struct sup_worker *w);
/* It shall stop, but who depends on it stops now and has to be gone first. */
bool sup_gate_must_outlive(const struct sup_worker *w);
/* What it waits for, for people: "waits for db: ready". "" when it does not wait. */
void sup_gate_start_text(const struct sup_worker *w, char *buf, size_t buf_bytes);
/* "stops after api", "" when nothing is in the way. */
void sup_gate_stop_text(const struct sup_worker *w, char *buf, size_t buf_bytes);

/* An instance's state has changed: shut gates at once, end dependents that ask for it,
 * and have a look at everybody else concerned at the end of this pass. */
void sup_gate_changed(struct sup_instance *inst, enum sup_inst_state from);
/* What is wanted of it has changed: it is applied at the end of this pass, when all that
 * was asked for together is known. */
void sup_gate_later(struct sup_worker *w);
/* Once a pass of the loop. */
void sup_gate_run(struct sup *sup);

#endif
