/* Any .env of the original: settings that are YAML in UTF-8, secrets inside bounds, and
 * every variable either used or left with a reason. */
#include "import_env.h"

#include "nv_buf.h"
#include "nv_config.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
count(void *arg, const struct nv_dotenv_item *item)
{
	NV_ASSERT(item->wrong || item->name_bytes > 0);
	++*(size_t *)arg;
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ctl_env env;
	size_t n = 0;
	char *yaml = NULL;

	if (ctl_env_read((const char *)data, size, &env) == 0) {
		NV_ASSERT(nv_conf_dotenv_walk((const char *)data, size, count, &n) == 0);
		NV_ASSERT(json_array_size(env.used) + json_array_size(env.left) == n);
		NV_ASSERT(env.n_secrets <= CTL_ENV_SECRETS_MAX);
		yaml = ctl_env_yaml(&env);
		NV_ASSERT(yaml != NULL);
		for (size_t i = 0, bytes = strlen(yaml); i < bytes;) {
			size_t len = nv_utf8_len(yaml + i, bytes - i);

			NV_ASSERT(len > 0);
			i += len;
		}
	}
	free(yaml);
	ctl_env_fini(&env);
	return 0;
}
