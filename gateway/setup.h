/* What nova-gateway needs before it listens: its secrets, and where. */
#ifndef GW_SETUP_H
#define GW_SETUP_H

#include "gateway.h"

/* From CREDENTIALS_DIRECTORY. What is missing is no error: its webhooks are told to come
 * again. 0 or -ENOMEM. */
int gw_secrets_read(struct gw *gw);
void gw_secrets_forget(struct gw *gw);
/* "127.0.0.1:5001", "[::1]:0" -> address and port. 0 or -EINVAL. */
int gw_listen_parse(const char *text, char host[GW_PEER_BYTES], uint16_t *ret_port);

#endif
