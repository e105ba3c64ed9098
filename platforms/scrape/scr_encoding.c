/* Labels and names: the Encoding standard (encoding.spec.whatwg.org, section 4.2). */
#include "scr_encoding.h"

#include "scr_ascii.h"

#include <errno.h>
#include <iconv.h>
#include <string.h>

/* name, what iconv calls it (NULL: read here), labels. Where iconv's table of the
 * standard's superset has another name it stands here: what calls itself gb2312 is read
 * as gb18030. */
static const struct encoding {
	const char *name, *iconv;
	const char *labels; /* separated by spaces; the name itself is one */
} encodings[] = {
	{"utf-8", NULL,
		"unicode-1-1-utf-8 unicode11utf8 unicode20utf8 utf8 x-unicode20utf8"},
	{"windows-1252", NULL,
		"ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 "
		"iso-ir-100 "
		"iso8859-1 iso88591 iso_8859-1 iso_8859-1:1987 l1 latin1 us-ascii "
		"x-cp1252"},
	{"ibm866", "IBM866", "866 cp866 csibm866"},
	{"iso-8859-2", "ISO-8859-2",
		"csisolatin2 iso-ir-101 iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987 l2 "
		"latin2"},
	{"iso-8859-3", "ISO-8859-3",
		"csisolatin3 iso-ir-109 iso8859-3 iso88593 iso_8859-3 iso_8859-3:1988 l3 "
		"latin3"},
	{"iso-8859-4", "ISO-8859-4",
		"csisolatin4 iso-ir-110 iso8859-4 iso88594 iso_8859-4 iso_8859-4:1988 l4 "
		"latin4"},
	{"iso-8859-5", "ISO-8859-5",
		"csisolatincyrillic cyrillic iso-ir-144 iso8859-5 iso88595 iso_8859-5 "
		"iso_8859-5:1988"},
	{"iso-8859-6", "ISO-8859-6",
		"arabic asmo-708 csiso88596e csiso88596i csisolatinarabic ecma-114 "
		"iso-8859-6-e "
		"iso-8859-6-i iso-ir-127 iso8859-6 iso88596 iso_8859-6 iso_8859-6:1987"},
	{"iso-8859-7", "ISO-8859-7",
		"csisolatingreek ecma-118 elot_928 greek greek8 iso-ir-126 iso8859-7 "
		"iso88597 "
		"iso_8859-7 iso_8859-7:1987 sun_eu_greek"},
	{"iso-8859-8", "ISO-8859-8",
		"csiso88598e csisolatinhebrew hebrew iso-8859-8-e iso-ir-138 iso8859-8 "
		"iso88598 "
		"iso_8859-8 iso_8859-8:1988 visual"},
	{"iso-8859-8-i", "ISO-8859-8", "csiso88598i logical"},
	{"iso-8859-10", "ISO-8859-10",
		"csisolatin6 iso-ir-157 iso8859-10 iso885910 l6 latin6"},
	{"iso-8859-13", "ISO-8859-13", "iso8859-13 iso885913"},
	{"iso-8859-14", "ISO-8859-14", "iso8859-14 iso885914"},
	{"iso-8859-15", "ISO-8859-15", "csisolatin9 iso8859-15 iso885915 iso_8859-15 l9"},
	{"iso-8859-16", "ISO-8859-16", ""},
	{"koi8-r", "KOI8-R", "cskoi8r koi koi8 koi8_r"},
	{"koi8-u", "KOI8-U", "koi8-ru"},
	{"macintosh", "MACINTOSH", "csmacintosh mac x-mac-roman"},
	{"windows-874", "CP874", "dos-874 iso-8859-11 iso8859-11 iso885911 tis-620"},
	{"windows-1250", "CP1250", "cp1250 x-cp1250"},
	{"windows-1251", "CP1251", "cp1251 x-cp1251"},
	{"windows-1253", "CP1253", "cp1253 x-cp1253"},
	{"windows-1254", "CP1254",
		"cp1254 csisolatin5 iso-8859-9 iso-ir-148 iso8859-9 iso88599 iso_8859-9 "
		"iso_8859-9:1989 l5 latin5 x-cp1254"},
	{"windows-1255", "CP1255", "cp1255 x-cp1255"},
	{"windows-1256", "CP1256", "cp1256 x-cp1256"},
	{"windows-1257", "CP1257", "cp1257 x-cp1257"},
	{"windows-1258", "CP1258", "cp1258 x-cp1258"},
	{"x-mac-cyrillic", "MAC-CYRILLIC", "x-mac-ukrainian"},
	{"gbk", "GB18030",
		"chinese csgb2312 csiso58gb231280 gb2312 gb_2312 gb_2312-80 iso-ir-58 "
		"x-gbk"},
	{"gb18030", "GB18030", ""},
	{"big5", "BIG5-HKSCS", "big5-hkscs cn-big5 csbig5 x-x-big5"},
	{"euc-jp", "EUC-JP", "cseucpkdfmtjapanese x-euc-jp"},
	{"iso-2022-jp", "ISO-2022-JP", "csiso2022jp"},
	{"shift_jis", "CP932",
		"csshiftjis ms932 ms_kanji shift-jis sjis windows-31j x-sjis"},
	{"euc-kr", "CP949",
		"cseuckr csksc56011987 iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 "
		"ksc5601 "
		"ksc_5601 windows-949"},
	/* Encodings in which markup can be hidden from a filter: the standard shows one
	 * U+FFFD instead of the page. */
	{"replacement", NULL,
		"csiso2022kr hz-gb-2312 iso-2022-cn iso-2022-cn-ext iso-2022-kr"},
	{"utf-16be", "UTF-16BE", "unicodefffe"},
	{"utf-16le", "UTF-16LE",
		"csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16"},
	{"x-user-defined", NULL, ""},
};

static const struct encoding *
find(const char *label, size_t bytes)
{
	while (bytes > 0 && scr_is_space(*label)) {
		label++;
		bytes--;
	}
	while (bytes > 0 && scr_is_space(label[bytes - 1]))
		bytes--;
	for (size_t i = 0; i < NV_LEN(encodings) && bytes > 0; i++) {
		const struct encoding *e = &encodings[i];

		if (strlen(e->name) == bytes && scr_same(label, bytes, e->name))
			return e;
		for (const char *at = e->labels; *at; at += strspn(at, " ")) {
			size_t n = strcspn(at, " ");

			if (n == bytes && scr_same(label, bytes, at))
				return e;
			at += n;
		}
	}
	return NULL;
}

const char *
scr_encoding_of_label(const char *label, size_t bytes)
{
	const struct encoding *e = find(label, bytes);

	return e ? e->name : NULL;
}

/* "Extracting a character encoding from a meta element" (HTML), which serves for the
 * header too: the first charset= with a value. */
static const char *
after_charset(const char *text, size_t bytes)
{
	for (size_t i = 0; i + 7 <= bytes; i++) {
		if (!scr_same(text + i, 7, "charset"))
			continue;
		size_t at = i + 7;

		while (at < bytes && scr_is_space(text[at]))
			at++;
		if (at >= bytes || text[at] != '=')
			continue;
		at++;
		while (at < bytes && scr_is_space(text[at]))
			at++;
		if (at >= bytes)
			return NULL;
		const char *end;

		if (text[at] == '"' || text[at] == '\'') {
			end = memchr(text + at + 1, text[at], bytes - at - 1);
			at++;
			return end ? scr_encoding_of_label(
					     text + at, (size_t)(end - text) - at)
				   : NULL;
		}
		size_t stop = at;

		while (stop < bytes && text[stop] != ';' && !scr_is_space(text[stop]))
			stop++;
		return scr_encoding_of_label(text + at, stop - at);
	}
	return NULL;
}

const char *
scr_encoding_of_type(const char *content_type)
{
	return after_charset(content_type, strlen(content_type));
}

/* The prescan (HTML, "prescan a byte stream to determine its encoding"). */
struct scan {
	const char *at, *end;
};

struct attr {
	char name[32],
		value[128]; /* lower case; cut when longer: then they are none we seek */
	bool found;
};

static void
put(char *text, size_t cap, size_t *n, char c)
{
	if (*n + 1 < cap) {
		text[(*n)++] = scr_low(c);
		text[*n] = '\0';
	}
}

static bool
is_sep(char c)
{
	return scr_is_space(c) || c == '/';
}

static void
read_value(struct scan *s, struct attr *a)
{
	size_t n = 0;

	while (s->at < s->end && scr_is_space(*s->at))
		s->at++;
	if (s->at < s->end && (*s->at == '"' || *s->at == '\'')) {
		char quote = *s->at++;

		while (s->at < s->end && *s->at != quote)
			put(a->value, sizeof(a->value), &n, *s->at++);
		if (s->at < s->end)
			s->at++;
		else
			a->found = false; /* cut in the middle: nobody knows it */
		return;
	}
	while (s->at < s->end && !scr_is_space(*s->at) && *s->at != '>')
		put(a->value, sizeof(a->value), &n, *s->at++);
	if (s->at >= s->end)
		a->found = false;
}

static struct attr
read_attr(struct scan *s)
{
	struct attr a = {.found = false};
	size_t n = 0;

	while (s->at < s->end && is_sep(*s->at))
		s->at++;
	if (s->at >= s->end || *s->at == '>')
		return a;
	a.found = true;
	while (s->at < s->end && !is_sep(*s->at) && *s->at != '>' &&
		(*s->at != '=' || n == 0))
		put(a.name, sizeof(a.name), &n, *s->at++);
	while (s->at < s->end && scr_is_space(*s->at))
		s->at++;
	if (s->at >= s->end) {
		a.found = false;
		return a;
	}
	if (*s->at != '=')
		return a;
	s->at++;
	read_value(s, &a);
	return a;
}

static const char *
read_meta(struct scan *s)
{
	bool pragma = false, seen_content = false, need_pragma = false;
	const char *found = NULL;

	for (;;) {
		struct attr a = read_attr(s);

		if (!a.found)
			break;
		if (strcmp(a.name, "http-equiv") == 0) {
			pragma |= strcmp(a.value, "content-type") == 0;
		} else if (strcmp(a.name, "content") == 0 && !seen_content && !found) {
			seen_content = true;
			found = after_charset(a.value, strlen(a.value));
			need_pragma = found != NULL;
		} else if (strcmp(a.name, "charset") == 0) {
			const char *named =
				scr_encoding_of_label(a.value, strlen(a.value));

			if (named) {
				found = named;
				need_pragma = false;
			}
		}
	}
	/* A tag that the 1,024 bytes cut off is none. */
	if (s->at >= s->end || !found || (need_pragma && !pragma))
		return NULL;
	if (strncmp(found, "utf-16", 6) == 0) /* nobody can read this <meta> in UTF-16 */
		return "utf-8";
	return strcmp(found, "x-user-defined") == 0 ? "windows-1252" : found;
}

static void
skip_past(struct scan *s, const char *what)
{
	const char *found = memmem(s->at, (size_t)(s->end - s->at), what, strlen(what));

	s->at = found ? found + strlen(what) : s->end;
}

static bool
begins(const struct scan *s, const char *what)
{
	size_t n = strlen(what);

	return (size_t)(s->end - s->at) >= n && scr_same(s->at, n, what);
}

static void
skip_tag(struct scan *s)
{
	while (s->at < s->end && !scr_is_space(*s->at) && *s->at != '>')
		s->at++;
	while (read_attr(s).found)
		;
}

const char *
scr_encoding_of_meta(const char *body, size_t bytes)
{
	struct scan s = {
		.at = body, .end = body + NV_MIN(bytes, (size_t)SCR_SNIFF_BYTES)};

	while (s.at < s.end) {
		const char *lt = memchr(s.at, '<', (size_t)(s.end - s.at));

		if (!lt)
			return NULL;
		s.at = lt;
		if (begins(&s, "<!--")) {
			s.at += 2; /* "<!-->" is a whole comment */
			skip_past(&s, "-->");
		} else if (begins(&s, "<meta") && s.end - s.at > 5 && is_sep(s.at[5])) {
			s.at += 5;
			const char *found = read_meta(&s);

			if (found)
				return found;
		} else if ((s.end - s.at > 1 && scr_is_alpha(s.at[1])) ||
			   (s.end - s.at > 2 && s.at[1] == '/' &&
				   scr_is_alpha(s.at[2]))) {
			skip_tag(&s);
		} else if (begins(&s, "<!") || begins(&s, "</") || begins(&s, "<?")) {
			skip_past(&s, ">");
		} else {
			s.at++;
		}
	}
	return NULL;
}

const char *
scr_encoding_sniff(
	const char *body, size_t bytes, const char *content_type, size_t *ret_bom)
{
	const char *found = NULL;

	*ret_bom = 0;
	if (bytes >= 3 && memcmp(body, "\xef\xbb\xbf", 3) == 0) {
		*ret_bom = 3;
		return "utf-8";
	}
	if (bytes >= 2 &&
		(memcmp(body, "\xfe\xff", 2) == 0 || memcmp(body, "\xff\xfe", 2) == 0)) {
		*ret_bom = 2;
		return (unsigned char)body[0] == 0xfe ? "utf-16be" : "utf-16le";
	}
	if (content_type)
		found = scr_encoding_of_type(content_type);
	if (!found)
		found = scr_encoding_of_meta(body, bytes);
	return found ? found : "windows-1252";
}

/* One byte each; 0x80 to 0x9f of windows-1252 (Encoding standard, index-windows-1252). */
static void
decode_1252(const char *body, size_t bytes, struct nv_buf *out)
{
	static const uint16_t high[32] = {0x20ac, 0x81, 0x201a, 0x0192, 0x201e, 0x2026,
		0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8d, 0x017d,
		0x8f, 0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
		0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x9d, 0x017e, 0x0178};

	for (size_t i = 0; i < bytes;) {
		size_t plain = i;

		while (plain < bytes && (signed char)body[plain] > 0)
			plain++;
		nv_buf_add(out, body + i, plain - i);
		i = plain;
		if (i == bytes)
			break;
		unsigned char c = (unsigned char)body[i++];

		scr_put_utf8(out, c >= 0x80 && c < 0xa0 ? high[c - 0x80] : c);
	}
}

/* How many bytes at text one U+FFFD stands for: the longest beginning of a valid sequence
 * (Encoding standard, UTF-8 decoder), at least one. */
static size_t
broken_bytes(const char *text, size_t bytes)
{
	unsigned char c = (unsigned char)text[0];
	unsigned char low = 0x80, high = 0xbf;
	size_t need = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1, n = 1;

	if (c < 0xc2 || c > 0xf4)
		return 1;
	if (c == 0xe0)
		low = 0xa0;
	else if (c == 0xed)
		high = 0x9f;
	else if (c == 0xf0)
		low = 0x90;
	else if (c == 0xf4)
		high = 0x8f;
	for (; n < bytes && n <= need; n++, low = 0x80, high = 0xbf) {
		if ((unsigned char)text[n] < low || (unsigned char)text[n] > high)
			break;
	}
	return n;
}

static void
decode_utf8(const char *body, size_t bytes, struct nv_buf *out)
{
	for (size_t i = 0; i < bytes;) {
		size_t good = i, n;

		while (good < bytes && body[good] &&
			(n = nv_utf8_len(body + good, bytes - good)) > 0)
			good += n;
		nv_buf_add(out, body + i, good - i);
		i = good;
		if (i == bytes)
			break;
		scr_put_utf8(out, 0xfffd);
		i += body[i] ? broken_bytes(body + i, bytes - i) : 1;
	}
}

/* What iconv wrote may hold NUL bytes, which end a page for the parser. */
static void
put_without_nul(struct nv_buf *out, const char *text, size_t bytes)
{
	while (bytes > 0) {
		const char *nul = memchr(text, '\0', bytes);
		size_t n = nul ? (size_t)(nul - text) : bytes;

		nv_buf_add(out, text, n);
		if (!nul)
			return;
		scr_put_utf8(out, 0xfffd);
		text += n + 1;
		bytes -= n + 1;
	}
}

static int
decode_iconv(const struct encoding *e, const char *body, size_t bytes, struct nv_buf *out)
{
	char chunk[16384];
	/* iconv's interface; it does not write there. */
	char *in = (char *)(uintptr_t)body;
	iconv_t cd = iconv_open("UTF-8", e->iconv);
	size_t unit = strncmp(e->name, "utf-16", 6) == 0 ? 2 : 1;

	if (cd == (iconv_t)-1)
		return -EINVAL;
	while (bytes > 0 && out->error == 0) {
		char *to = chunk;
		size_t room = sizeof(chunk);
		size_t rc = iconv(cd, &in, &bytes, &to, &room);
		int why = rc == (size_t)-1 ? errno : 0;

		put_without_nul(out, chunk, (size_t)(to - chunk));
		if (why == EILSEQ || why == EINVAL) {
			/* No character, or one that the end cut off. An ASCII letter
			 * after a broken first half is kept: it may begin a tag. */
			size_t skip = NV_MIN(unit, bytes);

			scr_put_utf8(out, 0xfffd);
			in += skip;
			bytes -= skip;
		} else if (why != 0 && why != E2BIG) {
			break;
		}
	}
	(void)iconv_close(cd); /* there is nothing it could lose */
	return 0;
}

int
scr_decode(const char *encoding, const char *body, size_t bytes, struct nv_buf *out)
{
	const struct encoding *e = find(encoding, strlen(encoding));
	int rc = 0;

	if (!e)
		return -EINVAL;
	if (e->iconv)
		rc = decode_iconv(e, body, bytes, out);
	else if (strcmp(e->name, "utf-8") == 0)
		decode_utf8(body, bytes, out);
	else if (strcmp(e->name, "replacement") == 0)
		scr_put_utf8(out, 0xfffd);
	else
		decode_1252(body, bytes, out);
	return rc < 0 ? rc : out->error;
}
