/* The configuration on disk: see conf.h. */
#include "conf.h"

#include <stdlib.h>
#include <string.h>

static void
add_source(struct nv_conf_sources *sources, const char *file, const char *text)
{
	sources->list = ctl_grow(sources->list, sources->n + 1, sizeof(*sources->list));
	sources->list[sources->n++] = (struct nv_conf_source){.kind = NV_SOURCE_WORKER,
		.name = ctl_copy(file),
		.text = ctl_copy(text),
		.bytes = strlen(text)};
}

int
ctl_conf_load(const struct ctl *ctl, const char *extra_file, const char *extra_text,
	struct nv_config **ret, struct nv_conf_errors *errs)
{
	struct nv_conf_sources sources = {0};
	struct nv_config *config = NULL;

	*errs = (struct nv_conf_errors){0};
	int rc = nv_conf_sources_read(&sources, ctl->paths.config, errs);

	if (rc == 0 && extra_file)
		add_source(&sources, extra_file, extra_text);
	/* Also after a file that cannot be read: every error is wanted at once. Without
	 * nova.yaml itself there is nothing to parse. */
	bool has_main = sources.n > 0 && sources.list[0].kind == NV_SOURCE_MAIN;
	int parsed = has_main ? nv_config_parse(&sources, &config, errs) : rc;

	nv_conf_sources_fini(&sources);
	rc = rc < 0 ? rc : parsed;
	if (rc == 0 && ret)
		*ret = config;
	else
		nv_config_free(config);
	return rc;
}
