#!/usr/bin/env bash
# snapscope dump --redact: no value in any format, and digests that another program computes alike.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/cases.sh"

fixture etcd36-history
fixture etcd37-history
fixture bbolt-plain
db="$scratch/etcd36-history/snapshot.db"
later="$scratch/etcd37-history/snapshot.db"
key="$scratch/secret.key"
printf 'a key of thirty-two bytes, or so' >"$key"
note="snapscope: $db: values are redacted; keys, revisions, lease ids and lengths of values are not"

cat >"$scratch/digests.py" <<'PY'
import base64, hashlib, hmac, json, sys
key = open(sys.argv[1], "rb").read()
count = 0
for plain, redacted in zip(open(sys.argv[2]), open(sys.argv[3]), strict=True):
    plain, redacted = json.loads(plain), json.loads(redacted)
    if "value" in plain or "value_base64" in plain:
        value = plain.pop("value", None)
        value = value.encode() if value is not None else base64.b64decode(plain.pop("value_base64"))
        assert redacted.pop("value_len") == len(value)
        assert redacted.pop("value_digest") == hmac.new(key, value, hashlib.sha256).hexdigest()
        count += 1
    assert plain == redacted, (plain, redacted)
print(count)
PY

# Line by line the dump, but for the values.
for options in '' --revisions --all-buckets '--bucket authUsers'; do
    # shellcheck disable=SC2086
    run "$SNAPSCOPE" dump $options "$db"
    cp "$out" "$scratch/plain"
    # shellcheck disable=SC2086
    run "$SNAPSCOPE" dump --redact-key-file "$key" $options "$db"
    expect_rc 0
    expect_err_eq "$note"
    expect_schema record --lines
    cp "$out" "$scratch/redacted"
    run python3 "$scratch/digests.py" "$key" "$scratch/plain" "$scratch/redacted"
    expect_rc 0
    expect_eq "$(($(cat "$out") >= 4))" 1 'digests compared'
done

# No format lets a value through, of any bucket: a key's value, a password hash.
for format in ndjson json etcdctl tar; do
    all=--all-buckets
    [[ $format != etcdctl ]] || all=
    # shellcheck disable=SC2086
    run "$SNAPSCOPE" dump --redact $all --format "$format" "$db"
    expect_rc 0
    expect_eq "$(grep -acE 'had a lease|aGFkIGEgbGVhc2U=|\$2a\$|JDJhJ' "$out" || true)" 0 "values in $format"
    expect_eq "$(grep -ac '"value_digest":"' "$out" | awk '{ print ($1 > 0) }')" 1 "digests in $format"
    [[ $format != json && $format != etcdctl ]] || expect_schema dump
    expect_err_has 'under a random key that is gone now'
done

# In an archive a value's file has the same two members as its line of the manifest.
run "$SNAPSCOPE" dump --redact-key-file "$key" --revisions -o "$scratch/redacted.tar" "$db"
expect_rc 0
expect_eq "$(tar -xOf "$scratch/redacted.tar" keys/last)" \
    "$(tar -xOf "$scratch/redacted.tar" manifest.ndjson | jq -c 'select(.path == "keys/last") | {value_len, value_digest}')"
expect_eq "$(tar -xOf "$scratch/redacted.tar" revisions/525.0)" '' 'a tombstone'
tar -xOf "$scratch/redacted.tar" manifest.ndjson >"$scratch/manifest"
schema manifest "$scratch/manifest" --lines

# Two snapshots compare under one key, and under random ones do not.
run "$SNAPSCOPE" dump --redact-key-file "$key" --prefix big "$db"
cp "$out" "$scratch/here"
run "$SNAPSCOPE" dump --redact-key-file "$key" --prefix big "$later"
expect_out_eq "@$scratch/here"
run "$SNAPSCOPE" dump --redact --prefix big "$db"
cp "$out" "$scratch/here"
run "$SNAPSCOPE" dump --redact --prefix big "$db"
expect_eq "$(cmp -s "$out" "$scratch/here" && echo same || echo different)" different
run "$SNAPSCOPE" dump --redact --keys-only "$db"
expect_rc 0
expect_schema record --lines
expect_out_lacks '"value_digest'

printf 'fifteen bytes..' >"$scratch/short"
head -c 4097 /dev/zero >"$scratch/long"
for file in short long; do
    usage_fault '--redact-key-file: a key has 16 to 4096 bytes' dump --redact-key-file "$scratch/$file" "$db"
done
for file in absent .; do
    run "$SNAPSCOPE" dump --redact-key-file "$scratch/$file" "$db"
    expect_rc 3
    expect_out_eq ''
    expect_err_has "snapscope: $scratch/$file"
done
summary
