/* The lifecycle journal: see journal.h. The engine punches holes below what it has
 * stored, so the file's length grows for ever and its memory does not. */
#include "journal.h"
#include "nv_buf.h"
#include "nv_clock.h"
#include "nv_fd.h"
#include "nv_log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define WAITING_BYTES_MAX ((size_t)4 << 20)

struct sup_journal {
	int fd;
	uint64_t bytes;
	bool grew;
	struct nv_buf waiting;
};

int
sup_journal_new(struct sup_journal **ret)
{
	struct sup_journal *j = calloc(1, sizeof(*j));

	if (!j)
		return -ENOMEM;
	j->fd = memfd_create("nova-journal", MFD_CLOEXEC);
	if (j->fd < 0) {
		int rc = -errno;

		free(j);
		return rc;
	}
	nv_buf_init(&j->waiting, WAITING_BYTES_MAX);
	*ret = j;
	return 0;
}

void
sup_journal_free(struct sup_journal *j)
{
	if (!j)
		return;
	nv_fd_close(&j->fd);
	nv_buf_fini(&j->waiting);
	free(j);
}

int
sup_journal_fd(const struct sup_journal *j)
{
	return j->fd;
}

uint64_t
sup_journal_bytes(const struct sup_journal *j)
{
	return j->bytes;
}

int
sup_journal_load(
	const struct sup_journal_state *s, const char *waiting, struct sup_journal **ret)
{
	struct sup_journal *j = calloc(1, sizeof(*j));

	if (!j)
		return -ENOMEM;
	j->fd = s->fd;
	j->bytes = s->bytes;
	nv_buf_init(&j->waiting, WAITING_BYTES_MAX);
	nv_buf_add(&j->waiting, waiting, s->waiting);
	if (j->waiting.error) {
		int rc = j->waiting.error;

		nv_buf_fini(&j->waiting);
		free(j);
		return rc;
	}
	sup_journal_flush(j);
	j->grew = true; /* the engine may not have been told */
	*ret = j;
	return 0;
}

const char *
sup_journal_save(const struct sup_journal *j, struct sup_journal_state *ret)
{
	*ret = (struct sup_journal_state){
		.fd = j->fd, .bytes = j->bytes, .waiting = j->waiting.bytes};
	return j->waiting.data;
}

bool
sup_journal_waits(const struct sup_journal *j)
{
	return j->waiting.bytes > 0;
}

/* At the place where the last byte went; a short write goes on next time. */
void
sup_journal_flush(struct sup_journal *j)
{
	while (j->waiting.bytes > 0) {
		ssize_t n =
			pwrite(j->fd, j->waiting.data, j->waiting.bytes, (off_t)j->bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			nv_error("journal: %s; %zu bytes wait", strerror(errno),
				j->waiting.bytes);
			return;
		}
		j->bytes += (uint64_t)n;
		j->grew = true;
		nv_buf_consume(&j->waiting, (size_t)n);
	}
}

bool
sup_journal_grew(struct sup_journal *j)
{
	bool grew = j->grew;

	j->grew = false;
	return grew;
}

/* The rest of every line: when. */
static void
finish(struct sup_journal *j, size_t before)
{
	int64_t now = nv_wall_ns();

	nv_buf_printf(&j->waiting, ",\"at\":%lld.%03lld}\n",
		(long long)(now / NV_NS_PER_SEC),
		(long long)(now % NV_NS_PER_SEC / NV_NS_PER_MS));
	if (j->waiting.error) {
		/* A fleet that crashes into a full memory for hours; say what is lost. */
		nv_error("journal: no memory for an entry; it is lost: %s",
			strerror(-j->waiting.error));
		j->waiting.error = 0;
		j->waiting.bytes = NV_MIN(j->waiting.bytes, before);
	}
}

void
sup_journal_start(struct sup_journal *j, const struct sup_stream *s)
{
	size_t before = j->waiting.bytes;

	nv_buf_printf(&j->waiting,
		"{\"event\":\"start\",\"stream\":\"%llu\",\"worker\":\"%s\",\"instance\":"
		"%u,"
		"\"generation\":%u,\"pid\":%d",
		(unsigned long long)s->id, s->worker, s->instance, s->generation,
		(int)s->pid);
	finish(j, before);
}

void
sup_journal_exit(struct sup_journal *j, const struct sup_journal_exit *e)
{
	size_t before = j->waiting.bytes;

	nv_buf_printf(&j->waiting,
		"{\"event\":\"exit\",\"stream\":\"%llu\",\"worker\":\"%s\",\"instance\":%"
		"u,"
		"\"generation\":%u,\"pid\":%d,\"status\":%d,\"cause\":\"%s\",\"crash\":%"
		"s,"
		"\"uptime_ms\":%lld,\"cpu_us\":%llu,\"mem_peak_kib\":%llu",
		e->stream ? (unsigned long long)e->stream->id : 0ULL, e->worker,
		e->instance, e->generation, (int)e->pid, e->status, e->cause,
		e->crash ? "true" : "false", (long long)e->uptime_ms,
		(unsigned long long)e->cpu_us, (unsigned long long)e->mem_peak_kib);
	if (e->by && e->by[0])
		nv_buf_printf(&j->waiting, ",\"by\":\"%s\"", e->by);
	if (e->detail && e->detail[0]) {
		nv_buf_puts(&j->waiting, ",\"detail\":");
		nv_buf_put_json(&j->waiting, e->detail, strlen(e->detail));
	}
	if (e->error.stage != SUP_STAGE_NONE)
		nv_buf_printf(&j->waiting, ",\"stage\":\"%s\",\"errno\":\"%s\"",
			sup_stage_name(e->error.stage), strerrorname_np(e->error.error));
	finish(j, before);
}

void
sup_journal_state(struct sup_journal *j, const char *worker, uint32_t instance,
	const char *state, const char *reason)
{
	size_t before = j->waiting.bytes;

	nv_buf_printf(&j->waiting,
		"{\"event\":\"state\",\"worker\":\"%s\",\"instance\":%u,\"state\":\"%s\","
		"\"reason\":",
		worker, instance, state);
	nv_buf_put_json(&j->waiting, reason, strlen(reason));
	finish(j, before);
}

void
sup_journal_incident(struct sup_journal *j, uint32_t id, const char *state,
	uint32_t n_workers, const char *names, uint32_t failed, int64_t age_ms,
	const char *reason)
{
	size_t before = j->waiting.bytes;

	nv_buf_printf(&j->waiting,
		"{\"event\":\"incident\",\"id\":%u,\"state\":\"%s\",\"workers\":%u,"
		"\"down\":[%s],\"failed\":%u,\"age_ms\":%lld,\"reason\":",
		id, state, n_workers, names, failed, (long long)age_ms);
	nv_buf_put_json(&j->waiting, reason, strlen(reason));
	finish(j, before);
}
