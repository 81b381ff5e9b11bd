"""The files of a data directory, decoded: the WAL's records and the raft snapshot. Shares no line with snapscope."""

import json
import pathlib
import struct


def crc32c(data, crc=0):
    crc ^= 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF


def _table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


TABLE = _table()


def fields(message):
    """[(number, int or bytes)] of a protobuf message of varints and bytes."""
    out, at = [], 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(message):
        tag = varint()
        if tag & 7 == 0:
            out.append((tag >> 3, varint()))
        elif tag & 7 == 2:
            size = varint()
            assert at + size <= len(message)
            out.append((tag >> 3, message[at:at + size]))
            at += size
        else:
            raise ValueError(f"wire type {tag & 7}")
    return out


def one(message, number, default=0):
    return next((value for field, value in fields(message) if field == number), default)


def conf_state(message):
    """voters, learners; what is zero counts as absent."""
    return ([v for n, v in fields(message) if n == 1], [v for n, v in fields(message) if n == 2],
            [(n, v) for n, v in fields(message) if n > 2 and v])


def wal_record(kind, data):
    if kind == 1:
        return ("metadata", one(data, 1), one(data, 2))
    if kind == 2:
        change = one(data, 4, b"")
        return ("entry", one(data, 1), one(data, 2), one(data, 3), one(change, 1), one(change, 2), one(change, 3),
                json.loads(one(change, 4, b"null")))
    if kind == 3:
        return ("state", one(data, 1), one(data, 2), one(data, 3))
    return ("snapshot", one(data, 1), one(data, 2), conf_state(one(data, 3, b"")))


def wal(folder):
    """Every record of the one segment, its sums checked; what follows must be zeroes."""
    (path,) = pathlib.Path(folder).glob("*.wal")
    data, at, crc, records = path.read_bytes(), 0, 0, []
    assert len(data) == 64_000_000, len(data)
    while word := struct.unpack_from("<Q", data, at)[0]:
        size, padding = word & (1 << 56) - 1, word >> 56 & 7 if word >> 63 else 0
        body = data[at + 8:at + 8 + size]
        assert data[at + 8 + size:at + 8 + size + padding] == bytes(padding) and (size + padding) % 8 == 0
        kind, content = one(body, 1), one(body, 3, b"")
        if kind == 4:
            assert one(body, 2) == crc == 0
        else:
            crc = crc32c(content, crc)
            assert one(body, 2) == crc, f"sum of the record at {at}"
            records.append(wal_record(kind, content))
        at += 8 + size + padding
    assert not data[at:].strip(b"\0"), "bytes behind the records"
    return path.name, records


def nodes(node):
    """The v2 store as {path: value}, JSON values parsed."""
    out = {}
    for child in (node.get("Children") or {}).values():
        out.update(nodes(child))
    out[node["Path"]] = json.loads(node["Value"]) if node["Value"] else ""
    return out


def snap(folder):
    (path,) = pathlib.Path(folder).glob("*.snap")
    outer = path.read_bytes()
    inner = one(outer, 2, b"")
    assert one(outer, 1) == crc32c(inner), "the raft snapshot's sum"
    meta = one(inner, 2, b"")
    store = json.loads(one(inner, 1, b""))
    return (path.name, conf_state(one(meta, 1, b"")), one(meta, 2), one(meta, 3), nodes(store["Root"]),
            store["CurrentIndex"], store["CurrentVersion"])


def decoded(data_dir):
    member = pathlib.Path(data_dir) / "member"
    return {"wal": wal(member / "wal"), "snap": snap(member / "snap"),
            "files": sorted(str(p.relative_to(data_dir)) for p in member.rglob("*"))}
