/* The runner's arguments: see runnerargs.h. */
#include "runnerargs.h"
#include "sup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GRACE_INFINITY_MS INT64_C(31622400000) /* 366 days */
#define RUNNER_ARGS       15                   /* at most, before the command */

int64_t
sup_runner_grace_ms(const struct nv_conf_worker *conf)
{
	return conf->stop_grace_ms == NV_INFINITY_MS ? GRACE_INFINITY_MS
						     : conf->stop_grace_ms;
}

int
sup_runner_argv(
	struct sup_runner_args *r, const struct sup_instance *inst, char *const *command)
{
	static const char *const names[] = {"--instance", "--interval-ms", "--timeout-ms",
		"--heartbeat-ms", "--grace-ms"};
	const struct nv_conf_worker *conf = inst->worker->conf;
	const struct nv_sup_desire *d = &inst->worker->desire;
	const int64_t values[] = {inst->number,
		d->run_interval_ms > 0 ? d->run_interval_ms : conf->run_interval_ms,
		conf->run_timeout_ms, conf->heartbeat_every_ms,
		sup_runner_grace_ms(conf)};
	size_t n = 0;
	size_t at = 0;

	while (command[n])
		n++;
	const char **argv = calloc(n + RUNNER_ARGS + 2, sizeof(*argv));

	if (!argv)
		return -ENOMEM;
	argv[at++] = "nova-runner";
	argv[at++] = "--worker";
	argv[at++] = inst->worker->name;
	for (size_t i = 0; i < NV_LEN(names); i++) {
		(void)snprintf(
			r->text[i], sizeof(r->text[i]), "%lld", (long long)values[i]);
		argv[at++] = names[i];
		argv[at++] = r->text[i];
	}
	if (conf->capped)
		argv[at++] = "--ask-budget";
	argv[at++] = "--";
	NV_ASSERT(at <= RUNNER_ARGS);
	memcpy(argv + at, command, n * sizeof(*argv));
	memcpy(&r->argv, &argv,
		sizeof(argv)); /* execve takes char **, and writes nothing */
	return 0;
}
