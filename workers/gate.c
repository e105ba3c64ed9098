/* Asking before a run: see gate.h. */
#include "gate.h"

#include "nv_base.h"

#include <stdio.h>
#include <string.h>

static void
new_question(struct rn_gate *g, const char *run_id, uint64_t number)
{
	g->tries = g->number == number ? g->tries + 1 : 1;
	g->number = number;
	/* What was given back cannot be had again under its name. */
	if (g->tries == 1)
		(void)snprintf(g->id, sizeof(g->id), "%s", run_id);
	else
		(void)snprintf(g->id, sizeof(g->id), "%s~%u", run_id, g->tries);
}

enum rn_gate_move
rn_gate_want(struct rn_gate *g, const char *run_id, uint64_t number, int64_t now_ms)
{
	if (!g->ask || g->state == RN_GATE_RESERVED)
		return RN_GATE_GO;
	if (g->state != RN_GATE_IDLE && now_ms < g->again_ms)
		return RN_GATE_WAIT;
	if (g->state == RN_GATE_IDLE)
		new_question(g, run_id, number);
	g->state = RN_GATE_ASKED;
	g->again_ms = now_ms + RN_GATE_ANSWER_MS;
	return RN_GATE_SAY;
}

void
rn_gate_take(struct rn_gate *g)
{
	g->state = RN_GATE_IDLE;
}

bool
rn_gate_drop(struct rn_gate *g)
{
	bool held = g->state == RN_GATE_ASKED || g->state == RN_GATE_RESERVED;

	g->state = RN_GATE_IDLE;
	return held;
}

static bool
is_waited_for(const struct rn_gate *g, const char *id)
{
	return (g->state == RN_GATE_ASKED || g->state == RN_GATE_REFUSED) &&
	       strcmp(g->id, id) == 0;
}

bool
rn_gate_reserved(struct rn_gate *g, const char *id, const char *amount)
{
	if (!is_waited_for(g, id))
		return false;
	g->state = RN_GATE_RESERVED;
	(void)snprintf(g->amount, sizeof(g->amount), "%s", amount);
	return true;
}

bool
rn_gate_refused(struct rn_gate *g, const char *id, const char *reason, int64_t retry_ms,
	int64_t now_ms)
{
	if (!is_waited_for(g, id))
		return false;
	bool news = g->state != RN_GATE_REFUSED || strcmp(g->reason, reason) != 0;

	g->state = RN_GATE_REFUSED;
	g->again_ms = now_ms + NV_MIN(NV_MAX(retry_ms, RN_GATE_RETRY_MS_MIN),
				       RN_GATE_RETRY_MS_MAX);
	(void)snprintf(g->reason, sizeof(g->reason), "%s", reason);
	return news;
}

void
rn_gate_set(struct rn_gate *g, bool ask, int64_t now_ms)
{
	g->ask = ask;
	if (!ask && g->state != RN_GATE_RESERVED)
		g->state = RN_GATE_IDLE;
	else if (g->state == RN_GATE_ASKED || g->state == RN_GATE_REFUSED)
		g->again_ms = now_ms;
}
