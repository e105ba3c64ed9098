"""The worlds for development: each kind is a twist on one common market. What a kind is about
stands in its one-line documentation, which the table prints."""

import math

from draw import Draw
from market import Worker, World, power

DAYS = 90


def claim(draw, true, sigma):
    return true * math.exp(sigma * draw.normal())


def lognormal_of_mean(mean, cv):
    sigma = math.sqrt(math.log(1 + cv * cv))
    median = mean / math.sqrt(1 + cv * cv)
    return lambda draw: draw.lognormal(median, sigma)


def lognormal_delay(median, sigma):
    return lambda draw: min(draw.lognormal(median, sigma), 24 * 60)


def weeks(draw, low=5, high=35):
    """A refund some days to weeks after the sale, in hours."""
    return draw.between(low, high) * 24


def draw_multiple(draw):
    """Dollars back per dollar at x = 1: most agents are no good, few are very good."""
    low, high = draw.weighted([(0.0, 0.9), (0.9, 1.8), (1.8, 3.5), (3.5, 6.0)], [35, 25, 25, 15])
    return draw.between(low, high)


def worker(draw, name, *, multiple=None, a_day=None, sale=None, beta=None, cv=None, tempo=1.0,
           days=DAYS):
    """A worker that brings `multiple` per dollar and costs `a_day` dollars a day at x = 1;
    tempo: how large a sale is against what is usual, so how rare at the same return."""
    w = Worker(name, days)
    w.interval = draw.choice([1800, 3600, 3600, 7200])
    w.intervals = [w.interval // 2, w.interval, w.interval * 2, w.interval * 4]
    w.max_instances = draw.whole(4, 16)
    multiple = draw_multiple(draw) if multiple is None else multiple
    cost = (a_day or draw.between(3, 14)) / w.runs_a_day()
    w.size_mean = (sale or min(80.0, max(4.0, draw.lognormal(18, 0.6)))) * tempo
    w.size = lognormal_of_mean(w.size_mean, cv or draw.between(0.4, 1.5))
    refunds = draw.between(0, 0.12)
    ok = draw.between(0.93, 1.0)
    w.refund_delay = weeks
    w.refunds = [refunds] * days
    w.ok = [ok] * days
    w.cost = [cost] * days
    w.sales = [multiple * cost / (w.size_mean * (1 - refunds) * ok)] * days
    w.saturation = power(beta or draw.choice([0.35, 0.5, 0.7, 0.85, 1.0]))
    w.delay = lognormal_delay(draw.lognormal(16, 0.5), draw.between(0.8, 1.5))
    w.attributed = draw.between(0.7, 1.0)
    declare(draw, w, multiple)
    return w


def declare(draw, w, multiple, sigma=0.2):
    w.est_cost = claim(draw, w.cost[0], sigma)
    w.typical_sale = claim(draw, w.size_mean, sigma)
    w.expected_roi = max(-50.0, (claim(draw, max(multiple, 0.3), sigma + 0.2) - 1) * 100)


def common(kind, seed, count=None, **settings):
    """The market every kind begins with; weekdays matter a little everywhere."""
    draw = Draw("world", kind, seed)
    world = World(kind, seed, DAYS)
    count = count or draw.whole(6, 11)
    settings.setdefault("tempo", draw.lognormal(0.8, 0.6))
    world.workers = [worker(draw, f"w{n:02d}", **settings) for n in range(count)]
    rhythm(world, draw, 0.12)
    fund(world, draw)
    return world, draw


def fund(world, draw, low=1.2, high=2.6):
    """A budget of so many times what the fleet costs as it starts."""
    world.budget = round(sum(w.spend(0, 1.0) for w in world.workers) * draw.between(low, high), 2)


def scale(values, factor_of_day):
    return [v * factor_of_day(d) for d, v in enumerate(values)]


def rhythm(world, draw, strength):
    """Weekdays: one shape for the market, a little of its own for each worker."""
    shape = [1.0] * 5 + [1 - strength * 2, 1 - strength * 1.5]
    for w in world.workers:
        own = [max(0.05, s * (1 + strength * 0.3 * draw.normal())) for s in shape]
        mean = sum(own) / 7
        w.sales = scale(w.sales, lambda d, own=own, mean=mean: own[d % 7] / mean)


def steady(seed):
    "nothing special: losers, winners, saturation, some refunds"
    return common("steady", seed)[0]


def tiny_budget(seed):
    "the budget pays for half of the fleet as it starts"
    world, draw = common("tiny_budget", seed)
    fund(world, draw, 0.35, 0.6)
    return world


def huge_budget(seed):
    "a budget far above what the market can take; growth needs approvals"
    world, draw = common("huge_budget", seed, count=8, a_day=30)
    for w in world.workers:
        w.max_instances = 16
    fund(world, draw, 6, 12)
    return world


def many_small(seed):
    "sixty workers of under a dollar a day, hardly any sales of each"
    draw = Draw("world", "many_small", seed)
    world = World("many_small", seed, DAYS)
    for n in range(60):
        w = worker(draw, f"w{n:02d}", a_day=draw.between(0.4, 1.0), sale=draw.between(8, 25))
        w.interval = draw.choice([7200, 14400])
        w.intervals = [w.interval // 2, w.interval, w.interval * 2, w.interval * 4]
        factor = w.interval / 3600
        w.cost = [0.7 * factor / 24] * DAYS
        w.sales = [draw_multiple(draw) * w.cost[0] / w.size_mean] * DAYS
        declare(draw, w, 1.5, 0.3)
        world.workers.append(w)
    rhythm(world, draw, 0.12)
    fund(world, draw)
    return world


def whale(seed):
    "one worker could earn more than all others together, if it is grown"
    draw = Draw("world", "whale", seed)
    world = World("whale", seed, DAYS)
    big = draw.whole(0, 8)
    for n in range(9):
        world.workers.append(
            worker(draw, f"w{n:02d}", multiple=draw.between(3, 5), beta=1.0, a_day=draw.between(3, 5))
            if n == big else worker(draw, f"w{n:02d}", multiple=draw.between(0.4, 1.6)))
    world.workers[big].max_instances = 16
    rhythm(world, draw, 0.12)
    fund(world, draw)
    return world


def losers(seed):
    "nobody earns what he costs"
    draw = Draw("world", "losers", seed)
    world = World("losers", seed, DAYS)
    world.workers = [worker(draw, f"w{n:02d}", multiple=draw.between(0, 0.7),
                            beta=draw.choice([0.85, 1.0])) for n in range(8)]
    rhythm(world, draw, 0.12)
    fund(world, draw)
    return world


def winners(seed):
    "everybody earns, money is short"
    draw = Draw("world", "winners", seed)
    world = World("winners", seed, DAYS)
    world.workers = [worker(draw, f"w{n:02d}", multiple=draw.between(2.2, 6)) for n in range(9)]
    rhythm(world, draw, 0.12)
    fund(world, draw, 1.0, 1.8)
    return world


def slow_starters(seed):
    "declared ramp-ups of two to four weeks before the full rate"
    world, draw = common("slow_starters", seed)
    for w in world.workers:
        if draw.chance(0.7):
            w.true_ramp_days = draw.whole(10, 28)
            w.ramp_days = max(1, round(w.true_ramp_days * draw.between(0.8, 1.25)))
    return world


def long_delays(seed):
    "sales come three to eight days after the cost that caused them"
    world, draw = common("long_delays", seed)
    for w in world.workers:
        w.delay = lognormal_delay(draw.between(70, 190), draw.between(0.7, 1.2))
    return world


def heavy_tail(seed):
    "a few sales are most of the revenue"
    return common("heavy_tail", seed, cv=3.0)[0]


def refunds(seed):
    "some workers' customers want a third or half of the money back, weeks later"
    world, draw = common("refunds", seed)
    for w in world.workers:
        if draw.chance(0.5):
            w.refunds = [draw.between(0.25, 0.55)] * DAYS
            w.refund_part = 0.85
    return world


def fraud(seed):
    "for ten days a worker sells three times as much; nearly all of it is charged back"
    world, draw = common("fraud", seed)
    for w in world.workers:
        if draw.chance(0.35):
            begin, length = draw.whole(10, 60), draw.whole(6, 12)
            for d in range(begin, min(DAYS, begin + length)):
                w.sales[d] *= 4
                w.refunds[d] = 0.9
            w.refund_delay = lambda d: weeks(d, 8, 30)
    return world


def weekdays(seed):
    "on weekends next to nothing is sold"
    draw = Draw("world", "weekdays", seed)
    world = common("weekdays", seed)[0]
    rhythm(world, draw, 0.4)
    return world


def drift(seed):
    "rates wander: what was good in the first month may be bad in the third"
    world, draw = common("drift", seed)
    for w in world.workers:
        level, path = 0.0, []
        for _ in range(DAYS):
            level += 0.06 * draw.normal()
            path.append(math.exp(max(-2.5, min(1.2, level))))
        w.sales = scale(w.sales, lambda d, path=path: path[d])
    return world


def crash(seed):
    "on one day half of the workers lose most of their market; some recover"
    world, draw = common("crash", seed)
    day = draw.whole(25, 60)
    for w in world.workers:
        if draw.chance(0.5):
            back = day + draw.whole(12, 25) if draw.chance(0.35) else DAYS
            depth = draw.between(0.05, 0.35)
            w.sales = scale(w.sales, lambda d, back=back, depth=depth:
                            depth if day <= d < back else 1.0)
    return world


def seasonal(seed):
    "slow waves of 25 to 60 days, different for every worker"
    world, draw = common("seasonal", seed)
    for w in world.workers:
        period, phase = draw.between(25, 60), draw.between(0, 2 * math.pi)
        height = draw.between(0.3, 0.7)
        w.sales = scale(w.sales, lambda d, period=period, phase=phase, height=height:
                        1 + height * math.sin(2 * math.pi * d / period + phase))
    return world


def flaky(seed):
    "many runs fail, and there are outages in which all of them do"
    world, draw = common("flaky", seed)
    for w in world.workers:
        if draw.chance(0.6):
            w.ok = [draw.between(0.45, 0.9)] * DAYS
        for _ in range(draw.whole(0, 5)):
            begin = draw.whole(0, DAYS * 24 - 1)
            for h in range(begin, min(DAYS * 24, begin + draw.whole(6, 72))):
                w.hour_ok[h] = 0.02
    return world


def crashes(seed):
    "workers that fall over: hours to days of silence, or of nothing but failed runs"
    world, draw = common("crashes", seed)
    for w in world.workers:
        for _ in range(draw.whole(0, 4)):
            begin = draw.whole(0, DAYS * 24 - 1)
            hours = range(begin, min(DAYS * 24, begin + draw.whole(4, 96)))
            if draw.chance(0.5):
                w.silent.update(hours)
            else:
                w.hour_ok.update((h, 0.0) for h in hours)
    return world


def cost_spikes(seed):
    "runaway runs: for hours or days a run costs four to twelve times as much"
    world, draw = common("cost_spikes", seed)
    for w in world.workers:
        for _ in range(draw.whole(0, 4)):
            begin, factor = draw.whole(24, DAYS * 24 - 1), draw.between(4, 12)
            for h in range(begin, min(DAYS * 24, begin + draw.whole(3, 60))):
                w.hour_cost[h] = factor
    return world


def price_change(seed):
    "a vendor changes its prices for good: twice as dear, or half as much"
    world, draw = common("price_change", seed)
    for w in world.workers:
        if draw.chance(0.6):
            day, factor = draw.whole(15, 65), draw.choice([0.5, 0.6, 1.6, 2.0, 2.5])
            w.cost = scale(w.cost, lambda d, day=day, factor=factor: factor if d >= day else 1.0)
    return world


def variants(seed):
    "two to four variants of each worker, one clearly better"
    world, draw = common("variants", seed)
    for w in world.workers:
        w.variants = ["a", "b", "c", "d"][:draw.whole(2, 4)]
        factors = {v: draw.lognormal(1.0, 0.5) for v in w.variants}
        mean = sum(factors.values()) / len(factors)
        w.variant_factor = {v: f / mean for v, f in factors.items()}
    return world


def messy(seed):
    "lines twice, lines hours late, half of the sales without their run"
    world, draw = common("messy", seed)
    world.duplicated, world.late, world.heartbeats = 0.05, 0.08, True
    for w in world.workers:
        w.attributed = draw.between(0.0, 0.7)
    return world


def wild_claims(seed):
    "declared costs, sales and returns are off by a factor of three and more"
    world, draw = common("wild_claims", seed)
    for w in world.workers:
        multiple = w.multiple(0, DAYS - 1)
        declare(draw, w, multiple, 1.0)
        w.expected_roi = draw.between(100, 2000)
    return world


def catalogue(seed):
    "three workers run, a dozen wait to be deployed; some of those are better"
    world, draw = common("catalogue", seed, count=15)
    for n, w in enumerate(world.workers):
        if n >= 3:
            w.catalog = True
            w.ramp_days = w.true_ramp_days = draw.choice([0, 0, 7])
    fund(world, draw, 0.6, 1.1)
    return world


def saturated(seed):
    "small markets: twice the volume brings hardly more"
    draw = Draw("world", "saturated", seed)
    world = World("saturated", seed, DAYS)
    world.workers = [worker(draw, f"w{n:02d}", beta=draw.choice([0.2, 0.3, 0.4, 0.5]))
                     for n in range(9)]
    rhythm(world, draw, 0.12)
    fund(world, draw, 1.5, 3)
    return world


KINDS = [steady, tiny_budget, huge_budget, many_small, whale, losers, winners, slow_starters,
         long_delays, heavy_tail, refunds, fraud, weekdays, drift, crash, seasonal, flaky, crashes,
         cost_spikes, price_change, variants, messy, wild_claims, catalogue, saturated]
