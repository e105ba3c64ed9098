/* Output: see out.h. */
#include "out.h"
#include "nv_json.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define TEXT_BYTES_MAX ((size_t)64 << 20)

static const char *const style_on[] = {
	[CTL_PLAIN] = "",
	[CTL_BOLD] = "\033[1m",
	[CTL_DIM] = "\033[2m",
	[CTL_RED] = "\033[31m",
	[CTL_GREEN] = "\033[32m",
	[CTL_YELLOW] = "\033[33m",
};

void
ctl_out_init(struct ctl_out *out, bool json)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");
	struct winsize ws;

	bool dumb = !term || !term[0] || strcmp(term, "dumb") == 0;

	*out = (struct ctl_out){.json = json, .tty = isatty(STDOUT_FILENO) == 1};
	out->colour = out->tty && !dumb && !(no_color && no_color[0]);
	out->progress = !json && !dumb && isatty(STDERR_FILENO) == 1;
	if (out->tty && ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == 0)
		out->columns = ws.ws_col;
}

void
ctl_out_fini(struct ctl_out *out)
{
	json_decref(out->warnings);
	out->warnings = NULL;
}

static NV_NORETURN void
no_memory(void)
{
	(void)fprintf(stderr, "novactl: out of memory\n");
	exit(NV_EXIT_FAILED);
}

void *
ctl_alloc(size_t count, size_t bytes)
{
	void *p = calloc(count ? count : 1, bytes);

	if (!p)
		no_memory();
	return p;
}

void *
ctl_grow(void *old, size_t count, size_t bytes)
{
	void *p = reallocarray(old, count, bytes);

	if (!p)
		no_memory();
	return p;
}

char *
ctl_copy(const char *text)
{
	char *p = strdup(text);

	if (!p)
		no_memory();
	return p;
}

json_t *
ctl_need(json_t *value)
{
	if (!value)
		no_memory();
	return value;
}

/* Characters that move the cursor or reorder what follows, by code point: C1 and the
 * bidirectional controls; C0 and DEL are told by their byte. */
static bool
is_hostile(const unsigned char *s, size_t len, unsigned *ret_code)
{
	unsigned code = 0;

	if (len == 2)
		code = (s[0] & 0x1fu) << 6 | (s[1] & 0x3fu);
	else if (len == 3)
		code = (s[0] & 0x0fu) << 12 | (s[1] & 0x3fu) << 6 | (s[2] & 0x3fu);
	*ret_code = code;
	return (len == 2 && code < 0xa0) || (code >= 0x202a && code <= 0x202e) ||
	       (code >= 0x2066 && code <= 0x2069) || code == 0x2028 || code == 0x2029 ||
	       code == 0x200e || code == 0x200f;
}

void
ctl_safe(struct nv_buf *buf, const char *text, size_t bytes, bool keep_newline)
{
	while (bytes > 0) {
		size_t len = nv_utf8_len(text, bytes);
		unsigned char c = (unsigned char)*text;
		unsigned code;

		if (len == 0) {
			nv_buf_puts(buf, "\xef\xbf\xbd");
			len = 1;
		} else if (len == 1 && (c < 0x20 || c == 0x7f)) {
			if (c == '\n' && keep_newline)
				nv_buf_add(buf, "\n", 1);
			else if (c == '\t')
				nv_buf_add(buf, " ", 1);
			else if (c == '\n')
				nv_buf_puts(buf, "\\n");
			else
				nv_buf_printf(buf, "\\x%02x", c);
		} else if (len > 1 &&
			   is_hostile((const unsigned char *)text, len, &code)) {
			nv_buf_printf(buf, "\\u{%x}", code);
		} else {
			nv_buf_add(buf, text, len);
		}
		text += len;
		bytes -= len;
	}
	if (buf->error == -ENOMEM)
		no_memory();
}

bool
ctl_is_utf8(const char *text)
{
	for (size_t left = strlen(text); left > 0;) {
		size_t len = nv_utf8_len(text, left);

		if (len == 0)
			return false;
		text += len;
		left -= len;
	}
	return true;
}

struct range {
	unsigned first;
	unsigned last;
};

/* Combining marks, joiners and variation selectors (general categories Mn, Me, Cf) of
 * the blocks that are common in text; the rest counts as one column. */
static const struct range zero_wide[] = {
	{0x0300, 0x036f},
	{0x0483, 0x0489},
	{0x0591, 0x05bd},
	{0x0610, 0x061a},
	{0x064b, 0x065f},
	{0x0e31, 0x0e31},
	{0x0e34, 0x0e3a},
	{0x0e47, 0x0e4e},
	{0x1ab0, 0x1aff},
	{0x1dc0, 0x1dff},
	{0x200b, 0x200d},
	{0x2060, 0x2064},
	{0x20d0, 0x20ff},
	{0xfe00, 0xfe0f},
	{0xfe20, 0xfe2f},
	{0xfeff, 0xfeff},
	{0xe0100, 0xe01ef},
};

/* East Asian Width W and F (UAX #11), by block. */
static const struct range two_wide[] = {
	{0x1100, 0x115f},
	{0x231a, 0x231b},
	{0x23e9, 0x23ec},
	{0x2614, 0x2615},
	{0x26a1, 0x26a1},
	{0x2705, 0x2705},
	{0x274c, 0x274c},
	{0x2753, 0x2755},
	{0x2795, 0x2797},
	{0x2b50, 0x2b50},
	{0x2e80, 0x303e},
	{0x3041, 0x33ff},
	{0x3400, 0x4dbf},
	{0x4e00, 0x9fff},
	{0xa000, 0xa4cf},
	{0xa960, 0xa97f},
	{0xac00, 0xd7a3},
	{0xf900, 0xfaff},
	{0xfe30, 0xfe6f},
	{0xff00, 0xff60},
	{0xffe0, 0xffe6},
	{0x1f300, 0x1f64f},
	{0x1f680, 0x1f6ff},
	{0x1f900, 0x1f9ff},
	{0x1fa70, 0x1faff},
	{0x20000, 0x3fffd},
};

static bool
in_ranges(unsigned code, const struct range *ranges, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (code >= ranges[i].first && code <= ranges[i].last)
			return true;
	}
	return false;
}

static unsigned
code_width(const char *text, size_t len)
{
	const unsigned char *s = (const unsigned char *)text;
	unsigned code = s[0];

	if (len == 2)
		code = (s[0] & 0x1fu) << 6 | (s[1] & 0x3fu);
	else if (len == 3)
		code = (s[0] & 0x0fu) << 12 | (s[1] & 0x3fu) << 6 | (s[2] & 0x3fu);
	else if (len == 4)
		code = (s[0] & 0x07u) << 18 | (s[1] & 0x3fu) << 12 | (s[2] & 0x3fu) << 6 |
		       (s[3] & 0x3fu);
	if (in_ranges(code, zero_wide, NV_LEN(zero_wide)))
		return 0;
	return in_ranges(code, two_wide, NV_LEN(two_wide)) ? 2 : 1;
}

size_t
ctl_fit(const char *text, size_t bytes, unsigned columns)
{
	size_t at = 0;
	unsigned used = 0;

	while (at < bytes) {
		size_t len = nv_utf8_len(text + at, bytes - at);

		len = len ? len : 1;
		unsigned width = code_width(text + at, len);

		if (width > columns - used)
			break;
		used += width;
		at += len;
	}
	return at;
}

unsigned
ctl_width(const char *text, size_t bytes)
{
	unsigned used = 0;

	for (size_t at = 0; at < bytes;) {
		size_t len = nv_utf8_len(text + at, bytes - at);

		len = len ? len : 1;
		used += code_width(text + at, len);
		at += len;
	}
	return used;
}

const char *
ctl_style_on(const struct ctl_out *out, enum ctl_style style)
{
	return out->colour ? style_on[style] : "";
}

const char *
ctl_style_off(const struct ctl_out *out, enum ctl_style style)
{
	return out->colour && style != CTL_PLAIN ? "\033[0m" : "";
}

/* Format, make safe, and hand over; the result is freed by the caller. */
static char *
safe_format(const char *fmt, va_list ap, bool keep_newline)
{
	NV_CLEANUP_FREE char *raw = NULL;
	struct nv_buf buf;

	if (vasprintf(&raw, fmt, ap) < 0)
		no_memory();
	nv_buf_init(&buf, TEXT_BYTES_MAX);
	ctl_safe(&buf, raw, strlen(raw), keep_newline);
	char *text = nv_buf_take(&buf);

	nv_buf_fini(&buf);
	return text ? text : ctl_copy("(too long to show)");
}

void
ctl_print(const struct ctl_out *out, enum ctl_style style, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	NV_CLEANUP_FREE char *text = safe_format(fmt, ap, true);

	va_end(ap);
	(void)printf("%s%s%s", ctl_style_on(out, style), text, ctl_style_off(out, style));
}

void
ctl_field(const struct ctl_out *out, const char *label, const char *text)
{
	if (!text || !text[0])
		return;
	struct nv_buf buf;

	nv_buf_init(&buf, TEXT_BYTES_MAX);
	ctl_safe(&buf, text, strlen(text), false);
	(void)printf("%s%-19s%s %s\n", ctl_style_on(out, CTL_DIM), label,
		ctl_style_off(out, CTL_DIM), buf.data ? buf.data : "");
	nv_buf_fini(&buf);
}

json_t *
ctl_json_text(const char *text, size_t bytes)
{
	return ctl_need(nv_json_text(text, bytes));
}

json_t *
ctl_json_str(const char *text)
{
	return ctl_need(nv_json_str(text));
}

void
ctl_put_text(json_t *object, const char *key, const char *text)
{
	(void)json_object_set_new(object, key, ctl_json_str(text));
}

void
ctl_json_line(json_t *object)
{
	/* 15 digits: the shortest that keeps a percentage as it was written. */
	(void)json_dumpf(object, stdout, JSON_COMPACT | JSON_REAL_PRECISION(15));
	(void)fputc('\n', stdout);
	(void)fflush(stdout); /* an error is kept and found by ctl_out_finish */
	json_decref(object);
}

void
ctl_json(struct ctl_out *out, json_t *object)
{
	size_t flags = JSON_REAL_PRECISION(15);

	NV_ASSERT(!out->json_done);
	if (out->warnings)
		(void)json_object_set(object, "warnings", out->warnings);
	(void)json_dumpf(object, stdout, flags | (out->tty ? JSON_INDENT(2) : 0));
	(void)fputc('\n', stdout);
	json_decref(object);
	out->json_done = true;
}

static void
to_stderr(struct ctl_out *out, const char *prefix, const char *text)
{
	ctl_progress_end(out);
	(void)fflush(stdout);
	(void)fprintf(stderr, "novactl: %s%s\n", prefix, text);
}

static int
fail_text(struct ctl_out *out, int code, const char *text)
{
	to_stderr(out, "", text);
	if (out->json && !out->json_done)
		ctl_json(out,
			ctl_need(json_pack("{s:s, s:i}", "error", text, "code", code)));
	return code;
}

int
ctl_fail(struct ctl_out *out, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	NV_CLEANUP_FREE char *text = safe_format(fmt, ap, true);

	va_end(ap);
	return fail_text(out, code, text);
}

int
ctl_fail_err(struct ctl_out *out, int code, const struct nv_err *err)
{
	char text[1024];

	return ctl_fail(out, code, "%s", nv_err_string(err, text, sizeof(text)));
}

void
ctl_warn(struct ctl_out *out, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	NV_CLEANUP_FREE char *text = safe_format(fmt, ap, false);

	va_end(ap);
	to_stderr(out, "warning: ", text);
	if (!out->warnings)
		out->warnings = ctl_need(json_array());
	(void)json_array_append_new(out->warnings, ctl_json_str(text));
}

void
ctl_progress(struct ctl_out *out, const char *fmt, ...)
{
	va_list ap;

	if (!out->progress)
		return;
	va_start(ap, fmt);
	NV_CLEANUP_FREE char *text = safe_format(fmt, ap, false);

	va_end(ap);
	size_t bytes = strlen(text);

	if (out->columns > 1)
		bytes = ctl_fit(text, bytes, out->columns - 1);
	(void)fprintf(stderr, "\r%.*s\033[K", (int)bytes, text);
	out->progress_shown = true;
}

void
ctl_progress_end(struct ctl_out *out)
{
	if (!out->progress_shown)
		return;
	(void)fprintf(stderr, "\r\033[K");
	out->progress_shown = false;
}

int
ctl_out_finish(struct ctl_out *out)
{
	ctl_progress_end(out);
	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return NV_EXIT_OK;
	(void)fprintf(stderr, "novactl: standard output could not be written: %s\n",
		strerror(errno ? errno : EIO));
	return NV_EXIT_FAILED;
}
