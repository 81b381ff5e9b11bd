#!/usr/bin/env bash
# snapscope info
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/cases.sh"

fixture etcd36-history
fixture etcd36-history-be
fixture bbolt-plain
db="$scratch/etcd36-history/snapshot.db"
plain="$scratch/bbolt-plain/plain.db"
damaged "$db"

common_cases "$db" info

run "$SNAPSCOPE" info "$db"
expect_rc 0
expect_err_eq ''
expect_out_eq "file          $db
kind          bbolt, an etcd database
size          2.2 MiB (2269216 bytes)
hash          present by size (the last 32 bytes), not checked
byte order    little-endian
page size     4096
pages         554
meta 0        txid 31, root 275, freelist not stored; current (higher txid)
meta 1        txid 30, root 275, freelist not stored
buckets       10
        KEYS     KEY-BYTES     VALUE-BYTES  BUCKET
           0             0               0  alarm
           1            12               8  auth
           4            31             105  authRoles
           4            29             257  authUsers
           1            14               5  cluster
         405          6929         2142436  key
           5            40              69  lease
           1            16             116  members
           0             0               0  members_removed
           6            80             106  meta
live keys     240
revision      547
history       revisions 5 to 547 are stored
compacted     up to 431"

run "$SNAPSCOPE" info --json "$db"
expect_rc 0
expect_schema info
expect_eq "$(jq -c '[.kind, .packing, .spooled, .len, .hash, .byte_order, .page_size, .current_meta, .complete]' "$out")" \
    '["bbolt","none",false,2269216,{"presence":"present","checked":false},"little",4096,0,true]'
expect_eq "$(jq -c .etcd "$out")" \
    '{"live_keys":240,"revision":547,"first":{"main":5,"sub":0},"last":{"main":547,"sub":0},"compacted":431,"scheduled_compact":431,"finished_compact":431}'
expect_eq "$(jq -c '.buckets | map(.bucket) | join(" ")' "$out")" \
    '"alarm auth authRoles authUsers cluster key lease members members_removed meta"'
jq -c 'del(.file, .byte_order, .metas)' "$out" >"$scratch/little"
run "$SNAPSCOPE" info --json "$scratch/etcd36-history-be/snapshot.db"
expect_rc 0
expect_schema info
expect_eq "$(jq -c .byte_order "$out")" '"big"'
expect_eq "$(jq -c 'del(.file, .byte_order, .metas)' "$out")" "$(cat "$scratch/little")" 'the twin'

# How it came.
run "$SNAPSCOPE" info --json "$scratch/packed.gz"
expect_rc 0
expect_schema info
expect_eq "$(jq -c '[.packing, .spooled, .len]' "$out")" '["gzip",true,2269216]'
run "$SNAPSCOPE" info --json "$scratch/packed.tar"
expect_schema info
expect_eq "$(jq -c '[.packing, .member, .len]' "$out")" '["tar","snapshot.db",2269216]'
# An archive of several: one has to be named.
mkdir "$scratch/several"
cp "$db" "$scratch/several/a.db"
cp "$plain" "$scratch/several/b.db"
unchanged "$db" "$plain"
run bash -c 'gzip -c "$1" | "$2" info -' - "$scratch/several/a.db" "$SNAPSCOPE"
expect_rc 0
expect_out_has 'packing       gzip, from a stream'
tar -C "$scratch/several" -czf "$scratch/several.tgz" a.db b.db
run "$SNAPSCOPE" info "$scratch/several.tgz"
expect_rc 3
expect_out_eq ''
expect_err_has 'a.db'
expect_err_has 'b.db'
expect_err_has 'snapscope: try: name one of them with --member NAME'
run "$SNAPSCOPE" info --json "$scratch/several.tgz"
expect_rc 3
expect_schema info
expect_eq "$(jq -r .error.code "$out")" archive-member
run "$SNAPSCOPE" info --json --member b.db "$scratch/several.tgz"
expect_rc 0
expect_schema info
expect_eq "$(jq -c '[.member, .len]' "$out")" '["b.db",131072]'
run "$SNAPSCOPE" info --json --member c.db "$scratch/several.tgz"
expect_rc 3
expect_schema info
run "$SNAPSCOPE" info --unpacked-limit 1M "$scratch/packed.gz"
expect_rc 3
expect_out_eq ''
expect_err_has 'raise the bound with --unpacked-limit SIZE'

# Other databases.
run "$SNAPSCOPE" info "$plain"
expect_rc 0
expect_err_eq ''
expect_out_has 'etcd          no: the bucket key holds no revisions'
expect_out_has 'beyond        32768 bytes behind the last page'
expect_out_has 'meta 0        txid 4, root 4, freelist 5; current (higher txid)'
expect_out_has 'buckets       2, and 20 inside them'
run "$SNAPSCOPE" info --json "$plain"
expect_schema info
expect_eq "$(jq -c '[.etcd, .complete, .hash.presence]' "$out")" '[null,true,"absent"]'
fixture bbolt-nested
run "$SNAPSCOPE" info "$scratch/bbolt-nested/plain.db"
expect_rc 0
expect_out_has 'etcd          no: there is no bucket named key'
fixture etcd36-empty
run "$SNAPSCOPE" info --json "$scratch/etcd36-empty/snapshot.db"
expect_rc 0
expect_schema info
expect_eq "$(jq -c '[.etcd.live_keys, .etcd.revision, .etcd.first]' "$out")" '[0,1,null]'
# What it is instead.
run "$SNAPSCOPE" info "$scratch/text.db"
expect_rc 3
expect_out_eq "file          $scratch/text.db
kind          text
size          15 B (15 bytes)"
run "$SNAPSCOPE" info --json "$scratch/zeroes.db"
expect_schema info
expect_eq "$(jq -c '[.kind, .len, .error.code]' "$out")" '["zeroes",16384,"not-bbolt"]'

# One bad meta; both; a file that ends early; a hash that does.
cp "$db" "$scratch/meta0.db"
poke "$scratch/meta0.db" 40 ff
unchanged "$db"
run "$SNAPSCOPE" info "$scratch/meta0.db"
expect_rc 0
expect_out_has 'meta 0        not usable: checksum is 0x79e7d85e19a18b54, computed 0x2507fc0bebc75427'
expect_out_has 'meta 1        txid 30, root 275, freelist not stored; current (the only usable one)'
run "$SNAPSCOPE" info "$scratch/metas.db"
expect_rc 3
expect_out_has 'meta 0        not usable: checksum is 0x79e7d85e19a18b54, computed 0x2507fc0bebc75427'
expect_out_has 'meta 1        not usable: checksum is 0x98e29f672490d575, computed 0x060d3502e0d80a06'
expect_err_eq "snapscope: $scratch/metas.db: $metas_fault"
run "$SNAPSCOPE" info --json "$scratch/metas.db"
expect_rc 3
expect_schema info
expect_eq "$(jq -c '[.complete, .error.code, (.metas | map(.valid))]' "$out")" '[false,"meta",[false,false]]'
run "$SNAPSCOPE" info "$scratch/cut.db"
expect_rc 3
expect_out_has 'hash          cut off: the file ends 1269184 bytes before its database does'
expect_out_has 'pages         554, of which the file has 244'
expect_err_eq "snapscope: $scratch/cut.db: $cut_fault"
head -c 2269215 "$db" >"$scratch/short.db"
unchanged "$db"
run "$SNAPSCOPE" info "$scratch/short.db"
expect_rc 0
expect_out_has 'hash          cut off: only 31 of 32 bytes follow the database'

# A fault in one tree: the rest is there, and the answer is not called whole.
run "$SNAPSCOPE" info "$scratch/type.db"
expect_rc 3
expect_err_eq "snapscope: $scratch/type.db: $type_fault"
expect_out_has 'history       revisions 5 to 547 are stored'
expect_out_has 'live keys     cannot be told: the bucket key could not be read as a whole'
expect_eq "$(tail -n 1 "$out")" 'damage        1 fault was met: what stands above is not the whole'
run "$SNAPSCOPE" info --json "$scratch/type.db"
expect_rc 3
expect_schema info
expect_eq "$(jq -c '[.complete, .fault_count, .error.code, .etcd.live_keys]' "$out")" '[false,1,"page-type",null]'

# A revision bumped at a restore; last, since the file is large.
fixture etcd36-bump
run "$SNAPSCOPE" info --json "$scratch/etcd36-bump/member.db"
expect_rc 0
expect_schema info
expect_eq "$(jq -c '[.etcd.revision, .etcd.compacted]' "$out")" '[1062,1062]'

usage_fault "'x' is one argument too many" info "$db" x
summary
