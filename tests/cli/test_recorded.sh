#!/usr/bin/env bash
# dump against the answers recorded beside the fixtures: what a real etcd returned for the same file, and
# what the bbolt library read of it. Twins in the other byte order give the same bytes.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/fixtures.sh"

count=0
for name in $(etcd_fixtures); do
    fixture "$name"
    run python3 "$SS_SOURCE_DIR/tests/cli/recorded.py" "$SNAPSCOPE" \
        "$SS_SOURCE_DIR/testdata/$name" "$(unpacked "$name")"
    expect_rc 0
    echo "$name:"
    sed 's/^/  /' "$out"
    drop "$name"
    count=$((count + 1))
done
expect_eq "$count" "$(find "$SS_SOURCE_DIR/testdata" -path '*/oracle/get.json*' | wc -l)" 'fixtures compared'

# bucket_paths FILE: every bucket as --bucket takes it
bucket_paths() {
    "$SNAPSCOPE" buckets --json "$1" | jq -r '.buckets[].bucket' |
        sed 's/%/%25/g; s/\\x\(..\)/%\1/g; s/\\\\/\\/g'
}

# everything FILE [COMMAND OPTION...]: what is in the file, in one stream
everything() {
    local bucket
    "$SNAPSCOPE" buckets "$1" || return
    "$SNAPSCOPE" pages "$1" || return
    while read -r bucket; do
        echo "bucket $bucket"
        "$SNAPSCOPE" dump --bucket "$bucket" "$1" || return
    done < <(bucket_paths "$1")
}

# history FILE
history() {
    "$SNAPSCOPE" dump "$1" && "$SNAPSCOPE" dump --revisions "$1" && "$SNAPSCOPE" dump --rev 441 "$1"
}

# same_bytes COMMAND TWIN ORIGINAL: both give the same bytes
same_bytes() {
    run "$1" "$3"
    expect_rc 0
    cp "$out" "$scratch/original.out"
    run "$1" "$2"
    expect_rc 0
    expect_out_eq "@$scratch/original.out"
    echo "$twin: $1: $(wc -l <"$out") lines, the same as of $original"
}

count=0
while read -r twin original; do
    fixture "$twin"
    fixture "$original"
    same_bytes everything "$(unpacked "$twin")" "$(unpacked "$original")"
    if jq -e .etcd "$SS_SOURCE_DIR/testdata/$twin/provenance.json" >/dev/null; then
        same_bytes history "$(unpacked "$twin")" "$(unpacked "$original")"
    fi
    count=$((count + 1))
done < <(twins)
expect_eq "$count" 3 twins
summary
