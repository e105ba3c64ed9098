/* Whatever a run prints, and whatever arrives on the control pipe: nova-runner and
 * libnova read it without harm, and every event line made of it is one line within the
 * limit. */
#include "control.h"
#include "nova.h"
#include "result.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* libnova's own reader, not part of its interface. */
const char *nova_json_member(const char *line, const char *key, size_t *ret_bytes);
int nova_json_string(const char *raw, size_t raw_bytes, char *buf, size_t buf_bytes);

static void
check_lines(const struct nv_buf *out)
{
	const char *at = out->data;
	const char *end = out->data + out->bytes;

	NV_ASSERT(!out->error);
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));

		NV_ASSERT(newline);
		NV_ASSERT(newline + 1 - at <= RN_EVENT_BYTES_MAX);
		at = newline + 1;
	}
}

static void
try_result(const char *text, size_t bytes)
{
	const struct rn_run_report report = {.run_id = "w.1.00000000000000ff.12",
		.at_wall_ns = INT64_C(1763820000123456789),
		.variant = "b",
		.error = "exit 3"};
	struct rn_result result;
	struct nv_err err = {0};
	struct nv_buf out;

	nv_buf_init(&out, (size_t)1 << 20);
	if (rn_result_parse(text, bytes, &result, &err) > 0)
		rn_event_result(&out, &result, &report);
	rn_event_bad_result(&out, text, bytes, err.text, &report);
	check_lines(&out);
	nv_buf_fini(&out);
}

static void
try_libnova(const uint8_t *data, size_t bytes)
{
	static const char *const keys[] = {"control", "id", "params", "remaining", ""};
	char *line = malloc(bytes + 1);
	char buf[64];

	if (!line)
		return;
	memcpy(line, data, bytes);
	line[bytes] = '\0';
	for (size_t i = 0; i < NV_LEN(keys); i++) {
		size_t raw_bytes = 0;
		const char *raw = nova_json_member(line, keys[i], &raw_bytes);

		if (!raw)
			continue;
		NV_ASSERT(raw >= line && raw + raw_bytes <= line + strlen(line));
		if (nova_json_string(raw, raw_bytes, buf, sizeof(buf)) == 0)
			NV_ASSERT(memchr(buf, '\0', sizeof(buf)));
	}
	free(line);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct rn_control control;
	int64_t interval_ms;

	try_result((const char *)data, bytes);
	(void)rn_control_parse((const char *)data, bytes, &control, NULL);
	(void)rn_params_interval((const char *)data, bytes, &interval_ms, NULL);
	try_libnova(data, bytes);
	return 0;
}
