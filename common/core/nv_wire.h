/* Little-endian fields of message bodies. The writer and the reader remember
 * their first error, so that call sites stay flat; the reader must end exactly
 * at the end of the body. */
#ifndef NV_WIRE_H
#define NV_WIRE_H

#include "nv_base.h"

struct nv_wr {
	uint8_t *data; /* borrowed */
	size_t cap_bytes;
	size_t bytes;
	int error;
};

void nv_wr_init(struct nv_wr *w, void *data, size_t cap_bytes);
void nv_wr_u8(struct nv_wr *w, uint8_t v);
void nv_wr_u32(struct nv_wr *w, uint32_t v);
void nv_wr_u64(struct nv_wr *w, uint64_t v);
void nv_wr_i64(struct nv_wr *w, int64_t v);
/* A string: u16 length and the bytes, no NUL. NULL counts as empty. */
void nv_wr_str(struct nv_wr *w, const char *s);

struct nv_rd {
	const uint8_t *at; /* borrowed */
	const uint8_t *end;
	int error;
};

void nv_rd_init(struct nv_rd *r, const void *data, size_t bytes);
uint8_t nv_rd_u8(struct nv_rd *r);
uint32_t nv_rd_u32(struct nv_rd *r);
uint64_t nv_rd_u64(struct nv_rd *r);
int64_t nv_rd_i64(struct nv_rd *r);
/* Copies into buf with a NUL; a longer string, or one with a NUL inside, is an error. */
void nv_rd_str(struct nv_rd *r, char *buf, size_t buf_bytes);
/* 0, or -EBADMSG for a short body, a bad field or bytes left over. */
int nv_rd_end(const struct nv_rd *r);

#endif
