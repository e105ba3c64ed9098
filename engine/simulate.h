/* `novactl simulate`: what would have been decided under other settings. The ledger is
 * read twice by the code that decides in production, once under the settings in force and
 * once under the others, each with a core of its own.
 *
 * What is known and what is not: a worker that such a decision kills or pauses would not
 * have spent and earned what it did from then on, and that is known to the cent; so the
 * course of things goes on without it. What a worker would have earned at another volume,
 * or while it did not run, nobody knows: such decisions are counted and shown, and the
 * figures go on as they were. */
#ifndef ENG_SIMULATE_H
#define ENG_SIMULATE_H

#include "feed.h"

#include <jansson.h>

struct eng_simulate {
	struct led *led;
	const struct nv_config *now;   /* the settings in force */
	const struct nv_config *other; /* and the others */
	int64_t since_ns;              /* decisions before it are not asked for */
	int64_t deadline_mono_ns;      /* it ends then, wherever it is */
};

/* A new reference: {"from","to","complete","decisions":[..],...}. docs/DECISIONS.md. */
int eng_simulate(const struct eng_simulate *s, json_t **ret, struct nv_err *err);

/* nova-engine --simulate: see simulate_main.c. Returns an enum nv_exit. */
int eng_simulate_main(int argc, char **argv);

#endif
