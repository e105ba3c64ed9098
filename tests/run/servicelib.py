"""A machine with systemd as PID 1 (tests/root/boot) in which the tree under test is installed,
for tests of the service. What cannot run here ends the test with its reason."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile

import fleetlib as fl

BUILD = os.path.dirname(fl.BIN)
ROOT = os.path.join(fl.SOURCE, "tests/root")


def skip(reason):
    print(f"1..0 # SKIP {reason}", flush=True)
    sys.exit(0)


def installed():
    """What `cmake --install` puts down, in a directory of this test's own."""
    tree = tempfile.mkdtemp(prefix="nova-service.")
    run = subprocess.run(["cmake", "--install", BUILD], env=dict(os.environ, DESTDIR=tree),
                         capture_output=True, text=True, check=False)
    fl.equal(run.returncode, 0, run.stdout + run.stderr)
    return tree


class Machine:
    popen = None  # of a fleet of fleetlib, which closes machines too

    def __init__(self, install=True):
        made = subprocess.run([f"{ROOT}/make", "nova"], capture_output=True, text=True, check=False)
        if made.returncode == 3:
            skip(made.stderr.strip().splitlines()[-1])
        fl.equal(made.returncode, 0, made.stderr)
        self.base = made.stdout.strip()
        self.tree = installed() if install else tempfile.mkdtemp(prefix="nova-service.")
        os.chmod(self.tree, 0o755)
        self.dir = None
        fl.Fleet.fleets.append(self)

    def boot(self):
        run = subprocess.run([f"{ROOT}/boot", "--for", str(os.getpid()), self.base, self.tree],
                             stdout=subprocess.PIPE, text=True, check=False)
        if run.returncode == 3:
            shutil.rmtree(self.tree, ignore_errors=True)
            skip("systemd cannot be booted here")
        fl.equal(run.returncode, 0, "tests/root/boot")
        self.dir = run.stdout.strip()
        if os.listdir(self.tree):
            self.do("systemd-sysusers")
            self.do("systemd-tmpfiles", "--create")
        return self

    def path(self, name):
        """A file of the machine, as seen from here."""
        return f"{self.dir}/root{name}"

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)

    def read(self, name):
        with open(self.path(name), encoding="utf-8", errors="replace") as f:
            return f.read()

    def worker(self, name, **keys):
        spec = {"worker": name, "kind": "service", "stop": {"grace": "5s"}}
        spec.update(keys)
        self.write(f"/etc/nova/workers.d/{name}.yaml", json.dumps(spec))

    def drop_in(self, name, text):
        self.write(f"/etc/systemd/system/nova.service.d/{name}.conf", text)
        self.do("systemctl", "daemon-reload")

    def run(self, *args, deadline_s=300):
        try:
            return subprocess.run([f"{ROOT}/in", self.dir, *args], capture_output=True, text=True,
                                  stdin=subprocess.DEVNULL, timeout=deadline_s, check=False)
        except subprocess.TimeoutExpired:
            raise fl.Failed(f"{' '.join(args)} hangs\n{self.show()}") from None

    def do(self, *args, code=0, deadline_s=300):
        """A command that has to end with this code; its text."""
        run = self.run(*args, deadline_s=deadline_s)
        if run.returncode != code:
            raise fl.Failed(f"{' '.join(args)}: exit {run.returncode}, not {code}: "
                            f"{run.stderr}{run.stdout}\n{self.show()}")
        return run.stdout

    def json(self, *args):
        return json.loads(self.do("novactl", *args, "--json"))

    def show(self):
        text = [self.run("systemctl", "status", "nova", deadline_s=60).stdout]
        text.append(self.run("journalctl", "-u", "nova", "-o", "short-precise", "-n", "60",
                             deadline_s=60).stdout)
        return "\n".join(text)

    def property(self, name):
        return self.do("systemctl", "show", "-P", name, "nova").strip()

    def wait(self, what, condition, deadline_s=None):
        return fl.wait_for(what, condition, deadline_s, self.show)

    def healthy(self):
        self.do("novactl", "health", "--wait", "2m")

    def pids(self, worker):
        found = self.run("novactl", "workers", "status", "--json")
        with contextlib.suppress(ValueError):
            for each in json.loads(found.stdout)["workers"]:
                if each["worker"] == worker:
                    return sorted(i["pid"] for i in each["instances"] if i["state"] == "up")
        return []

    def processes(self):
        """name -> pid of Nova's own."""
        return {p["name"]: p["pid"] for p in self.json("status")["processes"]}

    def kill(self, pid, sig="KILL"):
        self.do("kill", f"-{sig}", str(pid))

    def journal(self, *args, form="cat"):
        """With all that was said before this call: journald is a process of its own."""
        self.do("journalctl", "--sync")
        return self.do("journalctl", "-u", "nova", "-o", form, "--no-pager", *args)

    def alive(self, pid):
        """Not gone, and not a zombie whose parent has not got to it yet."""
        state = self.run("ps", "-o", "stat=", "-p", str(pid)).stdout.strip()
        return state != "" and not state.startswith("Z")

    def left(self):
        """Living processes of the account."""
        found = self.do("sh", "-c", "ps -o stat=,pid=,args= -u nova || :").splitlines()
        return [line for line in found if not line.startswith("Z")]

    def close(self):
        if self.dir:
            subprocess.run([f"{ROOT}/down", self.dir], check=False)
        shutil.rmtree(self.tree, ignore_errors=True)
        fl.nothing_left()
