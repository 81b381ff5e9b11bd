"""Writes bbolt and etcd files byte by byte, sound or not: no rule of the format is kept but by the caller.

    page    id u64 | flags u16 | count u16 | overflow u32 | elements, data
    meta    magic, version, page_size, flags u32 | root, sequence, freelist, high_water, txid, checksum u64
    bucket  root u64 | sequence u64 | inline page, when root is 0
"""
import hashlib
import struct

BRANCH, LEAF, META, FREELIST = 0x01, 0x02, 0x04, 0x10
NO_FREELIST = 2**64 - 1


def fnv1a_64(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return value


def varint(value):
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def bytes_field(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


def int_field(number, value):
    return varint(number << 3) + varint(value % 2**64)


def revision(main, sub=0, tombstone=False):
    return struct.pack(">Q", main) + b"_" + struct.pack(">Q", sub) + (b"t" if tombstone else b"")


def key_value(key, create, mod, version, value, lease=0):
    message = bytes_field(1, key) + int_field(2, create) + int_field(3, mod) + int_field(4, version)
    message += bytes_field(5, value) if value else b""
    return message + (int_field(6, lease) if lease else b"")


def put(main, key, value=b"v", **more):
    """A record of a key that is put once."""
    return revision(main), key_value(key, main, main, 1, value, **more)


def bucket(root, sequence=0):
    return struct.pack("<QQ", root, sequence)


def elements(items, flags=0):
    """Array and data of a leaf; items are (key, value) or (flags, key, value)."""
    head, data = [], []
    behind, used = 16 * len(items), 0
    for item in items:
        own, key, value = item if len(item) == 3 else (flags, *item)
        head.append(struct.pack("<IIII", own, behind + used, len(key), len(value)))
        data += (key, value)
        used += len(key) + len(value)
        behind -= 16
    return b"".join(head + data)


def page(number, flags, count, body, overflow=0):
    return struct.pack("<QHHI", number, flags, count, overflow) + body


def inline(items, flags=0):
    """The value of a bucket that lies in its parent's page."""
    return bucket(0) + page(0, LEAF, len(items), elements(items, flags))


class Image:
    """Pages by number; `finish` gives the bytes of the file."""

    def __init__(self, page_size=4096, txid=7):
        self.page_size, self.txid = page_size, txid
        self.chunks, self.next = [], 2

    def add(self, flags, count, body, number=None):
        """A page, at the next free place; returns its number. Longer bodies overflow."""
        here = self.next
        pages = max(1, (16 + len(body) + self.page_size - 1) // self.page_size)
        data = page(here if number is None else number, flags, count, body, pages - 1)
        self.chunks.append(data.ljust(pages * self.page_size, b"\0"))
        self.next += pages
        return here

    def leaf(self, items, flags=0):
        return self.add(LEAF, len(items), elements(items, flags))

    def branch(self, children):
        """Children are (key, page number)."""
        head, data = [], []
        behind, used = 16 * len(children), 0
        for key, child in children:
            head.append(struct.pack("<IIQ", behind + used, len(key), child))
            data.append(key)
            used += len(key)
            behind -= 16
        return self.add(BRANCH, len(children), b"".join(head + data))

    def tree(self, items, flags=0, per_page=None):
        """A sound tree of leaves and branches over sorted items; returns its root."""
        items = list(items)
        level, at = [], 0
        while at < len(items) or not level:
            end, used = at, 16
            while end < len(items) and end - at < 60000 and (end == at or (
                    used + 16 + sum(map(len, items[end][-2:])) <= self.page_size
                    if per_page is None else end - at < per_page)):
                used += 16 + sum(map(len, items[end][-2:]))
                end += 1
            first = items[at][-2] if items else b""
            level.append((first, self.leaf(items[at:end], flags)))
            at = end
        while len(level) > 1:
            level = [(level[i][0], self.branch(level[i:i + 100])) for i in range(0, len(level), 100)]
        return level[0][1]

    def buckets(self, names):
        """A leaf that names buckets; names maps a name to a root, or to a whole value."""
        return self.tree([(1, name, bucket(root) if isinstance(root, int) else root)
                          for name, root in sorted(names.items())])

    def meta(self, number, root, high_water, freelist):
        body = struct.pack("<IIIIQQQQQ", 0xED0CDAED, 2, self.page_size, 0, root, 0, freelist, high_water,
                           self.txid + number)
        return page(number, META, 0, body + struct.pack("<Q", fnv1a_64(body))).ljust(self.page_size, b"\0")

    def finish(self, root, high_water=None, freelist=NO_FREELIST, hashed=True):
        high_water = self.next if high_water is None else high_water
        metas = [self.meta(number, root, high_water, freelist) for number in (0, 1)]
        data = b"".join(metas + self.chunks)
        return data + hashlib.sha256(data).digest() if hashed else data

    def etcd(self, records=(), more=None, **how):
        """A file with etcd's buckets; `more` maps further names to items of a sound tree, or to a root."""
        names = {b"key": self.tree(sorted(records)), b"meta": self.tree(META_ITEMS)}
        for name in (b"alarm", b"auth", b"authRoles", b"authUsers", b"cluster", b"lease", b"members",
                     b"members_removed"):
            names[name] = inline([])
        for name, items in (more or {}).items():
            names[name] = items if isinstance(items, (int, bytes)) else self.tree(sorted(items))
        return self.finish(self.buckets(names), **how)


META_ITEMS = [(b"confState", b'{"voters":[1],"auto_leave":false}'), (b"consistent_index", struct.pack(">Q", 1000000)),
              (b"finishedCompactRev", revision(1)), (b"scheduledCompactRev", revision(1)),
              (b"storageVersion", b"3.6.0"), (b"term", struct.pack(">Q", 3))]
