/* A person's answer to an approval, handed to the engine by novactl. Who may answer is
 * checked here, by ids the vendor vouches for. See alerts.h. */
#include "alerts.h"

#include "nv_log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct alert_deciding {
	struct alert_deciding *next;
	struct alerts *alerts;
	struct alert_ask *ask;
	alert_decided_fn *fn;
	void *arg;
	bool approve;
	int64_t id;
	char who[80];
};

bool
alert_may(const char *list, const char *id)
{
	size_t bytes = strlen(id);

	while (bytes > 0 && list && *list) {
		size_t n = strcspn(list, " ,");

		if (n == bytes && memcmp(list, id, n) == 0)
			return true;
		list += n;
		list += strspn(list, " ,");
	}
	return false;
}

static void
on_decided(void *arg, int code, const json_t *answer, const char *why)
{
	struct alert_deciding *d = arg;
	struct alert_deciding **at = &d->alerts->deciding;
	bool over = code == NV_EXIT_OK || code == NV_EXIT_NO || code == NV_EXIT_USAGE;
	char text[400];

	while (*at != d)
		at = &(*at)->next;
	*at = d->next;

	(void)answer;
	if (code == NV_EXIT_OK)
		(void)snprintf(text, sizeof(text), "Decision %" PRId64 " is %s.", d->id,
			d->approve ? "approved" : "denied");
	else
		(void)snprintf(text, sizeof(text),
			"Decision %" PRId64 " was not %s: %s.%s", d->id,
			d->approve ? "approved" : "denied", why,
			over ? "" : " It still waits.");
	nv_info("%s: %s", d->who, text);
	alert_look_soon(d->alerts);
	d->fn(d->arg, over, text);
	free(d);
}

int
alert_decide(struct alerts *a, bool approve, int64_t id, const char *who,
	alert_decided_fn *fn, void *arg)
{
	struct alert_deciding *d = calloc(1, sizeof(*d));
	char number[32];

	if (!d)
		return -ENOMEM;
	*d = (struct alert_deciding){
		.alerts = a, .fn = fn, .arg = arg, .approve = approve, .id = id};
	(void)snprintf(d->who, sizeof(d->who), "%s", who);
	(void)snprintf(number, sizeof(number), "%" PRId64, id);
	const char *const words[] = {
		approve ? "approve" : "deny", number, "--via", d->who, NULL};
	int rc = alert_ask(a, words, on_decided, d, &d->ask);

	if (rc < 0) {
		free(d);
		return rc;
	}
	d->next = a->deciding;
	a->deciding = d;
	return 0;
}

void
alert_decide_close(struct alerts *a)
{
	while (a->deciding) {
		struct alert_deciding *d = a->deciding;

		a->deciding = d->next;
		alert_ask_cancel(d->ask);
		free(d);
	}
}
