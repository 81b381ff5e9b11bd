"""The jobs that are measured: what we run, what the peer runs, and how much of its time we may take.

Words in braces are filled in by Files.words(): {db} the snapshot, {later} one that continues it, {other}
the later one in other pages, {changed} one with the same keys, each with another value; {peer_db}, {peer_later},
{peer_changed} the peers' copies; {out}, {peer_out} new paths on one
file system; the programs; {key} a live key.
"""

import dataclasses

SAME = "etcdutl snapshot status, twice"


@dataclasses.dataclass(frozen=True)
class Job:
    """One row. A command is one string, split at blanks before it is filled in."""

    name: str
    ours: str
    peer_name: str = ""
    peer: tuple = ()
    target: float = 0.0  # at most this part of the peer's seconds; 0: none is set
    reads: tuple = ("db",)  # whose live keys count for own memory, too
    codes: tuple = (0,)
    writes: bool = False
    bounds: tuple = ()  # rows of limits.py: what the job must do at the least


SHA = ("map and SHA-256",)
CRC = ("map and CRC-32C",)
SUM = ("map and sum, two threads",)
TOUCH = ("map and touch, two threads",)
WRITE = ("map and SHA-256", "write and sync")

STATUS = "{etcdutl36} snapshot status {peer_db}"
TWICE = (STATUS, "{etcdutl36} snapshot status {peer_later}")
TWICE_CHANGED = (STATUS, "{etcdutl36} snapshot status {peer_changed}")
OPENSSL = ("openssl dgst -sha256 {peer_db}",)
ITERATE = "{etcd_dump_db} iterate-bucket {peer_db} key"
COPY = "dd if={peer_db} of={peer_out} bs=1M conv=fsync status=none"
COMPACT = ("{bbolt} compact --no-sync -o {peer_out} {peer_db}", "openssl dgst -sha256 {peer_out}")

TABLE = (
    Job("verify", "{ours} verify {db}", "openssl dgst -sha256", OPENSSL, 1.10, bounds=SHA),
    Job("status", "{ours} status {db}", "openssl dgst -sha256", OPENSSL, 1.10, bounds=SHA),
    Job("verify --only structure", "{ours} verify --only structure {db}", "bbolt check",
        ("{bbolt} check {peer_db}",), 0.20, bounds=TOUCH),
    # The peer computes no SHA-256: this is what it does.
    Job("status --skip-hash-check", "{ours} status --skip-hash-check {db}", "etcdutl snapshot status", (STATUS,), 0.12,
        bounds=CRC),
    Job("hashkv", "{ours} hashkv {db}", "etcdutl hashkv (3.7)", ("{etcdutl37} hashkv {peer_db}",), 0.08, bounds=CRC),
    Job("dump --revisions", "{ours} dump --revisions {db}", "etcd-dump-db iterate-bucket key", (ITERATE,), 0.05, bounds=SUM),
    Job("diff, every key changed", "{ours} diff {db} {changed}", SAME, TWICE_CHANGED, 0.25, reads=("db", "changed"),
        codes=(1,), bounds=SUM),
    Job("diff --format ndjson, every key changed", "{ours} diff --format ndjson {db} {changed}", SAME, TWICE_CHANGED, 0.25,
        reads=("db", "changed"), codes=(1,), bounds=SUM),
    # Ours hashes its output, which bbolt does not: openssl does it for it.
    Job("convert --rebuild", "{ours} convert --rebuild -o {out} {db}", "bbolt compact --no-sync, openssl dgst", COMPACT, 0.50,
        writes=True, bounds=WRITE),
    Job("restore", "{ours} restore --data-dir {out} {db}", "etcdutl snapshot restore",
        ("{etcdutl36} snapshot restore --data-dir {peer_out} {peer_db}",), 0.40, writes=True, bounds=WRITE),
)

EXTRA = (
    Job("salvage --dry-run", "{ours} salvage --dry-run {db}", bounds=SHA),
    Job("salvage", "{ours} salvage -o {out} {db}", writes=True, bounds=WRITE),
    Job("verify --threads 1", "{ours} verify --threads 1 {db}", bounds=SHA),
    Job("diff of 3000 changes", "{ours} diff {db} {later}", SAME, TWICE, reads=("db", "later"), codes=(0, 1), bounds=SUM),
    Job("diff of other pages", "{ours} diff {db} {other}", SAME, TWICE, reads=("db", "later"), codes=(0, 1), bounds=SUM),
    Job("diff --revisions", "{ours} diff --revisions {db} {later}", SAME, TWICE, reads=("db", "later"),
        codes=(0, 1)),
    Job("diff --revisions, other pages", "{ours} diff --revisions {db} {other}", SAME, TWICE,
        reads=("db", "later"), codes=(0, 1)),
    Job("dump", "{ours} dump {db}", "etcd-dump-db iterate-bucket key", (ITERATE,), bounds=SUM),
    Job("dump --format tar", "{ours} dump --format tar {db}", bounds=SUM),
    Job("convert", "{ours} convert -o {out} {db}", "dd conv=fsync", (COPY,), writes=True, bounds=WRITE),
    Job("pages", "{ours} pages {db}", "bbolt pages", ("{bbolt} pages {peer_db}",), bounds=TOUCH),
    Job("info", "{ours} info {db}", bounds=SHA),
    Job("get", "{ours} get {db} {key}", bounds=TOUCH),
    Job("history", "{ours} history {db} {key}", bounds=TOUCH),
)

# The commands that read little, or nothing that grows: their memory counts.
SMALL = (
    Job("keys", "{ours} keys {db} key"),
    Job("buckets", "{ours} buckets {db}"),
    Job("page", "{ours} page {db} 3"),
    Job("members", "{ours} members {db}"),
    Job("leases", "{ours} leases {db}"),
    Job("alarms", "{ours} alarms {db}"),
    Job("auth", "{ours} auth {db}"),
    Job("meta", "{ours} meta {db}"),
)

ALL = TABLE + EXTRA + SMALL

# Of these, growth leaves out what differs from another row by nothing that grows.
GROWTH = tuple(job for job in ALL if "{later}" not in job.ours and "{changed}" not in job.ours)

# From a cold page cache, and what reading the file costs at the least.
COLD = (
    Job("verify", "{ours} verify {db}"),
    Job("status", "{ours} status {db}"),
    Job("hashkv", "{ours} hashkv {db}"),
    Job("dump --revisions", "{ours} dump --revisions {db}"),
    Job("dump", "{ours} dump {db}"),
    Job("openssl dgst -sha256", "openssl dgst -sha256 {db}"),
    Job("dd to /dev/null", "dd if={db} of=/dev/null bs=1M status=none"),
)

# From a pipe.
SLOW = (
    Job("verify", "{ours} verify -"),
    Job("status", "{ours} status -"),
    Job("dump --revisions", "{ours} dump --revisions -"),
    Job("dump", "{ours} dump -"),
    Job("convert", "{ours} convert -o {out} -", writes=True),
    Job("convert --rebuild", "{ours} convert --rebuild -o {out} -", writes=True),
    Job("restore", "{ours} restore --data-dir {out} -", writes=True),
    Job("openssl dgst -sha256", "openssl dgst -sha256"),
)
