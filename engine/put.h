/* Members of a JSON object written straight into a buffer: a tree of JSON in between
 * takes five times as long, and of a thousand workers that is felt. A key comes with its
 * quotes and its colon: "\"runs\":", or is empty in a list; the comma before it is put
 * where one is due. Values have the forms of nv_json.h. Nothing fails but the buffer,
 * which remembers it. */
#ifndef ENG_PUT_H
#define ENG_PUT_H

#include "nv_buf.h"
#include "nv_money.h"

void eng_put_key(struct nv_buf *buf, const char *key);
void eng_put_count(struct nv_buf *buf, const char *key, uint64_t n); /* <= INT64_MAX */
void eng_put_int(struct nv_buf *buf, const char *key, int64_t n);
/* n / scale, a power of ten, with every digit. */
void eng_put_part(struct nv_buf *buf, const char *key, int64_t n, unsigned scale);
void eng_put_null(struct nv_buf *buf, const char *key);
void eng_put_percent(struct nv_buf *buf, const char *key, bool known, int64_t ppm);
void eng_put_money(struct nv_buf *buf, const char *key, nv_i128 nano);
void eng_put_bool(struct nv_buf *buf, const char *key, bool value);
void eng_put_text(struct nv_buf *buf, const char *key, const char *text);
void eng_put_text_or_null(struct nv_buf *buf, const char *key, const char *text);
void eng_put_time(struct nv_buf *buf, const char *key, int64_t wall_ns); /* 0: null */

/* A key that is not known beforehand. */
void eng_put_name(struct nv_buf *buf, const char *name, size_t bytes);

#endif
