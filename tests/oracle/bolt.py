"""Compares our view of one sound bbolt file with that of the bbolt command.

    bolt.py BBOLT SNAPSCOPE FILE COPY

buckets, pages, page, keys and get, each brought into one form. What the two print differently on
purpose is in tests/oracle/README.md, "The bbolt command and ours". bbolt gets the copy. Prints what was
compared and how many; exit 1 with the first difference.
"""

import base64
import json
import os
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))

from records import Mismatch, ask, same  # noqa: E402

FREE_SAMPLE = 24  # free pages are compared one process a page: a spread of so many
GET_SAMPLE = 12   # keys of a bucket, likewise
NOT_STORED = (1 << 64) - 1


def spread(items, count):
    """So many of the items, the first and the last among them."""
    if len(items) <= count:
        return list(items)
    return [items[number * (len(items) - 1) // (count - 1)] for number in range(count)]


def raw(record, name):
    """The bytes of a member that comes as text or as base64."""
    if name in record:
        return record[name].encode()
    return base64.b64decode(record[name + "_base64"], validate=True)


def unescaped(text):
    r"""A bucket path as snapscope prints it, \xNN and \\ for bytes."""
    return re.sub(rb"\\(\\|x[0-9a-f]{2})",
                  lambda m: b"\\" if m[1] == b"\\" else bytes.fromhex(m[1][1:].decode()), text.encode())


class File:
    """The file, as one side and as the other sees it."""

    def __init__(self, bbolt, snapscope, file, copy):
        self.bbolt, self.snapscope, self.file, self.copy = bbolt, snapscope, file, copy

    def ours(self, command, *args):
        return json.loads(ask(self.snapscope, command, "--json", self.file, *args))

    def theirs(self, command, *args):
        """bbolt's command line: options stand before the file."""
        options = [arg for arg in args if arg.startswith("--")]
        return ask(self.bbolt, command, *options, self.copy, *args[len(options):])

    def buckets(self):
        top = [raw(entry, "key") for entry in self.ours("keys")["keys"]]
        theirs = self.theirs("buckets").split(b"\n")[:-1]
        print(f"buckets: {same('buckets', top, theirs)} names")

    def pages(self):
        """Rows of (id, type, count, overflow); no overflow pages, nothing of free ones. Returns ours."""
        listed = self.ours("pages")["pages"]
        rows = []
        for page in listed:
            if page["use"] == "free":
                rows.append((page["page"], "free"))
            elif page["use"] != "overflow":
                rows.append((page["page"], page["type"], page["count"], page["overflow"]))
        theirs = []
        for line in self.theirs("pages").decode().splitlines()[2:]:
            number, kind, *counts = line.split()
            if kind == "free":
                theirs.append((int(number), kind))
            else:
                theirs.append((int(number), kind, int(counts[0]), int(counts[1]) if counts[1:] else 0))
        print(f"pages: {same('pages', rows, theirs)} rows")
        return listed

    def page_contents(self, listed):
        used = [page["page"] for page in listed if page["use"] not in ("free", "overflow")]
        free = spread([page["page"] for page in listed
                       if page["use"] == "free" and page.get("type") in ("branch", "leaf")], FREE_SAMPLE)
        ids = sorted(used + free)
        answer = self.theirs("page", "--format-value=hex", *map(str, ids)).decode()
        parts = answer.split("===============================================\n")
        if len(parts) != len(ids):
            raise Mismatch(f"page: {len(parts)} answers about {len(ids)} pages")
        lines = 0
        for number, part in zip(ids, parts):
            ours = page_lines(self.ours("page", "--values", str(number)))
            theirs = [line for line in part.splitlines() if line]
            lines += same(f"page {number}", ours, [line for line in theirs if not line.startswith("Total Size")])
        print(f"page: {lines} lines of {len(used)} used and {len(free)} free pages")

    def keys_and_values(self):
        """Every bucket whose path a command line can hold."""
        counts = [0, 0, 0]
        for bucket in self.ours("buckets")["buckets"]:
            path = unescaped(bucket["bucket"])
            if b"\0" in path or any(name.startswith(b"-") for name in path.split(b"/")):
                continue
            names = path.split(b"/")
            ours = self.ours("keys", *(name.replace(b"%", b"%25") for name in names))["keys"]
            theirs = self.theirs("keys", "--format=hex", *map(os.fsdecode, names))
            keys = [raw(entry, "key").hex().encode() for entry in ours]
            counts[1] += same(f"keys of {path!r}", keys, theirs.split(b"\n")[:-1])
            counts[0] += 1
            for entry in spread([e for e in ours if e["kind"] == "key" and raw(e, "key")], GET_SAMPLE):
                self.value(names, raw(entry, "key"))
                counts[2] += 1
        print(f"keys: {counts[1]} keys of {counts[0]} buckets; get: {counts[2]} values")

    def value(self, names, key):
        option = b"/".join(name.replace(b"%", b"%25") for name in names)
        ours = ask(self.snapscope, "get", "--bucket", option, "--key-format", "hex", self.file, key.hex())
        theirs = self.theirs("get", "--parse-format=hex", "--format=bytes", *map(os.fsdecode, names), key.hex())
        if ours + b"\n" != theirs:
            raise Mismatch(f"get {names!r} {key!r}: ours {ours[:200]!r}, theirs {theirs[:200]!r}")


def page_lines(page):
    """Our page as bbolt prints it, but for blank lines and the size."""
    header = page["header"]
    lines = [f"Page ID:    {header['id']}", f"Page Type:  {header['type']}", f"Overflow pages: {header['overflow']}"]
    if header["type"] == "meta":
        meta = page["meta"]
        freelist = NOT_STORED if meta["freelist"] is None else meta["freelist"]
        return lines + [f"Version:    {meta['version']}", f"Page Size:  {meta['page_size']} bytes",
                        f"Flags:      {meta['flags']:08x}", f"Root:       <pgid={meta['root']}>",
                        f"Freelist:   <pgid={freelist}>", f"HWM:        <pgid={meta['high_water']}>",
                        f"Txn ID:     {meta['txid']}", f"Checksum:   {int(meta['checksum'], 16):016x}"]
    if header["type"] == "freelist":
        return lines + [f"Item Count: {len(page['free_ids'])}", f"Overflow: {header['overflow']}",
                        *map(str, page["free_ids"])]
    lines.append(f"Item Count: {header['count']}")
    for element in page["elements"]:
        key = quoted(raw(element, "key"))
        if "child" in element:
            lines.append(f"{key}: <pgid={element['child']}>")
        elif element["kind"] == "bucket":
            value = raw(element, "value")
            root, sequence = (int.from_bytes(value[at:at + 8], "little") for at in (0, 8))
            lines.append(f"{key}: <pgid={root},seq={sequence}>")
        else:
            lines.append(f"{key}: {raw(element, 'value').hex()}")
    return lines


def quoted(key):
    """bbolt's way with keys: Go's quoting when each byte is printable, else hex."""
    try:
        text = key.decode()
    except UnicodeDecodeError:
        return key.hex()
    if not all(character.isprintable() for character in text):
        return key.hex()
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def main():
    file = File(*sys.argv[1:])
    try:
        file.buckets()
        file.page_contents(file.pages())
        file.keys_and_values()
    except Mismatch as mismatch:
        print(f"{sys.argv[3]}: {mismatch}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
