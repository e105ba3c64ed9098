/* costs, revenue, track: the money, as the engine's ledger has it. */
#include "engine_client.h"
#include "nv_clock.h"
#include "nv_name.h"
#include "report.h"
#include "verbs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static int
show_money(struct ctl *ctl, const char *verb, const char *what)
{
	json_t *args = ctl_report_args(ctl);
	json_t *data = NULL;
	char head[CTL_VALUE_BYTES];
	int code = ctl_report_limit(ctl, "limit", args);

	if (code != NV_EXIT_OK) {
		json_decref(args);
		return code;
	}
	ctl_put_option(ctl, args, "by");
	code = ctl_ask(ctl, verb, args, &data);
	if (code != NV_EXIT_OK)
		return code;
	if (ctl->out.json) {
		ctl_json(&ctl->out, data);
		return NV_EXIT_OK;
	}
	ctl_print_period(ctl, data);
	ctl_print_shares(ctl, data, "rows", what, ctl_head(ctl_str(data, "by"), head));
	ctl_print_rates(ctl, data);
	ctl_print_unconverted(&ctl->out, "total", data);
	json_decref(data);
	return NV_EXIT_OK;
}

int
ctl_verb_costs(struct ctl *ctl)
{
	return show_money(ctl, "costs", "cost");
}

int
ctl_verb_revenue(struct ctl *ctl)
{
	return show_money(ctl, "revenue", "revenue");
}

/* "12.34", "$12.34" or "12.34 EUR" as the exact decimal string and a currency. */
static int
read_amount(struct ctl *ctl, const char *text, char decimal[NV_MONEY_BYTES],
	char currency[NV_CURRENCY_BYTES])
{
	struct nv_err err = {0};
	int64_t nano;
	int rc;

	currency[0] = '\0';
	if (text[0] == '$' || strchr(text, ' '))
		rc = nv_amount_parse(text, &nano, currency, &err);
	else
		rc = nv_money_parse(text, strlen(text), NV_DECIMAL_EXACT, &nano, NULL);
	if (rc == -EDOM)
		return ctl_fail(&ctl->out, NV_EXIT_USAGE,
			"\"%s\" has more than 9 decimals", text);
	if (rc == -ERANGE)
		return ctl_fail(
			&ctl->out, NV_EXIT_USAGE, "\"%s\" is not below 9200000000", text);
	if (rc < 0 || nano <= 0)
		return ctl_fail(&ctl->out, NV_EXIT_USAGE,
			"expected an amount above zero such as 12.34, $12.34 or \"12.34 "
			"EUR\", "
			"found \"%s\"",
			text);
	nv_money_text(nano, decimal);
	return NV_EXIT_OK;
}

static int
read_currency(struct ctl *ctl, char currency[NV_CURRENCY_BYTES])
{
	const char *given = ctl_opt(&ctl->args, "currency");

	if (!given)
		return NV_EXIT_OK;
	if (!nv_currency_valid(given))
		return ctl_fail(&ctl->out, NV_EXIT_USAGE,
			"--currency: expected a code such as EUR, found \"%s\"", given);
	if (currency[0] && strcmp(currency, given) != 0)
		return ctl_fail(&ctl->out, NV_EXIT_USAGE,
			"the amount is in %s, --currency says %s", currency, given);
	memcpy(currency, given, strlen(given) + 1);
	return NV_EXIT_OK;
}

/* A key of our own, so that an answer that got lost can be asked for again. */
static void
fresh_id(char id[64])
{
	uint64_t r[2] = {(uint64_t)nv_wall_ns(), (uint64_t)nv_mono_ns()};

	uint64_t random[2];

	/* The clocks stand in when there is nothing random. */
	if (getrandom(random, sizeof(random), 0) == (ssize_t)sizeof(random))
		memcpy(r, random, sizeof(r));
	(void)snprintf(id, 64, "novactl-%016llx%016llx", (unsigned long long)r[0],
		(unsigned long long)r[1]);
}

static int
send_track(struct ctl *ctl, const char *decimal, const char *currency, const char *id)
{
	char **words = ctl->args.words;
	json_t *args = ctl_need(json_object());
	json_t *data = NULL;
	struct nv_err err = {0};
	char shown[CTL_VALUE_BYTES];

	ctl_put_text(args, "kind", words[0]);
	ctl_put_text(args, "worker", words[1]);
	(void)json_object_set_new(args, "amount", ctl_need(json_string(decimal)));
	ctl_put_text(args, "id", id);
	if (currency[0])
		(void)json_object_set_new(
			args, "currency", ctl_need(json_string(currency)));
	ctl_put_option(ctl, args, "source");
	int code = ctl_engine_call(ctl, "track", args, &data, &err);

	if (code == NV_EXIT_UNREACHABLE)
		return ctl_fail(&ctl->out, code,
			"%s; the same with --id %s is safe to repeat: it books once",
			err.text, id);
	if (code != NV_EXIT_OK)
		return ctl_fail_err(&ctl->out, code, &err);
	if (ctl->out.json) {
		ctl_put_text(data, "id", id);
		ctl_json(&ctl->out, data);
		return NV_EXIT_OK;
	}
	json_t *amount = ctl_need(json_pack("{s:s}", "amount", decimal));

	ctl_print(&ctl->out, CTL_PLAIN, "%s of %s for %s: event %lld%s\n", words[0],
		currency[0] ? ctl_money(amount, "amount", currency, shown) : decimal,
		words[1], (long long)ctl_int(data, "seq"),
		ctl_true(data, "duplicate") ? ", already booked before: nothing changed"
					    : "");
	json_decref(amount);
	json_decref(data);
	return NV_EXIT_OK;
}

int
ctl_verb_track(struct ctl *ctl)
{
	static const char *const kinds[] = {"revenue", "cost", "refund"};
	char **words = ctl->args.words;
	const char *id = ctl_opt(&ctl->args, "id");
	char decimal[NV_MONEY_BYTES];
	char currency[NV_CURRENCY_BYTES];
	char made[64];
	size_t k = 0;

	while (k < NV_LEN(kinds) && strcmp(words[0], kinds[k]) != 0)
		k++;
	if (k == NV_LEN(kinds)) {
		const char *nearest = nv_name_nearest(words[0], kinds, NV_LEN(kinds));

		return ctl_fail(&ctl->out, NV_EXIT_USAGE,
			"track: expected revenue, cost or refund, found \"%s\"%s%s%s",
			words[0], nearest ? ": did you mean \"" : "",
			nearest ? nearest : "", nearest ? "\"?" : "");
	}
	if (!nv_name_valid(words[1]))
		return ctl_fail(&ctl->out, NV_EXIT_USAGE,
			"track: \"%s\" is no name of a worker", words[1]);
	if (id && (!id[0] || strlen(id) > 128))
		return ctl_fail(&ctl->out, NV_EXIT_USAGE,
			"--id: expected 1 to 128 bytes, found %zu", strlen(id));
	int code = read_amount(ctl, words[2], decimal, currency);

	if (code == NV_EXIT_OK)
		code = read_currency(ctl, currency);
	if (code != NV_EXIT_OK)
		return code;
	if (!id) {
		fresh_id(made);
		id = made;
	}
	return send_track(ctl, decimal, currency, id);
}
