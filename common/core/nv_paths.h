/* Where a fleet keeps its files. Order: command line, environment (NOVA_CONFIG,
 * NOVA_STATE_DIR, NOVA_RUN_DIR, NOVA_LOG_DIR), then the defaults: as root
 * /etc/nova/nova.yaml, /var/lib/nova, /run/nova, /var/log/nova; as an ordinary
 * user the XDG base directories. */
#ifndef NV_PATHS_H
#define NV_PATHS_H

#include "nv_err.h"

#define NV_PATH_MAX 1024

struct nv_paths {
	char config[NV_PATH_MAX];    /* nova.yaml */
	char state_dir[NV_PATH_MAX]; /* ledger/ */
	char run_dir[NV_PATH_MAX];   /* novasupd.sock, engine.sock */
	char log_dir[NV_PATH_MAX];   /* one file per worker */
	char bin_dir[NV_PATH_MAX];   /* where this program and its siblings are */
};

/* Arguments of the command line, each NULL when not given. All results are
 * absolute. 0, -ENAMETOOLONG (a path does not fit), or -ENOENT (no HOME). */
int nv_paths_resolve(struct nv_paths *ret, const char *config, const char *state_dir,
	const char *run_dir, const char *log_dir, struct nv_err *err);
/* bin_dir alone. 0 or negative errno. */
int nv_paths_bin_dir(char ret[NV_PATH_MAX], struct nv_err *err);

#endif
