"""Real servers of every release on what `restore` and `convert --rebuild` make of a damaged freelist.

    freelist.py ORACLES SNAPSCOPE DAMAGED WORK

DAMAGED is a sealed snapshot whose only fault is its stored freelist. Prints what was compared; exit 1 with the first
difference.
"""

import json
import pathlib
import shutil
import sys

from restore import Mismatch, check_hash, check_writes, document, equal, of_etcdctl, of_snapscope, ours, same, single
from server import OracleError, Server, run


def check(server, snapscope, file, revision):
    theirs = of_etcdctl(server.etcdctl("get", "", "--prefix", "-w", "json"))
    print(f"keys: {same('keys', of_snapscope(ours(snapscope, 'dump', file)), theirs)} records")
    check_hash(server, snapscope, file, revision)
    check_writes(server, revision)


def main(oracles, snapscope, damaged, work):
    work = pathlib.Path(work)
    # info calls it damaged and ends with 1; the records are whole.
    _, said, _ = run(snapscope, "info", "--json", "--no-hash", damaged)
    revision = json.loads(said)["etcd"]["revision"]
    code, _, error = run(pathlib.Path(oracles) / "etcd34/etcdctl", "snapshot", "restore", damaged, "--data-dir",
                         work / "panics")
    equal("3.4 panics on it", (code, "freelist" in error or "panic" in error), (2, True))
    for line in ("34", "35", "36", "37"):
        programs = pathlib.Path(oracles) / f"etcd{line}"
        print(f"etcd {line}, restored by snapscope:")
        server, _ = single(programs, snapscope, damaged, work, False)
        with server:
            server.ready()
            check(server, snapscope, damaged, revision)
        shutil.rmtree(work / "data")
        print(f"etcd {line}, rebuilt by snapscope and restored by its own tool:")
        rebuilt = work / "rebuilt.db"
        document(snapscope, "convert", "--json", "--rebuild", "--force", damaged, "-o", rebuilt)
        with Server(programs, rebuilt, work) as server:
            check(server, snapscope, damaged, revision)
        shutil.rmtree(work / "data")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (Mismatch, OracleError, json.JSONDecodeError) as mismatch:
        sys.exit(str(mismatch))
