/* Headers to be sent: see nv_http.h. They may hold secrets, so they are wiped. */
#include "nv_http_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define HEADERS_MAX 64

/* What the client sets itself, since the transfer depends on it. */
static const char *const ours[] = {"accept-encoding", "connection", "content-length",
	"expect", "host", "te", "trailer", "transfer-encoding", "upgrade", "keep-alive"};

bool
nv_http_head_name_ok(const char *name)
{
	for (size_t i = 0; i < NV_LEN(ours); i++) {
		if (strcasecmp(name, ours[i]) == 0)
			return false;
	}
	return name[0] &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "0123456789!#$%&'*+-.^_`|~") == strlen(name);
}

bool
nv_http_head_value_ok(const char *value)
{
	for (; *value; value++) {
		unsigned char c = (unsigned char)*value;

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

static void
wipe(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

void
nv_http_head_fini(struct nv_http_head *head)
{
	for (size_t i = 0; i < head->n; i++) {
		free(head->pairs[i].name);
		wipe(head->pairs[i].value);
	}
	free(head->pairs);
	*head = (struct nv_http_head){0};
}

int
nv_http_head_set(struct nv_http_head *head, const char *name, const char *value)
{
	char *copy;
	size_t i = 0;

	if (!nv_http_head_name_ok(name) || !nv_http_head_value_ok(value))
		return -EINVAL;
	copy = strdup(value);
	if (!copy)
		return -ENOMEM;
	while (i < head->n && strcasecmp(head->pairs[i].name, name) != 0)
		i++;
	if (i < head->n) {
		wipe(head->pairs[i].value);
		head->pairs[i].value = copy;
		return 0;
	}
	struct nv_http_pair *grown =
		head->n < HEADERS_MAX
			? reallocarray(head->pairs, head->n + 1, sizeof(*grown))
			: NULL;
	if (grown)
		head->pairs = grown;
	char *name_copy = grown ? strdup(name) : NULL;

	if (!name_copy) {
		wipe(copy);
		return head->n < HEADERS_MAX ? -ENOMEM : -E2BIG;
	}
	head->pairs[head->n++] = (struct nv_http_pair){name_copy, copy};
	return 0;
}
