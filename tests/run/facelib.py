"""A real fleet with its gateway, and clients of the API: requests and streams of events."""

import http.client
import json
import os
import socket
import time

from fleetlib import DEADLINE_S, Failed, Fleet, wait_for

# What a sanitizer keeps of memory that was freed is none that a gateway takes.
os.environ["ASAN_OPTIONS"] = ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"),
                                                    "quarantine_size_mb=4"]))


class Face:
    """A fleet with a gateway on a free port, and a token to ask it with."""

    def __init__(self, workers, settings=None, role="admin", gateway=None, **keys):
        settings = dict(settings or {})
        settings["gateway"] = dict({"listen": "127.0.0.1:0"}, **(gateway or {}))
        self.fleet = Fleet(workers, settings, **keys).start()
        self.token = self.make_token("test", role)
        self.wait_gateway()

    def make_token(self, name, role):
        return self.fleet.json("token", "create", name, "--role", role)["token"]

    def address(self):
        with open(self.fleet.path("run", "gateway.addr"), encoding="utf-8") as f:
            host, port = f.read().strip().rsplit(":", 1)
        return host, int(port)

    def answers(self):
        try:
            return self.ask("GET", "/healthz")[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def wait_gateway(self):
        wait_for("the gateway answers", self.answers, show=self.fleet.show)

    def ask(self, method, path, body=None, headers=None, token=None, deadline_s=None):
        """(status, headers, text)"""
        connection = http.client.HTTPConnection(*self.address(),
                                                timeout=deadline_s or DEADLINE_S)
        try:
            head = {"Authorization": f"Bearer {token or self.token}"}
            if body is not None:
                body = json.dumps(body)
                head["Content-Type"] = "application/json"
            head.update(headers or {})
            connection.request(method, path, body=body, headers=head)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode()
        finally:
            connection.close()

    def get(self, path, status=200, **keys):
        """The JSON of a GET that has to have this status."""
        found, _, text = self.ask("GET", path, **keys)
        if found != status:
            raise Failed(f"GET {path}: {found}, expected {status}: {text[:1000]}")
        return json.loads(text)

    def stream(self, path, **keys):
        return Stream(self, path, **keys)


class Stream:
    """One stream of server-sent events, read as they come."""

    def __init__(self, face, path, last_id=None, token=None):
        self.socket = socket.create_connection(face.address(), timeout=DEADLINE_S)
        self.data = b""
        self.body = b""
        self.last_id = last_id
        self.events = []
        more = f"Last-Event-ID: {last_id}\r\n" if last_id is not None else ""
        self.socket.sendall((f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                             f"Accept: text/event-stream\r\n"
                             f"Authorization: Bearer {token or face.token}\r\n{more}\r\n"
                             ).encode())
        while b"\r\n\r\n" not in self.data:
            self._read()
        head, self.data = self.data.split(b"\r\n\r\n", 1)
        self.head = head.decode()
        self.status = int(head.split()[1])

    def _read(self):
        part = self.socket.recv(65536)
        if not part:
            raise EOFError
        self.data += part

    def _chunks(self):
        """Whole chunks that have come, moved to the body."""
        while True:
            line, found, rest = self.data.partition(b"\r\n")
            if not found:
                return
            size = int(line, 16)
            if size == 0:
                raise EOFError
            if len(rest) < size + 2:
                return
            self.body += rest[:size]
            self.data = rest[size + 2:]

    def read_some(self):
        """What comes next, kept for `next`; what is only an id is taken."""
        self._chunks()
        for text in self.body.split(b"\n\n")[:-1]:
            if text.startswith(b"id: "):
                self.last_id = text[4:].split(b"\n")[0].decode()
                return
        self._read()

    def next(self, deadline_s=None):
        """(event, id, data as JSON); EOFError at the end of the stream."""
        self.socket.settimeout(deadline_s or DEADLINE_S)
        while True:
            self._chunks()
            if b"\n\n" in self.body:
                text, self.body = self.body.split(b"\n\n", 1)
                event, data = "message", []
                for line in text.decode().split("\n"):
                    key, _, value = line.partition(": ")
                    if key == "event":
                        event = value
                    elif key == "id":
                        self.last_id = value
                    elif key == "data":
                        data.append(value)
                if data:
                    return event, self.last_id, json.loads("\n".join(data))
                continue
            try:
                self._read()
            except TimeoutError:
                raise Failed("the stream says nothing more") from None

    def until(self, what, condition, deadline_s=None):
        """The first event for which condition(event, id, data) is true."""
        end = time.monotonic() + (deadline_s or DEADLINE_S)
        while True:
            left = end - time.monotonic()
            if left <= 0:
                raise Failed(f"{what}: not within {deadline_s or DEADLINE_S:g} s")
            found = self.next(left)
            if condition(*found):
                return found

    def close(self):
        self.socket.close()


def memory_kib(pid):
    """Resident memory of a process."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as f:
        for line in f:
            if line.startswith("VmRSS"):
                return int(line.split()[1])
    raise Failed(f"process {pid} is gone")


def is_sanitized(pid):
    """What a sanitizer keeps says nothing about the program's memory."""
    with open(f"/proc/{pid}/maps", encoding="utf-8") as f:
        return "asan" in f.read()
