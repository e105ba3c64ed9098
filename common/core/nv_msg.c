/* Typed messages: see nv_msg.h. */
#include "nv_msg.h"
#include "nv_fd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

struct rule {
	const char *name;
	char from;
	char to;
	uint16_t bytes_min;
	uint16_t bytes_max;
	uint8_t n_fds;
};

static const struct rule rules[NV_MSG_TYPE_MAX] = {
#define S 'S'
#define E 'E'
#define L 'L'
#define P 'P'
#define C 'C'
#define NV_MSG(name, number, from, to, min, max, fds) \
	[(number)] = {#name, from, to, min, max, fds},
#include "nv_msg.def"
#undef NV_MSG
#undef S
#undef E
#undef L
#undef P
#undef C
};

#define NV_MSG(name, number, from, to, min, max, fds) \
	_Static_assert((number) < NV_MSG_TYPE_MAX && (max) <= NV_MSG_BODY_MAX && \
			       (min) <= (max) && (fds) <= NV_MSG_FDS_MAX, \
		#name " does not fit");
#include "nv_msg.def"
#undef NV_MSG

static const struct rule *
rule_of(unsigned type)
{
	return type < NV_MSG_TYPE_MAX && rules[type].name ? &rules[type] : NULL;
}

const char *
nv_msg_name(unsigned type)
{
	const struct rule *rule = rule_of(type);

	return rule ? rule->name : "unknown";
}

void
nv_msg_fini(struct nv_msg *msg)
{
	for (unsigned i = 0; i < msg->n_fds; i++)
		nv_fd_close(&msg->fds[i]);
	msg->n_fds = 0;
}

struct nv_rd
nv_msg_reader(const struct nv_msg *msg)
{
	struct nv_rd r;

	nv_rd_init(&r, msg->body, msg->bytes);
	return r;
}

int
nv_msg_send(int sock, enum nv_msg_type type, const void *body, size_t bytes,
	const int *fds, unsigned n_fds)
{
	const struct rule *rule = rule_of(type);

	if (!rule || n_fds != rule->n_fds)
		return -EINVAL;
	if (bytes < rule->bytes_min || bytes > rule->bytes_max)
		return -EMSGSIZE;
	uint8_t head[NV_MSG_HEAD_BYTES] = {(uint8_t)type, (uint8_t)(type >> 8), 0, 0};
	struct iovec iov[2] = {{head, sizeof(head)}, {NULL, bytes}};

	memcpy(&iov[1].iov_base, &body, sizeof(body)); /* iovec has no const */
	struct msghdr mh = {.msg_iov = iov, .msg_iovlen = bytes ? 2 : 1};
	union {
		char space[CMSG_SPACE(sizeof(int) * NV_MSG_FDS_MAX)];
		struct cmsghdr align;
	} control;

	memset(&control, 0, sizeof(control));
	if (n_fds > 0) {
		mh.msg_control = control.space;
		mh.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
		struct cmsghdr *cm = CMSG_FIRSTHDR(&mh);

		cm->cmsg_level = SOL_SOCKET;
		cm->cmsg_type = SCM_RIGHTS;
		cm->cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
		memcpy(CMSG_DATA(cm), fds, sizeof(int) * n_fds);
	}
	ssize_t n;

	do {
		n = sendmsg(sock, &mh, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

static void
take_fds(struct msghdr *mh, struct nv_msg *msg)
{
	for (struct cmsghdr *cm = CMSG_FIRSTHDR(mh); cm; cm = CMSG_NXTHDR(mh, cm)) {
		if (cm->cmsg_level != SOL_SOCKET || cm->cmsg_type != SCM_RIGHTS)
			continue;
		size_t n = (cm->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(cm) + i * sizeof(int), sizeof(fd));
			if (msg->n_fds < NV_MSG_FDS_MAX)
				msg->fds[msg->n_fds++] = fd;
			else
				nv_fd_close(&fd);
		}
	}
}

static const char *
breaks_rule(const struct nv_msg *msg, const struct rule *rule, char peer, char me,
	int flags, const uint8_t head[NV_MSG_HEAD_BYTES])
{
	if (flags & (MSG_TRUNC | MSG_CTRUNC))
		return "is larger than any message";
	if (!rule)
		return "has an unknown number";
	if (head[2] || head[3])
		return "has a header that is not zero where it must be";
	if (rule->from != peer || rule->to != me)
		return "is not allowed from this peer";
	if (msg->bytes < rule->bytes_min || msg->bytes > rule->bytes_max)
		return "has a body of the wrong size";
	if (msg->n_fds != rule->n_fds)
		return "carries the wrong number of descriptors";
	return NULL;
}

int
nv_msg_recv(
	int sock, char peer, char me, struct nv_msg *ret_msg, char *why, size_t why_bytes)
{
	uint8_t head[NV_MSG_HEAD_BYTES];
	struct iovec iov[2] = {
		{head, sizeof(head)}, {ret_msg->body, sizeof(ret_msg->body)}};
	union {
		char space[CMSG_SPACE(sizeof(int) * NV_MSG_FDS_MAX)];
		struct cmsghdr align;
	} control;
	struct msghdr mh = {.msg_iov = iov,
		.msg_iovlen = 2,
		.msg_control = control.space,
		.msg_controllen = sizeof(control.space)};
	ssize_t n;

	ret_msg->n_fds = 0;
	do {
		n = recvmsg(sock, &mh, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (n == 0)
		return 0;
	take_fds(&mh, ret_msg);
	ret_msg->type = 0;
	ret_msg->bytes = 0;
	if ((size_t)n >= sizeof(head)) {
		ret_msg->type = (uint16_t)(head[0] | head[1] << 8);
		ret_msg->bytes = (size_t)n - sizeof(head);
	}
	const char *wrong = breaks_rule(
		ret_msg, rule_of(ret_msg->type), peer, me, mh.msg_flags, head);

	if (!wrong)
		return 1;
	if (why)
		(void)snprintf(why, why_bytes, "message %u (%s, %zu bytes, %u fds) %s",
			ret_msg->type, nv_msg_name(ret_msg->type), ret_msg->bytes,
			ret_msg->n_fds, wrong);
	nv_msg_fini(ret_msg);
	return -EPROTO;
}
