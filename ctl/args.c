/* The command line: see args.h. */
#include "args.h"
#include "ctl.h"
#include "nv_name.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum global { G_CONFIG, G_STATE_DIR, G_RUN_DIR, G_LOG_DIR, G_JSON, G_HELP, G_VERSION };

const struct ctl_option ctl_globals[] = {
	[G_CONFIG] = {"config", 0, "FILE", "the fleet's nova.yaml (NOVA_CONFIG)"},
	[G_STATE_DIR] = {"state-dir", 0, "DIR", "where the ledger is (NOVA_STATE_DIR)"},
	[G_RUN_DIR] = {"run-dir", 0, "DIR", "where the sockets are (NOVA_RUN_DIR)"},
	[G_LOG_DIR] = {"log-dir", 0, "DIR", "where the logs are (NOVA_LOG_DIR)"},
	[G_JSON] = {"json", 0, NULL, "print one JSON object"},
	[G_HELP] = {"help", 'h', NULL, "show this"},
	[G_VERSION] = {"version", 'V', NULL, "show the version"},
	{NULL, 0, NULL, NULL},
};

#define FAMILY_BYTES 32
#define KNOWN_MAX    128
#define WRAP         78 /* columns of running text in help */

/* First word of a verb's name. */
static void
family_of(const struct ctl_verb *verb, char buf[FAMILY_BYTES])
{
	(void)snprintf(
		buf, FAMILY_BYTES, "%.*s", (int)strcspn(verb->name, " "), verb->name);
}

static const char *
second_of(const struct ctl_verb *verb)
{
	const char *space = strchr(verb->name, ' ');

	return space ? space + 1 : NULL;
}

bool
ctl_verb_is_family(const char *first)
{
	for (size_t i = 0; i < ctl_n_verbs; i++) {
		char family[FAMILY_BYTES];

		family_of(&ctl_verbs[i], family);
		if (second_of(&ctl_verbs[i]) && strcmp(family, first) == 0)
			return true;
	}
	return false;
}

const struct ctl_verb *
ctl_verb_find(const char *first, const char *second)
{
	for (size_t i = 0; i < ctl_n_verbs; i++) {
		const char *tail = second_of(&ctl_verbs[i]);
		char family[FAMILY_BYTES];

		family_of(&ctl_verbs[i], family);
		if (strcmp(family, first) == 0 &&
			(tail ? second && strcmp(tail, second) == 0 : !second))
			return &ctl_verbs[i];
	}
	return NULL;
}

static int
unknown(struct nv_err *err, const char *what, const char *prefix, const char *word,
	const char *const *known, size_t n_known)
{
	const char *nearest = nv_name_nearest(word, known, n_known);

	if (nearest)
		return nv_err_set(err, -EINVAL,
			"unknown %s \"%s%s\": did you mean \"%s%s\"?", what, prefix, word,
			prefix, nearest);
	return nv_err_set(err, -EINVAL, "unknown %s \"%s%s\": see `novactl help`", what,
		prefix, word);
}

static int
unknown_first(const char *word, struct nv_err *err)
{
	static char families[KNOWN_MAX][FAMILY_BYTES];
	const char *known[KNOWN_MAX + 2];
	size_t n = 0;

	for (size_t i = 0; i < ctl_n_verbs && n < KNOWN_MAX; i++) {
		family_of(&ctl_verbs[i], families[n]);
		known[n] = families[n];
		n++;
	}
	known[n++] = "help";
	known[n++] = "version";
	return unknown(err, "verb", "", word, known, n);
}

static int
unknown_second(const char *first, const char *word, struct nv_err *err)
{
	const char *known[KNOWN_MAX];
	size_t n = 0;
	char prefix[FAMILY_BYTES + 1];

	for (size_t i = 0; i < ctl_n_verbs && n < KNOWN_MAX; i++) {
		char family[FAMILY_BYTES];

		family_of(&ctl_verbs[i], family);
		if (strcmp(family, first) == 0)
			known[n++] = second_of(&ctl_verbs[i]);
	}
	(void)snprintf(prefix, sizeof(prefix), "%s ", first);
	return unknown(err, "verb", prefix, word, known, n);
}

static const struct ctl_option *
option_in(const struct ctl_option *list, const char *name, size_t bytes, char letter)
{
	for (size_t i = 0; list && list[i].name; i++) {
		if (letter ? list[i].letter == letter
			   : strlen(list[i].name) == bytes &&
					memcmp(list[i].name, name, bytes) == 0)
			return &list[i];
	}
	return NULL;
}

static int
unknown_option(const struct ctl_args *args, const char *word, struct nv_err *err)
{
	const char *known[KNOWN_MAX];
	size_t n = 0;
	char name[128];

	(void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(word + 2, "="), word + 2);
	for (size_t i = 0; args->verb && args->verb->options[i].name; i++)
		known[n++] = args->verb->options[i].name;
	for (size_t i = 0; ctl_globals[i].name; i++)
		known[n++] = ctl_globals[i].name;
	return unknown(err, "option", "--", name, known, n);
}

static int
apply(struct ctl_args *args, const struct ctl_option *option, const char *value,
	struct nv_err *err)
{
	if (option < ctl_globals || option >= ctl_globals + G_VERSION + 1) {
		if (args->n_given == CTL_GIVEN_MAX)
			return nv_err_set(
				err, -EINVAL, "more than %d options", CTL_GIVEN_MAX);
		args->given[args->n_given++] = (struct ctl_given){option, value};
		return 0;
	}
	switch ((enum global)(option - ctl_globals)) {
	case G_CONFIG:
		args->config = value;
		break;
	case G_STATE_DIR:
		args->state_dir = value;
		break;
	case G_RUN_DIR:
		args->run_dir = value;
		break;
	case G_LOG_DIR:
		args->log_dir = value;
		break;
	case G_JSON:
		args->json = true;
		break;
	case G_HELP:
		args->help = true;
		break;
	case G_VERSION:
		args->version = true;
		break;
	}
	return 0;
}

/* One option at argv[*at]; *at is left on its last word. */
static int
take_option(struct ctl_args *args, int argc, char **argv, int *at, struct nv_err *err)
{
	const char *word = argv[*at];
	bool is_long = word[1] == '-';
	const char *name = is_long ? word + 2 : word + 1;
	size_t bytes = is_long ? strcspn(name, "=") : 1;
	char letter = is_long ? 0 : word[1];
	const struct ctl_option *option = NULL;

	if (args->verb)
		option = option_in(args->verb->options, name, bytes, letter);
	if (!option)
		option = option_in(ctl_globals, name, bytes, letter);
	if (!option && is_long && args->verb && args->verb->args_max == CTL_ARGS_OPEN) {
		args->words[args->n_words++] = argv[*at];
		return 0;
	}
	if (!option && is_long)
		return unknown_option(args, word, err);
	if (!option)
		return nv_err_set(err, -EINVAL,
			"unknown option \"-%c\": see `novactl %s%s--help`",
			isprint((unsigned char)letter) ? letter : '?',
			args->verb ? args->verb->name : "", args->verb ? " " : "");
	bool attached = name[bytes] != '\0';

	if (!option->value) {
		if (attached)
			return nv_err_set(err, -EINVAL, "the option --%s takes no value",
				option->name);
		return apply(args, option, "", err);
	}
	if (attached)
		return apply(args, option, name + bytes + is_long, err);
	if (*at + 1 >= argc)
		return nv_err_set(err, -EINVAL, "the option --%s needs a value: --%s %s",
			option->name, option->name, option->value);
	return apply(args, option, argv[++*at], err);
}

/* A word that is no option: the verb, its second word, or an argument. */
static int
take_word(struct ctl_args *args, char *word, struct nv_err *err)
{
	if (args->verb) {
		args->words[args->n_words++] = word;
		return 0;
	}
	if (args->family) {
		args->verb = ctl_verb_find(args->family, word);
		return args->verb ? 0 : unknown_second(args->family, word, err);
	}
	args->verb = ctl_verb_find(word, NULL);
	if (args->verb)
		return 0;
	if (!ctl_verb_is_family(word))
		return unknown_first(word, err);
	args->family = word;
	return 0;
}

static int
check_count(const struct ctl_args *args, struct nv_err *err)
{
	const struct ctl_verb *verb = args->verb;

	if (!verb || args->help)
		return 0;
	if (args->n_words < verb->args_min)
		return nv_err_set(err, -EINVAL, "an argument is missing: novactl %s %s",
			verb->name, verb->usage);
	if (verb->args_max >= 0 && args->n_words > verb->args_max)
		return nv_err_set(err, -EINVAL,
			"\"%s\" is one argument too many: novactl %s %s",
			args->words[verb->args_max], verb->name, verb->usage);
	return 0;
}

int
ctl_args_parse(struct ctl_args *ret, int argc, char **argv, struct nv_err *err)
{
	*ret = (struct ctl_args){0};
	ret->words = calloc((size_t)argc + 1, sizeof(*ret->words));
	if (!ret->words)
		return nv_err_set(err, -ENOMEM, "out of memory");
	bool rest = false;

	for (int i = 1; i < argc; i++) {
		int rc;

		if (!rest && strcmp(argv[i], "--") == 0) {
			rest = true;
			ret->has_rest = true;
			ret->n_before_rest = ret->n_words;
			continue;
		}
		/* "-5" is an argument: no option is a digit. */
		if (!rest && argv[i][0] == '-' && argv[i][1] &&
			!isdigit((unsigned char)argv[i][1]))
			rc = take_option(ret, argc, argv, &i, err);
		else
			rc = take_word(ret, argv[i], err);
		if (rc < 0)
			return rc;
	}
	return check_count(ret, err);
}

void
ctl_args_fini(struct ctl_args *args)
{
	if (args) {
		free(args->words);
		*args = (struct ctl_args){0};
	}
}

const char *
ctl_opt_nth(const struct ctl_args *args, const char *name, size_t nth)
{
	NV_ASSERT(option_in(args->verb->options, name, strlen(name), 0));
	for (size_t i = 0; i < args->n_given; i++) {
		if (strcmp(args->given[i].option->name, name) == 0 && nth-- == 0)
			return args->given[i].value;
	}
	return NULL;
}

const char *
ctl_opt(const struct ctl_args *args, const char *name)
{
	const char *last = NULL;

	for (size_t nth = 0;; nth++) {
		const char *value = ctl_opt_nth(args, name, nth);

		if (!value)
			return last;
		last = value;
	}
}

int
ctl_opt_number(const struct ctl_args *args, const char *name, int64_t min, int64_t max,
	int64_t fallback, int64_t *ret, struct nv_err *err)
{
	const char *text = ctl_opt(args, name);
	int64_t v = 0;
	const char *at = text;

	if (!text) {
		*ret = fallback;
		return 0;
	}
	while (isdigit((unsigned char)*at) && !__builtin_mul_overflow(v, 10, &v) &&
		!__builtin_add_overflow(v, *at - '0', &v))
		at++;
	if (at == text || *at || v < min || v > max)
		return nv_err_set(err, -EINVAL,
			"--%s: expected a whole number from %lld to %lld, found \"%s\"",
			name, (long long)min, (long long)max, text);
	*ret = v;
	return 0;
}

/* Lines of at most WRAP columns, all but the first behind `hang` blanks; `used` columns
 * of the first are taken. */
static void
print_hanging(unsigned hang, size_t used, const char *text)
{
	bool first = true;

	while (*text) {
		size_t bytes = strcspn(text, " \n");

		if (!first && used + 1 + bytes > WRAP) {
			(void)printf("\n%*s", (int)hang, "");
			used = hang;
			first = true;
		}
		(void)printf("%s%.*s", first ? "" : " ", (int)bytes, text);
		used += bytes + !first;
		first = false;
		text += bytes;
		text += *text != '\0';
	}
	(void)putchar('\n');
}

/* "  LEFT   text", the text in a column of its own. */
static void
print_entry(const char *left, int width, const char *text)
{
	size_t columns = strlen(left) + 2;
	unsigned hang = (unsigned)width + 3;

	(void)printf("  %-*s", width, left);
	if (columns > (size_t)width + 2)
		(void)printf("\n%*s", (int)hang, "");
	else
		(void)putchar(' ');
	print_hanging(hang, hang, text);
}

static void
print_options(const struct ctl_option *list)
{
	for (size_t i = 0; list[i].name; i++) {
		char left[64];

		(void)snprintf(left, sizeof(left), "%s%c%s--%s%s%s",
			list[i].letter ? "-" : "", list[i].letter ? list[i].letter : ' ',
			list[i].letter ? ", " : "   ", list[i].name,
			list[i].value ? " " : "", list[i].value ? list[i].value : "");
		print_entry(left, 28, list[i].help);
	}
}

void
ctl_print_wrapped(unsigned indent, const char *text)
{
	(void)printf("%*s", (int)indent, "");
	print_hanging(indent, indent, text);
}

void
ctl_help_all(void)
{
	(void)printf("usage: novactl [OPTION...] VERB [ARGUMENT...]\n\nVerbs:\n");
	for (size_t i = 0; i < ctl_n_verbs; i++)
		print_entry(ctl_verbs[i].name, 22, ctl_verbs[i].summary);
	print_entry("help [VERB]", 22, "this list, or more about one verb");
	print_entry("version", 22, "which novactl this is");
	(void)printf("\nOptions, before or after the verb:\n");
	print_options(ctl_globals);
	(void)printf(
		"\n`novactl help VERB` says more about one verb.\n"
		"Exit codes: 0 done, 1 the answer is no, 2 wrong use, 3 a daemon is not\n"
		"reachable, 4 it failed.\n"
		"See also: novactl(1), nova.yaml(5), novasupd(8), nova(7).\n");
}

void
ctl_help_family(const char *family)
{
	(void)printf("usage: novactl %s VERB [ARGUMENT...]\n\nVerbs:\n", family);
	for (size_t i = 0; i < ctl_n_verbs; i++) {
		char name[FAMILY_BYTES];

		family_of(&ctl_verbs[i], name);
		if (strcmp(name, family) == 0)
			print_entry(ctl_verbs[i].name, 22, ctl_verbs[i].summary);
	}
}

void
ctl_help_verb(const struct ctl_verb *verb)
{
	char usage[1024]; /* and then the summary */

	(void)snprintf(usage, sizeof(usage), "usage: novactl %s%s%s", verb->name,
		verb->usage[0] ? " " : "", verb->usage);
	print_hanging(7, 0, usage);
	(void)snprintf(usage, sizeof(usage), "%c%s.",
		toupper((unsigned char)verb->summary[0]), verb->summary + 1);
	(void)putchar('\n');
	print_hanging(0, 0, usage);
	if (verb->detail) {
		(void)putchar('\n');
		ctl_print_wrapped(0, verb->detail);
	}
	if (verb->options[0].name) {
		(void)printf("\nOptions of this verb:\n");
		print_options(verb->options);
	}
	(void)printf("\nOptions of every verb:\n");
	print_options(ctl_globals);
}
