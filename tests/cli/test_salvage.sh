#!/usr/bin/env bash
# snapscope salvage: its report, its lists, its outputs. What is saved of which damage is held in tests/salvage.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/cases.sh"
source "$(dirname "${BASH_SOURCE[0]}")/fixtures.sh"

fixture etcd36-history
fixture bbolt-plain
db="$scratch/etcd36-history/snapshot.db"
plain="$scratch/bbolt-plain/plain.db"
new="$scratch/new.db"

# broken NAME: a damaged file of tests/damage/cases
broken() {
    python3 -B "$SS_SOURCE_DIR/tests/damage/patch.py" apply "$1" "$SS_SOURCE_DIR/testdata" "$scratch/$1.db"
    echo "$scratch/$1.db"
}

usage_fault 'IN is missing' salvage -o "$new"
usage_fault '-o OUT is missing: where the new file goes; or --dry-run' salvage "$db"
usage_fault '-o and --dry-run exclude one another' salvage --dry-run "$db" -o "$new"
usage_fault 'two outputs have one name' salvage "$db" -o "$new" --lost "$new"
usage_fault "'x' is one argument too many" salvage "$db" x -o "$new"
run "$SNAPSCOPE" salvage --help
expect_rc 0
expect_eq "$(awk 'length > 80' "$out")" '' 'lines over 80 columns'

# A sound file: the same records, and a hash that fits.
unchanged "$db"
run "$SNAPSCOPE" salvage "$db" -o "$new"
expect_rc 0
expect_err_eq ''
expect_out_has 'sound: there was nothing to save it from'
expect_out_has 'seal     synthesised from salvage'
expect_eq "$(tail -c 32 "$new" | xxd -p -c 32)" "$(head -c -32 "$new" | sha256sum | cut -d ' ' -f 1)" 'the hash'
for form in --revisions --all-buckets; do
    expect_eq "$("$SNAPSCOPE" dump $form "$new" | sha256sum)" "$("$SNAPSCOPE" dump $form "$db" | sha256sum)" "dump $form"
done
run "$SNAPSCOPE" salvage "$db" -o "$new"
expect_rc 2
run "$SNAPSCOPE" salvage --force "$db" -o "$db"
expect_rc 2
run "$SNAPSCOPE" salvage --json --dry-run "$db"
expect_rc 0
expect_schema salvage
expect_eq "$(jq -c '[.outcome, has("result"), .records.count, .records.tiers.tree, .tree.meta, .lost_count, .damage_count]' "$out")" \
    '["sound",false,405,405,0,0,0]' 'a dry run of a sound file'
run "$SNAPSCOPE" salvage --force "$plain" -o "$new"
expect_rc 0
expect_eq "$("$SNAPSCOPE" dump --bucket key "$new" | sha256sum)" "$("$SNAPSCOPE" dump --bucket key "$plain" | sha256sum)" 'no etcd'

# A lost leaf: the damage by page, the records of its older copies, what is lost.
zeroed=$(broken leaf-zeroed)
unchanged "$zeroed"
run "$SNAPSCOPE" salvage --force --json "$zeroed" -o "$new" --report "$scratch/report" --lost "$scratch/lost" --conflicts "$scratch/conflicts"
expect_rc 1
expect_schema salvage
expect_eq "$(jq -S . "$scratch/report")" "$(jq -S . "$out")" 'the report'
expect_eq "$(jq -c '.damage | map([.page_count, .len, .why.code])' "$out")" '[[1,4096,"page-id"]]' 'damage'
expect_eq "$(jq -c '.lost' "$out")" "$(jq -sc . "$scratch/lost")" 'lost'
expect_eq "$(cat "$scratch/conflicts")" '' 'conflicts'
expect_eq "$(jq '.records | .count == ([.tiers[]] | add)' "$out")" true 'tiers'
expect_eq "$(jq -r .result.sha256 "$out")" "$(tail -c 32 "$new" | xxd -p -c 32)" 'the hash'
run "$SNAPSCOPE" verify "$new"
expect_rc 0
run "$SNAPSCOPE" salvage --force "$zeroed" -o "$new"
expect_rc 1
expect_out_has 'damaged: all that could be saved was taken'
expect_out_has ': page is zeroed'

# One revision with two contents: both are told.
run "$SNAPSCOPE" salvage --dry-run --json "$(broken revision-twice)" --conflicts "$scratch/two"
expect_rc 1
expect_eq "$(jq .records.conflicts "$out")" 1 'conflicts'
expect_eq "$(jq -c '[.mod_revision, .sub, .kept.tier, .other.tier, .kept.tombstone, .other.tombstone]' "$scratch/two")" \
    '[24,0,"tree","tree",false,true]' 'a conflict'

# No meta page left: everything is told from the pages.
run "$SNAPSCOPE" salvage --force --json "$(broken metas-zeroed)" -o "$new"
expect_rc 1
expect_schema salvage
expect_eq "$(jq -c '[.tree.page_size, .tree.inferred, (.tree | has("meta"))]' "$out")" '[4096,true,false]' 'pages'
expect_eq "$("$SNAPSCOPE" dump --revisions "$new" | sha256sum)" "$("$SNAPSCOPE" dump --revisions "$db" | sha256sum)" 'both metas gone'

# Deleted data come back when asked for.
run "$SNAPSCOPE" salvage --force --json --include-freed "$db" -o "$new"
expect_rc 0
expect_eq "$(jq '.records.tiers.tree == 405 and .records.tiers.freed > 0' "$out")" true 'freed'

# Nothing to save.
for name in replaced-by-text truncated-to-nothing; do
    rm -f "$new"
    run "$SNAPSCOPE" salvage --json "$(broken $name)" -o "$new"
    expect_rc 3
    expect_file_absent "$new"
    expect_schema salvage
    expect_eq "$(jq -r .outcome "$out")" nothing 'outcome'
done
summary
