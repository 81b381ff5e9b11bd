"""Holds the exit codes of every command to one rule, over every damaged file (docs/commands.md).

    codes.py SNAPSCOPE TESTDATA [CASE...]

0  the whole answer: a document that says so, without an error, a fault or anything skipped
1  "not there" (get, history, dump and keys of a bucket that is nowhere), a hash that does not fit
   (status), "different" (diff), "damaged" (verify); never of a file whose trees kept it from being found
3  refused, or damage was met, whatever was printed

What one reader of a bucket's tree calls damage, all readers of that tree call damage: keys, buckets and
pages as well.
"""
import concurrent.futures
import json
import os
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import bolt
import patch
import program
import run
import spec

KEY = "no-such-key"
# Faults of a page, an element or a tree, which every reader of it meets. Those of the records do not show
# to who reads keys and values as bytes.
STRUCTURE = {"page-range", "page-overflow", "page-id", "page-type", "page-count", "element-pos",
             "element-size", "element-flags", "key-order", "key-duplicate", "key-bounds", "cycle",
             "depth", "bucket"}
# Command: the buckets whose trees it reads. What takes a file and stands in neither table reads it like a stranger.
READERS = {
    ("dump",): ["key"],
    ("dump", "--revisions"): ["key"],
    ("dump", "--format", "etcdctl"): ["key"],
    ("dump", "--format", "tar"): ["key"],
    ("dump", "--all-buckets"): [],
    ("hashkv",): ["key"],
    ("get",): ["key"],
    ("history",): ["key"],
    ("history", "--prefix"): ["key"],
    ("members",): ["members", "members_removed"],
    ("leases",): ["lease"],
    ("alarms",): ["alarm"],
    ("auth",): ["auth", "authRoles", "authUsers"],
    ("meta",): ["meta", "cluster"],
    ("status",): [],
    ("buckets",): [],
    ("pages",): [],
}
ELSEWHERE = {"keys", "page", "diff", "info", "verify"}  # in forms of their own below, or held to the cases by run.py
BUCKETS_MAX = 12  # of a file, listed one by one: all that etcd has
NO_DOCUMENT = ("etcdctl", "tar")  # formats that --json does not go with
ABSENT = {"dump", "keys", "get", "history", "page"}  # may say "not there"


def tail(words):
    return [KEY] if words[0] in ("get", "history") else []


def add_readers(path):
    """Every command that only reads and is in no table."""
    known = ELSEWHERE | {words[0] for words in READERS}
    for command in program.commands(path):
        if command["name"] in known or not program.reads_only(command):
            continue
        if command["args"] != "FILE":
            sys.exit(f"codes.py: no row for {command['name']}, which takes more than a file")
        READERS[(command["name"],)] = []


class Answer:
    """One command's run: its exit code, and what its document says."""

    def __init__(self, runner, words, file, *args):
        self.words = " ".join((*words, *args))
        self.command = words[0]
        flags = [] if any(w in NO_DOCUMENT for w in words) else ["--json"]
        done = runner.run(*words, *flags, file, *args)
        self.code, self.err = done.returncode, done.stderr.decode(errors="replace")
        self.doc = None
        if flags:
            try:
                self.doc = json.loads(done.stdout)
            except ValueError:
                if self.code == 0:
                    raise run.Failure(f"{self.words}: exit 0 and no whole document") from None

    def faults(self):
        """Every fault that the document names, the error that ended it among them."""
        if self.doc is None:
            return []
        return self.doc.get("faults", []) + ([self.doc["error"]] if "error" in self.doc else [])

    def structural(self, bucket=None):
        """Whether it met damage in a tree, that of one bucket or any."""
        return self.code == 3 and any(f["code"] in STRUCTURE and
                                      bucket in (None, f.get("bucket", ""))
                                      for f in self.faults())

    def check(self):
        if self.code not in (0, 1, 3):
            raise run.Failure(f"{self.words}: exit {self.code}\n{self.err}")
        if self.doc is not None:
            self.check_document()
        if self.code == 1 and self.command not in ABSENT | {"status", "diff"}:
            raise run.Failure(f"{self.words}: exit 1, which this command has no use for\n{self.err}")

    def check_document(self):
        faults = [f for f in self.faults() if f["code"] != "not-found"]
        partial = faults or self.doc.get("complete") is False or self.doc.get("skipped")
        if self.code == 0 and partial:
            raise run.Failure(f"{self.words}: exit 0 of a partial answer\n{self.err}")
        if self.code == 1 and faults:
            raise run.Failure(f"{self.words}: exit 1 of damage\n{self.err}")
        if self.code == 3 and not partial and self.command not in ("page", "diff"):
            if not (self.command == "history" and self.doc.get("missing_count", 0) > 0):
                raise run.Failure(f"{self.words}: exit 3 of a whole answer\n{self.err}")


def top_level(seed):
    """The names of the seed's top-level buckets, as the command line takes them."""
    file = bolt.File(seed)
    names = (element.key for element in file.entries(file.root_page()))
    return ["".join(f"%{byte:02X}" for byte in name) for name in names][:BUCKETS_MAX]


def unescaped(name):
    return bytes.fromhex(name.replace("%", "")).decode(errors="replace")


def answers_of(runner, file, buckets):
    got = {words: Answer(runner, words, file, *tail(words)) for words in READERS}
    for name in buckets:
        got["keys", name] = Answer(runner, ("keys",), file, name)
    for name in buckets[:1]:
        got["dump"] = Answer(runner, ("dump", "--bucket", name), file)
    got["keys"] = Answer(runner, ("keys",), file)
    got["diff"] = Answer(runner, ("diff", "--buckets", file), file)
    for page in "012":
        got["page", page] = Answer(runner, ("page",), file, page)
    return got


def check_agreement(got, buckets):
    """What one reader of a tree calls damage, the others do not pass over."""
    for words in READERS:
        if words == ("pages",) or not got[words].structural():
            continue  # pages alone reads the freelist
        for other in (("buckets",), ("pages",)):
            if got[other].code != 3:
                raise run.Failure(f"{' '.join(words)} says 3, {other[0]} {got[other].code}")
    for name in buckets:
        readers = [got["keys", name]]
        readers += [got[words] for words, names in READERS.items() if names == [unescaped(name)]]
        damaged = [r for r in readers if r.structural(unescaped(name))]
        if not damaged:
            continue
        for other in (got["keys", name], got[("buckets",)], got[("pages",)]):
            if other.code != 3:
                raise run.Failure(f"{damaged[0].words} says 3, {other.words} {other.code}")


def check_data(runner, data, buckets):
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "damaged.db"
        file.write_bytes(data)
        got = answers_of(runner, str(file), buckets)
        if file.read_bytes() != data:
            raise run.Failure("the input was written to")
    for answer in got.values():
        answer.check()
    check_agreement(got, buckets)


def check(runner, path):
    try:
        case = spec.Case(path)
        seed = run.seed_bytes(patch.seed_file(case, runner.testdata))
        check_data(runner, case.run(seed), top_level(seed))
    except (run.Failure, spec.SpecError) as error:
        return f"{path.stem}: {error}"
    return None


def main(path, testdata, *names):
    add_readers(path)
    paths = sorted((patch.HERE / "cases").glob("*.case"))
    if names:
        paths = [path for path in paths if path.stem in names]
    runner = run.Runner(path, pathlib.Path(testdata))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        failures = [f for f in pool.map(lambda path: check(runner, path), paths) if f]
    for failure in failures:
        print(f"FAIL {failure}")
    print(f"{len(paths)} damaged files, {len(failures)} failures")
    return 1 if failures or not paths else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
