"""What a worker can do: a program that tries. Each argument is one attempt, `name` or
`name:argument`; it says on standard output, in one line, what came of each: "ok", a value,
or the name of the error. Then it waits to be stopped."""

import ctypes
import errno
import json
import os
import resource
import socket
import sys
import time

libc = ctypes.CDLL(None, use_errno=True)


def call(result):
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def write(path):
    name = os.path.join(path, f".nova-probe.{os.getpid()}") if os.path.isdir(path) else path
    fd = os.open(name, os.O_WRONLY | os.O_CREAT, 0o600)
    os.close(fd)
    if name != path:
        os.unlink(name)
    return "ok"


def read(path):
    if os.path.isdir(path):
        return sorted(os.listdir(path))[:20]
    with open(path, "rb") as f:
        return f.read(200).decode("utf-8", "replace")


def status(field):
    with open("/proc/self/status", encoding="ascii") as f:
        return next(line.split(":", 1)[1].strip() for line in f if line.startswith(field + ":"))


def connect(address):
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=20):
        return "ok"


def loopback(_):
    with socket.create_server(("127.0.0.1", 0)) as server:
        with socket.create_connection(server.getsockname(), timeout=20):
            return "ok"


def unix(_):
    a, b = socket.socketpair()
    a.close()
    b.close()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM):
        return "ok"


def udp(_):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect(("192.0.2.1", 9))  # a route is enough
        return "ok"


def abstract(name):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
        s.connect("\0" + name)
        return "ok"


def forks(n):
    pids = []
    try:
        for _ in range(int(n)):
            pid = os.fork()
            if pid == 0:
                time.sleep(1000)
                os._exit(0)
            pids.append(pid)
        return "ok"
    finally:
        for pid in pids:
            os.kill(pid, 9)
            os.waitpid(pid, 0)


def opens(n):
    fds = []
    try:
        for _ in range(int(n)):
            fds.append(os.open("/dev/null", os.O_RDONLY))
        return "ok"
    finally:
        for fd in fds:
            os.close(fd)


def syscall(text):
    number, *rest = (int(x, 0) for x in text.split(","))
    call(libc.syscall(ctypes.c_long(number), *(ctypes.c_long(x) for x in rest)))
    return "ok"


def setuid_program(path):
    """The effective account of a program with the set-user-id bit: a copy of `id`."""
    import subprocess
    return subprocess.run([path, "-u"], capture_output=True, text=True, check=False).stdout.strip()


ATTEMPTS = {
    "write": write,
    "read": read,
    "status": status,
    "connect": connect,
    "loopback": loopback,
    "unix": unix,
    "udp": udp,
    "abstract": abstract,
    "forks": forks,
    "opens": opens,
    "syscall": syscall,
    "setuid": setuid_program,
    "mount": lambda path: call(libc.mount(b"none", path.encode(), b"tmpfs", 0, None)) or "ok",
    "umount": lambda path: call(libc.umount2(path.encode(), 2)) or "ok",
    "remount": lambda path: call(libc.mount(None, path.encode(), None, 4096 | 32, None)) or "ok",
    "unshare": lambda flags: call(libc.unshare(int(flags, 0))) or "ok",
    "ids": lambda _: [os.getuid(), os.getgid(), sorted(os.getgroups())],
    "env": lambda name: os.environ.get(name),
    "args": lambda _: sys.argv,
    "securebits": lambda _: hex(call(libc.prctl(27))),
    "limit": lambda name: list(resource.getrlimit(getattr(resource, "RLIMIT_" + name))),
    "mkdir": lambda path: os.mkdir(path) or "ok",
    "chown": lambda path: os.chown(path, 1, 1) or "ok",
    "stat": lambda path: oct(os.stat(path).st_mode & 0o7777),
    "kill": lambda pid: os.kill(int(pid), 0) or "ok",
}


def attempt(text):
    name, _, argument = text.partition(":")
    try:
        return ATTEMPTS[name](argument)
    except OSError as error:
        return errno.errorcode.get(error.errno, type(error).__name__)


print("PROBE " + json.dumps({a: attempt(a) for a in sys.argv[1:]}), flush=True)
while True:
    time.sleep(1000)
