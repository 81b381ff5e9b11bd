#!/usr/bin/env bash
# Sets up for all tests and runs them: the release build compiles, the tests in the dev build
# and under AddressSanitizer and UndefinedBehaviorSanitizer, those of threads under ThreadSanitizer, the
# comparisons with other tools, unit tests and replays under MemorySanitizer, the format check, clang-tidy and
# gcc's analyzer.
#
#   scripts/test.sh [CTEST OPTION...]       for example -R unit_
#
# The last line is "N passed, N failed, N skipped" over everything; the exit code is 0 only when nothing
# failed. Where Go is missing or too old the oracle tests are skipped; with CI=true that is a failure.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

passed=0
failed=0
skipped=0
current=""
began=0
# step [NAME]: closes the step at hand with its time and opens the next
step() {
    [[ -z $current ]] || printf -- '-- %s: %d s\n' "$current" "$((SECONDS - began))"
    current=${1:-}
    began=$SECONDS
    [[ -z $current ]] || printf '\n== %s\n' "$current"
}
trap 'step; printf "%d passed, %d failed, %d skipped\n" "$passed" "$failed" "$skipped"' EXIT

# one NAME COMMAND...: counts a command as one test
one() {
    if "${@:2}"; then
        passed=$((passed + 1))
    else
        echo "FAILED: $1"
        failed=$((failed + 1))
        return 1
    fi
}

# decided_by TOOL VERSION NAME COMMAND...: as one, where this version of the tool is at hand, whose word counts
decided_by() {
    local found
    found=$("$1" --version | grep -oE '[0-9]+\.[0-9]+' | head -n 1)
    if [[ ${found%%.*} != "$2" ]]; then
        echo "SKIPPED: $3: $1 $2 decides, and this is ${found%%.*}"
        skipped=$((skipped + 1))
        return 0
    fi
    one "${@:3}"
}

build() { # PRESET
    cmake --preset "$1" >"build/$1.configure.log" || {
        cat "build/$1.configure.log"
        return 1
    }
    cmake --build --preset "$1"
}

# suite PRESET CTEST OPTION...: builds, runs CTest, adds up what its report says
suite() {
    local preset=$1 report="$PWD/build/$1.junit.xml" code=0 counts
    shift
    step "$preset"
    one "build of $preset" build "$preset" || return 0
    rm -f "$report"
    ctest --preset "$preset" --parallel "$(nproc)" --output-junit "$report" "$@" || code=$?
    if ! counts=$(python3 scripts/junit.py "$report"); then
        echo "FAILED: no report of $preset (ctest exit $code)"
        failed=$((failed + 1))
        return
    fi
    local p f s
    read -r p f s <<<"$counts"
    if [[ $code -ne 0 && $f -eq 0 ]]; then
        echo "FAILED: ctest of $preset ended with exit $code"
        f=1
    fi
    passed=$((passed + p))
    failed=$((failed + f))
    skipped=$((skipped + s))
}

oracles() {
    local code=0
    # Where Go's own archive is unpacked; not on everybody's PATH.
    PATH="$PATH:/usr/local/go/bin" tests/oracle/build.sh build/oracles || code=$?
    if [[ $code -eq 77 && ${CI:-} != true ]]; then
        skipped=$((skipped + 1))
        return 0
    fi
    one "build of the oracles" test "$code" -eq 0 || return 0
}

mkdir -p build
step 'dependencies'
one 'dependencies' scripts/deps.sh test || exit 1
step 'format'
decided_by clang-format 14 'format (scripts/format.sh mends it)' scripts/format.sh --check || true
step 'oracles'
oracles
step release
one 'build of release' build release && one 'hardening of release' tests/house/hardening.sh build/release || true
suite dev "$@"
suite asan-ubsan "$@"
# A choice of tests may leave it none.
suite tsan ${1:+--no-tests=ignore} "$@"
suite msan ${1:+--no-tests=ignore} "$@"
if [[ $# -eq 0 ]]; then
    step analyzers
    mapfile -t sources < <(git ls-files 'src/*.c')
    decided_by clang-tidy 14 'clang-tidy (scripts/tidy.sh)' scripts/tidy.sh "${sources[@]}" || true
    decided_by gcc 12 'gcc -fanalyzer' build analyzer || true
    step 'fuzzing, a minute in all'
    one 'fuzzing' scripts/fuzz.sh --all 60 --seed 1 || true
fi

[[ $failed -eq 0 ]]
