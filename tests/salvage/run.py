"""Salvages every damaged file of tests/damage/cases, and holds what comes of it to the bytes.

    run.py SNAPSCOPE TESTDATA [CASE...]

Of each case, and of each sound seed:
  - the exit code is the outcome's, the output is there or not as it says, the input is as it was
  - verify finds no error in the output
  - every record of the sound seed that stands whole in the damaged bytes (search.py) is in the output
  - every record of the output stands whole in the damaged bytes: nothing is made up
  - salvage of the output is sound, and changes none of its records; of a sound file likewise
  - with --include-freed every record that stands whole in the bytes is in the output, or another of its revision
  - a dry run says the same and writes nothing
"""
import concurrent.futures
import functools
import json
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "damage"), str(HERE)]

import patch  # noqa: E402
import search  # noqa: E402
import spec  # noqa: E402

TIMEOUT = 60
OUTCOMES = {0: "sound", 1: "damaged", 3: "nothing"}

BUCKETS = ("alarm", "auth", "authRoles", "authUsers", "cluster", "key", "lease", "members", "members_removed", "meta")


# A sound tree that does not name what the seed's does: the rest is deleted data, for --include-freed.
FREED = {"empty-tree", "root-is-other-leaf"}
# What the file really says, and what is an error of verify all the same: no revision is made another.
KEPT = {"revision-end": "REV-006"}
# Bytes are missing all over the file, so that pages stand at no page's place: found only as far as they do.
SHIFTED = {"text-mode-removed"}
# Records that etcd takes, and does not write so: the search does not know their form.
LOOSE = {"tombstone-with-more", "value-cut-at-field"}


class Failure(Exception):
    pass


@functools.lru_cache(maxsize=None)
def seed_of(path):
    return patch.read_seed(path)


def run(program, *args):
    done = subprocess.run([program, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=TIMEOUT, check=False)
    if done.returncode not in (0, 1, 3) or b"Sanitizer" in done.stderr or b"runtime error" in done.stderr:
        raise Failure(f"{' '.join(args)}: {done.returncode}\n{done.stderr.decode(errors='replace')[-2000:]}")
    return done


def dumped(program, file):
    """The records of a file, as dump has them: lines by revision; None when it has no `key`."""
    done = run(program, "dump", "--revisions", file)
    if done.returncode != 0:
        return None
    return done.stdout


def revisions(program, file):
    return {(r["mod_revision"], r.get("sub", 0), r.get("tombstone", False))
            for r in map(json.loads, (dumped(program, file) or b"").splitlines())}


def by_walk(data):
    """(revisions → message) of `key` of a sound file, by the tests' own reader."""
    import bolt
    file = bolt.File(data)
    try:
        root = file.bucket_root([b"key"])
    except bolt.BoltError:
        return {}
    found = {}
    for entry in file.entries(root):
        if len(entry.key) not in (17, 18) or entry.key[8:9] != b"_":
            continue
        main, sub = int.from_bytes(entry.key[:8], "big"), int.from_bytes(entry.key[9:17], "big")
        value = bytes(file.data[entry.value_off:entry.value_off + entry.field("vsize").get()])
        found[main, sub, len(entry.key) == 18] = value
    return found


def salvage(program, file, out, *options):
    done = run(program, "salvage", "--json", "--force", *options, file, "-o", str(out))
    document = json.loads(done.stdout)
    if document["outcome"] != OUTCOMES[done.returncode]:
        raise Failure(f"exit code {done.returncode}, outcome {document['outcome']}")
    if out.exists() == (done.returncode == 3):
        raise Failure(f"exit code {done.returncode}, and an output: {out.exists()}")
    return document


def check_sound(program, name, out):
    report = json.loads(run(program, "verify", "--json", str(out)).stdout)
    errors = [f"{f['id']} {f['detail']}" for f in report["findings"] if f["severity"] == "error" and f["id"] != KEPT.get(name)]
    if errors:
        raise Failure(f"the output is not sound: {errors[:5]}")


def check_again(program, name, out, folder):
    again = folder / "again.db"
    document = salvage(program, str(out), again)
    if document["outcome"] != "sound" and name not in KEPT:
        raise Failure(f"its own output is {document['outcome']} to it")
    for bucket in BUCKETS:
        first, second = (run(program, "dump", "--bucket", bucket, str(f)) for f in (out, again))
        if (first.returncode, first.stdout) != (second.returncode, second.stdout):
            raise Failure(f"salvage of its own output changes {bucket}")
    if dumped(program, str(out)) != dumped(program, str(again)):
        raise Failure("salvage of its own output changes records")


def check_records(name, data, seed, out_data):
    whole = search.records(data)
    given = by_walk(out_data)
    truth = by_walk(seed)
    for (main, sub, tombstone), value in truth.items():
        if (main, sub, tombstone, value) not in whole or given.get((main, sub, tombstone)) == value:
            continue
        # The tree has another record of that revision, whole as well: told as a conflict, if it was met at all.
        if name not in FREED and not any(key in given for key in ((main, sub, False), (main, sub, True))):
            raise Failure(f"revision {main}/{sub} stands whole in the file and is not in the output")
    for (main, sub, tombstone), value in given.items():
        if value and name not in LOOSE and (main, sub, tombstone, value) not in whole:
            raise Failure(f"revision {main}/{sub} of the output stands nowhere in the file")
    return whole, given


def check_freed(program, file, folder, whole):
    out = folder / "freed.db"
    document = salvage(program, file, out, "--include-freed")
    if document["outcome"] == "nothing":
        if whole:
            raise Failure("--include-freed saves nothing, and there are records")
        return
    given = by_walk(out.read_bytes())
    has = {key[:2] for key in given}
    missing = sorted(key for key in whole if key[:2] not in has)
    if missing and document.get("records"):
        raise Failure(f"--include-freed leaves {len(missing)} behind, revision {missing[0][0]} first")


def check_file(program, name, data, seed):
    with tempfile.TemporaryDirectory() as work:
        folder = pathlib.Path(work)
        file, out = folder / "in.db", folder / "out.db"
        file.write_bytes(data)
        document = salvage(program, str(file), out)
        dry = json.loads(run(program, "salvage", "--json", "--dry-run", str(file)).stdout)
        if dry["outcome"] != document["outcome"] or dry.get("records") != document.get("records"):
            raise Failure("a dry run says something else")
        if file.read_bytes() != data:
            raise Failure("the input was written to")
        whole = search.records(data)
        if document["outcome"] == "nothing":
            truth = {(*key, value) for key, value in by_walk(seed).items()}
            if truth & whole:
                raise Failure("nothing was saved, and there are records")
            return document
        check_sound(program, name, out)
        check_again(program, name, out, folder)
        check_records(name, data, seed, out.read_bytes())
        if document["outcome"] == "sound" and dumped(program, str(file)) != dumped(program, str(out)):
            raise Failure("a sound file comes out with other records")
        if name not in SHIFTED:
            check_freed(program, str(file), folder, whole)
        return document


def check(program, testdata, path):
    case = spec.Case(path)
    seed = seed_of(patch.seed_file(case, testdata))
    try:
        check_file(program, case.name, case.run(seed), seed)
    except (Failure, ValueError, KeyError, subprocess.TimeoutExpired) as error:
        return f"{case.name}: {type(error).__name__}: {error}"
    return None


def check_seed(program, path):
    data = patch.read_seed(path)
    try:
        document = check_file(program, path.parent.name, data, data)
        if document["outcome"] != "sound":
            raise Failure(f"a sound file is {document['outcome']}")
    except (Failure, ValueError, KeyError, subprocess.TimeoutExpired) as error:
        return f"{path.name}: {type(error).__name__}: {error}"
    return None


def main(program, testdata, *names):
    testdata = pathlib.Path(testdata)
    paths = sorted((HERE.parent / "damage/cases").glob("*.case"))
    seeds = sorted(path for folder in testdata.iterdir() if folder.is_dir() and folder.name not in ("field", "inputs") for path in folder.glob("*.db.zst"))
    if names:
        paths = [path for path in paths if path.stem in names]
        seeds = [path for path in seeds if path.parent.name in names]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        failures = list(pool.map(lambda path: check(program, testdata, path), paths))
        failures += pool.map(lambda path: check_seed(program, path), seeds)
    failures = [failure for failure in failures if failure]
    for failure in failures:
        print(f"FAIL {failure}")
    print(f"{len(paths)} damaged and {len(seeds)} sound files, {len(failures)} failures")
    return 1 if failures or not paths + seeds else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
