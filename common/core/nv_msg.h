/* Typed messages between Nova's processes over SOCK_SEQPACKET: one packet is one
 * message, a u16 number, a u16 of zero, then the body. The catalogue nv_msg.def says who
 * may send what to whom, within which sizes and with how many descriptors; a packet that
 * breaks it is refused before its body is looked at. */
#ifndef NV_MSG_H
#define NV_MSG_H

#include "nv_wire.h"

enum nv_msg_type {
#define NV_MSG(name, number, from, to, min, max, fds) NV_MSG_##name = (number),
#include "nv_msg.def"
#undef NV_MSG
};

#define NV_MSG_TYPE_MAX   192
#define NV_MSG_BODY_MAX   16384
#define NV_MSG_HEAD_BYTES 4
#define NV_MSG_FDS_MAX    4

/* A message as received or to be sent. Received descriptors are owned by the
 * message until taken with nv_fd_steal; nv_msg_fini closes what is left. */
struct nv_msg {
	uint16_t type;
	size_t bytes;
	int fds[NV_MSG_FDS_MAX];
	unsigned n_fds;
	uint8_t body[NV_MSG_BODY_MAX];
};

void nv_msg_fini(struct nv_msg *msg);
/* From the beginning of its body. */
struct nv_rd nv_msg_reader(const struct nv_msg *msg);
/* "ENG_HELLO", or "unknown". */
const char *nv_msg_name(unsigned type);

/* Send one packet; fds are borrowed. -EAGAIN when the socket is full,
 * -EMSGSIZE/-EINVAL when the message breaks the catalogue. */
int nv_msg_send(int sock, enum nv_msg_type type, const void *body, size_t bytes,
	const int *fds, unsigned n_fds);
/* Receive one packet as role `me` ('S', 'E', 'L', 'P' or 'C') from role `peer`.
 * 1 got one; 0 the peer closed; -EAGAIN nothing there; -EPROTO the packet is not
 * in the catalogue for that pair (what is wrong is in why, may be NULL). */
int nv_msg_recv(int sock, char peer, char me, struct nv_msg *ret_msg, char *why,
	size_t why_bytes);

#endif
