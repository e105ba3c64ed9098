"""The platform `twitter` with a double of X (tests/doubles/twitter.js) and an engine that the
test plays."""

import json
import os
import subprocess
import urllib.request

from plat_lib import BIN, Platform, until

SOURCE = os.environ["NOVA_SOURCE"]
KEYS = {"twitter_api_key": "app-key", "twitter_api_secret": "app-secret",
        "twitter_access_token": "1111-token", "twitter_access_secret": "token-secret",
        "twitter_bearer_token": "bearer-token"}


class Double:
    """X, as far as its description goes."""

    def __init__(self):
        modules = subprocess.run([os.path.join(SOURCE, "tests/npm/install")], check=True,
                                 stdout=subprocess.PIPE, text=True).stdout.strip()
        self.process = subprocess.Popen(
            ["node", os.path.join(SOURCE, "tests/doubles/twitter.js")],
            env={**os.environ, "NODE_PATH": modules}, stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL, text=True)
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"

    def set(self, **what):
        request = urllib.request.Request(self.url + "/_double",
                                         json.dumps(what).encode() if what else None)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def plan(self, on, **what):
        self.set(plan={"on": on, **what})

    def posts(self):
        return self.set()["posts"]

    def asked(self, name=None):
        return [a for a in self.set()["asked"] if name in (None, a["name"])]

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Twitter(Platform):
    """nova-platform twitter. Use as a context."""

    def __init__(self, keys=None, settings="", workers=None, engine=True):
        self.double = Double()
        conf = ("currency: USD\nplatforms:\n  twitter:\n"
                f"    base_url: {self.double.url}\n    rate: 1000/s\n    agent_rate: 1000/s\n"
                + settings)
        super().__init__(kind="twitter", program=os.path.join(BIN, "nova-platform"), key=False,
                         conf=conf, workers=workers, engine=engine)
        for name, value in (KEYS if keys is None else keys).items():
            self.put("credentials/" + name, value + "\n")

    def spent(self):
        """What has been booked, in thousandths of a dollar, by whom it was for."""
        sums = {}
        for event in self.engine.booked().values():
            assert event["currency"] == "USD", event
            whole, _, rest = event["amount"].partition(".")
            thousandths = int(whole) * 1000 + int((rest + "000")[:3])
            assert not (rest + "000")[3:].strip("0"), event
            name = event.get("agent", "")
            sums[name] = sums.get(name, 0) + thousandths
        return sums

    def settled(self, name, thousandths):
        until(f"{name} to be charged {thousandths}", lambda: self.spent().get(name) == thousandths)

    def __exit__(self, *exc):
        try:
            wrong = self.double.set()["wrong"]
            for line in wrong:
                print("# X: " + line.replace("\n", " "))
            if wrong and not exc[0]:
                raise AssertionError("X was asked wrongly")
        finally:
            self.double.close()
            super().__exit__(*exc)
