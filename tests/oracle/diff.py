"""Compares `snapscope diff` with the answers of real etcd servers that both files were restored into.

    diff.py ORACLES SNAPSCOPE TESTDATA WORK FILES COPIES PAIR...

FILES and COPIES hold NAME/snapshot.db of every fixture, for us and for etcd. A PAIR is
A[@REVISION]:B[@REVISION]. Each server, of its fixture's own release, is asked for all keys at every revision that a pair names; which
keys were added, removed and modified is then worked out here, from those answers alone.
"""

import json
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))

from records import Mismatch, _bytes, lease_of, of_etcdctl  # noqa: E402
from server import Server  # noqa: E402

REVISIONS = ("create_revision", "mod_revision", "version")


def side(text):
    name, _, revision = text.partition("@")
    return name, int(revision or 0)


def answers(oracles, testdata, copies, work, wanted):
    """{(name, revision): {key: record}} from real servers."""
    found = {}
    for name in sorted({name for name, _ in wanted}):
        provenance = json.loads((testdata / name / "provenance.json").read_text())
        programs = oracles / ("etcd" + provenance["etcd_line"].replace(".", ""))
        with Server(programs, copies / name / "snapshot.db", work, not provenance["trailing_sha256"],
                    provenance.get("auth_enabled", False)) as server:
            for revision in sorted(rev for one, rev in wanted if one == name):
                at = ["--rev", str(revision)] if revision else []
                records = of_etcdctl(server.etcdctl("get", "", "--prefix", *at, "-w", "json"))
                found[name, revision] = {record[0]: record for record in records}
        shutil.rmtree(work / "data")
    return found


def due(a, b):
    """The changes between two states, in order of the keys."""
    changes = []
    for key in sorted(a.keys() | b.keys()):
        old, new = a.get(key), b.get(key)
        if old == new:
            continue
        differs = []
        if old and new:
            differs = [name for name, parts in (("value", [5]), ("lease", [4]), ("revision", [1, 2, 3]))
                       if any(old[part] != new[part] for part in parts)]
        changes.append((key, differs, old, new))
    return changes


def record_of(key, got):
    if got is None:
        return None
    value = _bytes(got, "value")
    if list(got) != [*REVISIONS, "lease"]:
        raise Mismatch(f"members {list(got)}")
    return (key, *(got[name] for name in REVISIONS), lease_of(got), value)


def of_line(text):
    line = json.loads(text)
    key, change = _bytes(line, "key"), line.pop("change")
    old, new = record_of(key, line.pop("a", None)), record_of(key, line.pop("b", None))
    if change != ("modified" if old and new else "removed" if old else "added"):
        raise Mismatch(f"a key that is {change}: {text[:300]!r}")
    differs = line.pop("differs") if change == "modified" else []
    if line:
        raise Mismatch(f"members {sorted(line)} in {text[:300]!r}")
    return key, differs, old, new


def ask_ours(snapscope, files, a, b, *options):
    revisions = [f"--rev-{letter}={revision}" for letter, (_, revision) in (("a", a), ("b", b)) if revision]
    done = subprocess.run([snapscope, "diff", *revisions, *options, *(files / name / "snapshot.db"
                                                                      for name, _ in (a, b))],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if done.returncode not in (0, 1) or done.stderr:
        raise Mismatch(f"diff ended with {done.returncode}: {done.stderr.decode(errors='replace')[:600]}")
    return done.returncode, done.stdout


def compare(snapscope, files, a, b, found):
    truth = due(found[a], found[b])
    code, lines = ask_ours(snapscope, files, a, b, "--format=ndjson", "--values")
    ours = [of_line(line) for line in lines.splitlines()]
    for number, (our, their) in enumerate(zip(ours, truth)):
        if our != their:
            raise Mismatch(f"change {number} differs\n  ours   {our!r:.600}\n  theirs {their!r:.600}")
    if len(ours) != len(truth) or code != (1 if truth else 0):
        raise Mismatch(f"{len(ours)} changes and exit code {code}, etcd has {len(truth)}")
    values = {key for key, _, old, new in truth if not (old and new) or old[5] != new[5] or old[4] != new[4]}
    _, lines = ask_ours(snapscope, files, a, b, "--format=ndjson", "--values-only", "--values")
    if {of_line(line)[0] for line in lines.splitlines()} != values:
        raise Mismatch("--values-only gives other keys")
    return truth


def main():
    oracles, snapscope, testdata, work, files, copies = map(pathlib.Path, sys.argv[1:7])
    pairs = [tuple(map(side, text.split(":"))) for text in sys.argv[7:]]
    found = answers(oracles, testdata, copies, work, {one for pair in pairs for one in pair})
    failed = 0
    for text, (a, b) in zip(sys.argv[7:], pairs):
        try:
            truth = compare(snapscope, files, a, b, found)
        except Mismatch as mismatch:
            print(f"{text}: {mismatch}", file=sys.stderr)
            failed = 1
            continue
        counts = [sum(1 for _, _, old, new in truth if test(old, new))
                  for test in (lambda o, n: not o, lambda o, n: not n, lambda o, n: o and n)]
        print(f"{text}: {len(found[a])} and {len(found[b])} keys, "
              "{} added, {} removed, {} modified".format(*counts))
    return failed


if __name__ == "__main__":
    sys.exit(main())
