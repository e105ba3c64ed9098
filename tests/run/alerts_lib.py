"""The vendors of alert channels as one server on loopback: what they were told, by channel, and
what they answer next."""

import json
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import fleetlib as fl

TOKENS = {"slack": "T0/B0/slacksecret", "discord": "1/discordsecret",
          "telegram": "42:telegramsecret", "pagerduty": "pagerdutysecretpagerdutysecret00",
          "webhook": "webhooksecret", "email": "SG.mailsecret"}
GOOD = {"slack": (200, "ok"), "discord": (204, ""), "pagerduty": (202, '{"status":"success"}'),
        "telegram": (200, '{"ok":true,"result":{"message_id":1}}'), "webhook": (200, ""), "email": (202, "")}


class Vendors:
    def __init__(self):
        self.lock = threading.Condition()
        self.taken = {name: [] for name in GOOD}     # bodies answered with GOOD
        self.asked = {name: 0 for name in GOOD}      # all requests
        self.next = {name: [] for name in GOOD}      # answers before GOOD: (status, body, headers)
        self.always = {}                             # answers until it is taken back
        self.hanging = set()
        self.signatures = []                         # of the webhook: (header, raw body)
        self.updates = []                            # of Telegram, still to be fetched
        self.update_id = 1000
        self.presses = []                            # answers to presses in Telegram
        self.edits = []                              # messages of Telegram that were changed
        self.responses = []                          # what Slack's response_url was told
        self.open = True
        vendors = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                answer = vendors.answer(self.path, self.headers, body)
                if answer is None:
                    self.close_connection = True
                    return
                status, text, headers = answer
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            do_GET = do_POST

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128  # all channels knock at once, and none shall wait for it

        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.handle_error = lambda *_: None  # clients that go are what is tested
        self.base = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    # ---- what the fleet is told ----

    def settings(self, **more):
        """The section `alerts` of nova.yaml."""
        conf = {"every": "1s", "pagerduty": {"base_url": self.base, "min": "warning"},
                "telegram": {"base_url": self.base, "chat": "-1001", "approvers": "7 77"},
                "slack": {"approvers": "U1 U2"}}
        conf.update(more)
        return conf

    def secrets(self):
        return {"slack_webhook_url": f"{self.base}/services/{TOKENS['slack']}",
                "discord_webhook_url": f"{self.base}/api/webhooks/{TOKENS['discord']}",
                "telegram_bot_token": TOKENS["telegram"],
                "pagerduty_routing_key": TOKENS["pagerduty"],
                "alert_webhook_url": f"{self.base}/hook/abc",
                "alert_webhook_secret": TOKENS["webhook"], "sendgrid_api_key": TOKENS["email"]}

    # ---- serving ----

    def answer(self, path, headers, body):
        parsed = json.loads(body) if body[:1] in (b"{", b"[") else {}
        if path.startswith("/bot"):
            return self.telegram(path, parsed)
        if path.startswith("/response/"):
            with self.lock:
                self.responses.append((path, parsed))
            return 200, "ok", {}
        for name, start in (("slack", "/services/"), ("discord", "/api/webhooks/"),
                            ("pagerduty", "/v2/enqueue"), ("webhook", "/hook/"),
                            ("email", "/v3/mail/send")):
            if path.startswith(start):
                if name == "email":
                    path += headers.get("Authorization", "")
                if name == "webhook":
                    with self.lock:
                        self.signatures.append((headers.get("X-Nova-Signature"), body))
                return self.channel(name, path, parsed)
        return 404, "nothing here", {}

    def channel(self, name, path, body):
        with self.lock:
            self.asked[name] += 1
            secret = body.get("routing_key") if name == "pagerduty" else path
            if name != "webhook" and TOKENS[name] not in (secret or ""):
                return 403, "invalid_token", {}
            while name in self.hanging and self.open:
                self.lock.wait(0.1)
            if self.next[name]:
                status, text, *more = self.next[name].pop(0)
                return status, text, (more or [{}])[0]
            if name in self.always:
                return *self.always[name], {}
            self.taken[name].append(body)
            return *GOOD[name], {}

    def telegram(self, path, body):
        token, method = path[len("/bot"):].split("?")[0].rsplit("/", 1)
        if token != TOKENS["telegram"]:
            return 401, '{"ok":false,"error_code":401,"description":"Unauthorized"}', {}
        if method == "sendMessage":
            return self.channel("telegram", path, body)
        with self.lock:
            if method == "getUpdates":
                offset = int(body.get("offset") or 0)
                end = time.monotonic() + min(float(body.get("timeout") or 0), 1)
                while time.monotonic() < end and not self.pending(offset):
                    self.lock.wait(0.05)
                return 200, json.dumps({"ok": True, "result": self.pending(offset)}), {}
            if method == "answerCallbackQuery":
                self.presses.append(body)
            elif method.startswith("edit"):
                self.edits.append(body)
        return 200, '{"ok":true,"result":true}', {}

    def pending(self, offset):
        """As Telegram does: what is below the offset is never sent again."""
        self.updates = [u for u in self.updates if u["update_id"] >= offset]
        return self.updates

    def press(self, user, data, message=None, chat=-1001):
        """Somebody presses a button in Telegram."""
        with self.lock:
            self.update_id += 1
            self.updates.append({"update_id": self.update_id, "callback_query": {
                "id": str(self.update_id), "data": data,
                "from": {"id": user, "is_bot": False, "first_name": "<b>Eve</b>"},
                "message": message or {"message_id": 1, "chat": {"id": chat}, "text": "x"}}})
            return str(self.update_id)

    # ---- looking ----

    def texts(self, name):
        """Every line that was said there, one after the other."""
        field = {"slack": "text", "discord": "content", "telegram": "text"}
        with self.lock:
            bodies = list(self.taken[name])
        if name == "webhook":
            return [f"{n['event']} {n['text']}" for b in bodies for n in b["notices"]]
        if name == "email":
            return [line for b in bodies for line in b["content"][0]["value"].splitlines()]
        if name == "pagerduty":
            return [f"{b['event_action']} {b.get('payload', {}).get('summary', '')}"
                    for b in bodies]
        return [line for b in bodies for line in b[field[name]].splitlines()]

    def wait_said(self, fleet, name, part, times=1):
        return fleet.wait(f"{name} is told {part!r}",
                          lambda: sum(part in t for t in self.texts(name)) >= times)

    def close(self):
        self.open = False
        self.server.shutdown()


def put_secrets(fleet, secrets):
    os.makedirs(fleet.path("etc", "secrets"), mode=0o700, exist_ok=True)
    for name, value in secrets.items():
        fleet.write(f"etc/secrets/{name}", value + "\n")
        os.chmod(fleet.path("etc", "secrets", name), 0o600)


def channel(fleet, name):
    found = fleet.json("alerts", "channels")["channels"]
    return next(c for c in found if c["channel"] == name)


def open_alerts(fleet):
    """What is wrong now; exit 1 when anything is."""
    run = fleet.novactl("alerts", "--json")
    found = json.loads(run.stdout)["alerts"]
    fl.equal(run.returncode, 1 if found else 0, "exit of novactl alerts")
    return found


def ready(fleet):
    fleet.wait("nova-alerts answers", lambda: fleet.novactl("alerts").returncode in (0, 1))


__all__ = ["Vendors", "put_secrets", "channel", "open_alerts", "ready", "TOKENS", "fl"]
