/* What is refused, with the whole sentence a person reads; and the fleet's settings, good
 * and bad. */
#include "conf_fixture.h"

/* Worker files that are refused, with everything that is said. */
static const struct {
	const char *text;
	const char *says;
} worker_bad[] = {
	{"", "w.yaml:1:1: command: missing; expected a list of words such as [python3, "
	     "agent.py]\nw.yaml:1:1: worker: missing; expected a name of a-z, 0-9, _, . "
	     "and -"},
	{"- a\n",
		"w.yaml:1:1: expected settings such as `worker: my_agent`, found a list"},
	{"hello\n", "w.yaml:1:1: expected settings such as `worker: my_agent`, found a "
		    "single value"},
	{"worker: Email\ncommand: [x]\n",
		"w.yaml:1:9: worker: expected a name of a-z, 0-9, _, . and -, at most 63 "
		"long "
		"and beginning with a letter or digit, found \"Email\""},
	{"worker: w\ncommand: python3 x.py\n", "w.yaml:2:10: command: expected a list of "
					       "words such as [python3, agent.py], "
					       "found a single value"},
	{"worker: w\ncommand: []\n",
		"w.yaml:2:10: command: the list is empty: it begins with a program"},
	{"worker: w\ncommand: ['']\n",
		"w.yaml:2:11: command: the program's name is empty"},
	{"worker: w\ncommand: [a, ~]\n", "w.yaml:2:14: command: expected text, found "
					 "nothing (write '' for an empty "
					 "word)"},
	{"worker: w\ncommand: [a, [b]]\n",
		"w.yaml:2:14: command: expected text, found a list"},
	{"worker: w\ncommand: [x]\nruninterval: 5s\n",
		"w.yaml:3:1: runinterval: unknown key; did you mean \"run_interval\"?"},
	{"worker: nova.w\ncommand: [x]\n", "w.yaml:1:9: worker: \"nova.w\": names that "
					   "begin with nova. are reserved "
					   "for Nova's own processes"},
	{"worker: w\ncommand: [x]\ngroup: nova\n",
		"w.yaml:3:8: group: nova is reserved for Nova's own processes"},
	{"worker: w\ncommand: [x]\nplatforms: [sendgrd]\n",
		"w.yaml:3:13: platforms: there is no platform \"sendgrd\"; did you mean "
		"\"sendgrid\"?"},
	{"worker: w\ncommand: [x]\nplatforms: [x, twitter]\n",
		"w.yaml:3:16: platforms: twitter is listed twice"},
	{"worker: w\ncommand: [x]\nzzzzzzzzzzzz: 5s\n",
		"w.yaml:3:1: zzzzzzzzzzzz: unknown key; known here: worker, group, "
		"description, "
		"command, directory, kind, run_interval, run_timeout, instances, "
		"depends_on, rolling, restart, "
		"significant, success_codes, crashes, heartbeat, stop, ready, "
		"ready_timeout, health, budget, roi, expected, variants, limits, logs, "
		"user, "
		"user_group, "
		"user_groups, capabilities, isolation, secrets, platforms, "
		"env, env_file, "
		"params, autonomous"},
	{"worker: w\ncommand: [x]\ncrashes: {maxx: 5}\n",
		"w.yaml:3:11: crashes.maxx: unknown key; did you mean \"max\"?"},
	{"worker: w\ncommand: [x]\ncrashes.max: 5\n",
		"w.yaml:3:1: crashes.max: unknown key; did you mean \"crashes\"?"},
	{"worker: w\ncommand: [x]\nkind: task\nkind: service\n",
		"w.yaml:4:1: kind: repeated; first on line 3"},
	{"worker: w\ncommand: [x]\nstop: {grace: 1s}\nstop: {grace: 2s}\n",
		"w.yaml:4:1: stop: repeated; first on line 3"},
	{"worker: w\ncommand: [x]\nroi: {min: 1%, min: 2%}\n",
		"w.yaml:3:16: roi.min: repeated; first on line 3"},
	{"worker: w\ncommand: [x]\ncrashes: 5\n",
		"w.yaml:3:10: crashes: expected a map of settings, found a single value"},
	{"worker: w\ncommand: [x]\ncrashes:\n",
		"w.yaml:3:9: crashes: expected a map of settings, found nothing"},
	{"worker: w\ncommand: [x]\nrolling: {surge: 0}\n",
		"w.yaml:3:18: rolling.surge: 0, and so is rolling.max_unavailable: "
		"nothing could ever be replaced"},
	{"worker: w\ncommand: [x]\nrolling: {surge: 1001}\n",
		"w.yaml:3:18: rolling.surge: 1001 is above the maximum 1000"},
	{"worker: w\ncommand: [x]\nrolling: {max_unavailable: 10001}\n",
		"w.yaml:3:28: rolling.max_unavailable: 10001 is above the maximum "
		"10000"},
	{"worker: w\ncommand: [x]\nrolling: {pause: 2h}\n",
		"w.yaml:3:18: rolling.pause: 2h is above the maximum 1h"},
	{"worker: w\ncommand: [x]\nrolling: {abort_after: 0}\n",
		"w.yaml:3:24: rolling.abort_after: 0 is below the minimum 1"},
	{"worker: w\ncommand: [x]\nkind:\n",
		"w.yaml:3:6: kind: expected a word, found nothing"},
	{"worker: w\ncommand: [x]\nkind: [task]\n",
		"w.yaml:3:7: kind: expected a word, found a list"},
	{"worker: w\ncommand: [x]\nkind: tsak\n",
		"w.yaml:3:7: kind: expected one of task, service, found \"tsak\"; did "
		"you mean "
		"\"task\"?"},
	{"worker: w\ncommand: [x]\nrun_interval: 60\n",
		"w.yaml:3:15: run_interval: expected a duration such as 90s, 5m or "
		"1h30m, found "
		"\"60\""},
	{"worker: w\ncommand: [x]\nrun_interval: 99ms\n",
		"w.yaml:3:15: run_interval: 99ms is below the minimum 100ms"},
	{"worker: w\ncommand: [x]\nrun_interval: 367d\n",
		"w.yaml:3:15: run_interval: 367d is above the maximum 366d"},
	{"worker: w\ncommand: [x]\nbudget: {daily: 10}\n",
		"w.yaml:3:17: budget.daily: expected an amount such as $10 or 10.00 EUR, "
		"found "
		"\"10\""},
	{"worker: w\ncommand: [x]\nbudget: {daily: -5 USD}\n",
		"w.yaml:3:17: budget.daily: -5 USD is below the minimum $0.00"},
	{"worker: w\ncommand: [x]\nbudget: {total: $10/day}\n",
		"w.yaml:3:17: budget.total: expected an amount such as $10 or 10.00 EUR, "
		"found "
		"\"$10/day\""},
	{"worker: w\ncommand: [x]\nbudget: {daily: 5 EUR}\n",
		"w.yaml:3:17: budget.daily: the currency EUR is not known: the base "
		"currency is "
		"USD, others are declared under `currencies`"},
	{"worker: w\ncommand: [x]\nbudget: {daily: $0.0000000001}\n",
		"w.yaml:3:17: budget.daily: \"$0.0000000001\" has more than 9 decimals"},
	{"worker: w\ncommand: [x]\nroi: {kill: -101%}\n",
		"w.yaml:3:13: roi.kill: -101% is below the minimum -100%"},
	{"worker: w\ncommand: [x]\nroi: {min: 400%}\n",
		"w.yaml:3:12: roi.min: expected roi.kill <= roi.min <= roi.scale, found "
		"0%, 400% "
		"and 300%"},
	{"worker: w\ncommand: [x]\ninstances: {start: 3, max: 2}\n",
		"w.yaml:3:20: instances.start: 3 is not within instances.min and max, "
		"0..2"},
	{"worker: w\ncommand: [x]\ninstances: {min: 3, max: 2}\n",
		"w.yaml:3:18: instances.min: 3 is above instances.max, 2"},
	{"worker: w\ncommand: [x]\ninstances: {start: 1.5}\n",
		"w.yaml:3:20: instances.start: expected a whole number, found \"1.5\""},
	{"worker: w\ncommand: [x]\ninstances: {start: 007}\n",
		"w.yaml:3:20: instances.start: expected a whole number, found \"007\""},
	{"worker: w\ncommand: [x]\ninstances: {start: 99999999999999999999}\n",
		"w.yaml:3:20: instances.start: 99999999999999999999 is above the maximum "
		"10000"},
	{"worker: w\ncommand: [x]\ncrashes: {backoff: 5m..1s}\n",
		"w.yaml:3:20: crashes.backoff: 5m..1s begins above its end"},
	{"worker: w\ncommand: [x]\ncrashes: {backoff: 1s...5m}\n",
		"w.yaml:3:20: crashes.backoff: expected two durations such as 1s..5m, "
		"found "
		"\"1s...5m\""},
	{"worker: w\ncommand: [x]\nheartbeat: {every: 2m, timeout: 1m}\n",
		"w.yaml:3:33: heartbeat.timeout: must be longer than heartbeat.every"},
	{"worker: w\ncommand: [x]\nheartbeat: {progress: 1m}\n",
		"w.yaml:3:23: heartbeat.progress: must not be shorter than "
		"heartbeat.timeout"},
	{"worker: w\ncommand: [x]\nrun_interval: 2m\nheartbeat: {progress: 3m}\n",
		"w.yaml:4:23: heartbeat.progress: must be at least twice run_interval, "
		"as a task makes progress once a run"},
	{"worker: w\ncommand: [x]\nkind: service\nheartbeat: {progress: 3m}\n",
		"w.yaml:4:23: heartbeat.progress: needs heartbeat.every and "
		"heartbeat.timeout"},
	{"worker: w\ncommand: [x]\nready: {tcp: 80}\n",
		"w.yaml:3:14: ready.tcp: expected HOST:PORT such as 127.0.0.1:8080 or "
		"[::1]:8080, found \"80\""},
	{"worker: w\ncommand: [x]\nready: {tcp: 'localhost:65536'}\n",
		"w.yaml:3:14: ready.tcp: expected HOST:PORT such as 127.0.0.1:8080 or "
		"[::1]:8080, found \"localhost:65536\""},
	{"worker: w\ncommand: [x]\nready: {tcp: 'h:1', http: 'http://h/'}\n",
		"w.yaml:3:27: ready: expected one of tcp, http and exec, found 2"},
	{"worker: w\ncommand: [x]\nready: {every: 2s}\n",
		"w.yaml:3:16: ready.every: nothing is checked; expected tcp, http or "
		"exec beside it"},
	{"worker: w\ncommand: [x]\nready: probe\n",
		"w.yaml:3:8: ready: a probe is written as {tcp: HOST:PORT}, {http: URL} "
		"or {exec: [COMMAND]}"},
	{"worker: w\ncommand: [x]\nready: fd\n",
		"w.yaml:3:8: ready: a task is ready when its runner is; fd and notify "
		"are for kind: service"},
	{"worker: w\ncommand: [x]\nready: {exec: x}\n",
		"w.yaml:3:15: ready.exec: expected a list of words such as [python3, "
		"agent.py], found a single value"},
	{"worker: w\ncommand: [x]\nready: {exec: [x], after: 1m}\n",
		"w.yaml:3:27: ready.after: must be shorter than ready_timeout"},
	{"worker: w\ncommand: [x]\nhealth: {failures: 2}\n",
		"w.yaml:3:20: health.failures: nothing is checked; expected tcp, http or "
		"exec beside it"},
	{"worker: w\ncommand: [x]\nhealth: {http: 'ftp://h/'}\n",
		"w.yaml:3:16: health.http: expected a URL such as "
		"http://127.0.0.1:8080/healthz; \"ftp://h/\" does not begin with http:// "
		"or https://"},
	{"worker: w\ncommand: [x]\nhealth: {http: 'http://me:secret@h/'}\n",
		"w.yaml:3:16: health.http: expected a URL such as "
		"http://127.0.0.1:8080/healthz; \"http://me:secret@h/\" has a user name "
		"in it"},
	{"worker: w\ncommand: [x]\nhealth: {http: 'http://h:0/'}\n",
		"w.yaml:3:16: health.http: expected a URL such as "
		"http://127.0.0.1:8080/healthz; \"http://h:0/\" has no port number from "
		"1 to 65535 behind its colon"},
	{"worker: w\ncommand: [x]\nhealth: {http: 'http:///x'}\n",
		"w.yaml:3:16: health.http: expected a URL such as "
		"http://127.0.0.1:8080/healthz; \"http:///x\" has no host"},
	{"worker: w\ncommand: [x]\nhealth: maybe\n",
		"w.yaml:3:9: health: expected a map of settings, found a single value"},
	{"worker: w\ncommand: [x]\nready: soon\n",
		"w.yaml:3:8: ready: expected one of exec, event, fd, notify, probe, "
		"found "
		"\"soon\""},
	{"worker: w\ncommand: [x]\nheartbeat: {every: none, timeout: 1m}\n",
		"w.yaml:3:35: heartbeat.timeout: every and timeout are both none, or "
		"neither is"},
	{"worker: w\ncommand: [x]\nstop: {signal: STOP}\n",
		"w.yaml:3:16: stop.signal: expected a signal such as TERM, INT or HUP, "
		"found "
		"\"STOP\""},
	{"worker: w\ncommand: [x]\nlimits: {memory: 256}\n",
		"w.yaml:3:18: limits.memory: expected a size such as 256MiB, found "
		"\"256\""},
	{"worker: w\ncommand: [x]\nuser: a/b\n",
		"w.yaml:3:7: user: expected an account name, found \"a/b\""},
	{"worker: w\ncommand: [x]\nsecrets: [../etc/passwd]\n",
		"w.yaml:3:11: secrets: expected a name of letters, digits, _, . and -, "
		"found "
		"\"../etc/passwd\""},
	{"worker: w\ncommand: [x]\nsecrets: [a, a]\n",
		"w.yaml:3:14: secrets: a is listed twice"},
	{"worker: w\ncommand: [x]\nenv: {NOVA_WORKER: x}\n",
		"w.yaml:3:7: env.NOVA_WORKER: is set by Nova itself"},
	{"worker: w\ncommand: [x]\nenv: {'A=B': x}\n",
		"w.yaml:3:7: env.A=B: a variable's name has letters, digits and _, and "
		"no digit "
		"first"},
	{"worker: w\ncommand: [x]\nenv: {A: 1, A: 2}\n",
		"w.yaml:3:13: env.A: repeated; first on line 3"},
	{"worker: w\ncommand: [x]\nparams: {s: [a]}\n",
		"w.yaml:3:13: params.s: expected {choices: [...]} or {range: a..b}"},
	{"worker: w\ncommand: [x]\nparams: {s: {choice: [a]}}\n",
		"w.yaml:3:13: params.s: expected either `choices` or `range`\n"
		"w.yaml:3:14: params.s.choice: unknown key; did you mean \"choices\"?"},
	{"worker: w\ncommand: [x]\nparams: {s: {choices: []}}\n",
		"w.yaml:3:23: params.s: the list of choices is empty"},
	{"worker: w\ncommand: [x]\nparams: {s: {choices: [a, a]}}\n",
		"w.yaml:3:27: params.s: a choice is listed twice"},
	{"worker: w\ncommand: [x]\nparams: {s: {range: 1..x}}\n",
		"w.yaml:3:21: params.s: expected a range such as 1..10, 0.1..0.9 or "
		"30s..10m"},
	{"worker: w\ncommand: [x]\nparams: {s: {range: 9..1}}\n",
		"w.yaml:3:21: params.s: the range begins above its end"},
	{"worker: w\ncommand: [x]\nparams: {run_interval: {range: 1..2}}\n",
		"w.yaml:3:32: params.run_interval: expected a range of durations such as "
		"30s..10m"},
	{"worker: w\ncommand: [x]\nparams: {run_interval: {choices: [1s]}}\n",
		"w.yaml:3:34: params.run_interval: run_interval takes a range of "
		"durations"},
	{"worker: w\ncommand: [x]\nparams: {run_interval: {range: 2m..3m}}\n",
		"w.yaml:3:9: params.run_interval: the worker's run_interval is not "
		"within the "
		"range 2m..3m"},
	{"worker: w\ncommand: [x]\nexpected: {sale: $0}\n",
		"w.yaml:3:18: expected.sale: $0 is below the minimum $0.000000001"},
	{"worker: w\ncommand: [x]\nexpected: {roi: -101%}\n",
		"w.yaml:3:17: expected.roi: -101% is below the minimum -100%"},
	{"worker: w\ncommand: [x]\nexpected: {ramp: 59m}\n",
		"w.yaml:3:18: expected.ramp: 59m is below the minimum 1h"},
	{"worker: w\ncommand: [x]\nexpected: {sales: $1}\n",
		"w.yaml:3:12: expected.sales: unknown key; did you mean \"sale\"?"},
	{"worker: w\ncommand: [x]\nvariants: [a]\n",
		"w.yaml:3:11: variants: one is nothing to choose from: expected 2 at "
		"least"},
	{"worker: w\ncommand: [x]\nvariants: [a, b, a]\n",
		"w.yaml:3:18: variants: a is listed twice"},
	{"worker: w\ncommand: [x]\nvariants: [a, 'b c']\n",
		"w.yaml:3:15: variants: expected a name of a-z, 0-9, _, . and -, found "
		"\"b c\""},
	{"worker: w\ncommand: [x]\nvariants: [a, b, c, d, e, f, g, h, i]\n",
		"w.yaml:3:11: variants: 9 entries, at most 8 are allowed"},
	{"worker: w\ncommand: [x]\nvariants: a\n",
		"w.yaml:3:11: variants: expected a list of names such as [short, long], "
		"found a single value"},
	{"worker: w\ncommand: [x]\nautonomous: maybe\n",
		"w.yaml:3:13: autonomous: expected true or false, found \"maybe\""},
	{"worker: w\ncommand: [x]\ndescription: \"a\\eb\\u0007\"\nkind: \"\\e[31m\"\n",
		"w.yaml:4:7: kind: expected one of task, service, found \"?[31m\""},
};

START_TEST(test_worker_bad)
{
	struct fixture f;

	fixture_init(&f, "");
	fixture_worker(&f, "w.yaml", worker_bad[_i].text);
	ck_assert_int_eq(fixture_parse(&f), -EINVAL);
	ck_assert_str_eq(fixture_errors(&f), worker_bad[_i].says);
	fixture_fini(&f);
}
END_TEST

static const struct {
	const char *text;
	const char *key;
	const char *shown; /* NULL: refused, and key is what is said */
} global_rows[] = {
	{"max_daily_budget: $0", "max_daily_budget", "$0.00"},
	{"max_daily_budget: $12.50/day", "max_daily_budget", "$12.50"},
	{"currency: EUR\nmax_daily_budget: 20 EUR", "max_daily_budget", "20.00 EUR"},
	{"currency: EUR", "approval_above", "50.00 EUR"},
	{"currency: EUR\ncurrencies: {USD: 0.9 EUR}\napproval_above: $10",
		"approval_above", "9.00 EUR"},
	{"{\"currencies\": {\"EUR\": {\"rate\": \"1.08 USD\"}, \"JPY\": \"$0.0067\"}}",
		"currencies", "{EUR: $1.08, JPY: $0.0067}"},
	{"autonomous: {enabled: yes, window: 1d}", "autonomous.enabled", "true"},
	{"prices: {cpu_second: $0, table: mine.json}", "prices.table",
		"/etc/nova/mine.json"},
	{"logs: {size: 1MiB, keep: 0}", "logs.size", "1MiB"},
	{"ledger: {anchor: {file: heads}}", "ledger.anchor.file", "/etc/nova/heads"},
	{"ledger: {anchor: {command: [mail, -s, head, me@example.org]}}",
		"ledger.anchor.command",
		"[\"mail\", \"-s\", \"head\", \"me@example.org\"]"},
	{"ledger: {retention: 400d}", "ledger.retention", "400d"},
	{"ledger: {retention: none}", "ledger.retention", "none"},
	{"ledger: {anchor: {every: 90s}}", "ledger.anchor.every", "1m30s"},
	{"backup: {to: saved, every: 12h, keep: 3, gzip: true}", "backup.to",
		"/etc/nova/saved"},
	{"backup: {to: /b, every: 12h}", "backup.every", "12h"},
	{"backup: {to: /b, at: 03:00}", "backup.at", "03:00"},
	{"backup: {to: /b, at: '23:59', every: 7d}", "backup.at", "23:59"},
	{"backup: {keep: 3}", "backup.keep", "3"},
	{"backup: {gzip: true}", "backup.gzip", "true"},
	{"timezone: America/Argentina/Buenos_Aires", "timezone",
		"America/Argentina/Buenos_Aires"},
	{"engine_away: 0s\nsample: 100ms", "engine_away", "0s"},
	{"supervision: {spawn_rate: 1}", "supervision.spawn_rate", "1"},
	{"supervision: {spawn_burst: 100000}", "supervision.spawn_burst", "100000"},
	{"storm: {workers: none}", "storm.workers", "none"},
	{"storm: {workers: 2}", "storm.workers", "2"},
	{"storm: {within: 100ms}", "storm.within", "100ms"},
	{"storm: {canary: 1h}", "storm.canary", "1h"},
	{"policy: marginal", "policy", "marginal"},
	{"policy: classic", "policy", "classic"},
	{"policy: bold",
		"nova.yaml:1:9: policy: expected one of strict, marginal, classic, found "
		"\"bold\"",
		NULL},
	{"max_daily_budget: -1 USD",
		"nova.yaml:1:19: max_daily_budget: -1 USD is below the minimum $0.00",
		NULL},
	{"supervision: {spawn_rate: 0}",
		"nova.yaml:1:27: supervision.spawn_rate: 0 is below the minimum 1", NULL},
	{"supervision: {spawn_burst: 100001}",
		"nova.yaml:1:28: supervision.spawn_burst: 100001 is above the maximum "
		"100000",
		NULL},
	{"storm: {workers: 1}", "nova.yaml:1:18: storm.workers: 1 is below the minimum 2",
		NULL},
	{"storm: {workers: 1001}",
		"nova.yaml:1:18: storm.workers: 1001 is above the maximum 1000", NULL},
	{"storm: {within: 99ms}",
		"nova.yaml:1:17: storm.within: 99ms is below the minimum 100ms", NULL},
	{"storm: {canary: 2h}",
		"nova.yaml:1:17: storm.canary: 2h is above the maximum 1h", NULL},
	{"max_dayly_budget: $1",
		"nova.yaml:1:1: max_dayly_budget: unknown key; did you mean "
		"\"max_daily_budget\"?",
		NULL},
	{"currency: usd",
		"nova.yaml:1:11: currency: expected a currency code such as USD, found "
		"\"usd\"",
		NULL},
	{"currency: EUR\nmax_daily_budget: $5",
		"nova.yaml:2:19: max_daily_budget: the currency USD is not known: the "
		"base "
		"currency is EUR, others are declared under `currencies`",
		NULL},
	{"currencies: {EUR: 1.08}",
		"nova.yaml:1:19: currencies.EUR: expected what one EUR is worth, such as "
		"1.08 "
		"USD; \"1.08\" is not one",
		NULL},
	{"currencies: {EUR: 1.08 GBP}",
		"nova.yaml:1:19: currencies.EUR: expected what one EUR is worth, such as "
		"1.08 "
		"USD; \"1.08 GBP\" is not in the base currency",
		NULL},
	{"currencies: {EUR: 0 USD}",
		"nova.yaml:1:19: currencies.EUR: expected what one EUR is worth, such as "
		"1.08 "
		"USD; \"0 USD\" is not above zero",
		NULL},
	{"currencies: {USD: 1 USD}",
		"nova.yaml:1:14: currencies.USD: expected a currency code such as EUR, "
		"other "
		"than the base currency",
		NULL},
	{"currencies: {EUR: {rat: 1 USD}}",
		"nova.yaml:1:19: currencies.EUR: expected {rate: 1.08 USD} and nothing "
		"else",
		NULL},
	{"timezone: ../../etc/passwd",
		"nova.yaml:1:11: timezone: expected a time zone such as UTC or "
		"Europe/Berlin, "
		"found \"../../etc/passwd\"",
		NULL},
	{"min_roi: 400%",
		"nova.yaml:1:10: min_roi: expected kill_roi <= min_roi <= scale_roi, "
		"found 0%, "
		"400% and 300%",
		NULL},
	{"worker: w",
		"nova.yaml:1:1: worker: unknown key; known here: currency, currencies, "
		"timezone, "
		"max_daily_budget, max_hourly_budget, budget_warn, reinvest, pacing, "
		"approval_above, policy, min_roi, scale_roi, kill_roi, "
		"min_runs, "
		"run_interval, crashes, stop, groups, autonomous, anomaly, prices, "
		"ledger, backup, logs, "
		"supervision, "
		"storm, "
		"engine_away, sample, isolation, platforms, gateway, alerts",
		NULL},
	{"platforms: {strpe: {}}",
		"nova.yaml:1:13: platforms.strpe: unknown key; did you mean \"stripe\"?",
		NULL},
	{"platforms: {stripe: {base_urll: x}}",
		"nova.yaml:1:22: platforms.stripe.base_urll: unknown key; did you mean "
		"\"base_url\"?",
		NULL},
	{"platforms: {stripe: true}",
		"nova.yaml:1:21: platforms.stripe: expected a map of settings, found a "
		"single value",
		NULL},
	{"platforms: {x: {}, twitter: {}}",
		"nova.yaml:1:20: platforms.twitter: repeated; first on line 1", NULL},
	{"platforms: {stripe: {base_url: ftp://api}}",
		"nova.yaml:1:32: platforms.stripe.base_url: expected an address such as "
		"https://api.example.com, found \"ftp://api\"",
		NULL},
	{"platforms: {stripe: {base_url: 'https://user@api.stripe.com'}}",
		"nova.yaml:1:32: platforms.stripe.base_url: expected an address such as "
		"https://api.example.com, found \"https://user@api.stripe.com\"",
		NULL},
	{"platforms: {stripe: {base_url: 'https://api?x=1'}}",
		"nova.yaml:1:32: platforms.stripe.base_url: expected an address such as "
		"https://api.example.com, found \"https://api?x=1\"",
		NULL},
	{"platforms: {stripe: {base_url: 'http://[::1]:65536'}}",
		"nova.yaml:1:32: platforms.stripe.base_url: expected an address such as "
		"https://api.example.com, found \"http://[::1]:65536\"",
		NULL},
	{"platforms: {stripe: {rate: 0/s}}",
		"nova.yaml:1:28: platforms.stripe.rate: expected a rate such as 25/s, "
		"10/m or 100/h, found \"0/s\"",
		NULL},
	{"platforms: {stripe: {rate: 25/w}}",
		"nova.yaml:1:28: platforms.stripe.rate: expected a rate such as 25/s, "
		"10/m or 100/h, found \"25/w\"",
		NULL},
	{"platforms: {twitter: {prices: {post: -$1}}}",
		"nova.yaml:1:38: platforms.twitter.prices.post: expected an amount such "
		"as $0.015 or 0.02 EUR, found \"-$1\"",
		NULL},
	{"gateway: {listen: 5001}",
		"nova.yaml:1:19: gateway.listen: expected HOST:PORT such as "
		"127.0.0.1:5001, found \"5001\"",
		NULL},
	{"gateway: {listen: '0.0.0.0:5001'}",
		"nova.yaml:1:19: gateway.listen: 0.0.0.0:5001 is no loopback address: "
		"needs gateway.tls, or `insecure: true` behind a proxy that has it",
		NULL},
	{"gateway: {names: [nova.example.com, B-1]}", "gateway.names",
		"[nova.example.com, B-1]"},
	{"gateway: {}", "gateway.session", "12h"},
	{"gateway: {}", "gateway.max_streams", "64"},
	{"gateway: {names: nova.example.com}",
		"nova.yaml:1:18: gateway.names: expected a list of host names such as "
		"[nova.example.com], found a single value",
		NULL},
	{"gateway: {names: [nova.example.com, 'nova.example.com:443']}",
		"nova.yaml:1:37: gateway.names: expected a host name such as "
		"nova.example.com, without a port",
		NULL},
	{"gateway: {names: [a..b]}",
		"nova.yaml:1:19: gateway.names: expected a host name such as "
		"nova.example.com, without a port",
		NULL},
	{"gateway: {session: 59s}",
		"nova.yaml:1:20: gateway.session: 59s is below the minimum 1m", NULL},
	{"gateway: {max_streams: 0}",
		"nova.yaml:1:24: gateway.max_streams: 0 is below the minimum 1", NULL},
	{"gateway: {}", "gateway.metrics_workers", "1000"},
	{"gateway: {metrics_workers: 1}", "gateway.metrics_workers", "1"},
	{"gateway: {metrics_workers: 10000}", "gateway.metrics_workers", "10000"},
	{"gateway: {metrics_workers: 0}",
		"nova.yaml:1:28: gateway.metrics_workers: 0 is below the minimum 1",
		NULL},
	{"gateway: {metrics_workers: 10001}",
		"nova.yaml:1:28: gateway.metrics_workers: 10001 is above the maximum "
		"10000",
		NULL},
	{"gateway: {dashboard: maybe}",
		"nova.yaml:1:22: gateway.dashboard: expected true or false, found "
		"\"maybe\"",
		NULL},
	{"gateway: {open_metrics: 7}",
		"nova.yaml:1:25: gateway.open_metrics: expected true or false, found "
		"\"7\"",
		NULL},
	{"gateway: {tls: {key: a.pem}}",
		"nova.yaml:1:22: gateway.tls: needs both certificate and key", NULL},
	{"gateway: {webhooks: {shop: {prefix: 'a='}}}",
		"nova.yaml:1:28: gateway.webhooks.shop.header: expected the name of a "
		"header such as X-Signature",
		NULL},
	{"gateway: {webhooks: {shop: {heder: a, header: X-S}}}",
		"nova.yaml:1:29: gateway.webhooks.shop.heder: unknown key; did you mean "
		"\"header\"?",
		NULL},
	{"platforms: {gumroad: {agents: {SPRING: 'No Name'}}}",
		"nova.yaml:1:40: platforms.gumroad.agents: \"SPRING\": expected the name "
		"of a "
		"worker",
		NULL},
	{"platforms: {gumroad: {agents: {SPRING: nova.stripe}}}",
		"nova.yaml:1:40: platforms.gumroad.agents: \"SPRING\": expected the name "
		"of a "
		"worker",
		NULL},
	{"platforms: {gumroad: {agents: {a: w, a: v}}}",
		"nova.yaml:1:38: platforms.gumroad.agents.a: repeated; first on line 1",
		NULL},
	{"platforms: {gumroad: {agents: [a]}}",
		"nova.yaml:1:31: platforms.gumroad.agents: expected a map such as "
		"{SPRING10: "
		"seller}, found a list",
		NULL},
	{"platforms: {gumroad: {agents: {SPRING: seller, 'p==': w}}}",
		"platforms.gumroad.agents", "{\"SPRING\": seller, \"p==\": w}"},
	{"platforms: {gumroad: {window: 30d}}", "platforms.gumroad.window", "30d"},
	{"platforms: {gumroad: {window: 1h}}",
		"nova.yaml:1:31: platforms.gumroad.window: 1h is below the minimum 1d",
		NULL},
	{"groups: {nova: {}}",
		"nova.yaml:1:10: groups.nova: this name is reserved for Nova's own "
		"processes",
		NULL},
	{"logs: {size: 1B}", "nova.yaml:1:14: logs.size: 1B is below the minimum 4KiB",
		NULL},
	{"ledger: {anchor: {every: 500ms}}",
		"nova.yaml:1:26: ledger.anchor.every: 500ms is below the minimum 1s",
		NULL},
	{"backup: {at: 24:00}",
		"nova.yaml:1:14: backup.at: expected a time of day such as 03:00, found "
		"\"24:00\"",
		NULL},
	{"backup: {at: 3:00}",
		"nova.yaml:1:14: backup.at: expected a time of day such as 03:00, found "
		"\"3:00\"",
		NULL},
	{"backup: {at: '03:60'}",
		"nova.yaml:1:14: backup.at: expected a time of day such as 03:00, found "
		"\"03:60\"",
		NULL},
	{"backup: {at: 03:00, every: 12h}",
		"nova.yaml:1:14: backup.at: needs backup.every of a day or more", NULL},
	{"backup: {every: 59s}",
		"nova.yaml:1:17: backup.every: 59s is below the minimum 1m", NULL},
	{"backup: {keep: 0}", "nova.yaml:1:16: backup.keep: 0 is below the minimum 1",
		NULL},
	{"ledger: {retention: 30d}",
		"nova.yaml:1:21: ledger.retention: 30d is below the minimum 31d", NULL},
	{"ledger: {anchor: {command: []}}",
		"nova.yaml:1:28: ledger.anchor.command: the list is empty: it begins "
		"with a "
		"program",
		NULL},
	{"ledger: {anchors: x}",
		"nova.yaml:1:10: ledger.anchors: unknown key; did you mean \"anchor\"?",
		NULL},
	{"a: 1\n\tb: 2\nmax_daily_budget: x",
		"nova.yaml:2:1: not YAML: found a tab character that violates "
		"indentation, while "
		"scanning a plain scalar (from line 1)",
		NULL},
};

START_TEST(test_global)
{
	struct fixture f;

	fixture_init(&f, global_rows[_i].text);
	int rc = fixture_parse(&f);

	if (global_rows[_i].shown) {
		ck_assert_msg(rc == 0, "%s", fixture_errors(&f));
		ck_assert_str_eq(fixture_show(&f, global_rows[_i].key).value,
			global_rows[_i].shown);
	} else {
		ck_assert_int_eq(rc, -EINVAL);
		ck_assert_str_eq(fixture_errors(&f), global_rows[_i].key);
	}
	fixture_fini(&f);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("nv_conf_refusals");
	TCase *tc = tcase_create("nv_conf_refusals");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, test_worker_bad, 0, (int)NV_LEN(worker_bad));
	tcase_add_loop_test(tc, test_global, 0, (int)NV_LEN(global_rows));
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
