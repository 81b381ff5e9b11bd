"""Real servers on data directories of `snapscope restore`, and the directories beside etcdutl's.

    restore.py boot ORACLES SNAPSCOPE PROVENANCE FILE WORK     one member of the snapshot's own release
    restore.py cluster ORACLES SNAPSCOPE FILE WORK             three members and a learner, of 3.6
    restore.py bump ORACLES SNAPSCOPE FILE WORK                --bump-revision and a watch from before
    restore.py same ORACLES SNAPSCOPE FILE WORK                decoded, against etcdutl of 3.5, 3.6 and 3.7

FILE is a copy. Prints what was compared; exit 1 with the first difference.
"""

import base64
import json
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))

from datadir import decoded  # noqa: E402
from records import Mismatch, of_etcdctl, of_snapscope, same  # noqa: E402
from server import ROOT, OracleError, Server, free_urls, run  # noqa: E402


def ours(snapscope, *args):
    code, out, error = run(snapscope, *args)
    if code != 0:
        raise Mismatch(f"snapscope {args}: exit {code}: {error}")
    return out


def document(snapscope, *args):
    return json.loads(ours(snapscope, *args))


def equal(what, left, right):
    if left != right:
        raise Mismatch(f"{what}:\n  have   {left}\n  expect {right}")
    print(f"{what}: same")


class Member(Server):
    """A member of a cluster that was restored by us; `flags` are etcd's and the restore's alike."""

    def __init__(self, programs, data, client, flags, peer, auth=False):
        self.programs, self.data = pathlib.Path(programs), pathlib.Path(data)
        self.client, self.peer, self.cluster = client, peer, flags
        self.user = ["--user", ROOT] if auth else []
        self.process = self.log = None

    def _wait(self):
        """Members of one cluster are started together; `ready` waits."""

    def ready(self):
        super()._wait()


def single(programs, snapscope, file, work, auth, *restore_flags):
    client, peer = free_urls(2)
    flags = ["--name", "m0", "--initial-cluster", f"m0={peer}", "--initial-cluster-token", "ours",
             "--initial-advertise-peer-urls", peer]
    data = pathlib.Path(work) / "data"
    plan = document(snapscope, "restore", "--json", file, "--data-dir", data, *flags, *restore_flags)
    return Member(programs, data, client, flags, peer, auth), plan["result"]


def lease_ids(server):
    listed = json.loads(server.etcdctl("lease", "list", "-w", "json"))
    return sorted(int(lease.get("id", lease.get("ID", 0))) for lease in listed.get("leases") or [])


def check_state(server, snapscope, file, result):
    """Keys at the latest revision, leases, users, roles, the member and the hash."""
    theirs = of_etcdctl(server.etcdctl("get", "", "--prefix", "-w", "json"))
    print(f"keys: {same('keys', of_snapscope(ours(snapscope, 'dump', file)), theirs)} records")
    leases = [int(lease["id"], 16) for lease in document(snapscope, "leases", "--json", file)["leases"]]
    equal("leases", lease_ids(server), sorted(n - (1 << 64) if n >> 63 else n for n in leases))
    auth = document(snapscope, "auth", "--json", file)
    for kind in ("user", "role"):
        listed = json.loads(server.etcdctl(kind, "list", "-w", "json")).get(kind + "s") or []
        equal(f"{kind}s", sorted(listed), sorted({one["name"] for one in auth[kind + "s"]}))
    listed = json.loads(server.etcdctl("member", "list", "-w", "json"))
    equal("members", [(f"{m['ID']:016x}", m["name"], m["peerURLs"]) for m in listed["members"]],
          [(m["id"], m["name"], m["peer_urls"]) for m in result["members"]])
    equal("cluster", f"{listed['header']['cluster_id']:016x}", result["cluster_id"])
    check_hash(server, snapscope, file, result["revision"])


def check_hash(server, snapscope, file, revision):
    (answer,) = json.loads(server.etcdctl("endpoint", "hashkv", "-w", "json"))
    hashkv = document(snapscope, "hashkv", "--json", file)
    equal("hashkv", (answer["HashKV"]["hash"], answer["HashKV"]["header"]["revision"]),
          (hashkv["hash"], revision))


def check_history(server, snapscope, file, provenance):
    """A state in the middle of the retained history."""
    low, high = max(provenance.get("compact_revision", 0), 1), provenance["revision"]
    if high <= low:
        return
    at = str((low + high) // 2)
    theirs = of_etcdctl(server.etcdctl("get", "", "--prefix", "--rev", at, "-w", "json"))
    print(f"keys at {at}: {same('older keys', of_snapscope(ours(snapscope, 'dump', '--rev', at, file)), theirs)} records")


def check_writes(server, revision):
    server.etcdctl("alarm", "disarm")  # an alarm of the snapshot stands after a restore, and NOSPACE refuses puts
    put = json.loads(server.etcdctl("put", "written after the restore", "yes", "-w", "json"))
    equal("the next revision", put["header"]["revision"], revision + 1)
    (kv,) = json.loads(server.etcdctl("get", "written after the restore", "-w", "json"))["kvs"]
    equal("what was written", base64.b64decode(kv["value"]), b"yes")


def boot(oracles, snapscope, provenance, file, work):
    provenance = json.loads(pathlib.Path(provenance).read_text())
    programs = pathlib.Path(oracles) / ("etcd" + provenance["etcd_line"].replace(".", ""))
    server, result = single(programs, snapscope, file, work, provenance.get("auth_enabled", False))
    with server:
        server.ready()
        check_state(server, snapscope, file, result)
        check_history(server, snapscope, file, provenance)
        check_writes(server, result["revision"])


def names_of(count):
    return [f"m{i}" for i in range(1, count + 1)]


def start_all(programs, data, names, clients, peers, token):
    listing = ",".join(f"{name}={peer}" for name, peer in zip(names, peers))
    return [Member(programs, data / name, client,
                   ["--name", name, "--initial-cluster", listing, "--initial-cluster-token", token,
                    "--initial-advertise-peer-urls", peer], peer)
            for name, client, peer in zip(names, clients, peers)]


def until(what, question):
    end = time.monotonic() + 30
    while not question():
        if time.monotonic() > end:
            raise Mismatch(f"{what}: not within 30 s")
        time.sleep(0.1)
    print(f"{what}: so")


def member_hash(member):
    code, out, _ = member.ask("endpoint", "hashkv", "-w", "json")
    return json.loads(out)[0]["HashKV"]["hash"] if code == 0 else None


def held_by(learner):
    """A learner answers only from what it has itself."""
    code, out, _ = learner.ask("get", "", "--prefix", "--consistency", "s", "-w", "json")
    return of_etcdctl(out) if code == 0 else []


def cluster(oracles, snapscope, file, work):
    programs, data = pathlib.Path(oracles) / "etcd36", pathlib.Path(work) / "all"
    names, urls = names_of(4), free_urls(8)
    clients, peers = urls[:4], urls[4:]
    listing = ",".join(f"{name}={peer}" for name, peer in zip(names, peers))
    result = document(snapscope, "restore", "--json", file, "--all-members", data, "--initial-cluster", listing,
                      "--initial-cluster-token", "four", "--learners", "m4")["result"]
    members = start_all(programs, data, names, clients, peers, "four")
    try:
        for member in members:
            member.__enter__()
        for member in members[:3]:
            member.ready()
        check_cluster(members, snapscope, file, result)
    finally:
        for member in members:
            if member.process is not None:
                member.__exit__()


def check_cluster(members, snapscope, file, result):
    listed = json.loads(members[0].etcdctl("member", "list", "-w", "json"))["members"]
    equal("members", sorted((f"{m['ID']:016x}", m["name"], m.get("isLearner", False)) for m in listed),
          sorted((m["id"], m["name"], m["learner"]) for m in result["members"]))
    equal("learners", [m["name"] for m in listed if m.get("isLearner")], ["m4"])
    for member in members[:3]:
        member.etcdctl("endpoint", "health")
    print("health of three voters: so")
    expected = document(snapscope, "hashkv", "--json", file)["hash"]
    equal("hashkv of the voters", [member_hash(m) for m in members[:3]], [expected] * 3)
    truth = of_snapscope(ours(snapscope, "dump", file))
    until("the learner's keys are the same", lambda: held_by(members[3]) == truth)
    members[2].etcdctl("put", "through m3", "yes")
    until("a write reaches every voter", lambda: len({member_hash(m) for m in members[:3]} - {expected}) == 1)
    until("a write reaches the learner", lambda: b"through m3" in [r[0] for r in held_by(members[3])])


def bump(oracles, snapscope, file, work):
    revision = document(snapscope, "status", "-w", "json", file)["revision"]
    server, result = single(pathlib.Path(oracles) / "etcd36", snapscope, file, work, False, "--bump-revision",
                            "1000000000", "--mark-compacted")
    equal("revision", result["revision"], revision + 1_000_000_000)
    with server:
        server.ready()
        put = json.loads(server.etcdctl("put", "after", "1", "-w", "json"))
        equal("the next revision", put["header"]["revision"], revision + 1_000_000_001)
        watch = subprocess.run([str(server.programs / "etcdctl"), "--endpoints", server.client, "watch", "", "--prefix",
                                "--rev", str(revision)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, timeout=30, check=False)
        if b"compacted" not in watch.stdout:
            raise Mismatch(f"a watch from revision {revision}: {watch.stdout!r}")
        print("a watch from before: compacted")
        code, _, error = server.ask("get", "", "--prefix", "--rev", str(revision))
        if code == 0 or "compacted" not in error:
            raise Mismatch(f"a read from before: {code}, {error}")
        theirs = of_etcdctl(server.etcdctl("get", "", "--prefix", "-w", "json"))
        same("keys", of_snapscope(ours(snapscope, "dump", file)), [r for r in theirs if r[0] != b"after"])


def rows_of(snapscope, data):
    """Every element of every bucket but confState, where etcdutl leaves the old cluster's."""
    rows = ours(snapscope, "dump", "--all-buckets", data / "member/snap/db").splitlines()
    return [row for row in rows if b'"key":"confState"' not in row]


def compare(oracles, snapscope, file, work, line, flags):
    tool, log = pathlib.Path(oracles) / f"etcd{line}/etcdutl", pathlib.Path(oracles) / "dumplogs/etcd-dump-logs"
    theirs, mine = pathlib.Path(work) / f"theirs{line}", pathlib.Path(work) / f"ours{line}"
    code, _, error = run(tool, "snapshot", "restore", file, "--data-dir", theirs, *flags)
    if code != 0:
        raise OracleError(f"{tool}: {error}")
    ours(snapscope, "restore", file, "--data-dir", mine, *flags)
    left, right = decoded(mine), decoded(theirs)
    for part in left:
        equal(f"{line}: {part}", left[part], right[part])
    equal(f"{line}: every element of every bucket", rows_of(snapscope, mine), rows_of(snapscope, theirs))
    logs = [run(log, "-start-index", "0", folder) for folder in (mine, theirs)]
    if logs[0][0] != 0 or b"ConfChangeAddNode" not in logs[0][1]:
        raise Mismatch(f"etcd-dump-logs: {logs[0]}")
    equal(f"{line}: etcd-dump-logs", logs[0][1], logs[1][1])
    equal(f"{line}: etcd-dump-logs' first word", run(log, mine)[1].splitlines()[:2], run(log, theirs)[1].splitlines()[:2])


def same_files(oracles, snapscope, file, work):
    flags = ["--name", "m2", "--initial-cluster",
             "m1=http://10.0.0.1:2380,m2=http://10.0.0.2:2380,m2=https://[fd00::2]:2380,m3=http://10.0.0.3:2380",
             "--initial-advertise-peer-urls", "https://[fd00::2]:2380,http://10.0.0.2:2380",
             "--initial-cluster-token", "tokén"]
    for line in ("35", "36", "37"):
        compare(oracles, snapscope, file, work, line, flags)
    bumped = flags + ["--bump-revision", "77", "--mark-compacted"]
    (pathlib.Path(work) / "bumped").mkdir()
    compare(oracles, snapscope, file, pathlib.Path(work) / "bumped", "36", bumped)


def main():
    job = {"boot": boot, "cluster": cluster, "bump": bump, "same": same_files}[sys.argv[1]]
    try:
        job(*sys.argv[2:])
    except Mismatch as mismatch:
        print(mismatch, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
