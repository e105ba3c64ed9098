/* Options of nova-runner: see args.h. */
#include "args.h"
#include "nv_cli.h"
#include "nv_name.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>

#define MS_MAX (INT64_C(100) * 366 * 24 * 3600 * 1000) /* 100 years */

const char rn_args_usage[] =
	"usage: nova-runner --worker NAME --interval-ms N [OPTION...] -- COMMAND "
	"[ARG...]\n"
	"\n"
	"Runs COMMAND every interval and reports each run to Nova. Event lines go to\n"
	"descriptor 3, control lines come from descriptor 4.\n"
	"\n"
	"Options:\n"
	"  --worker NAME      the worker's name\n"
	"  --instance N       which of its instances this is (1)\n"
	"  --interval-ms N    from the start of a run to the start of the next\n"
	"  --timeout-ms N     end a run that takes longer; 0 = never (0)\n"
	"  --heartbeat-ms N   say that all is well this often; 0 = never (60000)\n"
	"  --grace-ms N       time between TERM and KILL (10000)\n"
	"  --ask-budget       ask for money before each run, and wait for the answer\n"
	"  --help, --version\n"
	"\n"
	"Exit codes: 0 it was asked to end, 2 wrong use, 4 it failed.\n"
	"See also: nova-runner(1), nova-protocol(7), nova.yaml(5).\n";

enum {
	OPT_WORKER = 256,
	OPT_INSTANCE,
	OPT_INTERVAL,
	OPT_TIMEOUT,
	OPT_HEARTBEAT,
	OPT_GRACE,
	OPT_ASK
};

static const struct option options[] = {
	{"worker", required_argument, NULL, OPT_WORKER},
	{"instance", required_argument, NULL, OPT_INSTANCE},
	{"interval-ms", required_argument, NULL, OPT_INTERVAL},
	{"timeout-ms", required_argument, NULL, OPT_TIMEOUT},
	{"heartbeat-ms", required_argument, NULL, OPT_HEARTBEAT},
	{"grace-ms", required_argument, NULL, OPT_GRACE},
	{"ask-budget", no_argument, NULL, OPT_ASK},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{0},
};

static int
take_number(const char *name, int64_t min, int64_t max, int64_t *ret, struct nv_err *err)
{
	char *end;

	errno = 0;
	long long v = strtoll(optarg, &end, 10);

	if (errno || end == optarg || *end || v < min || v > max)
		return nv_err_set(err, -EINVAL,
			"--%s: expected a whole number from %lld to %lld, found \"%s\"",
			name, (long long)min, (long long)max, optarg);
	*ret = v;
	return 0;
}

static int
take_option(int opt, struct rn_args *a, struct nv_err *err)
{
	int64_t v = 0;
	int rc;

	switch (opt) {
	case OPT_WORKER:
		a->worker = optarg;
		return 0;
	case OPT_INSTANCE:
		rc = take_number("instance", 1, INT32_MAX, &v, err);
		if (rc == 0)
			a->instance = (uint32_t)v;
		return rc;
	case OPT_INTERVAL:
		return take_number("interval-ms", 1, MS_MAX, &a->interval_ms, err);
	case OPT_TIMEOUT:
		return take_number("timeout-ms", 0, MS_MAX, &a->timeout_ms, err);
	case OPT_HEARTBEAT:
		return take_number("heartbeat-ms", 0, MS_MAX, &a->heartbeat_ms, err);
	case OPT_GRACE:
		return take_number("grace-ms", 0, MS_MAX, &a->grace_ms, err);
	case OPT_ASK:
		a->ask_budget = true;
		return 0;
	case 'h':
		a->help = true;
		return 0;
	case 'V':
		a->version = true;
		return 0;
	default:
		nv_assert_failed("an option of the table", __FILE__, __LINE__, __func__);
	}
}

int
rn_args_parse(int argc, char **argv, struct rn_args *ret, struct nv_err *err)
{
	struct rn_args a = {.instance = 1, .heartbeat_ms = 60000, .grace_ms = 10000};
	int opt;

	opterr = 0;
	optind = 0; /* so that tests may parse more than once */
	while ((opt = getopt_long(argc, argv, "+:h", options, NULL)) != -1) {
		int rc = opt == '?' || opt == ':' ? nv_cli_wrong(argv, options, opt, err)
						  : take_option(opt, &a, err);

		if (rc < 0)
			return rc;
	}
	a.command = argv + optind;
	if (!a.help && !a.version) {
		if (!a.worker || !nv_name_valid(a.worker))
			return nv_err_set(err, -EINVAL,
				"--worker: expected a name of [a-z0-9_.-], found \"%s\"",
				a.worker ? a.worker : "");
		if (a.interval_ms == 0)
			return nv_err_set(err, -EINVAL, "--interval-ms is missing");
		if (!a.command[0])
			return nv_err_set(err, -EINVAL, "the command is missing");
	}
	*ret = a;
	return 0;
}
