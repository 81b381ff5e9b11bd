#!/usr/bin/env bash
# --keep-going, over files that came from the field (testdata/field): what stands is given, in order, what
# was skipped is said with what it held, and the exit code is 3.
# shellcheck source=tests/cli/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

fixture field
leaf="$scratch/field/etcd-leaf-zeroed.db"
root="$scratch/field/etcd-root-zeroed.db"
child="$scratch/field/child-is-freelist.db"
twice="$scratch/field/page-named-twice.db"
key=/registry/pods/default/p8
skipped="page is zeroed: 0, due 5 (offset 0x5000, page 5, bucket key): revisions 48_0 to before 90_0 are skipped"
bounds='[5,20480,"key",{"mod_revision":48,"sub":0},{"mod_revision":90,"sub":0}]'
as_bounds='.skipped[0] | [.page,.offset,.bucket,.from,.to]'

# 148 of 172 records stand, as verify counts them; every form says the same of the rest.
run "$SNAPSCOPE" verify --json "$leaf"
expect_rc 1
expect_eq "$(jq '.record_count' "$out")" 148 'records that verify reads'
run "$SNAPSCOPE" dump --revisions --keep-going "$leaf"
expect_rc 3
expect_out_lines 148
expect_err_eq "snapscope: $leaf: $skipped
snapscope: $leaf: damage at 1 place: what is given is what still stands"
expect_schema record --lines
run "$SNAPSCOPE" keys --keep-going "$leaf" key
expect_rc 3
expect_out_lines 148
run "$SNAPSCOPE" keys --keep-going --json "$leaf" key
expect_rc 3
expect_schema keys
expect_eq "$(jq -c '[.count,.complete,.skipped_count]' "$out")" '[148,false,1]'
expect_eq "$(jq -c "$as_bounds" "$out")" "$bounds"

run "$SNAPSCOPE" dump --keep-going "$leaf"
expect_rc 3
expect_out_lines 56
expect_err_has "snapscope: $leaf: $skipped"
expect_err_has 'keys whose newest records stood in the skipped pages show older values or are missing'
run "$SNAPSCOPE" dump --keep-going --json "$leaf"
expect_rc 3
expect_schema dump
expect_eq "$(jq -c '[.count,.skipped_count]' "$out")" '[56,1]'
expect_eq "$(jq -c "$as_bounds" "$out")" "$bounds"
run "$SNAPSCOPE" dump --keep-going --format etcdctl "$leaf"
expect_rc 3
expect_schema dump
expect_eq "$(jq '.kvs | length' "$out")" 56
run "$SNAPSCOPE" dump --keep-going --revisions --all-buckets -o "$scratch/out.tar" "$leaf"
expect_rc 3
expect_err_eq "snapscope: $leaf: $skipped
snapscope: $leaf: damage at 1 place: what is given is what still stands"
expect_eq "$(tar tf "$scratch/out.tar" | grep -c '^revisions/')" 148
run "$SNAPSCOPE" dump --keep-going -o "$scratch/out.ndjson" "$leaf"
expect_rc 3
expect_eq "$(wc -l <"$scratch/out.ndjson")" 56

run "$SNAPSCOPE" get --keep-going "$leaf" "$key"
expect_rc 3
expect_eq "$(<"$out")" '{"n":89}'
expect_err_has "snapscope: $leaf: $skipped"
run "$SNAPSCOPE" get --keep-going --json "$leaf" "$key"
expect_rc 3
expect_schema get
expect_eq "$(jq -c "$as_bounds" "$out")" "$bounds"
run "$SNAPSCOPE" get --keep-going "$leaf" no-such-key
expect_rc 3
run "$SNAPSCOPE" history --keep-going --json "$leaf" "$key"
expect_rc 3
expect_schema history
expect_eq "$(jq -c '[.complete,.skipped_count]' "$out")" '[false,1]'
run "$SNAPSCOPE" buckets --keep-going --json "$leaf"
expect_rc 3
expect_schema buckets
expect_eq "$(jq -c "$as_bounds" "$out")" "$bounds"

# Without the flag the message has the command line with it.
run "$SNAPSCOPE" dump --prefix "/it's" "$leaf"
expect_rc 3
expect_err_has "snapscope: try: snapscope dump --keep-going --prefix '/it'\\''s' $leaf gives what still stands"
run "$SNAPSCOPE" get "$leaf" "$key"
expect_rc 3
expect_err_has "snapscope: try: snapscope get --keep-going $leaf $key gives what still stands"
run "$SNAPSCOPE" history --keep-going "$root" "$key"
expect_rc 3
expect_eq "$(grep -c 'try: snapscope history' "$err")" 0

# No file with a damaged root is called another program's, or empty.
mapfile -t reads < <(every_command readers info verify status buckets keys pages page diff)
for words in "${reads[@]}"; do
    read -ra args <<<"$words"
    run "$SNAPSCOPE" "${args[@]/FILE/$root}"
    expect_rc 3
    expect_err_has "snapscope: $root: page is zeroed: 0, due 2 (offset 0x2000, page 2)"
done
run "$SNAPSCOPE" dump --all-buckets --keep-going --json "$root"
expect_rc 3
expect_schema dump
expect_eq "$(jq -c '[.buckets, .skipped_count]' "$out")" '[[],1]'
expect_err_has 'page is zeroed: 0, due 2 (offset 0x2000, page 2): it is skipped with all that it held'

# containerd's shape: the other children of the branch, and all other buckets.
run "$SNAPSCOPE" dump --all-buckets "$child"
expect_rc 3
run "$SNAPSCOPE" dump --all-buckets --keep-going "$child"
expect_rc 3
expect_out_lines 1043
expect_schema record --lines
expect_err_has 'bucket v1/k8s.io/containers): keys "000000000000000000000000000000000000000000000000859899ae0ab4e9e9" to before "00000000000000000000000000000000000000000000000095509742ac2b60e9" are skipped'
run "$SNAPSCOPE" dump --all-buckets --keep-going --json "$twice"
expect_rc 3
expect_schema dump
expect_eq "$(jq -c '[.skipped_count, .skipped[0].code, .skipped[0].page]' "$out")" '[1,"cycle",218]'
expect_err_has 'page is referenced more than once (offset 0xd1028, page 218, bucket v1/k8s.io/containers)'

# A bucket is dumped with the buckets inside it, as --all-buckets has them.
fixture bbolt-nested
nested="$scratch/bbolt-nested/plain.db"
run "$SNAPSCOPE" dump --all-buckets "$nested"
expect_rc 0
grep '^{"bucket":\["kinds",' "$out" >"$scratch/all"
run "$SNAPSCOPE" dump --bucket kinds "$nested"
expect_rc 0
expect_schema record --lines
same_as 'the buckets inside' <(grep '^{"bucket"' "$out") "@$scratch/all"
run "$SNAPSCOPE" dump --bucket kinds --json "$nested"
expect_rc 0
expect_schema dump
expect_eq "$(jq '.buckets | length' "$out")" "$(grep -vc '"key' "$scratch/all")"

# What get says of keys that are not there.
fixture etcd36-history
db="$scratch/etcd36-history/snapshot.db"
run "$SNAPSCOPE" get "$db" /registry/pods
expect_rc 1
expect_err_has "snapscope: try: snapscope dump --prefix '/registry/pods' $db gives the 67 keys that begin with it"
run "$SNAPSCOPE" get --bucket lease "$db" 7
expect_rc 1
expect_err_has "snapscope: try: snapscope get --bucket 'lease' --key-format hex $db 0000000000000007 for that number"
run "$SNAPSCOPE" get --bucket lease --key-format hex "$db" 0000000000000007
expect_rc 0
run "$SNAPSCOPE" get --bucket key "$db" x
expect_rc 1
expect_err_has '--key-format hex'

# Of sound files the flag changes nothing.
for args in dump 'dump --json' 'dump --revisions' 'dump --all-buckets --json' 'keys --json' buckets \
    'dump --format etcdctl' 'dump --format tar --all-buckets'; do
    read -ra words <<<"$args"
    run "$SNAPSCOPE" "${words[@]}" "$db"
    expect_rc 0
    cp "$out" "$scratch/without"
    run "$SNAPSCOPE" "${words[@]}" --keep-going "$db"
    expect_rc 0
    expect_out_eq "@$scratch/without"
done
summary
