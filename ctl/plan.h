/* The plan of a reload, as people and programs read it. */
#ifndef CTL_PLAN_H
#define CTL_PLAN_H

#include "nv_msg_flow.h"
#include "out.h"

#include <jansson.h>

/* Rows of one worker stand together; those of the fleet's own settings come first. */
void ctl_plan_print(const struct ctl_out *out, const struct nv_ctl_plan *rows, size_t n,
	bool applied, const char *text);
/* {"ok","applied","text","settings":[..],"workers":[{"worker","change","effect",
 * "running","keys":[{"key","from","to","effect"}]}]} */
json_t *
ctl_plan_json(const struct nv_ctl_plan *rows, size_t n, bool applied, const char *text);

#endif
