/* The emergency stop as the engine sees it: see brake.h. */
#include "brake.h"
#include "nv_json.h"
#include "nv_log.h"
#include "setting.h"

#include <stdio.h>
#include <string.h>

#define NAME "emergency"

/* What the ledger knows. */
struct known {
	bool stopped;
	int64_t since_ns; /* of the stop or of its end; 0: never said */
	uint32_t uid;
	char reason[NV_BRAKE_REASON_BYTES];
};

static struct known
recall(const struct eng *eng)
{
	struct known k = {0};
	json_t *line = eng_setting_get(eng, NAME);
	const char *reason = json_string_value(json_object_get(line, "reason"));

	k.stopped = json_is_true(json_object_get(line, "stopped"));
	k.since_ns = json_integer_value(json_object_get(line, "since_ns"));
	k.uid = (uint32_t)json_integer_value(json_object_get(line, "uid"));
	(void)snprintf(k.reason, sizeof(k.reason), "%s", reason ? reason : "");
	json_decref(line);
	return k;
}

static void
record(struct eng *eng, bool stopped, uint32_t uid, int64_t since_ns, const char *reason)
{
	struct nv_err err = {0};
	char by[24];
	json_t *line = json_pack("{s:b, s:s, s:I, s:I, s:o}", "stopped", stopped, "by",
		nv_brake_by(uid, by, sizeof(by)), "uid", (json_int_t)uid, "since_ns",
		(json_int_t)since_ns, "reason", nv_json_str(reason));

	if (eng_setting_put(eng, NAME, line, uid != NV_BRAKE_BY_ENGINE, &err) < 0)
		eng_ledger_trouble(eng, "the emergency stop cannot be recorded");
}

static void
pull(struct eng *eng, uint32_t uid, const char *reason)
{
	struct nv_sup_brake_pull m = {.uid = uid};
	uint8_t body[NV_BRAKE_REASON_BYTES + 8];
	struct nv_wr w;

	(void)snprintf(m.reason, sizeof(m.reason), "%s", reason);
	nv_wr_init(&w, body, sizeof(body));
	(void)nv_sup_brake_pull_encode(&w, &m); /* the error stays in w */
	if (nv_chan_send_wr(&eng->sup, NV_MSG_SUP_BRAKE_PULL, &w) < 0)
		eng_ledger_trouble(eng, "novasupd cannot be told to stop everything");
}

void
eng_brake_take(struct eng *eng, const struct nv_brake *now)
{
	struct known k = recall(eng);

	eng->brake = *now;
	if (now->wall_ns > k.since_ns || (now->on && !k.stopped)) {
		record(eng, true, now->uid, now->wall_ns, now->reason);
		k = (struct known){.stopped = true, .since_ns = now->wall_ns};
	}
	if (!now->on && k.stopped && now->lifted_ns > k.since_ns) {
		record(eng, false, now->lifted_uid, now->lifted_ns, now->lifted_reason);
		k.stopped = false;
	}
	if (!now->on && k.stopped) {
		nv_error("the ledger knows of an emergency stop that nobody lifted: %s",
			k.reason);
		eng->brake.on = true; /* nothing is decided until novasupd has it, too */
		pull(eng, k.uid, k.reason);
	}
}

void
eng_brake_pull(struct eng *eng, const char *reason)
{
	if (eng->brake.on)
		return;
	nv_error("stopping everything: %s", reason);
	pull(eng, NV_BRAKE_BY_ENGINE, reason);
}
