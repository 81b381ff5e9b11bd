#!/usr/bin/env bash
# verify against `bbolt check` on every damaged file: what it reports, we report. Its crashes and what
# it passes are recorded in check.expected.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
oracle bbolt bbolt/bbolt

mkdir "$scratch/files"
export PYTHONDONTWRITEBYTECODE=1
run python3 "$SS_SOURCE_DIR/tests/oracle/check.py" "$SNAPSCOPE" "$bbolt" "$SS_SOURCE_DIR" "$scratch/files"
cat "$out"
expect_rc 0
expect_err_eq ''
summary
