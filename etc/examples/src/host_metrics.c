/* An example of a service in C with libnova: publishes the machine's memory and load,
 * obeys pause, resume, new parameters and stop. See libnova(3). */
#include <nova.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define INTERVAL_MS_DEFAULT 2000

struct state {
	struct nova_worker *nova;
	long interval_ms;
	bool paused;
	bool stopping;
};

static long
now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* "MemAvailable:    1234 kB" -> 1234, or -1. */
static long
meminfo_kib(const char *name)
{
	char line[128];
	long found = -1;
	FILE *f = fopen("/proc/meminfo", "re");

	if (!f)
		return -1;
	while (found < 0 && fgets(line, sizeof(line), f)) {
		size_t bytes = strlen(name);

		if (strncmp(line, name, bytes) == 0 && line[bytes] == ':')
			found = strtol(line + bytes + 1, NULL, 10);
	}
	(void)fclose(f);
	return found;
}

/* One unit of work. 0 or a negative errno of libnova. */
static int
sample(struct state *s)
{
	long begin = now_ms();
	double load[3];
	long available = meminfo_kib("MemAvailable");
	bool ok = available >= 0 && getloadavg(load, 3) == 3;
	int rc = 0;

	if (ok) {
		rc = nova_worker_metric(s->nova, "load", load[0], NULL);
		if (rc == 0)
			rc = nova_worker_metric(
				s->nova, "memory_available_kib", (double)available, NULL);
	}
	if (rc == 0)
		rc = nova_worker_run(s->nova, ok, now_ms() - begin,
			ok ? NULL : "cannot read /proc", NULL);
	if (rc == 0)
		rc = nova_worker_heartbeat(s->nova, "sampling");
	return rc;
}

/* {"interval_ms": 500} among the parameters sets the pace. */
static void
take_params(struct state *s, const char *params)
{
	const char *found = strstr(params, "\"interval_ms\":");
	long ms = found ? strtol(found + strlen("\"interval_ms\":"), NULL, 10) : 0;

	if (ms >= 100 && ms <= 3600000)
		s->interval_ms = ms;
}

static void
obey(struct state *s, const struct nova_control *c)
{
	switch (c->kind) {
	case NOVA_CONTROL_PAUSE:
		s->paused = true;
		(void)nova_worker_heartbeat(s->nova, "paused");
		break;
	case NOVA_CONTROL_RESUME:
		s->paused = false;
		break;
	case NOVA_CONTROL_PARAMS:
		take_params(s, c->params);
		break;
	case NOVA_CONTROL_STOP:
		s->stopping = true;
		break;
	case NOVA_CONTROL_BUDGET:
	case NOVA_CONTROL_ACK:
	case NOVA_CONTROL_RESERVED:
	case NOVA_CONTROL_REFUSED:
	case NOVA_CONTROL_OTHER:
		break;
	}
}

/* Until the next sample is due, listen. */
static int
listen_until(struct state *s, long due_ms)
{
	while (!s->stopping) {
		struct nova_control c;
		long left = due_ms - now_ms();

		if (left <= 0 && !s->paused)
			return 0;
		int rc = nova_worker_control(s->nova, &c, s->paused ? 5000 : (int)left);

		if (rc == -ENOTCONN || rc == -EPIPE) {
			/* Nobody commands: go on at the pace there is. */
			struct timespec rest = {
				.tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000};

			s->paused = false;
			if (left > 0)
				(void)nanosleep(&rest, NULL);
			continue;
		}
		if (rc < 0)
			return rc;
		if (rc > 0)
			obey(s, &c);
		else if (s->paused)
			(void)nova_worker_heartbeat(s->nova, "paused");
	}
	return 0;
}

int
main(void)
{
	struct state s = {.interval_ms = INTERVAL_MS_DEFAULT};
	int rc = nova_worker_open(&s.nova);

	if (rc == 0)
		rc = nova_worker_ready(s.nova);
	if (rc == 0)
		take_params(&s, nova_worker_params(s.nova));
	while (rc == 0 && !s.stopping) {
		long begin = now_ms();

		rc = sample(&s);
		if (rc == 0)
			rc = listen_until(&s, begin + s.interval_ms);
	}
	if (rc < 0)
		(void)fprintf(stderr, "host_metrics: %s\n", strerror(-rc));
	nova_worker_close(s.nova);
	return rc < 0 ? 1 : 0;
}
