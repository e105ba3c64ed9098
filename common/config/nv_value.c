/* Values of settings, text -> field: see nv_value.h. The way back is in
 * nv_value_show.c. */
#include "nv_value.h"
#include "nv_units.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define ZONEINFO "/usr/share/zoneinfo"

typedef int parse_fn(const struct nv_value_context *ctx, const struct nv_option *o,
	const char *text, void *target, struct nv_err *err);

const char *
nv_value_quote(const char *text, char buf[NV_QUOTE_BYTES])
{
	size_t n = 0;

	while (*text && n < NV_QUOTE_BYTES - 8) {
		size_t len = nv_utf8_len(text, strnlen(text, 4));

		if (len == 0 || (unsigned char)*text < 0x20 || *text == 0x7f) {
			buf[n++] = '?';
			text++;
			continue;
		}
		memcpy(buf + n, text, len);
		n += len;
		text += len;
	}
	(void)snprintf(buf + n, NV_QUOTE_BYTES - n, "%s", *text ? "..." : "");
	return buf;
}

int
nv_value_wrong(const struct nv_option *o, const char *text, struct nv_err *err)
{
	char quoted[NV_QUOTE_BYTES];

	return nv_err_set(err, -EINVAL, "expected %s, found \"%s\"", nv_option_expects(o),
		nv_value_quote(text, quoted));
}

/* Is an integer value within the option's range? */
static int
in_range(const struct nv_value_context *ctx, const struct nv_option *o, int64_t value,
	const char *text, struct nv_err *err)
{
	if (value >= o->min && (o->max == 0 || value <= o->max))
		return 0;
	bool low = value < o->min;
	int64_t limit = low ? o->min : o->max;
	uint32_t count = (uint32_t)limit;
	struct nv_option one = *o;
	struct nv_buf shown;
	char quoted[NV_QUOTE_BYTES];

	one.flags = 0;
	if (one.kind == NV_OPT_SPAN)
		one.kind = NV_OPT_DURATION;
	nv_buf_init(&shown, 256);
	nv_value_show(ctx->config, &one,
		o->kind == NV_OPT_COUNT ? (const void *)&count : &limit, &shown);
	(void)nv_err_set(err, -ERANGE, "%s is %s %s", nv_value_quote(text, quoted),
		low ? "below the minimum" : "above the maximum",
		shown.data ? shown.data : "");
	nv_buf_fini(&shown);
	return -ERANGE;
}

static int
set_text(void *target, const char *text, size_t bytes, struct nv_err *err)
{
	char *copy = strndup(text, bytes);

	if (!copy)
		return nv_err_set(err, -ENOMEM, "out of memory");
	free(*(char **)target);
	*(char **)target = copy;
	return 0;
}

static int
parse_name(const struct nv_value_context *ctx, const struct nv_option *o,
	const char *text, void *target, struct nv_err *err)
{
	char quoted[NV_QUOTE_BYTES];

	(void)ctx;
	if (!nv_name_valid(text))
		return nv_err_set(err, -EINVAL,
			"expected %s, at most %d long and beginning with a letter or "
			"digit, "
			"found \"%s\"",
			nv_option_expects(o), NV_NAME_MAX - 1,
			nv_value_quote(text, quoted));
	memcpy(target, text, strlen(text) + 1);
	return 0;
}

static int
parse_text(const struct nv_value_context *ctx, const struct nv_option *o,
	const char *text, void *target, struct nv_err *err)
{
	size_t bytes = strlen(text);

	(void)ctx;
	while (bytes > 0 && text[bytes - 1] == '\n')
		bytes--;
	if (bytes > (size_t)o->max)
		return nv_err_set(err, -ERANGE,
			"%zu bytes of text, at most %lld are kept", bytes,
			(long long)o->max);
	int rc = set_text(target, text, bytes, err);

	if (rc < 0)
		return rc;
	for (char *at = *(char **)target; *at; at++) {
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			*at = ' ';
	}
	return 0;
}

static int
parse_path(const struct nv_value_context *ctx, const struct nv_option *o,
	const char *text, void *target, struct nv_err *err)
{
	char path[4096];
	int n;

	if (text[0] == '\0')
		return nv_value_wrong(o, text, err);
	if (text[0] == '/')
		n = snprintf(path, sizeof(path), "%s", text);
	else if (strcmp(text, ".") == 0)
		n = snprintf(path, sizeof(path), "%s", ctx->config->dir);
	else
		n = snprintf(path, sizeof(path), "%s/%s", ctx->config->dir, text);
	if (n < 0 || (size_t)n >= sizeof(path))
		return nv_err_set(err, -ERANGE, "the path is longer than %zu bytes",
			sizeof(path) - 1);
	return set_text(target, path, (size_t)n, err);
}

static int
parse_bool(const struct nv_value_context *ctx, const struct nv_option *o,
	const char *text, void *target, struct nv_err *err)
{
	static const char *const words[] = {
		"false", "true", "no", "yes", "off", "on", "0", "1"};

	(void)ctx;
	for (size_t i = 0; i < NV_LEN(words); i++) {
		if (strcasecmp(text, words[i]) == 0) {
			*(bool *)target = i % 2 == 1;
			return 0;
		}
	}
	return nv_value_wrong(o, text, err);
}

static int
parse_count(const struct nv_value_context *ctx, const struct nv_option *o,
	const char *text, void *target, struct nv_err *err)
{
	size_t digits = strspn(text, "0123456789");
	int64_t value = 0;

	if (digits == 0 || text[digits] || (digits > 1 && text[0] == '0'))
		return nv_value_wrong(o, text, err);
	for (size_t i = 0; i < digits && value <= UINT32_MAX; i++)
		value = value * 10 + (text[i] - '0');
	int rc = in_range(ctx, o, value, text, err);

	if (rc == 0)
		*(uint32_t *)target = (uint32_t)value;
	return rc;
}

static int
parse_duration(const struct nv_value_context *ctx, const struct nv_option *o,
	const char *text, void *target, struct nv_err *err)
{
	int64_t ms;
	int rc = nv_duration_parse(text, &ms, NULL);

	if (rc == -EINVAL)
		return nv_value_wrong(o, text, err);
	if (rc < 0)
		ms = INT64_MAX;
	rc = in_range(ctx, o, ms, text, err);
	if (rc == 0)
		*(int64_t *)target = ms;
	return rc;
}

int
nv_value_split_range(const char *text, char **ret_min, char **ret_max)
{
	const char *dots = strstr(text, "..");

	if (!dots || dots == text || !dots[2] || dots[2] == '.')
		return -EINVAL;
	char *low = strndup(text, (size_t)(dots - text));
	char *high = strdup(dots + 2);

	if (!low || !high) {
		free(low);
		free(high);
		return -ENOMEM;
	}
	*ret_min = low;
	*ret_max = high;
	return 0;
}

/* A single duration is a span of one: 5s is 5s..5s. */
static int
parse_span(const struct nv_value_context *ctx, const struct nv_option *o,
	const char *text, void *target, struct nv_err *err)
{
	NV_CLEANUP_FREE char *low = NULL;
	NV_CLEANUP_FREE char *high = NULL;
	int64_t ms[2] = {0};
	bool single = !strstr(text, "..");

	if (!single && nv_value_split_range(text, &low, &high) < 0)
		return nv_value_wrong(o, text, err);
	int rc = parse_duration(ctx, o, single ? text : low, &ms[0], err);

	if (rc == 0)
		rc = parse_duration(ctx, o, single ? text : high, &ms[1], err);
	if (rc != 0)
		return rc;
	if (ms[0] > ms[1])
		return nv_err_set(err, -EINVAL, "%s begins above its end", text);
	memcpy(target, ms, sizeof(ms));
	return 0;
}

static int
parse_size(const struct nv_value_context *ctx, const struct nv_option *o,
	const char *text, void *target, struct nv_err *err)
{
	uint64_t bytes;
	int rc = nv_size_parse(text, &bytes, NULL);

	if (rc == -EINVAL)
		return nv_value_wrong(o, text, err);
	if (rc < 0)
		bytes = INT64_MAX;
	rc = in_range(ctx, o, (int64_t)bytes, text, err);
	if (rc == 0)
		*(uint64_t *)target = bytes;
	return rc;
}

static int
parse_percent(const struct nv_value_context *ctx, const struct nv_option *o,
	const char *text, void *target, struct nv_err *err)
{
	int64_t ppm;

	if (nv_percent_parse(text, &ppm, NULL) < 0)
		return nv_value_wrong(o, text, err);
	int rc = in_range(ctx, o, ppm, text, err);

	if (rc == 0)
		*(int64_t *)target = ppm;
	return rc;
}

/* An amount in any declared currency, in the base currency. */
static int
to_base(const struct nv_config *config, const char *currency, int64_t *nano,
	struct nv_err *err)
{
	if (strcmp(currency, config->base_currency) == 0)
		return 0;
	for (size_t i = 0; i < config->n_currencies; i++) {
		if (strcmp(currency, config->currencies[i].code) != 0)
			continue;
		nv_i128 product = (nv_i128)*nano * config->currencies[i].rate_nano;

		if (product / NV_MONEY_SCALE > NV_MONEY_MAX ||
			product / NV_MONEY_SCALE < -NV_MONEY_MAX)
			return nv_err_set(err, -ERANGE, "the amount is too large");
		*nano = nv_mul_div(
			*nano, config->currencies[i].rate_nano, NV_MONEY_SCALE);
		return 0;
	}
	return nv_err_set(err, -EINVAL,
		"the currency %s is not known: the base currency is %s, others are "
		"declared "
		"under `currencies`",
		currency, config->base_currency);
}

static int
parse_money(const struct nv_value_context *ctx, const struct nv_option *o,
	const char *text, void *target, struct nv_err *err)
{
	char amount[NV_MONEY_BYTES];
	char currency[NV_CURRENCY_BYTES];
	size_t bytes = strlen(text);
	int64_t nano;

	if (bytes > 4 && (o->flags & NV_OPT_DAILY) &&
		strcmp(text + bytes - 4, "/day") == 0)
		bytes -= 4;
	else if (bytes > 5 && (o->flags & NV_OPT_HOURLY) &&
		 strcmp(text + bytes - 5, "/hour") == 0)
		bytes -= 5;
	if (bytes >= sizeof(amount))
		return nv_value_wrong(o, text, err);
	memcpy(amount, text, bytes);
	amount[bytes] = '\0';
	int rc = nv_amount_parse(amount, &nano, currency, err);

	if (rc == -EINVAL)
		return nv_value_wrong(o, text, err);
	if (rc == 0)
		rc = to_base(ctx->config, currency, &nano, err);
	if (rc == 0)
		rc = in_range(ctx, o, nano, text, err);
	if (rc == 0)
		*(int64_t *)target = nano;
	return rc;
}

static int
parse_word(const struct nv_value_context *ctx, const struct nv_option *o,
	const char *text, void *target, struct nv_err *err)
{
	char quoted[NV_QUOTE_BYTES];
	char list[200] = "";
	size_t n = 0;
	size_t used = 0;

	(void)ctx;
	for (; o->words[n]; n++) {
		if (strcmp(o->words[n], text) == 0) {
			*(int *)target = (int)n;
			return 0;
		}
		int more = snprintf(list + used, sizeof(list) - used, "%s%s",
			n == 0 ? "" : ", ", o->words[n]);

		used += (size_t)more;
		NV_ASSERT(used < sizeof(list));
	}
	const char *near = nv_name_nearest(text, o->words, n);

	return nv_err_set(err, -EINVAL, "expected one of %s, found \"%s\"%s%s%s", list,
		nv_value_quote(text, quoted), near ? "; did you mean \"" : "",
		near ? near : "", near ? "\"?" : "");
}

static int
parse_signal(const struct nv_value_context *ctx, const struct nv_option *o,
	const char *text, void *target, struct nv_err *err)
{
	const char *name = strncmp(text, "SIG", 3) == 0 ? text + 3 : text;

	(void)ctx;
	for (int number = 1; number < NSIG; number++) {
		const char *abbreviation = sigabbrev_np(number);

		if (abbreviation && strcmp(abbreviation, name) == 0) {
			if (number == SIGSTOP || number == SIGCONT)
				break;
			*(int *)target = number;
			return 0;
		}
	}
	return nv_value_wrong(o, text, err);
}

static int
parse_user(const struct nv_value_context *ctx, const struct nv_option *o,
	const char *text, void *target, struct nv_err *err)
{
	char quoted[NV_QUOTE_BYTES];
	size_t bytes = strlen(text);

	if (bytes == 0 || bytes > 64 || text[0] == '-' || strpbrk(text, ":/ \t\n"))
		return nv_value_wrong(o, text, err);
	if (!ctx->from_snapshot) {
		const struct passwd *account = getpwnam(text);

		if (!account)
			return nv_err_set(err, -EINVAL,
				"there is no account \"%s\" on this machine",
				nv_value_quote(text, quoted));
		if (ctx->uid != 0 && account->pw_uid != ctx->uid)
			return nv_err_set(err, -EINVAL,
				"only root can start workers as another account; Nova "
				"runs "
				"as uid %u, \"%s\" is uid %u",
				ctx->uid, nv_value_quote(text, quoted),
				(unsigned)account->pw_uid);
	}
	return set_text(target, text, bytes, err);
}

static int
parse_group(const struct nv_value_context *ctx, const struct nv_option *o,
	const char *text, void *target, struct nv_err *err)
{
	int rc = nv_value_group(ctx, text, err);

	(void)o;
	return rc < 0 ? rc : set_text(target, text, strlen(text), err);
}

int
nv_value_group(const struct nv_value_context *ctx, const char *text, struct nv_err *err)
{
	char quoted[NV_QUOTE_BYTES];
	size_t bytes = strlen(text);

	if (bytes == 0 || bytes > 64 || text[0] == '-' || strpbrk(text, ":/ \t\n"))
		return nv_err_set(err, -EINVAL,
			"expected the name of a group of accounts, found \"%s\"",
			nv_value_quote(text, quoted));
	if (ctx->from_snapshot)
		return 0;
	const struct group *group = getgrnam(text);

	if (!group)
		return nv_err_set(err, -EINVAL,
			"there is no group \"%s\" on this machine",
			nv_value_quote(text, quoted));
	if (ctx->uid != 0)
		return nv_err_set(err, -EINVAL,
			"only root can choose groups; Nova runs as uid %u", ctx->uid);
	return 0;
}

static int
parse_zone(const struct nv_value_context *ctx, const struct nv_option *o,
	const char *text, void *target, struct nv_err *err)
{
	char path[256];
	char quoted[NV_QUOTE_BYTES];
	struct stat st;
	size_t bytes = strlen(text);

	if (bytes == 0 || bytes > 100 || text[0] == '/' || strstr(text, "..") ||
		strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			     "0123456789_+-/") != bytes)
		return nv_value_wrong(o, text, err);
	if (!ctx->from_snapshot && strcmp(text, "UTC") != 0) {
		(void)snprintf(path, sizeof(path), ZONEINFO "/%s", text);
		if (stat(ZONEINFO, &st) < 0)
			return nv_err_set(err, -EINVAL,
				"%s needs the time zone data of the system (Debian "
				"package "
				"tzdata), which is not installed",
				text);
		if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
			return nv_err_set(err, -EINVAL,
				"there is no time zone \"%s\"; expected one such as UTC "
				"or "
				"Europe/Berlin",
				nv_value_quote(text, quoted));
	}
	return set_text(target, text, bytes, err);
}

static int
parse_currency(const struct nv_value_context *ctx, const struct nv_option *o,
	const char *text, void *target, struct nv_err *err)
{
	(void)ctx;
	if (!nv_currency_valid(text))
		return nv_value_wrong(o, text, err);
	memset(target, 0, NV_CURRENCY_BYTES);
	memcpy(target, text, strlen(text));
	return 0;
}

static parse_fn *const parsers[NV_OPT_KINDS] = {
	[NV_OPT_NAME] = parse_name,
	[NV_OPT_TEXT] = parse_text,
	[NV_OPT_PATH] = parse_path,
	[NV_OPT_BOOL] = parse_bool,
	[NV_OPT_COUNT] = parse_count,
	[NV_OPT_DURATION] = parse_duration,
	[NV_OPT_SPAN] = parse_span,
	[NV_OPT_SIZE] = parse_size,
	[NV_OPT_PERCENT] = parse_percent,
	[NV_OPT_MONEY] = parse_money,
	[NV_OPT_WORD] = parse_word,
	[NV_OPT_SIGNAL] = parse_signal,
	[NV_OPT_USER] = parse_user,
	[NV_OPT_GROUP] = parse_group,
	[NV_OPT_ZONE] = parse_zone,
	[NV_OPT_CURRENCY] = parse_currency,
	[NV_OPT_URL] = nv_value_parse_url,
	[NV_OPT_ADDRESS] = nv_value_parse_address,
	[NV_OPT_RATE] = nv_value_parse_rate,
	[NV_OPT_PRICE] = nv_value_parse_price,
};

bool
nv_value_is_number(const char *text)
{
	const char *at = text + (*text == '-');
	size_t digits = strspn(at, "0123456789");

	if (digits == 0 || (digits > 1 && *at == '0'))
		return false;
	at += digits;
	if (*at == '.') {
		digits = strspn(++at, "0123456789");
		if (digits == 0)
			return false;
		at += digits;
	}
	if (*at == 'e' || *at == 'E') {
		at++;
		at += *at == '+' || *at == '-';
		digits = strspn(at, "0123456789");
		if (digits == 0)
			return false;
		at += digits;
	}
	return *at == '\0';
}

static void
set_none(const struct nv_option *o, void *target)
{
	if (o->kind == NV_OPT_COUNT)
		*(uint32_t *)target = (uint32_t)o->none;
	else
		*(int64_t *)target = o->none;
}

int
nv_value_parse(const struct nv_value_context *ctx, const struct nv_option *option,
	const char *text, bool bare, void *target, struct nv_err *err)
{
	char with_unit[100];

	NV_ASSERT(parsers[option->kind]);
	if ((option->flags & NV_OPT_INFINITY) && strcmp(text, "infinity") == 0) {
		*(int64_t *)target = NV_INFINITY_MS;
		return 0;
	}
	if ((option->flags & NV_OPT_BRUTAL) && strcmp(text, "brutal_kill") == 0) {
		*(int64_t *)target = 0;
		return 0;
	}
	if ((option->flags & NV_OPT_NONE) && strcmp(text, "none") == 0) {
		set_none(option, target);
		return 0;
	}
	if (bare && strlen(text) < 60 && nv_value_is_number(text)) {
		const char *unit = nv_option_bare_unit(option);
		bool money = option->kind == NV_OPT_MONEY;

		if (unit || money) {
			(void)snprintf(with_unit, sizeof(with_unit), "%s%s%s", text,
				money ? " " : unit,
				money ? ctx->config->base_currency : "");
			text = with_unit;
		}
	}
	return parsers[option->kind](ctx, option, text, target, err);
}

int
nv_value_copy(enum nv_opt_kind kind, void *target, const void *from)
{
	switch (kind) {
	case NV_OPT_BOOL:
		*(bool *)target = *(const bool *)from;
		return 0;
	case NV_OPT_COUNT:
		*(uint32_t *)target = *(const uint32_t *)from;
		return 0;
	case NV_OPT_WORD:
	case NV_OPT_SIGNAL:
		*(int *)target = *(const int *)from;
		return 0;
	case NV_OPT_SPAN:
		memcpy(target, from, 2 * sizeof(int64_t));
		return 0;
	case NV_OPT_DURATION:
	case NV_OPT_PERCENT:
	case NV_OPT_MONEY:
	case NV_OPT_SIZE:
		*(int64_t *)target = *(const int64_t *)from;
		return 0;
	default:
		nv_assert_failed(
			"a kind that can be taken over", __FILE__, __LINE__, __func__);
	}
}
