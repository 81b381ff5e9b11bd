#!/usr/bin/env bash
# snapscope leases
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/cases.sh"
source "$(dirname "${BASH_SOURCE[0]}")/etcd.sh"

fixture etcd36-history
fixture etcd36-checkpoint
db="$scratch/etcd36-history/snapshot.db"
damaged "$db"

common_cases "$db" leases
not_etcd leases
refused meta "$scratch/metas.db" "$metas_fault" leases
cut_short leases

run "$SNAPSCOPE" leases "$db"
expect_rc 0
expect_err_eq ''
expect_out_eq 'ID                       TTL  REMAINING
0000000000000007     2592001          -
0102030405060708    12345678          -
1234567890abcdef     2592000          -
7fffffffffffffff  9000000000          -
fffffffffffffffe     2592000          -'
run "$SNAPSCOPE" leases "$scratch/etcd36-checkpoint/snapshot.db"
expect_rc 0
expect_out_eq 'ID                  TTL  REMAINING
000000000000000b   7200       6900
000000000000000c  86400      86100'

# The tag of one lease's TTL (field 2) becomes that of a field of bytes.
copy_of "$db" broken.db
at=$(place_of "$db" lease hex:0000000000000007 value)
poke "$scratch/broken.db" "$((at + 2))" 12
run "$SNAPSCOPE" leases "$scratch/broken.db"
expect_rc 3
expect_out_lines 5
expect_err_has "snapscope: $scratch/broken.db: field 2 has 2592001 bytes, but only 0 are left"
run "$SNAPSCOPE" leases --json "$scratch/broken.db"
expect_rc 3
expect_schema leases
expect_eq "$(jq -c '[.count, .complete, .fault_count, .faults[0].bucket, .faults[0].code]' "$out")" \
    '[4,false,1,"lease","field"]'

# The same rows in the other forms.
same_rows leases "$db"
usage_fault "'x' is one argument too many" leases "$db" x

for name in "${etcd_fixtures[@]}"; do
    fixture "$name"
    run "$SNAPSCOPE" leases --json "$scratch/$name"/*.db
    expect_rc 0
    expect_schema leases
    expect_eq "$(answer leases "$SS_SOURCE_DIR/testdata/$name/oracle/leases.json")" \
        "$(answer leases "$out")" "leases of $name"
done
summary
