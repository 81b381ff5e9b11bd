#!/usr/bin/env bash
# snapscope verify: verdicts, exit codes, forms of output, several files, streams.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
needs xmllint
source "$(dirname "${BASH_SOURCE[0]}")/cases.sh"

fixture etcd36-history
db="$scratch/etcd36-history/snapshot.db"
damaged "$db"
xsd="$SS_SOURCE_DIR/docs/schema/junit.xsd"

# expect_junit FILE: well-formed by two parsers, of the right shape, its counts those of its elements
expect_junit() {
    checks=$((checks + 1))
    if ! xmllint --noout --schema "$xsd" "$1" >"$scratch/.junit" 2>&1; then
        failed "$1 does not obey docs/schema/junit.xsd"
        show junit "$scratch/.junit"
    fi
    checks=$((checks + 1))
    if ! python3 - "$1" >"$scratch/.junit" 2>&1 <<'PY'; then
import sys, xml.etree.ElementTree as tree
for suite in tree.parse(sys.argv[1]).getroot():
    for attribute, tag in (("tests", "testcase"), ("failures", "testcase/failure"),
                           ("errors", "testcase/error"), ("skipped", "testcase/skipped")):
        assert int(suite.get(attribute)) == len(suite.findall(tag)), (suite.get("name"), attribute)
    names = [case.get("name") for case in suite.findall("testcase")]
    assert len(set(names)) == len(names)
PY
        failed "$1: counts and elements differ"
        show junit "$scratch/.junit"
    fi
}

verdicts() { jq -c '[(.files // [.])[] | [.verdict, .hash.state, .exit_code]]' "$out"; }
ids() { jq -c '[(.files // [.])[].findings[] | select(.severity == "error").id]' "$out"; }

# A sound snapshot.
digest=567e8cf4018f1f15b936ea75f020f6fc0b7cb67c3e9cd49ac1c77f8f85272de9
run "$SNAPSCOPE" verify "$db"
expect_rc 0
expect_err_eq ''
expect_eq "$(head -n 1 "$out")" "$db: sound: hash valid, structure and etcd records consistent"
expect_out_has "            $digest"
expect_out_has '  pages     539 in use, 13 free, 0 leaked'
expect_out_lacks error
cp "$out" "$scratch/sound.out"
for args in '--threads 1' '--threads 2' '--require-hash' '--only hash,structure,etcd' '--only etcd,hash,structure'; do
    # shellcheck disable=SC2086 # several words
    run "$SNAPSCOPE" verify $args "$db"
    expect_rc 0
    expect_out_eq "@$scratch/sound.out"
done
run "$SNAPSCOPE" verify --json "$db"
expect_rc 0
expect_err_eq ''
expect_schema verify
expect_eq "$(verdicts)" '[["sound","valid",0]]'
expect_eq "$(jq -c '[.checked, .is_etcd, .error_count, .hash.found, .hash.expected, .hash.covered_len]' "$out")" \
    "[[\"hash\",\"structure\",\"etcd\"],true,0,\"$digest\",\"$digest\",2269184]"
run "$SNAPSCOPE" verify --report junit "$db"
expect_rc 0
cp "$out" "$scratch/sound.xml"
expect_junit "$scratch/sound.xml"
expect_eq "$(xmllint --xpath 'string(/testsuites/testsuite/@failures)' "$out")" 0

# What was left out is never called sound.
for parts in hash structure etcd hash,structure hash,etcd structure,etcd; do
    run "$SNAPSCOPE" verify --json --only "$parts" "$db"
    expect_rc 0
    expect_schema verify
    expect_eq "$(jq -r '.verdict' "$out")" consistent "verdict with --only $parts"
    expect_eq "$(jq -c '[has("reachable_pages"), has("record_count")]' "$out")" \
        "[$([[ $parts == *structure* ]] && echo true || echo false),$([[ $parts == *etcd* ]] && echo true || echo false)]" 'what was not counted'
    expect_eq "$(jq -r '.checked | join(",")' "$out")" "$parts" 'checked'
    expect_eq "$(jq -r '.verdict_text | contains("not checked")' "$out")" true
    run "$SNAPSCOPE" verify --report junit --only "$parts" "$db"
    expect_junit "$out"
    expect_out_has 'left out by --only'
done

# No hash: consistent, and an error only where one is required.
head -c -32 "$db" >"$scratch/no-hash.db"
unchanged "$scratch/no-hash.db" "$db"
run "$SNAPSCOPE" verify "$scratch/no-hash.db"
expect_rc 0
expect_eq "$(head -n 1 "$out")" \
    "$scratch/no-hash.db: consistent, hash absent: value bytes cannot be vouched for"
expect_out_has 'note      HASH-003 there is no trailing hash'
run "$SNAPSCOPE" verify --require-hash --json "$scratch/no-hash.db"
expect_rc 1
expect_schema verify
expect_eq "$(verdicts)" '[["damaged","absent",1]]'
expect_eq "$(ids)" '["HASH-005"]'

# One flipped bit of a value: found with the hash, not without, and then said so.
value_off=$(python3 - "$db" <<'PY'
import sys
data = open(sys.argv[1], "rb").read()
print(data.index(b"v" * 8) + 3 if b"v" * 8 in data else 2000000)
PY
)
for file in "$db" "$scratch/no-hash.db"; do
    cp "$file" "$scratch/flipped-$(basename "$file")"
    python3 - "$scratch/flipped-$(basename "$file")" "$value_off" <<'PY'
import sys
with open(sys.argv[1], "r+b") as file:
    file.seek(int(sys.argv[2]))
    byte = file.read(1)[0]
    file.seek(int(sys.argv[2]))
    file.write(bytes([byte ^ 1]))
PY
done
unchanged "$db" "$scratch/no-hash.db"
run "$SNAPSCOPE" verify "$scratch/flipped-snapshot.db"
expect_rc 1
expect_out_has 'damaged: hash mismatch, structure and etcd records consistent'
expect_out_has '  hash      mismatch: in the file, and of its first 2269184 bytes'
expect_out_has "            $digest"
expect_out_has '  1 error, 0 warnings, 0 notes'
run "$SNAPSCOPE" verify "$scratch/flipped-no-hash.db"
expect_rc 0
expect_out_has 'consistent, hash absent: value bytes cannot be vouched for'

# A page, and a seal that fits it: a valid hash over damage is told apart from a broken one.
cp "$scratch/type.db" "$scratch/sealed.db"
python3 - "$scratch/sealed.db" <<'PY'
import hashlib, sys
with open(sys.argv[1], "r+b") as file:
    body = file.read()[:-32]
    file.seek(len(body))
    file.write(hashlib.sha256(body).digest())
PY
unchanged "$scratch/type.db" "$scratch/sealed.db"
run "$SNAPSCOPE" verify "$scratch/sealed.db"
expect_rc 1
expect_eq "$(head -n 1 "$out")" \
    "$scratch/sealed.db: damaged: hash valid, 1 error in structure, no error in the etcd records that were read; revisions 471 to 494 are missing"
expect_out_has '  error     PAGE-006 page has no single known type'
expect_out_has '            at offset 0x2008, page 2, bucket key'
expect_out_has '            have   flags 0x0020'
run "$SNAPSCOPE" verify --json "$scratch/sealed.db"
expect_rc 1
expect_eq "$(jq -c '.missing_revisions' "$out")" \
    '{"count":24,"ranges":[{"first":471,"last":494}],"ranges_left_out":0}'
expect_schema verify
expect_eq "$(jq -c '.findings[0] | [.id, .severity, .offset, .page, .bucket, .have]' "$out")" \
    '["PAGE-006","error",8200,2,"key","flags 0x0020"]'
run "$SNAPSCOPE" verify --json "$scratch/type.db"
expect_rc 1
expect_eq "$(ids)" '["HASH-001","PAGE-006"]'

# Metas: both are shown when one is bad; nothing can be read when both are.
cp "$db" "$scratch/meta0.db"
poke "$scratch/meta0.db" 40 ff
unchanged "$scratch/meta0.db" "$db"
run "$SNAPSCOPE" verify "$scratch/meta0.db"
expect_rc 1
expect_out_has '  meta 0    cannot be used: checksum is 0x79e7d85e19a18b54'
expect_out_has '  meta 1    txid 30, root 275, in force'
run "$SNAPSCOPE" verify --json "$scratch/metas.db"
expect_rc 3
expect_schema verify
expect_eq "$(verdicts)" '[["unreadable","mismatch",3]]'
expect_eq "$(ids)" '["HASH-001","META-001","META-002","META-003"]'
run "$SNAPSCOPE" verify --report junit "$scratch/metas.db"
expect_rc 3
expect_junit "$out"
expect_out_has 'the file cannot be read as a bbolt database'

# Truncated, and told so at the page that is missing and in the hash state.
run "$SNAPSCOPE" verify --json "$scratch/cut.db"
expect_rc 1
expect_schema verify
expect_eq "$(verdicts)" '[["damaged","cut",1]]'
expect_eq "$(ids)" '["FILE-003","PAGE-002"]'

# No database at all.
echo 'not a database' >"$scratch/text.db"
: >"$scratch/empty.db"
unchanged "$scratch/text.db" "$scratch/empty.db"
run "$SNAPSCOPE" verify "$scratch/text.db"
expect_rc 3
expect_eq "$(head -n 1 "$out")" "$scratch/text.db: unreadable: no bbolt file, but text"
run "$SNAPSCOPE" verify --json "$scratch/empty.db"
expect_rc 3
expect_schema verify
expect_eq "$(ids)" '["FILE-001"]'

# A bbolt file of somebody else.
fixture bbolt-1k
plain="$scratch/bbolt-1k/plain.db"
run "$SNAPSCOPE" verify "$plain"
expect_rc 0
expect_eq "$(head -n 1 "$out")" \
    "$plain: consistent, hash absent: value bytes cannot be vouched for; no etcd database"
expect_out_has 'note      ETCD-001 no etcd database'
run "$SNAPSCOPE" verify --report junit "$plain"
expect_junit "$out"
expect_out_has '<skipped message="no etcd database"/>'

# Several files: a block each, a line of totals, the worst exit code; one that is not there stops none.
run "$SNAPSCOPE" verify "$db" "$scratch/type.db"
expect_rc 1
expect_eq "$(tail -n 1 "$out")" '2 files: 1 sound, 1 damaged'
run "$SNAPSCOPE" verify "$scratch/type.db" "$scratch/absent.db" "$db" "$scratch/text.db" "$plain"
expect_rc 3
expect_eq "$(tail -n 1 "$out")" \
    '5 files: 1 sound, 1 consistent, 1 damaged, 1 unreadable, 1 could not be read'
expect_err_eq "snapscope: $scratch/absent.db: cannot be opened: No such file or directory"
run "$SNAPSCOPE" verify --json "$scratch/absent.db" "$db" "$scratch/type.db"
expect_rc 3
expect_schema verify
expect_eq "$(jq -c '.files[0] | [.file == .error.file, (.file | endswith("absent.db"))]' "$out")" '[true,true]' 'the file at fault'
expect_eq "$(jq -c '[.exit_code, (.files | map([.exit_code, .verdict, .error.code]))]' "$out")" \
    '[3,[[3,null,"io"],[0,"sound",null],[1,"damaged",null]]]'
run "$SNAPSCOPE" verify --report junit "$scratch/absent.db" "$db" "$scratch/type.db"
expect_rc 3
expect_junit "$out"
expect_eq "$(xmllint --xpath 'count(/testsuites/testsuite)' "$out")" 3
# What CI systems list: the file as the class, the finding as the message.
page=/testsuites/testsuite/testcase[failure/@type=\'PAGE-006\']
expect_eq "$(xmllint --xpath "string($page/@classname)" "$out")" "$scratch/type.db" 'classname'
expect_eq "$(xmllint --xpath "string($page/failure/@message)" "$out")" \
    'page has no single known type (offset 0x2008, page 2, bucket key)' 'message'
expect_eq "$(xmllint --xpath 'string(/testsuites/testsuite/testcase[error]/@classname)' "$out")" "$scratch/absent.db" 'class of no file'

# Packed and streamed, the answer is the same; a stream is hashed as it comes.
gzip -c "$db" >"$scratch/snapshot.gz"
tar -C "$scratch/etcd36-history" -cf "$scratch/two.tar" snapshot.db -C "$scratch" text.db
cp "$db" "$scratch/stream.db"
unchanged "$db" "$scratch/snapshot.gz" "$scratch/two.tar" "$scratch/text.db"
run "$SNAPSCOPE" verify "$scratch/snapshot.gz"
expect_rc 0
expect_eq "$(tail -n +2 "$out")" "$(tail -n +2 "$scratch/sound.out")" 'the report of a packed file'
run "$SNAPSCOPE" verify --member snapshot.db "$scratch/two.tar"
expect_rc 0
expect_eq "$(head -n 1 "$out")" \
    "$scratch/two.tar (snapshot.db): sound: hash valid, structure and etcd records consistent"
run "$SNAPSCOPE" verify "$scratch/two.tar"
expect_rc 3
expect_err_has 'the archive holds 2 files'
run bash -c 'cat "$1" | "$2" verify -' - "$scratch/stream.db" "$SNAPSCOPE"
expect_rc 0
expect_eq "$(cat "$out")" "$(sed "1s|^[^:]*|-|" "$scratch/sound.out")" 'the report of a stream'
run bash -c 'cat "$1" | "$2" verify --json -' - "$scratch/flipped-snapshot.db" "$SNAPSCOPE"
expect_rc 1
expect_eq "$(verdicts)" '[["damaged","mismatch",1]]'
run "$SNAPSCOPE" verify - <"$scratch/stream.db"
expect_rc 0

# Many findings: the worst come first, all are counted, and none is lost from the report.
cp "$db" "$scratch/many.db"
mapfile -t leaves < <("$SNAPSCOPE" pages --json "$db" |
    jq '.pages[] | select(.type == "leaf" and .use == "reachable" and .bucket == "key").page')
python3 - "$scratch/many.db" "${leaves[@]}" <<'PY'
import sys
with open(sys.argv[1], "r+b") as file:
    for page in map(int, sys.argv[2:]):
        file.seek(page * 4096)
        file.write(bytes(16))
PY
unchanged "$scratch/many.db" "$db"
run "$SNAPSCOPE" verify --json "$scratch/many.db"
expect_schema verify
errors=$(jq '.error_count' "$out")
total=$(jq '.error_count + .warning_count + .note_count' "$out")
expect_eq "$((errors > 20))" 1 'more errors than the text lists'
expect_eq "$(jq '[.findings_left_out, (.findings | length)]' -c "$out")" "[0,$total]"
run "$SNAPSCOPE" verify "$scratch/many.db"
expect_rc 1
expect_out_has "  $errors errors, "
expect_out_has "; $((total - 20)) more not shown, see --max-findings"
expect_eq "$(grep -c '^  \(error\|warning\|note\) ' "$out")" 20 'findings listed'
run "$SNAPSCOPE" verify --max-findings 1000 "$scratch/many.db"
expect_out_lacks 'more not shown'
expect_eq "$(grep -c '^  error ' "$out")" "$errors" 'errors listed'
run "$SNAPSCOPE" verify --max-findings 3 "$scratch/many.db"
expect_eq "$(grep -c '^  \(error\|warning\|note\) ' "$out")" 3 'findings listed'
run "$SNAPSCOPE" verify --json --max-findings 3 "$scratch/many.db"
expect_schema verify
expect_eq "$(jq -c '[.error_count, .findings_left_out, (.findings | length)]' "$out")" \
    "[$errors,$((total - 3)),3]"
run "$SNAPSCOPE" verify --report junit --max-findings 3 "$scratch/many.db"
expect_junit "$out"
expect_out_has "message=\"$((errors - 3)) more errors; see --max-findings\""
expect_out_has '<skipped message="not all findings were kept"/>'

# The same bytes whatever the threads, and at every run.
for form in '' --json '--report junit'; do
    # shellcheck disable=SC2086
    run "$SNAPSCOPE" verify $form --threads 1 "$scratch/many.db"
    cp "$out" "$scratch/first.out"
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        # shellcheck disable=SC2086
        run "$SNAPSCOPE" verify $form --threads 2 "$scratch/many.db"
        expect_out_eq "@$scratch/first.out"
    done
done

# A report of its own, beside text or JSON; whole or not at all; never over the evidence.
run "$SNAPSCOPE" verify --report junit -o "$scratch/out.xml" "$db"
expect_rc 0
expect_out_eq "@$scratch/sound.out"
same_as 'the report' "$scratch/out.xml" "@$scratch/sound.xml"
run "$SNAPSCOPE" verify --report junit -o "$scratch/out.xml" --json "$db"
expect_rc 2
expect_err_has 'out.xml'
run "$SNAPSCOPE" verify --report junit -o "$scratch/out.xml" --force --json "$db"
expect_rc 0
expect_schema verify
ln -s "$db" "$scratch/alias.db"
for target in "$db" "$scratch/alias.db"; do
    run "$SNAPSCOPE" verify --report junit -o "$target" --force "$plain" "$db"
    expect_rc 2
    expect_err_has '-o names one of the files to be verified'
done
run "$SNAPSCOPE" verify --report junit -o "$scratch/no/such/folder.xml" "$db"
expect_rc 4
expect_out_eq ''

# Any name makes a sound report: markup, control bytes, bytes that are no text, characters XML lacks.
odd="$scratch/<a href=\"&amp;\">'"$'\x01\x7f\xff\t\r\n\xef\xbf\xbe'
cp "$scratch/text.db" "$odd"
unchanged "$scratch/text.db" "$odd"
run "$SNAPSCOPE" verify --report junit "$odd" "$odd.absent"
expect_rc 3
expect_junit "$out"
run "$SNAPSCOPE" verify --json "$odd"
expect_schema verify
name="$scratch/&<>\"'"
cp "$scratch/text.db" "$name"
unchanged "$scratch/text.db"
run "$SNAPSCOPE" verify --report junit "$name"
expect_junit "$out"
expect_eq "$(xmllint --xpath 'string(/testsuites/testsuite/@name)' "$out")" "$name" 'name'

# Usage.
bad_outputs "$db" verify
common_usage "$db" verify
usage_fault "--only: 'bytes' is none of hash, structure, etcd" verify --only hash,bytes "$db"
usage_fault "--only: '' is none of hash, structure, etcd" verify --only '' "$db"
usage_fault "--only: '' is none of hash, structure, etcd" verify --only hash, "$db"
usage_fault '--require-hash cannot be kept while --only leaves out the hash' \
    verify --only structure --require-hash "$db"
usage_fault "--report: 'html' is none of junit" verify --report html "$db"
usage_fault '-o names a file for --report, and there is none' verify -o "$scratch/o" "$db"
usage_fault '--json and --report junit both want standard output: give the report a file with -o' \
    verify --json --report junit "$db"
usage_fault 'standard input can be read only once' verify - "$db" -
usage_fault "--max-findings: '0' is no whole number from 1 to 4294967295" verify --max-findings 0 "$db"
usage_fault "--threads: '0' is no whole number from 1 to 256" verify --threads 0 "$db"
summary
