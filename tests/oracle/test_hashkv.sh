#!/usr/bin/env bash
# hashkv against etcdutl 3.7 and against a booted member of the fixture's own release, at several revisions.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/../cli/fixtures.sh"

for line in 34 35 36 37; do
    oracle etcd "etcd$line/etcd"
done

count=0
for name in $(etcd_fixtures); do
    fixture "$name"
    run python3 "$SS_SOURCE_DIR/tests/oracle/hashkv.py" "$oracles" "$SNAPSCOPE" \
        "$SS_SOURCE_DIR/testdata/$name/provenance.json" "$(unpacked "$name")" "$scratch/work"
    expect_rc 0
    echo "$name:"
    sed 's/^/  /' "$out"
    drop "$name"
    rm -rf "$scratch/work"
    count=$((count + 1))
done
expect_eq "$count" "$(find "$SS_SOURCE_DIR/testdata" -name hashkv-3.7.json | wc -l)" 'fixtures compared'
summary
