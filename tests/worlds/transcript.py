"""Recorded games and hand-made sessions for nova-engine --replay: what goes in, what comes out."""

import json
import os
import subprocess

import game

START = 1767571200


def engine():
    return [os.path.join(os.environ["NOVA_BIN"], "nova-engine"), "--replay"]


class Recorder(game.Pipe):
    """Keeps every line that goes in, as one list a tick (the tick line is the last)."""

    def start(self, hello):
        super().start(hello)
        self.hours = []

    def tick(self, lines, ts):
        self.hours.append([*self.pending, *lines, json.dumps({"type": "tick", "ts": ts})])
        return super().tick(lines, ts)


def record(world, mode):
    """(hours of input lines, judge)"""
    recorder = Recorder(engine())
    judge = game.play(world, recorder, mode)
    return recorder.hours, judge


class Said:
    """What a session came to: status (negative: signal), answers a tick, what was on stderr."""

    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err
        self.ticks, now, self.wrong = [], [], []
        for line in out.split(b"\n")[:-1]:
            try:
                answer = json.loads(line)
            except ValueError:
                self.wrong.append(line[:200])
                continue
            if answer.get("type") == "done":
                self.ticks.append((answer.get("ts"), now))
                now = []
            else:
                now.append(answer)
        self.wrong += now
        if out and not out.endswith(b"\n"):
            self.wrong.append(out[-200:])

    def decisions(self):
        return [d for _, each in self.ticks for d in each]


def session(lines, end=True, timeout=60, command=None):
    """Everything at once; lines are bytes, text or objects."""
    data = b"".join(line if isinstance(line, bytes)
                    else (line if isinstance(line, str) else json.dumps(line)).encode() + b"\n"
                    for line in lines)
    if end:
        data += b'{"type":"end"}\n'
    run = subprocess.run(command or engine(), input=data, capture_output=True, timeout=timeout,
                         check=False)
    return Said(run.returncode, run.stdout, run.stderr)


def hello(workers=None, **changes):
    config = {"daily_budget": "100.00", "approval_above": "50.00", "min_roi": "150",
              "scale_roi": "300", "kill_roi": "0", "min_runs": 20, **changes.pop("config", {})}
    line = {"type": "hello", "v": 1, "ts": START, "tick_s": 3600, "days": 30, "config": config,
            "workers": [worker("a"), worker("b")] if workers is None else workers}
    line.update(changes)
    return {k: v for k, v in line.items() if v is not None}


def worker(name, **changes):
    line = {"worker": name, "run_interval": 3600, "intervals": [1800, 3600, 7200, 14400],
            "est_cost_per_run": "0.25", "typical_sale": "20.00", "expected_roi": "200",
            "ramp_days": 0, "variants": [], "max_instances": 8, "catalog": False}
    line.update(changes)
    return {k: v for k, v in line.items() if v is not None}


def tick(hour, step=3600):
    return {"type": "tick", "ts": START + hour * step}


def work(name, hour, sale=None, cost="0.25"):
    """A good run of one hour, with its cost and perhaps a sale an hour ago."""
    ts = START + hour * 3600 - 1800
    lines = [{"type": "run", "ts": ts, "worker": name, "id": f"{name}{hour}", "ok": True,
              "instance": 1},
             {"type": "cost", "ts": ts, "worker": name, "id": f"{name}{hour}c", "amount": cost,
              "run": f"{name}{hour}"}]
    if sale:
        lines.append({"type": "revenue", "ts": ts + 600, "worker": name, "id": f"{name}{hour}s",
                      "amount": sale, "run": f"{name}{hour}", "run_ts": ts})
    return lines
