"""The files that are measured on: made once, kept in one folder, copied for those who would write to them."""

import json
import os
import shutil
import subprocess
import sys
import tempfile

import cache

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def run(command, **options):
    """Runs a command that must succeed, and gives its standard output."""
    result = subprocess.run(command, stdout=subprocess.PIPE, check=False, **options)
    if result.returncode != 0:
        sys.exit(f"bench: exit code {result.returncode}: {' '.join(command)}")
    return result.stdout


def program(name):
    """A program of bench/CMakeLists.txt, built when it has to be."""
    build = os.path.join(ROOT, "build/bench")
    run(["cmake", "-S", ROOT, "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", "-DSNAPSCOPE_TESTS=ON"])
    run(["cmake", "--build", build, "--target", name])
    return os.path.join(build, "bench", name)


def state_of(path):
    facts = os.stat(path)
    return facts.st_size, facts.st_mtime_ns


class Files:
    """Everything under one folder: `data` is kept, the rest (copies, outputs) goes at close."""

    def __init__(self, folder, ours, oracles, given=None, make=("make_snapshot.sh", "{}")):
        self.folder = os.path.abspath(folder)
        self.ours = os.path.realpath(ours)
        self.oracles = os.path.realpath(oracles)
        self.given = given or {}
        self.make = make
        self.copies = {}
        self.inputs = {}
        os.makedirs(os.path.join(self.folder, "data"), exist_ok=True)
        self.scratch = tempfile.mkdtemp(prefix="run-", dir=self.folder)

    def close(self):
        shutil.rmtree(self.scratch)

    def tool(self, *parts):
        path = os.path.join(self.oracles, *parts)
        if not os.access(path, os.X_OK):
            sys.exit(f"bench: no program {path}: tests/oracle/build.sh makes it, ORACLES says where it is")
        return path

    def kept(self, name):
        return os.path.join(self.folder, "data", name)

    def script(self, *command):
        """Runs a script of this folder, or a program of bench/CMakeLists.txt, that makes a file."""
        environment = dict(os.environ, ORACLES=self.oracles, TMPDIR=self.folder)
        say("making " + " ".join(command[1:]))
        first = os.path.join(HERE, command[0]) if command[0].endswith(".sh") else program(command[0])
        run([first, *command[1:]], env=environment)

    def path(self, role):
        """The path of an input by its role; made when it is not there."""
        path = self.given.get(role) or self.kept(f"{role}.db")
        if not os.path.exists(path):
            if role == "db":
                self.script(*(word.format(path) for word in self.make))
            elif role == "later":
                self.script("continue_snapshot.sh", self.path("db"), path)
            elif role == "changed":
                # The reference's keys in the same order of putting, each with another value in every round.
                self.script("make_snapshot.sh", path, "300000", "3", "1000", "1000")
            elif role == "other":
                # bbolt writes every page anew, and leaves no hash: no diff asks for one.
                say(f"making {path}")
                run([self.tool("bbolt", "bbolt"), "compact", "--no-sync", "-o", path + ".part", self.path("later")])
                os.rename(path + ".part", path)
        if path not in self.inputs:
            self.inputs[path] = state_of(path)
            cache.load(path)
        return path

    def copy(self, role):
        """The peers' copy of an input; made anew when a peer wrote to it."""
        path = os.path.join(self.scratch, f"{role}.db")
        if role not in self.copies or state_of(path) != self.copies[role]:
            shutil.copyfile(self.path(role), path)
            self.copies[role] = state_of(path)
            cache.load(path)
        return path

    def check_inputs(self):
        """Evidence stays as it is: a changed input ends the run."""
        for path, state in self.inputs.items():
            if state_of(path) != state:
                sys.exit(f"bench: {path} has been changed while it was measured on")

    def facts(self, role):
        """Size, live keys and records of an input; asked once and kept beside the data."""
        path = self.path(role)
        cache = self.kept(f"{role}.facts.json")
        key = [path, *state_of(path)]
        try:
            with open(cache, encoding="utf-8") as file:
                found = json.load(file)
            if found["key"] == key:
                return found
        except (OSError, ValueError, KeyError):
            pass
        info = json.loads(run([self.ours, "info", "--json", path]))
        found = {"key": key, "size": key[1], **counts(info)}
        with open(cache, "w", encoding="utf-8") as file:
            json.dump(found, file)
        return found

    def words(self, job, with_peer):
        """What the words in a job's commands stand for; only those that it names are made."""
        commands = job.ours + (" " + " ".join(job.peer) if with_peer else "")
        makers = {
            "ours": lambda: self.ours,
            "bbolt": lambda: self.tool("bbolt", "bbolt"),
            "etcdutl36": lambda: self.tool("etcd36", "etcdutl"),
            "etcdutl37": lambda: self.tool("etcd37", "etcdutl"),
            "etcd_dump_db": lambda: self.tool("dumpdb", "etcd-dump-db"),
            "db": lambda: self.path("db"),
            "later": lambda: self.path("later"),
            "other": lambda: self.path("other"),
            "changed": lambda: self.path("changed"),
            "peer_db": lambda: self.copy("db"),
            "peer_later": lambda: self.copy("later"),
            "peer_changed": lambda: self.copy("changed"),
            "out": lambda: os.path.join(self.scratch, "ours"),
            "peer_out": lambda: os.path.join(self.scratch, "peer"),
            "key": self.some_key,
        }
        return {word: make() for word, make in makers.items() if "{" + word + "}" in commands}

    def some_key(self):
        """The thousandth live key."""
        dump = subprocess.Popen([self.ours, "dump", "--keys-only", self.path("db")], stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL)
        for line, _ in zip(dump.stdout, range(1000)):
            record = json.loads(line)
        dump.stdout.close()
        dump.wait()
        return record["key"]


def counts(info):
    return {"live_keys": info["etcd"]["live_keys"], "records": info["etcd"]["records"]}
