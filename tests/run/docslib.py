"""Commands in texts for people: found, run in order in one shell, and held against the output
that the text shows. tests/run/docs_commands has the rules; this file is how they are kept."""

import os
import re
import select
import subprocess
import time

import fleetlib as fl
from fleetlib import Failed

RUN = ("sh", "console")
# The home directory of the reader, in texts.
HOME = "/home/anna"
# Exit status of a function of a companion whose section this machine cannot show.
IMPOSSIBLE = 77
# What may stand behind the language of a block, where no reader of the page sees it.
FLAGS = {"figures", "eventually", "elsewhere", "check", "exit", "file"}


class Block:
    """One fenced block (or one display of a manual page): its language, flags and lines."""

    def __init__(self, page, line, section, info, text):
        self.page, self.line, self.section, self.text = page, line, section, text
        words = info.split()
        self.language = words[0] if words else ""
        self.flags = dict(w.partition("=")[::2] for w in words[1:])
        unknown = set(self.flags) - FLAGS
        if unknown:
            raise Failed(f"{self}: unknown flag {', '.join(sorted(unknown))}")

    def __str__(self):
        return f"{self.page}:{self.line}"

    def runs(self):
        return self.language in RUN and "file" not in self.flags

    def steps(self):
        """(command, lines of output that are shown or None) for each command."""
        if self.language == "console":
            return self.dialogue()
        return [(command, None) for command in statements(self.text)]

    def dialogue(self):
        found = []
        for line in self.text.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            elif not found:
                raise Failed(f"{self}: a console block begins with \"$ \"")
            elif line.startswith("> ") or found[-1][0].endswith("\\") and not found[-1][1]:
                command, shown = found[-1]
                found[-1] = (command + "\n" + line.removeprefix("> "), shown)
            else:
                found[-1][1].append(line)
        return found


def statements(text):
    """Lines put together to whole commands, as bash sees them."""
    found, lines = [], []
    for line in text.splitlines():
        lines.append(line)
        if not line.strip() and len(lines) == 1 or line.startswith("#") and len(lines) == 1:
            lines = []
            continue
        command = "\n".join(lines)
        run = subprocess.run(["bash", "-n"], input=command + "\n", capture_output=True,
                             text=True, check=False)
        if run.returncode == 0 and not run.stderr and not command.endswith("\\"):
            found.append(command)
            lines = []
    if lines:
        raise Failed("not a whole command: " + "\n".join(lines))
    return found


# ---- where blocks are ----

def slug(heading):
    """The name of a heading in a companion: "The disk is full" is the_disk_is_full."""
    return re.sub(r"[^a-z0-9]+", "_", heading.lower()).strip("_")


def markdown(page):
    found, section, inside = [], "", None
    for number, line in enumerate(read(page).splitlines(), 1):
        fence = re.match(r"( *)```(.*)$", line)
        if fence and inside is None:
            inside = (number, fence.group(2), [])
            indent = len(fence.group(1))
        elif fence:
            start, info, lines = inside
            found.append(Block(page, start, section, info, "\n".join(lines) + "\n"))
            inside = None
        elif inside is not None:
            inside[2].append(line[indent:])
        elif re.match(r"#+ ", line):
            section = slug(line.lstrip("# "))
    if inside:
        raise Failed(f"{page}:{inside[0]}: a block without an end")
    return found


def manual(page):
    """The displays of EXAMPLES; a comment before one (.\\" sh file=x) is its language and flags.
    Lines that begin with "$ " are commands whose output is not shown."""
    found, info, lines, inside = [], None, None, False
    for number, line in enumerate(read(page).splitlines(), 1):
        if line.startswith(".Sh "):
            inside = line == ".Sh EXAMPLES"
        elif not inside:
            continue
        elif line.startswith('.\\" '):
            info = line[4:]
        elif line.startswith(".Bd "):
            lines = []
        elif line.startswith(".Dl ") or line == ".Ed":
            text = [line[4:]] if line.startswith(".Dl ") else lines
            text = [roff(t) for t in text]
            guess = "sh" if text[0].startswith("$ ") else ""
            text = [t.removeprefix("$ ") for t in text]
            found.append(Block(page, number, "examples", info or guess, "\n".join(text) + "\n"))
            info = lines = None
        elif lines is not None:
            lines.append(line)
    return found


def roff(line):
    for escape, char in (("\\(aq", "'"), ("\\&", ""), ("\\-", "-"), ("\\e", "\\")):
        line = line.replace(escape, char)
    return line


def read(page):
    with open(os.path.join(fl.SOURCE, page), encoding="utf-8") as f:
        return f.read()


def blocks(page):
    return markdown(page) if page.endswith((".md", ".md.in")) else manual(page)


# ---- what is run elsewhere ----

def plain(text):
    """A command as it is compared: one space, no comment behind it, no quotes and commas (in
    Python it is a list), no sudo (tests are root where it matters)."""
    text = re.sub(r"[ \t]+#[^\n]*", "", text.replace("\\\n", " "))
    text = re.sub(r"(?:\.|/\w+)/deploy\.sh", "deploy.sh", text)
    return re.sub(r"\bsudo |[\"',]", "", " ".join(text.split()))


def listed(path):
    """{page: {command: (test or None, reason)}} of the list."""
    found, page, where = {}, None, None
    for number, line in enumerate(read(path).splitlines(), 1):
        if line.startswith("# ") or not line.strip():
            continue
        if line.startswith("== "):
            page, where = found.setdefault(line[3:], {}), None
        elif line.startswith("-- test "):
            where = (line[8:], "")
        elif line.startswith("-- nowhere: "):
            where = (None, line[12:])
        elif page is None or where is None or not line.startswith("\t"):
            raise Failed(f"{path}:{number}: a command stands below its page and its test")
        else:
            page[plain(line)] = where
    return found


def elsewhere(path, page, blocks):
    """Each command of blocks is on the list, with a test that has its words; and no others."""
    entries = listed(path).get(page, {})
    wanted = {plain(command): block for block in blocks for command, _ in block.steps()}
    wrong = [f"{block}: nobody runs: {command}" for command, block in wanted.items()
             if command not in entries]
    wrong += [f"{path}: {page} does not say: {command}" for command in entries
              if command not in wanted]
    for command, (test, reason) in entries.items():
        if test is None:
            wrong += [] if reason else [f"{path}: no reason: {command}"]
        elif not os.path.exists(os.path.join(fl.SOURCE, test)):
            wrong.append(f"{path}: there is no {test}")
        elif command not in plain(read(test)):
            wrong.append(f"{test} does not run: {command}")
    if wrong:
        raise Failed("\n".join(wrong))


# ---- what is shown, and what came ----

def pattern(line, figures):
    """A line of shown output as a regular expression: "..." is anything, and with figures a
    word with a digit is any word with a digit."""
    parts = []
    for part in re.split(r"(\.\.\.|\s+)", line.rstrip()):
        if part == "...":
            parts.append(".*")
        elif part.isspace():
            parts.append(r"\s+" if figures else re.escape(part))
        elif figures and re.search(r"\d", part):
            # What stands around the figure stays: $1.23 is an amount, 12% a share.
            edges = re.match(r"^([^\w.-]*)(.*?)([^\w]*)$", part)
            parts.append(re.escape(edges.group(1)) + r"-?\S*\d\S*" + re.escape(edges.group(3)))
        else:
            parts.append(re.escape(part))
    return "".join(parts)


def matches(shown, came, figures):
    """A line of nothing but "..." stands for any lines."""
    lines = came.rstrip("\n").split("\n") if came.strip() else []
    here = {0}  # how many lines may have been used up by what was shown so far
    for line in shown:
        if line.strip() == "...":
            here = set(range(min(here), len(lines) + 1)) if here else here
            continue
        expression = re.compile(pattern(line, figures) + r"[ \t]*")
        here = {n + 1 for n in here if n < len(lines) and expression.fullmatch(lines[n])}
    return len(lines) in here


# ---- the shell ----

class Session:
    """A bash that stays, so that directories, variables and jobs do."""

    def __init__(self, home, env):
        self.home = home
        self.scratch = os.path.join(os.path.dirname(home), "shell")
        os.makedirs(self.scratch, exist_ok=True)
        self.answers, given = os.pipe()
        self.bash = subprocess.Popen(["bash", "--noprofile", "--norc"], stdin=subprocess.PIPE,
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                     env=env, cwd=home, pass_fds=[given], text=True)
        self.given = given
        self.count = 0

    def run(self, command, deadline_s=None):
        """(exit status, what it printed)."""
        self.count += 1
        script = os.path.join(self.scratch, f"{self.count}.sh")
        out = os.path.join(self.scratch, f"{self.count}.out")
        with open(script, "w", encoding="utf-8") as f:
            f.write(command + "\n")
        fd = self.given
        # $? of the command before is what a text's `echo $?` asks for.
        self.bash.stdin.write(f"{{ (exit \"${{__rc:-0}}\"); . '{script}'; }} >'{out}' 2>&1 </dev/null "
                              f"{fd}>&-; __rc=$?; echo $__rc >&{fd}\n")
        self.bash.stdin.flush()
        limit = deadline_s or fl.DEADLINE_S * 4
        if not select.select([self.answers], [], [], limit)[0]:
            raise Failed(f"$ {command}\nhangs\n{self.text(out)}")
        answer = os.read(self.answers, 16).decode().strip()
        if not answer:
            raise Failed(f"$ {command}\nended the shell\n{self.text(out)}")
        return int(answer), self.text(out)

    @staticmethod
    def text(path):
        with open(path, encoding="utf-8", errors="replace") as f:
            return f.read()

    def must(self, command):
        code, out = self.run(command)
        if code != 0:
            raise Failed(f"$ {command}\nexit {code}\n{out}")
        return out

    def close(self):
        self.bash.stdin.close()
        self.bash.wait(fl.DEADLINE_S)


class Reader:
    """Reads a page as a person does who types what it says."""

    def __init__(self, session, companion):
        self.session = session
        self.words = set()
        self.functions = set()
        if os.path.exists(companion):
            session.must(f". '{companion}'")
            with open(companion, encoding="utf-8") as f:
                self.functions = set(re.findall(r"^(\w+)\(\)$", f.read(), re.M))
            self.words = {name[5:] for name in self.functions if name.startswith("word_")}

    def call(self, function):
        """Something the companion does that no reader has to: break a disk, wait. Why the
        section cannot be read here, else None."""
        if function in self.functions:
            code, out = self.session.run(function)
            if code == IMPOSSIBLE:
                return "not on this machine: " + " ".join(out.split())[:100]
            if code != 0:
                raise Failed(f"{function}: exit {code}\n{out}")
        return None

    def filled(self, text):
        """With the words that stand for something only this moment knows, such as an ID."""
        text = text.replace(HOME, self.session.home)
        for word in self.words:
            if re.search(rf"\b{word}\b", text):
                code, value = self.session.run(f"word_{word}")
                value = value.strip()
                if code != 0 or value in ("", "null"):
                    continue  # there is no such thing yet
                text = re.sub(rf"\b{word}\b", lambda _, v=value: v, text)
        return text

    def block(self, block):
        if not block.runs():
            self.keep(block)
            return
        wanted = int(block.flags.get("exit", "0"))
        steps = block.steps()
        for n, (command, shown) in enumerate(steps):
            asked = n + 1 < len(steps) and steps[n + 1][0] == "echo $?"
            self.step(block, command, shown, None if asked else wanted)

    def keep(self, block):
        name = block.flags.get("file")
        if name:
            path = os.path.join(self.session.must("pwd").strip(), name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as f:
                f.write(block.text.replace(HOME, self.session.home))
        elif "check" in block.flags:
            self.session.must("mkdir -p ~/check/workers.d")
            with open(os.path.join(self.session.home, "check/nova.yaml"), "w",
                      encoding="utf-8") as f:
                f.write(block.text)
            self.session.must("novasupd --check --config ~/check/nova.yaml")

    def step(self, block, command, shown, wanted):
        end = time.monotonic() + fl.DEADLINE_S * 2
        while True:
            # Words first: the command may end what they stand for.
            expected = [self.filled(line) for line in shown or []]
            code, came = self.session.run(self.filled(command))
            good = wanted is None or code == wanted
            if good and shown is not None:
                good = matches(expected, came, "figures" in block.flags)
            if good:
                return
            if "eventually" not in block.flags or time.monotonic() > end:
                break
            time.sleep(0.3)
        text = "" if shown is None else "--- the text shows\n" + "\n".join(shown) + "\n"
        raise Failed(f"{block}: $ {command}\n{text}--- came, exit {code}\n{came}")
