"""Asks nova-scrape-parse about pages, as nova-platform does."""

import json
import os
import struct
import subprocess

PARSE = os.path.join(os.environ["NOVA_BIN"], "nova-scrape-parse")


def frame(body, want):
    text = json.dumps(want).encode()
    return struct.pack("=II", len(text), len(body)) + text + body


class Parser:
    """One process, asked again and again; `ask` returns its answer, or None when the page
    ended it (the next page has a new one)."""

    def __init__(self):
        self.popen = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        if self.popen:
            self.popen.stdin.close()
            self.popen.stdout.close()
            self.popen.wait()
            self.popen = None

    def ask(self, body, **want):
        if not self.popen:
            self.popen = subprocess.Popen([PARSE], stdin=subprocess.PIPE,
                                          stdout=subprocess.PIPE)
        self.popen.stdin.write(frame(body, want))
        self.popen.stdin.flush()
        head = self.popen.stdout.read(4)
        if len(head) < 4:
            self.end()
            return None
        return json.loads(self.popen.stdout.read(struct.unpack("=I", head)[0]))

    def data(self, body, **want):
        answer = self.ask(body, **want)
        assert answer and answer["ok"], answer
        return answer["data"]
