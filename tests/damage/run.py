"""Runs every command of snapscope over every damaged file, and holds each to what its case expects.

    run.py SNAPSCOPE TESTDATA [CASE...]

For every case and command: no signal, no time-out, no sanitizer report, an exit code from 0 to 4,
the input's bytes as they were, and nothing on standard output that looks complete when the exit code
is not 0. For `dump`: the exact exit code, error code, page and offset that the case names. For
`verify`: the verdict and every finding. All cases together have every check of the catalogue.
"""
import concurrent.futures
import functools
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import findings
import patch
import spec

TIMEOUT = 20
STRUCTURE = ("FILE-", "HASH-", "META-", "PAGE-", "ELEM-", "TREE-", "BUCKET-", "FREE-")
SANITIZER_WORDS = (b"Sanitizer", b"runtime error:")


class Failure(Exception):
    pass


@functools.lru_cache(maxsize=None)
def seed_bytes(path):
    return patch.read_seed(path)


class Runner:
    def __init__(self, program, testdata):
        self.program, self.testdata = program, testdata
        self.seeds, self.seed_findings = {}, {}

    def run(self, *args):
        try:
            done = subprocess.run([self.program, *args], stdin=subprocess.DEVNULL, timeout=TIMEOUT,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        except subprocess.TimeoutExpired as error:
            raise Failure(f"{' '.join(args)}: no end after {TIMEOUT} s") from error
        said = done.stderr.decode(errors="replace")[-2000:]
        if done.returncode < 0:
            raise Failure(f"{' '.join(args)}: signal {-done.returncode}\n{said}")
        if any(word in done.stderr for word in SANITIZER_WORDS):
            raise Failure(f"{' '.join(args)}: sanitizer report\n{said}")
        if done.returncode > 4:
            raise Failure(f"{' '.join(args)}: exit code {done.returncode}\n{said}")
        if done.returncode == 3 and not done.stderr.strip() + done.stdout.strip():
            raise Failure(f"{' '.join(args)}: exit code 3 without a word")
        return done

    # ---------------------------------------------------------------------------- commands --

    def survey(self, file, bucket):
        """The commands whose whole answer is pinned elsewhere: here they have to end well."""
        for args in (["info"], ["info", "--json"], ["pages"], ["pages", "--json"], ["buckets"],
                     ["buckets", "--json"], ["page", "--hex"]):
            tail = ["2"] if args[0] == "page" else []
            self.run(*args, file, *tail)
        self.info(file)
        self.run("keys", file, bucket or "key")
        self.run("get", file, "no-such-key")

    def info(self, file):
        """Never restorable what verify knows to be damaged but for its records; and then no release starts on it."""
        got = self.run("info", "--json", file)
        document = json.loads(got.stdout)
        answer, due = document["answer"], 1
        report = json.loads(self.run("verify", "--json", file).stdout)
        damaged = any(f["severity"] == "error" and f["id"].startswith(STRUCTURE) for f in report["findings"])
        metas = document.get("metas", [])
        no_meta = answer["why"] == "text-mode" and not any(meta["valid"] for meta in metas)
        if answer["why"] in ("not-bbolt", "metas") or no_meta:
            due = 3
        elif not damaged and answer["why"] in ("restorable", "hash-absent", "hash-padded", "not-etcd"):
            due = 0
        if got.returncode != due:
            raise Failure(f"info: exit code {got.returncode}, due {due}: {answer['why']}")
        starts = [one["etcd"] for one in (document.get("etcd") or {}).get("starts_on", []) if one["starts"]]
        if due != 0 and starts:
            raise Failure(f"info: {answer['why']}, and starts on {starts}")

    def dump(self, file, bucket):
        """All ways to dump, which must agree; the exit code, and the error's JSON object."""
        which = ["--bucket", bucket] if bucket else []
        lines = self.run("dump", file, *which)
        document = self.run("dump", "--json", file, *which)
        out = pathlib.Path(file + ".out")
        written = self.run("dump", "-o", str(out), file, *which)
        codes = {lines.returncode, document.returncode, written.returncode}
        if len(codes) != 1:
            raise Failure(f"dump's exit codes differ: {codes}")
        if out.exists() != (written.returncode == 0):
            raise Failure("dump -o left a file behind, or none")
        if out.exists():
            if out.read_bytes() != lines.stdout:
                raise Failure("dump -o wrote something else than dump prints")
            out.unlink()
        return lines, self.dump_error(lines, document)

    @staticmethod
    def dump_error(lines, document):
        if lines.returncode == 0:
            return None
        last = lines.stdout.splitlines()[-1:]
        if last:
            error = json.loads(last[0]).get("error")
        else:
            error = json.loads(document.stdout).get("error")
        if error is None:
            raise Failure("a dump that failed looks complete")
        try:
            whole = "error" not in json.loads(document.stdout)
        except ValueError:
            whole = False
        if whole:
            raise Failure("a JSON dump that failed looks complete")
        return error

    def seed_dump(self, case, bucket):
        """What dump says of the sound seed."""
        key = (case.seed, bucket)
        if key not in self.seeds:
            path = patch.seed_file(case, self.testdata)
            with tempfile.TemporaryDirectory() as folder:
                file = pathlib.Path(folder) / "seed.db"
                file.write_bytes(seed_bytes(path))
                self.seeds[key] = self.run("dump", str(file),
                                           *(["--bucket", bucket] if bucket else []))
            if self.seeds[key].returncode != 0:
                raise Failure(f"the seed {case.seed} does not dump")
        return self.seeds[key].stdout

    def findings_of_seed(self, case):
        if case.seed not in self.seed_findings:
            with tempfile.TemporaryDirectory() as folder:
                file = pathlib.Path(folder) / "seed.db"
                file.write_bytes(seed_bytes(patch.seed_file(case, self.testdata)))
                seed = findings.report(self.run, str(file))
            if seed["error_count"] != 0:
                raise Failure(f"the seed {case.seed} is not sound: {seed['findings']}")
            self.seed_findings[case.seed] = seed["findings"]
        return self.seed_findings[case.seed]

    # ------------------------------------------------------------------------- expectations --

    def check_dump(self, case, expected, file):
        lines, error = self.dump(file, expected.get("bucket"))
        due = 0 if expected.get("same") else expected["exit"]
        if lines.returncode != due:
            raise Failure(f"dump: exit code {lines.returncode}, due {due}\n{lines.stderr.decode()}")
        if expected.get("same") and lines.stdout != self.seed_dump(case, expected.get("bucket")):
            raise Failure("dump: other records than those of the sound seed")
        for name in ("code", "page", "offset"):
            if name not in expected:
                continue
            got = error.get(name)
            if name != "code" and got is not None:
                got = int(got)
            if got != expected[name]:
                raise Failure(f"dump: {name} {got}, due {expected[name]}: {error}")

    def check_case(self, path):
        case = spec.Case(path)
        data = case.run(seed_bytes(patch.seed_file(case, self.testdata)))
        dumps = [e for e in case.expects if e["command"] == "dump"]
        if not dumps:
            raise Failure("the case expects nothing of dump")
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / f"{case.name}.db"
            file.write_bytes(data)
            self.survey(str(file), dumps[0].get("bucket"))
            for expected in dumps:
                self.check_dump(case, expected, str(file))
            findings.check_case(self.run, case, str(file), self.findings_of_seed(case))
            if file.read_bytes() != data:
                raise Failure("the input was written to")

    def check(self, path):
        try:
            self.check_case(path)
        except (Failure, findings.Mismatch, spec.SpecError, ValueError) as error:
            return f"{path.stem}: {error}"
        return None


def without_case(paths, testdata):
    """Checks of the catalogue that no case expects."""
    source = pathlib.Path(testdata).parent / "src/verify/checks.def"
    text = "".join(path.read_text() for path in paths)
    return [f"{check}: no case expects this check"
            for check, severity in findings.catalogue(source.read_text()).items()
            if f"expect verify {check} {severity}" not in text]


def main(program, testdata, *names):
    paths = sorted((patch.HERE / "cases").glob("*.case"))
    if names:
        paths = [path for path in paths if path.stem in names]
    runner = Runner(program, pathlib.Path(testdata))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        failures = [failure for failure in pool.map(runner.check, paths) if failure]
    if not names:
        failures += without_case(paths, testdata)
    for failure in failures:
        print(f"FAIL {failure}")
    print(f"{len(paths)} damaged files, {len(failures)} failures")
    return 1 if failures or not paths else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
