#!/usr/bin/env bash
# snapscope hashkv: etcdutl's and live members' answers as recorded beside every fixture.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/cases.sh"
source "$(dirname "${BASH_SOURCE[0]}")/fixtures.sh"

# questions FILE: lines "REV EXIT ANSWER" of what etcdutl 3.7 and the running member answered. Left out is
# what a member answers from memory, at the revision of its compaction, and 3.4 refuses.
questions() {
    jq -r '.[] | if .answer then "\(.revision) 0 \(.answer | tojson)" else "\(.revision) 1 -" end' \
        "$1/hashkv-3.7.json"
    [[ ! -e $1/hashkv-live.json ]] || jq -r --slurpfile known "$1/hashkv-3.7.json" '
        $known[0][0].answer as $latest
        | .[] | select(.error | not) | select(.revision != $latest.compactRevision)
        | (if .hash_revision != 0 then .hash_revision
           elif .revision != 0 then .revision else $latest.hashRevision end) as $hashed
        | "\(.revision) 0 " + ({hash, hashRevision: $hashed, compactRevision: .compact_revision} | tojson)' \
        "$1/hashkv-live.json"
}

count=0
answers=0
for name in $(etcd_fixtures); do
    fixture "$name"
    file=$(unpacked "$name")
    while read -r rev code answer; do
        run "$SNAPSCOPE" hashkv -w json --rev "$rev" "$file"
        expect_rc "$code"
        [[ $code -ne 0 ]] || expect_out_eq "$answer"
        answers=$((answers + 1))
    done < <(questions "$SS_SOURCE_DIR/testdata/$name/oracle")
    drop "$name"
    count=$((count + 1))
done
echo "$answers recorded answers of $count fixtures"
expect_eq "$count" "$(find "$SS_SOURCE_DIR/testdata" -name hashkv-3.7.json | wc -l)" 'fixtures compared'

fixture etcd36-history
fixture bbolt-nested
db="$scratch/etcd36-history/snapshot.db"
damaged "$db"
common_cases "$db" hashkv
refused meta "$scratch/metas.db" "$metas_fault" hashkv
refused page-type "$scratch/type.db" "$type_fault" hashkv
refused page-range "$scratch/cut.db" "$cut_fault" hashkv
refused not-etcd "$(unpacked bbolt-nested)" 'the file has no `key` bucket' hashkv

run "$SNAPSCOPE" hashkv "$db"
expect_rc 0
expect_out_eq '2610952112, 547, 431'
for threads in 1 2 4 256; do
    run "$SNAPSCOPE" hashkv --threads "$threads" "$db"
    expect_rc 0
    expect_out_eq '2610952112, 547, 431'
done
run "$SNAPSCOPE" hashkv -w json --rev 441 "$db"
expect_rc 0
expect_out_eq '{"hash":3585472980,"hashRevision":441,"compactRevision":431}'
run "$SNAPSCOPE" hashkv -w fields --rev 0 "$db"
expect_rc 0
expect_out_eq '"Hash" : 2610952112
"Hash revision" : 547
"Compact revision" : 431'
run "$SNAPSCOPE" hashkv --write-out table "$db"
expect_rc 0
expect_out_eq '+------------+---------------+------------------+
|    HASH    | HASH REVISION | COMPACT REVISION |
+------------+---------------+------------------+
| 2610952112 |           547 |              431 |
+------------+---------------+------------------+'
run "$SNAPSCOPE" hashkv --json "$db"
expect_rc 0
expect_schema hashkv
expect_eq "$(jq -cS 'del(.file)' "$out")" '{"compact_revision":431,"hash":2610952112,"hash_revision":547}'

# A revision that the file does not hold: both are named.
refused_rev() { # CODE MESSAGE ARGUMENT...
    run "$SNAPSCOPE" hashkv "$db" "${@:3}"
    expect_rc 1
    expect_out_eq ''
    expect_err_has "snapscope: $db: $2"
    run "$SNAPSCOPE" hashkv --json "$db" "${@:3}"
    expect_rc 1
    expect_schema hashkv
    expect_eq "$(jq -r .error.code "$out")" "$1" 'error code'
}
refused_rev revision-future 'revision 548 is asked for, the file ends at 547' --rev 548
refused_rev revision-compacted 'revision 430 is asked for, the file is compacted at 431' --rev 430
refused_rev revision-compacted 'compaction at 430 is asked for, the file is compacted at 431' --compact-revision 430
run "$SNAPSCOPE" hashkv "$db" --rev 500 --compact-revision 501
expect_rc 2
expect_err_has 'compaction at 501 is asked for, it must be from 1 to 500'
usage_fault '--json and -w exclude one another' hashkv --json -w json "$db"
usage_fault "--threads: '257' is no whole number from 1 to 256" hashkv --threads 257 "$db"
usage_fault "--rev: '-1' is no whole number from 0 to 9223372036854775807" hashkv --rev=-1 "$db"

# Two members at one revision, the second compacted: alike only where the first is taken there, too.
for member in a b c; do
    fixture "etcd36-three/$member"
done
run "$SNAPSCOPE" hashkv --rev 102 "$(unpacked etcd36-three/b)"
expect_rc 0
cp "$out" "$scratch/compacted"
run "$SNAPSCOPE" hashkv --rev 102 "$(unpacked etcd36-three/c)"
expect_out_eq "@$scratch/compacted"
run "$SNAPSCOPE" hashkv --rev 102 "$(unpacked etcd36-three/a)"
expect_eq "$(cut -d, -f2,3 "$out")" ' 102, -1'
expect_eq "$(cmp -s "$out" "$scratch/compacted" && echo alike)" '' 'before the compaction'
run "$SNAPSCOPE" hashkv --rev 102 --compact-revision 87 "$(unpacked etcd36-three/a)"
expect_rc 0
expect_out_eq "@$scratch/compacted"

fixture etcd36-history-be
run "$SNAPSCOPE" hashkv --rev 441 "$(unpacked etcd36-history-be)"
expect_out_eq '3585472980, 441, 431'
summary
