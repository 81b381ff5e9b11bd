#!/usr/bin/env bash
# buckets, pages, page, keys and get against the bbolt command, on every sound fixture.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/../cli/fixtures.sh"

oracle bbolt bbolt/bbolt
count=0
for name in $(sound_fixtures); do
    fixture "$name"
    # shellcheck disable=SC2154 # set by oracle
    run python3 "$SS_SOURCE_DIR/tests/oracle/bolt.py" "$bbolt" "$SNAPSCOPE" \
        "$(unpacked "$name")" "$(oracle_copy "$(unpacked "$name")")"
    expect_rc 0
    echo "$name:"
    sed 's/^/  /' "$out"
    drop "$name"
    rm -rf "$copies"
    count=$((count + 1))
done
expect_eq "$count" "$(find "$SS_SOURCE_DIR/testdata" -name 'bbolt-pages.txt*' | wc -l)" 'fixtures compared'
summary
