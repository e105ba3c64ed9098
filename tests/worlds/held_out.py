"""Worlds of other shapes than those for development: other distributions of delays and sales,
other calendars, correlation, regimes. They check that a policy is sound, not that it fits;
nobody tunes to them."""

import math

from draw import Draw
from kinds import DAYS, common, fund, lognormal_delay, rhythm, scale, worker
from market import World, exponential, pool


def weibull_delays(seed):
    "Weibull delays with long shoulders, gamma-shaped sales"
    world, draw = common("weibull_delays", seed)
    for w in world.workers:
        scale_h, shape = draw.between(20, 150), draw.between(0.6, 1.8)
        w.delay = lambda d, scale_h=scale_h, shape=shape: min(d.weibull(scale_h, shape), 1440)
        w.size = lambda d, w=w: w.size_mean * d.gamma(2.0) / 2.0
    return world


def pareto_sales(seed):
    "sales with a Pareto tail: the largest is a month's revenue"
    world, draw = common("pareto_sales", seed)
    for w in world.workers:
        alpha, top = draw.between(1.4, 2.2), 60.0
        # Mean of min(top, Pareto of least value 1): the integral of its survival function.
        mean = 1 + (1 - top ** (1 - alpha)) / (alpha - 1)
        low = w.size_mean / mean
        w.size = lambda d, low=low, alpha=alpha, top=top: low * min(top, d.pareto(1.0, alpha))
    return world


def bursts(seed):
    "sales come in bursts: nothing for days, then many at once"
    world, draw = common("bursts", seed)
    for w in world.workers:
        w.burst = draw.between(1.5, 5.0)
    return world


def correlated(seed):
    "one market for all: a common tide lifts and sinks every worker"
    world, draw = common("correlated", seed)
    level, tide = 0.0, []
    for _ in range(DAYS):
        level = 0.93 * level + 0.14 * draw.normal()
        tide.append(math.exp(level))
    for w in world.workers:
        w.sales = scale(w.sales, lambda d: tide[d])
    return world


def regimes(seed):
    "each worker switches between a good and a bad state and back every few weeks"
    world, draw = common("regimes", seed)
    world.start = 1700000000                # days that begin at 22:13:20
    for w in world.workers:
        state, path = draw.chance(0.5), []
        for _ in range(DAYS):
            if draw.chance(1 / 22):
                state = not state
            path.append(1.6 if state else 0.25)
        w.sales = scale(w.sales, lambda d, path=path: path[d])
    return world


def pools(seed):
    "markets of a fixed size: linear up to a point, then nothing more at all"
    world, draw = common("pools", seed)
    for w in world.workers:
        w.saturation = pool(draw.between(1.0, 6.0)) if draw.chance(0.6) \
            else exponential(draw.between(0.8, 5.0))
    return world


def holidays(seed):
    "another week (Friday and Saturday off), paydays, two weeks of holidays"
    draw = Draw("world", "holidays", seed)
    world = common("holidays", seed)[0]
    away = draw.whole(20, 70)

    def factor(d):
        f = 0.45 if d % 7 in (4, 5) else 1.2
        f *= 1.5 if d % 30 in (0, 1, 2) else 1.0
        return f * (0.3 if away <= d < away + 12 else 1.0)
    for w in world.workers:
        w.sales = scale(w.sales, factor)
    return world


def renewals(seed):
    "customers stay: a sale is followed by others, 30 and 60 days later, that name no run"
    world, draw = common("renewals", seed)
    for w in world.workers:
        if draw.chance(0.5):
            w.renewals, w.renewal_share = 2, draw.between(0.3, 0.8)
            w.sales = scale(w.sales, lambda d: 0.7)
    return world


def fading(seed):
    "novelty wears off: good in the first weeks, then less and less"
    world, draw = common("fading", seed)
    for w in world.workers:
        if draw.chance(0.6):
            half = draw.between(12, 40)
            w.sales = scale(w.sales, lambda d, half=half: 1.6 * 2 ** (-d / half))
    return world


def late_bloomers(seed):
    "undeclared learning: poor in the first month, good in the third"
    world, draw = common("late_bloomers", seed)
    for w in world.workers:
        if draw.chance(0.5):
            middle = draw.between(20, 50)
            w.sales = scale(w.sales, lambda d, middle=middle:
                            0.35 + 1.3 / (1 + math.exp(-(d - middle) / 6)))
    return world


def office_hours(seed):
    "agents that work by day only, with outages of a common provider"
    world, draw = common("office_hours", seed)
    outages = [(b, b + draw.whole(3, 30)) for b in
               (draw.whole(0, DAYS * 24 - 40) for _ in range(6))]
    for w in world.workers:
        if draw.chance(0.7):
            first = draw.whole(5, 9)
            w.silent.update(h for h in range(DAYS * 24) if not first <= h % 24 < first + 11)
        w.hour_ok.update((h, 0.05) for b, e in outages for h in range(b, e))
    fund(world, draw, 1.2, 2.6)
    return world


def slow_people(seed):
    "approvals take days, one in three is denied, one in ten never answered"
    world, draw = common("slow_people", seed, count=8, a_day=25)
    world.answer_hours, world.denied, world.never = (30.0, 0.9), 0.33, 0.1
    fund(world, draw, 3, 6)
    return world


def invoices(seed):
    "most pay at once, the rest on invoice after weeks; lines say only what they must"
    world, draw = common("invoices", seed)
    world.terse = True
    for w in world.workers:
        later = draw.between(0.15, 0.6)
        w.delay = lambda d, later=later: \
            d.between(300, 700) if d.chance(later) else d.exponential(5)
    return world


def lumpy_costs(seed):
    "the cost of a run is as heavy-tailed as its revenue"
    world, draw = common("lumpy_costs", seed)
    for w in world.workers:
        w.cost_sigma = draw.between(0.8, 1.4)
    return world


def big_tickets(seed):
    "one sale in a month pays for everything"
    draw = Draw("world", "big_tickets", seed)
    world = World("big_tickets", seed, DAYS)
    for n in range(7):
        w = worker(draw, f"w{n:02d}", a_day=draw.between(6, 15), sale=draw.between(300, 1500), cv=0.5)
        w.delay = lognormal_delay(draw.between(40, 160), 0.9)
        world.workers.append(w)
    rhythm(world, draw, 0.1)
    fund(world, draw)
    return world


KINDS = [weibull_delays, pareto_sales, bursts, correlated, regimes, pools, holidays, renewals,
         fading, late_bloomers, office_hours, slow_people, invoices, lumpy_costs, big_tickets]
