#!/usr/bin/env bash
# dump against a real etcd: every fixture is restored into a server of its own release, which is then asked
# for all keys, ranges and older revisions.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/../cli/fixtures.sh"
here="$SS_SOURCE_DIR/tests/oracle"

for line in 34 35 36 37; do
    oracle etcd "etcd$line/etcd"
    # shellcheck disable=SC2154 # set by oracle
    echo "etcd of $line: $("$etcd" --version | head -n 1)"
done

count=0
for name in $(etcd_fixtures); do
    fixture "$name"
    mkdir -p "$scratch/work"
    run python3 "$here/dump.py" "$oracles" "$SNAPSCOPE" "$SS_SOURCE_DIR/testdata/$name/provenance.json" \
        "$(unpacked "$name")" "$(oracle_copy "$(unpacked "$name")")" "$scratch/work"
    expect_rc 0
    echo "$name:"
    sed 's/^/  /' "$out"
    drop "$name"
    rm -rf "$scratch/work" "$copies"
    count=$((count + 1))
done
expect_eq "$count" "$(find "$SS_SOURCE_DIR/testdata" -path '*/oracle/get.json*' | wc -l)" 'fixtures compared'
summary
