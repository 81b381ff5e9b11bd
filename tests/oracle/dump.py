"""Compares `snapscope dump` of one snapshot with what a real etcd answers that was restored from it,
record by record and, with --format etcdctl, byte by byte but for the header's ids and term.

    dump.py ORACLES SNAPSCOPE PROVENANCE FILE COPY WORK

The etcd is of the fixture's own release. Prints each comparison and its count; exit 1 with the first difference.
"""

import json
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))

from records import (Mismatch, ask, of_etcdctl, of_snapscope, refusal, same, same_document,  # noqa: E402
                     without_ids)
from server import Server  # noqa: E402


class Comparison:
    """One running server and the file that it was restored from."""

    def __init__(self, server, snapscope, file):
        self.server, self.snapscope, self.file = server, snapscope, file

    def same(self, what, etcdctl_args, ours_args):
        """Compares one question; prints it; returns the records."""
        document = self.server.etcdctl("get", *etcdctl_args, "-w", "json")
        theirs = of_etcdctl(document)
        ours = of_snapscope(ask(self.snapscope, "dump", *ours_args, self.file))
        count = same(what, ours, theirs)
        ours = ask(self.snapscope, "dump", "--format", "etcdctl", *ours_args, self.file)
        length = same_document(what, without_ids(ours), without_ids(document))
        print(f"{what}: {count} records, {length} bytes as etcdctl prints them")
        return theirs

    def refused(self, revision, etcds, ours):
        """Both refuse a revision, each in its words; ours with exit code 1."""
        code, _, error = self.server.ask("get", "", "--prefix", "--rev", str(revision))
        if code == 0 or etcds not in error:
            raise Mismatch(f"etcd at revision {revision}: exit {code}, {error}")
        code, error = refusal(self.snapscope, "dump", "--rev", str(revision), self.file)
        if code != 1 or ours not in error:
            raise Mismatch(f"dump at revision {revision}: exit {code}, {error}")
        print(f"revision {revision}: refused by both")

    def ranges(self, records, rev):
        """Prefix, range and from-key, by keys that a command line can hold."""
        keys = [os.fsdecode(record[0]) for record in records
                if b"\0" not in record[0] and 0 < len(record[0]) < 1000 and not record[0].startswith(b"-")]
        if len(keys) < 3:
            return
        low, middle, high = keys[len(keys) // 4], keys[len(keys) // 2], keys[3 * len(keys) // 4]
        prefix = os.fsdecode(os.fsencode(middle)[:(len(os.fsencode(middle)) + 1) // 2])
        at = " ".join(rev)
        self.same(f"prefix {prefix!r} {at}", [prefix, "--prefix", *rev], ["--prefix", prefix, *rev])
        self.same(f"range [{low!r}, {high!r}) {at}", [low, high, *rev], ["--from", low, "--to", high, *rev])
        self.same(f"from {high!r} {at}", [high, "--from-key", *rev], ["--from", high, *rev])


def questions(comparison, provenance):
    latest = comparison.same("all keys", ["", "--prefix"], [])
    comparison.ranges(latest, [])
    revision, compacted = provenance["revision"], provenance.get("compact_revision", 0)
    older = {rev for rev in provenance.get("sample_revisions", []) if rev < revision}
    if revision > max(compacted, 1):
        older |= {max(compacted, 1), (max(compacted, 1) + revision) // 2, revision - 1}
    for rev in sorted(older):
        at = ["--rev", str(rev)]
        records = comparison.same(f"all keys --rev {rev}", ["", "--prefix", *at], at)
        if rev == min(older):
            comparison.ranges(records, at)
    if compacted > 1:
        comparison.refused(compacted - 1, "has been compacted", f"compacted at {compacted}")
    comparison.refused(revision + 1, "is a future revision", f"ends at {revision}")


def main():
    oracles, snapscope, provenance, file, copy, work = sys.argv[1:]
    provenance = json.loads(pathlib.Path(provenance).read_text())
    if provenance["name"] == "etcd36-bump":
        # The compaction was only scheduled, by --mark-compacted; the server takes it as done.
        provenance["compact_revision"] = provenance["revision"]
    programs = pathlib.Path(oracles) / ("etcd" + provenance["etcd_line"].replace(".", ""))
    with Server(programs, copy, work, not provenance["trailing_sha256"],
                provenance.get("auth_enabled", False)) as server:
        try:
            questions(Comparison(server, snapscope, file), provenance)
        except Mismatch as mismatch:
            print(f"{provenance['name']}: {mismatch}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
