/* What of a worker may be turned while it runs: its parameters, its run interval, and how
 * its runs are shared out between variants. A desire carries what was turned; here is
 * what comes of it together with the configuration, and those who run are told.
 *
 * Nothing is restarted for it. A task's runner takes all of it from its control pipe, for
 * the next run on. A service that reads control lines takes parameters and interval from
 * there, else at its next start; which variant it is, is settled at its start. */
#ifndef ENG_TUNE_H
#define ENG_TUNE_H

#include "eng.h"
#include "nv_split.h"

#define ENG_PARAMS_BYTES sizeof(((struct eng_desire *)0)->params)

/* The split in force: the desire's as long as it fits what the configuration declares,
 * else equal shares of the declared variants; n is 0 without either. */
void eng_tune_split(const struct eng_worker *w, struct nv_split *ret);
/* NOVA_PARAMS in force. Returns buf. */
const char *eng_tune_params(const struct eng_worker *w, char buf[ENG_PARAMS_BYTES]);

/* Send what differs from what the live incarnations of the worker have been told. */
void eng_tune_tell(struct eng *eng, struct eng_worker *w);
/* One has come. anew: it was told things by another engine, which may be over. */
void eng_tune_opened(struct eng *eng, struct eng_worker *w, bool anew);

/* Changes of a desire, to be put and sent like any other. Each refuses what is not
 * declared: -EINVAL with a sentence. The desire is untouched then. */

/* shares: of the declared variants, in their order; n as many; none negative. */
int eng_tune_shares(const struct eng_worker *w, struct eng_desire *d,
	const double *shares, unsigned n, struct nv_err *err);
/* 0: as configured. */
int eng_tune_interval(
	const struct eng_worker *w, struct eng_desire *d, int64_t ms, struct nv_err *err);
/* A declared parameter, by one of its choices or a value in its range. Ends an experiment
 * about it. */
int eng_tune_param(const struct eng_worker *w, struct eng_desire *d, const char *name,
	const char *value, struct nv_err *err);
/* Try values of a parameter against each other: tasks only, since a run is given its own.
 * n from 2 to NV_SPLIT_ARMS; equal shares. The variants are called NAME.1, NAME.2, ... */
int eng_tune_experiment(const struct eng_worker *w, struct eng_desire *d,
	const char *name, const char *const *values, unsigned n, struct nv_err *err);

/* The same with values that are chosen here: the one in force and its neighbours among
 * what is declared (policy/params.h). */
int eng_tune_try(const struct eng_worker *w, struct eng_desire *d, const char *name,
	struct nv_err *err);

#endif
