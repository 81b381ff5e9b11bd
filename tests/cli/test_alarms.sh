#!/usr/bin/env bash
# snapscope alarms
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/cases.sh"
source "$(dirname "${BASH_SOURCE[0]}")/etcd.sh"

fixture etcd36-history
fixture etcd36-cluster
db="$scratch/etcd36-history/snapshot.db"
cluster="$scratch/etcd36-cluster/snapshot.db"
damaged "$db"

common_cases "$db" alarms
not_etcd alarms
refused meta "$scratch/metas.db" "$metas_fault" alarms
cut_short alarms

run "$SNAPSCOPE" alarms "$db"
expect_rc 0
expect_out_eq 'MEMBER  ALARM'
run "$SNAPSCOPE" alarms "$cluster"
expect_rc 0
expect_err_eq ''
expect_out_eq 'MEMBER            ALARM
affa5ee85b4e7207  NOSPACE'

# The member's id gets the wire type of a fixed number, of which eight bytes follow, and then no tag.
copy_of "$cluster" broken.db
at=$(place_of "$cluster" alarm hex:0887e4b9da85dd97fdaf011001 key)
poke "$scratch/broken.db" "$at" 09
run "$SNAPSCOPE" alarms "$scratch/broken.db"
expect_rc 3
expect_out_lines 1
expect_err_eq "snapscope: $scratch/broken.db: field 1 (memberID) has wire type 1, 0 is due (offset $(printf '0x%x' "$at"), page 3, bucket alarm)"
run "$SNAPSCOPE" alarms --json "$scratch/broken.db"
expect_rc 3
expect_schema alarms
expect_eq "$(jq -c '[.count, .complete, .fault_count, .faults[0].code]' "$out")" '[0,false,1,"field"]'

# The same rows in the other forms.
same_rows alarms "$db"
usage_fault "'x' is one argument too many" alarms "$db" x

for name in "${etcd_fixtures[@]}"; do
    fixture "$name"
    run "$SNAPSCOPE" alarms --json "$scratch/$name"/*.db
    expect_rc 0
    expect_schema alarms
    expect_eq "$(answer alarms "$SS_SOURCE_DIR/testdata/$name/oracle/alarms.json")" \
        "$(answer alarms "$out")" "alarms of $name"
done
summary
