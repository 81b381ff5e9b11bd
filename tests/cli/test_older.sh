#!/usr/bin/env bash
# --meta: the tree of either meta page, in every command; the hint at it, and what the hash then says.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

fixture etcd36-member
fixture etcd36-history
whole="$scratch/etcd36-member/member.db"
snapshot="$scratch/etcd36-history/snapshot.db"
lost="$scratch/lost.db" older="$scratch/older.db" both="$scratch/both.db"

# The root page that meta 1 names, at txid 15, zeroed; that of meta 0, at txid 14, is whole.
cp "$whole" "$lost"
dd if=/dev/zero of="$lost" bs=4096 seek=19 count=1 conv=notrunc status=none
# What bbolt would see of the older state: meta 1 is no meta page any more.
cp "$whole" "$older"
dd if=/dev/zero of="$older" bs=4096 seek=1 count=1 conv=notrunc status=none
cp "$lost" "$both"
dd if=/dev/zero of="$both" bs=4096 seek=10 count=1 conv=notrunc status=none
odd="$scratch/it's a file.db"
cp "$lost" "$odd"
# A snapshot's metas name the same tree.
cp "$snapshot" "$scratch/same.db"
"$SNAPSCOPE" info --json "$scratch/same.db" >"$scratch/same.json"
dd if=/dev/zero of="$scratch/same.db" bs=4096 seek="$(jq '.metas[.current_meta].root' "$scratch/same.json")" count=1 \
    conv=notrunc status=none
python3 - "$lost" "$scratch/sealed.db" <<'PY'
import hashlib, sys
data = open(sys.argv[1], "rb").read()
open(sys.argv[2], "wb").write(data + hashlib.sha256(data).digest())
PY
unchanged "$snapshot" "$whole" "$lost" "$older" "$both" "$odd"

# Every command gives of the older tree what it gives of a file that has no other.
# The others say more of the file than of the tree, or have their own part below.
mapfile -t reads < <(every_command readers info verify status pages page diff)
reads+=('dump --revisions FILE' 'dump --all-buckets FILE' 'dump --format etcdctl FILE' 'status -w json FILE'
    'history --prefix FILE /' 'page FILE 10')
for words in "${reads[@]}"; do
    read -ra args <<<"$words"
    run "$SNAPSCOPE" "${args[@]/FILE/$older}"
    wanted=$rc
    sed "s|$older|FILE|g" "$out" >"$scratch/wanted"
    for file in "$lost" "$whole"; do
        run "$SNAPSCOPE" "${args[@]/FILE/$file}" --meta 0
        expect_rc "$wanted"
        sed "s|$file|FILE|g" "$out" >"$scratch/got"
        same_as "$words --meta 0 of $(basename "$file")" "$scratch/got" "@$scratch/wanted"
    done
done

# The tree in force is lost: each command that needs it says so, and how to read the one before.
mapfile -t reads < <(every_command readers verify page diff)
for words in "${reads[@]}"; do
    read -ra args <<<"$words"
    run "$SNAPSCOPE" "${args[@]/FILE/$lost}"
    expect_eq "$((rc == 1 || rc == 3))" 1 "exit code $rc of $words"
    expect_err_has "snapscope: try: snapscope ${args[0]} --meta 0 $(printf '%s ' "${args[@]:1}" | sed "s|FILE|$lost|")reads the state of txid 14 instead of 15"
    expect_eq "$(grep -c -- '--meta' "$err")" 1 'hints'
done
# No hint where the other meta has the same tree, none can be used, or one was chosen.
for words in "dump $scratch/same.db" "dump --meta 1 $lost" "dump --meta 0 $both"; do
    read -ra args <<<"$words"
    run "$SNAPSCOPE" "${args[@]}"
    expect_rc 3
    expect_eq "$(grep -c 'reads the state of' "$err")" 0 "hints of $words"
done

# A command line is repeated as a shell takes it.
run "$SNAPSCOPE" keys "$odd" 'a b'
expect_err_has "try: snapscope keys --meta 0 '$scratch/it'\\''s a file.db' 'a b' reads the state of txid 14"

# verify looks at the other tree when this one is damaged, and only then.
run "$SNAPSCOPE" verify --json "$lost"
expect_rc 1
expect_eq "$(jq -c '.other_tree' "$out")" \
    '{"meta":0,"txid":14,"whole":true,"error_count":0,"record_count":182,"live_count":122}'
expect_eq "$(jq -c '[.current_meta, .in_force_meta]' "$out")" '[1,1]'
expect_eq "$(jq -r '.findings[] | select(.id == "META-010").detail' "$out")" \
    'the tree of meta 0 is whole at txid 14, with 182 records and 122 live keys; meta 1, which was read, is at txid 15'
run "$SNAPSCOPE" verify "$lost"
expect_out_has '  other     the tree of meta 0 at txid 14 is whole: every command reads it with --meta 0'
run "$SNAPSCOPE" verify --json "$both"
expect_eq "$(jq -c '.other_tree' "$out")" '{"meta":0,"txid":14,"whole":false,"error_count":1}'
expect_eq "$(jq -r '.findings[] | select(.id == "META-010").detail' "$out")" \
    'the tree of meta 0 at txid 14 is damaged too: 1 error, the first PAGE-004'
run "$SNAPSCOPE" verify --json "$whole"
expect_rc 0
expect_eq "$(jq -c '[.other_tree, ([.findings[].id] | contains(["META-010"]))]' "$out")" '[null,false]'
run "$SNAPSCOPE" verify --meta 0 --json "$lost"
expect_rc 0
expect_eq "$(jq -c '[.verdict, .current_meta, .in_force_meta, .record_count, .error_count]' "$out")" \
    '["consistent",0,1,182,0]'
run "$SNAPSCOPE" verify --meta 0 "$lost"
expect_out_has '  tree      of meta 0 at txid 14, by --meta; meta 1 is in force'

# info says it, and its answer names it.
run "$SNAPSCOPE" info "$lost"
expect_rc 1
expect_out_has 'other tree    whole at txid 14, 122 live keys; --meta 0 reads it'
expect_out_has 'answer        do not restore it: damaged; the tree of meta 0 is whole at txid'
run "$SNAPSCOPE" info --json "$lost"
expect_eq "$(jq -c '[.current_meta, .in_force_meta, .other_tree.whole]' "$out")" '[1,1,true]'
run "$SNAPSCOPE" info --meta 0 "$lost"
expect_rc 0
expect_out_has 'meta 0        txid 14, root 10, freelist not stored; read, by --meta'
expect_out_has 'meta 1        txid 15, root 19, freelist not stored; in force, not read'

# One that cannot be used is refused by name; with neither it is as ever.
run "$SNAPSCOPE" info --meta 1 "$older"
expect_rc 3
expect_err_eq "snapscope: $older: meta page 1 was chosen and cannot be used: magic is 0x00000000, not 0xed0cdaed; meta page 0 (txid 14) can (offset 0x1000)"
run "$SNAPSCOPE" dump --meta 2 "$older"
expect_rc 2
expect_err_has "snapscope dump: --meta: '2' is none of auto, 0, 1"

# diff: both sides, or each its own; the same file twice is then two states.
run "$SNAPSCOPE" diff --meta 0 "$lost" "$older"
expect_rc 0
run "$SNAPSCOPE" diff --meta-a 0 "$lost" "$older"
expect_rc 0
run "$SNAPSCOPE" diff "$older" "$lost"
expect_rc 3
expect_err_has "try: snapscope diff --meta-b 0 $older $lost reads the state of txid 14 instead of 15"
run "$SNAPSCOPE" diff --meta-a 0 --meta-b 1 --json "$whole" "$whole"
expect_eq "$(jq -c '[.a.meta, .b.meta, .a.file == .b.file]' "$out")" '[0,1,true]'
run "$SNAPSCOPE" diff --revisions --meta-a 0 --meta-b 1 "$whole" "$whole"
expect_out_has "A  $whole (meta 0)"

# convert makes that state the one in force; so does restore; both say which it is.
run "$SNAPSCOPE" convert "$lost" --skip-hash-check -o "$scratch/new.db"
expect_rc 3
expect_err_has "try: snapscope convert --meta 0 --skip-hash-check -o $scratch/new.db $lost takes the state of txid 14, whose tree is whole"
run "$SNAPSCOPE" convert --meta 0 "$lost" --skip-hash-check -o "$scratch/new.db"
expect_rc 0
expect_out_has '  tree       of meta 0 at txid 14, by --meta; meta 1 is in force. A hash is'
expect_out_has '  state      of the input'\''s meta 0 at txid 14; a rebuilt file counts anew'
run "$SNAPSCOPE" verify --json "$scratch/new.db"
expect_rc 0
expect_eq "$(jq -c '[.verdict, .metas[.current_meta].txid, .current_meta == .in_force_meta, .record_count]' "$out")" \
    '["sound",1,true,182]'
run "$SNAPSCOPE" diff --revisions "$scratch/new.db" "$older"
expect_rc 0
run "$SNAPSCOPE" convert --meta 1 --json "$whole" --skip-hash-check -o "$scratch/page-exact.db"
expect_eq "$(jq -c '[.result.rebuilt, .result.txid, .intake.meta, .intake.in_force_meta, .intake.txid]' "$out")" '[false,15,1,1,15]'
run "$SNAPSCOPE" convert --meta 0 --json "$whole" --skip-hash-check -o "$scratch/rebuilt.db"
expect_eq "$(jq -c '[.result.rebuilt, .result.txid, .intake.meta, .intake.in_force_meta, .intake.txid]' "$out")" '[true,14,0,1,14]'
run "$SNAPSCOPE" convert --meta 0 "$lost" --skip-hash-check -o -
cp "$out" "$scratch/streamed.db"
same_as 'the streamed file' "$scratch/streamed.db" "@$scratch/new.db"
run "$SNAPSCOPE" restore --meta 0 "$lost" --skip-hash-check --data-dir "$scratch/data"
expect_rc 0
run "$SNAPSCOPE" diff "$scratch/data/member/snap/db" "$older"
expect_rc 0

# A valid hash covers all bytes, the tree that is not read among them.
run "$SNAPSCOPE" convert --meta 0 --json "$scratch/sealed.db" -o "$scratch/of-sealed.db"
expect_rc 0
expect_eq "$(jq -c '[.intake.hash.state, .result.seal, .result.rebuilt]' "$out")" '["valid","verified",true]'
run "$SNAPSCOPE" verify --meta 0 --json "$scratch/sealed.db"
expect_rc 0
expect_eq "$(jq -r '.verdict' "$out")" sound
# The same from the field: the newest root zeroed, the tree of the transaction before it whole.
fixture field
field="$scratch/field/newest-root-zeroed.db"
run "$SNAPSCOPE" verify "$field"
expect_rc 1
expect_out_has '  other     the tree of meta 0 at txid 32 is whole: every command reads it with --meta 0'
expect_out_has '            the tree of meta 0 is whole at txid 32, with 169 records and 70 live keys; meta 1, which was read, is at txid 33'
run "$SNAPSCOPE" verify --json "$field"
expect_rc 1
expect_schema verify
expect_eq "$(jq -c '.findings | map(select(.severity == "error") | [.id, .offset, .page])' "$out")" '[["PAGE-004",28672,7]]'
run "$SNAPSCOPE" info "$field"
expect_rc 1
expect_out_has 'other tree    whole at txid 32, 70 live keys; --meta 0 reads it'
run "$SNAPSCOPE" dump "$field"
expect_rc 3
expect_eq "$(grep -c '"key":' "$out")" 0 'live keys'
expect_err_has "snapscope: try: snapscope dump --meta 0 $field reads the state of txid 32 instead of 33"
run "$SNAPSCOPE" dump --meta 0 "$field"
expect_rc 0
expect_err_eq ''
expect_eq "$(grep -c '"key":' "$out")" 70 'live keys'
expect_eq "$(head -n 1 "$out")" '{"key":"/registry/configmaps/default/cm1","create_revision":2,"mod_revision":2,"version":1,"lease":"0000000000000000","value":"v1"}'
run "$SNAPSCOPE" status -w json --meta 0 "$field"
expect_eq "$(jq -c '[.revision, .totalKey]' "$out")" '[188,70]' 'as etcdutl 3.6 has it, with meta 1 made unusable'
run "$SNAPSCOPE" convert --meta 0 --skip-hash-check "$field" -o "$scratch/field.db"
expect_rc 0
run "$SNAPSCOPE" verify --json "$scratch/field.db"
expect_rc 0
expect_eq "$(jq -c '[.verdict, .record_count, .live_count]' "$out")" '["sound",169,70]'

summary
