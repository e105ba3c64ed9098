"""What is true about a worker and a world, and what a policy never sees: how much a dollar
brings at which volume on which day, when sales and refunds come, what goes wrong.

Volume x is relative: 1 is one instance at the declared run interval."""

import math


class Worker:
    """One business agent. Arrays have one entry a day; hours count from the start."""

    def __init__(self, name, days):
        self.name = name
        self.days = days
        # Declared: what hello says. Claims may be wrong.
        self.interval = 3600
        self.intervals = [1800, 3600, 7200, 14400]
        self.est_cost = 0.0
        self.typical_sale = 0.0
        self.expected_roi = 0.0
        self.ramp_days = 0
        self.variants = []
        self.max_instances = 8
        self.catalog = False
        # True.
        self.cost = [0.0] * days            # mean cost of a run, dollars
        self.sales = [0.0] * days           # mean sales of a good run at x = 1, fully ramped
        self.ok = [1.0] * days              # share of good runs
        self.refunds = [0.0] * days         # share of sales taken back, by the day of the cause
        self.hour_ok = {}                   # hour: share of good runs, where it differs
        self.hour_cost = {}                 # hour: factor on the cost
        self.silent = set()                 # hours without any run
        self.true_ramp_days = 0
        self.variant_factor = {}
        self.saturation = power(1.0)
        self.size_mean = 0.0
        self.size = None                    # draw -> dollars
        self.delay = None                   # draw -> hours from run to sale
        self.refund_delay = None            # draw -> hours from sale to refund
        self.refund_part = 1.0              # mean share of a sale that a refund takes
        self.attributed = 0.85              # share of sales that name their run
        self.burst = 0.0                    # >0: sales of a day come in bursts (variance)
        self.cost_sigma = 0.15
        self.renewals = 0                   # later sales of the same customer, 30 days apart
        self.renewal_share = 0.0

    def value(self, day):
        """What one sale caused on that day is worth in the end."""
        per_customer = sum(self.renewal_share ** n for n in range(self.renewals + 1))
        return self.size_mean * per_customer * (1 - self.refunds[day] * self.refund_part)

    def ramp(self, hours):
        """How much of its full rate a worker has after so many hours at work."""
        if not self.true_ramp_days or hours >= self.true_ramp_days * 24:
            return 1.0
        z = hours / (self.true_ramp_days * 24)
        return z * z * (3 - 2 * z)

    def good(self, day):
        """Share of good runs over the whole day."""
        special = [self.hour_ok.get(h, self.ok[day]) for h in range(day * 24, day * 24 + 24)
                   if h not in self.silent] if self.hour_ok else None
        return (sum(special) / len(special) if special else 0.0) if special is not None \
            else self.ok[day]

    def up(self, day):
        """Share of the day's hours in which it runs at all."""
        if not self.silent:
            return 1.0
        return sum(h not in self.silent for h in range(day * 24, day * 24 + 24)) / 24

    def cost_factor(self, day):
        if not self.hour_cost:
            return 1.0
        return sum(self.hour_cost.get(h, 1.0) for h in range(day * 24, day * 24 + 24)) / 24

    def runs_a_day(self):
        return 86400 / self.interval

    def spend(self, day, x):
        return x * self.runs_a_day() * self.cost[day] * self.cost_factor(day) * self.up(day)

    def earn(self, day, x, mix=None, ramp=1.0):
        """Expected net revenue caused by a day at volume x; mix defaults to the best variant."""
        if x <= 0:
            return 0.0
        return x * self.runs_a_day() * self.up(day) * self.good(day) * self.sales[day] \
            * self.mix(mix) * self.saturation(x) * ramp * self.value(day)

    def mix(self, split):
        if not self.variants:
            return 1.0
        if split is None:
            return max(self.variant_factor.values())
        return sum(self.variant_factor[v] * share for v, share in split.items())

    def volumes(self):
        """Every volume that can be set, with how: {x: (instances, interval)}."""
        found = {}
        for instances in range(1, self.max_instances + 1):
            for interval in sorted(self.intervals, key=lambda i: abs(i - self.interval)):
                found.setdefault(instances * self.interval / interval, (instances, interval))
        return dict(sorted(found.items()))

    def multiple(self, first, last, split=None):
        """Dollars back per dollar at x = 1, fully ramped, over days first..last."""
        spent = sum(self.spend(d, 1.0) for d in range(first, last + 1))
        back = sum(self.earn(d, 1.0, split) for d in range(first, last + 1))
        return back / spent if spent else 0.0

    def hopeless(self, first, last):
        """It loses money at every volume."""
        smallest = min(self.volumes())
        return sum(self.earn(d, smallest) - self.spend(d, smallest)
                   for d in range(first, last + 1)) < 0


# ---- saturation: factor on the sales of each run at volume x; 1 at x = 1 ----

def power(beta):
    return lambda x: x ** (beta - 1)


def pool(capacity):
    """A market of fixed size: linear up to capacity, nothing more above it."""
    return lambda x: min(1.0, capacity / x)


def exponential(k):
    """1 - exp(-x/k) sales: the first come easily, the last never."""
    full = 1 - math.exp(-1 / k)
    return lambda x: (1 - math.exp(-x / k)) / (x * full)


class World:
    """Everything one game needs. Drawn once from kind and seed."""

    def __init__(self, kind, seed, days=90):
        self.kind = kind
        self.seed = seed
        self.days = days
        self.start = 1767571200             # Monday 2026-01-05 00:00 UTC
        self.budget = 100.0
        self.approval_above = 50.0
        self.min_roi, self.scale_roi, self.kill_roi, self.min_runs = 150, 300, 0, 20
        self.workers = []
        self.duplicated = 0.0               # share of lines that come twice
        self.late = 0.0                     # share of lines that come late
        self.heartbeats = False
        self.terse = False                  # only the fields that every line must have
        self.answer_hours = (4.0, 0.8)      # median and sigma of a person's answer
        self.denied = 0.05
        self.never = 0.02                   # share of questions nobody answers
        self.tick_s = 3600

    def hello(self, policy=None):
        config = {"daily_budget": f"{self.budget:.2f}",
                  "approval_above": f"{self.approval_above:.2f}",
                  "min_roi": str(self.min_roi), "scale_roi": str(self.scale_roi),
                  "kill_roi": str(self.kill_roi), "min_runs": self.min_runs}
        if policy:
            config["policy"] = policy
        return {"type": "hello", "v": 1, "ts": self.start, "tick_s": self.tick_s,
                "days": self.days, "config": config,
                "workers": [declared(w) for w in self.workers]}


def declared(w):
    return {"worker": w.name, "run_interval": w.interval, "intervals": w.intervals,
            "est_cost_per_run": f"{w.est_cost:.4f}", "typical_sale": f"{w.typical_sale:.2f}",
            "expected_roi": f"{w.expected_roi:.0f}", "ramp_days": w.ramp_days,
            "variants": w.variants, "max_instances": w.max_instances, "catalog": w.catalog}
