#!/usr/bin/env bash
# snapscope convert
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/cases.sh"
source "$(dirname "${BASH_SOURCE[0]}")/fixtures.sh"
source "$(dirname "${BASH_SOURCE[0]}")/rules.sh"

fixture etcd36-history
fixture etcd36-member
fixture etcd36-history-be
fixture bbolt-plain
db="$scratch/etcd36-history/snapshot.db"
member="$scratch/etcd36-member/member.db"
plain="$scratch/bbolt-plain/plain.db"
new="$scratch/new.db"

bad_inputs "$db" convert -o "$new"
expect_file_absent "$new"
bad_outputs "$db" convert -f -o "$new"
expect_file_absent "$new"
usage_fault 'IN is missing' convert -o "$new"
usage_fault '-o OUT is missing: where the new file goes' convert "$db"
usage_fault '--out-page-size: 3072 is no power of two' convert --out-page-size 3K "$db" -o "$new"
usage_fault "--byte-order: 'middle' is none of same, little, big" convert --byte-order middle "$db" -o "$new"
usage_fault '--json and -o - both want standard output' convert --json "$db" -o -
usage_fault "'x' is one argument too many" convert "$db" x -o "$new"
run "$SNAPSCOPE" convert --help
expect_rc 0
expect_eq "$(awk 'length > 80' "$out")" '' 'lines over 80 columns'

# The table, row by row, and damage below each of its rows.
rule_inputs "$db"
pages=$(sha256sum <"$scratch/rules/absent.db")
watched=()
while read -r state flag accepted seal; do
    flags=()
    [[ $flag == - ]] || flags=("$flag")
    file="$scratch/rules/$state.db"
    unchanged "$file"
    run "$SNAPSCOPE" convert --json "${flags[@]}" "$file" -o "$new"
    expect_schema convert
    expect_eq "$(jq -r .intake.hash.state "$out")" "$state" 'state of the hash'
    if [[ $accepted == yes ]]; then
        expect_rc 0
        expect_err_eq ''
        expect_eq "$(jq -r .result.seal "$out")" "$seal" "seal of $state $flag"
        expect_eq "$(tail -c 32 "$new" | xxd -p -c 32)" "$(jq -r .result.sha256 "$out")" 'the hash in the file'
        expect_eq "$(tail -c 32 "$new" | xxd -p -c 32)" "$(head -c -32 "$new" | sha256sum | cut -d ' ' -f 1)" \
            'the hash'
        expect_eq "$(head -c -32 "$new" | sha256sum)" "$pages" 'the pages'
        rm "$new"
    else
        expect_rc 3
        expect_err_has "snapscope: $file: refused: "
        expect_err_has 'snapscope: nothing was written'
        expect_eq "$(jq '[.intake.accepted, has("result")] == [false, false]' "$out")" true 'refused'
    fi
    expect_file_absent "$new"
    for damage in structure records; do
        file="$scratch/rules/$damage-$state.db"
        run "$SNAPSCOPE" convert --json "${flags[@]}" "$file" -o "$new"
        expect_rc 3
        expect_schema convert
        expect_eq "$(jq -c '[.intake.accepted, has("result")]' "$out")" '[false,false]' "$damage-$state $flag"
        if [[ $state != cut ]]; then
            expect_err_has 'in structure or records; damage is never sealed'
        fi
        expect_file_absent "$new"
    done
    watched=()
done < <(rule_rows)
unchanged "$db" "$member"

# --no-hash vouches for nothing: an absent hash is then no reason to refuse, a wrong one is.
for state in valid absent; do
    run "$SNAPSCOPE" convert --json --no-hash "$scratch/rules/$state.db" -o "$new"
    expect_rc 0
    expect_schema convert
    expect_eq "$(jq -c '[.result.seal, .result.len]' "$out")" '["none",2269184]'
    rm "$new"
done
for state in mismatch zero cut; do
    run "$SNAPSCOPE" convert --no-hash "$scratch/rules/$state.db" -o "$new"
    expect_rc 3
    expect_file_absent "$new"
done

# What is printed: decision, digests, what was checked and what was not.
digest=567e8cf4018f1f15b936ea75f020f6fc0b7cb67c3e9cd49ac1c77f8f85272de9
run "$SNAPSCOPE" convert "$db" -o "$new"
expect_rc 0
expect_err_eq ''
expect_out_eq "$db: accepted: the hash is valid
  hash       valid, over 2269184 bytes
             $digest
  structure  checked, no error
  records    checked, no error: 405, of which 240 are live keys
$new: page-exact copy, 2269216 bytes: 554 pages of 4096 bytes, little-endian
  hash       $digest
  seal       verified: the input's own hash was valid"
same_as 'the copy' "$new" "@$db"
unchanged "$db"
expect_eq "$(stat -c %a "$new")" 600 mode
run "$SNAPSCOPE" convert "$scratch/rules/mismatch.db" -o "$scratch/none"
expect_rc 3
expect_out_has "             $digest"
expect_out_has "             ${digest%9}8"
expect_out_has '  values     not checked: no valid hash vouches for them'
expect_err_has 'snapscope: try: --skip-hash-check'
run "$SNAPSCOPE" convert "$scratch/rules/absent.db" -o "$scratch/none"
expect_rc 3
expect_err_has 'snapscope: try: --allow-missing-hash, if the bytes are known to be good from elsewhere'
run "$SNAPSCOPE" convert --allow-missing-hash "$scratch/rules/mismatch.db" -o "$scratch/none"
expect_rc 3
expect_err_has 'snapscope: try: --skip-hash-check'
expect_file_absent "$scratch/none"

# A reader who leaves: OUT is there and the code is 0, five times; a full disk: neither.
whole=$(sha256sum <"$db")
unchanged "$db"
for turn in 1 2 3 4 5; do
    for reader in 'head -n 1' true; do
        run bash -c '"$@" | '"$reader"'; exit "${PIPESTATUS[0]}"' - "$SNAPSCOPE" convert "$db" -o "$scratch/left"
        expect_rc 0
        expect_eq "$(sha256sum <"$scratch/left")" "$whole" "the copy of turn $turn, $reader"
        rm -f "$scratch/left"
    done
done
run bash -c '"$@" >/dev/full' - "$SNAPSCOPE" convert "$db" -o "$scratch/left"
expect_rc 4
expect_err_eq 'snapscope: writing to standard output failed: No space left on device'
expect_file_absent "$scratch/left"
run "$SNAPSCOPE" convert --skip-hash-check "$scratch/rules/structure-mismatch.db" -o "$scratch/none"
expect_rc 3
expect_out_has '  error      PAGE-006 page has no single known type'
expect_out_has '             at offset 0x2008, page 2, bucket key'
expect_err_has "snapscope: try: snapscope verify $scratch/rules/structure-mismatch.db lists every finding"
expect_file_absent "$scratch/none"

# OUT: never the input, never over a file without --force, never a part.
run "$SNAPSCOPE" convert "$db" -o "$new"
expect_rc 2
expect_err_has 'add --force'
run "$SNAPSCOPE" convert --force --rebuild "$db" -o "$new"
expect_rc 0
expect_out_has "$new: rebuilt, "
ln -s "$db" "$scratch/link"
for path in "$db" "$scratch/link"; do
    run "$SNAPSCOPE" convert --force "$db" -o "$path"
    expect_rc 2
done
run bash -c 'ulimit -f 64; "$@"' - "$SNAPSCOPE" convert "$db" -o "$scratch/large"
expect_rc 4
expect_file_absent "$scratch/large"
run "$SNAPSCOPE" convert "$db" -o "$scratch/absent/new"
expect_rc 4
# A refused input leaves the file that --force would replace.
cp "$new" "$scratch/kept"
run "$SNAPSCOPE" convert --force "$member" -o "$new"
expect_rc 3
same_as 'the old file' "$new" "@$scratch/kept"

# Streams: bytes to standard output, words to standard error.
run "$SNAPSCOPE" convert "$db" -o -
expect_rc 0
expect_out_eq "@$db"
unchanged "$db"
expect_err_has 'standard output: page-exact copy'
run "$SNAPSCOPE" convert "$member" -o -
expect_rc 3
expect_out_eq ''
run bash -c '"$@" >/dev/full' - "$SNAPSCOPE" convert "$db" -o -
expect_rc 4
expect_err_has 'writing to standard output failed: No space left on device'
gzip -c "$db" >"$scratch/packed.gz"
unchanged "$db" "$scratch/packed.gz"
run "$SNAPSCOPE" convert --force "$scratch/packed.gz" -o "$new"
expect_rc 0
same_as 'from gzip' "$new" "@$db"
unchanged "$db"
run bash -c 'cat "$1" | "${@:2}"' - "$scratch/rules/valid.db" "$SNAPSCOPE" convert --force - -o "$new"
expect_rc 0
same_as 'from a pipe' "$new" "@$db"
unchanged "$db"

# Preallocated space behind high-water does not come along.
cp "$db" "$scratch/long.db"
truncate -s -32 "$scratch/long.db"
truncate -s 4M "$scratch/long.db"
sha256sum "$scratch/long.db" | cut -c 1-64 | xxd -r -p >>"$scratch/long.db"
unchanged "$scratch/long.db" "$db"
run "$SNAPSCOPE" convert --force "$scratch/long.db" -o "$new"
expect_rc 0
same_as 'the pages' "$new" "@$db"
unchanged "$db"

# Another page size, byte order or a freelist: the same keys and values, and sound.
same_state() { # FILE: its history is that of $db
    run "$SNAPSCOPE" dump --revisions "$1"
    expect_rc 0
    same_as "history of $(basename "$1")" "$out" "@$scratch/history"
}
run "$SNAPSCOPE" dump --revisions "$db"
cp "$out" "$scratch/history"
for args in --rebuild --store-freelist '--out-page-size 1024' '--out-page-size 64K' '--byte-order big' \
    '--byte-order little' '--out-page-size 16K --byte-order big --store-freelist'; do
    # shellcheck disable=SC2086 # several words
    run "$SNAPSCOPE" convert --json --force $args "$db" -o "$new"
    expect_rc 0
    expect_schema convert
    expect_eq "$(jq .result.rebuilt "$out")" "$([[ $args == *little ]] && echo false || echo true)" "rebuilt by $args"
    run "$SNAPSCOPE" verify "$new"
    expect_rc 0
    expect_out_has ': sound: '
    expect_out_has ', 0 leaked'
    same_state "$new"
done
run "$SNAPSCOPE" convert --json --force --byte-order little "$scratch/etcd36-history-be/snapshot.db" -o "$new"
expect_rc 0
expect_eq "$(jq -c '[.result.rebuilt, .result.big_endian, .result.seal]' "$out")" '[true,false,"verified"]'
same_state "$new"
run "$SNAPSCOPE" convert --json --force --rebuild "$db" -o "$scratch/again.db"
run "$SNAPSCOPE" convert --json --force --rebuild "$db" -o "$new"
same_as 'a second rebuild' "$new" "@$scratch/again.db"

# What is no etcd database can be copied, and is called what it is.
run "$SNAPSCOPE" convert --json --force --skip-hash-check "$plain" -o "$new"
expect_rc 0
expect_schema convert
expect_eq "$(jq -c '[.intake.is_etcd, .intake.not_checked]' "$out")" '[false,["etcd","value-bytes"]]'
run "$SNAPSCOPE" convert --force --skip-hash-check "$plain" -o "$new"
expect_out_has '  records    not checked: this is no etcd database, and no etcd starts from it'

run "$SNAPSCOPE" convert "$plain" -o "$scratch/none"
expect_rc 3
expect_err_has 'snapscope: try: --no-hash, since this is no etcd snapshot: OUT then has no SHA-256 either; with --rebuild it is written compact'
run "$SNAPSCOPE" convert --force --no-hash --rebuild "$plain" -o "$new"
expect_rc 0

# A stored freelist that is damaged and nothing else: a copy would keep it, a rebuild loses no data.
run "$SNAPSCOPE" convert --force --rebuild --store-freelist "$db" -o "$scratch/listed.db"
expect_rc 0
while read -r check words; do
    # shellcheck disable=SC2086 # several words
    python3 "$SS_SOURCE_DIR/tests/cli/freelist.py" "$scratch/listed.db" "$scratch/damaged.db" $words
    run "$SNAPSCOPE" convert --json "$scratch/damaged.db" -o "$scratch/none"
    expect_rc 3
    expect_schema convert
    expect_eq "$(jq -c '[.intake.accepted, .intake.heals_freelist, (.intake.findings | map(.id) | unique)]' "$out")" \
        "[false,false,[$check]]" "refused: $words"
    expect_err_has 'refused: the stored freelist is damaged, and a copy of the pages would keep it; the trees are whole: a rebuild loses no data'
    expect_err_has 'snapscope: try: --rebuild, which writes OUT without the damaged freelist: no data are lost'
    expect_file_absent "$scratch/none"
    for args in --rebuild '--rebuild --threads 1' '--out-page-size 16K' --store-freelist; do
        # shellcheck disable=SC2086 # several words
        run "$SNAPSCOPE" convert --json --force $args "$scratch/damaged.db" -o "$new"
        expect_rc 0
        expect_schema convert
        expect_eq "$(jq -c '[.intake.accepted, .intake.heals_freelist, .intake.decision, .result.seal]' "$out")" \
            '[true,true,"accepted: the hash is valid; no data are lost: the freelist was damaged and is rebuilt","verified"]'
        run "$SNAPSCOPE" verify "$new"
        expect_rc 0
        expect_out_has ': sound: '
        same_state "$new"
    done
    run bash -c '"$1" convert --rebuild "$2" -o - >"$3"' - "$SNAPSCOPE" "$scratch/damaged.db" "$new"
    expect_rc 0
    expect_err_has '  structure  checked: the trees are whole, the stored freelist is damaged'
    same_state "$new"
done <<'LISTS'
"FREE-001" zero
"FREE-002" 0
"FREE-002" 1
"FREE-002" 1000000
"FREE-003","FREE-004" 5 5
"FREE-004" 5
"FREE-004" 535
LISTS
# Not when a tree is damaged as well, and not past the rules for hashes.
cp "$scratch/damaged.db" "$scratch/both.db"
poke "$scratch/both.db" 8200 20
run "$SNAPSCOPE" convert --rebuild --skip-hash-check "$scratch/both.db" -o "$scratch/none"
expect_rc 3
expect_err_has 'refused: 2 errors in structure or records; damage is never sealed'
head -c -32 "$scratch/damaged.db" >"$scratch/raw.db"
run "$SNAPSCOPE" convert --rebuild "$scratch/raw.db" -o "$scratch/none"
expect_rc 3
expect_err_has 'snapscope: try: --rebuild --allow-missing-hash, which writes OUT without the damaged freelist, if the bytes'
run "$SNAPSCOPE" convert --force --rebuild --skip-hash-check "$scratch/raw.db" -o "$new"
expect_rc 0
same_state "$new"
expect_file_absent "$scratch/none"
# Pages that nobody names are left out, and counted.
fixture bbolt-stored-freelist
python3 "$SS_SOURCE_DIR/tests/damage/patch.py" apply pages-leaked "$SS_SOURCE_DIR/testdata" "$scratch/leaked.db"
run "$SNAPSCOPE" convert --json --force --rebuild --no-hash "$scratch/leaked.db" -o "$new"
expect_rc 0
expect_schema convert
expect_eq "$(jq -c '[.intake.heals_freelist, .result.seal]' "$out")" '[true,"none"]'
expect_eq "$(jq -r .intake.decision "$out")" \
    'accepted without a hash, since none is written: structure and records are sound, value bytes are not vouched for; no data are lost: the freelist was damaged and is rebuilt; 3 pages that no tree names are left out'

# An input that is written to meanwhile gives no file: the pipe holds the output back until then.
cp "$db" "$scratch/live.db"
unchanged "$db"
run bash -c '
    mkfifo "$1/pipe"
    "$2" convert "$1/live.db" -o - >"$1/pipe" &
    job=$!
    exec 3<"$1/pipe"
    head -c 100 <&3 >/dev/null
    printf x | dd of="$1/live.db" bs=1 seek=2000000 conv=notrunc status=none
    cat <&3 >/dev/null
    wait "$job"' - "$scratch" "$SNAPSCOPE"
expect_rc 4
expect_err_has 'was written to while it was read'
expect_err_has 'snapscope: try: etcdctl snapshot save, if a member is running on it; else a copy, or the same again when nobody writes to it'
expect_err_has 'what was written is not the whole'
summary
