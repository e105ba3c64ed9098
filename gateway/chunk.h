/* Bodies in chunks (RFC 9112, section 7.1), strictly: every line ends with CR LF, a size
 * is 1 to 8 hexadecimal digits, extensions and trailers are bounded and mean nothing.
 * Pure: it is given bytes as they come and hands on what they carry. */
#ifndef GW_CHUNK_H
#define GW_CHUNK_H

#include "nv_buf.h"

#define GW_CHUNK_EXTRA_BYTES_MAX 4096 /* of extensions and trailers of one body */

enum gw_chunk_state {
	GW_CHUNK_SIZE, /* the digits of a size */
	GW_CHUNK_EXT,
	GW_CHUNK_SIZE_LF,
	GW_CHUNK_DATA,
	GW_CHUNK_DATA_CR,
	GW_CHUNK_DATA_LF,
	GW_CHUNK_TRAILER, /* at the start of a line after the last chunk */
	GW_CHUNK_TRAILER_LINE,
	GW_CHUNK_TRAILER_LF,
	GW_CHUNK_END_LF,
	GW_CHUNK_DONE
};

struct gw_chunk {
	enum gw_chunk_state state;
	unsigned digits;
	uint32_t left;      /* of this chunk */
	size_t extra_bytes; /* so far */
};

/* Take from data what belongs to the body and add what it carries to *body, at most up to
 * its ceiling. Returns the bytes taken (all of them until the state is GW_CHUNK_DONE), or
 * the negative status of the refusal: -400, or -413 when the ceiling is reached. */
int
gw_chunk_feed(struct gw_chunk *c, const char *data, size_t bytes, struct nv_buf *body);

#endif
