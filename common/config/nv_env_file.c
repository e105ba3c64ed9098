/* env_file of a worker: see nv_env_file.h. What stands in it may be a secret: no value
 * ever gets into an error. */
#include "nv_env_file.h"
#include "nv_fd.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *
nv_env_bad_name(const char *name)
{
	size_t bytes = strlen(name);

	if (bytes == 0 || isdigit((unsigned char)name[0]) ||
		strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			     "0123456789_") != bytes)
		return "a variable's name has letters, digits and _, and no digit first";
	if (bytes > 255)
		return "the name is longer than 255 bytes";
	if (strncmp(name, "NOVA_", 5) == 0 || strcmp(name, "CREDENTIALS_DIRECTORY") == 0)
		return "is set by Nova itself";
	return NULL;
}

static char *
skip_blanks(char *at)
{
	return at + strspn(at, " \t\r");
}

static void
cut_blanks(char *text)
{
	size_t n = strlen(text);

	while (n > 0 && strchr(" \t\r", text[n - 1]))
		n--;
	text[n] = '\0';
}

static int
wrong(struct nv_err *err, const char *line, const char *at, const char *what)
{
	err->column = (unsigned)(at - line) + 1;
	return nv_err_set(err, -EINVAL, "%s", what);
}

static int
parse_line(char *line, nv_env_file_fn *fn, void *arg, struct nv_err *err)
{
	char *name = skip_blanks(line);

	if (strncmp(name, "export ", 7) == 0)
		name = skip_blanks(name + 7);
	if (*name == '\0' || *name == '#')
		return 0;
	char *equals = strchr(name, '=');

	if (!equals)
		return wrong(err, line, name, "expected NAME=VALUE or a comment");
	char *value = skip_blanks(equals + 1);

	*equals = '\0';
	cut_blanks(name);
	cut_blanks(value);
	const char *bad = nv_env_bad_name(name);

	if (bad)
		return wrong(err, line, name, bad);
	size_t n = strlen(value);

	if (n > 0 && (value[0] == '"' || value[0] == '\'')) {
		if (n < 2 || value[n - 1] != value[0])
			return wrong(err, line, value,
				"the quote is not closed at the end of the line");
		value[n - 1] = '\0';
		value++;
	}
	return fn(arg, name, value);
}

int
nv_env_file_parse(
	char *text, size_t bytes, nv_env_file_fn *fn, void *arg, struct nv_err *err)
{
	char *at = text;
	const char *end = text + bytes;

	err->line = 0;
	while (at < end) {
		char *next = memchr(at, '\n', (size_t)(end - at));
		char *line_end = next ? next : text + bytes;

		err->line++;
		err->column = 1;
		if (memchr(at, '\0', (size_t)(line_end - at)))
			return nv_err_set(err, -EINVAL, "a NUL byte in the line");
		if (err->line > NV_ENV_FILE_LINES_MAX)
			return nv_err_set(err, -EINVAL, "more than %d lines",
				NV_ENV_FILE_LINES_MAX);
		*line_end = '\0';
		int rc = parse_line(at, fn, arg, err);

		if (rc < 0)
			return rc;
		at = line_end + 1;
	}
	return 0;
}

int
nv_env_file_read(const char *path, char **ret_text, size_t *ret_bytes)
{
	struct stat st;
	NV_CLEANUP_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if ((st.st_mode & 022) != 0 || (st.st_uid != 0 && st.st_uid != geteuid()))
		return -EPERM;
	if (st.st_size < 0 || (size_t)st.st_size > NV_ENV_FILE_BYTES_MAX)
		return -EFBIG;
	char *text = malloc((size_t)st.st_size + 1);

	if (!text)
		return -ENOMEM;
	ssize_t n = nv_read_full(fd, text, (size_t)st.st_size);

	if (n < 0) {
		free(text);
		return (int)n;
	}
	text[n] = '\0';
	*ret_text = text;
	*ret_bytes = (size_t)n;
	return 0;
}
