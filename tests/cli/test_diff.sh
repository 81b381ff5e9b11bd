#!/usr/bin/env bash
# snapscope diff
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/cases.sh"

# forget FILE...: it is not read any more, so it need not be watched
forget() {
    local file
    for file in "$@"; do
        unset "watched[$file]"
    done
}

fixture etcd36-history
fixture etcd36-history-be
fixture etcd36-64k
fixture etcd37-history
db="$scratch/etcd36-history/snapshot.db"
patch="$SS_SOURCE_DIR/tests/damage/patch.py"

# Text: one row a change, the counts, and the counts by prefix.
run "$SNAPSCOPE" diff --rev-a 545 "$db" "$db"
expect_rc 1
expect_err_eq ''
expect_out_eq "A  $db  revision 545, 239 keys
B  $db  revision 547, 240 keys

   REV A  REV B      SIZE A      SIZE B  VLR  KEY
~    441    546        80 B       104 B  v-r  /registry/pods/ns-3/xenon-153
+      -    547           -        52 B  ---  last
~    441    546        70 B       106 B  v-r  txn/3/first
~    441    546         0 B         0 B  --r  txn/3/last

1 added, 0 removed, 3 modified, 236 the same

    ADDED    REMOVED   MODIFIED  PREFIX
        1          0          0  (no slash)
        0          0          1  /registry/pods/
        0          0          2  txn/3/"
run "$SNAPSCOPE" diff --rev-b 545 --summary --depth 1 "$db" "$db"
expect_rc 1
expect_out_eq "A  $db  revision 547, 240 keys
B  $db  revision 545, 239 keys

0 added, 1 removed, 3 modified, 236 the same

    ADDED    REMOVED   MODIFIED  PREFIX
        0          1          0  (no slash)
        0          0          1  /registry/
        0          0          2  txn/"
run "$SNAPSCOPE" diff --rev 441 "$db" "$db"
expect_rc 0
expect_out_eq "A  $db  revision 441, 242 keys
B  $db  revision 441, 242 keys

the same: 242 keys"

# As one document, and as lines.
run "$SNAPSCOPE" diff --json --depth 3 --rev-a 441 "$db" "$db"
expect_rc 1
expect_schema diff
cp "$out" "$scratch/summary.json"
jq -c '.changes[]' "$out" >"$scratch/changes.ndjson"
run "$SNAPSCOPE" diff --format ndjson --rev-a 441 "$db" "$db"
same_as 'the changes of the document' "$scratch/changes.ndjson" "@$out"
run "$SNAPSCOPE" diff --json --summary --depth 3 --rev-a 441 "$db" "$db"
expect_rc 1
expect_schema diff
expect_eq "$(jq -c . "$out")" "$(jq -c 'del(.changes)' "$scratch/summary.json")" 'the summary alone'
run "$SNAPSCOPE" diff --json --rev 441 "$db" "$db"
expect_rc 0
expect_schema diff
expect_eq "$(jq -c '[.result, .changes]' "$out")" '["same",[]]' 'nothing to list'
expect_eq "$(jq -c '[.compared, .result, .a.revision, .a.keys, .b.keys]' "$scratch/summary.json")" \
    '["state","different",441,242,240]' 'the head'
expect_eq "$(jq -c '[.prefixes[] | .added, .removed, .modified] | add' "$scratch/summary.json")" \
    "$(jq -c '.added + .removed + .modified' "$scratch/summary.json")" 'changes by prefix'
run "$SNAPSCOPE" diff --format ndjson --values --rev-a 441 "$db" "$db"
expect_rc 1
expect_err_eq ''
expect_schema change --lines
for change in added removed modified; do
    expect_eq "$(jq -c "select(.change == \"$change\")" "$out" | wc -l)" \
        "$(jq ".$change" "$scratch/summary.json")" "lines that say $change"
done

# Recorded answers of a real etcd at both revisions lead to the same lines.
cat >"$scratch/due.py" <<'PY'
import base64, json, subprocess, sys
folder, lines = sys.argv[1:]
def answer(name):
    text = subprocess.run(["zstd", "-dcq", f"{folder}/{name}.json.zst"], check=True, stdout=subprocess.PIPE).stdout
    return {base64.b64decode(kv["key"]): (base64.b64decode(kv.get("value", "")), kv["create_revision"],
            kv["mod_revision"], kv["version"], kv.get("lease", 0) % 2**64) for kv in json.loads(text)["kvs"]}
def side(line, name):
    r = line.get(name)
    if r is None:
        return None
    value = r["value"].encode() if "value" in r else base64.b64decode(r["value_base64"])
    return value, r["create_revision"], r["mod_revision"], r["version"], int(r["lease"], 16)
a, b = answer("get-rev-441"), answer("get-rev-547")
due = [(key, a.get(key), b.get(key)) for key in sorted(a.keys() | b.keys()) if a.get(key) != b.get(key)]
ours = []
for text in open(lines, encoding="utf-8"):
    line = json.loads(text)
    key = line["key"].encode() if "key" in line else base64.b64decode(line["key_base64"])
    ours.append((key, side(line, "a"), side(line, "b")))
print(len(due), "the same" if ours == due else "different")
PY
expect_eq "$(python3 "$scratch/due.py" "$SS_SOURCE_DIR/testdata/etcd36-history/oracle" "$out")" \
    "$(jq '.added + .removed + .modified' "$scratch/summary.json") the same" 'what etcd says'

# What counts as different, and which keys.
changes() { # WANTED OPTION...: how many lines
    local wanted=$1
    shift
    run "$SNAPSCOPE" diff --format ndjson --rev-a 441 "$@" "$db" "$db"
    expect_out_lines "$wanted"
    expect_rc $((wanted > 0))
    [[ $wanted == 0 ]] || expect_schema change --lines
}
all=$(jq '.added + .removed + .modified' "$scratch/summary.json")
changes "$(jq '.added + .removed' "$scratch/summary.json")" --keys-only
changes 4 --rev-a 545
changes 3 --rev-a 545 --values-only
changes 1 --rev-a 545 --prefix /registry/
changes 1 --rev-a 545 --prefix 2f72 --key-format hex
changes 3 --rev-a 545 --from last
changes 2 --rev-a 545 --to t
changes 0 --prefix nothing
expect_eq "$((all > 100))" 1 'there is enough to compare'

# Any page size, byte order and release; packed, streamed.
for other in etcd36-history-be etcd36-64k etcd37-history; do
    for mode in '' --revisions; do
        # shellcheck disable=SC2086 # an empty mode is no argument
        run "$SNAPSCOPE" diff $mode "$db" "$scratch/$other/snapshot.db"
        expect_rc 0
    done
done
forget "$scratch"/etcd3{6-64k,7-history}/snapshot.db
gzip -c "$db" >"$scratch/packed.gz"
unchanged "$db" "$scratch/packed.gz"
run "$SNAPSCOPE" diff "$scratch/packed.gz" "$db"
expect_rc 0
cp "$db" "$scratch/stream.db"
unchanged "$db"
run bash -c 'cat "$3" | "$1" diff --rev-b 545 "$2" -' - "$SNAPSCOPE" "$scratch/packed.gz" "$scratch/stream.db"
expect_rc 1
expect_out_has '0 added, 1 removed, 3 modified, 236 the same'
run bash -c '"$1" diff --rev-a 545 - "$2" <"$3"' - "$SNAPSCOPE" "$scratch/packed.gz" "$scratch/stream.db"
expect_rc 1
expect_out_has '1 added, 0 removed, 3 modified, 236 the same'

forget "$scratch/packed.gz"

# Values, line by line. Both files are copies whose one value was overwritten in its place.
cat >"$scratch/rewrite.py" <<'PY'
import sys
source, target, text = sys.argv[1:]
old = b'{"generation":9,"labels":["delta","ocean","prairie","ridge","knoll"]}'
value = text.encode().decode("unicode_escape").encode("latin-1")
data = open(source, "rb").read()
assert old in data and len(value) <= len(old)
open(target, "wb").write(data.replace(old, value + b"." * (len(old) - len(value))))
PY
show() { # VALUE_A VALUE_B: the lines below the row of the key that holds them, without their filling
    python3 "$scratch/rewrite.py" "$db" "$scratch/left.db" "$1"
    python3 "$scratch/rewrite.py" "$db" "$scratch/right.db" "$2"
    unchanged "$db" "$scratch"/{left,right}.db
    run "$SNAPSCOPE" diff --show-values --rev 441 "$scratch"/{left,right}.db
    expect_rc 1
    expect_out_has '0 added, 0 removed, 1 modified, 241 the same'
    sed -n '/^~/,/^$/p' "$out" | sed -e 1d -e '$d' -e 's/\.*$//' >"$scratch/shown"
}
show 'one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nend\n' 'one\n2\nthree\nfour\nnew\nfive\nsix\nseven\nend\n'
same_as 'a line diff' "$scratch/shown" '      @ line 2
      - two
      + 2
      @ line 5
      + new
      @ line 8
      - eight
      @ line 10
      - 
      + '
show 'a\nb\nc' 'a\nb\nb\nc'
same_as 'a line more' "$scratch/shown" '      @ line 3
      - c
      + b
      + c'
show 'plain \u0007 and \\' 'plain'
same_as 'one line, escaped' "$scratch/shown" "      - plain \\x07 and \\\\
      + plain"
show '\xff\x00 binary' '\xff\x00 Binary'
same_as 'binary values' "$scratch/shown" '      binary: they differ from byte 3 on, the last 65 are alike'
show 'a\na\na\na\na\na\na\na\na\na\na\na\na\na\na\na\na\na\na\na\na\na\na\na\na\na\na' 'b\nb\nb\nb\nb\nb\nb\nb\nb\nb\nb\nb\nb\nb\nb\nb\nb\nb\nb\nb\nb\nb\nb\nb\nb\nb\nb'
same_as 'too much to list' "$scratch/shown" '      27 lines of A, 27 of B differ, from line 1 on'

forget "$scratch"/{left,right}.db

# Histories.
for member in a b c; do
    fixture "etcd36-three/$member"
done
verdict() { # CODE VERDICT A B: text has one line of words, JSON the name
    run "$SNAPSCOPE" diff --revisions --json "$3" "$4"
    expect_rc "$1"
    expect_schema diff
    expect_eq "$(jq -r .verdict "$out")" "$2" "verdict on $3 and $4"
    expect_eq "$(jq -r .result "$out")" "$([[ $1 == 0 ]] && echo same || echo different)" 'result'
    cp "$out" "$scratch/verdict.json"
    run "$SNAPSCOPE" diff --revisions "$3" "$4"
    expect_rc "$1"
}
three="$scratch/etcd36-three"
verdict 0 same "$db" "$scratch/etcd36-history-be/snapshot.db"
expect_out_has 'the same history'
verdict 1 compacted-differently "$three"/{a,b}/snapshot.db
expect_out_eq "A  $three/a/snapshot.db  revisions 2 to 102, never compacted
B  $three/b/snapshot.db  revisions 2 to 102, compacted at 87

the same history, compacted differently

last revision in common            102
records alike in both              87
gone from B by its compaction      14"
verdict 1 b-continues-a "$three"/{a,c}/snapshot.db
expect_out_has 'B continues A, compacted differently'
verdict 1 b-continues-a "$three"/{b,c}/snapshot.db
expect_eq "$(jq -c '[.last_common.mod_revision, .further_b, .gone_a, .gone_b]' "$scratch/verdict.json")" '[102,25,0,0]' 'counts'
verdict 1 a-continues-b "$three"/{c,b}/snapshot.db
expect_out_has 'A continues B'
verdict 1 unrelated "$db" "$three/a/snapshot.db"
expect_out_has 'unrelated: not one record in common'

# One member's record is changed by hand: the 60th of b, which etcd would read without a word.
cat >"$scratch/altered.case" <<'CASE'
# A version is another one on this member.
seed etcd36-three
entry E = key nth 60
set E.pb[4] 9
reseal hash
CASE
python3 "$patch" apply "$scratch/altered.case" "$three/b/snapshot.db" "$scratch/altered.db"
at=$(zstd -dcq "$SS_SOURCE_DIR"/testdata/etcd36-three/b/oracle/entries.ndjson* 2>/dev/null ||
    cat "$SS_SOURCE_DIR/testdata/etcd36-three/b/oracle/entries.ndjson")
at=$(jq -r 'select(.path == ["6b6579"] and .key) | .key' <<<"$at" | sed -n 61p)
at=$((16#${at:0:16}))
unchanged "$scratch/altered.db" "$three"/b/snapshot.db
for member in a b c; do
    verdict 1 diverged "$three/$member/snapshot.db" "$scratch/altered.db"
    expect_out_has "diverged at revision $at"
    expect_eq "$(jq -c '[.divergence.mod_revision, .divergence.b.version, .differing]' "$scratch/verdict.json")" \
        "[$at,9,2]" 'the divergence'
    expect_eq "$(jq .last_common.mod_revision "$scratch/verdict.json")" $((at - 1)) 'the last revision in common'
done

forget "$scratch"/{etcd36-three/{a,b,c}/snapshot.db,altered.db}

# The other buckets.
fixture etcd36-cluster
fixture etcd37-cluster
fixture bbolt-plain
run "$SNAPSCOPE" diff --buckets --json "$scratch"/etcd3{6,7}-cluster/snapshot.db
expect_rc 1
expect_err_eq ''
expect_schema diff
expect_eq "$(jq -c '[.result, .added, .removed, .modified, .same]' "$out")" '["different",3,3,5,11]' 'counts'
expect_eq "$(jq -c '.changes[] | select(.kind == "cluster")' "$out")" \
    '{"change":"modified","kind":"cluster","id":"","fields":[{"field":"cluster_version","a":"3.6.0","b":"3.7.0"}]}' \
    'the cluster version'
expect_eq "$(jq -c '.changes[] | select(.kind == "alarm") | [.id, .alarm]' "$out")" \
    '["1b845055f9d23051","NOSPACE"]
["affa5ee85b4e7207","NOSPACE"]' 'alarms'
expect_eq "$(jq -c '.changes[] | select(.id == "alice").fields' "$out")" \
    '[{"field":"password_hash","a":"set","b":"set"}]' 'a password'
expect_out_lacks '$2a$'
run "$SNAPSCOPE" diff --buckets "$scratch"/etcd3{6,7}-cluster/snapshot.db
expect_rc 1
expect_out_lacks '$2a$'
expect_out_has '~ user alice
      password hash: changed'
expect_out_has '      storage version: 3.6.0 -> 3.7.0'
run "$SNAPSCOPE" diff --buckets "$db" "$scratch/etcd36-history-be/snapshot.db"
expect_rc 0
expect_out_has 'the same: 17 things beside the keys'
run "$SNAPSCOPE" diff --buckets "$scratch/bbolt-plain/plain.db" "$db"
expect_rc 3
expect_err_has "bbolt-plain/plain.db: "

forget "$scratch"/{etcd36-history-be/snapshot.db,bbolt-plain/plain.db}

# A damaged side is never the same, not even as itself; what is lost is listed.
broken() { # CASE SUFFIX: $scratch/CASE.db
    python3 "$patch" apply "$1" "$SS_SOURCE_DIR/testdata" "$scratch/$1.db"
    unchanged "$scratch/$1.db"
}
for case in leaf-zeroed kv-zeroed branch-zeroed; do
    broken "$case"
done
for case in leaf-zeroed kv-zeroed branch-zeroed; do
    for mode in '' --revisions; do
        for pair in "$case.db etcd36-history/snapshot.db" "etcd36-history/snapshot.db $case.db" \
            "$case.db $case.db"; do
            read -r left right <<<"$pair"
            # shellcheck disable=SC2086 # an empty mode is no argument
            run "$SNAPSCOPE" diff $mode "$scratch/$left" "$scratch/$right"
            expect_rc 3
            expect_out_has 'cannot be read as a whole'
            expect_out_has '1 stretch of revisions cannot be read'
            expect_err_has "snapscope: $scratch/$case.db: "
            # shellcheck disable=SC2086
            run "$SNAPSCOPE" diff $mode --json "$scratch/$left" "$scratch/$right"
            expect_rc 3
            expect_schema diff
            expect_eq "$(jq -c '[.result, .a.lost_count + .b.lost_count]' "$out")" \
                "[\"unreadable\",$([[ $left == "$right" ]] && echo 2 || echo 1)]" "result of $case"
        done
    done
done
run "$SNAPSCOPE" diff "$db" "$scratch/leaf-zeroed.db"
expect_out_eq "not compared: B cannot be read as a whole

A  $db  every revision can be read
B  $scratch/leaf-zeroed.db  1 stretch of revisions cannot be read
     after 71, before 98: page is zeroed: 0, due 284 (offset 0x11c000, page 284, bucket key)"
run "$SNAPSCOPE" diff --format ndjson "$db" "$scratch/leaf-zeroed.db"
expect_rc 3
expect_schema change --lines
expect_eq "$(jq -c '.error.file' "$out")" "\"$scratch/leaf-zeroed.db\"" 'the file at fault'
expect_eq "$(jq -c '[.side, .a.lost, .b.lost[0].after.mod_revision, .b.lost[0].before.mod_revision]' "$out")" '["b",[],71,98]' \
    'the stretch'
for case in lease-broken user-broken member-json-broken; do
    broken "$case"
    run "$SNAPSCOPE" diff --buckets --json "$scratch/$case.db" "$scratch/$case.db"
    expect_rc 3
    expect_schema diff
    expect_eq "$(jq -c '[.result, .a.fault_count, .b.fault_count]' "$out")" '["unreadable",1,1]' "$case"
    run "$SNAPSCOPE" diff --buckets "$db" "$scratch/$case.db"
    expect_rc 3
    expect_out_has 'not compared: elements that cannot be decoded, 0 of A, 1 of B'
    expect_err_has "snapscope: $scratch/$case.db: "
done

# Input that is refused; messages are about the side that they are about.
damaged "$db"
for pair in "absent.db snapshot" "snapshot absent.db" "metas.db snapshot" "snapshot metas.db" "snapshot cut.db"; do
    read -r left right <<<"$pair"
    named=$left
    [[ $left == snapshot ]] && named=$right
    left=${left/#snapshot/etcd36-history/snapshot.db} right=${right/#snapshot/etcd36-history/snapshot.db}
    run "$SNAPSCOPE" diff "$scratch/$left" "$scratch/$right"
    expect_rc 3
    expect_err_has "snapscope: $scratch/$named: "
    run "$SNAPSCOPE" diff --json "$scratch/$left" "$scratch/$right"
    expect_rc 3
    expect_schema diff
    expect_eq "$(jq -c '[.file, .error.file]' "$out")" "[\"$scratch/$left\",\"$scratch/$named\"]" 'the file at fault'
done
mkdir "$scratch/packed"
cp "$scratch/metas.db" "$scratch/packed/inside.db"
unchanged "$scratch/metas.db"
tar -C "$scratch/packed" -cf "$scratch/packed.tar" inside.db
run "$SNAPSCOPE" diff --json "$db" "$scratch/packed.tar"
expect_rc 3
expect_schema diff
expect_eq "$(jq -c '[.file, .error.file, .error.member]' "$out")" "[\"$db\",\"$scratch/packed.tar\",\"inside.db\"]" 'a member at fault'
run "$SNAPSCOPE" diff --rev-b 9999 "$db" "$db"
expect_rc 3
expect_err_has 'revision 9999 is asked for, the file ends at 547'
run "$SNAPSCOPE" diff --rev 430 "$db" "$db"
expect_rc 3
expect_err_has 'revision 430 is asked for, the file is compacted at 431'
run "$SNAPSCOPE" diff "$db" "$scratch/bbolt-plain/plain.db"
expect_rc 3
expect_err_has "snapscope: $scratch/bbolt-plain/plain.db: "

# Wrong usage.
usage_fault 'A is missing' diff
usage_fault 'B is missing' diff "$db"
usage_fault "'third' is one argument too many" diff "$db" "$db" third
usage_fault 'only one of the two can be standard input' diff - -
usage_fault '--revisions and --buckets are two comparisons: ask for one' diff --revisions --buckets "$db" "$db"
usage_fault '--rev is both --rev-a and --rev-b: give it alone' diff --rev 5 --rev-a 5 "$db" "$db"
usage_fault '--json prints one document, --format ndjson a change a line: ask for one' diff --json --format ndjson "$db" "$db"
usage_fault '--values goes with --format ndjson; --show-values is for text' diff --values "$db" "$db"
usage_fault '--show-values is for text' diff --json --show-values "$db" "$db"
usage_fault '--summary is for text and --json' diff --format ndjson --summary "$db" "$db"
usage_fault '--show-values has no values to show with --summary, --keys-only or --buckets' diff --show-values --summary "$db" "$db"
usage_fault '--depth is for the counts of text and --json' diff --format ndjson --depth 2 "$db" "$db"
usage_fault '--revisions and --buckets compare all there is: they take no revision, no range' diff --revisions --rev 441 "$db" "$db"
usage_fault "--prefix: 'x' is no well-formed hex" diff --prefix x --key-format hex "$db" "$db"

# Output that fails.
for mode in '' --json --format=ndjson --revisions --buckets; do
    # shellcheck disable=SC2086
    run bash -c '"$@" >/dev/full' - "$SNAPSCOPE" diff $mode "$scratch"/etcd3{6,7}-cluster/snapshot.db
    [[ $mode == --format=ndjson ]] && continue # nothing to print: they are the same
    expect_rc 4
    expect_err_eq 'snapscope: writing to standard output failed: No space left on device'
done
run bash -c '"$@" >/dev/full' - "$SNAPSCOPE" diff --format ndjson --rev-a 441 "$db" "$db"
expect_rc 4
expect_err_eq 'snapscope: writing to standard output failed: No space left on device'
summary
