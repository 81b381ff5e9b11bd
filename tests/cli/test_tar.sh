#!/usr/bin/env bash
# snapscope dump as a tar archive: every key and value comes back, whatever the key, by GNU tar and bsdtar alike.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/cases.sh"
needs bsdtar

# unpack TOOL ARCHIVE: into $scratch/room/tree, without a word, and nothing beside it
unpack() {
    rm -rf "$scratch/room"
    mkdir -p "$scratch/room/tree"
    run "$1" -C "$scratch/room/tree" -xf "$2"
    expect_rc 0
    expect_out_eq ''
    expect_err_eq ''
    expect_eq "$(ls -A "$scratch/room")" tree 'what lies beside the tree'
}

# round_trip FILE [OPTION...]: TOLD is what unpacked.py has counted
round_trip() {
    local file=$1 end tool
    shift
    run "$SNAPSCOPE" dump "$@" "$file"
    expect_rc 0
    cp "$out" "$scratch/dump"
    run "$SNAPSCOPE" dump --revisions "$@" "$file"
    expect_rc 0
    cp "$out" "$scratch/revisions"
    run "$SNAPSCOPE" dump --all-buckets "$@" "$file"
    expect_rc 0
    jq -c 'select(.bucket)' "$out" >"$scratch/buckets"
    for end in tar tar.gz tar.zst; do
        run "$SNAPSCOPE" dump --revisions --all-buckets "$@" -o "$scratch/one.$end" "$file"
        expect_rc 0
        expect_out_eq ''
        expect_err_eq ''
        run "$SNAPSCOPE" dump --revisions --all-buckets "$@" --force -o "$scratch/two.$end" "$file"
        same_as "the second $end" "$scratch/two.$end" "@$scratch/one.$end"
        for tool in tar bsdtar; do
            unpack "$tool" "$scratch/one.$end"
            run python3 "$SS_SOURCE_DIR/tests/cli/unpacked.py" "$scratch/room/tree" \
                "$scratch/dump" "$scratch/revisions" "$scratch/buckets"
            expect_rc 0
            expect_out_eq "$told"
        done
    done
    schema manifest "$scratch/room/tree/manifest.ndjson" --lines
    rm -f "$scratch"/{one,two}.*
}

fixture etcd36-history
fixture bbolt-nested
db="$scratch/etcd36-history/snapshot.db"
nested="$scratch/bbolt-nested/plain.db"
hostile="$scratch/hostile.db"
damaged "$db"
python3 "$SS_SOURCE_DIR/tests/cli/hostile.py" "$hostile"
unchanged "$hostile"

told='129 keys, 9 of them by digest, 132 revisions, 5 elements' round_trip "$hostile"
told='240 keys, 1 of them by digest, 405 revisions, 22 elements' round_trip "$db"
told='67 keys, 0 of them by digest, 107 revisions, 22 elements' round_trip "$db" --prefix /registry/pods/

# What stands where, and the attributes that the files carry.
run "$SNAPSCOPE" dump --format tar "$db"
expect_rc 0
cp "$out" "$scratch/plain.tar"
cat >"$scratch/look.py" <<'PY'
import sys, tarfile
with tarfile.open(sys.argv[1]) as archive:
    members = archive.getmembers()
print(members[0].name, len(members))
print({(m.mode, m.uid, m.gid, m.uname, m.gname, int(m.mtime), m.type) for m in members})
one = next(m for m in members if m.name == "keys/leased/moved")
print(sorted(one.pax_headers.items()))
print(sorted(m.name for m in members if m.name in ("keys/a%", "keys/a/b", "keys/a.b", "keys/%00", "keys/a")))
PY
run python3 "$scratch/look.py" "$scratch/plain.tar"
expect_out_eq "manifest.ndjson 241
{(384, 0, 0, '', '', 0, b'0')}
[('SCHILY.xattr.user.etcd.create_revision', '454'), ('SCHILY.xattr.user.etcd.lease', '0000000000000007'), ('SCHILY.xattr.user.etcd.mod_revision', '455'), ('SCHILY.xattr.user.etcd.version', '2')]
['keys/%00', 'keys/a%', 'keys/a.b', 'keys/a/b']"
run "$SNAPSCOPE" dump --rev 441 -o "$scratch/old.tar" "$db"
expect_rc 0
expect_eq "$(tar -xOf "$scratch/old.tar" manifest.ndjson | wc -l)" 242 'keys at revision 441'

# Any bbolt file: all its buckets, each as --bucket has it.
run "$SNAPSCOPE" dump --all-buckets -o "$scratch/nested.tgz" "$nested"
expect_rc 0
run "$SNAPSCOPE" dump --all-buckets "$nested"
expect_rc 0
expect_schema record --lines
cp "$out" "$scratch/buckets"
: >"$scratch/none"
unpack bsdtar "$scratch/nested.tgz"
schema manifest "$scratch/room/tree/manifest.ndjson" --lines
run python3 "$SS_SOURCE_DIR/tests/cli/unpacked.py" "$scratch/room/tree" "$scratch/none" "$scratch/none" "$scratch/buckets"
expect_rc 0
run "$SNAPSCOPE" buckets --json "$nested"
expect_eq "$(jq -s -c 'map(select(has("key") or has("key_base64") | not)) | length' "$scratch/buckets")" \
    "$(jq '.buckets | length' "$out")" 'buckets'
run "$SNAPSCOPE" dump --json --all-buckets "$nested"
expect_rc 0
expect_schema dump
expect_eq "$(jq -c 'keys' "$out")" '["buckets","file"]'
run "$SNAPSCOPE" dump --json --all-buckets "$db"
expect_rc 0
expect_schema dump
expect_eq "$(jq -c '[.revision, .count, (.buckets | map(.bucket[0]))]' "$out")" \
    '[547,240,["alarm","auth","authRoles","authUsers","cluster","lease","members","members_removed","meta"]]'

# Damage: no archive, and nothing on standard output that could pass for one.
for file in type cut; do
    for options in '' --revisions --all-buckets; do
        # shellcheck disable=SC2086
        run "$SNAPSCOPE" dump $options -o "$scratch/$file.tar" "$scratch/$file.db"
        expect_rc 3
        expect_err_has "snapscope: $scratch/$file.db: nothing was written"
        expect_file_absent "$scratch/$file.tar"
        # shellcheck disable=SC2086
        run "$SNAPSCOPE" dump --format tar $options "$scratch/$file.db"
        expect_rc 3
        expect_out_eq ''
    done
done
cp "$hostile" "$scratch/auth.db" # a page of another bucket than `key`
unchanged "$hostile"
poke "$scratch/auth.db" $((3 * 4096 + 8)) 20
for options in '--format tar' '--format json' ''; do
    # shellcheck disable=SC2086
    run "$SNAPSCOPE" dump --all-buckets $options "$scratch/auth.db"
    expect_rc 3
    expect_err_has '(offset 0x3008, page 3, bucket auth)'
done
run bash -c 'ulimit -f 64; "$@"' - "$SNAPSCOPE" dump -o "$scratch/large.tar" "$db"
expect_rc 4
expect_file_absent "$scratch/large.tar"
run bash -c '"$@" >/dev/full' - "$SNAPSCOPE" dump --format tar "$db"
expect_rc 4
expect_err_eq 'snapscope: writing to standard output failed: No space left on device'

usage_fault 'an archive of values does not go with --keys-only' dump --format tar --keys-only "$db"
usage_fault '--bucket goes with --format ndjson and json only' dump -o "$scratch/x.tar" --bucket meta "$db"
usage_fault '--json is --format json: not this one, too' dump --json --format tar "$db"
summary
