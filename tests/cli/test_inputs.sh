#!/usr/bin/env bash
# What a file is, before anything is read of it: formats that are packed, that are known, that are none.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

fixture inputs
fixture etcd36-empty
in="$scratch/inputs"
db="$scratch/etcd36-empty/snapshot.db"
answer='answer        restorable as it is with etcd 3.4, 3.5, 3.6 and 3.7'

# is_kind FILE KIND MESSAGE: info names it, and every other command refuses it in the same words
is_kind() {
    run "$SNAPSCOPE" info "$1"
    expect_rc 3
    expect_out_has "kind          $2"
    expect_err_eq "snapscope: $1: $3 (offset 0x0)"
    run "$SNAPSCOPE" info --json "$1"
    expect_rc 3
    expect_schema info
    expect_eq "$(jq -c '[.kind, .error.code, .error.offset]' "$out")" "[\"$2\",\"not-bbolt\",0]"
    run "$SNAPSCOPE" verify --json "$1"
    expect_rc 3
    expect_schema verify
    expect_eq "$(jq -c '[.files[0].kind, .files[0].findings[0].id, .files[0].findings[0].detail]' "$out")" \
        "$(jq -cn --arg kind "$2" --arg text "$3" '[$kind, "FILE-002", $text]')"
    run "$SNAPSCOPE" dump "$1"
    expect_rc 3
    expect_out_eq ''
    expect_err_has "$1: $3 (offset 0x0)"
}

# A stored member that starts at a page's offset is no meta page.
run "$SNAPSCOPE" info --json "$in/stored-aligned.zip"
expect_rc 0
expect_schema info
expect_eq "$(jq -c '[.kind, .packing, .packed_len, .len, .hash.state, .answer.restorable]' "$out")" \
    '["bbolt","zip",32838,24608,"valid","yes"]'
run "$SNAPSCOPE" verify "$in/stored-aligned.zip"
expect_rc 0

# Files of a member's data directory, and of a backup tool.
is_kind "$in/raft.snap" raft-snapshot \
    'no bbolt file, but raft-snapshot, a raft snapshot of an etcd member: the keys are in member/snap/db'
is_kind "$in/raft.wal" raft-wal \
    "no bbolt file, but raft-wal, a segment of an etcd member's write-ahead log: the keys are in member/snap/db"
delta='no bbolt file, but gardener-delta, a delta snapshot of etcd-backup-restore: a list of events, of use only with the full snapshot before it'
python3 - "$scratch" "$db" <<'PY'
import gzip, hashlib, pathlib, sys, zlib
scratch, db = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]).read_bytes()
events = b'[{"etcdEvent":{"Type":0,"Kv":{"key":"YQ==","value":"Yg=="}},"time":"2024-05-06T07:08:09Z"}]'
events += hashlib.sha256(events).digest()
(scratch / "delta").write_bytes(events)
(scratch / "delta.gz").write_bytes(gzip.compress(events))
(scratch / "delta.zlib").write_bytes(zlib.compress(events))
for level in (0, 1, 6, 9):
    (scratch / f"db{level}.zlib").write_bytes(zlib.compress(db, level))
packed = gzip.compress(db, 0)  # stored blocks: what comes out is known to the byte
(scratch / "cut.gz").write_bytes(packed[:10015])
(scratch / "changed.gz").write_bytes(packed[:-8] + bytes(4) + packed[-4:])
(scratch / "wide.zst").write_bytes(b"\x28\xb5\x2f\xfd\0\x90\x09\0\0x")
PY
unchanged "$scratch"/{delta,delta.gz,delta.zlib,db0.zlib,cut.gz,changed.gz,wide.zst} "$db"
for file in delta delta.gz delta.zlib; do
    is_kind "$scratch/$file" gardener-delta "$delta"
done

# zlib, at every level.
for level in 0 1 6 9; do
    run "$SNAPSCOPE" info "$scratch/db$level.zlib"
    expect_rc 0
    expect_out_has 'packing       zlib,'
    expect_out_has "$answer"
done
run bash -c '"$1" verify - <"$2"' - "$SNAPSCOPE" "$scratch/db6.zlib"
expect_rc 0

# What is cut says how much of it came out, and what to do.
try='snapscope: try: another copy; gzip -dc, or what else unpacks it, saves what comes out before the damage, and snapscope verify says what that is worth'
run "$SNAPSCOPE" info "$scratch/cut.gz"
expect_rc 3
expect_out_eq ''
expect_err_eq "snapscope: $scratch/cut.gz: the gzip data is damaged near its byte 10015: it ends early; the first 10000 bytes of what it holds came out
$try"
run "$SNAPSCOPE" verify --json "$scratch/cut.gz"
expect_rc 3
expect_schema verify
expect_eq "$(jq -r '.files[0].error.code' "$out")" archive
run "$SNAPSCOPE" info "$scratch/changed.gz"
expect_rc 3
expect_err_has "the first 20512 bytes of what it holds came out"

# A decoder's bound is no damage, and no option of ours raises it.
run "$SNAPSCOPE" info --json "$scratch/wide.zst"
expect_rc 3
expect_schema info
expect_eq "$(jq -r .error.code "$out")" limit
expect_err_eq "snapscope: $scratch/wide.zst: the zstd data asks for more memory than is given to unpack it; nothing is known to be damaged, and zstd -d --long=31 unpacks it"

# A file of /proc has a size of 0, and bytes all the same.
run "$SNAPSCOPE" info --json /proc/self/status
expect_rc 3
expect_eq "$(jq -c '[.kind, .spooled, .len > 100]' "$out")" '["text",true,true]'

# A folder on the way to a member's database.
mkdir -p "$scratch/m/member/snap" "$scratch/none"
cp "$db" "$scratch/m/member/snap/db"
unchanged "$db" "$scratch/m/member/snap/db"
for dir in m m/ m/member m/member/snap; do
    run "$SNAPSCOPE" status "$scratch/$dir"
    expect_rc 3
    expect_out_eq ''
    expect_err_eq "snapscope: $scratch/$dir: cannot be read as a file; of a member's data directory the database is member/snap/db: Is a directory
snapscope: try: $scratch/m/member/snap/db"
done
run "$SNAPSCOPE" status "$scratch/none"
expect_rc 3
expect_err_eq "snapscope: $scratch/none: cannot be read as a file; of a member's data directory the database is member/snap/db: Is a directory"

# No temporary file: it is the system that failed, and the message names the folder and who chose it.
for sandbox in '' --no-sandbox; do
    # shellcheck disable=SC2086
    TMPDIR="$scratch/gone" run "$SNAPSCOPE" info $sandbox "$scratch/db6.zlib"
    expect_rc 4
    expect_err_has "$scratch/db6.zlib: no temporary file can be made in $scratch/gone (TMPDIR names this folder): No such file or directory"
done
TMPDIR="$scratch" run bash -c 'ulimit -f 8; trap "" XFSZ; "$1" info "$2"' - "$SNAPSCOPE" "$scratch/db6.zlib"
expect_rc 4
expect_err_has "the temporary file in $scratch (TMPDIR names this folder) cannot be written: File too large"

summary
