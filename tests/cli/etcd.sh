# What the commands for etcd's buckets share, sourced behind cases.sh.

# Fixtures of one database with the answers of the live server that made it.
# shellcheck disable=SC2034 # for those who source this
etcd_fixtures=(etcd34-cluster etcd34-history etcd35-cluster etcd35-history etcd36-checkpoint
    etcd36-cluster etcd36-empty etcd36-history etcd36-member etcd36-removed-member etcd37-cluster
    etcd37-history k8s-small)

# answer KIND FILE: the same few facts out of etcdctl's JSON and out of ours
answer() {
    python3 "$SS_SOURCE_DIR/tests/cli/answers.py" "$@"
}

# place_of FILE BUCKET KEY key|value: the offset of an element's key or value; KEY is text or hex:BYTES.
# Freed pages hold older copies of most elements, so that the tree has to be walked.
place_of() {
    python3 -B - "$SS_SOURCE_DIR/tests/damage" "$@" <<'PY'
import os, sys
sys.path.insert(0, sys.argv[1])
import bolt
path, bucket, key, part = sys.argv[2:]
with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NOATIME)) as file:
    db = bolt.File(file.read())
key = bytes.fromhex(key[4:]) if key.startswith("hex:") else key.encode()
found = [e for e in db.entries(db.bucket_root([bucket.encode()])) if e.key == key]
print(found[0].key_off if part == "key" else found[0].value_off)
PY
}

# copy_of FILE NAME: a copy in the scratch folder, to be poked
copy_of() {
    cp "$1" "$scratch/$2"
    unchanged "$1" # which cp has read
}

# not_etcd COMMAND: a bbolt file of another program is refused
not_etcd() {
    fixture bbolt-nested
    refused not-etcd "$scratch/bbolt-nested/plain.db" \
        "the file has no \`key\` bucket: it is not etcd's" "$1"
}

# cut_short COMMAND: the root bucket of cut.db is behind the file's end
cut_short() {
    run "$SNAPSCOPE" "$1" "$scratch/cut.db"
    expect_rc 3
    expect_err_has "snapscope: $scratch/cut.db: $cut_fault"
    run "$SNAPSCOPE" "$1" --json "$scratch/cut.db"
    expect_rc 3
    expect_schema "$1"
    expect_eq "$(jq -r .error.code "$out")" page-range
}

# same_rows COMMAND FILE: -w json is --json, ndjson has the rows of its list, csv a line more than there are rows
same_rows() {
    run "$SNAPSCOPE" "$1" --json "$2"
    expect_rc 0
    cp "$out" "$scratch/rows.json"
    run "$SNAPSCOPE" "$1" -w json "$2"
    same_as "-w json of $1" "$out" "@$scratch/rows.json"
    run "$SNAPSCOPE" "$1" -w ndjson "$2"
    expect_rc 0
    jq -c ".$1[]" "$scratch/rows.json" >"$scratch/rows"
    same_as "-w ndjson of $1" "$out" "@$scratch/rows"
    run "$SNAPSCOPE" "$1" -w csv "$2"
    expect_rc 0
    expect_eq "$(python3 -c 'import csv, sys; rows = list(csv.reader(sys.stdin)); print(len(rows) - 1, len({len(r) for r in rows}))' <"$out")" \
        "$(jq .count "$scratch/rows.json") 1" "-w csv of $1"
}
