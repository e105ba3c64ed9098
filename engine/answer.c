/* A person's answer to a decision that waits: approved, or denied. */
#include "decide.h"
#include "judge.h"

#include "nv_clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static struct eng_worker *
find_open(struct eng *eng, uint64_t id)
{
	for (struct eng_worker *w = eng->workers; w; w = w->next) {
		if (w->history && w->history->open && w->history->open->id == id)
			return w;
	}
	return NULL;
}

static int
not_open(struct eng *eng, uint64_t id, struct nv_err *err)
{
	struct eng_decision *d = NULL;
	int rc = eng_decision_find(eng, id, &d, err);

	if (rc < 0)
		return rc;
	rc = nv_err_set(err, -EALREADY, "decision %" PRIu64 " does not wait: it is %s",
		id, eng_dec_state_name(d->state));
	eng_decision_free(d);
	return rc;
}

/* Do the rules still say the same, now that it is answered? */
static bool
still_holds(struct eng *eng, struct eng_worker *w, const struct eng_decision *d,
	int64_t now_ns, char *why, size_t why_bytes)
{
	struct led_view *v = NULL;
	struct eng_room room;
	struct eng_case c;

	if (eng_decision_is_judged(d) != (eng->config->policy != NV_POLICY_CLASSIC)) {
		(void)snprintf(why, why_bytes, "another policy is in force by now");
		return false;
	}
	if (eng_decision_is_judged(d))
		return eng_judge_holds(eng, w, d, now_ns, why, why_bytes);
	(void)snprintf(why, why_bytes, "the ledger cannot be read");
	if (led_view_begin(eng->led, &v, NULL) < 0)
		return false;
	int rc = w->conf ? eng_room_read(eng, v, now_ns, &room) : -ENOENT;

	if (rc == 0) /* which leaves out what this decision itself reserves */
		rc = eng_case_read(eng, v, w, &room, now_ns, &c);
	led_view_end(v);
	if (!w->conf)
		(void)snprintf(why, why_bytes, "the worker is not configured any more");
	if (rc != 0)
		return false;
	pol_classic_decide(&c.rules, &c.figures, &c.result);
	if (c.result.action != d->action) {
		(void)snprintf(
			why, why_bytes, "it does not hold any more: %s", c.result.reason);
		return false;
	}
	/* Approved is a rise of so much; a tenth more is the noise of new runs. */
	if (c.figures.instances != d->from_instances ||
		c.result.cost_impact * 10 > (nv_i128)d->impact_nano * 11) {
		(void)snprintf(why, why_bytes, "it would be something else by now: %s",
			c.result.reason);
		return false;
	}
	return true;
}

int
eng_decide_approve(struct eng *eng, uint64_t id, const char *by, json_t **ret_json,
	struct nv_err *err)
{
	int64_t now_ns = nv_wall_ns();
	char why[400];
	int rc = eng_intake_flush(eng);

	if (eng->brake.on)
		return nv_err_set(err, -EBUSY, "nothing is executed: %s",
			nv_brake_text(&eng->brake, why, sizeof why));
	if (rc < 0)
		return nv_err_set(err, rc, "the ledger is busy: %s", strerror(-rc));
	eng_act_clock(eng, now_ns);
	struct eng_worker *w = find_open(eng, id);

	if (!w)
		return not_open(eng, id, err);
	struct eng_decision *d = w->history->open;

	/* What cannot be checked yet goes on waiting. */
	if (eng_decision_is_judged(d) && !eng_judge_pol(eng))
		return nv_err_set(err, -EAGAIN,
			"the ledger is still being read; ask again in a moment");
	if (!still_holds(eng, w, d, now_ns, why, sizeof why)) {
		eng_act_close(eng, w, "void", ENG_DEC_VOID, by, why, now_ns);
		return nv_err_set(
			err, -ESTALE, "decision %" PRIu64 " is void: %s", id, why);
	}
	w->history->open = NULL;
	id = eng_act_execute(eng, w, d, by, NULL, now_ns);
	rc = eng_decision_find(eng, id, &d, err);
	if (rc < 0)
		return rc;
	*ret_json = eng_decision_json(d);
	eng_decision_free(d);
	return *ret_json ? 0 : -ENOMEM;
}

int
eng_decide_deny(struct eng *eng, uint64_t id, const char *by, const char *reason,
	json_t **ret_json, struct nv_err *err)
{
	int64_t now_ns = nv_wall_ns();
	int rc = eng_intake_flush(eng);

	if (rc < 0)
		return nv_err_set(err, rc, "the ledger is busy: %s", strerror(-rc));
	eng_act_clock(eng, now_ns);
	struct eng_worker *w = find_open(eng, id);

	if (!w)
		return not_open(eng, id, err);
	struct eng_decision *d = w->history->open;

	if (eng_decision_step(d, "denied", ENG_DEC_DENIED, by, reason, now_ns) < 0)
		eng_ledger_trouble(eng, "no memory for a decision");
	*ret_json = eng_decision_json(d);
	w->history->open = NULL;
	(void)eng_act_record(eng, w, d);
	return *ret_json ? 0 : -ENOMEM;
}
