/* Values of settings, field -> text: see nv_value.h. Exact, unlike what nv_units.h
 * shows to people in tables. */
#include "nv_units.h"
#include "nv_value.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

typedef void show_fn(const struct nv_config *config, const struct nv_option *o,
	const void *field, struct nv_buf *buf);

void
nv_value_show_money(struct nv_buf *buf, int64_t nano, const char *currency)
{
	char text[NV_MONEY_BYTES];

	(void)nv_money_text(nano, text);
	if (strcmp(currency, "USD") == 0)
		nv_buf_printf(buf, "$%s", text);
	else
		nv_buf_printf(buf, "%s %s", text, currency);
}

void
nv_value_show_duration(struct nv_buf *buf, int64_t ms)
{
	static const struct {
		const char *name;
		int64_t ms;
	} units[] = {
		{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};

	if (ms == 0)
		nv_buf_puts(buf, "0s");
	for (size_t i = 0; i < NV_LEN(units) && ms > 0; i++) {
		if (ms >= units[i].ms)
			nv_buf_printf(buf, "%lld%s", (long long)(ms / units[i].ms),
				units[i].name);
		ms %= units[i].ms;
	}
}

static void
show_array(const struct nv_config *config, const struct nv_option *o, const void *field,
	struct nv_buf *buf)
{
	(void)config;
	(void)o;
	nv_buf_puts(buf, field);
}

static void
show_string(const struct nv_config *config, const struct nv_option *o, const void *field,
	struct nv_buf *buf)
{
	const char *text = *(const char *const *)field;

	(void)config;
	(void)o;
	nv_buf_puts(buf, text ? text : "none");
}

static void
show_bool(const struct nv_config *config, const struct nv_option *o, const void *field,
	struct nv_buf *buf)
{
	(void)config;
	(void)o;
	nv_buf_puts(buf, *(const bool *)field ? "true" : "false");
}

static void
show_count(const struct nv_config *config, const struct nv_option *o, const void *field,
	struct nv_buf *buf)
{
	(void)config;
	(void)o;
	nv_buf_printf(buf, "%u", *(const uint32_t *)field);
}

static void
show_duration(const struct nv_config *config, const struct nv_option *o,
	const void *field, struct nv_buf *buf)
{
	(void)config;
	(void)o;
	nv_value_show_duration(buf, *(const int64_t *)field);
}

static void
show_span(const struct nv_config *config, const struct nv_option *o, const void *field,
	struct nv_buf *buf)
{
	const int64_t *ms = field;

	(void)config;
	(void)o;
	nv_value_show_duration(buf, ms[0]);
	nv_buf_puts(buf, "..");
	nv_value_show_duration(buf, ms[1]);
}

static void
show_size(const struct nv_config *config, const struct nv_option *o, const void *field,
	struct nv_buf *buf)
{
	static const char *const names[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	uint64_t bytes = *(const uint64_t *)field;
	size_t i = 0;

	(void)config;
	(void)o;
	while (bytes > 0 && bytes % 1024 == 0 && i + 1 < NV_LEN(names)) {
		bytes /= 1024;
		i++;
	}
	nv_buf_printf(buf, "%llu%s", (unsigned long long)bytes, names[i]);
}

static void
show_percent(const struct nv_config *config, const struct nv_option *o, const void *field,
	struct nv_buf *buf)
{
	int64_t ppm = *(const int64_t *)field;
	uint64_t abs = ppm < 0 ? -(uint64_t)ppm : (uint64_t)ppm;
	unsigned rest = (unsigned)(abs % 10000);

	(void)config;
	(void)o;
	nv_buf_printf(
		buf, "%s%llu", ppm < 0 ? "-" : "", (unsigned long long)(abs / 10000));
	if (rest != 0) {
		char digits[8];
		size_t n = 4;

		(void)snprintf(digits, sizeof(digits), "%04u", rest);
		while (digits[n - 1] == '0')
			n--;
		nv_buf_printf(buf, ".%.*s", (int)n, digits);
	}
	nv_buf_puts(buf, "%");
}

static void
show_money(const struct nv_config *config, const struct nv_option *o, const void *field,
	struct nv_buf *buf)
{
	(void)o;
	nv_value_show_money(buf, *(const int64_t *)field, config->base_currency);
}

static void
show_word(const struct nv_config *config, const struct nv_option *o, const void *field,
	struct nv_buf *buf)
{
	(void)config;
	nv_buf_puts(buf, o->words[*(const int *)field]);
}

static void
show_signal(const struct nv_config *config, const struct nv_option *o, const void *field,
	struct nv_buf *buf)
{
	(void)config;
	(void)o;
	nv_buf_puts(buf, sigabbrev_np(*(const int *)field));
}

static void
show_rate(const struct nv_config *config, const struct nv_option *o, const void *field,
	struct nv_buf *buf)
{
	(void)config;
	(void)o;
	nv_value_show_rate(buf, field);
}

static void
show_price(const struct nv_config *config, const struct nv_option *o, const void *field,
	struct nv_buf *buf)
{
	const struct nv_conf_price *price = field;

	(void)config;
	(void)o;
	nv_value_show_money(buf, price->nano, price->currency);
}

static show_fn *const shows[NV_OPT_KINDS] = {
	[NV_OPT_NAME] = show_array,
	[NV_OPT_TEXT] = show_string,
	[NV_OPT_PATH] = show_string,
	[NV_OPT_BOOL] = show_bool,
	[NV_OPT_COUNT] = show_count,
	[NV_OPT_DURATION] = show_duration,
	[NV_OPT_SPAN] = show_span,
	[NV_OPT_SIZE] = show_size,
	[NV_OPT_PERCENT] = show_percent,
	[NV_OPT_MONEY] = show_money,
	[NV_OPT_WORD] = show_word,
	[NV_OPT_SIGNAL] = show_signal,
	[NV_OPT_USER] = show_string,
	[NV_OPT_GROUP] = show_string,
	[NV_OPT_ZONE] = show_string,
	[NV_OPT_CURRENCY] = show_array,
	[NV_OPT_URL] = show_string,
	[NV_OPT_ADDRESS] = show_string,
	[NV_OPT_RATE] = show_rate,
	[NV_OPT_PRICE] = show_price,
};

void
nv_value_show(const struct nv_config *config, const struct nv_option *option,
	const void *field, struct nv_buf *buf)
{
	NV_ASSERT(shows[option->kind]);
	if ((option->flags & NV_OPT_INFINITY) &&
		*(const int64_t *)field == NV_INFINITY_MS) {
		nv_buf_puts(buf, "infinity");
		return;
	}
	if ((option->flags & NV_OPT_BRUTAL) && *(const int64_t *)field == 0) {
		nv_buf_puts(buf, "brutal_kill");
		return;
	}
	if (option->flags & NV_OPT_NONE) {
		int64_t value = option->kind == NV_OPT_COUNT ? *(const uint32_t *)field
							     : *(const int64_t *)field;

		if (value == option->none) {
			nv_buf_puts(buf, "none");
			return;
		}
	}
	shows[option->kind](config, option, field, buf);
}
