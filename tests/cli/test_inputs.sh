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
    expect_eq "$(jq -c '[.kind, .findings[0].id, .findings[0].detail]' "$out")" \
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
expect_eq "$(jq -r '.error.code' "$out")" archive
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

# A transfer padded the file behind its hash: found, said by every command, dropped by convert.
padded="$in/padded.db"
cp "$padded" "$scratch/padded"
cp "$db" "$scratch/whole"
unchanged "$padded" "$db"
digest=d41b587b7bc5082fba34d76c8e1b5cd34a63081df28ef695204813b656a1ec9b
run "$SNAPSCOPE" info --json "$padded"
expect_rc 0
expect_schema info
expect_eq "$(jq -c '.hash | [.state, .covered_len, .found, .padding_len, .padding_byte]' "$out")" \
    "[\"valid\",20480,\"$digest\",992,26]"
expect_eq "$(jq -c '[.answer.restorable, .answer.why]' "$out")" '["skip-hash-check","hash-padded"]'
run "$SNAPSCOPE" info "$padded"
expect_rc 0
expect_out_has 'padding       992 bytes of 0x1a behind the hash'
expect_out_has 'but 992 bytes of padding stand behind it; then with etcd'
run "$SNAPSCOPE" status "$padded"
expect_rc 0
expect_err_eq "snapscope: $padded: trailing SHA-256: valid, followed by 992 bytes of padding (0x1a)"
run "$SNAPSCOPE" status --json "$padded"
expect_rc 0
expect_schema status
expect_eq "$(jq -c '[.trailing_hash, .padding_len, .padding_byte]' "$out")" '["valid",992,26]'
run "$SNAPSCOPE" status --json "$db"
expect_eq "$(jq -c '[.trailing_hash, has("padding_len"), has("padding_byte")]' "$out")" '["valid",false,false]'
run "$SNAPSCOPE" verify "$padded"
expect_rc 0
expect_eq "$(head -n 1 "$out")" \
    "$padded: sound: hash valid, followed by 992 bytes of padding (0x1a), structure and etcd records consistent"
expect_out_has 'hash      valid, followed by 992 bytes of padding (0x1a)'
expect_out_has 'HASH-006 padding stands behind the trailing hash'
run "$SNAPSCOPE" verify --json "$padded"
expect_schema verify
expect_eq "$(jq -c '[.verdict, .hash.padding_len, .hash.padding_byte, (.findings[] | select(.id == "HASH-006") | .severity, .offset)]' "$out")" \
    '["sound",992,26,"warning",20512]'
expect_eq "$(jq -c '[.findings[] | .id]' "$out")" '["HASH-006","ETCD-005"]'
# Without the hash nothing says that it is padding: what stands behind the pages is named as it is.
run "$SNAPSCOPE" verify --only structure,etcd --json "$padded"
expect_eq "$(jq -c '[.findings[] | .id]' "$out")" '["FILE-004","ETCD-005"]'
for args in '' '--threads 1'; do
    # shellcheck disable=SC2086
    run "$SNAPSCOPE" convert --force $args "$padded" -o "$scratch/whole.db"
    expect_rc 0
    expect_err_eq ''
    expect_out_has '992 bytes of padding (0x1a) follow it and'
    expect_eq "$(stat -c %s "$scratch/whole.db")" 20512
    expect_eq "$(cmp "$scratch/whole.db" <(head -c 20512 "$scratch/padded") && echo same)" same
done
run "$SNAPSCOPE" convert --rebuild --force --json "$padded" -o "$scratch/rebuilt.db"
expect_rc 0
expect_schema convert
run "$SNAPSCOPE" restore --data-dir "$scratch/restored" "$padded"
expect_rc 0

# A copy in text mode: named by verify and info, and by whatever refuses the file, in place of hints at its pages.
text="$in/text-mode.db"
unchanged "$text"
run "$SNAPSCOPE" verify "$text"
expect_rc 1
expect_eq "$(head -n 1 "$out")" \
    "$text: damaged by a copy in text mode: hash absent, 2 errors in structure; etcd records not checked"
run "$SNAPSCOPE" verify --json "$text"
expect_rc 1
expect_schema verify
expect_eq "$(jq -c '[.findings[] | [.id, .offset]]' "$out")" \
    '[["HASH-003",20515],["FILE-006",8202],["PAGE-008",8202]]'
expect_eq "$(jq -c '.findings[1] | [.severity, .detail, .have, .expect]' "$out")" \
    '["error","a copy in text mode put 0x0d before each of the 3 bytes 0x0a; without them the SHA-256 at the end is right, so the source is whole; copy it again, in binary mode","20515 bytes","20512 bytes"]'
run "$SNAPSCOPE" info --json "$text"
expect_rc 1
expect_schema info
expect_eq "$(jq -c '.answer | [.restorable, .why, .text]' "$out")" \
    '["no","text-mode","do not restore it: a copy in text mode changed it (0x0d was put before each 0x0a); copy it again, in binary mode"]'
said="snapscope: $text: a copy in text mode changed it: 0x0d stands before each of its 3 bytes 0x0a, and without them its SHA-256 is right
snapscope: try: another copy, in binary mode"
fault="snapscope: $text: page has more elements than its 4096 bytes can hold: 2573, due at most 255 (offset 0x200a, page 2)"
for command in status keys dump members hashkv; do
    run "$SNAPSCOPE" $command "$text"
    expect_rc 3
    expect_eq "$(grep -v -e 'trailing SHA-256' -e 'the list above ends' "$err")" "$fault
$said"
done
run "$SNAPSCOPE" convert "$text" -o "$scratch/text.db"
expect_rc 3
expect_err_has "snapscope: $text: refused: a copy in text mode changed it; copy it again, in binary mode"
expect_eq "$([[ -e "$scratch/text.db" ]] || echo none)" none

# Where a meta page is hit nothing can be walked; where bytes are gone pages stand early.
fixture etcd35-cluster
fixture k8s-small
python3 - "$scratch" <<'PY'
import pathlib, sys
scratch = pathlib.Path(sys.argv[1])
db = (scratch / "etcd35-cluster/snapshot.db").read_bytes()
(scratch / "text-meta").write_bytes(db.replace(b"\n", b"\r\n"))
db = (scratch / "k8s-small/snapshot.db").read_bytes()
(scratch / "text-gone").write_bytes(db.replace(b"\r\n", b"\n"))
at = db.rindex(b"\r\n")  # one pair is left: then it was something else
(scratch / "text-not").write_bytes(db[:at].replace(b"\r\n", b"\n") + db[at:])
PY
unchanged "$scratch"/text-{meta,gone,not} "$scratch"/{etcd35-cluster,k8s-small}/snapshot.db
run "$SNAPSCOPE" info "$scratch/text-meta"
expect_rc 3
expect_out_has 'do not restore it: a copy in text mode changed it (0x0d was put'
expect_err_has "snapscope: $scratch/text-meta: a copy in text mode changed it: 0x0d stands before each of its 64 bytes 0x0a, and without them its SHA-256 is right"
run "$SNAPSCOPE" verify --json "$scratch/text-gone"
expect_rc 1
expect_eq "$(jq -c '.findings[] | select(.id == "FILE-006") | [.page, .offset, .detail]' "$out")" \
    '[15,61439,"from this page on pages stand early, in the end by 66 bytes, and no byte 0x0a has 0x0d before it: a copy in text mode turned 0d 0a into 0a; copy it again, in binary mode"]'
run "$SNAPSCOPE" status "$scratch/text-gone"
expect_rc 3
expect_err_has "snapscope: $scratch/text-gone: a copy in text mode changed it: pages stand early from offset 0xefff on, and no byte 0x0a has 0x0d before it any more"
run "$SNAPSCOPE" verify --json "$scratch/text-not"
expect_rc 1
expect_eq "$(jq -c '[.findings[] | select(.id == "FILE-006")]' "$out")" '[]'

# Numbers at their end: an error to verify as to info, and the data are whole: what is written says on what it starts.
for case in txid-end revision-end; do
    "$SS_SOURCE_DIR/tests/damage/patch.py" apply "$case" "$SS_SOURCE_DIR/testdata" "$scratch/$case"
    unchanged "$scratch/$case"
    run "$SNAPSCOPE" verify --json "$scratch/$case"
    expect_rc 1
    expect_schema verify
    run "$SNAPSCOPE" info --json "$scratch/$case"
    expect_rc 1
    expect_eq "$(jq -c '[.answer.restorable, .answer.why]' "$out")" '["no","no-release"]'
    run "$SNAPSCOPE" restore --dry-run --data-dir "$scratch/end" "$scratch/$case"
    expect_rc 0
    if [[ $case == txid-end ]]; then
        expect_out_has 'starts on  etcd 3.4, 3.5, 3.6, 3.7'
    else
        expect_out_has 'not on     etcd 3.7: no put succeeds'
    fi
    run "$SNAPSCOPE" convert --rebuild --force "$scratch/$case" -o "$scratch/end.db"
    expect_rc 0
done
run "$SNAPSCOPE" info "$scratch/end.db"
expect_rc 1
run "$SNAPSCOPE" convert --rebuild --force "$scratch/txid-end" -o "$scratch/end.db"
expect_rc 0
run "$SNAPSCOPE" verify "$scratch/end.db"
expect_rc 0

# What is cut says what is missing, wherever it ends: in a page, at the end of one, 32 bytes behind a block.
for len in 12288 12320 12800 15000 20000; do
    run bash -c 'head -c "$1" "$2" | "$3" verify -' - "$len" "$scratch/whole" "$SNAPSCOPE"
    expect_rc 1
    expect_out_has "hash      cut: the file ends $((20480 - len)) bytes before its database does"
done
for len in 1 17 31; do
    run bash -c 'head -c "$1" "$2" | "$3" verify -' - $((20480 + len)) "$scratch/whole" "$SNAPSCOPE"
    expect_rc 1
    expect_out_has "hash      cut: the file has $len of 32 bytes"
done

# 6 TB of which all but the pages are holes: nothing reads them.
cp "$db" "$scratch/sparse.db"
unchanged "$db"
truncate -s 6T "$scratch/sparse.db"
run "$SNAPSCOPE" info "$scratch/sparse.db"
expect_rc 0
expect_out_has 'hash          valid: SHA-256 of the 20480 bytes before it'
expect_out_has 'padding       6597069746144 bytes of 0x00 behind the hash'
run "$SNAPSCOPE" verify "$scratch/sparse.db"
expect_rc 0
truncate -s 20480 "$scratch/sparse.db"
truncate -s 6T "$scratch/sparse.db"
for command in verify status buckets pages; do
    run "$SNAPSCOPE" $command "$scratch/sparse.db"
    expect_rc 0
done
run "$SNAPSCOPE" info --json "$scratch/sparse.db"
expect_eq "$(jq -c '[.hash.state, .answer.why]' "$out")" '["absent","hash-absent"]'
truncate -s $((6 * (1 << 40) + 32)) "$scratch/sparse.db"
run "$SNAPSCOPE" verify --json "$scratch/sparse.db"
expect_rc 1
expect_schema verify
expect_eq "$(jq -c '[.hash.state, [.findings[] | select(.severity == "error").id]]' "$out")" '["zero",["HASH-002"]]'
run "$SNAPSCOPE" status "$scratch/sparse.db"
expect_rc 1

# --threads 1 is one thread, also for what is hashed while it comes; with 2 some are started.
fixture etcd36-16k
wide="$scratch/stream.db" # which cat reads
cp "$scratch/etcd36-16k/snapshot.db" "$wide"
unchanged "$scratch/etcd36-16k/snapshot.db"
shim="$scratch/fault.so"
"${SS_CC:-cc}" -std=c17 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -Wall -Wextra -Werror -shared -fPIC -O1 -o "$shim" \
    "$SS_SOURCE_DIR/tests/faults/fault.c" -ldl
# started THREADS COMMAND [ARGUMENT...]: how many it starts for a stream
started() {
    local threads=$1 command=$2
    shift 2
    rm -f "$scratch/calls"
    run bash -c 'cat "$1" | env LD_PRELOAD="$2" SS_FAULT=count SS_FAULT_LOG="$3" "${@:4}"' - "$wide" "$shim" "$scratch/calls" \
        "$SNAPSCOPE" "$command" --threads "$threads" "$@" -
    expect_rc 0
    count=$(sed -n 's/^thread //p' "$scratch/calls")
}
export ASAN_OPTIONS="${ASAN_OPTIONS:-}:verify_asan_link_order=0"
run "$SNAPSCOPE" help --json
mapfile -t threaded < <(jq -r '.commands[] | select(any(.options[]; .name == "threads")).name' "$out")
expect_eq "$((${#threaded[@]} >= 6))" 1 'commands with --threads'
for command in "${threaded[@]}"; do
    case $command in
    convert) command+=' -o -' ;;
    restore) command+=" --dry-run --data-dir $scratch/alone" ;;
    salvage) command+=" --dry-run" ;;
    esac
    # shellcheck disable=SC2086
    started 1 $command
    expect_eq "$count" 0 "threads of $command"
    # shellcheck disable=SC2086
    started 2 $command
    expect_eq "$((count > 0))" 1 "threads of $command where two are allowed"
done

summary
