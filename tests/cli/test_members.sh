#!/usr/bin/env bash
# snapscope members
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/cases.sh"
source "$(dirname "${BASH_SOURCE[0]}")/etcd.sh"

fixture etcd36-history
fixture etcd36-removed-member
db="$scratch/etcd36-history/snapshot.db"
removed="$scratch/etcd36-removed-member/snapshot.db"
damaged "$db"

common_cases "$db" members
not_etcd members
refused meta "$scratch/metas.db" "$metas_fault" members
cut_short members

run "$SNAPSCOPE" members "$removed"
expect_rc 0
expect_err_eq ''
expect_out_eq 'ID                STATE    ROLE   NAME  PEER-URLS               CLIENT-URLS
32ab7f19e0a8a124  started  voter  m0    http://127.0.0.1:37473  http://127.0.0.1:39731
4967c461eb344f69  started  voter  m1    http://127.0.0.1:36135  http://127.0.0.1:34531
b823d32970ed8720  removed  -      -     -                       -'

run "$SNAPSCOPE" members --json "$removed"
expect_rc 0
expect_schema members
expect_eq "$(jq -c '[.count, .complete, .members[2]]' "$out")" \
    '[3,true,{"id":"b823d32970ed8720","state":"removed"}]'

# One member that is no JSON: the others are listed, and the answer is not the whole.
copy_of "$removed" broken.db
at=$(place_of "$removed" members 32ab7f19e0a8a124 value)
poke "$scratch/broken.db" "$at" 5b
fault='a member is no JSON object'
run "$SNAPSCOPE" members "$scratch/broken.db"
expect_rc 3
expect_out_lines 3
expect_err_has "snapscope: $scratch/broken.db: $fault"
run "$SNAPSCOPE" members --json "$scratch/broken.db"
expect_rc 3
expect_schema members
expect_eq "$(jq -c '[.count, .complete, .fault_count, .faults[0].bucket, .faults[0].code]' "$out")" \
    '[2,false,1,"members","field"]'
expect_eq "$(jq .faults[0].offset "$out")" "$at"

# The same rows in the other forms.
same_rows members "$db"
usage_fault "'x' is one argument too many" members "$db" x

# What the live servers answered: jq would round the ids, so Python compares.
for name in "${etcd_fixtures[@]}"; do
    fixture "$name"
    run "$SNAPSCOPE" members --json "$scratch/$name"/*.db
    expect_rc 0
    expect_schema members
    expect_eq "$(answer members "$SS_SOURCE_DIR/testdata/$name/oracle/members.json")" \
        "$(answer members "$out")" "members of $name"
done
summary
