"""A platform of the tests (plat_acme), with a vendor and an engine that the test plays."""

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BIN = os.environ["NOVA_BIN"]
TESTS = os.environ["NOVA_TESTS"]
PATIENCE_S = 120


def until(what, check):
    """check() is true, in the end."""
    end = time.monotonic() + PATIENCE_S
    while True:
        got = check()
        if got:
            return got
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain: {what}")
        time.sleep(0.01)


class Vendor:
    """What it was asked, and what it answers: handle(method, path, body) returns status and
    an object, or None to close without an answer."""

    def __init__(self):
        self.asked = []
        self.taken = {}  # connections by their client's address; over: True
        self.handle = lambda method, path, body: (200, {"ok": True})
        vendor = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def serve(self):
                size = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(size) if size else b""
                vendor.asked.append((self.command, self.path, body))
                answer = vendor.handle(self.command, self.path, body)
                if answer is None:
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                text = json.dumps(answer[1]).encode()
                self.send_response(answer[0])
                for name, value in (answer[2] if len(answer) > 2 else {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = serve

            def log_message(self, *args):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                pass

            def process_request(self, request, client_address):
                vendor.taken[client_address] = False
                super().process_request(request, client_address)

            def process_request_thread(self, request, client_address):
                super().process_request_thread(request, client_address)
                vendor.taken[client_address] = True

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def posts(self):
        return [a for a in self.asked if a[0] == "POST"]

    def settle(self):
        """Whoever asked is dead: what it has sent is done by now, as connections are taken in
        their order. Before, a vendor that is looked at knows nothing of it."""
        with socket.create_connection(self.server.server_address, PATIENCE_S) as s:
            until("the last connection", lambda: s.getsockname() in self.taken)
        until("all are over", lambda: all(list(self.taken.values())))

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Engine:
    """Reads the event pipe for as long as the test lives, whatever dies at its other end,
    and answers: `answer(event)` returns the control line's object, or None."""

    def __init__(self):
        self.events_r, self.events_w = os.pipe()
        self.control_r, self.control_w = os.pipe()
        for fd in (self.events_w, self.control_r):
            os.set_inheritable(fd, True)
        self.events = []
        self.ids = set()
        self.answer = self.usual
        threading.Thread(target=self.read, daemon=True).start()

    def usual(self, event):
        if event["event"] == "reserve":
            return {"control": "reserved", "id": event["id"], "amount": event["amount"],
                    "currency": event["currency"], "expires": 1}
        if event.get("ack"):
            return {"control": "ack", "id": event["id"]}
        return None

    def read(self):
        with os.fdopen(self.events_r, "rb") as lines:
            for line in lines:
                event = json.loads(line)
                assert len(line) <= 4096
                self.events.append(event)
                answer = self.answer(event)
                if answer:
                    self.say(answer)

    def say(self, answer):
        try:
            os.write(self.control_w, (json.dumps(answer) + "\n").encode())
        except OSError:
            pass

    def of(self, kind):
        return [e for e in list(self.events) if e["event"] == kind]

    def booked(self):
        """Costs as the ledger keeps them: an id once."""
        return {e["id"]: e for e in self.of("cost")}

    def close(self):
        for fd in (self.events_w, self.control_r, self.control_w):
            os.close(fd)


class Platform:
    """plat_acme in a temporary folder. Use as a context."""

    def __init__(self, engine=True, key=True, env=None, conf="currency: USD\n", workers=None,
                 kind="acme", program=None):
        self.dir = tempfile.mkdtemp(prefix="nova-plat-")
        for each in ("run", "state", "credentials", "conf/workers.d"):
            os.makedirs(os.path.join(self.dir, each))
        self.put("conf/nova.yaml", conf)
        for name, text in (workers or {}).items():
            self.put(f"conf/workers.d/{name}.yaml", text)
        if key:
            self.put("credentials/acme_key", "geheim-4711\n")
        self.vendor = Vendor()
        self.engine = Engine() if engine else None
        self.env = env or {}
        self.kind = kind
        self.program = program or os.path.join(TESTS, "plat_acme")
        self.process = None
        self.log = os.path.join(self.dir, "log")

    def put(self, path, text):
        with open(os.path.join(self.dir, path), "w", encoding="utf-8") as f:
            f.write(text)

    def start(self, wait=True):
        env = {k: v for k, v in os.environ.items() if not k.startswith("NOVA_")}
        env.update(ACME_URL=self.vendor.url,
                   CREDENTIALS_DIRECTORY=os.path.join(self.dir, "credentials"))
        fds = ()
        if self.engine:
            env.update(NOVA_EVENT_FD=str(self.engine.events_w),
                       NOVA_CONTROL_FD=str(self.engine.control_r))
            fds = (self.engine.events_w, self.engine.control_r)
        env.update(self.env)
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [self.program, self.kind, "--config", os.path.join(self.dir, "conf/nova.yaml"),
                 "--run-dir", os.path.join(self.dir, "run"),
                 "--state-dir", os.path.join(self.dir, "state")],
                env=env, pass_fds=fds, stderr=log, stdin=subprocess.DEVNULL)
        if wait:
            until("the socket", self.is_up)
        return self

    def is_up(self):
        if self.process.poll() is not None:
            raise AssertionError(f"ended with {self.process.returncode}: {self.logged()}")
        try:
            self.connect().close()
            return True
        except OSError:
            return False

    def logged(self):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return f.read()

    def connect(self):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(PATIENCE_S)
        try:
            s.connect(os.path.join(self.dir, "run/platform", self.kind + ".sock"))
        except OSError:
            s.close()
            raise
        return s

    def ask_raw(self, line):
        """The answer, or None when the connection ends without one."""
        with self.connect() as s:
            s.sendall(line)
            return read_line(s)

    def ask(self, verb, agent=None, id=None, **args):
        request = {"verb": verb, "args": args}
        if agent:
            request["agent"] = agent
        if id:
            request["id"] = id
        try:
            return self.ask_raw(json.dumps(request).encode() + b"\n")
        except OSError:
            return None

    def ask_later(self, *args, **more):
        """A thread that asks; its answer is in .answer."""
        def run():
            thread.answer = self.ask(*args, **more)
        thread = threading.Thread(target=run, daemon=True)
        thread.answer = None
        thread.start()
        return thread

    def state(self):
        return self.ask("state")["data"]

    def outbox(self, everything=True):
        return self.ask("outbox", all=everything, limit=10000)["data"]["outbox"]

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        if self.process:
            self.kill()
        self.vendor.close()
        if self.engine:
            self.engine.close()
        if exc[0]:
            print("# " + self.logged().replace("\n", "\n# ")[-4000:])
        shutil.rmtree(self.dir)


def read_line(s):
    data = b""
    while not data.endswith(b"\n"):
        chunk = s.recv(65536)
        if not chunk:
            return json.loads(data) if data else None
        data += chunk
    return json.loads(data)


class Tap:
    def __init__(self):
        self.n = 0
        self.failed = 0

    def ok(self, condition, what, detail=None):
        self.n += 1
        if not condition:
            self.failed += 1
            if detail is not None:
                print(f"# {str(detail)[:2000]}")
        print(f"{'ok' if condition else 'not ok'} {self.n} - {what}", flush=True)

    def done(self):
        print(f"1..{self.n}")
        raise SystemExit(1 if self.failed else 0)
