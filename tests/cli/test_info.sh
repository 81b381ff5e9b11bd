#!/usr/bin/env bash
# snapscope info
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/cases.sh"

# expect_block TEXT: stdout holds these lines, one behind the other
expect_block() {
    expect_eq "$([[ $'\n'$(<"$out")$'\n' == *$'\n'"$1"$'\n'* ]] && echo held)" held "lines '$1'"
}

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
hash          valid: SHA-256 of the 2269184 bytes before it
pages         554 of 4096 bytes, little-endian
meta 0        txid 31, root 275, freelist not stored; current (higher txid)
meta 1        txid 30, root 275, freelist not stored
space         539 pages in trees, 98 % full; 13 free (52.0 KiB)
buckets       10
        KEYS     KEY-BYTES     VALUE-BYTES  BUCKET
           1            12               8  auth
           4            31             105  authRoles
           4            29             257  authUsers
           1            14               5  cluster
         405          6929         2142436  key
           5            40              69  lease
           1            16             116  members
           6            80             106  meta
              empty: alarm, members_removed
live keys     240, 1.0 MiB of keys and values
records       405; tombstones 44; 1.0 MiB of history
revision      547; stored are 5 to 547
compacted     up to 431, finished
raft          consistent_index 577, term 2
confState     voters 1, learners 0: 4383f9a9a8e2343e
versions      storageVersion 3.6.0, clusterVersion 3.6.0
members       1; learners 0, zombies 0, removed 0
              4383f9a9a8e2343e  m0, voter
alarms        none
auth          off; users 4, roles 4
leases        5
written by    etcd 3.6 or later
starts on     etcd 3.4, 3.5, 3.6 and 3.7, each after its own restore
not checked   what records mean (snapscope verify does)
answer        restorable as it is with etcd 3.4, 3.5, 3.6 and 3.7"

run "$SNAPSCOPE" info --json "$db"
expect_rc 0
expect_schema info
expect_eq "$(jq -c '[.kind, .packing, .spooled, .len, .byte_order, .page_size, .current_meta, .complete]' "$out")" \
    '["bbolt","none",false,2269216,"little",4096,0,true]'
sha=$(tail -c 32 "$db" | od -An -v -tx1 | tr -d ' \n')
touch -a -d '2001-02-03 04:05:06.789' "$db"
expect_eq "$(jq -c .hash "$out")" \
    "{\"presence\":\"present\",\"checked\":true,\"state\":\"valid\",\"covered_len\":2269184,\"found\":\"$sha\",\"expected\":\"$sha\"}"
expect_eq "$(jq -c .space "$out")" \
    '{"tree_pages":539,"free_pages":13,"lost_pages":0,"freelist_stored":false,"freelist_pages":0,"used_len":2158828,"beyond_len":32}'
expect_eq "$(jq -c '.etcd | del(.members, .starts_on, .conf_state)' "$out")" \
    '{"revision":547,"first":{"mod_revision":5,"sub":0},"last":{"mod_revision":547,"sub":0},"compacted":431,"scheduled_compact":431,"finished_compact":431,"live_keys":240,"records":405,"tombstones":44,"markers":0,"live_key_len":10768,"live_value_len":1065135,"history_key_len":5046,"history_value_len":1057197,"consistent_index":577,"term":2,"storage_version":"3.6.0","cluster_version":"3.6.0","alarms":[],"auth":{"enabled":false,"users":4,"roles":4},"leases":5,"written_by_at_least":"3.6"}'
expect_eq "$(jq -c '.etcd | [.members, .conf_state]' "$out")" \
    '[[{"id":"4383f9a9a8e2343e","listed":true,"removed":false,"name":"m0","learner":false,"zombie":false,"in_conf_state":true}],{"voters":["4383f9a9a8e2343e"],"learners":[],"voters_outgoing":[],"learners_next":[],"auto_leave":false}]'
expect_eq "$(jq -c '.etcd.starts_on | map("\(.etcd) \(.starts)") | join(", ")' "$out")" \
    '"3.4 true, 3.5 true, 3.6 true, 3.7 true"'
expect_eq "$(jq -c .answer "$out")" \
    '{"restorable":"yes","text":"restorable as it is with etcd 3.4, 3.5, 3.6 and 3.7","why":"restorable","checked":["hash","structure"],"not_checked":["etcd"],"findings":[]}'
# Every live key and value, by another way.
run "$SNAPSCOPE" dump "$db"
expect_eq "$(jq -s 'length' "$out")" 240
expect_eq "$(python3 - "$out" <<'PY'
import base64, json, sys
lens = {"key": 0, "value": 0}
for line in open(sys.argv[1], encoding="utf-8"):
    record = json.loads(line)
    for name in lens:
        if name in record:
            lens[name] += len(record[name].encode())
        else:
            lens[name] += len(base64.b64decode(record[name + "_base64"]))
print(lens["key"], lens["value"])
PY
)" '10768 1065135' 'bytes of live keys and values'
run "$SNAPSCOPE" info --json "$db"
expect_eq "$(jq -c '.buckets | map(.bucket) | join(" ")' "$out")" \
    '"alarm auth authRoles authUsers cluster key lease members members_removed meta"'

# The twin: all the same, but the byte order, the hash, and who can read it.
drop='del(.file, .byte_order, .metas, .hash, .answer, .etcd.starts_on)'
jq -c "$drop" "$out" >"$scratch/little"
run "$SNAPSCOPE" info --json "$scratch/etcd36-history-be/snapshot.db"
expect_rc 1
expect_schema info
expect_eq "$(jq -c '[.byte_order, .hash.state, .answer.restorable, .answer.why]' "$out")" '["big","valid","no","no-release"]'
expect_eq "$(jq -c '.etcd.starts_on | map(.why) | unique' "$out")" '["byte-order"]'
expect_eq "$(jq -c "$drop" "$out")" "$(cat "$scratch/little")" 'the twin'
run "$SNAPSCOPE" info "$scratch/etcd36-history-be/snapshot.db"
expect_out_has 'starts on     no etcd from 3.4 to 3.7'
expect_block 'not on        etcd 3.4, 3.5, 3.6 and 3.7: big-endian: bbolt reads it on a
              big-endian machine only'

# Without the hash: said, and not answered beyond it.
run "$SNAPSCOPE" info --no-hash "$db"
expect_rc 0
expect_out_has 'hash          not checked: by size the last 32 bytes'
expect_out_has 'not checked   the hash, what records mean (snapscope verify does)'
expect_block 'answer        restorable as it is with etcd 3.4, 3.5, 3.6 and 3.7 if its SHA-256
              is right, which was not checked'
run "$SNAPSCOPE" info --no-hash --json "$db"
expect_rc 0
expect_schema info
expect_eq "$(jq -c '[.hash, .answer.restorable, .answer.why, .answer.not_checked]' "$out")" \
    '[{"presence":"present","checked":false,"state":"not-checked"},"unknown","hash-not-checked",["hash","etcd"]]'

# Other releases: a file of 3.7, and one of 3.4 with an alarm, authentication and a learner.
fixture etcd37-history
run "$SNAPSCOPE" info "$scratch/etcd37-history/snapshot.db"
expect_rc 0
expect_block 'written by    etcd 3.7 or later
starts on     etcd 3.4, 3.5 and 3.7, each after its own restore
not on        etcd 3.6: storageVersion 3.7 is newer, "is not supported"'
expect_eq "$(tail -n 1 "$out")" 'answer        restorable as it is with etcd 3.4, 3.5 and 3.7'
fixture etcd34-cluster
run "$SNAPSCOPE" info "$scratch/etcd34-cluster/snapshot.db"
expect_rc 0
expect_block 'raft          consistent_index 61, term none
confState     none: written since 3.5
versions      storageVersion none, clusterVersion 3.4.0
members       2; learners 1, zombies 0, removed 0
              8836f2c40a8363b5  (never started), learner
              9539f3f674fa1be4  m0, voter
alarms        NOSPACE of 9539f3f674fa1be4
auth          on; users 4, roles 4
leases        5
written by    etcd 3.4 or later'
expect_block 'answer        restorable as it is with etcd 3.4, 3.5, 3.6 and 3.7; it then takes
              no writes until the NOSPACE alarm is disarmed'
run "$SNAPSCOPE" info --json "$scratch/etcd34-cluster/snapshot.db"
expect_schema info
expect_eq "$(jq -c '.etcd | [.alarms, .auth, .written_by_at_least, .term]' "$out")" \
    '[[{"member":"9539f3f674fa1be4","alarm":"NOSPACE"}],{"enabled":true,"users":4,"roles":4},"3.4",null]'
fixture etcd36-removed-member
run "$SNAPSCOPE" info "$scratch/etcd36-removed-member/snapshot.db"
expect_out_has 'members       2; learners 0, zombies 0, removed 1'
expect_out_has '              b823d32970ed8720  removed'
# A zombie: the removed member's id written over that of a listed one.
sed 's/4967c461eb344f69/b823d32970ed8720/' "$scratch/etcd36-removed-member/snapshot.db" >"$scratch/zombie.db"
touch -a -d '2001-02-03 04:05:06.789' "$scratch/etcd36-removed-member/snapshot.db"
run "$SNAPSCOPE" info "$scratch/zombie.db"
expect_rc 1
expect_out_has 'hash          wrong: not the SHA-256 of the 24576 bytes before it'
expect_out_has 'zombies 1'
expect_out_has 'zombie: also removed'
expect_block 'starts on     no etcd from 3.4 to 3.7
not on        etcd 3.4, 3.5, 3.6 and 3.7: its own restore refuses a SHA-256 that
              is wrong'
expect_block 'answer        do not restore it: its SHA-256 is wrong, so its bytes were
              changed; etcd refuses it; run snapscope verify'
run "$SNAPSCOPE" info --json "$scratch/zombie.db"
expect_rc 1
expect_schema info
expect_eq "$(jq -c '[.answer.restorable, .answer.why, (.etcd.starts_on | map([.starts, .why]) | unique)]' "$out")" \
    '["no","hash-mismatch",[[false,"hash"]]]'
# Without its hash nothing says that it was changed.
run "$SNAPSCOPE" info --json --no-hash "$scratch/zombie.db"
expect_rc 0
expect_eq "$(jq -c '.etcd.starts_on | map(.starts) | unique' "$out")" '[true]'

# A hash of zeroes.
head -c 2269184 "$db" >"$scratch/zero.db"
head -c 32 /dev/zero >>"$scratch/zero.db"
unchanged "$db"
run "$SNAPSCOPE" info --json "$scratch/zero.db"
expect_rc 1
expect_schema info
expect_eq "$(jq -c '[.hash.state, .answer.restorable, .answer.why]' "$out")" '["zero","no","hash-zero"]'
expect_eq "$(jq -r .answer.text "$out")" \
    'do not restore it: 32 zero bytes stand where its SHA-256 belongs; etcd refuses it; run snapscope verify'

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
# A stream is hashed on its way, a file when it lies there: the answer is the same.
run bash -c 'cat "$1" | "$2" info --json -' - "$scratch/several/a.db" "$SNAPSCOPE"
expect_rc 0
expect_eq "$(jq -c '[.hash.state, .hash.expected]' "$out")" \
    "$("$SNAPSCOPE" info --json "$scratch/several/a.db" | jq -c '[.hash.state, .hash.found]')"
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
expect_eq "$(jq -c '[.etcd, .complete, .hash.state, .answer.restorable]' "$out")" '[null,true,"absent","no"]'
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
size          15 B (15 bytes)
answer        not restorable: this is no snapshot (text)"
run "$SNAPSCOPE" info --json "$scratch/zeroes.db"
expect_schema info
expect_eq "$(jq -c '[.kind, .len, .error.code]' "$out")" '["zeroes",16384,"not-bbolt"]'

# One bad meta; both; a file that ends early; a hash that does.
cp "$db" "$scratch/meta0.db"
poke "$scratch/meta0.db" 40 ff
unchanged "$db"
run "$SNAPSCOPE" info "$scratch/meta0.db"
expect_rc 1
expect_out_has 'damage        META-001 meta 0: checksum is 0x79e7d85e19a18b54, computed'
expect_eq "$(tail -n 1 "$out")" 'answer        do not restore it: damaged; run snapscope verify'
expect_out_has 'meta 0        not usable: checksum is 0x79e7d85e19a18b54, computed 0x2507fc0bebc75427'
expect_out_has 'meta 1        txid 30, root 275, freelist not stored; current (the only usable one)'
# A version that is none is judged as each release takes it; it is no damage to what is stored.
for version in storage cluster; do
    LC_ALL=C sed "s/${version}Version3\.6\.0/${version}Version3x6.0/" "$db" >"$scratch/$version.db"
    truncate -s -32 "$scratch/$version.db"
    unchanged "$db"
    run "$SNAPSCOPE" info --json "$scratch/$version.db"
    expect_rc 0
    expect_schema info
    expect_eq "$(jq -c '[.faults[0].code, .answer.restorable, ([.etcd.starts_on[] | select(.starts).etcd] | join(" "))]' "$out")" \
        "[\"version\",\"skip-hash-check\",\"$([[ $version == storage ]] && echo '3.4 3.5 3.6 3.7' || echo '3.4 3.5')\"]"
done
# Both metas overwritten: its page headers still tell a database.
cp "$db" "$scratch/headless.db"
head -c 8192 /dev/zero | dd of="$scratch/headless.db" conv=notrunc status=none
unchanged "$scratch/headless.db" "$db"
headless='both meta pages are overwritten, at 0 and 0x1000; 39 of 552 places hold page headers that fit (page size 4096, little-endian) (offset 0x0)'
run "$SNAPSCOPE" info --json "$scratch/headless.db"
expect_rc 3
expect_schema info
expect_eq "$(jq -c '[.kind, .page_headers, .error.code, .answer.restorable]' "$out")" \
    '["bbolt",{"byte_order":"little","page_size":4096,"fit_count":39,"place_count":552},"meta","no"]'
run "$SNAPSCOPE" info "$scratch/headless.db"
expect_rc 3
expect_err_eq "snapscope: $scratch/headless.db: $headless"
expect_out_has 'kind          bbolt'
expect_out_has 'page headers  39 of 552 fit their places, as pages of 4096 bytes, little-endian'

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
expect_rc 1
expect_out_has 'hash          cut off: the file ends 1269184 bytes before its database does'
expect_out_has 'pages         554 of 4096 bytes, little-endian; the file has 244 of them'
expect_block 'answer        not restorable: truncated, 1269184 bytes are missing; run
              snapscope verify'
expect_err_eq "snapscope: $scratch/cut.db: $cut_fault"
head -c 2269215 "$db" >"$scratch/short.db"
unchanged "$db"
for how in '' --no-hash; do
    # shellcheck disable=SC2086 # one word or none
    run "$SNAPSCOPE" info $how "$scratch/short.db"
    expect_rc 1
    expect_out_has 'hash          cut off: only 31 of 32 bytes follow the database'
    expect_block 'not on        etcd 3.4, 3.5, 3.6 and 3.7: the file is cut off inside its SHA-256'
    expect_block 'answer        do not restore it: its SHA-256 is cut off, so bytes are missing;
              run snapscope verify'
done

# A fault in one tree: the rest is there, and the answer is not called whole.
run "$SNAPSCOPE" info "$scratch/type.db"
expect_rc 1
expect_err_eq "snapscope: $scratch/type.db: $type_fault"
expect_out_has 'revision      547; stored are 5 to 547'
expect_out_has 'live keys     cannot be told: the bucket key could not be read as a whole'
expect_block 'damage        PAGE-006 page has no single known type (offset 0x2008, page 2,
              bucket key)
              1 fault was met: what stands above is not the whole'
expect_block 'starts on     no etcd from 3.4 to 3.7
not on        etcd 3.4, 3.5, 3.6 and 3.7: the file is damaged'
expect_eq "$(tail -n 1 "$out")" 'answer        do not restore it: damaged; run snapscope verify'
run "$SNAPSCOPE" info --json "$scratch/type.db"
expect_rc 1
expect_schema info
expect_eq "$(jq -c '[.answer.why, (.answer.findings | map(.id)), (.etcd.starts_on | map(.starts) | unique)]' "$out")" \
    '["damaged",["PAGE-006"],[false]]'
expect_eq "$(jq -c '[.complete, .fault_count, .error.code, .etcd.live_keys]' "$out")" '[false,1,"page-type",null]'
# The root of all buckets is zeroed: nothing shows any more that it was etcd's, and nothing says that it was not.
cp "$db" "$scratch/root.db"
unchanged "$db"
dd if=/dev/zero of="$scratch/root.db" bs=4096 seek=275 count=1 conv=notrunc status=none
run "$SNAPSCOPE" info "$scratch/root.db"
expect_rc 1
expect_out_has 'etcd          cannot be told: what the damaged trees held is not known'
expect_block 'damage        PAGE-004 page is zeroed (offset 0x113000, page 275)
              1 fault was met: what stands above is not the whole'
expect_eq "$(tail -n 1 "$out")" 'answer        do not restore it: damaged; run snapscope verify'
run "$SNAPSCOPE" info --json "$scratch/root.db"
expect_rc 1
expect_schema info
expect_eq "$(jq -c '[has("etcd"), .answer.why]' "$out")" '[false,"damaged"]'

# A stored freelist that names page 0: no etcd survives it, and a rebuild loses nothing.
"$SNAPSCOPE" convert --rebuild --store-freelist "$db" -o "$scratch/listed.db" >/dev/null
python3 "$SS_SOURCE_DIR/tests/cli/freelist.py" "$scratch/listed.db" "$scratch/freelist.db" 0
run "$SNAPSCOPE" info "$scratch/listed.db"
expect_rc 0
run "$SNAPSCOPE" info "$scratch/freelist.db"
expect_rc 1
expect_err_eq ''
expect_block 'starts on     no etcd from 3.4 to 3.7
not on        etcd 3.4, 3.5, 3.6 and 3.7: its stored freelist is damaged
damage        FREE-002 freelist names page 0, which cannot exist (offset
              0x217010, page 535, element 0)'
expect_block 'answer        do not restore it as it is: its stored freelist is damaged; the
              trees are whole, and a rebuild loses no data; snapscope restore
              rebuilds it, and so does snapscope convert --rebuild'
run "$SNAPSCOPE" info --json "$scratch/freelist.db"
expect_rc 1
expect_schema info
expect_eq "$(jq -c '[.answer.restorable, .answer.why, (.answer.findings | map(.id))]' "$out")" '["rebuild","freelist",["FREE-002"]]'

# Last, since the files are large: a member's own database, and a revision bumped at a restore.
fixture etcd36-member
run "$SNAPSCOPE" info "$scratch/etcd36-member/member.db"
expect_rc 0
expect_out_has 'hash          absent: nothing vouches for the bytes'
expect_out_has 'beyond        16719872 bytes behind the last page'
expect_block 'answer        restorable only without a check of its SHA-256, because it has
              none; then with etcd 3.4, 3.5, 3.6 and 3.7; nothing vouches for
              its values; run snapscope verify first, then restore it with
              --skip-hash-check'
fixture etcd36-bump
run "$SNAPSCOPE" info --json "$scratch/etcd36-bump/member.db"
expect_rc 0
expect_schema info
expect_eq "$(jq -c '.etcd | [.revision, .compacted, .markers, .members[0].zombie, .members[0].in_conf_state]' "$out")" \
    '[1062,1062,1,false,false]'
run "$SNAPSCOPE" info "$scratch/etcd36-bump/member.db"
expect_out_has 'records       62; tombstones 1, bump-revision markers 1; 859 B of history'
expect_out_has 'compacted     up to 1062, scheduled only; the last finished one 0'

usage_fault "--threads: 'x' is no whole number from 1 to 256" info --threads x "$db"
usage_fault "'x' is one argument too many" info "$db" x
# Found by a look at the revisions alone: two keys that differ in a tombstone's mark.
zstd -qdf "$SS_SOURCE_DIR/testdata/field/revision-put-and-deleted.db.zst" -o "$scratch/twice.db"
run "$SNAPSCOPE" info "$scratch/twice.db"
expect_rc 1
expect_out_has 'REV-005 a revision is a put and a tombstone (offset 0x22d0'
expect_eq "$(tail -n 1 "$out")" 'answer        do not restore it: damaged; run snapscope verify'
run "$SNAPSCOPE" info --json "$scratch/twice.db"
expect_rc 1
expect_schema info
expect_eq "$(jq -c '.answer.findings[0] | [.id, .offset, .page, .element]' "$out")" '["REV-005",8912,2,10]'
summary
