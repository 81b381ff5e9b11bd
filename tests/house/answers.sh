#!/usr/bin/env bash
# Every public function is asked for its answer with other threads beside it: its name stands in
# tests/unit/answers*.c, which unit_threads and the preset `tsan` run, or in unit_threads itself.
set -euo pipefail
: "${SS_SOURCE_DIR:?the source folder}"
cd "$SS_SOURCE_DIR"

mapfile -t names < <(sed -nE 's/^SS_API .*[ *](ss_[a-z0-9_]+)\(.*/\1/p' include/snapscope.h)
declared=$(grep -c '^SS_API ' include/snapscope.h)
failed=0
if [[ ${#names[@]} -eq 0 || ${#names[@]} -ne $declared ]]; then
    printf 'FAIL: %d names read of %d declarations\n' "${#names[@]}" "$declared" >&2
    failed=1
fi
for name in "${names[@]}"; do
    if ! grep -qw "$name" tests/unit/answers*.c tests/unit/test_threads.c; then
        printf 'FAIL: %s is not in tests/unit/answers*.c\n' "$name" >&2
        failed=$((failed + 1))
    fi
done
printf '%d functions, %d failures\n' "${#names[@]}" "$failed"
[[ $failed -eq 0 ]]
