/* The emergency stop: see brake.h. */
#include "brake.h"
#include "nv_clock.h"
#include "nv_fd.h"
#include "nv_log.h"
#include "sup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES_MAX 1024

static void
file_path(const struct sup *sup, char *buf, size_t buf_bytes)
{
	(void)snprintf(buf, buf_bytes, "%s/" SUP_BRAKE_FILE, sup->paths.state_dir);
}

/* ---- the file ---- */

static int
keep_file(const struct sup *sup)
{
	const struct nv_brake *b = &sup->brake;
	char path[NV_PATH_MAX + sizeof(SUP_BRAKE_FILE) + 1];
	char text[FILE_BYTES_MAX];

	file_path(sup, path, sizeof(path));
	int n = snprintf(text, sizeof(text),
		"uid %u\nat_ns %lld\nreason %s\n\n"
		"Nova starts no agent while this file is here. To go on:\n"
		"novactl resume-everything --reason TEXT\n",
		b->uid, (long long)b->wall_ns, b->reason);

	return nv_write_file_atomic(path, text, (size_t)n, 0600);
}

static int
remove_file(const struct sup *sup)
{
	char path[NV_PATH_MAX + sizeof(SUP_BRAKE_FILE) + 1];

	file_path(sup, path, sizeof(path));
	if (unlink(path) < 0)
		return errno == ENOENT ? 0 : -errno;
	NV_CLEANUP_FD dir =
		open(sup->paths.state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return dir < 0 || fsync(dir) < 0 ? -errno : 0;
}

/* What a file of ours says; one that somebody else made says who and when by itself. */
static void
parse_file(char *text, struct nv_brake *b)
{
	char *next;

	for (char *line = text; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (strncmp(line, "uid ", 4) == 0)
			b->uid = (uint32_t)strtoul(line + 4, NULL, 10);
		else if (strncmp(line, "at_ns ", 6) == 0)
			b->wall_ns = strtoll(line + 6, NULL, 10);
		else if (strncmp(line, "reason ", 7) == 0)
			(void)snprintf(b->reason, sizeof(b->reason), "%s", line + 7);
	}
}

/* 1 when the file is there. */
static int
read_file(const struct sup *sup, struct nv_brake *ret)
{
	char path[NV_PATH_MAX + sizeof(SUP_BRAKE_FILE) + 1];
	char text[FILE_BYTES_MAX] = "";
	struct stat st;

	file_path(sup, path, sizeof(path));
	if (lstat(path, &st) < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	*ret = (struct nv_brake){.uid = (uint32_t)st.st_uid,
		.wall_ns =
			(int64_t)st.st_mtim.tv_sec * NV_NS_PER_SEC + st.st_mtim.tv_nsec};
	(void)snprintf(ret->reason, sizeof(ret->reason), "there is a file %.200s", path);
	NV_CLEANUP_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	if (n > 0)
		parse_file(text, ret);
	return 1;
}

/* ---- stop and go ---- */

/* What everything else goes by: first known for certain, then acted upon. */
static void
commit(struct sup *sup)
{
	sup_state_brake(sup);
	sup_state_commit();
	sup_workers_apply(sup);
	sup_state_commit();
	sup_enginelink_brake(sup);
}

/* Whoever reads it later reads lines. */
static void
one_line(char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = ' ';
	}
}

static void
take(struct sup *sup, const struct nv_brake *by)
{
	struct nv_brake *b = &sup->brake;

	b->on = true;
	b->uid = by->uid;
	b->wall_ns = NV_MAX(by->wall_ns, b->lifted_ns + 1);
	memcpy(b->reason, by->reason, sizeof(b->reason));
	one_line(b->reason);
}

static void
say(const struct sup *sup)
{
	char text[NV_BRAKE_REASON_BYTES + 64];

	(void)nv_brake_text(&sup->brake, text, sizeof(text));
	nv_error("%s", text);
}

static void
engage(struct sup *sup, const struct nv_brake *by)
{
	take(sup, by);
	commit(sup);
	say(sup);
}

unsigned
sup_brake_pull(struct sup *sup, uint32_t uid, const char *reason, bool now, char *text,
	size_t text_bytes)
{
	struct nv_brake by = {.uid = uid, .wall_ns = nv_wall_ns()};
	unsigned live = sup_agents_live(sup);

	(void)snprintf(by.reason, sizeof(by.reason), "%s", reason);
	if (!sup->brake.on)
		engage(sup, &by);
	if (now)
		sup_workers_haste(sup);
	int rc = keep_file(sup);

	if (rc < 0)
		nv_error(
			"%s/" SUP_BRAKE_FILE ": %s", sup->paths.state_dir, strerror(-rc));
	int n = snprintf(text, text_bytes, "%u agents were asked to end", live);

	/* What this novasupd and its successors know is in memory. */
	if (rc < 0)
		(void)snprintf(text + n, text_bytes - (size_t)n,
			"; " SUP_BRAKE_FILE " cannot be written (%s): when Nova is "
			"started anew, only the ledger remembers it, if that has room",
			strerror(-rc));
	return live;
}

int
sup_brake_lift(
	struct sup *sup, uint32_t uid, const char *reason, char *text, size_t text_bytes)
{
	struct nv_brake *b = &sup->brake;
	char by[24];

	if (!b->on) {
		(void)snprintf(text, text_bytes, "there is no emergency stop");
		return -ESRCH;
	}
	int rc = remove_file(sup);

	b->on = false;
	b->lifted_uid = uid;
	b->lifted_ns = NV_MAX(nv_wall_ns(), b->wall_ns + 1);
	(void)snprintf(b->lifted_reason, sizeof(b->lifted_reason), "%s", reason);
	one_line(b->lifted_reason);
	nv_warn("the emergency stop is lifted by %s: %s",
		nv_brake_by(uid, by, sizeof(by)), b->lifted_reason);
	commit(sup);
	(void)snprintf(text, text_bytes, "the fleet goes on%s%s",
		rc < 0 ? "; but " SUP_BRAKE_FILE " cannot be removed and will stop it "
			 "at the next start: "
		       : "",
		rc < 0 ? strerror(-rc) : "");
	return 0;
}

/* ---- somebody makes the file ---- */

static bool
is_new(const struct sup *sup, struct nv_brake *ret)
{
	return !sup->brake.on && read_file(sup, ret) > 0;
}

/* Acted upon by who starts the fleet or goes on with it: until then we have no process.
 */
void
sup_brake_open(struct sup *sup)
{
	struct nv_brake found = {0};

	sup->brake_watch =
		sup->inotify_fd < 0
			? -1
			: inotify_add_watch(sup->inotify_fd, sup->paths.state_dir,
				  IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
	if (!is_new(sup, &found))
		return;
	take(sup, &found);
	sup_state_brake(sup);
	sup_state_commit();
	say(sup);
}

bool
sup_brake_watch_event(struct sup *sup, const struct inotify_event *event)
{
	if (sup->brake_watch < 0 || event->wd != sup->brake_watch)
		return false;
	struct nv_brake found = {0};

	if (event->len > 0 && strcmp(event->name, SUP_BRAKE_FILE) == 0 &&
		is_new(sup, &found))
		engage(sup, &found);
	return true;
}
