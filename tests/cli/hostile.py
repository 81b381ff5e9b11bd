"""hostile.py OUT: writes a sound etcd database whose keys would lead an unwary archive astray.

    page 0, 1   metas        page 2   root bucket: auth, key        page 3   auth      page 4 …   key, one leaf
"""

import random
import struct
import sys

PAGE = 4096


def keys():
    """Each of them once, in no order."""
    yield from (b"../../x", b"/abs", b"/../../../etc/passwd", b".", b"..", b"...", b".hidden", b"a/./b", b"a/../b")
    yield from (b"a", b"a!", b"a-b", b"a/b", b"a/b/c", b"a.b", b"a0", b"e/", b"e//", b"e//f", b"e///", b"/", b"//", b"///g")
    yield from (b"%", b"%%", b"%41", b"A", b"p%", b"p%/q", b"%+", b"x%+/y", b"%sha256/" + b"0" * 64, b"%2F", b"%2f")
    yield from (b"Case", b"case", b"CASE", b"nul\0inside", b"\0", b"new\nline", b"tab\there", b"cr\r", b"\x1b[31m", b"\x7f")
    yield from (b"\xff\xfe", b"\xc3\x28", "é".encode(), "e\u0301".encode(), "日本".encode(), b"back\\slash", b"..\\..\\w")
    yield from (b"-rf", b"--to-command=sh", b"keys/x", b"manifest.ndjson", b"con", b"a b", b"'", b'"', b"*?", b"$(id)", b"~", b"c:d")
    for length in (*range(247, 258), 499, 500, 501, 1000):
        yield b"n" * length
        yield b"n" * length + b"/below"
        yield b"d" * length + b".."
        yield b"d" * length + b"\xff"
    random.seed(7)
    yield b"k" * 4096
    yield bytes(random.randrange(256) for _ in range(4096))
    yield b"s/" * 2000 + b"end"
    yield b"/" * 490
    yield b"/" * 510
    yield b"../" * 1365


def varint(value):
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def key_value(key, main, value):
    message = b"\x0a" + varint(len(key)) + key
    for field in (b"\x10", b"\x18"):
        message += field + varint(main)
    message += b"\x20\x01"
    return message + (b"\x2a" + varint(len(value)) + value if value else b"")


def leaf(number, elements):
    """A page run; elements are (flags, key, value), sorted."""
    head, data = b"", b""
    for index, (flags, key, value) in enumerate(elements):
        position = 16 * (len(elements) - index) + len(data)
        head += struct.pack("<IIII", flags, position, len(key), len(value))
        data += key + value
    body = 16 + len(head) + len(data)
    pages = (body + PAGE - 1) // PAGE
    page = struct.pack("<QHHI", number, 2, len(elements), pages - 1) + head + data
    return page.ljust(pages * PAGE, b"\0"), pages


def meta(number, high_water):
    page = struct.pack("<IIIIQQQQQ", 0xED0CDAED, 2, PAGE, 0, 2, 0, 0xFFFFFFFFFFFFFFFF, high_water, 2 + number)
    digest = 0xCBF29CE484222325
    for byte in page:
        digest = (digest ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return (struct.pack("<QHHI", number, 4, 0, 0) + page + struct.pack("<Q", digest)).ljust(PAGE, b"\0")


def main():
    records = []
    for main_rev, key in enumerate(keys(), 2):
        value = b"" if main_rev % 11 == 0 else b"value of %d\0\xff\n" % main_rev
        records.append((0, struct.pack(">Q", main_rev) + b"_" + bytes(8), key_value(key, main_rev, value)))
    end = len(records) + 2
    records.append((0, struct.pack(">Q", end) + b"_" + bytes(8), key_value(b"gone", end, b"deleted later")))
    records.append((0, struct.pack(">Q", end + 1) + b"_" + bytes(8) + b"t", b"\x0a\x04gone"))
    records.append((0, struct.pack(">Q", end + 9) + b"_" + bytes(8), b""))
    auth, _ = leaf(3, sorted((0, key, b"in auth: " + key[:20]) for key in (b"..", b"a/b", b"x" * 300, b"\xff", b"../../y")))
    key_leaf, key_pages = leaf(4, records)
    root, _ = leaf(2, [(1, b"auth", struct.pack("<QQ", 3, 0)), (1, b"key", struct.pack("<QQ", 4, 0))])
    high_water = 4 + key_pages
    with open(sys.argv[1], "wb") as file:
        file.write(meta(0, high_water) + meta(1, high_water) + root + auth + key_leaf)


if __name__ == "__main__":
    main()
