#!/usr/bin/env bash
# snapscope get
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/cases.sh"

fixture etcd36-history
fixture bbolt-plain
db="$scratch/etcd36-history/snapshot.db"
plain="$scratch/bbolt-plain/plain.db"
oracle="$SS_SOURCE_DIR/testdata/etcd36-history/oracle"
key=/registry/configmaps/ns-0/cedar-158
damaged "$db"

common_cases "$db" get "$key"
refused meta "$scratch/metas.db" "$metas_fault" get "$key"
refused page-range "$scratch/cut.db" "$cut_fault" get "$key"
refused page-type "$scratch/type.db" "$type_fault" get "$key"

# truth FILE: mod_revision, key and value in base64 of each record that a real etcd gave
truth() {
    zstd -dcq "$oracle/$1.json.zst" | jq -r '.kvs[] | [.mod_revision, .key, .value // ""] | @tsv'
}

# Every twentieth key, as a real etcd gives it at two revisions: bytes and mod_revision.
for rev in 441 547; do
    truth "get-rev-$rev" | awk 'NR % 20 == 1' >"$scratch/truth"
    while IFS=$'\t' read -r mod key64 value64; do
        run "$SNAPSCOPE" get --rev "$rev" --key-format base64 "$db" "$key64"
        expect_rc 0
        expect_eq "$(base64 -w0 "$out")" "$value64" "value of $key64 at $rev"
        run "$SNAPSCOPE" get --json --rev "$rev" --key-format base64 "$db" "$key64"
        expect_eq "$(jq .mod_revision "$out")" "$mod" "mod_revision of $key64 at $rev"
        expect_schema get
    done <"$scratch/truth"
done

# Keys in all the ways to write them.
run "$SNAPSCOPE" get --key-format hex "$db" 00
expect_rc 0
cp "$out" "$scratch/value"
run "$SNAPSCOPE" get --key-format escaped "$db" '\x00'
expect_rc 0
expect_out_eq "@$scratch/value"
run "$SNAPSCOPE" get --key-format base64 "$db" AA==
expect_rc 0
expect_out_eq "@$scratch/value"

# On a terminal nothing raw is printed.
on_terminal() { script -qec "$1" /dev/null </dev/null | tr -d '\r'; }
run on_terminal "'$SNAPSCOPE' get --bucket auth '$db' authRevision"
expect_rc 0
expect_out_eq '\x00\x00\x00\x00\x00\x00\x00\x10'
run on_terminal "'$SNAPSCOPE' get --raw --bucket auth '$db' authRevision"
expect_eq "$(od -An -tx1 "$out")" ' 00 00 00 00 00 00 00 10' 'raw value'

# Other buckets, of etcd and of others.
run "$SNAPSCOPE" get --bucket meta "$db" storageVersion
expect_rc 0
expect_eq "$(cat "$out")" 3.6.0
run "$SNAPSCOPE" get --json --bucket auth "$db" authRevision
expect_rc 0
expect_schema get
expect_eq "$(jq -c . "$out")" "{\"file\":\"$db\",\"key\":\"authRevision\",\"value_base64\":\"AAAAAAAAABA=\"}"
run "$SNAPSCOPE" get --bucket v1/default/containers/containers-0 "$plain" amber
expect_rc 0
expect_eq "$(cat "$out")" amber
run "$SNAPSCOPE" get --bucket v1%2Fdefault "$plain" amber
expect_rc 1
run "$SNAPSCOPE" get --bucket v1 "$plain" default
expect_rc 1
expect_err_eq "snapscope: $plain: that key is a bucket (bucket v1)"
run "$SNAPSCOPE" get --bucket v1/default/containers/containers-0 "$plain" nosuch
expect_rc 1
expect_out_eq ''
expect_err_eq "snapscope: $plain: the bucket has no such key (bucket v1/default/containers/containers-0)"

# Not there: what the history knows of it.
run "$SNAPSCOPE" get "$db" nosuch
expect_rc 1
expect_out_eq ''
expect_err_eq "snapscope: $db: key nosuch is not there at revision 547, and no retained revision has it"
run "$SNAPSCOPE" get --json "$db" nosuch
expect_rc 1
expect_schema get
expect_eq "$(jq -r .error.code "$out")" not-found
run "$SNAPSCOPE" dump --revisions "$db"
jq -r 'select(.tombstone) | [.mod_revision, .key] | @tsv' "$out" | tail -n 1 >"$scratch/deleted"
IFS=$'\t' read -r rev deleted <"$scratch/deleted"
run "$SNAPSCOPE" get --rev "$rev" "$db" "$deleted"
expect_rc 1
expect_err_has "key $deleted is not there at revision $rev: it was deleted at revision $rev"
run "$SNAPSCOPE" get --rev "$((rev - 1))" "$db" "$deleted"
expect_rc 0
run "$SNAPSCOPE" get --rev 546 "$db" last
expect_rc 1
expect_err_eq "snapscope: $db: key last is not there at revision 546: it was first written at revision 547"

run "$SNAPSCOPE" get --rev 548 "$db" "$key"
expect_rc 1
expect_out_eq ''
expect_err_has "snapscope: try: snapscope info $db shows which revisions the file holds"
run "$SNAPSCOPE" get --json --rev 430 "$db" "$key"
expect_rc 1
expect_schema get
expect_eq "$(jq -r .error.code "$out")" revision-compacted

usage_fault 'KEY is missing' get "$db"
usage_fault "KEY: '0' is no well-formed hex" get --key-format hex "$db" 0
usage_fault "KEY: 'A' is no well-formed base64" get --key-format base64 "$db" A
usage_fault "KEY: 'AB==' is no well-formed base64" get --key-format base64 "$db" AB==
usage_fault "KEY: '\\\\q' is no well-formed escaped" get --key-format escaped "$db" '\q'
usage_fault "--key-format: 'utf8' is none of text, escaped, hex, base64" get --key-format utf8 "$db" a
usage_fault "--rev is for etcd's keys, and does not go with --bucket" get --rev 5 --bucket meta "$db" a
usage_fault "a % in a bucket's name needs two hex digits (%25 for itself)" get --bucket m% "$db" a
summary
