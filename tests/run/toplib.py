"""A terminal in which a program runs and keys are pressed: tmux with a server of its own,
that ends with the test. What is on the screen is waited for, never slept for."""

import atexit
import os
import re
import subprocess

import fleetlib as fl
from fleetlib import Failed, wait_for


class Screen:
    """command: argv, run by a shell of the screen when it is a string."""

    screens = []

    def __init__(self, fleet, command, cols=80, rows=24, env=None):
        self.dir = fleet.path("tmux%d" % len(Screen.screens))
        os.makedirs(self.dir, exist_ok=True)
        # The server takes over the environment it is started with.
        self.env = fleet.env()
        for name in ("NO_COLOR", "TMUX", "LINES", "COLUMNS", "LANG"):
            self.env.pop(name, None)
        self.env.update({"TMUX_TMPDIR": self.dir, "LC_ALL": "C.UTF-8", "PS1": "$ ",
                         "TERM": "xterm-256color"})
        self.env.update(env or {})
        words = [command] if isinstance(command, str) else command
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(cols), "-y", str(rows), *words)
        # What has ended can still be looked at.
        self.tmux("set-option", "-g", "remain-on-exit", "on")
        Screen.screens.append(self)

    def tmux(self, *args, check=True):
        run = subprocess.run(["tmux", "-u", "-L", "t", *args], env=self.env, text=True,
                             stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
        if check and run.returncode != 0:
            raise Failed(f"tmux {' '.join(args)}: {run.stderr}")
        return run.stdout

    def text(self, *how):
        return self.tmux("capture-pane", "-p", *how)

    def lines(self):
        return self.text().split("\n")

    def line(self, part):
        """The first line with part in it; "" when there is none."""
        return next((x for x in self.lines() if part in x), "")

    def keys(self, *keys):
        self.tmux("send-keys", *keys)

    def type(self, text):
        self.tmux("send-keys", "-l", text)

    def wait(self, what, *parts, deadline_s=None):
        """Until every part (a string, or a compiled pattern) is on the screen; its text."""
        def there():
            text = self.text()
            return text if all(p.search(text) if isinstance(p, re.Pattern) else p in text
                               for p in parts) else None
        return wait_for(what, there, deadline_s, lambda: f"{parts}\n{self.text()}")

    def wait_not(self, what, *parts):
        return wait_for(what, lambda: not any(p in self.text() for p in parts), None,
                        lambda: f"{parts}\n{self.text()}")

    def resize(self, cols, rows):
        self.tmux("resize-window", "-x", str(cols), "-y", str(rows))

    def pid(self, words):
        """Of the program below this server whose command line has the words."""
        root = int(self.tmux("display-message", "-p", "#{pid}"))
        found = [p.pid for p in fl.descendants(root) if words in p.args and "sh -c" not in p.args]
        return found[0] if found else None

    def close(self):
        self.tmux("kill-server", check=False)


@atexit.register
def close_all():
    """Also after a failure: a server of tmux is nobody's child."""
    for screen in Screen.screens:
        screen.close()
