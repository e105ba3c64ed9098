"""A real novasupd and nova-logger with a stand-in engine (sup_engine.py), and a client of
novasupd.sock. Waiting is always for a condition, with a deadline; every process of a fleet is
found by the mark in its environment or below it in the process tree."""

import contextlib
import ctypes
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import traceback

BIN = os.environ.get("NOVA_BIN") or sys.exit("NOVA_BIN is not set: run this by ctest")
HERE = os.path.dirname(os.path.abspath(__file__))
# One that every user can run.
PYTHON = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable
SYNC_S = 2
DEADLINE_S = float(os.environ.get("NOVA_TEST_DEADLINE_S", "60"))
(STATUS, STOP, RESTART, RELOAD, SHUTDOWN, WAIT) = range(60, 66)
(NOVA, PROC, WORKER, INSTANCE, END, REPLY, ROWS) = range(70, 77)
LOG = 112
INCIDENT = 120
ROLL = 124
STOPPED, RUNNING, SETTLED = 1, 2, 3

FIELDS = {
    NOVA: [("id", "I"), ("pid", "i"), ("version", "s"), ("uptime_ms", "Q"), ("ready", "B"),
           ("stopping", "B"), ("config_gen", "I"), ("engine_state", "s"), ("engine_reason", "s"),
           ("isolation", "s"), ("state_dir", "s"), ("log_dir", "s"), ("config", "s"), ("brake", "s")],
    PROC: [("id", "I"), ("name", "s"), ("pid", "i"), ("state", "s"), ("uptime_ms", "Q"),
           ("restarts", "I"), ("last_exit", "s")],
    WORKER: [("id", "I"), ("worker", "s"), ("group", "s"), ("state", "s"), ("desired", "I"),
             ("up", "I"), ("paused", "B"), ("epoch", "Q"), ("restarts", "I"), ("crashes", "I"),
             ("crashes_max", "I"), ("window_ms", "Q"), ("retry_in_ms", "q"), ("reason", "s")],
    INSTANCE: [("id", "I"), ("worker", "s"), ("instance", "I"), ("pid", "i"),
               ("generation", "I"), ("state", "s"), ("uptime_ms", "Q"), ("restarts", "I"),
               ("last_exit", "s"), ("cgroup", "s"), ("health", "s"), ("health_ms", "Q"),
               ("health_reason", "s")],
    LOG: [("id", "I"), ("worker", "s"), ("dropped", "Q"), ("error", "s")],
    ROLL: [("id", "I"), ("roll", "I"), ("done", "I"), ("total", "I"), ("failures", "I"),
           ("worker", "s"), ("phase", "s"), ("text", "s")],
    INCIDENT: [("request", "I"), ("id", "I"), ("state", "s"), ("workers", "I"), ("held", "I"),
               ("failed", "I"), ("since_ms", "Q"), ("next_ms", "q"), ("canary", "s"),
               ("text", "s")],
    END: [("id", "I")],
    REPLY: [("id", "I"), ("code", "B"), ("text", "s")],
}


def decode(data):
    kind = struct.unpack_from("<H", data)[0]
    at, out = 4, {"kind": kind}
    for name, fmt in FIELDS[kind]:
        if fmt == "s":
            n = struct.unpack_from("<H", data, at)[0]
            out[name] = data[at + 2:at + 2 + n].decode()
            at += 2 + n
        else:
            out[name] = struct.unpack_from("<" + fmt, data, at)[0]
            at += struct.calcsize("<" + fmt)
    assert at == len(data), f"message {kind} has bytes left over"
    return out


def text(s):
    return struct.pack("<H", len(s.encode())) + s.encode()


class Failed(Exception):
    pass


def wait_for(what, condition, deadline_s=None):
    end = time.monotonic() + (deadline_s or DEADLINE_S)
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed(f"{what}: not within {deadline_s or DEADLINE_S:g} s")
        time.sleep(0.02)


def check(condition, what):
    if not condition:
        raise Failed(what)


# ---- processes ----

def stat_of(pid):
    with open(f"/proc/{pid}/stat", errors="replace") as f:
        line = f.read()
    fields = line[line.rindex(")") + 2:].split()
    return {"pid": pid, "state": fields[0], "ppid": int(fields[1]), "sid": int(fields[3])}


def state_of(pid):
    """Its letter, None when it is gone."""
    with contextlib.suppress(OSError, ValueError):
        return stat_of(pid)["state"]
    return None


def alive(pid):
    return state_of(pid) not in (None, "Z", "X")


def with_mark(mark):
    """Living processes whose environment holds this text: whatever a fleet's agent started."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError, ValueError):
                with open(f"/proc/{name}/environ", "rb") as f:
                    if mark.encode() in f.read() and alive(int(name)):
                        found.append(int(name))
    return found


def below(root):
    every = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError, ValueError):
                s = stat_of(int(name))
                every.setdefault(s["ppid"], []).append(s)
    found, todo = [], [root]
    while todo:
        for s in every.get(todo.pop(), []):
            todo.append(s["pid"])
            if s["state"] not in "ZX":
                found.append(s["pid"])
    return found


# ---- client ----

class Client:
    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.sock.settimeout(DEADLINE_S)
        self.sock.connect(path)
        self.n = 0
        self.rows = []  # of a packet that holds many messages

    def ask(self, kind, body=b""):
        self.n += 1
        self.sock.send(struct.pack("<HHI", kind, 0, self.n) + body)

    def unpack(self, data):
        at = 8
        while at < len(data):
            kind, length = struct.unpack_from("<II", data, at)
            self.rows.append(struct.pack("<HH", kind, 0) + data[at + 8:at + 8 + length])
            at += 8 + length

    def take(self):
        if not self.rows:
            data = self.sock.recv(65536)
            if not data:
                raise Failed("novasupd closed the control socket")
            if struct.unpack_from("<H", data)[0] == ROWS:
                self.unpack(data)
            else:
                self.rows.append(data)
        m = decode(self.rows.pop(0))
        check(m.get("request", m["id"]) == self.n, f"an answer to another request: {m}")
        return m

    def reply(self, kind, body=b""):
        self.ask(kind, body)
        return self.take()

    def status(self, worker=""):
        self.ask(STATUS, text(worker) + b"\0")
        s = {"procs": {}, "workers": {}, "instances": {}}
        while (m := self.take())["kind"] != END:
            if m["kind"] == NOVA:
                s["nova"] = m
            elif m["kind"] == PROC:
                s["procs"][m["name"]] = m
            elif m["kind"] == INCIDENT:
                s["incident"] = m
            elif m["kind"] == WORKER:
                s["workers"][m["worker"]] = m
            elif m["kind"] == ROLL:
                s.setdefault("rolls", {})[m["worker"]] = m
            elif m["kind"] == LOG:
                s.setdefault("logs", {})[m["worker"]] = m
            else:
                s["instances"][(m["worker"], m["instance"])] = m
        return s

    def wait(self, worker, what, timeout_ms=None):
        if timeout_ms is None:
            timeout_ms = int(DEADLINE_S * 1000)
        return self.reply(WAIT, text(worker) + struct.pack("<BI", what, timeout_ms))


# ---- fleet ----

def yaml(value, indent=0):
    return json.dumps(value)


class Fleet:
    all = []

    def __init__(self, workers, settings=None, env=None, prefix=(), args=(), start=True,
                 desires=None, cgroup=True, owner=None):
        self.dir = tempfile.mkdtemp(prefix="nova-sup.")
        os.chmod(self.dir, 0o755)
        self.owner = owner
        self.mark = f"FLEET_MARK={os.path.basename(self.dir)}"
        self.bin = f"{self.dir}/bin"
        self.run = f"{self.dir}/run"
        self.state = f"{self.dir}/state"
        self.log = f"{self.dir}/log"
        for d in (self.bin, f"{self.dir}/etc/workers.d", f"{self.dir}/etc/secrets", self.state):
            os.makedirs(d)
        os.chmod(f"{self.dir}/etc/secrets", 0o700)
        for program in ("novasupd", "nova-logger"):
            shutil.copy2(f"{BIN}/{program}", f"{self.bin}/{program}")
        shutil.copy2(f"{HERE}/sup_engine.py", f"{self.bin}/nova-engine")
        self.settings = settings or {}
        self.write_config(workers)
        self.env = {"PATH": os.environ["PATH"], "HOME": "/", "NOVA_TEST": "1", **(env or {})}
        for name, value in os.environ.items():
            if name.endswith("SAN_OPTIONS"):
                self.env[name] = value
        if not cgroup:
            self.env["NOVA_NO_CGROUP"] = "1"
        if desires is None:
            desires = {name: {"instances": 1} for name in workers}
        with open(f"{self.state}/desires.json", "w") as f:
            json.dump(desires, f)
        if owner:
            subprocess.run(["chown", "-R", owner, self.dir], check=True)
        self.prefix = list(prefix)
        self.args = list(args)
        self.proc = None
        Fleet.all.append(self)
        if start:
            self.start()

    def write_config(self, workers):
        with open(f"{self.dir}/etc/nova.yaml", "w") as f:
            f.write(json.dumps(self.settings) + "\n")
        for old in os.listdir(f"{self.dir}/etc/workers.d"):
            os.unlink(f"{self.dir}/etc/workers.d/{old}")
        for name, keys in workers.items():
            full = {"worker": name, "kind": "service", **keys}
            full.setdefault("env", {})
            full["env"] = {"FLEET_MARK": os.path.basename(self.dir), **full["env"]}
            with open(f"{self.dir}/etc/workers.d/{name}.yaml", "w") as f:
                f.write(json.dumps(full, indent=1) + "\n")

    def command(self):
        return self.prefix + [f"{self.bin}/novasupd", "--config", f"{self.dir}/etc/nova.yaml",
                              "--state-dir", self.state, "--run-dir", self.run,
                              "--log-dir", self.log] + self.args

    def start(self, ready=True, **kw):
        self.err = open(f"{self.dir}/stderr", "ab")
        self.proc = subprocess.Popen(self.command(), env=self.env, stdin=subprocess.DEVNULL,
                                     stdout=self.err, stderr=self.err, **kw)
        if ready:
            wait_for("ready", self.is_ready)
        return self

    def is_ready(self):
        if self.proc.poll() is not None:
            raise Failed(f"novasupd ended with {self.proc.returncode}:\n{self.stderr()}")
        with contextlib.suppress(OSError):
            return self.client().status()["nova"]["ready"]
        return False

    def stderr(self):
        with contextlib.suppress(FileNotFoundError):
            with open(f"{self.dir}/stderr", errors="replace") as f:
                return f.read()
        return ""

    def client(self):
        return Client(f"{self.run}/novasupd.sock")

    def answers(self):
        """The socket is there and listened to: the one comes a moment after the other."""
        try:
            return bool(self.client())
        except (FileNotFoundError, ConnectionRefusedError):
            return False

    def status(self):
        return self.client().status()

    def instance(self, worker, n=1):
        return self.status()["instances"].get((worker, n))

    def worker(self, worker):
        return self.status()["workers"][worker]

    def engine(self, **command):
        s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)

        def send():
            with contextlib.suppress(OSError):
                s.connect(f"{self.state}/engine.cmd")
                s.send(json.dumps(command).encode())
                return True
        wait_for("the engine takes commands", send)

    def desire(self, worker, **d):
        self.engine(desire={worker: d})

    def wait(self, worker, what):
        r = self.client().wait(worker, what)
        check(r["code"] == 0, f"waiting for {worker}: {r['text']}")

    def sync(self):
        """What a status has shown is in the engine's files, unless one of the two is away."""
        with contextlib.suppress(OSError, Failed), \
                socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            client = self.client()
            client.sock.settimeout(SYNC_S)
            client.status()  # novasupd is beyond the pass that answered the last one
            s.settimeout(SYNC_S)
            s.bind("")
            s.connect(f"{self.state}/engine.cmd")
            s.send(b'{"sync": true}')
            s.recv(16)

    def journal(self):
        self.sync()
        try:
            with open(f"{self.state}/out/journal") as f:
                return [json.loads(line) for line in f if line.endswith("\n")]
        except FileNotFoundError:
            return []

    def exits(self, worker):
        return [e for e in self.journal() if e["event"] == "exit" and e["worker"] == worker]

    def events(self, worker):
        """All lines that the engine stored of a worker, in the order of its incarnations."""
        rows = []
        with contextlib.suppress(FileNotFoundError):
            with open(f"{self.state}/streams.jsonl") as f:
                rows = [json.loads(line) for line in f if line.endswith("\n")]
        out = []
        for stream_id in dict.fromkeys(r["id"] for r in rows if r["worker"] == worker):
            with contextlib.suppress(FileNotFoundError):
                with open(f"{self.state}/out/{stream_id}") as f:
                    # The engine writes on: half a line is none yet.
                    out += [line[:-1] for line in f if line.endswith("\n")]
        return out

    def agents(self):
        return with_mark(self.mark)

    def stop(self, code=0):
        self.proc.send_signal(signal.SIGTERM)
        self.ended(code)

    def ended(self, code):
        try:
            got = self.proc.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            raise Failed(f"novasupd does not end:\n{self.stderr()}")
        check(got == code, f"exit code {got}, not {code}:\n{self.stderr()}")
        left = self.agents()
        check(not left, f"left behind: {left}")

    def cleanup(self, failed):
        if self.proc and self.proc.poll() is None:
            tree = below(self.proc.pid)
            self.proc.kill()
            for pid in tree + self.agents():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self.proc.wait()
        for pid in self.agents():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if failed:
            print(f"# kept: {self.dir}")
            for line in self.stderr().splitlines()[-60:]:
                print(f"#   {line}")
        else:
            shutil.rmtree(self.dir, ignore_errors=True)


def main(tests):
    """Run test_* functions as TAP; names as arguments choose some."""
    chosen = [t for t in tests if not sys.argv[1:] or t.__name__ in sys.argv[1:]]
    bad = 0
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # escapees of a fleet come to us, to be seen
    print(f"1..{len(chosen)}")
    for n, test in enumerate(chosen, 1):
        failed = True
        begin = time.monotonic()
        try:
            test()
            failed = False
        except Exception:
            for line in traceback.format_exc().splitlines():
                print(f"# {line}")
        for fleet in Fleet.all:
            san = [l for l in fleet.stderr().splitlines() if "Sanitizer" in l
                   or "runtime error" in l] if os.path.exists(f"{fleet.dir}/stderr") else []
            if san and not failed:
                failed = True
                print(f"# {san[0]}")
            fleet.cleanup(failed)
        Fleet.all.clear()
        print(f"{'not ok' if failed else 'ok'} {n} - {test.__name__[5:].replace('_', ' ')}\n"
              f"# {time.monotonic() - begin:.1f} s", flush=True)
        bad += failed
    sys.exit(1 if bad else 0)
