#include "scr_ascii.h"

void
scr_lower(char *text)
{
	for (; *text; text++)
		*text = scr_low(*text);
}

bool
scr_same(const char *text, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++) {
		if (scr_low(text[i]) != scr_low(word[i]) || !text[i])
			return false;
	}
	return true;
}

void
scr_put_utf8(struct nv_buf *out, uint32_t code)
{
	char b[4];

	if (code == 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		code = 0xfffd;
	if (code < 0x80) {
		b[0] = (char)code;
		nv_buf_add(out, b, 1);
	} else if (code < 0x800) {
		b[0] = (char)(0xc0 | code >> 6);
		b[1] = (char)(0x80 | (code & 0x3f));
		nv_buf_add(out, b, 2);
	} else if (code < 0x10000) {
		b[0] = (char)(0xe0 | code >> 12);
		b[1] = (char)(0x80 | (code >> 6 & 0x3f));
		b[2] = (char)(0x80 | (code & 0x3f));
		nv_buf_add(out, b, 3);
	} else {
		b[0] = (char)(0xf0 | code >> 18);
		b[1] = (char)(0x80 | (code >> 12 & 0x3f));
		b[2] = (char)(0x80 | (code >> 6 & 0x3f));
		b[3] = (char)(0x80 | (code & 0x3f));
		nv_buf_add(out, b, 4);
	}
}
