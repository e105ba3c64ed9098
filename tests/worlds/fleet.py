"""A simulated fleet: runs workers hour by hour as a policy wants them, enforces what the real
fleet enforces, says only what the replay interface says, and keeps the judge's books.

Costs are counted in whole millionths of a dollar. Profit is judged by what each run is worth
on average (all its later sales and refunds, also those after the last day), so that the luck
of single sales is in what a policy sees but not in its score."""

import bisect
import json
import math

MICRO = 1_000_000
REDUCING = ("pause", "kill", "scale_down", "limit", "cancel")


class Standing:
    """What the fleet knows of one worker."""

    def __init__(self, worker, draw):
        self.worker = worker
        self.draw = draw
        self.state = "catalog" if worker.catalog else "running"
        self.instances = 1
        self.interval = worker.interval
        self.split = {v: 1 / len(worker.variants) for v in worker.variants}
        self.due = draw.random()
        self.hours = 0                      # at work, for the ramp
        self.spent_today = 0
        self.limit = None
        self.recent = []                    # costs of the last 50 runs
        self.ordered = []
        self.counter = 0
        self.killed_on = None
        self.spent = 0
        self.value = 0.0
        self.burst_day, self.burst_now = -1, 1.0

    def volume(self):
        return self.instances * self.worker.interval / self.interval

    def reserve(self):
        """95th percentile of the last 50 runs, as the real gate; the claim before that."""
        if not self.ordered:
            return int(self.worker.est_cost * MICRO)
        return self.ordered[min(len(self.ordered) - 1, int(len(self.ordered) * 0.95))]

    def note_cost(self, amount):
        self.recent.append(amount)
        bisect.insort(self.ordered, amount)
        if len(self.recent) > 50:
            old = self.recent.pop(0)
            del self.ordered[bisect.bisect_left(self.ordered, old)]

    def run_cost(self, day):
        """Dollars: the lower of what runs cost lately and what they truly cost."""
        true = self.worker.cost[day]
        if not self.recent:
            return min(true, self.worker.est_cost)
        return min(true, sum(self.recent) / len(self.recent) / MICRO)


class Judge:
    """What the game was like."""

    def __init__(self, world):
        self.world = world
        self.spend_days = [0] * world.days
        self.in_flight = [0] * world.days   # what crossed the budget without being foreseen
        self.value_days = [0.0] * world.days
        self.booked = 0                     # cents, realised: sales less refunds within the days
        self.violations = []
        self.false_kills = []
        self.kills = 0
        self.regretted_kills = 0
        self.missed_kills = 0
        self.asked = 0
        self.decisions = 0
        self.unfit = 0
        self.refused_runs = 0
        self.slowest_s = 0.0

    def wrong(self, what):
        if len(self.violations) < 100:
            self.violations.append(what)

    def spent(self):
        return sum(self.spend_days) / MICRO

    def profit(self):
        """What was spent above a day's budget earns nothing: it was not there to be spent."""
        cap = self.world.budget * MICRO
        value = sum(v * min(1.0, cap / s) if s else v
                    for v, s in zip(self.value_days, self.spend_days))
        return value - self.spent()

    def over_budget(self):
        """[(day, dollars above the budget, dollars of it in flight)]"""
        cap = round(self.world.budget * MICRO)
        return [(d, (s - cap) / MICRO, self.in_flight[d] / MICRO)
                for d, s in enumerate(self.spend_days) if s > cap]


class Fleet:
    def __init__(self, world, draw_of):
        self.world = world
        self.judge = Judge(world)
        self.hours = world.days * 24
        self.due = [[] for _ in range(self.hours + 1)]
        self.standing = {w.name: Standing(w, draw_of(w.name)) for w in world.workers}
        self.order = list(self.standing.values())
        self.draw = draw_of("fleet")
        self.person = draw_of("person")
        self.limit = None
        self.spent_today = 0
        self.waiting = {}                   # decision id: (hour of the answer or None, granted, it)
        self.granted = []                   # to be done after the tick unless cancelled
        self.seen = set()
        self.unasked = []                   # (hour, worker, rise) that needed no approval
        self.held = {}                      # highest volume held before, by worker
        self.sequence = 0
        self.answers = []                   # lines that answer decisions, said next hour

    # ---- saying ----

    def say(self, ts, line):
        """A line of the hour that ts lies in; sometimes later, sometimes twice."""
        world = self.world
        hour = (ts - world.start) // 3600
        if world.late and self.draw.chance(world.late):
            hour += 1 + int(self.draw.exponential(8))
        if hour < self.hours:
            self.sequence += 1
            self.due[hour].append((ts, self.sequence, line))
        if world.duplicated and self.draw.chance(world.duplicated):
            hour += self.draw.whole(0, 30)
            if hour < self.hours:
                self.sequence += 1
                self.due[hour].append((ts, self.sequence, line))

    def lines(self, hour):
        """All lines of an hour, in order of time as far as they are not late."""
        said = sorted(self.due[hour])
        self.due[hour] = None
        answers, self.answers = self.answers, []
        return answers + [line for _, _, line in said]

    # ---- running ----

    def work(self, hour):
        """One hour of the whole fleet. Who comes first changes every hour, so that a limit
        does not always hit the same."""
        if hour % 24 == 0:
            self.spent_today = 0
            for s in self.order:
                s.spent_today = 0
        first = hour % len(self.order) if self.order else 0
        for s in self.order[first:] + self.order[:first]:
            if s.state == "running" and hour not in s.worker.silent:
                self.work_one(s, hour)

    def work_one(self, s, hour):
        w, day, draw = s.worker, hour // 24, s.draw
        random = draw.random
        s.due += s.instances * 3600 / s.interval
        runs = int(s.due)
        s.due -= runs
        if self.world.heartbeats:
            s.counter += 1
            self.say(self.world.start + hour * 3600 + 1,
                     f'{{"type":"heartbeat","ts":{self.world.start + hour * 3600 + 1},'
                     f'"worker":"{w.name}","id":"{w.name}.h{s.counter}"}}')
        ok_share = w.hour_ok.get(hour, w.ok[day])
        mean = w.cost[day] * w.hour_cost.get(hour, 1.0) * MICRO
        begin = self.world.start + hour * 3600
        step = 3600 / max(runs, 1)
        good = []
        for i in range(runs):
            if not self.gate(s):
                continue
            # Of mean 1; a heavy tail only where the world has one.
            if w.cost_sigma > 0.3:
                factor = math.exp(w.cost_sigma * draw.normal() - w.cost_sigma ** 2 / 2)
            else:
                factor = 1 + w.cost_sigma * (2 * random() - 1)
            amount = max(1, int(mean * factor))
            ts = begin + int((i + 0.5) * step)
            self.pay(s, amount, day)
            s.counter += 1
            rid = f"{w.name}.{s.counter}"
            ok = random() < ok_share
            variant = draw.weighted(list(s.split), list(s.split.values())) if s.split else None
            self.say_run(s, ts, rid, amount, ok, i % s.instances + 1, variant)
            if ok:
                good.append((rid, ts, variant))
        s.hours += 1
        if good:
            self.sell(s, day, good)

    def say_run(self, s, ts, rid, amount, ok, instance, variant):
        name = s.worker.name
        more, of = "", ""
        if not self.world.terse:
            more, of = f',"instance":{instance}', f',"run":"{rid}"'
            if variant:
                more += f',"variants":["{variant}"]'
        self.say(ts, f'{{"type":"run","ts":{ts},"worker":"{name}","id":"{rid}",'
                     f'"ok":{"true" if ok else "false"}{more}}}')
        self.say(ts, f'{{"type":"cost","ts":{ts},"worker":"{name}","id":"{rid}c",'
                     f'"amount":"{amount // MICRO}.{amount % MICRO:06d}"{of}}}')

    def gate(self, s):
        """Whether one more run may start: what it will probably cost must fit."""
        reserve = s.reserve()
        if self.limit is not None and self.spent_today + reserve > self.limit \
                or s.limit is not None and s.spent_today + reserve > s.limit:
            self.judge.refused_runs += 1
            return False
        return True

    def pay(self, s, amount, day):
        judge = self.judge
        cap = self.world.budget * MICRO
        if self.limit is not None and self.spent_today + amount > cap >= self.spent_today \
                and self.limit <= cap:
            # Let through by a gate that was set right: no policy could have known.
            judge.in_flight[day] += self.spent_today + amount - round(cap)
        self.spent_today += amount
        s.spent_today += amount
        s.spent += amount
        s.note_cost(amount)
        judge.spend_days[day] += amount

    # ---- selling ----

    def sell(self, s, day, good):
        w, draw = s.worker, s.draw
        base = w.sales[day] * w.saturation(s.volume()) * w.ramp(s.hours)
        factors = [w.variant_factor[v] for _, _, v in good] if w.variants else None
        mean = base * (sum(factors) if factors else len(good))
        worth = mean * w.value(day)
        s.value += worth
        self.judge.value_days[day] += worth
        if w.burst:
            if s.burst_day != day:
                s.burst_day, s.burst_now = day, draw.gamma(1 / w.burst) * w.burst
            mean *= s.burst_now
        for _ in range(draw.poisson(mean)):
            self.one_sale(s, day, draw.weighted(good, factors) if factors else draw.choice(good))

    def one_sale(self, s, day, cause):
        w, draw = s.worker, s.draw
        rid, run_ts, variant = cause
        end = self.world.start + self.hours * 3600
        ts = run_ts + int(w.delay(draw) * 3600)
        amount = max(1, round(w.size(draw) * 100))
        known = draw.chance(w.attributed)
        for again in range(w.renewals + 1):
            if again:
                if not draw.chance(w.renewal_share):
                    break
                ts += 30 * 86400
            if ts >= end:
                break
            s.counter += 1
            sale = f"{w.name}.s{s.counter}"
            link = f',"run":"{rid}","run_ts":{run_ts}' if known and not again else ""
            if link and variant:
                link += f',"variant":"{variant}"'
            self.say(ts, f'{{"type":"revenue","ts":{ts},"worker":"{w.name}","id":"{sale}",'
                         f'"amount":"{amount // 100}.{amount % 100:02d}"{link}}}')
            self.judge.booked += amount
            if draw.chance(w.refunds[day]):
                self.one_refund(s, sale, ts + int(w.refund_delay(draw) * 3600), amount, end)

    def one_refund(self, s, sale, ts, amount, end):
        w, draw = s.worker, s.draw
        if w.refund_part < 1:
            # Half of them are whole, the others such that the mean is right.
            part = 1.0 if draw.chance(0.5) else max(0.05, 2 * w.refund_part - 1)
            amount = max(1, round(amount * part))
        if ts < end:
            self.judge.booked -= amount
            self.say(ts, f'{{"type":"refund","ts":{ts},"worker":"{w.name}","id":"{sale}r",'
                         f'"amount":"{amount // 100}.{amount % 100:02d}","of":"{sale}"}}')

    # ---- obeying ----

    def ack(self, decision, ts, applied, why="", s=None):
        line = {"type": "ack", "ts": ts, "decision": decision["id"], "applied": applied}
        if why and not self.world.terse:
            line["why"] = why
        if s and not self.world.terse:
            line.update(worker=s.worker.name, instances=s.instances, run_interval=s.interval,
                        state=s.state)
            if s.split:
                line["variant_split"] = s.split
        self.answers.append(json.dumps(line))
        if not applied:
            self.judge.unfit += 1

    def people(self, hour):
        """Answers of people that fall into this hour."""
        for key, (when, granted, decision) in list(self.waiting.items()):
            if when is not None and when <= hour:
                del self.waiting[key]
                ts = self.world.start + hour * 3600 + 1800
                self.answers.append(json.dumps({"type": "approval", "ts": ts, "decision": key,
                                                "granted": granted}))
                if granted:
                    self.granted.append(decision)

    def obey(self, decisions, hour, ts):
        """hour: the next one to come."""
        for decision in decisions:
            self.judge.decisions += 1
            problem = self.malformed(decision)
            if problem:
                self.judge.wrong(f"hour {hour}: {problem}: {json.dumps(decision)[:200]}")
                if isinstance(decision.get("id"), str):
                    self.ack(decision, ts, False, problem)
                continue
            self.seen.add(decision["id"])
            self.take(decision, hour, ts)
        granted, self.granted = self.granted, []
        for decision in granted:
            self.apply(decision, hour, ts, True)

    def take(self, decision, hour, ts):
        kind = decision["type"]
        if kind == "limit":
            amount = round(float(decision["usd_per_day"]) * MICRO)
            if decision["worker"] == "*":
                self.limit = amount
            else:
                self.standing[decision["worker"]].limit = amount
        elif kind == "cancel":
            self.cancel(decision, ts)
        elif decision.get("requires_approval") is True:
            self.ask(decision, hour)
        else:
            self.apply(decision, hour, ts, False)

    def cancel(self, decision, ts):
        of = decision.get("of")
        found = self.waiting.pop(of, (None, None, None))[2]
        for other in self.granted:
            if other["id"] == of:
                found = other
                self.granted.remove(other)
                break
        self.ack(decision, ts, found is not None, "" if found else "nothing waits under that id")
        if found:
            self.ack(found, ts, False, "cancelled")

    def ask(self, decision, hour):
        self.judge.asked += 1
        median, sigma = self.world.answer_hours
        person = self.person
        when = hour + max(0, int(person.lognormal(median, sigma)))
        never = person.chance(self.world.never)
        denied = person.chance(self.world.denied)
        for other in list(self.waiting.values()) + [(0, 0, d) for d in self.granted]:
            if other[2]["worker"] == decision["worker"] and other[2]["type"] == decision["type"]:
                self.judge.wrong(f"hour {hour}: asks again while the same question waits")
        self.waiting[decision["id"]] = (None if never else when, not denied, decision)

    def malformed(self, d):
        """What is wrong with a decision as such, or None."""
        if not isinstance(d.get("id"), str) or not d["id"]:
            return "a decision without an id"
        if d["id"] in self.seen:
            return "a decision's id was used before"
        kind = d.get("type")
        if kind == "cancel":
            return None if isinstance(d.get("of"), str) else "cancel without of"
        if kind == "limit":
            try:
                if not float(d.get("usd_per_day")) >= 0:
                    return "a limit below zero"
            except (TypeError, ValueError):
                return "a limit without an amount"
            if d.get("worker") == "*":
                return None
        elif kind not in ("scale_up", "scale_down", "optimize", "pause", "resume", "kill",
                          "deploy"):
            return "unknown type of decision"
        s = self.standing.get(d.get("worker"))
        if not s:
            return "unknown worker"
        if s.state == "killed" and kind != "limit":
            return "a decision about a killed worker"
        return None

    def apply(self, d, hour, ts, approved):
        """One decision about one worker takes effect, or is refused as unfit."""
        s, kind = self.standing[d["worker"]], d["type"]
        target = self.target(s, d)
        if isinstance(target, str):
            self.ack(d, ts, False, target, s)
            return
        state, instances, interval, split = target
        day = min(hour // 24, self.world.days - 1)
        if not approved and not self.allowed(s, kind, state, instances, interval, day, hour):
            self.ack(d, ts, False, "needs approval", s)
            return
        if kind == "kill":
            self.note_kill(s, day)
        s.state, s.instances, s.interval, s.split = state, instances, interval, split
        if state == "running":
            self.held[s.worker.name] = max(self.held.get(s.worker.name, 1.0), s.volume())
        self.ack(d, ts, True, "", s)

    def target(self, s, d):
        """(state, instances, interval, split) that a decision asks for, or why it cannot be."""
        kind, w = d["type"], s.worker
        state, instances, interval, split = s.state, s.instances, s.interval, s.split
        if kind == "deploy":
            return ("running", 1, w.interval, split) if state == "catalog" else "is deployed"
        if state == "killed":
            return "it was killed meanwhile"
        if state == "catalog":
            return "is not deployed"
        if kind in ("scale_up", "scale_down"):
            if "instances" in d:
                wanted = d["instances"]
            else:
                try:
                    wanted = round(s.instances * float(d.get("multiplier")))
                except (TypeError, ValueError):
                    return "neither instances nor multiplier"
            if not isinstance(wanted, int) or isinstance(wanted, bool) \
                    or not 1 <= wanted <= w.max_instances:
                return "instances out of range"
            if (wanted > instances) != (kind == "scale_up") or wanted == instances:
                return "that is no change in this direction"
            return state, wanted, interval, split
        if kind == "optimize":
            return self.tuned(s, d)
        if kind == "pause":
            return ("paused", instances, interval, split) if state == "running" else "does not run"
        if kind == "resume":
            return ("running", instances, interval, split) if state == "paused" else "is not paused"
        return "killed", instances, interval, split

    @staticmethod
    def tuned(s, d):
        value = d.get("value")
        if d.get("param") == "run_interval":
            if value not in s.worker.intervals:
                return "not one of its intervals"
            return s.state, s.instances, value, s.split
        if d.get("param") == "variant_split":
            if not isinstance(value, dict) or not value or set(value) - set(s.worker.variants):
                return "unknown variants"
            shares = [v for v in value.values() if isinstance(v, (int, float)) and 0 <= v <= 1]
            if len(shares) != len(value) or abs(sum(shares) - 1) > 0.02:
                return "shares do not add up to 1"
            total = sum(shares)
            return s.state, s.instances, s.interval, {v: value[v] / total for v in value}
        return "unknown parameter"

    def allowed(self, s, kind, state, instances, interval, day, hour):
        """Whether this may happen without asking a person. Judged leniently: only a rise
        that is clearly above the limit by any reckoning counts."""
        if kind in REDUCING or state != "running":
            return True
        w = s.worker
        run_cost = s.run_cost(day)
        before = s.volume() if s.state == "running" else 0.0
        after = instances * w.interval / interval
        if kind == "resume" and after <= self.held.get(w.name, 1.0):
            return True
        rise = (after - before) * w.runs_a_day() * run_cost
        if rise <= 0:
            return True
        name = w.name
        self.unasked = [u for u in self.unasked if hour - u[0] < 24]
        total = rise + sum(u[2] for u in self.unasked if u[1] == name)
        if rise > 1.15 * self.world.approval_above:
            self.judge.wrong(f"hour {hour}: {kind} of {name} costs {rise:.2f} more a day"
                             " without asking")
            return False
        if total > 1.3 * self.world.approval_above:
            self.judge.wrong(f"hour {hour}: {kind} of {name}: {total:.2f} a day within 24 hours"
                             " without asking")
            return False
        self.unasked.append((hour, name, rise))
        return True

    def note_kill(self, s, day):
        """A false kill: at its plain volume the worker paid for itself above the threshold
        until now, and would have from now to the end (at least over 14 days). Where only the
        future would have been good nobody could know: such a kill is regretted, not false."""
        self.judge.kills += 1
        s.killed_on = day
        last = self.world.days - 1
        worker, split = s.worker, s.split or None
        threshold = 1 + self.world.kill_roi / 100
        future = worker.multiple(min(day, max(0, last - 13)), last, split)
        past = worker.multiple(0, day, split)
        if min(future, past) > threshold:
            self.judge.false_kills.append((worker.name, day, min(future, past)))
        elif future > threshold:
            self.judge.regretted_kills += 1

    def finish(self):
        """Workers that lose at any volume, have had time and money enough, and still run."""
        days = self.world.days
        for s in self.order:
            if s.state == "running" and s.worker.hopeless(max(0, days - 45), days - 1) \
                    and s.spent / MICRO > 6 * s.worker.size_mean:
                self.judge.missed_kills += 1
