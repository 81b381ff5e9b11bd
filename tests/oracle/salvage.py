"""Real etcd on the restored salvage of damaged files: every key that is not on the lost list answers as before.

    salvage.py ORACLES SNAPSCOPE SOUND WORK

SOUND is the unpacked fixture etcd36-history. Damage: a zeroed leaf, branch, root, both metas, a cycle, half the file,
three random pages (heads of runs: what is zeroed inside a long value leaves no trace). Each salvage passes `bbolt check` and verify, is restored by etcdutl with its hash checked, and
served; prints a line each, exit 1 with the first difference.
"""

import json
import pathlib
import random
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "damage"))

import bolt  # noqa: E402
from server import OracleError, Server, run  # noqa: E402


def damaged(content):
    """(name, bytes)"""
    def broken(pages):
        data = bytearray(content)
        for page in pages:
            data[page * size:(page + 1) * size] = bytes(size)
        return bytes(data)
    file = bolt.File(content)
    size = file.page_size
    root = file.bucket_root([b"key"])
    leaves, branches = file.pages_of(root, bolt.LEAF), file.pages_of(root, bolt.BRANCH)
    yield "leaf", broken([leaves[3].number])
    yield "branch", broken([branches[-1].number])
    yield "root", broken([file.current.root.get()])
    yield "root of key", broken([root.number])
    yield "metas", broken([0, 1])
    cycle = bolt.File(content)
    cycle.pages_of(cycle.bucket_root([b"key"]), bolt.BRANCH)[-1].e[1].child.put(root.number)
    yield "cycle", bytes(cycle.data)
    yield "half", content[:len(content) // 2 // size * size]
    yield "three pages", broken(random.Random(7).sample([page.number for page in leaves + branches], 3))


def records(lines):
    return [json.loads(line) for line in lines.splitlines()]


def last_records(snapscope, file):
    """key → its last record, as a string of what counts."""
    last = {}
    code, out, error = run(snapscope, "dump", "--revisions", file)
    if code != 0:
        raise OracleError(error)
    for one in records(out):
        last[one.get("key", one.get("key_base64"))] = one
    return last


def is_lost(lost, revision):
    return any(one["first"] <= revision <= one.get("last", 2**63) for one in lost)


def served(server, key):
    """(mod_revision, value) or None, as the server answers."""
    answer = json.loads(server.etcdctl("get", key, "-w", "json"))
    if not answer.get("kvs"):
        return None
    kv = answer["kvs"][0]
    return kv["mod_revision"], kv.get("value", "")


def compare(server, before, answers, lost):
    same = 0
    for key, one in before.items():
        if is_lost(lost, one["mod_revision"]):
            continue
        if answers[key] != served(server, key):
            raise OracleError(f"{key}: {str(served(server, key))[:80]}, due {str(answers[key])[:80]}")
        same += 1
    return same


def main():
    oracles, snapscope, sound, work = sys.argv[1:]
    work, sound = pathlib.Path(work), pathlib.Path(sound)
    programs = pathlib.Path(oracles) / "etcd36"
    before = {key: one for key, one in last_records(snapscope, sound).items() if "key" in one}
    copy = work / "sound.db"
    shutil.copyfile(sound, copy)
    with Server(programs, copy, work) as server:
        answers = {key: served(server, key) for key in before}
    shutil.rmtree(work / "data")
    for name, content in damaged(sound.read_bytes()):
        file, out = work / "damaged.db", work / "saved.db"
        file.write_bytes(content)
        done = subprocess.run([snapscope, "salvage", "--json", "--force", file, "-o", out], capture_output=True, check=False)
        if done.returncode != 1:
            raise OracleError(f"{name}: exit code {done.returncode}: {done.stderr.decode()}")
        document = json.loads(done.stdout)
        shutil.copyfile(out, copy)
        code, _, error = run(pathlib.Path(oracles) / "bbolt" / "bbolt", "check", copy)
        if code != 0:
            raise OracleError(f"{name}: bbolt check: {error}")
        shutil.copyfile(out, copy)
        with Server(programs, copy, work) as server:
            same = compare(server, before, answers, document["lost"])
        shutil.rmtree(work / "data")
        print(f"{name}: starts; {same} of {len(before)} keys answer as before, {document['lost_revisions']} revisions lost",
              flush=True)


if __name__ == "__main__":
    try:
        main()
    except OracleError as failure:
        print(f"salvage.py: {failure}", file=sys.stderr)
        sys.exit(1)
