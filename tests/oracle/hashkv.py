"""Compares `snapscope hashkv` of one snapshot with `etcdutl hashkv` and with a live member.

    hashkv.py ORACLES SNAPSCOPE PROVENANCE FILE WORK

etcdutl is that of 3.7 (3.6's panics on leases), the member is of the fixture's own release and booted from
a restore. Prints each comparison; exit 1 with the first difference.
"""

import json
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))

from records import Mismatch, ask  # noqa: E402
from server import OracleError, Server, run  # noqa: E402

FORMATS = ("simple", "json", "table", "fields")
ASCII = str.maketrans("┌┬┐├┼┤└┴┘─│", "+++++++++-|")


class Subject:
    """One file and where its copies go."""

    def __init__(self, oracles, snapscope, provenance, file, work):
        self.oracles, self.snapscope, self.file = pathlib.Path(oracles), snapscope, file
        self.provenance = provenance
        self.work = pathlib.Path(work)

    def copy(self):
        target = self.work / "copy.db"
        self.work.mkdir(exist_ok=True)
        # The bytes by a pipe: the access time of what is watched must stay.
        target.write_bytes(subprocess.run(["zstd", "-q", "-d", "-c", self.packed()], check=True,
                                          stdout=subprocess.PIPE).stdout)
        return target

    def packed(self):
        return self.provenance["folder"] / self.provenance["file"]

    def ours(self, revision, form="json"):
        return ask(self.snapscope, "hashkv", "-w", form, "--rev", str(revision), self.file)

    def etcdutl(self, revision, form="json"):
        return run(self.oracles / "etcd37" / "etcdutl", "hashkv", self.copy(), "--rev", str(revision), "-w", form)


def revisions(provenance):
    """0 for the latest, the compacted one, the samples, and a spread."""
    last, first = provenance["revision"], max(provenance["compact_revision"], 1)
    spread = {first + (last - first) * step // 5 for step in range(6)}
    return [0] + sorted(spread | {rev for rev in provenance.get("sample_revisions", []) if rev >= first})


def against_etcdutl(subject, revs):
    for revision in revs:
        code, theirs, error = subject.etcdutl(revision)
        if code != 0:
            raise OracleError(f"etcdutl hashkv --rev {revision} ended with {code}: {error}")
        if theirs != subject.ours(revision):
            raise Mismatch(f"etcdutl hashkv --rev {revision}: {theirs!r}, ours {subject.ours(revision)!r}")
    for form in FORMATS:
        theirs = subject.etcdutl(0, form)[1].decode().translate(ASCII)
        ours = subject.ours(0, form).decode()
        if ours != theirs:
            raise Mismatch(f"etcdutl hashkv -w {form}:\n{theirs}ours:\n{ours}")
    print(f"etcdutl 3.7: the same at {len(revs)} revisions: {' '.join(map(str, revs))}; in {len(FORMATS)} formats")


def refused_by_both(subject, revision, reason):
    code, _, error = subject.etcdutl(revision)
    if code == 0 or reason not in error:
        raise Mismatch(f"etcdutl hashkv --rev {revision}: exit {code}, {error}")
    done = subprocess.run([subject.snapscope, "hashkv", "--rev", str(revision), subject.file],
                          stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode != 1 or done.stdout or str(revision).encode() not in done.stderr:
        raise Mismatch(f"hashkv --rev {revision}: exit {done.returncode}, {done.stderr!r}")
    print(f"revision {revision}: refused by both")


def against_member(subject, revs):
    line, compacted = subject.provenance["etcd_line"], subject.provenance["compact_revision"]
    compared = []
    with Server(subject.oracles / ("etcd" + line.replace(".", "")), subject.copy(), subject.work,
                not subject.provenance["trailing_sha256"],
                subject.provenance.get("auth_enabled", False)) as server:
        for revision in revs:
            code, out, error = server.ask("endpoint", "hashkv", "--rev", str(revision), "-w", "json")
            if line == "3.4" and compacted > 0 and revision == compacted:
                if code == 0 or "has been compacted" not in error:
                    raise Mismatch(f"3.4 answers at the compacted revision: {out!r} {error}")
                continue
            if code != 0:
                raise OracleError(f"endpoint hashkv --rev {revision} ended with {code}: {error}")
            theirs = json.loads(out)[0]["HashKV"]
            ours = json.loads(subject.ours(revision))
            if (theirs["hash"], theirs["compact_revision"]) != (ours["hash"], ours["compactRevision"]) or \
                    theirs.get("hash_revision", ours["hashRevision"]) != ours["hashRevision"]:
                raise Mismatch(f"endpoint hashkv --rev {revision}: {theirs}, ours {ours}")
            compared.append(revision)
    print(f"live etcd {line}: the same at {len(compared)} revisions: {' '.join(map(str, compared))}")


def main():
    oracles, snapscope, path, file, work = sys.argv[1:]
    provenance = json.loads(pathlib.Path(path).read_text())
    provenance["folder"] = pathlib.Path(path).parent
    provenance.setdefault("compact_revision", 0)
    if provenance["name"] == "etcd36-bump":
        # The compaction was only scheduled, by --mark-compacted; the server takes it as done.
        provenance["compact_revision"] = provenance["revision"]
    subject = Subject(oracles, snapscope, provenance, file, work)
    revs = revisions(provenance)
    try:
        against_etcdutl(subject, revs)
        if provenance["compact_revision"] > 1:
            refused_by_both(subject, provenance["compact_revision"] - 1, "has been compacted")
        refused_by_both(subject, provenance["revision"] + 1, "is a future revision")
        against_member(subject, revs)
    except Mismatch as mismatch:
        print(f"{provenance['name']}: {mismatch}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
