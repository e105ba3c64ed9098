/* What the last word of a command line could become: see complete.h. Everything comes
 * from the table of verbs: names, usage, options, and the choices that the help of an
 * option lists. */
#include "complete.h"
#include "paths.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_S  2
#define WORD_BYTES  128
#define CHOICES_MAX 16

/* A shell takes the word into the command line as it is: one that would mean more than
 * itself there is left out, whoever answered with it. */
static bool
is_plain(const char *word, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		unsigned char c = (unsigned char)word[i];

		if (c <= ' ' || c == 0x7f || strchr("\"'`$\\;&|<>(){}*?!#~^", c))
			return false;
	}
	return true;
}

void
ctl_complete_word(
	const struct ctl_completion *to, const char *word, size_t bytes, const char *what)
{
	size_t typed = strlen(to->typed);

	if (bytes < typed || memcmp(word, to->typed, typed) != 0 ||
		!is_plain(word, bytes))
		return;
	(void)fprintf(to->out, "%.*s\t", (int)bytes, word);
	for (; *what; what++)
		(void)fputc((unsigned char)*what < ' ' || *what == 0x7f ? ' ' : *what,
			to->out);
	(void)fputc('\n', to->out);
}

static void
put(const struct ctl_completion *to, const char *word, const char *what)
{
	ctl_complete_word(to, word, strlen(word), what);
}

/* ---- options of other programs; tests/run/ref_shells holds them against --help ---- */

static const struct ctl_option options_novasupd[] = {
	{"config", 0, "FILE", "nova.yaml"},
	{"state-dir", 0, "DIR", "the ledger"},
	{"run-dir", 0, "DIR", "sockets and the lock"},
	{"log-dir", 0, "DIR", "what workers print"},
	{"ready-fd", 0, "N", "a newline goes there when the fleet is ready"},
	{"check", 0, NULL, "check the configuration, list every error, exit"},
	{"help", 0, NULL, "how it is called"},
	{"version", 0, NULL, "which one it is"},
	{0},
};
static const struct ctl_option options_call[] = {
	{"id", 0, "ID", "the same again does nothing again"},
	{"timeout", 0, "DURATION", "how long to wait for the answer"},
	{"help", 0, NULL, "how it is called"},
	{"version", 0, NULL, "which one it is"},
	{0},
};

/* ---- the command line as far as it goes ---- */

struct line {
	const struct ctl_option *own;    /* of the program or verb; may be NULL */
	const struct ctl_option *common; /* of every verb; may be NULL */
	const struct ctl_verb *verb;
	const char *family;
	const char *waits;               /* value that the option before needs, "FILE" */
	const struct ctl_option *option; /* that option */
	const char *words[64];           /* arguments so far */
	size_t n_words;
	bool help;
	bool rest; /* behind "--" */
};

static const struct ctl_option *
find(const struct ctl_option *list, const char *word)
{
	for (size_t i = 0; list && list[i].name; i++) {
		if (word[1] == '-'
				? strcmp(list[i].name, word + 2) == 0
				: list[i].letter && list[i].letter == word[1] && !word[2])
			return &list[i];
	}
	return NULL;
}

static const struct ctl_option *
option_of(const struct line *l, const char *word)
{
	const struct ctl_option *o = find(l->own, word);

	return o ? o : find(l->common, word);
}

/* A place that is given decides whose workers are meant. */
static void
take_place(struct ctl_args *args, const struct ctl_option *o, const char *value)
{
	if (strcmp(o->name, "run-dir") == 0)
		args->run_dir = value;
	else if (strcmp(o->name, "state-dir") == 0)
		args->state_dir = value;
	else if (strcmp(o->name, "config") == 0)
		args->config = value;
}

static void
take_word(struct line *l, const char *word)
{
	if (l->verb || !l->common) {
		if (l->n_words < NV_LEN(l->words))
			l->words[l->n_words++] = word;
		return;
	}
	if (!l->family && !l->help && strcmp(word, "help") == 0) {
		l->help = true;
		return;
	}
	l->verb = l->family ? ctl_verb_find(l->family, word) : ctl_verb_find(word, NULL);
	if (!l->verb && !l->family && ctl_verb_is_family(word))
		l->family = word;
	l->own = l->verb ? l->verb->options : NULL;
}

/* All words but the last. bash cuts --name=value in three words. */
static void
read_line(struct line *l, struct ctl_args *places, int n, char **words)
{
	for (int i = 0; i < n; i++) {
		const char *word = words[i];

		if (l->waits) {
			if (strcmp(word, "=") == 0)
				continue;
			if (l->option >= l->common || !l->common)
				take_place(places, l->option, word);
			l->waits = NULL;
		} else if (strcmp(word, "--") == 0) {
			l->rest = true;
		} else if (word[0] == '-' && word[1] && !l->rest) {
			const struct ctl_option *o = option_of(l, word);

			l->waits = o ? o->value : NULL;
			l->option = o;
		} else {
			take_word(l, word);
		}
	}
}

/* ---- choices ---- */

/* The words of "admin, operator or readonly", "of a dispute: opened (default), won or
 * lost": how many, 0 when the text is no such list. */
static size_t
choices_of(const char *help, char choices[CHOICES_MAX][WORD_BYTES])
{
	const char *colon = strchr(help, ':');
	size_t n = 0;

	for (const char *at = colon ? colon + 1 : help; *at;) {
		at += strspn(at, " ");
		size_t bytes = strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789_-");

		if (bytes == 0 || bytes >= WORD_BYTES || n == CHOICES_MAX)
			return 0;
		memcpy(choices[n], at, bytes);
		choices[n++][bytes] = '\0';
		at += bytes;
		if (strncmp(at, " (default", 9) == 0)
			at += strcspn(at, ")") + (strchr(at, ')') != NULL);
		if (strncmp(at, ", ...", 5) == 0)
			break;
		if (*at == ',')
			at++;
		else if (strncmp(at, " or ", 4) == 0)
			at += 4;
		else if (*at)
			return 0;
	}
	return n > 1 ? n : 0;
}

static void
put_files(const struct ctl_completion *to, const char *what)
{
	(void)fprintf(to->out, ":%s\n", what);
}

/* A value that `kind` stands for: FILE, WORKER, "admin, operator or readonly". */
static void
put_kind(struct ctl *ctl, const struct ctl_completion *to, const struct line *l,
	const char *kind, size_t bytes, const char *help)
{
	char choices[CHOICES_MAX][WORD_BYTES];
	size_t n = help ? choices_of(help, choices) : 0;

	for (size_t i = 0; i < n; i++)
		put(to, choices[i], "");
	if (n > 0)
		return;
	if (bytes == 3 && memcmp(kind, "DIR", 3) == 0)
		put_files(to, "dirs");
	else if (bytes == 4 &&
		 (memcmp(kind, "FILE", 4) == 0 || memcmp(kind, "PATH", 4) == 0))
		put_files(to, "files");
	else
		(void)ctl_complete_names(ctl, to, l->verb, kind, bytes);
}

static void
put_options(const struct ctl_completion *to, const struct ctl_option *list)
{
	for (size_t i = 0; list && list[i].name; i++) {
		char word[WORD_BYTES];

		(void)snprintf(word, sizeof(word), "--%s", list[i].name);
		put(to, word, list[i].help);
	}
}

/* ---- verbs and arguments ---- */

static void
put_verbs(const struct ctl_completion *to, const struct line *l)
{
	for (size_t i = 0; i < ctl_n_verbs; i++) {
		const char *name = ctl_verbs[i].name;
		size_t first = strcspn(name, " ");
		bool again = false;

		for (size_t k = 0; k < i && !again; k++)
			again = strncmp(ctl_verbs[k].name, name, first + 1) == 0;
		if (l->family && strncmp(name, l->family, first) == 0 &&
			l->family[first] == '\0' && name[first])
			put(to, name + first + 1, ctl_verbs[i].summary);
		else if (!l->family && !name[first])
			put(to, name, ctl_verbs[i].summary);
		else if (!l->family && !again)
			ctl_complete_word(to, name, first, "");
	}
	if (!l->family && !l->help) {
		put(to, "help", "this list, or more about one verb");
		put(to, "version", "which novactl this is");
	}
}

/* The alternatives of argument number `n` in a usage text ("WORKER|GROUP" of
 * "[WORKER|GROUP]
 * --by KEY"); NULL behind the last one that does not repeat. */
static const char *
argument(const struct ctl_verb *verb, size_t n, size_t *ret_bytes)
{
	const char *last = NULL;

	for (const char *at = verb->usage; *at;) {
		size_t bytes;

		at += strspn(at, " [");
		bytes = strcspn(at, " ");
		if (strncmp(at, "--", 2) == 0) {
			char name[WORD_BYTES];

			(void)snprintf(
				name, sizeof(name), "%.*s", (int)strcspn(at, " ]"), at);
			const struct ctl_option *o = find(verb->options, name);

			at += bytes;
			if (o && o->value)
				at += 1 + strcspn(at + 1, " ");
			if (!name[2])
				break;
			continue;
		}
		if (bytes == 1) { /* "|" between two ways of calling it */
			at += bytes;
			continue;
		}
		last = at;
		*ret_bytes = bytes;
		if (n-- == 0)
			return at;
		at += bytes;
	}
	return last && memmem(last, *ret_bytes, "...", 3) ? last : NULL;
}

static void
put_argument(struct ctl *ctl, const struct ctl_completion *to, const struct line *l)
{
	size_t bytes = 0;
	const char *at = argument(l->verb, l->n_words, &bytes);
	const char *end = at ? at + bytes : NULL;

	if (strcmp(l->verb->name, "platform") == 0 && l->n_words == 1) {
		ctl_complete_platform(ctl, to, l->words[0]);
		return;
	}
	while (at && at < end) {
		size_t lower = strspn(at, "abcdefghijklmnopqrstuvwxyz-");
		size_t upper = strspn(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

		if (lower > 0)
			ctl_complete_word(to, at, lower, "");
		else if (upper > 0)
			put_kind(ctl, to, l, at, upper, NULL);
		/* [channels|test [CHANNEL]|ack KEY] */
		at += lower + upper;
		at += strcspn(at, "|") + 1;
	}
}

static void
answer(struct ctl *ctl, const struct ctl_completion *to, const struct line *l)
{
	if (l->waits) {
		put_kind(ctl, to, l, l->waits, strlen(l->waits), l->option->help);
	} else if (to->typed[0] == '-' && !l->rest) {
		put_options(to, l->own);
		put_options(to, l->common);
	} else if (!l->common) {
		if (l->own == options_call && l->n_words == 0)
			(void)ctl_complete_names(ctl, to, NULL, "NAME", 4);
		else if (l->own == options_call && l->n_words == 1)
			ctl_complete_platform(ctl, to, l->words[0]);
	} else if (!l->verb) {
		put_verbs(to, l);
	} else if (!l->help && !l->rest) {
		put_argument(ctl, to, l);
	}
}

int
ctl_complete(struct ctl *ctl, int argc, char **argv)
{
	struct line l = {.common = ctl_globals};
	struct ctl_completion to = {.typed = "", .out = stdout};
	struct nv_err err;

	if (argc < 2)
		return NV_EXIT_USAGE;
	if (strcmp(argv[0], "novactl") != 0) {
		l.common = NULL;
		l.own = strcmp(argv[0], "novasupd") == 0    ? options_novasupd
			: strcmp(argv[0], "nova-call") == 0 ? options_call
							    : NULL;
	}
	read_line(&l, &ctl->args, argc - 2, argv + 1);
	to.typed = argv[argc - 1];
	if (l.waits && strcmp(to.typed, "=") == 0)
		to.typed = "";
	(void)alarm(PATIENCE_S);
	if (ctl_paths_init(ctl, &err) < 0)
		return NV_EXIT_FAILED;
	answer(ctl, &to, &l);
	return NV_EXIT_OK;
}
