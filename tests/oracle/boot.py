"""Holds `snapscope info` to real servers: which release serves, once it was restored from a file?

    boot.py ORACLES SNAPSCOPE HISTORIES WORK

HISTORIES is a folder with the unpacked fixtures etcd34-history.db to etcd37-history.db. Each is restored by each
release's own tool and booted; so are copies in which another version was written over the one in `meta` or
`cluster`, byte for byte as long, a snapshot taken after `downgrade enable`, one with a role that is no UTF-8, copies
with a transaction id or a revision near its end, and what restore makes of those. Serving is: it starts, takes a
put, and has it in its next snapshot. Prints a line a boot; exit 1 with the first difference.
"""

import json
import pathlib
import shutil
import struct
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "damage"))

from bolt import fnv1a_64  # noqa: E402
from server import OracleError, Server, run  # noqa: E402

LINES = ["3.4", "3.5", "3.6", "3.7"]

# Fixture's line, what is written over what, and the releases to ask.
PATCHED = [
    ("3.7", "storageVersion3.7.0", "storageVersion3.6.0", ["3.6", "3.7"]),
    ("3.7", "clusterVersion3.7.0", "clusterVersion3.6.0", ["3.6"]),
    ("3.6", "storageVersion3.6.0", "storageVersion3.8.0", ["3.5", "3.7"]),
    ("3.6", "storageVersion3.6.0", "storageVersion4.6.0", ["3.6"]),
    ("3.6", "storageVersion3.6.0", "storageVersion3.4.0", ["3.7"]),
    ("3.6", "storageVersion3.6.0", "storageVersion3.5.0", ["3.6"]),
    ("3.6", "storageVersion3.6.0", "storageVersion3x6.0", ["3.6"]),
    ("3.6", "clusterVersion3.6.0", "clusterVersion3.6.1", ["3.6", "3.7"]),
    ("3.6", "clusterVersion3.6.0", "clusterVersion3x6.0", ["3.5", "3.6"]),
    ("3.6", "clusterVersion3.6.0", "clusterVersion2.6.0", ["3.5", "3.6", "3.7"]),
    ("3.6", "clusterVersion3.6.0", "clusterVersion3.0.9", ["3.6", "3.7"]),
]


def programs(oracles, line):
    return pathlib.Path(oracles) / ("etcd" + line.replace(".", ""))


def ours(snapscope, file):
    """{release: (starts, why)} by snapscope, whatever else is wrong with the file."""
    done = subprocess.run([snapscope, "info", "--json", "--no-hash", file], capture_output=True, check=False)
    answers = json.loads(done.stdout)["etcd"]["starts_on"]
    return {one["etcd"]: (one["starts"], one.get("why", "starts")) for one in answers}


def keeps(server, saved):
    """A put is taken, and stands in a snapshot, which is what was committed."""
    code, _, _ = server.ask("put", "kept by boot.py", "yes")
    if code != 0:
        return False
    server.etcdctl("snapshot", "save", str(saved))
    kept = b"kept by boot.py" in saved.read_bytes()
    saved.unlink()
    return kept


def theirs(oracles, line, file, work):
    """Whether the restored server serves. The restore itself has to succeed."""
    copy = work / "copy.db"
    shutil.copyfile(file, copy)
    try:
        with Server(programs(oracles, line), copy, work, skip_hash_check=True) as server:
            return keeps(server, work / "saved.db")
    except OracleError as error:
        if "the server does not start" not in str(error) and "not capable" not in str(error):
            raise
        return False
    finally:
        shutil.rmtree(work / "data", ignore_errors=True)
        copy.unlink()


def downgrading(oracles, history, work):
    """A snapshot of a 3.7 server that was told to go to 3.6."""
    copy, saved = work / "copy.db", work / "downgrading.db"
    shutil.copyfile(history, copy)
    with Server(programs(oracles, "3.7"), copy, work) as server:
        server.etcdctl("downgrade", "enable", "3.6")
        server.etcdctl("snapshot", "save", str(saved))
    shutil.rmtree(work / "data")
    copy.unlink()
    return saved


def with_role(oracles, history, work):
    """A snapshot of a 3.6 server where a user has a role that is no UTF-8."""
    copy, saved = work / "copy.db", work / "role.db"
    shutil.copyfile(history, copy)
    with Server(programs(oracles, "3.6"), copy, work) as server:
        server.etcdctl("role", "add", b"r\xff")
        server.etcdctl("user", "add", "reader", "--no-password")
        server.etcdctl("user", "grant-role", "reader", b"r\xff")
        server.etcdctl("snapshot", "save", str(saved))
    shutil.rmtree(work / "data")
    copy.unlink()
    return saved


def with_txid(history, txid, work):
    """The history with this transaction id in its current meta, and the one before in the other."""
    content = bytearray(history.read_bytes())
    txids = [struct.unpack_from("<Q", content, 4096 * page + 64)[0] for page in (0, 1)]
    for page in (0, 1):
        meta = 4096 * page + 16
        struct.pack_into("<Q", content, meta + 48, txid - (txids[page] < max(txids)))
        struct.pack_into("<Q", content, meta + 56, fnv1a_64(bytes(content[meta:meta + 56])))
    file = work / f"txid-{txid}.db"
    file.write_bytes(content)
    return file


def at_revision(oracles, history, revision, work):
    """What etcdutl makes when it raises the history's revision to this one."""
    copy, made, file = work / "copy.db", work / "raised", work / f"revision-{revision}.db"
    shutil.copyfile(history, copy)
    current = json.loads(run(programs(oracles, "3.6") / "etcdutl", "snapshot", "status", copy, "-w", "json")[1])
    code, _, error = run(programs(oracles, "3.6") / "etcdutl", "snapshot", "restore", copy, "--data-dir", made,
                         "--bump-revision", str(revision - current["revision"]), "--mark-compacted")
    if code != 0:
        raise OracleError(f"etcdutl: {error}")
    shutil.move(made / "member/snap/db", file)
    shutil.rmtree(made)
    copy.unlink()
    return file


def made_by_us(snapscope, file, work):
    """The db that restore makes of a file."""
    made, db = work / "ours", work / f"restored-{file.name}"
    code, _, error = run(snapscope, "restore", "--skip-hash-check", file, "--data-dir", made)
    if code != 0:
        raise OracleError(f"restore: {error}")
    shutil.move(made / "member/snap/db", db)
    shutil.rmtree(made)
    return db


def cases(oracles, snapscope, histories, work):
    """(name, file, releases)"""
    for line in LINES:
        yield f"etcd {line}", histories / f"etcd{line.replace('.', '')}-history.db", LINES
    for number, (line, was, now, lines) in enumerate(PATCHED):
        content = (histories / f"etcd{line.replace('.', '')}-history.db").read_bytes()
        if len(was) != len(now) or was.encode() not in content:
            raise OracleError(f"the fixture of {line} has no {was}")
        file = work / f"patched-{number}.db"
        file.write_bytes(content.replace(was.encode(), now.encode()))
        yield f"etcd {line}, {now}", file, lines
    yield "etcd 3.6, a role", with_role(oracles, histories / "etcd36-history.db", work), ["3.5", "3.6", "3.7"]
    for txid in (2 ** 64 - 1, 2 ** 63 - 1):
        file = with_txid(histories / "etcd36-history.db", txid, work)
        yield f"etcd 3.6, txid {txid}", file, ["3.4", "3.6", "3.7"]
        yield f"etcd 3.6, txid {txid}, restored", made_by_us(snapscope, file, work), ["3.6"]
    for revision in (2 ** 63 - 1, 2 ** 63 - 2):
        file = at_revision(oracles, histories / "etcd36-history.db", revision, work)
        yield f"etcd 3.6, revision {revision}", file, ["3.6", "3.7"]
    yield "etcd 3.7, downgrade to 3.6", downgrading(oracles, histories / "etcd37-history.db", work), ["3.5", "3.7"]


def main():
    oracles, snapscope, histories, work = sys.argv[1:]
    work = pathlib.Path(work)
    for name, file, lines in cases(oracles, snapscope, pathlib.Path(histories), work):
        said = ours(snapscope, file)
        for line in lines:
            starts = theirs(oracles, line, file, work)
            print(f"{name}: on {line} {'starts' if starts else 'does not start'} ({said[line][1]})", flush=True)
            if starts != said[line][0]:
                print(f"{name}: on {line} info says {said[line]}", file=sys.stderr)
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
