/* What a system worker (platform, gateway, alerts) is given by novasupd: the sealed
 * configuration and its secrets. Started by hand it reads nova.yaml itself. */
#ifndef NV_SERVICE_H
#define NV_SERVICE_H

#include "nv_config.h"

/* From the descriptor NOVA_SNAPSHOT_FD names (closed afterwards); without that variable
 * from the files, path as nv_conf_sources_read takes it. What is wrong is printed. 0 or
 * negative errno. */
int nv_service_config(const char *path, struct nv_config **ret, bool *ret_by_hand);

/* CREDENTIALS_DIRECTORY/NAME without white space at its end, a heap string: the caller
 * wipes it with nv_service_forget. -ENOENT: there is none, or it is empty. */
int nv_service_secret(const char *name, char **ret);
void nv_service_forget(char **secret);

#endif
