"""nova-gateway alone, with a stand-in for novasupd and nova-engine: its pipes are ours, and
what is said to them is answered as the test wants it."""

import contextlib
import hashlib
import hmac
import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time

from fleetlib import BIN, DEADLINE_S, Failed

STRIPE = "whsec_test_of_the_gateway"


def hmac_hex(secret, data):
    return hmac.new(secret.encode(), data, hashlib.sha256).hexdigest()


class Gateway:
    """One gateway in a directory of its own. `events` is what it said, in order."""

    def __init__(self, gateway="", secrets=None, more="", answer=True, program=None):
        self.dir = tempfile.mkdtemp(prefix="nova-gw-")
        self.run = self.path("run")
        for name in ("run", "state", "credentials"):
            os.mkdir(self.path(name), 0o700)
        self.write("nova.yaml", f"gateway: {{listen: '127.0.0.1:0'{gateway}}}\n{more}")
        os.mkdir(self.path("workers.d"))
        for name, text in (secrets or {"stripe_webhook_secret": STRIPE}).items():
            self.write(f"credentials/{name}", text, 0o400)
        self.events = []
        self.answer = answer  # or a function: event -> None | "ack" | ("nack", reason)
        self.changed = threading.Condition()
        self.process = None
        self.program = program or [os.path.join(BIN, "nova-gateway")]
        self.start()

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def write(self, name, text, mode=0o644):
        with open(os.open(self.path(name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w",
                  encoding="utf-8") as f:
            f.write(text)

    def start(self):
        events_r, events_w = os.pipe()
        control_r, control_w = os.pipe()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path("run/gateway.addr"))
        os.environ.pop("NOVA_SNAPSHOT_FD", None)
        env = dict(os.environ, CREDENTIALS_DIRECTORY=self.path("credentials"))
        env.update(NOVA_EVENT_FD=str(events_w), NOVA_CONTROL_FD=str(control_r))
        with open(self.path("log"), "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [*self.program, "--config", self.path("nova.yaml"),
                 "--run-dir", self.run, "--state-dir", self.path("state")],
                pass_fds=(events_w, control_r), env=env, stdout=log, stderr=log)
        os.close(events_w)
        os.close(control_r)
        self.events_fd = events_r
        self.control = control_w
        self.reader = threading.Thread(target=self.read, args=(events_r, control_w), daemon=True)
        self.reader.start()
        end = time.monotonic() + DEADLINE_S
        while not os.path.exists(self.path("run/gateway.addr")):
            if self.process.poll() is not None or time.monotonic() > end:
                raise Failed("the gateway does not start: " + self.log())
            time.sleep(0.02)
        with open(self.path("run/gateway.addr"), encoding="ascii") as f:
            host, port = f.read().strip().rsplit(":", 1)
        self.address = (host.strip("[]"), int(port))

    def log(self):
        with open(self.path("log"), encoding="utf-8", errors="replace") as f:
            return f.read()

    def read(self, fd, control):
        with open(fd, "rb") as pipe:
            for line in pipe:
                event = json.loads(line)
                with self.changed:
                    self.events.append(event)
                    self.changed.notify_all()
                if event.get("ack"):
                    self.say(control, event)

    def say(self, control, event):
        verdict = self.answer(event) if callable(self.answer) else "ack" if self.answer else None
        if verdict == "ack":
            line = {"control": "ack", "id": event["id"]}
        elif verdict:
            line = {"control": "nack", "id": event["id"], "reason": verdict[1]}
        else:
            return
        with contextlib.suppress(OSError):
            os.write(control, json.dumps(line).encode() + b"\n")

    def said(self, kind):
        with self.changed:
            return [e for e in self.events if e["event"] == kind]

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        os.close(self.control)

    def stop(self, keep=False):
        if self.process.poll() is None:
            self.process.terminate()
        code = self.process.wait(DEADLINE_S)
        self.reader.join()
        os.close(self.control)
        if "Sanitizer" in self.log() or "runtime error" in self.log():
            raise Failed(self.log())
        if not keep:
            shutil.rmtree(self.dir)
        return code

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)

    # ---- requests ----

    def connect(self):
        s = socket.create_connection(self.address, DEADLINE_S)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return s

    def raw(self, data, end=False):
        """Send bytes; all that comes until the gateway closes."""
        with self.connect() as s:
            with contextlib.suppress(OSError):
                s.sendall(data)
                if end:
                    s.shutdown(socket.SHUT_WR)
            return read_all(s)

    def post(self, path, body, headers=(), connection=None, kind="application/json"):
        body = body.encode() if isinstance(body, str) else body
        head = f"POST {path} HTTP/1.1\r\nHost: gw\r\nContent-Length: {len(body)}\r\n"
        if kind:
            head += f"Content-Type: {kind}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in headers)
        s = connection or self.connect()
        try:
            s.sendall(head.encode() + b"\r\n" + body)
            return read_answer(s)
        finally:
            if not connection:
                s.close()

    def get(self, path, method="GET"):
        with self.connect() as s:
            s.sendall(f"{method} {path} HTTP/1.1\r\nHost: gw\r\n\r\n".encode())
            return read_answer(s, method == "HEAD")

    def stripe(self, body, at=None, secret=STRIPE, connection=None):
        at = int(time.time()) if at is None else at
        body = body.encode() if isinstance(body, str) else body
        mac = hmac_hex(secret, f"{at}.".encode() + body)
        return self.post("/webhooks/stripe", body, [("Stripe-Signature", f"t={at},v1={mac}")],
                         connection)

    def figures(self):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(DEADLINE_S)
            s.connect(self.path("run/gateway.sock"))
            return json.loads(read_all(s))["data"]

    def figure(self, provider):
        return next(f for f in self.figures()["webhooks"] if f["provider"] == provider)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


def read_all(s):
    data = b""
    with contextlib.suppress(ConnectionError):
        while piece := s.recv(65536):
            data += piece
    return data


def parse(data, head_only=False):
    """(first answer, the bytes behind it); None when it is not whole."""
    if b"\r\n\r\n" not in data:
        return None
    head, rest = data.split(b"\r\n\r\n", 1)
    lines = head.decode().split("\r\n")
    headers = {k.lower(): v.strip() for k, v in (line.split(":", 1) for line in lines[1:])}
    n = 0 if head_only else int(headers.get("content-length", 0))
    if len(rest) < n:
        return None
    return Answer(int(lines[0].split()[1]), headers, rest[:n]), rest[n:]


def read_answer(s, head_only=False):
    data = b""
    while not (found := parse(data, head_only)):
        piece = s.recv(65536)
        if not piece:
            raise Failed(f"the connection ended after {data!r}")
        data += piece
    return found[0]


def answers(data):
    """The statuses of all answers in what came over a connection."""
    found = []
    while data:
        parsed = parse(data)
        if not parsed:
            raise Failed(f"half an answer: {data!r}")
        found.append(parsed[0].status)
        data = parsed[1]
    return found
