"""Workers that try what they must not be able to do: see iso_probe.py."""

import contextlib
import json
import os
import pwd
import shutil
import sys

import fleetlib as fl

# One that an ordinary user and a hidden home directory leave in reach.
PYTHON = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable
# Where everybody can read it: the checkout may lie in a private home directory.
HERE = os.path.dirname(os.path.abspath(__file__))


def probe(fleet_dir, *attempts):
    return [PYTHON, os.path.join(fleet_dir, "work", "probe.py"), *attempts]


class Probed:
    """A fleet of probes. workers: name -> (attempts, keys of its file). With user=True as
    an ordinary user."""

    def __init__(self, workers, user=False, settings=None, prefix=(), env=None):
        self.owner = None
        self.directory = fl.tempfile.mkdtemp(prefix="nova-iso.")
        self.pids = {}
        prefix = list(prefix)
        if user and os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            self.owner = (nobody.pw_uid, nobody.pw_gid)
            prefix = [*SETPRIV, f"--reuid={self.owner[0]}", f"--regid={self.owner[1]}",
                      "--clear-groups", "--no-new-privs", "--inh-caps=-all",
                      "--bounding-set=-all", *prefix]
        files = {}
        for name, (attempts, keys) in workers.items():
            files[name] = {"command": probe(self.directory, *attempts),
                           "crashes": {"max": 1, "cooldown": 0, "backoff": "100ms..200ms"}, **keys}
        self.fleet = fl.Fleet(files, settings, directory=self.directory, prefix=prefix, env=env)
        self.fleet.own_dir = True
        shutil.copy(os.path.join(HERE, "iso_probe.py"), os.path.join(self.directory, "work", "probe.py"))
        for folder, _, names in os.walk(self.directory):
            for each in [folder] + [os.path.join(folder, n) for n in names]:
                if self.owner:
                    os.chown(each, *self.owner)
        os.chmod(self.directory, 0o755)
        os.chmod(os.path.join(self.directory, "work"), 0o777)
        if self.owner and not reachable(fl.BIN):
            fl.BIN = shutil.copytree(fl.BIN, os.path.join(self.directory, "bin"))

    def start(self):
        self.fleet.start()
        return self

    def said(self, worker):
        """What the probe found out, as a dict; waits for it."""
        def line():
            with contextlib.suppress(OSError):
                with open(self.fleet.path("log", worker + ".log"), encoding="utf-8",
                          errors="replace") as f:
                    found = [x for x in f if "PROBE {" in x and x.endswith("\n")]
                if found:
                    return json.loads(found[-1].split("PROBE ", 1)[1])
            return None
        return self.fleet.wait(f"{worker} has tried", line)

    def reason(self, worker):
        return (self.fleet.workers().get(worker) or {}).get("reason") or ""

    def last_exit(self, worker):
        found = (self.fleet.workers().get(worker) or {}).get("instances") or [{}]
        return found[0].get("last_exit") or ""


SETPRIV = [shutil.which("setpriv") or "setpriv"]


def reachable(path):
    while path != "/":
        if not os.stat(path).st_mode & 0o001:
            return False
        path = os.path.dirname(path)
    return True


def expect(found, wanted):
    """wanted: attempt -> value, or a set of values that are all fine."""
    wrong = [f"{key}: expected {value!r}, found {found.get(key)!r}"
             for key, value in wanted.items()
             if (found.get(key) not in value if isinstance(value, (set, frozenset))
                 else found.get(key) != value)]
    fl.check(not wrong, "\n".join(wrong))
