"""A plain rival: a posterior for what a dollar brings, late money corrected for, and the budget
bought from the best step down. Written apart from the engine's core, with its own shortcuts,
to see what such a policy should reach at least."""

import bisect
import math

from baselines import Listener

BETAS = [(0.3, 0.1), (0.5, 0.2), (0.7, 0.3), (0.85, 0.25), (1.0, 0.15)]
EDGES = [0, 1, 3, 6, 12, 18, 24, 36, 48, 72, 96, 120, 168, 216, 264, 336, 432, 552, 720, 1080]
HALF_LIFE = 25.0
PRIOR_SALES = 0.7


def normal_cdf(z):
    return 0.5 * math.erfc(-z / math.sqrt(2))


def quantile(mean, variance, z):
    """Of a gamma (Wilson and Hilferty)."""
    if mean <= 0:
        return 0.0
    a = mean * mean / max(variance, 1e-12)
    return mean * max(0.0, 1 - 1 / (9 * a) + z * math.sqrt(1 / (9 * a))) ** 3


class Delays:
    """Share of sales that have come so many hours after their cause (reverse hazard)."""

    def __init__(self):
        self.counts = [0.0] * len(EDGES)
        prior = [normal_cdf(math.log(e / 18) / 1.3) if e else 0.0 for e in EDGES] + [1.0]
        self.prior = [8 * (b - a) for a, b in zip(prior, prior[1:])]
        self.observed = []                  # (cause ts, bin)
        self.curve = None

    def add(self, cause, hours):
        self.observed.append((cause, bisect.bisect_right(EDGES, max(0.0, hours)) - 1))

    def fit(self, now):
        size = len(EDGES)
        f, tail = [0.0] * (size + 1), 1.0
        by_bin = [[] for _ in range(size)]
        for cause, k in self.observed:
            by_bin[k].append(cause)
        f[size] = 1.0
        for k in range(size - 1, -1, -1):
            edge = EDGES[k + 1] if k + 1 < size else 1440
            old = now - edge * 3600
            n = sum(c <= old for c in by_bin[k]) + self.prior[k]
            total = sum(c <= old for j in range(k + 1) for c in by_bin[j]) + sum(self.prior[:k + 1])
            tail *= 1 - n / total if total > 0 else 1.0
            f[k] = tail
        self.curve = f
        mean = sum((f[k + 1] - f[k]) * (EDGES[k] + (EDGES[k + 1] if k + 1 < size else 1440)) / 2
                   for k in range(size))
        self.mean_hours = mean

    def share(self, hours):
        if hours <= 0:
            return 0.0
        k = bisect.bisect_right(EDGES, hours) - 1
        high = EDGES[k + 1] if k + 1 < len(EDGES) else 1440
        part = min(1.0, (hours - EDGES[k]) / (high - EDGES[k]))
        return self.curve[k] + part * (self.curve[k + 1] - self.curve[k])


class Belief:
    def __init__(self):
        self.days = {}                      # day: [cost, good cost, sales, x * cost]
        self.sizes = []
        self.refunds = 0
        self.sale_days = []
        self.moved = -10 ** 9
        self.last = None


class Posterior(Listener):
    def start(self, hello):
        super().start(hello)
        self.delays = Delays()
        self.belief = {name: Belief() for name in self.workers}
        self.pending_cost = {}
        self.ok = {}

    def figure(self, event):
        kind, w = event["type"], self.workers[event["worker"]]
        b = self.belief[w.name]
        day = (event["ts"] - self.began) // 86400
        if kind == "run":
            w.runs += 1
            self.ok[event["id"]] = event["ok"]
        elif kind == "cost":
            amount = float(event["amount"])
            w.cost += amount
            entry = b.days.setdefault(day, [0.0, 0.0, 0.0, 0.0])
            entry[0] += amount
            entry[1] += amount if self.ok.pop(event.get("run"), True) else 0.0
            entry[3] += amount * w.instances * w.declared["run_interval"] / w.interval
        elif kind == "revenue":
            cause = event.get("run_ts")
            if cause is not None:
                self.delays.add(cause, (event["ts"] - cause) / 3600)
            else:
                cause = event["ts"] - 0.7 * getattr(self.delays, "mean_hours", 30) * 3600
            cause_day = max(0, int((cause - self.began) // 86400))
            b.days.setdefault(cause_day, [0.0, 0.0, 0.0, 0.0])[2] += 1
            b.sizes.append(float(event["amount"]))
            b.sale_days.append(day)
        elif kind == "refund":
            b.refunds += 1

    def size(self, w, b):
        cut = 12 * sorted(b.sizes)[len(b.sizes) // 2] if b.sizes else 0
        return (5 * float(w.declared["typical_sale"]) + sum(min(s, cut) for s in b.sizes)) \
            / (5 + len(b.sizes))

    def judge(self, w, day, ts):
        """[(weight, beta, rate mean, rate variance)] of net dollars per dollar at x = 1."""
        b = self.belief[w.name]
        m = self.size(w, b)
        due = sum(min(1.0, max(0.0, (day - d - 5) / 30)) for d in b.sale_days)
        keep = 1 - (4 * self.refund_share + b.refunds) / (4 + due)
        b0 = PRIOR_SALES * m * keep / 1.6
        n = sum(v[2] * 0.5 ** ((day - d) / HALF_LIFE) for d, v in b.days.items())
        found = []
        for beta, prior in BETAS:
            e, log = 0.0, math.log(prior)
            for d, (cost, good, sales, volume) in b.days.items():
                if not cost:
                    continue
                age = (ts - self.began - d * 86400) / 3600 - 12
                weight = 0.5 ** ((day - d) / HALF_LIFE)
                x = volume / cost
                e += good * self.delays.share(age) * weight * x ** (beta - 1)
                log += sales * weight * (beta - 1) * math.log(x)
            a = PRIOR_SALES + n
            log -= a * math.log(b0 + e)
            mean = a / (b0 + e) * m * keep
            noise = (1 + 1 / a) * (1 + 1.5 / (5 + len(b.sizes))) - 1
            found.append((log, beta, mean, mean * mean * noise))
        top = max(f[0] for f in found)
        total = sum(math.exp(f[0] - top) for f in found)
        good = sum(v[1] for d, v in b.days.items() if day - d < 7)
        cost = sum(v[0] for d, v in b.days.items() if day - d < 7)
        self.share_good = max(0.2, good / cost) if cost else 1.0
        return [(math.exp(log - top) / total, beta, mean * self.share_good,
                 var * self.share_good ** 2) for log, beta, mean, var in found]

    def marginal(self, judged, low, high, z):
        """Quantile of what the step from low to high returns per dollar."""
        mean = second = 0.0
        for weight, beta, rate, variance in judged:
            k = (high ** beta - low ** beta) / (high - low)
            mean += weight * k * rate
            second += weight * k * k * (variance + rate * rate)
        return quantile(mean, second - mean * mean, z)

    def decide(self, ts):
        if ts == self.began:
            return [self.say("limit", usd_per_day=self.budget)]
        if (ts - self.began) % 21600:
            return []
        day = (ts - self.began) // 86400
        self.delays.fit(ts)
        sold = sum(len(b.sizes) for b in self.belief.values())
        self.refund_share = (0.5 + sum(b.refunds for b in self.belief.values())) / (10 + sold)
        steps = []
        for w in self.workers.values():
            if w.state != "killed":
                steps += self.steps(w, day, ts)
        steps.sort(key=lambda s: (-s[0], s[1]))
        left, volume, stuck = 0.97 * self.budget, {}, set()
        for value, name, low, high, cost, hurdle in steps:
            if name in stuck or value < hurdle:
                stuck.add(name)
                continue
            if cost > left:
                stuck.add(name)
                continue
            left -= cost
            volume[name] = high
        said = []
        for w in self.workers.values():
            if w.state != "killed" and not w.open:
                said += self.move(w, volume.get(w.name, 0.0), ts)
        return said

    def volumes(self, w):
        declared = w.declared
        base = declared["run_interval"]
        found = {base / i: (1, i) for i in declared["intervals"] if i >= base}
        found.update({float(n): (n, base) for n in (1, 2, 3, 4, 6, 8, 11, 16)
                      if n <= declared["max_instances"]})
        return dict(sorted(found.items()))

    def steps(self, w, day, ts):
        judged = self.judge(w, day, ts)
        base = w.per_run() * 86400 / w.declared["run_interval"]
        now = self.now(w)
        last, value, found = 0.0, math.inf, []
        for x in self.volumes(w):
            step = self.marginal(judged, last, x, 0.524 if x <= 1 else -0.253)
            if x <= now:
                step *= 1.2
            value = min(value, step)
            if x > max(1.0, 2 * now):
                break
            found.append((value, w.name, last, x, base * (x - last), 1.0 if x <= 1 else 1.15))
            last = x
        return found

    def now(self, w):
        return w.instances * w.declared["run_interval"] / w.interval if w.state == "running" else 0.0

    def move(self, w, x, ts):
        b, now = self.belief[w.name], self.now(w)
        if abs(x - now) < 1e-9 or (x > now and ts - b.moved < 86400 and now) \
                or (x < now and ts - b.moved < 43200):
            return []
        b.moved = ts
        rise = (x - now) * w.per_run() * 86400 / w.declared["run_interval"]
        extra = {"requires_approval": True} if rise > self.approval else {}
        if x == 0:
            return [self.say("pause", w)]
        if w.state == "catalog":
            return [self.say("deploy", w)]
        instances, interval = self.volumes(w)[x]
        said = []
        if interval != w.interval:
            said.append(self.say("optimize", w, param="run_interval", value=interval,
                                 **(extra if interval < w.interval else {})))
        if instances != w.instances:
            kind = "scale_up" if instances > w.instances else "scale_down"
            said.append(self.say(kind, w, instances=instances, **extra))
        if w.state == "paused":
            said.append(self.say("resume", w))
        return said
