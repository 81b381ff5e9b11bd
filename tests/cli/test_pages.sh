#!/usr/bin/env bash
# snapscope pages
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/cases.sh"

fixture etcd36-history
fixture bbolt-plain
fixture bbolt-nested-be
fixture etcd36-16k
db="$scratch/etcd36-history/snapshot.db"
plain="$scratch/bbolt-plain/plain.db"
damaged "$db"

common_cases "$db" pages

run "$SNAPSCOPE" pages "$plain"
expect_rc 0
expect_out_eq 'PAGE  USE        TYPE      COUNT  OVERFLOW  FAULT  BUCKET
   0  meta       meta          0         0  -      -
   1  meta       meta          0         0  -      -
   2  reachable  leaf          2         0  -      v1/default/containers
   3  reachable  leaf          2         0  -      v1/default/leases
   4  reachable  leaf          2         0  -      /
   5  freelist   freelist     11         0  -      -
   6  free       leaf          1         0  -      -
   7  free       leaf          3         0  -      -
   8  free       leaf          1         0  -      -
   9  free       leaf          1         0  -      -
  10  free       leaf          1         0  -      -
  11  free       leaf          3         0  -      -
  12  free       leaf          3         0  -      -
  13  free       leaf          1         0  -      -
  14  free       freelist      2         0  -      -
  15  reachable  leaf          2         0  -      v1/default/images
  16  reachable  leaf          3         0  -      v1/default
  17  reachable  leaf          2         0  -      v1/k8s.io/images
  18  reachable  leaf          2         0  -      v1/k8s.io/containers
  19  reachable  leaf          2         0  -      v1/k8s.io/leases
  20  reachable  leaf          3         0  -      v1/k8s.io
  21  reachable  leaf          3         0  -      v1
  22  free       leaf          1         0  -      -
  23  free       freelist     11         0  -      -'

run "$SNAPSCOPE" pages --use freelist "$plain"
expect_rc 0
expect_out_eq 'PAGE  USE       TYPE      COUNT  OVERFLOW  FAULT  BUCKET
   5  freelist  freelist     11         0  -      -'

run "$SNAPSCOPE" pages --json "$db"
expect_rc 0
expect_schema pages
expect_eq "$(jq -c '[.count, .high_water, (.pages | length), .complete, .fault_count]' "$out")" \
    '[554,554,554,true,0]'
expect_eq "$(jq -c '.pages | map(.page) == [range(554)]' "$out")" true 'ids in order'

run "$SNAPSCOPE" pages --json --use overflow "$db"
expect_schema pages
expect_eq "$(jq -c '[.count, (.pages | map(.use) | unique)]' "$out")" '[513,["overflow"]]'

run "$SNAPSCOPE" pages -w csv --use freelist "$plain"
expect_rc 0
expect_eq "$(tr -d '\r' <"$out")" 'page,use,type,count,overflow,fault,bucket
5,freelist,freelist,11,0,,'
run "$SNAPSCOPE" pages -w ndjson --use overflow "$db"
expect_rc 0
expect_out_lines 513

# A fault is told and does not end the list.
run "$SNAPSCOPE" pages "$scratch/type.db"
expect_rc 3
expect_out_lines 555
expect_out_has '   2  reachable  unknown     24         0  page-type  key'
expect_err_eq "snapscope: $scratch/type.db: $type_fault"
run "$SNAPSCOPE" pages --json "$scratch/type.db"
expect_rc 3
expect_schema pages
expect_eq "$(jq -c '[.complete, .fault_count, .faults[0].code, .faults[0].offset, .pages[2].fault]' "$out")" \
    '[false,1,"page-type",8200,"page-type"]'

run "$SNAPSCOPE" pages "$scratch/cut.db"
expect_rc 3
expect_out_lines 245
expect_err_eq "snapscope: $scratch/cut.db: $cut_fault"

# Both meta pages gone: the places of the file, by their headers.
cp "$plain" "$scratch/headless.db"
head -c 8192 /dev/zero | dd of="$scratch/headless.db" conv=notrunc status=none
unchanged "$scratch/headless.db" "$plain"
run "$SNAPSCOPE" pages "$scratch/headless.db"
expect_rc 3
expect_out_eq 'PAGE  USE     TYPE      COUNT  OVERFLOW  FAULT    BUCKET
   0  meta    unknown       0         0  meta     -
   1  meta    unknown       0         0  meta     -
   2  orphan  leaf          2         0  -        -
   3  orphan  leaf          2         0  -        -
   4  orphan  leaf          2         0  -        -
   5  orphan  freelist     11         0  -        -
   6  orphan  leaf          1         0  -        -
   7  orphan  leaf          3         0  -        -
   8  orphan  leaf          1         0  -        -
   9  orphan  leaf          1         0  -        -
  10  orphan  leaf          1         0  -        -
  11  orphan  leaf          3         0  -        -
  12  orphan  leaf          3         0  -        -
  13  orphan  leaf          1         0  -        -
  14  orphan  freelist      2         0  -        -
  15  orphan  leaf          2         0  -        -
  16  orphan  leaf          3         0  -        -
  17  orphan  leaf          2         0  -        -
  18  orphan  leaf          2         0  -        -
  19  orphan  leaf          2         0  -        -
  20  orphan  leaf          3         0  -        -
  21  orphan  leaf          3         0  -        -
  22  orphan  leaf          1         0  -        -
  23  orphan  freelist     11         0  -        -
  24  orphan  unknown       0         0  page-id  -
  25  orphan  unknown       0         0  page-id  -
  26  orphan  unknown       0         0  page-id  -
  27  orphan  unknown       0         0  page-id  -
  28  orphan  unknown       0         0  page-id  -
  29  orphan  unknown       0         0  page-id  -
  30  orphan  unknown       0         0  page-id  -
  31  orphan  unknown       0         0  page-id  -'
expect_err_eq "snapscope: $scratch/headless.db: both meta pages are overwritten, at 0 and 0x1000; 22 of 30 places hold page headers that fit (page size 4096, little-endian) (offset 0x0)
snapscope: $scratch/headless.db: pages are shown by their place, as pages of 4096 bytes, little-endian: which ones are in use or free, and which bucket they belong to, is not known without a meta page"
run "$SNAPSCOPE" pages --page-size 8K --json "$scratch/headless.db"
expect_rc 3
expect_schema pages
expect_eq "$(jq -c '[.page_size, has("high_water"), .count, .complete, .fault_count, .faults[0].code, (.pages[2:] | map(.fault) | unique)]' "$out")" \
    '[8192,false,16,false,1,"meta",["page-id"]]'

# headless NAME FIXTURE PAGE-SIZE: every page that the sound file has in use is listed with the same header
headless() {
    cp "$scratch/$2" "$scratch/$1.db"
    head -c $((2 * $3)) /dev/zero | dd of="$scratch/$1.db" conv=notrunc status=none
    unchanged "$scratch/$1.db" "$scratch/$2"
    run "$SNAPSCOPE" pages --json "$scratch/$2"
    jq -c '.pages[] | select(.use == "reachable" or .use == "freelist") | [.page, .type, .count, .overflow]' "$out" >"$scratch/$1.used"
    run "$SNAPSCOPE" pages --json "$scratch/$1.db"
    expect_rc 3
    expect_schema pages
    expect_eq "$(jq .page_size "$out")" "$3" 'page size'
    jq -c '.pages[] | select(.use == "orphan" and has("fault") == false) | [.page, .type, .count, .overflow]' "$out" >"$scratch/$1.listed"
    expect_eq "$(sort "$scratch/$1.used" "$scratch/$1.listed" | uniq -d | wc -l)" "$(wc -l <"$scratch/$1.used")" 'pages in use that are listed'
    expect_eq "$(wc -l <"$scratch/$1.used")" "$4" 'pages in use'
}
headless big bbolt-nested-be/plain.db 1024 691
headless wide etcd36-16k/snapshot.db 16384 9

# Nothing says how long a page is.
head -c 16384 /dev/zero >"$scratch/zeroes.db"
run "$SNAPSCOPE" pages "$scratch/zeroes.db"
expect_rc 3
expect_out_eq ''
expect_eq "$(tail -n 1 "$err")" "snapscope: try: snapscope pages --page-size SIZE $scratch/zeroes.db shows the pages without a meta page, if their size is known"
run "$SNAPSCOPE" pages --page-size 4096 "$scratch/zeroes.db"
expect_rc 3
expect_out_lines 5
expect_out_has '   3  orphan  unknown      0         0  page-id  -'

usage_fault "--use: 'used' is none of all, meta, freelist, reachable, overflow, free, orphan" \
    pages --use used "$db"
usage_fault "'x' is one argument too many" pages "$db" x
summary
