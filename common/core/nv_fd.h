/* File descriptors: ownership, creation with the right flags, whole reads and
 * writes, and passing them over unix sockets. Every function returns 0 (or a
 * count) or a negative errno. */
#ifndef NV_FD_H
#define NV_FD_H

#include "nv_base.h"

#include <sys/types.h>

/* Close at the end of the scope; leave it with nv_fd_steal. */
#define NV_CLEANUP_FD __attribute__((cleanup(nv_fd_close))) int
/* Close *fd if it is open (>= 0) and set it to -1. Keeps errno. */
void nv_fd_close(int *fd);
/* Take the descriptor out of *fd, leaving -1. */
int nv_fd_steal(int *fd);

int nv_fd_set_nonblock(int fd, bool on);
int nv_fd_set_cloexec(int fd, bool on);

/* A pipe with CLOEXEC on both ends; the capacity is asked for, not promised
 * (F_SETPIPE_SZ: 1 MiB is the limit without privilege). 0 keeps the default. */
int nv_pipe(int *ret_read, int *ret_write, size_t capacity_bytes);

/* A listening unix socket (type: SOCK_STREAM or SOCK_SEQPACKET), CLOEXEC and not
 * blocking, with this mode from its first moment. What lies at path goes: who calls knows
 * that its owner is dead. The descriptor or negative errno (-ENAMETOOLONG: path does not
 * fit). */
int nv_listen_unix(const char *path, int type, mode_t mode, int backlog);
/* A socket that is connected to DIR/NAME (dir NULL: to name), CLOEXEC and not blocking. A
 * unix socket connects at once or not at all (-EAGAIN: its queue is full). The descriptor
 * or negative errno (-ENAMETOOLONG: the path does not fit). */
int nv_connect_unix(const char *dir, const char *name, int type);

/* Whole buffers, over EINTR and short counts. nv_read_full returns what it got
 * before end of file. */
int nv_write_full(int fd, const void *data, size_t bytes);
ssize_t nv_read_full(int fd, void *data, size_t bytes);

/* The whole file as a NUL-terminated heap string (*ret_data is the caller's to
 * free). A file larger than bytes_max is -EFBIG. dirfd -1: path as open(2) takes it. */
int nv_read_file_at(int dirfd, const char *path, size_t bytes_max, char **ret_data,
	size_t *ret_bytes);
/* Write beside, fsync, rename over, fsync the directory. */
int nv_write_file_atomic(const char *path, const void *data, size_t bytes, mode_t mode);

/* mkdir -p; existing directories are fine. */
int nv_mkdir_p(const char *path, mode_t mode);

#endif
