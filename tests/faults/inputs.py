"""The files that the fault suite reads, made from fixtures: real ones, and one with a broken page."""
import gzip
import hashlib
import io
import lzma
import bz2
import pathlib
import subprocess
import tarfile
import zipfile
import zlib

FIXTURES = {
    "cluster": "etcd36-cluster/snapshot.db.zst",
    "three_a": "etcd36-three/a/snapshot.db.zst",
    "three_c": "etcd36-three/c/snapshot.db.zst",
    "history": "etcd36-history/snapshot.db.zst",
    "member": "etcd36-member/member.db.zst",
}
LONG_LEN = 16 << 20


def unpack(path):
    return subprocess.run(["zstd", "-dcq", str(path)], check=True, stdout=subprocess.PIPE).stdout


def piped(data, *command):
    return subprocess.run(command, check=True, input=data, stdout=subprocess.PIPE).stdout


def damaged(data):
    """Page 4, the second leaf of `key`, has no known type; the hash no longer fits."""
    broken = bytearray(data)
    broken[4 * 4096 + 8] = 0x20
    return bytes(broken)


def prolonged(data):
    """Without its hash, with zeroes behind it, and a hash over all: long enough that parts of it are read (pieces.h)."""
    body = data[:-32].ljust(LONG_LEN, b"\0")
    return body + hashlib.sha256(body).digest()


def older(data):
    """Its pages alone; the newest root, page 19, is lost, and the older meta's tree whole."""
    pages = bytearray(data[:20 * 4096])
    pages[19 * 4096:] = bytes(4096)
    return bytes(pages)


def tar(data):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        entry = tarfile.TarInfo("cluster.db")
        entry.size = len(data)
        archive.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def zipped(data):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("cluster.db"), data)
    return out.getvalue()


def make(testdata, folder):
    """Writes them to `folder`; {name: path}."""
    contents = {name: unpack(pathlib.Path(testdata) / at) for name, at in FIXTURES.items()}
    small = contents["cluster"]
    contents.update({
        "damaged": damaged(small),
        "long": prolonged(small),
        "older": older(contents["member"]),
        "secret": b"a key of thirty-two known bytes.",
        "bare": small[:-32],
        "text": small.replace(b"\n", b"\r\n"),
        "zlib": zlib.compress(small),
        "compressed": piped(tar(small), "bsdtar", "-Z", "-cf", "-", "@-"),
        "gz": gzip.compress(small, mtime=0),
        "zst": piped(small, "zstd", "-qc"),
        "xz": lzma.compress(small),
        "bz2": bz2.compress(small),
        "lz4": piped(tar(small), "bsdtar", "--lz4", "-cf", "-", "@-"),
        "tar": tar(small),
        "tar_gz": gzip.compress(tar(small), mtime=0),
        "zip": zipped(small),
    })
    paths = {}
    for name, data in contents.items():
        paths[name] = str(pathlib.Path(folder) / name)
        pathlib.Path(paths[name]).write_bytes(data)
    return paths
