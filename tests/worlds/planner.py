"""The all-knowing planner: what could have been earned with the same budget by somebody who
knows every parameter of every day, but not luck.

Each day the budget goes where the next dollar returns most. A worker's revenue over its
volume is made concave first (a day can be split between two settings), so buying the steps
of all workers by falling return is the optimum of the day. A ramp-up must be paid for by
holding at least the smallest volume until it is over; which workers that is worth is found
by adding, one after the other, the one that raises the profit of the whole game most."""

import functools


def envelope(points):
    """Upper concave hull of (cost, revenue, x) that starts at nothing."""
    hull = [(0.0, 0.0, 0.0)]
    for point in sorted(points):
        if point[0] <= hull[-1][0]:
            if point[1] <= hull[-1][1]:
                continue
            hull.pop()
        while len(hull) > 1 and below(hull[-2], hull[-1], point):
            hull.pop()
        hull.append(point)
    return hull


def below(a, b, c):
    """b lies on or below the line from a to c."""
    return (c[1] - a[1]) * (b[0] - a[0]) >= (b[1] - a[1]) * (c[0] - a[0])


class Plan:
    """One day: volumes by worker, what they cost and bring, what the last dollar returned."""

    def __init__(self):
        self.volume = {}
        self.cost = 0.0
        self.revenue = 0.0
        self.price = 1.0


class Offer:
    """What one worker offers on one day: what must be taken (in a ramp-up), then steps
    (return, cost, revenue, name, from x, to x) of falling return, each above 1."""

    def __init__(self, worker, day, volumes, ramping):
        ramp = worker.ramp(day * 24 + 12)
        points = [(worker.spend(day, x), worker.earn(day, x, ramp=ramp), x) for x in volumes]
        self.base = (0.0, 0.0, 0.0)
        if ramping:
            self.base = points[0]
            points = [(c - self.base[0], r - self.base[1], x) for c, r, x in points[1:]]
        self.steps = []
        hull = envelope(points)
        for (c0, r0, x0), (c1, r1, x1) in zip(hull, hull[1:]):
            if r1 - r0 > c1 - c0:
                rate = (r1 - r0) / (c1 - c0) if c1 > c0 else float("inf")
                self.steps.append((-rate, worker.name, x0, x1, c1 - c0, r1 - r0))


def allocate(budget, offers):
    plan = Plan()
    steps = []
    for name, offer in offers:
        plan.cost += offer.base[0]
        plan.revenue += offer.base[1]
        if offer.base[2]:
            plan.volume[name] = offer.base[2]
        steps += offer.steps
    steps.sort()
    left = budget - plan.cost
    for rate, name, low, high, cost, back in steps:
        if left <= 0:
            plan.price = -rate
            break
        part = min(1.0, left / cost) if cost > 0 else 1.0
        plan.cost += part * cost
        plan.revenue += part * back
        plan.volume[name] = high if part == 1.0 else max(low, plan.volume.get(name, 0.0))
        left -= part * cost
    return plan


def every(worker, world):
    return sorted(worker.volumes())


def proven(worker, world):
    """Volumes the strict mode may reach: each doubling above 1 needs an average return above
    scale_roi at the volume before it, over the whole game."""
    top, volumes = 1.0, sorted(worker.volumes())
    days = range(worker.true_ramp_days, world.days)
    while top < volumes[-1]:
        cost = sum(worker.spend(d, top) for d in days)
        if sum(worker.earn(d, top) for d in days) <= cost * (1 + world.scale_roi / 100):
            break
        top *= 2
    return [x for x in volumes if x <= top]


class Planner:
    def __init__(self, world, volumes_of=every):
        self.world = world
        self.days = range(world.days)
        self.offers = {}
        for w in world.workers:
            volumes = volumes_of(w, world)
            self.offers[w.name] = [Offer(w, d, volumes, d < w.true_ramp_days) for d in self.days]

    def plans(self, names):
        return [allocate(self.world.budget, [(n, self.offers[n][d]) for n in names])
                for d in self.days]

    def profit(self, names):
        return sum(p.revenue - p.cost for p in self.plans(names))

    def best(self):
        names = [w.name for w in self.world.workers if not w.true_ramp_days]
        others = [w.name for w in self.world.workers if w.true_ramp_days]
        profit = self.profit(names)
        while others:
            gain, name = max((self.profit([*names, n]), n) for n in others)
            if gain <= profit:
                break
            profit = gain
            names.append(name)
            others.remove(name)
        return self.plans(names)


@functools.lru_cache(maxsize=2)
def plans(world):
    """One Plan a day."""
    return Planner(world).best()


def ceiling(world):
    """The share of the profit that is left to who grows only what returns above scale_roi."""
    limited = sum(p.revenue - p.cost for p in Planner(world, proven).best())
    return limited / max(1e-9, profit(world)) if profit(world) > 0 else 1.0


def profit(world):
    return sum(p.revenue - p.cost for p in plans(world))
