/* A check by a command: it runs with the worker's account, directory and environment,
 * without its secrets and its descriptors, and leaves no process behind. */
#ifndef PROBE_EXEC_H
#define PROBE_EXEC_H

#include "http.h"
#include "nv_config.h"

struct probe_exec;

/* Begin one; done is called once, never before this returns, unless it is cancelled. 0,
 * or -errno with a sentence in why. */
int probe_exec_start(struct ev_loop *loop, const struct nv_conf_worker *conf,
	const struct nv_conf_probe *probe, uint32_t instance, probe_done_fn *done,
	void *arg, struct probe_exec **ret, char *why, size_t why_bytes);
void probe_exec_cancel(struct probe_exec *e); /* NULL is fine */

#endif
