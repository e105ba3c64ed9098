/* What novasupd gives to a system worker: see nv_service.h. */
#include "nv_service.h"

#include "nv_cli.h"
#include "nv_fd.h"
#include "nv_log.h"
#include "nv_paths.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECRET_BYTES_MAX ((size_t)64 << 10)

#define FLAGS_MAX 4

/* ---- how it was called ---- */

/* The options of every such program, and the flags of this one behind them. */
static void
list_options(const char *const *flags, struct option list[])
{
	static const struct option common[] = {
		{"config", required_argument, NULL, 'c'},
		{"run-dir", required_argument, NULL, 'r'},
		{"state-dir", required_argument, NULL, 's'},
		{"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},
	};
	size_t n = 0;

	for (; n < NV_LEN(common); n++)
		list[n] = common[n];
	for (int i = 0; flags && flags[i]; i++) {
		NV_ASSERT(i < FLAGS_MAX);
		list[n++] = (struct option){flags[i], no_argument, NULL, i};
	}
	list[n] = (struct option){0};
}

int
nv_service_args(struct nv_service_args *args, const char *name, int argc, char **argv,
	struct nv_paths *ret_paths, int *ret_exit)
{
	struct option options[5 + FLAGS_MAX + 1];
	const char *config = NULL;
	const char *run_dir = NULL;
	const char *state_dir = NULL;
	struct nv_err err = {0};
	bool is_wrong = false;
	int c;

	opterr = 0;
	args->flag = -1;
	list_options(args->flags, options);
	while (!is_wrong && (c = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			config = optarg;
			break;
		case 'r':
			run_dir = optarg;
			break;
		case 's':
			state_dir = optarg;
			break;
		case 'V':
			*ret_exit = nv_cli_say_version(name);
			return -ECANCELED;
		case 'h':
			*ret_exit = nv_cli_say(args->usage);
			return -ECANCELED;
		default:
			is_wrong = c < 0 || c >= FLAGS_MAX;
			args->flag = is_wrong ? -1 : c;
			if (is_wrong)
				(void)nv_cli_wrong(argv, options, c, &err);
		}
	}
	args->operands = argv + optind;
	args->n_operands = argc - optind;
	*ret_exit = NV_EXIT_USAGE;
	if (is_wrong)
		*ret_exit = nv_cli_fail(name, &err);
	else if (args->n_operands > 0 && !args->takes_operands)
		*ret_exit = nv_cli_surplus(name, args->operands[0]);
	if (is_wrong || (args->n_operands > 0 && !args->takes_operands))
		return -EINVAL;
	if (args->flag < 0 &&
		nv_paths_resolve(ret_paths, config, state_dir, run_dir, NULL, &err) < 0) {
		(void)fprintf(stderr, "%s: %s\n", name, err.text);
		return -EINVAL;
	}
	return 0;
}

int
nv_service_config(const char *path, struct nv_config **ret, bool *ret_by_hand)
{
	const char *snapshot = getenv("NOVA_SNAPSHOT_FD");
	struct nv_conf_sources sources = {0};
	struct nv_conf_errors errs = {0};
	int rc;

	*ret_by_hand = !snapshot || !*snapshot;
	if (*ret_by_hand) {
		rc = nv_conf_sources_read(&sources, path, &errs);
	} else {
		int fd = (int)strtol(snapshot, NULL, 10);

		rc = fd > 2 ? nv_conf_snapshot_read(fd, &sources) : -EBADF;
		nv_fd_close(&fd);
	}
	if (rc == 0 || rc == -EINVAL)
		rc = nv_config_parse(&sources, ret, &errs);
	if (rc < 0 && errs.n)
		nv_conf_errors_print(&errs, STDERR_FILENO);
	else if (rc < 0)
		nv_error("the configuration cannot be read: %s", strerror(-rc));
	nv_conf_errors_fini(&errs);
	nv_conf_sources_fini(&sources);
	return rc;
}

int
nv_service_secret(const char *name, char **ret)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	char path[NV_PATH_MAX];
	char *data = NULL;
	size_t bytes = 0;

	*ret = NULL;
	if (!dir || !*dir)
		return -ENOENT;
	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	int rc = nv_read_file_at(-1, path, SECRET_BYTES_MAX, &data, &bytes);

	if (rc < 0)
		return rc;
	while (bytes > 0 && strchr("\n\r\t ", data[bytes - 1]))
		data[--bytes] = '\0';
	if (bytes == 0) {
		free(data);
		return -ENOENT;
	}
	*ret = data;
	return 0;
}

void
nv_service_forget(char **secret)
{
	if (*secret)
		explicit_bzero(*secret, strlen(*secret));
	free(*secret);
	*secret = NULL;
}
