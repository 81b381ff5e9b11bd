#!/usr/bin/env bash
# What convert writes: etcdutl restores it without flags and reads the same figures, bbolt finds it sound.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/../cli/fixtures.sh"

oracle etcdutl etcd36/etcdutl
oracle etcdutl37 etcd37/etcdutl
oracle bbolt bbolt/bbolt
made="$scratch/made.db"
count=0
for name in etcd34-cluster etcd35-history etcd36-16k etcd36-bump etcd36-empty etcd36-history etcd36-history-be \
    etcd36-member etcd36-removed-member etcd37-cluster; do
    fixture "$name"
    db=$(unpacked "$name")
    order=()
    [[ $name != *-be ]] || order=(--byte-order little)
    for args in '' --rebuild '--out-page-size 64K' '--rebuild --store-freelist'; do
        # shellcheck disable=SC2086 # several words or none
        run "$SNAPSCOPE" convert --skip-hash-check --force "${order[@]}" $args "$db" -o "$made"
        expect_rc 0
        # shellcheck disable=SC2154 # set by oracle
        run "$bbolt" check "$(oracle_copy "$made")"
        expect_rc 0
        expect_out_eq OK
        # shellcheck disable=SC2154
        run "$etcdutl" snapshot status "$(oracle_copy "$made")" -w json
        expect_rc 0
        jq -S -c . "$out" >"$scratch/theirs"
        run "$SNAPSCOPE" status "$made" -w json
        expect_rc 0
        jq -S -c . "$out" >"$scratch/ours"
        same_as "status of $name $args" "$scratch/ours" "@$scratch/theirs"
        restorer=$etcdutl
        # 3.6 refuses the storage version of 3.7.
        [[ $name != etcd37-* ]] || restorer=$etcdutl37
        run "$restorer" snapshot restore "$(oracle_copy "$made")" --data-dir "$scratch/restored"
        expect_rc 0
        run "$SNAPSCOPE" dump --revisions "$db"
        cp "$out" "$scratch/truth"
        run "$SNAPSCOPE" dump --revisions "$scratch/restored/member/snap/db"
        same_as "history of $name $args" "$out" "@$scratch/truth"
        rm -r "$scratch/restored"
        rm -rf "$copies"
        count=$((count + 1))
    done
    drop "$name"
done
expect_eq "$count" 40 'files made'

# Padding behind the hash: etcdutl refuses the file, and restores what convert makes of it.
fixture inputs
run "$etcdutl" snapshot restore "$(oracle_copy "$scratch/inputs/padded.db")" --data-dir "$scratch/refused"
expect_rc 1
expect_err_has 'snapshot missing hash'
run "$SNAPSCOPE" convert --force "$scratch/inputs/padded.db" -o "$made"
expect_rc 0
run "$etcdutl" snapshot restore "$(oracle_copy "$made")" --data-dir "$scratch/restored"
expect_rc 0
summary
