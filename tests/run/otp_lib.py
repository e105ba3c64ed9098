"""What the tests of docs/OTP.md share: fleets of supervision groups whose workers are
otp_agent.c, and the words of `novactl group`.

A case of OTP's supervisor_SUITE is one test whose text begins with the name of the case. Most
cases are groups of their own in one fleet, so that many run on few starts."""

import contextlib
import json
import os
import signal
import subprocess
import sys

from fleetlib import (  # noqa: F401
    BIN, Failed, Fleet, alive, check, equal, kill, nothing_left, run, shell, test, wait_for)

AGENT = os.path.join(os.environ.get("NOVA_TESTS") or sys.exit("NOVA_TESTS is not set"),
                     "otp_agent")
GOOD, BAD, KILLED = signal.SIGUSR1, signal.SIGUSR2, signal.SIGKILL
HOUR = "1h"
# A machine that is five times slower must not run out of patience.
SETTINGS = {"stop": {"grace": "2m"}, "storm": {"workers": "none"}}


class Otp(Fleet):
    """groups: name -> settings, and `children`: worker -> keys of its file, in start order;
    None for a group that is declared on its own."""

    def __init__(self, groups, settings=None, **more):
        self.plan = groups
        self.begun = []
        super().__init__({}, dict(SETTINGS, **self.declared(), **(settings or {})), **more)
        self.write_workers()

    def declared(self):
        found = {}
        for name, keys in self.plan.items():
            found[name] = {k: v for k, v in keys.items() if k != "children"}
            if keys.get("children"):
                found[name].setdefault("order", list(keys["children"]))
        return {"groups": found}

    def write_workers(self):
        """One file for each; those of workers that are no longer in the plan go."""
        here = {}
        for name, keys in self.plan.items():
            for worker, own in keys.get("children", {}).items():
                if own is not None:
                    here[worker] = dict({"group": name, "command": [AGENT], "ready": "event",
                                         "ready_timeout": "none"}, **own)
        for file in os.listdir(self.path("etc/workers.d")):
            if file[:-len(".yaml")] not in here:
                os.unlink(self.path("etc/workers.d", file))
        for worker, keys in here.items():
            if "stop" not in keys:
                keys["stop"] = {"grace": "2m"}
            self.worker(worker, **keys)

    def reload(self):
        """The plan as it is now."""
        self.settings.update(self.declared())
        self.write("etc/nova.yaml", json.dumps(self.settings))
        self.write_workers()
        return self.novactl("reload")

    # ---- looking ----

    def group(self, name):
        return (self.try_json("group", "show", name) or {}).get("group") or {}

    def rows(self, name):
        """Its children in start order, each with its name as `child`: WORKER#N, and WORKER
        for the first one, or the name of a group."""
        found = (self.try_json("group", "show", name) or {}).get("children") or []
        for row in found:
            row["child"] = row.get("worker") or row["group"]
            if row.get("instance", 1) != 1:
                row["child"] += f"#{row['instance']}"
        return found

    def children(self, name):
        """child -> state, in start order."""
        return {row["child"]: row["state"] for row in self.rows(name)}

    def counts(self, name):
        found = self.group(name).get("children") or {}
        return [found.get(k) for k in ("specs", "active", "supervisors", "workers")]

    def spent(self, name):
        """How much of its intensity counts now."""
        return self.group(name).get("restarts")

    def pid(self, worker, n=1):
        for i in (self.workers().get(worker) or {}).get("instances") or []:
            if i["instance"] == n and i["pid"]:
                return i["pid"]
        return None

    def diary(self, what=None, *names):
        """[what, WORKER.N, pid] of each line, oldest first."""
        with contextlib.suppress(FileNotFoundError):
            with open(self.path("work/diary"), encoding="ascii") as f:
                rows = [line.split() for line in f]
            return [r for r in rows if (what is None or r[0] == what) and
                    (not names or r[1] in names or r[1].rsplit(".", 1)[0] in names)]
        return []

    def starts(self, name):
        return len(self.diary("start", name))

    # ---- doing ----

    def tell(self, name, what):
        self.write(f"work/{name}.{what}", "")

    def untell(self, name, what):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path("work", f"{name}.{what}"))

    def send(self, worker, sig, n=1):
        """The signal to its process, which has to be there; its pid."""
        pid = self.wait(f"{worker}#{n} has a process", lambda: self.pid(worker, n))
        kill(pid, sig)
        return pid

    def end(self, worker, sig, n=1):
        """The same, and its process is gone."""
        pid = self.send(worker, sig, n)
        self.wait(f"{pid} of {worker} is gone", lambda: not alive(pid))
        return pid

    def again(self, worker, old, n=1):
        """Wait for it to run in another process; its pid."""
        return self.wait(f"{worker}#{n} runs again",
                         lambda: self.is_up(worker, n) and self.pid(worker, n) != old and
                         self.pid(worker, n))

    def is_up(self, worker, n=1):
        return any(i["instance"] == n and i["state"] == "up" and i["pid"]
                   for i in (self.workers().get(worker) or {}).get("instances") or [])

    def child(self, group, verb, child):
        """novactl group child: its answer in a word."""
        found = self.novactl("group", "child", group, verb, child, "--json")
        try:
            word = json.loads(found.stdout)["result"]
        except (ValueError, KeyError):
            raise Failed(f"group child {group} {verb} {child}: {found}") from None
        equal(found.returncode, 0 if word == "ok" else 1, f"exit code of {word}")
        return word

    def begin(self, *args):
        """novactl without waiting for its end; it is waited for when the test ends."""
        popen = subprocess.Popen([os.path.join(BIN, "novactl"), *args], env=self.env(),
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
        self.begun.append(popen)
        return popen

    def metrics_of(self, worker):
        return self.workers()[worker]["metrics"]

    def tree_of(self, worker):
        """Pids of all its processes, also of those that have left it."""
        mark, here, found = f"NOVA_WORKER={worker}\0".encode(), self.path("work"), []
        for name in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                with open(f"/proc/{name}/environ", "rb") as f:
                    if mark in f.read() and os.readlink(f"/proc/{name}/cwd") == here:
                        found.append(int(name))
        return [pid for pid in found if alive(pid)]

    def renew(self, group, child):
        """Have it forgotten and started anew: it is a dynamic child afterwards."""
        equal(self.child(group, "terminate", child), "ok", f"terminate of {child}")
        if self.plan[group]["strategy"] != "simple_one_for_one":
            equal(self.child(group, "delete", child), "ok", f"delete of {child}")
        equal(self.child(group, "start", child), "ok", f"start of {child}")

    # ---- waiting ----

    def settled(self, name, states, counts=None):
        """Wait until its children are in these states."""
        self.wait(f"children of {name} are {states}", lambda: self.children(name) == states)
        if counts is not None:
            equal(self.counts(name), counts, f"counts of {name}")

    def running(self, *names):
        for name in names:
            self.wait(f"{name} runs", lambda n=name: self.group(n).get("state") == "running" and
                      set(self.children(n).values()) <= {"running"})

    def halted(self, name, why=None):
        """A group without parent that has ended by itself, and every process of it."""
        self.wait(f"{name} is halted", lambda: self.group(name).get("state") == "halted")
        if why:
            check(why in self.group(name)["reason"], lambda: f"reason: {self.group(name)}")

    def check_config(self):
        """Exit code and text of novasupd --check on what is written."""
        found = subprocess.run([os.path.join(BIN, "novasupd"), "--check", "--config", self.config],
                               env=self.env(), capture_output=True, text=True, timeout=120,
                               check=False)
        return found.returncode, found.stdout + found.stderr
