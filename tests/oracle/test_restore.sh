#!/usr/bin/env bash
# restore against real etcd servers, and against the directories that etcdutl makes with the same flags.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/../cli/fixtures.sh"
here="$SS_SOURCE_DIR/tests/oracle"

for line in 34 35 36 37; do
    oracle _ "etcd$line/etcd"
done
oracle _ dumplogs/etcd-dump-logs

# against JOB NAME [ARGUMENT...]
against() {
    local job=$1 name=$2
    shift 2
    fixture "$name"
    mkdir "$scratch/work"
    run python3 "$here/restore.py" "$job" "$oracles" "$SNAPSCOPE" "$@" "$(oracle_copy "$(unpacked "$name")")" "$scratch/work"
    expect_rc 0
    expect_err_eq ''
    echo "$job $name:"
    sed 's/^/  /' "$out"
    drop "$name"
    rm -rf "$scratch/work" "$copies"
}

# Users, roles, leases and a compaction, each on the release that made it.
for line in 34 35 36 37; do
    against boot "etcd$line-cluster" "$SS_SOURCE_DIR/testdata/etcd$line-cluster/provenance.json"
done
against boot etcd36-history "$SS_SOURCE_DIR/testdata/etcd36-history/provenance.json"
against cluster etcd36-history
against bump etcd36-history
against same etcd36-history
summary
