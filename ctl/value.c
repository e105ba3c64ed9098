/* Values for people: see value.h. */
#include "value.h"
#include "nv_buf.h"
#include "nv_clock.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define UNCONVERTED_BYTES_MAX ((size_t)64 << 10)

const char *
ctl_str(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

int64_t
ctl_int(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

bool
ctl_true(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

json_t *
ctl_sub(const json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	return json_is_object(value) || json_is_array(value) ? value : NULL;
}

json_t *
ctl_json_copy(const json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	return value ? json_incref(value) : json_null();
}

const char *
ctl_money(const json_t *object, const char *key, const char *currency,
	char buf[CTL_VALUE_BYTES])
{
	const char *text = ctl_str(object, key);
	char shown[NV_MONEY_BYTES];
	nv_i128 nano;

	if (!text[0])
		text = "-";
	else if (nv_sum_parse(text, &nano))
		text = nv_money_show(nano, currency[0] ? currency : "USD", shown);
	(void)snprintf(buf, CTL_VALUE_BYTES, "%s", text);
	return buf;
}

enum ctl_style
ctl_money_style(const json_t *object, const char *key)
{
	nv_i128 nano;

	if (!nv_sum_parse(ctl_str(object, key), &nano) || nano == 0)
		return CTL_PLAIN;
	return nano < 0 ? CTL_RED : CTL_GREEN;
}

const char *
ctl_percent(const json_t *object, const char *key, char buf[CTL_VALUE_BYTES])
{
	json_t *value = json_object_get(object, key);

	if (json_is_number(value) && isfinite(json_number_value(value)))
		(void)snprintf(buf, CTL_VALUE_BYTES, "%.1f%%", json_number_value(value));
	else if (json_is_string(value))
		(void)snprintf(buf, CTL_VALUE_BYTES, "%s%%", json_string_value(value));
	else
		(void)snprintf(buf, CTL_VALUE_BYTES, "-");
	return buf;
}

const char *
ctl_count(const json_t *object, const char *key, char buf[CTL_VALUE_BYTES])
{
	json_t *value = json_object_get(object, key);

	if (!json_is_integer(value)) {
		(void)snprintf(buf, CTL_VALUE_BYTES, "-");
		return buf;
	}
	char digits[32];
	int64_t v = json_integer_value(value);
	int n = snprintf(digits, sizeof(digits), "%llu",
		v < 0 ? 0ULL - (unsigned long long)v : (unsigned long long)v);
	size_t at = 0;

	if (v < 0)
		buf[at++] = '-';
	for (int i = 0; i < n; i++) {
		if (i > 0 && (n - i) % 3 == 0)
			buf[at++] = ',';
		buf[at++] = digits[i];
	}
	buf[at] = '\0';
	return buf;
}

static bool
time_of(const json_t *object, const char *key, int64_t *ret_ns)
{
	const char *text = ctl_str(object, key);

	return text[0] && nv_rfc3339_parse(text, strlen(text), ret_ns) == 0;
}

const char *
ctl_when(const json_t *object, const char *key, char buf[CTL_VALUE_BYTES])
{
	char text[NV_RFC3339_BYTES];
	int64_t ns;

	if (!time_of(object, key, &ns)) {
		(void)snprintf(buf, CTL_VALUE_BYTES, "-");
		return buf;
	}
	nv_rfc3339(ns, text);
	(void)snprintf(buf, CTL_VALUE_BYTES, "%.10s %.8sZ", text, text + 11);
	return buf;
}

const char *
ctl_ago(const json_t *object, const char *key, char buf[CTL_VALUE_BYTES])
{
	char span[NV_UNITS_BYTES];
	int64_t ns;

	if (!time_of(object, key, &ns)) {
		(void)snprintf(buf, CTL_VALUE_BYTES, "-");
		return buf;
	}
	int64_t ms = (nv_wall_ns() - ns) / NV_NS_PER_MS;

	if (ms < 0)
		(void)snprintf(
			buf, CTL_VALUE_BYTES, "in %s", nv_duration_show(-ms, span));
	else
		(void)snprintf(
			buf, CTL_VALUE_BYTES, "%s ago", nv_duration_show(ms, span));
	return buf;
}

/* "cost 1.50 EUR, refunds 2.00 EUR" of one currency, after what is in buf. */
static void
put_amounts(struct nv_buf *buf, const json_t *row)
{
	static const char *const keys[] = {
		"cost", "revenue", "refunds", "fees", "disputes", "payouts"};
	char money[CTL_VALUE_BYTES];

	for (size_t i = 0; i < NV_LEN(keys); i++) {
		nv_i128 nano;

		if (!nv_sum_parse(ctl_str(row, keys[i]), &nano) || nano == 0)
			continue;
		nv_buf_printf(buf, "%s%s %s", buf->bytes ? ", " : "", keys[i],
			ctl_money(row, keys[i], ctl_str(row, "currency"), money));
	}
}

void
ctl_print_unconverted(const struct ctl_out *out, const char *label, const json_t *figures)
{
	const json_t *list = json_object_get(figures, "unconverted");
	struct nv_buf buf;
	size_t i;
	json_t *row;

	if (json_array_size(list) == 0)
		return;
	nv_buf_init(&buf, UNCONVERTED_BYTES_MAX);
	json_array_foreach(list, i, row)
	{
		put_amounts(&buf, row);
	}
	ctl_print(out, CTL_YELLOW,
		"%s: not counted, because no rate is declared under currencies: %s\n",
		label, buf.data ? buf.data : "");
	nv_buf_fini(&buf);
}
