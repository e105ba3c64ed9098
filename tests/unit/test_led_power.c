/* The power is cut at any moment: the writes of a run are recorded, and the file is put
 * together as a disk may have it then: everything before the last sync, and of what came
 * after it any subset of the 512-byte sectors. It must open, verify, hold every batch
 * whose commit had returned and no part of another, and go on. The control lies about
 * every sync: what it loses shows that the test can see a loss.
 *
 * LED_CUTS sets how many cuts, LED_SEED where the sequence of random numbers begins. */
#include "led_fixture.h"
#include "run_suite.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#define SECTOR  512u
#define COMMITS 40
#define EVENTS  30

enum op_kind {
	OP_WRITE,
	OP_WRITE_DURABLE, /* through a descriptor with O_DSYNC: synced by itself */
	OP_SYNC,
	OP_RENAME, /* the file got its name */
	OP_SYNC_DIR,
	OP_ACK /* a commit returned */
};
struct op {
	enum op_kind kind;
	uint64_t at; /* OP_ACK: events so far */
	size_t bytes;
	char *data; /* owned */
};
static struct {
	bool on;
	bool lie; /* the control: no sync is one */
	struct op *ops;
	size_t n;
	size_t cap;
} tape;

static void
record(enum op_kind kind, uint64_t at, const void *data, size_t bytes)
{
	if (tape.n == tape.cap) {
		tape.cap = tape.cap ? tape.cap * 2 : 256;
		tape.ops = realloc(tape.ops, tape.cap * sizeof(*tape.ops));
		ck_assert_ptr_nonnull(tape.ops);
	}
	struct op *op = &tape.ops[tape.n++];

	*op = (struct op){.kind = kind, .at = at, .bytes = bytes};
	if (bytes > 0) {
		op->data = malloc(bytes);
		ck_assert_ptr_nonnull(op->data);
		memcpy(op->data, data, bytes);
	}
}

static void
erase(void)
{
	for (size_t i = 0; i < tape.n; i++)
		free(tape.ops[i].data);
	free(tape.ops);
	memset(&tape, 0, sizeof(tape));
}

/* Whether a descriptor is the ledger's data file, or its directory. */
static bool
is_ours(int fd, const char *what)
{
	char link[64];
	char path[256];

	if (!tape.on)
		return false;
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, path, sizeof(path) - 1);

	if (n < 0)
		return false;
	path[n] = '\0';
	size_t m = strlen(what);

	return (size_t)n >= m && strcmp(path + (size_t)n - m, what) == 0;
}

static bool
is_data(int fd)
{
	return is_ours(fd, "/ledger.mdb") || is_ours(fd, "/new.mdb");
}

static void
record_write(int fd, uint64_t at, const void *data, ssize_t bytes)
{
	if (bytes <= 0 || !is_data(fd))
		return;
	bool durable = !tape.lie && (fcntl(fd, F_GETFL) & O_DSYNC) != 0;

	record(durable ? OP_WRITE_DURABLE : OP_WRITE, at, data, (size_t)bytes);
}

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): libc's names are
 * reserved */
ssize_t
pwrite(int fd, const void *data, size_t bytes, off_t offset)
{
	ssize_t n = syscall(SYS_pwrite64, fd, data, bytes, offset);

	record_write(fd, (uint64_t)offset, data, n);
	return n;
}

ssize_t
pwrite64(int fd, const void *data, size_t bytes, off64_t offset)
{
	return pwrite(fd, data, bytes, offset);
}

ssize_t
pwritev(int fd, const struct iovec *iov, int n, off_t offset)
{
	ssize_t all = 0;

	for (int i = 0; i < n; i++) {
		ssize_t bytes = pwrite(fd, iov[i].iov_base, iov[i].iov_len, offset + all);

		if (bytes < 0)
			return all > 0 ? all : bytes;
		all += bytes;
	}
	return all;
}

ssize_t
writev(int fd, const struct iovec *iov, int n)
{
	if (!is_data(fd))
		return syscall(SYS_writev, fd, iov, n);
	off_t offset = lseek(fd, 0, SEEK_CUR);
	ssize_t all = pwritev(fd, iov, n, offset);

	if (all > 0)
		(void)lseek(fd, offset + all, SEEK_SET);
	return all;
}

static void
record_sync(int fd)
{
	if (!tape.lie && is_data(fd))
		record(OP_SYNC, 0, NULL, 0);
	else if (!tape.lie && is_ours(fd, test_dir))
		record(OP_SYNC_DIR, 0, NULL, 0);
}

/* Not passed on: no power is lost here, and real ones only cost time. */
int
fdatasync(int fd)
{
	record_sync(fd);
	return 0;
}

int
fsync(int fd)
{
	record_sync(fd);
	return 0;
}

int
renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
	int rc = (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, flags);

	if (rc == 0 && tape.on)
		record(OP_RENAME, 0, NULL, 0);
	return rc;
}

/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */

/* ---- the disk after a cut ---- */

static uint64_t random_state;

static uint32_t
below(uint32_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)((random_state >> 20) % n);
}

struct image {
	char *data; /* owned */
	size_t bytes;
	size_t cap;
};

static void
apply(struct image *image, uint64_t at, const char *data, size_t bytes)
{
	size_t end = (size_t)at + bytes;

	if (end > image->cap) {
		size_t cap = end * 2;

		image->data = realloc(image->data, cap);
		ck_assert_ptr_nonnull(image->data);
		memset(image->data + image->cap, 0, cap - image->cap);
		image->cap = cap;
	}
	memcpy(image->data + at, data, bytes);
	image->bytes = NV_MAX(image->bytes, end);
}

/* Each sector by itself, in `percent` of the cases. */
static void
apply_torn(struct image *image, const struct op *op, uint32_t percent)
{
	for (size_t done = 0; done < op->bytes;) {
		uint64_t at = op->at + done;
		size_t n = NV_MIN(op->bytes - done, SECTOR - (size_t)(at % SECTOR));

		if (below(100) < percent)
			apply(image, at, op->data + done, n);
		done += n;
	}
}

struct cut {
	struct image image;
	uint64_t acked;
	bool named; /* the file has its name */
};

/* The first k operations were begun, the last of them perhaps not finished. */
static void
cut_at(size_t k, struct cut *cut)
{
	static const uint32_t percents[] = {0, 10, 50, 90, 100};
	uint32_t percent = percents[below(NV_LEN(percents))];
	size_t synced = 0;
	bool renamed = false;
	bool renamed_for_sure = false;

	for (size_t i = 0; i + 1 < k; i++) {
		if (tape.ops[i].kind == OP_SYNC)
			synced = i;
		renamed |= tape.ops[i].kind == OP_RENAME;
		renamed_for_sure |= renamed && tape.ops[i].kind == OP_SYNC_DIR;
	}
	for (size_t i = 0; i < k; i++) {
		const struct op *op = &tape.ops[i];
		bool returned = i + 1 < k;

		if (op->kind == OP_ACK)
			cut->acked = op->at;
		else if (op->kind != OP_WRITE && op->kind != OP_WRITE_DURABLE)
			continue;
		else if (i < synced || (returned && op->kind == OP_WRITE_DURABLE))
			apply(&cut->image, op->at, op->data, op->bytes);
		else
			apply_torn(&cut->image, op, percent);
	}
	cut->named = renamed_for_sure || (renamed && below(2) == 0);
}

/* ---- what is left of it ---- */

static void
put_image(const struct image *image, const char *name)
{
	int fd = open(file_in(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	if (image->bytes > 0)
		ck_assert_int_eq(
			write(fd, image->data, image->bytes), (ssize_t)image->bytes);
	close(fd);
}

static void
no_word(void *arg, const char *problem)
{
	(void)arg;
	(void)problem;
}

static bool
write_batch(struct led *led, uint64_t *seq, int64_t now)
{
	struct led_batch *b = begin(led, now);
	char id[32];

	for (int i = 0; i < EVENTS; i++) {
		(void)snprintf(id, sizeof(id), "id-%llu", (unsigned long long)*seq + 1);
		*seq = add_cost(b, i % 2 ? "w1" : "w2", (int64_t)*seq + 1, id);
	}
	return led_batch_commit(b, NULL) == 0;
}

enum outcome { SOUND, LOST, BROKEN };

/* In a child: a broken file may crash it. */
static enum outcome
look(uint64_t acked)
{
	struct led_options opt = {.map_bytes = 1};
	struct led *led;

	if (led_open(test_dir, &opt, &led, NULL) < 0)
		return BROKEN;
	uint64_t seq = stats(led).events;
	nv_i128 sum = (nv_i128)seq * (seq + 1) / 2;

	if (seq < acked)
		return LOST;
	if (seq % EVENTS != 0 || (seq > 0 && window(led, NULL, 0, INT64_MAX).cost != sum))
		return BROKEN;
	if (!write_batch(led, &seq, T0 + DAY))
		return BROKEN;
	led_close(led);
	return led_verify_contained(test_dir, no_word, NULL, NULL) == 0 ? SOUND : BROKEN;
}

static enum outcome
judge(uint64_t acked)
{
	int status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		tape.on = false;
		/* A crash of the control's is no news. */
		if (!freopen("/dev/null", "w", stderr))
			_exit(BROKEN);
		if (access(file_in("ledger.mdb"), F_OK) == 0 &&
			led_verify_contained(test_dir, no_word, NULL, NULL) != 0)
			_exit(BROKEN);
		_exit((int)look(acked));
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) && WEXITSTATUS(status) <= BROKEN
		       ? (enum outcome)WEXITSTATUS(status)
		       : BROKEN;
}

static enum outcome
cut_and_judge(size_t k)
{
	struct cut cut = {0};

	cut_at(k, &cut);
	remove_file("ledger.mdb");
	remove_file("ledger.mdb-lock");
	remove_file("new.mdb");
	put_image(&cut.image, cut.named ? "ledger.mdb" : "new.mdb");
	free(cut.image.data);
	enum outcome outcome = judge(cut.acked);

	if (outcome != SOUND && !tape.lie)
		(void)fprintf(stderr, "cut %zu of %zu: %s\n", k, tape.n,
			outcome == LOST ? "a commit that had returned is gone"
					: "broken");
	return outcome;
}

static void
run_recorded(int commits, bool lie)
{
	uint64_t seq = 0;

	make_dir();
	tape.on = true;
	tape.lie = lie;
	struct led *led = open_with(1);

	for (int i = 0; i < commits; i++) {
		ck_assert(write_batch(led, &seq, T0 + i * MIN));
		record(OP_ACK, seq, NULL, 0);
	}
	led_close(led);
	tape.on = false;
	ck_assert_uint_gt(tape.n, 4);
}

static uint32_t
setting(const char *name, uint32_t otherwise)
{
	const char *text = getenv(name);

	return text ? (uint32_t)strtoul(text, NULL, 10) : otherwise;
}

static void
start_random(void)
{
	random_state = 0x9e3779b97f4a7c15u ^ setting("LED_SEED", 1);
	for (int i = 0; i < 10; i++)
		(void)below(2);
}

/* Where the commits begin: the file has its name for sure. */
static size_t
first_ack(void)
{
	size_t i = 0;

	while (i < tape.n && tape.ops[i].kind != OP_ACK)
		i++;
	ck_assert_uint_lt(i, tape.n);
	return i;
}

START_TEST(power_cut)
{
	uint32_t n = setting("LED_CUTS", 200);
	size_t bad = 0;

	start_random();
	run_recorded(COMMITS, false);
	size_t from = first_ack();

	for (uint32_t i = 0; i < n; i++)
		bad += cut_and_judge(from + 1 + below((uint32_t)(tape.n - from))) !=
		       SOUND;
	(void)printf("%u cuts over %zu operations: %zu bad\n", n, tape.n, bad);
	ck_assert_uint_eq(bad, 0);
	erase();
	remove_dir();
}
END_TEST

/* While the file is being made: every operation, several times. */
START_TEST(power_cut_at_creation)
{
	size_t bad = 0;
	size_t n = 0;

	start_random();
	run_recorded(1, false);
	size_t last = first_ack() + 1;

	for (size_t k = 1; k <= last; k++) {
		for (int again = 0; again < 4; again++, n++)
			bad += cut_and_judge(k) != SOUND;
	}
	(void)printf("%zu cuts while a ledger is made: %zu bad\n", n, bad);
	ck_assert_uint_eq(bad, 0);
	erase();
	remove_dir();
}
END_TEST

/* A kill leaves everything that was written: at every operation in turn. */
START_TEST(killed_at_each_write)
{
	struct cut cut = {0};
	size_t bad = 0;
	bool named = false;

	run_recorded(12, false);
	for (size_t k = 0; k < tape.n; k++) {
		const struct op *op = &tape.ops[k];

		named |= op->kind == OP_RENAME;
		if (op->kind == OP_ACK)
			cut.acked = op->at;
		if (op->kind != OP_WRITE && op->kind != OP_WRITE_DURABLE)
			continue;
		apply(&cut.image, op->at, op->data, op->bytes);
		remove_file("ledger.mdb");
		remove_file("ledger.mdb-lock");
		remove_file("new.mdb");
		put_image(&cut.image, named ? "ledger.mdb" : "new.mdb");
		bad += judge(cut.acked) != SOUND;
	}
	free(cut.image.data);
	ck_assert_uint_eq(bad, 0);
	erase();
	remove_dir();
}
END_TEST

/* The control: with syncs that do nothing the same cuts must lose and break. */
START_TEST(control_without_syncs)
{
	size_t seen[BROKEN + 1] = {0};

	start_random();
	run_recorded(COMMITS, true);
	for (int i = 0; i < 60; i++)
		seen[cut_and_judge(tape.n / 2 + below((uint32_t)(tape.n / 2)))]++;
	(void)printf("without syncs: %zu sound, %zu lost commits, %zu broken\n",
		seen[SOUND], seen[LOST], seen[BROKEN]);
	ck_assert_uint_gt(seen[LOST] + seen[BROKEN], 20);
	erase();
	remove_dir();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("led_power");
	TCase *tc = tcase_create("power");

	tcase_set_timeout(tc, 1000);
	tcase_add_test(tc, power_cut);
	tcase_add_test(tc, power_cut_at_creation);
	tcase_add_test(tc, killed_at_each_write);
	tcase_add_test(tc, control_without_syncs);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
