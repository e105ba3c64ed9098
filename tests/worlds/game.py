"""One game: a world, a policy, ninety days. A policy has start(hello), tick(lines, ts) which
returns the decisions (objects), and end()."""

import collections
import contextlib
import json
import os
import select
import subprocess
import time

import planner
from draw import Draw
from fleet import MICRO, Fleet

# Until a program counts as silent: a machine may be busy. How long it works is another matter.
ANSWER_S = float(os.environ.get("NOVA_TEST_DEADLINE_S", "60"))


class Broken(Exception):
    """The program died, went silent or talks nonsense."""


class Pipe:
    """A program that speaks the replay interface over its standard input and output."""

    def __init__(self, command, answer_s=ANSWER_S):
        self.answer_s = answer_s
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL)
        self.out = self.process.stdout.fileno()
        self.input = self.process.stdin.fileno()
        os.set_blocking(self.input, False)
        self.buffer = b""                   # what has come of the next line
        self.lines = collections.deque()    # whole lines that nobody has taken yet
        self.slowest_s = 0.0  # of its own processor time

    def worked_s(self):
        """The processor time that it has used: what CLOCK_PROCESS_CPUTIME_ID is for itself."""
        return time.clock_gettime((~self.process.pid << 3) | 2)

    def start(self, hello):
        self.pending = [json.dumps(hello)]

    def tick(self, lines, ts):
        text = "\n".join(self.pending + lines + [f'{{"type":"tick","ts":{ts}}}']) + "\n"
        self.pending = []
        begin, before = time.monotonic(), self.worked_s()
        self.write(text.encode(), begin)
        decisions = []
        while True:
            line = self.line(begin)
            try:
                answer = json.loads(line)
                kind = answer["type"]
            except (ValueError, KeyError, TypeError) as error:
                raise Broken(f"not an answer: {line[:200]!r}") from error
            if kind == "done":
                if answer.get("ts") != ts:
                    raise Broken(f"done for {answer.get('ts')}, asked at {ts}")
                break
            decisions.append(answer)
        self.slowest_s = max(self.slowest_s, self.worked_s() - before)
        return decisions

    def write(self, data, begin):
        """All of it, while taking what is said meanwhile: neither side may wait for ever."""
        data = memoryview(data)
        while data:
            left = begin + self.answer_s - time.monotonic()
            if left <= 0:
                raise Broken(f"it reads nothing for {self.answer_s:.0f} s")
            readable, writable, _ = select.select([self.out], [self.input], [], left)
            if readable:
                more = os.read(self.out, 1 << 16)
                if not more:
                    raise Broken(f"it ended with {self.process.wait()}")
                self.take(more)
            if writable:
                try:
                    data = data[os.write(self.input, data):]
                except BlockingIOError:
                    continue
                except OSError as error:
                    raise Broken(f"it takes no more input: {error}") from error

    def take(self, more):
        *whole, self.buffer = (self.buffer + more).split(b"\n")
        self.lines.extend(whole)

    def line(self, begin):
        while not self.lines:
            left = begin + self.answer_s - time.monotonic()
            if left <= 0 or not select.select([self.out], [], [], left)[0]:
                raise Broken(f"no answer within {self.answer_s:.0f} s")
            more = os.read(self.out, 1 << 16)
            if not more:
                raise Broken(f"it ended with {self.process.wait()}")
            self.take(more)
        return self.lines.popleft()

    def rest(self):
        """What it says until it closes its output."""
        begin, said = time.monotonic(), b"\n".join([*self.lines, self.buffer])
        while True:
            left = begin + self.answer_s - time.monotonic()
            if left <= 0 or not select.select([self.out], [], [], left)[0]:
                raise Broken("it does not end")
            more = os.read(self.out, 1 << 16)
            if not more:
                return said
            said += more

    def kill(self):
        self.process.kill()
        self.process.wait()
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        self.process.stdout.close()

    def end(self):
        """Its exit status after the end of the game."""
        with contextlib.suppress(OSError):
            os.write(self.input, b'{"type":"end"}\n')
        self.process.stdin.close()
        try:
            rest = self.rest()
            status = self.process.wait(self.answer_s)
        except subprocess.TimeoutExpired as error:
            raise Broken("it does not end") from error
        self.process.stdout.close()
        if rest:
            raise Broken(f"it says more than it was asked: {rest[:200]!r}")
        if status:
            raise Broken(f"it ended with {status}")


def play(world, policy, mode=None):
    """The judge's book of one game."""
    fleet = Fleet(world, lambda name: Draw("luck", world.kind, world.seed, name))
    judge = fleet.judge
    try:
        policy.start(world.hello(mode))
        obey(fleet, policy.tick([], world.start), 0)
        for hour in range(fleet.hours):
            fleet.people(hour)
            fleet.work(hour)
            obey(fleet, policy.tick(fleet.lines(hour), world.start + (hour + 1) * 3600), hour + 1)
        policy.end()
    except Broken as broken:
        judge.wrong(str(broken))
        policy.kill()
    judge.slowest_s = getattr(policy, "slowest_s", 0.0)
    fleet.finish()
    return judge


def obey(fleet, decisions, hour):
    fleet.obey(decisions, hour, fleet.world.start + hour * 3600)


def idle_profit(world):
    """What doing nothing is worth on average: every worker as it was started, none added."""
    total = 0.0
    for w in world.workers:
        if not w.catalog:
            split = {v: 1 / len(w.variants) for v in w.variants} or None
            for d in range(world.days):
                total += w.earn(d, 1.0, split, w.ramp(d * 24 + 12)) - w.spend(d, 1.0)
    return total


def idle_spend(world):
    return sum(w.spend(d, 1.0) for w in world.workers if not w.catalog for d in range(world.days))


def score(world, judge, best):
    """Profit as a share of the planner's. Where there is next to nothing to be earned (less
    than a tenth of what the fleet would spend by itself) the share means nothing: there it
    is how much of the avoidable loss was avoided. Never below -1: one lost game is lost."""
    spend = idle_spend(world)
    if best >= 0.1 * spend:
        return max(-1.0, judge.profit() / best)
    idle = min(idle_profit(world), best - 0.1 * spend)
    return max(-1.0, (judge.profit() - idle) / (best - idle))


def result(world, judge):
    best = planner.profit(world)
    over = judge.over_budget()
    return {"kind": world.kind, "seed": world.seed, "score": score(world, judge, best),
            "profit": judge.profit(), "planner": best, "spent": judge.spent(),
            "booked": judge.booked / 100 - judge.spent(),
            "over_days": len(over), "over_most": max((o[1] for o in over), default=0.0),
            "over_beyond": sum(o[1] > o[2] + 1 / MICRO for o in over),
            "false_kills": judge.false_kills, "kills": judge.kills,
            "regretted_kills": judge.regretted_kills,
            "missed_kills": judge.missed_kills, "asked": judge.asked,
            "decisions": judge.decisions / world.days, "unfit": judge.unfit,
            "refused_runs": judge.refused_runs, "violations": judge.violations,
            "slowest_s": judge.slowest_s}
