#!/usr/bin/env bash
# snapscope page
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/cases.sh"

fixture etcd36-history
fixture etcd36-history-be
fixture bbolt-plain
fixture bbolt-nested
fixture bbolt-nested-be
db="$scratch/etcd36-history/snapshot.db"
plain="$scratch/bbolt-plain/plain.db"
nested="$scratch/bbolt-nested/plain.db"
damaged "$db"

common_cases "$db" page 2

run "$SNAPSCOPE" page "$db" 0
expect_rc 0
expect_err_eq ''
expect_out_eq 'page       0
offset     0x0
use        meta
stored id  0
type       meta (flags 0x04)
count      0
overflow   0
magic      0xed0cdaed
version    2
page size  4096
flags      0x0
root       275
sequence   0
freelist   not stored
high water 554
txid       31
checksum   0x79e7d85e19a18b54
computed   0x79e7d85e19a18b54
byte order little-endian
usable     yes'
run "$SNAPSCOPE" page --json "$db" 1
expect_rc 0
expect_schema page
expect_eq "$(jq -c '[.offset, .meta.valid, .meta.txid, .meta.freelist, .meta.checksum]' "$out")" \
    '[4096,true,30,null,"0x98e29f672490d575"]'
run "$SNAPSCOPE" page --json "$scratch/etcd36-history-be/snapshot.db" 1
expect_rc 0
expect_schema page
expect_eq "$(jq -c '[.meta.valid, .meta.txid, .meta.big_endian]' "$out")" '[true,30,true]'

# Both metas bad: they are what one has to look at.
run "$SNAPSCOPE" page "$scratch/metas.db" 0
expect_rc 3
expect_out_has 'usable     no: checksum is 0x79e7d85e19a18b54, computed 0x2507fc0bebc75427'
expect_err_has "snapscope: $scratch/metas.db: $metas_fault"
run "$SNAPSCOPE" page --json "$scratch/metas.db" 1
expect_rc 3
expect_schema page
expect_eq "$(jq -c '[.offset, .meta.valid, .meta.txid, .error.code]' "$out")" '[4096,false,30,"meta"]'

# Then a page is what stands at its place: at the size that the headers have, or the caller names.
placed() {
    echo "snapscope: $1: pages are shown by their place, as pages of $2 bytes, $3-endian: which ones are in use or free, and which bucket they belong to, is not known without a meta page"
}
run "$SNAPSCOPE" page "$scratch/metas.db" 2
expect_rc 3
expect_out_has 'use        orphan'
expect_out_has 'type       leaf (flags 0x02)'
expect_err_eq "snapscope: $scratch/metas.db: $metas_fault
snapscope: try: snapscope info $scratch/metas.db shows what both meta pages hold
$(placed "$scratch/metas.db" 4096 little)"
run "$SNAPSCOPE" page "$scratch/metas.db" 564
expect_rc 3
expect_out_eq ''
expect_err_has "page 564 is not in the file: it has room for 554 pages of 4096 bytes (page 564)"
cp "$nested" "$scratch/nested.db"
cp "$scratch/bbolt-nested-be/plain.db" "$scratch/nested-be.db"
for file in nested nested-be; do
    head -c 2048 /dev/zero | dd of="$scratch/$file.db" conv=notrunc status=none
done
unchanged "$nested" "$scratch/bbolt-nested-be/plain.db" "$scratch"/nested{,-be}.db
for file in nested nested-be; do
    run "$SNAPSCOPE" page --json "$nested" 27
    jq -S 'del(.file, .use, .bucket)' "$out" >"$scratch/sound.json"
    run "$SNAPSCOPE" page --json "$scratch/$file.db" 27
    expect_rc 3
    expect_schema page
    expect_eq "$(jq -c '[.use, has("bucket"), .error.code]' "$out")" '["orphan",false,"meta"]'
    expect_eq "$(jq -S 'del(.file, .use, .error)' "$out")" "$(<"$scratch/sound.json")" 'the page as in the sound file'
done
run "$SNAPSCOPE" page --page-size 2048 "$scratch/nested.db" 4
expect_rc 3
expect_out_has 'offset     0x2000'
expect_out_has 'stored id  8'
expect_err_has "page holds page 8, misplaced or copied: 8, due 4 (offset 0x2000, page 4)"
expect_err_has "$(placed "$scratch/nested.db" 2048 little)"

# A leaf, a branch, a freelist, an overflow page, a free page.
run "$SNAPSCOPE" page "$plain" 4
expect_rc 0
expect_out_eq 'page       4
offset     0x4000
use        reachable
bucket     /
stored id  4
type       leaf (flags 0x02)
count      2
overflow   0
 ELEM  KIND    VALUE-BYTES  KEY
    0  bucket          294  key
    1  bucket           16  v1'
run "$SNAPSCOPE" page --json --values "$plain" 4
expect_rc 0
expect_schema page
expect_eq "$(jq -c '[.elements[] | [.kind, .key, .value_len, .offset]]' "$out")" \
    '[["bucket","key",294,16400],["bucket","v1",16,16416]]'
run "$SNAPSCOPE" page "$plain" 5
expect_rc 0
expect_out_eq 'page       5
offset     0x5000
use        freelist
stored id  5
type       freelist (flags 0x10)
count      11
overflow   0
free ids   11
  6 7 8 9 10 11 12 13 14 22
  23'
run "$SNAPSCOPE" page --json "$plain" 5
expect_schema page
expect_eq "$(jq -c .free_ids "$out")" '[6,7,8,9,10,11,12,13,14,22,23]'
run "$SNAPSCOPE" page --json "$nested" 27
expect_rc 0
expect_schema page
expect_eq "$(jq -c '[.header.type, .bucket, (.elements | length == 17), (.elements | all(has("child")))]' "$out")" \
    '["branch","kinds/own-tree",true,true]'
run "$SNAPSCOPE" pages --json --use overflow "$db"
first=$(jq '.pages[0].page' "$out")
run "$SNAPSCOPE" page "$db" "$first"
expect_rc 0
expect_out_has "belongs to page $((first - 1)), which has the header of this run"
run "$SNAPSCOPE" page --json "$db" "$first"
expect_rc 0
expect_schema page
expect_eq "$(jq -c '[.run_start, has("header")]' "$out")" "[$((first - 1)),false]"
run "$SNAPSCOPE" page "$plain" 0x6
expect_rc 0
expect_out_has 'use        free'

# Bytes: of the whole run, and of a page that is refused.
run "$SNAPSCOPE" page --json --hex "$db" "$((first - 1))"
expect_rc 0
expect_schema page
expect_eq "$(jq '(.hex | length) / 2 == (.header.overflow + 1) * 4096' "$out")" true 'length of the dump'
run "$SNAPSCOPE" page --hex "$plain" 5
expect_out_has '00005000  05 00 00 00 00 00 00 00  10 00 0b 00 00 00 00 00  |................|'
run "$SNAPSCOPE" page --hex "$scratch/type.db" 2
expect_rc 3
expect_out_has 'type       unknown (flags 0x20)'
expect_out_has '00002000  02 00 00 00 00 00 00 00  20 00 18 00 00 00 00 00  |........ .......|'
expect_err_has 'page has no single known type: flags 0x0020, due 0x01, 0x02, 0x04 or 0x10 (offset 0x2008, page 2)'
run "$SNAPSCOPE" page --json "$scratch/type.db" 2
expect_rc 3
expect_schema page
expect_eq "$(jq -c '[.header.flags, .error.code, .error.offset, has("elements")]' "$out")" \
    '[32,"page-type",8200,false]'

# What stands in a page's place is named: text, the start of another file, another page.
cp "$plain" "$scratch/text.db"
poke "$scratch/text.db" 0x3000 "$(printf '2480,"GET /api/v1/namespaces",200,35ms\n' | od -An -v -tx1 | tr -d ' \n')"
poke "$scratch/text.db" 0x2000 "$(head -c 64 /dev/zero | gzip -nc | od -An -v -tx1 | tr -d ' \n')"
dd if="$plain" of="$scratch/text.db" bs=4096 skip=17 seek=18 count=1 conv=notrunc status=none
unchanged "$scratch/text.db" "$plain"
run "$SNAPSCOPE" page "$scratch/text.db" 3
expect_rc 3
expect_err_has 'page holds text, calls itself 4991996285146379314; overflow run passes high-water: 1982818672, due below 21 (offset 0x300c, page 3)'
run "$SNAPSCOPE" page "$scratch/text.db" 2
expect_rc 3
expect_err_has 'page holds the start of a gzip file, calls itself '
run "$SNAPSCOPE" page --json "$scratch/text.db" 18
expect_rc 3
expect_schema page
expect_eq "$(jq -c '.error | [.code, .message, .have, .expect, .offset]' "$out")" \
    '["page-id","page holds page 17, misplaced or copied","17","18",73728]'
run "$SNAPSCOPE" pages "$scratch/text.db"
expect_rc 3
expect_err_has 'page holds text, calls itself 4991996285146379314; overflow run passes high-water: 1982818672, due below 21 (offset 0x300c, page 3, bucket v1/default/leases)'
run "$SNAPSCOPE" verify "$scratch/text.db"
expect_rc 1
expect_out_has '            page holds text, calls itself 4991996285146379314; overflow run passes high-water'
expect_out_has '            page holds page 17, misplaced or copied'

run "$SNAPSCOPE" page "$db" 554
expect_rc 1
expect_out_eq ''
expect_err_eq "snapscope: $db: there is no page 554: the pages are 0 to 553"
run "$SNAPSCOPE" page --json "$db" 18446744073709551615
expect_rc 1
expect_schema page
expect_eq "$(jq -r .error.code "$out")" not-found
run "$SNAPSCOPE" page "$scratch/cut.db" 300
expect_rc 3
expect_out_eq ''

usage_fault 'ID is missing' page "$db"
usage_fault "'two' is no page number" page "$db" two
usage_fault "'2x' is no page number" page "$db" 2x
usage_fault "'18446744073709551616' is no page number" page "$db" 18446744073709551616
usage_fault "'' is no page number" page "$db" ''
summary
