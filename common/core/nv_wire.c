/* Message fields: see nv_wire.h. */
#include "nv_wire.h"

#include <errno.h>
#include <string.h>

void
nv_wr_init(struct nv_wr *w, void *data, size_t cap_bytes)
{
	*w = (struct nv_wr){.data = data, .cap_bytes = cap_bytes};
}

static void
put(struct nv_wr *w, uint64_t v, size_t bytes)
{
	if (w->error)
		return;
	if (w->cap_bytes - w->bytes < bytes) {
		w->error = -ENOBUFS;
		return;
	}
	for (size_t i = 0; i < bytes; i++)
		w->data[w->bytes++] = (uint8_t)(v >> (8 * i));
}

void
nv_wr_u8(struct nv_wr *w, uint8_t v)
{
	put(w, v, 1);
}

void
nv_wr_u32(struct nv_wr *w, uint32_t v)
{
	put(w, v, 4);
}

void
nv_wr_u64(struct nv_wr *w, uint64_t v)
{
	put(w, v, 8);
}

void
nv_wr_i64(struct nv_wr *w, int64_t v)
{
	put(w, (uint64_t)v, 8);
}

void
nv_wr_str(struct nv_wr *w, const char *s)
{
	size_t bytes = s ? strlen(s) : 0;

	if (bytes > UINT16_MAX) {
		w->error = w->error ? w->error : -ENOBUFS;
		return;
	}
	put(w, bytes, 2);
	if (w->error || bytes == 0)
		return;
	if (w->cap_bytes - w->bytes < bytes) {
		w->error = -ENOBUFS;
		return;
	}
	memcpy(w->data + w->bytes, s, bytes);
	w->bytes += bytes;
}

void
nv_rd_init(struct nv_rd *r, const void *data, size_t bytes)
{
	*r = (struct nv_rd){.at = data, .end = (const uint8_t *)data + bytes};
}

static uint64_t
get(struct nv_rd *r, size_t bytes)
{
	uint64_t v = 0;

	if (r->error || (size_t)(r->end - r->at) < bytes) {
		r->error = -EBADMSG;
		return 0;
	}
	for (size_t i = 0; i < bytes; i++)
		v |= (uint64_t)r->at[i] << (8 * i);
	r->at += bytes;
	return v;
}

uint8_t
nv_rd_u8(struct nv_rd *r)
{
	return (uint8_t)get(r, 1);
}

uint32_t
nv_rd_u32(struct nv_rd *r)
{
	return (uint32_t)get(r, 4);
}

uint64_t
nv_rd_u64(struct nv_rd *r)
{
	return get(r, 8);
}

int64_t
nv_rd_i64(struct nv_rd *r)
{
	return (int64_t)get(r, 8);
}

void
nv_rd_str(struct nv_rd *r, char *buf, size_t buf_bytes)
{
	size_t bytes = (size_t)get(r, 2);

	buf[0] = '\0';
	if (r->error)
		return;
	if ((size_t)(r->end - r->at) < bytes || bytes >= buf_bytes ||
		memchr(r->at, '\0', bytes)) {
		r->error = -EBADMSG;
		return;
	}
	memcpy(buf, r->at, bytes);
	buf[bytes] = '\0';
	r->at += bytes;
}

int
nv_rd_end(const struct nv_rd *r)
{
	return r->error || r->at != r->end ? -EBADMSG : 0;
}
