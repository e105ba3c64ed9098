"""Policies to compare with. All but the oracle know only what the interface says, and run
as programs too (tests/worlds/baseline)."""

import json

import planner


class Figures:
    """What one worker has done, as reported."""

    def __init__(self, declared):
        self.declared = declared
        self.name = declared["worker"]
        self.state = "catalog" if declared["catalog"] else "running"
        self.instances = 1
        self.interval = declared["run_interval"]
        self.runs = 0
        self.cost = 0.0
        self.revenue = 0.0
        self.days = {}                      # day: [runs, cost, revenue]
        self.open = False                   # a decision that is not answered yet
        self.quiet_until = 0                # runs before the next decision

    def add(self, day, runs, cost, revenue):
        self.runs += runs
        self.cost += cost
        self.revenue += revenue
        entry = self.days.setdefault(day, [0, 0.0, 0.0])
        entry[0] += runs
        entry[1] += cost
        entry[2] += revenue

    def per_run(self):
        return self.cost / self.runs if self.runs else float(self.declared["est_cost_per_run"])

    def a_day(self, instances=None):
        return self.per_run() * 86400 / self.interval * (instances or self.instances)


class Listener:
    """Keeps figures; a policy overrides decide()."""

    def start(self, hello):
        self.config = hello["config"]
        self.budget = float(self.config["daily_budget"])
        self.approval = float(self.config["approval_above"])
        self.began = hello["ts"]
        self.workers = {w["worker"]: Figures(w) for w in hello["workers"]}
        self.seen = set()
        self.sequence = 0
        self.asked = {}
        self.said = {}

    def tick(self, lines, ts):
        for line in lines:
            self.hear(json.loads(line))
        return self.decide(ts)

    def end(self):
        pass

    def hear(self, event):
        kind = event["type"]
        if kind == "ack":
            self.answered(event)
        elif kind == "approval":
            if not event["granted"] and event["decision"] in self.asked:
                self.asked.pop(event["decision"]).open = False
        elif event["id"] not in self.seen:
            self.seen.add(event["id"])
            self.figure(event)

    def figure(self, event):
        kind, w = event["type"], self.workers[event["worker"]]
        day = (event["ts"] - self.began) // 86400
        if kind == "run":
            w.add(day, 1, 0.0, 0.0)
        elif kind == "cost":
            w.add(day, 0, float(event["amount"]), 0.0)
        elif kind == "revenue":
            w.add(day, 0, 0.0, float(event["amount"]))
        elif kind == "refund":
            w.add(day, 0, 0.0, -float(event["amount"]))

    def answered(self, event):
        w = self.asked.pop(event["decision"], None)
        said = self.said.pop(event["decision"], {})
        if w:
            w.open = False
        if not event["applied"]:
            return
        if "state" in event:
            w = self.workers[event["worker"]]
            w.state, w.instances = event["state"], event["instances"]
            w.interval = event["run_interval"]
        elif w:
            self.done(w, said)

    def done(self, w, said):
        """An ack that says nothing of the worker: it is as was asked for."""
        w.state = {"pause": "paused", "kill": "killed", "resume": "running",
                   "deploy": "running"}.get(said["type"], w.state)
        w.instances = said.get("instances", w.instances)
        if said.get("param") == "run_interval":
            w.interval = said["value"]

    def say(self, kind, w=None, **fields):
        self.sequence += 1
        decision = {"id": f"d{self.sequence}", "type": kind, "worker": w.name if w else "*", **fields}
        if w and kind != "limit":
            w.open = True
            self.asked[decision["id"]] = w
            self.said[decision["id"]] = decision
        return decision

    def decide(self, ts):
        return []


class Nothing(Listener):
    """Lets everything run as it was started."""

    def tick(self, lines, ts):
        return []


class Documented(Listener):
    """The original's documented rule: from 20 runs on, lifetime ROI below 0 kills, above 300
    doubles if today's decisions leave budget for it; asks above $50 a day."""

    def roi(self, w, day):
        return (w.revenue - w.cost) / w.cost * 100 if w.cost else None

    def decide(self, ts):
        day = (ts - self.began) // 86400
        if not (ts - self.began) % 86400:
            self.decided = 0.0
        said = []
        for w in self.workers.values():
            if w.state != "running" or w.open or w.runs < max(20, w.quiet_until):
                continue
            roi = self.roi(w, day)
            if roi is None:
                continue
            if roi < float(self.config["kill_roi"]):
                said.append(self.say("kill", w))
            elif roi >= float(self.config["scale_roi"]):
                said += self.grow(w)
        return said

    def grow(self, w):
        wanted = min(w.instances * 2, w.declared["max_instances"])
        rise = w.a_day(wanted) - w.a_day()
        if wanted == w.instances or self.decided + rise > self.budget:
            return []
        self.decided += rise
        w.quiet_until = w.runs + 20
        extra = {"requires_approval": True} if rise > self.approval else {}
        return [self.say("scale_up", w, instances=wanted, **extra)]


class Window(Documented):
    """The same on the last 7 days instead of all time."""

    def roi(self, w, day):
        recent = [w.days[d] for d in range(day - 7, day + 1) if d in w.days]
        if sum(r[0] for r in recent) < 20:
            return None
        cost = sum(r[1] for r in recent)
        return (sum(r[2] for r in recent) - cost) / cost * 100 if cost else None


class Equal(Listener):
    """Everybody gets the same share of the budget, whatever he brings; a limit holds it."""

    def decide(self, ts):
        if ts != self.began:
            return []
        said = [self.say("limit", usd_per_day=self.budget)]
        share = self.budget / max(1, len(self.workers))
        for w in self.workers.values():
            if w.state == "catalog":
                said.append(self.say("deploy", w))
            said.append(self.say("limit", w, usd_per_day=share))
            wanted = min(w.declared["max_instances"], int(share / max(1e-9, w.a_day(1))))
            if wanted > 1:
                rise = w.a_day(wanted) - w.a_day(1)
                extra = {"requires_approval": True} if rise > self.approval else {}
                said.append(self.say("scale_up", w, instances=wanted, **extra))
        return said


class Oracle(Listener):
    """Knows every parameter: carries out the planner's plan of each day through the interface,
    in whole settings, with approvals. What it misses of 1.0 is what the interface costs."""

    def __init__(self, world):
        self.world = world

    def start(self, hello):
        super().start(hello)
        self.plans = planner.plans(self.world)
        self.since = {}
        self.split = {}
        self.unasked = {}

    def tick(self, lines, ts):
        for line in lines:
            if line.startswith(('{"type": "a', '{"type":"a')):
                self.hear(json.loads(line))
        day = (ts - self.began) // 86400
        if day >= self.world.days:
            return []
        said = []
        if ts == self.began:
            said.append(self.say("limit", usd_per_day=self.budget))
        if (ts - self.began) % 86400 == 0:
            self.target = self.whole(day)
        for w in self.world.workers:
            f = self.workers[w.name]
            if not f.open:
                said += self.move(f, w, self.target.get(w.name), day)
                self.since[w.name] = ts
            elif ts - self.since[w.name] > 48 * 3600:
                of = next(key for key, waits in self.asked.items() if waits is f)
                said.append({**self.say("cancel"), "worker": w.name, "of": of})
        return said

    def whole(self, day):
        """The plan in settings that exist, never above the budget; what is left goes to the
        step that brings most."""
        plan = self.plans[day]
        chosen = {}
        spent = 0.0
        options = {w.name: list(w.volumes()) for w in self.world.workers}
        for w in self.world.workers:
            fit = [x for x in options[w.name] if x <= plan.volume.get(w.name, 0.0) + 1e-9]
            if fit:
                chosen[w.name] = fit[-1]
                spent += w.spend(day, fit[-1])
        while True:
            best = None
            for w in self.world.workers:
                if w.name not in plan.volume:
                    continue
                now = chosen.get(w.name, 0.0)
                for x in options[w.name]:
                    cost = w.spend(day, x) - w.spend(day, now)
                    if x <= now or spent + cost > self.budget:
                        continue
                    gain = w.earn(day, x) - w.earn(day, now) - cost
                    if gain > 0 and (best is None or gain / cost > best[0]):
                        best = (gain / cost, w.name, x, cost)
            if not best:
                return chosen
            chosen[best[1]] = best[2]
            spent += best[3]

    def move(self, f, w, x, day):
        if x is None:
            return [self.say("pause", f)] if f.state == "running" else []
        if f.state == "catalog":
            return [self.say("deploy", f)]
        if w.variants and w.name not in self.split:
            self.split[w.name] = max(w.variants, key=w.variant_factor.get)
            return [self.say("optimize", f, param="variant_split",
                             value={self.split[w.name]: 1.0})]
        instances, interval = w.volumes()[x]
        paused = f.state == "paused"
        # Fewer instances before a shorter interval, so that nothing rises on the way down.
        if instances < f.instances:
            return [self.say("scale_down", f, instances=instances)]
        if interval != f.interval:
            extra = self.rise(f, w, 0 if paused else f.instances, interval, day)
            return [self.say("optimize", f, param="run_interval", value=interval, **extra)]
        if instances > f.instances:
            extra = self.rise(f, w, 0 if paused else instances, interval, day)
            return [self.say("scale_up", f, instances=instances, **extra)]
        return [self.say("resume", f, **self.rise(f, w, instances, interval, day))] if paused else []

    def rise(self, f, w, instances, interval, day):
        """Asks when this step, or all that were not asked about since yesterday, cost much."""
        now = f.instances * w.interval / f.interval if f.state == "running" else 0.0
        rise = w.spend(day, instances * w.interval / interval) - w.spend(day, now)
        recent = self.unasked.setdefault(w.name, {})
        for old in [d for d in recent if d < day - 1]:
            del recent[old]
        if rise > 0 and rise + sum(recent.values()) > self.approval:
            return {"requires_approval": True}
        recent[day] = recent.get(day, 0.0) + max(0.0, rise)
        return {}


class Greedy(Listener):
    """A simple honest rival: shrunken recent return for each worker, once a day the budget
    filled from the best down; no model of delays, saturation or refunds."""

    def start(self, hello):
        super().start(hello)
        self.paused_on = {}

    def guess(self, w, day):
        cost = back = 0.0
        for d, (_, c, r) in w.days.items():
            weight = 0.5 ** ((day - d) / 21)
            cost += weight * c * (0.5 if day - d < 2 else 1.0)
            back += weight * r
        prior = 3 * float(w.declared["typical_sale"])
        return (1.5 * prior + back) / (prior + cost)

    def decide(self, ts):
        if ts == self.began:
            return [self.say("limit", usd_per_day=self.budget)]
        if (ts - self.began) % 86400:
            return []
        day = (ts - self.began) // 86400
        said, left = [], self.budget * 0.97
        for w in sorted(self.workers.values(), key=lambda w: (-self.guess(w, day), w.name)):
            if w.open or w.state == "killed":
                left -= w.a_day() if w.state == "running" else 0
                continue
            guess = self.guess(w, day)
            wanted = w.instances
            if guess > 2.0 and day >= 7 and day % 2 == 0:
                wanted = min(w.instances + max(1, w.instances // 2), w.declared["max_instances"])
            elif guess < 1.3 and w.instances > 1:
                wanted = max(1, w.instances // 2)
            while wanted > 1 and w.a_day(wanted) > left:
                wanted -= 1
            said += self.move(w, guess, wanted, left, day)
            left -= w.a_day(wanted) if guess >= 0.85 else 0
        return said

    def move(self, w, guess, wanted, left, day):
        if guess < 0.85 or w.a_day(wanted) > left:
            if w.state == "running":
                self.paused_on[w.name] = day
                return [self.say("pause", w)]
            return []
        rise = w.a_day(wanted) - (w.a_day() if w.state == "running" else 0)
        extra = {"requires_approval": True} if rise > self.approval else {}
        if w.state == "catalog":
            return [self.say("deploy", w, **extra)]
        if w.state == "paused":
            return [self.say("resume", w, **extra)]
        if wanted != w.instances:
            kind = "scale_up" if wanted > w.instances else "scale_down"
            return [self.say(kind, w, instances=wanted, **(extra if kind == "scale_up" else {}))]
        return []


BY_NAME = {"nothing": Nothing, "documented": Documented, "window": Window, "equal": Equal,
           "greedy": Greedy}
