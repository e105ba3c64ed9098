#include "readers.h"

#include "nv_log.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

static struct {
	int pid; /* 0 = nobody reads */
	uint64_t txn;
	int64_t since_ns; /* mono: first seen at that state */
	bool told;
} oldest;

bool
eng_readers_look(struct eng *eng, int64_t mono_ns)
{
	uint32_t dead = 0;
	int pid = 0;
	uint64_t txn = 0;
	int rc = led_readers_check(eng->led, &dead);

	if (rc < 0)
		nv_warn("the readers of the ledger cannot be checked: %s", strerror(-rc));
	if (dead > 0)
		nv_info("%" PRIu32 " readers of the ledger had died", dead);
	rc = led_readers_oldest(eng->led, &pid, &txn);
	if (rc < 0)
		pid = 0;
	if (pid != oldest.pid || txn != oldest.txn) {
		if (oldest.told)
			nv_info("process %d no longer reads its old state of the ledger",
				oldest.pid);
		oldest.pid = pid;
		oldest.txn = txn;
		oldest.since_ns = mono_ns;
		oldest.told = false;
	}
	if (pid == 0 || oldest.told || mono_ns - oldest.since_ns < ENG_READERS_SLOW_NS)
		return pid != 0;
	oldest.told = true;
	nv_warn("process %d has been reading one state of the ledger for a minute: the "
		"file "
		"grows until it ends",
		pid);
	return true;
}
