"""What the checks of the tree share: its files, C without comments, TAP lines."""

import os
import re
import sys

SOURCE = os.environ.get("NOVA_SOURCE") or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.dirname(os.environ.get("NOVA_BIN") or os.path.join(SOURCE, "build/ci/bin"))
# Folders with C of Nova itself; the tests and benchmarks come on top.
PARTS = ["common", "ledger", "policy", "supervisor", "logger", "probe", "engine", "workers", "platforms", "alerts",
         "gateway",
         "ctl"]
OTHERS = ["tests", "bench", "etc", "docs"]
# Manual pages of others that our texts point at.
FOREIGN = {"ps", "top", "kill", "pidfd_open", "cgroups", "signal", "sd_notify", "systemd",
           "splice", "memfd_create", "pkg-config", "pipe", "prctl", "cron", "proc", "jq", "flock",
           "setpriv", "credentials", "environ", "time", "strftime", "less", "sh", "unix",
           "systemd.exec", "capabilities", "syslog", "logrotate", "fcntl", "poll", "write"}
SKIP = {"build", ".git", "corpus", "__pycache__"}


def files(*suffixes, under=None):
    """Paths relative to the tree, in order; without suffixes all of them."""
    found = []
    for top in under or [""]:
        for folder, folders, names in os.walk(os.path.join(SOURCE, top)):
            folders[:] = sorted(f for f in folders if f not in SKIP)
            for name in sorted(names):
                if not suffixes or name.endswith(suffixes):
                    found.append(os.path.relpath(os.path.join(folder, name), SOURCE))
    return found


def text(path):
    with open(os.path.join(SOURCE, path), encoding="utf-8", errors="replace") as f:
        return f.read()


_TOKENS = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def code(source, strings=False):
    """C with comments (and the insides of strings) blanked, lines kept."""
    def blank(match):
        token = match.group(0)
        if token[0] == "/":
            return re.sub(r"[^\n]", " ", token)
        return token if strings else token[0] + " " * (len(token) - 2) + token[-1]
    return _TOKENS.sub(blank, source)


class Tap:
    def __init__(self):
        self.n = 0
        self.bad = 0

    def check(self, problems, what):
        """One test: passed when there is no problem; each is shown."""
        self.n += 1
        for problem in problems[:200]:
            print("# " + str(problem).replace("\n", "\n# "))
        self.bad += bool(problems)
        print(f"{'not ' if problems else ''}ok {self.n} - {what}")

    def skip(self, what, why):
        self.n += 1
        print(f"ok {self.n} - {what} # SKIP {why}")

    def done(self):
        print(f"1..{self.n}")
        sys.exit(1 if self.bad else 0)
