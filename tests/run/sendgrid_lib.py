"""nova-platform sendgrid in front of a double made of the vendor's own description, and an
engine's socket that knows webhook facts."""

import json
import os
import socket
import subprocess
import threading
import urllib.request

from plat_lib import BIN, Platform

SOURCE = os.environ["NOVA_SOURCE"]
KEY = "SG.geheim"


class Double:
    def __init__(self):
        modules = subprocess.run([os.path.join(SOURCE, "tests/npm/install")], check=True,
                                 stdout=subprocess.PIPE, text=True).stdout.strip()
        self.process = subprocess.Popen(
            ["node", os.path.join(SOURCE, "tests/doubles/sendgrid.js")],
            env=dict(os.environ, NODE_PATH=modules), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"

    def control(self, **what):
        request = urllib.request.Request(self.url + "/_control", json.dumps(what).encode(),
                                         method="POST")
        urllib.request.urlopen(request).read()

    def state(self):
        with urllib.request.urlopen(self.url + "/_state") as answer:
            return json.load(answer)

    def mails(self):
        return self.state()["mails"]

    def recipients(self):
        """Everybody who got a mail, as often as he did."""
        return [a["email"] for m in self.mails() for p in m["personalizations"]
                for field in ("to", "cc", "bcc") for a in p.get(field, [])]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Facts:
    """engine.sock, for the one verb `webhooks`."""

    def __init__(self, run_dir):
        self.facts = []
        self.seq = 0
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(os.path.join(run_dir, "engine.sock"))
        self.socket.listen(16)
        threading.Thread(target=self.serve, daemon=True).start()

    def add(self, kind, nova_id, agent=None):
        self.seq += 7
        line = {"event": "webhook", "id": f"sendgrid:e{self.seq}", "provider": "sendgrid",
                "type": kind, "nova_id": nova_id}
        if agent:
            line["agent"] = agent
        self.facts.append({"seq": self.seq, "provider": "sendgrid", "type": kind,
                           "line": json.dumps(line)})

    def answer(self, question):
        assert question["verb"] == "webhooks" and question["args"]["provider"] == "sendgrid"
        since, limit = question["args"]["since_seq"], question["args"]["limit"]
        rows = [f for f in self.facts if f["seq"] >= since]
        some = rows[:min(limit, 3)]
        following = some[-1]["seq"] + 1 if some else max(since, self.seq + 1)
        return {"ok": True, "data": {"webhooks": some, "next_seq": following,
                                     "more": len(rows) > len(some), "counts": {}}}

    def serve(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            with client, client.makefile("rwb") as lines:
                question = lines.readline()
                if question:
                    lines.write(json.dumps(self.answer(json.loads(question))).encode() + b"\n")

    def close(self):
        self.socket.close()


def platform(double, more="", price="$0.001", **args):
    p = Platform(kind="sendgrid", program=os.path.join(BIN, "nova-platform"), key=False,
                 conf="currency: USD\nplatforms:\n  sendgrid:\n"
                      f"    base_url: {double.url}\n    rate: 1000/s\n"
                      f"    from: Nova <nova@example.com>\n    price: {price}\n{more}", **args)
    p.put("credentials/sendgrid_api_key", KEY + "\n")
    p.facts = Facts(os.path.join(p.dir, "run"))
    return p
