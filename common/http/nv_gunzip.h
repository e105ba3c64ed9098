/* gzip, decompressed as it comes. libcurl does it too, but says nothing when the
 * compressed text ends in the middle of a well-ended answer; here the end is asked for.
 */
#ifndef NV_GUNZIP_H
#define NV_GUNZIP_H

#include "nv_buf.h"

struct nv_gunzip;

struct nv_gunzip *nv_gunzip_new(void);
void nv_gunzip_free(struct nv_gunzip *g);
/* Appends what it gives to out, up to out's ceiling. 0; -EBADMSG: not gzip, a wrong
 * checksum, something behind its end; -ENOBUFS: out is full; -ENOMEM. */
int
nv_gunzip_add(struct nv_gunzip *g, const void *data, size_t bytes, struct nv_buf *out);
/* All of it was there, its checksum too. */
bool nv_gunzip_whole(const struct nv_gunzip *g);

#endif
