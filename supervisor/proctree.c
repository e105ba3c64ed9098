/* Walks over /proc: see proctree.h. */
#include "proctree.h"
#include "nv_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As the kernel writes it (man getdents64); libc has no name for it without DIR. */
struct entry {
	uint64_t inode;
	int64_t offset;
	unsigned short bytes;
	unsigned char type;
	char name[];
};

static struct sup_proc table[SUP_PROCTREE_MAX];

/* "PID (name) S ppid pgid sid ...": the name may hold anything, so what counts is
 * after its last parenthesis. Fields are numbered as in man proc: 3 is the state. */
static bool
parse_stat(char *text, struct sup_proc *ret)
{
	enum { PPID = 4, PGID = 5, SID = 6, START = 22 };
	char *at = strrchr(text, ')');

	if (!at || at[1] != ' ' || at[2] == '\0')
		return false;
	ret->state = at[2];
	ret->member = false;
	at += 3;
	for (int field = PPID; field <= START; field++) {
		char *end;
		unsigned long long value =
			strtoull(at, &end, 10); /* -1 comes back as -1 */

		if (end == at)
			return false;
		at = end;
		if (field == PPID)
			ret->ppid = (pid_t)value;
		else if (field == PGID)
			ret->pgid = (pid_t)value;
		else if (field == SID)
			ret->sid = (pid_t)value;
		else if (field == START)
			ret->start = value;
	}
	return true;
}

static bool
read_proc(int proc, const char *name, struct sup_proc *ret)
{
	char path[64];
	char text[1024];

	(void)snprintf(path, sizeof(path), "%.20s/stat", name);
	NV_CLEANUP_FD fd = openat(proc, path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	ssize_t n = nv_read_full(fd, text, sizeof(text) - 1);

	if (n <= 0)
		return false; /* it went away meanwhile */
	text[n] = '\0';
	ret->pid = (pid_t)strtol(name, NULL, 10);
	return parse_stat(text, ret);
}

static int
by_pid(const void *a, const void *b)
{
	const struct sup_proc *x = a;
	const struct sup_proc *y = b;

	return (x->pid > y->pid) - (x->pid < y->pid);
}

struct sup_proc *
sup_proctree_scan(size_t *ret_n)
{
	NV_CLEANUP_FD proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_Alignas(struct entry) char buf[16384];
	size_t n = 0;
	bool sorted = true;

	if (proc < 0)
		return NULL;
	for (;;) {
		long got = syscall(SYS_getdents64, proc, buf, sizeof(buf));

		if (got < 0)
			return NULL;
		if (got == 0)
			break;
		for (long at = 0; at < got && n < SUP_PROCTREE_MAX;) {
			struct entry *e = (struct entry *)(void *)(buf + at);

			at += e->bytes;
			if (e->name[0] < '1' || e->name[0] > '9' ||
				!read_proc(proc, e->name, &table[n]))
				continue;
			sorted = sorted && (n == 0 || table[n - 1].pid < table[n].pid);
			n++;
		}
	}
	if (!sorted)
		qsort(table, n, sizeof(table[0]), by_pid);
	*ret_n = n;
	return table;
}

static struct sup_proc *
find(struct sup_proc *list, size_t n, pid_t pid)
{
	struct sup_proc key = {.pid = pid};

	return bsearch(&key, list, n, sizeof(*list), by_pid);
}

size_t
sup_proctree_mark(
	struct sup_proc *list, size_t n, sup_proctree_root_fn *is_root, void *arg)
{
	size_t n_members = 0;
	bool grew = false;

	for (size_t i = 0; i < n; i++) {
		int verdict = is_root(arg, &list[i]);

		list[i].member = verdict > 0;
		list[i].cut = verdict < 0;
		grew |= list[i].member;
	}
	while (grew) {
		grew = false;
		for (size_t i = 0; i < n; i++) {
			struct sup_proc *parent = list[i].member || list[i].cut
							  ? NULL
							  : find(list, n, list[i].ppid);

			if (parent && parent->member && parent != &list[i]) {
				list[i].member = true;
				grew = true;
			}
		}
	}
	for (size_t i = 0; i < n; i++) {
		/* A zombie stays a link to what descends from it, but needs no signal. */
		if (list[i].state == 'Z' || list[i].state == 'X')
			list[i].member = false;
		n_members += list[i].member;
	}
	return n_members;
}

/* An entry that begins with the `want` bytes of text; the whole one has its final 0
 * among them. */
static bool
find_env(pid_t pid, const char *wanted, size_t want)
{
	char path[64];
	NV_CLEANUP_FREE char *text = NULL;
	size_t bytes = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	if (nv_read_file_at(AT_FDCWD, path, (size_t)4 << 20, &text, &bytes) < 0)
		return false;
	for (size_t at = 0; at + want <= bytes + 1;) {
		size_t len = strlen(text + at) + 1;

		if (len >= want && memcmp(text + at, wanted, want) == 0)
			return true;
		at += len;
	}
	return false;
}

bool
sup_proctree_has_env(pid_t pid, const char *entry)
{
	return find_env(pid, entry, strlen(entry) + 1);
}

bool
sup_proctree_has_env_like(pid_t pid, const char *start)
{
	return find_env(pid, start, strlen(start));
}

bool
sup_proctree_no_new_privs(pid_t pid)
{
	char path[64];
	NV_CLEANUP_FREE char *text = NULL;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	if (nv_read_file_at(AT_FDCWD, path, 65536, &text, NULL) < 0)
		return true;
	const char *at = strstr(text, "\nNoNewPrivs:\t");

	return !at || at[strlen("\nNoNewPrivs:\t")] == '1';
}

bool
sup_proctree_has_pipe(pid_t pid, ino_t inode)
{
	for (int fd = 0; fd < 10; fd++) {
		char path[64];
		struct stat st;

		(void)snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, fd);
		if (stat(path, &st) == 0 && S_ISFIFO(st.st_mode) && st.st_ino == inode)
			return true;
	}
	return false;
}
