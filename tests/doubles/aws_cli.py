"""Debian's AWS CLI, imported once: most of what a command takes is reading its modules. A program
of a few lines hands arguments, environment, directory and descriptors to a process that has them,
which forks for each command. Where the CLI is another one (no module awscli beside /usr/bin/python3) it is
started as usual.

aws_cli.py SOCKET is that process."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import traceback

PYTHON = "/usr/bin/python3"

CLIENT = """#!{python} -IS
import array, json, os, socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect({path!r})
args = ["--endpoint-url", {url!r}] + sys.argv[1:]
s.sendmsg([json.dumps([args, dict(os.environ), os.getcwd()]).encode() + b"\\n"],
          [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 1, 2]))])
code = s.recv(1)
os._exit(code[0] if code else 255)
"""


def start(cli, path):
    """The process, or None where the CLI has to be started for each command."""
    if cli != "/usr/bin/aws" or subprocess.run(
            [PYTHON, "-c", "import awscli.clidriver"], capture_output=True, check=False).returncode:
        return None
    process = subprocess.Popen([PYTHON, __file__, path], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE)
    if process.stdout.readline() != b"ready\n":
        stop(process)
        return None
    return process


def stop(process):
    if process:
        process.stdin.close()  # it ends with us
        process.wait()


def client(process, path, url, cli):
    """The text of a program `aws` whose every request goes to url."""
    if process:
        return CLIENT.format(python=PYTHON, path=path, url=url)
    return f'#!/bin/sh\nexec {cli} --endpoint-url {url} "$@"\n'


def command(driver, connection):
    """In a process of its own: one command, then the exit code to who asked."""
    text, fds, _, _ = socket.recv_fds(connection, 1 << 20, 3)
    while not text.endswith(b"\n"):
        text += connection.recv(1 << 20)
    args, environment, where = json.loads(text)
    os.chdir(where)
    for number, fd in enumerate(fds):
        os.dup2(fd, number)
        os.close(fd)
    data = os.environ["AWS_DATA_PATH"]  # set by the import
    os.environ.clear()
    os.environ.update(environment, AWS_DATA_PATH=data)
    sys.argv = ["aws", *args]
    code = 255
    try:
        code = driver.main(args) or 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except Exception:  # as the interpreter would say it
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        connection.sendall(bytes([code & 255]))
        os._exit(0)


def serve(path):
    import select
    import signal

    import awscli.clidriver
    import awscli.customizations.cloudformation.deploy  # noqa: F401 read once
    driver = awscli.clidriver.create_clidriver()
    loader = driver.session.get_component("data_loader")
    for service in ("cloudformation", "ec2", "ecr", "ecs", "logs", "ssm", "sts"):
        for kind in ("service-2", "endpoint-rule-set-1", "waiters-2", "paginators-1"):
            with contextlib.suppress(Exception):  # not every service has each
                loader.load_service_model(service, kind)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    listening.listen(16)
    print("ready", flush=True)
    while True:
        readable, _, _ = select.select([listening, sys.stdin], [], [])
        if sys.stdin in readable:
            return
        connection, _ = listening.accept()
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            listening.close()
            command(driver, connection)
        connection.close()


if __name__ == "__main__":
    serve(sys.argv[1])
