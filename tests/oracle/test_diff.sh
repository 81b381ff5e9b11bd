#!/usr/bin/env bash
# diff against real etcd servers: both files are restored, and their keys compared by a script of its own:
# two revisions of one file of every release, files of two releases, page sizes, members of one cluster.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

for line in 34 35 36 37; do
    oracle etcd "etcd$line/etcd"
    # shellcheck disable=SC2154 # set by oracle
    echo "etcd of $line: $("$etcd" --version | head -n 1)"
done

pairs=(
    etcd34-history@431:etcd34-history etcd34-history@527:etcd34-history@441
    etcd35-history@431:etcd35-history etcd35-history@527:etcd35-history@441
    etcd36-history@431:etcd36-history etcd36-history@527:etcd36-history@441
    etcd37-history@431:etcd37-history etcd37-history@527:etcd37-history@441
    etcd34-history:etcd37-history etcd35-history:etcd36-history@527 etcd36-history:etcd37-history
    etcd36-history:etcd36-64k etcd36-16k:etcd36-64k@441
    etcd34-cluster:etcd36-history etcd37-cluster:etcd36-cluster etcd36-empty:etcd35-cluster
    etcd36-uncompacted@20:etcd36-uncompacted etcd34-compact-tombstone:etcd36-compact-tombstone
    etcd36-three/a:etcd36-three/c etcd36-three/b:etcd36-three/a
)

mapfile -t names < <(printf '%s\n' "${pairs[@]}" | tr ':' '\n' | sed 's/@.*//' | sort -u)
for name in "${names[@]}"; do
    fixture "$name"
    mkdir -p "$copies/$name"
    cp --no-preserve=mode "$scratch/$name/snapshot.db" "$copies/$name/"
    unchanged "$scratch/$name/snapshot.db" # which cp has read
done
mkdir "$scratch/work"
run python3 "$SS_SOURCE_DIR/tests/oracle/diff.py" "$oracles" "$SNAPSCOPE" "$SS_SOURCE_DIR/testdata" \
    "$scratch/work" "$scratch" "$copies" "${pairs[@]}"
expect_rc 0
expect_err_eq ''
expect_out_lines "${#pairs[@]}"
cat "$out"
expect_out_has 'etcd36-history:etcd37-history: 240 and 240 keys, 0 added, 0 removed, 0 modified'
expect_out_has 'etcd36-history:etcd36-64k: 240 and 240 keys, 0 added, 0 removed, 0 modified'
expect_out_has 'etcd36-three/b:etcd36-three/a: 78 and 78 keys, 0 added, 0 removed, 0 modified'

# No server of a little-endian machine reads big-endian files: the twin is its original, and differs from
# others as that does.
fixture etcd36-history-be
run "$SNAPSCOPE" diff "$scratch"/etcd36-history{,-be}/snapshot.db
expect_rc 0
for other in etcd34-cluster etcd37-history; do
    for options in --format=ndjson --values-only; do
        run "$SNAPSCOPE" diff "$options" --rev-a 441 "$scratch/etcd36-history/snapshot.db" \
            "$scratch/$other/snapshot.db"
        sed '1s/history/history-be/' "$out" >"$scratch/original.out"
        run "$SNAPSCOPE" diff "$options" --rev-a 441 "$scratch/etcd36-history-be/snapshot.db" \
            "$scratch/$other/snapshot.db"
        expect_rc 1
        expect_out_eq "@$scratch/original.out"
    done
done
summary
