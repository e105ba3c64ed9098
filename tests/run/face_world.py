"""A fleet with something of everything that the face shows: money in and out, decisions that
wait, one that crashes, a log with hostile lines; and calls to its API."""

import http.client
import json
import os
import subprocess
from urllib.parse import quote

import fleetlib as fl
from fleetlib import Fleet

CENT = 10_000_000
NAMES = ["one", "two", "three"]
HOSTILE = '<script>alert(1)</script> \\x1b[31mred \\xff\\xfe <img src=x onerror=alert(1)>'
EARNER = r'''
import json, os, sys, time
def say(**event):
    os.write(3, json.dumps(event).encode() + b"\n")
say(event="ready")
say(event="heartbeat", status="<b>busy</b>")
say(event="revenue", amount="12.34", source="stripe", id="sale-1")
say(event="revenue", amount="0.005", source="=cmd|'/C calc'!A0", id="sale-2", note="<i>note</i>")
say(event="cost", amount="1.005", category="llm", vendor="acme")
say(event="cost", amount="2.5", category="ads")
say(event="refund", amount="2.34", of="sale-1", id="back-1")
say(event="run", ok=True, duration_ms=1200)
os.write(3, b"this is no event\n")
sys.stdout.buffer.write("HOSTILE".encode("latin-1").decode("unicode_escape").encode("latin-1") + b"\n")
sys.stdout.buffer.flush()
n = 0
while True:
    n += 1
    print("line", n, flush=True)
    time.sleep(0.2)
'''.replace("HOSTILE", HOSTILE.replace("\\", "\\\\"))


class World(Fleet):
    def __init__(self, settings=None, workers=None, env=None):
        spec = {name: {"group": "sales", "command": fl.shell("exec sleep 1000"), "run_interval": "1h",
                       "expected": {"sale": "$20"}, "instances": {"start": 1, "max": 4}}
                for name in NAMES}
        spec["shop"] = {"group": "web", "command": ["python3", "shop.py"], "ready": "event",
                        "budget": {"daily": "$50", "total": "$500"}}
        spec["crasher"] = {"group": "web", "command": fl.shell("echo last words; exit 3"),
                           "crashes": {"max": 2, "within": "1h", "backoff": "0s..1s", "cooldown": "0s"}}
        spec["quiet"] = {"command": fl.shell("until [ -e go ]; do sleep 0.1; done; echo spoke; exec sleep 1000")}
        spec.update(workers or {})
        base = {"max_daily_budget": "$100000", "approval_above": "$0",
                "prices": {"cpu_second": "$0", "gib_hour": "$0"},
                "autonomous": {"enabled": True, "interval": "1s"},
                "gateway": {"listen": "127.0.0.1:0"}, "alerts": {"every": "1s"}}
        base.update(settings or {})
        super().__init__(spec, base, env=env)
        self.write("work/shop.py", EARNER)
        self.tokens = {}

    def begin(self):
        """Started, with three decisions that wait and one worker halted."""
        words = [f"{name}:1:{50 * CENT}:4:{2000 * CENT}:7200:0" for name in NAMES]
        subprocess.run([os.path.join(os.environ["NOVA_TESTS"], "decide_past"),
                        self.path("state", "ledger"), str(20 * 24), *words], check=True, timeout=120)
        self.start()
        for role in ("readonly", "operator", "admin"):
            made = self.json("token", "create", "the-" + role, "--role", role)
            self.tokens[role] = made["token"]
        self.wait("they are up", lambda: all(self.up(name) for name in (*NAMES, "shop")))
        self.wait("the gateway is up", lambda: os.path.exists(self.path("run", "gateway.addr")))
        self.wait("one is halted", lambda: self.state("crasher") == "halted")
        # What the shop says last: then all of it is booked.
        self.wait("the shop's books", lambda: "this is no event" in self.ctl("quarantine", "--json"))
        self.wait("all have said something", lambda: all(
            os.path.exists(self.path("log", name + ".log")) for name in ("shop", "crasher")))

        def waiting():
            self.novactl("autonomous", "run")
            found = (self.try_json("approvals") or {}).get("approvals") or []
            return found if len(found) >= len(NAMES) else None
        self.wait("three approvals", waiting)
        return self

    def address(self):
        with open(self.path("run", "gateway.addr"), encoding="ascii") as f:
            return f.read().strip()

    def open(self, method, path, body=None, role="admin", headers=None):
        """A connection and its answer, unread."""
        h = {"Authorization": "Bearer " + self.tokens[role]} if role else {}
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            h["Content-Type"] = "application/json"
        elif method == "POST" and body is None:
            h["Content-Length"] = "0"
        h.update(headers or {})
        c = http.client.HTTPConnection(self.address(), timeout=fl.DEADLINE_S)
        c.request(method, quote(path, safe="/?&=%:,+"), body, h)
        return c, c.getresponse()

    def call(self, method, path, body=None, role="admin", headers=None):
        """Status, headers and the body: JSON where it is that."""
        c, answer = self.open(method, path, body, role, headers)
        data = answer.read()
        c.close()
        kind = answer.getheader("Content-Type") or ""
        return (answer.status, answer.headers,
                json.loads(data) if kind.startswith("application/json") and data else data.decode())

    def get(self, path, role="readonly", **more):
        return self.call("GET", "/api/v1" + path, role=role, **more)

    def post(self, path, body=None, role="admin", **more):
        return self.call("POST", "/api/v1" + path, body, role=role, **more)

    def follow(self, path, headers=None, role="readonly"):
        """Server-sent events as (event, id, data) until it ends."""
        c, answer = self.open("GET", "/api/v1" + path, role=role,
                              headers={"Accept": "text/event-stream", **(headers or {})})
        if answer.status != 200:
            raise fl.Failed(f"{path}: {answer.status} {answer.read()}")
        event, ident, data = "message", None, []
        try:
            for raw in answer:
                line = raw.decode().rstrip("\n")
                name, _, value = line.partition(":")
                value = value.removeprefix(" ")
                if name == "event":
                    event = value
                elif name == "id":
                    ident = value
                elif name == "data":
                    data.append(value)
                elif not line and data:
                    yield event, ident, "\n".join(data)
                    event, data = "message", []
        finally:
            c.close()
