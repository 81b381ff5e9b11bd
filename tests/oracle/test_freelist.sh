#!/usr/bin/env bash
# A stored freelist that names page 0, on which etcd 3.4 panics and etcdutl of 3.5 to 3.7 do not end: what restore and
# convert --rebuild make of it is sound to bbolt, and servers of every release start on it with all keys.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

oracle bbolt bbolt/bbolt
for line in 34 35 36 37; do
    oracle _ "etcd$line/etcd"
done
fixture etcd36-history
run "$SNAPSCOPE" convert --rebuild --store-freelist "$scratch/etcd36-history/snapshot.db" -o "$scratch/listed.db"
expect_rc 0
python3 "$SS_SOURCE_DIR/tests/cli/freelist.py" "$scratch/listed.db" "$scratch/zero.db" 0
mkdir "$scratch/work"
export PYTHONDONTWRITEBYTECODE=1
run python3 "$SS_SOURCE_DIR/tests/oracle/freelist.py" "$oracles" "$SNAPSCOPE" "$(oracle_copy "$scratch/zero.db")" "$scratch/work"
expect_rc 0
expect_err_eq ''
cat "$out"

# Every damage of a freelist alone, rebuilt: bbolt finds nothing wrong with it, and the same keys.
count=0
for words in zero 0 1 1000000 '5 5' 535; do
    # shellcheck disable=SC2086 # several words
    python3 "$SS_SOURCE_DIR/tests/cli/freelist.py" "$scratch/listed.db" "$scratch/damaged.db" $words
    for args in --rebuild --store-freelist; do
        run "$SNAPSCOPE" convert --force $args "$scratch/damaged.db" -o "$scratch/made.db"
        expect_rc 0
        # shellcheck disable=SC2154 # set by oracle
        run "$bbolt" check "$(oracle_copy "$scratch/made.db")"
        expect_rc 0
        expect_out_eq OK
        count=$((count + 1))
    done
done
fixture bbolt-stored-freelist
for name in freelist-duplicate freelist-id-meta freelist-id-out-of-range freelist-metas freelist-out-of-range \
    freelist-reachable freelist-unsorted freelist-wrong-type freelist-zeroed pages-leaked; do
    python3 "$SS_SOURCE_DIR/tests/damage/patch.py" apply "$name" "$SS_SOURCE_DIR/testdata" "$scratch/damaged.db"
    run "$SNAPSCOPE" convert --force --rebuild --no-hash "$scratch/damaged.db" -o "$scratch/made.db"
    expect_rc 0
    run "$bbolt" check "$(oracle_copy "$scratch/made.db")"
    expect_rc 0
    expect_out_eq OK
    count=$((count + 1))
done
expect_eq "$count" 22 'files made'
summary
