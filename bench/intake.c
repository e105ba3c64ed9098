/* How fast what workers say becomes durable: the real engine behind 1 and 64 pipes
 * (splice, strict scan, legs, balances, rollups, audit chain, synced group commit) next
 * to raw LMDB appends of the same lines.
 *
 * usage: bench_intake [LINES [DIRECTORY]]     the engine: NOVA_BIN, else ../bin beside it
 */
#include "nv_clock.h"
#include "nv_fd.h"
#include "nv_paths.h"
#include "seen.h"
#include "supd.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define WRITE_BYTES 4096
#define TXN_BYTES   ((size_t)1 << 20)

static const char *const workers[] = {"bench"};
static const char yaml[] = "currency: USD\nprices:\n  cpu_second: $0\n  gib_hour: $0\n"
			   "sample: 1h\nmax_daily_budget: $1000000000\n";

/* 60 % costs, 20 % sales, 10 % runs, 10 % heartbeats; 93 bytes on the average. */
static size_t
make_line(char *buf, size_t buf_bytes, uint64_t n)
{
	int bytes;

	switch (n % 10) {
	case 0:
	case 1:
		bytes = snprintf(buf, buf_bytes,
			"{\"event\":\"revenue\",\"amount\":\"12.%02u\",\"currency\":"
			"\"USD\","
			"\"source\":\"shop\",\"external_id\":\"ch_%012llu\"}\n",
			(unsigned)(n % 100), (unsigned long long)n);
		break;
	case 2:
		bytes = snprintf(buf, buf_bytes,
			"{\"event\":\"run\",\"ok\":true,\"duration_ms\":%u,\"note\":"
			"\"batch "
			"%012llu of the day\"}\n",
			(unsigned)(n % 5000), (unsigned long long)n);
		break;
	case 3:
		bytes = snprintf(buf, buf_bytes,
			"{\"event\":\"heartbeat\",\"status\":\"item %llu\"}\n",
			(unsigned long long)n);
		break;
	default:
		bytes = snprintf(buf, buf_bytes,
			"{\"event\":\"cost\",\"amount\":\"0.%06u\",\"currency\":\"USD\","
			"\"category\":\"llm\",\"vendor\":\"anthropic\",\"n\":%llu}\n",
			(unsigned)(n * 7919 % 1000000), (unsigned long long)n);
	}
	return (size_t)bytes;
}

/* Whole lines, as many as go into one write. */
NV_NORETURN static void
write_lines(int fd, uint64_t lines)
{
	char block[WRITE_BYTES];
	char line[300];
	size_t used = 0;

	for (uint64_t n = 0; n < lines; n++) {
		size_t bytes = make_line(line, sizeof(line), n);

		if (used + bytes > sizeof(block)) {
			if (nv_write_full(fd, block, used) != 0)
				_exit(1);
			used = 0;
		}
		memcpy(block + used, line, bytes);
		used += bytes;
	}
	_exit(nv_write_full(fd, block, used) == 0 ? 0 : 1);
}

/* CPU time of the (single-threaded) engine so far; 0 where the kernel does not tell. */
static double
child_cpu_s(pid_t pid)
{
	char path[64];
	char *text;
	size_t bytes;

	(void)snprintf(path, sizeof(path), "/proc/%d/schedstat", pid);
	if (nv_read_file_at(AT_FDCWD, path, 4096, &text, &bytes) != 0)
		return 0;
	double seconds = (double)strtoull(text, NULL, 10) / 1e9;

	free(text);
	return seconds;
}

static void
report(const char *name, uint64_t lines, int64_t wall_ns, double cpu_s)
{
	(void)printf("%-28s %10.0f events/s   %7.3f us CPU/event   %7.3f us wall/event\n",
		name, (double)lines * 1e9 / (double)wall_ns, cpu_s * 1e6 / (double)lines,
		(double)wall_ns / 1e3 / (double)lines);
	(void)fflush(stdout);
}

static double
bench_engine(const char *engine, const char *dir, uint64_t lines, unsigned pipes)
{
	static struct supd s;
	struct seen_worker seen = {0};
	unsigned readies = 0;
	char name[64];

	supd_init(&s, dir, engine, yaml, workers, 1);
	for (unsigned i = 0; i < pipes; i++)
		(void)supd_stream_add(&s, "bench", i + 1, 1, (size_t)1 << 20);
	supd_engine_start(&s);
	if (!supd_pump_until(&s, supd_is_ready, &readies, 30000))
		die("the engine does not get ready");
	double cpu_s = child_cpu_s(s.engine_pid);
	int64_t began_ns = nv_mono_ns();

	for (unsigned i = 0; i < pipes; i++) {
		pid_t pid = fork();

		if (pid < 0)
			die("no fork: %s", strerror(errno));
		if (pid == 0)
			write_lines(supd_become_writer(&s, i), lines / pipes);
	}
	for (unsigned i = 0; i < pipes; i++)
		supd_stream_end(&s, i);
	if (!supd_pump_until(&s, supd_all_dropped, NULL, 600000))
		die("the engine does not close the streams");
	int64_t wall_ns = nv_mono_ns() - began_ns;

	cpu_s = child_cpu_s(s.engine_pid) - cpu_s;
	(void)supd_engine_stop(&s, 5000, 60000);
	while (wait(NULL) > 0)
		;
	seen_worker(s.state_dir, "bench", &seen);
	uint64_t want = lines / pipes * pipes;

	if (seen.totals.events + seen.totals.heartbeats != want &&
		seen.totals.events != want)
		die("%llu events and %llu heartbeats of %llu lines",
			(unsigned long long)seen.totals.events,
			(unsigned long long)seen.totals.heartbeats,
			(unsigned long long)want);
	(void)snprintf(
		name, sizeof(name), "engine, %u pipe%s", pipes, pipes == 1 ? "" : "s");
	report(name, want, wall_ns, cpu_s);
	supd_fini(&s);
	return (double)wall_ns / (double)want;
}

static void
check(int rc, const char *what)
{
	if (rc)
		die("%s: %s", what, mdb_strerror(rc));
}

static double
bench_raw(const char *dir, uint64_t lines)
{
	MDB_env *env;
	MDB_txn *txn = NULL;
	MDB_cursor *cursor = NULL;
	MDB_dbi dbi = 0;
	char line[300];
	size_t in_txn = 0;
	int64_t began_ns = nv_mono_ns();
	struct rusage use;

	(void)getrusage(RUSAGE_SELF, &use);
	double cpu_s = (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
		       (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;

	check(mdb_env_create(&env), "create");
	check(mdb_env_set_mapsize(env, (size_t)64 << 30), "map");
	check(mdb_env_open(env, dir, MDB_NOTLS, 0600), "open");
	for (uint64_t n = 0; n < lines; n++) {
		size_t bytes = make_line(line, sizeof(line), n);
		uint64_t be = __builtin_bswap64(n);
		MDB_val key = {sizeof(be), &be};
		MDB_val value = {bytes - 1, line};

		if (!txn) {
			check(mdb_txn_begin(env, NULL, 0, &txn), "begin");
			check(mdb_dbi_open(txn, NULL, 0, &dbi), "dbi");
			check(mdb_cursor_open(txn, dbi, &cursor), "cursor");
		}
		check(mdb_cursor_put(cursor, &key, &value, MDB_APPEND), "put");
		in_txn += bytes;
		if (in_txn >= TXN_BYTES || n + 1 == lines) {
			mdb_cursor_close(cursor);
			check(mdb_txn_commit(txn), "commit");
			txn = NULL;
			in_txn = 0;
		}
	}
	mdb_env_close(env);
	int64_t wall_ns = nv_mono_ns() - began_ns;

	(void)getrusage(RUSAGE_SELF, &use);
	cpu_s = (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
		(double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6 - cpu_s;
	report("raw LMDB, same lines", lines, wall_ns, cpu_s);
	return (double)wall_ns / (double)lines;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void
find_engine(char *buf, size_t buf_bytes)
{
	struct nv_paths paths;
	const char *bin = getenv("NOVA_BIN");

	if (bin) {
		(void)snprintf(buf, buf_bytes, "%s/nova-engine", bin);
	} else {
		if (nv_paths_resolve(&paths, NULL, "/tmp", "/tmp", "/tmp", NULL) != 0)
			die("cannot find where this program is");
		(void)snprintf(buf, buf_bytes, "%s/../bin/nova-engine", paths.bin_dir);
	}
	if (access(buf, X_OK) != 0)
		die("%s: %s", buf, strerror(errno));
}

int
main(int argc, char **argv)
{
	uint64_t lines = argc > 1 ? strtoull(argv[1], NULL, 10) : 3000000;
	char dir[512];
	char sub[600];
	char engine[1200];
	static const char *const names[] = {"one", "many", "raw"};

	if (argc > 3 || lines < 64 || lines > 1000000000) {
		(void)fprintf(stderr, "usage: bench_intake [LINES [DIRECTORY]]\n");
		return NV_EXIT_USAGE;
	}
	find_engine(engine, sizeof(engine));
	(void)signal(SIGPIPE, SIG_IGN);
	(void)snprintf(
		dir, sizeof(dir), "%s/nova-bench.XXXXXX", argc > 2 ? argv[2] : "/tmp");
	if (!mkdtemp(dir))
		die("cannot make %s: %s", dir, strerror(errno));
	for (size_t i = 0; i < NV_LEN(names); i++) {
		(void)snprintf(sub, sizeof(sub), "%s/%s", dir, names[i]);
		if (nv_mkdir_p(sub, 0755) != 0)
			die("cannot make %s", sub);
	}
	(void)snprintf(sub, sizeof(sub), "%s/raw", dir);
	double raw = bench_raw(sub, lines);

	(void)snprintf(sub, sizeof(sub), "%s/one", dir);
	double one = bench_engine(engine, sub, lines, 1);

	(void)snprintf(sub, sizeof(sub), "%s/many", dir);
	double many = bench_engine(engine, sub, lines, 64);

	(void)printf(
		"raw LMDB is %.2f times as fast as one pipe, %.2f times as 64 pipes\n",
		one / raw, many / raw);
	(void)nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return NV_EXIT_OK;
}
