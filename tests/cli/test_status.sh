#!/usr/bin/env bash
# snapscope status: etcdutl's figures as recorded beside every fixture, and the state of the hash.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/cases.sh"
source "$(dirname "${BASH_SOURCE[0]}")/fixtures.sh"

# As recorded: 3.6 and 3.7 byte for byte, 3.4 and 3.5 with the figure that they count.
count=0
for name in $(etcd_fixtures); do
    fixture "$name"
    oracle="$SS_SOURCE_DIR/testdata/$name/oracle"
    run "$SNAPSCOPE" status -w json "$(unpacked "$name")"
    expect_rc 0
    expect_out_eq "@$oracle/status-3.6.json"
    expect_out_eq "@$oracle/status-3.7.json"
    run "$SNAPSCOPE" status -w json --count all "$(unpacked "$name")"
    expect_rc 0
    jq -c 'del(.version)' "$out" >"$scratch/old"
    same_as 'what 3.4 says' "$scratch/old" "@$oracle/status-3.4.json"
    same_as 'what 3.5 says' "$scratch/old" "@$oracle/status-3.5.json"
    drop "$name"
    count=$((count + 1))
done
expect_eq "$count" "$(find "$SS_SOURCE_DIR/testdata" -name status-3.7.json | wc -l)" 'fixtures compared'

fixture etcd36-history
db="$scratch/etcd36-history/snapshot.db"
damaged "$db"
bad_inputs "$db" status
common_usage "$db" status
refused meta "$scratch/metas.db" "$metas_fault" status

valid="snapscope: $db: trailing SHA-256: valid"
run "$SNAPSCOPE" status "$db"
expect_rc 0
expect_out_eq '102ad289, 547, 240, 2.3 MB, 3.6.0'
expect_err_eq "$valid"
run "$SNAPSCOPE" status "$db" -w simple --count live
expect_out_eq '102ad289, 547, 240, 2.3 MB, 3.6.0'
run "$SNAPSCOPE" status -w json "$db"
expect_rc 0
expect_out_eq '{"hash":271241865,"revision":547,"totalKey":240,"totalSize":2269184,"version":"3.6.0"}'
run "$SNAPSCOPE" status --write-out fields --count all "$db"
expect_rc 0
expect_out_eq '"Hash" : 271241865
"Revision" : 547
"Keys" : 427
"Size" : 2269184
"Version" : 3.6.0'
run "$SNAPSCOPE" status --write-out=table "$db"
expect_rc 0
expect_out_eq '+----------+----------+------------+------------+---------+
|   HASH   | REVISION | TOTAL KEYS | TOTAL SIZE | VERSION |
+----------+----------+------------+------------+---------+
| 102ad289 |      547 |        240 |     2.3 MB |   3.6.0 |
+----------+----------+------------+------------+---------+'
for threads in 1 2 4 256; do
    run "$SNAPSCOPE" status --threads "$threads" "$db"
    expect_rc 0
    expect_out_eq '102ad289, 547, 240, 2.3 MB, 3.6.0'
    expect_err_eq "$valid"
done
run "$SNAPSCOPE" status --json "$db"
expect_rc 0
expect_err_eq "$valid"
expect_schema status
expect_eq "$(jq -cS 'del(.file)' "$out")" \
    '{"entry_count":427,"hash":271241865,"live_count":240,"revision":547,"total_len":2269184,"trailing_hash":"valid","version":"3.6.0"}'

# Packed and streamed.
gzip -c "$db" >"$scratch/packed.gz"
unchanged "$db" "$scratch/packed.gz"
run "$SNAPSCOPE" status "$scratch/packed.gz"
expect_out_eq '102ad289, 547, 240, 2.3 MB, 3.6.0'
run "$SNAPSCOPE" status - <"$db"
expect_out_eq '102ad289, 547, 240, 2.3 MB, 3.6.0'
expect_err_eq 'snapscope: -: trailing SHA-256: valid'

# Every state of the hash: figures come all the same, and the exit code tells.
state() { # FILE EXIT NAME WORDS
    run "$SNAPSCOPE" status -w json "$1"
    expect_rc "$2"
    expect_out_eq '{"hash":271241865,"revision":547,"totalKey":240,"totalSize":2269184,"version":"3.6.0"}'
    expect_err_eq "snapscope: $1: trailing SHA-256: $4"
    run "$SNAPSCOPE" status --json "$1"
    expect_rc "$2"
    expect_schema status
    expect_eq "$(jq -r .trailing_hash "$out")" "$3" 'state of the hash'
    run "$SNAPSCOPE" status --json --skip-hash-check "$1"
    expect_rc 0
    expect_schema status
    expect_eq "$(jq -r .trailing_hash "$out")" not-checked 'state of the hash'
    expect_err_eq "snapscope: $1: trailing SHA-256: not checked"
}
size=$(stat -c %s "$db")
cp "$db" "$scratch/mismatch.db"
poke "$scratch/mismatch.db" $((size - 1)) 00
cp "$db" "$scratch/zero.db"
poke "$scratch/zero.db" $((size - 32)) "$(printf '00%.0s' {1..32})"
head -c $((size - 1)) "$db" >"$scratch/short.db"
head -c $((size - 32)) "$db" >"$scratch/absent.db"
unchanged "$db" "$scratch"/{mismatch,zero,short,absent}.db
state "$scratch/mismatch.db" 1 mismatch 'mismatch, the bytes are not those that were saved'
state "$scratch/zero.db" 1 zero 'zero, 32 zero bytes stand in its place'
state "$scratch/short.db" 1 cut 'cut, the file ends before it does'
state "$scratch/absent.db" 0 absent 'absent, nothing vouches for the bytes'

# A byte of a value: etcdutl prints a clean table of this file.
cp "$db" "$scratch/flipped.db"
poke "$scratch/flipped.db" 0x12000 ff
unchanged "$db" "$scratch/flipped.db"
run "$SNAPSCOPE" status "$scratch/flipped.db"
expect_rc 1
expect_err_has 'trailing SHA-256: mismatch'
expect_out_has ', 547, 240, 2.3 MB, 3.6.0'

# Damage in the tree: the hash is told, and no figure.
run "$SNAPSCOPE" status "$scratch/type.db"
expect_rc 3
expect_out_eq ''
expect_err_has 'trailing SHA-256: mismatch'
expect_err_has "snapscope: $scratch/type.db: $type_fault"
run "$SNAPSCOPE" status --json "$scratch/cut.db"
expect_rc 3
expect_schema status
expect_eq "$(jq -r .error.code "$out")" page-range 'error code'
expect_err_has 'trailing SHA-256: cut'

for mode in '' --json; do
    # shellcheck disable=SC2086 # an empty mode is no argument
    run bash -c '"$@" >/dev/full' - "$SNAPSCOPE" status $mode "$db"
    expect_rc 4
    expect_err_eq "$valid
snapscope: writing to standard output failed: No space left on device"
done
for format in json table fields; do
    usage_fault '--json has all figures; it goes with neither -w nor --count' status --json -w "$format" "$db"
done
usage_fault '--json has all figures; it goes with neither -w nor --count' status --json --count all "$db"
usage_fault "--write-out: 'protobuf' is none of simple, json, table, fields" status -w protobuf "$db"
usage_fault "--count: 'some' is none of live, all" status --count some "$db"
usage_fault "--threads: '0' is no whole number from 1 to 256" status --threads 0 "$db"
usage_fault "'x' is one argument too many" status "$db" x

fixture etcd36-history-be
run "$SNAPSCOPE" status -w json "$(unpacked etcd36-history-be)"
expect_out_eq "@$SS_SOURCE_DIR/testdata/etcd36-history/oracle/status-3.7.json"
summary
