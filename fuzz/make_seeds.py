#!/usr/bin/env python3
"""Makes seeds/ from testdata/: make_seeds.py TESTDATA SEEDS SNAPSCOPE

Files are taken whole where they are small, and rebuilt with pages of 1 KiB by SNAPSCOPE where that
makes them small: the fewer bytes, the more of a fuzzer's mutations matter. Some inputs have bytes of
their own in front, as the targets' first comments say. seeds/db/etcd36-uncompacted-be was made from
etcd36-uncompacted by testdata/gen/bigendian; seeds/wal/etcd36-restored is the log that etcdutl 3.6 writes for three
restored members.
"""
import bz2
import gzip
import io
import lzma
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "damage"))
import bolt  # noqa: E402

SMALL = ("etcd36-empty", "etcd36-uncompacted", "bbolt-fresh")
REBUILT = ("etcd34-cluster", "etcd36-cluster", "etcd37-cluster", "etcd36-compact-tombstone",
           "etcd36-checkpoint", "etcd36-removed-member", "etcd36-bump", "etcd36-uncompacted",
           "bbolt-plain")
BUCKETS = (b"members", b"members_removed", b"cluster", b"meta", b"alarm", b"lease", b"auth",
           b"authRoles", b"authUsers")


def run(*command, stdin=b""):
    return subprocess.run(command, check=True, input=stdin, stdout=subprocess.PIPE).stdout


def load(testdata, name):
    path = next((testdata / name).glob("*.db.zst"))
    return run("zstd", "-dcq", str(path))


def put(folder, name, data):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def rebuilt(snapscope, data, *options):
    with tempfile.TemporaryDirectory() as folder:
        file, out = pathlib.Path(folder, "in.db"), pathlib.Path(folder, "out.db")
        file.write_bytes(data)
        run(snapscope, "convert", "--rebuild", "--out-page-size", "1024", "--skip-hash-check",
            *options, "-o", str(out), str(file))
        return out.read_bytes()


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


def json_seeds(files, seeds):
    """The elements of the buckets that target json knows, framed as it wants them."""
    for name, data in files.items():
        file, out = bolt.File(data), b""
        for number, bucket in enumerate(BUCKETS):
            try:
                elements = list(file.entries(file.bucket_root([bucket])))
            except bolt.BoltError:
                continue
            for e in elements:
                value = bytes(file.data[e.value_off:e.value_off + e.vsize.get()])
                out += bytes([number, len(e.key)]) + len(value).to_bytes(2, "little")
                out += e.key + value
        put(seeds / "json", name, out)


def tar_of(members, form=tarfile.PAX_FORMAT):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as tar:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def zip_of(members, method):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return out.getvalue()


def intake_seeds(data, seeds):
    one, two = [("a.db", data)], [("./a.db", data), ("b/" + 120 * "long" + ".db", b"text")]
    streams = {"gz": gzip.compress(data, mtime=0), "xz": lzma.compress(data),
               "bz2": bz2.compress(data), "zst": run("zstd", "-cq", stdin=data),
               "lz4": run("lz4", "-cq", stdin=data)}
    tars = {"tar": tar_of(one), "gnu.tar": tar_of(two, tarfile.GNU_FORMAT),
            "pax.tar": tar_of(two), "ustar.tar": tar_of(one, tarfile.USTAR_FORMAT)}
    zips = {"zip": zip_of(one, zipfile.ZIP_DEFLATED), "stored.zip": zip_of(two, zipfile.ZIP_STORED),
            "bzip2.zip": zip_of(one, zipfile.ZIP_BZIP2), "lzma.zip": zip_of(one, zipfile.ZIP_LZMA)}
    packed = {**streams, **tars, **zips, "plain": data, "text": b"no snapshot at all\n"}
    packed["two.gz"] = streams["gz"] + gzip.compress(b"more", mtime=0) + bytes(16)
    packed["two.zst"] = streams["zst"] + run("zstd", "-cq", stdin=b"more")
    packed["tar.gz"] = gzip.compress(tars["tar"], mtime=0)
    packed["tar.xz"] = lzma.compress(tars["gnu.tar"])
    packed["zeroes.gz"] = gzip.compress(bytes(2 << 20), mtime=0)
    for name, content in packed.items():
        flags = 2 if name in ("gnu.tar", "pax.tar", "stored.zip") else 1
        put(seeds / "intake", name, bytes([flags]) + content)


def hash_seeds(files, seeds):
    small = files["etcd36-checkpoint"]
    put(seeds / "hash", "valid", small)
    put(seeds / "hash", "absent", small[:-32])
    put(seeds / "hash", "zero", small[:-32] + bytes(32))
    put(seeds / "hash", "cut", small[:-7])
    put(seeds / "hash", "truncated", small[:2048])
    put(seeds / "hash", "no-db", bytes(range(256)) * 2 + bytes(32))


def two_parts(first, second):
    return len(first).to_bytes(4, "little") + first + second


def diff_seeds(files, big, seeds):
    before, after = files["etcd36-uncompacted"], files["etcd36-compact-tombstone"]
    put(seeds / "diff", "same", two_parts(before, before))
    put(seeds / "diff", "unlike", two_parts(before, after))
    put(seeds / "diff", "two-lines", two_parts(files["etcd34-cluster"], files["etcd36-cluster"]))
    put(seeds / "diff", "two-orders", two_parts(files["etcd36-cluster"], big))
    put(seeds / "diff", "bumped", two_parts(files["etcd36-bump"], files["etcd36-checkpoint"]))
    put(seeds / "diff", "cut", two_parts(before, before[:-1024]))


def wal_seeds(seeds):
    """The log again with a record of type crc before its last two, where a second segment would start."""
    log = (seeds / "wal" / "etcd36-restored").read_bytes()[1:]
    frames, at = [], 0
    while (word := int.from_bytes(log[at:at + 8], "little")) != 0:
        size = 8 + (word & (1 << 56) - 1) + (word >> 56 & 7 if word >> 63 else 0)
        frames.append(log[at:at + size])
        at += size
    crc = frames[-3][8:].split(b"\x10", 1)[1].split(b"\x1a", 1)[0]
    record = b"\x08\x04\x10" + crc
    padding = -len(record) % 8
    word = len(record) | ((0x80 | padding) << 56 if padding else 0)
    frames.insert(-2, word.to_bytes(8, "little") + record + bytes(padding))
    put(seeds / "wal", "two-segments", b"\x03" + b"".join(frames))


RESTORES = {
    "defaults": "",
    "one": "m1=http://10.0.0.1:2380\ntoken-1\n\nm1\nhttp://10.0.0.1:2380\n",
    "three": "a=http://10.0.0.1:2380,b=https://[::1]:2380,c=http://h:1,a=unix://socket\n\nc\na\n"
             "unix://socket,http://10.0.0.1:2380\n1000000000",
    "odd-name": "m\u00e9\"\\=http://localhost:2380\nt\u0001\n\nm\u00e9\"\\\n"
                "http://localhost:2380\n9223372036854775807",
}


def restore_seeds(files, seeds):
    for (name, words), file in zip(RESTORES.items(), ("etcd36-cluster", "etcd36-removed-member",
                                                      "etcd36-uncompacted", "etcd34-cluster")):
        put(seeds / "restore", name, two_parts(words.encode(), files[file]))


def main(testdata, seeds, snapscope):
    testdata, seeds = pathlib.Path(testdata), pathlib.Path(seeds)
    for name in SMALL:
        data = load(testdata, name)
        put(seeds / "db", name, data)
        put(seeds / "meta", name, data[:8192])
    files = {name: rebuilt(snapscope, load(testdata, name)) for name in REBUILT}
    for name, data in files.items():
        put(seeds / "db", name + "-1k", data)
    big = rebuilt(snapscope, load(testdata, "etcd36-cluster"), "--byte-order", "big")
    put(seeds / "db", "etcd36-cluster-1k-be", big)
    for name in ("etcd36-cluster", "etcd36-bump", "bbolt-plain", "etcd36-compact-tombstone"):
        put(seeds / "convert", name, files[name])
    for name in ("etcd36-uncompacted", "etcd36-compact-tombstone", "etcd34-cluster", "etcd36-bump"):
        put(seeds / "dump", name, files[name])
    put(seeds / "convert", "etcd36-cluster-be", big)
    put(seeds / "convert", "etcd36-empty", load(testdata, "etcd36-empty"))
    put(seeds / "convert", "bbolt-fresh", load(testdata, "bbolt-fresh"))
    put(seeds / "db", "etcd36-cluster-1k-freelist",
        rebuilt(snapscope, load(testdata, "etcd36-cluster"), "--store-freelist"))
    file = load(testdata, "bbolt-nested-be")
    put(seeds / "meta", "bbolt-nested-be", file[:2048])
    page_seeds(testdata, seeds)
    record_seeds(testdata, seeds)
    json_seeds(files, seeds)
    intake_seeds(files["etcd36-checkpoint"], seeds)
    hash_seeds(files, seeds)
    diff_seeds(files, big, seeds)
    restore_seeds(files, seeds)
    wal_seeds(seeds)


main(*sys.argv[1:])
