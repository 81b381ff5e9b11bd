"""A real etcd server, restored from a snapshot and booted on free ports of 127.0.0.1.

    with Server(folder_of_programs, snapshot_copy, work_folder, skip_hash_check=False) as server:
        server.etcdctl("get", "", "--prefix", "-w", "json")

The programs are one release's, as tests/oracle/build.sh leaves them. Restoring takes a copy, since
the tools of some releases write to what they read. Nothing outlives the block.
"""

import ctypes
import os
import pathlib
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

# What testdata/gen gives the user of every fixture that has authentication on.
ROOT = "root:root-password"
PATIENCE = 60.0


class OracleError(Exception):
    """An oracle did not do its part: nothing was compared."""


def free_urls(count):
    """Addresses of ports that were free a moment ago."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    urls = [f"http://127.0.0.1:{one.getsockname()[1]}" for one in sockets]
    for one in sockets:
        one.close()
    return urls


def _die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def run(*args):
    """(exit code, stdout, stderr) of an oracle."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ETCD")}
    done = subprocess.run([str(arg) if isinstance(arg, pathlib.Path) else arg for arg in args],
                          env=environment | {"ETCDCTL_API": "3"}, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE, check=False)
    return done.returncode, done.stdout, done.stderr.decode(errors="replace")


class Server:
    """One restored member; `auth` when the snapshot has authentication on."""

    def __init__(self, programs, snapshot, work, skip_hash_check=False, auth=False):
        self.programs = pathlib.Path(programs)
        self.data = pathlib.Path(work) / "data"
        self.user = ["--user", ROOT] if auth else []
        self.process = None
        self.log = None
        self.client, self.peer = free_urls(2)
        self.cluster = ["--name", "m0", "--initial-cluster", f"m0={self.peer}",
                        "--initial-cluster-token", "oracle", "--initial-advertise-peer-urls", self.peer]
        tool = self.programs / "etcdutl"
        if not tool.exists():  # 3.4
            tool = self.programs / "etcdctl"
        code, _, error = run(tool, "snapshot", "restore", snapshot, "--data-dir", self.data, *self.cluster,
                             *(["--skip-hash-check"] if skip_hash_check else []))
        if code != 0:
            raise OracleError(f"{tool}: snapshot restore ended with {code}: {error}")

    def __enter__(self):
        command = [str(self.programs / "etcd"), *self.cluster, "--data-dir", str(self.data),
                   "--listen-client-urls", self.client, "--advertise-client-urls", self.client,
                   "--listen-peer-urls", self.peer, "--logger", "zap", "--log-level", "error",
                   "--heartbeat-interval", "20", "--election-timeout", "200"]
        if "unsafe-no-fsync" in run(self.programs / "etcd", "--help")[1].decode():
            command.append("--unsafe-no-fsync")
        self.log = open(self.data.with_suffix(".log"), "w+b")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log,
                                        stderr=subprocess.STDOUT, preexec_fn=_die_with_parent)
        try:
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.log.close()

    def _wait(self):
        """Until a linearizable read is answered: there is a leader, and it has applied all."""
        end = time.monotonic() + PATIENCE
        while self._version() is None:
            if time.monotonic() > end or self.process.poll() is not None:
                self.log.seek(0)
                raise OracleError(f"the server does not start: {self.log.read().decode(errors='replace')[-2000:]}")
            time.sleep(0.02)
        while True:
            code, _, error = self.ask("get", "an absent key")
            if code == 0:
                return
            if time.monotonic() > end:
                raise OracleError(f"the server answers nothing: {error}")
            time.sleep(0.05)

    def _version(self):
        try:
            with urllib.request.urlopen(self.client + "/version", timeout=5) as answer:
                return answer.read()
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return None

    def ask(self, *args):
        """(exit code, stdout, stderr) of the release's own etcdctl."""
        return run(self.programs / "etcdctl", "--endpoints", self.client, "--command-timeout", "20s",
                   *self.user, *args)

    def etcdctl(self, *args):
        """Its standard output; an error raises."""
        code, out, error = self.ask(*args)
        if code != 0:
            raise OracleError(f"etcdctl {args} ended with {code}: {error}")
        return out
