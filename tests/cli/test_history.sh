#!/usr/bin/env bash
# snapscope history
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/cases.sh"

fixture etcd36-history
fixture etcd36-compact-tombstone
fixture etcd36-empty
fixture bbolt-plain
db="$scratch/etcd36-history/snapshot.db"
damaged "$db"

common_cases "$db" history counter
refused meta "$scratch/metas.db" "$metas_fault" history counter

# Two generations around a deletion, and values below their revisions.
run "$SNAPSCOPE" history "$db" /registry/pods/ns-0/inlet-60
expect_rc 0
expect_err_eq ''
expect_out_eq '/registry/pods/ns-0/inlet-60
  REVISION  GEN  VERSION     BYTES             LEASE  EVENT
     410.0    1        1        88                    created
     525.0    1                                       deleted
     538.0    2        1        79                    created

compacted at revision 431: of what came before, each key'\''s last put may be left, and
of keys that were deleted before it, nothing'
run "$SNAPSCOPE" history --values "$db" leased/detached
expect_rc 0
expect_out_has '     456.0    1        1        11  1234567890abcdef  created'
expect_eq "$(sed -n 4p "$out")" '    had a lease'
run "$SNAPSCOPE" history --json --values "$db" leased/detached
expect_rc 0
expect_schema history
expect_eq "$(jq -c '[.count, .key_count, .generation_count, .tombstone_count, .missing_count, .revision,
    .compacted, .complete]' "$out")" '[2,1,1,0,0,547,431,true]'
expect_out_has '"lease":"1234567890abcdef",'

# What compaction took is told by the version of what it left.
run "$SNAPSCOPE" history "$db" counter
expect_rc 0
expect_out_has 'put; created at 258, 19 puts compacted'

# Keys that no command line can hold as text, and a mutilated one.
run "$SNAPSCOPE" history --json --key-format hex "$db" 00
expect_rc 0
expect_schema history
expect_eq "$(jq -c '[.count, .revisions[0].key_base64]' "$out")" '[1,"AA=="]'
usage_fault "KEY: '0' is no well-formed hex" history --key-format hex "$db" 0

# All keys: each of them once, in byte order, with the very records that dump has.
run "$SNAPSCOPE" history --json --values --prefix "$db" ''
expect_rc 0
expect_schema history
cp "$out" "$scratch/all"
run "$SNAPSCOPE" dump --revisions "$db"
jq -c 'select(.marker | not)' "$out" | sort >"$scratch/dumped"
jq -c '.revisions[] | del(.generation, .event, .missing, .compacted, .value_len) |
    {key, key_base64, create_revision, mod_revision, version, lease, sub, tombstone, value, value_base64} |
    with_entries(select(.value != null))' "$scratch/all" | sort >"$scratch/ours"
same_as 'the revisions of all keys' "$scratch/ours" "@$scratch/dumped"
expect_eq "$(jq -c '.key_count == ([.revisions[] | .key // .key_base64] | unique | length)' "$scratch/all")" true
expect_eq "$(jq -c '[.revisions[] | [.key // "", .mod_revision, .sub]] | map(select(.[0] != "")) |
    . == (group_by(.[0]) | map(sort) | add)' "$scratch/all")" true 'keys in order, revisions in order'
expect_eq "$(jq -c '[.count, .tombstone_count]' "$scratch/all")" \
    "$(jq -s -c '[length, (map(select(.tombstone)) | length)]' "$scratch/dumped")"

# A tombstone at the compacted revision, whose puts are gone.
run "$SNAPSCOPE" history --json --prefix "$scratch/etcd36-compact-tombstone/snapshot.db" ''
expect_rc 0
expect_schema history

# Nothing found.
run "$SNAPSCOPE" history "$db" nosuch
expect_rc 1
expect_out_eq ''
expect_err_eq "snapscope: $db: no retained revision has the key nosuch; what was deleted before 431 is compacted away"
run "$SNAPSCOPE" history --json --prefix "$scratch/etcd36-empty/snapshot.db" a
expect_rc 1
expect_schema history
expect_eq "$(jq -r .error.code "$out")" not-found
run "$SNAPSCOPE" history "$scratch/bbolt-plain/plain.db" a
expect_rc 3
expect_out_eq ''

# Damage: what was found before it is not the whole.
run "$SNAPSCOPE" history "$scratch/type.db" counter
expect_rc 3
expect_err_has "$type_fault"
run "$SNAPSCOPE" history --json "$scratch/type.db" last
expect_rc 3
expect_schema history
run "$SNAPSCOPE" history "$scratch/cut.db" counter
expect_rc 3
expect_err_has "$cut_fault"

# A put that is gone and not by compaction: version 2 of a key, turned into 4.
cat >"$scratch/gap.py" <<'PY'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
key = b"/registry/pods/ns-0/inlet-60"
at = 0
while True: # the KeyValue behind revision 538: key, create and mod revision (two bytes each), version 1
    at = data.index(b"\x0a" + bytes([len(key)]) + key, at) + 2 + len(key)
    if data[at:at + 8] == b"\x10\x9a\x04\x18\x9a\x04\x20\x01":
        data[at + 7] = 4
        break
open(sys.argv[2], "wb").write(data)
PY
python3 "$scratch/gap.py" "$db" "$scratch/gap.db"
unchanged "$db"
run "$SNAPSCOPE" history "$scratch/gap.db" /registry/pods/ns-0/inlet-60
expect_rc 3
expect_out_has '538.0    2        4        79                    put; created at 538, 3 puts missing, and not by compaction'
expect_err_has '3 revisions are missing that compaction does not explain: try snapscope verify'

usage_fault 'KEY is missing' history "$db"
usage_fault "'b' is one argument too many" history "$db" a b
summary
