"""What the black-box tests share: a worker that says exactly what a test tells it to, and
arithmetic on Nova's answers in decimals. Everything expected here comes from the protocol
and the manual pages, nothing from the sources."""

import contextlib
import json
import os
import re
from decimal import Decimal

from fleetlib import (  # noqa: F401
    BIN, DEADLINE_S, SOURCE, Failed, Fleet, alive, check, equal, noon, shell, wait_for)

# A service that writes what it is told, byte by byte: lines of JSON on a FIFO, each
# {"write": "bytes as latin-1"}, {"exit": n}, {"close": true}. What arrives on the control
# descriptor is kept in NAME.control.
PUPPET = r"""
import json, os, signal, sys, threading
patient = "PUPPET_STOPS_WHEN_TOLD" in os.environ  # by a control line, not by a signal
if patient:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
name = os.environ["NOVA_WORKER"]
def listen():
    fd = int(os.environ["NOVA_CONTROL_FD"])
    with open(name + ".control", "ab", buffering=0) as out:
        while True:
            data = os.read(fd, 65536)
            if not data:
                return
            out.write(data)
            if patient and b'"stop"' in data:
                os._exit(0)
threading.Thread(target=listen, daemon=True).start()
out = int(os.environ["NOVA_EVENT_FD"])
path = name + "." + os.environ["NOVA_INSTANCE"] + ".fifo"
try:
    os.mkfifo(path)
except FileExistsError:
    pass
with os.fdopen(os.open(path, os.O_RDWR), "r", encoding="ascii") as orders:
    for line in orders:
        order = json.loads(line)
        if "write" in order:
            data = order["write"].encode("latin-1")
            while data:
                data = data[os.write(out, data):]
        if order.get("close"):
            os.close(out)
        if "exit" in order:
            os._exit(order["exit"])
"""


def puppet(fleet_dir):
    """Command of the puppet; its text lies in the fleet's work directory."""
    return ["python3", os.path.join(fleet_dir, "work", "puppet.py")]


class Stage(Fleet):
    """A fleet in which workers given as None are puppets."""

    def __init__(self, workers, settings=None, **more):
        super().__init__({}, {"timezone": noon(), **(settings or {})}, **more)
        self.fifos = {}
        self.write("work/puppet.py", PUPPET)
        for name, keys in workers.items():
            keys = dict(keys or {})
            keys.setdefault("command", puppet(self.dir))
            self.worker(name, **keys)

    def order(self, worker, instance=1, **what):
        """The order waits in the FIFO, which this test keeps open, until the puppet reads it."""
        path = self.path("work", f"{worker}.{instance}.fifo")
        if path not in self.fifos:
            with contextlib.suppress(FileExistsError):
                os.mkfifo(path)
            self.fifos[path] = os.open(path, os.O_RDWR)
        data = (json.dumps(what) + "\n").encode("ascii")
        while data:
            data = data[os.write(self.fifos[path], data):]

    def say(self, worker, *lines, instance=1):
        """Each line (bytes, text or an object) and a newline, in one write each."""
        for line in lines:
            if isinstance(line, dict):
                line = json.dumps(line)
            if isinstance(line, bytes):
                line = line.decode("latin-1")
            else:
                line = line.encode("utf-8").decode("latin-1")
            self.order(worker, instance, write=line + "\n")

    def sync(self, worker, instance=1):
        """Everything the puppet was told to say before has been recorded or refused: an
        event after it was acknowledged."""
        Stage.syncs = getattr(Stage, "syncs", 0) + 1
        mark = f"sync-{os.getpid()}-{Stage.syncs}"
        self.say(worker, {"event": "metric", "name": "sync", "value": 1, "id": mark, "ack": True},
                 instance=instance)
        self.wait(f"{worker} has its acknowledgement", lambda: mark in self.heard(worker))

    def heard(self, worker):
        try:
            with open(self.path("work", worker + ".control"), encoding="utf-8") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def heard_lines(self, worker):
        """Whole lines only: the puppet may be writing one."""
        text = self.heard(worker)
        return [json.loads(line) for line in text[:text.rfind("\n") + 1].splitlines()]

    def events(self, worker=None, kinds=None):
        """Every event of a worker so far, oldest first, without the marks of sync()."""
        newest = self.json("events", "--limit", "1")["events"]
        found, since = [], 1
        # To that one: others may come as fast as they are read.
        while newest and since <= newest[-1]["seq"]:
            page = self.json("events", "--since-seq", str(since), "--limit", "1000")["events"]
            if not page:
                break
            found += page
            since = page[-1]["seq"] + 1
        return [e for e in found if (worker is None or e.get("worker") == worker)
                and (kinds is None or e["kind"] in kinds)
                and not str(e.get("id", "")).startswith("sync-")]

    def one(self, worker):
        return self.workers()[worker]

    def metrics(self, worker):
        return self.workers()[worker]["metrics"]

    def refused(self, worker):
        return self.json("quarantine", "--worker", worker, "--limit", "1000")["quarantine"]

    def verify(self):
        """ledger verify must find nothing, and must have looked."""
        found = self.json("ledger", "verify", deadline_s=120)
        equal(found["ok"], True, "ledger verify")
        equal(found["problems"], [], "problems of ledger verify")
        check(found["checked_events"] > 0, "ledger verify checked no event")
        return found


def dec(value):
    """An amount of an answer: a decimal string, never a JSON number."""
    check(isinstance(value, str), f"an amount is not a string: {value!r}")
    check(re.fullmatch(r"-?\d+(\.\d+)?", value), f"not a plain decimal: {value!r}")
    return Decimal(value)


def instant(value):
    check(isinstance(value, str) and
          re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", value),
          f"not RFC 3339 UTC: {value!r}")
    return value


def fields(row, what, **types):
    """Each field is there with the type; None in a tuple allows null."""
    for name, kind in types.items():
        check(name in row, f"{what} has no {name}: {row}")
        kinds = kind if isinstance(kind, tuple) else (kind,)
        value = row[name]
        if value is None:
            check(None in kinds, f"{what}: {name} is null")
            continue
        for each in kinds:
            if each is None:
                continue
            if isinstance(each, type):
                good = isinstance(value, each) and not (each is int and isinstance(value, bool))
                if each is float:
                    good = isinstance(value, (int, float)) and not isinstance(value, bool)
                if good:
                    break
            else:
                each(value)
                break
        else:
            raise Failed(f"{what}: {name} is {value!r}, expected {kind}")
