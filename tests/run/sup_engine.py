#!/usr/bin/env python3
"""A stand-in for nova-engine in the tests of novasupd: keeps its "ledger" as one file a
stream (state_dir/out/ID holds exactly the bytes that were taken), wants what
state_dir/desires.json says, and obeys commands on state_dir/engine.cmd."""

import array
import contextlib
import json
import os
import select
import selectors
import socket
import struct
import sys

HELLO, JOURNAL, STREAM, GREW, SYNCED, CONFIG, HELD, STOP, PING = range(1, 10)
RESUMED = 80
STATE, DESIRE, CLOSED, KILL, READY, DESIRE_END, PONG = range(20, 27)
sock = socket.socket(fileno=3)


def text(s):
    b = s.encode()
    return struct.pack("<H", len(b)) + b


class Reader:
    def __init__(self, data):
        self.data = data

    def take(self, fmt):
        n = struct.calcsize("<" + fmt)
        value = struct.unpack("<" + fmt, self.data[:n])[0]
        self.data = self.data[n:]
        return value

    def text(self):
        n = self.take("H")
        value = self.data[:n].decode()
        self.data = self.data[n:]
        return value


def send(kind, body=b""):
    sock.sendall(struct.pack("<HH", kind, 0) + body)


class Engine:
    def __init__(self):
        self.selector = selectors.DefaultSelector()
        self.selector.register(sock, selectors.EVENT_READ, self.on_message)
        self.streams = {}
        self.stopping = False
        self.journal = None
        self.dir = None
        self.resumed = False

    # ---- what is wanted ----

    def desires(self):
        try:
            with open(f"{self.dir}/desires.json") as f:
                return json.load(f)
        except FileNotFoundError:
            return {}

    def send_desire(self, worker, d):
        send(DESIRE, text(worker) + struct.pack("<IBBQ", d.get("instances", 1),
             d.get("paused", False), d.get("reset", False), d.get("epoch", 1)) +
             text(d.get("reason", "")) + text(d.get("params", "")) + text(d.get("variant", "")) + text(d.get("split", "")) +
             struct.pack("<q", d.get("run_interval_ms", 0)))

    def save_desires(self, desires):
        with open(f"{self.dir}/desires.new", "w") as f:
            json.dump(desires, f)
        os.rename(f"{self.dir}/desires.new", f"{self.dir}/desires.json")

    def on_command(self):
        # What novasupd has said before, of the streams above all, comes first.
        while select.select([sock], [], [], 0)[0]:
            self.on_message()
        data, who = self.cmd.recvfrom(65536)
        command = json.loads(data)
        if "desire" in command:
            desires = self.desires()
            for worker, d in command["desire"].items():
                kept = dict(d)
                kept.pop("reset", None)
                desires[worker] = kept
                self.save_desires(desires)
                self.send_desire(worker, d)
        elif "trouble" in command:
            send(STATE, b"\x02" + text(command["trouble"]))
        elif "fine" in command:
            send(STATE, b"\x01" + text(""))
            send(DESIRE_END)
        elif "kill" in command:
            for s in self.streams.values():
                if s["worker"] == command["kill"] and s["pid"]:
                    send(KILL, struct.pack("<QB", s["id"], command["hard"]) +
                         text(command["cause"]) + text(command.get("detail", "")))
        elif "ready" in command:
            for s in self.streams.values():
                if s["worker"] == command["ready"]:
                    send(READY, struct.pack("<Q", s["id"]))
        elif "sync" in command:
            with contextlib.suppress(OSError):
                self.cmd.sendto(b"done", who)
        elif "raw" in command:
            sock.sendall(bytes.fromhex(command["raw"]))

    # ---- streams ----

    def out(self, stream_id):
        return f"{self.dir}/out/{stream_id}"

    def store(self, stream_id, memfd):
        size = os.fstat(memfd).st_size
        with open(self.out(stream_id), "ab") as f:
            have = f.tell()
            if size > have:
                f.write(os.pread(memfd, size - have, have))
        return size

    def on_events(self, s):
        while True:
            try:
                n = os.splice(s["event"], s["memfd"], 1 << 20, flags=0x2,
                              offset_dst=os.fstat(s["memfd"]).st_size)
            except BlockingIOError:
                break
            if n == 0:
                self.selector.unregister(s["event"])
                size = self.store(s["id"], s["memfd"])
                send(CLOSED, struct.pack("<QQ", s["id"], size))
                for key in ("event", "memfd", "control"):
                    os.close(s[key])
                del self.streams[s["id"]]
                return
        self.store(s["id"], s["memfd"])

    def add_stream(self, r, fds):
        s = {"id": r.take("Q"), "worker": r.text(), "instance": r.take("I"),
             "generation": r.take("I"), "pid": r.take("i"), "cgroup": r.text(),
             "runner": r.take("B"), "variant": r.text(), "event": fds[0], "memfd": fds[1], "control": fds[2]}
        old = self.streams.get(s["id"])
        if old and self.resumed:
            for fd in fds:
                os.close(fd)
            return
        if not old and self.resumed and os.path.exists(self.out(s["id"])):
            for fd in fds[:1] + fds[2:]:
                os.close(fd)
            send(CLOSED, struct.pack("<QQ", s["id"], os.path.getsize(self.out(s["id"]))))
            os.close(fds[1])
            return
        if old:
            raise SystemExit(f"stream {s['id']} was sent twice")
        self.streams[s["id"]] = s
        with open(f"{self.dir}/streams.jsonl", "a") as f:
            f.write(json.dumps(s) + "\n")
        self.selector.register(fds[0], selectors.EVENT_READ, lambda: self.on_events(s))

    # ---- messages ----

    def on_message(self):
        fds = array.array("i")
        data, control, flags, _ = sock.recvmsg(65536, socket.CMSG_SPACE(4 * 8))
        if not data:
            sys.exit(0 if not self.streams else 1)
        for level, kind, payload in control:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                fds.frombytes(payload)
        r = Reader(data)
        kind, _ = r.take("H"), r.take("H")
        if kind == HELLO:
            self.boot_id, self.gen = r.take("Q"), r.take("I")
            self.dir, self.run_dir = r.text(), r.text()
            os.makedirs(f"{self.dir}/out", exist_ok=True)
            path = f"{self.dir}/engine.cmd"
            if os.path.exists(path):
                os.unlink(path)
            self.cmd = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self.cmd.bind(path)
            self.selector.register(self.cmd, selectors.EVENT_READ, self.on_command)
        elif kind == RESUMED:
            if not self.dir:
                sys.exit(1)
            self.resumed = True
        elif kind == JOURNAL and self.journal is not None:
            os.close(fds[0])
            self.store("journal", self.journal)
        elif kind == JOURNAL:
            self.journal_id, self.journal = r.take("Q"), fds[0]
            self.store("journal", self.journal)
        elif kind == GREW:
            self.store("journal", self.journal)
        elif kind == STREAM:
            self.add_stream(r, fds)
        elif kind == HELD:
            worker = r.text()
            desires = self.desires()
            desires[worker] = dict(desires.get(worker, {}), instances=0, reason="held")
            self.save_desires(desires)
            self.send_desire(worker, desires[worker])
        elif kind == CONFIG:
            with open(f"{self.dir}/config_gen", "w") as f:
                f.write(str(r.take("I")))
            for worker, d in self.desires().items():
                self.send_desire(worker, d)
        elif kind == SYNCED:
            self.resumed = False
            if os.path.exists(f"{self.dir}/never_ready"):
                return
            send(STATE, b"\x01" + text(""))
            for worker, d in self.desires().items():
                self.send_desire(worker, d)
            send(DESIRE_END)
        elif kind == PING:
            send(PONG)
        elif kind == STOP:
            self.stopping = True

    def run(self):
        while True:
            if self.stopping and not self.streams:
                self.store("journal", self.journal)
                sys.exit(0)
            for key, _ in self.selector.select():
                key.data()


Engine().run()
