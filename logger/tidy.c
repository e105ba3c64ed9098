/* Rotated files: see tidy.h. */
#include "tidy.h"
#include "nv_clock.h"
#include "nv_fd.h"
#include "nv_log.h"
#include "nv_units.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define ROTATED_MAX 4096
#define NAME_BYTES  192
#define BLOCK_BYTES 65536
#define GZIP_WINDOW (15 + 16) /* zlib's largest window, gzip's frame around it */

struct rotated {
	char name[NAME_BYTES];
	int64_t wall_ns;
	uint64_t bytes;
	bool gzip;
};

struct rotated_list {
	struct rotated *list; /* owned */
	size_t n;
};

/* ---- compression ---- */

static int
deflate_fd(z_stream *z, int in, int out)
{
	static unsigned char raw[BLOCK_BYTES];
	static unsigned char packed[BLOCK_BYTES];
	int state = Z_OK;

	while (state != Z_STREAM_END) {
		ssize_t n = nv_read_full(in, raw, sizeof(raw));

		if (n < 0)
			return (int)n;
		int flush = (size_t)n < sizeof(raw) ? Z_FINISH : Z_NO_FLUSH;

		z->next_in = raw;
		z->avail_in = (uInt)n;
		do {
			z->next_out = packed;
			z->avail_out = sizeof(packed);
			state = deflate(z, flush);
			if (state == Z_STREAM_ERROR)
				return -EIO;
			int rc =
				nv_write_full(out, packed, sizeof(packed) - z->avail_out);

			if (rc < 0)
				return rc;
		} while (z->avail_out == 0);
	}
	return 0;
}

static int
gzip_fd(int in, int out)
{
	z_stream z = {0};

	if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, 8,
		    Z_DEFAULT_STRATEGY) != Z_OK)
		return -ENOMEM;
	int rc = deflate_fd(&z, in, out);

	(void)deflateEnd(&z);
	return rc;
}

static int
compress_one(int dir, struct rotated *r)
{
	char packed[NAME_BYTES + 4];
	char part[NAME_BYTES + 16];
	struct stat st;
	NV_CLEANUP_FD in = openat(dir, r->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (in < 0 || fstat(in, &st) < 0)
		return -errno;
	(void)snprintf(packed, sizeof(packed), "%s.gz", r->name);
	(void)snprintf(part, sizeof(part), "%s%s", packed, NV_LOG_PART_SUFFIX);
	if (unlinkat(dir, part, 0) < 0 && errno != ENOENT)
		return -errno;
	NV_CLEANUP_FD out = openat(dir, part,
		O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, st.st_mode & 0777);

	if (out < 0)
		return -errno;
	int rc = gzip_fd(in, out);

	if (rc == 0 && (fsync(out) < 0 || renameat(dir, part, dir, packed) < 0 ||
			       fsync(dir) < 0))
		rc = -errno;
	if (rc == 0 && fstat(out, &st) == 0)
		r->bytes = (uint64_t)st.st_size;
	if (rc < 0) {
		(void)unlinkat(dir, part, 0); /* the plain one stays */
		return rc;
	}
	if (unlinkat(dir, r->name, 0) < 0 && errno != ENOENT)
		return -errno;
	memcpy(r->name, packed, sizeof(r->name));
	r->gzip = true;
	return 0;
}

/* ---- the files ---- */

static int
by_time(const void *a, const void *b)
{
	const struct rotated *x = a;
	const struct rotated *y = b;

	if (x->wall_ns != y->wall_ns)
		return x->wall_ns < y->wall_ns ? 1 : -1;
	return x->gzip ? -1 : 1; /* the whole compressed one before its source */
}

/* All rotated files of the worker, newest first. */
static int
list_rotated(int dir, const char *worker, struct rotated_list *ret)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	int rc = 0;

	if (!d) {
		rc = -errno;
		nv_fd_close(&fd);
		return rc;
	}
	for (const struct dirent *e; rc == 0 && (e = readdir(d));) {
		struct rotated r = {.name = ""};
		enum nv_log_file_kind kind =
			nv_log_file_kind(e->d_name, worker, &r.wall_ns);
		struct stat st;

		if (kind == NV_LOG_FILE_PART) /* of a compression that was killed */
			(void)unlinkat(dir, e->d_name, 0);
		if ((kind != NV_LOG_FILE_PLAIN && kind != NV_LOG_FILE_GZIP) ||
			strlen(e->d_name) >= sizeof(r.name) - 4 ||
			fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
			!S_ISREG(st.st_mode) || ret->n == ROTATED_MAX)
			continue;
		(void)snprintf(r.name, sizeof(r.name), "%s", e->d_name);
		r.gzip = kind == NV_LOG_FILE_GZIP;
		r.bytes = (uint64_t)st.st_size;
		ret->list[ret->n++] = r;
	}
	(void)closedir(d);
	qsort(ret->list, ret->n, sizeof(*ret->list), by_time);
	return rc;
}

/* A plain file whose compressed one is whole is what a crash has left. */
static void
remove_twins(int dir, struct rotated_list *all)
{
	size_t n = 0;

	for (size_t i = 0; i < all->n; i++) {
		const struct rotated *r = &all->list[i];

		if (n > 0 && !r->gzip && all->list[n - 1].gzip &&
			all->list[n - 1].wall_ns == r->wall_ns)
			(void)unlinkat(dir, r->name, 0); /* the next run tries again */
		else
			all->list[n++] = *r;
	}
	all->n = n;
}

static bool
is_surplus(const struct log_tidy_job *job, const struct rotated *r, size_t rank)
{
	const struct nv_log_policy *p = &job->policy;

	return rank >= p->files_kept ||
	       (p->kept_ms_max > 0 &&
		       job->now_ns - r->wall_ns > p->kept_ms_max * NV_NS_PER_MS);
}

static int
remove_one(int dir, const struct rotated *r)
{
	return unlinkat(dir, r->name, 0) < 0 && errno != ENOENT ? -errno : 0;
}

/* Safe on disk, and small where that is wanted. */
static int
keep_one(int dir, const struct log_tidy_job *job, struct rotated *r)
{
	if (r->gzip)
		return 0;
	if (job->policy.compress == NV_LOG_COMPRESS_GZIP)
		return compress_one(dir, r);
	NV_CLEANUP_FD fd = openat(dir, r->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

static int
tidy_list(int dir, const struct log_tidy_job *job, struct rotated_list *all)
{
	uint64_t max = job->policy.kept_bytes_max;
	uint64_t bytes = 0;
	int rc = 0;

	remove_twins(dir, all);
	for (size_t i = 0; i < all->n; i++) {
		struct rotated *r = &all->list[i];
		int one = is_surplus(job, r, i) ? remove_one(dir, r)
						: keep_one(dir, job, r);

		bytes += r->bytes;
		if (one == 0 && max > 0 && bytes > max)
			one = remove_one(dir, r);
		rc = rc < 0 ? rc : one;
	}
	return rc;
}

int
log_tidy(const struct log_tidy_job *job)
{
	NV_CLEANUP_FD dir = open(job->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct rotated_list all = {calloc(ROTATED_MAX, sizeof(*all.list)), 0};

	if (dir < 0 || !all.list) {
		int rc = dir < 0 ? -errno : -ENOMEM;

		free(all.list);
		return rc;
	}
	int rc = list_rotated(dir, job->worker, &all);

	if (rc == 0)
		rc = tidy_list(dir, job, &all);
	free(all.list);
	return rc;
}

/* ---- the process ---- */

void
log_tidy_argv(struct log_tidy_argv *ret, const char *dir, const char *worker,
	const struct nv_log_policy *p)
{
	const int64_t values[] = {p->files_kept, (int64_t)p->kept_bytes_max,
		p->kept_ms_max, p->compress, getpid()};
	static char program[] = "nova-logger";
	static char verb[] = "--tidy";
	size_t n = 0;

	*ret = (struct log_tidy_argv){.argv = {NULL}};
	ret->argv[n++] = program;
	ret->argv[n++] = verb;
	memcpy(&ret->argv[n++], &dir, sizeof(dir)); /* only read there */
	memcpy(&ret->argv[n++], &worker, sizeof(worker));
	for (size_t i = 0; i < NV_LEN(values); i++) {
		(void)snprintf(
			ret->text[i], sizeof(ret->text[i]), "%lld", (long long)values[i]);
		ret->argv[n++] = ret->text[i];
	}
	NV_ASSERT(n == LOG_TIDY_ARGS - 1);
}

static int64_t
value(const char *text)
{
	char *end;
	long long v = strtoll(text, &end, 10);

	return *text && !*end && v >= 0 ? v : -1;
}

int
log_tidy_main(int argc, char **argv)
{
	int64_t v[5];

	if (argc != LOG_TIDY_ARGS - 1 || !nv_name_valid(argv[3]))
		return NV_EXIT_USAGE;
	for (size_t i = 0; i < NV_LEN(v); i++) {
		v[i] = value(argv[4 + i]);
		if (v[i] < 0)
			return NV_EXIT_USAGE;
	}
	/* Dies with the logger, so that the next one has the files to itself. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != (pid_t)v[4])
		return NV_EXIT_FAILED;
	(void)setpriority(PRIO_PROCESS, 0, 19); /* else it runs as given */
	struct log_tidy_job job = {.dir = argv[2],
		.worker = argv[3],
		.policy = {.files_kept = (uint32_t)v[0],
			.kept_bytes_max = (uint64_t)v[1],
			.kept_ms_max = v[2],
			.compress = v[3] ? NV_LOG_COMPRESS_GZIP : NV_LOG_COMPRESS_NONE},
		.now_ns = nv_wall_ns()};
	int rc = log_tidy(&job);

	if (rc < 0)
		nv_error(
			"%s/%s.log: rotated files: %s; trying again at the next rotation",
			job.dir, job.worker, strerror(-rc));
	return rc < 0 ? NV_EXIT_FAILED : NV_EXIT_OK;
}
