"""Holds `snapscope info` to real servers: on which releases does one start that was restored from a file?

    boot.py ORACLES SNAPSCOPE HISTORIES WORK

HISTORIES is a folder with the unpacked fixtures etcd34-history.db to etcd37-history.db. Each is restored by each
release's own tool and booted; so are copies in which another version was written over the one in `meta` or
`cluster`, byte for byte as long, and a snapshot taken after `downgrade enable`. Prints a line a boot; exit 1 with
the first difference.
"""

import json
import pathlib
import shutil
import subprocess
import sys

from server import OracleError, Server

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
]


def programs(oracles, line):
    return pathlib.Path(oracles) / ("etcd" + line.replace(".", ""))


def ours(snapscope, file):
    """{release: (starts, why)} by snapscope, whatever else is wrong with the file."""
    done = subprocess.run([snapscope, "info", "--json", "--no-hash", file], capture_output=True, check=False)
    answers = json.loads(done.stdout)["etcd"]["starts_on"]
    return {one["etcd"]: (one["starts"], one.get("why", "starts")) for one in answers}


def theirs(oracles, line, file, work):
    """Whether the restored server starts. The restore itself has to succeed."""
    copy = work / "copy.db"
    shutil.copyfile(file, copy)
    try:
        with Server(programs(oracles, line), copy, work, skip_hash_check=True):
            return True
    except OracleError as error:
        if "the server does not start" not in str(error):
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


def cases(oracles, histories, work):
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
    yield "etcd 3.7, downgrade to 3.6", downgrading(oracles, histories / "etcd37-history.db", work), ["3.5", "3.7"]


def main():
    oracles, snapscope, histories, work = sys.argv[1:]
    work = pathlib.Path(work)
    for name, file, lines in cases(oracles, pathlib.Path(histories), work):
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
