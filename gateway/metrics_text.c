/* Text formats of metrics: see metrics_text.h. Rules:
 * github.com/prometheus/docs (exposition formats), OpenMetrics 1.0 section 4. */
#include "metrics_text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void
gw_text_init(struct gw_text *t, bool open_metrics, size_t bytes_max)
{
	*t = (struct gw_text){.open = open_metrics};
	nv_buf_init(&t->buf, bytes_max);
}

void
gw_text_fini(struct gw_text *t)
{
	nv_buf_fini(&t->buf);
}

/* ---- text ---- */

/* A label's value (quotes) or a HELP: both escape backslash and newline. In the classic
 * format a quote in a HELP stays as it is, and would be refused with a backslash. */
static void
put_escaped(struct gw_text *t, const char *text, size_t left, bool quotes)
{
	while (left > 0) {
		size_t bytes = nv_utf8_len(text, left);

		if (bytes == 0) {
			nv_buf_puts(&t->buf, "\xef\xbf\xbd");
			bytes = 1;
		} else if (*text == '\n') {
			nv_buf_puts(&t->buf, "\\n");
		} else if (*text == '\\') {
			nv_buf_puts(&t->buf, "\\\\");
		} else if (*text == '"' && quotes) {
			nv_buf_puts(&t->buf, "\\\"");
		} else {
			nv_buf_add(&t->buf, text, bytes);
		}
		text += bytes;
		left -= bytes;
	}
}

static void
put_value(struct gw_text *t, const char *value)
{
	size_t bytes = strnlen(value, GW_LABEL_BYTES_MAX + 1);

	if (bytes > GW_LABEL_BYTES_MAX) {
		/* Not in the middle of a character. */
		bytes = GW_LABEL_BYTES_MAX;
		while (bytes > 0 && ((unsigned char)value[bytes] & 0xc0) == 0x80)
			bytes--;
	}
	put_escaped(t, value, bytes, true);
}

static void
put_labels(struct gw_text *t, const struct gw_label *labels, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		nv_buf_puts(&t->buf, i ? "," : "{");
		nv_buf_puts(&t->buf, labels[i].name);
		nv_buf_puts(&t->buf, "=\"");
		put_value(t, labels[i].value ? labels[i].value : "");
		nv_buf_puts(&t->buf, "\"");
	}
	if (n > 0)
		nv_buf_puts(&t->buf, "}");
}

static const char *
suffix(enum gw_metric type)
{
	return type == GW_COUNTER ? "_total" : type == GW_INFO ? "_info" : "";
}

/* ---- families and samples ---- */

void
gw_text_family(struct gw_text *t, const char *name, enum gw_metric type, const char *help)
{
	/* The classic format has no infos, and names a counter as its samples. */
	static const char *const types[] = {"counter", "gauge", "info", "histogram"};
	const char *end = t->open ? "" : suffix(type);
	const char *as = type == GW_INFO && !t->open ? "gauge" : types[type];

	t->name = name;
	t->type = type;
	nv_buf_printf(&t->buf, "# HELP %s%s ", name, end);
	put_escaped(t, help, strlen(help), t->open);
	nv_buf_printf(&t->buf, "\n# TYPE %s%s %s\n", name, end, as);
}

static void
begin(struct gw_text *t, const struct gw_label *labels, size_t n)
{
	nv_buf_puts(&t->buf, t->name);
	nv_buf_puts(&t->buf, suffix(t->type));
	put_labels(t, labels, n);
	nv_buf_puts(&t->buf, " ");
}

void
gw_text_sample(
	struct gw_text *t, const struct gw_label *labels, size_t n, const char *value)
{
	begin(t, labels, n);
	nv_buf_puts(&t->buf, value);
	nv_buf_puts(&t->buf, "\n");
}

void
gw_text_count(struct gw_text *t, const struct gw_label *labels, size_t n, uint64_t value)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRIu64, value);
	gw_text_sample(t, labels, n, text);
}

/* As text, without zeros that say nothing. */
static const char *
scaled(int64_t value, int64_t scale, char buf[48])
{
	uint64_t size = value < 0 ? -(uint64_t)value : (uint64_t)value;
	int digits = 0;

	for (int64_t s = scale; s > 1; s /= 10)
		digits++;
	(void)snprintf(buf, 48, "%s%" PRIu64 ".%0*" PRIu64, value < 0 ? "-" : "",
		size / (uint64_t)scale, digits, size % (uint64_t)scale);
	char *end = buf + strlen(buf);

	while (end[-1] == '0')
		*--end = '\0';
	if (end[-1] == '.')
		*--end = '\0';
	return buf;
}

void
gw_text_scaled(struct gw_text *t, const struct gw_label *labels, size_t n, int64_t value,
	int64_t scale)
{
	char buf[48];

	if (scale <= 1)
		(void)snprintf(buf, sizeof(buf), "%" PRId64, value);
	else
		(void)scaled(value, scale, buf);
	gw_text_sample(t, labels, n, buf);
}

void
gw_text_exemplar(struct gw_text *t, const struct gw_label *labels, size_t n,
	uint64_t value, const struct gw_label *exemplar)
{
	begin(t, labels, n);
	nv_buf_printf(&t->buf, "%" PRIu64, value);
	if (t->open) {
		nv_buf_puts(&t->buf, " # ");
		put_labels(t, exemplar, 1);
		nv_buf_puts(&t->buf, " 1");
	}
	nv_buf_puts(&t->buf, "\n");
}

void
gw_text_histogram(struct gw_text *t, const int64_t *le_us, const uint64_t *counts,
	size_t n, uint64_t total, int64_t sum_us)
{
	const int64_t scale = 1000000;
	char buf[48];

	for (size_t i = 0; i < n; i++)
		nv_buf_printf(&t->buf, "%s_bucket{le=\"%s\"} %" PRIu64 "\n", t->name,
			scaled(le_us[i], scale, buf), counts[i]);
	nv_buf_printf(&t->buf, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", t->name, total);
	nv_buf_printf(&t->buf, "%s_sum %s\n", t->name, scaled(sum_us, scale, buf));
	nv_buf_printf(&t->buf, "%s_count %" PRIu64 "\n", t->name, total);
}

int
gw_text_end(struct gw_text *t)
{
	if (t->open)
		nv_buf_puts(&t->buf, "# EOF\n");
	return t->buf.error;
}

/* ---- which of them ---- */

/* The quality of one part of an Accept header in thousandths. */
static int
quality(const char *part, size_t bytes)
{
	for (size_t i = 0; i + 3 <= bytes; i++) {
		if (part[i] != ';')
			continue;
		size_t at = i + 1;

		while (at < bytes && (part[at] == ' ' || part[at] == '\t'))
			at++;
		if (at + 2 >= bytes || strncasecmp(part + at, "q=", 2) != 0)
			continue;
		int q = 0;
		int unit = 1000;

		for (at += 2; at < bytes && unit > 0; at++) {
			if (part[at] == '.')
				continue;
			if (part[at] < '0' || part[at] > '9')
				break;
			q += (part[at] - '0') * unit;
			unit /= 10;
		}
		return q > 1000 ? 1000 : q;
	}
	return 1000;
}

static bool
has(const char *part, size_t bytes, const char *what)
{
	size_t n = strlen(what);

	for (size_t i = 0; i + n <= bytes; i++)
		if (strncasecmp(part + i, what, n) == 0)
			return true;
	return false;
}

bool
gw_text_wants_open(const char *accept)
{
	int open = 0;
	int plain = 0;

	while (accept && *accept) {
		size_t bytes = strcspn(accept, ",");
		int q = quality(accept, bytes);

		/* Another version than 1.0 is another format. */
		if (has(accept, bytes, "application/openmetrics-text") &&
			(!has(accept, bytes, "version=") ||
				has(accept, bytes, "version=1.0.0")))
			open = NV_MAX(open, q);
		else if (has(accept, bytes, "text/plain") ||
			 has(accept, bytes, "text/*") || has(accept, bytes, "*/*"))
			plain = NV_MAX(plain, q);
		accept += bytes + (accept[bytes] == ',');
	}
	return open > 0 && open >= plain;
}
