#include "tally.h"

#include <stdio.h>
#include <string.h>

void
probe_tally_init(struct probe_tally *t, enum nv_probe_what what, uint32_t failures_max)
{
	*t = (struct probe_tally){.what = what, .failures_max = NV_MAX(failures_max, 1U)};
}

static bool
say(struct probe_tally *t, bool good, const char *reason)
{
	/* The figure in the reason of an unhealthy one grows: that is no news. */
	bool news = !t->told || t->good != good ||
		    (t->what == NV_PROBE_WHAT_READY && strcmp(t->reason, reason) != 0);

	if (!news)
		return false;
	t->told = true;
	t->good = good;
	(void)snprintf(t->reason, sizeof(t->reason), "%s", reason);
	return true;
}

bool
probe_tally_add(struct probe_tally *t, bool good, const char *why)
{
	char reason[PROBE_REASON_BYTES];

	if (good) {
		t->failures = 0;
		return say(t, true, "");
	}
	if (t->failures < UINT32_MAX)
		t->failures++;
	if (t->what == NV_PROBE_WHAT_READY)
		return say(t, false, why);
	if (t->failures < t->failures_max)
		return false;
	if (t->failures_max == 1)
		return say(t, false, why);
	(void)snprintf(reason, sizeof(reason), "%u checks failed in a row; last: %s",
		t->failures, why);
	return say(t, false, reason);
}
