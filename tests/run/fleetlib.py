"""A real fleet in a temporary directory, for process tests: configuration, start, novactl,
waiting with deadlines, and a look at every process that ever came from it.

The test process is a subreaper, so whatever escapes a fleet becomes its child and is
seen by strays(): "no process is left" means that this list is empty."""

import contextlib
import ctypes
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback

BIN = os.environ.get("NOVA_BIN") or sys.exit("NOVA_BIN is not set: run this by ctest")
SOURCE = os.environ["NOVA_SOURCE"]
# Under sanitizers and on a busy machine everything takes longer; a test that waits for
# something that comes never pays this once.
DEADLINE_S = float(os.environ.get("NOVA_TEST_DEADLINE_S", "60"))

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
LIBC = ctypes.CDLL(None, use_errno=True)
if LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
    sys.exit("prctl(PR_SET_CHILD_SUBREAPER) failed")


class Failed(Exception):
    """What was expected and did not come."""


# ---- processes ----

class Process:
    def __init__(self, pid):
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
            text = f.read()
        fields = text[text.rindex(")") + 2:].split()
        self.pid = pid
        self.state = fields[0]
        self.ppid = int(fields[1])
        self.start = fields[19]
        with open(f"/proc/{pid}/cmdline", "rb") as f:
            self.args = f.read().replace(b"\0", b" ").decode("utf-8", "replace").strip()

    def __repr__(self):
        return f"{self.pid} (parent {self.ppid}, {self.state}) {self.args}"


def processes():
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError):
                found[int(name)] = Process(int(name))
    return found


def descendants(root):
    """Living processes below root, without it."""
    every = processes()
    below = {}
    for process in every.values():
        below.setdefault(process.ppid, []).append(process)
    found, todo = [], [root]
    while todo:
        for child in below.get(todo.pop(), []):
            todo.append(child.pid)
            if child.state not in "ZX":
                found.append(child)
    return found


def alive(pid):
    """A living process of this test's: the number of one that has ended is a stranger's soon,
    where many are started."""
    while True:
        try:
            process = Process(pid)
        except (OSError, ValueError):
            return False
        if process.state in "ZX":
            return False
        with contextlib.suppress(OSError, ValueError):  # a parent has just ended: look again
            while process.ppid not in (0, 1, os.getpid()):
                process = Process(process.ppid)
            return process.ppid == os.getpid()


def identity(pid):
    """Of a process, as its number may soon be another's."""
    return pid, Process(pid).start


def still_there(which):
    """Is the process of this identity alive?"""
    with contextlib.suppress(OSError, ValueError):
        found = Process(which[0])
        return found.start == which[1] and found.state not in "ZX"
    return False


def kill(pid, sig=signal.SIGKILL):
    if pid <= 0:  # a group, or everybody
        raise Failed(f"{pid} is no process")
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, sig)


def reap_adopted(known):
    """Adopted children that have ended: not those a Popen waits for."""
    for process in processes().values():
        if process.ppid == os.getpid() and process.state == "Z" and process.pid not in known:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(process.pid, os.WNOHANG)


def strays():
    """Every living descendant of this test."""
    return descendants(os.getpid())


def wait_for(what, condition, deadline_s=None, show=None):
    """Poll until condition() is true and return its value; Failed with `what` otherwise."""
    end = time.monotonic() + (deadline_s or DEADLINE_S)
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            more = f"\n{show()}" if show else ""
            raise Failed(f"{what}: not within {deadline_s or DEADLINE_S:g} s{more}")
        time.sleep(0.05)


def free_port():
    """A port that nobody has, also not a moment later: the kernel gives others to whoever asks
    for any."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as f:
        first = int(f.read().split()[0])
    for port in random.sample(range(10000, first), 200) if first > 11000 else []:
        with socket.socket() as s, contextlib.suppress(OSError):
            s.bind(("127.0.0.1", port))
            return port
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


# ---- fleets ----

def end_with_the_test():
    """A test that is killed leaves no fleet that writes on for ever."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


class Fleet:
    """workers: name -> keys of its file; settings: keys of nova.yaml."""

    fleets = []
    found = []  # what sanitizers said of any of them

    def __init__(self, workers, settings=None, directory=None, prefix=(), owner=None, env=None):
        self.dir = directory or tempfile.mkdtemp(prefix="nova-fleet.")
        self.own_dir = directory is None
        self.prefix = list(prefix)
        self.popen = None
        self.code = None
        self.more_env = env or {}
        self.config = os.path.join(self.dir, "etc", "nova.yaml")
        for name in ("etc/workers.d", "state", "run", "log", "work"):
            os.makedirs(os.path.join(self.dir, name), exist_ok=True)
        self.settings = {"sample": "1s"}
        self.settings.update(settings or {})
        self.write("etc/nova.yaml", json.dumps(self.settings))
        for name, keys in workers.items():
            self.worker(name, **keys)
        if owner is not None:
            for folder, _, names in os.walk(self.dir):
                for each in [folder] + [os.path.join(folder, n) for n in names]:
                    os.chown(each, *owner)
        Fleet.fleets.append(self)

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)

    def worker(self, name, **keys):
        spec = {"worker": name, "kind": "service", "directory": self.path("work"),
                "stop": {"grace": "5s"}}
        spec.update(keys)
        self.write(f"etc/workers.d/{name}.yaml", json.dumps(spec))

    def env(self):
        env = dict(os.environ, NOVA_RUN_DIR=self.path("run"), NOVA_STATE_DIR=self.path("state"),
                   NOVA_LOG_DIR=self.path("log"), NOVA_CONFIG=self.config, NO_COLOR="1")
        env.update(self.more_env)
        return env

    def start(self, ready=True, deadline_s=None):
        log = open(self.path("novasupd.log"), "ab")  # closed by the with below
        with log:
            self.popen = subprocess.Popen(
                self.prefix + [os.path.join(BIN, "novasupd"), "--config", self.config,
                               "--state-dir", self.path("state"), "--run-dir", self.path("run"),
                               "--log-dir", self.path("log")],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                env=self.env(), cwd="/", preexec_fn=end_with_the_test)
        self.code = None
        if ready:
            self.wait_ready(deadline_s)
        return self

    def wait_ready(self, deadline_s=None):
        self.wait("novasupd is ready", self.ready, deadline_s)

    def wait(self, what, condition, deadline_s=None):
        def checked():
            if self.popen and self.popen.poll() is not None and self.code is None:
                raise Failed(f"{what}: novasupd ended with {self.popen.returncode}\n{self.tail()}")
            return condition()
        return wait_for(what, checked, deadline_s, self.show)

    def ended(self, deadline_s=None):
        """Wait for the process that was started (the keeper); its exit code."""
        try:
            self.code = self.popen.wait(deadline_s or DEADLINE_S)
        except subprocess.TimeoutExpired:
            raise Failed(f"novasupd did not end\n{self.show()}") from None
        return self.code

    def stop(self, sig=signal.SIGTERM, deadline_s=None):
        kill(self.popen.pid, sig)
        return self.ended(deadline_s)

    def novactl(self, *args, deadline_s=None):
        try:
            return subprocess.run([os.path.join(BIN, "novactl"), *args], env=self.env(),
                                  capture_output=True, text=True,
                                  timeout=deadline_s or max(60, DEADLINE_S),
                                  stdin=subprocess.DEVNULL, check=False)
        except subprocess.TimeoutExpired:
            raise Failed(f"novactl {' '.join(args)} hangs\n{self.tail()}") from None

    def ctl(self, *args, deadline_s=None):
        """novactl that has to work; its text."""
        run = self.novactl(*args, deadline_s=deadline_s)
        if run.returncode != 0:
            raise Failed(f"novactl {' '.join(args)}: exit {run.returncode}: {run.stderr}{run.stdout}")
        return run.stdout

    def json(self, *args, deadline_s=None):
        text = self.ctl(*args, "--json", deadline_s=deadline_s)
        try:
            return json.loads(text)
        except ValueError as error:
            raise Failed(f"novactl {' '.join(args)} --json: {error}: {text[:2000]}") from None

    def try_json(self, *args):
        """None when there is no answer yet."""
        run = self.novactl(*args, "--json")
        with contextlib.suppress(ValueError):
            return json.loads(run.stdout) if run.stdout else None
        return None

    def status(self):
        """None when novasupd does not answer; also there when the engine does not."""
        found = self.try_json("status")
        return found if found and (found.get("nova") or {}).get("pid") else None

    def ready(self):
        """novasupd answers, and says that all is there."""
        found = self.status()
        return bool(found and found["nova"]["ready"])

    def another(self, name, old):
        """Pid of the process of Nova that has followed old, when novasupd is ready with it;
        else None. All of one answer."""
        found = self.status() or {"nova": {"ready": False}}
        for each in found["processes"] if found["nova"]["ready"] else []:
            if each["name"] in (name, "nova-" + name) and each["pid"] not in (None, 0, old):
                return each["pid"] if each["state"] in ("up", "running") else None
        return None

    def workers(self):
        found = self.try_json("workers", "status") or {}
        return {w["worker"]: w for w in found.get("workers") or []}

    def state(self, worker):
        return (self.workers().get(worker) or {}).get("state")

    def up(self, worker):
        """Pids of its instances that are up."""
        return [i["pid"] for i in (self.workers().get(worker) or {}).get("instances") or []
                if i["state"] == "up" and i["pid"]]

    def process(self, name):
        """A process of Nova itself, as novactl status knows it."""
        for each in (self.status() or {}).get("processes", []):
            if each["name"] in (name, "nova-" + name):
                return each
        return {}

    def root(self):
        """Pid of novasupd itself, below the keeper that was started."""
        return self.process("novasupd")["pid"]

    def tail(self, lines=40):
        with contextlib.suppress(OSError):
            with open(self.path("novasupd.log"), encoding="utf-8", errors="replace") as f:
                return "--- novasupd.log\n" + "".join(f.readlines()[-lines:])
        return ""

    def reports(self):
        """What the sanitizers wrote, in builds with them."""
        found = []
        names = [self.path("novasupd.log")]
        with contextlib.suppress(OSError):
            names += [self.path("log", n) for n in os.listdir(self.path("log"))]
        for name in names:
            with contextlib.suppress(OSError):
                with open(name, encoding="utf-8", errors="replace") as f:
                    lines = f.readlines()
                for n, line in enumerate(lines):
                    if "ERROR: " in line and "Sanitizer" in line or ": runtime error: " in line:
                        found += [os.path.basename(name) + ": " + x.rstrip()
                                  for x in lines[n:n + 25]]
        return found

    def show(self):
        text = ["--- workers status"]
        for args in (["status"], ["workers", "status"], ["approvals"]):
            with contextlib.suppress(Failed):
                run = self.novactl(*args)
                text.append(run.stdout + run.stderr)
        text.append("--- processes")
        text += [str(p) for p in strays()]
        return "\n".join(text) + "\n" + self.tail()

    def close(self):
        if self.popen and self.popen.poll() is None:
            kill(self.popen.pid, signal.SIGTERM)
            try:
                self.popen.wait(20)
            except subprocess.TimeoutExpired:
                for process in [*descendants(self.popen.pid), Process(self.popen.pid)]:
                    kill(process.pid)
                self.popen.wait(20)
        # Only now: leaks are reported by processes that end.
        Fleet.found += [line for line in self.reports() if line not in Fleet.found]
        if self.own_dir and not os.environ.get("NOVA_TEST_KEEP"):
            shutil.rmtree(self.dir, ignore_errors=True)


def nothing_left(known=(), deadline_s=None):
    """Wait until no descendant of this test is alive but those in known."""
    keep = {f.popen.pid for f in Fleet.fleets if f.popen}

    def gone():
        reap_adopted(keep)
        return not [p for p in strays() if p.pid not in known]
    wait_for("no process is left", gone, deadline_s,
             lambda: "\n".join(str(p) for p in strays() if p.pid not in known))


# ---- TAP ----

TESTS = []


def test(what):
    """Decorator: one TAP line. Tests run in order and may build on each other."""
    def add(function):
        TESTS.append((what, function))
        return function
    return add


def run():
    """Run what was decorated; stop everything; exit. A failed test ends the file, the ones
    after it are reported as failed: they build on it (with NOVA_TEST_GO_ON they run)."""
    bad = None
    print(f"1..{len(TESTS)}", flush=True)
    for n, (what, function) in enumerate(TESTS, 1):
        started = time.monotonic()
        if bad and not os.environ.get("NOVA_TEST_GO_ON"):
            print(f"not ok {n} - {what} (not run after: {bad})", flush=True)
            continue
        try:
            skip = function()
            print(f"ok {n} - {what}" + (f" # SKIP {skip}" if skip else ""), flush=True)
        except Exception as error:  # the test program reports any of them
            bad = what
            text = str(error) if isinstance(error, Failed) else traceback.format_exc()
            print("\n".join("# " + line for line in text.splitlines()))
            print(f"not ok {n} - {what}", flush=True)
        print(f"# {time.monotonic() - started:.1f} s", flush=True)
    for fleet in Fleet.fleets:
        with contextlib.suppress(Exception):
            fleet.close()
    if Fleet.found:
        bad = bad or "sanitizers"
        print("\n".join("# " + line for line in Fleet.found))
        print("Bail out! a sanitizer found something")
    keep = {f.popen.pid for f in Fleet.fleets if f.popen}
    for process in strays():
        print(f"# left behind: {process}")
        kill(process.pid)
    reap_adopted(keep)
    sys.exit(1 if bad else 0)


def check(condition, what):
    if not condition:
        raise Failed(what() if callable(what) else what)


def equal(found, expected, what):
    if found != expected:
        raise Failed(f"{what}: expected {expected!r}, found {found!r}")


# ---- workers made of a few lines of shell ----

def shell(script):
    return ["sh", "-c", script]


# Up and silent, with a child and a grandchild that left its session.
STEADY = shell("setsid sh -c 'sleep 1000 & exec sleep 1000' & "
               "echo '{\"event\":\"heartbeat\",\"status\":\"here\"}' >&3; exec sleep 1000")


def earner(cost, revenue, every_s=0.05):
    """Reports a run, a cost and a sale every few moments."""
    return shell("while :; do "
                 f"echo '{{\"event\":\"cost\",\"amount\":\"{cost}\"}}' >&3; "
                 f"echo '{{\"event\":\"revenue\",\"amount\":\"{revenue}\"}}' >&3; "
                 "echo '{\"event\":\"run\",\"ok\":true,\"duration_ms\":1}' >&3; "
                 f"sleep {every_s}; done")


def noon():
    """A `timezone` in which it is noon: for figures of a day, which then is not over soon."""
    return f"Etc/GMT{time.gmtime().tm_hour - 12:+d}"


def dump(data):
    return json.dumps(data, indent=1)
