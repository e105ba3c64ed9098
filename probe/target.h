/* The incarnations that are asked something: when, by which check, and what is said about
 * the results. */
#ifndef PROBE_TARGET_H
#define PROBE_TARGET_H

#include "exec.h"
#include "http.h"
#include "nv_chan.h"
#include "nv_config.h"
#include "tally.h"

#define PROBE_TARGETS_MAX 20000

struct probe_target;

struct probe {
	struct ev_loop *loop;
	struct nv_chan sup;
	struct nv_config *config;     /* owned; NULL before the first HELLO */
	struct probe_net *net;        /* owned */
	struct probe_target *targets; /* owned list */
	unsigned n_targets;
};

/* From now on ask this; socket (-1, or taken in any case) is what READY=1 may come on. 0,
 * or -errno. */
int probe_target_watch(struct probe *p, const struct nv_probe_watch *m, int socket);
void probe_target_drop(struct probe *p, uint64_t stream_id);
void probe_targets_clear(struct probe *p);

#endif
