#include "watch_proc.h"

#include "nv_clock.h"
#include "proc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FILE_BYTES 4096
#define PATH_BYTES 512
#define PIDS_MAX   256 /* of one tree: more are not asked */
#define US         INT64_C(1000)

/* How long the machine was suspended since it was booted. */
static int64_t
asleep_ns(void)
{
	struct timespec boot;
	struct timespec mono;

	if (clock_gettime(CLOCK_BOOTTIME, &boot) != 0 ||
		clock_gettime(CLOCK_MONOTONIC, &mono) != 0)
		return 0;
	return (boot.tv_sec - mono.tv_sec) * NV_NS_PER_SEC +
	       (boot.tv_nsec - mono.tv_nsec);
}

static ssize_t
proc_file(int32_t pid, const char *name, char *buf)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return eng_small_file(path, buf, FILE_BYTES);
}

static void
look_at_process(int32_t pid, bool main, struct eng_watch_sample *s)
{
	char buf[FILE_BYTES];
	const char *state = NULL;

	if (proc_file(pid, "stat", buf) > 0)
		state = strrchr(buf, ')'); /* the name before it may hold anything */
	if (!state || state[1] != ' ')
		return;
	s->stopped |= state[2] == 'T' || state[2] == 't';
	s->runnable |= state[2] == 'R';
	s->disk |= main && state[2] == 'D';
	/* "cpu_ns waited_ns slices", of its first thread. */
	if (main && proc_file(pid, "schedstat", buf) > 0) {
		char *end;

		s->cpu_ns = (int64_t)strtoull(buf, &end, 10);
		s->waited_ns = (int64_t)strtoull(end, NULL, 10);
	}
}

static bool
cgroup_number(const char *dir, const char *name, const char *key, int64_t *ret)
{
	char path[PATH_BYTES];
	char buf[FILE_BYTES];
	uint64_t value;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (eng_small_file(path, buf, sizeof(buf)) <= 0 ||
		!eng_small_number(buf, key, &value))
		return false;
	*ret = (int64_t)value;
	return true;
}

/* "full avg10=0.00 avg60=0.00 avg300=0.00 total=13923": how long nobody in it ran who
 * wanted to. */
static int64_t
pressure_us(const char *dir)
{
	char path[PATH_BYTES];
	char buf[FILE_BYTES];

	(void)snprintf(path, sizeof(path), "%s/cpu.pressure", dir);
	if (eng_small_file(path, buf, sizeof(buf)) <= 0)
		return 0;
	const char *full = strstr(buf, "full ");
	const char *total = full ? strstr(full, "total=") : NULL;

	return total ? (int64_t)strtoull(total + 6, NULL, 10) : 0;
}

static void
look_at_cgroup(const char *dir, struct eng_watch_sample *s)
{
	int64_t value;

	if (cgroup_number(dir, "cgroup.events", "frozen ", &value) && value)
		s->stopped = true;
	if (cgroup_number(dir, "cgroup.stat.local", "frozen_usec ", &value))
		s->frozen_ns = value * US;
	if (cgroup_number(dir, "cpu.stat", "usage_usec ", &value))
		s->cpu_ns = value * US;
	if (cgroup_number(dir, "cpu.stat", "throttled_usec ", &value))
		s->throttled_ns = value * US;
	s->waited_ns = NV_MAX(s->waited_ns, pressure_us(dir) * US);
}

/* The directory below `mount` that `controller` of cgroup v1 has the process in. */
static bool
v1_path(const char *cgroups, const char *controller, const char *const mounts[2],
	char path[PATH_BYTES])
{
	size_t n = strlen(controller);

	for (const char *line = cgroups; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		const char *names = strchr(line, ':'); /* "4:cpu,cpuacct:/path" */
		const char *dir = names ? strchr(names + 1, ':') : NULL;

		if (!dir)
			return false;
		for (const char *at = names; at < dir;
			at = at + 1 + strcspn(at + 1, ",:")) {
			if (strncmp(at + 1, controller, n) != 0 ||
				!strchr(",:", at[1 + n]))
				continue;
			for (size_t i = 0; i < 2; i++) {
				(void)snprintf(path, PATH_BYTES, "%s%.*s", mounts[i],
					(int)strcspn(dir + 1, "\n"), dir + 1);
				char probe[PATH_BYTES + 16];
				char buf[64];

				(void)snprintf(
					probe, sizeof(probe), "%s/cgroup.procs", path);
				if (eng_small_file(probe, buf, sizeof(buf)) >= 0)
					return true;
			}
			return false;
		}
	}
	return false;
}

/* A quota or a freezer of cgroup v1. */
static void
look_at_v1(int32_t pid, struct eng_watch_sample *s)
{
	static const char *const cpu[2] = {
		"/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct"};
	static const char *const freezer[2] = {
		"/sys/fs/cgroup/freezer", "/sys/fs/cgroup/freezer"};
	char cgroups[FILE_BYTES];
	char path[PATH_BYTES];
	char file[PATH_BYTES + 16];
	char buf[64];
	int64_t value;

	if (proc_file(pid, "cgroup", cgroups) <= 0)
		return;
	if (v1_path(cgroups, "cpu", cpu, path) &&
		cgroup_number(path, "cpu.stat", "throttled_time ", &value))
		s->throttled_ns = NV_MAX(s->throttled_ns, value);
	if (!v1_path(cgroups, "freezer", freezer, path))
		return;
	(void)snprintf(file, sizeof(file), "%s/freezer.state", path);
	/* THAWED, FREEZING, FROZEN; the root has no such file. */
	if (eng_small_file(file, buf, sizeof(buf)) > 0 && buf[0] == 'F')
		s->stopped = true;
}

void
eng_watch_sample(const struct eng_instance *inst, struct eng_watch_sample *ret)
{
	static int32_t pids[PIDS_MAX]; /* one at a time */
	long n = inst->cgroup[0] ? eng_cgroup_pids(inst->cgroup, pids, PIDS_MAX) : 0;

	*ret = (struct eng_watch_sample){
		.mono_ns = nv_mono_ns(), .asleep_ns = asleep_ns()};
	if (inst->pid > 0) {
		look_at_process(inst->pid, true, ret);
		look_at_v1(inst->pid, ret);
	}
	for (long i = 0; i < n; i++) {
		if (pids[i] != inst->pid)
			look_at_process(pids[i], false, ret);
	}
	if (inst->cgroup[0])
		look_at_cgroup(inst->cgroup, ret);
}
