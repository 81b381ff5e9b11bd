#!/usr/bin/env bash
# Peer URLs and lists of members as etcdutl takes them: both refuse, or both make the same ids.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
here="$SS_SOURCE_DIR/tests/oracle"

oracle _ etcd36/etcdutl
oracle _ etcd37/etcdutl
mkdir "$scratch/work"
zstd -q -d "$SS_SOURCE_DIR/testdata/etcd36-empty/snapshot.db.zst" -o "$scratch/empty.db"
run python3 "$here/urls.py" "$oracles" "$SNAPSCOPE" "$scratch/empty.db" "$scratch/work"
cat "$out"
expect_rc 0
expect_out_has ', 0 differ'
summary
