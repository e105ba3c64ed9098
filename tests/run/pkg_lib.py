"""Tests that install Nova's Debian package: the packages of this tree, and a Debian with
systemd as PID 1 to install them in."""

import glob
import json
import os
import shutil
import subprocess
import sys

import fleetlib as fl
from fleetlib import Failed, check

ROOT = os.path.join(fl.SOURCE, "tests", "root")


def skip_all(why):
    print(f"1..0 # SKIP {why}")
    sys.exit(0)


def tool(*args):
    """A script of tests/root. What this machine has not, skips the test."""
    run = subprocess.run([os.path.join(ROOT, args[0]), *args[1:]], capture_output=True, text=True,
                         check=False)
    if run.returncode == 3:
        skip_all(run.stderr.strip().splitlines()[-1])
    if run.returncode != 0:
        raise Failed(f"{args}: {run.returncode}: {run.stderr}")
    return run.stdout.strip()


def packages(*args):
    """{name: path of the .deb}; "next" for the later version."""
    found = glob.glob(os.path.join(tool("package", *args), "*.deb"))
    return {os.path.basename(p).split("_")[0]: p for p in found}


def repacked(deb, to, version, change):
    """The package once more as another version, after change(its directory)."""
    tree = to + ".tree"
    subprocess.run(["dpkg-deb", "-R", deb, tree], check=True)
    control = os.path.join(tree, "DEBIAN", "control")
    with open(control, encoding="utf-8") as f:
        lines = [f"Version: {version}\n" if line.startswith("Version:") else line for line in f]
    with open(control, "w", encoding="utf-8") as f:
        f.writelines(lines)
    change(tree)
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "-b", tree, to],
                   check=True, capture_output=True)
    shutil.rmtree(tree)
    return to


class Machine:
    """A throw-away Debian, booted; it ends with this process at the latest."""

    def __init__(self):
        self.dir = tool("boot", "--for", str(os.getpid()), tool("make", "nova"))
        self.root = os.path.join(self.dir, "root")
        with open(os.path.join(self.dir, "init"), encoding="ascii") as f:
            self.init = f.read().strip()

    def path(self, *parts):
        return os.path.join(self.root, *parts)

    def write(self, name, text, mode=0o644):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(self.path(name), mode)

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as f:
            return f.read()

    def run(self, *args, code=0):
        """Its standard output; None as code: any exit code, and both outputs."""
        run = subprocess.run([os.path.join(ROOT, "in"), self.dir, *args], capture_output=True,
                             text=True, stdin=subprocess.DEVNULL, check=False)
        if code is None:
            return run.returncode, run.stdout + run.stderr
        check(run.returncode == code,
              lambda: f"{' '.join(args)}: exit code {run.returncode}, expected {code}:\n"
                      f"{run.stdout[-3000:]}{run.stderr[-3000:]}\n{self.journal()}")
        return run.stdout

    def journal(self):
        return subprocess.run([os.path.join(ROOT, "in"), self.dir, "journalctl", "-u", "nova",
                               "--no-pager", "-n", "40"], capture_output=True, text=True,
                              check=False).stdout

    def install(self, deb, code=0):
        """What dpkg said, and its exit code's rightness; nobody answers its questions."""
        shutil.copy(deb, self.path("var/tmp/it.deb"))
        found, said = self.run("env", "DEBIAN_FRONTEND=noninteractive", "dpkg", "--force-confold",
                               "-i", "/var/tmp/it.deb", code=None)
        os.unlink(self.path("var/tmp/it.deb"))
        check(found == code, lambda: f"dpkg -i {deb}: {found}:\n{said}\n{self.journal()}")
        return said

    def json(self, *args):
        return json.loads(self.run("novactl", *args, "--json"))

    def popen(self, *args, **more):
        """A program of this machine (not of that one) in its network."""
        return subprocess.Popen(["nsenter", "--target", self.init, "--net", "--", *args], **more)

    def processes(self):
        """Those of account nova."""
        return self.run("ps", "-u", "nova", "-o", "pid=,args=", code=None)[1].strip()

    def files(self):
        """All but what every machine writes by itself."""
        out = self.run("find", "/", "-xdev", "(", "-path", "/proc", "-o", "-path", "/sys", "-o",
                       "-path", "/tmp", "-o", "-path", "/var/tmp", "-o", "-path",
                       "/var/lib/dpkg", "-o", "-path", "/var/log/journal", "-o", "-path",
                       "/var/cache", ")", "-prune", "-o", "-print")
        return set(out.splitlines()) | set(self.run("find", "/run", "-name", "*nova*").splitlines())

    def down(self):
        tool("down", self.dir)
