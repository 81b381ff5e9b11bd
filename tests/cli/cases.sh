# What every command must do with good and bad input, sourced behind lib.sh.

# poke FILE OFFSET HEX: overwrites bytes of a copy, "20" or "ff00ff"
poke() {
    python3 - "$@" <<'PY'
import sys
path, offset, data = sys.argv[1], int(sys.argv[2], 0), bytes.fromhex(sys.argv[3])
with open(path, "r+b") as file:
    file.seek(offset)
    file.write(data)
PY
}

# damaged FILE: beside etcd36-history's snapshot, copies of it with one fault each
#   cut.db    ends after 244 of 554 pages
#   type.db   page 2, a leaf of `key`, has the flags 0x20
#   metas.db  both meta pages have a wrong checksum
damaged() {
    head -c 1000000 "$1" >"$scratch/cut.db"
    cp "$1" "$scratch/type.db"
    poke "$scratch/type.db" 0x2008 20
    cp "$1" "$scratch/metas.db"
    poke "$scratch/metas.db" 40 ff
    poke "$scratch/metas.db" 4136 ff
    unchanged "$scratch"/{cut,type,metas}.db "$1" # which cp has read
}

metas_fault='neither meta page can be used: meta 0: checksum is 0x79e7d85e19a18b54, computed 0x2507fc0bebc75427; meta 1 (offset 0x1000): checksum is 0x98e29f672490d575, computed 0x060d3502e0d80a06 (offset 0x0)'
# shellcheck disable=SC2034 # for those who source this
type_fault='page has no single known type: flags 0x0020, due 0x01, 0x02, 0x04 or 0x10 (offset 0x2008, page 2, bucket key)'
# shellcheck disable=SC2034
cut_fault='page 275 lies behind the end of the file, which is truncated: it has 244 of 554 pages: 275, due below 244 (offset 0x20, page 275)'

# refused CODE FILE MESSAGE COMMAND [ARGUMENT...]: in text and as one JSON document
refused() {
    local code=$1 file=$2 message=$3 command=$4
    shift 4
    run "$SNAPSCOPE" "$command" "$file" "$@"
    expect_rc 3
    expect_err_has "snapscope: $file: $message"
    [[ $command == info ]] || expect_out_eq ''
    run "$SNAPSCOPE" "$command" --json "$file" "$@"
    expect_rc 3
    expect_err_has "$message"
    expect_schema "$command"
    expect_eq "$(jq -r .error.code "$out")" "$code" 'error code'
}

# bad_inputs FILE COMMAND [ARGUMENT...]: FILE is a sound snapshot, ARGUMENTs stand behind it
bad_inputs() {
    local file=$1 command=$2
    shift 2
    : >"$scratch/empty.db"
    echo 'not a database' >"$scratch/text.db"
    head -c 16384 /dev/zero >"$scratch/zeroes.db"
    gzip -c "$file" >"$scratch/sound.gz"
    head -c 5000 "$scratch/sound.gz" >"$scratch/broken.gz"
    unchanged "$file" # which gzip has read
    refused io "$scratch/absent.db" 'cannot be opened: No such file or directory' "$command" "$@"
    refused io "$scratch" "cannot be read as a file; of a member's data directory the database is member/snap/db: Is a directory" "$command" "$@"
    refused empty "$scratch/empty.db" 'file is empty (offset 0x0)' "$command" "$@"
    refused not-bbolt "$scratch/text.db" 'no bbolt file, but text (offset 0x0)' "$command" "$@"
    refused not-bbolt "$scratch/zeroes.db" 'no bbolt file' "$command" "$@"
    refused archive "$scratch/broken.gz" '' "$command" "$@"
}

# good_inputs FILE COMMAND [ARGUMENT...]: packed and streamed, the answer is the same
good_inputs() {
    local file=$1 command=$2
    shift 2
    run "$SNAPSCOPE" "$command" "$file" "$@"
    expect_rc 0
    expect_err_eq ''
    cp "$out" "$scratch/plain.out"
    gzip -c "$file" >"$scratch/packed.gz"
    tar -C "$(dirname "$file")" -cf "$scratch/packed.tar" "$(basename "$file")"
    unchanged "$scratch"/packed.{gz,tar} "$file"
    if [[ $command == info ]]; then
        return # it tells them apart, on purpose
    fi
    local packed
    for packed in "$scratch"/packed.{gz,tar}; do
        run "$SNAPSCOPE" "$command" "$packed" "$@"
        expect_rc 0
        expect_out_eq "@$scratch/plain.out"
    done
    cp "$file" "$scratch/stream.db"
    unchanged "$file"
    run "$SNAPSCOPE" "$command" - "$@" <"$scratch/stream.db"
    expect_rc 0
    expect_out_eq "@$scratch/plain.out"
    run bash -c 'cat "$1" | "${@:2}"' - "$scratch/stream.db" "$SNAPSCOPE" "$command" - "$@"
    expect_rc 0
    expect_out_eq "@$scratch/plain.out"
}

# bad_outputs FILE COMMAND [ARGUMENT...]: standard output closed, or on a full disk
bad_outputs() {
    local file=$1 command=$2
    shift 2
    local mode
    for mode in '' --json; do
        # shellcheck disable=SC2086 # an empty mode is no argument
        run bash -c '"$@" >&-' - "$SNAPSCOPE" "$command" $mode "$file" "$@"
        expect_rc 4
        expect_err_eq 'snapscope: writing to standard output failed: Bad file descriptor'
        # shellcheck disable=SC2086
        run bash -c '"$@" >/dev/full' - "$SNAPSCOPE" "$command" $mode "$file" "$@"
        expect_rc 4
        expect_err_eq 'snapscope: writing to standard output failed: No space left on device'
    done
}

# usage_fault MESSAGE ARGUMENT...: exit 2, the message first, nothing on standard output
usage_fault() {
    local message=$1
    shift
    run "$SNAPSCOPE" "$@"
    expect_rc 2
    expect_out_eq ''
    expect_eq "$(head -n 1 "$err")" "snapscope $1: $message" 'first line'
}

# common_usage FILE COMMAND [ARGUMENT...]: what every command says to a bad command line
common_usage() {
    local file=$1 command=$2
    shift 2
    usage_fault 'FILE is missing' "$command"
    usage_fault 'there is no option --jsn; did you mean --json?' "$command" --jsn "$file" "$@"
    usage_fault 'there is no option -Z' "$command" -Z "$file" "$@"
    usage_fault '--json takes no value' "$command" --json=yes "$file" "$@"
    usage_fault '--member needs a value: NAME' "$command" "$file" "$@" --member
    usage_fault "--page-size: '12' is no size from 1024 to 16777216 bytes (K, M, G and T may follow)" \
        "$command" --page-size 12 "$file" "$@"
    usage_fault "--meta: '2' is none of auto, 0, 1" "$command" --meta 2 "$file" "$@"
    usage_fault '--page-size: 3072 is no power of two' "$command" --page-size 3K "$file" "$@"
    run "$SNAPSCOPE" "$command" --help
    expect_rc 0
    expect_err_eq ''
    expect_out_has "Usage: snapscope $command [OPTIONS] "
    expect_eq "$(awk 'length > 80' "$out")" '' 'lines over 80 columns'
    cp "$out" "$scratch/help.out"
    run "$SNAPSCOPE" help "$command"
    expect_rc 0
    expect_out_eq "@$scratch/help.out"
}

# common_cases FILE COMMAND [ARGUMENT...]
common_cases() {
    good_inputs "$@"
    bad_inputs "$@"
    bad_outputs "$@"
    common_usage "$@"
}
