/* nova-reference FRAME [NAME=FILE...]: a page of the manual from its frame and the tables
 * of the programs. For the build; it is not installed. A line of the frame that begins
 * with @ is replaced:
 *
 *   @settings fleet    the settings of nova.yaml (group: of a group, worker: of
 * workers.d)
 *   @verbs NAME...     verbs and families of verbs of novactl; * is what no other line
 * has
 *   @options           the options of every verb
 *   @output NAME       what stands in the file that NAME was given with
 *   @rows NAME HEAD    the rows of the first table there whose heads begin with HEAD
 *
 * Whether the page is mdoc or Markdown says the frame's name: ... .md.in is Markdown. */
#include "ctl.h"
#include "nv_fd.h"
#include "reference.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRAME_BYTES_MAX ((size_t)4 << 20)
#define PAGE_BYTES_MAX  ((size_t)16 << 20)
#define VERBS_MAX       256

struct page {
	struct ref_text text;
	char *frame; /* owned */
	const char *name;
	char **files;          /* "NAME=FILE", ended by NULL */
	bool shown[VERBS_MAX]; /* verbs that a line names */
};

static int
wrong(const struct page *p, const char *line, const char *what)
{
	(void)fprintf(stderr, "nova-reference: %s: %.*s: %s\n", p->name,
		(int)strcspn(line, "\n"), line, what);
	return -EINVAL;
}

static bool
is_of(const struct ctl_verb *verb, const char *name, size_t bytes)
{
	return strncmp(verb->name, name, bytes) == 0 &&
	       (verb->name[bytes] == '\0' || verb->name[bytes] == ' ');
}

/* Note which verbs the frame's lines name, for the line that has all others. */
static void
note_verbs(struct page *p)
{
	for (const char *at = p->frame; (at = strstr(at, "@verbs ")); at++) {
		size_t line = strcspn(at, "\n");

		for (size_t i = strlen("@verbs "); i < line;) {
			size_t n = strcspn(at + i, " \n");

			for (size_t k = 0; k < ctl_n_verbs; k++)
				p->shown[k] |= is_of(&ctl_verbs[k], at + i, n);
			i += n + 1;
		}
	}
}

/* What no line names. */
static void
put_rest(struct page *p)
{
	for (size_t k = 0; k < ctl_n_verbs; k++) {
		if (!p->shown[k])
			(void)ref_verbs(&p->text, ctl_verbs[k].name);
	}
}

/* names is written to. */
static int
put_verbs(struct page *p, const char *line, char *names)
{
	int rc = 0;

	if (!p->text.markdown)
		nv_buf_puts(p->text.out, ".Bl -tag -width Ds\n");
	while (*names && rc == 0) {
		size_t n = strcspn(names, " ");
		char *next = names + n + (names[n] == ' ');

		names[n] = '\0';
		if (strcmp(names, "*") == 0)
			put_rest(p);
		else if (!ref_verbs(&p->text, names))
			rc = wrong(p, line, "novactl has no such verb");
		names = next;
	}
	if (!p->text.markdown)
		nv_buf_puts(p->text.out, ".El\n");
	return rc;
}

static int
put_table(struct page *p, const char *line, const char *of)
{
	for (size_t i = 0; i < REF_TABLES; i++) {
		if (strcmp(ref_tables[i].of, of) == 0) {
			ref_settings(&p->text, &ref_tables[i]);
			return 0;
		}
	}
	return wrong(p, line, "expected fleet, group or worker");
}

/* The file of this name, which ends at a blank; NULL: it cannot be read. */
static char *
read_named(struct page *p, const char *name)
{
	size_t n = strcspn(name, " ");

	for (char **file = p->files; *file; file++) {
		char *data = NULL;
		size_t bytes = 0;

		if (strncmp(*file, name, n) == 0 && (*file)[n] == '=' &&
			nv_read_file_at(AT_FDCWD, *file + n + 1, FRAME_BYTES_MAX, &data,
				&bytes) == 0)
			return data;
	}
	return NULL;
}

static int
put_file(struct page *p, const char *line, const char *words, bool rows)
{
	char *data = read_named(p, words);
	const char *head = words + strcspn(words, " ");
	int rc = 0;

	if (!data)
		return wrong(
			p, line, "no file was given with this name, or none can be read");
	if (!rows)
		nv_buf_puts(p->text.out, data);
	else if (!*head || !ref_table(&p->text, data, head + 1))
		rc = wrong(p, line, "the file has no such table");
	free(data);
	return rc;
}

static int
put_directive(struct page *p, const char *line, size_t bytes)
{
	char *words = strndup(line + 1, bytes - 1);
	int rc;

	if (!words)
		return -ENOMEM;
	if (strncmp(words, "settings ", 9) == 0)
		rc = put_table(p, line, words + 9);
	else if (strncmp(words, "verbs ", 6) == 0)
		rc = put_verbs(p, line, words + 6);
	else if (strncmp(words, "output ", 7) == 0)
		rc = put_file(p, line, words + 7, false);
	else if (strncmp(words, "rows ", 5) == 0)
		rc = put_file(p, line, words + 5, true);
	else if (strcmp(words, "options") == 0)
		rc = (ref_globals(&p->text), 0);
	else
		rc = wrong(p, line, "no such directive");
	free(words);
	return rc;
}

static int
make(struct page *p)
{
	int rc = 0;

	note_verbs(p);
	for (const char *at = p->frame; *at && rc == 0;) {
		size_t bytes = strcspn(at, "\n");

		if (*at == '@') {
			rc = put_directive(p, at, bytes);
		} else {
			nv_buf_add(p->text.out, at, bytes);
			nv_buf_puts(p->text.out, "\n");
		}
		at += bytes + (at[bytes] == '\n');
	}
	return rc;
}

int
main(int argc, char **argv)
{
	struct nv_buf out;
	struct page page = {.text = {.out = &out}};
	size_t bytes = 0;

	if (argc < 2) {
		(void)fputs("usage: nova-reference FRAME [NAME=FILE...]\n", stderr);
		return NV_EXIT_USAGE;
	}
	NV_ASSERT(ctl_n_verbs <= VERBS_MAX);
	page.name = argv[1];
	page.files = argv + 2;
	page.text.markdown = strstr(argv[1], ".md.in") != NULL;
	nv_buf_init(&out, PAGE_BYTES_MAX);
	int rc = nv_read_file_at(AT_FDCWD, argv[1], FRAME_BYTES_MAX, &page.frame, &bytes);

	if (rc < 0)
		(void)fprintf(stderr, "nova-reference: %s: %s\n", argv[1], strerror(-rc));
	else
		rc = make(&page);
	if (rc == 0 && out.error)
		(void)fprintf(stderr, "nova-reference: %s\n", strerror(-out.error));
	else if (rc == 0 && fwrite(out.data, 1, out.bytes, stdout) != out.bytes)
		rc = -EIO;
	if (rc == 0)
		rc = out.error ? out.error : fflush(stdout) != 0 ? -EIO : 0;
	nv_buf_fini(&out);
	free(page.frame);
	return rc < 0 ? NV_EXIT_FAILED : NV_EXIT_OK;
}
