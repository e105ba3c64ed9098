/* A JSON value as indented lines for people: see value.h. */
#include "value.h"

#include <stdio.h>
#include <string.h>

#define LABEL_COLUMNS 22
#define DEPTH_MAX     8

static void
scalar_text(struct nv_buf *buf, const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_STRING:
		ctl_safe(buf, json_string_value(value), json_string_length(value), false);
		break;
	case JSON_INTEGER:
		nv_buf_printf(buf, "%lld", (long long)json_integer_value(value));
		break;
	case JSON_REAL:
		nv_buf_printf(buf, "%.15g", json_real_value(value));
		break;
	case JSON_TRUE:
		nv_buf_puts(buf, "yes");
		break;
	case JSON_FALSE:
		nv_buf_puts(buf, "no");
		break;
	default:
		nv_buf_puts(buf, "-");
		break;
	}
}

/* A nested value on one line: "a=1 b=2", "x, y". */
static void
inline_text(struct nv_buf *buf, const json_t *value, int depth)
{
	size_t n = 0;
	const char *key;
	json_t *item;

	if (depth > DEPTH_MAX)
		return;
	if (json_is_object(value)) {
		for (void *it = json_object_iter((json_t *)(uintptr_t)value); it;
			it = json_object_iter_next((json_t *)(uintptr_t)value, it)) {
			key = json_object_iter_key(it);
			item = json_object_iter_value(it);
			if (json_is_null(item))
				continue;
			nv_buf_puts(buf, n++ ? "  " : "");
			ctl_safe(buf, key, strlen(key), false);
			nv_buf_puts(buf, "=");
			inline_text(buf, item, depth + 1);
		}
	} else if (json_is_array(value)) {
		for (; n < json_array_size(value); n++) {
			nv_buf_puts(buf, n ? ", " : "");
			inline_text(buf, json_array_get(value, n), depth + 1);
		}
	} else {
		scalar_text(buf, value);
	}
}

static void
print_line(const struct ctl_out *out, unsigned indent, const char *label,
	const json_t *value)
{
	struct nv_buf left;
	struct nv_buf right;

	nv_buf_init(&left, 4096);
	nv_buf_init(&right, (size_t)1 << 20);
	ctl_safe(&left, label, strlen(label), false);
	inline_text(&right, value, 0);
	unsigned used = ctl_width(left.data ? left.data : "", left.bytes) + indent;

	(void)printf("%*s%s%s%s%*s %s\n", (int)indent, "", ctl_style_on(out, CTL_DIM),
		left.data ? left.data : "", ctl_style_off(out, CTL_DIM),
		(int)(used < LABEL_COLUMNS ? LABEL_COLUMNS - used : 0), "",
		right.data ? right.data : "");
	nv_buf_fini(&left);
	nv_buf_fini(&right);
}

static bool
is_list_of_objects(const json_t *value)
{
	return json_is_object(json_array_get(value, 0));
}

static void
print_level(const struct ctl_out *out, const json_t *object, unsigned indent)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)object, key, value)
	{
		bool deeper = indent / 2 < DEPTH_MAX;

		if (json_is_object(value) && json_object_size(value) > 0 && deeper) {
			ctl_print(out, CTL_BOLD, "%*s%s\n", (int)indent, "", key);
			print_level(out, value, indent + 2);
		} else if (is_list_of_objects(value)) {
			size_t i;
			json_t *item;

			ctl_print(out, CTL_BOLD, "%*s%s\n", (int)indent, "", key);
			json_array_foreach(value, i, item)
				print_line(out, indent + 2, "-", item);
		} else {
			print_line(out, indent, key, value);
		}
	}
}

void
ctl_print_tree(const struct ctl_out *out, const json_t *object)
{
	print_level(out, object, 0);
}
