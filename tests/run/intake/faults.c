/* Disks that are full, read-only or broken, and a map that is too small: nothing that was
 * acknowledged is lost, nothing is booked twice, the engine says what is wrong, and goes
 * on by itself when the cause is gone. */
#include "nv_clock.h"
#include "nv_fd.h"
#include "seen.h"
#include "supd.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define DISK_BYTES  "8m"
#define ROUND_LINES 500
#define LINES_MAX   400000

static const char *const workers[] = {"w"};
static const char yaml[] = "currency: USD\nprices:\n  cpu_second: $0\n  gib_hour: $0\n";

struct faults {
	struct supd s;
	size_t stream;
	uint64_t said;
	uint8_t *acked;
	uint64_t n_acked;
	char control[16384];
	size_t control_bytes;
};

/* ---- one worker that numbers what it says ---- */

static void
say_some(struct faults *f, unsigned lines)
{
	char line[256];

	for (unsigned i = 0; i < lines && f->said < LINES_MAX; i++, f->said++) {
		int n = snprintf(line, sizeof(line),
			"{\"event\":\"cost\",\"amount\":\"0.01\",\"id\":\"%" PRIu64
			"\",\"ack\":true}\n",
			f->said);

		if (nv_write_full(f->s.streams[f->stream].pipe_write, line, (size_t)n) !=
			0)
			die("the pipe does not take a line");
	}
}

static void
hear(struct faults *f)
{
	static const char head[] = "{\"control\":\"ack\",\"id\":\"";
	int fd = f->s.streams[f->stream].ctl_read;
	ssize_t n;

	while ((n = read(fd, f->control + f->control_bytes,
			sizeof(f->control) - f->control_bytes)) > 0) {
		f->control_bytes += (size_t)n;
		char *line = f->control;
		char *end = f->control + f->control_bytes;

		for (char *nl; (nl = memchr(line, '\n', (size_t)(end - line)));
			line = nl + 1) {
			if (strncmp(line, head, sizeof(head) - 1) != 0)
				continue;
			uint64_t id = strtoull(line + sizeof(head) - 1, NULL, 10);

			if (id >= LINES_MAX)
				die("an ack for an id nobody said");
			f->n_acked += !f->acked[id];
			f->acked[id] = 1;
		}
		f->control_bytes = (size_t)(end - line);
		memmove(f->control, line, f->control_bytes);
	}
}

static void
open_faults(struct faults *f, const char *engine, const char *dir)
{
	memset(f, 0, sizeof(*f));
	if (mkdir(dir, 0755) != 0 && errno != EEXIST)
		die("cannot make %s: %s", dir, strerror(errno));
	f->acked = calloc(1, LINES_MAX);
	if (!f->acked)
		die("no memory");
	supd_init(&f->s, dir, engine, yaml, workers, 1);
}

static void
begin_stream(struct faults *f)
{
	f->stream = supd_stream_add(&f->s, "w", 1, 1, (size_t)1 << 20);
}

static void
close_faults(struct faults *f)
{
	supd_fini(&f->s);
	free(f->acked);
}

static void
start_engine(struct faults *f)
{
	unsigned readies = f->s.readies;

	supd_engine_start(&f->s);
	if (!supd_pump_until(&f->s, supd_is_ready, &readies, SUPD_PATIENCE_MS))
		die("the engine does not get ready: %s", f->s.trouble);
}

static bool
in_trouble(const struct supd *s, const void *arg)
{
	return s->troubles > *(const unsigned *)arg;
}

/* Talks until the engine is in trouble and has ended; returns its exit status. */
static int
talk_until_trouble(struct faults *f)
{
	unsigned troubles = f->s.troubles;
	int64_t end = nv_mono_ms() + SUPD_PATIENCE_MS;

	while (nv_mono_ms() < end && f->said < LINES_MAX) {
		say_some(f, ROUND_LINES);
		if (supd_pump_until(&f->s, in_trouble, &troubles, 2))
			break;
		hear(f);
	}
	int status = supd_engine_wait(&f->s, SUPD_PATIENCE_MS);

	hear(f);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* A start that cannot work: how it ends. */
static int
start_in_trouble(struct faults *f)
{
	supd_engine_start(&f->s);
	int status = supd_engine_wait(&f->s, SUPD_PATIENCE_MS);

	hear(f);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

struct ids {
	uint8_t *have;
	uint64_t doubled;
	uint64_t n;
};

static int
note_id(void *arg, const struct led_event *ev)
{
	struct ids *ids = arg;
	char text[32] = "";

	if (ev->kind != LED_COST || ev->id_bytes >= sizeof(text))
		return 0;
	memcpy(text, ev->id, ev->id_bytes);
	uint64_t id = strtoull(text, NULL, 10);

	ids->n++;
	ids->doubled += ids->have[id];
	ids->have[id] = 1;
	return 0;
}

static void
note_ids(void *arg, struct led_view *view)
{
	if (led_view_events(view, 1, false, note_id, arg) != 0)
		die("the events cannot be read");
}

/* All that was said is there once, and with it all that was acknowledged. */
static void
judge(struct faults *f, const char *what)
{
	struct ids ids = {.have = calloc(1, LINES_MAX)};
	uint64_t missing = 0;

	supd_stream_end(&f->s, f->stream);
	if (!supd_pump_until(&f->s, supd_all_dropped, NULL, SUPD_PATIENCE_MS))
		die("the engine does not close the stream");
	hear(f);
	(void)supd_engine_stop(&f->s, SUPD_DRAIN_MS, SUPD_PATIENCE_MS);
	if (!ids.have)
		die("no memory");
	seen_view(f->s.state_dir, note_ids, &ids);
	for (size_t i = 0; i < LINES_MAX; i++)
		missing += f->acked[i] && !ids.have[i];
	tap_ok(ids.n == f->said && ids.doubled == 0,
		"%s: of %" PRIu64 " lines %" PRIu64 " are in the ledger, %" PRIu64
		" twice",
		what, f->said, ids.n, ids.doubled);
	tap_ok(missing == 0 && f->n_acked > 0,
		"%s: nothing acknowledged is lost (%" PRIu64 " acks)", what, f->n_acked);
	tap_ok(seen_sound(f->s.state_dir), "%s: the ledger verifies", what);
	free(ids.have);
}

/* ---- full, read-only ---- */

static bool
mount_small(const char *dir, const char *options)
{
	return mkdir(dir, 0755) == 0 && mount("tmpfs", dir, "tmpfs", 0, options) == 0;
}

/* Takes what is left of the disk but for some pages. */
static void
fill_disk(const char *path)
{
	char block[65536];
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	ssize_t n;

	if (fd < 0)
		die("cannot fill the disk: %s", strerror(errno));
	memset(block, 1, sizeof(block));
	do
		n = write(fd, block, sizeof(block));
	while (n == sizeof(block));
	(void)close(fd);
}

static void
test_full(const char *engine, const char *dir)
{
	static struct faults f;
	char filler[512];

	if (!mount_small(dir, "size=" DISK_BYTES)) {
		tap_ok(true, "disk full # SKIP cannot mount a tmpfs: %s",
			strerror(errno));
		return;
	}
	open_faults(&f, engine, dir);
	(void)snprintf(filler, sizeof(filler), "%s/filler", dir);
	start_engine(&f);
	begin_stream(&f);
	say_some(&f, ROUND_LINES);
	fill_disk(filler);
	int code = talk_until_trouble(&f);

	tap_ok(code == 4 && strstr(f.s.trouble, strerror(ENOSPC)),
		"disk full: said so and ended: %s", f.s.trouble);
	code = start_in_trouble(&f);
	tap_ok(code == 4 && f.s.readies == 1 && strstr(f.s.trouble, strerror(ENOSPC)),
		"disk full: a new engine is not ready: %s", f.s.trouble);
	if (unlink(filler) != 0)
		die("unlink: %s", strerror(errno));
	start_engine(&f);
	tap_ok(true, "disk full: ready again when there is room");
	judge(&f, "disk full");
	close_faults(&f);
	(void)umount2(dir, MNT_DETACH);
}

static void
test_read_only(const char *engine, const char *dir)
{
	static struct faults f;

	if (!mount_small(dir, "size=64m")) {
		tap_ok(true, "read-only # SKIP cannot mount a tmpfs: %s",
			strerror(errno));
		return;
	}
	open_faults(&f, engine, dir);
	start_engine(&f);
	begin_stream(&f);
	say_some(&f, ROUND_LINES);
	supd_pump(&f.s, 100);
	supd_engine_kill(&f.s);
	hear(&f);
	if (mount(NULL, dir, NULL, MS_REMOUNT | MS_RDONLY, NULL) != 0)
		die("cannot remount: %s", strerror(errno));
	say_some(&f, ROUND_LINES);
	int code = start_in_trouble(&f);

	tap_ok(code == 4 && f.s.readies == 1 && f.s.troubles > 0,
		"read-only: not ready, and says why: %s", f.s.trouble);
	if (mount(NULL, dir, NULL, MS_REMOUNT, NULL) != 0)
		die("cannot remount: %s", strerror(errno));
	start_engine(&f);
	tap_ok(true, "read-only: ready again when it can be written");
	judge(&f, "read-only");
	close_faults(&f);
	(void)umount2(dir, MNT_DETACH);
}

/* ---- broken sync, small map ---- */

static void
test_sync(const char *engine, const char *dir, const char *preload)
{
	static struct faults f;
	char flag[512];

	open_faults(&f, engine, dir);
	(void)snprintf(flag, sizeof(flag), "%s/broken", dir);
	if (setenv("NOVA_TEST_FAIL", flag, 1) != 0)
		die("setenv: %s", strerror(errno));
	f.s.preload = preload;
	start_engine(&f);
	begin_stream(&f);
	say_some(&f, ROUND_LINES);
	supd_write_file(flag, "");
	int code = talk_until_trouble(&f);

	tap_ok(code == 4 && strstr(f.s.trouble, strerror(EIO)),
		"failing sync: said so and ended: %s", f.s.trouble);
	code = start_in_trouble(&f);
	tap_ok(code == 4 && f.s.readies == 1,
		"failing sync: a new engine is not ready: %s", f.s.trouble);
	if (unlink(flag) != 0)
		die("unlink: %s", strerror(errno));
	start_engine(&f);
	tap_ok(true, "failing sync: ready again when the disk is");
	judge(&f, "failing sync");
	close_faults(&f);
}

static void
test_small_map(const char *engine, const char *dir)
{
	static struct faults f;

	open_faults(&f, engine, dir);
	if (setenv("NOVA_TEST_LEDGER_MAP_BYTES", "1048576", 1) != 0)
		die("setenv: %s", strerror(errno));
	start_engine(&f);
	begin_stream(&f);
	for (int i = 0; i < 100; i++) {
		say_some(&f, ROUND_LINES);
		supd_pump(&f.s, 1);
		hear(&f);
	}
	tap_ok(f.s.troubles == 0, "small map: it grows without a word");
	judge(&f, "small map");
	close_faults(&f);
	(void)unsetenv("NOVA_TEST_LEDGER_MAP_BYTES");
}

int
main(int argc, char **argv)
{
	char dir[400];

	if (argc != 4)
		die("usage: intake_faults_driver ENGINE EMPTY_DIRECTORY PRELOAD");
	(void)signal(SIGPIPE, SIG_IGN);
	/* Mounts of our own go with us. Without the right to that they are skipped. */
	if (unshare(CLONE_NEWNS) == 0)
		(void)mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	(void)snprintf(dir, sizeof(dir), "%s/full", argv[2]);
	test_full(argv[1], dir);
	(void)snprintf(dir, sizeof(dir), "%s/ro", argv[2]);
	test_read_only(argv[1], dir);
	(void)snprintf(dir, sizeof(dir), "%s/sync", argv[2]);
	test_sync(argv[1], dir, argv[3]);
	(void)snprintf(dir, sizeof(dir), "%s/map", argv[2]);
	test_small_map(argv[1], dir);
	return tap_end();
}
