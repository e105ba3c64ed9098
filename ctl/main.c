/* novactl: the admin tool of a fleet, a client of the daemons' unix sockets. */
#include "complete.h"
#include "ctl.h"
#include "nv_version.h"
#include "paths.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

static int
show_version(struct ctl *ctl)
{
	if (ctl->out.json)
		ctl_json(&ctl->out, ctl_need(json_pack("{s:s, s:s}", "name", "novactl",
					    "version", nv_version())));
	else
		(void)printf("novactl %s\n", nv_version());
	return NV_EXIT_OK;
}

/* `help [VERB]`; args holds the words after "help". */
static int
show_help(struct ctl *ctl, int argc, char **argv)
{
	const struct ctl_verb *verb;

	if (argc == 0) {
		ctl_help_all();
		return NV_EXIT_OK;
	}
	verb = ctl_verb_find(argv[0], argc > 1 ? argv[1] : NULL);
	if (verb) {
		ctl_help_verb(verb);
		return NV_EXIT_OK;
	}
	if (argc == 1 && ctl_verb_is_family(argv[0])) {
		ctl_help_family(argv[0]);
		return NV_EXIT_OK;
	}
	return ctl_fail(&ctl->out, NV_EXIT_USAGE, "help: there is no verb \"%s%s%s\"",
		argv[0], argc > 1 ? " " : "", argc > 1 ? argv[1] : "");
}

static int
run(struct ctl *ctl)
{
	const struct ctl_args *args = &ctl->args;
	struct nv_err err = {0};

	if (args->version)
		return show_version(ctl);
	bool own_help =
		args->verb && args->verb->args_max == CTL_ARGS_OPEN && args->n_words > 0;

	if (args->help && !own_help) {
		if (args->verb)
			ctl_help_verb(args->verb);
		else if (args->family)
			ctl_help_family(args->family);
		else
			ctl_help_all();
		return NV_EXIT_OK;
	}
	if (!args->verb && args->family)
		return ctl_fail(&ctl->out, NV_EXIT_USAGE,
			"%s: a second word is missing: see `novactl help %s`",
			args->family, args->family);
	if (!args->verb)
		return ctl_fail(&ctl->out, NV_EXIT_USAGE,
			"a verb is missing: see `novactl help`");
	int rc = ctl_paths_init(ctl, &err);

	if (rc < 0)
		return ctl_fail_err(&ctl->out, NV_EXIT_USAGE, &err);
	return args->verb->run(ctl);
}

/* "help" and "version" are verbs for people, "complete" is one for shells; they take no
 * daemon and no paths. */
static bool
is_word(int argc, char **argv, const char *word)
{
	return argc > 1 && strcmp(argv[1], word) == 0;
}

static bool
wants_json(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--json") == 0)
			return true;
	}
	return false;
}

int
main(int argc, char **argv)
{
	struct ctl ctl = {0};
	struct nv_err err = {0};
	int code;

	ctl_out_init(&ctl.out, wants_json(argc, argv));
	if (is_word(argc, argv, "help")) {
		code = show_help(&ctl, argc - 2, argv + 2);
	} else if (is_word(argc, argv, "version")) {
		code = show_version(&ctl);
	} else if (is_word(argc, argv, "complete")) {
		code = ctl_complete(&ctl, argc - 2, argv + 2);
	} else if (ctl_args_parse(&ctl.args, argc, argv, &err) < 0) {
		code = ctl_fail_err(&ctl.out, NV_EXIT_USAGE, &err);
	} else {
		ctl.out.json = ctl.args.json;
		code = run(&ctl);
	}
	int end = ctl_out_finish(&ctl.out);

	ctl_args_fini(&ctl.args);
	ctl_out_fini(&ctl.out);
	return end != NV_EXIT_OK ? end : code;
}
