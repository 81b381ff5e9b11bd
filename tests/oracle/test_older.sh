#!/usr/bin/env bash
# --meta against etcd and bbolt themselves: what they read once the newer meta page is gone is what we
# read of the whole file; and what convert and restore make of it they take.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

oracle etcdutl36 etcd36/etcdutl
oracle etcdutl37 etcd37/etcdutl
oracle bbolt bbolt/bbolt
fixture etcd36-member
whole="$scratch/etcd36-member/member.db"
older="$scratch/older.db" lost="$scratch/lost.db" new="$scratch/new.db"

cp "$whole" "$older"
dd if=/dev/zero of="$older" bs=8 seek=521 count=1 conv=notrunc status=none # the checksum of meta 1
cp "$whole" "$lost"
dd if=/dev/zero of="$lost" bs=4096 seek=19 count=1 conv=notrunc status=none

unchanged "$whole" "$older" "$lost"

# shellcheck disable=SC2154 # set by oracle
for etcdutl in "$etcdutl36" "$etcdutl37"; do
    "$etcdutl" snapshot status "$(oracle_copy "$older")" -w json >"$scratch/theirs"
    run "$SNAPSCOPE" status --meta 0 -w json "$lost"
    expect_rc 0
    same_as 'status --meta 0' "$out" "@$scratch/theirs"
    "$etcdutl" snapshot status "$(oracle_copy "$whole")" -w json >"$scratch/theirs"
    run "$SNAPSCOPE" status --meta 1 -w json "$whole"
    same_as 'status --meta 1' "$out" "@$scratch/theirs"
done

run "$SNAPSCOPE" convert --meta 0 --skip-hash-check "$lost" -o "$new"
expect_rc 0
# shellcheck disable=SC2154
run "$bbolt" check "$(oracle_copy "$new")"
expect_rc 0
expect_out_has OK
"$etcdutl37" snapshot status "$(oracle_copy "$older")" -w json | jq -c '[.hash, .revision, .totalKey]' >"$scratch/theirs"
"$etcdutl37" snapshot status "$(oracle_copy "$new")" -w json | jq -c '[.hash, .revision, .totalKey]' >"$scratch/ours"
same_as 'etcdutl status of what convert made' "$scratch/ours" "@$scratch/theirs"
run "$etcdutl37" snapshot restore "$(oracle_copy "$new")" --data-dir "$scratch/restored"
expect_rc 0
run "$SNAPSCOPE" diff "$scratch/restored/member/snap/db" "$older"
expect_rc 0
summary
