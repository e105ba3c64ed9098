/* Configurations from text, for the tests of common/config. */
#ifndef CONF_FIXTURE_H
#define CONF_FIXTURE_H

#include "nv_config.h"
#include "run_suite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIXTURE_SOURCES 260

struct fixture {
	struct nv_conf_source list[FIXTURE_SOURCES];
	struct nv_conf_sources sources;
	struct nv_conf_errors errs;
	struct nv_config *config;
	int rc;
};

static inline void
fixture_add(struct fixture *f, enum nv_source_kind kind, const char *name,
	const char *text, size_t bytes)
{
	struct nv_conf_source *s = &f->list[f->sources.n++];

	ck_assert_uint_le(f->sources.n, FIXTURE_SOURCES);
	s->kind = kind;
	s->name = strdup(name);
	s->text = malloc(bytes + 1);
	ck_assert(s->name && s->text);
	memcpy(s->text, text, bytes);
	s->text[bytes] = '\0';
	s->bytes = bytes;
}

/* Checks that depend on the machine are off. */
static inline void
fixture_init(struct fixture *f, const char *main_text)
{
	memset(f, 0, sizeof(*f));
	f->sources.list = f->list;
	f->sources.from_snapshot = true;
	f->sources.uid = 1000;
	memcpy(f->sources.dir, "/etc/nova", sizeof("/etc/nova"));
	fixture_add(f, NV_SOURCE_MAIN, "nova.yaml", main_text, strlen(main_text));
}

static inline void
fixture_worker(struct fixture *f, const char *name, const char *text)
{
	fixture_add(f, NV_SOURCE_WORKER, name, text, strlen(text));
}

/* With NOVA_TEST_KEEP, a directory, every file that is parsed is kept there with the
 * verdict, for tests/run/ref_schema. */
static inline void
fixture_keep(const struct fixture *f)
{
	static unsigned n;
	const char *dir = getenv("NOVA_TEST_KEEP");
	char path[500];

	for (size_t i = 0; dir && i < f->sources.n; i++) {
		const struct nv_conf_source *s = &f->sources.list[i];

		if (s->kind != NV_SOURCE_MAIN && s->kind != NV_SOURCE_WORKER)
			continue;
		(void)snprintf(path, sizeof(path), "%s/%d-%u.%s.%s", dir, (int)getpid(),
			n++, f->rc == 0 ? "good" : "bad",
			s->kind == NV_SOURCE_MAIN ? "fleet" : "worker");
		FILE *file = fopen(path, "w");

		ck_assert_ptr_nonnull(file);
		ck_assert_uint_eq(fwrite(s->text, 1, s->bytes, file), s->bytes);
		ck_assert_int_eq(fclose(file), 0);
	}
}

static inline int
fixture_parse(struct fixture *f)
{
	f->rc = nv_config_parse(&f->sources, &f->config, &f->errs);
	fixture_keep(f);
	ck_assert_int_eq(f->rc == 0, f->config != NULL);
	ck_assert_int_eq(f->rc == 0, f->errs.n == 0);
	return f->rc;
}

static inline void
fixture_fini(struct fixture *f)
{
	nv_config_free(f->config);
	nv_conf_errors_fini(&f->errs);
	for (size_t i = 0; i < f->sources.n; i++) {
		free(f->list[i].name);
		free(f->list[i].text);
	}
}

/* All errors, one a line. */
static inline const char *
fixture_errors(const struct fixture *f)
{
	static char text[100000];
	char line[1100];
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < f->errs.n; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s",
			i ? "\n" : "",
			nv_err_string(&f->errs.list[i], line, sizeof(line)));
	return text;
}

struct fixture_shown {
	const char *key;
	char value[1000];
	char origin[1000];
	unsigned n;
};

static inline void
fixture_on_show(void *arg, const char *key, const char *value, const char *origin)
{
	struct fixture_shown *s = arg;

	if (strcmp(key, s->key) == 0) {
		(void)snprintf(s->value, sizeof(s->value), "%s", value);
		(void)snprintf(s->origin, sizeof(s->origin), "%s", origin);
		s->n++;
	}
}

/* The value and origin of one key, as `config show` has them. */
static inline struct fixture_shown
fixture_show(const struct fixture *f, const char *key)
{
	struct fixture_shown s = {.key = key};

	ck_assert_int_eq(nv_config_show(&f->sources, fixture_on_show, &s), 0);
	ck_assert_msg(s.n == 1, "%s is shown %u times", key, s.n);
	return s;
}

#endif
