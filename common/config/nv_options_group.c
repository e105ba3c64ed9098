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
		.help = "For people."},
	{.key = "strategy",
		.kind = NV_OPT_WORD,
		.offset = R(strategy),
		.words = words_strategy,
		.fallback = "none",
		.help = "What the end of one child means for the others. none: a label; "
			"each worker is restarted by itself."},
	{.key = "intensity",
		.kind = NV_OPT_COUNT,
		.offset = R(intensity),
		.max = 1000,
		.fallback = "1",
		.help = "More restarts than this within `period`: the group is given "
			"up."},
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
		.help = "The group whose child it is. Default: a tree of its own."},
	{.key = "restart",
		.kind = NV_OPT_WORD,
		.offset = R(restart),
		.words = words_restart,
		.fallback = "permanent",
		.help = "Whether its parent starts it again when it was given up."},
	{.key = "auto_shutdown",
		.kind = NV_OPT_WORD,
		.offset = R(auto_shutdown),
		.words = words_auto_shutdown,
		.fallback = "never",
		.help = "Whether it ends when one, or the last, significant child has "
			"ended."},
	{.key = "significant",
		.kind = NV_OPT_BOOL,
		.offset = R(significant),
		.fallback = "false",
		.help = "Its end counts for its parent's auto_shutdown."},
	{.key = "shutdown",
		.kind = NV_OPT_DURATION,
		.flags = NV_OPT_INFINITY | NV_OPT_BRUTAL,
		.offset = R(shutdown_ms),
		.max = DAY,
		.fallback = "infinity",
		.help = "How long its parent waits for its end before it kills all "
			"of it."},
	{.key = "order",
		.kind = NV_OPT_NAMES,
		.help = "Children (workers and groups) that come first, in this order; "
			"the others follow by name."},
	{.key = "budget.hourly",
		.kind = NV_OPT_MONEY,
		.flags = NV_OPT_NONE | NV_OPT_HOURLY,
		.offset = R(budget_hourly_nano),
		.max = NV_MONEY_MAX,
		.none = -1,
		.fallback = "none",
		.help = "What its workers, and those of the groups below it, may "
			"together spend in an hour of the clock."},
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
