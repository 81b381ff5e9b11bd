"""Damages the stored freelist of a sealed snapshot of 4 KiB pages, and nothing else, and seals it again.

    freelist.py IN OUT ID...      the list names these pages
    freelist.py IN OUT zero       the list's page is all zeroes

IN is what `convert --rebuild --store-freelist` wrote: its list is empty.
"""

import hashlib
import pathlib
import struct
import sys

PAGE, HASH = 4096, 32


def main(source, out, *words):
    data = bytearray(pathlib.Path(source).read_bytes()[:-HASH])
    metas = [(struct.unpack_from("<Q", data, at + 64)[0], at) for at in (0, PAGE)]
    (page,) = struct.unpack_from("<Q", data, max(metas)[1] + 48)
    number, flags, count, overflow = struct.unpack_from("<QHHI", data, page * PAGE)
    if (number, flags, count, overflow) != (page, 0x10, 0, 0):
        sys.exit(f"page {page} is no empty freelist")
    if words == ("zero",):
        data[page * PAGE:(page + 1) * PAGE] = bytes(PAGE)
    else:
        struct.pack_into("<H", data, page * PAGE + 10, len(words))
        struct.pack_into(f"<{len(words)}Q", data, page * PAGE + 16, *map(int, words))
    pathlib.Path(out).write_bytes(data + hashlib.sha256(data).digest())


main(*sys.argv[1:])
