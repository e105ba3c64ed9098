"""What the tests of workers/ share: a nova-runner or worker on real pipes, and TAP output.

The harness is the other side of the protocol: it reads descriptor 3 and writes descriptor 4.
It waits for conditions with a deadline and never sleeps to let something happen.
"""

import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time

BIN = os.environ["NOVA_BIN"]
SOURCE = os.environ["NOVA_SOURCE"]
DEADLINE_S = float(os.environ.get("NOVA_TEST_DEADLINE_S", "60"))


class Gone(Exception):
    """The stream ended before the condition came true."""


def pipe():
    """A pipe with both ends out of the way of descriptors 0 to 9."""
    low_read, low_write = os.pipe()
    ends = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10) for fd in (low_read, low_write)]
    os.close(low_read)
    os.close(low_write)
    return ends


class Lines:
    """Whole lines from a descriptor, in order."""

    def __init__(self, fd):
        self.fd = fd
        self.rest = b""
        self.lines = []
        self.eof = False

    def read_more(self, timeout):
        ready, _, _ = select.select([self.fd], [], [], timeout)
        if not ready:
            return False
        data = os.read(self.fd, 65536)
        if not data:
            self.eof = True
            return False
        *whole, self.rest = (self.rest + data).split(b"\n")
        self.lines += whole
        return True

    def drain(self):
        while not self.eof and self.read_more(0):
            pass

    def until(self, wanted, what):
        """Read until wanted(line) is true for a line; that line."""
        seen = 0
        end = time.monotonic() + DEADLINE_S
        while True:
            while seen < len(self.lines):
                seen += 1
                if wanted(self.lines[seen - 1]):
                    return self.lines[seen - 1]
            if self.eof:
                raise Gone("end of stream while waiting for " + what)
            left = end - time.monotonic()
            if left <= 0:
                raise Gone("nothing in time while waiting for " + what)
            self.read_more(left)


class Process:
    """A program with an event pipe on 3 and a control pipe on 4."""

    def __init__(self, argv, env=None, event_pipe_bytes=None, stdout=None):
        self.event_read, self.event_write = pipe()
        self.control_read, self.control_write = pipe()
        if event_pipe_bytes:
            fcntl.fcntl(self.event_write, 1031, event_pipe_bytes)  # F_SETPIPE_SZ
        self.log_path = tempfile.mktemp(prefix="log.", dir=work_dir())
        self.log = open(self.log_path, "wb+")
        out_read, out_write = pipe()

        def place_fds():
            os.dup2(self.event_write, 3)
            os.dup2(self.control_read, 4)

        environment = {"PATH": os.environ["PATH"], "NOVA_EVENT_FD": "3", "NOVA_CONTROL_FD": "4"}
        environment.update({k: v for k, v in os.environ.items() if "SAN_OPTIONS" in k})
        environment.update(env or {})
        # place_fds only calls dup2: safe between fork and exec.
        self.child = subprocess.Popen(  # pylint: disable=subprocess-popen-preexec-fn
            argv,
            stdin=subprocess.DEVNULL,
            stdout=stdout if stdout is not None else out_write,
            stderr=self.log,
            env=environment,
            pass_fds=(3, 4),
            preexec_fn=place_fds,
        )
        self.pid = self.child.pid
        os.close(out_write)
        self.events = Lines(self.event_read)
        self.out = Lines(out_read)

    def log_text(self):
        with open(self.log_path, "rb") as f:
            return f.read().decode("utf-8", "replace")

    def control(self, line):
        os.write(self.control_write, (line if isinstance(line, bytes) else line.encode()) + b"\n")

    def event(self, wanted, what):
        """The next event (of those not yet waited for) that wanted() accepts."""
        return json.loads(self.events.until(lambda l: wanted(json.loads(l)), what))

    def run_event(self, number):
        """The `run` event of run `number`."""
        suffix = ".%d.run" % number
        return self.event(
            lambda e: e["event"] == "run" and e["id"].endswith(suffix), "run %d" % number
        )

    def all_events(self):
        self.events.drain()
        return [json.loads(l) for l in self.events.lines]

    def close_events(self):
        """Nobody reads events any more."""
        os.close(self.event_read)
        os.close(self.event_write)
        self.event_read = self.event_write = -1

    def wait(self):
        return self.child.wait(timeout=DEADLINE_S)

    def stop(self):
        """End it whatever it does, and free what it used."""
        if self.log.closed:
            return
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()
        for fd in (
            self.event_read,
            self.event_write,
            self.control_read,
            self.control_write,
            self.out.fd,
        ):
            if fd >= 0:
                os.close(fd)
        self.log.close()


def runner(command, interval_ms=1000, timeout_ms=0, heartbeat_ms=0, grace_ms=4000, **kw):
    if isinstance(command, str):
        command = ["sh", "-c", command]
    argv = [BIN + "/nova-runner", "--worker", "w", "--instance", "2"]
    argv += ["--interval-ms", str(interval_ms), "--timeout-ms", str(timeout_ms)]
    argv += ["--heartbeat-ms", str(heartbeat_ms), "--grace-ms", str(grace_ms), "--"]
    return Process(argv + command, **kw)


def wait_until(condition, what):
    """For things no descriptor tells: look often, with a deadline."""
    end = time.monotonic() + DEADLINE_S
    while not condition():
        if time.monotonic() > end:
            raise Gone("not in time: " + what)
        time.sleep(0.005)


def alive(pid):
    """Is there such a process, other than a zombie?"""
    try:
        with open("/proc/%d/stat" % pid, "rb") as f:
            return f.read().rpartition(b")")[2].split()[0] not in (b"Z", b"X")
    except (FileNotFoundError, ProcessLookupError):
        return False


def children(pid):
    """Pids of its children, zombies too."""
    found = []
    for name in os.listdir("/proc"):
        try:
            if name.isdigit():
                with open("/proc/%s/stat" % name, "rb") as f:
                    if int(f.read().rpartition(b")")[2].split()[1]) == pid:
                        found.append(int(name))
        except (OSError, ProcessLookupError):
            continue
    return found


def marked(mark):
    """Pids of the processes that carry mark in their environment. nova-runner is not one of
    them: its title covers its own."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            with open("/proc/%s/environ" % name, "rb") as f:
                text = f.read()
            if mark.encode() in text and alive(int(name)):
                found.append(int(name))
        except (OSError, ProcessLookupError):
            continue
    return found


def work_dir():
    return _DIR.name


_DIR = tempfile.TemporaryDirectory(prefix="nova-workers.")
_TESTS = []


def test(fn):
    _TESTS.append(fn)
    return fn


def check(condition, what):
    if not condition:
        raise AssertionError(what)


def equal(found, wanted, what):
    if found != wanted:
        raise AssertionError("%s: found %r, wanted %r" % (what, found, wanted))


def main():
    only = sys.argv[1:]
    tests = [t for t in _TESTS if not only or t.__name__ in only]
    failed = 0
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    print("1..%d" % len(tests))
    for number, fn in enumerate(tests, 1):
        name = fn.__name__.replace("_", " ")
        processes = []
        try:
            fn(lambda p: processes.append(p) or p)
            print("ok %d - %s" % (number, name))
        except (AssertionError, Gone, OSError, ValueError, subprocess.TimeoutExpired) as e:
            failed += 1
            print("not ok %d - %s" % (number, name))
            print("# %s" % str(e).replace("\n", "\n# "))
            for p in processes:
                for kind, lines in (("log", p.log_text().split("\n")),
                                    ("event", [l.decode("utf-8", "replace") for l in p.events.lines])):
                    for line in lines[-30:]:
                        print("# %s: %s" % (kind, line))
        finally:
            for p in processes:
                p.stop()
        sys.stdout.flush()
    return 1 if failed else 0
