#!/usr/bin/env python3
"""Stands in for a program of Nova's own that novasupd starts as a system worker: says that
it is ready, beats, writes to its event pipe what a test sends it, and sends back what comes
on its control pipe. Nothing else: what is tested is novasupd and nova-engine."""

import contextlib
import json
import os
import selectors
import signal
import socket
import sys

name = os.environ["NOVA_WORKER"]
path = os.path.join(os.environ["NOVA_RUN_DIR"], name + ".standin")
for each in (path, path + ".new"):
    if os.path.exists(each):
        os.unlink(each)
server = socket.socket(socket.AF_UNIX)
server.bind(path + ".new")
server.listen()
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))


def say(line):
    os.write(3, line.encode() + b"\n")


credentials = os.environ["CREDENTIALS_DIRECTORY"]
about = {"argv": sys.argv[1:], "pid": os.getpid(), "env": dict(os.environ),
         "secrets": {n: open(os.path.join(credentials, n), encoding="utf-8").read()
                     for n in sorted(os.listdir(credentials))},
         "snapshot": os.readlink("/proc/self/fd/" + os.environ["NOVA_SNAPSHOT_FD"])}
say('{"event":"ready"}')
os.rename(path + ".new", path)
poll = selectors.DefaultSelector()
poll.register(server, selectors.EVENT_READ, "client")
poll.register(4, selectors.EVENT_READ, "control")
clients = []
while True:
    ready = poll.select(5)
    if not ready:
        say('{"event":"heartbeat","status":"stands in"}')
    for key, _ in ready:
        if key.data == "client":
            client = server.accept()[0]
            with contextlib.suppress(OSError):
                client.sendall(json.dumps(about).encode() + b"\n")
            clients.append(client)
            poll.register(client, selectors.EVENT_READ, "lines")
        elif key.data == "control":
            data = os.read(4, 65536)
            if not data:
                sys.exit(0)
            for client in clients:
                with contextlib.suppress(OSError):  # it may have gone; that is told next
                    client.sendall(data)
        else:
            try:
                data = key.fileobj.recv(4000)
            except OSError:
                data = b""
            if data:
                os.write(3, data)
            else:
                poll.unregister(key.fileobj)
                clients.remove(key.fileobj)
                key.fileobj.close()
