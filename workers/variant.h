/* What differs from run to run: the variant of an experiment that a run gets, and the
 * parameters it is given. */
#ifndef RN_VARIANT_H
#define RN_VARIANT_H

#include "control.h"
#include "env.h"
#include "nv_buf.h"
#include "nv_split.h"

struct rn_variant {
	struct nv_split split;        /* n == 0: no experiment */
	char params[RN_PARAMS_BYTES]; /* told while it runs; "" = as at the start */
	char name[NV_NAME_MAX];       /* the variant without an experiment; "" none */
};

/* As the environment says (NOVA_SPLIT). -EINVAL with err: it is not understood, and there
 * is no experiment. */
int rn_variant_init(struct rn_variant *v, struct nv_err *err);
/* A control line `params` or `split`: holds from the next run on. */
void rn_variant_control(struct rn_variant *v, const struct rn_control *c);

/* The variant of the run with this id; "" when it has none. Borrowed from v. */
const char *rn_variant_of(const struct rn_variant *v, const char *run_id);
/* NOVA_VARIANT and NOVA_PARAMS of that run. */
void rn_variant_env(const struct rn_variant *v, const char *run_id, struct rn_env *env);

/* The object `params` with the member `name` set to a value (JSON text), appended to out.
 * What is no object is taken as an empty one. */
void rn_params_with(
	struct nv_buf *out, const char *params, const char *name, const char *value);

#endif
