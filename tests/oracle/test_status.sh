#!/usr/bin/env bash
# status against `snapshot status` of etcd 3.4, 3.5, 3.6 and 3.7, in all four formats, on every fixture.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/../cli/fixtures.sh"

oracle status34 etcd34/etcdctl
oracle status35 etcd35/etcdutl
oracle status36 etcd36/etcdutl
oracle status37 etcd37/etcdutl
export ETCDCTL_API=3

# asked TOOL FILE FORMAT: what the oracle prints, of a copy
asked() {
    "$1" snapshot status "$(oracle_copy "$2")" -w "$3" >"$scratch/theirs" 2>"$scratch/theirs.err"
}

# plain_lines: 3.7 draws its table with other characters
plain_lines() {
    sed 's/┌/+/g; s/┬/+/g; s/┐/+/g; s/├/+/g; s/┼/+/g; s/┤/+/g; s/└/+/g; s/┴/+/g; s/┘/+/g; s/─/-/g; s/│/|/g'
}

# without_version FORMAT: up to 3.5 there was none
without_version() {
    case $1 in
    simple) sed 's/, [^,]*$//' ;;
    json) sed 's/,"version":"[^"]*"}$/}/' ;;
    fields) sed '/^"Version"/d' ;;
    table) sed 's/+-*+$/+/; s/|[^|]*|$/|/' ;;
    esac
}

compared=0
count=0
for name in $(etcd_fixtures); do
    fixture "$name"
    file=$(unpacked "$name")
    for format in simple json table fields; do
        run "$SNAPSCOPE" status -w "$format" "$file"
        expect_rc 0
        # shellcheck disable=SC2154 # set by oracle
        asked "$status36" "$file" "$format"
        same_as "$name: status -w $format beside 3.6" "$out" "@$scratch/theirs"
        # shellcheck disable=SC2154
        asked "$status37" "$file" "$format"
        plain_lines <"$scratch/theirs" >"$scratch/theirs.plain"
        same_as "$name: status -w $format beside 3.7" "$out" "@$scratch/theirs.plain"
        run "$SNAPSCOPE" status -w "$format" --count all "$file"
        expect_rc 0
        without_version "$format" <"$out" >"$scratch/ours"
        # shellcheck disable=SC2154
        asked "$status34" "$file" "$format"
        same_as "$name: status -w $format --count all beside 3.4" "$scratch/ours" "@$scratch/theirs"
        # shellcheck disable=SC2154
        asked "$status35" "$file" "$format"
        same_as "$name: status -w $format --count all beside 3.5" "$scratch/ours" "@$scratch/theirs"
        compared=$((compared + 4))
        rm -rf "$copies"
    done
    echo "$name: $(tr '\n' ' ' <"$scratch/ours")"
    drop "$name"
    count=$((count + 1))
done
echo "$compared answers about $count fixtures compared"
expect_eq "$count" "$(find "$SS_SOURCE_DIR/testdata" -name status-3.7.json | wc -l)" 'fixtures compared'
summary
