/* Lists of host names: NV_OPT_HOSTS. */
#include "nv_conf_private.h"
#include "nv_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HOST_BYTES_MAX 253 /* RFC 1035, section 2.3.4, as text */

/* Letters, digits, hyphens and dots, as in a URL; no port. */
static bool
is_host(const char *text)
{
	static const char name[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789.-";
	size_t bytes = strlen(text);

	return bytes > 0 && bytes <= HOST_BYTES_MAX && strspn(text, name) == bytes &&
	       text[0] != '.' && text[0] != '-' && !strstr(text, "..");
}

int
nv_conf_read_hosts(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *node, const char *key, struct nv_conf_hosts *hosts)
{
	if (!nv_conf_check_collection(r, source, node, NV_YAML_SEQ, key,
		    "a list of host names such as [nova.example.com]", NV_CONF_HOSTS_MAX))
		return 0;
	nv_conf_hosts_fini(hosts);
	hosts->list = calloc(node->n_children + 1, sizeof(*hosts->list));
	if (!hosts->list)
		return -ENOMEM;
	nv_yaml_each(item, node)
	{
		const char *text = nv_yaml_is_null(item) ? NULL : nv_yaml_text(item);

		if (!text || !is_host(text)) {
			nv_conf_error(r->errs, source->name, item->line, item->column,
				"%s: expected a host name such as nova.example.com, "
				"without a port",
				key);
			continue;
		}
		hosts->list[hosts->n] = strdup(text);
		if (!hosts->list[hosts->n])
			return -ENOMEM;
		hosts->n++;
	}
	return 0;
}

void
nv_conf_hosts_show(struct nv_buf *buf, const struct nv_conf_hosts *hosts)
{
	nv_buf_puts(buf, "[");
	for (size_t i = 0; i < hosts->n; i++)
		nv_buf_printf(buf, "%s%s", i ? ", " : "", hosts->list[i]);
	nv_buf_puts(buf, "]");
}

void
nv_conf_hosts_fini(struct nv_conf_hosts *hosts)
{
	for (size_t i = 0; i < hosts->n; i++)
		free(hosts->list[i]);
	free(hosts->list);
	*hosts = (struct nv_conf_hosts){0};
}
