/* Weighted length: see twitter_text.h. The rules are twitter-text's (its regular
 * expressions for URLs, its order: URL, emoji, character); ICU does Unicode. Offsets are
 * UTF-16 units here, as there. */
#include "twitter_text.h"
#include "twitter_tld.h"

#include "nv_buf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/uidna.h>
#include <unicode/unorm2.h>
#include <unicode/uregex.h>
#include <unicode/uset.h>
#include <unicode/ustring.h>

#define URL_UNITS_MAX   4096
#define SLUG_UNITS_MAX  40
#define LABEL_UNITS_MAX 63
#define EMOJI_UNITS_MAX 40
#define PATTERN_STEPS_MAX \
	2000 /* ICU's unit: some thousand steps, about a millisecond \
	      */
#define PATTERN_STACK_MAX ((int32_t)8 << 20)

/* ---- patterns ---- */

#define SPACES \
	"\\u0009-\\u000D\\u0020\\u0085\\u00A0\\u1680\\u180E\\u2000-\\u200A\\u2028" \
	"\\u2029\\u202F\\u205F\\u3000"
#define INVALID     "\\uFFFE\\uFEFF\\uFFFF"
#define DIRECTIONAL "\\u202A-\\u202E\\u061C\\u200E\\u200F\\u2066-\\u2069"
#define PUNCT       "!'#%&()*+,\\\\\\-./:;<=>?@\\[\\]\\^_{|}~$"
#define LATIN \
	"\\u00C0-\\u00D6\\u00D8-\\u00F6\\u00F8-\\u024F\\u0253\\u0254\\u0256\\u0257" \
	"\\u0259\\u025B\\u0263\\u0268\\u026F\\u0272\\u0289\\u028B\\u02BB" \
	"\\u0300-\\u036F\\u1E00-\\u1EFF"
#define CYRILLIC "\\u0400-\\u04FF"

#define DOMAIN_CHAR "[^" PUNCT SPACES INVALID DIRECTIONAL "]"
#define SUBDOMAIN   "(?:(?:" DOMAIN_CHAR "(?:[_\\-]|" DOMAIN_CHAR ")*)?" DOMAIN_CHAR "\\.)"
#define DOMAIN_NAME "(?:(?:" DOMAIN_CHAR "(?:-|" DOMAIN_CHAR ")*)?" DOMAIN_CHAR "\\.)"
#define AFTER_TLD   "(?=[^0-9a-zA-Z@+\\-]|$)"
#define TLD \
	"(?:(?:(?:" TW_TLD_GENERIC ")" AFTER_TLD ")|(?:(?:" TW_TLD_COUNTRY ")" AFTER_TLD \
	")|(?:xn--[\\-0-9a-z]+))"
#define PATH_CHAR "[a-z" CYRILLIC "0-9!*';:=+,.$/%#\\[\\]\\-\\u2013_~@|\\&" LATIN "]"
#define PARENS \
	"\\((?:" PATH_CHAR "+|(?:" PATH_CHAR "*\\(" PATH_CHAR "+\\)" PATH_CHAR "*))\\)"
#define PATH_END "(?:[+\\-a-z" CYRILLIC "0-9=_#/" LATIN "]|(?:" PARENS "))"
#define PATH \
	"(?:(?:" PATH_CHAR "*(?:" PARENS PATH_CHAR "*)*" PATH_END ")|(?:@" PATH_CHAR \
	"+/))"
#define QUERY "\\?[a-z0-9!?*'@();:\\&=+$/%#\\[\\]\\-_.,~|]*[a-z0-9\\-_\\&=#/]"

enum { GROUP_BEFORE = 1, GROUP_URL, GROUP_PROTOCOL, GROUP_DOMAIN, GROUP_PATH };

static const char url_text[] =
	"((?:[^A-Za-z0-9@\\uFF20$#\\uFF03" INVALID "]|[" DIRECTIONAL "]|^))"
	"((https?://)?((?:" SUBDOMAIN "*" DOMAIN_NAME TLD "))(?::[0-9]+)?(/" PATH "*)?"
	"(?:" QUERY ")?)";
static const char ascii_text[] = "(?:(?:[\\-a-z0-9" LATIN "]+)\\.)+" TLD;
static const char tco_text[] = "^https?://t\\.co/([a-z0-9]+)(?:" QUERY ")?";

static struct {
	bool tried;
	const UNormalizer2 *nfc; /* ICU's */
	URegularExpression *url;
	URegularExpression *ascii;
	URegularExpression *tco;
	UIDNA *idna;
	USet *emoji;
} tools;

static URegularExpression *
compile(const char *text, UErrorCode *status)
{
	size_t bytes = strlen(text);
	UChar *pattern = malloc((bytes + 1) * sizeof *pattern);
	URegularExpression *re = NULL;
	int32_t units = 0;

	if (!pattern) {
		*status = U_MEMORY_ALLOCATION_ERROR;
		return NULL;
	}
	u_strFromUTF8(pattern, (int32_t)bytes + 1, &units, text, (int32_t)bytes, status);
	re = uregex_open(pattern, units, UREGEX_CASE_INSENSITIVE, NULL, status);
	if (U_SUCCESS(*status)) {
		uregex_setTimeLimit(re, PATTERN_STEPS_MAX, status);
		uregex_setStackLimit(re, PATTERN_STACK_MAX, status);
	}
	free(pattern);
	return re;
}

/* What is one emoji: the sequences that Unicode recommends, also with their variation
 * selectors left out, as many keyboards write them. */
static USet *
emoji_set(UErrorCode *status)
{
	static const UChar pattern[] = u"[:RGI_Emoji:]";
	USet *all = uset_openPattern(pattern, -1, status);
	USet *set = uset_openEmpty();
	int32_t items = U_SUCCESS(*status) ? uset_getItemCount(all) : 0;

	for (int32_t i = 0; i < items; i++) {
		UChar text[EMOJI_UNITS_MAX];
		UChar bare[EMOJI_UNITS_MAX];
		UChar32 start;
		UChar32 end;
		int32_t n_bare = 0;
		int32_t n =
			uset_getItem(all, i, &start, &end, text, EMOJI_UNITS_MAX, status);

		if (U_FAILURE(*status) || n < 2) /* single ones weigh what they weigh */
			continue;
		for (int32_t k = 0; k < n; k++) {
			if (text[k] != 0xFE0F)
				bare[n_bare++] = text[k];
		}
		uset_addString(set, text, n);
		if (u_countChar32(bare, n_bare) > 1)
			uset_addString(set, bare, n_bare);
	}
	uset_close(all);
	uset_freeze(set);
	return set;
}

static bool
tools_ready(void)
{
	UErrorCode status = U_ZERO_ERROR;

	if (!tools.tried) {
		tools.tried = true;
		tools.nfc = unorm2_getNFCInstance(&status);
		tools.url = compile(url_text, &status);
		tools.ascii = compile(ascii_text, &status);
		tools.tco = compile(tco_text, &status);
		tools.idna = uidna_openUTS46(UIDNA_DEFAULT, &status);
		tools.emoji = emoji_set(&status);
		NV_ASSERT(U_SUCCESS(status) || status == U_MEMORY_ALLOCATION_ERROR);
	}
	return tools.nfc && tools.url && tools.ascii && tools.tco && tools.idna &&
	       tools.emoji;
}

/* ---- text ---- */

static int
icu_error(UErrorCode status)
{
	switch (status) {
	case U_REGEX_TIME_OUT:
	case U_REGEX_STACK_OVERFLOW:
		return -ETIME;
	case U_INVALID_CHAR_FOUND:
	case U_ILLEGAL_CHAR_FOUND:
	case U_TRUNCATED_CHAR_FOUND:
		return -EILSEQ;
	default:
		return U_FAILURE(status) ? -ENOMEM : 0;
	}
}

/* The text in NFC, UTF-16; *ret is the caller's to free. */
static int
normalized(const char *text, size_t bytes, UChar **ret, int32_t *ret_units)
{
	UErrorCode status = U_ZERO_ERROR;
	int32_t units = 0;

	if (bytes > TW_TEXT_BYTES_MAX)
		return -E2BIG;
	if (!tools_ready())
		return -ENOMEM;
	/* NFC makes at most three times the units (Unicode, annex 15). */
	size_t cap = 3 * bytes + 1;
	NV_CLEANUP_FREE UChar *raw = malloc((bytes + 1) * sizeof *raw);
	UChar *nfc = malloc(cap * sizeof *nfc);

	if (!raw || !nfc) {
		free(nfc);
		return -ENOMEM;
	}
	u_strFromUTF8(raw, (int32_t)bytes + 1, &units, text, (int32_t)bytes, &status);
	int32_t n = unorm2_normalize(tools.nfc, raw, units, nfc, (int32_t)cap, &status);

	if (U_FAILURE(status)) {
		free(nfc);
		return icu_error(status);
	}
	*ret = nfc;
	*ret_units = n;
	return 0;
}

/* ---- URLs ---- */

/* A label is at most 63 characters long, in the form the name servers know. */
static bool
label_fits(const UChar *label, int32_t units)
{
	UIDNAInfo info = UIDNA_INFO_INITIALIZER;
	UErrorCode status = U_ZERO_ERROR;
	UChar out[4 * LABEL_UNITS_MAX];
	bool ascii = true;

	if (units < 1 || units > URL_UNITS_MAX)
		return false;
	for (int32_t i = 0; i < units; i++)
		ascii = ascii && label[i] < 0x80;
	if (ascii)
		return units <= LABEL_UNITS_MAX;
	uidna_labelToASCII(
		tools.idna, label, units, out, (int32_t)NV_LEN(out), &info, &status);
	return U_SUCCESS(status) && (info.errors & UIDNA_ERROR_LABEL_TOO_LONG) == 0;
}

static bool
domain_valid(const UChar *domain, int32_t units, UErrorCode *status)
{
	static const UChar prefix[] = u"xn--";
	int32_t start = 0;

	if (units >= 4 && u_memcmp(domain, prefix, 4) == 0) {
		uregex_setText(tools.ascii, domain, units, status);
		if (!uregex_find(tools.ascii, 0, status))
			return false;
	}
	for (int32_t i = 0; i <= units; i++) {
		if (i < units && domain[i] != '.')
			continue;
		if (!label_fits(domain + start, i - start))
			return false;
		start = i + 1;
	}
	return true;
}

struct found {
	const UChar *text;
	struct tw_url *urls;
	size_t max;
	size_t n;
};

static void
push(struct found *f, int32_t start, int32_t end, UErrorCode *status)
{
	if (f->n == f->max) {
		*status = U_BUFFER_OVERFLOW_ERROR;
		return;
	}
	f->urls[f->n++] = (struct tw_url){(uint32_t)start, (uint32_t)end};
}

/* Without a protocol only what is ASCII counts, and a path belongs to the last one. */
static void
push_bare(struct found *f, int32_t start, int32_t end, int32_t url_end, bool path,
	UErrorCode *status)
{
	size_t before = f->n;

	uregex_setText(tools.ascii, f->text + start, end - start, status);
	while (uregex_findNext(tools.ascii, status) && U_SUCCESS(*status))
		push(f, start + uregex_start(tools.ascii, 0, status),
			start + uregex_end(tools.ascii, 0, status), status);
	if (path && f->n > before)
		f->urls[f->n - 1].end = (uint32_t)url_end;
}

/* Of a t.co URL nothing but its slug and query. */
static void
push_full(struct found *f, int32_t start, int32_t end, UErrorCode *status)
{
	uregex_setText(tools.tco, f->text + start, end - start, status);
	if (uregex_find(tools.tco, 0, status)) {
		int32_t slug = uregex_end(tools.tco, 1, status) -
			       uregex_start(tools.tco, 1, status);

		if (slug > SLUG_UNITS_MAX)
			return;
		end = start + uregex_end(tools.tco, 0, status);
	}
	push(f, start, end, status);
}

static void
take_match(struct found *f, UErrorCode *status)
{
	int32_t before = uregex_end(tools.url, GROUP_BEFORE, status);
	bool has_before = before > uregex_start(tools.url, GROUP_BEFORE, status);
	int32_t start = uregex_start(tools.url, GROUP_URL, status);
	int32_t end = uregex_end(tools.url, GROUP_URL, status);
	int32_t domain = uregex_start(tools.url, GROUP_DOMAIN, status);
	int32_t domain_end = uregex_end(tools.url, GROUP_DOMAIN, status);
	bool protocol = uregex_start(tools.url, GROUP_PROTOCOL, status) >= 0;
	bool path = uregex_end(tools.url, GROUP_PATH, status) > 0;
	int32_t added = protocol ? domain - start : 8; /* "https://" */

	if (U_FAILURE(*status) || end - start + added > URL_UNITS_MAX ||
		!domain_valid(f->text + domain, domain_end - domain, status))
		return;
	if (protocol)
		push_full(f, start, end, status);
	else if (!has_before || !u_strchr(u"-_./", f->text[before - 1]))
		push_bare(f, domain, domain_end, end, path, status);
}

static int
find_urls(const UChar *text, int32_t units, struct found *f)
{
	UErrorCode status = U_ZERO_ERROR;

	f->text = text;
	f->n = 0;
	if (!u_memchr(text, '.', units))
		return 0;
	uregex_setText(tools.url, text, units, &status);
	while (uregex_findNext(tools.url, &status) && U_SUCCESS(status))
		take_match(f, &status);
	return status == U_BUFFER_OVERFLOW_ERROR ? -ENOSPC : icu_error(status);
}

int
tw_text_urls(
	const char *text, size_t bytes, struct tw_url *urls, size_t max, size_t *ret_n)
{
	NV_CLEANUP_FREE UChar *nfc = NULL;
	struct found f = {.urls = urls, .max = max};
	int32_t units = 0;
	int rc = normalized(text, bytes, &nfc, &units);

	if (rc == 0)
		rc = find_urls(nfc, units, &f);
	if (rc == 0)
		*ret_n = f.n;
	return rc;
}

/* ---- length ---- */

/* Units of the longest emoji sequence at text, 0 for none. */
static int32_t
emoji_units(const UChar *text, int32_t units)
{
	UChar32 first;

	U16_GET(text, 0, 0, units, first);
	if (!u_hasBinaryProperty(first, UCHAR_EMOJI))
		return 0;
	for (int32_t n = NV_MIN(units, EMOJI_UNITS_MAX); n > 1; n--) {
		if (uset_containsString(tools.emoji, text, n))
			return n;
	}
	return 0;
}

static unsigned
character_weight(UChar32 c)
{
	bool light = c <= 0x10FF || (c >= 0x2000 && c <= 0x200D) ||
		     (c >= 0x2010 && c <= 0x201F) || (c >= 0x2032 && c <= 0x2037);

	return light ? 1 : 2;
}

static void
weigh(const UChar *text, int32_t units, const struct found *f, struct tw_length *ret)
{
	size_t next = 0;
	int32_t i = 0;

	*ret = (struct tw_length){.urls = (uint32_t)f->n, .empty = true};
	while (i < units) {
		UChar32 c;
		int32_t emoji;

		if (next < f->n && f->urls[next].start == (uint32_t)i) {
			i = (int32_t)f->urls[next++].end;
			ret->weighted += TW_URL_LENGTH;
			ret->empty = false;
			continue;
		}
		emoji = emoji_units(text + i, units - i);
		if (emoji > 0) {
			i += emoji;
			ret->weighted += 2;
			ret->empty = false;
			continue;
		}
		U16_NEXT(text, i, units, c);
		ret->weighted += character_weight(c);
		ret->empty = ret->empty && u_isUWhiteSpace(c);
		ret->invalid = ret->invalid || c == 0xFFFE || c == 0xFEFF || c == 0xFFFF;
	}
}

int
tw_text_measure(const char *text, size_t bytes, struct tw_length *ret)
{
	NV_CLEANUP_FREE UChar *nfc = NULL;
	NV_CLEANUP_FREE struct tw_url *urls = malloc(TW_TEXT_URLS_MAX * sizeof *urls);
	struct found f = {.urls = urls, .max = TW_TEXT_URLS_MAX};
	int32_t units = 0;
	int rc = urls ? normalized(text, bytes, &nfc, &units) : -ENOMEM;

	if (rc == 0)
		rc = find_urls(nfc, units, &f);
	if (rc == 0)
		weigh(nfc, units, &f, ret);
	return rc;
}

/* ---- comparing ---- */

/* The three entities that X writes, turned back. */
static char *
unescaped(const char *text)
{
	static const struct {
		const char *entity;
		char c;
	} entities[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}};
	char *out = malloc(strlen(text) + 1);
	size_t n = 0;

	while (out && *text) {
		size_t e = 0;

		while (e < NV_LEN(entities) && strncmp(text, entities[e].entity,
						       strlen(entities[e].entity)) != 0)
			e++;
		out[n++] = e < NV_LEN(entities) ? entities[e].c : *text;
		text += e < NV_LEN(entities) ? strlen(entities[e].entity) : 1;
	}
	if (out)
		out[n] = '\0';
	return out;
}

/* In NFC, trimmed, each URL one U+FFFF, which no post may hold: *ret is the caller's. */
static int
essence(const char *text, UChar **ret, int32_t *ret_units)
{
	NV_CLEANUP_FREE struct tw_url *urls = malloc(TW_TEXT_URLS_MAX * sizeof *urls);
	struct found f = {.urls = urls, .max = TW_TEXT_URLS_MAX};
	UChar *nfc = NULL;
	int32_t units = 0;
	int32_t n = 0;
	int rc = urls ? normalized(text, strlen(text), &nfc, &units) : -ENOMEM;

	if (rc == 0)
		rc = find_urls(nfc, units, &f);
	if (rc < 0) {
		free(nfc);
		return rc;
	}
	for (int32_t i = 0, next = 0; i < units;) {
		bool url = (size_t)next < f.n && f.urls[next].start == (uint32_t)i;
		UChar c = url ? 0xFFFF : nfc[i];

		i = url ? (int32_t)f.urls[next++].end : i + 1;
		if (n > 0 || !u_isUWhiteSpace(c))
			nfc[n++] = c;
	}
	while (n > 0 && u_isUWhiteSpace(nfc[n - 1]))
		n--;
	*ret = nfc;
	*ret_units = n;
	return 0;
}

bool
tw_text_same(const char *ours, const char *theirs)
{
	NV_CLEANUP_FREE char *plain = unescaped(theirs);
	NV_CLEANUP_FREE UChar *a = NULL;
	NV_CLEANUP_FREE UChar *b = NULL;
	int32_t n_a = 0;
	int32_t n_b = 0;

	return plain && essence(ours, &a, &n_a) == 0 && essence(plain, &b, &n_b) == 0 &&
	       n_a == n_b && u_memcmp(a, b, n_a) == 0;
}
