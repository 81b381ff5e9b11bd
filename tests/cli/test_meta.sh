#!/usr/bin/env bash
# snapscope meta
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/cases.sh"
source "$(dirname "${BASH_SOURCE[0]}")/etcd.sh"

fixture etcd36-history
fixture etcd36-cluster
fixture etcd36-bump
db="$scratch/etcd36-history/snapshot.db"
cluster="$scratch/etcd36-cluster/snapshot.db"
damaged "$db"

common_cases "$db" meta
not_etcd meta
refused meta "$scratch/metas.db" "$metas_fault" meta
cut_short meta

run "$SNAPSCOPE" meta "$cluster"
expect_rc 0
expect_err_eq ''
expect_out_eq 'consistent_index      74
term                  2
confState
  voters              affa5ee85b4e7207
  learners            71ba30d5ea35cc24
  auto_leave          no
storageVersion        3.6.0
clusterVersion        3.6.0'

run "$SNAPSCOPE" meta "$scratch/etcd36-bump/member.db"
expect_rc 0
expect_out_eq 'consistent_index      1
term                  1
confState
  voters              26bd8cdea1ddd1cf
  auto_leave          no
scheduledCompactRev   1062
storageVersion        3.6.0
clusterVersion        3.6.0'

run "$SNAPSCOPE" meta --json "$db"
expect_rc 0
expect_schema meta
expect_eq "$(jq -c '[.scheduled_compact_revision, .finished_compact_revision, .storage_version, .complete]' "$out")" \
    '[431,431,"3.6.0",true]'

# What nobody knows is shown, and what cannot be decoded is told.
copy_of "$cluster" broken.db
at=$(place_of "$cluster" meta storageVersion key)
poke "$scratch/broken.db" "$((at + 13))" 6f
run "$SNAPSCOPE" meta "$scratch/broken.db"
expect_rc 0
expect_out_has 'unknown               meta/storageVersioo = 3.6.0'
run "$SNAPSCOPE" meta --json "$scratch/broken.db"
expect_rc 0
expect_schema meta
expect_eq "$(jq -c '[.unknown, .complete, has("storage_version")]' "$out")" \
    '[[{"bucket":"meta","key":"storageVersioo","value":"3.6.0"}],true,false]'

at=$(place_of "$cluster" meta confState value)
poke "$scratch/broken.db" "$((at + 11))" 2d
fault="\"voters\" is no list of unsigned numbers of 64 bits (offset $(printf '0x%x' "$at"), page 3, bucket meta)"
run "$SNAPSCOPE" meta "$scratch/broken.db"
expect_rc 3
expect_out_lacks confState
expect_err_eq "snapscope: $scratch/broken.db: $fault"
run "$SNAPSCOPE" meta --json "$scratch/broken.db"
expect_rc 3
expect_schema meta
expect_eq "$(jq -c '[.complete, .fault_count, has("conf_state"), .faults[0].code]' "$out")" \
    '[false,1,false,"field"]'

usage_fault "'x' is one argument too many" meta "$db" x

# Term and version as the live servers and etcdutl told them; 3.4 keeps no term.
for name in "${etcd_fixtures[@]}"; do
    fixture "$name"
    oracle="$SS_SOURCE_DIR/testdata/$name/oracle"
    run "$SNAPSCOPE" meta --json "$scratch/$name"/*.db
    expect_rc 0
    expect_schema meta
    expect_eq "$(jq -r '.storage_version // ""' "$out")" \
        "$(jq -r '.version // ""' "$oracle/status-3.7.json")" "storage version of $name"
    expect_eq "$(jq --slurpfile live "$oracle/endpoint-status.json" \
        '(.term // $live[0][0].Status.raftTerm) == $live[0][0].Status.raftTerm' "$out")" true \
        "term of $name"
done
summary
