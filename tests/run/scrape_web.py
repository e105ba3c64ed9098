"""Web sites for the scraper's tests, and nova-platform scrape in front of them."""

import json
import os
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from plat_lib import BIN, Platform


class Site:
    """Pages by path: a text, or (status, headers, body), or a function of the handler.
    `asked` keeps what was asked for, with headers and how many were under way."""

    def __init__(self, pages=None):
        self.pages = pages or {}
        self.asked = []
        self.now = self.most = 0
        self.lock = threading.Lock()
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                with site.lock:
                    site.asked.append((self.path, dict(self.headers)))
                    site.now += 1
                    site.most = max(site.most, site.now)
                try:
                    page = site.pages.get(self.path, site.pages.get("*", (404, {}, "no")))
                    if callable(page):
                        page = page(self)
                finally:
                    # Before the answer: who has it may ask again sooner than we are back.
                    with site.lock:
                        site.now -= 1
                self.answer(page)

            def answer(self, page):
                if page is None:
                    self.close_connection = True
                    return
                if not isinstance(page, tuple):
                    page = (200, {}, page)
                status, headers, body = page
                body = body.encode() if isinstance(body, str) else body
                self.send_response(status)
                for name, value in {"Content-Type": "text/html; charset=utf-8",
                                    **headers}.items():
                    self.send_header(name, value)
                if status != 304:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if status != 304:
                    self.wfile.write(body)

            def log_message(self, *args):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def paths(self):
        return [path for path, _ in self.asked]

    def count(self, path):
        return self.paths().count(path)


def scraper(**settings):
    """Not started yet. Settings as in nova.yaml; this machine may be asked, at once."""
    conf = {"allow_private": True, "delay": "0s", "rate": "10000/s", **settings}
    return Platform(kind="scrape", key=False, program=os.path.join(BIN, "nova-platform"),
                    conf=json.dumps({"currency": "USD", "platforms": {"scrape": conf}}))


def silent_port():
    """Where nobody listens, and nobody else can: a socket, to be kept, and its port."""
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    return s, s.getsockname()[1]
