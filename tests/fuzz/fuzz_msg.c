/* Fuzz target: bodies of messages. The first byte chooses the message; what decodes is
 * encoded and decoded again and must come out the same. */
#include "nv_msg_body.h"
#include "nv_msg_flow.h"
#include "nv_msg_group.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* X(type, struct suffix) for bodies with a struct of their own. */
#define BODIES(X) \
	X(ENG_HELLO, eng_hello) \
	X(ENG_STREAM, eng_stream) \
	X(ENG_HELD, eng_held) \
	X(SUP_ENGINE_STATE, sup_engine_state) \
	X(SUP_DESIRE, sup_desire) \
	X(SUP_STREAM_CLOSED, sup_stream_closed) \
	X(SUP_KILL, sup_kill) \
	X(LOG_HELLO, log_hello) \
	X(LOG_STREAM, log_stream) \
	X(SUP_LOG_LOST, sup_log_lost) \
	X(CTL_LOG, ctl_log) \
	X(CTL_NOVA, ctl_nova) \
	X(CTL_PROC, ctl_proc) \
	X(CTL_WORKER, ctl_worker) \
	X(CTL_INSTANCE, ctl_instance) \
	X(CTL_INCIDENT, ctl_incident) \
	X(PROBE_WATCH, probe_watch) \
	X(SUP_PROBE_STATE, sup_probe_state) \
	X(SUP_IDLE, sup_idle) \
	X(SUP_ROLL, sup_roll) \
	X(CTL_ROLL, ctl_roll) \
	X(SUP_PLAN, sup_plan) \
	X(CTL_PLAN, ctl_plan) \
	X(SUP_GROUP_GET, sup_group_get) \
	X(SUP_GROUP_DO, sup_group_do) \
	X(CTL_GROUP, ctl_group) \
	X(CTL_GROUP_CHILD, ctl_group_child) \
	X(CTL_REPLY, ctl_reply)

static struct nv_msg first;
static struct nv_msg second;

/* Only booleans may be written otherwise than they were read: any byte but 0 is true. */
static void
check_twice(struct nv_wr *w)
{
	NV_ASSERT(w->error == 0 && w->bytes == first.bytes);
	second.type = first.type;
	second.bytes = w->bytes;
	memcpy(second.body, w->data, w->bytes);
}

#define TARGET(name, suffix) \
	static void check_##suffix(void) \
	{ \
		static uint8_t out[NV_MSG_BODY_MAX]; \
		struct nv_##suffix m; \
		struct nv_##suffix again; \
		struct nv_wr w; \
\
		memset(&m, 0xa5, sizeof(m)); \
		if (nv_##suffix##_decode(&m, &first) < 0) \
			return; \
		nv_wr_init(&w, out, sizeof(out)); \
		(void)nv_##suffix##_encode(&w, &m); /* remembered in w */ \
		check_twice(&w); \
		NV_ASSERT(nv_##suffix##_decode(&again, &second) == 0); \
		nv_wr_init(&w, out, sizeof(out)); \
		(void)nv_##suffix##_encode(&w, &again); /* remembered in w */ \
		NV_ASSERT(w.error == 0 && w.bytes == second.bytes && \
			  memcmp(w.data, second.body, w.bytes) == 0); \
	}
BODIES(TARGET)

static void
check_request(enum nv_msg_type type)
{
	static uint8_t out[NV_MSG_BODY_MAX];
	struct nv_sup_request m;
	struct nv_wr w;

	first.type = (uint16_t)type;
	if (nv_sup_request_decode(&m, &first) < 0)
		return;
	nv_wr_init(&w, out, sizeof(out));
	(void)nv_sup_request_encode(&w, type, &m); /* remembered in w */
	NV_ASSERT(w.error == 0 && w.bytes == first.bytes &&
		  memcmp(out, first.body, w.bytes) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static const enum nv_msg_type requests[] = {NV_MSG_SUP_STATUS, NV_MSG_SUP_STOP,
		NV_MSG_SUP_RESTART, NV_MSG_SUP_RELOAD, NV_MSG_SUP_SHUTDOWN,
		NV_MSG_SUP_WAIT};
	uint64_t wide;
	uint32_t narrow;

	if (bytes < 1 || bytes - 1 > NV_MSG_BODY_MAX)
		return 0;
	first.type = data[0];
	first.bytes = bytes - 1;
	memcpy(first.body, data + 1, bytes - 1);
	for (size_t i = 0; i < NV_LEN(requests); i++) {
		if (requests[i] == data[0])
			check_request(requests[i]);
	}
	NV_ASSERT((nv_body_u64_decode(&wide, &first) == 0) == (bytes == 9));
	NV_ASSERT((nv_body_u32_decode(&narrow, &first) == 0) == (bytes == 5));
	switch ((enum nv_msg_type)data[0]) {
#define CASE(name, suffix) \
	case NV_MSG_##name: \
		check_##suffix(); \
		break;
		BODIES(CASE)
	default:
		break;
	}
	return 0;
}
