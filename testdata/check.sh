#!/bin/sh
# Check the committed fixtures: each unpacks, is the file that its provenance
# names (size, SHA-256), and is small; every compressed answer unpacks; every answer that
# answers.json names is there; the whole folder is small.
#
#   check.sh [TESTDATA]

set -u

here=${1:-$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)}
max_fixture=200000
max_total=5000000

passed=0
failed=0

ok() { passed=$((passed + 1)); }
bad() {
    failed=$((failed + 1))
    echo "FAILED: $*" >&2
}

# field FILE NAME: a string or number of a flat "name": value line.
field() { sed -n "s/^ *\"$2\": \"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}\$/\1/p" "$1" | head -n 1; }

check_fixture() {
    prov=$1
    dir=$(dirname "$prov")
    file=$dir/$(field "$prov" file)
    if [ ! -f "$file" ]; then bad "$file: absent"; return; fi
    size=$(wc -c <"$file")
    if [ "$size" -lt "$max_fixture" ]; then ok; else bad "$file: $size bytes compressed"; fi
    want="$(field "$prov" size) $(field "$prov" sha256)"
    have="$(zstd -dcq "$file" | wc -c) $(zstd -dcq "$file" | sha256sum | cut -d ' ' -f 1)"
    if [ "$have" = "$want" ]; then ok; else bad "$file: have $have, expect $want"; fi
}

check_answers() {
    list=$1
    dir=$(dirname "$list")
    sed -n 's/^ *"file": "\(.*\)",$/\1/p' "$list" >"$list_of_answers"
    while IFS= read -r name; do
        if [ -f "$dir/$name" ]; then ok; else bad "$dir/$name: absent"; fi
    done <"$list_of_answers"
}

list_of_files=$(mktemp) || exit 1
list_of_answers=$(mktemp) || exit 1
trap 'rm -f "$list_of_files" "$list_of_answers"' EXIT

find "$here" -name provenance.json | sort >"$list_of_files"
while IFS= read -r path; do check_fixture "$path"; done <"$list_of_files"
if [ -s "$list_of_files" ]; then ok; else bad "$here: no fixture"; fi

find "$here" -name answers.json | sort >"$list_of_files"
while IFS= read -r path; do check_answers "$path"; done <"$list_of_files"

find "$here" -path '*/oracle/*.zst' | sort >"$list_of_files"
while IFS= read -r path; do
    if zstd -tq "$path" 2>/dev/null; then ok; else bad "$path: does not unpack"; fi
done <"$list_of_files"

total=$(find "$here" -type f -exec cat {} + | wc -c)
if [ "$total" -lt "$max_total" ]; then ok; else bad "$here: $total bytes in all"; fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
