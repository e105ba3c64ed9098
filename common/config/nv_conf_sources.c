/* The sources of the configuration: reading them once, and handing their text to other
 * processes as a sealed memfd. */
#include "nv_conf_private.h"
#include "nv_fd.h"
#include "nv_wire.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SNAPSHOT_MAGIC UINT32_C(0x3143564e) /* "NVC1" */
#define SOURCES_MAX    (NV_CONFIG_WORKERS_MAX + 3)
#define NAME_BYTES_MAX 4096
#define SNAPSHOT_SEALS (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW)

static int
add_source(struct nv_conf_sources *s, enum nv_source_kind kind, const char *name,
	char *text, size_t bytes)
{
	/* Room for a power of two. */
	if ((s->n & (s->n - 1)) == 0) {
		struct nv_conf_source *grown =
			realloc(s->list, (s->n ? s->n * 2 : 1) * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		s->list = grown;
	}
	char *copy = strdup(name);

	if (!copy)
		return -ENOMEM;
	s->list[s->n++] = (struct nv_conf_source){
		.kind = kind, .name = copy, .text = text, .bytes = bytes};
	return 0;
}

static size_t
bytes_of_all(const struct nv_conf_sources *s)
{
	size_t bytes = 0;

	for (size_t i = 0; i < s->n; i++)
		bytes += s->list[i].bytes;
	return bytes;
}

static void
cannot_read(struct nv_conf_errors *errs, const char *path, int rc)
{
	if (rc == -EFBIG)
		nv_conf_error(errs, path, 0, 0,
			"larger than %zu bytes: this cannot be a configuration",
			NV_CONFIG_FILE_BYTES_MAX);
	else
		nv_conf_error(errs, path, 0, 0, "cannot be read: %s", strerror(-rc));
}

/* Refuse what is not a file, and as root what anybody may write: its commands run
 * with root's rights. O_NONBLOCK: a fifo must not hang the start. */
static int
open_source(const char *path, struct nv_conf_errors *errs)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		nv_conf_error(errs, path, 0, 0, "is not a regular file");
		nv_fd_close(&fd);
		return -EINVAL;
	}
	if (geteuid() == 0 && (st.st_mode & S_IWOTH)) {
		nv_conf_error(errs, path, 0, 0,
			"anybody may write to it, and Nova runs as root: chmod o-w it "
			"first");
		nv_fd_close(&fd);
		return -EINVAL;
	}
	return fd;
}

/* -ENOENT is the caller's to judge; other troubles are in errs and return -EINVAL. */
static int
read_source(struct nv_conf_sources *s, enum nv_source_kind kind, const char *path,
	struct nv_conf_errors *errs)
{
	NV_CLEANUP_FD fd = open_source(path, errs);
	NV_CLEANUP_FREE char *text = NULL;
	char self[64];
	size_t bytes;

	if (fd == -EINVAL || fd == -ENOENT)
		return fd;
	if (fd < 0) {
		cannot_read(errs, path, fd);
		return -EINVAL;
	}
	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	int rc = nv_read_file_at(AT_FDCWD, self, NV_CONFIG_FILE_BYTES_MAX, &text, &bytes);

	if (rc == -ENOMEM)
		return rc;
	if (rc < 0) {
		cannot_read(errs, path, rc);
		return -EINVAL;
	}
	if (bytes_of_all(s) + bytes > NV_CONFIG_ALL_BYTES_MAX) {
		nv_conf_error(errs, path, 0, 0,
			"all configuration files together are larger than %zu bytes",
			NV_CONFIG_ALL_BYTES_MAX);
		return -EINVAL;
	}
	rc = add_source(s, kind, path, text, bytes);
	if (rc < 0)
		return rc;
	text = NULL; /* the list has it */
	if (kind == NV_SOURCE_DOTENV)
		nv_conf_dotenv_strip(&s->list[s->n - 1], errs);
	return 0;
}

static int
is_worker_file(const struct dirent *entry)
{
	static const char *const endings[] = {".yaml", ".yml", ".json"};
	const char *dot = strrchr(entry->d_name, '.');

	if (entry->d_name[0] == '.' || !dot)
		return 0;
	for (size_t i = 0; i < NV_LEN(endings); i++) {
		if (strcmp(dot, endings[i]) == 0)
			return 1;
	}
	return 0;
}

static int
by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int
read_worker_dir(struct nv_conf_sources *s, struct nv_conf_errors *errs)
{
	char dir[sizeof(s->dir) + 16];
	char path[sizeof(dir) + NAME_MAX + 2];
	struct dirent **entries = NULL;
	int rc = 0;

	(void)snprintf(dir, sizeof(dir), "%s/workers.d", s->dir);
	int n = scandir(dir, &entries, is_worker_file, by_bytes);

	if (n < 0 && errno == ENOMEM)
		return -ENOMEM;
	if (n < 0 && errno == ENOENT)
		s->no_worker_dir = true;
	else if (n < 0)
		cannot_read(errs, dir, -errno);
	if (n > NV_CONFIG_WORKERS_MAX)
		nv_conf_error(errs, dir, 0, 0, "%d worker files, at most %d are allowed",
			n, NV_CONFIG_WORKERS_MAX);
	for (int i = 0; i < n; i++) {
		if (i < NV_CONFIG_WORKERS_MAX && rc != -ENOMEM) {
			(void)snprintf(
				path, sizeof(path), "%s/%s", dir, entries[i]->d_name);
			rc = read_source(s, NV_SOURCE_WORKER, path, errs);
			if (rc == -ENOENT) /* a symbolic link to nothing */
				cannot_read(errs, path, rc);
		}
		free(entries[i]);
	}
	free(entries);
	return rc == -ENOMEM ? rc : 0;
}

/* The directory of nova.yaml, as an absolute path without links. */
static int
find_dir(struct nv_conf_sources *s, const char *config_path)
{
	char resolved[PATH_MAX];
	char part[PATH_MAX];
	const char *slash = strrchr(config_path, '/');
	int n = slash ? snprintf(part, sizeof(part), "%.*s",
				(int)NV_MAX(slash - config_path, 1), config_path)
		      : snprintf(part, sizeof(part), ".");

	if (n < 0 || (size_t)n >= sizeof(part))
		return -ENAMETOOLONG;
	if (!realpath(part, resolved))
		return -errno;
	if (strlen(resolved) >= sizeof(s->dir))
		return -ENAMETOOLONG;
	memcpy(s->dir, resolved, strlen(resolved) + 1);
	return 0;
}

static int
read_all(struct nv_conf_sources *s, const char *config_path, struct nv_conf_errors *errs)
{
	char path[sizeof(s->dir) + 16];
	char *text;
	size_t bytes;
	int rc = find_dir(s, config_path);

	if (rc == 0)
		rc = read_source(s, NV_SOURCE_MAIN, config_path, errs);
	if (rc == -ENOMEM)
		return rc;
	if (rc < 0 && rc != -EINVAL)
		cannot_read(errs, config_path, rc);
	if (!s->dir[0])
		return 0;
	rc = read_worker_dir(s, errs);
	if (rc < 0)
		return rc;
	(void)snprintf(path, sizeof(path), "%s/.env", s->dir);
	rc = read_source(s, NV_SOURCE_DOTENV, path, errs);
	if (rc == -ENOMEM)
		return rc;
	rc = nv_conf_environment_text(&text, &bytes);
	if (rc < 0)
		return rc;
	rc = add_source(s, NV_SOURCE_ENVIRONMENT, "environment", text, bytes);
	if (rc < 0)
		free(text);
	return rc;
}

int
nv_conf_sources_read(
	struct nv_conf_sources *ret, const char *config_path, struct nv_conf_errors *errs)
{
	*ret = (struct nv_conf_sources){.uid = (uint32_t)geteuid()};
	int rc = read_all(ret, config_path, errs);

	nv_conf_errors_sort(errs);
	return rc < 0 ? rc : errs->n + errs->n_more > 0 ? -EINVAL : 0;
}

int
nv_conf_sources_need_workers(const struct nv_conf_sources *s, struct nv_conf_errors *errs)
{
	char dir[sizeof(s->dir) + 16];

	if (!s->no_worker_dir)
		return 0;
	(void)snprintf(dir, sizeof(dir), "%s/workers.d", s->dir);
	nv_conf_error(errs, dir, 0, 0,
		"there is no such directory, but there are workers in force; to end all "
		"of "
		"them, leave an empty one");
	return -EINVAL;
}

void
nv_conf_sources_fini(struct nv_conf_sources *sources)
{
	if (!sources)
		return;
	for (size_t i = 0; i < sources->n; i++) {
		free(sources->list[i].name);
		free(sources->list[i].text);
	}
	free(sources->list);
	*sources = (struct nv_conf_sources){0};
}

/* ---- snapshot: u32 magic, u32 uid, str dir, u32 n, then for each source u8 kind,
 * str name, u64 bytes and the text; all little-endian, strings as in nv_wire.h ---- */

int
nv_conf_snapshot_create(const struct nv_conf_sources *sources, int *ret_fd)
{
	NV_CLEANUP_FD fd = memfd_create("nova-config", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	uint8_t head[2 * NAME_BYTES_MAX];
	struct nv_wr w;

	if (fd < 0)
		return -errno;
	nv_wr_init(&w, head, sizeof(head));
	nv_wr_u32(&w, SNAPSHOT_MAGIC);
	nv_wr_u32(&w, sources->uid);
	nv_wr_str(&w, sources->dir);
	nv_wr_u32(&w, (uint32_t)sources->n);
	int rc = w.error ? w.error : nv_write_full(fd, head, w.bytes);

	for (size_t i = 0; i < sources->n && rc == 0; i++) {
		const struct nv_conf_source *s = &sources->list[i];

		nv_wr_init(&w, head, sizeof(head));
		nv_wr_u8(&w, (uint8_t)s->kind);
		nv_wr_str(&w, s->name);
		nv_wr_u64(&w, s->bytes);
		rc = w.error ? w.error : nv_write_full(fd, head, w.bytes);
		if (rc == 0)
			rc = nv_write_full(fd, s->text, s->bytes);
	}
	if (rc < 0)
		return rc;
	if (fcntl(fd, F_ADD_SEALS, SNAPSHOT_SEALS | F_SEAL_SEAL) < 0)
		return -errno;
	*ret_fd = nv_fd_steal(&fd);
	return 0;
}

static int
decode_source(struct nv_rd *r, struct nv_conf_sources *s)
{
	char name[NAME_BYTES_MAX];
	uint8_t kind = nv_rd_u8(r);

	nv_rd_str(r, name, sizeof(name));
	uint64_t bytes = nv_rd_u64(r);

	if (r->error || kind >= NV_SOURCE_KINDS || bytes > NV_CONFIG_FILE_BYTES_MAX ||
		(uint64_t)(r->end - r->at) < bytes)
		return -EBADMSG;
	char *text = malloc((size_t)bytes + 1);

	if (!text)
		return -ENOMEM;
	memcpy(text, r->at, (size_t)bytes);
	text[bytes] = '\0';
	r->at += bytes;
	int rc = add_source(s, (enum nv_source_kind)kind, name, text, (size_t)bytes);

	if (rc < 0)
		free(text);
	return rc;
}

static int
decode_sources(struct nv_rd *r, struct nv_conf_sources *s)
{
	int rc = 0;

	s->from_snapshot = true;
	if (nv_rd_u32(r) != SNAPSHOT_MAGIC)
		return -EBADMSG;
	s->uid = nv_rd_u32(r);
	nv_rd_str(r, s->dir, sizeof(s->dir));
	uint32_t n = nv_rd_u32(r);

	if (r->error || n > SOURCES_MAX)
		return -EBADMSG;
	for (uint32_t i = 0; i < n && rc == 0; i++)
		rc = decode_source(r, s);
	return rc < 0 ? rc : nv_rd_end(r);
}

int
nv_conf_snapshot_read(int fd, struct nv_conf_sources *ret)
{
	NV_CLEANUP_FREE uint8_t *data = NULL;
	struct nv_conf_sources s = {0};
	struct stat st;
	struct nv_rd r;
	int seals = fcntl(fd, F_GET_SEALS);

	if (seals < 0)
		return -errno;
	if ((seals & SNAPSHOT_SEALS) != SNAPSHOT_SEALS)
		return -EPERM; /* somebody could change it while we read */
	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size < 0 || (size_t)st.st_size > NV_CONFIG_ALL_BYTES_MAX * 2)
		return -EFBIG;
	data = malloc((size_t)st.st_size + 1);
	if (!data)
		return -ENOMEM;
	/* pread: the offset is shared with every other holder of the descriptor. */
	for (off_t got = 0; got < st.st_size;) {
		ssize_t n = pread(fd, data + got, (size_t)(st.st_size - got), got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EBADMSG;
		got += n;
	}
	nv_rd_init(&r, data, (size_t)st.st_size);
	int rc = decode_sources(&r, &s);

	if (rc < 0) {
		nv_conf_sources_fini(&s);
		return rc;
	}
	*ret = s;
	return 0;
}
