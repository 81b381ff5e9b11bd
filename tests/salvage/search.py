"""Whole etcd records in any bytes, found without any structure: a second opinion on what can be saved.

    records(data)   {(main, sub, tombstone, value bytes)} of every place where a revision key stands that
                    is followed by its KeyValue message, in the form in which etcd writes it

It shares nothing with the C code: every byte is tried, no page, no element, no tree.

    key    main i64 BE | '_' | sub i64 BE | 't' of a tombstone
    value  0a key | 10 create_revision | 18 mod_revision = main | 20 version | 2a value | 30 lease
"""


def varint(data, at):
    value = shift = 0
    while at < len(data) and shift < 70:
        value |= (data[at] & 0x7F) << shift
        at += 1
        if data[at - 1] < 0x80:
            return value, at
        shift += 7
    return None, at


def message(data, at, main, tombstone):
    """Where the message that begins at `at` ends, or None."""
    numbers = {}
    for tag, is_bytes in ((0x0A, True), (0x10, False), (0x18, False), (0x20, False), (0x2A, True), (0x30, False)):
        if tombstone and tag != 0x0A:
            break
        if at >= len(data) or data[at] != tag:
            if tag in (0x2A, 0x30):
                continue
            return None
        value, at = varint(data, at + 1)
        if value is None:
            return None
        numbers[tag] = value
        if is_bytes:
            at += value
    if at > len(data) or numbers[0x0A] == 0:
        return None
    if not tombstone and (numbers[0x18] != main or not 1 <= numbers[0x10] <= main or numbers[0x20] < 1):
        return None
    return at


def records(data):
    found = set()
    at = data.find(b"_", 8)
    while at != -1:
        main = int.from_bytes(data[at - 8:at], "big")
        sub = int.from_bytes(data[at + 1:at + 9], "big")
        if 0 < main < 2**63 and sub < 2**63 and len(data) >= at + 9:
            for tombstone in (False, True):
                start = at + 9 + tombstone
                if tombstone and data[at + 9:at + 10] != b"t":
                    continue
                end = message(data, start, main, tombstone)
                if end is not None:
                    found.add((main, sub, tombstone, bytes(data[start:end])))
        at = data.find(b"_", at + 1)
    return found
