"""One run of snapscope with a fault: its folders, streams, exit code, and what it leaves behind.

A fault is a line: what fault.c reads (`alloc@3=ENOMEM`), `named ` before it for a file system that has
no unnamed files; or a stream and what is wrong with it (`stdout full`).
"""
import dataclasses
import hashlib
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
from xml.etree import ElementTree

import commands
import inputs

TIMEOUT = 30
HEAD_LEN = 3 << 20  # of a file that a run made, this much is compared, and its length
LONG_AGO = 1_000_000_000


class Failure(Exception):
    pass


@dataclasses.dataclass
class Result:
    code: int
    out: bytes
    err: bytes
    tree: dict  # name under at/: None for a folder, else length and digest
    left: list  # what lies in TMPDIR
    hit: str    # the call that met the fault, or ""
    log: list
    whole_report: bool = False  # at/out is a well-formed report of verify


def tree_of(folder):
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_dir():
            found[name] = None
        else:
            with open(path, "rb") as file:
                digest = hashlib.sha256(file.read(HEAD_LEN)).hexdigest()[:16]
                found[name] = (os.fstat(file.fileno()).st_size, digest)
    return found


def is_report(data):
    try:
        return data != commands.OLD and ElementTree.fromstring(data).tag == "testsuites"
    except ElementTree.ParseError:
        return False


def empty(folder):
    for entry in list(folder.iterdir()):
        if entry.is_dir():
            shutil.rmtree(entry)
        else:
            entry.unlink()


class Runner:
    def __init__(self, folder):
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # a shell has a job in the
            signal.signal(name, signal.SIG_DFL)  # background ignore them, and that is inherited
        self.program, self.shim = os.environ["SNAPSCOPE"], os.environ["SS_FAULT_SHIM"]
        folder = pathlib.Path(folder)
        self.home, self.at = folder / "home", folder / "home/at"
        self.tmp, self.log = folder / "tmp", folder / "log"
        for made in (folder / "in", self.home, self.at, self.tmp):
            made.mkdir()
        testdata = pathlib.Path(os.environ["SS_SOURCE_DIR"]) / "testdata"
        self.paths = inputs.make(testdata, folder / "in")
        self.contents = {name: pathlib.Path(path).read_bytes() for name, path in self.paths.items()}
        self.stamps, self.bases = {}, {}
        for name in self.paths:
            self.renew(name)
        kept = ("PATH", "HOME", "UBSAN_OPTIONS", "LSAN_OPTIONS")
        self.environment = {name: os.environ[name] for name in kept if name in os.environ}
        # The shim stands before the sanitizer's allocator, on purpose.
        asan = f"{os.environ.get('ASAN_OPTIONS', '')}:verify_asan_link_order=0".lstrip(":")
        self.environment.update(LC_ALL="C", TZ="UTC", TMPDIR=str(self.tmp), ASAN_OPTIONS=asan,
                                SS_FAULT_LOG=str(self.log))

    # ------------------------------------------------------------------------------- inputs --

    def renew(self, name):
        """An input's bytes, changed long ago, so that any later write shows in its time."""
        path = self.paths[name]
        pathlib.Path(path).write_bytes(self.contents[name])
        os.utime(path, (LONG_AGO, LONG_AGO))
        self.stamps[name] = self.stamp(name)

    def stamp(self, name):
        now = os.stat(self.paths[name])
        return now.st_size, now.st_mtime_ns, now.st_atime_ns, now.st_ino

    def inputs_of(self, row):
        """The inputs that a row maps, in its order; those that it reads by a pipe are none."""
        line = row.rpartition(" | ")[2]
        names = [name for name in self.paths if name != "secret" and f"{{{name}}}" in line]
        return sorted(names, key=lambda name: line.find(f"{{{name}}}"))

    def watch(self, row):
        for name in self.inputs_of(row):
            if self.stamp(name) != self.stamps[name]:
                raise Failure(f"the input {name} was touched")

    def check_contents(self):
        for name, path in self.paths.items():
            if pathlib.Path(path).read_bytes() != self.contents[name]:
                raise Failure(f"the input {name} has other bytes")

    def altered_by(self, row, fault):
        """The input that the kinds shrink, grow and change work on: of the n-th mapping the n-th."""
        names = self.inputs_of(row)
        if not names or fault.rpartition("=")[2] not in ("shrink", "grow", "change"):
            return None
        if not fault.startswith("map@"):
            return names[0]
        n = int(fault.partition("@")[2].partition("=")[0])
        return names[min(self.wholes(row).index(n), len(names) - 1)]

    # --------------------------------------------------------------------------------- runs --

    def prepare(self, row):
        empty(self.at)
        empty(self.tmp)
        self.log.unlink(missing_ok=True)
        if row in commands.rows(commands.REPLACING):
            (self.at / "out").write_bytes(commands.OLD)

    def execute(self, row, extra, **streams):
        """Runs a row; standard output and error are collected unless `streams` say otherwise."""
        source, _, line = row.rpartition(" | ")
        args = [self.program, *shlex.split(line.format(**self.paths))]
        self.prepare(row)
        if source:
            streams["input"] = self.contents[source.strip("{}")]
        else:
            streams["stdin"] = subprocess.DEVNULL
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
        try:
            done = subprocess.run(args, check=False, env={**self.environment, **extra},
                                  cwd=self.home, timeout=TIMEOUT, **streams)
        except subprocess.TimeoutExpired as error:
            raise Failure(f"no end after {TIMEOUT} s") from error
        log = self.log.read_text().splitlines() if self.log.exists() else []
        report = self.at / "out"
        hits = [line[4:] for line in log if line.startswith("hit ")]
        return Result(done.returncode, done.stdout or b"", done.stderr or b"", tree_of(self.at),
                      [entry.name for entry in self.tmp.iterdir()], hits[0] if hits else "", log,
                      report.is_file() and is_report(report.read_bytes()))

    def run(self, row, fault):
        """With the fault; an input that it altered is made good again."""
        stream, _, wrong = fault.partition(" ")
        if stream in ("stdout", "stderr"):
            return self.with_stream(row, stream, wrong)
        extra = {"LD_PRELOAD": self.shim, "SS_FAULT": fault.removeprefix("named ")}
        if fault.startswith("named "):
            extra["SS_FAULT_NAMED"] = "1"
        altered = self.altered_by(row, fault)
        if altered is None:
            result = self.execute(row, extra)
        else:
            try:
                result = self.execute(row, {**extra, "SS_FAULT_FILE": self.paths[altered]})
            finally:
                self.renew(altered)
        self.watch(row)
        return result

    def with_stream(self, row, stream, wrong):
        """full: a full disk; closed: not there; gone: a pipe that nobody reads; head: 10 bytes are."""
        if wrong == "closed":
            return self.execute(row, {}, preexec_fn=lambda: os.close(1 if stream == "stdout" else 2))
        if wrong == "full":
            with open("/dev/full", "wb") as full:
                return self.execute(row, {}, **{stream: full})
        reader, writer = os.pipe()
        head = None
        if wrong == "head":
            head = subprocess.Popen(["head", "-c", "10"], stdin=reader, stdout=subprocess.DEVNULL)
        os.close(reader)
        try:
            return self.execute(row, {}, **{stream: writer})
        finally:
            os.close(writer)
            if head is not None:
                head.wait()

    def base(self, row, named=False):
        """The same without a fault; its log counts the calls of each class."""
        if (row, named) not in self.bases:
            extra = {"LD_PRELOAD": self.shim, "SS_FAULT": "count"}
            if named:
                extra["SS_FAULT_NAMED"] = "1"
            result = self.execute(row, extra)
            self.watch(row)
            if result.code not in (0, 1, 3) or result.left:
                raise Failure(f"{row}: exit {result.code} without a fault\n{result.err.decode()}")
            self.bases[row, named] = result
        return self.bases[row, named]

    def count(self, row, name, named=False):
        """How many calls of a class a row makes without a fault."""
        log = self.base(row, named).log
        return next((int(line.split()[1]) for line in log if line.split()[0] == name), 0)

    def mappings(self, row):
        """Of each file that a row maps: how many allocations came before, and its length."""
        log = self.base(row).log
        return [tuple(map(int, line.split()[1:])) for line in log if line.startswith("mapped ")]

    def wholes(self, row):
        """Which mappings are of a whole file, by number; a look at its first page is none."""
        return [n for n, (_, length) in enumerate(self.mappings(row), 1) if length > 1]

    def callers(self, row):
        """Which module makes the main thread's n-th allocation: (module, how many in a row) in order."""
        runs = [line.split()[1].split(":") for line in self.base(row).log if line.startswith("caller ")]
        return [(module, int(count)) for module, count in runs]
