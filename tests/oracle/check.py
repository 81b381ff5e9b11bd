"""Holds verify to `bbolt check` on every damaged file of tests/damage.

    check.py SNAPSCOPE BBOLT SOURCE_DIR SCRATCH

bbolt gets a copy, a time-out and a bound on memory. Where it reports errors verify has to call the file
damaged or unreadable. Where it says OK of a file with an error in metas, trees or freelist, or dies,
the case has to stand in `check.expected` with that outcome: so that a fault that it sees and we do not
shows, and a release of bbolt that does better shows as well.

Outcomes: ok; errors; dies, by panic, memory fault, stack, or because it does not end. Files of the other
byte order are left out: to bbolt they are no database.
"""
import concurrent.futures
import json
import os
import pathlib
import resource
import subprocess
import sys

TIMEOUT = 15
MEMORY = 8 << 30
STRUCTURE = ("META-", "PAGE-", "ELEM-", "TREE-", "BUCKET-", "FREE-", "FILE-")


def outcome(bbolt, file):
    try:
        done = subprocess.run([bbolt, "check", str(file)], capture_output=True, timeout=TIMEOUT,
                              check=False, preexec_fn=lambda: resource.setrlimit(
                                  resource.RLIMIT_AS, (MEMORY, MEMORY)))
    except subprocess.TimeoutExpired:
        return "dies"
    text = (done.stdout + done.stderr).decode(errors="replace")
    if "goroutine " in text or done.returncode < 0:
        return "dies"
    if done.returncode == 0:
        return "ok"
    return "errors"


def verify(program, file):
    done = subprocess.run([program, "verify", "--json", str(file)], capture_output=True, check=False)
    return json.loads(done.stdout)


def compare(program, bbolt, path, folder, source):
    case = spec.Case(path)
    data = case.run(patch.read_seed(patch.seed_file(case, source / "testdata")))
    file = folder / f"{case.name}.db"
    file.write_bytes(data)
    ours = verify(program, file)
    theirs = outcome(bbolt, file)
    file.unlink()
    errors = [f["id"] for f in ours["findings"] if f["severity"] == "error"]
    found = any(e.startswith(STRUCTURE) for e in errors)
    return case.name, theirs, ours["verdict"], found


def main(program, bbolt, source, scratch):
    source, folder = pathlib.Path(source), pathlib.Path(scratch)
    expected = dict(line.split()[:2] for line in
                    (source / "tests/oracle/check.expected").read_text().splitlines()
                    if line and not line.startswith("#"))
    paths = [path for path in sorted((source / "tests/damage/cases").glob("*.case"))
             if not spec.Case(path).seed.endswith("-be")]
    counts, failures, seen = {}, [], set()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(compare, program, bbolt, path, folder, source) for path in paths]
    for job in jobs:
        name, theirs, verdict, found = job.result()
        counts[theirs] = counts.get(theirs, 0) + 1
        if theirs == "errors" and not (found and verdict in ("damaged", "unreadable")):
            failures.append(f"{name}: bbolt check reports errors, verify says {verdict}")
        if theirs == "errors" and expected.get(name) == "dies":
            seen.add(name)  # it reports, then dies in another goroutine: the program may end before
        notable = theirs == "dies" or (theirs == "ok" and found)
        if notable:
            seen.add(name)
            if expected.get(name) != theirs:
                failures.append(f"{name}: bbolt check: {theirs}, recorded: {expected.get(name)}")
    failures += [f"{name}: recorded as {expected[name]}, which it no longer is"
                 for name in expected if name not in seen]
    for failure in failures:
        print(f"FAIL {failure}")
    print(f"{len(paths)} damaged files; bbolt check: "
          + ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
          + f"; {len(failures)} failures")
    return 1 if failures or not paths else 0


sys.path.insert(0, str(pathlib.Path(sys.argv[3]) / "tests/damage"))
import patch  # noqa: E402  (lies beside the cases)
import spec   # noqa: E402

if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
