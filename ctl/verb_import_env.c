/* import env: settings and secrets of the original system's .env. Without --write nothing
 * is written, and never anything over what is there; no secret is ever printed. */
#include "import_env.h"
#include "value.h"
#include "verbs.h"

#include "nv_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES_MAX ((size_t)256 << 10)

/* ---- reading ---- */

static int
read_file(struct ctl *ctl, const char *path, char **ret, size_t *ret_bytes)
{
	NV_CLEANUP_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;
	size_t n = 0;

	if (fd < 0 || fstat(fd, &st) < 0)
		return ctl_fail(
			&ctl->out, NV_EXIT_FAILED, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_size > (off_t)FILE_BYTES_MAX)
		return ctl_fail(&ctl->out, NV_EXIT_FAILED,
			"%s is no file of at most %zu KiB", path, FILE_BYTES_MAX >> 10);
	if (st.st_mode & 077)
		ctl_warn(&ctl->out, "%s can be read by others, and has secrets", path);
	char *text = ctl_alloc(FILE_BYTES_MAX + 1, 1);

	for (ssize_t got = 1; got > 0 && n < FILE_BYTES_MAX; n += (size_t)got) {
		got = read(fd, text + n, FILE_BYTES_MAX - n);
		if (got < 0) {
			free(text);
			return ctl_fail(&ctl->out, NV_EXIT_FAILED, "%s: %s", path,
				strerror(errno));
		}
	}
	*ret = text;
	*ret_bytes = n;
	return NV_EXIT_OK;
}

/* ---- writing ---- */

/* Root makes secrets for the account that secrets/ is for: the package gives that
 * directory to root and the group of Nova's account, and so are the files. */
static int
give(int fd, const struct stat *dir)
{
	if (!dir || geteuid() != 0)
		return 0;
	if (fchown(fd, dir->st_uid, dir->st_gid) < 0)
		return -errno;
	bool by_group = dir->st_uid == 0 && dir->st_gid != 0;

	return by_group && fchmod(fd, 0640) < 0 ? -errno : 0;
}

/* A new file, whole and on disk, or none: 0, -EEXIST or another error. dir: it is a
 * secret in there. */
static int
write_new(const char *path, const char *data, size_t bytes, const struct stat *dir)
{
	NV_CLEANUP_FD fd = open(path,
		O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, dir ? 0600 : 0644);
	size_t n = 0;

	if (fd < 0)
		return -errno;
	while (n < bytes) {
		ssize_t put = write(fd, data + n, bytes - n);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			break;
		n += (size_t)put;
	}
	int rc = n < bytes ? -errno : give(fd, dir);

	if (rc == 0 && fsync(fd) == 0)
		return 0;
	rc = rc < 0 ? rc : -errno;

	(void)unlink(path); /* a half one would never be made whole */
	return rc;
}

struct writing {
	struct ctl *ctl;
	char dir[NV_PATH_MAX]; /* of nova.yaml */
	json_t *written;       /* owned: paths */
	json_t *there;         /* owned: paths that were there, left as they are */
};

static int
write_one(struct writing *w, const char *path, const char *data, size_t bytes,
	const struct stat *dir)
{
	int rc = write_new(path, data, bytes, dir);

	if (rc < 0 && rc != -EEXIST)
		return ctl_fail(
			&w->ctl->out, NV_EXIT_FAILED, "%s: %s", path, strerror(-rc));
	if (json_array_append_new(rc < 0 ? w->there : w->written, ctl_json_str(path)) < 0)
		(void)ctl_need(NULL);
	return NV_EXIT_OK;
}

static int
write_all(struct writing *w, const struct ctl_env *env, const char *yaml)
{
	const char *config = w->ctl->paths.config;
	const char *slash = strrchr(config, '/');
	char path[NV_PATH_MAX + 80];
	struct stat dir = {0};
	int code = NV_EXIT_OK;

	(void)snprintf(w->dir, sizeof w->dir, "%.*s", slash ? (int)(slash - config) : 1,
		slash ? config : ".");
	(void)snprintf(path, sizeof path, "%s/secrets", w->dir);
	if (env->n_secrets > 0 &&
		((mkdir(path, 0700) < 0 && errno != EEXIST) || stat(path, &dir) < 0))
		return ctl_fail(
			&w->ctl->out, NV_EXIT_FAILED, "%s: %s", path, strerror(errno));
	for (size_t i = 0; i < env->n_secrets && code == NV_EXIT_OK; i++) {
		const struct ctl_env_secret *s = &env->secrets[i];

		(void)snprintf(path, sizeof path, "%s/secrets/%s", w->dir, s->name);
		code = write_one(w, path, s->value, s->bytes, &dir);
	}
	if (code == NV_EXIT_OK && yaml[0])
		code = write_one(w, config, yaml, strlen(yaml), NULL);
	return code;
}

/* ---- telling ---- */

static void
print_list(const struct ctl *ctl, const json_t *list, const char *head, const char *key)
{
	size_t i;
	json_t *row;

	json_array_foreach(list, i, row)
	{
		if (i == 0)
			ctl_print(&ctl->out, CTL_BOLD, "%s\n", head);
		if (key)
			ctl_print(&ctl->out, CTL_PLAIN, "  %s: %s\n",
				ctl_str(row, "variable"), ctl_str(row, key));
		else
			ctl_print(&ctl->out, CTL_PLAIN, "  %s\n", json_string_value(row));
	}
}

static void
print_env(
	const struct writing *w, const struct ctl_env *env, const char *yaml, bool wrote)
{
	const struct ctl_out *out = &w->ctl->out;

	if (yaml[0])
		ctl_print(out, CTL_BOLD, "Settings (%s)\n", w->ctl->paths.config);
	ctl_print(out, CTL_PLAIN, "%s", yaml);
	for (size_t i = 0; i < env->n_secrets; i++) {
		if (i == 0)
			ctl_print(out, CTL_BOLD, "Secrets\n");
		ctl_print(out, CTL_PLAIN, "  secrets/%s: from %s\n", env->secrets[i].name,
			env->secrets[i].variable);
	}
	print_list(w->ctl, env->left, "Left", "why");
	if (wrote) {
		print_list(w->ctl, w->written, "Written", NULL);
		print_list(w->ctl, w->there, "There already, and left as it is", NULL);
	} else {
		ctl_print(out, CTL_DIM, "Nothing is written; --write does it.\n");
	}
}

static int
tell(struct writing *w, const struct ctl_env *env, const char *yaml, bool wrote)
{
	/* A variable that is left is an answer; a file that could not be is a no. */
	int code = json_array_size(w->there) > 0 ? NV_EXIT_NO : NV_EXIT_OK;

	if (!w->ctl->out.json) {
		print_env(w, env, yaml, wrote);
		return code;
	}
	ctl_json(
		&w->ctl->out, ctl_need(json_pack("{s:O, s:s, s:O, s:O, s:b, s:O, s:O}",
				      "settings", env->settings, "yaml", yaml, "used",
				      env->used, "left", env->left, "write", wrote,
				      "written", w->written, "there_already", w->there)));
	return code;
}

int
ctl_verb_import_env(struct ctl *ctl)
{
	struct writing w = {.ctl = ctl,
		.written = ctl_need(json_array()),
		.there = ctl_need(json_array())};
	struct ctl_env env = {0};
	bool write = ctl_opt(&ctl->args, "write") != NULL;
	char *text = NULL;
	char *yaml = NULL;
	size_t bytes = 0;
	int code = read_file(ctl, ctl->args.words[0], &text, &bytes);

	if (code == NV_EXIT_OK && ctl_env_read(text, bytes, &env) < 0)
		(void)ctl_need(NULL);
	if (code == NV_EXIT_OK && !(yaml = ctl_env_yaml(&env))) {
		(void)ctl_fail(&ctl->out, NV_EXIT_FAILED, "out of memory");
		code = NV_EXIT_FAILED;
	}
	if (code == NV_EXIT_OK && write)
		code = write_all(&w, &env, yaml);
	if (code == NV_EXIT_OK)
		code = tell(&w, &env, yaml, write);
	if (text)
		explicit_bzero(text, bytes);
	free(text);
	free(yaml);
	ctl_env_fini(&env);
	json_decref(w.written);
	json_decref(w.there);
	return code;
}
