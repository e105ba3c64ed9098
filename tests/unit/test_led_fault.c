/* Every write and every sync of the ledger's file fails once (EIO, ENOSPC, cut short),
 * and the disk fills up for real: it is always reported, nothing acknowledged is lost,
 * and the next start goes on. The calls LMDB makes are interposed by the definitions in
 * this file. */
#include "led_fixture.h"
#include "run_suite.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

enum fault { FAULT_EIO, FAULT_ENOSPC, FAULT_SHORT, FAULT_SYNC, FAULT_COUNT };

static struct {
	enum fault fault;
	long countdown; /* of calls it may hit; 0 = none */
} inject;

struct shared {
	uint64_t acked; /* events whose commit returned 0 */
	bool hit;
	bool carried_on; /* after a failed commit another one was let through */
};
static struct shared *shared;

static bool
hits(bool sync)
{
	if (inject.countdown == 0 || (inject.fault == FAULT_SYNC) != sync)
		return false;
	if (--inject.countdown > 0)
		return false;
	shared->hit = true;
	return true;
}

static ssize_t
failing_write(size_t bytes, bool *ret_cut)
{
	*ret_cut = inject.fault == FAULT_SHORT && bytes > 1;
	errno = inject.fault == FAULT_ENOSPC ? ENOSPC : EIO;
	return -1;
}

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): libc's names are
 * reserved */
ssize_t
pwrite(int fd, const void *data, size_t bytes, off_t offset)
{
	bool cut;

	if (hits(false)) {
		ssize_t rc = failing_write(bytes, &cut);

		if (!cut)
			return rc;
		bytes /= 2;
	}
	return syscall(SYS_pwrite64, fd, data, bytes, offset);
}

ssize_t
pwrite64(int fd, const void *data, size_t bytes, off64_t offset)
{
	return pwrite(fd, data, bytes, offset);
}

ssize_t
writev(int fd, const struct iovec *iov, int n)
{
	bool cut;

	if (hits(false)) {
		ssize_t rc = failing_write(iov[0].iov_len, &cut);

		if (!cut)
			return rc;
		return syscall(SYS_write, fd, iov[0].iov_base, iov[0].iov_len / 2);
	}
	return syscall(SYS_writev, fd, iov, n);
}

int
fdatasync(int fd)
{
	if (hits(true)) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fdatasync, fd);
}

int
fsync(int fd)
{
	if (hits(true)) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fsync, fd);
}

/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */

/* ---- one failure ---- */

static bool
write_batch(struct led *led, uint64_t *seq, int64_t now)
{
	struct led_batch *b = begin(led, now);

	for (int i = 0; i < 30; i++) {
		char id[32];

		(void)snprintf(id, sizeof(id), "id-%llu", (unsigned long long)*seq + 1);
		*seq = add_cost(b, i % 2 ? "w1" : "w2", (int64_t)*seq + 1, id);
	}
	return led_batch_commit(b, NULL) == 0;
}

/* The child: writes until something fails, says what was acknowledged. */
NV_NORETURN static void
work(void)
{
	struct led_options opt = {.map_bytes = 1};
	struct led *led;
	struct led_batch *b;

	if (led_open(test_dir, &opt, &led, NULL) < 0)
		_exit(1);
	uint64_t seq = stats(led).events;

	for (int i = 0; i < 6; i++) {
		if (!write_batch(led, &seq, T0 + i * MIN)) {
			/* Nothing may be written after a commit that failed. */
			if (led_batch_begin(led, T0, &b, NULL) == 0)
				shared->carried_on = true;
			_exit(1);
		}
		shared->acked = seq;
	}
	_exit(0);
}

/* After the failure: all that was acknowledged is there, verified, and it goes on. */
static void
check_after(void)
{
	struct led *led = open_with(1);
	uint64_t seq = stats(led).events;
	nv_i128 sum = (nv_i128)seq * (seq + 1) / 2;

	ck_assert_uint_ge(seq, shared->acked);
	ck_assert_uint_eq(seq % 30, 0); /* whole batches only */
	ck_assert_money_eq(window(led, NULL, 0, INT64_MAX).cost, sum);
	ck_assert(write_batch(led, &seq, T0 + HOUR));
	led_close(led);
	ck_assert_uint_eq(verify_clean(), seq);
}

static void
fail_each(enum fault fault)
{
	long n = 0;
	int status;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(shared, MAP_FAILED);
	do {
		n++;
		make_dir();
		*shared = (struct shared){0};
		pid_t pid = fork();

		ck_assert_int_ge(pid, 0);
		if (pid == 0) {
			inject.fault = fault;
			inject.countdown = n;
			work();
		}
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert(WIFEXITED(status));
		/* Hit means reported, not hit means done. */
		ck_assert_int_eq(WEXITSTATUS(status), shared->hit);
		ck_assert(!shared->carried_on);
		check_after();
		remove_dir();
	} while (shared->hit && n < 500);
	(void)printf("fault %d: %ld calls failed, each once\n", (int)fault, n - 1);
	ck_assert_int_gt(n, 5);
	ck_assert_int_lt(n, 500);
}

START_TEST(each_call_fails)
{
	fail_each((enum fault)_i);
}
END_TEST

/* ---- no memory ---- */

/* A sanitizer has an allocator of its own. */
#ifndef __SANITIZE_ADDRESS__
static long allocations_left = -1; /* < 0: never fails */

static bool
out_of_memory(void)
{
	if (allocations_left < 0)
		return false;
	if (allocations_left > 0) {
		allocations_left--;
		return false;
	}
	allocations_left = -1; /* once */
	shared->hit = true;
	errno = ENOMEM;
	return true;
}

void *__libc_malloc(size_t bytes);           /* NOLINT: glibc's own, */
void *__libc_calloc(size_t n, size_t bytes); /* NOLINT: for those who */
void *__libc_realloc(void *p, size_t bytes); /* NOLINT: interpose */

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): as above */
void *
malloc(size_t bytes)
{
	return out_of_memory() ? NULL : __libc_malloc(bytes);
}

void *
calloc(size_t n, size_t bytes)
{
	return out_of_memory() ? NULL : __libc_calloc(n, bytes);
}

void *
realloc(void *p, size_t bytes)
{
	return out_of_memory() ? NULL : __libc_realloc(p, bytes);
}

void *
reallocarray(void *p, size_t n, size_t bytes)
{
	size_t all;

	if (__builtin_mul_overflow(n, bytes, &all))
		return NULL;
	return realloc(p, all);
}
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */

static int
quiet_batch(struct led *led, uint64_t *seq)
{
	struct led_batch *b;
	uint64_t next = *seq;
	int rc = led_batch_begin(led, T0, &b, NULL);

	if (rc < 0)
		return rc;
	for (int i = 0; i < 30; i++) {
		char id[32];
		struct led_event ev = plain_event(
			LED_COST, led_batch_worker_id(b, i % 2 ? "w1" : "w2"), "{}");
		uint32_t usd = led_batch_currency_id(b, "USD");

		(void)snprintf(id, sizeof(id), "id-%llu", (unsigned long long)next + 1);
		set_id(&ev, id);
		set_category(&ev, id);
		rc = led_batch_post(
			b, &ev, LED_CODE_COST, id, strlen(id), (int64_t)next + 1, usd);
		if (rc == 0)
			rc = led_batch_event(b, &ev, &next);
		if (rc == 0)
			rc = led_batch_state_put(b, id, "{}", 2);
		if (rc != 0) {
			led_batch_abort(b);
			return rc;
		}
	}
	rc = led_batch_commit(b, NULL);
	if (rc == 0)
		*seq = next;
	return rc;
}

NV_NORETURN static void
work_without(long allocation)
{
	struct led_options opt = {.map_bytes = 1};
	struct led *led;
	uint64_t seq = 0;

	allocations_left = allocation;
	if (led_open(test_dir, &opt, &led, NULL) < 0)
		_exit(1);
	for (int i = 0; i < 6; i++) {
		if (quiet_batch(led, &seq) != 0)
			_exit(1);
		shared->acked = seq;
	}
	led_close(led);
	_exit(0);
}

START_TEST(each_allocation_fails)
{
	int status;
	long n = 0;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(shared, MAP_FAILED);
	do {
		make_dir();
		*shared = (struct shared){0};
		pid_t pid = fork();

		ck_assert_int_ge(pid, 0);
		if (pid == 0)
			work_without(n);
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert_msg(WIFEXITED(status), "allocation %ld: it crashed", n);
		/* One that failed may be done without, but never silently lose anything.
		 */
		if (!shared->hit || WEXITSTATUS(status) == 0)
			ck_assert_uint_eq(shared->acked, 180);
		check_after();
		remove_dir();
		n++;
	} while (shared->hit && n < 5000);
	(void)printf("%ld allocations failed, each once\n", n - 1);
	ck_assert_int_gt(n, 50);
	ck_assert_int_lt(n, 5000);
}
END_TEST
#endif

/* ---- a full disk ---- */

static bool
fill(const char *name, size_t leave)
{
	static char block[4096];
	int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	size_t written = 0;

	if (fd < 0)
		return false;
	while (syscall(SYS_write, fd, block, sizeof(block)) == sizeof(block))
		written += sizeof(block);
	bool ok = written > leave && ftruncate(fd, (off_t)(written - leave)) == 0;

	close(fd);
	return ok;
}

/* 77: there is no way to mount here. */
NV_NORETURN static void
fill_up(void)
{
	char ballast[300];
	struct nv_err err = {0};

	if (unshare(CLONE_NEWNS) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		_exit(77);
	(void)mount(
		NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL); /* or the next one fails */
	if (mount("tmpfs", test_dir, "tmpfs", 0, "size=8m") < 0)
		_exit(77);
	struct led *led = open_with(1);
	uint64_t seq = 0;

	ck_assert(write_batch(led, &seq, T0));
	(void)snprintf(ballast, sizeof(ballast), "%s/ballast", test_dir);
	ck_assert(fill(ballast, 200000));
	uint64_t acked = seq;
	struct led_batch *b;
	int rc;

	do {
		b = begin(led, T0);
		for (int i = 0; i < 30; i++)
			seq = add_cost(b, "w1", (int64_t)seq + 1, NULL);
		rc = led_batch_commit(b, &err);
		if (rc == 0)
			acked = seq;
	} while (rc == 0);
	ck_assert_int_eq(rc, -ENOSPC);
	ck_assert_ptr_nonnull(strstr(err.text, "No space left"));
	led_close(led);
	/* Full: it can still be read and verified. */
	led = open_reader();
	ck_assert_uint_eq(stats(led).events, acked);
	led_close(led);
	ck_assert_uint_eq(verify_clean(), acked);
	/* Room again: it goes on where it was. */
	ck_assert_int_eq(unlink(ballast), 0);
	led = open_with(1);
	seq = acked;
	ck_assert(write_batch(led, &seq, T0));
	led_close(led);
	ck_assert_uint_eq(verify_clean(), acked + 30);
	/* Read-only: a writer is told so, readers read. */
	ck_assert_int_eq(mount(NULL, test_dir, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
	ck_assert_int_eq(led_open(test_dir, NULL, &led, &err), -EROFS);
	led = open_reader();
	ck_assert_uint_eq(stats(led).events, acked + 30);
	led_close(led);
	_exit(0);
}

START_TEST(disk_full)
{
	int status;

	make_dir();
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		fill_up();
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	remove_dir();
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		(void)puts("disk_full: skipped: no right to mount a small file system");
		return;
	}
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("led_fault");
	TCase *tc = tcase_create("fault");

	tcase_set_timeout(tc, 200);
	tcase_add_loop_test(tc, each_call_fails, 0, FAULT_COUNT);
#ifndef __SANITIZE_ADDRESS__
	tcase_add_test(tc, each_allocation_fails);
#endif
	tcase_add_test(tc, disk_full);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
