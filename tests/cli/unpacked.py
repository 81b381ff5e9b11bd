"""Rebuilds keys and values from an unpacked archive of `snapscope dump`, and compares them with the dump.

    unpacked.py TREE DUMP [REVISIONS [BUCKETS]]

DUMP, REVISIONS and BUCKETS are JSON Lines of the same file: `dump`, `dump --revisions`, and the lines of
`dump --all-buckets` that have a bucket. Keys are read twice: from manifest.ndjson, and from the paths alone
as docs/format.md explains them. Any file that the manifest does not name is a fault.
"""

import base64
import hashlib
import json
import os
import re
import sys
from urllib.parse import unquote_to_bytes

NUMBERS = ("create_revision", "mod_revision", "version", "lease", "sub", "tombstone", "marker")
NAME = re.compile(r"(?!\.)(?:[A-Za-z0-9._~@=+,-]|%[0-9A-F]{2})*(?:%\+|%{0,2})")


def raw(record, name):
    if name in record:
        return record[name].encode()
    return base64.b64decode(record.get(name + "_base64", ""), validate=True)


def lines(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def key_of_path(path):
    """The key that a path under keys/ stands for; None when it is a digest."""
    top, *names = path.split("/")
    assert top == "keys" and names, path
    if names[0] == "%sha256":
        assert len(names) == 2 and re.fullmatch("[0-9a-f]{64}", names[1]), path
        return None
    parts, begun = [], ""
    for index, name in enumerate(names):
        assert NAME.fullmatch(name) and name not in ("", ".", "..") and len(name) <= 255, path
        if name.endswith("%+"):
            assert index < len(names) - 1, path
            begun += name[:-2]
            continue
        last = index == len(names) - 1
        bare = len(name) - len(name.rstrip("%"))
        assert bare == 0 or last or name == "%", path
        parts.append(unquote_to_bytes(begun + name[:len(name) - bare]))
        begun = ""
    return b"/".join(parts)


def path_of_key(key, folder):
    """The long path, to be compared by its digest."""
    names = []
    for part in key.split(b"/"):
        name, size = "", 0
        for byte in part:
            plain = chr(byte) in "-_.~@=+," or chr(byte).isalnum() and byte < 128
            if size + (1 if plain else 3) > 250:
                name, size = name + "%+/", 0
            plain = plain and not (byte == 0x2E and size == 0)
            name += chr(byte) if plain else f"%{byte:02X}"
            size += 1 if plain else 3
        names.append(name or "%")
    return "keys/" + "/".join(names) + ("%" if folder else "")


class Tree:
    def __init__(self, folder):
        self.folder = os.fsencode(folder)
        self.manifest = lines(os.path.join(folder, "manifest.ndjson"))
        self.named = {}
        for line in self.manifest:
            assert line["path"] not in self.named, line
            self.named[line["path"]] = line

    def read(self, path):
        with open(os.path.join(self.folder, os.fsencode(path)), "rb") as file:
            return file.read()

    def only_what_is_named(self):
        files = set()
        for folder, _, names in os.walk(self.folder):
            for name in names:
                full = os.path.join(folder, name)
                assert os.path.isfile(full) and not os.path.islink(full), full
                files.add(os.path.relpath(full, self.folder).decode())
        wanted = {path for path, line in self.named.items() if "bucket" not in line or "key" in line or "key_base64" in line}
        assert files == wanted | {"manifest.ndjson"}, files ^ wanted

    def records(self, top):
        """(key, numbers, value) of the manifest's lines, with the files' bytes."""
        for line in self.manifest:
            if line["path"].startswith(top):
                value = self.read(line["path"])
                assert line.get("value_len", 0) == len(value), line
                yield raw(line, "key"), [line.get(n) for n in NUMBERS], value


def records_of(dump):
    return [(raw(line, "key"), [line.get(n) for n in NUMBERS], raw(line, "value")) for line in dump]


def names_alone(tree, dump):
    """Keys and values without the manifest's help, but for paths that are digests."""
    wanted = {raw(line, "key"): raw(line, "value") for line in dump}
    got, digests = {}, 0
    for path in tree.named:
        if not path.startswith("keys/"):
            continue
        key = key_of_path(path)
        if key is None:
            key = raw(tree.named[path], "key")
            folder = any(other.startswith(key + b"/") for other in wanted)
            long_path = path_of_key(key, folder)
            assert len(long_path) > 1000
            assert path == "keys/%sha256/" + hashlib.sha256(long_path.encode()).hexdigest(), path
            digests += 1
        got[key] = tree.read(path)
    assert got == wanted, {key for key in got.keys() ^ wanted.keys()}
    return digests


def elements(tree, buckets):
    wanted = [(line["bucket"], raw(line, "key"), raw(line, "value")) for line in buckets
              if "key" in line or "key_base64" in line]
    got = []
    for path, line in tree.named.items():
        if not path.startswith("buckets/"):
            continue
        if "key" in line or "key_base64" in line:
            got.append((line["bucket"], raw(line, "key"), tree.read(path)))
        else:
            assert os.path.isdir(os.path.join(tree.folder, os.fsencode(path))), path
    assert got == wanted
    return len(got)


def main():
    tree = Tree(sys.argv[1])
    tree.only_what_is_named()
    dump = lines(sys.argv[2])
    assert list(tree.records("keys/")) == records_of(dump)
    told = [f"{len(dump)} keys", f"{names_alone(tree, dump)} of them by digest"]
    if len(sys.argv) > 3:
        revisions = lines(sys.argv[3])
        got = list(tree.records("revisions/"))
        assert got == records_of(revisions)
        for line in tree.manifest:
            if line["path"].startswith("revisions/"):
                assert line["path"] == f"revisions/{line['mod_revision']}.{line['sub']}", line
        told.append(f"{len(got)} revisions")
    if len(sys.argv) > 4:
        told.append(f"{elements(tree, lines(sys.argv[4]))} elements")
    print(", ".join(told))


main()
