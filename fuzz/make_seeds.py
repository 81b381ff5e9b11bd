#!/usr/bin/env python3
"""Makes seeds/ from testdata/: make_seeds.py TESTDATA SEEDS

meta and db take whole small files, page takes pages of several kinds, record takes entries of the
`key` bucket. seeds/db/etcd36-uncompacted-be was made from etcd36-uncompacted by
testdata/gen/bigendian; seeds/wal is the log that etcdutl 3.6 writes for three restored members. Byte 0
of page, record and wal seeds is the targets' own, see their first comments.
"""
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "damage"))
import bolt  # noqa: E402

SMALL = ("etcd36-empty", "etcd36-uncompacted", "bbolt-fresh")


def load(testdata, name):
    path = next((testdata / name).glob("*.db.zst"))
    return subprocess.run(["zstd", "-dcq", str(path)], check=True, stdout=subprocess.PIPE).stdout


def put(folder, name, data):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def renumbered(file, page, length):
    """The page's bytes as page 2 of a file with pages of 1 KiB."""
    data = bytearray(file.data[page.off:page.off + length])
    data[0:8] = (2).to_bytes(8, file.order)
    data[12:16] = (length // 1024 - 1).to_bytes(4, file.order)
    return bytes(data)


def page_seeds(testdata, seeds):
    for name in ("bbolt-nested", "bbolt-nested-be", "bbolt-stored-freelist"):
        file = bolt.File(load(testdata, name))
        flag = bytes([1 if file.order == "big" else 0])
        tops = [e.bucket.page for e in file.entries(file.root_page())]
        kinds = {"root": file.root_page(), "freelist": file.page(file.current.freelist.get())}
        kinds["leaf"] = file.pages_of(tops[-1], bolt.LEAF)[0]
        kinds["branch"] = file.pages_of(tops[-1], bolt.BRANCH)[0]
        for kind, page in kinds.items():
            put(seeds / "page", f"{name}-{kind}", flag + renumbered(file, page, page.run_len))
    file = bolt.File(load(testdata, "etcd36-empty"))
    inline = file.element_of([b"meta"])
    value = file.data[inline.value_off + 16:inline.value_off + inline.vsize.get()]
    put(seeds / "page", "etcd36-inline", b"\x02" + bytes(value))


def record_seeds(testdata, seeds):
    file = bolt.File(load(testdata, "etcd36-uncompacted"))
    for i, e in enumerate(file.entries(file.bucket_root([b"key"]))):
        value = bytes(file.data[e.value_off:e.value_off + e.vsize.get()])
        if i % 5 == 0 and len(value) < 1000:
            put(seeds / "record", f"revision-{i}", bytes([len(e.key)]) + e.key + value)
    put(seeds / "record", "marker", b"\x11" + b"\0" * 7 + b"\x09_" + b"\0" * 8)


def main(testdata, seeds):
    testdata, seeds = pathlib.Path(testdata), pathlib.Path(seeds)
    for name in SMALL:
        data = load(testdata, name)
        put(seeds / "db", name, data)
        put(seeds / "meta", name, data[:8192])
    nested = bolt.File(load(testdata, "bbolt-plain"))
    put(seeds / "db", "bbolt-plain", bytes(nested.data[:nested.db_len]))
    file = load(testdata, "bbolt-nested-be")
    put(seeds / "meta", "bbolt-nested-be", file[:2048])
    page_seeds(testdata, seeds)
    record_seeds(testdata, seeds)


main(*sys.argv[1:])
