/* Bodies in chunks: see chunk.h. */
#include "chunk.h"

static int
digit(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int
size_byte(struct gw_chunk *c, unsigned char byte)
{
	int value = digit(byte);

	if (value >= 0) {
		if (++c->digits > 8)
			return -413;
		c->left = c->left << 4 | (uint32_t)value;
		return 0;
	}
	if (c->digits == 0 || (byte != ';' && byte != '\r'))
		return -400;
	c->state = byte == ';' ? GW_CHUNK_EXT : GW_CHUNK_SIZE_LF;
	return 0;
}

/* What is skipped: up to the CR, without controls, and not for ever. */
static int
extra_byte(struct gw_chunk *c, unsigned char byte, enum gw_chunk_state next)
{
	if (byte == '\r') {
		c->state = next;
		return 0;
	}
	if (byte != '\t' && (byte < ' ' || byte == 0x7f))
		return -400;
	return ++c->extra_bytes > GW_CHUNK_EXTRA_BYTES_MAX ? -400 : 0;
}

static int
framing_byte(struct gw_chunk *c, unsigned char byte)
{
	switch (c->state) {
	case GW_CHUNK_SIZE:
		return size_byte(c, byte);
	case GW_CHUNK_EXT:
		return extra_byte(c, byte, GW_CHUNK_SIZE_LF);
	case GW_CHUNK_SIZE_LF:
		c->state = c->left ? GW_CHUNK_DATA : GW_CHUNK_TRAILER;
		return byte == '\n' ? 0 : -400;
	case GW_CHUNK_DATA_CR:
		c->state = GW_CHUNK_DATA_LF;
		return byte == '\r' ? 0 : -400;
	case GW_CHUNK_DATA_LF:
		*c = (struct gw_chunk){.extra_bytes = c->extra_bytes};
		return byte == '\n' ? 0 : -400;
	case GW_CHUNK_TRAILER:
		if (byte == '\r') {
			c->state = GW_CHUNK_END_LF;
			return 0;
		}
		if (byte == ' ' || byte == '\t')
			return -400;
		c->state = GW_CHUNK_TRAILER_LINE;
		return extra_byte(c, byte, GW_CHUNK_TRAILER_LF);
	case GW_CHUNK_TRAILER_LINE:
		return extra_byte(c, byte, GW_CHUNK_TRAILER_LF);
	case GW_CHUNK_TRAILER_LF:
		c->state = GW_CHUNK_TRAILER;
		return byte == '\n' ? 0 : -400;
	case GW_CHUNK_END_LF:
		c->state = GW_CHUNK_DONE;
		return byte == '\n' ? 0 : -400;
	case GW_CHUNK_DATA:
	case GW_CHUNK_DONE:
		break;
	}
	return -400;
}

int
gw_chunk_feed(struct gw_chunk *c, const char *data, size_t bytes, struct nv_buf *body)
{
	size_t at = 0;

	while (at < bytes && c->state != GW_CHUNK_DONE) {
		if (c->state != GW_CHUNK_DATA) {
			int rc = framing_byte(c, (unsigned char)data[at++]);

			if (rc < 0)
				return rc;
			/* A chunk that cannot fit is refused before it comes. */
			if (c->left > body->bytes_max - body->bytes)
				return -413;
			continue;
		}
		size_t n = NV_MIN(bytes - at, (size_t)c->left);

		nv_buf_add(body, data + at, n);
		if (body->error)
			return -413;
		at += n;
		c->left -= (uint32_t)n;
		if (c->left == 0)
			c->state = GW_CHUNK_DATA_CR;
	}
	return (int)at;
}
