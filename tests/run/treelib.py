"""Fleets whose workers are in supervision groups: each worker writes a line when it starts
and when it is asked to stop, so that the order of things can be told from outside."""

import os
import signal
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from fleetlib import *  # noqa: E402,F403
from fleetlib import Failed, Fleet, kill  # noqa: E402

# Ends well at TERM, with 3 at USR1; with a file NAME.refuse it does not start. It is started
# only when it says so, so that the order of lines is the order of starts.
TRACER = r"""
me="$NOVA_WORKER#$NOVA_INSTANCE"
test -e "$me.refuse" && { echo "refuse $me $$" >> trace; exit 1; }
trap 'echo "stop $me $$" >> trace; kill $child; exit 0' TERM
trap 'kill $child; exit 3' USR1
sleep 1000 & child=$!
echo "start $me $$" >> trace
echo '{"event":"ready"}' >&3
while :; do wait; done
"""

# Ready when it finds the file late.ready.
LATE = {"command": ["sh", "-c", "until test -e late.ready; do sleep 0.05; done; "
                    "echo '{\"event\":\"ready\"}' >&3; exec sleep 1000"],
        "ready": "event", "ready_timeout": "10m"}
# Does not end before it finds the file may.end, which it takes.
STUBBORN = {"command": ["sh", "-c", "trap '' TERM; echo '{\"event\":\"ready\"}' >&3; "
                        "until rm may.end 2>/dev/null; do sleep 0.05; done"],
            "ready": "event", "stop": {"grace": "10m"}}


def tracer(**keys):
    return {"command": ["sh", "-c", TRACER], "ready": "event", **keys}


def sleeper(**keys):
    return {"command": ["sleep", "1000"], **keys}


class Trees(Fleet):
    def trace(self):
        """[("start", "a#1", pid), ...]"""
        try:
            with open(self.path("work", "trace"), encoding="ascii") as f:
                lines = [line.split() for line in f.read().splitlines()]
        except FileNotFoundError:
            return []
        return [(what, who, int(pid)) for what, who, pid in lines]

    def story(self, since=0):
        return [f"{what} {who}" for what, who, _ in self.trace()[since:]]

    def told(self, *lines, since=0):
        """Wait until exactly these lines have been written since."""
        want = list(lines)
        self.wait(f"trace {want}", lambda: self.story(since) == want or
                  (len(self.story(since)) > len(want) and self._wrong(want, since)))

    def _wrong(self, want, since):
        raise Failed(f"expected {want}, found {self.story(since)}\n{self.show()}")

    def pid(self, leaf):
        """Of the incarnation that was started last."""
        return [pid for what, who, pid in self.trace() if what == "start" and who == leaf][-1]

    def kill(self, leaf, sig=signal.SIGKILL):
        """Once it runs: how long the trace was before."""
        worker, number = leaf.split("#")
        pid = self.pid(leaf)

        def is_up():
            found = self.workers().get(worker, {}).get("instances") or []
            return any(i["instance"] == int(number) and i["state"] == "up" and i["pid"] == pid
                       for i in found)
        self.wait(f"{leaf} is up", is_up)
        since = len(self.trace())
        kill(pid, sig)
        return since

    def group(self, name):
        return self.json("group", "show", name)["group"]

    def children(self, name):
        """{"a#1": "running", "g": "down"}"""
        return {(f"{c['worker']}#{c['instance']}" if "worker" in c else c["group"]): c["state"]
                for c in self.json("group", "show", name)["children"]}

    def group_is(self, name, state):
        self.wait(f"group {name} is {state}", lambda: self.group(name)["state"] == state)

    def child(self, group, what, name):
        """The one word of the answer, and whether the exit code fits it."""
        run = self.novactl("group", "child", group, what, name, "--json")
        word = json.loads(run.stdout)["result"]
        if run.returncode != (0 if word == "ok" else 1):
            raise Failed(f"exit {run.returncode} for {word}")
        return word


def configure(fleet, groups, **workers):
    """Another configuration: these groups, these workers (None: gone)."""
    fleet.settings["groups"] = groups
    fleet.write("etc/nova.yaml", json.dumps(fleet.settings))
    for name, keys in workers.items():
        if keys:
            fleet.worker(name, **keys)
        else:
            os.unlink(fleet.path("etc", "workers.d", f"{name}.yaml"))


def settle(fleet, groups, **workers):
    configure(fleet, groups, **workers)
    fleet.ctl("reload")


def another_novasupd(fleet):
    pid = fleet.root()
    kill(pid)
    fleet.wait("another novasupd", lambda: fleet.another("novasupd", pid))


def begin(fleet, *args):
    """novactl with what is not answered at once."""
    return subprocess.Popen([os.path.join(BIN, "novactl"), *args], env=fleet.env(),
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
