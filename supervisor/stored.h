/* Names of descriptors that the service manager keeps for us (fdstore.h): what each one
 * was is all said in its name, so that any later version can tell. Pure. */
#ifndef SUP_STORED_H
#define SUP_STORED_H

#include "nv_name.h"

#define SUP_STORED_NAME_BYTES 256 /* with the NUL: systemd's limit */

enum sup_stored_kind {
	SUP_STORED_EVENTS,  /* an event stream: pipe and memfd */
	SUP_STORED_LOG,     /* a log pipe and its memfd */
	SUP_STORED_JOURNAL, /* a memfd; id: its stream's */
	SUP_STORED_TABLE    /* the logger's progress table; no id */
};

struct sup_stored {
	enum sup_stored_kind kind;
	uint64_t id; /* of the stream or the log; never 0 */
	uint32_t instance;
	uint32_t generation;
	bool runner;
	char worker[NV_NAME_MAX];
	char variant[NV_NAME_MAX]; /* "": none */
	int pipe_fd;               /* -1: none; not part of the name, as the next */
	int mem_fd;
};

void sup_stored_name(const struct sup_stored *s, char ret[SUP_STORED_NAME_BYTES]);
/* 0, or -EINVAL: no name of ours. */
int sup_stored_parse(const char *name, struct sup_stored *ret);

#endif
