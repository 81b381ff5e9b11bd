"""Key-value records as etcd, as snapscope and as the bbolt file itself give them, in one form.

A record is a tuple (key, create_revision, mod_revision, version, lease, value); key and value are
bytes. A revision is a record with (sub, kind) behind it, kind one of "put", "tombstone", "marker".
Nothing here shares a line with snapscope: keys and values are decoded from the answers alone.
"""

import base64
import json
import re
import subprocess

RECORD = {"create_revision", "mod_revision", "version", "lease"}


class Mismatch(Exception):
    """Two answers differ, or one has a form that it must not have."""


def unpacked(path):
    """The content of FILE or of FILE.zst beside it."""
    if path.exists():
        return path.read_bytes()
    packed = path.with_name(path.name + ".zst")
    return subprocess.run(["zstd", "-q", "-d", "-c", packed], check=True, stdout=subprocess.PIPE).stdout


def of_etcdctl(document):
    """`etcdctl get -w json`: keys and values in base64, what is zero left out."""
    return [(base64.b64decode(kv["key"], validate=True),
             kv.get("create_revision", 0), kv.get("mod_revision", 0),
             kv.get("version", 0), kv.get("lease", 0),
             base64.b64decode(kv.get("value", ""), validate=True))
            for kv in json.loads(document).get("kvs", [])]


def without_ids(document):
    """etcdctl's bytes without what only a running member knows: ids, and the raft term of the moment."""
    head, brace, rest = document.partition(b"}")
    head = re.sub(rb'"(?:cluster_id|member_id|raft_term)":\d+,?', b"", head)
    return head.rstrip(b",") + brace + rest


def same_document(what, ours, theirs):
    """Raises at the first byte that differs, or returns how many were compared."""
    if ours == theirs:
        return len(ours)
    at = next((i for i, (our, their) in enumerate(zip(ours, theirs)) if our != their), min(len(ours), len(theirs)))
    raise Mismatch(f"{what}: byte {at} differs\n  ours   {ours[max(0, at - 60):at + 60]!r}\n"
                   f"  theirs {theirs[max(0, at - 60):at + 60]!r}")


def _bytes(record, name):
    """NAME or NAME_base64, never both; clean text must come as text, anything else as base64."""
    if name in record:
        if "\0" in record[name]:
            raise Mismatch(f"a NUL in a {name} that comes as text")
        return record.pop(name).encode("utf-8")
    raw = base64.b64decode(record.pop(name + "_base64"), validate=True)
    try:
        if "\0" not in raw.decode("utf-8"):
            raise Mismatch(f"{name} {raw[:40]!r} comes as base64 and is clean")
    except UnicodeDecodeError:
        pass
    return raw


def lease_of(record):
    """The number behind "lease", which snapscope gives as 16 hex digits and etcd signed."""
    if not re.fullmatch("[0-9a-f]{16}", record["lease"]):
        raise Mismatch(f"lease {record['lease']!r}")
    number = int(record["lease"], 16)
    return number - (1 << 64) if number >> 63 else number


def of_snapscope(lines, keys_only=False):
    """`snapscope dump`: exactly the documented members on each line; with --keys-only the value's length for it."""
    records = []
    for line in lines.splitlines():
        record = json.loads(line)
        if "error" in record:
            raise Mismatch(f"the dump ends in {line[:300]!r}")
        key = _bytes(record, "key")
        value = record.pop("value_len") if keys_only else _bytes(record, "value")
        if set(record) != RECORD:
            raise Mismatch(f"members {sorted(record)} in {line[:300]!r}")
        records.append((key, record["create_revision"], record["mod_revision"],
                        record["version"], lease_of(record), value))
    return records


def revisions_of_snapscope(lines):
    """`snapscope dump --revisions`"""
    revisions = []
    for line in lines.splitlines():
        record = json.loads(line)
        if "error" in record:
            raise Mismatch(f"the dump ends in {line[:300]!r}")
        key = _bytes(record, "key")
        kind = next((k for k in ("tombstone", "marker") if record.pop(k, False) is True), "put")
        value = _bytes(record, "value") if kind == "put" else b""
        if set(record) != RECORD | {"sub"}:
            raise Mismatch(f"members {sorted(record)} in {line[:300]!r}")
        revisions.append((key, record["create_revision"], record["mod_revision"],
                          record["version"], lease_of(record), value, record["sub"], kind))
    return revisions


def _varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _key_value(data):
    """mvccpb.KeyValue: key 1, create_revision 2, mod_revision 3, version 4, value 5, lease 6."""
    fields = {1: b"", 2: 0, 3: 0, 4: 0, 5: b"", 6: 0}
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == 2:
            length, at = _varint(data, at)
            fields[number] = data[at:at + length]
            at += length
        elif wire == 0:
            value, at = _varint(data, at)
            fields[number] = value - (1 << 64) if value >= 1 << 63 else value
        else:
            raise Mismatch(f"wire type {wire} in a KeyValue")
    return fields


def revisions_of_entries(lines):
    """The `key` bucket as the bbolt library walked it (entries.ndjson), decoded here."""
    revisions = []
    for line in lines.splitlines():
        entry = json.loads(line)
        if entry["path"] != [b"key".hex()] or "key" not in entry:
            continue
        key, value = bytes.fromhex(entry["key"]), bytes.fromhex(entry["value"])
        main, sub = (int.from_bytes(key[at:at + 8], "big") for at in (0, 9))
        if key[8:9] != b"_" or key[17:] not in (b"", b"t"):
            raise Mismatch(f"{key!r} is no revision")
        fields = _key_value(value)
        kind = "tombstone" if key[17:] else "put" if value else "marker"
        if kind == "put" and fields[3] != main:
            raise Mismatch(f"mod_revision {fields[3]} under revision {main}")
        revisions.append((fields[1], fields[2], main, fields[4], fields[6], fields[5], sub, kind))
    return revisions


def state_at(revisions, revision):
    """The live records at a revision, from all revisions in order; a marker is no key."""
    live = {}
    for *record, _, kind in revisions:
        if record[2] > revision:
            break
        if kind == "put":
            live[record[0]] = tuple(record)
        elif kind == "tombstone":
            live.pop(record[0], None)
    return [live[key] for key in sorted(live)]


def same(what, ours, theirs):
    """Raises with the first record that differs, or returns how many were compared."""
    for number, (our, their) in enumerate(zip(ours, theirs)):
        if our != their:
            raise Mismatch(f"{what}: record {number} differs\n  ours   {our!r:.600}\n  theirs {their!r:.600}")
    if len(ours) != len(theirs):
        raise Mismatch(f"{what}: {len(ours)} records, theirs has {len(theirs)}")
    return len(ours)


def ask(program, *args):
    """A program's standard output; it must end with exit code 0."""
    done = subprocess.run([program, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)
    if done.returncode != 0:
        raise Mismatch(f"{args} ended with {done.returncode}: {done.stderr.decode(errors='replace')[:600]}")
    return done.stdout


def refusal(program, *args):
    """(exit code, standard error) of a program that must not answer."""
    done = subprocess.run([program, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)
    if done.returncode == 0:
        raise Mismatch(f"{args} answered")
    return done.returncode, done.stderr.decode(errors="replace")
