"""Hostile files, made the same every time.

    files.py list
    files.py make NAME OUT

Each asks for time or memory out of proportion to its bytes, or for a stack that is deeper than any.
"""
import json
import struct
import sys

from image import (BRANCH, FREELIST, LEAF, Image, bucket, elements, inline, int_field, key_value, bytes_field, page, put,
                   revision, varint)

FILES = {}
LARGE = []  # what takes work, not cunning: too much of it for a build with a sanitizer


def file(build):
    FILES[build.__name__.replace("_", "-")] = build
    return build


def large(build):
    LARGE.append(build.__name__.replace("_", "-"))
    return file(build)


def number(i):
    return b"%08d" % i


def small():
    return [put(i, b"/k/" + number(i)) for i in range(2, 20)]


# ------------------------------------------------------------------------------- shared and deep --

@file
def buckets_share_children():
    """Ten levels of 60 buckets each that all have the same root: 60 to the tenth, for who believes it."""
    image = Image()
    root = image.leaf([(b"k", b"v")])
    for _ in range(10):
        root = image.buckets({number(i): root for i in range(60)})
    return image.etcd(small(), {b"more": root})


@large
def buckets_share_a_tree():
    """40,000 top-level buckets that are all the same tree of 3000 leaves."""
    image = Image()
    shared = image.tree([(number(i), b"v" * 40) for i in range(9000)], per_page=3)
    return image.etcd(small(), {b"b" + number(i): shared for i in range(40000)})


@large
def branches_share_an_empty_leaf():
    """50 branches of 3000 children each: all of them one empty leaf."""
    image = Image()
    empty = image.leaf([])
    branches = []
    for i in range(50):
        keys = [struct.pack(">II", i, j) for j in range(3000)]
        branches.append((keys[0], image.branch([(key, empty) for key in keys])))
    return image.etcd([], {b"key": image.branch(branches)})


@file
def branches_in_a_chain():
    """A tree of 5000 branches with one child each."""
    image = Image()
    child = image.leaf([put(2, b"k")])
    for _ in range(5000):
        child = image.branch([(revision(2), child)])
    return image.etcd([], {b"key": child})


@file
def buckets_in_buckets():
    """5000 buckets, one inside the other, a page each."""
    image = Image()
    root = image.leaf([(b"k", b"v")])
    for _ in range(5000):
        root = image.leaf([(1, b"b", bucket(root))])
    return image.etcd(small(), {b"more": root})


@file
def inline_in_inline():
    """30,000 buckets, one inside the other, all inline in one run of pages."""
    levels, each = 30000, 16 + 16 + 16 + 1  # bucket header, page header, element, name
    parts = []
    for level in range(levels):
        inside = (levels - level - 1) * each + 32
        parts.append(bucket(0) + page(0, LEAF, 1, struct.pack("<IIII", 1, 16, 1, inside) + b"b"))
    image = Image()
    return image.etcd(small(), {b"more": image.leaf([(1, b"b", b"".join(parts) + inline([]))])})


@file
def runs_overlap():
    """2000 leaves of one page each that all say to reach to the end of the file: 8 GB in 8 MB."""
    image = Image()
    count, first = 2000, image.next
    for i in range(count):
        size = (count - i) * image.page_size - 16 - 16 - 17
        record = key_value(number(i), i + 2, i + 2, 1, b"")
        left = size - len(record) - 1
        record += varint(5 << 3 | 2) + next(varint(left - n) for n in (2, 3, 4) if len(varint(left - n)) == n)
        head = struct.pack("<IIII", 0, 16, 17, size) + revision(i + 2) + record
        image.chunks.append((page(first + i, LEAF, 1, head, count - i - 1)).ljust(image.page_size, b"\0"))
        image.next += 1
    return image.etcd([], {b"key": image.branch([(revision(i + 2), first + i) for i in range(count)])})


@file
def tree_is_its_own_child():
    """A branch whose every child is itself."""
    image = Image()
    here = image.next
    image.branch([(revision(i), here) for i in range(2, 150)])
    return image.etcd([], {b"key": here})


# ----------------------------------------------------------------------------------------- counts --

@file
def pages_promised():
    """High-water is 2^60; the file has a dozen pages."""
    return Image().etcd(small(), high_water=2**60)


@file
def pages_promised_at_the_edge():
    """High-water times page size is one page below 2^64."""
    return Image().etcd(small(), high_water=2**52 - 1)


@file
def pages_promised_past_the_edge():
    """High-water is the last number there is."""
    return Image().etcd(small(), high_water=2**64 - 1)


@file
def pages_promised_large():
    """The same with pages of 16 MiB, of which the file has two."""
    image = Image(page_size=1 << 24)
    return image.finish(2, high_water=2**63, hashed=False)


def with_page(flags, count, body, overflow=0, **how):
    """etcd's file with one such page as the tree of `key`, or as its freelist."""
    image = Image()
    here = image.next
    image.chunks.append(page(here, flags, count, body, overflow).ljust(image.page_size, b"\0"))
    image.next += 1
    if flags == FREELIST:
        return image.etcd(small(), freelist=here, **how)
    return image.etcd([], {b"key": here}, **how)


@file
def leaf_count_most():
    """A leaf of one page that says 65,535 elements."""
    return with_page(LEAF, 0xFFFF, elements([put(2, b"k")]))


@file
def branch_count_most():
    """A branch of one page that says 65,535 elements."""
    return with_page(BRANCH, 0xFFFF, b"\xff" * 100)


@file
def freelist_count_most():
    """A freelist whose real count, behind 0xFFFF, is 2^60."""
    return with_page(FREELIST, 0xFFFF, struct.pack("<Q", 2**60))


@file
def freelist_count_wraps():
    """A freelist whose real count times eight is eight, in 64 bits."""
    return with_page(FREELIST, 0xFFFF, struct.pack("<QQ", 2**61 + 1, 3))


@file
def overflow_most():
    """A leaf with 2^32-1 overflow pages, below a high-water that has room for them."""
    return with_page(LEAF, 1, elements([put(2, b"k")]), overflow=2**32 - 1, high_water=2**40)


@file
def element_sizes_most():
    """Elements whose key and value are 2^32-1 bytes, from a place near the end of 32 bits."""
    return with_page(LEAF, 2, struct.pack("<IIII", 0, 2**32 - 1, 2**32 - 1, 2**32 - 1) * 2)


@file
def elements_share_data():
    """60,000 elements of one run that all have the same 1.4 MB as their value."""
    count, size = 60000, 1 << 20
    keys = b"".join(revision(i) for i in range(2, count + 2))
    value = key_value(b"k", 2, 2, 1, b"x" * size)
    head = b""
    for i in range(count):
        behind = 16 * (count - i)
        head += struct.pack("<IIII", 0, behind + 17 * i, 17, len(keys) - 17 * (i + 1) + len(value))
    image = Image()
    return image.etcd([], {b"key": image.add(LEAF, count, head + keys + value)})


@file
def inline_buckets_share_data():
    """30,000 inline buckets of one run that are all the same 30,000 keys."""
    image = Image()
    count = 30000
    inner = inline([(number(i), b"v") for i in range(count)])
    names = b"".join(number(i) for i in range(count))
    head = b""
    for i in range(count):
        head += struct.pack("<IIII", 1, 16 * (count - i) + 8 * i, 8, len(names) - 8 * (i + 1) + len(inner))
    return image.etcd(small(), {b"more": image.add(LEAF, count, head + names + inner)})


@large
def freelist_says_one_page():
    """A freelist of 200,000 times the same page."""
    image = Image()
    free = image.leaf([])
    ids = [free] * 200000
    here = image.add(FREELIST, 0xFFFF, struct.pack(f"<{len(ids) + 1}Q", len(ids), *ids))
    return image.etcd(small(), freelist=here)


@large
def freelist_counts_down():
    """A freelist of 200,000 pages, none of which is there, the highest first."""
    image = Image()
    ids = range(2**40, 2**40 - 200000, -1)
    here = image.add(FREELIST, 0xFFFF, struct.pack(f"<{len(ids) + 1}Q", len(ids), *ids))
    return image.etcd(small(), freelist=here)


# ---------------------------------------------------------------------------------------- meaning --

@large
def records_broken():
    """100,000 records, none of which is one."""
    return Image().etcd([(revision(i), b"\x0a\x7fno") for i in range(2, 100002)])


@large
def records_in_strange_order():
    """100,000 revisions with a gap before each, of keys that were never created."""
    return Image().etcd([(revision(3 * i), key_value(number(i), 2 * i, 3 * i, 7, b"")) for i in range(1, 100001)])


@large
def records_all_of_one_key():
    """100,000 revisions of one key, deleted and created in turn."""
    records = []
    for i in range(2, 100002, 2):
        records.append((revision(i), key_value(b"k", i, i, 1, b"v")))
        records.append((revision(i + 1, 0, True), bytes_field(1, b"k")))
    return Image().etcd(records)


@large
def revisions_below_one():
    """100,000 sub-revisions of one revision."""
    return Image().etcd([(revision(2, i), key_value(number(i), 2, 2, 1, b"v")) for i in range(100000)])


@large
def keys_begin_alike():
    """2000 keys of 8 KB that differ in the last bytes alone."""
    return Image().etcd([put(i, b"/" + b"a" * 8000 + number(i * 7919 % 2000)) for i in range(2, 2002)])


@large
def keys_of_many_folders():
    """3000 keys of 2000 folders each, all below one another."""
    return Image().etcd([put(i, b"/a" * 2000 + number(i)) for i in range(2, 3002)])


@large
def tombstone_storm():
    """100,000 tombstones of keys that were never there."""
    return Image().etcd([(revision(i, 0, True), bytes_field(1, number(i))) for i in range(2, 100002)])


@large
def leases_everywhere():
    """50,000 leases, and 50,000 keys with leases that are not there."""
    leases = [(struct.pack(">Q", i), int_field(1, i) + int_field(2, 60)) for i in range(1, 50001)]
    records = [put(i, number(i), lease=10**9 + i) for i in range(2, 50002)]
    return Image().etcd(records, {b"lease": leases})


@large
def members_alike():
    """8000 members with the same name, and the same 20 URLs each."""
    urls = [f"http://10.0.0.{i}:2380" for i in range(20)]
    return Image().etcd(small(), {b"members": [(b"%016x" % i, json.dumps(
        {"id": i, "name": "m", "peerURLs": urls, "clientURLs": urls}).encode()) for i in range(1, 8001)]})


@large
def members_broken():
    """50,000 members whose JSON is none."""
    return Image().etcd(small(), {b"members": [(b"%016x" % i, b'{"id":') for i in range(1, 50001)]})


@file
def members_nested():
    """JSON of a member, and of confState, that is nested 400,000 levels deep."""
    deep = b'{"a":' + b"[" * 400000 + b"]" * 400000 + b"}"
    return Image().etcd(small(), {b"members": [(b"%016x" % 1, deep)], b"meta": [(b"confState", deep)]})


@file
def members_wide():
    """A member whose JSON has 400,000 members of its own, and one with as many URLs."""
    wide = {"id": 1, **{str(i): i for i in range(400000)}}
    urls = {"id": 2, "peerURLs": [""] * 400000}
    return Image().etcd(small(), {b"members": [(b"%016x" % i, json.dumps(value).encode())
                                               for i, value in ((1, wide), (2, urls))]})


@large
def conf_state_wide():
    """A confState of 100,000 voters, and as many members."""
    voters = list(range(1, 100001))
    members = [(b"%016x" % i, json.dumps({"id": i, "name": f"m{i}", "peerURLs": [f"http://a:{i}"]}).encode())
               for i in voters]
    conf = json.dumps({"voters": voters[::-1], "learners": voters[:50000]}).encode()
    return Image().etcd(small(), {b"members": members, b"meta": [(b"confState", conf)]})


@file
def groups_nested():
    """Where a protobuf message is due, 1,000,000 groups that begin inside one another, and none that ends."""
    deep = b"\x0b" * 1000000
    return Image().etcd([(revision(2), deep)], {
        b"lease": [(struct.pack(">Q", 1), deep)], b"alarm": [(deep[:30000], b"")],
        b"authUsers": [(b"u", deep)], b"authRoles": [(b"r", deep)]})


@large
def roles_everywhere():
    """2000 users with 200 roles each, none of which is there, and 2000 roles with 50 permissions."""
    users = [(b"u" + number(i), bytes_field(1, b"u" + number(i)) + b"".join(
        bytes_field(3, b"none" + number(j)) for j in range(200))) for i in range(2000)]
    roles = [(b"r" + number(i), bytes_field(1, b"r" + number(i)) + b"".join(
        bytes_field(2, int_field(1, 2) + bytes_field(2, number(j))) for j in range(50))) for i in range(2000)]
    return Image().etcd(small(), {b"authUsers": users, b"authRoles": roles})


@large
def alarms_everywhere():
    """50,000 alarms."""
    return Image().etcd(small(), {b"alarm": [(int_field(1, i) + int_field(2, 1 + i % 9), b"") for i in range(1, 50001)]})


@large
def buckets_many():
    """40,000 empty buckets with names of 200 bytes."""
    image = Image()
    return image.etcd(small(), {b"more": image.buckets({b"n" * 192 + number(i): inline([]) for i in range(40000)})})


@large
def meta_many():
    """50,000 unknown keys in etcd's bucket meta."""
    return Image().etcd(small(), {b"meta": [(b"k" + number(i), b"v" * 40) for i in range(50000)]})


# ----------------------------------------------------------------------------------------- names --

# Sequences that a terminal obeys, and characters that make a line read otherwise than it is.
EVIL = (b"\x1b]0;owned\x07\x1b[2J\x1b[31m" b"\x9b31m" b"\xc2\x9b2J" b"\x90q\x9c" b"\r\n\x08\x7f\t"
        b"\xe2\x80\xaegpj.exe\xe2\x80\xac\xe2\x81\xa6\xe2\x80\x8b\xef\xbb\xbf\xc2\xad\xf3\xa0\x81\x81\xff\xfe\0")
EVIL_TEXT = EVIL.replace(b"\0", b"").replace(b"\x9b31m", b"").replace(b"\x90q\x9c", b"").replace(b"\xff\xfe", b"")


@file
def names_evil():
    """Every name, key and value that is printed anywhere holds what a terminal must not get."""
    evil = EVIL_TEXT.decode()
    member = {"id": 1, "name": evil, "peerURLs": [evil], "clientURLs": [evil, "http://" + evil]}
    perm = bytes_field(2, int_field(1, 2) + bytes_field(2, EVIL) + bytes_field(3, EVIL + b"z"))
    image = Image()
    inside = image.buckets({EVIL: image.buckets({EVIL + b"2": inline([(EVIL, EVIL)])}), b"plain": inline([])})
    records = [put(i, EVIL + number(i), EVIL * (i % 3 + 1)) for i in range(2, 10)]
    records += [put(10, b"/registry/" + EVIL + b"/" + EVIL + b"/x", EVIL), put(11, EVIL_TEXT, EVIL_TEXT),
                put(12, b"/k", EVIL_TEXT), (revision(13, 0, True), bytes_field(1, EVIL_TEXT))]
    return image.etcd(records, {
        EVIL: inside, b"members": [(b"%016x" % 1, json.dumps(member).encode())],
        b"members_removed": [(b"%016x" % 2, EVIL)],
        b"meta": [(b"storageVersion", EVIL), (EVIL, EVIL), (b"term", struct.pack(">Q", 3)),
                  (b"confState", json.dumps({"voters": [1], evil: evil}).encode())],
        b"cluster": [(b"clusterVersion", EVIL), (b"downgrade", b'{"target-version":"' + EVIL + b'"}'), (EVIL, EVIL)],
        b"alarm": [(int_field(1, 1) + int_field(2, 7), EVIL), (EVIL, EVIL)],
        b"auth": [(b"authEnabled", EVIL), (b"authRevision", EVIL), (EVIL, EVIL)],
        b"authRoles": [(EVIL, bytes_field(1, EVIL) + perm), (b"r", bytes_field(1, EVIL) + perm)],
        b"authUsers": [(EVIL, bytes_field(1, EVIL) + bytes_field(2, EVIL) + bytes_field(3, EVIL)),
                       (b"u", bytes_field(1, EVIL) + bytes_field(3, EVIL))],
        b"lease": [(struct.pack(">Q", 5), int_field(1, 5) + int_field(2, 60)), (EVIL, EVIL)]})


@file
def names_evil_and_broken():
    """The same names where they are told in errors: broken pages below buckets of such names, broken records."""
    image = Image()
    broken = image.add(LEAF, 40000, b"")
    evil = image.buckets({EVIL: broken, EVIL + b"3": image.buckets({EVIL: 2**50})})
    return image.etcd([(revision(2), bytes_field(1, EVIL) + EVIL), (EVIL, EVIL), put(3, EVIL, EVIL)], {
        EVIL: evil, b"members": [(EVIL, EVIL), (b"%016x" % 1, b'{"id":1,"' + EVIL + b'":')],
        b"meta": [(b"confState", b'{"voters":[' + EVIL), (b"consistent_index", EVIL), (b"scheduledCompactRev", EVIL)],
        b"cluster": [(b"clusterVersion", EVIL)]})


@file
def key_unordered_evil():
    """Keys of such bytes that are out of order, twice there, and of a broken leaf."""
    image = Image()
    items = [(EVIL + number(i), EVIL) for i in (3, 1, 1, 2)]
    return image.etcd(small(), {EVIL: image.leaf(items), b"more": image.leaf(items)})


def main():
    if sys.argv[1:] == ["list"]:
        print("\n".join(FILES))
    else:
        _, _, name, out = sys.argv
        with open(out, "wb") as target:
            target.write(FILES[name]())


if __name__ == "__main__":
    main()
