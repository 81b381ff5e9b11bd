#!/usr/bin/env bash
# snapscope dump
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/cases.sh"

fixture etcd36-history
fixture bbolt-plain
fixture bbolt-nested
db="$scratch/etcd36-history/snapshot.db"
plain="$scratch/bbolt-plain/plain.db"
nested="$scratch/bbolt-nested/plain.db"
damaged "$db"

common_cases "$db" dump
refused meta "$scratch/metas.db" "$metas_fault" dump

# As a real etcd gives it, at each revision that it was asked for.
cat >"$scratch/same.py" <<'PY'
import base64, json, sys
def ours(r, name):
    return r[name].encode() if name in r else base64.b64decode(r[name + "_base64"])
numbers = ("create_revision", "mod_revision", "version")
truth = [[base64.b64decode(r["key"]), base64.b64decode(r.get("value", "")), f"{r.get('lease', 0) % 2**64:016x}"] + [r.get(n, 0) for n in numbers]
         for r in json.load(sys.stdin)["kvs"]]
with open(sys.argv[1], encoding="utf-8") as file:
    got = [[ours(r, "key"), ours(r, "value"), r["lease"]] + [r[n] for n in numbers] for r in map(json.loads, file)]
print(len(truth), "same" if truth == got else "different")
PY
for rev in 431:233 441:242 527:243 547:240; do
    run "$SNAPSCOPE" dump --rev "${rev%:*}" "$db"
    expect_rc 0
    expect_err_eq ''
    expect_schema record --lines
    expect_eq "$(zstd -dcq "$SS_SOURCE_DIR/testdata/etcd36-history/oracle/get-rev-${rev%:*}.json.zst" |
        python3 "$scratch/same.py" "$out")" "${rev#*:} same" "the dump at revision ${rev%:*}"
done

# One document.
run "$SNAPSCOPE" dump --json --prefix /registry/pods/ "$db"
expect_rc 0
expect_schema dump
cp "$out" "$scratch/document"
run "$SNAPSCOPE" dump --format json --prefix /registry/pods/ "$db"
expect_out_eq "@$scratch/document"
run "$SNAPSCOPE" dump --prefix /registry/pods/ "$db"
jq -c . "$out" >"$scratch/lines"
jq -c '.kvs[]' "$scratch/document" >"$scratch/elements"
same_as 'the document' "$scratch/elements" "@$scratch/lines"
expect_eq "$(jq -c '[.file, .revision, .count == (.kvs | length)]' "$scratch/document")" "[\"$db\",547,true]"

# etcdctl's own bytes (test_recorded.sh compares them all): what the header knows, and nothing when there is none.
run "$SNAPSCOPE" dump --format etcdctl --prefix counter "$db"
expect_rc 0
expect_schema dump
expect_out_eq '{"header":{"revision":547,"raft_term":2},"kvs":[{"key":"Y291bnRlcg==","create_revision":258,"mod_revision":277,"version":20,"value":"MTk="}],"count":1}'
run "$SNAPSCOPE" dump --format etcdctl --keys-only --rev 441 --prefix counter "$db"
expect_out_eq '{"header":{"revision":547,"raft_term":2},"kvs":[{"key":"Y291bnRlcg==","create_revision":258,"mod_revision":277,"version":20}],"count":1}'
run "$SNAPSCOPE" dump --format etcdctl --prefix nothing "$db"
expect_rc 0
expect_schema dump
expect_out_eq '{"header":{"revision":547,"raft_term":2}}'
run "$SNAPSCOPE" dump --format etcdctl "$scratch/type.db"
expect_rc 3
expect_out_eq ''
expect_err_has "$type_fault"
run "$SNAPSCOPE" dump --format etcdctl "$plain"
expect_rc 3
expect_out_eq ''

# Ranges: the whole is prefix by prefix, and piece by piece.
run "$SNAPSCOPE" dump --keys-only "$db"
expect_rc 0
expect_schema record --lines
expect_out_lacks '"value":'
expect_out_lacks '"value_base64":'
cp "$out" "$scratch/keys"
: >"$scratch/pieces"
for range in '--to /registry/m' '--from /registry/m --to /registry/q' '--from /registry/q'; do
    # shellcheck disable=SC2086 # options and their values
    run "$SNAPSCOPE" dump --keys-only $range "$db"
    expect_rc 0
    cat "$out" >>"$scratch/pieces"
done
same_as 'the pieces' "$scratch/pieces" "@$scratch/keys"
run "$SNAPSCOPE" dump --key-format hex --from 00 --to 0000 "$db"
expect_out_lines 1
expect_eq "$(jq -r .key_base64 "$out")" AA==

# History: every retained revision in order, with tombstones.
run "$SNAPSCOPE" dump --revisions "$db"
expect_rc 0
expect_out_lines 405
expect_schema record --lines
expect_eq "$(jq -s -c 'map([.mod_revision, .sub]) | . == sort' "$out")" true 'order of revisions'
run "$SNAPSCOPE" dump --revisions --rev 441 "$db"
expect_rc 0
expect_eq "$(jq -s 'map(.mod_revision) | max' "$out")" 441

# Buckets of any bbolt file.
run "$SNAPSCOPE" dump --bucket v1/default/containers/containers-0 "$plain"
expect_rc 0
expect_schema record --lines
expect_out_eq '{"key":"amber","value":"amber"}
{"key":"basin","value":"basin"}
{"key":"cedar","value":"cedar"}
{"key":"delta","value":"delta"}
{"key":"ember","value":"ember"}
{"key":"fjord","value":"fjord"}'
run "$SNAPSCOPE" dump --json --bucket kinds/%00binary%FF "$nested"
expect_rc 0
expect_schema dump
expect_eq "$(jq .count "$out")" 2
run "$SNAPSCOPE" dump --bucket nosuch "$db"
expect_rc 1
expect_out_eq ''
expect_err_has "snapscope: try: snapscope buckets $db lists the buckets"
run "$SNAPSCOPE" dump "$plain"
expect_rc 3
expect_err_has "snapscope: try: if this is no etcd file, snapscope buckets $plain lists what it holds"
run "$SNAPSCOPE" dump "$nested"
expect_rc 3
expect_out_eq ''
expect_err_has "snapscope: try: snapscope buckets $nested lists what it holds"

# A file: as a whole or not at all.
run "$SNAPSCOPE" dump "$db"
cp "$out" "$scratch/all"
# OUT's name says what is written, and how it is packed; unpacked it is what standard output gets.
mkdir "$scratch/named"
run "$SNAPSCOPE" dump "$db"
cp "$out" "$scratch/named.ndjson"
run "$SNAPSCOPE" dump --json "$db"
cp "$out" "$scratch/named.json"
run "$SNAPSCOPE" dump --format etcdctl "$db"
cp "$out" "$scratch/named.etcdctl"
while read -r name tool like words; do
    for again in '' again; do
        # shellcheck disable=SC2086 # several words or none
        run "$SNAPSCOPE" dump $words -o "$scratch/named/$again$name" "$db"
        expect_rc 0
        expect_err_eq ''
    done
    "$tool" <"$scratch/named/$name" >"$scratch/named/plain"
    same_as "$name, unpacked" "$scratch/named/plain" "@$scratch/named.$like"
    same_as "$name, again" "$scratch/named/$name" "@$scratch/named/again$name"
done <<'NAMES'
a.ndjson cat ndjson
a.jsonl cat ndjson
a.json cat json
a.ndjson.gz zcat ndjson
a.jsonl.zst zstdcat ndjson
a.json.gz zcat json
a.json.zst zstdcat json
e.json cat etcdctl --format etcdctl
e.json.gz zcat etcdctl --format etcdctl
p cat ndjson
NAMES
expect_eq "$(head -c 10 "$scratch/named/a.ndjson.gz" | xxd -p)" 1f8b0800000000000003 'no time and no name in the header'
run "$SNAPSCOPE" dump --all-buckets -o "$scratch/named/all.ndjson.gz" "$db"
expect_rc 0
run "$SNAPSCOPE" dump --all-buckets "$db"
zcat "$scratch/named/all.ndjson.gz" >"$scratch/named/plain"
same_as 'all buckets, unpacked' "$scratch/named/plain" "@$out"
# An option wins over the name, and what has no known end is said.
run "$SNAPSCOPE" dump --format json -o "$scratch/named/b.ndjson" "$db"
expect_rc 0
expect_err_eq "snapscope: $scratch/named/b.ndjson: its name says ndjson, but json is written, as the options say"
same_as 'what the option says' "$scratch/named/b.ndjson" "@$scratch/named.json"
run "$SNAPSCOPE" dump --json -o "$scratch/named/c.jsonl.gz" "$db"
expect_err_eq "snapscope: $scratch/named/c.jsonl.gz: its name says ndjson, but json is written, as the options say"
for name in d.txt d.gz d.yaml.zst; do
    run "$SNAPSCOPE" dump -o "$scratch/named/$name" "$db"
    expect_rc 0
    expect_err_eq "snapscope: $scratch/named/$name: its name ends in no format, so JSON Lines are written; .ndjson, .jsonl, .json and .tar are known, also with .gz or .zst behind them"
done
same_as 'no known end' "$scratch/named/d.txt" "@$scratch/named.ndjson"
# A dump that fails leaves no packed part behind.
run "$SNAPSCOPE" dump -o "$scratch/named/broken.ndjson.gz" "$scratch/type.db"
expect_rc 3
expect_file_absent "$scratch/named/broken.ndjson.gz"
run bash -c 'ulimit -f 4; "$@"' - "$SNAPSCOPE" dump --revisions -o "$scratch/named/large.ndjson.zst" "$db"
expect_rc 4
expect_file_absent "$scratch/named/large.ndjson.zst"
rm -r "$scratch/named"
run "$SNAPSCOPE" dump -o "$scratch/new" "$db"
expect_rc 0
expect_out_eq ''
expect_err_eq ''
same_as 'the new file' "$scratch/new" "@$scratch/all"
run "$SNAPSCOPE" dump --output "$scratch/new" --keys-only "$db"
expect_rc 2
same_as 'the old file' "$scratch/new" "@$scratch/all"
expect_err_has 'add --force'
run "$SNAPSCOPE" dump --force --output "$scratch/new" --keys-only "$db"
expect_rc 0
same_as 'the replaced file' "$scratch/new" "@$scratch/keys"
run "$SNAPSCOPE" dump -o - "$db"
expect_rc 0
expect_out_eq "@$scratch/all"
ln -s "$db" "$scratch/link"
for path in "$db" "$scratch/link"; do
    run "$SNAPSCOPE" dump --force -o "$path" "$db"
    expect_rc 2
    expect_out_eq ''
done
run "$SNAPSCOPE" dump -o "$scratch/none/new" "$db"
expect_rc 4
expect_err_has "snapscope: $scratch/none/new"
run "$SNAPSCOPE" dump -o "$scratch/broken" "$scratch/type.db"
expect_rc 3
expect_err_has "snapscope: $scratch/type.db: nothing was written"
expect_file_absent "$scratch/broken"
run bash -c 'ulimit -f 64; "$@"' - "$SNAPSCOPE" dump -o "$scratch/large" "$db"
expect_rc 4
expect_file_absent "$scratch/large"

# Damage: what was printed cannot be taken for the whole.
run "$SNAPSCOPE" dump --revisions "$scratch/type.db"
expect_rc 3
expect_schema record --lines
expect_eq "$(tail -n 1 "$out" | jq -c '[.error.code, .error.offset, .error.page, .error.bucket, .error.file]')" \
    "[\"page-type\",8200,2,\"key\",\"$scratch/type.db\"]"
expect_err_has "snapscope: $scratch/type.db: $type_fault"
expect_err_has 'what was printed is not the whole'
run "$SNAPSCOPE" dump "$scratch/type.db"
expect_rc 3
expect_out_lines 1
expect_eq "$(jq -c '[.error.code, .error.offset]' "$out")" '["page-type",8200]'
run "$SNAPSCOPE" dump --json "$scratch/type.db"
expect_rc 3
expect_schema dump
run "$SNAPSCOPE" dump "$scratch/cut.db"
expect_rc 3
expect_eq "$(jq -c '[.error.code, .error.page]' "$out")" '["page-range",275]'
expect_err_has "snapscope: $scratch/cut.db: $cut_fault"

# A reader that has enough is no reason for a message.
run bash -c 'set -o pipefail; "$@" | head -c 1 >/dev/null' - "$SNAPSCOPE" dump "$db"
expect_rc 4
expect_err_eq ''

for rev in 430 548; do
    run "$SNAPSCOPE" dump --rev "$rev" "$db"
    expect_rc 1
    expect_out_eq ''
    expect_err_has "$rev"
    run "$SNAPSCOPE" dump --json --rev "$rev" "$db"
    expect_rc 1
    expect_schema dump
done

usage_fault "--format: 'yaml' is none of auto, ndjson, json, etcdctl, tar" dump --format yaml "$db"
usage_fault "--rev: '5x' is no whole number from 1 to 9223372036854775807" dump --rev 5x "$db"
usage_fault "--rev: '9223372036854775808' is no whole number from 1 to 9223372036854775807" \
    dump --rev 9223372036854775808 "$db"
usage_fault "--rev and --revisions are for etcd's keys, not for --bucket" dump --rev 5 --bucket meta "$db"
usage_fault "etcdctl's format has no room for --revisions" dump --format etcdctl --revisions "$db"
usage_fault "etcdctl's format has no room for --all-buckets" dump --format etcdctl --all-buckets "$db"
usage_fault '--bucket goes with --format ndjson and json only' dump --format etcdctl --bucket meta "$db"
usage_fault '--bucket is one bucket, --all-buckets all of them' dump --all-buckets --bucket meta "$db"
usage_fault '--json is --format json: not this one, too' dump --json --format etcdctl "$db"
usage_fault '--force goes with --output' dump --force "$db"
usage_fault "--from: 'zz' is no well-formed hex" dump --key-format hex --from zz "$db"
usage_fault 'option --re may mean --rev or --revisions' dump --re 5 "$db"
usage_fault "'x' is one argument too many" dump "$db" x
summary
