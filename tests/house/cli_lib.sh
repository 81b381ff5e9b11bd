#!/usr/bin/env bash
# The command line test library must notice: each case below is a small test that breaks one promise,
# and has to fail with the words that name it. The first keeps them all, and has to pass.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export SNAPSCOPE=true SS_SOURCE_DIR SS_BINARY_DIR
failures=0

# expect_case EXIT WORDS BODY
expect_case() {
    printf 'source "%s/tests/cli/lib.sh"\n%s\n' "$SS_SOURCE_DIR" "$3" >"$work/case.sh"
    local code=0
    bash "$work/case.sh" >"$work/said" 2>&1 </dev/null || code=$?
    if [[ $code -ne $1 ]] || ! grep -qF -- "$2" "$work/said"; then
        failures=$((failures + 1))
        printf 'FAIL: exit %d, not %d with "%s":\n%s\n--- said\n' "$code" "$1" "$2" "$3" >&2
        cat "$work/said" >&2
    fi
}

evidence='echo bytes >"$scratch/f"; unchanged "$scratch/f"; '
printf '{"type":"object","required":["a"],"properties":{"a":{"type":"integer"}}}' >"$work/schema"
cp "$work/schema" "$work/t.schema.json"

expect_case 0 '9 checks, 0 failures' "$evidence"'
run sh -c "echo one; echo two; echo bad >&2; exit 3"
expect_rc 3
expect_out_eq "one
two"
expect_out_lines 2
expect_out_has two
expect_out_lacks three
expect_err_eq bad
expect_eq 1 1
expect_file_absent "$scratch/none"
summary'
expect_case 1 'exit code 3, not 0' 'run sh -c "exit 3"; expect_rc 0; summary'
expect_case 1 'stdout is not what was expected' 'run echo a; expect_out_eq b; summary'
expect_case 1 'stderr is not what was expected' 'run echo a; expect_err_eq a; summary'
expect_case 1 "stderr does not hold 'a'" 'run echo a; expect_err_has a; summary'
expect_case 1 "stdout holds 'a'" 'run echo a; expect_out_lacks a; summary'
expect_case 1 'lines on stdout' 'run echo a; expect_out_lines 2; summary'
expect_case 1 'exists' 'expect_file_absent "$scratch"; summary'
expect_case 1 'ended by a signal' 'run sh -c "kill -SEGV \$\$"; expect_rc 139; summary'
expect_case 1 'was changed' "$evidence"'run sh -c "echo more >>\"$scratch/f\""; summary'
expect_case 1 'was changed' "$evidence"'run touch -m "$scratch/f"; summary'
expect_case 1 'was changed' "$evidence"'run touch -a "$scratch/f"; summary'
expect_case 1 'was changed' "$evidence"'run chmod 600 "$scratch/f"; summary'
expect_case 1 'was changed' "$evidence"'run sh -c "cat \"$scratch/f\"; touch -a \"$scratch/f\""; summary'
expect_case 1 '0 checks' 'summary'
expect_case 1 'ended without a summary' 'run true; expect_rc 0'
expect_case 1 'no fixture' 'fixture no-such-fixture; summary'
unset CI
expect_case 77 'skipped: no-such-tool is not installed (Debian: no-such-tool)' 'run true; needs bash no-such-tool; summary'
[[ $(wc -l <"$work/said") -eq 1 ]] || { failures=$((failures + 1)); echo 'FAIL: a missing tool is more than a line' >&2; }
expect_case 1 'FAIL: no-such-tool is not installed' 'CI=true; needs no-such-tool; summary'
expect_case 0 '1 checks, 0 failures' 'needs bash jsonschema; expect_eq 1 1; summary'

mkdir -p "$work/tree/docs/schema" "$work/tree/tests/cli"
cp "$work/t.schema.json" "$work/tree/docs/schema/"
cp "$SS_SOURCE_DIR/tests/cli/"{lib.sh,schema.py} "$work/tree/tests/cli/"
SS_SOURCE_DIR="$work/tree"
expect_case 0 '2 checks, 0 failures' 'run printf "{\"a\":1}\n{\"a\":2}\n"; expect_schema t --lines
run printf "{\"a\":1}"; expect_schema t; summary'
expect_case 1 'does not obey' 'run printf "{\"a\":\"x\"}"; expect_schema t; summary'
expect_case 1 'does not obey' 'run printf "{\"a\":1}\n{}\n"; expect_schema t --lines; summary'
expect_case 1 'no document' 'run true; expect_schema t --lines; summary'

echo "$failures failures"
[[ $failures -eq 0 ]]
