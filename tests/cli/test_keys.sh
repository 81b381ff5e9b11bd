#!/usr/bin/env bash
# snapscope keys
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/cases.sh"

fixture etcd36-history
fixture bbolt-nested
db="$scratch/etcd36-history/snapshot.db"
nested="$scratch/bbolt-nested/plain.db"
oracle="$SS_SOURCE_DIR/testdata/etcd36-history/oracle"
damaged "$db"

common_cases "$db" keys key
refused meta "$scratch/metas.db" "$metas_fault" keys key
refused page-range "$scratch/cut.db" "$cut_fault" keys

run "$SNAPSCOPE" keys "$db"
expect_rc 0
expect_out_eq 'alarm
auth
authRoles
authUsers
cluster
key
lease
members
members_removed
meta'

# What the bbolt command prints.
for bucket in key lease meta members authUsers; do
    run "$SNAPSCOPE" keys --hex "$db" "$bucket"
    expect_rc 0
    expect_out_eq "@$oracle/bbolt-keys-$bucket.txt"
done

run "$SNAPSCOPE" keys --limit 2 "$db" key
expect_rc 0
expect_out_eq '\x00\x00\x00\x00\x00\x00\x00\x05_\x00\x00\x00\x00\x00\x00\x00\x00
\x00\x00\x00\x00\x00\x00\x00\x08_\x00\x00\x00\x00\x00\x00\x00\x00'
expect_err_eq "snapscope: $db: there are more keys behind these 2"
run "$SNAPSCOPE" keys --limit 405 "$db" key
expect_rc 0
expect_out_lines 405
expect_err_eq ''

# Buckets inside buckets; names and keys that are no plain text.
run "$SNAPSCOPE" keys --values "$nested" kinds %00binary%FF
expect_rc 0
cp "$out" "$scratch/by-name"
run "$SNAPSCOPE" keys --json --values "$nested" kinds %00binary%ff
expect_rc 0
expect_schema keys
expect_eq "$(jq -c '[.bucket, .count, .more, .complete]' "$out")" '["kinds/\\x00binary\\xff",2,false,true]'
run "$SNAPSCOPE" keys --long "$nested" kinds
expect_rc 0
expect_eq "$(head -n 1 "$out")" 'PAGE  ELEMENT  KIND    BYTES  KEY'
expect_eq "$(awk '$3 == "bucket" { count++ } END { print count }' "$out")" 7 'buckets in kinds'
run "$SNAPSCOPE" keys --json --limit 1 "$nested" kinds
expect_schema keys
expect_eq "$(jq -c '[.count, .more, .keys[0].element]' "$out")" '[1,true,0]'

# A bucket has no value, and so no length of one.
run "$SNAPSCOPE" keys --json --values "$nested" kinds
expect_schema keys
expect_eq "$(jq -c '[.keys[] | select(.kind == "bucket") | [has("value"), has("value_base64"), has("value_len")]] | unique' "$out")" \
    '[[false,false,false]]'
run "$SNAPSCOPE" keys -w csv --limit 1 "$db" meta
expect_rc 0
expect_eq "$(tr -d '\r' <"$out")" 'key,kind,value_len,page,element
confState,key,51,275,0'
expect_err_eq "snapscope: $db: there are more keys behind these 1"
run "$SNAPSCOPE" keys -w ndjson --values "$db" meta
expect_rc 0
expect_eq "$(jq -sc '[length, .[0].value]' "$out")" '[6,"{\"voters\":[4865006529568453694],\"auto_leave\":false}"]'

run "$SNAPSCOPE" keys "$db" nosuch
expect_rc 1
expect_out_eq ''
expect_err_has "snapscope: try: snapscope buckets $db lists the buckets"
run "$SNAPSCOPE" keys --json "$db" nosuch
expect_rc 1
expect_schema keys
expect_eq "$(jq -r .error.code "$out")" not-found
run "$SNAPSCOPE" keys "$nested" kinds inline nosuch
expect_rc 1

# Damage ends the list, and the end says so.
run "$SNAPSCOPE" keys "$scratch/type.db" key
expect_rc 3
expect_out_lines 320
expect_err_has "snapscope: $scratch/type.db: $type_fault"
expect_err_has 'the list above ends at the damage, after 320 keys'
run "$SNAPSCOPE" keys --json "$scratch/type.db" key
expect_rc 3
expect_schema keys
expect_eq "$(jq -c '[.count, (.keys | length), .complete, .error.code, .error.offset]' "$out")" \
    '[320,320,false,"page-type",8200]'

usage_fault "--limit: '0' is no whole number from 1 to 9223372036854775807" keys --limit 0 "$db" key
usage_fault "--limit: ' 1' is no whole number from 1 to 9223372036854775807" keys --limit ' 1' "$db"
usage_fault "--limit: '-1' is no whole number from 1 to 9223372036854775807" keys --limit -1 "$db"
usage_fault "a % in a bucket's name needs two hex digits (%25 for itself)" keys "$db" 'k%4'
usage_fault "a % in a bucket's name needs two hex digits (%25 for itself)" keys "$db" 'k%zz'
summary
