/* What `novactl deploy` makes of any command and settings: refused with a sentence, or a
 * file that the configuration either refuses or reads back as exactly these words. Also
 * everything that is shown of it is safe for a terminal. */
#include "ctl.h"
#include "nv_config.h"
#include "out.h"
#include "words.h"
#include "worker_file.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
set(void *arg, const char *key, const char *value, struct nv_err *err)
{
	return ctl_worker_file_set(arg, key, value, err);
}

static void
check_safe(const char *text, size_t bytes)
{
	struct nv_buf buf;

	nv_buf_init(&buf, (size_t)16 << 20);
	ctl_safe(&buf, text, bytes, false);
	for (size_t i = 0; i < buf.bytes; i++) {
		unsigned char c = (unsigned char)buf.data[i];

		NV_ASSERT(c >= 0x20 && c != 0x7f);
	}
	if (buf.data)
		NV_ASSERT(ctl_fit(buf.data, buf.bytes, ctl_width(buf.data, buf.bytes)) ==
			  buf.bytes);
	nv_buf_fini(&buf);
}

static void
check_file(char *const *words, size_t n_words, const json_t *settings)
{
	char main_name[] = "/t/nova.yaml";
	char main_text[] = "currency: USD\n";
	char file_name[] = "/t/workers.d/w.yaml";
	char *text = ctl_worker_file_text("g", "w", words, n_words, settings);

	if (!text)
		return;
	struct nv_conf_source list[] = {
		{NV_SOURCE_MAIN, main_name, main_text, strlen(main_text)},
		{NV_SOURCE_WORKER, file_name, text, strlen(text)}};
	struct nv_conf_sources sources = {.dir = "/t", .list = list, .n = 2};
	struct nv_conf_errors errs = {0};
	struct nv_config *config = NULL;

	if (nv_config_parse(&sources, &config, &errs) == 0) {
		const struct nv_conf_worker *w = nv_config_worker(config, "w");

		NV_ASSERT(w && strcmp(w->group, "g") == 0 && config->n_workers == 1);
		for (size_t i = 0; i < n_words; i++)
			NV_ASSERT(w->argv[i] && strcmp(w->argv[i], words[i]) == 0);
		NV_ASSERT(!w->argv[n_words]);
		nv_config_free(config);
	} else {
		NV_ASSERT(errs.n > 0);
	}
	nv_conf_errors_fini(&errs);
	free(text);
}

/* The command, a NUL, the settings. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *words[CTL_WORDS_MAX];
	size_t n_words = 0;
	struct nv_err err = {0};

	if (size > 8192)
		return 0;
	char *copy = ctl_alloc(size + 2, 1);

	if (size > 0)
		memcpy(copy, data, size);
	const char *pairs = copy + strlen(copy) + 1;
	json_t *settings = ctl_need(json_object());
	int rc = ctl_words_split(copy, words, &n_words, &err);

	check_safe(copy, size);
	if (rc == 0 && pairs < copy + size)
		rc = ctl_pairs_each(pairs, set, settings, &err);
	if (rc == 0)
		check_file(words, n_words, settings);
	else
		NV_ASSERT(err.text[0]);
	while (n_words > 0)
		free(words[--n_words]);
	json_decref(settings);
	free(copy);
	return 0;
}
