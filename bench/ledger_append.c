/* How fast events become durable: led_batch_event next to raw LMDB appends and SQLite
 * (WAL, synchronous=FULL) of the same bytes in the same batches, in one run, on one core.
 *
 *   ledger_append [EVENTS] [BATCH] [DIR]      (default 1000000 10000, a new directory in
 * /tmp)
 *
 * Prints wall and CPU time per event; wall time holds the waiting for the disk. */
#include "led.h"
#include "nv_buf.h"
#include "nv_clock.h"

#include <errno.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#ifdef HAVE_SQLITE3
#include <sqlite3.h>
#endif

enum { WORKERS = 64, RECORD_BYTES = 132 };

static uint64_t n_events = 1000000;
static uint64_t batch_events = 10000;
static char dir[512];

struct mark {
	int64_t wall_ns;
	int64_t cpu_ns;
};

static struct mark
mark_now(void)
{
	struct timespec cpu;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu); /* cannot fail */
	return (struct mark){
		nv_mono_ns(), (int64_t)cpu.tv_sec * NV_NS_PER_SEC + cpu.tv_nsec};
}

static void
report(const char *name, struct mark from, uint64_t n)
{
	struct mark to = mark_now();
	double wall = (double)(to.wall_ns - from.wall_ns);
	double cpu = (double)(to.cpu_ns - from.cpu_ns);

	(void)printf("%-28s %10.0f events/s   %7.3f us CPU/event   %7.3f us wall/event\n",
		name, (double)n * 1e9 / wall, cpu / 1e3 / (double)n,
		wall / 1e3 / (double)n);
}

NV_NORETURN static void
fail(const char *what, const char *why)
{
	(void)fprintf(stderr, "ledger_append: %s: %s\n", what, why);
	exit(NV_EXIT_FAILED);
}

static void
path_in(char *buf, size_t buf_bytes, const char *name)
{
	if ((size_t)snprintf(buf, buf_bytes, "%s/%s", dir, name) >= buf_bytes)
		fail(dir, "too long a path");
}

/* ---- the ledger ---- */

/* What the intake makes of a line: mostly costs, some sales, some runs. */
static int
add_event(struct led_batch *b, uint64_t i, const uint32_t *workers, uint32_t currency,
	uint64_t *offsets, int64_t now)
{
	static const char cost[] =
		"{\"event\":\"cost\",\"amount\":\"0.020000\",\"category\":"
		"\"llm\",\"vendor\":\"openai\",\"note\":\"n 123456\"}";
	unsigned w = (unsigned)(i % WORKERS);
	unsigned kind = (unsigned)(i / WORKERS % 10);
	struct led_event ev = {
		.worker = workers[w],
		.instance = 1,
		.generation = 3,
		.stream = (UINT64_C(0xabcdef1234) << 24) + w + 1,
		.stream_offset = offsets[w],
		.claimed_ns = now,
		.received_ns = now,
		.line = cost,
		.line_bytes = sizeof(cost) - 1,
	};
	int rc = 0;

	offsets[w] += ev.line_bytes + 1;
	if (kind < 7) {
		ev.kind = LED_COST;
		ev.category = "llm";
		ev.category_bytes = 3;
		rc = led_batch_post(
			b, &ev, LED_CODE_COST, "openai", 6, 20000000, currency);
	} else if (kind < 9) {
		ev.kind = LED_REVENUE;
		ev.category = "stripe";
		ev.category_bytes = 6;
		rc = led_batch_post(
			b, &ev, LED_CODE_REVENUE, "stripe", 6, 50000000, currency);
	} else {
		ev.kind = LED_RUN;
		ev.flags = LED_F_OK;
		ev.duration_ms = 250;
	}
	return rc < 0 ? rc : led_batch_event(b, &ev, NULL);
}

static void
one_batch(struct led *led, uint64_t first, uint64_t n, uint64_t *offsets)
{
	struct led_batch *b;
	struct nv_err err = {0};
	uint32_t workers[WORKERS];
	int64_t now = nv_wall_ns();

	if (led_batch_begin(led, now, &b, &err) < 0)
		fail("begin", err.text);
	for (int w = 0; w < WORKERS; w++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "worker%d", w);
		workers[w] = led_batch_worker_id(b, name);
	}
	uint32_t currency = led_batch_currency_id(b, "USD");

	for (uint64_t i = 0; i < n; i++) {
		int rc = add_event(b, first + i, workers, currency, offsets, now);

		if (rc != 0)
			fail("event", strerror(-rc));
	}
	for (unsigned w = 0; w < WORKERS; w++) {
		struct led_stream row = {
			.stream_id = (UINT64_C(0xabcdef1234) << 24) + w + 1,
			.worker = workers[w],
			.state = LED_STREAM_OPEN,
			.offset = offsets[w],
		};
		int rc = led_batch_stream(b, &row);

		if (rc != 0)
			fail("stream", strerror(-rc));
	}
	if (led_batch_commit(b, &err) < 0)
		fail("commit", err.text);
}

static void
no_problem(void *arg, const char *problem)
{
	(void)arg;
	fail("verify", problem);
}

static void
bench_ledger(void)
{
	static uint64_t offsets[WORKERS];
	char path[600];
	struct led *led;
	struct nv_err err = {0};
	uint64_t checked;

	path_in(path, sizeof(path), "ledger");
	if (led_open(path, NULL, &led, &err) < 0)
		fail(path, err.text);
	struct mark from = mark_now();

	for (uint64_t i = 0; i < n_events; i += batch_events)
		one_batch(led, i, NV_MIN(batch_events, n_events - i), offsets);
	report("nova ledger", from, n_events);
	led_close(led);
	from = mark_now();
	if (led_verify(path, NULL, no_problem, NULL, &checked) != 0 ||
		checked != n_events)
		fail("verify", "not all events were checked");
	report("  (verify of it)", from, n_events);
}

/* ---- the same bytes without the ledger ---- */

static void
fill_record(uint8_t *record, uint64_t i)
{
	memset(record, (int)('a' + i % 20), RECORD_BYTES);
	memcpy(record, &i, sizeof(i));
}

static void
lmdb_check(int rc)
{
	if (rc != 0)
		fail("lmdb", mdb_strerror(rc));
}

static void
bench_lmdb(void)
{
	char path[600];
	MDB_env *env;
	MDB_dbi dbi = 0;
	uint8_t record[RECORD_BYTES];
	uint8_t key_bytes[8];

	path_in(path, sizeof(path), "raw.mdb");
	lmdb_check(mdb_env_create(&env));
	lmdb_check(mdb_env_set_mapsize(env, (size_t)64 << 30));
	lmdb_check(mdb_env_open(env, path, MDB_NOSUBDIR | MDB_NOTLS, 0600));
	struct mark from = mark_now();

	for (uint64_t i = 0; i < n_events;) {
		MDB_txn *txn;
		MDB_cursor *cursor;

		lmdb_check(mdb_txn_begin(env, NULL, 0, &txn));
		lmdb_check(mdb_dbi_open(txn, NULL, 0, &dbi));
		lmdb_check(mdb_cursor_open(txn, dbi, &cursor));
		for (uint64_t n = 0; n < batch_events && i < n_events; n++, i++) {
			uint64_t big = __builtin_bswap64(i + 1);
			MDB_val key = {sizeof(big), key_bytes};
			MDB_val value = {RECORD_BYTES, record};

			memcpy(key_bytes, &big, sizeof(big));
			fill_record(record, i);
			lmdb_check(mdb_cursor_put(cursor, &key, &value, MDB_APPEND));
		}
		lmdb_check(mdb_txn_commit(txn));
	}
	report("raw LMDB, same bytes", from, n_events);
	mdb_env_close(env);
}

#ifdef HAVE_SQLITE3
static void
sql(sqlite3 *db, const char *text)
{
	if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK)
		fail("sqlite", sqlite3_errmsg(db));
}

static void
bench_sqlite(void)
{
	char path[600];
	sqlite3 *db;
	sqlite3_stmt *insert;
	uint8_t record[RECORD_BYTES];

	path_in(path, sizeof(path), "raw.sqlite");
	if (sqlite3_open(path, &db) != SQLITE_OK)
		fail("sqlite", "cannot open");
	sql(db, "PRAGMA journal_mode=WAL");
	sql(db, "PRAGMA synchronous=FULL");
	sql(db, "CREATE TABLE event(seq INTEGER PRIMARY KEY, record BLOB)");
	if (sqlite3_prepare_v2(db, "INSERT INTO event VALUES(?,?)", -1, &insert, NULL))
		fail("sqlite", sqlite3_errmsg(db));
	struct mark from = mark_now();

	for (uint64_t i = 0; i < n_events;) {
		sql(db, "BEGIN");
		for (uint64_t n = 0; n < batch_events && i < n_events; n++, i++) {
			fill_record(record, i);
			(void)sqlite3_bind_int64(insert, 1, (sqlite3_int64)i + 1);
			(void)sqlite3_bind_blob(
				insert, 2, record, RECORD_BYTES, SQLITE_STATIC);
			if (sqlite3_step(insert) != SQLITE_DONE)
				fail("sqlite", sqlite3_errmsg(db));
			(void)sqlite3_reset(insert); /* the step said it is fine */
		}
		sql(db, "COMMIT");
	}
	report("SQLite WAL FULL, same bytes", from, n_events);
	(void)sqlite3_finalize(insert);
	(void)sqlite3_close(db);
}
#endif

static void
remove_all(void)
{
	static const char *const names[] = {"ledger/ledger.mdb", "ledger/ledger.mdb-lock",
		"ledger/writer.lock", "ledger", "raw.mdb", "raw.mdb-lock", "raw.sqlite",
		"raw.sqlite-wal", "raw.sqlite-shm", ""};
	char path[600];

	for (size_t i = 0; i < NV_LEN(names); i++) {
		path_in(path, sizeof(path), names[i]);
		if (unlink(path) < 0 && (errno == EISDIR || errno == EPERM))
			(void)rmdir(path); /* what is left is the user's to see */
	}
}

static uint64_t
number(const char *text)
{
	char *end;

	errno = 0;
	unsigned long long v = strtoull(text, &end, 10);

	if (errno || *end || v == 0 || v > 1000000000)
		fail(text, "expected a number from 1 to 1000000000");
	return v;
}

int
main(int argc, char **argv)
{
	if (argc > 1)
		n_events = number(argv[1]);
	if (argc > 2)
		batch_events = number(argv[2]);
	(void)snprintf(
		dir, sizeof(dir), "%s/nova-bench.XXXXXX", argc > 3 ? argv[3] : "/tmp");
	if (!mkdtemp(dir))
		fail(dir, strerror(errno));
	bench_ledger();
	bench_lmdb();
#ifdef HAVE_SQLITE3
	bench_sqlite();
#else
	(void)puts("SQLite: not built in (libsqlite3-dev was not there)");
#endif
	remove_all();
	return NV_EXIT_OK;
}
