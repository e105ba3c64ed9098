/* What nova-runner is called with, in front of a task's own command. */
#ifndef SUP_RUNNERARGS_H
#define SUP_RUNNERARGS_H

#include "nv_base.h"

struct nv_conf_worker;
struct sup_instance;

/* Numbers in text[], the rest borrowed. */
struct sup_runner_args {
	char text[5][24];
	char **argv; /* owned */
};

/* command is borrowed: 0 or -ENOMEM. */
int sup_runner_argv(
	struct sup_runner_args *r, const struct sup_instance *inst, char *const *command);
/* The grace as its runner and its program are told it: a number. */
int64_t sup_runner_grace_ms(const struct nv_conf_worker *conf);

#endif
