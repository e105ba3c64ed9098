/* See nv_gunzip.h. */
#include "nv_gunzip.h"

#include <errno.h>
#include <stdlib.h>
#include <zlib.h>

#define GZIP_WINDOW (15 + 16) /* zlib: the largest window, gzip's frame only */
#define PART_BYTES  16384

struct nv_gunzip {
	z_stream z;
	bool at_end; /* of a member; another may follow (RFC 1952, 2.2) */
};

struct nv_gunzip *
nv_gunzip_new(void)
{
	struct nv_gunzip *g = calloc(1, sizeof(*g));

	if (g && inflateInit2(&g->z, GZIP_WINDOW) != Z_OK) {
		free(g);
		return NULL;
	}
	return g;
}

void
nv_gunzip_free(struct nv_gunzip *g)
{
	if (!g)
		return;
	(void)inflateEnd(&g->z);
	free(g);
}

int
nv_gunzip_add(struct nv_gunzip *g, const void *data, size_t bytes, struct nv_buf *out)
{
	char part[PART_BYTES];
	int rc = Z_OK;

	/* zlib's input is not const, and is not written to. */
	g->z.next_in = (Bytef *)(uintptr_t)data;
	g->z.avail_in = (uInt)bytes;
	do {
		if (g->at_end && g->z.avail_in) {
			if (inflateReset(&g->z) != Z_OK)
				return -EBADMSG;
			g->at_end = false;
		}
		g->z.next_out = (Bytef *)part;
		g->z.avail_out = sizeof(part);
		rc = inflate(&g->z, Z_NO_FLUSH);
		if (rc == Z_MEM_ERROR)
			return -ENOMEM;
		/* Z_BUF_ERROR: it wants more than there is. */
		if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
			return -EBADMSG;
		g->at_end = rc == Z_STREAM_END;
		nv_buf_add(out, part, sizeof(part) - g->z.avail_out);
		if (out->error)
			return out->error;
	} while ((g->z.avail_in && rc != Z_BUF_ERROR) || g->z.avail_out == 0);
	return 0;
}

bool
nv_gunzip_whole(const struct nv_gunzip *g)
{
	return g->at_end;
}
