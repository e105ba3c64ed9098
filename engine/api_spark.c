/* sparklines: every worker's profit by the hour, in one answer. A thousand lines are
 * 24,000 amounts: they are written out at once, without a tree of JSON in between. */
#include "api.h"
#include "spark.h"

#include "nv_buf.h"
#include "nv_clock.h"
#include "nv_json.h"
#include "nv_name.h"

#include <errno.h>
#include <string.h>

static void
put_line(struct nv_buf *buf, const nv_i128 hours[ENG_SPARK_HOURS], size_t n)
{
	char text[NV_MONEY_BYTES];

	for (size_t i = ENG_SPARK_HOURS - n; i < ENG_SPARK_HOURS; i++) {
		nv_buf_puts(buf, i == ENG_SPARK_HOURS - n ? "[\"" : "\",\"");
		nv_buf_puts(buf, nv_money_text(hours[i], text));
	}
	nv_buf_puts(buf, "\"]");
}

static int
put_workers(struct eng *eng, struct led_view *v, struct nv_buf *buf, int64_t from_ns,
	size_t n)
{
	const char *between = "";
	nv_i128 hours[ENG_SPARK_HOURS];

	for (struct eng_worker *w = eng->workers; w; w = w->next) {
		if (nv_name_is_system(w->name))
			continue;
		int rc = eng_spark_read(eng, v, w, from_ns, hours);

		if (rc < 0)
			return rc;
		nv_buf_puts(buf, between);
		nv_buf_put_json(buf, w->name, strlen(w->name));
		nv_buf_puts(buf, ":");
		put_line(buf, hours, n);
		between = ",";
	}
	return buf->error;
}

int
eng_verb_sparklines(struct eng_call *call)
{
	struct eng *eng = call->eng;
	struct led_view *v = NULL;
	struct nv_buf buf;
	char at[NV_RFC3339_BYTES];
	uint64_t hours = ENG_SPARK_HOURS;
	int rc = nv_json_get_u64(
		call->args, "hours", 1, ENG_SPARK_HOURS, &hours, &call->err);

	if (rc < 0 && rc != -ENOENT)
		return rc;
	rc = led_view_begin(eng->led, &v, &call->err);
	if (rc < 0)
		return rc;
	int64_t from_ns = eng_spark_from(call->now_ns);
	int64_t first_ns =
		from_ns + (int64_t)(ENG_SPARK_HOURS - hours) * ENG_SPARK_STEP_NS;

	nv_buf_init(&buf, ENG_API_OUT_BYTES_MAX);
	nv_buf_printf(&buf,
		"{\"from\":\"%s\",\"step_s\":%d,\"currency\":\"%s\","
		"\"workers\":{",
		nv_rfc3339(first_ns, at), (int)(ENG_SPARK_STEP_NS / NV_NS_PER_SEC),
		eng->config->base_currency);
	rc = put_workers(eng, v, &buf, from_ns, hours);
	led_view_end(v);
	nv_buf_puts(&buf, "}}");
	call->text = rc == 0 ? nv_buf_take(&buf) : NULL;
	nv_buf_fini(&buf);
	return rc == 0 && !call->text ? -ENOMEM : rc;
}
