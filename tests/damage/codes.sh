#!/usr/bin/env bash
# The exit codes of every command over every damaged file of cases/; see codes.py. Arguments: cases.
set -euo pipefail
: "${SNAPSCOPE:?the program under test}" "${SS_SOURCE_DIR:?the source folder}"
export PYTHONDONTWRITEBYTECODE=1
exec python3 "$SS_SOURCE_DIR/tests/damage/codes.py" "$SNAPSCOPE" "$SS_SOURCE_DIR/testdata" "$@"
