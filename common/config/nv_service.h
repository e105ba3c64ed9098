/* What a system worker (platform, gateway, alerts) is given by novasupd: the sealed
 * configuration and its secrets. Started by hand it reads nova.yaml itself. */
#ifndef NV_SERVICE_H
#define NV_SERVICE_H

#include "nv_config.h"
#include "nv_paths.h"

/* How such a program is called: its operands, --config, --run-dir and --state-dir FILE or
 * DIR,
 * --version, --help. */
struct nv_service_args {
	const char *usage; /* given: printed for --help, and when it is called wrongly */
	/* Given: further options that have no value and are done without directories,
	 * ended by a NULL; or NULL. */
	const char *const *flags;
	bool takes_operands; /* given */
	/* Found. */
	int flag; /* in flags; -1: none, and paths are set */
	char **operands;
	int n_operands;
};

/* 0 when the program is to go on. Otherwise it ends with *ret_exit (enum nv_exit), and
 * what there is to say is printed. */
int nv_service_args(struct nv_service_args *args, const char *name, int argc, char **argv,
	struct nv_paths *ret_paths, int *ret_exit);

/* From the descriptor NOVA_SNAPSHOT_FD names (closed afterwards); without that variable
 * from the files, path as nv_conf_sources_read takes it. What is wrong is printed. 0 or
 * negative errno. */
int nv_service_config(const char *path, struct nv_config **ret, bool *ret_by_hand);

/* CREDENTIALS_DIRECTORY/NAME without white space at its end, a heap string: the caller
 * wipes it with nv_service_forget. -ENOENT: there is none, or it is empty. */
int nv_service_secret(const char *name, char **ret);
void nv_service_forget(char **secret);

#endif
