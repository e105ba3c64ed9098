"""A fleet whose own processes (platforms, gateway) are stand-ins, in a copy of the programs'
directory: novasupd finds them beside itself. Import it before fleetlib."""

import json
import os
import shutil
import socket
import struct
import sys
import tempfile

FROM = os.environ.get("NOVA_BIN") or sys.exit("NOVA_BIN is not set: run this by ctest")
HERE = os.path.dirname(os.path.abspath(__file__))
BIN = tempfile.mkdtemp(prefix="nova-bin.")
for name in ("novasupd", "nova-engine", "nova-logger", "nova-probe", "nova-runner", "novactl"):
    shutil.copy2(os.path.join(FROM, name), os.path.join(BIN, name))
os.environ["NOVA_BIN"] = BIN

import fleetlib as fl  # noqa: E402


def install(program):
    """From now on this program is the stand-in."""
    path = os.path.join(BIN, program)
    with open(os.path.join(HERE, "system_standin.py"), encoding="utf-8") as f:
        text = f.read().split("\n", 1)[1]
    with open(path + ".new", "w", encoding="utf-8") as f:
        f.write("#!" + sys.executable + "\n" + text)
    os.chmod(path + ".new", 0o755)
    os.rename(path + ".new", path)


class Standin:
    """The line of it that runs now; reconnect after it was replaced."""

    def __init__(self, fleet, name):
        self.path = fleet.path("run", name + ".standin")
        self.socket = None

        def connected():
            s = socket.socket(socket.AF_UNIX)
            try:
                s.connect(self.path)
            except OSError:
                s.close()
                return False
            s.settimeout(fl.DEADLINE_S)
            self.socket = s
            return True
        fleet.wait(name + " can be reached", connected)
        self.file = self.socket.makefile("r", encoding="utf-8")
        self.about = json.loads(self.file.readline())

    def write(self, text):
        self.socket.sendall(text.encode())

    def say(self, **event):
        """One event with an id; what the engine answers to it."""
        self.write(json.dumps(dict(event, ack=True)) + "\n")
        return self.answer(event["id"])

    def answer(self, about):
        while True:
            line = self.file.readline()
            fl.check(line, "the stand-in is gone")
            found = json.loads(line)
            if found.get("id") == about:
                return found

    def close(self):
        self.file.close()
        self.socket.close()


def engine(fleet, verb, **args):
    """What nova-engine answers, whoever asks for it otherwise."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(fl.DEADLINE_S)
        s.connect(fleet.path("run", "engine.sock"))
        s.sendall(json.dumps({"verb": verb, "args": args}).encode() + b"\n")
        with s.makefile("r", encoding="utf-8") as f:
            answer = json.loads(f.readline())
    fl.check(answer["ok"], lambda: fl.dump(answer))
    return answer["data"]


def whose(fleet, pid):
    """The worker that novasupd says the process belongs to, and what it may call."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
        s.settimeout(fl.DEADLINE_S)
        s.connect(fleet.path("run", "novasupd.sock"))
        s.send(struct.pack("<HHIi", 170, 0, 7, pid))
        data = s.recv(4096)
    kind, request, bytes_ = struct.unpack_from("<HxxIH", data)
    fl.equal((kind, request), (171, 7), "the answer")
    name = data[10:10 + bytes_].decode()
    return name, struct.unpack_from("<III", data, 10 + bytes_)[2]


def run():
    try:
        fl.run()
    finally:
        shutil.rmtree(BIN, ignore_errors=True)
