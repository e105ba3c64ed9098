/* Variants and parameters of runs: see variant.h. */
#include "variant.h"

#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
rn_variant_init(struct rn_variant *v, struct nv_err *err)
{
	const char *text = getenv("NOVA_SPLIT");

	*v = (struct rn_variant){0};
	return text ? nv_split_parse(text, &v->split, err) : 0;
}

void
rn_variant_control(struct rn_variant *v, const struct rn_control *c)
{
	if (c->kind == RN_CONTROL_SPLIT) {
		v->split = c->split;
		return;
	}
	(void)snprintf(v->params, sizeof(v->params), "%s", c->params);
	if (c->variant[0])
		(void)snprintf(v->name, sizeof(v->name), "%s", c->variant);
}

static const struct nv_split_arm *
arm_of(const struct rn_variant *v, const char *run_id)
{
	if (v->split.n == 0)
		return NULL;
	return &v->split.arms[nv_split_of_run(&v->split, run_id)];
}

const char *
rn_variant_of(const struct rn_variant *v, const char *run_id)
{
	const struct nv_split_arm *arm = arm_of(v, run_id);

	return arm ? arm->name : v->name;
}

struct rewrite {
	struct nv_buf *out;
	const char *without;
	unsigned members;
};

static void
put_member(struct rewrite *r, const char *name, const char *value, size_t bytes)
{
	if (r->members++ > 0)
		nv_buf_puts(r->out, ",");
	nv_buf_put_json(r->out, name, strlen(name));
	nv_buf_puts(r->out, ":");
	nv_buf_add(r->out, value, bytes);
}

static int
on_member(
	void *arg, const char *key, const struct rn_json_value *value, struct nv_err *err)
{
	struct rewrite *r = arg;

	(void)err;
	if (strcmp(key, r->without) != 0)
		put_member(r, key, value->text, value->bytes);
	return 0;
}

void
rn_params_with(
	struct nv_buf *out, const char *params, const char *name, const char *value)
{
	struct rewrite r = {.out = out, .without = name};
	size_t before = out->bytes;
	struct nv_err err;

	nv_buf_puts(out, "{");
	if (rn_json_object(params, strlen(params), on_member, &r, &err) < 0 &&
		!out->error) {
		out->bytes = before + 1;
		r.members = 0;
	}
	put_member(&r, name, value, strlen(value));
	nv_buf_puts(out, "}");
}

void
rn_variant_env(const struct rn_variant *v, const char *run_id, struct rn_env *env)
{
	const struct nv_split_arm *arm = arm_of(v, run_id);
	const char *name = rn_variant_of(v, run_id);
	struct nv_buf params;

	rn_env_set(env, "NOVA_SPLIT", NULL); /* this process chooses */
	if (name[0])
		rn_env_set(env, "NOVA_VARIANT", name);
	if (v->params[0])
		rn_env_set(env, "NOVA_PARAMS", v->params);
	if (!arm || !v->split.param[0])
		return;
	const char *base = v->params[0] ? v->params : getenv("NOVA_PARAMS");

	nv_buf_init(&params, (size_t)2 * RN_PARAMS_BYTES);
	rn_params_with(&params, base ? base : "{}", v->split.param, arm->value);
	if (params.error)
		env->error = params.error;
	else
		rn_env_set(env, "NOVA_PARAMS", params.data);
	nv_buf_fini(&params);
}
