#!/usr/bin/env bash
# Salvage of damaged files, against `bbolt check` and a real etcd that is restored from it.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/../cli/fixtures.sh"

oracle _ bbolt/bbolt
oracle _ etcd36/etcd

fixture etcd36-history
mkdir "$scratch/work"
run python3 -B "$SS_SOURCE_DIR/tests/oracle/salvage.py" "$oracles" "$SNAPSCOPE" "$(oracle_copy "$scratch/etcd36-history/snapshot.db")" "$scratch/work"
expect_rc 0
expect_err_eq ''
cat "$out"
summary
