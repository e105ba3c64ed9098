"""The supervisors of the side-by-side benchmark: how each is set up to be as fast as it can
be, which processes are its own, and how it is asked for its state.

A driver gets the programs (Programs), a count of services, an empty directory that is in
memory where there is one (as /run), and one on the disk; `command` is what is started, in the foreground, and `status_all`/`status_one` are commands that print
the state of all services and of one."""

import json
import os
import shutil
import subprocess

PATH = "/usr/bin:/bin:/usr/sbin:/sbin:/usr/local/bin"


class Programs:
    def __init__(self, build, pm2=None):
        self.bin = os.path.join(build, "bin")
        self.stamp = os.path.join(build, "bench", "bench_stamp")
        self.floor = os.path.join(build, "bench", "bench_floor")
        self.pm2 = pm2 or shutil.which("pm2")


def write(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod(path, mode)


class Driver:
    name = ""
    setting = ""  # what makes it fast, for the table
    needs = ()
    graceful = False  # ended by SIGTERM, as it has more than processes to clear away

    def __init__(self, programs, n, folder, disk, fifo):
        self.p, self.n, self.dir, self.disk, self.fifo = programs, n, folder, disk, fifo
        self.env = {"PATH": PATH, "HOME": folder, "LANG": "C.UTF-8", "BENCH_FIFO": fifo}
        self.status_all = self.status_one = None
        self.prepare()

    @classmethod
    def missing(cls, programs):
        del programs
        return [name for name in cls.needs if not shutil.which(name, path=PATH)]

    @classmethod
    def version(cls, programs):
        del programs
        return ""

    def prepare(self):
        raise NotImplementedError


def debian_version(package):
    run = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], check=False,
                         capture_output=True, text=True)
    return run.stdout.strip()


class Floor(Driver):
    name = "floor"
    setting = "vfork, execve, pidfd, epoll; nothing else"

    def prepare(self):
        self.command = [self.p.floor, "keep", str(self.n), self.p.stamp, self.fifo]


class Nova(Driver):
    """n instances of one worker type. Event pipes, log pipes, ledger: everything is on."""
    name = "nova"
    setting = "backoff 0s..1s, no canary; event pipes, logs and ledger on"
    graceful = True
    types = False
    # No other supervisor tries one first when many crash; it would be most of the figure.
    SETTINGS = {"sample": "60s", "storm": {"workers": "none"}}

    @classmethod
    def missing(cls, programs):
        return [] if os.path.exists(f"{programs.bin}/novasupd") else ["novasupd"]

    def prepare(self):
        etc = os.path.join(self.dir, "etc")
        write(f"{etc}/nova.yaml", json.dumps(self.SETTINGS))
        for i in range(self.n if self.types else 1):
            worker = {"worker": f"w{i}", "kind": "service", 
                      "command": [self.p.stamp, self.fifo], "stop": {"grace": "1s"},
                      "crashes": {"max": 9, "within": "1s", "backoff": "0s..1s"}}
            if not self.types:
                worker["instances"] = {"start": self.n, "max": self.n}
            write(f"{etc}/workers.d/w{i}.yaml", json.dumps(worker))
        self.env.update(NOVA_STATE_DIR=f"{self.disk}/state", NOVA_LOG_DIR=f"{self.disk}/log-dir",
                        NOVA_RUN_DIR=f"{self.dir}/run")
        self.env["NOVA_CONFIG"] = f"{etc}/nova.yaml"
        self.command = [f"{self.p.bin}/novasupd"]
        self.status_all = [f"{self.p.bin}/novactl", "workers", "status"]
        self.status_one = self.status_all + ["w0"]


class NovaTypes(Nova):
    """n worker types with one instance each: as many services as the others have."""
    name = "nova-types"
    types = True


class S6(Driver):
    name = "s6"
    setting = "run is the program; notification-fd, else it waits 1 s before each restart"
    needs = ("s6-svscan", "s6-supervise", "s6-svstat")
    ready = True

    @classmethod
    def version(cls, programs):
        return debian_version("s6")

    def prepare(self):
        for i in range(self.n):
            os.makedirs(f"{self.dir}/scan/w{i}")
            os.symlink(self.p.stamp, f"{self.dir}/scan/w{i}/run")
            write(f"{self.dir}/scan/w{i}/notification-fd", "3\n")
        self.env["BENCH_READY_FD"] = "3"
        self.command = ["/usr/bin/s6-svscan", "-c", str(self.n + 10), f"{self.dir}/scan"]
        self.status_all = ["/bin/sh", "-c",
                           f"for d in {self.dir}/scan/w*; do s6-svstat $d; done"]
        self.status_one = ["/usr/bin/s6-svstat", f"{self.dir}/scan/w0"]


class Runit(Driver):
    name = "runit"
    setting = "run is the program"
    needs = ("runsvdir", "runsv", "sv")

    @classmethod
    def version(cls, programs):
        return debian_version("runit")

    def prepare(self):
        for i in range(self.n):
            os.makedirs(f"{self.dir}/scan/w{i}")
            os.symlink(self.p.stamp, f"{self.dir}/scan/w{i}/run")
        self.command = ["/usr/bin/runsvdir", f"{self.dir}/scan"]
        dirs = sorted(f"{self.dir}/scan/{d}" for d in os.listdir(f"{self.dir}/scan"))
        self.status_all = ["/usr/bin/sv", "status"] + dirs
        self.status_one = ["/usr/bin/sv", "status", dirs[0]]


class Daemontools(Runit):
    name = "daemontools"
    setting = "run is the program"
    needs = ("svscan", "supervise", "svstat")

    @classmethod
    def version(cls, programs):
        return debian_version("daemontools")

    def prepare(self):
        super().prepare()
        self.command = ["/usr/bin/svscan", f"{self.dir}/scan"]
        self.status_all = ["/usr/bin/svstat"] + self.status_all[2:]
        self.status_one = ["/usr/bin/svstat", self.status_one[2]]


class Supervisord(Driver):
    name = "supervisord"
    setting = "one program with numprocs, startsecs=0, no log files"
    needs = ("supervisord", "supervisorctl")

    @classmethod
    def version(cls, programs):
        return debian_version("supervisor")

    def prepare(self):
        write(f"{self.dir}/conf", f"""\
[supervisord]
nodaemon=true
user=root
logfile=/dev/null
logfile_maxbytes=0
pidfile={self.dir}/pid
minfds={4 * self.n + 100}
[unix_http_server]
file={self.dir}/sock
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://{self.dir}/sock
[program:w]
command={self.p.stamp} {self.fifo}
process_name=w%(process_num)d
numprocs={self.n}
startsecs=0
autorestart=true
stdout_logfile=NONE
stderr_logfile=NONE
""")
        self.command = ["/usr/bin/supervisord", "-n", "-c", f"{self.dir}/conf"]
        ctl = ["/usr/bin/supervisorctl", "-c", f"{self.dir}/conf", "status"]
        self.status_all, self.status_one = ctl, ctl + ["w:w0"]


class Monit(Driver):
    name = "monit"
    setting = "set daemon 1: looks every second, the least it can; services are daemons"
    needs = ("monit",)

    @classmethod
    def version(cls, programs):
        return debian_version("monit")

    def prepare(self):
        pids = os.path.join(self.dir, "pids")
        os.makedirs(pids)
        checks = "".join(f"check process w{i} with pidfile {pids}/{i}\n"
                         f'  start program = "{self.p.stamp} {self.fifo} {pids}/{i}"\n'
                         for i in range(self.n))
        write(f"{self.dir}/rc", f"""\
set daemon 1
set logfile /dev/null
set pidfile {self.dir}/pid
set idfile {self.dir}/id
set statefile {self.dir}/state
set httpd unixsocket {self.dir}/sock
  allow bench:bench
{checks}""", 0o700)
        self.command = ["/usr/bin/monit", "-I", "-c", f"{self.dir}/rc"]
        self.status_all = ["/usr/bin/monit", "-c", f"{self.dir}/rc", "summary"]
        self.status_one = ["/usr/bin/monit", "-c", f"{self.dir}/rc", "status", "w0"]


class Erlang(Driver):
    name = "erlang"
    setting = "supervisor, one_for_one, no limit; a port each, nouse_stdio"
    needs = ("erl", "erlc")

    @classmethod
    def version(cls, programs):
        return debian_version("erlang-base")

    def prepare(self):
        source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "one_for_one.erl")
        subprocess.run(["/usr/bin/erlc", "-o", self.dir, source], check=True)
        self.command = ["/usr/bin/erl", "+sbwt", "none", "-noinput", "-pa", self.dir, "-s",
                        "one_for_one", "main", "-extra", str(self.n), self.p.stamp, self.fifo]


class Pm2(Driver):
    name = "pm2"
    setting = "fork mode, no interpreter, no delay, no limit, logs to /dev/null"
    needs = ("node",)

    @classmethod
    def missing(cls, programs):
        if not programs.pm2 or not os.path.exists(programs.pm2):
            return ["pm2 (npm install --prefix DIR pm2; --pm2 DIR/node_modules/.bin/pm2)"]
        return super().missing(programs)

    @classmethod
    def version(cls, programs):
        package = os.path.join(os.path.dirname(os.path.realpath(programs.pm2)), "..",
                               "package.json")
        with open(package, encoding="utf-8") as f:
            return json.load(f)["version"]

    def prepare(self):
        app = {"name": "w", "script": self.p.stamp, "args": self.fifo, "interpreter": "none",
               "exec_mode": "fork", "instances": self.n, "autorestart": True,
               "restart_delay": 0, "min_uptime": 0, "max_restarts": 100000000,
               "out_file": "/dev/null", "error_file": "/dev/null", "merge_logs": True,
               "pmx": False, "automation": False, "vizion": False, "treekill": False}
        write(f"{self.dir}/eco.json", json.dumps({"apps": [app]}))
        self.env.update(PM2_HOME=f"{self.dir}/pm2", PM2_DISCRETE_MODE="true")
        self.command = [self.p.pm2, "start", f"{self.dir}/eco.json", "-s"]
        self.status_all = [self.p.pm2, "jlist"]
        self.status_one = [self.p.pm2, "describe", "0"]


ALL = [Floor, Nova, NovaTypes, S6, Runit, Daemontools, Supervisord, Monit, Erlang, Pm2]
