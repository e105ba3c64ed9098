"""nova-platform stripe in front of the double of its vendor (tests/doubles/stripe.js), with an
engine that the test plays."""

import json
import os
import subprocess
import urllib.request

from plat_lib import BIN, Platform

SOURCE = os.environ["NOVA_SOURCE"]


class Double:
    def __init__(self):
        packages = subprocess.run([os.path.join(SOURCE, "tests/npm/install")], check=True,
                                  stdout=subprocess.PIPE, text=True).stdout.split("\n")[-2]
        self.process = subprocess.Popen(
            ["node", os.path.join(SOURCE, "tests/doubles/stripe.js")], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, env={**os.environ, "NODE_PATH": packages}, text=True)
        port = self.process.stdout.readline().strip()
        if not port:
            raise AssertionError("the double of Stripe does not start")
        self.url = f"http://127.0.0.1:{port}"

    def fetch(self, path, body=None):
        data = json.dumps(body).encode() if body is not None else None
        with urllib.request.urlopen(self.url + path, data, timeout=120) as answer:
            return json.load(answer)

    def control(self, **body):
        return self.fetch("/_control", body)

    def fault(self, match, how, times=1, **more):
        self.control(faults=[{"match": match, "how": how, "times": times, **more}])

    def make(self, what, **fields):
        return self.control(make=[{"what": what, **fields}])[0]

    def state(self):
        return self.fetch("/_state")

    def table(self, name):
        return self.state()["tables"].get(name, [])

    def close(self):
        self.process.stdin.close()
        self.process.wait(120)
        self.process.stdout.close()


class Stripe(Platform):
    def ask(self, verb, agent=None, **args):
        """As Platform's, with `id` as an argument of the verb."""
        request = {"verb": verb, "args": args}
        if agent:
            request["agent"] = agent
        try:
            return self.ask_raw(json.dumps(request).encode() + b"\n")
        except OSError:
            return None


def platform(double, key="sk_test_geheim", settings="", **more):
    conf = ("currency: USD\nplatforms:\n  stripe:\n"
            f"    base_url: {double.url}\n    rate: 10000/s\n"
            f"    agent_rate: 10000/s\n{settings}")
    p = Stripe(conf=conf, kind="stripe", program=os.path.join(BIN, "nova-platform"), key=False,
                 workers={"seller": "worker: seller\ncommand: [x]\nplatforms: [stripe]\n",
                          "other": "worker: other\ncommand: [x]\nplatforms: [stripe]\n"}, **more)
    if key:
        p.put("credentials/stripe_api_key", key + "\n")
    return p
