"""Compares `snapscope dump` with the answers recorded beside one fixture.

    recorded.py SNAPSCOPE FOLDER FILE

FOLDER is testdata/NAME, FILE its unpacked snapshot. Prints what was compared and how many records;
exit 1 with the first difference.
"""

import json
import pathlib
import re
import sys

from records import (Mismatch, ask, of_etcdctl, of_snapscope, revisions_of_entries,
                     revisions_of_snapscope, same, same_document, state_at, unpacked, without_ids)


def compare(snapscope, folder, file):
    oracle = folder / "oracle"
    answers = sorted({path.name.removesuffix(".zst") for path in oracle.glob("get*.json*")})
    if "get.json" not in answers:
        raise Mismatch(f"no recorded answer in {oracle}")
    for answer in answers:
        revision = re.fullmatch(r"get(?:-rev-(\d+))?\.json", answer)[1]
        args = ["--rev", revision] if revision else []
        document = unpacked(oracle / answer)
        theirs = of_etcdctl(document)
        count = same(answer, of_snapscope(ask(snapscope, "dump", *args, file)), theirs)
        keys = [record[:5] + (len(record[5]),) for record in theirs]
        same(answer + " --keys-only",
             of_snapscope(ask(snapscope, "dump", "--keys-only", *args, file), keys_only=True), keys)
        ours = ask(snapscope, "dump", "--format", "etcdctl", *args, file)
        length = same_document(answer + " --format etcdctl", without_ids(ours), without_ids(document))
        print(f"dump {' '.join(args)}: {count} records as in {answer}, {length} bytes as etcdctl's")

    entries = revisions_of_entries(unpacked(oracle / "entries.ndjson"))
    count = same("--revisions", revisions_of_snapscope(ask(snapscope, "dump", "--revisions", file)), entries)
    print(f"dump --revisions: {count} revisions as in entries.ndjson")
    states_from_entries(snapscope, file, oracle, entries)


def states_from_entries(snapscope, file, oracle, entries):
    """Every retained revision's state, as far as the recorded ones leave out: a spread of eight."""
    last = entries[-1][2] if entries else 1
    latest = of_etcdctl(unpacked(oracle / "get.json"))
    same("the entries' own state", state_at(entries, last), latest)
    first = retained_from(oracle)
    revisions = sorted({first + (last - first) * step // 7 for step in range(8)})
    total = 0
    for revision in revisions:
        total += same(f"--rev {revision}",
                      of_snapscope(ask(snapscope, "dump", "--rev", str(revision), file)),
                      state_at(entries, revision))
    print(f"dump --rev at {len(revisions)} revisions from {first} to {last}: {total} records as in entries.ndjson")


def retained_from(oracle):
    """The compacted revision that the file's `meta` bucket holds, at least 1."""
    revision = 1
    for line in unpacked(oracle / "entries.ndjson").splitlines():
        entry = json.loads(line)
        if entry["path"] == [b"meta".hex()] and "key" in entry:
            name = bytes.fromhex(entry["key"])
            if name in (b"finishedCompactRev", b"scheduledCompactRev"):
                revision = max(revision, int.from_bytes(bytes.fromhex(entry["value"])[:8], "big"))
    return revision


def main():
    snapscope, folder, file = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
    try:
        compare(snapscope, folder, file)
    except Mismatch as mismatch:
        print(f"{folder.name}: {mismatch}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
