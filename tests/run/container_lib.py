"""Containers of Nova's image, run by podman as tests/root/image has set it up. What runs in one
is a descendant of the test (it is a subreaper), so fleetlib sees what is left behind."""

import atexit
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile

import fleetlib as fl
from fleetlib import Failed, wait_for

# What the documentation tells people to give a container, and nothing more.
HARDENED = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges",
            "--pids-limit", "512", "--tmpfs", "/tmp", "--tmpfs", "/run/nova"]


def _store():
    run = subprocess.run([os.path.join(fl.SOURCE, "tests/root/image")], capture_output=True,
                         text=True, check=False, stdin=subprocess.DEVNULL)
    if run.returncode == 3:
        print(f"1..0 # SKIP {run.stderr.strip().splitlines()[-1]}")
        sys.exit(0)
    if run.returncode != 0:
        print(f"1..1\n# {run.stderr[-4000:]}".replace("\n", "\n# ") + "\nnot ok 1 - the image builds")
        sys.exit(1)
    return run.stdout.strip()


STORE = _store()
PODMAN = os.path.join(STORE, "podman")
IMAGE = "localhost/nova"
TOP = tempfile.mkdtemp(prefix="nova-container.")
os.chmod(TOP, 0o755)
atexit.register(shutil.rmtree, TOP, ignore_errors=True)


def podman(*args, ok=True, deadline_s=None, **keys):
    """The finished run; Failed when it did not succeed, unless ok is False."""
    try:
        run = subprocess.run([PODMAN, *args], capture_output=True, text=True, check=False,
                             stdin=subprocess.DEVNULL, timeout=deadline_s or 2 * fl.DEADLINE_S, **keys)
    except subprocess.TimeoutExpired:
        raise Failed(f"podman {' '.join(args)} hangs") from None
    if ok and run.returncode != 0:
        raise Failed(f"podman {' '.join(args)}: {run.returncode}: {run.stderr}{run.stdout}")
    return run


class Box:
    """One container, with a configuration directory and a volume of its own."""

    boxes = []

    def __init__(self, settings=None, workers=None):
        self.name = f"nova-test-{os.getpid()}-{len(Box.boxes)}"
        self.etc = os.path.join(TOP, self.name)
        os.makedirs(os.path.join(self.etc, "workers.d"))
        self.write("nova.yaml", json.dumps(dict({"sample": "1s"}, **(settings or {}))))
        for name, keys in (workers or {}).items():
            spec = {"worker": name, "kind": "service", "stop": {"grace": "5s"}}
            self.write(f"workers.d/{name}.yaml", json.dumps(dict(spec, **keys)))
        podman("volume", "create", self.name)
        Box.boxes.append(self)

    def write(self, name, text):
        with open(os.path.join(self.etc, name), "w", encoding="utf-8") as f:
            f.write(text)

    def run(self, *options, ready=True, etc=True):
        mounts = ["-v", f"{self.etc}:/etc/nova:ro"] if etc else []
        podman("run", "-d", "--name", self.name, "--network", "host", *HARDENED, *mounts,
               *([] if any(":/var/lib/nova" in o for o in options)
                 else ["-v", f"{self.name}:/var/lib/nova"]), *options, IMAGE)
        return self.wait_healthy() if ready else self

    def start(self):
        podman("start", self.name)
        return self.wait_healthy()

    def wait_healthy(self):
        if self.ctl("health", "--wait", f"{fl.DEADLINE_S:g}s", ok=False).returncode != 0:
            raise Failed(f"not healthy: {self.ctl('health', ok=False).stdout}{self.logs()}")
        return self

    def exec(self, *args, ok=True):
        return podman("exec", self.name, *args, ok=ok)

    def ctl(self, *args, ok=True):
        return self.exec("novactl", *args, ok=ok)

    def json(self, *args):
        return json.loads(self.ctl(*args, "--json").stdout)

    def logs(self):
        run = podman("logs", self.name, ok=False)
        return run.stdout + run.stderr

    def wait_log(self, *words):
        """Podman's conmon writes it: what was said comes a moment later."""
        self.wait(f"the log says {words}", lambda: all(w in self.logs() for w in words))

    def passes(self):
        """By the health check of the image, which is given up when it takes too long."""
        self.wait("its health check passes",
                  lambda: podman("healthcheck", "run", self.name, ok=False).returncode == 0)

    def inspect(self, what):
        return podman("inspect", "--format", "{{%s}}" % what, self.name).stdout.strip()

    def volume(self, name):
        """The path of a file on the volume, seen from outside."""
        point = podman("volume", "inspect", "--format", "{{.Mountpoint}}", self.name).stdout.strip()
        return os.path.join(point, name)

    def read(self, name):
        """What a file on the volume says; "" when it is not there."""
        with contextlib.suppress(OSError):
            with open(self.volume(name), encoding="utf-8") as f:
                return f.read()
        return ""

    def wait(self, what, condition):
        return wait_for(what, condition, show=self.logs)

    def ended(self):
        """Its exit code, once it has ended."""
        self.wait("the container ends", lambda: self.inspect(".State.Status") == "exited")
        return int(self.inspect(".State.ExitCode"))

    def stop(self):
        podman("stop", "-t", f"{fl.DEADLINE_S:.0f}", self.name)
        return self.ended()


@atexit.register
def remove_all():
    for box in Box.boxes:
        podman("rm", "-f", "-t", "0", box.name, ok=False)
        podman("volume", "rm", "-f", box.name, ok=False)
