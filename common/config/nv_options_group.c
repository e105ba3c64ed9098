/* The table of settings of a group: see nv_options.h. */
#include "nv_options.h"

#define SEC  INT64_C(1000)
#define DAY  (INT64_C(24) * 3600 * SEC)
#define YEAR (366 * DAY)

#define R(field) offsetof(struct nv_conf_group, field)

static const char *const words_restart[] = {[NV_RESTART_PERMANENT] = "permanent",
	[NV_RESTART_TRANSIENT] = "transient",
	[NV_RESTART_TEMPORARY] = "temporary",
	NULL};
static const char *const words_strategy[] = {[NV_STRATEGY_NONE] = "none",
	[NV_STRATEGY_ONE_FOR_ONE] = "one_for_one",
	[NV_STRATEGY_ONE_FOR_ALL] = "one_for_all",
	[NV_STRATEGY_REST_FOR_ONE] = "rest_for_one",
	[NV_STRATEGY_SIMPLE_ONE_FOR_ONE] = "simple_one_for_one",
	NULL};
static const char *const words_auto_shutdown[] = {[NV_AUTO_NEVER] = "never",
	[NV_AUTO_ANY] = "any_significant",
	[NV_AUTO_ALL] = "all_significant",
	NULL};

const struct nv_option nv_options_group[] = {
	{.key = "description",
		.kind = NV_OPT_TEXT,
		.offset = R(description),
		.max = 1000,
		.help = "One sentence for people."},
	{.key = "strategy",
		.kind = NV_OPT_WORD,
		.offset = R(strategy),
		.words = words_strategy,
		.fallback = "none",
		.help = "What the end of one child means for the others. `one_for_one`: "
			"nothing. `one_for_all`: all are stopped and started again. "
			"`rest_for_one`: those after it are. `simple_one_for_one`: any "
			"number of instances of one worker, stopped all at once. `none`: "
			"the group is a label, and each of its workers is restarted by "
			"itself, as its `crashes` say."},
	{.key = "intensity",
		.kind = NV_OPT_COUNT,
		.offset = R(intensity),
		.max = 1000,
		.fallback = "1",
		.help = "More restarts than this within `period` and the group is given "
			"up: its parent restarts it, or it is halted. A worker of it "
			"whose own file says `crashes` has that backoff and limit "
			"besides."},
	{.key = "period",
		.kind = NV_OPT_DURATION,
		.offset = R(period_ms),
		.min = SEC,
		.max = YEAR,
		.fallback = "5s",
		.help = "The window in which restarts are counted; whole seconds."},
	{.key = "parent",
		.kind = NV_OPT_NAME,
		.offset = R(parent),
		.otherwise = "none, a tree of its own",
		.help = "The group whose child it is."},
	{.key = "restart",
		.kind = NV_OPT_WORD,
		.offset = R(restart),
		.words = words_restart,
		.fallback = "permanent",
		.help = "Whether its parent starts it again when it was given up. "
			"`permanent`: always. `transient`, `temporary`: never, as being "
			"given up is an orderly end."},
	{.key = "auto_shutdown",
		.kind = NV_OPT_WORD,
		.offset = R(auto_shutdown),
		.words = words_auto_shutdown,
		.fallback = "never",
		.help = "Whether it ends by itself. `any_significant`: when one "
			"significant child has ended by itself and is not restarted. "
			"`all_significant`: when the last one has. `never`: not."},
	{.key = "significant",
		.kind = NV_OPT_BOOL,
		.offset = R(significant),
		.fallback = "false",
		.help = "Its end counts for its parent's `auto_shutdown`. Needs "
			"`restart: transient` or `temporary`."},
	{.key = "shutdown",
		.kind = NV_OPT_DURATION,
		.flags = NV_OPT_INFINITY | NV_OPT_BRUTAL,
		.offset = R(shutdown_ms),
		.max = DAY,
		.fallback = "infinity",
		.help = "How long its parent waits for its end before everything of it "
			"is killed. `infinity` waits, `brutal_kill` does not."},
	{.key = "order",
		.kind = NV_OPT_NAMES,
		.max = NV_CONF_ORDER_MAX,
		.otherwise = "all by name",
		.help = "Children (workers and groups) that come first in the order of "
			"starting. The others follow by name, the instances of a worker "
			"by number; stopping is in reverse."},
	{.key = "budget.hourly",
		.kind = NV_OPT_MONEY,
		.flags = NV_OPT_NONE | NV_OPT_HOURLY,
		.offset = R(budget_hourly_nano),
		.max = NV_MONEY_MAX,
		.none = -1,
		.fallback = "none",
		.help = "What its workers, and those of the groups below it, may "
			"together spend in an hour of the clock; at most `budget.daily`. "
			"Needs no `strategy`."},
	{.key = "budget.daily",
		.kind = NV_OPT_MONEY,
		.flags = NV_OPT_NONE | NV_OPT_DAILY,
		.offset = R(budget_daily_nano),
		.max = NV_MONEY_MAX,
		.none = -1,
		.fallback = "none",
		.help = "The same for a day."},
};
const size_t nv_options_group_n = NV_LEN(nv_options_group);

_Static_assert(NV_LEN(nv_options_group) <= NV_OPTIONS_MAX, "raise NV_OPTIONS_MAX");
