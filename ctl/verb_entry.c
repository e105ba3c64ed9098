/* What is entered by hand: track, ledger correct; and ledger rebuild. */
#include "engine_client.h"
#include "ledger_open.h"
#include "rebuild.h"
#include "value.h"
#include "verbs.h"

#include "nv_clock.h"
#include "nv_json.h"
#include "nv_units.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

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

/* Options that are handed on as they are; the engine looks at them. */
static const char *const handed_on[] = {
	"source", "of", "status", "run", "variant", "operation", "note", "via"};

static int
put_fee(struct ctl *ctl, json_t *args)
{
	const char *text = ctl_opt(&ctl->args, "fee");
	char decimal[NV_MONEY_BYTES];
	char currency[NV_CURRENCY_BYTES];

	if (!text)
		return NV_EXIT_OK;
	int code = read_amount(ctl, text, decimal, currency);

	if (code == NV_EXIT_OK)
		ctl_put_text(args, "fee", decimal);
	return code;
}

/* What the amount of a conversion became: an amount of another currency. */
static int
put_to(struct ctl *ctl, json_t *args)
{
	const char *text = ctl_opt(&ctl->args, "to");
	bool conversion = strcmp(ctl->args.words[0], "conversion") == 0;
	char decimal[NV_MONEY_BYTES];
	char currency[NV_CURRENCY_BYTES];

	if (!text && !conversion)
		return NV_EXIT_OK;
	if (!text || !conversion)
		return ctl_fail(&ctl->out, NV_EXIT_USAGE,
			conversion ? "track conversion: --to is missing: what the amount "
				     "became, such as \"10.80 USD\""
				   : "--to is for a conversion only");
	int code = read_amount(ctl, text, decimal, currency);

	if (code != NV_EXIT_OK)
		return code;
	if (!currency[0])
		return ctl_fail(&ctl->out, NV_EXIT_USAGE,
			"--to: expected an amount with its currency such as \"10.80 "
			"USD\", "
			"found \"%s\"",
			text);
	ctl_put_text(args, "to_amount", decimal);
	ctl_put_text(args, "to_currency", currency);
	return NV_EXIT_OK;
}

static void
say_tracked(struct ctl *ctl, json_t *data, const char *decimal, const char *currency)
{
	char **words = ctl->args.words;
	char shown[CTL_VALUE_BYTES];
	json_t *amount = ctl_need(json_pack("{s:s}", "amount", decimal));
	const char *what = !decimal[0]   ? "what is open"
			   : currency[0] ? ctl_money(amount, "amount", currency, shown)
					 : decimal;

	ctl_print(&ctl->out, CTL_PLAIN, "%s of %s for %s: event %lld%s\n", words[0], what,
		words[1], (long long)ctl_int(data, "seq"),
		ctl_true(data, "duplicate") ? ", already booked before: nothing changed"
					    : "");
	json_decref(amount);
}

static int
send_track(struct ctl *ctl, const char *decimal, const char *currency, const char *id)
{
	char **words = ctl->args.words;
	json_t *args = ctl_need(json_object());
	json_t *data = NULL;
	struct nv_err err = {0};
	int code = put_fee(ctl, args);

	if (code == NV_EXIT_OK)
		code = put_to(ctl, args);
	if (code != NV_EXIT_OK) {
		json_decref(args);
		return code;
	}
	ctl_put_text(args, "kind", words[0]);
	ctl_put_text(args, "worker", words[1]);
	if (decimal[0])
		ctl_put_text(args, "amount", decimal);
	ctl_put_text(args, "id", id);
	if (currency[0])
		ctl_put_text(args, "currency", currency);
	for (size_t i = 0; i < NV_LEN(handed_on); i++)
		ctl_put_option(ctl, args, handed_on[i]);
	if (ctl_opt(&ctl->args, "external-id"))
		ctl_put_text(args, "external_id", ctl_opt(&ctl->args, "external-id"));
	code = ctl_engine_call(ctl, "track", args, &data, &err);
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
	say_tracked(ctl, data, decimal, currency);
	json_decref(data);
	return NV_EXIT_OK;
}

/* Only a dispute that has ended need not say how much: what is open. */
static bool
needs_amount(const struct ctl *ctl)
{
	const char *status = ctl_opt(&ctl->args, "status");

	return strcmp(ctl->args.words[0], "dispute") != 0 || !status ||
	       strcmp(status, "opened") == 0;
}

static int
check_id(struct ctl *ctl, const char *id)
{
	if (id && (!id[0] || strlen(id) > 128))
		return ctl_fail(&ctl->out, NV_EXIT_USAGE,
			"--id: expected 1 to 128 bytes, found %zu", strlen(id));
	return NV_EXIT_OK;
}

int
ctl_verb_track(struct ctl *ctl)
{
	static const char *const kinds[] = {
		"revenue", "cost", "refund", "dispute", "fee", "payout", "conversion"};
	char **words = ctl->args.words;
	const char *id = ctl_opt(&ctl->args, "id");
	char decimal[NV_MONEY_BYTES] = "";
	char currency[NV_CURRENCY_BYTES] = "";
	char made[64];
	size_t k = 0;

	while (k < NV_LEN(kinds) && strcmp(words[0], kinds[k]) != 0)
		k++;
	if (k == NV_LEN(kinds)) {
		const char *nearest = nv_name_nearest(words[0], kinds, NV_LEN(kinds));

		return ctl_fail(&ctl->out, NV_EXIT_USAGE,
			"track: expected revenue, cost, refund, dispute, fee, payout or "
			"conversion, found \"%s\"%s%s%s",
			words[0], nearest ? ": did you mean \"" : "",
			nearest ? nearest : "", nearest ? "\"?" : "");
	}
	if (!nv_name_valid(words[1]))
		return ctl_fail(&ctl->out, NV_EXIT_USAGE,
			"track: \"%s\" is no name of a worker", words[1]);
	int code = check_id(ctl, id);

	if (code == NV_EXIT_OK && ctl->args.n_words < 3 && needs_amount(ctl))
		return ctl_fail(&ctl->out, NV_EXIT_USAGE, "track: how much?");
	if (code == NV_EXIT_OK && ctl->args.n_words > 2)
		code = read_amount(ctl, words[2], decimal, currency);
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

/* ---- budget grant ---- */

static json_t *
grant_args(
	const struct ctl *ctl, const char *decimal, const char *currency, const char *id)
{
	json_t *args = ctl_need(json_object());

	ctl_put_text(args, "kind", "grant");
	ctl_put_text(args, "worker", ctl->args.words[0]);
	ctl_put_text(args, "amount", decimal);
	ctl_put_text(args, "id", id);
	if (currency[0])
		ctl_put_text(args, "currency", currency);
	ctl_put_option(ctl, args, "note");
	ctl_put_option(ctl, args, "via");
	return args;
}

int
ctl_verb_budget_grant(struct ctl *ctl)
{
	const char *worker = ctl->args.words[0];
	const char *id = ctl_opt(&ctl->args, "id");
	char decimal[NV_MONEY_BYTES] = "";
	char currency[NV_CURRENCY_BYTES] = "";
	char made[64];
	json_t *data = NULL;
	struct nv_err err = {0};
	int code = check_id(ctl, id);

	if (code == NV_EXIT_OK)
		code = read_amount(ctl, ctl->args.words[1], decimal, currency);
	if (code == NV_EXIT_OK)
		code = read_currency(ctl, currency);
	if (code != NV_EXIT_OK)
		return code;
	if (!id) {
		fresh_id(made);
		id = made;
	}
	code = ctl_engine_call(
		ctl, "track", grant_args(ctl, decimal, currency, id), &data, &err);
	if (code == NV_EXIT_UNREACHABLE)
		return ctl_fail(&ctl->out, code,
			"%s; the same with --id %s is safe to repeat: it grants once",
			err.text, id);
	if (code != NV_EXIT_OK)
		return ctl_fail_err(&ctl->out, code, &err);
	if (ctl->out.json) {
		ctl_put_text(data, "id", id);
		ctl_json(&ctl->out, data);
		return NV_EXIT_OK;
	}
	ctl_print(&ctl->out, CTL_PLAIN, "%s more for %s: event %lld%s\n", decimal, worker,
		(long long)ctl_int(data, "seq"),
		ctl_true(data, "duplicate") ? ", already granted before: nothing changed"
					    : "");
	json_decref(data);
	return NV_EXIT_OK;
}

/* ---- ledger correct ---- */

static int
read_seq(struct ctl *ctl, const char *text, json_int_t *ret)
{
	char *end;

	errno = 0;
	long long seq = strtoll(text, &end, 10);

	if (errno != 0 || end == text || *end || seq <= 0)
		return ctl_fail(&ctl->out, NV_EXIT_USAGE,
			"expected the number of an event, found \"%s\"", text);
	*ret = seq;
	return NV_EXIT_OK;
}

int
ctl_verb_ledger_correct(struct ctl *ctl)
{
	const char *amount = ctl_opt(&ctl->args, "amount");
	const char *id = ctl_opt(&ctl->args, "id");
	char decimal[NV_MONEY_BYTES];
	char currency[NV_CURRENCY_BYTES] = "";
	char made[64];
	json_t *data = NULL;
	struct nv_err err = {0};
	json_int_t seq = 0;
	int code = read_seq(ctl, ctl->args.words[0], &seq);

	if (code == NV_EXIT_OK && !ctl_opt(&ctl->args, "reason"))
		return ctl_fail(&ctl->out, NV_EXIT_USAGE,
			"--reason: expected, as it is "
			"kept in the ledger");
	if (code == NV_EXIT_OK)
		code = check_id(ctl, id);
	if (code == NV_EXIT_OK && amount)
		code = read_amount(ctl, amount, decimal, currency);
	if (code == NV_EXIT_OK && currency[0])
		return ctl_fail(&ctl->out, NV_EXIT_USAGE,
			"--amount: a bare number, in the currency of the event");
	if (code != NV_EXIT_OK)
		return code;
	if (!id) {
		fresh_id(made);
		id = made;
	}
	json_t *args = ctl_need(json_pack("{s:I}", "seq", seq));

	ctl_put_option(ctl, args, "reason");
	ctl_put_option(ctl, args, "via");
	ctl_put_text(args, "id", id);
	if (amount)
		ctl_put_text(args, "amount", decimal);
	code = ctl_engine_call(ctl, "ledger.correct", args, &data, &err);
	if (code == NV_EXIT_UNREACHABLE)
		return ctl_fail(&ctl->out, code,
			"%s; the same with --id %s is safe to repeat", err.text, id);
	if (code != NV_EXIT_OK)
		return ctl_fail_err(&ctl->out, code, &err);
	if (ctl->out.json) {
		ctl_json(&ctl->out, data);
		return NV_EXIT_OK;
	}
	ctl_print(&ctl->out, CTL_PLAIN, "event %lld is taken back by event %lld",
		(long long)seq, (long long)ctl_int(data, "seq"));
	if (json_is_integer(json_object_get(data, "anew")))
		ctl_print(&ctl->out, CTL_PLAIN, "; event %lld stands for it",
			(long long)ctl_int(data, "anew"));
	ctl_print(&ctl->out, CTL_PLAIN, "\n");
	json_decref(data);
	return NV_EXIT_OK;
}

/* ---- ledger rebuild ---- */

int
ctl_verb_ledger_rebuild(struct ctl *ctl)
{
	char dir[CTL_LEDGER_DIR_BYTES];
	char kept[LED_REBUILD_KEPT_BYTES];
	struct nv_err err = {0};
	uint64_t checked = 0;
	int code = ctl_ledger_dir(ctl, dir);

	if (code != NV_EXIT_OK)
		return code;
	ctl_progress(&ctl->out, "computing everything anew in %s", dir);
	int rc = led_rebuild(dir, ctl_ledger_problem, ctl, &checked, kept, &err);

	ctl_progress_end(&ctl->out);
	if (rc == -EBUSY)
		return ctl_fail(&ctl->out, NV_EXIT_NO, "%s: stop Nova first", err.text);
	if (rc < 0)
		return ctl_fail(&ctl->out,
			rc == -ENOENT || rc == -EBADMSG || rc == -EPROTONOSUPPORT
				? NV_EXIT_NO
				: NV_EXIT_FAILED,
			"%s", err.text[0] ? err.text : strerror(-rc));
	if (ctl->out.json) {
		ctl_json(&ctl->out,
			ctl_need(json_pack("{s:b, s:o, s:I, s:o}", "ok", 1, "ledger",
				ctl_json_str(dir), "events", (json_int_t)checked, "kept",
				ctl_json_str(kept))));
		return NV_EXIT_OK;
	}
	ctl_print(&ctl->out, CTL_GREEN,
		"%s: %llu events, everything else computed anew and "
		"verified\n",
		dir, (unsigned long long)checked);
	ctl_print(&ctl->out, CTL_PLAIN, "what was there before is in %s\n", kept);
	return NV_EXIT_OK;
}
