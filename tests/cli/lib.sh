# The bash library of the command line tests. A test sources it, runs commands, states what it
# expects, and ends with `summary`:
#
#     source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
#     fixture etcd36-history                  # unpacked into $scratch/etcd36-history/
#     run "$SNAPSCOPE" info "$scratch/etcd36-history/snapshot.db"
#     expect_rc 0
#     expect_out_has 'revision'
#     summary
#
# `run` leaves the command's output in $out and $err (files) and its exit code in $rc. Every expect
# counts as one check; a failed one prints what was expected and what came, and the test goes on.
# Evidence is never written: `fixture` and `unchanged` watch a file, and every `run` after that checks
# that its bytes, size and times (access time included) stayed as they were.
#
# It wants SNAPSCOPE (the program), SS_SOURCE_DIR and SS_BINARY_DIR, which CTest sets.
set -euo pipefail
export LC_ALL=C TZ=UTC
unset NO_COLOR

: "${SNAPSCOPE:?the program under test}" "${SS_SOURCE_DIR:?}" "${SS_BINARY_DIR:?}"

mkdir -p "$SS_BINARY_DIR/tests/scratch"
scratch=$(mktemp -d "$SS_BINARY_DIR/tests/scratch/$(basename "$0" .sh).XXXXXX")
out="$scratch/.stdout"
err="$scratch/.stderr"
rc=0
ran=""
checks=0
failures=0
declare -A watched=()
glance=""

# A test that dies before its summary has not passed.
finished=no
# shellcheck disable=SC2317
leave() {
    local code=$?
    rm -rf "$scratch"
    if [[ $finished == no && $code -eq 0 ]]; then
        echo "ended without a summary" >&2
        exit 1
    fi
}
trap leave EXIT
trap 'echo "line $LINENO: \"$BASH_COMMAND\" failed" >&2' ERR

show() { # TITLE FILE: its first lines
    printf -- '--- %s\n' "$1" >&2
    head -c 4000 "$2" >&2
    printf '\n' >&2
}

failed() { # WHAT
    local frame=0
    while [[ ${BASH_SOURCE[frame + 1]} == "${BASH_SOURCE[0]}" ]]; do
        frame=$((frame + 1))
    done
    failures=$((failures + 1))
    printf 'FAIL %s:%s: %s\n' "$(basename "${BASH_SOURCE[frame + 1]}")" "${BASH_LINENO[frame]}" \
        "$1" >&2
    [[ -z $ran ]] || printf '    after: %s\n' "$ran" >&2
}

# states FILE...: a line a file of what must not change; reading it here moves no access time
states() {
    python3 - "$@" <<'PY'
import hashlib, os, sys
for path in sys.argv[1:]:
    s = os.stat(path)
    digest = hashlib.sha256()
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NOATIME)) as file:
        while block := file.read(1 << 20):
            digest.update(block)
    print(f"size {s.st_size} mtime {s.st_mtime_ns} atime {s.st_atime_ns} mode {s.st_mode:o} "
          f"inode {s.st_ino} links {s.st_nlink} sha256 {digest.hexdigest()}")
PY
}

# every_command all|readers [NAME...]: a run of each command but these, a line each, with FILE for a file
# (tests/program.py)
every_command() {
    python3 -B "$SS_SOURCE_DIR/tests/program.py" "$SNAPSCOPE" "$@"
}

# unchanged FILE...: every later `run` checks that this file stays as it is now. Its access time is put
# in the past first, so that a read which moves it shows even on a relatime mount.
unchanged() {
    local file
    for file in "$@"; do
        touch -a -d '2001-02-03 04:05:06.789' "$file"
        touch -m -d '2002-03-04 05:06:07.891' "$file"
        watched[$file]=$(states "$file")
    done
    glance=$(glance_at "${!watched[@]}")
}

# fixture NAME: unpacks testdata/NAME/*.zst into $scratch/NAME, watched
fixture() {
    local packed target
    mkdir -p "$scratch/$1"
    for packed in "$SS_SOURCE_DIR/testdata/$1"/*.zst; do
        if [[ ! -e $packed ]]; then
            echo "no fixture testdata/$1" >&2
            exit 1
        fi
        target="$scratch/$1/$(basename "$packed" .zst)"
        [[ -e $target ]] && continue
        zstd -q -d "$packed" -o "$target"
        unchanged "$target"
    done
}

# glance_at FILE...: a quick look, without the bytes; a write shows in the change time, which nothing sets back
glance_at() {
    stat -c '%n %s %.9Y %.9X %.9Z %a %i %h' -- "$@" 2>&1 || true
}

# watch: the watched files are what they were. The bytes are read when a glance shows any difference, and
# by `summary` in any case.
watch() {
    local now
    now=$(glance_at "${!watched[@]}")
    if [[ $now == "$glance" ]]; then
        checks=$((checks + ${#watched[@]}))
        return
    fi
    look_closely
    glance=$(glance_at "${!watched[@]}")
}

look_closely() {
    local file now
    local -a files=("${!watched[@]}") found
    mapfile -t found < <(states "${files[@]}")
    for file in "${!files[@]}"; do
        checks=$((checks + 1))
        now=${found[file]:-gone}
        file=${files[file]}
        if [[ $now != "${watched[$file]}" ]]; then
            failed "the input $file was changed"
            printf '    was %s\n    is  %s\n' "${watched[$file]}" "$now" >&2
            watched[$file]=$now
        fi
    done
}

# run COMMAND...: standard input is empty unless the caller redirects it
run() {
    ran="$*"
    rc=0
    if [[ -t 0 ]]; then
        "$@" >"$out" 2>"$err" </dev/null || rc=$?
    else
        "$@" >"$out" 2>"$err" || rc=$?
    fi
    if [[ $rc -gt 125 ]]; then
        failed "ended by a signal or not run: exit $rc"
        show stderr "$err"
    fi
    [[ ${#watched[@]} -eq 0 ]] || watch
}

# needs TOOL...: a tool that is not installed, or python3's jsonschema, is one line, and skips the test with exit code
# 77; where CI is true it fails it. Not a failure of each check that wanted it.
needs() {
    local tool package
    for tool in "$@"; do
        package=$tool
        case $tool in
        jsonschema) package=python3-jsonschema ;;
        xmllint) package=libxml2-utils ;;
        bsdtar) package=libarchive-tools ;;
        esac
        if [[ $tool == jsonschema ]]; then
            python3 -c 'import jsonschema' 2>/dev/null && continue
        elif command -v "$tool" >/dev/null; then
            continue
        fi
        finished=yes
        if [[ ${CI:-} == true ]]; then
            echo "FAIL: $tool is not installed (Debian: $package), and CI needs it" >&2
            exit 1
        fi
        echo "skipped: $tool is not installed (Debian: $package)"
        exit 77
    done
}

expect_rc() { # CODE
    checks=$((checks + 1))
    if [[ $rc -ne $1 ]]; then
        failed "exit code $rc, not $1"
        show stdout "$out"
        show stderr "$err"
    fi
}

expect_eq() { # GOT WANTED [WHAT]
    checks=$((checks + 1))
    if [[ $1 != "$2" ]]; then
        failed "${3:-value}: have '$1', expect '$2'"
    fi
}

# same_as WHAT GOT_FILE TEXT: TEXT names a file when it starts with @; its last line end is implied
same_as() {
    checks=$((checks + 1))
    local wanted="$scratch/.wanted"
    case $3 in
    '') : >"$wanted" ;;
    @*) wanted=${3#@} ;;
    *) printf '%s\n' "$3" >"$wanted" ;;
    esac
    if ! cmp -s "$wanted" "$2"; then
        failed "$1 is not what was expected"
        diff -u --label expected --label got "$wanted" "$2" | head -40 >&2 || true
    fi
}

expect_out_eq() { same_as stdout "$out" "$1"; } # TEXT|@FILE
expect_err_eq() { same_as stderr "$err" "$1"; } # TEXT|@FILE

holds() { # WHAT FILE TEXT
    checks=$((checks + 1))
    if ! grep -qF -- "$3" "$2"; then
        failed "$1 does not hold '$3'"
        show "$1" "$2"
    fi
}

expect_out_has() { holds stdout "$out" "$1"; } # TEXT
expect_err_has() { holds stderr "$err" "$1"; } # TEXT

expect_out_lacks() { # TEXT
    checks=$((checks + 1))
    if grep -qF -- "$1" "$out"; then
        failed "stdout holds '$1'"
        show stdout "$out"
    fi
}

expect_out_lines() { # COUNT
    expect_eq "$(wc -l <"$out")" "$1" "lines on stdout"
}

expect_file_absent() { # FILE
    checks=$((checks + 1))
    if [[ -e $1 ]]; then
        failed "$1 exists"
    fi
}

# schema NAME FILE [--lines]: FILE (one document, or with --lines one a line) obeys
# docs/schema/NAME.schema.json, which itself is a sound schema
schema() {
    checks=$((checks + 1))
    if ! python3 "$SS_SOURCE_DIR/tests/cli/schema.py" \
        "$SS_SOURCE_DIR/docs/schema/$1.schema.json" "${@:2}" >"$scratch/.schema" 2>&1; then
        needs jsonschema
        failed "$2 does not obey docs/schema/$1.schema.json"
        show schema "$scratch/.schema"
    fi
}

expect_schema() { schema "$1" "$out" "${@:2}"; } # NAME [--lines]: of what `run` printed

needs jq python3 xxd zstd

summary() {
    local counted=$checks
    [[ ${#watched[@]} -eq 0 ]] || look_closely
    checks=$counted
    finished=yes
    printf '%d checks, %d failures\n' "$checks" "$failures"
    if [[ $checks -eq 0 || $failures -ne 0 ]]; then
        exit 1
    fi
}
