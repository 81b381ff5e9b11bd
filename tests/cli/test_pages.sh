#!/usr/bin/env bash
# snapscope pages
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/cases.sh"

fixture etcd36-history
fixture bbolt-plain
db="$scratch/etcd36-history/snapshot.db"
plain="$scratch/bbolt-plain/plain.db"
damaged "$db"

common_cases "$db" pages
refused meta "$scratch/metas.db" "$metas_fault" pages

run "$SNAPSCOPE" pages "$plain"
expect_rc 0
expect_out_eq 'PAGE  USE        TYPE      COUNT  OVERFLOW  FAULT          BUCKET
   0  meta       meta          0         0  -              -
   1  meta       meta          0         0  -              -
   2  reachable  leaf          2         0  -              v1/default/containers
   3  reachable  leaf          2         0  -              v1/default/leases
   4  reachable  leaf          2         0  -              /
   5  freelist   freelist     11         0  -              -
   6  free       leaf          1         0  -              -
   7  free       leaf          3         0  -              -
   8  free       leaf          1         0  -              -
   9  free       leaf          1         0  -              -
  10  free       leaf          1         0  -              -
  11  free       leaf          3         0  -              -
  12  free       leaf          3         0  -              -
  13  free       leaf          1         0  -              -
  14  free       freelist      2         0  -              -
  15  reachable  leaf          2         0  -              v1/default/images
  16  reachable  leaf          3         0  -              v1/default
  17  reachable  leaf          2         0  -              v1/k8s.io/images
  18  reachable  leaf          2         0  -              v1/k8s.io/containers
  19  reachable  leaf          2         0  -              v1/k8s.io/leases
  20  reachable  leaf          3         0  -              v1/k8s.io
  21  reachable  leaf          3         0  -              v1
  22  free       leaf          1         0  -              -
  23  free       freelist     11         0  -              -'

run "$SNAPSCOPE" pages --use freelist "$plain"
expect_rc 0
expect_out_eq 'PAGE  USE        TYPE      COUNT  OVERFLOW  FAULT          BUCKET
   5  freelist   freelist     11         0  -              -'

run "$SNAPSCOPE" pages --json "$db"
expect_rc 0
expect_schema pages
expect_eq "$(jq -c '[.count, .high_water, (.pages | length), .complete, .fault_count]' "$out")" \
    '[554,554,554,true,0]'
expect_eq "$(jq -c '.pages | map(.page) == [range(554)]' "$out")" true 'ids in order'

run "$SNAPSCOPE" pages --json --use overflow "$db"
expect_schema pages
expect_eq "$(jq -c '[.count, (.pages | map(.use) | unique)]' "$out")" '[513,["overflow"]]'

# A fault is told and does not end the list.
run "$SNAPSCOPE" pages "$scratch/type.db"
expect_rc 3
expect_out_lines 555
expect_out_has '   2  reachable  unknown      24         0  page-type      key'
expect_err_eq "snapscope: $scratch/type.db: $type_fault"
run "$SNAPSCOPE" pages --json "$scratch/type.db"
expect_rc 3
expect_schema pages
expect_eq "$(jq -c '[.complete, .fault_count, .faults[0].code, .faults[0].offset, .pages[2].fault]' "$out")" \
    '[true,1,"page-type",8200,"page-type"]'

run "$SNAPSCOPE" pages "$scratch/cut.db"
expect_rc 3
expect_out_lines 245
expect_err_eq "snapscope: $scratch/cut.db: $cut_fault"

usage_fault "--use: 'used' is none of all, meta, freelist, reachable, overflow, free, orphan" \
    pages --use used "$db"
usage_fault "'x' is one argument too many" pages "$db" x
summary
