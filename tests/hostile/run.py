"""Runs every command over every hostile file, within bounds of time and memory that the file's bytes set.

    run.py SNAPSCOPE files|names|packed [NAME...]

files    made by files.py: no command dies, takes more than its share, or exits otherwise than documented; what
         verify and a few others say is held to exact values (expected.py)
names    nothing that a terminal would obey is printed of names, keys, values, paths or arguments
packed   compressed and archived bombs, archives of many, strange and nested members, sparse files
"""
import concurrent.futures
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import expected
import files
import names
import packed
import program

CPU_SECONDS = 10
MEMORY = 512 << 20
SANITIZER_WORDS = (b"Sanitizer", b"runtime error:")


class Failure(Exception):
    pass


class Runner:
    """Runs the program under limits; counts what was checked."""

    def __init__(self, program, scratch):
        self.program, self.scratch = program, pathlib.Path(scratch)
        version = subprocess.run([program, "--version"], stdout=subprocess.PIPE, check=True).stdout
        self.sanitized = b"sanitizer" in version
        self.cpu_seconds = CPU_SECONDS * (6 if self.sanitized else 1)
        self.checks = 0

    def limits(self, memory, file_len):
        def set_them():
            if file_len is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (file_len, file_len))
            resource.setrlimit(resource.RLIMIT_CPU, (self.cpu_seconds, self.cpu_seconds + 1))
            if not self.sanitized:  # whose shadow memory is larger than any machine's
                resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        return set_them

    def run(self, *args, bytes_len=0, codes=(0, 1, 3), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=None,
            file_len=None):
        """bytes_len: of all inputs, which are mapped and so count as memory; file_len: of any file it writes."""
        done = subprocess.run([self.program, *args], stdin=stdin, stdout=stdout, stderr=subprocess.PIPE, check=False,
                              preexec_fn=self.limits(MEMORY + bytes_len, file_len), env={**os.environ, **(env or {})})
        self.checks += 1
        shown = " ".join(str(os.fsdecode(arg)) for arg in args)
        said = done.stderr.decode(errors="replace")[-1000:]
        if done.returncode < 0:
            raise Failure(f"{shown!r}: signal {-done.returncode}\n{said}")
        if any(word in done.stderr for word in SANITIZER_WORDS):
            raise Failure(f"{shown!r}: sanitizer report\n{said}")
        if codes is not None and done.returncode not in codes:
            raise Failure(f"{shown!r}: exit code {done.returncode}\n{said}")
        return done

    def same(self, what, have, want):
        self.checks += 1
        if have != want:
            raise Failure(f"{what}: have {have!r}, expect {want!r}")


# -------------------------------------------------------------------------------------------- files --

# Further to a sample of every command.
COMMANDS = (["info", "--json"], ["verify", "--report", "junit"], ["dump", "--revisions"], ["dump", "--all-buckets"],
            ["dump", "--format", "etcdctl"], ["members", "--json"], ["leases", "--json"], ["auth", "--json"], ["meta", "--json"],
            ["buckets", "--json"], ["pages", "--json"], ["page", "--hex", "FILE", "3"],
            ["keys", "FILE", "more"], ["get", "FILE", "/k/00000005"], ["history", "FILE", "k"],
            ["history", "--prefix", "FILE", ""], ["diff", "FILE", "COPY"], ["diff", "--revisions", "FILE", "COPY"],
            ["diff", "--buckets", "FILE", "COPY"], ["convert", "--skip-hash-check", "-o", "-"],
            ["convert", "--skip-hash-check", "--rebuild", "-o", "-"], ["restore", "--skip-hash-check", "--dry-run"],
            ["salvage", "--dry-run"], ["salvage", "--dry-run", "--json", "--include-freed"])


def test_commands(runner, _name):
    """No row is of a command that is gone."""
    known = set(program.names(runner.program))
    rows = (*COMMANDS, *names.READING, *names.TYPED)
    runner.same("commands in rows", sorted({row[0] for row in rows if isinstance(row[0], str)} - known), ["help"])


def check_verdict(runner, name, path, size):
    verdict, errors, warnings, ids = expected.VERDICTS[name]
    done = runner.run("verify", "--json", "--max-findings", "3", path, bytes_len=size)
    report = json.loads(done.stdout)
    runner.same(f"{name}: verdict", report["verdict"], verdict)
    runner.same(f"{name}: errors", report["error_count"], errors)
    runner.same(f"{name}: warnings", report["warning_count"], warnings)
    runner.same(f"{name}: first findings", sorted({finding["id"] for finding in report["findings"]}), ids)


def check_words(runner, name, path, size):
    """What commands say that stop at the file's trick."""
    for command, words in expected.WORDS.get(name, {}).items():
        done = runner.run(*command.split(), path, bytes_len=size, codes=(1, 3), stdout=subprocess.DEVNULL)
        runner.same(f"{name}: {command}", words in done.stderr.decode(), True)


def test_file(runner, name):
    with tempfile.TemporaryDirectory(dir=runner.scratch) as folder:
        path, copy = pathlib.Path(folder) / "hostile.db", pathlib.Path(folder) / "copy.db"
        path.write_bytes(files.FILES[name]())
        copy.write_bytes(path.read_bytes())
        size = path.stat().st_size
        for command in (*program.samples(runner.program), *COMMANDS):
            args = command if "FILE" in command else [*command, "FILE"]
            args = [{"FILE": path, "COPY": copy}.get(arg, arg) for arg in args]
            runner.run(*args, bytes_len=size * (1 + (copy in args)), stdout=subprocess.DEVNULL)
        check_verdict(runner, name, path, size)
        check_words(runner, name, path, size)
        runner.same(f"{name}: its bytes", path.read_bytes() == copy.read_bytes(), True)


def main():
    path, group, *wanted = sys.argv[1:]
    groups = {"files": {"commands": test_commands, **{name: test_file for name in files.FILES}}, "names": names.TESTS, "packed": packed.TESTS}
    tests = groups[group]
    failures = []
    with tempfile.TemporaryDirectory(dir=os.environ.get("SS_SCRATCH")) as scratch:
        runner = Runner(path, scratch)
        if runner.sanitized and not wanted:
            wanted = [name for name in tests if name not in files.LARGE]
            if len(wanted) < len(tests):
                print(f"{len(tests) - len(wanted)} large cases are for builds without a sanitizer")
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            jobs = {pool.submit(tests[name], runner, name): name for name in wanted or tests}
            for job in concurrent.futures.as_completed(jobs):
                try:
                    job.result()
                except (Failure, OSError, ValueError, KeyError, TypeError) as error:
                    failures.append(jobs[job])
                    print(f"FAIL {jobs[job]}: {type(error).__name__}: {error}")
    print(f"{len(jobs)} cases, {runner.checks} checks, {len(failures)} failures")
    sys.exit(1 if failures or not jobs else 0)


if __name__ == "__main__":
    main()
