/* What this kernel offers for the isolation of workers, for `doctor`. */
#ifndef CTL_ISOLATION_H
#define CTL_ISOLATION_H

#include "nv_base.h"

struct ctl_finding {
	const char *check;
	bool good;
	char detail[240];
};

#define CTL_FINDINGS_MAX 4

/* How many findings were filled in; makes a short-lived child that tries. */
size_t ctl_isolation_look(struct ctl_finding ret[CTL_FINDINGS_MAX]);

#endif
