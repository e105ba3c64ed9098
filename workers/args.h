/* The command line of nova-runner. */
#ifndef RN_ARGS_H
#define RN_ARGS_H

#include "nv_err.h"

struct rn_args {
	const char *worker; /* borrowed from argv, as command is */
	uint32_t instance;
	int64_t interval_ms;
	int64_t timeout_ms;   /* 0 = a run may take as long as it likes */
	int64_t heartbeat_ms; /* 0 = none */
	int64_t grace_ms;
	bool ask_budget; /* each run needs a reservation; a control line may change it */
	char **command;  /* NULL-terminated */
	bool help;
	bool version;
};

/* 0, or -EINVAL with a sentence. With help or version set the rest is not checked. */
int rn_args_parse(int argc, char **argv, struct rn_args *ret, struct nv_err *err);

extern const char rn_args_usage[];

#endif
