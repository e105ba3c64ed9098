/* What /proc says of processes: see metrics_proc.h. */
#include "metrics_proc.h"

#include "nv_clock.h"
#include "nv_fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define PROCS_MAX 64 /* of Nova's own */

struct usage {
	int64_t cpu_ticks;
	int64_t start_ticks; /* since the system started */
	int64_t virtual_bytes;
	int64_t resident_bytes;
};

/* proc(5): fields 14, 15, 22, 23 and 24 of stat, counted behind the name, which may have
 * anything in it. */
static bool
read_usage(int pid, struct usage *ret)
{
	char path[64];
	char text[1024];
	unsigned long long v[25] = {0};

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	NV_CLEANUP_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n <= 0)
		return false;
	text[n] = '\0';
	char *at = strrchr(text, ')');

	if (!at || strlen(at) < 4)
		return false;
	at += 4; /* ") S " */
	for (int i = 4; i <= 24; i++) {
		char *end;

		v[i] = strtoull(at, &end, 10);
		if (end == at)
			return false;
		at = end;
	}
	*ret = (struct usage){.cpu_ticks = (int64_t)(v[14] + v[15]),
		.start_ticks = (int64_t)v[22],
		.virtual_bytes = (int64_t)v[23],
		.resident_bytes = (int64_t)v[24] * sysconf(_SC_PAGESIZE)};
	return true;
}

static uint64_t
open_files(void)
{
	DIR *d = opendir("/proc/self/fd");
	uint64_t n = 0;

	if (!d)
		return 0;
	while (readdir(d))
		n++;
	(void)closedir(d);
	return n > 3 ? n - 3 : 0; /* ".", ".." and the one that was just open */
}

/* When a process started, wall clock in hundredths of a second: what has passed since is
 * told by the clock that its start was told by. */
static int64_t
start_of(const struct usage *u, int64_t hz)
{
	struct timespec up;

	if (clock_gettime(CLOCK_BOOTTIME, &up) < 0)
		return 0;
	int64_t age_ms = (int64_t)up.tv_sec * 1000 + up.tv_nsec / NV_NS_PER_MS -
			 u->start_ticks * 1000 / hz;

	return (nv_wall_ns() / NV_NS_PER_MS - age_ms) / 10;
}

void
gw_metrics_put_process(struct gw_text *t)
{
	int64_t hz = sysconf(_SC_CLK_TCK);
	struct usage u;
	struct rlimit files;

	if (read_usage((int)getpid(), &u)) {
		gw_text_family(t, "process_cpu_seconds", GW_COUNTER,
			"Processor time of nova-gateway.");
		gw_text_scaled(t, NULL, 0, u.cpu_ticks * 100 / hz, 100);
		gw_text_family(t, "process_resident_memory_bytes", GW_GAUGE,
			"Resident memory of nova-gateway.");
		gw_text_scaled(t, NULL, 0, u.resident_bytes, 1);
		gw_text_family(t, "process_virtual_memory_bytes", GW_GAUGE,
			"Address space of nova-gateway.");
		gw_text_scaled(t, NULL, 0, u.virtual_bytes, 1);
		gw_text_family(t, "process_start_time_seconds", GW_GAUGE,
			"When nova-gateway started.");
		gw_text_scaled(t, NULL, 0, start_of(&u, hz), 100);
	}
	gw_text_family(
		t, "process_open_fds", GW_GAUGE, "Open descriptors of nova-gateway.");
	gw_text_count(t, NULL, 0, open_files());
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur != RLIM_INFINITY) {
		gw_text_family(t, "process_max_fds", GW_GAUGE, "How many it may have.");
		gw_text_count(t, NULL, 0, files.rlim_cur);
	}
}

void
gw_metrics_put_procs(struct gw_text *t, const struct nv_fleet *fleet)
{
	int64_t hz = sysconf(_SC_CLK_TCK);
	size_t n = NV_MIN(fleet->n_procs, (size_t)PROCS_MAX);
	struct usage u[PROCS_MAX];
	bool known[PROCS_MAX];

	for (size_t i = 0; i < n; i++)
		known[i] =
			fleet->procs[i].pid > 0 && read_usage(fleet->procs[i].pid, &u[i]);
	gw_text_family(t, "nova_process_cpu_seconds", GW_COUNTER,
		"Processor time of it, since it started.");
	for (size_t i = 0; i < n; i++)
		if (known[i])
			gw_text_scaled(t, GW_WITH({"process", fleet->procs[i].name}),
				u[i].cpu_ticks * 100 / hz, 100);
	gw_text_family(t, "nova_process_resident_memory_bytes", GW_GAUGE,
		"Its resident memory.");
	for (size_t i = 0; i < n; i++)
		if (known[i])
			gw_text_scaled(t, GW_WITH({"process", fleet->procs[i].name}),
				u[i].resident_bytes, 1);
}
