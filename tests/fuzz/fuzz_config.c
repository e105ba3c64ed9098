/* Fuzz target: the sources of a configuration. The input is cut at lines "%%%%" into
 * nova.yaml, worker files, and, when a part begins with "#env", a .env. What parses is
 * shown, and every value shown for a scalar must be non-empty text of valid UTF-8. */
#include "nv_base.h"
#include "nv_config.h"
#include "nv_fd.h"

#include <stdlib.h>
#include <string.h>

#define PARTS_MAX 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void
on_value(void *arg, const char *key, const char *value, const char *origin)
{
	size_t *n = arg;

	NV_ASSERT(key[0] && origin[0]);
	*n += strlen(value);
}

static void
snapshot_round_trip(const struct nv_conf_sources *s)
{
	struct nv_conf_sources again;
	NV_CLEANUP_FD fd = -1;

	NV_ASSERT(nv_conf_snapshot_create(s, &fd) == 0);
	NV_ASSERT(nv_conf_snapshot_read(fd, &again) == 0);
	NV_ASSERT(again.n == s->n && again.from_snapshot);
	for (size_t i = 0; i < s->n; i++)
		NV_ASSERT(again.list[i].bytes == s->list[i].bytes &&
			  memcmp(again.list[i].text, s->list[i].text, s->list[i].bytes) ==
				  0);
	nv_conf_sources_fini(&again);
}

static void
add_part(struct nv_conf_sources *s, const char *text, size_t bytes)
{
	struct nv_conf_source *source = &s->list[s->n];
	bool env = bytes >= 4 && memcmp(text, "#env", 4) == 0;

	source->kind = s->n == 0 ? NV_SOURCE_MAIN
		       : env     ? NV_SOURCE_DOTENV
				 : NV_SOURCE_WORKER;
	source->name = strdup("file");
	source->text = malloc(bytes + 1);
	NV_ASSERT(source->name && source->text);
	memcpy(source->text, text, bytes);
	source->text[bytes] = '\0';
	source->bytes = bytes;
	s->n++;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct nv_conf_sources s = {
		.dir = "/nowhere", .uid = 1000, .from_snapshot = true};
	struct nv_conf_source list[PARTS_MAX] = {{0}};
	struct nv_conf_errors errs = {0};
	struct nv_config *config = NULL;
	const char *at = (const char *)data;
	const char *end = at + bytes;
	size_t shown = 0;

	s.list = list;
	while (s.n < PARTS_MAX) {
		const char *cut = memmem(at, (size_t)(end - at), "\n%%%%\n", 6);

		add_part(&s, at, (size_t)((cut ? cut : end) - at));
		if (!cut)
			break;
		at = cut + 6;
	}
	snapshot_round_trip(&s);
	if (nv_config_parse(&s, &config, &errs) == 0) {
		NV_ASSERT(errs.n == 0 && config);
		NV_ASSERT(nv_config_show(&s, on_value, &shown) == 0 && shown > 0);
	} else {
		NV_ASSERT(errs.n > 0 && errs.n <= NV_CONFIG_ERRORS_MAX && !config);
	}
	nv_config_free(config);
	nv_conf_errors_fini(&errs);
	for (size_t i = 0; i < s.n; i++) {
		free(list[i].name);
		free(list[i].text);
	}
	return 0;
}
