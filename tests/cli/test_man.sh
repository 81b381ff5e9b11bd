#!/usr/bin/env bash
# Manual pages, help texts, schemas and docs/commands.md say the same, and the examples work.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
needs mandoc

fixture etcd36-history
fixture bbolt-plain
fixture etcd36-member
man="$SS_SOURCE_DIR/docs/man"
mkdir "$scratch/bin" "$scratch/examples"
ln -s "$SNAPSCOPE" "$scratch/bin/snapscope"
PATH="$scratch/bin:$PATH"

run "$SNAPSCOPE" help --json
expect_rc 0
cp "$out" "$scratch/help.json"
jq -r '.commands[].name' "$scratch/help.json" >"$scratch/commands"
run "$SNAPSCOPE" --help
sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' "$out" >"$scratch/listed"
same_as 'the commands in --help' "$scratch/listed" "@$scratch/commands"
mapfile -t commands <"$scratch/commands"
expect_eq "$((${#commands[@]} >= 7))" 1 'commands are listed'

# One page a command and no other; snapscope(1) names them all.
for command in "${commands[@]}"; do
    echo "snapscope-$command.1"
done | sort >"$scratch/wanted-pages"
find "$man" -name 'snapscope-*.1' -printf '%f\n' | sort >"$scratch/pages"
same_as 'the manual pages' "$scratch/pages" "@$scratch/wanted-pages"
sed -n 's/^\.It Xr snapscope-\([a-z]*\) 1/\1/p' "$man/snapscope.1" >"$scratch/named"
same_as 'the commands in snapscope(1)' "$scratch/named" "@$scratch/commands"
sed -n 's/^| `\([a-z]*\) .*/\1/p' "$SS_SOURCE_DIR/docs/commands.md" >"$scratch/named"
same_as 'the commands in commands.md' "$scratch/named" "@$scratch/commands"

# flags_of_help FILE, flags_of_page FILE: every option, with its letter if it has one
flags_of_help() {
    sed -n 's/^  \(-[a-zA-Z], \)\? *--\([a-z-]*\).*/\1--\2/p' "$1" | sort
}
flags_of_page() {
    sed -n -e 's/^\.It Fl \([a-zA-Z]\) , Fl Fl \([a-z-]*\).*/-\1, --\2/p' \
        -e 's/^\.It Fl Fl \([a-z-]*\).*/--\1/p' "$1" | sort
}

# Options of every command stand in snapscope(1), a command's own in its page.
flags_of_table='.[] | (if .letter then "-\(.letter), " else "" end) + "--" + .name'
jq -r "[.common_options[], {name: \"version\", letter: \"V\"}] | $flags_of_table" "$scratch/help.json" |
    sort >"$scratch/table-flags"
flags_of_page "$man/snapscope.1" | sort -u >"$scratch/page-flags"
same_as 'the options in snapscope(1)' "$scratch/page-flags" "@$scratch/table-flags"

for command in "${commands[@]}"; do
    page="$man/snapscope-$command.1"
    run "$SNAPSCOPE" "$command" --help
    expect_rc 0
    expect_eq "$(awk 'length > 80' "$out")" '' "lines over 80 columns of $command --help"
    flags_of_help "$out" >"$scratch/help-flags"
    jq -r --arg name "$command" "[(.commands[] | select(.name == \$name).options[]), .common_options[]] | $flags_of_table" \
        "$scratch/help.json" | sort >"$scratch/table-flags"
    same_as "the options of $command --help" "$scratch/help-flags" "@$scratch/table-flags"
    flags_of_page "$page" >"$scratch/page-flags"
    jq -r --arg name "$command" ".commands[] | select(.name == \$name).options | $flags_of_table" \
        "$scratch/help.json" | sort >"$scratch/table-flags"
    same_as "the options in snapscope-$command(1)" "$scratch/page-flags" "@$scratch/table-flags"
    checks=$((checks + 1))
    [[ -e $SS_SOURCE_DIR/docs/schema/$command.schema.json ]] || failed "no schema of $command"
done

# The pages are sound mdoc; "referenced manual not found" only says that they are not installed.
for page in "$man"/*.1; do
    expect_eq "$(mandoc -T lint -W style "$page" | grep -v 'referenced manual not found' || true)" '' \
        "$(basename "$page")"
done

# Examples run as they stand, and end well.
cp "$scratch/etcd36-history/snapshot.db" "$scratch/examples/backup.db"
cp "$scratch/bbolt-plain/plain.db" "$scratch/examples/meta.db"
cp "$scratch/etcd36-member/member.db" "$scratch/examples/member.db"
unchanged "$scratch"/etcd36-{history,member}/*.db "$scratch/bbolt-plain/plain.db"
cd "$scratch/examples"
for page in "$man"/*.1; do
    sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE/s/^\.Dl \$ //p' "$page" | sed 's/\\(dq/"/g; s/\\e/\\/g' \
        >"$scratch/lines"
    expect_eq "$(($(wc -l <"$scratch/lines") >= 2))" 1 "examples in $(basename "$page")"
    while IFS= read -r line; do
        run bash -o pipefail -c "$line"
        expect_rc 0
    done <"$scratch/lines"
done

# What the examples promise.
run snapscope info --json backup.db
expect_eq "$(jq .etcd.revision "$out")" 547
run bash -o pipefail -c "snapscope buckets --json meta.db | jq -r '.buckets | max_by(.value_len).bucket'"
expect_out_eq 'key'
expect_eq "$(wc -l <backup.ndjson)" 240 'lines of the dump'
summary
