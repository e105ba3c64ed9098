/* Command lines and settings in one string: see words.h. */
#include "words.h"
#include "out.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Text inside quotes at *at (which stands on the opening one). */
static int
take_quoted(const char **at, struct nv_buf *word, struct nv_err *err)
{
	char quote = **at;

	for ((*at)++; **at && **at != quote; (*at)++) {
		if (quote == '"' && **at == '\\' && ((*at)[1] == '"' || (*at)[1] == '\\'))
			(*at)++;
		nv_buf_add(word, *at, 1);
	}
	if (!**at)
		return nv_err_set(err, -EINVAL, "the quote %c is not closed", quote);
	(*at)++;
	return 0;
}

static int
take_one(const char **at, struct nv_buf *word, struct nv_err *err)
{
	while (**at && !isspace((unsigned char)**at)) {
		if (**at == '\'' || **at == '"') {
			int rc = take_quoted(at, word, err);

			if (rc < 0)
				return rc;
			continue;
		}
		if (strchr("$`|&;<>*?", **at))
			return nv_err_set(err, -EINVAL,
				"\"%c\" means something only to a shell, and none runs "
				"here: "
				"quote it, or give `sh -c '...'` as the command",
				**at);
		if (**at == '\\' && (*at)[1])
			(*at)++;
		nv_buf_add(word, *at, 1);
		(*at)++;
	}
	return 0;
}

int
ctl_words_split(
	const char *text, char *words[CTL_WORDS_MAX], size_t *n_words, struct nv_err *err)
{
	for (;;) {
		struct nv_buf word;

		while (isspace((unsigned char)*text))
			text++;
		if (!*text)
			return 0;
		if (*n_words == CTL_WORDS_MAX)
			return nv_err_set(
				err, -EINVAL, "more than %d words", CTL_WORDS_MAX);
		nv_buf_init(&word, 65536);
		int rc = take_one(&text, &word, err);
		char *taken = rc < 0 ? NULL : nv_buf_take(&word);

		nv_buf_fini(&word);
		if (rc < 0)
			return rc;
		if (!taken)
			return nv_err_set(
				err, -EINVAL, "a word is longer than 65536 bytes");
		words[(*n_words)++] = taken;
		if (!ctl_is_utf8(taken))
			return nv_err_set(err, -EINVAL,
				"a word of the command is not UTF-8: a YAML file cannot "
				"hold it");
	}
}

/* Length of the value at text: to the comma that ends it. */
static size_t
value_length(const char *text)
{
	int depth = 0;
	char quote = 0;
	size_t i = 0;

	for (; text[i]; i++) {
		if (quote) {
			quote = text[i] == quote ? 0 : quote;
			continue;
		}
		if (text[i] == '"' || text[i] == '\'')
			quote = text[i];
		else if (text[i] == '[' || text[i] == '{')
			depth++;
		else if (text[i] == ']' || text[i] == '}')
			depth--;
		else if (text[i] == ',' && depth <= 0)
			break;
	}
	return i;
}

int
ctl_pairs_each(const char *text, ctl_pair_fn *fn, void *arg, struct nv_err *err)
{
	while (*text) {
		size_t key_bytes = strcspn(text, "=,");

		if (text[key_bytes] != '=' || key_bytes == 0)
			return nv_err_set(err, -EINVAL,
				"expected KEY=VALUE, found \"%.*s\"",
				(int)NV_MIN(strlen(text), (size_t)80), text);
		const char *value = text + key_bytes + 1;
		size_t value_bytes = value_length(value);
		char *k = ctl_alloc(key_bytes + 1, 1);
		char *v = ctl_alloc(value_bytes + 1, 1);

		memcpy(k, text, key_bytes);
		memcpy(v, value, value_bytes);
		int rc = fn(arg, k, v, err);

		free(k);
		free(v);
		if (rc != 0)
			return rc;
		text = value + value_bytes;
		text += *text == ',';
	}
	return 0;
}

int
ctl_instance_split(const char *word, char ret_worker[NV_NAME_MAX], uint32_t *ret_instance)
{
	size_t bytes = strcspn(word, "#");
	unsigned long instance = 0;

	if (bytes >= NV_NAME_MAX)
		return -EINVAL;
	if (word[bytes]) {
		const char *number = word + bytes + 1;
		char *end;

		instance = strtoul(number, &end, 10);
		if (*number < '1' || *number > '9' || *end || instance > UINT32_MAX)
			return -EINVAL;
	}
	(void)snprintf(ret_worker, NV_NAME_MAX, "%.*s", (int)bytes, word);
	if (!nv_name_valid(ret_worker))
		return -EINVAL;
	*ret_instance = (uint32_t)instance;
	return 0;
}
