#!/usr/bin/env bash
# What all commands share: help, version, usage, streams, colour, the progress line.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/cases.sh"

fixture etcd36-history
db="$scratch/etcd36-history/snapshot.db"
damaged "$db"

run "$SNAPSCOPE" --version
expect_rc 0
expect_err_eq ''
expect_eq "$(head -n 1 "$out")" "snapscope $(sed -n 's/^ *VERSION //p' "$SS_SOURCE_DIR/CMakeLists.txt")"
expect_eq "$(sed -n '2s/: .*//p' "$out")" sandbox
expect_out_lines 2

run "$SNAPSCOPE" --help
expect_rc 0
expect_err_eq ''
cp "$out" "$scratch/overview"
expect_eq "$(awk 'length > 80' "$out")" '' 'lines over 80 columns'
run "$SNAPSCOPE" help
expect_rc 0
expect_out_eq "@$scratch/overview"
run "$SNAPSCOPE"
expect_rc 2
expect_out_eq ''
expect_err_eq "@$scratch/overview"

run "$SNAPSCOPE" dmup "$db"
expect_rc 2
expect_out_eq ''
expect_err_eq 'snapscope: there is no command '\''dmup'\''; did you mean dump?
snapscope --help lists the commands.'
run "$SNAPSCOPE" help bucket
expect_rc 2
expect_err_has 'did you mean buckets?'
run "$SNAPSCOPE" frobnicate
expect_rc 2
expect_err_eq 'snapscope: there is no command '\''frobnicate'\''
snapscope --help lists the commands.'
run "$SNAPSCOPE" $'in\x1b[31mfo'
expect_rc 2
expect_err_has "there is no command 'in\\x1b[31mfo'"
run "$SNAPSCOPE" --json info "$db"
expect_rc 2
expect_err_has 'snapscope: --json: the command comes first, its options behind it'

# Options before, between and behind arguments; beginnings of their names; the end of options.
run "$SNAPSCOPE" keys --hex --limit 1 "$db" meta
expect_rc 0
cp "$out" "$scratch/first"
run "$SNAPSCOPE" keys "$db" --hex meta --lim=1
expect_rc 0
expect_out_eq "@$scratch/first"
run "$SNAPSCOPE" keys -n1 --hex -- "$db" meta
expect_rc 0
expect_out_eq "@$scratch/first"
cp "$db" "$scratch/-x.db"
unchanged "$db"
run bash -c 'cd "$1" && "$2" keys --hex -n 1 -- -x.db meta' - "$scratch" "$SNAPSCOPE"
expect_rc 0
expect_out_eq "@$scratch/first"

# A page size that the file does not have: the metas are not looked for elsewhere.
run "$SNAPSCOPE" keys --page-size 4096 "$scratch/metas.db"
expect_rc 3
cp "$db" "$scratch/meta0.db"
poke "$scratch/meta0.db" 40 ff
unchanged "$db"
run "$SNAPSCOPE" keys --page-size 4K -n 1 --hex "$scratch/meta0.db" meta
expect_rc 0
expect_out_eq "@$scratch/first"
run "$SNAPSCOPE" keys --page-size 16K "$scratch/meta0.db" meta
expect_rc 3
expect_err_has 'neither meta page can be used'

# File names never reach a terminal raw.
cp "$scratch/text.db" "$scratch/x" 2>/dev/null || echo text >"$scratch/x"
mv "$scratch/x" "$scratch/"$'\x1b[31mred'
run "$SNAPSCOPE" keys "$scratch/"$'\x1b[31mred'
expect_rc 3
expect_err_has '\x1b[31mred: no bbolt file, but text'
run "$SNAPSCOPE" info --json "$scratch/"$'\xff'
expect_rc 3
expect_schema info
expect_eq "$(jq -r .file "$out")" "$scratch/\\xff"

# Closed standard streams: no file takes their place.
run bash -c '"$@" <&-' - "$SNAPSCOPE" keys -
expect_rc 4
expect_out_eq ''
run bash -c '"$@" 2>&-' - "$SNAPSCOPE" keys "$scratch/metas.db"
expect_rc 3
run bash -c '"$@" <&- >&- 2>&-' - "$SNAPSCOPE" keys "$db"
expect_rc 4
run bash -c '"$@" >/dev/full' - "$SNAPSCOPE" --help
expect_rc 4
run bash -c '"$@" >/dev/full' - "$SNAPSCOPE" dump --help
expect_rc 4

# Colour: on a terminal only, and not when it is unwanted.
on_terminal() { TERM=${2-xterm} script -qec "$1" /dev/null </dev/null; }
bold=$'\033[1m'
run on_terminal "'$SNAPSCOPE' pages --use meta '$db'"
expect_rc 0
expect_out_has "$bold"
run on_terminal "'$SNAPSCOPE' pages --use meta --no-color '$db'"
expect_out_lacks $'\033'
run on_terminal "NO_COLOR=1 '$SNAPSCOPE' pages --use meta '$db'"
expect_out_lacks $'\033'
run on_terminal "NO_COLOR= '$SNAPSCOPE' pages --use meta '$db'"
expect_out_has "$bold"
run on_terminal "'$SNAPSCOPE' pages --use meta '$db'" dumb
expect_out_lacks $'\033'
run "$SNAPSCOPE" pages --use meta "$db"
expect_out_lacks $'\033'

# The progress line: only after a second, and erased again. The input comes slowly on purpose.
slow='(head -c 65536 "$1"; sleep 1.3; tail -c +65537 "$1") | "$2" keys $3 - meta >"$4"'
cp "$db" "$scratch/slow.db"
unchanged "$db"
run on_terminal "bash -c '$slow' - '$scratch/slow.db' '$SNAPSCOPE' '' '$scratch/kept'"
expect_rc 0
expect_out_has $'\r'
expect_eq "$(tail -c 4 "$out")" $'\r\033[K' 'the last of the terminal'
run on_terminal "bash -c '$slow' - '$scratch/slow.db' '$SNAPSCOPE' --no-progress '$scratch/kept'"
expect_rc 0
expect_out_eq ''
summary
