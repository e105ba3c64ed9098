/* The table of verbs: names, arguments, help. */
#include "verbs.h"

#define TIMEOUT \
	{ \
		"timeout", 't', "DURATION", "how long to wait, such as 30s" \
	}
#define VIA \
	{ \
		"via", 0, "WHO", "whom you answer for, such as telegram:4711; recorded" \
	}
#define REASON \
	{ \
		"reason", 'r', "TEXT", "kept in the ledger" \
	}
#define LIMIT \
	{ \
		"limit", 'n', "N", "at most this many rows (default 50)" \
	}
#define WORKER \
	{ \
		"worker", 'w', "WORKER", "only this worker" \
	}
#define PERIOD(fallback) \
	{ \
		"period", 'p', "PERIOD", \
			"today, week, last-month, 2026-11, all, 7d, ... " \
			"(default " fallback ")" \
	}
#define BY(keys) \
	{ \
		"by", 'b', "KEY", keys \
	}
#define OLDER \
	{ \
		"older", 'o', "DAYS", "uncleared means longer than this (default 30d)" \
	}
#define ROWS \
	{ \
		"limit", 'n', "N", "at most this many rows" \
	}
#define CSV \
	{ \
		"csv", 'c', NULL, "comma-separated, for a spreadsheet" \
	}
#define FROM_TO \
	{"from", 0, "TIME", "instead of a period: a date or RFC 3339 time"}, \
	{ \
		"to", 0, "TIME", "end of --from (default now)" \
	}

const struct ctl_verb ctl_verbs[] = {
	{"status", ctl_verb_status, "", "the whole fleet on one screen",
		"Nova's own processes with the version that each runs (replaced: another "
		"one lies in its place), workers by state, today's money, what waits for "
		"an answer.",
		0, 0, {{0}}},
	{"top", ctl_verb_top, "",
		"the fleet live on the whole screen: tree, money, decisions, "
		"approvals, logs",
		"Its health, profit, budget and autonomy; the tree of groups, workers "
		"and instances with what each uses and earns today; decisions, "
		"approvals, the log of a worker, or why it ended below. Keys: ? shows "
		"them. Answers and changes are made as novactl itself makes them, and "
		"asked for once more before.",
		0, 0,
		{{"once", 0, NULL, "print one screen as text and end"},
			{"interval", 'i', "DURATION",
				"how often to look, 100ms to 1h (default 1s)"},
			{"sort", 's', "COLUMN",
				"name, state, cpu, memory, uptime, restarts, cost, "
				"revenue, profit, roi (default name)"},
			{"filter", 'f', "TEXT",
				"only workers with it in name, group or state"},
			{"flat", 0, NULL, "one list instead of a tree of groups"}}},
	{"workers status", ctl_verb_workers_status, "[WORKER]",
		"state, instances and figures of each worker", NULL, 0, 1, {{0}}},
	{"workers health", ctl_verb_workers_health, "[WORKER]",
		"what is wrong, if anything; exit 1 if something is",
		"Also of the instances of a worker that is paused.", 0, 1, {{0}}},
	{"workers start", ctl_verb_workers_start, "[WORKER...]",
		"start workers (no name: all) and wait until they run",
		"A halted worker gets its crash count back. A killed or undeployed one "
		"needs `novactl deploy`. What cannot start is named with the step that "
		"failed.",
		0, -1, {TIMEOUT, VIA}},
	{"workers stop", ctl_verb_workers_stop, "[WORKER...]",
		"stop workers (no name: all) and wait until no process is left",
		"Waits the longest `stop.grace` of them and 5 seconds at most. Says "
		"\"stopped\" only when no process of the worker exists any more. The "
		"wish is kept in the ledger and survives restarts. Without the engine, "
		"novasupd stops the worker and the next engine records it.",
		0, -1, {TIMEOUT, VIA}},
	{"workers restart", ctl_verb_workers_restart, "[WORKER[#INSTANCE]...]",
		"stop and start instances (no name: all) and wait until they run",
		"With --rolling new instances are up before old ones go, a few at a "
		"time, and the first that fails ends it: exit 1, and the old ones that "
		"are left stay. What is not given is as `rolling:` of the worker says.",
		0, -1,
		{TIMEOUT, {"rolling", 'r', NULL, "one after the other, without a gap"},
			{"surge", 's', "N", "so many more meanwhile"},
			{"max-unavailable", 'u', "N", "so many fewer may be up"},
			{"abort-after", 'k', "K", "failures of new ones that end it"},
			{"pause", 'p', "DURATION", "a new one has to live so long"},
			{"abort", 'a', NULL, "end one that is under way"}}},
	{"workers pause", ctl_verb_workers_pause, "[WORKER...]",
		"let workers (no name: all) hold still", NULL, 0, -1, {TIMEOUT, VIA}},
	{"workers resume", ctl_verb_workers_resume, "[WORKER...]",
		"let paused workers (no name: all) go on", NULL, 0, -1, {TIMEOUT, VIA}},
	{"workers scale", ctl_verb_workers_scale, "WORKER --instances N | --multiplier N",
		"run more or fewer instances",
		"Within `instances.min` and `instances.max` of the worker.", 1, 1,
		{{"instances", 'i', "N", "this many"},
			{"multiplier", 'm', "N", "times as many as now: 2, 0.5, ..."},
			TIMEOUT, VIA}},
	{"forecast", ctl_verb_forecast, "[WORKER]",
		"revenue, cost and profit of the next days, with intervals",
		"As everything runs now. Of 100 forecasts 80 (95) should hold what comes "
		"within the interval given. It says what it rests on, and plainly when "
		"too little is known to tell.",
		0, 1, {{"days", 'D', "N", "how many: 7 (the default), 30, up to 366"}}},
	{"workers tune", ctl_verb_workers_tune, "WORKER",
		"show or turn its parameters, run interval and split of variants",
		"What the worker declares under `variants` and `params`: how its runs "
		"are shared out between its variants, how often it runs, its parameters, "
		"or which values of one parameter are tried against each other (a task "
		"only; without values the one in force and its neighbours among what is "
		"declared). Holds from the next run on, without a restart, and is "
		"remembered; a service that does not read control lines takes it at its "
		"next start. Without an option it shows what is in force.",
		1, 1,
		{{"split", 's', "A=70%,B=30%", "shares of the declared variants"},
			{"interval", 'i', "DURATION", "between two runs"},
			{"set", 'S', "NAME=VALUE",
				"a declared parameter; may be repeated"},
			{"try", 'y', "NAME[=VALUE,VALUE]", "values against each other"},
			{"reset", 'R', NULL, "everything as configured, first"}, VIA}},
	{"group list", ctl_verb_group_list, "", "supervision groups, one row each",
		"Those with a `strategy`: state, children that run, restarts that count "
		"now.",
		0, 0, {{0}}},
	{"group show", ctl_verb_group_show, "GROUP", "one group and its children",
		"In the order of starting.", 1, 1, {{0}}},
	{"group start", ctl_verb_group_start, "GROUP",
		"start a group that is stopped or halted",
		"Answers ok, already_started, stopping or failed; exit 1 but for ok.", 1,
		1, {TIMEOUT}},
	{"group stop", ctl_verb_group_stop, "GROUP",
		"stop a group: its children in reverse order",
		"It stays stopped until it is started, or Nova is.", 1, 1, {TIMEOUT}},
	{"group restart", ctl_verb_group_restart, "GROUP",
		"stop a group and start it again; costs no restart of its parent", NULL,
		1, 1, {TIMEOUT}},
	{"group child", ctl_verb_group_child,
		"GROUP start|restart|terminate|delete WORKER[#INSTANCE]|GROUP",
		"one child of a group, as in Erlang/OTP",
		"start adds an instance of one of its workers, restart starts a child "
		"that is down, terminate stops one and delete forgets one that is down. "
		"Answers ok, already_started, already_present, running, restarting, "
		"not_found, simple_one_for_one, failed, ignored, invalid, busy or "
		"stopping; exit 1 but for ok.",
		3, 3, {TIMEOUT}},
	{"agents", ctl_verb_agents, "", "the catalogue: every agent, one row each",
		"A worker that is to run and has no process right now is `down`, one at "
		"its crash limit `halted`; `novactl workers status` says why.",
		0, 0,
		{{"status", 's', "STATE", "only those in this state"},
			{"group", 'g', "GROUP", "only those of this group"}}},
	{"agent", ctl_verb_agent, "WORKER", "everything about one agent",
		"Figures, limits, decisions, last events.", 1, 1, {{0}}},
	{"kill", ctl_verb_kill, "WORKER", "end an agent for good",
		"Remembered in the ledger; only `novactl deploy` brings it back.", 1, 1,
		{REASON, TIMEOUT, VIA}},
	{"deploy", ctl_verb_deploy,
		"GROUP WORKER [--command CMD] [--config K=V,...] [-- ARG...]",
		"put an agent into service",
		"A worker that the configuration has is started. For a new one --command "
		"(a shell word list; no shell runs) or the words after `--` are written "
		"with the settings to workers.d/WORKER.yaml, but only if the whole "
		"configuration is valid with it; when novasupd refuses it, the file is "
		"taken away again. Settings have the names of nova.yaml(5), nested ones "
		"with dots: `--config budget.daily=$5,instances.max=4`. A comma inside "
		"[] belongs to the value.",
		2, -1,
		{{"command", 'c', "CMD", "the program and its arguments"},
			{"config", 'k', "K=V,...", "settings; may be repeated"}, TIMEOUT,
			VIA}},
	{"undeploy", ctl_verb_undeploy, "WORKER",
		"take an agent out of service; it stays in the catalogue",
		"Its file and its history stay.", 1, 1, {TIMEOUT, VIA}},
	{"autonomous enable", ctl_verb_autonomous_enable, "",
		"let Nova carry out its decisions", NULL, 0, 0, {VIA}},
	{"autonomous disable", ctl_verb_autonomous_disable, "", "let Nova only advise",
		NULL, 0, 0, {VIA}},
	{"autonomous status", ctl_verb_autonomous_status, "",
		"thresholds, budget, what waits for an answer", NULL, 0, 0, {{0}}},
	{"autonomous run", ctl_verb_autonomous_run, "", "analyse now",
		"Under the policies `strict` and `marginal` each worker is shown as it "
		"is judged: what each unit of money returns, what one of its next step "
		"would, the probabilities that its return is below `kill_roi` and above "
		"`scale_roi`, and what the fleet's next unit of budget would return.",
		0, 0,
		{{"dry-run", 'n', NULL, "say what would be decided, change nothing"}}},
	{"approvals", ctl_verb_approvals, "", "decisions that wait for an answer", NULL,
		0, 0, {{0}}},
	{"approve", ctl_verb_approve, "ID", "let a waiting decision happen",
		"With --via the record names beside your own account the person a "
		"program answers for.",
		1, 1, {VIA}},
	{"deny", ctl_verb_deny, "ID", "refuse a waiting decision", NULL, 1, 1,
		{REASON, VIA}},
	{"decisions", ctl_verb_decisions, "[calibration]",
		"what was decided, newest last; or whether what was stated came true",
		"`calibration`: whether what decisions state with a probability comes "
		"true as often: claims by probability, with 95% intervals, the Brier "
		"score, and what still waits for its outcome.",
		0, 1,
		{WORKER, {"since", 's', "TIME", "2h, a date or an RFC 3339 time"}, LIMIT,
			{"imported", 'i', NULL,
				"those of the system before, from novactl import"}}},
	{"simulate", ctl_verb_simulate, "--set SETTING=VALUE...",
		"what would have been decided under other settings",
		"Settings are `policy`, `min_roi`, `scale_roi`, `kill_roi`, `min_runs`, "
		"`max_daily_budget`, `approval_above` and those of `autonomous`. Reads "
		"the ledger under the settings in the files and under the others, by a "
		"process of its own beside the running fleet; decisions that differ are "
		"shown with the money at stake as far as it can be known. What a worker "
		"would have earned at another volume nobody knows, and it does not say.",
		0, 0,
		{{"set", 's', "SETTING=VALUE",
			 "such as scale_roi=250% or policy=marginal"},
			{"since", 'S', "TIME", "decisions from then on (90 days)"},
			{"timeout", 't', "DURATION", "at most so long (60s)"}}},
	{"explain", ctl_verb_explain, "ID", "why a decision was taken, in plain words",
		NULL, 1, 1, {{0}}},
	{"budget show", ctl_verb_budget_show, "[WORKER]",
		"every budget: limit, spent, reserved, left, and the day's forecast",
		"Of the fleet, of groups, of workers and of their operations; with a "
		"worker those over it. For each what is spent and reserved, what is "
		"left, whether `budget_warn` of it is spent, and when it begins anew. "
		"Then what the day will have cost if it goes on as in the last hour, how "
		"many runs wait for room, and the reservations that are open.",
		0, 1, {{0}}},
	{"budget grant", ctl_verb_budget_grant, "WORKER AMOUNT",
		"raise a worker's total budget",
		"AMOUNT is 12.34 (base currency), $12.34 or \"12.34 EUR\". It is added "
		"to "
		"`budget: {total: ...}` of the worker's file. Done when it is on disk. "
		"The "
		"same --id again changes nothing.",
		2, 2,
		{{"id", 'i', "ID", "idempotency key, at most 128 bytes"},
			{"currency", 'c', "CODE", "of a bare AMOUNT"},
			{"note", 'n', "TEXT", "kept in the ledger"}, VIA}},
	{"costs", ctl_verb_costs, "[WORKER|GROUP]", "where the money went",
		"Shares add up to 100 %; there are none when a part is below zero, as a "
		"correction of earlier money can make it.",
		0, 1,
		{PERIOD("today"), FROM_TO, BY("worker, group, category or variant"),
			ROWS}},
	{"revenue", ctl_verb_revenue, "[WORKER|GROUP]", "where the money came from",
		"Shares are as those of `novactl costs`.", 0, 1,
		{PERIOD("today"), FROM_TO, BY("worker, group, source or variant"), ROWS}},
	{"pnl", ctl_verb_pnl, "[WORKER|GROUP]",
		"profit and loss: revenue, what was taken back, costs",
		"Net revenue is revenue less refunds, disputes and fees; profit is what "
		"is left of it after the costs. Without --by the costs by category "
		"follow. Other currencies are converted at today's declared rates.",
		0, 1,
		{PERIOD("today"), FROM_TO,
			BY("worker, group, source, category, variant, hour, day, week, "
			   "month or "
			   "year"),
			ROWS, CSV}},
	{"roi", ctl_verb_roi, "WORKER|GROUP | --by KEY", "return on investment",
		"Profit divided by cost; there is none when nothing was spent.", 0, 1,
		{PERIOD("all"), FROM_TO, BY("worker, group, source, category or variant"),
			ROWS}},
	{"timeline", ctl_verb_timeline, "[WORKER|GROUP]",
		"costs, revenue and profit, one row a day (or hour, week, month, year)",
		"Days begin at midnight of the configured time zone, weeks on Monday. "
		"Rows in which nothing happened are shown. Of more than --limit rows, "
		"10000 at most, the earlier ones become one, the first, so that the rows "
		"still add up to the total.",
		0, 1,
		{PERIOD("month"), FROM_TO, BY("hour, day (default), week, month or year"),
			ROWS, CSV}},
	{"performers", ctl_verb_performers, "", "the best or the worst workers",
		"Those that cost nothing have no ROI and come last.", 0, 0,
		{PERIOD("month"), FROM_TO, {"top", 't', "N", "the best N (default 10)"},
			{"bottom", 'l', "N", "the worst N"},
			BY("profit (default), roi or revenue")}},
	{"cashflow", ctl_verb_cashflow, "",
		"what came in, what went out, and where the money stands",
		"What came in (revenue) and went out (costs, refunds, disputes, fees), "
		"and the net of both; what was paid out to the bank; and where the money "
		"stood when the period began and ended: at platforms, in disputes, at "
		"the bank, owed to vendors (below zero). Disputes count when they are "
		"opened, and are given back when they are won. Uncleared is what has "
		"stood at platforms or in disputes for longer than DAYS now; what came "
		"first is taken to have left first.",
		0, 0,
		{PERIOD("month"), FROM_TO, BY("hour, day, week, month or year"), ROWS,
			OLDER}},
	{"cohorts", ctl_verb_cohorts, "[WORKER|GROUP]",
		"sales by when they were made, with what came back of them later",
		"A refund or dispute counts where its sale was made, whenever it came. "
		"What came back without naming a sale of that time stands apart.",
		0, 1,
		{PERIOD("year"), FROM_TO, BY("hour, day, week, month (default) or year"),
			ROWS}},
	{"reinvest", ctl_verb_reinvest, "[WORKER|GROUP]",
		"how much of the settled profit may go back into the workers",
		"Settled is what is older than refunds come late. Of the 28 days before "
		"that, unless a period is given: sales less fees, the costs of their "
		"time, whatever came back of them since, and what came back since "
		"without naming a newer sale. Of the rest the share `reinvest` of "
		"nova.yaml(5), less the budget granted since the period began. Never "
		"below zero. How it was reckoned is shown.",
		0, 1,
		{PERIOD("28 days"), FROM_TO,
			{"after", 'a', "DURATION",
				"how long a sale can come back (default 35d)"}}},
	{"quality", ctl_verb_quality, "",
		"what is wrong with the data: refused, unmatched and uncleared",
		"For each worker how many lines were refused, how many refunds and "
		"disputes name a sale nobody knows, and what has been in dispute for "
		"longer than DAYS.",
		0, 0, {OLDER}},
	{"prices", ctl_verb_prices, "[MODEL]", "what tokens of a language model cost",
		"MODEL as the answers of the vendor name it. Without it: which vendors "
		"the table knows. A model that is not in the table is unpriced: exit 1; "
		"what is used of it is kept, flagged, and never taken for free.",
		0, 1,
		{{"provider", 'P', "NAME", "whose model it is (else its name tells)"},
			{"at", 'a', "TIME", "at that time (2026-11-22 or RFC 3339)"}}},
	{"track", ctl_verb_track,
		"revenue|cost|refund|dispute|fee|payout|conversion WORKER [AMOUNT]",
		"book an amount by hand",
		"AMOUNT is `12.34` (base currency), `$12.34` or `\"12.34 EUR\"`; a "
		"dispute that was won or lost may leave it out: what is open. Further "
		"options are as in an event, see nova-protocol(7). Done when it is on "
		"disk. The same --id again changes nothing; without one novactl makes "
		"one, and names it when the answer was lost, so that repeating is safe.",
		2, 3,
		{{"source", 's', "TEXT", "where it is from; the category of a cost"},
			{"id", 'i', "ID", "idempotency key, at most 128 bytes"},
			{"currency", 'c', "CODE", "of a bare AMOUNT"},
			{"of", 'o', "ID", "the sale a refund or dispute is about"},
			{"fee", 'f', "AMOUNT", "of the platform, with a sale or dispute"},
			{"to", 't', "AMOUNT",
				"what a conversion made of it: \"10.80 USD\""},
			{"status", 'S', "STATUS",
				"of a dispute: opened (default), won or lost"},
			{"run", 'r', "ID", "the run that caused it"},
			{"variant", 'v', "NAME", "the variant it is due to"},
			{"operation", 'O', "NAME", "kind of call a cost is for"},
			{"external-id", 'e', "ID", "what the platform calls the sale"},
			{"note", 'n', "TEXT", "kept in the ledger"}, VIA}},
	{"import env", ctl_verb_import_env, "FILE",
		"settings and secrets of the original system's .env",
		"FILE is its .env or .env.production. Prints what of it is a setting of "
		"nova.yaml, which variables are secrets, and why the others are left; "
		"never "
		"a secret.",
		1, 1,
		{{"write", 'w', NULL,
			"make nova.yaml and secrets/, each file only where there is "
			"none; "
			"exit 1 when one was there"}}},
	{"import novaos", ctl_verb_import_novaos, "FILE",
		"the original system's database into the ledger",
		"FILE is its data/novaos.db, which is only read; a program that writes "
		"to "
		"it may go on. Costs and revenue count when they were spent and earned: "
		"reports show them, no budget and no decision rests on them. Each row is "
		"booked once, so the same again, or a later copy, adds what is new. "
		"Tells what was mended and what was left out, and why; exit 1 when "
		"anything was.",
		1, 1,
		{{"dry-run", 'n', NULL, "only say what would come of it"},
			{"map", 'm', "AGENT=WORKER,..",
				"whose the money of an agent is (default: novaos.AGENT, "
				"a "
				"name in the ledger only)"},
			{"currency", 0, "CODE", "of all amounts (default USD)"},
			{"zone", 0, "ZONE",
				"of times that do not tell their own, such as "
				"America/Chicago (default: this machine's)"}}},
	{"ledger correct", ctl_verb_ledger_correct, "SEQ --reason TEXT",
		"take one event back, or book it anew with another amount",
		"Nothing is edited: the reverse legs are an event of their own, in one "
		"commit with the new amount. Once for each event; a sale with refunds or "
		"disputes, and the end of a dispute, cannot be taken back.",
		1, 1,
		{REASON, {"amount", 'a', "AMOUNT", "what it should have been"},
			{"id", 'i', "ID", "idempotency key, at most 128 bytes"}, VIA}},
	{"ledger rebuild", ctl_verb_ledger_rebuild, "",
		"compute everything but the events anew, while Nova is stopped",
		"Balances, totals, indexes and states are made from the events once more "
		"(which stay, with what was refused and the audit chain), verified, and "
		"put in place; the old file is kept beside as ledger.before-TIME.mdb.",
		0, 0, {{0}}},
	{"ledger verify", ctl_verb_ledger_verify, "",
		"recompute every figure and every hash; exit 1 when something differs",
		"With --seal-key, every day since that key must be sealed with the key "
		"of that day. With --anchors, a file of lines as `novactl ledger anchor` "
		"prints and `ledger.anchor` of nova.yaml(5) hands out, each of those "
		"heads must be in the chain: an end that was cut off, a roll-back and a "
		"ledger that was written anew are found.",
		0, 0,
		{{"seal-key", 'k', "FILE",
			 "the line `ledger seal --init` has shown: the days' seals too"},
			{"anchors", 'a', "FILE",
				"heads handed out before: nothing after them was cut "
				"off"}}},
	{"ledger seal", ctl_verb_ledger_seal, "", "the seals of the days that are over",
		"Each day (UTC) is sealed with a key that changes daily: what was sealed "
		"cannot be sealed anew by who takes over this machine later, since the "
		"state directory holds only the key of the day. The first key, shown "
		"once, verifies all of them: keep it away from this machine.",
		0, 0,
		{{"init", 'i', NULL, "make the key and show it"},
			{"replace", 'r', NULL, "even if there is one"}}},
	{"ledger prove", ctl_verb_ledger_prove, "SEQ | ID --worker WORKER",
		"a proof of one event, for somebody without the ledger",
		"Prints JSON: the event's record and the hashes from it to the seal of "
		"its day, to an anchor, or to the newest hash. verify_proof.py, which "
		"comes with the documentation, checks it with nothing but the key or the "
		"anchors.",
		1, 1,
		{WORKER, {"anchors", 'a', "FILE",
				 "prove it to the first of these heads after it"}}},
	{"ledger retain", ctl_verb_ledger_retain, "",
		"old months of events into files of their own, while Nova is stopped",
		"With `ledger.retention` of nova.yaml(5) the engine does it by itself. "
		"Nothing is lost: every report, proof, export and verification goes on "
		"as before.",
		0, 0,
		{{"older-than", 't', "DURATION", "whole months before (default 400d)"},
			{"dry-run", 'n', NULL, "only show it; also while Nova runs"}}},
	{"ledger compact", ctl_verb_ledger_compact, "",
		"write the database anew without free space, while Nova is stopped",
		"The new one is verified before it is put in the old one's place.", 0, 0,
		{{0}}},
	{"ledger anchor", ctl_verb_ledger_anchor, "",
		"the newest hash as one line, to be kept elsewhere", NULL, 0, 0, {{0}}},
	{"ledger stats", ctl_verb_ledger_stats, "", "size and head of the ledger", NULL,
		0, 0, {{0}}},
	{"ledger export", ctl_verb_ledger_export, "", "every event, exact", NULL, 0, 0,
		{{"format", 'f', "FORMAT", "json (default), csv, hledger or beancount"},
			{"output", 'o', "FILE", "instead of standard output"}}},
	{"ledger backup", ctl_verb_ledger_backup, "FILE",
		"a verified copy, also while Nova runs",
		"FILE must not exist yet. What is committed after the copy began is not "
		"in it. A copy that was interrupted leaves only a directory named "
		"FILE.backup-*. With --until, the books as they were then, by the order "
		"in which "
		"they were written: what was committed at or before that time, or that "
		"event; its sums are what they were, and it can be restored.",
		1, 1,
		{{"until", 'u', "TIME|EVENT",
			"a time, 2h (ago), or the number of an event"}}},
	{"ledger restore", ctl_verb_ledger_restore, "FILE",
		"put a backup in the ledger's place, while Nova is stopped",
		"The backup is verified first. Everything after it is no longer known to "
		"the fleet.",
		1, 1,
		{{"replace", 'r', NULL,
			"even if there is a ledger, which is kept beside"}}},
	{"ledger schema", ctl_verb_ledger_schema, "",
		"which form the ledger has, also one that is newer than this program",
		"nova-engine brings an older one to its own when it starts, and keeps "
		"the old file beside.",
		0, 0, {{0}}},
	{"ledger downgrade", ctl_verb_ledger_downgrade, "--to N",
		"give the ledger an older form, for an older Nova, while Nova is stopped",
		"Verified before it takes the old file's place, which is kept beside. "
		"Refused, with the reason, when the ledger holds what that form cannot.",
		0, 0, {{"to", 't', "N", "the schema that Nova knows"}}},
	{"backup create", ctl_verb_backup_create, "DIR",
		"save the whole fleet into a new directory in DIR, also while it runs",
		"Ledger, what the platforms and the alerts keep, webhook bodies, tokens "
		"and the configuration, with a manifest; verified before it gets its "
		"name. No secrets.",
		1, 1,
		{{"keep", 'k', "N", "remove this fleet's older ones, but for N in all"},
			{"gzip", 'z', NULL, "compress the ledger"},
			{"no-verify", 'n', NULL, "do not read the copy again"},
			{"secrets", 's', NULL,
				"secrets/, .env and the key of seals as well"}}},
	{"backup list", ctl_verb_backup_list, "DIR",
		"the backups in a directory, oldest first", NULL, 1, 1, {{0}}},
	{"backup verify", ctl_verb_backup_verify, "BACKUP",
		"whether it is what was saved; exit 1 when something differs",
		"Every file against the manifest, every figure and hash of the ledger in "
		"it.",
		1, 1, {{0}}},
	{"restore", ctl_verb_restore, "BACKUP",
		"put a saved fleet into the state directory, while Nova is stopped",
		"Everything is checked before anything is changed. What comes after the "
		"backup is no longer known to the fleet; platforms read again what was "
		"sold since. The configuration stays as it is.",
		1, 1,
		{{"replace", 'r', NULL, "even if there is a state, which is kept beside"},
			{"hold", 'H', NULL, "with the emergency stop on"}}},
	{"quarantine", ctl_verb_quarantine, "", "event lines that were refused, and why",
		NULL, 0, 0, {WORKER, LIMIT}},
	{"logs", ctl_verb_logs, "WORKER[#INSTANCE]... | --all", "what workers printed",
		"Reads the log and its rotated files, compressed ones too. Each line "
		"starts with the time and #instance.generation. Several workers are "
		"merged by time. With --json and --follow, one object a line.",
		0, -1,
		{{"follow", 'f', NULL,
			 "go on as it is written, over rotations and restarts"},
			{"lines", 'n', "N",
				"the last N lines (default 50; with --since or "
				"--previous all)"},
			{"all", 'a', NULL, "of every worker"},
			{"instance", 'i', "N", "only this instance"},
			{"since", 's', "TIME", "2h, a date or an RFC 3339 time"},
			{"grep", 'g', "RE",
				"only lines whose text matches (an extended regular "
				"expression)"},
			{"previous", 'p', NULL,
				"only the incarnation before the one that runs, or the "
				"last one when none runs"},
			{"after", 0, "CURSOR",
				"only what came after the line with this `cursor` of "
				"--json; of one worker the first lines of it. When that "
				"line was removed, everything younger, and a warning "
				"says so (with -f an object with `gap`)"}}},
	{"why", ctl_verb_why, "WORKER[#INSTANCE]",
		"how an instance ended last: what, why, what followed",
		"From the ledger, the log and novasupd: the status in words, who asked "
		"for it, what it had done and spent, its last lines, the crash window, "
		"what Nova did next and what to do about it.",
		1, 1,
		{{"last", 'l', "K", "the last K ends (default 1, at most 20)"},
			{"lines", 'n', "N", "its last N lines (default 10)"}}},
	{"events", ctl_verb_events, "", "what is in the ledger, newest last",
		"Without --since-seq, or from 0, the newest are shown.", 0, 0,
		{{"follow", 'f', NULL, "go on as they are committed"}, WORKER,
			{"since-seq", 's', "N", "from this number on"}, LIMIT}},
	{"incidents", ctl_verb_incidents, "",
		"many workers that crashed together, newest last",
		"When, how many, and what is done about it. While one is open, restarts "
		"are held until a first one lives; `novactl status` shows it.",
		0, 0, {LIMIT}},
	{"anomalies", ctl_verb_anomalies, "",
		"workers that do what they never did before; exit 1 if any",
		"Costs far above the usual, sales that have stopped, bursts of refunds: "
		"looked for every minute, as anomaly: of nova.yaml(5) says. A worker "
		"that "
		"was paused for one goes on with `novactl workers resume`.",
		0, 0,
		{{"all", 'a', NULL, "those that have ended, too"},
			{"now", 'n', NULL, "look first"}}},
	{"gateway", ctl_verb_gateway, "",
		"webhooks taken and refused; exit 1 when none are taken now",
		"For each sender of webhooks, since nova-gateway(8) started. Needs a "
		"section `gateway` in nova.yaml(5).",
		0, 0, {{0}}},
	{"token create", ctl_verb_token_create, "NAME --role ROLE",
		"a token for the API and the dashboard; shown once",
		"A readonly token sees everything but secrets; an operator may also "
		"start, stop, scale and pause, approve and deny, acknowledge alerts and "
		"pull the emergency stop; an admin may also kill, grant, switch autonomy "
		"and lift the stop. Needs no running fleet."
		" Only its hash is kept.",
		1, 1,
		{{"role", 'r', "ROLE", "admin, operator or readonly"},
			{"expires", 'e', "DURATION", "such as 90d (default never)"}}},
	{"token list", ctl_verb_token_list, "",
		"tokens, also those that ended in the last 90 days", NULL, 0, 0, {{0}}},
	{"token revoke", ctl_verb_token_revoke, "NAME|ID",
		"end a token, its sessions and its streams, at once",
		"Without asking a running fleet: nova-gateway(8) sees it at once.", 1, 1,
		{{0}}},
	{"platform", ctl_verb_platform, "[NAME [VERB [ARGUMENT...]]]",
		"vendors: what they do; ask one to do something",
		"Without a name, all of them; with one, its state; with a verb, a call. "
		"`novactl platform NAME --help` lists the verbs. An argument is "
		"name=value or "
		"--name value, those that are required may come in order without a name; "
		"name@FILE takes the text of a file, @FILE a whole object in JSON."
		" --timeout does not take back what was sent.",
		0, CTL_ARGS_OPEN,
		{{"agent", 'a', "WORKER", "in its name: its budget, its money"},
			{"once", 'o', "ID",
				"the same ID again does nothing again, and is "
				"answered "
				"alike"},
			TIMEOUT}},
	{"alerts", ctl_verb_alerts, "[channels|test|ack [CHANNEL|KEY]]",
		"what is wrong now, exit 1 if anything; how people are told of it",
		"`channels` shows each way there is and what waits there. `test` says "
		"something on one of them, or on each that is used, at once; exit 1 "
		"when one does not take it. `ack` with a key: somebody has seen it, it "
		"is not said again until it is over.",
		0, 2, {VIA}},
	{"config check", ctl_verb_config_check, "",
		"check the files; every error at once", NULL, 0, 0, {{0}}},
	{"config show", ctl_verb_config_show, "[PREFIX]",
		"every effective value and where it is from", "Secrets are masked.", 0, 1,
		{{"set", 's', NULL, "only what is not a default"},
			{"fleet", 'f', NULL, "nothing of single workers"}}},
	{"config diff", ctl_verb_config_diff, "",
		"what the files would change in the running fleet; exit 1 if anything",
		NULL, 0, 0, {{0}}},
	{"config settings", ctl_verb_config_settings, "[PREFIX]",
		"what can be set: type, limits, default, meaning",
		"Every setting of nova.yaml(5), or those whose name begins with PREFIX, "
		"as "
		"this novactl knows them.",
		0, 1, {{"of", 'o', "WHAT", "fleet, group or worker"}}},
	{"config schema", ctl_verb_config_schema, "[fleet|worker]",
		"a JSON schema of nova.yaml, or of the files in workers.d",
		"For editors: what they know of YAML and of a schema becomes completion, "
		"help "
		"and checks while one writes. It accepts whatever `novactl config check` "
		"does; "
		"rules between settings are for that alone. Installed as "
		"nova.schema.json and "
		"worker.schema.json.",
		0, 1, {{0}}},
	{"reload", ctl_verb_reload, "",
		"let the fleet take the files as they are now, and say what changes",
		"Only what changed is restarted. A file with an error changes nothing.",
		0, 0, {{"dry-run", 'n', NULL, "say what would change, change nothing"}}},
	{"stop-everything", ctl_verb_stop_everything, "--reason TEXT [--now]",
		"emergency stop: end every agent at once and let none start",
		"Works without the engine. Every agent gets its stop signal in the same "
		"moment, in no order, and its grace; a run of a task is not waited for. "
		"Nothing starts, grows or is decided until resume-everything, whatever "
		"is restarted meanwhile. A file emergency-stop in the state directory "
		"does the same.",
		0, 0,
		{REASON, {"now", 'n', NULL, "SIGKILL at once, without grace"}, TIMEOUT}},
	{"resume-everything", ctl_verb_resume_everything, "--reason TEXT",
		"lift the emergency stop", "The fleet goes on as it was.", 0, 0,
		{REASON, TIMEOUT}},
	{"shutdown", ctl_verb_shutdown, "", "stop the whole fleet and Nova itself",
		"Waits until it has ended.", 0, 0, {TIMEOUT}},
	{"daemon-reexec", ctl_verb_reexec, "",
		"go on as another binary; nothing is restarted",
		"No worker is restarted, no event and no line of output is lost, the pid "
		"stays. Nova's other processes (engine, logger, gateway, platforms ...) "
		"are then replaced by those of its directory, one after the other, and "
		"waited for. A binary that cannot read the state of what runs is "
		"refused, and nothing changes.",
		0, 0,
		{{"binary", 'b', "PATH",
			"this novasupd (default: the one that is there now)"}}},
	{"health", ctl_verb_health, "", "is Nova itself well? exit 1 if it is not",
		"Well means: novasupd is ready, the engine answers and can write the "
		"ledger, and every other process of Nova's own (logger, gateway, "
		"platforms, alerts) is up. Prints one line; else the reasons, one a "
		"line; exit 3 when there is no fleet, or none that may be asked. "
		"Somebody "
		"who hangs is given 5 seconds. Workers that crash are not Nova's "
		"illness: "
		"for them there is `novactl workers health`. This is what the health "
		"check of a container and every script that starts Nova ask.",
		0, 0,
		{{"wait", 'w', "DURATION",
			 "look again until all is well, at most so long"},
			{"live", 'l', NULL,
				"only whether novasupd answers: what just a restart can "
				"mend"}}},
	{"doctor", ctl_verb_doctor, "", "check this machine and this fleet",
		"Directories, permissions, kernel, what it offers for the isolation of "
		"workers, disk, clock, daemons (also gateway, platforms and alerts), "
		"ledger. Exit 1 when something stands in the way.",
		0, 0, {{0}}},
};

const size_t ctl_n_verbs = sizeof(ctl_verbs) / sizeof(ctl_verbs[0]);
