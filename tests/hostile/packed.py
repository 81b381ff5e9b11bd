"""Compressed and archived input that is not what it seems, and sparse files.

Streams are made by the tools of the system, archives by Python and, where it would refuse to, byte by byte.
"""
import bz2
import gzip
import io
import lzma
import os
import pathlib
import re
import subprocess
import tarfile
import tempfile
import warnings
import zipfile

from files import EVIL, FILES, small
from image import Image
from names import first_raw

LIMIT = 16 << 20
LIMIT_WORDS = ("the input gives more than the 16777216 bytes that may be unpacked or copied to a temporary file",
               "try: raise the bound with --unpacked-limit SIZE")


def database():
    return Image().etcd(small())


def zeroes(total):
    """Zeroes in pieces: a bomb's contents never lie in memory."""
    for _ in range(total >> 20):
        yield bytes(1 << 20)


def by_tool(path, total, *command):
    with open(path, "wb") as out:
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=out) as tool:
            for piece in zeroes(total):
                tool.stdin.write(piece)
            tool.stdin.close()


def by_zip(path, total):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("zeroes.db", "w", force_zip64=True) as out:
        for piece in zeroes(total):
            out.write(piece)


BOMBS = {"gzip": ("gzip", "-c"), "zstd": ("zstd", "-q", "-c"), "xz": ("xz", "-0", "-c"), "bzip2": ("bzip2", "-1", "-c"), "lz4": None}


class Place:
    """A folder with a TMPDIR in it that must be empty again."""

    def __init__(self, runner):
        self.runner = runner
        self.folder = tempfile.TemporaryDirectory(dir=runner.scratch)
        self.path = pathlib.Path(self.folder.name)
        (self.path / "tmp").mkdir()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.folder.cleanup()

    def run(self, *args, **more):
        done = self.runner.run(*args, env={"TMPDIR": str(self.path / "tmp")}, **more)
        self.runner.same(f"{args}: left in TMPDIR", os.listdir(self.path / "tmp"), [])
        self.runner.same(f"{args}: raw bytes", first_raw(done.stderr), None)
        return done

    def refused(self, *args, words, **more):
        """Exit code 3, and these words."""
        done = self.run(*args, codes=(3,), **more)
        for word in (words,) if isinstance(words, str) else words:
            self.runner.same(f"{args}: says {word!r} among {done.stderr!r}", word in done.stderr.decode(), True)

    def sound(self, *args, **more):
        done = self.run("verify", *args, codes=(0,), **more)
        self.runner.same(f"{args}: verdict", b": sound: hash valid" in done.stdout, True)


def test_bombs(runner, _name):
    """128 MiB of zeroes in a few KB: stopped at the limit, whichever way they come."""
    total = 128 << 20
    with Place(runner) as place:
        bomb = place.path / "bomb"
        for kind, command in BOMBS.items():
            if command is None:
                bomb.write_bytes(lz4_zeroes(total))
            else:
                by_tool(bomb, total, *command)
            runner.same(f"{kind}: is small", bomb.stat().st_size < total // 100, True)
            for command in ("status", "info", "dump", "members", "pages"):
                place.refused(command, "--unpacked-limit", "16M", bomb, words=LIMIT_WORDS)
            with open(bomb, "rb") as stream:
                place.refused("status", "--unpacked-limit", "16M", "-", stdin=stream, words=LIMIT_WORDS)
            place.refused("status", bomb, words="no bbolt file, but zeroes")
        by_zip(bomb, total)
        place.refused("status", "--unpacked-limit", "16M", bomb, words=LIMIT_WORDS)
        place.refused("status", bomb, words="no bbolt file, but zeroes")
        sound = place.path / "sound.gz"
        data = database()
        sound.write_bytes(gzip.compress(data))
        place.sound("--unpacked-limit", str(len(data)), sound)
        place.refused("verify", "--unpacked-limit", str(len(data) - 1), sound,
                      words=f"the input gives more than the {len(data) - 1} bytes")
        with open("/dev/zero", "rb") as endless:
            place.refused("status", "--unpacked-limit", "16M", "-", stdin=endless, words=LIMIT_WORDS)
        done = place.run("status", bomb, codes=(4,), file_len=LIMIT)
        runner.same("a full disk", re.search(
            rb"the temporary file in .* cannot be written: File too large", done.stderr) is not None, True)


def lz4_zeroes(total):
    """Legacy frames as the kernel's: blocks of 8 MiB of zeroes, each a literal and one long match."""
    size = 8 << 20
    match = size - 1 - 12
    block = bytes([0x1F, 0, 1, 0]) + b"\xff" * ((match - 19) // 255) + bytes([(match - 19) % 255])
    block += bytes([12 << 4]) + bytes(12)
    return b"\x02\x21\x4c\x18" + (len(block).to_bytes(4, "little") + block) * (total // size)


def test_nested(runner, _name):
    """One compression and one archive are undone, and not what is in them."""
    data = database()
    with Place(runner) as place:
        path = place.path / "nested"
        path.write_bytes(gzip.compress(gzip.compress(gzip.compress(data))))
        place.refused("status", path, words="no bbolt file, but gzip")
        path.write_bytes(gzip.compress(tar_of([("a.db.xz", lzma.compress(data))])))
        place.refused("status", path, words="no bbolt file, but xz")
        path.write_bytes(tar_of([("b.tar", tar_of([("a.db", data)]))]))
        place.refused("status", path, words="no bbolt file, but tar")
        path.write_bytes(zip_of([("a.zip", zip_of([("a.db", data)]))]))
        place.refused("status", path, words="no bbolt file, but zip")
        path.write_bytes(bz2.compress(zip_of([("a.db", data)])))
        place.sound(path)
        # A gzip stream that holds itself without end starts like this one: members one behind the other.
        path.write_bytes(gzip.compress(b"") * 100000 + gzip.compress(data))
        place.sound(path)


def tar_of(members, **more):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", **more) as archive:
        for name, data in members:
            entry = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def zip_of(members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return out.getvalue()


def special(name, kind, link=""):
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname, entry.devmajor, entry.devminor = kind, link, 1, 5
    return entry


def test_members(runner, _name):
    """Members are read, never made: whatever their names and kinds, nothing appears on the disk."""
    data = database()
    others = [(special("link", tarfile.SYMTYPE, "/etc/passwd"), b""), (special("hard", tarfile.LNKTYPE, "/etc/passwd"), b""),
              (special("device", tarfile.CHRTYPE), b""), (special("block", tarfile.BLKTYPE), b""),
              (special("fifo", tarfile.FIFOTYPE), b""), (special("folder", tarfile.DIRTYPE), b"")]
    with Place(runner) as place:
        path = place.path / "archive"
        for name in ("../../../../tmp/up.db", "/etc/absolute.db", "a/../../b.db", "//c.db", "..", "."):
            for pack in (tar_of, zip_of):
                path.write_bytes(pack([(name, data)]))
                place.sound(path)
                place.sound("--member", name, path)
        path.write_bytes(tar_of(others + [("snapshot.db", data)]))
        place.sound(path)
        for entry, _ in others:
            place.refused("status", "--member", entry.name, path, words=f"the archive holds no file {entry.name}, but: snapshot.db")
        path.write_bytes(tar_of(others))
        place.refused("status", path, words="the archive holds no file")
        for pack in (tar_of, zip_of):
            with warnings.catch_warnings():  # Python's zipfile would rather not
                warnings.simplefilter("ignore")
                path.write_bytes(pack([("a.db", data), ("a.db", b"another")]))
            place.refused("status", path, words="the archive holds 2 files, and none was named: a.db")
            place.refused("status", "--member", "a.db", path, words="the archive holds 2 files named a.db, of which any may be meant")
        path.write_bytes(tar_of([("n" * 1000000, data)], format=tarfile.PAX_FORMAT))
        place.sound(path)
        path.write_bytes(tar_of([("n" * 1000000, data), ("m" * 1000000, data)], format=tarfile.PAX_FORMAT))
        place.refused("status", path, words="the archive holds 2 files")
        path.write_bytes(tar_of([(f"{i}.db", b"") for i in range(100000)]))
        place.refused("status", path, words=("the archive holds 100000 files, and none was named: 0.db (0 bytes), 1.db",
                                             "name one of them with --member NAME"))
        evil = EVIL.replace(b"\0", b"").decode("utf-8", "surrogateescape")
        path.write_bytes(tar_of([(evil, data), (evil + "2", data)], encoding="utf-8", errors="surrogateescape"))
        place.refused("status", path, words="the archive holds 2 files")
        place.refused("info", "--member", "no" + evil, path, words="the archive holds no file")
        runner.same("what is in the folder", sorted(os.listdir(place.path)), ["archive", "tmp"])


def header(name, size_field, kind=b"0"):
    """A tar header whose size says what it likes."""
    block = bytearray(512)
    block[:len(name)] = name
    block[100:108], block[124:136], block[156:157], block[257:265] = b"0000644\0", size_field, kind, b"ustar\x0000"
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def blocks(data):
    return data.ljust((len(data) + 511) // 512 * 512, b"\0")


def test_tar_sizes(runner, _name):
    """Sizes that are not so, sparse members of any length, and headers about headers."""
    data = database()
    octal = b"%011o\0" % len(data)
    with Place(runner) as place:
        path = place.path / "t.tar"
        for size in (b"77777777777\0", b"\x80" + b"\xff" * 11, b"\xff" * 12, b"\x80" + bytes(3) + b"\x7f" + b"\xff" * 7, b"%011o\0" % (len(data) + 2048)):
            path.write_bytes(header(b"a.db", size) + blocks(data) + bytes(1024))
            place.refused("status", path, words="")
        path.write_bytes(header(b"a.db", octal) + blocks(data)[:-512])
        place.refused("status", path, words="the tar data is damaged")
        for kind in b"x", b"g", b"L", b"K":
            body = b"11 path=ab\n" if kind in b"xg" else b"abc\0"
            more = header(b"more", b"%011o\0" % len(body), kind) + blocks(body)
            path.write_bytes(more * 50000 + header(b"a.db", octal) + blocks(data) + bytes(1024))
            place.refused("status", path, words="the tar data is damaged")
            path.write_bytes(header(b"more", b"%011o\0" % (1 << 31), kind) + bytes(2048))
            place.refused("status", path, words="the tar data is damaged")
        # GNU's sparse format 1.0: a map in front of the data, and a size that the map need not reach: what is
        # behind is zeroes, padding behind a hash that fits
        for real, limit_reached in ((len(data) + (1 << 20), False), (1 << 40, True), (2**63 - 1, True)):
            sparse = f"1\n0\n{len(data)}\n".encode().ljust(512, b"\0") + data
            records = b"".join(pax(name, value) for name, value in (
                (b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"), (b"GNU.sparse.name", b"a.db"),
                (b"GNU.sparse.realsize", b"%d" % real)))
            path.write_bytes(header(b"pax", b"%011o\0" % len(records), b"x") + blocks(records) +
                             header(b"a.db", b"%011o\0" % len(sparse)) + blocks(sparse) + bytes(1024))
            if limit_reached:
                place.refused("status", path, words="the input gives more than the 68719476736 bytes")
            else:
                place.run("status", path, codes=(0,))


def pax(name, value):
    length = len(name) + len(value) + 3
    while len(str(length)) + len(name) + len(value) + 3 != length:
        length = len(str(length)) + len(name) + len(value) + 3
    return b"%d %s=%s\n" % (length, name, value)


def test_sparse(runner, _name):
    """A file of 1 TiB that has a few KB: what needs no page of it ends at once; memory is two bits a page, or five bytes."""
    size = 1 << 40
    with Place(runner) as place:
        path = place.path / "sparse.db"
        path.write_bytes(Image().etcd(small(), high_water=size // 4096, hashed=False))
        try:
            os.truncate(path, size)
        except OSError as error:
            print(f"SKIPPED: no file of 1 TiB here: {error}")
            return
        for command in (["info"], ["members"], ["buckets"], ["dump"], ["hashkv"], ["status", "--skip-hash-check"],
                        ["verify", "--only", "structure,etcd"], ["keys", path, "key"], ["get", path, "/k/00000005"],
                        ["history", path, "/k/00000005"], ["dump", "--all-buckets"], ["diff", path, path]):
            place.run(*(command if path in command else [*command, path]), bytes_len=size, codes=(0,))
        place.run("restore", "--dry-run", path, bytes_len=size, codes=(3,))
        place.run("page", path, "2", bytes_len=size, codes=(0, 4))  # an owner of each page: 1.25 GiB, if it is there


def test_decoders(runner, _name):
    """What a stream asks its decoder to hold is the decoder's bound, not the stream's word."""
    with Place(runner) as place:
        path = place.path / "packed"
        path.write_bytes(bytes.fromhex("28b52ffd" "00" "a8") + bytes(8))  # a window of 2 GiB
        place.refused("status", path, words="the zstd data asks for more memory than is given to unpack it")
        path.write_bytes(lzma.compress(bytes(1 << 20), filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 20}]))
        place.refused("status", path, words="no bbolt file, but zeroes")
        path.write_bytes(bytes.fromhex("fd377a585a000000ff12d941") + bytes(100))
        place.refused("status", path, words="the xz data is damaged")


TESTS = {"bombs": test_bombs, "nested": test_nested, "members": test_members, "tar-sizes": test_tar_sizes, "sparse": test_sparse,
         "decoders": test_decoders}
