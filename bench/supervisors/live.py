"""One supervisor of the side-by-side benchmark while it runs: its processes, its services
(each has said when its main began), its memory, and its end."""

import contextlib
import ctypes
import fcntl
import os
import select
import shutil
import signal
import struct
import subprocess
import tempfile
import time

RECORD = struct.Struct("=qq")
CGROUPS = "/sys/fs/cgroup/memory"
TMPFS = 0x01021994
F_SETPIPE_SZ = 1031


def now_ns():
    return time.monotonic_ns()


def parents():
    """ppid -> its children, of every process."""
    below = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            with open(f"/proc/{name}/stat", encoding="ascii", errors="replace") as f:
                text = f.read()
            below.setdefault(int(text[text.rindex(")") + 2:].split()[1]), []).append(int(name))
    return below


def memory_dir():
    """A directory in memory, as /run is: where scan directories and sockets belong."""
    libc = ctypes.CDLL(None)
    for path in ("/run", "/dev/shm"):
        room = ctypes.create_string_buffer(256)
        if os.access(path, os.W_OK) and libc.statfs(path.encode(), room) == 0 and \
                struct.unpack_from("=q", room)[0] == TMPFS:
            return path
    return None


def descendants(pid):
    below, found, todo = parents(), [], [pid]
    while todo:
        found.append(todo.pop())
        todo += below.get(found[-1], [])
    return found[1:]


class Gone(Exception):
    """It did not happen in time, or the supervisor ended."""


class Live:
    def __init__(self, driver_class, programs, n, cgroup=True):
        self.kind, self.programs, self.n = driver_class, programs, n
        self.dir = tempfile.mkdtemp(prefix="nova-bench.")
        self.fifo = os.path.join(self.dir, "fifo")
        os.mkfifo(self.fifo)
        # Both ways: opening does not wait, and there is never an end of file.
        self.fd = os.open(self.fifo, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        with contextlib.suppress(OSError):
            fcntl.fcntl(self.fd, F_SETPIPE_SZ, 1 << 20)
        self.at = tempfile.mkdtemp(prefix="nova-bench.", dir=memory_dir())
        self.driver = driver_class(programs, n, self.at, self.dir, self.fifo)
        self.cgroup = None
        if cgroup and os.access(CGROUPS, os.W_OK):
            self.cgroup = os.path.join(CGROUPS, os.path.basename(self.dir))
            os.mkdir(self.cgroup)
        self.popen = None
        self.waiting = b""
        self.pids = []  # of services, in the order in which they began
        self.began = {}  # pid -> ns

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self, deadline_s):
        """Nanoseconds from the start of the command to the main of the last service."""
        procs = f"{self.cgroup}/cgroup.procs" if self.cgroup else "-"
        log = os.open(f"{self.dir}/log", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self.popen = subprocess.Popen(
            [self.programs.floor, "under", procs, self.fifo] + self.driver.command,
            env=self.driver.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            cwd=self.driver.dir, start_new_session=True)
        os.close(log)
        (began, _), = self.records(1, deadline_s)
        return self.take(self.n, deadline_s) - began

    def records(self, n, deadline_s):
        """The next n records of the FIFO."""
        end = time.monotonic() + deadline_s
        poll = select.poll()
        poll.register(self.fd, select.POLLIN)
        while len(self.waiting) < n * RECORD.size:
            left = end - time.monotonic()
            if left <= 0 or self.popen.poll() is not None:
                raise Gone(f"{self.kind.name}: {len(self.waiting) // RECORD.size} of {n} services"
                           f" within {deadline_s} s; it says: {self.last_words()}")
            if poll.poll(min(left, 1) * 1000):
                self.waiting += os.read(self.fd, 1 << 20)
        taken, self.waiting = self.waiting[:n * RECORD.size], self.waiting[n * RECORD.size:]
        return list(RECORD.iter_unpack(taken))

    def last_words(self):
        with open(f"{self.dir}/log", encoding="utf-8", errors="replace") as f:
            return f.read()[-500:].strip() or "nothing"

    def take(self, n, deadline_s):
        """n services have begun: remember them; the time of the last."""
        latest = 0
        for ns, pid in self.records(n, deadline_s):
            self.pids.append(pid)
            self.began[pid] = ns
            latest = max(latest, ns)
        return latest

    def restart_one(self, age_s, deadline_s):
        """Kill the oldest service, which has to be of some age; nanoseconds to its successor."""
        pid = self.pids.pop(0)
        young_s = age_s - (now_ns() - self.began.pop(pid)) / 1e9
        if young_s > 0:
            time.sleep(young_s)
        killed = now_ns()
        os.kill(pid, signal.SIGKILL)
        return self.take(1, deadline_s) - killed

    def restart_all(self, deadline_s):
        """Kill every service at once; nanoseconds until all are back."""
        pids, self.pids, self.began = self.pids, [], {}
        killed = now_ns()
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        return self.take(len(pids), deadline_s) - killed

    def own(self):
        """pid -> program of the supervisor's processes: all below it but the services."""
        found = {}
        for pid in descendants(self.popen.pid):
            with contextlib.suppress(OSError):
                exe = os.readlink(f"/proc/{pid}/exe")
                if exe != self.programs.stamp:
                    found[pid] = os.path.basename(exe)
        return found

    def pss_kib(self):
        """program -> KiB, pages that are shared counted once."""
        sums = {}
        for pid, name in self.own().items():
            with contextlib.suppress(OSError), open(f"/proc/{pid}/smaps_rollup",
                                                    encoding="ascii") as f:
                for line in f:
                    if line.startswith("Pss:"):
                        sums[name] = sums.get(name, 0) + int(line.split()[1])
        return sums

    def kernel_kib(self):
        """Kernel memory of the supervisor and its services together; None: not told here."""
        if not self.cgroup:
            return None
        with open(f"{self.cgroup}/memory.kmem.usage_in_bytes", encoding="ascii") as f:
            return int(f.read()) // 1024

    def wakeups(self):
        """How often its threads have slept and woken, ever."""
        total = 0
        for pid in self.own():
            with contextlib.suppress(OSError):
                for task in os.listdir(f"/proc/{pid}/task"):
                    with open(f"/proc/{pid}/task/{task}/status", encoding="ascii",
                              errors="replace") as f:
                        total += sum(int(line.split()[1]) for line in f
                                     if line.startswith("voluntary_ctxt_switches"))
        return total

    def time_command(self, argv, times):
        """Nanoseconds of each run of a command that prints a state."""
        run = subprocess.run([self.programs.floor, "time", str(times)] + argv,
                             env=self.driver.env, cwd=self.driver.dir, capture_output=True,
                             text=True, check=True, timeout=600)
        rows = [line.split() for line in run.stdout.splitlines()]
        if any(code != "0" for _, code in rows):
            raise Gone(f"{self.kind.name}: {' '.join(argv[:4])}: exit {rows[0][1]}:"
                       f" {run.stderr[:200]}")
        return [int(ns) for ns, _ in rows]

    def stop(self):
        """Ends everything of it, whatever state it is in."""
        if self.popen:
            top = [pid for pid, name in self.own().items() if name.startswith("novasupd")]
            if self.driver.graceful and top:
                os.kill(min(top), signal.SIGTERM)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.popen.wait(120)
            self.kill_all()
            self.popen = None
        os.close(self.fd)
        if self.cgroup:
            with contextlib.suppress(OSError):
                os.rmdir(self.cgroup)
        shutil.rmtree(self.dir, ignore_errors=True)
        shutil.rmtree(self.at, ignore_errors=True)

    def kill_all(self):
        """Everything below, parents first; the process above ends when nothing is left."""
        while self.popen.poll() is None:
            for pid in descendants(self.popen.pid):
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.02)
